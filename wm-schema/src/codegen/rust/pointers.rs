//! Pointers: what is checked when they have been written, and lists that go on where one leads.

use super::decode::Decoder;
use super::layout::LayoutCode;
use super::{literal, names};
use crate::ir::{Role, Type};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

impl Decoder<'_> {
    /// What stands where a pointer leads.
    pub(super) fn follow(&self, at: usize) -> TokenStream {
        let (Role::Pointed(pointer), Type::Struct(index)) = (&self.code.field(at).role, &self.code.field(at).ty) else {
            return TokenStream::new();
        };
        let target = &self.code.rust.schema.structs[*index];
        let (constant, name) = (self.code.constant(at), names::ty(&target.name));
        let target_type = if target.name == self.code.layout.name { quote!(Self) } else { quote!(#name) };
        let value = |at: usize| {
            let local = self.code.names.local(at);
            quote!(#local)
        };
        let place = self.code.place(&pointer.place, &value, &|field| self.start(field));
        let (start, least) = (self.start(0), self.code.size(pointer.least));
        let hops = literal::number(target.hops.unwrap_or_default().into());
        let backward = quote!(Backward { least: #least, hops: #hops });
        quote!(reader.follow(#place, #start, #backward, #target_type::read, #constant)?)
    }
}

/// The statements around the writes of a layout that is bounded and holds pointers: of what they lead to, only who reads it
/// can tell how large it is.
pub(super) fn doubts(code: &LayoutCode<'_>) -> (TokenStream, TokenStream) {
    match code.layout.max.filter(|_| code.rust.schema.holds_pointers(code.layout)) {
        None => (TokenStream::new(), TokenStream::new()),
        Some(max) => {
            let max = code.size(max);
            (quote!(let start = writer.offset();), quote!(writer.doubt_over(start, #max);))
        }
    }
}

/// The most bytes of a layout of which `measure` can tell how large it is.
pub(super) fn measured_max(code: &LayoutCode<'_>) -> Option<TokenStream> {
    let max = code.layout.max.filter(|max| code.layout.size.most.is_some_and(|most| most >= *max))?;
    (!code.rust.schema.holds_pointers(code.layout)).then(|| literal::number(max.into()))
}

/// The statement that reads a message again which is in doubt; it starts at `start`.
pub(super) fn read_back(code: &LayoutCode<'_>) -> Option<TokenStream> {
    let message = code.message.filter(|message| code.rust.schema.holds_pointers(&message.layout))?;
    let decode = match message.envelope() {
        Some(_) => format_ident!("decode_content"),
        None => format_ident!("decode"),
    };
    let from = message.is_sided().then(|| quote!(, from));
    // It borrows what has just been written, and not what this message does.
    let name = names::ty(&message.layout.name);
    Some(quote! {
        if writer.is_in_doubt() {
            check::read_back(out, start, |frame| #name::#decode(frame #from).map(drop))?;
        }
    })
}

/// The lists of a layout whose elements go on where one points: `all_labels`.
pub(super) fn chains(code: &LayoutCode<'_>) -> TokenStream {
    let schema = code.rust.schema;
    (0..code.layout.fields.len()).map(|at| {
        let chain = schema.chain(code.layout, at);
        let Some((union, ..)) = chain.first() else { return TokenStream::new() };
        let (list, name) = (names::ident(&code.field(at).name), names::ident(&format!("all_{}", code.field(at).name)));
        let element = super::shape::layout_type(schema, &schema.structs[*union], &quote!('a));
        let union_name = names::ty(&schema.structs[*union].name);
        let arms = chain.iter().map(|(union, arm, field)| {
            let arm = &schema.structs[*union].fields[*arm];
            let variant = names::variant(&arm.name);
            let Type::Struct(part) = arm.ty else { return TokenStream::new() };
            let to = names::ident(&schema.structs[part].fields[*field].name);
            quote!(#union_name::#variant(pointer) => pointer.#to.get().map(|there| there.#list),)
        });
        let docs = format!(
            " The elements of `{list}`; where one points at another `{}`, those that stand there come in its place.",
            code.layout.name
        );
        quote! {
            #[doc = #docs]
            #[must_use]
            pub fn #name(&self) -> Followed<'a, #element> {
                self.#list.followed(|element| match element {
                    #(#arms)*
                    _ => None,
                })
            }
        }
    }).collect()
}
