//! What is wrong with bytes or with a message: the faults of the runtime, in the same words.

use crate::ir::FaultKind;
use std::fmt;

/// Bytes that break a rule of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    /// The message or struct.
    pub layout: Box<str>,
    /// The field that was being read.
    pub field: Box<str>,
    /// Its line in the schema; 0 if the schema is no file.
    pub line: u32,
    /// Where it went wrong, in bytes from the start of the frame.
    pub offset: usize,
    /// What is wrong.
    pub fault: Fault,
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{} at byte {}: {}", self.layout, self.field, self.offset, self.fault)?;
        if self.line > 0 {
            write!(f, " (schema line {})", self.line)?;
        }
        Ok(())
    }
}

impl std::error::Error for Error {}

/// What can be wrong with received bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fault {
    /// A size or a count is over its limit.
    TooLong {
        /// What was announced, or how much has arrived without an end.
        found: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// A size is smaller than what it must hold.
    TooShort {
        /// What was announced.
        found: u64,
        /// The least that the layout takes.
        least: u64,
    },
    /// A layout contains itself more often than it may.
    TooDeep {
        /// How many of it may stand in each other.
        limit: u64,
    },
    /// A pointer does not lead to an earlier place.
    Pointer {
        /// The byte of the frame that it points at.
        to: i128,
        /// The first byte that it may point at.
        least: u64,
        /// The first byte behind those that it may point at.
        before: u64,
    },
    /// Too many pointers lead from one to the next.
    TooManyHops {
        /// How many may.
        limit: u64,
    },
    /// The frame or region ends before the field does.
    Truncated {
        /// How many more bytes the field needs.
        needed: usize,
    },
    /// Bytes are left over behind the last field.
    Trailing {
        /// How many.
        extra: usize,
    },
    /// A constant is not what the schema says.
    Constant {
        /// The bytes that belong there.
        expected: Vec<u8>,
    },
    /// A byte is no digit of the number.
    Digit {
        /// The byte that was found.
        found: u8,
        /// 10 or 16.
        radix: u8,
    },
    /// A number has no digits.
    NoDigits,
    /// A number is written longer than it needs to be.
    NotMinimal,
    /// A number does not fit its type.
    Overflow,
    /// A number is outside of the range in the schema.
    OutOfRange {
        /// What was found.
        found: i128,
        /// The least that is allowed.
        least: i128,
        /// The most that is allowed.
        most: i128,
    },
    /// A computed value is not what the rest of the message says.
    Mismatch {
        /// What the message says.
        expected: u64,
        /// What was found.
        found: u64,
    },
    /// A checksum is not that of the bytes that it covers.
    Checksum {
        /// What the bytes give.
        expected: u64,
        /// What was found.
        found: u64,
    },
    /// The bits of a constant are not what the schema says.
    ConstantBits {
        /// The number that belongs there.
        expected: u64,
        /// What was found.
        found: u64,
    },
    /// The base of an escaping integer stands neither for itself nor for an escape.
    Reserved {
        /// The base that was found.
        found: u64,
    },
    /// A bit that says who sends says the other side.
    Sender {
        /// What was found.
        found: bool,
    },
    /// No variant of the enum has this value.
    Variant {
        /// The value that was found.
        found: u64,
    },
    /// A line of a header block breaks a rule.
    Header(&'static str),
    /// None of the words that the schema names.
    Word {
        /// These words.
        expected: Vec<String>,
    },
    /// Not UTF-8.
    Utf8,
    /// Not ASCII.
    Ascii {
        /// The byte that was found.
        found: u8,
    },
    /// Not the JSON that the schema asks for; what serde says of it.
    Json(String),
    /// What follows an escape stands for nothing.
    Escape {
        /// The byte that was found.
        found: u8,
    },
    /// Neither an object nor a list of JSON.
    NoBrace {
        /// The byte that was found.
        found: u8,
    },
    /// Not base64.
    Base64,
    /// Not hexadecimal digits in pairs.
    Hex,
    /// A `where` does not hold.
    Condition {
        /// Its spelling in the schema.
        condition: String,
    },
    /// A type or a transform of the user's does not take it.
    Refused {
        /// What it says of it.
        reason: String,
    },
    /// No message has this byte where they are told apart.
    Stranger {
        /// The byte that was found.
        found: u8,
    },
    /// The state of the session does not allow it.
    Unexpected {
        /// The state.
        state: String,
        /// What its sender may say in this state.
        legal: Vec<String>,
    },
}

impl Fault {
    /// Its kind, as `recover` tells them apart.
    #[must_use]
    pub const fn kind(&self) -> FaultKind {
        match self {
            Self::Constant { .. } | Self::ConstantBits { .. } | Self::Stranger { .. } | Self::Unexpected { .. } => {
                FaultKind::Magic
            }
            Self::TooLong { .. }
            | Self::TooShort { .. }
            | Self::Truncated { .. }
            | Self::Trailing { .. }
            | Self::Mismatch { .. } => FaultKind::Length,
            Self::Checksum { .. } => FaultKind::Checksum,
            Self::Escape { .. } | Self::NoBrace { .. } => FaultKind::Envelope,
            Self::Header(_) | Self::Utf8 | Self::Ascii { .. } | Self::Json(_) | Self::Base64 | Self::Hex => {
                FaultKind::Text
            }
            Self::Digit { .. } | Self::NoDigits | Self::NotMinimal | Self::Overflow | Self::Reserved { .. } => {
                FaultKind::Number
            }
            Self::OutOfRange { .. }
            | Self::Pointer { .. }
            | Self::TooManyHops { .. }
            | Self::TooDeep { .. }
            | Self::Sender { .. }
            | Self::Variant { .. }
            | Self::Word { .. }
            | Self::Condition { .. }
            | Self::Refused { .. } => FaultKind::Value,
        }
    }

    /// The name of the kind of fault, as the runtime calls it too.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "TooLong",
            Self::TooShort { .. } => "TooShort",
            Self::TooDeep { .. } => "TooDeep",
            Self::Pointer { .. } => "Pointer",
            Self::TooManyHops { .. } => "TooManyHops",
            Self::Truncated { .. } => "Truncated",
            Self::Trailing { .. } => "Trailing",
            Self::Constant { .. } => "Constant",
            Self::Digit { .. } => "Digit",
            Self::NoDigits => "NoDigits",
            Self::NotMinimal => "NotMinimal",
            Self::Overflow => "Overflow",
            Self::OutOfRange { .. } => "OutOfRange",
            Self::Mismatch { .. } => "Mismatch",
            Self::Checksum { .. } => "Checksum",
            Self::ConstantBits { .. } => "ConstantBits",
            Self::Reserved { .. } => "Reserved",
            Self::Sender { .. } => "Sender",
            Self::Variant { .. } => "Variant",
            Self::Header(_) => "Header",
            Self::Word { .. } => "Word",
            Self::Utf8 => "Utf8",
            Self::Ascii { .. } => "Ascii",
            Self::Json(_) => "Json",
            Self::Escape { .. } => "Escape",
            Self::NoBrace { .. } => "NoBrace",
            Self::Base64 => "Base64",
            Self::Hex => "Hex",
            Self::Condition { .. } => "Condition",
            Self::Refused { .. } => "Refused",
            Self::Stranger { .. } => "Stranger",
            Self::Unexpected { .. } => "Unexpected",
        }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found, limit } => write!(f, "{found} is over the limit of {limit}"),
            Self::TooShort { found, least } => write!(f, "{found} is too short, it must be at least {least}"),
            Self::TooDeep { limit } => write!(f, "it stands more than {limit} deep in itself"),
            Self::Pointer { to, least, before } => {
                write!(f, "it points at byte {to}, which is not within {least}..{before}")
            }
            Self::TooManyHops { limit } => write!(f, "more than {limit} pointers in a row"),
            Self::Truncated { needed } => write!(f, "the bytes end here, {needed} more are needed"),
            Self::Trailing { extra } => write!(f, "{extra} bytes too many"),
            Self::Constant { expected } => write!(f, "expected \"{}\"", expected.escape_ascii()),
            Self::Digit { found, radix } => {
                let radix = if *radix == 16 { "hexadecimal" } else { "decimal" };
                write!(f, "'{}' is no {radix} digit", found.escape_ascii())
            }
            Self::NoDigits => f.write_str("a number without digits"),
            Self::NotMinimal => f.write_str("a number written longer than it needs to be"),
            Self::Overflow => f.write_str("a number that does not fit its type"),
            Self::OutOfRange { found, least, most } => write!(f, "{found} is not in {least}..={most}"),
            Self::Mismatch { expected, found } => write!(f, "found {found}, but the message says {expected}"),
            Self::Checksum { expected, found } => {
                write!(f, "the checksum says {found:#x}, but the bytes give {expected:#x}")
            }
            Self::ConstantBits { expected, found } => write!(f, "the bits are {found}, not {expected}"),
            Self::Reserved { found } => write!(f, "{found} is no value and no escape of the integer"),
            Self::Sender { found } => write!(f, "{found}, but the other side sends it so"),
            Self::Variant { found } => write!(f, "{found} is no variant of the enum"),
            Self::Header(what) => f.write_str(what),
            Self::Word { expected } => write!(f, "no word of {}", expected.join(", ")),
            Self::Utf8 => f.write_str("not UTF-8"),
            Self::Ascii { found } => write!(f, "byte 0x{found:02x} is not ASCII"),
            Self::Json(what) => write!(f, "not the JSON that is expected: {what}"),
            Self::Escape { found } => write!(f, "byte 0x{found:02x} behind an escape stands for nothing"),
            Self::NoBrace { found } => write!(f, "'{}' opens neither an object nor a list", found.escape_ascii()),
            Self::Base64 => f.write_str("not base64"),
            Self::Hex => f.write_str("no hexadecimal digits in pairs"),
            Self::Condition { condition } => write!(f, "`{condition}` does not hold"),
            Self::Refused { reason } => write!(f, "refused: {reason}"),
            Self::Stranger { found } => write!(f, "no message has the byte 0x{found:02x} here"),
            Self::Unexpected { state, legal } => f.write_str(&unexpected(state, legal)),
        }
    }
}

