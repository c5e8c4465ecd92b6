//! [`Site`]: a listener, its sockets, and the engine that they feed.
//!
//! How a socket ends, so that the peer reads all that was sent to it: an end of stream is sent, and what the peer is
//! still sending is thrown away until it ends its side too, within limits. To close with unread bytes would make the
//! kernel send a reset, which may overtake what was sent before.

use super::reactor::{Drive, token};
use super::{
    Listener, SocketFile, StreamOptions,
    datagrams::Hatch,
    dialing::Dialer,
    registrar::Watch,
    stream::{Acceptor, Stream},
};
use crate::engine::{Change, ConnectionId, End, Endpoint, Engine, Ground, Handler, Ready, Tally};
use crate::tls::Renewal;
use crate::worker::Newcomer;
use mio::{
    Interest, Registry, Token,
    event::Event,
    net::{TcpListener, UnixListener},
};
use nix::errno::Errno;
use std::{
    collections::VecDeque,
    hash::{BuildHasher, RandomState},
    io::{self, ErrorKind, Read, Write},
    net::Shutdown,
    task::Waker,
    time::{Duration, Instant},
};

/// How many reads one socket gets in a turn before it is the others' turn.
const READS_A_TURN: usize = 4;

/// How many connections are accepted in a turn.
const ACCEPTS_A_TURN: usize = 64;

/// How many changes are carried out in a turn: a handler that refills a queue as it drains must leave time for others.
const CHANGES_A_TURN: usize = 4096;

/// How long accepting waits when the process or the machine is out of descriptors or memory.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How long a peer may take to end its side after we have ended ours.
const LINGER: Duration = Duration::from_secs(1);

/// The same when the worker stops: nobody should have to wait for a silent peer.
const LINGER_STOPPING: Duration = Duration::from_millis(250);

/// How much is thrown away before a peer that will not end is cut off, in bytes.
const LINGER_BYTES_MAX: usize = 1 << 20;

/// The place of the listener. Those of the connections, of the attempts to connect, and of the handler's own sources follow
/// in turn.
pub(super) const LISTENER: usize = 0;

/// How many kinds of places follow each other.
const KINDS: usize = 3;

const fn socket_place(slot: usize) -> usize {
    LISTENER + 1 + KINDS * slot
}

/// The place of a socket that connects.
pub(super) const fn attempt_place(index: usize) -> usize {
    LISTENER + 2 + KINDS * index
}

/// The place of a descriptor of the handler's own.
pub(super) const fn source_place(number: usize) -> usize {
    LISTENER + 3 + KINDS * number
}

/// A listener, its sockets, and the engine that they feed.
pub(crate) struct Site<H: Handler> {
    pub(super) number: usize,
    pub(super) engine: Engine<H>,
    pub(super) dialer: Dialer,
    door: Option<Door>,
    /// Where datagrams come.
    pub(super) hatch: Option<Hatch>,
    /// Of one whose peers come in TLS.
    renewal: Option<Renewal>,
    /// Of what the worker listens on by itself: it is removed with the door.
    file: Option<SocketFile>,
    /// In the slot of their connection.
    sockets: Vec<Option<Socket>>,
    /// Those that have more to read than they got in their turn.
    hungry: VecDeque<ConnectionId>,
    /// Those that wait for the peer's end, in the order of their deadlines.
    lingering: VecDeque<(Instant, ConnectionId)>,
}

/// A listener.
struct Door {
    socket: Acceptor,
    /// There may be peers to accept.
    ready: bool,
    /// Set while accepting waits for better times.
    paused_until: Option<Instant>,
    /// It was said that accepting is in trouble.
    told: bool,
}

struct Socket {
    id: ConnectionId,
    stream: Stream,
    /// There may be bytes to read.
    readable: bool,
    /// The kernel has seen the peer's end: it must be read up to there, as no further edge will come.
    hung_up: bool,
    /// The end was read.
    ended: bool,
    /// The kernel takes no more bytes until it says so.
    blocked: bool,
    /// It was asked to say so.
    watched: bool,
    hungry: bool,
    /// Only the peer's end is waited for.
    lingers: bool,
    discarded: usize,
}

