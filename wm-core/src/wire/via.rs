//! Content that does not stand on the wire as it is: masked by a key, or written in digits. It is undone in place.
//!
//! What is undone is never longer than what stood there: it takes the same place in the frame, or the start of it.

use super::{DecodeError, Fault, Field, Reader, Writer};
use ::base64::Engine as _;
use ::base64::alphabet::STANDARD;
use ::base64::engine::general_purpose::{GeneralPurpose, NO_PAD, PAD};
use bytes::BufMut;
use core::ops::Range;

/// Joins the content of a frame with a key that stands in front of it, by exclusive or; the key starts anew at its end.
/// Twice the same is nothing; so is an empty key.
#[inline]
pub fn xor(frame: &mut [u8], key: Range<usize>, content: Range<usize>) {
    let Some((head, rest)) = frame.split_at_mut_checked(content.start) else { return };
    if let (Some(key), Some(content)) = (head.get(key), rest.get_mut(..content.len())) {
        mask(content, key);
    }
}

/// Eight bytes at once where the key goes into them evenly, as that of WebSocket does; else a key repeated to a block.
fn mask(content: &mut [u8], key: &[u8]) {
    /// As much of a repeated key as is worth to be laid out.
    const BLOCK_BYTES: usize = 256;
    if !matches!(key.len(), 1 | 2 | 4 | 8) {
        let (mut block, times) = ([0; BLOCK_BYTES], BLOCK_BYTES.checked_div(key.len()).unwrap_or_default());
        let pattern = match block.get_mut(..key.len().saturating_mul(times).min(content.len())) {
            Some(pattern) if times > 1 => {
                pattern.iter_mut().zip(key.iter().cycle()).for_each(|(to, from)| *to = *from);
                &*pattern
            }
            _ => key,
        };
        for part in content.chunks_mut(pattern.len().max(1)) {
            part.iter_mut().zip(pattern).for_each(|(byte, key)| *byte ^= key);
        }
        return;
    }
    let mut pattern = [0; 8];
    pattern.iter_mut().zip(key.iter().cycle()).for_each(|(to, from)| *to = *from);
    let word = u64::from_ne_bytes(pattern);
    let (words, rest) = content.as_chunks_mut::<8>();
    for eight in words {
        *eight = (u64::from_ne_bytes(*eight) ^ word).to_ne_bytes();
    }
    rest.iter_mut().zip(pattern).for_each(|(byte, key)| *byte ^= key);
}

/// The key of content that comes in parts, turned to where the next part begins.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mask {
    key: [u8; Self::KEY_BYTES_MAX],
    len: usize,
}

impl Mask {
    /// The longest key that is kept from part to part.
    pub const KEY_BYTES_MAX: usize = 16;

    /// At the start of the content. An empty key changes nothing.
    #[must_use]
    pub fn new(key: &[u8]) -> Self {
        let mut mask = Self { key: [0; Self::KEY_BYTES_MAX], len: key.len().min(Self::KEY_BYTES_MAX) };
        mask.key.iter_mut().zip(key).for_each(|(to, from)| *to = *from);
        mask
    }

    /// Joins the next bytes with the key by exclusive or.
    #[inline]
    pub fn apply(&mut self, part: &mut [u8]) {
        let Some(key) = self.key.get_mut(..self.len).filter(|key| !key.is_empty()) else { return };
        mask(part, key);
        key.rotate_left(part.len().checked_rem(key.len()).unwrap_or_default());
    }
}

const INNER: GeneralPurpose = GeneralPurpose::new(&STANDARD, NO_PAD);
const LAST: GeneralPurpose = GeneralPurpose::new(&STANDARD, PAD);

/// Undoes base64 (RFC 4648, section 4, padded), and says how many bytes it stands for.
///
/// # Errors
///
/// It is none, or not in its one spelling: the error points at its start.
pub fn base64(frame: &mut [u8], content: Range<usize>, field: &'static Field) -> Result<usize, DecodeError> {
    /// Characters that are undone at once, and the bytes that they stand for.
    const CHARACTERS: usize = 1024;
    const BYTES: usize = 768;
    let offset = content.start;
    let fault = || DecodeError::new(field, offset, Fault::Base64);
    let content = frame.get_mut(content).unwrap_or_default();
    let (mut read, mut written) = (0usize, 0usize);
    while read < content.len() {
        let end = read.saturating_add(CHARACTERS).min(content.len());
        let engine = if end == content.len() { &LAST } else { &INNER };
        let mut bytes = [0; BYTES];
        let characters = content.get(read..end).unwrap_or_default();
        let len = engine.decode_slice(characters, &mut bytes).map_err(|_| fault())?;
        let to = content.get_mut(written..written.saturating_add(len)).ok_or_else(fault)?;
        to.copy_from_slice(bytes.get(..len).unwrap_or_default());
        (read, written) = (end, written.saturating_add(len));
    }
    Ok(written)
}

/// Undoes hexadecimal digits, and says how many bytes they stand for.
///
/// # Errors
///
/// A byte is no digit, or one digit has no other: the error points at the start.
pub fn hex(frame: &mut [u8], content: Range<usize>, field: &'static Field) -> Result<usize, DecodeError> {
    let offset = content.start;
    let content = frame.get_mut(content).unwrap_or_default();
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = content.len() / 2;
    let whole = content.len().is_multiple_of(2);
    for pair in 0..pairs {
        let at = pair.saturating_mul(2);
        let read = |at: usize| content.get(at).copied().and_then(digit);
        let byte = read(at).zip(read(at.saturating_add(1))).map(|(high, low)| high << 4 | low);
        match (byte, content.get_mut(pair)) {
            (Some(byte), Some(to)) if whole => *to = byte,
            _ => return Err(DecodeError::new(field, offset, Fault::Hex)),
        }
    }
    if whole { Ok(pairs) } else { Err(DecodeError::new(field, offset, Fault::Hex)) }
}

