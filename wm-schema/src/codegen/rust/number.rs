//! Numbers: the calls that read and write them, and what they have to be.

use super::{bits, literal, shape};
use crate::ir::{Endian, Int, Scale};
use proc_macro2::TokenStream;
use quote::{ToTokens, format_ident, quote};

/// `reader.u32_be(FIELD)?`.
pub(super) fn read_int(int: &Int, reader: &TokenStream, constant: &TokenStream) -> TokenStream {
    let call = int_call(int, constant);
    quote!(#reader.#call?)
}

/// `u32_be(FIELD)`.
pub(super) fn int_call(int: &Int, constant: &TokenStream) -> TokenStream {
    match int {
        Int::Fixed { bytes, signed, endian } => {
            let method = fixed_method(*bytes, *signed, *endian);
            quote!(#method(#constant))
        }
        Int::Varint { signed: false } => quote!(varint(#constant)),
        Int::Varint { signed: true } => quote!(svarint(#constant)),
        Int::Vlq { minimal } => {
            let spelling = spelling(*minimal);
            quote!(vlq(#spelling, #constant))
        }
        Int::Quic { minimal } => {
            let spelling = spelling(*minimal);
            quote!(quicvar(#spelling, #constant))
        }
        Int::Digits { radix: base, digits } => {
            let (digits, base) = (literal::number((*digits).into()), radix(*base));
            quote!(digits(#digits, #base, #constant))
        }
        Int::Until { signed, radix: base, ends, max } => {
            let (ends, max, base) = (literal::ends(ends), literal::number((*max).into()), radix(*base));
            if *signed {
                quote!(signed_until(#ends, #max, #constant))
            } else {
                quote!(number_until(#ends, #max, #base, #constant))
            }
        }
        Int::Escaping(how) => {
            let (base, table) = (bits::base(how), bits::table_name(how));
            quote!(escaping(#base, &#table, #constant))
        }
        // Part of a run, which is read as one.
        Int::Bits { .. } | Int::Flag => TokenStream::new(),
    }
}

/// The statement that puts a number on the wire.
pub(super) fn write_int(int: &Int, value: &TokenStream) -> TokenStream {
    match int {
        Int::Fixed { bytes, signed, endian } => {
            let method = fixed_method(*bytes, *signed, *endian);
            quote!(writer.#method(#value);)
        }
        Int::Varint { signed: false } => quote!(writer.varint(#value);),
        Int::Varint { signed: true } => quote!(writer.svarint(#value);),
        Int::Vlq { .. } => quote!(writer.vlq(#value);),
        Int::Quic { .. } => quote!(writer.quicvar(#value);),
        Int::Digits { radix: base, digits } => {
            let (digits, base) = (literal::number((*digits).into()), radix(*base));
            quote!(writer.digits(#value, #digits, #base);)
        }
        Int::Until { radix: base, signed, ends, .. } => {
            let (delimiter, base) = (literal::bytes(ends.written()), radix(*base));
            let number = if *signed { quote!(writer.signed(#value);) } else { quote!(writer.number(#value, #base);) };
            quote!(#number writer.bytes(#delimiter);)
        }
        Int::Escaping(how) => {
            let (base, table) = (bits::base(how), bits::table_name(how));
            quote!(writer.escaping(#value, #base, &#table);)
        }
        // Part of a run, which is written as one.
        Int::Bits { .. } | Int::Flag => TokenStream::new(),
    }
}

/// How many bytes a number takes: what is always the same, and a term that is not.
pub(super) fn width(int: &Int, value: &TokenStream, terms: &mut Vec<TokenStream>) -> u64 {
    match int {
        Int::Fixed { .. } | Int::Digits { .. } | Int::Bits { .. } | Int::Flag => return int.size().least,
        Int::Varint { signed: false } => terms.push(quote!(check::varint_width(#value))),
        Int::Varint { signed: true } => terms.push(quote!(check::svarint_width(#value))),
        Int::Vlq { .. } => terms.push(quote!(check::vlq_width(#value))),
        Int::Quic { .. } => terms.push(quote!(check::quicvar_width(#value))),
        Int::Until { signed: true, .. } => terms.push(quote!(check::signed_width(#value))),
        Int::Until { radix: base, .. } => {
            let base = radix(*base);
            terms.push(quote!(check::number_width(#value, #base)));
        }
        Int::Escaping(how) => {
            let table = bits::table_name(how);
            terms.push(quote!(#table.width(#value)));
            return int.size().least;
        }
    }
    match int {
        Int::Until { ends, .. } => ends.written().len() as u64,
        _ => 0,
    }
}

/// The check of a number whose Rust type holds more than the wire or the schema allows.
pub(super) fn within(
    int: &Int,
    range: Option<(i128, i128)>,
    value: &TokenStream,
    constant: &TokenStream,
) -> Option<TokenStream> {
    let (bits, signed) = shape::int_bits(int);
    let whole = match (bits, signed) {
        (128, _) => int.range(),
        (bits, true) => (-(1i128 << (bits - 1)), (1i128 << (bits - 1)) - 1),
        (bits, false) => (0, (1i128 << bits) - 1),
    };
    let (least, most) = range.unwrap_or_else(|| int.range());
    if (least, most) == whole {
        return None;
    }
    let (found, least, most) = (to_i128(value, int), literal::signed(least), literal::signed(most));
    Some(quote!(check::within(#found, #least, #most, #constant)?;))
}

/// `u32_be`: the method of reader and writer for a number of fixed width.
pub(super) fn fixed_method(bytes: u8, signed: bool, endian: Endian) -> TokenStream {
    let sign = if signed { 'i' } else { 'u' };
    let bits = u16::from(bytes) * 8;
    let name = match (bytes, endian) {
        (1, _) => format_ident!("{sign}8"),
        (_, Endian::Big) => format_ident!("{sign}{bits}_be"),
        (_, Endian::Little) => format_ident!("{sign}{bits}_le"),
    };
    quote!(#name)
}

/// `f32_be`: the method of reader and writer for a float.
pub(super) fn float_method(bytes: u8, endian: Endian) -> TokenStream {
    let order = match endian {
        Endian::Big => "be",
        Endian::Little => "le",
    };
    let name = format_ident!("f{}_{order}", u16::from(bytes) * 8);
    quote!(#name)
}

/// `Radix::Decimal`.
pub(super) fn radix(radix: u8) -> TokenStream {
    if radix == 16 { quote!(Radix::Hex) } else { quote!(Radix::Decimal) }
}

/// `Spelling::Any`.
fn spelling(minimal: bool) -> TokenStream {
    if minimal { quote!(Spelling::Shortest) } else { quote!(Spelling::Any) }
}

/// What a number says, an `u64`, in bytes or elements.
pub(super) fn said(value: TokenStream, scale: Scale, offset: &impl ToTokens, constant: &TokenStream) -> TokenStream {
    match scale {
        Scale::One => value,
        Scale::Over(by) => {
            let by = literal::number(by.into());
            quote!(#value.saturating_mul(#by))
        }
        Scale::Times(by) => {
            let by = literal::number(by.into());
            quote!(Reader::divided(#value, #by, #offset, #constant)?)
        }
    }
}

/// A number that was read, as `u64`. What no `u64` holds is `u64::MAX`: no length, and so refused as one.
pub(super) fn to_u64(value: &TokenStream, int: &Int) -> TokenStream {
    match shape::int_bits(int) {
        (64, false) => value.clone(),
        (1 | 8 | 16 | 32, false) => quote!(u64::from(#value)),
        _ => quote!(u64::try_from(#value).unwrap_or(u64::MAX)),
    }
}

/// A number as `i128`.
pub(super) fn to_i128(value: &TokenStream, int: &Int) -> TokenStream {
    match shape::int_bits(int) {
        (128, true) => value.clone(),
        (128, false) => quote!(i128::try_from(#value).unwrap_or(i128::MAX)),
        _ => quote!(i128::from(#value)),
    }
}
