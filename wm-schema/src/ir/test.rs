//! Tests of a schema, and the values in them.

use crate::draft::Side;

/// A test of the schema.
#[derive(Debug, Clone)]
pub struct Test {
    /// What it is called.
    pub name: String,
    /// Its cases in source order.
    pub cases: Vec<Case>,
}

/// One case of a test.
#[derive(Debug, Clone)]
pub struct Case {
    /// The message that the bytes are of, by index; none if their side sends several, and what is expected names none.
    pub message: Option<usize>,
    /// Who sends them; the client if it makes no difference.
    pub from: Side,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What must come of them.
    pub expect: Expect,
    /// Its line in the schema.
    pub line: u32,
}

/// What a test expects of its bytes.
#[derive(Debug, Clone, PartialEq)]
pub enum Expect {
    /// They decode to this, and this encodes to them.
    Equals(Value),
    /// They decode to this.
    Decodes(Value),
    /// They are refused, and the error names this field.
    Rejects(String),
    /// They are not complete: so many bytes are missing at least.
    Needs(u64),
}

/// A value of a field or of a message: what the interpreter reads and writes.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number, or a value of an enum.
    Int(i128),
    /// A number of `u128` over `i128::MAX`.
    Huge(u128),
    /// A float.
    Float(f64),
    /// Bytes, text, or JSON as its text.
    Bytes(Vec<u8>),
    /// A typed JSON body: its members in the order of the schema.
    Json(Vec<Self>),
    /// `true` or `false` in a typed JSON body.
    Bool(bool),
    /// Elements of a list.
    List(Vec<Self>),
    /// The fields of a layout that users set, in its order.
    Struct(Vec<Self>),
    /// A field that may be absent.
    Option(Option<Box<Self>>),
    /// The arm of a union, by index, and its value.
    Arm(usize, Box<Self>),
}
