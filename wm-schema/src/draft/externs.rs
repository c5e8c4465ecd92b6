//! What a schema names that is written in Rust, as it was written.

use super::{Attr, Name, Spanned, TypeDraft};

/// `extern type Time: u64 = "crate::Time"`, `extern fn sum() -> u16 = "crate::sum"`, `extern via packed = "crate::Packed"`.
#[derive(Debug, Clone)]
pub struct ExternDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name that the schema knows it by.
    pub name: Name,
    /// What it is.
    pub kind: ExternKind,
    /// Its path in Rust.
    pub path: Spanned<String>,
}

/// What is written in Rust.
#[derive(Debug, Clone)]
pub enum ExternKind {
    /// A type in the place of one of the wire, which has its own attributes.
    Type(TypeDraft, Vec<Attr>),
    /// A function of bytes, and the integer that it gives.
    Function(TypeDraft),
    /// How content stands on the wire.
    Via,
}
