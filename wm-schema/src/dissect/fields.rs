//! What Wireshark calls the fields: `upload.done.text`, with the names and the documentation of the schema.

use super::lua::{list, number, quoted};
use crate::ir::{Bytes, Content, Enum, Field, Int, Layout, Schema, Type};
use std::collections::BTreeSet;

/// Gives names to fields, each once.
pub(super) struct Names {
    taken: BTreeSet<String>,
}

impl Names {
    pub(super) fn new() -> Self {
        Self { taken: ["message", "raw", "refused", "unknown"].map(str::to_owned).into() }
    }

    /// `done.text`; constants and reserved fields are told apart by a number.
    pub(super) fn of(&mut self, layout: &Layout, name: &str) -> String {
        let word = |text: &str| -> String {
            let kept = text.chars().map(|letter| if letter.is_ascii_alphanumeric() { letter } else { '_' });
            kept.collect::<String>().trim_matches('_').to_owned()
        };
        let own = word(name);
        let own = match own.as_str() {
            "" => "reserved",
            _ if name.starts_with(['"', '\'']) || name.contains(' ') => "constant",
            own => own,
        };
        let base = format!("{}.{own}", snake(&word(&layout.name)));
        let numbered = (2..).map(|count| format!("{base}_{count}"));
        let free = std::iter::once(base.clone()).chain(numbered).find(|name| !self.taken.contains(name));
        let name = free.unwrap_or(base);
        self.taken.insert(name.clone());
        name
    }
}

/// `MyMessage` as `my_message`.
fn snake(name: &str) -> String {
    let mut text = String::new();
    for (at, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && at > 0 && !text.ends_with('_') {
            text.push('_');
        }
        text.push(letter.to_ascii_lowercase());
    }
    text
}

/// The declaration of a field of this type, or of an element of it.
pub(super) fn declared(schema: &Schema, ty: &Type, abbreviation: &str, field: &Field) -> String {
    let docs = quoted(field.docs.join(" ").as_bytes());
    let (abbreviation, name) = (quoted(abbreviation.as_bytes()), quoted(field.name.as_bytes()));
    let plain = |kind: &str| format!("field(\"{kind}\", {abbreviation}, {name}, nil, {docs})");
    match ty {
        Type::Int(int, _) => number_field(int, &abbreviation, &name, &docs, None),
        Type::Enum(index) => {
            let one = &schema.enums[*index];
            number_field(&one.repr, &abbreviation, &name, &docs, is_named(one).then(|| ranges(one)))
        }
        Type::Float { bytes: 4, .. } => plain("float"),
        Type::Float { .. } => plain("double"),
        Type::Constant(_) | Type::Filler(_) => plain("bytes"),
        Type::Bytes(Bytes { content: Content::Bytes, .. }) => plain("bytes"),
        Type::Bytes(Bytes { content: Content::Headers, .. }) => group(&abbreviation, &name, &docs),
        Type::Bytes(_) => plain("string"),
        // What holds others; and what is not known.
        _ => group(&abbreviation, &name, &docs),
    }
}

/// A field that holds others.
pub(super) fn group(abbreviation: &str, name: &str, docs: &str) -> String {
    format!("field(\"none\", {abbreviation}, {name}, {docs})")
}

/// A number in front of a field, or a tag.
pub(super) fn number_named(int: &Int, abbreviation: &str, name: &str) -> String {
    number_field(int, &quoted(abbreviation.as_bytes()), &quoted(name.as_bytes()), "nil", None)
}

fn number_field(int: &Int, abbreviation: &str, name: &str, docs: &str, names: Option<String>) -> String {
    let bits = match int {
        Int::Flag => return format!("field(\"bool\", {abbreviation}, {name}, base.NONE, nil, nil, {docs})"),
        // Wireshark has no numbers of so many bits: this one is text.
        Int::Fixed { bytes: 16, .. } => return format!("field(\"string\", {abbreviation}, {name}, nil, {docs})"),
        Int::Fixed { bytes, .. } => u32::from(*bytes) * 8,
        Int::Bits { bits } => u32::from(*bits).next_multiple_of(8),
        Int::Varint { .. }
        | Int::Vlq { .. }
        | Int::Quic { .. }
        | Int::Digits { .. }
        | Int::Until { .. }
        | Int::Escaping(_) => 64,
    };
    let signed = int.range().0 < 0;
    let kind = format!("{}int{}", if signed { "" } else { "u" }, if bits > 32 { 64 } else { bits });
    match names {
        Some(names) => {
            format!("field(\"{kind}\", {abbreviation}, {name}, base.DEC + base.RANGE_STRING, {names}, nil, {docs})")
        }
        None => format!("field(\"{kind}\", {abbreviation}, {name}, base.DEC, nil, nil, {docs})"),
    }
}

/// Whether Wireshark can name its values.
pub(super) fn is_named(one: &Enum) -> bool {
    one.repr.range().1 <= i128::from(u32::MAX)
}

fn ranges(one: &Enum) -> String {
    let of =
        |least: u64, most: u64, name: &str| list([number(least.into()), number(most.into()), quoted(name.as_bytes())]);
    list(one.variants.iter().map(|variant| of(variant.least, variant.most, &variant.name)))
}
