//! The schema that a struct and its attributes say, in the language's own text. Each piece of it knows the span that it
//! came from, so that a mistake finds its way back.

use crate::attributes::{self, Extent, FieldAttributes, Line, Said, StructAttributes};
use proc_macro2::Span;
use std::fmt::Write as _;
use std::ops::Range;
use syn::ext::IdentExt as _;
use syn::spanned::Spanned as _;
use syn::{DeriveInput, GenericArgument, PathArguments, Type};
use wm_schema::draft::Held;

/// A schema's text, and where its pieces came from.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) source: String,
    pieces: Vec<(Range<usize>, Span)>,
}

impl Text {
    fn push(&mut self, text: &str, span: Span) {
        let start = self.source.len();
        self.source.push_str(text);
        self.pieces.push((start..self.source.len(), span));
    }

    /// The span of what stands at `range`.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        let hit = self.pieces.iter().find(|(piece, _)| piece.start <= range.start && range.start < piece.end);
        let near = || self.pieces.iter().rev().find(|(piece, _)| piece.start <= range.start);
        hit.or_else(near).map_or_else(Span::call_site, |(_, span)| *span)
    }
}

/// A field of the struct.
pub(crate) struct RustField {
    pub(crate) name: String,
    pub(crate) span: Span,
    pub(crate) ty: Type,
    pub(crate) held: Held,
}

/// What the struct says.
pub(crate) struct Described {
    pub(crate) text: Text,
    pub(crate) fields: Vec<RustField>,
    pub(crate) runtime: String,
}

/// Writes the schema of a struct; what cannot be said is added to `errors`.
pub(crate) fn describe(input: &DeriveInput, fields: &syn::FieldsNamed, errors: &mut Vec<syn::Error>) -> Described {
    let on_struct = attributes::of_struct(&input.attrs, errors);
    let runtime = on_struct.runtime.as_ref().map_or_else(|| "::wm_core".to_owned(), |said| said.value.clone());
    let mut text = Text { source: String::new(), pieces: Vec::new() };
    head(&mut text, input, &on_struct);
    let names: Vec<String> =
        fields.named.iter().filter_map(|field| Some(field.ident.as_ref()?.unraw().to_string())).collect();
    for line in &on_struct.lines {
        own_line(&mut text, line, &names, errors);
    }
    let mut described = Vec::new();
    for (at, field) in fields.named.iter().enumerate() {
        let Some(ident) = &field.ident else { continue };
        let said = attributes::of_field(&field.attrs, errors);
        let (name, span) = (ident.unraw().to_string(), ident.span());
        let Some((word, held)) = word_of(&field.ty, &said, errors) else { continue };
        let rust = RustField { name, span, ty: field.ty.clone(), held };
        let is_last = at + 1 == fields.named.len();
        field_lines(&mut text, &rust, &word, &said, is_last, errors);
        described.push(rust);
    }
    text.source.push_str("}\n");
    Described { text, fields: described, runtime }
}

fn head(text: &mut Text, input: &DeriveInput, said: &StructAttributes) {
    let ident = input.ident.unraw().to_string();
    let (name, name_span) = match &said.name {
        Some(name) => (name.value.clone(), name.span),
        None => (snake_case(&ident), input.ident.span()),
    };
    text.push(&format!("protocol {name}"), name_span);
    if let Some(endian) = &said.endian {
        text.push(&format!(" endian {}", endian.value), endian.span);
    }
    if let Some(bits) = &said.bits {
        text.push(&format!(" bits {}", bits.value), bits.span);
    }
    text.source.push('\n');
    if let Some(limit) = &said.limit {
        text.push(&format!("limit frame {}\n", limit.value), limit.span);
    }
    if let Some(frame) = &said.frame {
        text.push(&format!("frame {}\n", frame.value), frame.span);
    }
    text.push(&format!("message {ident} {{\n"), input.ident.span());
}

