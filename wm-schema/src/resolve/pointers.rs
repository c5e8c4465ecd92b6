//! Pointers: `to: Name at (offset(id) + off) backward`.
//!
//! What is pointed at takes no bytes where it is said, and so it is neither measured nor contained: a layout may point at
//! itself. A peer can point at one value from everywhere, and each pointer is followed when a message is read; so what is
//! pointed at is bounded, by its types or, if it points on, by `max`.

use super::formulas::{self, Kind, Numbers, View};
use super::layouts::Body;
use super::sizes::Parts;
use super::words::{self, Word};
use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{
    AttrKind, Draft, Endian, ExtentKind, FieldDraft, FieldKind, Formula, LayoutDraft, LayoutKind, Literal, Name,
    Origin, TypeDraft,
};
use crate::ir::{
    self, By, Bytes, Choice, Extent, HOPS_MAX, Layout, POINTED_BYTES_MAX, Pointer, Role, Schema, Term, Type,
};

/// A pointer whose place has not been read yet.
pub(super) fn unread() -> Role {
    let place = ir::Formula { term: Term::Int(0), text: String::new() };
    Role::Pointed(Pointer { place, least: 0 })
}

/// The most pointers in a chain that leads to a layout, if any lead there.
pub(super) fn hops(draft: &Draft, layout: &LayoutDraft) -> Option<u64> {
    let mut fields = draft.layouts.iter().flat_map(|layout| &layout.fields);
    let leads = |field: &FieldDraft| {
        place(field).is_some() && type_of(field).is_some_and(|ty| ty.name.text == layout.name.text)
    };
    let depth = layout.depth.as_ref().map_or(HOPS_MAX, |depth| u64::try_from(depth.value).unwrap_or(HOPS_MAX));
    fields.any(leads).then_some(depth)
}

/// Where a field stands, if it is a pointer.
fn place(field: &FieldDraft) -> Option<&Formula> {
    field.attrs.iter().find_map(|attr| match &attr.kind {
        AttrKind::At(place) => Some(place),
        _ => None,
    })
}

fn type_of(field: &FieldDraft) -> Option<&TypeDraft> {
    match &field.kind {
        FieldKind::Named(_, ty) | FieldKind::Reserved(ty) => Some(ty),
        FieldKind::Literal(_) | FieldKind::Extension | FieldKind::Filler(_) | FieldKind::Tag { .. } => None,
    }
}

/// Checks where the value of a line stands, if it is a pointer.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, at: usize, parts: Parts<'_>) {
    let (Some(written), Role::Pointed(_)) = (place(body.lines[at].draft), &body.lines[at].role) else { return };
    let view = View {
        lines: &body.lines,
        until: at,
        it: None,
        params: &body.params,
        element: None,
        numbers: Numbers::Unknown,
        sent: false,
        facts: &[],
        pointer: Some(body.draft),
        parts,
    };
    let term = match formulas::term(cx, view, written) {
        Some((term, Kind::Int(..))) => Some(term),
        Some(_) => {
            cx.report(
                Diagnostic::new(Code::BadFormula, written.origin, format!("`{}` is no place", written.text))
                    .why("a place is a number of bytes from the start of the frame")
                    .help("write `at (offset(id) + off) backward`, for example"),
            );
            None
        }
        None => None,
    };
    body.sound &= term.is_some();
    let target = type_of(body.lines[at].draft).map_or("", |ty| &ty.name.text);
    let least = least(cx.draft, body.draft, target);
    if let Some(term) = term {
        let place = ir::Formula { term, text: written.text.clone() };
        body.lines[at].role = Role::Pointed(Pointer { place, least });
    }
}

