//! Enums of words.

use super::names::{ident, ty, variant};
use super::{Rust, docs};
use crate::ir::{Bytes, Content, Role, RustShape, Schema, Type, Words};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// An enum of words and its way to the wire and back.
pub(super) fn enumeration(rust: &Rust<'_>, index: usize) -> TokenStream {
    let words = &rust.schema.words[index];
    let (name, docs) = (ty(&words.name), docs(&words.docs, || format!("A word of the protocol: `{}`.", words.name)));
    let variants = words.words.iter().map(|word| {
        let (name, docs) = (variant(&word.name), super::docs(&word.docs, || format!("The word `{}`.", word.text)));
        quote!(#docs #name,)
    });
    let other = words.open.then(|| quote!(#[doc = " Every other word."] Other(&'a str),));
    let acronym = |name: &str| name.len() > 2 && name.chars().all(|letter| !letter.is_ascii_lowercase());
    let acronyms = words
        .words
        .iter()
        .any(|word| acronym(&word.name))
        .then(|| quote!(#[allow(clippy::upper_case_acronyms, reason = "the variants are called as on the wire")]));
    let generics = words.open.then(|| quote!(<'a>));
    let (held, conversions) = (is_held(rust.schema, index), conversions(words));
    let (read, check) = (held.then(|| read(words)), (held && words.open).then(check));
    let list = (held && !words.open).then(|| {
        let (list, all) = (list_name(words), words.words.iter().map(|word| &word.text));
        quote!(const #list: &'static [&'static str] = &[#(#all),*];)
    });
    let definition = (words.rust == RustShape::Generated).then(|| {
        quote! {
            #docs
            #acronyms
            #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
            pub enum #name #generics {
                #(#variants)*
                #other
            }
        }
    });
    quote! {
        #definition

        impl #generics #name #generics {
            #list
            #conversions
            #read
            #check
        }
    }
}

fn conversions(words: &Words) -> TokenStream {
    let found = |variant: TokenStream| if words.open { variant } else { quote!(Some(#variant)) };
    let rest = if words.open { quote!(Self::Other(word)) } else { quote!(None) };
    let pairs = || words.words.iter().map(|word| (&word.text, variant(&word.name)));
    let arms = pairs().map(|(text, name)| {
        let found = found(quote!(Self::#name));
        match words.nocase {
            true => quote!(_ if word.eq_ignore_ascii_case(#text) => #found,),
            false => quote!(#text => #found,),
        }
    });
    let (argument, result, text) = match words.open {
        true => (quote!(&'a str), quote!(Self), quote!(&'a str)),
        false => (quote!(&str), quote!(Option<Self>), quote!(&'static str)),
    };
    let case = if words.nocase { ", in capital or small letters" } else { "" };
    let doc = match words.open {
        true => format!(" The variant of a word{case}."),
        false => format!(" The variant of a word{case}, if it has one."),
    };
    let spellings = pairs().map(|(text, name)| quote!(Self::#name => #text,));
    let other = words.open.then(|| quote!(Self::Other(word) => word,));
    quote! {
        #[doc = #doc]
        #[must_use]
        pub fn from_wire(word: #argument) -> #result {
            match word {
                #(#arms)*
                _ => #rest,
            }
        }

        /// How it is spelled.
        #[must_use]
        pub const fn as_str(self) -> #text {
            match self {
                #(#spellings)*
                #other
            }
        }
    }
}

fn read(words: &Words) -> TokenStream {
    let list = list_name(words);
    let (generics, body) = match words.open {
        true => (quote!(), quote!(reader.word(bytes, field).map(Self::from_wire))),
        false => (
            quote!(<'a>),
            quote! {
                let word = reader.word(bytes, field)?;
                Self::from_wire(word).ok_or_else(|| reader.unknown(word, Self::#list, field))
            },
        ),
    };
    quote! {
        fn read #generics(reader: &Reader<'a>, bytes: &'a [u8], field: &'static Field) -> Result<Self, DecodeError> {
            #body
        }
    }
}

/// The constant that lists the words; a variant of its name would hide it.
fn list_name(words: &Words) -> Ident {
    let taken = words.words.iter().any(|word| word.name == "WORDS");
    ident(if taken { "ALL_WORDS" } else { "WORDS" })
}

/// Refuses what would come back as another variant, or not at all.
fn check() -> TokenStream {
    quote! {
        fn check(self, field: &'static Field) -> Result<(), EncodeError> {
            match self {
                Self::Other(word) => check::word(word, Self::from_wire(word) != self, field),
                _ => Ok(()),
            }
        }
    }
}

/// Whether a field holds a word of this enum: parameters alone read and write none.
fn is_held(schema: &Schema, index: usize) -> bool {
    let layouts = schema.structs.iter().chain(schema.messages.iter().map(|message| &message.layout));
    layouts.flat_map(|layout| &layout.fields).any(|field| {
        matches!(field.ty, Type::Bytes(Bytes { content: Content::Word(at), .. }) if at == index)
            && field.role == Role::Value
    })
}
