//! Numbers on the wire: whole bytes, LEB128, ASCII digits.

use super::decode::{as_int, as_u64};
use super::{EncodeFault, Error, Fault, Place};
use crate::ir::{Delimiters, Endian, Escape, Escaping, Int, Value};

/// A number that has arrived whole, and how many bytes it took, its delimiter included.
type Arrived = Option<(Value, usize)>;

/// Reads a number from the start of `bytes`, which stand at `offset`; `None` if more bytes are needed.
pub(super) fn read(int: &Int, bytes: &[u8], offset: usize, place: Place<'_>) -> Result<Arrived, Error> {
    match int {
        Int::Fixed { bytes: width, signed, endian } => {
            let width = usize::from(*width);
            Ok(bytes.get(..width).map(|wire| (fixed(wire, *signed, *endian), width)))
        }
        Int::Varint { signed } => {
            Ok(varint(bytes, offset, place)?.map(|(value, width)| (unzigzag(value, *signed), width)))
        }
        Int::Vlq { minimal } => {
            Ok(vlq(bytes, *minimal, offset, place)?.map(|(value, width)| (Value::Int(value), width)))
        }
        Int::Quic { minimal } => {
            let Some(width) = bytes.first().map(|first| [1, 2, 4, 8][usize::from(first >> 6)]) else { return Ok(None) };
            let Some(wire) = bytes.get(..width) else { return Ok(None) };
            // What is left of the number when its two highest bits are gone.
            let value = as_int(&fixed(wire, false, Endian::Big)) % (1 << (8 * width - 2));
            match *minimal && int.width(value) < width as u64 {
                true => Err(place.error(offset, Fault::NotMinimal)),
                false => Ok(Some((Value::Int(value), width))),
            }
        }
        Int::Digits { radix, digits } => {
            let width = usize::from(*digits);
            let Some(wire) = bytes.get(..width) else { return Ok(None) };
            Ok(Some((Value::Int(padded(wire, *radix, offset, place)?), width)))
        }
        Int::Until { radix, signed, ends, max } => {
            let max = usize::from(*max);
            let Some((len, end)) = find(bytes, ends) else { return Ok(None) };
            if len > max {
                let fault = Fault::TooLong { found: len as u64, limit: max as u64 };
                return Err(place.error(offset + max, fault));
            }
            let value = if *signed {
                negatable(&bytes[..len], offset, place)?
            } else {
                unpadded(&bytes[..len], *radix, offset, place)?
            };
            Ok(Some((Value::Int(value), len + end)))
        }
        Int::Escaping(how) => {
            let Some((base, width)) = read(&how.base, bytes, offset, place)? else { return Ok(None) };
            let Value::Int(base) = base else { return Ok(None) };
            let escaped = escaped(how, as_u64(base), &bytes[width..], offset, place)?;
            Ok(escaped.map(|(value, wide)| (value, width + wide)))
        }
        // Part of a run, which reads it.
        Int::Bits { .. } | Int::Flag => Ok(None),
    }
}

/// Reads what follows the base of an integer that escapes; the base stands at `offset`.
pub(super) fn escaped(
    how: &Escaping,
    found: u64,
    behind: &[u8],
    offset: usize,
    place: Place<'_>,
) -> Result<Arrived, Error> {
    let Some(index) = how.escapes.iter().position(|escape| escape.mark == found) else {
        return match found <= how.direct {
            true => Ok(Some((Value::Int(found.into()), 0))),
            false => Err(place.error(offset, Fault::Reserved { found })),
        };
    };
    let escape = &how.escapes[index];
    let width = usize::from(escape.bytes);
    let Some(wire) = behind.get(..width) else { return Ok(None) };
    let value = fixed(wire, false, escape.endian);
    // The escape before it, or the base, can say all up to this.
    let shorter = index.checked_sub(1).map_or(how.direct, |before| how.escapes[before].most().max(how.direct));
    match value {
        Value::Int(value) if how.minimal && value <= shorter.into() => Err(place.error(offset, Fault::NotMinimal)),
        value => Ok(Some((value, width))),
    }
}

