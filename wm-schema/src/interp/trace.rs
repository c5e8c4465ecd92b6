//! What stands where in a frame: the fields that a decode has gone through, with their bytes.
//!
//! A trace is written while a frame is read, so that it holds what was read before a mistake too. It knows nothing of
//! lines on a screen: the command line makes a dump or JSON of it.

use super::{Content as Unwrapped, Error, show, spell};
use crate::ir::{Bytes, Content, Field, Int, Role, Schema, Type, Value};
use std::cell::RefCell;
use std::ops::Range;

/// How a frame was read.
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    /// The fields in the order of the wire, each in front of what it contains.
    pub spans: Vec<Span>,
    /// What the envelope held, if there is one and it could be undone: the spans count in it, a mistake in the frame.
    pub content: Option<Unwrapped>,
    /// The message, or what is wrong with the frame.
    pub end: Result<Value, Error>,
}

/// A field, or an element of a list, and its bytes.
#[derive(Debug, Clone, PartialEq)]
pub struct Span {
    /// How many others it stands in.
    pub depth: usize,
    /// The name of the field, `[3]` for an element.
    pub name: String,
    /// Its line in the schema.
    pub line: u32,
    /// Where it stands in the frame, with its prefix and its delimiter.
    pub bytes: Range<usize>,
    /// Where its content stands: `bytes` without a prefix and a delimiter.
    pub content: Range<usize>,
    /// Who sets it; none of an element.
    pub setter: Setter,
    /// What was read.
    pub found: Found,
}

/// Who sets a field.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Setter {
    /// The user of the message.
    User,
    /// The schema: it is a constant.
    Schema,
    /// The encoder: it is computed from the rest.
    Encoder,
    /// A newer version of the schema: this one skips it.
    Newer,
}

/// What was read of a field.
#[derive(Debug, Clone, PartialEq)]
pub enum Found {
    /// It was not read to its end.
    Broken,
    /// A value, as it is written in the tests of a schema, and as JSON.
    Value(String, serde_json::Value),
    /// A struct of this name, or a list of such: what it contains follows.
    Group(String),
    /// Many structs: they follow.
    List,
}

/// Writes a trace. It is shared by the regions of a frame, and so its inside changes.
#[derive(Debug, Default)]
pub(super) struct Recorder {
    inside: RefCell<Inside>,
}

#[derive(Debug, Default)]
struct Inside {
    spans: Vec<Span>,
    /// What the envelope held.
    content: Option<Unwrapped>,
    /// The spans that are not read to their end, by index, and their content where it is known to be less than all.
    open: Vec<(usize, Option<Range<usize>>)>,
}

impl Recorder {
    /// A field or an element starts here.
    pub(super) fn open(&self, name: &str, line: u32, at: usize) {
        let mut inside = self.inside.borrow_mut();
        let depth = inside.open.len();
        let (bytes, content) = (at..at, at..at);
        let index = inside.spans.len();
        inside.open.push((index, None));
        let (setter, found) = (Setter::User, Found::Broken);
        inside.spans.push(Span { depth, name: name.to_owned(), line, bytes, content, setter, found });
    }

    /// The content of what was opened last stands here.
    pub(super) fn content(&self, content: Range<usize>) {
        let mut inside = self.inside.borrow_mut();
        if let Some((_, held)) = inside.open.last_mut() {
            *held = Some(content);
        }
    }

    /// What is read stood in an envelope.
    pub(super) fn envelope(&self, content: Unwrapped) {
        self.inside.borrow_mut().content = Some(content);
    }

    /// What was opened last ends here.
    pub(super) fn close(&self, at: usize, setter: Setter, found: Found) {
        let mut inside = self.inside.borrow_mut();
        if let Some((index, content)) = inside.open.pop() {
            let span = &mut inside.spans[index];
            span.bytes.end = at;
            span.content = content.unwrap_or(span.bytes.clone());
            (span.setter, span.found) = (setter, found);
        }
    }

