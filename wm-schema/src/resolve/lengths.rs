//! Lengths that are worked out: `bytes[(flags & 3) + 1]`, `bytes[ihl * 4 - 20]`.
//!
//! A formula that reads what the encoder computes must be the solution of that equation: then the length is what the number
//! says, as if it stood in the brackets alone. A formula of values that a user sets is worked out by the decoder, and the
//! encoder refuses a value of another length.

use super::Context;
use super::formulas::{self, Kind, Numbers, View};
use super::layouts::{Body, Line, extent, extent_mut};
use super::sizes::Parts;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{self, ExtentKind, FieldDraft, FieldKind, FormulaKind};
use crate::ir::{Equation, Extent, Formula, Int, Measure, Operator, Role, Scale, Term, Type};

/// The extent of a line until its formula has been read.
pub(super) fn unread() -> Extent {
    Extent::Formula { formula: Formula { term: Term::Int(0), text: String::new() }, least: 0, most: u64::MAX }
}

/// What stands in the brackets of a line: a formula, or the name of a parameter.
fn written(draft: &FieldDraft) -> Option<draft::Formula> {
    let (FieldKind::Named(_, ty) | FieldKind::Reserved(ty)) = &draft.kind else { return None };
    match &ty.extent.as_ref()?.kind {
        ExtentKind::Formula(formula) => Some(formula.clone()),
        ExtentKind::Typed(ty, _) => {
            let name = ty.name.clone();
            Some(draft::Formula { text: name.text.clone(), origin: name.origin, kind: FormulaKind::Path(vec![name]) })
        }
        _ => None,
    }
}

/// Reads the formula that says how long a line is, if one does.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, at: usize, parts: Parts<'_>) {
    let line = &body.lines[at];
    let (Some(Extent::Formula { .. }), Some(written)) = (extent(&line.ty), written(line.draft)) else { return };
    let view = View {
        lines: &body.lines,
        // The arms of a union do not stand behind each other.
        until: if body.choice.is_some() { 0 } else { at },
        it: None,
        params: &body.params,
        element: None,
        numbers: Numbers::Known,
        sent: false,
        facts: &[],
        pointer: None,
        parts,
    };
    let found = formulas::term(cx, view, &written);
    let solved = |term: &Term| term.fields().iter().any(|field| is_computed(&body.lines[*field]));
    let problem = match &found {
        None => None,
        Some((term, Kind::Int(least, _))) if *least >= 0 || solved(term) => None,
        Some((_, Kind::Int(least, _))) => Some((
            format!("`{}` may be below zero", written.text),
            format!("for the least values of its fields it is {least}"),
            "bound the fields by `in`, or take less away",
        )),
        Some(_) => Some((
            format!("`{}` is no length", written.text),
            "a length is a number of bytes or elements".to_owned(),
            "write a formula of numbers: `bytes[(flags & 3) + 1]`",
        )),
    };
    let extent = match (found, &problem) {
        (Some((term, Kind::Int(least, most))), None) => {
            let bound = |value: i128| u64::try_from(value.max(0)).unwrap_or(u64::MAX);
            let formula = Formula { term, text: written.text.clone() };
            Some(Extent::Formula { formula, least: bound(least), most: bound(most) })
        }
        _ => None,
    };
    if let Some((label, why, help)) = problem {
        cx.report(Diagnostic::new(Code::BadFormula, written.origin, label).why(why).help(help));
    }
    body.sound &= extent.is_some();
    if let (Some(place), Some(extent)) = (extent_mut(&mut body.lines[at].ty), extent) {
        *place = extent;
    }
}

fn is_computed(line: &Line<'_>) -> bool {
    matches!(line.role, Role::Computed(_))
}

