//! `wm-schema test`: the tests that a schema brings along.

use super::Outcome;
use super::source::{Source, Warnings};
use super::terminal::print;
use std::path::Path;
use wm_schema::interp;

/// Runs the tests of one file.
pub(crate) fn run(path: &Path) -> Outcome {
    let checked = Source::read(path).and_then(|source| Ok((source.check(Warnings::Hide)?, source.name)));
    let (schema, name) = match checked {
        Ok(checked) => checked,
        Err(outcome) => return outcome,
    };
    if schema.tests.is_empty() {
        print(&format!("{name}: no tests\n"));
        return Outcome::Good;
    }
    let report = interp::test(&schema);
    print(&format!("{name}\n{report}"));
    if report.passed() { Outcome::Good } else { Outcome::Bad }
}
