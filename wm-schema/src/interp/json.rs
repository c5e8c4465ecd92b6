//! JSON bodies. serde_json is the judge of what JSON is; what a typed body must look like is read from the schema.

use super::{Error, Fault, Place};
use crate::ir::{JsonBody, JsonType, Schema, Value};
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Unexpected, Visitor};
use std::fmt;

/// Checks that `text`, which stands at `offset`, is one JSON value.
pub(super) fn check(text: &str, offset: usize, place: Place<'_>) -> Result<(), Error> {
    match serde_json::from_str::<IgnoredAny>(text) {
        Ok(IgnoredAny) => Ok(()),
        Err(error) => Err(fault(&error, text.as_bytes(), offset, place)),
    }
}

/// Reads the typed body `index` from bytes that stand at `offset`.
pub(super) fn read(
    schema: &Schema,
    index: usize,
    bytes: &[u8],
    offset: usize,
    place: Place<'_>,
) -> Result<Value, Error> {
    let mut json = serde_json::Deserializer::from_slice(bytes);
    let body = Typed { schema, body: &schema.json_bodies[index] };
    let value = body.deserialize(&mut json).and_then(|value| json.end().map(|()| value));
    value.map_err(|error| fault(&error, bytes, offset, place))
}

fn fault(error: &serde_json::Error, bytes: &[u8], offset: usize, place: Place<'_>) -> Error {
    let lines = bytes.split_inclusive(|byte| *byte == b'\n').take(error.line().saturating_sub(1));
    let at = lines.map(<[u8]>::len).sum::<usize>() + error.column().saturating_sub(1);
    let text = error.to_string();
    let what = text.split(" at line ").next().unwrap_or_default();
    place.error(offset + at.min(bytes.len()), Fault::Json(what.into()))
}

/// An object with the members of a typed body. As every struct that serde reads, it may also come as an array of all of
/// them, in order.
struct Typed<'s> {
    schema: &'s Schema,
    body: &'s JsonBody,
}

impl<'de> DeserializeSeed<'de> for Typed<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        json.deserialize_struct("", &[], self)
    }
}

impl<'de> Visitor<'de> for Typed<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "struct {}", self.body.name)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Value, A::Error> {
        let mut members = Vec::new();
        for member in &self.body.members {
            let value = seq.next_element_seed(Member { schema: self.schema, ty: member.ty })?;
            members.push(value.ok_or_else(|| A::Error::invalid_length(members.len(), &self))?);
        }
        Ok(Value::Json(members))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Value, A::Error> {
        let mut members: Vec<Option<Value>> = vec![None; self.body.members.len()];
        while let Some(key) = map.next_key::<String>()? {
            let Some(index) = self.body.members.iter().position(|member| member.name == key) else {
                map.next_value::<IgnoredAny>()?;
                continue;
            };
            if members[index].is_some() {
                return Err(A::Error::custom(format_args!("duplicate field `{key}`")));
            }
            members[index] =
                Some(map.next_value_seed(Member { schema: self.schema, ty: self.body.members[index].ty })?);
        }
        let named = members.into_iter().zip(&self.body.members);
        let complete = named.map(|(value, member)| {
            value.ok_or_else(|| A::Error::custom(format_args!("missing field `{}`", member.name)))
        });
        Ok(Value::Json(complete.collect::<Result<_, _>>()?))
    }
}

/// A member of a typed body.
#[derive(Clone, Copy)]
struct Member<'s> {
    schema: &'s Schema,
    ty: JsonType,
}

impl<'de> DeserializeSeed<'de> for Member<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, json: D) -> Result<Value, D::Error> {
        match self.ty {
            JsonType::Str | JsonType::Base64 => json.deserialize_str(self),
            JsonType::Bool => json.deserialize_bool(self),
            JsonType::Int { signed: true, .. } => json.deserialize_i64(self),
            JsonType::Int { signed: false, .. } => json.deserialize_u64(self),
            JsonType::Float => json.deserialize_f64(self),
            JsonType::Body(index) => {
                Typed { schema: self.schema, body: &self.schema.json_bodies[index] }.deserialize(json)
            }
        }
    }
}

impl Member<'_> {
    fn int<E: serde::de::Error>(self, value: i128, found: Unexpected<'_>) -> Result<Value, E> {
        let JsonType::Int { bits, signed } = self.ty else { return Err(E::invalid_type(found, &self)) };
        let (least, most) = match signed {
            true => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
            false => (0, (1i128 << bits) - 1),
        };
        if (least..=most).contains(&value) { Ok(Value::Int(value)) } else { Err(E::invalid_value(found, &self)) }
    }
}

