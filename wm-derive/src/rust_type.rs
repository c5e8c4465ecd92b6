//! The types of Rust that hold what stands on the wire.

use proc_macro2::Span;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{Expr, ExprLit, GenericArgument, Lit, PathArguments, PathSegment, Type};
use wm_schema::draft::Held;

/// A type of Rust, as far as the wire is concerned.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum RustType {
    /// An integer or a float, by its name.
    Number(String),
    Bool,
    Text {
        owned: bool,
    },
    Bytes {
        owned: bool,
    },
    /// `[u8; 4]`.
    Array(u64),
    Json,
    /// `List<'a, Item>`.
    List(Box<Self>),
    /// `HandedList<'a, Item<'a>, u8>`: the element, and what each is handed.
    Handed(Box<Self>, Vec<Self>),
    /// Any other, by the last word of its path.
    Named(String),
    /// What has no word.
    Odd,
}

const NUMBERS: [&str; 12] = ["u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128", "f32", "f64"];

impl RustType {
    /// What a type is.
    pub(crate) fn of(ty: &Type) -> Self {
        match ty {
            Type::Reference(reference) => match &*reference.elem {
                Type::Path(path) if path.path.is_ident("str") => Self::Text { owned: false },
                Type::Slice(slice) if Self::of(&slice.elem) == Self::Number("u8".into()) => {
                    Self::Bytes { owned: false }
                }
                _ => Self::Odd,
            },
            Type::Array(array) => match (&array.len, Self::of(&array.elem)) {
                (Expr::Lit(ExprLit { lit: Lit::Int(count), .. }), Self::Number(of)) if of == "u8" => {
                    count.base10_parse().map_or(Self::Odd, Self::Array)
                }
                _ => Self::Odd,
            },
            Type::Path(path) => path.path.segments.last().map_or(Self::Odd, Self::of_segment),
            Type::Paren(inner) => Self::of(&inner.elem),
            Type::Group(inner) => Self::of(&inner.elem),
            _ => Self::Odd,
        }
    }

    fn of_segment(segment: &PathSegment) -> Self {
        let name = segment.ident.unraw().to_string();
        match name.as_str() {
            "bool" => Self::Bool,
            "String" => Self::Text { owned: true },
            "Json" => Self::Json,
            "Vec" => match argument(segment).map(Self::of) {
                Some(Self::Number(of)) if of == "u8" => Self::Bytes { owned: true },
                _ => Self::Odd,
            },
            "List" => argument(segment).map_or(Self::Odd, |element| Self::List(Box::new(Self::of(element)))),
            "HandedList" => match arguments(segment)[..] {
                [element, Type::Tuple(handed)] => {
                    Self::Handed(Box::new(Self::of(element)), handed.elems.iter().map(Self::of).collect())
                }
                [element, handed] => Self::Handed(Box::new(Self::of(element)), vec![Self::of(handed)]),
                _ => Self::Odd,
            },
            number if NUMBERS.contains(&number) => Self::Number(name),
            _ => Self::Named(name),
        }
    }

    /// Whether it is elements one behind the other.
    pub(crate) const fn is_list(&self) -> bool {
        matches!(self, Self::List(_) | Self::Handed(..))
    }

    /// How Rust holds a field of this type.
    pub(crate) const fn held(&self) -> Held {
        match self {
            Self::Text { owned: true } | Self::Bytes { owned: true } => Held::Owned,
            Self::Array(_) => Held::Array,
            _ => Held::View,
        }
    }

    /// Whether it holds what `expected` is for: owned or borrowed, array or slice, are one there.
    pub(crate) fn holds(&self, expected: &Self) -> bool {
        match (self, expected) {
            (Self::Text { .. }, Self::Text { .. }) => true,
            (Self::Bytes { .. }, Self::Bytes { .. } | Self::Array(_)) => true,
            _ => self == expected,
        }
    }
}

impl RustType {
    /// The one type that a user may write for it.
    fn plain(&self) -> String {
        self.spell(false).trim_matches('`').to_owned()
    }

    /// The types that a user may write for it, joined by words.
    pub(crate) fn spell(&self, optional: bool) -> String {
        let owned = |word: &str| word.to_owned();
        let all: Vec<String> = match self {
            Self::Number(name) | Self::Named(name) => vec![name.clone()],
            Self::Bool => vec![owned("bool")],
            Self::Text { .. } => vec![owned("&'a str"), owned("String")],
            Self::Bytes { .. } => vec![owned("&'a [u8]"), owned("Vec<u8>")],
            Self::Array(count) => vec![format!("[u8; {count}]"), owned("&'a [u8]"), owned("Vec<u8>")],
            Self::Json => vec![owned("Json<'a>")],
            Self::List(element) => vec![format!("List<'a, {}>", element.plain())],
            Self::Handed(element, handed) => {
                let each: Vec<String> = handed.iter().map(Self::plain).collect();
                let handed = if let [only] = &each[..] { only.clone() } else { format!("({})", each.join(", ")) };
                vec![format!("HandedList<'a, {}, {handed}>", element.plain())]
            }
            Self::Odd => vec![owned("()")],
        };
        let quoted = all.iter().map(|ty| if optional { format!("`Option<{ty}>`") } else { format!("`{ty}`") });
        let quoted: Vec<String> = quoted.collect();
        match quoted.split_last() {
            Some((last, [])) => last.clone(),
            Some((last, others)) => format!("{} or {last}", others.join(", ")),
            None => String::new(),
        }
    }
}

/// A type without the `Option` around it, and whether there was one.
pub(crate) fn without_option(ty: &Type) -> (&Type, bool) {
    let Type::Path(path) = ty else { return (ty, false) };
    let last = path.path.segments.last().filter(|last| last.ident == "Option");
    last.and_then(argument).map_or((ty, false), |inner| (inner, true))
}

/// The first type in the angle brackets of a path.
fn argument(segment: &PathSegment) -> Option<&Type> {
    arguments(segment).first().copied()
}

/// The types in the angle brackets of a path.
fn arguments(segment: &PathSegment) -> Vec<&Type> {
    let PathArguments::AngleBracketed(arguments) = &segment.arguments else { return Vec::new() };
    let types = arguments.args.iter().filter_map(|argument| match argument {
        GenericArgument::Type(ty) => Some(ty),
        _ => None,
    });
    types.collect()
}

/// The place of a type: of its last token, where a compiler may not join those of several.
pub(crate) fn span(ty: &Type) -> Span {
    match ty {
        Type::Reference(reference) => span(&reference.elem),
        Type::Path(path) => path.path.segments.last().map_or_else(|| ty.span(), |last| last.ident.span()),
        other => other.span(),
    }
}
