//! What follows the type of a field: each at most once, and each taken by the type that it fits.

use super::{Context, delimiters, names, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Attr, AttrKind, Expr, FillDraft, Formula, Literal, Name, Origin, Spanned};
use crate::ir::Delimiters;

/// What the last element of a list is, and no other.
#[derive(Debug, Clone, Copy)]
pub(super) enum Sentinel<'d> {
    /// `until where …`: it meets a condition.
    Where(&'d Formula),
    /// `until empty`: the one thing in it that has a length has none.
    Empty(Origin),
}

/// The attributes of a field. A type takes those that it understands; what is left does not fit.
#[derive(Debug, Default)]
pub(super) struct Attrs<'d> {
    until: Option<(&'d [Spanned<Literal>], Origin)>,
    sentinel: Option<(Sentinel<'d>, Origin)>,
    until_end: Option<Origin>,
    max: Option<(&'d Spanned<Literal>, Origin)>,
    trim: Option<(&'d Spanned<Literal>, Origin)>,
    pad: Option<(&'d Spanned<Literal>, Origin)>,
    fill: Option<(&'d FillDraft, Origin)>,
    via: Option<((&'d Name, Option<&'d Name>), Origin)>,
    range: Option<(Spanned<(i128, i128)>, Origin)>,
    equals: Option<(&'d Expr, Origin)>,
    nocase: Option<Origin>,
    minimal: Option<Origin>,
    stream: Option<Origin>,
    condition: Option<(&'d Formula, Origin)>,
    since: Option<(&'d Spanned<u32>, Origin)>,
    place: Option<(&'d Formula, Origin)>,
    held_as: Option<(&'d Spanned<String>, Origin)>,
    rules: Vec<&'d Formula>,
}

/// Sorts the attributes of a field; reports those that stand twice or are not there yet.
pub(super) fn sort<'d>(cx: &mut Context<'_>, attrs: &'d [Attr]) -> Attrs<'d> {
    let mut sorted = Attrs::default();
    for attr in attrs {
        let at = attr.origin;
        let second = match &attr.kind {
            AttrKind::Until(ends) => sorted.until.replace((ends, at)).map(|(_, first)| first),
            AttrKind::UntilWhere(formula) => {
                sorted.sentinel.replace((Sentinel::Where(formula), at)).map(|(_, first)| first)
            }
            AttrKind::UntilEmpty => sorted.sentinel.replace((Sentinel::Empty(at), at)).map(|(_, first)| first),
            AttrKind::UntilEnd => sorted.until_end.replace(at),
            AttrKind::Max(max) => sorted.max.replace((max, at)).map(|(_, first)| first),
            AttrKind::Trim(trim) => sorted.trim.replace((trim, at)).map(|(_, first)| first),
            AttrKind::Via(name, argument) => {
                sorted.via.replace(((name, argument.as_ref()), at)).map(|(_, first)| first)
            }
            AttrKind::Pad(pad) => sorted.pad.replace((pad, at)).map(|(_, first)| first),
            AttrKind::Fill(fill) => sorted.fill.replace((fill, at)).map(|(_, first)| first),
            AttrKind::In(range) => sorted.range.replace((range.clone(), at)).map(|(_, first)| first),
            AttrKind::Equals(expr) => sorted.equals.replace((expr, at)).map(|(_, first)| first),
            AttrKind::Nocase => sorted.nocase.replace(at),
            AttrKind::Minimal => sorted.minimal.replace(at),
            AttrKind::Stream => sorted.stream.replace(at),
            AttrKind::If(formula) => sorted.condition.replace((formula, at)).map(|(_, first)| first),
            AttrKind::Since(version) => sorted.since.replace((version, at)).map(|(_, first)| first),
            AttrKind::At(place) => sorted.place.replace((place, at)).map(|(_, first)| first),
            AttrKind::As(path) => sorted.held_as.replace((path, at)).map(|(_, first)| first),
            AttrKind::Where(formula) => {
                sorted.rules.push(formula);
                None
            }
        };
        if let Some(first) = second {
            cx.report(
                Diagnostic::new(Code::BadAttribute, at, "said twice")
                    .why("a field has one of each attribute, and this is the second")
                    .help("keep one of the two")
                    .note(first, "the first stands here"),
            );
        }
    }
    sorted
}

impl<'d> Attrs<'d> {
    /// Whether nothing is left.
    pub(super) fn has_until(&self) -> bool {
        self.until.is_some()
    }

    /// Whether a condition tells which element of a list is the last.
    pub(super) fn has_sentinel(&self) -> bool {
        self.sentinel.is_some()
    }

    /// Whether all that comes is taken.
    pub(super) fn has_until_end(&self) -> bool {
        self.until_end.is_some()
    }

    /// `until end`.
    pub(super) fn take_until_end(&mut self) -> Option<Origin> {
        self.until_end.take()
    }

    /// What ends a list.
    pub(super) fn take_sentinel(&mut self) -> Option<Sentinel<'d>> {
        self.sentinel.take().map(|(sentinel, _)| sentinel)
    }

    /// The right side of `=`.
    pub(super) fn take_equals(&mut self) -> Option<&'d Expr> {
        self.equals.take().map(|(expr, _)| expr)
    }

    /// `nocase`.
    pub(super) fn take_nocase(&mut self) -> Option<Origin> {
        self.nocase.take()
    }

    /// `minimal`.
    pub(super) fn take_minimal(&mut self) -> Option<Origin> {
        self.minimal.take()
    }

    /// `stream`.
    pub(super) fn take_stream(&mut self) -> Option<Origin> {
        self.stream.take()
    }

    /// `if`.
    pub(super) fn take_condition(&mut self) -> Option<&'d Formula> {
        self.condition.take().map(|(formula, _)| formula)
    }

    /// `since`.
    pub(super) fn take_since(&mut self) -> Option<&'d Spanned<u32>> {
        self.since.take().map(|(version, _)| version)
    }

    /// `at`.
    pub(super) fn take_place(&mut self) -> Option<&'d Formula> {
        self.place.take().map(|(formula, _)| formula)
    }

    /// `as`: the path of a type.
    pub(super) fn take_as(&mut self) -> Option<&'d Spanned<String>> {
        self.held_as.take().map(|(path, _)| path)
    }

    /// Every `where`.
    pub(super) fn take_rules(&mut self) -> Vec<&'d Formula> {
        std::mem::take(&mut self.rules)
    }

    /// `in`: a range that is not empty.
    pub(super) fn take_range(&mut self, cx: &mut Context<'_>) -> Option<Spanned<(i128, i128)>> {
        let (range, _) = self.range.take()?;
        let (least, most) = range.value;
        if least > most {
            cx.report(
                Diagnostic::new(Code::BadRange, range.origin, format!("nothing is in {least}..={most}"))
                    .why("the end of the range is before its start")
                    .help(format!("write `in {most}..={least}`")),
            );
            return None;
        }
        Some(range)
    }

    /// `max`: a number over 0.
    pub(super) fn take_max(&mut self, cx: &mut Context<'_>) -> Option<Spanned<u64>> {
        let (max, _) = self.max.take()?;
        let Literal::Int(value) = names::literal(cx, &max.value, max.origin)? else {
            cx.report(
                Diagnostic::new(Code::BadAttribute, max.origin, "`max` takes a number")
                    .help("write `max 64K`, for example"),
            );
            return None;
        };
        if value < 1 {
            cx.report(
                Diagnostic::new(Code::LimitTooSmall, max.origin, format!("`max {value}` leaves nothing"))
                    .why("the field could only ever be empty")
                    .help("write `max 64K`, for example, or take the field out"),
            );
            return None;
        }
        Some(Spanned { value: u64::try_from(value).unwrap_or(u64::MAX), origin: max.origin })
    }

    /// `until`: delimiters of at least a byte. The outer option says whether the attribute is there.
    pub(super) fn take_until(&mut self, cx: &mut Context<'_>) -> Option<Option<Delimiters>> {
        let (ends, origin) = self.until.take()?;
        let found: Vec<_> = ends
            .iter()
            .map(|end| Some(Spanned { value: bytes(cx, end, "until", "\"\\n\"")?, origin: end.origin }))
            .collect();
        Some(found.into_iter().collect::<Option<Vec<_>>>().and_then(|ends| delimiters::several(cx, ends, origin)))
    }

    /// `trim`: at least a byte. The outer option says whether the attribute is there.
    pub(super) fn take_trim(&mut self, cx: &mut Context<'_>) -> Option<Vec<u8>> {
        let (trim, _) = self.trim.take()?;
        bytes(cx, trim, "trim", "\"\\r\"")
    }

    /// `via`: the transform, what it takes, and where that was written.
    pub(super) fn take_via(&mut self) -> Option<(&'d Name, Option<&'d Name>, Origin)> {
        self.via.take().map(|((name, argument), at)| (name, argument, at))
    }

    /// `pad`: exactly a byte. The outer option says whether the attribute is there.
    pub(super) fn take_pad(&mut self, cx: &mut Context<'_>) -> Option<Option<u8>> {
        self.pad.take().map(|(pad, _)| pad_byte(cx, pad))
    }

    /// `pad … to 16`, `pad … align 4`.
    pub(super) fn take_fill(&mut self) -> Option<(&'d FillDraft, Origin)> {
        self.fill.take()
    }

    /// Reports what no one has taken.
    pub(super) fn refuse(self, cx: &mut Context<'_>, ty: &str) {
        let left = [
            (
                self.until.map(|(_, at)| at),
                "until",
                "a delimiter ends `bytes`, `str`, `ascii`, `json` without brackets, or `dec`",
            ),
            (
                self.sentinel.map(|(_, at)| at),
                "until",
                "a condition tells which element of a list is the last: `Item until where it.size == 0`",
            ),
            (
                self.until_end,
                "until",
                "bytes, text, JSON and lists go on to the end of the connection, without brackets or another end",
            ),
            (
                self.max.map(|(_, at)| at),
                "max",
                "`max` bounds what a peer can make long: bytes, text, lists and integers",
            ),
            (self.trim.map(|(_, at)| at), "trim", "`trim` takes bytes off in front of a delimiter: it needs `until`"),
            (self.via.map(|(_, at)| at), "via", "`bytes` and text stand on the wire in another way than they mean"),
            (
                self.pad.map(|(_, at)| at),
                "pad",
                "`pad` fills `bytes`, `str` and `ascii` of a fixed size, such as `str[16]`",
            ),
            (self.fill.map(|(_, at)| at), "pad", "bytes stand behind a field of a layout to fill it up, nothing else"),
            (self.range.map(|(_, at)| at), "in", "`in` bounds a number, or the characters of text"),
            (self.equals.map(|(_, at)| at), "=", "an equation or a constant stands behind a number"),
            (
                self.nocase,
                "nocase",
                "a field keeps the letters that it was sent in; a constant can be taken in both, and so can the words of an enum: `enum Verb: ascii nocase`",
            ),
            (self.minimal, "minimal", "it has one spelling of each number; `vlq` and `quicvar` have several"),
            (self.stream, "stream", "only `bytes` can be handed out in pieces, and lists of chunks of them"),
            (self.condition.map(|(_, at)| at), "if", "a field of a layout may be absent, nothing else"),
            (self.since.map(|(_, at)| at), "since", "a field of a layout may be absent, nothing else"),
            (self.place.map(|(_, at)| at), "at", "a struct or a union may stand at another place, nothing else"),
            (self.held_as.map(|(_, at)| at), "as", "a field of a layout is held in Rust, nothing else"),
            (self.rules.first().map(|rule| rule.origin), "where", "a condition stands behind a field or a layout"),
        ];
        for (at, word, why) in left {
            if let Some(at) = at {
                cx.report(
                    Diagnostic::new(Code::BadAttribute, at, format!("`{word}` does not fit `{ty}`"))
                        .why(why)
                        .help(format!("take `{word}` out, or give the field another type")),
                );
            }
        }
    }
}

/// The byte that fills up: exactly one.
pub(super) fn pad_byte(cx: &mut Context<'_>, pad: &Spanned<Literal>) -> Option<u8> {
    let bytes = bytes(cx, pad, "pad", "\"\\0\"")?;
    if let [byte] = bytes[..] {
        return Some(byte);
    }
    cx.report(
        Diagnostic::new(
            Code::BadAttribute,
            pad.origin,
            format!("a pad of {}", spell::count(bytes.len() as u64, "byte")),
        )
        .why("a field is filled up to its size byte by byte, and any number of them may be missing")
        .help("write `pad \"\\0\"`, or `pad \" \"`"),
    );
    None
}

/// A literal that must be bytes, at least one.
fn bytes(cx: &mut Context<'_>, literal: &Spanned<Literal>, word: &str, example: &str) -> Option<Vec<u8>> {
    let (code, label) = match names::literal(cx, &literal.value, literal.origin)? {
        Literal::Bytes(bytes) if !bytes.is_empty() => return Some(bytes),
        Literal::Bytes(_) => (Code::Empty, format!("`{word}` of no bytes")),
        _ => (Code::BadAttribute, format!("`{word}` takes bytes, not a number")),
    };
    cx.report(Diagnostic::new(code, literal.origin, label).help(format!("write `{word} {example}`, for example")));
    None
}
