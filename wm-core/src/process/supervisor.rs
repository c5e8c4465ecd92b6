//! The supervisor: which worker process to start, to signal, to kill, and when. A pure state machine: events and the
//! time go in, actions and a deadline come out; pids are but numbers to it.
//!
//! ```text
//!             Spawn ┌──────────┐ Started  ┌─────────┐ Exited, not asked to stop
//!          ┌───────>│ Starting │─────────>│ Running │───────────┐
//!          │        └──────────┘          └─────────┘           ▼
//!     ┌─────────┐         │ SpawnFailed        │ Exited    at once, or after the back-off
//!     │ Waiting │<────────┴────────────────────│──────────────────
//!     └─────────┘                              │ while stopping
//!          │ Stop, Retire                      ▼
//!          └──────────────────────────────> Gone ──all──> Finish
//! ```
//!
//! A process that ends without being asked to is replaced, whatever its exit code. The replacement comes at once unless
//! the seat is in a crash loop: processes that end younger than [`Supervision::settle_time`], one after the other.
//! Then the waits are 0, 100 ms, 200 ms, 400 ms … up to [`Supervision::backoff_max`].
//!
//! Invariant: a seat has one process at most, and a pid is never signalled after its exit was seen.

use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::collections::VecDeque;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// How worker processes are kept alive and ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Supervision {
    /// How long workers may drain after a stop before they are killed. Default 10 s.
    pub stop_timeout: Duration,
    /// How long a process must live to count as one that works. Default 1 s.
    pub settle_time: Duration,
    /// The first wait in a crash loop; each further one is twice as long. Default 100 ms.
    pub backoff_first: Duration,
    /// The longest wait in a crash loop. Default 10 s.
    pub backoff_max: Duration,
    /// After how many crashes in a row the service gives up on a process that has not worked even once: that is a
    /// mistake in the program or its surroundings, and whoever started it should hear. One that did work is tried for
    /// ever. Default 10, which takes about 23 seconds.
    pub attempts_max: u32,
}

impl Default for Supervision {
    fn default() -> Self {
        Self {
            stop_timeout: Duration::from_secs(10),
            settle_time: Duration::from_secs(1),
            backoff_first: Duration::from_millis(100),
            backoff_max: Duration::from_secs(10),
            attempts_max: 10,
        }
    }
}

impl Supervision {
    /// How long a seat stays empty after so many crashes in a row.
    fn backoff(&self, crashes: u32) -> Duration {
        let Some(doublings) = crashes.checked_sub(2) else { return Duration::ZERO };
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.backoff_first.saturating_mul(factor).min(self.backoff_max)
    }
}

/// One of the processes that a worker shall have: the seat, whoever sits on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Seat {
    /// Which worker, in the order in which they were given.
    pub(super) worker: usize,
    /// Which of its processes, from 0.
    pub(super) index: usize,
}

/// How it stands with a seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Standing {
    /// It is filled later.
    Waiting,
    /// Its process is not up yet.
    Starting { pid: Option<Pid>, age: Duration },
    /// Its process serves.
    Ready { pid: Pid, age: Duration },
    /// It stays empty.
    Gone,
}

/// What has happened.
#[derive(Debug)]
pub(super) enum Event {
    /// The service begins.
    Start,
    /// A [`Spawn`](Action::Spawn) was done.
    Started { seat: Seat, pid: Pid },
    /// A [`Spawn`](Action::Spawn) could not be done.
    SpawnFailed { seat: Seat, errno: Errno },
    /// A process serves.
    Ready { pid: Pid },
    /// A process has ended. It need not be one of ours.
    Exited { pid: Pid, exit: Exit },
    /// The service shall end: connections are closed as they drain.
    Stop,
    /// The service shall end when its connections have ended by themselves.
    Retire,
    /// As `Stop`; during a stop: it shall end at once. A second Ctrl-C.
    Interrupt,
    /// The [`deadline`](Supervisor::deadline) has come.
    Tick,
}

/// How a process has ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Exit {
    /// Its code or signal.
    pub(super) status: ExitStatus,
    /// What it said about it.
    pub(super) reason: Option<String>,
}

