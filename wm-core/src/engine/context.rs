//! [`Context`]: a worker as its handler sees it; [`Mailbox`]: as other threads see it.

use super::{
    Connection, ConnectionId, Interest, Ready, Sent, SourceId, TimerId,
    calendar::Appointments,
    timers::{OnceTask, Task},
    world::{Running, World},
};
use crate::protocol::Protocol;
use std::{
    any::Any,
    fmt, io,
    os::fd::AsFd,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, Receiver, Sender},
    },
    task::Waker,
    time::{Duration, Instant, SystemTime},
};

/// What an engine is driven by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    /// By hand.
    Bare,
    /// By the kernel's sockets.
    Kernel,
    /// By made-up ones.
    MadeUp,
}

/// A worker process, lent to a callback: its connections, its timers, its name.
///
/// `P` is the protocol that it speaks, `S` the data of each connection.
pub struct Context<'w, P, S> {
    pub(super) world: &'w mut World<P, S>,
}

impl<P: Protocol, S> Context<'_, P, S> {
    /// The name of the worker.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.world.name
    }

    /// Which of the worker's processes this is, from 0. A process that replaces another has its number.
    #[must_use]
    pub const fn worker_id(&self) -> usize {
        self.world.worker_id
    }

    /// The time at the start of this turn: one reading of the clock for all that happens in it.
    #[must_use]
    pub const fn now(&self) -> Instant {
        self.world.now
    }

    /// How many connections are open in this process.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.world.open
    }

    /// Whether no connection is open.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.world.open == 0
    }

    /// The open connections.
    pub fn ids(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        self.world.ids()
    }

    /// An open connection, or one that is being made, by its name; `None` if it is closed or closing.
    pub fn get(&mut self, id: ConnectionId) -> Option<Connection<'_, P, S>> {
        if !self.world.is_open(id) {
            return None;
        }
        Some(Connection { worker: Context { world: self.world }, id })
    }

    /// The connection whose timer is due.
    pub(super) fn timed(&mut self, id: ConnectionId) -> Option<Connection<'_, P, S>> {
        self.world.running = Running { callback: "a timer", connection: Some(id) };
        self.get(id)
    }

    /// Calls `visit` with each open connection.
    pub fn each<R>(&mut self, mut visit: impl FnMut(&mut Connection<'_, P, S>) -> R) {
        for index in 0..self.world.table.capacity() {
            if let Some(id) = self.world.open_at(index) {
                visit(&mut Connection { worker: Context { world: self.world }, id });
            }
        }
    }

    /// Sends a message to every connection of this process; see [`Connection::broadcast`]. One that cannot be encoded is
    /// reported to the `on_error` of the first of them.
    pub fn broadcast<'a>(&mut self, message: impl Into<P::Out<'a>>) -> Sent {
        self.world.broadcast(None, &message.into())
    }

    /// Calls `task` after each `interval`, at least a millisecond. Ticks that were missed do not pile up.
    pub fn every<R>(
        &mut self,
        interval: Duration,
        mut task: impl FnMut(&mut Context<'_, P, S>) -> R + 'static,
    ) -> TimerId {
        let task = Task::Every(Box::new(move |worker| {
            task(worker);
        }));
        self.world.timers.add(self.world.now, interval, true, task)
    }

    /// Calls `task` once, after `delay`.
    pub fn after<R>(&mut self, delay: Duration, task: impl FnOnce(&mut Context<'_, P, S>) -> R + 'static) -> TimerId {
        let task = Task::Once(Box::new(move |worker| {
            task(worker);
        }));
        self.world.timers.add(self.world.now, delay, false, task)
    }

    /// Calls `task` at times of the calendar: `next` says when the next one is behind the time that it is given. The task
    /// ends where `next` says none, or none that is later.
    ///
    /// The clock of the machine may be set meanwhile: it is looked at twice a minute. What was missed, while the machine
    /// slept perhaps, is done once; a clock that is set back brings nothing a second time. With the feature `cron`,
    /// `Cron` says `next` by an expression.
    ///
    /// # Example
    ///
    /// ```
    /// # use std::time::{Duration, SystemTime};
    /// # use wm_core::{Worker, protocol::Tcp};
    /// /// The next full hour.
    /// fn next_hour(now: SystemTime) -> Option<SystemTime> {
    ///     let past = now.duration_since(SystemTime::UNIX_EPOCH).ok()?.as_secs();
    ///     SystemTime::UNIX_EPOCH.checked_add(Duration::from_secs(past - past % 3600 + 3600))
    /// }
    ///
    /// Worker::<Tcp>::new("tcp://127.0.0.1:0").on_worker_start(|worker| {
    ///     worker.at_times(next_hour, |worker| worker.broadcast(&b"cuckoo\n"[..]))
    /// });
    /// ```
    pub fn at_times<R>(
        &mut self,
        next: impl FnMut(SystemTime) -> Option<SystemTime> + 'static,
        mut task: impl FnMut(&mut Context<'_, P, S>) -> R + 'static,
    ) -> TimerId {
        let shown = self.world.shown();
        let task = Box::new(move |worker: &mut Context<'_, P, S>| {
            task(worker);
        });
        let appointments = Appointments::new(next, task, shown);
        let wait = appointments.wait(shown).unwrap_or_default();
        self.world.timers.add_as_told(self.world.now, wait, Task::Calendar(appointments))
    }

    /// As [`every`](Self::every), but calls [`Handler::on_timer`](super::Handler::on_timer), which has the handler's
    /// state. A worker made of closures has no `on_timer`.
    pub fn timer_every(&mut self, interval: Duration) -> TimerId {
        self.world.timers.add(self.world.now, interval, true, Task::Handler)
    }

    /// As [`after`](Self::after), but calls [`Handler::on_timer`](super::Handler::on_timer).
    pub fn timer_after(&mut self, delay: Duration) -> TimerId {
        self.world.timers.add(self.world.now, delay, false, Task::Handler)
    }

    /// Cancels a timer, also from inside of its own call. Says whether there was one.
    pub fn cancel(&mut self, id: TimerId) -> bool {
        self.world.timers.cancel(id)
    }

    /// Watches a descriptor of yours, and calls `task` as long as it is ready: the manual's `globalEvent`. So a pipe, an
    /// inotify, a library's socket or the output of a program becomes a part of this loop. The source is lent to each
    /// call, and closed by [`deregister`](Self::deregister), when the worker stops, or if the task panics.
    ///
    /// A call need not read all there is. One that finds nothing to read would wait if the descriptor is not set to
    /// non-blocking, so read once in a call, or set it.
    ///
    /// # Errors
    ///
    /// The kernel cannot watch it: a file on a disk is always ready, or it is registered already. Or no kernel drives
    /// the worker, as in [`testing`](crate::testing).
    ///
    /// # Example
    ///
    /// ```
    /// # use std::{io::Read, process::{Command, Stdio}};
    /// # use wm_core::{Interest, Worker, protocol::Tcp};
    /// Worker::<Tcp>::new("tcp://127.0.0.1:0").on_worker_start(|worker| {
    ///     let mut clock = Command::new("vmstat").arg("1").stdout(Stdio::piped()).spawn().expect("it starts");
    ///     let lines = clock.stdout.take().expect("it is a pipe");
    ///     let watched = worker.register(lines, Interest::Readable, |worker, lines, _| {
    ///         let mut room = [0; 4096];
    ///         let count = lines.read(&mut room).unwrap_or_default();
    ///         worker.broadcast(&room[..count]);
    ///     });
    ///     watched.expect("pipes can be watched");
    /// });
    /// ```
    pub fn register<F: AsFd + 'static, R>(
        &mut self,
        source: F,
        interest: Interest,
        mut task: impl FnMut(&mut Context<'_, P, S>, &mut F, Ready) -> R + 'static,
    ) -> io::Result<SourceId> {
        self.world.sources.register(source, interest, move |worker, source, ready| {
            task(worker, source, ready);
        })
    }

    /// Watches a descriptor no more, and closes it, also from inside of its own call. Says whether there was one.
    pub fn deregister(&mut self, id: SourceId) -> bool {
        self.world.sources.deregister(id)
    }

    /// How another thread reaches this worker.
    #[must_use]
    pub fn mailbox(&self) -> Mailbox<P, S> {
        self.world.mailbox.clone()
    }

    /// Accepts no peer until [`resume_accept`](Self::resume_accept): they wait in the backlog, from where other processes
    /// of the worker take them.
    pub const fn pause_accept(&mut self) {
        self.world.accept_paused = true;
    }

    /// Accepts peers again.
    pub const fn resume_accept(&mut self) {
        self.world.accept_paused = false;
    }

    /// Stops listening, for good: the manual's `unlisten`. The connections stay. Other processes that share the socket
    /// go on.
    pub const fn unlisten(&mut self) {
        self.world.unlistened = true;
    }

    /// How many peers were closed at once because there are too many connections from their address:
    /// [`Limits::connections_per_ip_max`](super::Limits::connections_per_ip_max).
    #[must_use]
    pub const fn turned_away(&self) -> u64 {
        self.world.turned_away
    }

    /// Gives something to the driver. What it is, only driver and giver know.
    pub(crate) fn send_driver(&mut self, errand: Box<dyn Any>) {
        self.world.errands.push(errand);
    }

    /// What drives the engine.
    pub(crate) const fn ground(&self) -> Ground {
        self.world.ground
    }

    /// What wakes the driver.
    pub(crate) fn waker(&self) -> Waker {
        self.world.mailbox.doorbell.waker.clone()
    }

    /// Ends this worker process after draining its connections, as a stop of the whole server does. The master replaces
    /// it.
    pub const fn stop(&mut self) {
        self.world.stop_wanted = true;
    }
}

impl<P, S> fmt::Debug for Context<'_, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Context").field(&self.world).finish()
    }
}

