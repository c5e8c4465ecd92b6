//! [`Faults`]: what goes wrong in a made-up world; [`Tally`]: how often it did.

use std::{
    fmt,
    ops::{AddAssign, Index, IndexMut},
    time::Duration,
};

/// What goes wrong in a made-up world, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Faults {
    /// What is sent arrives in pieces, and reads and writes are short: cut anywhere.
    pub splits: bool,
    /// Sockets are reported ready in any order, and not all at once.
    pub reorders: bool,
    /// Each piece takes up to so long to arrive.
    pub delay_max: Duration,
    /// So many pieces in a thousand take up to [`STALL_MAX`](Self::STALL_MAX) to arrive.
    pub stalls: u32,
    /// In so many turns in a thousand a socket is reported ready for no reason.
    pub false_alarms: u32,
    /// So many peers in a thousand find the process out of descriptors (`EMFILE`), and are accepted later.
    pub accept_pauses: u32,
    /// Instead of so many pieces in a thousand a reset arrives, at both ends.
    pub resets: u32,
    /// So many writes in a thousand fail (`ENOBUFS`).
    pub write_failures: u32,
    /// So many connections in a thousand that the worker makes are refused.
    pub refusals: u32,
    /// So many names in a thousand are not found.
    pub lost_names: u32,
    /// So many datagrams in a thousand are lost.
    pub losses: u32,
    /// So many datagrams in a thousand come twice.
    pub copies: u32,
    /// In so many turns in a thousand the clock steps forward by up to [`CLOCK_STEP_MAX`](Self::CLOCK_STEP_MAX), as if
    /// the process had been suspended.
    pub clock_steps: u32,
}

impl Faults {
    /// A network without faults or delay.
    pub const NONE: Self = Self {
        splits: false,
        reorders: false,
        delay_max: Duration::ZERO,
        stalls: 0,
        false_alarms: 0,
        accept_pauses: 0,
        resets: 0,
        write_failures: 0,
        refusals: 0,
        lost_names: 0,
        losses: 0,
        copies: 0,
        clock_steps: 0,
    };

    /// What every network does, if seldom: everything is cut, delayed and reordered, but nothing is lost, nor so late that
    /// a deadline passes. A peer must get the same answers as without faults.
    pub const MILD: Self = Self {
        splits: true,
        reorders: true,
        delay_max: Duration::from_millis(20),
        false_alarms: 20,
        accept_pauses: 20,
        ..Self::NONE
    };

    /// All of them.
    pub const ALL: Self = Self {
        stalls: 5,
        resets: 2,
        write_failures: 2,
        refusals: 50,
        lost_names: 50,
        losses: 50,
        copies: 50,
        clock_steps: 1,
        ..Self::MILD
    };

    /// How long a piece that is stalled takes at most.
    pub const STALL_MAX: Duration = Duration::from_secs(60);

    /// How far the clock steps at most.
    pub const CLOCK_STEP_MAX: Duration = Duration::from_secs(3600);
}

/// What is counted in a made-up world.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Count {
    /// Turns of the worker's loop.
    Turns,
    /// Invariants that were checked, of one connection each.
    Checks,
    /// Peers that were accepted.
    Accepts,
    /// Peers that were not, as there are too many or the worker stops.
    TurnedAway,
    /// Connections that the worker has made.
    Connects,
    /// Connections that the worker could not make, as nobody listened.
    Refusals,
    /// Names that were looked up.
    LookUps,
    /// Sides of a connection that the worker has ended before its peer's.
    HalfCloses,
    /// Datagrams that were sent, by workers and to them.
    DatagramsSent,
    /// Datagrams that were lost, by the network or as nobody took them.
    DatagramsLost,
    /// Datagrams that came twice.
    DatagramCopies,
    /// Reads of a socket.
    Reads,
    /// Reads that gave less than there was.
    ShortReads,
    /// Writes to a socket.
    Writes,
    /// Writes that took less than they were given.
    ShortWrites,
    /// Writes that took nothing, as the peer does not keep up.
    BlockedWrites,
    /// Peers that ended their side.
    Ends,
    /// Peers that reset their connection, or sent to one that was closed.
    PeerResets,
    /// Resets by the network.
    Resets,
    /// Writes that failed.
    WriteFailures,
    /// Pieces that took their time.
    Delays,
    /// Pieces that took much more of it.
    Stalls,
    /// Turns in which the sockets were reported in another order.
    Reorders,
    /// Sockets that were reported for no reason.
    FalseAlarms,
    /// Peers that found the process out of descriptors.
    AcceptPauses,
    /// Steps of the clock.
    ClockSteps,
    /// Turns in which a deadline had passed.
    Deadlines,
    /// Peers that were let go without a word when they had lingered for too long.
    LingersCut,
    /// Calls of `on_connect`.
    OnConnect,
    /// Calls of `on_message`.
    OnMessage,
    /// Calls of `on_close`.
    OnClose,
    /// Calls of `on_error`.
    OnError,
    /// Calls of `on_buffer_full`.
    OnBufferFull,
    /// Calls of `on_buffer_drain`.
    OnBufferDrain,
    /// Calls of `on_tunnel`.
    OnTunnel,
    /// Calls of `on_timer`.
    OnTimer,
    /// Panics of the handler.
    Panics,
}

