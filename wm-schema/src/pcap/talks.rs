//! Which datagrams belong together, and which side is the client.

use super::Datagram;
use std::collections::HashMap;
use std::net::SocketAddr;

/// The datagrams between two ends.
#[derive(Debug)]
pub(crate) struct Talk {
    /// Who asks: whoever has not the port of the server, or else whoever was seen first.
    pub(crate) client: SocketAddr,
    /// Who is asked.
    pub(crate) server: SocketAddr,
    /// Whether the ports did not tell them apart.
    pub(crate) guessed: bool,
    /// In the order of the capture.
    pub(crate) datagrams: Vec<Datagram>,
}

/// All datagrams by their ends, in the order of the first ones; `port` is that of the server, if it is known.
pub(crate) fn talks(datagrams: Vec<Datagram>, port: Option<u16>) -> Vec<Talk> {
    let mut talks: Vec<Talk> = Vec::new();
    let mut known: HashMap<[SocketAddr; 2], usize> = HashMap::new();
    for datagram in datagrams {
        let (from, to) = (datagram.from, datagram.to);
        let ends = if from <= to { [from, to] } else { [to, from] };
        let index = *known.entry(ends).or_insert_with(|| {
            let [asks, answers] = [from, to].map(|end| port == Some(end.port()));
            let (client, server) = if asks && !answers { (to, from) } else { (from, to) };
            talks.push(Talk { client, server, guessed: asks == answers, datagrams: Vec::new() });
            talks.len() - 1
        });
        talks[index].datagrams.push(datagram);
    }
    talks
}

#[cfg(test)]
mod tests {
    use super::{Datagram, talks};
    use std::net::SocketAddr;
    use std::time::Duration;

    fn end(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn datagram(from: u16, to: u16) -> Datagram {
        Datagram { time: Duration::ZERO, from: end(from), to: end(to), data: vec![1], missing: 0 }
    }

    #[test]
    fn the_port_tells_the_server() {
        for (port, from, to, client, guessed) in [
            (Some(53), 9000, 53, 9000, false),
            (Some(53), 53, 9000, 9000, false),
            (Some(53), 53, 53, 53, true),
            (Some(53), 80, 9000, 80, true),
            (None, 9000, 80, 9000, true),
        ] {
            let found = talks(vec![datagram(from, to), datagram(to, from)], port);
            assert_eq!((found[0].client, found[0].guessed), (end(client), guessed), "{port:?} {from} {to}");
            assert_eq!(found[0].datagrams.len(), 2 * found.len(), "one talk");
        }
    }

    #[test]
    fn each_client_talks_for_itself() {
        let found = talks(vec![datagram(1, 53), datagram(2, 53), datagram(53, 1), datagram(53, 2)], Some(53));
        let clients: Vec<_> = found.iter().map(|talk| (talk.client.port(), talk.datagrams.len())).collect();
        assert_eq!(clients, [(1, 2), (2, 2)]);
    }
}
