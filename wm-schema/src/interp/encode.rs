//! Writes a message: the bytes of each field that users set, then the numbers that measure them.

use super::formula::{self, Known};
use super::{
    EncodeError, EncodeFault, Error, Interpreter, Place, bits, decode, envelope, float, headers, json, number, own, via,
};
use crate::ir::headers::framed;
use crate::ir::{
    By, Bytes, Checksum, Choice, Content, Endian, Equation, Extent, Field, Filler, Formula, Layout, Measure, Role,
    Schema, Side, Since, Type, Value,
};

pub(super) fn message(interpreter: &Interpreter<'_>, value: &Value) -> Result<Vec<u8>, EncodeError> {
    let message = interpreter.message;
    depth(interpreter.schema, &message.layout, value, 0)?;
    let wire = layout(interpreter.schema, &message.layout, &[], value, Some(interpreter.from))?;
    let (found, limit) = (wire.len() as u64, message.frame_bytes_max);
    if let (None, Some(last), true) = (message.envelope(), message.layout.fields.last(), found > limit) {
        return Err(Place::new(&message.layout, last).refuse(EncodeFault::TooLong { found, limit }));
    }
    if message.layout.until_end && wire.is_empty() {
        let last = message.layout.fields.last().map(|field| Place::new(&message.layout, field));
        return Err(last.unwrap_or_else(|| Place::first(&message.layout)).refuse(EncodeFault::Empty));
    }
    if interpreter.schema.holds_pointers(&message.layout) {
        decode::content(interpreter, &wire, true, None).map_err(unreadable)?;
    }
    match message.envelope() {
        Some(around) => envelope::close(interpreter, around, &wire),
        None => Ok(wire),
    }
}

/// What was written could not be read.
fn unreadable(error: Error) -> EncodeError {
    let Error { layout, field, offset, fault, .. } = error;
    EncodeError { layout, field, fault: EncodeFault::Unreadable { offset, fault: Box::new(fault) } }
}

/// What contains itself does so at most as often as it may.
fn depth(schema: &Schema, layout: &Layout, value: &Value, around: u64) -> Result<(), EncodeError> {
    let counted = schema.counted(layout);
    if let Some(limit) = counted.filter(|most| around >= *most) {
        return Err(Place::first(layout).refuse(EncodeFault::TooDeep { limit }));
    }
    let around = around + u64::from(counted.is_some());
    match value {
        Value::Arm(arm, value) => layout.fields.get(*arm).map_or(Ok(()), |arm| within(schema, &arm.ty, value, around)),
        Value::Struct(values) => {
            let set = layout.fields.iter().filter(|field| field.role == Role::Value);
            set.zip(values).try_for_each(|(field, value)| within(schema, &field.ty, value, around))
        }
        _ => Ok(()),
    }
}

/// The same of what a field holds.
fn within(schema: &Schema, ty: &Type, value: &Value, around: u64) -> Result<(), EncodeError> {
    match (ty, value) {
        (ty, Value::Option(Some(value))) => within(schema, ty, value, around),
        (Type::Struct(index), value) => depth(schema, &schema.structs[*index], value, around),
        (Type::List { element, .. }, Value::List(items)) => {
            items.iter().try_for_each(|item| within(schema, element, item, around))
        }
        _ => Ok(()),
    }
}

/// The first byte that is not that of a constant field, whose bytes are `expected`.
pub(super) fn stray(field: &Field, found: &[u8], expected: &[u8]) -> Option<usize> {
    match &field.ty {
        Type::Constant(constant) => constant.stray(found),
        _ => found.iter().zip(expected).position(|(found, expected)| found != expected),
    }
}

/// The bytes of a constant.
pub(super) fn constant(schema: &Schema, field: &Field) -> Vec<u8> {
    match (&field.ty, &field.role) {
        (Type::Constant(constant), _) => constant.bytes.clone(),
        (Type::Int(int, _), Role::Constant(value)) => number::write(int, &Value::Int(*value)).unwrap_or_default(),
        (Type::Enum(index), Role::Constant(value)) => {
            number::write(&schema.enums[*index].repr, &Value::Int(*value)).unwrap_or_default()
        }
        _ => Vec::new(),
    }
}

