//! [`Proxy`]: a connection is made through another machine; and what is said to it before the connection is there.
//!
//! SOCKS5 (RFC 1928, with the login of RFC 1929) and the CONNECT of HTTP/1.1 (RFC 9110, section 9.3.6). Names are left to
//! the proxy to look up. What comes behind its last word belongs to the connection.

use super::{Endpoint, Target};
use base64::{Engine as _, engine::general_purpose::STANDARD};
use std::{fmt, net::IpAddr};

/// The longest head of an answer to CONNECT that is read, in bytes.
const HEAD_BYTES_MAX: usize = 8 << 10;

/// A machine through which connections are made: see [`Dial::through`](super::Dial::through).
///
/// # Example
///
/// ```
/// use wm_core::{Dial, Proxy};
///
/// let proxy = Proxy::new("socks5://127.0.0.1:1080")?.login("tom", "secret");
/// let dial = Dial::new("text://example.com:2347")?.through(proxy);
/// # Ok::<(), wm_core::Error>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Proxy {
    pub(crate) target: Target,
    pub(crate) kind: Kind,
    login: Option<(String, String)>,
}

/// What a proxy speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Socks5,
    Http,
}

impl Proxy {
    pub(crate) const fn of(target: Target, kind: Kind) -> Self {
        Self { target, kind, login: None }
    }

    /// With a name and a password, of 255 bytes at most. They are sent in the clear.
    #[must_use]
    pub fn login(mut self, name: impl Into<String>, password: impl Into<String>) -> Self {
        self.login = Some((name.into(), password.into()));
        self
    }
}

/// Without the password.
impl fmt::Debug for Proxy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.login.as_ref().map(|(name, _)| name);
        f.debug_struct("Proxy").field("target", &self.target).field("kind", &self.kind).field("login", &name).finish()
    }
}

/// What is wrong with a proxy, or with what is asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ProxyFault {
    /// It closed the connection, or spoke before it was asked.
    Silent,
    /// What it says is no answer of its protocol.
    Garbled,
    /// It wants a login, and has got none or one that it does not take.
    Login,
    /// It could not or would not connect: its reason, of SOCKS5 a reply code, of HTTP a status.
    Refused(u16),
    /// The connection leads to a Unix socket, or the name or the login is longer than its protocol can say.
    Unspeakable,
}

impl fmt::Display for ProxyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let socks = |code| match code {
            1 => "general failure",
            2 => "not allowed",
            3 => "network unreachable",
            4 => "host unreachable",
            5 => "nobody listens there",
            6 => "no answer in time",
            7 => "it does not connect for others",
            8 => "it does not know such addresses",
            _ => "a reason without a name",
        };
        match self {
            Self::Silent => f.write_str("the proxy has closed the connection, or does not wait to be asked"),
            Self::Garbled => f.write_str("the proxy does not speak the protocol of one"),
            Self::Login => f.write_str("the proxy wants a login, or another one"),
            Self::Refused(status @ 100..) => write!(f, "the proxy has answered with status {status}"),
            Self::Refused(code) => write!(f, "the proxy has answered: {} (reply {code})", socks(*code)),
            Self::Unspeakable => {
                f.write_str("a proxy cannot be asked for this: no IP address or name, or too long a one")
            }
        }
    }
}

/// What is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    Method,
    Login,
    Reply,
    Head,
}

/// What is said to a proxy before the connection is there.
#[derive(Debug)]
pub(super) struct Handshake {
    stage: Stage,
    /// What is still to be sent.
    out: Vec<u8>,
    /// How much of it has been sent.
    sent: usize,
    login: Option<Vec<u8>>,
    request: Vec<u8>,
}

