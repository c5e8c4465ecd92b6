//! `wm-schema check`: every mistake, or a line that says how each message is framed.

use super::Outcome;
use super::source::{Source, Warnings};
use super::terminal::print;
use std::path::Path;
use wm_schema::explain::summary;

/// Checks one file.
pub(crate) fn run(path: &Path) -> Outcome {
    let checked = Source::read(path).and_then(|source| Ok((source.check(Warnings::Show)?, source.name)));
    match checked {
        Ok((schema, name)) => {
            print(&format!("{name}: {}\n", summary(&schema)));
            Outcome::Good
        }
        Err(outcome) => outcome,
    }
}
