//! What the `#[wm(…)]` attributes say, each with its place.

use proc_macro2::Span;
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, Lit};

/// A word or value of an attribute, and where it stands.
#[derive(Debug, Clone)]
pub(crate) struct Said<T = String> {
    pub(crate) value: T,
    pub(crate) span: Span,
}

/// What stands on the struct.
#[derive(Debug, Default)]
pub(crate) struct StructAttributes {
    pub(crate) name: Option<Said>,
    pub(crate) limit: Option<Said>,
    pub(crate) frame: Option<Said>,
    pub(crate) endian: Option<Said>,
    pub(crate) bits: Option<Said>,
    pub(crate) runtime: Option<Said>,
    /// Lines of the language in front of the fields, in the order of the attributes.
    pub(crate) lines: Vec<Line>,
}

/// What stands on a field.
#[derive(Debug, Default)]
pub(crate) struct FieldAttributes {
    pub(crate) extent: Vec<Said<Extent>>,
    pub(crate) counts: Option<Said>,
    pub(crate) trim: Option<Said<Vec<u8>>>,
    pub(crate) max: Option<Said>,
    pub(crate) ty: Option<Said>,
    pub(crate) json: Option<Span>,
    pub(crate) ascii: Option<Span>,
    pub(crate) stream: Option<Span>,
    pub(crate) before: Vec<Said>,
    pub(crate) after: Vec<Said>,
}

/// A line that is no field.
#[derive(Debug)]
pub(crate) enum Line {
    /// Bytes that never change.
    Magic(Said<Vec<u8>>),
    /// A number that counts the frame, or what is behind it.
    Length { ty: Said, counts: Option<Said> },
    /// As it is.
    Text(Said),
}

/// Where a field ends.
#[derive(Debug)]
pub(crate) enum Extent {
    Prefix(String),
    Length(String),
    Fixed(String),
    Until(Vec<u8>),
    Rest,
}

/// Reads the attributes of the struct; what cannot be read is added to `errors`.
pub(crate) fn of_struct(attributes: &[Attribute], errors: &mut Vec<syn::Error>) -> StructAttributes {
    let mut found = StructAttributes::default();
    each(attributes, errors, |meta| match word(&meta).as_str() {
        "name" => once(&mut found.name, text(&meta)?),
        "limit" => once(&mut found.limit, number(&meta)?),
        "frame" => once(&mut found.frame, text(&meta)?),
        "endian" => once(&mut found.endian, text(&meta)?),
        "bits" => once(&mut found.bits, text(&meta)?),
        "crate" => once(&mut found.runtime, text(&meta)?),
        "magic" => {
            found.lines.push(Line::Magic(bytes(&meta)?));
            Ok(())
        }
        "len" => {
            found.lines.push(Line::Length { ty: text(&meta)?, counts: None });
            Ok(())
        }
        "counts" => {
            let said = text(&meta)?;
            match found.lines.last_mut() {
                Some(Line::Length { counts, .. }) => once(counts, said),
                _ => Err(syn::Error::new(said.span, "`counts` belongs behind `len = \"…\"`")),
            }
        }
        "line" => {
            found.lines.push(Line::Text(text(&meta)?));
            Ok(())
        }
        other => {
            let words = "`name`, `limit`, `frame`, `endian`, `bits`, `magic`, `len`, `counts`, `line`, `crate`";
            Err(unknown(&meta, other, words))
        }
    });
    found
}

/// Reads the attributes of a field; what cannot be read is added to `errors`.
pub(crate) fn of_field(attributes: &[Attribute], errors: &mut Vec<syn::Error>) -> FieldAttributes {
    let mut found = FieldAttributes::default();
    each(attributes, errors, |meta| {
        let here = meta.path.span();
        let extent = |said: Said, make: fn(String) -> Extent| Said { span: said.span, value: make(said.value) };
        match word(&meta).as_str() {
            "prefix" => found.extent.push(extent(text(&meta)?, Extent::Prefix)),
            "len" => found.extent.push(extent(text(&meta)?, Extent::Length)),
            "fixed" => found.extent.push(extent(number(&meta)?, Extent::Fixed)),
            "until" => {
                let said = bytes(&meta)?;
                found.extent.push(Said { span: said.span, value: Extent::Until(said.value) });
            }
            "rest" => found.extent.push(Said { span: here, value: Extent::Rest }),
            "counts" => once(&mut found.counts, text(&meta)?)?,
            "trim" => once(&mut found.trim, bytes(&meta)?)?,
            "max" => once(&mut found.max, number(&meta)?)?,
            "as" => once(&mut found.ty, text(&meta)?)?,
            "json" => found.json = Some(here),
            "ascii" => found.ascii = Some(here),
            "stream" => found.stream = Some(here),
            "line" => found.before.push(text(&meta)?),
            "line_after" => found.after.push(text(&meta)?),
            other => {
                let words = "`prefix`, `len`, `counts`, `fixed`, `until`, `trim`, `rest`, `max`, `ascii`, `json`, `as`, \
                             `stream`, `line`, `line_after`";
                return Err(unknown(&meta, other, words));
            }
        }
        Ok(())
    });
    found
}

/// Calls `read` for each word of each `#[wm(…)]`.
fn each(
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

fn word(meta: &ParseNestedMeta<'_>) -> String {
    meta.path.get_ident().map(ToString::to_string).unwrap_or_default()
}

fn unknown(meta: &ParseNestedMeta<'_>, word: &str, known: &str) -> syn::Error {
    meta.error(format!("unknown attribute [WM303]: `{word}` is no word of `#[wm(…)]`\nhelp: it may be one of {known}"))
}

fn once<T>(slot: &mut Option<Said<T>>, said: Said<T>) -> syn::Result<()> {
    if slot.is_some() {
        return Err(syn::Error::new(said.span, "said twice [WM303]: one of the two is meant\nhelp: remove the other"));
    }
    *slot = Some(said);
    Ok(())
}

fn text(meta: &ParseNestedMeta<'_>) -> syn::Result<Said> {
    match meta.value()?.parse()? {
        Lit::Str(text) => Ok(Said { value: text.value(), span: text.span() }),
        other => Err(syn::Error::new(other.span(), "expected a string, such as `\"u32\"`")),
    }
}

fn number(meta: &ParseNestedMeta<'_>) -> syn::Result<Said> {
    match meta.value()?.parse()? {
        Lit::Str(text) => Ok(Said { value: text.value(), span: text.span() }),
        Lit::Int(number) => Ok(Said { value: number.base10_digits().to_owned(), span: number.span() }),
        other => Err(syn::Error::new(other.span(), "expected a number, such as `4096` or `\"4K\"`")),
    }
}

fn bytes(meta: &ParseNestedMeta<'_>) -> syn::Result<Said<Vec<u8>>> {
    match meta.value()?.parse()? {
        Lit::Str(text) => Ok(Said { value: text.value().into_bytes(), span: text.span() }),
        Lit::ByteStr(bytes) => Ok(Said { value: bytes.value(), span: bytes.span() }),
        other => Err(syn::Error::new(other.span(), "expected bytes, such as `\"\\r\\n\"` or `b\"\\0\"`")),
    }
}
