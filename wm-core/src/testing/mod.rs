//! Tests of a server without a socket: a [`World`] is made up, with a clock, a network and [`Peer`]s.
//!
//! The very [`Worker`] that a program runs is served, by the same engine; only the kernel is made up. Time passes when
//! the test says so, and a network that cuts, delays and breaks connections does so by a seed: the same seed makes the
//! same world, to the last byte and nanosecond.
//!
//! # Example
//!
//! A chat room, its guests, and their talk:
//!
//! ```
//! use wm_core::{Worker, protocol::Text, testing::World};
//!
//! /// As the program has it, which gives it to `run_all`.
//! fn room() -> Worker<Text> {
//!     Worker::<Text>::new("text://0.0.0.0:2347")
//!         .on_message(|guest, line| {
//!             let said = format!("user[{}] said: {}", guest.id(), line.text);
//!             guest.broadcast(&said)
//!         })
//!         .on_close(|guest| {
//!             let logout = format!("user[{}] logout", guest.id());
//!             guest.broadcast(&logout)
//!         })
//! }
//!
//! let mut world = World::new(room());
//! let (tom, ann) = (world.connect(), world.connect());
//! tom.send("hello");
//! world.run();
//! assert_eq!(ann.lines(), ["user[1] said: hello"]);
//!
//! ann.send("bye");
//! ann.finish();
//! world.run();
//! assert_eq!(tom.lines(), ["user[1] said: hello", "user[2] said: bye", "user[2] logout"]);
//! world.finish();
//! ```
//!
//! The same must come of it on any network. [`for_seeds`] says which seed fails, and how to run it alone:
//!
//! ```
//! use wm_core::testing::{Faults, World, for_seeds};
//! # use wm_core::{Worker, protocol::Text};
//! # fn room() -> Worker<Text> {
//! #     Worker::<Text>::new("text://0.0.0.0:2347").on_message(|guest, line| guest.broadcast(line))
//! # }
//!
//! for_seeds(0..100, |seed| {
//!     let mut world = World::with_faults(room(), seed, Faults::MILD);
//!     let tom = world.connect();
//!     tom.send("hello");
//!     tom.send("echo");
//!     world.run();
//!     assert_eq!(tom.lines().len(), 2);
//!     world.finish();
//! });
//! ```
//!
//! The calendar of each world begins on the 9th of September 2001, 01:46:40 UTC.
//!
//! # What is checked
//!
//! In every world, at every step, whatever the handler does:
//!
//! * `on_close` comes exactly once for each `on_connect`, no callback after it, and none inside of another;
//! * what is queued is sent once and in order, and what is read and written is what the connection counts;
//! * nothing stands still: a connection with bytes to send, or with bytes that have come and are wanted, is on its way;
//! * queues and inboxes are within their limits, and an idle connection owns no buffer;
//! * a deadline that has passed is kept;
//! * at the [end](World::finish) nothing is left.
//!
//! What fails is a panic that names the seed and tells the last events. So is a panic of the handler, which a worker
//! would survive: a test should not.
//!
//! # What is not
//!
//! The kernel's sockets, processes and signals: `net` and `process` are tested with the real ones. A world is one worker
//! process, with all the workers that it [hosts](crate::Context::host); what they connect to is made up by the test.

mod datagrams;
mod driver;
mod faults;
mod network;
mod outside;
mod peer;
mod seeds;
mod witness;

pub use crate::dice::Dice;

pub use self::{
    datagrams::DatagramPeer,
    faults::{Count, Faults, Tally},
    network::LineEnd,
    peer::Peer,
    seeds::{at_every_split, for_seeds},
};

pub(crate) use self::driver::{Actor, Driver};

use self::network::Network;
use crate::{
    Address, Worker,
    engine::{Endpoint, Engine, Handler, Mailbox},
    protocol::Protocol,
    worker::Newcomer,
};
use std::{
    cell::RefCell,
    fmt,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Wake, Waker},
    time::{Duration, Instant},
};

/// A world that does not come to rest in so many steps never will.
const STEPS_MAX: u64 = 20_000_000;

