//! Header blocks, and what they say of other fields: `bytes[headers["content-length"]]`, `match headers["…"] { … }`.

use super::Context;
use super::layouts::Body;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{ArmDraft, Name, PatternDraft};
use crate::ir::headers::{is_headers, length_header};
use crate::ir::{By, Choice, Type};

/// The name of a header, in small letters as the encoder writes it.
pub(super) fn name(cx: &mut Context<'_>, written: &Name) -> Option<String> {
    let token = |byte: u8| byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte);
    if !written.text.is_empty() && written.text.bytes().all(token) {
        return Some(written.text.clone());
    }
    cx.report(
        Diagnostic::new(Code::BadName, written.origin, format!("{:?} is no name of a header", written.text))
            .why("it is made of letters, digits and `-`, and never empty")
            .help("write `headers[\"content-length\"]`, for example"),
    );
    None
}

/// What chooses the arms of `match headers["…"] { … }`: the words of the arms, and `_` if the header is absent.
pub(super) fn choice(cx: &mut Context<'_>, written: &Name, arms: &[ArmDraft]) -> Option<Choice> {
    let name = name(cx, written)?;
    let mut words: Vec<String> = Vec::new();
    let mut values = Vec::new();
    for arm in arms {
        let Some(pattern) = &arm.pattern else {
            values.push(None);
            continue;
        };
        let Some(word) = word(pattern) else {
            cx.report(
                Diagnostic::new(Code::BadFormula, arm.origin, "no value of a header")
                    .why("a header is text: visible ASCII, whose letters are compared in either case")
                    .help("write `\"chunked\" => …`, or `_ => …` for no such header"),
            );
            return None;
        };
        if words.iter().any(|other| other.eq_ignore_ascii_case(&word)) {
            cx.report(
                Diagnostic::new(Code::BadVariant, arm.origin, "an arm that is chosen already")
                    .why("a value chooses one arm")
                    .help("give it a value of its own, or take it out"),
            );
            return None;
        }
        values.push(i128::try_from(words.len()).ok().map(|place| (place, place)));
        words.push(word);
    }
    let absent = values.iter().filter(|values| values.is_none()).count();
    if absent != 1 || words.is_empty() {
        let label = match (absent, words.is_empty()) {
            (0, _) => "what if the header is absent?",
            (1, true) => "nothing to choose",
            _ => "an arm that is chosen already",
        };
        cx.report(
            Diagnostic::new(Code::BadFormula, written.origin, label)
                .why("each value of the header has an arm, and `_` is for no such header; other values are refused")
                .help("write `\"chunked\" => …  _ => bytes[headers[\"content-length\"]]`"),
        );
        return None;
    }
    Some(Choice { by: By::Header { name, words }, values, complete: true })
}

fn word(pattern: &PatternDraft) -> Option<String> {
    let bytes = match pattern {
        PatternDraft::Text(bytes) => bytes.clone(),
        PatternDraft::Values(first, last) if first == last => vec![u8::try_from(*first).ok()?],
        PatternDraft::Values(..) | PatternDraft::Variant(_) => return None,
    };
    let visible = !bytes.is_empty() && bytes.iter().all(u8::is_ascii_graphic);
    String::from_utf8(bytes).ok().filter(|_| visible)
}

/// Checks that what headers frame stands behind them, and that they frame one thing.
pub(super) fn check(cx: &mut Context<'_>, body: &mut Body<'_>, structs: &[Option<crate::ir::Layout>]) {
    let by_header = |ty: &Type| match ty {
        Type::Struct(index) => {
            let choice = structs[*index].as_ref().and_then(|layout| layout.choice.as_ref());
            choice.is_some_and(|choice| matches!(choice.by, By::Header { .. }))
        }
        ty => length_header(ty).is_some(),
    };
    if let Some(choice) = &body.choice {
        let problem = body
            .lines
            .iter()
            .find(|line| is_headers(&line.ty) || (by_header(&line.ty) && !matches!(choice.by, By::Header { .. })));
        if let Some(line) = problem {
            cx.report(
                Diagnostic::new(Code::BadFormula, line.draft.origin, format!("no headers in reach of `{}`", line.name))
                    .why("the arms that a header chooses may have a length from a header too, no others")
                    .help("write `match headers[\"transfer-encoding\"] { … }`"),
            );
            body.sound = false;
        }
        return;
    }
    let mut headers = body.lines.iter().enumerate().filter(|(_, line)| is_headers(&line.ty));
    let first = headers.next();
    let mut found = Vec::new();
    if let Some((_, second)) = headers.next() {
        let label = format!("`{}` is a second header block", second.name);
        let why = "`headers[\"…\"]` could mean either of them";
        found.push((second, Code::NotYet, label, why, "put one of the two into a struct"));
    }
    if let Some((_, line)) = first.filter(|(_, line)| line.condition.is_some()) {
        let label = format!("`{}` cannot be absent", line.name);
        let why = "a block without lines is an empty line";
        found.push((line, Code::NotYet, label, why, "take the condition out"));
    }
    let mut framed = body.lines.iter().enumerate().filter(|(_, line)| by_header(&line.ty));
    if let Some((at, line)) = framed.next() {
        if first.is_none_or(|(headers, _)| headers > at) {
            let label = format!("no headers in front of `{}`", line.name);
            let why = "`headers[\"…\"]` looks into an earlier field of the type `headers` in the same layout";
            found.push((line, Code::UsedBeforeRead, label, why, "add `headers: headers max 64K` in front of it"));
        } else if line.condition.is_some() {
            let label = format!("`{}` cannot be absent", line.name);
            let why = "the header that says its length would have to say that it is absent";
            found.push((line, Code::BadAttribute, label, why, "take the condition out: it may be empty"));
        }
        if let Some((_, second)) = framed.next() {
            let label = format!("headers frame `{}` already", line.name);
            let why = "a header says where one field ends";
            found.push((second, Code::NotYet, label, why, "give it a length of its own: `[u16]`"));
        }
    }
    body.sound &= found.is_empty();
    for (line, code, label, why, help) in found {
        cx.report(Diagnostic::new(code, line.draft.origin, label).why(why).help(help));
    }
}
