//! The schemas that are more than one struct, as modules with `#[protocol]`.

use wm_core::wire::List;
use wm_derive::protocol;

/// `attributes.wm`: tags of two bytes and of text, unions with parameters, and what is filled up.
#[protocol(version = 1, port = 9971, limit = "4K")]
#[allow(missing_docs, reason = "the names say it")]
pub mod attributes {
    use super::List;
    use wm_core::wire::HandedList;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "u2")]
    pub enum Class {
        Request = 0,
        Success,
        Failure,
    }

    #[derive(Debug, Clone)]
    #[wm(tag = "u16", params = "class: Class")]
    pub enum Attribute<'a> {
        Mapped(AttributeMapped<'a>) = 0x0001,
        User(AttributeUser<'a>) = 0x0006,
        Error(AttributeError<'a>) = 0x0009,
        Marks(AttributeMarks<'a>) = 0x0020,
        #[wm(tag = 0x8022, with = "class")]
        Owned(Owned<'a>),
    }

    #[derive(Debug, Clone)]
    #[wm(len = "u16", counts = "rest", line = "_: u8 = 0")]
    pub struct AttributeMapped<'a> {
        #[wm(in = "1..=2")]
        pub family: u8,
        pub port: u16,
        #[wm(max = 16)]
        pub address: &'a [u8],
    }

    #[derive(Debug, Clone)]
    pub struct AttributeUser<'a> {
        #[wm(line = "len: u16 = size(name)", as = "str[len]", max = 64, align = 4)]
        pub name: &'a str,
    }

    #[derive(Debug, Clone)]
    #[wm(len = "u16", counts = "rest", line = "_: u16 = 0")]
    pub struct AttributeError<'a> {
        pub code: u16,
        #[wm(max = 40)]
        pub reason: &'a str,
    }

    #[derive(Debug, Clone)]
    pub struct AttributeMarks<'a> {
        #[wm(line = "len: u16 = size(marks)", as = "u24[..]", max = 9, pad = b"\xff", align = 4)]
        pub marks: List<'a, u32>,
    }

    #[derive(Debug, Clone)]
    #[wm(params = "class: Class")]
    pub struct Owned<'a> {
        #[wm(prefix = "u8", max = 20)]
        pub by: &'a str,
        #[wm(line = "'!' if class == Failure", prefix = "u8", max = 20, if = "class == Failure")]
        pub why: Option<&'a str>,
        #[wm(fixed = 2, pad = "\0", pad_to = 12, if = "class == Success")]
        pub more: Option<List<'a, Step<'a>>>,
    }

    #[derive(Debug, Clone)]
    pub struct Step<'a> {
        #[wm(prefix = "u8", max = 9)]
        pub text: &'a str,
    }

    #[derive(Debug, Clone)]
    #[wm(tag = "u32le")]
    pub enum Chunk<'a> {
        #[wm(tag = "\"LIST\"")]
        List(ChunkList<'a>),
        #[wm(tag = "\"data\"")]
        Data(ChunkData<'a>),
        Junk(ChunkJunk<'a>) = 0x1a1a1a1a,
    }

    #[derive(Debug, Clone)]
    pub struct ChunkList<'a> {
        #[wm(line = "len: u8 = count(items)", as = "Step[len]", pad = "\0", align = 2)]
        pub items: List<'a, Step<'a>>,
    }

    #[derive(Debug, Clone)]
    pub struct ChunkData<'a> {
        #[wm(line = "len: u32le = size(data)", as = "bytes[len]", max = 100, pad = "\0", align = 2)]
        pub data: &'a [u8],
    }

    #[derive(Debug, Clone)]
    #[wm(line = "len: u8 in 0..=9 = size(rest)")]
    pub struct ChunkJunk<'a> {
        pub data: &'a [u8],
    }

    #[derive(Debug, Clone)]
    #[wm(params = "class: Class")]
    pub struct Attributes<'a> {
        #[wm(prefix = "u8", with = "class")]
        pub items: HandedList<'a, Attribute<'a>, Class>,
        #[wm(with = "class")]
        pub last: Attribute<'a>,
    }

    /// Asks.
    #[derive(Debug, Protocol)]
    #[wm(from = "client")]
    pub struct Ask<'a> {
        #[wm(line_after = "_: u6 = 0", line_after = "len: u16 = size(rest)")]
        pub class: Class,
        #[wm(as = "str[8] pad \" \"", pad = "\0", pad_to = 12)]
        pub word: &'a str,
        #[wm(with = "class")]
        pub list: Attributes<'a>,
    }

    /// Answers.
    #[derive(Debug, Protocol)]
    #[wm(from = "server", line = "size: u16 = size(rest)")]
    pub struct Reply<'a> {
        pub chunks: List<'a, Chunk<'a>>,
    }
}

