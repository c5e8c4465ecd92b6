//! The two ends of a conversation, without a session.

use super::{Rust, several, shape};
use crate::ir::{Message, Side};
use proc_macro2::TokenStream;
use quote::quote;

/// `Server` and `Client`.
pub(super) fn aliases(rust: &Rust<'_>) -> TokenStream {
    let (client, server) = (Sent::by(rust, Side::Client), Sent::by(rust, Side::Server));
    let same = client.says == server.says;
    let docs = |receives: &Sent, answers: &Sent, end: &str| match same {
        true => format!(" The end that {end}: receives and sends {}.", receives.says),
        false => format!(" The end that {end}: receives {}, sends {}.", receives.says, answers.says),
    };
    let (server_docs, client_docs) = (docs(&client, &server, "listens"), docs(&server, &client, "connects"));
    let (from_client, from_server) = (&client.ty, &server.ty);
    let (server_type, client_type) = match from_client.to_string() == from_server.to_string() {
        true => (quote!(Duplex<#from_client>), quote!(Duplex<#from_client>)),
        false => (quote!(Duplex<#from_client, #from_server>), quote!(Duplex<#from_server, #from_client>)),
    };
    quote! {
        #[doc = #server_docs]
        #[allow(dead_code, reason = "a program may be one end alone")]
        pub type Server = #server_type;

        #[doc = #client_docs]
        #[allow(dead_code, reason = "a program may be one end alone")]
        pub type Client = #client_type;
    }
}

/// The end that connects, with a message held whole that could come in parts; none if there is no such.
pub(super) fn whole(rust: &Rust<'_>) -> Option<TokenStream> {
    let parts = |side| rust.schema.only_by(side).is_some_and(|message| message.streams.is_some());
    let (client, server) = (Sent::whole(rust, Side::Client).ty, Sent::whole(rust, Side::Server).ty);
    (parts(Side::Client) || parts(Side::Server)).then(|| quote!(Duplex<#server, #client>))
}

/// What a side sends.
struct Sent {
    ty: TokenStream,
    /// In words.
    says: String,
}

impl Sent {
    fn by(rust: &Rust<'_>, side: Side) -> Self {
        let whole = Self::whole(rust, side);
        match rust.schema.only_by(side).filter(|message| message.streams.is_some()) {
            Some(message) => {
                let ty = whole.ty;
                Self { ty: quote!(Stream<#ty>), says: format!("[`{}`] in parts", message.layout.name) }
            }
            None => whole,
        }
    }

    fn whole(rust: &Rust<'_>, side: Side) -> Self {
        let schema = rust.schema;
        if schema.sent_by(side).next().is_none() {
            return Self { ty: quote!(Silent), says: "nothing".to_owned() };
        }
        let Some(message) = schema.only_by(side) else {
            let (name, says) = (several::name(side), format!("[`{}`]", several::plain_name(side)));
            return Self {
                ty: if several::borrows(rust, side) { quote!(#name<'static>) } else { quote!(#name) },
                says,
            };
        };
        let ty = shape::layout_type(schema, &message.layout, &quote!('static));
        let sided = schema.messages.iter().any(Message::is_sided);
        let ty = match (message.is_sided() || sided && message.from.is_none(), side) {
            (false, _) => ty,
            (true, Side::Client) => quote!(FromClient<#ty>),
            (true, Side::Server) => quote!(FromServer<#ty>),
        };
        Self { ty, says: format!("[`{}`]", message.layout.name) }
    }
}
