//! The framing that is inferred from each schema of `tests/schemas`, exactly, and the largest frame of each message.
#![cfg(feature = "dsl")]

use wm_schema::diagnostic::Code;
use wm_schema::ir::{Endian, Framing, Int, Scale, Schema};
use wm_schema::walk::{self, Span, Step};

const U8: Int = Int::Fixed { bytes: 1, signed: false, endian: Endian::Big };
const U32: Int = Int::Fixed { bytes: 4, signed: false, endian: Endian::Big };

fn resolve(source: &str) -> (Schema, Vec<Code>) {
    let draft = wm_schema::dsl::parse(source).unwrap_or_else(|mistakes| panic!("{source}\n{mistakes:#?}"));
    let resolved = wm_schema::resolve::resolve(&draft);
    let codes = resolved.diagnostics.iter().map(|diagnostic| diagnostic.code).collect();
    (resolved.schema.unwrap_or_else(|| panic!("{source}\n{:#?}", resolved.diagnostics)), codes)
}

fn framings(source: &str) -> Vec<(Framing, u64)> {
    let (schema, _) = resolve(source);
    schema.messages.into_iter().map(|message| (message.framing, message.frame_bytes_max)).collect()
}

macro_rules! schema {
    ($name:literal) => {
        include_str!(concat!("../../tests/schemas/", $name, ".wm"))
    };
}

/// A number at byte `at` that counts the whole frame but for `outside` bytes.
fn prefix(field: usize, at: u64, int: Int, outside: i64) -> Framing {
    Framing::Prefix { field, at, int, scale: 1, outside, width_outside: false }
}

fn line(max: u64) -> (Framing, u64) {
    (Framing::Until { field: 0, from: 0, ends: b"\n".to_vec().into(), max, tail: 0 }, max + 1)
}

#[test]
fn schemas_of_the_gallery() {
    const MIB: u64 = 1 << 20;
    let digits = Int::Digits { radix: 10, digits: 10 };
    let netstring = Framing::Prefix {
        field: 0,
        at: 0,
        int: Int::Until { radix: 10, signed: false, ends: b":".to_vec().into(), max: 9 },
        scale: 1,
        outside: 1,
        width_outside: true,
    };
    let cases = [
        (schema!("text"), vec![line(MIB)]),
        (schema!("frame"), vec![(prefix(0, 0, U32, 0), 10 * MIB)]),
        (schema!("jsonl"), vec![line(MIB)]),
        (schema!("len_json"), vec![(prefix(0, 0, U32, 0), MIB)]),
        (schema!("netstring"), vec![(netstring, 16 * MIB + 9 + 1 + 1)]),
        (schema!("xml10"), vec![(prefix(0, 0, digits, 0), 10 * MIB)]),
        (schema!("binary_transfer"), vec![(prefix(0, 0, U32, 0), 2048 * MIB), line(4096)]),
        (schema!("text_transfer"), vec![line(64 * MIB - 1), line(4096)]),
        (schema!("upload"), vec![(prefix(1, 4, U32, 0), 2048 * MIB)]),
    ];
    for (source, expected) in cases {
        assert_eq!(framings(source), expected, "{source}");
    }
}

#[test]
fn nothing_is_warned_of_that_is_as_it_should_be() {
    for (source, expected) in [
        (schema!("text"), &[][..]),
        (schema!("netstring"), &[]),
        (schema!("binary_transfer"), &[]),
        (schema!("upload"), &[]),
        ("protocol p\nmessage M { len: u8 = size(a)  a: bytes[len] stream }\n", &[]),
        ("protocol p\nmessage M { len: u8 = size(rest)  a: bytes[..] stream  \";\" }\n", &[]),
    ] {
        assert_eq!(resolve(source).1, expected, "{source}");
    }
}

