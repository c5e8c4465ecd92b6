//! `wm-schema decode`: bytes, explained by a schema.

use super::dump::dump;
use super::frames::{Frames, Next, side_word};
use super::json::Line;
use super::source::{Source, Warnings};
use super::terminal::{Painter, colours, print, say, say_unable};
use super::{Outcome, hex, stranger};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fs, io};
use wm_schema::draft::Side;
use wm_schema::interp::{Error, Interpreter};
use wm_schema::ir::Schema;
use wm_schema::render::{Complaint, complaint};

/// What can be typed behind `decode`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A schema; `-` is standard input
    schema: PathBuf,
    #[command(flatten)]
    input: Bytes,
    #[command(flatten)]
    sender: Sender,
    /// Only this message
    #[arg(short, long, value_name = "NAME")]
    message: Option<String>,
    /// Print a line of JSON for each frame
    #[arg(long)]
    json: bool,
}

/// Where the bytes are.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Bytes {
    /// The bytes: `05 01`, `0501`, `05:01`, `0x05, 0x01`
    #[arg(long, value_name = "BYTES", num_args = 1..)]
    hex: Option<Vec<String>>,
    /// A file of bytes; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
}

/// Who sends them.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Sender {
    /// The client sends the bytes
    #[arg(long)]
    client: bool,
    /// The server sends the bytes
    #[arg(long)]
    server: bool,
}

impl Sender {
    fn side(&self) -> Option<Side> {
        match (self.client, self.server) {
            (true, _) => Some(Side::Client),
            (_, true) => Some(Side::Server),
            _ => None,
        }
    }
}

/// Decodes all frames of the bytes.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    decode(arguments).unwrap_or_else(|outcome| outcome)
}

fn decode(arguments: &Arguments) -> Result<Outcome, Outcome> {
    let source = Source::read(&arguments.schema)?;
    let schema = source.check(Warnings::Hide)?;
    let frames = frames(arguments, &schema, &source)?;
    let bytes = bytes(&arguments.input)?;
    if bytes.is_empty() {
        say("wm-schema: there are no bytes to decode\n");
        return Err(Outcome::Unable);
    }
    let teller = Teller { source: &source, json: arguments.json, painter: Painter::of_output() };
    Ok(teller.stream(frames, &bytes))
}

/// The messages that may stand in the bytes.
fn frames<'s>(arguments: &Arguments, schema: &'s Schema, source: &Source) -> Result<Frames<'s>, Outcome> {
    let mut frames = Frames::any(schema);
    if let Some(side) = arguments.sender.side() {
        frames = frames.sent_by(side);
        if frames.names().is_empty() {
            say(&format!("wm-schema: the {} sends nothing in {}\n", side_word(side), source.name));
            return Err(Outcome::Unable);
        }
    }
    if let Some(name) = &arguments.message {
        let known = frames.names().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        frames = frames.named(name);
        if frames.names().is_empty() {
            say(&format!("wm-schema: there is no message `{name}` in {}; there is {known}\n", source.name));
            return Err(Outcome::Unable);
        }
    }
    if frames.names().is_empty() {
        say(&format!("wm-schema: there is no message in {}\n", source.name));
        return Err(Outcome::Unable);
    }
    Ok(frames)
}

fn bytes(input: &Bytes) -> Result<Vec<u8>, Outcome> {
    if let Some(words) = &input.hex {
        return hex::parse(&words.join(" ")).map_err(|mistake| {
            say(&format!("wm-schema: {mistake}\n"));
            Outcome::Unable
        });
    }
    let path = input.file.as_deref().unwrap_or(Path::new("-"));
    let read = if path == Path::new("-") { standard_input() } else { fs::read(path) };
    read.map_err(|error| {
        say_unable("read", path, &error);
        Outcome::Unable
    })
}