/// `endings.wm`: what goes on to the end of the connection.
#[protocol(limit = "4K")]
#[allow(missing_docs, reason = "the names say it")]
pub mod endings {
    use super::List;

    /// As many rows as come.
    #[derive(Debug, Protocol)]
    #[wm(from = "client", magic = "PUT ")]
    pub struct Put<'a> {
        #[wm(until = "\n", max = 20)]
        pub name: &'a str,
        #[wm(until_end, max = 3)]
        pub rows: List<'a, Row<'a>>,
    }

    #[derive(Debug, Clone)]
    pub struct Row<'a> {
        #[wm(prefix = "u8")]
        pub key: &'a str,
        pub value: u16,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server")]
    pub struct Text<'a> {
        #[wm(line = "kind: u8 = 1", until_end, max = 1000, in = "'\\n'..='~'")]
        pub text: &'a str,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server")]
    pub struct File<'a> {
        #[wm(line = "kind: u8 = 2", line_after = "crc: u32 = crc32(rest)", prefix = "u8", max = 9)]
        pub name: &'a str,
        pub rest: Rest<'a>,
    }

    #[derive(Debug)]
    pub struct Rest<'a> {
        #[wm(ascii, until = ";", max = 9)]
        pub note: &'a str,
        #[wm(until_end)]
        pub data: &'a [u8],
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server")]
    pub struct Short<'a> {
        #[wm(line = "kind: u8 = 3", prefix = "u8")]
        pub text: &'a str,
    }
}

/// `choices.wm`: unions behind a tag, and bodies that an earlier value chooses.
#[protocol(version = 1, port = 9997, limit = "8K")]
pub mod choices {
    use super::List;

    /// What a packet is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "u8")]
    pub enum Kind {
        /// Connects.
        Connect = 1,
        /// Publishes.
        Publish = 3,
        /// Nothing.
        Ping = 12,
        /// Of a vendor.
        #[wm(values = "0xE0..=0xFF")]
        Vendor(u8),
        /// Any other.
        Other(u8),
    }

    /// What is drawn.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[repr(u8)]
    pub enum Shape {
        /// A dot.
        Dot = 1,
        /// A line.
        Line,
    }

    /// Where to connect to.
    #[derive(Debug, Clone)]
    #[wm(tag = "u8")]
    pub enum Address<'a> {
        /// Of four bytes.
        #[wm(tag = 1)]
        V4(AddressV4),
        /// By name.
        #[wm(tag = 3)]
        Name(AddressName<'a>),
        /// Of sixteen bytes.
        #[wm(tag = 4)]
        V6(AddressV6),
    }

    /// Four bytes.
    #[derive(Debug, Clone)]
    pub struct AddressV4 {
        /// They.
        pub ip: [u8; 4],
    }

