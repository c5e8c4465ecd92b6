//! `stream`: which fields can be handed out in parts, and why others cannot.

use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{AttrKind, Draft};
use crate::ir::headers::length_header;
use crate::ir::stream::{Body, chunks};
use crate::ir::{
    By, Bytes, Content, Equation, Extent, Field, Formula, Framing, Function, Layout, Measure, Message, Role, Schema,
    Size, Stream, Type, Via,
};

/// The longest key that is kept from part to part.
const KEY_BYTES_MAX: u64 = 16;

/// Why a field cannot be handed out in parts, and what to type.
type Refusal = (&'static str, &'static str);

/// Sets which field of each message is handed out in parts, and refuses those that cannot be.
pub(super) fn resolve(cx: &mut Context<'_>, schema: &mut Schema) {
    let mut found: Vec<Option<Stream>> = Vec::new();
    for index in 0..schema.messages.len() {
        let message = &schema.messages[index];
        let mut streams = message.layout.fields.iter().enumerate().filter(|(_, field)| field.stream);
        let Some((at, _)) = streams.next() else {
            found.push(None);
            continue;
        };
        if let Some((second, _)) = streams.next() {
            let why = ("a second one would begin where the first ends, and a message has one head", TAKE_OUT);
            report(cx, &message.layout, second, why);
        }
        match stream(cx, schema, index, at) {
            Ok(stream) => found.push(Some(stream)),
            Err(refusal) => {
                report(cx, &message.layout, at, refusal);
                found.push(None);
            }
        }
    }
    for (message, stream) in schema.messages.iter_mut().zip(found) {
        message.streams = stream;
    }
    for layout in &schema.structs {
        for (at, _) in layout.fields.iter().enumerate().filter(|(_, field)| field.stream) {
            let why = "a message is handed out in parts, and this is a part of one";
            report(cx, layout, at, (why, "make it a field of the message, or take `stream` out"));
        }
    }
}

const TAKE_OUT: &str = "take `stream` out: it is held whole then, up to `limit frame`";

/// The stream of a message, or why it cannot be one.
fn stream(cx: &Context<'_>, schema: &Schema, index: usize, at: usize) -> Result<Stream, Refusal> {
    let message = &schema.messages[index];
    let (layout, field) = (&message.layout, &message.layout.fields[at]);
    match message.framing {
        Framing::Outer(_) => return Err(("the envelope around it is undone as a whole", TAKE_OUT)),
        Framing::Datagram { .. } => return Err(("a datagram arrives whole", TAKE_OUT)),
        Framing::Until { .. } => return Err((SEARCHED, SAY_SIZE)),
        Framing::Fixed { .. } | Framing::Prefix { .. } | Framing::Walk => {}
    }
    let body = body(schema, layout, field)?;
    if field.is_optional() {
        return Err(("it may be absent, and a head says how much data follows", "let its size be 0 instead"));
    }
    let of_stream = |formula: &Formula| formula.term.fields().contains(&at);
    let formulas = |field: &Field| field.condition.iter().chain(&field.rules).chain(&field.args).any(of_stream);
    if layout.fields.iter().any(formulas) {
        return Err((
            "a `where` asks for it, and it is never there as a whole",
            "ask for its size, or check it as it comes",
        ));
    }
    if !matches!(body, Body::Sized | Body::UntilEnd) && message.framing != Framing::Walk {
        return Err((
            "a number in front says its size, and chunks are for data whose size nobody knows",
            "let each chunk say its own size",
        ));
    }
    around(message, at)?;
    let head = (message.framing != Framing::Walk).then(|| head(layout, at));
    let taken = |end: &str| cx.draft.layouts.iter().any(|other| other.name.text == format!("{}{end}", layout.name));
    if taken("Head") || taken("Part") {
        return Err((
            "a type of yours has the name of one that its parts need",
            "rename that: `…Head` and `…Part` are taken",
        ));
    }
    let len = format!("{}_len", field.name);
    if layout.fields[..at].iter().any(|other| other.name == len && other.role == Role::Value) {
        return Err(("a field of yours has the name of one that its head needs", "rename that: `…_len` is its size"));
    }
    if schema.session.is_some() {
        return Err(("a session takes its messages whole: the state changes with each of them", TAKE_OUT));
    }
    Ok(Stream { field: at, body, head })
}