/// The escape that a value needs; none if the base says it itself.
fn escape(how: &Escaping, value: u64) -> Option<&Escape> {
    how.escapes.iter().find(|escape| value <= escape.most()).filter(|_| value > how.direct)
}

/// What the base of an integer that escapes says for a value.
pub(super) fn base(how: &Escaping, value: u64) -> u64 {
    escape(how, value).map_or(value, |escape| escape.mark)
}

/// Reads a number that frames from the start of `bytes`, of which more may come: what has arrived of it must already be
/// the start of a number.
pub(super) fn arriving(int: &Int, bytes: &[u8], offset: usize, place: Place<'_>) -> Result<Arrived, Error> {
    let Int::Until { radix, signed: false, ends, max } = int else { return read(int, bytes, offset, place) };
    let max = usize::from(*max);
    let longest = ends.all().map(<[u8]>::len).max().unwrap_or(0);
    let window = &bytes[..bytes.len().min(max + longest)];
    if find(window, ends).is_some_and(|(len, _)| len <= max) {
        return read(int, window, offset, place);
    }
    let all_digits = window.iter().take_while(|byte| digit(**byte, *radix).is_some()).count();
    let digits = all_digits.min(max);
    if digits > 0 {
        unpadded(&window[..digits], *radix, offset, place)?;
    }
    let behind = &window[digits..];
    if ends.all().any(|end| end.starts_with(behind)) {
        return Ok(None);
    }
    let fault = if all_digits > digits {
        Fault::TooLong { found: all_digits as u64, limit: max as u64 }
    } else {
        Fault::Digit { found: behind[0], radix: *radix }
    };
    Err(place.error(offset + digits, fault))
}

fn fixed(wire: &[u8], signed: bool, endian: Endian) -> Value {
    let from_highest: Vec<u8> = match endian {
        Endian::Big => wire.to_vec(),
        Endian::Little => wire.iter().rev().copied().collect(),
    };
    let unsigned = from_highest.iter().fold(0u128, |value, byte| value << 8 | u128::from(*byte));
    if signed {
        let unused = 128 - 8 * wire.len();
        return Value::Int((unsigned << unused).cast_signed() >> unused);
    }
    i128::try_from(unsigned).map_or(Value::Huge(unsigned), Value::Int)
}

fn varint(bytes: &[u8], offset: usize, place: Place<'_>) -> Result<Option<(u64, usize)>, Error> {
    let mut value = 0u128;
    for (at, byte) in bytes.iter().enumerate() {
        value |= u128::from(byte & 0x7f) << (7 * at);
        // The tenth byte holds the highest of 64 bits and nothing else.
        if at == 9 && *byte > 1 {
            return Err(place.error(offset + at, Fault::Overflow));
        }
        if *byte == 0 && at > 0 {
            return Err(place.error(offset + at, Fault::NotMinimal));
        }
        if *byte < 0x80 {
            let value = u64::try_from(value).map_err(|_| place.error(offset + at, Fault::Overflow))?;
            return Ok(Some((value, at + 1)));
        }
    }
    Ok(None)
}

fn vlq(bytes: &[u8], minimal: bool, offset: usize, place: Place<'_>) -> Result<Option<(i128, usize)>, Error> {
    if minimal && bytes.first() == Some(&0x80) {
        return Err(place.error(offset, Fault::NotMinimal));
    }
    let mut value = 0i128;
    for (at, byte) in bytes.iter().enumerate() {
        value = value * 0x80 + i128::from(byte & 0x7f);
        if value > u64::MAX.into() || at == 9 && *byte >= 0x80 {
            return Err(place.error(offset + at, Fault::Overflow));
        }
        if *byte < 0x80 {
            return Ok(Some((value, at + 1)));
        }
    }
    Ok(None)
}

fn unzigzag(value: u64, signed: bool) -> Value {
    let value = i128::from(value);
    Value::Int(match (signed, value % 2) {
        (false, _) => value,
        (true, 0) => value / 2,
        (true, _) => -(value / 2) - 1,
    })
}

fn digit(byte: u8, radix: u8) -> Option<u32> {
    char::from(byte).to_digit(radix.into())
}