fn standard_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Tells what stands in bytes.
pub(crate) struct Teller<'a> {
    /// The schema, for its lines.
    pub(crate) source: &'a Source,
    /// Whether tools listen.
    pub(crate) json: bool,
    /// For standard output.
    pub(crate) painter: Painter,
}

impl Teller<'_> {
    /// Tells of all frames of a stream.
    fn stream(&self, mut frames: Frames<'_>, bytes: &[u8]) -> Outcome {
        let fitting = frames.fitting(bytes);
        if let [first, others @ ..] = fitting.as_slice()
            && !others.is_empty()
        {
            let others = others.join(" and ");
            say(&format!(
                "wm-schema: these bytes may be {first} or {others}: read as {first}, unless --message says\n"
            ));
        }
        let mut at = 0;
        while let Some(next) = frames.next(&bytes[at..]) {
            match next {
                Next::Frame(interpreter, size) => {
                    self.frame(interpreter, at, &bytes[at..at + size]);
                    // A stream has one sender.
                    if let Some(side) = interpreter.message().from {
                        frames = frames.sent_by(side);
                    }
                    at += size;
                }
                Next::Need(interpreter, missing) => {
                    self.incomplete(interpreter, at, &bytes[at..], missing);
                    return Outcome::Bad;
                }
                Next::Bad(interpreter, error, size) => {
                    let end = size.map_or(bytes.len(), |size| at + size);
                    self.bad(interpreter, at, &bytes[at..end], &error, &bytes[..end]);
                    return Outcome::Bad;
                }
            }
        }
        Outcome::Good
    }

    /// Tells of a good frame, which starts at `at` of its stream.
    pub(crate) fn frame(&self, interpreter: Interpreter<'_>, at: usize, frame: &[u8]) {
        let trace = interpreter.trace(frame);
        if self.json {
            return print(&Line::new(interpreter.message(), at, frame, &trace).text());
        }
        let title = title(interpreter, at, &counted(frame.len()));
        print(&format!("{}\n{}", self.painter.title(&title), dump(&trace, frame, None, self.painter)));
    }

    /// Tells of a frame whose end is missing.
    pub(crate) fn incomplete(&self, interpreter: Interpreter<'_>, at: usize, frame: &[u8], missing: usize) {
        let trace = interpreter.trace_start(frame);
        if self.json {
            return print(&Line::new(interpreter.message(), at, frame, &trace).missing(missing).text());
        }
        let lack = format!("{} of a longer frame", counted(frame.len()));
        let title = title(interpreter, at, &lack);
        print(&format!("{}\n{}", self.painter.title(&title), dump(&trace, frame, None, self.painter)));
        let looks = stranger::guess(frame).map(|looks| format!("; this looks like {looks}")).unwrap_or_default();
        say(&format!("incomplete: at least {} needed{looks}\n", more(missing)));
    }

    /// Tells what is wrong with a frame; `stream` is all that came before it, and it.
    pub(crate) fn bad(&self, interpreter: Interpreter<'_>, at: usize, frame: &[u8], error: &Error, stream: &[u8]) {
        let whole = interpreter.trace(frame);
        // One that is refused by its head has no end, and so nothing that this would say of it.
        let same = whole.end.as_ref().is_err_and(|found| found == error);
        let trace = if same { whole } else { interpreter.trace_start(frame) };
        if self.json {
            return print(&Line::new(interpreter.message(), at, frame, &trace).wrong(error, frame, stream).text());
        }
        let title = title(interpreter, at, "refused");
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
fn title(interpreter: Interpreter<'_>, at: usize, what: &str) -> String {
    let message = interpreter.message();
    let from = message.from.map(|side| format!(" from the {}", side_word(side))).unwrap_or_default();
    format!("{}{from}: {what}, at {at}", message.layout.name)
}

fn counted(bytes: usize) -> String {
    if bytes == 1 { "1 byte".into() } else { format!("{bytes} bytes") }
}

fn more(bytes: usize) -> String {
    if bytes == 1 { "1 more byte is".into() } else { format!("{bytes} more bytes are") }
}
