//! From a struct to its implementation, or to all that is wrong with it.

use crate::schema::{self, Described, RustField};
use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::spanned::Spanned as _;
use syn::{Data, DeriveInput, Fields, FieldsNamed, GenericParam};
use wm_schema::codegen::rust;
use wm_schema::diagnostic::{Code, Diagnostic, Severity};
use wm_schema::draft::{Draft, FieldKind, Held, RustShape};
use wm_schema::ir::{Content, Int, Role, Schema, Type};
use wm_schema::{dsl, resolve};

/// The implementation; on a mistake one that does nothing, so that the mistake is the only message.
pub(crate) fn expand(input: &DeriveInput) -> TokenStream {
    match implement(input) {
        Ok(implementation) => implementation,
        Err(errors) => {
            let errors = errors.iter().map(syn::Error::to_compile_error);
            let stub = stub(input);
            quote!(#(#errors)* #stub)
        }
    }
}

fn implement(input: &DeriveInput) -> Result<TokenStream, Vec<syn::Error>> {
    let fields = named_fields(input).map_err(|error| vec![error])?;
    let mut errors = Vec::new();
    let described = schema::describe(input, fields, &mut errors);
    if !errors.is_empty() {
        return Err(errors);
    }
    let parsed = dsl::read(&described.text.source);
    let to_errors = |diagnostics: &[Diagnostic]| -> Vec<syn::Error> {
        let wrong = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error);
        wrong.map(|diagnostic| error(&described, &parsed.places, diagnostic)).collect()
    };
    let mut draft = parsed.draft.as_ref().map_err(|diagnostics| to_errors(diagnostics))?.clone();
    let lifetime = input.generics.lifetimes().next().is_some();
    shape(&mut draft, &described.fields, lifetime);
    let resolved = resolve::resolve(&draft);
    let Some(schema) = resolved.schema else { return Err(to_errors(&resolved.diagnostics)) };
    let place = |name: &str| {
        let line = draft.layouts.iter().flat_map(|layout| &layout.fields).find_map(|line| match &line.kind {
            FieldKind::Named(found, _) if found.text == name => parsed.places.range(found.origin),
            _ => None,
        });
        line.map_or_else(Span::call_site, |range| described.text.span(range))
    };
    let misfits = misfits(&schema, &described, place);
    if misfits.is_empty() { Ok(rust::implement(&schema, &described.runtime)) } else { Err(misfits) }
}

/// The fields of a struct that a message can be.
fn named_fields(input: &DeriveInput) -> syn::Result<&FieldsNamed> {
    let odd = input.generics.params.iter().filter(|param| !matches!(param, GenericParam::Lifetime(_)));
    if let Some(param) = odd.chain(input.generics.params.iter().skip(1)).next() {
        let why = "not implemented yet [WM102]: a message has at most one lifetime, and no other parameter";
        return Err(syn::Error::new(param.span(), why));
    }
    match &input.data {
        Data::Struct(data) => match &data.fields {
            Fields::Named(fields) => Ok(fields),
            other => {
                let span = if other.is_empty() { input.ident.span() } else { other.span() };
                let why = "unexpected syntax [WM101]: a message has fields with names\nhelp: write `struct Line<'a> { text: \
                           &'a str }`";
                Err(syn::Error::new(span, why))
            }
        },
        Data::Enum(_) | Data::Union(_) => {
            let why = "unexpected syntax [WM101]: a message is a struct\nhelp: derive `Protocol` on a struct for each message";
            Err(syn::Error::new(input.ident.span(), why))
        }
    }
}

/// Tells the draft that Rust has the struct already, and how it holds each field.
fn shape(draft: &mut Draft, fields: &[RustField], lifetime: bool) {
    // The schema is no file: there are no lines to point at.
    draft.lines.clear();
    for layout in &mut draft.layouts {
        layout.rust = RustShape::Existing { lifetime };
        for line in &mut layout.fields {
            let FieldKind::Named(name, _) = &line.kind else { continue };
            if let Some(field) = fields.iter().find(|field| field.name == name.text) {
                line.held = field.held;
            }
        }
    }
}

/// What the language allows, but this struct cannot hold.
fn misfits(schema: &Schema, described: &Described, place: impl Fn(&str) -> Span) -> Vec<syn::Error> {
    let mut errors = Vec::new();
    for line in schema.messages.iter().flat_map(|message| &message.layout.fields) {
        let field = described.fields.iter().find(|field| field.name == line.name);
        match (field, &line.role) {
            (Some(field), Role::Value) => errors.extend(misfit(field, &line.ty, line.held)),
            (Some(field), Role::Constant(_) | Role::Computed(_) | Role::Checksum(_) | Role::Sender(_)) => {
                let why = format!("`{}` is not set by anybody: it is constant or computed", field.name);
                let help = "remove the field, and say `#[wm(line = \"…\")]` where it stood";
                errors.push(message(field.span, Code::BadRustType, &why, "", help));
            }
            (None, Role::Value) => {
                let why = format!(
                    "the line `{}` is neither constant nor computed, and the struct has no such field",
                    line.name
                );
                errors.push(message(
                    place(&line.name),
                    Code::MissingEquation,
                    &why,
                    "",
                    "give it a value with `=`, or make it a field",
                ));
            }
            (None, Role::Constant(_) | Role::Computed(_) | Role::Checksum(_) | Role::Sender(_)) => {}
        }
    }
    errors
}

