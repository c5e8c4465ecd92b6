//! What one side sends, if that is one of several messages: an enum of them, which is a message itself, or `Staged` if
//! there is a session.

mod parts;

use super::layout::LayoutCode;
use super::{Rust, framing, literal, names, recover, session, shape, stream, vias, walk};
use crate::apart::{ByteSet, Plan};
use crate::ir::{Message, RAW_BYTES_MAX, Schema, Session, Side};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// The enum of the messages of `side`, and its way to the wire and back; none if there are neither several nor a session.
pub(super) fn messages(rust: &Rust<'_>, side: Side) -> Option<TokenStream> {
    let sent: Vec<usize> = match &rust.schema.session {
        Some(session) => session.messages(side),
        None => rust.schema.sent_by(side).collect(),
    };
    if sent.len() < 2 && rust.schema.session.is_none() {
        return None;
    }
    let sent = sent.into_iter().map(|index| &rust.schema.messages[index]).collect();
    Some(Several { rust, side, sent }.code())
}

/// The name of the enum: the runtime has a `FromClient` already.
pub(super) const fn plain_name(side: Side) -> &'static str {
    match side {
        Side::Client => "ClientMessage",
        Side::Server => "ServerMessage",
    }
}

/// The same as a token.
pub(super) fn name(side: Side) -> Ident {
    names::ty(plain_name(side))
}

/// Whether the enum has a lifetime.
pub(super) fn borrows(rust: &Rust<'_>, side: Side) -> bool {
    let schema = rust.schema;
    let streams = schema.session.as_ref().is_some_and(|session| session.streams(side));
    let borrows = |message: &Message| message.streams.is_some() || shape::borrows(schema, &message.layout);
    streams || schema.sent_by(side).any(|index| borrows(&schema.messages[index]))
}

/// The variant for raw bytes.
pub(super) fn raw(rust: &Rust<'_>, side: Side) -> Ident {
    let said = rust.schema.session.iter().flat_map(|session| session.messages(side));
    let mut name = "Raw".to_owned();
    let taken: Vec<&str> = said.map(|index| rust.schema.messages[index].layout.name.as_str()).collect();
    while taken.contains(&name.as_str()) {
        name.push('_');
    }
    names::variant(&name)
}

/// From how many bytes of difference on `clippy::large_enum_variant` complains, and a little less: sizes are estimated.
const UNEVEN_BYTES: usize = 160;

pub(super) struct Several<'r> {
    pub(super) rust: &'r Rust<'r>,
    pub(super) side: Side,
    pub(super) sent: Vec<&'r Message>,
}

