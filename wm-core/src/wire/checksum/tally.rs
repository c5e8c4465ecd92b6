//! A checksum of bytes that come part by part, and are gone when the next ones come.

use super::{Crc, DecodeError, Fault, Field, internet};
use core::fmt;
use crc::Digest;

/// A checksum as far as its bytes have come: plain data, of a fixed size.
#[derive(Clone, Default)]
pub struct Tally(Kind);

#[derive(Clone, Default)]
enum Kind {
    #[default]
    None,
    Crc8(Digest<'static, u8>),
    Crc16(Digest<'static, u16>),
    Crc32(Digest<'static, u32>),
    Crc64(Digest<'static, u64>),
    /// The sum, and which bits of it count.
    Sum(u32, u32),
    Xor(u8),
    Adler(adler2::Adler32),
    /// The sum of words, and whether the next byte is the high one of its word.
    Internet(u64, bool),
}

impl fmt::Debug for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Tally").field(&self.value()).finish()
    }
}

impl Tally {
    pub(super) const fn sum(mask: u32) -> Self {
        Self(Kind::Sum(0, mask))
    }

    pub(super) const fn xor() -> Self {
        Self(Kind::Xor(0))
    }

    pub(super) fn adler() -> Self {
        Self(Kind::Adler(adler2::Adler32::new()))
    }

    pub(super) const fn internet() -> Self {
        Self(Kind::Internet(0, true))
    }

    /// Counts the next bytes in.
    pub fn add(&mut self, bytes: &[u8]) {
        match &mut self.0 {
            Kind::None => {}
            Kind::Crc8(digest) => digest.update(bytes),
            Kind::Crc16(digest) => digest.update(bytes),
            Kind::Crc32(digest) => digest.update(bytes),
            Kind::Crc64(digest) => digest.update(bytes),
            Kind::Sum(sum, _) => *sum = bytes.iter().fold(*sum, |sum, byte| sum.wrapping_add((*byte).into())),
            Kind::Xor(all) => *all = bytes.iter().fold(*all, |all, byte| all ^ byte),
            Kind::Adler(adler) => adler.write_slice(bytes),
            Kind::Internet(sum, high) => (*sum, *high) = internet::add(*sum, *high, bytes),
        }
    }

    /// Checks a checksum that was `found` at `offset` against all that was counted in.
    ///
    /// # Errors
    ///
    /// It is another one.
    pub fn check(&self, found: u64, offset: usize, field: &'static Field) -> Result<(), DecodeError> {
        let expected = self.value();
        if found == expected {
            return Ok(());
        }
        Err(DecodeError::new(field, offset, Fault::Checksum { expected, found }))
    }

    /// The checksum of all that was counted in.
    #[must_use]
    pub fn value(&self) -> u64 {
        match &self.0 {
            Kind::None => 0,
            Kind::Crc8(digest) => digest.clone().finalize().into(),
            Kind::Crc16(digest) => digest.clone().finalize().into(),
            Kind::Crc32(digest) => digest.clone().finalize().into(),
            Kind::Crc64(digest) => digest.clone().finalize(),
            Kind::Sum(sum, mask) => (sum & mask).into(),
            Kind::Xor(all) => (*all).into(),
            Kind::Adler(adler) => adler.checksum().into(),
            Kind::Internet(sum, _) => internet::folded(*sum).into(),
        }
    }
}

macro_rules! of_crc {
    ($($kind:ident $width:ident)*) => { $(
        impl From<&'static Crc<$width>> for Tally {
            fn from(crc: &'static Crc<$width>) -> Self {
                Self(Kind::$kind(crc.digest()))
            }
        }
    )* };
}

of_crc! { Crc8 u8 Crc16 u16 Crc32 u32 Crc64 u64 }

#[cfg(test)]
mod tests {
    use super::super::{Adler32, Counts, Internet, Sum8, Sum16, Sum32, Xor8, catalogue};
    use super::*;

    static CRC_8: Crc<u8> = Crc::<u8>::new(&catalogue::CRC_8_SMBUS);
    static CRC_16: Crc<u16> = Crc::<u16>::new(&catalogue::CRC_16_IBM_3740);
    static CRC_32: Crc<u32> = Crc::<u32>::new(&catalogue::CRC_32_ISO_HDLC);
    static CRC_64: Crc<u64> = Crc::<u64>::new(&catalogue::CRC_64_XZ);

    fn same_however_cut<C: Counts>(how: &'static C) {
        let bytes: Vec<u8> = (0..=255).chain(0..45).collect();
        let whole: u64 = how.of(&[&bytes]).into();
        for cut in 0..bytes.len() {
            let mut tally = how.tally();
            let (first, rest) = bytes.split_at(cut);
            tally.add(first);
            tally.add(&[]);
            rest.chunks(7).for_each(|part| tally.add(part));
            assert_eq!(tally.value(), whole, "cut at {cut}");
        }
    }

    #[test]
    fn parts_come_to_what_the_whole_does() {
        same_however_cut(&CRC_8);
        same_however_cut(&CRC_16);
        same_however_cut(&CRC_32);
        same_however_cut(&CRC_64);
        same_however_cut(&Sum8);
        same_however_cut(&Sum16);
        same_however_cut(&Sum32);
        same_however_cut(&Xor8);
        same_however_cut(&Adler32);
        same_however_cut(&Internet);
    }
}
