//! The schemas again, as structs with `#[derive(Protocol)]`: each must be the twin of the generated message, to the byte
//! and to the offset of every mistake.

mod examples;
mod modules;
mod talks;

use crate::engine::{Engine, Rust};
use crate::staged::{self, In};
use wm_core::protocol::{FromClient, FromServer};
use wm_schema::ir::{Schema, Side};

pub use examples::{externs, http1, nested, socks5, telemetry, transforms, websocket};
pub use modules::{attributes, choices, conditions, connect, endings, mqtt, sections, websocket_frame};
pub use talks::{talk, words};

macro_rules! twins {
    (always { $($protocol:ident $side:ident $message:ty;)* } in_a_state { $($session:ident $state:ident $place:ty;)* }) => {
        /// The derived twin of what `side` sends, in a state if the protocol has a session.
        #[must_use]
        pub fn twin(
            protocol: &str,
            side: Side,
            state: Option<&str>,
            schema: &'static Schema,
        ) -> Option<Box<dyn Engine>> {
            Some(match (protocol, side, state) {
                $((stringify!($protocol), Side::$side, None) => Box::new(Rust::<$message>::derived(schema)),)*
                $((stringify!($session), _, Some(stringify!($state))) => Box::new(Rust::<In<$place>>::derived(schema)),)*
                _ => return None,
            })
        }
    };
}

twins! {
    always {
        text Client text::Line<'static>;
        delimiters Server delimiters::Line<'static>;
        frame Client frame::Frame<'static>;
        jsonl Client jsonl::Line<'static>;
        len_json Client len_json::Packet<'static>;
        netstring Client netstring::Netstring<'static>;
        xml10 Client xml10::Packet<'static>;
        cache Client cache::Set<'static>;
        binary_transfer Client binary_transfer::Upload<'static>;
        binary_transfer Server binary_transfer::Done<'static>;
        text_transfer Client text_transfer::Upload<'static>;
        text_transfer Server text_transfer::Done<'static>;
        upload Client upload::Upload<'static>;
        checksums Server checksums::Line<'static>;
        slip Client slip::Packet<'static>;
        beacon Client beacon::Seek<'static>;
        every_type Client every_type::Numbers;
        endings Client endings::Put<'static>;
        endings Server endings::ServerMessage<'static>;
        attributes Client attributes::Ask<'static>;
        attributes Server attributes::Reply<'static>;
        choices Client choices::Packet<'static>;
        choices Server choices::Reply<'static>;
        conditions Client conditions::Packet<'static>;
        conditions Server conditions::Done<'static>;
        connect Client connect::Connect<'static>;
        connect Server connect::Row<'static>;
        externs Client externs::Visit<'static>;
        http1 Client http1::Request<'static>;
        http1 Server http1::Response<'static>;
        mqtt Client mqtt::Packet<'static>;
        nested Client nested::Say<'static>;
        sections Client sections::Book<'static>;
        sections Server sections::Index<'static>;
        talk Client talk::ClientMessage<'static>;
        talk Server talk::ServerMessage<'static>;
        telemetry Client telemetry::Packet<'static>;
        transforms Client transforms::Secret<'static>;
        transforms Server transforms::ServerMessage<'static>;
        websocket Client FromClient<websocket::Frame<'static>>;
        websocket Server FromServer<websocket::Frame<'static>>;
        websocket_frame Client FromClient<websocket_frame::Frame<'static>>;
        websocket_frame Server FromServer<websocket_frame::Frame<'static>>;
        words Client words::Ask<'static>;
        words Server words::Told<'static>;
    }
    in_a_state {
        socks5 Greet staged::socks5_derived::Greet;
        socks5 Choose staged::socks5_derived::Choose;
        socks5 Auth staged::socks5_derived::Auth;
        socks5 Check staged::socks5_derived::Check;
        socks5 Ready staged::socks5_derived::Ready;
        socks5 Dial staged::socks5_derived::Dial;
    }
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

/// `delimiters.wm`, as far as one side goes.
pub mod delimiters {
    use wm_derive::Protocol;

    /// A line.
    #[derive(Debug, Protocol)]
    #[wm(name = "delimiters", limit = "2M")]
    pub struct Line<'a> {
        /// Its text.
        #[wm(until("\n", b"\r\n"), max = "1M")]
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

/// `beacon.wm`, as far as one side goes.
pub mod beacon {
    use wm_derive::Protocol;

    /// Who is looked for.
    #[derive(Debug, Protocol)]
    #[wm(name = "beacon", version = 2, frame = "datagram max 1K", extensible)]
    pub struct Seek<'a> {
        /// What the answer has, too.
        pub id: u16,
        /// How far it goes.
        #[wm(as = "u8 in 1..=16")]
        pub hops: u8,
        /// Its name.
        #[wm(prefix = "u8", max = 64)]
        pub name: &'a str,
        /// Where it is looked for.
        #[wm(since = 2)]
        pub zone: Option<u16>,
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
