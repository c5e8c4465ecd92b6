//! `wm-schema doc`: a schema as a page.

use super::Outcome;
use super::generate::deliver;
use super::source::{Source, Warnings};
use std::path::PathBuf;
use wm_schema::doc::page;

/// What can be typed behind `doc`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A schema; `-` is standard input
    file: PathBuf,
    /// Write to this file, if it changes; without it the page is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Makes the page.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let checked = Source::read(&arguments.file).and_then(|source| source.check(Warnings::Hide));
    match checked {
        Ok(schema) => deliver(arguments.output.as_deref(), &page(&schema)),
        Err(outcome) => outcome,
    }
}
