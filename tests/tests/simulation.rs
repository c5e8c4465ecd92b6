//! The fixed worlds of each test run. `cargo run --release -p wm-tests --bin simulate -- --seeds 10000` tries more.

use wm_core::testing::{Count, Tally, for_seeds};
use wm_tests::simulation::{self, SEEDS};

#[test]
fn everything_holds_in_the_fixed_worlds_and_everything_was_tried() {
    let mut tally = Tally::default();
    let mut worlds = 0;
    for_seeds(0..SEEDS, |seed| {
        tally += simulation::run(seed).tally;
        worlds += 1;
    });
    let never: Vec<_> = Count::ALL.into_iter().filter(|(count, _)| tally[*count] == 0).map(|(_, name)| name).collect();
    assert!(never.is_empty() || worlds < SEEDS, "was never tried: {never:?}");
}

#[test]
fn a_seed_makes_the_same_world_again() {
    for seed in 0..20 {
        let (once, again) = (simulation::run(seed), simulation::run(seed));
        assert_eq!(once, again, "seed {seed}");
        assert_ne!(once.digest, simulation::run(seed + 1).digest, "seed {seed}");
    }
}
