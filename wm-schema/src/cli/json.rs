//! A frame as a line of JSON: for tools, and for `jq`.

use super::frames::side_word;
use super::hex::spaced;
use super::teller::Where;
use serde::Serialize;
use wm_core::wire::stranger;
use wm_schema::interp::{Error, Found, Span, Trace};
use wm_schema::ir::Message;

/// What stands at a place of a stream.
#[derive(Debug, Serialize)]
pub(crate) struct Line {
    /// Whose stream it is, if there are several.
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<String>,
    /// When it had arrived whole, in seconds since the capture began.
    #[serde(skip_serializing_if = "Option::is_none")]
    time: Option<f64>,
    /// Where it starts in the stream.
    offset: usize,
    /// How many bytes it takes, as far as they are there.
    length: usize,
    message: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    from: Option<&'static str>,
    fields: Vec<Node>,
    /// How many bytes are missing at least.
    #[serde(skip_serializing_if = "Option::is_none")]
    missing: Option<usize>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<Wrong>,
}

/// A field.
#[derive(Debug, Serialize)]
struct Node {
    name: String,
    /// Where it starts in the frame.
    offset: usize,
    length: usize,
    #[serde(skip_serializing_if = "Option::is_none")]
    value: Option<serde_json::Value>,
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    layout: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Self>,
}

/// What is wrong with the frame.
#[derive(Debug, Serialize)]
struct Wrong {
    field: String,
    /// Where in the frame.
    offset: usize,
    fault: &'static str,
    text: String,
    /// The line of the schema; 0 if there is none.
    line: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    looks_like: Option<&'static str>,
    /// The bytes around the mistake.
    bytes: String,
}

impl Line {
    /// A frame of `message`, which stands at `place`.
    pub(crate) fn new(message: &Message, place: Where<'_>, frame: &[u8], trace: &Trace) -> Self {
        Self {
            stream: (!place.stream.is_empty()).then(|| place.stream.to_owned()),
            time: place.time.map(|time| time.as_secs_f64()),
            offset: place.at,
            length: frame.len(),
            message: message.layout.name.clone(),
            from: message.from.map(side_word),
            fields: nodes(&mut trace.spans.as_slice(), 0),
            missing: None,
            error: None,
        }
    }

    pub(crate) fn missing(self, bytes: usize) -> Self {
        Self { missing: Some(bytes), ..self }
    }

    /// What is wrong with it; `stream` is all that came on its connection.
    pub(crate) fn wrong(self, error: &Error, frame: &[u8], stream: &[u8]) -> Self {
        let near = error.offset.saturating_sub(8).min(frame.len())..error.offset.saturating_add(8).min(frame.len());
        let wrong = Wrong {
            field: format!("{}.{}", error.layout, error.field),
            offset: error.offset,
            fault: error.fault.name(),
            text: error.fault.to_string(),
            line: error.line,
            looks_like: stranger::guess(stream),
            bytes: spaced(&frame[near]),
        };
        Self { error: Some(wrong), ..self }
    }

    /// The line, with its end.
    pub(crate) fn text(&self) -> String {
        serde_json::to_string(self).map_or_else(|error| format!("{{\"error\":\"{error}\"}}\n"), |text| text + "\n")
    }
}

/// Bytes of a stream that are no messages, as a line.
pub(crate) fn raw(place: Where<'_>, bytes: &[u8]) -> String {
    let stream = (!place.stream.is_empty()).then_some(place.stream);
    let raw = serde_json::json!({ "stream": stream, "offset": place.at, "length": bytes.len(), "raw": spaced(bytes) });
    format!("{raw}\n")
}

/// The spans of this depth as nodes, up to one that is less deep; those within them are theirs.
fn nodes(spans: &mut &[Span], depth: usize) -> Vec<Node> {
    let mut nodes = Vec::new();
    while let Some((span, behind)) = spans.split_first().filter(|(span, _)| span.depth >= depth) {
        *spans = behind;
        let fields = self::nodes(spans, depth + 1);
        let (value, layout) = match &span.found {
            Found::Broken => continue,
            Found::Value(_, value) => (Some(value.clone()), None),
            Found::Group(layout) => (None, Some(layout.clone())),
            Found::List => (None, None),
        };
        let (offset, length) = (span.bytes.start, span.bytes.len());
        nodes.push(Node { name: span.name.clone(), offset, length, value, layout, fields });
    }
    nodes
}
