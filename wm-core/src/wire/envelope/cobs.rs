//! COBS, Cheshire and Baker 1997: a zero ends a frame, and the zeros of the content are replaced by how far it is to the
//! next one.

use super::{DecodeError, EncodeError, End, Fault, Field, Input, Opened, body, leading, within};
use bytes::{BufMut, BytesMut};
use memchr::memchr;

/// The most bytes of a block: one of so many says nothing of a zero behind it.
const BLOCK: usize = 254;
/// What such a block starts with.
const FULL: u8 = 0xff;

/// The scan of a COBS frame. Zeros in front of it, which resynchronise a line, belong to it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cobs(End);

impl Cobs {
    /// Searches for the end of a frame of at most `max` bytes.
    ///
    /// # Errors
    ///
    /// It does not come within them.
    #[inline]
    pub fn resume(&mut self, buf: &[u8], max: usize, field: &'static Field) -> Result<Input, DecodeError> {
        self.0.resume(buf, 0, max, field)
    }

    /// Takes the envelope off, and puts the zeros back in place. The last block may be an empty one behind a full one:
    /// some senders write it.
    ///
    /// # Errors
    ///
    /// A block goes on behind the end, or the bytes are not one frame.
    #[inline]
    pub fn open<'f>(frame: &'f mut [u8], field: &'static Field) -> Result<Opened<'f>, DecodeError> {
        let start = leading(frame, 0).min(frame.len().saturating_sub(1));
        let end = body(frame, start, 0, field)?;
        let (mut from, mut to) = (start, start);
        while let Some(&code) = frame.get(from..end).and_then(<[u8]>::first) {
            let first = from.saturating_add(1);
            from = from.saturating_add(code.into());
            if from > end {
                let needed = from.saturating_sub(end);
                return Err(DecodeError::new(field, end, Fault::Truncated { needed }));
            }
            frame.copy_within(first..from, to);
            to = to.saturating_add(from.saturating_sub(first));
            if code != FULL && from < end {
                if let Some(slot) = frame.get_mut(to) {
                    *slot = 0;
                }
                to = to.saturating_add(1);
            }
        }
        let content = frame.get(start..to).unwrap_or_default();
        Ok(Opened { content, start, end, width })
    }

    /// Puts what was appended to `out` behind `start` into an envelope.
    ///
    /// # Errors
    ///
    /// It is larger than `max` with it: then it is taken back.
    #[inline]
    pub fn close(out: &mut BytesMut, start: usize, max: usize, field: &'static Field) -> Result<(), EncodeError> {
        let end = out.len();
        let content = end.saturating_sub(start);
        // Behind the content first, then to its place: room for its blocks and the end.
        let blocks = content.checked_div(BLOCK).unwrap_or_default().saturating_add(2);
        out.put_bytes(0, content.saturating_add(blocks));
        let (before, coded) = out.split_at_mut(end);
        let coded_len = encode(before.get(start..).unwrap_or_default(), coded);
        out.copy_within(end..end.saturating_add(coded_len), start);
        out.truncate(start.saturating_add(coded_len));
        out.put_u8(0);
        within(out, start, max, field)
    }
}

/// Writes the blocks of a content, and says how many bytes they take.
fn encode(mut rest: &[u8], coded: &mut [u8]) -> usize {
    let mut at = 0usize;
    loop {
        let window = rest.get(..BLOCK).unwrap_or(rest);
        let run = memchr(0, window).unwrap_or(window.len());
        let end = at.saturating_add(run).saturating_add(1);
        if let (Some([code, slots @ ..]), Some(block)) = (coded.get_mut(at..end), rest.get(..run)) {
            *code = u8::try_from(run.saturating_add(1)).unwrap_or(FULL);
            slots.copy_from_slice(block);
        }
        at = end;
        if run == rest.len() {
            return at;
        }
        // A full block stands for no zero: the next one starts with the byte behind it.
        let behind = if run == BLOCK { run } else { run.saturating_add(1) };
        rest = rest.get(behind..).unwrap_or_default();
    }
}

/// How many bytes of a frame stand for the start of its content: a block for each zero, and for each that is full.
fn width(content: &[u8]) -> usize {
    let full = |run: &[u8]| run.len().checked_div(BLOCK).unwrap_or_default();
    let blocks = content.split(|byte| *byte == 0).map(full).fold(1usize, usize::saturating_add);
    content.len().saturating_add(blocks)
}
