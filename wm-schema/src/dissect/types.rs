//! Types and numbers as tables.

use super::fields::is_named;
use super::lua::{self, Table, list, number, quoted};
use crate::ir::{
    Bytes, Checksum, Content, Delimiters, Endian, Enum, Extent, Function, Int, Layout, Role, Schema, Type, Via,
};
use crate::walk::{self, Look};

/// A number on the wire.
pub(super) fn int(int: &Int) -> String {
    let table = match int {
        Int::Fixed { bytes, signed, endian } => Table::new()
            .text("kind", "fixed")
            .set("bytes", bytes)
            .flag("signed", *signed)
            .flag("little", *endian == Endian::Little),
        Int::Varint { signed } => Table::new().text("kind", "varint").flag("signed", *signed),
        Int::Digits { radix, digits } => Table::new().text("kind", "digits").set("radix", radix).set("digits", digits),
        Int::Until { radix, signed, ends, max } => Table::new()
            .text("kind", "until")
            .set("radix", radix)
            .flag("signed", *signed)
            .set("ends", delimiters(ends))
            .set("max", max),
        Int::Vlq { minimal } => Table::new().text("kind", "vlq").flag("minimal", *minimal),
        Int::Quic { minimal } => Table::new().text("kind", "quic").flag("minimal", *minimal),
        Int::Bits { .. } => Table::new().text("kind", "bits"),
        Int::Flag => Table::new().text("kind", "flag"),
        Int::Escaping(how) => {
            let escape = |escape: &crate::ir::Escape| {
                Table::new()
                    .set("mark", escape.mark)
                    .set("bytes", escape.bytes)
                    .flag("little", escape.endian == Endian::Little)
                    .end()
            };
            Table::new()
                .text("kind", "escaping")
                .set("base", self::int(&how.base))
                .set("direct", number(how.direct.into()))
                .flag("minimal", how.minimal)
                .set("escapes", list(how.escapes.iter().map(escape)))
        }
    };
    table.set("shortest", int.size().least).set_some("width", int.size().fixed()).end()
}

/// An enum of numbers.
pub(super) fn declared(one: &Enum) -> String {
    let variant = |variant: &crate::ir::Variant| {
        list([number(variant.least.into()), number(variant.most.into()), quoted(variant.name.as_bytes())])
    };
    let name_of = "function(value) return name_of(VARIANTS, value) end";
    let variants = list(one.variants.iter().map(variant));
    Table::new()
        .set("int", int(&one.repr))
        .set("variants", &variants)
        .flag("open", one.open)
        .flag("named", is_named(one))
        .set_some("name_of", (!is_named(one)).then(|| name_of.replace("VARIANTS", &variants)))
        .end()
}

/// A type, or why it cannot be dissected. What stands in front of it in its layout may say its length.
pub(super) fn table(schema: &Schema, layout: &Layout, ty: &Type) -> Result<String, String> {
    Ok(match ty {
        Type::Filler(filler) => Table::new()
            .text("kind", "filler")
            .set("of", filler.of + 1)
            .set("size", filler.size)
            .flag("whole", filler.whole)
            .set_some("byte", filler.byte.map(|byte| quoted(&[byte])))
            .end(),
        Type::Constant(constant) => Table::new().text("kind", "constant").flag("nocase", constant.nocase).end(),
        Type::Int(found, range) => {
            let bound = |bound: Option<i128>| bound.map(number);
            Table::new()
                .text("kind", "int")
                .set("int", int(found))
                .set_some("least", bound(range.map(|range| range.0)))
                .set_some("most", bound(range.map(|range| range.1)))
                .end()
        }
        Type::Float { bytes, endian } => {
            Table::new().text("kind", "float").set("bytes", bytes).flag("little", *endian == Endian::Little).end()
        }
        Type::Enum(index) => {
            Table::new().text("kind", "enum").set("enum", format!("enums.{}", schema.enums[*index].name)).end()
        }
        Type::Struct(index) => Table::new().text("kind", "struct").text("of", &schema.structs[*index].name).end(),
        Type::List { element, count, max } => {
            let head = Table::new().text("kind", "list").set("element", table(schema, layout, element)?);
            let head = head.set_some("max", max.map(|max| number(max.into())));
            let head = extent(schema, layout, head, count)?;
            match count {
                Extent::Where(condition) => {
                    let last = lua::of_element(schema, element, condition)?;
                    let looks = walk::looks(schema, element, condition).unwrap_or_default();
                    let looks = looks.into_iter().filter_map(|found| look(schema, element, found));
                    head.set("last", last).set("looks", list(looks)).end()
                }
                _ => head.end(),
            }
        }
        Type::Bytes(found) => bytes(schema, layout, found)?,
    })
}

