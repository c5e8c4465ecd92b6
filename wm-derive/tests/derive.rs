//! Derived messages of every kind: they go to the wire and come back, and what breaks a rule does neither.
#![allow(missing_docs, reason = "a test")]

use wm_core::BytesMut;
use wm_core::protocol::{Duplex, FromClient, FromServer, Input, Message, Protocol as _, Side};
use wm_core::wire::{EncodeFault, Fault, Json, serde};
use wm_derive::Protocol;

fn wire(encode: impl FnOnce(&mut BytesMut) -> Result<(), wm_core::wire::EncodeError>) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode(&mut out).unwrap();
    out.to_vec()
}

#[derive(Debug, PartialEq, Protocol)]
#[wm(name = "text")]
struct Line<'a> {
    #[wm(until = "\n", trim = "\r", max = "1M")]
    text: &'a str,
}

#[test]
fn a_line_of_text() {
    assert_eq!(<Line<'static> as Message>::PROTOCOL, "text");
    assert_eq!(wire(|out| Line { text: "hello" }.encode(out)), b"hello\n");
    assert_eq!(Line::decode(b"hello\r\n"), Ok(Line { text: "hello" }));
    let error = Line { text: "a\nb" }.measure().unwrap_err();
    assert_eq!((error.field.name, error.fault), ("text", EncodeFault::Delimiter { offset: 1 }));
    let mut side = Duplex::<Line<'static>>::default();
    assert_eq!(side.input(b"hel"), Ok(Input::Need(1)));
    assert_eq!(side.input(b"hello\nx"), Ok(Input::Frame(6)));
}

#[derive(Debug, PartialEq, Protocol)]
struct Owned {
    #[wm(until = ";")]
    name: String,
    #[wm(fixed = 2)]
    code: Vec<u8>,
}

#[test]
fn owned_values() {
    let owned = Owned { name: "tom".into(), code: vec![1, 2] };
    assert_eq!(wire(|out| owned.encode(out)), b"tom;\x01\x02");
    assert_eq!(Owned::decode(b"tom;\x01\x02"), Ok(owned));
    let error = Owned { name: String::new(), code: vec![1] }.measure().unwrap_err();
    assert_eq!(error.fault, EncodeFault::Length { found: 1, expected: 2 });
}

#[derive(Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(crate = "wm_core::wire::serde")]
struct Login<'a> {
    user: &'a str,
    age: u8,
}

#[derive(Debug, PartialEq, Protocol)]
struct Typed<'a> {
    #[wm(json, until = "\n", max = 4096)]
    #[allow(clippy::struct_field_names, reason = "a test")]
    login: Login<'a>,
}

#[test]
fn a_type_of_serde() {
    let typed = Typed { login: Login { user: "tom", age: 3 } };
    assert_eq!(wire(|out| typed.encode(out)), b"{\"user\":\"tom\",\"age\":3}\n");
    assert_eq!(Typed::decode(b"{\"user\":\"tom\",\"age\":3}\n"), Ok(typed));
    assert!(matches!(Typed::decode(b"{\"user\":1}\n").unwrap_err().fault, Fault::Json(_)));
}

#[derive(Debug, PartialEq, Protocol)]
#[wm(len = "u32", counts = "frame", limit = "1M")]
struct Packet<'a> {
    body: Json<'a>,
}

#[derive(Debug, PartialEq, Protocol)]
#[wm(len = "dec[10]", counts = "frame")]
struct Xml<'a> {
    xml: &'a str,
}

#[derive(Debug, PartialEq, Protocol)]
#[wm(magic = "****", len = "u32", counts = "frame", limit = "2G")]
struct Upload<'a> {
    #[wm(prefix = "u8")]
    name: &'a str,
    #[wm(stream)]
    data: &'a [u8],
}

