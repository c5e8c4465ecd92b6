//! The engine of a worker: bytes and the time in; callbacks, bytes and a deadline out. No socket, no clock, no thread.
//!
//! A *driver* owns the sockets and feeds the engine: `net` drives it with the kernel's sockets, a test with made-up ones.
//!
//! ```text
//!                   driver                                engine
//!   a peer came      ────── accepted ───────────────>  on_connect
//!   readable         ────── room, read, received ───>  input, decode, on_message … until a partial frame is left
//!   end, failure     ────── end_of_stream, failed ──>  on_error, on_close
//!   time, wake-up    ────── expire, collect_mail ───>  timers, posted tasks
//!                    <───── poll ───────────────────   which connections to look at, or to let go
//!   writable         ────── outgoing, write, sent ──>  on_buffer_drain
//! ```
//!
//! Invariants:
//! * No callback runs inside of another; `on_close` comes exactly once for each `on_connect`, and last.
//! * A frame is decoded in memory that is outside of the table of connections while it is lent to the handler, so a
//!   handler may touch every connection.
//! * A connection that has nothing to send and no partial frame owns no buffer.
//! * Memory grows with the bytes that have arrived, never by a number that a peer has sent.

mod backoff;
mod calendar;
mod channel;
mod connection;
mod context;
mod crowd;
mod datagrams;
mod deadlines;
mod dialing;
mod endpoint;
mod error;
mod handler;
mod id;
mod inbox;
mod invariants;
mod limits;
mod outgoing;
mod pipe;
mod proxy;
mod receiving;
mod recover;
mod sending;
mod sources;
mod tally;
mod target;
#[cfg(test)]
mod tests;
mod timers;
mod tls;
mod world;

pub use backoff::Backoff;
pub use channel::{Later, Visits};
pub use connection::{Connection, Sent};
pub(crate) use context::Ground;
pub use context::{Context, Mailbox};
pub use datagrams::DatagramFault;
pub use deadlines::Deadlines;
pub use dialing::{ConnectError, ConnectFault};
pub use endpoint::Endpoint;
pub use error::ConnectionError;
pub use handler::Handler;
pub use id::{ConnectionId, TimerId};
pub use limits::{Limits, Overflow};
pub use pipe::PipeEnd;
pub(crate) use proxy::Kind as ProxyKind;
pub use proxy::{Proxy, ProxyFault};
pub(crate) use sources::Registrar;
pub use sources::{Interest, Ready, SourceId};
pub use tally::Tally;
pub use target::{Dial, Target};
pub(crate) use target::{TLS, UDP};
pub use tls::{Secured, TlsFault};
pub use world::{Change, End, Traffic};

use self::{
    calendar::Wall,
    context::Letters,
    inbox::Inbox,
    timers::Task,
    world::{Notice, Phase, Running, Slot, World},
};
use crate::protocol::Protocol;
use std::{
    any::Any,
    fmt, io,
    panic::{AssertUnwindSafe, catch_unwind},
    task::Waker,
    time::{Instant, SystemTime},
};

/// One worker: its connections, timers and handler.
///
/// Every input carries the time `now`, which must not go backwards. After one or more inputs the driver takes what has
/// changed from [`poll`](Self::poll) until it says `None`.
///
/// # Example
///
/// A server tested without a socket:
///
/// ```
/// use std::{net::SocketAddr, task::Waker, time::Instant};
/// use wm_core::{Connection, Handler, Limits, engine::Engine, protocol::Tcp};
///
/// struct Echo;
///
/// impl Handler for Echo {
///     type Protocol = Tcp;
///     type Session = ();
///
///     fn on_message(&mut self, client: &mut Connection<'_, Tcp, ()>, bytes: &[u8]) {
///         client.send(bytes);
///     }
/// }
///
/// let now = Instant::now();
/// let mut engine = Engine::new(Echo, "echo".into(), 0, Limits::default(), Waker::noop().clone(), now);
/// engine.start(now);
///
/// let address = SocketAddr::from(([127, 0, 0, 1], 7));
/// let client = engine.accepted(address, address, now);
/// engine.room(client).unwrap()[..5].copy_from_slice(b"hello");
/// engine.received(client, 5, now);
/// assert_eq!(engine.outgoing(client), b"hello");
/// ```
pub struct Engine<H: Handler> {
    handler: H,
    world: World<H::Protocol, H::Session>,
    letters: Letters<H::Protocol, H::Session>,
    scratch: Inbox,
    stopping: bool,
    /// When the connections that have not drained are destroyed.
    stop_at: Option<Instant>,
    panics: u64,
}