/// `HttpUpload` as `http_upload`.
fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// A line that is no field.
fn own_line(text: &mut Text, line: &Line, names: &[String], errors: &mut Vec<syn::Error>) {
    match line {
        Line::Magic(bytes) => text.push(&format!("    {}\n", literal(&bytes.value)), bytes.span),
        Line::Text(line) => text.push(&format!("    {}\n", line.value), line.span),
        Line::Length { ty, counts } => {
            let measured = match counts.as_ref().map(|said| said.value.as_str()) {
                Some("frame") => "self",
                Some("rest") => "rest",
                _ => {
                    let span = counts.as_ref().map_or(ty.span, |said| said.span);
                    errors.push(bad_counts(span, "`counts = \"frame\"` or `counts = \"rest\"`"));
                    return;
                }
            };
            let name = if names.iter().any(|name| name == "len") { "frame_len" } else { "len" };
            text.push(&format!("    {name}: {} = size({measured})\n", ty.value), ty.span);
        }
    }
}

fn bad_counts(span: Span, help: &str) -> syn::Error {
    syn::Error::new(
        span,
        format!("attribute does not fit [WM303]: it is not said what the length counts\nhelp: write {help}"),
    )
}

/// The lines of one field: those in front of it, itself, those behind it.
fn field_lines(
    text: &mut Text,
    field: &RustField,
    word: &Said,
    said: &FieldAttributes,
    is_last: bool,
    errors: &mut Vec<syn::Error>,
) {
    for line in &said.before {
        text.push(&format!("    {}\n", line.value), line.span);
    }
    let extents: Vec<&Said<Extent>> = said.extent.iter().collect();
    if let [_, second, ..] = extents[..] {
        let why = "attribute does not fit [WM303]: the field ends in two ways\nhelp: keep one of `prefix`, `len`, `fixed`, \
                   `until` and `rest`";
        errors.push(syn::Error::new(second.span, why));
    }
    let mut after_type: Vec<(String, Span)> = Vec::new();
    match extents.first() {
        Some(Said { value: Extent::Prefix(ty), span }) => after_type.push((format!("[{ty}]"), *span)),
        Some(Said { value: Extent::Fixed(count), span }) => after_type.push((format!("[{count}]"), *span)),
        Some(Said { value: Extent::Rest, span }) => after_type.push(("[..]".to_owned(), *span)),
        Some(Said { value: Extent::Until(bytes), span }) => {
            after_type.push((format!(" until {}", literal(bytes)), *span));
        }
        Some(Said { value: Extent::Length(ty), span }) => {
            let (line, extent) = length_line(&field.name, ty, said.counts.as_ref(), errors);
            text.push(&line, *span);
            after_type.push((extent, *span));
        }
        // Text and bytes at the end take what is left.
        None if is_last && said.ty.is_none() && ["bytes", "str", "ascii", "json"].contains(&word.value.as_str()) => {
            after_type.push(("[..]".to_owned(), word.span));
        }
        None => {}
    }
    after_type.extend(said.trim.iter().map(|trim| (format!(" trim {}", literal(&trim.value)), trim.span)));
    after_type.extend(said.max.iter().map(|max| (format!(" max {}", max.value), max.span)));
    after_type.extend(said.stream.iter().map(|span| (" stream".to_owned(), *span)));
    text.push(&format!("    {}: ", field.name), field.span);
    text.push(&word.value, word.span);
    for (piece, span) in after_type {
        text.push(&piece, span);
    }
    text.source.push('\n');
    for line in &said.after {
        text.push(&format!("    {}\n", line.value), line.span);
    }
}

