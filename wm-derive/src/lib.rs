//! `#[derive(Protocol)]`: a Rust struct as a wm schema.
//!
//! The struct becomes a schema in the language's own words, is checked by the same rules and given to the same generator
//! as a `.wm` file; a mistake is told in the same words, at the attribute or field that made it.
//!
//! ```text
//!   attributes ──> schema text, each piece with its span ──> draft ──> ir ──> impl Message
//! ```

mod attributes;
mod expand;
mod schema;

use proc_macro::TokenStream;
use syn::{DeriveInput, parse_macro_input};

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
/// | `limit = "2G"` | the largest frame; 10 MiB if it is not said |
/// | `frame = "slip max 4K"` | the envelope around it: `slip`, `cobs`, `line` or `json`; then `decode` takes `&mut [u8]` |
/// | `endian = "little"` | the order of bytes in numbers; big if it is not said |
/// | `bits = "lsb"` | which bits of a byte come first; the highest if it is not said |
/// | `magic = "****"` | bytes in front of everything |
/// | `len = "u32", counts = "frame"` | a number that counts the whole frame; `"rest"`: what is behind it |
/// | `line = "ver: u8 = 5"` | a line of the language in front of the fields |
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
/// | `Json<'a>` | `json` |
///
/// | attribute | meaning |
/// |---|---|
/// | `prefix = "u16"` | a number in front says the length |
/// | `len = "u16"` | the same, as a line of its own; with `counts = "frame"` or `"rest"` it counts these |
/// | `fixed = 16` | always so many bytes |
/// | `until = "\n"`, `trim = "\r"` | a delimiter ends it; what is taken off before it |
/// | `rest` | all that is left; the last field needs no word for it |
/// | `max = "1M"` | the most bytes |
/// | `ascii`, `json` | what the text is; with `json` the field may be any type of serde's |
/// | `as = "u24le"` | another type of the language, and what may follow it: `"varint"`, `"u3"`, `"u8 in 1..=5"` |
/// | `line = "…"`, `line_after = "…"` | a line of the language in front of or behind the field |
/// | `stream` | may be too large to be held whole; this version holds it whole |
#[proc_macro_derive(Protocol, attributes(wm))]
pub fn derive_protocol(input: TokenStream) -> TokenStream {
    expand::expand(&parse_macro_input!(input as DeriveInput)).into()
}
