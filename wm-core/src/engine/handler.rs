//! [`Handler`]: what a program does with its connections.

use super::{Connection, ConnectionError, Context, TimerId};
use crate::protocol::Protocol;

/// What a program does with its connections. One worker process has one handler, and calls it from one thread.
///
/// `self` is the state of the worker process. The value given to [`Worker::serve`](crate::Worker::serve) is never used
/// in the master: each fork copies it, so each process starts from it. State of a connection is its
/// [`Session`](Self::Session); both need no lock, no `Send` and no `RefCell`.
///
/// A callback reaches every connection of its worker. No callback runs inside of another: what a callback causes, such
/// as `on_close` of a connection that it destroys, comes after it.
///
/// A panic in a callback ends the connection that it was called for, and no other; `self` and the sessions stay as the
/// panic left them. A panic in `on_worker_start` ends the process.
///
/// The manual's callbacks of a single connection (`$connection->onMessage = …`) are a `match` on its session here: an enum
/// whose variants are the stages of a conversation says which stages there are and what is known in each, and nothing is
/// allocated for it.
///
/// A small program gives closures to a [`Worker`](crate::Worker) instead: the same callbacks, at one indirect call a
/// message. The methods of this trait are called directly.
///
/// # Example
///
/// ```
/// use wm_core::{Connection, Handler, Worker, protocol::Tcp};
///
/// #[derive(Default)]
/// struct Count {
///     messages: u64,
/// }
///
/// impl Handler for Count {
///     type Protocol = Tcp;
///     type Session = ();
///
///     fn on_message(&mut self, client: &mut Connection<'_, Tcp, ()>, bytes: &[u8]) {
///         self.messages += 1;
///         client.send(bytes);
///     }
/// }
///
/// let worker = Worker::serve("tcp://[::1]:9000", Count::default()).count(2);
/// ```
pub trait Handler: Sized + 'static {
    /// What is spoken.
    type Protocol: Protocol + Default;

    /// The data of a connection, made when it is accepted.
    type Session: Default + 'static;

    /// The worker process starts. A panic here ends it.
    fn on_worker_start(&mut self, worker: &mut Context<'_, Self::Protocol, Self::Session>) {
        let _ = worker;
    }

    /// The worker process stops: a last word may be sent to every connection. Afterwards they are closed as they drain,
    /// and no timer runs any more.
    fn on_worker_stop(&mut self, worker: &mut Context<'_, Self::Protocol, Self::Session>) {
        let _ = worker;
    }

    /// A connection was accepted, or one that the worker makes is there.
    fn on_connect(&mut self, connection: &mut Connection<'_, Self::Protocol, Self::Session>) {
        let _ = connection;
    }

    /// A message has arrived. It borrows the received bytes; what is to be kept of it must be copied.
    fn on_message(
        &mut self,
        connection: &mut Connection<'_, Self::Protocol, Self::Session>,
        message: <Self::Protocol as Protocol>::In<'_>,
    );

    /// A connection is over: exactly once for each `on_connect`, and for each [`Context::connect`] that comes to nothing; the
    /// last call for it, unless it is made anew. Its session, id, addresses
    /// and counters can be read; what is sent to it is refused.
    fn on_close(&mut self, connection: &mut Connection<'_, Self::Protocol, Self::Session>) {
        let _ = connection;
    }

    /// Something went wrong on a connection; [`ConnectionError`] says what becomes of it. Unless this is written, the
    /// error is one line on stderr.
    ///
    /// A message that is refused inside of this callback is not reported again.
    fn on_error(&mut self, connection: &mut Connection<'_, Self::Protocol, Self::Session>, error: &ConnectionError) {
        connection.log_error(error);
    }

    /// The send queue has passed its high mark: the peer is not read until it has drained.
    fn on_buffer_full(&mut self, connection: &mut Connection<'_, Self::Protocol, Self::Session>) {
        let _ = connection;
    }

    /// The send queue has drained to its low mark: the peer is read again.
    fn on_buffer_drain(&mut self, connection: &mut Connection<'_, Self::Protocol, Self::Session>) {
        let _ = connection;
    }

    /// The far end of a [tunnel](Connection::tunnel) is there. What is sent now reaches the peer before anything that comes
    /// from there: a proxy says here that it is through.
    fn on_tunnel(&mut self, connection: &mut Connection<'_, Self::Protocol, Self::Session>) {
        let _ = connection;
    }

    /// A timer that was set by [`Context::timer_every`] or [`Context::timer_after`] is due.
    fn on_timer(&mut self, worker: &mut Context<'_, Self::Protocol, Self::Session>, timer: TimerId) {
        let _ = (worker, timer);
    }
}