/// A message that cannot be put on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError {
    /// The message or struct.
    pub layout: Box<str>,
    /// The field whose value cannot be sent.
    pub field: Box<str>,
    /// Why not.
    pub fault: EncodeFault,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}: {}", self.layout, self.field, self.fault)
    }
}

impl std::error::Error for EncodeError {}

/// Why a value cannot be put on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum EncodeFault {
    /// The value is over its limit.
    TooLong {
        /// Its size in bytes, or its count of elements.
        found: u64,
        /// The most that is allowed.
        limit: u64,
    },
    /// The value has not the length that the schema fixes.
    Length {
        /// Its length in bytes, or its count of elements.
        found: u64,
        /// The length that the schema fixes.
        expected: u64,
    },
    /// A number is outside of what the wire can carry or the schema allows.
    OutOfRange {
        /// The number.
        found: i128,
        /// The least that is allowed.
        least: i128,
        /// The most that is allowed.
        most: i128,
    },
    /// A header cannot stand in its block.
    Header(&'static str),
    /// No word at all.
    Word,
    /// The value contains the delimiter that ends it.
    Delimiter {
        /// Where, in bytes from the start of the value.
        offset: usize,
    },
    /// The value ends with bytes that the reader trims.
    Trimmed {
        /// The bytes that are trimmed.
        suffix: Vec<u8>,
    },
    /// Not ASCII.
    Ascii {
        /// Where, in bytes from the start of the value.
        offset: usize,
    },
    /// The message takes no bytes, and its envelope drops what is empty.
    Empty,
    /// The message is no object or list of JSON, or has something around it.
    NoBraces,
    /// The value cannot be written as JSON.
    Json(String),
    /// A `where` does not hold.
    Condition {
        /// Its spelling in the schema.
        condition: String,
    },
    /// What was written could not be read: a pointer leads to no such value.
    Unreadable {
        /// Where, in bytes from the start of the message.
        offset: usize,
        /// What the reader would say.
        fault: Box<Fault>,
    },
    /// A layout contains itself more often than it may.
    TooDeep {
        /// How many of it may stand in each other.
        limit: u64,
    },
    /// A list must end with the first element that meets a condition.
    End {
        /// The element that meets it too early, from 0; none if no element meets it.
        found: Option<u64>,
        /// The condition, as the schema spells it.
        condition: String,
    },
    /// A field is there and must not be, or the other way round.
    Presence {
        /// Whether it must be there.
        expected: bool,
        /// The `if` that says so, as the schema spells it.
        condition: String,
    },
    /// A type or a transform of the user's does not take it.
    Refused {
        /// What it says of it.
        reason: String,
    },
    /// It needs what is written in Rust, and was not lent to the interpreter.
    NotLent {
        /// Its path.
        path: String,
    },
    /// The value is of another type than its field. In Rust the compiler refuses that.
    Shape,
    /// The state of the session does not allow it.
    Unexpected {
        /// The state.
        state: String,
        /// What the sender may say in this state.
        legal: Vec<String>,
    },
}

