//! Numbers, strings and hex, from their spelling to their value.

use crate::diagnostic::Code;
use std::ops::Range;

/// Why a literal has no value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct BadLiteral {
    /// [`Code::NumberTooLarge`] or [`Code::BadLiteral`].
    pub(super) code: Code,
    /// Where in the spelling, in bytes.
    pub(super) at: Range<usize>,
    /// What is wrong there.
    pub(super) label: String,
    /// Why it is wrong.
    pub(super) why: &'static str,
    /// What to type instead.
    pub(super) help: &'static str,
}

impl BadLiteral {
    fn new(at: Range<usize>, label: impl Into<String>, why: &'static str, help: &'static str) -> Self {
        Self { code: Code::BadLiteral, at, label: label.into(), why, help }
    }
}

/// The value of `1_000`, `0xFF`, `0b101`, `64K`, `2G`.
///
/// # Errors
/// A digit that its base does not have, or a number over `i128::MAX`.
pub(super) fn int(text: &str) -> Result<i128, BadLiteral> {
    let (radix, digits_at) = match text.get(..2) {
        Some("0x" | "0X") => (16, 2),
        Some("0b" | "0B") => (2, 2),
        _ => (10, 0),
    };
    let (digits, unit) = match text.as_bytes().last() {
        Some(b'K') => (&text[digits_at..text.len() - 1], 1 << 10),
        Some(b'M') => (&text[digits_at..text.len() - 1], 1 << 20),
        Some(b'G') => (&text[digits_at..text.len() - 1], 1 << 30),
        _ => (&text[digits_at..], 1),
    };
    let mut value: i128 = 0;
    let mut seen = false;
    for (at, letter) in digits.char_indices().filter(|(_, letter)| *letter != '_') {
        let Some(digit) = letter.to_digit(radix) else {
            let at = digits_at + at;
            let why = "a number is digits of its base, and perhaps a unit";
            let help = "a number is written `1500`, `0x1F`, `0b101`, or with a unit: `64K`, `10M`, `2G`";
            return Err(BadLiteral::new(
                at..at + letter.len_utf8(),
                format!("`{letter}` is no digit of it"),
                why,
                help,
            ));
        };
        seen = true;
        value = value
            .checked_mul(radix.into())
            .and_then(|value| value.checked_add(digit.into()))
            .ok_or_else(|| too_large(text))?;
    }
    if !seen {
        return Err(BadLiteral::new(
            0..text.len(),
            "a number without digits",
            "`0x` and `0b` only say the base",
            "add a digit, such as `0x0`",
        ));
    }
    value.checked_mul(unit).ok_or_else(|| too_large(text))
}

fn too_large(text: &str) -> BadLiteral {
    BadLiteral {
        code: Code::NumberTooLarge,
        at: 0..text.len(),
        label: "does not fit any integer of the language".into(),
        why: "numbers are held in 128 bits, one of them the sign",
        help: "the largest number that can be written is 2^127 - 1",
    }
}

/// The bytes of `"a\r\n"` or `'a'`, quotes included.
///
/// # Errors
/// An escape that does not exist.
pub(super) fn quoted(text: &str) -> Result<Vec<u8>, BadLiteral> {
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let mut bytes = Vec::with_capacity(inner.len());
    let mut rest = inner;
    while let Some(letter) = rest.chars().next() {
        if letter != '\\' {
            bytes.extend_from_slice(&rest.as_bytes()[..letter.len_utf8()]);
            rest = &rest[letter.len_utf8()..];
            continue;
        }
        let (byte, taken) = escape(rest, 1 + inner.len() - rest.len())?;
        bytes.push(byte);
        rest = &rest[taken..];
    }
    Ok(bytes)
}

/// Why a backslash is never just a backslash.
const ESCAPES: &str = "a backslash starts an escape";

/// The byte of the escape that `rest` starts with, and the length of its spelling; `at` is where that stands.
fn escape(rest: &str, at: usize) -> Result<(u8, usize), BadLiteral> {
    let escaped = rest[1..].chars().next().unwrap_or(' ');
    let byte = match escaped {
        'n' => b'\n',
        'r' => b'\r',
        't' => b'\t',
        '0' => 0,
        '\\' => b'\\',
        '"' => b'"',
        '\'' => b'\'',
        'x' => match rest.get(2..4).and_then(hex_byte) {
            Some(byte) => return Ok((byte, 4)),
            None => {
                let digits: usize = rest[2..].chars().take(2).map(char::len_utf8).sum();
                let help = "two hexadecimal digits follow `\\x`: `\\x7f`";
                return Err(BadLiteral::new(at..at + 2 + digits, "this is no byte", ESCAPES, help));
            }
        },
        _ => {
            let help = r#"the escapes are `\n` `\r` `\t` `\0` `\\` `\"` `\'` and, for any byte, `\x7f`"#;
            let label = format!("there is no escape `\\{escaped}`");
            return Err(BadLiteral::new(at..at + 1 + escaped.len_utf8(), label, ESCAPES, help));
        }
    };
    Ok((byte, 2))
}