/// Solves the formula of a line for a number that the encoder computes; says what is wrong if it cannot be.
pub(super) fn solve(lines: &mut [Line<'_>], at: usize) -> Option<Diagnostic> {
    let Some(Extent::Formula { formula, .. }) = extent(&lines[at].ty) else { return None };
    let read = formula.term.fields();
    let computed = read.iter().copied().find(|field| is_computed(&lines[*field]));
    let solved = linear(&formula.term);
    let Some(number) = computed else {
        let (number, scale, add) = solved?;
        let plain = matches!(lines[number].ty, Type::Int(Int::Fixed { .. } | Int::Bits { .. }, _));
        // A division of what a user sets cuts, and so is more than the other side of an equation.
        let alone = plain && lines[number].role == Role::Value && !matches!(scale, Scale::Times(_));
        return alone.then(|| missing(lines, at, number, (scale, add)));
    };
    let Some((measure, expected)) = said(lines, at, number) else { return Some(other(lines, at, number, None)) };
    if solved != Some((number, expected.0, expected.1)) {
        return Some(other(lines, at, number, Some(expected)));
    }
    let (scale, Ok(add)) = (expected.0, i64::try_from(expected.1)) else { return Some(other(lines, at, number, None)) };
    lines[number].role = Role::Computed(Equation { measure, add, scale, absent: None });
    if let Some(extent) = extent_mut(&mut lines[at].ty) {
        *extent = Extent::Field(number);
    }
    None
}

/// What the equation of a number says of one line: what it says in its units, less so much, is its length.
fn said(lines: &[Line<'_>], at: usize, number: usize) -> Option<(Measure, (Scale, i128))> {
    let Role::Computed(Equation { measure, add, scale, absent: None }) = lines[number].role else { return None };
    match (measure, &lines[at].ty) {
        (Measure::Elements { list }, Type::List { .. }) if list == at => Some((measure, (scale, add.into()))),
        (Measure::Bytes { first, last }, Type::Bytes(_)) if (first..=last).contains(&at) => {
            let others = (first..=last).filter(|other| *other != at);
            let fixed = others.map(|other| lines[other].size.fixed()).sum::<Option<u64>>()?;
            let own = Measure::Bytes { first: at, last: at };
            Some((own, (scale, i128::from(add).checked_add(fixed.into())?)))
        }
        _ => None,
    }
}

/// A formula as what one field says in its units, less so much.
fn linear(term: &Term) -> Option<(usize, Scale, i128)> {
    let Term::Binary { operator, left, right } = term else {
        return match term {
            Term::Field(field) => Some((*field, Scale::One, 0)),
            _ => None,
        };
    };
    let (inner, value) = match (operator, &**left, &**right) {
        (_, inner, Term::Int(value)) | (Operator::Add | Operator::Multiply, Term::Int(value), inner) => (inner, *value),
        _ => return None,
    };
    let (field, scale, less) = linear(inner)?;
    let by = u64::try_from(value).ok();
    match (operator, scale, by) {
        (Operator::Add, ..) => Some((field, scale, less.checked_sub(value)?)),
        (Operator::Subtract, ..) => Some((field, scale, less.checked_add(value)?)),
        (Operator::Multiply | Operator::Divide, _, Some(1)) => Some((field, scale, less)),
        (Operator::Multiply, Scale::One, Some(by)) if by > 1 => {
            Some((field, Scale::Over(by), less.checked_mul(by.into())?))
        }
        (Operator::Multiply, Scale::Over(before), Some(by)) if by > 1 => {
            Some((field, Scale::Over(before.checked_mul(by)?), less.checked_mul(by.into())?))
        }
        (Operator::Divide, Scale::One, Some(by)) if by > 1 && less == 0 => Some((field, Scale::Times(by), 0)),
        _ => None,
    }
}

/// `ihl * 4 - 20`.
fn solution(number: &str, (scale, less): (Scale, i128)) -> String {
    let said = match scale {
        Scale::One => number.to_owned(),
        Scale::Over(by) => format!("{number} * {by}"),
        Scale::Times(by) => format!("{number} / {by}"),
    };
    match less {
        0 => said,
        less if less > 0 => format!("{said} - {less}"),
        more => format!("{said} + {}", more.unsigned_abs()),
    }
}

/// The formula is not what the equation of its number says.
fn other(lines: &[Line<'_>], at: usize, number: usize, expected: Option<(Scale, i128)>) -> Diagnostic {
    let (line, number) = (&lines[at], &lines[number]);
    let label = format!("`{}` does not say this of `{}`", number.name, line.name);
    let diagnostic = Diagnostic::new(Code::BadEquation, line.draft.origin, label)
        .note(number.draft.origin, "its equation stands here");
    match expected {
        Some(expected) => diagnostic
            .why(format!(
                "the encoder computes `{}`, and so what stands in the brackets is the solution of its equation",
                number.name
            ))
            .help(format!("write `[{}]`", solution(&number.name, expected))),
        None => diagnostic.why(format!("the equation of `{}` measures something else", number.name)).help(format!(
            "let it measure `{}` and what has a fixed size, or compute with what a user sets",
            line.name
        )),
    }
}

/// A user would have to keep a number equal to what it says.
fn missing(lines: &[Line<'_>], at: usize, number: usize, (scale, less): (Scale, i128)) -> Diagnostic {
    let (line, number) = (&lines[at], &lines[number]);
    let function = if matches!(line.ty, Type::List { .. }) { "count" } else { "size" };
    let measured = match less {
        0 => format!("{function}({})", line.name),
        less if less > 0 => format!("{function}({}) + {less}", line.name),
        more => format!("{function}({}) - {}", line.name, more.unsigned_abs()),
    };
    let inner = if less == 0 { measured.clone() } else { format!("({measured})") };
    let right = match scale {
        Scale::One => measured,
        Scale::Over(by) => format!("{inner} / {by}"),
        Scale::Times(by) => format!("{inner} * {by}"),
    };
    Diagnostic::new(
        Code::MissingEquation,
        number.draft.origin,
        format!("`{}` measures `{}` and does not say so", number.name, line.name),
    )
    .why("a length that the user could set could be wrong: the encoder computes it")
    .help(format!("write `{} = {right}`", super::spell::line(number.draft)))
    .note(line.draft.origin, "it is the length of this field")
}
