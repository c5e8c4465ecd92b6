//! Speed and memory, measured; the README beside this crate says how to run it and what each number means.
//!
//! * [`echo`]: three echo servers, each alone on a core, in front of a crowd that verifies every reply.
//! * [`codecs`]: generated codecs beside parsers written by hand.
//! * [`data`]: masks and header blocks beside loops by hand and httparse.
//! * [`timers`]: a million timers beside a map of deadlines.
//! * [`compile`]: what generated code costs the compiler.
//!
//! It judges nothing: a number is only as good as the machine was quiet.

pub mod codecs;
pub mod compile;
pub mod data;
pub mod echo;
pub mod servers;
pub mod timers;

mod crowd;
mod machine;
mod process;
mod statistics;
