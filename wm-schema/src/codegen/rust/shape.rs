//! How Rust holds a schema: which type a field has, what borrows, what can be copied.

use super::names::ty;
use crate::ir::{
    By, Bytes, Choice, Content, Extent, Field, Held, Int, JsonType, Layout, Role, RustShape, Schema, Type,
};
use proc_macro2::TokenStream;
use quote::{format_ident, quote};

/// What a derived trait asks of every part of a type.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trait {
    Copy,
    Eq,
}

/// Whether a layout's struct has a lifetime.
pub(super) fn borrows(schema: &Schema, layout: &Layout) -> bool {
    match layout.rust {
        RustShape::Existing { lifetime } => lifetime,
        RustShape::Generated => held(layout).any(|field| is_pointed(field) || field_borrows(schema, field)),
    }
}

/// Whether a field has a lifetime; a type of the user's has one if its path says so.
pub(super) fn field_borrows(schema: &Schema, field: &Field) -> bool {
    field.converted.as_ref().map_or_else(|| type_borrows(schema, &field.ty), |path| path.contains("'a"))
}

/// Whether the type of a value has a lifetime.
pub(super) fn type_borrows(schema: &Schema, ty: &Type) -> bool {
    match ty {
        Type::Bytes(Bytes { content: Content::JsonBody(body), .. }) => body_borrows(schema, *body),
        Type::Bytes(Bytes { content: Content::Word(words), .. }) => schema.words[*words].open,
        Type::Bytes(_) | Type::List { .. } => true,
        Type::Struct(at) => borrows(schema, &schema.structs[*at]),
        Type::Constant(_) | Type::Filler(_) | Type::Int(..) | Type::Float { .. } | Type::Enum(_) => false,
    }
}

/// Whether a typed JSON body has a lifetime.
pub(super) fn body_borrows(schema: &Schema, body: usize) -> bool {
    schema.json_bodies[body].members.iter().any(|member| match member.ty {
        JsonType::Str | JsonType::Base64 => true,
        JsonType::Body(inner) => inner != body && body_borrows(schema, inner),
        JsonType::Bool | JsonType::Int { .. } | JsonType::Float => false,
    })
}

/// The fields that users set.
pub(super) fn values(layout: &Layout) -> impl Iterator<Item = &Field> {
    layout.fields.iter().filter(|field| field.role == Role::Value)
}

/// What Rust holds: the fields that users set, and what they point at.
pub(super) fn held(layout: &Layout) -> impl Iterator<Item = &Field> {
    layout.fields.iter().filter(|field| field.role == Role::Value || is_pointed(field))
}

/// Whether a field is read at another place.
pub(super) const fn is_pointed(field: &Field) -> bool {
    matches!(field.role, Role::Pointed(_))
}

/// Whether the user wrote the struct or enum.
pub(super) fn is_written(layout: &Layout) -> bool {
    matches!(layout.rust, RustShape::Existing { .. })
}

/// Whether all values of a layout have a trait; what the user wrote may have none.
pub(super) fn has(schema: &Schema, layout: &Layout, wanted: Trait) -> bool {
    let has = |field: &Field| match is_pointed(field) {
        true => wanted == Trait::Eq,
        false => field_has(schema, field, wanted),
    };
    !is_written(layout) && held(layout).all(has)
}

/// Whether a field has a trait; of a type of the user's that is not known.
pub(super) fn field_has(schema: &Schema, field: &Field, wanted: Trait) -> bool {
    field.held != Held::Converted && type_has(schema, &field.ty, wanted)
}

/// Whether the elements of a list have a trait. What contains itself has what its other parts have.
fn element_has(schema: &Schema, element: &Type, wanted: Trait) -> bool {
    let Type::Struct(at) = element else { return type_has(schema, element, wanted) };
    let Some(nesting) = schema.structs[*at].nesting else { return type_has(schema, element, wanted) };
    let circle = schema.structs.iter().filter(|layout| layout.nesting == Some(nesting));
    if circle.clone().any(is_written) {
        return false;
    }
    let mut fields = circle.flat_map(values);
    let inside = |ty: &Type| match ty {
        Type::Struct(at) => schema.structs[*at].nesting == Some(nesting),
        Type::List { element, .. } => {
            matches!(**element, Type::Struct(at) if schema.structs[at].nesting == Some(nesting))
        }
        _ => false,
    };
    fields.all(|field| inside(&field.ty) || field_has(schema, field, wanted))
}

