//! What the `#[wm(…)]` attributes say, each with its place.

mod read;

pub(crate) use read::{Said, value};

use crate::report::message;
use crate::text::literal;
use proc_macro2::Span;
use read::{bytes, each, number, once, several, tag, text, twice, unknown, word};
use syn::meta::ParseNestedMeta;
use syn::spanned::Spanned as _;
use syn::{Attribute, parse::Parser as _};
use wm_schema::diagnostic::Code;

/// What stands on a protocol: on a module, or on the struct that is all of it.
#[derive(Debug, Default)]
pub(crate) struct ProtocolAttributes {
    pub(crate) name: Option<Said>,
    pub(crate) version: Option<Said>,
    pub(crate) port: Option<Said>,
    pub(crate) limit: Option<Said>,
    pub(crate) frame: Option<Said>,
    pub(crate) endian: Option<Said>,
    pub(crate) bits: Option<Said>,
    pub(crate) runtime: Option<Said>,
    /// What has no item of Rust: constants, integers that escape, who answers whom.
    pub(crate) schema: Vec<Said>,
}

const PROTOCOL_WORDS: &[&str] = &["name", "version", "port", "limit", "frame", "endian", "bits", "schema", "crate"];

impl ProtocolAttributes {
    /// Takes a word that speaks of the whole protocol; says whether it was one.
    fn take(&mut self, word: &str, meta: &ParseNestedMeta<'_>) -> syn::Result<bool> {
        match word {
            "name" => once(&mut self.name, text(meta)?)?,
            "version" => once(&mut self.version, number(meta)?)?,
            "port" => once(&mut self.port, number(meta)?)?,
            "limit" => once(&mut self.limit, number(meta)?)?,
            "frame" => once(&mut self.frame, text(meta)?)?,
            "endian" => once(&mut self.endian, text(meta)?)?,
            "bits" => once(&mut self.bits, text(meta)?)?,
            "crate" => once(&mut self.runtime, text(meta)?)?,
            "schema" => self.schema.push(text(meta)?),
            _ => return Ok(false),
        }
        Ok(true)
    }

    /// Where something is said.
    pub(crate) fn spans(&self) -> Vec<Span> {
        let Self { name, version, port, limit, frame, endian, bits, runtime, schema } = self;
        let words = [name, version, port, limit, frame, endian, bits, runtime].into_iter().flatten();
        words.chain(schema).map(|said| said.span).collect()
    }

    /// Those of `#[protocol(…)]`.
    pub(crate) fn of_module(tokens: proc_macro2::TokenStream, errors: &mut Vec<syn::Error>) -> Self {
        let mut found = Self::default();
        let parser = syn::meta::parser(|meta| {
            let word = word(&meta);
            match found.take(&word, &meta)? {
                true => Ok(()),
                false => Err(unknown(&meta, &word, "#[protocol(…)]", &[PROTOCOL_WORDS])),
            }
        });
        if let Err(error) = parser.parse2(tokens) {
            errors.push(error);
        }
        found
    }
}

/// What stands on a struct or an enum.
#[derive(Debug, Default)]
pub(crate) struct ItemAttributes {
    /// What speaks of the whole protocol.
    pub(crate) protocol: ProtocolAttributes,
    /// Who sends the message.
    pub(crate) from: Option<Said>,
    /// `flags: u4`: what is handed to it.
    pub(crate) params: Option<Said>,
    /// The integer of an enum of numbers.
    pub(crate) repr: Option<Said>,
    /// The integer in front of a union.
    pub(crate) tag: Option<Said>,
    /// Lines of the language in front of the fields, in the order of the attributes.
    pub(crate) lines: Vec<Line>,
    /// What stands behind its closing brace.
    pub(crate) behind: Vec<Said>,
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

const ITEM_WORDS: &[&str] =
    &["from", "magic", "len", "counts", "line", "params", "where", "extensible", "depth", "max", "as", "tag"];

/// Reads the attributes of a struct or an enum; what cannot be read is added to `errors`.
pub(crate) fn of_item(attributes: &[Attribute], errors: &mut Vec<syn::Error>) -> ItemAttributes {
    let mut found = ItemAttributes::default();
    each(attributes, errors, |meta| {
        let (word, here) = (word(&meta), meta.path.span());
        match word.as_str() {
            "from" => once(&mut found.from, text(&meta)?)?,
            "params" => once(&mut found.params, text(&meta)?)?,
            "as" => once(&mut found.repr, text(&meta)?)?,
            "tag" => once(&mut found.tag, text(&meta)?)?,
            "magic" => found.lines.push(Line::Magic(bytes(&meta)?)),
            "len" => found.lines.push(Line::Length { ty: text(&meta)?, counts: None }),
            "counts" => {
                let said = text(&meta)?;
                match found.lines.last_mut() {
                    Some(Line::Length { counts, .. }) => once(counts, said)?,
                    _ => {
                        let label = "`counts` belongs behind `len = \"…\"`";
                        return Err(message(said.span, Code::BadAttribute, label, "", ""));
                    }
                }
            }
            "line" => found.lines.push(Line::Text(text(&meta)?)),
            "where" => found.behind.push(text(&meta)?.map(|rule| format!("where {rule}"))),
            "extensible" => found.behind.push(Said { value: word, span: here }),
            "depth" | "max" => found.behind.push(number(&meta)?.map(|most| format!("{word} {most}"))),
            _ if found.protocol.take(&word, &meta)? => {}
            _ => {
                return Err(unknown(&meta, &word, "#[wm(…)]", &[PROTOCOL_WORDS, ITEM_WORDS]));
            }
        }
        Ok(())
    });
    found
}

/// What stands on a field, and on a variant that holds one.
#[derive(Debug, Default)]
pub(crate) struct FieldAttributes {
    pub(crate) extent: Vec<Said<Extent>>,
    pub(crate) counts: Option<Said>,
    pub(crate) ty: Option<Said>,
    pub(crate) json: Option<Span>,
    pub(crate) ascii: Option<Span>,
    /// The field that chooses.
    pub(crate) by: Option<Said>,
    /// What is handed to its struct.
    pub(crate) with: Option<Said>,
    /// When it is there.
    pub(crate) condition: Option<Span>,
    /// What follows the type, in the order of the attributes.
    pub(crate) behind: Vec<Said>,
    pub(crate) before: Vec<Said>,
    pub(crate) after: Vec<Said>,
    /// The values that choose a variant, or that it stands for.
    pub(crate) values: Option<Said>,
    /// A variant that takes all other values.
    pub(crate) other: Option<Span>,
}

/// Where a field ends.
#[derive(Debug, Clone)]
pub(crate) enum Extent {
    Prefix(String),
    Length(String),
    Count(String),
    Fixed(String),
    /// Delimiters: the first is written.
    Until(Vec<Vec<u8>>),
    /// A condition that the last element of a list meets.
    UntilWhere(String),
    UntilEmpty,
    /// All that comes, up to the end of the stream.
    UntilEnd,
    Rest,
}

const FIELD_WORDS: &[&str] = &[
    "prefix",
    "len",
    "counts",
    "count",
    "fixed",
    "until",
    "until_where",
    "until_empty",
    "until_end",
    "rest",
    "trim",
    "max",
    "in",
    "where",
    "if",
    "since",
    "match",
    "with",
    "ascii",
    "json",
    "pad",
    "pad_to",
    "align",
    "via",
    "as",
    "stream",
    "line",
    "line_after",
];
const VARIANT_WORDS: &[&str] = &["word", "tag", "when", "values", "other"];

/// What an attribute stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum On {
    Field,
    Variant,
}

