//! One line on stderr: what a server says when nobody asked to be told otherwise.

use std::{
    fmt,
    io::{self, Write},
};

/// Writes a line in one piece, so that those of several processes do not mix.
pub(crate) fn line(line: fmt::Arguments<'_>) {
    // When stderr is gone there is nobody left to tell.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