    /// The trace of what `read` reads.
    pub(super) fn record(self, read: impl FnOnce(&Self) -> Result<Value, Error>) -> Trace {
        let end = read(&self);
        let Inside { spans, content, .. } = self.inside.into_inner();
        Trace { spans, content, end }
    }
}

/// Who sets this field.
pub(super) fn setter(field: &Field) -> Setter {
    match (&field.role, &field.ty) {
        (Role::Constant(_), _) | (_, Type::Constant(_)) => Setter::Schema,
        (Role::Computed(_) | Role::Checksum(_) | Role::Sender(_), _) => Setter::Encoder,
        (Role::Value, _) => Setter::User,
        // What points there is set.
        (Role::Pointed(_), _) => Setter::Schema,
        (Role::Extension, _) => Setter::Newer,
    }
}

/// What was read as a value of this type.
pub(super) fn found(schema: &Schema, ty: &Type, value: &Value) -> Found {
    // Of a union the arm is told, with the fields of its struct.
    if let (Type::Struct(index), Value::Arm(arm, inner)) = (ty, value) {
        let union = &schema.structs[*index];
        let arm = &union.fields[*arm];
        let alike =
            union.fields.iter().filter(|other| matches!((&other.ty, &arm.ty), (Type::Bytes(_), Type::Bytes(_))));
        return match arm.ty {
            Type::Struct(_) => Found::Group(arm.name.clone()),
            // Where one arm alone is bytes, they tell which it is, as in tests.
            Type::Bytes(_) if alike.count() == 1 => found(schema, &arm.ty, inner),
            Type::List { .. } => found(schema, &arm.ty, inner),
            _ => Found::Value(show::show(schema, ty, value), json(schema, &arm.ty, inner)),
        };
    }
    match ty {
        Type::Struct(index) => Found::Group(schema.structs[*index].name.clone()),
        Type::List { element, .. } if has_spans(element) => Found::List,
        ty => Found::Value(spell::value(schema, ty, value), json(schema, ty, value)),
    }
}

/// Whether an element of this type has a span of its own. Numbers have none: a list of them is one value.
pub(super) fn has_spans(element: &Type) -> bool {
    matches!(element, Type::Struct(_))
}

fn json(schema: &Schema, ty: &Type, value: &Value) -> serde_json::Value {
    match (ty, value) {
        (Type::Constant(constant), _) => hex(&constant.bytes).into(),
        (Type::Filler(_), Value::Bytes(found)) => hex(found).into(),
        (Type::Enum(_), value) => show::show(schema, ty, value).into(),
        (Type::Int(Int::Flag, _), value) => (*value == Value::Int(1)).into(),
        (Type::Bytes(bytes), Value::Bytes(content)) => match bytes.content {
            Content::Bytes => hex(content).into(),
            Content::Json => serde_json::from_slice(content).unwrap_or_default(),
            _ => String::from_utf8_lossy(content).into(),
        },
        (Type::Bytes(Bytes { content: Content::JsonBody(index), .. }), value) => body(schema, *index, value),
        (Type::Bytes(Bytes { content: Content::Headers, .. }), Value::List(lines)) => {
            let part = |part: &Value| match part {
                Value::Bytes(text) => String::from_utf8_lossy(text).into(),
                other => plain(other),
            };
            let line = |line: &Value| match line {
                Value::Struct(parts) => parts.iter().map(part).collect(),
                other => plain(other),
            };
            lines.iter().map(line).collect()
        }
        (Type::List { element, .. }, Value::List(items)) => {
            items.iter().map(|item| json(schema, element, item)).collect()
        }
        (_, value) => plain(value),
    }
}

/// A typed JSON body as it was on the wire, but for its blanks.
fn body(schema: &Schema, index: usize, value: &Value) -> serde_json::Value {
    let text = super::json::write(schema, index, value);
    text.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default()
}

