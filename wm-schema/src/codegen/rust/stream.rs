//! A message in parts: the struct of what stands in front of its stream, and how the runtime gets at it.

mod tail;

use super::layout::LayoutCode;
use super::{Rust, decode, docs, encode, headers, literal, names, shape, walk};
use crate::ir::stream::Body;
use crate::ir::{Bytes, Extent, Field, Framing, Held, Message, Role, Schema, Stream, Type, Via};
use crate::walk::Step;
use proc_macro2::{Ident, Literal, TokenStream};
use quote::{format_ident, quote};

/// Everything of a message in parts; nothing if it is always whole.
pub(super) fn parts(rust: &Rust<'_>, message: &Message) -> Option<TokenStream> {
    message.streams.as_ref()?;
    let message = &plain(message);
    let stream = message.streams.as_ref()?;
    let head = HeadCode { code: LayoutCode::head(rust, message, stream.field), message, stream };
    let (definitions, own, implementation) = (head.definitions(), head.functions(), head.implementation());
    Some(quote!(#definitions #own #implementation))
}

/// The message as a struct of our own would hold it: a head is one, whoever wrote the message.
fn plain(message: &Message) -> Message {
    let mut message = message.clone();
    for field in &mut message.layout.fields {
        field.held = Held::View;
    }
    message
}

/// The name of the field that says how many bytes the stream has.
pub(super) fn len_name(code: &LayoutCode<'_>, stream: usize) -> Ident {
    format_ident!("{}_len", code.field(stream).name)
}

/// The fields in front of the stream that a user sets.
fn values<'c>(code: &'c LayoutCode<'_>) -> impl Iterator<Item = usize> + 'c {
    (0..code.end()).filter(|&at| code.field(at).role == Role::Value)
}

/// Whether what is handed out of a message has a trait: all of it, or its head.
pub(super) fn holds(schema: &Schema, message: &Message, wanted: shape::Trait) -> bool {
    let Some(stream) = message.stream_field() else { return shape::has(schema, &message.layout, wanted) };
    let in_front = message.layout.fields[..stream].iter().filter(|field| field.role == Role::Value);
    in_front.into_iter().all(|field| shape::type_has(schema, &field.ty, wanted))
}

/// Whether what stands in front of the stream borrows.
pub(super) fn borrows(code: &LayoutCode<'_>) -> bool {
    values(code).any(|at| shape::type_borrows(code.rust.schema, &code.field(at).ty))
}

/// How many bytes stand behind the stream.
pub(super) fn tail_bytes(code: &LayoutCode<'_>) -> u64 {
    code.layout.fields.iter().skip(code.end() + 1).map(|field| field.size.least).sum()
}

/// The expression of a head's field that says how much data follows it.
pub(super) fn len_of_head(code: &LayoutCode<'_>, body: Body) -> Option<TokenStream> {
    let tail = tail_bytes(code);
    let around = match tail {
        0 => quote!(reader.offset()),
        tail => {
            let tail = code.size(tail);
            quote!(reader.offset().saturating_add(#tail))
        }
    };
    match body {
        Body::Sized => Some(quote!(frame_bytes.saturating_sub(#around))),
        Body::Chunks { .. } | Body::UntilEnd => None,
        Body::Either { union, arm, .. } => {
            let (local, arm) = (headers_local(code)?, Literal::usize_unsuffixed(arm));
            let name = names::ty(&code.rust.schema.structs[union].name);
            Some(quote!(match #name::chosen(#local)? { (#arm, _) => None, (_, length) => Some(length) }))
        }
    }
}

/// The variable of the headers that frame the stream.
fn headers_local<'c>(code: &'c LayoutCode<'_>) -> Option<&'c Ident> {
    let framed = crate::ir::headers::framed(code.rust.schema, code.layout)?;
    Some(code.names.local(framed.headers))
}

/// The number in front of the data that is a part of its field.
pub(super) fn prefix<'c>(code: &LayoutCode<'c>) -> Option<&'c crate::ir::Int> {
    match &code.layout.fields.get(code.stream?)?.ty {
        Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) => Some(int),
        _ => None,
    }
}

/// The least bytes of a chunk: those of the last one.
pub(super) fn last_chunk_bytes(code: &LayoutCode<'_>, body: Body) -> u64 {
    body.part().map_or(0, |part| code.rust.schema.structs[part].size.least)
}

struct HeadCode<'h> {
    code: LayoutCode<'h>,
    message: &'h Message,
    stream: &'h Stream,
}

impl HeadCode<'_> {
    /// `UploadHead` and `UploadHead<'a>`.
    fn types(&self) -> (Ident, TokenStream) {
        let head = names::ty(&format!("{}Head", self.code.layout.name));
        let view = if borrows(&self.code) { quote!(#head<'a>) } else { quote!(#head) };
        (head, view)
    }

    fn definitions(&self) -> TokenStream {
        let code = &self.code;
        let (schema, name, stream) = (code.rust.schema, &code.layout.name, &code.field(code.end()).name);
        let (part, (_, view)) = (names::ty(&format!("{name}Part")), self.types());
        let fields = values(code).map(|at| {
            let field = code.field(at);
            let docs = docs(&field.docs, || format!("The field `{}`.", field.name));
            let (name, held) = (names::ident(&field.name), shape::field_type(schema, code.layout, field));
            quote!(#docs pub #name: #held,)
        });
        let len = len_name(code, code.end());
        let len = match self.stream.body {
            Body::Sized => {
                let docs = format!(" How many bytes `{stream}` has.");
                quote!(#[doc = #docs] pub #len: usize,)
            }
            Body::Chunks { .. } | Body::UntilEnd => quote!(),
            Body::Either { .. } => {
                let docs = format!(" How many bytes `{stream}` has; none if it comes in chunks.");
                quote!(#[doc = #docs] pub #len: Option<usize>,)
            }
        };
        let fields: Vec<TokenStream> = fields.chain((!len.is_empty()).then_some(len)).collect();
        let copy = holds(schema, self.message, shape::Trait::Copy).then(|| quote!(, Copy));
        let eq = holds(schema, self.message, shape::Trait::Eq).then(|| quote!(, Eq));
        let body = if fields.is_empty() { quote!(;) } else { quote!({ #(#fields)* }) };
        let part_docs = format!(" A part of an [`{name}`]: its head, bytes of `{stream}`, its end.");
        let head_docs = format!(" What stands in front of `{stream}` in an [`{name}`].");
        quote! {
            #[doc = #part_docs]
            #[allow(dead_code, reason = "a program may take the message whole")]
            pub type #part<'a> = Part<'a, #view>;

            #[doc = #head_docs]
            #[derive(Debug, Clone #copy, PartialEq #eq)]
            pub struct #view #body
        }
    }

    fn functions(&self) -> TokenStream {
        let code = &self.code;
        let (whole, (_, view)) = (names::ty(&code.layout.name), self.types());
        let generics = borrows(code).then(|| quote!(<'a>));
        let (decode, encode) = (decode::head(code, self.stream.body), encode::head(code));
        let lines = headers::head_lines(code, self.stream.body);
        let walk = self.stream.head.as_ref().map(|_| self.walk());
        let (_, constants) = code.rust.constants(code, &quote!(#decode #encode #walk));
        let most = names::mentions(&encode, "FRAME_BYTES_MAX");
        let most = most.then(|| quote!(const FRAME_BYTES_MAX: usize = #whole::FRAME_BYTES_MAX;));
        quote! {
            impl #generics #view {
                #most
                #constants
                #walk
                #decode
                #encode
                #lines
            }
        }
    }

    /// The steps to the stream and behind it, where a number in front says how large the frame is.
    fn walk(&self) -> TokenStream {
        let code = &self.code;
        let (schema, end, whole) = (code.rust.schema, code.end(), names::ty(&code.layout.name));
        let frame = match self.message.framing {
            Framing::Fixed { bytes } => {
                let bytes = code.size(bytes);
                quote!(walk.frame(|_| Ok(Input::Frame(#bytes))))
            }
            _ => quote!(walk.frame(#whole::head)),
        };
        let head = self.stream.head.iter().flat_map(|head| crate::walk::steps(schema, head));
        // Fields of bits take no bytes but the last of a run.
        let head = head.filter(|step| !matches!(step, Step::Pass { bytes: 0, .. }));
        let head = head.map(|step| walk::step(code, &step));
        let number = prefix(code).map(|int| walk::free(code, end, &Type::Int(int.clone(), None)));
        let (tail, constant) = (code.size(tail_bytes(code)), code.constant(end));
        let data = quote!({ walk.head()?; walk.stream_rest(#tail, #constant) });
        // What is not compared as it arrives is read when all of it is there, in its order.
        let behind = (end + 1..code.layout.fields.len()).map(|at| match code.constant_bytes(at) {
            Some(bytes) if tail::compares(self.message) => {
                let (bytes, constant) = (literal::bytes(&bytes), code.constant(at));
                quote!(walk.constant(#bytes, #constant))
            }
            _ => {
                let bytes = code.size(code.field(at).size.least);
                quote!(walk.pass(#bytes))
            }
        });
        let steps = std::iter::once(frame).chain(head).chain(number).chain([data]).chain(behind);
        let arms = steps.enumerate().map(|(at, step)| {
            let at = Literal::usize_unsuffixed(at);
            quote!(#at => #step,)
        });
        let (arms, walker): (TokenStream, _) = (arms.collect(), walk::walker_type(schema));
        quote! {
            /// The steps to the data and behind it, field by field; a step that lacks bytes is taken again when more have
            /// arrived.
            fn walk(walk: &mut #walker, step: usize) -> Result<(), Halt> {
                match step {
                    #arms
                    _ => walk.leave(),
                }
            }
        }
    }

    fn implementation(&self) -> TokenStream {
        let (code, schema) = (&self.code, self.code.rust.schema);
        let (own, (head, view)) = (shape::layout_type(schema, code.layout, &quote!('static)), self.types());
        let number = prefix(code).and_then(|int| int.size().most).unwrap_or_default();
        let most = self.message.held_bytes_max().saturating_add(number);
        let (most, field) = (code.size(most.min(self.message.frame_bytes_max)), code.constant(code.end()));
        let lifetime = borrows(code).then(|| quote!(<'_>));
        let walk_type = walk::stream_type(schema, self.message);
        let steps = if self.stream.head.is_some() { quote!(#head::walk) } else { quote!(Self::walk) };
        let least = code.size(code.layout.size.least);
        let len = len_name(code, code.end());
        let announced = match self.stream.body {
            Body::Sized => quote!(Announced::Bytes(head.#len)),
            Body::Chunks { .. } => quote!(Announced::Chunks),
            Body::UntilEnd => {
                let most = self.data_bytes_max();
                quote!(Announced::UntilEnd(#most))
            }
            Body::Either { .. } => quote!(head.#len.map_or(Announced::Chunks, Announced::Bytes)),
        };
        let (streamed, side, from, first) = match code.is_sided() {
            true => (quote!(SidedStreamed), quote!(, from: Side), quote!(, from), quote!(from,)),
            false => (quote!(Streamed), quote!(), quote!(), quote!()),
        };
        let given = code.is_sided().then(|| quote!(from: Side,));
        let (chunk, mask, tail) = (self.chunk(), self.mask(), tail::functions(code, self.message));
        let from_head = quote! {
            impl<'a> From<#view> for Part<'a, #view> {
                #[inline]
                fn from(head: #view) -> Self {
                    Self { head: Some(head), data: &[], end: false }
                }
            }
        };
        quote! {
            impl #streamed for #own {
                type Head<'a> = #view;
                type Walk = #walk_type;

                const HEAD_BYTES_MAX: usize = #most;
                const FIELD: &'static Field = #field;

                #[inline]
                fn walk(walk: &mut #walk_type, buf: &[u8]) -> Result<Reached, DecodeError> {
                    walk.reach(buf, #least, Self::FRAME_BYTES_MAX, #steps)
                }

                #[inline]
                fn decode_head(bytes: &[u8], frame_bytes: usize #side) -> Result<#head #lifetime, DecodeError> {
                    #head::decode(bytes, frame_bytes #from)
                }

                #[inline]
                fn encode_head(head: &#head #lifetime, #given out: &mut BytesMut) -> Result<Announced, EncodeError> {
                    head.encode(#first out)?;
                    Ok(#announced)
                }

                #chunk
                #mask
                #tail
            }

            #from_head
        }
    }

    /// The most bytes of data that go on to the end of the stream.
    fn data_bytes_max(&self) -> TokenStream {
        match &self.code.field(self.code.end()).ty {
            Type::Bytes(Bytes { max: Some(max), .. }) => self.code.size(*max),
            _ => quote!(Self::FRAME_BYTES_MAX),
        }
    }

    /// The function that sends a chunk.
    fn chunk(&self) -> Option<TokenStream> {
        let schema = self.code.rust.schema;
        let part = &schema.structs[self.stream.body.part()?];
        let (name, data) = (names::ty(&part.name), crate::ir::stream::chunk_data(part)?);
        let data = names::ident(&part.fields[data].name);
        let value = if data == "data" { quote!(#name { data }) } else { quote!(#name { #data: data }) };
        let question = encode::write_can_fail(&LayoutCode::part(self.code.rust, part)).then(|| quote!(?));
        Some(quote! {
            #[inline]
            fn encode_chunk(data: &[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
                let chunk = #value;
                out.reserve(chunk.measure()?);
                chunk.write(&mut Writer::new(out)) #question;
                Ok(())
            }
        })
    }

    /// The function that says what the data is masked with.
    fn mask(&self) -> Option<TokenStream> {
        let Field { ty: Type::Bytes(Bytes { via: Some(Via::Xor { key }), .. }), .. } = self.code.field(self.code.end())
        else {
            return None;
        };
        let (name, optional) = (names::ident(&self.code.field(*key).name), self.code.field(*key).is_optional());
        let key = if optional { quote!(head.#name.unwrap_or_default()) } else { quote!(head.#name) };
        let (head, lifetime) = (self.types().0, quote!(<'_>));
        Some(quote! {
            #[inline]
            fn mask(head: &#head #lifetime) -> via::Mask {
                via::Mask::new(#key)
            }
        })
    }
}
