//! The schemas of several messages and of words, as modules with `#[protocol]`.

use wm_core::wire::List;
use wm_derive::protocol;

/// `talk.wm`: several messages from each side, told apart by their first bytes.
#[protocol(port = 9400, limit = "64K")]
#[allow(missing_docs, reason = "the words mean nothing")]
pub mod talk {
    use super::List;

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[repr(u8)]
    pub enum Kind {
        Note = 0x10,
        Alarm = 0x11,
        #[wm(values = "0x18..=0x1f")]
        Trace(u8),
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "u4")]
    pub enum Level {
        Low = 1,
        High = 8,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", line = "version: u8 = 5")]
    pub struct Hello<'a> {
        #[wm(prefix = "u8")]
        pub methods: List<'a, u8>,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", line = "version: u8 = 1")]
    pub struct Login<'a> {
        #[wm(prefix = "u8")]
        pub name: &'a str,
        #[wm(prefix = "u8")]
        pub secret: &'a [u8],
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", magic = "QUIT", magic = "\r\n")]
    pub struct Quit {}

    #[derive(Debug, Protocol)]
    #[wm(from = "client", magic = "Q?")]
    pub struct Query<'a> {
        #[wm(until = "\n", max = 200)]
        pub text: &'a str,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client")]
    pub struct Event<'a> {
        pub kind: Kind,
        pub id: u16,
        #[wm(line = "len: u16 = size(data)", as = "bytes[len] max 60K")]
        pub data: &'a [u8],
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client")]
    pub struct Move {
        pub to: Place,
    }

    #[derive(Debug)]
    #[wm(tag = "u8")]
    pub enum Place {
        Home(PlaceHome) = 0x20,
        Street(PlaceStreet) = 0x21,
    }

    #[derive(Debug)]
    pub struct PlaceHome {
        pub floor: u8,
    }

    #[derive(Debug)]
    pub struct PlaceStreet {
        pub house: u8,
    }

    #[derive(Debug, Protocol)]
    #[wm(line = "mark: u2 = 3")]
    pub struct Ping {
        #[wm(line_after = "_: u2 = 0")]
        pub level: Level,
        pub token: u32,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", line = "version: u8 = 5")]
    pub struct Pick {
        pub method: u8,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", magic = b"\x01\x00")]
    pub struct Success {
        #[wm(where = "word < 0xf0 && word != 3")]
        pub word: u8,
        #[wm(as = "u24")]
        pub at: u32,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", magic = b"\x01\x00")]
    pub struct Failure<'a> {
        #[wm(in = "0xf0..=0xff")]
        pub word: u8,
        #[wm(until = "\0", max = 100)]
        pub why: &'a str,
    }
}

/// `words.wm`: words on the wire, open and closed, in any case, spelled otherwise than they are called.
#[protocol(version = 1, port = 9996, limit = "4K")]
#[allow(missing_docs, reason = "the words mean nothing")]
pub mod words {
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "ascii")]
    #[allow(clippy::upper_case_acronyms, reason = "the variants are called as on the wire")]
    pub enum Verb<'a> {
        GET,
        PUT,
        #[wm(word = "M-SEARCH")]
        Search,
        Other(&'a str),
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "ascii nocase")]
    pub enum Mode {
        Octet,
        #[wm(word = "net-ascii")]
        Netascii,
        Mail,
        Raw,
        None,
    }

    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    #[wm(as = "ascii")]
    pub enum Code {
        #[wm(word = "+OK")]
        Good,
        #[wm(word = "-NO")]
        Bad,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "client", len = "u16", counts = "rest")]
    pub struct Ask<'a> {
        #[wm(until = " ", max = 20)]
        pub verb: Verb<'a>,
        #[wm(ascii, until = " ", max = 100, in = "'!'..='~'")]
        pub path: &'a str,
        #[wm(prefix = "u8")]
        pub mode: Mode,
        #[wm(prefix = "u8", max = 9, if = "verb == Verb.PUT || mode == Mode.Mail")]
        pub again: Option<Verb<'a>>,
        #[wm(match = "mode")]
        pub more: AskMore<'a>,
        #[wm(match = "verb")]
        pub body: AskBody<'a>,
    }

    #[derive(Debug)]
    pub enum AskMore<'a> {
        Octet(u8),
        Netascii(Line<'a>),
        Mail(u16),
        Raw(u8),
    }

    #[derive(Debug)]
    #[allow(clippy::upper_case_acronyms, reason = "the variants are called as on the wire")]
    pub enum AskBody<'a> {
        #[wm(with = "mode, verb")]
        PUT(Put<'a>),
        #[wm(fixed = 0)]
        GET(&'a [u8]),
        #[wm(max = "1K")]
        Other(&'a [u8]),
    }

    #[derive(Debug)]
    #[wm(params = "mode: Mode, verb: Verb")]
    pub struct Put<'a> {
        #[wm(where = "mode != Mode.Mail || size > 0")]
        pub size: u16,
        #[wm(prefix = "u8", if = "verb == Verb.PUT")]
        pub data: Option<&'a [u8]>,
    }

    #[derive(Debug)]
    pub struct Line<'a> {
        #[wm(prefix = "u8", in = r"' '..='\xff'")]
        pub text: &'a str,
    }

    #[derive(Debug, Protocol)]
    #[wm(from = "server", where = "code == Code.Good || verb != Verb.GET")]
    pub struct Told<'a> {
        #[wm(fixed = 3)]
        pub code: Code,
        #[wm(until = " ", max = 20)]
        pub verb: Verb<'a>,
        #[wm(until = ";")]
        pub mode: Mode,
        #[wm(until = "\n", trim = "\r", max = 64, in = r"' '..='\xff'")]
        pub text: &'a str,
    }
}
