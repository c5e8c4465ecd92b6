//! [`Board`]: what the workers have done, in memory that they share with their master.
//!
//! A worker writes its card after each turn of its loop, without a system call; the master reads whenever it is asked,
//! without asking the worker, which may be busy, stuck or stopped. The numbers of a card are read one by one: they may be
//! a turn apart.

use super::sys;
use crate::engine::{Tally, Traffic};
use nix::sys::memfd::{MFdFlags, memfd_create};
use std::fmt;
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

/// The numbers of a card, each of which has one writer.
const CELLS: usize = 16;

/// The cell of the time since which the worker is busy.
const BUSY_SINCE: usize = 0;

/// The first cell of the tally.
const TALLY: usize = 1;

/// The cards of all seats, in memory that is shared over forks. Made in the master.
pub(super) struct Board {
    cells: &'static [AtomicU64],
    /// The master's clock counts from here; the workers' too, as it is one machine.
    epoch: Instant,
}

/// What a worker process writes on.
#[derive(Clone, Copy)]
pub struct Scorecard {
    cells: &'static [AtomicU64],
    epoch: Instant,
}

/// What stands on a card.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Score {
    /// How long the worker has been in the same turn of its loop; none while it waits.
    pub(super) busy: Option<Duration>,
    pub(super) tally: Tally,
}

impl Board {
    /// A board with so many cards. Its memory is the process's for good.
    pub(super) fn new(cards: usize) -> io::Result<Self> {
        let memory = memfd_create("wm-board", MFdFlags::MFD_CLOEXEC)?;
        let cells = sys::share(memory, cards * CELLS)?;
        Ok(Self { cells, epoch: Instant::now() })
    }

    /// The card of a seat, wiped: whoever sat there before is gone. Called in the master.
    pub(super) fn card(&self, at: usize) -> Option<Scorecard> {
        let cells = self.cells.chunks_exact(CELLS).nth(at)?;
        cells.iter().for_each(|cell| cell.store(0, Ordering::Relaxed));
        Some(Scorecard { cells, epoch: self.epoch })
    }

    /// What stands on the card of a seat. Called in the master.
    pub(super) fn read(&self, at: usize) -> Score {
        let Some(cells) = self.cells.chunks_exact(CELLS).nth(at) else { return Score::default() };
        let cell = |at: usize| cells[at].load(Ordering::Relaxed);
        let busy = cell(BUSY_SINCE).checked_sub(1).map(|since| {
            let now = nanoseconds(self.epoch.elapsed());
            Duration::from_nanos(now.saturating_sub(since))
        });
        let [connections, accepted, turned_away, errors, panics] = [0, 1, 2, 3, 4].map(|at| cell(TALLY + at));
        let [bytes_in, bytes_out, frames_in, frames_out, frames_skipped, bytes_skipped] =
            [5, 6, 7, 8, 9, 10].map(|at| cell(TALLY + at));
        let traffic = Traffic { bytes_in, bytes_out, frames_in, frames_out, frames_skipped, bytes_skipped };
        Score { busy, tally: Tally { connections, accepted, turned_away, errors, panics, traffic } }
    }
}

impl Scorecard {
    /// The worker has something to do from `now` on. Called in the child.
    pub fn busy(&self, now: Instant) {
        let since = nanoseconds(now.saturating_duration_since(self.epoch)).saturating_add(1);
        self.cells[BUSY_SINCE].store(since, Ordering::Relaxed);
    }

    /// The worker waits. Called in the child.
    pub fn idle(&self) {
        self.cells[BUSY_SINCE].store(0, Ordering::Relaxed);
    }

    /// What the worker has done. Called in the child.
    pub fn write(&self, tally: &Tally) {
        let Tally { connections, accepted, turned_away, errors, panics, traffic } = *tally;
        let Traffic { bytes_in, bytes_out, frames_in, frames_out, frames_skipped, bytes_skipped } = traffic;
        let counts = [connections, accepted, turned_away, errors, panics];
        let passed = [bytes_in, bytes_out, frames_in, frames_out, frames_skipped, bytes_skipped];
        for (cell, count) in self.cells[TALLY..].iter().zip(counts.into_iter().chain(passed)) {
            cell.store(count, Ordering::Relaxed);
        }
    }
}

/// 584 years of them fit.
fn nanoseconds(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

impl fmt::Debug for Board {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Board").field("cards", &(self.cells.len() / CELLS)).finish_non_exhaustive()
    }
}

impl fmt::Debug for Scorecard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scorecard").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_on_a_card_is_read_from_the_board() {
        let board = Board::new(2).unwrap();
        let (first, second) = (board.card(0).unwrap(), board.card(1).unwrap());
        assert!(board.card(2).is_none());
        let traffic = Traffic { bytes_in: 1, bytes_out: 2, frames_in: 3, frames_out: 4, ..Traffic::default() };
        let tally = Tally { connections: 5, accepted: 6, turned_away: 7, errors: 8, panics: 9, traffic };
        first.write(&tally);
        first.busy(Instant::now());
        second.write(&Tally::default());
        assert_eq!(board.read(0).tally, tally);
        assert!(board.read(0).busy.is_some_and(|busy| busy < Duration::from_secs(60)));
        assert_eq!(board.read(1), Score::default());
        first.idle();
        assert_eq!(board.read(0).busy, None);
        board.card(0).unwrap();
        assert_eq!(board.read(0), Score::default(), "the next one begins anew");
        assert_eq!(board.read(9), Score::default());
    }
}