impl<H: Handler> Site<H> {
    /// A site without connections. Those that it makes have the options of `stream`.
    pub(crate) fn new(mut engine: Engine<H>, waker: Waker, listener: Option<Listener>, stream: StreamOptions) -> Self {
        let door = |socket| Some(Door { socket, ready: false, paused_until: None, told: false });
        let (door, hatch) = match listener {
            None => (None, None),
            Some(Listener::Tcp(socket)) => (door(Acceptor::Tcp(TcpListener::from_std(socket))), None),
            Some(Listener::Unix(socket)) => (door(Acceptor::Unix(UnixListener::from_std(socket))), None),
            Some(Listener::Udp(socket)) => (None, Some(Hatch::new(socket))),
        };
        engine.stand_on(Ground::Kernel);
        engine.serve_datagrams(hatch.is_some());
        engine.set_seed(RandomState::new().hash_one(0));
        Self {
            number: 0,
            engine,
            dialer: Dialer::new(stream, waker),
            door,
            hatch,
            renewal: None,
            file: None,
            sockets: Vec::new(),
            hungry: VecDeque::new(),
            lingering: VecDeque::new(),
        }
    }

    /// The same site, which owns the file of its listener.
    pub(crate) fn with_file(mut self, file: Option<SocketFile>) -> Self {
        self.file = file;
        self
    }

    /// The same site, whose certificates are renewed.
    pub(crate) fn with_renewal(mut self, renewal: Option<Renewal>) -> Self {
        self.renewal = renewal;
        self
    }

    /// Reads the certificates again, if they are others.
    fn renew(&mut self, now: Instant) {
        let before = self.engine.acceptor();
        match self.renewal.as_mut().and_then(|renewal| renewal.look(before, now)) {
            None => {}
            Some(Ok(acceptor)) => {
                self.engine.serve_tls(acceptor);
                self.engine.log(format_args!("the certificates were renewed"));
            }
            Some(Err(error)) => {
                self.engine.log(format_args!("the certificates before stay, as their renewal cannot be used: {error}"));
            }
        }
    }

    fn close_door(&mut self) {
        self.door = None;
        self.close_hatch();
        if let Some(file) = self.file.take() {
            file.remove();
        }
    }

    fn socket(&mut self, id: ConnectionId) -> Option<&mut Socket> {
        self.sockets.get_mut(id.slot())?.as_mut().filter(|socket| socket.id == id)
    }

    fn accept(&mut self, registry: &Registry, now: Instant) {
        for _ in 0..ACCEPTS_A_TURN {
            let accepts = self.engine.accepts();
            let Some(door) = self.door.as_mut().filter(|door| door.ready && accepts) else { return };
            match door.socket.accept() {
                Ok((stream, remote)) => {
                    door.told = false;
                    if self.engine.admits(&remote) {
                        self.welcome(registry, stream, remote, now);
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => door.ready = false,
                Err(error) if is_of_one_peer(&error) => {}
                Err(error) => {
                    door.ready = false;
                    door.paused_until = Some(now + ACCEPT_PAUSE);
                    if !std::mem::replace(&mut door.told, true) {
                        let every = ACCEPT_PAUSE.as_millis();
                        self.engine.log(format_args!("cannot accept: {error}; trying again every {every} ms"));
                    }
                }
            }
        }
    }

    fn welcome(&mut self, registry: &Registry, stream: Stream, remote: Endpoint, now: Instant) {
        // It fails only if the peer is gone again, which the first read will tell better.
        let local = stream.local().unwrap_or(Endpoint::Unnamed);
        let id = self.engine.accepted(remote, local, now);
        self.keep(id, stream);
        self.watch_new(registry, id, now, Registry::register::<Stream>);
    }

    /// Keeps the socket of a connection.
    pub(super) fn keep(&mut self, id: ConnectionId, stream: Stream) {
        if self.sockets.len() <= id.slot() {
            self.sockets.resize_with(id.slot() + 1, || None);
        }
        self.sockets[id.slot()] = Some(Socket {
            id,
            stream,
            readable: false,
            hung_up: false,
            ended: false,
            blocked: false,
            watched: false,
            hungry: false,
            lingers: false,
            discarded: 0,
        });
    }

    /// Forgets a socket that was kept for nothing.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        if self.socket(id).is_some() {
            self.sockets[id.slot()] = None;
        }
    }