/// A made-up world: one worker process, its peers, their network and the time. See the [module](self).
pub struct World<H: Handler> {
    driver: Driver<H>,
    /// The workers that share its process.
    others: Vec<Box<dyn Actor>>,
    stage: Stage,
    network: Rc<RefCell<Network>>,
    bell: Arc<Bell>,
    seed: u64,
    /// How many panics of the handler are known.
    panics: u64,
    panics_allowed: bool,
}

impl<P: Protocol + Default, H: Handler<Protocol = P>> World<H> {
    /// A world without faults.
    #[must_use]
    pub fn new(worker: Worker<P, H>) -> Self {
        Self::with_faults(worker, 0, Faults::NONE)
    }

    /// A world in which things go wrong, as `seed` will have it.
    #[must_use]
    pub fn with_faults(worker: Worker<P, H>, seed: u64, faults: Faults) -> Self {
        let (settings, limits, handler) = worker.into_parts();
        let bell = Arc::<Bell>::default();
        let network = Rc::new(RefCell::new(Network::new(seed, faults)));
        // Only what has passed since counts.
        let epoch = Instant::now();
        let stage = Stage { network: Rc::clone(&network), epoch, seed };
        let acceptor = settings.acceptor().unwrap_or_else(|error| panic!("{error}"));
        let engine = Engine::new(handler, settings.name, 0, limits, Waker::from(Arc::clone(&bell)), epoch);
        let mut driver = stage.actor(engine, settings.address.ok().flatten());
        if let Some(acceptor) = acceptor {
            driver.engine.serve_tls(acceptor);
        }
        driver.start();
        let mut world =
            Self { driver, others: Vec::new(), stage, network, bell, seed, panics: 0, panics_allowed: false };
        let newcomers = world.driver.newcomers();
        world.add(newcomers);
        world
    }

    /// Starts workers that share the process, and those that they make.
    fn add(&mut self, mut arriving: Vec<Box<dyn Newcomer>>) {
        while !arriving.is_empty() {
            for newcomer in std::mem::take(&mut arriving) {
                let mut actor = newcomer.into_actor(&self.stage);
                actor.start();
                arriving.extend(actor.newcomers());
                self.others.push(actor);
            }
        }
    }

    /// From now on a panic of the handler ends its connection, as a worker has it, and not the test.
    pub const fn allow_panics(&mut self) {
        self.panics_allowed = true;
    }

    /// A peer that speaks what the worker speaks, on its way to it.
    pub fn connect(&mut self) -> Peer<P> {
        self.connect_as()
    }

    /// A peer that speaks the other side of a protocol whose sides differ, as in `world.connect_as::<upload::Client>()`.
    pub fn connect_as<C: Protocol + Default>(&mut self) -> Peer<C> {
        self.connect_from(None)
    }

    /// As [`connect_as`](Self::connect_as), from an address that others may have too; `None` is one of its own.
    pub fn connect_from<C: Protocol + Default>(&mut self, ip: impl Into<Option<IpAddr>>) -> Peer<C> {
        let line = self.network.borrow_mut().connect(0, ip.into());
        Peer::new(Rc::clone(&self.network), line)
    }

    /// As [`connect_as`](Self::connect_as), to where a worker listens that shares the process: see
    /// [`Context::listen`](crate::Context::listen).
    ///
    /// # Panics
    ///
    /// Nobody listens there.
    pub fn connect_to<C: Protocol + Default>(&mut self, endpoint: impl Into<Endpoint>) -> Peer<C> {
        let endpoint = endpoint.into();
        let site = self.network.borrow().listener(&endpoint);
        let site = site.unwrap_or_else(|| panic!("no worker of this world listens on {endpoint}"));
        let line = self.network.borrow_mut().connect(site, None);
        Peer::new(Rc::clone(&self.network), line)
    }

    /// A program with a socket for datagrams: one that sends to where the worker listens for them, at an address of its own.
    pub fn datagram_peer<C: Protocol + Default>(&mut self) -> DatagramPeer<C> {
        DatagramPeer::new(Rc::clone(&self.network), None)
    }

    /// As [`datagram_peer`](Self::datagram_peer), at an address that the worker may
    /// [connect](crate::Context::connect) to.
    pub fn datagram_peer_at<C: Protocol + Default>(&mut self, address: SocketAddr) -> DatagramPeer<C> {
        DatagramPeer::new(Rc::clone(&self.network), Some(address))
    }

