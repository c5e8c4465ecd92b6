//! The master: does what the supervisor says and tells it what has happened. It owns the descriptors, the supervisor
//! the decisions. All of it is called in the master, but for [`Master::become_worker`].

use super::board::{Board, Scorecard};
use super::child::Child;
use super::console::{Console, Row};
use super::post::Post;
use super::proc_status::ProcStatus;
use super::signals::Signals;
use super::supervisor::{Action, Event, Exit, Notice, Outcome, Seat, Standing, Supervision, Supervisor};
use super::sys::{self, Fork, SingleThread};
use super::voice::{self, Ear, Heard, Voice};
use crate::control::{Desk, Herald, ProcessStatus, Reply, Request, Status, WorkerStatus};
use crate::error::Error;
use crate::worker::Service;
use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, getpid};
use std::io::{self, Write};
use std::os::fd::AsFd;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

/// The process that the others are forked from.
pub(crate) struct Master {
    thread: SingleThread,
    signals: Signals,
    posts: Vec<Post>,
    rows: Vec<Row>,
    workers: Vec<Worker>,
    supervisor: Supervisor,
    board: Board,
    front: Front,
    started: Instant,
    pid: Pid,
}

/// Who is told about the service, and who may ask.
#[derive(Debug)]
pub(crate) struct Front {
    /// The operator's terminal, or the log.
    pub(crate) console: Console,
    /// Where others ask; a service without a command line has none.
    pub(crate) desk: Option<Desk>,
    /// Told once that the service is ready: whoever started it in the background waits for that.
    pub(crate) herald: Option<Herald>,
}

impl Front {
    /// Only a terminal.
    pub(crate) const fn new(console: Console) -> Self {
        Self { console, desk: None, herald: None }
    }
}

/// A process that has not been reaped.
struct Worker {
    pid: Pid,
    ear: Ear,
    /// Whether it is yet to say that it is up.
    starting: bool,
}

/// On which side of a fork we are, and our end of the pipe between the two.
enum Side {
    Master(Worker),
    Worker(Voice),
}

impl Master {
    /// Checks everything and binds every listener. Nothing is forked.
    ///
    /// # Errors
    ///
    /// All that is wrong, a line each.
    pub(crate) fn new(services: Vec<Box<dyn Service>>, rules: Supervision, front: Front) -> Result<Self, Vec<String>> {
        let mut problems = Vec::new();
        let mut posts = Vec::new();
        if services.is_empty() {
            problems.push(Error::NoWorkers.to_string());
        }
        for service in services {
            match Post::bind(service) {
                Ok(post) => posts.push(post),
                Err(problem) => problems.push(problem),
            }
        }
        let alone = ProcStatus::read().and_then(|status| Ok((SingleThread::prove(&status)?, status)));
        let (thread, status) = match alone {
            Ok(alone) if problems.is_empty() => alone,
            Ok(_) => return Err(refuse(&posts, problems)),
            Err(error) => {
                problems.push(error.to_string());
                return Err(refuse(&posts, problems));
            }
        };
        let signals = Signals::block(&status).map_err(|error| refuse(&posts, vec![error.to_string()]))?;
        let counts: Vec<_> = posts.iter().map(Post::count).collect();
        let board = Board::new(counts.iter().sum());
        let board = board.map_err(|error| refuse(&posts, vec![Error::Board(error).to_string()]))?;
        let rows = posts.iter().map(Post::row).collect();
        let supervisor = Supervisor::new(&counts, rules);
        let (workers, started, pid) = (Vec::new(), Instant::now(), getpid());
        Ok(Self { thread, signals, posts, rows, workers, supervisor, board, front, started, pid })
    }

    /// Checks everything, and binds every listener if they are to be tried; what was bound is let go again.
    ///
    /// # Errors
    ///
    /// All that is wrong, a line each.
    pub(crate) fn check(services: Vec<Box<dyn Service>>, tries: bool) -> Result<(), Vec<String>> {
        let mut problems = Vec::new();
        if services.is_empty() {
            problems.push(Error::NoWorkers.to_string());
        }
        for service in services {
            let checked =
                if tries { Post::bind(service).map(|post| post.remove_file()) } else { Post::check(&*service) };
            problems.extend(checked.err());
        }
        if problems.is_empty() { Ok(()) } else { Err(problems) }
    }

