//! A million timers: what it takes to set, cancel and run one while the others wait, beside a `BTreeMap` of deadlines as one
//! would write it by hand. No clock is waited for: the time is made up.

use crate::statistics::Spread;
use std::{
    cell::Cell,
    collections::BTreeMap,
    fmt::Write as _,
    io,
    rc::Rc,
    task::Waker,
    time::{Duration, Instant},
};
use wm_core::{
    Connection, Context, Handler, Limits, TimerId, engine::Engine, protocol::Text, protocol::text::Line, testing::Dice,
};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How often.
    pub rounds: usize,
    /// How many timers.
    pub timers: usize,
}

impl Plan {
    /// What a figure to be quoted comes from: some seconds.
    #[must_use]
    pub const fn full() -> Self {
        Self { rounds: 7, timers: 1_000_000 }
    }

    /// Enough to see that everything works.
    #[must_use]
    pub const fn quick() -> Self {
        Self { rounds: 1, timers: 10_000 }
    }
}

/// Within which all of them are due.
const HOUR: Duration = Duration::from_secs(3600);

/// How long the steps took, for all timers: to set them, to cancel each second one, to run the others.
type Times = [Duration; 3];

/// Measures, and makes a table of it.
///
/// # Errors
///
/// A timer did not run, or one ran that was cancelled.
pub fn run(plan: &Plan) -> io::Result<String> {
    let delays = delays(plan.timers);
    let mut rounds = Vec::new();
    for _ in 0..plan.rounds {
        rounds.push([by_hand(&delays)?, ours(&delays)?]);
    }
    let mut table =
        format!("{} timers, due within an hour; nanoseconds for each, the median of {}.\n\n", plan.timers, plan.rounds);
    let _ = writeln!(table, "{:24}{:>8}{:>10}{:>8}{:>14}", "", "set", "cancel", "run", "all, to hand");
    for (who, name) in ["BTreeMap by hand", "wm"].into_iter().enumerate() {
        let each = |step: usize, of: usize| {
            Spread::of(rounds.iter().map(|round| round[who][step].as_secs_f64() * 1e9 / of as f64)).median
        };
        let all = |times: &Times| times.iter().sum::<Duration>().as_secs_f64();
        let ratio = Spread::of(rounds.iter().map(|round| all(&round[who]) / all(&round[0])));
        let half = plan.timers / 2;
        let _ = writeln!(
            table,
            "{name:24}{:>8.0}{:>10.0}{:>8.0}{:>14.2}  ({:.2} to {:.2})",
            each(0, plan.timers),
            each(1, half),
            each(2, plan.timers - half),
            ratio.median,
            ratio.min,
            ratio.max
        );
    }
    Ok(table)
}

/// In no order, and the same in each round.
fn delays(count: usize) -> Vec<Duration> {
    let mut dice = Dice::new(1);
    (0..count).map(|_| Duration::from_millis(1 + dice.below(3_600_000) as u64)).collect()
}

fn timed<T>(work: impl FnOnce() -> T) -> (T, Duration) {
    let start = Instant::now();
    let done = work();
    (done, start.elapsed())
}

/// Runs each timer by a call of `on_timer`, and tells how long the other steps took.
struct Counter {
    delays: Vec<Duration>,
    told: Rc<Cell<Told>>,
}

#[derive(Clone, Copy, Default)]
struct Told {
    set: Duration,
    cancelled: Duration,
    ran: usize,
}

impl Handler for Counter {
    type Protocol = Text;
    type Session = ();

    fn on_worker_start(&mut self, worker: &mut Context<'_, Text, ()>) {
        let (ids, set) = timed(|| self.delays.iter().map(|delay| worker.timer_after(*delay)).collect::<Vec<_>>());
        let (all, cancelled) = timed(|| ids.iter().skip(1).step_by(2).all(|id| worker.cancel(*id)));
        assert!(all, "a timer that is set can be cancelled");
        self.told.set(Told { set, cancelled, ran: 0 });
    }

    fn on_message(&mut self, _: &mut Connection<'_, Text, ()>, _: Line<'_>) {}

    fn on_timer(&mut self, _: &mut Context<'_, Text, ()>, _: TimerId) {
        let told = self.told.get();
        self.told.set(Told { ran: told.ran + 1, ..told });
    }
}

fn ours(delays: &[Duration]) -> io::Result<Times> {
    let (start, told) = (Instant::now(), Rc::<Cell<Told>>::default());
    let handler = Counter { delays: delays.to_vec(), told: Rc::clone(&told) };
    let mut engine = Engine::new(handler, "timers".into(), 0, Limits::default(), Waker::noop().clone(), start);
    engine.start(start);
    let ((), run) = timed(|| engine.expire(start + 2 * HOUR));
    let Told { set, cancelled, ran } = told.get();
    all_ran(delays.len(), ran)?;
    Ok([set, cancelled, run])
}

fn by_hand(delays: &[Duration]) -> io::Result<Times> {
    let start = Instant::now();
    let mut map = BTreeMap::new();
    let (ids, set) = timed(|| {
        let ids: Vec<_> = delays.iter().zip(0u64..).map(|(delay, id)| (start + *delay, id)).collect();
        for id in &ids {
            map.insert(*id, count as fn(&mut usize));
        }
        ids
    });
    let (_, cancelled) = timed(|| ids.iter().skip(1).step_by(2).filter(|id| map.remove(id).is_some()).count());
    let mut ran = 0;
    let ((), run) = timed(|| {
        while let Some((_, task)) = map.pop_first() {
            task(&mut ran);
        }
    });
    all_ran(delays.len(), ran)?;
    Ok([set, cancelled, run])
}

fn count(ran: &mut usize) {
    *ran += 1;
}

fn all_ran(timers: usize, ran: usize) -> io::Result<()> {
    let expected = timers - timers / 2;
    if ran == expected { Ok(()) } else { Err(io::Error::other(format!("{ran} timers have run, not {expected}"))) }
}
