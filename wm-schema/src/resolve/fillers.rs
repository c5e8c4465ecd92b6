//! What fills a field up: `value: bytes[len] pad align 4`, `items: Item[count] pad "\0" to 16`.
//!
//! The bytes are a line of their own behind the field, so that lengths measure the field without them, and what measures
//! the layout counts them without a rule of its own.

use super::layouts::Line;
use super::{Context, attrs, names, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Attr, AttrKind, Draft, FieldDraft, FieldKind, FillDraft, Held, LayoutDraft, LayoutKind, Literal};
use crate::ir::{Filler, Role, Size, Type};
use std::borrow::Cow;

/// The draft with a line behind each field that is filled up.
pub(super) fn placed(draft: Cow<'_, Draft>) -> Cow<'_, Draft> {
    let is_filled = |layout: &LayoutDraft| layout.fields.iter().any(|field| filler(field).is_some());
    if !draft.layouts.iter().any(is_filled) {
        return draft;
    }
    let mut placed = draft.into_owned();
    for layout in placed.layouts.iter_mut().filter(|layout| !matches!(layout.kind, LayoutKind::Union { .. })) {
        let fields = std::mem::take(&mut layout.fields).into_iter();
        layout.fields = fields
            .flat_map(|field| {
                let filler = filler(&field);
                std::iter::once(field).chain(filler)
            })
            .collect();
    }
    Cow::Owned(placed)
}

/// The line behind a field: it is there where the field is.
fn filler(field: &FieldDraft) -> Option<FieldDraft> {
    let found = field.attrs.iter().find_map(|attr| match &attr.kind {
        AttrKind::Fill(fill) => Some((fill.clone(), attr.origin)),
        _ => None,
    });
    let (fill, origin) = found?;
    let is_condition = |attr: &&Attr| matches!(attr.kind, AttrKind::If(_));
    let attrs = field.attrs.iter().filter(is_condition).cloned().collect();
    Some(FieldDraft { docs: Vec::new(), kind: FieldKind::Filler(fill), attrs, held: Held::View, origin })
}

/// The line that fills up the one in front of it.
pub(super) fn line(cx: &mut Context<'_>, at: usize, fill: &FillDraft) -> Option<Type> {
    let size = match names::literal(cx, &fill.size.value, fill.size.origin)? {
        Literal::Int(size) => u64::try_from(size).ok().filter(|size| *size > 0),
        _ => None,
    };
    let Some(size) = size else {
        cx.report(
            Diagnostic::new(Code::BadAttribute, fill.size.origin, "a field is filled up to a number of bytes")
                .why("it is a size, or one that the size becomes a multiple of")
                .help("write `pad \"\\0\" to 16`, or `pad \"\\0\" align 4`"),
        );
        return None;
    };
    let byte = match &fill.byte {
        None => None,
        Some(written) => Some(attrs::pad_byte(cx, written)?),
    };
    Some(Type::Filler(Filler { of: at.checked_sub(1)?, size, whole: fill.whole, byte }))
}

/// Checks that what is filled up can be.
pub(super) fn check(cx: &mut Context<'_>, lines: &[Line<'_>], at: usize) -> bool {
    let Type::Filler(filler) = &lines[at].ty else { return true };
    let (of, whole) = (&lines[filler.of], filler.whole);
    let problem = if of.bits.is_some() {
        Some((Code::BadBits, "it is part of a byte".to_owned(), "fill it up with bits: `_: u4 = 0`".to_owned()))
    } else if of.size.fixed().is_none() && matches!(of.role, Role::Computed(_) | Role::Checksum(_)) {
        Some((
            Code::BadAttribute,
            "its own size depends on what it says".to_owned(),
            "give it a type of a fixed size, such as `u16`".to_owned(),
        ))
    } else if of.since.is_some() || of.stream || matches!(of.role, Role::Pointed(_)) {
        Some((
            Code::BadAttribute,
            "where it ends is not known where it is sent".to_owned(),
            "put it into a struct with `pad`, and that into the field".to_owned(),
        ))
    } else if whole && of.size.least > filler.size {
        Some((
            Code::Impossible,
            format!("it takes {} at the least", spell::count(of.size.least, "byte")),
            format!("write `pad … to {}` or more", of.size.least),
        ))
    } else {
        None
    };
    let Some((code, why, help)) = problem else { return true };
    let label = format!("`{}` cannot be filled up", of.name);
    cx.report(Diagnostic::new(code, lines[at].draft.origin, label).why(why).help(help));
    false
}

/// How many bytes fill a field of this size up.
pub(super) fn size(filler: &Filler, of: Size) -> Size {
    let Filler { size, whole, .. } = *filler;
    match (whole, of.fixed()) {
        (_, Some(fixed)) => {
            let bytes = filler.behind(fixed).unwrap_or_default();
            Size { least: bytes, most: Some(bytes) }
        }
        (true, None) => {
            let least = of.most.map_or(0, |most| size.saturating_sub(most));
            Size { least, most: Some(size.saturating_sub(of.least)) }
        }
        (false, None) => Size { least: 0, most: Some(size - 1) },
    }
}
