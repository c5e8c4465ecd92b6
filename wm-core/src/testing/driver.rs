//! [`Driver`]: feeds an engine from made-up sockets, as `net` does from the kernel's, and checks it after each turn.
//!
//! It reads and writes only where an edge, the engine or an unfinished turn tells it to: a wake-up that the engine
//! forgets is a connection that stands still, which is found at the end of the same turn.

use super::{
    faults::{Count, Tally},
    network::{Edge, Network},
    witness::{Ledger, Witness},
};
use crate::{
    engine::{Change, ConnectionId, End, Engine, Ground, Handler},
    worker::Newcomer,
};
use std::{
    cell::RefCell,
    collections::{BTreeMap, BTreeSet, VecDeque},
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::{Duration, Instant, SystemTime},
};

/// How many reads one socket gets in a turn.
const READS_A_TURN: usize = 4;

/// How many changes are carried out in a turn.
const CHANGES_A_TURN: usize = 4096;

/// What the calendar shows at the beginning: the 9th of September 2001, 01:46:40 UTC.
const CALENDAR: Duration = Duration::from_secs(1_000_000_000);

/// How long a peer may take to end its side after the worker has ended its own.
const LINGER: Duration = Duration::from_secs(1);

/// Up to so many connections, all are checked in each turn; of more, those that were touched and now and then all.
const CHECKED_EACH_TURN: usize = 64;

/// A worker in a made-up world, whatever it speaks.
pub(crate) trait Actor {
    /// Calls `on_worker_start`.
    fn start(&mut self);

    /// The workers that it has made since the last call.
    fn newcomers(&mut self) -> Vec<Box<dyn Newcomer>>;

    /// Stops it.
    fn stop(&mut self);

    /// Whether it stops, told or by itself.
    fn is_stopping(&self) -> bool;

    /// Whether it has no connection left.
    fn is_drained(&self) -> bool;

    /// Whether there is something to do now.
    fn is_busy(&self) -> bool;

    /// When it must do something even if nothing comes.
    fn due(&mut self) -> Option<Duration>;

    /// One turn, at the time of the network's clock.
    ///
    /// # Errors
    ///
    /// What is wrong with the engine.
    fn turn(&mut self) -> Result<(), String>;

    /// Whether nothing is left of any connection.
    ///
    /// # Errors
    ///
    /// What is left.
    fn check_empty(&self) -> Result<(), String>;

    /// How many panics of its handler were caught.
    fn panics(&self) -> u64;

    /// What the last of them was told as.
    fn take_panic(&mut self) -> Option<String>;

    /// How often its callbacks were called.
    fn calls(&self) -> Tally;
}

/// An engine and its made-up sockets.
#[derive(Debug)]
pub(crate) struct Driver<H: Handler> {
    pub(super) engine: Engine<Witness<H>>,
    /// Which of the workers of the process it is.
    pub(super) site: usize,
    /// Where it listens for datagrams, if it does.
    pub(super) listens: Option<SocketAddr>,
    /// The connections of datagrams that it has made, and from where.
    pub(super) links: BTreeMap<ConnectionId, SocketAddr>,
    pub(super) network: Rc<RefCell<Network>>,
    ledger: Rc<RefCell<Ledger>>,
    /// When the clock of the network began.
    epoch: Instant,
    pub(super) now: Instant,
    /// In the slot of their connection.
    sockets: Vec<Option<Socket>>,
    /// The connection of each line.
    lines: BTreeMap<usize, ConnectionId>,
    /// The lines that are on their way.
    attempts: BTreeMap<usize, (ConnectionId, u32)>,
    hungry: VecDeque<ConnectionId>,
    lingering: VecDeque<(Instant, ConnectionId)>,
    /// Looked at in this turn.
    touched: BTreeSet<ConnectionId>,
    unchecked_turns: usize,
}

#[derive(Debug)]
struct Socket {
    id: ConnectionId,
    line: usize,
    /// There may be bytes to read.
    readable: bool,
    /// No more is taken until there is an edge.
    blocked: bool,
    hungry: bool,
    lingers: bool,
    /// How much was read.
    read: u64,
    /// How much was written.
    written: u64,
    /// What was queued when it was last checked, less what was written since: so the queue must still begin.
    queued: Vec<u8>,
}

