//! Finding the end of a block that arrives in pieces, and checking each line once it has arrived.

use super::{DecodeError, END, Fault, Field, HEADER_LINES_MAX, HeaderFault};
use core::str;
use memchr::{memchr, memchr_iter, memrchr};

/// What has been looked at of a block that is still arriving.
#[derive(Debug)]
pub(in crate::wire) enum Arrived {
    /// The lines take so many bytes; the empty one follows them.
    Whole(usize),
    /// So many bytes are sure to be lines.
    Part(usize),
}

/// Looks for the end of the block at the start of `arrived`, of which the first `looked` bytes have been looked at, and
/// checks each line that has arrived whole, and how many they are. The block stands at `offset`.
pub(in crate::wire) fn scan(
    arrived: &[u8],
    looked: usize,
    max: usize,
    offset: usize,
    field: &'static Field,
) -> Result<Arrived, DecodeError> {
    let window = arrived.get(..max.saturating_add(END.len())).unwrap_or(arrived);
    let at = |place: usize| offset.saturating_add(place);
    let mut from = looked;
    // Where the line that `from` stands in starts.
    let mut start = memrchr(b'\n', window.get(..looked).unwrap_or(window)).map_or(0, |end| end.saturating_add(1));
    let mut lines = 0usize;
    while let Some(found) = memchr(b'\n', window.get(from..).unwrap_or_default()) {
        let end = from.saturating_add(found);
        let Some(line) = window.get(start..end).unwrap_or_default().strip_suffix(b"\r") else {
            return Err(DecodeError::new(field, at(end), Fault::Header(HeaderFault::LineEnd)));
        };
        if line.is_empty() {
            if looked > 0 || lines > HEADER_LINES_MAX {
                count(window.get(..start).unwrap_or_default(), offset, field)?;
            }
            return Ok(Arrived::Whole(start));
        }
        check(line, at(start), field)?;
        lines = lines.saturating_add(1);
        from = end.saturating_add(1);
        start = from;
    }
    if window.len() == max.saturating_add(END.len()) {
        let fault = Fault::TooLong { found: arrived.len() as u64, limit: max as u64 };
        return Err(DecodeError::new(field, at(max), fault));
    }
    // A CR at the start of a line can only be the empty line.
    let end_begun = window == b"\r" || window.ends_with(b"\n\r");
    Ok(Arrived::Part(window.len().saturating_sub(usize::from(end_begun))))
}

/// Checks how many lines there are.
fn count(lines: &[u8], offset: usize, field: &'static Field) -> Result<(), DecodeError> {
    let Some(over) = memchr_iter(b'\n', lines).nth(HEADER_LINES_MAX) else { return Ok(()) };
    let start = memrchr(b'\n', lines.get(..over).unwrap_or_default()).map_or(0, |at| at.saturating_add(1));
    let fault = Fault::TooLong { found: (HEADER_LINES_MAX as u64).saturating_add(1), limit: HEADER_LINES_MAX as u64 };
    Err(DecodeError::new(field, offset.saturating_add(start), fault))
}

/// Checks a line without its end, which stands at `offset`.
fn check(line: &[u8], offset: usize, field: &'static Field) -> Result<(), DecodeError> {
    let at = |place: usize| offset.saturating_add(place);
    let refuse = |place: usize, fault| Err(DecodeError::new(field, at(place), Fault::Header(fault)));
    let name_end = line.iter().position(|byte| !is_token(*byte));
    let colon = match name_end.and_then(|end| Some((end, *line.get(end)?))) {
        Some((0, b':')) => return refuse(0, HeaderFault::NoName),
        Some((0, b' ' | b'\t')) => return refuse(0, HeaderFault::Fold),
        Some((colon, b':')) => colon,
        None => return refuse(line.len(), HeaderFault::Colon),
        Some((end, b' ' | b'\t')) => {
            let behind = line.get(end..).unwrap_or_default().trim_ascii_start();
            let fault = if behind.starts_with(b":") { HeaderFault::Blank } else { HeaderFault::Name };
            return refuse(end, fault);
        }
        Some((end, _)) => return refuse(end, HeaderFault::Name),
    };
    let start = colon.saturating_add(1);
    let value = line.get(start..).unwrap_or_default();
    if is_visible(value) {
        return Ok(());
    }
    if let Some(place) = value.iter().position(|byte| !is_value(*byte)) {
        return refuse(start.saturating_add(place), HeaderFault::Control);
    }
    match str::from_utf8(value) {
        Ok(_) => Ok(()),
        Err(error) => {
            let place = start.saturating_add(error.valid_up_to());
            Err(DecodeError::new(field, at(place), Fault::Utf8))
        }
    }
}

/// Whether there are only visible characters of ASCII and blanks, as nearly always: looked at eight at a time.
fn is_visible(value: &[u8]) -> bool {
    let each = |byte: u8| u64::from_ne_bytes([byte; 8]);
    let (words, rest) = value.as_chunks::<8>();
    words.iter().all(|word| {
        let word = u64::from_ne_bytes(*word);
        // Nothing is carried from one byte to the next where all are under 0x80: then the highest bit of a sum says whether
        // the byte is 0x20 at least, and whether it is 0x7F.
        let ascii = word & each(0x80) == 0;
        let no_control = word.wrapping_add(each(0x60)) & each(0x80) == each(0x80);
        let no_delete = word.wrapping_add(each(0x01)) & each(0x80) == 0;
        ascii && no_control && no_delete
    }) && rest.iter().all(|byte| matches!(byte, b' '..=b'~'))
}

/// `tchar` of RFC 9110, section 5.6.2: which bytes a name may hold.
#[expect(clippy::indexing_slicing, reason = "a constant, which would not compile with an index out of bounds")]
const TOKENS: [bool; 256] = {
    let mut tokens = [false; 256];
    let mut byte = 0u8;
    while byte < 128 {
        let is_mark = matches!(
            byte,
            b'!' | b'#' | b'$' | b'%' | b'&' | b'\'' | b'*' | b'+' | b'-' | b'.' | b'^' | b'_' | b'`' | b'|' | b'~'
        );
        tokens[byte as usize] = is_mark || byte.is_ascii_alphanumeric();
        byte += 1;
    }
    tokens
};

/// Whether a name may hold this byte.
pub(super) fn is_token(byte: u8) -> bool {
    TOKENS.get(usize::from(byte)).is_some_and(|token| *token)
}

/// What a value holds: all but control characters, and the tab.
pub(super) const fn is_value(byte: u8) -> bool {
    matches!(byte, b'\t' | b' '..=b'~' | 0x80..=0xff)
}