impl EncodeFault {
    /// The name of the kind of fault, as the runtime calls it too.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::TooLong { .. } => "TooLong",
            Self::Length { .. } => "Length",
            Self::OutOfRange { .. } => "OutOfRange",
            Self::Header(_) => "Header",
            Self::Word => "Word",
            Self::Delimiter { .. } => "Delimiter",
            Self::Trimmed { .. } => "Trimmed",
            Self::Ascii { .. } => "Ascii",
            Self::Empty => "Empty",
            Self::NoBraces => "NoBraces",
            Self::Json(_) => "Json",
            Self::Condition { .. } => "Condition",
            Self::TooDeep { .. } => "TooDeep",
            Self::Unreadable { .. } => "Unreadable",
            Self::End { .. } => "End",
            Self::Presence { .. } => "Presence",
            Self::Refused { .. } => "Refused",
            Self::NotLent { .. } => "NotLent",
            Self::Shape => "Shape",
            Self::Unexpected { .. } => "Unexpected",
        }
    }
}

impl fmt::Display for EncodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found, limit } => write!(f, "{found} is over the limit of {limit}"),
            Self::Length { found, expected } => write!(f, "length {found}, but the schema fixes {expected}"),
            Self::OutOfRange { found, least, most } => write!(f, "{found} is not in {least}..={most}"),
            Self::Header(what) => f.write_str(what),
            Self::Word => f.write_str("a word that has a variant of its own, or no word at all"),
            Self::Delimiter { offset } => write!(f, "contains its own delimiter, at byte {offset}"),
            Self::Trimmed { suffix } => write!(f, "ends with \"{}\", which the reader trims", suffix.escape_ascii()),
            Self::Ascii { offset } => write!(f, "not ASCII, at byte {offset}"),
            Self::Empty => f.write_str("no bytes at all, which a receiver would not see"),
            Self::NoBraces => f.write_str("no object or list of JSON alone"),
            Self::Json(what) => write!(f, "cannot be written as JSON: {what}"),
            Self::Condition { condition } => write!(f, "`{condition}` does not hold"),
            Self::TooDeep { limit } => write!(f, "it stands more than {limit} deep in itself"),
            Self::Unreadable { offset, fault } => write!(f, "a reader would refuse byte {offset}: {fault}"),
            Self::End { found: Some(at), condition } => {
                write!(f, "element {at} ends the list, `{condition}` holds, but more follow")
            }
            Self::End { found: None, condition } => write!(f, "no element ends the list: `{condition}` holds for none"),
            Self::Presence { expected: true, condition } => write!(f, "it is absent, but `{condition}` holds"),
            Self::Presence { expected: false, condition } => write!(f, "it is there, but `{condition}` does not hold"),
            Self::Refused { reason } => write!(f, "refused: {reason}"),
            Self::NotLent { path } => write!(f, "it needs `{path}`, which is written in Rust"),
            Self::Shape => f.write_str("a value of another type"),
            Self::Unexpected { state, legal } => f.write_str(&unexpected(state, legal)),
        }
    }
}

/// What is legal in a state, in words.
fn unexpected(state: &str, legal: &[String]) -> String {
    if legal.is_empty() {
        return format!("in the state `{state}` it is not this side's turn");
    }
    format!("in the state `{state}` only `{}` is legal", legal.join("` or `"))
}
