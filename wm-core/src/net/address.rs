//! [`Address`]: where a worker listens, and what it speaks there, as in the manual: `text://0.0.0.0:2347`.
//!
//! An address that parsed can be bound as far as its form goes; names are not looked up, `localhost` is 127.0.0.1.

use crate::error::{AddressFault, Error};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::str::FromStr;

/// Where a worker listens: `scheme://host:port`.
///
/// The scheme names the protocol. The host is an IPv4 address, an IPv6 address in brackets, or `localhost`. Port 0
/// takes any free one.
///
/// # Example
///
/// ```
/// use wm_core::Address;
///
/// let address: Address = "text://[::1]:2347".parse()?;
/// assert_eq!(address.scheme(), "text");
/// assert_eq!(address.socket().port(), 2347);
/// # Ok::<(), wm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    pub(crate) scheme: String,
    pub(crate) socket: SocketAddr,
}

impl Address {
    /// What stands before `://`, in lower case: the name of a protocol.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The IP address and the port.
    #[must_use]
    pub const fn socket(&self) -> SocketAddr {
        self.socket
    }

    /// The same place under another scheme.
    #[must_use]
    pub(crate) fn with_scheme(&self, scheme: &str) -> Self {
        Self { scheme: scheme.to_owned(), socket: self.socket }
    }

    /// The same scheme at another place: what port 0 has become.
    #[must_use]
    pub(crate) fn with_socket(&self, socket: SocketAddr) -> Self {
        Self { scheme: self.scheme.clone(), socket }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.socket)
    }
}

impl FromStr for Address {
    type Err = Error;

    fn from_str(address: &str) -> Result<Self, Error> {
        parse(address).map_err(|fault| Error::Address { address: address.to_owned(), fault })
    }
}

fn parse(address: &str) -> Result<Address, AddressFault> {
    let (scheme, place) = address.split_once("://").ok_or(AddressFault::NoScheme)?;
    let scheme = parse_scheme(scheme)?;
    let (host, port) = split_port(place)?;
    Ok(Address { scheme, socket: SocketAddr::new(parse_host(host)?, parse_port(port)?) })
}

/// RFC 3986, section 3.1: a letter, then letters, digits, `+`, `-`, `.`; and `_`, which names of protocols have.
/// Case does not matter.
fn parse_scheme(scheme: &str) -> Result<String, AddressFault> {
    let tail = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
    if !(scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(tail)) {
        return Err(AddressFault::Scheme { found: scheme.to_owned() });
    }
    let scheme = scheme.to_ascii_lowercase();
    match scheme.as_str() {
        "unix" | "udp" => Err(AddressFault::Transport { scheme }),
        _ => Ok(scheme),
    }
}

/// Splits at the last colon behind the brackets, if there are any.
fn split_port(place: &str) -> Result<(&str, &str), AddressFault> {
    let behind_host = place.rfind(']').unwrap_or(0);
    let colon = place.get(behind_host..).and_then(|rest| rest.rfind(':')).ok_or(AddressFault::NoPort)?;
    // `::1` and the like: a colon is no sign of a port when the whole is an address.
    if let Ok(ip) = place.parse::<Ipv6Addr>() {
        return Err(AddressFault::NoBrackets { found: ip.to_string() });
    }
    let (host, port) = place.split_at(behind_host + colon);
    Ok((host, port.trim_start_matches(':')))
}

fn parse_host(host: &str) -> Result<IpAddr, AddressFault> {
    if let Some(ip) = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')) {
        return ip.parse().map(IpAddr::V6).map_err(|_| AddressFault::Host { found: host.to_owned() });
    }
    if host.eq_ignore_ascii_case("localhost") {
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    host.parse().map_err(|_| AddressFault::Host { found: host.to_owned() }).and_then(|ip| match ip {
        IpAddr::V4(_) => Ok(ip),
        IpAddr::V6(_) => Err(AddressFault::NoBrackets { found: host.to_owned() }),
    })
}

