//! Messages, structs and unions as they were written.

use super::{Expr, Formula, Literal, Name, Origin, Spanned};

/// `message` or `struct`: a list of fields.
#[derive(Debug, Clone)]
pub struct LayoutDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: Name,
    /// Whether it travels alone, and from whom.
    pub kind: LayoutKind,
    /// `(flags: u8)`: values that the outer layout hands in.
    pub params: Vec<ParamDraft>,
    /// Its fields in source order; of a union its arms.
    pub fields: Vec<FieldDraft>,
    /// `depth 32`: how many of it may stand in each other.
    pub depth: Option<Spanned<u128>>,
    /// `max 255` behind its closing brace: the most bytes that it takes.
    pub max: Option<Spanned<u128>>,
    /// `where` behind its closing brace: what must be true of its fields together.
    pub rules: Vec<Formula>,
    /// How Rust holds it.
    pub rust: RustShape,
}

/// What a layout is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LayoutKind {
    /// A message; `from` is who sends it, both sides if it is not said.
    Message {
        /// `from client`, `from server`.
        from: Option<Spanned<Side>>,
    },
    /// Part of messages.
    Struct,
    /// One of several parts of messages: each field is an arm.
    Union {
        /// Whether an earlier value chooses the arm, as with `match`; else a tag in front of it does.
        given: bool,
        /// The type of the tag, if it is said: `union Attribute: u16 { … }`.
        tag: Option<Name>,
        /// What chooses each arm, in the order of the fields.
        arms: Vec<ArmDraft>,
    },
}

/// How a field is filled up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FillDraft {
    /// The byte that is sent, and the only one that is accepted. Without one zeros are sent, and any byte is accepted.
    pub byte: Option<Spanned<Literal>>,
    /// Whether `size` is a size, else the size of the field becomes a multiple of it.
    pub whole: bool,
    /// How many bytes.
    pub size: Spanned<Literal>,
}

/// What chooses an arm of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmDraft {
    /// The values; none for `_`, which takes all others.
    pub pattern: Option<PatternDraft>,
    /// How many of the arguments of the whole `match` are for its type; behind a tag they stand at the type itself.
    pub args: usize,
    /// Where it was written.
    pub origin: Origin,
}

/// Values that choose an arm.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PatternDraft {
    /// A number or a range, both ends included.
    Values(i128, i128),
    /// A variant of an enum.
    Variant(Name),
    /// Text of no or several bytes.
    Text(Vec<u8>),
}

/// A parameter of a struct.
#[derive(Debug, Clone)]
pub struct ParamDraft {
    /// Its name.
    pub name: Name,
    /// Its type: an integer or an enum.
    pub ty: TypeDraft,
    /// `in 1..=8`: what it may be, both ends included.
    pub range: Option<Spanned<(i128, i128)>>,
}

/// One end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that connects.
    Client,
    /// The end that listens.
    Server,
}

impl Side {
    /// The other end.
    #[must_use]
    pub const fn other(self) -> Self {
        match self {
            Self::Client => Self::Server,
            Self::Server => Self::Client,
        }
    }
}

/// How Rust holds a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RustShape {
    /// The generator writes the struct; its fields borrow.
    Generated,
    /// The user wrote the struct or enum and derives the rest.
    Existing {
        /// Whether it has a lifetime parameter.
        lifetime: bool,
    },
}

/// A line of a layout.
#[derive(Debug, Clone)]
pub struct FieldDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// What stands in front of the type.
    pub kind: FieldKind,
    /// What follows the type, in source order.
    pub attrs: Vec<Attr>,
    /// How Rust holds the value.
    pub held: Held,
    /// The whole line.
    pub origin: Origin,
}

/// What a line of a layout is.
#[derive(Debug, Clone)]
pub enum FieldKind {
    /// `name: type`.
    Named(Name, TypeDraft),
    /// A constant on the wire.
    Literal(Literal),
    /// `_: type`: reserved; its value is given by `= value` and checked.
    Reserved(TypeDraft),
    /// `extensible` behind the closing brace: what newer peers add behind the last field.
    Extension,
    /// The bytes that fill the field in front of it up. No front end writes one: it says [`AttrKind::Fill`] of that field.
    Filler(FillDraft),
    /// The tag in front of an arm whose first bits leave room for it. No front end writes one: where it stands shows when
    /// all types are read.
    Tag {
        /// The tag of the arm.
        value: i128,
        /// How many bits it takes.
        bits: u8,
    },
}

