//! [`Deadlines`]: how long a worker waits for whom; and the watch that is kept over its connections.
//!
//! A connection has at most one entry in the heap that counts: when it must be looked at next. What puts a deadline off,
//! as each message does, leaves the entry alone; it finds out when it comes up, and is made anew for what is due then. A
//! connection that nothing is expected of has none. So a message costs no more than a note of the time.

use super::{
    ConnectionError, ConnectionId, TlsFault, Traffic,
    world::{Ending, Phase, Slot, World},
};
use crate::protocol::Protocol;
use slab::Slab;
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    time::{Duration, Instant},
};

/// A heap smaller than this is not worth a sweep.
const SWEEP_MIN: usize = 64;

/// How long a worker waits for whom, in one table. `None` is for ever.
///
/// What the protocol says itself of the time that a peer has, [`Protocol::patience`], holds beside these.
///
/// While a connection does not receive, because its handler has paused it or its send queue is full, nothing is expected
/// of its peer but that it takes what is queued.
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use wm_core::{Deadlines, Worker, protocol::Text};
///
/// let strict = Deadlines { frame: Some(Duration::from_secs(5)), ..Deadlines::default() };
/// let worker = Worker::<Text>::new("text://127.0.0.1:2347").deadlines(strict).heartbeat(Duration::from_secs(55));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlines {
    /// How long it may take to make a connection, from the look-up of its name to the answer of one of its addresses.
    /// Default 10 s: a peer that lives answers in less, and the kernel alone would wait for two minutes.
    pub connect: Option<Duration>,

    /// How long TLS may take to be agreed on, from the connection to the end of the handshake. Default 10 s: a few round
    /// trips.
    pub tls: Option<Duration>,

    /// From the accept, or the end of the TLS handshake, to the first byte, unless something was sent to the peer: who is spoken to need not answer.
    /// Default 60 s: a client that connects has a reason, a scanner that waits has none. Servers that we connect to, and
    /// whoever is [piped](super::Connection::pipe), may wait for ever.
    pub first_byte: Option<Duration>,

    /// From the first byte of a frame to its last, and a second more for each
    /// [`frame_bytes_per_second_min`](Self::frame_bytes_per_second_min) bytes of it that have come. Default 30 s: that is
    /// generous for a small frame on a bad line, and ends a peer that sends a byte now and then to keep us waiting.
    pub frame: Option<Duration>,

    /// How fast a large frame must come at least. Default 1024: slower than any line that somebody uploads through.
    pub frame_bytes_per_second_min: u32,

    /// How long nothing need come from a peer; the manual's heartbeat check. What is sent to it does not count: the
    /// kernel takes that for a peer that has vanished too. Default `None`: a long connection may be silent, and the
    /// kernel finds out who has vanished ([`Keepalive`](crate::Keepalive)).
    pub idle: Option<Duration>,

    /// How long a peer may take nothing of a send queue that has passed its high mark. Default 60 s: it holds
    /// [`Limits::send_high_bytes`](super::Limits::send_high_bytes) of our memory meanwhile.
    pub stall: Option<Duration>,

    /// How long a peer may take nothing of what is queued on a connection that is being closed. Default 30 s: a peer
    /// that is only slow still gets everything.
    pub drain: Option<Duration>,

    /// How long a worker that stops waits for its connections to drain, in all. Default 5 s, half of what the master
    /// waits before it kills.
    pub stop: Option<Duration>,
}

impl Deadlines {
    /// Waits for everybody for ever.
    pub const NONE: Self = Self {
        connect: None,
        tls: None,
        first_byte: None,
        frame: None,
        frame_bytes_per_second_min: 1024,
        idle: None,
        stall: None,
        drain: None,
        stop: None,
    };
}

impl Default for Deadlines {
    fn default() -> Self {
        Self {
            connect: Some(Duration::from_secs(10)),
            tls: Some(Duration::from_secs(10)),
            first_byte: Some(Duration::from_secs(60)),
            frame: Some(Duration::from_secs(30)),
            frame_bytes_per_second_min: 1024,
            idle: None,
            stall: Some(Duration::from_secs(60)),
            drain: Some(Duration::from_secs(30)),
            stop: Some(Duration::from_secs(5)),
        }
    }
}

/// What is expected of a peer, and was not done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Expected {
    Dialing,
    Handshake,
    FirstByte,
    Frame,
    Anything,
    Turn,
    ToRead,
    ToDrain,
}

