//! What the language allows, but the Rust that is there cannot hold.

use crate::items::{RustEnum, RustField, RustStruct};
use crate::report::message;
use crate::rust_type::RustType;
use crate::text::Text;
use proc_macro2::Span;
use wm_schema::codegen::rust;
use wm_schema::diagnostic::Code;
use wm_schema::draft::{Draft, FieldKind, Held};
use wm_schema::dsl::Places;
use wm_schema::ir::{By, Choice, Content, Extent, Field, Int, Layout, Role, RustShape, Schema, Type};

/// The items of Rust, and the schema that they have become.
#[derive(Debug)]
pub(crate) struct Fit<'f> {
    pub(crate) schema: &'f Schema,
    pub(crate) draft: &'f Draft,
    pub(crate) text: &'f Text,
    pub(crate) places: &'f Places,
    /// Whether types that the schema alone has can be named by the user.
    pub(crate) sees_all: bool,
}

impl Fit<'_> {
    /// All that does not fit.
    pub(crate) fn misfits(&self, structs: &[RustStruct], enums: &[RustEnum]) -> Vec<syn::Error> {
        let mut errors = Vec::new();
        let layouts = || self.schema.messages.iter().map(|message| &message.layout).chain(&self.schema.structs);
        for item in structs {
            if let Some(layout) = layouts().find(|layout| layout.name == item.name) {
                self.of_struct(layout, item, &mut errors);
            }
        }
        for item in enums {
            if let Some(layout) = layouts().find(|layout| layout.name == item.name) {
                for (arm, variant) in layout.fields.iter().zip(&item.variants) {
                    errors.extend(variant.payload.as_ref().and_then(|payload| self.misfit(payload, arm)));
                }
            }
            self.of_numbers(item, &mut errors);
        }
        errors
    }

    fn of_struct(&self, layout: &Layout, item: &RustStruct, errors: &mut Vec<syn::Error>) {
        for line in &layout.fields {
            let field = item.fields.iter().find(|field| field.name == line.name);
            match (field, &line.role) {
                (Some(field), Role::Value) => errors.extend(self.misfit(field, line)),
                (Some(field), _) => {
                    let label = format!("`{}` is not set by anybody: it is constant or computed", field.name);
                    let help = "remove the field, and say `#[wm(line = \"…\")]` where it stood";
                    errors.push(message(field.span, Code::BadRustType, &label, "", help));
                }
                (None, Role::Value) => {
                    let label = format!(
                        "the line `{}` is neither constant nor computed, and the struct has no such field",
                        line.name
                    );
                    let help = "give it a value with `=`, or make it a field";
                    let span = self.place(&layout.name, &line.name);
                    errors.push(message(span, Code::MissingEquation, &label, "", help));
                }
                (None, _) => {}
            }
        }
    }

    /// What the variants of an enum of numbers carry.
    fn of_numbers(&self, item: &RustEnum, errors: &mut Vec<syn::Error>) {
        let numbers = self.schema.enums.iter().find(|numbers| numbers.name == item.name);
        let words = self.schema.words.iter().find(|words| words.name == item.name);
        let repr = match (numbers, words) {
            (Some(numbers), _) => RustType::Number(rust::integer_type(&numbers.repr)),
            (None, Some(words)) => {
                if words.open != item.lifetime {
                    let (label, help) = match words.open {
                        true => (format!("`{}` holds other words", item.name), format!("write `{}<'a>`", item.name)),
                        false => (format!("`{}` holds no word", item.name), "take the lifetime off".to_owned()),
                    };
                    errors.push(message(item.span, Code::BadRustType, &label, "", &help));
                }
                RustType::Text { owned: false }
            }
            (None, None) => return,
        };
        let is_range = |name: &str| {
            let named = numbers.into_iter().flat_map(|numbers| &numbers.variants).find(|named| named.name == name);
            named.is_some_and(|named| named.least != named.most)
        };
        for variant in &item.variants {
            let carries = variant.other || is_range(&variant.name);
            let found = variant.payload.as_ref().map(|payload| &payload.ty);
            let name = &variant.name;
            let (label, help) = match (carries, found) {
                (true, Some(found)) if *found == repr => continue,
                (false, None) => continue,
                (true, _) => {
                    let held = if numbers.is_some() { repr.spell(false) } else { "&'a str".to_owned() };
                    (format!("`{name}` carries its value"), format!("write `{name}({})`", held.trim_matches('`')))
                }
                (false, _) => (format!("`{name}` is one value, which it need not carry"), format!("write `{name}`")),
            };
            errors.push(message(variant.span, Code::BadRustType, &label, "", &help));
        }
    }

    /// Where a line of a layout was said.
    fn place(&self, layout: &str, name: &str) -> Span {
        let layout = self.draft.layouts.iter().find(|draft| draft.name.text == layout);
        let line = layout.into_iter().flat_map(|layout| &layout.fields).find_map(|line| match &line.kind {
            FieldKind::Named(found, _) if found.text == name => self.places.range(found.origin),
            _ => None,
        });
        line.map_or_else(Span::call_site, |range| self.text.span(range))
    }

    /// A Rust type that does not hold what stands on the wire.
    fn misfit(&self, field: &RustField, line: &Field) -> Option<syn::Error> {
        if !self.sees_all && self.has_items(&line.ty) {
            let label = "one derive sees one struct alone";
            let help = "put it and the types that it holds into a module: `#[protocol] mod …`";
            return Some(message(field.type_span, Code::BadRustType, label, "", help));
        }
        let wrong = |label: &str, help: &str| Some(message(field.type_span, Code::BadRustType, label, "", help));
        let name = &field.name;
        let (optional, expected) = (line.is_optional(), self.of_line(line));
        let own = line.held == Held::Converted && !self.is_item(&field.ty);
        let fits = line.held == Held::Serde || own || field.ty.holds(&expected);
        if !fits {
            let rust = expected.spell(optional);
            return wrong(&format!("`{name}` is held by {rust}"), &format!("make it {rust}"));
        }
        match (field.optional, optional) {
            (true, false) => wrong(
                &format!("`{name}` is always there"),
                "take the `Option` off, or say when it is there: `#[wm(if = \"…\")]`, `#[wm(since = 2)]`",
            ),
            (false, true) => wrong(&format!("`{name}` may be absent"), "put `Option<…>` around its type"),
            _ => None,
        }
    }

    /// Whether a type is an item of the protocol, which stands for nothing but itself.
    fn is_item(&self, ty: &RustType) -> bool {
        let RustType::Named(name) = ty else { return false };
        let layouts = self.schema.structs.iter().chain(self.schema.messages.iter().map(|message| &message.layout));
        let mut names = layouts.map(|layout| &layout.name).chain(self.schema.enums.iter().map(|item| &item.name));
        names.any(|item| item == name) || self.schema.words.iter().any(|item| item.name == *name)
    }

    /// The type that holds a line: of a list whose elements are handed values, one that keeps these.
    fn of_line(&self, line: &Field) -> RustType {
        match (&line.ty, self.expected(&line.ty)) {
            (Type::List { element, .. }, RustType::List(of)) if !line.args.is_empty() => {
                let Type::Struct(index) = **element else { return RustType::Odd };
                let layout = &self.schema.structs[index];
                let chosen = match &layout.choice {
                    Some(Choice { by: By::Given(ty), .. }) => Some(ty),
                    _ => None,
                };
                let handed = chosen.into_iter().chain(layout.params.iter().map(|param| &param.ty));
                RustType::Handed(of, handed.map(|ty| self.expected(ty)).collect())
            }
            (_, expected) => expected,
        }
    }

    /// The type that holds a value.
    fn expected(&self, ty: &Type) -> RustType {
        match ty {
            Type::Int(Int::Flag, _) => RustType::Bool,
            Type::Int(int, _) => RustType::Number(rust::integer_type(int)),
            Type::Float { bytes: 4, .. } => RustType::Number("f32".into()),
            Type::Float { .. } => RustType::Number("f64".into()),
            Type::Bytes(bytes) => match (bytes.content, &bytes.extent) {
                (Content::Bytes, Extent::Fixed(count)) if bytes.pad.is_none() => RustType::Array(*count),
                (Content::Bytes, _) => RustType::Bytes { owned: false },
                (Content::Str | Content::Ascii, _) => RustType::Text { owned: false },
                (Content::Word(words), _) => RustType::Named(self.schema.words[words].name.clone()),
                (Content::Headers, _) => RustType::Named("Headers".to_owned()),
                (Content::Json, _) => RustType::Json,
                (Content::JsonBody(body), _) => RustType::Named(self.schema.json_bodies[body].name.clone()),
            },
            Type::Enum(index) => RustType::Named(self.schema.enums[*index].name.clone()),
            Type::Struct(index) => RustType::Named(self.schema.structs[*index].name.clone()),
            Type::List { element, .. } => RustType::List(Box::new(self.expected(element))),
            Type::Constant(_) | Type::Filler(_) => RustType::Odd,
        }
    }

    /// Whether a type is one that the schema defines, and the user cannot name.
    fn has_items(&self, ty: &Type) -> bool {
        match ty {
            Type::Enum(index) => self.schema.enums[*index].rust == RustShape::Generated,
            Type::Struct(index) => self.schema.structs[*index].rust == RustShape::Generated,
            Type::Bytes(bytes) => match bytes.content {
                Content::JsonBody(_) => true,
                Content::Word(words) => self.schema.words[words].rust == RustShape::Generated,
                Content::Bytes | Content::Str | Content::Ascii | Content::Headers | Content::Json => false,
            },
            Type::List { element, .. } => self.has_items(element),
            Type::Constant(_) | Type::Filler(_) | Type::Int(..) | Type::Float { .. } => false,
        }
    }
}