/// The bytes of a field, and of how many elements it consists.
struct Piece {
    wire: Vec<u8>,
    elements: u64,
    /// How many bytes the first of them takes.
    each: u64,
    /// The bytes of the first, and of another that takes more or fewer.
    unlike: Option<(u64, u64)>,
    /// What it says in the bits of its run; `wire` is what follows the run.
    bits: u64,
}

impl Piece {
    const fn new(wire: Vec<u8>, elements: u64) -> Self {
        Self { wire, elements, each: 0, unlike: None, bits: 0 }
    }

    fn bits(bits: u64) -> Self {
        Self { bits, ..Self::new(Vec::new(), 0) }
    }
}

/// Writes a layout; `from` is who sends it, if it is the message itself.
fn layout(
    schema: &Schema,
    layout: &Layout,
    params: &[Value],
    value: &Value,
    from: Option<Side>,
) -> Result<Vec<u8>, EncodeError> {
    if let Some(choice) = &layout.choice {
        return union(schema, layout, choice, params, value);
    }
    let Value::Struct(values) = value else {
        let first = layout.fields.first().map(|field| Place::new(layout, field));
        let place = first.unwrap_or(Place { layout: &layout.name, field: "", line: layout.line });
        return Err(place.refuse(EncodeFault::Shape));
    };
    let (all, mut values) = (values, values.iter());
    let mut pieces: Vec<Option<Piece>> = Vec::new();
    let mut fields: Vec<Option<Value>> = Vec::new();
    for field in &layout.fields {
        let place = Place::new(layout, field);
        pieces.push(match (&field.ty, &field.role) {
            (_, Role::Sender(side)) => {
                let sent = from == Some(*side);
                fields.push(Some(Value::Int(sent.into())));
                Some(Piece::bits(sent.into()))
            }
            (_, Role::Constant(value)) if field.bits.is_some() => Some(Piece::bits(decode::as_u64(*value))),
            (Type::Filler(filler), _) => {
                fields.push(None);
                let known = Known { schema, layout, fields: &fields, params };
                let bytes = if is_there(&known, field, all) { filled(layout, filler, &pieces)? } else { Vec::new() };
                Some(Piece::new(bytes, 0))
            }
            (Type::Constant(_), _) | (_, Role::Constant(_)) => {
                fields.push(None);
                let known = Known { schema, layout, fields: &fields, params };
                let bytes = if is_there(&known, field, all) { constant(schema, field) } else { Vec::new() };
                Some(Piece::new(bytes, 0))
            }
            (_, Role::Extension | Role::Pointed(_)) => Some(Piece::new(Vec::new(), 0)),
            (_, Role::Computed(_) | Role::Checksum(_)) => None,
            (_, Role::Value) => {
                let value = values.next().ok_or_else(|| place.refuse(EncodeFault::Shape))?;
                fields.push(Some(value.clone()));
                let known = Known { schema, layout, fields: &fields, params };
                Some(match &field.ty {
                    Type::Bytes(Bytes { content: Content::Headers, max, .. }) => {
                        let body = framed(schema, layout).and_then(|framed| set_value(layout, all, framed.body));
                        Piece::new(headers::write(schema, layout, (value, *max), body, place)?, 0)
                    }
                    _ => set(&known, field, value, is_there(&known, field, all))?,
                })
            }
        });
        fields.resize(pieces.len(), None);
    }
    compute(layout, &mut pieces, &mut fields)?;
    let known = Known { schema, layout, fields: &fields, params };
    for field in &layout.fields {
        let late = |rule: &&Formula| field.role != Role::Value || layout.computes(rule);
        if let Some(rule) = field.rules.iter().filter(late).find(|rule| !known.holds(rule)) {
            return Err(Place::new(layout, field).refuse(EncodeFault::Condition { condition: rule.text.clone() }));
        }
    }
    checksums(schema, layout, &mut pieces)?;
    let wire = joined(layout, 0, &pieces);
    bounded(schema, layout, &wire)?;
    Ok(wire)
}

