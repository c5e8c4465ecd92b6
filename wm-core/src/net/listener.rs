//! Listening: an [`Address`] becomes a socket that accepts. Called in the master, before any fork; in a worker for what
//! it listens on by itself.

use super::{Address, StreamOptions, UNIX, UnixOptions, unix};
use crate::engine::Endpoint;
use crate::error::Error;
use crate::process::sys::set_tcp_option;
use crate::protocol::{Protocol as _, Tcp};
use nix::libc;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixListener;
use std::time::Duration;

/// How to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenOptions {
    /// How many connections may wait to be accepted. Default 1024: more than a worker that lives accepts between two
    /// turns of its loop, and few enough that, when it is overwhelmed, clients hear so instead of waiting for minutes.
    /// (Workerman asks for 102400.) The kernel clamps it to `net.core.somaxconn`, 4096 unless changed.
    pub backlog: u32,

    /// `SO_REUSEPORT`: a socket for each process, with the kernel spreading new connections among them; otherwise all
    /// processes share one socket. Default off. Unix sockets have no such thing: theirs is shared in any case.
    pub reuse_port: bool,

    /// Whether `[::]` takes IPv6 connections only. Default off: it takes IPv4 ones as well.
    pub ipv6_only: bool,

    /// `TCP_FASTOPEN`: how many connections may wait whose first bytes came before the handshake was over. Default
    /// `None`, off: a repeated SYN repeats its bytes, which only a protocol whose requests may be repeated can bear. The
    /// kernel must allow it too (bit 2 of `net.ipv4.tcp_fastopen`).
    pub fast_open: Option<u16>,

    /// `TCP_DEFER_ACCEPT`: a connection is accepted when its first bytes have come, or after about so long, in whole
    /// seconds. Default `None`, off: it saves a wake-up where the peer speaks first, and is wrong where we do.
    pub defer_accept: Option<Duration>,

    /// Who may connect to a Unix socket.
    pub unix: UnixOptions,

    /// The options of the connections.
    pub stream: StreamOptions,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self {
            backlog: 1024,
            reuse_port: false,
            ipv6_only: false,
            fast_open: None,
            defer_accept: None,
            unix: UnixOptions::default(),
            stream: StreamOptions::default(),
        }
    }
}

/// A socket that listens.
#[derive(Debug)]
pub enum Listener {
    /// On an IP address and a port.
    Tcp(TcpListener),
    /// On a Unix socket.
    Unix(UnixListener),
    /// For datagrams, on an IP address and a port.
    Udp(UdpSocket),
}

impl Listener {
    /// Where it listens: port 0 has become the port that it got.
    ///
    /// # Errors
    ///
    /// The kernel does not say.
    pub fn endpoint(&self) -> io::Result<Endpoint> {
        match self {
            Self::Tcp(socket) => socket.local_addr().map(Endpoint::from),
            Self::Unix(socket) => socket.local_addr().map(Endpoint::from),
            Self::Udp(socket) => socket.local_addr().map(Endpoint::from),
        }
    }

    /// The address of one for streams, as far as the kernel says it.
    pub(crate) fn stream_address(&self) -> Option<String> {
        let scheme = match self {
            Self::Tcp(_) => Tcp::NAME,
            Self::Unix(_) => UNIX,
            Self::Udp(_) => return None,
        };
        let place = self.endpoint().map(|endpoint| endpoint.to_string()).unwrap_or_default();
        Some(format!("{scheme}://{place}"))
    }
}

impl From<TcpListener> for Listener {
    fn from(socket: TcpListener) -> Self {
        Self::Tcp(socket)
    }
}

impl From<UnixListener> for Listener {
    fn from(socket: UnixListener) -> Self {
        Self::Unix(socket)
    }
}

impl From<UdpSocket> for Listener {
    fn from(socket: UdpSocket) -> Self {
        Self::Udp(socket)
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(socket) => socket.as_fd(),
            Self::Unix(socket) => socket.as_fd(),
            Self::Udp(socket) => socket.as_fd(),
        }
    }
}

