//! Connections that the worker makes itself: what a handler asks for, and what a driver does for it.
//!
//! ```text
//!   handler               engine                            driver
//!   connect ──> dialing ──Change::Resolve─────────────────> looks a name up
//!                       <──────────────────────── resolved
//!                       ──Change::Connect(attempt)────────> begins to connect, perhaps to several places at once
//!                       <── connected or attempt_failed ───
//!   on_connect <── open                                     lets the other attempts go
//! ```
//!
//! Such a connection keeps its id and its session when it is made anew.

use super::{
    ConnectError, ConnectFault, Connection, ConnectionError, ConnectionId, Context, Dial, Endpoint, Engine, Handler,
    ProxyFault, Target,
    datagrams::Transport,
    dialing::{Dialing, Step},
    inbox::Inbox,
    proxy::Handshake,
    target::{TLS, UDP},
    world::{Change, End, Ending, Notice, Phase, World},
};
use crate::{
    error::Error,
    protocol::{Protocol, Tcp},
};
use std::{
    collections::VecDeque,
    io,
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::{Duration, Instant},
};

/// The scheme of a Unix socket on which anything may be spoken.
const UNIX: &str = "unix";

/// What an outgoing connection has beside the others.
#[derive(Debug)]
pub(super) struct Outgoing {
    dial: Dial,
    pub(super) dialing: Dialing,
    /// How often in a row it was good for nothing.
    failures: u32,
    /// After how long it is made anew when it is over.
    again: Option<Duration>,
    /// We have closed it ourselves.
    pub(super) unwanted: bool,
    /// What is said to the proxy.
    pub(super) handshake: Option<Handshake>,
    /// Of the far half of a tunnel: the connection that it belongs to. The handler does not know of it.
    pub(super) tunnel_of: Option<ConnectionId>,
    /// The lengths of the datagrams in its send queue, if it is one of datagrams.
    pub(super) datagrams: VecDeque<usize>,
}

impl Outgoing {
    /// If a proxy was reached, it is to be asked.
    fn ask_proxy(&mut self) -> Result<bool, ProxyFault> {
        let Some(proxy) = &self.dial.proxy else { return Ok(false) };
        if self.dial.is_udp() {
            return Err(ProxyFault::Unspeakable);
        }
        self.handshake = Some(Handshake::new(proxy, &self.dial.target)?);
        self.dialing.ask();
        Ok(true)
    }

    pub(super) const fn target(&self) -> &Target {
        &self.dial.target
    }
}

impl<P: Protocol + Default, S: Default> Context<'_, P, S> {
    /// Connects to another server: the manual's `AsyncTcpConnection`. It speaks the protocol of this worker, and its
    /// callbacks are the worker's. It returns at once; `on_connect` is called when the connection is there. If it cannot be
    /// made, `on_error` is told [why](super::ConnectionError::Connect), and then `on_close` is called.
    ///
    /// What is sent before it is there is queued. The connection keeps its id and its session for all of its lives:
    /// [`Dial::reconnect`] and [`Connection::reconnect`](super::Connection::reconnect) make it anew.
    ///
    /// A worker that only connects is made by [`Worker::client`](crate::Worker::client).
    ///
    /// # Errors
    ///
    /// The address is bad, or names another protocol than the worker speaks; the worker stops.
    ///
    /// # Example
    ///
    /// ```
    /// use wm_core::{Worker, protocol::Text};
    ///
    /// let client = Worker::<Text>::client()
    ///     .on_worker_start(|worker| _ = worker.connect("text://localhost:2347").expect("a good address"))
    ///     .on_connect(|server| server.send("hello"))
    ///     .on_message(|server, line| println!("{}", line.text))
    ///     .on_close(|server| server.reconnect(std::time::Duration::from_secs(1)));
    /// ```
    pub fn connect<D>(&mut self, to: D) -> Result<ConnectionId, Error>
    where
        D: TryInto<Dial>,
        Error: From<D::Error>,
    {
        self.connect_as(to, S::default())
    }

    /// As [`connect`](Self::connect), with the session that the connection begins with.
    ///
    /// # Errors
    ///
    /// Those of [`connect`](Self::connect).
    pub fn connect_as<D>(&mut self, to: D, session: S) -> Result<ConnectionId, Error>
    where
        D: TryInto<Dial>,
        Error: From<D::Error>,
    {
        let dial = to.try_into()?;
        if let Some(scheme) = &dial.scheme
            && ![P::NAME, Tcp::NAME, UNIX, UDP, TLS].contains(&scheme.as_str())
        {
            let address = format!("{scheme}://{}", dial.target);
            return Err(Error::WrongTarget { address, speaks: P::NAME });
        }
        if P::OF_DATAGRAMS && !dial.is_udp() {
            let scheme = dial.scheme.map(|scheme| format!("{scheme}://")).unwrap_or_default();
            return Err(Error::OnlyDatagrams { address: format!("{scheme}{}", dial.target), speaks: P::NAME });
        }
        if self.world.stop_wanted {
            return Err(Error::Stopping);
        }
        let dial = dial.with_connector()?;
        Ok(self.world.dial(P::default(), session, dial, None))
    }
}

