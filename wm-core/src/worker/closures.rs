//! [`Closures`]: a handler made of closures, for small programs.

use crate::{
    engine::{Connection, ConnectionError, Context, Handler},
    protocol::Protocol,
};
use std::fmt;

type OnWorker<P, S> = Box<dyn FnMut(&mut Context<'_, P, S>)>;
type OnConnection<P, S> = Box<dyn FnMut(&mut Connection<'_, P, S>)>;
type OnMessage<P, S> = Box<dyn FnMut(&mut Connection<'_, P, S>, <P as Protocol>::In<'_>)>;
type OnError<P, S> = Box<dyn FnMut(&mut Connection<'_, P, S>, &ConnectionError)>;

/// The closures that [`Worker`](crate::Worker) was given. One that was not given does what its namesake in [`Handler`]
/// does by itself.
pub struct Closures<P: Protocol, S> {
    pub(super) on_worker_start: Option<OnWorker<P, S>>,
    pub(super) on_worker_stop: Option<OnWorker<P, S>>,
    pub(super) on_connect: Option<OnConnection<P, S>>,
    pub(super) on_message: Option<OnMessage<P, S>>,
    pub(super) on_close: Option<OnConnection<P, S>>,
    pub(super) on_error: Option<OnError<P, S>>,
    pub(super) on_buffer_full: Option<OnConnection<P, S>>,
    pub(super) on_buffer_drain: Option<OnConnection<P, S>>,
    pub(super) on_tunnel: Option<OnConnection<P, S>>,
}

impl<P: Protocol, S> Closures<P, S> {
    pub(super) fn names(&self) -> Vec<&'static str> {
        let given = [
            ("on_worker_start", self.on_worker_start.is_some()),
            ("on_worker_stop", self.on_worker_stop.is_some()),
            ("on_connect", self.on_connect.is_some()),
            ("on_message", self.on_message.is_some()),
            ("on_close", self.on_close.is_some()),
            ("on_error", self.on_error.is_some()),
            ("on_buffer_full", self.on_buffer_full.is_some()),
            ("on_buffer_drain", self.on_buffer_drain.is_some()),
            ("on_tunnel", self.on_tunnel.is_some()),
        ];
        given.into_iter().filter(|(_, given)| *given).map(|(name, _)| name).collect()
    }
}

impl<P: Protocol, S> Default for Closures<P, S> {
    fn default() -> Self {
        Self {
            on_worker_start: None,
            on_worker_stop: None,
            on_connect: None,
            on_message: None,
            on_close: None,
            on_error: None,
            on_buffer_full: None,
            on_buffer_drain: None,
            on_tunnel: None,
        }
    }
}

impl<P: Protocol + Default, S: Default + 'static> Handler for Closures<P, S> {
    type Protocol = P;
    type Session = S;

    fn on_worker_start(&mut self, worker: &mut Context<'_, P, S>) {
        if let Some(call) = &mut self.on_worker_start {
            call(worker);
        }
    }

    fn on_worker_stop(&mut self, worker: &mut Context<'_, P, S>) {
        if let Some(call) = &mut self.on_worker_stop {
            call(worker);
        }
    }

    fn on_connect(&mut self, connection: &mut Connection<'_, P, S>) {
        if let Some(call) = &mut self.on_connect {
            call(connection);
        }
    }

    fn on_message(&mut self, connection: &mut Connection<'_, P, S>, message: P::In<'_>) {
        if let Some(call) = &mut self.on_message {
            call(connection, message);
        }
    }

    fn on_close(&mut self, connection: &mut Connection<'_, P, S>) {
        if let Some(call) = &mut self.on_close {
            call(connection);
        }
    }

    fn on_error(&mut self, connection: &mut Connection<'_, P, S>, error: &ConnectionError) {
        match &mut self.on_error {
            Some(call) => call(connection, error),
            None => connection.log_error(error),
        }
    }

    fn on_buffer_full(&mut self, connection: &mut Connection<'_, P, S>) {
        if let Some(call) = &mut self.on_buffer_full {
            call(connection);
        }
    }

    fn on_buffer_drain(&mut self, connection: &mut Connection<'_, P, S>) {
        if let Some(call) = &mut self.on_buffer_drain {
            call(connection);
        }
    }

    fn on_tunnel(&mut self, connection: &mut Connection<'_, P, S>) {
        if let Some(call) = &mut self.on_tunnel {
            call(connection);
        }
    }
}

impl<P: Protocol, S> fmt::Debug for Closures<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Closures").field(&self.names()).finish()
    }
}
