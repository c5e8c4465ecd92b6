//! [`Witness`]: stands between the engine and the handler, and holds the engine to its promises about callbacks.

use super::faults::{Count, Tally};
use crate::engine::{Connection, ConnectionError, ConnectionId, Context, Handler, TimerId};
use crate::protocol::Protocol;
use std::{cell::RefCell, collections::BTreeSet, rc::Rc};

/// What was called so far.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    /// Had their `on_connect` and not their `on_close`.
    pub(super) open: BTreeSet<ConnectionId>,
    /// Had their `on_buffer_full` and not their `on_buffer_drain`: what their peers send has to wait.
    full: BTreeSet<ConnectionId>,
    /// The callback that runs.
    running: Option<&'static str>,
    /// What the engine did wrong. It would catch a panic.
    pub(super) wrongs: Vec<String>,
    pub(super) tally: Tally,
    /// What the last panic was told as.
    pub(super) panic: Option<String>,
}

/// A handler that is watched.
#[derive(Debug)]
pub(super) struct Witness<H> {
    pub(super) handler: H,
    ledger: Rc<RefCell<Ledger>>,
}

impl<H: Handler> Witness<H> {
    pub(super) const fn new(handler: H, ledger: Rc<RefCell<Ledger>>) -> Self {
        Self { handler, ledger }
    }

    /// A callback begins; it ends when the result is dropped.
    /// Of a connection that could not be made there is no `on_connect`.
    fn enter_for(&self, count: Count, callback: &'static str, connection: &Client<'_, H>) -> Running {
        let id = connection.id();
        if connection.is_guest() {
            return self.enter(Some(count), callback, None);
        }
        let made = self.ledger.borrow().open.contains(&id);
        let id = (made || connection.is_greeted()).then_some(id);
        self.enter(Some(count), callback, id)
    }

    fn enter(&self, count: Option<Count>, callback: &'static str, id: Option<ConnectionId>) -> Running {
        let mut ledger = self.ledger.borrow_mut();
        if let Some(count) = count {
            ledger.tally[count] += 1;
        }
        if let Some(outer) = ledger.running.replace(callback) {
            ledger.wrongs.push(format!("{callback} is called inside of {outer}"));
        }
        if let Some(id) = id {
            let in_time = match callback {
                "on_message" => !ledger.full.contains(&id),
                "on_buffer_full" => ledger.full.insert(id),
                "on_buffer_drain" => ledger.full.remove(&id),
                "on_close" => {
                    ledger.full.remove(&id);
                    true
                }
                _ => true,
            };
            if !in_time {
                ledger.wrongs.push(format!("{callback} is called for connection {id}, by whose send queue it may not"));
            }
            let known = match callback {
                "on_connect" => ledger.open.insert(id),
                "on_close" => ledger.open.remove(&id),
                _ => ledger.open.contains(&id),
            };
            if !known {
                let why = if callback == "on_connect" { "twice" } else { "outside of its life" };
                ledger.wrongs.push(format!("{callback} is called for connection {id} {why}"));
            }
        }
        Running(Rc::clone(&self.ledger))
    }
}

/// While it is there, a callback runs, be it that a panic ends it.
struct Running(Rc<RefCell<Ledger>>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.borrow_mut().running = None;
    }
}

type Client<'w, H> = Connection<'w, <H as Handler>::Protocol, <H as Handler>::Session>;
type Worker<'w, H> = Context<'w, <H as Handler>::Protocol, <H as Handler>::Session>;

impl<H: Handler> Handler for Witness<H> {
    type Protocol = H::Protocol;
    type Session = H::Session;

    fn on_worker_start(&mut self, worker: &mut Worker<'_, H>) {
        let _running = self.enter(None, "on_worker_start", None);
        self.handler.on_worker_start(worker);
    }

    fn on_worker_stop(&mut self, worker: &mut Worker<'_, H>) {
        let _running = self.enter(None, "on_worker_stop", None);
        self.handler.on_worker_stop(worker);
    }

    fn on_connect(&mut self, connection: &mut Client<'_, H>) {
        let _running = self.enter(Some(Count::OnConnect), "on_connect", Some(connection.id()));
        self.handler.on_connect(connection);
    }

    fn on_message(&mut self, connection: &mut Client<'_, H>, message: <H::Protocol as Protocol>::In<'_>) {
        let id = (!connection.is_guest()).then(|| connection.id());
        let _running = self.enter(Some(Count::OnMessage), "on_message", id);
        self.handler.on_message(connection, message);
    }

    fn on_close(&mut self, connection: &mut Client<'_, H>) {
        let _running = self.enter_for(Count::OnClose, "on_close", connection);
        self.handler.on_close(connection);
    }

    fn on_error(&mut self, connection: &mut Client<'_, H>, error: &ConnectionError) {
        let _running = self.enter_for(Count::OnError, "on_error", connection);
        if matches!(error, ConnectionError::HandlerPanicked { .. }) {
            self.ledger.borrow_mut().panic = Some(error.to_string());
        }
        self.handler.on_error(connection, error);
    }

    fn on_buffer_full(&mut self, connection: &mut Client<'_, H>) {
        let _running = self.enter(Some(Count::OnBufferFull), "on_buffer_full", Some(connection.id()));
        self.handler.on_buffer_full(connection);
    }

    fn on_buffer_drain(&mut self, connection: &mut Client<'_, H>) {
        let _running = self.enter(Some(Count::OnBufferDrain), "on_buffer_drain", Some(connection.id()));
        self.handler.on_buffer_drain(connection);
    }

    fn on_tunnel(&mut self, connection: &mut Client<'_, H>) {
        let _running = self.enter(Some(Count::OnTunnel), "on_tunnel", Some(connection.id()));
        self.handler.on_tunnel(connection);
    }

    fn on_timer(&mut self, worker: &mut Worker<'_, H>, timer: TimerId) {
        let _running = self.enter(Some(Count::OnTimer), "on_timer", None);
        self.handler.on_timer(worker, timer);
    }
}
