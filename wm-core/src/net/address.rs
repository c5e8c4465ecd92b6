//! [`Address`]: where a worker listens, and what it speaks there, as in the manual: `text://0.0.0.0:2347`.
//!
//! An address that parsed can be bound as far as its form goes; names are not looked up, `localhost` is 127.0.0.1.

use crate::engine::{Dial, Endpoint, Proxy, ProxyKind, TLS, Target, UDP};
use crate::error::{AddressFault, Error};
use crate::protocol::{Protocol as _, Tcp};
use std::fmt;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::Path;
use std::str::FromStr;

/// The longest name of a Unix socket in bytes: `sun_path` of unix(7) has 108, one of them a zero.
const UNIX_NAME_BYTES_MAX: usize = 107;

/// The scheme of a Unix socket that speaks whatever its worker does.
pub(crate) const UNIX: &str = "unix";

/// Where a worker listens: `scheme://host:port`, or `scheme:///path` and `scheme://@name` for a Unix socket.
///
/// The scheme names the protocol; `tcp` and `unix` stand for whatever the worker speaks, so does `tls` inside
/// of TLS, and `udp`, of which each datagram is a message. The host is an IPv4 address, an
/// IPv6 address in brackets, or `localhost`. Port 0 takes any free one. The path of a Unix socket is absolute, so that it
/// does not depend on where a program is started; `@name` is an abstract one, which has no file.
///
/// # Example
///
/// ```
/// use wm_core::Address;
///
/// let address: Address = "text://[::1]:2347".parse()?;
/// assert_eq!(address.scheme(), "text");
/// assert_eq!(address.endpoint().port(), Some(2347));
///
/// let address: Address = "text:///run/app.sock".parse()?;
/// assert!(address.endpoint().is_unix());
/// # Ok::<(), wm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    pub(crate) scheme: String,
    pub(crate) endpoint: Endpoint,
}

impl Address {
    /// What stands before `://`, in lower case: the name of a protocol.
    #[must_use]
    pub fn scheme(&self) -> &str {
        &self.scheme
    }

    /// The IP address and the port, or the Unix socket.
    #[must_use]
    pub const fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether it is in TLS.
    #[must_use]
    pub fn is_tls(&self) -> bool {
        self.scheme == TLS
    }

    /// Whether it is one of datagrams.
    #[must_use]
    pub fn is_udp(&self) -> bool {
        self.scheme == UDP
    }

    /// The same place under another scheme.
    #[must_use]
    pub(crate) fn with_scheme(&self, scheme: &str) -> Self {
        Self { scheme: scheme.to_owned(), endpoint: self.endpoint.clone() }
    }

    /// The same scheme at another place: what port 0 has become.
    #[must_use]
    pub(crate) fn with_endpoint(&self, endpoint: Endpoint) -> Self {
        Self { scheme: self.scheme.clone(), endpoint }
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}://{}", self.scheme, self.endpoint)
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
    // What is no path and no name is a host, unless the scheme wants no such thing; and the other way round.
    let unix = scheme == UNIX || (![Tcp::NAME, UDP].contains(&&*scheme) && place.starts_with(['/', '@']));
    let endpoint = if unix { parse_unix(place)? } else { parse_ip(place)? };
    Ok(Address { scheme, endpoint })
}

/// Where a connection is to lead: as an [`Address`], but the host may be a name too.
impl TryFrom<&str> for Dial {
    type Error = Error;

    fn try_from(address: &str) -> Result<Self, Error> {
        Self::new(address)
    }
}

impl Dial {
    /// To an address: `scheme://host:port`, where the host may be a name, or a Unix socket. The scheme is the protocol of
    /// the worker that connects; `tcp`, `unix`, `tls` and `udp` stand for any.
    ///
    /// # Errors
    ///
    /// The address is bad.
    pub fn new(address: &str) -> Result<Self, Error> {
        let parsed = parse_target(address);
        let (scheme, target) = parsed.map_err(|fault| Error::Address { address: address.to_owned(), fault })?;
        let mut dial = Self::to(target);
        dial.scheme = Some(scheme);
        Ok(dial)
    }
}

