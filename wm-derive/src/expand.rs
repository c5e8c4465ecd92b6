//! `#[derive(Protocol)]`: a struct that is all of its protocol.

use crate::compile::Items;
use crate::items::RustStruct;
use crate::report::message;
use crate::stub;
use proc_macro2::TokenStream;
use quote::quote;
use syn::{Data, DeriveInput};
use wm_schema::codegen::rust;
use wm_schema::diagnostic::Code;

/// The implementation; on a mistake one that does nothing, so that the mistake is the only message.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    match implement(input) {
        Ok(implementation) => implementation,
        Err(errors) => {
            let errors = errors.iter().map(syn::Error::to_compile_error);
            let stub = stub::message(&input.ident, &input.generics, &quote!(::wm_core));
            quote!(#(#errors)* #stub)
        }
    }
}

fn implement(input: &DeriveInput) -> Result<TokenStream, Vec<syn::Error>> {
    let Data::Struct(data) = &input.data else {
        let help = "derive `Protocol` on a struct for each message; an enum that it holds stands beside it in a module, \
                    `#[protocol] mod …`";
        return Err(vec![message(input.ident.span(), Code::Syntax, "a message is a struct", "", help)]);
    };
    let mut errors = Vec::new();
    let Some(mut item) = RustStruct::read(&input.ident, &input.attrs, &input.generics, &data.fields, &mut errors)
    else {
        return Err(errors);
    };
    item.is_message = true;
    let said = std::mem::take(&mut item.said.protocol);
    let (ident, span) = (item.name.clone(), item.span);
    let items = Items { ident, span, structs: vec![item], enums: Vec::new(), sees_all: false };
    let schema = items.compile(&said, errors)?;
    let runtime = said.runtime.map_or_else(|| "::wm_core".to_owned(), |said| said.value);
    Ok(rust::implement(&schema, &runtime))
}