fn padded(digits: &[u8], radix: u8, offset: usize, place: Place<'_>) -> Result<i128, Error> {
    let mut value = 0u64;
    for (at, found) in digits.iter().enumerate() {
        let Some(digit) = digit(*found, radix) else {
            return Err(place.error(offset + at, Fault::Digit { found: *found, radix }));
        };
        let next = value.checked_mul(radix.into()).and_then(|value| value.checked_add(digit.into()));
        value = next.ok_or_else(|| place.error(offset + at, Fault::Overflow))?;
    }
    Ok(value.into())
}

fn unpadded(digits: &[u8], radix: u8, offset: usize, place: Place<'_>) -> Result<i128, Error> {
    if digits.is_empty() {
        return Err(place.error(offset, Fault::NoDigits));
    }
    if digits[0] == b'0' && digits.get(1).is_some_and(|next| digit(*next, radix).is_some()) {
        return Err(place.error(offset, Fault::NotMinimal));
    }
    padded(digits, radix, offset, place)
}

fn negatable(digits: &[u8], offset: usize, place: Place<'_>) -> Result<i128, Error> {
    let value = match digits.strip_prefix(b"-") {
        None => unpadded(digits, 10, offset, place)?,
        Some(magnitude) => -unpadded(magnitude, 10, offset + 1, place)?,
    };
    if value == 0 && digits[0] == b'-' {
        return Err(place.error(offset, Fault::NotMinimal));
    }
    i64::try_from(value).map(i128::from).map_err(|_| place.error(offset, Fault::Overflow))
}

/// Where the first delimiter begins in `bytes`, and how many it has.
pub(super) fn find(bytes: &[u8], ends: &Delimiters) -> Option<(usize, usize)> {
    if ends.is_one() {
        let one = ends.written();
        return bytes.windows(one.len()).position(|window| window == one).map(|at| (at, one.len()));
    }
    (0..bytes.len()).find_map(|at| {
        let end = ends.all().find(|end| bytes[at..].starts_with(end))?;
        Some((at, end.len()))
    })
}

/// The bytes of a number.
pub(super) fn write(int: &Int, value: &Value) -> Result<Vec<u8>, EncodeFault> {
    let (least, most) = int.range();
    match (int, value) {
        (Int::Fixed { bytes: 16, signed: false, endian }, Value::Huge(value)) => {
            Ok(ordered(&value.to_be_bytes(), *endian))
        }
        (_, Value::Huge(_)) => Err(EncodeFault::OutOfRange { found: i128::MAX, least, most }),
        (_, Value::Int(found)) if !(least..=most).contains(found) => {
            Err(EncodeFault::OutOfRange { found: *found, least, most })
        }
        (_, Value::Int(value)) => Ok(spelled(int, *value)),
        _ => Err(EncodeFault::Shape),
    }
}

/// The bytes of a number that is within the range of its type.
fn spelled(int: &Int, value: i128) -> Vec<u8> {
    match int {
        Int::Fixed { bytes, endian, .. } => ordered(&value.to_be_bytes()[16 - usize::from(*bytes)..], *endian),
        Int::Varint { signed } => {
            let mut rest = match (signed, value < 0) {
                (false, _) => value,
                (true, false) => value * 2,
                (true, true) => -value * 2 - 1,
            };
            let mut wire = Vec::new();
            while rest >= 0x80 {
                wire.push(0x80 | rest.to_le_bytes()[0]);
                rest >>= 7;
            }
            wire.push(rest.to_le_bytes()[0]);
            wire
        }
        Int::Vlq { .. } => {
            let septets = (0..10).rev().map(|at| (value >> (7 * at)) & 0x7f).skip_while(|septet| *septet == 0);
            let mut wire: Vec<u8> = septets.map(|septet| 0x80 | septet.to_le_bytes()[0]).collect();
            match wire.last_mut() {
                Some(last) => *last &= 0x7f,
                None => wire.push(0),
            }
            wire
        }
        Int::Quic { .. } => {
            let width = int.width(value);
            let marked = value | i128::from(width.ilog2()) << (8 * width - 2);
            marked.to_be_bytes()[16 - usize::try_from(width).unwrap_or(8)..].to_vec()
        }
        Int::Digits { radix: 16, digits } => format!("{value:0width$x}", width = usize::from(*digits)).into_bytes(),
        Int::Digits { digits, .. } => format!("{value:0width$}", width = usize::from(*digits)).into_bytes(),
        Int::Until { radix: 16, ends, .. } => [format!("{value:x}").as_bytes(), ends.written()].concat(),
        Int::Until { ends, .. } => [value.to_string().as_bytes(), ends.written()].concat(),
        Int::Escaping(how) => {
            let small = as_u64(value);
            let mut wire = spelled(&how.base, base(how, small).into());
            if let Some(Escape { bytes, endian, .. }) = escape(how, small) {
                wire.extend(ordered(&small.to_be_bytes()[8 - usize::from(*bytes)..], *endian));
            }
            wire
        }
        // Its run writes it.
        Int::Bits { .. } | Int::Flag => Vec::new(),
    }
}