    /// A name.
    #[derive(Debug, Clone)]
    pub struct AddressName<'a> {
        /// It.
        #[wm(ascii, prefix = "u8")]
        pub host: &'a str,
    }

    /// Sixteen bytes.
    #[derive(Debug, Clone)]
    pub struct AddressV6 {
        /// They.
        pub ip: [u8; 16],
    }

    /// A mark.
    #[derive(Debug, Clone)]
    #[wm(tag = "u8")]
    pub enum Mark<'a> {
        /// At a place.
        At(MarkAt) = b'a',
        /// With a note.
        Note(Note) = b'n',
        /// With words.
        Text(#[wm(prefix = "u8", max = 9)] &'a str) = b't',
    }

    /// A place.
    #[derive(Debug, Clone)]
    #[allow(missing_docs, reason = "the letters say it")]
    pub struct MarkAt {
        pub x: u8,
        pub y: u8,
    }

    /// A note.
    #[derive(Debug, Clone)]
    pub struct Note {
        /// How loud.
        #[wm(in = "1..=9")]
        pub level: u8,
    }

    /// Publishes.
    #[derive(Debug, Clone)]
    #[wm(params = "flags: u8, kind: Kind")]
    pub struct Publish<'a> {
        /// Where.
        #[wm(prefix = "u16", max = 100)]
        pub topic: &'a str,
        /// Its number.
        #[wm(if = "(flags & 6) != 0")]
        pub id: Option<u16>,
        /// How loud.
        #[wm(where = "kind != Kind.Ping || level == 0")]
        pub level: u8,
        /// What.
        pub data: &'a [u8],
    }

    /// Connects.
    #[derive(Debug, Clone)]
    pub struct Connect<'a> {
        /// Where to.
        pub to: Address<'a>,
        /// Its marks.
        #[wm(prefix = "u8", max = 5)]
        pub marks: List<'a, Mark<'a>>,
        /// Where from.
        pub origin: ConnectOrigin,
    }

    /// Where from.
    #[derive(Debug, Clone)]
    #[allow(missing_docs, reason = "the letters say it")]
    pub struct ConnectOrigin {
        pub x: i16,
        pub y: i16,
    }

    /// A packet whose kind says what its body is.
    #[derive(Debug, Protocol)]
    #[wm(from = "client", len = "u32", counts = "rest")]
    pub struct Packet<'a> {
        /// What it is.
        pub kind: Kind,
        /// What is in it.
        pub flags: u8,
        /// The rest.
        #[wm(match = "kind")]
        pub body: PacketBody<'a>,
    }

    /// What a packet holds.
    #[derive(Debug, Clone)]
    #[allow(missing_docs, reason = "each is the type that it holds")]
    pub enum PacketBody<'a> {
        Connect(Connect<'a>),
        #[wm(with = "flags, kind")]
        Publish(Publish<'a>),
        #[wm(fixed = 0)]
        Ping(&'a [u8]),
        Vendor(PacketBodyVendor<'a>),
        #[wm(max = "1K")]
        Other(&'a [u8]),
    }

    /// What a vendor says.
    #[derive(Debug, Clone)]
    pub struct PacketBodyVendor<'a> {
        /// Who.
        pub vendor: u16,
        /// What.
        #[wm(max = 300)]
        pub text: &'a str,
    }

    /// The answer.
    #[derive(Debug, Protocol)]
    #[wm(from = "server", line = "len: u16 = size(rest)")]
    pub struct Reply<'a> {
        /// What is drawn.
        pub shape: Shape,
        /// What follows.
        pub code: u8,
        /// Where.
        #[wm(match = "shape")]
        pub drawn: ReplyDrawn<'a>,
        /// More of it.
        #[wm(match = "code")]
        pub more: ReplyMore<'a>,
    }

    /// Where it is drawn.
    #[derive(Debug, Clone)]
    #[allow(missing_docs, reason = "each is the type that it holds")]
    pub enum ReplyDrawn<'a> {
        Dot(Note),
        Line(ReplyDrawnLine<'a>),
    }

    /// From one mark to another.
    #[derive(Debug, Clone)]
    #[allow(missing_docs, reason = "the words say it")]
    pub struct ReplyDrawnLine<'a> {
        pub from: Mark<'a>,
        pub to: Mark<'a>,
    }

    /// By numbers.
    #[derive(Debug, Clone)]
    #[allow(missing_docs, reason = "each is the numbers that choose it")]
    pub enum ReplyMore<'a> {
        #[wm(when = "0")]
        Case0(u8),
        #[wm(when = "1..=9", in = "0..=999")]
        Case1To9(u16),
        #[wm(when = "10..=230")]
        Case10To230(Mark<'a>),
        #[wm(when = "255", prefix = "u8")]
        Case255(List<'a, Mark<'a>>),
    }
}

