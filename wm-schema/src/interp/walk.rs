//! The end of a frame that is found field by field: taken from the start at each look, so that nothing is remembered.

use super::formula::Known;
use super::{Error, Fault, Input, Interpreter, Place, decode, encode, headers, number};
use crate::ir::headers::{Framed, FramedBy, framed};
use crate::ir::{By, Bytes, Choice, Computed, Delimiters, Extent, Field, Int, Layout, Role, Schema, Term, Type, Value};
use crate::walk::{self, Look, Span, Step};
use std::collections::HashMap;

pub(super) fn input(interpreter: &Interpreter<'_>, buf: &[u8]) -> Result<Input, Error> {
    let message = interpreter.message;
    let (least, most) = (message.layout.size.least.into(), message.frame_bytes_max.into());
    let mut walk = Walk { schema: interpreter.schema, buf, at: 0, least, most, depth: 0 };
    match walk.layout(&message.layout, &[]) {
        Ok(_) if walk.at <= buf.len() as u64 => Ok(Input::Frame(size(walk.at))),
        Ok(_) => Ok(Input::Need(size(walk.at) - buf.len())),
        Err(Stop::Missing { known }) => {
            let missing = walk.least + i128::from(known) - buf.len() as i128;
            Ok(Input::Need(usize::try_from(missing.max(1)).unwrap_or(usize::MAX)))
        }
        Err(Stop::UntilEnd) => Ok(Input::UntilEnd),
        Err(Stop::Bad(error)) => Err(error),
    }
}

/// Why a walk does not come to the end.
enum Stop {
    /// More bytes must arrive; so many of the field's are there that have not been counted.
    Missing {
        known: u64,
    },
    /// All that comes is taken, up to the end of the stream.
    UntilEnd,
    Bad(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Self {
        Self::Bad(error)
    }
}

/// The union that headers frame, and the arm that they choose.
fn arm_of<'s>(framed: &Framed<'s>, said: &headers::Said) -> Option<(&'s Layout, usize)> {
    match framed.how {
        FramedBy::Choice(union, ..) => Some((union, said.arm?)),
        FramedBy::Length(..) => None,
    }
}

struct Walk<'w> {
    schema: &'w Schema,
    buf: &'w [u8],
    /// The next byte.
    at: u64,
    /// The least size of the frame by what has been read of it.
    least: i128,
    /// The largest size of a frame.
    most: i128,
    /// How many layouts that contain themselves stand around the next byte.
    depth: u64,
}

/// A layout that is being walked over.
struct Level<'l> {
    layout: &'l Layout,
    /// What it is handed: of a union that is given its value, that first.
    params: &'l [Value],
    /// The units that a number says of what comes later.
    kept: Vec<(usize, u64)>,
    /// Where fields stand.
    marks: HashMap<usize, u64>,
    /// What headers say of what they frame.
    said: Option<headers::Said>,
}

impl<'l> Level<'l> {
    fn new(layout: &'l Layout, params: &'l [Value]) -> Self {
        Self { layout, params, kept: Vec::new(), marks: HashMap::new(), said: None }
    }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

impl<'w> Walk<'w> {
    fn arrived(&self) -> &'w [u8] {
        self.buf.get(size(self.at)..).unwrap_or_default()
    }

    /// Walks over a layout which is handed `params`, and says where the fields stand that a condition may read.
    fn layout(&mut self, layout: &Layout, params: &[Value]) -> Result<HashMap<usize, u64>, Stop> {
        let counted = self.schema.counted(layout);
        if let Some(limit) = counted.filter(|most| self.depth >= *most) {
            return Err(Place::first(layout).error(size(self.at), Fault::TooDeep { limit }).into());
        }
        self.depth += u64::from(counted.is_some());
        let mut level = Level::new(layout, params);
        let steps = match &layout.choice {
            Some(choice) => self.chosen(layout, choice, params)?,
            None => walk::steps(self.schema, layout),
        };
        let mut steps = steps.into_iter();
        while let Some(step) = steps.next() {
            if !self.step(&mut level, step)? {
                steps.next();
            }
        }
        self.depth -= u64::from(counted.is_some());
        Ok(level.marks)
    }

