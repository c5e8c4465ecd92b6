//! Header blocks, and what they say of the field that they frame.

use super::decode::as_u64;
use super::{EncodeError, EncodeFault, Error, Fault, Place};
use crate::ir::headers::{Framed, FramedBy, framed, length_header, lengths};
use crate::ir::{By, Choice, Layout, Schema, Type, Value};

/// The most lines of a block.
const LINES_MAX: usize = 128;

/// What there is of a block.
pub(super) enum Arrived {
    /// The lines take so many bytes, without the empty one.
    Whole(Vec<Line>, usize),
    /// So many bytes are lines.
    Part(usize),
}

/// A line, and where its parts stand in the frame.
#[derive(Debug, Clone)]
pub(super) struct Line {
    name: String,
    value: String,
    at: usize,
    value_at: usize,
}

/// Reads a block of at most `max` bytes from the start of `bytes`, which stand at `offset`.
pub(super) fn read(bytes: &[u8], offset: usize, max: u64, place: Place<'_>) -> Result<Arrived, Error> {
    let most = usize::try_from(max).unwrap_or(usize::MAX).saturating_add(2);
    let window = &bytes[..bytes.len().min(most)];
    let mut lines = Vec::new();
    let mut start = 0;
    while let Some(len) = window[start..].iter().position(|byte| *byte == b'\n') {
        let line = &window[start..start + len];
        let Some(line) = line.strip_suffix(b"\r") else {
            return Err(place.error(offset + start + len, Fault::Header("a header line that ends without CR")));
        };
        if line.is_empty() {
            return match lines.get(LINES_MAX) {
                Some(Line { at, .. }) => {
                    let (found, limit) = (LINES_MAX as u64 + 1, LINES_MAX as u64);
                    Err(place.error(*at, Fault::TooLong { found, limit }))
                }
                None => Ok(Arrived::Whole(lines, start)),
            };
        }
        lines.push(self::line(line, offset + start, place)?);
        start += len + 1;
    }
    if window.len() == most {
        let at = offset.saturating_add(usize::try_from(max).unwrap_or(usize::MAX));
        return Err(place.error(at, Fault::TooLong { found: bytes.len() as u64, limit: max }));
    }
    let empty_begun = &window[start..] == b"\r";
    Ok(Arrived::Part(window.len() - usize::from(empty_begun)))
}

/// One line without its end, at `at` of the frame.
fn line(line: &[u8], at: usize, place: Place<'_>) -> Result<Line, Error> {
    let refuse = |behind: usize, why| Err(place.error(at + behind, Fault::Header(why)));
    let Some(end) = line.iter().position(|byte| !is_token(*byte)) else {
        return refuse(line.len(), "a header line without a colon");
    };
    if line[end] != b':' {
        let blank = matches!(line[end], b' ' | b'\t');
        let colon = line[end..].iter().find(|byte| !byte.is_ascii_whitespace() || **byte == 0x0b) == Some(&b':');
        return match (end, blank) {
            (0, true) => refuse(0, "a header line that starts with a blank"),
            (_, true) if colon => refuse(end, "a blank between the name of a header and its colon"),
            _ => refuse(end, "a character that no header name has"),
        };
    }
    if end == 0 {
        return refuse(0, "a header without a name");
    }
    let raw = &line[end + 1..];
    if let Some(bad) = raw.iter().position(|byte| byte.is_ascii_control() && *byte != b'\t') {
        return refuse(end + 1 + bad, "a control character in the value of a header");
    }
    let text = match std::str::from_utf8(raw) {
        Ok(text) => text,
        Err(error) => return Err(place.error(at + end + 1 + error.valid_up_to(), Fault::Utf8)),
    };
    let from_start = text.trim_start_matches([' ', '\t']);
    let value_at = at + end + 1 + text.len() - from_start.len();
    let name = String::from_utf8_lossy(&line[..end]).into_owned();
    Ok(Line { name, value: from_start.trim_end_matches([' ', '\t']).to_owned(), at, value_at })
}

