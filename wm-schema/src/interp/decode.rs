//! Reads a whole frame, field by field.

mod cursor;
mod values;

pub(super) use cursor::{Cursor, Trail};
use values::{Element, constant, read_bytes, read_list, read_single, read_until};
pub(super) use values::{bits_at, single_at};

use super::bits::Run;
use super::formula::Known;
use super::trace::{self, Recorder, Setter};
use super::{Error, Fault, Interpreter, Place, envelope, headers, own, via};
use crate::ir::headers::{Framed, framed};
use crate::ir::{
    By, Bytes, Choice, Computed, Content, Extent, Field, Filler, Formula, Layout, Measure, Pointer, Role, Scale,
    Schema, Side, Since, Term, Type, Value,
};

pub(super) fn message(interpreter: &Interpreter<'_>, frame: &[u8]) -> Result<Value, Error> {
    recorded(interpreter, frame, true, None)
}

/// Reads a frame that is `whole` or cut, and writes down what stands where if there is a `recorder`.
pub(super) fn recorded(
    interpreter: &Interpreter<'_>,
    frame: &[u8],
    whole: bool,
    recorder: Option<&Recorder>,
) -> Result<Value, Error> {
    let Some(envelope) = interpreter.message.envelope() else {
        return content(interpreter, frame, whole, recorder);
    };
    if !whole {
        return Ok(Value::Struct(Vec::new()));
    }
    let opened = envelope::open(interpreter, envelope, frame)?;
    let read = content(interpreter, &opened.bytes, true, recorder);
    let read = read.map_err(|error| Error { offset: opened.places[error.offset], ..error });
    if let Some(recorder) = recorder {
        recorder.envelope(opened);
    }
    read
}

/// Reads what is in the envelope, or the frame if it has none.
pub(super) fn content(
    interpreter: &Interpreter<'_>,
    frame: &[u8],
    whole: bool,
    recorder: Option<&Recorder>,
) -> Result<Value, Error> {
    let layout = &interpreter.message.layout;
    let mut cursor = Cursor { bytes: frame, at: 0, depth: 0, recorder, trail: Trail::new() };
    let top = Top { from: interpreter.from, whole };
    let value = read_layout(interpreter.schema, layout, &[], &mut cursor, Some(top))?;
    match (frame.len() - cursor.at, layout.fields.last()) {
        (0, _) | (_, None) => Ok(value),
        (extra, Some(last)) => Err(Place::new(layout, last).error(cursor.at, Fault::Trailing { extra })),
    }
}

/// What has been read of a layout so far.
struct Progress<'s> {
    schema: &'s Schema,
    layout: &'s Layout,
    /// Where each field starts, and behind them where the next one does.
    starts: Vec<usize>,
    /// Where an error about each field points: where it starts, or the byte of its run.
    offsets: Vec<usize>,
    /// The last run of bits.
    run: Run,
    /// The numbers by field.
    numbers: Vec<Option<i128>>,
    /// The counts of the lists by field.
    counts: Vec<u64>,
    /// The values by field.
    values: Vec<Option<Value>>,
    /// The values that were handed in.
    params: &'s [Value],
    /// The lines of the headers that have been read.
    lines: Option<Vec<headers::Line>>,
    /// What headers say of the field that they frame.
    said: Option<headers::Said>,
    /// Whether transforms are not undone yet.
    on_wire: bool,
    /// What types of the user's make of values.
    meant: Vec<(usize, Value)>,
}

/// What only the layout of a message knows.
#[derive(Debug, Clone, Copy)]
struct Top {
    /// Who has sent it.
    from: Side,
    /// Whether its frame has arrived whole.
    whole: bool,
}

