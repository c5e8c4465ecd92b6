//! The states of a session, and what each side may say in them.

use super::several::Several;
use super::{Rust, docs, literal, memory, names, several};
use crate::apart::Plan;
use crate::ir::{Session, Side};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The type of the states.
pub(super) fn state() -> Ident {
    names::ty("State")
}

/// `Server` and `Client`, and the states.
pub(super) fn items(rust: &Rust<'_>, session: &Session) -> TokenStream {
    let own = |side| {
        let name = several::name(side);
        if several::borrows(rust, side) { quote!(#name<'static>) } else { quote!(#name) }
    };
    let (client, server) = (own(Side::Client), own(Side::Server));
    let (states, memory) = (states(session), memory::definition(rust, session));
    quote! {
        /// The end that listens: receives [`ClientMessage`], sends [`ServerMessage`], as the state allows.
        #[allow(dead_code, reason = "a program may be one end alone")]
        pub type Server = Session<#client, #server>;

        /// The end that connects: receives [`ServerMessage`], sends [`ClientMessage`], as the state allows.
        #[allow(dead_code, reason = "a program may be one end alone")]
        pub type Client = Session<#server, #client>;

        #states
        #memory
    }
}

fn states(session: &Session) -> TokenStream {
    let ty = state();
    let variants = session.states.iter().enumerate().map(|(at, state)| {
        let docs = docs(&state.docs, || format!("The state `{}`.", state.name));
        let (name, start) = (names::variant(&state.name), (at == session.start).then(|| quote!(#[default])));
        quote!(#docs #start #name,)
    });
    let closed = names::variant("Closed");
    let named = session.states.iter().map(|state| {
        let (variant, name) = (names::variant(&state.name), &state.name);
        quote!(Self::#variant => #name,)
    });
    let handed = session.upgrades.iter().map(|upgrade| {
        let docs = format!(" The conversation is over: the connection is handed to `{}`.", upgrade.protocol);
        let variant = names::variant(&upgrade.state);
        quote!(#[doc = #docs] #variant,)
    });
    let handed_names = session.upgrades.iter().map(|upgrade| {
        let (variant, name) = (names::variant(&upgrade.state), &upgrade.state);
        quote!(Self::#variant => #name,)
    });
    quote! {
        /// Where a conversation stands.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        pub enum #ty {
            #(#variants)*
            #(#handed)*
            /// The conversation is over.
            #closed,
        }

        impl #ty {
            /// Its name in the schema.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    #(#named)*
                    #(#handed_names)*
                    Self::#closed => "Closed",
                }
            }
        }
    }
}

/// Which message starts, in each state.
pub(super) fn start(of: &Several<'_>, session: &Session) -> TokenStream {
    let (ty, scan) = (state(), of.scan());
    let mut silent = vec![names::variant("Closed")];
    silent.extend(session.upgrades.iter().map(|upgrade| names::variant(&upgrade.state)));
    let mut arms = TokenStream::new();
    for state in &session.states {
        let variant = names::variant(&state.name);
        let look = match (Plan::in_state(of.schema(), of.side, state), of.raw()) {
            (Some(plan), _) => of.look(&plan, true),
            (None, Some(raw)) if state.streams(of.side) => quote!(look(buf, 0).map(|_| #scan::#raw)),
            _ => {
                silent.push(variant);
                continue;
            }
        };
        arms.extend(quote!(#ty::#variant => #look,));
    }
    quote! {
        match state {
            #arms
            #(#ty::#silent)|* => Err(Self::refused(state, buf, 0)),
        }
    }
}

/// What is legal, and where it leads.
pub(super) fn transitions(of: &Several<'_>, session: &Session) -> TokenStream {
    let ty = state();
    let edges = session.states.iter().flat_map(|state| state.edges.iter().map(move |edge| (state, edge)));
    let arms: Vec<TokenStream> = edges
        .filter(|(_, edge)| edge.from == of.side)
        .filter_map(|(state, edge)| memory::arm(of, session, state, edge))
        .collect();
    let (memory, remembered) = memory::argument(of, session);
    let next = match arms.as_slice() {
        [] => quote!(let _ = state; match *self {}),
        arms => quote! {
            #remembered
            Some(match (state, self) {
                #(#arms)*
                _ => return None,
            })
        },
    };
    let legal = session.states.iter().filter(|state| state.speaks(of.side)).map(|state| {
        let variant = names::variant(&state.name);
        let names = state.messages(of.side).into_iter().map(|index| &of.schema().messages[index].layout.name);
        let names: Vec<TokenStream> = match state.streams(of.side) {
            true => vec![quote!("stream")],
            false => names.map(|name| quote!(#name)).collect(),
        };
        quote!(#ty::#variant => &[#(#names),*],)
    });
    quote! {
        /// The state that follows when this is said in `state`; none if it is not legal there.
        #[must_use]
        pub fn next(&self, state: #ty #memory) -> Option<#ty> {
            #next
        }

        /// What may be said in `state`, by its names in the schema.
        #[must_use]
        pub const fn legal(state: #ty) -> &'static [&'static str] {
            match state {
                #(#legal)*
                _ => &[],
            }
        }

        /// What stands at `at` is not legal in `state`.
        #[cold]
        fn refused(state: #ty, buf: &[u8], at: usize) -> Halt {
            unexpected(buf, at, state.name(), Self::legal(state), Self::START)
        }
    }
}

/// The enum as what one side says in a session of the runtime.
pub(super) fn staged(of: &Several<'_>) -> TokenStream {
    let Some(session) = of.session() else { return TokenStream::new() };
    let (own, view, scan, ty) = (of.ty(&quote!('static)), of.ty(&quote!('a)), of.scan(), state());
    let (protocol, name) = (&of.schema().name, several::name(of.side));
    let (view, name) = match several::borrows(of.rust, of.side) {
        true => (view, quote!(#name)),
        false => (quote!(Self), quote!(Self)),
    };
    let said = of.sent.iter().map(|message| {
        let (variant, said) = (names::variant(&message.layout.name), &message.layout.name);
        let line = literal::number(message.layout.line.into());
        quote!(#name::#variant(_) => const { &Field::new(#protocol, #said, #line) },)
    });
    let raw = of.raw().map(|raw| quote!(#name::#raw(_) => const { &Field::new(#protocol, "stream", 0) },));
    let field = match (of.sent.is_empty(), &raw) {
        (true, None) => quote!(match *view {}),
        _ => quote!(match view { #(#said)* #raw }),
    };
    let (patience, turn) = (patience(of.side, session), turn(of.side, session));
    let (over, handed, is_last) = (over(session), handed(session), of.is_last());
    let memory = memory::ty(session);
    let (remembers, remember) = match session.variables.is_empty() {
        true => (quote!(()), quote!()),
        false => (quote!(memory), quote!(, memory)),
    };
    quote! {
        impl Staged for #own {
            type State = #ty;
            type Memory = #memory;
            type View<'a> = #view;
            type Scan = #scan;

            const PROTOCOL: &'static str = #protocol;
            const FRAME_BYTES_MAX: usize = Self::FRAME_BYTES_MAX;

            #[inline]
            fn input(state: #ty, scan: &mut #scan, buf: &[u8]) -> Result<Input, DecodeError> {
                Self::input(state, scan, buf)
            }

            #[inline]
            fn decode(state: #ty, frame: &mut [u8]) -> Result<Self::View<'_>, DecodeError> {
                #name::decode(state, frame)
            }

            #[inline]
            fn encode(view: &Self::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
                view.encode(out)
            }

            #[inline]
            fn next(view: &Self::View<'_>, state: #ty, #remembers: &mut #memory) -> Option<#ty> {
                view.next(state #remember)
            }

            #is_last

            fn unexpected(view: &Self::View<'_>, state: #ty) -> EncodeError {
                let field = #field;
                let legal = Self::legal(state);
                EncodeError::new(field, EncodeFault::Unexpected { state: state.name(), legal })
            }

            #patience
            #turn
            #over
            #handed
        }
    }
}

/// Where it is this side's turn.
fn turn(side: Side, session: &Session) -> TokenStream {
    let ty = state();
    let speaks = session.states.iter().filter(|state| state.speaks(side)).map(|state| names::variant(&state.name));
    let speaks: Vec<Ident> = speaks.collect();
    let (state, body) = match speaks.is_empty() {
        true => (quote!(_), quote!(false)),
        false => (quote!(state), quote!(matches!(state, #(#ty::#speaks)|*))),
    };
    quote! {
        #[inline]
        fn speaks(#state: #ty) -> bool {
            #body
        }
    }
}

/// Where nothing more is said.
fn over(session: &Session) -> TokenStream {
    let (ty, closed) = (state(), names::variant("Closed"));
    let handed: Vec<Ident> = session.upgrades.iter().map(|upgrade| names::variant(&upgrade.state)).collect();
    let body = match handed.as_slice() {
        [] => quote!(state == #ty::#closed),
        handed => quote!(matches!(state, #ty::#closed #(| #ty::#handed)*)),
    };
    quote! {
        #[inline]
        fn is_over(state: #ty) -> bool {
            #body
        }
    }
}

/// Where the connection goes on with another protocol; nothing if it never does.
fn handed(session: &Session) -> Option<TokenStream> {
    let ty = state();
    let arms: Vec<TokenStream> = session
        .upgrades
        .iter()
        .map(|upgrade| {
            let (variant, protocol) = (names::variant(&upgrade.state), &upgrade.protocol);
            quote!(#ty::#variant => Some(#protocol),)
        })
        .collect();
    (!arms.is_empty()).then(|| {
        quote! {
            fn hands_over(state: #ty) -> Option<&'static str> {
                match state {
                    #(#arms)*
                    _ => None,
                }
            }
        }
    })
}

/// How long the side may take in each state.
fn patience(side: Side, session: &Session) -> TokenStream {
    let ty = state();
    let timed = session.states.iter().filter(|state| state.speaks(side));
    let arms: Vec<TokenStream> = timed
        .filter_map(|state| {
            let (variant, milliseconds) = (names::variant(&state.name), state.timeout_ms?);
            let time = match milliseconds % 1000 {
                0 => {
                    let seconds = literal::number((milliseconds / 1000).into());
                    quote!(::core::time::Duration::from_secs(#seconds))
                }
                _ => {
                    let milliseconds = literal::number(milliseconds.into());
                    quote!(::core::time::Duration::from_millis(#milliseconds))
                }
            };
            Some(quote!(#ty::#variant => Some(#time),))
        })
        .collect();
    let (state, body) = match arms.is_empty() {
        true => (quote!(_), quote!(None)),
        false => (quote!(state), quote!(match state { #(#arms)* _ => None })),
    };
    quote! {
        fn patience(#state: #ty) -> Option<::core::time::Duration> {
            #body
        }
    }
}
