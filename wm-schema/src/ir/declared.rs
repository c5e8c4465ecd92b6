//! What a schema declares beside its layouts: enums of numbers, enums of words, and typed JSON bodies.

use super::Int;
use crate::draft::RustShape;

/// An integer type whose values have names.
#[derive(Debug, Clone)]
pub struct Enum {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: String,
    /// Its integer on the wire: [`Int::Fixed`], unsigned, or [`Int::Bits`].
    pub repr: Int,
    /// Named values and ranges in source order; they do not overlap.
    pub variants: Vec<Variant>,
    /// Whether every other value is accepted too, as `Other(n)`.
    pub open: bool,
    /// Whether the user wrote its Rust.
    pub rust: RustShape,
    /// Its line in the schema.
    pub line: u32,
}

/// A named value, or range of values, of an enum.
#[derive(Debug, Clone)]
pub struct Variant {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: String,
    /// The first value.
    pub least: u64,
    /// The last value; the same if it is no range. A range carries its number in Rust.
    pub most: u64,
}

/// Words whose names are variants: `enum Method: ascii { GET, PUT, _ }`.
#[derive(Debug, Clone)]
pub struct Words {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: String,
    /// The words in source order; no two are the same.
    pub words: Vec<Word>,
    /// Whether every other word is accepted too, as `Other("…")`.
    pub open: bool,
    /// Whether capital and small letters are the same to a reader.
    pub nocase: bool,
    /// Whether the user wrote its Rust.
    pub rust: RustShape,
    /// Its line in the schema.
    pub line: u32,
}

impl Words {
    /// The word that these bytes are, by index.
    #[must_use]
    pub fn find(&self, found: &[u8]) -> Option<usize> {
        self.words.iter().position(|word| match self.nocase {
            true => word.text.as_bytes().eq_ignore_ascii_case(found),
            false => word.text.as_bytes() == found,
        })
    }

    /// The bytes of the shortest and of the longest word.
    #[must_use]
    pub fn lengths(&self) -> (u64, u64) {
        let lengths = || self.words.iter().map(|word| word.text.len() as u64);
        (lengths().min().unwrap_or(1), lengths().max().unwrap_or(1))
    }
}

/// One of several words.
#[derive(Debug, Clone)]
pub struct Word {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name of its variant.
    pub name: String,
    /// How it is spelled on the wire: visible ASCII, at least one character.
    pub text: String,
}

/// The typed body of a JSON field.
#[derive(Debug, Clone)]
pub struct JsonBody {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: String,
    /// Members in source order.
    pub members: Vec<JsonMember>,
    /// Its line in the schema.
    pub line: u32,
}

/// A member of a JSON object.
#[derive(Debug, Clone)]
pub struct JsonMember {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The key.
    pub name: String,
    /// The type of its value.
    pub ty: JsonType,
}

/// The type of a JSON value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum JsonType {
    /// A string: `Cow<str>`, borrowed where nothing is escaped.
    Str,
    /// A base64 string (RFC 4648, section 4) that stands for bytes.
    Base64,
    /// `true` or `false`.
    Bool,
    /// A whole number within the range of this many bits.
    Int {
        /// 8, 16, 32 or 64.
        bits: u8,
        /// Whether it may be negative.
        signed: bool,
    },
    /// A number.
    Float,
    /// Another typed body, by index.
    Body(usize),
}
