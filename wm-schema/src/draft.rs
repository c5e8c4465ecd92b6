//! A schema as a front end has read it: names are still words, nothing is looked up, nothing is checked.
//!
//! Both front ends build a [`Draft`]: the parser of `.wm` files and `#[derive(Protocol)]`. Neither a span of pest nor one
//! of syn shows here: where a thing was written is an [`Origin`], a number that its front end gave out and alone can
//! turn back into a place. [`crate::resolve`] makes a checked [`crate::ir::Schema`] of it.

mod declared;
mod externs;
mod formula;
mod layout;
mod session;
mod test;

pub use declared::{Const, EnumDraft, EscapeDraft, IntDraft, JsonDraft, Literal, VariantDraft};
pub use externs::{ExternDraft, ExternKind};
pub use formula::{Argument, Expr, ExprKind, Formula, FormulaKind, Operator};
pub use layout::{
    ArmDraft, Attr, AttrKind, ExtentDraft, ExtentKind, FieldDraft, FieldKind, FillDraft, Held, LayoutDraft, LayoutKind,
    ParamDraft, PatternDraft, RustShape, Side, TypeDraft,
};
pub use session::{EdgeDraft, SessionDraft, SetDraft, StateDraft, TargetDraft, TimeoutDraft, VariableDraft};
pub use test::{CaseDraft, ExpectDraft, TestDraft, ValueDraft, ValueKind};

/// Where something was written: an index into the places of the front end that made it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Origin(pub u32);

/// A word and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Name {
    /// The word.
    pub text: String,
    /// Where it was written.
    pub origin: Origin,
}

/// A value and where it was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Spanned<T> {
    /// The value.
    pub value: T,
    /// Where it was written.
    pub origin: Origin,
}

/// A whole schema, unchecked.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Doc comments of the protocol, a line each, without the slashes and the first blank.
    pub docs: Vec<String>,
    /// The name of the protocol.
    pub name: Name,
    /// `v4`.
    pub version: Option<Spanned<u32>>,
    /// `port 1883`.
    pub port: Option<Spanned<u128>>,
    /// `endian little`; big if it is not said.
    pub endian: Option<Spanned<Endian>>,
    /// `bits lsb`; the highest first if it is not said.
    pub bits: Option<Spanned<BitOrder>>,
    /// `limit frame 2G`.
    pub limits: Vec<Limit>,
    /// `frame slip max 4K`.
    pub envelopes: Vec<EnvelopeDraft>,
    /// `const NAME = …`.
    pub consts: Vec<Const>,
    /// `int`s that escape.
    pub ints: Vec<IntDraft>,
    /// `enum`s.
    pub enums: Vec<EnumDraft>,
    /// `extern`s: what is written in Rust.
    pub externs: Vec<ExternDraft>,
    /// `json Name { … }`.
    pub json_bodies: Vec<JsonDraft>,
    /// `message`s and `struct`s in source order.
    pub layouts: Vec<LayoutDraft>,
    /// `exchange A -> B in order`.
    pub exchanges: Vec<ExchangeDraft>,
    /// `session { … }`.
    pub sessions: Vec<SessionDraft>,
    /// `recover { bad_magic => resync "****" within 64K }`.
    pub recovers: Vec<RecoverDraft>,
    /// `test "name" { … }`.
    pub tests: Vec<TestDraft>,
    /// The line, from 1, of each [`Origin`]; 0 where the schema is no file.
    pub lines: Vec<u32>,
    /// The names of imported declarations that nothing in the schema leads to: they are left out.
    pub left_out: Vec<String>,
    /// Where the origins of another file start: the first of each, and its path; none for the schema's own file.
    pub files: Vec<(Origin, Option<String>)>,
}

impl Draft {
    /// The line of the schema, from 1, that `origin` stands on; 0 if the schema is no file.
    #[must_use]
    pub fn line(&self, origin: Origin) -> u32 {
        self.lines.get(origin.0 as usize).copied().unwrap_or(0)
    }

    /// The path of the imported file that `origin` is in; none for the schema's own file.
    #[must_use]
    pub fn file(&self, origin: Origin) -> Option<&str> {
        self.files.iter().rfind(|(first, _)| *first <= origin)?.1.as_deref()
    }
}

/// The order of the bytes of an integer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Endian {
    /// Highest byte first, the default.
    Big,
    /// Lowest byte first.
    Little,
}

/// Which bits of a run the first field takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BitOrder {
    /// The highest, the default: as the pictures of RFCs are read.
    Highest,
    /// The lowest.
    Lowest,
}

/// `limit NAME VALUE`.
#[derive(Debug, Clone)]
pub struct Limit {
    /// What is limited: `frame`.
    pub name: Name,
    /// The most bytes.
    pub value: Spanned<u128>,
}

/// `frame slip max 4K`: what stands around every message.
#[derive(Debug, Clone)]
pub struct EnvelopeDraft {
    /// Which envelope it is, written as a type.
    pub ty: TypeDraft,
    /// What follows, in source order: `max`.
    pub attrs: Vec<Attr>,
    /// The whole line.
    pub origin: Origin,
}

/// `exchange Upload -> Done in order`.
#[derive(Debug, Clone)]
pub struct ExchangeDraft {
    /// What is asked.
    pub request: Name,
    /// What may answer.
    pub replies: Vec<Name>,
    /// The field that pairs them; in order if it is not said.
    pub by: Option<Name>,
    /// The whole line.
    pub origin: Origin,
}

/// One rule of a `recover` block.
#[derive(Debug, Clone)]
pub struct RecoverDraft {
    /// What went wrong: `bad_magic`, `bad_text`; `_` for all that no other rule is about.
    pub fault: Name,
    /// What to do: `close`, `skip`, `resync`.
    pub action: Name,
    /// What is searched for, if it is `resync`.
    pub resync: Option<ResyncDraft>,
}

/// `"****" within 64K`.
#[derive(Debug, Clone)]
pub struct ResyncDraft {
    /// What a frame starts with.
    pub mark: Spanned<Vec<u8>>,
    /// The most bytes that are passed.
    pub within: Option<Spanned<u128>>,
}