/// A value whose type says nothing more. A number that JSON's readers would round is a string.
fn plain(value: &Value) -> serde_json::Value {
    match value {
        Value::Int(value) => match (i64::try_from(*value), u64::try_from(*value)) {
            (Ok(value), _) => value.into(),
            (_, Ok(value)) => value.into(),
            _ => value.to_string().into(),
        },
        Value::Huge(value) => value.to_string().into(),
        Value::Float(value) => {
            serde_json::Number::from_f64(*value).map_or_else(|| value.to_string().into(), Into::into)
        }
        Value::Bool(value) => (*value).into(),
        Value::Bytes(bytes) => hex(bytes).into(),
        Value::Arm(_, value) => plain(value),
        Value::Option(None) => serde_json::Value::Null,
        Value::Option(Some(value)) => plain(value),
        Value::Json(values) | Value::List(values) | Value::Struct(values) => values.iter().map(plain).collect(),
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(all(test, feature = "dsl"))]
mod tests {
    use super::{Found, Setter, Trace};
    use crate::interp::{Fault, Interpreter};
    use crate::{dsl, resolve};

    fn trace(source: &str, frame: &[u8]) -> Trace {
        let draft = dsl::parse(source).expect("a good schema");
        let schema = resolve::resolve(&draft).schema.expect("a checked schema");
        Interpreter::new(&schema, &schema.messages[0]).trace(frame)
    }

    fn lines(trace: &Trace) -> Vec<String> {
        let line = |span: &super::Span| {
            let found = match &span.found {
                Found::Broken => "?".to_owned(),
                Found::Value(text, _) => text.clone(),
                Found::Group(name) => format!("{name} {{"),
                Found::List => "[".to_owned(),
            };
            format!("{} {} {:?} {:?} {found}", span.depth, span.name, span.bytes, span.content)
        };
        trace.spans.iter().map(line).collect()
    }

    const ITEMS: &str = r#"
        protocol items
        struct Item { id: u8 name: str until ";" max 9 }
        message Items { "*" total: u16 = size(self) items: Item[u8] key: bytes[u8] flags: u8[2] }
    "#;

    #[test]
    fn fields_stand_in_front_of_what_they_contain() {
        let trace = trace(ITEMS, b"*\0\x10\x02\x01ab;\x02;\x03xyz\x08\x09");
        let expected = [
            "0 \"*\" 0..1 0..1 \"*\"",
            "0 total 1..3 1..3 16",
            "0 items 3..10 4..10 [",
            "1 [0] 4..8 4..8 Item {",
            "2 id 4..5 4..5 1",
            "2 name 5..8 5..7 \"ab\"",
            "1 [1] 8..10 8..10 Item {",
            "2 id 8..9 8..9 2",
            "2 name 9..10 9..9 \"\"",
            "0 key 10..14 11..14 \"xyz\"",
            "0 flags 14..16 14..16 [8, 9]",
        ];
        assert_eq!(lines(&trace), expected);
        assert!(trace.end.is_ok());
        let setters: Vec<Setter> = trace.spans.iter().map(|span| span.setter).collect();
        assert_eq!(setters[..3], [Setter::Schema, Setter::Encoder, Setter::User]);
    }

    #[test]
    fn what_was_read_before_a_mistake_is_kept() {
        let trace = trace(ITEMS, b"*\0\x17\x02\x01ab;\x02..............");
        assert_eq!(lines(&trace).last().map(String::as_str), Some("2 name 9..9 9..9 ?"));
        let error = trace.end.expect_err("there is no delimiter");
        assert_eq!((&*error.field, error.fault.name()), ("name", Fault::Truncated { needed: 1 }.name()));
    }

    #[test]
    fn values_are_json_too() {
        let source = "protocol a\njson Body { n: u8 }\nmessage A { a: i128 b: bytes[2] c: str[1] d: json Body until \"\\n\" max 99 }";
        let wire = [&[0xff; 16][..], b"\x00\x01x{ \"n\" : 7 }\n"].concat();
        let trace = trace(source, &wire);
        let json = |span: &super::Span| match &span.found {
            Found::Value(_, json) => json.to_string(),
            found => format!("{found:?}"),
        };
        let found: Vec<String> = trace.spans.iter().map(json).collect();
        assert_eq!(found, ["-1", "\"0001\"", "\"x\"", "{\"n\":7}"]);
    }
}
