//! Protocols: how a stream of bytes becomes messages, and messages become bytes. No socket, no clock.
//!
//! * [`Message`] is one layout on the wire; `wm-schema` and `#[derive(Protocol)]` generate it.
//! * [`Protocol`] is one side of a conversation; [`Duplex`] makes it of the message that is received and the one that
//!   is sent. One written by hand (the manual's chapter on custom protocols) implements it directly.
//!
//! The built-in ones are [`text`], [`frame`] and [`jsonl`], generated from their `.wm` files, and [`Tcp`], which has
//! no frames at all.

mod channel;
mod duplex;
pub mod exchange;
mod flow;
// Generated, and set by the generator.
#[rustfmt::skip]
pub mod frame;
#[rustfmt::skip]
pub mod jsonl;
mod recover;
mod session;
mod sided;
mod silent;
mod stream;
mod tcp;
#[rustfmt::skip]
pub mod text;
mod upgraded;

pub use channel::{Channel, Find, Keep, Listen};
pub use duplex::Duplex;
pub use exchange::Exchange;
pub use flow::{Finished, Flow};
pub use frame::Server as Frame;
pub use jsonl::Server as Jsonl;
#[cfg(feature = "std")]
pub(crate) use recover::Behind;
pub use recover::{Recovery, Resync, Search};
pub use session::{Session, Staged};
pub use sided::{FromClient, FromServer, Side, Sided};
pub use silent::Silent;
pub use stream::{Announced, Part, Receiver, Sender, SidedStreamed, Stream, Streamed};
pub use tcp::Tcp;
pub use text::Server as Text;
pub use upgraded::{Before, Either, Upgraded};

pub use crate::wire::{DecodeError, EncodeError, Input};
use bytes::BytesMut;
use core::{fmt::Debug, time::Duration};

/// One side of a conversation. The instance is the state of one connection: how far the scan for the next frame has
/// come, and what the session remembers.
///
/// For each connection the caller keeps the bytes that have arrived and repeats: [`input`](Self::input) until it says
/// that a frame is complete, [`decode`](Self::decode) of exactly those bytes, then `input` with the bytes behind them.
///
/// # Example
///
/// A protocol by hand: one byte says how many follow.
///
/// ```
/// use bytes::{BufMut, BytesMut};
/// use wm_core::protocol::{DecodeError, Decoded, EncodeError, Input, Protocol};
/// use wm_core::wire::{EncodeFault, Field, fixed};
///
/// #[derive(Debug, Default)]
/// struct Short;
///
/// const LEN: &Field = &Field::new("Short", "len", 0);
///
/// impl Protocol for Short {
///     const NAME: &'static str = "short";
///     const FRAME_BYTES_MAX: usize = 256;
///     type In<'a> = &'a [u8];
///     type Out<'a> = &'a [u8];
///
///     fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
///         Ok(match buf.first() {
///             Some(&len) => fixed(buf, 1 + usize::from(len)),
///             None => Input::Need(1),
///         })
///     }
///
///     fn decode<'a>(&mut self, frame: &'a mut [u8], _: &mut BytesMut) -> Result<Decoded<&'a [u8]>, DecodeError> {
///         Ok(Decoded::Message(&frame[1..]))
///     }
///
///     fn encode(&mut self, message: &&[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
///         let found = message.len() as u64;
///         let len = u8::try_from(found)
///             .map_err(|_| EncodeError::new(LEN, EncodeFault::TooLong { found, limit: 255 }))?;
///         out.put_u8(len);
///         out.put_slice(message);
///         Ok(())
///     }
/// }
///
/// let mut short = Short;
/// assert_eq!(short.input(b"\x02a"), Ok(Input::Need(1)));
/// assert_eq!(short.input(b"\x02abc"), Ok(Input::Frame(3)));
/// ```
pub trait Protocol: Debug + 'static {
    /// The name, as it stands before the `://` of an address.
    const NAME: &'static str;

    /// The largest frame in bytes, its head included. What is larger is refused before it is buffered.
    const FRAME_BYTES_MAX: usize;

    /// Whether [`encode`](Self::encode) writes the same bytes on every connection, whatever its state. Then a message
    /// for many is encoded once.
    const ENCODES_ALIKE: bool = false;

    /// Whether [`encode`](Self::encode) may change how the peer's bytes are read, as in a session. Then bytes that have
    /// arrived are looked at again when something was sent.
    const TAKES_TURNS: bool = false;

    /// Whether a frame is a datagram, and nothing else says where it ends: `frame datagram`. Then the protocol travels over
    /// UDP alone: a stream does not tell where one datagram ends.
    const OF_DATAGRAMS: bool = false;

    /// What this side receives; it may borrow from the frame.
    type In<'a>;

    /// What this side sends; it may borrow from anywhere.
    type Out<'a>;

    /// Looks for the end of the first frame.
    ///
    /// `buf` starts where that frame does and holds at least the bytes of the last call, if that call said
    /// [`Input::Need`]. An implementation remembers how far it has looked: the whole work is linear in the bytes.
    /// It never says `Frame` with more bytes than `buf` holds, nor with 0. Where the end of the stream is the end of the
    /// frame it says [`Input::UntilEnd`]: if that comes, [`decode`](Self::decode) is given all of `buf`.
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame. A prefix of a good frame is never an error.
    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError>;

    /// Reads the frame that [`input`](Self::input) has found: exactly its bytes. They are lent for writing too, so that
    /// a mask or an escape can be undone in place.
    ///
    /// What is appended to `reply` is sent to the peer before anything that the handler sends: the answer to a
    /// handshake or to a ping, which [`Decoded::Handled`] keeps from the handler.
    ///
    /// # Errors
    ///
    /// The frame breaks a rule of the protocol.
    fn decode<'a>(&mut self, frame: &'a mut [u8], reply: &mut BytesMut) -> Result<Decoded<Self::In<'a>>, DecodeError>;

    /// How many bytes are still to come of a message whose first part has been handed out: 0 between two messages. Until
    /// they have come, the end of the stream is a mistake.
    fn unfinished(&self) -> usize {
        0
    }

    /// How many bytes have been handed out of the message of which parts are [still to come](Self::unfinished): the offsets
    /// of errors count them.
    fn handed_out(&self) -> usize {
        0
    }

    /// What becomes of the connection after an error of [`input`](Self::input) or [`decode`](Self::decode). By default it
    /// closes. If it goes on, the next call is an `input` with the bytes of another frame: nothing of the bad one is
    /// remembered. Of a message in parts whose head is skipped, the other parts come as [`Decoded::Handled`].
    fn recover(&mut self, error: &DecodeError) -> Recovery {
        let _ = error;
        Recovery::Close
    }

    /// Appends a message to `out`. After an error the caller cuts `out` back to what it was.
    ///
    /// # Errors
    ///
    /// The message cannot be put on the wire.
    fn encode(&mut self, message: &Self::Out<'_>, out: &mut BytesMut) -> Result<(), EncodeError>;

    /// Whether it is the peer's turn. While it is not, what arrives waits: it is read when this side has spoken. A peer
    /// that sends much ahead is slowed down by its own network, for no more is read than one piece.
    fn listens(&self) -> bool {
        true
    }

    /// How long the peer may take to send its next message, from when the last one was received or sent; none if the
    /// protocol does not say.
    fn patience(&self) -> Option<Duration> {
        None
    }

    /// Whether this side has sent what goes on to the end of its stream. Nothing can be encoded behind it, and the caller
    /// ends its side when that is sent: the peer waits for it.
    fn has_finished(&self) -> bool {
        false
    }

    /// Whether the conversation is over: nothing more is received or sent, and the caller closes.
    fn is_over(&self) -> bool {
        false
    }

    /// What the connection goes on with, now that this conversation is over: the name of another protocol; none if it
    /// closes. [`Upgraded`] goes on by itself.
    fn hands_over(&self) -> Option<&'static str> {
        None
    }
}