    /// Serves until it is told to stop and the last worker is gone. In a worker it does not return.
    ///
    /// # Errors
    ///
    /// The kernel lets the master wait no more; then the workers are killed.
    pub(crate) fn run(mut self) -> Result<Outcome, Error> {
        self.front.console.banner(self.pid, &self.rows);
        self.handle(Event::Start);
        loop {
            while let Some(action) = self.supervisor.next_action() {
                match action {
                    Action::Spawn(seat) => match self.fork() {
                        Ok(Side::Worker(voice)) => self.become_worker(seat, voice),
                        Ok(Side::Master(worker)) => self.started(seat, worker),
                        Err(errno) => self.handle(Event::SpawnFailed { seat, errno }),
                    },
                    Action::Signal { pid, signal } => send(pid, signal),
                    Action::Tell(notice) => self.tell(&notice),
                    Action::Finish(outcome) => return Ok(self.finish(outcome)),
                }
            }
            if let Err(errno) = self.wait() {
                self.workers.iter().for_each(|worker| send(worker.pid, Signal::SIGKILL));
                return Err(Error::Poll(errno.into()));
            }
            self.report();
        }
    }

    fn tell(&mut self, notice: &Notice) {
        if matches!(notice, Notice::Retiring { .. } | Notice::Stopping { .. }) {
            self.posts.iter_mut().for_each(Post::close);
        }
        if matches!(notice, Notice::Ready { .. })
            && let Some(herald) = self.front.herald.take()
        {
            herald.ready();
        }
        let line = self.front.console.tell(notice, &self.rows);
        if let Some(desk) = &mut self.front.desk {
            desk.say(&line);
        }
    }

    fn fork(&self) -> Result<Side, Errno> {
        let (voice, ear) = voice::pipe()?;
        // What is still buffered would be written by both.
        let _ = io::stdout().flush();
        Ok(match sys::fork(&self.thread)? {
            Fork::Master { pid } => Side::Master(Worker { pid, ear, starting: true }),
            Fork::Worker => Side::Worker(voice),
        })
    }

    fn started(&mut self, seat: Seat, worker: Worker) {
        self.handle(Event::Started { seat, pid: worker.pid });
        self.workers.push(worker);
    }

    /// Called in the child. Descriptors that are not its own are closed: those of the other workers' pipes and sockets.
    fn become_worker(self, seat: Seat, voice: Voice) -> ! {
        let card = self.card(seat);
        let Self { signals, mut posts, workers, front, pid, .. } = self;
        drop((workers, front));
        let post = posts.swap_remove(seat.worker);
        posts.into_iter().for_each(Post::leave);
        let (service, listener) = post.take(seat.index);
        Child { service, worker_id: seat.index, listener, card, signals, voice, master: pid }.live()
    }

    /// Sleeps until there is something to report.
    fn wait(&self) -> Result<(), Errno> {
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        let starting = self.workers.iter().filter(|worker| worker.starting);
        fds.extend(starting.map(|worker| PollFd::new(worker.ear.as_fd(), PollFlags::POLLIN)));
        let mut deadlines = vec![self.supervisor.deadline()];
        if let Some(desk) = &self.front.desk {
            desk.watch(&mut fds);
            deadlines.push(desk.deadline());
        }
        let deadline = deadlines.into_iter().flatten().min();
        let timeout = deadline.map(|at| at.saturating_duration_since(Instant::now()));
        match poll(&mut fds, timeout.map_or(PollTimeout::NONE, round_up)) {
            Ok(_) | Err(Errno::EINTR) => Ok(()),
            Err(errno) => Err(errno),
        }
    }

    /// Tells the supervisor what has happened. Orders come first: Ctrl-C goes to the workers as well, and one
    /// that has obeyed it is none that was lost.
    fn report(&mut self) {
        while let Some(signal) = self.signals.next_order() {
            self.handle(match signal {
                Signal::SIGINT => Event::Interrupt,
                Signal::SIGQUIT => Event::Retire,
                _ => Event::Stop,
            });
        }
        for at in 0..self.workers.len() {
            self.listen(at);
        }
        while let Some((pid, status)) = sys::reap() {
            self.bury(pid, status);
        }
        if self.supervisor.deadline().is_some_and(|at| at <= Instant::now()) {
            self.handle(Event::Tick);
        }
        self.attend();
    }

