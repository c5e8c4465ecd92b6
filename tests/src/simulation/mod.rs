//! A whole server in a made-up world: everything that a handler and its peers can do, on a network that breaks, by a
//! seed. The invariants of [`wm_core::testing`] are checked at each step; here is added that every message arrives once,
//! in order and unchanged, in both directions, unless its sender or receiver knows why not.
//!
//! ```text
//!   seed ──> limits, faults, guests ──> guest ──asks──> hall        what was said, not yet heard: the book
//!                                             <──told──             what was heard: must be first in the book
//! ```
//!
//! Some worlds are of a relay: a worker that connects to others, and passes on what comes. Some are of datagrams.

mod guest;
mod hall;
mod relay;
mod swarm;
mod tongue;

use guest::Guest;
use hall::{Book, Hall};
use std::cell::RefCell;
use std::net::Ipv4Addr;
use std::rc::Rc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tongue::{Parcel, Tongue};
use wm_core::protocol::Text;
use wm_core::testing::{Count, Dice, Faults, Tally, World};
use wm_core::{Deadlines, Limits, Overflow, Worker};

/// How many of a thousand worlds are crowded.
const CROWDED: u32 = 10;

/// How many of a thousand worlds are of a worker that connects to others.
const RELAYS: u32 = 200;

/// How many of a thousand of the others are of datagrams.
const SWARMS: u32 = 100;

/// How many worlds a test run tries.
pub const SEEDS: u64 = 300;

/// How often a guest may ask for another pause of two seconds before it must be served.
const PATIENCE: usize = 200;

/// What came of a world.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// What has happened.
    pub tally: Tally,
    /// A number for its course.
    pub digest: u64,
    /// How many peers there were.
    pub guests: usize,
}

/// Runs the world of a seed from its beginning to its end.
///
/// # Panics
///
/// Something is wrong with the engine, or with the simulation.
#[must_use]
pub fn run(seed: u64) -> Outcome {
    let mut dice = Dice::new(!seed);
    if dice.chance(RELAYS) {
        return relay::run(seed, dice);
    }
    if dice.chance(SWARMS) {
        return swarm::run(seed, dice);
    }
    if dice.chance(500) { Scenario::<Text>::new(seed, dice).run() } else { Scenario::<Parcel>::new(seed, dice).run() }
}

struct Scenario<T: Tongue> {
    seed: u64,
    dice: Dice,
    world: World<Hall<T>>,
    book: Rc<RefCell<Book>>,
    guests: Vec<Guest<T>>,
    /// How many guests there will be.
    expected: usize,
    text_bytes_max: usize,
}

impl<T: Tongue> Scenario<T> {
    fn new(seed: u64, mut dice: Dice) -> Self {
        let crowded = dice.chance(CROWDED);
        let expected = if crowded { 500 + dice.below(1000) } else { 1 + dice.below(16) };
        // Some frames are larger than all that is read at once.
        let text_bytes_max = if crowded { 50 } else { *dice.pick(&[50, 50, 500, 500, 500, 5_000, 5_000, 70_000]) };
        let send_high_bytes = *dice.pick(&[200, 4_000, 40_000]);
        let limits = Limits {
            frame_bytes_max: 2 * text_bytes_max + 100,
            send_high_bytes,
            send_low_bytes: dice.below(send_high_bytes),
            send_queue_bytes_max: send_high_bytes * *dice.pick(&[1, 4, 20]),
            overflow: *dice.pick(&[Overflow::Refuse, Overflow::Refuse, Overflow::Close]),
            deadlines: deadlines(&mut dice),
            connections_max: if dice.chance(200) { 1 + dice.below(expected) } else { usize::MAX },
            connections_per_ip_max: if dice.chance(50) { 1 + dice.below(expected) } else { usize::MAX },
        };
        let faults = faults(&mut dice);
        let book = Rc::<RefCell<Book>>::default();
        let worker = Worker::serve("tcp://0.0.0.0:1", Hall::<T>::new(Rc::clone(&book))).name("hall").limits(limits);
        let mut world = World::with_faults(worker, seed, faults);
        world.allow_panics();
        Self { seed, dice, world, book, guests: Vec::new(), expected, text_bytes_max }
    }

    fn run(mut self) -> Outcome {
        self.live();
        // Some are still there when the worker stops, in the middle of something.
        if self.dice.chance(700) {
            self.say_good_bye();
        }
        let Self { seed, world, book, guests, .. } = self;
        let digest = world.digest();
        let tally = world.finish();
        let wrongs = guests.iter().filter_map(|guest| guest.listen().err());
        book.borrow_mut().wrongs.extend(wrongs);
        let book = book.borrow();
        assert!(book.wrongs.is_empty(), "in the world of seed {seed}: {:#?}", book.wrongs);
        assert_eq!(tally[Count::Panics], book.panics, "in the world of seed {seed}: panics on purpose");
        assert_eq!(book.mailed.load(Ordering::Relaxed), book.posted, "in the world of seed {seed}: mail");
        assert_eq!(tally[Count::OnConnect], tally[Count::OnClose], "in the world of seed {seed}");
        Outcome { tally, digest, guests: guests.len() }
    }

