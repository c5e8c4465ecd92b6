//! The guards of a session: each message that is legal in a state must find a line, and each line a message.

use super::Context;
use super::layouts::Body;
use super::sizes::Parts;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{EdgeDraft, Side, StateDraft};
use crate::ir::{Computed, Edge, Enum, Formula, Int, Said, State, Term, Type};

/// Fields of so many values at the most are tried one by one.
const TRIED_MAX: i128 = 256;

/// Checks the lines of a state, for each message of each side.
pub(super) fn check(cx: &mut Context<'_>, bodies: &[Body<'_>], parts: Parts<'_>, state: &State, written: &StateDraft) {
    // What both sides may say has its lines twice.
    let lines: Vec<(&EdgeDraft, &Edge)> = edges(state, written);
    for side in [Side::Client, Side::Server] {
        for message in state.messages(side) {
            let both = lines.iter().filter(|(_, edge)| edge.said == Said::Message(message));
            let lines: Vec<(&EdgeDraft, &Edge)> = both.copied().filter(|(_, edge)| edge.from == side).collect();
            let again = side == Side::Server && lines.iter().all(|(draft, _)| draft.from.is_none());
            if !again {
                of_message(cx, &bodies[message], parts, &state.name, &lines);
            }
        }
    }
}

fn edges<'s>(state: &'s State, written: &'s StateDraft) -> Vec<(&'s EdgeDraft, &'s Edge)> {
    let drafts =
        written.edges.iter().flat_map(|draft| std::iter::repeat_n(draft, if draft.from.is_none() { 2 } else { 1 }));
    drafts.zip(&state.edges).collect()
}

fn of_message(cx: &mut Context<'_>, body: &Body<'_>, parts: Parts<'_>, state: &str, lines: &[(&EdgeDraft, &Edge)]) {
    let name = &body.draft.name.text;
    let taken = taken(body, parts, lines);
    for (at, (draft, _)) in lines.iter().enumerate() {
        let open = lines[..at].iter().position(|(_, before)| before.guard.is_none());
        let shadow = match (open, &taken) {
            (Some(open), _) => Some((open, "takes all that come")),
            (None, Some(taken)) if !taken.lines[at] => {
                Some((at - 1, "and those before it take all that this one would"))
            }
            _ => None,
        };
        if let Some((before, how)) = shadow {
            cx.report(
                Diagnostic::new(Code::Shadowed, draft.origin, format!("no `{name}` comes here"))
                    .why("the first line that fits is taken")
                    .help("move it up, or take it out")
                    .note(lines[before].0.origin, how),
            );
        }
    }
    let complete = lines.iter().any(|(_, edge)| edge.guard.is_none())
        || taken.as_ref().is_some_and(|taken| taken.missed.is_none());
    let Some((last, edge)) = lines.last().filter(|_| !complete) else { return };
    let side = if edge.from == Side::Client { "client" } else { "server" };
    let example = taken.and_then(|taken| taken.missed).map(|missed| format!(", as where {missed}")).unwrap_or_default();
    cx.report(
        Diagnostic::new(Code::Unguarded, last.origin, format!("`{name}` may fit no line of `{state}`"))
            .why(format!("where no guard holds{example}, nobody would know how to go on"))
            .help(format!("add a line without a guard as the last: `{side} {name} -> close`")),
    );
}

/// What becomes of each value of the one field that all guards read.
struct Taken {
    /// Whether a line is ever taken.
    lines: Vec<bool>,
    /// A value that no line takes, in words.
    missed: Option<String>,
}

fn taken(body: &Body<'_>, parts: Parts<'_>, lines: &[(&EdgeDraft, &Edge)]) -> Option<Taken> {
    let guards: Vec<Option<&Formula>> = lines.iter().map(|(_, edge)| edge.guard.as_ref()).collect();
    let field = guards.iter().flatten().find_map(|guard| guard.term.fields().first().copied())?;
    if !guards.iter().flatten().all(|guard| guard.term.reads_only(field)) {
        return None;
    }
    let (values, kind) = domain(body, parts, field)?;
    let mut taken = Taken { lines: vec![false; lines.len()], missed: None };
    for value in values {
        let known = |_: &Term| {
            Some(if matches!(&body.lines[field].ty, Type::Int(Int::Flag, _)) {
                Computed::Bool(value == 1)
            } else {
                Computed::Int(value)
            })
        };
        let holds = |guard: &Option<&Formula>| {
            guard.is_none_or(|guard| guard.term.evaluate(&known).is_some_and(|found| found.holds()))
        };
        match guards.iter().position(holds) {
            Some(line) => taken.lines[line] = true,
            None if taken.missed.is_none() => {
                let name = &body.lines[field].name;
                let variant = kind.and_then(|kind| {
                    let named =
                        kind.variants.iter().find(|one| (one.least.into()..=one.most.into()).contains(&value))?;
                    Some(format!("{}.{}", kind.name, named.name))
                });
                taken.missed = Some(format!("`{name} == {}`", variant.unwrap_or_else(|| value.to_string())));
            }
            None => {}
        }
    }
    Some(taken)
}

/// All values of a field, if they can be tried.
fn domain<'p>(body: &Body<'_>, parts: Parts<'p>, field: usize) -> Option<(Vec<i128>, Option<&'p Enum>)> {
    let all = |least: i128, most: i128| (most - least < TRIED_MAX).then(|| (least..=most).collect::<Vec<_>>());
    match &body.lines[field].ty {
        Type::Int(int, range) => {
            let (least, most) = range.unwrap_or_else(|| int.range());
            Some((most.checked_sub(least).and_then(|_| all(least, most))?, None))
        }
        Type::Enum(index) => {
            let kind = parts.enums[*index].as_ref()?;
            if kind.open {
                return Some((all(0, kind.repr.range().1)?, Some(kind)));
            }
            let one = |least: u64, most: u64| all(least.into(), most.into());
            let values = kind.variants.iter().map(|variant| one(variant.least, variant.most));
            Some((values.collect::<Option<Vec<_>>>()?.concat(), Some(kind)))
        }
        _ => None,
    }
}