/// `offset(id)`: of an earlier field of the layout, or of one of the messages that the layout is part of.
pub(super) fn offset(cx: &mut Context<'_>, view: View<'_>, origin: Origin, name: &Name) -> Option<(Term, Kind)> {
    let Some(owner) = view.pointer else {
        cx.report(
            Diagnostic::new(Code::BadFormula, origin, "`offset` where nothing is pointed at")
                .why("where a field stands is known when a message is read, not when it is made")
                .help("use it behind `at`: `to: Name at (offset(id) + off) backward`"),
        );
        return None;
    };
    let own = view.lines[..view.until].iter().position(|line| line.name == name.text);
    if let Some(own) = own {
        if view.lines[own].bits.is_none_or(|bits| bits.first == own) {
            return Some((Term::Offset(own), Kind::Int(0, cx.limit().into())));
        }
        cx.report(
            Diagnostic::new(Code::BadBits, name.origin, format!("`{}` starts within a byte", name.text))
                .why("a place counts whole bytes")
                .help("count from the first field of the byte"),
        );
        return None;
    }
    let draft: &Draft = cx.draft;
    let mut offsets: Vec<Option<u64>> = Vec::new();
    for message in messages(draft, owner) {
        let at = message.fields.iter().position(|field| is_called(field, &name.text));
        offsets.push(at.and_then(|at| bytes_in_front(draft, &message.fields[..at])));
    }
    match offsets.first() {
        None => Some((Term::Int(0), Kind::Int(0, 0))),
        Some(Some(first)) if offsets.iter().all(|other| *other == Some(*first)) => {
            let place = i128::from(*first);
            Some((Term::Int(place), Kind::Int(place, place)))
        }
        _ => {
            cx.report(
                Diagnostic::new(Code::UnknownField, name.origin, format!("where does `{}` stand?", name.text))
                    .why(format!(
                        "it is a field in front of the pointer, or one of every message with `{}` that always stands at the same byte",
                        owner.name.text
                    ))
                    .help("name a field with only fields of fixed size in front of it"),
            );
            None
        }
    }
}

fn is_called(field: &FieldDraft, wanted: &str) -> bool {
    matches!(&field.kind, FieldKind::Named(name, _) if name.text == wanted)
}

/// The messages that a layout is part of; itself, if it is one.
fn messages<'d>(draft: &'d Draft, part: &LayoutDraft) -> impl Iterator<Item = &'d LayoutDraft> {
    let name = part.name.text.clone();
    let messages = draft.layouts.iter().filter(|layout| matches!(layout.kind, LayoutKind::Message { .. }));
    messages.filter(move |message| {
        message.name.text == name || message.fields.iter().any(|field| leads(draft, field, &name))
    })
}

/// Whether the type of a field is a layout, or one that contains it.
fn leads(draft: &Draft, field: &FieldDraft, wanted: &str) -> bool {
    let mut seen: Vec<&str> = Vec::new();
    let mut open: Vec<&FieldDraft> = vec![field];
    while let Some(field) = open.pop() {
        let Some(ty) = type_of(field) else { continue };
        if ty.name.text == wanted {
            return true;
        }
        if !seen.contains(&ty.name.text.as_str()) {
            seen.push(&ty.name.text);
            let inner = draft.layouts.iter().find(|layout| layout.name.text == ty.name.text);
            open.extend(inner.into_iter().flat_map(|layout| &layout.fields));
        }
    }
    false
}

/// The first byte where a value may stand that `part` points at: in no message one stands in front of that.
fn least(draft: &Draft, part: &LayoutDraft, target: &str) -> u64 {
    let first = |message: &LayoutDraft| {
        let may_hold = |field: &FieldDraft| leads(draft, field, target) || bytes(draft, field).is_none();
        let at = message.fields.iter().position(may_hold).unwrap_or(message.fields.len());
        bytes_in_front(draft, &message.fields[..at]).unwrap_or(0)
    };
    messages(draft, part).map(first).min().unwrap_or(0)
}

/// How many bytes fields take together, if they are always as many, and whole.
fn bytes_in_front(draft: &Draft, fields: &[FieldDraft]) -> Option<u64> {
    let bits = fields.iter().map(|field| bytes(draft, field)).sum::<Option<u64>>()?;
    bits.is_multiple_of(8).then_some(bits / 8)
}