impl<P: Protocol + Default, S: Default + 'static> Connection<'_, P, S> {
    /// Makes another connection, and [joins](Connection::join) the two: what comes here goes there, and what comes there
    /// comes here, byte by byte and past the protocol. Until the other one is there, nothing is received here that would not
    /// fit the send queue.
    ///
    /// The handler hears nothing of the other connection, and its worker does not count it. When it is there,
    /// [`on_tunnel`](Handler::on_tunnel) is called here; if it cannot be made or is lost, `on_error` is told so here, and may
    /// send a last word; then this connection closes.
    ///
    /// # Errors
    ///
    /// The address is bad; the worker stops.
    ///
    /// # Example
    ///
    /// The manual's TCP proxy:
    ///
    /// ```
    /// use wm_core::{Worker, protocol::Tcp};
    ///
    /// let proxy = Worker::<Tcp>::new("tcp://0.0.0.0:8483").on_connect(|client| client.tunnel("tcp://127.0.0.1:80"));
    /// ```
    pub fn tunnel<D>(&mut self, to: D) -> Result<ConnectionId, Error>
    where
        D: TryInto<Dial>,
        Error: From<D::Error>,
    {
        let dial = to.try_into()?;
        if self.worker.world.stop_wanted {
            return Err(Error::Stopping);
        }
        if dial.is_udp() || !self.slot().is_stream() {
            return Err(Error::NoStream { target: dial.target().to_string() });
        }
        let dial = dial.with_connector()?;
        let other = self.worker.world.dial(P::default(), S::default(), dial, Some(self.id));
        let end = Connection { worker: Context { world: self.worker.world }, id: other }.pipe_end();
        // Both at once, not by a letter to the other: it may hear its peer before it looks at its mail.
        let near = self.pipe_end();
        self.worker.world.pipe(other, end.clone(), near);
        self.pipe(&end);
        Ok(other)
    }
}

impl<P: Protocol, S> World<P, S> {
    fn dial(&mut self, protocol: P, session: S, dial: Dial, tunnel_of: Option<ConnectionId>) -> ConnectionId {
        let dialing = Dialing::new(self.now, dial.within.or(self.limits.deadlines.connect), 0);
        let outgoing = Outgoing {
            dial,
            dialing,
            failures: 0,
            again: None,
            unwanted: false,
            handshake: None,
            tunnel_of,
            datagrams: VecDeque::new(),
        };
        let is_udp = outgoing.dial.is_udp();
        let id = self.insert(protocol, session, Endpoint::Unnamed, Endpoint::Unnamed, Some(Box::new(outgoing)));
        if let Some(slot) = self.slot(id).filter(|_| is_udp) {
            slot.transport = Transport::Line;
        }
        self.go_on_dialing(id);
        id
    }

