//! Where does a frame end? Inferred from the layout, never written.
//!
//! The first of these that is found, from the front, and that leaves nothing else of varying size outside:
//!
//! * all fields fixed: `Fixed`;
//! * a number at a fixed place whose equation measures all that varies: `Prefix`;
//! * bytes or a list with a prefix, all else fixed: `Prefix`;
//! * bytes or a number up to a delimiter, all else fixed: `Until`.

use super::layouts::{Body, Line};
use super::regions::takes_rest;
use super::sizes::{self, Parts};
use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Equation, Extent, Framing, Int, Measure, Role, Type};

/// Infers the framing of a message, or reports what is missing.
pub(super) fn infer(cx: &mut Context<'_>, body: &Body<'_>, parts: Parts<'_>) -> Option<Framing> {
    let lines = &body.lines;
    let varying: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].size.fixed().is_none()).collect();
    if varying.is_empty() {
        let bytes = sizes::sum(lines).least;
        if bytes == 0 {
            cx.report(
                Diagnostic::new(
                    Code::Empty,
                    body.draft.name.origin,
                    format!("`{}` takes no bytes", body.draft.name.text),
                )
                .why("a message of no bytes could arrive any number of times at once")
                .help("give it a field of at least a byte"),
            );
            return None;
        }
        return Some(Framing::Fixed { bytes });
    }
    let found = (0..lines.len()).find_map(|at| {
        // What stands behind something of varying size is at no fixed place.
        let reachable = varying.iter().all(|&other| other >= at);
        reachable.then(|| by_equation(lines, &varying, at, parts).or_else(|| by_field(lines, &varying, at, parts)))?
    });
    if found.is_none() {
        let diagnostic = match varying.iter().find(|at| takes_rest(&lines[**at].ty, parts)) {
            Some(&rest) => unbounded(body, rest),
            None => walk(body, &varying),
        };
        cx.report(diagnostic);
    }
    found
}

