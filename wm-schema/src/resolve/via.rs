//! `via`: content that does not stand on the wire as it is.

use super::layouts::{Body, Line};
use super::types::Scope;
use super::{Context, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Held, Name, Origin};
use crate::ir::{Bytes, Content, Extent, Role, Type, Via};

/// `via xor(key)`: a transform by its name.
pub(super) fn resolve(
    cx: &mut Context<'_>,
    scope: Scope<'_>,
    name: &Name,
    argument: Option<&Name>,
    origin: Origin,
) -> Option<Via> {
    let plain = match name.text.as_str() {
        "xor" => {
            let Some(key) = argument else {
                cx.report(
                    Diagnostic::new(Code::BadAttribute, origin, "`xor` with what?")
                        .why("a mask is joined with a key, which stands in front of it")
                        .help("name the field of the key: `via xor(key)`"),
                );
                return None;
            };
            let Some(at) = scope.find(&key.text).filter(|at| *at < scope.at) else {
                let earlier: Vec<&str> = scope.names(0..scope.at).collect();
                cx.report(
                    Diagnostic::new(Code::UnknownField, key.origin, format!("no field `{}` in front of it", key.text))
                        .why("bytes are read from front to back, so the key stands in front of what it masks")
                        .help(suggest::help(&key.text, earlier)),
                );
                return None;
            };
            return Some(Via::Xor { key: at });
        }
        "base64" => Via::Base64,
        "hex" => Via::Hex,
        other => match cx.externs.vias.iter().position(|known| known.name == other) {
            Some(index) => Via::Extern(index),
            None => {
                let known = ["xor", "base64", "hex"].into_iter();
                let known: Vec<&str> = known.chain(cx.externs.vias.iter().map(|known| known.name.as_str())).collect();
                let help = suggest::help(other, known.iter().copied());
                cx.report(
                    Diagnostic::new(Code::UnknownName, name.origin, format!("no transform `{other}`"))
                        .why("a transform says how content stands on the wire")
                        .help(format!(
                            "{help}; one of your own is declared: `extern via {other} = \"crate::Transform\"`"
                        )),
                );
                return None;
            }
        },
    };
    if let Some(argument) = argument {
        cx.report(
            Diagnostic::new(Code::BadAttribute, argument.origin, format!("`{}` takes nothing", name.text))
                .why("it is always written in the same way")
                .help(format!("write `via {}`", name.text)),
        );
        return None;
    }
    Some(plain)
}

/// Checks that what is transformed can be undone where it stands.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>) {
    let found: Vec<(usize, Via)> =
        body.lines.iter().enumerate().filter_map(|(at, line)| Some((at, via(line)?))).collect();
    for (at, via) in found {
        let line = &body.lines[at];
        let problem = if !body.is_message() {
            Some((
                "a transform in a part of messages",
                "it is undone once, where it stands in the frame; a part may stand in a list, which reads it again whenever \
                 it is gone through",
                "move the field into the message",
            ))
        } else if cx.envelope.as_ref().is_some_and(|written| !written.is_datagram()) {
            Some((
                "a transform in an envelope",
                "the place of a mistake in the frame is told by what stood in the envelope, and that would be overwritten",
                "take the bytes as they are",
            ))
        } else {
            misfit(&body.lines, at, via)
        };
        if let Some((label, why, help)) = problem {
            cx.report(Diagnostic::new(Code::BadAttribute, line.draft.origin, label).why(why).help(help));
            body.sound = false;
        }
    }
}

/// Checks that nothing must be known of what is transformed before it is undone: that is when the last of it has been read,
/// and all checksums over it.
pub(super) fn check_readers(cx: &mut Context<'_>, body: &mut Body<'_>) {
    let lines = &body.lines;
    let transformed = |at: usize| via(&lines[at]).is_some();
    let Some(last) = (0..lines.len()).rfind(|at| transformed(*at)) else { return };
    let covering = lines.iter().enumerate().filter_map(|(at, line)| match line.role {
        Role::Checksum(checksum) if (checksum.first..=checksum.last).any(transformed) => Some(at.max(checksum.last)),
        _ => None,
    });
    let undone = covering.fold(last, usize::max);
    let reads = |line: &Line<'_>| {
        let formulas = line.present_if.iter().chain(&line.args);
        formulas.flat_map(|formula| formula.term.fields()).find(|at| transformed(*at))
    };
    let early: Vec<(usize, usize)> = (0..=undone).filter_map(|at| Some((at, reads(&lines[at])?))).collect();
    for (at, read) in early {
        let (line, read) = (&body.lines[at], &body.lines[read]);
        cx.report(
            Diagnostic::new(
                Code::BadAttribute,
                line.draft.origin,
                format!("what `{}` means is not known yet", read.name),
            )
            .why("transforms are undone when all that is transformed has been read, with the checksums over it: this decides what is read before")
            .help("let it depend on a field that is not transformed, or move it behind them")
            .note(read.draft.origin, "it is transformed"),
        );
        body.sound = false;
    }
}

fn via(line: &Line<'_>) -> Option<Via> {
    match &line.ty {
        Type::Bytes(bytes) => bytes.via,
        _ => None,
    }
}

type Problem = (&'static str, &'static str, &'static str);

fn misfit(lines: &[Line<'_>], at: usize, via: Via) -> Option<Problem> {
    let Type::Bytes(Bytes { content, extent, trim, pad, within, .. }) = &lines[at].ty else { return None };
    let key = match via {
        Via::Xor { key } => Some(&lines[key]),
        Via::Base64 | Via::Hex | Via::Extern(_) => None,
    };
    if [Some(&lines[at]), key].into_iter().flatten().any(|line| line.draft.held == Held::Array) {
        let why = "it is undone where it stands in the frame, and an array is a copy";
        return Some(("a transform of an array", why, "hold the bytes and their key as `&[u8]`"));
    }
    if trim.is_some() || pad.is_some() || within.is_some() {
        let why = "these speak of what stands on the wire, and `via` of what it means";
        return Some(("`via` beside `trim`, `pad` or `in`", why, "take one of the two out"));
    }
    if !matches!(content, Content::Bytes | Content::Str | Content::Ascii) {
        return Some(("this type has no transform", "bytes and text have", "make it `bytes`"));
    }
    if let Extent::Until(ends) = extent {
        let written = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
        let safe = match via {
            Via::Xor { .. } | Via::Extern(_) => false,
            Via::Base64 | Via::Hex => !ends.all().any(|end| end.first().is_some_and(written)),
        };
        if !safe {
            let why = "what stands on the wire could contain the delimiter";
            return Some(("a transform up to a delimiter", why, "give it a length: `[u16]`"));
        }
    }
    if let Via::Xor { key } = via
        && (!matches!(lines[key].ty, Type::Bytes(Bytes { content: Content::Bytes, via: None, .. }))
            || lines[key].role != Role::Value)
    {
        return Some(("a key that is no bytes", "a mask is joined with bytes", "make the key `bytes[4]`"));
    }
    None
}

/// The attribute as one types it.
#[must_use]
pub(super) fn spelled(name: &Name, argument: Option<&Name>) -> String {
    match argument {
        Some(argument) => format!(" via {}({})", name.text, argument.text),
        None => format!(" via {}", name.text),
    }
}