/// A thread that posts without a pause must not keep the worker from its connections.
const LETTERS_A_TURN: usize = 1024;

type Letter<P, S> = Box<dyn FnOnce(&mut Context<'_, P, S>) + Send>;

/// How another thread reaches a worker, or another worker of the same process: what is posted runs on the worker's own
/// thread, soon. A post to a worker that is awake costs no system call.
///
/// # Example
///
/// ```
/// # use wm_core::{Worker, protocol::Tcp};
/// Worker::<Tcp>::new("tcp://127.0.0.1:0").on_message(|client, question| {
///     let (mailbox, id, question) = (client.worker().mailbox(), client.id(), question.to_vec());
///     std::thread::spawn(move || {
///         let answer = question.to_ascii_uppercase(); // which may take its time
///         mailbox.post(move |worker| {
///             if let Some(mut client) = worker.get(id) {
///                 client.send(&answer[..]);
///             }
///         });
///     });
/// });
/// ```
pub struct Mailbox<P, S> {
    letters: Sender<Letter<P, S>>,
    doorbell: Arc<Doorbell>,
}

struct Doorbell {
    /// The worker has not looked since.
    rung: AtomicBool,
    waker: Waker,
}

impl<P, S> Mailbox<P, S> {
    /// A mailbox and where its letters arrive.
    pub(super) fn new(waker: Waker) -> (Self, Letters<P, S>) {
        let (letters, arrived) = mpsc::channel();
        let doorbell = Arc::new(Doorbell { rung: AtomicBool::new(false), waker });
        (Self { letters, doorbell: Arc::clone(&doorbell) }, Letters { arrived, doorbell })
    }

    /// Runs `task` on the worker's thread. Says whether the worker is still there to do so.
    pub fn post<R>(&self, task: impl FnOnce(&mut Context<'_, P, S>) -> R + Send + 'static) -> bool {
        let letter: Letter<P, S> = Box::new(move |worker| {
            task(worker);
        });
        let posted = self.letters.send(letter).is_ok();
        // Behind the letter: whoever hears the bell finds it.
        if posted && !self.doorbell.rung.swap(true, Ordering::AcqRel) {
            self.doorbell.waker.wake_by_ref();
        }
        posted
    }
}

impl<P, S> Clone for Mailbox<P, S> {
    fn clone(&self) -> Self {
        Self { letters: self.letters.clone(), doorbell: Arc::clone(&self.doorbell) }
    }
}

impl<P, S> fmt::Debug for Mailbox<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mailbox").finish_non_exhaustive()
    }
}

/// The worker's end of its mailbox.
pub(super) struct Letters<P, S> {
    arrived: Receiver<Letter<P, S>>,
    doorbell: Arc<Doorbell>,
}

impl<P, S> Letters<P, S> {
    /// The letters that have arrived, as many as one turn takes. Later ones ring again.
    pub(super) fn collect(&self) -> Vec<OnceTask<P, S>> {
        // Cleared before the look: a letter behind it rings, at worst once too often.
        if !self.doorbell.rung.swap(false, Ordering::AcqRel) {
            return Vec::new();
        }
        let letters: Vec<_> =
            self.arrived.try_iter().take(LETTERS_A_TURN).map(|letter| letter as OnceTask<P, S>).collect();
        if letters.len() == LETTERS_A_TURN && !self.doorbell.rung.swap(true, Ordering::AcqRel) {
            self.doorbell.waker.wake_by_ref();
        }
        letters
    }
}

impl<P, S> fmt::Debug for Letters<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Letters").finish_non_exhaustive()
    }
}
