//! Numbers that have a value for what is not there: `len: i16 = size(text) else -1`, and `text: str[len] if len >= 0`.
//!
//! The number says both, and the user says it by `None`: so the one value must not be a size, every other value must be one,
//! and each `if` that asks the number must ask for just that.

use super::layouts::{Body, Line};
use super::sizes::{Parts, number_range};
use super::{Context, names, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Literal, Operator, Origin, Spanned};
use crate::ir::{Equation, Formula, Measure, Role, Scale, Term, Type};

/// The equation with what stands behind its `else`. The number gets a range, of which that is the least or the most.
pub(super) fn resolve(
    cx: &mut Context<'_>,
    line: &mut Line<'_>,
    equation: Equation,
    written: &Spanned<Literal>,
) -> Option<Equation> {
    let Literal::Int(absent) = names::literal(cx, &written.value, written.origin)? else {
        cx.report(
            Diagnostic::new(Code::BadEquation, written.origin, "no number behind `else`")
                .why("it is what the number says where that which it measures is not there")
                .help("write `else -1`, for example"),
        );
        return None;
    };
    if let Measure::Each { .. } = equation.measure {
        cx.report(
            Diagnostic::new(Code::BadEquation, written.origin, "`else` behind the size of an element")
                .why("a list without elements is no list that is absent")
                .help("measure the list: `count(items) else -1`"),
        );
        return None;
    }
    if let Measure::Bytes { first, last } = equation.measure
        && first != last
    {
        cx.report(
            Diagnostic::new(Code::BadEquation, written.origin, "more than one field is measured")
                .why("`else` is what the number says where a field is not there, and that is one field")
                .help("measure that field: `size(data) else -1`; what is absent together can be a struct"),
        );
        return None;
    }
    if equation.scale != Scale::One {
        cx.report(
            Diagnostic::new(Code::BadEquation, written.origin, "`else` behind units of its own")
                .why("in this version a number that counts in other units than bytes or elements says sizes alone")
                .help("let the number count bytes or elements: `size(data) else -1`"),
        );
        return None;
    }
    let Type::Int(int, range) = &line.ty else { return None };
    let (least, most) = range.unwrap_or_else(|| {
        let (least, most) = int.range();
        // No size is below zero.
        (if absent < 0 { absent.max(least) } else { least.max(0) }, most)
    });
    if absent != least && absent != most {
        cx.report(no_end(line, written, absent, (least, most)));
        return None;
    }
    let (int, range) = (int.clone(), (least, most));
    line.ty = Type::Int(int.clone(), Some(range).filter(|range| *range != int.range()));
    Some(Equation { absent: Some(absent), ..equation })
}

fn no_end(line: &Line<'_>, written: &Spanned<Literal>, absent: i128, (least, most): (i128, i128)) -> Diagnostic {
    let diagnostic = |label: String| Diagnostic::new(Code::BadEquation, written.origin, label);
    if absent < least || absent > most {
        return diagnostic(format!("`{}` cannot be {absent}", line.name))
            .why(format!("it holds {least} to {most}"))
            .help(format!("write `else {most}`, or take a type that holds {absent}"));
    }
    diagnostic(format!("{absent} is amid the sizes"))
        .why(format!(
            "`{}` holds {least} to {most}: the values below {absent} or those above it would say nothing",
            line.name
        ))
        .help(format!("write `else {least}` or `else {most}`, or bound the number: `in {absent}..={most}`"))
}

/// The sizes and counts that a number can say.
pub(super) fn sizes(line: &Line<'_>) -> (i128, i128) {
    let (least, most) = number_range(line);
    match line.role {
        Role::Computed(Equation { absent: Some(absent), .. }) if absent == least => (least.saturating_add(1), most),
        Role::Computed(Equation { absent: Some(absent), .. }) if absent == most => (least, most.saturating_sub(1)),
        _ => (least, most),
    }
}