/// Adds the attributes of a field or a variant; what cannot be read is added to `errors`.
pub(crate) fn of_field(found: &mut FieldAttributes, attributes: &[Attribute], on: On, errors: &mut Vec<syn::Error>) {
    let mut seen: Vec<String> = Vec::new();
    let mut fill: Option<Said> = None;
    each(attributes, errors, |meta| {
        let (word, here) = (word(&meta), meta.path.span());
        let extent = |said: Said, make: fn(String) -> Extent| said.map(make);
        match word.as_str() {
            "prefix" => found.extent.push(extent(text(&meta)?, Extent::Prefix)),
            "len" => found.extent.push(extent(text(&meta)?, Extent::Length)),
            "count" => found.extent.push(extent(text(&meta)?, Extent::Count)),
            "fixed" => found.extent.push(extent(number(&meta)?, Extent::Fixed)),
            "until" => found.extent.push(several(&meta)?.map(Extent::Until)),
            "until_where" => found.extent.push(extent(text(&meta)?, Extent::UntilWhere)),
            "until_empty" => found.extent.push(Said { span: here, value: Extent::UntilEmpty }),
            "until_end" => found.extent.push(Said { span: here, value: Extent::UntilEnd }),
            "rest" => found.extent.push(Said { span: here, value: Extent::Rest }),
            "counts" => once(&mut found.counts, text(&meta)?)?,
            "as" => once(&mut found.ty, text(&meta)?)?,
            "match" => once(&mut found.by, text(&meta)?)?,
            "with" => once(&mut found.with, text(&meta)?)?,
            "json" => found.json = Some(here),
            "ascii" => found.ascii = Some(here),
            "line" => found.before.push(text(&meta)?),
            "line_after" => found.after.push(text(&meta)?),
            "stream" => found.behind.push(Said { value: word.clone(), span: here }),
            "trim" | "pad" => found.behind.push(bytes(&meta)?.map(|bytes| format!("{word} {}", literal(&bytes)))),
            "pad_to" => once(&mut fill, number(&meta)?.map(|size| format!("to {size}")))?,
            "align" => once(&mut fill, number(&meta)?.map(|size| format!("align {size}")))?,
            "max" => found.behind.push(number(&meta)?.map(|most| format!("max {most}"))),
            "in" | "where" | "via" => found.behind.push(text(&meta)?.map(|text| format!("{word} {text}"))),
            "since" => {
                found.behind.push(number(&meta)?.map(|version| format!("since v{}", version.trim_start_matches('v'))))
            }
            "if" => {
                found.condition = Some(here);
                found.behind.push(text(&meta)?.map(|text| format!("if {text}")));
            }
            "tag" if on == On::Variant => once(&mut found.values, tag(&meta)?)?,
            "when" | "values" if on == On::Variant => once(&mut found.values, tag(&meta)?)?,
            "word" if on == On::Variant => once(&mut found.values, bytes(&meta)?.map(|word| literal(&word)))?,
            "other" if on == On::Variant => found.other = Some(here),
            _ => {
                let of_variant: &[&str] = if on == On::Variant { VARIANT_WORDS } else { &[] };
                return Err(unknown(&meta, &word, "#[wm(…)]", &[of_variant, FIELD_WORDS]));
            }
        }
        if ["trim", "pad", "max", "in", "if", "since", "via"].contains(&word.as_str()) {
            if seen.contains(&word) {
                return Err(twice(here));
            }
            seen.push(word);
        }
        Ok(())
    });
    // `pad` alone fills the content up, else what stands behind the field.
    if let Some(fill) = fill {
        match found.behind.iter_mut().find(|said| said.value.starts_with("pad ")) {
            Some(pad) => pad.value = format!("{} {}", pad.value, fill.value),
            None => found.behind.push(fill.map(|fill| format!("pad {fill}"))),
        }
    }
}
