//! `#[derive(Protocol)]`: a Rust struct as a wm schema; `#[protocol]`: a module of structs and enums as one.
//!
//! They become a schema in the language's own words, checked by the same rules and given to the same generator
//! as a `.wm` file; a mistake is told in the same words, at the attribute or field that made it.
//!
//! ```text
//!   attributes ──> schema text, each piece with its span ──> draft ──> ir ──> impl Message
//! ```

mod adopt;
mod attributes;
mod compile;
mod expand;
mod fields;
mod fit;
mod items;
mod module;
mod report;
mod rust_type;
mod stub;
mod text;

use proc_macro::TokenStream;
use syn::{DeriveInput, ItemMod, parse_macro_input};

/// Makes a struct a message: `input`, `decode`, `measure`, `encode`, and `wm_core::protocol::Message` of these.
///
/// The fields stand on the wire in the order of the struct. Lines of the wire that are no fields, such as lengths and
/// constants, are said by attributes and need no field.
///
/// ```
/// use wm_core::protocol::Duplex;
/// use wm_derive::Protocol;
///
/// /// A file, sent in one frame.
/// #[derive(Debug, PartialEq, Protocol)]
/// #[wm(magic = "****", len = "u32", counts = "frame", limit = "2G")]
/// struct Upload<'a> {
///     #[wm(prefix = "u8")]
///     name: &'a str,
///     data: &'a [u8],
/// }
///
/// type Server = Duplex<Upload<'static>>;
///
/// let mut out = wm_core::BytesMut::new();
/// Upload { name: "a.txt", data: b"hi" }.encode(&mut out)?;
/// assert_eq!(out[..], *b"****\0\0\0\x10\x05a.txthi");
/// assert_eq!(Upload::decode(&out).unwrap().name, "a.txt");
/// # Ok::<(), wm_core::wire::EncodeError>(())
/// ```
///
/// # The struct
///
/// | attribute | meaning |
/// |---|---|
/// | `name = "upload"` | the protocol's name; the struct's in snake case if it is not said |
/// | `version = 1`, `port = 9200` | what else a protocol says of itself |
/// | `limit = "2G"` | the largest frame; 10 MiB if it is not said |
/// | `frame = "slip max 4K"` | the envelope around it: `slip`, `cobs`, `line` or `json`; then `decode` takes `&mut [u8]` |
/// | `frame = "datagram"` | each message is a datagram, and travels over UDP alone |
/// | `endian = "little"` | the order of bytes in numbers; big if it is not said |
/// | `bits = "lsb"` | which bits of a byte come first; the highest if it is not said |
/// | `magic = "****"` | bytes in front of everything |
/// | `len = "u32", counts = "frame"` | a number that counts the whole frame; `"rest"`: what is behind it |
/// | `line = "ver: u8 = 5"` | a line of the language in front of the fields |
/// | `where = "low <= high"` | what must be true of the fields together |
/// | `schema = "int Len: u7 { … }"` | items of the language that are no items of Rust |
/// | `crate = "…"` | the path of the runtime; `::wm_core` if it is not said |
///
/// # Its fields
///
/// | type | on the wire |
/// |---|---|
/// | `u8` … `u128`, `i8` … `i128`, `f32`, `f64` | the number |
/// | `bool` | `bit`: it fills bytes together with the fields beside it |
/// | `&'a str`, `String` | `str` |
/// | `&'a [u8]`, `Vec<u8>` | `bytes` |
/// | `[u8; 4]` | `bytes[4]` |
/// | `Json<'a>`, `Headers<'a>` | `json`, `headers` |
/// | `List<'a, T>` | elements one behind the other; `T` is a number, or an item of the [module](macro@protocol) |
/// | `HandedList<'a, T, H>` | the same, where each element is handed values of the type `H`, or a tuple of several |
/// | `Option<T>` | what is there `if` a condition holds |
///
/// | attribute | meaning |
/// |---|---|
/// | `prefix = "u16"` | a number in front says the length, of a list the count |
/// | `len = "u16"` | the length, as a line of its own; with `counts = "frame"` or `"rest"` it counts these |
/// | `count = "u16"` | the count of a list, as a line of its own |
/// | `fixed = 16` | always so many bytes or elements |
/// | `until = "\n"`, `trim = "\r"` | a delimiter ends it; what is taken off before it |
/// | `until("\n", "\r\n")` | any of several delimiters ends it, the first is written |
/// | `until_where = "it.size == 0"`, `until_empty` | what the last element of a list is, and no other |
/// | `until_end` | all that comes, up to the end of the connection |
/// | `rest` | all that is left; the last field needs no word for it |
/// | `max = "1M"` | the most bytes or elements |
/// | `in = "1..=5"`, `where = "it % 2 == 0"` | what must be true of it |
/// | `if = "flags & 1 == 1"` | when an `Option` is there |
/// | `since = 2` | which version brought an `Option` that stands last |
/// | `ascii`, `json` | what the text is; with `json` the field may be any type of serde's |
/// | `as = "u24le"` | another type of the language, and what may follow it: `"varint"`, `"u3"`, `"Point[n]"`; a type of yours is made of it, by `wm_core::wire::As` |
/// | `line = "…"`, `line_after = "…"` | a line of the language in front of or behind the field |
/// | `pad = "\0"`, `via = "…"`, `stream` | as in the language |
/// | `pad_to = 16`, `align = 4` | bytes behind it, each that of `pad`, fill it up to a size, or to a multiple of one |
#[proc_macro_derive(Protocol, attributes(wm))]
pub fn derive_protocol(input: TokenStream) -> TokenStream {
    expand::expand(&parse_macro_input!(input as DeriveInput)).into()
}

