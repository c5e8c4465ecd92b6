//! [`Reactor`]: the loop of a worker process. It waits for the kernel and wakes the sites that have something to do.
//!
//! One turn: wait; tell each site which of its sockets are ready; let each site do its timers, its mail, its accepts,
//! and then write all that has been queued. Everything in a turn happens at the time that the clock showed at its start.
//!
//! The kernel reports edges: a socket is reported when its state changes, not while it lasts. So a site that stops
//! before a socket is exhausted remembers that it did.
//!
//! Made in the child, after the fork.

use crate::{engine::Tally, process::Scorecard};
use mio::{Events, Interest, Poll, Registry, Token, event::Event, unix::SourceFd};
use std::{
    collections::VecDeque,
    io,
    os::fd::{AsRawFd, OwnedFd},
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering},
    },
    task::{Wake, Waker},
    time::{Duration, Instant},
};

/// How many readiness events one turn takes: enough for one system call to serve many, few enough to get round quickly.
const EVENTS_A_TURN: usize = 1024;

/// Tokens: the low bits name the site, 0 being the reactor itself; the others a place in it.
const SITE_BITS: u32 = 16;
const STOP: Token = Token(0);
const WAKE: Token = Token(1 << SITE_BITS);
const RETIRE: Token = Token(2 << SITE_BITS);

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

    /// The sites that this one has made since the last call.
    fn newcomers(&mut self) -> Vec<Box<dyn Drive>>;

    /// The worker is to end when its connections have: nobody is accepted any more.
    fn retire(&mut self);

    /// What it has done, and has now.
    fn tally(&self) -> Tally;

    /// Whether no connection is left.
    fn is_drained(&self) -> bool;

    /// The worker is to stop.
    fn stop(&mut self, now: Instant);

    /// Whether the worker stops, told or by itself.
    fn is_stopping(&self) -> bool;

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
    /// The order to stop, and the one to retire.
    orders: Vec<OwnedFd>,
    card: Option<Scorecard>,
    sites: Vec<Box<dyn Drive>>,
    retiring: bool,
    stopping: bool,
}

impl Reactor {
    /// A reactor that stops when `stop` becomes readable, or its other end is closed. When `retire` does, it stops as
    /// soon as no connection is left. What it does is written on `card`.
    pub(crate) fn new(stop: OwnedFd, retire: Option<OwnedFd>, card: Option<Scorecard>) -> io::Result<Self> {
        let poll = Poll::new()?;
        poll.registry().register(&mut SourceFd(&stop.as_raw_fd()), STOP, Interest::READABLE)?;
        if let Some(retire) = &retire {
            poll.registry().register(&mut SourceFd(&retire.as_raw_fd()), RETIRE, Interest::READABLE)?;
        }
        let waker = Arc::new(Alarm::new(mio::Waker::new(poll.registry(), WAKE)?));
        let orders = [stop].into_iter().chain(retire).collect();
        Ok(Self { poll, waker, orders, card, sites: Vec::new(), retiring: false, stopping: false })
    }

    /// Wakes the reactor from any thread.
    pub(crate) fn waker(&self) -> Waker {
        Waker::from(Arc::clone(&self.waker))
    }

    /// Adds a site and starts it, and then those that it makes as it starts.
    pub(crate) fn add(&mut self, site: Box<dyn Drive>) -> io::Result<()> {
        let mut arriving = VecDeque::from([site]);
        while let Some(mut site) = arriving.pop_front() {
            let number = self.sites.len() + 1;
            if number >> SITE_BITS != 0 {
                return Err(io::Error::other(format!("a process serves at most {} addresses", number - 1)));
            }
            site.start(self.poll.registry(), number, Instant::now())?;
            arriving.extend(site.newcomers());
            if self.retiring {
                site.retire();
            }
            if self.stopping {
                site.stop(Instant::now());
            }
            self.sites.push(site);
        }
        Ok(())
    }