fn read_layout(
    schema: &Schema,
    layout: &Layout,
    params: &[Value],
    cursor: &mut Cursor<'_>,
    top: Option<Top>,
) -> Result<Value, Error> {
    let counted = schema.counted(layout);
    if let Some(limit) = counted.filter(|most| cursor.depth >= *most) {
        return Err(Place::first(layout).error(cursor.at, Fault::TooDeep { limit }));
    }
    cursor.depth += u64::from(counted.is_some());
    let outside = cursor.begin(layout);
    let value = read_inside(schema, layout, params, cursor, top)?;
    cursor.finish(layout, outside)?;
    cursor.depth -= u64::from(counted.is_some());
    Ok(value)
}

fn read_inside(
    schema: &Schema,
    layout: &Layout,
    params: &[Value],
    cursor: &mut Cursor<'_>,
    top: Option<Top>,
) -> Result<Value, Error> {
    if let Some(choice) = &layout.choice {
        return read_union(schema, layout, choice, params, cursor);
    }
    let undone = layout.undone_behind().filter(|_| top.is_some_and(|top| top.whole));
    let on_wire = undone.map_or(Ok(()), |last| on_wire(schema, layout, cursor, top, last));
    let mut progress = Progress::new(schema, layout, cursor.at, params);
    let read = read_fields(&mut progress, layout.fields.len(), top, cursor);
    // What was read before a mistake is written down all the same.
    on_wire.and(read)?;
    Ok(Value::Struct(progress.set()))
}

/// Reads what stands up to the last field that is transformed, and undoes what is: mistakes in that come first.
fn on_wire(schema: &Schema, layout: &Layout, cursor: &Cursor<'_>, top: Option<Top>, last: usize) -> Result<(), Error> {
    let mut cursor = Cursor { recorder: None, ..*cursor };
    let mut progress = Progress { on_wire: true, ..Progress::new(schema, layout, cursor.at, &[]) };
    read_fields(&mut progress, last + 1, top, &mut cursor)?;
    for (at, field) in layout.fields.iter().enumerate().take(last + 1) {
        let Type::Bytes(Bytes { via: Some(via), extent, .. }) = &field.ty else { continue };
        let Some(Value::Bytes(wire)) = &progress.values[at] else { continue };
        let start = match extent {
            Extent::Until(_) => progress.starts[at],
            _ => progress.starts[at + 1] - wire.len(),
        };
        let key = via::key(*via, &progress.values);
        own::undo(schema, *via, &key, wire).map_err(|fault| Place::new(layout, field).error(start, fault))?;
    }
    Ok(())
}

/// Reads the first `count` fields.
fn read_fields(
    progress: &mut Progress<'_>,
    count: usize,
    top: Option<Top>,
    cursor: &mut Cursor<'_>,
) -> Result<(), Error> {
    let (schema, layout) = (progress.schema, progress.layout);
    let from = top.map(|top| top.from);
    let whole = top.is_some_and(|top| top.whole);
    for (index, field) in layout.fields.iter().enumerate().take(count) {
        if field.bits.is_some_and(|place| place.first == index) {
            progress.run = Run::at(cursor.at);
        }
        let offset = field.bits.map_or(cursor.at, |place| progress.run.offset(&place));
        progress.offsets.push(offset);
        let present = progress.is_present(field, cursor);
        if !present {
            progress.starts.push(cursor.at);
            progress.counts.push(0);
            progress.numbers.push(None);
            progress.values.push(Some(Value::Option(None)));
            progress.equations(index, whole.then_some(cursor.bytes.len()))?;
            progress.checksums(index, cursor.bytes)?;
            continue;
        }
        // What newer peers add is told of where there is something.
        let told = field.role != Role::Extension || !cursor.left().is_empty();
        if told {
            cursor.opened_at(offset, &field.name, field.line);
        }
        let value = match &field.bits {
            Some(place) => progress.run.field(schema, (layout, index), place, from, cursor)?,
            None => read_field(progress, index, field, cursor)?,
        };
        let end = field.bits.map_or(cursor.at, |place| progress.run.end(&place, cursor.at));
        if told {
            cursor.closed_at(end, || (trace::setter(field), trace::found(schema, &field.ty, &value)));
        }
        progress.starts.push(cursor.at);
        progress.counts.push(if let Value::List(items) = &value { items.len() as u64 } else { 0 });
        let number = matches!(field.ty, Type::Int(..)).then(|| as_int(&value));
        progress.numbers.push(number);
        if let Some(number) = number {
            number_rules(layout, index, number, progress.offsets[index])?;
        }
        progress.values.push(Some(value));
        let mut rules = field.rules.iter().filter(|rule| progress.is_known(rule));
        if let Some(rule) = rules.find(|rule| !progress.known().holds(rule)) {
            let fault = Fault::Condition { condition: rule.text.clone() };
            return Err(Place::new(layout, field).error(offset, fault));
        }
        progress.convert(index, offset)?;
        progress.equations(index, whole.then_some(cursor.bytes.len()))?;
        progress.checksums(index, cursor.bytes)?;
    }
    Ok(())
}

