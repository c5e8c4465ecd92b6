//! `recover`: which faults there are, and whether the connection can go on behind them.

use super::{Context, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, Name, RecoverDraft};
use crate::ir::{
    Action, Bytes, Content, Endian, Extent, FaultKind, Field, Framing, Int, Layout, Message, Recover, Role, Schema,
    Side, Type,
};

/// How far is searched for the next frame unless the schema says it.
const WITHIN_BYTES: u64 = 64 << 10;

/// Checks the rules, and gives each message those that hold for it.
pub(super) fn resolve(cx: &mut Context<'_>, schema: &mut Schema) {
    let draft: &Draft = cx.draft;
    if let Some(rule) = draft.recovers.iter().find(|rule| schema.session.is_some() && rule.action.text != "close") {
        cx.report(
            Diagnostic::new(Code::BadRecover, rule.action.origin, format!("`{}` in a session", rule.action.text))
                .why("what is thrown away may be what would have led to the next state: both ends would not know where they are")
                .help(format!("write `{} => close`, or take the rule out", rule.fault.text)),
        );
    }
    if let Some(rule) = draft.recovers.first().filter(|_| schema.is_of_datagrams()) {
        cx.report(
            Diagnostic::new(Code::BadRecover, rule.fault.origin, "a rule for a bad datagram")
                .why("it is thrown away and told of, and the next datagram is another matter: nothing closes, nothing is searched")
                .help("take `recover` out"),
        );
        return;
    }
    let mut rules = Vec::new();
    for (index, rule) in draft.recovers.iter().enumerate() {
        let name = &rule.fault.text;
        if let Some(first) = draft.recovers[..index].iter().find(|first| first.fault.text == *name) {
            cx.report(duplicate(&rule.fault, &first.fault));
        } else if let (Some(kind), Some(action)) = (kind(cx, schema, &rule.fault), action(cx, schema, rule)) {
            rules.push(Recover { kind, action });
        }
    }
    let beside = |message: &Message, other: &Message| {
        message.from.is_none() || other.from.is_none() || message.from == other.from
    };
    let all = schema.messages.clone();
    for message in &mut schema.messages {
        let found = |rule: &&Recover| all.iter().any(|other| beside(message, other) && holds(&rule.action, other));
        message.recover = rules.iter().filter(found).cloned().collect();
    }
}

/// Whether a message can be found again as a rule says. Behind a bad one, any other of its side will do.
fn holds(action: &Action, message: &Message) -> bool {
    match action {
        Action::Close | Action::Skip => true,
        Action::Resync { mark, .. } => start(message).starts_with(mark),
    }
}

/// The faults that a rule is about: none of them for `_`.
fn kind(cx: &mut Context<'_>, schema: &Schema, name: &Name) -> Option<Option<FaultKind>> {
    if name.text == "_" {
        return Some(None);
    }
    let Some(&kind) = FaultKind::ALL.iter().find(|kind| kind.word() == name.text) else {
        let help = suggest::help(&name.text, FaultKind::ALL.iter().map(|kind| kind.word()).chain(["_"]));
        cx.report(Diagnostic::new(Code::UnknownName, name.origin, format!("no fault `{}`", name.text)).help(help));
        return None;
    };
    let several = |side| schema.sent_by(side).count() > 1;
    let strangers = kind == FaultKind::Magic && (several(Side::Client) || several(Side::Server));
    let enveloped = kind == FaultKind::Envelope && schema.messages.iter().any(|message| message.envelope().is_some());
    if !strangers && !enveloped && !layouts(schema).any(|layout| can_be(schema, layout, kind)) {
        let what = match kind {
            FaultKind::Magic => "constant",
            FaultKind::Length => "length",
            FaultKind::Checksum => "checksum",
            FaultKind::Envelope => "envelope",
            FaultKind::Text => "text",
            FaultKind::Number => "number whose spelling could be wrong",
            FaultKind::Value => "value that is not allowed",
        };
        cx.report(
            Diagnostic::new(Code::BadRecover, name.origin, format!("`{}` cannot happen", name.text))
                .why(format!("no message has a {what}"))
                .help("take the rule out"),
        );
        return None;
    }
    Some(Some(kind))
}

fn action(cx: &mut Context<'_>, schema: &Schema, rule: &RecoverDraft) -> Option<Action> {
    match (rule.action.text.as_str(), &rule.resync) {
        ("skip", _) => {
            let lost = rule.fault.text == FaultKind::Magic.word() && schema.messages.iter().all(loses_its_end);
            if lost {
                cx.report(no_end(schema, rule));
            }
            (!lost).then_some(Action::Skip)
        }
        ("resync", Some(resync)) => {
            let mark = &resync.mark;
            if mark.value.is_empty() {
                cx.report(
                    Diagnostic::new(Code::Empty, mark.origin, "nothing to search for")
                        .why("the next frame is found by the bytes that it starts with")
                        .help("write the constant that every frame starts with"),
                );
                return None;
            }
            let within = resync.within.as_ref().map_or(Some(WITHIN_BYTES), |within| u64::try_from(within.value).ok());
            let Some(within) = within.filter(|within| *within > 0) else {
                let origin = resync.within.as_ref().map_or(rule.action.origin, |within| within.origin);
                cx.report(
                    Diagnostic::new(Code::LimitTooSmall, origin, "nothing could be passed")
                        .why("`within` is the most bytes that the search for the next frame passes")
                        .help("write `within 64K`, for example"),
                );
                return None;
            };
            let action = Action::Resync { mark: mark.value.clone(), within };
            if !schema.messages.iter().any(|message| holds(&action, message)) {
                cx.report(never_found(schema, resync.mark.origin, &mark.value));
                return None;
            }
            Some(action)
        }
        _ => Some(Action::Close),
    }
}

