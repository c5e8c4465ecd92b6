//! What went wrong in a piece, in human words: the parser's expectations, and the slips that everybody makes.

use super::grammar::Rule;
use super::reader::Reader;
use super::split::Item;
use super::token::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::Origin;
use pest::error::{Error, ErrorVariant};
use std::ops::Range;

/// What can be no token at all.
pub(super) fn broken_token(token: Token, text: &str, origin: Origin) -> Diagnostic {
    match token.kind {
        TokenKind::OpenString => {
            let quote = &text[..1];
            Diagnostic::new(Code::BadLiteral, origin, format!("this {quote} is never closed"))
                .why("a string ends on the line that it starts on")
                .help(format!("add a {quote} at its end; a line feed in it is written `\\n`"))
        }
        TokenKind::OpenComment => Diagnostic::new(Code::Syntax, origin, "this comment is never closed")
            .why("it runs to the end of the file")
            .help("add `*/`"),
        _ => {
            let help = if text == "#" { "a comment starts with `//`" } else { "take it away, or put it into quotes" };
            Diagnostic::new(Code::Syntax, origin, format!("`{text}` is no sign of the language"))
                .why("names are made of ASCII letters, digits and `_`")
                .help(help)
        }
    }
}

/// A file without a `protocol` line.
pub(super) fn no_protocol(reader: &mut Reader<'_>, items: &[Item]) {
    let origin = reader.token_origin(items.first().map_or(0, |item| item.word));
    let diagnostic = Diagnostic::new(Code::Syntax, origin, "expected `protocol` and a name before this")
        .why("a schema says first what it is called")
        .help("start the file with a line such as `protocol chat port 2347`");
    reader.report(diagnostic);
}

/// An item that starts with a word, or with something, that no item starts with.
pub(super) fn unknown_item(reader: &mut Reader<'_>, item: &Item) {
    let origin = reader.token_origin(item.word);
    let text = reader.text(item.word);
    let diagnostic = Diagnostic::new(Code::Syntax, origin, format!("`{text}` starts no declaration"));
    reader.report(diagnostic);
}

/// Why the parser could not read a piece.
pub(super) fn explain(
    reader: &mut Reader<'_>,
    rule: Rule,
    tokens: Range<usize>,
    at: usize,
    error: &Error<Rule>,
) -> Diagnostic {
    let _ = (rule, tokens);
    let origin = reader.places.add(at..at + 1);
    let expected = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => format!("{positives:?}"),
        ErrorVariant::CustomError { message } => message.clone(),
    };
    Diagnostic::new(Code::Syntax, origin, expected)
}
