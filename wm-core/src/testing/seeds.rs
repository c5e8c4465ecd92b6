//! [`for_seeds`] and [`at_every_split`]: the same test in many worlds.

use std::{
    env,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
};

/// The environment variable that names the one seed to run.
const SEED: &str = "WM_SEED";

/// Runs a test once for each seed. If one fails, it says which, and how to run that one alone: with the environment
/// variable `WM_SEED`, which replaces `seeds`.
///
/// ```
/// # use wm_core::testing::for_seeds;
/// for_seeds(0..3, |seed| assert_ne!(seed, 7));
/// ```
///
/// # Panics
///
/// The test does, or `WM_SEED` is set and is no number.
#[expect(clippy::print_stderr, reason = "the seed is what the reader of a failed test needs")]
pub fn for_seeds(seeds: impl IntoIterator<Item = u64>, mut test: impl FnMut(u64)) {
    if let Ok(only) = env::var(SEED) {
        let seed = only.parse().unwrap_or_else(|error| panic!("{SEED}={only}: {error}"));
        return test(seed);
    }
    for seed in seeds {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(seed))) {
            eprintln!("seed {seed} has failed; {SEED}={seed} runs it alone");
            resume_unwind(panic);
        }
    }
}

/// Runs a test once for each place at which the network may cut `bytes` in two, the ends included.
///
/// ```
/// use wm_core::{Worker, protocol::Text, testing::{World, at_every_split}};
///
/// at_every_split(b"hello\r\nworld\r\n", |first, second| {
///     let mut world = World::new(Worker::<Text>::new("text://0.0.0.0:1").on_message(|guest, line| guest.send(line)));
///     let tom = world.connect();
///     tom.send_raw(first);
///     world.run();
///     tom.send_raw(second);
///     world.run();
///     assert_eq!(tom.lines(), ["hello", "world"]);
/// });
/// ```
///
/// # Panics
///
/// The test does; a line says where the cut was.
#[expect(clippy::print_stderr, reason = "the place is what the reader of a failed test needs")]
pub fn at_every_split(bytes: &[u8], mut test: impl FnMut(&[u8], &[u8])) {
    for place in 0..=bytes.len() {
        let (first, second) = bytes.split_at(place);
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| test(first, second))) {
            eprintln!("it has failed with a cut after {place} of {} bytes", bytes.len());
            resume_unwind(panic);
        }
    }
}
