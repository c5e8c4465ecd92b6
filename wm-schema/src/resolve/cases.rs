//! The `test` blocks: which message the bytes are of, and values with the types of its fields.

use super::envelope::Written;
use super::names;
use super::{Context, spell, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{CaseDraft, Draft, ExpectDraft, LayoutKind, Literal, Name, Origin, Side, ValueDraft, ValueKind};
use crate::ir::{
    Bytes, Case, Content, Enum, Envelope, Expect, Extent, Field, Int, JsonBody, JsonType, Layout, Message, Role, Test,
    Type, Value,
};

/// What values are typed by. What is none is reported already, and its values are passed over.
pub(super) struct Known<'k> {
    pub(super) enums: &'k [Option<Enum>],
    pub(super) json_bodies: &'k [JsonBody],
    pub(super) structs: &'k [Option<Layout>],
    pub(super) messages: &'k [Option<Message>],
}

/// All tests.
pub(super) fn resolve(cx: &mut Context<'_>, known: &Known<'_>) -> Vec<Test> {
    let draft: &Draft = cx.draft;
    let test = |test: &crate::draft::TestDraft, cx: &mut Context<'_>| Test {
        name: test.name.value.clone(),
        cases: test.cases.iter().filter_map(|draft| case(cx, known, draft)).collect(),
    };
    draft.tests.iter().map(|draft| test(draft, cx)).collect()
}

fn case(cx: &mut Context<'_>, known: &Known<'_>, draft: &CaseDraft) -> Option<Case> {
    let (message, expect) = match &draft.expect {
        ExpectDraft::Equals(value) => {
            let (message, value) = whole(cx, known, draft, value)?;
            (Some(message), Expect::Equals(value))
        }
        ExpectDraft::Decodes(value) => {
            let (message, value) = whole(cx, known, draft, value)?;
            (Some(message), Expect::Decodes(value))
        }
        ExpectDraft::Rejects(field) => {
            let messages = by_side(cx, draft)?;
            (only(&messages), Expect::Rejects(rejected(cx, known, &messages, field)?))
        }
        ExpectDraft::Needs(count) if cx.envelope.as_ref().is_some_and(Written::is_datagram) => {
            bad(
                cx,
                count.origin,
                "a datagram needs nothing",
                "it has arrived whole: what is missing in it is a mistake",
                "write `rejects` and the name of the field that is missing",
            );
            return None;
        }
        ExpectDraft::Needs(count) => {
            let messages = by_side(cx, draft)?;
            if count.value == 0 {
                bad(
                    cx,
                    count.origin,
                    "0 bytes are missing",
                    "`needs` says that the frame is not complete",
                    "write `needs 1`",
                );
                return None;
            }
            (only(&messages), Expect::Needs(u64::try_from(count.value).unwrap_or(u64::MAX)))
        }
    };
    let from = sender(cx, known, draft, message)?;
    let (bytes, line) = (draft.bytes.value.clone(), cx.draft.line(draft.bytes.origin));
    Some(Case { message, from, bytes, expect, line })
}

fn bad(cx: &mut Context<'_>, at: Origin, label: impl Into<String>, why: impl Into<String>, help: impl Into<String>) {
    cx.report(Diagnostic::new(Code::BadTest, at, label).why(why).help(help));
}

/// The message that a whole value names, and the value.
fn whole(cx: &mut Context<'_>, known: &Known<'_>, draft: &CaseDraft, value: &ValueDraft) -> Option<(usize, Value)> {
    let ValueKind::Struct(name, fields) = &value.kind else {
        let help = "write `== Line { text: \"x\" }`, with the name of the message";
        bad(cx, value.origin, "a whole message belongs here", "bytes decode to a message", help);
        return None;
    };
    let index = super::schema::message_named(cx, name)?;
    let message = known.messages.get(index)?.as_ref()?;
    if let (Some(side), Some(from)) = (&draft.side, message.from)
        && side.value != from
    {
        let who = word(from);
        bad(
            cx,
            side.origin,
            format!("`{}` comes from the {who}", name.text),
            "the word in front of the bytes says who sends them",
            format!("write `{who}`, or leave it out"),
        );
        return None;
    }
    Some((index, layout(cx, known, &message.layout, name, fields)?))
}

