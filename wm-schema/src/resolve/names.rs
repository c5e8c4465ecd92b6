//! Which name is what: the table of types and constants, and the rules that a name must keep.

use super::{Context, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, ExternKind, LayoutKind, Literal, Name, Origin};
use std::collections::BTreeMap;

/// What a CamelCase name stands for: an index into the list of its kind.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Item {
    Int(usize),
    Enum(usize),
    /// An enum of words.
    Words(usize),
    Json(usize),
    Struct(usize),
    Message(usize),
    /// A type that is written in Rust, where it cannot stand: elsewhere it is what it stands for.
    Extern,
}

/// All names of a schema.
#[derive(Debug, Default)]
pub(super) struct Names<'d> {
    types: BTreeMap<&'d str, (Item, Origin)>,
    consts: BTreeMap<&'d str, (&'d Literal, Origin)>,
}

/// What a name is the name of: it decides its case.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Of an integer, an enum, a struct, a message or a JSON body.
    Type,
    /// Of a variant of an enum.
    Variant,
    /// Of a field, a member of a JSON body or the protocol.
    Field,
    /// Of a `const`.
    Const,
}

impl Names<'_> {
    /// What the type `name` is.
    pub(super) fn item(&self, name: &str) -> Option<Item> {
        self.types.get(name).map(|(item, _)| *item)
    }

    /// All types that `wanted` takes.
    pub(super) fn types(&self, wanted: impl Fn(Item) -> bool) -> impl Iterator<Item = &str> {
        self.types.iter().filter(move |(_, (item, _))| wanted(*item)).map(|(name, _)| *name)
    }

    /// All constants.
    pub(super) fn consts(&self) -> impl Iterator<Item = &str> {
        self.consts.keys().copied()
    }

    /// The value of the constant `name`: a number or bytes, never another name. None if there is none, or only a circle.
    pub(super) fn constant(&self, name: &str) -> Option<Literal> {
        let mut name = name;
        for _ in 0..=self.consts.len() {
            match self.consts.get(name)?.0 {
                Literal::Const(next) => name = next,
                value => return Some(value.clone()),
            }
        }
        None
    }
}

/// Collects all names and reports those that are given twice or break a rule.
pub(super) fn collect(cx: &mut Context<'_>) {
    let draft: &Draft = cx.draft;
    check(cx, &draft.name, Kind::Field);
    for (index, item) in draft.ints.iter().enumerate() {
        declare(cx, &item.name, Item::Int(index));
    }
    let (words, enums): (Vec<_>, Vec<_>) = draft.enums.iter().partition(|item| item.is_text());
    for (index, item) in enums.into_iter().enumerate() {
        declare(cx, &item.name, Item::Enum(index));
    }
    for (index, item) in words.into_iter().enumerate() {
        declare(cx, &item.name, Item::Words(index));
    }
    for (index, item) in draft.json_bodies.iter().enumerate() {
        declare(cx, &item.name, Item::Json(index));
    }
    for item in draft.externs.iter().filter(|item| matches!(item.kind, ExternKind::Type(..))) {
        declare(cx, &item.name, Item::Extern);
    }
    let (mut structs, mut messages) = (0, 0);
    for layout in &draft.layouts {
        match layout.kind {
            LayoutKind::Struct | LayoutKind::Union { .. } => {
                declare(cx, &layout.name, Item::Struct(structs));
                structs += 1;
            }
            LayoutKind::Message { .. } => {
                declare(cx, &layout.name, Item::Message(messages));
                messages += 1;
            }
        }
    }
    for item in &draft.consts {
        check(cx, &item.name, Kind::Const);
        match cx.names.consts.get(item.name.text.as_str()) {
            Some((_, first)) => twice(cx, &item.name, *first),
            None => {
                cx.names.consts.insert(&item.name.text, (&item.value.value, item.name.origin));
            }
        }
    }
    for item in &draft.consts {
        if let Literal::Const(name) = &item.value.value {
            let name = Name { text: name.clone(), origin: item.value.origin };
            literal(cx, &Literal::Const(name.text), name.origin);
        }
    }
}

fn declare<'d>(cx: &mut Context<'d>, name: &'d Name, item: Item) {
    check(cx, name, Kind::Type);
    let generated = match name.text.as_str() {
        "Calls" => Some("which messages answer which is generated as `Calls`"),
        "Server" | "Client" => Some("the two sides of the protocol are generated as `Server` and `Client`"),
        "ServerMessage" | "ClientMessage" | "ServerScan" | "ClientScan" => {
            Some("where a side sends several messages, one type stands for them all, and one for how far it is read")
        }
        _ => None,
    };
    if let Some(why) = generated {
        let better = name.text.replace("Message", "").replace("Scan", "");
        cx.report(
            Diagnostic::new(Code::BadName, name.origin, format!("`{}` is the name of a generated type", name.text))
                .why(why)
                .help(format!("call it `{better}Packet`")),
        );
    }
    match cx.names.types.get(name.text.as_str()) {
        Some((_, first)) => twice(cx, name, *first),
        None => {
            cx.names.types.insert(&name.text, (item, name.origin));
        }
    }
}