const SEARCHED: &str = "its end is searched for, and what looks like it may go on in the next part";
const SAY_SIZE: &str = "say its size in front: `size: u32 = size(data)`, `data: bytes[size] stream`";

/// Whether headers choose what a field is: then it is handed them.
fn is_match(schema: &Schema, field: &Field) -> bool {
    let Type::Struct(index) = field.ty else { return false };
    schema.structs[index].choice.as_ref().is_some_and(|choice| matches!(choice.by, By::Header { .. }))
}

/// How the end of a stream is found.
fn body(schema: &Schema, layout: &Layout, field: &Field) -> Result<Body, Refusal> {
    const CHUNKS: &str =
        "chunks are `Chunk until where it.size == 0`, where a chunk is bytes, their size and constants";
    match &field.ty {
        Type::Bytes(bytes) => sized(layout, bytes),
        Type::List { max: Some(_), .. } => {
            let why = "what a sender cuts its data into is nobody's business, and so there is no count to bound";
            Err((why, "take `max` out: `limit frame` bounds all of it"))
        }
        ty @ Type::List { .. } => {
            let part = chunks(schema, ty).ok_or(("it is a list of something else than chunks of bytes", CHUNKS))?;
            Ok(Body::Chunks { part })
        }
        Type::Struct(index) => {
            let union = &schema.structs[*index];
            let mut either: (Option<(usize, usize)>, bool) = (None, false);
            for (at, arm) in union.fields.iter().enumerate() {
                match chunks(schema, &arm.ty) {
                    Some(part) if either.0.is_none() => either.0 = Some((at, part)),
                    None if !either.1 && length_header(&arm.ty).is_some() && arm.rules.is_empty() => either.1 = true,
                    _ => {
                        let why = "an arm of it is neither chunks of bytes nor bytes whose length a header says";
                        return Err((why, CHUNKS));
                    }
                }
            }
            match either {
                (Some((arm, part)), true) if is_match(schema, field) => Ok(Body::Either { union: *index, arm, part }),
                _ => Err(("what it is, is chosen by a field", "let a header choose: `match headers[\"…\"] { … }`")),
            }
        }
        _ => Err(("only bytes are handed out in parts", TAKE_OUT)),
    }
}

fn sized(layout: &Layout, bytes: &Bytes) -> Result<Body, Refusal> {
    if bytes.content != Content::Bytes || bytes.trim.is_some() || bytes.pad.is_some() || bytes.within.is_some() {
        return Err((
            "what is trimmed, filled up or bound is known at its end",
            "take these out, and do them in the handler",
        ));
    }
    match bytes.via {
        Some(Via::Base64 | Via::Hex) => {
            let why = "several characters stand for one byte: how much data there is would be known at its end";
            return Err((why, "send the bytes as they are, or decode the text in the handler"));
        }
        Some(Via::Extern(_)) => {
            let why = "a transform of Rust is handed all that it undoes at once, and the data is never there at once";
            return Err((why, "undo it in the handler, part by part"));
        }
        Some(Via::Xor { key }) => {
            let most = match &layout.fields[key].ty {
                Type::Bytes(Bytes { extent: Extent::Fixed(bytes), .. }) => *bytes,
                Type::Bytes(Bytes { max, .. }) => max.unwrap_or(u64::MAX),
                _ => 0,
            };
            if most > KEY_BYTES_MAX {
                let why = "its key is kept from part to part, and may have more than 16 bytes";
                return Err((why, "bound the key: `bytes[4]`, or `max 16`"));
            }
        }
        None => {}
    }
    match bytes.extent {
        Extent::Until(_) => Err((SEARCHED, SAY_SIZE)),
        Extent::Formula { .. } => {
            Err(("its size is worked out of several numbers, and a head says it as one", SAY_SIZE))
        }
        Extent::Where(_) | Extent::Lines => Err(("only bytes are handed out in parts", TAKE_OUT)),
        Extent::Rest { until_end: true, .. } => Ok(Body::UntilEnd),
        Extent::Fixed(_) | Extent::Field(_) | Extent::Prefix(_) | Extent::Header(_) | Extent::Rest { .. } => {
            Ok(Body::Sized)
        }
    }
}

