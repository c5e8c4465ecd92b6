//! Lines: a line feed ends a message, and a carriage return in front of it belongs to the end.

use super::{DecodeError, EncodeError, EncodeFault, Field, Input, Opened, body, more, take_back, within};
use crate::wire::scan::find_byte;
use bytes::{BufMut, BytesMut};
use memchr::memchr;

/// The scan of a line: how many bytes have been searched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lines {
    seen: usize,
}

impl Lines {
    /// Searches for the end of a line of at most `max` bytes, its end among them.
    ///
    /// # Errors
    ///
    /// It does not come within them.
    #[inline]
    pub fn resume(&mut self, buf: &[u8], max: usize, field: &'static Field) -> Result<Input, DecodeError> {
        let window = buf.get(..max).unwrap_or(buf);
        if let Some(at) = find_byte(window, self.seen, b'\n') {
            self.seen = 0;
            return Ok(Input::Frame(at.saturating_add(1)));
        }
        self.seen = window.len();
        more(buf, max, 1, field)
    }

    /// Takes the end of the line off.
    ///
    /// # Errors
    ///
    /// The bytes are not one line.
    #[inline]
    pub fn open<'f>(frame: &'f mut [u8], field: &'static Field) -> Result<Opened<'f>, DecodeError> {
        let end = body(frame, 0, b'\n', field)?;
        let line = frame.get(..end).unwrap_or_default();
        let content = line.strip_suffix(b"\r").unwrap_or(line);
        Ok(Opened { content, start: 0, end, width: <[u8]>::len })
    }

    /// Ends the line that was appended to `out` behind `start`.
    ///
    /// # Errors
    ///
    /// It would be read as another, or is larger than `max` with its end: then it is taken back.
    #[inline]
    pub fn close(out: &mut BytesMut, start: usize, max: usize, field: &'static Field) -> Result<(), EncodeError> {
        let content = out.get(start..).unwrap_or_default();
        if let Some(offset) = memchr(b'\n', content) {
            return take_back(out, start, EncodeFault::Delimiter { offset }, field);
        }
        if content.ends_with(b"\r") {
            return take_back(out, start, EncodeFault::Trimmed { suffix: b"\r" }, field);
        }
        out.put_u8(b'\n');
        within(out, start, max, field)
    }
}
