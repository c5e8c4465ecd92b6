//! Where the language ends and Rust goes on: types of a user's in the place of what stands on the wire, transforms and
//! checksums of a user's.
//!
//! ```text
//!   u32 as "std::net::Ipv4Addr"    As<u32>      a type in the place of a number, text or bytes
//!   via packed                     Transform    how content stands on the wire
//!   sum: u16 = sum(rest)           Custom       a number that bytes give
//! ```
//!
//! Whatever these say is wrong is an error at the field, with their [`Reason`].

use super::checksum::Checksum;
use super::{DecodeError, EncodeError, EncodeFault, Fault, Field, Reader};
use alloc::borrow::{Cow, ToOwned};
use alloc::boxed::Box;
use alloc::string::ToString as _;
use alloc::vec::Vec;
use core::fmt;
use core::net::{Ipv4Addr, Ipv6Addr};
use core::ops::Range;
use core::str::FromStr;

/// Why a value is refused by a type or a transform of a user's: whatever can be printed, `"over four letters".into()`, or an
/// error behind `?`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reason(Box<str>);

impl<T: fmt::Display> From<T> for Reason {
    fn from(reason: T) -> Self {
        Self(reason.to_string().into())
    }
}

/// A type of Rust in the place of a value of the wire, `W`: a number, `bool`, `str` or `[u8]`.
///
/// All types have it that the standard library converts: from a number and back by `TryFrom`, as `Ipv4Addr` does with `u32`;
/// from text by `FromStr` and back by `Display`, as `IpAddr` does. For others it is implemented:
///
/// ```
/// use std::borrow::Cow;
/// use wm_core::wire::{As, Reason};
///
/// #[derive(Debug, Clone, PartialEq)]
/// struct Key([u8; 16]);
///
/// impl As<'_, [u8]> for Key {
///     fn from_wire(wire: &[u8]) -> Result<Self, Reason> {
///         let key: [u8; 16] = wire.try_into()?;
///         if key == [0; 16] { Err("a key of zeros".into()) } else { Ok(Self(key)) }
///     }
///
///     fn to_wire(&self) -> Result<Cow<'_, [u8]>, Reason> {
///         Ok(Cow::Borrowed(&self.0))
///     }
/// }
///
/// assert_eq!(Key::from_wire(&[7; 16]), Ok(Key([7; 16])));
/// assert_eq!(Key::from_wire(&[0; 16]), Err("a key of zeros".into()));
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot stand for `{W}` on the wire",
    label = "no conversion from `{W}` and back",
    note = "numbers need `TryFrom` in both directions and `Clone`, text needs `FromStr` and `Display`",
    note = "or implement `wm_core::wire::As<'_, {W}>` for the type, or for a newtype around it"
)]
pub trait As<'a, W: ToOwned + ?Sized>: Sized {
    /// The value that stands for one of the wire.
    ///
    /// # Errors
    ///
    /// There is none, and why.
    fn from_wire(wire: &'a W) -> Result<Self, Reason>;

    /// What stands on the wire for the value.
    ///
    /// # Errors
    ///
    /// Nothing does, and why.
    fn to_wire(&self) -> Result<Cow<'_, W>, Reason>;
}

macro_rules! numbers {
    ($($number:ident)*) => { $(
        impl<T> As<'_, $number> for T
        where
            T: TryFrom<$number, Error: fmt::Display> + Clone,
            $number: TryFrom<T, Error: fmt::Display>,
        {
            #[inline]
            fn from_wire(wire: &$number) -> Result<Self, Reason> {
                Ok(Self::try_from(*wire)?)
            }

            #[inline]
            fn to_wire(&self) -> Result<Cow<'_, $number>, Reason> {
                Ok(Cow::Owned($number::try_from(self.clone())?))
            }
        }
    )* };
}

numbers! { u8 u16 u32 u64 u128 i8 i16 i32 i64 i128 f32 f64 bool }

impl<T> As<'_, str> for T
where
    T: FromStr<Err: fmt::Display> + fmt::Display,
{
    fn from_wire(wire: &str) -> Result<Self, Reason> {
        Ok(wire.parse()?)
    }

    fn to_wire(&self) -> Result<Cow<'_, str>, Reason> {
        Ok(Cow::Owned(self.to_string()))
    }
}

