//! Lengths against what they measure: every length can be solved by a decoder that reads from front to back.

use super::layouts::{Body, Line, extent, extent_mut};
use super::sizes::{self, Parts};
use super::{Context, absent, lengths, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::ir::{Equation, Extent, Int, Measure, Role, Type};

/// Checks that the elements of lists can be told apart and counted.
pub(super) fn elements(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) {
    for (at, line) in body.lines.iter().enumerate() {
        let Type::List { element, .. } = &line.ty else { continue };
        // A number that says how many bytes each of them takes gives it a region, of at least a byte.
        if body.lines.iter().any(|line| line.role.each() == Some(at)) {
            continue;
        }
        let problem = if takes_rest(element, parts) {
            let why = "each element would take all that is left, and none would be left for the next";
            Some((Code::RestNotLast, "elements without an end", why, "give the `[..]` of the struct a length: `[u16]`"))
        } else if sizes::size(element, &body.lines, parts).least == 0 {
            let why = "any number of them could stand in no bytes at all";
            Some((Code::Impossible, "elements that may take no bytes", why, "let each element take at least a byte"))
        } else {
            None
        };
        if let Some((code, label, why, help)) = problem {
            cx.report(Diagnostic::new(code, line.draft.origin, label).why(why).help(help));
            body.sound = false;
        }
    }
}

/// Checks all lengths of a layout, and finds for each `[..]` how many bytes stand behind it.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) {
    for at in 0..body.lines.len() {
        if let Some(diagnostic) = lengths::solve(&mut body.lines, at) {
            cx.report(diagnostic);
            body.sound = false;
        }
        if let Some(Extent::Field(length)) = extent(&body.lines[at].ty) {
            let length = *length;
            if let Some(diagnostic) = length_field(&body.lines, at, length) {
                cx.report(diagnostic);
                body.sound = false;
            }
        }
    }
    if !body.sound {
        return;
    }
    let mut open: Vec<usize> = (0..body.lines.len()).filter(|at| is_open(&body.lines[*at], parts)).collect();
    let message = body.is_message();
    open.retain(|&at| {
        let to_the_end = open_in_the_way(&body.lines, at, parts).is_none();
        (message && to_the_end) || !own_region(&mut body.lines, at)
    });
    for &at in &open {
        let lines = &body.lines;
        if let Some(other) = open_in_the_way(lines, at, parts) {
            cx.report(rest_not_last(lines, at, other));
            body.sound = false;
        }
    }
    if !body.sound {
        return;
    }
    for at in open {
        let tail = body.lines[at + 1..].iter().fold(0u64, |sum, line| sum.saturating_add(line.size.least));
        match extent_mut(&mut body.lines[at].ty) {
            Some(Extent::Rest { tail: behind, .. }) => *behind = tail,
            Some(_) => {}
            None => body.lines[at].leaves = Some(tail).filter(|tail| *tail > 0),
        }
    }
    absent::check(cx, body, parts);
    // A region of its own has a size of its own.
    sizes::own(&mut body.lines, parts);
}

