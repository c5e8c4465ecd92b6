//! The structs and enums of Rust that a schema is made of.

use crate::attributes::{self, FieldAttributes, ItemAttributes, On, Said};
use crate::report::message;
use crate::rust_type::{self, RustType};
use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Attribute, Expr, ExprLit, Field, Fields, FieldsNamed, GenericParam, Generics, Ident, Variant};
use wm_schema::diagnostic::Code;
use wm_schema::draft::Held;

/// A struct.
#[derive(Debug)]
pub(crate) struct RustStruct {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// Whether it travels alone.
    pub(crate) is_message: bool,
    pub(crate) lifetime: bool,
    pub(crate) said: ItemAttributes,
    pub(crate) fields: Vec<RustField>,
}

/// A field, or what a variant holds.
#[derive(Debug)]
pub(crate) struct RustField {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) ty: RustType,
    pub(crate) type_span: Span,
    /// Whether it is an `Option`.
    pub(crate) optional: bool,
    pub(crate) said: FieldAttributes,
}

impl RustField {
    /// How Rust holds it.
    pub(crate) fn held(&self) -> Held {
        match self.said.json {
            Some(_) if self.ty != RustType::Json => Held::Serde,
            _ if is_converted(&self.said, &self.ty) => Held::Converted,
            _ => self.ty.held(),
        }
    }
}

/// Whether a type is the user's, and made of what stands on the wire: `as` says that, and does not name the type.
pub(crate) fn is_converted(said: &FieldAttributes, ty: &RustType) -> bool {
    let Some(wire) = &said.ty else { return false };
    let mut words = wire.value.split(|letter: char| !letter.is_alphanumeric() && letter != '_');
    match ty {
        RustType::Named(name) => {
            let first = words.next().unwrap_or_default();
            !matches!(first, "headers" | "json") && first != name && words.all(|word| word != name)
        }
        RustType::Odd => true,
        _ => false,
    }
}

/// An enum.
#[derive(Debug)]
pub(crate) struct RustEnum {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) lifetime: bool,
    pub(crate) kind: EnumKind,
    pub(crate) said: ItemAttributes,
    pub(crate) variants: Vec<RustVariant>,
}

/// What an enum is on the wire.
#[derive(Debug)]
pub(crate) enum EnumKind {
    /// An integer whose values have names.
    Numbers(Said),
    /// One of several layouts, behind a tag.
    Tagged(Said),
    /// One of several layouts, which an earlier field chooses.
    Chosen,
}

/// A variant of an enum.
#[derive(Debug)]
pub(crate) struct RustVariant {
    pub(crate) name: String,
    pub(crate) span: Span,
    /// The values that it stands for, or that choose it.
    pub(crate) values: Option<Said>,
    /// Whether it takes all other values.
    pub(crate) other: bool,
    /// What it holds, and what its attributes say of that.
    pub(crate) payload: Option<RustField>,
}

impl RustStruct {
    /// Reads a struct; what cannot be read is added to `errors`.
    pub(crate) fn read(
        ident: &Ident,
        attributes: &[Attribute],
        generics: &Generics,
        fields: &Fields,
        errors: &mut Vec<syn::Error>,
    ) -> Option<Self> {
        let lifetime = lifetime(generics, errors)?;
        let named = named(ident, fields, errors)?;
        let said = attributes::of_item(attributes, errors);
        for said in [&said.tag, &said.repr].into_iter().flatten() {
            let help = "a struct has fields, one behind the other: say it of one of them";
            errors.push(message(said.span, Code::BadAttribute, "this is for enums", "", help));
        }
        let fields = named.named.iter().filter_map(|field| {
            let ident = field.ident.as_ref()?;
            Some(read_field(field, ident, errors))
        });
        let fields = fields.collect();
        Some(Self { name: ident.unraw().to_string(), span: ident.span(), is_message: false, lifetime, said, fields })
    }
}

fn read_field(field: &Field, ident: &Ident, errors: &mut Vec<syn::Error>) -> RustField {
    let mut said = FieldAttributes::default();
    attributes::of_field(&mut said, &field.attrs, On::Field, errors);
    let (ty, optional) = rust_type::without_option(&field.ty);
    RustField {
        name: ident.unraw().to_string(),
        span: ident.span(),
        ty: RustType::of(ty),
        type_span: rust_type::span(ty),
        optional,
        said,
    }
}