impl<'s> Progress<'s> {
    /// Nothing of a layout is read yet, which begins at `start`.
    fn new(schema: &'s Schema, layout: &'s Layout, start: usize, params: &'s [Value]) -> Self {
        Self {
            schema,
            layout,
            starts: vec![start],
            offsets: Vec::new(),
            run: Run::default(),
            numbers: Vec::new(),
            counts: Vec::new(),
            values: Vec::new(),
            params,
            lines: None,
            said: None,
            on_wire: false,
            meant: Vec::new(),
        }
    }

    /// Asks the headers what they say of a field, if they frame it.
    fn ask_headers(&mut self, field: usize) -> Result<(), Error> {
        let Some(framed) = framed(self.schema, self.layout).filter(|framed| framed.body == field) else {
            return Ok(());
        };
        let place = Place::new(self.layout, &self.layout.fields[framed.headers]);
        self.said = Some(headers::said(self.lines.as_deref().unwrap_or_default(), &framed, place)?);
        Ok(())
    }

    /// Whether a field is there, which is read next.
    fn is_present(&self, field: &Field, cursor: &Cursor<'_>) -> bool {
        match field.since {
            Some(Since { behind: Some(before), joined: true, .. }) => {
                self.values[before].as_ref().is_some_and(|value| *value != Value::Option(None))
            }
            Some(_) => !cursor.left().is_empty(),
            None => field.condition.as_ref().is_none_or(|condition| self.known().holds(condition)),
        }
    }

    /// Whether all that a formula reads is known.
    fn is_known(&self, formula: &Formula) -> bool {
        let unknown = |at: &usize| own::is_unknown(self.schema, &self.layout.fields[*at], self.on_wire);
        !formula.term.fields().iter().any(unknown)
    }

    /// Asks the type of the user's what a value of the wire stands for.
    fn convert(&mut self, index: usize, offset: usize) -> Result<(), Error> {
        let field = &self.layout.fields[index];
        let Some(value) = self.values[index].as_ref().filter(|_| !self.on_wire) else { return Ok(()) };
        match own::meant(self.schema, field, value) {
            None => {}
            Some(Ok(meant)) => self.meant.push((index, meant.wire)),
            Some(Err(reason)) => {
                return Err(Place::new(self.layout, field).error(offset, Fault::Refused { reason }));
            }
        }
        Ok(())
    }

