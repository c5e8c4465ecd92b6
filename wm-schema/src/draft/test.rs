//! Tests and values as they were written.

use super::{Literal, Name, Origin, Side, Spanned};

/// `test "name" { … }`.
#[derive(Debug, Clone)]
pub struct TestDraft {
    /// What the test is called.
    pub name: Spanned<String>,
    /// Its cases.
    pub cases: Vec<CaseDraft>,
}

/// One line of a test.
#[derive(Debug, Clone)]
pub struct CaseDraft {
    /// Which side sends the bytes.
    pub side: Option<Spanned<Side>>,
    /// The bytes.
    pub bytes: Spanned<Vec<u8>>,
    /// What must come of them.
    pub expect: ExpectDraft,
}

/// What a test expects.
#[derive(Debug, Clone)]
pub enum ExpectDraft {
    /// `==`: decodes to this, and this encodes to the bytes.
    Equals(ValueDraft),
    /// `decodes`: decodes to this; it is not how it is sent.
    Decodes(ValueDraft),
    /// `rejects FIELD`: refused, and the error names the field.
    Rejects(Name),
    /// `needs N`: not complete, at least so many bytes are missing.
    Needs(Spanned<u128>),
}

/// A value in a test.
#[derive(Debug, Clone)]
pub struct ValueDraft {
    /// What it is.
    pub kind: ValueKind,
    /// Where it was written.
    pub origin: Origin,
}

/// The kinds of a [`ValueDraft`].
#[derive(Debug, Clone)]
pub enum ValueKind {
    /// A number, text or bytes.
    Literal(Literal),
    /// `Opcode.Text`, or `Text` alone.
    Variant(Option<Name>, Name),
    /// `Text("hi")`: an arm of a union, or a variant that is a range, and its value.
    Chosen(Name, Box<ValueDraft>),
    /// `[1, 2]`.
    List(Vec<ValueDraft>),
    /// `Line { text: "x" }`.
    Struct(Name, Vec<(Name, ValueDraft)>),
}