    /// Serves until every site has stopped.
    pub(crate) fn run(mut self) -> io::Result<()> {
        let mut events = Events::with_capacity(EVENTS_A_TURN);
        let mut now = Instant::now();
        loop {
            self.turn(now)?;
            if self.sites.iter().all(|site| site.is_done()) {
                return Ok(());
            }
            self.report();
            let timeout = if self.waker.sleep() { self.timeout() } else { Some(Duration::ZERO) };
            let polled = self.poll.poll(&mut events, timeout);
            self.waker.wake_up();
            match polled {
                Err(error) if error.kind() != io::ErrorKind::Interrupted => return Err(error),
                _ => now = Instant::now(),
            }
            if let Some(card) = &self.card {
                card.busy(now);
            }
            for event in &events {
                self.dispatch(event, now);
            }
        }
    }

    /// Writes down what was done, at the end of a turn.
    fn report(&self) {
        let Some(card) = &self.card else { return };
        let mut tally = Tally::default();
        self.sites.iter().for_each(|site| tally += site.tally());
        card.write(&tally);
        card.idle();
    }

    /// Lets every site do what does not wait for a socket, those that are made meanwhile too.
    fn turn(&mut self, now: Instant) -> io::Result<()> {
        let mut at = 0;
        while let Some(site) = self.sites.get_mut(at) {
            site.turn(self.poll.registry(), now);
            for newcomer in site.newcomers() {
                self.add(newcomer)?;
            }
            at += 1;
        }
        let deserted = self.retiring && self.sites.iter().all(|site| site.is_drained());
        // A worker that stops by itself ends the process, and with it the others.
        if (deserted || self.sites.iter().any(|site| site.is_stopping()))
            && !std::mem::replace(&mut self.stopping, true)
        {
            self.sites.iter_mut().for_each(|site| site.stop(now));
            return self.turn(now);
        }
        Ok(())
    }

    fn dispatch(&mut self, event: &Event, now: Instant) {
        match event.token() {
            // Posted tasks are looked for in each turn.
            WAKE => {}
            RETIRE => {
                self.retiring = true;
                self.sites.iter_mut().for_each(|site| site.retire());
            }
            STOP => {
                self.stopping = true;
                self.sites.iter_mut().for_each(|site| site.stop(now));
            }
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
        for order in &self.orders {
            // Before the descriptor is closed, as mio asks. The poll is dropped next: a failure has no consequence.
            let _ = self.poll.registry().deregister(&mut SourceFd(&order.as_raw_fd()));
        }
    }
}

/// Ends the wait of the reactor. While it is awake, it is only told not to sleep: that costs no system call.
struct Alarm {
    waker: mio::Waker,
    state: AtomicU8,
}

/// The reactor does its turn.
const AWAKE: u8 = 0;

/// The reactor waits, or is about to.
const ASLEEP: u8 = 1;

/// Somebody has called since the reactor last woke up.
const CALLED: u8 = 2;

impl Alarm {
    const fn new(waker: mio::Waker) -> Self {
        Self { waker, state: AtomicU8::new(AWAKE) }
    }

    /// Called before a wait: says whether nobody has called.
    fn sleep(&self) -> bool {
        self.state.compare_exchange(AWAKE, ASLEEP, Ordering::AcqRel, Ordering::Acquire).is_ok()
    }

    /// Called after a wait: whoever has called by now finds his mail looked at in this turn.
    fn wake_up(&self) {
        self.state.swap(AWAKE, Ordering::AcqRel);
    }
}

impl Wake for Alarm {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        if self.state.swap(CALLED, Ordering::AcqRel) == ASLEEP {
            // It fails only when the counter of an eventfd overflows, and then the reactor is being woken already.
            let _ = self.waker.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of `calls` calls have rung the bell that ends a wait.
    fn rings(calls: usize, asleep: bool) -> usize {
        let mut poll = Poll::new().unwrap();
        let alarm = Arc::new(Alarm::new(mio::Waker::new(poll.registry(), WAKE).unwrap()));
        if asleep {
            assert!(alarm.sleep());
        }
        (0..calls).for_each(|_| alarm.wake_by_ref());
        let mut events = Events::with_capacity(8);
        poll.poll(&mut events, Some(Duration::ZERO)).unwrap();
        assert_eq!(alarm.sleep(), calls == 0 && !asleep, "whoever was called does not sleep");
        alarm.wake_up();
        assert!(alarm.sleep());
        events.iter().count()
    }

    #[test]
    fn only_a_sleeper_is_woken() {
        assert_eq!((rings(0, false), rings(3, false)), (0, 0), "awake: no system call");
        assert_eq!((rings(0, true), rings(3, true)), (0, 1));
    }
}
