//! `since`: fields that older peers do not send. They stand at the end of their region, in the order of their versions.

use super::layouts::{Body, Line};
use super::sizes::{self, Parts};
use super::{Context, formulas};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::Spanned;
use crate::ir::{Role, Since};

/// Checks the versions of a layout.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) {
    let mut behind: Option<usize> = None;
    for at in 0..body.lines.len() {
        let line = &body.lines[at];
        let Some(written) = line.written_since else {
            if let (Some(before), true) = (behind, line.role != Role::Extension) {
                cx.report(always_there_behind(line, &body.lines[before]));
                body.sound = false;
            }
            continue;
        };
        let before = behind.map(|before| (before, body.lines[before].since.map_or(0, |since| since.version)));
        let joined = before.is_some_and(|(_, version)| version == written.value);
        let problem = of_the_protocol(cx, written).or_else(|| {
            let (before, version) = before.filter(|(_, version)| *version > written.value)?;
            Some(older(written, version, &body.lines[before]))
        });
        let problem = problem.or_else(|| no_value(&body.lines[at], written));
        let problem = problem.or_else(|| told_by_its_bytes(body, at, joined, written, parts));
        body.sound &= problem.is_none() && formulas::may_be_absent(cx, body, at, written.origin);
        problem.into_iter().for_each(|diagnostic| cx.report(diagnostic));
        body.lines[at].since = Some(Since { version: written.value, behind: before.map(|(before, _)| before), joined });
        behind = Some(at);
    }
}

/// A version that the protocol does not have.
fn of_the_protocol(cx: &Context<'_>, written: &Spanned<u32>) -> Option<Diagnostic> {
    let (version, name) = (written.value, &cx.draft.name);
    let (label, why, help) = match &cx.draft.version {
        Some(current) if version <= current.value => return None,
        Some(current) => (
            format!("this is `{}` v{}", name.text, current.value),
            "a field that a later version brings is not there yet",
            format!("write `protocol {} v{version}` in the first line, or an earlier version here", name.text),
        ),
        None => (
            format!("`{}` has no version", name.text),
            "what a version has brought, only a protocol with versions can say",
            format!("write `protocol {} v{version}` in the first line", name.text),
        ),
    };
    Some(Diagnostic::new(Code::BadAttribute, written.origin, label).why(why).help(help))
}

fn older(written: &Spanned<u32>, version: u32, before: &Line<'_>) -> Diagnostic {
    let label = format!("v{} behind v{version}", written.value);
    Diagnostic::new(Code::BadAttribute, written.origin, label)
        .why("a peer of the older version would end its region in front of both")
        .help("order the fields by their versions: what is new stands last")
        .note(before.draft.origin, "this one is newer")
}

fn always_there_behind(line: &Line<'_>, before: &Line<'_>) -> Diagnostic {
    Diagnostic::new(Code::BadAttribute, line.draft.origin, format!("`{}` stands behind what may be absent", line.name))
        .why("whether a newer field is there is told by the end of its region, so only newer ones stand behind it")
        .help(format!("move it above `{}`, or say `since` of it too", before.name))
        .note(before.draft.origin, "this one may be absent")
}

/// Whether a field is one that a user sets: the others could not be left out by him.
fn no_value(line: &Line<'_>, written: &Spanned<u32>) -> Option<Diagnostic> {
    (line.role != Role::Value).then(|| {
        Diagnostic::new(Code::BadAttribute, written.origin, format!("`{}` cannot be absent", line.name))
            .why("only a field that a user sets can be absent by its version")
            .help("put it into a struct, and that behind `since`")
    })
}

/// Whether the first field of a version is told by a byte that it has for sure, and stands nowhere where it cannot be.
fn told_by_its_bytes(
    body: &Body<'_>,
    at: usize,
    joined: bool,
    written: &Spanned<u32>,
    parts: Parts<'_>,
) -> Option<Diagnostic> {
    let line = &body.lines[at];
    let refused = |label: String, why: &str, help: &str| {
        Some(Diagnostic::new(Code::BadAttribute, written.origin, label).why(why).help(help))
    };
    if line.condition.is_some() {
        let why = "one of the two says when it is there, and the other cannot say more";
        return refused(
            format!("`{}` is behind `if` and `since`", line.name),
            why,
            "put it into a struct behind `since`",
        );
    }
    if line.bits.is_some() {
        let why = "the bits beside it would not fill whole bytes without it";
        return refused(
            format!("`{}` cannot be absent", line.name),
            why,
            "put all of them into a struct behind `since`",
        );
    }
    if body.choice.is_some() {
        let why = "it is there when it is chosen, and only then";
        return refused(format!("`{}` cannot be an arm", line.name), why, "put it into a struct, and choose that");
    }
    if !joined && sizes::size(&line.ty, &body.lines, parts).least == 0 {
        let why = "where it takes no bytes, it could not be told from one that is absent";
        return refused(format!("`{}` may take no bytes", line.name), why, "give it a prefix: `[u16]`");
    }
    None
}
