//! Sets of bytes, and which bytes of a number a range of it leaves.

use std::fmt;

/// Some of the 256 bytes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct ByteSet([u64; 4]);

impl ByteSet {
    /// No byte.
    pub const EMPTY: Self = Self([0; 4]);
    /// Every byte.
    pub const FULL: Self = Self([u64::MAX; 4]);

    /// One byte.
    #[must_use]
    pub fn one(byte: u8) -> Self {
        Self::of(|other| other == byte)
    }

    /// The bytes for which `is_in` says so.
    #[must_use]
    pub fn of(is_in: impl Fn(u8) -> bool) -> Self {
        let mut set = Self::EMPTY;
        (0..=u8::MAX).filter(|byte| is_in(*byte)).for_each(|byte| set.insert(byte));
        set
    }

    /// Puts a byte in.
    pub fn insert(&mut self, byte: u8) {
        self.0[usize::from(byte / 64)] |= 1 << (byte % 64);
    }

    /// Whether a byte is in it.
    #[must_use]
    pub fn contains(&self, byte: u8) -> bool {
        self.0[usize::from(byte / 64)] & (1 << (byte % 64)) != 0
    }

    /// Whether no byte is in both.
    #[must_use]
    pub fn is_apart(&self, other: &Self) -> bool {
        self.0.iter().zip(other.0).all(|(one, other)| one & other == 0)
    }

    /// What is in one of the two.
    #[must_use]
    pub fn or(self, other: Self) -> Self {
        Self(std::array::from_fn(|part| self.0[part] | other.0[part]))
    }

    /// The bytes from low to high, neighbours together, both ends included.
    #[must_use]
    pub fn ranges(&self) -> Vec<(u8, u8)> {
        let mut ranges: Vec<(u8, u8)> = Vec::new();
        for byte in (0..=u8::MAX).filter(|byte| self.contains(*byte)) {
            match ranges.last_mut() {
                Some((_, most)) if *most + 1 == byte => *most = byte,
                _ => ranges.push((byte, byte)),
            }
        }
        ranges
    }
}

impl fmt::Debug for ByteSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.ranges()).finish()
    }
}

/// Numbers that a field may be, in ranges with both ends; of negative ones their two's complement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Numbers(pub(super) Vec<(u128, u128)>);

impl Numbers {
    /// Whether one of them has `piece` in the `width` bits from `low` on.
    pub(super) fn show(&self, piece: u128, low: u32, width: u32) -> bool {
        self.0.iter().any(|(least, most)| {
            let (least, most) = (least >> low, most >> low);
            // The first number from `least` on whose lowest bits are `piece`.
            let unit = 1u128 << width;
            let behind = (least & !(unit - 1)) | piece;
            let first = if behind < least { behind.checked_add(unit) } else { Some(behind) };
            first.is_some_and(|first| first <= most)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_are_a_range() {
        let set = ByteSet::of(|byte| matches!(byte, 0 | 3..=5 | 254..));
        assert_eq!(set.ranges(), [(0, 0), (3, 5), (254, 255)]);
        assert!(set.is_apart(&ByteSet::one(1)) && !set.is_apart(&ByteSet::one(255)));
        assert_eq!(ByteSet::FULL.ranges(), [(0, 255)]);
    }

    #[test]
    fn a_range_of_numbers_leaves_these_bytes() {
        for (range, low, expected) in [
            ((0x0100, 0x0103), 8, vec![(1, 1)]),
            ((0x0100, 0x0103), 0, vec![(0, 3)]),
            ((0x01fe, 0x0201), 0, vec![(0, 1), (0xfe, 0xff)]),
            ((0x01fe, 0x0201), 8, vec![(1, 2)]),
            ((0, 0xffff), 0, vec![(0, 255)]),
            ((7, 7), 8, vec![(0, 0)]),
        ] {
            let numbers = Numbers(vec![range]);
            let set = ByteSet::of(|byte| numbers.show(byte.into(), low, 8));
            assert_eq!(set.ranges(), expected, "{range:?} at {low}");
        }
    }
}
