//! [`Reactor`]: the loop of a worker process. It waits for the kernel and wakes the sites that have something to do.
//!
//! One turn: wait; tell each site which of its sockets are ready; let each site do its timers, its mail, its accepts,
//! and then write all that has been queued. Everything in a turn happens at the time that the clock showed at its start.
//!
//! The kernel reports edges: a socket is reported when its state changes, not while it lasts. So a site that stops
//! before a socket is exhausted remembers that it did.
//!
//! Made in the child, after the fork.

use mio::{Events, Interest, Poll, Registry, Token, event::Event, unix::SourceFd};
use std::{
    io,
    os::fd::{AsRawFd, OwnedFd},
    sync::Arc,
    task::{Wake, Waker},
    time::{Duration, Instant},
};

/// How many readiness events one turn takes: enough for one system call to serve many, few enough to get round quickly.
const EVENTS_A_TURN: usize = 1024;

/// Tokens: the low bits name the site, 0 being the reactor itself; the others a place in it.
const SITE_BITS: u32 = 8;
const STOP: Token = Token(0);
const WAKE: Token = Token(1 << SITE_BITS);

/// Something with sockets that lives in a worker process. It is called dynamically once for each readiness; whatever
/// happens to a message is below that.
pub(crate) trait Drive {
    /// Registers the listener, and starts the worker. `site` is its number for [`token`].
    fn start(&mut self, registry: &Registry, site: usize, now: Instant) -> io::Result<()>;

    /// A socket is ready.
    fn ready(&mut self, registry: &Registry, place: usize, event: &Event, now: Instant);

    /// The end of a turn: everything that does not wait for a socket.
    fn turn(&mut self, registry: &Registry, now: Instant);

    /// When the next turn is due; `now` if there is work left.
    fn deadline(&mut self, now: Instant) -> Option<Instant>;

    /// The worker is to stop.
    fn stop(&mut self, now: Instant);

    /// Whether the worker has stopped.
    fn is_done(&self) -> bool;
}

/// The token of a place in a site.
pub(crate) const fn token(site: usize, place: usize) -> Token {
    Token(place << SITE_BITS | site)
}

/// The loop of a worker process.
pub(crate) struct Reactor {
    poll: Poll,
    waker: Arc<Alarm>,
    stop: OwnedFd,
    sites: Vec<Box<dyn Drive>>,
}

impl Reactor {
    /// A reactor that stops when `stop` becomes readable, or its other end is closed.
    pub(crate) fn new(stop: OwnedFd) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut SourceFd(&stop.as_raw_fd()), STOP, Interest::READABLE)?;
        let waker = Arc::new(Alarm(mio::Waker::new(poll.registry(), WAKE)?));
        Ok(Self { poll, waker, stop, sites: Vec::new() })
    }

    /// Wakes the reactor from any thread.
    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.waker))
    }

    /// Adds a site, and starts it.
    pub(crate) fn add(&mut self, mut site: impl Drive + 'static) -> io::Result<()> {
        let number = self.sites.len() + 1;
        if number >> SITE_BITS != 0 {
            return Err(io::Error::other(format!("a process serves at most {} addresses", number - 1)));
        }
        site.start(self.poll.registry(), number, Instant::now())?;
        self.sites.push(Box::new(site));
        Ok(())
    }

    /// Serves until every site has stopped.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_A_TURN);
        let mut now = Instant::now();
        loop {
            for site in &mut self.sites {
                site.turn(self.poll.registry(), now);
            }
            if self.sites.iter().all(|site| site.is_done()) {
                return Ok(());
            }
            let timeout = self.timeout();
            match self.poll.poll(&mut events, timeout) {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => now = Instant::now(),
            }
            for event in &events {
                self.dispatch(event, now);
            }
        }
    }

    fn dispatch(&mut self, event: &Event, now: Instant) {
        match event.token() {
            // Posted tasks are looked for in each turn.
            WAKE => {}
            STOP => self.sites.iter_mut().for_each(|site| site.stop(now)),
            Token(token) => {
                let (site, place) = (token & ((1 << SITE_BITS) - 1), token >> SITE_BITS);
                if let Some(site) = site.checked_sub(1).and_then(|site| self.sites.get_mut(site)) {
                    site.ready(self.poll.registry(), place, event, now);
                }
            }
        }
    }

    fn timeout(&mut self) -> Option<Duration> {
        let now = Instant::now();
        let deadline = self.sites.iter_mut().filter_map(|site| site.deadline(now)).min()?;
        Some(deadline.saturating_duration_since(now))
    }
}

impl Drop for Reactor {
    fn drop(&mut self) {
        // Before the descriptor is closed, as mio asks. The poll is dropped next: a failure has no consequence.
        let _ = self.poll.registry().deregister(&mut SourceFd(&self.stop.as_raw_fd()));
    }
}

/// Ends the wait of the reactor.
struct Alarm(mio::Waker);

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        // It fails only when the counter of an eventfd overflows, and then the reactor is being woken already.
        let _ = self.0.wake();
    }
}