impl<H: Handler> Engine<H> {
    /// An engine without connections. `waker` is woken, from any thread, when the driver should call
    /// [`collect_mail`](Self::collect_mail).
    #[must_use]
    pub fn new(handler: H, name: String, worker_id: usize, mut limits: Limits, waker: Waker, now: Instant) -> Self {
        limits.frame_bytes_max = limits.frame_bytes_max.min(H::Protocol::FRAME_BYTES_MAX);
        let (mailbox, letters) = Mailbox::new(waker);
        let world = World::new(name, worker_id, limits, mailbox, now);
        Self { handler, world, letters, scratch: Inbox::scratch(), stopping: false, stop_at: None, panics: 0 }
    }

    /// Calls `on_worker_start`. A panic in it is not caught.
    pub fn start(&mut self, now: Instant) {
        self.world.now = now;
        self.handler.on_worker_start(&mut Context { world: &mut self.world });
        self.settle();
    }

    /// A peer has connected.
    pub fn accepted(&mut self, remote: impl Into<Endpoint>, local: impl Into<Endpoint>, now: Instant) -> ConnectionId {
        self.world.now = now;
        let id = self.world.insert(H::Protocol::default(), H::Session::default(), remote.into(), local.into(), None);
        match self.world.acceptor.clone() {
            Some(acceptor) => self.world.shake_as_server(id, &acceptor),
            None => self.greet(id),
        }
        self.settle();
        id
    }

    /// The handler hears of a connection.
    fn greet(&mut self, id: ConnectionId) {
        if let Some(slot) = self.world.slot(id) {
            slot.greeted = true;
        }
        self.guard(|engine| engine.with_connection("on_connect", id, H::on_connect));
    }

    /// Room to read the next bytes of a connection into, never empty; `None` while it does not want any.
    pub fn room(&mut self, id: ConnectionId) -> Option<&mut [u8]> {
        let slot = self.world.slot(id).filter(|slot| slot.reads())?;
        if slot.tls.is_some() {
            self.scratch.clear();
            return Some(self.scratch.room());
        }
        if slot.inbox.fits_scratch(slot.awaited) {
            self.scratch.refill(slot.inbox.unread());
            return Some(self.scratch.room());
        }
        slot.inbox.reserve(slot.awaited);
        Some(slot.inbox.room())
    }

    /// Whether there is [`room`](Self::room).
    #[must_use]
    pub fn wants_more(&self, id: ConnectionId) -> bool {
        let slot = self.world.table.get(id.slot());
        slot.is_some_and(|slot| slot.serial == id.serial && slot.reads())
    }

    /// `count` bytes were read into the [`room`](Self::room), which was asked for just before.
    pub fn received(&mut self, id: ConnectionId, count: usize, now: Instant) {
        self.world.now = now;
        self.world.totals.bytes_in += count as u64;
        let Some(slot) = self.world.slot(id).filter(|slot| slot.reads()) else { return };
        slot.traffic.bytes_in += count as u64;
        slot.alive = now;
        if slot.tls.is_some() {
            let mut scratch = std::mem::take(&mut self.scratch);
            scratch.filled(count);
            self.take_sealed(id, scratch.unread());
            scratch.clear();
            self.scratch = scratch;
        } else if slot.inbox.fits_scratch(slot.awaited) {
            slot.inbox = Inbox::default();
            let mut scratch = std::mem::take(&mut self.scratch);
            scratch.filled(count);
            if slot.handshake().is_some() {
                self.proxy_answered(id, &mut scratch);
                scratch.clear();
                self.scratch = scratch;
                return self.settle();
            }
            let whole = self.guard(|engine| engine.decode(id, &mut scratch));
            self.keep(id, scratch.left_over(), whole);
            scratch.clear();
            self.scratch = scratch;
        } else {
            slot.inbox.filled(count);
            self.decode_inbox(id);
        }
        self.settle();
    }

