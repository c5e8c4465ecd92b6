//! Sending: what the head has announced is kept.

use super::super::EncodeError;
use super::{Part, Streamed};
use crate::wire::checksum::Tally;
use crate::wire::via::Mask;
use crate::wire::{EncodeFault, Field};
use bytes::BytesMut;

/// What data follows a head.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Announced {
    /// So many bytes.
    Bytes(usize),
    /// As much as comes, in chunks, of which the last is empty.
    Chunks,
    /// As much as comes up to the end of the stream, at most so many bytes.
    UntilEnd(usize),
}

/// How far the sender of a message in parts has come.
#[derive(Debug, Clone, Default)]
pub struct Sender {
    /// The field of the message that has begun.
    field: Option<&'static Field>,
    left: Left,
    mask: Mask,
    tally: Tally,
    /// Whether nothing of the message has been sent, which is of no bytes so far.
    empty: bool,
    /// Whether a message that goes on to the end of the stream has ended.
    finished: bool,
}

/// What is still to be sent of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Left {
    /// There is none.
    #[default]
    Nothing,
    /// So many bytes of data, and what stands behind them.
    Bytes(usize),
    /// Chunks, of at most so many bytes with what frames them, and the last; of data that goes on to the end of the stream
    /// these are of nothing but data.
    Chunks(usize),
}

impl Sender {
    /// Whether a message has begun, and not ended.
    #[must_use]
    pub fn is_within(&self) -> bool {
        self.left != Left::Nothing
    }

    /// Refuses another message before the one that has begun is finished, and behind the last.
    ///
    /// # Errors
    ///
    /// It is not, or the last has been sent.
    pub fn between(&self, field: &'static Field) -> Result<(), EncodeError> {
        if self.finished {
            return Err(EncodeError::new(field, EncodeFault::Finished));
        }
        if !self.is_within() {
            return Ok(());
        }
        Err(EncodeError::new(self.field.unwrap_or(field), EncodeFault::Unfinished { left: self.left.bytes() }))
    }

    /// A whole message has been sent that goes on to the end of the stream.
    pub fn finish(&mut self) {
        self.finished = true;
    }

    /// Whether what goes on to the end of the stream has been sent: nothing can stand behind it.
    #[must_use]
    pub fn has_finished(&self) -> bool {
        self.finished
    }

    pub(super) fn encode<M: Streamed>(
        &mut self,
        part: &Part<'_, M::Head<'_>>,
        out: &mut BytesMut,
    ) -> Result<(), EncodeError> {
        let refuse = |fault| Err(EncodeError::new(M::FIELD, fault));
        if self.finished {
            return refuse(EncodeFault::Finished);
        }
        if self.is_within() && (part.head.is_some() || self.field != Some(M::FIELD)) {
            return refuse(EncodeFault::Unfinished { left: self.left.bytes() });
        }
        let mut next = match &part.head {
            Some(head) => Self::begun::<M>(head, out)?,
            None => self.clone(),
        };
        match &mut next.left {
            Left::Chunks(room) => {
                if !part.data.is_empty() {
                    let start = out.len();
                    chunk::<M>(part.data, room, out)?;
                    if M::UNTIL_END {
                        // It is framed by nothing.
                        next.mask.apply(out.get_mut(start..).unwrap_or_default());
                    }
                }
                next.empty &= part.data.is_empty();
                if part.end {
                    if M::UNTIL_END && next.empty {
                        return refuse(EncodeFault::Empty);
                    }
                    M::encode_chunk(&[], out)?;
                    next = Self { finished: M::UNTIL_END, ..Self::default() };
                }
            }
            left => {
                let limit = left.bytes();
                let found = part.data.len() as u64;
                let Some(behind) = limit.checked_sub(found) else {
                    return refuse(EncodeFault::TooLong { found, limit });
                };
                if part.end && behind > 0 {
                    return refuse(EncodeFault::Unfinished { left: behind });
                }
                let start = out.len();
                out.extend_from_slice(part.data);
                let data = out.get_mut(start..).unwrap_or_default();
                next.mask.apply(data);
                next.tally.add(data);
                if let Left::Bytes(left) = &mut next.left {
                    *left = left.saturating_sub(part.data.len());
                    if *left == 0 {
                        M::encode_tail(next.tally, out);
                        next = Self::default();
                    }
                }
            }
        }
        *self = next;
        Ok(())
    }

    /// Behind the head.
    fn begun<M: Streamed>(head: &M::Head<'_>, out: &mut BytesMut) -> Result<Self, EncodeError> {
        let start = out.len();
        let left = match M::encode_head(head, out)? {
            Announced::Bytes(bytes) => Left::Bytes(bytes),
            Announced::UntilEnd(most) => {
                let taken = out.len().saturating_sub(start);
                Left::Chunks(M::FRAME_BYTES_MAX.saturating_sub(taken).min(most))
            }
            Announced::Chunks => {
                // Room for the last one is kept.
                let end = out.len();
                M::encode_chunk(&[], out)?;
                let taken = out.len().saturating_sub(start);
                out.truncate(end);
                Left::Chunks(M::FRAME_BYTES_MAX.saturating_sub(taken))
            }
        };
        let head_bytes = out.get(start..).unwrap_or_default();
        let (mask, tally) = (M::mask(head), M::tally(head_bytes));
        Ok(Self { field: Some(M::FIELD), left, mask, tally, empty: head_bytes.is_empty(), finished: false })
    }
}

/// Appends data in a chunk, for which there is `room` in the frame.
fn chunk<M: Streamed>(data: &[u8], room: &mut usize, out: &mut BytesMut) -> Result<(), EncodeError> {
    let start = out.len();
    M::encode_chunk(data, out)?;
    let bytes = out.len().saturating_sub(start);
    match room.checked_sub(bytes) {
        Some(left) => *room = left,
        None => {
            let fault = EncodeFault::TooLong { found: bytes as u64, limit: *room as u64 };
            return Err(EncodeError::new(M::FIELD, fault));
        }
    }
    Ok(())
}

impl Left {
    /// How many bytes can still be sent, as far as that is known: of chunks there is the last.
    fn bytes(self) -> u64 {
        match self {
            Self::Nothing => 0,
            Self::Bytes(bytes) => bytes as u64,
            Self::Chunks(_) => 1,
        }
    }
}