impl Proxy {
    /// One at an address: `socks5://host:port`, or `http://host:port` for CONNECT.
    ///
    /// # Errors
    ///
    /// The address is bad, or of another scheme.
    pub fn new(address: &str) -> Result<Self, Error> {
        let fault = |fault| Error::Address { address: address.to_owned(), fault };
        let (scheme, target) = parse_target(address).map_err(fault)?;
        match scheme.as_str() {
            "socks5" => Ok(Self::of(target, ProxyKind::Socks5)),
            "http" => Ok(Self::of(target, ProxyKind::Http)),
            _ => Err(fault(AddressFault::Proxy { scheme })),
        }
    }
}

fn parse_target(address: &str) -> Result<(String, Target), AddressFault> {
    let (_, place) = address.split_once("://").ok_or(AddressFault::NoScheme)?;
    match parse(address) {
        Ok(Address { scheme, endpoint }) if !place.to_ascii_lowercase().starts_with("localhost:") => {
            Ok((scheme, endpoint.into()))
        }
        Ok(_) | Err(AddressFault::Host { .. }) => {
            let (scheme, _) = address.split_once("://").ok_or(AddressFault::NoScheme)?;
            let (host, port) = split_port(place)?;
            let target = Target::Named { host: parse_name(host)?.into(), port: parse_port(port)? };
            Ok((parse_scheme(scheme)?, target))
        }
        Err(fault) => Err(fault),
    }
}

/// RFC 1123, section 2.1: labels of letters, digits and hyphens; and underscores, which some have. What looks like an
/// IPv4 address is none that parsed.
fn parse_name(host: &str) -> Result<&str, AddressFault> {
    let letter = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    let label = |label: &str| {
        let ends = label.bytes().next().is_some_and(letter) && label.bytes().last().is_some_and(letter);
        ends && label.len() <= 63 && label.bytes().all(|byte| letter(byte) || byte == b'-')
    };
    let name = host.strip_suffix('.').unwrap_or(host);
    let numeric = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    if name.len() <= 253 && name.split('.').all(label) && !numeric {
        return Ok(host);
    }
    Err(AddressFault::Name { found: host.to_owned() })
}

/// An absolute path, or `@` and an abstract name.
fn parse_unix(place: &str) -> Result<Endpoint, AddressFault> {
    let (name, endpoint) = match place.strip_prefix('@') {
        Some(name) if !name.is_empty() => (name, Endpoint::Abstract(name.as_bytes().into())),
        None if place.starts_with('/') && !place.ends_with('/') => (place, Endpoint::Path(Path::new(place).into())),
        _ => return Err(AddressFault::UnixName { found: place.to_owned() }),
    };
    if name.contains('\0') {
        return Err(AddressFault::UnixName { found: place.to_owned() });
    }
    match name.len() {
        ..=UNIX_NAME_BYTES_MAX => Ok(endpoint),
        found => Err(AddressFault::UnixNameTooLong { found, limit: UNIX_NAME_BYTES_MAX }),
    }
}

fn parse_ip(place: &str) -> Result<Endpoint, AddressFault> {
    let (host, port) = split_port(place)?;
    Ok(Endpoint::Ip(SocketAddr::new(parse_host(host)?, parse_port(port)?)))
}

