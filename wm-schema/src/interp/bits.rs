//! Runs of bits: several fields in one number, and integers that escape from it.

use super::decode::{Cursor, as_int, as_u64, in_range};
use super::{Error, Fault, Place, number};
use crate::ir::{BitPlace, Endian, Int, Layout, Role, Schema, Side, Type, Value};

/// A run that has been read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Run {
    /// Where its first byte stands.
    start: usize,
    number: u64,
}

impl Run {
    /// A run that starts there, and has not been read yet.
    pub(super) const fn at(start: usize) -> Self {
        Self { start, number: 0 }
    }

    /// A run of these bytes, which start there.
    pub(super) fn read(start: usize, wire: &[u8], endian: Endian) -> Self {
        Self { start, number: joined(wire, endian) }
    }

    /// Where the bytes of a field of the run end; `read` is where the cursor stands behind it.
    pub(super) fn end(&self, place: &BitPlace, read: usize) -> usize {
        let run = self.start + usize::from(place.bytes);
        if read > run { read } else { self.offset(place) + usize::from(place.spread()) }
    }

    /// Where an error about a field of the run points.
    pub(super) fn offset(&self, place: &BitPlace) -> usize {
        self.start + usize::try_from(place.byte()).unwrap_or_default()
    }

    /// Reads a field of the run, and the run itself with its first one; an escape goes on behind it.
    pub(super) fn field(
        &mut self,
        schema: &Schema,
        (layout, index): (&Layout, usize),
        place: &BitPlace,
        from: Option<Side>,
        cursor: &mut Cursor<'_>,
    ) -> Result<Value, Error> {
        let field = &layout.fields[index];
        let (at, offset) = (Place::new(layout, field), self.offset(place));
        if place.first == index {
            self.number = joined(cursor.take(place.bytes.into(), at)?, place.endian);
        }
        let found = part(self.number, place);
        let fault = match (&field.role, &field.ty) {
            (Role::Constant(expected), _) if i128::from(found) != *expected => {
                Some(Fault::ConstantBits { expected: as_u64(*expected), found })
            }
            (Role::Sender(side), _) if (found == 1) != (from == Some(*side)) => {
                Some(Fault::Sender { found: found == 1 })
            }
            (_, Type::Enum(index)) => {
                let declared = &schema.enums[*index];
                let named = |one: &crate::ir::Variant| (one.least..=one.most).contains(&found);
                let known = declared.open || declared.variants.iter().any(named);
                (!known).then_some(Fault::Variant { found })
            }
            _ => None,
        };
        if let Some(fault) = fault {
            return Err(at.error(offset, fault));
        }
        let value = match &field.ty {
            Type::Int(Int::Escaping(how), _) => match number::escaped(how, found, cursor.left(), offset, at)? {
                Some((value, width)) => {
                    cursor.take(width as u64, at)?;
                    value
                }
                None => return Err(at.error(cursor.bytes.len(), Fault::Truncated { needed: 1 })),
            },
            _ => Value::Int(found.into()),
        };
        if let (Type::Int(_, range), Role::Value | Role::Computed(_)) = (&field.ty, &field.role) {
            in_range(as_int(&value), *range, offset, at)?;
        }
        Ok(value)
    }
}

/// The number that the bytes of a run are.
pub(super) fn joined(wire: &[u8], endian: Endian) -> u64 {
    let join = |number: u64, byte: &u8| number << 8 | u64::from(*byte);
    match endian {
        Endian::Big => wire.iter().fold(0, join),
        Endian::Little => wire.iter().rev().fold(0, join),
    }
}

/// The bits of one field.
pub(super) fn part(number: u64, place: &BitPlace) -> u64 {
    (number >> place.shift) & place.most()
}

/// What a field of a run says in its own bits: the base of an integer that escapes, else the value.
pub(super) fn own(ty: &Type, value: i128) -> u64 {
    match ty {
        Type::Int(Int::Escaping(how), _) => number::base(how, as_u64(value)),
        _ => as_u64(value),
    }
}

/// The number of a framing from the run that it is in, and how many bytes its escape took; none if more are needed.
pub(super) fn framing(
    int: &Int,
    place: &BitPlace,
    arrived: &[u8],
    offset: usize,
    field: Place<'_>,
) -> Result<Option<(Value, usize)>, Error> {
    let Some((run, behind)) = arrived.split_at_checked(place.bytes.into()) else { return Ok(None) };
    let found = part(joined(run, place.endian), place);
    match int {
        Int::Escaping(how) => number::escaped(how, found, behind, offset, field),
        _ => Ok(Some((Value::Int(found.into()), 0))),
    }
}
