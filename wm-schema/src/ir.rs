//! A checked schema: what every generator and the interpreter stand on.
//!
//! Names are resolved to indices, types to layouts, equations to spans of fields, limits to numbers, and for each
//! message it is known how its end is found. Nothing here can be inconsistent: only [`crate::resolve`] makes one, and it
//! makes none while there is a mistake.

mod checksum;
mod choice;
mod declared;
mod delimiters;
mod envelope;
mod externs;
mod formula;
pub mod headers;
mod layout;
mod number;
mod pointer;
mod recover;
mod session;
pub mod stream;
mod test;
mod types;

pub use crate::draft::{Endian, Held, RustShape, Side};
pub use checksum::{Checksum, Crc, Function};
pub use choice::{By, Choice, Param};
pub use declared::{Enum, JsonBody, JsonMember, JsonType, Variant, Word, Words};
pub use delimiters::Delimiters;
pub use envelope::{Envelope, EnvelopeKind};
pub use externs::{ExternFunction, ExternVia, Externs, Meant, Way};
pub use formula::{Computed, Formula, Operator, Term};
pub use layout::{BitPlace, Equation, Field, Layout, Measure, Nesting, Role, Scale, Since, Size};
pub use number::{Escape, Escaping, Int};
pub use pointer::{HOPS_MAX, POINTED_BYTES_MAX, Pointer};
pub use recover::{Action, FaultKind, Recover};
pub use session::{Edge, RAW_BYTES_MAX, Said, Session, State, Target, Upgrade, Variable};
pub use stream::Stream;
pub use test::{Case, Expect, Test, Value};
pub use types::{Bytes, Constant, Content, Extent, Filler, Type, Via};

use std::sync::Arc;

/// The largest frame if the schema does not say: the manual's `maxPackageSize`.
pub const FRAME_BYTES_MAX: u64 = 10 << 20;

/// The largest datagram: 65535 bytes less the heads of IPv4 and UDP.
pub const DATAGRAM_BYTES_MAX: u64 = 65_507;

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
    /// Enums of words in source order.
    pub words: Vec<Words>,
    /// What is written in Rust.
    pub externs: Externs,
    /// Typed JSON bodies in source order.
    pub json_bodies: Vec<JsonBody>,
    /// Structs in source order; one contains itself only if its nesting is bounded.
    pub structs: Vec<Layout>,
    /// Messages in source order.
    pub messages: Vec<Message>,
    /// Which replies answer which request.
    pub exchanges: Vec<Exchange>,
    /// Who may say what when; without it each side may send all its messages at any time.
    pub session: Option<Session>,
    /// Tests in source order.
    pub tests: Vec<Test>,
}

impl Schema {
    /// The messages that `side` sends, by index.
    pub fn sent_by(&self, side: Side) -> impl Iterator<Item = usize> + '_ {
        let sent = move |index: &usize| self.messages[*index].from.is_none_or(|from| from == side);
        (0..self.messages.len()).filter(sent)
    }

    /// How deep a layout may contain itself, if it is the one of its circle that is counted.
    #[must_use]
    pub fn counted(&self, layout: &Layout) -> Option<u64> {
        let nesting = layout.nesting?;
        (self.structs[nesting.head].name == layout.name).then_some(nesting.most)
    }

    /// Whether each message is a datagram: `frame datagram`.
    #[must_use]
    pub fn is_of_datagrams(&self) -> bool {
        self.messages.iter().any(Message::is_datagram)
    }

    /// The message that `side` sends, if it sends but one.
    #[must_use]
    pub fn only_by(&self, side: Side) -> Option<&Message> {
        let mut sent = self.sent_by(side);
        sent.next().filter(|_| sent.next().is_none()).map(|index| &self.messages[index])
    }
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
    /// The field that is handed out in parts, if there is one. What stands in front of it can be read by itself.
    pub streams: Option<Stream>,
    /// What follows a bad frame, at most once for each kind of faults; where nothing is said, the connection closes. The
    /// messages of a side have the same rules.
    pub recover: Vec<Recover>,
}