/// Who sends the bytes: said by the case or by the message, or all the same.
fn sender(cx: &mut Context<'_>, known: &Known<'_>, draft: &CaseDraft, message: Option<usize>) -> Option<Side> {
    let said = draft.side.as_ref().map(|side| side.value);
    let Some(message) = message else { return Some(said.or_else(|| only_sender(cx.draft)).unwrap_or(Side::Client)) };
    let message = known.messages.get(message)?.as_ref()?;
    let said = said.or(message.from);
    if said.is_none() && message.is_sided() {
        bad(
            cx,
            draft.bytes.origin,
            "who sends these bytes?",
            format!("`{}` says on the wire which side has sent it", message.layout.name),
            "write `client` or `server` in front of them",
        );
        return None;
    }
    Some(said.unwrap_or(Side::Client))
}

fn word(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

/// Who sends each message, in the order of the schema; both if none.
fn senders(draft: &Draft) -> impl Iterator<Item = Option<Side>> {
    draft.layouts.iter().filter_map(|layout| match &layout.kind {
        LayoutKind::Message { from } => Some(from.as_ref().map(|from| from.value)),
        LayoutKind::Struct | LayoutKind::Union { .. } => None,
    })
}

/// The side that sends all messages, if there is one.
fn only_sender(draft: &Draft) -> Option<Side> {
    let first = senders(draft).next()??;
    senders(draft).all(|from| from == Some(first)).then_some(first)
}

fn only(messages: &[usize]) -> Option<usize> {
    if let [message] = messages { Some(*message) } else { None }
}

/// The messages that a case which names none may be of: those that its side sends, or all that the schema has.
fn by_side(cx: &mut Context<'_>, draft: &CaseDraft) -> Option<Vec<usize>> {
    let side = draft.side.as_ref().map(|side| side.value);
    let fits = |from: Option<Side>| from.is_none() || side.is_none() || from == side;
    let fitting: Vec<usize> =
        senders(cx.draft).enumerate().filter(|(_, from)| fits(*from)).map(|(index, _)| index).collect();
    let alike = senders(cx.draft).all(|from| from.is_none()) || only_sender(cx.draft).is_some();
    match (fitting.is_empty(), side) {
        (true, Some(side)) => bad(
            cx,
            draft.bytes.origin,
            format!("the {} sends nothing", word(side)),
            "no message comes from this side",
            "name the other side",
        ),
        (false, None) if !alike => bad(
            cx,
            draft.bytes.origin,
            "who sends these bytes?",
            "each side sends messages of its own",
            "write `client` or `server` in front of them",
        ),
        (true, None) => {}
        (false, _) => return Some(fitting),
    }
    None
}

/// The field that an error must name: one of the messages, or of a struct within them. Bytes that start none of several
/// messages are an error of their side.
fn rejected(cx: &mut Context<'_>, known: &Known<'_>, messages: &[usize], name: &Name) -> Option<String> {
    let layouts = messages.iter().map(|index| known.messages.get(*index)?.as_ref().map(|message| &message.layout));
    let layouts: Vec<&Layout> = layouts.collect::<Option<_>>()?;
    let mut names: Vec<&str> = layouts.iter().flat_map(|layout| names_within(layout, known)).collect();
    if layouts.len() > 1 || !cx.draft.sessions.is_empty() {
        names.extend(["client", "server"]);
    }
    names.extend(cx.envelope.as_ref().map(|_| Envelope::NAME));
    if names.contains(&name.text.as_str()) {
        return Some(name.text.clone());
    }
    let help = suggest::help(&name.text, names);
    let of: Vec<String> = layouts.iter().map(|layout| format!("`{}`", layout.name)).collect();
    bad(
        cx,
        name.origin,
        format!("no field `{}` in {}", name.text, of.join(" or ")),
        "an error names the field that could not be read",
        help,
    );
    None
}

/// The names of all fields of a layout and of the structs within it, each struct once.
fn names_within<'k>(layout: &'k Layout, known: &Known<'k>) -> Vec<&'k str> {
    let mut names = Vec::new();
    let mut seen = vec![false; known.structs.len()];
    let mut open = vec![layout];
    while let Some(layout) = open.pop() {
        names.extend(layout.choice.as_ref().map(|_| "tag"));
        for field in &layout.fields {
            names.push(field.name.as_str());
            let inner = match &field.ty {
                Type::List { element, .. } => element,
                ty => ty,
            };
            if let Type::Struct(index) = inner
                && !std::mem::replace(&mut seen[*index], true)
            {
                open.extend(&known.structs[*index]);
            }
        }
    }
    names
}

/// The values of the fields that a user sets, in the order of the layout.
fn layout(
    cx: &mut Context<'_>,
    known: &Known<'_>,
    layout: &Layout,
    name: &Name,
    given: &[(Name, ValueDraft)],
) -> Option<Value> {
    names::distinct(cx, given.iter().map(|(name, _)| name));
    let set = |field: &&Field| field.role == Role::Value;
    let mut whole = true;
    for (given, _) in given {
        match layout.fields.iter().find(|field| field.name == given.text) {
            Some(field) if set(&field) => continue,
            Some(field) => {
                let how = match field.role {
                    Role::Computed(_) | Role::Checksum(_) => "computed",
                    Role::Extension => "skipped",
                    Role::Pointed(_) => "at another place",
                    _ => "a constant",
                };
                let why = "what nobody sets is no field of the message";
                bad(cx, given.origin, format!("`{}` is {how}", given.text), why, "take it out");
            }
            None => {
                let known: Vec<&str> = layout.fields.iter().filter(set).map(|field| field.name.as_str()).collect();
                let help = suggest::help(&given.text, known);
                let label = format!("no field `{}` in `{}`", given.text, layout.name);
                cx.report(Diagnostic::new(Code::BadTest, given.origin, label).help(help));
            }
        }
        whole = false;
    }
    let mut missing = Vec::new();
    let mut values = Vec::new();
    for field in layout.fields.iter().filter(set) {
        match given.iter().find(|(given, _)| given.text == field.name) {
            Some((_, draft)) => {
                let found = value(cx, known, &field.ty, &field.name, draft);
                values.push(match field.is_optional() {
                    true => found.map(|found| Value::Option(Some(Box::new(found)))),
                    false => found,
                });
            }
            // What may be absent is absent if nothing is said of it.
            None if field.is_optional() => values.push(Some(Value::Option(None))),
            None => missing.push(format!("`{}`", field.name)),
        }
    }
    if !missing.is_empty() {
        let label = format!("{} not given", missing.join(", "));
        bad(cx, name.origin, label, "a message is compared whole", "give each field a value");
        return None;
    }
    values.into_iter().collect::<Option<Vec<Value>>>().filter(|_| whole).map(Value::Struct)
}

/// A value of a type.
fn value(cx: &mut Context<'_>, known: &Known<'_>, ty: &Type, name: &str, draft: &ValueDraft) -> Option<Value> {
    match ty {
        Type::Int(Int::Flag, _) => flag(cx, name, draft),
        Type::Int(int, range) => {
            let (least, most) = range.unwrap_or_else(|| int.range());
            number(cx, name, draft, least, most).map(Value::Int)
        }
        Type::Float { .. } => match literal(cx, draft)? {
            #[expect(clippy::cast_precision_loss, reason = "a float in a test is written as a whole number")]
            Some(Literal::Int(number)) => Some(Value::Float(number as f64)),
            _ => mismatch(cx, name, "a number", draft),
        },
        Type::Enum(index) => variant(cx, known.enums[*index].as_ref()?, name, draft),
        Type::Bytes(bytes) => content(cx, known, bytes, name, draft),
        Type::Struct(index) => {
            let inner = known.structs[*index].as_ref()?;
            if inner.choice.is_some() {
                return arm(cx, known, inner, name, draft);
            }
            match &draft.kind {
                ValueKind::Struct(given, fields) if given.text == inner.name => layout(cx, known, inner, given, fields),
                _ => mismatch(cx, name, &format!("`{} {{ … }}`", inner.name), draft),
            }
        }
        Type::List { element, count, max } => {
            let ValueKind::List(items) = &draft.kind else { return mismatch(cx, name, "a list: `[…]`", draft) };
            let length = items.len() as u64;
            let wanted = match (count, max) {
                (Extent::Fixed(count), _) if length != *count => Some(spell::count(*count, "element")),
                (_, Some(max)) if length > *max => Some(format!("at most {}", spell::count(*max, "element"))),
                _ => None,
            };
            if let Some(wanted) = wanted {
                return mismatch(cx, name, &format!("{wanted}, not {length}"), draft);
            }
            let items: Vec<Option<Value>> = items.iter().map(|item| value(cx, known, element, name, item)).collect();
            items.into_iter().collect::<Option<_>>().map(Value::List)
        }
        Type::Constant(_) | Type::Filler(_) => None,
    }
}

/// `true` or `false`.
fn flag(cx: &mut Context<'_>, name: &str, draft: &ValueDraft) -> Option<Value> {
    match &draft.kind {
        ValueKind::Variant(None, Name { text, .. }) if text == "true" => Some(Value::Int(1)),
        ValueKind::Variant(None, Name { text, .. }) if text == "false" => Some(Value::Int(0)),
        _ => mismatch(cx, name, "`true` or `false`", draft),
    }
}

/// The value of a union: the name of an arm, and the fields of its struct.
fn arm(cx: &mut Context<'_>, known: &Known<'_>, union: &Layout, name: &str, draft: &ValueDraft) -> Option<Value> {
    if let ValueKind::Chosen(given, inner) = &draft.kind {
        let Some(index) = union.fields.iter().position(|arm| arm.name == given.text) else {
            let help = suggest::help(&given.text, union.fields.iter().map(|arm| arm.name.as_str()));
            bad(
                cx,
                given.origin,
                format!("`{name}` has no arm `{}`", given.text),
                "a value has the type of its field",
                help,
            );
            return None;
        };
        let found = value(cx, known, &union.fields[index].ty, &given.text, inner)?;
        return Some(Value::Arm(index, Box::new(found)));
    }
    let given = match &draft.kind {
        ValueKind::Struct(given, _) => Some(given.text.as_str()),
        _ => None,
    };
    // Bytes or a list are told by what they are, where one arm alone is like that.
    let alike = |ty: &Type| match &draft.kind {
        ValueKind::Literal(Literal::Bytes(_)) => matches!(ty, Type::Bytes(_)),
        ValueKind::List(_) => matches!(ty, Type::List { .. }),
        _ => false,
    };
    let mut arms = union.fields.iter().enumerate().filter(|(_, arm)| alike(&arm.ty));
    if let (Some((index, arm)), None) = (arms.next(), arms.next()) {
        return Some(Value::Arm(index, Box::new(value(cx, known, &arm.ty, name, draft)?)));
    }
    let found = union.fields.iter().position(|field| given == Some(field.name.as_str()));
    let part = found.and_then(|found| match &union.fields[found].ty {
        Type::Struct(part) => Some((found, *part)),
        _ => None,
    });
    // What is no struct can only be an arm that is none, if there is but one of that kind.
    let plain = union.fields.iter().enumerate().filter(|(_, field)| !matches!(field.ty, Type::Struct(_)));
    if let (None, [(index, field)]) = (given, plain.collect::<Vec<_>>().as_slice()) {
        let found = value(cx, known, &field.ty, name, draft)?;
        return Some(Value::Arm(*index, Box::new(found)));
    }
    let (Some((index, part)), ValueKind::Struct(given, fields)) = (part, &draft.kind) else {
        let arms = union.fields.iter().map(|arm| match arm.ty {
            Type::Struct(_) => format!("`{} {{ … }}`", arm.name),
            _ => format!("`{}(…)`", arm.name),
        });
        return mismatch(cx, name, &arms.collect::<Vec<_>>().join(" or "), draft);
    };
    let value = layout(cx, known, known.structs[part].as_ref()?, given, fields)?;
    Some(Value::Arm(index, Box::new(value)))
}

/// A value of the wrong kind.
fn mismatch(cx: &mut Context<'_>, name: &str, wanted: &str, draft: &ValueDraft) -> Option<Value> {
    let help = format!("give it {wanted}");
    bad(cx, draft.origin, format!("`{name}` takes {wanted}"), "a value has the type of its field", help);
    None
}

/// The literal of a value, constants looked up; the inner option is none if it is something else.
fn literal(cx: &mut Context<'_>, draft: &ValueDraft) -> Option<Option<Literal>> {
    match &draft.kind {
        ValueKind::Literal(literal) => names::literal(cx, literal, draft.origin).map(Some),
        ValueKind::Variant(None, name) => Some(cx.names.constant(&name.text)),
        _ => Some(None),
    }
}

fn number(cx: &mut Context<'_>, name: &str, draft: &ValueDraft, least: i128, most: i128) -> Option<i128> {
    match literal(cx, draft)? {
        Some(Literal::Int(number)) if (least..=most).contains(&number) => Some(number),
        _ => {
            mismatch(cx, name, &format!("a number from {least} to {most}"), draft);
            None
        }
    }
}

fn variant(cx: &mut Context<'_>, ty: &Enum, name: &str, draft: &ValueDraft) -> Option<Value> {
    if let ValueKind::Chosen(given, inner) = &draft.kind
        && let Some(found) = ty.variants.iter().find(|variant| variant.name == given.text)
    {
        return number(cx, &given.text, inner, found.least.into(), found.most.into()).map(Value::Int);
    }
    let named = match &draft.kind {
        ValueKind::Variant(of, variant) if of.as_ref().is_none_or(|of| of.text == ty.name) => Some(&variant.text),
        ValueKind::Literal(Literal::Const(variant)) => Some(variant),
        ValueKind::Literal(Literal::Int(number)) => {
            let within =
                ty.variants.iter().any(|variant| (variant.least.into()..=variant.most.into()).contains(number));
            let open = ty.open && (0..=ty.repr.range().1).contains(number);
            if within || open {
                return Some(Value::Int(*number));
            }
            None
        }
        _ => None,
    };
    let found = named.and_then(|named| ty.variants.iter().find(|variant| variant.name == *named));
    if let Some(found) = found {
        if found.least == found.most {
            return Some(Value::Int(found.least.into()));
        }
        let wanted =
            format!("a number of its range, {} to {}: `{}({})`", found.least, found.most, found.name, found.least);
        return mismatch(cx, name, &wanted, draft);
    }
    let variants = ty.variants.iter().map(|variant| variant.name.as_str());
    let help = suggest::help(named.map_or("", String::as_str), variants);
    bad(
        cx,
        draft.origin,
        format!("`{name}` takes a variant of `{}`", ty.name),
        "a value has the type of its field",
        help,
    );
    None
}

/// Bytes, text or JSON.
fn content(cx: &mut Context<'_>, known: &Known<'_>, ty: &Bytes, name: &str, draft: &ValueDraft) -> Option<Value> {
    if let Content::JsonBody(index) = ty.content {
        return json_body(cx, known, &known.json_bodies[index], name, draft);
    }
    if ty.content == Content::Headers {
        return header_lines(cx, name, draft);
    }
    if let Content::Word(index) = ty.content {
        return word_of(cx, index, name, draft);
    }
    let Some(Literal::Bytes(bytes)) = literal(cx, draft)? else {
        return mismatch(cx, name, "a string or `hex \"…\"`", draft);
    };
    let valid = match ty.content {
        Content::Bytes | Content::Word(_) | Content::Headers | Content::JsonBody(_) => true,
        Content::Ascii => bytes.is_ascii(),
        Content::Str | Content::Json => std::str::from_utf8(&bytes).is_ok(),
    };
    if !valid {
        return mismatch(cx, name, if ty.content == Content::Ascii { "ASCII" } else { "UTF-8" }, draft);
    }
    let length = bytes.len() as u64;
    match ty.extent {
        Extent::Fixed(fixed) if fixed != length && ty.pad.is_none() => {
            mismatch(cx, name, &format!("exactly {}, not {length}", spell::count(fixed, "byte")), draft)
        }
        _ if ty.max.is_some_and(|max| length > max) => {
            mismatch(cx, name, &format!("at most {}", spell::count(ty.max.unwrap_or(0), "byte")), draft)
        }
        _ => Some(Value::Bytes(bytes)),
    }
}

/// `["Host: example.org"]`: a name and a value on each line.
fn header_lines(cx: &mut Context<'_>, name: &str, draft: &ValueDraft) -> Option<Value> {
    let wanted = "a list of lines: `[\"Host: example.org\"]`";
    let ValueKind::List(items) = &draft.kind else { return mismatch(cx, name, wanted, draft) };
    let mut lines = Vec::new();
    for item in items {
        let Some(Literal::Bytes(bytes)) = literal(cx, item)? else { return mismatch(cx, name, wanted, item) };
        let Some((name, value)) = std::str::from_utf8(&bytes).ok().and_then(|text| text.split_once(':')) else {
            return mismatch(cx, name, wanted, item);
        };
        let part = |text: &str| Value::Bytes(text.as_bytes().to_vec());
        lines.push(Value::Struct(vec![part(name), part(value.trim_matches([' ', '\t']))]));
    }
    Some(Value::List(lines))
}

/// A variant of an enum of words, or a word that has none.
fn word_of(cx: &mut Context<'_>, index: usize, name: &str, draft: &ValueDraft) -> Option<Value> {
    let words = cx.words[index].clone()?;
    let named = match &draft.kind {
        ValueKind::Variant(of, variant) if of.as_ref().is_none_or(|of| of.text == words.name) => Some(&variant.text),
        ValueKind::Literal(Literal::Const(variant)) => Some(variant),
        ValueKind::Literal(Literal::Bytes(bytes)) if words.open && words.find(bytes).is_none() => {
            return Some(Value::Bytes(bytes.clone()));
        }
        _ => None,
    };
    if let Some(found) = named.and_then(|named| words.words.iter().find(|word| word.name == *named)) {
        return Some(Value::Bytes(found.text.clone().into_bytes()));
    }
    let help = suggest::help(named.map_or("", String::as_str), words.words.iter().map(|word| word.name.as_str()));
    let other = if words.open { ", or a word that has none" } else { "" };
    let label = format!("`{name}` takes a variant of `{}`{other}", words.name);
    bad(cx, draft.origin, label, "a value has the type of its field", help);
    None
}

fn json_body(
    cx: &mut Context<'_>,
    known: &Known<'_>,
    body: &JsonBody,
    name: &str,
    draft: &ValueDraft,
) -> Option<Value> {
    let given = match &draft.kind {
        ValueKind::Struct(given, members) if given.text == body.name => members,
        _ => return mismatch(cx, name, &format!("`{} {{ … }}`", body.name), draft),
    };
    names::distinct(cx, given.iter().map(|(name, _)| name));
    let mut whole = true;
    for (given, _) in given {
        if body.members.iter().all(|member| member.name != given.text) {
            whole = false;
            let known = body.members.iter().map(|member| member.name.as_str());
            let label = format!("no member `{}` in `{}`", given.text, body.name);
            cx.report(Diagnostic::new(Code::BadTest, given.origin, label).help(suggest::help(&given.text, known)));
        }
    }
    let mut missing = Vec::new();
    let mut values = Vec::new();
    for member in &body.members {
        match given.iter().find(|(given, _)| given.text == member.name) {
            Some((_, draft)) => values.push(json_value(cx, known, member.ty, &member.name, draft)),
            None => missing.push(format!("`{}`", member.name)),
        }
    }
    if !missing.is_empty() {
        let label = format!("{} not given", missing.join(", "));
        bad(cx, draft.origin, label, "a message is compared whole", "give each member a value");
        return None;
    }
    values.into_iter().collect::<Option<Vec<Value>>>().filter(|_| whole).map(Value::Json)
}

fn json_value(cx: &mut Context<'_>, known: &Known<'_>, ty: JsonType, name: &str, draft: &ValueDraft) -> Option<Value> {
    match ty {
        JsonType::Body(index) => json_body(cx, known, &known.json_bodies[index], name, draft),
        JsonType::Bool => match &draft.kind {
            ValueKind::Variant(None, Name { text, .. }) | ValueKind::Literal(Literal::Const(text))
                if text == "true" =>
            {
                Some(Value::Bool(true))
            }
            ValueKind::Variant(None, Name { text, .. }) | ValueKind::Literal(Literal::Const(text))
                if text == "false" =>
            {
                Some(Value::Bool(false))
            }
            _ => mismatch(cx, name, "`true` or `false`", draft),
        },
        JsonType::Int { bits, signed } => {
            let most = if signed { (1i128 << (bits - 1)) - 1 } else { (1i128 << bits) - 1 };
            let least = if signed { -most - 1 } else { 0 };
            number(cx, name, draft, least, most).map(Value::Int)
        }
        JsonType::Float => match literal(cx, draft)? {
            #[expect(clippy::cast_precision_loss, reason = "a float in a test is written as a whole number")]
            Some(Literal::Int(number)) => Some(Value::Float(number as f64)),
            _ => mismatch(cx, name, "a number", draft),
        },
        JsonType::Str | JsonType::Base64 => match literal(cx, draft)? {
            Some(Literal::Bytes(bytes)) if ty == JsonType::Base64 || std::str::from_utf8(&bytes).is_ok() => {
                Some(Value::Bytes(bytes))
            }
            _ => mismatch(cx, name, "a string", draft),
        },
    }
}
