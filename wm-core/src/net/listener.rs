//! Listening: an [`Address`] becomes a socket that accepts. Called in the master, before any fork.

use super::Address;
use crate::error::Error;
use socket2::{Domain, Protocol, Socket, Type};
use std::io::{self, ErrorKind};
use std::net::{SocketAddr, TcpListener};

/// How to listen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListenOptions {
    /// How many connections may wait to be accepted. Default 1024: more than a worker that lives accepts between two
    /// turns of its loop, and few enough that, when it is overwhelmed, clients hear so instead of waiting for minutes.
    /// (Workerman asks for 102400.) The kernel clamps it to `net.core.somaxconn`, 4096 unless changed.
    pub backlog: u32,

    /// `SO_REUSEPORT`: a socket for each process, with the kernel spreading new connections among them; otherwise all
    /// processes share one socket. Default off.
    pub reuse_port: bool,

    /// Whether `[::]` takes IPv6 connections only. Default off: it takes IPv4 ones as well.
    pub ipv6_only: bool,
}

impl Default for ListenOptions {
    fn default() -> Self {
        Self { backlog: 1024, reuse_port: false, ipv6_only: false }
    }
}

/// Listens on an address. The socket is non-blocking and closed on exec.
///
/// # Errors
///
/// The port is in use or privileged, the address is not of this machine, or the kernel refuses for another reason.
pub fn bind(address: &Address, options: &ListenOptions) -> Result<TcpListener, Error> {
    listen(address.socket(), options).map_err(|source| name_fault(address.clone(), source))
}

fn listen(address: SocketAddr, options: &ListenOptions) -> io::Result<TcpListener> {
    // `Socket::new` sets CLOEXEC.
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    if address.is_ipv6() {
        // Said in both cases: the default is `net.ipv6.bindv6only`, which differs between machines.
        socket.set_only_v6(options.ipv6_only)?;
    }
    // A restart does not wait for the old connections' TIME_WAIT. On Linux this never steals a port that is listened on.
    socket.set_reuse_address(true)?;
    socket.set_reuse_port(options.reuse_port)?;
    socket.set_nonblocking(true)?;
    socket.bind(&address.into())?;
    socket.listen(i32::try_from(options.backlog).unwrap_or(i32::MAX))?;
    Ok(socket.into())
}

fn name_fault(address: Address, source: io::Error) -> Error {
    match source.kind() {
        ErrorKind::AddrInUse => Error::AddressInUse { address, source },
        ErrorKind::AddrNotAvailable => Error::AddressNotAvailable { address, source },
        ErrorKind::PermissionDenied if address.socket().port() < 1024 => Error::PrivilegedPort { address, source },
        _ => Error::Listen { address, source },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    use std::net::TcpStream;

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    fn port(listener: &TcpListener) -> u16 {
        listener.local_addr().unwrap().port()
    }

    #[test]
    fn a_listener_neither_blocks_nor_survives_an_exec() {
        let listener = bind(&at("tcp://127.0.0.1:0"), &ListenOptions::default()).unwrap();
        assert_ne!(port(&listener), 0);
        assert_eq!(listener.accept().unwrap_err().kind(), ErrorKind::WouldBlock);
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
        assert!(matches!(name_fault(at("tcp://[::]:80"), denied()), Error::PrivilegedPort { .. }));
        assert!(matches!(name_fault(at("tcp://[::]:1024"), denied()), Error::Listen { .. }));
    }
}
