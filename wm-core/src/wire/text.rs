//! Numbers written in ASCII: `dec`, `idec` and `hex`.
//!
//! Strict on purpose: no sign but `-` for `idec`, no blank, and no leading zero where the width is free. A lax reader
//! and a strict one behind each other is how requests are smuggled.

use super::{DecodeError, Fault, Field};
use core::fmt;

/// The base of a number in ASCII.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Radix {
    /// `0` to `9`.
    Decimal,
    /// `0` to `9` and `a` to `f` in either case; written in lower case.
    Hex,
}

impl Radix {
    /// 10 or 16.
    #[must_use]
    pub const fn base(self) -> u64 {
        match self {
            Self::Decimal => 10,
            Self::Hex => 16,
        }
    }

    /// The digit of a value below the base.
    pub(super) const fn character(self, value: u64) -> u8 {
        match char::from_digit((value & 0xf) as u32, 16) {
            Some(digit) => digit as u8,
            None => b'0',
        }
    }

    /// The value of a digit, if it is one.
    #[must_use]
    pub const fn digit(self, byte: u8) -> Option<u64> {
        match (self, byte) {
            (_, b'0'..=b'9') => Some(byte.wrapping_sub(b'0') as u64),
            (Self::Hex, b'a'..=b'f') => Some(byte.wrapping_sub(b'a').wrapping_add(10) as u64),
            (Self::Hex, b'A'..=b'F') => Some(byte.wrapping_sub(b'A').wrapping_add(10) as u64),
            _ => None,
        }
    }
}

impl fmt::Display for Radix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Decimal => "decimal",
            Self::Hex => "hexadecimal",
        })
    }
}

/// A number of fixed width: leading zeros belong to it.
pub(super) fn padded(digits: &[u8], radix: Radix, offset: usize, field: &'static Field) -> Result<u64, DecodeError> {
    let mut value = 0u64;
    for (at, &found) in digits.iter().enumerate() {
        let fail = |fault| DecodeError::new(field, offset.saturating_add(at), fault);
        let Some(digit) = radix.digit(found) else { return Err(fail(Fault::Digit { found, radix })) };
        let Some(next) = value.checked_mul(radix.base()).and_then(|value| value.checked_add(digit)) else {
            return Err(fail(Fault::Overflow));
        };
        value = next;
    }
    Ok(value)
}

/// A number of free width: no leading zero, at least one digit.
pub(super) fn unpadded(digits: &[u8], radix: Radix, offset: usize, field: &'static Field) -> Result<u64, DecodeError> {
    match digits {
        [] => Err(DecodeError::new(field, offset, Fault::NoDigits)),
        [b'0', rest @ ..] if rest.first().is_some_and(|&next| radix.digit(next).is_some()) => {
            Err(DecodeError::new(field, offset, Fault::NotMinimal))
        }
        _ => padded(digits, radix, offset, field),
    }
}

/// A decimal with an optional `-`.
pub(super) fn signed(digits: &[u8], offset: usize, field: &'static Field) -> Result<i64, DecodeError> {
    let Some(magnitude) = digits.strip_prefix(b"-") else {
        let value = unpadded(digits, Radix::Decimal, offset, field)?;
        return i64::try_from(value).map_err(|_| DecodeError::new(field, offset, Fault::Overflow));
    };
    match unpadded(magnitude, Radix::Decimal, offset.saturating_add(1), field)? {
        0 => Err(DecodeError::new(field, offset, Fault::NotMinimal)),
        value => 0i64.checked_sub_unsigned(value).ok_or(DecodeError::new(field, offset, Fault::Overflow)),
    }
}

/// How many characters `value` takes.
pub(super) fn width(value: u64, radix: Radix) -> usize {
    let digits = value.checked_ilog(radix.base()).unwrap_or(0).saturating_add(1);
    digits as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn good() {
        assert_eq!(padded(b"0000000014", Radix::Decimal, 0, F), Ok(14));
        assert_eq!(unpadded(b"18446744073709551615", Radix::Decimal, 0, F), Ok(u64::MAX));
        assert_eq!(unpadded(b"fF", Radix::Hex, 0, F), Ok(255));
        assert_eq!(signed(b"-9223372036854775808", 0, F), Ok(i64::MIN));
        assert_eq!(signed(b"0", 0, F), Ok(0));
        assert_eq!((width(0, Radix::Decimal), width(10, Radix::Decimal), width(255, Radix::Hex)), (1, 2, 2));
    }

    #[test]
    fn bad() {
        let cases: [(&[u8], usize, Fault); 6] = [
            (b"", 7, Fault::NoDigits),
            (b"012", 7, Fault::NotMinimal),
            (b"1x", 8, Fault::Digit { found: b'x', radix: Radix::Decimal }),
            (b"+5", 7, Fault::Digit { found: b'+', radix: Radix::Decimal }),
            (b" 5", 7, Fault::Digit { found: b' ', radix: Radix::Decimal }),
            (b"18446744073709551616", 26, Fault::Overflow),
        ];
        for (digits, offset, fault) in cases {
            assert_eq!(unpadded(digits, Radix::Decimal, 7, F), Err(DecodeError::new(F, offset, fault)));
        }
        assert_eq!(signed(b"-0", 0, F), Err(DecodeError::new(F, 0, Fault::NotMinimal)));
        assert_eq!(signed(b"9223372036854775808", 0, F), Err(DecodeError::new(F, 0, Fault::Overflow)));
    }
}