/// How many characters `bytes` take in base64.
#[inline]
#[must_use]
pub const fn base64_width(bytes: usize) -> usize {
    bytes.div_ceil(3).saturating_mul(4)
}

/// How many digits `bytes` take in hexadecimal.
#[inline]
#[must_use]
pub const fn hex_width(bytes: usize) -> usize {
    bytes.saturating_mul(2)
}

impl Reader<'_> {
    /// Where bytes of this frame stand in it; nothing stands nowhere.
    #[must_use]
    pub fn range(&self, bytes: &[u8]) -> Range<usize> {
        let start = if bytes.is_empty() { self.offset() } else { self.offset_of(bytes, 0) };
        start..start.saturating_add(bytes.len())
    }
}

impl Writer<'_> {
    /// Appends bytes joined with a key by exclusive or.
    #[inline]
    pub fn xored(&mut self, bytes: &[u8], key: &[u8]) {
        let start = self.offset();
        self.bytes(bytes);
        mask(self.buffer().get_mut(start..).unwrap_or_default(), key);
    }

    /// Appends bytes in base64.
    pub fn base64(&mut self, bytes: &[u8]) {
        /// Bytes that are written at once, and their characters.
        const BYTES: usize = 768;
        const CHARACTERS: usize = 1024;
        let mut characters = [0; CHARACTERS];
        for part in bytes.chunks(BYTES) {
            let len = LAST.encode_slice(part, &mut characters).unwrap_or_default();
            self.bytes(characters.get(..len).unwrap_or_default());
        }
    }

    /// Appends bytes in hexadecimal digits, small letters.
    pub fn hex(&mut self, bytes: &[u8]) {
        let digit = |value: u8| char::from_digit(value.into(), 16).map_or(b'0', |digit| digit as u8);
        for byte in bytes {
            self.buffer().put_slice(&[digit(byte >> 4), digit(byte & 0xf)]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn a_mask_is_cyclic_at_every_length_and_undoes_itself() {
        for key in [&b""[..], b"k", b"ke", b"key", b"keys", b"a longer key", &[7; 129], &[9; 300]] {
            for len in (0..40).chain([255, 256, 257, 700]) {
                let plain: Vec<u8> = (0..=255).cycle().take(len).collect();
                let mut out = BytesMut::from(key);
                Writer::new(&mut out).xored(&plain, key);
                let expected: Vec<u8> = match key {
                    [] => plain.clone(),
                    key => plain.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key).collect(),
                };
                assert_eq!(out[key.len()..], expected, "{key:?}");
                xor(&mut out, 0..key.len(), key.len()..key.len() + plain.len());
                assert_eq!(out[key.len()..], plain, "{key:?}");
            }
        }
    }

    #[test]
    fn a_mask_goes_on_where_the_last_part_ended() {
        let plain: Vec<u8> = (0..=255).cycle().take(700).collect();
        for key in [&b""[..], b"k", b"key", b"keys", b"eightkey", b"sixteen byte key"] {
            let mut whole = plain.clone();
            mask(&mut whole, key);
            for cut in 0..40 {
                let (mut mask, mut parts) = (Mask::new(key), plain.clone());
                let (first, rest) = parts.split_at_mut(cut);
                mask.apply(first);
                rest.chunks_mut(cut + 1).for_each(|part| mask.apply(part));
                assert_eq!(parts, whole, "{key:?} cut at {cut}");
            }
        }
    }

    #[test]
    fn digits_are_undone_in_place_at_every_length() {
        for len in [0, 1, 2, 3, 4, 767, 768, 769, 770, 1536, 2000] {
            let plain: Vec<u8> = (0u8..251).cycle().take(len).collect();
            let mut out = BytesMut::new();
            Writer::new(&mut out).base64(&plain);
            assert_eq!(out.len(), base64_width(len));
            let range = 0..out.len();
            assert_eq!(base64(&mut out, range, F), Ok(len));
            assert_eq!(out[..len], plain);
            let mut out = BytesMut::new();
            Writer::new(&mut out).hex(&plain);
            assert_eq!(out.len(), hex_width(len));
            let range = 0..out.len();
            assert_eq!(hex(&mut out, range, F), Ok(len));
            assert_eq!(out[..len], plain);
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        for wrong in ["a", "ab", "abc", "ab=c", "ab==cd==", "YR==", "a\nbc", "===="] {
            let mut bytes = wrong.as_bytes().to_vec();
            assert!(base64(&mut bytes, 0..wrong.len(), F).is_err(), "{wrong}");
        }
        let mut long = [&b"YQ=="[..]; 300].concat();
        assert!(base64(&mut long, 0..1200, F).is_err(), "a pad stands at the end alone");
        for wrong in ["a", "ag", "abc", "+1", " 1"] {
            let mut bytes = wrong.as_bytes().to_vec();
            assert!(hex(&mut bytes, 0..wrong.len(), F).is_err(), "{wrong}");
        }
    }
}
