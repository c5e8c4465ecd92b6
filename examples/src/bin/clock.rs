//! A clock that others are set by, SNTP (RFC 4330): a datagram asks, a datagram answers.
//!
//! You learn: a worker on UDP, where each datagram is a message; a message as a Rust struct, in which bits are fields; and a
//! client of datagrams in the same process, the manual's `AsyncUdpConnection`.
//!
//! ```text
//! cargo run --bin clock
//! sntp 127.0.0.1:1123                                 or another client of NTP
//! clock --follow udp://pool.ntp.org:123               goes by another clock, and says so
//! ```
//!
//! You see: the time of this machine, or that of the clock which is followed.

use clap::Parser;
use std::{
    cell::Cell,
    process::ExitCode,
    rc::Rc,
    time::{Duration, SystemTime, UNIX_EPOCH},
};
use wm_core::{Backoff, Control, Dial, Server, Worker, protocol::Duplex};
use wm_derive::Protocol;

/// A question and an answer look alike.
#[derive(Debug, Clone, Copy, Default, Protocol)]
#[wm(name = "sntp")]
struct Time {
    #[wm(as = "u2")]
    leap: u8,
    #[wm(as = "u3")]
    version: u8,
    #[wm(as = "u3")]
    mode: u8,
    stratum: u8,
    poll: i8,
    precision: i8,
    root_delay: u32,
    root_dispersion: u32,
    reference: [u8; 4],
    set_at: u64,
    originate: u64,
    receive: u64,
    transmit: u64,
}

/// Who speaks, in `mode`.
const CLIENT: u8 = 3;
const SERVER: u8 = 4;

/// From 1900, where NTP counts from, to 1970.
const ERAS: u64 = 2_208_988_800;

/// How far a clock that follows none is from a good one.
const STRATUM: u8 = 10;

/// How often a clock that is followed is asked.
const INTERVAL: Duration = Duration::from_secs(64);

/// A clock that others are set by.
#[derive(Parser)]
struct Arguments {
    /// Go by the clock of this server
    #[arg(long, global = true, value_name = "ADDRESS")]
    follow: Option<String>,
    #[command(flatten)]
    control: Control,
}

/// What is known of the clock that is followed: how far it is from a good one, and by how much ours is behind it, in the
/// fractions of `now`.
#[derive(Debug, Clone, Copy)]
struct Known {
    stratum: u8,
    behind: i64,
}

fn main() -> ExitCode {
    let Arguments { follow, control } = Arguments::parse();
    let known = Rc::new(Cell::new(Known { stratum: STRATUM, behind: 0 }));
    let learned = Rc::clone(&known);
    let clock = Worker::<Duplex<Time>>::new("udp://0.0.0.0:1123")
        .name("clock")
        .on_worker_start(move |worker| {
            if let Some(server) = &follow
                && let Err(error) = worker.host(follower(server, &learned))
            {
                panic!("{error}");
            }
        })
        .on_message(move |peer, question| {
            let Known { stratum, behind } = known.get();
            let time = || now().wrapping_add_signed(behind);
            let receive = time();
            // Whatever answers an answer could be made to talk to its like for ever.
            if question.mode == CLIENT {
                peer.send(Time {
                    version: question.version,
                    mode: SERVER,
                    stratum,
                    poll: question.poll,
                    precision: -20,
                    reference: *b"LOCL",
                    set_at: receive,
                    originate: question.transmit,
                    receive,
                    transmit: time(),
                    ..Time::default()
                });
            }
        });
    Server::new().worker(clock).command(&control)
}

/// Asks a server for the time, again and again.
fn follower(server: &str, known: &Rc<Cell<Known>>) -> Worker<Duplex<Time>> {
    let (server, known) = (server.to_owned(), Rc::clone(known));
    Worker::<Duplex<Time>>::client()
        .name("follower")
        .on_worker_start(move |worker| {
            let dial = Dial::new(&server).map(|dial| dial.reconnect(Backoff::default()));
            if let Err(error) = dial.and_then(|dial| worker.connect(dial)) {
                panic!("{error}");
            }
        })
        .on_connect(|server| {
            server.send(question());
            server.every(INTERVAL, |server| server.send(question()))
        })
        .on_message(move |_, answer| {
            if answer.mode == SERVER && answer.stratum > 0 {
                known.set(Known { stratum: answer.stratum.saturating_add(1), behind: behind(&answer, now()) });
            }
        })
}

fn question() -> Time {
    Time { version: 4, mode: CLIENT, transmit: now(), ..Time::default() }
}

/// RFC 4330, section 5: by how much our clock is behind, if both ways have taken as long.
fn behind(answer: &Time, arrived: u64) -> i64 {
    let there = answer.receive.wrapping_sub(answer.originate).cast_signed();
    let back = answer.transmit.wrapping_sub(arrived).cast_signed();
    there / 2 + back / 2
}

/// Seconds since 1900, with 32 bits of fraction.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    (since.as_secs() + ERAS) << 32 | fraction
}