fn is_token(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

/// The headers that a user sees.
pub(super) fn value(lines: &[Line], computed: &[&str]) -> Value {
    let shown = lines.iter().filter(|line| !computed.iter().any(|name| name.eq_ignore_ascii_case(&line.name)));
    let part = |text: &str| Value::Bytes(text.as_bytes().to_vec());
    Value::List(shown.map(|line| Value::Struct(vec![part(&line.name), part(&line.value)])).collect())
}

/// What headers say of the field that they frame: which arm it is, if it is a union, and its length, if they say it.
pub(super) struct Said {
    pub(super) arm: Option<usize>,
    pub(super) length: Option<u64>,
}

/// What the lines of a block say of what they frame.
pub(super) fn said(lines: &[Line], framed: &Framed<'_>, place: Place<'_>) -> Result<Said, Error> {
    match framed.how {
        FramedBy::Length(bytes, name) => {
            Ok(Said { arm: None, length: Some(number(lines, name, bytes.max.unwrap_or(u64::MAX), place)?) })
        }
        FramedBy::Choice(union, choice, name) => chosen(lines, union, (choice, name), place),
    }
}

fn chosen(lines: &[Line], union: &Layout, (choice, name): (&Choice, &str), place: Place<'_>) -> Result<Said, Error> {
    let By::Header { words, .. } = &choice.by else { return Ok(Said { arm: None, length: None }) };
    let arm = match single(lines, name, place)? {
        None => choice.values.iter().position(Option::is_none),
        Some(line) => {
            let Some(word) = words.iter().position(|word| word.eq_ignore_ascii_case(&line.value)) else {
                return Err(place.error(line.value_at, Fault::Word { expected: words.clone() }));
            };
            choice.arm(word as i128)
        }
    };
    let at = arm.unwrap_or_default();
    let own = length_header(&union.fields[at].ty);
    for other in lengths(union).into_iter().filter(|other| Some(*other) != own) {
        if let Some(line) = single(lines, other, place)? {
            return Err(place.error(line.value_at, Fault::Header("a length that another header overrules")));
        }
    }
    let length = match (own, &union.fields[at].ty) {
        (Some(own), Type::Bytes(bytes)) => Some(number(lines, own, bytes.max.unwrap_or(u64::MAX), place)?),
        _ => None,
    };
    Ok(Said { arm, length })
}

/// A header that stands at most once.
fn single<'l>(lines: &'l [Line], name: &str, place: Place<'_>) -> Result<Option<&'l Line>, Error> {
    let mut named = lines.iter().filter(|line| line.name.eq_ignore_ascii_case(name));
    let first = named.next();
    match named.next() {
        None => Ok(first),
        Some(second) => Err(place.error(second.at, Fault::Header("a header that must stand once stands twice"))),
    }
}

/// A header that says a length; 0 if it is absent.
fn number(lines: &[Line], name: &str, max: u64, place: Place<'_>) -> Result<u64, Error> {
    let Some(line) = single(lines, name, place)? else { return Ok(0) };
    let (at, digits) = (line.value_at, line.value.as_bytes());
    if digits.is_empty() {
        return Err(place.error(at, Fault::NoDigits));
    }
    if digits[0] == b'0' && digits.get(1).is_some_and(u8::is_ascii_digit) {
        return Err(place.error(at, Fault::NotMinimal));
    }
    let mut value = 0i128;
    for (behind, &found) in digits.iter().enumerate() {
        if !found.is_ascii_digit() {
            return Err(place.error(at + behind, Fault::Digit { found, radix: 10 }));
        }
        value = value * 10 + i128::from(found - b'0');
        if value > i128::from(u64::MAX) {
            return Err(place.error(at + behind, Fault::Overflow));
        }
    }
    if value > i128::from(max) {
        return Err(place.error(at, Fault::TooLong { found: as_u64(value), limit: max }));
    }
    Ok(as_u64(value))
}

/// Writes a block: the headers of the user, then those that are computed from `body`, the value of what they frame.
pub(super) fn write(
    schema: &Schema,
    layout: &Layout,
    (value, max): (&Value, Option<u64>),
    body: Option<&Value>,
    place: Place<'_>,
) -> Result<Vec<u8>, EncodeError> {
    let refuse = |fault| place.refuse(fault);
    let framed = framed(schema, layout);
    let computed = framed.as_ref().map(Framed::computed).unwrap_or_default();
    let Value::List(items) = value else { return Err(refuse(EncodeFault::Shape)) };
    let mut lines: Vec<(String, String)> = Vec::new();
    for item in items {
        let (name, value) = pair(item).ok_or_else(|| refuse(EncodeFault::Shape))?;
        let blank = |text: &str| text.starts_with([' ', '\t']) || text.ends_with([' ', '\t']);
        let why = if name.is_empty() {
            Some("a header without a name")
        } else if !name.bytes().all(is_token) {
            Some("a character that no header name has")
        } else if value.bytes().any(|byte| byte.is_ascii_control() && byte != b'\t') {
            Some("a control character in the value of a header")
        } else if blank(&value) {
            Some("a blank at an end of the value of a header")
        } else if computed.iter().any(|computed| computed.eq_ignore_ascii_case(&name)) {
            Some("a header that the encoder writes itself")
        } else {
            None
        };
        if let Some(why) = why {
            return Err(refuse(EncodeFault::Header(why)));
        }
        lines.push((name, value));
    }
    if let (Some(framed), Some(body)) = (framed, body) {
        lines.extend(said_by(&framed, body));
    }
    let (found, limit) = (lines.len() as u64, LINES_MAX as u64);
    if found > limit {
        return Err(refuse(EncodeFault::TooLong { found, limit }));
    }
    let wire: String = lines.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    match max {
        Some(limit) if wire.len() as u64 > limit => {
            Err(refuse(EncodeFault::TooLong { found: wire.len() as u64, limit }))
        }
        _ => Ok([wire.as_bytes(), b"\r\n"].concat()),
    }
}

fn pair(item: &Value) -> Option<(String, String)> {
    let Value::Struct(parts) = item else { return None };
    let [Value::Bytes(name), Value::Bytes(value)] = parts.as_slice() else { return None };
    Some((String::from_utf8(name.clone()).ok()?, String::from_utf8(value.clone()).ok()?))
}

/// What the headers say of a value that they frame.
fn said_by(framed: &Framed<'_>, body: &Value) -> Vec<(String, String)> {
    let length = |value: &Value| if let Value::Bytes(bytes) = value { bytes.len() } else { 0 };
    match (framed.how, body) {
        (FramedBy::Length(_, name), body) => vec![(name.to_owned(), length(body).to_string())],
        (FramedBy::Choice(union, choice, name), Value::Arm(arm, value)) => {
            let By::Header { words, .. } = &choice.by else { return Vec::new() };
            let word = choice.values[*arm].and_then(|(word, _)| words.get(usize::try_from(word).ok()?));
            let chosen = word.map(|word| (name.to_owned(), word.clone()));
            let own = length_header(&union.fields[*arm].ty).map(|own| (own.to_owned(), length(value).to_string()));
            chosen.into_iter().chain(own).collect()
        }
        _ => Vec::new(),
    }
}
