//! What is written in Rust: its paths, what it stands for, and where it may stand.

use super::layouts::{Body, Line};
use super::names::{self, Kind};
use super::words::{self, Word};
use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Attr, AttrKind, Draft, ExternDraft, ExternKind, FieldKind, Held, LayoutKind, Name, Spanned};
use crate::ir::{Bytes, Content, ExternFunction, ExternVia, Externs, Function, Int, Role, Type, Via};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The draft with each `extern type` replaced by what it stands for: a type of the wire, and `as`.
pub(super) fn expand(draft: &Draft) -> Cow<'_, Draft> {
    let types: BTreeMap<&str, (&ExternDraft, &crate::draft::TypeDraft, &Vec<Attr>)> = draft
        .externs
        .iter()
        .filter_map(|one| match &one.kind {
            ExternKind::Type(ty, attrs) => Some((one.name.text.as_str(), (one, ty, attrs))),
            ExternKind::Function(_) | ExternKind::Via => None,
        })
        .collect();
    if types.is_empty() {
        return Cow::Borrowed(draft);
    }
    let mut expanded = draft.clone();
    for field in expanded.layouts.iter_mut().flat_map(|layout| &mut layout.fields) {
        let FieldKind::Named(_, ty) = &mut field.kind else { continue };
        let bare = ty.extent.is_none() && ty.args.is_empty() && ty.body.is_none();
        let Some((one, wire, attrs)) = types.get(ty.name.text.as_str()).filter(|_| bare) else { continue };
        *ty = (*wire).clone();
        field.attrs.extend(attrs.iter().cloned());
        field.attrs.push(Attr { kind: AttrKind::As(one.path.clone()), origin: one.name.origin });
    }
    Cow::Owned(expanded)
}

/// Checks all `extern`s.
pub(super) fn resolve(cx: &mut Context<'_>) -> Externs {
    let draft: &Draft = cx.draft;
    let mut externs = Externs::default();
    let mut seen: Vec<&Name> = Vec::new();
    for one in &draft.externs {
        let lifetime = matches!(one.kind, ExternKind::Type(..));
        check_path(cx, &one.path, lifetime);
        if lifetime {
            continue;
        }
        names::check(cx, &one.name, Kind::Field);
        match seen.iter().find(|first| first.text == one.name.text) {
            Some(first) => names::twice(cx, &one.name, first.origin),
            None => seen.push(&one.name),
        }
        let (docs, name, path) = (one.docs.clone(), one.name.text.clone(), one.path.value.clone());
        match &one.kind {
            ExternKind::Function(ty) => {
                known_already(cx, &one.name, &["size", "count", "from", "offset"]);
                let int = words::word(&ty.name.text, cx.endian());
                let bits = match int {
                    Some(Word::Int(Int::Fixed { bytes: bytes @ (1 | 2 | 4 | 8), signed: false, .. }))
                        if ty.extent.is_none() =>
                    {
                        bytes * 8
                    }
                    _ => {
                        cx.report(
                            Diagnostic::new(
                                Code::UnknownType,
                                ty.name.origin,
                                format!("a function gives no `{}`", spell::ty(ty)),
                            )
                            .why("it gives what Rust has: how that stands on the wire, the field says that it is computed for")
                            .help("write `u8`, `u16`, `u32` or `u64`"),
                        );
                        8
                    }
                };
                externs.functions.push(ExternFunction { docs, name, path, bits, lent: None });
            }
            _ => {
                known_already(cx, &one.name, &["xor", "base64", "hex"]);
                externs.vias.push(ExternVia { docs, name, path, lent: None });
            }
        }
    }
    externs
}

/// Refuses names that the language has.
fn known_already(cx: &mut Context<'_>, name: &Name, taken: &[&str]) {
    if taken.contains(&name.text.as_str()) || Function::find(&name.text).is_some() {
        cx.report(
            Diagnostic::new(Code::Duplicate, name.origin, format!("the language has a `{}`", name.text))
                .why("a name stands for one thing only")
                .help(format!("call it `my_{}`, for example", name.text)),
        );
    }
}

