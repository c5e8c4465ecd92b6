//! Datagrams: the socket where a worker listens for them, and those of the connections that it makes.
//!
//! Many are received and sent by one system call. An answer leaves by the address that the route to the peer chooses.

use super::{
    reactor::token,
    site::{LISTENER, Site},
};
use crate::engine::{ConnectionId, Endpoint, Engine, Handler};
use mio::{Interest, Registry, net::UdpSocket};
use nix::{
    errno::Errno,
    sys::socket::{ControlMessage, MsgFlags, MultiHeaders, SockaddrStorage, recv, recvmmsg, sendmmsg},
};
use std::{
    fmt,
    io::{self, ErrorKind, IoSlice, IoSliceMut},
    net::SocketAddr,
    os::fd::AsRawFd,
    time::{Duration, Instant},
};

/// How many datagrams one system call takes.
const BATCH: usize = 32;

/// How many batches are received in a turn before it is the others' turn.
const BATCHES_A_TURN: usize = 4;

/// How long receiving waits when the machine is out of memory.
const PAUSE: Duration = Duration::from_millis(100);

/// A socket on which a worker listens for datagrams.
pub(super) struct Hatch {
    socket: UdpSocket,
    local: Endpoint,
    /// There may be datagrams to receive.
    ready: bool,
    /// Set while receiving waits for better times.
    paused_until: Option<Instant>,
    /// The kernel takes no more datagrams until it says so.
    blocked: bool,
    /// It was asked to say so.
    watched: bool,
    /// Nothing is received any more; what is queued is sent.
    closing: bool,
    incoming: MultiHeaders<SockaddrStorage>,
    outgoing: MultiHeaders<SockaddrStorage>,
    /// Room for a batch.
    room: Vec<u8>,
}

/// A datagram that has come: from where, how long it was, and how much of it is there.
struct Arrival {
    from: SocketAddr,
    whole: usize,
}

impl Hatch {
    pub(super) fn new(socket: std::net::UdpSocket) -> Self {
        let local = socket.local_addr().map_or(Endpoint::Unnamed, Endpoint::from);
        Self {
            socket: UdpSocket::from_std(socket),
            local,
            ready: false,
            paused_until: None,
            blocked: false,
            watched: false,
            closing: false,
            incoming: MultiHeaders::preallocate(BATCH, None),
            outgoing: MultiHeaders::preallocate(BATCH, None),
            room: Vec::new(),
        }
    }

    pub(super) fn register(&mut self, registry: &Registry, site: usize) -> io::Result<()> {
        registry.register(&mut self.socket, token(site, LISTENER), Interest::READABLE)
    }

    pub(super) const fn is_ready(&self) -> bool {
        self.ready && !self.closing
    }

    pub(super) const fn deadline(&self) -> Option<Instant> {
        self.paused_until
    }

    /// Receives a batch, each datagram at its multiple of `step`.
    fn receive(&mut self, step: usize) -> io::Result<Vec<Arrival>> {
        // Pages that no datagram comes to are never touched.
        self.room.resize(BATCH * step, 0);
        let mut places: Vec<_> = self.room.chunks_exact_mut(step).map(|place| [IoSliceMut::new(place)]).collect();
        // The length of one that is cut is told whole.
        let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
        let batch = recvmmsg(self.socket.as_raw_fd(), &mut self.incoming, places.iter_mut(), flags, None)?;
        let arrivals = batch.map(|datagram| Arrival {
            from: datagram.address.and_then(address).unwrap_or_else(|| SocketAddr::from(([0; 4], 0))),
            whole: datagram.bytes,
        });
        Ok(arrivals.collect())
    }

