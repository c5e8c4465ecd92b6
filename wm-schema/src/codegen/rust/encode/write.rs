//! The statements that put values on the wire. Nothing in them can fail: `measure` has checked every rule.

use super::super::layout::LayoutCode;
use super::super::number::{float_method, write_int};
use super::super::{bits, fillers, headers, literal, shape};
use super::{Encoder, write_can_fail};
use crate::ir::{BitPlace, Bytes, Content, Extent, Filler, Int, Role, Type};
use proc_macro2::TokenStream;
use quote::quote;

impl Encoder<'_> {
    /// The statements that put one field on the wire.
    pub(in crate::codegen::rust) fn write(&mut self, at: usize) -> TokenStream {
        if let Some(place) = self.code.field(at).bits {
            return if place.last == at { self.write_run(&place) } else { TokenStream::new() };
        }
        // Where what is filled up begins.
        let start = fillers::of(self.code, at).map(|_| {
            let name = self.code.names.beside(at, "at");
            quote!(let #name = writer.offset();)
        });
        let write = match self.is_constant(at) {
            true => {
                let write = self.write_value(at);
                self.if_constant(at, write)
            }
            false => self.if_present(at, |encoder| encoder.write_value(at)),
        };
        quote!(#start #write)
    }

    fn write_filler(&self, at: usize, filler: &Filler) -> TokenStream {
        let byte = literal::byte(filler.byte.unwrap_or_default());
        if let Some(bytes) = self.code.field(at).size.fixed() {
            let bytes = self.code.size(bytes);
            return quote!(writer.pad(#byte, #bytes););
        }
        let (start, fill) = (self.code.names.beside(filler.of, "at"), fillers::fill(self.code, filler));
        quote!(writer.fill_up(#start, #fill, #byte);)
    }

    pub(super) fn write_value(&mut self, at: usize) -> TokenStream {
        if let Some(bytes) = self.code.constant_bytes(at) {
            let bytes = literal::bytes(&bytes);
            return quote!(writer.bytes(#bytes););
        }
        if shape::is_pointed(self.code.field(at)) {
            return quote!(writer.doubt(););
        }
        if let Type::Filler(filler) = &self.code.field(at).ty {
            return self.write_filler(at, filler);
        }
        let value = self.value(at);
        match &self.code.field(at).ty {
            _ if self.code.field(at).role == Role::Extension => TokenStream::new(),
            Type::Constant(_) | Type::Filler(_) => TokenStream::new(),
            Type::Int(int, _) if self.code.field(at).role == Role::Value => write_int(int, &value),
            Type::Int(int, _) => match self.code.layout.checksum(at) {
                Some(checksum) => self.write_checksum(at, checksum, int),
                None => {
                    let number = self.number(at);
                    write_int(int, &quote!(#number))
                }
            },
            Type::Bytes(Bytes { content: Content::Headers, .. }) => {
                let lines = headers::lines(self.code, at);
                quote!(writer.headers(&#value, &#lines);)
            }
            Type::Bytes(bytes) => {
                let prefix = match &bytes.extent {
                    Extent::Prefix(int) => {
                        let number = self.number(at);
                        write_int(int, &quote!(#number))
                    }
                    _ => TokenStream::new(),
                };
                let delimiter = match &bytes.extent {
                    Extent::Until(ends) => {
                        let delimiter = literal::bytes(ends.written());
                        quote!(writer.bytes(#delimiter);)
                    }
                    _ => TokenStream::new(),
                };
                let content = self.content(at, bytes);
                let content = match (bytes.pad, bytes.via) {
                    (None, None) => quote!(writer.bytes(#content);),
                    (None, Some(via)) => self.write_via(at, via, &content),
                    (Some(pad), _) => {
                        let (size, pad) = (self.code.size(self.code.field(at).size.least), literal::byte(pad));
                        quote!(writer.padded(#content, #size, #pad);)
                    }
                };
                quote!(#prefix #content #delimiter)
            }
            Type::List { element, count, .. } => {
                let prefix = match count {
                    Extent::Prefix(int) => {
                        let number = self.number(at);
                        write_int(int, &quote!(#number))
                    }
                    _ => TokenStream::new(),
                };
                let item = self.write_plain(element, &quote!(item));
                let borrow = self.inside.is_none().then(|| quote!(&));
                quote!(#prefix for item in #borrow #value { #item })
            }
            other => self.write_plain(other, &value),
        }
    }

    /// The fields of a run of bits, and what follows the base of an integer that escapes.
    pub(super) fn write_run(&mut self, place: &BitPlace) -> TokenStream {
        let code = self.code;
        let run = bits::write_run(code, place, |at| self.bits_value(at));
        let escaped = match &code.field(place.last).ty {
            Type::Int(Int::Escaping(how), _) => {
                let (table, value) = (bits::table_name(how), self.bits_value(place.last));
                quote!(writer.escaped(#value, &#table);)
            }
            _ => TokenStream::new(),
        };
        quote!(#run #escaped)
    }

    /// The value of a field of a run.
    pub(super) fn bits_value(&mut self, at: usize) -> TokenStream {
        let (field, value) = (self.code.field(at), self.value(at));
        match (&field.role, &field.ty) {
            (Role::Computed(_), _) => {
                let number = self.number(at);
                quote!(#number)
            }
            (_, Type::Enum(_)) => quote!(#value.to_wire()),
            _ => value,
        }
    }

    /// A value without a length.
    pub(super) fn write_plain(&self, ty: &Type, value: &TokenStream) -> TokenStream {
        match ty {
            Type::Int(int, _) => write_int(int, value),
            Type::Float { bytes, endian } => {
                let method = float_method(*bytes, *endian);
                quote!(writer.#method(#value);)
            }
            Type::Enum(index) => write_int(&self.code.rust.schema.enums[*index].repr, &quote!(#value.to_wire())),
            Type::Struct(index) => {
                let part = LayoutCode::part(self.code.rust, &self.code.rust.schema.structs[*index]);
                let question = write_can_fail(&part).then(|| quote!(?));
                let writer = if self.code.message.is_some() { quote!(&mut writer) } else { quote!(writer) };
                quote!(#value.write(#writer)#question;)
            }
            Type::Constant(_) | Type::Filler(_) | Type::Bytes(_) | Type::List { .. } => TokenStream::new(),
        }
    }
}