/// The bytes of the string behind `hex`, quotes included.
///
/// # Errors
/// Anything but pairs of hexadecimal digits.
pub(super) fn hex(text: &str) -> Result<Vec<u8>, BadLiteral> {
    const WHY: &str = "each byte is two digits";
    const HELP: &str = "two hexadecimal digits for each byte, with blanks between bytes: `hex \"05 01 ff\"`";
    let inner = text.get(1..text.len().saturating_sub(1)).unwrap_or_default();
    let mut bytes = Vec::new();
    let mut high: Option<(usize, u8)> = None;
    for (at, letter) in inner.char_indices() {
        let at = at + 1;
        match (letter.to_digit(16).and_then(|digit| u8::try_from(digit).ok()), high) {
            (Some(digit), None) => high = Some((at, digit)),
            (Some(digit), Some((_, first))) => {
                bytes.push(first << 4 | digit);
                high = None;
            }
            (None, None) if letter == ' ' || letter == '_' => {}
            (None, None) => {
                let label = format!("`{letter}` is no hexadecimal digit");
                return Err(BadLiteral::new(at..at + letter.len_utf8(), label, WHY, HELP));
            }
            (None, Some((first, _))) => return Err(BadLiteral::new(first..at, "half a byte", WHY, HELP)),
        }
    }
    match high {
        Some((first, _)) => Err(BadLiteral::new(first..first + 1, "half a byte", WHY, HELP)),
        None => Ok(bytes),
    }
}

fn hex_byte(digits: &str) -> Option<u8> {
    digits.bytes().all(|digit| digit.is_ascii_hexdigit()).then(|| u8::from_str_radix(digits, 16).ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::{hex, int, quoted};
    use crate::diagnostic::Code;

    #[test]
    fn numbers() {
        let table = [
            ("0", 0),
            ("1_000", 1000),
            ("0xFf", 255),
            ("0b1_01", 5),
            ("64K", 65536),
            ("10M", 10 << 20),
            ("2G", 2 << 30),
        ];
        for (text, value) in table {
            assert_eq!(int(text), Ok(value), "{text}");
        }
        assert_eq!(int("170141183460469231731687303715884105727"), Ok(i128::MAX));
    }

    #[test]
    fn bad_numbers() {
        let table = [
            ("12abc", Code::BadLiteral, 2..3),
            ("0x", Code::BadLiteral, 0..2),
            ("0b12", Code::BadLiteral, 3..4),
            ("170141183460469231731687303715884105728", Code::NumberTooLarge, 0..39),
            ("170141183460469231731687303715884105727K", Code::NumberTooLarge, 0..40),
        ];
        for (text, code, at) in table {
            let bad = int(text).expect_err(text);
            assert_eq!((bad.code, bad.at), (code, at), "{text}");
        }
    }

    #[test]
    fn strings() {
        let table: [(&str, &[u8]); 4] = [
            (r#""""#, b""),
            (r#""a\r\n\t\0\\\"""#, b"a\r\n\t\0\\\""),
            (r#""\x7f\xFFé""#, b"\x7f\xff\xc3\xa9"),
            (r"'\''", b"'"),
        ];
        for (text, bytes) in table {
            assert_eq!(quoted(text).as_deref(), Ok(bytes), "{text}");
        }
    }

    #[test]
    fn bad_strings() {
        for (text, at) in [(r#""a\qb""#, 2..4), (r#""\x7""#, 1..4), (r#""\xéé""#, 1..7), (r#""\x+1""#, 1..5)] {
            assert_eq!(quoted(text).expect_err(text).at, at, "{text}");
        }
    }

    #[test]
    fn hexadecimal() {
        assert_eq!(hex(r#""05 01ff""#), Ok(vec![5, 1, 255]));
        assert_eq!(hex(r#""""#), Ok(vec![]));
        for (text, at) in [(r#""0""#, 1..2), (r#""0 1""#, 1..2), (r#""0g""#, 1..2), (r#""00 g""#, 4..5)] {
            assert_eq!(hex(text).expect_err(text).at, at, "{text}");
        }
    }
}
