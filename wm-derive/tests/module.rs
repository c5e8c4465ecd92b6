//! Protocols of several items: unions, enums, lists and what is absent, in modules and alone.
#![allow(missing_docs, reason = "a test")]

use wm_core::BytesMut;
use wm_core::protocol::{Input, Protocol as _};
use wm_core::wire::{EncodeError, EncodeFault, Fault, List};
use wm_derive::{Protocol, protocol};

fn wire(encode: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>) -> Vec<u8> {
    let mut out = BytesMut::new();
    encode(&mut out).unwrap();
    out.to_vec()
}

/// A store of keys and values, as one may write it in Rust alone.
#[protocol(port = 7000, limit = "64K", schema = "exchange Request -> Reply in order")]
mod store {
    use wm_core::wire::{List, serde};

    // A name of the prelude is the module's own business.
    #[allow(dead_code, reason = "it is in the way of generated code")]
    type Result = ();

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "client", len = "u32", counts = "rest")]
    pub(crate) struct Request<'a> {
        #[wm(line_after = "_: u8 = 0")]
        pub(crate) priority: Priority,
        pub(crate) command: Command<'a>,
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    #[repr(u8)]
    pub(crate) enum Priority {
        Low,
        High = 10,
        #[wm(values = "100..=199")]
        Own(u8),
    }

    /// What is asked for.
    #[derive(Debug, PartialEq)]
    #[wm(tag = "u8")]
    pub(crate) enum Command<'a> {
        #[wm(tag = b'g', prefix = "u8")]
        Get(&'a str),
        #[wm(tag = b's')]
        Set(Set<'a>),
        Ping = b'p',
        #[wm(tag = b'i')]
        Many(#[wm(prefix = "u8", max = 3)] List<'a, Pair>),
        #[wm(tag = b'o', prefix = "u16")]
        Owned(String),
        #[wm(tag = b'k')]
        Key([u8; 4]),
    }

    #[derive(Debug, PartialEq)]
    pub(crate) struct Set<'a> {
        #[wm(prefix = "u8")]
        pub(super) key: &'a str,
        #[wm(prefix = "u16")]
        pub(super) value: Vec<u8>,
    }

    #[derive(Debug, Clone, Copy, PartialEq)]
    pub(crate) struct Pair {
        pub(crate) left: u16,
        pub(crate) right: i16,
    }

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "server")]
    pub(crate) struct Reply<'a> {
        pub(crate) status: Status,
        #[wm(line = "len: u16 = size(outcome)", match = "status")]
        pub(crate) outcome: Outcome<'a>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "u8")]
    pub(crate) enum Status {
        Found,
        Missing,
        Failed,
        Other(u8),
    }

    /// What came of it.
    #[derive(Debug, PartialEq)]
    pub(crate) enum Outcome<'a> {
        Found(&'a [u8]),
        Missing,
        #[wm(json)]
        Failed(wm_core::wire::Json<'a>),
        #[wm(other)]
        Unknown,
    }

    /// No part of the protocol.
    #[derive(Debug, serde::Serialize)]
    #[serde(crate = "wm_core::wire::serde")]
    #[allow(dead_code, reason = "it is in the way of generated code")]
    pub(crate) struct Bystander {
        pub(crate) word: String,
    }
}

use store::{Command, Outcome, Pair, Priority, Reply, Request, Set, Status};

#[test]
fn a_union_behind_a_tag() {
    let pairs = [Pair { left: 1, right: -1 }];
    let table = [
        (Command::Get("key"), &b"g\x03key"[..]),
        (Command::Set(Set { key: "k", value: vec![1, 2] }), b"s\x01k\0\x02\x01\x02"),
        (Command::Ping, b"p"),
        (Command::Many(List::from(&pairs)), b"i\x01\0\x01\xff\xff"),
        (Command::Owned("text".into()), b"o\0\x04text"),
        (Command::Key(*b"abcd"), b"kabcd"),
    ];
    for (command, tail) in table {
        let request = Request { priority: Priority::High, command };
        let bytes = wire(|out| request.encode(out));
        let len = u32::try_from(tail.len() + 2).unwrap();
        assert_eq!(bytes, [&len.to_be_bytes(), &b"\x0a\0"[..], tail].concat());
        // A list holds the function that reads it, so that its lifetime is exactly one.
        assert_eq!(format!("{:?}", Request::decode(&bytes)), format!("Ok({request:?})"));
    }
    let error = Request::decode(b"\0\0\0\x03\x0a\0x").unwrap_err();
    assert_eq!((error.field.to_string().as_str(), error.offset), ("Command.tag", 6));
    assert_eq!(error.fault, Fault::Variant { found: u64::from(b'x') });
}

