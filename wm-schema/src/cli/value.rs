//! Messages as they are typed: `Done { text: "ok" }`, checked and encoded.

use super::Outcome;
use super::frames::side_word;
use super::terminal::{colours, say};
use wm_schema::draft::{Draft, Side};
use wm_schema::dsl;
use wm_schema::interp::Interpreter;
use wm_schema::ir::{Schema, Value};
use wm_schema::render::{SourceFile, page};
use wm_schema::resolve;

/// A message that can be sent.
pub(crate) struct Ready {
    /// Which one, by index.
    pub(crate) message: usize,
    /// Its fields.
    pub(crate) value: Value,
    /// As it was typed.
    pub(crate) text: String,
    /// Its bytes.
    pub(crate) wire: Vec<u8>,
}

/// Checks and encodes a message that `side` sends; what is wrong is shown.
pub(crate) fn read(text: &str, draft: &Draft, schema: &Schema, side: Side) -> Result<Ready, Outcome> {
    let parsed = dsl::read_value(text);
    let value = parsed.value.and_then(|value| resolve::value(draft, &value, side));
    let (index, value) = value.map_err(|mistakes| {
        let file = SourceFile { name: "the message", source: text, places: &parsed.places };
        say(&page(file, &mistakes, colours()));
        Outcome::Unable
    })?;
    let message = &schema.messages[index];
    if let Some(from) = message.from.filter(|from| *from != side) {
        let (name, from) = (&message.layout.name, side_word(from));
        say(&format!("wm-schema: `{name}` comes from the {from}, and cannot be sent by the {}\n", side_word(side)));
        return Err(Outcome::Unable);
    }
    let wire = Interpreter::new(schema, message).sent_by(side).encode(&value).map_err(|error| {
        say(&format!("wm-schema: cannot send {text}: {error}\n"));
        Outcome::Unable
    })?;
    let value = Value::Arm(index, Box::new(value));
    Ok(Ready { message: index, value, text: text.trim().to_owned(), wire })
}
