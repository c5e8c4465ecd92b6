//! Values as they are written in the tests of a schema.
//!
//! What the language cannot write is written as Rust would: a float that is no whole number.

use crate::ir::{Bytes, Content, Int, JsonBody, JsonType, Schema, Type, Value};
use std::fmt::Write as _;

/// A value of a field that is no struct: those have fields of their own.
pub(super) fn value(schema: &Schema, ty: &Type, found: &Value) -> String {
    match (ty, found) {
        (Type::Constant(constant), _) => quoted(&constant.bytes),
        (Type::Int(Int::Flag, _), Value::Int(found)) => (*found == 1).to_string(),
        (Type::Enum(index), Value::Int(found)) => {
            let least = u64::try_from(*found).ok();
            let named = |variant: &&crate::ir::Variant| variant.least == variant.most && Some(variant.least) == least;
            let variant = schema.enums[*index].variants.iter().find(named);
            variant.map_or_else(|| found.to_string(), |variant| variant.name.clone())
        }
        (Type::Bytes(Bytes { content: Content::Word(index), .. }), Value::Bytes(word)) => {
            let words = &schema.words[*index];
            words.find(word).map_or_else(|| quoted(word), |found| words.words[found].name.clone())
        }
        (Type::Bytes(Bytes { content: Content::JsonBody(index), .. }), found) => {
            body(schema, &schema.json_bodies[*index], found)
        }
        (Type::Bytes(Bytes { content: Content::Headers, .. }), Value::List(lines)) => {
            let lines = lines.iter().map(|line| match line {
                Value::Struct(parts) => match parts.as_slice() {
                    [Value::Bytes(name), Value::Bytes(value)] => quoted(&[name, &b": "[..], value].concat()),
                    _ => plain(line),
                },
                other => plain(other),
            });
            format!("[{}]", lines.collect::<Vec<_>>().join(", "))
        }
        (Type::List { element, .. }, Value::List(items)) => {
            let items: Vec<String> = items.iter().map(|item| value(schema, element, item)).collect();
            format!("[{}]", items.join(", "))
        }
        (_, found) => plain(found),
    }
}

fn body(schema: &Schema, body: &JsonBody, found: &Value) -> String {
    let Value::Json(values) = found else { return plain(found) };
    let members = body.members.iter().zip(values).map(|(member, found)| {
        let found = match member.ty {
            JsonType::Body(index) => self::body(schema, &schema.json_bodies[index], found),
            _ => plain(found),
        };
        (member.name.as_str(), found)
    });
    braced(&body.name, members)
}

fn braced<'a>(name: &str, fields: impl Iterator<Item = (&'a str, String)>) -> String {
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name}: {value}")).collect();
    if fields.is_empty() { format!("{name} {{}}") } else { format!("{name} {{ {} }}", fields.join(", ")) }
}

/// A value whose type says nothing more.
fn plain(value: &Value) -> String {
    match value {
        Value::Bytes(bytes) => quoted(bytes),
        Value::Int(value) => value.to_string(),
        Value::Huge(value) => value.to_string(),
        Value::Bool(value) => value.to_string(),
        Value::Float(value) if value.fract() == 0.0 && value.abs() < 1e15 => format!("{value:.0}"),
        Value::Float(value) => format!("{value:?}"),
        other => format!("{other:?}"),
    }
}

/// Text as itself, with the escapes of the language; what is no text as `\x` and two digits.
fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for chunk in bytes.utf8_chunks() {
        for letter in chunk.valid().chars() {
            match letter {
                '"' => text.push_str("\\\""),
                '\\' => text.push_str("\\\\"),
                '\n' => text.push_str("\\n"),
                '\r' => text.push_str("\\r"),
                '\t' => text.push_str("\\t"),
                letter if letter.is_control() => {
                    let mut utf8 = [0; 4];
                    escaped(&mut text, letter.encode_utf8(&mut utf8).as_bytes());
                }
                letter => text.push(letter),
            }
        }
        escaped(&mut text, chunk.invalid());
    }
    text.push('"');
    text
}

fn escaped(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        let _ = write!(text, "\\x{byte:02x}");
    }
}

#[cfg(test)]
mod tests {
    use super::quoted;

    #[test]
    fn text_stays_readable() {
        for (bytes, expected) in [
            (&b"a \"b\"\\\r\n\t"[..], r#""a \"b\"\\\r\n\t""#),
            ("größe".as_bytes(), "\"größe\""),
            (b"\0\x7f\xff\xc3", r#""\x00\x7f\xff\xc3""#),
            ("\u{85}".as_bytes(), r#""\xc2\x85""#),
        ] {
            assert_eq!(quoted(bytes), expected);
        }
    }
}
