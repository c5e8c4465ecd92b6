//! Integers that escape: a small base says small values itself, and some of its values say that a wider number follows.
//!
//! ```text
//!   int Len: u7 minimal { 126 => u16, 127 => u64 }          WebSocket, MySQL, CBOR
//!
//!   0 to 125   |base|                the value itself
//!   126        |base| 2 bytes |      up to 65535
//!   127        |base| 8 bytes |      all others
//! ```
//!
//! The base is whole bytes, or the bits at the end of a run, which the caller has read then. Errors point at the base.

use super::{DecodeError, Fault, Field, Prefix, Reader, Writer};
use bytes::{BufMut, BytesMut};

/// How an integer escapes. Escapes go from narrow to wide.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escaping {
    /// The most that the base says itself.
    pub direct: u64,
    /// Whether a value must be sent in the shortest way.
    pub minimal: bool,
    /// Values of the base, and what follows them.
    pub escapes: &'static [(u64, Unsigned)],
}

/// An unsigned integer of 1 to 8 whole bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsigned {
    bytes: u8,
    little: bool,
}

impl Unsigned {
    /// Big-endian.
    #[must_use]
    pub const fn be(bytes: u8) -> Self {
        Self { bytes, little: false }
    }

    /// Little-endian.
    #[must_use]
    pub const fn le(bytes: u8) -> Self {
        Self { bytes, little: true }
    }

    pub(super) const fn width(self) -> usize {
        self.bytes as usize
    }

    const fn most(self) -> u64 {
        u64::MAX.wrapping_shr(64u32.saturating_sub((self.bytes as u32).saturating_mul(8)))
    }

    /// The number that `bytes` start with, if they are enough.
    fn read(self, bytes: &[u8]) -> Option<u64> {
        let wire = bytes.get(..self.width())?;
        let join = |value: u64, byte: &u8| value.wrapping_shl(8) | u64::from(*byte);
        Some(if self.little { wire.iter().rev().fold(0, join) } else { wire.iter().fold(0, join) })
    }

    fn write(self, value: u64, out: &mut BytesMut) {
        if self.little {
            out.put_uint_le(value, self.width());
        } else {
            out.put_uint(value, self.width());
        }
    }
}

impl Escaping {
    /// The escape that `value` needs: the narrowest that holds it, none if the base does.
    fn escape(&self, value: u64) -> Option<(u64, Unsigned)> {
        if value <= self.direct {
            return None;
        }
        let holds = |(_, wide): &&(u64, Unsigned)| value <= wide.most();
        self.escapes.iter().find(holds).or(self.escapes.last()).copied()
    }

    /// What the base says for `value`.
    #[inline]
    #[must_use]
    pub fn base<T: TryFrom<u64> + Default>(&self, value: u64) -> T {
        T::try_from(self.escape(value).map_or(value, |(mark, _)| mark)).unwrap_or_default()
    }

    /// How many bytes follow the base of `value`.
    #[inline]
    #[must_use]
    pub fn width(&self, value: u64) -> usize {
        self.escape(value).map_or(0, |(_, wide)| wide.width())
    }

    /// The value of a base, and how many bytes it took behind it; or how many those are, if they have not arrived.
    fn read(
        &self,
        base: u64,
        behind: &[u8],
        offset: usize,
        field: &'static Field,
    ) -> Result<Result<(u64, usize), usize>, DecodeError> {
        let Some(&(_, wide)) = self.escapes.iter().find(|(mark, _)| *mark == base) else {
            if base <= self.direct {
                return Ok(Ok((base, 0)));
            }
            return Err(DecodeError::new(field, offset, Fault::Reserved { found: base }));
        };
        let Some(value) = wide.read(behind) else { return Ok(Err(wide.width())) };
        if self.minimal && self.width(value) != wide.width() {
            return Err(DecodeError::new(field, offset, Fault::NotMinimal));
        }
        Ok(Ok((value, wide.width())))
    }
}

impl Reader<'_> {
    /// Reads an escaping integer with a base of whole bytes.
    ///
    /// # Errors
    ///
    /// The frame ends first, the base stands for nothing, or the value is written longer than it must be.
    #[inline]
    pub fn escaping(&mut self, base: Unsigned, how: &Escaping, field: &'static Field) -> Result<u64, DecodeError> {
        let offset = self.offset();
        let wire = self.bytes(base.width(), field)?;
        self.escaped(base.read(wire).unwrap_or_default(), how, offset, field)
    }

    /// Reads what follows the base of an escaping integer, which has been read at `offset`.
    ///
    /// # Errors
    ///
    /// As [`escaping`](Self::escaping).
    #[inline]
    pub fn escaped(
        &mut self,
        base: u64,
        how: &Escaping,
        offset: usize,
        field: &'static Field,
    ) -> Result<u64, DecodeError> {
        match how.read(base, self.peek(), offset, field)? {
            Ok((value, width)) => self.bytes(width, field).map(|_| value),
            // Too few are left: this says so.
            Err(width) => self.bytes(width, field).map(|_| base),
        }
    }
}

