//! Schemas built by hand, so that the interpreter is tested without the parser and the checks in front of it.

use super::*;
use crate::ir::{
    Bytes, Case, Constant, Content, Endian, Equation, Expect, Extent, Framing, Held, Int, Measure, Role, RustShape,
    Scale, Size, Test, Type,
};

const U8: Int = Int::Fixed { bytes: 1, signed: false, endian: Endian::Big };
const U32: Int = Int::Fixed { bytes: 4, signed: false, endian: Endian::Big };

fn literal(bytes: &[u8]) -> Constant {
    Constant { bytes: bytes.to_vec(), nocase: false }
}

fn field(name: &str, role: Role, ty: Type, least: u64, most: u64) -> Field {
    let size = Size { least, most: Some(most) };
    Field {
        docs: Vec::new(),
        name: name.into(),
        role,
        ty,
        condition: None,
        args: Vec::new(),
        rules: Vec::new(),
        held: Held::View,
        converted: None,
        bits: None,
        size,
        region: None,
        leaves: None,
        since: None,
        stream: false,
        line: 1,
    }
}

fn bytes(content: Content, extent: Extent, max: u64, trim: Option<&[u8]>) -> Type {
    Type::Bytes(Bytes {
        content,
        extent,
        max: Some(max),
        within: None,
        trim: trim.map(<[u8]>::to_vec),
        pad: None,
        via: None,
    })
}

fn schema(name: &str, fields: Vec<Field>, framing: Framing, limit: u64) -> Schema {
    let size = Size { least: fields.iter().map(|field| field.size.least).sum(), most: Some(limit) };
    let layout = Layout {
        nesting: None,
        max: None,
        hops: None,
        docs: Vec::new(),
        name: name.into(),
        params: Vec::new(),
        choice: None,
        fields,
        size,
        until_end: false,
        borrows: true,
        rust: RustShape::Generated,
        file: None,
        line: 1,
    };
    Schema {
        docs: Vec::new(),
        name: name.to_lowercase(),
        version: None,
        port: None,
        frame_bytes_max: limit,
        ints: Vec::new(),
        enums: Vec::new(),
        externs: crate::ir::Externs::default(),
        words: Vec::new(),
        json_bodies: Vec::new(),
        structs: Vec::new(),
        messages: vec![Message {
            layout,
            from: None,
            framing,
            frame_bytes_max: limit,
            streams: None,
            recover: Vec::new(),
        }],
        exchanges: Vec::new(),
        session: None,
        tests: Vec::new(),
    }
}

/// `text: str until "\n" trim "\r" max 8`
fn text() -> Schema {
    let line = bytes(Content::Str, Extent::Until(b"\n".to_vec().into()), 8, Some(b"\r"));
    let framing = Framing::Until { field: 0, from: 0, ends: b"\n".to_vec().into(), max: 8, tail: 0 };
    schema("Line", vec![field("text", Role::Value, line, 1, 9)], framing, 9)
}

/// `"****"  total: u32 = size(self)  name: str[u8]  data: bytes[..]`, at most 64 bytes.
fn upload() -> Schema {
    let measure = Measure::Bytes { first: 0, last: 3 };
    let size_of_self = Role::Computed(Equation { measure, add: 0, scale: Scale::One, absent: None });
    let fields = vec![
        field("\"****\"", Role::Value, Type::Constant(literal(b"****")), 4, 4),
        field("total", size_of_self, Type::Int(U32, None), 4, 4),
        field("name", Role::Value, bytes(Content::Str, Extent::Prefix(U8), 55, None), 1, 56),
        field("data", Role::Value, bytes(Content::Bytes, Extent::Rest { tail: 0, until_end: false }, 55, None), 0, 55),
    ];
    let framing = Framing::Prefix { field: 1, at: 4, int: U32, scale: 1, outside: 0, width_outside: false };
    schema("Upload", fields, framing, 64)
}

/// `data: bytes[dec until ":" max 9] max 100  ","`
fn netstring() -> Schema {
    let length = Int::Until { radix: 10, signed: false, ends: b":".to_vec().into(), max: 9 };
    let fields = vec![
        field("data", Role::Value, bytes(Content::Bytes, Extent::Prefix(length.clone()), 100, None), 2, 110),
        field("\",\"", Role::Value, Type::Constant(literal(b",")), 1, 1),
    ];
    let framing = Framing::Prefix { field: 0, at: 0, int: length, scale: 1, outside: 1, width_outside: true };
    schema("Netstring", fields, framing, 111)
}

