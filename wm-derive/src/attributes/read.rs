//! The values of attributes.

use crate::report::message;
use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::punctuated::Punctuated;
use syn::token::Paren;
use syn::{Attribute, Lit, Token, parenthesized};
use wm_schema::diagnostic::Code;

/// A word or value of an attribute, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Said<T = String> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

impl<T> Said<T> {
    /// Something else, said at the same place.
    pub(crate) fn map<U>(self, make: impl FnOnce(T) -> U) -> Said<U> {
        Said { value: make(self.value), span: self.span }
    }
}

/// Calls `read` for each word of each `#[wm(…)]`.
pub(super) fn each(
    attributes: &[Attribute],
    errors: &mut Vec<syn::Error>,
    mut read: impl FnMut(ParseNestedMeta<'_>) -> syn::Result<()>,
) {
    for attribute in attributes.iter().filter(|attribute| attribute.path().is_ident("wm")) {
        if let Err(error) = attribute.parse_nested_meta(&mut read) {
            errors.push(error);
        }
    }
}

pub(super) fn word(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

/// A word that means nothing here; `known` are those that do.
pub(super) fn unknown(meta: &ParseNestedMeta<'_>, word: &str, of: &str, known: &[&[&str]]) -> syn::Error {
    let known = || known.iter().copied().flatten().copied();
    let help = match wm_schema::nearest(word, known()) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => {
            let all: Vec<String> = known().map(|word| format!("`{word}`")).collect();
            format!("it may be one of {}", all.join(", "))
        }
    };
    meta.error(format!("unknown attribute [WM303]: `{word}` is no word of `{of}`\nhelp: {help}"))
}

pub(super) fn once<T>(slot: &mut Option<Said<T>>, said: Said<T>) -> syn::Result<()> {
    if slot.is_some() {
        return Err(twice(said.span));
    }
    *slot = Some(said);
    Ok(())
}

pub(super) fn twice(span: Span) -> syn::Error {
    syn::Error::new(span, "said twice [WM303]: one of the two is meant\nhelp: remove the other")
}

pub(super) fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<Said> {
    match meta.value()?.parse()? {
        Lit::Str(text) => Ok(Said { value: text.value(), span: text.span() }),
        other => Err(expected(&other, "expected a string, such as `\"u32\"`")),
    }
}

pub(super) fn number(meta: &ParseNestedMeta<'_>) -> syn::Result<Said> {
    match meta.value()?.parse()? {
        Lit::Str(text) => Ok(Said { value: text.value(), span: text.span() }),
        Lit::Int(number) => Ok(Said { value: number.base10_digits().to_owned(), span: number.span() }),
        other => Err(expected(&other, "expected a number, such as `4096` or `\"4K\"`")),
    }
}

pub(super) fn bytes(meta: &ParseNestedMeta<'_>) -> syn::Result<Said<Vec<u8>>> {
    bytes_of(&meta.value()?.parse()?)
}

/// `= "…"`, or several of them: `("…", "…")`.
pub(super) fn several(meta: &ParseNestedMeta<'_>) -> syn::Result<Said<Vec<Vec<u8>>>> {
    if !meta.input.peek(Paren) {
        return Ok(bytes(meta)?.map(|one| vec![one]));
    }
    let inner;
    let span = parenthesized!(inner in meta.input).span.join();
    let literals = Punctuated::<Lit, Token![,]>::parse_terminated(&inner)?;
    let value = literals.iter().map(|literal| Ok(bytes_of(literal)?.value)).collect::<syn::Result<Vec<_>>>()?;
    match value.is_empty() {
        false => Ok(Said { value, span }),
        true => {
            let help = "write `until(\"\\n\", \"\\r\\n\")`, for example";
            Err(message(span, Code::Empty, "`until` of nothing", "", help))
        }
    }
}

fn bytes_of(literal: &Lit) -> syn::Result<Said<Vec<u8>>> {
    match literal {
        Lit::Str(text) => Ok(Said { value: text.value().into_bytes(), span: text.span() }),
        Lit::ByteStr(bytes) => Ok(Said { value: bytes.value(), span: bytes.span() }),
        other => Err(expected(other, "expected bytes, such as `\"\\r\\n\"` or `b\"\\0\"`")),
    }
}

/// A value that chooses a variant: a number, a character, or words of the language.
pub(super) fn tag(meta: &ParseNestedMeta<'_>) -> syn::Result<Said> {
    let literal: Lit = meta.value()?.parse()?;
    if let Lit::Str(text) = &literal {
        return Ok(Said { value: text.value(), span: text.span() });
    }
    value(&literal).ok_or_else(|| {
        let label = "expected a value, such as `1`, `b'+'` or `\"0xE0..=0xFF\"`";
        message(literal.span(), Code::BadLiteral, label, "", "")
    })
}

/// The number that a literal is.
pub(crate) fn value(literal: &Lit) -> Option<Said> {
    let value = match literal {
        Lit::Int(number) => number.base10_digits().to_owned(),
        Lit::Byte(byte) => byte.value().to_string(),
        Lit::Char(character) => u8::try_from(character.value()).ok().filter(u8::is_ascii)?.to_string(),
        _ => return None,
    };
    Some(Said { value, span: literal.span() })
}

fn expected(found: &Lit, what: &str) -> syn::Error {
    syn::Error::new(found.span(), what)
}
