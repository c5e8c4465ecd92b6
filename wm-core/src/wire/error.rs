//! Errors of a codec, by whose fault they are: [`DecodeError`] is the peer's, [`EncodeError`] the caller's.
//!
//! Both point at a [`Field`] of the schema and carry numbers: the offset, what was found, what the limit is.

use alloc::boxed::Box;
use core::fmt;

/// A line of a schema: what an error points at. Generated code holds one constant for each line of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Field {
    /// The message or struct, as the schema names it.
    pub message: &'static str,
    /// The field; for a constant on the wire its spelling in the schema.
    pub name: &'static str,
    /// Its line in the schema, from 1; 0 if the schema is a Rust type.
    pub line: u32,
}

impl Field {
    /// A field of a message, at a line of its schema.
    #[must_use]
    pub const fn new(message: &'static str, name: &'static str, line: u32) -> Self {
        Self { message, name, line }
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.message, self.name)
    }
}

/// The peer sent bytes that the protocol does not allow.
///
/// The connection that they came from cannot go on, unless its [`Protocol`](crate::protocol::Protocol::recover) knows how
/// to find the next frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DecodeError {
    /// The field that was being read.
    pub field: &'static Field,
    /// Where it went wrong, in bytes from the start of the frame.
    pub offset: usize,
    /// What is wrong.
    pub fault: Fault,
    /// What the bytes look like instead, if they are those of a known protocol.
    pub looks_like: Option<&'static str>,
}

impl DecodeError {
    /// An error at `offset` bytes from the start of the frame.
    #[cold]
    #[must_use]
    pub const fn new(field: &'static Field, offset: usize, fault: Fault) -> Self {
        Self { field, offset, fault, looks_like: None }
    }

    /// The same, so many bytes further on: it was found in what stands behind them.
    #[cold]
    #[must_use]
    pub const fn behind(mut self, bytes: usize) -> Self {
        self.offset = self.offset.saturating_add(bytes);
        self
    }

    /// The same with a guess at who has sent `frame`, if it went wrong in the first bytes of it, or has no end.
    #[cold]
    #[must_use]
    pub fn of(self, frame: &[u8]) -> Self {
        /// A stranger does not come further: what reads on speaks the protocol.
        const WITHIN_BYTES: usize = 32;
        let strange = self.offset < WITHIN_BYTES || matches!(self.fault, Fault::TooLong { .. });
        let looks_like = super::stranger::guess(frame).filter(|_| strange);
        Self { looks_like, ..self }
    }
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at byte {}: {}", self.field, self.offset, self.fault)?;
        if self.field.line > 0 {
            write!(f, " (schema line {})", self.field.line)?;
        }
        if let Some(looks) = self.looks_like {
            write!(f, "; this looks like {looks}")?;
        }
        Ok(())
    }
}

impl core::error::Error for DecodeError {}