pub(super) fn ordered(from_highest: &[u8], endian: Endian) -> Vec<u8> {
    match endian {
        Endian::Big => from_highest.to_vec(),
        Endian::Little => from_highest.iter().rev().copied().collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PLACE: Place<'_> = Place { layout: "M", field: "n", line: 1 };

    fn until(radix: u8, signed: bool, max: u8) -> Int {
        Int::Until { radix, signed, ends: b"\r\n".to_vec().into(), max }
    }

    #[test]
    fn what_is_written_is_read_again_and_no_prefix_is_an_error() {
        let fixed = |bytes, signed, endian| Int::Fixed { bytes, signed, endian };
        let mut ints = vec![
            Int::Varint { signed: false },
            Int::Varint { signed: true },
            Int::Vlq { minimal: false },
            Int::Vlq { minimal: true },
            Int::Quic { minimal: false },
            Int::Quic { minimal: true },
            Int::Digits { radix: 10, digits: 19 },
            Int::Digits { radix: 16, digits: 16 },
            until(10, false, 20),
            until(10, true, 20),
            until(16, false, 16),
        ];
        for bytes in [1, 2, 3, 4, 5, 6, 7, 8, 16] {
            for signed in [false, true] {
                ints.extend([fixed(bytes, signed, Endian::Big), fixed(bytes, signed, Endian::Little)]);
            }
        }
        for int in ints {
            let (least, most) = int.range();
            for value in [least, least + 1, 0, 1, 10, most / 2, most - 1, most] {
                let value = Value::Int(value.clamp(least, most));
                let wire = write(&int, &value).unwrap();
                assert_eq!(read(&int, &wire, 0, PLACE), Ok(Some((value, wire.len()))), "{int:?}");
                for cut in 0..wire.len() {
                    assert_eq!(arriving(&int, &wire[..cut], 0, PLACE), Ok(None), "{int:?} {wire:?}");
                }
            }
        }
    }

    #[test]
    fn a_bad_number_is_refused_at_its_byte() {
        let dec = until(10, false, 3);
        let cases: [(&Int, &[u8], usize, Fault); 12] = [
            (&dec, b"012\r\n", 7, Fault::NotMinimal),
            (&dec, b"1x", 8, Fault::Digit { found: b'x', radix: 10 }),
            (&dec, b"\r\n", 7, Fault::NoDigits),
            (&dec, b"\rx", 7, Fault::Digit { found: b'\r', radix: 10 }),
            (&dec, b"1234", 10, Fault::TooLong { found: 4, limit: 3 }),
            (&until(10, true, 9), b"-0\r\n", 7, Fault::NotMinimal),
            (&until(10, true, 20), b"9223372036854775808\r\n", 7, Fault::Overflow),
            (&Int::Varint { signed: false }, b"\x80\0", 8, Fault::NotMinimal),
            (&Int::Varint { signed: false }, &[0xff; 10], 16, Fault::Overflow),
            (&Int::Vlq { minimal: false }, &[0x80; 10], 16, Fault::Overflow),
            (&Int::Vlq { minimal: true }, b"\x80", 7, Fault::NotMinimal),
            (&Int::Quic { minimal: true }, b"\x40\x25", 7, Fault::NotMinimal),
        ];
        for (int, bytes, offset, fault) in cases {
            assert_eq!(arriving(int, bytes, 7, PLACE), Err(PLACE.error(offset, fault)), "{bytes:?}");
        }
    }
}