#[derive(Debug, PartialEq, Protocol)]
#[wm(endian = "little", line = "total: u32 = size(self)", line = "ver: u8 = 5")]
struct Mixed<'a> {
    kind: u16,
    #[wm(as = "u24")]
    at: u32,
    #[wm(as = "varint")]
    seq: u64,
    #[wm(as = "u8 in 1..=5")]
    level: u8,
    #[wm(len = "u8")]
    name: &'a str,
    #[wm(ascii, prefix = "u16be", max = 9)]
    word: &'a str,
    #[wm(line_after = "\"!\"", line = "_: u16 = 0")]
    r#type: f64,
}

#[derive(Debug, PartialEq, Protocol)]
#[wm(endian = "little", bits = "lsb")]
struct Bits<'a> {
    last: bool,
    #[wm(as = "u3 in 0..=5")]
    level: u8,
    #[wm(as = "u12", line_after = "_: u4 = 9", line_after = "len: u4 = size(body)")]
    number: u16,
    #[wm(as = "bytes[len]")]
    body: &'a [u8],
}

/// The head of a WebSocket frame, whose mask bit depends on the side.
#[derive(Debug, PartialEq, Protocol)]
struct Head {
    fin: bool,
    #[wm(line = "_: u3 = 0", as = "u4")]
    opcode: u8,
    #[wm(line = "masked: bit = from(client)", as = "u7")]
    len: u8,
}

#[test]
fn bits_in_bytes() {
    let bits = Bits { last: true, level: 5, number: 0xabc, body: b"xyz" };
    let bytes = wire(|out| bits.encode(out));
    assert_eq!(bytes, b"\xcb\xab\x39xyz");
    assert_eq!(Bits::decode(&bytes), Ok(bits));
    let error = Bits { last: false, level: 6, number: 0, body: b"" }.measure().unwrap_err();
    assert_eq!(error.fault, EncodeFault::OutOfRange { found: 6, least: 0, most: 5 });

    let head = Head { fin: true, opcode: 1, len: 5 };
    let from = |side| wire(|out| head.encode(side, out));
    assert_eq!((from(Side::Server), from(Side::Client)), (b"\x81\x05".to_vec(), b"\x81\x85".to_vec()));
    assert_eq!(Head::decode(b"\x81\x05", Side::Client).unwrap_err().fault, Fault::Sender { found: false });
    let mut client = Duplex::<FromServer<Head>, FromClient<Head>>::default();
    assert_eq!(client.input(b"\x81\x05"), Ok(Input::Frame(2)));
    assert_eq!(wire(|out| client.encode(&head, out)), b"\x81\x85");
}

#[test]
fn numbers_in_front() {
    let json = Json::new("{\"a\":1}").unwrap();
    assert_eq!(wire(|out| Packet { body: json }.encode(out)), b"\0\0\0\x0b{\"a\":1}");
    assert_eq!(wire(|out| Xml { xml: "<a/>" }.encode(out)), b"0000000014<a/>");
    let upload = Upload { name: "a", data: b"xyz" };
    assert_eq!(wire(|out| upload.encode(out)), b"****\0\0\0\x0d\x01axyz");
    assert_eq!(Upload::decode(b"****\0\0\0\x0d\x01axyz"), Ok(upload));
    assert_eq!(Xml::decode(b"0000000015<a/>").unwrap_err().fault, Fault::Mismatch { expected: 14, found: 15 });
}

#[test]
fn lines_that_are_no_fields() {
    let mixed = Mixed { kind: 1, at: 2, seq: 300, level: 5, name: "n", word: "ab", r#type: 0.5 };
    let bytes = wire(|out| mixed.encode(out));
    assert_eq!(bytes, b"\x1e\0\0\0\x05\x01\0\x02\0\0\xac\x02\x05\x01n\0\x02ab\0\0\0\0\0\0\0\0\xe0\x3f!");
    assert_eq!(Mixed::decode(&bytes), Ok(mixed));
    let error = Mixed { kind: 1, at: 1 << 24, seq: 0, level: 1, name: "", word: "", r#type: 0.0 }.measure();
    assert_eq!(error.unwrap_err().field.to_string(), "Mixed.at");
}
