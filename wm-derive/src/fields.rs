//! The lines that the fields of a struct and the variants of an enum say, in the language's own words.

use crate::attributes::{Extent, FieldAttributes, ItemAttributes, Line, ProtocolAttributes, Said};
use crate::items::{EnumKind, RustEnum, RustField, RustStruct, RustVariant};
use crate::report::message;
use crate::rust_type::RustType;
use crate::text::{Text, literal, snake_case};
use proc_macro2::Span;
use wm_schema::diagnostic::Code;

/// Writes a schema.
#[derive(Debug)]
pub(crate) struct Scribe<'i> {
    pub(crate) text: Text,
    pub(crate) errors: Vec<syn::Error>,
    /// The enums whose variants a field chooses, and the field that each belongs to: of which struct, and its name.
    pub(crate) chosen: Vec<(&'i RustEnum, Option<(String, String)>)>,
    /// Whether the types of other items can be known.
    pub(crate) sees_all: bool,
}

impl<'i> Scribe<'i> {
    /// With nothing written.
    pub(crate) fn new(sees_all: bool, errors: Vec<syn::Error>) -> Self {
        Self { text: Text::default(), errors, chosen: Vec::new(), sees_all }
    }

    fn wrong(&mut self, span: Span, code: Code, label: &str, help: &str) {
        self.errors.push(message(span, code, label, "", help));
    }

    /// The head of the file; the protocol is called after `ident` if it has no name.
    pub(crate) fn head(&mut self, said: &ProtocolAttributes, ident: &str, span: Span) {
        let name = said.name.clone().unwrap_or_else(|| Said { value: snake_case(ident), span });
        self.text.push(&format!("protocol {}", name.value), name.span);
        let options =
            [(" v", &said.version), (" port ", &said.port), (" endian ", &said.endian), (" bits ", &said.bits)];
        for (word, said) in options {
            if let Some(said) = said {
                self.text.push(&format!("{word}{}", said.value), said.span);
            }
        }
        self.text.source.push('\n');
        if let Some(limit) = &said.limit {
            self.text.push(&format!("limit frame {}\n", limit.value), limit.span);
        }
        if let Some(frame) = &said.frame {
            self.text.push(&format!("frame {}\n", frame.value), frame.span);
        }
        for schema in &said.schema {
            self.text.push(&format!("{}\n", schema.value), schema.span);
        }
    }

    /// A struct or a message.
    pub(crate) fn layout(&mut self, item: &'i RustStruct) {
        let ItemAttributes { from, params, lines, behind, .. } = &item.said;
        let word = if item.is_message { "message" } else { "struct" };
        self.text.push(&format!("{word} {}", item.name), item.span);
        if let Some(params) = params {
            self.text.push(&format!("({})", params.value), params.span);
        }
        match from {
            Some(from) if item.is_message => self.text.push(&format!(" from {}", from.value), from.span),
            Some(from) => self.wrong(
                from.span,
                Code::BadAttribute,
                "only a message is sent by somebody",
                "make it a message: `#[derive(Protocol)]`",
            ),
            None => {}
        }
        self.text.source.push_str(" {\n");
        let names: Vec<&str> = item.fields.iter().map(|field| field.name.as_str()).collect();
        for line in lines {
            self.own_line(line, &names);
        }
        for (at, field) in item.fields.iter().enumerate() {
            self.field(&item.name, field, at + 1 == item.fields.len());
        }
        self.text.source.push('}');
        for said in behind {
            self.text.push(&format!(" {}", said.value), said.span);
        }
        self.text.source.push('\n');
    }

