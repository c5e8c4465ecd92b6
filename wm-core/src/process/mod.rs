//! Processes: a master that binds, forks and supervises, and the workers that it keeps alive.
//!
//! ```text
//!             signals, exits, clock                          spawn, signal, tell, finish
//!   kernel ─────────────────────────> master.rs ──event──> supervisor.rs ──action──> master.rs
//!                                        │                  (pure: no clock, no descriptor)
//!                          fork (sys.rs) │ pipe: "ready", and why a worker ended (voice.rs)
//!                                        ▼
//!                       board.rs <── child.rs ──> Service::run
//! ```
//!
//! The master owns no connection. It works as PID 1: children that are not its own are reaped as well.

mod board;
mod child;
mod console;
mod master;
mod post;
mod proc_status;
mod signals;
mod supervisor;
pub(crate) mod sys;
mod voice;

pub use board::Scorecard;
pub use supervisor::Supervision;

pub(crate) use console::Console;
pub(crate) use master::{Front, Master};
pub(crate) use proc_status::ProcStatus;
pub(crate) use supervisor::Outcome;
pub(crate) use sys::{Fork, SingleThread, fork};
