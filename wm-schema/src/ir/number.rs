//! Numbers on the wire.

use super::{Delimiters, Size};
use crate::draft::Endian;
use std::sync::Arc;

/// A number on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Int {
    /// Whole bytes in two's complement.
    Fixed {
        /// 1 to 8, or 16.
        bytes: u8,
        /// Whether it may be negative.
        signed: bool,
        /// The order of its bytes.
        endian: Endian,
    },
    /// LEB128, at most 10 bytes.
    Varint {
        /// Whether it is the zigzag form of a signed number.
        signed: bool,
    },
    /// Seven bits a byte, the highest first, at most 10 bytes: `vlq`, of MIDI.
    Vlq {
        /// Whether only the shortest spelling is accepted.
        minimal: bool,
    },
    /// 1, 2, 4 or 8 bytes, as its first two bits say: `quicvar`, of QUIC.
    Quic {
        /// Whether only the shortest spelling is accepted.
        minimal: bool,
    },
    /// So many ASCII digits, zeros in front: `dec[10]`, `hex[4]`. At most 19 decimal or 16 hexadecimal digits.
    Digits {
        /// 10 or 16.
        radix: u8,
        /// How many.
        digits: u8,
    },
    /// ASCII digits up to a delimiter: `dec until ":" max 9`.
    Until {
        /// 10 or 16.
        radix: u8,
        /// `idec`: with an optional `-`.
        signed: bool,
        /// What ends it.
        ends: Delimiters,
        /// The most characters, 1 to 20.
        max: u8,
    },
    /// Part of a byte or of several, unsigned: [`Field::bits`](super::Field::bits) says which. Never an element or a prefix.
    Bits {
        /// 1 to 63.
        bits: u8,
    },
    /// One bit, true or false: [`Field::bits`](super::Field::bits) says which.
    Flag,
    /// A small number that escapes to wider ones.
    Escaping(Arc<Escaping>),
}

/// `int Len: u7 minimal { 126 => u16, 127 => u64 }`: the base is a small value itself, or says what wider number follows.
/// Over bits, the base ends its run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escaping {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: String,
    /// [`Int::Fixed`], unsigned, at most 8 bytes, or [`Int::Bits`].
    pub base: Int,
    /// The most that the base says itself: below the least mark.
    pub direct: u64,
    /// Whether only the shortest spelling is accepted.
    pub minimal: bool,
    /// From narrow to wide; at least one.
    pub escapes: Vec<Escape>,
    /// Its line in the schema.
    pub line: u32,
}

impl Escaping {
    /// The escape that an encoder takes for a value; none if the base says it itself.
    #[must_use]
    pub fn escape(&self, value: u64) -> Option<&Escape> {
        self.escapes.iter().find(|escape| value <= escape.most()).filter(|_| value > self.direct)
    }
}

/// A value of the base, and the number that follows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escape {
    /// What the base says.
    pub mark: u64,
    /// How many bytes follow, 1 to 8.
    pub bytes: u8,
    /// The order of these bytes.
    pub endian: Endian,
}

impl Escape {
    /// The most that it can say.
    #[must_use]
    pub fn most(&self) -> u64 {
        u64::MAX >> (64 - 8 * u32::from(self.bytes))
    }
}