#[test]
fn an_enum_of_numbers() {
    let own = Request { priority: Priority::Own(150), command: Command::Ping };
    assert_eq!(wire(|out| own.encode(out)), b"\0\0\0\x03\x96\0p");
    let error = Request { priority: Priority::Own(7), command: Command::Ping }.measure().unwrap_err();
    assert_eq!(error.fault, EncodeFault::Variant { found: 7 });
    assert_eq!(Request::decode(b"\0\0\0\x03\x09\0p").unwrap_err().fault, Fault::Variant { found: 9 });
    assert_eq!((Status::from_wire(1), Status::Other(9).to_wire()), (Status::Missing, 9));
}

#[test]
fn a_union_that_a_field_chooses() {
    let table = [
        (Reply { status: Status::Found, outcome: Outcome::Found(b"xy") }, &b"\0\0\x02xy"[..]),
        (Reply { status: Status::Missing, outcome: Outcome::Missing }, b"\x01\0\0"),
        (Reply { status: Status::Other(9), outcome: Outcome::Unknown }, b"\x09\0\0"),
    ];
    for (reply, bytes) in table {
        assert_eq!(wire(|out| reply.encode(out)), bytes);
        assert_eq!(Reply::decode(bytes), Ok(reply));
    }
    let error = Reply { status: Status::Found, outcome: Outcome::Missing }.measure().unwrap_err();
    assert_eq!(error.field.to_string(), "Outcome.Missing");
}

#[test]
fn the_two_ends() {
    let mut server = store::Server::default();
    assert_eq!(server.input(b"\0\0\0\x03\x0a\0"), Ok(Input::Need(1)));
    let mut client = store::Client::default();
    assert_eq!(client.input(b"\x01\0\0\x01"), Ok(Input::Frame(3)));
    assert_eq!(
        wire(|out| server.encode(&Reply { status: Status::Missing, outcome: Outcome::Missing }, out)),
        b"\x01\0\0"
    );
}

/// One struct alone may have all that needs no second item.
#[derive(Debug, PartialEq, Protocol)]
#[wm(limit = "4K", len = "u16", counts = "rest")]
struct Alone<'a> {
    key: [u8; 3],
    #[wm(line_after = "_: u7 = 0")]
    more: bool,
    #[wm(count = "u8")]
    numbers: List<'a, u16>,
    #[wm(prefix = "u8")]
    floats: List<'a, f32>,
    #[wm(prefix = "u8", if = "more")]
    name: Option<String>,
    #[wm(if = "more")]
    code: Option<[u8; 2]>,
    #[wm(in = "1..=9", where = "level != 5")]
    level: u8,
}

#[test]
fn a_struct_alone() {
    let alone = Alone {
        key: *b"abc",
        more: true,
        numbers: List::from(&[1, 2]),
        floats: List::from(&[0.5]),
        name: Some("n".into()),
        code: Some([7, 8]),
        level: 9,
    };
    let bytes = wire(|out| alone.encode(out));
    assert_eq!(bytes, b"\0\x13abc\x80\x02\0\x01\0\x02\x01\x3f\0\0\0\x01n\x07\x08\x09");
    assert_eq!(Alone::decode(&bytes), Ok(alone));
    let error = Alone::decode(b"\0\x07abc\0\0\0\x05").unwrap_err();
    assert_eq!((error.field.name, error.offset), ("level", 8));
    assert_eq!(Alone::decode(b"\0\x07abc\0\0\0\x04").unwrap().name, None);
}
