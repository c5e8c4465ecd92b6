//! [`World`]: everything of a worker but its handler, so that a handler may touch all of it while it runs.
//!
//! What a callback does to a connection is done at once to its queue and its phase; what follows from that, another
//! callback or the closing of a socket, is noted here and done by the [`Engine`](super::Engine) afterwards. So no
//! callback ever runs inside of another.

use super::{
    ConnectionError, ConnectionId, Endpoint, Ground, Limits, Mailbox, TimerId,
    calendar::Wall,
    crowd::Crowd,
    datagrams::{Datagrams, Transport},
    deadlines::Watch,
    inbox::Inbox,
    outgoing::Outgoing,
    pipe::Pipe,
    proxy::Handshake,
    sources::Sources,
    timers::Timers,
    tls::Tls,
};
use crate::{
    dice::Dice,
    log,
    protocol::{Protocol, Resync},
    tls::TlsAcceptor,
};
use bytes::BytesMut;
use slab::Slab;
use std::{
    any::Any,
    collections::{HashMap, VecDeque},
    fmt,
    time::{Duration, Instant, SystemTime},
};

/// How many send queues are kept for the next connection that needs one.
const SPARES_MAX: usize = 64;

/// A send queue that has grown beyond this goes back to the allocator.
const SPARE_BYTES_MAX: usize = 16 << 10;

/// How often it is told that peers are turned away: who floods the worker shall not flood its log.
const TURNED_AWAY_TOLD: Duration = Duration::from_secs(60);

/// What has passed over a connection.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Traffic {
    /// Bytes that were received.
    pub bytes_in: u64,
    /// Bytes that the kernel has taken.
    pub bytes_out: u64,
    /// Frames that were received, the protocol's own ones included.
    pub frames_in: u64,
    /// Messages that were queued.
    pub frames_out: u64,
    /// Bad frames that were thrown away, where the protocol [recovers](crate::protocol::Protocol::recover) from them.
    pub frames_skipped: u64,
    /// The bytes that were thrown away with them.
    pub bytes_skipped: u64,
}

/// How far a connection is in its life. It only goes forward, until an outgoing connection is made anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Phase {
    /// Is being made; what is sent is queued.
    Dialing,
    /// TLS is being agreed on; what is sent is queued.
    Shaking,
    /// Receives and sends.
    Open,
    /// Sends what is queued, then ends.
    Closing,
    /// Over; `on_close` is due or done.
    Over(End),
}

/// How a socket is to be let go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// Everything that was queued is sent: the peer is to read all of it before it sees the end.
    Drained,
    /// At once.
    Destroyed,
}

/// A connection. An idle one owns no buffer.
pub(super) struct Slot<P, S> {
    pub(super) serial: u64,
    pub(super) remote: Endpoint,
    pub(super) local: Endpoint,
    pub(super) protocol: P,
    pub(super) session: S,
    /// The bytes of a partial frame; whole frames only while the connection does not receive.
    pub(super) inbox: Inbox,
    /// The next frame is searched for behind a bad one.
    pub(super) resync: Option<Box<Resync>>,
    pub(super) outbox: BytesMut,
    /// How many bytes of the frame that is not whole have been handed out in parts.
    pub(super) in_parts: usize,
    /// How many bytes the inbox must hold before it is worth a look; 0 if none have come.
    pub(super) awaited: usize,
    pub(super) traffic: Traffic,
    pub(super) transport: Transport,
    pub(super) phase: Phase,
    /// Its handler has heard of it: `on_connect` was called.
    pub(super) greeted: bool,
    /// The send queue has passed the high mark and not yet come down to the low one.
    pub(super) full: bool,
    /// A message was refused since the send queue became full.
    pub(super) refused: bool,
    /// The handler does not want to receive.
    pub(super) paused: bool,
    /// The peer will send nothing more.
    pub(super) ended: bool,
    /// When the peer last did what was expected of it: sent something or, of a full or closing connection, took something.
    pub(super) alive: Instant,
    /// When a message was last received or sent.
    pub(super) said: Instant,
    /// When the frame began that is not whole yet.
    pub(super) frame_since: Option<Instant>,
    /// When its peer will be asked for, if it must be.
    pub(super) watched: Option<Instant>,
    /// A [`Change::Update`] is on its way.
    pub(super) touched: bool,
    pub(super) resuming: Resuming,
    /// Our side ends when what is queued is sent, or has ended.
    pub(super) ending: Ending,
    /// Of a connection that we have made: how.
    pub(super) outgoing: Option<Box<Outgoing>>,
    /// Of one that passes its bytes on, or gets those of another.
    pub(super) pipe: Option<Box<Pipe>>,
    /// Of one in TLS.
    pub(super) tls: Option<Box<Tls>>,
}

