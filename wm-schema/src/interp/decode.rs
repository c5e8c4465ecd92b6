//! Reads a whole frame, field by field.

use super::bits::Run;
use super::formula::{self, Known};
use super::trace::{self, Found, Recorder, Setter};
use super::{Error, Fault, Interpreter, Place, checksum, encode, envelope, float, headers, json, number, via};
use crate::ir::headers::{Framed, framed};
use crate::ir::{
    BitPlace, By, Bytes, Choice, Content, Extent, Field, Formula, Int, Layout, Measure, Role, Schema, Side, Since,
    Type, Value,
};
use std::ops::Range;

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
fn content(
    interpreter: &Interpreter<'_>,
    frame: &[u8],
    whole: bool,
    recorder: Option<&Recorder>,
) -> Result<Value, Error> {
    let layout = &interpreter.message.layout;
    let mut cursor = Cursor { bytes: frame, at: 0, depth: 0, recorder };
    let top = Top { from: interpreter.from, whole };
    let value = read_layout(interpreter.schema, layout, &[], &mut cursor, Some(top))?;
    match (frame.len() - cursor.at, layout.fields.last()) {
        (0, _) | (_, None) => Ok(value),
        (extra, Some(last)) => Err(Place::new(layout, last).error(cursor.at, Fault::Trailing { extra })),
    }
}

/// How far a region has been read. Offsets count from the start of the frame in every region.
pub(super) struct Cursor<'f> {
    /// The frame up to the end of the region.
    pub(super) bytes: &'f [u8],
    pub(super) at: usize,
    /// How many layouts that contain themselves stand around it.
    depth: u64,
    recorder: Option<&'f Recorder>,
}

impl<'f> Cursor<'f> {
    pub(super) fn left(&self) -> &'f [u8] {
        &self.bytes[self.at..]
    }

    pub(super) fn take(&mut self, len: u64, place: Place<'_>) -> Result<&'f [u8], Error> {
        let left = self.left();
        match usize::try_from(len).ok().filter(|len| *len <= left.len()) {
            Some(len) => {
                self.at += len;
                Ok(&left[..len])
            }
            None => {
                let needed = usize::try_from(len).unwrap_or(usize::MAX) - left.len();
                Err(place.error(self.bytes.len(), Fault::Truncated { needed }))
            }
        }
    }

    /// What is left of the region but for its last `tail` bytes, as a region of its own; this one steps over it.
    fn rest(&mut self, tail: u64, place: Place<'_>) -> Result<Self, Error> {
        let left = self.left().len() as u64;
        let Some(len) = left.checked_sub(tail) else {
            let needed = usize::try_from(tail - left).unwrap_or(usize::MAX);
            return Err(place.error(self.bytes.len(), Fault::Truncated { needed }));
        };
        self.region(len, place)
    }

    /// The next `len` bytes as a region of their own; this one steps over it.
    fn region(&mut self, len: u64, place: Place<'_>) -> Result<Self, Error> {
        let start = self.at;
        self.take(len, place)?;
        Ok(Self { bytes: &self.bytes[..self.at], at: start, ..*self })
    }

    fn number(&mut self, int: &Int, place: Place<'_>) -> Result<Value, Error> {
        match number::read(int, self.left(), self.at, place)? {
            Some((value, width)) => {
                self.at += width;
                Ok(value)
            }
            None => {
                // A number of fixed width says how much is missing; the others only that more is.
                let fixed = int.size().fixed().and_then(|width| usize::try_from(width).ok());
                let needed = fixed.map_or(1, |width| width - self.left().len());
                Err(place.error(self.bytes.len(), Fault::Truncated { needed }))
            }
        }
    }
}