    /// A line that is no field.
    fn own_line(&mut self, line: &Line, names: &[&str]) {
        match line {
            Line::Magic(bytes) => self.text.line(&literal(&bytes.value), bytes.span),
            Line::Text(line) => self.text.line(&line.value, line.span),
            Line::Length { ty, counts } => {
                let measured = match counts.as_ref().map(|said| said.value.as_str()) {
                    Some("frame") => "self",
                    Some("rest") => "rest",
                    _ => {
                        let span = counts.as_ref().map_or(ty.span, |said| said.span);
                        return self.bad_counts(span, "`counts = \"frame\"` or `counts = \"rest\"`");
                    }
                };
                let name = if names.contains(&"len") { "frame_len" } else { "len" };
                self.text.line(&format!("{name}: {} = size({measured})", ty.value), ty.span);
            }
        }
    }

    fn bad_counts(&mut self, span: Span, help: &str) {
        let help = format!("write {help}");
        self.wrong(span, Code::BadAttribute, "it is not said what the length counts", &help);
    }

    /// The lines of one field: those in front of it, itself, those behind it.
    fn field(&mut self, of: &str, field: &'i RustField, is_last: bool) {
        for line in &field.said.before {
            self.text.line(&line.value, line.span);
        }
        let number = self.number_in_front(field);
        self.text.push(&format!("    {}: ", field.name), field.span);
        self.typed(field, number, is_last, Some(of));
        self.text.source.push('\n');
        for line in &field.said.after {
            self.text.line(&line.value, line.span);
        }
    }

    /// The line of a length or a count that is its own, and how the field refers to it.
    fn number_in_front(&mut self, field: &RustField) -> Option<(String, Span)> {
        let (ty, span, count) = match field.said.extent.first() {
            Some(Said { value: Extent::Length(ty), span }) => (ty, *span, false),
            Some(Said { value: Extent::Count(ty), span }) => (ty, *span, true),
            _ => return None,
        };
        let name = &field.name;
        if count {
            self.text.line(&format!("{name}_count: {ty} = count({name})"), span);
            return Some((format!("[{name}_count]"), span));
        }
        let line = |measured: &str| format!("{name}_len: {ty} = size({measured})");
        let (line, extent) = match field.said.counts.as_ref().map(|said| (said.value.as_str(), said.span)) {
            // What stands in the brackets of a list counts its elements.
            None | Some(("field", _)) if field.ty.is_list() => (line(name), "[..]".to_owned()),
            None | Some(("field", _)) => (line(name), format!("[{name}_len]")),
            Some(("frame", _)) => (line("self"), "[..]".to_owned()),
            Some(("rest", _)) => (line("rest"), "[..]".to_owned()),
            Some((_, span)) => {
                self.bad_counts(span, "`counts = \"field\"`, `\"frame\"` or `\"rest\"`");
                (line(name), format!("[{name}_len]"))
            }
        };
        self.text.line(&line, span);
        Some((extent, span))
    }

    /// The type of a field or an arm, and what follows it.
    fn typed(&mut self, field: &'i RustField, number: Option<(String, Span)>, is_last: bool, of: Option<&str>) {
        let said = &field.said;
        if let [_, second, ..] = &said.extent[..] {
            let help = "keep one of `prefix`, `len`, `count`, `fixed`, `rest` and the kinds of `until`";
            self.wrong(second.span, Code::BadAttribute, "the field ends in two ways", help);
        }
        if let Some(by) = &said.by {
            self.choice(field, by, of);
        } else if let Some((word, span)) = self.word(field) {
            self.text.push(&word, span);
            if let Some((extent, span)) = number.or_else(|| extent(field, &word, is_last)) {
                self.text.push(&extent, span);
            }
        }
        for behind in &said.behind {
            self.text.push(&format!(" {}", behind.value), behind.span);
        }
    }

    /// The language's word for the type of a field.
    fn word(&mut self, field: &RustField) -> Option<(String, Span)> {
        let FieldAttributes { json, ascii, ty, with, .. } = &field.said;
        if let Some(span) = json {
            return Some(("json".to_owned(), *span));
        }
        if let Some(own) = ty {
            return Some((own.value.clone(), own.span));
        }
        if let Some(span) = ascii {
            return Some(("ascii".to_owned(), *span));
        }
        let word = self.word_of(&field.ty, field.type_span)?;
        let with = with.as_ref().map_or(String::new(), |with| format!("({})", with.value));
        Some((format!("{word}{with}"), field.type_span))
    }

