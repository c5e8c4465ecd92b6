//! The protocols of the examples that have a session, an envelope, headers or a mask, and those that name types of Rust.

use crate::own::{Even, Tag};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::num::NonZeroU8;
use wm_core::wire::{Headers, List};
use wm_derive::protocol;

/// `http1.wm`: words, headers, and a body that they frame.
#[protocol(port = 8080, limit = "2G", schema = "exchange Request -> Response in order")]
pub mod http1 {
    use super::{Headers, List};

    /// What is asked for.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[allow(missing_docs, clippy::upper_case_acronyms, reason = "the names of the standard")]
    #[wm(as = "ascii")]
    pub enum Method<'a> {
        GET,
        HEAD,
        POST,
        PUT,
        DELETE,
        OPTIONS,
        PATCH,
        Other(&'a str),
    }

    /// A request.
    #[derive(Debug, Protocol)]
    #[wm(from = "client")]
    pub struct Request<'a> {
        /// What is asked for.
        #[wm(until = " ", max = 32)]
        pub method: Method<'a>,
        /// Of what.
        #[wm(ascii, until = " ", max = "8K", in = "'!'..='~'")]
        pub target: &'a str,
        /// HTTP/1.0 or HTTP/1.1.
        #[wm(line = r#""HTTP/1.""#, as = "dec until CRLF in 0..=1")]
        pub minor: u64,
        /// They frame the body.
        #[wm(max = "64K")]
        pub headers: Headers<'a>,
        /// What comes with it.
        #[wm(match = r#"headers["transfer-encoding"]"#, stream)]
        pub body: RequestBody<'a>,
    }

    /// The body of a request.
    #[derive(Debug)]
    pub enum RequestBody<'a> {
        /// In pieces.
        #[wm(when = r#""chunked""#, until_where = "it.size == 0")]
        Chunked(List<'a, Chunk<'a>>),
        /// In one.
        #[wm(as = r#"bytes[headers["content-length"]]"#)]
        Other(&'a [u8]),
    }

    /// A response.
    #[derive(Debug, Protocol)]
    #[wm(from = "server", magic = "HTTP/1.")]
    pub struct Response<'a> {
        /// HTTP/1.0 or HTTP/1.1.
        #[wm(as = r#"dec until " " in 0..=1"#)]
        pub minor: u64,
        /// How it went.
        #[wm(as = r#"dec until " " in 100..=599"#)]
        pub status: u64,
        /// The same in words.
        #[wm(until = "\r\n", max = "1K", in = r"' '..='\xff'")]
        pub reason: &'a str,
        /// They frame the body.
        #[wm(max = "64K")]
        pub headers: Headers<'a>,
        /// What comes with it.
        #[wm(match = r#"headers["transfer-encoding"]"#, stream)]
        pub body: ResponseBody<'a>,
    }

    /// The body of a response.
    #[derive(Debug)]
    pub enum ResponseBody<'a> {
        /// In pieces.
        #[wm(when = r#""chunked""#, until_where = "it.size == 0")]
        Chunked(List<'a, Chunk<'a>>),
        /// In one.
        #[wm(as = r#"bytes[headers["content-length"]]"#)]
        Other(&'a [u8]),
    }

    /// A piece of a body.
    #[derive(Debug, Clone)]
    #[wm(line = "size: hex until CRLF max 8 = size(data)")]
    pub struct Chunk<'a> {
        /// It.
        #[wm(as = "bytes[size]", line_after = "CRLF")]
        pub data: &'a [u8],
    }
}

/// `nested.wm`, as far as the client goes: a union that contains itself.
#[protocol(limit = "4K")]
#[allow(missing_docs, reason = "the words mean nothing")]
pub mod nested {
    use super::List;

    #[derive(Debug, Protocol)]
    #[wm(from = "client")]
    pub struct Say<'a> {
        pub value: Value<'a>,
    }

    #[derive(Debug, Clone)]
    #[wm(tag = "u8", depth = 5)]
    pub enum Value<'a> {
        Text(ValueText<'a>) = b'+',
        Int(ValueInt) = b':',
        Array(ValueArray<'a>) = b'*',
        Map(ValueMap<'a>) = b'%',
    }

    #[derive(Debug, Clone)]
    pub struct ValueText<'a> {
        #[wm(until = "\r\n", max = 64)]
        pub text: &'a str,
    }

    #[derive(Debug, Clone)]
    pub struct ValueInt {
        #[wm(as = "idec until CRLF max 20")]
        pub n: i64,
    }

    #[derive(Debug, Clone)]
    pub struct ValueArray<'a> {
        #[wm(prefix = "u8")]
        pub items: List<'a, Value<'a>>,
    }

    #[derive(Debug, Clone)]
    pub struct ValueMap<'a> {
        #[wm(prefix = "u16")]
        pub pairs: List<'a, Pair<'a>>,
    }

    #[derive(Debug, Clone)]
    pub struct Pair<'a> {
        #[wm(prefix = "u8")]
        pub key: &'a str,
        #[wm(fixed = 1)]
        pub value: List<'a, Value<'a>>,
    }
}

