//! What stands around a message: taken off in place before its fields are read, and put on when they are written.

use super::layout::LayoutCode;
use super::literal;
use crate::ir::{Envelope, EnvelopeKind, Message};
use proc_macro2::TokenStream;
use quote::quote;

/// The type of the runtime that knows an envelope, which is the state of its scan too.
pub(super) fn scan_type(kind: EnvelopeKind) -> TokenStream {
    match kind {
        EnvelopeKind::Slip => quote!(Slip),
        EnvelopeKind::Cobs => quote!(Cobs),
        EnvelopeKind::Line => quote!(Lines),
        EnvelopeKind::Json => quote!(Braces),
    }
}

/// The constant that an error about the envelope points at, where code stands in the impl of its message.
pub(super) fn constant(code: &LayoutCode<'_>) -> TokenStream {
    if code.rust.impls_only { quote!(FRAME) } else { quote!(Self::FRAME) }
}

/// The definition of that constant.
pub(super) fn definition(message: &Message) -> Option<TokenStream> {
    let (layout, line) = (&message.layout.name, literal::number(message.frame_line()?.into()));
    let name = Envelope::NAME;
    Some(quote!(const FRAME: &'static Field = &Field::new(#layout, #name, #line);))
}

/// The function that takes the envelope off and reads the content, and the name of the one that reads it.
pub(super) fn decode(code: &LayoutCode<'_>, envelope: Envelope, frame: &TokenStream) -> TokenStream {
    let (scan, constant) = (scan_type(envelope.kind), constant(code));
    let (from, given) = match code.is_sided() {
        true => (quote!(, from: Side), quote!(, from)),
        false => (quote!(), quote!()),
    };
    let docs = match code.is_sided() {
        true => " Reads a whole frame that `from` has sent, exactly its bytes; its envelope is undone in place.",
        false => " Reads a whole frame, exactly its bytes; its envelope is undone in place.",
    };
    quote! {
        #[doc = #docs]
        ///
        /// # Errors
        ///
        /// The frame breaks a rule of the schema. Offsets count in the frame as it was received.
        pub fn decode(frame: #frame #from) -> Result<Self, DecodeError> {
            let opened = #scan::open(frame, #constant)?;
            Self::decode_content(opened.content() #given).map_err(|error| opened.as_received(error))
        }
    }
}

/// The statements that put the envelope around what has been written.
pub(super) fn close(code: &LayoutCode<'_>, envelope: Envelope) -> TokenStream {
    let (scan, constant) = (scan_type(envelope.kind), constant(code));
    quote!(#scan::close(out, start, Self::FRAME_BYTES_MAX, #constant))
}
