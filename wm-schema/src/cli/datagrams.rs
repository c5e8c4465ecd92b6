//! Messages in datagrams of UDP: each holds one, and whoever has sent it is answered.

use super::Outcome;
use super::peer::address;
use super::serve::Service;
use super::terminal::{say, without_number};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use wm_schema::ir::Schema;

/// As much as a datagram holds, and a byte more.
const DATAGRAM_BYTES: usize = 1 << 16;

/// What messages travel by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Transport {
    /// A TCP connection.
    Stream,
    /// A datagram each.
    Datagrams,
}

impl Transport {
    /// As an address says, `udp://127.0.0.1:9301`, or else the schema; what contradicts the schema is said aloud.
    pub(crate) fn of(schema: &Schema, address: &str) -> Result<Self, Outcome> {
        let said = address.split_once("://").map(|(scheme, _)| scheme == "udp");
        let why = match (said, schema.is_of_datagrams()) {
            (Some(false), true) => "each of its messages is a datagram: write `udp://`",
            (Some(true), _) if schema.session.is_some() => "it has a session, which needs a connection",
            (Some(true), _) | (None, true) => return Ok(Self::Datagrams),
            (Some(false) | None, false) => return Ok(Self::Stream),
        };
        say(&format!("wm-schema: {} cannot travel by {address}: {why}\n", schema.name));
        Err(Outcome::Unable)
    }
}

/// A socket whose datagrams go to `address`, and come from there alone.
pub(crate) fn connect(address: SocketAddr) -> io::Result<UdpSocket> {
    let any: IpAddr = if address.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((any, 0))?;
    socket.connect(address)?;
    Ok(socket)
}

/// Answers datagrams, one or all.
pub(crate) fn serve(service: &Service<'_>, text: &str, once: bool) -> Result<Outcome, Outcome> {
    if !service.greetings.is_empty() {
        say("wm-schema: nobody connects who sends datagrams: --greet has nobody to greet\n");
        return Err(Outcome::Unable);
    }
    let address = address(text, service.schema.port).map_err(|mistake| {
        say(&format!("wm-schema: {mistake}\n"));
        Outcome::Unable
    })?;
    let unable = |doing: &str, error: &io::Error| {
        say(&format!("wm-schema: cannot {doing} {address}: {}\n", without_number(error)));
        Outcome::Unable
    };
    let socket = UdpSocket::bind(address).map_err(|error| unable("listen on", &error))?;
    let place = socket.local_addr().unwrap_or(address);
    say(&format!("wm-schema: serving {} on udp://{place}; Ctrl-C ends it\n", service.schema.name));
    let mut room = vec![0; DATAGRAM_BYTES];
    loop {
        let (len, peer) = match socket.recv_from(&mut room) {
            Ok(received) => received,
            // Of a datagram that was sent before: nobody was there.
            Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::ConnectionRefused) => {
                continue;
            }
            Err(error) => return Err(unable("receive on", &error)),
        };
        let who = peer.to_string();
        let send = |bytes: &[u8]| socket.send_to(bytes, peer).map(drop);
        let outcome = service.datagram(room[..len].to_vec(), &who, send).unwrap_or_else(|error| {
            say(&format!("{who} {}\n", without_number(&error)));
            Outcome::Bad
        });
        if once {
            return Ok(outcome);
        }
    }
}