fn texts(values: &[&str]) -> Value {
    Value::Struct(values.iter().map(|text| Value::Bytes(text.as_bytes().to_vec())).collect())
}

/// Every split point of `wire` gives the same.
fn outcome(schema: &Schema, wire: &[u8]) -> Result<Value, Error> {
    let interpreter = Interpreter::new(schema, &schema.messages[0]);
    let read = |split: usize| {
        let mut scan = Scan::default();
        let mut input = interpreter.input(&mut scan, &wire[..split])?;
        if matches!(input, Input::Need(_)) {
            input = interpreter.input(&mut scan, wire)?;
        }
        match input {
            Input::Frame(len) => interpreter.decode(&wire[..len]),
            Input::Need(missing) => panic!("{missing} more bytes are needed behind {wire:?}"),
            Input::UntilEnd => panic!("nothing ends with its stream"),
        }
    };
    let whole = read(wire.len());
    for split in 0..wire.len() {
        assert_eq!(read(split), whole, "cut at {split}");
    }
    whole
}

#[test]
fn good() {
    let cases: [(Schema, &[u8], Value, &str); 4] = [
        (text(), b"hello\n", texts(&["hello"]), r#"Line { text: "hello" }"#),
        (upload(), b"****\0\0\0\x0c\x01a\x01\x02", texts(&["a", "\x01\x02"]), r#"Upload { name: "a", data: [1, 2] }"#),
        (netstring(), b"0:,", texts(&[""]), "Netstring { data: [] }"),
        (
            netstring(),
            b"10:helloworld,",
            texts(&["helloworld"]),
            "Netstring { data: [104, 101, 108, 108, 111, 119, 111, 114, 108, 100] }",
        ),
    ];
    for (schema, wire, value, shown) in cases {
        let interpreter = Interpreter::new(&schema, &schema.messages[0]);
        assert_eq!(outcome(&schema, wire), Ok(value.clone()));
        assert_eq!(interpreter.encode(&value).as_deref(), Ok(wire));
        assert_eq!(interpreter.show(&value), shown);
        for cut in 0..wire.len() {
            let input = interpreter.input(&mut Scan::default(), &wire[..cut]);
            assert!(matches!(input, Ok(Input::Need(needed)) if needed <= wire.len() - cut), "{cut}: {input:?}");
        }
    }
}

#[test]
fn another_spelling_is_read_but_not_sent() {
    assert_eq!(outcome(&text(), b"hello\r\n"), Ok(texts(&["hello"])));
}

#[test]
fn bad() {
    let cases: [(Schema, &[u8], &str, usize, Fault); 11] = [
        (text(), b"123456789", "text", 8, Fault::TooLong { found: 9, limit: 8 }),
        (text(), b"ab\xffc\n", "text", 2, Fault::Utf8),
        (upload(), b"**X", "\"****\"", 2, Fault::Constant { expected: b"****".to_vec() }),
        (upload(), b"****\0\0\0\x08", "total", 4, Fault::TooShort { found: 8, least: 9 }),
        (upload(), b"****\0\0\0\x41", "total", 4, Fault::TooLong { found: 65, limit: 64 }),
        (upload(), b"****\0\0\0\x09\x01", "name", 9, Fault::Truncated { needed: 1 }),
        (upload(), b"****\0\0\0\x0a\x01\xff", "name", 9, Fault::Utf8),
        (netstring(), b"012:hello", "data", 0, Fault::NotMinimal),
        (netstring(), b"+5:hello,", "data", 0, Fault::Digit { found: b'+', radix: 10 }),
        (netstring(), b"101:", "data", 0, Fault::TooLong { found: 101, limit: 100 }),
        (netstring(), b"1:xy", "\",\"", 3, Fault::Constant { expected: b",".to_vec() }),
    ];
    for (schema, wire, field, offset, fault) in cases {
        let error = outcome(&schema, wire).unwrap_err();
        assert_eq!((&*error.field, error.offset, error.fault), (field, offset, fault), "{wire:?}");
    }
}

#[test]
fn what_cannot_be_sent() {
    let long = "x".repeat(56);
    let cases: [(Schema, Value, &str, EncodeFault); 6] = [
        (text(), texts(&["a\nb"]), "text", EncodeFault::Delimiter { offset: 1 }),
        (text(), texts(&["a\r"]), "text", EncodeFault::Trimmed { suffix: b"\r".to_vec() }),
        (text(), texts(&["123456789"]), "text", EncodeFault::TooLong { found: 9, limit: 8 }),
        (upload(), texts(&[&long, ""]), "name", EncodeFault::TooLong { found: 56, limit: 55 }),
        (upload(), texts(&["xxxxx", &long[..51]]), "data", EncodeFault::TooLong { found: 65, limit: 64 }),
        (upload(), texts(&["x"]), "data", EncodeFault::Shape),
    ];
    for (schema, value, field, fault) in cases {
        let error = Interpreter::new(&schema, &schema.messages[0]).encode(&value).unwrap_err();
        assert_eq!((&*error.field, error.fault), (field, fault));
    }
}

#[test]
fn an_equation_is_checked_when_its_last_field_has_been_read() {
    // `n: u8 = size(a)  a: str until ";"  b: bytes[1]`
    let measure = Measure::Bytes { first: 1, last: 1 };
    let size_of_a = Role::Computed(Equation { measure, add: 0, scale: Scale::One, absent: None });
    let fields = vec![
        field("n", size_of_a, Type::Int(U8, None), 1, 1),
        field("a", Role::Value, bytes(Content::Str, Extent::Until(b";".to_vec().into()), 9, None), 1, 10),
        field("b", Role::Value, bytes(Content::Str, Extent::Fixed(1), 1, None), 1, 1),
    ];
    let framing = Framing::Until { field: 1, from: 1, ends: b";".to_vec().into(), max: 9, tail: 1 };
    let schema = schema("M", fields, framing, 12);
    assert_eq!(outcome(&schema, b"\x03ab;c"), Ok(texts(&["ab", "c"])), "the delimiter counts");
    let error = outcome(&schema, b"\x02ab;\xff").unwrap_err();
    assert_eq!((&*error.field, error.offset), ("n", 0), "not b, which stands behind");
    assert_eq!(error.fault, Fault::Mismatch { expected: 3, found: 2 });
}

#[test]
fn a_report_shows_where() {
    let mut schema = text();
    let case =
        |wire: &[u8], line, expect| Case { message: Some(0), from: Side::Client, bytes: wire.to_vec(), expect, line };
    let good = vec![
        case(b"hello\n", 3, Expect::Equals(texts(&["hello"]))),
        case(b"hello\r\n", 4, Expect::Decodes(texts(&["hello"]))),
        case(b"hel", 5, Expect::Needs(1)),
        case(b"\xff\n", 6, Expect::Rejects("text".into())),
    ];
    let bad = vec![
        case(b"hello\r\n", 9, Expect::Equals(texts(&["hello"]))),
        case(b"hello\n", 10, Expect::Needs(1)),
        case(b"hello\n", 11, Expect::Rejects("text".into())),
    ];
    schema.tests = vec![Test { name: "good".into(), cases: good }, Test { name: "bad".into(), cases: bad }];
    let report = test(&schema);
    assert_eq!((report.passed(), report.failures()), (false, 3));
    insta::assert_snapshot!(report.to_string(), @r#"
    test "good": ok (4 cases, cut at 22 places)
    test "bad": FAILED (3 cases, cut at 22 places)
      line 9:
        expected  Line { text: "hello" } is sent as 68 65 6c 6c 6f 0d 0a
        found     68 65 6c 6c 6f 0a
        00000000  68 65 6c 6c 6f 0d 0a                             hello..
                                 ^^
      line 10:
        expected  needs 1
        found     a frame of 6 bytes
        00000000  68 65 6c 6c 6f 0a                                hello.
                                    ^^
      line 11:
        expected  refused at `text`
        found     Line { text: "hello" }
        00000000  68 65 6c 6c 6f 0a                                hello.
    line: 4 passed, 3 failed
    "#);
}
