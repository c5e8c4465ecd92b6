//! [`ConnectionError`]: what `on_error` is told.

use super::{ConnectError, DatagramFault, TlsFault};
use crate::wire::{DecodeError, EncodeError, Input};
use std::{error, fmt, io, time::Duration};

/// Something went wrong on one connection. The others never notice.
///
/// Where the peer or the network is at fault the connection ends, but for [`Skipped`](Self::Skipped) and [`Datagram`](Self::Datagram); where the handler is, in [`Encode`](Self::Encode) and
/// [`SendQueueFull`](Self::SendQueueFull), a message was refused and the connection goes on.
#[derive(Debug)]
#[non_exhaustive]
pub enum ConnectionError {
    /// A connection that the worker makes itself has not come about; [`ConnectError::fault`] says why. `on_connect` was not
    /// called, `on_close` will be.
    Connect(ConnectError),
    /// The peer's bytes break a rule of the protocol. What is queued, and what the handler sends from `on_error`, still
    /// goes out; then the connection is closed.
    Decode(DecodeError),
    /// A bad frame was thrown away, and the connection goes on with the next one: the protocol
    /// [recovers](crate::protocol::Protocol::recover) from what was wrong. [`Traffic`](super::Traffic) counts them.
    Skipped {
        /// What was wrong.
        error: DecodeError,
        /// How many bytes were thrown away.
        bytes: usize,
    },
    /// The peer's frame is longer than the worker takes. Closed like [`Decode`](Self::Decode).
    FrameTooLong {
        /// Its length as far as it is known, in bytes.
        found: usize,
        /// The most that the worker takes.
        limit: usize,
    },
    /// The peer ended its side in the middle of a frame. Closed like [`Decode`](Self::Decode).
    Truncated {
        /// How many bytes of the frame have arrived.
        have: usize,
        /// How many more it would have taken, at least.
        needed: usize,
    },
    /// A bug in a protocol made by hand: its `input` answered what it never may. Closed like [`Decode`](Self::Decode).
    Misframed {
        /// What it answered.
        said: Input,
        /// How many bytes it was shown.
        have: usize,
    },
    /// TLS could not be agreed on, or is broken: of a peer that we have accepted, neither `on_connect` nor `on_close` is called
    /// then. The connection closes.
    Tls(TlsFault),
    /// A datagram was thrown away: what came is no message, or what was sent does not fit one. Nothing ends by it.
    Datagram(DatagramFault),
    /// A message that the handler sent cannot be put on the wire. It was refused.
    Encode(EncodeError),
    /// The peer reads too slowly for what the handler sends. The message was refused, and so are the next ones until
    /// the queue has drained; they are not reported again. With [`Overflow::Close`](super::Overflow::Close) the connection is
    /// closed.
    SendQueueFull {
        /// How many bytes are queued.
        queued: usize,
        /// The most that may be.
        limit: usize,
    },
    /// The peer has connected and said nothing: [`Deadlines::first_byte`](super::Deadlines::first_byte). Closed like
    /// [`Decode`](Self::Decode).
    FirstByteTimedOut {
        /// How long it was waited for.
        limit: Duration,
    },
    /// The peer has begun a frame and not ended it: [`Deadlines::frame`](super::Deadlines::frame). Closed like
    /// [`Decode`](Self::Decode).
    FrameTimedOut {
        /// How many bytes of the frame have arrived.
        have: usize,
        /// How long a frame may take, if it is small.
        limit: Duration,
    },
    /// Nothing has come from the peer: [`Deadlines::idle`](super::Deadlines::idle). Closed like
    /// [`Decode`](Self::Decode).
    IdleTimedOut {
        /// How long it was waited for.
        limit: Duration,
    },
    /// The peer has not said what the protocol waits for: [`Protocol::patience`](crate::protocol::Protocol::patience).
    /// Closed like [`Decode`](Self::Decode).
    TurnTimedOut {
        /// How long it was waited for.
        limit: Duration,
    },
    /// The send queue was full, and the peer has taken nothing of it: [`Deadlines::stall`](super::Deadlines::stall). The
    /// rest was dropped.
    StallTimedOut {
        /// How many bytes were left.
        left: usize,
    },
    /// The connection was to be closed, but the peer did not take what was queued in time. The rest was dropped.
    DrainTimedOut {
        /// How many bytes were dropped.
        left: usize,
    },
    /// The network failed; nothing more can be sent.
    Io(io::Error),
    /// A callback panicked. The connection is destroyed.
    HandlerPanicked {
        /// Which callback.
        callback: &'static str,
        /// What the panic said.
        message: String,
    },
}

impl fmt::Display for ConnectionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connect(error) => error.fmt(f),
            Self::Decode(error) => write!(f, "bad frame: {error}"),
            Self::Skipped { error, bytes } => write!(f, "bad frame: {error}; {bytes} bytes are thrown away"),
            Self::FrameTooLong { found, limit } => write!(f, "a frame of {found} bytes is over the limit of {limit}"),
            Self::Truncated { have, needed } => {
                write!(f, "the peer closed in the middle of a frame: {have} bytes came, {needed} more are needed")
            }
            Self::Misframed { said, have } => {
                write!(f, "a bug in the protocol's `input`: it said {said:?} of {have} bytes")
            }
            Self::Tls(fault) => write!(f, "TLS: {fault}"),
            Self::Datagram(fault) => fault.fmt(f),
            Self::Encode(error) => write!(f, "message not sent: {error}"),
            Self::SendQueueFull { queued, limit } => {
                write!(f, "message not sent: {queued} bytes are queued already, the limit is {limit}")
            }
            Self::FirstByteTimedOut { limit } => write!(f, "the peer has said nothing for {limit:?}"),
            Self::FrameTimedOut { have, limit } => {
                write!(f, "a frame has not come whole in {limit:?} and the time it has earned: {have} bytes came")
            }
            Self::IdleTimedOut { limit } => write!(f, "the peer was silent for {limit:?}"),
            Self::TurnTimedOut { limit } => write!(f, "the peer had {limit:?} for its next message"),
            Self::StallTimedOut { left } => write!(f, "the peer does not read: {left} queued bytes are dropped"),
            Self::DrainTimedOut { left } => write!(f, "the peer stopped reading: {left} queued bytes are dropped"),
            Self::Io(error) => write!(f, "connection lost: {error}"),
            Self::HandlerPanicked { callback, message } => write!(f, "{callback} panicked: {message}"),
        }
    }
}

impl error::Error for ConnectionError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Decode(error) | Self::Skipped { error, .. } => Some(error),
            Self::Connect(error) => error::Error::source(error),
            Self::Tls(fault) => Some(fault),
            Self::Datagram(fault) => error::Error::source(fault),
            Self::Encode(error) => Some(error),
            Self::Io(error) => Some(error),
            _ => None,
        }
    }
}
