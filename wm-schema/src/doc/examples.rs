//! The tests of a schema as examples: each byte beside its field.

use super::html::escaped;
use crate::interp::{Found, Interpreter, Setter};
use crate::ir::{Case, Expect, Schema};
use std::fmt::Write as _;

/// How many bytes a row shows, and how many rows a field has at most.
const ROW: usize = 8;
const ROWS: usize = 6;

/// The examples of a message, by index.
pub(super) fn of_message(schema: &Schema, message: usize) -> String {
    let mut text = String::new();
    for test in &schema.tests {
        for case in test.cases.iter().filter(|case| case.message == Some(message)) {
            // The first one is open, so that there is something to see.
            let open = if text.is_empty() { " open=\"open\"" } else { "" };
            let _ = write!(text, "<details{open}><summary>{}", escaped(&test.name));
            let _ = writeln!(text, " <span class=\"dim\">{}</span></summary>", escaped(&outcome(case)));
            let _ =
                writeln!(text, "<div class=\"bytes\"><table>{}</table></div></details>", rows(schema, message, case));
        }
    }
    if text.is_empty() { text } else { format!("<h3>Examples</h3>\n{text}") }
}

fn outcome(case: &Case) -> String {
    let bytes = crate::resolve::spell::count(case.bytes.len() as u64, "byte");
    match &case.expect {
        Expect::Equals(_) => bytes,
        Expect::Decodes(_) => format!("{bytes}, a spelling that is accepted"),
        Expect::Rejects(field) => format!("{bytes}, refused at {field}"),
        Expect::Needs(missing) => format!("{bytes}, not complete: at least {missing} more"),
    }
}

fn rows(schema: &Schema, message: usize, case: &Case) -> String {
    let interpreter = Interpreter::new(schema, &schema.messages[message]).sent_by(case.from);
    let trace = match case.expect {
        Expect::Needs(_) => interpreter.trace_start(&case.bytes),
        _ => interpreter.trace(&case.bytes),
    };
    let bytes = trace.content.as_ref().map_or(case.bytes.as_slice(), |content| content.bytes.as_slice());
    let mut text = String::new();
    let mut read = 0;
    for span in &trace.spans {
        let value = match &span.found {
            Found::Broken => break,
            Found::Value(value, _) => value.clone(),
            Found::Group(name) => name.clone(),
            Found::List => String::new(),
        };
        let is_leaf = matches!(span.found, Found::Value(..));
        let own = if is_leaf { &bytes[span.bytes.clone()] } else { &[] };
        let class = if span.setter == Setter::User { "" } else { " class=\"computed\"" };
        let indent = "  ".repeat(span.depth);
        let shown: Vec<&[u8]> = if own.is_empty() { vec![own] } else { own.chunks(ROW).take(ROWS).collect() };
        for (at, chunk) in shown.iter().enumerate() {
            let hex: Vec<String> = chunk.iter().map(|byte| format!("{byte:02x}")).collect();
            let more = if at + 1 == ROWS && own.len() > ROW * ROWS { " …" } else { "" };
            let (name, value) =
                if at == 0 { (format!("{indent}{}", span.name), cut(&value)) } else { Default::default() };
            let _ = write!(
                text,
                "<tr{class}><td class=\"dim\">{}</td><td class=\"hex\">{}{more}</td><td>{}</td><td>{}</td></tr>",
                span.bytes.start + at * ROW,
                hex.join(" "),
                escaped(&name),
                escaped(&value)
            );
        }
        if is_leaf {
            read = read.max(span.bytes.end);
        }
    }
    if read < bytes.len() {
        let left: Vec<String> = bytes[read..].iter().take(ROW * 2).map(|byte| format!("{byte:02x}")).collect();
        let more = if bytes.len() - read > ROW * 2 { " …" } else { "" };
        let _ = write!(
            text,
            "<tr><td class=\"dim\">{read}</td><td class=\"hex\">{}{more}</td><td></td><td></td></tr>",
            left.join(" ")
        );
    }
    if let (Err(error), Expect::Rejects(_)) = (&trace.end, &case.expect) {
        let why = format!("{} at byte {}: {}", error.field, error.offset, error.fault);
        let _ = write!(
            text,
            "<tr><td></td><td></td><td class=\"bad\">refused</td><td class=\"bad\">{}</td></tr>",
            escaped(&why)
        );
    }
    text
}

fn cut(value: &str) -> String {
    let short: String = value.chars().take(80).collect();
    if short.len() < value.len() { format!("{short}…") } else { short }
}
