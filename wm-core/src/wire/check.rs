//! The rules that a value must keep before it is put on the wire: what `measure` of a generated message calls.

use super::{
    DecodeError, EncodeError, EncodeFault, Ends, Field, Fill, List, Radix, ReadElement, text, varint, varying,
};
use alloc::boxed::Box;
use bytes::BytesMut;

/// The largest of several sizes.
#[must_use]
pub const fn largest(sizes: &[usize]) -> usize {
    match sizes {
        [] => 0,
        [first, rest @ ..] => {
            let others = largest(rest);
            if *first > others { *first } else { others }
        }
    }
}

/// At most `limit` bytes or elements.
///
/// # Errors
///
/// There are more.
#[inline]
pub const fn at_most(found: usize, limit: usize, field: &'static Field) -> Result<(), EncodeError> {
    if found <= limit {
        return Ok(());
    }
    Err(EncodeError::new(field, EncodeFault::TooLong { found: found as u64, limit: limit as u64 }))
}

/// How many bytes fill a field of `size` bytes up.
///
/// # Errors
///
/// The field has more bytes than it may.
#[inline]
pub const fn filled(size: usize, fill: Fill, field: &'static Field) -> Result<usize, EncodeError> {
    match fill.behind(size) {
        Some(len) => Ok(len),
        None => {
            let fault = EncodeFault::TooLong { found: size as u64, limit: fill.most() as u64 };
            Err(EncodeError::new(field, fault))
        }
    }
}

/// What has been written behind `start` and is in doubt can be read; else it is taken back.
///
/// # Errors
///
/// `read` refuses it.
pub fn read_back(
    out: &mut BytesMut,
    start: usize,
    read: impl FnOnce(&[u8]) -> Result<(), DecodeError>,
) -> Result<(), EncodeError> {
    let Err(DecodeError { field, offset, fault, .. }) = read(out.get(start..).unwrap_or_default()) else {
        return Ok(());
    };
    out.truncate(start);
    Err(EncodeError::new(field, EncodeFault::Unreadable { offset, fault: Box::new(fault) }))
}

/// Exactly `expected` bytes or elements.
///
/// # Errors
///
/// There are more or fewer.
#[inline]
pub const fn exactly(found: usize, expected: usize, field: &'static Field) -> Result<(), EncodeError> {
    if found == expected {
        return Ok(());
    }
    Err(EncodeError::new(field, EncodeFault::Length { found: found as u64, expected: expected as u64 }))
}

/// A number within `least..=most`.
///
/// # Errors
///
/// It is not.
#[inline]
pub fn within(found: i128, least: i128, most: i128, field: &'static Field) -> Result<(), EncodeError> {
    if (least..=most).contains(&found) {
        return Ok(());
    }
    Err(EncodeError::new(field, EncodeFault::OutOfRange { found, least, most }))
}

/// A condition of the schema, which is spelled `condition`.
///
/// # Errors
///
/// It does not hold.
#[inline]
pub const fn holds(held: bool, condition: &'static str, field: &'static Field) -> Result<(), EncodeError> {
    if held {
        return Ok(());
    }
    Err(EncodeError::new(field, EncodeFault::Condition { condition }))
}

/// A field that is there if `expected`, and else is not; the schema spells that as `condition`.
///
/// # Errors
///
/// It is the other way round.
#[inline]
pub const fn present(
    found: bool,
    expected: bool,
    condition: &'static str,
    field: &'static Field,
) -> Result<(), EncodeError> {
    if found == expected {
        return Ok(());
    }
    Err(EncodeError::new(field, EncodeFault::Presence { expected, condition }))
}

/// Enters a layout that may contain itself, at most `most` of it in each other: says how many then do.
///
/// # Errors
///
/// It stands deeper.
#[inline]
pub const fn nested(depth: usize, most: usize, field: &'static Field) -> Result<usize, EncodeError> {
    if depth >= most {
        return Err(EncodeError::new(field, EncodeFault::TooDeep { limit: most as u64 }));
    }
    Ok(depth.saturating_add(1))
}