/// Listens on an address. The socket is non-blocking and closed on exec.
///
/// A file of a Unix socket on which nobody listens is replaced.
///
/// # Errors
///
/// The port or the path is in use, the port is privileged, the address is not of this machine, or the kernel refuses for
/// another reason.
pub fn bind(address: &Address, options: &ListenOptions) -> Result<Listener, Error> {
    match *address.endpoint() {
        Endpoint::Ip(place) if address.is_udp() => {
            let socket = bind_udp(place, options).map_err(|source| name_fault(address, source))?;
            Ok(Listener::Udp(socket.into()))
        }
        Endpoint::Ip(place) => {
            let socket = bind_tcp(place, options).map_err(|source| name_fault(address, source))?;
            listen(&socket, options).map_err(|source| name_fault(address, source))?;
            Ok(Listener::Tcp(socket.into()))
        }
        Endpoint::Path(_) | Endpoint::Abstract(_) | Endpoint::Unnamed => {
            let socket = unix::bind(address, &options.unix)?;
            options.stream.set_buffers(&socket).map_err(|source| name_fault(address, source))?;
            listen(&socket, options).map_err(|source| name_fault(address, source))?;
            Ok(Listener::Unix(socket.into()))
        }
    }
}

fn bind_tcp(address: SocketAddr, options: &ListenOptions) -> io::Result<Socket> {
    // `Socket::new` sets CLOEXEC.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // Said in both cases: the default is `net.ipv6.bindv6only`, which differs between machines.
        socket.set_only_v6(options.ipv6_only)?;
    }
    // A restart does not wait for the old connections' TIME_WAIT. On Linux this never steals a port that is listened on.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(options.reuse_port)?;
    // What is set on a listener, each connection that it accepts is born with (accept(2), tcp(7)): no call for each.
    options.stream.set_tcp(&socket)?;
    options.stream.set_buffers(&socket)?;
    if let Some(queue) = options.fast_open {
        set_tcp_option(socket.as_fd(), libc::TCP_FASTOPEN, queue.into())?;
    }
    if let Some(patience) = options.defer_accept {
        let seconds = patience.as_secs().saturating_add(u64::from(patience.subsec_nanos() > 0));
        set_tcp_option(socket.as_fd(), libc::TCP_DEFER_ACCEPT, i32::try_from(seconds).unwrap_or(i32::MAX))?;
    }
    socket.bind(&address.into())?;
    Ok(socket)
}

fn bind_udp(address: SocketAddr, options: &ListenOptions) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, Some(Protocol::UDP))?;
    if address.is_ipv6() {
        socket.set_only_v6(options.ipv6_only)?;
    }
    // Not `SO_REUSEADDR`: of UDP it lets another socket take the port away.
    socket.set_reuse_port(options.reuse_port)?;
    options.stream.set_buffers(&socket)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    Ok(socket)
}

fn listen(socket: &Socket, options: &ListenOptions) -> io::Result<()> {
    socket.set_nonblocking(true)?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))
}

