//! A message in parts: the struct of what stands in front of its stream, and how the runtime gets at it.

use super::layout::LayoutCode;
use super::{Rust, decode, docs, encode, names, shape};
use crate::ir::{Message, Role, Type};
use proc_macro2::{Ident, TokenStream};
use quote::{format_ident, quote};

/// The name of the field that says how many bytes the stream has.
pub(super) fn len_name(code: &LayoutCode<'_>, stream: usize) -> Ident {
    format_ident!("{}_len", code.field(stream).name)
}

/// Whether what stands in front of the stream borrows: only bytes and text can, of what may stand there.
pub(super) fn borrows(code: &LayoutCode<'_>) -> bool {
    values(code).any(|at| matches!(code.field(at).ty, Type::Bytes(_)))
}

/// The fields in front of the stream that a user sets.
fn values<'c>(code: &'c LayoutCode<'_>) -> impl Iterator<Item = usize> + 'c {
    (0..code.end()).filter(|&at| code.field(at).role == Role::Value)
}

/// Everything of a message in parts; nothing if it is always whole.
pub(super) fn parts(rust: &Rust<'_>, message: &Message) -> Option<TokenStream> {
    let code = LayoutCode::head(rust, message, message.streams?);
    let (definitions, own, implementation) = (definitions(&code), functions(&code), implementation(&code));
    Some(quote!(#definitions #own #implementation))
}

/// `UploadHead` and `UploadHead<'a>`.
fn types(code: &LayoutCode<'_>) -> (Ident, TokenStream) {
    let head = names::ty(&format!("{}Head", code.layout.name));
    let view = if borrows(code) { quote!(#head<'a>) } else { quote!(#head) };
    (head, view)
}

fn definitions(code: &LayoutCode<'_>) -> TokenStream {
    let (name, stream) = (&code.layout.name, code.field(code.end()));
    let (part, (_, view)) = (names::ty(&format!("{name}Part")), types(code));
    let len = len_name(code, code.end());
    let fields = values(code).map(|at| {
        let field = code.field(at);
        let docs = docs(&field.docs, || format!("The field `{}`.", field.name));
        let (name, held) = (names::ident(&field.name), shape::field_type(code.rust.schema, code.layout, field));
        quote!(#docs pub #name: #held,)
    });
    let stream = &stream.name;
    let part_docs = format!(" A part of an [`{name}`]: its head, bytes of `{stream}`, its end.");
    let head_docs = format!(" What stands in front of `{stream}` in an [`{name}`].");
    let len_docs = format!(" How many bytes `{stream}` has.");
    quote! {
        #[doc = #part_docs]
        #[allow(dead_code, reason = "a program may take the message whole")]
        pub type #part<'a> = Part<'a, #view>;

        #[doc = #head_docs]
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub struct #view {
            #(#fields)*
            #[doc = #len_docs]
            pub #len: usize,
        }
    }
}

fn functions(code: &LayoutCode<'_>) -> TokenStream {
    let (whole, (_, view)) = (names::ty(&code.layout.name), types(code));
    let generics = borrows(code).then(|| quote!(<'a>));
    let (decode, encode) = (decode::head(code), encode::head(code, &len_name(code, code.end())));
    let (_, constants) = code.rust.constants(code, &quote!(#decode #encode));
    quote! {
        impl #generics #view {
            const FRAME_BYTES_MAX: usize = #whole::FRAME_BYTES_MAX;

            #constants
            #decode
            #encode
        }
    }
}

fn implementation(code: &LayoutCode<'_>) -> TokenStream {
    let schema = code.rust.schema;
    let (own, (head, view)) = (shape::layout_type(schema, code.layout, &quote!('static)), types(code));
    let in_front = code.layout.fields[..code.end()].iter();
    let most = in_front.map(|field| field.size.most.unwrap_or(u32::MAX.into())).fold(0, u64::saturating_add);
    let (most, field, len) = (code.rust.size(most), code.constant(code.end()), len_name(code, code.end()));
    let lifetime = borrows(code).then(|| quote!(<'_>));
    quote! {
        impl Streamed for #own {
            type Head<'a> = #view;

            const HEAD_BYTES_MAX: usize = #most;
            const FIELD: &'static Field = #field;

            #[inline]
            fn frame_bytes(buf: &[u8]) -> Result<Input, DecodeError> {
                Self::head(buf)
            }

            #[inline]
            fn decode_head(start: &[u8], frame_bytes: usize) -> Result<(#head #lifetime, usize), DecodeError> {
                #head::decode(start, frame_bytes)
            }

            #[inline]
            fn encode_head(head: &#head #lifetime, out: &mut BytesMut) -> Result<usize, EncodeError> {
                head.encode(out)?;
                Ok(head.#len)
            }
        }

        impl<'a> From<#view> for Part<'a, #view> {
            #[inline]
            fn from(head: #view) -> Self {
                Self { head: Some(head), data: &[], end: false }
            }
        }
    }
}
