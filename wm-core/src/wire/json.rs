//! JSON bodies: checked text ([`Json`]), or a type of the user's through serde.

use super::{DecodeError, EncodeError, EncodeFault, Fault, Field};
use alloc::{boxed::Box, string::String, string::ToString};
use core::{fmt, str};
use serde::{Deserialize, Serialize, de::IgnoredAny};

/// Text that has been checked to be one JSON value.
///
/// ```
/// use wm_core::wire::Json;
///
/// let json = Json::new(r#"{"user": "tom"}"#)?;
/// # #[derive(serde::Deserialize)] struct Login<'a> { user: &'a str }
/// let login: Login = json.parse()?;
/// assert_eq!(login.user, "tom");
/// assert!(Json::new("{").is_err());
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Json<'a>(&'a str);

impl<'a> Json<'a> {
    /// Checks that `text` is one JSON value. Nesting allocates a bit for each level.
    ///
    /// # Errors
    ///
    /// It is not; the error says where.
    pub fn new(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str::<IgnoredAny>(text)?;
        Ok(Self(text))
    }

    /// The text.
    #[must_use]
    pub const fn as_str(self) -> &'a str {
        self.0
    }

    /// Reads the value as a type, which may borrow from the text.
    ///
    /// # Errors
    ///
    /// The value has another shape.
    pub fn parse<T: Deserialize<'a>>(self) -> Result<T, serde_json::Error> {
        serde_json::from_str(self.0)
    }
}

impl fmt::Debug for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Json({})", self.0)
    }
}

impl fmt::Display for Json<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

/// JSON text of its own: what a value is written as, ready to be sent.
///
/// ```
/// use wm_core::wire::json::JsonBuf;
///
/// let reply = JsonBuf::of(&("ok", 1))?;
/// assert_eq!(reply.as_json().as_str(), r#"["ok",1]"#);
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JsonBuf(String);

impl JsonBuf {
    /// Writes a value as JSON, on one line.
    ///
    /// # Errors
    ///
    /// serde cannot write it, say a map with keys that are no strings.
    pub fn of<T: Serialize + ?Sized>(value: &T) -> Result<Self, serde_json::Error> {
        serde_json::to_string(value).map(Self)
    }

    /// The text, known to be JSON.
    #[must_use]
    pub fn as_json(&self) -> Json<'_> {
        Json(&self.0)
    }
}

/// Checks JSON that was read at `offset` of a frame.
///
/// # Errors
///
/// It is no UTF-8 or not one JSON value: the error points at the byte.
pub fn check<'a>(bytes: &'a [u8], offset: usize, field: &'static Field) -> Result<Json<'a>, DecodeError> {
    let text = str::from_utf8(bytes)
        .map_err(|error| DecodeError::new(field, offset.saturating_add(error.valid_up_to()), Fault::Utf8))?;
    Json::new(text).map_err(|error| decode_error(&error, bytes, offset, field))
}

/// Reads JSON at `offset` of a frame as a type, which may borrow from it.
///
/// # Errors
///
/// It is not one JSON value, or not of that type: the error points at the byte.
pub fn read<'a, T: Deserialize<'a>>(bytes: &'a [u8], offset: usize, field: &'static Field) -> Result<T, DecodeError> {
    serde_json::from_slice(bytes).map_err(|error| decode_error(&error, bytes, offset, field))
}

/// Writes a value as JSON, on one line.
///
/// # Errors
///
/// serde cannot write it, say a map with keys that are no strings.
pub fn to_string<T: Serialize + ?Sized>(value: &T, field: &'static Field) -> Result<String, EncodeError> {
    serde_json::to_string(value).map_err(|error| EncodeError::new(field, EncodeFault::Json(message(&error))))
}

#[cold]
fn decode_error(error: &serde_json::Error, bytes: &[u8], offset: usize, field: &'static Field) -> DecodeError {
    let at = position(bytes, error.line(), error.column());
    DecodeError::new(field, offset.saturating_add(at), Fault::Json(message(error)))
}

/// serde's words without its "at line 1 column 9": the error has its own offset.
fn message(error: &serde_json::Error) -> Box<str> {
    let text = error.to_string();
    match text.rfind(" at line ") {
        Some(end) => text.get(..end).unwrap_or(&text).into(),
        None => text.into(),
    }
}

/// The offset of a line and a column, both from 1.
fn position(bytes: &[u8], line: usize, column: usize) -> usize {
    let before: usize =
        bytes.split_inclusive(|&byte| byte == b'\n').take(line.saturating_sub(1)).map(<[u8]>::len).sum();
    before.saturating_add(column.saturating_sub(1)).min(bytes.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn broken_json_is_shown_at_its_byte() {
        let error = check(b"{\"a\":x}", 4, F).unwrap_err();
        assert_eq!(error.offset, 9);
        assert_eq!(error.to_string(), "M.f at byte 9: not the JSON that is expected: expected value (schema line 1)");
        assert_eq!(check(b"[1,\n2,,]", 0, F).unwrap_err().offset, 6);
        assert_eq!(check(b"", 4, F).unwrap_err().offset, 4);
        assert_eq!(check(b"\"\xff\"", 4, F).unwrap_err().fault, Fault::Utf8);
    }

    #[test]
    fn nesting_without_end_neither_overflows_nor_stalls() {
        let deep = "[".repeat(1 << 20);
        assert!(Json::new(&deep).is_err());
    }
}