/// `conditions.wm`: fields that may be absent, and conditions of every kind.
#[protocol(version = 1, port = 9998, limit = "8K")]
#[allow(missing_docs, reason = "the words mean nothing")]
pub mod conditions {
    use super::List;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "u8")]
    pub enum Kind {
        Hello = 1,
        Sample,
        #[wm(values = "0xE0..=0xFF")]
        Vendor(u8),
        Other(u8),
    }

    #[derive(Debug, Clone)]
    pub struct Head {
        pub kind: Kind,
        pub flags: u8,
        #[wm(in = "-100..=100")]
        pub level: i16,
    }

    #[derive(Debug, Clone)]
    #[wm(where = r#"value != "\0""#)]
    pub struct Pair {
        #[wm(prefix = "u8")]
        pub key: String,
        #[wm(prefix = "u16")]
        pub value: String,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", len = "u32", counts = "rest", where = "head.flags != 255 || count > 7")]
    pub struct Packet<'a> {
        pub head: Head,
        pub count: u32,
        #[wm(prefix = "u8", max = 64, where = r#"proto != "MQTT""#)]
        pub proto: String,
        #[wm(where = r#"it != hex "ff ff ff ff""#)]
        pub key: [u8; 4],
        #[wm(where = "id % 256 != 255", if = "(head.flags & 6) != 0")]
        pub id: Option<u16>,
        #[wm(prefix = "u16", max = 300, if = "head.flags & 1 == 1")]
        pub topic: Option<String>,
        #[wm(prefix = "varint", max = 200, if = "head.kind is Vendor")]
        pub vendor: Option<Vec<u8>>,
        #[wm(if = "head.kind == Kind.Sample")]
        pub sample: Option<Head>,
        #[wm(if = "head.level < 0 && !(head.flags >= 128)")]
        pub pair: Option<Pair>,
        #[wm(prefix = "u8", max = 8, if = "count * 3 + 1 > 4_000_000_000 || count >> 4 == 2")]
        pub sums: Option<List<'a, Head>>,
        #[wm(until = "\n", trim = "\r", max = 64, if = r#"proto == "text" || proto == """#)]
        pub line: Option<String>,
        #[wm(as = "u24", if = "head.flags ^ 0x0f < 16")]
        pub wide: Option<u32>,
        #[wm(rest, if = "count % 2 == 0")]
        pub data: Option<&'a [u8]>,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", len = "u8", counts = "rest")]
    pub struct Done<'a> {
        #[wm(in = "0..=5")]
        pub code: u8,
        #[wm(where = "detail > code")]
        pub detail: u8,
        #[wm(prefix = "u8", max = 20, if = "detail != 9")]
        pub why: Option<&'a str>,
    }
}

