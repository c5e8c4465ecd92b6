//! [`Appointments`]: what is done when the calendar says so. The calendar is a function, the clock an argument.

use super::{Context, timers::EveryTask};
use std::time::{Duration, Instant, SystemTime};

/// The clock of the calendar may be set while a timer runs, and goes on while the machine sleeps: it is looked at so often.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

/// What the calendar shows now.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wall {
    /// What the clock of the machine shows.
    Machine,
    /// A made-up clock, which showed this then.
    MadeUp(Instant, SystemTime),
}

impl Wall {
    pub(super) fn now(self, now: Instant) -> SystemTime {
        match self {
            Self::Machine => SystemTime::now(),
            Self::MadeUp(then, shown) => shown + now.saturating_duration_since(then),
        }
    }
}

/// Something that is done again and again, at times of the calendar.
pub(super) struct Appointments<P, S> {
    next: Box<dyn FnMut(SystemTime) -> Option<SystemTime>>,
    due: Option<SystemTime>,
    task: EveryTask<P, S>,
}

impl<P, S> Appointments<P, S> {
    pub(super) fn new(
        mut next: impl FnMut(SystemTime) -> Option<SystemTime> + 'static,
        task: EveryTask<P, S>,
        shown: SystemTime,
    ) -> Self {
        let due = next(shown);
        Self { next: Box::new(next), due, task }
    }

    /// Whether the next one has come. It is made the one before: a clock that is set back brings none a second time, and
    /// those that were missed are not made up for.
    pub(super) fn is_due(&mut self, shown: SystemTime) -> bool {
        let Some(due) = self.due.filter(|due| *due <= shown) else { return false };
        self.due = (self.next)(shown).filter(|next| *next > due);
        true
    }

    pub(super) fn keep(&mut self, worker: &mut Context<'_, P, S>) {
        (self.task)(worker);
    }

    /// How long to wait until the clock is looked at again; none if nothing is left to do.
    pub(super) fn wait(&self, shown: SystemTime) -> Option<Duration> {
        let left = self.due?.duration_since(shown).unwrap_or_default();
        Some(left.min(LOOK_AGAIN))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    /// Each full minute.
    fn minutes(shown: SystemTime) -> Option<SystemTime> {
        let past = shown.duration_since(SystemTime::UNIX_EPOCH).unwrap().as_secs();
        Some(at(past / 60 * 60 + 60))
    }

    fn at(seconds: u64) -> SystemTime {
        SystemTime::UNIX_EPOCH + Duration::from_secs(seconds)
    }

    fn appointments(seconds: u64) -> Appointments<(), ()> {
        Appointments::new(minutes, Box::new(|_| {}), at(seconds))
    }

    #[test]
    fn it_is_due_when_the_clock_shows_it() {
        let mut each = appointments(50);
        assert_eq!(each.wait(at(50)), Some(10 * SECOND));
        assert!(!each.is_due(at(59)) && each.is_due(at(60)) && !each.is_due(at(60)));
        assert_eq!(each.wait(at(60)), Some(LOOK_AGAIN), "the clock may be set");
        assert!(each.is_due(at(300)) && !each.is_due(at(300)), "those that were missed are not made up for");
        assert_eq!(each.wait(at(345)), Some(15 * SECOND));
    }

    #[test]
    fn a_clock_that_is_set_back_brings_nothing_twice() {
        let mut each = appointments(50);
        assert!(each.is_due(at(60)));
        assert!(!each.is_due(at(10)) && !each.is_due(at(61)) && each.is_due(at(120)));
    }

    #[test]
    fn a_calendar_that_ends_or_stands_still_is_done() {
        let mut once = Appointments::<(), ()>::new(|shown| (shown < at(5)).then(|| at(5)), Box::new(|_| {}), at(0));
        assert!(once.is_due(at(5)));
        assert_eq!(once.wait(at(5)), None);
        let mut still = Appointments::<(), ()>::new(|_| Some(at(5)), Box::new(|_| {}), at(0));
        assert!(still.is_due(at(5)) && !still.is_due(at(6)));
        assert_eq!(still.wait(at(6)), None);
    }
}
