//! The servers beside each other: speed, cost, and memory of the idle.

use crate::{
    crowd::Crowd,
    machine::{self, Cores},
    process::Server,
    servers::Kind,
    statistics::Spread,
};
use std::{fmt::Write, io, time::Duration};

/// How much is measured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// How many connections talk.
    pub talkers: usize,
    /// How many lines each has on the way: a table for each.
    pub depths: Vec<usize>,
    /// How often each server has its turn.
    pub rounds: usize,
    /// How long a turn is.
    pub turn: Duration,
    /// How many idle connections are held.
    pub idle: usize,
}

impl Plan {
    /// What a figure to be quoted comes from: less than a minute.
    #[must_use]
    pub fn full() -> Self {
        Self { talkers: 50, depths: vec![1, 16], rounds: 25, turn: Duration::from_millis(250), idle: 10_000 }
    }

    /// Enough to see that everything works: some seconds.
    #[must_use]
    pub fn quick() -> Self {
        Self { talkers: 50, depths: vec![1, 16], rounds: 3, turn: Duration::from_millis(50), idle: 10_000 }
    }
}

/// Measures, and gives the tables.
///
/// # Errors
///
/// A server does not start, a reply is wrong or late, or the machine refuses something.
pub fn run(plan: &Plan) -> io::Result<String> {
    let cores = Cores::choose()?;
    machine::stay_on(cores.crowd)?;
    let mut table = format!(
        "Echo of 64-byte lines over loopback, {} connections; {} rounds of {} ms for each server, in turns.\n\
         The server is on core {}, the load on core {}; every reply was verified.\n",
        plan.talkers,
        plan.rounds,
        plan.turn.as_millis(),
        cores.server,
        cores.crowd,
    );
    for &depth in &plan.depths {
        let contest = contest(plan, depth, cores)?;
        describe(&mut table, depth, &contest);
    }
    idle(&mut table, plan.idle, cores)?;
    Ok(table)
}

/// A turn of a server.
#[derive(Debug, Clone, Copy)]
struct Turn {
    /// Replies in a second.
    rate: f64,
    /// CPU seconds of the server for a million messages.
    cost: f64,
}

/// All turns of a server; those with the same index are of the same round.
struct Contestant {
    kind: Kind,
    server: Server,
    crowd: Crowd,
    turns: Vec<Turn>,
}

/// Lets the servers talk in turns: what disturbs the machine for a while disturbs all of them. Each round goes the
/// other way round than the one before.
fn contest(plan: &Plan, depth: usize, cores: Cores) -> io::Result<Vec<Contestant>> {
    let mut contestants = Vec::new();
    for kind in Kind::ALL {
        let server = Server::start(kind, cores.server)?;
        let mut crowd = Crowd::connect(server.address(), plan.talkers, depth)?;
        // Warms up.
        crowd.talk(plan.turn / 2)?;
        contestants.push(Contestant { kind, server, crowd, turns: Vec::new() });
    }
    for _ in 0..plan.rounds {
        for contestant in &mut contestants {
            let before = contestant.server.cpu()?;
            let talk = contestant.crowd.talk(plan.turn)?;
            let cpu = contestant.server.cpu()?.saturating_sub(before);
            let millions = messages(talk.messages) / 1e6;
            let rate = messages(talk.messages) / talk.time.as_secs_f64();
            contestant.turns.push(Turn { rate, cost: cpu.as_secs_f64() / millions });
        }
        contestants.reverse();
    }
    contestants.sort_by_key(|contestant| Kind::ALL.iter().position(|&kind| kind == contestant.kind));
    Ok(contestants)
}

#[expect(clippy::cast_precision_loss, reason = "nobody waits for 2^53 messages")]
const fn messages(count: u64) -> f64 {
    count as f64
}

fn describe(table: &mut String, depth: usize, contestants: &[Contestant]) {
    let bare = &contestants[0];
    let how = if depth == 1 { "unpipelined".to_owned() } else { format!("{depth} deep") };
    table.push('\n');
    row(table, [&how, "msg/s", "CPU s per", "cost, to bare", "time, to bare"]);
    row(table, ["", "median", "million msg", "min   median max", "min   median max"]);
    for Contestant { kind, turns, .. } in contestants {
        let rate = Spread::of(turns.iter().map(|turn| turn.rate)).median;
        let cost = Spread::of(turns.iter().map(|turn| turn.cost)).median;
        let pairs = || turns.iter().zip(&bare.turns);
        let costs = Spread::of(pairs().map(|(turn, bare)| turn.cost / bare.cost));
        let times = Spread::of(pairs().map(|(turn, bare)| bare.rate / turn.rate));
        let (rate, cost) = (format!("{rate:.0}"), format!("{cost:.3}"));
        row(table, [kind.title(), &rate, &cost, &ratio(*kind, costs), &ratio(*kind, times)]);
    }
}

fn row(table: &mut String, [who, rate, cost, costs, times]: [&str; 5]) {
    let line = format!("{who:<18} {rate:>10} {cost:>13}   {costs:<22} {times}");
    let _ = writeln!(table, "{}", line.trim_end());
}

/// Nothing for the reference itself.
fn ratio(kind: Kind, Spread { min, median, max }: Spread) -> String {
    if kind == Kind::Bare { String::new() } else { format!("{min:.2}  {median:.2}   {max:.2}") }
}

/// How many connections make themselves known at a time: few enough for the backlog of any server.
const WAVE: usize = 100;

/// How many descriptors a process needs besides its connections; generous, as a wave of the crowd takes one too.
const OTHER_DESCRIPTORS: u64 = 500;

/// Measures what a connection takes that has said a line and had its reply.
fn idle(table: &mut String, wanted: usize, cores: Cores) -> io::Result<()> {
    let possible = machine::raise_descriptor_limit()?.saturating_sub(OTHER_DESCRIPTORS);
    let waves = wanted.min(usize::try_from(possible).unwrap_or(usize::MAX)) / WAVE;
    let count = waves * WAVE;
    if waves < 2 {
        let _ = writeln!(table, "\nidle               left out: too few descriptors are allowed");
        return Ok(());
    }
    let _ = writeln!(table, "\n{:<18} {:>10}   bytes of its own memory", "idle", "server's");
    for kind in Kind::ALL {
        let server = Server::start(kind, cores.server)?;
        let mut crowds = Vec::with_capacity(waves);
        let mut first = 0;
        for wave in 0..waves {
            let mut crowd = Crowd::connect(server.address(), WAVE, 1)?;
            crowd.talk(Duration::ZERO)?;
            crowds.push(crowd);
            if wave == 0 {
                // From here on it is the connections that take memory, not what comes with the first of them.
                first = server.memory()?;
            }
        }
        let grown = server.memory()?.saturating_sub(first);
        let each = grown.div_ceil((count - WAVE) as u64);
        let _ = writeln!(table, "{:<18} {each:>10}   for each of {count} connections that have spoken", kind.title());
    }
    Ok(())
}
