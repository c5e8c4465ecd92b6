//! A cursor over one frame. Every read names the field that it reads, so that an error can.

use super::{DecodeError, Ends, Fault, Field, Json, Spelling, json, text, varint, varying};
use core::str;
use serde::Deserialize;

/// Reads the fields of a frame in order. Offsets in its errors count from the start of the frame, in regions too.
#[derive(Debug, Clone)]
pub struct Reader<'a> {
    pub(super) frame: &'a [u8],
    pub(super) at: usize,
    /// How many layouts that contain themselves stand around this place.
    pub(super) depth: u16,
    /// How many pointers have led here.
    pub(super) hops: u16,
    /// Whether all of it has been read before.
    pub(super) checked: bool,
    /// Pointers lead in front of this place.
    pub(super) before: usize,
    /// How many bytes more than its own those take that the value points at.
    pub(super) elsewhere: i64,
    /// Where the last pointer ended.
    pub(super) pointed: usize,
}

macro_rules! integers {
    ($($be:ident $le:ident $ty:ident;)*) => { $(
        #[doc = concat!("Reads a big-endian `", stringify!($ty), "`.\n\n# Errors\n\nThe frame ends first.")]
        #[inline]
        pub fn $be(&mut self, field: &'static Field) -> Result<$ty, DecodeError> {
            self.array(field).map($ty::from_be_bytes)
        }

        #[doc = concat!("Reads a little-endian `", stringify!($ty), "`.\n\n# Errors\n\nThe frame ends first.")]
        #[inline]
        pub fn $le(&mut self, field: &'static Field) -> Result<$ty, DecodeError> {
            self.array(field).map($ty::from_le_bytes)
        }
    )* };
}

macro_rules! odd_integers {
    ($($be:ident $le:ident $ty:ident $bytes:literal;)*) => { $(
        #[doc = concat!("Reads a big-endian integer of ", stringify!($bytes), " bytes.\n\n# Errors\n\nThe frame ends first.")]
        #[inline]
        pub fn $be(&mut self, field: &'static Field) -> Result<$ty, DecodeError> {
            let wire: [u8; $bytes] = self.array(field)?;
            let negative = $ty::MIN != 0 && wire.first().is_some_and(|&top| top >= 0x80);
            let mut wide = [if negative { 0xff } else { 0 }; size_of::<$ty>()];
            wide.iter_mut().rev().zip(wire.iter().rev()).for_each(|(to, from)| *to = *from);
            Ok($ty::from_be_bytes(wide))
        }

        #[doc = concat!("Reads a little-endian integer of ", stringify!($bytes), " bytes.\n\n# Errors\n\nThe frame ends first.")]
        #[inline]
        pub fn $le(&mut self, field: &'static Field) -> Result<$ty, DecodeError> {
            let wire: [u8; $bytes] = self.array(field)?;
            let negative = $ty::MIN != 0 && wire.last().is_some_and(|&top| top >= 0x80);
            let mut wide = [if negative { 0xff } else { 0 }; size_of::<$ty>()];
            wide.iter_mut().zip(wire).for_each(|(to, from)| *to = from);
            Ok($ty::from_le_bytes(wide))
        }
    )* };
}

impl<'a> Reader<'a> {
    /// A reader at the start of a frame.
    #[inline]
    #[must_use]
    pub const fn new(frame: &'a [u8]) -> Self {
        Self::at(frame, 0)
    }

    /// A reader `offset` bytes into a frame; past its end, nothing can be read.
    #[inline]
    #[must_use]
    pub const fn at(frame: &'a [u8], offset: usize) -> Self {
        Self { frame, at: offset, depth: 0, hops: 0, checked: false, before: usize::MAX, elsewhere: 0, pointed: 0 }
    }