    /// Watches a socket that is connected, and was watched for that. What is ready by now is reported again.
    pub(super) fn watch_connected(&mut self, registry: &Registry, id: ConnectionId, now: Instant) {
        self.watch_new(registry, id, now, Registry::reregister::<Stream>);
    }

    fn watch_new(
        &mut self,
        registry: &Registry,
        id: ConnectionId,
        now: Instant,
        watch: impl FnOnce(&Registry, &mut Stream, Token, Interest) -> io::Result<()>,
    ) {
        let token = token(self.number, socket_place(id.slot()));
        let Some(socket) = self.socket(id) else { return };
        if let Err(error) = watch(registry, &mut socket.stream, token, Interest::READABLE) {
            self.engine.failed(id, error, now);
        }
    }

    /// Reads until the socket is exhausted, the connection has enough, or its turn is over.
    fn read(&mut self, id: ConnectionId, now: Instant) {
        let Some(socket) = self.sockets.get_mut(id.slot()).and_then(Option::as_mut) else { return };
        if let Stream::Udp(udp) = &socket.stream {
            socket.readable = socket.readable && {
                let room = &mut self.dialer.datagram_room;
                Self::read_datagrams(&mut self.engine, room, udp, id, now)
            };
            return self.queue_read(id);
        }
        for _ in 0..READS_A_TURN {
            if !socket.readable {
                return;
            }
            let Some(room) = self.engine.room(id) else { return };
            let wanted = room.len();
            match socket.stream.read(room) {
                Ok(0) => {
                    (socket.readable, socket.ended) = (false, true);
                    self.engine.end_of_stream(id, now);
                }
                Ok(count) => {
                    // A short read has emptied the socket; what comes later is another edge. An end that came before
                    // is none.
                    socket.readable = count == wanted || socket.hung_up;
                    self.engine.received(id, count, now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => socket.readable = false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    socket.readable = false;
                    self.engine.failed(id, error, now);
                }
            }
        }
        self.queue_read(id);
    }

    /// Lets the socket read in the next turn, if there may be something and it is wanted.
    fn queue_read(&mut self, id: ConnectionId) {
        let Some(socket) = self.sockets.get_mut(id.slot()).and_then(Option::as_mut) else { return };
        if socket.readable && !socket.hungry && self.engine.wants_more(id) {
            socket.hungry = true;
            self.hungry.push_back(id);
        }
    }

    /// Writes what is queued.
    fn write(&mut self, registry: &Registry, id: ConnectionId, now: Instant) {
        let Some(socket) = self.sockets.get_mut(id.slot()).and_then(Option::as_mut) else { return };
        let bytes = self.engine.outgoing(id);
        if bytes.is_empty() || socket.blocked {
            return;
        }
        let queued = bytes.len();
        let taken = loop {
            match socket.stream.write(bytes) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => break Ok(0),
                other => break other,
            }
        };
        let watching = match taken {
            Ok(count) if count < queued => {
                socket.blocked = true;
                watch(registry, token(self.number, socket_place(id.slot())), socket)
            }
            _ => Ok(()),
        };
        match (taken, watching) {
            (Ok(count), Ok(())) if count > 0 => self.engine.sent(id, count, now),
            (Ok(_), Ok(())) => {}
            (Err(error), _) | (_, Err(error)) => self.engine.failed(id, error, now),
        }
    }