    fn word_of(&mut self, ty: &RustType, span: Span) -> Option<String> {
        let word = match ty {
            RustType::Number(name) => name,
            RustType::Bool => "bit",
            RustType::Text { .. } => "str",
            RustType::Bytes { .. } | RustType::Array(_) => "bytes",
            RustType::Json => "json",
            RustType::Named(name) if name == "Headers" => "headers",
            RustType::Named(name) if self.sees_all => name,
            RustType::List(element) | RustType::Handed(element, _) => match &**element {
                RustType::Number(_) | RustType::Named(_) => return self.word_of(element, span),
                _ => {
                    let help = "make the element a struct, or hold the list as bytes";
                    self.wrong(span, Code::BadRustType, "a list is of numbers, enums, or structs", help);
                    return None;
                }
            },
            RustType::Named(_) | RustType::Odd => {
                let together = match self.sees_all {
                    true => "",
                    false => "; structs and enums that belong together stand in a module, `#[protocol] mod …`",
                };
                let help = format!(
                    "use a number, `&str`, `String`, `&[u8]`, `Vec<u8>`, `[u8; 4]`, `List` or `Json`; or say \
                     `#[wm(json)]`, and serde reads and writes it; or what stands on the wire for it, \
                     `#[wm(as = \"u32\")]`, and it is made of that by `wm_core::wire::As`{together}"
                );
                self.wrong(span, Code::BadRustType, "the wire has no form for this type", &help);
                return None;
            }
        };
        Some(word.to_owned())
    }

    /// `match kind { … }` of a field whose type is an enum.
    fn choice(&mut self, field: &'i RustField, by: &Said, of: Option<&str>) {
        let known = |name: &String| self.chosen.iter().position(|(item, _)| item.name == *name);
        let RustType::Named(name) = &field.ty else {
            let help = "make it an enum, a variant for each arm";
            return self.wrong(field.type_span, Code::BadRustType, "one of several is an enum", help);
        };
        let Some((index, of)) = known(name).zip(of) else {
            let help = match self.sees_all {
                true => "it is an enum of this module without `tag` and `as`, and the type of a field",
                false => "put both into a module, `#[protocol] mod …`",
            };
            let label = format!("`{name}` is no enum whose variants a field can choose");
            return self.wrong(field.type_span, Code::BadRustType, &label, help);
        };
        let place = Some((of.to_owned(), field.name.clone()));
        let (item, taken) = &mut self.chosen[index];
        let (item, first) = (*item, std::mem::replace(taken, place));
        if let Some((of, name)) = first {
            let label = format!("`{}` belongs to `{of}.{name}` already", item.name);
            let help = "write a second enum, or a struct that holds the field and what chooses it";
            return self.wrong(by.span, Code::BadAttribute, &label, help);
        }
        self.text.push(&format!("match {}", by.value), by.span);
        self.text.source.push_str(" {\n");
        for variant in &item.variants {
            let (pattern, span) = match &variant.values {
                _ if variant.other => ("_", variant.span),
                Some(values) => (values.value.as_str(), values.span),
                None => (variant.name.as_str(), variant.span),
            };
            self.text.push(&format!("        {pattern} => "), span);
            self.arm(variant);
        }
        self.text.source.push_str("    }");
    }

    /// What a variant holds, as the type of an arm.
    fn arm(&mut self, variant: &'i RustVariant) {
        match &variant.payload {
            None => self.text.push("bytes[0]", variant.span),
            Some(field) => {
                if let Some(Said { value: Extent::Length(_) | Extent::Count(_), span }) = field.said.extent.first() {
                    let help = "write `prefix = \"…\"`, or make it a struct";
                    self.wrong(*span, Code::BadAttribute, "a variant is one field, without one in front of it", help);
                }
                self.typed(field, None, true, None);
            }
        }
        self.text.source.push('\n');
    }

