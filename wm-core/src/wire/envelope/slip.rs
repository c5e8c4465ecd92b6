//! SLIP, RFC 1055: a byte that ends a packet, and one that escapes it in the content.

use super::{
    DecodeError, EncodeError, EncodeFault, End, Fault, Field, Input, Opened, body, leading, take_back, within,
};
use bytes::{BufMut, BytesMut};
use memchr::{memchr, memchr2_iter};

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;

/// The scan of a SLIP packet. Empty packets, which the RFC has receivers drop, belong to the frame that they stand in
/// front of.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Slip(End);

impl Slip {
    /// Searches for the end of a packet of at most `max` bytes.
    ///
    /// # Errors
    ///
    /// It does not come within them.
    #[inline]
    pub fn resume(&mut self, buf: &[u8], max: usize, field: &'static Field) -> Result<Input, DecodeError> {
        self.0.resume(buf, END, max, field)
    }

    /// Takes the envelope off, and undoes the escapes in place.
    ///
    /// # Errors
    ///
    /// An escape stands for nothing, or the bytes are not one packet.
    #[inline]
    pub fn open<'f>(frame: &'f mut [u8], field: &'static Field) -> Result<Opened<'f>, DecodeError> {
        // A packet that consists of its end alone has none in front.
        let start = leading(frame, END).min(frame.len().saturating_sub(1));
        let end = body(frame, start, END, field)?;
        let content = frame.get_mut(start..end).unwrap_or_default();
        let len = unescape(content).map_err(|(at, found)| {
            DecodeError::new(field, start.saturating_add(at), Fault::Escape { found: found.unwrap_or(END) })
        })?;
        let content = content.get(..len).unwrap_or_default();
        let width = |content: &[u8]| content.len().saturating_add(memchr2_iter(END, ESC, content).count());
        Ok(Opened { content, start, end, width })
    }

    /// Puts what was appended to `out` behind `start` into an envelope.
    ///
    /// # Errors
    ///
    /// It is empty, which a receiver would drop, or larger than `max` with its envelope: then it is taken back.
    #[inline]
    pub fn close(out: &mut BytesMut, start: usize, max: usize, field: &'static Field) -> Result<(), EncodeError> {
        let content = out.get(start..).unwrap_or_default();
        if content.is_empty() {
            return take_back(out, start, EncodeFault::Empty, field);
        }
        let escapes = memchr2_iter(END, ESC, content).count();
        let mut from = out.len();
        out.put_bytes(END, escapes.saturating_add(1));
        within(out, start, max, field)?;
        // From the back, so that nothing is written over before it has been read.
        let mut to = from.saturating_add(escapes);
        while from < to {
            from = from.saturating_sub(1);
            let byte = out.get(from).copied().unwrap_or_default();
            let pair = match byte {
                END => [ESC, ESC_END],
                ESC => [ESC, ESC_ESC],
                _ => [byte, byte],
            };
            let width = if pair == [byte, byte] { 1 } else { 2 };
            to = to.saturating_sub(width);
            if let (Some(slots), Some(wire)) = (out.get_mut(to..to.saturating_add(width)), pair.get(..width)) {
                slots.copy_from_slice(wire);
            }
        }
        Ok(())
    }
}

/// Undoes the escapes, and says how many bytes are left; or where what stands behind an escape is none.
fn unescape(content: &mut [u8]) -> Result<usize, (usize, Option<u8>)> {
    let (mut from, mut to) = (0usize, 0usize);
    loop {
        let rest = content.get(from..).unwrap_or_default();
        let run = memchr(ESC, rest).unwrap_or(rest.len());
        let end = from.saturating_add(run);
        if from > to {
            content.copy_within(from..end, to);
        }
        to = to.saturating_add(run);
        if end == content.len() {
            return Ok(to);
        }
        let escaped = end.saturating_add(1);
        let value = match content.get(escaped) {
            Some(&ESC_END) => END,
            Some(&ESC_ESC) => ESC,
            found => return Err((escaped, found.copied())),
        };
        if let Some(slot) = content.get_mut(to) {
            *slot = value;
        }
        to = to.saturating_add(1);
        from = escaped.saturating_add(1);
    }
}
