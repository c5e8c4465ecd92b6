//! The runtime of generated code: what every codec needs and none should repeat.
//!
//! Everything here is a pure function of bytes: no socket, no clock, no log. A peer's bytes never panic and never
//! decide how much is allocated; indexing and unchecked arithmetic are denied in this folder.
//!
//! The three steps of a frame, and the rooms they use:
//!
//! ```text
//!   received bytes ──> input ──────> decode ──────> a borrowed message
//!                      scan.rs       reader.rs      error.rs when a byte is wrong
//!   a message ───────> measure ────> write ──────> bytes to send
//!                      check.rs      writer.rs
//! ```
#![cfg_attr(
    not(test),
    deny(
        clippy::indexing_slicing,
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::arithmetic_side_effects
    )
)]

pub mod base64;
pub mod check;
pub mod checksum;
mod ends;
mod envelope;
mod error;
mod escape;
mod fault_kind;
mod filler;
pub mod finite;
mod headers;
pub mod json;
mod list;
pub mod own;
mod pointed;
mod reader;
mod region;
mod scan;
mod start;
pub mod stranger;
mod text;
mod varint;
mod varying;
pub mod via;
mod walk;
mod word;
mod writer;

pub use ends::{AnyOf, Ends};
pub use envelope::{Braces, Cobs, Lines, Opened, Slip};
pub use error::{DecodeError, EncodeError, EncodeFault, Fault, Field};
pub use escape::{Escaping, Unsigned};
pub use fault_kind::FaultKind;
pub use filler::Fill;
pub use headers::{HEADER_LINES_MAX, HeaderFault, HeaderLine, Headers, HeadersIter};
pub use json::Json;
pub use list::{Element, Handed, HandedList, List, ListIter, ReadElement};
pub use own::{As, Reason, Transform};
pub use pointed::{Backward, Followed, Outside, Pointed};
pub use reader::Reader;
pub use scan::{Delimiter, Input, Prefix, datagram, fixed, starts_with, starts_with_nocase};
pub use start::{look, stranger, unexpected, unfinished};
pub use text::Radix;
pub use varying::Spelling;
pub use walk::{Halt, PartWalk, Reached, Step, Walk, Walker};
pub use writer::Writer;

/// Borrowed where it can be, owned where an escape had to be undone.
#[doc(no_inline)]
pub use alloc::borrow::Cow;
#[doc(no_inline)]
pub use bytes::BytesMut;
/// serde, as generated code for typed JSON bodies names it.
#[doc(no_inline)]
pub use serde;