impl Handshake {
    /// What is said to `proxy` so that it connects to `target`.
    pub(super) fn new(proxy: &Proxy, target: &Target) -> Result<Self, ProxyFault> {
        match proxy.kind {
            Kind::Socks5 => {
                let login = proxy.login.as_ref().map(|(name, password)| socks_login(name, password)).transpose()?;
                let methods: &[u8] = if login.is_some() { &[5, 2, 0, 2] } else { &[5, 1, 0] };
                let request = socks_request(target)?;
                Ok(Self { stage: Stage::Method, out: methods.to_vec(), sent: 0, login, request })
            }
            Kind::Http => {
                let out = http_request(target, proxy.login.as_ref())?;
                Ok(Self { stage: Stage::Head, out, sent: 0, login: None, request: Vec::new() })
            }
        }
    }

    /// What is to be sent.
    pub(super) fn outgoing(&self) -> &[u8] {
        &self.out[self.sent..]
    }

    /// So much of it has been sent.
    pub(super) fn sent(&mut self, count: usize) {
        self.sent = self.out.len().min(self.sent + count);
    }

    /// What has come so far and was not used. Says how many bytes are used by now, and whether the connection is there.
    pub(super) fn received(&mut self, bytes: &[u8]) -> Result<(usize, bool), ProxyFault> {
        let mut used = 0;
        loop {
            let rest = &bytes[used..];
            if !rest.is_empty() && !self.outgoing().is_empty() {
                return Err(ProxyFault::Silent);
            }
            let Some(answer) = self.answer(rest)? else { return Ok((used, false)) };
            used += answer;
            match self.stage {
                Stage::Reply | Stage::Head => return Ok((used, true)),
                Stage::Method | Stage::Login => {}
            }
            let login = if self.stage == Stage::Method { self.login.take() } else { None };
            (self.stage, self.out) = match login {
                Some(login) => (Stage::Login, login),
                None => (Stage::Reply, std::mem::take(&mut self.request)),
            };
            self.sent = 0;
        }
    }

    /// The length of the answer that `bytes` begin with, if it is there and good.
    fn answer(&mut self, bytes: &[u8]) -> Result<Option<usize>, ProxyFault> {
        match (self.stage, bytes) {
            (Stage::Method, [5, 0, ..]) => {
                self.login = None;
                Ok(Some(2))
            }
            (Stage::Method, [5, 2, ..]) if self.login.is_some() => Ok(Some(2)),
            (Stage::Method, [5, ..=254, ..]) => Err(ProxyFault::Garbled),
            (Stage::Method, [5, 255, ..]) => Err(ProxyFault::Login),
            (Stage::Login, [_, 0, ..]) => Ok(Some(2)),
            (Stage::Login, [_, _, ..]) => Err(ProxyFault::Login),
            (Stage::Method | Stage::Reply, [5]) | (Stage::Login, [_]) | (_, []) => Ok(None),
            (Stage::Reply, [5, 0, 0, rest @ ..]) => {
                let address = match rest {
                    [1, ..] => 1 + 4,
                    [4, ..] => 1 + 16,
                    [3, len, ..] => 2 + usize::from(*len),
                    [] | [3] => return Ok(None),
                    _ => return Err(ProxyFault::Garbled),
                };
                let all = 3 + address + 2;
                Ok((bytes.len() >= all).then_some(all))
            }
            (Stage::Reply, [5, 0]) => Ok(None),
            (Stage::Reply, [5, code, ..]) if *code != 0 => Err(ProxyFault::Refused((*code).into())),
            (Stage::Head, _) => http_answer(bytes),
            (Stage::Method | Stage::Reply, _) => Err(ProxyFault::Garbled),
        }
    }
}

/// RFC 1929: a version, the name and the password, each behind its length.
fn socks_login(name: &str, password: &str) -> Result<Vec<u8>, ProxyFault> {
    let mut login = vec![1];
    for text in [name, password] {
        login.push(u8::try_from(text.len()).map_err(|_| ProxyFault::Unspeakable)?);
        login.extend_from_slice(text.as_bytes());
    }
    Ok(login)
}

