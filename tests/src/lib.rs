//! What all tests of protocols share: the schemas, the engines that run them, vectors as data, and what fuzzers call.
//!
//! ```text
//!   schemas/*.wm ──> generated code ──┐
//!                └─> interpreter ─────┼──> engine ──> stream ──> an outcome: messages, then what is missing or wrong
//!   a derived struct, by hand ────────┘
//!   vectors/*.txt, damage, garbage ──────> the same bytes for each of them, in any pieces: the same outcome
//! ```
//!
//! A vector is data: found by a fuzzer or thought of by a person, it is written down once and run by every engine.

pub mod damage;
pub mod derived;
pub mod engine;
pub mod foreign;
pub mod fuzz;
pub mod laws;
pub mod loopback;
pub mod oracle;
pub mod own;
pub mod recovery;
pub mod schemas;
pub mod simulation;
pub mod staged;
pub mod stream;
pub mod streamed;
pub mod subject;
pub mod vectors;
