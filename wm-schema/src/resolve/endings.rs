//! `until end`: what takes all that comes up to the end of the stream stands where nothing can come behind it, and nothing
//! else says where it ends.

use super::layouts::{Body, Line};
use super::sizes::Parts;
use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{AttrKind, Draft, EdgeDraft, Origin, Side};
use crate::ir::{Edge, Extent, Layout, Measure, Role, Said, Schema, Session, Target, Type};

/// Whether a line goes on to the end of the stream: itself, or the struct that it is.
pub(super) fn goes_on(line: &Line<'_>, structs: &[Option<Layout>]) -> bool {
    match &line.ty {
        _ if matches!(line.role, Role::Pointed(_)) => false,
        Type::Struct(index) => structs[*index].as_ref().is_some_and(|layout| layout.until_end),
        ty => matches!(super::layouts::extent(ty), Some(Extent::Rest { until_end: true, .. })),
    }
}

/// Refuses what goes on to the end of the stream where that is not the end, or not the only one.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) {
    for at in 0..body.lines.len() {
        if !goes_on(&body.lines[at], parts.structs) {
            continue;
        }
        if let Some(diagnostic) = misplaced(cx.draft, body, at) {
            cx.report(diagnostic);
            body.sound = false;
        }
    }
}

/// What is wrong with the place of a line that goes on to the end.
fn misplaced(draft: &Draft, body: &Body<'_>, at: usize) -> Option<Diagnostic> {
    let (lines, line) = (&body.lines, &body.lines[at]);
    let (name, origin) = (&line.name, written(line));
    if body.choice.is_some() {
        return Some(
            Diagnostic::new(
                Code::BadAttribute,
                origin,
                format!("the arm `{name}` goes on to the end of the connection"),
            )
            .why("which messages are the last of their side is known of the messages alone, not of what stands in them")
            .help("make it a message of its own, or give the arm a length: `bytes[u32]`"),
        );
    }
    if line.condition.is_some() || line.written_since.is_some() {
        return Some(
            Diagnostic::new(Code::BadAttribute, origin, format!("`{name}` may be absent"))
                .why("behind it its side is over, and whether that is so would depend on what is sent")
                .help("let it be there, and empty: the end may come at once"),
        );
    }
    if let Some(behind) = lines.get(at + 1) {
        return Some(
            Diagnostic::new(
                Code::RestNotLast,
                origin,
                format!("`{name}` goes on to the end of the connection, and is not the last"),
            )
            .why(format!("`{}` would stand behind that end", behind.name))
            .help(format!("move `{name}` to the end, or say how long it is: `{}[u32]`", spell::word(line.draft)))
            .note(behind.draft.origin, "this stands behind it"),
        );
    }
    if let Some(written) = draft.envelopes.first() {
        return Some(
            Diagnostic::new(Code::UnexpectedLength, origin, format!("`{name}` has two ends"))
                .why("each message ends where `frame` says, and the connection goes on behind it")
                .help(format!("write `{}[..]`: all that is left of the frame", spell::word(line.draft)))
                .note(written.origin, "it is said here"),
        );
    }
    let measures = |number: &&Line<'_>| match number.role {
        Role::Computed(equation) => match equation.measure {
            Measure::Bytes { first, last } => (first..=last).contains(&at),
            Measure::Elements { list } | Measure::Each { list } => list == at,
        },
        _ => false,
    };
    let number = lines.iter().find(measures)?;
    let help = match line.ty {
        Type::Struct(_) => format!("take `{}` out, or give what stands in it a `[..]`", number.name),
        _ => format!("write `{}[..]`, or take `{}` out", spell::word(line.draft), number.name),
    };
    Some(
        Diagnostic::new(Code::UnexpectedLength, origin, format!("`{name}` has two ends"))
            .why(format!("`{}` says its size in front, and `until end` says it again", number.name))
            .help(help)
            .note(number.draft.origin, "its size is said here"),
    )
}

/// Behind a message that goes on to the end, its side says nothing more.
pub(super) fn in_session(cx: &mut Context<'_>, schema: &Schema, session: &Session) {
    let draft: &Draft = cx.draft;
    let Some(written) = draft.sessions.first() else { return };
    for (state, written) in session.states.iter().zip(&written.states) {
        for edge in state.edges.iter().filter(|edge| speaks_behind(schema, session, edge)) {
            let Said::Message(index) = edge.said else { continue };
            let name = &schema.messages[index].layout.name;
            let says = |line: &&EdgeDraft| line.message.as_ref().is_some_and(|message| message.text == *name);
            let origin = written.edges.iter().find(says).map_or(written.name.origin, |line| line.origin);
            let who = if edge.from == Side::Client { "client" } else { "server" };
            cx.report(
                Diagnostic::new(Code::BadSession, origin, format!("the {who} could speak behind `{name}`"))
                    .why("it goes on to the end of what that side sends: nothing can follow")
                    .help(format!("lead to `close`, or to where the {who} says nothing any more")),
            );
        }
    }
}

/// Whether a line is of a message that goes on to the end, and its side may speak where it leads.
fn speaks_behind(schema: &Schema, session: &Session, edge: &Edge) -> bool {
    let Said::Message(index) = edge.said else { return false };
    let mut open = match edge.to {
        _ if !schema.messages[index].layout.until_end => return false,
        Target::Close => return false,
        Target::Protocol(_) => return true,
        Target::State(next) => vec![next],
    };
    let mut seen = vec![false; session.states.len()];
    while let Some(at) = open.pop() {
        if std::mem::replace(&mut seen[at], true) {
            continue;
        }
        for behind in &session.states[at].edges {
            match behind.to {
                _ if behind.from == edge.from => return true,
                Target::Protocol(_) => return true,
                Target::Close => {}
                Target::State(next) => open.push(next),
            }
        }
    }
    false
}

/// Where `until end` is written, or what holds it.
fn written(line: &Line<'_>) -> Origin {
    let said = line.draft.attrs.iter().find(|attr| attr.kind == AttrKind::UntilEnd);
    said.map_or(line.draft.origin, |attr| attr.origin)
}