    /// The peer will send nothing more. What is queued for it, and what it gets for frames that have arrived, is still
    /// sent; then the connection ends.
    pub fn end_of_stream(&mut self, id: ConnectionId, now: Instant) {
        self.world.now = now;
        if let Some(slot) = self.world.slot(id) {
            slot.ended = true;
            if slot.handshake().is_some() {
                self.world.fail_dialing(id, ConnectFault::Proxy(ProxyFault::Silent));
                return self.settle();
            }
            if slot.phase == Phase::Shaking {
                self.world.fail_tls(id, TlsFault::Ended);
                return self.settle();
            }
            // A last look: what has come of a frame may be wrong already.
            slot.awaited = 0;
            self.world.resume(id);
        }
        self.settle();
    }

    /// The network has failed: nothing can be sent or received any more.
    pub fn failed(&mut self, id: ConnectionId, error: io::Error, now: Instant) {
        self.world.now = now;
        let comes = |slot: &Slot<_, _>| slot.phase == Phase::Dialing || slot.outgoing.is_some() && slot.is_coming();
        if self.world.slot(id).is_some_and(|slot| comes(slot)) {
            self.world.fail_dialing(id, ConnectFault::of(error));
        } else {
            self.lose(id, ConnectionError::Io(error));
        }
        self.settle();
    }

    /// The bytes that are to be sent.
    #[must_use]
    pub fn outgoing(&self, id: ConnectionId) -> &[u8] {
        match self.world.table.get(id.slot()) {
            Some(slot) if slot.serial == id.serial => {
                match slot.outgoing.as_ref().map(|outgoing| &outgoing.handshake) {
                    Some(Some(handshake)) => handshake.outgoing(),
                    _ => slot.tls.as_ref().map_or_else(|| slot.next_out(), |tls| &tls.out),
                }
            }
            _ => &[],
        }
    }

    /// The first `count` of the [`outgoing`](Self::outgoing) bytes have been taken by the network.
    pub fn sent(&mut self, id: ConnectionId, count: usize, now: Instant) {
        self.world.now = now;
        self.world.sent(id, count);
        self.settle();
    }

    /// When [`expire`](Self::expire) is to be called next.
    pub fn deadline(&mut self) -> Option<Instant> {
        let (timer, watch) = (self.world.timers.deadline(), self.world.watch_due());
        [timer, watch, self.stop_at].into_iter().flatten().min()
    }

    /// Runs the timers that are due, and ends the connections whose peers are late.
    pub fn expire(&mut self, now: Instant) {
        self.world.now = now;
        if self.stop_at.is_some_and(|at| at <= now) {
            self.stop_at = None;
            self.lose_all();
        }
        self.settle();
        while let Some((id, error)) = self.world.take_late() {
            match error {
                ConnectionError::StallTimedOut { .. }
                | ConnectionError::DrainTimedOut { .. }
                | ConnectionError::Tls(_)
                | ConnectionError::Connect(_) => self.lose(id, error),
                _ => {
                    let error = self.world.slot(id).and_then(Slot::end_search).unwrap_or(error);
                    self.guard(|engine| engine.refuse(id, &error));
                }
            }
            self.settle();
        }
        while let Some((id, task)) = self.world.timers.take_due(now) {
            self.run_timer(id, task);
            self.settle();
        }
    }

