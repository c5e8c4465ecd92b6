//! [`ConnectionId`] and [`TimerId`]: names that are never reused, and that find what they name without a search.

use std::fmt;

/// The name of a connection in its worker process: the first that it accepts is 1, the next 2, and so on.
///
/// It may be kept for as long as one likes. When the connection is gone, [`Context::get`](super::Context::get) says so:
/// a number is never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId {
    // First, so that ids sort in the order of the accepts.
    pub(super) serial: u64,
    pub(super) slot: u32,
}

impl ConnectionId {
    /// A connection of a table that is indexed by slots. The kernel has far fewer descriptors than there are slots.
    pub(super) fn new(serial: u64, slot: usize) -> Self {
        Self { serial, slot: u32::try_from(slot).unwrap_or(u32::MAX) }
    }

    #[cfg(test)]
    pub(crate) const fn of_test(serial: u64) -> Self {
        Self { serial, slot: 0 }
    }

    /// The number that [`Display`](fmt::Display) shows: 1, 2, 3 …
    #[must_use]
    pub const fn serial(self) -> u64 {
        self.serial
    }

    /// The place in the table of connections. A driver may keep its sockets under the same number: until it has called
    /// [`Engine::release`](super::Engine::release), no other connection gets the place.
    #[must_use]
    pub const fn slot(self) -> usize {
        self.slot as usize
    }
}

impl fmt::Display for ConnectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serial.fmt(f)
    }
}

/// The name of a timer in its worker process.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId {
    pub(super) serial: u64,
    pub(super) slot: usize,
}

impl fmt::Display for TimerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.serial.fmt(f)
    }
}
