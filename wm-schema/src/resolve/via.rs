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
        other => {
            cx.report(
                Diagnostic::new(Code::UnknownName, name.origin, format!("no transform `{other}`"))
                    .why("a transform says how content stands on the wire")
                    .help(suggest::help(other, ["xor", "base64", "hex"])),
            );
            return None;
        }
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
    for (index, (at, via)) in found.iter().enumerate() {
        let line = &body.lines[*at];
        let problem = if index > 0 {
            Some(("a second transform", "this version undoes one field of a message", "take the bytes as they are"))
        } else if !body.is_message() {
            Some((
                "a transform in a part of messages",
                "it is undone where the frame is, which a struct does not own: it may be read twice",
                "move the field into the message",
            ))
        } else if !cx.draft.envelopes.is_empty() {
            Some((
                "a transform in an envelope",
                "this version undoes one thing in a frame, and the envelope is that",
                "take the bytes as they are",
            ))
        } else if line.condition.is_some() {
            Some((
                "a transform of what may be absent",
                "this version undoes what is always there",
                "let it be empty where it is not meant: take `if` out",
            ))
        } else {
            misfit(&body.lines, *at, *via)
        };
        if let Some((label, why, help)) = problem {
            cx.report(Diagnostic::new(Code::BadAttribute, line.draft.origin, label).why(why).help(help));
            body.sound = false;
        }
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
        Via::Base64 | Via::Hex => None,
    };
    if [Some(&lines[at]), key].into_iter().flatten().any(|line| line.draft.held == Held::Array) {
        let why = "it is undone where it stands in the frame, and an array is a copy";
        return Some(("a transform of an array", why, "hold the bytes and their key as `&[u8]`"));
    }
    let checksum = |line: &Line<'_>| matches!(line.role, Role::Checksum(checksum) if checksum.covers(at));
    if trim.is_some() || pad.is_some() || within.is_some() {
        let why = "these speak of what stands on the wire, and `via` of what it means";
        return Some(("`via` beside `trim`, `pad` or `in`", why, "take one of the two out"));
    }
    if !matches!(content, Content::Bytes | Content::Str | Content::Ascii) {
        return Some(("this type has no transform", "bytes and text have", "make it `bytes`"));
    }
    if lines.iter().any(checksum) {
        let why = "this version undoes a transform before it checks, and the checksum is one of the bytes on the wire";
        return Some(("a checksum over what is transformed", why, "let the checksum cover what stands beside it"));
    }
    if let Extent::Until(delimiter) = extent {
        let safe = match via {
            Via::Xor { .. } => false,
            Via::Base64 | Via::Hex => {
                !delimiter.first().is_some_and(|byte| byte.is_ascii_alphanumeric() || b"+/=".contains(byte))
            }
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
