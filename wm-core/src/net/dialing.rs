//! How a [`Site`] makes connections: names are looked up, sockets begin to connect, and the first that is through becomes
//! the socket of the connection.

use super::{
    StreamOptions,
    reactor::token,
    resolver::Resolver,
    site::{Site, attempt_place},
    stream::Stream,
};
use crate::engine::{ConnectionId, Endpoint, Handler};
use mio::{Interest, Registry, event::Event, net as mio_net};
use nix::errno::Errno;
use slab::Slab;
use socket2::{Domain, Protocol, SockAddr, Socket, Type};
use std::{
    io::{self, ErrorKind},
    net::SocketAddr,
    os::{
        fd::OwnedFd,
        linux::net::SocketAddrExt,
        unix::{ffi::OsStrExt, net::SocketAddr as UnixAddr},
    },
    task::Waker,
    time::Instant,
};

/// What a site needs to make connections.
#[derive(Debug)]
pub(super) struct Dialer {
    options: StreamOptions,
    waker: Waker,
    /// Made when the first name is to be looked up.
    resolver: Option<Resolver>,
    /// The sockets that are on their way.
    attempts: Slab<Attempt>,
    /// Where the datagrams of connections are received.
    pub(super) datagram_room: Vec<u8>,
}

/// A socket that connects.
#[derive(Debug)]
struct Attempt {
    id: ConnectionId,
    number: u32,
    stream: Stream,
}

impl Dialer {
    pub(super) const fn new(options: StreamOptions, waker: Waker) -> Self {
        Self { options, waker, resolver: None, attempts: Slab::new(), datagram_room: Vec::new() }
    }

    /// Lets go of the attempts for a connection.
    pub(super) fn abandon(&mut self, id: ConnectionId) {
        if !self.attempts.is_empty() {
            self.attempts.retain(|_, attempt| attempt.id != id);
        }
    }
}

impl<H: Handler> Site<H> {
    /// Has the name looked up that a connection leads to.
    pub(super) fn resolve(&mut self, id: ConnectionId, now: Instant) {
        let Some((host, _)) = self.engine.unresolved(id) else { return };
        let Dialer { resolver, waker, .. } = &mut self.dialer;
        if let Err(error) = resolver.get_or_insert_with(|| Resolver::new(waker.clone())).ask(id, host) {
            self.engine.resolved(id, Err(error), now);
        }
    }

    /// Hands the engine the addresses that have been found.
    pub(super) fn collect_addresses(&mut self, now: Instant) {
        while let Some((id, found)) = self.dialer.resolver.as_ref().and_then(Resolver::answer) {
            self.engine.resolved(id, found, now);
        }
    }

    /// Begins to connect.
    pub(super) fn connect(&mut self, registry: &Registry, id: ConnectionId, number: u32, now: Instant) {
        let Some((endpoint, bind)) = self.engine.attempt(id, number) else { return };
        let begun = match endpoint {
            Endpoint::Ip(to) if self.engine.is_of_datagrams(id) => begin_udp(*to, bind, &self.dialer.options),
            _ => begin(endpoint, bind, &self.dialer.options),
        };
        let begun = begun.and_then(|(mut stream, through)| {
            let entry = self.dialer.attempts.vacant_entry();
            let token = token(self.number, attempt_place(entry.key()));
            registry.register(&mut stream, token, Interest::READABLE | Interest::WRITABLE)?;
            let place = entry.key();
            entry.insert(Attempt { id, number, stream });
            Ok((place, through))
        });
        match begun {
            Ok((place, true)) => self.attempt_is_through(registry, place, now),
            Ok((_, false)) => {}
            Err(error) => self.engine.attempt_failed(id, number, error, now),
        }
    }

    /// The socket of an attempt is ready: it is through, or has failed.
    pub(super) fn attempt_ready(&mut self, registry: &Registry, place: usize, event: &Event, now: Instant) {
        let Some(attempt) = self.dialer.attempts.get(place) else { return };
        let (id, number) = (attempt.id, attempt.number);
        let failure = match attempt.stream.take_error() {
            Ok(None) if event.is_writable() => match attempt.stream.is_connected() {
                Ok(()) => return self.attempt_is_through(registry, place, now),
                Err(error) if error.kind() == ErrorKind::NotConnected => return,
                Err(error) => error,
            },
            Ok(None) => return,
            Ok(Some(error)) | Err(error) => error,
        };
        self.dialer.attempts.remove(place);
        self.engine.attempt_failed(id, number, failure, now);
    }

    fn attempt_is_through(&mut self, registry: &Registry, place: usize, now: Instant) {
        let Attempt { id, number, stream } = self.dialer.attempts.remove(place);
        let local = stream.local().unwrap_or(Endpoint::Unnamed);
        // Before the engine is told: its callback may end the connection, which ends the socket.
        self.keep(id, stream);
        if !self.engine.connected(id, number, local, now) {
            return self.forget(id);
        }
        self.dialer.abandon(id);
        self.watch_connected(registry, id, now);
    }
}

/// A socket that begins to connect, and whether it is through already.
fn begin(endpoint: &Endpoint, bind: Option<SocketAddr>, options: &StreamOptions) -> io::Result<(Stream, bool)> {
    let (domain, address) = match endpoint {
        Endpoint::Ip(address) => (Domain::for_address(*address), SockAddr::from(*address)),
        Endpoint::Path(path) => (Domain::UNIX, unix_address(&UnixAddr::from_pathname(path)?)?),
        Endpoint::Abstract(name) => (Domain::UNIX, unix_address(&UnixAddr::from_abstract_name(name)?)?),
        Endpoint::Unnamed => return Err(ErrorKind::AddrNotAvailable.into()),
    };
    let socket = Socket::new(domain, Type::STREAM.nonblocking().cloexec(), None)?;
    options.set_buffers(&socket)?;
    if !endpoint.is_unix() {
        options.set_tcp(&socket)?;
        if let Some(local) = bind {
            // A port that is named may have been used a moment ago.
            socket.set_reuse_address(local.port() != 0)?;
            socket.bind(&local.into())?;
        }
    }
    let through = match socket.connect(&address) {
        Ok(()) => true,
        Err(error) if error.raw_os_error() == Some(Errno::EINPROGRESS as i32) => false,
        Err(error) => return Err(error),
    };
    let socket = OwnedFd::from(socket);
    let stream = if endpoint.is_unix() {
        Stream::Unix(mio_net::UnixStream::from_std(socket.into()))
    } else {
        Stream::Tcp(mio_net::TcpStream::from_std(socket.into()))
    };
    Ok((stream, through))
}

/// A socket for datagrams to one peer: it is through at once.
fn begin_udp(to: SocketAddr, bind: Option<SocketAddr>, options: &StreamOptions) -> io::Result<(Stream, bool)> {
    let socket = Socket::new(Domain::for_address(to), Type::DGRAM.nonblocking().cloexec(), Some(Protocol::UDP))?;
    options.set_buffers(&socket)?;
    if let Some(local) = bind {
        socket.bind(&local.into())?;
    }
    socket.connect(&to.into())?;
    let socket = OwnedFd::from(socket);
    Ok((Stream::Udp(mio_net::UdpSocket::from_std(socket.into())), true))
}

fn unix_address(address: &UnixAddr) -> io::Result<SockAddr> {
    if let Some(path) = address.as_pathname() {
        return SockAddr::unix(path);
    }
    // As the kernel has it: a zero byte, then the name.
    let name = address.as_abstract_name().unwrap_or_default();
    SockAddr::unix(std::ffi::OsStr::from_bytes(&[b"\0", name].concat()))
}