    /// Goes on with a connection that is being made. What goes wrong with it is told when the callback is over.
    fn go_on_dialing(&mut self, id: ConnectionId) {
        if let Some(error) = self.step_dialing(id) {
            self.notices.push_back(Notice::Error(id, error));
            self.end(id, End::Destroyed);
        }
    }

    /// Does what is to be done for a connection that is being made, and says why it cannot be if so.
    pub(super) fn step_dialing(&mut self, id: ConnectionId) -> Option<ConnectionError> {
        let now = self.now;
        loop {
            let slot = self.table.get_mut(id.slot()).filter(|slot| slot.serial == id.serial)?;
            let outgoing = slot.outgoing.as_deref_mut().filter(|_| slot.phase == Phase::Dialing)?;
            match outgoing.dialing.step(outgoing.dial.route(), now) {
                None => break,
                Some(Step::Resolve) => self.changes.push_back(Change::Resolve(id)),
                Some(Step::Try(attempt)) => self.changes.push_back(Change::Connect(id, attempt)),
                Some(Step::Fail(fault)) => {
                    let (target, tried) = (outgoing.dial.target.clone(), outgoing.dialing.tried());
                    return Some(ConnectionError::Connect(ConnectError { target, tried, fault }));
                }
            }
        }
        self.watch(id);
        None
    }

    /// The driver is to send what a proxy is told.
    fn update(&mut self, id: ConnectionId) {
        if self.slot(id).is_some_and(|slot| !std::mem::replace(&mut slot.touched, true)) {
            self.changes.push_back(Change::Update(id));
        }
        self.watch(id);
    }

    /// A connection cannot be made.
    pub(super) fn fail_dialing(&mut self, id: ConnectionId, fault: ConnectFault) {
        let Some(outgoing) = self.slot(id).and_then(|slot| slot.outgoing.as_deref()) else { return };
        let (target, tried) = (outgoing.dial.target.clone(), outgoing.dialing.tried());
        self.notices.push_back(Notice::Error(id, ConnectionError::Connect(ConnectError { target, tried, fault })));
        self.end(id, End::Destroyed);
    }

    /// After how long a connection that is over is made anew, if it is.
    fn again(&mut self, id: ConnectionId) -> Option<Duration> {
        let good = self.slot(id).is_some_and(|slot| slot.traffic.bytes_in > 0);
        let slot = self.table.get_mut(id.slot()).filter(|_| !self.stop_wanted)?;
        // The half of a tunnel ends with the other.
        let outgoing = slot.outgoing.as_deref_mut().filter(|outgoing| outgoing.tunnel_of.is_none())?;
        if let Some(after) = outgoing.again.take() {
            return Some(after);
        }
        let backoff = outgoing.dial.reconnect.filter(|_| !outgoing.unwanted)?;
        outgoing.failures = if good { 1 } else { outgoing.failures.saturating_add(1) };
        Some(backoff.wait(outgoing.failures, &mut self.dice))
    }

    /// Makes a connection anew.
    fn redial(&mut self, id: ConnectionId, protocol: P, after: Duration) {
        let (now, limit) = (self.now, self.limits.deadlines.connect);
        let Some(slot) = self.slot(id) else { return };
        slot.renew(protocol, now);
        if let Some(outgoing) = &mut slot.outgoing {
            // Further away than the clock can count: as good as never.
            let at = now.checked_add(after).unwrap_or_else(|| now + Duration::from_secs(u32::MAX.into()));
            let limit = outgoing.dial.within.or(limit);
            outgoing.dialing = Dialing::new(at, limit, outgoing.dialing.attempts());
            (outgoing.unwanted, outgoing.handshake) = (false, None);
        }
        self.go_on_dialing(id);
    }