/// How many bits a field takes, if they are always as many.
fn bytes(draft: &Draft, field: &FieldDraft) -> Option<u64> {
    let varies =
        |attr: &crate::draft::Attr| matches!(attr.kind, AttrKind::If(_) | AttrKind::Since(_) | AttrKind::Until(_));
    if field.attrs.iter().any(varies) {
        return None;
    }
    if place(field).is_some() {
        return Some(0);
    }
    match &field.kind {
        FieldKind::Named(_, ty) | FieldKind::Reserved(ty) => bits_of_type(draft, ty, 8),
        FieldKind::Literal(literal) => Some(8 * known(draft, literal)?.1),
        FieldKind::Tag { bits, .. } => Some((*bits).into()),
        FieldKind::Extension | FieldKind::Filler(_) => None,
    }
}

/// The value of a literal, and how many bytes it is if it is bytes.
fn known(draft: &Draft, literal: &Literal) -> Option<(u64, u64)> {
    match literal {
        Literal::Int(value) => Some((u64::try_from(*value).ok()?, 0)),
        Literal::Bytes(bytes) => Some((0, bytes.len() as u64)),
        Literal::Const(name) => {
            let found = draft.consts.iter().find(|constant| constant.name.text == *name)?;
            if matches!(found.value.value, Literal::Const(_)) { None } else { known(draft, &found.value.value) }
        }
    }
}

/// How many bits a type takes, which stands in no more than `levels` others.
fn bits_of_type(draft: &Draft, ty: &TypeDraft, levels: u8) -> Option<u64> {
    let levels = levels.checked_sub(1)?;
    let count = match &ty.extent {
        None => None,
        Some(extent) => match &extent.kind {
            ExtentKind::Literal(literal) => Some(known(draft, literal)?.0),
            _ => return None,
        },
    };
    let number = |int: &ir::Int| int.bits().map(u64::from).or_else(|| int.size().fixed().map(|bytes| bytes * 8));
    let one = match words::word(&ty.name.text, Endian::Big) {
        Some(Word::Int(int)) => number(&int)?,
        Some(Word::Float { bytes, .. }) => u64::from(bytes) * 8,
        Some(Word::Digits { .. } | Word::Content(_)) => count.map(|_| 8)?,
        None => {
            let of = |name: &Name| name.text == ty.name.text;
            let repr = draft.enums.iter().find(|item| of(&item.name)).map(|item| &item.repr);
            let layout = draft.layouts.iter().find(|layout| of(&layout.name) && layout.kind == LayoutKind::Struct);
            match (repr, layout) {
                (Some(repr), _) => bits_of_type(draft, repr, levels)?,
                (None, Some(layout)) => {
                    let fields = layout.fields.iter().map(|field| match type_of(field) {
                        Some(ty) if field.attrs.is_empty() => bits_of_type(draft, ty, levels),
                        _ => bytes(draft, field).filter(|_| type_of(field).is_none()),
                    });
                    fields.sum::<Option<u64>>()?
                }
                _ => return None,
            }
        }
    };
    Some(one.saturating_mul(count.unwrap_or(1)))
}

/// Checks what is pointed at, once all layouts are known.
pub(super) fn targets(cx: &mut Context<'_>, schema: &Schema) {
    let draft: &Draft = cx.draft;
    for layout in &draft.layouts {
        let pointers = layout.fields.iter().filter(|field| place(field).is_some());
        for field in pointers {
            let Some(ty) = type_of(field) else { continue };
            let Some(target) = schema.structs.iter().find(|part| part.name == ty.name.text) else { continue };
            if let Some(diagnostic) = refused(schema, ty, target) {
                cx.report(diagnostic);
            }
        }
    }
    for layout in schema.structs.iter().filter(|layout| layout.hops.is_some() || layout.max.is_some()) {
        let Some(written) = draft.layouts.iter().find(|draft| draft.name.text == layout.name) else { continue };
        if in_a_region(schema, layout) {
            cx.report(
                Diagnostic::new(
                    Code::NotYet,
                    written.name.origin,
                    format!("a region of `{}` holds pointers", layout.name),
                )
                .why("what they lead to counts for its size, and this version does not count it through a region")
                .help("give the list a count instead of a size in bytes"),
            );
        }
    }
    for message in &schema.messages {
        let transformed =
            message.layout.fields.iter().any(|field| matches!(&field.ty, Type::Bytes(Bytes { via: Some(_), .. })));
        let written = draft.layouts.iter().find(|layout| layout.name.text == message.layout.name);
        if let (true, true, Some(written)) = (transformed, schema.holds_pointers(&message.layout), written) {
            cx.report(
                Diagnostic::new(
                    Code::NotYet,
                    written.name.origin,
                    format!("`{}` has pointers, and a transform", written.name.text),
                )
                .why("what is transformed is undone in place, and a pointer could lead there")
                .help("undo the transform in the handler"),
            );
        }
    }
}