/// A list that ends with the first element that is the `last`; the schema spells that as `condition`.
///
/// # Errors
///
/// An element before its last one ends it, or none does.
#[inline]
pub fn ends_with<'a, T: Clone, R: ReadElement<'a, T>>(
    items: &List<'a, T, R>,
    last: fn(&T) -> bool,
    condition: &'static str,
    field: &'static Field,
) -> Result<(), EncodeError> {
    let found = items.iter().position(|item| last(&item));
    if found.is_some_and(|at| at.saturating_add(1) == items.len()) {
        return Ok(());
    }
    let fault = EncodeFault::End { found: found.map(|at| at as u64), condition };
    Err(EncodeError::new(field, fault))
}

/// The number that a size equation computes: `measured` plus `add`, if it fits below `most`.
///
/// # Errors
///
/// What is measured is too long for the number that must say so: the error is in terms of what is measured.
#[inline]
pub fn equation<T: TryFrom<u64>>(
    measured: usize,
    add: i64,
    most: u64,
    field: &'static Field,
) -> Result<T, EncodeError> {
    let value = (measured as u64).checked_add_signed(add).filter(|&value| value <= most);
    value.and_then(|value| T::try_from(value).ok()).ok_or_else(|| {
        let limit = most.saturating_add_signed(add.saturating_neg());
        EncodeError::new(field, EncodeFault::TooLong { found: measured as u64, limit })
    })
}

/// As [`equation`], by a number that counts units of `by`.
///
/// # Errors
///
/// What is measured is too long, or fills no whole units.
#[inline]
pub fn divided<T: TryFrom<u64>>(
    measured: usize,
    add: i64,
    by: u64,
    most: u64,
    field: &'static Field,
) -> Result<T, EncodeError> {
    let said = (measured as u64).saturating_add_signed(add);
    match said.checked_rem(by) {
        Some(0) => {}
        over => {
            let missing = by.saturating_sub(over.unwrap_or_default());
            let expected = (measured as u64).saturating_add(missing);
            return Err(EncodeError::new(field, EncodeFault::Length { found: measured as u64, expected }));
        }
    }
    let value = said.checked_div(by).filter(|&value| value <= most);
    value.and_then(|value| T::try_from(value).ok()).ok_or_else(|| {
        let limit = most.saturating_mul(by).saturating_add_signed(add.saturating_neg());
        EncodeError::new(field, EncodeFault::TooLong { found: measured as u64, limit })
    })
}

/// As [`equation`], by a number of parts, of which `by` are one.
///
/// # Errors
///
/// As [`equation`].
#[inline]
pub fn multiplied<T: TryFrom<u64>>(
    measured: usize,
    add: i64,
    by: u64,
    most: u64,
    field: &'static Field,
) -> Result<T, EncodeError> {
    let said: u64 = equation(measured, add, most.checked_div(by).unwrap_or_default(), field)?;
    T::try_from(said.saturating_mul(by))
        .map_err(|_| EncodeError::new(field, EncodeFault::TooLong { found: measured as u64, limit: most }))
}

/// As many bytes or elements as have been worked out.
///
/// # Errors
///
/// There are more or fewer.
#[inline]
pub fn worked_out(found: usize, expected: i128, field: &'static Field) -> Result<(), EncodeError> {
    exactly(found, usize::try_from(expected).unwrap_or(usize::MAX), field)
}

/// The size of all `items` together, each checked and measured.
///
/// # Errors
///
/// That of the first item that breaks a rule.
#[inline]
pub fn sum<T>(
    items: impl IntoIterator<Item = T>,
    mut measure: impl FnMut(T) -> Result<usize, EncodeError>,
) -> Result<usize, EncodeError> {
    items.into_iter().try_fold(0usize, |sum, item| Ok(sum.saturating_add(measure(item)?)))
}

/// The size of each of `items`, which all have the same; 0 if there are none.
///
/// # Errors
///
/// That of the first item that breaks a rule, `Length` if one takes other than the first, or `Empty` if they take no bytes: how
/// many there are could not be told.
#[inline]
pub fn each<T>(
    items: impl IntoIterator<Item = T>,
    mut measure: impl FnMut(T) -> Result<usize, EncodeError>,
    field: &'static Field,
) -> Result<usize, EncodeError> {
    let mut items = items.into_iter();
    let Some(first) = items.next() else { return Ok(0) };
    let size = measure(first)?;
    items.try_for_each(|item| exactly(measure(item)?, size, field))?;
    if size == 0 { Err(EncodeError::new(field, EncodeFault::Empty)) } else { Ok(size) }
}

