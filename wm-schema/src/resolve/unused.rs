//! What no message leads to: it would be generated, and the Rust compiler would call it dead.

use super::Context;
use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::draft::{Draft, ExtentKind, FieldDraft, FieldKind, LayoutKind, Name, TypeDraft};
use std::collections::{BTreeMap, BTreeSet};

/// Warns of each integer, enum, struct and JSON body that no message contains. Next to a mistake nothing is said: it may be what
/// keeps a name from being used.
pub(super) fn check(cx: &mut Context<'_>) {
    let draft: &Draft = cx.draft;
    let is_message = |kind: &LayoutKind| matches!(kind, LayoutKind::Message { .. });
    let mut fields: BTreeMap<&str, &[FieldDraft]> = BTreeMap::new();
    fields.extend(draft.layouts.iter().map(|layout| (layout.name.text.as_str(), layout.fields.as_slice())));
    fields.extend(draft.json_bodies.iter().map(|body| (body.name.text.as_str(), body.members.as_slice())));
    let messages = draft.layouts.iter().filter(|layout| is_message(&layout.kind));
    let mut open: Vec<&str> = messages.map(|message| message.name.text.as_str()).collect();
    if cx.found.iter().any(|diagnostic| diagnostic.severity() == Severity::Error) {
        return;
    }
    let mut used: BTreeSet<&str> = BTreeSet::new();
    while let Some(name) = open.pop() {
        if used.insert(name) {
            open.extend(fields.get(name).into_iter().flat_map(|fields| fields.iter()).flat_map(named));
        }
    }
    let structs = draft.layouts.iter().filter(|layout| !is_message(&layout.kind)).map(|layout| &layout.name);
    let bodies = draft.json_bodies.iter().map(|body| &body.name);
    let ints = draft.ints.iter().map(|int| &int.name);
    let names: Vec<&Name> =
        draft.enums.iter().map(|item| &item.name).chain(ints).chain(bodies).chain(structs).collect();
    for name in names.into_iter().filter(|name| !used.contains(name.text.as_str())) {
        cx.report(
            Diagnostic::new(Code::NeverUsed, name.origin, format!("no message contains `{}`", name.text))
                .why("code would be made of it that nothing calls")
                .help(format!("take it out, or give a message a field of the type `{}`", name.text)),
        );
    }
}

/// The types that a field names.
fn named(field: &FieldDraft) -> impl Iterator<Item = &str> {
    let ty = match &field.kind {
        FieldKind::Named(_, ty) | FieldKind::Reserved(ty) => Some(ty),
        FieldKind::Literal(_) | FieldKind::Extension | FieldKind::Filler(_) | FieldKind::Tag { .. } => None,
    };
    ty.into_iter()
        .flat_map(|ty| std::iter::once(&ty.name).chain(&ty.body).chain(prefix(ty)))
        .map(|name| name.text.as_str())
}

/// The type of the number in brackets.
fn prefix(ty: &TypeDraft) -> Option<&Name> {
    match ty.extent.as_ref().map(|extent| &extent.kind) {
        Some(ExtentKind::Typed(prefix, _)) => Some(&prefix.name),
        _ => None,
    }
}
