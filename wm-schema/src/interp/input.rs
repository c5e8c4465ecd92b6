//! Where the first frame ends.

use super::formula::Known;
use super::{Error, Fault, Interpreter, Place, bits, decode, encode, envelope, number, walk};
use crate::ir::{BitPlace, Envelope, Field, Framing, Role, Type, Value};

/// What has been looked at of an incomplete frame.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scan {
    /// How far the delimiter has been searched for.
    pub(super) searched: usize,
    /// The size of the frame, once its number has been read.
    total: Option<usize>,
}

/// What has been found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The frame goes on: at least this many more bytes are needed, never 0.
    Need(usize),
    /// The first frame is this many bytes long and has arrived whole.
    Frame(usize),
    /// What has arrived is the first frame if the stream ends here; else that goes on. At least a byte has arrived of it.
    UntilEnd,
}

pub(super) fn input(interpreter: &Interpreter<'_>, scan: &mut Scan, buf: &[u8]) -> Result<Input, Error> {
    let fields = &interpreter.message.layout.fields;
    match &interpreter.message.framing {
        Framing::Fixed { bytes } => {
            constants(interpreter, buf, fields.len())?;
            Ok(compare(buf, size(*bytes)))
        }
        Framing::Prefix { field, .. } => {
            let total = match scan.total {
                Some(total) => total,
                None => {
                    constants(interpreter, buf, *field)?;
                    match total(interpreter, buf)? {
                        Input::Frame(total) => *scan.total.insert(total),
                        other @ (Input::Need(_) | Input::UntilEnd) => return Ok(other),
                    }
                }
            };
            let input = compare(buf, total);
            if matches!(input, Input::Frame(_)) {
                *scan = Scan::default();
            }
            Ok(input)
        }
        Framing::Until { field, .. } => {
            constants(interpreter, buf, *field)?;
            delimited(interpreter, scan, buf)
        }
        Framing::Walk => walk::input(interpreter, buf),
        Framing::Outer(around) => envelope::input(interpreter, *around, scan, buf),
        Framing::Datagram { line } => datagram(interpreter, *line, buf),
    }
}

/// All that has arrived.
fn datagram(interpreter: &Interpreter<'_>, line: u32, buf: &[u8]) -> Result<Input, Error> {
    let (found, limit) = (buf.len() as u64, interpreter.message.frame_bytes_max);
    if found > limit {
        let place = Place { layout: &interpreter.message.layout.name, field: Envelope::NAME, line };
        return Err(place.error(size(limit), Fault::TooLong { found, limit }));
    }
    Ok(if buf.is_empty() { Input::Need(1) } else { Input::Frame(buf.len()) })
}

fn compare(buf: &[u8], total: usize) -> Input {
    if buf.len() < total { Input::Need(total - buf.len()) } else { Input::Frame(total) }
}

fn size(bytes: u64) -> usize {
    usize::try_from(bytes).unwrap_or(usize::MAX)
}

/// Compares the constants among the first `fields` as far as they have arrived.
fn constants(interpreter: &Interpreter<'_>, buf: &[u8], fields: usize) -> Result<(), Error> {
    let layout = &interpreter.message.layout;
    let mut at = 0;
    for field in layout.fields.iter().take(fields) {
        // Bits are looked at by `decode`.
        if field.bits.is_some() {
            at += size(field.size.least);
            continue;
        }
        if matches!(field.role, Role::Constant(_)) || matches!(field.ty, Type::Constant(_)) {
            let expected = encode::constant(interpreter.schema, field);
            let arrived = buf.get(at..).unwrap_or_default();
            if let Some(same) = encode::stray(field, arrived, &expected) {
                return Err(Place::new(layout, field).error(at + same, Fault::Constant { expected }));
            }
        }
        // In front of the field that frames, everything has a fixed size.
        at += size(field.size.least);
    }
    Ok(())
}