/// `socks5.wm`: who may say what, when.
#[protocol(
    port = 1080,
    schema = r#"
        session {
            start Greet { client Hello -> Choose timeout 10s -> close }
            Choose {
                server Pick where method == Method.None -> Ready
                server Pick where method == Method.Password -> Auth
                server Pick -> close
            }
            Auth { client Login -> Check timeout 10s -> close }
            Check {
                server Verdict where status == 0 -> Ready
                server Verdict -> close
            }
            Ready { client Request -> Dial timeout 10s -> close }
            Dial {
                server Reply where code == Code.Ok -> Tunnel
                server Reply -> close
            }
            Tunnel { both stream }
        }
    "#
)]
#[allow(missing_docs, reason = "the names of the standard")]
pub mod socks5 {
    use super::List;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "u8")]
    pub enum Method {
        None = 0,
        Password = 2,
        Refused = 0xff,
        Other(u8),
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[repr(u8)]
    pub enum Command {
        Connect = 1,
        Bind,
        Udp,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "u8")]
    pub enum Code {
        Ok,
        Failed,
        Denied,
        NetDown,
        NoHost,
        Refused,
        Other(u8),
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", line = "ver: u8 = 5")]
    pub struct Hello<'a> {
        #[wm(prefix = "u8")]
        pub methods: List<'a, Method>,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", line = "ver: u8 = 5")]
    pub struct Pick {
        pub method: Method,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", line = "ver: u8 = 1")]
    pub struct Login<'a> {
        #[wm(prefix = "u8")]
        pub user: &'a str,
        #[wm(prefix = "u8")]
        pub pass: &'a str,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", line = "ver: u8 = 1")]
    pub struct Verdict {
        pub status: u8,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", line = "ver: u8 = 5")]
    pub struct Request<'a> {
        #[wm(line_after = "_: u8 = 0")]
        pub cmd: Command,
        pub addr: Address<'a>,
        pub port: u16,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", line = "ver: u8 = 5")]
    pub struct Reply<'a> {
        #[wm(line_after = "_: u8 = 0")]
        pub code: Code,
        pub addr: Address<'a>,
        pub port: u16,
    }

    #[derive(Debug)]
    #[wm(tag = "u8")]
    pub enum Address<'a> {
        V4(AddressV4) = 1,
        Name(AddressName<'a>) = 3,
        V6(AddressV6) = 4,
    }

    #[derive(Debug)]
    pub struct AddressV4 {
        pub ip: [u8; 4],
    }

    #[derive(Debug)]
    pub struct AddressName<'a> {
        #[wm(ascii, prefix = "u8")]
        pub host: &'a str,
    }

    #[derive(Debug)]
    pub struct AddressV6 {
        pub ip: [u8; 16],
    }
}

/// `telemetry.wm`: an envelope, a checksum, and what newer versions bring.
#[protocol(
    version = 2,
    port = 9300,
    endian = "little",
    frame = "slip max 4K",
    schema = "recover { bad_crc => skip }",
    schema = "exchange Packet -> Packet by seq"
)]
pub mod telemetry {
    /// What a packet is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[allow(missing_docs, reason = "the words say it")]
    #[wm(as = "u8")]
    pub enum Kind {
        Hello = 1,
        Sample,
        #[wm(values = "0xE0..=0xFF")]
        Vendor(u8),
        Other(u8),
    }

