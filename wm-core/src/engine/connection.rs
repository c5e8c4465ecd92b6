//! [`Connection`]: a connection as a handler sees it.

use super::{
    ConnectionError, ConnectionId, Context, End, Endpoint, Target, TimerId, Traffic, outgoing::Outgoing, world::Slot,
};
use crate::protocol::Protocol;
use std::{fmt, time::Duration};

/// What became of a message that was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Sent {
    /// It is queued.
    Queued,
    /// It is queued, but the peer does not keep up: wait for `on_buffer_drain` before sending much more.
    Full,
    /// It is not queued, and nothing of it is sent. The connection is closed or closing; or else the message cannot be
    /// encoded or the queue is at its limit, which `on_error` is told after this callback.
    Refused,
}

/// A connection, lent to a callback.
///
/// From here a handler reaches all of its worker: [`worker`](Self::worker) and through it every other connection.
/// To name the connection for later, keep its [`id`](Self::id).
///
/// What is sent is written when the callbacks of this turn are done, all in one piece.
pub struct Connection<'w, P, S> {
    pub(super) worker: Context<'w, P, S>,
    pub(super) id: ConnectionId,
}

impl<'w, P: Protocol, S> Connection<'w, P, S> {
    /// Its name in this worker process: 1, 2, 3 … in the order of the accepts.
    #[must_use]
    pub const fn id(&self) -> ConnectionId {
        self.id
    }

    /// Its own data.
    pub fn session(&mut self) -> &mut S {
        &mut self.slot_mut().session
    }

    /// Its protocol: what this connection has agreed on with its peer.
    pub fn protocol(&mut self) -> &mut P {
        &mut self.slot_mut().protocol
    }

