//! [`Timers`]: what is due when. No clock: the time is an argument.
//!
//! A binary heap of deadlines beside a table of tasks. To cancel is to empty the place in the table; the heap finds out
//! when the deadline comes, or is swept when most of it is stale.

use super::{Context, TimerId, calendar::Appointments};
use slab::Slab;
use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fmt,
    time::{Duration, Instant},
};

/// The shortest delay: a timer that is always due, or sets itself again at once, would starve the connections.
const DELAY_MIN: Duration = Duration::from_millis(1);

/// A heap smaller than this is not worth a sweep.
const SWEEP_MIN: usize = 64;

/// What a timer does.
pub(super) enum Task<P, S> {
    /// Calls a closure once.
    Once(OnceTask<P, S>),
    /// Calls a closure again and again.
    Every(EveryTask<P, S>),
    /// Calls a closure when the calendar says so.
    Calendar(Appointments<P, S>),
    /// Calls `Handler::on_timer`.
    Handler,
}

pub(super) type OnceTask<P, S> = Box<dyn FnOnce(&mut Context<'_, P, S>)>;
pub(super) type EveryTask<P, S> = Box<dyn FnMut(&mut Context<'_, P, S>)>;

/// What follows when a timer was due.
#[derive(Debug, Clone, Copy)]
pub(super) enum Repeat {
    /// It is over.
    Never,
    /// It is due again, on a grid of this.
    Every(Duration),
    /// It is [told](Timers::wait_again) when it is due again.
    AsTold,
}

struct Timer<P, S> {
    serial: u64,
    repeat: Repeat,
    /// Out while it runs.
    task: Option<Task<P, S>>,
}

/// The timers of a worker.
pub(super) struct Timers<P, S> {
    table: Slab<Timer<P, S>>,
    heap: BinaryHeap<Reverse<(Instant, TimerId)>>,
    serial: u64,
}

impl<P, S> Timers<P, S> {
    pub(super) const fn new() -> Self {
        Self { table: Slab::new(), heap: BinaryHeap::new(), serial: 0 }
    }

    /// Adds a timer that is due `delay` after `now`, and then at each `delay` again if it repeats.
    pub(super) fn add(&mut self, now: Instant, delay: Duration, repeats: bool, task: Task<P, S>) -> TimerId {
        let delay = delay.max(DELAY_MIN);
        self.insert(now, delay, if repeats { Repeat::Every(delay) } else { Repeat::Never }, task)
    }

    /// Adds a timer that is due `delay` after `now`, and then when it is [told](Self::wait_again).
    pub(super) fn add_as_told(&mut self, now: Instant, delay: Duration, task: Task<P, S>) -> TimerId {
        self.insert(now, delay.max(DELAY_MIN), Repeat::AsTold, task)
    }

    fn insert(&mut self, now: Instant, delay: Duration, repeat: Repeat, task: Task<P, S>) -> TimerId {
        self.serial += 1;
        let slot = self.table.insert(Timer { serial: self.serial, repeat, task: Some(task) });
        let id = TimerId { serial: self.serial, slot };
        // Further away than the clock can count: it never comes.
        if let Some(due) = now.checked_add(delay) {
            self.heap.push(Reverse((due, id)));
        }
        id
    }

    /// Forgets a timer, also from inside its own task. Says whether it was there.
    pub(super) fn cancel(&mut self, id: TimerId) -> bool {
        let there = self.is_set(id);
        if there {
            self.table.remove(id.slot);
            self.sweep();
        }
        there
    }

    /// Forgets all timers.
    pub(super) fn cancel_all(&mut self) {
        self.table.clear();
        self.heap.clear();
    }

    /// When the next timer is due.
    pub(super) fn deadline(&mut self) -> Option<Instant> {
        while let Some(&Reverse((due, id))) = self.heap.peek() {
            if self.is_set(id) {
                return Some(due);
            }
            self.heap.pop();
        }
        None
    }

    /// Takes out a task that is due. One that repeats comes back by [`put_back`](Self::put_back), or is cancelled by
    /// [`cancel`](Self::cancel).
    ///
    /// Its next deadline is set already, on the grid of its interval: ticks that were missed do not pile up.
    pub(super) fn take_due(&mut self, now: Instant) -> Option<(TimerId, Task<P, S>)> {
        if self.deadline()? > now {
            return None;
        }
        let Reverse((due, id)) = self.heap.pop()?;
        let task = self.table.get_mut(id.slot)?.task.take()?;
        match self.table.get(id.slot)?.repeat {
            Repeat::Never => {
                self.table.remove(id.slot);
            }
            Repeat::Every(interval) => {
                if let Some(next) = next_tick(due, interval, now) {
                    self.heap.push(Reverse((next, id)));
                }
            }
            Repeat::AsTold => {}
        }
        Some((id, task))
    }

    /// Gives a task back that was taken out, unless it cancelled itself.
    pub(super) fn put_back(&mut self, id: TimerId, task: Task<P, S>) {
        if let Some(timer) = self.table.get_mut(id.slot).filter(|timer| timer.serial == id.serial) {
            timer.task = Some(task);
        }
    }

    /// A timer is due again `delay` after `now`, if it is still set.
    pub(super) fn wait_again(&mut self, id: TimerId, now: Instant, delay: Duration) {
        if let Some(due) = now.checked_add(delay.max(DELAY_MIN)).filter(|_| self.is_set(id)) {
            self.heap.push(Reverse((due, id)));
        }
    }

    pub(super) fn is_set(&self, id: TimerId) -> bool {
        self.table.get(id.slot).is_some_and(|timer| timer.serial == id.serial)
    }

    /// Keeps the heap linear in the timers that are set, however many are cancelled.
    fn sweep(&mut self) {
        if self.heap.len() >= SWEEP_MIN && self.heap.len() > 2 * self.table.len() {
            let table = &self.table;
            self.heap.retain(|Reverse((_, id))| table.get(id.slot).is_some_and(|timer| timer.serial == id.serial));
        }
    }
}

impl<P, S> fmt::Debug for Timers<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Timers").field("set", &self.table.len()).finish_non_exhaustive()
    }
}

