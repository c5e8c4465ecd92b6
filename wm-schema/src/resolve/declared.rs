//! Enums and typed JSON bodies.

use super::names::{self, Item, Kind};
use super::words::{self, Word};
use super::{Context, spell, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, EnumDraft, FieldDraft, FieldKind, JsonDraft, TypeDraft, VariantDraft};
use crate::ir::{Enum, Int, JsonBody, JsonMember, JsonType, Variant};

/// All enums; none where the integer of one is not known.
pub(super) fn enums(cx: &mut Context<'_>) -> Vec<Option<Enum>> {
    let draft: &Draft = cx.draft;
    draft.enums.iter().filter(|item| !item.is_text()).map(|item| one_enum(cx, item)).collect()
}

fn one_enum(cx: &mut Context<'_>, draft: &EnumDraft) -> Option<Enum> {
    names::distinct(cx, draft.variants.iter().map(|variant| &variant.name));
    if draft.variants.is_empty() {
        cx.report(
            Diagnostic::new(Code::Empty, draft.name.origin, format!("`{}` has no variants", draft.name.text))
                .why("no value could ever be read")
                .help(format!("write `enum {}: {} {{ First = 1 }}`", draft.name.text, spell::ty(&draft.repr))),
        );
    }
    if draft.nocase {
        cx.report(
            Diagnostic::new(Code::BadAttribute, draft.name.origin, "`nocase` of numbers")
                .why("numbers have no capital letters")
                .help("take `nocase` out"),
        );
    }
    let repr = repr(cx, draft)?;
    let mut variants: Vec<Variant> = Vec::new();
    for (index, variant) in draft.variants.iter().enumerate().filter(|(_, variant)| variant.name.text != "_") {
        names::check(cx, &variant.name, Kind::Variant);
        let Some((least, most)) = values(cx, variant, &repr) else { continue };
        let clash = variants.iter().find(|other| least <= other.most && other.least <= most);
        if let Some(other) = clash {
            let diagnostic = overlap(draft, index, &other.name, least.max(other.least));
            cx.report(diagnostic);
        }
        variants.push(Variant { docs: variant.docs.clone(), name: variant.name.text.clone(), least, most });
    }
    let open = is_open(cx, draft);
    let line = cx.draft.line(draft.name.origin);
    Some(Enum { docs: draft.docs.clone(), name: draft.name.text.clone(), repr, variants, open, rust: draft.rust, line })
}

/// Whether `_` takes all other values.
pub(super) fn is_open(cx: &mut Context<'_>, draft: &EnumDraft) -> bool {
    let open = draft.variants.iter().any(|variant| variant.name.text == "_");
    if let Some(other) = draft.variants.iter().find(|variant| open && variant.name.text == "Other") {
        cx.report(
            Diagnostic::new(Code::BadName, other.name.origin, "`Other` is the variant that `_` makes")
                .why("an open enum carries every unnamed value as `Other(n)`")
                .help("give the variant another name, or take `_` out"),
        );
    }
    open
}

/// The integer of an enum: unsigned, at most 64 bits.
fn repr(cx: &mut Context<'_>, draft: &EnumDraft) -> Option<Int> {
    let ty = &draft.repr;
    let label = match words::word(&ty.name.text, cx.endian()) {
        Some(Word::Int(int @ (Int::Fixed { bytes: 1..=8, signed: false, .. } | Int::Bits { .. })))
            if ty.extent.is_none() =>
        {
            return Some(int);
        }
        Some(_) => format!("`{}` cannot number the variants", spell::ty(ty)),
        None => {
            cx.report(unknown_type(cx, ty));
            return None;
        }
    };
    cx.report(
        Diagnostic::new(Code::BadVariant, ty.name.origin, label)
            .why("the values of an enum are unsigned integers, at most `u64`")
            .help(format!("write `enum {}: u8`", draft.name.text)),
    );
    None
}

