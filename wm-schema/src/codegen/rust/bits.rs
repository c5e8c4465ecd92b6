//! Runs of bits: one number on the wire, taken apart by shifts and masks; and the tables of integers that escape.

use super::layout::LayoutCode;
use super::names;
use super::number::{fixed_method, to_u64};
use super::{Rust, docs, literal, shape};
use crate::ir::{BitPlace, Endian, Escape, Escaping, Int, Role, Side, Type};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// `let bits = reader.u8(FIN)?;` in front of the first field of a run.
pub(super) fn read_run(place: &BitPlace, reader: &TokenStream, constant: &TokenStream) -> TokenStream {
    let method = fixed_method(place.bytes, false, place.endian);
    quote!(let bits = #reader.#method(#constant)?;)
}

/// The bits of a number, in the smallest type that holds it.
pub(super) fn number(place: &BitPlace) -> TokenStream {
    let (shift, width) = (place.shift, place.width);
    let shifted = match literal::number(shift.into()) {
        _ if shift == 0 => quote!(bits),
        shift => quote!(bits >> #shift),
    };
    let (own, run) = (bits_type(width), run_type(place));
    // Nothing stands above the highest bits; a cast of a number of 24 bits wants to see that.
    let highest = shift + width == place.bytes * 8 && (own == run || place.bytes.is_power_of_two());
    let masked = match literal::hex(place.most()) {
        _ if highest => shifted,
        mask if shift == 0 => quote!(bits & #mask),
        mask => quote!((#shifted) & #mask),
    };
    match own == run {
        true => masked,
        false if shift == 0 && masked.to_string() == "bits" => quote!(bits as #own),
        false => quote!((#masked) as #own),
    }
}

/// Whether the one bit is set.
pub(super) fn flag(place: &BitPlace) -> TokenStream {
    let mask = literal::hex(1 << place.shift);
    quote!(bits & #mask != 0)
}

/// The same as `u64`.
pub(super) fn wide(place: &BitPlace) -> TokenStream {
    let part = number(place);
    if bits_type(place.width) == "u64" { part } else { quote!(u64::from(#part)) }
}

/// `u16`: the type of a number of so many bits.
fn bits_type(bits: u8) -> Ident {
    format_ident!("u{}", bits.next_power_of_two().max(8))
}

fn run_type(place: &BitPlace) -> Ident {
    bits_type(place.bytes * 8)
}

/// `from == Side::Client`.
pub(super) fn is_from(side: Side) -> TokenStream {
    match side {
        Side::Client => quote!(from == Side::Client),
        Side::Server => quote!(from == Side::Server),
    }
}

/// The number of a run, of the fields whose values `value` says.
pub(super) fn write_run(
    code: &LayoutCode<'_>,
    place: &BitPlace,
    mut value: impl FnMut(usize) -> TokenStream,
) -> TokenStream {
    let run = run_type(place);
    let mut terms = Vec::new();
    for at in place.first..=place.last {
        let field = code.field(at);
        let Some(own) = &field.bits else { continue };
        let number = match (&field.role, &field.ty) {
            (Role::Constant(0), _) => continue,
            (Role::Constant(value), _) => {
                terms.push((literal::hex(u64::try_from(*value).unwrap_or_default() << own.shift), false));
                continue;
            }
            (Role::Sender(side), _) => {
                let is_from = is_from(*side);
                quote!(#run::from(#is_from))
            }
            (_, Type::Int(Int::Flag, _)) => {
                let value = value(at);
                quote!(#run::from(#value))
            }
            (_, Type::Int(Int::Escaping(how), _)) => {
                let (table, value) = (table_name(how), value(at));
                quote!(#table.base::<#run>(#value))
            }
            _ => {
                let value = value(at);
                if bits_type(own.width) == run { value } else { quote!(#run::from(#value)) }
            }
        };
        let shift = literal::number(own.shift.into());
        terms.push(if own.shift == 0 { (number, false) } else { (quote!(#number << #shift), true) });
    }
    let method = fixed_method(place.bytes, false, place.endian);
    let whole = match terms.as_slice() {
        [] => quote!(0),
        [(one, _)] => one.clone(),
        _ => {
            let terms = terms.iter().map(|(term, shifted)| if *shifted { quote!((#term)) } else { quote!(#term) });
            quote!(#(#terms)|*)
        }
    };
    quote!(writer.#method(#whole);)
}

/// The integers that escape, as the runtime reads and writes them.
pub(super) fn tables(rust: &Rust<'_>) -> TokenStream {
    let table = |how: &Escaping| {
        let docs = docs(&how.docs, || format!("How the integer `{}` escapes.", how.name));
        let (name, direct, minimal) = (table_name(how), literal::number(how.direct.into()), how.minimal);
        let escapes = how.escapes.iter().map(|Escape { mark, bytes, endian }| {
            let (mark, wide) = (literal::number((*mark).into()), unsigned(*bytes, *endian));
            quote!((#mark, #wide))
        });
        quote! {
            #docs
            const #name: Escaping = Escaping {
                direct: #direct,
                minimal: #minimal,
                escapes: &[#(#escapes),*],
            };
        }
    };
    rust.schema.ints.iter().map(|how| table(how)).collect()
}

/// `LEN_ESCAPES`.
pub(super) fn table_name(how: &Escaping) -> Ident {
    let mut name = String::new();
    for letter in how.name.chars() {
        if letter.is_ascii_uppercase() && !name.is_empty() {
            name.push('_');
        }
        name.push(letter.to_ascii_uppercase());
    }
    format_ident!("{name}_ESCAPES")
}

/// `Unsigned::be(2)`.
fn unsigned(bytes: u8, endian: Endian) -> TokenStream {
    let bytes = literal::number(bytes.into());
    match endian {
        Endian::Big => quote!(Unsigned::be(#bytes)),
        Endian::Little => quote!(Unsigned::le(#bytes)),
    }
}

/// The base of an integer that escapes, if it is whole bytes.
pub(super) fn base(how: &Escaping) -> TokenStream {
    match how.base {
        Int::Fixed { bytes, endian, .. } => unsigned(bytes, endian),
        _ => TokenStream::new(),
    }
}

/// `read` of an enum that is part of a run: its value has been read.
pub(super) fn enum_read(code: &LayoutCode<'_>, index: usize, place: &BitPlace, tail: &TokenStream) -> TokenStream {
    let kind = &code.rust.schema.enums[index];
    let (name, value) = (names::ty(&kind.name), number(place));
    if kind.open { quote!(#name::from_wire(#value)) } else { quote!(#name::from_bits(#value, #tail)?) }
}

/// The function `from_bits` of an enum.
pub(super) fn from_bits(kind: &crate::ir::Enum) -> TokenStream {
    let repr = shape::int_type(&kind.repr);
    let found = to_u64(&quote!(value), &kind.repr);
    quote! {
        fn from_bits(value: #repr, offset: usize, field: &'static Field) -> Result<Self, DecodeError> {
            Self::from_wire(value).ok_or_else(|| DecodeError::new(field, offset, Fault::Variant { found: #found }))
        }
    }
}
