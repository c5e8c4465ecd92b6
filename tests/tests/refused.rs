//! What cannot be sent: the generated code and the interpreter refuse it for the same reason, and write nothing.

use bytes::BytesMut;
use wm_core::protocol::{EncodeError, Message};
use wm_core::wire::{Json, List};
use wm_schema::interp::Interpreter;
use wm_schema::ir::{Side, Value};
use wm_tests::engine::Refusal;
use wm_tests::schemas::{self, binary_transfer, every_type, frame, jsonl, len_json, netstring, text, upload, xml10};
use wm_tests::subject::{self, Subject};

fn generated<M: Message>(view: &M::View<'_>) -> Result<usize, Refusal> {
    let mut out = BytesMut::from(&b"before"[..]);
    let result: Result<(), EncodeError> = M::encode(view, &mut out);
    assert!(result.is_ok() || out == b"before"[..], "{result:?}, but something was written");
    Ok(result.map(|()| out.len() - 6)?)
}

fn interpreted(protocol: &str, side: Side, value: Value) -> Result<usize, Refusal> {
    let schema = schemas::load(protocol);
    let interpreter = Interpreter::new(schema, schema.only_by(side).unwrap());
    Ok(interpreter.encode(&value)?.len())
}

fn refused(field: &str, fault: &str) -> Result<usize, Refusal> {
    Err(Refusal { field: field.into(), fault: fault.into() })
}

/// A message of bytes and text.
fn of(values: &[&[u8]]) -> Value {
    Value::Struct(values.iter().map(|bytes| Value::Bytes(bytes.to_vec())).collect())
}