fn duplicate(name: &Name, first: &Name) -> Diagnostic {
    Diagnostic::new(Code::Duplicate, name.origin, format!("a second rule for `{}`", name.text))
        .why("only one of the two can hold")
        .help("take one of them out")
        .note(first.origin, "the first stands here")
}

fn no_end(schema: &Schema, rule: &RecoverDraft) -> Diagnostic {
    let mark = schema.messages.iter().map(start).find(|start| !start.is_empty());
    let help = match mark {
        Some(mark) => format!("search for the next frame: `resync \"{}\"`", mark.escape_ascii()),
        None => "write `close`".to_owned(),
    };
    Diagnostic::new(Code::BadRecover, rule.action.origin, "where the next frame starts is not known")
        .why(
            "the constants stand in front of what says where the frame ends, and that is not believed behind a bad one",
        )
        .help(help)
}

fn never_found(schema: &Schema, origin: crate::draft::Origin, mark: &[u8]) -> Diagnostic {
    let label = format!("no message starts with \"{}\"", mark.escape_ascii());
    let known = schema.messages.iter().map(start).find(|start| !start.is_empty());
    let help = match known {
        Some(known) => format!("write `resync \"{}\"`", known.escape_ascii()),
        None => "give the messages a constant as their first field, or write `close`".to_owned(),
    };
    Diagnostic::new(Code::BadRecover, origin, label)
        .why("the next frame is found by the constant that it starts with")
        .help(help)
}

/// The constants that a frame starts with; in an envelope it starts with that.
fn start(message: &Message) -> Vec<u8> {
    if message.envelope().is_some() {
        return Vec::new();
    }
    let constants = message.layout.fields.iter().map_while(|field| match (&field.ty, &field.role) {
        _ if field.bits.is_some() || field.condition.is_some() => None,
        (Type::Constant(constant), _) if !constant.nocase => Some(constant.bytes.clone()),
        (Type::Int(Int::Fixed { bytes, endian, .. }, _), Role::Constant(value)) => {
            let wide = value.to_be_bytes();
            let mut bytes = wide[wide.len() - usize::from(*bytes)..].to_vec();
            if *endian == Endian::Little {
                bytes.reverse();
            }
            Some(bytes)
        }
        _ => None,
    });
    constants.flatten().collect()
}

/// Whether the end of a frame with a bad constant is never known: the framer looks at all of them, and stops.
fn loses_its_end(message: &Message) -> bool {
    let constant = |field: &Field| is_constant(field) && field.bits.is_none();
    let behind = match message.framing {
        Framing::Fixed { .. } | Framing::Walk => return true,
        Framing::Outer(_) | Framing::Datagram { .. } => return false,
        Framing::Prefix { field, .. } | Framing::Until { field, .. } => &message.layout.fields[field + 1..],
    };
    !behind.iter().any(|field| constant(field) || matches!(field.ty, Type::Struct(_) | Type::List { .. }))
        && !message.layout.fields.iter().any(|field| field.bits.is_some() && is_constant(field))
}

fn layouts(schema: &Schema) -> impl Iterator<Item = &Layout> {
    schema.messages.iter().map(|message| &message.layout).chain(&schema.structs)
}

fn is_constant(field: &Field) -> bool {
    matches!(field.role, Role::Constant(_)) || matches!(field.ty, Type::Constant(_))
}

/// Whether a field of the layout can have such a fault.
fn can_be(schema: &Schema, layout: &Layout, kind: FaultKind) -> bool {
    let chosen = layout.choice.as_ref().is_some_and(|choice| !choice.complete);
    chosen && kind == FaultKind::Value
        || layout.fields.iter().any(|field| match kind {
            FaultKind::Magic => is_constant(field),
            FaultKind::Length => field.size.fixed().is_none() || matches!(field.role, Role::Computed(_)),
            FaultKind::Checksum => matches!(field.role, Role::Checksum(_)),
            FaultKind::Envelope => false,
            FaultKind::Text => {
                matches!(&field.ty, Type::Bytes(Bytes { content, .. }) if *content != Content::Bytes)
            }
            FaultKind::Number => number(&field.ty).is_some_and(is_spelled),
            FaultKind::Value => {
                !field.rules.is_empty() || matches!(field.role, Role::Sender(_)) || is_bounded(schema, &field.ty)
            }
        })
}

/// The number that a field is or holds.
fn number(ty: &Type) -> Option<&Int> {
    match ty {
        Type::Int(int, _) => Some(int),
        Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) | Type::List { count: Extent::Prefix(int), .. } => {
            Some(int)
        }
        Type::List { element, .. } => number(element),
        _ => None,
    }
}

/// Whether not all bytes are a number of this kind.
fn is_spelled(int: &Int) -> bool {
    match int {
        Int::Fixed { .. } | Int::Bits { .. } | Int::Flag => false,
        Int::Vlq { .. } | Int::Quic { minimal: true } => true,
        Int::Quic { minimal: false } => false,
        Int::Varint { .. } | Int::Digits { .. } | Int::Until { .. } | Int::Escaping(_) => true,
    }
}

fn is_bounded(schema: &Schema, ty: &Type) -> bool {
    match ty {
        Type::Int(_, range) => range.is_some(),
        Type::Enum(index) => !schema.enums[*index].open,
        Type::List { element, .. } => is_bounded(schema, element),
        Type::Constant(_) | Type::Filler(_) | Type::Float { .. } | Type::Bytes(_) | Type::Struct(_) => false,
    }
}