    /// A packet.
    #[derive(Debug, Protocol)]
    pub struct Packet<'a> {
        /// What it is.
        pub kind: Kind,
        /// Which it is.
        #[wm(as = "varint")]
        pub seq: u64,
        /// What it holds.
        #[wm(match = "kind", line_after = "crc: u16 = crc16_ccitt(kind..body)")]
        pub body: PacketBody<'a>,
    }

    /// What a packet holds.
    #[derive(Debug)]
    #[allow(missing_docs, reason = "each is the type that it holds")]
    pub enum PacketBody<'a> {
        Sample(Sample<'a>),
        Other(&'a [u8]),
    }

    /// A sample.
    #[derive(Debug)]
    #[wm(extensible)]
    pub struct Sample<'a> {
        /// When.
        #[wm(as = "u48")]
        pub at: u64,
        /// How much.
        pub value: f32,
        /// Where.
        #[wm(fixed = 16, pad = "\0")]
        pub station: &'a str,
        /// How much is left.
        #[wm(since = 2)]
        pub battery: Option<u8>,
    }
}

/// `transforms.wm`: content that does not stand on the wire as it is.
#[protocol(port = 9311, endian = "little", limit = "8K")]
#[allow(missing_docs, reason = "the words mean nothing")]
pub mod transforms {
    #[derive(Debug, Protocol)]
    #[wm(from = "client")]
    pub struct Secret<'a> {
        #[wm(line_after = "len: u16 = size(body) + 1")]
        pub kind: u8,
        #[wm(prefix = "u8")]
        pub note: &'a str,
        #[wm(prefix = "u8", max = 40)]
        pub key: &'a [u8],
        #[wm(as = "str[len]", via = "xor(key)", where = r#"it != "no""#)]
        pub body: String,
        #[wm(in = "0..=9")]
        pub tail: u8,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", magic = "w")]
    pub struct Words<'a> {
        #[wm(until = "\n", max = "1K", via = "base64")]
        pub text: &'a str,
        #[wm(ascii, until = "\r\n", max = 16)]
        pub more: &'a str,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", magic = "d")]
    pub struct Digits<'a> {
        pub many: u8,
        #[wm(prefix = "u16", via = "hex", line_after = "sum: u8 = xor8(many)")]
        pub data: &'a [u8],
    }
}

/// `websocket.wm`: a mask, an integer that escapes, a bit that says who sends.
#[protocol(port = 9001, schema = "int Len: u7 minimal { 126 => u16, 127 => u64 }")]
pub mod websocket {
    /// What a frame is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[allow(missing_docs, reason = "the names of the standard")]
    #[wm(as = "u4")]
    pub enum Opcode {
        Continue = 0,
        Text,
        Binary,
        Close = 8,
        Ping,
        Pong,
    }

    /// A frame.
    #[derive(Debug, Protocol)]
    #[wm(where = "opcode < 8 || (fin && len <= 125)")]
    pub struct Frame<'a> {
        /// Whether the message ends with it.
        #[wm(line_after = "_: u3 = 0")]
        pub fin: bool,
        /// What it is.
        pub opcode: Opcode,
        /// What masks it.
        #[wm(line = "masked: bit = from(client)", line = "len: Len = size(payload)", fixed = 4, if = "masked")]
        pub key: Option<&'a [u8]>,
        /// What it carries.
        #[wm(as = "bytes[len]", via = "xor(key)", stream)]
        pub payload: &'a [u8],
    }
}

/// `externs.wm`, as far as the client goes: types and a checksum of Rust.
#[protocol(port = 9330, limit = "8K", schema = r#"extern fn rotated() -> u16 = "crate::own::rotated""#)]
#[allow(missing_docs, reason = "the words mean nothing")]
pub mod externs {
    use super::{Even, IpAddr, Ipv4Addr, Ipv6Addr, List, NonZeroU8, Tag};

    #[derive(Debug, Protocol)]
    #[wm(from = "client", line = "sum: u16 = rotated(self)")]
    pub struct Visit<'a> {
        #[wm(as = "u16", where = "it < 1000")]
        pub at: Even,
        #[wm(as = "u32")]
        pub address: Ipv4Addr,
        pub known: bool,
        #[wm(as = "u7")]
        pub kind: NonZeroU8,
        #[wm(as = "ascii", until = "=", max = 40)]
        pub tag: Tag<'a>,
        #[wm(as = "bytes[16]", if = "known")]
        pub home: Option<Ipv6Addr>,
        #[wm(prefix = "u8")]
        pub peers: List<'a, Peer>,
    }

    #[derive(Debug, Clone)]
    pub struct Peer {
        #[wm(as = "str", prefix = "u8", max = 40, line_after = "check: u16 = rotated(address)")]
        pub address: IpAddr,
        #[wm(in = "0..=1")]
        pub heavy: u8,
        #[wm(as = "u8", if = "heavy == 1")]
        pub weight: Option<NonZeroU8>,
    }
}