pub(super) fn name_fault(address: &Address, source: io::Error) -> Error {
    let address = address.clone();
    match source.kind() {
        ErrorKind::AddrInUse => Error::AddressInUse { address, source },
        ErrorKind::AddrNotAvailable => Error::AddressNotAvailable { address, source },
        ErrorKind::PermissionDenied if address.endpoint().port().is_some_and(|port| port < 1024) => {
            Error::PrivilegedPort { address, source }
        }
        _ => Error::Listen { address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::super::Keepalive;
    use super::*;
    use crate::process::sys::{tcp_info, tcp_option};
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use socket2::SockRef;
    use std::net::TcpStream;

    const SECOND: Duration = Duration::from_secs(1);

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    fn port(listener: &Listener) -> u16 {
        listener.endpoint().unwrap().port().unwrap()
    }

    #[test]
    fn a_listener_neither_blocks_nor_survives_an_exec() {
        let listener = bind(&at("tcp://127.0.0.1:0"), &ListenOptions::default()).unwrap();
        assert_ne!(port(&listener), 0);
        let Listener::Tcp(socket) = &listener else { panic!("{listener:?}") };
        assert_eq!(socket.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
        assert_eq!(fcntl(&listener, FcntlArg::F_GETFD).unwrap(), FdFlag::FD_CLOEXEC.bits());
    }

    #[test]
    fn both_families_reach_the_unspecified_ipv6_address_unless_it_is_ipv6_only() {
        for (ipv6_only, four) in [(false, true), (true, false)] {
            let options = ListenOptions { ipv6_only, ..ListenOptions::default() };
            let listener = bind(&at("tcp://[::]:0"), &options).unwrap();
            assert!(TcpStream::connect(("::1", port(&listener))).is_ok());
            assert_eq!(TcpStream::connect(("127.0.0.1", port(&listener))).is_ok(), four);
        }
    }

    #[test]
    fn a_port_is_shared_only_when_all_agree() {
        let alone = ListenOptions::default();
        let shared = ListenOptions { reuse_port: true, ..ListenOptions::default() };
        for (first, second, agree) in [(&alone, &alone, false), (&alone, &shared, false), (&shared, &shared, true)] {
            let listener = bind(&at("tcp://127.0.0.1:0"), first).unwrap();
            let again = bind(&at(&format!("tcp://127.0.0.1:{}", port(&listener))), second);
            assert_eq!(again.is_ok(), agree);
            assert!(agree || matches!(again, Err(Error::AddressInUse { .. })));
        }
    }

    #[test]
    fn an_address_of_another_machine_is_refused() {
        // TEST-NET-1 (RFC 5737) belongs to nobody.
        let refused = bind(&at("tcp://192.0.2.1:0"), &ListenOptions::default());
        assert!(matches!(refused, Err(Error::AddressNotAvailable { .. })), "{refused:?}");
    }

    #[test]
    fn no_permission_is_about_the_port_only_below_1024() {
        let denied = || io::Error::from(ErrorKind::PermissionDenied);
        assert!(matches!(name_fault(&at("tcp://[::]:80"), denied()), Error::PrivilegedPort { .. }));
        assert!(matches!(name_fault(&at("tcp://[::]:1024"), denied()), Error::Listen { .. }));
    }

    #[test]
    fn connections_are_born_with_the_options_of_their_listener() {
        let stream = StreamOptions {
            nodelay: false,
            keepalive: Some(Keepalive { idle: 77 * SECOND, interval: 7 * SECOND, probes: 3 }),
            recv_buffer_bytes: Some(30_000),
            send_buffer_bytes: Some(40_000),
        };
        let off = StreamOptions { keepalive: None, ..StreamOptions::default() };
        for (stream, keepalive, times) in
            [(stream, true, Some((77, 7, 3))), (off, false, None), (StreamOptions::default(), true, Some((120, 15, 4)))]
        {
            let options = ListenOptions { stream: stream.clone(), ..ListenOptions::default() };
            let Listener::Tcp(listener) = bind(&at("tcp://127.0.0.1:0"), &options).unwrap() else { unreachable!() };
            listener.set_nonblocking(false).unwrap();
            let _client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
            let (accepted, _) = listener.accept().unwrap();
            let socket = SockRef::from(&accepted);
            assert_eq!((socket.tcp_nodelay().unwrap(), socket.keepalive().unwrap()), (stream.nodelay, keepalive));
            if let Some((idle, interval, probes)) = times {
                assert_eq!(socket.tcp_keepalive_time().unwrap(), idle * SECOND);
                assert_eq!(socket.tcp_keepalive_interval().unwrap(), interval * SECOND);
                assert_eq!(socket.tcp_keepalive_retries().unwrap(), probes);
            }
            // The kernel doubles what it is asked for: its own bookkeeping is in there.
            if stream.recv_buffer_bytes.is_some() {
                assert_eq!(socket.recv_buffer_size().unwrap(), 60_000);
                assert_eq!(socket.send_buffer_size().unwrap(), 80_000);
            }
        }
    }

    #[test]
    fn the_kernel_has_what_a_listener_was_told() {
        let options = ListenOptions {
            backlog: 77,
            reuse_port: true,
            ipv6_only: true,
            fast_open: Some(5),
            defer_accept: Some(Duration::from_millis(2_500)),
            ..ListenOptions::default()
        };
        for (options, expected) in [(options, (77, true, true, 5)), (ListenOptions::default(), (1024, false, false, 0))]
        {
            let listener = bind(&at("tcp://[::]:0"), &options).unwrap();
            let socket = SockRef::from(&listener);
            let fast_open = tcp_option(listener.as_fd(), libc::TCP_FASTOPEN).unwrap();
            let found = (socket.reuse_port().unwrap(), socket.only_v6().unwrap(), fast_open);
            assert_eq!(found, (expected.1, expected.2, expected.3));
            assert_eq!(backlog_of(&listener), Some(expected.0));
            // Kept as a number of repeated SYN-ACKs, which come after 1, 3, 7 … seconds: rounded up to one of those.
            let defer = tcp_option(listener.as_fd(), libc::TCP_DEFER_ACCEPT).unwrap();
            assert_eq!(defer, options.defer_accept.map_or(0, |_| 3));
        }
    }

    /// The backlog of a socket that listens: `tcpi_sacked`, the sixth number of `TCP_INFO` behind eight bytes (tcp(7);
    /// `ss -l` reads it there).
    fn backlog_of(listener: &Listener) -> Option<u32> {
        let info = tcp_info(listener.as_fd()).unwrap();
        info.get(28..32)?.try_into().ok().map(u32::from_ne_bytes)
    }
}
