//! Enums and typed JSON bodies.

use super::names::{ident, ty, variant};
use super::number::{fixed_method, to_u64};
use super::{Rust, bits, docs, encode, literal, shape};
use crate::ir::{Enum, Int, JsonBody, JsonType, RustShape, Variant};
use proc_macro2::TokenStream;
use quote::{ToTokens, quote};

/// An enum and its way to the wire and back.
pub(super) fn enumeration(rust: &Rust<'_>, index: usize) -> TokenStream {
    let kind = &rust.schema.enums[index];
    let name = ty(&kind.name);
    let repr = shape::int_type(&kind.repr);
    let docs = docs(&kind.docs, || format!("A number of the protocol: `{}`.", kind.name));
    let variants = kind.variants.iter().map(|one| definition(one, &repr));
    let other = kind.open.then(|| quote!(#[doc = " Every other value."] Other(#repr),));
    let conversions = conversions(kind, &repr);
    let (whole, in_bits) = (encode::uses_enum(rust.schema, index, false), encode::uses_enum(rust.schema, index, true));
    let check = (encode::needs_check(kind) && (whole || in_bits)).then(|| check(kind));
    let read = whole.then(|| read(kind));
    let from_bits = (in_bits && !kind.open).then(|| bits::from_bits(kind));
    let definition = (kind.rust == RustShape::Generated).then(|| {
        quote! {
            #docs
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            pub enum #name {
                #(#variants)*
                #other
            }
        }
    });
    quote! {
        #definition

        impl #name {
            #conversions
            #read
            #from_bits
            #check
        }
    }
}

