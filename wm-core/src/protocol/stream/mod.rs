//! Messages that are too large to be held: they are received and sent in parts.
//!
//! ```text
//!   on the wire   │ head │ ─────────────────── data ─────────────────── │ tail │
//!   parts         │ head + data │ data │ data │ …            data + tail, end │   cut where the network cuts
//! ```
//!
//! Memory is the head and what one read brings, whatever the head says about the size. What frames the data, such as the
//! sizes of chunks, is undone: the parts are head, data, end. A mask is undone in place, a checksum counts along.

mod receive;
mod send;

pub use receive::Receiver;
pub use send::{Announced, Sender};

use super::{DecodeError, Decoded, EncodeError, Flow, Input, Message, Recovery, Side, Sided};
use super::{FromClient, FromServer};
use crate::wire::checksum::Tally;
use crate::wire::via::Mask;
use crate::wire::{Field, PartWalk, Reached};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::marker::PhantomData;

/// The most bytes of data in a part that is received: as many as a worker reads at a time.
const PART_BYTES_MAX: usize = 64 << 10;

/// A message of which a field is a `stream`: what `wm-schema` generates beside the message itself.
///
/// `Duplex<Upload>` holds the message whole, `Duplex<Stream<Upload>>` takes it in parts. On the wire they are the same.
pub trait Streamed: Message {
    /// The fields in front of the stream.
    type Head<'a>;

    /// How far a frame has come.
    type Walk: PartWalk;

    /// The most bytes in front of the stream.
    const HEAD_BYTES_MAX: usize;

    /// The field that is a stream.
    const FIELD: &'static Field;

    /// Goes on to the end of the head, to data, or to the end of the message.
    ///
    /// # Errors
    ///
    /// The bytes cannot be those of a frame.
    fn walk(walk: &mut Self::Walk, buf: &[u8]) -> Result<Reached, DecodeError>;

    /// Reads the head of a frame: exactly its bytes. If the head says how much data there is, the frame has `frame_bytes`.
    ///
    /// # Errors
    ///
    /// The head breaks a rule of the schema.
    fn decode_head(head: &[u8], frame_bytes: usize) -> Result<Self::Head<'_>, DecodeError>;

    /// Appends the head to `out`, or nothing if it fails, and says what data follows it.
    ///
    /// # Errors
    ///
    /// A value cannot be put on the wire.
    fn encode_head(head: &Self::Head<'_>, out: &mut BytesMut) -> Result<Announced, EncodeError>;

    /// Appends data whose size no head has announced, with what frames it; no data ends the message.
    ///
    /// # Errors
    ///
    /// It cannot be put on the wire.
    fn encode_chunk(data: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        out.extend_from_slice(data);
        Ok(())
    }

    /// What the data is joined with by exclusive or.
    #[must_use]
    fn mask(head: &Self::Head<'_>) -> Mask {
        let _ = head;
        Mask::default()
    }

    /// The checksum behind the data, before any of it: what it covers of the head is counted in.
    #[must_use]
    fn tally(head: &[u8]) -> Tally {
        let _ = head;
        Tally::default()
    }

    /// Checks what stands behind the data, at `offset` of the frame, against the checksum of the data.
    ///
    /// # Errors
    ///
    /// It is another one.
    fn check_tail(data: Tally, tail: &[u8], offset: usize) -> Result<(), DecodeError> {
        let _ = (data, tail, offset);
        Ok(())
    }

    /// Appends what stands behind the data.
    fn encode_tail(data: Tally, out: &mut BytesMut) {
        let _ = (data, out);
    }
}

/// A message of which a field is a `stream`, and whose bytes tell who sends it: see [`Streamed`], which [`FromClient`] and
/// [`FromServer`] make of it.
pub trait SidedStreamed: Sided {
    /// See [`Streamed::Head`].
    type Head<'a>;

    /// See [`Streamed::Walk`].
    type Walk: PartWalk;

    /// See [`Streamed::HEAD_BYTES_MAX`].
    const HEAD_BYTES_MAX: usize;

    /// See [`Streamed::FIELD`].
    const FIELD: &'static Field;

    /// See [`Streamed::walk`].
    ///
    /// # Errors
    ///
    /// The bytes cannot be those of a frame.
    fn walk(walk: &mut Self::Walk, buf: &[u8]) -> Result<Reached, DecodeError>;

    /// See [`Streamed::decode_head`].
    ///
    /// # Errors
    ///
    /// The head breaks a rule of the schema, or says that the other side has sent it.
    fn decode_head(head: &[u8], frame_bytes: usize, from: Side) -> Result<Self::Head<'_>, DecodeError>;