/// What the driver shall do.
#[derive(Debug)]
pub(super) enum Action {
    /// Start a process; `Started` or `SpawnFailed` answers.
    Spawn(Seat),
    /// Signal a process.
    Signal { pid: Pid, signal: Signal },
    /// Tell the operator.
    Tell(Notice),
    /// All processes are gone: end. It is the last action.
    Finish(Outcome),
}

/// What the operator should know.
#[derive(Debug)]
pub(super) enum Notice {
    /// All processes serve. Said once.
    Ready { processes: usize },
    /// A process has ended that should not have.
    Lost { seat: Seat, pid: Pid, exit: Exit, lived: Duration, next: Next },
    /// A process could not be started.
    NotStarted { seat: Seat, errno: Errno, next: Next },
    /// The service ends; so many processes drain, for so long at most.
    Stopping { processes: usize, timeout: Duration },
    /// The service ends when the connections of so many processes have ended.
    Retiring { processes: usize },
    /// So many processes have not drained in time, or may not any more.
    Killing { processes: usize },
}

/// What becomes of an empty seat.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Next {
    /// It is filled at once.
    Replace,
    /// It is filled later: so many crashes came one after the other.
    Retry { after: Duration, crashes: u32 },
    /// It is not filled, and the service ends: so many crashes, and it has not worked once.
    GiveUp { crashes: u32 },
    /// It stays empty: the service ends.
    Stop,
}

/// How the service has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It was asked to, and every process drained.
    Stopped,
    /// It was asked to, but a process failed or was killed meanwhile.
    Cut,
    /// A worker could not be kept alive.
    GaveUp,
}

impl Outcome {
    /// The exit code of the service.
    pub(crate) const fn code(self) -> u8 {
        match self {
            Self::Stopped => 0,
            Self::GaveUp => 2,
            Self::Cut => 3,
        }
    }
}

/// How processes of a worker have ended, while nobody had asked them to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Losses {
    /// With exit code 0.
    pub(super) left: u64,
    /// With another exit code.
    pub(super) failed: u64,
    /// By a signal.
    pub(super) killed: u64,
}

/// The state of a service.
#[derive(Debug)]
pub(super) struct Supervisor {
    rules: Supervision,
    chairs: Vec<Chair>,
    losses: Vec<Losses>,
    phase: Phase,
    outcome: Outcome,
    announced: bool,
    actions: VecDeque<Action>,
}

/// A seat and who sits on it.
#[derive(Debug)]
struct Chair {
    seat: Seat,
    state: State,
    /// How many processes in a row have ended young.
    crashes: u32,
    /// Whether any process has settled here.
    has_worked: bool,
}

#[derive(Debug, Clone, Copy)]
enum State {
    Waiting { until: Instant },
    Starting,
    Running { pid: Pid, since: Instant, ready: bool },
    Gone,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Serving,
    /// Until the peers have left.
    Retiring,
    Draining {
        kill_at: Instant,
    },
    Killing,
    Finished,
}

impl Supervisor {
    /// A service of workers with so many processes each.
    pub(super) fn new(counts: &[usize], rules: Supervision) -> Self {
        let seats =
            counts.iter().enumerate().flat_map(|(worker, &count)| (0..count).map(move |index| Seat { worker, index }));
        let chair = |seat| Chair { seat, state: State::Gone, crashes: 0, has_worked: false };
        Self {
            rules,
            chairs: seats.map(chair).collect(),
            losses: vec![Losses::default(); counts.len()],
            phase: Phase::Serving,
            outcome: Outcome::Stopped,
            announced: false,
            actions: VecDeque::new(),
        }
    }

    /// Takes an event in; what follows from it is read by [`next_action`](Self::next_action).
    pub(super) fn handle(&mut self, event: Event, now: Instant) {
        match event {
            Event::Start => (0..self.chairs.len()).for_each(|at| self.spawn(at)),
            Event::Started { seat, pid } => self.started(seat, pid, now),
            Event::SpawnFailed { seat, errno } => self.spawn_failed(seat, errno, now),
            Event::Ready { pid } => self.ready(pid),
            Event::Exited { pid, exit } => self.exited(pid, exit, now),
            Event::Stop => self.drain(now),
            Event::Retire => self.retire(),
            Event::Interrupt if matches!(self.phase, Phase::Serving | Phase::Retiring) => self.drain(now),
            Event::Interrupt => self.kill(),
            Event::Tick => self.tick(now),
        }
        self.finish_if_gone();
    }

