//! [`Endpoint`]: where one end of a connection is.

use std::{
    ffi::OsStr,
    fmt,
    net::{IpAddr, SocketAddr},
    os::{
        linux::net::SocketAddrExt,
        unix::{ffi::OsStrExt, net::SocketAddr as UnixAddr},
    },
    path::Path,
    sync::Arc,
};

/// Where one end of a connection is: an IP address and a port, or a Unix socket.
///
/// # Example
///
/// ```
/// use std::net::SocketAddr;
/// use wm_core::Endpoint;
///
/// let here = Endpoint::from(SocketAddr::from(([127, 0, 0, 1], 2347)));
/// assert_eq!((here.to_string().as_str(), here.port()), ("127.0.0.1:2347", Some(2347)));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Endpoint {
    /// An IP address and a port.
    Ip(SocketAddr),
    /// A Unix socket with a file: `/run/app.sock`.
    Path(Arc<Path>),
    /// A Unix socket with an abstract name, without the zero byte in front: no file, gone with its last socket (unix(7)).
    Abstract(Arc<[u8]>),
    /// A Unix socket without a name, as that of a client usually is.
    Unnamed,
}

impl Endpoint {
    /// The IP address and the port; `None` of a Unix socket.
    #[must_use]
    pub const fn socket_addr(&self) -> Option<SocketAddr> {
        match self {
            Self::Ip(address) => Some(*address),
            Self::Path(_) | Self::Abstract(_) | Self::Unnamed => None,
        }
    }

    /// The IP address; `None` of a Unix socket. An IPv4 peer of a dual-stack listener has its IPv4 address.
    #[must_use]
    pub fn ip(&self) -> Option<IpAddr> {
        self.socket_addr().map(|address| address.ip().to_canonical())
    }

    /// The port; `None` of a Unix socket.
    #[must_use]
    pub const fn port(&self) -> Option<u16> {
        match self {
            Self::Ip(address) => Some(address.port()),
            Self::Path(_) | Self::Abstract(_) | Self::Unnamed => None,
        }
    }

    /// Whether it is a Unix socket.
    #[must_use]
    pub const fn is_unix(&self) -> bool {
        !matches!(self, Self::Ip(_))
    }
}

/// As in an address: `127.0.0.1:80`, `[::1]:80`, `/run/app.sock`, `@name`; and `unnamed`.
impl fmt::Display for Endpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(address) => address.fmt(f),
            Self::Path(path) => path.display().fmt(f),
            Self::Abstract(name) => write!(f, "@{}", OsStr::from_bytes(name).display()),
            Self::Unnamed => f.write_str("unnamed"),
        }
    }
}

impl From<SocketAddr> for Endpoint {
    fn from(address: SocketAddr) -> Self {
        Self::Ip(address)
    }
}

impl From<UnixAddr> for Endpoint {
    fn from(address: UnixAddr) -> Self {
        match (address.as_pathname(), address.as_abstract_name()) {
            (Some(path), _) => Self::Path(path.into()),
            (None, Some(name)) => Self::Abstract(name.into()),
            (None, None) => Self::Unnamed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_shows_itself_as_an_address_does() {
        let ip = |address: &str| Endpoint::from(address.parse::<SocketAddr>().unwrap());
        let path = UnixAddr::from_pathname("/run/a.sock").unwrap();
        let name = UnixAddr::from_abstract_name(b"a\xff").unwrap();
        for (endpoint, shown) in [
            (ip("127.0.0.1:80"), "127.0.0.1:80"),
            (ip("[::1]:80"), "[::1]:80"),
            (path.into(), "/run/a.sock"),
            (name.into(), "@a\u{fffd}"),
            (Endpoint::Unnamed, "unnamed"),
        ] {
            assert_eq!(endpoint.to_string(), shown);
        }
    }

    #[test]
    fn it_takes_no_more_than_an_ip_address_alone() {
        // There are two in each connection.
        assert_eq!(size_of::<Endpoint>(), size_of::<SocketAddr>());
    }

    #[test]
    fn an_ipv4_peer_of_a_dual_stack_listener_has_its_own_address() {
        let mapped = Endpoint::from("[::ffff:192.0.2.7]:80".parse::<SocketAddr>().unwrap());
        assert_eq!(mapped.ip().unwrap().to_string(), "192.0.2.7");
        assert_eq!((Endpoint::Unnamed.ip(), Endpoint::Unnamed.is_unix()), (None, true));
    }
}
