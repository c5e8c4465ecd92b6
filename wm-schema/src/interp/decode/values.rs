//! Reads single values, lists and bytes.

use super::super::bits::Run;
use super::super::trace::{self, Setter};
use super::super::{Error, Fault, Place, encode, float, formula, json, number, own};
use super::{Cursor, Trail, as_int, as_u64, in_range, read_layout};
use crate::ir::{BitPlace, Bytes, Content, Extent, Field, Formula, Int, Layout, Role, Schema, Type, Value};

pub(super) fn constant(
    schema: &Schema,
    field: &Field,
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let expected = encode::constant(schema, field);
    let start = cursor.at;
    let found = cursor.take(expected.len() as u64, place)?;
    match encode::stray(field, found, &expected) {
        None => Ok(if let Role::Constant(value) = field.role { Value::Int(value) } else { Value::Bytes(expected) }),
        Some(same) => Err(place.error(start + same, Fault::Constant { expected })),
    }
}

/// A value that is neither bytes nor a list, at a place of a frame.
pub(in crate::interp) fn single_at(
    schema: &Schema,
    ty: &Type,
    bytes: &[u8],
    at: usize,
    place: Place<'_>,
) -> Result<Value, Error> {
    read_single(schema, ty, &mut Cursor { bytes, at, depth: 0, recorder: None, trail: Trail::new() }, place)
}

/// A field of a run of bits that starts at a place of a frame.
pub(in crate::interp) fn bits_at(
    schema: &Schema,
    (layout, index): (&Layout, usize),
    place: &BitPlace,
    bytes: &[u8],
    at: usize,
) -> Result<Value, Error> {
    let mut cursor = Cursor { bytes, at, depth: 0, recorder: None, trail: Trail::new() };
    let first = &layout.fields[place.first];
    let run = cursor.take(place.bytes.into(), Place::new(layout, first))?;
    cursor.at = at;
    Run::read(at, run, place.endian).field(schema, (layout, index), place, None, &mut cursor)
}

/// A value that is neither bytes nor a list.
pub(super) fn read_single(
    schema: &Schema,
    ty: &Type,
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let offset = cursor.at;
    match ty {
        Type::Int(int, range) => {
            let value = cursor.number(int, place)?;
            in_range(as_int(&value), *range, offset, place)?;
            Ok(value)
        }
        Type::Float { bytes, endian } => {
            let int = Int::Fixed { bytes: *bytes, signed: false, endian: *endian };
            let bits = as_u64(as_int(&cursor.number(&int, place)?));
            Ok(Value::Float(match u32::try_from(bits) {
                Ok(bits) if *bytes == 4 => float::widen(bits),
                _ => f64::from_bits(bits),
            }))
        }
        Type::Enum(index) => {
            let declared = &schema.enums[*index];
            let value = cursor.number(&declared.repr, place)?;
            let found = as_u64(as_int(&value));
            if declared.open || declared.variants.iter().any(|variant| (variant.least..=variant.most).contains(&found))
            {
                return Ok(value);
            }
            Err(place.error(offset, Fault::Variant { found }))
        }
        Type::Struct(index) => read_layout(schema, &schema.structs[*index], &[], cursor, None),
        Type::Constant(_) | Type::Filler(_) | Type::Bytes(_) | Type::List { .. } => unreachable!("read by read_field"),
    }
}

/// What the elements of a list are.
#[derive(Clone, Copy)]
pub(super) struct Element<'e> {
    pub(super) ty: &'e Type,
    /// What each is handed.
    pub(super) args: &'e [Value],
    /// How many bytes each takes, if a number says it.
    pub(super) each: Option<u64>,
}

pub(super) fn read_list(
    schema: &Schema,
    element: Element<'_>,
    (count, length, max): (&Extent, Option<u64>, Option<u64>),
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let mut items = Vec::new();
    let Extent::Rest { tail, .. } = count else {
        let start = cursor.at;
        for index in 0..length.unwrap_or_default() {
            items.push(read_element(schema, element, index, cursor, place)?);
        }
        cursor.held(start..cursor.at);
        return Ok(Value::List(items));
    };
    let mut region = cursor.rest(*tail, place)?;
    while !region.left().is_empty() {
        if let Some(limit) = max.filter(|max| items.len() as u64 == *max) {
            return Err(place.error(region.at, Fault::TooLong { found: limit + 1, limit }));
        }
        items.push(read_element(schema, element, items.len() as u64, &mut region, place)?);
    }
    Ok(Value::List(items))
}

/// Elements up to the first that meets the condition, which is the last one.
pub(super) fn read_until(
    schema: &Schema,
    element: Element<'_>,
    (condition, max): (&Formula, Option<u64>),
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let (start, mut items) = (cursor.at, Vec::new());
    loop {
        if let Some(limit) = max.filter(|max| items.len() as u64 == *max) {
            return Err(place.error(cursor.at, Fault::TooLong { found: limit + 1, limit }));
        }
        let item = read_element(schema, element, items.len() as u64, cursor, place)?;
        let last = formula::meets(schema, condition, (&item, element.ty));
        items.push(item);
        if last {
            cursor.held(start..cursor.at);
            return Ok(Value::List(items));
        }
    }
}

