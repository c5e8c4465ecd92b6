//! `#[protocol] mod …`: a module whose structs and enums are one protocol.
//!
//! The messages are the structs that derive `Protocol`; what these hold, and what has a `#[wm(…)]` of its own, belongs to
//! the schema too. The module is given back as it was, without the attributes, and with one module in it that
//! holds what was generated.

use crate::attributes::ProtocolAttributes;
use crate::compile::Items;
use crate::items::{EnumKind, RustEnum, RustStruct, is_converted};
use crate::report::message;
use crate::rust_type::{self, RustType};
use crate::stub;
use proc_macro2::{Span, TokenStream};
use quote::{ToTokens as _, quote, quote_spanned};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned as _;
use syn::{Attribute, Field, Fields, Ident, Item, ItemEnum, ItemMod, ItemStruct, Path, Token, Visibility};
use wm_schema::codegen::rust;
use wm_schema::diagnostic::Code;
use wm_schema::ir::{Schema, Side, Type};

/// The module with its implementations; on a mistake with some that do nothing.
pub(crate) fn expand(attributes: TokenStream, module: ItemMod) -> TokenStream {
    let mut errors = Vec::new();
    let said = ProtocolAttributes::of_module(attributes, &mut errors);
    let runtime = said.runtime.as_ref().map_or("::wm_core", |said| said.value.as_str());
    let runtime: TokenStream = runtime.parse().unwrap_or_default();
    let ItemMod { attrs, vis, ident, content, .. } = module;
    let Some((_, mut items)) = content else {
        let help = "write `mod name { … }` with its items: an attribute sees no other file";
        let error = message(ident.span(), Code::Syntax, "the module is elsewhere", "", help).to_compile_error();
        return quote!(#error #(#attrs)* #vis mod #ident;);
    };
    let generated = match compile(&said, &ident, &items, errors) {
        Ok((schema, names, checks)) => {
            let code = rust::complete(&schema, &runtime.to_string(), visible(&items));
            quote! {
                #[allow(unused_imports, reason = "generated")]
                pub use wm_generated::*;

                #checks

                mod wm_generated {
                    #[allow(unused_imports, reason = "generated")]
                    use super::{#(#names),*};
                    #code
                }
            }
        }
        Err(errors) => {
            let errors = errors.iter().map(syn::Error::to_compile_error);
            let stubs = structs(&items)
                .filter(|item| is_message(&item.attrs))
                .map(|item| stub::message(&item.ident, &item.generics, &runtime));
            quote!(#(#errors)* #(#stubs)*)
        }
    };
    items.iter_mut().for_each(strip);
    quote! {
        #(#attrs)*
        #vis mod #ident {
            #(#items)*
            #generated
        }
    }
}

type Compiled = (Schema, Vec<Ident>, TokenStream);

/// The schema, the names of the types that it has from the module, and what the compiler has to check of these.
fn compile(
    said: &ProtocolAttributes,
    ident: &Ident,
    items: &[Item],
    mut errors: Vec<syn::Error>,
) -> Result<Compiled, Vec<syn::Error>> {
    let wanted = belonging(items);
    let (mut rust_structs, mut rust_enums) = (Vec::new(), Vec::new());
    for item in structs(items).filter(|item| wanted.contains(&item.ident)) {
        let read = RustStruct::read(&item.ident, &item.attrs, &item.generics, &item.fields, &mut errors);
        rust_structs.extend(read.map(|read| RustStruct { is_message: is_message(&item.attrs), ..read }));
    }
    for item in enums(items).filter(|item| wanted.contains(&item.ident)) {
        if let Some(span) = derived(&item.attrs) {
            let help = "derive `Protocol` on each of the structs, or put the enum into one: `struct Packet<'a> { body: …<'a> }`";
            let why = "where a side sends several messages, the enum of them is generated";
            errors.push(message(span, Code::BadRustType, "a message is a struct", why, help));
        }
        rust_enums.extend(RustEnum::read(item, &mut errors));
    }
    let inner =
        rust_structs.iter().map(|item| &item.said.protocol).chain(rust_enums.iter().map(|item| &item.said.protocol));
    errors.extend(inner.flat_map(ProtocolAttributes::spans).map(|span| {
        let help = "say it of the module: `#[protocol(…)]`";
        message(span, Code::BadAttribute, "this speaks of the whole protocol", "", help)
    }));
    let items = Items {
        ident: ident.to_string(),
        span: ident.span(),
        structs: rust_structs,
        enums: rust_enums,
        sees_all: true,
    };
    let schema = items.compile(said, errors)?;
    let checks = asked_of_rust(&schema, &items);
    Ok((schema, wanted, checks))
}

/// What generated code asks of the user's types, said where these stand: values of enums are copied and compared, elements
/// of a list are handed out by value, and one of several messages can be shown.
fn asked_of_rust(schema: &Schema, items: &Items) -> TokenStream {
    let layouts = schema.messages.iter().map(|message| &message.layout).chain(&schema.structs);
    let elements: Vec<&str> = layouts
        .flat_map(|layout| &layout.fields)
        .filter_map(|field| match &field.ty {
            Type::List { element, .. } => match **element {
                Type::Struct(index) => Some(schema.structs[index].name.as_str()),
                _ => None,
            },
            _ => None,
        })
        .collect();
    let ask = |name: &str, span: Span, lifetime: bool, traits: TokenStream| {
        let name = Ident::new(name, span);
        let ty = if lifetime { quote_spanned!(span=> #name<'_>) } else { quote_spanned!(span=> #name) };
        quote_spanned! {span=>
            const _: fn() = || {
                const fn is_a_value<T: #traits>() {}
                is_a_value::<#ty>();
            };
        }
    };
    let clone = quote!(::core::clone::Clone);
    let structs = items.structs.iter().map(|item| (&item.name, item.span, item.lifetime));
    let enums = items.enums.iter().map(|item| (&item.name, item.span, item.lifetime));
    let of_elements = structs.chain(enums).filter(|(name, ..)| elements.contains(&name.as_str()));
    let of_elements = of_elements.map(|(name, span, lifetime)| ask(name, span, lifetime, clone.clone()));
    let several = [Side::Client, Side::Server].into_iter().any(|side| schema.sent_by(side).count() > 1);
    let messages = items.structs.iter().filter(|item| several && item.is_message);
    let debug = quote!(::core::fmt::Debug);
    let of_messages = messages.map(|item| ask(&item.name, item.span, item.lifetime, debug.clone()));
    let numbers = items.enums.iter().filter(|item| matches!(item.kind, EnumKind::Numbers(_)));
    let copy = quote!(::core::marker::Copy + ::core::cmp::PartialEq);
    let of_numbers = numbers.map(|item| ask(&item.name, item.span, item.lifetime, copy.clone()));
    of_elements.chain(of_messages).chain(of_numbers).collect()
}

fn structs(items: &[Item]) -> impl Iterator<Item = &ItemStruct> {
    items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(item),
        _ => None,
    })
}

fn enums(items: &[Item]) -> impl Iterator<Item = &ItemEnum> {
    items.iter().filter_map(|item| match item {
        Item::Enum(item) => Some(item),
        _ => None,
    })
}

/// The items that belong to the protocol: messages, what these hold, and what says so itself.
fn belonging(items: &[Item]) -> Vec<Ident> {
    let says = |attrs: &[Attribute]| attrs.iter().any(|attribute| attribute.path().is_ident("wm"));
    let field_says = |field: &Field| says(&field.attrs);
    let mut found: Vec<Ident> = Vec::new();
    let mut open: Vec<Ident> = Vec::new();
    open.extend(
        structs(items)
            .filter(|item| is_message(&item.attrs) || says(&item.attrs) || item.fields.iter().any(field_says))
            .map(|item| item.ident.clone()),
    );
    open.extend(
        enums(items)
            .filter(|item| {
                is_message(&item.attrs) || says(&item.attrs) || item.variants.iter().any(|one| says(&one.attrs))
            })
            .map(|item| item.ident.clone()),
    );
    while let Some(ident) = open.pop() {
        if found.contains(&ident) {
            continue;
        }
        let fields = structs(items).filter(|item| item.ident == ident).flat_map(|item| &item.fields);
        let held = enums(items).filter(|item| item.ident == ident).flat_map(|item| &item.variants);
        let held = held.flat_map(|variant| &variant.fields);
        for name in fields.chain(held).filter_map(named) {
            open.extend(structs(items).map(|item| &item.ident).find(|ident| **ident == name).cloned());
            open.extend(enums(items).map(|item| &item.ident).find(|ident| **ident == name).cloned());
        }
        found.push(ident);
    }
    // In the order of the source.
    let order = items.iter().filter_map(|item| match item {
        Item::Struct(item) => Some(&item.ident),
        Item::Enum(item) => Some(&item.ident),
        _ => None,
    });
    order.filter(|ident| found.contains(ident)).cloned().collect()
}

/// The item that a field holds; what serde reads is none of the schema.
fn named(field: &Field) -> Option<String> {
    let mut said = crate::attributes::FieldAttributes::default();
    crate::attributes::of_field(&mut said, &field.attrs, crate::attributes::On::Field, &mut Vec::new());
    let mut ty = RustType::of(rust_type::without_option(&field.ty).0);
    while let RustType::List(element) | RustType::Handed(element, _) = ty {
        ty = *element;
    }
    // A type of the user's that is made of what stands on the wire is none of the schema.
    let is_its_own = said.json.is_none() && !is_converted(&said, &ty);
    match ty {
        RustType::Named(name) if is_its_own => Some(name),
        _ => None,
    }
}

/// The narrowest visibility of a message, as it is written one module further in.
fn visible(items: &[Item]) -> TokenStream {
    let width = |vis: &Visibility| match vis {
        Visibility::Inherited => 0,
        Visibility::Restricted(within) if within.path.is_ident("self") => 0,
        Visibility::Restricted(within) if within.path.is_ident("super") => 1,
        Visibility::Restricted(within) if within.path.is_ident("crate") => 3,
        Visibility::Restricted(_) => 2,
        Visibility::Public(_) => 4,
    };
    let messages = structs(items).filter(|item| is_message(&item.attrs)).map(|item| &item.vis);
    match messages.min_by_key(|vis| width(vis)) {
        Some(vis) if width(vis) == 0 => quote!(pub(super)),
        Some(vis) if width(vis) == 1 => quote!(pub(in super::super)),
        Some(vis) => quote!(#vis),
        None => quote!(pub),
    }
}

/// Whether a struct derives `Protocol`.
fn is_message(attributes: &[Attribute]) -> bool {
    derived(attributes).is_some()
}

/// Where `Protocol` stands in `#[derive(…)]`.
fn derived(attributes: &[Attribute]) -> Option<Span> {
    let lists = attributes.iter().filter_map(derives);
    lists.flatten().find(is_protocol).map(|path| path.span())
}

fn derives(attribute: &Attribute) -> Option<Punctuated<Path, Token![,]>> {
    let list = attribute.path().is_ident("derive");
    list.then(|| attribute.parse_args_with(Punctuated::parse_terminated).ok()).flatten()
}

fn is_protocol(path: &Path) -> bool {
    path.segments.last().is_some_and(|last| last.ident == "Protocol")
}

/// Takes off what only this attribute understands.
fn strip(item: &mut Item) {
    match item {
        Item::Struct(item) => {
            strip_attributes(&mut item.attrs);
            item.fields.iter_mut().for_each(|field| strip_attributes(&mut field.attrs));
        }
        Item::Enum(item) => {
            let is_union = !item.variants.iter().all(|variant| matches!(variant.fields, Fields::Unit));
            let has_repr = item.attrs.iter().any(|attribute| attribute.path().is_ident("repr"));
            strip_attributes(&mut item.attrs);
            for variant in &mut item.variants {
                strip_attributes(&mut variant.attrs);
                variant.fields.iter_mut().for_each(|field| strip_attributes(&mut field.attrs));
                if is_union && !has_repr {
                    // Rust has no numbers for variants that hold something; the schema has read it.
                    variant.discriminant = None;
                }
            }
        }
        _ => {}
    }
}

fn strip_attributes(attributes: &mut Vec<Attribute>) {
    attributes.retain(|attribute| !attribute.path().is_ident("wm"));
    for attribute in attributes.iter_mut() {
        let Some(list) = derives(attribute) else { continue };
        let rest: Punctuated<Path, Token![,]> = list.into_iter().filter(|path| !is_protocol(path)).collect();
        if let syn::Meta::List(meta) = &mut attribute.meta {
            meta.tokens = rest.to_token_stream();
        }
    }
}