    /// The worker that the connection belongs to.
    pub const fn worker(&mut self) -> &mut Context<'w, P, S> {
        &mut self.worker
    }

    /// Sends a message.
    pub fn send<'a>(&mut self, message: impl Into<P::Out<'a>>) -> Sent {
        self.worker.world.send(self.id, &message.into())
    }

    /// Sends bytes as they are, past the protocol: the manual's `send($data, true)`.
    pub fn send_raw(&mut self, bytes: &[u8]) -> Sent {
        self.worker.world.send_raw(self.id, bytes)
    }

    /// Sends a message to every connection of this worker process, this one included.
    ///
    /// The result is the worst of all: [`Sent::Full`] if one of them does not keep up, [`Sent::Refused`] if one has its
    /// queue at the limit. A message that cannot be encoded is reported to this connection's `on_error`.
    pub fn broadcast<'a>(&mut self, message: impl Into<P::Out<'a>>) -> Sent {
        self.worker.world.broadcast(Some(self.id), &message.into())
    }

    /// Receives nothing more, sends what is queued, then closes.
    pub fn close(&mut self) {
        self.want_no_more();
        self.worker.world.close(self.id);
    }

    /// Sends nothing more than what is queued, then ends our side of the connection: a half-close. What the peer sends is
    /// still received, until it ends its side too.
    pub fn finish(&mut self) {
        self.worker.world.finish(self.id);
    }

    /// Makes an outgoing connection anew, `after` it is over: the manual's `reConnect`, best called in `on_close`. It keeps
    /// its id and its session; what was queued is dropped. Says whether it is an outgoing connection: others are never
    /// made anew, and none is when the worker stops. [`Dial::reconnect`](super::Dial::reconnect) does it by itself.
    pub fn reconnect(&mut self, after: Duration) -> bool {
        self.worker.world.reconnect(self.id, after)
    }

    /// Sends a last message, then closes as [`close`](Self::close) does.
    pub fn close_with<'a>(&mut self, message: impl Into<P::Out<'a>>) -> Sent {
        let sent = self.send(message);
        self.close();
        sent
    }

    /// Closes at once. What is queued is dropped.
    pub fn destroy(&mut self) {
        self.want_no_more();
        self.worker.world.end(self.id, End::Destroyed);
    }

    /// Receives nothing until [`resume_recv`](Self::resume_recv). Frames that have arrived wait.
    pub fn pause_recv(&mut self) {
        self.slot_mut().paused = true;
    }

    /// Receives again, after this callback.
    pub fn resume_recv(&mut self) {
        self.slot_mut().paused = false;
        self.worker.world.resume(self.id);
    }

    /// As [`Context::every`], for as long as this connection is open: the timer ends with it. A panic in it ends the
    /// connection.
    ///
    /// ```
    /// use std::time::Duration;
    /// use wm_core::{Worker, protocol::Text};
    ///
    /// let worker = Worker::<Text>::new("text://127.0.0.1:2347")
    ///     .on_connect(|guest| guest.every(Duration::from_secs(30), |guest| guest.send("still here")));
    /// ```
    pub fn every<R>(
        &mut self,
        interval: Duration,
        mut task: impl FnMut(&mut Connection<'_, P, S>) -> R + 'static,
    ) -> TimerId {
        let id = self.id;
        let timer = self.worker.every(interval, move |worker| {
            if let Some(mut connection) = worker.timed(id) {
                task(&mut connection);
            }
        });
        self.worker.world.tie(id, timer);
        timer
    }

    /// As [`Context::after`], if this connection is still open then: the timer ends with it. A panic in it ends the
    /// connection.
    pub fn after<R>(
        &mut self,
        delay: Duration,
        task: impl FnOnce(&mut Connection<'_, P, S>) -> R + 'static,
    ) -> TimerId {
        let id = self.id;
        let timer = self.worker.after(delay, move |worker| {
            if let Some(mut connection) = worker.timed(id) {
                task(&mut connection);
            }
        });
        self.worker.world.tie(id, timer);
        timer
    }

    /// Whether the worker has made it, and where it was to lead.
    #[must_use]
    pub fn target(&self) -> Option<&Target> {
        self.slot().outgoing.as_deref().map(Outgoing::target)
    }

    /// Where the peer is; `unnamed` while an outgoing connection is being made.
    #[must_use]
    pub fn remote_addr(&self) -> &Endpoint {
        &self.slot().remote
    }

    /// Where the peer found us.
    #[must_use]
    pub fn local_addr(&self) -> &Endpoint {
        &self.slot().local
    }

    /// What has passed over the connection so far.
    #[must_use]
    pub fn traffic(&self) -> Traffic {
        self.slot().traffic
    }

    /// How many bytes wait to be sent.
    #[must_use]
    pub fn queued_bytes(&self) -> usize {
        self.slot().outbox.len()
    }

    /// Whether the peer does not keep up with what is sent: `on_buffer_drain` tells when it has.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.slot().full
    }

    /// Writes an error to stderr in one line: what becomes of errors that no `on_error` takes. Of frames that are thrown
    /// away, the first, second, fourth, eighth … of the connection: a peer must not fill the log.
    pub fn log_error(&self, error: &ConnectionError) {
        let is_datagram = matches!(error, ConnectionError::Datagram(fault) if fault.is_counted());
        if is_datagram || matches!(error, ConnectionError::Skipped { .. }) {
            // The sender of a datagram is seen once: the datagrams of all are counted.
            let traffic = if self.slot().is_guest() { self.worker.world.totals } else { self.traffic() };
            let Traffic { frames_skipped, bytes_skipped, .. } = traffic;
            if !frames_skipped.is_power_of_two() {
                return;
            }
            if frames_skipped > 1 {
                let what = if is_datagram { "datagrams" } else { "frames" };
                let all = format_args!("{frames_skipped} bad {what} so far, {bytes_skipped} bytes");
                return self.log(format_args!("{error}; {all}"));
            }
        }
        self.log(format_args!("{error}"));
    }

    fn log(&self, line: fmt::Arguments<'_>) {
        match self.target() {
            Some(target) => self.worker.world.log(format_args!("connection {} to {target}: {line}", self.id)),
            None => self.worker.world.log(format_args!("connection {} of {}: {line}", self.id, self.remote_addr())),
        }
    }

    /// Whether it is the sender of a datagram, and there for a callback.
    pub(crate) fn is_guest(&self) -> bool {
        self.slot().is_guest()
    }

    /// Whether the handler has heard of it.
    pub(crate) fn is_greeted(&self) -> bool {
        self.slot().greeted
    }

    /// We end it: it is not made anew by itself.
    fn want_no_more(&mut self) {
        if let Some(outgoing) = &mut self.slot_mut().outgoing {
            outgoing.unwanted = true;
        }
    }

    // A handle is made of a connection that is in the table, and borrows the table: only the driver takes one out.
    pub(super) fn slot(&self) -> &Slot<P, S> {
        &self.worker.world.table[self.id.slot()]
    }

    fn slot_mut(&mut self) -> &mut Slot<P, S> {
        &mut self.worker.world.table[self.id.slot()]
    }
}

impl<P: Protocol, S> fmt::Debug for Connection<'_, P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slot = self.slot();
        let mut debug = f.debug_struct("Connection");
        debug.field("id", &self.id.serial()).field("remote", &slot.remote).field("phase", &slot.phase);
        debug.field("queued_bytes", &slot.outbox.len()).field("protocol", &slot.protocol).finish_non_exhaustive()
    }
}