/// Checks that a condition which asks a number asks whether what that measures is there, and nothing else.
pub(super) fn asks(cx: &mut Context<'_>, lines: &[Line<'_>], formula: &Formula, origin: Origin) -> bool {
    let asked = formula.term.fields().into_iter().find_map(|at| Some((at, absent_of(&lines[at])?)));
    let Some((number, (absent, measured))) = asked else { return true };
    let (least, most) = sizes(&lines[number]);
    let exact = match &formula.term {
        Term::Binary { operator: Operator::NotEqual, left, right } => {
            [left, right].into_iter().any(|side| **side == Term::Int(absent))
        }
        Term::Binary { operator, left, right } if operator.compares() && *operator != Operator::Equal => {
            let at = |value: i128| {
                let known = |term: &Term| (*term == Term::Field(number)).then_some(crate::ir::Computed::Int(value));
                formula.term.evaluate(&known).map(|found| found.holds())
            };
            let plain = [left, right].into_iter().any(|side| matches!(**side, Term::Int(_)));
            plain && at(absent) == Some(false) && at(least) == Some(true) && at(most) == Some(true)
        }
        _ => false,
    };
    if !exact {
        let (name, measured) = (&lines[number].name, &lines[measured].name);
        let help = if absent < least { format!(" or `if {name} > {absent}`") } else { String::new() };
        cx.report(
            Diagnostic::new(Code::BadFormula, origin, format!("this is not whether `{measured}` is there"))
                .why(format!("`{name}` is {absent} where `{measured}` is absent, and the size of it everywhere else"))
                .help(format!("write `if {name} != {absent}`{help}")),
        );
    }
    exact
}

/// The value of a number for what is not there, and the field that it measures.
fn absent_of(line: &Line<'_>) -> Option<(i128, usize)> {
    match line.role {
        Role::Computed(Equation { measure, absent: Some(absent), .. }) => Some((absent, measure.last())),
        _ => None,
    }
}

/// The number that says whether a line is there.
pub(super) fn number_of(lines: &[Line<'_>], at: usize) -> Option<usize> {
    lines.iter().position(|line| absent_of(line).is_some_and(|(_, measured)| measured == at))
}

/// Checks that what a number says to be absent can be, and that it takes its size from the number.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) {
    for number in 0..body.lines.len() {
        let Some((absent, measured)) = absent_of(&body.lines[number]) else { continue };
        let (line, said) = (&body.lines[measured], &body.lines[number]);
        let by_number =
            line.region == Some(number) || super::layouts::extent(&line.ty) == Some(&crate::ir::Extent::Field(number));
        let asks = line.present_if.as_ref().is_some_and(|formula| formula.term.fields() == [number]);
        let problem = if !asks {
            let found = format!("`{}` is always there", line.name);
            let help = format!("write `{} if {} != …`, or take `else` out", spell::line(line.draft), said.name);
            Some((found, "its length has a value for that it is not".to_owned(), help))
        } else if !by_number {
            let found = format!("`{}` says itself how long it is", line.name);
            Some((
                found,
                "what says that it is absent says its length, too".to_owned(),
                format!("write `[{}]`", said.name),
            ))
        } else {
            empty(said, line, absent, parts)
        };
        if let Some((label, why, help)) = problem {
            cx.report(
                Diagnostic::new(Code::BadEquation, line.draft.origin, label)
                    .why(why)
                    .help(help)
                    .note(said.draft.origin, "the length stands here"),
            );
            body.sound = false;
        }
    }
}

/// The least that is there must not be taken for what is not.
fn empty(number: &Line<'_>, line: &Line<'_>, absent: i128, parts: Parts<'_>) -> Option<(String, String, String)> {
    let Role::Computed(Equation { add, .. }) = number.role else { return None };
    let least = match line.ty {
        Type::Struct(part) => parts.structs[part].as_ref().map_or(0, |part| part.size.least),
        _ => 0,
    };
    let least = i128::from(least) + i128::from(add);
    let (low, _) = sizes(number);
    (least < low).then(|| {
        let (name, more) = (&number.name, low - least);
        (
            format!("the shortest `{}` cannot be said", line.name),
            format!("`{name}` would be {least} for it, and {absent} says that it is absent"),
            format!("let `{name}` say {more} more: `= … + {more} else {absent}`"),
        )
    })
}
