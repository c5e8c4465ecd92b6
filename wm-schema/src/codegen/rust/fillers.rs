//! What fills a field up.

use super::layout::LayoutCode;
use super::literal;
use crate::ir::{Filler, Type};
use proc_macro2::TokenStream;
use quote::quote;

/// `Fill::Align(4)`.
pub(super) fn fill(code: &LayoutCode<'_>, filler: &Filler) -> TokenStream {
    let size = code.size(filler.size);
    if filler.whole { quote!(Fill::To(#size)) } else { quote!(Fill::Align(#size)) }
}

/// The byte that a reader wants to see, if it is one.
pub(super) fn byte(filler: &Filler) -> TokenStream {
    match filler.byte {
        Some(byte) => {
            let byte = literal::bytes(&[byte]);
            quote!(Some(#byte))
        }
        None => quote!(None),
    }
}

/// What fills a field up, if it is filled up to a size that is not always the same.
pub(super) fn of<'c>(code: &'c LayoutCode<'_>, at: usize) -> Option<&'c Filler> {
    let behind = code.layout.fields.get(at + 1).filter(|behind| behind.size.fixed().is_none())?;
    match &behind.ty {
        Type::Filler(filler) if filler.of == at => Some(filler),
        _ => None,
    }
}