/// Makes the structs and enums of a module one protocol.
///
/// The structs that derive [`Protocol`] are its messages; what these hold belongs to it. Being seen together, all is
/// checked as a `.wm` file is. The module gets `Server` and `Client`, the two ends of the conversation.
///
/// ```
/// use wm_core::protocol::Protocol as _;
///
/// #[wm_derive::protocol(port = 7000, limit = "64K")]
/// mod store {
///     #[derive(Debug, PartialEq, Protocol)]
///     #[wm(from = "client", len = "u32", counts = "rest")]
///     pub struct Request<'a> {
///         pub command: Command<'a>,
///     }
///
///     #[derive(Debug, PartialEq)]
///     #[wm(tag = "u8")]
///     pub enum Command<'a> {
///         #[wm(prefix = "u8")]
///         Get(&'a str) = b'g',
///         Ping = b'p',
///     }
///
///     #[derive(Debug, PartialEq, Protocol)]
///     #[wm(from = "server")]
///     pub struct Reply {
///         pub status: Status,
///     }
///
///     #[derive(Debug, Clone, Copy, PartialEq)]
///     #[repr(u8)]
///     pub enum Status {
///         Found,
///         Missing,
///         Other(u8),
///     }
/// }
///
/// let mut out = wm_core::BytesMut::new();
/// store::Request { command: store::Command::Get("key") }.encode(&mut out)?;
/// assert_eq!(out[..], *b"\0\0\0\x05g\x03key");
/// assert_eq!(store::Reply::decode(b"\x01").unwrap().status, store::Status::Missing);
/// # Ok::<(), wm_core::wire::EncodeError>(())
/// ```
///
/// `#[protocol(…)]` takes what speaks of the whole protocol: `name`, `version`, `port`, `limit`, `endian`, `bits`, `schema`,
/// `crate`. Structs and fields take the words of [`Protocol`], and these:
///
/// | on | attribute | meaning |
/// |---|---|---|
/// | a message | `from = "client"` | who sends it; both sides if it is not said |
/// | a struct, a union | `params = "flags: u8"` | what is handed to it |
/// | a field | `with = "flags"` | what it hands to its struct |
/// | a field | `match = "kind"` | its enum is a union, and the field `kind` chooses the variant |
/// | an enum | `as = "u4"`, or `#[repr(u8)]` | an integer whose values have names |
/// | an enum | `as = "ascii"`, `as = "ascii nocase"` | words; a variant `Other(&'a str)` takes all others |
/// | an enum | `tag = "u16"` | a union, told apart by the number of that type in front; `depth = 16` bounds how deep it stands in itself |
/// | a variant | `tag = 1`, or `= 1` behind it | the number in front of it |
/// | a variant | `when = "Connect"` | what chooses it; its own name if it is not said |
/// | a variant | `values = "0xE0..=0xFF"` | the range of numbers that `Vendor(u8)` carries |
/// | a variant | `word = "M-SEARCH"` | how it is spelled, if not as it is called |
/// | a variant | `other` | all other values; `Other` needs no word for it |
///
/// A variant of a union holds nothing, or one value, to which the words of fields apply. An enum of numbers is `Copy` and
/// `PartialEq`; elements of lists are `Clone`. Where a side sends several messages, these are `Debug`, and the module gets an
/// enum of them, `ClientMessage` or `ServerMessage`.
#[proc_macro_attribute]
pub fn protocol(attributes: TokenStream, item: TokenStream) -> TokenStream {
    module::expand(attributes.into(), parse_macro_input!(item as ItemMod)).into()
}

/// The guide's programs compile and run.
#[cfg(doctest)]
#[doc = include_str!("../../docs/derive.md")]
struct Guide;