    fn known(&self) -> Known<'_> {
        Known { schema: self.schema, layout: self.layout, fields: &self.values, params: self.params }
    }

    /// The values of the fields that a user sets.
    fn set(mut self) -> Vec<Value> {
        for (index, value) in std::mem::take(&mut self.meant) {
            self.values[index] = Some(value);
        }
        let fields = self.layout.fields.iter().zip(self.values);
        let set = fields.filter(|(field, _)| field.role == Role::Value && !matches!(field.ty, Type::Constant(_)));
        let value = |(field, value): (&Field, Option<Value>)| match (value?, field.is_optional()) {
            (value @ Value::Option(_), _) | (value, false) => Some(value),
            (value, true) => Some(Value::Option(Some(Box::new(value)))),
        };
        set.filter_map(value).collect()
    }

    /// Checks the equations that can be checked now that field `read` has been read; `frame` is the size of the frame
    /// if this is the layout of the message.
    fn equations(&self, read: usize, frame: Option<usize>) -> Result<(), Error> {
        for (index, field) in self.layout.fields.iter().enumerate().take(read + 1) {
            let Role::Computed(equation) = field.role else { continue };
            if equation.absent.is_some_and(|absent| self.numbers[index] == Some(absent)) {
                continue;
            }
            let last_field = self.layout.fields.len() - 1;
            let (measured, due) = match equation.measure {
                // It is a region of each element, which uses it up.
                Measure::Each { .. } => continue,
                Measure::Elements { list } => (self.counts.get(list).copied(), list.max(index)),
                Measure::Bytes { first, last } if frame.is_some() && last == last_field && first <= index + 1 => {
                    (frame.map(|end| (end - self.starts[first]) as u64), index)
                }
                Measure::Bytes { first, last } => {
                    let bytes = self.starts.get(last + 1).map(|end| (end - self.starts[first]) as u64);
                    (bytes, last.max(index))
                }
            };
            let (Some(measured), true) = (measured, due == read) else { continue };
            let said = i128::from(measured) + i128::from(equation.add);
            let found = self.numbers[index].unwrap_or_default();
            if equation.scale.said(found) != Some(said) {
                let expected = equation.scale.number(said).unwrap_or_else(|next| next);
                let fault = Fault::Mismatch { expected: as_u64(expected), found: as_u64(found) };
                return Err(Place::new(self.layout, field).error(self.offsets[index], fault));
            }
        }
        Ok(())
    }

    /// Checks the checksums that can be checked now that field `read` has been read.
    fn checksums(&self, read: usize, bytes: &[u8]) -> Result<(), Error> {
        for (index, field) in self.layout.fields.iter().enumerate().take(read + 1) {
            let Some(checksum) = self.layout.checksum(index).filter(|one| one.last.max(index) == read) else {
                continue;
            };
            let start = self.starts[checksum.first];
            let mut covered = bytes[start..self.starts[checksum.last + 1]].to_vec();
            if checksum.covers(index) {
                covered[self.starts[index] - start..self.starts[index + 1] - start].fill(0);
            }
            let Some(expected) = own::checksum(self.schema, checksum.function, &covered) else { continue };
            let found = as_u64(self.numbers[index].unwrap_or_default());
            if found != expected {
                let fault = Fault::Checksum { expected, found };
                return Err(Place::new(self.layout, field).error(self.offsets[index], fault));
            }
        }
        Ok(())
    }

    /// How many bytes or elements an earlier number says. Its own rules have been checked when it was read.
    fn said_by(&self, number: usize) -> u64 {
        let found = self.numbers[number].unwrap_or_default();
        match self.layout.fields[number].role {
            Role::Computed(equation) => as_u64(equation.scale.most(found) - i128::from(equation.add)),
            _ => as_u64(found),
        }
    }

    /// How many bytes or elements an extent says, if it is a number at all; the rules of a prefix are checked.
    fn length(&self, index: usize, extent: &Extent, cursor: &mut Cursor<'_>) -> Result<Option<u64>, Error> {
        let place = Place::new(self.layout, &self.layout.fields[index]);
        match extent {
            Extent::Fixed(length) => Ok(Some(*length)),
            Extent::Field(number) => Ok(Some(self.said_by(*number))),
            Extent::Prefix(int) => {
                let offset = cursor.at;
                let length = as_int(&cursor.number(int, place)?);
                number_rules(self.layout, index, length, offset)?;
                Ok(Some(as_u64(length)))
            }
            Extent::Formula { formula, .. } => {
                let length = self.known().length(formula).unwrap_or_default();
                match max(&self.layout.fields[index].ty) {
                    Some(limit) if length > limit => {
                        Err(place.error(cursor.at, Fault::TooLong { found: length, limit }))
                    }
                    _ => Ok(Some(length)),
                }
            }
            Extent::Header(_) => Ok(self.said.as_ref().and_then(|said| said.length)),
            Extent::Until(_) | Extent::Lines | Extent::Where(_) | Extent::Rest { .. } => Ok(None),
        }
    }
}

