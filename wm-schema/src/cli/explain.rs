//! `wm-schema explain`: what was inferred from a schema.

use super::Outcome;
use super::source::{Source, Warnings};
use super::terminal::{print, say};
use std::path::Path;
use wm_schema::ir::Schema;

/// Explains a schema, or one message of it.
pub(crate) fn run(path: &Path, message: Option<&str>) -> Outcome {
    let checked = Source::read(path).and_then(|source| Ok((source.check(Warnings::Hide)?, source.name)));
    let (mut schema, name) = match checked {
        Ok(checked) => checked,
        Err(outcome) => return outcome,
    };
    if let Some(message) = message
        && let Err(known) = keep(&mut schema, message)
    {
        say(&format!("wm-schema: there is no message `{message}` in {name}; there is {known}\n"));
        return Outcome::Unable;
    }
    print(&wm_schema::explain::explain(&schema));
    Outcome::Good
}

/// Leaves only one message in the schema, and nothing that points at others; or names the messages that there are.
fn keep(schema: &mut Schema, name: &str) -> Result<(), String> {
    let Some(index) = schema.messages.iter().position(|message| message.layout.name == name) else {
        let known: Vec<String> = schema.messages.iter().map(|message| format!("`{}`", message.layout.name)).collect();
        return Err(known.join(" and "));
    };
    schema.messages = vec![schema.messages.swap_remove(index)];
    schema.exchanges.clear();
    schema.tests.clear();
    Ok(())
}