/// Checks that something can be a path of Rust; that of a type may have arguments, and borrow.
fn check_path(cx: &mut Context<'_>, path: &Spanned<String>, is_type: bool) -> bool {
    let parsed = syn::parse_str::<syn::TypePath>(&path.value).ok().filter(|path| path.qself.is_none());
    let problem = match &parsed {
        None => Some("`crate::sums::sum` is one, for example"),
        Some(path) if !is_type && path.path.segments.iter().any(|segment| !segment.arguments.is_none()) => {
            Some("a function or a transform is named without arguments")
        }
        Some(_) if !lifetimes(&path.value).all(|lifetime| lifetime == "a" || lifetime == "static") => {
            Some("what a message borrows lives as long as its frame: `'a`")
        }
        Some(_) => None,
    };
    let Some(why) = problem else { return true };
    let example = if is_type { "crate::Time" } else { "crate::sums::sum" };
    cx.report(
        Diagnostic::new(Code::BadRustType, path.origin, format!("{:?} is no path of Rust", path.value))
            .why(why)
            .help(format!("write it as code would from the generated module, best from its root: \"{example}\"")),
    );
    false
}

fn lifetimes(path: &str) -> impl Iterator<Item = &str> {
    path.split('\'')
        .skip(1)
        .map(|rest| rest.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next())
        .map(Option::unwrap_or_default)
}

/// The type that a field is held as, if its path is one.
pub(super) fn held_as(cx: &mut Context<'_>, path: &Spanned<String>) -> String {
    // What an `extern type` says is checked where it is declared.
    let declared = cx.draft.externs.iter().any(|one| one.path.origin == path.origin);
    if declared || check_path(cx, path, true) { path.value.clone() } else { "()".to_owned() }
}

/// Checks that what is held as a type of the user's can be.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>) {
    let is_key = |at: usize| {
        let via =
            |line: &Line<'_>| matches!(&line.ty, Type::Bytes(Bytes { via: Some(Via::Xor { key }), .. }) if *key == at);
        body.lines.iter().any(via)
    };
    let mut mistakes = Vec::new();
    for (at, line) in body.lines.iter().enumerate().filter(|(_, line)| is_converted(line)) {
        let plain = match &line.ty {
            Type::Int(..) | Type::Float { .. } => true,
            Type::Bytes(bytes) => matches!(bytes.content, Content::Bytes | Content::Str | Content::Ascii),
            _ => false,
        };
        let problem = if line.role != Role::Value {
            Some((
                "`as` behind what no user sets",
                "a constant and a computed number are no fields in Rust",
                "take `as` out",
            ))
        } else if !plain {
            let why = "a number, bytes or text can stand for a type of yours; all else has a type in Rust, or elements of its own";
            Some((
                "this type stands for no other",
                why,
                "put the field that means it into a struct, and `as` behind that",
            ))
        } else if matches!(body.draft.kind, LayoutKind::Union { .. }) {
            let why = "an arm is the layout that it holds";
            Some((
                "an arm as a type of yours",
                why,
                "write the arm as a struct with this field: `1 V4 { ip: u32 as \"…\" }`",
            ))
        } else if line.stream {
            Some(("a stream as a type of yours", "it is handed out in parts", "take `stream` or `as` out"))
        } else if is_key(at) {
            Some((
                "a key as a type of yours",
                "it is joined with what it masks as it stands on the wire",
                "take `as` out",
            ))
        } else {
            None
        };
        if let Some((label, why, help)) = problem {
            mistakes.push(Diagnostic::new(Code::BadAttribute, line.draft.origin, label).why(why).help(help));
        }
    }
    body.sound &= mistakes.is_empty();
    mistakes.into_iter().for_each(|mistake| cx.report(mistake));
}

/// Whether a field is held as a type of the user's.
pub(super) fn is_converted(line: &Line<'_>) -> bool {
    line.converted.is_some() || line.draft.held == Held::Converted
}
