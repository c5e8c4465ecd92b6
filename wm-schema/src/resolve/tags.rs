//! Tags of bits: `union Label { 0b00 Text { len: u6 … } 0b11 Pointer { off: u14 … } }`.
//!
//! Where the bits that an arm begins with do not fill whole bytes, the tag is what they are short of, in front of them. It
//! is then a constant of the arm's struct, so that runs of bits need no rule of their own for it; a union looks at the first
//! byte of the arm to choose it.
//!
//! A tag whose type is said, `union Attribute: u16 { … }`, always stands in front of its arm.

use super::Context;
use super::words::{self, Word};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{
    ArmDraft, Draft, Endian, FieldDraft, FieldKind, Held, LayoutDraft, LayoutKind, Name, PatternDraft, TypeDraft,
};
use crate::ir::{BitPlace, Int, Layout, Type};
use std::borrow::Cow;

/// The draft with a tag in front of each arm that leaves room for it.
pub(super) fn placed(draft: &Draft) -> Cow<'_, Draft> {
    let unions =
        draft.layouts.iter().filter(|layout| matches!(layout.kind, LayoutKind::Union { given: false, tag: None, .. }));
    let tags: Vec<(usize, FieldDraft)> = unions.flat_map(|union| tags(draft, union)).collect();
    if tags.is_empty() {
        return Cow::Borrowed(draft);
    }
    let mut placed = draft.clone();
    for (layout, tag) in tags {
        placed.layouts[layout].fields.insert(0, tag);
    }
    Cow::Owned(placed)
}

/// The tags that stand within the arms of a union, each with the index of the arm's layout.
fn tags(draft: &Draft, union: &LayoutDraft) -> Vec<(usize, FieldDraft)> {
    let LayoutKind::Union { arms, .. } = &union.kind else { return Vec::new() };
    let tag = |(field, arm): (&FieldDraft, &ArmDraft)| {
        let FieldKind::Named(_, ty) = &field.kind else { return None };
        let layout = own_struct(draft, ty)?;
        let bits = missing(draft, &draft.layouts[layout])?;
        let value = match arm.pattern {
            Some(PatternDraft::Values(value, _)) => value,
            _ => 0,
        };
        let kind = FieldKind::Tag { value, bits };
        Some((layout, FieldDraft { docs: Vec::new(), kind, attrs: Vec::new(), held: Held::View, origin: arm.origin }))
    };
    union.fields.iter().zip(arms).filter_map(tag).collect()
}

/// The struct that a type names, by index, if nothing else does: elsewhere it would have no tag.
fn own_struct(draft: &Draft, ty: &TypeDraft) -> Option<usize> {
    let of = |field: &FieldDraft| match &field.kind {
        FieldKind::Named(_, other) | FieldKind::Reserved(other) => other.name.text == ty.name.text,
        _ => false,
    };
    let used = draft.layouts.iter().flat_map(|layout| &layout.fields).filter(|field| of(field)).count();
    let named = |layout: &LayoutDraft| layout.kind == LayoutKind::Struct && layout.name.text == ty.name.text;
    draft.layouts.iter().position(named).filter(|_| used == 1 && ty.extent.is_none())
}

/// How many bits those that a struct begins with are short of whole bytes; none if they are not.
fn missing(draft: &Draft, layout: &LayoutDraft) -> Option<u8> {
    let mut bits = 0u32;
    for field in &layout.fields {
        let (FieldKind::Named(_, ty) | FieldKind::Reserved(ty)) = &field.kind else { break };
        let Some(width) = width(draft, ty) else { break };
        bits += u32::from(width);
    }
    u8::try_from(8 - bits % 8).ok().filter(|missing| *missing < 8)
}

/// How many bits a type takes that is nothing without others beside it.
fn width(draft: &Draft, ty: &TypeDraft) -> Option<u8> {
    let word = |name: &Name| match words::word(&name.text, Endian::Big) {
        Some(Word::Int(int)) if int.needs_run() => int.bits(),
        _ => None,
    };
    let own = ty.extent.is_none().then(|| word(&ty.name)).flatten();
    let of = |name: &Name| name.text == ty.name.text;
    let declared = || {
        let of_enum = draft.enums.iter().find(|item| of(&item.name)).map(|item| &item.repr);
        let repr = of_enum.or_else(|| draft.ints.iter().find(|int| of(&int.name)).map(|int| &int.base))?;
        word(&repr.name)
    };
    own.or_else(declared)
}

