//! Sizes and limits: what each field may take within its frame, and what structs make of their regions.
#![cfg(feature = "dsl")]

use wm_schema::diagnostic::Code;
use wm_schema::ir::{Bytes, Equation, Extent, Layout, Measure, Role, Scale, Schema, Size, Type};

fn resolve(source: &str) -> (Option<Schema>, Vec<Code>) {
    let draft = wm_schema::dsl::parse(source).unwrap_or_else(|mistakes| panic!("{source}\n{mistakes:#?}"));
    let resolved = wm_schema::resolve::resolve(&draft);
    (resolved.schema, resolved.diagnostics.iter().map(|diagnostic| diagnostic.code).collect())
}

fn schema(source: &str) -> Schema {
    let (schema, codes) = resolve(source);
    schema.unwrap_or_else(|| panic!("{source}\n{codes:?}"))
}

/// The most bytes of content of each field of bytes.
fn contents(layout: &Layout) -> Vec<u64> {
    let most = |ty: &Type| match ty {
        Type::Bytes(Bytes { max, .. }) => Some(max.expect("known in a message")),
        _ => None,
    };
    layout.fields.iter().filter_map(|field| most(&field.ty)).collect()
}

const DEFAULT: u64 = 10 << 20;

/// The limit of the schema and the body of a message; its largest frame, and the most content of its fields.
#[test]
fn every_size_is_bounded() {
    for (limit, body, frame, expected) in [
        // By the default.
        ("", "len: u32 = size(self)  a: bytes[..]", DEFAULT, vec![DEFAULT - 4]),
        ("", "a: bytes[u32]", DEFAULT, vec![DEFAULT - 4]),
        ("", "a: str until CRLF", DEFAULT, vec![DEFAULT - 2]),
        // By what is written.
        ("limit frame 100", "len: u32 = size(self)  a: bytes[..]", 100, vec![96]),
        ("limit frame 100", "len: u32 = size(self)  a: bytes[..] max 20", 24, vec![20]),
        ("limit frame 100", "len: u32 = size(self)  a: str[u8]  b: bytes[..]", 100, vec![95, 95]),
        ("limit frame 100", "a: str until LF", 100, vec![99]),
        // By the type of the length, or the range that it is in.
        ("", "a: bytes[u8]", 256, vec![255]),
        ("", "len: u8 = size(self)  a: bytes[..]", 255, vec![254]),
        ("", "len: u8 = size(rest)  a: bytes[..]  b: u16", 256, vec![253]),
        ("", "len: u16 in 4..=20 = size(self)  a: bytes[..]", 20, vec![18]),
        ("", "n: u8 = size(a) + 5  a: bytes[n]", 251, vec![250]),
        ("", "len: u32 = size(self)  n: u8 = size(a)  a: bytes[..]", 4 + 1 + 255, vec![255]),
        // The default never takes away from what is written.
        ("", "a: bytes[u32] max 16M", (16 << 20) + 4, vec![16 << 20]),
        ("", "a: bytes[20000000]", 20_000_000, vec![20_000_000]),
        ("limit frame 1M", "a: bytes[u32] max 16M", 1 << 20, vec![(1 << 20) - 4]),
    ] {
        let source = format!("protocol p\n{limit}\nmessage M {{ {body} }}\n");
        let message = &schema(&source).messages[0];
        assert_eq!((message.frame_bytes_max, contents(&message.layout)), (frame, expected), "{source}");
        assert_eq!(message.layout.size.most, Some(message.frame_bytes_max), "{source}");
    }
}

/// A body that no frame is large enough for is refused, and one that fits exactly is not.
#[test]
fn limits_at_and_below_the_least() {
    let body = "len: u32 = size(self)  key: bytes[16]  data: bytes[..]";
    for (limit, expected) in [(19, vec![Code::LimitTooSmall]), (20, vec![]), (21, vec![])] {
        let (found, codes) = resolve(&format!("protocol p\nlimit frame {limit}\nmessage M {{ {body} }}\n"));
        assert_eq!(codes, expected, "{limit}");
        assert_eq!(found.is_some(), expected.is_empty(), "{limit}");
    }
}

/// A struct may be measured by a field of its own: then its `[..]` is solved within it.
#[test]
fn a_struct_is_a_region_of_its_own() {
    let source = "
        protocol p
        struct Part { kind: u8  len: u8 = size(self)  key: u16  data: bytes[..]  end: u8 }
        message M { len: u32 = size(self)  parts: Part[..] }
    ";
    let part = &schema(source).structs[0];
    let measure = Measure::Bytes { first: 3, last: 3 };
    let (add, scale) = (1 + 1 + 2 + 1, Scale::One);
    assert_eq!(part.fields[1].role, Role::Computed(Equation { measure, add, scale, absent: None }));
    let Type::Bytes(data) = &part.fields[3].ty else { panic!("{part:?}") };
    assert_eq!((&data.extent, data.max), (&Extent::Field(1), Some(250)));
    assert_eq!(part.size, Size { least: 5, most: Some(255) });
}

/// What is behind a `[..]` is taken off it, and a struct that ends with one stands last.
#[test]
fn the_rest_leaves_what_follows_it() {
    let source = "
        protocol p
        struct Open { kind: u8  data: bytes[..] }
        message M from client { len: u32 = size(self)  data: bytes[..]  sum: u32  \"!\" }
        message N from server { len: u32 = size(rest)  open: Open }
    ";
    let schema = schema(source);
    let Type::Bytes(data) = &schema.messages[0].layout.fields[1].ty else { panic!("{schema:?}") };
    assert_eq!(data.extent, Extent::Rest { tail: 5, until_end: false });
    assert_eq!(schema.structs[0].size, Size { least: 1, most: None });
    assert_eq!(schema.messages[1].layout.fields[1].size, Size { least: 1, most: Some(DEFAULT - 4) });
}

/// Structs that contain each other twice at each level: sizes saturate, and no walk visits a struct twice.
#[test]
fn nesting_does_not_explode() {
    let mut source = String::from("protocol p\nstruct S0 { a: str[u8] }\n");
    for level in 1..=80 {
        source += &format!("struct S{level} {{ a: S{0}  b: S{0} }}\n", level - 1);
    }
    source += "message M { len: u32 = size(self)  s: S80 }\ntest \"deep\" { \"\" rejects nothing }\n";
    assert_eq!(resolve(&source).1, [Code::Impossible, Code::BadTest]);
}