/// The first tick behind `now`; `None` if the clock cannot count so far.
fn next_tick(due: Instant, interval: Duration, now: Instant) -> Option<Instant> {
    let late = now.saturating_duration_since(due).as_nanos();
    let into = late % interval.as_nanos();
    let left = u64::try_from(interval.as_nanos() - into).map_or(interval, Duration::from_nanos);
    now.checked_add(left)
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    fn timers() -> (Timers<(), ()>, Instant) {
        (Timers::new(), Instant::now())
    }

    #[test]
    fn they_come_in_the_order_of_their_deadlines() {
        let (mut timers, now) = timers();
        let late = timers.add(now, 20 * MS, false, Task::Handler);
        let soon = timers.add(now, 10 * MS, false, Task::Handler);
        let twin = timers.add(now, 10 * MS, false, Task::Handler);
        assert_eq!(timers.deadline(), Some(now + 10 * MS));
        assert!(timers.take_due(now + 9 * MS).is_none());
        let due = now + 25 * MS;
        let order: Vec<_> = std::iter::from_fn(|| timers.take_due(due)).map(|(id, _)| id).collect();
        assert_eq!(order, [soon, twin, late]);
        assert_eq!(timers.deadline(), None);
    }

    #[test]
    fn missed_ticks_do_not_pile_up_and_the_grid_is_kept() {
        let (mut timers, now) = timers();
        timers.add(now, 10 * MS, true, Task::Handler);
        for (at, next) in [(10, 20), (20, 30), (57, 60), (60, 70), (1000, 1010)] {
            let (id, task) = timers.take_due(now + at * MS).unwrap();
            timers.put_back(id, task);
            assert!(timers.take_due(now + at * MS).is_none(), "once at {at}");
            assert_eq!(timers.deadline(), Some(now + next * MS));
        }
    }

    #[test]
    fn a_timer_cancelled_while_it_runs_stays_away() {
        let (mut timers, now) = timers();
        let id = timers.add(now, MS, true, Task::Handler);
        let (taken, task) = timers.take_due(now + MS).unwrap();
        assert!(timers.cancel(id) && !timers.cancel(id));
        // Its place in the table is taken again, under another name.
        let other = timers.add(now, MS, true, Task::Once(Box::new(|_| {})));
        timers.put_back(taken, task);
        assert_eq!(other.slot, id.slot);
        let (next, task) = timers.take_due(now + 5 * MS).unwrap();
        assert!(next == other && matches!(task, Task::Once(_)));
        assert!(timers.take_due(now + 5 * MS).is_none());
    }

    #[test]
    fn cancelled_timers_leave_the_heap() {
        let (mut timers, now) = timers();
        let kept = timers.add(now, 50 * MS, false, Task::Handler);
        for _ in 0..10_000 {
            let id = timers.add(now, 10 * MS, false, Task::Handler);
            timers.cancel(id);
        }
        assert!(timers.heap.len() <= SWEEP_MIN, "{}", timers.heap.len());
        assert_eq!(timers.take_due(now + 50 * MS).unwrap().0, kept);
    }

    #[test]
    fn extremes() {
        let (mut timers, now) = timers();
        timers.add(now, Duration::MAX, false, Task::Handler);
        assert_eq!(timers.deadline(), None, "never");
        timers.add(now, Duration::ZERO, true, Task::Handler);
        assert_eq!(timers.deadline(), Some(now + DELAY_MIN), "not always");
    }
}
