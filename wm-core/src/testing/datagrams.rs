//! Datagrams of a made-up world: they come whole, in any order, twice or not at all.

use super::{
    driver::Driver,
    faults::Count,
    network::{Event, Network},
};
use crate::{
    engine::{ConnectionId, Handler},
    protocol::{Decoded, Input, Protocol},
};
use bytes::BytesMut;
use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    fmt, mem,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
};

/// The first port from which the workers of a world make connections of datagrams.
const LINK_PORT_MIN: u16 = 40_000;

/// A datagram, and between whom.
#[derive(Debug, Clone)]
pub(super) struct Datagram {
    from: SocketAddr,
    to: SocketAddr,
    bytes: Vec<u8>,
}

/// All datagrams of a network, and where they may go.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    /// All that were ever sent.
    flying: Vec<Datagram>,
    /// The addresses of workers, and what has come for each.
    sites: BTreeMap<SocketAddr, (usize, VecDeque<Datagram>)>,
    /// What has come for each peer that there is.
    peers: BTreeMap<SocketAddr, Vec<(SocketAddr, Vec<u8>)>>,
    links: u16,
}

impl Network {
    /// A worker takes what is sent to an address.
    pub(super) fn listen_for_datagrams(&mut self, site: usize, at: SocketAddr) {
        self.datagrams.sites.insert(at, (site, VecDeque::new()));
    }

    /// An address of its own for a worker's connection.
    fn link(&mut self, site: usize) -> SocketAddr {
        let port = LINK_PORT_MIN + self.datagrams.links;
        self.datagrams.links = (self.datagrams.links + 1) % (u16::MAX - LINK_PORT_MIN);
        let local = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        self.listen_for_datagrams(site, local);
        local
    }

    fn unlink(&mut self, local: SocketAddr) {
        self.datagrams.sites.remove(&local);
    }

    /// Where the first worker takes datagrams.
    fn first_worker(&self) -> Option<SocketAddr> {
        self.datagrams.sites.iter().find(|(_, (site, _))| *site == 0).map(|(at, _)| *at)
    }

    fn send_datagram(&mut self, datagram: Datagram) {
        let number = self.datagrams.flying.len();
        self.note("datagram sent", number, datagram.bytes.len());
        self.tally[Count::DatagramsSent] += 1;
        self.datagrams.flying.push(datagram);
        let (losses, copies) = (self.faults.losses, self.faults.copies);
        if self.dice.chance(losses) {
            self.tally[Count::DatagramsLost] += 1;
            return;
        }
        self.enter(Event::Datagram(number));
        if self.dice.chance(copies) {
            self.tally[Count::DatagramCopies] += 1;
            self.enter(Event::Datagram(number));
        }
    }

    /// A datagram arrives; where nobody is, it is lost.
    pub(super) fn deliver(&mut self, number: usize) {
        let datagram = self.datagrams.flying[number].clone();
        self.note("datagram comes", number, datagram.bytes.len());
        if let Some((_, arrived)) = self.datagrams.sites.get_mut(&datagram.to) {
            arrived.push_back(datagram);
        } else if let Some(received) = self.datagrams.peers.get_mut(&datagram.to) {
            received.push((datagram.from, datagram.bytes));
        } else {
            self.tally[Count::DatagramsLost] += 1;
        }
    }

    /// Whether there is a datagram for a worker.
    pub(super) fn has_datagrams(&self, site: usize) -> bool {
        self.datagrams.sites.values().any(|(of, arrived)| *of == site && !arrived.is_empty())
    }

    /// The datagrams that have come for a worker.
    fn take_datagrams(&mut self, site: usize) -> Vec<Datagram> {
        let ours = self.datagrams.sites.values_mut().filter(|(of, _)| *of == site);
        ours.flat_map(|(_, arrived)| mem::take(arrived)).collect()
    }
}

impl<H: Handler> Driver<H> {
    /// A connection of datagrams is there at once.
    pub(super) fn link(&mut self, id: ConnectionId, attempt: u32) {
        let local = self.network.borrow_mut().link(self.site);
        self.links.insert(id, local);
        if !self.engine.connected(id, attempt, local, self.now) {
            self.unlink(id);
        }
    }

    pub(super) fn unlink(&mut self, id: ConnectionId) {
        if let Some(local) = self.links.remove(&id) {
            self.network.borrow_mut().unlink(local);
        }
    }

    /// Takes what has come.
    ///
    /// # Errors
    ///
    /// A datagram was neither handed out nor counted as a bad one.
    pub(super) fn receive_datagrams(&mut self) -> Result<(), String> {
        let arrived = self.network.borrow_mut().take_datagrams(self.site);
        for Datagram { from, to, mut bytes } in arrived {
            let seen = |traffic: crate::engine::Traffic| traffic.frames_in + traffic.frames_skipped;
            let before = seen(self.engine.tally().traffic);
            let len = bytes.len();
            let link = self.links.iter().find(|(_, local)| **local == to).map(|(id, _)| *id);
            let wanted = link.map_or_else(|| self.engine.accepts(), |id| self.engine.wants_more(id));
            if !wanted {
                // The kernel keeps some; of a peer that goes on, it loses the others.
                self.network.borrow_mut().tally[Count::DatagramsLost] += 1;
                continue;
            }
            let there = len.min(self.engine.datagram_bytes_max());
            match link {
                Some(id) => self.engine.datagram_of(id, &mut bytes[..there], len, self.now),
                None => self.engine.datagram(from, to, &mut bytes[..there], len, self.now),
            }
            if seen(self.engine.tally().traffic) == before && self.engine.panics() == 0 {
                return Err(format!("a datagram of {len} bytes from {from} has vanished"));
            }
        }
        Ok(())
    }