/// Why a layout cannot be pointed at.
fn refused(schema: &Schema, ty: &TypeDraft, target: &Layout) -> Option<Diagnostic> {
    let name = &target.name;
    let at = |code, label: String| Diagnostic::new(code, ty.name.origin, label);
    if !target.params.is_empty() || matches!(target.choice, Some(Choice { by: By::Given(_) | By::Header { .. }, .. })) {
        return Some(
            at(Code::NotYet, format!("`{name}` is handed values"))
                .why("what is pointed at is read again later, when they are gone")
                .help("put what it needs into it"),
        );
    }
    if takes_rest(schema, target) {
        return Some(
            at(Code::RestNotLast, format!("`{name}` takes all that is left"))
                .why("at another place there is no end to it")
                .help("give its `[..]` a length: `[u16]`"),
        );
    }
    let most = if schema.holds_pointers(target) { target.max } else { target.max.or(target.size.most) };
    if most.is_none_or(|most| most > POINTED_BYTES_MAX) {
        let why = format!(
            "a peer could point at it from everywhere, and each pointer is followed: it takes at most {}",
            spell::count(POINTED_BYTES_MAX, "byte")
        );
        let label = format!("`{name}` may be too large to be pointed at");
        return Some(at(Code::Unbounded, label).why(why).help("bound it behind its closing brace: `max 255`"));
    }
    None
}

/// Whether what has a region of its own within a layout holds pointers.
fn in_a_region(schema: &Schema, layout: &Layout) -> bool {
    let mut seen: Vec<&str> = vec![&layout.name];
    let mut open = vec![layout];
    while let Some(layout) = open.pop() {
        for field in layout.fields.iter().filter(|field| !matches!(field.role, Role::Pointed(_))) {
            let Some(part) = super::nesting::part(&field.ty).map(|part| &schema.structs[part]) else { continue };
            let rest = matches!(&field.ty, Type::List { count: Extent::Rest { .. }, .. });
            if (rest || field.region.is_some() || field.leaves.is_some()) && schema.holds_pointers(part) {
                return true;
            }
            if !seen.contains(&part.name.as_str()) {
                seen.push(&part.name);
                open.push(part);
            }
        }
    }
    false
}

/// Whether a layout takes all that its region has left.
fn takes_rest(schema: &Schema, layout: &Layout) -> bool {
    layout.fields.iter().filter(|field| !matches!(field.role, Role::Pointed(_))).any(|field| match &field.ty {
        _ if field.region.is_some() => false,
        Type::Bytes(Bytes { extent: Extent::Rest { .. }, .. }) | Type::List { count: Extent::Rest { .. }, .. } => true,
        Type::Struct(part) if layout.nesting.is_none() => takes_rest(schema, &schema.structs[*part]),
        _ => false,
    })
}

/// The limit behind the closing brace of a layout, if it is one.
pub(super) fn max(cx: &mut Context<'_>, body: &Body<'_>, least: u64) -> Option<u64> {
    let written = body.draft.max.as_ref()?;
    let max = u64::try_from(written.value).unwrap_or(u64::MAX);
    if max < least {
        cx.report(
            Diagnostic::new(
                Code::LimitTooSmall,
                written.origin,
                format!("no `{}` fits into this", body.draft.name.text),
            )
            .why(format!("the smallest one takes {}", spell::count(least, "byte")))
            .help(format!("write `max {least}` or more")),
        );
        return None;
    }
    Some(max)
}