    /// The next thing to do, in order.
    pub(super) fn next_action(&mut self) -> Option<Action> {
        self.actions.pop_front()
    }

    /// When [`Event::Tick`] is due, if ever.
    pub(super) fn deadline(&self) -> Option<Instant> {
        let kill = match self.phase {
            Phase::Draining { kill_at } => Some(kill_at),
            Phase::Serving | Phase::Retiring | Phase::Killing | Phase::Finished => None,
        };
        let waiting = self.chairs.iter().filter_map(|chair| match chair.state {
            State::Waiting { until } => Some(until),
            _ => None,
        });
        waiting.chain(kill).min()
    }

    /// The seats, in order, and how it stands with each at `now`.
    pub(super) fn seats(&self, now: Instant) -> impl Iterator<Item = (Seat, Standing)> + '_ {
        self.chairs.iter().map(move |chair| {
            let standing = match chair.state {
                State::Waiting { .. } => Standing::Waiting,
                State::Starting => Standing::Starting { pid: None, age: Duration::ZERO },
                State::Running { pid, since, ready } => {
                    let age = now.saturating_duration_since(since);
                    if ready { Standing::Ready { pid, age } } else { Standing::Starting { pid: Some(pid), age } }
                }
                State::Gone => Standing::Gone,
            };
            (chair.seat, standing)
        })
    }

    /// How far the service is in its life, in a word.
    pub(super) const fn progress(&self) -> &'static str {
        match self.phase {
            Phase::Serving if self.announced => "ready",
            Phase::Serving => "starting",
            Phase::Retiring => "waiting for its peers to leave",
            Phase::Draining { .. } => "stopping",
            Phase::Killing => "being ended",
            Phase::Finished => "stopped",
        }
    }

    /// How processes of each worker were lost.
    pub(super) fn losses(&self) -> &[Losses] {
        &self.losses
    }

    fn spawn(&mut self, at: usize) {
        self.chairs[at].state = State::Starting;
        self.actions.push_back(Action::Spawn(self.chairs[at].seat));
    }

    fn started(&mut self, seat: Seat, pid: Pid, now: Instant) {
        let Some(chair) = self.chairs.iter_mut().find(|chair| chair.seat == seat) else { return };
        chair.state = State::Running { pid, since: now, ready: false };
        // A stop may have come between the order and its answer.
        match self.phase {
            Phase::Serving | Phase::Finished => {}
            Phase::Retiring => self.actions.push_back(Action::Signal { pid, signal: Signal::SIGQUIT }),
            Phase::Draining { .. } => self.actions.push_back(Action::Signal { pid, signal: Signal::SIGTERM }),
            Phase::Killing => self.actions.push_back(Action::Signal { pid, signal: Signal::SIGKILL }),
        }
    }

    fn spawn_failed(&mut self, seat: Seat, errno: Errno, now: Instant) {
        let Some(at) = self.chairs.iter().position(|chair| chair.seat == seat) else { return };
        let next = self.vacate(at, Duration::ZERO, now);
        self.refill(at, next, now, |next| Notice::NotStarted { seat, errno, next });
    }

    fn ready(&mut self, pid: Pid) {
        if let Some((at, since)) = self.sitting(pid) {
            self.chairs[at].state = State::Running { pid, since, ready: true };
        }
        let all = self.chairs.iter().all(|chair| matches!(chair.state, State::Running { ready: true, .. }));
        if all && !self.announced && self.phase == Phase::Serving {
            self.announced = true;
            self.actions.push_back(Action::Tell(Notice::Ready { processes: self.chairs.len() }));
        }
    }

    fn exited(&mut self, pid: Pid, exit: Exit, now: Instant) {
        let Some((at, since)) = self.sitting(pid) else { return };
        let seat = self.chairs[at].seat;
        let lived = now.saturating_duration_since(since);
        if self.phase == Phase::Serving {
            let losses = &mut self.losses[seat.worker];
            match exit.status.code() {
                Some(0) => losses.left += 1,
                Some(_) => losses.failed += 1,
                None => losses.killed += 1,
            }
        } else if exit.status.success() || self.phase == Phase::Killing {
            // It has drained, or ends as it was made to: nothing to tell.
            self.chairs[at].state = State::Gone;
            return;
        } else {
            self.cut();
        }
        let next = self.vacate(at, lived, now);
        self.refill(at, next, now, |next| Notice::Lost { seat, pid, exit, lived, next });
    }

    /// The chair of a process, and since when it sits there.
    fn sitting(&self, pid: Pid) -> Option<(usize, Instant)> {
        self.chairs.iter().enumerate().find_map(|(at, chair)| match chair.state {
            State::Running { pid: sitting, since, .. } if sitting == pid => Some((at, since)),
            _ => None,
        })
    }

    /// Counts the end of a process that had lived so long, and says what becomes of its chair.
    fn vacate(&mut self, at: usize, lived: Duration, now: Instant) -> Next {
        let chair = &mut self.chairs[at];
        chair.state = State::Gone;
        if self.phase != Phase::Serving {
            return Next::Stop;
        }
        let settled = lived >= self.rules.settle_time;
        chair.has_worked |= settled;
        chair.crashes = if settled { 0 } else { chair.crashes.saturating_add(1) };
        let crashes = chair.crashes;
        if !chair.has_worked && crashes >= self.rules.attempts_max {
            return Next::GiveUp { crashes };
        }
        match self.rules.backoff(crashes) {
            Duration::ZERO => Next::Replace,
            after => {
                chair.state = State::Waiting { until: later(now, after) };
                Next::Retry { after, crashes }
            }
        }
    }

    /// Tells about an empty chair, then does what is to become of it.
    fn refill(&mut self, at: usize, next: Next, now: Instant, notice: impl FnOnce(Next) -> Notice) {
        let (replace, give_up) = (next == Next::Replace, matches!(next, Next::GiveUp { .. }));
        self.actions.push_back(Action::Tell(notice(next)));
        if replace {
            self.spawn(at);
        }
        if give_up {
            self.outcome = Outcome::GaveUp;
            self.drain(now);
        }
    }

    fn retire(&mut self) {
        if self.phase != Phase::Serving {
            return;
        }
        self.phase = Phase::Retiring;
        self.leave_empty();
        let processes = self.running().count();
        self.actions.push_back(Action::Tell(Notice::Retiring { processes }));
        self.signal_all(Signal::SIGQUIT);
    }

    fn drain(&mut self, now: Instant) {
        if !matches!(self.phase, Phase::Serving | Phase::Retiring) {
            return;
        }
        let timeout = self.rules.stop_timeout;
        self.phase = Phase::Draining { kill_at: later(now, timeout) };
        self.leave_empty();
        let processes = self.running().count();
        self.actions.push_back(Action::Tell(Notice::Stopping { processes, timeout }));
        self.signal_all(Signal::SIGTERM);
    }

    /// The chairs that are empty stay so.
    fn leave_empty(&mut self) {
        for chair in &mut self.chairs {
            if let State::Waiting { .. } = chair.state {
                chair.state = State::Gone;
            }
        }
    }

    fn kill(&mut self) {
        if !matches!(self.phase, Phase::Draining { .. }) {
            return;
        }
        self.phase = Phase::Killing;
        self.cut();
        let processes = self.running().count();
        self.actions.push_back(Action::Tell(Notice::Killing { processes }));
        self.signal_all(Signal::SIGKILL);
    }

    fn tick(&mut self, now: Instant) {
        if let Phase::Draining { kill_at } = self.phase
            && kill_at <= now
        {
            self.kill();
        }
        for at in 0..self.chairs.len() {
            if let State::Waiting { until } = self.chairs[at].state
                && until <= now
            {
                self.spawn(at);
            }
        }
    }

    fn running(&self) -> impl Iterator<Item = Pid> {
        self.chairs.iter().filter_map(|chair| match chair.state {
            State::Running { pid, .. } => Some(pid),
            _ => None,
        })
    }

    fn signal_all(&mut self, signal: Signal) {
        let signals: Vec<_> = self.running().map(|pid| Action::Signal { pid, signal }).collect();
        self.actions.extend(signals);
    }

    /// The end will not be a clean one; that a worker was given up stays the graver news.
    fn cut(&mut self) {
        if self.outcome == Outcome::Stopped {
            self.outcome = Outcome::Cut;
        }
    }

    fn finish_if_gone(&mut self) {
        let stopping = matches!(self.phase, Phase::Retiring | Phase::Draining { .. } | Phase::Killing);
        if stopping && self.chairs.iter().all(|chair| matches!(chair.state, State::Gone)) {
            self.phase = Phase::Finished;
            self.actions.push_back(Action::Finish(self.outcome));
        }
    }
}

