//! `recover`: what follows a bad frame.

use super::literal;
use crate::ir::{Action, FaultKind, Message};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// The function `recover` of a message; none where a bad frame always closes.
pub(super) fn function(message: &Message) -> Option<TokenStream> {
    if message.recover.iter().all(|rule| rule.action == Action::Close) {
        return None;
    }
    let action = |action: &Action| match action {
        Action::Close => quote!(Recovery::Close),
        Action::Skip => quote!(Recovery::Skip),
        Action::Resync { mark, within } => {
            let (mark, within) = (literal::bytes(mark), literal::size(*within, &quote!(check)));
            quote!(Recovery::Resync { mark: #mark, within: #within })
        }
    };
    let arms = message.recover.iter().filter_map(|rule| {
        let (kind, action) = (variant(rule.kind?), action(&rule.action));
        Some(quote!(FaultKind::#kind => #action,))
    });
    let others = message.recover.iter().find(|rule| rule.kind.is_none());
    let others = action(others.map_or(&Action::Close, |rule| &rule.action));
    let (error, body) = match message.recover.iter().any(|rule| rule.kind.is_some()) {
        true => (quote!(error), quote!(match error.fault.kind() { #(#arms)* _ => #others })),
        false => (quote!(_), others),
    };
    Some(quote! {
        fn recover(#error: &DecodeError) -> Recovery {
            #body
        }
    })
}

fn variant(kind: FaultKind) -> proc_macro2::Ident {
    format_ident!("{kind:?}")
}