/// What fills a field up; one whose bytes are not known yet has a fixed size.
fn filled(layout: &Layout, filler: &Filler, pieces: &[Option<Piece>]) -> Result<Vec<u8>, EncodeError> {
    let of = &layout.fields[filler.of];
    let found = pieces[filler.of].as_ref().map_or(of.size.least, |piece| piece.wire.len() as u64);
    let Some(len) = filler.behind(found) else {
        return Err(Place::new(layout, of).refuse(EncodeFault::TooLong { found, limit: filler.size }));
    };
    Ok(vec![filler.byte.unwrap_or_default(); usize::try_from(len).unwrap_or_default()])
}

/// A layout takes no more than it may; of what pointers lead to, that shows when it is read.
fn bounded(schema: &Schema, layout: &Layout, wire: &[u8]) -> Result<(), EncodeError> {
    let found = wire.len() as u64;
    match layout.max.filter(|max| found > *max && !schema.holds_pointers(layout)) {
        Some(limit) => Err(Place::first(layout).refuse(EncodeFault::TooLong { found, limit })),
        None => Ok(()),
    }
}

/// Fills in the checksums, each behind those that it covers; of its own bytes it sees zeros.
fn checksums(schema: &Schema, layout: &Layout, pieces: &mut [Option<Piece>]) -> Result<(), EncodeError> {
    let missing: Vec<(usize, Checksum)> =
        (0..layout.fields.len()).filter_map(|at| layout.checksum(at).map(|checksum| (at, checksum))).collect();
    for (at, _) in &missing {
        pieces[*at] = Some(Piece::new(vec![0; usize::try_from(layout.fields[*at].size.least).unwrap_or(0)], 0));
    }
    let mut open: Vec<(usize, Checksum)> = missing;
    while !open.is_empty() {
        let ready = |(at, one): &(usize, Checksum)| open.iter().all(|(other, _)| other == at || !one.covers(*other));
        let (now, later): (Vec<_>, Vec<_>) = open.iter().copied().partition(ready);
        assert!(!now.is_empty(), "checksums of {} cover each other: no checked schema has that", layout.name);
        for (at, checksum) in now {
            let field = &layout.fields[at];
            let covered = joined(layout, checksum.first, &pieces[checksum.first..=checksum.last]);
            let Type::Int(int, _) = &field.ty else { continue };
            let place = Place::new(layout, field);
            let value = own::checksum(schema, checksum.function, &covered);
            let value = value.ok_or_else(|| place.refuse(own::missing_function(schema, checksum.function)))?;
            let value = Value::Int(value.into());
            let wire = number::write(int, &value).map_err(|fault| place.refuse(fault))?;
            pieces[at] = Some(Piece::new(wire, 0));
        }
        open = later;
    }
    Ok(())
}

/// The value of a field that a user sets.
fn set_value<'v>(layout: &Layout, values: &'v [Value], field: usize) -> Option<&'v Value> {
    let set = |field: &&Field| field.role == Role::Value && !matches!(field.ty, Type::Constant(_));
    values.get(layout.fields[..field].iter().filter(set).count())
}

/// The pieces of fields from `first` on, one behind the other, those of a run of bits as one number.
fn joined(layout: &Layout, first: usize, pieces: &[Option<Piece>]) -> Vec<u8> {
    let mut wire = Vec::new();
    let mut run = 0u64;
    for (index, piece) in (first..).zip(pieces.iter().flatten()) {
        if let Some(place) = &layout.fields[index].bits {
            run |= piece.bits << place.shift;
            if place.last == index {
                let from_highest = std::mem::take(&mut run).to_be_bytes();
                wire.extend(number::ordered(&from_highest[8 - usize::from(place.bytes)..], place.endian));
            }
        }
        wire.extend_from_slice(&piece.wire);
    }
    wire
}

/// What some version brought is there only with all that came before it.
fn needs_what_came_before(known: &Known<'_>, since: Since, value: &Value, place: Place<'_>) -> Result<(), EncodeError> {
    let Some(before) = since.behind else { return Ok(()) };
    let condition = format!("{} is there", known.layout.fields[before].name);
    let there = |value: Option<&Value>| matches!(value, Some(Value::Option(Some(_))));
    match (there(Some(value)), there(known.fields[before].as_ref())) {
        (own, before) if since.joined && own != before => {
            Err(place.refuse(EncodeFault::Presence { expected: before, condition }))
        }
        (true, false) => Err(place.refuse(EncodeFault::Condition { condition })),
        _ => Ok(()),
    }
}

