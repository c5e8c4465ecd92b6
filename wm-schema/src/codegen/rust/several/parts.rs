//! What a side sends, if one of several messages comes in parts: which one it is must be remembered until its end, so that
//! the enum is a `Flow`, not a `Message`.

use super::{Several, name};
use crate::codegen::rust::{framing, names, shape};
use crate::ir::{Message, Side};
use proc_macro2::TokenStream;
use quote::quote;

impl Several<'_> {
    /// Whether one of the messages comes in parts.
    pub(super) fn in_parts(&self) -> bool {
        self.sent.iter().any(|message| message.streams.is_some())
    }

    /// The message as the runtime knows it: `Upload<'static>`, `FromClient<Frame<'static>>`.
    fn whole(&self, message: &Message) -> TokenStream {
        let ty = shape::layout_type(self.schema(), &message.layout, &quote!('static));
        match (message.is_sided(), self.side) {
            (false, _) => ty,
            (true, Side::Client) => quote!(FromClient<#ty>),
            (true, Side::Server) => quote!(FromServer<#ty>),
        }
    }

    /// The message as it flows: `Stream<Upload<'static>>` in parts.
    fn flow(&self, message: &Message) -> TokenStream {
        let whole = self.whole(message);
        if message.streams.is_some() { quote!(Stream<#whole>) } else { whole }
    }

    /// How large a frame of any of the messages may be.
    pub(super) fn most_in_parts(&self) -> TokenStream {
        let each = self.sent.iter().map(|message| {
            let flow = self.flow(message);
            quote!(<#flow as Flow>::FRAME_BYTES_MAX)
        });
        quote!(check::largest(&[#(#each),*]))
    }

    /// The statements that look for the end of a frame, or of a part of one.
    pub(super) fn input_in_parts(&self) -> TokenStream {
        let (scan, unknown) = (self.scan(), self.unknown());
        let arms = self.sent.iter().map(|message| {
            let (variant, flow) = (names::variant(&message.layout.name), self.flow(message));
            match framing::has_scan(message) || message.streams.is_some() {
                true => quote!(#scan::#variant(scan) => <#flow as Flow>::input(scan, buf),),
                false => quote!(#scan::#variant => <#flow as Flow>::input(&mut (), buf),),
            }
        });
        quote! {
            if let #scan::#unknown = scan {
                *scan = match Self::start(buf) {
                    Ok(start) => start,
                    Err(Halt::Need(needed)) => return Ok(Input::Need(needed)),
                    Err(Halt::Bad(error)) => return Err(error),
                };
            }
            match scan {
                #scan::#unknown => Ok(Input::Need(1)),
                #(#arms)*
            }
        }
    }

    /// The enum as what flows in one direction.
    pub(super) fn flows(&self) -> TokenStream {
        let (own, view, scan, unknown) = (self.ty(&quote!('static)), self.ty(&quote!('a)), self.scan(), self.unknown());
        let (protocol, name) = (&self.schema().name, name(self.side));
        let decoded = self.sent.iter().map(|message| self.decode_one(message));
        let encoded = self.sent.iter().map(|message| {
            let (variant, flow) = (names::variant(&message.layout.name), self.flow(message));
            match message.streams {
                Some(_) => quote!(#name::#variant(part) => <#flow as Flow>::encode(sender, part, out),),
                None => {
                    let sent = quote!(<#flow as Message>::encode(message, out));
                    let sent = match message.layout.until_end {
                        true => quote!(#sent?; sender.finish(); Ok(())),
                        false => sent,
                    };
                    quote!(#name::#variant(message) => {
                        sender.between(Self::START)?;
                        #sent
                    })
                }
            }
        });
        let ask = |what: TokenStream| {
            let arms = self.sent.iter().filter(|message| message.streams.is_some()).map(|message| {
                let (variant, flow) = (names::variant(&message.layout.name), self.flow(message));
                quote!(#scan::#variant(receiver) => <#flow as Flow>::#what(receiver),)
            });
            quote!(match receiver { #(#arms)* _ => 0 })
        };
        let (unfinished, handed_out) = (ask(quote!(unfinished)), ask(quote!(handed_out)));
        let recovered = self.sent.iter().filter(|message| message.streams.is_some()).map(|message| {
            let (variant, flow) = (names::variant(&message.layout.name), self.flow(message));
            quote!(#scan::#variant(receiver) => (<#flow as Flow>::recover(receiver, error), receiver.is_within()),)
        });
        let finished = self.sent.iter().any(|message| message.layout.until_end).then(|| {
            quote! {
                fn has_finished(sender: &Sender) -> bool {
                    sender.has_finished()
                }
            }
        });
        // The messages of a side have the same rules.
        let any = self.sent.first().map(|message| self.whole(message));
        quote! {
            impl Flow for #own {
                type View<'a> = #view;
                type Receiver = #scan;
                type Sender = Sender;

                const PROTOCOL: &'static str = #protocol;
                const FRAME_BYTES_MAX: usize = Self::FRAME_BYTES_MAX;
                const ENCODES_ALIKE: bool = false;

                #[inline]
                fn input(receiver: &mut #scan, buf: &[u8]) -> Result<Input, DecodeError> {
                    Self::input(receiver, buf)
                }

                fn decode<'a>(
                    receiver: &mut #scan,
                    frame: &'a mut [u8],
                ) -> Result<Decoded<Self::View<'a>>, DecodeError> {
                    match receiver {
                        #(#decoded)*
                        #scan::#unknown => Err(unfinished(Halt::Need(1), frame, Self::START)),
                    }
                }

                fn unfinished(receiver: &#scan) -> usize {
                    #unfinished
                }

                fn handed_out(receiver: &#scan) -> usize {
                    #handed_out
                }

                fn recover(receiver: &mut #scan, error: &DecodeError) -> Recovery {
                    let (recovery, is_within) = match receiver {
                        #(#recovered)*
                        _ => (<#any as Message>::recover(error), false),
                    };
                    if !is_within {
                        *receiver = #scan::#unknown;
                    }
                    recovery
                }

                #finished

                fn encode(
                    sender: &mut Sender,
                    view: &Self::View<'_>,
                    out: &mut BytesMut,
                ) -> Result<(), EncodeError> {
                    match view {
                        #(#encoded)*
                    }
                }
            }
        }
    }

    /// The arm that reads a frame of a message, or a part of it; behind that another message may start.
    fn decode_one(&self, message: &Message) -> TokenStream {
        let (scan, unknown, name) = (self.scan(), self.unknown(), name(self.side));
        let (variant, flow) = (names::variant(&message.layout.name), self.flow(message));
        if message.streams.is_none() {
            let hidden = framing::has_scan(message).then(|| quote!((_)));
            let from = message.is_sided().then(|| self.from()).map(|from| quote!(, #from));
            let ty = names::ty(&message.layout.name);
            return quote!(#scan::#variant #hidden => {
                *receiver = #scan::#unknown;
                #ty::decode(frame #from).map(|message| Decoded::Message(#name::#variant(message)))
            });
        }
        quote!(#scan::#variant(parts) => {
            let part = <#flow as Flow>::decode(parts, frame)?;
            if !parts.is_within() {
                *receiver = #scan::#unknown;
            }
            Ok(part.map(#name::#variant))
        })
    }
}
