//! The ends of a session, state by state: a type for each state, whose functions are what may be said there.
//!
//! A type holds a channel of the runtime, the place where its end speaks. What is said leads to the type of the next
//! state, or to an enum of those that may follow, if conditions tell which.

use super::{Rust, names, several, shape};
use crate::ir::{Said, Session, Side, State, Target};
use proc_macro2::{Ident, TokenStream};
use quote::quote;
use std::collections::BTreeSet;

/// Functions that a state has, whatever may be said in it.
const OWN: [&str; 6] = ["channel", "into_channel", "of", "later", "find", "receive"];

/// The modules `server` and `client`.
pub(super) fn modules(rust: &Rust<'_>, session: &Session) -> TokenStream {
    [Side::Server, Side::Client].into_iter().map(|side| End::new(rust, session, side).module()).collect()
}

/// One end of a session.
struct End<'r> {
    rust: &'r Rust<'r>,
    session: &'r Session,
    side: Side,
    handler: Ident,
    /// The enums of the states that may follow.
    forks: Vec<Fork>,
}

/// What may follow when something is said.
struct Fork {
    /// The state, by index.
    state: usize,
    from: Side,
    /// The message, or raw bytes; none for whatever is said.
    said: Option<Said>,
    targets: Vec<Target>,
    /// The name of the enum.
    name: String,
}

impl<'r> End<'r> {
    fn new(rust: &'r Rust<'r>, session: &'r Session, side: Side) -> Self {
        let mut taken: BTreeSet<String> = session.states.iter().map(|state| state.name.clone()).collect();
        taken.extend(session.upgrades.iter().map(|upgrade| upgrade.state.clone()));
        taken.extend(["Closed", "Standing", "End"].map(str::to_owned));
        let handler = names::ty(&free(&mut taken, "Handler".to_owned()));
        let mut end = Self { rust, session, side, handler, forks: Vec::new() };
        for (index, state) in session.states.iter().enumerate() {
            for from in [side, side.other()] {
                let all = said(state, from);
                for said in &all {
                    end.fork(&mut taken, index, from, Some(*said));
                }
                if from != side && all.len() > 1 {
                    end.fork(&mut taken, index, from, None);
                }
            }
        }
        end
    }

    /// Notes an enum, if several states may follow.
    fn fork(&mut self, taken: &mut BTreeSet<String>, index: usize, from: Side, said: Option<Said>) {
        let state = &self.session.states[index];
        let targets = targets(state, from, said);
        if targets.len() > 1 {
            let what = said.map_or("Heard", |said| self.name(said));
            let name = free(taken, format!("{}{what}", state.name));
            self.forks.push(Fork { state: index, from, said, targets, name });
        }
    }

    fn module(&self) -> TokenStream {
        let (who, peer) = (word(self.side), word(self.side.other()));
        let name = names::ident(who);
        let docs = format!(
            " The {who}'s end, state by state: a type for each state, with just what the {who} may say there. `C` is where \
             it speaks: a connection of a worker, or a stream."
        );
        let (speaks, hears) = (self.speaks(self.side), self.speaks(self.side.other()));
        let later = speaks.then(|| quote!(Find, Keep,));
        let listen = hears.then(|| quote!(Listen,));
        let (end, state) = (self.end(), names::ty("State"));
        let handler = hears.then(|| self.handler(peer));
        let states: TokenStream = (0..self.session.states.len()).map(|index| self.state(index)).collect();
        let ends = self.ends();
        quote! {
            #[doc = #docs]
            #[allow(dead_code, reason = "a program may be one end alone, and need not name every state")]
            pub mod #name {
                use super::{Channel, #later #listen #end as End, #state as Standing};

                #handler
                #states
                #ends
            }
        }
    }

    /// Whether a side ever speaks.
    fn speaks(&self, side: Side) -> bool {
        self.session.states.iter().any(|state| state.speaks(side))
    }

    /// The protocol of this end.
    fn end(&self) -> Ident {
        names::ident(if self.side == Side::Server { "Server" } else { "Client" })
    }

