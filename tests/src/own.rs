//! What `schemas/externs.wm` names that is written in Rust, and how the interpreter is lent it.

use std::borrow::Cow;
use std::fmt;
use wm_core::wire::{As, Reason, Transform};
use wm_schema::ir::{Meant, Schema, Value, Way};

/// An even number.
#[derive(Debug, Clone, PartialEq)]
pub struct Even(u16);

impl TryFrom<u16> for Even {
    type Error = String;

    fn try_from(number: u16) -> Result<Self, String> {
        if number.is_multiple_of(2) { Ok(Self(number)) } else { Err(format!("{number} is odd")) }
    }
}

impl From<Even> for u16 {
    fn from(even: Even) -> Self {
        even.0
    }
}

/// A name that borrows, in small letters; it is sent in small letters, however it came.
#[derive(Debug, Clone, PartialEq)]
pub struct Tag<'a>(Cow<'a, str>);

impl<'a> As<'a, str> for Tag<'a> {
    fn from_wire(wire: &'a str) -> Result<Self, Reason> {
        if wire.is_empty() {
            return Err("a tag of no letters".into());
        }
        let small = wire.bytes().any(|byte| byte.is_ascii_uppercase());
        Ok(Self(if small { Cow::Owned(wire.to_ascii_lowercase()) } else { Cow::Borrowed(wire) }))
    }

    fn to_wire(&self) -> Result<Cow<'_, str>, Reason> {
        Ok(Cow::Borrowed(&self.0))
    }
}

/// The sum of 16-bit words, each joined with what stands before it turned round by one bit.
#[must_use]
pub fn rotated(parts: &[&[u8]]) -> u16 {
    let bytes = parts.iter().copied().flatten();
    bytes.fold(0, |sum: u16, byte| sum.rotate_left(1).wrapping_add(u16::from(*byte)))
}

/// Every byte stands twice on the wire; what has a 0xff in it is refused.
#[derive(Debug)]
pub struct Doubled;

impl Transform for Doubled {
    fn apply(plain: &[u8], wire: &mut Vec<u8>) -> Result<(), Reason> {
        if plain.contains(&0xff) {
            return Err("0xff cannot be doubled".into());
        }
        wire.extend(plain.iter().flat_map(|byte| [*byte; 2]));
        Ok(())
    }

    fn undo(wire: &mut [u8]) -> Result<usize, Reason> {
        if wire.chunks(2).any(|pair| pair.len() < 2 || pair[0] != pair[1] || pair[0] == 0xff) {
            return Err("not every byte stands twice".into());
        }
        let len = wire.len() / 2;
        (0..len).for_each(|at| wire[at] = wire[2 * at]);
        Ok(len)
    }
}

/// Lends the interpreter all of this, as far as a schema names it.
pub fn lend(schema: &mut Schema) {
    let names = [
        schema.lend_function("rotated", |bytes| rotated(&[bytes]).into()),
        schema.lend_via("doubled", |bytes, way| {
            let mut wire = bytes.to_vec();
            let done = match way {
                Way::Apply => {
                    wire.clear();
                    Doubled::apply(bytes, &mut wire)
                }
                Way::Undo => Doubled::undo(&mut wire).map(|len| wire.truncate(len)),
            };
            done.map(|()| wire).map_err(|reason| format!("{reason:?}"))
        }),
        schema.lend_type("crate::own::Even", number::<u16, Even>),
        schema.lend_type("crate::own::Tag<'a>", |value| text::<Tag<'_>>(value)),
        schema.lend_type("std::net::Ipv4Addr", number::<u32, std::net::Ipv4Addr>),
        schema.lend_type("std::net::Ipv6Addr", |value| bytes::<std::net::Ipv6Addr>(value)),
        schema.lend_type("std::net::IpAddr", |value| text::<std::net::IpAddr>(value)),
        schema.lend_type("core::num::NonZeroU8", number::<u8, std::num::NonZeroU8>),
    ];
    let named = names.into_iter().filter(|named| *named).count();
    assert!(named == 0 || named == names.len(), "{}: not all that is lent is named", schema.name);
}

fn meant<T: fmt::Debug>(made: Result<T, Reason>, back: impl FnOnce(&T) -> Value) -> Result<Meant, String> {
    let value = made.map_err(|reason| format!("{reason:?}"))?;
    Ok(Meant { shown: format!("{value:?}"), wire: back(&value) })
}

fn number<W, T>(value: &Value) -> Result<Meant, String>
where
    W: TryFrom<i128> + Into<i128> + Clone,
    T: for<'a> As<'a, W> + fmt::Debug,
{
    let Value::Int(number) = value else { return Err("no number".to_owned()) };
    let wire = W::try_from(*number).map_err(|_| "too large".to_owned())?;
    meant(T::from_wire(&wire), |value| Value::Int(value.to_wire().map_or(0, |wire| wire.into_owned().into())))
}

fn text<'v, T: As<'v, str> + fmt::Debug>(value: &'v Value) -> Result<Meant, String> {
    let Value::Bytes(text) = value else { return Err("no text".to_owned()) };
    let text = std::str::from_utf8(text).map_err(|error| error.to_string())?;
    meant(T::from_wire(text), |value| {
        Value::Bytes(value.to_wire().map_or_else(|_| Vec::new(), |wire| wire.as_bytes().to_vec()))
    })
}

fn bytes<'v, T: As<'v, [u8]> + fmt::Debug>(value: &'v Value) -> Result<Meant, String> {
    let Value::Bytes(bytes) = value else { return Err("no bytes".to_owned()) };
    meant(T::from_wire(bytes), |value| Value::Bytes(value.to_wire().map_or_else(|_| Vec::new(), Cow::into_owned)))
}
