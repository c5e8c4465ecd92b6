//! Content that does not stand on the wire as it is: undone in place before the message is read, done as it is written.

use super::decode::Decoder;
use super::encode::Encoder;
use super::layout::LayoutCode;
use super::{encode, names};
use crate::ir::{Bytes, Field, Layout, Type, Via};
use proc_macro2::{Ident, TokenStream};
use quote::{ToTokens, quote};
use syn::{Pat, Stmt};

/// The fields of a layout that are transformed, and how.
pub(super) fn transformed(layout: &Layout) -> Vec<(usize, Via)> {
    let via = |(at, field): (usize, &Field)| match field.ty {
        Type::Bytes(Bytes { via: Some(via), .. }) => Some((at, via)),
        _ => None,
    };
    layout.fields.iter().enumerate().filter_map(via).collect()
}

/// How many bytes content of `len` bytes takes on the wire, of a transform that the runtime has.
pub(super) fn width(via: Via, len: &TokenStream) -> TokenStream {
    match via {
        Via::Xor { .. } | Via::Extern(_) => len.clone(),
        Via::Base64 => quote!(via::base64_width(#len)),
        Via::Hex => quote!(via::hex_width(#len)),
    }
}

/// Whether the undone content is shorter than what stood on the wire.
pub(super) fn shrinks(via: Via) -> bool {
    !matches!(via, Via::Xor { .. })
}

/// The function that undoes all transforms, and the statement of `decode` that calls it.
pub(super) fn undo(code: &LayoutCode<'_>) -> Option<(TokenStream, TokenStream)> {
    let (transformed, last) = (transformed(code.layout), code.layout.undone_behind()?);
    let fields = Decoder::on_wire(code, last);
    let (places, undo) = (places(code, &transformed), transformed.iter().map(|(at, via)| undo_one(code, *at, *via)));
    let lens: Vec<Ident> =
        transformed.iter().filter(|(_, via)| shrinks(*via)).map(|(at, _)| length_local(code, *at)).collect();
    let (result, value) = match lens.as_slice() {
        [] => (quote!(()), quote!(())),
        [len] => (quote!(usize), quote!(#len)),
        lens => {
            let sizes = lens.iter().map(|_| quote!(usize));
            (quote!((#(#sizes),*)), quote!((#(#lens),*)))
        }
    };
    let body = without_unused(&quote!(let mut reader = Reader::new(frame); #fields #places #(#undo)* Ok(#value)));
    let (side, from) = match code.is_sided() && names::mentions(&body, "from") {
        true => (quote!(, from: Side), quote!(, from)),
        false => (quote!(), quote!()),
    };
    let name = names::ident("undo");
    let named: Vec<String> = transformed.iter().map(|(at, _)| format!("`{}`", code.field(*at).name)).collect();
    let docs = match named.as_slice() {
        [one] => format!(" Undoes what {one} is on the wire, where it stands."),
        several => format!(" Undoes what {} are on the wire, where they stand.", several.join(", ")),
    };
    let function = quote! {
        #[doc = #docs]
        fn #name(frame: &mut [u8] #side) -> Result<#result, DecodeError> {
            #body
        }
    };
    let call = match lens.is_empty() {
        false => quote!(let #value = Self::#name(frame #from)?;),
        true => quote!(Self::#name(frame #from)?;),
    };
    Some((function, call))
}

/// The statement that notes where the keys and what is transformed stand: then the frame may be changed.
fn places(code: &LayoutCode<'_>, transformed: &[(usize, Via)]) -> TokenStream {
    let mut names = Vec::new();
    let mut places = Vec::new();
    let mut place = |at: usize, is_key: bool| {
        let name = code.names.local(at);
        if names.contains(&name) {
            return;
        }
        names.push(name);
        places.push(match (code.field(at).is_optional(), is_key) {
            (true, true) => quote!(reader.range(#name.unwrap_or_default())),
            (true, false) => quote!(#name.map(|#name| reader.range(#name))),
            (false, _) => quote!(reader.range(#name)),
        });
    };
    for (at, via) in transformed {
        if let Via::Xor { key } = via {
            place(*key, true);
        }
        place(*at, false);
    }
    match (names.as_slice(), places.as_slice()) {
        ([name], [place]) => quote!(let #name = #place;),
        (names, places) => quote!(let (#(#names),*) = (#(#places),*);),
    }
}

/// The statement that undoes one transform.
fn undo_one(code: &LayoutCode<'_>, at: usize, via: Via) -> TokenStream {
    let (local, constant) = (code.names.local(at), code.constant(at));
    let undo = match via {
        Via::Xor { key } => {
            let used_again =
                transformed(code.layout).into_iter().any(|(other, via)| other > at && via == Via::Xor { key });
            let (name, clone) = (code.names.local(key), used_again.then(|| quote!(.clone())));
            quote!(via::xor(frame, #name #clone, #local))
        }
        Via::Base64 => quote!(via::base64(frame, #local, #constant)?),
        Via::Hex => quote!(via::hex(frame, #local, #constant)?),
        Via::Extern(index) => {
            let path = names::path(&code.rust.schema.externs.vias[index].path);
            quote!(own::undone::<#path>(frame, #local, #constant)?)
        }
    };
    let len = length_local(code, at);
    match (shrinks(via), code.field(at).is_optional()) {
        (false, false) => quote!(#undo;),
        (false, true) => quote!(if let Some(#local) = #local { #undo; }),
        (true, false) => quote!(let #len = #undo;),
        (true, true) => quote!(let #len = match #local { Some(#local) => #undo, None => 0 };),
    }
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
    pub(super) fn write_via(&self, at: usize, via: Via, content: &TokenStream) -> TokenStream {
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
            // It has been applied before anything was written.
            Via::Extern(_) => {
                let wire = encode::applied(self.code, at);
                quote!(writer.bytes(&#wire);)
            }
        }
    }
}