fn definition(one: &Variant, repr: &TokenStream) -> TokenStream {
    let name = variant(&one.name);
    let fallback = || match one.least == one.most {
        true => format!("The value {}.", one.least),
        false => format!("The values {} to {}.", one.least, one.most),
    };
    let docs = docs(&one.docs, fallback);
    if one.least == one.most { quote!(#docs #name,) } else { quote!(#docs #name(#repr),) }
}

fn conversions(kind: &Enum, repr: &TokenStream) -> TokenStream {
    let found = |variant: TokenStream| if kind.open { variant } else { quote!(Some(#variant)) };
    let from = kind.variants.iter().map(|one| {
        let (name, least, most) =
            (variant(&one.name), literal::number(one.least.into()), literal::number(one.most.into()));
        match one.least == one.most {
            true => (quote!(#least), found(quote!(Self::#name))),
            false => (quote!(#least..=#most), found(quote!(Self::#name(value)))),
        }
    });
    let from = from.map(|(values, variant)| quote!(#values => #variant,));
    let is_range = |one: &&Variant| one.least != one.most;
    let to = kind.variants.iter().filter(|one| !is_range(one)).map(|one| {
        let (name, least) = (variant(&one.name), literal::number(one.least.into()));
        quote!(Self::#name => #least,)
    });
    let carriers = kind.variants.iter().filter(is_range).map(|one| variant(&one.name));
    let carriers: Vec<_> = carriers.chain(kind.open.then(|| variant("Other"))).collect();
    let carried = (!carriers.is_empty()).then(|| quote!(#(Self::#carriers(value))|* => value,));
    let (result, rest, doc) = match kind.open {
        true => (quote!(Self), quote!(_ => Self::Other(value),), " The variant of a value on the wire."),
        false => (quote!(Option<Self>), quote!(_ => None,), " The variant of a value on the wire, if it has one."),
    };
    let rest = (!is_complete(kind)).then_some(rest);
    quote! {
        #[doc = #doc]
        #[must_use]
        pub const fn from_wire(value: #repr) -> #result {
            match value {
                #(#from)*
                #rest
            }
        }

        /// Its value on the wire.
        #[must_use]
        pub const fn to_wire(self) -> #repr {
            match self {
                #(#to)*
                #carried
            }
        }
    }
}

/// Whether every value of the Rust type has a name.
fn is_complete(kind: &Enum) -> bool {
    let named: u128 = kind.variants.iter().map(|one| u128::from(one.most - one.least) + 1).sum();
    matches!(kind.repr, Int::Fixed { bytes: bytes @ (1 | 2 | 4 | 8), .. } if named == 1 << (8 * u32::from(bytes)))
}

fn read(kind: &Enum) -> TokenStream {
    let Int::Fixed { bytes, signed, endian } = kind.repr else { return TokenStream::new() };
    let method = fixed_method(bytes, signed, endian);
    let body = if kind.open {
        quote!(reader.#method(field).map(Self::from_wire))
    } else {
        let found = to_u64(&quote!(value), &kind.repr);
        quote! {
            let offset = reader.offset();
            let value = reader.#method(field)?;
            Self::from_wire(value).ok_or_else(|| DecodeError::new(field, offset, Fault::Variant { found: #found }))
        }
    };
    quote! {
        fn read(reader: &mut Reader<'_>, field: &'static Field) -> Result<Self, DecodeError> {
            #body
        }
    }
}

/// Refuses a value that would come back as another variant.
fn check(kind: &Enum) -> TokenStream {
    let expected = if kind.open { quote!(self) } else { quote!(Some(self)) };
    let found = to_u64(&quote!(self.to_wire()), &kind.repr);
    let fits = match kind.repr {
        Int::Fixed { bytes: bytes @ (3 | 5 | 6 | 7), .. } => {
            let most = literal::number((1u128 << (u32::from(bytes) * 8)) - 1);
            quote!(&& self.to_wire() <= #most)
        }
        Int::Bits { bits } if !bits.is_power_of_two() || bits < 8 => {
            let most = literal::number((1u128 << bits) - 1);
            quote!(&& self.to_wire() <= #most)
        }
        _ => quote!(),
    };
    quote! {
        fn check(self, field: &'static Field) -> Result<(), EncodeError> {
            if Self::from_wire(self.to_wire()) == #expected #fits {
                return Ok(());
            }
            Err(EncodeError::new(field, EncodeFault::Variant { found: #found }))
        }
    }
}

/// The struct of a typed JSON body.
pub(super) fn json_body(rust: &Rust<'_>, index: usize) -> TokenStream {
    let body = &rust.schema.json_bodies[index];
    let name = ty(&body.name);
    let generics = shape::body_borrows(rust.schema, index).then(|| quote!(<'a>));
    let docs = docs(&body.docs, || format!("The JSON object `{}`.", body.name));
    let eq = shape::body_has_eq(rust.schema, index).then(|| quote!(, Eq));
    let runtime = &rust.runtime;
    let serde = rust.path("wire::serde");
    let members = members(rust, body);
    quote! {
        #docs
        #[derive(Debug, Clone, PartialEq #eq, #runtime::wire::serde::Serialize, #runtime::wire::serde::Deserialize)]
        #[serde(crate = #serde)]
        pub struct #name #generics {
            #members
        }
    }
}

fn members(rust: &Rust<'_>, body: &JsonBody) -> TokenStream {
    let members = body.members.iter().map(|member| {
        let name = ident(&member.name);
        let docs = docs(&member.docs, || format!("The member `{}`.", member.name));
        let (attribute, held) = match member.ty {
            JsonType::Str => (quote!(#[serde(borrow)]), quote!(Cow<'a, str>)),
            JsonType::Base64 => {
                let with = rust.path("wire::base64");
                (quote!(#[serde(with = #with)]), quote!(Cow<'a, [u8]>))
            }
            JsonType::Bool => (quote!(), quote!(bool)),
            JsonType::Int { bits, signed } => {
                let name = ident(&format!("{}{bits}", if signed { 'i' } else { 'u' }));
                (quote!(), name.to_token_stream())
            }
            JsonType::Float => {
                let with = rust.path("wire::finite::serialize");
                (quote!(#[serde(serialize_with = #with)]), quote!(f64))
            }
            JsonType::Body(inner) => {
                let held = shape::body_type(rust.schema, inner);
                let borrow = shape::body_borrows(rust.schema, inner).then(|| quote!(#[serde(borrow)]));
                (quote!(#borrow), held)
            }
        };
        quote!(#docs #attribute pub #name: #held,)
    });
    members.collect()
}