fn bytes(schema: &Schema, layout: &Layout, found: &Bytes) -> Result<String, String> {
    // Named one by one: what is added to them must not be passed over here.
    let Bytes { content, extent: end, max, within, trim, pad, via } = found;
    let word = match content {
        Content::Bytes => "bytes",
        Content::Str => "str",
        Content::Ascii => "ascii",
        Content::Word(_) => "word",
        Content::Headers => "headers",
        Content::Json | Content::JsonBody(_) => "json",
    };
    let table = Table::new().text("kind", "bytes").text("content", word);
    let table = extent(schema, layout, table, end)?.set_some("max", max.map(|max| number(max.into())));
    let words = match content {
        Content::Word(index) => Some(format!("words.{}", schema.words[*index].name)),
        _ => None,
    };
    let within = within.map(|(least, most)| list([least.to_string(), most.to_string()]));
    let key = match via {
        Some(Via::Xor { key }) => Some(key + 1),
        _ => None,
    };
    if key.is_some_and(|key| key > layout.fields.len()) {
        return Err("its key is not in its layout".to_owned());
    }
    let via = match via {
        None => None,
        Some(Via::Xor { .. }) => Some("\"xor\""),
        Some(Via::Base64) => Some("\"base64\""),
        Some(Via::Hex) => Some("\"hex\""),
        Some(Via::Extern(index)) => {
            return Err(format!("its transform `{}` is written in Rust", schema.externs.vias[*index].name));
        }
    };
    Ok(table
        .set_some("words", words)
        .set_some("within", within)
        .set_some("trim", trim.as_deref().map(quoted))
        .set_some("pad", pad.map(|pad| quoted(&[pad])))
        .set_some("via", via)
        .set_some("key", key)
        .end())
}

/// What ends a value.
pub(super) fn delimiters(ends: &Delimiters) -> String {
    list(ends.all().map(quoted))
}

/// Where something ends.
fn extent(schema: &Schema, layout: &Layout, table: Table, extent: &Extent) -> Result<Table, String> {
    Ok(match extent {
        Extent::Fixed(count) => table.text("extent", "fixed").set("count", count),
        Extent::Field(number) => table.text("extent", "field").set("by", number + 1),
        Extent::Prefix(found) => table.text("extent", "prefix").set("int", int(found)),
        Extent::Formula { formula, .. } => {
            let length = lua::function(schema, layout, formula).map_err(|why| format!("`{}`: {why}", formula.text))?;
            table.text("extent", "formula").set("length", length)
        }
        Extent::Until(ends) => table.text("extent", "until").set("ends", delimiters(ends)),
        Extent::Where(_) => table.text("extent", "where"),
        Extent::Header(_) => table.text("extent", "header"),
        Extent::Lines => table.text("extent", "lines"),
        Extent::Rest { tail, .. } => table.text("extent", "rest").set("tail", tail),
    })
}

/// What a walk looks at again of an element.
fn look(schema: &Schema, element: &Type, look: Look) -> Option<String> {
    let Type::Struct(part) = element else { return None };
    let layout = &schema.structs[*part];
    match look {
        Look::Whole => None,
        Look::Value(field) => Some(Table::new().set("field", field + 1).end()),
        Look::Length { of, said_by } => {
            let said = walk::said_length(layout, of);
            let table = Table::new().set("field", of + 1).set("said_by", said_by + 1);
            let add = said.map(|(_, add)| add);
            Some(table.set_some("int", said.map(|(found, _)| int(found))).set_some("add", add).end())
        }
    }
}

/// A checksum; one that Lua cannot work out has no name.
pub(super) fn checksum(schema: &Schema, found: Checksum) -> Result<String, String> {
    let Checksum { function, first, last } = found;
    let table = Table::new().set("first", first + 1).set("last", last + 1);
    Ok(match function {
        Function::Crc(crc) if crc.width > 32 => return Err(format!("`{}` has {} bits", crc.word(), crc.width)),
        Function::Crc(crc) => table
            .text("name", "crc")
            .set("width", crc.width)
            .set("polynomial", crc.polynomial)
            .set("start", crc.start)
            .set("finish", crc.end)
            .flag("reflected_in", crc.reflected_in)
            .flag("reflected_out", crc.reflected_out)
            .end(),
        Function::Sum(bits) => table.text("name", "sum").set("width", bits).end(),
        Function::Xor8 => table.text("name", "xor").end(),
        Function::Adler32 => table.text("name", "adler").end(),
        Function::Extern { .. } => {
            return Err(format!("`{}` is written in Rust", schema.function_name(function)));
        }
        Function::Internet => table.text("name", "internet").end(),
    })
}

/// Whether a field is a constant: always the same bytes, which what fills a field up is not.
pub(super) fn is_constant(role: &Role, ty: &Type) -> bool {
    !matches!(ty, Type::Filler(_)) && (matches!(role, Role::Constant(_)) || matches!(ty, Type::Constant(_)))
}
