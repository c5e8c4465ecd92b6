//! `walk`: the steps to the end of a message whose end is found field by field, one line each.

use super::layout::LayoutCode;
use super::number::{int_call, said, to_i128, to_u64};
use super::{bits, headers, literal, names, sentinels, shape};
use crate::ir::stream;
use crate::ir::{BitPlace, By, Bytes, Choice, Extent, Formula, Int, Layout, Message, Schema, Term, Type};
use crate::walk::{self, Span, Step};
use proc_macro2::{Delimiter, Literal, TokenStream, TokenTree};
use quote::{format_ident, quote};

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

/// About how many bytes that is: the place in the frame, and each level.
pub(super) fn scan_bytes(schema: &Schema, layout: &Layout) -> usize {
    104 + walk::levels(schema, layout) * (24 + 8 * walk::slots(schema))
}

/// The same of a message in parts.
pub(super) fn stream_type(schema: &Schema, message: &Message) -> TokenStream {
    scan_type(schema, walk::of_message(message).unwrap_or(&message.layout))
}

/// The function `walk` of a layout.
pub(super) fn function(code: &LayoutCode<'_>) -> TokenStream {
    let walker = walker_type(code.rust.schema);
    let steps = walk::steps(code.rust.schema, code.layout);
    let counted = nested(code);
    let first = usize::from(counted.is_some());
    let arms = steps.iter().enumerate().map(|(at, step)| {
        let (at, call) = (Literal::usize_unsuffixed(first + at), self::step(code, step));
        match is_stream(code, step) {
            false => quote!(#at => #call),
            true => {
                let call = unbraced(call);
                quote!(#at => { walk.head()?; #call })
            }
        }
    });
    let arms = counted.map(|counted| quote!(0 => #counted)).into_iter().chain(arms);
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

/// Whether a step is that over the stream of a message: a head ends in front of it.
fn is_stream(code: &LayoutCode<'_>, step: &Step) -> bool {
    let stream = code.rust.schema.walked_stream(code.layout).map(|stream| stream.field);
    match step {
        Step::Kept { span, .. } => stream == Some(span.first),
        Step::Framed { field, .. } | Step::Elements { field, .. } | Step::End { field } => stream == Some(*field),
        _ => false,
    }
}

/// The function `walk` of a union: it reads what chooses an arm, and enters that.
pub(super) fn union(code: &LayoutCode<'_>, choice: &Choice) -> TokenStream {
    let walker = walker_type(code.rust.schema);
    let least = code.layout.fields.iter().map(|field| field.size.least).min().unwrap_or_default();
    let steps = walk::steps(code.rust.schema, code.layout);
    let arms = steps.iter().enumerate().map(|(at, step)| {
        let (entered, more) = (arm(code, at, step), code.field(at).size.least - least);
        let constant = code.constant(at);
        let entered = match more {
            0 => entered,
            more => {
                let more = code.size(more);
                let entered = unbraced(entered);
                quote!({ walk.more(#more, #constant)?; #entered })
            }
        };
        let pattern = match choice.values[at].filter(|_| !super::unions::is_last_of_bits(choice, at)) {
            Some((least, most)) if least == most => literal::signed(least),
            Some((least, most)) => {
                let (least, most) = (literal::signed(least), literal::signed(most));
                quote!(#least..=#most)
            }
            None => quote!(_),
        };
        quote!(#pattern => #entered,)
    });
    let arms: TokenStream = super::unions::sorted(arms.collect(), choice).into_iter().collect();
    let (subject, found, offset) = match &choice.by {
        By::Tag(int) => {
            let read = int_call(int, &quote!(Self::TAG));
            let found = to_u64(&quote!(tag), int);
            (quote!(walk.#read?), quote!(found: #found), quote!(walk.number_at()))
        }
        By::Bits { width, shift } => {
            let tag = super::unions::first_bits(quote!(walk.first_byte(Self::TAG)?), *width, *shift);
            (tag, quote!(found: tag.into()), quote!(walk.offset()))
        }
        By::Header { .. } | By::Given(_) => (quote!(walk.handed(0)), quote!(found: tag), quote!(walk.offset())),
    };
    // Rust does not know that a number which is handed in is that of a variant.
    let open = !choice.complete || matches!(choice.by, By::Given(_)) && choice.values.iter().all(Option::is_some);
    let refused =
        open.then(|| quote!(tag => Err(DecodeError::new(Self::TAG, #offset, Fault::Variant { #found }).into()),));
    let counted = nested(code);
    let first = Literal::usize_unsuffixed(usize::from(counted.is_some()));
    let counted = counted.map(|counted| quote!(0 => #counted,));
    quote! {
        /// The steps to the end of the arm that is chosen.
        fn walk(walk: &mut #walker, step: usize) -> Result<(), Halt> {
            match step {
                #counted
                #first => match #subject { #arms #refused },
                _ => walk.leave(),
            }
        }
    }
}

/// The first step of a layout that may contain itself.
fn nested(code: &LayoutCode<'_>) -> Option<TokenStream> {
    let (most, first) = (code.counted()?, code.first());
    Some(quote!(walk.nested(#most, #first)))
}

/// Enters an arm: what lacks bytes must not choose again, so that each arm is a layout of its own.
fn arm(code: &LayoutCode<'_>, at: usize, step: &Step) -> TokenStream {
    match step {
        Step::Pass { .. } | Step::Enter { .. } => self::step(code, step),
        step => {
            let (first, step, constant) = (Literal::usize_unsuffixed(0), self::step(code, step), code.constant(at));
            quote!(walk.part(|walk, step| match step { #first => #step, _ => walk.leave() }, #constant))
        }
    }
}

/// The statements of a block.
fn unbraced(tokens: TokenStream) -> TokenStream {
    match tokens.clone().into_iter().collect::<Vec<_>>().as_slice() {
        [TokenTree::Group(block)] if block.delimiter() == Delimiter::Brace => block.stream(),
        _ => tokens,
    }
}

/// `Walker<'_, 1>`: what is the default is left out.
pub(super) fn walker_type(schema: &Schema) -> TokenStream {
    match walk::slots(schema) {
        0 => quote!(Walker<'_>),
        slots => {
            let slots = Literal::usize_unsuffixed(slots);
            quote!(Walker<'_, #slots>)
        }
    }
}

/// The one call, or the block, of a step.
pub(super) fn step(code: &LayoutCode<'_>, step: &Step) -> TokenStream {
    match step {
        Step::Pass { bytes, .. } => {
            let bytes = code.size(*bytes);
            quote!(walk.pass(#bytes))
        }
        Step::Constant { field } => {
            let bytes = literal::bytes(&code.constant_bytes(*field).unwrap_or_default());
            let constant = code.constant(*field);
            match code.is_nocase(*field) {
                true => quote!(walk.constant_nocase(#bytes, #constant)),
                false => quote!(walk.constant(#bytes, #constant)),
            }
        }
        Step::Until { field } => until(code, *field),
        Step::Headers { field, slot } => headers::walk_block(code, *field, *slot),
        Step::Framed { field, slot } => headers::walk_framed(code, *field, *slot),
        Step::End { field } => until_end(code, *field, is_stream(code, step)),
        Step::Free { field } => match code.field(*field).bits {
            Some(place) => escaped(code, *field, &place),
            None => free(code, *field, &code.field(*field).ty),
        },
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
        Step::Sized { field, span, reads } => sized(code, *field, span, reads),
        Step::Elements { field, least } => sentinels::walk(code, *field, *least),
        Step::Enter { field, count, reads } => {
            let (inner, constant) = (inner(code, *field), code.constant(*field));
            match (count, &code.field(*field).ty) {
                (_, Type::Struct(_)) if !code.field(*field).args.is_empty() => part(code, *field, reads),
                (_, Type::Struct(_)) => quote!(walk.part(#inner, #constant)),
                (count, _) => elements(code, *field, &code.size(*count)),
            }
        }
    }
}

/// Enters so many elements of a list, and hands them what they are given.
fn elements(code: &LayoutCode<'_>, field: usize, count: &TokenStream) -> TokenStream {
    let (inner, constant, args) = (inner(code, field), code.constant(field), &code.field(field).args);
    if args.is_empty() {
        return quote!(walk.repeat(#count, #inner, #constant));
    }
    let reads = walk::read_by_arguments(code.rust.schema, code.layout, field);
    let looks: TokenStream = reads.iter().map(|(read, slot)| look(code, *read, *slot)).collect();
    let values = args.iter().map(|arg| handed(code, &arg.term));
    quote!({ #looks walk.repeat_with(#count, #inner, &[#(#values),*], #constant) })
}

/// Enters a struct, and hands it what it is given.
fn part(code: &LayoutCode<'_>, field: usize, reads: &[(usize, usize)]) -> TokenStream {
    let (inner, constant, args) = (inner(code, field), code.constant(field), &code.field(field).args);
    let looks: TokenStream = reads.iter().map(|(read, slot)| look(code, *read, *slot)).collect();
    // What is handed on stands in this layout's own slots, which are out of sight behind the entry.
    let values = args.iter().enumerate().map(|(index, arg)| {
        let (name, value) = (format_ident!("value{index}"), handed(code, &arg.term));
        quote!(let #name = #value;)
    });
    let values: TokenStream = values.collect();
    let hands = (0..args.len()).map(|index| {
        let (slot, name) = (Literal::usize_unsuffixed(index), format_ident!("value{index}"));
        match index + 1 == args.len() {
            true => quote!(walk.hand(#slot, #name)),
            false => quote!(walk.hand(#slot, #name)?;),
        }
    });
    let hands: TokenStream = hands.collect();
    quote!({ #looks #values walk.part(#inner, #constant)?; #hands })
}

/// A value that is handed on, as `u64`.
fn handed(code: &LayoutCode<'_>, term: &Term) -> TokenStream {
    match term {
        Term::Param(param) => {
            let slot = Literal::usize_unsuffixed(walk::param_slot(code.layout, *param));
            quote!(walk.handed(#slot))
        }
        Term::Field(field) => {
            let local = code.names.local(*field);
            match &code.field(*field).ty {
                Type::Enum(index) => to_u64(&quote!(#local.to_wire()), &code.rust.schema.enums[*index].repr),
                Type::Int(int, _) if int.range().0 < 0 => quote!(i64::from(#local).cast_unsigned()),
                Type::Int(int, _) => to_u64(&quote!(#local), int),
                _ => TokenStream::new(),
            }
        }
        Term::Int(value) | Term::Variant { value, .. } => {
            literal::number(u128::from(i64::try_from(*value).map_or(u64::MAX, i64::cast_unsigned)))
        }
        Term::Bool(value) => literal::number(u128::from(*value)),
        _ => TokenStream::new(),
    }
}

/// Bytes up to a delimiter.
fn until(code: &LayoutCode<'_>, field: usize) -> TokenStream {
    let Type::Bytes(Bytes { extent: Extent::Until(ends), max, .. }) = &code.field(field).ty else {
        return quote!(Ok(()));
    };
    let (ends, constant) = (literal::ends(ends), code.constant(field));
    let max = max.map_or(quote!(usize::MAX), |max| code.size(max));
    quote!(walk.until(#ends, #max, #constant))
}

/// All that comes up to the end of the stream.
fn until_end(code: &LayoutCode<'_>, field: usize, in_parts: bool) -> TokenStream {
    let max = match &code.field(field).ty {
        Type::Bytes(bytes) => bytes.max,
        _ => None,
    };
    let (max, constant) = (max.map_or(quote!(usize::MAX), |max| code.size(max)), code.constant(field));
    if in_parts { quote!(walk.stream_until_end(#max, #constant)) } else { quote!(walk.until_end(#max, #constant)) }
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

/// A run of bits that ends with an integer which escapes.
fn escaped(code: &LayoutCode<'_>, field: usize, place: &BitPlace) -> TokenStream {
    let Type::Int(Int::Escaping(how), _) = &code.field(field).ty else { return quote!(Ok(())) };
    let (constant, bytes, table) = (code.constant(field), code.size(place.bytes.into()), bits::table_name(how));
    let (run, base) = (bits::read_run(place, &quote!(reader), &constant), bits::wide(place));
    quote!({
        let base = walk.look_at(walk.offset(), #bytes, |reader| { #run Ok(#base) })?;
        walk.escaped(#bytes, base, &#table, #constant).map(drop)
    })
}

/// Works out the condition of the field in the next step.
fn only_if(code: &LayoutCode<'_>, field: usize, reads: &[(usize, usize)], least: u64) -> TokenStream {
    let Some(condition) = &code.field(field).condition else { return quote!(Ok(())) };
    let looks: TokenStream = reads.iter().map(|(read, slot)| look(code, *read, *slot)).collect();
    let params = params(code, condition);
    let condition = code.condition(condition, &|at| {
        let local = code.names.local(at);
        quote!(#local)
    });
    let (least, constant) = (code.size(least), code.constant(field));
    quote!({
        #looks
        #params
        walk.only_if(#condition, #least, #constant)
    })
}

/// Reads a field again whose place is remembered.
fn look(code: &LayoutCode<'_>, read: usize, slot: usize) -> TokenStream {
    let (local, constant) = (code.names.local(read), code.constant(read));
    let slot = Literal::usize_unsuffixed(slot);
    let (ty, bits) = (&code.field(read).ty, code.field(read).bits);
    let byte = code.size(bits.map_or(0, |place| place.byte()));
    let offset = match bits.filter(|place| place.byte() > 0) {
        None => quote!(walk.kept(#slot)),
        Some(_) => quote!(walk.kept(#slot).saturating_add(#byte)),
    };
    let (bytes, value) = match (ty, bits) {
        (_, Some(place)) => {
            let run = bits::read_run(&place, &quote!(reader), &constant);
            let value = match ty {
                Type::Enum(index) if !code.rust.schema.enums[*index].open => {
                    let (name, bits) = (names::ty(&code.rust.schema.enums[*index].name), bits::number(&place));
                    quote!(#name::from_bits(#bits, offset, #constant))
                }
                Type::Enum(index) => {
                    let value = bits::enum_read(code, *index, &place, &quote!());
                    quote!(Ok(#value))
                }
                Type::Int(Int::Flag, _) => {
                    let flag = bits::flag(&place);
                    quote!(Ok(#flag))
                }
                _ => {
                    let number = bits::number(&place);
                    quote!(Ok(#number))
                }
            };
            let start = names::mentions(&value, "offset").then(|| match place.byte() {
                0 => quote!(let offset = reader.offset();),
                _ => quote!(let offset = reader.offset().saturating_add(#byte);),
            });
            (place.bytes.into(), quote!({ #start #run #value }))
        }
        (Type::Int(int, _), None) => {
            let call = int_call(int, &constant);
            (int.size().least, quote!(reader.#call))
        }
        (Type::Enum(index), None) => {
            let kind = &code.rust.schema.enums[*index];
            let name = names::ty(&kind.name);
            (kind.repr.size().least, quote!(#name::read(reader, #constant)))
        }
        _ => return TokenStream::new(),
    };
    let range = match ty {
        Type::Int(int, Some((least, most))) => {
            let found = to_i128(&quote!(#local), int);
            let (least, most) = (literal::signed(*least), literal::signed(*most));
            Some(quote!(Reader::in_range(#found, #least, #most, #offset, #constant)?;))
        }
        _ => None,
    };
    let bytes = code.size(bytes);
    quote! {
        let #local = walk.look(#slot, #bytes, |reader| #value)?;
        #range
    }
}

/// The parameters that a condition reads.
fn params(code: &LayoutCode<'_>, condition: &Formula) -> TokenStream {
    let read = code
        .layout
        .params
        .iter()
        .enumerate()
        .filter(|(index, _)| !condition.term.all(&|term| *term != Term::Param(*index)));
    let lets = read.map(|(index, param)| {
        let (name, slot) = (code.names.param(index), Literal::usize_unsuffixed(walk::param_slot(code.layout, index)));
        let value = match &param.ty {
            Type::Int(Int::Flag, _) => quote!(walk.handed(#slot) != 0),
            Type::Int(int, _) if shape::int_bits(int).0 == 64 => quote!(walk.handed(#slot)),
            Type::Int(int, _) => {
                let ty = shape::int_type(int);
                quote!(#ty::try_from(walk.handed(#slot)).unwrap_or_default())
            }
            _ => TokenStream::new(),
        };
        quote!(let #name = #value;)
    });
    lets.collect()
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
    let value = said(to_u64(&quote!(#local), int), span.scale, &quote!(walk.number_at()), &constant);
    let (add, max) = (literal::signed(span.add.into()), span.max.map_or(quote!(usize::MAX), |max| code.size(max)));
    let unit = code.size(span.unit);
    let then = match slot {
        Some(slot) => {
            let slot = Literal::usize_unsuffixed(slot);
            quote!(walk.keep(#slot, #local))
        }
        None => passed(code, &span, &quote!(#local)),
    };
    let length = quote!(walk.length(#value, #add, #max, #unit, #constant)?);
    let length = match code.equation(field).and_then(|equation| equation.absent) {
        Some(absent) => {
            let absent = literal::signed(absent);
            quote!(match #local { #absent => 0, #local => #length })
        }
        None => length,
    };
    quote!({
        let #local = walk.#read?;
        #range
        let #local = #length;
        #then
    })
}

/// What is as long as a formula says, which is worked out first.
fn sized(code: &LayoutCode<'_>, field: usize, span: &Span, reads: &[(usize, usize)]) -> TokenStream {
    let Some(formula) = walk::worked_out(&code.field(field).ty) else { return quote!(Ok(())) };
    let looks: TokenStream = reads.iter().map(|(read, slot)| look(code, *read, *slot)).collect();
    let params = params(code, formula);
    let value = code.worked_out(formula, &|at| {
        let local = code.names.local(at);
        quote!(#local)
    });
    let (local, constant) = (code.names.beside(field, unit_word(span)), code.constant(field));
    let (counted, max) = (literal::signed(span.add.into()), span.max.map_or(quote!(usize::MAX), |max| code.size(max)));
    let (unit, then) = (code.size(span.unit), passed(code, span, &quote!(#local)));
    quote!({
        #looks
        #params
        let #local = walk.worked_out(#value, #counted, #max, #unit, #constant)?;
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
        return elements(code, span.first, &all);
    }
    let schema = code.rust.schema;
    let streamed = schema.walked_stream(code.layout).map(|stream| stream.field);
    let data = streamed.or_else(|| schema.is_chunk(code.layout).then(|| stream::chunk_data(code.layout)).flatten());
    if data == Some(span.first) {
        return quote!(walk.stream(#all));
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