/// The size of the frame from the number that says it.
fn total(interpreter: &Interpreter<'_>, buf: &[u8]) -> Result<Input, Error> {
    let message = interpreter.message;
    let Framing::Prefix { field, at, int, scale, outside, width_outside } = &message.framing else {
        return Ok(Input::Need(1));
    };
    let numbered = &message.layout.fields[*field];
    let place = Place::new(&message.layout, numbered);
    let start = size(*at);
    let arrived = buf.get(start..).unwrap_or_default();
    let (found, at, known) = match &numbered.bits {
        Some(bits) => {
            let (at, run) = (start + size(bits.byte()), size(bits.bytes.into()));
            (bits::framing(int, bits, arrived, at, place)?, at, Some(run))
        }
        None => (number::arriving(int, arrived, start, place)?, start, int.size().fixed().map(size)),
    };
    let Some((value, width)) = found else {
        // A number of free width says of itself only that it goes on.
        let missing = known.map_or(1, |width| (start + width).saturating_sub(buf.len()));
        return Ok(Input::Need(missing.max(1)));
    };
    let number = decode::as_int(&value);
    decode::number_rules(&message.layout, *field, number, at)?;

    let width = if *width_outside { width as i128 } else { 0 };
    let outside = i128::from(*outside) + width + i128::from(uncounted(interpreter, arrived, &numbered.bits));
    let scale = i128::from(*scale);
    let total = number * scale + outside;
    let (least, most) = (i128::from(message.layout.size.least), i128::from(message.frame_bytes_max));
    let found = decode::as_u64(number);
    if total < least {
        let least = decode::as_u64((least - outside + scale - 1) / scale);
        return Err(place.error(at, Fault::TooShort { found, least }));
    }
    if total > most {
        let limit = decode::as_u64((most - outside) / scale);
        return Err(place.error(at, Fault::TooLong { found, limit }));
    }
    Ok(Input::Frame(usize::try_from(total).unwrap_or(usize::MAX)))
}

/// The bytes of the fields that the number does not count and that are there, by the bits beside it.
fn uncounted(interpreter: &Interpreter<'_>, arrived: &[u8], run: &Option<BitPlace>) -> u64 {
    let (message, Some(run)) = (interpreter.message, run) else { return 0 };
    let layout = &message.layout;
    let number = bits::joined(&arrived[..run.bytes.into()], run.endian);
    let value = |field: &Field| {
        let place = field.bits.filter(|place| place.first == run.first)?;
        Some(Value::Int(bits::part(number, &place).into()))
    };
    let fields: Vec<Option<Value>> = layout.fields.iter().map(value).collect();
    let known = Known { schema: interpreter.schema, layout, fields: &fields, params: &[] };
    let there =
        |(at, bytes): (usize, u64)| layout.fields[at].condition.as_ref().filter(|one| known.holds(one)).map(|_| bytes);
    message.uncounted().into_iter().filter_map(there).sum()
}

fn delimited(interpreter: &Interpreter<'_>, scan: &mut Scan, buf: &[u8]) -> Result<Input, Error> {
    let message = interpreter.message;
    let Framing::Until { field, from, ends, max, tail } = &message.framing else { return Ok(Input::Need(1)) };
    let (from, max, tail) = (size(*from), size(*max), size(*tail));
    // The delimiter may have begun in the last bytes of what has been searched.
    let overlap = size(ends.longest()) - 1;
    let start = scan.searched.saturating_sub(overlap).max(from);
    let found = number::find(buf.get(start..).unwrap_or_default(), ends).map(|(at, end)| (start + at, end));
    let sure = found.map_or(buf.len().saturating_sub(overlap), |(at, _)| at).saturating_sub(from);
    if sure > max {
        let place = Place::new(&message.layout, &message.layout.fields[*field]);
        return Err(place.error(from + max, Fault::TooLong { found: sure as u64, limit: max as u64 }));
    }
    let Some((at, end)) = found else {
        scan.searched = buf.len();
        let least = from + size(ends.shortest()) + tail;
        return Ok(Input::Need(least.saturating_sub(buf.len()).max(1)));
    };
    let input = compare(buf, at + end + tail);
    scan.searched = if matches!(input, Input::Frame(_)) { 0 } else { at };
    Ok(input)
}