/// What stands in front of a stream and behind it.
fn around(message: &Message, at: usize) -> Result<(), Refusal> {
    let layout = &message.layout;
    let is_chunked = !matches!(layout.fields[at].ty, Type::Bytes(_));
    let mut checksum = None;
    for (behind, field) in layout.fields.iter().enumerate().skip(at + 1) {
        let constant = matches!(field.role, Role::Constant(_)) && field.bits.is_none() && field.condition.is_none();
        match field.role {
            _ if constant => {}
            Role::Checksum(_) if checksum.is_none() && !is_chunked => checksum = Some(behind),
            Role::Checksum(_) => return Err(("more than one checksum would count along", "keep one of them")),
            _ => {
                let why = "a value stands behind it, of which nobody is told before the end";
                return Err((why, "move it in front of the data: only constants and a checksum may follow"));
            }
        }
    }
    for (number, field) in layout.fields.iter().enumerate() {
        if number != at && layout.is_transformed(number) {
            let why = "another field is transformed, and a head is read as it stands on the wire";
            return Err((why, "take its `via` out, and undo it in the handler"));
        }
        if let Role::Checksum(sum) = field.role {
            if sum.covers(at) && matches!(sum.function, Function::Extern { .. }) {
                let why = "a function of Rust takes all that it covers at once, and the data is never there at once";
                return Err((why, "take a checksum of the language, or hold the data whole: take `stream` out"));
            }
            if sum.covers(at) && number < at {
                let why = "a checksum in front covers it: its sender would have to have seen all of it";
                return Err((why, "move the checksum behind the data"));
            }
            if number > at && (!sum.covers(at) || sum.covers(number) || sum.last > number) {
                let why = "the checksum behind it covers something else than what stands in front of it";
                return Err((why, "let it cover the data: `crc: u32 = crc32(data)`"));
            }
            let place = |field: &Field| field.size.fixed().is_some();
            let prefixed = match &layout.fields[at].ty {
                Type::Bytes(Bytes { extent: Extent::Prefix(int), .. }) => int.size().fixed().is_none(),
                _ => false,
            };
            if number > at && (!layout.fields[..sum.first].iter().all(place) || sum.first == at && prefixed) {
                let why = "the checksum behind it covers what begins at no fixed place of the head";
                return Err((why, "let it cover the data alone, or all of the message in front of it"));
            }
        }
        let is_size = match field.role {
            Role::Computed(Equation { measure: Measure::Bytes { first, last }, .. }) => {
                let wide = (first, last) != (at, at) && (first..=last).contains(&at);
                !(wide && message.framing == Framing::Walk)
            }
            _ => true,
        };
        if !is_size {
            let why = "a number measures it together with fields of other sizes";
            return Err((why, "let the number measure the data alone: `size(data)`"));
        }
        if field.since.is_some() || field.role == Role::Extension {
            return Err(("newer versions add fields behind it", "take `since` and `extensible` out"));
        }
    }
    Ok(())
}

/// The fields in front, as a walk goes over them: a number that measures more than these measures nothing of them.
fn head(layout: &Layout, at: usize) -> Layout {
    let mut head = Layout { fields: layout.fields[..at].to_vec(), until_end: false, ..layout.clone() };
    for field in &mut head.fields {
        if let Role::Computed(Equation { measure: Measure::Bytes { last, .. }, .. }) = field.role
            && last >= at
        {
            field.role = Role::Value;
        }
    }
    let sum = |total: u64, bytes: u64| total.saturating_add(bytes);
    let least = head.fields.iter().map(|field| field.size.least).fold(0, sum);
    let most = head.fields.iter().map(|field| field.size.most).try_fold(0, |total, most| Some(sum(total, most?)));
    head.size = Size { least, most };
    head
}

fn report(cx: &mut Context<'_>, layout: &Layout, at: usize, (why, help): Refusal) {
    let draft: &Draft = cx.draft;
    let Some(layout) = draft.layouts.iter().find(|draft| draft.name.text == layout.name) else { return };
    let field = &layout.fields[at];
    let said = field.attrs.iter().find(|attr| matches!(attr.kind, AttrKind::Stream));
    let origin = said.map_or(field.origin, |attr| attr.origin);
    let name = spell::name(field);
    cx.report(
        Diagnostic::new(Code::CannotStream, origin, format!("`{name}` cannot be handed out in parts"))
            .why(why)
            .help(help),
    );
}