/// Whether a field is there by its condition. What a number says of a field, that field says itself: `all` is what a user sets.
fn is_there(known: &Known<'_>, field: &Field, all: &[Value]) -> bool {
    let Some(condition) = &field.condition else { return true };
    match known.layout.asks_for(condition) {
        Some(measured) => !matches!(set_value(known.layout, all, measured), Some(Value::Option(None))),
        None => known.holds(condition),
    }
}

/// A field that a user sets, the last of `known`; `there` is what its condition says.
fn set(known: &Known<'_>, field: &Field, value: &Value, there: bool) -> Result<Piece, EncodeError> {
    let (schema, place) = (known.schema, Place::new(known.layout, field));
    if let Some(since) = field.since {
        needs_what_came_before(known, since, value, place)?;
    }
    let value = match (&field.condition, value) {
        (None, Value::Option(value)) if field.since.is_some() => match value {
            Some(value) => value,
            None => return Ok(Piece::new(Vec::new(), 0)),
        },
        (None, value) => value,
        (Some(condition), Value::Option(value)) => match (there, value) {
            (true, Some(value)) => value,
            (false, None) => return Ok(Piece::new(Vec::new(), 0)),
            (expected, _) => {
                let condition = condition.text.clone();
                return Err(place.refuse(EncodeFault::Presence { expected, condition }));
            }
        },
        (Some(_), _) => return Err(place.refuse(EncodeFault::Shape)),
    };
    let meant = own::meant(schema, field, value).transpose();
    let meant = meant.map_err(|reason| place.refuse(EncodeFault::Refused { reason }))?;
    let value = meant.as_ref().map_or(value, |meant| &meant.wire);
    if let Type::Bytes(Bytes { extent, .. }) | Type::List { count: extent, .. } = &field.ty {
        as_worked_out(known, extent, value).map_err(|fault| place.refuse(fault))?;
    }
    let mut piece = match &field.ty {
        Type::Struct(index) => {
            let args = known.arguments(&field.args);
            Piece::new(layout(schema, &schema.structs[*index], &args, value, None)?, 0)
        }
        Type::Bytes(bytes @ Bytes { via: Some(via), .. }) => {
            let content = content(schema, bytes, value).map_err(|fault| place.refuse(fault))?;
            let content = own::apply(schema, *via, &via::key(*via, known.fields), &content);
            let content = content.map_err(|fault| place.refuse(fault))?;
            Piece::new(delimit(bytes, &content).map_err(|fault| place.refuse(fault))?, 0)
        }
        ty => piece(schema, ty, &known.arguments(&field.args), value, place)?,
    };
    let each =
        known.layout.fields.iter().position(|other| std::ptr::eq(other, field)).and_then(|at| known.layout.each(at));
    if let (Some(_), Some((first, other))) = (each, piece.unlike) {
        return Err(place.refuse(EncodeFault::Length { found: other, expected: first }));
    }
    if each.is_some() && piece.each == 0 && matches!(value, Value::List(items) if !items.is_empty()) {
        return Err(place.refuse(EncodeFault::Empty));
    }
    // An enum of whole bytes may be part of a run of bits, too.
    if field.bits.is_some() && matches!(field.ty, Type::Enum(_)) {
        piece.wire.clear();
    }
    // What reads a number that is still to be computed is checked behind that.
    match field.rules.iter().find(|rule| !known.layout.computes(rule) && !known.holds(rule)) {
        Some(rule) => Err(place.refuse(EncodeFault::Condition { condition: rule.text.clone() })),
        None => Ok(piece),
    }
}

/// Whether a value is as long as a formula says, if one does.
fn as_worked_out(known: &Known<'_>, extent: &Extent, value: &Value) -> Result<(), EncodeFault> {
    let Extent::Formula { formula, .. } = extent else { return Ok(()) };
    let found = match value {
        Value::Bytes(bytes) => bytes.len() as u64,
        Value::List(items) => items.len() as u64,
        _ => return Ok(()),
    };
    match known.length(formula).unwrap_or_default() {
        expected if expected == found => Ok(()),
        expected => Err(EncodeFault::Length { found, expected }),
    }
}

