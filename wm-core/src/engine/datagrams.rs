//! Datagrams: one is a message, and what is sent is one each.
//!
//! Where a worker listens for them there are no connections. A datagram gets a [`Transport::Guest`] for as long as its
//! callback runs, a connection like others but for its end; what is sent to it waits in one queue for all. A connection
//! that the worker makes to a peer is a [`Transport::Line`], and lives until it is closed.
//!
//! What is no message is thrown away, counted and told: nothing that comes ends anything.

use super::{
    Connection, ConnectionError, ConnectionId, Context, Endpoint, Engine, Handler, Sent,
    sending::Draft,
    world::{Change, Notice, Running, Slot, World},
};
use crate::{
    protocol::{Decoded, Input, Protocol},
    wire::{DecodeError, EncodeError},
};
use bytes::{Buf, BytesMut};
use std::{collections::VecDeque, error, fmt, io, net::SocketAddr, time::Instant};

/// The largest datagram, that of IPv4: 65535 bytes less the heads of IP and UDP.
pub(super) const DATAGRAM_BYTES_MAX: usize = 65_507;

/// How the bytes of a connection travel.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Transport {
    /// As a stream.
    Stream,
    /// It is the sender of one datagram, which has come to where the worker listens.
    Guest,
    /// As datagrams to one peer. How long those in its send queue are, its [`Outgoing`](super::outgoing::Outgoing) knows.
    Line,
}

/// What is to be sent from where the worker listens for datagrams.
#[derive(Debug, Default)]
pub(super) struct Datagrams {
    /// Whether it does.
    served: bool,
    bytes: BytesMut,
    queue: VecDeque<(SocketAddr, usize)>,
    /// The driver knows that there is something.
    told: bool,
    /// One was refused since there was no room.
    refused: bool,
    /// The senders of datagrams that are there until the callbacks are done.
    guests: Vec<ConnectionId>,
}

impl Datagrams {
    pub(super) fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    /// Throws away what is queued. Says how many there were.
    pub(super) fn clear(&mut self) -> usize {
        let left = self.queue.len();
        (self.bytes, self.queue) = (BytesMut::new(), VecDeque::new());
        left
    }
}

/// What is wrong with a datagram. It is thrown away; the next one is another matter.
#[derive(Debug)]
#[non_exhaustive]
pub enum DatagramFault {
    /// One that has come breaks a rule of the protocol.
    Bad(DecodeError),
    /// One that has come is longer than a frame may be.
    TooLong {
        /// Its length in bytes.
        found: usize,
        /// The most that the worker takes.
        limit: usize,
    },
    /// One that has come ends in the middle of a message.
    Truncated {
        /// Its length in bytes.
        have: usize,
        /// How many more the message would have taken, at least.
        needed: usize,
    },
    /// In one that has come, something follows the message. The message was not handed out.
    Trailing {
        /// The length of the message in bytes.
        used: usize,
        /// How many follow.
        left: usize,
    },
    /// A message that was to be sent is longer than a datagram can be, or it is of no bytes. It was refused.
    Unfit {
        /// Its length in bytes.
        found: usize,
        /// The most that a datagram holds.
        limit: usize,
    },
    /// The kernel did not send one: the peer has no route, or the datagram is larger than the way.
    Unsent(io::Error),
}

impl DatagramFault {
    /// Whether the datagram counts as one that was thrown away; the others were never any.
    pub(super) const fn is_counted(&self) -> bool {
        !matches!(self, Self::Unfit { .. })
    }
}

impl fmt::Display for DatagramFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bad(error) => write!(f, "bad datagram: {error}"),
            Self::TooLong { found, limit } => {
                write!(f, "bad datagram: {found} bytes are over the limit of {limit}")
            }
            Self::Truncated { have, needed } => {
                write!(
                    f,
                    "bad datagram: it ends in the middle of a message, {have} bytes came, {needed} more are needed"
                )
            }
            Self::Trailing { used, left } => {
                write!(f, "bad datagram: {left} bytes follow a message of {used}, a datagram holds one message")
            }
            Self::Unfit { found: 0, .. } => f.write_str("message not sent: an empty datagram is no message"),
            Self::Unfit { found, limit } => {
                write!(f, "message not sent: {found} bytes do not fit a datagram, which holds {limit}")
            }
            Self::Unsent(error) => write!(f, "datagram not sent: {error}"),
        }
    }
}