impl Count {
    /// All that is counted, with the words for it.
    pub const ALL: [(Self, &'static str); 37] = [
        (Self::Turns, "turns"),
        (Self::Checks, "checks"),
        (Self::Accepts, "accepts"),
        (Self::TurnedAway, "peers turned away"),
        (Self::Connects, "connects"),
        (Self::Refusals, "refused connects"),
        (Self::LookUps, "names looked up"),
        (Self::HalfCloses, "half-closes"),
        (Self::DatagramsSent, "datagrams"),
        (Self::DatagramsLost, "datagrams lost"),
        (Self::DatagramCopies, "datagrams that came twice"),
        (Self::Reads, "reads"),
        (Self::ShortReads, "short reads"),
        (Self::Writes, "writes"),
        (Self::ShortWrites, "short writes"),
        (Self::BlockedWrites, "blocked writes"),
        (Self::Ends, "ends of stream"),
        (Self::PeerResets, "resets by the peer"),
        (Self::Resets, "resets by the network"),
        (Self::WriteFailures, "failed writes"),
        (Self::Delays, "delays"),
        (Self::Stalls, "stalls"),
        (Self::Reorders, "reorders"),
        (Self::FalseAlarms, "false alarms"),
        (Self::AcceptPauses, "accept pauses"),
        (Self::ClockSteps, "clock steps"),
        (Self::Deadlines, "deadlines"),
        (Self::LingersCut, "lingers cut"),
        (Self::OnConnect, "on_connect"),
        (Self::OnMessage, "on_message"),
        (Self::OnClose, "on_close"),
        (Self::OnError, "on_error"),
        (Self::OnBufferFull, "on_buffer_full"),
        (Self::OnBufferDrain, "on_buffer_drain"),
        (Self::OnTunnel, "on_tunnel"),
        (Self::OnTimer, "on_timer"),
        (Self::Panics, "panics"),
    ];
}

/// How often everything has happened in a made-up world. Those of several can be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tally {
    counts: [u64; Count::ALL.len()],
}

impl Default for Tally {
    fn default() -> Self {
        Self { counts: [0; Count::ALL.len()] }
    }
}

impl Index<Count> for Tally {
    type Output = u64;

    fn index(&self, count: Count) -> &u64 {
        &self.counts[count as usize]
    }
}

impl IndexMut<Count> for Tally {
    fn index_mut(&mut self, count: Count) -> &mut u64 {
        &mut self.counts[count as usize]
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        for (mine, others) in self.counts.iter_mut().zip(other.counts) {
            *mine += others;
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (count, name) in Count::ALL {
            writeln!(f, "{:>12}  {name}", self[count])?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_count_has_its_place_and_words() {
        for (place, (count, name)) in Count::ALL.into_iter().enumerate() {
            assert_eq!(count as usize, place, "{name}");
        }
        let mut tally = Tally::default();
        tally[Count::Panics] += 2;
        tally += tally;
        assert_eq!((tally[Count::Panics], tally[Count::Turns]), (4, 0));
        assert!(tally.to_string().ends_with("           4  panics\n"));
    }
}