/// Whoever says `Duration::MAX` means never; a century is as long, and the clock can count so far.
fn later(now: Instant, wait: Duration) -> Instant {
    const CENTURY: Duration = Duration::from_secs(100 * 365 * 24 * 3600);
    now + wait.min(CENTURY)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::fmt::Write as _;
    use std::os::unix::process::ExitStatusExt;

    /// A supervisor in a world whose clock stands still unless told, where every spawn succeeds and pids count from 1.
    struct World {
        supervisor: Supervisor,
        now: Instant,
        last_pid: i32,
        living: Vec<i32>,
        finished: Option<Outcome>,
    }

    impl World {
        fn new(counts: &[usize], rules: Supervision) -> Self {
            let supervisor = Supervisor::new(counts, rules);
            let mut world = Self { supervisor, now: Instant::now(), last_pid: 0, living: Vec::new(), finished: None };
            world.handle(Event::Start);
            world
        }

        /// Lets an event happen and does what follows; says what was done.
        fn handle(&mut self, event: Event) -> String {
            let mut done = String::new();
            self.supervisor.handle(event, self.now);
            while let Some(action) = self.supervisor.next_action() {
                assert_eq!(self.finished, None, "nothing follows the end");
                let gap = if done.is_empty() { "" } else { ", " };
                let _ = write!(done, "{gap}{}", self.act(action));
            }
            done
        }

        fn act(&mut self, action: Action) -> String {
            match action {
                Action::Spawn(seat) => {
                    self.last_pid += 1;
                    self.living.push(self.last_pid);
                    self.supervisor.handle(Event::Started { seat, pid: Pid::from_raw(self.last_pid) }, self.now);
                    format!("spawn {}.{} as {}", seat.worker, seat.index, self.last_pid)
                }
                Action::Signal { pid, signal } => {
                    assert!(self.living.contains(&pid.as_raw()), "{pid} is gone");
                    let order = match signal {
                        Signal::SIGTERM => "term",
                        Signal::SIGQUIT => "quit",
                        _ => "kill",
                    };
                    format!("{order} {pid}")
                }
                Action::Tell(Notice::Ready { processes }) => format!("ready {processes}"),
                Action::Tell(Notice::Lost { pid, next, .. }) => format!("lost {pid} {next:?}"),
                Action::Tell(Notice::NotStarted { errno, next, .. }) => format!("not started {errno:?} {next:?}"),
                Action::Tell(Notice::Stopping { processes, .. }) => format!("stopping {processes}"),
                Action::Tell(Notice::Retiring { processes }) => format!("retiring {processes}"),
                Action::Tell(Notice::Killing { processes }) => format!("killing {processes}"),
                Action::Finish(outcome) => {
                    self.finished = Some(outcome);
                    format!("finish {outcome:?}")
                }
            }
        }

        fn ready(&mut self, pid: i32) -> String {
            self.handle(Event::Ready { pid: Pid::from_raw(pid) })
        }

        /// A process ends with a raw wait status: an exit code shifted by 8, or a signal.
        fn exit(&mut self, pid: i32, raw: i32) -> String {
            self.living.retain(|&living| living != pid);
            let exit = Exit { status: ExitStatus::from_raw(raw), reason: None };
            self.handle(Event::Exited { pid: Pid::from_raw(pid), exit })
        }

        fn pass(&mut self, ms: u64) {
            self.now += Duration::from_millis(ms);
        }

        /// Sleeps until the deadline, and says how long that took.
        fn tick(&mut self) -> (u128, String) {
            let deadline = self.supervisor.deadline().expect("a deadline");
            let slept = deadline.saturating_duration_since(self.now);
            self.now = self.now.max(deadline);
            (slept.as_millis(), self.handle(Event::Tick))
        }
    }

    const KILLED: i32 = 9;
    const FAILED: i32 = 1 << 8;

    #[test]
    fn it_is_ready_once_when_all_are() {
        let mut world = World::new(&[2, 1], Supervision::default());
        assert_eq!(world.living, [1, 2, 3]);
        assert_eq!(world.ready(1), "");
        assert_eq!(world.ready(3), "");
        assert_eq!(world.ready(99), "", "a stranger");
        assert_eq!(world.ready(2), "ready 3");
        assert_eq!(world.exit(2, KILLED), "lost 2 Replace, spawn 0.1 as 4");
        assert_eq!(world.ready(4), "");
        assert_eq!(world.supervisor.deadline(), None);
    }

    #[test]
    fn one_that_worked_is_replaced_at_once_however_it_ends() {
        let mut world = World::new(&[1], Supervision::default());
        for (pid, raw) in [(1, KILLED), (2, FAILED), (3, 0), (4, 34)] {
            world.pass(1_000);
            assert_eq!(world.exit(pid, raw), format!("lost {pid} Replace, spawn 0.0 as {}", pid + 1));
        }
        assert_eq!(world.supervisor.losses(), [Losses { left: 1, failed: 1, killed: 2 }]);
        assert_eq!(world.exit(99, KILLED), "", "a stranger");
    }

    #[test]
    fn a_crash_loop_backs_off_until_a_process_settles() {
        let mut world = World::new(&[1], Supervision { attempts_max: u32::MAX, ..Supervision::default() });
        assert_eq!(world.exit(1, FAILED), "lost 1 Replace, spawn 0.0 as 2");
        let mut pid = 2;
        for wait in [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000, 10_000] {
            world.pass(999);
            assert!(world.exit(pid, FAILED).starts_with(&format!("lost {pid} Retry")));
            pid += 1;
            assert_eq!(world.handle(Event::Tick), "", "too early");
            assert_eq!(world.tick(), (wait, format!("spawn 0.0 as {pid}")));
        }
        world.pass(1_000);
        assert_eq!(world.exit(pid, FAILED), format!("lost {pid} Replace, spawn 0.0 as {}", pid + 1));
    }

    #[test]
    fn what_never_worked_is_given_up() {
        let mut world = World::new(&[1, 1], Supervision { attempts_max: 3, ..Supervision::default() });
        assert_eq!(world.exit(2, FAILED), "lost 2 Replace, spawn 1.0 as 3");
        assert!(world.exit(3, FAILED).starts_with("lost 3 Retry"));
        assert_eq!(world.tick(), (100, "spawn 1.0 as 4".to_owned()));
        assert_eq!(world.exit(4, FAILED), "lost 4 GiveUp { crashes: 3 }, stopping 1, term 1");
        assert_eq!(world.exit(1, 0), "finish GaveUp");
    }

    #[test]
    fn what_worked_once_is_never_given_up() {
        let mut world = World::new(&[1], Supervision { attempts_max: 2, ..Supervision::default() });
        world.pass(5_000);
        world.exit(1, FAILED);
        for pid in 2..20 {
            assert!(!world.exit(pid, FAILED).contains("GiveUp"));
            if world.supervisor.deadline().is_some() {
                world.tick();
            }
        }
        assert_eq!(world.finished, None);
    }

    #[test]
    fn a_fork_that_fails_is_a_crash() {
        let mut world = World::new(&[1], Supervision::default());
        world.exit(1, FAILED);
        world.exit(2, FAILED);
        let seat = Seat { worker: 0, index: 0 };
        let failed = world.handle(Event::SpawnFailed { seat, errno: Errno::EAGAIN });
        assert_eq!(failed, "not started EAGAIN Retry { after: 200ms, crashes: 3 }");
    }

    #[test]
    fn a_stop_waits_for_the_workers_and_then_does_not() {
        let mut world = World::new(&[3], Supervision::default());
        assert_eq!(world.handle(Event::Stop), "stopping 3, term 1, term 2, term 3");
        assert_eq!(world.handle(Event::Stop), "", "once is enough");
        assert_eq!(world.exit(1, 0), "");
        assert_eq!(world.exit(2, FAILED), "lost 2 Stop");
        assert_eq!(world.tick(), (10_000, "killing 1, kill 3".to_owned()));
        assert_eq!(world.supervisor.deadline(), None);
        assert_eq!(world.exit(3, KILLED), "finish Cut");
    }

    #[test]
    fn a_second_interrupt_ends_it_at_once() {
        let mut world = World::new(&[2], Supervision::default());
        assert_eq!(world.handle(Event::Interrupt), "stopping 2, term 1, term 2");
        assert_eq!(world.handle(Event::Interrupt), "killing 2, kill 1, kill 2");
        assert_eq!(world.handle(Event::Interrupt), "");
        assert_eq!(world.exit(1, KILLED), "");
        assert_eq!(world.exit(2, 0), "finish Cut");
    }

    #[test]
    fn one_that_retires_is_waited_for_until_it_is_told_to_stop() {
        let mut world = World::new(&[3], Supervision::default());
        assert_eq!(world.handle(Event::Retire), "retiring 3, quit 1, quit 2, quit 3");
        assert_eq!(world.handle(Event::Retire), "", "once is enough");
        assert_eq!(world.supervisor.deadline(), None, "as long as the peers stay");
        assert_eq!(world.exit(1, 0), "");
        assert_eq!(world.exit(2, KILLED), "lost 2 Stop", "nobody takes its place");
        assert_eq!(world.handle(Event::Interrupt), "stopping 1, term 3");
        assert_eq!(world.handle(Event::Retire), "", "a stop is not taken back");
        assert_eq!(world.exit(3, 0), "finish Cut");

        let mut world = World::new(&[1], Supervision::default());
        world.handle(Event::Retire);
        assert_eq!(world.exit(1, 0), "finish Stopped");
    }

    #[test]
    fn a_stop_during_the_back_off_has_nobody_to_wait_for() {
        let mut world = World::new(&[1], Supervision::default());
        world.exit(1, FAILED);
        world.exit(2, FAILED);
        assert_eq!(world.handle(Event::Stop), "stopping 0, finish Stopped");
        assert_eq!(world.supervisor.deadline(), None);
    }

    #[test]
    fn a_wait_may_be_for_ever() {
        let never = Duration::MAX;
        let rules =
            Supervision { stop_timeout: never, backoff_first: never, backoff_max: never, ..Supervision::default() };
        let mut world = World::new(&[2], rules);
        world.exit(1, FAILED);
        world.exit(3, FAILED);
        assert!(world.supervisor.deadline().is_some());
        world.handle(Event::Stop);
        world.pass(1_000_000_000);
        assert_eq!(world.handle(Event::Tick), "");
        assert_eq!(world.exit(2, 0), "finish Stopped");
    }

    #[test]
    fn a_stop_reaches_a_process_that_is_being_started() {
        let mut supervisor = Supervisor::new(&[1], Supervision::default());
        let (now, pid, seat) = (Instant::now(), Pid::from_raw(1), Seat { worker: 0, index: 0 });
        supervisor.handle(Event::Start, now);
        supervisor.handle(Event::Stop, now);
        supervisor.handle(Event::Started { seat, pid }, now);
        let actions: Vec<_> = std::iter::from_fn(|| supervisor.next_action()).collect();
        assert!(
            matches!(&actions[..], [Action::Spawn(_), Action::Tell(_), Action::Signal { signal: Signal::SIGTERM, .. }]),
            "{actions:?}"
        );
    }

    proptest! {
        /// Whatever dies and whenever: no seat has two processes, a seat that is empty has a deadline, and a stop ends.
        #[test]
        fn it_stays_in_order_in_any_weather(
            counts in prop::collection::vec(1..4_usize, 1..4),
            weather in prop::collection::vec((0..3_000_u64, any::<prop::sample::Index>(), any::<bool>()), 0..60),
            interrupts in 1..3,
        ) {
            let seats: usize = counts.iter().sum();
            let mut world = World::new(&counts, Supervision::default());
            for (ms, victim, dies) in weather {
                world.pass(ms);
                world.handle(Event::Tick);
                if dies && !world.living.is_empty() {
                    world.exit(*victim.get(&world.living), KILLED);
                }
                prop_assert!(world.living.len() <= seats);
                prop_assert!(world.living.len() == seats || world.supervisor.deadline().is_some() || world.finished.is_some());
            }
            for _ in 0..interrupts {
                world.handle(Event::Interrupt);
            }
            while let Some(&pid) = world.living.first() {
                world.exit(pid, 0);
            }
            prop_assert!(world.finished.is_some());
        }
    }
}