/// The values of a variant, if they fit the integer of the enum.
fn values(cx: &mut Context<'_>, variant: &VariantDraft, repr: &Int) -> Option<(u64, u64)> {
    let name = &variant.name;
    if let Some(word) = &variant.word {
        cx.report(
            Diagnostic::new(Code::BadVariant, word.origin, "text where a number belongs")
                .why("the integer behind the name of the enum says that its values are numbers")
                .help(format!("write `{} = 1`, or `ascii` in place of the integer", name.text)),
        );
        return None;
    }
    let Some(values) = &variant.values else {
        cx.report(
            Diagnostic::new(Code::BadVariant, name.origin, format!("`{}` has no value", name.text))
                .why("what stands on the wire is never guessed")
                .help(format!("write `{} = 1`", name.text)),
        );
        return None;
    };
    let (least, most) = values.value;
    if least > most {
        cx.report(
            Diagnostic::new(Code::BadRange, values.origin, format!("nothing is in {least}..={most}"))
                .why("the end of the range is before its start")
                .help(format!("write `{} = {most}..={least}`", name.text)),
        );
        return None;
    }
    let (_, limit) = repr.range();
    if least < 0 || most > limit {
        let found = if least < 0 { least } else { most };
        cx.report(
            Diagnostic::new(Code::BadVariant, values.origin, format!("{found} does not fit"))
                .why(format!("the integer of the enum holds 0 to {limit}"))
                .help("take a value in that range, or give the enum a wider integer"),
        );
        return None;
    }
    Some((u64::try_from(least).ok()?, u64::try_from(most).ok()?))
}

fn overlap(draft: &EnumDraft, index: usize, other: &str, value: u64) -> Diagnostic {
    let variant = &draft.variants[index];
    let at = variant.values.as_ref().map_or(variant.name.origin, |values| values.origin);
    let first = draft.variants.iter().find(|variant| variant.name.text == other);
    let diagnostic = Diagnostic::new(Code::BadVariant, at, format!("{value} is `{other}` already"))
        .why("a value on the wire names one variant")
        .help(format!("give `{}` a value of its own", variant.name.text));
    match first {
        Some(first) => diagnostic.note(first.name.origin, format!("`{other}` stands here")),
        None => diagnostic,
    }
}

/// All typed JSON bodies.
pub(super) fn json_bodies(cx: &mut Context<'_>) -> Vec<JsonBody> {
    let bodies: Vec<JsonBody> = cx.draft.json_bodies.iter().map(|draft| json_body(cx, draft)).collect();
    for (index, draft) in cx.draft.json_bodies.iter().enumerate() {
        if contains_itself(&bodies, index) {
            cx.report(
                Diagnostic::new(Code::Recursive, draft.name.origin, format!("`{}` contains itself", draft.name.text))
                    .why("a value of it would never end")
                    .help("take the member out that leads back to it"),
            );
        }
    }
    bodies
}

fn json_body(cx: &mut Context<'_>, draft: &JsonDraft) -> JsonBody {
    let named = |field: &'_ FieldDraft| matches!(&field.kind, FieldKind::Named(..));
    names::distinct(
        cx,
        draft.members.iter().filter_map(|field| match &field.kind {
            FieldKind::Named(name, _) => Some(name),
            _ => None,
        }),
    );
    if !draft.members.iter().any(named) {
        cx.report(
            Diagnostic::new(Code::Empty, draft.name.origin, format!("`{}` has no members", draft.name.text))
                .why("there is nothing to read from such an object")
                .help(format!("write `json {} {{ name: str }}`", draft.name.text)),
        );
    }
    let members = draft.members.iter().filter_map(|field| json_member(cx, field)).collect();
    let line = cx.draft.line(draft.name.origin);
    JsonBody { docs: draft.docs.clone(), name: draft.name.text.clone(), members, line }
}

fn json_member(cx: &mut Context<'_>, field: &FieldDraft) -> Option<JsonMember> {
    let FieldKind::Named(name, ty) = &field.kind else {
        cx.report(
            Diagnostic::new(Code::BadAttribute, field.origin, "a member of a JSON body needs a name")
                .why("JSON has no constants or reserved places")
                .help("write `name: str`"),
        );
        return None;
    };
    names::check(cx, name, Kind::Field);
    if let Some(extent) = &ty.extent {
        cx.report(
            Diagnostic::new(Code::UnexpectedLength, extent.origin, "JSON values have no length on the wire")
                .why("lists and limits inside of JSON are not there yet; the frame bounds the whole body")
                .help(format!("write `{}: {}`", name.text, ty.name.text)),
        );
    }
    if let Some(attr) = field.attrs.first() {
        cx.report(
            Diagnostic::new(Code::BadAttribute, attr.origin, "a member of a JSON body takes no attributes")
                .help(format!("write `{}: {}`", name.text, ty.name.text)),
        );
    }
    let ty = json_type(cx, ty)?;
    Some(JsonMember { docs: field.docs.clone(), name: name.text.clone(), ty })
}