    /// A descriptor of the handler's own is ready, which the [`Registrar`] knows by this number.
    pub(crate) fn source_ready(&mut self, number: usize, ready: Ready, now: Instant) {
        self.world.now = now;
        let Some((id, mut task, ready)) = self.world.sources.take(number, ready) else { return };
        if !self.guard(|engine| task.run(&mut engine.worker("a source"), ready)) {
            // What it has not read would call it again at once, and for ever.
            self.log(format_args!("the source is deregistered"));
            self.world.sources.deregister(id);
        }
        if let Err(error) = self.world.sources.put_back(id, task) {
            self.log(format_args!("a source is lost, as it cannot be watched any more: {error}"));
        }
        self.settle();
    }

    /// Runs what other threads have posted.
    pub fn collect_mail(&mut self, now: Instant) {
        self.world.now = now;
        for letter in self.letters.collect() {
            self.guard(|engine| letter(&mut engine.worker("a posted task")));
            self.settle();
        }
    }

    /// What has changed since the last call; `None` when the driver knows everything.
    pub fn poll(&mut self) -> Option<Change> {
        loop {
            let change = self.world.changes.pop_front()?;
            if let Change::Update(id) = change {
                let Some(slot) = self.world.slot(id) else { continue };
                slot.touched = false;
                if matches!(slot.phase, Phase::Over(_)) {
                    continue;
                }
                self.world.seal(id);
                if self.world.slot(id).is_some_and(|slot| slot.outbox.is_empty()) {
                    self.world.recycle(id);
                }
            }
            return Some(change);
        }
    }

    /// Whether [`poll`](Self::poll) has something to say.
    #[must_use]
    pub fn has_changes(&self) -> bool {
        !self.world.changes.is_empty()
    }

    /// The socket of a [closed](Change::Closed) connection is gone.
    pub fn release(&mut self, id: ConnectionId) {
        if self.world.slot(id).is_some_and(|slot| matches!(slot.phase, Phase::Over(_))) {
            self.forget(id);
        }
    }

    /// Stops: calls `on_worker_stop`, closes the connections as they drain, and destroys those that have not within
    /// [`Deadlines::stop`]. No peer is to be accepted any more.
    pub fn stop(&mut self, now: Instant) {
        self.world.now = now;
        self.world.stop_wanted = true;
        self.settle();
    }

    /// Whether the worker stops, or wants to: see [`Context::stop`].
    #[must_use]
    pub const fn is_stopping(&self) -> bool {
        self.world.stop_wanted
    }