/// Refuses, when it is compiled, a protocol of datagrams on a stream.
#[cfg(feature = "std")]
pub(crate) const fn on_a_stream<P: Protocol>() {
    assert!(!P::OF_DATAGRAMS, "each message of this protocol is a datagram: send it by a `Worker` at `udp://…`");
}

/// What a frame was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Decoded<M> {
    /// A message for the handler.
    Message(M),
    /// The protocol's own business; the handler never sees it.
    Handled,
}

impl<M> Decoded<M> {
    /// The same with another message.
    #[inline]
    pub fn map<T>(self, other: impl FnOnce(M) -> T) -> Decoded<T> {
        match self {
            Self::Message(message) => Decoded::Message(other(message)),
            Self::Handled => Decoded::Handled,
        }
    }
}

/// One layout on the wire: what `wm-schema` and `#[derive(Protocol)]` generate for a message.
///
/// The functions are those of [`Protocol`], without a connection: the state of the scan is an argument.
pub trait Message: 'static {
    /// The message as Rust sees it, borrowing from a frame.
    type View<'a>;

    /// How far `input` has come in an incomplete frame.
    type Scan: Debug + Default + 'static;

    /// The name of the protocol that the message belongs to.
    const PROTOCOL: &'static str;

    /// The largest frame in bytes.
    const FRAME_BYTES_MAX: usize;

    /// See [`Protocol::OF_DATAGRAMS`].
    const OF_DATAGRAMS: bool = false;

    /// Whether a frame may go on to the end of the stream. The sender then remembers whether it has sent such a one.
    const UNTIL_END: bool = false;

    /// Looks for the end of the first frame; see [`Protocol::input`].
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame.
    fn input(scan: &mut Self::Scan, buf: &[u8]) -> Result<Input, DecodeError>;

    /// Reads a whole frame; see [`Protocol::decode`].
    ///
    /// # Errors
    ///
    /// The frame breaks a rule of the schema.
    fn decode(frame: &mut [u8]) -> Result<Self::View<'_>, DecodeError>;

    /// What becomes of a connection after a bad frame; see [`Protocol::recover`].
    #[must_use]
    fn recover(error: &DecodeError) -> Recovery {
        let _ = error;
        Recovery::Close
    }

    /// Whether this message goes on to the end of the stream, and is so the last; see
    /// [`Protocol::has_finished`]. By default all do, or none.
    #[must_use]
    fn is_last(view: &Self::View<'_>) -> bool {
        let _ = view;
        Self::UNTIL_END
    }

    /// Appends a message to `out`, or nothing if it fails.
    ///
    /// # Errors
    ///
    /// A value cannot be put on the wire.
    fn encode(view: &Self::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError>;
}
