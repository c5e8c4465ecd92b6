//! Lists that end with an element: what a walk has to look at again to know whether the element behind it was the last.

use super::Step;
use crate::ir::{Bytes, Extent, Field, Formula, Int, Layout, Role, Scale, Schema, Term, Type};
use std::collections::BTreeSet;

/// What a condition reads of an element.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Look {
    /// The element itself: a number or an enum.
    Whole,
    /// A field of it: a number or an enum.
    Value(usize),
    /// How long a field of it is.
    Length {
        /// The field.
        of: usize,
        /// The field where that is said: the same if it has a prefix or a delimiter.
        said_by: usize,
    },
}

impl Look {
    /// The field of the element where it is read.
    #[must_use]
    pub const fn field(self) -> Option<usize> {
        match self {
            Self::Whole => None,
            Self::Value(field) | Self::Length { said_by: field, .. } => Some(field),
        }
    }
}

/// What the condition at the end of a list reads of an element, in the order of the wire; none if a walk cannot see
/// all of that.
#[must_use]
pub fn looks(schema: &Schema, element: &Type, condition: &Formula) -> Option<Vec<Look>> {
    let layout = match element {
        Type::Struct(part) => Some(&schema.structs[*part]).filter(|layout| layout.choice.is_none()),
        Type::Int(..) | Type::Enum(_) => None,
        _ => return None,
    };
    let mut found = BTreeSet::new();
    let seen = collect(layout, &condition.term, &mut found);
    seen.then(|| found.into_iter().collect())
}

/// Collects what a term reads, and says whether a walk can see it.
fn collect(layout: Option<&Layout>, term: &Term, found: &mut BTreeSet<Look>) -> bool {
    let look = match (term, layout) {
        (Term::Int(_) | Term::Bool(_) | Term::Variant { .. }, _) => return true,
        (Term::Not(inner) | Term::Negative(inner) | Term::Is { value: inner, .. }, _) => {
            return collect(layout, inner, found);
        }
        (Term::Binary { left, right, .. }, _) => {
            return collect(layout, left, found) && collect(layout, right, found);
        }
        (Term::It, None) => Some(Look::Whole),
        (Term::Member { of, field, .. }, Some(layout)) if **of == Term::It => {
            is_number(&layout.fields[*field]).then_some(Look::Value(*field))
        }
        (Term::Length { of, .. }, Some(layout)) => match &**of {
            Term::Member { of, field, .. } if **of == Term::It => {
                let said_by = said_by(layout, *field);
                said_by.map(|said_by| Look::Length { of: *field, said_by })
            }
            _ => None,
        },
        _ => None,
    };
    found.extend(look);
    look.is_some()
}

/// Whether a field is a number of whole bytes, or an enum.
fn is_number(field: &Field) -> bool {
    field.bits.is_none() && matches!(field.ty, Type::Int(..) | Type::Enum(_))
}

/// Whether a number counts in units of its own.
fn is_scaled(field: &Field) -> bool {
    matches!(&field.role, Role::Computed(equation) if equation.scale != Scale::One)
}

/// The field that says how long a field is.
fn said_by(layout: &Layout, field: usize) -> Option<usize> {
    match &layout.fields[field].ty {
        Type::Bytes(Bytes { extent: Extent::Field(number), .. }) | Type::List { count: Extent::Field(number), .. } => {
            let number = *number;
            (is_number(&layout.fields[number]) && !is_scaled(&layout.fields[number])).then_some(number)
        }
        Type::Bytes(Bytes { extent: Extent::Prefix(_) | Extent::Until(_), .. })
        | Type::List { count: Extent::Prefix(_), .. } => Some(field),
        _ => None,
    }
}

/// The number that says how long a field is, and how much more it says; none if that is a delimiter.
#[must_use]
pub fn number(layout: &Layout, field: usize) -> Option<(&Int, i64)> {
    let (Type::Bytes(Bytes { extent, .. }) | Type::List { count: extent, .. }) = &layout.fields[field].ty else {
        return None;
    };
    match extent {
        Extent::Prefix(int) => Some((int, 0)),
        Extent::Field(number) => match (&layout.fields[*number].ty, &layout.fields[*number].role) {
            (Type::Int(int, _), Role::Computed(equation)) => Some((int, equation.add)),
            _ => None,
        },
        _ => None,
    }
}

/// The fields of a layout that the conditions of lists of it read.
pub(super) fn read_of(schema: &Schema, layout: &Layout) -> BTreeSet<usize> {
    let layouts = schema.structs.iter().chain(schema.messages.iter().map(|message| &message.layout));
    let mut read = BTreeSet::new();
    for field in layouts.flat_map(|layout| &layout.fields) {
        if let Type::List { element, count: Extent::Where(condition), .. } = &field.ty
            && matches!(**element, Type::Struct(part) if schema.structs[part].name == layout.name)
        {
            let looks = looks(schema, element, condition).unwrap_or_default();
            read.extend(looks.into_iter().filter_map(Look::field));
        }
    }
    read
}

/// Whether the elements of a step are passed, not walked over: then it is remembered where each starts.
pub(super) fn remembers_start(schema: &Schema, layout: &Layout, step: &Step) -> bool {
    let Step::Elements { field, .. } = step else { return false };
    let Type::List { element, .. } = &layout.fields[*field].ty else { return false };
    !matches!(**element, Type::Struct(part) if schema.structs[part].size.fixed().is_none())
}
