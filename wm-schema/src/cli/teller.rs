//! Tells the user, or a tool, what stands in bytes.

use super::dump::{dump, one_line};
use super::frames::side_word;
use super::source::Source;
use super::terminal::{Painter, colours, print, say};
use super::{json, stranger};
use wm_schema::interp::{Error, Interpreter};
use wm_schema::render::{Complaint, complaint};

/// In which form frames are told of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Every field beside its bytes.
    Dump,
    /// A line: the message as a value of the language.
    Line,
    /// A line of JSON.
    Json,
}

impl Form {
    /// A line, unless something else is asked for.
    pub(crate) const fn of(dump: bool, json: bool) -> Self {
        match (dump, json) {
            (true, _) => Self::Dump,
            (_, true) => Self::Json,
            _ => Self::Line,
        }
    }
}

/// Tells what stands in bytes.
pub(crate) struct Teller<'a> {
    /// The schema, for its lines.
    pub(crate) source: &'a Source,
    /// In which form frames are told of.
    pub(crate) form: Form,
    /// For standard output.
    pub(crate) painter: Painter,
}

impl Teller<'_> {
    /// Tells of a good frame, which starts at `at` of the stream of `who`.
    pub(crate) fn frame(&self, interpreter: Interpreter<'_>, who: &str, at: usize, frame: &[u8]) {
        let trace = interpreter.trace(frame);
        if self.form == Form::Json {
            return print(&json::Line::new(interpreter.message(), at, frame, &trace).text());
        }
        if self.form == Form::Line {
            return print(&format!("{who}{}\n", one_line(&trace, &interpreter.message().layout.name)));
        }
        let title = title(interpreter, who, at, &counted(frame.len()));
        print(&format!("{}\n{}", self.painter.title(&title), dump(&trace, frame, None, self.painter)));
    }

    /// Tells of a frame whose end is missing.
    pub(crate) fn incomplete(&self, interpreter: Interpreter<'_>, who: &str, at: usize, frame: &[u8], missing: usize) {
        let trace = interpreter.trace_start(frame);
        if self.form == Form::Json {
            return print(&json::Line::new(interpreter.message(), at, frame, &trace).missing(missing).text());
        }
        let lack = format!("{} of a longer frame", counted(frame.len()));
        let title = title(interpreter, who, at, &lack);
        print(&format!("{}\n{}", self.painter.title(&title), dump(&trace, frame, None, self.painter)));
        let looks = stranger::guess(frame).map(|looks| format!("; this looks like {looks}")).unwrap_or_default();
        say(&format!("incomplete: at least {} needed{looks}\n", more(missing)));
    }

    /// Tells what is wrong with a frame; `stream` is all that came before it, and it.
    pub(crate) fn bad(
        &self,
        interpreter: Interpreter<'_>,
        who: &str,
        at: usize,
        frame: &[u8],
        error: &Error,
        stream: &[u8],
    ) {
        let whole = interpreter.trace(frame);
        // One that is refused by its head has no end, and so nothing that this would say of it.
        let same = whole.end.as_ref().is_err_and(|found| found == error);
        let trace = if same { whole } else { interpreter.trace_start(frame) };
        if self.form == Form::Json {
            return print(
                &json::Line::new(interpreter.message(), at, frame, &trace).wrong(error, frame, stream).text(),
            );
        }
        let title = title(interpreter, who, at, "refused");
        print(&format!("{}\n{}", self.painter.title(&title), dump(&trace, frame, Some(error), self.painter)));
        say(&self.complaint(at, error, stream));
    }

    /// What is wrong, above the line of the schema.
    pub(crate) fn complaint(&self, at: usize, error: &Error, stream: &[u8]) -> String {
        let mut notes = Vec::new();
        if at > 0 {
            notes.push(("where", format!("byte {} of all, {} of its frame", at + error.offset, error.offset)));
        }
        if let Some(looks) = stranger::guess(stream) {
            notes.push(("help", format!("this looks like {looks}")));
        }
        let label = format!("{}", error.fault);
        let title = format!("{}.{} at byte {} is refused", error.layout, error.field, error.offset);
        let (name, text) = (self.source.name.as_str(), self.source.text.as_str());
        complaint(&Complaint { name, source: text, line: error.line, title, label, notes }, colours())
    }
}

/// `Upload from the client, 24 bytes at 0`.
fn title(interpreter: Interpreter<'_>, who: &str, at: usize, what: &str) -> String {
    let message = interpreter.message();
    let from = message.from.map(|side| format!(" from the {}", side_word(side))).unwrap_or_default();
    format!("{who}{}{from}: {what}, at {at}", message.layout.name)
}

fn counted(bytes: usize) -> String {
    if bytes == 1 { "1 byte".into() } else { format!("{bytes} bytes") }
}

fn more(bytes: usize) -> String {
    if bytes == 1 { "1 more byte is".into() } else { format!("{bytes} more bytes are") }
}