impl RustEnum {
    /// Reads an enum; what cannot be read is added to `errors`.
    pub(crate) fn read(item: &syn::ItemEnum, errors: &mut Vec<syn::Error>) -> Option<Self> {
        let lifetime = lifetime(&item.generics, errors)?;
        let mut said = attributes::of_item(&item.attrs, errors);
        let params = said.params.as_ref().filter(|_| said.tag.is_none());
        let words = [said.from.as_ref(), params].into_iter().flatten().map(|said| said.span);
        // How deep a union may stand in itself, it says itself.
        let behind = said.behind.iter().filter(|behind| said.repr.is_some() || !behind.value.starts_with("depth "));
        for span in words.chain(behind.map(|said| said.span)) {
            let help = "put the enum into a struct, and say it there";
            errors.push(message(span, Code::BadAttribute, "this is for structs", "", help));
        }
        let kind = match (said.repr.take().or_else(|| repr(&item.attrs)), &said.tag) {
            (Some(repr), None) => EnumKind::Numbers(repr),
            (None, None) => EnumKind::Chosen,
            (_, Some(_)) => EnumKind::Tagged(said.tag.take()?),
        };
        let variants = item.variants.iter().filter_map(|variant| read_variant(variant, errors)).collect();
        let ident = &item.ident;
        Some(Self { name: ident.unraw().to_string(), span: ident.span(), lifetime, kind, said, variants })
    }
}

fn read_variant(variant: &Variant, errors: &mut Vec<syn::Error>) -> Option<RustVariant> {
    let mut said = FieldAttributes::default();
    attributes::of_field(&mut said, &variant.attrs, On::Variant, errors);
    let discriminant = match &variant.discriminant {
        None => None,
        Some((_, Expr::Lit(ExprLit { lit, .. }))) if attributes::value(lit).is_some() => attributes::value(lit),
        Some((_, other)) => {
            let help = "write the number itself: `= 1`, `= 0x10`, `= b'+'`";
            errors.push(message(other.span(), Code::BadLiteral, "the value is no literal", "", help));
            None
        }
    };
    if let (Some(_), Some(second)) = (&said.values, &discriminant) {
        errors.push(message(second.span, Code::BadAttribute, "its value is said twice", "", "remove one of the two"));
    }
    let values = said.values.take().or(discriminant);
    let (name, span) = (variant.ident.unraw().to_string(), variant.ident.span());
    let other = said.other.is_some() || (name == "Other" && values.is_none());
    for line in said.before.iter().chain(&said.after).chain(said.counts.as_ref()) {
        let help = "make it a struct, and say it there";
        errors.push(message(line.span, Code::BadAttribute, "a variant is one field", "", help));
    }
    let payload = match &variant.fields {
        Fields::Unit => None,
        Fields::Unnamed(fields) if fields.unnamed.len() == 1 => {
            let field = &fields.unnamed[0];
            attributes::of_field(&mut said, &field.attrs, On::Field, errors);
            let (ty, optional) = rust_type::without_option(&field.ty);
            let (ty, type_span) = (RustType::of(ty), rust_type::span(ty));
            Some(RustField { name: name.clone(), span, ty, type_span, optional, said })
        }
        fields => {
            let why = "a variant holds one value, or none, as in the Rust that a `.wm` file becomes";
            let help = format!("write a struct for its fields: `{name}({name})`");
            errors.push(message(fields.span(), Code::BadRustType, "a variant of several fields", why, &help));
            return None;
        }
    };
    Some(RustVariant { name, span, values, other, payload })
}

/// `u8` of `#[repr(u8)]`.
fn repr(attributes: &[Attribute]) -> Option<Said> {
    let repr = attributes.iter().find(|attribute| attribute.path().is_ident("repr"))?;
    let ident: Ident = repr.parse_args().ok()?;
    Some(Said { value: ident.to_string(), span: ident.span() }).filter(|said| said.value.starts_with('u'))
}

/// Whether a type has a lifetime; none if it has other parameters.
fn lifetime(generics: &Generics, errors: &mut Vec<syn::Error>) -> Option<bool> {
    let odd = generics.params.iter().filter(|param| !matches!(param, GenericParam::Lifetime(_)));
    if let Some(param) = odd.chain(generics.params.iter().skip(1)).next() {
        let label = "a message has at most one lifetime, and no other parameter";
        let why = "it borrows from one frame, and what stands on the wire is known when it is compiled";
        let help = "name the types that it holds, or write the message once for each";
        errors.push(message(param.span(), Code::BadRustType, label, why, help));
        return None;
    }
    Some(!generics.params.is_empty())
}

/// The fields of a struct that a layout can be.
fn named<'f>(ident: &Ident, fields: &'f Fields, errors: &mut Vec<syn::Error>) -> Option<&'f FieldsNamed> {
    let Fields::Named(named) = fields else {
        let span = if fields.is_empty() { ident.span() } else { fields.span() };
        let help = "write `struct Line<'a> { text: &'a str }`";
        errors.push(message(span, Code::Syntax, "a message has fields with names", "", help));
        return None;
    };
    Some(named)
}