    /// Whether no connection is left, not even one whose socket is not released, and no datagram.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.world.table.is_empty() && self.world.datagrams.is_empty()
    }

    /// What serves the connections.
    pub(crate) const fn handler(&self) -> &H {
        &self.handler
    }

    /// How many connections are open.
    pub(crate) const fn open(&self) -> usize {
        self.world.open
    }

    /// What has passed over a connection that is not released.
    pub(crate) fn traffic(&self, id: ConnectionId) -> Option<Traffic> {
        let slot = self.world.table.get(id.slot()).filter(|slot| slot.serial == id.serial)?;
        Some(slot.traffic)
    }

    /// What it has done, and has now.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let World { table, accepted, turned_away, errors, totals, .. } = &self.world;
        Tally {
            connections: table.len() as u64,
            accepted: *accepted,
            turned_away: *turned_away,
            errors: *errors,
            panics: self.panics,
            traffic: *totals,
        }
    }

    /// How other threads reach the worker.
    pub(crate) fn mailbox(&self) -> Mailbox<H::Protocol, H::Session> {
        self.world.mailbox.clone()
    }

    /// What drives it, if not a test by hand.
    pub(crate) const fn stand_on(&mut self, ground: Ground) {
        self.world.ground = ground;
    }

    /// The calendar is not the machine's: it has shown this then.
    pub(crate) const fn show(&mut self, then: Instant, shown: SystemTime) {
        self.world.wall = Wall::MadeUp(then, shown);
    }

    /// What watches descriptors of the handler's own.
    pub(crate) fn watch_by(&mut self, registrar: Box<dyn Registrar>) {
        self.world.sources.watch_by(registrar);
    }

    /// What the handler has given its driver since the last call.
    pub(crate) fn take_errands(&mut self) -> Vec<Box<dyn Any>> {
        std::mem::take(&mut self.world.errands)
    }

    /// The same engine, whose callbacks go to another handler.
    pub(crate) fn with_handler<G>(self, wrap: impl FnOnce(H) -> G) -> Engine<G>
    where
        G: Handler<Protocol = H::Protocol, Session = H::Session>,
    {
        let Self { handler, world, letters, scratch, stopping, stop_at, panics } = self;
        Engine { handler: wrap(handler), world, letters, scratch, stopping, stop_at, panics }
    }

    /// Writes one line to stderr that names the worker.
    pub(crate) fn log(&self, line: fmt::Arguments<'_>) {
        self.world.log(line);
    }

    /// How many panics of the handler were caught.
    #[must_use]
    pub const fn panics(&self) -> u64 {
        self.panics
    }

    /// The peer is at fault: the handler is told and may still answer; then the connection closes.
    fn refuse(&mut self, id: ConnectionId, fault: &ConnectionError) {
        self.tell(id, fault);
        self.world.close(id);
    }

    /// The connection is lost: the handler is told, and nothing can be sent.
    fn lose(&mut self, id: ConnectionId, error: ConnectionError) {
        if !self.is_over(id) {
            self.world.notices.push_back(Notice::Error(id, error));
            self.world.end(id, End::Destroyed);
        }
    }

    /// The time to drain is over.
    fn lose_all(&mut self) {
        for index in 0..self.world.table.capacity() {
            let Some(slot) = self.world.table.get(index) else { continue };
            let (id, left) = (ConnectionId::new(slot.serial, index), slot.queued());
            self.lose(id, ConnectionError::DrainTimedOut { left });
        }
        match self.world.datagrams.clear() {
            0 => {}
            left => self.log(format_args!("{left} datagrams are dropped, as the kernel has not taken them")),
        }
    }

    /// Does what follows from the callbacks before, until nothing does.
    fn settle(&mut self) {
        loop {
            while !self.world.notices.is_empty() {
                self.guard(Self::notify);
            }
            if let Some(id) = self.world.resumes.pop_front() {
                self.go_on(id);
            } else if self.world.stop_wanted && !self.stopping {
                self.begin_stop();
            } else {
                return self.world.dismiss_guests();
            }
        }
    }

    /// Calls `on_worker_stop`, then closes everything.
    fn begin_stop(&mut self) {
        self.stopping = true;
        self.stop_at = self.world.limits.deadlines.stop.and_then(|stop| self.world.now.checked_add(stop));
        self.guard(|engine| {
            engine.world.running = Running { callback: "on_worker_stop", connection: None };
            engine.handler.on_worker_stop(&mut Context { world: &mut engine.world });
        });
        self.world.timers.cancel_all();
        self.world.sources.deregister_all();
        let all: Vec<_> = self.world.table.iter().map(|(index, slot)| ConnectionId::new(slot.serial, index)).collect();
        for id in all {
            self.world.close(id);
        }
    }

    fn run_timer(&mut self, id: TimerId, task: Task<H::Protocol, H::Session>) {
        match task {
            Task::Once(once) => {
                self.guard(|engine| once(&mut engine.worker("a timer")));
            }
            Task::Every(mut every) => {
                self.guard(|engine| every(&mut engine.worker("a timer")));
                self.world.timers.put_back(id, Task::Every(every));
            }
            Task::Calendar(mut appointments) => {
                if appointments.is_due(self.world.shown()) {
                    self.guard(|engine| appointments.keep(&mut engine.worker("a timer")));
                }
                match appointments.wait(self.world.shown()) {
                    Some(wait) => {
                        self.world.timers.wait_again(id, self.world.now, wait);
                        self.world.timers.put_back(id, Task::Calendar(appointments));
                    }
                    None => {
                        self.world.timers.cancel(id);
                    }
                }
            }
            Task::Handler => {
                self.guard(|engine| {
                    engine.world.running = Running { callback: "on_timer", connection: None };
                    engine.handler.on_timer(&mut Context { world: &mut engine.world }, id);
                });
                self.world.timers.put_back(id, Task::Handler);
            }
        }
    }

    /// Calls the callbacks that are due.
    fn notify(&mut self) {
        while let Some(notice) = self.world.notices.pop_front() {
            match notice {
                Notice::Error(id, error) => self.tell(id, &error),
                Notice::Full(id) => self.with_connection("on_buffer_full", id, H::on_buffer_full),
                Notice::Drain(id) => self.with_connection("on_buffer_drain", id, H::on_buffer_drain),
                Notice::Close(id) => {
                    // First, lest a panic keeps the socket.
                    if let Some(Phase::Over(how)) = self.world.slot(id).map(|slot| slot.phase) {
                        self.world.changes.push_back(Change::Closed(id, how));
                    }
                    // Who was never let in does not leave.
                    if self.world.slot(id).is_some_and(|slot| slot.greeted || slot.outgoing.is_some()) {
                        self.with_connection("on_close", id, H::on_close);
                    }
                }
            }
        }
    }

    /// What happens to the far half of a tunnel is told to the other.
    fn tell(&mut self, id: ConnectionId, error: &ConnectionError) {
        let tunnel_of = self.world.slot(id).and_then(|slot| slot.outgoing.as_ref()?.tunnel_of);
        if tunnel_of.is_some_and(|near| self.is_over(near)) {
            return self.log(format_args!("connection {id}, whose other half is over: {error}"));
        }
        let id = tunnel_of.unwrap_or(id);
        self.world.reporting = true;
        self.world.errors += 1;
        self.with_connection("on_error", id, |handler, connection| handler.on_error(connection, error));
        self.world.reporting = false;
    }

    fn with_connection(
        &mut self,
        callback: &'static str,
        id: ConnectionId,
        call: impl FnOnce(&mut H, &mut Connection<'_, H::Protocol, H::Session>),
    ) {
        if self.world.slot(id).is_some_and(|slot| !slot.is_silent()) {
            self.world.running = Running { callback, connection: Some(id) };
            call(&mut self.handler, &mut Connection { worker: Context { world: &mut self.world }, id });
        }
    }

    fn worker(&mut self, callback: &'static str) -> Context<'_, H::Protocol, H::Session> {
        self.world.running = Running { callback, connection: None };
        Context { world: &mut self.world }
    }

    /// Catches a panic of the handler, and says whether there was none. The handler and the sessions stay as the panic
    /// left them, as [`Handler`] documents; what the engine itself holds is consistent at each call of a callback.
    fn guard(&mut self, work: impl FnOnce(&mut Self)) -> bool {
        match catch_unwind(AssertUnwindSafe(|| work(self))) {
            Ok(()) => true,
            Err(payload) => {
                self.panicked(&*payload);
                false
            }
        }
    }

    fn panicked(&mut self, payload: &(dyn Any + Send)) {
        self.panics += 1;
        self.world.reporting = false;
        let text = payload.downcast_ref::<&str>().copied();
        let message = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message");
        let Running { callback, connection } = self.world.running;
        match connection.filter(|&id| !self.is_over(id)) {
            Some(id) => self.lose(id, ConnectionError::HandlerPanicked { callback, message: message.to_owned() }),
            None => self.world.log(format_args!("{callback} panicked: {message}")),
        }
    }

    /// Whether nothing will be sent or received any more.
    pub(crate) fn is_over(&mut self, id: ConnectionId) -> bool {
        self.world.slot(id).is_none_or(|slot| matches!(slot.phase, Phase::Over(_)))
    }
}

impl<H: Handler> fmt::Debug for Engine<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Engine");
        debug.field("world", &self.world).field("stopping", &self.stopping).finish_non_exhaustive()
    }
}