impl Int {
    /// The least and the most value that it can carry.
    #[must_use]
    pub fn range(&self) -> (i128, i128) {
        match *self {
            Self::Fixed { bytes: 16, signed: true, .. } => (i128::MIN, i128::MAX),
            // The top half of u128 is out of reach for constants and ranges of the schema, not for values on the wire.
            Self::Fixed { bytes: 16, signed: false, .. } => (0, i128::MAX),
            Self::Fixed { bytes, signed: true, .. } => {
                let half = 1i128 << (u32::from(bytes) * 8 - 1);
                (-half, half - 1)
            }
            Self::Fixed { bytes, signed: false, .. } => (0, (1i128 << (u32::from(bytes) * 8)) - 1),
            Self::Varint { signed: true } => (i64::MIN.into(), i64::MAX.into()),
            Self::Varint { signed: false } | Self::Vlq { .. } => (0, u64::MAX.into()),
            Self::Quic { .. } => (0, (1i128 << 62) - 1),
            Self::Digits { radix, digits } => (0, i128::from(radix).pow(digits.into()) - 1),
            Self::Until { signed: true, max, .. } => {
                let most = 10i128.pow(u32::from(max.min(19))) - 1;
                let least = -(10i128.pow(u32::from(max.clamp(1, 20) - 1)) - 1);
                (least.max(i64::MIN.into()), most.min(i64::MAX.into()))
            }
            Self::Until { radix, max, .. } => {
                let most = i128::from(radix).checked_pow(max.into()).map_or(i128::MAX, |power| power - 1);
                (0, most.min(u64::MAX.into()))
            }
            Self::Bits { bits } => (0, (1i128 << bits) - 1),
            Self::Flag => (0, 1),
            Self::Escaping(ref how) => (0, how.escapes.last().map_or(how.direct, Escape::most).into()),
        }
    }

    /// How many bits it takes in a run, if it can be part of one: an unsigned number of fixed width.
    #[must_use]
    pub fn bits(&self) -> Option<u8> {
        match self {
            Self::Fixed { bytes: bytes @ 1..=8, signed: false, .. } => Some(bytes * 8),
            Self::Bits { bits } => Some(*bits),
            Self::Flag => Some(1),
            Self::Escaping(how) => how.base.bits(),
            _ => None,
        }
    }

    /// Whether it is nothing without a run of bits around it.
    #[must_use]
    pub fn needs_run(&self) -> bool {
        match self {
            Self::Bits { .. } | Self::Flag => true,
            Self::Escaping(how) => how.base.needs_run(),
            _ => false,
        }
    }

    /// The least and the most bytes that it takes, its delimiter included. What is part of a run of bits takes none by
    /// itself; what an escape adds to it is counted.
    #[must_use]
    pub fn size(&self) -> Size {
        let (least, most) = match self {
            Self::Fixed { bytes, .. } => (u64::from(*bytes), u64::from(*bytes)),
            Self::Varint { .. } | Self::Vlq { .. } => (1, 10),
            Self::Quic { .. } => (1, 8),
            Self::Digits { digits, .. } => (u64::from(*digits), u64::from(*digits)),
            Self::Until { ends, max, .. } => (1 + ends.shortest(), u64::from(*max) + ends.longest()),
            Self::Bits { .. } | Self::Flag => (0, 0),
            Self::Escaping(how) => {
                let base = how.base.size().least;
                (base, base + how.escapes.last().map_or(0, |widest| u64::from(widest.bytes)))
            }
        };
        Size { least, most: Some(most) }
    }

    /// How many bytes `value` takes, its delimiter included, as an encoder writes it.
    #[must_use]
    pub fn width(&self, value: i128) -> u64 {
        match self {
            Self::Fixed { bytes, .. } => u64::from(*bytes),
            Self::Digits { digits, .. } => u64::from(*digits),
            Self::Varint { signed } => {
                let zigzag = if *signed { (value << 1) ^ (value >> 127) } else { value };
                let bits = 128 - (zigzag | 1).leading_zeros();
                u64::from(bits.div_ceil(7))
            }
            Self::Vlq { .. } => Self::Varint { signed: false }.width(value),
            Self::Quic { .. } => match value {
                ..=0x3f => 1,
                0x40..=0x3fff => 2,
                0x4000..=0x3fff_ffff => 4,
                _ => 8,
            },
            Self::Until { radix, ends, .. } => {
                let digits = value.unsigned_abs().checked_ilog(u128::from(*radix)).unwrap_or(0) + 1;
                u64::from(digits) + u64::from(value < 0) + ends.written().len() as u64
            }
            Self::Bits { .. } | Self::Flag => 0,
            Self::Escaping(how) => {
                let escape = u64::try_from(value).ok().and_then(|value| how.escape(value));
                how.base.size().least + escape.map_or(0, |escape| u64::from(escape.bytes))
            }
        }
    }
}