/// Content whose bytes are all within `least..=most`.
///
/// # Errors
///
/// One is not.
#[inline]
pub fn characters(content: &[u8], least: u8, most: u8, field: &'static Field) -> Result<(), EncodeError> {
    super::word::characters(content, least, most, field)
}

/// A word that no variant of its enum names, unless it is `named` after all.
///
/// # Errors
///
/// It is, or it is no word: visible ASCII, at least one character.
#[inline]
pub fn word(word: &str, named: bool, field: &'static Field) -> Result<(), EncodeError> {
    super::word::word(word, named, field)
}

/// A limit of a schema as this machine can count it: one over the address space is no limit.
#[inline]
#[must_use]
#[expect(clippy::cast_possible_truncation, reason = "compared before")]
pub const fn bytes_max(limit: u64) -> usize {
    if limit > usize::MAX as u64 { usize::MAX } else { limit as usize }
}

/// Content that can be found again in front of what ends it.
///
/// # Errors
///
/// A delimiter would be found too early.
#[inline]
pub fn free_of(content: &[u8], ends: impl Ends, field: &'static Field) -> Result<(), EncodeError> {
    match ends.stray(content) {
        None => Ok(()),
        Some(offset) => Err(EncodeError::new(field, EncodeFault::Delimiter { offset })),
    }
}

/// Content that does not end with what the reader trims.
///
/// # Errors
///
/// It does.
#[inline]
pub fn untrimmed(content: &[u8], suffix: &'static [u8], field: &'static Field) -> Result<(), EncodeError> {
    if content.ends_with(suffix) {
        return Err(EncodeError::new(field, EncodeFault::Trimmed { suffix }));
    }
    Ok(())
}

/// Text of ASCII alone.
///
/// # Errors
///
/// It is not.
#[inline]
pub fn ascii(content: &str, field: &'static Field) -> Result<(), EncodeError> {
    match content.bytes().position(|byte| !byte.is_ascii()) {
        None => Ok(()),
        Some(offset) => Err(EncodeError::new(field, EncodeFault::Ascii { offset })),
    }
}

/// How many bytes `value` takes as LEB128.
#[inline]
#[must_use]
pub const fn varint_width(value: u64) -> usize {
    varint::width(value)
}

/// How many bytes `value` takes as LEB128 of its zigzag form.
#[inline]
#[must_use]
pub const fn svarint_width(value: i64) -> usize {
    varint::width(varint::zigzag(value))
}

/// How many bytes `value` takes as an integer of MIDI.
#[inline]
#[must_use]
pub const fn vlq_width(value: u64) -> usize {
    varint::width(value)
}

/// How many bytes `value` takes as an integer of QUIC.
#[inline]
#[must_use]
pub const fn quicvar_width(value: u64) -> usize {
    varying::quicvar_width(value)
}

/// How many ASCII digits `value` takes.
#[inline]
#[must_use]
pub fn number_width(value: u64, radix: Radix) -> usize {
    text::width(value, radix)
}

/// How many ASCII characters `value` takes, its sign included.
#[inline]
#[must_use]
pub fn signed_width(value: i64) -> usize {
    text::width(value.unsigned_abs(), Radix::Decimal).saturating_add(usize::from(value < 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn a_delimiter_in_or_across_the_content_is_found() {
        assert_eq!(free_of(b"abc", b"\n", F), Ok(()));
        assert_eq!(free_of(b"abc\r", b"\r\n", F), Ok(()), "half a delimiter is not one");
        let at = |offset| Err(EncodeError::new(F, EncodeFault::Delimiter { offset }));
        assert_eq!(free_of(b"a\nb", b"\n", F), at(1));
        assert_eq!(free_of(b"xa", b"aa", F), at(1), "xa + aa would be read as x, then a");
        assert_eq!(free_of(b"x-", b"--", F), at(1));
    }

    #[test]
    fn equations_are_refused_in_terms_of_what_is_measured() {
        assert_eq!(equation(10, 4, 14, F), Ok(14u8));
        let error = EncodeError::new(F, EncodeFault::TooLong { found: 11, limit: 10 });
        assert_eq!(equation::<u8>(11, 4, 14, F), Err(error));
    }
}