/// One arm of a union, behind its tag if it has one; a value that is given comes first in `params`.
fn union(
    schema: &Schema,
    layout: &Layout,
    choice: &Choice,
    params: &[Value],
    value: &Value,
) -> Result<Vec<u8>, EncodeError> {
    let Value::Arm(index, value) = value else {
        let place = Place { layout: &layout.name, field: "tag", line: layout.line };
        return Err(place.refuse(EncodeFault::Shape));
    };
    let field = &layout.fields[*index];
    let (mut wire, params) = match (&choice.by, params) {
        (By::Tag(int), params) => {
            let tag = choice.values[*index].map_or(0, |(tag, _)| tag);
            (number::write(int, &Value::Int(tag)).unwrap_or_default(), params)
        }
        (By::Given(_), [given, params @ ..]) if choice.given(schema, given) == Some(*index) => (Vec::new(), params),
        // Its tag is part of the arm.
        (By::Bits { .. }, params) => (Vec::new(), params),
        (By::Header { .. }, params) => (Vec::new(), params.get(1..).unwrap_or_default()),
        (By::Given(_), _) => {
            let condition = format!("{} is chosen", field.name);
            return Err(Place::new(layout, field).refuse(EncodeFault::Condition { condition }));
        }
    };
    let mut fields = vec![None; layout.fields.len()];
    fields[*index] = Some((**value).clone());
    let known = Known { schema, layout, fields: &fields, params };
    wire.extend(set(&known, field, value, true)?.wire);
    bounded(schema, layout, &wire)?;
    Ok(wire)
}

/// Fills in the numbers that measure: each as soon as the size of all that it measures is known.
fn compute(layout: &Layout, pieces: &mut [Option<Piece>], fields: &mut [Option<Value>]) -> Result<(), EncodeError> {
    let mut missing: Vec<(usize, Equation)> = Vec::new();
    for (index, field) in layout.fields.iter().enumerate() {
        if let Role::Computed(equation) = field.role {
            missing.push((index, equation));
        }
    }
    while !missing.is_empty() {
        let before = missing.len();
        let mut later = Vec::new();
        for (index, equation) in missing {
            let Some(measured) = measure(layout, pieces, equation.measure) else {
                later.push((index, equation));
                continue;
            };
            let field = &layout.fields[index];
            let value = match (equation.absent, &fields[equation.measure.last()]) {
                (Some(absent), Some(Value::Option(None))) => absent,
                _ => size(field, measured, equation).map_err(|fault| Place::new(layout, field).refuse(fault))?,
            };
            let piece = computed(field, value).map_err(|fault| Place::new(layout, field).refuse(fault))?;
            pieces[index] = Some(piece);
            fields[index] = Some(Value::Int(value));
        }
        assert!(later.len() < before, "numbers of {} measure each other: no checked schema has that", layout.name);
        missing = later;
    }
    Ok(())
}

fn measure(layout: &Layout, pieces: &[Option<Piece>], measure: Measure) -> Option<u64> {
    match measure {
        Measure::Elements { list } => Some(pieces[list].as_ref()?.elements),
        Measure::Each { list } => Some(pieces[list].as_ref()?.each),
        Measure::Bytes { first, last } => (first..=last)
            .map(|index| match &pieces[index] {
                Some(piece) => Some(piece.wire.len() as u64 + run_bytes(layout, index)),
                None => layout.fields[index].size.fixed(),
            })
            .sum(),
    }
}

/// The bytes of a run of bits, which are those of its last field.
fn run_bytes(layout: &Layout, index: usize) -> u64 {
    layout.fields[index].bits.filter(|place| place.last == index).map_or(0, |place| place.bytes.into())
}

