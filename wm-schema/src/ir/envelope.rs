//! What stands around the messages of a protocol.

/// `frame slip`: every message stands in an envelope of this kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// Which it is.
    pub kind: EnvelopeKind,
    /// Its line in the schema.
    pub line: u32,
}

impl Envelope {
    /// What an error about it calls it.
    pub const NAME: &'static str = "frame";

    /// How a schema says that there is none, and that each message is a datagram.
    pub const NONE: &'static str = "datagram";
}

/// The envelopes that there are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum EnvelopeKind {
    /// RFC 1055: `END` behind it, and escapes within.
    Slip,
    /// Cheshire and Baker 1997: a zero behind it, and none within.
    Cobs,
    /// LF or CRLF behind it.
    Line,
    /// An object or a list of JSON, which ends at its last brace.
    Json,
}

impl EnvelopeKind {
    /// Every one.
    pub const ALL: [Self; 4] = [Self::Slip, Self::Cobs, Self::Line, Self::Json];

    /// How a schema says it.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Slip => "slip",
            Self::Cobs => "cobs",
            Self::Line => "line",
            Self::Json => "json",
        }
    }

    /// The least bytes that it takes beside the content.
    #[must_use]
    pub const fn bytes_min(self) -> u64 {
        match self {
            Self::Slip | Self::Line => 1,
            Self::Cobs => 2,
            Self::Json => 0,
        }
    }

    /// The most bytes of a frame with so many bytes of content, without what may stand in front.
    #[must_use]
    pub const fn frame_bytes(self, content: u64) -> u64 {
        match self {
            Self::Slip => content.saturating_mul(2).saturating_add(1),
            // A block for each 254 bytes, the last perhaps empty, and the end.
            Self::Cobs => content.saturating_add(content / 254).saturating_add(2),
            Self::Line => content.saturating_add(2),
            Self::Json => content,
        }
    }
}