    /// What the end does with what it hears.
    fn handler(&self, peer: &str) -> TokenStream {
        let (name, other) = (&self.handler, self.side.other());
        let (received, of_side) = (self.view(other), several::name(other));
        let (mut functions, mut arms) = (TokenStream::new(), TokenStream::new());
        let mut taken = BTreeSet::from(["hear".to_owned()]);
        for (index, state) in self.session.states.iter().enumerate() {
            for said in said(state, other) {
                let function = free(&mut taken, format!("{}_{}", names::snake(&state.name), self.snake(said)));
                let function = names::ident(&function);
                let docs = match said {
                    Said::Stream => format!(" In the state `{}`, raw bytes have come.", state.name),
                    Said::Message(_) => {
                        format!(" In the state `{}`, the {peer} has said `{}`.", state.name, self.name(said))
                    }
                };
                let (held, (next, leads, _)) = (self.held(said), self.leads(index, other, Some(said)));
                let (here, variant) = (names::variant(&state.name), self.variant(other, said));
                functions.extend(quote! {
                    #[doc = #docs]
                    fn #function(&mut self, message: #held, next: #next);
                });
                arms.extend(quote! {
                    (Standing::#here, super::#of_side::#variant(message)) => self.#function(message, #leads),
                });
            }
        }
        let docs = format!(" What the end does with what the {peer} says: a function for each message in each state.");
        let conventions = ["from_", "to_", "into_", "as_", "is_"];
        let named = taken.iter().any(|function| conventions.iter().any(|start| function.starts_with(start)));
        let allowed = named
            .then(|| quote!(#[allow(clippy::wrong_self_convention, reason = "a function is called after its state")]));
        quote! {
            #[doc = #docs]
            #allowed
            pub trait #name<C: Channel<Protocol = End>> {
                #functions

                /// Hands on what has just been received, before anything else is sent: what `on_message` of a worker calls,
                /// with its connection as the channel.
                fn hear(&mut self, channel: C, message: #received) {
                    match (channel.protocol().heard_in(), message) {
                        #arms
                        // What is not legal is never received.
                        _ => {}
                    }
                }
            }
        }
    }

    /// The type of a state, and what may be said there.
    fn state(&self, index: usize) -> TokenStream {
        let state = &self.session.states[index];
        let (name, variant, own) = (names::ty(&state.name), names::variant(&state.name), self.side);
        let (speaks, hears) = (state.speaks(own), state.speaks(own.other()));
        let docs = super::docs(&state.docs, || format!("The state `{}`.", state.name));
        let turn = match (speaks, hears) {
            (true, true) => " Both may speak.".to_owned(),
            (true, false) => format!(" The {} speaks.", word(own)),
            _ => format!(" The {} speaks.", word(own.other())),
        };
        let waits = (speaks && !hears).then(|| {
            let why = format!("in the state `{}` the {} waits for what is said", state.name, word(own.other()));
            quote!(#[must_use = #why])
        });
        let says = self.says(index);
        let later = speaks.then(|| later(&name));
        let find = speaks.then(|| find(&name));
        let receive = hears.then(|| self.receive(index));
        let forks: TokenStream =
            self.forks.iter().filter(|fork| fork.state == index).map(|fork| self.fork_type(fork)).collect();
        let holder = holder(&name, " Where this end speaks.");
        quote! {
            #docs
            ///
            #[doc = #turn]
            #[derive(Debug)]
            #waits
            #holder

            impl<C: Channel<Protocol = End>> #name<C> {
                /// The state, if the conversation stands there.
                ///
                /// # Errors
                ///
                /// It stands elsewhere.
                pub fn of(channel: C) -> Result<Self, C> {
                    match channel.protocol().state() {
                        Standing::#variant => Ok(Self { channel }),
                        _ => Err(channel),
                    }
                }

                #says
                #later
            }

            #find
            #receive
            #forks
        }
    }

    /// A function for each message that may be said.
    fn says(&self, index: usize) -> TokenStream {
        let mut taken: BTreeSet<String> = OWN.iter().map(ToString::to_string).collect();
        let functions = said(&self.session.states[index], self.side).into_iter().map(|said| {
            let function = names::ident(&free(&mut taken, self.snake(said)));
            let docs = match said {
                Said::Stream => " Sends raw bytes.".to_owned(),
                Said::Message(_) => format!(" Says `{}`.", self.name(said)),
            };
            let (held, (next, _, then)) = (self.held(said), self.leads_here(index, self.side, Some(said)));
            let (of_side, variant) = (several::name(self.side), self.variant(self.side, said));
            quote! {
                #[doc = #docs]
                pub fn #function(self, message: #held) -> C::Said<#next> {
                    self.channel.say(super::#of_side::#variant(message), #then)
                }
            }
        });
        functions.collect()
    }

    /// Waiting for what the peer says.
    fn receive(&self, index: usize) -> TokenStream {
        let (state, other) = (&self.session.states[index], self.side.other());
        let name = names::ty(&state.name);
        let all = said(state, other);
        let (next, leads, _) = match all.as_slice() {
            [one] => self.leads_here(index, other, Some(*one)),
            _ => self.leads_here(index, other, None),
        };
        let docs = format!(" Waits for what the {} says, and gives it to `take`.", word(other));
        let (held, listen) = match all.as_slice() {
            [one] => {
                let (of_side, variant) = (several::name(other), self.variant(other, *one));
                // What else the side may say is not legal here, and never received.
                let others = (self.kinds(other) > 1).then(|| quote!(_ => None,));
                let listen = quote! {
                    |message| match message {
                        super::#of_side::#variant(message) => take.take().map(|take| take(message)),
                        #others
                    }
                };
                (self.held(*one), listen)
            }
            _ => (self.view(other), quote!(|message| take.take().map(|take| take(message)))),
        };
        quote! {
            impl<C: Listen<Protocol = End>> #name<C> {
                #[doc = #docs]
                ///
                /// # Errors
                ///
                /// The peer has closed, its bytes are not legal here, or the channel fails.
                pub fn receive<R>(mut self, take: impl FnOnce(#held) -> R) -> Result<(R, #next), C::Error> {
                    let mut take = Some(take);
                    let taken = self.channel.listen(#listen)?;
                    let channel = self.channel;
                    Ok((taken, #leads))
                }
            }
        }
    }

    /// An enum of the states that may follow.
    fn fork_type(&self, fork: &Fork) -> TokenStream {
        let name = names::ty(&fork.name);
        let state = &self.session.states[fork.state];
        let docs = match fork.said {
            Some(said) => format!(" Where `{}` leads in the state `{}`.", self.name(said), state.name),
            None => format!(" Where it leads when the {} speaks in the state `{}`.", word(fork.from), state.name),
        };
        let variants = fork.targets.iter().map(|target| {
            let state = self.session.name_of(*target);
            let (docs, variant, ty) = (format!(" To `{state}`."), names::variant(state), names::ty(state));
            quote!(#[doc = #docs] #variant(#ty<C>),)
        });
        let last = fork.targets.len().saturating_sub(1);
        let arms = fork.targets.iter().enumerate().map(|(at, target)| {
            let state = self.session.name_of(*target);
            let (variant, ty) = (names::variant(state), names::ty(state));
            let pattern = if at == last { quote!(_) } else { quote!(Standing::#variant) };
            quote!(#pattern => Self::#variant(#ty { channel }),)
        });
        quote! {
            #[doc = #docs]
            #[derive(Debug)]
            pub enum #name<C> {
                #(#variants)*
            }

            impl<C: Channel<Protocol = End>> #name<C> {
                fn of(channel: C) -> Self {
                    match channel.protocol().state() {
                        #(#arms)*
                    }
                }
            }
        }
    }

    /// The states behind the last word of this conversation.
    fn ends(&self) -> TokenStream {
        let edges = || self.session.states.iter().flat_map(|state| &state.edges);
        let closes = edges().any(|edge| edge.to == Target::Close).then(|| {
            (
                "Closed".to_owned(),
                " The conversation is over: the connection closes when what is queued is sent.".to_owned(),
            )
        });
        let upgrades = self.session.upgrades.iter().map(|upgrade| {
            (
                upgrade.state.clone(),
                format!(" The conversation is over: the connection is handed to `{}`.", upgrade.protocol),
            )
        });
        let types = closes.into_iter().chain(upgrades).map(|(name, docs)| {
            let holder = holder(&names::ty(&name), " Where this end has spoken.");
            quote! {
                #[doc = #docs]
                #[derive(Debug)]
                #holder
            }
        });
        types.collect()
    }

    /// Where it leads when something is said: the type, how it is made of a `channel`, and the same as a function.
    fn leads(&self, index: usize, from: Side, said: Option<Said>) -> (TokenStream, TokenStream, TokenStream) {
        let fits = |fork: &&Fork| (fork.state, fork.from, fork.said) == (index, from, said);
        if let Some(fork) = self.forks.iter().find(fits) {
            let name = names::ty(&fork.name);
            return (quote!(#name<C>), quote!(#name::of(channel)), quote!(#name::of));
        }
        let target = targets(&self.session.states[index], from, said).first().copied().unwrap_or(Target::Close);
        let name = names::ty(self.session.name_of(target));
        (quote!(#name<C>), quote!(#name { channel }), quote!(|channel| #name { channel }))
    }

    /// The same within the functions of the state.
    fn leads_here(&self, index: usize, from: Side, said: Option<Said>) -> (TokenStream, TokenStream, TokenStream) {
        match targets(&self.session.states[index], from, said).as_slice() {
            [only] if *only == Target::State(index) => {
                (quote!(Self), quote!(Self { channel }), quote!(|channel| Self { channel }))
            }
            _ => self.leads(index, from, said),
        }
    }

    /// How many kinds of things a side says in the whole session.
    fn kinds(&self, side: Side) -> usize {
        self.session.messages(side).len() + usize::from(self.session.streams(side))
    }

    /// What a side says, as it is borrowed.
    fn view(&self, side: Side) -> TokenStream {
        let name = several::name(side);
        if several::borrows(self.rust, side) { quote!(super::#name<'_>) } else { quote!(super::#name) }
    }

    /// What is said, as it is borrowed.
    fn held(&self, said: Said) -> TokenStream {
        match said {
            Said::Stream => quote!(&[u8]),
            Said::Message(index) => {
                let message = &self.rust.schema.messages[index];
                let ty = shape::layout_type(self.rust.schema, &message.layout, &quote!('_));
                quote!(super::#ty)
            }
        }
    }

    /// The variant of the side's enum.
    fn variant(&self, side: Side, said: Said) -> Ident {
        match said {
            Said::Message(_) => names::variant(self.name(said)),
            Said::Stream => several::raw(self.rust, side),
        }
    }

    fn name(&self, said: Said) -> &str {
        match said {
            Said::Stream => "Raw",
            Said::Message(index) => &self.rust.schema.messages[index].layout.name,
        }
    }

    fn snake(&self, said: Said) -> String {
        names::snake(self.name(said))
    }
}

/// A type around a channel, and how it is reached.
fn holder(name: &Ident, docs: &str) -> TokenStream {
    quote! {
        pub struct #name<C> {
            channel: C,
        }

        impl<C> #name<C> {
            #[doc = #docs]
            pub fn channel(&mut self) -> &mut C {
                &mut self.channel
            }

            /// The same, for good.
            pub fn into_channel(self) -> C {
                self.channel
            }
        }
    }
}

fn later(name: &Ident) -> TokenStream {
    quote! {
        /// The state for an answer that comes later, when this callback is over; [`find`](Self::find) leads back to it.
        pub fn later(self) -> #name<C::Kept>
        where
            C: Keep,
        {
            #name { channel: self.channel.keep() }
        }
    }
}

fn find(name: &Ident) -> TokenStream {
    quote! {
        impl<K> #name<K> {
            /// The state that was kept by [`later`](Self::later), in its worker; none if the connection is gone, or the
            /// conversation has gone on.
            pub fn find<W: Find<K>>(self, worker: W) -> Option<#name<W::Found>> {
                worker.find(self.channel).map(|channel| #name { channel })
            }
        }
    }
}

/// What a side may say in a state, each once.
fn said(state: &State, from: Side) -> Vec<Said> {
    let mut all = Vec::new();
    for edge in state.edges.iter().filter(|edge| edge.from == from) {
        if !all.contains(&edge.said) {
            all.push(edge.said);
        }
    }
    all
}

/// Where it may lead, each state once.
fn targets(state: &State, from: Side, said: Option<Said>) -> Vec<Target> {
    let mut all = Vec::new();
    for edge in state.edges.iter().filter(|edge| edge.from == from && said.is_none_or(|said| said == edge.said)) {
        if !all.contains(&edge.to) {
            all.push(edge.to);
        }
    }
    all
}

/// A name that is not taken yet, and takes it.
fn free(taken: &mut BTreeSet<String>, mut name: String) -> String {
    while !taken.insert(name.clone()) {
        name.push('_');
    }
    name
}

const fn word(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}
