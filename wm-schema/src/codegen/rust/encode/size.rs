//! How many bytes a message takes: what is always the same, and what its values add.

use super::super::number::{width, within};
use super::super::{fillers, headers, literal, names, shape, stream};
use super::{Encoder, is_plain, needs_check};
use crate::ir::stream::Body;
use crate::ir::{Bytes, Content, Extent, Filler, Int, Role, Type};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

impl Encoder<'_> {
    /// The size of the fields `first..=last`.
    pub(super) fn span(&mut self, first: usize, last: usize) -> TokenStream {
        if self.size_is_known && first == 0 && last + 1 == self.code.layout.fields.len() {
            return quote!(size);
        }
        let outside = (0..self.code.layout.fields.len()).filter(|at| !(first..=last).contains(at));
        let outside: Option<u64> = outside.map(|at| self.code.field(at).written().fixed()).sum();
        if let (true, Some(outside)) = (self.size_is_known, outside) {
            let outside = self.code.size(outside);
            return quote!(size.saturating_sub(#outside));
        }
        let mut fixed = 0u64;
        let mut terms = Vec::new();
        for at in first..=last {
            fixed = fixed.saturating_add(self.terms(at, &mut terms));
        }
        self.sum(terms, fixed)
    }

    pub(super) fn sum(&self, terms: Vec<TokenStream>, fixed: u64) -> TokenStream {
        let mut terms = terms.into_iter();
        let Some(mut sum) = terms.next() else { return self.code.size(fixed) };
        for term in terms {
            sum = quote!(#sum.saturating_add(#term));
        }
        if fixed > 0 {
            let fixed = self.code.size(fixed);
            sum = quote!(#sum.saturating_add(#fixed));
        }
        sum
    }

    /// The size of one field: what is always the same, and `terms` that are not.
    pub(super) fn terms(&mut self, at: usize, terms: &mut Vec<TokenStream>) -> u64 {
        if let (Type::Filler(filler), None) = (&self.code.field(at).ty, self.code.field(at).size.fixed()) {
            terms.push(self.filled(at, filler));
            return 0;
        }
        if !self.code.field(at).is_optional() {
            return self.terms_of_value(at, terms);
        }
        if let (Some(condition), true) = (self.constant_presence(at), self.is_constant(at)) {
            let bytes = self.code.constant_bytes(at).unwrap_or_default();
            terms.push(match bytes.len() {
                1 => quote!(usize::from(#condition)),
                bytes => {
                    let bytes = self.code.size(bytes as u64);
                    quote!(usize::from(#condition).saturating_mul(#bytes))
                }
            });
            return 0;
        }
        let name = self.code.names.beside(at, "size");
        terms.push(quote!(#name));
        if self.sizes.contains(&at) {
            return 0;
        }
        let mut inner = Vec::new();
        let (lets, fixed) = self.within(at, |encoder| encoder.terms_of_value(at, &mut inner));
        // A bare number does not tell its type.
        let ty = inner.is_empty().then(|| quote!(: usize));
        let sum = self.sum(inner, fixed);
        let (local, value) = (self.code.names.local(at), self.optional(at));
        let size = match names::mentions(&quote!(#lets #sum), &local.to_string()) {
            true if lets.is_empty() => quote!(match #value { Some(#local) => #sum, None => 0 }),
            true => quote!(match #value { Some(#local) => { #lets #sum } None => 0 }),
            false => {
                let value = self.value(at);
                quote!(if #value.is_some() { #sum } else { 0 })
            }
        };
        self.size_let(at, &quote!(let #name #ty = #size;));
        0
    }

    /// The bytes that fill the field in front of them up.
    fn filled(&mut self, at: usize, filler: &Filler) -> TokenStream {
        let mut inner = Vec::new();
        let fixed = self.terms(filler.of, &mut inner);
        let (size, fill, of) =
            (self.sum(inner, fixed), fillers::fill(self.code, filler), self.code.constant(filler.of));
        let filled = quote!(check::filled(#size, #fill, #of)?);
        match self.constant_presence(at) {
            Some(there) => quote!(if #there { #filled } else { 0 }),
            None => filled,
        }
    }

    pub(super) fn terms_of_value(&mut self, at: usize, terms: &mut Vec<TokenStream>) -> u64 {
        let (field, schema) = (self.code.field(at), self.code.rust.schema);
        if shape::is_pointed(field) {
            return 0;
        }
        if let (Some(size), false) = (field.written().fixed(), matches!(field.ty, Type::Struct(_) | Type::List { .. }))
        {
            return size;
        }
        if let Some(body @ (Body::Chunks { .. } | Body::Either { .. } | Body::UntilEnd)) = self.stream_body(at) {
            let last = stream::last_chunk_bytes(self.code, body);
            if let Body::Chunks { .. } | Body::UntilEnd = body {
                return last;
            }
            let (len, last) = (stream::len_name(self.code, at), self.code.size(last));
            terms.push(quote!(self.#len.unwrap_or(#last)));
            return 0;
        }
        match &field.ty {
            Type::Int(int, _) if field.role == Role::Value => {
                let value = self.value(at);
                width(int, &value, terms) + self.code.run_bytes(at)
            }
            Type::Int(int, _) => {
                let number = self.number(at);
                width(int, &quote!(#number), terms) + self.code.run_bytes(at)
            }
            Type::Bytes(Bytes { content: Content::Headers, max, .. }) => {
                let (name, value, constant) =
                    (self.code.names.beside(at, "size"), self.value(at), self.code.constant(at));
                let (max, lines) =
                    (max.map_or(quote!(usize::MAX), |max| self.code.size(max)), headers::lines(self.code, at));
                self.size_let(at, &quote!(let #name = #value.measure(#max, &#lines, #constant)?;));
                terms.push(quote!(#name));
                0
            }
            Type::Bytes(bytes) => {
                terms.push(self.len(at));
                match &bytes.extent {
                    Extent::Prefix(int) => self.prefix_width(at, int, terms),
                    Extent::Until(ends) => ends.written().len() as u64,
                    Extent::Lines => 2,
                    Extent::Fixed(_)
                    | Extent::Field(_)
                    | Extent::Header(_)
                    | Extent::Where(_)
                    | Extent::Formula { .. }
                    | Extent::Rest { .. } => 0,
                }
            }
            Type::Struct(part) if is_plain(schema, &schema.structs[*part]) => schema.structs[*part].size.least,
            Type::Struct(_) if self.inside == Some(at) => {
                let (value, args) = (self.value(at), self.arguments(at));
                terms.push(quote!(#value.measure(#(#args),*)?));
                0
            }
            Type::Struct(_) => {
                let (name, value, args) = (self.code.names.beside(at, "size"), self.value(at), self.arguments(at));
                self.size_let(at, &quote!(let #name = #value.measure(#(#args),*)?;));
                terms.push(quote!(#name));
                0
            }
            Type::List { element, count, .. } => {
                terms.push(self.list_size(at, element));
                match count {
                    Extent::Prefix(int) => self.prefix_width(at, int, terms),
                    _ => 0,
                }
            }
            Type::Enum(index) => schema.enums[*index].repr.size().least,
            Type::Float { bytes, .. } => (*bytes).into(),
            Type::Constant(_) | Type::Filler(_) => field.size.least,
        }
    }

    pub(super) fn size_let(&mut self, at: usize, tokens: &TokenStream) {
        if !self.sizes.contains(&at) {
            self.sizes.push(at);
            self.lets.extend(tokens.clone());
        }
    }

    pub(super) fn prefix_width(&mut self, at: usize, int: &Int, terms: &mut Vec<TokenStream>) -> u64 {
        if let Some(width) = int.size().fixed() {
            return width;
        }
        let number = self.number(at);
        width(int, &quote!(#number), terms)
    }

    /// The function that measures one element of a list of structs.
    fn measure_of_item(&self, at: usize, part: usize) -> TokenStream {
        let (args, part) = (self.arguments(at), &self.code.rust.schema.structs[part]);
        if is_plain(self.code.rust.schema, part) {
            let size = self.code.size(part.size.least);
            return quote!(|_| Ok(#size));
        }
        let name = names::ty(&part.name);
        match shape::has(self.code.rust.schema, part, shape::Trait::Copy) && args.is_empty() {
            true => quote!(#name::measure),
            false => quote!(|item| item.measure(#(#args),*)),
        }
    }

    /// The variable of the size that each element of a list takes.
    pub(super) fn each(&mut self, at: usize) -> Ident {
        let (name, constant) = (self.code.names.beside(at, "each"), self.code.constant(at));
        if let (Type::List { element, .. }, false) = (&self.code.field(at).ty, self.measured_alike.contains(&at))
            && let Type::Struct(part) = **element
        {
            let (measure, value) = (self.measure_of_item(at, part), self.value(at));
            self.measured_alike.push(at);
            self.lets.extend(quote!(let #name = check::each(#value.iter(), #measure, #constant)?;));
        }
        name
    }

    /// The size of all elements of a list.
    pub(super) fn list_size(&mut self, at: usize, element: &Type) -> TokenStream {
        let (name, value, constant) = (self.code.names.beside(at, "size"), self.value(at), self.code.constant(at));
        let fixed = match element {
            Type::Int(int, range) if within(int, *range, &quote!(item), &constant).is_none() => int.size().fixed(),
            Type::Float { bytes, .. } => Some(u64::from(*bytes)),
            Type::Enum(index) => {
                let kind = &self.code.rust.schema.enums[*index];
                kind.repr.size().fixed().filter(|_| !needs_check(kind))
            }
            Type::Struct(part) => {
                let part = &self.code.rust.schema.structs[*part];
                part.size.fixed().filter(|_| is_plain(self.code.rust.schema, part))
            }
            Type::Constant(_) | Type::Filler(_) | Type::Int(..) | Type::Bytes(_) | Type::List { .. } => None,
        };
        if let Some(width) = fixed {
            let width = literal::number(width.into());
            return if width.to_string() == "1" {
                quote!(#value.len())
            } else {
                quote!(#value.len().saturating_mul(#width))
            };
        }
        if self.code.layout.each(at).is_some() {
            let (each, name) = (self.each(at), self.code.names.beside(at, "size"));
            self.size_let(at, &quote!(let #name = #value.len().saturating_mul(#each);));
            return quote!(#name);
        }
        let measure = match element {
            Type::Struct(part) => self.measure_of_item(at, *part),
            Type::Enum(index) => {
                let width = literal::number(self.code.rust.schema.enums[*index].repr.size().least.into());
                quote!(|item| item.check(#constant).map(|()| #width))
            }
            Type::Int(int, range) => {
                let mut terms = Vec::new();
                let fixed = width(int, &quote!(item), &mut terms);
                let fixed = literal::number(fixed.into());
                let size = match terms.as_slice() {
                    [term] if fixed.to_string() == "0" => term.clone(),
                    [term] => quote!(#term.saturating_add(#fixed)),
                    _ => fixed,
                };
                match within(int, *range, &quote!(item), &constant) {
                    Some(check) => quote!(|item| { #check Ok(#size) }),
                    None => quote!(|item| Ok(#size)),
                }
            }
            Type::Constant(_) | Type::Filler(_) | Type::Float { .. } | Type::Bytes(_) | Type::List { .. } => {
                quote!(|_| Ok(0))
            }
        };
        let sum = quote!(check::sum(#value.iter(), #measure)?);
        if self.inside == Some(at) {
            return sum;
        }
        self.size_let(at, &quote!(let #name = #sum;));
        quote!(#name)
    }
}
