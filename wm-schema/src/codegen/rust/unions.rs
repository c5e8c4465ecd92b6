//! Unions: an enum whose variants hold the arms, and its way to the wire and back.

use super::layout::LayoutCode;
use super::number::{fixed_method, to_u64};
use super::{Rust, decode, docs, encode, headers, literal, names, pointers, shape, walk};
use crate::ir::{By, Bytes, Choice, Content, Held, Int, Layout, Type};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The enum of a union.
pub(super) fn union(rust: &Rust<'_>, layout: &Layout, choice: &Choice, walked: bool) -> TokenStream {
    let code = LayoutCode::part(rust, layout);
    let union = Union { rust, layout, choice, code: &code };
    let (read, measure, write) = (union.read(), union.measure(), union.write());
    let walk = walked.then(|| walk::union(&code, choice));
    let by_header = headers::union(&code, choice, headers::is_walked(rust, layout));
    let functions = quote!(#walk #by_header #read #measure #write);
    let (constants, own_constants) = rust.constants(&code, &functions);
    let tag = names::mentions(&functions, "TAG").then(|| {
        let (name, line) = (&layout.name, literal::number(layout.line.into()));
        quote!(const TAG: &'static Field = &Field::new(#name, "tag", #line);)
    });
    let definition = union.definition();
    let (generics, ty) = rust.generics(layout);
    quote! {
        #definition

        #constants

        impl #generics #ty {
            #tag
            #own_constants
            #functions
        }
    }
}

struct Union<'u> {
    rust: &'u Rust<'u>,
    layout: &'u Layout,
    choice: &'u Choice,
    code: &'u LayoutCode<'u>,
}