    /// Does what is asked at the desk. Whoever wants the end of the service waits there for it.
    fn attend(&mut self) {
        let Some(desk) = &mut self.front.desk else { return };
        for (visitor, request) in desk.turn(Instant::now()) {
            match request {
                Request::Status => {
                    let status = Reply::Status(Box::new(self.status()));
                    if let Some(desk) = &mut self.front.desk {
                        desk.answer(visitor, &[status], 0);
                    }
                }
                Request::Stop { graceful: true } => self.handle(Event::Retire),
                Request::Stop { graceful: false } => self.handle(Event::Stop),
            }
        }
    }

    /// What the service says about itself. It asks no worker: each may be busy.
    fn status(&self) -> Status {
        let now = Instant::now();
        let mut workers: Vec<WorkerStatus> = self.rows.iter().zip(self.supervisor.losses()).map(Row::status).collect();
        for (at, (seat, standing)) in self.supervisor.seats(now).enumerate() {
            let score = self.board.read(at);
            let (state, pid, age) = match standing {
                Standing::Waiting => ("waiting", None, Duration::ZERO),
                Standing::Starting { pid, age } => ("starting", pid, age),
                Standing::Ready { pid, age } => ("ready", Some(pid), age),
                Standing::Gone => ("gone", None, Duration::ZERO),
            };
            let mut process = ProcessStatus::new(seat.index, state, &score.tally);
            process.pid = pid.map(Pid::as_raw);
            process.up_ms = milliseconds(age);
            process.busy_ms = score.busy.map(milliseconds);
            workers[seat.worker].processes.push(process);
        }
        Status {
            instance: self.front.desk.as_ref().map_or_else(String::new, |desk| desk.name().to_owned()),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            pid: self.pid.as_raw(),
            up_ms: milliseconds(now.saturating_duration_since(self.started)),
            state: self.supervisor.progress().to_owned(),
            workers,
        }
    }

    /// What the process of a seat writes on: wiped, as whoever sat there before is gone. Called in the child.
    fn card(&self, seat: Seat) -> Option<Scorecard> {
        let at = self.supervisor.seats(self.started).position(|(other, _)| other == seat)?;
        self.board.card(at)
    }

    fn listen(&mut self, at: usize) {
        let worker = &mut self.workers[at];
        if !worker.starting {
            return;
        }
        let (pid, heard) = (worker.pid, worker.ear.listen());
        worker.starting = heard == Heard::Nothing;
        if heard == Heard::Ready {
            self.handle(Event::Ready { pid });
        }
    }

    /// As PID 1 the master inherits orphans that it has never started; those have only to be reaped.
    fn bury(&mut self, pid: Pid, status: ExitStatus) {
        if let Some(at) = self.workers.iter().position(|worker| worker.pid == pid) {
            let reason = self.workers.swap_remove(at).ear.reason();
            self.handle(Event::Exited { pid, exit: Exit { status, reason } });
        }
    }

    fn handle(&mut self, event: Event) {
        self.supervisor.handle(event, Instant::now());
    }

    fn finish(self, outcome: Outcome) -> Outcome {
        self.posts.iter().for_each(Post::remove_file);
        let line = self.front.console.end(outcome, self.supervisor.losses(), &self.rows);
        if let Some(mut desk) = self.front.desk {
            desk.say(&line);
            desk.close(outcome.code());
        }
        self.signals.restore();
        outcome
    }
}

/// Nothing is started: what was bound leaves no file.
fn refuse(posts: &[Post], problems: Vec<String>) -> Vec<String> {
    posts.iter().for_each(Post::remove_file);
    problems
}

/// Signals a worker. It was not reaped, so its pid is nobody else's; and it is ours, so nothing forbids it.
fn send(pid: Pid, signal: Signal) {
    let _ = kill(pid, signal);
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// To whole milliseconds, upwards: a wait that ends too early is one more turn for nothing.
fn round_up(wait: Duration) -> PollTimeout {
    let ms = wait.as_nanos().div_ceil(1_000_000);
    PollTimeout::try_from(ms).unwrap_or(PollTimeout::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_is_never_cut_short() {
        for (wait, ms) in [
            (Duration::ZERO, 0),
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(7), 7),
            (Duration::from_micros(7_001), 8),
            (Duration::MAX, i32::MAX.unsigned_abs()),
        ] {
            assert_eq!(round_up(wait).as_millis(), Some(ms));
        }
    }
}