    /// Asks for another life of an outgoing connection.
    pub(super) fn reconnect(&mut self, id: ConnectionId, after: Duration) -> bool {
        let outgoing = self.slot(id).and_then(|slot| slot.outgoing.as_deref_mut());
        outgoing.is_some_and(|outgoing| {
            outgoing.again = Some(after);
            true
        })
    }
}

/// What a driver does for outgoing connections.
impl<H: Handler> Engine<H> {
    /// The name and the port that are to be looked up, as [`Change::Resolve`] asks; `None` if nobody asks any more.
    #[must_use]
    pub fn unresolved(&self, id: ConnectionId) -> Option<(Arc<str>, u16)> {
        let outgoing = self.being_made(id).filter(|outgoing| outgoing.dialing.is_resolving())?;
        match outgoing.dial.route() {
            Target::Named { host, port } => Some((Arc::clone(host), *port)),
            Target::At(_) => None,
        }
    }

    /// The addresses of a name, in the order in which they are best tried.
    pub fn resolved(&mut self, id: ConnectionId, addresses: io::Result<Vec<IpAddr>>, now: Instant) {
        self.world.now = now;
        if let Some((_, port)) = self.unresolved(id)
            && let Some(outgoing) = self.world.slot(id).and_then(|slot| slot.outgoing.as_deref_mut())
        {
            outgoing.dialing.resolved(addresses, port, outgoing.dial.bind, now);
            self.world.go_on_dialing(id);
        }
        self.settle();
    }

    /// Where an attempt is to lead, as [`Change::Connect`] asks, and from where; `None` if nobody asks any more.
    #[must_use]
    pub fn attempt(&self, id: ConnectionId, attempt: u32) -> Option<(&Endpoint, Option<SocketAddr>)> {
        let outgoing = self.being_made(id)?;
        Some((outgoing.dialing.attempt(attempt)?, outgoing.dial.bind))
    }

    /// Whether a connection that is being made, or was made, is one of datagrams.
    #[must_use]
    pub fn is_of_datagrams(&self, id: ConnectionId) -> bool {
        let slot = self.world.table.get(id.slot()).filter(|slot| slot.serial == id.serial);
        slot.is_some_and(|slot| !slot.is_stream())
    }

    /// An attempt has succeeded. Says whether the connection is made of it; else, as another one was faster, its socket is
    /// to be dropped. Those of the other attempts are too.
    pub fn connected(&mut self, id: ConnectionId, attempt: u32, local: impl Into<Endpoint>, now: Instant) -> bool {
        self.world.now = now;
        let Some(slot) = self.world.slot(id).filter(|slot| slot.phase == Phase::Dialing) else { return false };
        let outgoing = slot.outgoing.as_deref_mut();
        let Some(remote) = outgoing.and_then(|outgoing| outgoing.dialing.succeeded(attempt)) else { return false };
        (slot.remote, slot.local) = (remote, local.into());
        let asked = slot.outgoing.as_deref_mut().map_or(Ok(false), Outgoing::ask_proxy);
        match asked {
            Ok(true) => self.world.update(id),
            Ok(false) => self.through(id),
            Err(fault) => self.world.fail_dialing(id, ConnectFault::Proxy(fault)),
        }
        self.settle();
        true
    }

    /// The peer is reached. If TLS is wanted, it is agreed on first.
    fn through(&mut self, id: ConnectionId) {
        let dial = self.world.slot(id).and_then(|slot| slot.outgoing.as_deref()).map(|outgoing| &outgoing.dial);
        match dial.and_then(|dial| Some((dial.tls.clone()?, dial.target.clone()))) {
            Some((connector, target)) => self.world.shake_as_client(id, &connector, Some(&target)),
            None => self.arrive(id),
        }
    }