macro_rules! addresses {
    ($($address:ident)*) => { $(
        impl As<'_, [u8]> for $address {
            fn from_wire(wire: &[u8]) -> Result<Self, Reason> {
                match wire.try_into().map(|octets: [u8; const { ($address::BITS / 8) as usize }]| Self::from(octets)) {
                    Ok(address) => Ok(address),
                    Err(_) => Err("not as many bytes as an address has".into()),
                }
            }

            fn to_wire(&self) -> Result<Cow<'_, [u8]>, Reason> {
                Ok(Cow::Owned(self.octets().to_vec()))
            }
        }
    )* };
}

addresses! { Ipv4Addr Ipv6Addr }

impl Reader<'_> {
    /// The value of a user's that stands for one of the wire, which was read at `offset`.
    ///
    /// # Errors
    ///
    /// There is none.
    #[inline]
    pub fn converted<'w, W: ToOwned + ?Sized, T: As<'w, W>>(
        wire: &'w W,
        offset: usize,
        field: &'static Field,
    ) -> Result<T, DecodeError> {
        T::from_wire(wire).map_err(|Reason(reason)| DecodeError::new(field, offset, Fault::Refused { reason }))
    }
}

/// What stands on the wire for a value of a user's.
///
/// # Errors
///
/// Nothing does.
#[inline]
pub fn to_wire<'v, 'a, W: ToOwned + ?Sized, T: As<'a, W>>(
    value: &'v T,
    field: &'static Field,
) -> Result<Cow<'v, W>, EncodeError> {
    value.to_wire().map_err(|reason| refused(reason, field))
}

#[cold]
fn refused(Reason(reason): Reason, field: &'static Field) -> EncodeError {
    EncodeError::new(field, EncodeFault::Refused { reason })
}

/// A transform of a user's: how content stands on the wire. It is undone in the frame itself, so that what it stands for is
/// never longer than what stood there.
///
/// ```
/// use wm_core::wire::{Reason, Transform};
///
/// /// Every byte is turned round.
/// struct Inverted;
///
/// impl Transform for Inverted {
///     fn apply(plain: &[u8], wire: &mut Vec<u8>) -> Result<(), Reason> {
///         wire.extend(plain.iter().map(|byte| !byte));
///         Ok(())
///     }
///
///     fn undo(wire: &mut [u8]) -> Result<usize, Reason> {
///         wire.iter_mut().for_each(|byte| *byte = !*byte);
///         Ok(wire.len())
///     }
/// }
///
/// let mut wire = Vec::new();
/// Inverted::apply(b"hi", &mut wire).unwrap();
/// assert_eq!(wire, [0x97, 0x96]);
/// assert_eq!((Inverted::undo(&mut wire), &wire[..]), (Ok(2), &b"hi"[..]));
/// ```
pub trait Transform {
    /// Appends what stands on the wire for `plain`.
    ///
    /// # Errors
    ///
    /// Nothing does, and why.
    fn apply(plain: &[u8], wire: &mut Vec<u8>) -> Result<(), Reason>;

    /// Undoes the transform where it stands, and says how many bytes it stands for: these are the first ones then.
    ///
    /// # Errors
    ///
    /// It stands for nothing, and why.
    fn undo(wire: &mut [u8]) -> Result<usize, Reason>;
}

/// What stands on the wire for content that is transformed.
///
/// # Errors
///
/// The transform refuses it.
pub fn applied<T: Transform>(plain: &[u8], field: &'static Field) -> Result<Vec<u8>, EncodeError> {
    let mut wire = Vec::with_capacity(plain.len());
    match T::apply(plain, &mut wire) {
        Ok(()) => Ok(wire),
        Err(reason) => Err(refused(reason, field)),
    }
}

