//! `exchange`: which messages answer each other, and what pairs them.

use super::schema::{message_named, sender};
use super::{Context, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, ExchangeDraft, Name};
use crate::ir::{Exchange, Field, Int, Message, Pairing, Role, Side, Type};

/// All exchanges that are sound; `messages` are those of the schema, none where one is not.
pub(super) fn resolve(cx: &mut Context<'_>, messages: &[Option<Message>]) -> Vec<Exchange> {
    let draft: &Draft = cx.draft;
    for (at, exchange) in draft.exchanges.iter().enumerate() {
        agree(cx, exchange, &draft.exchanges[..at]);
    }
    draft.exchanges.iter().filter_map(|exchange| one(cx, exchange, messages)).collect()
}

/// One client pairs all replies in one way, and asks each request in one.
fn agree(cx: &mut Context<'_>, exchange: &ExchangeDraft, before: &[ExchangeDraft]) {
    let request = &exchange.request;
    if let Some(first) = before.iter().find(|first| first.request.text == request.text) {
        cx.report(
            Diagnostic::new(Code::BadExchange, request.origin, format!("`{}` is asked in two ways", request.text))
                .why("which of the two answers it could not be told")
                .help(format!("name all its replies in one line: `exchange {} -> Answer | Refusal …`", request.text))
                .note(first.request.origin, "the first stands here"),
        );
    } else if let Some(first) = before.iter().find(|first| first.by.is_some() != exchange.by.is_some()) {
        let origin = exchange.by.as_ref().map_or(exchange.origin, |by| by.origin);
        cx.report(
            Diagnostic::new(Code::NotYet, origin, "replies in order beside replies by a number")
                .why("a client pairs all that it receives in one way in this version")
                .help("pair all by a number, or all in order")
                .note(first.origin, "the other way stands here"),
        );
    }
}

fn one(cx: &mut Context<'_>, draft: &ExchangeDraft, messages: &[Option<Message>]) -> Option<Exchange> {
    let request = message_named(cx, &draft.request);
    let replies: Vec<Option<usize>> = draft.replies.iter().map(|reply| message_named(cx, reply)).collect();
    let (request, replies) = (request?, replies.into_iter().collect::<Option<Vec<usize>>>()?);
    let from = |index: usize| sender(cx.draft, index);
    if let Some(same) = replies.iter().position(|reply| from(*reply).is_some() && from(*reply) == from(request)) {
        let (reply, request) = (&draft.replies[same], &draft.request);
        cx.report(
            Diagnostic::new(Code::BadExchange, reply.origin, format!("`{}` comes from the same side", reply.text))
                .why(format!("an answer to `{}` comes from the other side", request.text))
                .help(format!("name a message that the {} sends", other_side(from(replies[same])))),
        );
        return None;
    }
    let pairing = match &draft.by {
        Some(by) => Some(pairing(cx, draft, by, messages, request, &replies)?),
        None => None,
    };
    Some(Exchange { request, replies, pairing })
}

fn other_side(side: Option<Side>) -> &'static str {
    if side == Some(Side::Client) { "server" } else { "client" }
}

/// The numbers that the request and all its replies can carry.
fn pairing(
    cx: &mut Context<'_>,
    draft: &ExchangeDraft,
    by: &Name,
    messages: &[Option<Message>],
    request: usize,
    replies: &[usize],
) -> Option<Pairing> {
    let mut ids: Option<(u64, u64)> = None;
    for &index in std::iter::once(&request).chain(replies) {
        let message = messages.get(index)?.as_ref()?;
        let found = id_field(cx, by, message)?;
        match ids {
            // The request's are all used: each reply has to carry them.
            Some(asked) if found.0 > asked.0 || found.1 < asked.1 => {
                let reply = &message.layout.name;
                cx.report(
                    Diagnostic::new(
                        Code::BadExchange,
                        by.origin,
                        format!("`{reply}` cannot repeat every `{}`", by.text),
                    )
                    .why(format!(
                        "`{}` of `{}` is {} to {}, and of `{reply}` {} to {}",
                        by.text, draft.request.text, asked.0, asked.1, found.0, found.1
                    ))
                    .help(format!("give `{}` the same type in both", by.text)),
                );
                return None;
            }
            Some(_) => {}
            None => ids = Some(found),
        }
    }
    Some(Pairing { field: by.text.clone(), ids: ids? })
}

/// The least and the most that the number of a message can be.
fn id_field(cx: &mut Context<'_>, by: &Name, message: &Message) -> Option<(u64, u64)> {
    let (name, fields) = (&message.layout.name, &message.layout.fields);
    let Some(field) = fields.iter().find(|field| field.name == by.text) else {
        let known: Vec<&str> =
            fields.iter().filter(|field| range(field).is_some()).map(|field| field.name.as_str()).collect();
        cx.report(
            Diagnostic::new(Code::UnknownField, by.origin, format!("`{name}` has no field `{}`", by.text))
                .why("the request and its replies carry the number that pairs them")
                .help(suggest::help(&by.text, known)),
        );
        return None;
    };
    let range = range(field);
    if range.is_none() {
        cx.report(
            Diagnostic::new(Code::BadExchange, by.origin, format!("`{}` of `{name}` cannot pair", by.text))
                .why("a client chooses the number: an unsigned integer that is always there, and neither computed nor bound by `where`")
                .help(format!("make it `{}: u16`", by.text)),
        );
    }
    range
}

fn range(field: &Field) -> Option<(u64, u64)> {
    let Type::Int(int, range) = &field.ty else { return None };
    let free = field.role == Role::Value && field.condition.is_none() && field.rules.is_empty();
    let (least, most) = range.unwrap_or_else(|| int.range());
    if !free || *int == Int::Flag {
        return None;
    }
    Some((u64::try_from(least).ok()?, u64::try_from(most).ok()?))
}