    /// See [`Streamed::encode_head`].
    ///
    /// # Errors
    ///
    /// A value cannot be put on the wire.
    fn encode_head(head: &Self::Head<'_>, from: Side, out: &mut BytesMut) -> Result<Announced, EncodeError>;

    /// See [`Streamed::mask`].
    #[must_use]
    fn mask(head: &Self::Head<'_>) -> Mask {
        let _ = head;
        Mask::default()
    }
}

macro_rules! sides {
    ($($name:ident $side:ident;)*) => { $(
        impl<M: SidedStreamed> Streamed for $name<M> {
            type Head<'a> = M::Head<'a>;
            type Walk = M::Walk;

            const HEAD_BYTES_MAX: usize = M::HEAD_BYTES_MAX;
            const FIELD: &'static Field = M::FIELD;

            #[inline]
            fn walk(walk: &mut M::Walk, buf: &[u8]) -> Result<Reached, DecodeError> {
                M::walk(walk, buf)
            }

            #[inline]
            fn decode_head(head: &[u8], frame_bytes: usize) -> Result<M::Head<'_>, DecodeError> {
                M::decode_head(head, frame_bytes, Side::$side)
            }

            #[inline]
            fn encode_head(head: &M::Head<'_>, out: &mut BytesMut) -> Result<Announced, EncodeError> {
                M::encode_head(head, Side::$side, out)
            }

            #[inline]
            fn mask(head: &M::Head<'_>) -> Mask {
                M::mask(head)
            }
        }
    )* };
}

sides! {
    FromClient Client;
    FromServer Server;
}

/// A part of a message: its head, bytes of its data, its end. One part may be all three.
///
/// To send a message, send its head, and then its data in any pieces. What the head has announced is checked: a byte too
/// many cannot be sent, nor another head before the last byte. If it has announced no size, [`END`](Self::END) says where
/// the data ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a, H> {
    /// The fields in front of the data, in the first part of a message.
    pub head: Option<H>,
    /// The next bytes of the data; there may be none.
    pub data: &'a [u8],
    /// Whether the message ends with them. Who sends a part whose size was announced need not say so; if it is said, it
    /// must be so.
    pub end: bool,
}

impl<H> Part<'_, H> {
    /// The end of a message.
    pub const END: Self = Self { head: None, data: &[], end: true };
}

impl<'a, H> From<&'a [u8]> for Part<'a, H> {
    fn from(data: &'a [u8]) -> Self {
        Self { head: None, data, end: false }
    }
}

impl<'a, H, const N: usize> From<&'a [u8; N]> for Part<'a, H> {
    fn from(data: &'a [u8; N]) -> Self {
        Self::from(&data[..])
    }
}

impl<'a, H> From<&'a Vec<u8>> for Part<'a, H> {
    fn from(data: &'a Vec<u8>) -> Self {
        Self::from(&data[..])
    }
}

/// The message `M` in parts.
#[derive(Debug)]
pub struct Stream<M>(PhantomData<fn(M)>);

impl<M: Streamed> Flow for Stream<M> {
    type View<'a> = Part<'a, M::Head<'a>>;
    type Receiver = Receiver<M::Walk>;
    type Sender = Sender;

    const PROTOCOL: &'static str = M::PROTOCOL;
    const FRAME_BYTES_MAX: usize = M::HEAD_BYTES_MAX.saturating_add(PART_BYTES_MAX);
    const ENCODES_ALIKE: bool = false;

    #[inline]
    fn input(receiver: &mut Receiver<M::Walk>, buf: &[u8]) -> Result<Input, DecodeError> {
        receiver.input::<M>(buf)
    }

    #[inline]
    fn decode<'a>(
        receiver: &mut Receiver<M::Walk>,
        frame: &'a mut [u8],
    ) -> Result<Decoded<Part<'a, M::Head<'a>>>, DecodeError> {
        receiver.decode::<M>(frame)
    }

    #[inline]
    fn unfinished(receiver: &Receiver<M::Walk>) -> usize {
        receiver.unfinished()
    }

    #[inline]
    fn handed_out(receiver: &Receiver<M::Walk>) -> usize {
        receiver.handed_out()
    }

    fn recover(receiver: &mut Receiver<M::Walk>, error: &DecodeError) -> Recovery {
        receiver.recover(M::recover(error))
    }

    #[inline]
    fn has_finished(sender: &Sender) -> bool {
        sender.has_finished()
    }

    #[inline]
    fn encode(sender: &mut Sender, part: &Part<'_, M::Head<'_>>, out: &mut BytesMut) -> Result<(), EncodeError> {
        sender.encode::<M>(part, out)
    }
}