    /// The step over the arm that is chosen.
    fn chosen(&mut self, layout: &Layout, choice: &Choice, params: &[Value]) -> Result<Vec<Step>, Stop> {
        let tag = Place { layout: &layout.name, field: "tag", line: layout.line };
        let offset = size(self.at);
        let value = match (&choice.by, params.first()) {
            (By::Tag(int), _) => self.value(int, tag)?,
            (By::Bits { .. }, _) => match self.arrived().first() {
                Some(first) => choice.by.of_first(*first).unwrap_or_default(),
                None => return Err(Stop::Missing { known: 0 }),
            },
            (By::Given(_), Some(given)) => decode::as_int(given),
            (By::Header { .. }, _) | (By::Given(_), None) => 0,
        };
        let Some(arm) = choice.arm(value) else {
            return Err(tag.error(offset, Fault::Variant { found: decode::as_u64(value) }).into());
        };
        let least = layout.fields.iter().map(|field| field.size.least).min().unwrap_or_default();
        let field = &layout.fields[arm];
        self.grow(field.size.least - least, Place::new(layout, field))?;
        Ok(walk::steps(self.schema, layout).into_iter().skip(arm).take(1).collect())
    }

    /// Takes a step, and says whether the next one is to be taken.
    fn step(&mut self, level: &mut Level<'_>, step: Step) -> Result<bool, Stop> {
        let layout = level.layout;
        let place = |field: usize| Place::new(layout, &layout.fields[field]);
        match step {
            Step::Pass { bytes, .. } => self.at += bytes,
            Step::Constant { field } => {
                let expected = encode::constant(self.schema, &layout.fields[field]);
                self.constant(&layout.fields[field], expected, place(field))?;
            }
            Step::Until { field } => self.until(&layout.fields[field].ty, place(field))?,
            Step::End { field } => return Err(self.until_end(&layout.fields[field].ty, place(field))),
            Step::Headers { field, .. } => {
                let lines = self.headers(&layout.fields[field].ty, place(field))?;
                if let Some(framed) = framed(self.schema, layout).filter(|framed| framed.headers == field) {
                    let said = headers::said(&lines, &framed, place(field))?;
                    let extra = arm_of(&framed, &said)
                        .map_or(0, |(union, arm)| union.fields[arm].size.least - union.size.least);
                    self.grow(said.length.unwrap_or(0).saturating_add(extra), place(field))?;
                    level.said = Some(said);
                }
            }
            Step::Framed { .. } => {
                let Some((framed, said)) = framed(self.schema, layout).zip(level.said.take()) else { return Ok(true) };
                match (said.length, arm_of(&framed, &said)) {
                    (Some(length), _) => self.at += length,
                    (None, Some((union, arm))) => {
                        let arm = walk::framed_arm(self.schema, union, arm);
                        self.step(&mut Level::new(union, &[]), arm)?;
                    }
                    (None, None) => {}
                }
            }
            Step::Free { field } => self.free(&layout.fields[field].ty, place(field))?,
            Step::Mark { field, .. } => drop(level.marks.insert(field, self.at)),
            Step::If { field, reads, least } => {
                let values = self.looked(level, &reads)?;
                let known = Known { schema: self.schema, layout, fields: &values, params: level.params };
                if !layout.fields[field].condition.as_ref().is_none_or(|condition| known.holds(condition)) {
                    return Ok(false);
                }
                self.grow(least, place(field))?;
            }
            Step::Number { field, span, slot } => {
                let units = self.number(layout, field, span)?;
                match slot {
                    Some(slot) => level.kept.push((slot, units)),
                    None => self.units(level, span, units)?,
                }
            }
            Step::Kept { span, slot } => {
                let units = level.kept.iter().find(|(kept, _)| *kept == slot).map_or(0, |(_, units)| *units);
                self.units(level, span, units)?;
            }
            Step::Sized { field, span, reads } => {
                let units = self.sized(level, field, span, &reads)?;
                self.units(level, span, units)?;
            }
            Step::Elements { field, least } => self.up_to_the_last(layout, field, least)?,
            Step::Enter { field, count, reads } => {
                let args = self.arguments(level, field, &reads)?;
                self.elements(layout, field, count, &args)?;
            }
        }
        Ok(true)
    }

    /// Header lines and the empty one.
    fn headers(&mut self, ty: &Type, place: Place<'_>) -> Result<Vec<headers::Line>, Stop> {
        let Type::Bytes(Bytes { max, .. }) = ty else { return Ok(Vec::new()) };
        let room = decode::as_u64(self.most - self.least);
        match headers::read(self.arrived(), size(self.at), max.map_or(room, |max| max.min(room)), place)? {
            headers::Arrived::Whole(lines, len) => {
                self.grow(len as u64, place)?;
                self.at += len as u64 + 2;
                Ok(lines)
            }
            headers::Arrived::Part(known) => Err(Stop::Missing { known: known as u64 }),
        }
    }

