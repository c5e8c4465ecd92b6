//! Lists that end with an element: which is the last, when they are read, sent, and walked over.

use super::formulas::{Formulas, It};
use super::layout::LayoutCode;
use super::number::{int_call, to_i128};
use super::{literal, names, walk};
use crate::ir::stream::chunks;
use crate::ir::{Bytes, Extent, Formula, Int, Type};
use crate::walk::{Look, looks, said_length};
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// `|item| item.data.is_empty()`: whether an element is the last.
pub(super) fn last(code: &LayoutCode<'_>, element: &Type, condition: &Formula) -> TokenStream {
    let condition = holds(code, condition, It::Item(element));
    quote!(|item| #condition)
}

/// Whether the condition holds for an element.
fn holds(code: &LayoutCode<'_>, condition: &Formula, it: It<'_>) -> TokenStream {
    let field = |_: usize| TokenStream::new();
    let formulas = Formulas {
        schema: code.rust.schema,
        layout: code.layout,
        field: &field,
        start: &field,
        names: &code.names,
        it,
        arms: Vec::new(),
    };
    formulas.condition(condition)
}

/// The step over such a list: a layout of its own, which walks over one element and looks at it.
pub(super) fn walk(code: &LayoutCode<'_>, field: usize, least: u64) -> TokenStream {
    let Type::List { element, count: Extent::Where(condition), max } = &code.field(field).ty else {
        return quote!(Ok(()));
    };
    let schema = code.rust.schema;
    let (constant, least) = (code.constant(field), code.size(least));
    let max = max.map_or(quote!(usize::MAX), |max| code.size(max));
    let part = match &**element {
        Type::Struct(part) => Some(LayoutCode::part(code.rust, &schema.structs[*part])),
        _ => None,
    };
    let chunk = chunks(schema, &code.field(field).ty).is_some_and(|part| schema.is_chunk(&schema.structs[part]));
    let again = match chunk {
        // Of a stream nothing is left to look at.
        true => quote!(walk.again(walk.was_empty(), #max, #least, #constant)),
        false => {
            let seen = looks(schema, element, condition).unwrap_or_default();
            let again: TokenStream = seen.iter().map(|look| self::look(code, field, part.as_ref(), *look)).collect();
            let it = It::Walked { ty: element, names: part.as_ref().map(|part| &part.names) };
            let condition = holds(code, condition, it);
            quote!({ #again walk.again(#condition, #max, #least, #constant) })
        }
    };
    let size = part.as_ref().map_or_else(|| single_bytes(code, element), |part| part.layout.size.fixed());
    let (one, two) = (Literal::usize_unsuffixed(0), Literal::usize_unsuffixed(1));
    let steps = match size {
        Some(bytes) => {
            let bytes = code.size(bytes);
            quote!(#one => walk.mark(0), #two => walk.pass(#bytes), _ => #again)
        }
        None if part.is_some() => {
            let inner = walk::inner(code, field);
            quote!(#one => walk.part(#inner, #constant), _ => #again)
        }
        None => {
            let free = walk::free(code, field, element);
            quote!(#one => walk.mark(0), #two => #free, _ => #again)
        }
    };
    quote!(walk.repeat(#max, |walk, step| match step { #steps }, #constant))
}

/// The bytes of an element that is no struct, if they are always as many.
fn single_bytes(code: &LayoutCode<'_>, element: &Type) -> Option<u64> {
    match element {
        Type::Int(int, _) => int.size().fixed(),
        Type::Enum(index) => code.rust.schema.enums[*index].repr.size().fixed(),
        _ => None,
    }
}

/// Reads again what the condition asks for.
fn look(code: &LayoutCode<'_>, list: usize, part: Option<&LayoutCode<'_>>, look: Look) -> TokenStream {
    let Some((part, at)) = part.zip(look.field()) else {
        let Type::List { element, .. } = &code.field(list).ty else { return TokenStream::new() };
        return value(code, element, &format_ident!("item"), &quote!(walk.kept(0)), &code.constant(list));
    };
    let name = names::ty(&part.layout.name);
    let (field, local) = (part.field(at), part.names.constant(at));
    let constant = if code.rust.impls_only { quote!(#local) } else { quote!(#name::#local) };
    let place = place(code, part, at);
    match look {
        Look::Length { of, .. } => {
            let local = part.names.local(of);
            let range = match &field.ty {
                Type::Int(_, range) => *range,
                _ => None,
            };
            match (said_length(part.layout, of), &field.ty) {
                (Some((int, _)), _) => {
                    let len = part.names.beside(of, "len");
                    value(code, &Type::Int(int.clone(), range), &len, &place, &constant)
                }
                (None, Type::Bytes(Bytes { extent: Extent::Until(ends), .. })) => {
                    let (bytes, ends) = (code.size(ends.shortest()), literal::ends(ends));
                    let read = quote!(reader.until(#ends, usize::MAX, #constant));
                    quote!(let #local = walk.look_at(#place, #bytes, |reader| #read)?;)
                }
                _ => TokenStream::new(),
            }
        }
        _ => value(code, &field.ty, part.names.local(at), &place, &constant),
    }
}

/// Where a field of the element stands that has just been passed.
fn place(code: &LayoutCode<'_>, part: &LayoutCode<'_>, at: usize) -> TokenStream {
    if part.layout.size.fixed().is_some() {
        let before: u64 = part.layout.fields[..at].iter().map(|field| field.size.least).sum();
        let before = code.size(before);
        return if before.to_string() == "0" {
            quote!(walk.kept(0))
        } else {
            quote!(walk.kept(0).saturating_add(#before))
        };
    }
    let steps = crate::walk::steps(code.rust.schema, part.layout);
    let slot = steps.iter().find_map(|step| match step {
        crate::walk::Step::Mark { field, slot } if *field == at => Some(*slot),
        _ => None,
    });
    let slot = Literal::usize_unsuffixed(slot.unwrap_or_default());
    quote!(walk.inside(#slot))
}

/// A number or an enum.
fn value(code: &LayoutCode<'_>, ty: &Type, local: &Ident, place: &TokenStream, constant: &TokenStream) -> TokenStream {
    match ty {
        Type::Int(int, range) => {
            let (bytes, call) = (code.size(int.size().least), int_call(int, constant));
            let range = range.map(|(least, most)| range_check(int, local, (least, most), place, constant));
            quote! {
                let #local = walk.look_at(#place, #bytes, |reader| reader.#call)?;
                #range
            }
        }
        Type::Enum(index) => {
            let kind = &code.rust.schema.enums[*index];
            let (name, bytes) = (names::ty(&kind.name), code.size(kind.repr.size().least));
            quote!(let #local = walk.look_at(#place, #bytes, |reader| #name::read(reader, #constant))?;)
        }
        _ => TokenStream::new(),
    }
}

fn range_check(
    int: &Int,
    local: &Ident,
    (least, most): (i128, i128),
    place: &TokenStream,
    constant: &TokenStream,
) -> TokenStream {
    let found = to_i128(&quote!(#local), int);
    let (least, most) = (literal::signed(least), literal::signed(most));
    quote!(Reader::in_range(#found, #least, #most, #place, #constant)?;)
}
