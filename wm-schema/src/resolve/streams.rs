//! `stream`: which fields can be handed out in parts.

use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{AttrKind, Draft, RustShape};
use crate::ir::{Bytes, Content, Equation, Extent, Field, Framing, Int, Layout, Measure, Message, Role, Schema, Type};

/// Sets which field of each message is handed out in parts, and warns of those that are held whole.
pub(super) fn resolve(cx: &mut Context<'_>, schema: &mut Schema) {
    let names: Vec<String> = cx.draft.layouts.iter().map(|layout| layout.name.text.clone()).collect();
    let sole = |message: &Message| {
        let beside = |other: &&Message| message.from.is_none() || other.from.is_none() || message.from == other.from;
        schema.messages.iter().filter(beside).count() == 1
    };
    let in_session = schema.session.is_some();
    let sole: Vec<bool> = schema.messages.iter().map(sole).collect();
    for (message, sole) in schema.messages.iter_mut().zip(sole) {
        let streams = message.layout.fields.iter().enumerate().filter(|(_, field)| field.stream);
        let mut found = None;
        for (at, field) in streams {
            match in_the_way(message, at, field) {
                _ if in_session => warn(cx, &message.layout, at, "a session takes its messages whole"),
                _ if !sole => warn(cx, &message.layout, at, "its side sends several messages"),
                _ if ["Head", "Part"].iter().any(|end| names.contains(&format!("{}{end}", message.layout.name))) => {
                    warn(cx, &message.layout, at, "a type of yours has the name of one that its parts need");
                }
                Some(why) => warn(cx, &message.layout, at, why),
                None => found = Some(at),
            }
        }
        message.streams = found;
    }
    for layout in &schema.structs {
        for (at, _) in layout.fields.iter().enumerate().filter(|(_, field)| field.stream) {
            warn(cx, layout, at, "it is a part of a struct");
        }
    }
}

/// Why a field is held whole.
fn in_the_way(message: &Message, at: usize, field: &Field) -> Option<&'static str> {
    let layout = &message.layout;
    let Framing::Prefix { field: number, .. } = message.framing else {
        return Some("no number in front says how large the whole frame is");
    };
    let plain = matches!(
        &field.ty,
        Type::Bytes(Bytes { content: Content::Bytes, extent: Extent::Rest { tail: 0 }, trim: None, .. })
    );
    if at + 1 != layout.fields.len() || number >= at || !plain || field.condition.is_some() || !field.rules.is_empty() {
        return Some("it is not `bytes[..]` at the end of the message");
    }
    if layout.rust != RustShape::Generated {
        return Some("its message is a struct of yours");
    }
    if layout.fields.iter().any(|other| other.name == format!("{}_len", field.name) && other.role == Role::Value) {
        return Some("a field of yours has the name of one that its head needs");
    }
    let mut in_front = layout.fields[..at].iter().enumerate();
    if message.is_sided() || in_front.any(|(index, field)| !fits_head(layout, index, field)) {
        return Some("what stands in front of it cannot be read by itself");
    }
    None
}

/// Whether a field can be read as its bytes arrive: its end needs no search, and it says nothing of the stream but its size.
fn fits_head(layout: &Layout, index: usize, field: &Field) -> bool {
    let counted = match field.role {
        Role::Computed(Equation { measure: Measure::Bytes { first, last }, .. }) => {
            last + 1 < layout.fields.len() || first <= index + 1
        }
        Role::Checksum(_) => false,
        _ => true,
    };
    let simple = match &field.ty {
        Type::Constant(_) | Type::Float { .. } | Type::Enum(_) => true,
        Type::Int(int, _) => is_simple(int),
        Type::Bytes(Bytes { content: Content::Bytes | Content::Str | Content::Ascii, extent, .. }) => match extent {
            Extent::Fixed(_) | Extent::Field(_) => true,
            Extent::Prefix(int) => is_simple(int),
            _ => false,
        },
        _ => false,
    };
    counted && simple && field.condition.is_none()
}

fn is_simple(int: &Int) -> bool {
    matches!(
        int,
        Int::Fixed { .. }
            | Int::Varint { .. }
            | Int::Vlq { .. }
            | Int::Quic { .. }
            | Int::Digits { .. }
            | Int::Bits { .. }
            | Int::Flag
    )
}

fn warn(cx: &mut Context<'_>, layout: &Layout, at: usize, why: &str) {
    let draft: &Draft = cx.draft;
    let Some(layout) = draft.layouts.iter().find(|draft| draft.name.text == layout.name) else { return };
    let field = &layout.fields[at];
    let said = field.attrs.iter().find(|attr| matches!(attr.kind, AttrKind::Stream));
    let origin = said.map_or(field.origin, |attr| attr.origin);
    cx.report(
        Diagnostic::new(Code::StreamBuffered, origin, format!("`{}` is held in memory whole", spell::name(field)))
            .why(format!("{why}: a connection may hold a whole frame"))
            .help("keep `limit frame` as small as the protocol allows"),
    );
}