    /// The values of fields that are read again at their places.
    fn looked(&self, level: &Level<'_>, reads: &[(usize, usize)]) -> Result<Vec<Option<Value>>, Stop> {
        let layout = level.layout;
        let mut values = vec![None; layout.fields.len()];
        for (read, _) in reads {
            let (field, place) = (&layout.fields[*read], Place::new(layout, &layout.fields[*read]));
            let at = level.marks[&field.bits.map_or(*read, |place| place.first)];
            let least = match (&field.ty, field.bits) {
                (_, Some(place)) => u64::from(place.bytes),
                (Type::Int(int, _), None) => int.size().least,
                (Type::Enum(index), None) => self.schema.enums[*index].repr.size().least,
                _ => 0,
            };
            if (self.buf.len() as u64) < at + least {
                return Err(Stop::Missing { known: 0 });
            }
            values[*read] = Some(match field.bits {
                Some(bits) => decode::bits_at(self.schema, (layout, *read), &bits, self.buf, size(at))?,
                None => decode::single_at(self.schema, &field.ty, self.buf, size(at), place)?,
            });
        }
        Ok(values)
    }

    fn constant(&mut self, field: &Field, expected: Vec<u8>, place: Place<'_>) -> Result<(), Stop> {
        let arrived = self.arrived();
        if let Some(same) = encode::stray(field, arrived, &expected) {
            return Err(place.error(size(self.at) + same, Fault::Constant { expected }).into());
        }
        if arrived.len() < expected.len() {
            return Err(Stop::Missing { known: 0 });
        }
        self.at += expected.len() as u64;
        Ok(())
    }

    /// Bytes of the field more than have been counted.
    fn grow(&mut self, more: u64, place: Place<'_>) -> Result<(), Stop> {
        let least = self.least + i128::from(more);
        if least > self.most {
            let fault = Fault::TooLong { found: decode::as_u64(least), limit: decode::as_u64(self.most) };
            return Err(place.error(size(self.at), fault).into());
        }
        self.least = least;
        Ok(())
    }

    /// Bytes up to a delimiter.
    fn until(&mut self, ty: &Type, place: Place<'_>) -> Result<(), Stop> {
        let Type::Bytes(Bytes { extent: Extent::Until(ends), max, .. }) = ty else { return Ok(()) };
        // The shortest delimiter has been counted, and the longest may come.
        let room = decode::as_u64(self.most - self.least).saturating_sub(ends.longest() - ends.shortest());
        let found = self.up_to(ends, max.map_or(room, |max| max.min(room)), place)?;
        let Some((len, end)) = found else {
            let overlap = ends.longest() - 1;
            return Err(Stop::Missing { known: (self.arrived().len() as u64).saturating_sub(overlap) });
        };
        self.least += i128::from(len + end - ends.shortest());
        self.at += len + end;
        Ok(())
    }

    /// All that comes up to the end of the stream. Of no bytes at all no frame has begun.
    fn until_end(&self, ty: &Type, place: Place<'_>) -> Stop {
        let room = decode::as_u64(self.most - self.least);
        let limit = match ty {
            Type::Bytes(Bytes { max: Some(max), .. }) => room.min(*max),
            _ => room,
        };
        if self.arrived().len() as u64 > limit {
            return place.error(size(self.at + limit), Fault::TooLong { found: limit + 1, limit }).into();
        }
        if self.buf.is_empty() || self.buf.len() < size(self.at) {
            return Stop::Missing { known: 0 };
        }
        Stop::UntilEnd
    }

    /// How many bytes stand in front of a delimiter, if it has arrived, and how many it has itself.
    fn up_to(&self, ends: &Delimiters, max: u64, place: Place<'_>) -> Result<Option<(u64, u64)>, Error> {
        let arrived = self.arrived();
        let found = number::find(arrived, ends).map(|(len, end)| (len as u64, end as u64));
        let sure = found.map_or((arrived.len() as u64 + 1).saturating_sub(ends.longest()), |(len, _)| len);
        if sure > max {
            return Err(place.error(size(self.at + max), Fault::TooLong { found: sure, limit: max }));
        }
        Ok(found)
    }

    /// A number that measures nothing.
    fn free(&mut self, ty: &Type, place: Place<'_>) -> Result<(), Stop> {
        let Type::Int(int, _) = ty else { return Ok(()) };
        self.value(int, place).map(drop)
    }