    /// Sends what waits where the worker listens.
    pub(super) fn send_datagrams(&mut self) {
        let from = self.network.borrow().first_worker().unwrap_or_else(|| SocketAddr::from(([0; 4], 0)));
        let from = self.listens.unwrap_or(from);
        loop {
            let next = self.engine.datagrams().next();
            let Some((to, bytes)) = next.map(|(to, bytes)| (to, bytes.to_vec())) else { return };
            let datagram = Datagram { from, to, bytes };
            if self.fails() {
                self.engine.datagram_failed(std::io::Error::other("no buffer space available"), self.now);
            } else {
                self.network.borrow_mut().send_datagram(datagram);
                self.engine.datagrams_sent(1, self.now);
            }
        }
    }

    /// Sends the next datagram of a connection. Says whether it is one of datagrams.
    pub(super) fn write_datagram(&mut self, id: ConnectionId) -> bool {
        let Some(from) = self.links.get(&id).copied() else { return false };
        let bytes = self.engine.outgoing(id).to_vec();
        let to = self.engine.remote(id);
        if let Some(to) = to.filter(|_| !bytes.is_empty()) {
            if self.fails() {
                self.engine.failed(id, std::io::Error::other("no buffer space available"), self.now);
            } else {
                let count = bytes.len();
                self.network.borrow_mut().send_datagram(Datagram { from, to, bytes });
                self.engine.sent(id, count, self.now);
            }
        }
        true
    }

    fn fails(&self) -> bool {
        let network = &mut *self.network.borrow_mut();
        let fails = network.dice.chance(network.faults.write_failures);
        network.tally[Count::WriteFailures] += u64::from(fails);
        fails
    }
}

/// A program with a socket for datagrams, in a made-up world. It speaks `P`: a datagram is a message.
pub struct DatagramPeer<P> {
    network: Rc<RefCell<Network>>,
    address: SocketAddr,
    protocol: std::marker::PhantomData<P>,
}

impl<P: Protocol + Default> DatagramPeer<P> {
    pub(super) fn new(network: Rc<RefCell<Network>>, at: Option<SocketAddr>) -> Self {
        let mut net = network.borrow_mut();
        let count = u32::try_from(net.datagrams.peers.len()).unwrap_or_default();
        let own = SocketAddr::from((Ipv4Addr::from_bits(0x0a80_0001 + count), 5353));
        let address = at.unwrap_or(own);
        net.datagrams.peers.insert(address, Vec::new());
        drop(net);
        Self { network, address, protocol: std::marker::PhantomData }
    }

    /// Where the worker sees it.
    #[must_use]
    pub const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends a message to where the worker listens.
    ///
    /// # Panics
    ///
    /// It cannot be put on the wire, or the worker does not listen for datagrams.
    pub fn send<'m>(&self, message: impl Into<P::Out<'m>>) {
        let to = self.network.borrow().first_worker();
        self.send_to(to.expect("the worker listens for datagrams"), message);
    }

    /// Sends a message to an address: that of a connection which the worker has made, as [`received`](Self::received) says.
    ///
    /// # Panics
    ///
    /// It cannot be put on the wire.
    pub fn send_to<'m>(&self, to: SocketAddr, message: impl Into<P::Out<'m>>) {
        let mut bytes = BytesMut::new();
        let encoded = P::default().encode(&message.into(), &mut bytes);
        encoded.unwrap_or_else(|error| panic!("{self:?} cannot send this: {error}"));
        self.network.borrow_mut().send_datagram(Datagram { from: self.address, to, bytes: bytes.to_vec() });
    }

    /// Sends bytes as they are, to where the worker listens.
    ///
    /// # Panics
    ///
    /// The worker does not listen for datagrams.
    pub fn send_raw(&self, bytes: &[u8]) {
        let to = self.network.borrow().first_worker().expect("the worker listens for datagrams");
        self.network.borrow_mut().send_datagram(Datagram { from: self.address, to, bytes: bytes.to_vec() });
    }

    /// The messages that have come since it was last asked, as `take` sees them, with their senders.
    ///
    /// # Panics
    ///
    /// A datagram that has come is no message.
    pub fn received<R>(&self, mut take: impl FnMut(SocketAddr, P::In<'_>) -> R) -> Vec<R> {
        let received = self.network.borrow_mut().datagrams.peers.get_mut(&self.address).map(mem::take);
        let mut messages = Vec::new();
        for (from, mut bytes) in received.unwrap_or_default() {
            let mut protocol = P::default();
            let whole = protocol.input(&bytes) == Ok(Input::Frame(bytes.len()));
            assert!(whole, "{self:?} has got what is no message: {bytes:?}");
            match protocol.decode(&mut bytes, &mut BytesMut::new()) {
                Ok(Decoded::Message(message)) => messages.push(take(from, message)),
                Ok(Decoded::Handled) => {}
                Err(error) => panic!("{self:?} has got garbage: {error}"),
            }
        }
        messages
    }
}

impl<P> fmt::Debug for DatagramPeer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("DatagramPeer").field(&self.address).finish()
    }
}
