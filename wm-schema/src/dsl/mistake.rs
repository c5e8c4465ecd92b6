//! What went wrong, in human words: what the parser expected, and why.
//!
//! The parser knows only which rules it has tried in vain. What it says is the fallback; the slips that everybody makes
//! are known in `slip.rs` and get help of their own.

use super::grammar::Rule;
use super::reader::Reader;
use super::slip;
use super::split::{ITEM_WORDS, Item};
use super::token::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::Origin;
use crate::resolve::suggest;
use pest::error::{Error, ErrorVariant};
use std::ops::Range;

/// What can be no token at all.
pub(super) fn broken_token(token: Token, text: &str, origin: Origin) -> Diagnostic {
    match token.kind {
        TokenKind::OpenString => {
            let quote = &text[..1];
            Diagnostic::new(Code::BadLiteral, origin, format!("this `{quote}` is never closed"))
                .why("a string ends on the line that it starts on")
                .help(format!("add a `{quote}` at its end; a line feed in it is written `\\n`"))
        }
        TokenKind::OpenComment => Diagnostic::new(Code::Syntax, origin, "this comment is never closed")
            .why("it runs to the end of the file")
            .help("add `*/`"),
        _ => {
            let help = match text {
                "#" => "a comment starts with `//`",
                "\\" => "bytes stand in quotes: `until \"\\n\"`",
                _ => "take it away, or put it into quotes",
            };
            Diagnostic::new(Code::Syntax, origin, format!("`{text}` is no sign of the language"))
                .why("outside of strings and comments there are words, numbers and a few signs")
                .help(help)
        }
    }
}

/// A file without a `protocol` line.
pub(super) fn no_protocol(reader: &mut Reader<'_>, items: &[Item]) {
    let words = items.iter().map(|item| item.word);
    if words.clone().any(|word| suggest::nearest(reader.text(word), ITEM_WORDS) == Some("protocol")) {
        return;
    }
    let origin = reader.token_origin(items.first().map_or(0, |item| item.word));
    let diagnostic = Diagnostic::new(Code::NoProtocol, origin, "expected `protocol` and a name before this")
        .why("a schema says first what it is called")
        .help(
            "start the file with a line such as `protocol chat port 2347`, or import it into one that has such a line",
        );
    reader.report(diagnostic);
}

/// An item that starts with something that no item starts with.
pub(super) fn unknown_item(reader: &mut Reader<'_>, item: &Item) {
    if reader.is_broken(item.word) {
        return;
    }
    let origin = reader.token_origin(item.word);
    let text = reader.text(item.word);
    let diagnostic = if reader.tokens[item.word].kind == TokenKind::Doc {
        slip::dangling_doc(origin)
    } else if reader.is_sign(item.word + 1, ":") {
        Diagnostic::new(Code::Syntax, origin, "a field outside of a message")
            .why("fields stand between the braces of a `message` or a `struct`")
            .help("move the `}` above it below it")
    } else {
        let help = match suggest::nearest(text, ITEM_WORDS) {
            Some(nearest) => format!("did you mean `{nearest}`?"),
            None => "a layout of fields is declared as `message Name { … }` or `struct Name { … }`".to_owned(),
        };
        Diagnostic::new(Code::Syntax, origin, format!("`{text}` starts no declaration"))
            .why("a file is made of `protocol`, `limit`, `const`, `enum`, `struct`, `json`, `message`, `exchange`, `recover` and `test`")
            .help(help)
    };
    reader.report(diagnostic);
}

/// A piece that the parser could not read.
#[derive(Debug)]
pub(super) struct Failure<'e> {
    /// What the piece was to be.
    pub(super) piece: Rule,
    /// Its tokens.
    pub(super) tokens: Range<usize>,
    /// The token that does not fit; the end of the range if one is missing there.
    pub(super) found: usize,
    /// What would have fitted.
    pub(super) expected: &'e [Rule],
}

/// Why the parser could not read a piece; `at` is the byte of the source where it gave up.
pub(super) fn explain(
    reader: &mut Reader<'_>,
    piece: Rule,
    tokens: Range<usize>,
    at: usize,
    error: &Error<Rule>,
) -> Diagnostic {
    let expected: &[Rule] = match &error.variant {
        ErrorVariant::ParsingError { positives, .. } => positives,
        ErrorVariant::CustomError { .. } => &[],
    };
    let found = tokens.clone().find(|index| reader.tokens[*index].end > at && !reader.tokens[*index].is_comment());
    let failure = Failure { piece, found: found.unwrap_or(tokens.end), tokens, expected };
    if let Some(diagnostic) = slip::known(reader, &failure) {
        return diagnostic;
    }
    let origin = place(reader, &failure);
    let label = match words(expected) {
        Some(words) => format!("expected {words}"),
        None => "this does not belong here".to_owned(),
    };
    let (why, help) = shape(piece);
    Diagnostic::new(Code::Syntax, origin, label).why(why).help(help)
}

/// The place of the token that does not fit, or the end of the piece if one is missing.
pub(super) fn place(reader: &mut Reader<'_>, failure: &Failure<'_>) -> Origin {
    if failure.tokens.contains(&failure.found) {
        return reader.token_origin(failure.found);
    }
    let end = reader.tokens[..failure.tokens.end].last().map_or(0, |token| token.end);
    reader.places.add(end..end)
}

