//! Numbers on the way of a walk.

use super::{Halt, Walker};
use crate::wire::scan::Prefix;
use crate::wire::{DecodeError, Ends, Escaping, Field, Radix, Reader, Spelling, Unsigned, text, varint};

macro_rules! integers {
    ($($method:ident $ty:ident $bytes:literal;)*) => { $(
        #[doc = concat!("Steps over a number of ", $bytes, " bytes, as [`Reader::", stringify!($method), "`] reads it.\n\n")]
        #[doc = "# Errors\n\nIt has not arrived whole."]
        #[inline]
        pub fn $method(&mut self, field: &'static Field) -> Result<$ty, Halt> {
            self.whole($bytes, |reader| reader.$method(field))
        }
    )* };
}

impl<const VALUES: usize> Walker<'_, VALUES> {
    /// Steps over a number of fixed width.
    fn whole<T>(
        &mut self,
        bytes: usize,
        read: impl FnOnce(&mut Reader<'_>) -> Result<T, DecodeError>,
    ) -> Result<T, Halt> {
        if self.arrived().len() < bytes {
            return Err(Halt::Need(0));
        }
        self.place.number_at = self.place.at;
        let value = read(&mut Reader::at(self.buf, self.place.at))?;
        self.advance(bytes);
        Ok(value)
    }

    /// Steps over a number of free width, of which `least` bytes have been counted.
    fn free(&mut self, found: Option<(u64, usize)>, least: usize, field: &'static Field) -> Result<u64, Halt> {
        let Some((value, width)) = found else {
            return Err(Halt::Need(self.arrived().len().saturating_sub(least.saturating_sub(1))));
        };
        self.grow(width.saturating_sub(least), field)?;
        self.place.number_at = self.place.at;
        self.advance(width);
        Ok(value)
    }

    /// Steps over `digits` ASCII digits.
    ///
    /// # Errors
    ///
    /// As [`Reader::digits`], or they have not arrived whole.
    #[inline]
    pub fn digits(&mut self, digits: usize, radix: Radix, field: &'static Field) -> Result<u64, Halt> {
        self.whole(digits, |reader| reader.digits(digits, radix, field))
    }

    /// Steps over a varint.
    ///
    /// # Errors
    ///
    /// As [`Reader::varint`], or it has not arrived whole.
    #[inline]
    pub fn varint(&mut self, field: &'static Field) -> Result<u64, Halt> {
        let found = Prefix::varint(self.buf, self.place.at, field)?;
        self.free(found, 1, field)
    }

    /// Steps over an integer of MIDI.
    ///
    /// # Errors
    ///
    /// As [`Reader::vlq`], or it has not arrived whole.
    #[inline]
    pub fn vlq(&mut self, spelling: Spelling, field: &'static Field) -> Result<u64, Halt> {
        let found = Prefix::vlq(self.buf, self.place.at, spelling, field)?;
        self.free(found, 1, field)
    }

    /// Steps over an integer of QUIC.
    ///
    /// # Errors
    ///
    /// As [`Reader::quicvar`], or it has not arrived whole.
    #[inline]
    pub fn quicvar(&mut self, spelling: Spelling, field: &'static Field) -> Result<u64, Halt> {
        let found = Prefix::quicvar(self.buf, self.place.at, spelling, field)?;
        self.free(found, 1, field)
    }

    /// Steps over a signed varint.
    ///
    /// # Errors
    ///
    /// As [`Reader::svarint`], or it has not arrived whole.
    #[inline]
    pub fn svarint(&mut self, field: &'static Field) -> Result<i64, Halt> {
        self.varint(field).map(varint::unzigzag)
    }

    /// Steps over an integer that escapes from a base of whole bytes.
    ///
    /// # Errors
    ///
    /// As [`Reader::escaping`], or it has not arrived whole.
    #[inline]
    pub fn escaping(&mut self, base: Unsigned, how: &Escaping, field: &'static Field) -> Result<u64, Halt> {
        let found = Prefix::escaping(self.buf, self.place.at, base, how, field)?;
        self.free(found, base.width(), field)
    }

    /// Steps over a run of bits of `run` bytes, which ends with an integer that escapes and says `base`.
    ///
    /// # Errors
    ///
    /// As [`Reader::escaped`], or it has not arrived whole.
    #[inline]
    pub fn escaped(&mut self, run: usize, base: u64, how: &Escaping, field: &'static Field) -> Result<u64, Halt> {
        let behind = self.place.at.saturating_add(run);
        let found = Prefix::escaped(self.buf, behind, base, how, self.place.at, field)?;
        self.free(found.map(|(value, width)| (value, width.saturating_add(run))), run, field)
    }

    /// Steps over an ASCII number that one of `ends` ends.
    ///
    /// # Errors
    ///
    /// As [`Reader::number_until`], at its first wrong byte, or it has not arrived whole.
    #[inline]
    pub fn number_until(
        &mut self,
        ends: impl Ends,
        max: usize,
        radix: Radix,
        field: &'static Field,
    ) -> Result<u64, Halt> {
        let found = Prefix::number_until(self.buf, self.place.at, ends, max, radix, field)?;
        let least = ends.shortest().saturating_add(1);
        self.free(found, least, field)
    }

    /// Steps over a signed decimal that one of `ends` ends.
    ///
    /// # Errors
    ///
    /// As [`Reader::signed_until`], or it has not arrived whole.
    #[inline]
    pub fn signed_until(&mut self, ends: impl Ends, max: usize, field: &'static Field) -> Result<i64, Halt> {
        let (digits, end) = self.up_to(ends, max, 1, field)?;
        let value = text::signed(digits, self.place.at, field)?;
        let width = digits.len().saturating_add(end);
        self.free(Some((0, width)), ends.shortest().saturating_add(1), field)?;
        Ok(value)
    }

    integers! {
        u8 u8 1;
        u16_be u16 2;
        u16_le u16 2;
        u24_be u32 3;
        u24_le u32 3;
        u32_be u32 4;
        u32_le u32 4;
        u40_be u64 5;
        u40_le u64 5;
        u48_be u64 6;
        u48_le u64 6;
        u56_be u64 7;
        u56_le u64 7;
        u64_be u64 8;
        u64_le u64 8;
        i8 i8 1;
        i16_be i16 2;
        i16_le i16 2;
        i24_be i32 3;
        i24_le i32 3;
        i32_be i32 4;
        i32_le i32 4;
        i40_be i64 5;
        i40_le i64 5;
        i48_be i64 6;
        i48_le i64 6;
        i56_be i64 7;
        i56_le i64 7;
        i64_be i64 8;
        i64_le i64 8;
    }
}
