//! The schema as a whole: its head, its structs from the inside out, its messages, and who says what.

use super::layouts::{self, Body, Line};
use super::sizes::{self, Parts};
use super::{
    Context, apart, cases, declared, endings, envelope, exchanges, externs, fillers, formulas, framing, headers, ints,
    names, nesting, pointers, recovers, regions, session, streams, suggest, unused, versions, via, vocabulary,
};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, LayoutDraft, LayoutKind, Name};
use crate::ir::{Enum, Framing, Layout, Message, Role, Schema, Side, Type};

/// Checks everything; none if a part of the schema could not be made.
pub(super) fn resolve(cx: &mut Context<'_>) -> Option<Schema> {
    let draft: &Draft = cx.draft;
    names::collect(cx);
    let port = port(cx);
    limits(cx);
    ints::resolve(cx);
    cx.externs = externs::resolve(cx);
    vocabulary::resolve(cx);
    cx.envelope = envelope::resolve(cx);
    let enums = declared::enums(cx);
    let json_bodies = declared::json_bodies(cx);
    let (messages, structs): (Vec<&LayoutDraft>, Vec<&LayoutDraft>) =
        draft.layouts.iter().partition(|layout| matches!(layout.kind, LayoutKind::Message { .. }));
    let structs = structs.into_iter().map(|layout| layouts::resolve(cx, layout, &enums)).collect();
    let (structs, open) = from_the_inside_out(cx, structs, &enums);
    let parts = Parts { enums: &enums, structs: &structs, open: &open };
    if messages.is_empty() {
        cx.report(
            Diagnostic::new(Code::Empty, draft.name.origin, format!("`{}` has no message", draft.name.text))
                .why("a protocol says what travels: at least one message")
                .help("write `message Line { text: str until \"\\n\" }`"),
        );
    }
    let bodies: Vec<Body<'_>> = messages.iter().map(|layout| layouts::resolve(cx, layout, &enums)).collect();
    let session = session::resolve(cx, &bodies, parts);
    let messages: Vec<Option<Message>> = bodies.into_iter().map(|body| message(cx, body, parts)).collect();
    let exchanges = exchanges::resolve(cx, &messages);
    let tests = cases::resolve(
        cx,
        &cases::Known { enums: &enums, json_bodies: &json_bodies, structs: &structs, messages: &messages },
    );
    unused::check(cx);
    let messages: Vec<Message> = messages.into_iter().collect::<Option<_>>()?;
    let mut schema = Schema {
        docs: draft.docs.clone(),
        name: draft.name.text.clone(),
        version: draft.version.as_ref().map(|version| version.value),
        port,
        frame_bytes_max: messages.iter().map(|message| message.frame_bytes_max).max()?,
        ints: cx.ints.iter().cloned().collect::<Option<_>>()?,
        enums: enums.into_iter().collect::<Option<_>>()?,
        externs: cx.externs.clone(),
        words: cx.words.iter().cloned().collect::<Option<_>>()?,
        json_bodies,
        structs: structs.into_iter().collect::<Option<_>>()?,
        messages,
        exchanges,
        session,
        tests,
    };
    streams::resolve(cx, &mut schema);
    framing::walkable(cx, &schema);
    match &schema.session {
        Some(session) => {
            session::told_apart(cx, &schema, session);
            endings::in_session(cx, &schema, session);
        }
        // A session that is not understood is reported, and says nothing of its messages.
        None if draft.sessions.is_empty() => apart::check_all(cx, &schema),
        None => {}
    }
    recovers::resolve(cx, &mut schema);
    pointers::targets(cx, &schema);
    Some(schema)
}

fn port(cx: &mut Context<'_>) -> Option<u16> {
    let port = cx.draft.port.as_ref()?;
    match u16::try_from(port.value) {
        Ok(value) if value > 0 => return Some(value),
        _ => cx.report(
            Diagnostic::new(Code::BadConstant, port.origin, format!("{} is no port", port.value))
                .why("a port is 1 to 65535")
                .help("write `port 9000`, for example, or take it out"),
        ),
    }
    None
}

fn limits(cx: &mut Context<'_>) {
    let draft: &Draft = cx.draft;
    for (index, limit) in draft.limits.iter().enumerate() {
        let name = &limit.name.text;
        if let Some(first) = draft.limits[..index].iter().find(|first| first.name.text == *name) {
            cx.report(
                Diagnostic::new(Code::Duplicate, limit.name.origin, format!("a second limit of the {name}"))
                    .why("only one of the two can hold")
                    .help("keep the smaller one")
                    .note(first.name.origin, "the first stands here"),
            );
        }
        if name != "frame" {
            cx.report(
                Diagnostic::new(Code::UnknownName, limit.name.origin, format!("no limit `{name}`"))
                    .why("the size of a frame is what a schema limits; a field has `max`")
                    .help(format!("write `limit frame {}`", limit.value.value)),
            );
        } else if limit.value.value == 0 {
            cx.report(
                Diagnostic::new(Code::LimitTooSmall, limit.value.origin, "no frame has 0 bytes")
                    .why("nothing could ever be received")
                    .help("write `limit frame 1M`, or take the line out: the default is 10 MiB"),
            );
        } else if limit.value.value > u128::from(MOST_BYTES) {
            cx.report(
                Diagnostic::new(Code::NumberTooLarge, limit.value.origin, "no machine holds such a frame")
                    .why("sizes are counted in 63 bits")
                    .help("write `limit frame 2G`, for example"),
            );
        }
    }
}