impl Deadlines {
    /// What is expected of the peer of a connection first, and until when.
    fn expects<P: Protocol, S>(&self, slot: &Slot<P, S>) -> Option<(Instant, Expected)> {
        let until =
            |since: Instant, patience: Option<Duration>, expected| Some((since.checked_add(patience?)?, expected));
        match slot.phase {
            Phase::Over(_) => None,
            Phase::Dialing => Some((slot.outgoing.as_ref()?.dialing.due()?, Expected::Dialing)),
            Phase::Shaking => until(slot.said, self.tls, Expected::Handshake),
            Phase::Closing => until(slot.alive, self.drain, Expected::ToDrain),
            Phase::Open if slot.ending == Ending::Asked => until(slot.alive, self.drain, Expected::ToDrain),
            Phase::Open if slot.full => until(slot.alive, self.stall, Expected::ToRead),
            Phase::Open if slot.ended || !slot.receives() || slot.waits_its_turn() => None,
            Phase::Open if slot.is_piped() => until(slot.alive, self.idle, Expected::Anything),
            Phase::Open => {
                let Traffic { bytes_in, bytes_out, frames_in, frames_out, .. } = slot.traffic;
                // The bytes of TLS are none.
                let passed = if slot.tls.is_some() { frames_in + frames_out } else { bytes_in + bytes_out };
                let silent = passed == 0 && slot.outbox.is_empty() && slot.inbox.len() == 0;
                let first = silent && slot.outgoing.is_none();
                let first_byte = self.first_byte.filter(|_| first);
                let rate = self.frame_bytes_per_second_min.max(1);
                let earned = Duration::from_secs((slot.inbox.len() + slot.in_parts) as u64 / u64::from(rate));
                let frame = self.frame.map(|frame| frame.saturating_add(earned));
                [
                    until(slot.alive, first_byte, Expected::FirstByte),
                    slot.frame_since.and_then(|since| until(since, frame, Expected::Frame)),
                    until(slot.alive, self.idle, Expected::Anything),
                    until(slot.said, slot.protocol.patience(), Expected::Turn),
                ]
                .into_iter()
                .flatten()
                .min_by_key(|(until, _)| *until)
            }
        }
    }

    fn error<P: Protocol, S>(&self, slot: &Slot<P, S>, missed: Expected) -> ConnectionError {
        let (have, left) = (slot.inbox.len() + slot.in_parts, slot.queued());
        let limit = |limit: Option<Duration>| limit.unwrap_or_default();
        match missed {
            Expected::Handshake => slot.tls_error(TlsFault::TimedOut { limit: limit(self.tls) }),
            // Told by the dialing itself, which knows more.
            Expected::Dialing | Expected::FirstByte => {
                ConnectionError::FirstByteTimedOut { limit: limit(self.first_byte) }
            }
            Expected::Frame => ConnectionError::FrameTimedOut { have, limit: limit(self.frame) },
            Expected::Anything => ConnectionError::IdleTimedOut { limit: limit(self.idle) },
            Expected::Turn => ConnectionError::TurnTimedOut { limit: limit(slot.protocol.patience()) },
            Expected::ToRead => ConnectionError::StallTimedOut { left },
            Expected::ToDrain => ConnectionError::DrainTimedOut { left },
        }
    }
}

/// When which connection is to be looked at.
#[derive(Debug, Default)]
pub(super) struct Watch {
    heap: BinaryHeap<Reverse<(Instant, ConnectionId)>>,
}

impl Watch {
    /// An entry that counts is that of a connection that is there and knows of it.
    fn counts<P, S>(table: &Slab<Slot<P, S>>, (due, id): (Instant, ConnectionId)) -> bool {
        table.get(id.slot()).is_some_and(|slot| slot.serial == id.serial && slot.watched == Some(due))
    }

    fn add<P, S>(&mut self, table: &Slab<Slot<P, S>>, entry: (Instant, ConnectionId)) {
        self.heap.push(Reverse(entry));
        if self.heap.len() >= SWEEP_MIN && self.heap.len() > 2 * table.len() {
            self.heap.retain(|Reverse(entry)| Self::counts(table, *entry));
        }
    }

    /// The next entry that counts.
    fn first<P, S>(&mut self, table: &Slab<Slot<P, S>>) -> Option<(Instant, ConnectionId)> {
        while let Some(&Reverse(entry)) = self.heap.peek() {
            if Self::counts(table, entry) {
                return Some(entry);
            }
            self.heap.pop();
        }
        None
    }
}

impl<P: Protocol, S> World<P, S> {
    /// Something new may be expected of a connection's peer.
    pub(super) fn watch(&mut self, id: ConnectionId) {
        let Some(slot) = self.table.get_mut(id.slot()).filter(|slot| slot.serial == id.serial) else { return };
        let Some((due, _)) = self.limits.deadlines.expects(slot) else { return };
        if slot.watched.is_none_or(|watched| due < watched) {
            slot.watched = Some(due);
            self.watch.add(&self.table, (due, id));
        }
    }

    /// When [`take_late`](Self::take_late) may have something to say.
    pub(super) fn watch_due(&mut self) -> Option<Instant> {
        self.watch.first(&self.table).map(|(due, _)| due)
    }

    /// The next connection whose peer has not done what was expected.
    pub(super) fn take_late(&mut self) -> Option<(ConnectionId, ConnectionError)> {
        loop {
            let (_, id) = self.watch.first(&self.table).filter(|(due, _)| *due <= self.now)?;
            self.watch.heap.pop();
            let slot = self.table.get_mut(id.slot())?;
            slot.watched = None;
            match self.limits.deadlines.expects(slot) {
                Some((due, Expected::Dialing)) if due <= self.now => {
                    if let Some(error) = self.step_dialing(id) {
                        return Some((id, error));
                    }
                }
                Some((due, missed)) if due <= self.now => {
                    return Some((id, self.limits.deadlines.error(slot, missed)));
                }
                Some(_) => self.watch(id),
                None => {}
            }
        }
    }

    /// Whether a connection is looked at when it must be.
    pub(super) fn is_watched(&self, slot: &Slot<P, S>) -> bool {
        let due = self.limits.deadlines.expects(slot).map(|(due, _)| due);
        due.is_none_or(|due| slot.watched.is_some_and(|watched| watched <= due))
    }

    /// How many entries the watch has.
    #[cfg(test)]
    pub(super) fn watch_len(&self) -> usize {
        self.watch.heap.len()
    }
}