/// Undoes a transform of a user's, and says how many bytes it stands for.
///
/// # Errors
///
/// The transform refuses what stands there: the error points at its start.
pub fn undone<T: Transform>(
    frame: &mut [u8],
    content: Range<usize>,
    field: &'static Field,
) -> Result<usize, DecodeError> {
    let offset = content.start;
    let content = frame.get_mut(content).unwrap_or_default();
    let most = content.len();
    match T::undo(content) {
        Ok(len) => Ok(len.min(most)),
        Err(Reason(reason)) => Err(DecodeError::new(field, offset, Fault::Refused { reason })),
    }
}

/// A function of a user's that gives a checksum of bytes, which it is handed in one piece or in several that stand behind
/// each other: where its own bytes count as zeros, these are a piece.
#[derive(Debug, Clone, Copy)]
pub struct Custom<T>(pub fn(&[&[u8]]) -> T);

impl<T: Copy + Into<u64>> Checksum for Custom<T> {
    type Value = T;

    #[inline]
    fn of(&self, parts: &[&[u8]]) -> T {
        (self.0)(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use core::net::IpAddr;
    use core::num::NonZeroU8;

    const F: &Field = &Field::new("M", "f", 3);

    #[test]
    fn numbers_and_text_go_there_and_back() {
        let address: Ipv4Addr = Reader::converted(&0x7f00_0001u32, 0, F).unwrap();
        assert_eq!(address, Ipv4Addr::LOCALHOST);
        assert_eq!(to_wire::<u32, _>(&address, F), Ok(Cow::Owned(0x7f00_0001)));
        let address: IpAddr = Reader::converted("::1", 0, F).unwrap();
        assert_eq!(to_wire::<str, _>(&address, F), Ok(Cow::Borrowed("::1")));
        let address: Ipv6Addr = Reader::converted(&[0u8; 16][..], 0, F).unwrap();
        assert_eq!(address, Ipv6Addr::UNSPECIFIED);
        let letter: char = Reader::converted(&0x61u32, 0, F).unwrap();
        assert_eq!(letter, 'a');
    }

    #[test]
    fn what_is_refused_says_where_and_why() {
        let refused = Reader::converted::<u8, NonZeroU8>(&0, 7, F).unwrap_err();
        let expected = "M.f at byte 7: refused: out of range integral type conversion attempted (schema line 3)";
        assert_eq!(refused.to_string(), expected);
        assert!(Reader::converted::<[u8], Ipv4Addr>(&[1, 2, 3], 0, F).is_err());
        #[derive(Clone)]
        struct Never;
        impl As<'_, u8> for Never {
            fn from_wire(_: &u8) -> Result<Self, Reason> {
                Err("never".into())
            }
            fn to_wire(&self) -> Result<Cow<'_, u8>, Reason> {
                Err("never".into())
            }
        }
        assert_eq!(to_wire::<u8, _>(&Never, F).unwrap_err().to_string(), "M.f: refused: never");
        assert!(Reader::converted::<u8, Never>(&0, 0, F).is_err());
    }

    #[test]
    fn a_transform_that_says_too_much_is_cut_to_what_stood_there() {
        struct Boasting;
        impl Transform for Boasting {
            fn apply(plain: &[u8], wire: &mut Vec<u8>) -> Result<(), Reason> {
                if plain.is_empty() {
                    return Err("nothing".into());
                }
                wire.extend(plain);
                Ok(())
            }
            fn undo(wire: &mut [u8]) -> Result<usize, Reason> {
                if wire.is_empty() { Err("nothing".into()) } else { Ok(wire.len().saturating_add(9)) }
            }
        }
        assert_eq!(undone::<Boasting>(&mut [1, 2, 3], 1..3, F), Ok(2));
        let error = undone::<Boasting>(&mut [1, 2, 3], 2..2, F).unwrap_err();
        assert_eq!((error.offset, error.fault), (2, Fault::Refused { reason: "nothing".into() }));
        assert_eq!(applied::<Boasting>(b"ab", F), Ok(b"ab".to_vec()));
        assert!(applied::<Boasting>(b"", F).is_err());
    }

    #[test]
    fn a_function_sees_all_parts() {
        let length = Custom(|parts: &[&[u8]]| u32::try_from(parts.concat().len()).unwrap());
        assert_eq!(length.of(&[b"ab", b"", b"c"]), 3);
    }
}
