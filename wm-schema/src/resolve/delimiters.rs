//! Several delimiters of one value: `until ";" | CRLF`.

use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Origin, Spanned};
use crate::ir::Delimiters;

/// What ends a value, if each delimiter can be told from the others where it ends.
pub(super) fn several(cx: &mut Context<'_>, ends: Vec<Spanned<Vec<u8>>>, origin: Origin) -> Option<Delimiters> {
    if ends.len() > Delimiters::MOST {
        cx.report(
            Diagnostic::new(Code::BadAttribute, origin, format!("{} delimiters", ends.len()))
                .why(format!("a value ends at one of {} at most: they are looked for all at once", Delimiters::MOST))
                .help("keep those that the peers send, the one that is to be written first"),
        );
        return None;
    }
    let pairs = ends.iter().enumerate().flat_map(|(at, one)| ends[..at].iter().map(move |first| (first, one)));
    for (first, one) in pairs {
        let Some(why) = undecided(&first.value, &one.value).or_else(|| undecided(&one.value, &first.value)) else {
            continue;
        };
        cx.report(
            Diagnostic::new(Code::BadAttribute, one.origin, "which of the two ends the value cannot be told")
                .why(why)
                .help("keep one of the two; one may be the end of the other, as in `LF | CRLF`")
                .note(first.origin, "the other stands here"),
        );
        return None;
    }
    let mut all = ends.into_iter().map(|end| end.value);
    Some(Delimiters::new(all.next()?, all.collect()))
}

/// Why nobody can tell at the end of the shorter delimiter whether it is the longer one that comes.
fn undecided(shorter: &[u8], longer: &[u8]) -> Option<String> {
    if shorter == longer {
        return Some("they are the same".to_owned());
    }
    let within = longer.windows(shorter.len()).position(|bytes| bytes == shorter)?;
    let (short, long) = (spell::bytes(shorter), spell::bytes(longer));
    let place = if within == 0 { "is the start of" } else { "stands in the middle of" };
    (within + shorter.len() < longer.len())
        .then(|| format!("{short} {place} {long}: a reader would have to wait for bytes that may never come"))
}