    /// A connection is there.
    pub(super) fn arrive(&mut self, id: ConnectionId) {
        let now = self.world.now;
        let Some(slot) = self.world.slot(id) else { return };
        (slot.phase, slot.alive, slot.said) = (Phase::Open, now, now);
        let counts = usize::from(!slot.is_silent());
        let near = slot.outgoing.as_ref().and_then(|outgoing| outgoing.tunnel_of);
        let full = slot.full;
        self.world.open += counts;
        self.world.seal(id);
        let ends = self.world.slot(id).is_some_and(|slot| slot.ending == Ending::Asked && slot.queued() == 0);
        self.world.watch(id);
        self.world.touch(id);
        if full {
            self.world.notices.push_back(Notice::Full(id));
        }
        self.greet(id);
        if let Some(near) = near.filter(|near| !self.is_over(*near)) {
            self.guard(|engine| engine.with_connection("on_tunnel", near, H::on_tunnel));
        }
        if ends {
            self.world.end_our_side(id);
        }
    }

    /// A proxy has answered; what it has said waits in `inbox`.
    pub(super) fn proxy_answered(&mut self, id: ConnectionId, inbox: &mut Inbox) {
        let Some(slot) = self.world.slot(id) else { return };
        let Some(outgoing) = slot.outgoing.as_deref_mut() else { return };
        let Some(handshake) = &mut outgoing.handshake else { return };
        match handshake.received(inbox.unread()) {
            Err(fault) => self.world.fail_dialing(id, ConnectFault::Proxy(fault)),
            Ok((used, through)) => {
                inbox.take_frame(used);
                slot.inbox = inbox.left_over();
                if !through {
                    return self.world.update(id);
                }
                outgoing.handshake = None;
                outgoing.dialing.end();
                self.through(id);
                self.world.resume(id);
            }
        }
    }

    /// An attempt has failed.
    pub fn attempt_failed(&mut self, id: ConnectionId, attempt: u32, error: io::Error, now: Instant) {
        self.world.now = now;
        if let Some(outgoing) = self.world.slot(id).and_then(|slot| slot.outgoing.as_deref_mut()) {
            outgoing.dialing.failed(attempt, error, now);
            self.world.go_on_dialing(id);
        }
        self.settle();
    }

    /// What makes the waits between attempts differ from those of other processes. Without it they are those of the seed 0.
    pub fn set_seed(&mut self, seed: u64) {
        self.world.dice = crate::dice::Dice::new(seed);
    }

    /// The socket of a connection is gone: it is made anew, or forgotten.
    pub(super) fn forget(&mut self, id: ConnectionId) {
        match self.world.again(id) {
            Some(after) => self.world.redial(id, H::Protocol::default(), after),
            None => {
                let slot = self.world.table.remove(id.slot());
                if slot.outgoing.is_none() {
                    self.world.crowd.leave(&slot.remote);
                }
            }
        }
    }

    /// Whether the worker has made a connection itself.
    pub(crate) fn is_outgoing(&self, id: ConnectionId) -> bool {
        let slot = self.world.table.get(id.slot()).filter(|slot| slot.serial == id.serial);
        slot.is_some_and(|slot| slot.outgoing.is_some())
    }

    /// The connections that are being made, whether a name is looked up for them, and which attempts run.
    pub(crate) fn being_made_all(&self) -> impl Iterator<Item = (ConnectionId, bool, Vec<u32>)> {
        self.world.table.iter().filter_map(|(index, slot)| {
            let dialing = &self.being_made(ConnectionId::new(slot.serial, index))?.dialing;
            let id = ConnectionId::new(slot.serial, index);
            Some((id, dialing.is_resolving(), dialing.running().collect()))
        })
    }

    fn being_made(&self, id: ConnectionId) -> Option<&Outgoing> {
        let slot = self.world.table.get(id.slot()).filter(|slot| slot.serial == id.serial)?;
        slot.outgoing.as_deref().filter(|_| slot.phase == Phase::Dialing)
    }
}