/// How Rust holds the value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Held {
    /// Numbers as they are, bytes and text borrowed from the frame.
    #[default]
    View,
    /// Bytes and text as `Vec<u8>` and `String`.
    Owned,
    /// Bytes whose count never changes as `[u8; 4]`.
    Array,
    /// No bytes, as nothing: an arm of a union that is only its name.
    Nothing,
    /// A type of the user's, read and written by serde: only for `json`.
    Serde,
    /// A type of the user's, made of a number, bytes or text and back by `As`.
    Converted,
}

/// A type as it is written: `u32le`, `bytes[n]`, `dec[10]`, `json File`, `Item[u16]`.
#[derive(Debug, Clone)]
pub struct TypeDraft {
    /// The word in front.
    pub name: Name,
    /// `File` of `json File`.
    pub body: Option<Name>,
    /// `flags` of `Publish(flags)`; of a `match` the arguments of all its arms.
    pub args: Vec<Formula>,
    /// `type` of `match type { … }`.
    pub given: Option<Formula>,
    /// What stands in brackets.
    pub extent: Option<ExtentDraft>,
}

/// What stands in the brackets of a type.
#[derive(Debug, Clone)]
pub struct ExtentDraft {
    /// What it says.
    pub kind: ExtentKind,
    /// The brackets and all between them.
    pub origin: Origin,
}

/// How a length or a count is said.
#[derive(Debug, Clone)]
pub enum ExtentKind {
    /// `[16]`, `[KEY_BYTES]`.
    Literal(Literal),
    /// `[n]`: an earlier field; `[u16]`, `[dec until ":" max 9]`: a prefix. Which of them, the name tells.
    Typed(Box<TypeDraft>, Vec<Attr>),
    /// `[headers["content-length"]]`.
    Header(Name),
    /// `[n * 4 - 8]`: worked out from what has been read.
    Formula(Formula),
    /// `[..]`: the rest of the region.
    Rest,
}

/// What may follow a type.
#[derive(Debug, Clone)]
pub struct Attr {
    /// What it says.
    pub kind: AttrKind,
    /// Where it was written.
    pub origin: Origin,
}

/// An attribute of a field.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AttrKind {
    /// `until "\r\n"`; several are alternatives.
    Until(Vec<Spanned<Literal>>),
    /// `until where it.size == 0`: elements up to and including the one that meets the condition.
    UntilWhere(Formula),
    /// `until empty`: elements up to and including one that is empty.
    UntilEmpty,
    /// `until end`: all that comes up to the end of the stream.
    UntilEnd,
    /// `max 1M`.
    Max(Spanned<Literal>),
    /// `trim "\r"`.
    Trim(Spanned<Literal>),
    /// `pad "\0"`.
    Pad(Spanned<Literal>),
    /// `pad "\0" to 16`, `pad align 4`: the bytes behind the field that fill it up.
    Fill(FillDraft),
    /// `via xor(key)`: the transform, and what it takes.
    Via(Name, Option<Name>),
    /// `in 1..=5`, both ends included.
    In(Spanned<(i128, i128)>),
    /// `= size(self)`, `= 5`.
    Equals(Expr),
    /// `nocase`: capital and small letters are the same.
    Nocase,
    /// `minimal`: only the shortest spelling is accepted.
    Minimal,
    /// `stream`.
    Stream,
    /// `where it % 2 == 0`: what must be true of the value.
    Where(Formula),
    /// `if will`: when the field is there.
    If(Formula),
    /// `at (offset(id) + off) backward`: the earlier place of the frame where it stands.
    At(Formula),
    /// `since v2`: older peers do not send it.
    Since(Spanned<u32>),
    /// `as "crate::Time"`: the type that Rust holds it as.
    As(Spanned<String>),
}
