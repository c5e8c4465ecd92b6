//! [`FaultKind`]: faults by the names that a schema calls them.

use super::Fault;

/// The kinds of faults that a schema tells apart: `recover { bad_magic => … }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum FaultKind {
    /// `bad_magic`: a constant is another, or no message starts so.
    Magic,
    /// `bad_length`: a size or a count is too large, too small, or not that of what it measures.
    Length,
    /// `bad_crc`: a checksum is not that of what it covers.
    Checksum,
    /// `bad_frame`: what stands around a message is no such envelope.
    Envelope,
    /// `bad_text`: not UTF-8, ASCII, JSON or base64, or no line of a header block.
    Text,
    /// `bad_number`: a number that is not spelled as one.
    Number,
    /// `bad_value`: a value that the schema does not allow.
    Value,
}

impl Fault {
    /// Its kind.
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
            Self::Utf8 | Self::Ascii { .. } | Self::Json(_) | Self::Base64 | Self::Hex | Self::Header(_) => {
                FaultKind::Text
            }
            Self::Digit { .. } | Self::NoDigits | Self::NotMinimal | Self::Overflow | Self::Reserved { .. } => {
                FaultKind::Number
            }
            Self::OutOfRange { .. }
            | Self::Sender { .. }
            | Self::Variant { .. }
            | Self::Word { .. }
            | Self::TooDeep { .. }
            | Self::Pointer { .. }
            | Self::TooManyHops { .. }
            | Self::Condition { .. }
            | Self::Refused { .. } => FaultKind::Value,
        }
    }
}