pub(super) fn type_has(schema: &Schema, ty: &Type, wanted: Trait) -> bool {
    match ty {
        Type::Float { .. } => wanted == Trait::Copy,
        Type::Bytes(Bytes { content: Content::JsonBody(body), .. }) => {
            wanted == Trait::Eq && body_has_eq(schema, *body)
        }
        Type::Struct(at) => has(schema, &schema.structs[*at], wanted),
        Type::List { element, .. } => wanted == Trait::Eq && element_has(schema, element, wanted),
        Type::Enum(at) => wanted == Trait::Copy || schema.enums[*at].rust == RustShape::Generated,
        Type::Constant(_) | Type::Filler(_) | Type::Int(..) | Type::Bytes(_) => true,
    }
}

/// Whether a typed JSON body has no float in it.
pub(super) fn body_has_eq(schema: &Schema, body: usize) -> bool {
    schema.json_bodies[body].members.iter().all(|member| match member.ty {
        JsonType::Float => false,
        JsonType::Body(inner) => body_has_eq(schema, inner),
        JsonType::Str | JsonType::Base64 | JsonType::Bool | JsonType::Int { .. } => true,
    })
}

/// The type of a struct or message, with a lifetime if it has one.
pub(super) fn layout_type(schema: &Schema, layout: &Layout, lifetime: &TokenStream) -> TokenStream {
    let name = ty(&layout.name);
    if borrows(schema, layout) { quote!(#name<#lifetime>) } else { quote!(#name) }
}

/// The type that holds a value.
pub(super) fn value_type(schema: &Schema, held: &Type) -> TokenStream {
    match held {
        Type::Constant(_) | Type::Filler(_) => quote!(()),
        Type::Int(int, _) => int_type(int),
        Type::Float { bytes: 4, .. } => quote!(f32),
        Type::Float { .. } => quote!(f64),
        Type::Enum(at) => {
            let name = ty(&schema.enums[*at].name);
            quote!(#name)
        }
        Type::Bytes(bytes) => match bytes.content {
            Content::Bytes => quote!(&'a [u8]),
            Content::Str | Content::Ascii => quote!(&'a str),
            Content::Headers => quote!(Headers<'a>),
            Content::Word(at) => word_type(schema, at),
            Content::Json => quote!(Json<'a>),
            Content::JsonBody(at) => body_type(schema, at),
        },
        Type::Struct(at) => layout_type(schema, &schema.structs[*at], &quote!('a)),
        Type::List { element, .. } => {
            let element = value_type(schema, element);
            quote!(List<'a, #element>)
        }
    }
}

/// The types of what the elements of a list are handed: how many bytes each takes, then the values of its struct.
pub(super) fn handed(schema: &Schema, layout: &Layout, field: &Field) -> Vec<TokenStream> {
    let Type::List { element, .. } = &field.ty else { return Vec::new() };
    let at = layout.fields.iter().position(|other| other.name == field.name);
    let each = at.and_then(|at| layout.each(at)).map(|_| quote!(usize));
    each.into_iter().chain(parameters(schema, element)).collect()
}

/// The types of what a struct or a union is handed, that which chooses first.
fn parameters(schema: &Schema, element: &Type) -> Vec<TokenStream> {
    let Type::Struct(index) = element else { return Vec::new() };
    let part = &schema.structs[*index];
    let given = match &part.choice {
        Some(Choice { by: By::Given(ty), .. }) => Some(ty),
        _ => None,
    };
    given.into_iter().chain(part.params.iter().map(|param| &param.ty)).map(|ty| value_type(schema, ty)).collect()
}

/// One type, or a tuple of several.
pub(super) fn tuple(types: &[TokenStream]) -> TokenStream {
    match types {
        [only] => only.clone(),
        types => quote!((#(#types),*)),
    }
}

/// The type of a field of a layout; a list of the layout itself is one of `Self`.
pub(super) fn field_type(schema: &Schema, layout: &Layout, field: &Field) -> TokenStream {
    let held = match &field.ty {
        Type::Struct(at) if is_pointed(field) && schema.structs[*at].name == layout.name => quote!(Self),
        _ if field.converted.is_some() => super::names::path(field.converted.as_deref().unwrap_or_default()),
        Type::List { element, .. } if !handed(schema, layout, field).is_empty() => {
            let own = matches!(**element, Type::Struct(at) if schema.structs[at].name == layout.name);
            let element = if own { quote!(Self) } else { value_type(schema, element) };
            let handed = tuple(&handed(schema, layout, field));
            quote!(HandedList<'a, #element, #handed>)
        }
        Type::List { element, .. } if matches!(**element, Type::Struct(at) if schema.structs[at].name == layout.name) =>
        {
            quote!(List<'a, Self>)
        }
        ty => value_type(schema, ty),
    };
    match field {
        field if is_pointed(field) => quote!(Pointed<'a, #held>),
        field if field.is_optional() => quote!(Option<#held>),
        _ => held,
    }
}

/// The type of the wire that a type of the user's is made of, and whether the variable that holds it is borrowed for that.
pub(super) fn converted_from(ty: &Type) -> (TokenStream, bool) {
    match ty {
        Type::Bytes(Bytes { content: Content::Bytes, .. }) => (quote!([u8]), false),
        Type::Bytes(_) => (quote!(str), false),
        Type::Float { bytes: 4, .. } => (quote!(f32), true),
        Type::Float { .. } => (quote!(f64), true),
        Type::Int(int, _) => (int_type(int), true),
        Type::Constant(_) | Type::Filler(_) | Type::Enum(_) | Type::Struct(_) | Type::List { .. } => (quote!(()), true),
    }
}

/// The type of a word: it borrows what has no variant.
pub(super) fn word_type(schema: &Schema, words: usize) -> TokenStream {
    let words = &schema.words[words];
    let name = ty(&words.name);
    if words.open { quote!(#name<'a>) } else { quote!(#name) }
}

/// The type of a typed JSON body.
pub(super) fn body_type(schema: &Schema, body: usize) -> TokenStream {
    let name = ty(&schema.json_bodies[body].name);
    if body_borrows(schema, body) { quote!(#name<'a>) } else { quote!(#name) }
}

/// The type that holds a number.
pub(super) fn int_type(int: &Int) -> TokenStream {
    if *int == Int::Flag {
        return quote!(bool);
    }
    let (bits, signed) = int_bits(int);
    let name = format_ident!("{}{bits}", if signed { 'i' } else { 'u' });
    quote!(#name)
}

/// The bits of the type that holds a number, and whether it has a sign.
pub(super) fn int_bits(int: &Int) -> (u8, bool) {
    match *int {
        Int::Fixed { bytes, signed, .. } => (bytes.next_power_of_two() * 8, signed),
        Int::Varint { signed } | Int::Until { signed, .. } => (64, signed),
        Int::Vlq { .. } | Int::Quic { .. } | Int::Digits { .. } | Int::Escaping(_) => (64, false),
        Int::Bits { bits } => (bits.next_power_of_two().max(8), false),
        Int::Flag => (1, false),
    }
}

/// Whether a value is written by serde, once for its size and its bytes.
pub(super) fn is_serialized(field: &Field) -> bool {
    let typed = matches!(&field.ty, Type::Bytes(bytes) if matches!(bytes.content, Content::JsonBody(_)));
    field.role == Role::Value && (typed || field.held == Held::Serde)
}

/// Whether a layout leaves nothing of what it stands in, whatever is absent.
pub(super) fn leaves_nothing(schema: &Schema, layout: &Layout) -> bool {
    let nothing = |field: &Field| match &field.ty {
        _ if field.region.is_some() || field.leaves.is_some() || is_pointed(field) => false,
        Type::Struct(at) => leaves_nothing(schema, &schema.structs[*at]),
        ty => takes_the_rest(schema, ty),
    };
    match layout.choice {
        Some(_) => layout.fields.iter().all(nothing),
        None => layout.fields.iter().filter(|field| !field.is_optional()).any(nothing),
    }
}

/// Whether a struct takes all that is left of what it stands in.
pub(super) fn takes_the_rest(schema: &Schema, ty: &Type) -> bool {
    match ty {
        Type::Bytes(Bytes { extent: Extent::Rest { .. }, .. }) | Type::List { count: Extent::Rest { .. }, .. } => true,
        Type::Struct(at) => {
            let mut fields = schema.structs[*at].fields.iter().filter(|field| !is_pointed(field));
            fields.any(|field| field.region.is_none() && takes_the_rest(schema, &field.ty))
        }
        _ => false,
    }
}