    /// Sends the first datagrams of those that wait; says how many.
    fn send<H: Handler>(&mut self, engine: &Engine<H>) -> io::Result<usize> {
        let (places, to): (Vec<_>, Vec<_>) = engine
            .datagrams()
            .take(BATCH)
            .map(|(to, bytes)| ([IoSlice::new(bytes)], Some(SockaddrStorage::from(to))))
            .unzip();
        if places.is_empty() {
            return Ok(0);
        }
        let none: [ControlMessage<'_>; 0] = [];
        let flags = MsgFlags::MSG_DONTWAIT;
        let sent = sendmmsg(self.socket.as_raw_fd(), &mut self.outgoing, &places, &to, none, flags)?;
        Ok(sent.count())
    }
}

fn address(storage: SockaddrStorage) -> Option<SocketAddr> {
    let four = storage.as_sockaddr_in().map(|four| SocketAddr::V4((*four).into()));
    four.or_else(|| storage.as_sockaddr_in6().map(|six| SocketAddr::V6((*six).into())))
}

impl<H: Handler> Site<H> {
    /// The socket for datagrams is ready.
    pub(super) fn hatch_ready(&mut self, readable: bool, writable: bool) {
        if let Some(hatch) = &mut self.hatch {
            hatch.ready |= readable && hatch.paused_until.is_none();
            hatch.blocked &= !writable;
        }
    }

    /// Receives datagrams until there are none, or its turn is over.
    pub(super) fn receive_datagrams(&mut self, now: Instant) {
        let Self { engine, hatch: Some(hatch), .. } = self else { return };
        hatch.ready |= hatch.paused_until.take_if(|until| *until <= now).is_some();
        let step = engine.datagram_bytes_max();
        for _ in 0..BATCHES_A_TURN {
            if !(hatch.is_ready() && engine.accepts()) {
                return;
            }
            let arrivals = match hatch.receive(step) {
                Ok(arrivals) => arrivals,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    hatch.ready = false;
                    return;
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) => {
                    (hatch.ready, hatch.paused_until) = (false, Some(now + PAUSE));
                    return engine.log(format_args!("cannot receive: {error}"));
                }
            };
            for (Arrival { from, whole }, place) in arrivals.iter().zip(hatch.room.chunks_exact_mut(step)) {
                engine.datagram(*from, hatch.local.clone(), &mut place[..step.min(*whole)], *whole, now);
            }
        }
    }

    /// Sends the datagrams that wait, as many as the kernel takes.
    pub(super) fn send_datagrams(&mut self, registry: &Registry, now: Instant) {
        let Self { engine, hatch: Some(hatch), number, .. } = self else { return };
        while !hatch.blocked {
            match hatch.send(engine) {
                Ok(0) => break,
                Ok(count) => engine.datagrams_sent(count, now),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    hatch.blocked = true;
                    let interest = Interest::READABLE | Interest::WRITABLE;
                    let watch = !std::mem::replace(&mut hatch.watched, true);
                    if watch
                        && let Err(error) = registry.reregister(&mut hatch.socket, token(*number, LISTENER), interest)
                    {
                        engine.datagram_failed(error, now);
                    }
                }
                Err(error) => engine.datagram_failed(error, now),
            }
        }
    }

    /// Receives nothing more; when everything is sent the socket is closed.
    pub(super) fn close_hatch(&mut self) {
        if let Some(hatch) = &mut self.hatch {
            hatch.closing = true;
            if self.engine.datagrams().next().is_none() {
                self.hatch = None;
                self.engine.serve_datagrams(false);
            }
        }
    }

    /// Receives datagrams of a connection until there are none, it has enough, or its turn is over. Says whether there may
    /// be more.
    pub(super) fn read_datagrams(
        engine: &mut Engine<H>,
        room: &mut Vec<u8>,
        socket: &UdpSocket,
        id: ConnectionId,
        now: Instant,
    ) -> bool {
        room.resize(engine.datagram_bytes_max(), 0);
        for _ in 0..BATCHES_A_TURN {
            if !engine.wants_more(id) {
                return true;
            }
            match receive_one(socket, room) {
                Ok(whole) => {
                    let there = room.len().min(whole);
                    engine.datagram_of(id, &mut room[..there], whole, now);
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => return false,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    engine.failed(id, error, now);
                    return false;
                }
            }
        }
        true
    }
}

/// Receives a datagram; says how long it was, whatever there was room for.
fn receive_one(socket: &UdpSocket, room: &mut [u8]) -> io::Result<usize> {
    let flags = MsgFlags::MSG_DONTWAIT | MsgFlags::MSG_TRUNC;
    recv(socket.as_raw_fd(), room, flags).map_err(|errno: Errno| errno.into())
}

impl fmt::Debug for Hatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hatch").field("local", &self.local).finish_non_exhaustive()
    }
}
