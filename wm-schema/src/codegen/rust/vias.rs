//! Content that does not stand on the wire as it is: undone in place before the message is read, done as it is written.

use super::decode::Decoder;
use super::encode::Encoder;
use super::layout::LayoutCode;
use super::names;
use crate::ir::{Bytes, Layout, Type, Via};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Pat, Stmt};

/// The field of a layout that is transformed, and how.
pub(super) fn transformed(layout: &Layout) -> Option<(usize, Via)> {
    layout.fields.iter().enumerate().find_map(|(at, field)| match field.ty {
        Type::Bytes(Bytes { via: Some(via), .. }) => Some((at, via)),
        _ => None,
    })
}

/// How many bytes content of `len` bytes takes on the wire.
pub(super) fn width(via: Via, len: &TokenStream) -> TokenStream {
    match via {
        Via::Xor { .. } => len.clone(),
        Via::Base64 => quote!(via::base64_width(#len)),
        Via::Hex => quote!(via::hex_width(#len)),
    }
}

/// Whether the undone content is shorter than what stood on the wire.
pub(super) fn shrinks(via: Via) -> bool {
    !matches!(via, Via::Xor { .. })
}

/// The function that undoes a transform, and the statement of `decode` that calls it.
pub(super) fn undo(code: &LayoutCode<'_>) -> Option<(TokenStream, TokenStream)> {
    let (at, via) = transformed(code.layout)?;
    let decoder = Decoder::new(code);
    let (local, constant) = (code.names.local(at), code.constant(at));
    let fields = decoder.fields_before(at);
    let (undo, result, value) = match via {
        Via::Xor { key } => {
            let name = code.names.local(key);
            let bytes = match code.field(key).condition {
                Some(_) => quote!(#name.unwrap_or_default()),
                None => quote!(#name),
            };
            let undo = quote! {
                let (#name, #local) = (reader.range(#bytes), reader.range(#local));
                via::xor(frame, #name, #local);
                Ok(())
            };
            (undo, quote!(()), None)
        }
        Via::Base64 => {
            (quote!(let #local = reader.range(#local); via::base64(frame, #local, #constant)), quote!(usize), Some(()))
        }
        Via::Hex => {
            (quote!(let #local = reader.range(#local); via::hex(frame, #local, #constant)), quote!(usize), Some(()))
        }
    };
    let body = without_unused(&quote!(let mut reader = Reader::new(frame); #fields #undo));
    let (side, from) = match code.is_sided() && names::mentions(&body, "from") {
        true => (quote!(, from: Side), quote!(, from)),
        false => (quote!(), quote!()),
    };
    let (name, len) = (names::ident("undo"), length_local(code, at));
    let docs = format!(" Undoes what `{}` is on the wire, where it stands.", code.field(at).name);
    let function = quote! {
        #[doc = #docs]
        fn #name(frame: &mut [u8] #side) -> Result<#result, DecodeError> {
            #body
        }
    };
    let call = match value {
        Some(()) => quote!(let #len = Self::#name(frame #from)?;),
        None => quote!(Self::#name(frame #from)?;),
    };
    Some((function, call))
}

/// The variable that holds how long the undone content is.
pub(super) fn length_local(code: &LayoutCode<'_>, at: usize) -> Ident {
    code.names.beside(at, "plain_len")
}

/// Statements without the variables that nothing reads; what could fail is still done.
pub(super) fn without_unused(body: &TokenStream) -> TokenStream {
    let Ok(block) = syn::parse2::<syn::Block>(quote!({ #body })) else { return body.clone() };
    let mut kept: Vec<TokenStream> = Vec::new();
    for statement in block.stmts.into_iter().rev() {
        let used = |name: &Ident| kept.iter().any(|later| names::mentions(later, &name.to_string()));
        let tokens = match &statement {
            Stmt::Local(local) => match (&local.pat, &local.init) {
                (Pat::Ident(name), Some(init)) if !used(&name.ident) => {
                    let value = init.expr.to_token_stream();
                    let fails = value.to_string().contains('?');
                    if fails { quote!(#value;) } else { TokenStream::new() }
                }
                _ => statement.to_token_stream(),
            },
            _ => statement.to_token_stream(),
        };
        kept.push(tokens);
    }
    kept.into_iter().rev().collect()
}

impl Encoder<'_> {
    /// The statement that writes transformed content.
    pub(super) fn write_via(&self, via: Via, content: &TokenStream) -> TokenStream {
        match via {
            Via::Xor { key } => {
                let value = self.value(key);
                let key = match self.code.field(key).condition {
                    Some(_) => quote!(#value.unwrap_or_default()),
                    None => quote!(#value),
                };
                quote!(writer.xored(#content, #key);)
            }
            Via::Base64 => quote!(writer.base64(#content);),
            Via::Hex => quote!(writer.hex(#content);),
        }
    }
}
