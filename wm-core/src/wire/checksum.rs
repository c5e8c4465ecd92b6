//! Functions of bytes that travel with them: cyclic redundancy checks by the catalogue of Greg Cook, and plain sums.
//!
//! A checksum that stands within the bytes that it covers counts its own bytes as zeros (RFC 1071, 4.1).

mod tally;

pub use tally::Tally;

use super::{DecodeError, Fault, Field, Reader, Writer};
use core::ops::Range;

/// The parameters of every known CRC, by name.
#[doc(no_inline)]
pub use crc as catalogue;
#[doc(no_inline)]
pub use crc::Crc;

/// A function of bytes.
pub trait Checksum {
    /// What it comes to.
    type Value: Copy + Into<u64>;

    /// The checksum of all `parts`, one behind the other.
    fn of(&self, parts: &[&[u8]]) -> Self::Value;
}

/// A checksum that can count bytes as they come, part by part.
pub trait Counts: Checksum {
    /// The checksum before the first byte has come.
    fn tally(&'static self) -> Tally;
}

macro_rules! crcs {
    ($($width:ident)*) => { $(
        impl Checksum for Crc<$width> {
            type Value = $width;

            #[inline]
            fn of(&self, parts: &[&[u8]]) -> $width {
                let mut digest = self.digest();
                parts.iter().for_each(|part| digest.update(part));
                digest.finalize()
            }
        }

        impl Counts for Crc<$width> {
            fn tally(&'static self) -> Tally {
                self.into()
            }
        }
    )* };
}

crcs! { u8 u16 u32 u64 }

macro_rules! sums {
    ($($name:ident $width:ident $bits:literal;)*) => { $(
        #[doc = concat!("The sum of all bytes, modulo 2 to the power of ", $bits, ".")]
        #[derive(Debug, Clone, Copy)]
        pub struct $name;

        impl Checksum for $name {
            type Value = $width;

            #[inline]
            fn of(&self, parts: &[&[u8]]) -> $width {
                parts.iter().copied().flatten().fold(0, |sum, byte| sum.wrapping_add((*byte).into()))
            }
        }

        impl Counts for $name {
            fn tally(&'static self) -> Tally {
                Tally::sum($width::MAX.into())
            }
        }
    )* };
}

sums! {
    Sum8 u8 "8";
    Sum16 u16 "16";
    Sum32 u32 "32";
}

/// All bytes, joined by exclusive or.
#[derive(Debug, Clone, Copy)]
pub struct Xor8;

impl Checksum for Xor8 {
    type Value = u8;

    #[inline]
    fn of(&self, parts: &[&[u8]]) -> u8 {
        parts.iter().copied().flatten().fold(0, |sum, byte| sum ^ byte)
    }
}

impl Counts for Xor8 {
    fn tally(&'static self) -> Tally {
        Tally::xor()
    }
}

/// Adler-32 (RFC 1950, 8.2).
#[derive(Debug, Clone, Copy)]
pub struct Adler32;

impl Checksum for Adler32 {
    type Value = u32;

    #[inline]
    fn of(&self, parts: &[&[u8]]) -> u32 {
        let mut adler = adler2::Adler32::new();
        parts.iter().for_each(|part| adler.write_slice(part));
        adler.checksum()
    }
}

impl Counts for Adler32 {
    fn tally(&'static self) -> Tally {
        Tally::adler()
    }
}

/// The checksum of IP, TCP and UDP (RFC 1071): the complement of the sum, in ones' complement, of 16-bit words with the
/// highest byte first. A last byte that is alone is the high one of its word.
#[derive(Debug, Clone, Copy)]
pub struct Internet;

impl Checksum for Internet {
    type Value = u16;

    #[inline]
    fn of(&self, parts: &[&[u8]]) -> u16 {
        let start = (0, true);
        let (sum, _) = parts.iter().fold(start, |(sum, high), part| internet::add(sum, high, part));
        internet::folded(sum)
    }
}

impl Counts for Internet {
    fn tally(&'static self) -> Tally {
        Tally::internet()
    }
}

mod internet {
    /// Adds bytes to a sum of words; `high` says whether the next byte is the high one of its word.
    pub(super) fn add(sum: u64, high: bool, bytes: &[u8]) -> (u64, bool) {
        // 2^48 words fit behind this fold, which is one of ones' complement.
        let sum = (sum >> 32).wrapping_add(sum & 0xffff_ffff);
        bytes.iter().fold((sum, high), |(sum, high), byte| {
            let word = if high { u64::from(*byte).wrapping_shl(8) } else { u64::from(*byte) };
            (sum.wrapping_add(word), !high)
        })
    }