    /// Carries out what the engine has decided.
    fn flush(&mut self, registry: &Registry, now: Instant) {
        for _ in 0..CHANGES_A_TURN {
            match self.engine.poll() {
                None => return,
                Some(Change::Update(id)) => {
                    self.write(registry, id, now);
                    self.queue_read(id);
                }
                Some(Change::Finish(id)) => self.finish(id, now),
                Some(Change::Resolve(id)) => self.resolve(id, now),
                Some(Change::Connect(id, attempt)) => self.connect(registry, id, attempt, now),
                Some(Change::Datagrams) => self.send_datagrams(registry, now),
                Some(Change::Closed(id, End::Destroyed)) => self.drop_socket(id),
                Some(Change::Closed(id, End::Drained)) => self.linger(id, now),
            }
        }
    }

    /// Ends our side. A peer that is gone by now shows itself when it is read.
    fn finish(&mut self, id: ConnectionId, now: Instant) {
        let ended = self.socket(id).map_or(Ok(()), |socket| socket.stream.shutdown(Shutdown::Write));
        if let Err(error) = ended
            && error.kind() != ErrorKind::NotConnected
        {
            self.engine.failed(id, error, now);
        }
    }

    /// Ends our side, and waits for the peer's.
    fn linger(&mut self, id: ConnectionId, now: Instant) {
        let patience = if self.engine.is_stopping() { LINGER_STOPPING } else { LINGER };
        let Some(socket) = self.socket(id) else { return self.engine.release(id) };
        // What was sent as datagrams is on its way, and their peer has no end to wait for.
        let done = socket.ended || matches!(socket.stream, Stream::Udp(_));
        if done || socket.stream.shutdown(Shutdown::Write).is_err() {
            return self.drop_socket(id);
        }
        socket.lingers = true;
        self.lingering.push_back((now + patience, id));
        self.discard(id);
    }

    /// Throws away what a lingering peer still sends.
    fn discard(&mut self, id: ConnectionId) {
        let Some(socket) = self.socket(id) else { return };
        let mut void = [0; 8 << 10];
        while socket.discarded <= LINGER_BYTES_MAX {
            match socket.stream.read(&mut void) {
                Ok(0) => break,
                Ok(count) => socket.discarded += count,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(_) => break,
            }
        }
        self.drop_socket(id);
    }

    fn end_lingering(&mut self, now: Instant) {
        while let Some(&(_, id)) = self.lingering.front().filter(|(until, _)| *until <= now) {
            self.lingering.pop_front();
            if self.socket(id).is_some() {
                self.drop_socket(id);
            }
        }
    }

    /// Dropping it closes it, which also takes it out of the poll.
    fn drop_socket(&mut self, id: ConnectionId) {
        self.forget(id);
        self.dialer.abandon(id);
        self.engine.release(id);
    }
}

impl<H: Handler> Drive for Site<H> {
    fn start(&mut self, registry: &Registry, site: usize, now: Instant) -> io::Result<()> {
        self.number = site;
        if let Some(door) = &mut self.door {
            registry.register(door.socket.source(), token(site, LISTENER), Interest::READABLE)?;
        }
        if let Some(hatch) = &mut self.hatch {
            hatch.register(registry, site)?;
        }
        self.engine.watch_by(Box::new(Watch::new(registry, site)?));
        self.engine.start(now);
        Ok(())
    }

    fn ready(&mut self, registry: &Registry, place: usize, event: &Event, now: Instant) {
        let Some(place) = place.checked_sub(LISTENER + 1) else {
            if let Some(door) = &mut self.door {
                door.ready = door.paused_until.is_none();
            }
            self.hatch_ready(event.is_readable(), event.is_writable());
            if event.is_writable() {
                self.send_datagrams(registry, now);
            }
            return;
        };
        let slot = match (place % KINDS, place / KINDS) {
            (0, slot) => slot,
            (1, index) => return self.attempt_ready(registry, index, event, now),
            (_, number) => {
                let failed = event.is_error();
                let readable = event.is_readable() || event.is_read_closed() || failed;
                let writable = event.is_writable() || event.is_write_closed() || failed;
                return self.engine.source_ready(number, Ready { readable, writable }, now);
            }
        };
        let Some(Some(socket)) = self.sockets.get_mut(slot) else { return };
        let id = socket.id;
        socket.readable |= event.is_readable() || event.is_read_closed();
        socket.hung_up |= event.is_read_closed();
        if socket.lingers {
            return self.discard(id);
        }
        // A connection that does not read finds out here that it is lost; one that does reads what came before.
        if event.is_error()
            && !self.engine.wants_more(id)
            && let Ok(Some(error)) = socket.stream.take_error()
        {
            return self.engine.failed(id, error, now);
        }
        if event.is_writable() && std::mem::take(&mut socket.blocked) {
            self.write(registry, id, now);
        }
        self.read(id, now);
    }