impl Visitor<'_> for Member<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.ty {
            JsonType::Str => f.write_str("a string"),
            JsonType::Base64 => f.write_str("a base64 string"),
            JsonType::Bool => f.write_str("a boolean"),
            JsonType::Int { bits, signed } => write!(f, "{}{bits}", if signed { 'i' } else { 'u' }),
            JsonType::Float => f.write_str("f64"),
            JsonType::Body(_) => f.write_str("an object"),
        }
    }

    fn visit_bool<E: serde::de::Error>(self, value: bool) -> Result<Value, E> {
        match self.ty {
            JsonType::Bool => Ok(Value::Bool(value)),
            _ => Err(E::invalid_type(Unexpected::Bool(value), &self)),
        }
    }

    fn visit_u64<E: serde::de::Error>(self, value: u64) -> Result<Value, E> {
        match self.ty {
            #[expect(clippy::cast_precision_loss, reason = "a JSON number is read as the nearest float")]
            JsonType::Float => Ok(Value::Float(value as f64)),
            _ => self.int(value.into(), Unexpected::Unsigned(value)),
        }
    }

    fn visit_i64<E: serde::de::Error>(self, value: i64) -> Result<Value, E> {
        match self.ty {
            #[expect(clippy::cast_precision_loss, reason = "a JSON number is read as the nearest float")]
            JsonType::Float => Ok(Value::Float(value as f64)),
            _ => self.int(value.into(), Unexpected::Signed(value)),
        }
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        match self.ty {
            JsonType::Float => Ok(Value::Float(value)),
            _ => Err(E::invalid_type(Unexpected::Float(value), &self)),
        }
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Value, E> {
        match self.ty {
            JsonType::Str => Ok(Value::Bytes(text.as_bytes().to_vec())),
            JsonType::Base64 => from_base64(text.as_bytes()).map(Value::Bytes).ok_or_else(|| E::custom("not base64")),
            _ => Err(E::invalid_type(Unexpected::Str(text), &self)),
        }
    }
}

/// Writes a typed body; `None` if `value` is none, or holds a number that JSON cannot say.
pub(super) fn write(schema: &Schema, index: usize, value: &Value) -> Option<String> {
    let Value::Json(values) = value else { return None };
    let members = &schema.json_bodies[index].members;
    let pairs = members.iter().zip(values).map(|(member, value)| {
        let written = match (member.ty, value) {
            (JsonType::Str, Value::Bytes(text)) => serde_json::to_string(std::str::from_utf8(text).ok()?).ok()?,
            (JsonType::Base64, Value::Bytes(bytes)) => format!("\"{}\"", to_base64(bytes)),
            (JsonType::Bool, Value::Bool(value)) => value.to_string(),
            (JsonType::Int { .. }, Value::Int(value)) => value.to_string(),
            (JsonType::Float, Value::Float(value)) if value.is_finite() => serde_json::to_string(value).ok()?,
            (JsonType::Body(index), value) => write(schema, index, value)?,
            _ => return None,
        };
        Some(format!("\"{}\":{written}", member.name))
    });
    let pairs = pairs.collect::<Option<Vec<_>>>()?;
    (values.len() == members.len()).then(|| format!("{{{}}}", pairs.join(",")))
}

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// RFC 4648, section 4: three bytes become four characters; `=` fills the last four.
fn to_base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let bits = (0..3).fold(0u32, |bits, at| bits << 8 | u32::from(chunk.get(at).copied().unwrap_or(0)));
        for at in 0..4 {
            let index = (bits >> (18 - 6 * at)) & 0x3f;
            text.push(if at > chunk.len() { '=' } else { char::from(ALPHABET[index as usize]) });
        }
    }
    text
}

/// Strict: padding is required, and the bits that are left over are zero.
fn from_base64(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let quads = text.chunks(4).count();
    for (at, quad) in text.chunks(4).enumerate() {
        let digits = quad.iter().take_while(|character| **character != b'=').count();
        let fill = quad.get(digits..)?;
        let last = at + 1 == quads;
        if quad.len() != 4 || digits < 2 || fill.iter().any(|character| *character != b'=') || (digits < 4 && !last) {
            return None;
        }
        let mut bits = 0u32;
        for character in &quad[..digits] {
            bits = bits << 6 | u32::try_from(ALPHABET.iter().position(|known| known == character)?).ok()?;
        }
        bits <<= 6 * (4 - digits);
        let triple = &bits.to_be_bytes()[1..];
        bytes.extend_from_slice(&triple[..digits - 1]);
        if triple[digits - 1..].iter().any(|left_over| *left_over != 0) {
            return None;
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_of_the_rfc() {
        let vectors =
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE=")];
        for (bytes, text) in vectors {
            assert_eq!(to_base64(bytes.as_bytes()), text);
            assert_eq!(from_base64(text.as_bytes()).as_deref(), Some(bytes.as_bytes()));
        }
    }

    #[test]
    fn another_spelling_is_refused() {
        for text in ["Zg", "Zg=", "Zh==", "Zm9=", "Zg==Zg==", "Z===", "Zg=a", "Zm 9v", "Zm9v=", "===="] {
            assert_eq!(from_base64(text.as_bytes()), None, "{text}");
        }
    }
}