    /// The complement of a sum, in ones' complement.
    pub(super) fn folded(mut sum: u64) -> u16 {
        while sum > 0xffff {
            sum = (sum >> 16).wrapping_add(sum & 0xffff);
        }
        !u16::try_from(sum).unwrap_or_default()
    }
}

/// What a checksum counts in its own place, which takes at most 20 bytes.
const ZEROS: &[u8] = &[0; 20];

impl Reader<'_> {
    /// Checks a checksum that was `found` at `offset` against the bytes of the frame that it covers.
    ///
    /// # Errors
    ///
    /// It is another one.
    pub fn checksum(
        &self,
        how: &impl Checksum,
        covered: Range<usize>,
        found: u64,
        offset: usize,
        field: &'static Field,
    ) -> Result<(), DecodeError> {
        same(how, &[self.covered(covered)], found, offset, field)
    }

    /// Checks a checksum of `width` bytes that stands within what it covers: its own bytes count as zeros.
    ///
    /// # Errors
    ///
    /// As [`checksum`](Self::checksum).
    pub fn checksum_around(
        &self,
        how: &impl Checksum,
        covered: Range<usize>,
        width: usize,
        found: u64,
        offset: usize,
        field: &'static Field,
    ) -> Result<(), DecodeError> {
        let before = self.covered(covered.start..offset);
        let behind = self.covered(offset.saturating_add(width)..covered.end);
        same(how, &[before, ZEROS.get(..width).unwrap_or(ZEROS), behind], found, offset, field)
    }
}

fn same(
    how: &impl Checksum,
    parts: &[&[u8]],
    found: u64,
    offset: usize,
    field: &'static Field,
) -> Result<(), DecodeError> {
    let expected = how.of(parts).into();
    if found == expected {
        return Ok(());
    }
    Err(DecodeError::new(field, offset, Fault::Checksum { expected, found }))
}

impl Writer<'_> {
    /// The checksum of what has been written there; see [`offset`](Self::offset).
    pub fn checksum<C: Checksum>(&self, how: &C, covered: Range<usize>) -> C::Value {
        how.of(&[self.written().get(covered).unwrap_or_default()])
    }

    /// Writes over what stands at `offset`.
    pub fn patch(&mut self, offset: usize, write: impl FnOnce(&mut Self)) {
        let end = self.buffer().len();
        write(self);
        let (before, new) = self.buffer().split_at_mut(end);
        if let Some(old) = before.get_mut(offset..offset.saturating_add(new.len())) {
            old.copy_from_slice(new);
        }
        self.buffer().truncate(end);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    const F: &Field = &Field::new("M", "crc", 1);
    static CRC_16_IBM_3740: Crc<u16> = Crc::<u16>::new(&catalogue::CRC_16_IBM_3740);

    #[test]
    fn known_answers() {
        let parts: &[&[u8]] = &[b"1234", b"", b"56789"];
        assert_eq!(CRC_16_IBM_3740.of(parts), 0x29b1);
        assert_eq!(Crc::<u32>::new(&catalogue::CRC_32_ISO_HDLC).of(parts), 0xcbf4_3926);
        assert_eq!((Sum8.of(parts), Sum16.of(parts), Sum32.of(parts)), (0xdd, 0x1dd, 0x1dd));
        assert_eq!(Xor8.of(parts), 0x31);
        assert_eq!(Adler32.of(parts), 0x091e_01de);
        // The example of RFC 1071, 3: the sum is ddf2.
        assert_eq!(Internet.of(&[&[0, 1, 0xf2], &[3, 0xf4, 0xf5, 0xf6, 0xf7]]), !0xddf2);
        assert_eq!(Internet.of(&[&[0x12]]), !0x1200, "a byte alone is the high one");
    }

    #[test]
    fn what_stands_within_counts_as_zeros() {
        // The header of IPv4 that everybody shows.
        let header = [0x45, 0, 0, 0x73, 0, 0, 0x40, 0, 0x40, 0x11, 0xb8, 0x61, 0xc0, 0xa8, 0, 1, 0xc0, 0xa8, 0, 0xc7];
        let reader = Reader::new(&header);
        assert_eq!(reader.checksum_around(&Internet, 0..20, 2, 0xb861, 10, F), Ok(()));
        let fault = Fault::Checksum { expected: 0xb861, found: 0xb862 };
        assert_eq!(reader.checksum_around(&Internet, 0..20, 2, 0xb862, 10, F), Err(DecodeError::new(F, 10, fault)));
        let mut out = BytesMut::new();
        let mut writer = Writer::new(&mut out);
        writer.bytes(&header[..10]);
        writer.pad(0, 2);
        writer.bytes(&header[12..]);
        let sum = writer.checksum(&Internet, 0..20);
        writer.patch(10, |writer| writer.u16_be(sum));
        assert_eq!(out[..], header);
    }
}
