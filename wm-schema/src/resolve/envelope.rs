//! `frame …`: what stands around every message.

use super::{Context, attrs, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, EnvelopeDraft, Origin, Spanned};
use crate::ir::{DATAGRAM_BYTES_MAX, Envelope, EnvelopeKind, Framing};

/// What ends each frame, and the largest frame that is written on it.
#[derive(Debug, Clone)]
pub(super) struct Written {
    pub(super) kind: Outer,
    pub(super) line: u32,
    pub(super) max: Option<Spanned<u64>>,
}

/// What ends a frame, whatever its layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outer {
    /// An envelope around it.
    Envelope(EnvelopeKind),
    /// Its end as a datagram.
    Datagram,
}

impl Outer {
    fn all() -> impl Iterator<Item = Self> + Clone {
        EnvelopeKind::ALL.into_iter().map(Self::Envelope).chain([Self::Datagram])
    }

    /// How a schema says it.
    pub(super) const fn word(self) -> &'static str {
        match self {
            Self::Envelope(kind) => kind.word(),
            Self::Datagram => Envelope::NONE,
        }
    }

    /// The most bytes of a frame with so many bytes of content.
    pub(super) const fn frame_bytes(self, content: u64) -> u64 {
        match self {
            Self::Envelope(kind) => kind.frame_bytes(content),
            Self::Datagram => content,
        }
    }
}

impl Written {
    /// How the end of a frame is found.
    pub(super) const fn framing(&self) -> Framing {
        match self.kind {
            Outer::Envelope(kind) => Framing::Outer(Envelope { kind, line: self.line }),
            Outer::Datagram => Framing::Datagram { line: self.line },
        }
    }

    /// Whether each message is a datagram.
    pub(super) fn is_datagram(&self) -> bool {
        self.kind == Outer::Datagram
    }
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
    if kind == Outer::Datagram {
        over_any_datagram(cx, max.as_ref());
    }
    Some(Written { kind, line: cx.draft.line(first.origin), max })
}

/// Refuses a limit that no datagram reaches.
fn over_any_datagram(cx: &mut Context<'_>, max: Option<&Spanned<u64>>) {
    let limits = cx.draft.limits.iter().filter(|limit| limit.name.text == "frame");
    let limits = limits.map(|limit| (limit.value.origin, limit.value.value));
    let written: Vec<(Origin, u128)> = limits.chain(max.map(|max| (max.origin, max.value.into()))).collect();
    for (origin, _) in written.into_iter().filter(|(_, most)| *most > DATAGRAM_BYTES_MAX.into()) {
        cx.report(
            Diagnostic::new(Code::NumberTooLarge, origin, "no datagram is so large")
                .why(format!("IPv4 and UDP leave {DATAGRAM_BYTES_MAX} bytes in a packet"))
                .help(format!("write {DATAGRAM_BYTES_MAX} or less, or take it out: that is the limit then")),
        );
    }
}

fn kind(cx: &mut Context<'_>, draft: &EnvelopeDraft) -> Option<Outer> {
    let ty = &draft.ty;
    let found = Outer::all().find(|kind| kind.word() == ty.name.text);
    let plain = ty.extent.is_none() && ty.body.is_none() && ty.args.is_empty();
    if let (Some(kind), true) = (found, plain) {
        return Some(kind);
    }
    let diagnostic = match found {
        Some(kind) => Diagnostic::new(Code::BadAttribute, draft.origin, "an envelope is a word alone")
            .why("what stands in it, the messages say")
            .help(format!("write `frame {}`", kind.word())),
        None => Diagnostic::new(Code::UnknownName, ty.name.origin, format!("no envelope `{}`", ty.name.text))
            .why(
                "an envelope is `slip` (RFC 1055), `cobs`, `line` (LF or CRLF) or `json` (to its last brace); with \
                 `datagram` each message is one",
            )
            .help(suggest::help(&ty.name.text, Outer::all().map(Outer::word))),
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
