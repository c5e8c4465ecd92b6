//! Header blocks: how they are read, sent and walked over, and what they say of the field that they frame.

use super::layout::LayoutCode;
use super::{Rust, literal, names, shape, walk};
use crate::ir::headers::{Framed, FramedBy, framed, length_header, lengths};
use crate::ir::stream::Body;
use crate::ir::{By, Bytes, Choice, Content, Layout, Type};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// The most bytes of the lines, and the headers that are computed: the arguments of every `headers` of the runtime.
fn arguments(code: &LayoutCode<'_>, at: usize) -> TokenStream {
    let max = match &code.field(at).ty {
        Type::Bytes(Bytes { max: Some(max), .. }) => code.size(*max),
        _ => quote!(usize::MAX),
    };
    let (computed, constant) = (framed_by(code, at).map(|framed| framed.computed()), code.constant(at));
    let computed = computed.unwrap_or_default();
    quote!(#max, &[#(#computed),*], #constant)
}

/// What the headers at `at` frame.
fn framed_by<'s>(code: &LayoutCode<'s>, at: usize) -> Option<Framed<'s>> {
    framed(code.rust.schema, code.layout).filter(|framed| framed.headers == at)
}

/// The statement that reads a block.
pub(super) fn read(code: &LayoutCode<'_>, at: usize) -> TokenStream {
    let (local, arguments) = (code.names.local(at), arguments(code, at));
    quote!(let #local = reader.headers(#arguments)?;)
}

/// The length that a header says, as an expression.
pub(super) fn length(code: &LayoutCode<'_>) -> TokenStream {
    match framed(code.rust.schema, code.layout) {
        Some(Framed { headers, how: FramedBy::Length(bytes, name), .. }) => {
            let local = code.names.local(headers);
            let number = number(code.rust, &quote!(#local), bytes, name);
            quote!(#number?)
        }
        // An arm of a union, which has asked its headers already.
        _ => quote!(length),
    }
}

/// `headers.number("content-length", 1024)`.
fn number(rust: &Rust<'_>, headers: &TokenStream, bytes: &Bytes, name: &str) -> TokenStream {
    let max = bytes.max.map_or(quote!(usize::MAX), |max| rust.size(max));
    quote!(#headers.number(#name, #max))
}

/// The lines that are computed from the rest of the message, as an expression of an array.
pub(super) fn lines(code: &LayoutCode<'_>, at: usize) -> TokenStream {
    let Some(framed) = framed_by(code, at) else { return quote!([]) };
    if code.stream == Some(framed.body) {
        return match framed.how {
            FramedBy::Choice(..) => quote!(self.lines()),
            FramedBy::Length(_, name) => {
                let len = super::stream::len_name(code, framed.body);
                quote!([HeaderLine::number(#name, self.#len)])
            }
        };
    }
    let body = names::ident(&code.field(framed.body).name);
    match framed.how {
        FramedBy::Choice(..) => quote!(self.#body.lines()),
        FramedBy::Length(bytes, name) => {
            let len = content_len(&quote!(self.#body), bytes);
            quote!([HeaderLine::number(#name, #len)])
        }
    }
}

/// The function of a head that says in its headers how a stream comes.
pub(super) fn head_lines(code: &LayoutCode<'_>, body: Body) -> Option<TokenStream> {
    let Body::Either { arm, .. } = body else { return None };
    let framed = framed(code.rust.schema, code.layout)?;
    let FramedBy::Choice(union, Choice { by: By::Header { name, words }, values, .. }, _) = framed.how else {
        return None;
    };
    let (len, names) = (super::stream::len_name(code, framed.body), lengths(union));
    let lines = |at: usize| {
        let word = values[at].and_then(|(place, _)| words.get(usize::try_from(place).ok()?));
        let first = match word {
            Some(word) => quote!(HeaderLine::word(#name, #word)),
            None => quote!(HeaderLine::absent(#name)),
        };
        let own = length_header(&union.fields[at].ty);
        let rest = names.iter().map(|name| match own == Some(*name) {
            true => quote!(HeaderLine::number(#name, len)),
            false => quote!(HeaderLine::absent(#name)),
        });
        let rest: Vec<TokenStream> = rest.collect();
        quote!([#first, #(#rest),*])
    };
    let sized = (0..union.fields.len()).find(|at| *at != arm)?;
    let (known, chunks) = (lines(sized), lines(arm));
    let count = Literal::usize_unsuffixed(names.len() + 1);
    Some(quote! {
        /// What the headers say of what follows them.
        const fn lines(&self) -> [HeaderLine; #count] {
            match self.#len { Some(len) => #known, None => #chunks }
        }
    })
}

fn content_len(value: &TokenStream, bytes: &Bytes) -> TokenStream {
    match bytes.content {
        Content::Word(_) | Content::Json => quote!(#value.as_str().len()),
        _ => quote!(#value.len()),
    }
}

/// The step over a block: what it says of the field that it frames is remembered.
pub(super) fn walk_block(code: &LayoutCode<'_>, at: usize, slot: Option<usize>) -> TokenStream {
    let arguments = arguments(code, at);
    let (Some(framed), Some(slot)) = (framed_by(code, at), slot) else {
        return quote!(walk.headers(#arguments).map(drop));
    };
    let constant = code.constant(at);
    let (first, second) = (Literal::usize_unsuffixed(slot), Literal::usize_unsuffixed(slot + 1));
    match framed.how {
        FramedBy::Length(bytes, name) => {
            let length = number(code.rust, &quote!(headers), bytes, name);
            quote!({
                let headers = walk.headers(#arguments)?;
                let length = #length?;
                walk.keep(#first, length)?;
                walk.more(length, #constant)
            })
        }
        FramedBy::Choice(union, ..) => {
            let name = names::ty(&union.name);
            let least = union.size.least;
            let extra = |arm: usize| union.fields[arm].size.least.saturating_sub(least);
            let extras = (0..union.fields.len()).filter(|arm| extra(*arm) > 0).map(|arm| {
                let (arm, extra) = (Literal::usize_unsuffixed(arm), code.size(extra(arm)));
                quote!(#arm => #extra,)
            });
            let extras: Vec<TokenStream> = extras.collect();
            let more = match extras.as_slice() {
                [] => quote!(length),
                extras => quote!(length.saturating_add(match arm { #(#extras)* _ => 0 })),
            };
            quote!({
                let headers = walk.headers(#arguments)?;
                let (arm, length) = #name::chosen(headers)?;
                walk.keep(#first, arm)?;
                walk.keep(#second, length)?;
                walk.more(#more, #constant)
            })
        }
    }
}

/// The step over what headers frame.
pub(super) fn walk_framed(code: &LayoutCode<'_>, at: usize, slot: usize) -> TokenStream {
    let (first, second) = (Literal::usize_unsuffixed(slot), Literal::usize_unsuffixed(slot + 1));
    match &code.field(at).ty {
        Type::Struct(index) => {
            let name = names::ty(&code.rust.schema.structs[*index].name);
            quote!({
                let (arm, length) = (walk.kept(#first), walk.kept(#second));
                #name::walk(walk, arm, length)
            })
        }
        _ => {
            let streams = code.rust.schema.walked_stream(code.layout).is_some_and(|stream| stream.field == at);
            let pass = if streams { quote!(stream) } else { quote!(pass) };
            quote!({
                let length = walk.kept(#first);
                walk.#pass(length)
            })
        }
    }
}

/// The functions of a union that a header chooses: which arm it is, what it says in the headers, and, if it is `walked`
/// over, the step over each.
pub(super) fn union(code: &LayoutCode<'_>, choice: &Choice, walked: bool) -> TokenStream {
    let By::Header { name, words } = &choice.by else { return TokenStream::new() };
    let (union, names) = (code.layout, lengths(code.layout));
    let chosen = choices(code, choice).map(|(pattern, at, length)| {
        let arm = Literal::usize_unsuffixed(at);
        let own = length_header(&union.fields[at].ty);
        let others = names.iter().filter(|name| Some(**name) != own).map(|name| quote!(headers.overruled(#name)?;));
        let length = length.map_or(quote!(0), |length| quote!(#length?));
        quote!(#pattern => { #(#others)* Ok((#arm, #length)) })
    });
    let lines = (0..union.fields.len()).map(|at| {
        let (field, local) = (&union.fields[at], code.names.local(at));
        let word = choice.values[at].and_then(|(place, _)| words.get(usize::try_from(place).ok()?));
        let first = match word {
            Some(word) => quote!(HeaderLine::word(#name, #word)),
            None => quote!(HeaderLine::absent(#name)),
        };
        let own = length_header(&field.ty);
        let rest = names.iter().map(|name| match &field.ty {
            Type::Bytes(bytes) if Some(*name) == own => {
                let len = content_len(&quote!(#local), bytes);
                quote!(HeaderLine::number(#name, #len))
            }
            _ => quote!(HeaderLine::absent(#name)),
        });
        let rest: Vec<TokenStream> = rest.collect();
        let variant = names::variant(&field.name);
        let by_ref = (!shape::type_has(code.rust.schema, &field.ty, shape::Trait::Copy)).then(|| quote!(ref));
        let held = if own.is_some() { quote!(#by_ref #local) } else { quote!(_) };
        quote!(Self::#variant(#held) => [#first, #(#rest),*],)
    });
    let count = Literal::usize_unsuffixed(names.len() + 1);
    let copy = shape::has(code.rust.schema, union, shape::Trait::Copy);
    let (receiver, this) = if copy { (quote!(self), quote!(self)) } else { (quote!(&self), quote!(*self)) };
    let walk = walked.then(|| walk_arms(code, choice));
    let (lines, chosen): (TokenStream, TokenStream) = (lines.collect(), chosen.collect());
    quote! {
        /// Which arm the headers choose, and the length that they say.
        fn chosen(headers: Headers<'_>) -> Result<(usize, usize), DecodeError> {
            match headers.word(#name, &[#(#words),*])? {
                #chosen
            }
        }

        /// What the headers say of it.
        fn lines(#receiver) -> [HeaderLine; #count] {
            match #this { #lines }
        }

        #walk
    }
}

/// For each arm, the absent one last: the pattern of the word that chooses it, its index, and the length that a header says.
fn choices<'c>(
    code: &'c LayoutCode<'_>,
    choice: &'c Choice,
) -> impl Iterator<Item = (TokenStream, usize, Option<TokenStream>)> {
    let mut arms: Vec<usize> = (0..code.layout.fields.len()).collect();
    arms.sort_by_key(|at| choice.values[*at].is_none());
    arms.into_iter().map(|at| {
        let pattern = choice.values[at].map_or(quote!(_), |(place, _)| {
            let place = literal::signed(place);
            quote!(Some(#place))
        });
        let length = match &code.layout.fields[at].ty {
            Type::Bytes(bytes) => {
                length_header(&code.layout.fields[at].ty).map(|name| number(code.rust, &quote!(headers), bytes, name))
            }
            _ => None,
        };
        (pattern, at, length)
    })
}

fn walk_arms(code: &LayoutCode<'_>, choice: &Choice) -> TokenStream {
    let arms = choices(code, choice).map(|(_, at, length)| {
        let step = match length {
            Some(_) if code.rust.schema.chooses_stream(code.layout) => quote!(walk.stream(length)),
            Some(_) => quote!(walk.pass(length)),
            None => walk::step(code, &crate::walk::framed_arm(code.rust.schema, code.layout, at)),
        };
        (at, step)
    });
    let arms: Vec<(usize, TokenStream)> = arms.collect();
    let count = arms.len();
    let arms = arms.into_iter().enumerate().map(|(place, (at, step))| {
        let at = Literal::usize_unsuffixed(at);
        if place + 1 == count { quote!(_ => #step,) } else { quote!(#at => #step,) }
    });
    let (arms, walker): (TokenStream, _) = (arms.collect(), walk::walker_type(code.rust.schema));
    let length = if names::mentions(&arms, "length") { quote!(length) } else { quote!(_length) };
    quote! {
        /// The step over an arm; of what its headers have said the length, so much is passed.
        fn walk(walk: &mut #walker, arm: usize, #length: usize) -> Result<(), Halt> {
            match arm { #arms }
        }
    }
}

/// Whether a union is walked over as what headers frame.
pub(super) fn is_walked(rust: &Rust<'_>, union: &Layout) -> bool {
    crate::walk::layouts(rust.schema).any(|layout| {
        framed(rust.schema, layout)
            .is_some_and(|framed| matches!(framed.how, FramedBy::Choice(found, ..) if found.name == union.name))
    })
}
