//! A stream socket of a connection, of either kind; and [`StreamOptions`]: what is set on it.

use crate::engine::Endpoint;
use mio::event::Source;
use mio::net::{TcpListener, TcpStream, UdpSocket, UnixListener, UnixStream};
use mio::{Interest, Registry, Token};
use socket2::{Socket, TcpKeepalive};
use std::io::{self, Read, Write};
use std::net::Shutdown;
use std::time::Duration;

/// What is set on the socket of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StreamOptions {
    /// `TCP_NODELAY`. Default on: replies are gathered into one write already, and waiting for more would only delay
    /// the last one by up to 40 ms.
    pub nodelay: bool,

    /// How the kernel finds out that a silent peer has vanished. Default on, see [`Keepalive`]: connections are long, and
    /// one whose peer has lost its power would never end.
    pub keepalive: Option<Keepalive>,

    /// `SO_RCVBUF` in bytes; the kernel doubles it, and clamps it to `net.core.rmem_max`. Default `None`: the kernel
    /// sizes it by what the connection does, which setting it would end.
    pub recv_buffer_bytes: Option<u32>,

    /// `SO_SNDBUF` in bytes; as [`recv_buffer_bytes`](Self::recv_buffer_bytes), with `net.core.wmem_max`.
    pub send_buffer_bytes: Option<u32>,
}

impl Default for StreamOptions {
    fn default() -> Self {
        Self { nodelay: true, keepalive: Some(Keepalive::default()), recv_buffer_bytes: None, send_buffer_bytes: None }
    }
}

/// `SO_KEEPALIVE` and its times, in whole seconds (tcp(7)). By default a peer that has vanished is found out after three
/// minutes; the kernel's own times take more than two hours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keepalive {
    /// How long a connection must be silent before it is probed. Default 120 s: below what routers on the way usually
    /// take to forget a silent connection.
    pub idle: Duration,
    /// From one probe to the next while none is answered. Default 15 s.
    pub interval: Duration,
    /// After how many unanswered probes the connection is lost. Default 4.
    pub probes: u32,
}

impl Default for Keepalive {
    fn default() -> Self {
        Self { idle: Duration::from_secs(120), interval: Duration::from_secs(15), probes: 4 }
    }
}

impl StreamOptions {
    /// Sets what only TCP has.
    pub(super) fn set_tcp(&self, socket: &Socket) -> io::Result<()> {
        socket.set_tcp_nodelay(self.nodelay)?;
        match self.keepalive {
            None => socket.set_keepalive(false),
            Some(Keepalive { idle, interval, probes }) => {
                let times = TcpKeepalive::new().with_time(idle).with_interval(interval).with_retries(probes);
                socket.set_tcp_keepalive(&times)
            }
        }
    }

    /// Sets what every socket has.
    pub(super) fn set_buffers(&self, socket: &Socket) -> io::Result<()> {
        if let Some(bytes) = self.recv_buffer_bytes {
            socket.set_recv_buffer_size(bytes as usize)?;
        }
        if let Some(bytes) = self.send_buffer_bytes {
            socket.set_send_buffer_size(bytes as usize)?;
        }
        Ok(())
    }
}

/// A socket that accepts, watched by a poll.
#[derive(Debug)]
pub(super) enum Acceptor {
    Tcp(TcpListener),
    Unix(UnixListener),
}

/// The socket of a connection, watched by a poll.
#[derive(Debug)]
pub(super) enum Stream {
    Tcp(TcpStream),
    Unix(UnixStream),
    /// Of datagrams to one peer.
    Udp(UdpSocket),
}

impl Acceptor {
    /// The next connection, and where its peer is.
    pub(super) fn accept(&self) -> io::Result<(Stream, Endpoint)> {
        match self {
            Self::Tcp(socket) => socket.accept().map(|(stream, peer)| (Stream::Tcp(stream), peer.into())),
            Self::Unix(socket) => socket.accept().map(|(stream, peer)| (Stream::Unix(stream), peer.into())),
        }
    }

    pub(super) fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(socket) => socket,
            Self::Unix(socket) => socket,
        }
    }
}

impl Stream {
    pub(super) fn local(&self) -> io::Result<Endpoint> {
        match self {
            Self::Tcp(socket) => socket.local_addr().map(Endpoint::from),
            Self::Unix(socket) => socket.local_addr().map(Endpoint::from),
            Self::Udp(socket) => socket.local_addr().map(Endpoint::from),
        }
    }

    pub(super) fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.shutdown(how),
            Self::Unix(socket) => socket.shutdown(how),
            // Datagrams have no end.
            Self::Udp(_) => Ok(()),
        }
    }

    /// Whether it is connected to a peer; else the error is `NotConnected`.
    pub(super) fn is_connected(&self) -> io::Result<()> {
        match self {
            Self::Tcp(socket) => socket.peer_addr().map(drop),
            Self::Unix(socket) => socket.peer_addr().map(drop),
            Self::Udp(socket) => socket.peer_addr().map(drop),
        }
    }

    pub(super) fn take_error(&self) -> io::Result<Option<io::Error>> {
        match self {
            Self::Tcp(socket) => socket.take_error(),
            Self::Unix(socket) => socket.take_error(),
            Self::Udp(socket) => socket.take_error(),
        }
    }

    fn source(&mut self) -> &mut dyn Source {
        match self {
            Self::Tcp(socket) => socket,
            Self::Unix(socket) => socket,
            Self::Udp(socket) => socket,
        }
    }
}

impl Read for Stream {
    fn read(&mut self, room: &mut [u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.read(room),
            Self::Unix(socket) => socket.read(room),
            Self::Udp(socket) => socket.recv(room),
        }
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Tcp(socket) => socket.write(bytes),
            Self::Unix(socket) => socket.write(bytes),
            Self::Udp(socket) => socket.send(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Source for Stream {
    fn register(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        self.source().register(registry, token, interest)
    }

    fn reregister(&mut self, registry: &Registry, token: Token, interest: Interest) -> io::Result<()> {
        self.source().reregister(registry, token, interest)
    }

    fn deregister(&mut self, registry: &Registry) -> io::Result<()> {
        self.source().deregister(registry)
    }
}
