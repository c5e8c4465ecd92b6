//! Messages as text: what `Debug` of the generated struct prints.

use super::{Interpreter, own};
use crate::ir::{Bytes, Content, Field, Int, JsonBody, JsonType, Layout, Role, Schema, Type, Value};

pub(super) fn message(interpreter: &Interpreter<'_>, value: &Value) -> String {
    layout(interpreter.schema, &interpreter.message.layout, value)
}

fn layout(schema: &Schema, layout: &Layout, value: &Value) -> String {
    if let Value::Arm(index, value) = value {
        let arm = &layout.fields[*index];
        return format!("{}({})", arm.name, show(schema, &arm.ty, value));
    }
    let Value::Struct(values) = value else { return format!("{value:?}") };
    let mut values = values.iter();
    let fields = layout.fields.iter().filter_map(|field| match field.role {
        Role::Value if !matches!(field.ty, Type::Constant(_)) => {
            values.next().map(|value| (field.name.as_str(), held(schema, field, value)))
        }
        Role::Pointed(_) => Some((field.name.as_str(), "..".to_owned())),
        _ => None,
    });
    braced(&layout.name, fields)
}

/// A field as Rust holds it.
fn held(schema: &Schema, field: &Field, value: &Value) -> String {
    match value {
        Value::Option(Some(value)) => format!("Some({})", held(schema, field, value)),
        value => match own::meant(schema, field, value) {
            Some(Ok(meant)) => meant.shown,
            _ => show(schema, &field.ty, value),
        },
    }
}

fn braced<'a>(name: &str, fields: impl Iterator<Item = (&'a str, String)>) -> String {
    let fields: Vec<String> = fields.map(|(name, value)| format!("{name}: {value}")).collect();
    if fields.is_empty() { name.to_owned() } else { format!("{name} {{ {} }}", fields.join(", ")) }
}

pub(super) fn show(schema: &Schema, ty: &Type, value: &Value) -> String {
    match (ty, value) {
        (_, Value::Option(None)) => "None".to_owned(),
        (ty, Value::Option(Some(value))) => format!("Some({})", show(schema, ty, value)),
        (Type::Enum(index), Value::Int(found)) => {
            let variants = &schema.enums[*index].variants;
            let within = |least: u64, most: u64| (i128::from(least)..=i128::from(most)).contains(found);
            match variants.iter().find(|variant| within(variant.least, variant.most)) {
                Some(variant) if variant.least == variant.most => variant.name.clone(),
                Some(variant) => format!("{}({found})", variant.name),
                None => format!("Other({found})"),
            }
        }
        (Type::Int(Int::Flag, _), Value::Int(found)) => (*found == 1).to_string(),
        (Type::Bytes(Bytes { content: Content::Headers, .. }), Value::List(lines)) => {
            let lines: Vec<String> = lines.iter().map(line).collect();
            format!("[{}]", lines.join(", "))
        }
        (Type::Bytes(bytes), value) => match (bytes.content, value) {
            (Content::JsonBody(index), value) => json(schema, &schema.json_bodies[index], value),
            (Content::Json, Value::Bytes(text)) => format!("Json({})", String::from_utf8_lossy(text)),
            (Content::Str | Content::Ascii, value) => text(value),
            (Content::Word(index), Value::Bytes(word)) => match schema.words[index].find(word) {
                Some(found) => schema.words[index].words[found].name.clone(),
                None => format!("Other({})", text(value)),
            },
            (_, value) => plain(value),
        },
        (Type::Struct(index), value) => layout(schema, &schema.structs[*index], value),
        (Type::List { element, .. }, Value::List(items)) => {
            let items: Vec<String> = items.iter().map(|item| show(schema, element, item)).collect();
            format!("[{}]", items.join(", "))
        }
        #[expect(clippy::cast_possible_truncation, reason = "the field is an f32: Rust holds no more of it")]
        (Type::Float { bytes: 4, .. }, Value::Float(value)) => format!("{:?}", *value as f32),
        (_, value) => plain(value),
    }
}

/// The name and the value of a header.
fn line(line: &Value) -> String {
    match line {
        Value::Struct(parts) => format!("({})", parts.iter().map(text).collect::<Vec<_>>().join(", ")),
        other => plain(other),
    }
}

fn json(schema: &Schema, body: &JsonBody, value: &Value) -> String {
    let Value::Json(values) = value else { return plain(value) };
    let members = body.members.iter().zip(values).map(|(member, value)| {
        let shown = match member.ty {
            JsonType::Str => text(value),
            JsonType::Body(index) => json(schema, &schema.json_bodies[index], value),
            _ => plain(value),
        };
        (member.name.as_str(), shown)
    });
    braced(&body.name, members)
}

fn text(value: &Value) -> String {
    match value {
        Value::Bytes(text) => format!("{:?}", String::from_utf8_lossy(text)),
        value => plain(value),
    }
}

/// A value whose type says nothing more.
fn plain(value: &Value) -> String {
    match value {
        Value::Int(value) => value.to_string(),
        Value::Huge(value) => value.to_string(),
        Value::Float(value) => format!("{value:?}"),
        Value::Bool(value) => value.to_string(),
        Value::Bytes(bytes) => format!("{bytes:?}"),
        Value::Arm(index, value) => format!("{index}({})", plain(value)),
        Value::Option(None) => "None".to_owned(),
        Value::Option(Some(value)) => format!("Some({})", plain(value)),
        Value::Json(values) | Value::List(values) | Value::Struct(values) => {
            format!("[{}]", values.iter().map(plain).collect::<Vec<_>>().join(", "))
        }
    }
}
