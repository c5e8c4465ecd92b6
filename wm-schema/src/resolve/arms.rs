//! Unions in formulas: `it is Pointer || it.len == 0`.
//!
//! `is` asks which arm a value is. A field of an arm can be read where the formula itself has made sure of the arm: behind
//! `it is Text &&`, or behind `it is Pointer ||` if there are two.

use super::formulas::{Kind, View};
use super::sizes::Parts;
use super::{Context, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Name, Operator};
use crate::ir::{Layout, Term, Type};

/// That a union is an arm, or that it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fact {
    value: Term,
    arm: usize,
    is: bool,
}

/// Adds what is known of unions if a term is `holds`.
pub(super) fn learn(term: &Term, holds: bool, facts: &mut Vec<Fact>) {
    match term {
        Term::IsArm { value, arm, .. } => facts.push(Fact { value: (**value).clone(), arm: *arm, is: holds }),
        Term::Not(inner) => learn(inner, !holds, facts),
        Term::Binary { operator: Operator::And, left, right } if holds => {
            learn(left, true, facts);
            learn(right, true, facts);
        }
        Term::Binary { operator: Operator::Or, left, right } if !holds => {
            learn(left, false, facts);
            learn(right, false, facts);
        }
        _ => {}
    }
}

/// `value is Arm`; none if the value is no union. The inner option is none if there is no such arm.
pub(super) fn is(
    cx: &mut Context<'_>,
    parts: Parts<'_>,
    (value, union): (Term, usize),
    name: &Name,
) -> Option<Option<(Term, Kind)>> {
    let layout = parts.structs[union].as_ref().filter(|layout| layout.choice.is_some())?;
    let arm = layout.fields.iter().position(|arm| arm.name == name.text);
    if arm.is_none() {
        let known = layout.fields.iter().map(|arm| arm.name.as_str());
        let label = format!("`{}` has no arm `{}`", layout.name, name.text);
        cx.report(Diagnostic::new(Code::UnknownName, name.origin, label).help(suggest::help(&name.text, known)));
    }
    Some(arm.map(|arm| (Term::IsArm { value: Box::new(value), of: union, arm }, Kind::Bool)))
}

/// The arm whose field `name` is read, and its struct: the one that the formula has made sure of.
pub(super) fn known(
    cx: &mut Context<'_>,
    view: View<'_>,
    (value, union): (Term, usize),
    name: &Name,
) -> Option<(Term, usize)> {
    let layout = view.parts.structs[union].as_ref()?;
    let facts: Vec<&Fact> = view.facts.iter().filter(|fact| fact.value == value).collect();
    let may_be = |arm: &usize| facts.iter().all(|fact| fact.is == (fact.arm == *arm));
    let left: Vec<usize> = (0..layout.fields.len()).filter(may_be).collect();
    if let (&[arm], false) = (left.as_slice(), facts.is_empty())
        && let Type::Struct(part) = layout.fields[arm].ty
    {
        return Some((Term::Arm { value: Box::new(value), of: union, arm }, part));
    }
    let has = |arm: &&usize| has_field(view.parts, layout, **arm, &name.text);
    let wanted = left.iter().find(has).copied();
    let other = left.iter().find(|arm| Some(**arm) != wanted).copied();
    let arm_name = |arm: usize| layout.fields[arm].name.as_str();
    let label = format!("not every `{}` has `{}`", layout.name, name.text);
    let diagnostic = Diagnostic::new(Code::UnknownField, name.origin, label);
    cx.report(match (wanted, other) {
        (Some(wanted), Some(other)) => {
            let name = &name.text;
            let sure = if left.len() == 2 {
                format!("it is {} || it.{name} …", arm_name(other))
            } else {
                format!("it is {} && it.{name} …", arm_name(wanted))
            };
            diagnostic
                .why(format!("it may be `{}`, too", arm_name(other)))
                .help(format!("ask first which arm it is: `{sure}`"))
        }
        _ => {
            let known = left.iter().map(|arm| arm_name(*arm)).collect::<Vec<_>>().join("` or `");
            diagnostic.why(format!("it may be `{known}`")).help("ask which arm it is by `is`")
        }
    });
    None
}

fn has_field(parts: Parts<'_>, union: &Layout, arm: usize, name: &str) -> bool {
    let Type::Struct(part) = union.fields[arm].ty else { return false };
    parts.structs[part].as_ref().is_some_and(|part| part.fields.iter().any(|field| field.name == name))
}