/// The number that a tag is whose type is said.
pub(super) fn number(cx: &mut Context<'_>, ty: &Name) -> Option<Int> {
    let found = match words::word(&ty.text, cx.endian()) {
        Some(Word::Int(int @ Int::Fixed { .. })) => Some(int),
        _ => None,
    };
    if found.is_none() {
        cx.report(
            Diagnostic::new(Code::BadAttribute, ty.origin, format!("`{}` cannot be a tag", ty.text))
                .why("a tag is an integer of a fixed number of bytes: `u8` to `i128`, with `le` or `be` behind it")
                .help("write `union Name: u16 { … }`; of a tag of bits take the type out, each arm leaves room for it"),
        );
    }
    found
}

/// The number that text is as a tag: its bytes, as they stand on the wire.
pub(super) fn of_text(cx: &mut Context<'_>, arm: &ArmDraft, text: &[u8], tag: Option<&Int>) -> Option<i128> {
    if let Some(Int::Fixed { bytes, signed: false, endian }) = tag
        && usize::from(*bytes) == text.len()
    {
        let joined = |all: i128, byte: &u8| all << 8 | i128::from(*byte);
        return Some(match endian {
            Endian::Big => text.iter().fold(0, joined),
            Endian::Little => text.iter().rev().fold(0, joined),
        });
    }
    let label = format!("a tag of {} bytes", text.len());
    let help = match text.len() {
        2..=8 => format!("write `union Name: u{} {{ … }}`", text.len() * 8),
        _ => "read the word as a field, and write `match word { … }` for what follows".to_owned(),
    };
    cx.report(
        Diagnostic::new(Code::BadVariant, arm.origin, label)
            .why("the type of a union's tag says how many bytes it is; without one it is a byte")
            .help(help),
    );
    None
}

/// How many bits of its arms are the tag of a union; 8 if it is a byte in front of them. None if they do not agree.
pub(super) fn bits(cx: &mut Context<'_>, union: &LayoutDraft) -> Option<u8> {
    let draft: &Draft = cx.draft;
    let own = |field: &FieldDraft| {
        let FieldKind::Named(_, ty) = &field.kind else { return 8 };
        let arm = draft.layouts.iter().find(|layout| layout.name.text == ty.name.text);
        match arm.and_then(|arm| arm.fields.first()).map(|field| &field.kind) {
            Some(FieldKind::Tag { bits, .. }) => *bits,
            _ => 8,
        }
    };
    let all: Vec<u8> = union.fields.iter().map(own).collect();
    let (first, other) = (*all.first()?, all.iter().position(|bits| Some(bits) != all.first()));
    let Some(other) = other else { return Some(first) };
    let left = |at: usize| {
        let name = super::spell::name(&union.fields[at]);
        match all[at] {
            8 => format!("`{name}` leaves no bits for it"),
            1 => format!("`{name}` leaves 1 bit"),
            bits => format!("`{name}` leaves {bits} bits"),
        }
    };
    let fill = match all.iter().copied().min().unwrap_or(8) {
        7 => "_: bit = 0".to_owned(),
        tag => format!("_: u{} = 0", 8 - tag),
    };
    cx.report(
        Diagnostic::new(Code::BadBits, union.fields[other].origin, "the arms differ in the width of their tag")
            .why(format!("a tag is what the first bits of each arm leave of a byte: {}, {}", left(0), left(other)))
            .help(format!("let each arm leave as many, and fill what it does not use: `{{ {fill} … }}`"))
            .note(union.fields[0].origin, "the first arm stands here"),
    );
    None
}

/// Where the tag stands in the first byte of each arm: how far its bits are shifted. None if it is in no first byte.
pub(super) fn shift(cx: &mut Context<'_>, union: &LayoutDraft, arms: &[Option<Layout>], types: &[&Type]) -> Option<u8> {
    let places = types.iter().map(|ty| match ty {
        Type::Struct(part) => arms[*part].as_ref()?.fields.first()?.bits,
        _ => None,
    });
    let places: Vec<BitPlace> = places.collect::<Option<_>>()?;
    if let Some(at) = places.iter().position(|place| place.byte() != 0) {
        let (order, bits) = if cx.endian() == Endian::Big { ("big", "msb") } else { ("little", "lsb") };
        cx.report(
            Diagnostic::new(Code::BadBits, union.fields[at].origin, "the tag is not in the first byte")
                .why(format!("its bits are part of a number of {} bytes, {order}-endian", places[at].bytes))
                .help(format!(
                    "write `bits {bits}` behind the name of the protocol, or let the first bits fill one byte"
                )),
        );
        return None;
    }
    places.first().map(|place| place.shift % 8)
}