    /// A server that the worker may [connect](crate::Context::connect) to: from now on somebody listens there. Where nobody
    /// does, connections are refused.
    pub fn open_port(&mut self, endpoint: impl Into<Endpoint>) {
        self.network.borrow_mut().open_port(endpoint.into());
    }

    /// From now on connections to there are refused; those that there are stay.
    pub fn close_port(&mut self, endpoint: impl Into<Endpoint>) {
        self.network.borrow_mut().close_port(endpoint.into());
    }

    /// From now on nobody answers there, not even with a refusal.
    pub fn silence_port(&mut self, endpoint: impl Into<Endpoint>) {
        self.network.borrow_mut().silence_port(endpoint.into());
    }

    /// A name, and its addresses. Other names are not found.
    pub fn name(&mut self, host: &str, addresses: &[IpAddr]) {
        self.network.borrow_mut().name(host, addresses.to_vec());
    }

    /// The other end of the next connection that the worker has made to there, if there is one.
    pub fn accept<C: Protocol + Default>(&mut self, endpoint: impl Into<Endpoint>) -> Option<Peer<C>> {
        let line = self.network.borrow_mut().take_visitor(endpoint.into())?;
        Some(Peer::new(Rc::clone(&self.network), line))
    }

    /// Goes on until nothing is on its way any more. The clock shows what that took; timers that are due later, and
    /// peers that linger, are not waited for.
    ///
    /// # Panics
    ///
    /// An invariant does not hold, the handler panics, or the world never comes to rest.
    pub fn run(&mut self) {
        for _ in 0..STEPS_MAX {
            if !self.is_busy() && self.network.borrow().due().is_none() {
                return;
            }
            self.step(Duration::MAX);
        }
        self.fail("the world does not come to rest");
    }

    /// Goes on until so much time has passed.
    ///
    /// # Panics
    ///
    /// Those of [`run`](Self::run).
    pub fn pass(&mut self, time: Duration) {
        let until = self.elapsed().saturating_add(time);
        for _ in 0..STEPS_MAX {
            if !self.step(until) {
                let clock = &mut self.network.borrow_mut().clock;
                *clock = until.max(*clock);
                return;
            }
        }
        self.fail("the world does not come to rest");
    }

    /// Takes the next step, unless it lies behind `until`: what the network does next, and a turn of the worker. Says
    /// whether there was one.
    ///
    /// # Panics
    ///
    /// Those of [`run`](Self::run).
    pub fn step(&mut self, until: Duration) -> bool {
        let now = self.elapsed();
        let due = if self.is_busy() {
            now
        } else {
            let others = self.others.iter_mut().filter_map(|other| other.due()).min();
            let due = [self.driver.due(), others, self.network.borrow().due()].into_iter().flatten().min();
            match due.map(|due| due.max(now)) {
                Some(due) if due <= until => due,
                _ => return false,
            }
        };
        let mut network = self.network.borrow_mut();
        network.clock = due;
        let steps = network.faults.clock_steps;
        if network.dice.chance(steps) {
            network.tally[Count::ClockSteps] += 1;
            network.note("the clock steps", 0, 0);
            let step = network.up_to(Faults::CLOCK_STEP_MAX);
            network.clock += step;
        }
        network.happen();
        drop(network);
        self.bell.0.store(false, Ordering::Release);
        if let Err(wrong) = self.turn() {
            self.fail(&wrong);
        }
        self.look_for_panics();
        true
    }

    /// A turn of all workers. When one of them stops, all do.
    fn turn(&mut self) -> Result<(), String> {
        self.driver.turn()?;
        let newcomers = self.driver.newcomers();
        self.add(newcomers);
        let mut at = 0;
        while let Some(other) = self.others.get_mut(at) {
            other.turn()?;
            let newcomers = other.newcomers();
            self.add(newcomers);
            at += 1;
        }
        if self.is_stopping() {
            self.stop();
        }
        Ok(())
    }

    fn is_stopping(&self) -> bool {
        self.driver.is_stopping() || self.others.iter().any(|other| other.is_stopping())
    }

    fn stop(&mut self) {
        self.driver.stop();
        self.others.iter_mut().for_each(|other| other.stop());
    }

