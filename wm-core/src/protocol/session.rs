//! A conversation with states: who may say what, when. Pure: no clock, the caller counts the time.

use super::{DecodeError, Decoded, EncodeError, Input, Protocol};
use bytes::BytesMut;
use core::{fmt, time::Duration};

/// What one side says in a session, where the state tells what is legal: what `wm-schema` generates of a `session`, for
/// each side an enum of its messages. The functions are those of [`Message`](super::Message), and are told the state.
pub trait Staged: 'static {
    /// The states; the default is the one in which a conversation begins.
    type State: fmt::Debug + Copy + Eq + Default + 'static;

    /// What the conversation remembers beside its state: the variables of the session.
    type Memory: fmt::Debug + Copy + Default + 'static;

    /// What is said, as Rust sees it.
    type View<'a>;

    /// How far `input` has come in an incomplete frame.
    type Scan: fmt::Debug + Default + 'static;

    /// The name of the protocol that the messages belong to.
    const PROTOCOL: &'static str;

    /// The largest frame in bytes.
    const FRAME_BYTES_MAX: usize;

    /// Looks for the end of the first frame; see [`Protocol::input`].
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame that is legal in this state.
    fn input(state: Self::State, scan: &mut Self::Scan, buf: &[u8]) -> Result<Input, DecodeError>;

    /// Reads a whole frame; see [`Protocol::decode`].
    ///
    /// # Errors
    ///
    /// The frame breaks a rule of the schema, or is not legal in this state.
    fn decode(state: Self::State, frame: &mut [u8]) -> Result<Self::View<'_>, DecodeError>;

    /// Appends what is said to `out`, or nothing if it fails; what is not legal is [`unexpected`](Self::unexpected).
    ///
    /// # Errors
    ///
    /// A value cannot be put on the wire.
    fn encode(view: &Self::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError>;

    /// The state that follows when this is said in `state`; none if it is not legal there. What the message says for
    /// later is noted in `memory`, which counts only if it is said.
    fn next(view: &Self::View<'_>, state: Self::State, memory: &mut Self::Memory) -> Option<Self::State>;

    /// Why this cannot be said in `state`.
    fn unexpected(view: &Self::View<'_>, state: Self::State) -> EncodeError;

    /// Whether what is said goes on to the end of the stream; see [`Protocol::has_finished`].
    #[must_use]
    fn is_last(view: &Self::View<'_>) -> bool {
        let _ = view;
        false
    }

    /// How long this side may take to speak in `state`; none if nobody says.
    fn patience(state: Self::State) -> Option<Duration>;

    /// Whether this side may speak in `state`.
    fn speaks(state: Self::State) -> bool;

    /// Whether the conversation is over in `state`.
    fn is_over(state: Self::State) -> bool;

    /// The protocol that the connection is handed to in `state`.
    fn hands_over(state: Self::State) -> Option<&'static str> {
        let _ = state;
        None
    }
}

/// The side of a session that receives `In` and sends `Out`. The instance is the state of one connection.
///
/// The state changes when a message is decoded, and when one is encoded: what is not legal in it is an error of the peer,
/// or of the caller, and changes nothing. Where it is not the peer's turn, what arrives waits.
pub struct Session<In: Staged, Out: Staged<State = In::State, Memory = In::Memory>> {
    state: In::State,
    memory: In::Memory,
    scan: In::Scan,
    heard_in: In::State,
    visit: u32,
    finished: bool,
    out: core::marker::PhantomData<fn(Out)>,
}

impl<In: Staged, Out: Staged<State = In::State, Memory = In::Memory>> Session<In, Out> {
    /// Where the conversation stands.
    #[must_use]
    #[inline]
    pub fn state(&self) -> In::State {
        self.state
    }

    /// Where it stood when the last message was received.
    #[must_use]
    #[inline]
    pub fn heard_in(&self) -> In::State {
        self.heard_in
    }

    /// The variables of the session.
    #[must_use]
    #[inline]
    pub fn memory(&self) -> In::Memory {
        self.memory
    }

    /// How often the state has changed: whoever comes back to a state later can tell whether it is still the same time.
    #[must_use]
    #[inline]
    pub fn visit(&self) -> u32 {
        self.visit
    }

    /// Changes the state. The bytes of a frame that is not whole are read anew, as what is legal now.
    fn enter(&mut self, state: In::State) {
        if state != self.state {
            self.state = state;
            self.scan = In::Scan::default();
            self.visit = self.visit.wrapping_add(1);
        }
    }
}

impl<In: Staged, Out: Staged<State = In::State, Memory = In::Memory>> Default for Session<In, Out> {
    fn default() -> Self {
        let state = In::State::default();
        Self {
            state,
            memory: In::Memory::default(),
            scan: In::Scan::default(),
            heard_in: state,
            visit: 0,
            finished: false,
            out: core::marker::PhantomData,
        }
    }
}

impl<In: Staged, Out: Staged<State = In::State, Memory = In::Memory>> fmt::Debug for Session<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Session");
        debug.field("protocol", &In::PROTOCOL).field("state", &self.state).field("memory", &self.memory);
        debug.field("scan", &self.scan).finish_non_exhaustive()
    }
}

impl<In: Staged, Out: Staged<State = In::State, Memory = In::Memory>> Protocol for Session<In, Out> {
    const NAME: &'static str = In::PROTOCOL;
    const FRAME_BYTES_MAX: usize = In::FRAME_BYTES_MAX;
    const TAKES_TURNS: bool = true;
    type In<'a> = In::View<'a>;
    type Out<'a> = Out::View<'a>;

    #[inline]
    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        In::input(self.state, &mut self.scan, buf)
    }

    #[inline]
    fn decode<'a>(&mut self, frame: &'a mut [u8], _: &mut BytesMut) -> Result<Decoded<In::View<'a>>, DecodeError> {
        let view = In::decode(self.state, frame)?;
        self.heard_in = self.state;
        if let Some(next) = In::next(&view, self.state, &mut self.memory) {
            self.enter(next);
        }
        Ok(Decoded::Message(view))
    }

    #[inline]
    fn encode(&mut self, message: &Out::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
        let mut memory = self.memory;
        let next = Out::next(message, self.state, &mut memory);
        let next = next.ok_or_else(|| Out::unexpected(message, self.state))?;
        Out::encode(message, out)?;
        self.memory = memory;
        self.finished |= Out::is_last(message);
        self.enter(next);
        Ok(())
    }

    #[inline]
    fn has_finished(&self) -> bool {
        self.finished
    }

    #[inline]
    fn listens(&self) -> bool {
        In::speaks(self.state)
    }

    #[inline]
    fn patience(&self) -> Option<Duration> {
        In::patience(self.state)
    }

    #[inline]
    fn is_over(&self) -> bool {
        In::is_over(self.state)
    }

    #[inline]
    fn hands_over(&self) -> Option<&'static str> {
        In::hands_over(self.state)
    }
}