    /// A number that is read.
    fn value(&mut self, int: &Int, place: Place<'_>) -> Result<i128, Stop> {
        if let Int::Until { signed: true, ends, max, .. } = int {
            self.up_to(ends, u64::from(*max), place)?;
        }
        let arrived = self.arrived();
        let least = int.size().least;
        let Some((value, width)) = number::arriving(int, arrived, size(self.at), place)? else {
            let counted = if int.size().fixed().is_some() { u64::MAX } else { least - 1 };
            return Err(Stop::Missing { known: (arrived.len() as u64).saturating_sub(counted) });
        };
        self.grow(width as u64 - least, place)?;
        self.at += width as u64;
        Ok(decode::as_int(&value))
    }

    /// A number that measures, and by it the units that have not been counted.
    fn number(&mut self, layout: &Layout, field: usize, span: Span) -> Result<u64, Stop> {
        let place = Place::new(layout, &layout.fields[field]);
        let offset = size(self.at);
        let int = match &layout.fields[field].ty {
            Type::Int(int, _) => int,
            Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) | Type::List { count: Extent::Prefix(int), .. } => {
                int
            }
            _ => return Ok(0),
        };
        let number = self.value(int, place)?;
        decode::number_rules(layout, field, number, offset)?;
        if matches!(layout.fields[field].role, Role::Computed(equation) if equation.absent == Some(number)) {
            return Ok(0);
        }
        let (found, add) = (decode::as_u64(number), i128::from(span.add));
        let units = span.scale.most(number) - add;
        if units < 0 {
            return Err(place.error(offset, Fault::TooShort { found, least: decode::as_u64(add) }).into());
        }
        let room = (self.most - self.least) / i128::from(span.unit);
        if units > room {
            return Err(place.error(offset, Fault::TooLong { found, limit: decode::as_u64(room + add) }).into());
        }
        self.least += units * i128::from(span.unit);
        Ok(decode::as_u64(units))
    }

    /// The units that a formula says and that have not been counted.
    fn sized(&mut self, level: &Level<'_>, field: usize, span: Span, reads: &[(usize, usize)]) -> Result<u64, Stop> {
        let (layout, place) = (level.layout, Place::new(level.layout, &level.layout.fields[field]));
        let values = self.looked(level, reads)?;
        let given = walk::handed(layout) - layout.params.len();
        let params = level.params.get(given..).unwrap_or_default();
        let known = Known { schema: self.schema, layout, fields: &values, params };
        let found = walk::worked_out(&layout.fields[field].ty).and_then(|formula| known.length(formula));
        let found = found.unwrap_or_default();
        let over = |limit: u64| place.error(size(self.at), Fault::TooLong { found, limit });
        let units = found - span.least;
        if let Some(max) = span.max.filter(|max| units > *max) {
            return Err(over(max + span.least).into());
        }
        let room = decode::as_u64((self.most - self.least) / i128::from(span.unit));
        if units > room {
            return Err(over(room + span.least).into());
        }
        self.least += i128::from(units) * i128::from(span.unit);
        Ok(units)
    }

    /// What a number has measured; `units` are those over the least.
    fn units(&mut self, level: &Level<'_>, span: Span, units: u64) -> Result<(), Stop> {
        if span.walked {
            let (layout, count) = (level.layout, span.least + units);
            let reads = walk::read_by_arguments(self.schema, layout, span.first);
            let args = self.arguments(level, span.first, &reads)?;
            return self.elements(layout, span.first, count, &args);
        }
        self.at += (span.least + units) * span.unit;
        Ok(())
    }

    /// What a field hands on.
    fn arguments(&self, level: &Level<'_>, field: usize, reads: &[(usize, usize)]) -> Result<Vec<Value>, Stop> {
        let (layout, values) = (level.layout, self.looked(level, reads)?);
        // An arm hands on what its union is handed, but for the value that has chosen it.
        let given = walk::handed(layout) - layout.params.len();
        let params = level.params.get(given..).unwrap_or_default();
        let known = Known { schema: self.schema, layout, fields: &values, params };
        Ok(known.arguments(&layout.fields[field].args))
    }

    /// A struct, or elements one behind the other.
    fn elements(&mut self, layout: &Layout, field: usize, count: u64, args: &[Value]) -> Result<(), Stop> {
        let place = Place::new(layout, &layout.fields[field]);
        let ty = match &layout.fields[field].ty {
            Type::List { element, .. } => element,
            ty => ty,
        };
        for _ in 0..count {
            match ty {
                Type::Struct(index) => drop(self.layout(&self.schema.structs[*index], args)?),
                number => self.free(number, place)?,
            }
        }
        Ok(())
    }

    /// Elements up to the first that meets the condition of the list; each takes at least `least` bytes.
    fn up_to_the_last(&mut self, layout: &Layout, field: usize, least: u64) -> Result<(), Stop> {
        let place = Place::new(layout, &layout.fields[field]);
        let Type::List { element, count: Extent::Where(condition), max } = &layout.fields[field].ty else {
            return Ok(());
        };
        let looks = walk::looks(self.schema, element, condition).unwrap_or_default();
        for index in 0u64.. {
            if index > 0 {
                if let Some(limit) = max.filter(|max| *max == index) {
                    return Err(place.error(size(self.at), Fault::TooLong { found: limit + 1, limit }).into());
                }
                self.grow(least, place)?;
            }
            let start = self.at;
            let marks = self.element(element, place)?;
            let mut seen = Vec::new();
            for look in &looks {
                let at = look.field().map_or(Some(start), |field| marks.get(&field).copied());
                seen.push((*look, self.seen(element, *look, at.unwrap_or(start), place)?));
            }
            let known = |term: &Term| {
                let (wanted, add) = match term {
                    Term::It => (Look::Whole, 0),
                    Term::Member { field, .. } => (Look::Value(*field), 0),
                    Term::Length { of, add } => match &**of {
                        Term::Member { field, .. } => (Look::Length { of: *field, said_by: usize::MAX }, *add),
                        _ => return None,
                    },
                    _ => return None,
                };
                let same = |look: &Look| match (look, wanted) {
                    (Look::Length { of, .. }, Look::Length { of: wanted, .. }) => *of == wanted,
                    (look, wanted) => *look == wanted,
                };
                let (_, value) = seen.iter().find(|(look, _)| same(look))?;
                Some(Computed::Int(value + i128::from(add)))
            };
            if condition.term.evaluate(&known).is_some_and(|value| value.holds()) {
                break;
            }
        }
        Ok(())
    }

    /// One element, and where its fields stand.
    fn element(&mut self, element: &Type, place: Place<'_>) -> Result<HashMap<usize, u64>, Stop> {
        let mut marks = HashMap::new();
        match element {
            Type::Struct(index) => {
                let layout = &self.schema.structs[*index];
                if layout.size.fixed().is_none() {
                    return self.layout(layout, &[]);
                }
                for (at, field) in layout.fields.iter().enumerate() {
                    marks.insert(at, self.at);
                    self.at += field.size.least;
                }
            }
            Type::Enum(index) => self.at += self.schema.enums[*index].repr.size().least,
            Type::Int(int, _) if int.size().fixed().is_some() => self.at += int.size().least,
            number => self.free(number, place)?,
        }
        Ok(marks)
    }

    /// What a condition asks for, once it has arrived: a number, or how many units a number says.
    fn seen(&self, element: &Type, look: Look, at: u64, list: Place<'_>) -> Result<i128, Stop> {
        let layout = match element {
            Type::Struct(index) => Some(&self.schema.structs[*index]),
            _ => None,
        };
        let Some((layout, field)) = layout.zip(look.field()) else { return self.number_at(element, at, list) };
        let place = Place::new(layout, &layout.fields[field]);
        let Look::Length { of, .. } = look else { return self.number_at(&layout.fields[field].ty, at, place) };
        match walk::said_length(layout, of) {
            Some((int, add)) => Ok(self.number_at(&Type::Int(int.clone(), None), at, place)? - i128::from(add)),
            None => {
                let Type::Bytes(Bytes { extent: Extent::Until(ends), .. }) = &layout.fields[of].ty else {
                    return Ok(0);
                };
                let behind = self.buf.get(size(at)..).unwrap_or_default();
                Ok(number::find(behind, ends).map_or(0, |(len, _)| len as i128))
            }
        }
    }

    /// A number or the value of an enum, at a place of the frame.
    fn number_at(&self, ty: &Type, at: u64, place: Place<'_>) -> Result<i128, Stop> {
        let least = match ty {
            Type::Int(int, _) => int.size().least,
            Type::Enum(index) => self.schema.enums[*index].repr.size().least,
            _ => 0,
        };
        if (self.buf.len() as u64) < at + least {
            return Err(Stop::Missing { known: 0 });
        }
        Ok(decode::as_int(&decode::single_at(self.schema, ty, self.buf, size(at), place)?))
    }
}