/// The rules that a number keeps by itself: the range of `in`, and the most of what it measures. It stands at `offset`
/// and is the field `index` of `layout`, or the prefix of that field.
pub(super) fn number_rules(layout: &Layout, index: usize, number: i128, offset: usize) -> Result<(), Error> {
    let field = &layout.fields[index];
    let place = Place::new(layout, field);
    let found = as_u64(number);
    let over = |most: i128| place.error(offset, Fault::TooLong { found, limit: as_u64(most) });
    if let Type::Int(_, range) = &field.ty {
        in_range(number, *range, offset, place)?;
        let (add, scale) = match field.role {
            Role::Computed(equation) if equation.absent == Some(number) => return Ok(()),
            Role::Computed(equation) => (i128::from(equation.add), equation.scale),
            _ => (0, Scale::One),
        };
        // What it says of each element keeps the same rules, whichever list that is.
        let own = |other: &Field| field.role.each().is_some() && std::ptr::eq(other, field);
        let measured = |other: &&Field| other.region == Some(index) || said_by(&other.ty, index) || own(other);
        for measured in layout.fields.iter().filter(measured) {
            let Some(number) = scale.said(number) else {
                return Err(place.error(offset, Fault::Mismatch { expected: as_u64(scale.most(number)), found }));
            };
            if number < add {
                return Err(place.error(offset, Fault::TooShort { found, least: as_u64(add) }));
            }
            if let Some(max) = max(&measured.ty).filter(|_| measured.region.is_none())
                && number - add > i128::from(max)
            {
                return Err(over(i128::from(max) + add));
            }
        }
        return Ok(());
    }
    match max(&field.ty) {
        Some(max) if number > i128::from(max) => Err(over(max.into())),
        _ => Ok(()),
    }
}

pub(super) fn in_range(found: i128, range: Option<(i128, i128)>, offset: usize, place: Place<'_>) -> Result<(), Error> {
    match range {
        Some((least, most)) if !(least..=most).contains(&found) => {
            Err(place.error(offset, Fault::OutOfRange { found, least, most }))
        }
        _ => Ok(()),
    }
}

/// Whether a field says how long bytes or a list are.
fn said_by(ty: &Type, field: usize) -> bool {
    matches!(extent(ty), Some(Extent::Field(at)) if *at == field)
}

fn extent(ty: &Type) -> Option<&Extent> {
    match ty {
        Type::Bytes(bytes) => Some(&bytes.extent),
        Type::List { count, .. } => Some(count),
        _ => None,
    }
}

fn max(ty: &Type) -> Option<u64> {
    match ty {
        Type::Bytes(bytes) => bytes.max,
        Type::List { max, .. } => *max,
        _ => None,
    }
}

fn read_field(
    progress: &mut Progress<'_>,
    index: usize,
    field: &Field,
    cursor: &mut Cursor<'_>,
) -> Result<Value, Error> {
    let place = Place::new(progress.layout, field);
    let mut region = match (field.leaves, field.region) {
        (Some(tail), _) => cursor.rest(tail, place)?,
        (None, Some(number)) => cursor.region(progress.said_by(number), place)?,
        (None, None) => return read_content(progress, index, field, cursor),
    };
    let value = read_content(progress, index, field, &mut region)?;
    let extra = region.left().len();
    if extra == 0 { Ok(value) } else { Err(place.error(region.at, Fault::Trailing { extra })) }
}