    /// An enum of numbers, or a union.
    pub(crate) fn enumeration(&mut self, item: &'i RustEnum) {
        match &item.kind {
            EnumKind::Chosen => {}
            EnumKind::Numbers(repr) => {
                self.text.push(&format!("enum {}: ", item.name), item.span);
                self.text.push(&repr.value, repr.span);
                self.text.source.push_str(" {\n");
                for variant in &item.variants {
                    self.number(variant);
                }
                self.text.source.push_str("}\n");
            }
            EnumKind::Tagged(tag) => {
                self.text.push(&format!("union {}", item.name), item.span);
                if let Some(params) = &item.said.params {
                    self.text.push(&format!("({})", params.value), params.span);
                }
                self.text.source.push_str(": ");
                self.text.push(&tag.value, tag.span);
                self.text.source.push_str(" {\n");
                for variant in &item.variants {
                    match &variant.values {
                        Some(tag) => {
                            self.text.push(&format!("    {} ", tag.value), tag.span);
                            self.text.push(&format!("{}: ", variant.name), variant.span);
                            self.arm(variant);
                        }
                        None => {
                            let help = "write `#[wm(tag = 1)]`, or `= 1` behind it";
                            self.wrong(variant.span, Code::BadVariant, "it is not said what its tag is", help);
                        }
                    }
                }
                self.text.source.push('}');
                for said in &item.said.behind {
                    self.text.push(&format!(" {}", said.value), said.span);
                }
                self.text.source.push('\n');
            }
        }
    }

    /// A variant of an enum of numbers.
    fn number(&mut self, variant: &RustVariant) {
        match &variant.values {
            _ if variant.other => self.text.line("_", variant.span),
            None if variant.payload.is_some() => {
                let help = "write `#[wm(values = \"0xE0..=0xFF\")]`, or `#[wm(other)]` for all others";
                self.wrong(variant.span, Code::BadVariant, "it is not said which numbers it holds", help);
            }
            None => self.text.line(&variant.name, variant.span),
            Some(values) => {
                self.text.push(&format!("    {} = ", variant.name), variant.span);
                self.text.push(&format!("{}\n", values.value), values.span);
            }
        }
    }
}

/// Where a field ends, if no line of its own says it.
fn extent(field: &RustField, word: &str, is_last: bool) -> Option<(String, Span)> {
    let bare = field.said.ty.is_none();
    match field.said.extent.first() {
        Some(Said { value: Extent::Prefix(ty), span }) => Some((format!("[{ty}]"), *span)),
        Some(Said { value: Extent::Fixed(count), span }) => Some((format!("[{count}]"), *span)),
        Some(Said { value: Extent::Rest, span }) => Some(("[..]".to_owned(), *span)),
        Some(Said { value: Extent::UntilWhere(last), span }) => Some((format!(" until where {last}"), *span)),
        Some(Said { value: Extent::UntilEmpty, span }) => Some((" until empty".to_owned(), *span)),
        Some(Said { value: Extent::UntilEnd, span }) => Some((" until end".to_owned(), *span)),
        Some(Said { value: Extent::Until(ends), span }) => {
            let ends: Vec<String> = ends.iter().map(|end| literal(end)).collect();
            Some((format!(" until {}", ends.join(" | ")), *span))
        }
        Some(Said { value: Extent::Length(_) | Extent::Count(_), .. }) => None,
        None => match &field.ty {
            RustType::Array(count) if bare => Some((format!("[{count}]"), field.type_span)),
            list if list.is_list() && bare && is_last => Some(("[..]".to_owned(), field.type_span)),
            // Text and bytes at the end take what is left.
            _ if bare && is_last && ["bytes", "str", "ascii", "json"].contains(&word) => {
                Some(("[..]".to_owned(), field.type_span))
            }
            _ => None,
        },
    }
}
