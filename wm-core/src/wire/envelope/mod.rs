//! Envelopes: what stands around every message of a protocol, says where it ends, and hides in the content what would
//! say so too early. SLIP (RFC 1055), COBS (Cheshire and Baker, 1997), lines, and JSON that ends at its last brace.
//!
//! Each of them searches for its end (`resume`), takes itself off in place (`open`), and puts itself on (`close`):
//!
//! ```text
//!   received  c0 01 db dc 02 c0        END  1  ESC ESC_END  2  END
//!   content   .. 01 c0 02              where it stands, with the escapes undone
//! ```
//!
//! What the layout inside says of its bytes is counted in the content; [`Opened::as_received`] turns it into the place
//! in the frame as the peer has sent it. Of the content alone this can be told, because each envelope has but one
//! spelling for it, up to its last byte.

mod braces;
mod cobs;
mod line;
mod slip;

pub use braces::Braces;
pub use cobs::Cobs;
pub use line::Lines;
pub use slip::Slip;

use super::scan::{Input, find_byte};
use super::{DecodeError, EncodeError, EncodeFault, Fault, Field};
use bytes::BytesMut;

/// A frame whose envelope has been taken off.
#[derive(Debug, Clone, Copy)]
pub struct Opened<'f> {
    content: &'f [u8],
    /// Where the content starts in the frame.
    start: usize,
    /// Where the envelope ends it.
    end: usize,
    /// How many bytes of the frame stand for the start of the content.
    width: fn(&[u8]) -> usize,
}

impl<'f> Opened<'f> {
    /// What was in the envelope.
    #[inline]
    #[must_use]
    pub const fn content(&self) -> &'f [u8] {
        self.content
    }

    /// An error of the content, at its place in the frame as it was received.
    #[cold]
    #[must_use]
    pub fn as_received(&self, error: DecodeError) -> DecodeError {
        let before = self.content.get(..error.offset).unwrap_or(self.content);
        let offset = self.start.saturating_add((self.width)(before)).min(self.end);
        DecodeError { offset, ..error }
    }
}

/// The search for a byte that ends a frame, and that may stand in front of one too, with nothing between.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct End {
    /// How many of them stand in front.
    leading: usize,
    /// How many bytes have been searched.
    seen: usize,
}

impl End {
    /// Searches for `end` behind those in front. At most `max` bytes are searched, those in front among them.
    fn resume(&mut self, buf: &[u8], end: u8, max: usize, field: &'static Field) -> Result<Input, DecodeError> {
        let window = buf.get(..max).unwrap_or(buf);
        if self.seen == self.leading {
            let fresh = window.get(self.leading..).unwrap_or_default();
            self.leading = self.leading.saturating_add(leading(fresh, end));
        }
        match find_byte(window, self.seen.max(self.leading), end) {
            Some(at) => {
                *self = Self::default();
                Ok(Input::Frame(at.saturating_add(1)))
            }
            None => {
                self.seen = window.len();
                let needed = if self.seen == self.leading { 2 } else { 1 };
                more(buf, max, needed, field)
            }
        }
    }
}

/// How many of `byte` stand in front.
fn leading(bytes: &[u8], byte: u8) -> usize {
    bytes.iter().take_while(|found| **found == byte).count()
}

/// The end has not come: it may as long as the frame has room for it.
fn more(buf: &[u8], max: usize, needed: usize, field: &'static Field) -> Result<Input, DecodeError> {
    if buf.len() < max {
        return Ok(Input::Need(needed));
    }
    let fault = Fault::TooLong { found: (max as u64).saturating_add(1), limit: max as u64 };
    Err(DecodeError::new(field, max, fault))
}

/// What stands in front of the `end` of a frame, and where it does: a frame has one, and that stands last.
fn body(frame: &[u8], from: usize, end: u8, field: &'static Field) -> Result<usize, DecodeError> {
    let Some(at) = find_byte(frame, from, end) else {
        return Err(DecodeError::new(field, frame.len(), Fault::Truncated { needed: 1 }));
    };
    let behind = at.saturating_add(1);
    match frame.len().saturating_sub(behind) {
        0 => Ok(at),
        extra => Err(DecodeError::new(field, behind, Fault::Trailing { extra })),
    }
}

/// Takes the message back that was appended to `out`, and says why.
#[cold]
fn take_back(out: &mut BytesMut, start: usize, fault: EncodeFault, field: &'static Field) -> Result<(), EncodeError> {
    out.truncate(start);
    Err(EncodeError::new(field, fault))
}

/// Refuses a frame that has become larger than any may be.
fn within(out: &mut BytesMut, start: usize, max: usize, field: &'static Field) -> Result<(), EncodeError> {
    let found = out.len().saturating_sub(start);
    if found <= max {
        return Ok(());
    }
    take_back(out, start, EncodeFault::TooLong { found: found as u64, limit: max as u64 }, field)
}

#[cfg(test)]
mod tests;