    /// Stops the worker, waits until it has drained, and checks that nothing is left. Says what has happened.
    ///
    /// # Panics
    ///
    /// Something is left, and those of [`run`](Self::run).
    pub fn finish(mut self) -> Tally {
        self.stop();
        for _ in 0..STEPS_MAX {
            let drained = self.driver.is_drained() && self.others.iter().all(|other| other.is_drained());
            if drained && !self.is_busy() && self.network.borrow().due().is_none() {
                break;
            }
            if !self.step(Duration::MAX) {
                self.fail("the worker does not drain");
            }
        }
        let left = self.others.iter().map(|other| other.check_empty()).find(Result::is_err);
        self.driver.check_empty().and(left.unwrap_or(Ok(()))).unwrap_or_else(|left| self.fail(&left));
        self.tally()
    }

    /// How much time has passed in the world.
    #[must_use]
    pub fn elapsed(&self) -> Duration {
        self.network.borrow().clock
    }

    /// The handler, and its state.
    #[must_use]
    pub const fn handler(&self) -> &H {
        &self.driver.engine.handler().handler
    }

    /// How many connections the worker has open.
    #[must_use]
    pub const fn open(&self) -> usize {
        self.driver.engine.open()
    }

    /// How a test reaches the worker from outside of a callback: what is posted is done in the next step.
    #[must_use]
    pub fn mailbox(&self) -> Mailbox<P, H::Session> {
        self.driver.engine.mailbox()
    }

    /// What has happened so far.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = self.network.borrow().tally;
        tally += self.driver.calls();
        self.others.iter().for_each(|other| tally += other.calls());
        tally[Count::Panics] = self.count_panics();
        tally
    }

    /// The last events on the network, a line for each: how it came to this.
    #[must_use]
    pub fn history(&self) -> String {
        self.network.borrow().told()
    }

    /// A number for the course of the world: the same for the same course, and hardly for another.
    #[must_use]
    pub fn digest(&self) -> u64 {
        self.network.borrow().digest()
    }

    fn is_busy(&self) -> bool {
        self.driver.is_busy()
            || self.others.iter().any(|other| other.is_busy())
            || self.network.borrow().has_edges()
            || self.bell.0.load(Ordering::Acquire)
    }

    fn count_panics(&self) -> u64 {
        self.driver.panics() + self.others.iter().map(|other| other.panics()).sum::<u64>()
    }

    fn look_for_panics(&mut self) {
        let panics = self.count_panics();
        if panics > std::mem::replace(&mut self.panics, panics) && !self.panics_allowed {
            let others = self.others.iter_mut().find_map(|other| other.take_panic());
            let what = self.driver.take_panic().or(others);
            self.fail(what.as_deref().unwrap_or("the handler panicked"));
        }
    }

    fn fail(&self, wrong: &str) -> ! {
        let (seed, at, told) = (self.seed, self.elapsed(), self.history());
        panic!("{wrong}\nin the world of seed {seed}, after {at:?}; before that:\n{told}");
    }
}

impl<H: Handler> fmt::Debug for World<H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("World").field("seed", &self.seed).field("network", &self.network).finish_non_exhaustive()
    }
}

/// What the workers of a world are put on.
#[derive(Debug)]
pub(crate) struct Stage {
    network: Rc<RefCell<Network>>,
    epoch: Instant,
    seed: u64,
}

impl Stage {
    /// A worker, which listens somewhere if it does.
    pub(crate) fn actor<H: Handler>(&self, engine: Engine<H>, listens: Option<Address>) -> Driver<H> {
        let datagrams = listens.as_ref().filter(|address| address.is_udp());
        let datagrams = datagrams.and_then(|address| address.endpoint().socket_addr());
        let endpoint = listens.map(|address| address.endpoint().clone());
        let site = self.network.borrow_mut().settle(endpoint.filter(|_| datagrams.is_none()));
        let seed = self.seed.wrapping_add(site as u64);
        let mut driver = Driver::new(engine, site, Rc::clone(&self.network), self.epoch, seed);
        if let Some(at) = datagrams {
            self.network.borrow_mut().listen_for_datagrams(site, at);
            driver.listens = Some(at);
            driver.engine.serve_datagrams(true);
        }
        driver
    }
}

/// Rung by mail.
#[derive(Debug, Default)]
struct Bell(AtomicBool);

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.0.store(true, Ordering::Release);
    }
}
