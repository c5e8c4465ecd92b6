//! LEB128: seven bits a byte, the lowest first, the top bit says that more follow (Protocol Buffers, DWARF, wasm).
//!
//! Only the shortest form is accepted, so that a value has one spelling.

use super::{DecodeError, Fault, Field};

/// The most bytes that a 64-bit number takes.
pub(super) const BYTES_MAX: usize = 10;

/// Reads a number and its width from the start of `bytes`, which stand at `offset`; `None` if more bytes are needed.
pub(super) fn read(bytes: &[u8], offset: usize, field: &'static Field) -> Result<Option<(u64, usize)>, DecodeError> {
    let mut value = 0u64;
    let mut shift = 0u32;
    for (at, &byte) in bytes.iter().enumerate().take(BYTES_MAX) {
        let bits = u64::from(byte & 0x7f);
        if shift == 63 && byte > 1 {
            return Err(DecodeError::new(field, offset.saturating_add(at), Fault::Overflow));
        }
        value |= bits.wrapping_shl(shift);
        if byte & 0x80 == 0 {
            if byte == 0 && at > 0 {
                return Err(DecodeError::new(field, offset.saturating_add(at), Fault::NotMinimal));
            }
            return Ok(Some((value, at.saturating_add(1))));
        }
        shift = shift.saturating_add(7);
    }
    Ok(None)
}

/// How many bytes `value` takes.
pub(super) const fn width(value: u64) -> usize {
    let bits = 64u32.saturating_sub((value | 1).leading_zeros());
    bits.div_ceil(7) as usize
}

/// The zigzag form: 0, -1, 1, -2 … become 0, 1, 2, 3 …
pub(super) const fn zigzag(value: i64) -> u64 {
    (value.wrapping_shl(1) ^ value.wrapping_shr(63)).cast_unsigned()
}

/// The number whose zigzag form is `value`.
pub(super) const fn unzigzag(value: u64) -> i64 {
    (value >> 1).cast_signed() ^ (value & 1).cast_signed().wrapping_neg()
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn every_width() {
        for value in [0, 1, 127, 128, 16_383, 16_384, u64::from(u32::MAX), u64::MAX - 1, u64::MAX] {
            let mut bytes = bytes::BytesMut::new();
            super::super::Writer::new(&mut bytes).varint(value);
            assert_eq!(bytes.len(), width(value));
            assert_eq!(read(&bytes, 0, F), Ok(Some((value, bytes.len()))));
            for cut in 0..bytes.len() {
                assert_eq!(read(&bytes[..cut], 0, F), Ok(None), "a prefix is never an error");
            }
        }
    }

    #[test]
    fn overlong_and_overflowing_are_refused() {
        assert_eq!(read(&[0x80, 0], 5, F), Err(DecodeError::new(F, 6, Fault::NotMinimal)));
        let over = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2];
        assert_eq!(read(&over, 0, F), Err(DecodeError::new(F, 9, Fault::Overflow)));
    }

    #[test]
    fn zigzag_round_trips() {
        for value in [0, -1, 1, i64::MIN, i64::MAX] {
            assert_eq!(unzigzag(zigzag(value)), value);
        }
        assert_eq!((zigzag(-1), zigzag(1)), (1, 2));
    }
}
