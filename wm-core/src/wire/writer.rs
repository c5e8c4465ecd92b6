//! Puts values on the wire, in the words of [`Reader`](super::Reader). It cannot fail: what cannot be sent was refused
//! by `measure` before the first byte was written.

use super::{Radix, text, varint, varying};
use bytes::{BufMut, BytesMut};

/// Appends fields to a buffer.
#[derive(Debug)]
pub struct Writer<'o> {
    out: &'o mut BytesMut,
    /// Whether only who reads it can tell that it is right.
    in_doubt: bool,
}

macro_rules! integers {
    ($($be:ident $le:ident $ty:ident;)*) => { $(
        #[doc = concat!("Appends a big-endian `", stringify!($ty), "`.")]
        #[inline]
        pub fn $be(&mut self, value: $ty) {
            self.out.put_slice(&value.to_be_bytes());
        }

        #[doc = concat!("Appends a little-endian `", stringify!($ty), "`.")]
        #[inline]
        pub fn $le(&mut self, value: $ty) {
            self.out.put_slice(&value.to_le_bytes());
        }
    )* };
}

macro_rules! odd_integers {
    ($($be:ident $le:ident $ty:ident $bytes:literal;)*) => { $(
        #[doc = concat!("Appends a big-endian integer of ", stringify!($bytes), " bytes: the lowest ones of `value`.")]
        #[inline]
        pub fn $be(&mut self, value: $ty) {
            self.out.put_slice(value.to_be_bytes().last_chunk::<$bytes>().unwrap_or(&[0; $bytes]));
        }

        #[doc = concat!("Appends a little-endian integer of ", stringify!($bytes), " bytes: the lowest ones of `value`.")]
        #[inline]
        pub fn $le(&mut self, value: $ty) {
            self.out.put_slice(value.to_le_bytes().first_chunk::<$bytes>().unwrap_or(&[0; $bytes]));
        }
    )* };
}

impl<'o> Writer<'o> {
    /// A writer at the end of `out`.
    #[inline]
    #[must_use]
    pub const fn new(out: &'o mut BytesMut) -> Self {
        Self { out, in_doubt: false }
    }

    /// The buffer that is appended to.
    #[inline]
    pub(super) const fn buffer(&mut self) -> &mut BytesMut {
        self.out
    }

    /// Where the next byte goes, in bytes from the start of the buffer.
    #[inline]
    #[must_use]
    pub fn offset(&self) -> usize {
        self.out.len()
    }

    /// What the buffer holds.
    #[inline]
    pub(super) fn written(&self) -> &[u8] {
        self.out
    }

    /// A pointer has been written: whether it leads to what it must, shows when the message is read.
    #[inline]
    pub const fn doubt(&mut self) {
        self.in_doubt = true;
    }

    /// A value that was begun at `start` and may hold pointers takes at most `max` bytes; of a larger one it shows when the
    /// message is read.
    #[inline]
    pub fn doubt_over(&mut self, start: usize, max: usize) {
        self.in_doubt |= self.offset().saturating_sub(start) > max;
    }

    /// Whether what was written has to be read again, by [`check::read_back`](super::check::read_back).
    #[inline]
    #[must_use]
    pub const fn is_in_doubt(&self) -> bool {
        self.in_doubt
    }

    /// Appends bytes as they are.
    #[inline]
    pub fn bytes(&mut self, bytes: &[u8]) {
        self.out.put_slice(bytes);
    }

    /// Appends bytes, and as many of `pad` as are missing to `size`.
    #[inline]
    pub fn padded(&mut self, bytes: &[u8], size: usize, pad: u8) {
        self.bytes(bytes);
        self.pad(pad, size.saturating_sub(bytes.len()));
    }

    /// Appends `count` times the same byte.
    #[inline]
    pub fn pad(&mut self, byte: u8, count: usize) {
        self.out.put_bytes(byte, count);
    }

    /// Appends a byte.
    #[inline]
    pub fn u8(&mut self, value: u8) {
        self.out.put_u8(value);
    }

    /// Appends a signed byte.
    #[inline]
    pub fn i8(&mut self, value: i8) {
        self.out.put_i8(value);
    }

