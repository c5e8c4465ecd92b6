//! Messages that are too large to be held: they are received and sent in parts.
//!
//! ```text
//!   on the wire   │ head │ ─────────────────── data ─────────────────── │
//!   parts         │ head + data │ data │ data │ …            data + end │   cut where the network cuts
//! ```
//!
//! Memory is the head and what one read brings, whatever the head says about the size.

use super::{DecodeError, EncodeError, Flow, Input, Message, Recovery};
use crate::wire::{EncodeFault, Fault, Field};
use alloc::vec::Vec;
use bytes::BytesMut;
use core::marker::PhantomData;

/// The most bytes of data in a part that is received: as many as a worker reads at a time.
const PART_BYTES_MAX: usize = 64 << 10;

/// A message whose last field is a `stream`: what `wm-schema` generates beside the message itself.
///
/// `Duplex<Upload>` holds the message whole, `Duplex<Stream<Upload>>` takes it in parts. On the wire they are the same.
pub trait Streamed: Message {
    /// The fields in front of the stream.
    type Head<'a>;

    /// The most bytes in front of the stream.
    const HEAD_BYTES_MAX: usize;

    /// The field that is a stream.
    const FIELD: &'static Field;

    /// How large the frame is that starts with `buf`, once that can be read, whether so much has arrived or not.
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame.
    fn frame_bytes(buf: &[u8]) -> Result<Input, DecodeError>;

    /// Reads the head of a frame of so many bytes, and how many it takes itself.
    ///
    /// # Errors
    ///
    /// The head breaks a rule of the schema, or has not arrived whole: [`Fault::Truncated`].
    fn decode_head(start: &[u8], frame_bytes: usize) -> Result<(Self::Head<'_>, usize), DecodeError>;

    /// Appends the head to `out`, or nothing if it fails, and says how many bytes of data follow it.
    ///
    /// # Errors
    ///
    /// A value cannot be put on the wire.
    fn encode_head(head: &Self::Head<'_>, out: &mut BytesMut) -> Result<usize, EncodeError>;
}

/// A part of a message: its head, bytes of its data, its end. One part may be all three.
///
/// To send a message, send its head, and then its data in any pieces. What the head has announced is checked: a byte too
/// many cannot be sent, nor another head before the last byte.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Part<'a, H> {
    /// The fields in front of the data, in the first part of a message.
    pub head: Option<H>,
    /// The next bytes of the data; there may be none.
    pub data: &'a [u8],
    /// Whether the message ends with them. Who sends a part need not say so; if it is said, it must be so.
    pub end: bool,
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

/// How many bytes of the data are still to come, or to be sent; none between two messages.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Left(usize);

impl<M: Streamed> Flow for Stream<M> {
    type View<'a> = Part<'a, M::Head<'a>>;
    type Receiver = Left;
    type Sender = Left;

    const PROTOCOL: &'static str = M::PROTOCOL;
    const FRAME_BYTES_MAX: usize = M::HEAD_BYTES_MAX.saturating_add(PART_BYTES_MAX);
    const ENCODES_ALIKE: bool = false;

    fn input(left: &mut Left, buf: &[u8]) -> Result<Input, DecodeError> {
        if left.0 > 0 {
            return Ok(part(buf.len(), left.0));
        }
        let frame_bytes = match M::frame_bytes(buf)? {
            Input::Need(needed) => return Ok(Input::Need(needed)),
            Input::Frame(bytes) => bytes,
        };
        let start = buf.get(..frame_bytes).unwrap_or(buf);
        match M::decode_head(start, frame_bytes) {
            Ok((_, head)) => {
                let data = buf.len().min(frame_bytes).saturating_sub(head);
                Ok(Input::Frame(head.saturating_add(data.min(PART_BYTES_MAX))))
            }
            Err(DecodeError { fault: Fault::Truncated { needed }, .. }) if buf.len() < frame_bytes => {
                // A field that goes on behind the end of the frame is told of when that is there, where it is.
                Ok(Input::Need(needed.clamp(1, frame_bytes.saturating_sub(buf.len()))))
            }
            Err(error) => Err(error),
        }
    }

    fn decode<'a>(left: &mut Left, frame: &'a mut [u8]) -> Result<Part<'a, M::Head<'a>>, DecodeError> {
        let frame = &*frame;
        if left.0 > 0 {
            left.0 = left.0.saturating_sub(frame.len());
            return Ok(Part { head: None, data: frame, end: left.0 == 0 });
        }
        let frame_bytes = match M::frame_bytes(frame)? {
            Input::Frame(bytes) => bytes,
            Input::Need(needed) => return Err(DecodeError::new(M::FIELD, frame.len(), Fault::Truncated { needed })),
        };
        let (head, head_bytes) = M::decode_head(frame, frame_bytes)?;
        left.0 = frame_bytes.saturating_sub(frame.len());
        Ok(Part { head: Some(head), data: frame.get(head_bytes..).unwrap_or_default(), end: left.0 == 0 })
    }

    fn unfinished(left: &Left) -> usize {
        left.0
    }

    fn recover(error: &DecodeError) -> Recovery {
        M::recover(error)
    }

    fn encode(left: &mut Left, part: &Part<'_, M::Head<'_>>, out: &mut BytesMut) -> Result<(), EncodeError> {
        let refuse = |fault| Err(EncodeError::new(M::FIELD, fault));
        let before = match &part.head {
            Some(_) if left.0 > 0 => return refuse(EncodeFault::Unfinished { left: left.0 as u64 }),
            Some(head) => M::encode_head(head, out)?,
            None => left.0,
        };
        let Some(behind) = before.checked_sub(part.data.len()) else {
            return refuse(EncodeFault::TooLong { found: part.data.len() as u64, limit: before as u64 });
        };
        if part.end && behind > 0 {
            return refuse(EncodeFault::Unfinished { left: behind as u64 });
        }
        out.extend_from_slice(part.data);
        left.0 = behind;
        Ok(())
    }
}

/// The next part of so many bytes that are still to come.
fn part(arrived: usize, left: usize) -> Input {
    match arrived.min(left).min(PART_BYTES_MAX) {
        0 => Input::Need(1),
        bytes => Input::Frame(bytes),
    }
}
