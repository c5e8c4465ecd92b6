//! `wm-schema dissect`: a dissector for Wireshark.

use super::Outcome;
use super::generate::deliver;
use super::source::{Source, Warnings};
use super::terminal::say;
use std::path::PathBuf;
use wm_schema::dissect::dissector;

/// What can be typed behind `dissect`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A schema; `-` is standard input
    file: PathBuf,
    /// Write to this file, if it changes; without it the dissector is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
}

/// Makes a dissector, and says what it does not do.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let checked = Source::read(&arguments.file).and_then(|source| source.check(Warnings::Hide));
    let schema = match checked {
        Ok(schema) => schema,
        Err(outcome) => return outcome,
    };
    let name = arguments.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let name = name.filter(|name| name != "-").unwrap_or_else(|| format!("{}.wm", schema.name));
    let made = dissector(&schema, &name);
    for note in &made.notes {
        say(&format!("wm-schema: not in the dissector: {note}\n"));
    }
    if schema.port.is_none() {
        let name = &schema.name;
        say(&format!(
            "wm-schema: {name} has no port: name one to Wireshark, `-o {name}.port:9200` or Analyze > Decode As\n"
        ));
    }
    deliver(arguments.output.as_deref(), &made.code)
}
