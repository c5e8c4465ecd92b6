//! JSON that ends where its first brace or bracket is closed: nothing stands around it but blanks.

use super::{DecodeError, EncodeError, EncodeFault, Fault, Field, Input, Opened, more, take_back, within};
use bytes::BytesMut;

/// The scan of a JSON object or list, in which braces of its texts do not count. What is open in it is counted, not
/// remembered: whether each is closed by its like, the reader of the JSON sees.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Braces {
    /// How many bytes have been looked at.
    seen: usize,
    /// How many braces and brackets are open; none in front of the first.
    open: usize,
    /// Whether a text is open.
    text: bool,
    /// Whether the next byte of a text means itself.
    escaped: bool,
}

impl Braces {
    /// Searches for the last brace of at most `max` bytes, the blanks in front of the first among them.
    ///
    /// # Errors
    ///
    /// It does not come within them, or the first byte opens neither an object nor a list.
    #[inline]
    pub fn resume(&mut self, buf: &[u8], max: usize, field: &'static Field) -> Result<Input, DecodeError> {
        let window = buf.get(..max).unwrap_or(buf);
        for (at, &byte) in window.iter().enumerate().skip(self.seen) {
            match byte {
                _ if self.escaped => self.escaped = false,
                b'\\' if self.text => self.escaped = true,
                b'"' if self.open > 0 => self.text = !self.text,
                _ if self.text => {}
                b'{' | b'[' => self.open = self.open.saturating_add(1),
                b'}' | b']' if self.open > 1 => self.open = self.open.saturating_sub(1),
                b'}' | b']' if self.open == 1 => {
                    *self = Self::default();
                    return Ok(Input::Frame(at.saturating_add(1)));
                }
                _ if self.open > 0 || is_blank(byte) => {}
                found => return Err(DecodeError::new(field, at, Fault::NoBrace { found })),
            }
        }
        self.seen = window.len();
        more(buf, max, if self.open > 0 { 1 } else { 2 }, field)
    }

    /// Takes the blanks in front off.
    ///
    /// # Errors
    ///
    /// The bytes are not one object or list.
    #[inline]
    pub fn open<'f>(frame: &'f mut [u8], field: &'static Field) -> Result<Opened<'f>, DecodeError> {
        match Self::default().resume(frame, frame.len().saturating_add(1), field)? {
            Input::Need(needed) => Err(DecodeError::new(field, frame.len(), Fault::Truncated { needed })),
            // No end of a stream ends it.
            Input::UntilEnd => Err(DecodeError::new(field, frame.len(), Fault::Truncated { needed: 1 })),
            Input::Frame(len) if len < frame.len() => {
                let extra = frame.len().saturating_sub(len);
                Err(DecodeError::new(field, len, Fault::Trailing { extra }))
            }
            Input::Frame(end) => {
                let start = frame.iter().take_while(|byte| is_blank(**byte)).count();
                let content = frame.get(start..).unwrap_or_default();
                Ok(Opened { content, start, end, width: <[u8]>::len })
            }
        }
    }

    /// Checks that what was appended to `out` behind `start` ends where a receiver sees its end.
    ///
    /// # Errors
    ///
    /// It is no object or list, or has something around it, or is larger than `max`: then it is taken back.
    #[inline]
    pub fn close(out: &mut BytesMut, start: usize, max: usize, field: &'static Field) -> Result<(), EncodeError> {
        let content = out.get(start..).unwrap_or_default();
        let found = Self::default().resume(content, content.len().saturating_add(1), field);
        let begins = content.first().is_some_and(|byte| !is_blank(*byte));
        if !begins || found != Ok(Input::Frame(content.len())) {
            return take_back(out, start, EncodeFault::NoBraces, field);
        }
        within(out, start, max, field)
    }
}

/// What JSON allows between its values.
const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}
