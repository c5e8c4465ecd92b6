//! `frame …`: what stands around every message.

use super::{Context, attrs, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, EnvelopeDraft, Spanned};
use crate::ir::{Envelope, EnvelopeKind};

/// An envelope, and the largest frame that is written on it.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) envelope: Envelope,
    pub(super) max: Option<Spanned<u64>>,
}

/// Reads the envelope of the schema, if it has one.
pub(super) fn resolve(cx: &mut Context<'_>) -> Option<Written> {
    let draft: &Draft = cx.draft;
    let (first, more) = draft.envelopes.split_first()?;
    for second in more {
        cx.report(
            Diagnostic::new(Code::Duplicate, second.origin, "a second envelope")
                .why("every message stands in the same one")
                .help("keep one of the two")
                .note(first.origin, "the first stands here"),
        );
    }
    let max = max(cx, first);
    let kind = kind(cx, first)?;
    Some(Written { envelope: Envelope { kind, line: cx.draft.line(first.origin) }, max })
}

fn kind(cx: &mut Context<'_>, draft: &EnvelopeDraft) -> Option<EnvelopeKind> {
    let ty = &draft.ty;
    let found = EnvelopeKind::ALL.into_iter().find(|kind| kind.word() == ty.name.text);
    let plain = ty.extent.is_none() && ty.body.is_none() && ty.args.is_empty();
    if let (Some(kind), true) = (found, plain) {
        return Some(kind);
    }
    let diagnostic = match found {
        Some(kind) => Diagnostic::new(Code::BadAttribute, draft.origin, "an envelope is a word alone")
            .why("what stands in it, the messages say")
            .help(format!("write `frame {}`", kind.word())),
        None => Diagnostic::new(Code::UnknownName, ty.name.origin, format!("no envelope `{}`", ty.name.text))
            .why("an envelope is `slip` (RFC 1055), `cobs`, `line` (LF or CRLF) or `json` (to its last brace)")
            .help(suggest::help(&ty.name.text, EnvelopeKind::ALL.map(EnvelopeKind::word))),
    };
    cx.report(diagnostic);
    None
}

/// The largest frame: said here, or by `limit frame`.
fn max(cx: &mut Context<'_>, draft: &EnvelopeDraft) -> Option<Spanned<u64>> {
    let mut attrs = attrs::sort(cx, &draft.attrs);
    let max = attrs.take_max(cx);
    attrs.refuse(cx, "frame");
    let limit = cx.draft.limits.iter().find(|limit| limit.name.text == "frame");
    if let (Some(max), Some(limit)) = (&max, limit) {
        cx.report(
            Diagnostic::new(Code::BadAttribute, max.origin, "a second limit of the frame")
                .why("`limit frame` says how large a frame may be with its envelope, and `max` says it again")
                .help("keep one of the two")
                .note(limit.name.origin, "the other stands here"),
        );
    }
    max
}
