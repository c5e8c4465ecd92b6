//! Integers that escape: `int Len: u7 minimal { 126 => u16, 127 => u64 }`.

use super::words::{self, Word};
use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, EscapeDraft, IntDraft};
use crate::ir::{Escape, Escaping, Int};
use std::sync::Arc;

/// Reads all of them; none where one is not understood.
pub(super) fn resolve(cx: &mut Context<'_>) {
    let draft: &Draft = cx.draft;
    cx.ints = draft.ints.iter().map(|draft| escaping(cx, draft).map(Arc::new)).collect();
}

fn escaping(cx: &mut Context<'_>, draft: &IntDraft) -> Option<Escaping> {
    let base = match words::word(&draft.base.name.text, cx.endian()) {
        Some(Word::Int(int)) if draft.base.extent.is_none() && !matches!(int, Int::Flag) && int.bits().is_some() => int,
        _ => {
            cx.report(
                Diagnostic::new(
                    Code::BadEscape,
                    draft.base.name.origin,
                    format!("`{}` cannot be in front", spell::ty(&draft.base)),
                )
                .why("the base of such an integer is an unsigned number of fixed width, at most `u64`")
                .help(format!("write `int {}: u8 {{ … }}`", draft.name.text)),
            );
            return None;
        }
    };
    let mut escapes: Vec<Escape> = Vec::new();
    for one in &draft.escapes {
        let escape = escape(cx, one, &base, &escapes)?;
        escapes.push(escape);
    }
    let least = escapes.iter().map(|escape| escape.mark).min()?;
    let direct = direct(cx, draft, least)?;
    let widest = escapes.last()?;
    if widest.most() <= direct {
        let origin = draft.escapes.last()?.ty.name.origin;
        cx.report(
            Diagnostic::new(Code::BadEscape, origin, "an escape to nothing new")
                .why(format!("the base itself says all up to {direct}"))
                .help("escape to a wider number"),
        );
        return None;
    }
    Some(Escaping {
        docs: draft.docs.clone(),
        name: draft.name.text.clone(),
        base,
        direct,
        minimal: draft.minimal,
        escapes,
        line: cx.draft.line(draft.name.origin),
    })
}

/// `126 => u16`, behind the `narrower` ones.
fn escape(cx: &mut Context<'_>, draft: &EscapeDraft, base: &Int, narrower: &[Escape]) -> Option<Escape> {
    let mark = draft.mark.value;
    let (_, most) = base.range();
    let twice = narrower.iter().any(|other| i128::from(other.mark) == mark);
    if !(1..=most).contains(&mark) || twice {
        let (label, why) = match twice {
            true => (format!("{mark} escapes already"), "a value of the base says one width".to_owned()),
            false => (format!("{mark} cannot be an escape"), format!("the base holds 0 to {most}, and 0 is a value")),
        };
        cx.report(
            Diagnostic::new(Code::BadEscape, draft.mark.origin, label)
                .why(why)
                .help("take another value, one of the highest: `0xFE => u64`"),
        );
        return None;
    }
    let (bytes, endian) = match words::word(&draft.ty.name.text, cx.endian()) {
        Some(Word::Int(Int::Fixed { bytes: bytes @ 1..=8, signed: false, endian })) if draft.ty.extent.is_none() => {
            (bytes, endian)
        }
        _ => {
            cx.report(
                Diagnostic::new(
                    Code::BadEscape,
                    draft.ty.name.origin,
                    format!("an escape to `{}`", spell::ty(&draft.ty)),
                )
                .why("what follows is an unsigned number of whole bytes, at most `u64`")
                .help(format!("write `{mark} => u16`")),
            );
            return None;
        }
    };
    if narrower.last().is_some_and(|other| other.bytes >= bytes) {
        cx.report(
            Diagnostic::new(Code::BadEscape, draft.ty.name.origin, "no wider than the escape before it")
                .why("the encoder takes the first escape that holds a value, so they go from narrow to wide")
                .help("order the escapes by width, one of each"),
        );
        return None;
    }
    Some(Escape { mark: u64::try_from(mark).ok()?, bytes, endian })
}

/// The most that the base says itself: below the `least` mark.
fn direct(cx: &mut Context<'_>, draft: &IntDraft, least: u64) -> Option<u64> {
    let Some(range) = &draft.direct else { return Some(least - 1) };
    let (from, to) = range.value;
    match u64::try_from(to) {
        Ok(most) if from == 0 && most < least => Some(most),
        _ => {
            cx.report(
                Diagnostic::new(Code::BadRange, range.origin, format!("{from}..={to} are not what the base says"))
                    .why(format!("it says small values itself, from 0 on and below its first escape, {least}"))
                    .help(format!("write `in 0..={}`, or take it out", least - 1)),
            );
            None
        }
    }
}