const JSON_WORDS: [&str; 12] = ["str", "base64", "bool", "u8", "u16", "u32", "u64", "i8", "i16", "i32", "i64", "f64"];

fn json_type(cx: &mut Context<'_>, ty: &TypeDraft) -> Option<JsonType> {
    let int = |bits, signed| Some(JsonType::Int { bits, signed });
    match ty.name.text.as_str() {
        "str" => Some(JsonType::Str),
        "base64" => Some(JsonType::Base64),
        "bool" => Some(JsonType::Bool),
        "f64" => Some(JsonType::Float),
        "u8" => int(8, false),
        "u16" => int(16, false),
        "u32" => int(32, false),
        "u64" => int(64, false),
        "i8" => int(8, true),
        "i16" => int(16, true),
        "i32" => int(32, true),
        "i64" => int(64, true),
        text => {
            if let Some(Item::Json(index)) = cx.names.item(text) {
                return Some(JsonType::Body(index));
            }
            let bodies = cx.names.types(|item| matches!(item, Item::Json(_)));
            let known: Vec<&str> = JSON_WORDS.into_iter().chain(bodies).collect();
            let help = match words::foreign(text) {
                Some("bytes") => "write `base64`".to_owned(),
                Some("f32") => "write `f64`".to_owned(),
                Some(ours) => format!("write `{ours}`"),
                None => suggest::help(text, known),
            };
            cx.report(
                Diagnostic::new(Code::UnknownType, ty.name.origin, format!("`{text}` is no type of a JSON value"))
                    .why("a typed JSON body holds text, base64, numbers, truth values and other bodies")
                    .help(help),
            );
            None
        }
    }
}

/// Whether a walk over the members of a body comes back to it.
fn contains_itself(bodies: &[JsonBody], start: usize) -> bool {
    let mut seen = vec![false; bodies.len()];
    let mut open = vec![start];
    while let Some(index) = open.pop() {
        for member in bodies.get(index).into_iter().flat_map(|body| &body.members) {
            if let JsonType::Body(next) = member.ty {
                if next == start {
                    return true;
                }
                if !std::mem::replace(&mut seen[next], true) {
                    open.push(next);
                }
            }
        }
    }
    false
}

/// A type that does not exist.
pub(super) fn unknown_type(cx: &Context<'_>, ty: &TypeDraft) -> Diagnostic {
    let text = ty.name.text.as_str();
    let diagnostic = Diagnostic::new(Code::UnknownType, ty.name.origin, format!("no type `{text}`"));
    let types = || cx.names.types(|item| matches!(item, Item::Enum(_) | Item::Words(_) | Item::Struct(_)));
    if let Some(ours) = words::foreign(text) {
        return diagnostic.why("types start the way Rust's do").help(format!("write `{ours}`"));
    }
    let imported = cx.draft.left_out.iter().map(String::as_str);
    let known = words::WORDS.iter().copied().chain(types()).chain(imported);
    if let Some(near) = suggest::nearest(text, known) {
        return diagnostic.help(format!("did you mean `{near}`?"));
    }
    if text.starts_with(|first: char| first.is_ascii_uppercase()) {
        return diagnostic
            .why("CamelCase names an enum or a struct of this schema")
            .help(format!("declare it: `struct {text} {{ … }}` or `enum {text}: u8 {{ … }}`"));
    }
    diagnostic.why("integers are 8, 16, 24, 32, 40, 48, 56, 64 or 128 bits wide; `bit` and `u1` to `u63` share bytes").help(
        "there is: `u8` … `u128`, `i8` … `i128`, `f32`, `f64`, `varint`, `dec`, `hex`, `bytes`, `str`, `ascii`, `json`",
    )
}
