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
pub(crate) fn without_number(error: &io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((words, _)) => words.to_owned(),
        None => text,
    }
}

/// Whether what is wrong is told in colours: on a terminal, unless `NO_COLOR` is set (no-color.org).
pub(crate) fn colours() -> Colours {
    if io::stderr().is_terminal() && !unwanted() { Colours::Yes } else { Colours::No }
}

fn unwanted() -> bool {
    std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// What a piece of a result is, and so its colour.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Paint {
    /// What is there for orientation.
    Dim,
    /// The name of a field.
    Name,
    /// What a field holds.
    Value,
    /// What is wrong.
    Bad,
}

/// Paints results.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Painter(Colours);

impl Painter {
    /// For standard output: in colours on a terminal, unless `NO_COLOR` is set.
    pub(crate) fn of_output() -> Self {
        Self(if io::stdout().is_terminal() && !unwanted() { Colours::Yes } else { Colours::No })
    }

    pub(crate) fn paint(self, paint: Paint, text: &str) -> String {
        let code = match paint {
            Paint::Dim => "2",
            Paint::Name => "36",
            Paint::Value => "32",
            Paint::Bad => "1;31",
        };
        self.with(code, text)
    }

    /// A line above others.
    pub(crate) fn title(self, text: &str) -> String {
        self.with("1", text)
    }

    fn with(self, code: &str, text: &str) -> String {
        if self.0 == Colours::No || text.trim().is_empty() {
            return text.to_owned();
        }
        format!("\x1b[{code}m{text}\x1b[0m")
    }
}