/// What fills the field in front up, which is blamed.
fn filled(progress: &Progress<'_>, filler: &Filler, cursor: &mut Cursor<'_>) -> Result<Value, Error> {
    let place = Place::new(progress.layout, &progress.layout.fields[filler.of]);
    let (start, at) = (progress.starts[filler.of], cursor.at);
    let found = (at - start) as u64;
    let Some(len) = filler.behind(found) else {
        let limit = filler.size;
        return Err(place.error(start + usize::try_from(limit).unwrap_or(0), Fault::TooLong { found, limit }));
    };
    let filler_bytes = cursor.take(len, place)?.to_vec();
    if let Some(byte) = filler.byte
        && let Some(other) = filler_bytes.iter().position(|found| *found != byte)
    {
        return Err(place.error(at + other, Fault::Constant { expected: vec![byte] }));
    }
    Ok(Value::Bytes(filler_bytes))
}

fn read_content(
    progress: &mut Progress<'_>,
    index: usize,
    field: &Field,
    cursor: &mut Cursor<'_>,
) -> Result<Value, Error> {
    let (schema, place) = (progress.schema, Place::new(progress.layout, field));
    if let Type::Filler(filler) = &field.ty {
        return filled(progress, filler, cursor);
    }
    if matches!(field.role, Role::Constant(_)) || matches!(field.ty, Type::Constant(_)) {
        return constant(schema, field, cursor, place);
    }
    if let (Role::Pointed(pointer), Type::Struct(part)) = (&field.role, &field.ty) {
        return follow(progress, (pointer, *part), cursor, place);
    }
    match &field.ty {
        Type::Bytes(Bytes { content: Content::Headers, max, .. }) => {
            let (framed, start) = (framed(schema, progress.layout), cursor.at);
            let (lines, len) = match headers::read(cursor.left(), start, max.unwrap_or(u64::MAX), place)? {
                headers::Arrived::Whole(lines, len) => (lines, len),
                headers::Arrived::Part(_) => {
                    return Err(place.error(cursor.bytes.len(), Fault::Truncated { needed: 1 }));
                }
            };
            cursor.at += len + 2;
            cursor.held(start..start + len);
            let computed = framed.as_ref().map(Framed::computed).unwrap_or_default();
            // What they say is looked at when that is reached.
            progress.lines = Some(lines.clone());
            Ok(headers::value(&lines, &computed))
        }
        Type::Bytes(bytes) if field.role == Role::Extension => {
            let length = progress.length(index, &bytes.extent, cursor)?;
            let skipped = cursor.take(length.unwrap_or(cursor.left().len() as u64), place)?;
            Ok(Value::Bytes(skipped.to_vec()))
        }
        Type::Bytes(bytes) => {
            progress.ask_headers(index)?;
            let length = progress.length(index, &bytes.extent, cursor)?;
            let key = bytes.via.map(|via| via::key(via, &progress.values));
            let raw = own::readable(schema, bytes, progress.on_wire);
            let bytes = raw.as_ref().unwrap_or(bytes);
            read_bytes(schema, bytes, (length, key.as_deref().unwrap_or_default()), cursor, place)
        }
        Type::List { element, count, max } => {
            let length = progress.length(index, count, cursor)?;
            let args = progress.known().arguments(&field.args);
            let each = progress.layout.each(index).map(|number| progress.said_by(number));
            let element = Element { ty: element, args: &args, each };
            match count {
                Extent::Where(condition) => read_until(schema, element, (condition, *max), cursor, place),
                _ => read_list(schema, element, (count, length, *max), cursor, place),
            }
        }
        Type::Struct(part) if matches!(schema.structs[*part].choice, Some(Choice { by: By::Header { .. }, .. })) => {
            progress.ask_headers(index)?;
            let args = progress.known().arguments(&field.args);
            let (union, said) = (&schema.structs[*part], progress.said.take());
            read_chosen(schema, union, args.get(1..).unwrap_or_default(), said, cursor)
        }
        Type::Struct(index) => {
            let args = progress.known().arguments(&field.args);
            read_layout(schema, &schema.structs[*index], &args, cursor, None)
        }
        single => read_single(schema, single, cursor, place),
    }
}