    /// Appends an unsigned LEB128 number.
    #[inline]
    pub fn varint(&mut self, mut value: u64) {
        while value > 0x7f {
            self.out.put_u8((value & 0x7f) as u8 | 0x80);
            value >>= 7;
        }
        self.out.put_u8((value & 0x7f) as u8);
    }

    /// Appends an integer of MIDI: seven bits a byte, the highest first.
    #[inline]
    pub fn vlq(&mut self, value: u64) {
        let bits = 64u32.saturating_sub((value | 1).leading_zeros());
        for behind in (0..bits.div_ceil(7)).rev() {
            let septet = (value.wrapping_shr(behind.saturating_mul(7)) & 0x7f) as u8;
            self.out.put_u8(septet | if behind > 0 { 0x80 } else { 0 });
        }
    }

    /// Appends an integer of QUIC, at most 62 bits, in as few bytes as it takes.
    #[inline]
    pub fn quicvar(&mut self, value: u64) {
        let width = varying::quicvar_width(value);
        let doubled = width.trailing_zeros();
        // The two highest bits of the number say how often its width is doubled.
        let marked = value | u64::from(doubled).wrapping_shl(8u32.wrapping_shl(doubled).saturating_sub(2));
        let wide = marked.to_be_bytes();
        self.out.put_slice(wide.get(8usize.saturating_sub(width)..).unwrap_or_default());
    }

    /// Appends a signed number as LEB128 of its zigzag form.
    #[inline]
    pub fn svarint(&mut self, value: i64) {
        self.varint(varint::zigzag(value));
    }

    /// Appends `value` in exactly `digits` ASCII digits, zeros in front; what does not fit is cut from the front.
    #[inline]
    pub fn digits(&mut self, value: u64, digits: usize, radix: Radix) {
        let start = self.out.len();
        self.out.put_bytes(b'0', digits);
        self.fill(start, value, radix);
    }

    /// Appends `value` in as many ASCII digits as it takes.
    #[inline]
    pub fn number(&mut self, value: u64, radix: Radix) {
        self.digits(value, text::width(value, radix), radix);
    }

    /// Appends `value` in decimal, with a `-` if it is negative.
    #[inline]
    pub fn signed(&mut self, value: i64) {
        if value < 0 {
            self.out.put_u8(b'-');
        }
        self.number(value.unsigned_abs(), Radix::Decimal);
    }

    /// Writes digits from the back of the buffer down to `start`.
    fn fill(&mut self, start: usize, mut value: u64, radix: Radix) {
        for slot in self.out.iter_mut().skip(start).rev() {
            *slot = radix.character(value.checked_rem(radix.base()).unwrap_or_default());
            value = value.checked_div(radix.base()).unwrap_or_default();
        }
    }

    integers! {
        u16_be u16_le u16;
        u32_be u32_le u32;
        u64_be u64_le u64;
        u128_be u128_le u128;
        i16_be i16_le i16;
        i32_be i32_le i32;
        i64_be i64_le i64;
        i128_be i128_le i128;
        f32_be f32_le f32;
        f64_be f64_le f64;
    }

    odd_integers! {
        u24_be u24_le u32 3;
        u40_be u40_le u64 5;
        u48_be u48_le u64 6;
        u56_be u56_le u64 7;
        i24_be i24_le i32 3;
        i40_be i40_le i64 5;
        i48_be i48_le i64 6;
        i56_be i56_le i64 7;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(write: impl FnOnce(&mut Writer<'_>)) -> BytesMut {
        let mut out = BytesMut::new();
        write(&mut Writer::new(&mut out));
        out
    }

    #[test]
    fn text_numbers() {
        assert_eq!(written(|w| w.digits(14, 10, Radix::Decimal))[..], *b"0000000014");
        assert_eq!(written(|w| w.number(0, Radix::Decimal))[..], *b"0");
        assert_eq!(written(|w| w.number(0xbeef, Radix::Hex))[..], *b"beef");
        assert_eq!(written(|w| w.signed(i64::MIN))[..], *b"-9223372036854775808");
    }

    #[test]
    fn odd_widths() {
        assert_eq!(written(|w| w.u24_be(0x01_0203))[..], [1, 2, 3]);
        assert_eq!(written(|w| w.i24_le(-2))[..], [0xfe, 0xff, 0xff]);
    }
}
