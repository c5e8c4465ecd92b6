//! A frame as rows: where, the bytes, the field, its value.
//!
//! ```text
//!      0  00 00 00 18              total    24
//!      4  05                       name     5 bytes follow
//!      5  61 2e 74 78 74                    "a.txt"
//! ```

use super::hex::spaced;
use super::terminal::{Paint, Painter};
use std::fmt::Write as _;
use std::ops::Range;
use wm_schema::interp::{Error, Found, Setter, Span, Trace};

/// How many bytes a row shows, and how many rows a value has at most.
const ROW_BYTES: usize = 8;
const VALUE_ROWS: usize = 4;
/// How many characters of a value are shown.
const VALUE_CHARACTERS: usize = 64;
/// How many bytes behind a mistake are shown.
const BEHIND: usize = 16;

/// The rows of a frame that was read, or of as much of it as could be. Of one with an envelope, the rows are those of
/// its content: so are the places in front of them.
pub(crate) fn dump(trace: &Trace, frame: &[u8], wrong: Option<&Error>, painter: Painter) -> String {
    let Some(content) = &trace.content else { return rows(trace, frame, wrong, painter) };
    let inside = |error: &Error| Error { offset: content.offset(error.offset), ..error.clone() };
    let (trace, wrong) = match (&trace.end, wrong) {
        (Err(end), Some(error)) => {
            (&Trace { content: None, end: Err(inside(end)), spans: trace.spans.clone() }, Some(&inside(error)))
        }
        _ => (trace, None),
    };
    let outer = format!("{:>8}in its envelope, {} bytes\n", "", content.bytes.len());
    painter.paint(Paint::Dim, &outer) + &rows(trace, &content.bytes, wrong, painter)
}

fn rows(trace: &Trace, frame: &[u8], wrong: Option<&Error>, painter: Painter) -> String {
    let mut dump = Dump { frame, wrong, painter, name_width: name_width(trace), text: String::new() };
    // A frame that is refused by its head was not read by this trace: what stands behind the mistake means nothing.
    let end = wrong.filter(|error| !trace.end.as_ref().is_err_and(|end| end == *error)).map(|error| error.offset);
    let (mut read, mut broken) = (0, "");
    for (index, span) in trace.spans.iter().enumerate() {
        if span.found == Found::Broken {
            broken = &span.name;
        }
        if end.is_some_and(|end| span.bytes.start > end || span.found == Found::Broken) {
            break;
        }
        dump.span(span, elements(&trace.spans[index + 1..], span.depth));
        read = read.max(span.bytes.end);
    }
    match wrong {
        Some(error) => dump.rest(read.min(frame.len()), error),
        None if read < frame.len() => dump.row(read..frame.len(), broken, "goes on", Paint::Dim),
        None => {}
    }
    dump.text
}

/// A message in a line, as it is written in the tests of a schema: what nobody sets is left out.
pub(crate) fn one_line(trace: &Trace, message: &str) -> String {
    format!("{message} {}", fields(&mut trace.spans.as_slice(), 0))
}

fn fields(spans: &mut &[Span], depth: usize) -> String {
    let mut fields = Vec::new();
    while let Some((span, behind)) = spans.split_first().filter(|(span, _)| span.depth >= depth) {
        *spans = behind;
        let value = match &span.found {
            Found::Broken => continue,
            Found::Value(value, _) => shortened(value),
            Found::Group(layout) => format!("{layout} {}", self::fields(spans, depth + 1)),
            Found::List => format!("[{}]", items(spans, depth + 1)),
        };
        if span.setter == Setter::User {
            fields.push(format!("{}: {value}", span.name));
        }
    }
    if fields.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", fields.join(", ")) }
}

fn items(spans: &mut &[Span], depth: usize) -> String {
    let mut items = Vec::new();
    while let Some((span, behind)) = spans.split_first().filter(|(span, _)| span.depth >= depth) {
        *spans = behind;
        let within = |spans: &mut &[Span]| fields(spans, depth + 1);
        match &span.found {
            Found::Broken => {}
            // An arm that is no struct; its tag stands within.
            Found::Value(value, _) => {
                within(spans);
                items.push(shortened(value));
            }
            Found::Group(layout) => items.push(format!("{layout} {}", within(spans))),
            Found::List => items.push(format!("[{}]", self::items(spans, depth + 1))),
        }
    }
    items.join(", ")
}

/// How many spans stand right within one of this depth, which these follow.
fn elements(behind: &[Span], depth: usize) -> usize {
    behind.iter().take_while(|span| span.depth > depth).filter(|span| span.depth == depth + 1).count()
}

fn name_width(trace: &Trace) -> usize {
    trace.spans.iter().map(|span| 2 * span.depth + span.name.chars().count()).max().unwrap_or(0).min(32)
}

struct Dump<'f> {
    frame: &'f [u8],
    wrong: Option<&'f Error>,
    painter: Painter,
    name_width: usize,
    text: String,
}