/// The size or count that a number says, if it can.
fn size(field: &Field, measured: u64, equation: Equation) -> Result<i128, EncodeFault> {
    let Type::Int(int, range) = &field.ty else { return Err(EncodeFault::Shape) };
    let (least, most) = range.unwrap_or_else(|| int.range());
    let most = if equation.absent == Some(most) { most - 1 } else { most };
    let add = i128::from(equation.add);
    let value = equation
        .scale
        .number(i128::from(measured) + add)
        .map_err(|next| EncodeFault::Length { found: measured, expected: decode::as_u64(next - add) })?;
    if !(least.max(0)..=most).contains(&value) {
        let limit = decode::as_u64(equation.scale.most(most) - add);
        return Err(EncodeFault::TooLong { found: measured, limit });
    }
    Ok(value)
}

fn computed(field: &Field, value: i128) -> Result<Piece, EncodeFault> {
    let Type::Int(int, _) = &field.ty else { return Err(EncodeFault::Shape) };
    let wire = number::write(int, &Value::Int(value))?;
    Ok(Piece { bits: bits::own(&field.ty, value), ..Piece::new(wire, 0) })
}

fn piece(schema: &Schema, ty: &Type, args: &[Value], value: &Value, place: Place<'_>) -> Result<Piece, EncodeError> {
    let refuse = |fault| place.refuse(fault);
    match (ty, value) {
        (Type::Bytes(bytes), value) => {
            let content = content(schema, bytes, value).map_err(refuse)?;
            let wire = delimit(bytes, &content).map_err(refuse)?;
            Ok(Piece::new(wire, 0))
        }
        (Type::List { element, count, max }, Value::List(items)) => {
            let elements = items.len() as u64;
            let mut wire = prefix(count, elements, *max).map_err(refuse)?;
            if let Extent::Where(condition) = count {
                ends(schema, element, items, condition).map_err(refuse)?;
            }
            let mut sizes = Vec::new();
            for item in items {
                let item = piece(schema, element, args, item, place)?.wire;
                sizes.push(item.len() as u64);
                wire.extend(item);
            }
            let each = sizes.first().copied().unwrap_or_default();
            let unlike = sizes.into_iter().find(|size| *size != each).map(|other| (each, other));
            Ok(Piece { each, unlike, ..Piece::new(wire, elements) })
        }
        (Type::Struct(index), value) => Ok(Piece::new(layout(schema, &schema.structs[*index], args, value, None)?, 0)),
        (ty, value) => {
            let wire = single(schema, ty, value).map_err(refuse)?;
            Ok(Piece { bits: bits::own(ty, decode::as_int(value)), ..Piece::new(wire, 0) })
        }
    }
}

/// The last element of a list, and no other, meets its condition.
fn ends(schema: &Schema, element: &Type, items: &[Value], condition: &Formula) -> Result<(), EncodeFault> {
    let found = items.iter().position(|item| formula::meets(schema, condition, (item, element)));
    match found {
        Some(at) if at + 1 == items.len() => Ok(()),
        found => Err(EncodeFault::End { found: found.map(|at| at as u64), condition: condition.text.clone() }),
    }
}

fn single(schema: &Schema, ty: &Type, value: &Value) -> Result<Vec<u8>, EncodeFault> {
    match (ty, value) {
        (Type::Int(_, Some((least, most))), Value::Int(found)) if !(least..=most).contains(&found) => {
            Err(EncodeFault::OutOfRange { found: *found, least: *least, most: *most })
        }
        (Type::Int(int, _), value) => number::write(int, value),
        (Type::Enum(index), Value::Int(found)) => {
            let declared = &schema.enums[*index];
            let value = decode::as_u64(*found);
            let known = declared.variants.iter().any(|variant| (variant.least..=variant.most).contains(&value));
            if !known && !declared.open {
                let (least, most) = declared.repr.range();
                return Err(EncodeFault::OutOfRange { found: *found, least, most });
            }
            number::write(&declared.repr, &Value::Int(*found))
        }
        (Type::Float { bytes, endian }, Value::Float(value)) => {
            let mut wire = match bytes {
                4 => float::narrow(*value).to_be_bytes().to_vec(),
                _ => value.to_be_bytes().to_vec(),
            };
            if *endian == Endian::Little {
                wire.reverse();
            }
            Ok(wire)
        }
        _ => Err(EncodeFault::Shape),
    }
}

