//! What a client has to know to pair replies with its requests.

use super::{Rust, literal, names, several, shape, sides};
use crate::ir::{Exchange, Int, Message, Pairing, Side, Type};
use proc_macro2::TokenStream;
use quote::quote;

/// `Calls`; none if the client asks nothing.
pub(super) fn calls(rust: &Rust<'_>) -> Option<TokenStream> {
    let schema = rust.schema;
    // One of several messages in parts is not one value, which is all that `Calls` can look at.
    let in_parts = |side: Side| {
        schema.only_by(side).is_none() && schema.sent_by(side).any(|index| schema.messages[index].streams.is_some())
    };
    if in_parts(Side::Client) || in_parts(Side::Server) {
        return None;
    }
    let client = |exchange: &&Exchange| schema.messages[exchange.request].from != Some(Side::Server);
    let exchanges: Vec<&Exchange> = schema.exchanges.iter().filter(client).collect();
    let pairing = exchanges.first()?.pairing.as_ref();
    let all = Calls { rust, exchanges: &exchanges };
    let (asks, answers, is_reply) = (all.asks(), all.answers(), all.is_reply());
    let ids = match pairing {
        Some(Pairing { ids: (least, most), .. }) => {
            let (least, most) = (literal::number((*least).into()), literal::number((*most).into()));
            quote!(Some(#least..=#most))
        }
        None => quote!(None),
    };
    let (out, received) = (view(rust, Side::Client), view(rust, Side::Server));
    let (set_id, id) = (all.set_id(), all.id());
    // An argument that a function does not need has no name.
    let named = |body: &TokenStream, name: &str| match names::mentions(body, name) {
        true => {
            let name = names::ident(name);
            quote!(#name)
        }
        false => quote!(_),
    };
    let of = |body: &TokenStream| named(body, "message");
    let (ask, sets, answer, reply, ids_of) = (of(&asks), of(&set_id), of(&answers), of(&is_reply), of(&id));
    let (number, exchange) = (named(&set_id, "id"), named(&answers, "exchange"));
    let line = if pairing.is_some() { "by a number" } else { "in their order" };
    let docs = format!(" Which messages answer which: replies are paired with requests {line}.");
    let (protocol, held) = match sides::whole(rust) {
        Some(whole) => (whole, Some(quote!(#[doc = " What could come in parts is sent and received whole."]))),
        None => (quote!(Client), None),
    };
    let visible = &rust.visible;
    Some(quote! {
        #[doc = #docs]
        #held
        #[derive(Debug, Clone, Copy)]
        #[allow(dead_code, reason = "a program may be one end alone")]
        #visible enum Calls {}

        impl Exchange for Calls {
            type Protocol = #protocol;

            const IDS: Option<::core::ops::RangeInclusive<u64>> = #ids;

            fn asks(#ask: &#out) -> Option<usize> {
                #asks
            }

            fn set_id(#sets: &mut #out, #number: u64) {
                #set_id
            }

            fn answers(#answer: &#received, #exchange: usize) -> bool {
                #answers
            }

            fn is_reply(#reply: &#received) -> bool {
                #is_reply
            }

            fn id(#ids_of: &#received) -> u64 {
                #id
            }
        }
    })
}

/// What a side sends, if that is one message by itself: in a session it is an enum even then.
fn only_by<'r>(rust: &Rust<'r>, side: Side) -> Option<&'r Message> {
    rust.schema.only_by(side).filter(|_| rust.schema.session.is_none())
}

/// What a side sends, as it is borrowed.
fn view(rust: &Rust<'_>, side: Side) -> TokenStream {
    match only_by(rust, side) {
        Some(message) => shape::layout_type(rust.schema, &message.layout, &quote!('_)),
        None => {
            let name = several::name(side);
            if several::borrows(rust, side) { quote!(#name<'_>) } else { quote!(#name) }
        }
    }
}

struct Calls<'r> {
    rust: &'r Rust<'r>,
    exchanges: &'r [&'r Exchange],
}

impl Calls<'_> {
    /// A match over what a side sends; `arm` says what becomes of a message, none for all others.
    fn choose(
        &self,
        side: Side,
        arm: impl Fn(usize, &Message) -> Option<TokenStream>,
        used: bool,
        other: &TokenStream,
    ) -> TokenStream {
        let schema = self.rust.schema;
        if let Some(only) = only_by(self.rust, side) {
            let index = schema.sent_by(side).next().unwrap_or_default();
            return arm(index, only).unwrap_or_else(|| other.clone());
        }
        let name = several::name(side);
        let arms: Vec<TokenStream> = schema
            .sent_by(side)
            .filter_map(|index| {
                let (message, variant) = (&schema.messages[index], names::variant(&schema.messages[index].layout.name));
                let found = arm(index, message)?;
                let held = if used { quote!(message) } else { quote!(_) };
                Some(quote!(#name::#variant(#held) => #found,))
            })
            .collect();
        let raw = schema.session.as_ref().is_some_and(|session| session.streams(side));
        let rest = (arms.len() < schema.sent_by(side).count() || raw).then(|| quote!(_ => #other,));
        quote!(match message { #(#arms)* #rest })
    }

    fn asks(&self) -> TokenStream {
        let exchange = |index: usize, _: &Message| {
            let at = self.exchanges.iter().position(|exchange| exchange.request == index)?;
            let at = literal::number(at as u128);
            Some(quote!(Some(#at)))
        };
        self.choose(Side::Client, exchange, false, &quote!(None))
    }

    fn is_reply(&self) -> TokenStream {
        let schema = self.rust.schema;
        let replies = |index: &usize| self.exchanges.iter().any(|exchange| exchange.replies.contains(index));
        let variants: Vec<TokenStream> = schema
            .sent_by(Side::Server)
            .filter(replies)
            .map(|index| {
                let (name, variant) =
                    (several::name(Side::Server), names::variant(&schema.messages[index].layout.name));
                quote!(#name::#variant(_))
            })
            .collect();
        let raw = schema.session.as_ref().is_some_and(|session| session.streams(Side::Server));
        if variants.len() > 1 && (raw || variants.len() < schema.sent_by(Side::Server).count()) {
            return quote!(matches!(message, #(#variants)|*));
        }
        let reply = |index: usize, _: &Message| {
            self.exchanges.iter().any(|exchange| exchange.replies.contains(&index)).then(|| quote!(true))
        };
        self.choose(Side::Server, reply, false, &quote!(false))
    }

    fn answers(&self) -> TokenStream {
        let answers = |index: usize, _: &Message| {
            let of = self.exchanges.iter().enumerate().filter(|(_, exchange)| exchange.replies.contains(&index));
            let of: Vec<TokenStream> = of.map(|(at, _)| literal::number(at as u128)).collect();
            match &of[..] {
                [] => None,
                [one] => Some(quote!(exchange == #one)),
                _ => Some(quote!(matches!(exchange, #(#of)|*))),
            }
        };
        self.choose(Side::Server, answers, false, &quote!(false))
    }

    fn set_id(&self) -> TokenStream {
        let set = |index: usize, message: &Message| {
            let exchange = self.exchanges.iter().find(|exchange| exchange.request == index)?;
            let (field, int) = id(message, exchange.pairing.as_ref()?)?;
            Some(match shape::int_bits(int).0 {
                64 => quote!(message.#field = id),
                _ => {
                    let ty = shape::int_type(int);
                    quote!(message.#field = #ty::try_from(id).unwrap_or(#ty::MAX))
                }
            })
        };
        if self.exchanges.iter().all(|exchange| exchange.pairing.is_none()) {
            return TokenStream::new();
        }
        self.choose(Side::Client, set, true, &quote!({}))
    }

    fn id(&self) -> TokenStream {
        let get = |index: usize, message: &Message| {
            let exchange = self.exchanges.iter().find(|exchange| exchange.replies.contains(&index))?;
            let (field, int) = id(message, exchange.pairing.as_ref()?)?;
            Some(if shape::int_bits(int).0 == 64 { quote!(message.#field) } else { quote!(message.#field.into()) })
        };
        if self.exchanges.iter().all(|exchange| exchange.pairing.is_none()) {
            return quote!(0);
        }
        self.choose(Side::Server, get, true, &quote!(0))
    }
}

/// The field that pairs a message.
fn id<'m>(message: &'m Message, pairing: &Pairing) -> Option<(proc_macro2::Ident, &'m Int)> {
    let field = message.layout.fields.iter().find(|field| field.name == pairing.field)?;
    match &field.ty {
        Type::Int(int, _) => Some((names::ident(&field.name), int)),
        _ => None,
    }
}