impl<H: Handler> Driver<H> {
    pub(super) fn new(
        engine: Engine<H>,
        site: usize,
        network: Rc<RefCell<Network>>,
        epoch: Instant,
        seed: u64,
    ) -> Self {
        let ledger = Rc::<RefCell<Ledger>>::default();
        let mut engine = engine.with_handler(|handler| Witness::new(handler, Rc::clone(&ledger)));
        engine.stand_on(Ground::MadeUp);
        engine.show(epoch, SystemTime::UNIX_EPOCH + CALENDAR);
        engine.set_seed(seed);
        Self {
            engine,
            site,
            listens: None,
            links: BTreeMap::new(),
            network,
            ledger,
            epoch,
            now: epoch,
            sockets: Vec::new(),
            lines: BTreeMap::new(),
            attempts: BTreeMap::new(),
            hungry: VecDeque::new(),
            lingering: VecDeque::new(),
            touched: BTreeSet::new(),
            unchecked_turns: 0,
        }
    }

    fn tally(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.network.borrow_mut().tally);
    }

    fn socket(&mut self, id: ConnectionId) -> Option<&mut Socket> {
        self.sockets.get_mut(id.slot())?.as_mut().filter(|socket| socket.id == id)
    }

    fn ready(&mut self, line: usize, edge: Edge) -> Result<(), String> {
        if let Some(attempt) = self.attempts.get(&line).copied() {
            self.attempt_ready(line, edge, attempt);
            return Ok(());
        }
        let Some(id) = self.lines.get(&line).copied() else { return Ok(()) };
        self.touched.insert(id);
        let Some(socket) = self.socket(id) else { return Ok(()) };
        if socket.lingers {
            self.discard(id);
            return Ok(());
        }
        // That of a lost line is both.
        socket.readable |= edge != Edge::Writable;
        let writable = edge != Edge::Readable && std::mem::take(&mut socket.blocked);
        // A connection that does not read finds out here that it is lost; one that does reads what came before.
        if edge == Edge::Lost && !self.engine.wants_more(id) {
            self.engine.failed(id, ErrorKind::ConnectionReset.into(), self.now);
            return Ok(());
        }
        if writable {
            self.write(id)?;
        }
        self.read(id);
        Ok(())
    }

    /// Whether peers that wait are looked at: to be accepted, or sent away as nobody listens any more.
    fn looks_out(&self) -> bool {
        self.engine.accepts() || self.engine.is_stopping() || self.engine.is_unlistened()
    }

    fn accept(&mut self) {
        while self.looks_out() {
            let Some(line) = self.network.borrow_mut().accept(self.site) else { return };
            let remote = self.network.borrow().address(line);
            if !self.engine.accepts() || !self.engine.admits(&remote.into()) {
                self.network.borrow_mut().turn_away(line);
                continue;
            }
            self.network.borrow_mut().keep(line);
            let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
            let id = self.engine.accepted(remote, local, self.now);
            self.keep(id, line);
        }
    }

    fn keep(&mut self, id: ConnectionId, line: usize) {
        self.touched.insert(id);
        self.lines.insert(line, id);
        if self.sockets.len() <= id.slot() {
            self.sockets.resize_with(id.slot() + 1, || None);
        }
        self.sockets[id.slot()] = Some(Socket {
            id,
            line,
            readable: false,
            blocked: false,
            hungry: false,
            lingers: false,
            read: 0,
            written: 0,
            queued: Vec::new(),
        });
    }

    fn resolve(&mut self, id: ConnectionId) {
        if let Some((host, _)) = self.engine.unresolved(id) {
            self.network.borrow_mut().ask(self.site, id, host);
        }
    }

    fn connect(&mut self, id: ConnectionId, attempt: u32) {
        if self.engine.is_of_datagrams(id) {
            self.link(id, attempt);
        } else if let Some((endpoint, _)) = self.engine.attempt(id, attempt) {
            let line = self.network.borrow_mut().dial(self.site, endpoint.clone());
            self.attempts.insert(line, (id, attempt));
        }
    }

    fn attempt_ready(&mut self, line: usize, edge: Edge, (id, attempt): (ConnectionId, u32)) {
        if edge == Edge::Refused {
            self.attempts.remove(&line);
            self.network.borrow_mut().release(line);
            self.engine.attempt_failed(id, attempt, ErrorKind::ConnectionRefused.into(), self.now);
        } else if edge == Edge::Through {
            self.attempts.remove(&line);
            self.keep(id, line);
            let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 1));
            if !self.engine.connected(id, attempt, local, self.now) {
                self.sockets[id.slot()] = None;
                self.network.borrow_mut().release(line);
                return;
            }
            self.abandon(id);
        }
    }

    /// Lets go of the attempts for a connection.
    fn abandon(&mut self, id: ConnectionId) {
        let network = &self.network;
        self.attempts.retain(|line, (of, _)| {
            let other = *of != id;
            if !other {
                network.borrow_mut().release(*line);
            }
            other
        });
    }

    fn read(&mut self, id: ConnectionId) {
        self.touched.insert(id);
        let Some(socket) = self.sockets.get_mut(id.slot()).and_then(Option::as_mut) else { return };
        for _ in 0..READS_A_TURN {
            if !socket.readable {
                return;
            }
            let Some(room) = self.engine.room(id) else { return };
            let read = self.network.borrow_mut().read(socket.line, room);
            match read {
                Ok(0) => {
                    socket.readable = false;
                    self.engine.end_of_stream(id, self.now);
                }
                Ok(count) => {
                    socket.read += count as u64;
                    self.engine.received(id, count, self.now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => socket.readable = false,
                Err(error) => {
                    socket.readable = false;
                    self.engine.failed(id, error, self.now);
                }
            }
        }
        self.queue_read(id);
    }

    fn queue_read(&mut self, id: ConnectionId) {
        let Some(socket) = self.sockets.get_mut(id.slot()).and_then(Option::as_mut) else { return };
        if socket.readable && !socket.hungry && self.engine.wants_more(id) {
            socket.hungry = true;
            self.hungry.push_back(id);
        }
    }

    fn write(&mut self, id: ConnectionId) -> Result<(), String> {
        if self.write_datagram(id) {
            return Ok(());
        }
        self.touched.insert(id);
        self.check_queue(id)?;
        let Some(socket) = self.sockets.get_mut(id.slot()).and_then(Option::as_mut) else { return Ok(()) };
        let bytes = self.engine.outgoing(id);
        if bytes.is_empty() || socket.blocked {
            return Ok(());
        }
        let written = self.network.borrow_mut().write(socket.line, bytes);
        match written {
            Ok(count) => {
                socket.blocked = count < bytes.len();
                socket.written += count as u64;
                socket.queued.drain(..count);
                self.engine.sent(id, count, self.now);
            }
            Err(error) if error.kind() == ErrorKind::WouldBlock => socket.blocked = true,
            Err(error) => self.engine.failed(id, error, self.now),
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), String> {
        for _ in 0..CHANGES_A_TURN {
            match self.engine.poll() {
                None => return Ok(()),
                Some(Change::Update(id)) => {
                    self.write(id)?;
                    self.queue_read(id);
                }
                Some(Change::Finish(id)) => self.finish(id)?,
                Some(Change::Resolve(id)) => self.resolve(id),
                Some(Change::Connect(id, attempt)) => self.connect(id, attempt),
                Some(Change::Datagrams) => self.send_datagrams(),
                Some(Change::Closed(id, how)) => self.let_go(id, how)?,
            }
        }
        Ok(())
    }

    fn finish(&mut self, id: ConnectionId) -> Result<(), String> {
        let Some(socket) = self.socket(id).filter(|socket| !socket.lingers) else { return Ok(()) };
        if !socket.queued.is_empty() {
            return Err(format!("connection {id} is to end, but {} bytes were not sent", socket.queued.len()));
        }
        let line = socket.line;
        self.tally(|tally| tally[Count::HalfCloses] += 1);
        // That of a lost line is told by a read.
        self.network.borrow_mut().end_down(line, true).ok();
        Ok(())
    }

    fn let_go(&mut self, id: ConnectionId, how: End) -> Result<(), String> {
        if self.ledger.borrow().open.contains(&id) {
            return Err(format!("connection {id} is let go, but had no on_close"));
        }
        let traffic = self.engine.traffic(id);
        if self.socket(id).is_none() && self.engine.is_outgoing(id) {
            self.drop_socket(id);
            return Ok(());
        }
        let Some(socket) = self.sockets.get_mut(id.slot()).and_then(Option::as_mut).filter(|socket| socket.id == id)
        else {
            return Err(format!("connection {id} is let go twice"));
        };
        let sent = self.network.borrow().sent(socket.line);
        let counted = traffic.map(|traffic| (traffic.bytes_in, traffic.bytes_out));
        if counted != Some((socket.read, socket.written)) || socket.read > sent {
            let Socket { read, written, .. } = socket;
            return Err(format!("connection {id}: {read} in, {written} out, {sent} sent, but {counted:?} counted"));
        }
        if how == End::Destroyed {
            self.drop_socket(id);
            return Ok(());
        }
        if !socket.queued.is_empty() {
            return Err(format!("connection {id} has drained, but {} bytes were not sent", socket.queued.len()));
        }
        if self.network.borrow_mut().end_down(socket.line, false).is_err() {
            self.drop_socket(id);
            return Ok(());
        }
        socket.lingers = true;
        self.lingering.push_back((self.now + LINGER, id));
        self.discard(id);
        Ok(())
    }

    fn discard(&mut self, id: ConnectionId) {
        let Some(socket) = self.socket(id) else { return };
        let line = socket.line;
        let mut void = [0; 4 << 10];
        loop {
            let read = self.network.borrow_mut().read(line, &mut void);
            match read {
                Ok(0) => break,
                Ok(_) => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(_) => break,
            }
        }
        self.drop_socket(id);
    }

    fn end_lingering(&mut self) {
        while let Some(&(_, id)) = self.lingering.front().filter(|(until, _)| *until <= self.now) {
            self.lingering.pop_front();
            if self.socket(id).is_some() {
                self.tally(|tally| tally[Count::LingersCut] += 1);
                self.drop_socket(id);
            }
        }
    }

    fn drop_socket(&mut self, id: ConnectionId) {
        if let Some(line) = self.socket(id).map(|socket| socket.line) {
            self.sockets[id.slot()] = None;
            self.network.borrow_mut().release(line);
            self.lines.remove(&line);
        }
        self.unlink(id);
        self.abandon(id);
        self.engine.release(id);
    }
}

impl<H: Handler> Actor for Driver<H> {
    fn is_busy(&self) -> bool {
        !self.hungry.is_empty()
            || self.engine.has_changes()
            || (self.network.borrow().has_backlog(self.site) && self.looks_out())
            || self.network.borrow().has_datagrams(self.site)
    }

    fn start(&mut self) {
        self.now = self.epoch + self.network.borrow().clock;
        self.engine.start(self.now);
    }

    fn newcomers(&mut self) -> Vec<Box<dyn Newcomer>> {
        let errands = self.engine.take_errands().into_iter();
        errands.filter_map(|errand| errand.downcast::<Box<dyn Newcomer>>().ok()).map(|newcomer| *newcomer).collect()
    }

    fn is_stopping(&self) -> bool {
        self.engine.is_stopping()
    }

    fn is_drained(&self) -> bool {
        self.engine.is_drained()
    }

    fn panics(&self) -> u64 {
        self.engine.panics()
    }

    fn take_panic(&mut self) -> Option<String> {
        self.ledger.borrow_mut().panic.take()
    }

    fn calls(&self) -> Tally {
        self.ledger.borrow().tally
    }

    fn stop(&mut self) {
        self.now = self.epoch + self.network.borrow().clock;
        self.engine.stop(self.now);
    }

    fn due(&mut self) -> Option<Duration> {
        let linger = self.lingering.front().map(|(until, _)| *until);
        let due = self.engine.deadline().into_iter().chain(linger).min()?;
        Some(due.saturating_duration_since(self.epoch))
    }

    fn turn(&mut self) -> Result<(), String> {
        let edges = {
            let mut network = self.network.borrow_mut();
            network.tally[Count::Turns] += 1;
            self.now = self.epoch + network.clock;
            network.take_edges(self.site)
        };
        for (line, edge) in edges {
            self.ready(line, edge)?;
        }
        let answers = self.network.borrow_mut().take_answers(self.site);
        for (id, addresses) in answers {
            self.engine.resolved(id, addresses, self.now);
        }
        self.engine.collect_mail(self.now);
        if self.engine.deadline().is_some_and(|at| at <= self.now) {
            self.tally(|tally| tally[Count::Deadlines] += 1);
            self.engine.expire(self.now);
        }
        self.accept();
        self.receive_datagrams()?;
        for _ in 0..self.hungry.len() {
            let Some(id) = self.hungry.pop_front() else { break };
            if let Some(socket) = self.socket(id) {
                socket.hungry = false;
                self.read(id);
            }
        }
        self.flush()?;
        self.end_lingering();
        self.check()
    }

    fn check_empty(&self) -> Result<(), String> {
        let sockets = self.sockets.iter().flatten().count();
        let never_closed = self.ledger.borrow().open.len();
        let sockets = sockets + self.attempts.len();
        match (self.engine.is_drained(), sockets, never_closed) {
            (true, 0, 0) => Ok(()),
            (drained, ..) => Err(format!(
                "{sockets} sockets are left, {never_closed} connections had no on_close, drained is {drained}"
            )),
        }
    }
}

/// The invariants.
impl<H: Handler> Driver<H> {
    /// Checks what was touched in this turn; if there are few connections, and else from time to time, all of them.
    fn check(&mut self) -> Result<(), String> {
        let touched = std::mem::take(&mut self.touched);
        if let Some(wrong) = self.ledger.borrow_mut().wrongs.pop() {
            return Err(wrong);
        }
        if self.engine.deadline().is_some_and(|due| due <= self.now) {
            return Err("a deadline has passed, and nothing has come of it".to_owned());
        }
        self.unchecked_turns += CHECKED_EACH_TURN;
        if self.unchecked_turns < self.sockets.len() {
            return touched.into_iter().try_for_each(|id| self.check_connection(id));
        }
        self.unchecked_turns = 0;
        self.engine.check()?;
        self.check_attempts()?;
        let all: Vec<_> = self.sockets.iter().flatten().map(|socket| socket.id).collect();
        all.into_iter().try_for_each(|id| self.check_connection(id))
    }

    /// What is being made has a name on its way or sockets, and nobody else has.
    fn check_attempts(&self) -> Result<(), String> {
        if self.engine.has_changes() {
            return Ok(());
        }
        let mut running = 0;
        for (id, resolving, attempts) in self.engine.being_made_all() {
            if resolving && !self.network.borrow().is_asked(self.site, id) {
                return Err(format!("connection {id} waits for a name, and nobody looks it up"));
            }
            for attempt in attempts {
                running += 1;
                if !self.attempts.values().any(|known| *known == (id, attempt)) {
                    return Err(format!("connection {id} waits for attempt {attempt}, and nobody makes it"));
                }
            }
        }
        if running != self.attempts.len() {
            return Err(format!("{} sockets connect, {running} are waited for", self.attempts.len()));
        }
        Ok(())
    }

    fn check_connection(&mut self, id: ConnectionId) -> Result<(), String> {
        self.tally(|tally| tally[Count::Checks] += 1);
        self.check_queue(id)?;
        // What is left for the next turn is not lost.
        if self.engine.has_changes() {
            return Ok(());
        }
        let (queued, wanted) = (self.engine.outgoing(id).len(), self.engine.wants_more(id));
        let network = Rc::clone(&self.network);
        let Some(socket) = self.socket(id).filter(|socket| !socket.lingers) else { return Ok(()) };
        let network = network.borrow();
        if queued > 0 && !(socket.blocked && network.will_tell_room(socket.line)) {
            return Err(format!("connection {id}: {queued} bytes are queued, and nothing makes them go"));
        }
        if wanted && !socket.hungry && socket.readable {
            return Err(format!("connection {id}: it may read, and nothing makes it do so"));
        }
        if wanted && !socket.hungry && network.is_readable(socket.line) && !network.will_tell(socket.line) {
            return Err(format!("connection {id}: bytes have come, and nothing makes it read"));
        }
        Ok(())
    }

    /// What is queued begins as it was, less what was written: nothing comes twice, in another order or not at all.
    fn check_queue(&mut self, id: ConnectionId) -> Result<(), String> {
        if self.engine.is_over(id) {
            return Ok(());
        }
        let Some(socket) = self.sockets.get_mut(id.slot()).and_then(Option::as_mut) else { return Ok(()) };
        let bytes = self.engine.outgoing(id);
        let Some(new) = bytes.strip_prefix(&socket.queued[..]) else {
            let (was, is) = (socket.queued.len(), bytes.len());
            return Err(format!(
                "connection {id}: the {is} bytes that are queued do not begin with the {was} of before"
            ));
        };
        socket.queued.extend_from_slice(new);
        Ok(())
    }
}
