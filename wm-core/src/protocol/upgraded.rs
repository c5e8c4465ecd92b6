//! A connection that goes on with another protocol: HTTP that becomes WebSocket, SMTP that becomes TLS.

use super::{Channel, DecodeError, Decoded, EncodeError, Find, Input, Keep, Protocol, Recovery};
use crate::wire::{EncodeFault, Field};
use bytes::BytesMut;
use core::time::Duration;

/// The protocol `A`, and `B` from where `A` [hands over](Protocol::hands_over), as `-> protocol` of a session says.
///
/// The bytes behind the message that hands over are `B`'s, whether they have arrived already or not; nothing of `A` is read
/// behind it. What a peer has sent too early, in the clear behind a `STARTTLS`, so never counts as said under cover.
#[derive(Debug, Default)]
pub struct Upgraded<A, B> {
    before: A,
    after: Option<B>,
}

/// What is said before a connection is handed over, or after.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Either<A, B> {
    /// In the first protocol.
    Before(A),
    /// In the one that goes on.
    After(B),
}

impl<A: Protocol, B: Protocol + Default> Upgraded<A, B> {
    /// The first protocol, which knows its last state when it is over.
    pub const fn before(&self) -> &A {
        &self.before
    }

    /// The protocol that goes on; none before it does.
    pub const fn after(&self) -> Option<&B> {
        self.after.as_ref()
    }

    fn look(&mut self) {
        if self.before.hands_over().is_some() {
            self.after = Some(B::default());
        }
    }
}

impl<A: Protocol, B: Protocol + Default> Protocol for Upgraded<A, B> {
    const NAME: &'static str = A::NAME;
    const FRAME_BYTES_MAX: usize =
        if A::FRAME_BYTES_MAX > B::FRAME_BYTES_MAX { A::FRAME_BYTES_MAX } else { B::FRAME_BYTES_MAX };
    const TAKES_TURNS: bool = true;
    const OF_DATAGRAMS: bool = A::OF_DATAGRAMS || B::OF_DATAGRAMS;
    type In<'a> = Either<A::In<'a>, B::In<'a>>;
    type Out<'a> = Either<A::Out<'a>, B::Out<'a>>;

    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        match &mut self.after {
            None => self.before.input(buf),
            Some(after) => after.input(buf),
        }
    }

    fn decode<'a>(&mut self, frame: &'a mut [u8], reply: &mut BytesMut) -> Result<Decoded<Self::In<'a>>, DecodeError> {
        if let Some(after) = &mut self.after {
            return Ok(match after.decode(frame, reply)? {
                Decoded::Message(message) => Decoded::Message(Either::After(message)),
                Decoded::Handled => Decoded::Handled,
            });
        }
        let decoded = self.before.decode(frame, reply)?;
        self.look();
        Ok(match decoded {
            Decoded::Message(message) => Decoded::Message(Either::Before(message)),
            Decoded::Handled => Decoded::Handled,
        })
    }

    fn unfinished(&self) -> usize {
        self.after.as_ref().map_or_else(|| self.before.unfinished(), Protocol::unfinished)
    }

    fn recover(&mut self, error: &DecodeError) -> Recovery {
        match &mut self.after {
            None => self.before.recover(error),
            Some(after) => after.recover(error),
        }
    }

    fn encode(&mut self, message: &Self::Out<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
        let (state, legal) = match (message, &mut self.after) {
            (Either::Before(message), None) => {
                self.before.encode(message, out)?;
                self.look();
                return Ok(());
            }
            (Either::After(message), Some(after)) => return after.encode(message, out),
            (Either::Before(_), Some(_)) => (B::NAME, const { &[B::NAME] }),
            (Either::After(_), None) => (A::NAME, const { &[A::NAME] }),
        };
        Err(EncodeError::new(const { &Field::new(A::NAME, "protocol", 0) }, EncodeFault::Unexpected { state, legal }))
    }

    fn listens(&self) -> bool {
        self.after.as_ref().map_or_else(|| self.before.listens(), Protocol::listens)
    }

    fn patience(&self) -> Option<Duration> {
        self.after.as_ref().map_or_else(|| self.before.patience(), Protocol::patience)
    }

    fn has_finished(&self) -> bool {
        self.after.as_ref().map_or_else(|| self.before.has_finished(), Protocol::has_finished)
    }

    fn is_over(&self) -> bool {
        self.after.as_ref().map_or_else(|| self.before.is_over(), Protocol::is_over)
    }

    fn hands_over(&self) -> Option<&'static str> {
        self.after.as_ref().and_then(Protocol::hands_over)
    }
}

/// The channel of a protocol that hands over, as that protocol sees it: the types of its states speak through it.
#[derive(Debug)]
pub struct Before<C>(pub C);

impl<A, B, C> Channel for Before<C>
where
    A: Protocol,
    B: Protocol + Default,
    C: Channel<Protocol = Upgraded<A, B>>,
{
    type Protocol = A;
    type Said<T> = C::Said<T>;

    fn protocol(&self) -> &A {
        &self.0.protocol().before
    }

    fn say<T>(self, message: A::Out<'_>, then: impl FnOnce(Self) -> T) -> C::Said<T> {
        self.0.say(Either::Before(message), |channel| then(Self(channel)))
    }
}

impl<A, B, C> Keep for Before<C>
where
    A: Protocol,
    B: Protocol + Default,
    C: Keep<Protocol = Upgraded<A, B>>,
{
    type Kept = C::Kept;

    fn keep(&self) -> C::Kept {
        self.0.keep()
    }
}

impl<A, B, K, F> Find<K> for Before<F>
where
    A: Protocol,
    B: Protocol + Default,
    F: Find<K>,
    F::Found: Channel<Protocol = Upgraded<A, B>>,
{
    type Found = Before<F::Found>;

    fn find(self, kept: K) -> Option<Self::Found> {
        self.0.find(kept).map(Before)
    }
}
