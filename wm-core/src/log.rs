//! One line on stderr: what a worker says when nobody asked to be told otherwise.

use std::{
    fmt,
    io::{self, Write},
};

/// Writes a line in one piece, so that those of several processes do not mix. A peer may have chosen some of its words:
/// they cannot make it two lines, nor move a terminal's cursor.
pub(crate) fn line(line: fmt::Arguments<'_>) {
    let line = format!("wm: {line}").replace(char::is_control, " ");
    // When stderr is gone there is nobody left to tell.
    let _ = io::stderr().lock().write_all(format!("{line}\n").as_bytes());
}
