//! The variables of a session: what it remembers of what was said, for the lines that come later.

use super::formulas::{self, Kind, Numbers, View};
use super::layouts::Body;
use super::sizes::Parts;
use super::{Context, choices, names, spell, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{self, LayoutKind, SessionDraft, SetDraft, VariableDraft};
use crate::ir::{Computed, Formula, Int, Param, Session, Term, Type, Variable};

/// All variables; none if one of them is not sound.
pub(super) fn resolve(
    cx: &mut Context<'_>,
    session: &SessionDraft,
    bodies: &[Body<'_>],
    parts: Parts<'_>,
) -> Option<Vec<Variable>> {
    names::distinct(cx, session.variables.iter().map(|variable| &variable.name));
    for name in session.variables.iter().map(|variable| &variable.name) {
        let of = bodies.iter().filter(|body| matches!(body.draft.kind, LayoutKind::Message { .. }));
        let field =
            |body: &Body<'_>| body.lines.iter().find(|line| line.name == name.text).map(|line| line.draft.origin);
        if let Some((body, origin)) = of.filter_map(|body| Some((body, field(body)?))).next() {
            cx.report(
                Diagnostic::new(
                    Code::Duplicate,
                    name.origin,
                    format!("`{}` is a field of `{}`", name.text, body.draft.name.text),
                )
                .why("a line that says its name would mean the one or the other")
                .help(format!("give the variable another name: `last_{}`", name.text))
                .note(origin, "it stands here"),
            );
            return None;
        }
    }
    let all: Vec<Option<Variable>> = session.variables.iter().map(|written| one(cx, written, parts)).collect();
    all.into_iter().collect()
}

fn one(cx: &mut Context<'_>, written: &VariableDraft, parts: Parts<'_>) -> Option<Variable> {
    let name = &written.name;
    names::check(cx, name, names::Kind::Field);
    let Some(ty @ (Type::Int(..) | Type::Enum(_))) = choices::value_type(cx, &written.ty) else {
        cx.report(
            Diagnostic::new(
                Code::UnknownType,
                written.ty.name.origin,
                format!("`{}` cannot be remembered", spell::ty(&written.ty)),
            )
            .why("a variable is a number, a bit or an enum: no peer decides how much is held")
            .help("write `var tries: u8 = 0`, or remember it in the handler"),
        );
        return None;
    };
    let initial = match (&written.initial, &ty) {
        (Some(value), ty) => constant(cx, value, ty, parts)?,
        (None, Type::Enum(_)) => {
            cx.report(
                Diagnostic::new(Code::BadSession, name.origin, format!("`{}` has no value at the start", name.text))
                    .why("which of the variants it is before it is set cannot be guessed")
                    .help(format!("write `var {}: {} = …`", name.text, written.ty.name.text)),
            );
            return None;
        }
        (None, _) => 0,
    };
    Some(Variable { docs: written.docs.clone(), param: Param { name: name.text.clone(), ty }, initial })
}

/// The value at the start.
fn constant(cx: &mut Context<'_>, written: &draft::Formula, ty: &Type, parts: Parts<'_>) -> Option<i128> {
    let view = View {
        lines: &[],
        until: 0,
        it: None,
        params: &[],
        element: None,
        numbers: Numbers::Unknown,
        sent: false,
        facts: &[],
        pointer: None,
        parts,
    };
    let formula = value(cx, view, written, ty)?;
    match formula.term.evaluate(&|_| None)? {
        Computed::Int(value) => Some(value),
        Computed::Bool(value) => Some(value.into()),
        Computed::Bytes(_) => None,
    }
}

/// What a line remembers; none if it is not sound.
pub(super) fn sets(cx: &mut Context<'_>, view: View<'_>, written: &[SetDraft]) -> Option<Vec<(usize, Formula)>> {
    names::distinct(cx, written.iter().map(|set| &set.name));
    let sets: Vec<Option<(usize, Formula)>> = written.iter().map(|set| self::set(cx, view, set)).collect();
    sets.into_iter().collect()
}

fn set(cx: &mut Context<'_>, view: View<'_>, written: &SetDraft) -> Option<(usize, Formula)> {
    let name = &written.name;
    let Some(index) = view.params.iter().position(|param| param.name == name.text) else {
        let help = match view.params.is_empty() {
            true => format!("write `var {}: u8 = 0` in front of the states", name.text),
            false => suggest::help(&name.text, view.params.iter().map(|param| param.name.as_str())),
        };
        cx.report(Diagnostic::new(Code::UnknownName, name.origin, format!("no variable `{}`", name.text)).help(help));
        return None;
    };
    Some((index, value(cx, view, &written.value, &view.params[index].ty)?))
}

/// A value that a variable of this type can have, whatever is said.
fn value(cx: &mut Context<'_>, view: View<'_>, written: &draft::Formula, ty: &Type) -> Option<Formula> {
    let (term, kind) = formulas::term(cx, view, written)?;
    let (why, help) = match (ty, kind) {
        (Type::Int(Int::Flag, _), Kind::Bool) => return Some(Formula { term, text: written.text.clone() }),
        (Type::Enum(wanted), Kind::Enum(found)) if *wanted == found => {
            return Some(Formula { term, text: written.text.clone() });
        }
        (Type::Int(Int::Flag, _), _) => {
            ("a bit is set to what is true or false".to_owned(), "write `true`, or a comparison".to_owned())
        }
        (Type::Enum(wanted), _) => {
            let name = parts_name(view, *wanted);
            (format!("the variable is a value of `{name}`"), format!("set it to a variant or a field of `{name}`"))
        }
        (Type::Int(int, _), Kind::Int(least, most)) => {
            let (from, to) = int.range();
            if from <= least && most <= to {
                return Some(Formula { term, text: written.text.clone() });
            }
            if least == most {
                (
                    format!("the variable holds {from} to {to}"),
                    "write a number that fits, or give the variable a wider type".to_owned(),
                )
            } else {
                let of = if matches!(term, Term::Binary { .. }) {
                    format!("({})", written.text)
                } else {
                    written.text.clone()
                };
                let why = format!("it may be {least} to {most}, and the variable holds {from} to {to}");
                (why, format!("bound it, as in `{of} % {}`, or give the variable a wider type", to.saturating_add(1)))
            }
        }
        _ => ("the variable is a number".to_owned(), "set it to a number, or to a field that is one".to_owned()),
    };
    cx.report(
        Diagnostic::new(Code::BadFormula, written.origin, format!("`{}` does not fit the variable", written.text))
            .why(why)
            .help(help),
    );
    None
}

fn parts_name(view: View<'_>, index: usize) -> String {
    view.parts.enums[index].as_ref().map_or_else(|| "its enum".to_owned(), |item| item.name.clone())
}

/// A variable that nobody reads remembers nothing, and one that nobody sets is a constant.
pub(super) fn used(cx: &mut Context<'_>, written: &SessionDraft, session: &Session) {
    let edges = || session.states.iter().flat_map(|state| &state.edges);
    for (index, draft) in written.variables.iter().enumerate() {
        let name = &draft.name;
        let reads = |formula: &Formula| formula.term.reads_param(index);
        let is_read = edges().any(|edge| edge.guard.as_ref().is_some_and(reads));
        let is_set = edges().any(|edge| edge.sets.iter().any(|(set, _)| *set == index));
        let (label, help) = match (is_read, is_set) {
            (false, _) => (format!("no line reads `{}`", name.text), "read it behind `where`, or take it out"),
            (_, false) => {
                (format!("no line sets `{}`", name.text), "write `set` behind a message, or make it a `const`")
            }
            _ => continue,
        };
        cx.report(
            Diagnostic::new(Code::NeverUsed, name.origin, label)
                .why("a variable remembers what was said for the lines that come later")
                .help(help),
        );
    }
}