/// The body of a message, and what is inferred from it.
#[test]
fn every_class() {
    let varint = Int::Varint { signed: false };
    let until = |field, from, max, tail| Framing::Until { field, from, ends: b"\r\n".to_vec().into(), max, tail };
    let scaled =
        |field, at, int, scale, outside| Framing::Prefix { field, at, int, scale, outside, width_outside: false };
    let varying = |field, at, outside| {
        let int = varint.clone();
        Framing::Prefix { field, at, int, scale: 1, outside, width_outside: true }
    };
    for (body, expected) in [
        ("a: u8  b: u24  c: bytes[4]", Framing::Fixed { bytes: 8 }),
        ("len: u8 = size(self)  b: u16", Framing::Fixed { bytes: 3 }),
        ("a: u16[4]  f: f64", Framing::Fixed { bytes: 16 }),
        // The number counts what follows, a part, or all but a part.
        ("len: u32 = size(rest)  a: bytes[..]", prefix(0, 0, U32, 4)),
        ("len: u32 = size(self) - 4  a: bytes[..]", prefix(0, 0, U32, 4)),
        ("len: u32 = size(a) + 2  a: bytes[..]  b: u16", prefix(0, 0, U32, 4)),
        ("k: u16  len: u8 = size(a..b)  a: str[u8]  b: bytes[..]  c: u16", prefix(1, 2, U8, 5)),
        ("n: u8 = size(a)  a: bytes[n]  c: u16", prefix(0, 0, U8, 3)),
        // A prefix of the field itself.
        ("a: bytes[u8]", prefix(0, 0, U8, 1)),
        ("k: u16  a: str[u32]  c: u16", prefix(1, 2, U32, 8)),
        // Counts of elements of a fixed size.
        ("a: u32[u8]", scaled(0, 0, U8, 4, 1)),
        ("n: u8 = count(a) + 1  a: u32[n]  c: u16", scaled(0, 0, U8, 4, -1)),
        // A width that varies and is not counted.
        ("len: varint = size(rest)  a: bytes[..]", varying(0, 0, 0)),
        ("k: u8  a: bytes[varint]  c: u8", varying(1, 1, 2)),
        // Delimiters, with what is fixed around them.
        ("k: u16  a: str until CRLF max 9  c: u8", until(1, 2, 9, 1)),
        ("\"+\"  n: dec until CRLF max 5", until(1, 1, 5, 0)),
    ] {
        let found = framings(&format!("protocol p\n\nmessage M {{ {body} }}\n"));
        assert_eq!(found[0].0, expected, "{body}");
    }
}

/// The body of a message that is walked over, and its steps.
#[test]
fn what_a_walk_passes_unseen() {
    let steps = |body: &str| {
        let source = format!("protocol p\nmessage M {{ {body} }}\nstruct S {{ a: str[u8] }}\n");
        let (schema, _) = resolve(&source);
        assert_eq!(schema.messages[0].framing, Framing::Walk, "{body}");
        walk::steps(&schema, &schema.messages[0].layout)
    };
    let pass = |first, last, bytes| Step::Pass { first, last, bytes };
    let span = |first, last, add, least| Span {
        first,
        last,
        add,
        scale: Scale::One,
        max: None,
        least,
        unit: 1,
        walked: false,
    };
    let until = |field| Step::Until { field };
    let number = |field, span, slot| Step::Number { field, span, slot };
    let enter = |field, count| Step::Enter { field, count, reads: Vec::new() };
    // The number counts what is behind it, itself and more, or what comes later.
    let title = "t: str until LF max 9";
    for (body, expected) in [
        ("len: u16 = size(rest)  x: S  y: S", vec![number(1, span(2, 3, 2, 2), None)]),
        ("len: u16 = size(a..b)  a: u8  b: S  c: u16  d: u8", vec![number(1, span(2, 3, 2, 2), None), pass(4, 5, 3)]),
        (
            "a: u8  len: u16 = size(a..b)  b: S  c: u16",
            vec![pass(1, 1, 1), number(2, span(3, 3, 4, 1), None), pass(4, 4, 2)],
        ),
        (
            "len: u16 = size(b)  a: S  b: S",
            vec![number(1, span(3, 3, 1, 1), Some(0)), enter(2, 1), Step::Kept { span: span(3, 3, 1, 1), slot: 0 }],
        ),
        // Of two that overlap, the wider one.
        ("n: u8 = size(a)  len: u16 = size(a..b)  a: S  b: S", vec![pass(1, 1, 1), number(2, span(3, 4, 2, 2), None)]),
        ("b: S  a: S[3]  \"end\"", vec![enter(1, 1), enter(2, 3), Step::Constant { field: 3 }]),
        ("v: varint  d: idec until \";\"", vec![Step::Free { field: 1 }, Step::Free { field: 2 }]),
    ] {
        let found = steps(&format!("{title}  {body}"));
        assert_eq!(found, [vec![until(0)], expected].concat(), "{body}");
    }
}