/// The number at `at` measures all that varies.
fn by_equation(lines: &[Line<'_>], varying: &[usize], at: usize, parts: Parts<'_>) -> Option<Framing> {
    let Role::Computed(Equation { measure, add }) = lines[at].role else { return None };
    let Type::Int(int, _) = &lines[at].ty else { return None };
    let (first, last, scale) = match measure {
        Measure::Bytes { first, last } => (first, last, 1),
        Measure::Elements { list } => (list, list, scale(&lines[list].ty, parts)?),
    };
    let varies = int.size().fixed().is_none();
    if varying.iter().any(|other| !(first..=last).contains(other) && *other != at) {
        return None;
    }
    let outside = fixed(lines, |other| !((first..=last).contains(&other) || varies && other == at))?;
    let outside = outside.checked_sub(add.checked_mul(i64::try_from(scale).ok()?)?)?;
    let int = int.clone();
    Some(Framing::Prefix { field: at, at: before(lines, at), int, scale, outside, width_outside: varies })
}

/// The field at `at` is all that varies, and says itself where it ends.
fn by_field(lines: &[Line<'_>], varying: &[usize], at: usize, parts: Parts<'_>) -> Option<Framing> {
    let line = &lines[at];
    if varying != [at] || line.condition.is_some() {
        return None;
    }
    if let Some(int) = sizes::prefix(&line.ty) {
        let scale = match &line.ty {
            Type::List { element, .. } => fixed_element(element, parts)?,
            _ => 1,
        };
        let width = int.size().fixed();
        let outside = fixed(lines, |other| other != at)?.checked_add_unsigned(width.unwrap_or(0))?;
        let (at_byte, int) = (before(lines, at), int.clone());
        return Some(Framing::Prefix { field: at, at: at_byte, int, scale, outside, width_outside: width.is_none() });
    }
    let (delimiter, max) = match &line.ty {
        Type::Int(Int::Until { delimiter, max, .. }, _) => (delimiter, u64::from(*max)),
        // Its limit comes later, in `bound`.
        Type::Bytes(bytes) => match &bytes.extent {
            Extent::Until(delimiter) => (delimiter, u64::MAX),
            _ => return None,
        },
        _ => return None,
    };
    let tail = fixed(lines, |other| other > at)?.unsigned_abs();
    Some(Framing::Until { field: at, from: before(lines, at), delimiter: delimiter.clone(), max, tail })
}

/// The fixed size of the elements of a list that no prefix counts.
fn scale(list: &Type, parts: Parts<'_>) -> Option<u64> {
    match list {
        Type::List { element, count: Extent::Field(_) | Extent::Rest { .. }, .. } => fixed_element(element, parts),
        _ => None,
    }
}

fn fixed_element(element: &Type, parts: Parts<'_>) -> Option<u64> {
    sizes::size(element, &[], parts).fixed()
}

/// Tells the framing the limit of its field, once that is known.
pub(super) fn bound(framing: &mut Framing, lines: &[Line<'_>]) {
    if let Framing::Until { field, max, .. } = framing
        && let Type::Bytes(bytes) = &lines[*field].ty
    {
        *max = bytes.max.unwrap_or(*max);
    }
}

/// The bytes in front of a field, which are all fixed.
fn before(lines: &[Line<'_>], at: usize) -> u64 {
    sizes::sum(&lines[..at]).least
}

/// The sum of the fixed sizes of the fields that `wanted` takes.
fn fixed(lines: &[Line<'_>], wanted: impl Fn(usize) -> bool) -> Option<i64> {
    let sum = (0..lines.len()).filter(|at| wanted(*at)).map(|at| lines[at].size.fixed()).sum::<Option<u64>>()?;
    i64::try_from(sum).ok()
}

/// Something goes on to the end of the frame, and nothing says where that is.
fn unbounded(body: &Body<'_>, rest: usize) -> Diagnostic {
    let (line, name) = (&body.lines[rest], &body.draft.name);
    let mut help = format!("add `{}` as the first line of `{}`", length_line(body), name.text);
    if let Type::Bytes(_) = line.ty {
        let word = spell::word(line.draft);
        let field = &line.name;
        help += &format!(", or give the field an end: `{field}: {word}[u32]`, `{field}: {word} until \"\\n\"`");
    }
    Diagnostic::new(Code::Unbounded, line.draft.origin, format!("nothing says where `{}` ends", line.name))
        .why(format!("it takes all that is left of `{}`, and a stream of bytes has no end of its own", name.text))
        .help(help)
        .note(name.origin, "the message stands here")
}

/// Every field has an end, but only a walk over all of them finds the end of the frame.
fn walk(body: &Body<'_>, varying: &[usize]) -> Diagnostic {
    let line = &body.lines[varying.get(1).copied().unwrap_or(varying[0])];
    let name = &body.draft.name;
    let diagnostic = match varying {
        [only] => {
            Diagnostic::new(Code::NoFraming, line.draft.origin, format!("the end of `{}` is not in reach", line.name))
                .why(match body.lines[*only].ty {
                    Type::Struct(_) => {
                        "the size of a struct that varies is known only when it has been read field by field"
                    }
                    Type::List { .. } => "the size of a list whose elements vary is known only when each has been read",
                    _ => "a size at a fixed place or a delimiter must say where the frame ends",
                })
        }
        _ => Diagnostic::new(
            Code::NoFraming,
            line.draft.origin,
            format!("a second field of varying size: `{}`", line.name),
        )
        .why("the end of the frame could only be found field by field, which this version does not do")
        .note(body.lines[varying[0]].draft.origin, "the first field of varying size"),
    };
    diagnostic
        .help(format!("say the size once for all: add `{}` as the first line of `{}`", length_line(body), name.text))
        .note(name.origin, "the message stands here")
}

/// A length for the whole message, under a name that is free.
fn length_line(body: &Body<'_>) -> String {
    let free = ["len", "total", "frame_len", "frame_bytes"]
        .into_iter()
        .find(|name| body.lines.iter().all(|line| line.name != *name));
    format!("{}: u32 = size(self)", free.unwrap_or("message_bytes"))
}
