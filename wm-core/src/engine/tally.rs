//! [`Tally`]: what a worker has done since it started.

use super::Traffic;
use std::ops::AddAssign;

/// What a worker process has done since it started, and has now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Connections that it has, those included that close.
    pub connections: u64,
    /// Connections that it has had.
    pub accepted: u64,
    /// Peers that were not admitted.
    pub turned_away: u64,
    /// Errors of connections: calls of `on_error`.
    pub errors: u64,
    /// Panics of the handler.
    pub panics: u64,
    /// What has passed over all connections.
    pub traffic: Traffic,
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.connections += other.connections;
        self.accepted += other.accepted;
        self.turned_away += other.turned_away;
        self.errors += other.errors;
        self.panics += other.panics;
        self.traffic += other.traffic;
    }
}

impl AddAssign for Traffic {
    fn add_assign(&mut self, other: Self) {
        self.bytes_in += other.bytes_in;
        self.bytes_out += other.bytes_out;
        self.frames_in += other.frames_in;
        self.frames_out += other.frames_out;
        self.frames_skipped += other.frames_skipped;
        self.bytes_skipped += other.bytes_skipped;
    }
}
