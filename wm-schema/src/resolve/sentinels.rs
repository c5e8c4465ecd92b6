//! Lists that end with an element: `Item until where it.size == 0`, `Item until empty`.
//!
//! The condition speaks of the element alone, as `it`. The first element that meets it is the last one: it is part of
//! the list, for the reader and for the writer.

use super::attrs::Sentinel;
use super::formulas::{self, Numbers, View};
use super::layouts::Body;
use super::sizes::Parts;
use super::{Context, layouts};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Operator, Origin};
use crate::ir::{Bytes, Content, Extent, Formula, Layout, Role, Term, Type};

/// The extent of a list until its condition has been read: that takes all types.
pub(super) fn unread() -> Extent {
    Extent::Where(Formula { term: Term::Bool(true), text: String::new() })
}

/// Checks what ends the list on a line, if anything does.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, at: usize, parts: Parts<'_>) {
    let Some(sentinel) = body.lines[at].sentinel else { return };
    let Type::List { element, .. } = &body.lines[at].ty else { return };
    let condition = match sentinel {
        Sentinel::Where(written) => {
            let view = View {
                lines: &[],
                until: 0,
                it: None,
                params: &[],
                element: Some(element),
                numbers: Numbers::Unknown,
                sent: false,
                facts: &[],
                pointer: None,
                parts,
            };
            formulas::condition(cx, view, written)
        }
        Sentinel::Empty(origin) => empty(cx, element, origin, parts),
    };
    body.sound &= condition.is_some();
    if let (Some(Extent::Where(place)), Some(condition)) = (layouts::extent_mut(&mut body.lines[at].ty), condition) {
        *place = condition;
    }
}

/// An element is empty if the one thing in it that has a length has none.
fn empty(cx: &mut Context<'_>, element: &Type, origin: Origin, parts: Parts<'_>) -> Option<Formula> {
    let part = match element {
        Type::Struct(part) => parts.structs[*part].as_ref().map(|layout| (*part, layout)),
        _ => None,
    };
    let found = part.and_then(|(part, layout)| Some((part, only_length(layout)?)));
    let Some((part, field)) = found else {
        cx.report(
            Diagnostic::new(Code::BadFormula, origin, "when is an element of it empty?")
                .why("an element is empty if it is a struct with one field of bytes, text or elements, and that has none")
                .help("say it with a condition: `until where it.size == 0`"),
        );
        return None;
    };
    let value = Term::Member { of: Box::new(Term::It), part, field };
    let length = Term::Length { of: Box::new(value), add: 0 };
    let term = Term::Binary { operator: Operator::Equal, left: Box::new(length), right: Box::new(Term::Int(0)) };
    Some(Formula { term, text: "it is empty".to_owned() })
}

/// The one field of a struct that has a length.
fn only_length(layout: &Layout) -> Option<usize> {
    let sized = |field: &crate::ir::Field| match &field.ty {
        Type::Bytes(Bytes { content, .. }) => matches!(content, Content::Bytes | Content::Str | Content::Ascii),
        ty => matches!(ty, Type::List { .. }),
    };
    let mut found = layout.fields.iter().enumerate().filter(|(_, field)| field.role == Role::Value && sized(field));
    let (at, field) = found.next()?;
    (found.next().is_none() && field.condition.is_none() && layout.choice.is_none()).then_some(at)
}