/// What can be wrong with received bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
        expected: &'static [u8],
    },
    /// A byte is no digit of the number.
    Digit {
        /// The byte that was found.
        found: u8,
        /// The digits that are allowed.
        radix: super::Radix,
    },
    /// A number has no digits.
    NoDigits,
    /// A number is written longer than it needs to be: a leading zero, `-0`, or an overlong varint.
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
    Header(super::HeaderFault),
    /// None of the words that the schema names.
    Word {
        /// These words.
        expected: &'static [&'static str],
    },
    /// Not UTF-8.
    Utf8,
    /// Not ASCII.
    Ascii {
        /// The byte that was found.
        found: u8,
    },
    /// Not the JSON that the schema asks for; what serde says of it.
    Json(Box<str>),
    /// Not base64.
    Base64,
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
    /// Not hexadecimal digits in pairs.
    Hex,
    /// A condition of the schema does not hold.
    Condition {
        /// The condition, as the schema spells it.
        condition: &'static str,
    },
    /// A type or a transform of a user's does not take it.
    Refused {
        /// What it says of it.
        reason: Box<str>,
    },
    /// No message has this byte where they are told apart.
    Stranger {
        /// The byte that was found.
        found: u8,
    },
    /// The state of the session does not allow it.
    Unexpected {
        /// The state.
        state: &'static str,
        /// What its sender may say in this state.
        legal: &'static [&'static str],
    },
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
            Self::Digit { found, radix } => write!(f, "'{}' is no {radix} digit", found.escape_ascii()),
            Self::NoDigits => write!(f, "a number without digits"),
            Self::NotMinimal => write!(f, "a number written longer than it needs to be"),
            Self::Overflow => write!(f, "a number that does not fit its type"),
            Self::OutOfRange { found, least, most } => write!(f, "{found} is not in {least}..={most}"),
            Self::Mismatch { expected, found } => write!(f, "found {found}, but the message says {expected}"),
            Self::Checksum { expected, found } => {
                write!(f, "the checksum says {found:#x}, but the bytes give {expected:#x}")
            }
            Self::ConstantBits { expected, found } => write!(f, "the bits are {found}, not {expected}"),
            Self::Reserved { found } => write!(f, "{found} is no value and no escape of the integer"),
            Self::Sender { found } => write!(f, "{found}, but the other side sends it so"),
            Self::Variant { found } => write!(f, "{found} is no variant of the enum"),
            Self::Header(what) => write!(f, "{what}"),
            Self::Word { expected } => {
                f.write_str("no word of")?;
                let mut separator = " ";
                for word in *expected {
                    write!(f, "{separator}{word}")?;
                    separator = ", ";
                }
                Ok(())
            }
            Self::Utf8 => write!(f, "not UTF-8"),
            Self::Ascii { found } => write!(f, "byte 0x{found:02x} is not ASCII"),
            Self::Json(what) => write!(f, "not the JSON that is expected: {what}"),
            Self::Base64 => write!(f, "not base64"),
            Self::Escape { found } => write!(f, "byte 0x{found:02x} behind an escape stands for nothing"),
            Self::NoBrace { found } => write!(f, "'{}' opens neither an object nor a list", found.escape_ascii()),
            Self::Hex => write!(f, "no hexadecimal digits in pairs"),
            Self::Condition { condition } => write!(f, "`{condition}` does not hold"),
            Self::Refused { reason } => write!(f, "refused: {reason}"),
            Self::Stranger { found } => write!(f, "no message has the byte 0x{found:02x} here"),
            Self::Unexpected { state, legal } => unexpected(f, state, legal),
        }
    }
}

/// A message that cannot be put on the wire: a value in it breaks a rule of the schema.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EncodeError {
    /// The field whose value cannot be sent.
    pub field: &'static Field,
    /// Why not.
    pub fault: EncodeFault,
}

impl EncodeError {
    /// An error about the value of `field`.
    #[cold]
    #[must_use]
    pub const fn new(field: &'static Field, fault: EncodeFault) -> Self {
        Self { field, fault }
    }
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.fault)
    }
}

impl core::error::Error for EncodeError {}