/// Digits only: what `parse` takes as well, a leading `+`, is none.
fn parse_port(port: &str) -> Result<u16, AddressFault> {
    let fault = || AddressFault::Port { found: port.to_owned() };
    match port {
        "" => Err(AddressFault::NoPort),
        _ if port.bytes().all(|byte| byte.is_ascii_digit()) => port.parse().map_err(|_| fault()),
        _ => Err(fault()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn good_addresses() {
        for (written, shown) in [
            ("text://127.0.0.1:2347", "text://127.0.0.1:2347"),
            ("tcp://0.0.0.0:0", "tcp://0.0.0.0:0"),
            ("frame://[::]:65535", "frame://[::]:65535"),
            ("tcp://[0:0::1]:80", "tcp://[::1]:80"),
            ("TCP://LocalHost:80", "tcp://127.0.0.1:80"),
            ("len_json+v2.x-y://127.0.0.1:080", "len_json+v2.x-y://127.0.0.1:80"),
        ] {
            let address: Address = written.parse().unwrap();
            assert_eq!(address.to_string(), shown);
            assert_eq!(shown.parse::<Address>().unwrap(), address, "what is shown can be read again");
        }
    }

    #[test]
    fn bad_addresses_say_what_a_good_one_is() {
        const SCHEME: &str = "cannot name a protocol; write it as tcp://127.0.0.1:2347";
        const NO_PORT: &str = "no port; write it as tcp://127.0.0.1:2347, port 0 takes any free one";
        const IP: &str =
            "is not an IP address; write one as 127.0.0.1 or [::1], or 0.0.0.0 or [::] for all of this machine";
        for (written, fault) in [
            ("", "no scheme; write it as tcp://127.0.0.1:2347".to_owned()),
            ("127.0.0.1:80", "no scheme; write it as tcp://127.0.0.1:2347".to_owned()),
            ("://127.0.0.1:80", format!("\"\" {SCHEME}")),
            ("4tcp://127.0.0.1:80", format!("\"4tcp\" {SCHEME}")),
            ("t cp://127.0.0.1:80", format!("\"t cp\" {SCHEME}")),
            ("unix:///run/a.sock", "unix:// is not served yet; TCP is, as in tcp://127.0.0.1:2347".to_owned()),
            ("UDP://127.0.0.1:80", "udp:// is not served yet; TCP is, as in tcp://127.0.0.1:2347".to_owned()),
            ("tcp://", NO_PORT.to_owned()),
            ("tcp://127.0.0.1", NO_PORT.to_owned()),
            ("tcp://127.0.0.1:", NO_PORT.to_owned()),
            ("tcp://[::1]", NO_PORT.to_owned()),
            ("tcp://127.0.0.1:65536", "\"65536\" is not a port from 0 to 65535".to_owned()),
            ("tcp://127.0.0.1:+80", "\"+80\" is not a port from 0 to 65535".to_owned()),
            ("tcp://127.0.0.1:80/", "\"80/\" is not a port from 0 to 65535".to_owned()),
            ("tcp://127.0.0.1:http", "\"http\" is not a port from 0 to 65535".to_owned()),
            ("tcp://::1", "an IPv6 address stands in brackets; write [::1]".to_owned()),
            ("tcp://fe80::1:2:3:4:5:6:80", "an IPv6 address stands in brackets; write [fe80::1:2:3:4:5:6]".to_owned()),
            ("tcp://:80", format!("\"\" {IP}")),
            ("tcp://*:80", format!("\"*\" {IP}")),
            ("tcp://example.com:80", format!("\"example.com\" {IP}")),
            ("tcp://127.0.0.256:80", format!("\"127.0.0.256\" {IP}")),
            ("tcp://[127.0.0.1]:80", format!("\"[127.0.0.1]\" {IP}")),
            ("tcp://[::1:80", format!("\"[::1\" {IP}")),
            ("tcp://a]b:80", format!("\"a]b\" {IP}")),
        ] {
            let error = written.parse::<Address>().unwrap_err();
            assert_eq!(error.to_string(), format!("bad address {written:?}: {fault}"));
        }
    }
}