/// Whether a connection stands in the list of those that go on decoding, and why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Resuming {
    No,
    /// Its peer could not be heard before: its time begins when it goes on.
    Unheard,
    /// What was sent may give what has come another meaning. Its peer was heard all the time.
    LooksAgain,
}

impl<P: Protocol, S> Slot<P, S> {
    /// Whether bytes wait until this side has spoken.
    pub(super) fn waits_its_turn(&self) -> bool {
        self.phase == Phase::Open && self.inbox.len() > 0 && !self.is_piped() && !self.protocol.listens()
    }

    /// Whether the driver is to read: not while what it has read before waits.
    pub(super) fn reads(&self) -> bool {
        self.is_heard() && !self.waits_its_turn()
    }
}

/// How far our side of a connection is on its way to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ending {
    /// It sends.
    No,
    /// It sends what is queued.
    Asked,
    /// It has ended; the driver knows.
    Done,
}

impl<P, S> Slot<P, S> {
    /// What is said to a proxy, as long as that lasts.
    pub(super) fn handshake(&mut self) -> Option<&mut Handshake> {
        self.outgoing.as_deref_mut()?.handshake.as_mut()
    }

    /// Whether bytes are decoded, or passed on, when they come.
    pub(super) fn receives(&self) -> bool {
        let wanted = self.pipe.as_ref().map_or(!self.full, |pipe| pipe.receives(self.full));
        self.phase == Phase::Open && !self.paused && wanted
    }

    /// Whether something is read of it.
    pub(super) fn is_heard(&self) -> bool {
        let asks =
            self.phase == Phase::Dialing && self.outgoing.as_ref().is_some_and(|outgoing| outgoing.handshake.is_some());
        (asks || self.phase == Phase::Shaking || self.receives()) && !self.ended
    }

    /// Whether messages are queued for the peer.
    pub(super) fn sends(&self) -> bool {
        matches!(self.phase, Phase::Dialing | Phase::Shaking | Phase::Open) && self.ending == Ending::No
    }

    /// Whether the handler does not know of it.
    pub(super) fn is_silent(&self) -> bool {
        self.outgoing.as_ref().is_some_and(|outgoing| outgoing.tunnel_of.is_some())
    }

    /// Whether it is one of the connections of its worker.
    pub(super) fn is_listed(&self) -> bool {
        self.phase == Phase::Open && !self.is_silent() && !self.is_guest()
    }

    /// Whether what comes is passed on past the protocol.
    pub(super) fn is_piped(&self) -> bool {
        self.pipe.as_ref().is_some_and(|pipe| pipe.is_source())
    }

    /// As it was before the first byte, but for the session: an outgoing connection is made anew.
    pub(super) fn renew(&mut self, protocol: P, now: Instant) {
        (self.protocol, self.phase, self.ending) = (protocol, Phase::Dialing, Ending::No);
        (self.remote, self.local) = (Endpoint::Unnamed, Endpoint::Unnamed);
        (self.inbox, self.outbox, self.resync, self.pipe) = (Inbox::default(), BytesMut::new(), None, None);
        (self.tls, self.greeted) = (None, false);
        (self.in_parts, self.awaited, self.traffic) = (0, 0, Traffic::default());
        (self.full, self.refused, self.paused, self.ended) = (false, false, false, false);
        (self.alive, self.said, self.frame_since, self.watched) = (now, now, None, None);
    }

    /// Gives up the search for the next frame: what was wrong with the bad one.
    pub(super) fn end_search(&mut self) -> Option<ConnectionError> {
        self.resync.take().map(|resync| ConnectionError::Decode(resync.into_error()))
    }
}

/// A callback that is due.
#[derive(Debug)]
pub(super) enum Notice {
    Error(ConnectionId, ConnectionError),
    Full(ConnectionId),
    Drain(ConnectionId),
    Close(ConnectionId),
}