impl Dump<'_> {
    fn span(&mut self, span: &Span, elements: usize) {
        let name = format!("{:indent$}{}", "", span.name, indent = 2 * span.depth);
        let (bytes, content) = (span.bytes.clone(), span.content.clone());
        match &span.found {
            Found::Broken => {}
            Found::Group(layout) => self.row(bytes.start..bytes.start, &name, layout, Paint::Name),
            Found::List => {
                let count = if elements == 1 { "1 element".to_owned() } else { format!("{elements} elements") };
                self.row(bytes.start..content.start, &name, &count, Paint::Name);
            }
            Found::Value(value, _) => {
                let mut name = name.as_str();
                if bytes.start < content.start {
                    let length = content.len();
                    let plural = if length == 1 { " follows" } else { "s follow" };
                    self.row(bytes.start..content.start, name, &format!("{length} byte{plural}"), Paint::Dim);
                    name = "";
                }
                let paint = if span.setter == Setter::User { Paint::Value } else { Paint::Dim };
                if !content.is_empty() || content.start == bytes.start {
                    self.row(content.clone(), name, &shortened(value), paint);
                }
                if content.end < bytes.end {
                    self.row(content.end..bytes.end, "", "ends it", Paint::Dim);
                }
            }
        }
    }

    /// The bytes around a mistake that no row has shown.
    fn rest(&mut self, from: usize, error: &Error) {
        let to = error.offset.saturating_add(BEHIND).min(self.frame.len());
        // Of a long field that could not be read, only what is near the mistake.
        let near = error.offset.saturating_sub(BEHIND) / ROW_BYTES * ROW_BYTES;
        if near > from {
            let _ = writeln!(self.text, "        … {} more bytes", near - from);
        }
        let from = from.max(near);
        if from < to {
            let name = if error.offset < from { "" } else { &error.field };
            self.rows(from..to, name, "", Paint::Bad, usize::MAX);
        }
        if error.offset >= self.frame.len() {
            let _ = writeln!(
                self.text,
                "{:>6}  {}",
                self.frame.len(),
                self.painter.paint(Paint::Bad, "^^ the bytes end here")
            );
        }
    }

    fn row(&mut self, bytes: Range<usize>, name: &str, value: &str, paint: Paint) {
        self.rows(bytes, name, value, paint, VALUE_ROWS);
    }

    /// The bytes of a field, with its name and value beside the first row of them.
    fn rows(&mut self, bytes: Range<usize>, name: &str, value: &str, paint: Paint, rows_max: usize) {
        let frame = self.frame;
        let shown = frame.get(bytes.clone()).unwrap_or_default();
        let mut chunks = shown.chunks(ROW_BYTES);
        self.line(bytes.start, chunks.next().unwrap_or_default(), name, value, paint);
        for (row, chunk) in chunks.enumerate() {
            let at = bytes.start + (row + 1) * ROW_BYTES;
            if row + 1 >= rows_max {
                let more = bytes.end - at;
                let plural = if more == 1 { "" } else { "s" };
                let _ = writeln!(self.text, "        … {more} more byte{plural}");
                return self.mark_within(at..bytes.end);
            }
            self.line(at, chunk, "", "", paint);
        }
    }

    fn line(&mut self, at: usize, bytes: &[u8], name: &str, value: &str, paint: Paint) {
        let (offset, wire) = (format!("{at:>6}"), format!("{:23}", spaced(bytes)));
        let name = format!("{name:width$}", width = self.name_width);
        let line = format!(
            "{}  {wire}  {}  {}",
            self.painter.paint(Paint::Dim, &offset),
            self.painter.paint(Paint::Name, &name),
            self.painter.paint(paint, value)
        );
        self.text.push_str(line.trim_end());
        self.text.push('\n');
        if let Some(error) = self.wrong.filter(|error| (at..at + bytes.len()).contains(&error.offset)) {
            let marked = format!("{:1$}^^", "", 3 * (error.offset - at));
            let _ = writeln!(self.text, "        {}", self.painter.paint(Paint::Bad, &marked));
        }
    }

    /// The row of a mistake that stands among bytes that are not shown.
    fn mark_within(&mut self, hidden: Range<usize>) {
        let Some(error) = self.wrong.filter(|error| hidden.contains(&error.offset)) else { return };
        let from = hidden.start + (error.offset - hidden.start) / ROW_BYTES * ROW_BYTES;
        let frame = self.frame;
        let bytes = frame.get(from..hidden.end.min(from + ROW_BYTES)).unwrap_or_default();
        self.line(from, bytes, "", "", Paint::Bad);
    }
}

/// As much of a value as fits into a line.
fn shortened(value: &str) -> String {
    match value.char_indices().nth(VALUE_CHARACTERS) {
        Some((end, _)) => format!("{}…", &value[..end]),
        None => value.to_owned(),
    }
}
