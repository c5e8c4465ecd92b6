//! The master: does what the supervisor says and tells it what has happened. It owns the descriptors, the supervisor
//! the decisions. All of it is called in the master, but for [`Master::become_worker`].

use super::child::Child;
use super::console::{Console, Row};
use super::post::Post;
use super::proc_status::ProcStatus;
use super::signals::Signals;
use super::supervisor::{Action, Event, Exit, Notice, Outcome, Seat, Supervision, Supervisor};
use super::sys::{self, Fork, SingleThread};
use super::voice::{self, Ear, Heard, Voice};
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
    console: Console,
    pid: Pid,
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
    pub(crate) fn new(
        services: Vec<Box<dyn Service>>,
        rules: Supervision,
        console: Console,
    ) -> Result<Self, Vec<String>> {
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
        let rows = posts.iter().map(Post::row).collect();
        let supervisor = Supervisor::new(&counts, rules);
        Ok(Self { thread, signals, posts, rows, workers: Vec::new(), supervisor, console, pid: getpid() })
    }

    /// Serves until it is told to stop and the last worker is gone. In a worker it does not return.
    ///
    /// # Errors
    ///
    /// The kernel lets the master wait no more; then the workers are killed.
    pub(crate) fn run(mut self) -> Result<Outcome, Error> {
        self.console.banner(self.pid, &self.rows);
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
        self.console.tell(notice, &self.rows);
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
        let Self { signals, mut posts, workers, pid, .. } = self;
        drop(workers);
        let post = posts.swap_remove(seat.worker);
        posts.into_iter().for_each(Post::leave);
        let (service, listener) = post.take(seat.index);
        Child { service, worker_id: seat.index, listener, signals, voice, master: pid }.live()
    }

    /// Sleeps until there is something to report.
    fn wait(&self) -> Result<(), Errno> {
        let mut fds = vec![PollFd::new(self.signals.as_fd(), PollFlags::POLLIN)];
        let starting = self.workers.iter().filter(|worker| worker.starting);
        fds.extend(starting.map(|worker| PollFd::new(worker.ear.as_fd(), PollFlags::POLLIN)));
        let timeout = self.supervisor.deadline().map(|at| at.saturating_duration_since(Instant::now()));
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
        self.console.end(outcome, self.supervisor.losses(), &self.rows);
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
