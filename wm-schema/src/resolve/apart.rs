//! Messages that one side may send must be told apart by their first bytes.

use super::{Context, envelope::Outer};
use crate::apart::{self, Alike};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, LayoutKind, Origin};
use crate::ir::{Field, Int, Message, Role, Schema, Side, Type};

/// Reports the first two messages of each side that cannot be told apart, where each side may say all it has.
pub(super) fn check_all(cx: &mut Context<'_>, schema: &Schema) {
    for side in [Side::Client, Side::Server] {
        let messages: Vec<usize> = schema.sent_by(side).collect();
        if let ([_, second, ..], Some(Outer::Envelope(_))) =
            (messages.as_slice(), cx.envelope.as_ref().map(|written| written.kind))
        {
            let diagnostic = in_an_envelope(&schema.messages[*second], origin(cx.draft, *second));
            return cx.report(diagnostic);
        }
        check(cx, schema, side, &messages, None);
    }
}

/// Reports the first two of these messages that cannot be told apart, and says whether there are any; they are legal in a
/// state, if there is a session.
pub(super) fn check(
    cx: &mut Context<'_>,
    schema: &Schema,
    side: Side,
    messages: &[usize],
    state: Option<&str>,
) -> bool {
    let Err(alike) = apart::plan(schema, side, messages) else { return false };
    let both = [alike.first, alike.second].map(|index| &schema.messages[index]);
    // What both sides send is told of once.
    if !(state.is_none() && side == Side::Server && both.iter().all(|message| message.from.is_none())) {
        report(cx, alike, both, side, state);
    }
    true
}

fn in_an_envelope(second: &Message, origin: Origin) -> Diagnostic {
    let label = format!("`{}` is a second message in an envelope", second.layout.name);
    Diagnostic::new(Code::NotYet, origin, label)
        .why("messages are told apart by the first bytes of a frame, and this version does not look into envelopes for them")
        .help("make one message of them: `kind: Kind` and `body: match kind { … }`")
}

fn report(cx: &mut Context<'_>, alike: Alike, [first, second]: [&Message; 2], side: Side, state: Option<&str>) {
    let who = match (first.from, second.from, side) {
        (None, None, _) => "both sides send",
        (_, _, Side::Client) => "the client sends",
        (_, _, Side::Server) => "the server sends",
    };
    let names = [first, second].map(|message| &message.layout.name);
    let why = match alike.common {
        0 => "nothing stands at a fixed place in both of them that could tell which one has arrived".to_owned(),
        1 => "only their first byte stands at a fixed place in both, and it may be the same".to_owned(),
        bytes => format!("only their first {bytes} bytes stand at fixed places in both, and each may be the same"),
    };
    let help = match telling(first, second, alike.common) {
        Some([one, other]) => format!(
            "make them differ in one of these bytes: `{}: u8 = 1` in `{}`, `{}: u8 = 2` in `{}`",
            one.name, names[0], other.name, names[1]
        ),
        None => format!(
            "let each begin with a byte of its own: `kind: u8 = 1` in `{}`, `kind: u8 = 2` in `{}`",
            names[0], names[1]
        ),
    };
    let instead = match state {
        Some(_) => "; or let them be legal in different states",
        None => "; or say in a `session` which may be sent when",
    };
    let place = state.map(|state| format!(" in `{state}`")).unwrap_or_default();
    let [first, second] = [alike.first, alike.second].map(|index| origin(cx.draft, index));
    cx.report(
        Diagnostic::new(Code::Ambiguous, second, format!("{who} `{}` and `{}`{place}", names[0], names[1]))
            .why(why)
            .help(help + instead)
            .note(first, "the first stands here"),
    );
}

/// A byte of its own in each of them, at the same fixed place.
fn telling<'m>(first: &'m Message, second: &'m Message, common: usize) -> Option<[&'m Field; 2]> {
    let (one, other) = (plain_bytes(first), plain_bytes(second));
    let found = one.iter().find_map(|(at, field)| {
        let (_, beside) = other.iter().find(|(place, _)| place == at)?;
        Some((*at, [*field, *beside]))
    });
    found.filter(|(at, _)| *at < common as u64).map(|(_, fields)| fields)
}

/// The fields at fixed places that are a byte, which the schema may fix.
fn plain_bytes(message: &Message) -> Vec<(u64, &Field)> {
    let mut at = 0;
    let mut found = Vec::new();
    for field in &message.layout.fields {
        if field.role == Role::Value && matches!(field.ty, Type::Int(Int::Fixed { bytes: 1, .. }, _)) {
            found.push((at, field));
        }
        let Some(size) = field.size.fixed() else { break };
        at += size;
    }
    found
}

/// Where the message of this index has its name.
fn origin(draft: &Draft, index: usize) -> Origin {
    let messages = draft.layouts.iter().filter(|layout| matches!(layout.kind, LayoutKind::Message { .. }));
    messages.map(|layout| layout.name.origin).nth(index).unwrap_or(draft.name.origin)
}
