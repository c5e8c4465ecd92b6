//! [`Driver`]: feeds an engine from made-up sockets, as `net` does from the kernel's, and checks it after each turn.
//!
//! It reads and writes only where an edge, the engine or an unfinished turn tells it to: a wake-up that the engine
//! forgets is a connection that stands still, which is found at the end of the same turn.

use super::{
    faults::{Count, Tally},
    network::{Edge, Network},
    witness::{Ledger, Witness},
};
use crate::engine::{Change, ConnectionId, End, Engine, Handler};
use std::{
    cell::RefCell,
    collections::{BTreeSet, VecDeque},
    io::ErrorKind,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::{Duration, Instant},
};

/// How many reads one socket gets in a turn.
const READS_A_TURN: usize = 4;

/// How many changes are carried out in a turn.
const CHANGES_A_TURN: usize = 4096;

/// How long a peer may take to end its side after the worker has ended its own.
const LINGER: Duration = Duration::from_secs(1);

/// Up to so many connections, all are checked in each turn; of more, those that were touched and now and then all.
const CHECKED_EACH_TURN: usize = 64;

/// An engine and its made-up sockets.
#[derive(Debug)]
pub(super) struct Driver<H: Handler> {
    pub(super) engine: Engine<Witness<H>>,
    network: Rc<RefCell<Network>>,
    ledger: Rc<RefCell<Ledger>>,
    /// When the clock of the network began.
    epoch: Instant,
    now: Instant,
    /// In the slot of their connection.
    sockets: Vec<Option<Socket>>,
    /// The connection of each line.
    accepted: Vec<Option<ConnectionId>>,
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
    pub(super) const fn new(
        engine: Engine<Witness<H>>,
        network: Rc<RefCell<Network>>,
        ledger: Rc<RefCell<Ledger>>,
        epoch: Instant,
    ) -> Self {
        Self {
            engine,
            network,
            ledger,
            epoch,
            now: epoch,
            sockets: Vec::new(),
            accepted: Vec::new(),
            hungry: VecDeque::new(),
            lingering: VecDeque::new(),
            touched: BTreeSet::new(),
            unchecked_turns: 0,
        }
    }

    /// Whether there is something to do now.
    pub(super) fn is_busy(&self) -> bool {
        !self.hungry.is_empty()
            || self.engine.has_changes()
            || (self.network.borrow().has_backlog() && self.looks_out())
    }

    /// Stops the worker.
    pub(super) fn stop(&mut self) {
        self.now = self.epoch + self.network.borrow().clock;
        self.engine.stop(self.now);
    }

    /// When it must do something even if nothing comes.
    pub(super) fn due(&mut self) -> Option<Duration> {
        let linger = self.lingering.front().map(|(until, _)| *until);
        let due = self.engine.deadline().into_iter().chain(linger).min()?;
        Some(due.saturating_duration_since(self.epoch))
    }

    /// One turn, at the time of the network's clock.
    ///
    /// # Errors
    ///
    /// What is wrong with the engine.
    pub(super) fn turn(&mut self) -> Result<(), String> {
        let edges = {
            let mut network = self.network.borrow_mut();
            network.tally[Count::Turns] += 1;
            self.now = self.epoch + network.clock;
            network.take_edges()
        };
        for (line, edge) in edges {
            self.ready(line, edge)?;
        }
        self.engine.collect_mail(self.now);
        if self.engine.deadline().is_some_and(|at| at <= self.now) {
            self.tally(|tally| tally[Count::Deadlines] += 1);
            self.engine.expire(self.now);
        }
        self.accept();
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

    /// Whether nothing is left of any connection.
    ///
    /// # Errors
    ///
    /// What is left.
    pub(super) fn check_empty(&self) -> Result<(), String> {
        let sockets = self.sockets.iter().flatten().count();
        let never_closed = self.ledger.borrow().open.len();
        match (self.engine.is_drained(), sockets, never_closed) {
            (true, 0, 0) => Ok(()),
            (drained, ..) => Err(format!(
                "{sockets} sockets are left, {never_closed} connections had no on_close, drained is {drained}"
            )),
        }
    }

    fn tally(&self, change: impl FnOnce(&mut Tally)) {
        change(&mut self.network.borrow_mut().tally);
    }

    fn socket(&mut self, id: ConnectionId) -> Option<&mut Socket> {
        self.sockets.get_mut(id.slot())?.as_mut().filter(|socket| socket.id == id)
    }

    fn ready(&mut self, line: usize, edge: Edge) -> Result<(), String> {
        let Some(Some(id)) = self.accepted.get(line).copied() else { return Ok(()) };
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
            let Some(line) = self.network.borrow_mut().accept() else { return };
            let remote = self.network.borrow().address(line);
            if !self.engine.accepts() || !self.engine.admits(&remote.into()) {
                self.network.borrow_mut().turn_away(line);
                continue;
            }
            self.network.borrow_mut().keep(line);
            let local = SocketAddr::from((Ipv4Addr::LOCALHOST, 80));
            let id = self.engine.accepted(remote, local, self.now);
            self.touched.insert(id);
            if self.accepted.len() <= line {
                self.accepted.resize(line + 1, None);
            }
            self.accepted[line] = Some(id);
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
                Some(Change::Closed(id, how)) => self.let_go(id, how)?,
            }
        }
        Ok(())
    }

    fn let_go(&mut self, id: ConnectionId, how: End) -> Result<(), String> {
        if self.ledger.borrow().open.contains(&id) {
            return Err(format!("connection {id} is let go, but had no on_close"));
        }
        let traffic = self.engine.traffic(id);
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
        if self.network.borrow_mut().end_down(socket.line).is_err() {
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
        }
        self.engine.release(id);
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
        let all: Vec<_> = self.sockets.iter().flatten().map(|socket| socket.id).collect();
        all.into_iter().try_for_each(|id| self.check_connection(id))
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
