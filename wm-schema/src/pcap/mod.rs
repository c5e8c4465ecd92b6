//! Captures of a network: what each side of each TCP connection has sent, and the datagrams of UDP.
//!
//! ```text
//!   file ──capture──> segments ───conversations──> two streams of bytes each
//!                     datagrams ──talks──────────> those between two ends, each a message
//! ```
//!
//! Segments are put in order, what came twice is taken once, and where something is missing the stream ends: a codec
//! cannot go on behind a gap. IP fragments are not joined; they are counted.

mod capture;
mod conversations;
mod stream;
mod talks;

pub(crate) use capture::{Capture, read};
pub(crate) use conversations::{Conversation, conversations};
pub(crate) use stream::Stream;
pub(crate) use talks::{Talk, talks};

use std::net::SocketAddr;
use std::time::Duration;

/// A segment of TCP.
#[derive(Debug, Clone)]
pub(crate) struct Segment {
    /// Since the epoch, or whatever the capture counts from.
    pub(crate) time: Duration,
    from: SocketAddr,
    to: SocketAddr,
    /// The sequence number of its first byte, or of SYN.
    sequence: u32,
    syn: bool,
    /// Whether the sender has nothing more to send behind it.
    fin: bool,
    ack: bool,
    data: Vec<u8>,
}

/// A datagram of UDP.
#[derive(Debug, Clone)]
pub(crate) struct Datagram {
    /// Since the epoch, or whatever the capture counts from.
    pub(crate) time: Duration,
    pub(crate) from: SocketAddr,
    to: SocketAddr,
    /// As much of it as was captured.
    pub(crate) data: Vec<u8>,
    /// How many bytes of it were not.
    pub(crate) missing: usize,
}
