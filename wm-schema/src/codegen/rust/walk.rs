//! `walk`: the steps to the end of a message whose end is found field by field, one line each.

use super::layout::LayoutCode;
use super::number::{int_call, to_i128, to_u64};
use super::{literal, names, sentinels};
use crate::ir::{Bytes, Extent, Int, Layout, Schema, Type};
use crate::walk::{self, Span, Step};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// `Walk<3, 1>`: what is the default is left out.
pub(super) fn scan_type(schema: &Schema, layout: &Layout) -> TokenStream {
    let (levels, slots) = (walk::levels(schema, layout), walk::slots(schema));
    let (depth, values) = (Literal::usize_unsuffixed(levels), Literal::usize_unsuffixed(slots));
    match (levels, slots) {
        (1, 0) => quote!(Walk),
        (_, 0) => quote!(Walk<#depth>),
        _ => quote!(Walk<#depth, #values>),
    }
}

/// The function `walk` of a layout.
pub(super) fn function(code: &LayoutCode<'_>) -> TokenStream {
    let walker = match walk::slots(code.rust.schema) {
        0 => quote!(Walker<'_>),
        slots => {
            let slots = Literal::usize_unsuffixed(slots);
            quote!(Walker<'_, #slots>)
        }
    };
    let steps = walk::steps(code.rust.schema, code.layout);
    let arms = steps.iter().enumerate().map(|(at, step)| {
        let (at, step) = (Literal::usize_unsuffixed(at), self::step(code, step));
        quote!(#at => #step)
    });
    quote! {
        /// The steps to the end, field by field; a step that lacks bytes is taken again when more have arrived.
        fn walk(walk: &mut #walker, step: usize) -> Result<(), Halt> {
            match step {
                #(#arms,)*
                _ => walk.leave(),
            }
        }
    }
}

/// The one call, or the block, of a step.
fn step(code: &LayoutCode<'_>, step: &Step) -> TokenStream {
    match step {
        Step::Pass { bytes, .. } => {
            let bytes = code.size(*bytes);
            quote!(walk.pass(#bytes))
        }
        Step::Constant { field } => {
            let bytes = literal::bytes(&code.constant_bytes(*field).unwrap_or_default());
            let constant = code.constant(*field);
            quote!(walk.constant(#bytes, #constant))
        }
        Step::Until { field } => until(code, *field),
        Step::Free { field } => free(code, *field, &code.field(*field).ty),
        Step::Number { field, span, slot } => number(code, *field, *span, *slot),
        Step::Kept { span, slot } => {
            let (slot, length) = (Literal::usize_unsuffixed(*slot), code.names.beside(span.first, unit_word(span)));
            let passed = passed(code, span, &quote!(#length));
            quote!({
                let #length = walk.kept(#slot);
                #passed
            })
        }
        Step::Mark { slot, .. } => {
            let slot = Literal::usize_unsuffixed(*slot);
            quote!(walk.mark(#slot))
        }
        Step::If { field, reads, least } => only_if(code, *field, reads, *least),
        Step::Elements { field, least } => sentinels::walk(code, *field, *least),
        Step::Enter { field, count } => {
            let (inner, constant) = (inner(code, *field), code.constant(*field));
            match (count, &code.field(*field).ty) {
                (_, Type::Struct(_)) => quote!(walk.part(#inner, #constant)),
                (count, _) => {
                    let count = code.size(*count);
                    quote!(walk.repeat(#count, #inner, #constant))
                }
            }
        }
    }
}

/// Bytes up to a delimiter.
fn until(code: &LayoutCode<'_>, field: usize) -> TokenStream {
    let Type::Bytes(Bytes { extent: Extent::Until(delimiter), max, .. }) = &code.field(field).ty else {
        return quote!(Ok(()));
    };
    let (delimiter, constant) = (literal::bytes(delimiter), code.constant(field));
    let max = max.map_or(quote!(usize::MAX), |max| code.size(max));
    quote!(walk.until(#delimiter, #max, #constant))
}

/// A number that is only stepped over.
pub(super) fn free(code: &LayoutCode<'_>, field: usize, ty: &Type) -> TokenStream {
    let Type::Int(int, _) = ty else { return quote!(Ok(())) };
    let int = match int {
        // Its zigzag form is a varint like any other.
        Int::Varint { .. } => &Int::Varint { signed: false },
        int => int,
    };
    let read = int_call(int, &code.constant(field));
    quote!(walk.#read.map(drop))
}

/// Works out the condition of the field in the next step.
fn only_if(code: &LayoutCode<'_>, field: usize, reads: &[(usize, usize)], least: u64) -> TokenStream {
    let Some(condition) = &code.field(field).condition else { return quote!(Ok(())) };
    let looks = reads.iter().map(|(read, slot)| {
        let (local, constant) = (code.names.local(*read), code.constant(*read));
        let slot = Literal::usize_unsuffixed(*slot);
        match &code.field(*read).ty {
            Type::Int(int, range) => {
                let (bytes, call) = (code.size(int.size().least), int_call(int, &constant));
                let range = range.map(|(least, most)| {
                    let found = to_i128(&quote!(#local), int);
                    let (least, most) = (literal::signed(least), literal::signed(most));
                    quote!(Reader::in_range(#found, #least, #most, walk.kept(#slot), #constant)?;)
                });
                quote! {
                    let #local = walk.look(#slot, #bytes, |reader| reader.#call)?;
                    #range
                }
            }
            Type::Enum(index) => {
                let kind = &code.rust.schema.enums[*index];
                let (name, bytes) = (names::ty(&kind.name), code.size(kind.repr.size().least));
                quote!(let #local = walk.look(#slot, #bytes, |reader| #name::read(reader, #constant))?;)
            }
            _ => TokenStream::new(),
        }
    });
    let looks: TokenStream = looks.collect();
    let condition = code.condition(condition, &|at| {
        let local = code.names.local(at);
        quote!(#local)
    });
    let (least, constant) = (code.size(least), code.constant(field));
    quote!({
        #looks
        walk.only_if(#condition, #least, #constant)
    })
}

/// A number that measures something, and what it measures, if that follows.
fn number(code: &LayoutCode<'_>, field: usize, span: Span, slot: Option<usize>) -> TokenStream {
    let constant = code.constant(field);
    let (int, range) = match &code.field(field).ty {
        Type::Int(int, range) => (int, *range),
        Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) | Type::List { count: Extent::Prefix(int), .. } => {
            (int, None)
        }
        _ => return quote!(Ok(())),
    };
    let local = match code.field(field).ty {
        Type::Int(..) => code.names.local(field).clone(),
        _ => code.names.beside(field, unit_word(&span)),
    };
    let read = int_call(int, &constant);
    let range = range.map(|(least, most)| {
        let found = to_i128(&quote!(#local), int);
        let (least, most) = (literal::signed(least), literal::signed(most));
        quote!(Reader::in_range(#found, #least, #most, walk.number_at(), #constant)?;)
    });
    let value = to_u64(&quote!(#local), int);
    let (add, max) = (literal::signed(span.add.into()), span.max.map_or(quote!(usize::MAX), |max| code.size(max)));
    let unit = code.size(span.unit);
    let then = match slot {
        Some(slot) => {
            let slot = Literal::usize_unsuffixed(slot);
            quote!(walk.keep(#slot, #local))
        }
        None => passed(code, &span, &quote!(#local)),
    };
    quote!({
        let #local = walk.#read?;
        #range
        let #local = walk.length(#value, #add, #max, #unit, #constant)?;
        #then
    })
}

/// `len` or `count`.
fn unit_word(span: &Span) -> &'static str {
    if span.walked || span.unit > 1 { "count" } else { "len" }
}

/// What a number has measured: passed unseen, or walked over element by element.
fn passed(code: &LayoutCode<'_>, span: &Span, units: &TokenStream) -> TokenStream {
    let all = if span.least == 0 {
        units.clone()
    } else {
        let least = code.size(span.least);
        quote!(#units.saturating_add(#least))
    };
    if span.walked {
        let (inner, constant) = (inner(code, span.first), code.constant(span.first));
        return quote!(walk.repeat(#all, #inner, #constant));
    }
    if span.unit == 1 {
        return quote!(walk.pass(#all));
    }
    let unit = code.size(span.unit);
    quote!(walk.pass(#all.saturating_mul(#unit)))
}

/// The steps of a struct, or of the elements of a list.
pub(super) fn inner(code: &LayoutCode<'_>, field: usize) -> TokenStream {
    let ty = match &code.field(field).ty {
        Type::List { element, .. } => element,
        ty => ty,
    };
    let step = match ty {
        Type::Struct(index) => {
            let name = names::ty(&code.rust.schema.structs[*index].name);
            return quote!(#name::walk);
        }
        number => free(code, field, number),
    };
    quote!(|walk, step| if step == 0 { #step } else { walk.leave() })
}