/// What is written down for a trace.
impl Cursor<'_> {
    /// A field or an element starts here.
    fn opened(&self, name: &str, line: u32) {
        self.opened_at(self.at, name, line);
    }

    /// A field starts there: some of its bits may have been read.
    fn opened_at(&self, at: usize, name: &str, line: u32) {
        if let Some(recorder) = self.recorder {
            recorder.open(name, line, at);
        }
    }

    /// The content of what was opened last stands here.
    fn held(&self, content: Range<usize>) {
        if let Some(recorder) = self.recorder {
            recorder.content(content);
        }
    }

    /// What was opened last ends here.
    fn closed(&self, found: impl FnOnce() -> (Setter, Found)) {
        self.closed_at(self.at, found);
    }

    /// What was opened last ends there.
    fn closed_at(&self, at: usize, found: impl FnOnce() -> (Setter, Found)) {
        if let Some(recorder) = self.recorder {
            let (setter, found) = found();
            recorder.close(at, setter, found);
        }
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
    let value = read_inside(schema, layout, params, cursor, top)?;
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
    let from = top.map(|top| top.from);
    let whole = top.is_some_and(|top| top.whole);
    let mut progress = Progress::new(schema, layout, cursor.at, params);
    for (index, field) in layout.fields.iter().enumerate() {
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
            None => read_field(&mut progress, index, field, cursor)?,
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
        if let Some(rule) = field.rules.iter().find(|rule| !progress.known().holds(rule)) {
            let fault = Fault::Condition { condition: rule.text.clone() };
            return Err(Place::new(layout, field).error(offset, fault));
        }
        progress.equations(index, whole.then_some(cursor.bytes.len()))?;
        progress.checksums(index, cursor.bytes)?;
    }
    Ok(Value::Struct(progress.set()))
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

    fn known(&self) -> Known<'_> {
        Known { schema: self.schema, layout: self.layout, fields: &self.values, params: self.params }
    }

    /// The values of the fields that a user sets.
    fn set(self) -> Vec<Value> {
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
            let last_field = self.layout.fields.len() - 1;
            let (measured, due) = match equation.measure {
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
            let expected = i128::from(measured) + i128::from(equation.add);
            let found = self.numbers[index].unwrap_or_default();
            if found != expected {
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
            let expected = checksum::of(checksum.function, &covered);
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
        let add = match self.layout.fields[number].role {
            Role::Computed(equation) => i128::from(equation.add),
            _ => 0,
        };
        as_u64(self.numbers[number].unwrap_or_default() - add)
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
        let add = match field.role {
            Role::Computed(equation) => i128::from(equation.add),
            _ => 0,
        };
        for measured in layout.fields.iter().filter(|other| other.region == Some(index) || said_by(&other.ty, index)) {
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

fn read_content(
    progress: &mut Progress<'_>,
    index: usize,
    field: &Field,
    cursor: &mut Cursor<'_>,
) -> Result<Value, Error> {
    let (schema, place) = (progress.schema, Place::new(progress.layout, field));
    if matches!(field.role, Role::Constant(_)) || matches!(field.ty, Type::Constant(_)) {
        return constant(schema, field, cursor, place);
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
            read_bytes(schema, bytes, (length, key.as_deref().unwrap_or_default()), cursor, place)
        }
        Type::List { element, count, max } => {
            let length = progress.length(index, count, cursor)?;
            match count {
                Extent::Where(condition) => read_until(schema, (element, condition, *max), cursor, place),
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

fn constant(schema: &Schema, field: &Field, cursor: &mut Cursor<'_>, place: Place<'_>) -> Result<Value, Error> {
    let expected = encode::constant(schema, field);
    let start = cursor.at;
    let found = cursor.take(expected.len() as u64, place)?;
    match found.iter().zip(&expected).position(|(found, expected)| found != expected) {
        None => Ok(if let Role::Constant(value) = field.role { Value::Int(value) } else { Value::Bytes(expected) }),
        Some(same) => Err(place.error(start + same, Fault::Constant { expected })),
    }
}

/// A value that is neither bytes nor a list, at a place of a frame.
pub(super) fn single_at(schema: &Schema, ty: &Type, bytes: &[u8], at: usize, place: Place<'_>) -> Result<Value, Error> {
    read_single(schema, ty, &mut Cursor { bytes, at, depth: 0, recorder: None }, place)
}

/// A field of a run of bits that starts at a place of a frame.
pub(super) fn bits_at(
    schema: &Schema,
    (layout, index): (&Layout, usize),
    place: &BitPlace,
    bytes: &[u8],
    at: usize,
) -> Result<Value, Error> {
    let mut cursor = Cursor { bytes, at, depth: 0, recorder: None };
    let first = &layout.fields[place.first];
    let run = cursor.take(place.bytes.into(), Place::new(layout, first))?;
    cursor.at = at;
    Run::read(at, run, place.endian).field(schema, (layout, index), place, None, &mut cursor)
}

/// A value that is neither bytes nor a list.
fn read_single(schema: &Schema, ty: &Type, cursor: &mut Cursor<'_>, place: Place<'_>) -> Result<Value, Error> {
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
        Type::Constant(_) | Type::Bytes(_) | Type::List { .. } => unreachable!("read by read_field"),
    }
}

fn read_list(
    schema: &Schema,
    element: &Type,
    (count, length, max): (&Extent, Option<u64>, Option<u64>),
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let mut items = Vec::new();
    let Extent::Rest { tail } = count else {
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
fn read_until(
    schema: &Schema,
    (element, condition, max): (&Type, &Formula, Option<u64>),
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    let (start, mut items) = (cursor.at, Vec::new());
    loop {
        if let Some(limit) = max.filter(|max| items.len() as u64 == *max) {
            return Err(place.error(cursor.at, Fault::TooLong { found: limit + 1, limit }));
        }
        let item = read_element(schema, element, items.len() as u64, cursor, place)?;
        let last = formula::meets(schema, condition, (&item, element));
        items.push(item);
        if last {
            cursor.held(start..cursor.at);
            return Ok(Value::List(items));
        }
    }
}

fn read_element(
    schema: &Schema,
    element: &Type,
    index: u64,
    cursor: &mut Cursor<'_>,
    place: Place<'_>,
) -> Result<Value, Error> {
    if cursor.recorder.is_none() || !trace::has_spans(element) {
        return read_single(schema, element, cursor, place);
    }
    cursor.opened(&format!("[{index}]"), place.line);
    let value = read_single(schema, element, cursor, place)?;
    cursor.closed(|| (Setter::User, trace::found(schema, element, &value)));
    Ok(value)
}

fn read_bytes(
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
        (Extent::Until(delimiter), _) => {
            let Some(len) = number::find(cursor.left(), delimiter) else {
                return Err(place.error(cursor.bytes.len(), Fault::Truncated { needed: 1 }));
            };
            if len as u64 > most {
                return Err(over(len, most));
            }
            let content = &cursor.left()[..len];
            cursor.at += len + delimiter.len();
            content
        }
        (Extent::Rest { tail }, _) => {
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
    let plain = via::undo(via, key, content).map_err(|fault| place.error(start, fault))?;
    meaning(schema, bytes.content, &plain, start, place)
}

/// What bytes that stand at `offset` mean.
fn meaning(schema: &Schema, content: Content, bytes: &[u8], offset: usize, place: Place<'_>) -> Result<Value, Error> {
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