    /// How far into the frame the next byte stands.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.at
    }

    /// Bytes of the frame that have been read.
    pub(super) fn covered(&self, range: core::ops::Range<usize>) -> &'a [u8] {
        self.frame.get(range).unwrap_or_default()
    }

    /// Enters a layout that may contain itself: at most `most` of it stand in each other. [`leave`](Self::leave) goes
    /// out of it again.
    ///
    /// # Errors
    ///
    /// It stands deeper.
    #[inline]
    pub fn enter(&mut self, most: u16, field: &'static Field) -> Result<(), DecodeError> {
        if self.depth >= most {
            return Err(DecodeError::new(field, self.at, Fault::TooDeep { limit: most.into() }));
        }
        self.depth = self.depth.saturating_add(1);
        Ok(())
    }

    /// Leaves a layout that may contain itself.
    #[inline]
    pub const fn leave(&mut self) {
        self.depth = self.depth.saturating_sub(1);
    }

    /// The bytes that are left.
    #[inline]
    pub(super) fn peek(&self) -> &'a [u8] {
        self.frame.get(self.at..).unwrap_or_default()
    }

    /// The next byte, which is not stepped over.
    ///
    /// # Errors
    ///
    /// None is left.
    #[inline]
    pub fn first_byte(&self, field: &'static Field) -> Result<u8, DecodeError> {
        let missing = || DecodeError::new(field, self.frame.len(), Fault::Truncated { needed: 1 });
        self.frame.get(self.at).copied().ok_or_else(missing)
    }

    /// How many bytes are left.
    #[inline]
    #[must_use]
    pub const fn remaining(&self) -> usize {
        self.frame.len().saturating_sub(self.at)
    }

    /// Reads `len` bytes.
    ///
    /// # Errors
    ///
    /// Fewer are left.
    #[inline]
    pub fn bytes(&mut self, len: usize, field: &'static Field) -> Result<&'a [u8], DecodeError> {
        let rest = self.frame.get(self.at..).unwrap_or_default();
        match rest.get(..len) {
            Some(bytes) => {
                self.at = self.at.saturating_add(len);
                Ok(bytes)
            }
            None => {
                let needed = len.saturating_sub(rest.len());
                Err(DecodeError::new(field, self.frame.len(), Fault::Truncated { needed }))
            }
        }
    }

    /// Reads an array of bytes, its length known from its type.
    ///
    /// # Errors
    ///
    /// Fewer bytes are left.
    #[inline]
    pub fn array<const N: usize>(&mut self, field: &'static Field) -> Result<[u8; N], DecodeError> {
        let mut array = [0; N];
        array.copy_from_slice(self.bytes(N, field)?);
        Ok(array)
    }

    /// Reads what is left but for the last `tail` bytes.
    ///
    /// # Errors
    ///
    /// Fewer than `tail` bytes are left.
    #[inline]
    pub fn rest(&mut self, tail: usize, field: &'static Field) -> Result<&'a [u8], DecodeError> {
        match self.remaining().checked_sub(tail) {
            Some(len) => self.bytes(len, field),
            None => {
                let needed = tail.saturating_sub(self.remaining());
                Err(DecodeError::new(field, self.frame.len(), Fault::Truncated { needed }))
            }
        }
    }

    /// Reads up to the first of `ends` and steps over it; the delimiter is not part of what is returned.
    ///
    /// # Errors
    ///
    /// More than `max` bytes stand before it, or it does not come.
    #[inline]
    pub fn until(&mut self, ends: impl Ends, max: usize, field: &'static Field) -> Result<&'a [u8], DecodeError> {
        let rest = self.frame.get(self.at..).unwrap_or_default();
        let start = self.at;
        match ends.find(rest, 0) {
            Some((len, end)) if len <= max => {
                let content = self.bytes(len, field)?;
                self.at = self.at.saturating_add(end);
                Ok(content)
            }
            Some((len, _)) => {
                let fault = Fault::TooLong { found: len as u64, limit: max as u64 };
                Err(DecodeError::new(field, start.saturating_add(max), fault))
            }
            None => Err(DecodeError::new(field, self.frame.len(), Fault::Truncated { needed: 1 })),
        }
    }

    /// A reader of what is left but for the last `tail` bytes, which this reader steps over.
    ///
    /// # Errors
    ///
    /// Fewer than `tail` bytes are left.
    #[inline]
    pub fn rest_region(&mut self, tail: usize, field: &'static Field) -> Result<Self, DecodeError> {
        let start = self.at;
        self.rest(tail, field)?;
        Ok(Self { frame: self.frame.get(..self.at).unwrap_or_default(), at: start, ..*self })
    }

    /// A reader of the next `len` bytes alone, which this reader steps over.
    ///
    /// # Errors
    ///
    /// Fewer are left.
    #[inline]
    pub fn region(&mut self, len: usize, field: &'static Field) -> Result<Self, DecodeError> {
        let start = self.at;
        self.bytes(len, field)?;
        Ok(Self { frame: self.frame.get(..self.at).unwrap_or_default(), at: start, ..*self })
    }

    /// Steps over a constant.
    ///
    /// # Errors
    ///
    /// Other bytes stand there: the error points at the first that differs.
    #[inline]
    pub fn constant(&mut self, expected: &'static [u8], field: &'static Field) -> Result<(), DecodeError> {
        let start = self.at;
        let found = self.bytes(expected.len(), field)?;
        if found == expected {
            return Ok(());
        }
        let same = found.iter().zip(expected).take_while(|(a, b)| a == b).count();
        Err(DecodeError::new(field, start.saturating_add(same), Fault::Constant { expected }))
    }

    /// Steps over a constant in capital or small letters.
    ///
    /// # Errors
    ///
    /// As [`constant`](Self::constant).
    #[inline]
    pub fn constant_nocase(&mut self, expected: &'static [u8], field: &'static Field) -> Result<(), DecodeError> {
        let start = self.at;
        let found = self.bytes(expected.len(), field)?;
        match found.iter().zip(expected).position(|(found, expected)| !found.eq_ignore_ascii_case(expected)) {
            None => Ok(()),
            Some(same) => Err(DecodeError::new(field, start.saturating_add(same), Fault::Constant { expected })),
        }
    }

    /// Reads `digits` ASCII digits, zero-padded.
    ///
    /// # Errors
    ///
    /// A byte is no digit, or the number is over `u64`.
    #[inline]
    pub fn digits(&mut self, digits: usize, radix: super::Radix, field: &'static Field) -> Result<u64, DecodeError> {
        let start = self.at;
        text::padded(self.bytes(digits, field)?, radix, start, field)
    }

    /// Reads an ASCII number of at most `max` digits that one of `ends` ends, which is stepped over.
    ///
    /// # Errors
    ///
    /// A byte is no digit, there is none or there are too many, a zero leads, or the number is over `u64`.
    #[inline]
    pub fn number_until(
        &mut self,
        ends: impl Ends,
        max: usize,
        radix: super::Radix,
        field: &'static Field,
    ) -> Result<u64, DecodeError> {
        let start = self.at;
        text::unpadded(self.until(ends, max, field)?, radix, start, field)
    }

    /// Reads a signed decimal of at most `max` characters, its sign included, that one of `ends` ends.
    ///
    /// # Errors
    ///
    /// As [`number_until`](Self::number_until); a `+` and `-0` are refused too.
    #[inline]
    pub fn signed_until(&mut self, ends: impl Ends, max: usize, field: &'static Field) -> Result<i64, DecodeError> {
        let start = self.at;
        text::signed(self.until(ends, max, field)?, start, field)
    }

    /// Reads an unsigned LEB128 number: seven bits a byte, the lowest first.
    ///
    /// # Errors
    ///
    /// The frame ends first, the number is over `u64`, or its last byte adds nothing.
    #[inline]
    pub fn varint(&mut self, field: &'static Field) -> Result<u64, DecodeError> {
        self.whole(varint::read(self.peek(), self.at, field)?, field)
    }

    /// Steps over a number of free width, if it has arrived whole.
    fn whole(&mut self, found: Option<(u64, usize)>, field: &'static Field) -> Result<u64, DecodeError> {
        match found {
            Some((value, width)) => {
                self.at = self.at.saturating_add(width);
                Ok(value)
            }
            None => Err(DecodeError::new(field, self.frame.len(), Fault::Truncated { needed: 1 })),
        }
    }

    /// Reads an integer of MIDI: seven bits a byte, the highest first.
    ///
    /// # Errors
    ///
    /// The frame ends first, the number is over `u64` or takes more than 10 bytes, or it is longer than it may be.
    #[inline]
    pub fn vlq(&mut self, spelling: Spelling, field: &'static Field) -> Result<u64, DecodeError> {
        self.whole(varying::vlq(self.peek(), self.at, spelling, field)?, field)
    }

    /// Reads an integer of QUIC, whose first two bits say how many bytes it takes.
    ///
    /// # Errors
    ///
    /// The frame ends first, or it is longer than it may be.
    #[inline]
    pub fn quicvar(&mut self, spelling: Spelling, field: &'static Field) -> Result<u64, DecodeError> {
        self.whole(varying::quicvar(self.peek(), self.at, spelling, field)?, field)
    }

    /// Reads a signed varint: LEB128 of the zigzag form, as Protocol Buffers write `sint64`.
    ///
    /// # Errors
    ///
    /// As [`varint`](Self::varint).
    #[inline]
    pub fn svarint(&mut self, field: &'static Field) -> Result<i64, DecodeError> {
        self.varint(field).map(varint::unzigzag)
    }

    /// `bytes` without the `pad` that fills them up.
    #[inline]
    #[must_use]
    pub fn unpadded(bytes: &'a [u8], pad: u8) -> &'a [u8] {
        let filled = bytes.iter().rev().take_while(|byte| **byte == pad).count();
        bytes.get(..bytes.len().saturating_sub(filled)).unwrap_or_default()
    }

    /// Checks that `bytes`, which were read last, are UTF-8.
    ///
    /// # Errors
    ///
    /// They are not: the error points at the first byte that is wrong.
    #[inline]
    pub fn utf8(&self, bytes: &'a [u8], field: &'static Field) -> Result<&'a str, DecodeError> {
        str::from_utf8(bytes)
            .map_err(|error| DecodeError::new(field, self.offset_of(bytes, error.valid_up_to()), Fault::Utf8))
    }

    /// Checks that `bytes`, which were read last, are ASCII.
    ///
    /// # Errors
    ///
    /// They are not: the error points at the first byte that is wrong.
    #[inline]
    pub fn ascii(&self, bytes: &'a [u8], field: &'static Field) -> Result<&'a str, DecodeError> {
        if let Some(at) = bytes.iter().position(|byte| !byte.is_ascii()) {
            let found = bytes.get(at).copied().unwrap_or_default();
            return Err(DecodeError::new(field, self.offset_of(bytes, at), Fault::Ascii { found }));
        }
        self.utf8(bytes, field)
    }

    /// Checks that `bytes`, which were read last, are one JSON value.
    ///
    /// # Errors
    ///
    /// They are not: the error points at the first byte that is wrong.
    #[inline]
    pub fn json(&self, bytes: &'a [u8], field: &'static Field) -> Result<Json<'a>, DecodeError> {
        json::check(bytes, self.offset_of(bytes, 0), field)
    }

    /// Reads `bytes`, which were read last, as JSON of a type, which may borrow from them.
    ///
    /// # Errors
    ///
    /// They are not one JSON value of that type: the error points at the first byte that is wrong.
    #[inline]
    pub fn json_as<T: Deserialize<'a>>(&self, bytes: &'a [u8], field: &'static Field) -> Result<T, DecodeError> {
        json::read(bytes, self.offset_of(bytes, 0), field)
    }

    /// Checks that `bytes`, which were read last, are not more than `max`.
    ///
    /// # Errors
    ///
    /// They are more: the error points at the first byte that is too many.
    #[inline]
    pub fn at_most(&self, bytes: &'a [u8], max: usize, field: &'static Field) -> Result<(), DecodeError> {
        if bytes.len() <= max {
            return Ok(());
        }
        let fault = Fault::TooLong { found: bytes.len() as u64, limit: max as u64 };
        Err(DecodeError::new(field, self.offset_of(bytes, max), fault))
    }

    /// A number that says how long something else is, or how many there are: its `value` is that count plus `add`.
    ///
    /// # Errors
    ///
    /// The count is below zero or over `max`: the error carries `value` and the limits in its own terms.
    #[inline]
    pub fn length(
        value: u64,
        add: i64,
        max: usize,
        offset: usize,
        field: &'static Field,
    ) -> Result<usize, DecodeError> {
        match value.checked_add_signed(add.saturating_neg()).map(usize::try_from) {
            Some(Ok(len)) if len <= max => Ok(len),
            None if add > 0 => {
                let fault = Fault::TooShort { found: value, least: add.unsigned_abs() };
                Err(DecodeError::new(field, offset, fault))
            }
            _ => {
                let limit = (max as u64).saturating_add_signed(add);
                Err(DecodeError::new(field, offset, Fault::TooLong { found: value, limit }))
            }
        }
    }

    /// What a number of parts says, of which `by` are one.
    ///
    /// # Errors
    ///
    /// It is no multiple of `by`.
    #[inline]
    pub fn divided(value: u64, by: u64, offset: usize, field: &'static Field) -> Result<u64, DecodeError> {
        match (value.checked_div(by), value.checked_rem(by)) {
            (Some(whole), Some(0)) => Ok(whole),
            (_, over) => {
                let expected = value.saturating_sub(over.unwrap_or_default());
                Err(DecodeError::new(field, offset, Fault::Mismatch { expected, found: value }))
            }
        }
    }

    /// A length or a count that has been worked out.
    ///
    /// # Errors
    ///
    /// It is over `max`.
    #[inline]
    pub fn worked_out(value: i128, max: usize, offset: usize, field: &'static Field) -> Result<usize, DecodeError> {
        Self::length(u64::try_from(value).unwrap_or(u64::MAX), 0, max, offset, field)
    }

    /// Checks a number that must be `measured` plus `add`.
    ///
    /// # Errors
    ///
    /// It is not.
    #[inline]
    pub fn equation(
        found: u64,
        measured: usize,
        add: i64,
        offset: usize,
        field: &'static Field,
    ) -> Result<(), DecodeError> {
        match (measured as u64).checked_add_signed(add) {
            Some(expected) if found == expected => Ok(()),
            expected => {
                let fault = Fault::Mismatch { expected: expected.unwrap_or_default(), found };
                Err(DecodeError::new(field, offset, fault))
            }
        }
    }

    /// Checks bits that are always `expected`.
    ///
    /// # Errors
    ///
    /// They are not.
    #[inline]
    pub fn constant_bits(found: u64, expected: u64, offset: usize, field: &'static Field) -> Result<(), DecodeError> {
        if found == expected {
            return Ok(());
        }
        Err(DecodeError::new(field, offset, Fault::ConstantBits { expected, found }))
    }

    /// Checks a bit that says who sends: it is `expected`.
    ///
    /// # Errors
    ///
    /// It is not.
    #[inline]
    pub fn sender(found: bool, expected: bool, offset: usize, field: &'static Field) -> Result<(), DecodeError> {
        if found == expected {
            return Ok(());
        }
        Err(DecodeError::new(field, offset, Fault::Sender { found }))
    }

    /// Checks a number that must be within `least..=most`.
    ///
    /// # Errors
    ///
    /// It is not.
    #[inline]
    pub fn in_range(
        found: i128,
        least: i128,
        most: i128,
        offset: usize,
        field: &'static Field,
    ) -> Result<(), DecodeError> {
        if (least..=most).contains(&found) {
            return Ok(());
        }
        Err(DecodeError::new(field, offset, Fault::OutOfRange { found, least, most }))
    }

    /// Checks a condition of the schema, which is spelled `condition`.
    ///
    /// # Errors
    ///
    /// It does not hold.
    #[inline]
    pub const fn holds(
        held: bool,
        condition: &'static str,
        offset: usize,
        field: &'static Field,
    ) -> Result<(), DecodeError> {
        if held {
            return Ok(());
        }
        Err(DecodeError::new(field, offset, Fault::Condition { condition }))
    }

    /// How far into the frame byte `at` of `bytes` stands, a slice of this frame.
    #[must_use]
    pub fn offset_of(&self, bytes: &[u8], at: usize) -> usize {
        let start = (bytes.as_ptr() as usize).saturating_sub(self.frame.as_ptr() as usize);
        start.saturating_add(at)
    }

    /// Checks that nothing is left.
    ///
    /// # Errors
    ///
    /// Bytes are left.
    #[inline]
    pub fn end(&self, field: &'static Field) -> Result<(), DecodeError> {
        match self.remaining() {
            0 => Ok(()),
            extra => Err(DecodeError::new(field, self.at, Fault::Trailing { extra })),
        }
    }

    /// Reads a byte.
    ///
    /// # Errors
    ///
    /// The frame ends first.
    #[inline]
    pub fn u8(&mut self, field: &'static Field) -> Result<u8, DecodeError> {
        self.array(field).map(u8::from_be_bytes)
    }

    /// Reads a signed byte.
    ///
    /// # Errors
    ///
    /// The frame ends first.
    #[inline]
    pub fn i8(&mut self, field: &'static Field) -> Result<i8, DecodeError> {
        self.array(field).map(i8::from_be_bytes)
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

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn odd_widths_keep_their_sign() {
        let bytes = [0xff, 0xff, 0xfe];
        assert_eq!(Reader::new(&bytes).i24_be(F), Ok(-2));
        assert_eq!(Reader::new(&bytes).u24_be(F), Ok(0x00ff_fffe));
        assert_eq!(Reader::new(&[0xfe, 0xff, 0xff]).i24_le(F), Ok(-2));
        assert_eq!(Reader::new(&[1, 0, 0, 0, 0, 0]).u48_le(F), Ok(1));
        assert_eq!(Reader::new(&[0x7f, 0, 0, 0, 0]).i40_be(F), Ok(0x7f_0000_0000));
    }

    #[test]
    fn a_region_ends_its_reader_and_keeps_offsets() {
        let mut outer = Reader::new(b"abcdef");
        outer.bytes(1, F).unwrap();
        let mut inner = outer.region(2, F).unwrap();
        assert_eq!(inner.bytes(2, F), Ok(&b"bc"[..]));
        assert_eq!(inner.u8(F), Err(DecodeError::new(F, 3, Fault::Truncated { needed: 1 })));
        assert_eq!(outer.rest(1, F), Ok(&b"de"[..]));
        assert_eq!(outer.end(F), Err(DecodeError::new(F, 5, Fault::Trailing { extra: 1 })));
    }

    #[test]
    fn text_errors_point_at_their_byte() {
        let mut reader = Reader::new(b"ab\xffc");
        let bytes = reader.bytes(4, F).unwrap();
        assert_eq!(reader.utf8(bytes, F), Err(DecodeError::new(F, 2, Fault::Utf8)));
        assert_eq!(reader.ascii(bytes, F), Err(DecodeError::new(F, 2, Fault::Ascii { found: 0xff })));
    }

    #[test]
    fn a_length_is_refused_in_the_terms_of_its_number() {
        let length = |value, add| Reader::length(value, add, 10, 3, F);
        assert_eq!(length(10, 0), Ok(10));
        assert_eq!(length(14, 4), Ok(10));
        assert_eq!(length(8, -2), Ok(10));
        for (value, add, fault) in [
            (11, 0, Fault::TooLong { found: 11, limit: 10 }),
            (15, 4, Fault::TooLong { found: 15, limit: 14 }),
            (9, -2, Fault::TooLong { found: 9, limit: 8 }),
            (3, 4, Fault::TooShort { found: 3, least: 4 }),
            (u64::MAX, -2, Fault::TooLong { found: u64::MAX, limit: 8 }),
        ] {
            assert_eq!(length(value, add), Err(DecodeError::new(F, 3, fault)));
        }
    }

    #[test]
    fn a_constant_names_the_byte_that_differs() {
        let error = Reader::new(b"GEX").constant(b"GET", F).unwrap_err();
        assert_eq!((error.offset, error.fault), (2, Fault::Constant { expected: b"GET" }));
    }
}
