//! Formulas over the values that have been read, or are to be written.

use super::decode::as_int;
use crate::ir::{Computed, Content, Formula, Int, Layout, Role, Schema, Term, Type, Value};

/// The values of a layout that are known: of its fields by index, and of its parameters.
pub(super) struct Known<'k> {
    pub(super) schema: &'k Schema,
    pub(super) layout: &'k Layout,
    pub(super) fields: &'k [Option<Value>],
    pub(super) params: &'k [Value],
}

impl Known<'_> {
    /// Whether a condition holds.
    pub(super) fn holds(&self, formula: &Formula) -> bool {
        formula.term.evaluate(&|term| self.computed(term)).is_some_and(|value| value.holds())
    }

    /// How long something is, as a formula says.
    pub(super) fn length(&self, formula: &Formula) -> Option<u64> {
        match formula.term.evaluate(&|term| self.computed(term))? {
            Computed::Int(value) => u64::try_from(value).ok(),
            _ => None,
        }
    }

    /// What is handed to the struct of a field.
    pub(super) fn arguments(&self, args: &[Formula]) -> Vec<Value> {
        let value = |formula: &Formula| match formula.term.evaluate(&|term| self.computed(term)) {
            Some(Computed::Int(value)) => Value::Int(value),
            Some(Computed::Bool(value)) => Value::Bool(value),
            Some(Computed::Bytes(value)) => Value::Bytes(value),
            None => Value::Option(None),
        };
        args.iter().map(value).collect()
    }

    pub(super) fn computed(&self, term: &Term) -> Option<Computed> {
        computed(self.schema, term, &|term| match term {
            Term::Param(index) => Some((self.params.get(*index)?, &self.layout.params[*index].ty)),
            Term::Field(index) => Some((self.fields.get(*index)?.as_ref()?, &self.layout.fields[*index].ty)),
            _ => None,
        })
    }
}

/// Whether an element of a list is the one that a condition takes for the last.
pub(super) fn meets(schema: &Schema, condition: &Formula, item: (&Value, &Type)) -> bool {
    let it = |term: &Term| (*term == Term::It).then_some(item);
    condition.term.evaluate(&|term| computed(schema, term, &it)).is_some_and(|value| value.holds())
}

/// What is read comes to; `known` has the values of fields, parameters and elements, with their types.
fn computed<'v>(
    schema: &'v Schema,
    term: &Term,
    known: &impl Fn(&Term) -> Option<(&'v Value, &'v Type)>,
) -> Option<Computed> {
    if let Term::Length { of, add } = term {
        let length = match reached(schema, of, known)?.0 {
            Value::Bytes(bytes) => bytes.len(),
            Value::List(items) => items.len(),
            _ => return None,
        };
        return Some(Computed::Int(i128::try_from(length).ok()? + i128::from(*add)));
    }
    if let Term::IsArm { value, arm, .. } = term {
        let (Value::Arm(found, _), _) = reached(schema, value, known)? else { return None };
        return Some(Computed::Bool(found == arm));
    }
    let (value, ty) = reached(schema, term, known)?;
    simple(value, ty)
}

/// The value of a term that is no operator, and its type.
fn reached<'v>(
    schema: &'v Schema,
    term: &Term,
    known: &impl Fn(&Term) -> Option<(&'v Value, &'v Type)>,
) -> Option<(&'v Value, &'v Type)> {
    if let Term::Arm { value, of, arm } = term {
        let (Value::Arm(found, inner), _) = reached(schema, value, known)? else { return None };
        return (found == arm).then_some((&**inner, &schema.structs[*of].fields[*arm].ty));
    }
    let Term::Member { of, part, field } = term else { return known(term) };
    let (Value::Struct(values), _) = reached(schema, of, known)? else { return None };
    let fields = &schema.structs[*part].fields;
    let before = fields[..*field].iter().filter(|field| field.role == Role::Value).count();
    Some((values.get(before)?, &fields[*field].ty))
}

fn simple(value: &Value, ty: &Type) -> Option<Computed> {
    match (value, ty) {
        (Value::Option(inner), ty) => simple(inner.as_ref()?, ty),
        (Value::Int(value), Type::Int(Int::Flag, _)) => Some(Computed::Bool(*value == 1)),
        (Value::Int(_) | Value::Huge(_), _) => Some(Computed::Int(as_int(value))),
        (Value::Bool(value), _) => Some(Computed::Bool(*value)),
        (Value::Bytes(bytes), Type::Bytes(ty)) if !matches!(ty.content, Content::JsonBody(_)) => {
            Some(Computed::Bytes(bytes.clone()))
        }
        _ => None,
    }
}