/// RFC 1928, section 4: connect to an address.
fn socks_request(target: &Target) -> Result<Vec<u8>, ProxyFault> {
    let mut request = vec![5, 1, 0];
    let port = match target {
        Target::At(Endpoint::Ip(address)) => {
            match address.ip() {
                IpAddr::V4(ip) => request.extend_from_slice(&[&[1][..], &ip.octets()].concat()),
                IpAddr::V6(ip) => request.extend_from_slice(&[&[4][..], &ip.octets()].concat()),
            }
            address.port()
        }
        Target::Named { host, port } => {
            request.extend_from_slice(&[3, u8::try_from(host.len()).map_err(|_| ProxyFault::Unspeakable)?]);
            request.extend_from_slice(host.as_bytes());
            *port
        }
        Target::At(_) => return Err(ProxyFault::Unspeakable),
    };
    request.extend_from_slice(&port.to_be_bytes());
    Ok(request)
}

fn http_request(target: &Target, login: Option<&(String, String)>) -> Result<Vec<u8>, ProxyFault> {
    if !matches!(target, Target::At(Endpoint::Ip(_)) | Target::Named { .. }) {
        return Err(ProxyFault::Unspeakable);
    }
    let mut request = format!("CONNECT {target} HTTP/1.1\r\nHost: {target}\r\n");
    if let Some((name, password)) = login {
        let login = STANDARD.encode(format!("{name}:{password}"));
        request.push_str(&format!("Proxy-Authorization: Basic {login}\r\n"));
    }
    request.push_str("\r\n");
    Ok(request.into_bytes())
}