pub(super) fn read_element(
    schema: &Schema,
    element: Element<'_>,
    index: u64,
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    if cursor.recorder.is_none() || !trace::has_spans(element.ty) {
        return read_whole(schema, element, cursor, place);
    }
    cursor.opened(&format!("[{index}]"), place.line);
    let value = read_whole(schema, element, cursor, place)?;
    cursor.closed(|| (Setter::User, trace::found(schema, element.ty, &value)));
    Ok(value)
}

/// An element, which uses up the bytes that are said of it.
fn read_whole(
    schema: &Schema,
    element: Element<'_>,
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let read = |cursor: &mut Cursor<'_>| match element.ty {
        Type::Struct(index) => read_layout(schema, &schema.structs[*index], element.args, cursor, None),
        single => read_single(schema, single, cursor, place),
    };
    let Some(bytes) = element.each else { return read(cursor) };
    if bytes == 0 {
        return Err(place.error(cursor.at, Fault::TooShort { found: 0, least: 1 }));
    }
    let mut region = cursor.region(bytes, place)?;
    let value = read(&mut region)?;
    match region.left().len() {
        0 => Ok(value),
        extra => Err(place.error(region.at, Fault::Trailing { extra })),
    }
}

pub(super) fn read_bytes(
    schema: &Schema,
    bytes: &Bytes,
    (length, key): (Option<u64>, &[u8]),
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let start = cursor.at;
    let over = |found: usize, max: u64| {
        let at = usize::try_from(max).unwrap_or(usize::MAX);
        place.error(start.saturating_add(at), Fault::TooLong { found: found as u64, limit: max })
    };
    let most = bytes.max.unwrap_or(u64::MAX);
    let mut content = match (&bytes.extent, length) {
        (Extent::Until(ends), _) => {
            let Some((len, end)) = number::find(cursor.left(), ends) else {
                return Err(place.error(cursor.bytes.len(), Fault::Truncated { needed: 1 }));
            };
            if len as u64 > most {
                return Err(over(len, most));
            }
            let content = &cursor.left()[..len];
            cursor.at += len + end;
            content
        }
        (Extent::Rest { tail, .. }, _) => {
            let content = cursor.rest(*tail, place)?.left();
            if content.len() as u64 > most {
                return Err(over(content.len(), most));
            }
            content
        }
        (_, length) => cursor.take(length.unwrap_or_default(), place)?,
    };
    if let Some(suffix) = &bytes.trim {
        content = content.strip_suffix(suffix.as_slice()).unwrap_or(content);
    }
    if let Some(pad) = bytes.pad {
        while let Some(rest) = content.strip_suffix(&[pad]) {
            content = rest;
        }
    }
    cursor.held(start..start + content.len());
    if let (Content::Word(_), []) = (bytes.content, content) {
        return Err(place.error(start, Fault::TooShort { found: 0, least: 1 }));
    }
    if let Some((least, most)) = bytes.within
        && let Some(at) = content.iter().position(|byte| !(least..=most).contains(byte))
    {
        let fault = Fault::OutOfRange { found: content[at].into(), least: least.into(), most: most.into() };
        return Err(place.error(start + at, fault));
    }
    let Some(via) = bytes.via else { return meaning(schema, bytes.content, content, start, place) };
    let plain = own::undo(schema, via, key, content).map_err(|fault| place.error(start, fault))?;
    meaning(schema, bytes.content, &plain, start, place)
}

/// What bytes that stand at `offset` mean.
pub(super) fn meaning(
    schema: &Schema,
    content: Content,
    bytes: &[u8],
    offset: usize,
    place: Place<'_>,
) -> Result<Value, Error> {
    let utf8 = || match std::str::from_utf8(bytes) {
        Ok(text) => Ok(text),
        Err(error) => Err(place.error(offset + error.valid_up_to(), Fault::Utf8)),
    };
    match content {
        Content::Bytes | Content::Headers => {}
        Content::Str => {
            utf8()?;
        }
        Content::Ascii => {
            if let Some(at) = bytes.iter().position(|byte| !byte.is_ascii()) {
                return Err(place.error(offset + at, Fault::Ascii { found: bytes[at] }));
            }
        }
        Content::Word(index) => {
            let words = &schema.words[index];
            // What has a variant is that, however it was spelled.
            match words.find(bytes) {
                Some(found) => return Ok(Value::Bytes(words.words[found].text.clone().into_bytes())),
                None if words.open => {}
                None => {
                    let expected = words.words.iter().map(|word| word.text.clone()).collect();
                    return Err(place.error(offset, Fault::Word { expected }));
                }
            }
        }
        Content::Json => json::check(utf8()?, offset, place)?,
        Content::JsonBody(index) => return json::read(schema, index, bytes, offset, place),
    }
    Ok(Value::Bytes(bytes.to_vec()))
}