/// The first field behind `at` whose size is not fixed.
fn open_in_the_way(lines: &[Line<'_>], at: usize, parts: Parts<'_>) -> Option<usize> {
    (at + 1..lines.len()).find(|&other| lines[other].size.fixed().is_none() || is_open(&lines[other], parts))
}

/// Whether a type goes on to the end of its region.
pub(super) fn takes_rest(ty: &Type, parts: Parts<'_>) -> bool {
    match ty {
        Type::Struct(index) => parts.open[*index],
        ty => matches!(extent(ty), Some(Extent::Rest { .. })),
    }
}

/// Whether a line goes on to the end of the region that its layout stands in.
pub(super) fn is_open(line: &Line<'_>, parts: Parts<'_>) -> bool {
    line.region.is_none() && !matches!(line.role, Role::Pointed(_)) && takes_rest(&line.ty, parts)
}

/// Gives a line that takes all that is left a region of its own, if a number in front measures it and nothing else of
/// varying size. Bytes are then as long as that number says.
fn own_region(lines: &mut [Line<'_>], at: usize) -> bool {
    if lines[at].condition.is_some() && absent::number_of(lines, at).is_none() {
        return false;
    }
    let solved = lines[..at].iter().enumerate().find_map(|(index, line)| {
        let Role::Computed(Equation { measure: Measure::Bytes { first, last }, add, scale, absent }) = line.role else {
            return None;
        };
        let others = (first..=last).filter(|other| *other != at);
        let fixed = others.map(|other| lines[other].size.fixed()).sum::<Option<u64>>()?;
        let inside = (first..=last).contains(&at);
        inside.then_some((index, add.checked_add_unsigned(fixed)?, scale, absent))
    });
    let Some((index, add, scale, absent)) = solved else { return false };
    let measure = Measure::Bytes { first: at, last: at };
    lines[index].role = Role::Computed(Equation { measure, add, scale, absent });
    match &mut lines[at].ty {
        Type::Bytes(bytes) => bytes.extent = Extent::Field(index),
        _ => lines[at].region = Some(index),
    }
    true
}

/// What is wrong with the field that says the length of another.
fn length_field(lines: &[Line<'_>], at: usize, length: usize) -> Option<Diagnostic> {
    let (line, number) = (&lines[at], &lines[length]);
    let list = matches!(line.ty, Type::List { .. });
    let function = if list { "count" } else { "size" };
    let otherwise = if line.condition.is_some() { " else -1" } else { "" };
    let right = format!("{} = {function}({}){otherwise}", spell::line(number.draft), line.name);
    let found = |code, label: String| {
        Some(Diagnostic::new(code, line.draft.origin, label).note(number.draft.origin, "the length stands here"))
    };
    if !matches!(number.ty, Type::Int(..)) || matches!(number.ty, Type::Int(Int::Flag, _)) {
        return Some(
            found(Code::BadEquation, format!("`{}` is no integer", number.name))?
                .why("only an integer can say how long something is")
                .help(format!("write `{}: u16 = {function}({})`", number.name, line.name)),
        );
    }
    match &number.role {
        Role::Value => Some(
            Diagnostic::new(
                Code::MissingEquation,
                number.draft.origin,
                format!("`{}` measures `{}` and does not say so", number.name, line.name),
            )
            .why("a length that the user could set could be wrong: the encoder computes it")
            .help(format!("write `{right}`"))
            .note(line.draft.origin, "it is the length of this field"),
        ),
        // A flag or bytes, which are no integer.
        Role::Sender(_) | Role::Extension | Role::Pointed(_) => None,
        Role::Checksum(_) => Some(
            found(Code::BadEquation, format!("`{}` is a checksum", number.name))?
                .why("a checksum says nothing of a length")
                .help(format!("give `{}` a length of its own: `[u16]`", line.name)),
        ),
        Role::Constant(value) => Some(
            found(Code::BadEquation, format!("`{}` is always {value}", number.name))?
                .why("a length that never changes needs no field")
                .help(format!("write `[{value}]`")),
        ),
        Role::Computed(Equation { measure, .. }) => {
            let measured = if list { Measure::Elements { list: at } } else { Measure::Bytes { first: at, last: at } };
            if *measure == measured {
                return None;
            }
            let rest = format!("`{}[..]`, the rest of what it counts", spell::word(line.draft));
            Some(
                found(Code::BadEquation, format!("`{}` does not say the {function} of `{}`", number.name, line.name))?
                    .why(format!(
                        "`[{}]` is as long as `{}` says, but its equation measures something else",
                        number.name, number.name
                    ))
                    .help(format!("write `{right}`, or here {rest}")),
            )
        }
    }
}

fn rest_not_last(lines: &[Line<'_>], at: usize, other: usize) -> Diagnostic {
    let (line, behind) = (&lines[at], &lines[other]);
    Diagnostic::new(Code::RestNotLast, line.draft.origin, format!("`{}` takes all that is left", line.name))
        .why(format!(
            "`{}` behind it varies in size too: where one ends and the other starts could not be told",
            behind.name
        ))
        .help(format!("give it a length of its own: `[u16]` instead of `[..]`, or move it behind `{}`", behind.name))
        .note(behind.draft.origin, "this one varies too")
}
