//! What is checked of one value before a byte is written.

use super::{Encoder, needs_check};
use crate::codegen::rust::number::within;
use crate::codegen::rust::{literal, sentinels, shape};
use crate::ir::stream::Body;
use crate::ir::{Bytes, Content, Extent, Held, Type};
use proc_macro2::{Literal, TokenStream};
use quote::quote;

impl Encoder<'_> {
    /// The rules of a value that is there.
    pub(super) fn check_value(&mut self, at: usize) -> TokenStream {
        let field = self.code.field(at);
        if shape::is_pointed(field) {
            return TokenStream::new();
        }
        let (constant, value) = (self.code.constant(at), self.value(at));
        if let Some(Body::Chunks { .. } | Body::Either { .. } | Body::UntilEnd) = self.stream_body(at) {
            return TokenStream::new();
        }
        match &field.ty {
            Type::Int(int, range) => within(int, *range, &value, &constant).unwrap_or_default(),
            Type::Enum(index) if needs_check(&self.code.rust.schema.enums[*index]) => {
                quote!(#value.check(#constant)?;)
            }
            Type::Bytes(bytes) => self.check_bytes(at, bytes),
            Type::List { element, count, max } => self.check_list(at, element, count, *max),
            Type::Struct(_) | Type::Enum(_) | Type::Float { .. } | Type::Constant(_) | Type::Filler(_) => {
                TokenStream::new()
            }
        }
    }

    fn check_list(&self, at: usize, element: &Type, count: &Extent, max: Option<u64>) -> TokenStream {
        let (constant, value, len) = (self.code.constant(at), self.value(at), self.len(at));
        let most = max.map(|max| {
            let max = literal::number(max.into());
            quote!(check::at_most(#len, #max, #constant)?;)
        });
        match count {
            Extent::Fixed(count) => {
                let count = literal::number((*count).into());
                quote!(check::exactly(#len, #count, #constant)?;)
            }
            Extent::Formula { formula, .. } => {
                let expected = self.worked_out(formula);
                quote!(check::worked_out(#len, #expected, #constant)?; #most)
            }
            Extent::Where(condition) => {
                let (last, text) = (sentinels::last(self.code, element, condition), &condition.text);
                let borrow = self.inside.is_none().then(|| quote!(&));
                quote!(#most check::ends_with(#borrow #value, #last, #text, #constant)?;)
            }
            _ => quote!(#most),
        }
    }

    fn check_bytes(&self, at: usize, bytes: &Bytes) -> TokenStream {
        let (constant, value, len) = (self.code.constant(at), self.value(at), self.len(at));
        let content = self.content(at, bytes);
        let mut checks = TokenStream::new();
        if bytes.content == Content::Headers {
            return checks;
        }
        if let Content::Word(words) = bytes.content {
            // Where the words of the schema may stand is known when it is read.
            if !self.code.rust.schema.words[words].open {
                return checks;
            }
            checks.extend(quote!(#value.check(#constant)?;));
        }
        if let Extent::Formula { formula, .. } = &bytes.extent {
            let expected = self.worked_out(formula);
            checks.extend(quote!(check::worked_out(#len, #expected, #constant)?;));
        }
        if self.code.field(at).held == Held::Array {
            // Its type says how many there are.
        } else if let Extent::Fixed(expected) = bytes.extent {
            let expected = self.code.size(expected);
            checks.extend(match bytes.pad {
                None => quote!(check::exactly(#len, #expected, #constant)?;),
                Some(pad) => {
                    let pad = literal::bytes(&[pad]);
                    quote! {
                        check::at_most(#len, #expected, #constant)?;
                        check::untrimmed(#content, #pad, #constant)?;
                    }
                }
            });
        } else if let Some(max) = bytes.max
            && !(self.code.can_exceed_frame() && self.code.frame_bounds(at))
        {
            let max = self.code.size(max);
            checks.extend(quote!(check::at_most(#len, #max, #constant)?;));
        }
        if bytes.content == Content::Ascii {
            let borrow = (self.code.field(at).held == Held::Owned).then(|| quote!(&));
            checks.extend(quote!(check::ascii(#borrow #value, #constant)?;));
        }
        if let Some((least, most)) = bytes.within.filter(|_| !matches!(bytes.content, Content::Word(_))) {
            let (least, most) = (Literal::byte_character(least), Literal::byte_character(most));
            checks.extend(quote!(check::characters(#content, #least, #most, #constant)?;));
        }
        // What is transformed cannot contain its delimiter.
        if let (Extent::Until(ends), None) = (&bytes.extent, bytes.via) {
            let ends = literal::ends(ends);
            checks.extend(quote!(check::free_of(#content, #ends, #constant)?;));
        }
        if let Some(suffix) = &bytes.trim {
            let suffix = literal::bytes(suffix);
            checks.extend(quote!(check::untrimmed(#content, #suffix, #constant)?;));
        }
        checks
    }
}
