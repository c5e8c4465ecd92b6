//! Checksums: a function by name over fields of the layout, in a number that holds what it comes to.

use super::equations::range;
use super::layouts::{Body, Line};
use super::types::Scope;
use super::{Context, spell, suggest};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Argument, Expr, Name};
use crate::ir::{Checksum, Function, Int, Role, Type};

/// `crc32(a..b)`; none if the function is not known, or what it covers.
pub(super) fn resolve(cx: &mut Context<'_>, scope: Scope<'_>, name: &Name, argument: &Argument) -> Option<Checksum> {
    let own = cx.externs.functions.iter().position(|known| known.name == name.text);
    let own = own.map(|index| Function::Extern { index, bits: cx.externs.functions[index].bits });
    let Some(function) = own.or_else(|| Function::find(&name.text)) else {
        cx.report(unknown(name));
        return None;
    };
    let (first, last) = range(cx, scope, name, argument)?;
    if (first, last) == (scope.at, scope.at) {
        cx.report(
            Diagnostic::new(Code::BadEquation, name.origin, "a checksum of itself")
                .why("its own bytes count as zeros, and it covers no others")
                .help("name what it protects: `crc32(first..last)`, `crc32(self)`"),
        );
        return None;
    }
    Some(Checksum { function, first, last })
}

/// Whether a name looks like that of a checksum, known or not.
pub(super) fn is_meant(cx: &Context<'_>, name: &str) -> bool {
    let prefixes = ["crc", "adler", "sum", "xor", "md5", "sha", "fletcher", "checksum", "lrc"];
    cx.externs.functions.iter().any(|known| known.name == name)
        || Function::find(name).is_some()
        || prefixes.iter().any(|prefix| name.starts_with(prefix))
}

fn unknown(name: &Name) -> Diagnostic {
    let names = Function::names();
    let text = name.text.as_str();
    let help = match suggest::nearest(text, names.iter().map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => {
            let family: String = text.chars().take_while(|letter| *letter != '_').collect();
            let same =
                names.iter().filter(|known| known.split('_').next() == Some(&family)).map(|known| format!("`{known}`"));
            let same: Vec<String> = same.collect();
            match same.is_empty() {
                true => {
                    "there is: `crc8` to `crc64_xz`, `sum8`, `sum16`, `sum32`, `xor8`, `adler32`, `internet`".to_owned()
                }
                false => format!("there is: {}", same.join(", ")),
            }
        }
    };
    Diagnostic::new(Code::UnknownName, name.origin, format!("no checksum `{text}`"))
        .why("CRCs go by their name in the catalogue: CRC-16/MODBUS is `crc16_modbus`")
        .help(help)
}

/// Checks that an integer can carry a checksum.
pub(super) fn fits(cx: &mut Context<'_>, expr: &Expr, line: &Line<'_>, checksum: Checksum) -> Option<Role> {
    let bits = checksum.function.bits();
    let name = match checksum.function {
        Function::Extern { index, .. } => cx.externs.functions[index].name.clone(),
        known => known.name(),
    };
    let Type::Int(int, range) = &line.ty else { return None };
    let most = (1i128 << bits) - 1;
    let problem = if spell::name(line.draft) == "_" {
        Some(("a checksum that has no name", "errors could not say which field is wrong".to_owned()))
    } else if range.is_some() {
        Some(("a checksum with a range", "every value of it is good, if the bytes give it".to_owned()))
    } else if !matches!(int, Int::Fixed { signed: false, .. } | Int::Digits { .. }) {
        let why = "its place is kept until its bytes are known: a number of fixed width and without a sign";
        Some(("this type cannot carry a checksum", why.to_owned()))
    } else if int.range().1 < most {
        Some(("too narrow for the checksum", format!("`{name}` comes to {bits} bits")))
    } else {
        None
    };
    let Some((label, why)) = problem else { return Some(Role::Checksum(checksum)) };
    let own = if line.name == "_" { "crc" } else { &line.name };
    let help = format!("write `{own}: u{bits}`, or in ASCII `{own}: hex[{}]`", bits / 4);
    cx.report(Diagnostic::new(Code::BadEquation, expr.origin, label).why(why).help(help));
    None
}

/// Refuses checksums that start or end within a byte, and those that cover each other.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>) {
    let found = |lines: &[Line<'_>], at: usize| match lines[at].role {
        Role::Checksum(checksum) => Some(checksum),
        _ => None,
    };
    let lines = &body.lines;
    let mut mistakes = Vec::new();
    for at in 0..lines.len() {
        let Some(checksum) = found(lines, at) else { continue };
        if lines[at].bits.is_some() {
            mistakes.push(
                Diagnostic::new(
                    Code::BadBits,
                    lines[at].draft.origin,
                    format!("`{}` is part of a byte", lines[at].name),
                )
                .why("a checksum is written when the bytes that it covers are there, and takes whole bytes itself")
                .help("let the bits before it fill whole bytes"),
            );
        }
        let starts = lines[checksum.first].bits.filter(|bits| bits.first != checksum.first).map(|_| checksum.first);
        let ends = lines[checksum.last].bits.filter(|bits| bits.last != checksum.last).map(|_| checksum.last);
        if let Some(cut) = starts.or(ends) {
            mistakes.push(
                Diagnostic::new(
                    Code::BadEquation,
                    lines[at].draft.origin,
                    format!("it would cut `{}`", lines[cut].name),
                )
                .why("a checksum covers whole bytes, and this field is within one")
                .help("cover from a field that starts a byte to one that ends a byte")
                .note(lines[cut].draft.origin, "it shares its byte with other fields"),
            );
        }
        let covers_back = |other: usize| leads_back(lines, other, at);
        if let Some(other) = (at + 1..lines.len()).find(|other| checksum.covers(*other) && covers_back(*other)) {
            mistakes.push(
                Diagnostic::new(Code::BadEquation, lines[at].draft.origin, "two checksums of each other")
                    .why(format!("`{}` would be needed for `{1}`, and `{1}` for it", lines[at].name, lines[other].name))
                    .help("let one of them cover the other, not both")
                    .note(lines[other].draft.origin, "the other one"),
            );
        }
    }
    body.sound &= mistakes.is_empty();
    mistakes.into_iter().for_each(|mistake| cx.report(mistake));
}

/// Whether the checksum `from` covers `to`, or others that do.
fn leads_back(lines: &[Line<'_>], from: usize, to: usize) -> bool {
    let mut seen = vec![false; lines.len()];
    let mut open = vec![from];
    while let Some(at) = open.pop() {
        let Role::Checksum(checksum) = lines[at].role else { continue };
        if checksum.covers(to) {
            return true;
        }
        let unseen = |next: &usize| !std::mem::replace(&mut seen[*next], true);
        open.extend((checksum.first..=checksum.last).filter(unseen));
    }
    false
}
