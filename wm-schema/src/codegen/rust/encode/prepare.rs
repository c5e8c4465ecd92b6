//! What is made ready before a message is measured and written: what serde writes, what types and transforms of the user's
//! say. It may be refused, and is done once.

use super::super::layout::LayoutCode;
use super::super::{names, shape};
use super::measure_body;
use crate::ir::{Bytes, Content, Held, Role, Type, Via};
use proc_macro2::{Ident, TokenStream};
use quote::quote;

/// Values that are not on the wire as Rust holds them, and that may be refused: each is made ready once, for its size and for
/// its bytes, in a variable of its name.
pub(super) struct Prepared {
    /// The statements that make them ready.
    pub(super) lets: Vec<TokenStream>,
    /// The same for `measure`, which hands on those that it needs.
    pub(super) measured: Vec<TokenStream>,
    pub(super) locals: Vec<Local>,
    pub(super) needs_self: bool,
    needs_sender: bool,
}

/// The variable of a prepared value, its type, and how it is handed on.
pub(super) struct Local {
    pub(super) name: Ident,
    pub(super) ty: TokenStream,
    passed: TokenStream,
}

impl Prepared {
    pub(super) fn measure_call(&self) -> TokenStream {
        let passed = self.locals.iter().map(|local| &local.passed);
        let this = if self.needs_self { quote!(self.) } else { quote!(Self::) };
        let from = self.needs_sender.then(|| quote!(from));
        quote!(#this measure_with(#(#passed,)* #from))
    }
}

pub(super) fn prepared(code: &LayoutCode<'_>) -> Prepared {
    let body = measure_body(code);
    let (mut lets, mut measured, mut locals) = (Vec::new(), Vec::new(), Vec::new());
    for (at, (statement, local)) in (0..code.end()).filter_map(|at| Some((at, prepare(code, at)?))) {
        let needed = names::mentions(&body, &local.name.to_string());
        measured.push(if needed { statement.clone() } else { refuse(code, at) });
        lets.push(statement);
        locals.extend(needed.then_some(local));
    }
    let needs_self = names::mentions(&body, "self");
    Prepared { lets, measured, locals, needs_self, needs_sender: code.reads_sender() }
}

/// The statement that makes a value ready, if it needs one.
fn prepare(code: &LayoutCode<'_>, at: usize) -> Option<(TokenStream, Local)> {
    let (field, local, constant) = (code.field(at), code.names.local(at), code.constant(at));
    if field.role != Role::Value {
        return None;
    }
    let name = names::ident(&field.name);
    let own_via = match field.ty {
        Type::Bytes(Bytes { via: Some(Via::Extern(index)), .. }) => Some(index),
        _ => None,
    };
    if shape::is_serialized(field) {
        let statement = quote!(let #local = json::to_string(&self.#name, #constant)?;);
        return Some((statement, Local { name: local.clone(), ty: quote!(&str), passed: quote!(&#local) }));
    }
    match (own_via, field.held) {
        (_, Held::Converted) => Some(convert(code, at)),
        (Some(index), _) => Some(apply(code, at, index)),
        (None, _) => None,
    }
}

/// The statement that only asks whether a type of the user's can be sent.
fn refuse(code: &LayoutCode<'_>, at: usize) -> TokenStream {
    let (field, local, constant) = (code.field(at), code.names.local(at), code.constant(at));
    let (name, (wire, _)) = (names::ident(&field.name), shape::converted_from(&field.ty));
    match field.is_optional() {
        true => quote!(if let Some(#local) = &self.#name { own::to_wire::<#wire, _>(#local, #constant)?; }),
        false => quote!(own::to_wire::<#wire, _>(&self.#name, #constant)?;),
    }
}

/// What stands on the wire for a type of the user's.
fn convert(code: &LayoutCode<'_>, at: usize) -> (TokenStream, Local) {
    let (field, local, constant) = (code.field(at), code.names.local(at), code.constant(at));
    let name = names::ident(&field.name);
    let (wire, is_number) = shape::converted_from(&field.ty);
    let held = if is_number { wire.clone() } else { quote!(&#wire) };
    let statement = match (field.is_optional(), is_number) {
        (false, true) => quote!(let #local = own::to_wire::<#wire, _>(&self.#name, #constant)?.into_owned();),
        (false, false) => quote! {
            let #local = own::to_wire::<#wire, _>(&self.#name, #constant)?;
            let #local = &*#local;
        },
        (true, true) => quote! {
            let #local = match &self.#name {
                Some(#local) => Some(own::to_wire::<#wire, _>(#local, #constant)?.into_owned()),
                None => None,
            };
        },
        (true, false) => quote! {
            let #local = match &self.#name {
                Some(#local) => Some(own::to_wire::<#wire, _>(#local, #constant)?),
                None => None,
            };
            let #local = #local.as_deref();
        },
    };
    let ty = if field.is_optional() { quote!(Option<#held>) } else { held };
    (statement, Local { name: local.clone(), ty, passed: quote!(#local) })
}

/// The variable of what stands on the wire for content that a transform of the user's is applied to.
pub(in crate::codegen::rust) fn applied(code: &LayoutCode<'_>, at: usize) -> Ident {
    code.names.beside(at, "wire")
}

/// The statement that applies a transform of the user's.
fn apply(code: &LayoutCode<'_>, at: usize, index: usize) -> (TokenStream, Local) {
    let (field, constant, wire) = (code.field(at), code.constant(at), applied(code, at));
    let (name, local) = (names::ident(&field.name), code.names.local(at));
    let via = names::path(&code.rust.schema.externs.vias[index].path);
    let text = !matches!(field.ty, Type::Bytes(Bytes { content: Content::Bytes, .. }));
    let statement = if field.is_optional() {
        let held = if field.held == Held::Owned { quote!(self.#name.as_deref()) } else { quote!(self.#name) };
        let content = if text { quote!(#local.as_bytes()) } else { quote!(#local) };
        quote! {
            let #wire = #held.map(|#local| own::applied::<#via>(#content, #constant));
            let #wire = #wire.transpose()?.unwrap_or_default();
        }
    } else {
        let content = match field.held {
            _ if text => quote!(self.#name.as_bytes()),
            Held::Owned => quote!(&self.#name),
            _ => quote!(self.#name),
        };
        quote!(let #wire = own::applied::<#via>(#content, #constant)?;)
    };
    (statement, Local { passed: quote!(&#wire), ty: quote!(&[u8]), name: wire })
}
