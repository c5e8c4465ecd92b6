//! Rust from a schema: plain structs of references, and the functions that read and write them.
//!
//! ```text
//!   shape    which type holds a value          names    what things are called, which names are imported
//!   items    enums, typed JSON bodies          layout   one layout while its code is written
//!   framing  input                             number   the calls that read and write numbers
//!   decode   decode, read                      encode   measure, encode, write
//!   walk     the steps of a walk               sentinels  lists that end with an element
//!   envelope what stands around a message
//!   sides    the two ends                      several  what a side sends, if that is one of several
//!   words    enums of words                    unions   enums whose variants hold layouts
//!   checksums  the tables of CRCs, and when each is written
//!   session  states, and what is legal in them   turns  a type for each state, for each end
//!   memory   the variables of a session
//!   vias     transforms, and how they are undone
//!   tests    the schema's test blocks          print    formatted text
//! ```
//!
//! The generated code names only the public runtime, holds no `unsafe`, no panic and no index, and is `no_std` with
//! `alloc`. It is meant to be read: source order, named constants, the schema's doc comments.

mod bits;
mod checksums;
mod decode;
mod encode;
mod envelope;
mod exchange;
mod fillers;
mod formulas;
mod framing;
mod headers;
mod items;
mod layout;
mod literal;
mod memory;
mod names;
mod number;
mod pointers;
mod print;
mod recover;
mod sentinels;
mod session;
mod several;
mod shape;
mod sides;
mod stream;
mod tests;
mod turns;
mod unions;
mod vias;
mod walk;
mod words;

use super::Options;
use crate::ir::{Held, Int, Layout, Message, RustShape, Schema, Side};
use layout::LayoutCode;
use names::Imports;
use proc_macro2::TokenStream;
use quote::quote;
use shape::Trait;