/// What a driver must do next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Change {
    /// Send what is outgoing, and receive if it is wanted again.
    Update(ConnectionId),
    /// Everything is sent: end our side, and go on receiving.
    Finish(ConnectionId),
    /// Look up the name that is [`unresolved`](super::Engine::unresolved).
    Resolve(ConnectionId),
    /// Begin the [`attempt`](super::Engine::attempt) of this number to connect.
    Connect(ConnectionId, u32),
    /// Send the [`datagrams`](super::Engine::datagrams) from where the worker listens.
    Datagrams,
    /// Let the socket go, then [`release`](super::Engine::release) the connection.
    Closed(ConnectionId, End),
}

/// The callback that runs: whom a panic is to be laid to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Running {
    pub(super) callback: &'static str,
    pub(super) connection: Option<ConnectionId>,
}

/// Everything of a worker but its handler.
pub(super) struct World<P, S> {
    pub(super) table: Slab<Slot<P, S>>,
    pub(super) timers: Timers<P, S>,
    /// The clock of the calendar.
    pub(super) wall: Wall,
    pub(super) sources: Sources<P, S>,
    /// Those that end with a connection; some may have by now.
    tied: HashMap<ConnectionId, Vec<TimerId>>,
    pub(super) watch: Watch,
    pub(super) notices: VecDeque<Notice>,
    pub(super) resumes: VecDeque<ConnectionId>,
    pub(super) changes: VecDeque<Change>,
    pub(super) limits: Limits,
    pub(super) mailbox: Mailbox<P, S>,
    pub(super) name: String,
    pub(super) worker_id: usize,
    /// The time of the input that is being handled.
    pub(super) now: Instant,
    pub(super) running: Running,
    /// How many connections are open: not closing, not over.
    pub(super) open: usize,
    pub(super) accepted: u64,
    /// The name of the last connection.
    serial: u64,
    /// What is to be sent from where the worker listens for them.
    pub(super) datagrams: Datagrams,
    /// What has passed over all connections.
    pub(super) totals: Traffic,
    /// How often `on_error` was called.
    pub(super) errors: u64,
    /// What peers are accepted with, if in TLS.
    pub(super) acceptor: Option<TlsAcceptor>,
    pub(super) crowd: Crowd,
    /// How many peers were not admitted, and when that was last told.
    pub(super) turned_away: u64,
    turned_away_told: Option<Instant>,
    pub(super) ground: Ground,
    /// What the handler gives its driver.
    pub(super) errands: Vec<Box<dyn Any>>,
    pub(super) accept_paused: bool,
    pub(super) unlistened: bool,
    pub(super) stop_wanted: bool,
    /// Inside of `on_error`, a refused message is not reported: an `on_error` that sends could go on for ever.
    pub(super) reporting: bool,
    /// By which the waits of outgoing connections spread.
    pub(super) dice: Dice,
    pub(super) spares: Vec<BytesMut>,
}

impl<P: Protocol, S> World<P, S> {
    pub(super) fn new(name: String, worker_id: usize, limits: Limits, mailbox: Mailbox<P, S>, now: Instant) -> Self {
        Self {
            table: Slab::new(),
            acceptor: None,
            crowd: Crowd::new(limits.connections_per_ip_max),
            turned_away: 0,
            turned_away_told: None,
            ground: Ground::Bare,
            errands: Vec::new(),
            accept_paused: false,
            unlistened: false,
            timers: Timers::new(),
            wall: Wall::Machine,
            sources: Sources::new(),
            tied: HashMap::new(),
            watch: Watch::default(),
            notices: VecDeque::new(),
            resumes: VecDeque::new(),
            changes: VecDeque::new(),
            limits,
            mailbox,
            name,
            worker_id,
            now,
            running: Running { callback: "", connection: None },
            open: 0,
            accepted: 0,
            serial: 0,
            datagrams: Datagrams::default(),
            totals: Traffic::default(),
            errors: 0,
            stop_wanted: false,
            reporting: false,
            dice: Dice::new(0),
            spares: Vec::new(),
        }
    }

    /// What the calendar shows.
    pub(super) fn shown(&self) -> SystemTime {
        self.wall.now(self.now)
    }

    /// A new connection: an open one, or one that is being made.
    pub(super) fn insert(
        &mut self,
        protocol: P,
        session: S,
        remote: Endpoint,
        local: Endpoint,
        outgoing: Option<Box<Outgoing>>,
    ) -> ConnectionId {
        self.accepted += 1;
        if outgoing.is_none() {
            self.open += 1;
            self.crowd.enter(&remote);
            let id = self.place(protocol, session, (remote, local), Phase::Open, Transport::Stream, None);
            self.watch(id);
            return id;
        }
        self.place(protocol, session, (remote, local), Phase::Dialing, Transport::Stream, outgoing)
    }

