//! Who is let in: what a driver asks before it accepts and after; and [`Crowd`]: how many connections come from where.

use super::{Endpoint, Engine, Handler};
use std::{
    collections::HashMap,
    net::{IpAddr, Ipv6Addr},
};

/// How many bits of an IPv6 address name a subscriber; the others each may choose at will (RFC 6177).
const IPV6_PREFIX_BITS: u32 = 64;

impl<H: Handler> Engine<H> {
    /// Whether peers are to be accepted. While they are not they wait in the backlog: the worker stops or has
    /// [paused](super::Context::pause_accept), or it has [`Limits::connections_max`](super::Limits::connections_max) connections.
    #[must_use]
    pub fn accepts(&self) -> bool {
        let super::World { stop_wanted, accept_paused, unlistened, .. } = self.world;
        let full = self.world.table.len() >= self.world.limits.connections_max;
        !(stop_wanted || accept_paused || unlistened || full)
    }

    /// Whether a peer that was accepted may stay; else it is to be closed at once, see
    /// [`Limits::connections_per_ip_max`](super::Limits::connections_per_ip_max).
    pub fn admits(&mut self, remote: &Endpoint) -> bool {
        let admitted = self.world.crowd.admits(remote);
        if !admitted {
            self.world.turn_away(remote);
        }
        admitted
    }

    /// Whether the worker wants no peers any more: see [`Context::unlisten`](super::Context::unlisten).
    #[must_use]
    pub const fn is_unlistened(&self) -> bool {
        self.world.unlistened
    }
}

/// How many connections come from where. Nothing is counted while there is no limit.
#[derive(Debug)]
pub(super) struct Crowd {
    limit: usize,
    counts: HashMap<IpAddr, usize>,
}

impl Crowd {
    pub(super) fn new(limit: usize) -> Self {
        Self { limit, counts: HashMap::new() }
    }

    /// Whether one more may come from there. Who comes through a Unix socket is of this machine, and not counted.
    pub(super) fn admits(&self, remote: &Endpoint) -> bool {
        self.key(remote).is_none_or(|key| self.counts.get(&key).copied().unwrap_or_default() < self.limit)
    }

    pub(super) fn enter(&mut self, remote: &Endpoint) {
        if let Some(key) = self.key(remote) {
            *self.counts.entry(key).or_default() += 1;
        }
    }

    pub(super) fn leave(&mut self, remote: &Endpoint) {
        let Some(key) = self.key(remote) else { return };
        if let Some(count) = self.counts.get_mut(&key) {
            *count -= 1;
            if *count == 0 {
                self.counts.remove(&key);
            }
        }
    }

    fn key(&self, remote: &Endpoint) -> Option<IpAddr> {
        if self.limit == usize::MAX {
            return None;
        }
        remote.ip().map(|ip| match ip {
            IpAddr::V4(_) => ip,
            IpAddr::V6(ip) => {
                let mask = u128::MAX << (Ipv6Addr::BITS - IPV6_PREFIX_BITS);
                IpAddr::V6(Ipv6Addr::from_bits(ip.to_bits() & mask))
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::SocketAddr;

    fn at(address: &str) -> Endpoint {
        address.parse::<SocketAddr>().unwrap().into()
    }

    #[test]
    fn ports_do_not_count_and_an_ipv6_subscriber_is_one() {
        for (first, second, same) in [
            ("192.0.2.1:1", "192.0.2.1:2", true),
            ("192.0.2.1:1", "192.0.2.2:1", false),
            ("192.0.2.1:1", "[::ffff:192.0.2.1]:1", true),
            ("[2001:db8:0:1::1]:1", "[2001:db8:0:1:ffff::2]:1", true),
            ("[2001:db8:0:1::1]:1", "[2001:db8:0:2::1]:1", false),
        ] {
            let mut crowd = Crowd::new(1);
            crowd.enter(&at(first));
            assert_eq!(crowd.admits(&at(second)), !same, "{first} {second}");
            crowd.leave(&at(first));
            assert!(crowd.admits(&at(second)) && crowd.counts.is_empty());
        }
    }

    #[test]
    fn without_a_limit_and_of_unix_sockets_nothing_is_kept() {
        let mut crowd = Crowd::new(usize::MAX);
        crowd.enter(&at("192.0.2.1:1"));
        assert!(crowd.counts.is_empty() && crowd.admits(&at("192.0.2.1:1")));
        let mut crowd = Crowd::new(0);
        crowd.enter(&Endpoint::Unnamed);
        assert!(crowd.counts.is_empty() && crowd.admits(&Endpoint::Unnamed) && !crowd.admits(&at("192.0.2.1:1")));
    }
}
