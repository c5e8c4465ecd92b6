//! Which segments belong together, and which side is the client.

use super::Segment;
use super::stream::{Half, Stream};
use std::collections::HashMap;
use std::net::SocketAddr;
use std::time::Duration;

/// A TCP connection.
#[derive(Debug)]
pub(crate) struct Conversation {
    /// Who connected.
    pub(crate) client: SocketAddr,
    /// Who was connected to.
    pub(crate) server: SocketAddr,
    /// Whether the beginning was seen; if not, the ports decide who is who.
    pub(crate) seen_opening: bool,
    /// When its first segment was seen.
    pub(crate) start: Duration,
    /// What the client has sent.
    pub(crate) from_client: Stream,
    /// What the server has sent.
    pub(crate) from_server: Stream,
}

/// A connection that is being put together: its ends in the order of their addresses.
#[derive(Debug)]
struct Open {
    ends: [SocketAddr; 2],
    halves: [Half; 2],
    /// Which of them is the client.
    client: Option<usize>,
    start: Duration,
}

/// All connections, in the order of their first segments; `port` is that of the server, if it is known.
pub(crate) fn conversations(segments: Vec<Segment>, port: Option<u16>) -> Vec<Conversation> {
    let mut open: Vec<Open> = Vec::new();
    let mut latest: HashMap<[SocketAddr; 2], usize> = HashMap::new();
    for segment in segments {
        let ends = if segment.from <= segment.to { [segment.from, segment.to] } else { [segment.to, segment.from] };
        let sender = usize::from(segment.from != ends[0]);
        let known = latest.get(&ends).copied().filter(|index| !is_reused(&open[*index], sender, &segment));
        let index = known.unwrap_or_else(|| {
            let halves = [Half::default(), Half::default()];
            open.push(Open { ends, halves, client: None, start: segment.time });
            open.len() - 1
        });
        latest.insert(ends, index);
        open[index].take(sender, segment);
    }
    open.into_iter().map(|open| open.close(port)).collect()
}

/// Whether a segment opens another connection between the same ports.
fn is_reused(open: &Open, sender: usize, segment: &Segment) -> bool {
    let opens = segment.syn && !segment.ack;
    let is_again = open.halves[sender].syn() == Some(segment.sequence);
    let is_used = open.halves.iter().any(|half| half.syn().is_some() || !half.is_empty());
    opens && !is_again && is_used
}

impl Open {
    fn take(&mut self, sender: usize, segment: Segment) {
        if segment.syn {
            self.halves[sender].synchronised(segment.sequence);
            self.client = Some(if segment.ack { 1 - sender } else { sender });
        }
        let first = segment.sequence.wrapping_add(u32::from(segment.syn));
        if segment.fin {
            self.halves[sender].finished(first, segment.data.len());
        }
        self.halves[sender].push(first, segment.time, segment.data);
    }

    fn close(self, port: Option<u16>) -> Conversation {
        let [first, second] = self.ends;
        let client = self.client.unwrap_or_else(|| {
            // Servers have the port of the protocol, or else the lower one: clients are given high ones.
            let is_server = |end: SocketAddr| port == Some(end.port());
            usize::from(!is_server(second) && (is_server(first) || first.port() < second.port()))
        });
        let [one, other] = self.halves.map(Half::assemble);
        let (from_client, from_server) = if client == 0 { (one, other) } else { (other, one) };
        Conversation {
            client: self.ends[client],
            server: self.ends[1 - client],
            seen_opening: self.client.is_some(),
            start: self.start,
            from_client,
            from_server,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Segment, conversations};
    use std::net::SocketAddr;
    use std::time::Duration;

    fn end(port: u16) -> SocketAddr {
        ([127, 0, 0, 1], port).into()
    }

    fn segment(from: u16, to: u16, flags: &str, sequence: u32, data: &str) -> Segment {
        Segment {
            time: Duration::ZERO,
            from: end(from),
            to: end(to),
            sequence,
            syn: flags.contains('S'),
            fin: flags.contains('F'),
            ack: flags.contains('A'),
            data: data.as_bytes().to_vec(),
        }
    }

    #[test]
    fn who_connects_is_the_client() {
        // The port of the client is the lower one.
        let segments = vec![
            segment(80, 9000, "S", 10, ""),
            segment(9000, 80, "SA", 70, ""),
            segment(9000, 80, "A", 71, "answer"),
            segment(80, 9000, "A", 11, "question"),
        ];
        let found = conversations(segments, None);
        assert_eq!((found.len(), found[0].client, found[0].server), (1, end(80), end(9000)));
        assert_eq!(found[0].from_client.bytes, b"question");
        assert_eq!(found[0].from_server.bytes, b"answer");
        assert!(found[0].seen_opening);
    }

    #[test]
    fn an_end_counts_where_all_in_front_of_it_was_seen() {
        let segments = |last: &str| {
            vec![
                segment(9000, 80, "S", 10, ""),
                segment(9000, 80, "FA", 14, last),
                segment(9000, 80, "A", 11, "one"),
                segment(80, 9000, "A", 71, "answer"),
            ]
        };
        for (last, sent) in [("two", "onetwo"), ("", "one")] {
            let found = conversations(segments(last), None);
            assert_eq!((&found[0].from_client.bytes[..], found[0].from_client.ended), (sent.as_bytes(), true));
            assert!(!found[0].from_server.ended, "no end was seen");
        }
        let mut cut = segments("two");
        cut.remove(2);
        assert!(!conversations(cut, None)[0].from_client.ended, "there is a gap in front of it");
    }

    #[test]
    fn else_the_ports_decide() {
        for (port, client) in [(None, 9000), (Some(80), 9000), (Some(9000), 80), (Some(5), 9000)] {
            for (from, to) in [(80, 9000), (9000, 80)] {
                let found = conversations(vec![segment(from, to, "A", 1, "x")], port);
                assert_eq!((found[0].client, found[0].seen_opening), (end(client), false), "{port:?} {from}");
            }
        }
    }

    #[test]
    fn ports_are_used_again() {
        let segments = vec![
            segment(9000, 80, "S", 10, ""),
            segment(9000, 80, "S", 10, ""),
            segment(9000, 80, "A", 11, "first"),
            segment(9000, 80, "S", 500, ""),
            segment(80, 9000, "SA", 900, ""),
            segment(9000, 80, "A", 501, "second"),
            segment(9001, 80, "A", 501, "other"),
        ];
        let found = conversations(segments, None);
        let sent: Vec<&[u8]> = found.iter().map(|conversation| conversation.from_client.bytes.as_slice()).collect();
        assert_eq!(sent, [&b"first"[..], b"second", b"other"]);
    }
}
