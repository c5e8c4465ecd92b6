//! [`Peer`]: a client without a socket.

use super::network::{LineEnd, Network};
use crate::protocol::{Decoded, Input, Protocol, Text};
use bytes::BytesMut;
use std::{cell::RefCell, fmt, net::SocketAddr, rc::Rc};

/// A client without a socket, at the other end of a connection. It speaks `P`.
///
/// What it does happens when the world goes on: [`World::run`](super::World::run) carries what it has sent, and what it
/// gets. When the worker closes the connection, it closes its end too. One that is dropped does nothing more, but does
/// not close.
pub struct Peer<P> {
    network: Rc<RefCell<Network>>,
    line: usize,
    desk: RefCell<Desk<P>>,
}

/// What a peer knows of its conversation.
struct Desk<P> {
    protocol: P,
    inbox: BytesMut,
    /// The end of the stream was the end of a frame.
    ended: bool,
}

impl<P: Protocol + Default> Peer<P> {
    pub(super) fn new(network: Rc<RefCell<Network>>, line: usize) -> Self {
        let desk = Desk { protocol: P::default(), inbox: BytesMut::new(), ended: false };
        Self { network, line, desk: RefCell::new(desk) }
    }
}

impl<P: Protocol> Peer<P> {
    /// Where the worker sees it: no other peer of the world has this address.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.network.borrow().address(self.line)
    }

    /// Sends a message. If the connection is over, it is lost.
    ///
    /// # Panics
    ///
    /// The message cannot be put on the wire.
    pub fn send<'m>(&self, message: impl Into<P::Out<'m>>) {
        let mut bytes = BytesMut::new();
        let encoded = self.desk.borrow_mut().protocol.encode(&message.into(), &mut bytes);
        encoded.unwrap_or_else(|error| panic!("{self:?} cannot send this: {error}"));
        self.send_raw(&bytes);
    }

    /// Sends bytes as they are: half of a message, or none.
    pub fn send_raw(&self, bytes: &[u8]) {
        self.network.borrow_mut().send(self.line, bytes);
    }

    /// The messages that have come since it was last asked, as `take` sees them. What the protocol answers by itself is
    /// sent now.
    ///
    /// # Panics
    ///
    /// The bytes that have come are none of the protocol.
    pub fn received<R>(&self, mut take: impl FnMut(P::In<'_>) -> R) -> Vec<R> {
        let mut messages = Vec::new();
        let Desk { protocol, inbox, ended } = &mut *self.desk.borrow_mut();
        inbox.extend_from_slice(&self.network.borrow_mut().take_received(self.line));
        loop {
            let input = protocol.input(inbox).unwrap_or_else(|error| panic!("{self:?} has got garbage: {error}"));
            let len = match input {
                Input::Frame(len) => len,
                Input::UntilEnd if !*ended && self.has_seen_the_end() => {
                    *ended = true;
                    inbox.len()
                }
                Input::Need(_) | Input::UntilEnd => return messages,
            };
            let (mut frame, mut reply) = (inbox.split_to(len), BytesMut::new());
            match protocol.decode(&mut frame, &mut reply) {
                Ok(Decoded::Message(message)) => messages.push(take(message)),
                Ok(Decoded::Handled) => {}
                Err(error) => panic!("{self:?} has got garbage: {error}"),
            }
            self.send_raw(&reply);
        }
    }

    /// The bytes that have come since it was last asked. Not to be mixed with [`received`](Self::received), which keeps
    /// half of a message until the rest has come.
    #[must_use]
    pub fn received_raw(&self) -> Vec<u8> {
        self.network.borrow_mut().take_received(self.line)
    }

    /// Sends nothing more, but still receives: a half-close.
    pub fn finish(&self) {
        self.network.borrow_mut().end_up(self.line);
    }

    /// Closes its end. What still comes is answered with a reset.
    pub fn close(&self) {
        self.network.borrow_mut().hang_up(self.line);
    }

    /// Cuts the connection.
    pub fn reset(&self) {
        self.network.borrow_mut().reset(self.line);
    }

    /// Reads nothing more, so that what the worker sends backs up.
    pub fn stop_reading(&self) {
        self.network.borrow_mut().set_deaf(self.line, true);
    }

    /// Reads again.
    pub fn read_on(&self) {
        self.network.borrow_mut().set_deaf(self.line, false);
    }

    /// Never does anything again, and does not say so: its machine was switched off.
    pub fn vanish(&self) {
        self.network.borrow_mut().vanish(self.line);
    }

    /// Whether the worker has ended its side, and everything that it had sent is there.
    #[must_use]
    pub fn is_finished(&self) -> bool {
        self.network.borrow().is_half(self.line)
    }

    /// Whether the worker has ended its side, and nothing of what it had sent is lost.
    fn has_seen_the_end(&self) -> bool {
        self.is_finished() && self.end() != Some(LineEnd::Reset)
    }

    /// How the connection has ended for it; `None` while it lasts.
    #[must_use]
    pub fn end(&self) -> Option<LineEnd> {
        self.network.borrow().line_end(self.line)
    }
}

impl Peer<Text> {
    /// The lines that have come since it was last asked.
    ///
    /// # Panics
    ///
    /// The bytes that have come are no text.
    #[must_use]
    pub fn lines(&self) -> Vec<String> {
        self.received(|line| line.text.to_owned())
    }
}

impl<P> fmt::Debug for Peer<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Peer").field(&self.line).finish()
    }
}