impl error::Error for DatagramFault {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Bad(error) => Some(error),
            Self::Unsent(error) => Some(error),
            Self::TooLong { .. } | Self::Truncated { .. } | Self::Trailing { .. } | Self::Unfit { .. } => None,
        }
    }
}

impl<P, S> Slot<P, S> {
    /// Whether it is the sender of one datagram.
    pub(super) const fn is_guest(&self) -> bool {
        matches!(self.transport, Transport::Guest)
    }

    /// Whether its bytes travel as a stream.
    pub(super) const fn is_stream(&self) -> bool {
        matches!(self.transport, Transport::Stream)
    }

    /// What is to be sent at once: of datagrams, the next one.
    pub(super) fn next_out(&self) -> &[u8] {
        match (self.transport, &self.outgoing) {
            (Transport::Line, Some(outgoing)) => {
                &self.outbox[..outgoing.datagrams.front().copied().unwrap_or_default()]
            }
            _ => &self.outbox,
        }
    }

    /// The lengths of the datagrams in the send queue.
    pub(super) fn lengths(&mut self) -> Option<&mut VecDeque<usize>> {
        self.outgoing.as_deref_mut().map(|outgoing| &mut outgoing.datagrams)
    }
}

impl<P: Protocol, S> World<P, S> {
    /// Appends what `write` writes to the queue of datagrams of a connection, within its limit.
    pub(super) fn queue_datagram(
        &mut self,
        id: ConnectionId,
        frames: u64,
        write: impl FnOnce(&mut P, &mut BytesMut) -> Result<(), EncodeError>,
    ) -> Sent {
        let (limit, high) = (self.limits.send_queue_bytes_max, self.limits.send_high_bytes);
        let Some(slot) = self.table.get_mut(id.slot()) else { return Sent::Refused };
        let out = if slot.is_guest() { &mut self.datagrams.bytes } else { &mut slot.outbox };
        let before = out.len();
        let draft = Draft::new(out);
        let written = write(&mut slot.protocol, draft.out);
        let (found, queued) = (draft.out.len() - before, draft.out.len());
        let fault = match written {
            Err(error) => Some(ConnectionError::Encode(error)),
            Ok(()) if found == 0 || found > DATAGRAM_BYTES_MAX => {
                Some(ConnectionError::Datagram(DatagramFault::Unfit { found, limit: DATAGRAM_BYTES_MAX }))
            }
            Ok(()) => None,
        };
        if let Some(fault) = fault {
            drop(draft);
            self.report(id, fault);
            return Sent::Refused;
        }
        if queued > limit {
            drop(draft);
            if !slot.is_guest() {
                return self.refuse_full(id);
            }
            if !std::mem::replace(&mut self.datagrams.refused, true) {
                self.report(id, ConnectionError::SendQueueFull { queued: before, limit });
            }
            return Sent::Refused;
        }
        draft.keep();
        slot.traffic.frames_out += frames;
        self.totals.frames_out += frames;
        match slot.transport {
            Transport::Line => {
                if let Some(lengths) = slot.lengths() {
                    lengths.push_back(found);
                }
                let sent = self.grew(id);
                self.said(id);
                return sent;
            }
            Transport::Guest => {
                let Some(to) = slot.remote.socket_addr() else { return Sent::Refused };
                self.datagrams.queue.push_back((to, found));
            }
            Transport::Stream => {}
        }
        if !std::mem::replace(&mut self.datagrams.told, true) {
            self.changes.push_back(Change::Datagrams);
        }
        if queued >= high { Sent::Full } else { Sent::Queued }
    }

    /// A datagram is no message.
    fn skip_datagram(&mut self, id: ConnectionId, bytes: usize, fault: DatagramFault) {
        if let Some(slot) = self.slot(id) {
            slot.traffic.frames_skipped += 1;
            slot.traffic.bytes_skipped += bytes as u64;
        }
        self.totals.frames_skipped += 1;
        self.totals.bytes_skipped += bytes as u64;
        self.notices.push_back(Notice::Error(id, ConnectionError::Datagram(fault)));
    }