/// The length of the head of an answer to CONNECT, if it is whole. It has no body: RFC 9110, section 9.3.6.
fn http_answer(bytes: &[u8]) -> Result<Option<usize>, ProxyFault> {
    let start = b"HTTP/1.";
    let known = start.len().min(bytes.len());
    if bytes[..known] != start[..known] {
        return Err(ProxyFault::Garbled);
    }
    let Some(end) = memchr::memmem::find(bytes, b"\r\n\r\n") else {
        return if bytes.len() < HEAD_BYTES_MAX { Ok(None) } else { Err(ProxyFault::Garbled) };
    };
    let status = bytes.get(9..12).and_then(|digits| std::str::from_utf8(digits).ok()?.parse::<u16>().ok());
    match status {
        Some(200..300) => Ok(Some(end + 4)),
        Some(407) => Err(ProxyFault::Login),
        Some(status @ 100..) => Err(ProxyFault::Refused(status)),
        _ => Err(ProxyFault::Garbled),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    type Outcome = Result<(usize, bool), ProxyFault>;

    fn name() -> Target {
        Target::Named { host: "example.com".into(), port: 80 }
    }

    fn place(address: &str) -> Target {
        Target::from(address.parse::<SocketAddr>().unwrap())
    }

    fn socks() -> Proxy {
        Proxy::of(place("127.0.0.1:1080"), Kind::Socks5)
    }

    /// What is said when a proxy answers so, and what comes of its last answer: in any pieces the same.
    fn talk(proxy: &Proxy, target: &Target, answers: &[&[u8]]) -> (Vec<Vec<u8>>, Outcome) {
        let mut handshake = Handshake::new(proxy, target).unwrap();
        let (mut said, mut last) = (Vec::new(), Ok((0, false)));
        for answer in answers {
            said.push(handshake.outgoing().to_vec());
            handshake.sent(1);
            handshake.sent(usize::MAX / 2);
            let mut used = 0;
            for end in 0..=answer.len() {
                last = handshake.received(&answer[used..end]);
                match last {
                    Ok((more, false)) => used += more,
                    Ok((more, true)) => return (said, Ok((used + more, true))),
                    Err(_) => return (said, last),
                }
            }
        }
        (said, last)
    }

    #[test]
    fn socks5_with_a_name_and_with_addresses() {
        let reply = b"\x05\0\0\x01\x7f\0\0\x01\x12\x34and more";
        let (said, last) = talk(&socks(), &name(), &[b"\x05\0", reply]);
        assert_eq!(said, [&b"\x05\x01\0"[..], b"\x05\x01\0\x03\x0bexample.com\0\x50"]);
        assert_eq!(last, Ok((10, true)), "what follows is not the proxy's");
        for (target, asked) in [
            ("10.0.0.1:258", &b"\x05\x01\0\x01\x0a\0\0\x01\x01\x02"[..]),
            ("[::1]:1", b"\x05\x01\0\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\x01"),
        ] {
            let (said, last) = talk(&socks(), &place(target), &[b"\x05\0", b"\x05\0\0\x03\x01a\0\0"]);
            assert_eq!((&*said[1], last), (asked, Ok((8, true))));
        }
    }

    #[test]
    fn socks5_with_a_login() {
        let proxy = socks().login("tom", "secret");
        let (said, last) = talk(&proxy, &name(), &[b"\x05\x02", b"\x01\0", b"\x05\0\0\x01\0\0\0\0\0\0"]);
        assert_eq!((&*said[0], &*said[1]), (&b"\x05\x02\0\x02"[..], &b"\x01\x03tom\x06secret"[..]));
        assert_eq!(last, Ok((10, true)));
        assert_eq!(talk(&proxy, &name(), &[b"\x05\x02", b"\x01\x01"]).1, Err(ProxyFault::Login));
        assert_eq!(talk(&socks(), &name(), &[b"\x05\xff"]).1, Err(ProxyFault::Login));
        assert!(!format!("{proxy:?}").contains("secret"));
    }

    #[test]
    fn http_connect() {
        let proxy = Proxy::of(place("127.0.0.1:8080"), Kind::Http).login("tom", "secret");
        let (said, last) = talk(&proxy, &name(), &[b"HTTP/1.1 200 OK\r\nVia: x\r\n\r\nand more"]);
        let asked = "CONNECT example.com:80 HTTP/1.1\r\nHost: example.com:80\r\n\
                     Proxy-Authorization: Basic dG9tOnNlY3JldA==\r\n\r\n";
        assert_eq!((std::str::from_utf8(&said[0]), last), (Ok(asked), Ok((27, true))));
        for (answer, fault) in [
            ("HTTP/1.1 407 Who are you\r\n\r\n", ProxyFault::Login),
            ("HTTP/1.0 502 Bad Gateway\r\n\r\n", ProxyFault::Refused(502)),
            ("SSH-2.0-x\r\n", ProxyFault::Garbled),
            ("HTTP/1.1 2OO OK\r\n\r\n", ProxyFault::Garbled),
        ] {
            assert_eq!(talk(&proxy, &name(), &[answer.as_bytes()]).1, Err(fault), "{answer}");
        }
        let endless = [&b"HTTP/1.1 200 OK\r\n"[..], &[b'x'; HEAD_BYTES_MAX]].concat();
        assert_eq!(talk(&proxy, &name(), &[&endless]).1, Err(ProxyFault::Garbled));
    }

    #[test]
    fn refusals_and_garbage() {
        for (answer, fault) in [
            (&b"\x05\x05\0\x01"[..], ProxyFault::Refused(5)),
            (b"\x04\0\0", ProxyFault::Garbled),
            (b"\x05\0\0\x02", ProxyFault::Garbled),
        ] {
            assert_eq!(talk(&socks(), &name(), &[b"\x05\0", answer]).1, Err(fault), "{answer:?}");
        }
        let mut eager = Handshake::new(&socks(), &name()).unwrap();
        assert_eq!(eager.received(b"\x05\0"), Err(ProxyFault::Silent), "it was not asked yet");
        let long = Target::Named { host: "a".repeat(256).into(), port: 1 };
        assert_eq!(Handshake::new(&socks(), &long).unwrap_err(), ProxyFault::Unspeakable);
        let unix = Target::from(Endpoint::Unnamed);
        for kind in [Kind::Socks5, Kind::Http] {
            assert_eq!(Handshake::new(&Proxy::of(name(), kind), &unix).unwrap_err(), ProxyFault::Unspeakable);
        }
    }
}
