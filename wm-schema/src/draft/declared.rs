//! What is declared beside the layouts, as it was written.

use super::{FieldDraft, Name, RustShape, Spanned, TypeDraft};

/// `const NAME = value`.
#[derive(Debug, Clone)]
pub struct Const {
    /// The name.
    pub name: Name,
    /// A number or bytes.
    pub value: Spanned<Literal>,
}

/// Something that is written out in the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Literal {
    /// A number.
    Int(i128),
    /// A string, `hex "…"`, a character, `CRLF` or `LF`.
    Bytes(Vec<u8>),
    /// The name of a `const`.
    Const(String),
}

/// `int Len: u7 minimal { 126 => u16, 127 => u64 }`.
#[derive(Debug, Clone)]
pub struct IntDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: Name,
    /// The integer in front.
    pub base: TypeDraft,
    /// `in 0..=250`: what the base says itself.
    pub direct: Option<Spanned<(i128, i128)>>,
    /// `minimal`: only the shortest spelling is accepted.
    pub minimal: bool,
    /// What its escapes are, in source order.
    pub escapes: Vec<EscapeDraft>,
}

/// `126 => u16`.
#[derive(Debug, Clone)]
pub struct EscapeDraft {
    /// The value of the base.
    pub mark: Spanned<i128>,
    /// The integer that follows it.
    pub ty: TypeDraft,
}

/// `enum Kind: u8 { Hello = 1, Vendor = 0xE0..=0xFF, _ }`.
#[derive(Debug, Clone)]
pub struct EnumDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: Name,
    /// What stands on the wire: an integer type, or `ascii` for words.
    pub repr: TypeDraft,
    /// `nocase`: capital and small letters are the same.
    pub nocase: bool,
    /// Its variants in source order.
    pub variants: Vec<VariantDraft>,
    /// Whether the user wrote its Rust.
    pub rust: RustShape,
}

impl EnumDraft {
    /// Whether its values are words.
    #[must_use]
    pub fn is_text(&self) -> bool {
        matches!(self.repr.name.text.as_str(), "ascii" | "str" | "bytes")
    }
}

/// One variant of an enum.
#[derive(Debug, Clone)]
pub struct VariantDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// Its name; `_` for the open variant that takes every other value.
    pub name: Name,
    /// Its value or range of values, both ends included; none for `_`.
    pub values: Option<Spanned<(i128, i128)>>,
    /// `= "M-SEARCH"`: the word on the wire, where it is not the name.
    pub word: Option<Spanned<Vec<u8>>>,
}

/// `json File { file_name: str  file_data: base64 }`: the typed body of a JSON field.
#[derive(Debug, Clone)]
pub struct JsonDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: Name,
    /// Members in source order; of each field only docs, name and the name of the type are used.
    pub members: Vec<FieldDraft>,
}