    /// The sender of a datagram. Nothing is expected of it, and it counts nowhere.
    pub(super) fn insert_guest(&mut self, protocol: P, session: S, remote: Endpoint, local: Endpoint) -> ConnectionId {
        self.place(protocol, session, (remote, local), Phase::Open, Transport::Guest, None)
    }

    fn place(
        &mut self,
        protocol: P,
        session: S,
        (remote, local): (Endpoint, Endpoint),
        phase: Phase,
        transport: Transport,
        outgoing: Option<Box<Outgoing>>,
    ) -> ConnectionId {
        self.serial += 1;
        let serial = self.serial;
        let slot = self.table.insert(Slot {
            serial,
            remote,
            local,
            protocol,
            session,
            inbox: Inbox::default(),
            resync: None,
            outbox: BytesMut::new(),
            in_parts: 0,
            awaited: 0,
            traffic: Traffic::default(),
            transport,
            phase,
            greeted: false,
            full: false,
            refused: false,
            paused: false,
            ended: false,
            alive: self.now,
            said: self.now,
            frame_since: None,
            watched: None,
            touched: false,
            resuming: Resuming::No,
            ending: Ending::No,
            outgoing,
            pipe: None,
            tls: None,
        });
        ConnectionId::new(serial, slot)
    }

    /// The connection, whatever its phase, until its driver has released it.
    pub(super) fn slot(&mut self, id: ConnectionId) -> Option<&mut Slot<P, S>> {
        self.table.get_mut(id.slot()).filter(|slot| slot.serial == id.serial)
    }

    /// Whether it is open, or being made.
    pub(super) fn is_open(&self, id: ConnectionId) -> bool {
        let slot = self.table.get(id.slot());
        slot.is_some_and(|slot| {
            slot.serial == id.serial && matches!(slot.phase, Phase::Dialing | Phase::Shaking | Phase::Open)
        })
    }

