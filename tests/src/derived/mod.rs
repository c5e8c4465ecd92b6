//! The schemas again, as structs with `#[derive(Protocol)]`: each must be the twin of the generated message, to the byte
//! and to the offset of every mistake.

mod modules;
mod talks;

use crate::engine::{Engine, Rust};
use wm_core::protocol::{FromClient, FromServer};
use wm_schema::ir::{Schema, Side};

pub use modules::{choices, conditions, connect, mqtt, sections, websocket_frame};
pub use talks::{talk, words};

/// The derived twin of what `side` sends.
#[must_use]
pub fn twin(protocol: &str, side: Side, schema: &'static Schema) -> Option<Box<dyn Engine>> {
    Some(match (protocol, side) {
        ("text", Side::Client) => Box::new(Rust::<text::Line<'static>>::derived(schema)),
        ("frame", Side::Client) => Box::new(Rust::<frame::Frame<'static>>::derived(schema)),
        ("jsonl", Side::Client) => Box::new(Rust::<jsonl::Line<'static>>::derived(schema)),
        ("len_json", Side::Client) => Box::new(Rust::<len_json::Packet<'static>>::derived(schema)),
        ("netstring", Side::Client) => Box::new(Rust::<netstring::Netstring<'static>>::derived(schema)),
        ("xml10", Side::Client) => Box::new(Rust::<xml10::Packet<'static>>::derived(schema)),
        ("cache", Side::Client) => Box::new(Rust::<cache::Set<'static>>::derived(schema)),
        ("binary_transfer", Side::Client) => Box::new(Rust::<binary_transfer::Upload<'static>>::derived(schema)),
        ("binary_transfer", Side::Server) => Box::new(Rust::<binary_transfer::Done<'static>>::derived(schema)),
        ("text_transfer", Side::Client) => Box::new(Rust::<text_transfer::Upload<'static>>::derived(schema)),
        ("text_transfer", Side::Server) => Box::new(Rust::<text_transfer::Done<'static>>::derived(schema)),
        ("upload", Side::Client) => Box::new(Rust::<upload::Upload<'static>>::derived(schema)),
        ("checksums", Side::Server) => Box::new(Rust::<checksums::Line<'static>>::derived(schema)),
        ("slip", Side::Client) => Box::new(Rust::<slip::Packet<'static>>::derived(schema)),
        ("every_type", Side::Client) => Box::new(Rust::<every_type::Numbers>::derived(schema)),
        ("choices", Side::Client) => Box::new(Rust::<choices::Packet<'static>>::derived(schema)),
        ("choices", Side::Server) => Box::new(Rust::<choices::Reply<'static>>::derived(schema)),
        ("conditions", Side::Client) => Box::new(Rust::<conditions::Packet<'static>>::derived(schema)),
        ("conditions", Side::Server) => Box::new(Rust::<conditions::Done<'static>>::derived(schema)),
        ("connect", Side::Client) => Box::new(Rust::<connect::Connect<'static>>::derived(schema)),
        ("connect", Side::Server) => Box::new(Rust::<connect::Row<'static>>::derived(schema)),
        ("mqtt", Side::Client) => Box::new(Rust::<mqtt::Packet<'static>>::derived(schema)),
        ("sections", Side::Client) => Box::new(Rust::<sections::Book<'static>>::derived(schema)),
        ("sections", Side::Server) => Box::new(Rust::<sections::Index<'static>>::derived(schema)),
        ("talk", Side::Client) => Box::new(Rust::<talk::ClientMessage<'static>>::derived(schema)),
        ("talk", Side::Server) => Box::new(Rust::<talk::ServerMessage<'static>>::derived(schema)),
        ("websocket_frame", Side::Client) => {
            Box::new(Rust::<FromClient<websocket_frame::Frame<'static>>>::derived(schema))
        }
        ("websocket_frame", Side::Server) => {
            Box::new(Rust::<FromServer<websocket_frame::Frame<'static>>>::derived(schema))
        }
        ("words", Side::Client) => Box::new(Rust::<words::Ask<'static>>::derived(schema)),
        ("words", Side::Server) => Box::new(Rust::<words::Told<'static>>::derived(schema)),
        _ => return None,
    })
}

/// `text.wm`.
pub mod text {
    use wm_derive::Protocol;

    /// A line.
    #[derive(Debug, Protocol)]
    #[wm(name = "text")]
    pub struct Line<'a> {
        /// Its text.
        #[wm(until = "\n", trim = "\r", max = "1M")]
        pub text: &'a str,
    }
}

/// `cache.wm`, as far as one side goes.
pub mod cache {
    use wm_derive::Protocol;

    /// Puts a value into the cache.
    #[derive(Debug, Protocol)]
    #[wm(name = "cache", limit = "64K", magic = "set ")]
    pub struct Set<'a> {
        /// Under which key.
        #[wm(ascii, until = " ", max = "250")]
        pub key: &'a str,
        /// What it is marked with.
        #[wm(as = r#"dec until " " max 10"#)]
        pub flags: u64,
        /// How much it counts.
        #[wm(as = r#"idec until " " max 11"#)]
        pub delta: i64,
        /// The value.
        #[wm(rest, line = "len: dec until CRLF max 8 = size(value)", line_after = "CRLF")]
        pub value: &'a [u8],
    }
}

/// `slip.wm`, as far as one side goes.
pub mod slip {
    use wm_derive::Protocol;

    /// A packet.
    #[derive(Debug, Protocol)]
    #[wm(name = "slip", frame = "slip max 300")]
    pub struct Packet<'a> {
        /// What it is.
        #[wm(as = "u8 in 1..=9")]
        pub kind: u8,
        /// Its name.
        #[wm(line = "len: u8 = size(name)", as = "str[len]")]
        pub name: &'a str,
        /// What it carries.
        pub data: &'a [u8],
    }
}

/// `frame.wm`.
pub mod frame {
    use wm_derive::Protocol;

    /// A frame.
    #[derive(Debug, Protocol)]
    #[wm(name = "frame", len = "u32", counts = "frame")]
    pub struct Frame<'a> {
        /// What it carries.
        pub body: &'a [u8],
    }
}

/// `jsonl.wm`.
pub mod jsonl {
    use wm_core::wire::Json;
    use wm_derive::Protocol;

    /// A line.
    #[derive(Debug, Protocol)]
    #[wm(name = "jsonl")]
    pub struct Line<'a> {
        /// Its value.
        #[wm(until = "\n", max = "1M")]
        pub value: Json<'a>,
    }
}

/// `len_json.wm`.
pub mod len_json {
    use wm_core::wire::Json;
    use wm_derive::Protocol;

    /// A packet.
    #[derive(Debug, Protocol)]
    #[wm(name = "len_json", limit = "1M", len = "u32", counts = "frame")]
    pub struct Packet<'a> {
        /// Its value.
        pub body: Json<'a>,
    }
}

/// `netstring.wm`.
pub mod netstring {
    use wm_derive::Protocol;

    /// A string of bytes.
    #[derive(Debug, Protocol)]
    pub struct Netstring<'a> {
        /// The bytes.
        #[wm(prefix = r#"dec until ":" max 9"#, max = "16M", line_after = r#"",""#)]
        pub data: &'a [u8],
    }
}

/// `xml10.wm`.
pub mod xml10 {
    use wm_derive::Protocol;

    /// A packet.
    #[derive(Debug, Protocol)]
    #[wm(name = "xml10", len = "dec[10]", counts = "frame")]
    pub struct Packet<'a> {
        /// Its XML.
        pub xml: &'a str,
    }
}

/// `binary_transfer.wm`.
pub mod binary_transfer {
    use wm_derive::Protocol;

    /// A file.
    #[derive(Debug, Protocol)]
    #[wm(name = "binary_transfer", limit = "2G", line = "total: u32 = size(self)")]
    pub struct Upload<'a> {
        /// Its name.
        #[wm(len = "u8")]
        pub name: &'a str,
        /// Its bytes.
        #[wm(stream)]
        pub data: &'a [u8],
    }

    /// The answer.
    #[derive(Debug, Protocol)]
    #[wm(name = "binary_transfer", limit = "2G")]
    pub struct Done<'a> {
        /// What it says.
        #[wm(until = "\n", max = "4K")]
        pub text: &'a str,
    }
}

/// `text_transfer.wm`.
pub mod text_transfer {
    use wm_core::wire::{Cow, base64, serde};
    use wm_derive::Protocol;

    /// A file.
    #[derive(Debug, Protocol)]
    #[wm(name = "text_transfer", limit = "64M")]
    pub struct Upload<'a> {
        /// The file as JSON.
        #[wm(json, until = "\n")]
        pub file: File<'a>,
    }

    /// A type of the program's own, read and written by serde.
    #[derive(Debug, serde::Serialize, serde::Deserialize)]
    #[serde(crate = "wm_core::wire::serde")]
    pub struct File<'a> {
        /// Its name.
        #[serde(borrow)]
        pub file_name: Cow<'a, str>,
        /// Its bytes.
        #[serde(with = "base64")]
        pub file_data: Cow<'a, [u8]>,
    }

    /// The answer.
    #[derive(Debug, Protocol)]
    #[wm(name = "text_transfer", limit = "64M")]
    pub struct Done<'a> {
        /// What it says.
        #[wm(until = "\n", max = "4K")]
        pub text: &'a str,
    }
}

/// `upload.wm`.
pub mod upload {
    use wm_derive::Protocol;

    /// A file.
    #[derive(Debug, Protocol)]
    #[wm(name = "upload", limit = "2G", magic = "****", line = "total: u32 = size(self)")]
    pub struct Upload<'a> {
        /// Its name.
        #[wm(prefix = "u8")]
        pub name: &'a str,
        /// Its bytes.
        #[wm(stream)]
        pub data: &'a [u8],
    }
}

/// `every_type.wm`, the half of it that has no struct, enum or list.
pub mod every_type {
    use wm_derive::Protocol;

    /// Numbers of every width.
    #[derive(Debug, Protocol)]
    #[allow(missing_docs, reason = "the letters have no meaning")]
    #[wm(name = "every_type", limit = "64K")]
    #[wm(line = "len: u32 = size(rest) + 2", line = "ver: u8 = 5", line = "_: u16 = 0")]
    pub struct Numbers {
        pub a: u8,
        #[wm(as = "u16le")]
        pub b: u16,
        #[wm(as = "u24")]
        pub c: u32,
        #[wm(as = "u32le")]
        pub d: u32,
        #[wm(as = "u40")]
        pub e: u64,
        #[wm(as = "u48le")]
        pub f: u64,
        #[wm(as = "u56")]
        pub g: u64,
        #[wm(as = "u64le")]
        pub h: u64,
        pub i: u128,
        pub j: i8,
        pub k: i16,
        #[wm(as = "i24le")]
        pub l: i32,
        pub m: i32,
        #[wm(as = "i40le")]
        pub n: i64,
        #[wm(as = "i48")]
        pub o: i64,
        #[wm(as = "i56le")]
        pub p: i64,
        pub q: i64,
        #[wm(as = "i128le")]
        pub r: i128,
        pub s: f32,
        #[wm(as = "f64le")]
        pub t: f64,
        #[wm(as = "varint")]
        pub u: u64,
        #[wm(as = "svarint")]
        pub v: i64,
        #[wm(as = "dec[5]")]
        pub w: u64,
        #[wm(as = "hex[4]")]
        pub x: u64,
        #[wm(as = r#"dec until ":" max 9"#)]
        pub y: u64,
        #[wm(as = "idec until CRLF max 6")]
        pub z: i64,
        #[wm(as = "u8 in 1..=5")]
        pub small: u8,
        #[wm(as = r#"hex until ";" max 8"#)]
        pub end: u64,
    }
}

/// `checksums.wm`, as far as the server goes.
pub mod checksums {
    use wm_derive::Protocol;

    /// The same where no number says the end.
    #[derive(Debug, Protocol)]
    #[wm(name = "checksums", endian = "little", limit = "4K", magic = "$")]
    pub struct Line<'a> {
        /// How many.
        #[wm(as = "varint")]
        pub count: u64,
        /// Up to a star.
        #[wm(until = "*", max = 64)]
        pub text: &'a str,
        /// Up to a comma.
        #[wm(until = ",", max = 64)]
        #[wm(line_after = "crc: u24be = crc24(count..text)", line_after = "adler: u32 = adler32(count..crc)")]
        #[wm(line_after = "sums: u16 = sum16(self)", line_after = "more: u32be = sum32(text)")]
        #[wm(line_after = "last: u8 = crc8_maxim(count)")]
        pub also: &'a [u8],
    }
}
