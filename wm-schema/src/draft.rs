//! A schema as a front end has read it: names are still words, nothing is looked up, nothing is checked.
//!
//! Both front ends build a [`Draft`]: the parser of `.wm` files and `#[derive(Protocol)]`. Neither a span of pest nor one
//! of syn shows here: where a thing was written is an [`Origin`], a number that its front end gave out and alone can
//! turn back into a place. [`crate::resolve`] makes a checked [`crate::ir::Schema`] of it.

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
    /// `const NAME = …`.
    pub consts: Vec<Const>,
    /// `int`s that escape.
    pub ints: Vec<IntDraft>,
    /// `enum`s.
    pub enums: Vec<EnumDraft>,
    /// `json Name { … }`.
    pub json_bodies: Vec<JsonDraft>,
    /// `message`s and `struct`s in source order.
    pub layouts: Vec<LayoutDraft>,
    /// `exchange A -> B in order`.
    pub exchanges: Vec<ExchangeDraft>,
    /// `recover { bad_magic => resync "****" within 64K }`.
    pub recovers: Vec<RecoverDraft>,
    /// `test "name" { … }`.
    pub tests: Vec<TestDraft>,
    /// The line, from 1, of each [`Origin`]; 0 where the schema is no file.
    pub lines: Vec<u32>,
}

impl Draft {
    /// The line of the schema, from 1, that `origin` stands on; 0 if the schema is no file.
    #[must_use]
    pub fn line(&self, origin: Origin) -> u32 {
        self.lines.get(origin.0 as usize).copied().unwrap_or(0)
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
    /// The integer type on the wire.
    pub repr: TypeDraft,
    /// Its variants in source order.
    pub variants: Vec<VariantDraft>,
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
        /// What chooses each arm, in the order of the fields.
        arms: Vec<ArmDraft>,
    },
}

/// What chooses an arm of a union.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ArmDraft {
    /// The values; none for `_`, which takes all others.
    pub pattern: Option<PatternDraft>,
    /// How many of the arguments of the whole `match` are for its type.
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
}

/// A parameter of a struct.
#[derive(Debug, Clone)]
pub struct ParamDraft {
    /// Its name.
    pub name: Name,
    /// Its type: an integer or an enum.
    pub ty: TypeDraft,
}

/// One end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that connects.
    Client,
    /// The end that listens.
    Server,
}

/// How Rust holds a layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RustShape {
    /// The generator writes the struct; its fields borrow.
    Generated,
    /// The user wrote the struct and derives the rest.
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
}

/// How Rust holds the value of a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Held {
    /// Numbers as they are, bytes and text borrowed from the frame.
    #[default]
    View,
    /// Bytes and text as `Vec<u8>` and `String`.
    Owned,
    /// A type of the user's, read and written by serde: only for `json`.
    Serde,
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
    /// `max 1M`.
    Max(Spanned<Literal>),
    /// `trim "\r"`.
    Trim(Spanned<Literal>),
    /// `in 1..=5`, both ends included.
    In(Spanned<(i128, i128)>),
    /// `= size(self)`, `= 5`.
    Equals(Expr),
    /// `stream`.
    Stream,
    /// `where it % 2 == 0`: what must be true of the value.
    Where(Formula),
    /// `if will`: when the field is there.
    If(Formula),
}

/// The right side of an equation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where it was written.
    pub origin: Origin,
}

/// The kinds of an [`Expr`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// A number, bytes or a constant's name.
    Literal(Literal),
    /// A field.
    Path(Name),
    /// `size(self)`, `size(a..b)`, `count(items)`.
    Call {
        /// The function.
        function: Name,
        /// What it is applied to.
        argument: Argument,
    },
    /// `size(self) - 4`.
    Binary {
        /// The operator as it is written: `+ - * /`.
        operator: char,
        /// Its left side.
        left: Box<Expr>,
        /// Its right side.
        right: Box<Expr>,
    },
}

/// What a function of the language is applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A field, `self` or `rest`.
    Name(Name),
    /// `first..last`, both included.
    Range(Name, Name),
}

/// What is worked out from values that are there already: a condition, or a number. An [`Expr`] goes the other way: it
/// measures, and is solved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    /// What it says.
    pub kind: FormulaKind,
    /// Its spelling, on one line.
    pub text: String,
    /// Where it was written.
    pub origin: Origin,
}

/// The kinds of a [`Formula`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormulaKind {
    /// A number, bytes or a constant's name.
    Literal(Literal),
    /// `flags`, `head.flags`, `it`, `true`.
    Path(Vec<Name>),
    /// `Method.Password`.
    Variant(Name, Name),
    /// `!will`.
    Not(Box<Formula>),
    /// `-x`.
    Negative(Box<Formula>),
    /// `flags & 6`.
    Binary {
        /// The operator.
        operator: Operator,
        /// Its left side.
        left: Box<Formula>,
        /// Its right side.
        right: Box<Formula>,
    },
    /// `kind is Vendor`.
    Is {
        /// What is looked at.
        value: Box<Formula>,
        /// The variant that it may be.
        variant: Name,
    },
}

/// An operator of a [`Formula`] with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `&`
    BitAnd,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 18] = [
        Self::Or,
        Self::And,
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessEqual,
        Self::Greater,
        Self::GreaterEqual,
        Self::BitOr,
        Self::BitXor,
        Self::BitAnd,
        Self::ShiftLeft,
        Self::ShiftRight,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Remainder,
    ];

    /// Its spelling, in the language as in Rust.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::BitAnd => "&",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// How tightly it binds, as in Rust: what binds tighter is worked out first.
    #[must_use]
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual => 3,
            Self::BitOr => 4,
            Self::BitXor => 5,
            Self::BitAnd => 6,
            Self::ShiftLeft | Self::ShiftRight => 7,
            Self::Add | Self::Subtract => 8,
            Self::Multiply | Self::Divide | Self::Remainder => 9,
        }
    }

    /// Whether it compares: `a == b == c` then means nothing.
    #[must_use]
    pub const fn compares(self) -> bool {
        self.precedence() == 3
    }
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
    /// What went wrong: `bad_magic`, `bad_crc`.
    pub fault: Name,
    /// What to do: `close`, `skip`, `resync`.
    pub action: Name,
}

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
    /// `[1, 2]`.
    List(Vec<ValueDraft>),
    /// `Line { text: "x" }`.
    Struct(Name, Vec<(Name, ValueDraft)>),
}