/// What stands where a pointer leads.
fn follow(
    progress: &Progress<'_>,
    (pointer, part): (&Pointer, usize),
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let (schema, known) = (progress.schema, progress.known());
    let at = pointer.place.term.evaluate(&|term| match term {
        Term::Offset(field) => i128::try_from(progress.starts[*field]).ok().map(Computed::Int),
        term => known.computed(term),
    });
    let at = match at {
        Some(Computed::Int(at)) => at,
        other => unreachable!("a place is a number, not {other:?}"),
    };
    let target = &schema.structs[part];
    let hops = target.hops.unwrap_or_default();
    let read = |there: &mut Cursor<'_>| read_layout(schema, target, &[], there, None);
    cursor.follow((at, progress.starts[0]), (pointer, hops), read, place)
}

/// The arm of a union that headers have chosen.
fn read_chosen(
    schema: &Schema,
    layout: &Layout,
    params: &[Value],
    said: Option<headers::Said>,
    cursor: &mut Cursor<'_>,
) -> Result<Value, Error> {
    let index = said.as_ref().and_then(|said| said.arm).unwrap_or_default();
    let mut progress = Progress::new(schema, layout, cursor.at, params);
    progress.said = said;
    read_arm(progress, index, params, cursor)
}

/// One arm of a union, behind its tag if it has one; a value that is given comes first in `params`.
fn read_union(
    schema: &Schema,
    layout: &Layout,
    choice: &Choice,
    params: &[Value],
    cursor: &mut Cursor<'_>,
) -> Result<Value, Error> {
    let place = Place { layout: &layout.name, field: "tag", line: layout.line };
    let offset = cursor.at;
    let (value, params) = match (&choice.by, params) {
        (By::Tag(int), params) => {
            cursor.opened_at(offset, "tag", layout.line);
            let tag = cursor.number(int, place)?;
            let found = || (Setter::Encoder, trace::found(schema, &Type::Int(int.clone(), None), &tag));
            cursor.closed_at(cursor.at, found);
            (tag, params)
        }
        (By::Bits { .. }, params) => {
            let Some(first) = cursor.left().first() else {
                return Err(place.error(offset, Fault::Truncated { needed: 1 }));
            };
            (Value::Int(choice.by.of_first(*first).unwrap_or_default()), params)
        }
        (By::Given(_), [given, params @ ..]) => (given.clone(), params),
        (By::Given(_), []) | (By::Header { .. }, _) => (Value::Int(0), params),
    };
    let Some(index) = choice.given(schema, &value) else {
        let fault = match &choice.by {
            By::Given(Type::Bytes(Bytes { content: Content::Word(index), .. })) => {
                let words = choice.words(&schema.words[*index]);
                Fault::Word { expected: words.into_iter().map(str::to_owned).collect() }
            }
            _ => Fault::Variant { found: as_u64(as_int(&value)) },
        };
        return Err(place.error(offset, fault));
    };
    let progress = Progress::new(schema, layout, cursor.at, params);
    read_arm(progress, index, params, cursor)
}

fn read_arm(
    mut progress: Progress<'_>,
    index: usize,
    params: &[Value],
    cursor: &mut Cursor<'_>,
) -> Result<Value, Error> {
    let (schema, layout, start) = (progress.schema, progress.layout, cursor.at);
    let field = &layout.fields[index];
    let mut values = vec![None; layout.fields.len()];
    let value = read_field(&mut progress, index, field, cursor)?;
    values[index] = Some(value.clone());
    let known = Known { schema, layout, fields: &values, params };
    match field.rules.iter().find(|rule| !known.holds(rule)) {
        Some(rule) => Err(Place::new(layout, field).error(start, Fault::Condition { condition: rule.text.clone() })),
        None => Ok(Value::Arm(index, Box::new(value))),
    }
}

/// A number as an integer; over `i128` it is over every limit too.
pub(super) fn as_int(value: &Value) -> i128 {
    match value {
        Value::Int(value) => *value,
        Value::Huge(_) => i128::MAX,
        _ => 0,
    }
}

/// A number as an error carries it.
pub(super) fn as_u64(value: i128) -> u64 {
    u64::try_from(value.max(0)).unwrap_or(u64::MAX)
}
