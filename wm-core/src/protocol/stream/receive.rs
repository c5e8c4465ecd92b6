//! Receiving: a part is a frame of at least a byte for whoever feeds it, cut at what has arrived.

use super::super::{DecodeError, Decoded, Input, Recovery};
use super::{PART_BYTES_MAX, Part, Streamed};
use crate::wire::checksum::Tally;
use crate::wire::via::Mask;
use crate::wire::{Fault, PartWalk, Reached};
use core::ops::Range;

/// How far the receiver of a message in parts has come.
#[derive(Debug, Default)]
pub struct Receiver<W> {
    /// How far the walk is in what has not been handed out.
    walk: W,
    /// How far it is behind the part that has been found.
    behind: W,
    found: Found,
    mask: Mask,
    tally: Tally,
    /// Whether the rest of the message is thrown away: its head was bad.
    discards: bool,
}

/// A part that has arrived: places in what has not been handed out.
#[derive(Debug, Clone, Default)]
struct Found {
    /// Where the head ends, if it is in it.
    head: Option<usize>,
    data: Range<usize>,
    len: usize,
    end: bool,
}

impl<W: PartWalk> Receiver<W> {
    /// Whether the head of a message is behind, and not its end.
    #[must_use]
    pub fn is_within(&self) -> bool {
        self.walk.passed() > 0
    }

    pub(super) fn input<M: Streamed<Walk = W>>(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        let (mut walk, mut found) = (self.walk.clone(), Found::default());
        // The part and the walk behind it, as soon as there is something to hand out.
        let mut ready: Option<(Found, W)> = None;
        let said = loop {
            match M::walk(&mut walk, buf) {
                Ok(Reached::Head) => {
                    let at = walk.at();
                    found = Found { head: Some(at), data: at..at, len: at, end: false };
                }
                Ok(Reached::Data(left)) if found.data.is_empty() => {
                    let at = walk.at();
                    let bytes = buf.len().saturating_sub(at).min(left).min(PART_BYTES_MAX);
                    if bytes == 0 {
                        break Ok(Self::more(&walk));
                    }
                    let end = at.saturating_add(bytes);
                    walk.take(bytes);
                    (found.data, found.len) = (at..end, end);
                    if bytes < left {
                        ready = Some((found.clone(), walk.clone()));
                        break Ok(Self::more(&walk));
                    }
                }
                Ok(Reached::Data(_)) => break Ok(Self::more(&walk)),
                Ok(Reached::End) => {
                    (found.len, found.end) = (walk.at(), true);
                    ready = Some((found.clone(), walk.clone()));
                    break Ok(Input::Need(1));
                }
                Ok(Reached::Need(missing)) => break Ok(Input::Need(missing)),
                Err(error) => break Err(error),
            }
            ready = (found.len > 0).then(|| (found.clone(), walk.clone()));
        };
        match (ready, said) {
            // What is wrong behind it is told of when that is handed out.
            (Some((found, behind)), _) => {
                let len = found.len;
                (self.found, self.behind) = (found, behind);
                Ok(Input::Frame(len))
            }
            (None, Ok(said)) => {
                if said == Input::UntilEnd {
                    // A part of no bytes, if nothing more comes.
                    (self.found, self.behind) = (Found { end: true, ..Found::default() }, walk.clone());
                }
                // A head of no bytes has not been handed out: it is come to again.
                if found.head.is_none() {
                    self.walk = walk;
                }
                Ok(said)
            }
            (None, Err(error)) => Err(self.first_mistake::<M>(error, &walk, buf)),
        }
    }

    /// In data of which nothing more has arrived. Of a message without a byte none has begun.
    fn more(walk: &W) -> Input {
        let begun = walk.passed() > 0 || walk.at() > 0;
        if walk.is_open() && begun { Input::UntilEnd } else { Input::Need(1) }
    }

    /// Where the size of the frame is known, a whole message is read in the order of its fields: what is wrong with an
    /// earlier one comes first, and a field that goes on behind the frame is told of as such.
    #[cold]
    fn first_mistake<M: Streamed<Walk = W>>(&self, error: DecodeError, walk: &W, buf: &[u8]) -> DecodeError {
        let Some(frame_bytes) = walk.frame_bytes().filter(|_| !self.is_within()) else { return error };
        let head = buf.get(..frame_bytes).unwrap_or(buf);
        let missing = frame_bytes.saturating_sub(head.len());
        match M::decode_head(head, frame_bytes).err() {
            Some(DecodeError { fault: Fault::Truncated { needed }, field, offset, .. }) => {
                match needed.saturating_sub(missing) {
                    0 => error,
                    needed => DecodeError::new(field, offset, Fault::Truncated { needed }),
                }
            }
            Some(earlier) => earlier,
            None => error,
        }
    }

    pub(super) fn decode<'a, M: Streamed<Walk = W>>(
        &mut self,
        frame: &'a mut [u8],
    ) -> Result<Decoded<Part<'a, M::Head<'a>>>, DecodeError> {
        let (found, passed) = (core::mem::take(&mut self.found), self.walk.passed());
        self.walk = core::mem::take(&mut self.behind);
        let frame_bytes = self.walk.least();
        self.walk.hand_out(found.len);
        let (front, rest) = frame.split_at_mut(found.data.start.min(frame.len()));
        let front: &'a [u8] = front;
        let (data, tail) = rest.split_at_mut(found.data.len().min(rest.len()));
        let head = self.head::<M>(found.head.and_then(|end| front.get(..end)), frame_bytes);
        let discards = self.discards;
        if !discards {
            self.tally.add(data);
            self.mask.apply(data);
        }
        let checked = match found.end && !discards {
            true => M::check_tail(core::mem::take(&mut self.tally), tail, passed.saturating_add(found.data.end)),
            false => Ok(()),
        };
        if found.end {
            *self = Self::default();
        }
        let head = head?;
        checked?;
        if discards {
            return Ok(Decoded::Handled);
        }
        Ok(Decoded::Message(Part { head, data, end: found.end }))
    }

    /// Reads the head, if this part has it. If that is bad, the rest of the message is thrown away as it comes.
    fn head<'a, M: Streamed<Walk = W>>(
        &mut self,
        head: Option<&'a [u8]>,
        frame_bytes: usize,
    ) -> Result<Option<M::Head<'a>>, DecodeError> {
        let Some(bytes) = head else { return Ok(None) };
        let read = M::decode_head(bytes, frame_bytes);
        match &read {
            Ok(head) => (self.mask, self.tally) = (M::mask(head), M::tally(bytes)),
            Err(_) => self.discards = true,
        }
        read.map(Some)
    }

    /// How many bytes of a message are still to come at the least, whose first part has been handed out.
    #[must_use]
    pub fn unfinished(&self) -> usize {
        if self.is_within() { self.walk.least().max(1) } else { 0 }
    }

    /// How many bytes of the message have been handed out.
    #[must_use]
    pub fn handed_out(&self) -> usize {
        self.walk.passed()
    }

    /// Goes on behind a bad part: the rest of a message whose head is bad is skipped as it comes; else nothing is
    /// remembered.
    pub fn recover(&mut self, recovery: Recovery) -> Recovery {
        if recovery != Recovery::Skip {
            *self = Self::default();
        }
        recovery
    }
}