/// `connect.wm`: flags that say which fields there are, and integers that escape.
#[protocol(
    version = 1,
    port = 9995,
    limit = "64K",
    schema = "int Lenenc: u8 in 0..=250 { 0xFC => u16le, 0xFD => u24le, 0xFE => u64le }"
)]
#[allow(missing_docs, reason = "the names of the standard")]
pub mod connect {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "u4")]
    pub enum Type {
        Connect = 1,
        ConnAck = 2,
        Other(u8),
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", where = "will || qos == 0")]
    #[wm(line = "type: Type = Connect", line = "_: u4 = 0", line = "remain: varint = size(rest)")]
    #[wm(magic = b"\0\x04", magic = "MQTT", line = "level: u8 = 4")]
    pub struct Connect<'a> {
        pub username: bool,
        pub password: bool,
        pub retain: bool,
        #[wm(as = "u2 in 0..=2")]
        pub qos: u8,
        pub will: bool,
        #[wm(line_after = "_: bit = 0")]
        pub clean: bool,
        pub keep_alive: u16,
        #[wm(prefix = "u16", max = 23)]
        pub client_id: &'a str,
        #[wm(prefix = "u16", if = "will")]
        pub topic: Option<&'a str>,
        #[wm(prefix = "u16", if = "will")]
        pub message: Option<&'a [u8]>,
        #[wm(prefix = "u16", if = "username")]
        pub user: Option<&'a str>,
        #[wm(prefix = "u16", if = "password && username")]
        pub pass: Option<&'a [u8]>,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server")]
    pub struct Row<'a> {
        #[wm(line_after = "_: u7 = 0")]
        pub more: bool,
        #[wm(as = "Lenenc")]
        pub id: u64,
        #[wm(prefix = "Lenenc")]
        pub name: &'a str,
        #[wm(prefix = "Lenenc", max = "4K")]
        pub data: &'a [u8],
    }
}

/// `mqtt.wm`: the packets of a client that publishes.
#[protocol(version = 4, port = 1883, limit = "1M")]
pub mod mqtt {
    /// What a packet is.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[allow(missing_docs, reason = "the names of the standard")]
    #[wm(as = "u4")]
    pub enum Type {
        Connect = 1,
        ConnAck = 2,
        Publish = 3,
        PingReq = 12,
        PingResp = 13,
        Disconnect = 14,
    }

    /// A packet.
    #[derive(Debug, Protocol)]
    pub struct Packet<'a> {
        /// What it is.
        pub r#type: Type,
        /// More of that.
        #[wm(as = "u4")]
        pub flags: u8,
        /// What it holds.
        #[wm(line = "remain: varint in 0..=268435455 = size(body)", match = "type")]
        pub body: PacketBody<'a>,
    }

    /// What a packet holds.
    #[derive(Debug)]
    #[allow(missing_docs, reason = "each is the type that it holds")]
    pub enum PacketBody<'a> {
        Connect(Connect<'a>),
        ConnAck(ConnAck),
        #[wm(with = "flags")]
        Publish(Publish<'a>),
        #[wm(fixed = 0)]
        Other(&'a [u8]),
    }

    /// Opens a session.
    #[derive(Debug)]
    #[allow(missing_docs, reason = "the names of the standard")]
    pub struct Connect<'a> {
        #[wm(prefix = "u16", where = r#"proto == "MQTT""#, line_after = "level: u8 = 4")]
        pub proto: &'a str,
        pub username: bool,
        pub password: bool,
        pub retain: bool,
        #[wm(as = "u2 in 0..=2")]
        pub qos: u8,
        pub will: bool,
        #[wm(line_after = "_: bit = 0")]
        pub clean: bool,
        pub keep_alive: u16,
        #[wm(prefix = "u16", max = 23)]
        pub client_id: &'a str,
        #[wm(prefix = "u16", if = "will")]
        pub topic: Option<&'a str>,
        #[wm(prefix = "u16", if = "will")]
        pub message: Option<&'a [u8]>,
        #[wm(prefix = "u16", if = "username")]
        pub user: Option<&'a str>,
        #[wm(prefix = "u16", if = "password")]
        pub pass: Option<Vec<u8>>,
    }

    /// Answers it.
    #[derive(Debug)]
    pub struct ConnAck {
        /// Whether there is one already.
        #[wm(line = "_: u7 = 0")]
        pub session: bool,
        /// How it went.
        #[wm(in = "0..=5")]
        pub code: u8,
    }

    /// A message.
    #[derive(Debug)]
    #[wm(params = "flags: u4")]
    pub struct Publish<'a> {
        /// Where to.
        #[wm(prefix = "u16")]
        pub topic: &'a str,
        /// Its number.
        #[wm(if = "(flags & 6) != 0")]
        pub id: Option<u16>,
        /// What it says.
        pub data: &'a [u8],
    }
}

