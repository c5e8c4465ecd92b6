//! Runs made-up worlds, and prints what was tried in them. What fails is named with the command that replays it.
//!
//! ```text
//! cargo run --release -p wm-tests --bin simulate -- --seeds 10000
//! cargo run --release -p wm-tests --bin simulate -- --seed 17
//! ```

use std::io::{self, Write};
use std::panic::catch_unwind;
use std::process::ExitCode;
use std::time::{Duration, Instant};
use std::{env, fmt};
use wm_core::testing::Tally;
use wm_tests::simulation;

const USAGE: &str = "usage: simulate [--seeds COUNT] [--first SEED] | --seed SEED";

/// How often it says how far it has come.
const REPORT: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let args: Vec<String> = env::args().skip(1).collect();
    match read(&args) {
        Some((first, count)) => simulate(first, count),
        None => {
            say(format_args!("{USAGE}"));
            ExitCode::from(2)
        }
    }
}

/// The first seed, and how many.
fn read(args: &[String]) -> Option<(u64, u64)> {
    let (mut first, mut count) = (0, simulation::SEEDS);
    for pair in args.chunks(2) {
        let [name, value] = pair else { return None };
        let value = value.parse().ok()?;
        match name.as_str() {
            "--seeds" => count = value,
            "--first" => first = value,
            "--seed" => (first, count) = (value, 1),
            _ => return None,
        }
    }
    Some((first, count))
}

fn simulate(first: u64, count: u64) -> ExitCode {
    let began = Instant::now();
    let (mut tally, mut guests, mut reported) = (Tally::default(), 0, began);
    for seed in first..first.saturating_add(count) {
        // What has failed was told by the panic itself.
        let Ok(outcome) = catch_unwind(|| simulation::run(seed)) else {
            say(format_args!("again: cargo run --release -p wm-tests --bin simulate -- --seed {seed}"));
            return ExitCode::FAILURE;
        };
        tally += outcome.tally;
        guests += outcome.guests;
        if reported.elapsed() > REPORT {
            reported = Instant::now();
            say(format_args!("{} of {count} worlds, after {:.0?}", seed - first + 1, began.elapsed()));
        }
    }
    say(format_args!("{tally}{count} worlds from seed {first}, {guests} peers: nothing is wrong"));
    ExitCode::SUCCESS
}

fn say(line: fmt::Arguments<'_>) {
    // When nobody reads it, the exit status still says it.
    let _ = writeln!(io::stdout(), "{line}");
}
