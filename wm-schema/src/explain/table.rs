//! Fields, enums and JSON bodies as tables.

use super::words::{checksum, equation, field_word, int_word, short_span};
use crate::ir::{BitPlace, Field, Int, JsonBody, JsonType, Layout, Role, Schema, Side, Type};
use crate::resolve::spell::count;
use std::fmt::Write;

/// The fields of a layout: where, what, how large, and who sets them.
pub(super) fn fields(schema: &Schema, layout: &Layout) -> String {
    let mut rows = vec![["byte", "field", "bytes", "type", "set by"].map(str::to_owned)];
    rows.extend(field_rows(schema, layout));
    align(&rows)
}

/// A row for each field.
pub(crate) fn field_rows(schema: &Schema, layout: &Layout) -> Vec<[String; 5]> {
    let mut rows = Vec::new();
    let mut offset = Some(0u64);
    for (index, field) in layout.fields.iter().enumerate() {
        let place = offset.map_or("-".to_owned(), |offset| offset.to_string());
        let who = match &field.role {
            Role::Value => "you".to_owned(),
            Role::Pointed(pointer) => format!("what stands at {}", pointer.place.text),
            Role::Extension => "newer versions".to_owned(),
            Role::Constant(_) if matches!(field.ty, Type::Constant(_) | Type::Filler(_)) => "the schema".to_owned(),
            Role::Constant(value) => format!("the schema: {value}"),
            Role::Computed(computed) => format!("the encoder: {}", equation(layout, index, *computed)),
            Role::Checksum(checksum) => format!("the encoder: {}", self::checksum(schema, layout, index, *checksum)),
            Role::Sender(Side::Client) => "the encoder: from(client)".to_owned(),
            Role::Sender(Side::Server) => "the encoder: from(server)".to_owned(),
        };
        let (place, size) = match &field.bits {
            None => (place, short_span(field.size)),
            Some(bits) => {
                let byte = offset.map_or("-".to_owned(), |start| (start + bits.byte()).to_string());
                (byte, bit_size(field, bits))
            }
        };
        rows.push([place, field.name.clone(), size, field_word(schema, layout, field), who]);
        offset = offset.zip(field.size.fixed()).map(|(offset, bytes)| offset.saturating_add(bytes));
    }
    rows
}

/// The size of a field in a run of bits, and what an escape adds to it.
fn bit_size(field: &Field, bits: &BitPlace) -> String {
    let own = count(bits.width.into(), "bit");
    match &field.ty {
        Type::Int(int @ Int::Escaping(_), _) => format!("{own} + {}", short_span(int.size())),
        _ => own,
    }
}

/// Integers, enums and JSON bodies, each with its title and its rows.
pub(crate) fn declarations(schema: &Schema) -> Vec<(String, Vec<[String; 2]>)> {
    let mut sections = Vec::new();
    for int in &schema.ints {
        let mut rows = vec![[format!("0..={}", int.direct), "the value itself".to_owned()]];
        rows.extend(int.escapes.iter().map(|escape| {
            let (least, bits) = (escape.mark, u32::from(escape.bytes) * 8);
            [least.to_string(), format!("a number of {bits} bits follows")]
        }));
        let minimal = if int.minimal { ", in its shortest form alone" } else { "" };
        sections.push((format!("int {}: {}{minimal}", int.name, int_word(&int.base)), rows));
    }
    for item in &schema.enums {
        let mut rows = Vec::new();
        for variant in &item.variants {
            let values = match variant.least == variant.most {
                true => variant.least.to_string(),
                false => format!("{}..={}", variant.least, variant.most),
            };
            rows.push([values, variant.name.clone()]);
        }
        if item.open {
            rows.push(["else".to_owned(), "Other".to_owned()]);
        }
        sections.push((format!("enum {}: {}", item.name, int_word(&item.repr)), rows));
    }
    for item in &schema.words {
        let mut rows: Vec<[String; 2]> =
            item.words.iter().map(|word| [format!("{:?}", word.text), word.name.clone()]).collect();
        if item.open {
            rows.push(["else".to_owned(), "Other".to_owned()]);
        }
        let case = if item.nocase { " nocase" } else { "" };
        sections.push((format!("enum {}: ascii{case}", item.name), rows));
    }
    for body in &schema.json_bodies {
        let row = |member: &crate::ir::JsonMember| [member.name.clone(), json_word(member.ty, &schema.json_bodies)];
        let rows: Vec<[String; 2]> = body.members.iter().map(row).collect();
        sections.push((format!("json {}", body.name), rows));
    }
    sections
}

fn json_word(ty: JsonType, bodies: &[JsonBody]) -> String {
    match ty {
        JsonType::Str => "str".to_owned(),
        JsonType::Base64 => "base64".to_owned(),
        JsonType::Bool => "bool".to_owned(),
        JsonType::Int { bits, signed } => format!("{}{bits}", if signed { 'i' } else { 'u' }),
        JsonType::Float => "f64".to_owned(),
        JsonType::Body(index) => bodies[index].name.clone(),
    }
}

/// Rows with their columns one below the other.
pub(super) fn align<const COLUMNS: usize>(rows: &[[String; COLUMNS]]) -> String {
    let width = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    for row in rows {
        let mut line = String::new();
        for (column, cell) in row.iter().enumerate() {
            let _ = write!(line, "  {cell:<width$}", width = width(column));
        }
        text.push_str(line.trim_end());
        text.push('\n');
    }
    text
}