/// A Rust type that does not hold what stands on the wire.
fn misfit(field: &RustField, ty: &Type, held: Held) -> Option<syn::Error> {
    let found = schema::type_word(&field.ty);
    let expected = match ty {
        Type::Int(Int::Flag, _) => "bit".to_owned(),
        Type::Int(int, _) => rust::integer_type(int),
        Type::Float { bytes: 4, .. } => "f32".to_owned(),
        Type::Float { .. } => "f64".to_owned(),
        Type::Bytes(_) if held == Held::Serde => return None,
        Type::Bytes(bytes) => match bytes.content {
            Content::Bytes => "bytes".to_owned(),
            Content::Str | Content::Ascii | Content::Word(_) => "str".to_owned(),
            Content::Json | Content::JsonBody(_) => "json".to_owned(),
        },
        Type::Constant(_) | Type::Enum(_) | Type::Struct(_) | Type::List { .. } => {
            let why = "derived messages have no lists, enums and structs in them yet";
            return Some(message(
                schema::type_span(&field.ty),
                Code::NotYet,
                why,
                "",
                "write the message in a `.wm` file",
            ));
        }
    };
    if found == Some(&*expected) {
        return None;
    }
    let rust = match expected.as_str() {
        "bytes" => "`&'a [u8]` or `Vec<u8>`",
        "str" => "`&'a str` or `String`",
        "json" => "`Json<'a>`",
        "bit" => "`bool`",
        number => &format!("`{number}`"),
    };
    let why = format!("`{}` is held by {rust}", field.name);
    Some(message(schema::type_span(&field.ty), Code::BadRustType, &why, "", &format!("make it {rust}")))
}

fn error(described: &Described, places: &dsl::Places, diagnostic: &Diagnostic) -> syn::Error {
    let range = places.range(diagnostic.origin).unwrap_or(0..0);
    let span = described.text.span(range);
    let hint = match diagnostic.code {
        Code::MissingLength => "\nas an attribute: `prefix = \"u16\"`, `until = \"\\n\"` or `fixed = 16`",
        Code::Unbounded => {
            "\nas an attribute: `len = \"u32\", counts = \"frame\"` on the struct, or `until = \"\\n\"` on the field"
        }
        _ => "",
    };
    let help = format!("{}{hint}", diagnostic.help);
    message(span, diagnostic.code, &diagnostic.label, &diagnostic.why, &help)
}

/// One message: title, what, why, and what to type.
fn message(span: Span, code: Code, label: &str, why: &str, help: &str) -> syn::Error {
    let mut text = format!("{} [{code}]: {label}", code.title());
    for (word, what) in [("why", why), ("help", help)] {
        if !what.is_empty() {
            text.push_str(&format!("\n{word}: {what}"));
        }
    }
    syn::Error::new(span, text)
}

/// An implementation that is never run.
fn stub(input: &DeriveInput) -> TokenStream {
    let ident = &input.ident;
    if input.generics.type_params().next().is_some()
        || input.generics.const_params().next().is_some()
        || input.generics.lifetimes().nth(1).is_some()
    {
        return TokenStream::new();
    }
    let borrows = input.generics.lifetimes().next().is_some();
    let (own, view, generics, ty) = if borrows {
        (quote!(#ident<'static>), quote!(#ident<'a>), quote!(<'a>), quote!(#ident<'a>))
    } else {
        (quote!(#ident), quote!(Self), quote!(), quote!(#ident))
    };
    let frame = if borrows { quote!(&'a [u8]) } else { quote!(&[u8]) };
    quote! {
        const _: () = {
            use ::wm_core::protocol::Message as WireMessage;
            use ::wm_core::wire as wm;

            const STUB: &wm::Field = &wm::Field::new("", "", 0);

            impl #generics #ty {
                pub const FRAME_BYTES_MAX: usize = 0;

                pub fn decode(_: #frame) -> ::core::result::Result<Self, wm::DecodeError> {
                    Err(wm::DecodeError::new(STUB, 0, wm::Fault::NoDigits))
                }

                pub fn measure(&self) -> ::core::result::Result<usize, wm::EncodeError> {
                    Ok(0)
                }

                pub fn encode(&self, _: &mut wm::BytesMut) -> ::core::result::Result<(), wm::EncodeError> {
                    Ok(())
                }
            }

            impl WireMessage for #own {
                type View<'a> = #view;
                type Scan = ();
                const PROTOCOL: &'static str = "";
                const FRAME_BYTES_MAX: usize = 0;

                fn input(_: &mut (), _: &[u8]) -> ::core::result::Result<wm::Input, wm::DecodeError> {
                    Ok(wm::Input::Need(1))
                }

                fn decode(_: &mut [u8]) -> ::core::result::Result<Self::View<'_>, wm::DecodeError> {
                    Err(wm::DecodeError::new(STUB, 0, wm::Fault::NoDigits))
                }

                fn encode(_: &Self::View<'_>, _: &mut wm::BytesMut) -> ::core::result::Result<(), wm::EncodeError> {
                    Ok(())
                }
            }
        };
    }
}