/// RFC 3986, section 3.1: a letter, then letters, digits, `+`, `-`, `.`; and `_`, which names of protocols have.
/// Case does not matter.
fn parse_scheme(scheme: &str) -> Result<String, AddressFault> {
    let tail = |byte: u8| byte.is_ascii_alphanumeric() || b"+-._".contains(&byte);
    if !(scheme.starts_with(|first: char| first.is_ascii_alphabetic()) && scheme.bytes().all(tail)) {
        return Err(AddressFault::Scheme { found: scheme.to_owned() });
    }
    Ok(scheme.to_ascii_lowercase())
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
            ("unix:///run/a.sock", "unix:///run/a.sock"),
            ("UNIX://@a/b:1", "unix://@a/b:1"),
            ("text:///run/a b.sock", "text:///run/a b.sock"),
            ("text://@name", "text://@name"),
            ("UDP://[::]:53", "udp://[::]:53"),
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
        const UNIX_NAME: &str = "cannot name a Unix socket; write it as unix:///run/app.sock or unix://@app";
        for (written, fault) in [
            ("", "no scheme; write it as tcp://127.0.0.1:2347".to_owned()),
            ("127.0.0.1:80", "no scheme; write it as tcp://127.0.0.1:2347".to_owned()),
            ("://127.0.0.1:80", format!("\"\" {SCHEME}")),
            ("4tcp://127.0.0.1:80", format!("\"4tcp\" {SCHEME}")),
            ("t cp://127.0.0.1:80", format!("\"t cp\" {SCHEME}")),
            ("udp:///run/a.sock", NO_PORT.to_owned()),
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
            ("tcp:///run/a.sock", NO_PORT.to_owned()),
            ("unix://", format!("\"\" {UNIX_NAME}")),
            ("unix://@", format!("\"@\" {UNIX_NAME}")),
            ("unix://run/a.sock", format!("\"run/a.sock\" {UNIX_NAME}")),
            ("unix://127.0.0.1:80", format!("\"127.0.0.1:80\" {UNIX_NAME}")),
            ("unix:///run/", format!("\"/run/\" {UNIX_NAME}")),
            ("unix:///run/a\0b", format!("\"/run/a\\0b\" {UNIX_NAME}")),
        ] {
            let error = written.parse::<Address>().unwrap_err();
            assert_eq!(error.to_string(), format!("bad address {written:?}: {fault}"));
        }
    }

    #[test]
    fn a_connection_may_lead_to_a_name() {
        for (written, scheme, shown) in [
            ("text://example.com:80", "text", "example.com:80"),
            ("tcp://LocalHost:80", "tcp", "LocalHost:80"),
            ("tcp://a_b-c.example.:1", "tcp", "a_b-c.example.:1"),
            ("tcp://127.0.0.1:80", "tcp", "127.0.0.1:80"),
            ("tcp://[::1]:80", "tcp", "[::1]:80"),
            ("text:///run/a.sock", "text", "/run/a.sock"),
            ("unix://@a", "unix", "@a"),
            ("udp://example.com:53", "udp", "example.com:53"),
        ] {
            let dial = Dial::new(written).unwrap();
            assert_eq!((dial.scheme.as_deref(), dial.target().to_string().as_str()), (Some(scheme), shown));
        }
        for bad in ["", "-a", "a-", "a..b", "127.0.0.256", "a b", "*", "a/b", "1.2.3", &"a".repeat(64)] {
            let error = Dial::new(&format!("tcp://{bad}:80")).unwrap_err().to_string();
            assert!(error.contains(&format!("{bad:?} is no host; write a name as example.com")), "{error}");
        }
        for bad in ["tcp://example.com", "example.com:80", "tcp://example.com:http", "udp://@name"] {
            assert!(matches!(Dial::new(bad), Err(Error::Address { .. })), "{bad}");
        }
    }

    #[test]
    fn a_unix_name_is_as_long_as_the_kernel_takes_and_no_longer() {
        for prefix in ["unix:///", "unix://@"] {
            // The slash counts, the @ stands for a zero byte of its own.
            let longest = if prefix.ends_with('@') { 107 } else { 106 };
            assert!(format!("{prefix}{}", "a".repeat(longest)).parse::<Address>().is_ok());
            let error = format!("{prefix}{}", "a".repeat(longest + 1)).parse::<Address>().unwrap_err().to_string();
            assert!(error.ends_with("a name of 108 bytes is over the limit of 107"), "{error}");
        }
    }
}