impl Union<'_> {
    fn copy(&self) -> bool {
        shape::has(self.rust.schema, self.layout, shape::Trait::Copy)
    }

    fn definition(&self) -> TokenStream {
        if shape::is_written(self.layout) {
            return TokenStream::new();
        }
        let layout_docs = docs(&self.layout.docs, || format!("The union `{}`.", self.layout.name));
        let copy = self.copy().then(|| quote!(, Copy));
        let eq = shape::has(self.rust.schema, self.layout, shape::Trait::Eq).then(|| quote!(, Eq));
        let (_, ty) = self.rust.generics(self.layout);
        let arms = self.layout.fields.iter().map(|field| {
            let docs = docs(&field.docs, || format!("The arm `{}`.", field.name));
            let (name, held) = (names::variant(&field.name), shape::field_type(self.rust.schema, self.layout, field));
            quote!(#docs #name(#held),)
        });
        quote! {
            #layout_docs
            #[derive(Debug, Clone #copy, PartialEq #eq)]
            pub enum #ty {
                #(#arms)*
            }
        }
    }

    /// What chooses, as a pattern of Rust; none for all other values.
    fn pattern(&self, at: usize) -> Option<TokenStream> {
        let (least, most) = self.choice.values[at]?;
        if is_last_of_bits(self.choice, at) {
            return None;
        }
        if let By::Given(Type::Bytes(Bytes { content: Content::Word(index), .. })) = &self.choice.by {
            let words = &self.rust.schema.words[*index];
            let word = usize::try_from(least).ok().and_then(|at| words.words.get(at))?;
            let (name, variant) = (names::ty(&words.name), names::variant(&word.name));
            return Some(quote!(#name::#variant));
        }
        if let By::Given(Type::Enum(index)) = &self.choice.by {
            let kind = &self.rust.schema.enums[*index];
            let found = kind.variants.iter().find(|variant| i128::from(variant.least) == least)?;
            let (name, variant) = (names::ty(&kind.name), names::variant(&found.name));
            return Some(if least == most { quote!(#name::#variant) } else { quote!(#name::#variant(_)) });
        }
        Some(values(least, most))
    }

    /// The patterns of all arms that have one; numbers that follow each other are one range.
    fn patterns(&self) -> Vec<TokenStream> {
        if !matches!(self.choice.by, By::Given(Type::Int(..))) {
            return (0..self.layout.fields.len()).filter_map(|at| self.pattern(at)).collect();
        }
        let mut ranges: Vec<(i128, i128)> = self.choice.values.iter().copied().flatten().collect();
        ranges.sort_unstable();
        let mut joined: Vec<(i128, i128)> = Vec::new();
        for (least, most) in ranges {
            match joined.last_mut() {
                Some((_, end)) if *end + 1 == least => *end = most,
                _ => joined.push((least, most)),
            }
        }
        joined.into_iter().map(|(least, most)| values(least, most)).collect()
    }

    /// The words that choose an arm, if it is chosen by words.
    fn words(&self) -> Option<Vec<&str>> {
        let By::Given(Type::Bytes(Bytes { content: Content::Word(index), .. })) = &self.choice.by else { return None };
        Some(self.choice.words(&self.rust.schema.words[*index]))
    }

    /// The value that chooses, where it is handed in: its parameter.
    fn given(&self, used: bool) -> Option<TokenStream> {
        let By::Given(ty) = &self.choice.by else { return None };
        let ty = shape::value_type(self.rust.schema, ty);
        Some(if used { quote!(by: #ty) } else { quote!(_by: #ty) })
    }

    /// The arms as a header chooses them.
    fn read_by_header(&self) -> TokenStream {
        let arms = (0..self.layout.fields.len()).map(|at| {
            let pattern = self.choice.values[at].map_or(quote!(_), |_| {
                let at = Literal::usize_unsuffixed(at);
                quote!(#at)
            });
            let (read, local) = (decode::arm(self.code, at), self.code.names.local(at));
            let variant = names::variant(&self.layout.fields[at].name);
            quote!(#pattern => { #read Ok(Self::#variant(#local)) })
        });
        let arms: TokenStream = sorted(arms.collect(), self.choice).into_iter().collect();
        let length = if names::mentions(&arms, "length") { quote!(length) } else { quote!(_) };
        let lifetime = if shape::borrows(self.rust.schema, self.layout) { quote!('a) } else { quote!('_) };
        let params = self.code.parameters(&arms);
        quote! {
            fn read(reader: &mut Reader<#lifetime>, headers: Headers<'_> #(, #params)*) -> Result<Self, DecodeError> {
                let (arm, #length) = Self::chosen(headers)?;
                match arm { #arms }
            }
        }
    }

    fn read(&self) -> TokenStream {
        if let By::Header { .. } = &self.choice.by {
            return self.read_by_header();
        }
        let arms = (0..self.layout.fields.len()).map(|at| {
            let pattern = self.pattern(at).unwrap_or_else(|| quote!(_));
            if self.is_only_its_name(at) {
                let variant = names::variant(&self.layout.fields[at].name);
                return quote!(#pattern => Ok(Self::#variant),);
            }
            let (read, local) = (decode::arm(self.code, at), self.code.names.local(at));
            let variant = names::variant(&self.layout.fields[at].name);
            let local = match self.layout.fields[at].held {
                Held::Owned => quote!(#local.into()),
                _ => quote!(#local),
            };
            quote!(#pattern => { #read Ok(Self::#variant(#local)) })
        });
        let arms: TokenStream = sorted(arms.collect(), self.choice).into_iter().collect();
        let (subject, before, found, offset) = match &self.choice.by {
            By::Tag(int) => {
                let method = tag_method(int);
                let before = quote! {
                    let tag_at = reader.offset();
                    let tag = reader.#method(Self::TAG)?;
                };
                (quote!(tag), before, to_u64(&quote!(tag), int), quote!(tag_at))
            }
            By::Bits { width, shift } => {
                let tag = first_bits(quote!(reader.first_byte(Self::TAG)?), *width, *shift);
                (tag, quote!(), quote!(tag.into()), quote!(reader.offset()))
            }
            By::Given(Type::Enum(index)) => {
                let found = to_u64(&quote!(by.to_wire()), &self.rust.schema.enums[*index].repr);
                (quote!(by), quote!(), found, quote!(reader.offset()))
            }
            By::Given(Type::Int(int, _)) => (quote!(by), quote!(), to_u64(&quote!(by), int), quote!(reader.offset())),
            By::Header { .. } | By::Given(_) => (quote!(by), quote!(), quote!(0), quote!(reader.offset())),
        };
        let fault = match self.words() {
            Some(words) => quote!(Fault::Word { expected: &[#(#words),*] }),
            None => quote!(Fault::Variant { found: #found }),
        };
        let other = if matches!(self.choice.by, By::Bits { .. }) { quote!(tag) } else { quote!(_) };
        let refused =
            (!self.choice.complete).then(|| quote!(#other => Err(DecodeError::new(Self::TAG, #offset, #fault)),));
        let before = if self.choice.complete && matches!(self.choice.by, By::Tag(_)) {
            let By::Tag(int) = &self.choice.by else { return TokenStream::new() };
            let method = tag_method(int);
            quote!(let tag = reader.#method(Self::TAG)?;)
        } else {
            before
        };
        let chosen = quote!(match #subject { #arms #refused });
        let (enter, leave) = decode::bounds(self.code);
        let body = match enter.is_empty() {
            true => quote!(#before #chosen),
            false => quote! {
                #enter
                #before
                let value = #chosen?;
                #leave
                Ok(value)
            },
        };
        let lifetime = if shape::borrows(self.rust.schema, self.layout) { quote!('a) } else { quote!('_) };
        let params = self.given(true).into_iter().chain(self.code.parameters(&body));
        quote! {
            fn read(reader: &mut Reader<#lifetime> #(, #params)*) -> Result<Self, DecodeError> {
                #body
            }
        }
    }

    fn is_only_its_name(&self, at: usize) -> bool {
        self.layout.fields[at].held == Held::Nothing
    }

    /// `Self::V4(v4)`, and what is matched against it.
    fn variant(&self, at: usize, used: bool) -> TokenStream {
        let (field, local) = (&self.layout.fields[at], self.code.names.local(at));
        let name = names::variant(&field.name);
        if self.is_only_its_name(at) {
            return quote!(Self::#name);
        }
        let by_ref = (field.held == Held::Owned || !shape::type_has(self.rust.schema, &field.ty, shape::Trait::Copy))
            .then(|| quote!(ref));
        if used { quote!(Self::#name(#by_ref #local)) } else { quote!(Self::#name(_)) }
    }

    fn receiver(&self) -> (TokenStream, TokenStream) {
        if self.copy() { (quote!(self), quote!(self)) } else { (quote!(&self), quote!(*self)) }
    }

    fn measure(&self) -> TokenStream {
        let tag = match &self.choice.by {
            By::Tag(int) => int.size().least,
            By::Bits { .. } | By::Header { .. } | By::Given(_) => 0,
        };
        let arms: TokenStream = (0..self.layout.fields.len())
            .map(|at| {
                let chosen = self.chosen(at);
                let size = match self.is_only_its_name(at) {
                    true => {
                        let size = literal::number(tag.into());
                        quote!(Ok(#size))
                    }
                    false => encode::measure_arm(self.code, at, tag),
                };
                let used = names::mentions(&size, &self.code.names.local(at).to_string());
                let variant = self.variant(at, used);
                quote!(#variant => { #chosen #size })
            })
            .collect();
        let (receiver, this) = self.receiver();
        let nested = encode::nested(self.code);
        let measured = quote!(match #this { #arms });
        let body = match pointers::measured_max(self.code) {
            None => quote!(#nested #measured),
            Some(max) => quote!(#nested let size = (#measured)?; check::at_most(size, #max, Self::TAG)?; Ok(size)),
        };
        let params = self.given(true).into_iter().chain(self.code.parameters(&body));
        let params = params.chain(encode::depth_parameter(self.layout));
        quote! {
            fn measure(#receiver #(, #params)*) -> Result<usize, EncodeError> {
                #body
            }
        }
    }

    /// The check that an arm is the one that the value around it says.
    fn chosen(&self, at: usize) -> Option<TokenStream> {
        self.given(true)?;
        let field = &self.layout.fields[at];
        let condition = match self.pattern(at) {
            Some(pattern) => quote!(matches!(by, #pattern)),
            None => {
                let others = self.patterns();
                if others.is_empty() { quote!(true) } else { quote!(!matches!(by, #(#others)|*)) }
            }
        };
        let (text, constant) = (format!("{} is chosen", field.name), self.code.constant(at));
        Some(quote!(check::holds(#condition, #text, #constant)?;))
    }

    fn write(&self) -> TokenStream {
        let arms: TokenStream = (0..self.layout.fields.len())
            .map(|at| {
                let write = match self.is_only_its_name(at) {
                    true => TokenStream::new(),
                    false => encode::write_arm(self.code, at),
                };
                let used = names::mentions(&write, &self.code.names.local(at).to_string());
                let variant = self.variant(at, used);
                let tag = match (&self.choice.by, self.choice.values[at]) {
                    (By::Tag(int), Some((value, _))) => {
                        let (method, value) = (tag_method(int), literal::signed(value));
                        quote!(writer.#method(#value);)
                    }
                    _ => quote!(),
                };
                quote!(#variant => { #tag #write })
            })
            .collect();
        let (receiver, this) = self.receiver();
        let (begin, finish) = pointers::doubts(self.code);
        let (result, ok) = match encode::write_can_fail(self.code) {
            true => (quote!(-> Result<(), EncodeError>), quote!(Ok(()))),
            false => (quote!(), quote!()),
        };
        quote! {
            fn write(#receiver, writer: &mut Writer<'_>) #result {
                #begin
                match #this { #arms }
                #finish
                #ok
            }
        }
    }
}

/// Numbers as a pattern.
fn values(least: i128, most: i128) -> TokenStream {
    let (first, last) = (literal::signed(least), literal::signed(most));
    if least == most { first } else { quote!(#first..=#last) }
}

/// The arm of all other values stands last, as Rust wants it.
pub(super) fn sorted(arms: Vec<TokenStream>, choice: &Choice) -> Vec<TokenStream> {
    let (named, other): (Vec<_>, Vec<_>) =
        arms.into_iter().zip(&choice.values).partition(|(_, values)| values.is_some());
    named.into_iter().chain(other).map(|(arm, _)| arm).collect()
}

/// Whether an arm takes what no other does, though it has a tag: of some bits of a byte Rust does not know all values.
pub(super) fn is_last_of_bits(choice: &Choice, at: usize) -> bool {
    choice.complete && matches!(choice.by, By::Bits { .. }) && at + 1 == choice.values.len()
}

/// Some bits of the first byte of an arm.
pub(super) fn first_bits(byte: TokenStream, width: u8, shift: u8) -> TokenStream {
    let (by, mask) = (literal::number(shift.into()), literal::hex((1 << width) - 1));
    match shift {
        0 => quote!(#byte & #mask),
        // Nothing stands above the highest bits.
        _ if shift + width == 8 => quote!(#byte >> #by),
        _ => quote!((#byte >> #by) & #mask),
    }
}

fn tag_method(int: &Int) -> TokenStream {
    match int {
        Int::Fixed { bytes, signed, endian } => fixed_method(*bytes, *signed, *endian),
        _ => TokenStream::new(),
    }
}
