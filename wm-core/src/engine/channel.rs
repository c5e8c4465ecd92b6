//! A connection as the types of a session's states see it, now and later.

use super::{Connection, ConnectionId, Context, Sent};
use crate::protocol::{Channel, Find, Keep, Protocol, Session, Staged, Upgraded};

impl<P: Protocol, S> Channel for Connection<'_, P, S> {
    type Protocol = P;
    type Said<T> = Option<T>;

    fn protocol(&self) -> &P {
        &self.slot().protocol
    }

    fn say<T>(mut self, message: P::Out<'_>, then: impl FnOnce(Self) -> T) -> Option<T> {
        (self.send(message) != Sent::Refused).then(|| then(self))
    }
}

impl<P: Protocol, S> Channel for &mut Connection<'_, P, S> {
    type Protocol = P;
    type Said<T> = Option<T>;

    fn protocol(&self) -> &P {
        &self.slot().protocol
    }

    fn say<T>(self, message: P::Out<'_>, then: impl FnOnce(Self) -> T) -> Option<T> {
        (self.send(message) != Sent::Refused).then(|| then(self))
    }
}

/// By what a connection is found again whose answer comes later: its name, and where its conversation stood.
#[derive(Debug)]
pub struct Later {
    id: ConnectionId,
    visit: u32,
}

impl Later {
    /// The connection.
    #[must_use]
    pub const fn id(&self) -> ConnectionId {
        self.id
    }
}

/// A protocol with a state that is left and entered again.
pub trait Visits: Protocol {
    /// How often the state has changed.
    fn visit(&self) -> u32;
}

impl<In: Staged, Out: Staged<State = In::State, Memory = In::Memory>> Visits for Session<In, Out> {
    fn visit(&self) -> u32 {
        Self::visit(self)
    }
}

impl<A: Visits, B: Protocol + Default> Visits for Upgraded<A, B> {
    fn visit(&self) -> u32 {
        self.before().visit()
    }
}

impl<P: Visits, S> Keep for Connection<'_, P, S> {
    type Kept = Later;

    fn keep(&self) -> Later {
        Later { id: self.id, visit: self.slot().protocol.visit() }
    }
}

impl<P: Visits, S> Keep for &mut Connection<'_, P, S> {
    type Kept = Later;

    fn keep(&self) -> Later {
        Later { id: self.id, visit: self.slot().protocol.visit() }
    }
}

impl<'w, P: Visits, S> Find<Later> for &'w mut Context<'_, P, S> {
    type Found = Connection<'w, P, S>;

    fn find(self, kept: Later) -> Option<Connection<'w, P, S>> {
        self.get(kept.id).filter(|found| found.slot().protocol.visit() == kept.visit)
    }
}
