//! Tells the user, or a tool, what stands in bytes.

use super::dump::{dump, one_line};
use super::frames::{Next, Part, side_word};
use super::source::Source;
use super::terminal::{Painter, colours, print, say};
use super::{Outcome, json};
use std::time::Duration;
use wm_core::wire::stranger;
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
            (_, true) => Self::Json,
            (true, _) => Self::Dump,
            _ => Self::Line,
        }
    }
}

/// Where a frame stands.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Where<'a> {
    /// Whose stream it is in; empty if there is but one.
    pub(crate) stream: &'a str,
    /// When it had arrived whole, since the capture began.
    pub(crate) time: Option<Duration>,
    /// Where it starts in the stream.
    pub(crate) at: usize,
}

impl Where<'_> {
    /// What stands in front of the line of a frame. Where there are times, the stream is named above.
    fn prefix(self) -> String {
        match self.time {
            Some(time) => format!("{:.6} s  ", time.as_secs_f64()),
            None if self.stream.is_empty() => String::new(),
            None => format!("{} ", self.stream),
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
    /// Tells of a part of a stream.
    pub(crate) fn part(&self, part: &Part<'_>, place: Where<'_>, stream: &[u8]) -> Outcome {
        let frame = &stream[part.at..part.end];
        match &part.what {
            Next::Frame(interpreter, _) => {
                self.frame(*interpreter, place, frame);
                return Outcome::Good;
            }
            Next::Need(interpreter, missing) => {
                let needed = format!("at least {} needed", more(*missing));
                self.incomplete(*interpreter, place, frame, *missing, &needed);
            }
            Next::Open(interpreter) => {
                self.incomplete(
                    *interpreter,
                    place,
                    frame,
                    0,
                    "it goes on to the end of the connection, which was not seen",
                );
            }
            Next::Bad(interpreter, error, _) => {
                self.bad(*interpreter, place, frame, error, &stream[..part.end]);
                if part.skipped {
                    self.skipped(place, frame.len());
                }
            }
        }
        Outcome::Bad
    }

    /// Tells of a good frame.
    pub(crate) fn frame(&self, interpreter: Interpreter<'_>, place: Where<'_>, frame: &[u8]) {
        let trace = interpreter.trace(frame);
        if self.form == Form::Json {
            return print(&json::Line::new(interpreter.message(), place, frame, &trace).text());
        }
        if self.form == Form::Line {
            return print(&format!("{}{}\n", place.prefix(), one_line(&trace, &interpreter.message().layout.name)));
        }
        let title = title(interpreter, place, &counted(frame.len()));
        print(&format!("{}\n{}", self.painter.title(&title), dump(&trace, frame, None, self.painter)));
    }

    /// Tells of bytes that are no messages.
    pub(crate) fn raw(&self, place: Where<'_>, bytes: &[u8]) {
        if self.form == Form::Json {
            return print(&json::raw(place, bytes));
        }
        print(&format!("{}stream {}: \"{}\"\n", place.prefix(), counted(bytes.len()), bytes.escape_ascii()));
    }

    /// Tells of a frame whose end is missing.
    fn incomplete(&self, interpreter: Interpreter<'_>, place: Where<'_>, frame: &[u8], missing: usize, needed: &str) {
        let trace = interpreter.trace_start(frame);
        if self.form == Form::Json {
            return print(&json::Line::new(interpreter.message(), place, frame, &trace).missing(missing).text());
        }
        let lack = format!("{} of a longer frame", counted(frame.len()));
        let title = title(interpreter, place, &lack);
        print(&format!("{}\n{}", self.painter.title(&title), dump(&trace, frame, None, self.painter)));
        let looks = stranger::guess(frame).map(|looks| format!("; this looks like {looks}")).unwrap_or_default();
        say(&format!("incomplete: {needed}{looks}\n"));
    }

    /// Tells what is wrong with a frame; `stream` is all that came before it, and it.
    pub(crate) fn bad(
        &self,
        interpreter: Interpreter<'_>,
        place: Where<'_>,
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
                &json::Line::new(interpreter.message(), place, frame, &trace).wrong(error, frame, stream).text(),
            );
        }
        let title = title(interpreter, place, "refused");
        print(&format!("{}\n{}", self.painter.title(&title), dump(&trace, frame, Some(error), self.painter)));
        say(&self.complaint(interpreter, place.at, error, stream));
    }

    /// Tells that a bad frame was thrown away.
    pub(crate) fn skipped(&self, place: Where<'_>, bytes: usize) {
        say(&format!("{}{} thrown away: the next frame starts at {}\n", place.prefix(), are(bytes), place.at + bytes));
    }

    /// What is wrong, above the line of the schema.
    fn complaint(&self, interpreter: Interpreter<'_>, at: usize, error: &Error, stream: &[u8]) -> String {
        let mut notes = Vec::new();
        if at > 0 {
            notes.push(("where", format!("byte {} of all, {} of its frame", at + error.offset, error.offset)));
        }
        if let Some(looks) = stranger::guess(stream) {
            notes.push(("help", format!("this looks like {looks}")));
        }
        let label = format!("{}", error.fault);
        let title = format!("{}.{} at byte {} is refused", error.layout, error.field, error.offset);
        let (name, text) = self.source.of(interpreter.file(&error.layout));
        complaint(&Complaint { name: &name, source: &text, line: error.line, title, label, notes }, colours())
    }
}

/// `Upload from the client, 24 bytes at 0`.
fn title(interpreter: Interpreter<'_>, place: Where<'_>, what: &str) -> String {
    let message = interpreter.message();
    let from = message.from.map(|side| format!(" from the {}", side_word(side))).unwrap_or_default();
    format!("{}{}{from}: {what}, at {}", place.prefix(), message.layout.name, place.at)
}

fn counted(bytes: usize) -> String {
    if bytes == 1 { "1 byte".into() } else { format!("{bytes} bytes") }
}

fn are(bytes: usize) -> String {
    if bytes == 1 { "1 byte is".into() } else { format!("{bytes} bytes are") }
}

fn more(bytes: usize) -> String {
    if bytes == 1 { "1 more byte is".into() } else { format!("{bytes} more bytes are") }
}