/// The line of a length, and how the field refers to it.
fn length_line(name: &str, ty: &str, counts: Option<&Said>, errors: &mut Vec<syn::Error>) -> (String, String) {
    let line = |measured: &str| format!("    {name}_len: {ty} = size({measured})\n");
    match counts.map(|said| (said.value.as_str(), said.span)) {
        None | Some(("field", _)) => (line(name), format!("[{name}_len]")),
        Some(("frame", _)) => (line("self"), "[..]".to_owned()),
        Some(("rest", _)) => (line("rest"), "[..]".to_owned()),
        Some((_, span)) => {
            errors.push(bad_counts(span, "`counts = \"field\"`, `\"frame\"` or `\"rest\"`"));
            (line(name), format!("[{name}_len]"))
        }
    }
}

/// The language's word for a Rust type, and how Rust holds it.
fn word_of(ty: &Type, said: &FieldAttributes, errors: &mut Vec<syn::Error>) -> Option<(Said, Held)> {
    let known = known_type(ty);
    let span = type_span(ty);
    let view = |word: &str, span| Some((Said { value: word.to_owned(), span }, Held::View));
    if let Some(json) = said.json {
        let held = if known == Some(("json", Held::View)) { Held::View } else { Held::Serde };
        return Some((Said { value: "json".to_owned(), span: json }, held));
    }
    if let Some(own) = &said.ty {
        let held = known.map_or(Held::View, |(_, held)| held);
        return Some((own.clone(), held));
    }
    match (known, said.ascii) {
        (Some(("str", held)), Some(ascii)) => Some((Said { value: "ascii".to_owned(), span: ascii }, held)),
        (_, Some(ascii)) => view("ascii", ascii),
        (Some((word, held)), None) => Some((Said { value: word.to_owned(), span }, held)),
        (None, None) => {
            let why = "wrong Rust type [WM310]: the wire has no form for this type\nhelp: use a number, `&str`, `String`, \
                       `&[u8]`, `Vec<u8>` or `Json`; or say `#[wm(json)]`, and serde reads and writes it";
            errors.push(syn::Error::new(span, why));
            None
        }
    }
}

/// The place of a type: of its last token, where a compiler may not join those of several.
pub(crate) fn type_span(ty: &Type) -> Span {
    match ty {
        Type::Reference(reference) => type_span(&reference.elem),
        Type::Path(path) => path.path.segments.last().map_or_else(|| ty.span(), |last| last.ident.span()),
        other => other.span(),
    }
}

/// The word of a type that has one.
fn known_type(ty: &Type) -> Option<(&'static str, Held)> {
    const NUMBERS: [&str; 12] = ["u8", "u16", "u32", "u64", "u128", "i8", "i16", "i32", "i64", "i128", "f32", "f64"];
    match ty {
        Type::Reference(reference) => match &*reference.elem {
            Type::Path(path) if path.path.is_ident("str") => Some(("str", Held::View)),
            Type::Slice(slice) if is(&slice.elem, "u8") => Some(("bytes", Held::View)),
            _ => None,
        },
        Type::Path(path) => {
            let last = path.path.segments.last()?;
            let name = last.ident.to_string();
            if let Some(number) = NUMBERS.into_iter().find(|number| *number == name) {
                return Some((number, Held::View));
            }
            match (name.as_str(), &last.arguments) {
                ("bool", _) => Some(("bit", Held::View)),
                ("String", _) => Some(("str", Held::Owned)),
                ("Json", _) => Some(("json", Held::View)),
                ("Vec", PathArguments::AngleBracketed(of)) => match of.args.first() {
                    Some(GenericArgument::Type(element)) if is(element, "u8") => Some(("bytes", Held::Owned)),
                    _ => None,
                },
                _ => None,
            }
        }
        _ => None,
    }
}

fn is(ty: &Type, name: &str) -> bool {
    matches!(ty, Type::Path(path) if path.path.is_ident(name))
}

/// The Rust type of a field, as a word to compare with.
pub(crate) fn type_word(ty: &Type) -> Option<&'static str> {
    known_type(ty).map(|(word, _)| word)
}

/// Bytes as a literal of the language.
fn literal(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0 => text.push_str("\\0"),
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push('"');
    text
}
