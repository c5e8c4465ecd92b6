//! What the user sees.

use std::io::{self, IsTerminal as _, Write as _};
use std::path::Path;
use wm_schema::render::Colours;

/// Prints a result. A reader that has gone away, as in `wm-schema explain x.wm | head`, is no mistake.
pub(crate) fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Says what is wrong, or what was done.
pub(crate) fn say(text: &str) {
    let _ = io::stderr().lock().write_all(text.as_bytes());
}

/// Says that a file cannot be read or written, in one line.
pub(crate) fn say_unable(doing: &str, path: &Path, error: &io::Error) {
    say(&format!("wm-schema: cannot {doing} {}: {}\n", path.display(), without_number(error)));
}

/// `No such file or directory` without `(os error 2)`.
fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// Whether what is wrong is told in colours: on a terminal, unless `NO_COLOR` is set (no-color.org).
pub(crate) fn colours() -> Colours {
    let unwanted = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
    if io::stderr().is_terminal() && !unwanted { Colours::Yes } else { Colours::No }
}