/// `sections.wm`: sections in sections, with numbers that stand far from what they measure.
#[protocol(limit = "4K")]
#[allow(missing_docs, reason = "the words mean nothing")]
pub mod sections {
    use super::List;

    #[derive(Debug, Protocol)]
    #[wm(from = "client")]
    pub struct Book<'a> {
        #[wm(until = "\n", max = 64)]
        pub title: &'a str,
        #[wm(line_after = "size: u16 = size(edition..chapters) - 1")]
        pub edition: u8,
        #[wm(as = "varint")]
        pub pages: u64,
        pub chapters: List<'a, Chapter<'a>>,
    }

    #[derive(Debug, Clone)]
    pub struct Chapter<'a> {
        #[wm(prefix = "u8")]
        pub name: &'a str,
        #[wm(prefix = "u8")]
        pub pages: List<'a, u16>,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", line = "n: u8 = count(rows) + 1")]
    pub struct Index<'a> {
        #[wm(until = ";", max = 20, line_after = "wide: u64 = size(data)  part: u16le = size(first..last)")]
        pub head: &'a str,
        #[wm(as = "Row[n]")]
        pub rows: List<'a, Row<'a>>,
        #[wm(as = "bytes[wide]")]
        pub data: &'a [u8],
        pub first: Cell<'a>,
        #[wm(line = "k: u8 = count(numbers)", as = "varint[k]")]
        pub numbers: List<'a, u64>,
        pub last: Cell<'a>,
        #[wm(fixed = 2)]
        pub same: List<'a, Cell<'a>>,
        #[wm(as = "hex[4]")]
        pub end: u64,
    }

    #[derive(Debug, Clone)]
    pub struct Row<'a> {
        #[wm(prefix = "u8")]
        pub cells: List<'a, Cell<'a>>,
        #[wm(line = "k: u16 = size(note)", until = ",,", max = 20)]
        pub key: &'a str,
        #[wm(as = "bytes[k] max 300")]
        pub note: &'a [u8],
        #[wm(prefix = r#"dec until ":" max 4"#)]
        pub more: &'a str,
        #[wm(in = "0..=31")]
        pub flags: u8,
        pub shade: Shade,
        #[wm(if = "flags & 1 == 1")]
        pub wide: Option<u32>,
        #[wm(if = "flags & 2 == 2")]
        pub mark: Option<i16>,
        pub big: u64,
        #[wm(ascii, until = ";", max = 9, if = "shade == Shade.Dark")]
        pub line: Option<&'a str>,
        #[wm(prefix = "u8", if = "flags > 7 && shade != Shade.Dark")]
        pub list: Option<List<'a, Cell<'a>>>,
        #[wm(if = "flags >= 16")]
        pub cell: Option<Cell<'a>>,
        #[wm(fixed = 3, if = "flags & 4 == 4")]
        pub tiny: Option<List<'a, u8>>,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[repr(u8)]
    pub enum Shade {
        Dark = 1,
        Light = 2,
        Other(u8),
    }

    #[derive(Debug, Clone)]
    pub struct Cell<'a> {
        #[wm(prefix = "u8")]
        pub name: &'a str,
        #[wm(as = "varint[u8]")]
        pub values: List<'a, u64>,
        #[wm(prefix = "varint")]
        pub wide: List<'a, f64>,
    }
}

/// `websocket_frame.wm`: bits, an integer that escapes, a bit that says who sends.
#[protocol(version = 1, port = 9998, limit = "128K", schema = "int Len: u7 minimal { 126 => u16, 127 => u64 }")]
pub mod websocket_frame {
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
    pub struct Frame<'a> {
        /// Whether the message ends with it.
        #[wm(line_after = "_: u3 = 0")]
        pub fin: bool,
        /// What it is.
        pub opcode: Opcode,
        /// What it carries.
        #[wm(line = "masked: bit = from(client)", line = "len: Len = size(payload)", as = "bytes[len]")]
        pub payload: &'a [u8],
    }
}
