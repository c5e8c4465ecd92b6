//! A checked schema: what every generator and the interpreter stand on.
//!
//! Names are resolved to indices, types to layouts, equations to spans of fields, limits to numbers, and for each
//! message it is known how its end is found. Nothing here can be inconsistent: only [`crate::resolve`] makes one, and it
//! makes none while there is a mistake.

mod choice;
mod formula;

pub use crate::draft::{Endian, Held, RustShape, Side};
pub use choice::{By, Choice, Param};
pub use formula::{Computed, Formula, Operator, Term};

use std::sync::Arc;

/// The largest frame if the schema does not say: the manual's `maxPackageSize`.
pub const FRAME_BYTES_MAX: u64 = 10 << 20;

/// A checked schema.
#[derive(Debug, Clone)]
pub struct Schema {
    /// Doc comments, a line each.
    pub docs: Vec<String>,
    /// The name, in snake case.
    pub name: String,
    /// `v4`.
    pub version: Option<u32>,
    /// The port that the protocol is known by.
    pub port: Option<u16>,
    /// The largest frame in bytes, of any message.
    pub frame_bytes_max: u64,
    /// Integers that escape, in source order.
    pub ints: Vec<Arc<Escaping>>,
    /// Enums in source order.
    pub enums: Vec<Enum>,
    /// Typed JSON bodies in source order.
    pub json_bodies: Vec<JsonBody>,
    /// Structs in source order; one only contains others before or behind it, never itself.
    pub structs: Vec<Layout>,
    /// Messages in source order: one that both sides send, or at most one from each side.
    pub messages: Vec<Message>,
    /// Which replies answer which request.
    pub exchanges: Vec<Exchange>,
    /// Tests in source order.
    pub tests: Vec<Test>,
}

impl Schema {
    /// The message that `side` sends, if it sends one.
    #[must_use]
    pub fn sent_by(&self, side: Side) -> Option<&Message> {
        self.messages.iter().find(|message| message.from.is_none_or(|from| from == side))
    }
}

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

/// A message: a layout that travels alone.
#[derive(Debug, Clone)]
pub struct Message {
    /// What it consists of.
    pub layout: Layout,
    /// Who sends it; both if none.
    pub from: Option<Side>,
    /// How the end of its frame is found.
    pub framing: Framing,
    /// The largest frame in bytes: the schema's limit, or less if the layout cannot be so large.
    pub frame_bytes_max: u64,
}

impl Message {
    /// Whether its bytes tell who sends it: one of its fields is `= from(client)` or `= from(server)`.
    #[must_use]
    pub fn is_sided(&self) -> bool {
        self.layout.fields.iter().any(|field| matches!(field.role, Role::Sender(_)))
    }
}

/// Fields one behind the other.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: String,
    /// `(flags: u8)`: values that the layout around it hands in.
    pub params: Vec<Param>,
    /// The fields in the order of the wire; of a union its arms, of which one is there.
    pub fields: Vec<Field>,
    /// What chooses the arm, if it is a union.
    pub choice: Option<Choice>,
    /// The least and the most bytes that it takes.
    pub size: Size,
    /// Whether the Rust struct borrows, and so has a lifetime: a field of bytes, text, JSON, a list, or a struct that does.
    pub borrows: bool,
    /// How Rust holds it.
    pub rust: RustShape,
    /// Its line in the schema.
    pub line: u32,
}

/// How many bytes something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The least.
    pub least: u64,
    /// The most; limits of the schema are counted in, so that it is always known in a message. None in a struct whose
    /// `[..]` is bounded only by what contains it.
    pub most: Option<u64>,
}

impl Size {
    /// The size, if it is always the same.
    #[must_use]
    pub fn fixed(self) -> Option<u64> {
        (self.most == Some(self.least)).then_some(self.least)
    }
}

/// A line of a layout.
#[derive(Debug, Clone)]
pub struct Field {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name; for a constant its spelling in the schema, `_` for a reserved field.
    pub name: String,
    /// Whether a user sets it.
    pub role: Role,
    /// What stands on the wire.
    pub ty: Type,
    /// `if`: when it is there. Rust holds it as an `Option`, and its least size is 0.
    pub condition: Option<Formula>,
    /// What is handed to the struct that it is; of a union that is given its value, behind that.
    pub args: Vec<Formula>,
    /// `where`: what must be true once it has been read, in source order.
    pub rules: Vec<Formula>,
    /// How Rust holds it.
    pub held: Held,
    /// Where its bits stand, if it is part of a run of bits.
    pub bits: Option<BitPlace>,
    /// The least and the most bytes that it takes, its prefix and delimiter included. The bytes of a run of bits are
    /// those of its last field, the others take none.
    pub size: Size,
    /// `stream`: it may be too large to be held whole.
    pub stream: bool,
    /// Its line in the schema.
    pub line: u32,
}

/// The bits of a field in its run: fields of bits that fill whole bytes together are one number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitPlace {
    /// The index of the first field of the run.
    pub first: usize,
    /// The index of its last field.
    pub last: usize,
    /// How many bytes the run takes, 1 to 8.
    pub bytes: u8,
    /// The order of these bytes.
    pub endian: Endian,
    /// How many bits of the number stand below those of the field.
    pub shift: u8,
    /// How many bits the field takes, 1 to 64.
    pub width: u8,
}

