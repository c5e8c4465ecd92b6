//! What stands on the wire.

use super::{Delimiters, Formula, Int};
use crate::draft::Endian;

/// What stands on the wire.
#[derive(Debug, Clone)]
pub enum Type {
    /// Bytes that never change.
    Constant(Constant),
    /// Bytes that fill the field in front of it up: they say nothing. Its role is [`Role::Constant`](super::Role::Constant).
    Filler(Filler),
    /// A number, and the range that `in` allows.
    Int(Int, Option<(i128, i128)>),
    /// A float of 4 or 8 bytes.
    Float {
        /// 4 or 8.
        bytes: u8,
        /// The order of its bytes.
        endian: Endian,
    },
    /// An enum, by index.
    Enum(usize),
    /// Bytes, text or JSON.
    Bytes(Bytes),
    /// A struct, by index.
    Struct(usize),
    /// Elements one behind the other. An element takes at least a byte.
    List {
        /// [`Type::Int`], [`Type::Float`], [`Type::Enum`] or [`Type::Struct`].
        element: Box<Self>,
        /// How many there are.
        count: Extent,
        /// `max`: the most elements.
        max: Option<u64>,
    },
}

impl Type {
    /// How many bytes it takes, if it says that itself.
    #[must_use]
    pub fn fixed(&self) -> Option<u64> {
        match self {
            Self::Constant(constant) => Some(constant.bytes.len() as u64),
            Self::Int(int, _) => int.size().fixed(),
            Self::Float { bytes, .. } => Some(u64::from(*bytes)),
            Self::Bytes(Bytes { extent: Extent::Fixed(bytes), .. }) => Some(*bytes),
            _ => None,
        }
    }
}

/// Bytes that never change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Constant {
    /// The bytes, as an encoder writes them.
    pub bytes: Vec<u8>,
    /// Whether capital and small letters are the same to a reader.
    pub nocase: bool,
}

impl Constant {
    /// The first byte that differs.
    #[must_use]
    pub fn stray(&self, found: &[u8]) -> Option<usize> {
        found.iter().zip(&self.bytes).position(|(found, expected)| match self.nocase {
            true => !found.eq_ignore_ascii_case(expected),
            false => found != expected,
        })
    }
}

/// How a field is filled up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Filler {
    /// The field, by index.
    pub of: usize,
    /// The size that it is filled up to, or that its size becomes a multiple of.
    pub size: u64,
    /// Whether it is filled up to `size`, else to a multiple of it.
    pub whole: bool,
    /// What each byte is; without one zeros are sent, and any are accepted.
    pub byte: Option<u8>,
}

impl Filler {
    /// How many bytes fill a field of `found` bytes up; none if it has more than it may.
    #[must_use]
    pub const fn behind(&self, found: u64) -> Option<u64> {
        match (self.whole, found % self.size) {
            (true, _) => self.size.checked_sub(found),
            (false, 0) => Some(0),
            (false, over) => Some(self.size - over),
        }
    }
}

/// Bytes, text or JSON.
#[derive(Debug, Clone)]
pub struct Bytes {
    /// What the bytes mean.
    pub content: Content,
    /// Where they end.
    pub extent: Extent,
    /// The most bytes of content, from `max`, the type of the length and the limit of the frame; always known in a message.
    pub max: Option<u64>,
    /// `in`: the least and the most that each byte may be. Words have visible characters alone.
    pub within: Option<(u8, u8)>,
    /// Bytes that a reader takes off the end once, and a writer does not allow there.
    pub trim: Option<Vec<u8>>,
    /// What fills content of a fixed size up: a reader takes all of it off the end, and a writer does not allow it there.
    pub pad: Option<u8>,
    /// How the content stands on the wire, if not as it is: only in a message. Extent and limit are those of the wire.
    pub via: Option<Via>,
}

/// How content stands on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Via {
    /// Joined with a key by exclusive or; a key that is absent or empty changes nothing.
    Xor {
        /// The index of the key, an earlier field of bytes.
        key: usize,
    },
    /// RFC 4648, section 4, padded.
    Base64,
    /// Hexadecimal digits, two a byte.
    Hex,
    /// What is written in Rust, by index of [`Externs::vias`](super::Externs::vias).
    Extern(usize),
}

/// What bytes mean.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Content {
    /// Nothing more.
    Bytes,
    /// UTF-8.
    Str,
    /// ASCII.
    Ascii,
    /// A word of these, by index.
    Word(usize),
    /// Lines `Name: value`.
    Headers,
    /// One JSON value, any.
    Json,
    /// A JSON object of this typed body, by index.
    JsonBody(usize),
}

/// Where something ends: in bytes, or in elements for a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Extent {
    /// Always the same.
    Fixed(u64),
    /// An earlier field of the layout says; it is [`Role::Computed`](super::Role::Computed) by an equation that measures this field, so that
    /// length = what that field says in its [`Scale`](super::Scale) - `add` of its equation.
    Field(usize),
    /// A number in front says.
    Prefix(Int),
    /// A delimiter ends it; only bytes.
    Until(Delimiters),
    /// The first element that meets the condition is the last one; only lists. It speaks of [`Term::It`](super::Term::It).
    Where(Formula),
    /// A header of the same layout says, or of the layout that hands its headers in: 0 if it is absent; only bytes.
    Header(String),
    /// Worked out from what has been read: `[(flags & 3) + 1]`.
    Formula {
        /// How many.
        formula: Formula,
        /// The least that it can come to.
        least: u64,
        /// The most that it can come to.
        most: u64,
    },
    /// Up to an empty line, which is not part of it; only headers.
    Lines,
    /// All that is left of the region, but for the fields behind it, which take `tail` bytes.
    Rest {
        /// The fixed size of the fields behind it.
        tail: u64,
        /// Whether its region is the stream, and ends with it: `until end`. Nothing stands behind it then.
        until_end: bool,
    },
}