    /// The open connections.
    pub(super) fn ids(&self) -> impl Iterator<Item = ConnectionId> + '_ {
        let open = self.table.iter().filter(|(_, slot)| slot.is_listed());
        open.map(|(index, slot)| ConnectionId::new(slot.serial, index))
    }

    /// The open connection at a place of the table, if there is one.
    pub(super) fn open_at(&self, index: usize) -> Option<ConnectionId> {
        let slot = self.table.get(index).filter(|slot| slot.is_listed())?;
        Some(ConnectionId::new(slot.serial, index))
    }

    /// Sends nothing more than what is queued, then ends our side of the connection. It goes on receiving.
    pub(super) fn finish(&mut self, id: ConnectionId) {
        let now = self.now;
        let Some(slot) = self.slot(id).filter(|slot| slot.sends() && !slot.is_guest()) else { return };
        (slot.ending, slot.alive) = (Ending::Asked, now);
        self.seal(id);
        if self.slot(id).is_some_and(|slot| slot.queued() == 0 && slot.phase == Phase::Open) {
            return self.end_our_side(id);
        }
        self.watch(id);
        self.touch(id);
    }

    /// Everything is sent. If the peer's side has ended too, nothing is left to do.
    pub(super) fn end_our_side(&mut self, id: ConnectionId) {
        let Some(slot) = self.slot(id) else { return };
        slot.ending = Ending::Done;
        if slot.pipe.as_ref().is_some_and(|pipe| pipe.has_told_end()) {
            return self.close(id);
        }
        self.changes.push_back(Change::Finish(id));
    }

    /// Begins to close: nothing is received any more, what is queued is sent.
    pub(super) fn close(&mut self, id: ConnectionId) {
        let now = self.now;
        let Some(slot) = self.slot(id) else { return };
        match slot.phase {
            // Nobody is there to whom something could be sent.
            Phase::Dialing | Phase::Shaking => return self.end(id, End::Destroyed),
            Phase::Open => {}
            Phase::Closing | Phase::Over(_) => return,
        }
        if slot.queued() == 0 && slot.tls.is_none() {
            return self.end(id, End::Drained);
        }
        let counts = usize::from(slot.is_listed());
        (slot.phase, slot.alive) = (Phase::Closing, now);
        slot.inbox = Inbox::default();
        self.open -= counts;
        self.seal(id);
        if self.slot(id).is_some_and(|slot| slot.queued() == 0) {
            return self.end(id, End::Drained);
        }
        self.watch(id);
        self.touch(id);
    }

    /// Ends a connection: `on_close` is due, then its socket is let go.
    pub(super) fn end(&mut self, id: ConnectionId, how: End) {
        let Some(slot) = self.slot(id).filter(|slot| !matches!(slot.phase, Phase::Over(_))) else { return };
        let counts = usize::from(slot.is_listed());
        slot.phase = Phase::Over(how);
        if slot.is_guest() {
            return;
        }
        slot.inbox = Inbox::default();
        if let Some(tls) = &mut slot.tls {
            tls.out = BytesMut::new();
        }
        slot.watched = None;
        if let Some(outgoing) = &mut slot.outgoing {
            outgoing.handshake = None;
        }
        if let Some(pipe) = slot.pipe.take() {
            pipe.cut();
        }
        self.untie(id);
        self.open -= counts;
        self.recycle(id);
        self.notices.push_back(Notice::Close(id));
    }

    /// The timers of a connection end.
    pub(super) fn untie(&mut self, id: ConnectionId) {
        if !self.tied.is_empty() {
            for timer in self.tied.remove(&id).unwrap_or_default() {
                self.timers.cancel(timer);
            }
        }
    }

    /// A timer ends with a connection.
    pub(super) fn tie(&mut self, id: ConnectionId, timer: TimerId) {
        let tied = self.tied.entry(id).or_default();
        if tied.len() == tied.capacity() {
            tied.retain(|timer| self.timers.is_set(*timer));
        }
        tied.push(timer);
    }

    /// Queues an error for `on_error`. Inside of `on_error` what is refused is told by the result of `send` alone.
    pub(super) fn report(&mut self, id: ConnectionId, error: ConnectionError) {
        if !self.reporting {
            self.notices.push_back(Notice::Error(id, error));
        }
    }

    /// The driver is to look at the connection.
    pub(super) fn touch(&mut self, id: ConnectionId) {
        let slot = self.slot(id).filter(|slot| slot.phase != Phase::Dialing);
        if slot.is_some_and(|slot| !std::mem::replace(&mut slot.touched, true)) {
            self.changes.push_back(Change::Update(id));
        }
    }

    /// The connection goes on with what it has received, and then receives more.
    pub(super) fn resume(&mut self, id: ConnectionId) {
        self.go_on(id, Resuming::Unheard);
    }

    /// The connection goes on with what it has received, if it does not already.
    pub(super) fn go_on(&mut self, id: ConnectionId, why: Resuming) {
        let wants = |slot: &&mut Slot<P, S>| slot.receives() || slot.phase == Phase::Shaking && slot.inbox.len() > 0;
        let Some(slot) = self.slot(id).filter(wants).filter(|slot| slot.resuming == Resuming::No) else { return };
        slot.resuming = why;
        self.resumes.push_back(id);
        self.touch(id);
    }

    /// A peer is not admitted. The operator hears of it now and then.
    pub(super) fn turn_away(&mut self, remote: &Endpoint) {
        self.turned_away += 1;
        if self.turned_away_told.is_none_or(|told| self.now.saturating_duration_since(told) >= TURNED_AWAY_TOLD) {
            self.turned_away_told = Some(self.now);
            let (limit, count) = (self.limits.connections_per_ip_max, self.turned_away);
            self.log(format_args!(
                "{remote} is turned away: the limit of connections from one address is {limit}; {count} so far"
            ));
        }
    }

    /// Writes one line that names the worker.
    pub(super) fn log(&self, line: fmt::Arguments<'_>) {
        log::line(format_args!("{}[{}]: {line}", self.name, self.worker_id));
    }

    /// Takes the send queue from a connection that needs it no more.
    pub(super) fn recycle(&mut self, id: ConnectionId) {
        let Some(slot) = self.slot(id) else { return };
        let mut outbox = std::mem::take(&mut slot.outbox);
        outbox.clear();
        if let Some(lengths) = slot.lengths() {
            lengths.clear();
        }
        if self.spares.len() < SPARES_MAX && (1..=SPARE_BYTES_MAX).contains(&outbox.capacity()) {
            self.spares.push(outbox);
        }
    }
}

impl<P, S> fmt::Debug for World<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("World");
        debug.field("name", &self.name).field("worker_id", &self.worker_id).field("open", &self.open);
        debug.field("timers", &self.timers).field("running", &self.running).finish_non_exhaustive()
    }
}