/// `a type, such as …, or a number`.
fn words(expected: &[Rule]) -> Option<String> {
    let mut words: Vec<String> = Vec::new();
    // A `:` is among them only because the word before could also have been a field's name.
    let only_colon = expected.iter().all(|rule| matches!(rule, Rule::colon | Rule::minus));
    for rule in expected.iter().filter(|rule| only_colon || **rule != Rule::colon) {
        if let Some(word) = word(*rule)
            && !words.contains(&word)
        {
            words.push(word);
        }
    }
    let last = words.pop()?;
    Some(if words.is_empty() { last } else { format!("{} or {last}", words.join(", ")) })
}

/// A rule in the words of a reader; none for those that are of no help.
fn word(rule: Rule) -> Option<String> {
    let word = match rule {
        Rule::colon => "`:`",
        Rule::equal_sign => "`=`",
        Rule::arrow => "`->`",
        Rule::fat_arrow => "`=>`",
        Rule::open => "`{`",
        Rule::close => "`}`",
        Rule::close_bracket => "`]`",
        Rule::close_paren => "`)`",
        Rule::equal_to => "`==`",
        Rule::ty | Rule::type_ref | Rule::type_word => "a type, such as `u32` or `bytes[n]`",
        Rule::name | Rule::protocol_name => "a name in small letters",
        Rule::type_name => "a name in CamelCase",
        Rule::const_name => "a constant such as `MAX`",
        Rule::int | Rule::number => "a number",
        Rule::string => "a string in quotes",
        Rule::literal => "bytes such as `\"\\r\\n\"` or `hex \"0d 0a\"`",
        Rule::const_value => "a number or bytes",
        Rule::delimiter => "a delimiter such as `\"\\n\"`",
        Rule::side => "`client` or `server`",
        Rule::pairing => "`in order` or `by` and a field",
        Rule::field | Rule::named | Rule::fields => "a field such as `len: u32`",
        Rule::attr => "an attribute such as `until \"\\n\"` or `max 1M`",
        Rule::extent => "a length in brackets",
        Rule::expr | Rule::unary | Rule::primary => "a value such as `5` or `size(self)`",
        Rule::dots => "`..=`",
        Rule::range => "a range such as `1..=5`",
        Rule::value => "a value",
        Rule::member => "`field: value`",
        Rule::variant | Rule::variants => "a variant such as `Hello = 1`",
        Rule::limit => "`frame` and a number of bytes",
        Rule::header_option => "`port` or `endian`",
        Rule::layout_attr => "the next declaration",
        Rule::arm | Rule::pattern => "a case such as `1 Name { … }`",
        _ => return format!("{rule:?}").strip_prefix("kw_").map(|keyword| format!("`{keyword}`")),
    };
    Some(word.to_owned())
}

/// How a piece is written: why it cannot be as it is, and an example.
fn shape(piece: Rule) -> (&'static str, &'static str) {
    match piece {
        Rule::protocol_piece => (
            "the first line names the protocol and says its port and byte order",
            "for example `protocol chat v2 port 2347 endian little`",
        ),
        Rule::limit_piece => ("a limit is a word and a number of bytes", "for example `limit frame 2G`"),
        Rule::const_piece => ("a constant has a name and a value", "for example `const MAGIC = \"****\"for example `"),
        Rule::exchange_piece => (
            "an exchange names a request, its replies and how they are paired",
            "for example `exchange Ask -> Answer | Refusal in order`",
        ),
        Rule::message_head => {
            ("a message has a name, perhaps a sender, and fields in braces", "for example `message Ask from client {`")
        }
        Rule::struct_head => ("a struct has a name, and fields in braces", "for example `struct Point {`"),
        Rule::json_head => ("a JSON body has a name, and members in braces", "for example `json File {`"),
        Rule::enum_head => {
            ("an enum has a name, an integer type or `ascii`, and variants in braces", "for example `enum Kind: u8 {`")
        }
        Rule::test_head => ("a test has a name in quotes, and cases in braces", "for example `test \"a line\" {`"),
        Rule::recover_head | Rule::recovers => {
            ("a rule says what to do with a fault", "for example `recover { bad_magic => close }`")
        }
        Rule::fields => (
            "a line of a layout is a name, `:`, a type, and what bounds it",
            "for example `text: str until \"\\n\" max 4K`",
        ),
        Rule::variants => {
            ("a variant is a name and perhaps its value or range", "for example `Hello = 1, Vendor = 0xE0..=0xFF, _`")
        }
        Rule::cases => (
            "a case is bytes, and what must come of them",
            "for example `\"hi\\n\" == Line { text: \"hi\" }`, or `decodes`, `rejects text`, `needs 1` in place of `==`",
        ),
        Rule::value_piece => ("a message is its name, and its fields in braces", "for example `Line { text: \"hi\" }`"),
        Rule::layout_tail | Rule::no_tail => {
            ("a declaration ends at its `}`", "start the next declaration on a line of its own")
        }
        Rule::union_piece => {
            ("a union is a name, and cases in braces", "for example `union Address { 1 V4 { ip: bytes[4] } }`")
        }
        Rule::session_piece => {
            ("a session is made of states", "for example `session { start Open { client Ask -> Open } }`")
        }
        Rule::int_piece => (
            "an escaping integer has a type, and what its largest values stand for",
            "for example `int Len: u8 { 254 => u16, 255 => u64 }`",
        ),
        Rule::frame_piece => ("a frame names an envelope", "for example `frame slip max 4K`"),
        Rule::import_piece => ("an import names a file", "for example `import \"common.wm\"`"),
        _ => (
            "an extern names what is written in Rust: a type, a function, or a transform",
            "for example `extern type Time: u64 = \"crate::Time\"`, `extern fn sum() -> u16 = \"crate::sum\"`, \
             `extern via packed = \"crate::Packed\"`",
        ),
    }
}
