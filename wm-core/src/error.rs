//! [`Error`]: what the environment can refuse. A peer's mistakes are [`DecodeError`](crate::wire::DecodeError), a
//! caller's are [`EncodeError`](crate::wire::EncodeError).
//!
//! Each is one lower-case line that carries the address, number or limit, and what to do about it. Where the kernel
//! said no, its answer is the [`source`](std::error::Error::source), and stands in the line where it helps.

use crate::net::Address;
use crate::tls::TlsError;
use std::{convert::Infallible, fmt, io, path::PathBuf};

/// The environment does not let the server do what it was asked to.
#[derive(Debug)]
#[non_exhaustive]
pub enum Error {
    /// What was given as an address is none.
    Address {
        /// As it was written.
        address: String,
        /// What is wrong with it.
        fault: AddressFault,
    },
    /// The address names another protocol than the worker speaks, or one that nobody knows.
    WrongScheme {
        /// The address.
        address: Address,
        /// The protocol that the worker speaks.
        speaks: &'static str,
    },
    /// Somebody listens on the address already.
    AddressInUse {
        /// The address.
        address: Address,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The port is one of those that only the privileged may bind.
    PrivilegedPort {
        /// The address.
        address: Address,
        /// The kernel's answer.
        source: io::Error,
    },
    /// No interface of this machine has the address.
    AddressNotAvailable {
        /// The address.
        address: Address,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A file that is no socket stands where a Unix socket shall be. It is not touched.
    NotASocket {
        /// The address.
        address: Address,
    },
    /// The user or the group that shall own a Unix socket is not of this machine.
    UnknownOwner {
        /// Its name or number, as it was written.
        found: String,
    },
    /// Listening failed for a reason without a name here.
    Listen {
        /// The address.
        address: Address,
        /// The kernel's answer.
        source: io::Error,
    },
    /// The address to connect to names another protocol than the worker speaks.
    WrongTarget {
        /// The address.
        address: String,
        /// The protocol that the worker speaks.
        speaks: &'static str,
    },
    /// The address is that of a stream, and each message of the protocol is a datagram.
    OnlyDatagrams {
        /// The address.
        address: String,
        /// The protocol that the worker speaks.
        speaks: &'static str,
    },
    /// A certificate or a key cannot be used.
    Tls(TlsError),
    /// The address asks for TLS, and no certificate was given.
    NoCertificate {
        /// The address.
        address: Address,
    },
    /// A tunnel was asked for over datagrams, or of the sender of one.
    NoStream {
        /// Where it should have led.
        target: String,
    },
    /// The worker stops: it makes no connections any more.
    Stopping,
    /// The engine has no driver that takes more workers: it is fed by hand.
    NoSockets,
    /// There is nothing to run.
    NoWorkers,
    /// A worker asks for no process at all, or for more than are sensible.
    Count {
        /// What it asks for.
        found: usize,
        /// The most that are allowed.
        limit: usize,
    },
    /// The process has threads. A fork copies only the one that calls it; a lock that another holds stays locked.
    Threads {
        /// How many there are.
        found: usize,
    },
    /// What the kernel says about this process could not be read; without it nobody knows its threads.
    ProcStatus(io::Error),
    /// The board on which workers write what they do could not be made.
    Board(io::Error),
    /// The file that a service in the background writes to cannot be written.
    Log {
        /// The file.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A worker process could not be forked.
    Fork(io::Error),
    /// Signals could not be blocked or read.
    Signals(io::Error),
    /// Waiting for events failed.
    Poll(io::Error),
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Address { address, fault } => write!(f, "bad address {address:?}: {fault}"),
            Self::WrongScheme { address, speaks } => {
                let scheme = address.scheme();
                write!(f, "{address} asks for the protocol {scheme:?}, but this worker speaks {speaks:?}; ")?;
                write!(f, "write {}", address.with_scheme(speaks))
            }
            Self::AddressInUse { address, .. } => {
                let kind = if address.endpoint().is_unix() { "path" } else { "port" };
                write!(f, "{address} is in use: another worker or program listens there; ")?;
                write!(f, "stop it or choose another {kind}")
            }
            Self::PrivilegedPort { address, .. } => {
                let socket = address.endpoint();
                write!(f, "binding {socket} needs root or CAP_NET_BIND_SERVICE; choose a port from 1024 up")
            }
            Self::AddressNotAvailable { address, .. } => {
                let any = if address.endpoint().ip().is_some_and(|ip| ip.is_ipv6()) { "[::]" } else { "0.0.0.0" };
                write!(f, "{address} is not an address of this machine; {any} listens on all that it has")
            }
            Self::NotASocket { address } => {
                write!(f, "{address}: a file that is no socket stands there; choose another path or move the file away")
            }
            Self::UnknownOwner { found } => {
                write!(f, "{found:?} shall own a Unix socket, but is no user or group of this machine")
            }
            Self::Listen { address, source } => write!(f, "listening on {address} failed: {source}"),
            Self::WrongTarget { address, speaks } => {
                let (scheme, place) = address.split_once("://").unwrap_or((address, ""));
                write!(f, "{address} asks for the protocol {scheme:?}, but this worker speaks {speaks:?}; ")?;
                write!(f, "write {speaks}://{place}")
            }
            Self::OnlyDatagrams { address, speaks } => {
                write!(f, "{address} is a stream, but each message of {speaks:?} is a datagram; ")?;
                match address.split_once("://") {
                    Some((_, place)) if !place.starts_with(['/', '@']) => write!(f, "write udp://{place}"),
                    Some(_) => f.write_str("write udp://HOST:PORT"),
                    None => f.write_str("say `udp()` of the `Dial`"),
                }
            }
            Self::Tls(error) => error.fmt(f),
            Self::NoCertificate { address } => {
                write!(
                    f,
                    "{address} asks for TLS, but the worker has no certificate; give it one by .tls(TlsServer::new(…))"
                )
            }
            Self::NoStream { target } => {
                write!(f, "no tunnel to {target}: datagrams have no order and no end, so only streams are joined")
            }
            Self::Stopping => f.write_str("the worker stops, and makes no connections any more"),
            Self::NoSockets => {
                f.write_str("this worker has no sockets, so it cannot listen; only one that is served can")
            }
            Self::NoWorkers => f.write_str("there is no worker to run; give at least one"),
            Self::Count { found: 0, .. } => f.write_str("a count of 0 processes serves nobody; give at least 1"),
            Self::Count { found, limit } => write!(f, "a count of {found} processes is over the limit of {limit}"),
            Self::Threads { found } => write!(
                f,
                "the process has {found} threads, but workers can be forked from a single one only; start threads and \
                 runtimes in on_worker_start"
            ),
            Self::ProcStatus(source) => {
                write!(f, "reading /proc/self/status failed: {source}; the threads of the process are counted there")
            }
            Self::Board(source) => write!(f, "memory to share with the workers cannot be had: {source}"),
            Self::Log { path, source } => {
                write!(f, "the log {} cannot be written: {source}; choose another folder by --run-dir", path.display())
            }
            Self::Fork(source) => write!(f, "forking a worker failed: {source}"),
            Self::Signals(source) => write!(f, "blocking and reading signals failed: {source}"),
            Self::Poll(source) => write!(f, "waiting for events failed: {source}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::AddressInUse { source, .. }
            | Self::PrivilegedPort { source, .. }
            | Self::AddressNotAvailable { source, .. }
            | Self::Listen { source, .. }
            | Self::ProcStatus(source)
            | Self::Board(source)
            | Self::Log { source, .. }
            | Self::Fork(source)
            | Self::Signals(source)
            | Self::Poll(source) => Some(source),
            Self::Address { fault, .. } => Some(fault),
            Self::Tls(error) => Some(error),
            Self::WrongScheme { .. }
            | Self::NotASocket { .. }
            | Self::UnknownOwner { .. }
            | Self::WrongTarget { .. }
            | Self::OnlyDatagrams { .. }
            | Self::NoCertificate { .. }
            | Self::NoStream { .. }
            | Self::Stopping
            | Self::NoSockets
            | Self::NoWorkers
            | Self::Count { .. }
            | Self::Threads { .. } => None,
        }
    }
}

/// What cannot fail has no error.
impl From<Infallible> for Error {
    fn from(never: Infallible) -> Self {
        match never {}
    }
}

/// What is wrong with an address.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum AddressFault {
    /// There is no `://`.
    NoScheme,
    /// What stands before `://` is no name of a protocol.
    Scheme {
        /// What stands there.
        found: String,
    },
    /// The scheme is of no proxy.
    Proxy {
        /// The scheme that stands there.
        scheme: String,
    },
    /// There is no port.
    NoPort,
    /// The port is no number from 0 to 65535.
    Port {
        /// What stands there.
        found: String,
    },
    /// An IPv6 address stands without its brackets.
    NoBrackets {
        /// What stands there.
        found: String,
    },
    /// The host is neither an IP address nor a name.
    Name {
        /// What stands there.
        found: String,
    },
    /// The host is no IP address.
    Host {
        /// What stands there.
        found: String,
    },
    /// What stands there is neither an absolute path nor `@` with an abstract name.
    UnixName {
        /// What stands there.
        found: String,
    },
    /// The name of a Unix socket is longer than the kernel takes.
    UnixNameTooLong {
        /// Its length in bytes.
        found: usize,
        /// The most that the kernel takes.
        limit: usize,
    },
}

impl fmt::Display for AddressFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoScheme => f.write_str("no scheme; write it as tcp://127.0.0.1:2347"),
            Self::Scheme { found } => {
                write!(f, "{found:?} cannot name a protocol; write it as tcp://127.0.0.1:2347")
            }
            Self::Proxy { scheme } => {
                write!(f, "{scheme}:// is no proxy; write it as socks5://127.0.0.1:1080 or http://127.0.0.1:8080")
            }
            Self::NoPort => f.write_str("no port; write it as tcp://127.0.0.1:2347, port 0 takes any free one"),
            Self::Port { found } => write!(f, "{found:?} is not a port from 0 to 65535"),
            Self::NoBrackets { found } => write!(f, "an IPv6 address stands in brackets; write [{found}]"),
            Self::UnixName { found } => {
                write!(f, "{found:?} cannot name a Unix socket; write it as unix:///run/app.sock or unix://@app")
            }
            Self::UnixNameTooLong { found, limit } => {
                write!(f, "a name of {found} bytes is over the limit of {limit}")
            }
            Self::Name { found } => {
                write!(f, "{found:?} is no host; write a name as example.com, or an IP address as 127.0.0.1 or [::1]")
            }
            Self::Host { found } => write!(
                f,
                "{found:?} is not an IP address; write one as 127.0.0.1 or [::1], or 0.0.0.0 or [::] for all of this machine"
            ),
        }
    }
}