impl Prefix {
    /// Reads an escaping integer at `at` and its width; `None` if it has not arrived whole.
    ///
    /// # Errors
    ///
    /// The base stands for nothing, or the value is written longer than it must be.
    #[inline]
    pub fn escaping(
        buf: &[u8],
        at: usize,
        base: Unsigned,
        how: &Escaping,
        field: &'static Field,
    ) -> Result<Option<(u64, usize)>, DecodeError> {
        let Some(found) = base.read(buf.get(at..).unwrap_or_default()) else { return Ok(None) };
        let number = Self::escaped(buf, at.saturating_add(base.width()), found, how, at, field)?;
        Ok(number.map(|(value, width)| (value, width.saturating_add(base.width()))))
    }

    /// Reads what follows the base of an escaping integer at `at`, and how many bytes that is; `None` if it has not
    /// arrived whole. The base has been read at `offset`.
    ///
    /// # Errors
    ///
    /// As [`escaping`](Self::escaping).
    #[inline]
    pub fn escaped(
        buf: &[u8],
        at: usize,
        base: u64,
        how: &Escaping,
        offset: usize,
        field: &'static Field,
    ) -> Result<Option<(u64, usize)>, DecodeError> {
        how.read(base, buf.get(at..).unwrap_or_default(), offset, field).map(Result::ok)
    }
}

impl Writer<'_> {
    /// Appends an escaping integer with a base of whole bytes.
    #[inline]
    pub fn escaping(&mut self, value: u64, base: Unsigned, how: &Escaping) {
        base.write(how.base(value), self.buffer());
        self.escaped(value, how);
    }

    /// Appends what follows the base of an escaping integer.
    #[inline]
    pub fn escaped(&mut self, value: u64, how: &Escaping) {
        if let Some((_, wide)) = how.escape(value) {
            wide.write(value, self.buffer());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);
    const LEN: &Escaping =
        &Escaping { direct: 125, minimal: true, escapes: &[(126, Unsigned::be(2)), (127, Unsigned::be(8))] };
    /// MySQL's: 251 is NULL there, and 255 an error.
    const LOOSE: &Escaping = &Escaping {
        direct: 250,
        minimal: false,
        escapes: &[(252, Unsigned::le(2)), (253, Unsigned::le(3)), (254, Unsigned::le(8))],
    };
    const BASE: Unsigned = Unsigned::be(1);

    fn written(value: u64, how: &Escaping) -> BytesMut {
        let mut out = BytesMut::new();
        Writer::new(&mut out).escaping(value, BASE, how);
        out
    }

    #[test]
    fn every_width() {
        for how in [LEN, LOOSE] {
            for value in [0, 1, 125, 126, 250, 251, 255, 0xffff, 0x1_0000, 0xff_ffff, 0x100_0000, u64::MAX] {
                let wire = written(value, how);
                assert_eq!(wire.len(), 1 + how.width(value));
                assert_eq!(Reader::new(&wire).escaping(BASE, how, F), Ok(value));
                assert_eq!(Prefix::escaping(&wire, 0, BASE, how, F), Ok(Some((value, wire.len()))));
                for cut in 0..wire.len() {
                    assert_eq!(Prefix::escaping(&wire[..cut], 0, BASE, how, F), Ok(None), "a prefix is never an error");
                }
            }
        }
        assert_eq!(written(1000, LOOSE)[..], [252, 0xe8, 0x03]);
    }

    #[test]
    fn long_spellings_and_marks_of_nothing_are_refused_at_the_base() {
        let read = |wire: &[u8], how| Reader::new(wire).escaping(BASE, how, F);
        assert_eq!(read(&[126, 0, 125], LEN), Err(DecodeError::new(F, 0, Fault::NotMinimal)));
        assert_eq!(read(&[126, 0, 126], LEN), Ok(126));
        assert_eq!(read(&[127, 0, 0, 0, 0, 0, 0, 0xff, 0xff], LEN), Err(DecodeError::new(F, 0, Fault::NotMinimal)));
        assert_eq!(read(&[252, 1, 0], LOOSE), Ok(1));
        assert_eq!(read(&[251], LOOSE), Err(DecodeError::new(F, 0, Fault::Reserved { found: 251 })));
        assert_eq!(read(&[126, 0], LEN), Err(DecodeError::new(F, 2, Fault::Truncated { needed: 1 })));
    }
}