    /// A connection for as long as the callbacks of this input run.
    fn welcome_guest(&mut self, protocol: P, session: S, remote: SocketAddr, local: Endpoint) -> ConnectionId {
        let id = self.insert_guest(protocol, session, remote.into(), local);
        self.datagrams.guests.push(id);
        id
    }

    /// The callbacks are done.
    pub(super) fn dismiss_guests(&mut self) {
        while let Some(id) = self.datagrams.guests.pop() {
            self.untie(id);
            self.table.try_remove(id.slot());
        }
    }
}

impl<P: Protocol + Default, S: Default> Context<'_, P, S> {
    /// Sends a message to an address, from where the worker listens for datagrams: what a connection of a datagram does
    /// while its callback runs, at any time. Refused if the worker does not listen for datagrams; other reasons are told to
    /// `on_error`.
    ///
    /// # Example
    ///
    /// ```
    /// use std::{net::SocketAddr, time::Duration};
    /// use wm_core::{Worker, protocol::Text};
    ///
    /// let echo = Worker::<Text>::new("udp://0.0.0.0:2347").on_message(|peer, line| {
    ///     let (to, text) = (peer.remote_addr().socket_addr().unwrap(), line.text.to_owned());
    ///     peer.worker().after(Duration::from_secs(1), move |worker| worker.send_to(to, &text));
    /// });
    /// ```
    pub fn send_to<'a>(&mut self, to: SocketAddr, message: impl Into<P::Out<'a>>) -> Sent {
        if !self.world.datagrams.served {
            return Sent::Refused;
        }
        let id = self.world.welcome_guest(P::default(), S::default(), to, Endpoint::Unnamed);
        self.world.send(id, &message.into())
    }
}

/// What a driver does for datagrams.
impl<H: Handler> Engine<H> {
    /// Whether the worker listens for datagrams.
    pub const fn serve_datagrams(&mut self, served: bool) {
        self.world.datagrams.served = served;
    }

    /// The longest datagram that is taken.
    #[must_use]
    pub fn datagram_bytes_max(&self) -> usize {
        self.world.limits.frame_bytes_max.min(DATAGRAM_BYTES_MAX)
    }

    /// A datagram has come to where the worker listens: `bytes` of it, of the `whole` that it had.
    pub fn datagram(
        &mut self,
        remote: SocketAddr,
        local: impl Into<Endpoint>,
        bytes: &mut [u8],
        whole: usize,
        now: Instant,
    ) {
        self.world.now = now;
        let (protocol, session) = (H::Protocol::default(), H::Session::default());
        let id = self.world.welcome_guest(protocol, session, remote, local.into());
        self.datagram_of(id, bytes, whole, now);
    }

    /// A datagram has come on a connection.
    pub fn datagram_of(&mut self, id: ConnectionId, bytes: &mut [u8], whole: usize, now: Instant) {
        self.world.now = now;
        self.world.totals.bytes_in += bytes.len() as u64;
        if let Some(slot) = self.world.slot(id).filter(|slot| slot.receives()) {
            slot.traffic.bytes_in += bytes.len() as u64;
            slot.alive = now;
            self.guard(|engine| engine.take_datagram(id, bytes, whole));
        }
        self.settle();
    }

    /// Decodes a datagram and hands it to the handler: a message, or all parts of one.
    fn take_datagram(&mut self, id: ConnectionId, bytes: &mut [u8], whole: usize) {
        let limit = self.datagram_bytes_max();
        if whole > limit {
            return self.world.skip_datagram(id, whole, DatagramFault::TooLong { found: whole, limit });
        }
        let mut rest = bytes;
        loop {
            self.world.running = Running { callback: "the protocol", connection: Some(id) };
            let have = rest.len();
            let Some(slot) = self.world.slot(id).filter(|slot| slot.receives()) else { return };
            let said = match slot.protocol.input(rest) {
                Ok(Input::Need(_)) if have == 0 => Ok(Input::Need(1)),
                said => said,
            };
            let found = match said {
                Ok(Input::Frame(found)) if (1..=have).contains(&found) => found,
                // Nothing comes behind the datagram.
                Ok(Input::UntilEnd) => have,
                Ok(Input::Need(needed)) if needed > 0 => {
                    return self.world.skip_datagram(id, whole, DatagramFault::Truncated { have, needed });
                }
                Ok(said) => return self.refuse(id, &ConnectionError::Misframed { said, have }),
                Err(error) => {
                    let error = error.of(rest);
                    return self.world.skip_datagram(id, whole, DatagramFault::Bad(error));
                }
            };
            let (frame, behind) = rest.split_at_mut(found);
            let left = behind.len();
            if let Err(fault) = self.hand_out_datagram(id, frame, left) {
                return self.world.skip_datagram(id, whole, fault);
            }
            if self.world.slot(id).is_none_or(|slot| left == 0 && slot.protocol.unfinished() == 0) {
                return;
            }
            rest = behind;
        }
    }