/// The content of a field of bytes, checked to mean what its type says.
fn content(schema: &Schema, bytes: &Bytes, value: &Value) -> Result<Vec<u8>, EncodeFault> {
    let content = match (bytes.content, value) {
        (Content::JsonBody(index), value) => {
            let written = json::write(schema, index, value);
            return Ok(written.ok_or_else(|| EncodeFault::Json("no such body".into()))?.into_bytes());
        }
        (_, Value::Bytes(content)) => content,
        _ => return Err(EncodeFault::Shape),
    };
    match bytes.content {
        Content::Str | Content::Ascii | Content::Json if std::str::from_utf8(content).is_err() => {
            Err(EncodeFault::Shape)
        }
        Content::Ascii => match content.iter().position(|byte| !byte.is_ascii()) {
            Some(offset) => Err(EncodeFault::Ascii { offset }),
            None => Ok(content.clone()),
        },
        Content::Word(index) => {
            let words = &schema.words[index];
            match words.find(content) {
                Some(found) => Ok(words.words[found].text.clone().into_bytes()),
                None if !words.open => Err(EncodeFault::Shape),
                None if content.is_empty() || !content.iter().all(u8::is_ascii_graphic) => Err(EncodeFault::Word),
                None => Ok(content.clone()),
            }
        }
        Content::Json => match serde_json::from_slice::<serde::de::IgnoredAny>(content) {
            Ok(_) => Ok(content.clone()),
            Err(error) => Err(EncodeFault::Json(error.to_string())),
        },
        _ => Ok(content.clone()),
    }
}

/// Content with what says where it ends.
fn delimit(bytes: &Bytes, content: &[u8]) -> Result<Vec<u8>, EncodeFault> {
    if let (Extent::Fixed(size), Some(pad)) = (&bytes.extent, bytes.pad) {
        return padded(content, *size, pad);
    }
    let mut wire = prefix(&bytes.extent, content.len() as u64, bytes.max)?;
    if let Some((least, most)) = bytes.within
        && let Some(found) = content.iter().find(|byte| !(least..=most).contains(*byte))
    {
        return Err(EncodeFault::OutOfRange { found: (*found).into(), least: least.into(), most: most.into() });
    }
    wire.extend_from_slice(content);
    if let Extent::Until(ends) = &bytes.extent {
        wire.extend_from_slice(ends.written());
        // The reader takes the first one that it sees, wherever that begins.
        match number::find(&wire, ends) {
            Some((offset, _)) if offset < content.len() => return Err(EncodeFault::Delimiter { offset }),
            _ => {}
        }
    }
    match &bytes.trim {
        Some(suffix) if content.ends_with(suffix) => Err(EncodeFault::Trimmed { suffix: suffix.clone() }),
        _ => Ok(wire),
    }
}

/// Content that is filled up to its size.
fn padded(content: &[u8], size: u64, pad: u8) -> Result<Vec<u8>, EncodeFault> {
    let found = content.len() as u64;
    if found > size {
        return Err(EncodeFault::TooLong { found, limit: size });
    }
    if content.last() == Some(&pad) {
        return Err(EncodeFault::Trimmed { suffix: vec![pad] });
    }
    let mut wire = content.to_vec();
    wire.resize(usize::try_from(size).unwrap_or(usize::MAX), pad);
    Ok(wire)
}

/// What stands in front of `found` bytes or elements; they must be so many as the schema allows.
fn prefix(extent: &Extent, found: u64, max: Option<u64>) -> Result<Vec<u8>, EncodeFault> {
    match (extent, max) {
        (Extent::Fixed(expected), _) if found != *expected => Err(EncodeFault::Length { found, expected: *expected }),
        (Extent::Fixed(_), _) => Ok(Vec::new()),
        (_, Some(limit)) if found > limit => Err(EncodeFault::TooLong { found, limit }),
        (Extent::Prefix(int), _) => number::write(int, &Value::Int(found.into()))
            .map_err(|_| EncodeFault::TooLong { found, limit: decode::as_u64(int.range().1) }),
        _ => Ok(Vec::new()),
    }
}