    fn turn(&mut self, registry: &Registry, now: Instant) {
        self.engine.collect_mail(now);
        self.collect_addresses(now);
        self.renew(now);
        if self.engine.deadline().is_some_and(|at| at <= now) {
            self.engine.expire(now);
        }
        if self.engine.is_stopping() || self.engine.is_unlistened() {
            self.close_door();
        }
        if let Some(door) = &mut self.door {
            door.ready |= door.paused_until.take_if(|until| *until <= now).is_some();
            self.accept(registry, now);
        }
        self.receive_datagrams(now);
        for _ in 0..self.hungry.len() {
            let Some(id) = self.hungry.pop_front() else { break };
            if let Some(socket) = self.socket(id) {
                socket.hungry = false;
                self.read(id, now);
            }
        }
        self.flush(registry, now);
        self.end_lingering(now);
    }

    fn deadline(&mut self, now: Instant) -> Option<Instant> {
        let ready =
            self.door.as_ref().is_some_and(|door| door.ready) || self.hatch.as_ref().is_some_and(Hatch::is_ready);
        let accepting = self.engine.accepts() && ready;
        if accepting || !self.hungry.is_empty() || self.engine.has_changes() {
            return Some(now);
        }
        let accept = self.door.as_ref().and_then(|door| door.paused_until);
        let linger = self.lingering.front().map(|(until, _)| *until);
        let receive = self.hatch.as_ref().and_then(Hatch::deadline);
        let renewal = self.renewal.as_ref().and_then(Renewal::due);
        [self.engine.deadline(), accept, receive, renewal, linger].into_iter().flatten().min()
    }

    fn newcomers(&mut self) -> Vec<Box<dyn Drive>> {
        let errands = self.engine.take_errands().into_iter();
        errands.filter_map(|errand| errand.downcast::<Box<dyn Newcomer>>().ok()).map(|site| site.into_site()).collect()
    }

    fn retire(&mut self) {
        self.close_door();
    }

    fn tally(&self) -> Tally {
        self.engine.tally()
    }

    fn is_drained(&self) -> bool {
        self.engine.is_drained()
    }

    fn stop(&mut self, now: Instant) {
        self.engine.stop(now);
    }

    fn is_stopping(&self) -> bool {
        self.engine.is_stopping()
    }

    fn is_done(&self) -> bool {
        self.engine.is_stopping() && self.engine.is_drained()
    }
}

/// Asks the kernel to say when it takes bytes again. That stays so: with edges it costs nothing while there is no need.
fn watch(registry: &Registry, token: Token, socket: &mut Socket) -> io::Result<()> {
    if std::mem::replace(&mut socket.watched, true) {
        return Ok(());
    }
    registry.reregister(&mut socket.stream, token, Interest::READABLE | Interest::WRITABLE)
}

/// Whether only the peer that was to be accepted has a problem; `accept(2)` lists them. The next one may have none.
fn is_of_one_peer(error: &io::Error) -> bool {
    use Errno::{
        ECONNABORTED, EHOSTDOWN, EHOSTUNREACH, EINTR, ENETDOWN, ENETUNREACH, ENONET, ENOPROTOOPT, EOPNOTSUPP, EPERM,
        EPROTO,
    };
    let errno = Errno::from_raw(error.raw_os_error().unwrap_or_default());
    matches!(
        errno,
        ECONNABORTED
            | EINTR
            | EPROTO
            | ENOPROTOOPT
            | ENETDOWN
            | ENETUNREACH
            | ENONET
            | EHOSTDOWN
            | EHOSTUNREACH
            | EOPNOTSUPP
            | EPERM
    )
}
