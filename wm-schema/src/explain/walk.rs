//! The steps of a walk in words.

use super::words::{delimited, int_word};
use crate::ir::{Bytes, Extent, Int, Layout, Schema, Type};
use crate::resolve::spell::count;
use crate::walk::{self, Span, Step};
use std::fmt::Write;

/// What the framer does with each field of a layout, a line each.
pub(super) fn steps(schema: &Schema, layout: &Layout) -> String {
    let mut lines = String::new();
    for (at, step) in walk::steps(schema, layout).iter().enumerate() {
        let _ = writeln!(lines, "    {}. {}", at + 1, words(layout, step));
    }
    lines
}

fn words(layout: &Layout, step: &Step) -> String {
    let name = |field: usize| format!("`{}`", layout.fields[field].name);
    match step {
        Step::Pass { first, last, bytes } => {
            format!("{}: pass {}", names(layout, *first, *last), count(*bytes, "byte"))
        }
        Step::Constant { field } => format!("{}: compare", name(*field)),
        Step::Until { field } => match &layout.fields[*field].ty {
            Type::Bytes(Bytes { extent: Extent::Until(ends), .. }) => {
                format!("{}: search for {}", name(*field), delimited(ends))
            }
            _ => name(*field),
        },
        Step::End { field } => format!("{}: all that comes, up to the end of the connection", name(*field)),
        Step::Headers { field, slot: None } => format!("{}: search for the empty line", name(*field)),
        Step::Headers { field, slot: Some(_) } => {
            format!("{}: search for the empty line, remember what they say of the body", name(*field))
        }
        Step::Framed { field, .. } => format!("{}: pass it, or walk over it, as the headers say", name(*field)),
        Step::Free { field } => match &layout.fields[*field].ty {
            Type::Int(int, _) => format!("{}: read the {}", name(*field), number(int)),
            _ => name(*field),
        },
        Step::Number { field, span, slot } => {
            let what = match &layout.fields[*field].ty {
                Type::Int(int, _) => format!("read the {}", number(int)),
                Type::Bytes(Bytes { extent: Extent::Prefix(int), .. })
                | Type::List { count: Extent::Prefix(int), .. } => format!("read the {} in front", number(int)),
                _ => String::new(),
            };
            let then = match slot {
                Some(_) => format!("remember it for {}", names(layout, span.first, span.last)),
                None if span.first == *field => measured(span, "it"),
                None => measured(span, &names(layout, span.first, span.last)),
            };
            format!("{}: {what}, {then}", name(*field))
        }
        Step::Kept { span, .. } => {
            format!("{}: {}", names(layout, span.first, span.last), measured(span, "it"))
        }
        Step::Mark { field, .. } => format!("{}: remember where it stands", name(*field)),
        Step::If { field, .. } => {
            let condition = layout.fields[*field].condition.as_ref().map_or("", |condition| condition.text.as_str());
            format!("{}: only if {condition}", name(*field))
        }
        Step::Sized { field, span, .. } => {
            let said = walk::worked_out(&layout.fields[*field].ty).map_or("", |formula| formula.text.as_str());
            format!("{}: {}, as long as {said} says", name(*field), measured(span, "it"))
        }
        Step::Elements { field, .. } => {
            let condition = match &layout.fields[*field].ty {
                Type::List { count: Extent::Where(condition), .. } => condition.text.as_str(),
                _ => "",
            };
            format!("{}: walk over each, up to the one where {condition}", name(*field))
        }
        Step::Enter { field, count, .. } => match &layout.fields[*field].ty {
            Type::Struct(_) => format!("{}: walk over it", name(*field)),
            _ => format!("{}: walk over each of {count}", name(*field)),
        },
    }
}

fn measured(span: &Span, what: &str) -> String {
    if span.walked { "walk over each".to_owned() } else { format!("pass {what} unseen") }
}

fn number(int: &Int) -> String {
    format!("`{}`", int_word(int))
}

fn names(layout: &Layout, first: usize, last: usize) -> String {
    let name = |at: usize| &layout.fields[at].name;
    if first == last { format!("`{}`", name(first)) } else { format!("`{}` to `{}`", name(first), name(last)) }
}