#[test]
fn a_line_that_would_be_read_as_another() {
    let long = "x".repeat((1 << 20) + 1);
    let cases = [
        ("a\nb", refused("Line.text", "Delimiter")),
        ("a\r", refused("Line.text", "Trimmed")),
        (&long, refused("Line.text", "TooLong")),
        (&long[..1 << 20], Ok((1 << 20) + 1)),
        (&long[..(1 << 20) - 1], Ok(1 << 20)),
        ("a\rb", Ok(4)),
    ];
    for (text, expected) in cases {
        assert_eq!(generated::<text::Line<'_>>(&text::Line { text }), expected);
        assert_eq!(interpreted("text", Side::Client, of(&[text.as_bytes()])), expected);
    }
    let value = Json::new("[1,\n2]").unwrap();
    assert_eq!(generated::<jsonl::Line<'_>>(&jsonl::Line { value }), refused("Line.value", "Delimiter"));
    assert_eq!(interpreted("jsonl", Side::Client, of(&[b"[1,\n2]"])), refused("Line.value", "Delimiter"));
}

#[test]
fn a_list_that_ends_too_early_or_never() {
    use schemas::sentinels::{Name, Reply, ReplyBody, Row};
    let (end, more) = (Name { text: "" }, Name { text: "a" });
    let send = |names: &[Name<'_>]| {
        let rows = [Row { key: "k", values: List::from(&[]) }];
        let (names, rows, body) = (List::from(names), List::from(&rows), ReplyBody::Other(b""));
        generated::<Reply<'_>>(&Reply { names, rows, kind: 7, body })
    };
    assert_eq!(send(&[more, end]), Ok(8));
    for names in [&[][..], &[more], &[end, more], &[end, end]] {
        assert_eq!(send(names), refused("Reply.names", "End"));
        let text = |name: &Name<'_>| Value::Struct(vec![Value::Bytes(name.text.into())]);
        let names = Value::List(names.iter().map(text).collect());
        let row = Value::Struct(vec![Value::Bytes(b"k".to_vec()), Value::List(Vec::new())]);
        let body = Value::Arm(1, Box::new(Value::Bytes(Vec::new())));
        let reply = Value::Struct(vec![names, Value::List(vec![row]), Value::Int(7), body]);
        assert_eq!(interpreted("sentinels", Side::Server, reply), refused("Reply.names", "End"));
    }
}

#[test]
fn a_value_that_nests_too_deep() {
    use schemas::nested::{Say, Value as Nested, ValueArray};
    fn array<'a>(items: &'a [Nested<'a>]) -> Nested<'a> {
        Nested::Array(ValueArray { items: List::from(items) })
    }
    let one = [array(&[])];
    let two = [array(&one)];
    let three = [array(&two)];
    let four = [array(&three)];
    assert_eq!(generated::<Say<'_>>(&Say { value: array(&four) }), Ok(10));
    let five = [array(&four)];
    assert_eq!(generated::<Say<'_>>(&Say { value: array(&five) }), refused("Value.tag", "TooDeep"));
    let nest = |inner: Value| Value::Arm(2, Box::new(Value::Struct(vec![Value::List(vec![inner])])));
    let none = Value::Arm(2, Box::new(Value::Struct(vec![Value::List(Vec::new())])));
    let deep = |levels: usize| Value::Struct(vec![(1..levels).fold(none.clone(), |value, _| nest(value))]);
    assert_eq!(interpreted("nested", Side::Client, deep(5)), Ok(10));
    assert_eq!(interpreted("nested", Side::Client, deep(6)), refused("Value.tag", "TooDeep"));
}

#[test]
fn bodies_at_below_and_above_their_limit() {
    let body = vec![b'x'; (16 << 20) + 1];
    for (len, expected) in [
        ((10 << 20) - 5, Ok((10 << 20) - 1)),
        ((10 << 20) - 4, Ok(10 << 20)),
        ((10 << 20) - 3, refused("Frame.body", "TooLong")),
    ] {
        let body = &body[..len];
        assert_eq!(generated::<frame::Frame<'_>>(&frame::Frame { body }), expected);
        assert_eq!(interpreted("frame", Side::Client, of(&[body])), expected);
    }
    for (len, expected) in [
        ((16 << 20) - 1, Ok((16 << 20) + 9)),
        (16 << 20, Ok((16 << 20) + 10)),
        ((16 << 20) + 1, refused("Netstring.data", "TooLong")),
    ] {
        let data = &body[..len];
        assert_eq!(generated::<netstring::Netstring<'_>>(&netstring::Netstring { data }), expected);
        assert_eq!(interpreted("netstring", Side::Client, of(&[data])), expected);
    }
    for (len, expected) in [((10 << 20) - 10, Ok(10 << 20)), ((10 << 20) - 9, refused("Packet.xml", "TooLong"))] {
        let xml = std::str::from_utf8(&body[..len]).unwrap();
        assert_eq!(generated::<xml10::Packet<'_>>(&xml10::Packet { xml }), expected);
        assert_eq!(interpreted("xml10", Side::Client, of(&[xml.as_bytes()])), expected);
    }
    for (len, expected) in [((1 << 20) - 6, Ok(1 << 20)), ((1 << 20) - 5, refused("Packet.body", "TooLong"))] {
        let json = format!("\"{}\"", "x".repeat(len));
        let body = Json::new(&json).unwrap();
        assert_eq!(generated::<len_json::Packet<'_>>(&len_json::Packet { body }), expected);
        assert_eq!(interpreted("len_json", Side::Client, of(&[json.as_bytes()])), expected);
    }
}

#[test]
fn names_that_their_length_cannot_say() {
    let long = "n".repeat(256);
    for (name, in_front, by_field) in [
        (&long[..255], Ok(264), Ok(260)),
        (&long[..], refused("Upload.name", "TooLong"), refused("Upload.name", "TooLong")),
    ] {
        assert_eq!(generated::<upload::Upload<'_>>(&upload::Upload { name, data: &[] }), in_front);
        assert_eq!(interpreted("upload", Side::Client, of(&[name.as_bytes(), &[]])), in_front);
        let view = binary_transfer::Upload { name, data: &[] };
        assert_eq!(generated::<binary_transfer::Upload<'_>>(&view), by_field);
        assert_eq!(interpreted("binary_transfer", Side::Client, of(&[name.as_bytes(), &[]])), by_field);
    }
}

fn every_type(side: Side) -> Subject {
    subject::of("every_type").into_iter().find(|subject| subject.side == side).unwrap()
}

/// The frame of the simplest message.
fn good(subject: &Subject) -> Vec<u8> {
    let value = subject.message(&[]);
    subject.oracle.encode(&value).unwrap()
}

/// Changes one field of a message that can be sent, in Rust and in the interpreter's value.
fn numbers(change: impl FnOnce(&mut every_type::Numbers), at: usize, value: Value) -> [Result<usize, Refusal>; 2] {
    let subject = every_type(Side::Client);
    let frame = good(&subject);
    let Ok(Value::Struct(mut values)) = subject.oracle.decode(&frame) else { panic!("a good frame") };
    let mut view = every_type::Numbers::decode(&frame).unwrap();
    change(&mut view);
    values[at] = value;
    [generated::<every_type::Numbers>(&view), interpreted("every_type", Side::Client, Value::Struct(values))]
}

#[test]
fn numbers_that_do_not_fit() {
    let refused = |field| [refused(field, "OutOfRange"), refused(field, "OutOfRange")];
    assert_eq!(numbers(|view| view.c = 1 << 24, 2, Value::Int(1 << 24)), refused("Numbers.c"));
    assert_eq!(numbers(|view| view.l = 1 << 23, 11, Value::Int(1 << 23)), refused("Numbers.l"));
    assert_eq!(numbers(|view| view.w = 100_000, 22, Value::Int(100_000)), refused("Numbers.w"));
    assert_eq!(numbers(|view| view.x = 0x1_0000, 23, Value::Int(0x1_0000)), refused("Numbers.x"));
    assert_eq!(numbers(|view| view.y = 1_000_000_000, 24, Value::Int(1_000_000_000)), refused("Numbers.y"));
    assert_eq!(numbers(|view| view.z = -100_000, 25, Value::Int(-100_000)), refused("Numbers.z"));
    assert_eq!(numbers(|view| view.small = 0, 26, Value::Int(0)), refused("Numbers.small"));
    assert_eq!(numbers(|view| view.small = 6, 26, Value::Int(6)), refused("Numbers.small"));
    assert_eq!(numbers(|view| view.small = 5, 26, Value::Int(5)), [Ok(142), Ok(142)]);
}

/// As [`numbers`], for the other message; the view may borrow from `frame`, which is a good one.
fn shapes<'a>(
    frame: &'a [u8],
    change: impl FnOnce(&mut every_type::Shapes<'a>),
    at: usize,
    value: Value,
) -> [Result<usize, Refusal>; 2] {
    let subject = every_type(Side::Server);
    let Ok(Value::Struct(mut values)) = subject.oracle.decode(frame) else { panic!("a good frame") };
    let mut view = every_type::Shapes::decode(frame).unwrap();
    change(&mut view);
    values[at] = value;
    [generated::<every_type::Shapes<'_>>(&view), interpreted("every_type", Side::Server, Value::Struct(values))]
}

fn text(text: &str) -> Value {
    Value::Bytes(text.as_bytes().to_vec())
}

#[test]
fn lists_that_do_not_fit() {
    let frame = good(&every_type(Side::Server));
    let refused = |field, fault| [refused(field, fault), refused(field, fault)];
    let value = |name: &str| Value::Struct(vec![text(name), Value::Struct(vec![Value::Int(1), Value::Int(2)])]);
    let long = "n".repeat(256);
    for (name, count, expected) in [
        ("n", 5, refused("Shapes.names", "TooLong")),
        (&long[..], 1, refused("Named.name", "TooLong")),
        (&long[..60], 4, refused("Shapes.check", "TooLong")),
        ("n", 4, [Ok(122 + 4 * 6), Ok(122 + 4 * 6)]),
    ] {
        let names = vec![every_type::Named { name, at: every_type::Point { x: 1, y: 2 } }; count];
        let list = Value::List(vec![value(name); count]);
        assert_eq!(shapes(&frame, |view| view.names = List::from(&names[..]), 4, list), expected);
    }
    let two = Value::List(vec![Value::Int(1), Value::Int(2)]);
    let found = shapes(&frame, |view| view.fixed = List::from(&[1, 2]), 5, two);
    assert_eq!(found, refused("Shapes.fixed", "Length"));
}

#[test]
fn bytes_and_text_that_do_not_fit() {
    let frame = good(&every_type(Side::Server));
    let refused = |field, fault| [refused(field, fault), refused(field, fault)];
    let found = shapes(&frame, |view| view.key = &[b'k'; 17], 3, text(&"k".repeat(17)));
    assert_eq!(found, refused("Shapes.key", "TooLong"));
    assert_eq!(shapes(&frame, |view| view.four = b"abc", 6, text("abc")), refused("Shapes.four", "Length"));
    for (word, fault) in [("ß", "Ascii"), ("a;;b", "Delimiter"), ("a;", "Delimiter"), ("123456789", "TooLong")] {
        assert_eq!(shapes(&frame, |view| view.word = word, 7, text(word)), refused("Shapes.word", fault));
    }
    assert_eq!(shapes(&frame, |view| view.line = "a\r", 8, text("a\r")), refused("Shapes.line", "Trimmed"));
    let long = "n".repeat(1000);
    let found = shapes(&frame, |view| view.more = &long[..300], 11, text(&long[..300]));
    assert_eq!(found, [Ok(122 + 301), Ok(122 + 301)], "the length takes a byte more");
    let found = shapes(&frame, |view| view.more = &long[..301], 11, text(&long[..301]));
    assert_eq!(found, refused("Shapes.more", "TooLong"));
    assert_eq!(shapes(&frame, |view| view.digits = &long, 12, text(&long)), refused("Shapes.digits", "TooLong"));
}

#[test]
fn what_json_cannot_say() {
    let bytes = |text: &[u8]| Value::Bytes(text.to_vec());
    let inner = Value::Json(vec![Value::Int(0)]);
    let note =
        vec![bytes(b""), bytes(b""), Value::Bool(false), Value::Int(0), Value::Int(0), Value::Float(f64::NAN), inner];
    let frame = good(&every_type(Side::Server));
    let found = shapes(&frame, |view| view.note.weight = f64::NAN, 10, Value::Json(note));
    assert_eq!(found, [refused("Shapes.note", "Json"), refused("Shapes.note", "Json")]);
}
