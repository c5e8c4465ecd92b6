//! The wm language: from a schema to Rust.
//!
//! ```text
//!   .wm file ──dsl──┐
//!                   ├──> draft ──resolve──> ir ──codegen──> Rust
//!   #[derive] ──────┘                        └───interp───> the oracle
//! ```
//!
//! [`draft`] is what a front end has read, [`ir`] what has been checked; all checks live in between. The proc macro crate
//! `wm-derive` is the other front end and uses this crate without its `dsl` and `cli` features' tools.

pub mod apart;
#[cfg(feature = "dsl")]
mod build;
pub mod codegen;
#[cfg(feature = "interp")]
pub mod compat;
pub mod diagnostic;
#[cfg(feature = "interp")]
pub mod dissect;
#[cfg(feature = "interp")]
pub mod doc;
pub mod draft;
#[cfg(feature = "dsl")]
pub mod dsl;
pub mod explain;
#[cfg(feature = "interp")]
pub mod interp;
pub mod ir;
#[cfg(feature = "dsl")]
pub mod render;
pub mod resolve;
pub mod walk;

pub use resolve::suggest::nearest;

#[cfg(feature = "dsl")]
pub use build::{Build, BuildError, build};
