//! Tells the draft which of its types Rust has already, and how these hold what stands on the wire.

use crate::fields::Scribe;
use crate::items::{RustEnum, RustStruct, RustVariant};
use wm_schema::draft::{Draft, FieldDraft, FieldKind, Held, LayoutDraft, RustShape};

/// Marks the types of `structs` and `enums`; the others are the generator's to define.
pub(crate) fn adopt(draft: &mut Draft, structs: &[RustStruct], enums: &[RustEnum], scribe: &Scribe<'_>) {
    // The schema is no file: there are no lines to point at.
    draft.lines.clear();
    for (item, place) in &scribe.chosen {
        let Some((of, field)) = place else { continue };
        rename(draft, of, field, &item.name);
    }
    for item in enums {
        if let Some(own) = draft.enums.iter_mut().find(|own| own.name.text == item.name) {
            own.rust = RustShape::Existing { lifetime: item.lifetime };
        }
        if let Some(layout) = layout(draft, &item.name) {
            layout.rust = RustShape::Existing { lifetime: item.lifetime };
            for (arm, variant) in layout.fields.iter_mut().zip(&item.variants) {
                variant_of(arm, variant);
            }
        }
    }
    for item in structs {
        let Some(layout) = layout(draft, &item.name) else { continue };
        layout.rust = RustShape::Existing { lifetime: item.lifetime };
        for line in &mut layout.fields {
            let FieldKind::Named(name, _) = &line.kind else { continue };
            if let Some(field) = item.fields.iter().find(|field| field.name == name.text) {
                line.held = field.held();
            }
        }
    }
}

fn layout<'d>(draft: &'d mut Draft, name: &str) -> Option<&'d mut LayoutDraft> {
    draft.layouts.iter_mut().find(|layout| layout.name.text == name)
}

/// Calls the union that a `match` has become as the enum is called.
fn rename(draft: &mut Draft, of: &str, field: &str, name: &str) {
    let owner = draft.layouts.iter_mut().filter(|layout| layout.name.text == of).flat_map(|layout| &mut layout.fields);
    let ty = owner.filter_map(|line| match &mut line.kind {
        FieldKind::Named(found, ty) if found.text == field => Some(ty),
        _ => None,
    });
    let Some(ty) = ty.into_iter().next() else { return };
    let nameless = std::mem::replace(&mut ty.name.text, name.to_owned());
    if let Some(layout) = layout(draft, &nameless) {
        name.clone_into(&mut layout.name.text);
    }
}

fn variant_of(arm: &mut FieldDraft, variant: &RustVariant) {
    if let FieldKind::Named(name, _) = &mut arm.kind {
        variant.name.clone_into(&mut name.text);
    }
    arm.held = variant.payload.as_ref().map_or(Held::Nothing, |payload| payload.held());
}