impl Message {
    /// The largest content in bytes: the frame without the least that its envelope takes, if it has one.
    #[must_use]
    pub fn content_bytes_max(&self) -> u64 {
        self.framing.content_bytes_max(self.frame_bytes_max)
    }

    /// What stands around it.
    #[must_use]
    pub const fn envelope(&self) -> Option<Envelope> {
        match self.framing {
            Framing::Outer(envelope) => Some(envelope),
            _ => None,
        }
    }

    /// Whether it is a datagram.
    #[must_use]
    pub const fn is_datagram(&self) -> bool {
        matches!(self.framing, Framing::Datagram { .. })
    }

    /// The line of `frame …` in the schema.
    #[must_use]
    pub const fn frame_line(&self) -> Option<u32> {
        match self.framing {
            Framing::Outer(envelope) => Some(envelope.line),
            Framing::Datagram { line } => Some(line),
            _ => None,
        }
    }

    /// What follows a frame with such a fault.
    #[must_use]
    pub fn recovery(&self, kind: FaultKind) -> &Action {
        let rule = |kind| self.recover.iter().find(move |rule| rule.kind == kind);
        rule(Some(kind)).or_else(|| rule(None)).map_or(&Action::Close, |rule| &rule.action)
    }

    /// The fields that the number of its frame does not count and that may be absent, each with its bytes: bits beside the
    /// number say whether they are there.
    #[must_use]
    pub fn uncounted(&self) -> Vec<(usize, u64)> {
        let Framing::Prefix { field, .. } = &self.framing else { return Vec::new() };
        let fields = &self.layout.fields;
        let counted = match fields[*field].role {
            Role::Computed(Equation { measure: Measure::Bytes { first, last }, .. }) => first..=last,
            Role::Computed(Equation { measure: Measure::Elements { list }, .. }) => list..=list,
            _ => *field..=*field,
        };
        let absent = |at: &usize| !counted.contains(at) && fields[*at].condition.is_some();
        (0..fields.len()).filter(absent).filter_map(|at| Some((at, fields[at].ty.fixed()?))).collect()
    }

    /// Whether its bytes tell who sends it: one of its fields is `= from(client)` or `= from(server)`.
    #[must_use]
    pub fn is_sided(&self) -> bool {
        self.layout.fields.iter().any(|field| matches!(field.role, Role::Sender(_)))
    }
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
        /// What ends it.
        ends: Delimiters,
        /// The most bytes before the delimiter.
        max: u64,
        /// How many bytes stand behind the delimiter; fixed.
        tail: u64,
    },
    /// Field by field, by the steps of [`crate::walk`].
    Walk,
    /// The envelope around it says, and the layout is all that it holds.
    Outer(Envelope),
    /// It is a datagram, and the layout is all that it holds.
    Datagram {
        /// The line of `frame datagram` in the schema.
        line: u32,
    },
}

impl Framing {
    /// The largest content of a frame of at most so many bytes.
    #[must_use]
    pub const fn content_bytes_max(&self, frame_bytes_max: u64) -> u64 {
        match self {
            Self::Outer(envelope) => frame_bytes_max.saturating_sub(envelope.kind.bytes_min()),
            _ => frame_bytes_max,
        }
    }
}

/// `exchange Upload -> Done in order`.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// What is asked, by index of the message.
    pub request: usize,
    /// What may answer.
    pub replies: Vec<usize>,
    /// The number that pairs them; none if replies come in the order of their requests.
    pub pairing: Option<Pairing>,
}

/// `by id`: a number that a request and its replies carry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pairing {
    /// The name of the field, in all of them an unsigned integer of at most 64 bits that the user sets.
    pub field: String,
    /// The numbers that all of them can carry.
    pub ids: (u64, u64),
}