impl<'r> Several<'r> {
    pub(super) fn schema(&self) -> &'r Schema {
        self.rust.schema
    }

    pub(super) fn session(&self) -> Option<&'r Session> {
        self.schema().session.as_ref()
    }

    /// The variant for raw bytes, if the side may send any.
    pub(super) fn raw(&self) -> Option<Ident> {
        self.session().filter(|session| session.streams(self.side)).map(|_| raw(self.rust, self.side))
    }

    /// A name for a variant that no message has.
    fn free(&self, name: &str) -> Ident {
        let mut name = name.to_owned();
        while self.sent.iter().any(|message| message.layout.name == name) {
            name.push('_');
        }
        names::variant(&name)
    }

    /// The enum with this lifetime.
    pub(super) fn ty(&self, lifetime: &TokenStream) -> TokenStream {
        let name = name(self.side);
        if borrows(self.rust, self.side) { quote!(#name<#lifetime>) } else { quote!(#name) }
    }

    /// The enum of how far the scan has come.
    pub(super) fn scan(&self) -> Ident {
        names::ty(match self.side {
            Side::Client => "ClientScan",
            Side::Server => "ServerScan",
        })
    }

    /// The variant of the scan for what is not told yet; a message may have its name.
    fn unknown(&self) -> Ident {
        self.free("Unknown")
    }

    pub(super) const fn who(&self) -> &'static str {
        match self.side {
            Side::Client => "client",
            Side::Server => "server",
        }
    }

    /// The side as an argument, for messages that tell who sends them.
    fn from(&self) -> TokenStream {
        match self.side {
            Side::Client => quote!(Side::Client),
            Side::Server => quote!(Side::Server),
        }
    }

    fn code(&self) -> TokenStream {
        let (definition, scan, own) = (self.definition(), self.scan_definition(), self.functions());
        let message = match self.session() {
            Some(_) => session::staged(self),
            None if self.in_parts() => self.flows(),
            None => self.message(),
        };
        let conversions = self.conversions();
        quote!(#definition #scan #own #message #conversions)
    }

    fn definition(&self) -> TokenStream {
        let docs = format!(" What the {} sends.", self.who());
        let has = |wanted| self.sent.iter().all(|message| stream::holds(self.schema(), message, wanted));
        let copy = has(shape::Trait::Copy).then(|| quote!(, Copy));
        let eq = has(shape::Trait::Eq).then(|| quote!(, Eq));
        // Of the user's own messages only what `#[protocol]` asks for is known.
        let written = self.sent.iter().any(|message| shape::is_written(&message.layout));
        let derives = if written { quote!(Debug) } else { quote!(Debug, Clone #copy, PartialEq #eq) };
        let ty = self.ty(&quote!('a));
        let variants = self.sent.iter().map(|message| {
            let docs = super::docs(&message.layout.docs, || format!("The message `{}`.", message.layout.name));
            let held = self.held(message);
            let name = names::variant(&message.layout.name);
            quote!(#docs #name(#held),)
        });
        let raw = self.raw().map(|raw| quote!(#[doc = " Raw bytes, as many as have arrived."] #raw(&'a [u8]),));
        quote! {
            #[doc = #docs]
            #[derive(#derives)]
            pub enum #ty {
                #(#variants)*
                #raw
            }
        }
    }

    /// What a variant holds: a message, or a part of one.
    fn held(&self, message: &Message) -> TokenStream {
        if message.streams.is_some() {
            let part = names::ty(&format!("{}Part", message.layout.name));
            return quote!(#part<'a>);
        }
        shape::layout_type(self.schema(), &message.layout, &quote!('a))
    }

    fn scan_definition(&self) -> TokenStream {
        let unknown = self.unknown();
        let (scan, docs) = (self.scan(), format!(" How far [`{}::input`] has come.", plain_name(self.side)));
        let variants = self.sent.iter().map(|message| {
            let docs = format!(" It is [`{}`].", message.layout.name);
            let name = names::variant(&message.layout.name);
            if message.streams.is_some() {
                let walk = walk::stream_type(self.schema(), message);
                return quote!(#[doc = #docs] #name(Receiver<#walk>),);
            }
            match framing::has_scan(message) {
                true => {
                    let scan = framing::scan_type(self.schema(), message);
                    quote!(#[doc = #docs] #name(#scan),)
                }
                false => quote!(#[doc = #docs] #name,),
            }
        });
        let raw = self.raw().map(|raw| quote!(#[doc = " They are raw bytes."] #raw,));
        let large = (self.in_parts() || self.is_uneven()).then(
            || quote!(#[allow(clippy::large_enum_variant, reason = "it lies in its connection, and is never moved")]),
        );
        quote! {
            #[doc = #docs]
            #large
            #[derive(Debug, Default)]
            pub enum #scan {
                /// Which message it is has not arrived.
                #[default]
                #unknown,
                #(#variants)*
                #raw
            }
        }
    }

    /// Whether the scan of one message is so much larger than the others that clippy would have it boxed.
    fn is_uneven(&self) -> bool {
        let mut bytes: Vec<usize> =
            self.sent.iter().map(|message| framing::scan_bytes(self.schema(), message)).collect();
        bytes.sort_unstable_by(|one, other| other.cmp(one));
        matches!(bytes[..], [largest, next, ..] if largest - next >= UNEVEN_BYTES)
    }

    fn functions(&self) -> TokenStream {
        let (generics, lifetime, ty) = match borrows(self.rust, self.side) {
            true => (quote!(<'a>), quote!('a), self.ty(&quote!('a))),
            false => (quote!(), quote!('_), self.ty(&quote!('a))),
        };
        let raw = self.raw().map(|_| RAW_BYTES_MAX);
        let bytes = self.sent.iter().map(|message| message.frame_bytes_max).chain(raw).max().unwrap_or_default();
        let frame_bytes_max = if self.in_parts() { self.most_in_parts() } else { self.rust.size(bytes) };
        let (protocol, who, scan) = (&self.schema().name, self.who(), self.scan());
        let start = self.start();
        let input = if self.in_parts() { self.input_in_parts() } else { self.input() };
        let codec = (!self.in_parts()).then(|| self.codec(&lifetime));
        let state = self.session().map(|_| {
            let state = session::state();
            quote!(state: #state,)
        });
        let transitions = self.session().map(|session| session::transitions(self, session));
        quote! {
            impl #generics #ty {
                /// The largest frame in bytes.
                pub const FRAME_BYTES_MAX: usize = #frame_bytes_max;

                const START: &'static Field = &Field::new(#protocol, #who, 0);

                /// Which message starts with `buf`, once that can be told.
                fn start(#state buf: &[u8]) -> Result<#scan, Halt> {
                    #start
                }

                /// Looks for the end of the first frame in what has arrived; `scan` remembers which message it is, and how
                /// far that has come.
                ///
                /// # Errors
                ///
                /// The bytes cannot be the start of a frame.
                pub fn input(#state scan: &mut #scan, buf: &[u8]) -> Result<Input, DecodeError> {
                    #input
                }

                #codec

                #transitions
            }
        }
    }

    /// The functions that read and write a whole message.
    fn codec(&self, lifetime: &TokenStream) -> TokenStream {
        let (decode, encode) = (self.decode(), self.encode());
        let state = self.session().map(|_| {
            let state = session::state();
            quote!(state: #state,)
        });
        let undone = self.sent.iter().any(|message| !vias::transformed(&message.layout).is_empty());
        let frame = match (undone, lifetime.to_string() == "'_") {
            (true, _) => quote!(&#lifetime mut [u8]),
            (false, true) => quote!(&[u8]),
            (false, false) => quote!(&#lifetime [u8]),
        };
        quote! {
            /// Reads a whole frame, exactly its bytes.
            ///
            /// # Errors
            ///
            /// The frame breaks a rule of the schema.
            pub fn decode(#state frame: #frame) -> Result<Self, DecodeError> {
                #decode
            }

            /// Appends the message to `out`, or nothing if it fails.
            ///
            /// # Errors
            ///
            /// A value cannot be put on the wire.
            pub fn encode(&self, out: &mut BytesMut) -> Result<(), EncodeError> {
                #encode
            }
        }
    }

    /// Which message it is: the looks of the plan, in each state if there is a session.
    fn start(&self) -> TokenStream {
        match self.session() {
            Some(session) => session::start(self, session),
            None => Plan::of(self.schema(), self.side).map(|plan| self.look(&plan, false)).unwrap_or_default(),
        }
    }

    /// The looks of a plan, as a `match` in a `match`; in a session what does not fit is told of the state.
    pub(super) fn look(&self, plan: &Plan, in_session: bool) -> TokenStream {
        let scan = self.scan();
        match plan {
            Plan::Message(index) => {
                let message = &self.schema().messages[*index];
                let name = names::variant(&message.layout.name);
                let start = match message.streams {
                    Some(_) => Some(quote!((Receiver::default()))),
                    None => framing::has_scan(message).then(|| {
                        let ty = framing::scan_type(self.schema(), message);
                        let ty = framing::turbofish(&ty);
                        quote!((#ty::default()))
                    }),
                };
                quote!(Ok(#scan::#name #start))
            }
            Plan::Look { at, cases } => {
                let place = self.rust.size(*at);
                let whole = cases.iter().fold(ByteSet::EMPTY, |all, (set, _)| all.or(*set)) == ByteSet::FULL;
                let arms = cases.iter().map(|(set, then)| {
                    let (pattern, then) = (pattern(*set), self.look(then, in_session));
                    quote!(#pattern => #then,)
                });
                let stranger = match (whole, in_session) {
                    (true, _) => quote!(),
                    (false, true) => quote!(_ => Err(Self::refused(state, buf, #place)),),
                    (false, false) => quote!(found => Err(stranger(found, #place, Self::START)),),
                };
                quote! {
                    match look(buf, #place)? {
                        #(#arms)*
                        #stranger
                    }
                }
            }
        }
    }

    fn input(&self) -> TokenStream {
        let (scan, unknown) = (self.scan(), self.unknown());
        let arms = self.sent.iter().map(|message| {
            let (variant, ty) = (names::variant(&message.layout.name), names::ty(&message.layout.name));
            match framing::has_scan(message) {
                true => quote!(#scan::#variant(scan) => #ty::input(scan, buf)?,),
                false => quote!(#scan::#variant => #ty::input(&mut (), buf)?,),
            }
        });
        let state = self.session().map(|_| quote!(state,));
        let raw = self.raw().map(|raw| quote!(#scan::#raw => Input::Frame(buf.len().min(Self::FRAME_BYTES_MAX)),));
        // No more comes of a datagram: `decode` says what is missing.
        let untold = match self.schema().is_of_datagrams() {
            true => quote!(Err(Halt::Need(_)) => return datagram(buf, Self::FRAME_BYTES_MAX, Self::START),),
            false => quote!(Err(Halt::Need(needed)) => return Ok(Input::Need(needed)),),
        };
        quote! {
            if let #scan::#unknown = scan {
                *scan = match Self::start(#state buf) {
                    Ok(start) => start,
                    #untold
                    Err(Halt::Bad(error)) => return Err(error),
                };
            }
            let input = match scan {
                #scan::#unknown => Input::Need(1),
                #(#arms)*
                #raw
            };
            if let Input::Frame(_) = input {
                *scan = #scan::#unknown;
            }
            Ok(input)
        }
    }

    fn decode(&self) -> TokenStream {
        let (scan, unknown) = (self.scan(), self.unknown());
        let arms = self.sent.iter().map(|message| {
            let (variant, ty) = (names::variant(&message.layout.name), names::ty(&message.layout.name));
            let hidden = framing::has_scan(message).then(|| quote!((_)));
            let from = message.is_sided().then(|| self.from()).map(|from| quote!(, #from));
            quote!(Ok(#scan::#variant #hidden) => #ty::decode(frame #from).map(Self::#variant),)
        });
        let state = self.session().map(|_| quote!(state,));
        let raw = self.raw().map(|raw| quote!(Ok(#scan::#raw) => Ok(Self::#raw(frame)),));
        quote! {
            match Self::start(#state frame) {
                #(#arms)*
                #raw
                Ok(#scan::#unknown) => Err(unfinished(Halt::Need(1), frame, Self::START)),
                Err(halt) => Err(unfinished(halt, frame, Self::START)),
            }
        }
    }

    fn encode(&self) -> TokenStream {
        let arms = self.sent.iter().map(|message| {
            let variant = names::variant(&message.layout.name);
            let from = message.is_sided().then(|| self.from()).map(|from| quote!(#from,));
            quote!(Self::#variant(message) => message.encode(#from out),)
        });
        if self.sent.is_empty() && self.raw().is_none() {
            return quote!(let _ = out; match *self {});
        }
        let raw = self.raw().map(|raw| quote!(Self::#raw(bytes) => { out.extend_from_slice(bytes); Ok(()) }));
        quote!(match self { #(#arms)* #raw })
    }

    /// The enum as a message of the runtime.
    fn message(&self) -> TokenStream {
        let (own, view, scan) = (self.ty(&quote!('static)), self.ty(&quote!('a)), self.scan());
        let (protocol, name) = (&self.schema().name, name(self.side));
        let (view, name) = match borrows(self.rust, self.side) {
            true => (view, quote!(#name)),
            false => (quote!(Self), quote!(Self)),
        };
        // The messages of a side have the same rules.
        let recover = self.sent.first().and_then(|message| recover::function(message));
        let of_datagrams = framing::of_datagrams(self.schema().is_of_datagrams());
        let until_end = framing::until_end(self.sent.iter().any(|message| message.layout.until_end));
        let is_last = self.is_last();
        quote! {
            impl Message for #own {
                type View<'a> = #view;
                type Scan = #scan;

                const PROTOCOL: &'static str = #protocol;
                const FRAME_BYTES_MAX: usize = Self::FRAME_BYTES_MAX;
                #of_datagrams
                #until_end

                #[inline]
                fn input(scan: &mut #scan, buf: &[u8]) -> Result<Input, DecodeError> {
                    Self::input(scan, buf)
                }

                #[inline]
                fn decode(frame: &mut [u8]) -> Result<Self::View<'_>, DecodeError> {
                    #name::decode(frame)
                }

                #recover

                #is_last

                #[inline]
                fn encode(view: &Self::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
                    view.encode(out)
                }
            }
        }
    }

    /// The function that says which messages go on to the end of the stream, if some do.
    pub(super) fn is_last(&self) -> Option<TokenStream> {
        let name = if borrows(self.rust, self.side) { quote!(Self::View::<'_>) } else { quote!(Self) };
        let last = self.sent.iter().filter(|message| message.layout.until_end);
        let last: Vec<TokenStream> = last
            .map(|message| {
                let variant = names::variant(&message.layout.name);
                quote!(#name::#variant(_))
            })
            .collect();
        (!last.is_empty()).then(|| {
            quote! {
                #[inline]
                fn is_last(view: &Self::View<'_>) -> bool {
                    matches!(view, #(#last)|*)
                }
            }
        })
    }

    /// Each message is what the side sends: `send(Hello { … })`.
    fn conversions(&self) -> TokenStream {
        let from = self.sent.iter().map(|message| {
            let variant = names::variant(&message.layout.name);
            let held = self.held(message);
            let parts = message.streams.is_some();
            let (generics, ty) = match parts || shape::borrows(self.schema(), &message.layout) {
                true => (Some(quote!(<'a>)), self.ty(&quote!('a))),
                false => (None, self.ty(&quote!('_))),
            };
            let head = parts.then(|| {
                let code = LayoutCode::head(self.rust, message, message.stream_field().unwrap_or_default());
                let head = names::ty(&format!("{}Head", message.layout.name));
                let (generics, head, ty) = match stream::borrows(&code) {
                    true => (quote!(<'a>), quote!(#head<'a>), self.ty(&quote!('a))),
                    false => (quote!(), quote!(#head), self.ty(&quote!('_))),
                };
                quote! {
                    impl #generics From<#head> for #ty {
                        #[inline]
                        fn from(head: #head) -> Self {
                            Self::#variant(head.into())
                        }
                    }
                }
            });
            quote! {
                #head

                impl #generics From<#held> for #ty {
                    #[inline]
                    fn from(message: #held) -> Self {
                        Self::#variant(message)
                    }
                }
            }
        });
        from.collect()
    }
}

/// Bytes as a pattern.
fn pattern(set: ByteSet) -> TokenStream {
    let ranges = set.ranges();
    let one = |(least, most): (u8, u8)| match (least, most) {
        (0, u8::MAX) => quote!(_),
        _ if least == most => literal::byte(least),
        _ => {
            let letters = least.is_ascii_graphic() && most.is_ascii_graphic();
            let byte = |byte| if letters { literal::byte(byte) } else { literal::hex_byte(byte) };
            let (least, most) = (byte(least), byte(most));
            quote!(#least..=#most)
        }
    };
    let patterns = ranges.into_iter().map(one);
    quote!(#(#patterns)|*)
}