impl std::error::Error for AddressFault {}

#[cfg(test)]
mod tests {
    use super::*;
    use std::error::Error as _;

    fn at(address: &str) -> Address {
        address.parse().unwrap()
    }

    fn no() -> io::Error {
        io::Error::from_raw_os_error(nix::libc::EIO)
    }

    #[test]
    fn each_error_is_one_line_that_says_what_to_do() {
        let in_use =
            "text://127.0.0.1:80 is in use: another worker or program listens there; stop it or choose another port";
        for (error, line) in [
            (
                Error::WrongScheme { address: at("frame://[::1]:9"), speaks: "text" },
                "frame://[::1]:9 asks for the protocol \"frame\", but this worker speaks \"text\"; write text://[::1]:9",
            ),
            (Error::AddressInUse { address: at("text://127.0.0.1:80"), source: no() }, in_use),
            (
                Error::OnlyDatagrams { address: "tcp://[::1]:53".to_owned(), speaks: "dns" },
                "tcp://[::1]:53 is a stream, but each message of \"dns\" is a datagram; write udp://[::1]:53",
            ),
            (
                Error::OnlyDatagrams { address: "unix:///run/a".to_owned(), speaks: "dns" },
                "unix:///run/a is a stream, but each message of \"dns\" is a datagram; write udp://HOST:PORT",
            ),
            (
                Error::OnlyDatagrams { address: "[::1]:53".to_owned(), speaks: "dns" },
                "[::1]:53 is a stream, but each message of \"dns\" is a datagram; say `udp()` of the `Dial`",
            ),
            (
                Error::PrivilegedPort { address: at("text://127.0.0.1:80"), source: no() },
                "binding 127.0.0.1:80 needs root or CAP_NET_BIND_SERVICE; choose a port from 1024 up",
            ),
            (
                Error::AddressNotAvailable { address: at("tcp://192.0.2.1:80"), source: no() },
                "tcp://192.0.2.1:80 is not an address of this machine; 0.0.0.0 listens on all that it has",
            ),
            (
                Error::AddressInUse { address: at("unix:///run/a"), source: no() },
                "unix:///run/a is in use: another worker or program listens there; stop it or choose another path",
            ),
            (
                Error::NotASocket { address: at("unix:///etc/passwd") },
                "unix:///etc/passwd: a file that is no socket stands there; choose another path or move the file away",
            ),
            (
                Error::UnknownOwner { found: "nobdy".to_owned() },
                "\"nobdy\" shall own a Unix socket, but is no user or group of this machine",
            ),
            (
                Error::Listen { address: at("tcp://[::1]:80"), source: no() },
                "listening on tcp://[::1]:80 failed: Input/output error (os error 5)",
            ),
            (Error::Count { found: 0, limit: 9 }, "a count of 0 processes serves nobody; give at least 1"),
            (Error::Count { found: 10, limit: 9 }, "a count of 10 processes is over the limit of 9"),
            (Error::Fork(no()), "forking a worker failed: Input/output error (os error 5)"),
        ] {
            assert_eq!(error.to_string(), line);
        }
    }

    #[test]
    fn the_answer_of_the_kernel_is_the_source() {
        assert_eq!(Error::Poll(no()).source().unwrap().to_string(), no().to_string());
        assert!(Error::NoWorkers.source().is_none());
    }
}