/// The largest limit: sizes may be added to and taken from without running over.
const MOST_BYTES: u64 = i64::MAX as u64;

/// Checks and measures the structs, each after those that it contains; none where something is wrong. Says of each
/// whether it goes on to the end of its region.
fn from_the_inside_out(
    cx: &mut Context<'_>,
    bodies: Vec<Body<'_>>,
    enums: &[Option<Enum>],
) -> (Vec<Option<Layout>>, Vec<bool>) {
    let groups = nesting::groups(cx, &bodies);
    let mut structs: Vec<Option<Layout>> = bodies.iter().map(|_| None).collect();
    let mut open = vec![false; bodies.len()];
    let mut bodies: Vec<Option<Body<'_>>> = bodies.into_iter().map(Some).collect();
    for group in groups {
        if group.nesting.is_some() && !nesting::outline(cx, &bodies, &group, (&mut structs, enums, &open)) {
            continue;
        }
        let mut sound = true;
        for &index in &group.members {
            let Some(mut body) = bodies[index].take() else { continue };
            let parts = Parts { enums, structs: &structs, open: &open };
            if !measured(cx, &mut body, parts) {
                sound = false;
                continue;
            }
            let size = sizes::bound_struct(cx, &mut body, parts);
            let goes_on = body.lines.iter().any(|line| regions::is_open(line, parts) || line.since.is_some());
            if goes_on && group.nesting.is_some() {
                nesting::goes_on(cx, &body);
                sound = false;
                continue;
            }
            structs[index] = Some(body.finish(cx, size, &structs, group.nesting));
            open[index] = goes_on;
        }
        // What is but an outline must not be taken for the whole.
        for index in group.members.into_iter().filter(|_| !sound) {
            structs[index] = None;
        }
    }
    (structs, open)
}

/// Sets the own sizes of all lines and checks the lengths. Says whether the layout is sound.
fn measured(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) -> bool {
    let whole = |ty: &Type| match ty {
        Type::Enum(index) => parts.enums[*index].is_some(),
        ty => nesting::part(ty).is_none_or(|index| parts.structs[index].is_some()),
    };
    let pointed = |line: &Line<'_>| matches!(line.role, Role::Pointed(_));
    if !body.sound || !body.lines.iter().all(|line| pointed(line) || whole(&line.ty)) {
        return false;
    }
    formulas::check(cx, body, parts);
    via::check_readers(cx, body);
    versions::check(cx, body, parts);
    sizes::own(&mut body.lines, parts);
    for at in 0..body.lines.len() {
        body.sound &= fillers::check(cx, &body.lines, at);
    }
    headers::check(cx, body, parts.structs);
    endings::check(cx, body, parts);
    regions::elements(cx, body, parts);
    // The arms of a union do not stand behind each other.
    if body.choice.is_none() {
        regions::check(cx, body, parts);
    }
    body.sound
}

/// Checks a message, infers its framing, and bounds it.
fn message(cx: &mut Context<'_>, mut body: Body<'_>, parts: Parts<'_>) -> Option<Message> {
    if let Some(depth) = &body.draft.depth {
        cx.report(nesting::never_nested(&body, depth.origin));
    }
    if let Some(max) = &body.draft.max {
        cx.report(
            Diagnostic::new(Code::BadAttribute, max.origin, "`max` behind a message")
                .why("a message is a frame, and all frames have one limit")
                .help("write `limit frame 64K`, or bound the fields of the message"),
        );
    }
    if !measured(cx, &mut body, parts) {
        return None;
    }
    let mut framing = framing::infer(cx, &body, parts)?;
    let size = sizes::bound_message(cx, &mut body, &framing, parts);
    framing::bound(&mut framing, &body.lines);
    let from = match &body.draft.kind {
        LayoutKind::Message { from } => from.as_ref().map(|from| from.value),
        LayoutKind::Struct | LayoutKind::Union { .. } => None,
    };
    let frame_bytes_max = match framing {
        // Its limit counts what stands in front of a frame, too.
        Framing::Outer(_) => sizes::limit(cx, &body.lines, &framing),
        _ => size.most.unwrap_or(size.least),
    };
    Some(Message {
        layout: body.finish(cx, size, parts.structs, None),
        from,
        framing,
        frame_bytes_max,
        streams: None,
        recover: Vec::new(),
    })
}

/// Who sends the message of this index; both if none.
pub(super) fn sender(draft: &Draft, index: usize) -> Option<Side> {
    let kinds = draft.layouts.iter().filter_map(|layout| match &layout.kind {
        LayoutKind::Message { from } => Some(from.as_ref().map(|from| from.value)),
        LayoutKind::Struct | LayoutKind::Union { .. } => None,
    });
    kinds.into_iter().nth(index).flatten()
}

/// The index of a message.
pub(super) fn message_named(cx: &mut Context<'_>, name: &Name) -> Option<usize> {
    if let Some(names::Item::Message(index)) = cx.names.item(&name.text) {
        return Some(index);
    }
    let known: Vec<&str> = cx.names.types(|item| matches!(item, names::Item::Message(_))).collect();
    let help = suggest::help(&name.text, known);
    cx.report(Diagnostic::new(Code::UnknownName, name.origin, format!("no message `{}`", name.text)).help(help));
    None
}
