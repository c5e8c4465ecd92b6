//! Words, and text of a range of characters: what a message of text says beside its numbers.

use super::{DecodeError, EncodeError, EncodeFault, Fault, Field, Reader};

/// The visible characters of ASCII, of which words are made.
const VISIBLE: core::ops::RangeInclusive<u8> = b'!'..=b'~';

impl<'a> Reader<'a> {
    /// Checks that each of `bytes`, which were read last, is within `least..=most`.
    ///
    /// # Errors
    ///
    /// One is not: the error points at the first.
    #[inline]
    pub fn characters(&self, bytes: &[u8], least: u8, most: u8, field: &'static Field) -> Result<(), DecodeError> {
        let Some(at) = bytes.iter().position(|byte| !(least..=most).contains(byte)) else { return Ok(()) };
        let found = bytes.get(at).copied().unwrap_or_default().into();
        let fault = Fault::OutOfRange { found, least: least.into(), most: most.into() };
        Err(DecodeError::new(field, self.offset_of(bytes, at), fault))
    }

    /// Checks that `bytes`, which were read last, are a word: visible ASCII, at least one character.
    ///
    /// # Errors
    ///
    /// They are empty, or one of them is something else.
    #[inline]
    pub fn word(&self, bytes: &'a [u8], field: &'static Field) -> Result<&'a str, DecodeError> {
        if bytes.is_empty() {
            let fault = Fault::TooShort { found: 0, least: 1 };
            return Err(DecodeError::new(field, self.offset_of(bytes, 0), fault));
        }
        self.characters(bytes, *VISIBLE.start(), *VISIBLE.end(), field)?;
        self.utf8(bytes, field)
    }

    /// The error of a word that is none of those `expected`.
    #[cold]
    #[must_use]
    pub fn unknown(&self, word: &str, expected: &'static [&'static str], field: &'static Field) -> DecodeError {
        DecodeError::new(field, self.offset_of(word.as_bytes(), 0), Fault::Word { expected })
    }
}

/// Checks that each byte of `content` is within `least..=most`.
///
/// # Errors
///
/// One is not.
#[inline]
pub(super) fn characters(content: &[u8], least: u8, most: u8, field: &'static Field) -> Result<(), EncodeError> {
    match content.iter().find(|byte| !(least..=most).contains(*byte)) {
        None => Ok(()),
        Some(&found) => {
            let fault = EncodeFault::OutOfRange { found: found.into(), least: least.into(), most: most.into() };
            Err(EncodeError::new(field, fault))
        }
    }
}

/// Checks a word that has no name of its own.
///
/// # Errors
///
/// It is none, or it is `named`: it would come back as another variant.
#[inline]
pub(super) fn word(word: &str, named: bool, field: &'static Field) -> Result<(), EncodeError> {
    if !named && !word.is_empty() && word.bytes().all(|byte| VISIBLE.contains(&byte)) {
        return Ok(());
    }
    Err(EncodeError::new(field, EncodeFault::Word))
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn a_word_is_visible() {
        let frame = b"GET a\tb";
        let reader = Reader::new(frame);
        assert_eq!(reader.word(&frame[..3], F), Ok("GET"));
        let fault = Fault::OutOfRange { found: 9, least: 33, most: 126 };
        assert_eq!(reader.word(&frame[4..], F), Err(DecodeError::new(F, 5, fault)));
        let fault = Fault::TooShort { found: 0, least: 1 };
        assert_eq!(reader.word(&frame[4..4], F), Err(DecodeError::new(F, 4, fault)));
        assert_eq!(reader.unknown("x", &["GET", "PUT"], F).fault.to_string(), "no word of GET, PUT");
    }

    #[test]
    fn what_would_come_back_as_something_else_is_not_sent() {
        assert_eq!(word("COPY", false, F), Ok(()));
        for (other, named) in [("GET", true), ("", false), ("a b", false), ("ä", false)] {
            assert_eq!(word(other, named, F), Err(EncodeError::new(F, EncodeFault::Word)), "{other}");
        }
        assert_eq!(characters(b"a~", b' ', b'~', F), Ok(()));
        let fault = EncodeFault::OutOfRange { found: 10, least: 32, most: 126 };
        assert_eq!(characters(b"a\n", b' ', b'~', F), Err(EncodeError::new(F, fault)));
    }
}