impl BitPlace {
    /// The first byte of the run that holds bits of the field.
    #[must_use]
    pub fn byte(&self) -> u64 {
        let highest = self.shift + self.width - 1;
        u64::from(match self.endian {
            Endian::Big => self.bytes - 1 - highest / 8,
            Endian::Little => self.shift / 8,
        })
    }

    /// How many bytes of the run hold bits of the field.
    #[must_use]
    pub fn spread(&self) -> u8 {
        let highest = self.shift + self.width - 1;
        highest / 8 - self.shift / 8 + 1
    }

    /// The most that the bits can say.
    #[must_use]
    pub fn most(&self) -> u64 {
        u64::MAX >> (64 - u32::from(self.width))
    }
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The user sets it: it is a field of the Rust struct.
    Value,
    /// The schema fixes it: `"****"`, `ver: u8 = 5`. Numbers carry their value; [`Type::Constant`] its bytes.
    Constant(i128),
    /// The encoder computes it, the decoder checks it, the framer may solve it.
    Computed(Equation),
    /// True exactly if this side sends the message, which both may send: an [`Int::Flag`].
    Sender(Side),
}

/// `value = measure + add`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Equation {
    /// What is measured.
    pub measure: Measure,
    /// What is added to it.
    pub add: i64,
}

/// What an equation measures, within its layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The bytes of the fields `first..=last`, prefixes and delimiters included: `size(self)` is all fields, `size(rest)`
    /// those behind this one. `size(x)` of bytes with a prefix or a delimiter of their own counts these too.
    Bytes {
        /// The index of the first field.
        first: usize,
        /// The index of the last field.
        last: usize,
    },
    /// The count of the elements of a list.
    Elements {
        /// The index of the list.
        list: usize,
    },
}

/// What stands on the wire.
#[derive(Debug, Clone)]
pub enum Type {
    /// Bytes that never change.
    Constant(Vec<u8>),
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
        delimiter: Vec<u8>,
        /// The most characters, 1 to 20.
        max: u8,
    },
    /// Part of a byte or of several, unsigned: [`Field::bits`] says which. Never an element or a prefix.
    Bits {
        /// 1 to 63.
        bits: u8,
    },
    /// One bit, true or false: [`Field::bits`] says which.
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
            Self::Varint { signed: false } => (0, u64::MAX.into()),
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
            Self::Varint { .. } => (1, 10),
            Self::Digits { digits, .. } => (u64::from(*digits), u64::from(*digits)),
            Self::Until { delimiter, max, .. } => {
                let delimiter = delimiter.len() as u64;
                (1 + delimiter, u64::from(*max) + delimiter)
            }
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
            Self::Until { radix, delimiter, .. } => {
                let digits = value.unsigned_abs().checked_ilog(u128::from(*radix)).unwrap_or(0) + 1;
                u64::from(digits) + u64::from(value < 0) + delimiter.len() as u64
            }
            Self::Bits { .. } | Self::Flag => 0,
            Self::Escaping(how) => {
                let escape = u64::try_from(value).ok().and_then(|value| how.escape(value));
                how.base.size().least + escape.map_or(0, |escape| u64::from(escape.bytes))
            }
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
    /// Bytes that a reader takes off the end once, and a writer does not allow there.
    pub trim: Option<Vec<u8>>,
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
    /// An earlier field of the layout says; it is [`Role::Computed`] by an equation that measures this field, so that
    /// length = value of that field - `add` of its equation.
    Field(usize),
    /// A number in front says.
    Prefix(Int),
    /// A delimiter ends it; only bytes.
    Until(Vec<u8>),
    /// All that is left of the region, but for the fields behind it, which take `tail` bytes.
    Rest {
        /// The fixed size of the fields behind it.
        tail: u64,
    },
}

/// How the end of a frame is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Framing {
    /// Always this many bytes.
    Fixed {
        /// The size of the frame.
        bytes: u64,
    },
    /// A number in the first bytes says.
    Prefix {
        /// The field that holds the number: a number itself, or bytes or a list with a prefix.
        field: usize,
        /// How many bytes stand before the number; fixed.
        at: u64,
        /// The number.
        int: Int,
        /// Bytes for each unit of the number: 1, or the size of an element.
        scale: u64,
        /// size of the frame = number * scale + outside, plus the width of the number if `width_outside`.
        outside: i64,
        /// Whether the width of the number varies and is not counted by it.
        width_outside: bool,
    },
    /// A delimiter says.
    Until {
        /// The field that it ends.
        field: usize,
        /// How many bytes stand before the field; fixed.
        from: u64,
        /// The delimiter.
        delimiter: Vec<u8>,
        /// The most bytes before the delimiter.
        max: u64,
        /// How many bytes stand behind the delimiter; fixed.
        tail: u64,
    },
    /// Field by field, by the steps of [`crate::walk`].
    Walk,
}

/// `exchange Upload -> Done in order`.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What is asked, by index of the message.
    pub request: usize,
    /// What may answer.
    pub replies: Vec<usize>,
}

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
    /// The message that the bytes are of, by index.
    pub message: usize,
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