/// Reports the second thing of one name.
pub(super) fn twice(cx: &mut Context<'_>, name: &Name, first: Origin) {
    cx.report(
        Diagnostic::new(Code::Duplicate, name.origin, format!("a second `{}`", name.text))
            .why("a name stands for one thing only")
            .help(format!("give it another name, such as `{}2`", name.text))
            .note(first, "the first stands here"),
    );
}

/// Reports each name that stands twice in one list.
pub(super) fn distinct<'n>(cx: &mut Context<'_>, names: impl IntoIterator<Item = &'n Name>) {
    let mut seen = BTreeMap::new();
    for name in names {
        match seen.get(name.text.as_str()) {
            Some(first) => twice(cx, name, *first),
            None => {
                seen.insert(name.text.as_str(), name.origin);
            }
        }
    }
}

/// Reports a name that breaks the case rule, or that Rust cannot have.
pub(super) fn check(cx: &mut Context<'_>, name: &Name, kind: Kind) {
    let text = name.text.as_str();
    if matches!(text, "self" | "Self" | "super" | "crate") {
        cx.report(
            Diagnostic::new(Code::BadName, name.origin, format!("`{text}` cannot be a name"))
                .why("Rust has no way to write a field of this name")
                .help(format!("write `{text}_`, for example")),
        );
        return;
    }
    let (fits, rule, example) = match kind {
        Kind::Type | Kind::Variant => (is_camel(text), "types and variants are CamelCase", camel(text)),
        Kind::Field => (is_snake(text), "fields and protocols are snake_case", snake(text)),
        Kind::Const => (is_upper(text), "constants are UPPER_CASE", snake(text).to_uppercase()),
    };
    if !fits {
        cx.report(
            Diagnostic::new(Code::BadName, name.origin, format!("`{text}` has the wrong case"))
                .why(format!("{rule}: case alone tells `bytes[n]` from `bytes[Len]`"))
                .help(format!("write `{example}`")),
        );
    }
}

/// The value of a literal: a number or bytes; a constant that does not exist is reported.
pub(super) fn literal(cx: &mut Context<'_>, literal: &Literal, origin: Origin) -> Option<Literal> {
    let Literal::Const(name) = literal else { return Some(literal.clone()) };
    if let Some(value) = cx.names.constant(name) {
        return Some(value);
    }
    let help = match cx.names.consts.contains_key(name.as_str()) {
        // Said where they are declared.
        true if !is_declaration(cx, origin) => return None,
        true => "give one of them a number or a string".to_owned(),
        false => {
            let known: Vec<&str> = cx.names.consts().filter(|known| known != name).collect();
            match suggest::nearest(name, known) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("declare it, with a number or a string: `const {name} = 16`; `CRLF` and `LF` are there")
                }
            }
        }
    };
    cx.report(Diagnostic::new(Code::UnknownName, origin, format!("no constant `{name}` has a value")).help(help));
    None
}

/// Whether the value of a constant stands there.
fn is_declaration(cx: &Context<'_>, origin: Origin) -> bool {
    cx.draft.consts.iter().any(|item| item.value.origin == origin)
}

fn is_camel(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase()) && text.chars().all(|c| c.is_ascii_alphanumeric())
}

fn is_snake(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase() || first == '_')
        && text.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        && text.chars().any(|c| c != '_')
}

fn is_upper(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_uppercase())
        && text.chars().all(|c| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_')
}

/// `NameLen` of `name_len`.
pub(super) fn camel(text: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    text.split('_').map(word).collect()
}

fn snake(text: &str) -> String {
    let mut out = String::new();
    let mut low = false;
    for letter in text.chars() {
        if letter.is_ascii_uppercase() && low {
            out.push('_');
        }
        low = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        out.push(letter.to_ascii_lowercase());
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cases() {
        for (text, kinds) in
            [("Line", "C"), ("A", "CU"), ("name_len", "s"), ("KEY_2", "U"), ("fileName", ""), ("_", "")]
        {
            let found: String = [(is_camel(text), 'C'), (is_snake(text), 's'), (is_upper(text), 'U')]
                .into_iter()
                .filter_map(|(is, letter)| is.then_some(letter))
                .collect();
            assert_eq!(found, kinds, "{text}");
        }
    }

    #[test]
    fn corrected_names() {
        assert_eq!(camel("name_len"), "NameLen");
        assert_eq!(camel("line"), "Line");
        assert_eq!(snake("fileName"), "file_name");
        assert_eq!(snake("HTTPHead2"), "httphead2");
    }
}