/// The source of a Rust module for a schema.
///
/// To be a file of its own, or for `include!` inside of a module:
///
/// ```text
/// mod upload {
///     include!(concat!(env!("OUT_DIR"), "/upload.rs"));
/// }
/// ```
///
/// It is formatted, but not by rustfmt: a project that checks it in says `#[rustfmt::skip] mod upload;`.
#[must_use]
pub fn generate(schema: &Schema, options: &Options) -> String {
    let rust = Rust::new(schema, &options.runtime, false);
    let (uses, body) = Imports::new(&rust.runtime).resolve(rust.items());
    let tests = options.tests.then(|| names::unmarked(tests::module(&rust)));
    print::module(schema, options, &quote!(#uses #body #tests))
}

/// The implementations for a struct that the user wrote: what the derive expands to.
#[must_use]
pub fn implement(schema: &Schema, runtime: &str) -> TokenStream {
    let rust = Rust::new(schema, runtime, true);
    let body = rust.items();
    let (uses, body) = Imports::new(&rust.runtime).resolve(body);
    quote! {
        const _: () = {
            #uses
            #body
        };
    }
}

/// What goes with the structs and enums that the user wrote in a module: what `#[protocol]` expands to, in a module within
/// theirs. It defines the types that the schema alone has; `visible` is the visibility of its messages, seen from there.
#[must_use]
pub fn complete(schema: &Schema, runtime: &str, visible: TokenStream) -> TokenStream {
    let rust = Rust { visible, ..Rust::new(schema, runtime, false) };
    let (uses, body) = Imports::new(&rust.runtime).resolve(rust.items());
    quote!(#uses #body)
}

/// The Rust type that holds a number: `u32` for `u24`.
#[must_use]
pub fn integer_type(int: &Int) -> String {
    shape::int_type(int).to_string()
}

/// What the whole of the generated code has in common.
struct Rust<'s> {
    schema: &'s Schema,
    runtime: TokenStream,
    /// Whether the types are the user's.
    impls_only: bool,
    /// Who may see what implements a trait for messages: as many as see these.
    visible: TokenStream,
}

impl<'s> Rust<'s> {
    fn new(schema: &'s Schema, runtime: &str, impls_only: bool) -> Self {
        Self { schema, runtime: runtime.parse().unwrap_or_default(), impls_only, visible: quote!(pub) }
    }

    /// A path of the runtime as a string literal, as serde's attributes want it.
    fn path(&self, path: &str) -> String {
        format!("{}::{path}", self.runtime.to_string().replace(' ', ""))
    }

    /// A count of bytes as an expression.
    fn size(&self, value: u64) -> TokenStream {
        literal::size(value, &quote!(check))
    }

    fn items(&self) -> TokenStream {
        let sides = (!self.impls_only).then(|| match &self.schema.session {
            Some(session) => session::items(self, session),
            None => sides::aliases(self),
        });
        let calls = (!self.impls_only).then(|| exchange::calls(self)).flatten();
        let several: TokenStream =
            [Side::Client, Side::Server].into_iter().filter_map(|side| several::messages(self, side)).collect();
        let enums: TokenStream = (0..self.schema.enums.len()).map(|at| items::enumeration(self, at)).collect();
        let words: TokenStream = (0..self.schema.words.len()).map(|at| words::enumeration(self, at)).collect();
        let bodies: TokenStream = (0..self.schema.json_bodies.len()).map(|at| items::json_body(self, at)).collect();
        let messages: TokenStream = self.schema.messages.iter().map(|message| self.message(message)).collect();
        let structs: TokenStream = (0..self.schema.structs.len()).map(|at| self.part(at)).collect();
        let (ints, checksums) = (bits::tables(self), checksums::tables(self));
        let turns = self.schema.session.as_ref().map(|session| turns::modules(self, session));
        quote!(#sides #calls #several #messages #structs #enums #words #bodies #ints #checksums #turns)
    }

    fn message(&self, message: &Message) -> TokenStream {
        let code = LayoutCode::message(self, message);
        let layout = &message.layout;
        let definition = self.definition(layout, || match message.from {
            Some(Side::Client) => format!("The message `{}`, from the client.", layout.name),
            Some(Side::Server) => format!("The message `{}`, from the server.", layout.name),
            None => format!("The message `{}`.", layout.name),
        });
        let (input, decode, encode) = (framing::input(&code, message), decode::decode(&code), encode::encode(&code));
        let (constants, own_constants) = self.constants(&code, &quote!(#input #decode #encode));
        let (generics, ty) = self.generics(layout);
        let frame_bytes_max = self.size(message.frame_bytes_max);
        let implementation = self.implement_message(message);
        let from = self.conversion(layout);
        let parts = stream::parts(self, message);
        quote! {
            #definition

            #constants

            impl #generics #ty {
                /// The largest frame in bytes.
                pub const FRAME_BYTES_MAX: usize = #frame_bytes_max;

                #own_constants
                #input
                #decode
                #encode
            }

            #implementation
            #from
            #parts
        }
    }

    fn part(&self, index: usize) -> TokenStream {
        let layout = &self.schema.structs[index];
        let walked = crate::walk::structs(self.schema).contains(&index);
        if let Some(choice) = &layout.choice {
            return unions::union(self, layout, choice, walked);
        }
        let code = LayoutCode::part(self, layout);
        let definition = self.definition(layout, || format!("The struct `{}`.", layout.name));
        let (read, write) = (decode::read(&code), encode::write(&code));
        let walk = walked.then(|| walk::function(&code));
        let chains = pointers::chains(&code);
        let (constants, own_constants) = self.constants(&code, &quote!(#walk #read #write));
        let (generics, ty) = self.generics(layout);
        quote! {
            #definition

            #constants

            impl #generics #ty {
                #own_constants
                #chains
                #walk
                #read
                #write
            }
        }
    }

    /// `<'a>` and `Upload<'a>`, if it borrows.
    fn generics(&self, layout: &Layout) -> (TokenStream, TokenStream) {
        let ty = shape::layout_type(self.schema, layout, &quote!('a));
        if shape::borrows(self.schema, layout) { (quote!(<'a>), ty) } else { (quote!(), ty) }
    }

    fn definition(&self, layout: &Layout, fallback: impl FnOnce() -> String) -> TokenStream {
        if layout.rust != RustShape::Generated {
            return TokenStream::new();
        }
        let layout_docs = docs(&layout.docs, fallback);
        let copy = shape::has(self.schema, layout, Trait::Copy).then(|| quote!(, Copy));
        let eq = shape::has(self.schema, layout, Trait::Eq).then(|| quote!(, Eq));
        let (_, ty) = self.generics(layout);
        let fields = shape::held(layout).map(|field| {
            let docs = docs(&field.docs, || format!("The field `{}`.", field.name));
            let (name, held) = (names::ident(&field.name), shape::field_type(self.schema, layout, field));
            quote!(#docs pub #name: #held,)
        });
        let fields: Vec<TokenStream> = fields.collect();
        let body = if fields.is_empty() { quote!(;) } else { quote!({ #(#fields)* }) };
        quote! {
            #layout_docs
            #[derive(Debug, Clone #copy, PartialEq #eq)]
            pub struct #ty #body
        }
    }

    /// The lines of the schema that errors point at: beside the user's struct, or in the generated one's impl.
    fn constants(&self, code: &LayoutCode<'_>, functions: &TokenStream) -> (TokenStream, TokenStream) {
        let layout = &code.layout.name;
        let used = |at: &usize| names::mentions(functions, &code.names.constant(*at).to_string());
        let constants = (0..code.layout.fields.len()).filter(used).map(|at| {
            let field = code.field(at);
            let (constant, name) = (code.names.constant(at), &field.name);
            let line = literal::number(field.line.into());
            quote!(const #constant: &'static Field = &Field::new(#layout, #name, #line);)
        });
        let constants: TokenStream = constants.chain(code.message.and_then(envelope::definition)).collect();
        if self.impls_only { (constants, quote!()) } else { (quote!(), constants) }
    }

    fn implement_message(&self, message: &Message) -> TokenStream {
        let layout = &message.layout;
        let own = shape::layout_type(self.schema, layout, &quote!('static));
        let view = if shape::borrows(self.schema, layout) {
            shape::layout_type(self.schema, layout, &quote!('a))
        } else {
            quote!(Self)
        };
        let scan = framing::scan_type(self.schema, message);
        let (protocol, name) = (&self.schema.name, names::ty(&layout.name));
        let name = if shape::borrows(self.schema, layout) { quote!(#name) } else { quote!(Self) };
        let (sided, from, side) = match message.is_sided() {
            true => (quote!(Sided), quote!(, from), quote!(, from: Side)),
            false => (quote!(Message), quote!(), quote!()),
        };
        let first = message.is_sided().then(|| quote!(from,));
        let recover = recover::function(message);
        let of_datagrams = framing::of_datagrams(message.is_datagram());
        let until_end = framing::until_end(layout.until_end);
        quote! {
            impl #sided for #own {
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
                fn decode(frame: &mut [u8] #side) -> Result<Self::View<'_>, DecodeError> {
                    #name::decode(frame #from)
                }

                #recover

                #[inline]
                fn encode(view: &Self::View<'_> #side, out: &mut BytesMut) -> Result<(), EncodeError> {
                    view.encode(#first out)
                }
            }
        }
    }

    /// A message of one value is made from it: `send("hello")`.
    fn conversion(&self, layout: &Layout) -> TokenStream {
        use crate::ir::{Bytes, Content, Type};
        let mut values = shape::values(layout);
        let (Some(field), None, RustShape::Generated) = (values.next(), values.next(), layout.rust) else {
            return TokenStream::new();
        };
        let Type::Bytes(Bytes { content, .. }) = field.ty else { return TokenStream::new() };
        if field.is_optional() || field.held == Held::Converted {
            return TokenStream::new();
        }
        let (name, ty) = (names::ident(&field.name), shape::layout_type(self.schema, layout, &quote!('a)));
        let (generics, from, value) = match content {
            Content::Bytes => (quote!('a, T: AsRef<[u8]> + ?Sized), quote!(&'a T), quote!(#name.as_ref())),
            Content::Str | Content::Ascii => {
                (quote!('a, T: AsRef<str> + ?Sized), quote!(&'a T), quote!(#name.as_ref()))
            }
            Content::Headers => (quote!('a), quote!(Headers<'a>), quote!()),
            Content::Word(words) => {
                let generics = if self.schema.words[words].open { quote!('a) } else { quote!() };
                (generics, shape::word_type(self.schema, words), quote!())
            }
            Content::Json => (quote!('a), quote!(Json<'a>), quote!()),
            Content::JsonBody(body) => {
                let generics = if shape::body_borrows(self.schema, body) { quote!('a) } else { quote!() };
                (generics, shape::body_type(self.schema, body), quote!())
            }
        };
        let generics = if generics.is_empty() { quote!() } else { quote!(<#generics>) };
        let value = if value.is_empty() { quote!(#name) } else { quote!(#name: #value) };
        quote! {
            impl #generics From<#from> for #ty {
                #[inline]
                fn from(#name: #from) -> Self {
                    Self { #value }
                }
            }
        }
    }
}

/// The schema's doc comments, or a line in their stead.
fn docs(lines: &[String], fallback: impl FnOnce() -> String) -> TokenStream {
    let own = if lines.is_empty() { vec![fallback()] } else { lines.to_vec() };
    let lines = own.iter().map(|line| if line.is_empty() { String::new() } else { format!(" {line}") });
    quote!(#(#[doc = #lines])*)
}
