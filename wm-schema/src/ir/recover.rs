//! What follows a bad frame.

/// The kinds of faults that `recover` tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum FaultKind {
    /// A constant is another, or no message starts so.
    Magic,
    /// A size or a count is too large, too small, or not that of what it measures.
    Length,
    /// A checksum is not that of what it covers.
    Checksum,
    /// What stands around a message is no such envelope.
    Envelope,
    /// Not UTF-8, ASCII, JSON or base64.
    Text,
    /// A number that is not spelled as one.
    Number,
    /// A value that the schema does not allow.
    Value,
}

impl FaultKind {
    /// Every kind.
    pub const ALL: &'static [Self] =
        &[Self::Magic, Self::Length, Self::Checksum, Self::Envelope, Self::Text, Self::Number, Self::Value];

    /// Its word in the language.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Magic => "bad_magic",
            Self::Length => "bad_length",
            Self::Checksum => "bad_crc",
            Self::Envelope => "bad_frame",
            Self::Text => "bad_text",
            Self::Number => "bad_number",
            Self::Value => "bad_value",
        }
    }
}

/// A rule of `recover`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recover {
    /// The faults that it is about; none for `_`, all that no other rule is about.
    pub kind: Option<FaultKind>,
    /// What follows.
    pub action: Action,
}

/// What follows a bad frame.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The connection closes.
    Close,
    /// The frame is thrown away, if its end was found; otherwise the connection closes.
    Skip,
    /// Bytes are thrown away up to those that a frame starts with.
    Resync {
        /// What the message starts with; never empty.
        mark: Vec<u8>,
        /// The most bytes that the search passes.
        within: u64,
    },
}
