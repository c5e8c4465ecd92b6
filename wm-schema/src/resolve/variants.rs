//! Variants without their enum: what `kind` is compared with in `kind == Alpha` is one of its enum.

use super::Context;
use super::formulas::{Kind, View, term, variant_of};
use crate::draft::{Formula, FormulaKind, Literal, Name};
use crate::ir::Term;

/// The sides of a comparison of which one is such a variant; the outer option says whether it is.
pub(super) fn compared(
    cx: &mut Context<'_>,
    view: View<'_>,
    left: &Formula,
    right: &Formula,
) -> Option<Option<[(Term, Kind); 2]>> {
    let (value, name, is_right) = match (alone(cx, left), alone(cx, right)) {
        (None, Some(name)) => (left, name, true),
        (Some(name), None) => (right, name, false),
        _ => return None,
    };
    let Some(value) = term(cx, view, value) else { return Some(None) };
    let of = match value.1 {
        Kind::Enum(index) => view.parts.enums[index].as_ref().map(|item| item.name.clone()),
        Kind::Word(index) => cx.words[index].as_ref().map(|words| words.name.clone()),
        _ => return None,
    };
    let of = Name { text: of?, origin: name.origin };
    let variant = variant_of(cx, view, &of, &name);
    Some(variant.map(|variant| if is_right { [value, variant] } else { [variant, value] }))
}

/// A name in capitals that is no constant.
fn alone(cx: &Context<'_>, written: &Formula) -> Option<Name> {
    match &written.kind {
        FormulaKind::Path(path) => match path.as_slice() {
            [name] if name.text.starts_with(|first: char| first.is_ascii_uppercase()) => Some(name.clone()),
            _ => None,
        },
        FormulaKind::Literal(Literal::Const(text)) if !cx.names.consts().any(|known| known == text) => {
            Some(Name { text: text.clone(), origin: written.origin })
        }
        _ => None,
    }
}