/// Why a value cannot be put on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
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
    /// A variant of an enum holds a number that stands for another variant, or for none.
    Variant {
        /// The number.
        found: u64,
    },
    /// A header cannot stand in its block.
    Header(super::HeaderFault),
    /// A word that has a variant of its own, or that is none.
    Word,
    /// The value contains the delimiter that ends it.
    Delimiter {
        /// Where, in bytes from the start of the value.
        offset: usize,
    },
    /// The value ends with bytes that the reader trims.
    Trimmed {
        /// The bytes that are trimmed.
        suffix: &'static [u8],
    },
    /// A message in parts is not finished: not all bytes that its head has announced were sent.
    Unfinished {
        /// How many are missing.
        left: u64,
    },
    /// What goes on to the end of the stream has been sent: nothing can stand behind it.
    Finished,
    /// Not ASCII.
    Ascii {
        /// Where, in bytes from the start of the value.
        offset: usize,
    },
    /// The message takes no bytes, and its envelope drops what is empty, or the end of the stream says where it ends; or the elements of a list take none, and their count could
    /// not be told by their size.
    Empty,
    /// The message is no object or list of JSON, or has something around it: its end would not be found.
    NoBraces,
    /// The value cannot be written as JSON; what serde says of it.
    Json(Box<str>),
    /// A condition of the schema does not hold.
    Condition {
        /// The condition, as the schema spells it.
        condition: &'static str,
    },
    /// A type or a transform of a user's does not take it.
    Refused {
        /// What it says of it.
        reason: Box<str>,
    },
    /// A layout contains itself more often than it may.
    TooDeep {
        /// How many of it may stand in each other.
        limit: u64,
    },
    /// What was written could not be read: a pointer leads to no such value.
    Unreadable {
        /// Where, in bytes from the start of the message.
        offset: usize,
        /// What the reader would say.
        fault: Box<Fault>,
    },
    /// A list must end with the first element that meets a condition.
    End {
        /// The element that meets it too early, from 0; none if no element meets it.
        found: Option<u64>,
        /// The condition, as the schema spells it.
        condition: &'static str,
    },
    /// A field is there and must not be, or the other way round.
    Presence {
        /// Whether it must be there.
        expected: bool,
        /// The condition that says so, as the schema spells it.
        condition: &'static str,
    },
    /// The state of the session does not allow it.
    Unexpected {
        /// The state.
        state: &'static str,
        /// What the sender may say in this state.
        legal: &'static [&'static str],
    },
}

impl fmt::Display for EncodeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { found, limit } => write!(f, "{found} is over the limit of {limit}"),
            Self::Length { found, expected } => write!(f, "length {found}, but the schema fixes {expected}"),
            Self::OutOfRange { found, least, most } => write!(f, "{found} is not in {least}..={most}"),
            Self::Variant { found } => write!(f, "{found} does not belong to this variant of the enum"),
            Self::Header(what) => write!(f, "{what}"),
            Self::Word => write!(f, "a word that has a variant of its own, or no word at all"),
            Self::Delimiter { offset } => write!(f, "contains its own delimiter, at byte {offset}"),
            Self::Trimmed { suffix } => {
                write!(f, "ends with \"{}\", which the reader trims", suffix.escape_ascii())
            }
            Self::Unfinished { left } => write!(f, "the message is not finished: {left} bytes are missing"),
            Self::Finished => write!(f, "nothing can be sent behind what goes on to the end of the stream"),
            Self::Ascii { offset } => write!(f, "not ASCII, at byte {offset}"),
            Self::Refused { reason } => write!(f, "refused: {reason}"),
            Self::Empty => write!(f, "no bytes at all, which a receiver would not see"),
            Self::NoBraces => write!(f, "no object or list of JSON alone"),
            Self::Json(what) => write!(f, "cannot be written as JSON: {what}"),
            Self::Condition { condition } => write!(f, "`{condition}` does not hold"),
            Self::TooDeep { limit } => write!(f, "it stands more than {limit} deep in itself"),
            Self::Unreadable { offset, fault } => write!(f, "a reader would refuse byte {offset}: {fault}"),
            Self::End { found: Some(at), condition } => {
                write!(f, "element {at} ends the list, `{condition}` holds, but more follow")
            }
            Self::End { found: None, condition } => write!(f, "no element ends the list: `{condition}` holds for none"),
            Self::Unexpected { state, legal } => unexpected(f, state, legal),
            Self::Presence { expected: true, condition } => write!(f, "it is absent, but `{condition}` holds"),
            Self::Presence { expected: false, condition } => write!(f, "it is there, but `{condition}` does not hold"),
        }
    }
}

/// What is legal in a state, in words.
fn unexpected(f: &mut fmt::Formatter<'_>, state: &str, legal: &[&str]) -> fmt::Result {
    let Some((first, others)) = legal.split_first() else {
        return write!(f, "in the state `{state}` it is not this side's turn");
    };
    write!(f, "in the state `{state}` only `{first}`")?;
    others.iter().try_for_each(|other| write!(f, " or `{other}`"))?;
    f.write_str(" is legal")
}