    /// Decodes a message, or a part of one, behind which so many bytes follow in its datagram.
    fn hand_out_datagram(&mut self, id: ConnectionId, frame: &mut [u8], left: usize) -> Result<(), DatagramFault> {
        let Some(slot) = self.world.slot(id) else { return Ok(()) };
        let (mut reply, used) = (BytesMut::new(), frame.len());
        let decoded = slot.protocol.decode(frame, &mut reply).map_err(DatagramFault::Bad)?;
        if left > 0 && slot.protocol.unfinished() == 0 {
            return Err(DatagramFault::Trailing { used, left });
        }
        slot.traffic.frames_in += 1;
        self.world.totals.frames_in += 1;
        if !reply.is_empty() {
            self.world.send_raw(id, &reply);
        }
        if let Decoded::Message(message) = decoded {
            self.world.running = Running { callback: "on_message", connection: Some(id) };
            let worker = Context { world: &mut self.world };
            self.handler.on_message(&mut Connection { worker, id }, message);
        }
        self.world.said(id);
        Ok(())
    }

    /// Where the peer of a connection is.
    pub(crate) fn remote(&self, id: ConnectionId) -> Option<SocketAddr> {
        let slot = self.world.table.get(id.slot()).filter(|slot| slot.serial == id.serial)?;
        slot.remote.socket_addr()
    }

    /// The datagrams that are to be sent from where the worker listens, in their order.
    pub fn datagrams(&self) -> impl Iterator<Item = (SocketAddr, &[u8])> {
        let mut rest = &self.world.datagrams.bytes[..];
        self.world.datagrams.queue.iter().map(move |(to, len)| {
            let (bytes, behind) = rest.split_at(*len);
            rest = behind;
            (*to, bytes)
        })
    }

    /// The first `count` of the [`datagrams`](Self::datagrams) have been taken by the network.
    pub fn datagrams_sent(&mut self, count: usize, now: Instant) {
        self.world.now = now;
        let datagrams = &mut self.world.datagrams;
        let count = count.min(datagrams.queue.len());
        let bytes = datagrams.queue.drain(..count).map(|(_, len)| len).sum();
        self.world.totals.bytes_out += bytes as u64;
        if !datagrams.queue.is_empty() {
            datagrams.bytes.advance(bytes);
            return self.settle();
        }
        (datagrams.told, datagrams.refused) = (false, false);
        // Not `advance`, which gives away the memory that it has passed.
        datagrams.bytes.clear();
        if datagrams.bytes.capacity() > DATAGRAM_BYTES_MAX {
            datagrams.bytes = BytesMut::new();
        }
        self.settle();
    }

    /// The first of the [`datagrams`](Self::datagrams) cannot be sent. It is thrown away, and that is told.
    pub fn datagram_failed(&mut self, error: io::Error, now: Instant) {
        self.world.now = now;
        if let Some((to, len)) = self.world.datagrams.queue.pop_front() {
            self.world.datagrams.bytes.advance(len);
            self.world.datagrams.told &= !self.world.datagrams.queue.is_empty();
            let (protocol, session) = (H::Protocol::default(), H::Session::default());
            let id = self.world.welcome_guest(protocol, session, to, Endpoint::Unnamed);
            self.world.skip_datagram(id, len, DatagramFault::Unsent(error));
        }
        self.settle();
    }
}
