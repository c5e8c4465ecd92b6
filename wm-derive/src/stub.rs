//! What is emitted in the place of an implementation when there is a mistake: it does nothing, and keeps what is used of
//! the message from being a mistake too.

use proc_macro2::TokenStream;
use quote::quote;
use syn::{Generics, Ident};

/// The implementation of a message that is never run; `runtime` is the path of the core.
pub(crate) fn message(ident: &Ident, generics: &Generics, runtime: &TokenStream) -> TokenStream {
    if generics.type_params().next().is_some()
        || generics.const_params().next().is_some()
        || generics.lifetimes().nth(1).is_some()
    {
        return TokenStream::new();
    }
    let borrows = generics.lifetimes().next().is_some();
    let (own, view, generics, ty) = if borrows {
        (quote!(#ident<'static>), quote!(#ident<'a>), quote!(<'a>), quote!(#ident<'a>))
    } else {
        (quote!(#ident), quote!(Self), quote!(), quote!(#ident))
    };
    let frame = if borrows { quote!(&'a [u8]) } else { quote!(&[u8]) };
    quote! {
        const _: () = {
            use #runtime::protocol::Message as WireMessage;
            use #runtime::wire as wm;

            const STUB: &wm::Field = &wm::Field::new("", "", 0);

            impl #generics #ty {
                pub const FRAME_BYTES_MAX: usize = 0;

                pub fn decode(_: #frame) -> ::core::result::Result<Self, wm::DecodeError> {
                    Err(wm::DecodeError::new(STUB, 0, wm::Fault::NoDigits))
                }

                pub fn measure(&self) -> ::core::result::Result<usize, wm::EncodeError> {
                    Ok(0)
                }

                pub fn encode(&self, _: &mut wm::BytesMut) -> ::core::result::Result<(), wm::EncodeError> {
                    Ok(())
                }
            }

            impl WireMessage for #own {
                type View<'a> = #view;
                type Scan = ();
                const PROTOCOL: &'static str = "";
                const FRAME_BYTES_MAX: usize = 0;

                fn input(_: &mut (), _: &[u8]) -> ::core::result::Result<wm::Input, wm::DecodeError> {
                    Ok(wm::Input::Need(1))
                }

                fn decode(_: &mut [u8]) -> ::core::result::Result<Self::View<'_>, wm::DecodeError> {
                    Err(wm::DecodeError::new(STUB, 0, wm::Fault::NoDigits))
                }

                fn encode(_: &Self::View<'_>, _: &mut wm::BytesMut) -> ::core::result::Result<(), wm::EncodeError> {
                    Ok(())
                }
            }
        };
    }
}