    /// Guests come, act and go while time passes.
    fn live(&mut self) {
        let mut at_work = Vec::new();
        while self.guests.len() < self.expected || !at_work.is_empty() {
            if self.guests.len() < self.expected && (at_work.is_empty() || self.dice.chance(500)) {
                at_work.push(self.guests.len());
                self.welcome();
            }
            let place = self.dice.below(at_work.len());
            let guest = &mut self.guests[at_work[place]];
            guest.act(&mut self.dice);
            if guest.is_done() {
                at_work.swap_remove(place);
            }
            self.let_time_pass();
        }
    }

    fn welcome(&mut self) {
        // From one of a few places, or from one of its own.
        let place = u32::try_from(self.dice.below(4)).ok().filter(|place| *place > 0);
        let peer = self.world.connect_from(place.map(|place| Ipv4Addr::from_bits(0xc000_0200 | place).into()));
        let account = self.book.borrow_mut().account(&peer.address());
        let patience = 1 + self.dice.below(if self.expected > 100 { 6 } else { 60 });
        let polite = self.dice.chance(300);
        self.guests.push(Guest::new(peer, account, patience, self.expected, self.text_bytes_max, polite));
    }

    fn let_time_pass(&mut self) {
        for _ in 0..self.dice.below(6) {
            let soon = self.world.elapsed() + Duration::from_millis(20);
            self.world.step(soon);
        }
        if self.dice.chance(30) {
            let time = Duration::from_millis(self.dice.below(3000) as u64);
            self.world.pass(time);
        }
        if self.guests.len() < 100 || self.dice.chance(10) {
            self.listen();
        }
    }

    fn listen(&self) {
        let heard = self.guests.iter().filter_map(|guest| guest.listen().err());
        if let Some(wrong) = heard.chain(self.book.borrow().wrongs.iter().cloned()).next() {
            panic!("{wrong}\nin the world of seed {}; before that:\n{}", self.seed, self.world.history());
        }
    }

    /// All guests end in order, and have the time to.
    fn say_good_bye(&mut self) {
        self.guests.iter_mut().for_each(Guest::finish);
        self.world.run();
        for _ in 0..PATIENCE {
            if self.guests.iter().all(|guest| guest.has_ended() || guest.has_vanished()) {
                break;
            }
            self.world.pass(Duration::from_secs(2));
            self.world.run();
        }
        self.listen();
        // Those who vanish may take the places of others.
        if self.guests.iter().all(|guest| !guest.has_vanished()) {
            let left = self.guests.iter().filter(|guest| !guest.has_ended()).count();
            let (seed, history) = (self.seed, self.world.history());
            assert_eq!(left, 0, "in the world of seed {seed}: guests wait; before that:\n{history}");
        }
    }
}

/// Any mixture of deadlines, most of them soon.
fn deadlines(dice: &mut Dice) -> Deadlines {
    let mut some = |millis: usize| (!dice.chance(300)).then(|| Duration::from_millis((1 + dice.below(millis)) as u64));
    let (first_byte, frame, idle) = (some(60_000), some(30_000), some(100_000));
    let (stall, drain) = (some(60_000), some(30_000));
    // A worker that waits for ever for those who never read does not end, and nor would its world.
    let stop = Some(Duration::from_millis(dice.below(10_000) as u64));
    Deadlines {
        connect: None,
        tls: None,
        first_byte,
        frame,
        frame_bytes_per_second_min: 1024,
        idle,
        stall,
        drain,
        stop,
    }
}

/// Any mixture of faults.
fn faults(dice: &mut Dice) -> Faults {
    let mut some = |most: usize| u32::try_from(dice.below(2) * dice.below(most + 1)).unwrap_or_default();
    let (stalls, false_alarms, accept_pauses) = (some(20), some(100), some(500));
    let (resets, write_failures, clock_steps) = (some(10), some(10), some(5));
    let (refusals, lost_names) = (some(200), some(200));
    let delay_max = Duration::from_millis(*dice.pick(&[0, 1, 50, 2000]));
    let (splits, reorders) = (dice.chance(800), dice.chance(800));
    Faults {
        splits,
        reorders,
        delay_max,
        stalls,
        false_alarms,
        accept_pauses,
        resets,
        write_failures,
        refusals,
        lost_names,
        // Worlds of datagrams have others.
        losses: 0,
        copies: 0,
        clock_steps,
    }
}
