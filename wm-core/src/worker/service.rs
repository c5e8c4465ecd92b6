//! [`Service`]: what the master forks; [`Launch`]: what a worker process starts from.

use super::Settings;
use crate::error::Error;
use crate::net::Listener;
use crate::process::Scorecard;
use std::fmt;
use std::os::fd::OwnedFd;

/// Something that worker processes serve.
///
/// The master keeps the service as it was built and never runs it: each child runs its own copy, that of the fork.
pub trait Service {
    /// How many processes to fork, and where they listen.
    fn settings(&self) -> &Settings;

    /// Sets where it listens, as the command line says; a bad address is kept, as in [`settings`](Self::settings).
    fn listen_on(&mut self, address: &str);

    /// In the child, after the fork: makes poll and timers, calls [`Launch::ready`] when it serves, and goes on until
    /// [`Launch::stop`] is readable; then drains and returns.
    ///
    /// # Errors
    ///
    /// The child cannot go on; it ends, and another takes its place.
    fn run(self: Box<Self>, launch: Launch) -> Result<(), Error>;
}

/// What a worker process starts from.
pub struct Launch {
    /// The number of the process among those of its service, from 0. A replacement has the number of the process that it
    /// replaces.
    pub worker_id: usize,
    /// The socket that was bound for it, if its service listens.
    pub listener: Option<Listener>,
    /// Readable, or closed at its other end, when the process shall stop.
    pub stop: OwnedFd,
    /// Readable when the process shall end as soon as its peers have left: it accepts no more, and stops when it has
    /// no connection. A service that does not look at it is ended by the stop that may follow.
    pub retire: Option<OwnedFd>,
    /// Where the process writes what it does, for `status`.
    pub card: Option<Scorecard>,
    /// To be called once the process serves: only then does the master say that the service is ready.
    pub ready: Box<dyn FnOnce()>,
}

impl Launch {
    /// Process 0 without a listener, whose being ready nobody waits for: for tests, and for a worker in a thread.
    #[must_use]
    pub fn new(stop: impl Into<OwnedFd>) -> Self {
        Self { worker_id: 0, listener: None, stop: stop.into(), retire: None, card: None, ready: Box::new(|| {}) }
    }

    /// With a socket to serve.
    #[must_use]
    pub fn listener(mut self, listener: impl Into<Listener>) -> Self {
        self.listener = Some(listener.into());
        self
    }
}

impl fmt::Debug for Launch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Launch");
        debug.field("worker_id", &self.worker_id).field("listener", &self.listener).finish_non_exhaustive()
    }
}
