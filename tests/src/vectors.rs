//! Vectors: bytes and what must come of them, a line each, in `vectors/PROTOCOL.txt`.
//!
//! ```text
//! # name            | who    | bytes                     | what comes of them
//! one letter        | client | 00000009 01 "a" "bcd"     | == Upload { name: "a", data: [98, 99, 100] }
//! another spelling  | client | "a\r\n"                   | decodes Line { text: "a" }
//! as long as it may | client | "a"*1048576 "\n"          | frame
//! below its head    | client | 00000004                  | rejects total @0 TooShort
//! half a head       | client | 0000                      | needs 2
//! ```
//!
//! In a session `client Ready` names the state. Bytes are hexadecimal digits, or text in quotes with `\n \r \t \0 \" \\ \xNN`; `*N` says it N times. A message is
//! written as Rust's `Debug` prints it. `==` is true in both directions, and so is `frame`, for messages that nobody
//! wants to read.

use std::path::Path;
use wm_schema::ir::Side;

/// One line of a file of vectors.
#[derive(Debug, Clone)]
pub struct Vector {
    /// The protocol.
    pub protocol: String,
    /// Its line in the file.
    pub line: usize,
    /// What it shows.
    pub name: String,
    /// Who sends the bytes.
    pub side: Side,
    /// The state of the session, if the protocol has one.
    pub state: Option<String>,
    /// The bytes.
    pub bytes: Vec<u8>,
    /// What must come of them.
    pub expect: Expect,
}

/// What must come of the bytes of a vector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expect {
    /// They are this message, and it is sent as them.
    Equals(String),
    /// They are this message; it is sent in another way.
    Decodes(String),
    /// They are one frame, and its message is sent as them.
    Frame,
    /// They are refused.
    Rejects {
        /// The name of the field, without its message.
        field: String,
        /// In bytes from the start.
        offset: usize,
        /// The name of the fault.
        fault: String,
    },
    /// At least so many bytes are missing.
    Needs(usize),
}

/// The vectors of every protocol.
///
/// # Panics
///
/// A file cannot be read.
#[must_use]
pub fn all() -> Vec<Vector> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors");
    let mut vectors = Vec::new();
    for (protocol, _) in crate::schemas::SOURCES {
        let file = folder.join(format!("{protocol}.txt"));
        let text = std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
        for (at, line) in text.lines().enumerate() {
            if !line.is_empty() && !line.starts_with('#') {
                let read = parse(protocol, at + 1, line);
                vectors.push(read.unwrap_or_else(|| panic!("{protocol}.txt line {}: {line}", at + 1)));
            }
        }
    }
    vectors
}

fn parse(protocol: &str, line: usize, text: &str) -> Option<Vector> {
    let (name, rest) = text.split_once('|')?;
    let (side, rest) = rest.split_once('|')?;
    // Text in quotes may hold a bar: the last column starts behind the bytes.
    let (bytes, rest) = bytes(rest)?;
    let expect = expectation(rest.strip_prefix('|')?.trim())?;
    let (side, state) = side.trim().split_once(' ').unwrap_or((side.trim(), ""));
    let side = match side {
        "client" => Side::Client,
        "server" => Side::Server,
        _ => return None,
    };
    let state = Some(state.trim().to_owned()).filter(|state| !state.is_empty());
    Some(Vector { protocol: protocol.into(), line, name: name.trim().into(), side, state, bytes, expect })
}

fn expectation(text: &str) -> Option<Expect> {
    let (word, rest) = text.split_once(' ').unwrap_or((text, ""));
    match word {
        "==" => Some(Expect::Equals(rest.trim().into())),
        "decodes" => Some(Expect::Decodes(rest.trim().into())),
        "frame" => rest.is_empty().then_some(Expect::Frame),
        "needs" => rest.trim().parse().ok().map(Expect::Needs),
        "rejects" => {
            let (field, at) = rest.split_once('@')?;
            let (offset, fault) = at.split_once(' ')?;
            Some(Expect::Rejects {
                field: field.trim().into(),
                offset: offset.parse().ok()?,
                fault: fault.trim().into(),
            })
        }
        _ => None,
    }
}

/// The bytes that a line says, and what stands behind them.
fn bytes(mut rest: &str) -> Option<(Vec<u8>, &str)> {
    let mut bytes = Vec::new();
    loop {
        rest = rest.trim_start();
        let start = bytes.len();
        if let Some(text) = rest.strip_prefix('"') {
            rest = quoted(text, &mut bytes)?;
        } else if rest.starts_with('|') {
            return Some((bytes, rest));
        } else {
            bytes.push(u8::from_str_radix(rest.get(..2)?, 16).ok()?);
            rest = &rest[2..];
        }
        if let Some(times) = rest.strip_prefix('*') {
            let end = times.find(|character: char| !character.is_ascii_digit())?;
            let once = bytes.split_off(start);
            bytes.extend(once.repeat(times[..end].parse().ok()?));
            rest = &times[end..];
        }
    }
}

/// Reads up to the closing quote.
fn quoted<'t>(text: &'t str, bytes: &mut Vec<u8>) -> Option<&'t str> {
    let mut rest = text.as_bytes();
    loop {
        rest = match rest {
            [b'"', ..] => return text.get(text.len() - rest.len() + 1..),
            [b'\\', b'x', high, low, tail @ ..] => {
                bytes.push(u8::from_str_radix(std::str::from_utf8(&[*high, *low]).ok()?, 16).ok()?);
                tail
            }
            [b'\\', escape, tail @ ..] => {
                let at = b"nrt0\"\\".iter().position(|known| known == escape)?;
                bytes.push(b"\n\r\t\0\"\\"[at]);
                tail
            }
            [byte, tail @ ..] => {
                bytes.push(*byte);
                tail
            }
            [] => return None,
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_is_read() {
        let vector = parse("x", 3, r#"two | server | 0a0B "|\n\x7f" "ab"*2 |  rejects "****" @12 Constant"#).unwrap();
        assert_eq!((vector.name.as_str(), vector.side), ("two", Side::Server));
        assert_eq!(vector.bytes, b"\x0a\x0b|\n\x7fabab");
        let expect = Expect::Rejects { field: "\"****\"".into(), offset: 12, fault: "Constant".into() };
        assert_eq!(vector.expect, expect);
    }

    #[test]
    fn a_slip_is_no_vector() {
        for line in [
            "a | client | 0 | frame",
            "a | nobody | 00 | frame",
            "a | client | \"x | frame",
            "a | client | 00 | passes",
        ] {
            assert!(parse("x", 1, line).is_none(), "{line}");
        }
    }
}
