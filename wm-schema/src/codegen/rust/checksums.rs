//! Checksums: the tables of the CRCs that a schema uses, and when an encoder writes which.

use super::encode::Encoder;
use super::layout::LayoutCode;
use super::number::write_int;
use super::{Rust, docs, literal, names, shape};
use crate::ir::{Checksum, Crc, ExternFunction, Function, Int, Role, Type};
use proc_macro2::{Ident, TokenStream, TokenTree};
use quote::{format_ident, quote};
use std::collections::{BTreeMap, BTreeSet};

/// The function of the runtime.
pub(super) fn function(code: &LayoutCode<'_>, function: Function) -> TokenStream {
    match function {
        Function::Extern { index, .. } => {
            let name = own_name(&code.rust.schema.externs.functions[index]);
            quote!(#name)
        }
        Function::Crc(crc) => {
            let table = format_ident!("{}", crc.constant);
            quote!(#table)
        }
        Function::Sum(bits) => {
            let name = format_ident!("Sum{bits}");
            quote!(checksum::#name)
        }
        Function::Xor8 => quote!(checksum::Xor8),
        Function::Adler32 => quote!(checksum::Adler32),
        Function::Internet => quote!(checksum::Internet),
    }
}

/// How many bits the value of a function has in Rust.
fn value_bits(function: Function) -> u8 {
    function.bits().next_power_of_two()
}

/// The tables of the CRCs.
pub(super) fn tables(rust: &Rust<'_>) -> TokenStream {
    let layouts = rust.schema.structs.iter().chain(rust.schema.messages.iter().map(|message| &message.layout));
    let mut used: BTreeMap<&str, &Crc> = BTreeMap::new();
    let mut own: BTreeSet<usize> = BTreeSet::new();
    for field in layouts.flat_map(|layout| &layout.fields) {
        match field.role {
            Role::Checksum(Checksum { function: Function::Crc(crc), .. }) => drop(used.insert(crc.constant, crc)),
            Role::Checksum(Checksum { function: Function::Extern { index, .. }, .. }) => drop(own.insert(index)),
            _ => {}
        }
    }
    let table = |crc: &Crc| {
        let (name, width) = (format_ident!("{}", crc.constant), format_ident!("u{}", crc.width.next_power_of_two()));
        let docs = format!(" {} of the catalogue.", crc.title());
        quote! {
            #[doc = #docs]
            static #name: checksum::Crc<#width> = checksum::Crc::<#width>::new(&checksum::catalogue::#name);
        }
    };
    let own = own.into_iter().map(|index| own_function(&rust.schema.externs.functions[index]));
    used.into_values().map(table).chain(own).collect()
}

/// What holds a function that is written in Rust; there is no CRC of that name.
fn own_name(function: &ExternFunction) -> Ident {
    format_ident!("{}", function.name.to_ascii_uppercase())
}

fn own_function(function: &ExternFunction) -> TokenStream {
    let (name, ty, path) = (own_name(function), format_ident!("u{}", function.bits), names::path(&function.path));
    let docs = docs(&function.docs, || format!("`{}`, which is written in Rust.", function.name));
    quote! {
        #docs
        static #name: own::Custom<#ty> = own::Custom(#path);
    }
}

/// A statement without its semicolon.
fn expression(statement: TokenStream) -> TokenStream {
    let mut tokens: Vec<TokenTree> = statement.into_iter().collect();
    tokens.pop_if(|last| matches!(last, TokenTree::Punct(sign) if sign.as_char() == ';'));
    tokens.into_iter().collect()
}

impl Encoder<'_> {
    /// The statements that put a checksum on the wire, or keep its place.
    pub(super) fn write_checksum(&mut self, at: usize, checksum: Checksum, int: &Int) -> TokenStream {
        if self.is_ready(at, checksum) {
            let (value, write) = self.value_of_checksum(at, checksum, int, at);
            return quote!(#value #write);
        }
        self.marks.insert(at);
        let width = literal::number(self.code.field(at).size.least.into());
        quote!(writer.pad(0, #width);)
    }

    /// Whether all that a checksum covers stands in front of it.
    fn is_ready(&self, at: usize, checksum: Checksum) -> bool {
        checksum.last < at && self.due.contains(&(at, at))
    }

    /// The statements behind a field that write the checksums which have waited for it.
    pub(super) fn patches(&mut self, behind: usize) -> TokenStream {
        let due: Vec<usize> = self.due.iter().filter(|(_, due)| *due == behind).map(|(at, _)| *at).collect();
        let patch = |at: usize| {
            let checksum = self.code.layout.checksum(at)?;
            let Type::Int(int, _) = &self.code.field(at).ty else { return None };
            if self.is_ready(at, checksum) {
                return None;
            }
            let (value, write) = self.value_of_checksum(at, checksum, int, behind + 1);
            let place = self.code.names.beside(at, "at");
            let write = expression(write);
            Some(quote!(#value writer.patch(#place, |writer| #write);))
        };
        due.into_iter().filter_map(patch).collect()
    }

    /// The statement that computes a checksum in front of the field `next`, and the one that writes it.
    fn value_of_checksum(
        &mut self,
        at: usize,
        checksum: Checksum,
        int: &Int,
        next: usize,
    ) -> (TokenStream, TokenStream) {
        let (start, how) = (self.mark(checksum.first), function(self.code, checksum.function));
        let end = if checksum.last + 1 == next { quote!(writer.offset()) } else { self.mark(checksum.last + 1) };
        let (local, ty) = (self.code.names.local(at), shape::int_type(int));
        let same = shape::int_bits(int).0 == value_bits(checksum.function);
        let value = if same { quote!(#local) } else { quote!(#ty::from(#local)) };
        (quote!(let #local = writer.checksum(&#how, #start..#end);), write_int(int, &value))
    }

    /// The variable that holds where a field starts.
    fn mark(&mut self, field: usize) -> TokenStream {
        self.marks.insert(field);
        let name = self.code.names.beside(field, "at");
        quote!(#name)
    }

    /// All statements that write the fields.
    pub(super) fn writes(&mut self) -> TokenStream {
        let count = self.code.end();
        let writes: Vec<TokenStream> = (0..count)
            .map(|at| {
                let (write, patches) = (self.write(at), self.patches(at));
                quote!(#write #patches)
            })
            .collect();
        let marked = writes.into_iter().enumerate().map(|(at, write)| {
            let mark = self.marks.contains(&at).then(|| {
                let name = self.code.names.beside(at, "at");
                quote!(let #name = writer.offset();)
            });
            quote!(#mark #write)
        });
        marked.collect()
    }
}
