//! The slips that everybody makes, and what to type instead: other languages' habits, upper and lower case, a forgotten
//! sign.

use super::grammar::Rule;
use super::mistake::{Failure, place};
use super::reader::Reader;
use super::token::TokenKind;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::Origin;
use crate::resolve::suggest;

/// The words that may follow a type.
const ATTRIBUTES: [&str; 14] =
    ["until", "max", "trim", "in", "stream", "if", "where", "pad", "via", "since", "as", "at", "nocase", "minimal"];

/// A doc comment with nothing under it.
pub(super) fn dangling_doc(origin: Origin) -> Diagnostic {
    Diagnostic::new(Code::Syntax, origin, "this doc comment stands above nothing")
        .why("a `///` comment belongs to what follows it")
        .help("move it above what it speaks of, or make it a plain comment: `//`")
}

/// What is said of a slip: the label, why, and the help.
type Words = (String, &'static str, String);

/// The slip behind a failure, if it is a known one.
pub(super) fn known(reader: &mut Reader<'_>, failure: &Failure<'_>) -> Option<Diagnostic> {
    let last = failure.tokens.clone().rfind(|index| !reader.tokens[*index].is_comment())?;
    if reader.tokens[last].kind == TokenKind::Doc {
        return Some(dangling_doc(reader.token_origin(last)));
    }
    let failure = &blamed(reader, failure);
    let (label, why, help) = match failure.piece {
        Rule::fields => field(reader, failure),
        Rule::cases => case(reader, failure),
        Rule::protocol_piece => header(reader, failure),
        Rule::const_piece => constant(reader, failure),
        Rule::exchange_piece => exchange(reader, failure),
        Rule::message_head => message(reader, failure).or_else(|| type_name(reader, failure)),
        _ => type_name(reader, failure),
    }?;
    Some(Diagnostic::new(Code::Syntax, place(reader, failure), label).why(why).help(help))
}

/// Behind a type the parser takes an unknown word for the next field's name, and misses the `:` behind it. Unless a
/// field without its colon is likelier, the word itself is to blame: it was meant as an attribute.
fn blamed<'e>(reader: &Reader<'_>, failure: &Failure<'e>) -> Failure<'e> {
    let Failure { piece, ref tokens, found, expected } = *failure;
    let is_field = piece == Rule::fields && expected == [Rule::colon] && found > first(reader, failure) + 1;
    let word = reader.text(found.saturating_sub(1));
    let then_word = tokens.contains(&found) && is_word(reader, found);
    if is_field && (!then_word || suggest::nearest(word, ATTRIBUTES).is_some()) {
        return Failure { piece, tokens: tokens.clone(), found: found - 1, expected: &[Rule::attr] };
    }
    Failure { piece, tokens: tokens.clone(), found, expected }
}

fn expects(failure: &Failure<'_>, rule: Rule) -> bool {
    failure.expected.contains(&rule)
}

fn is_word(reader: &Reader<'_>, index: usize) -> bool {
    reader.tokens.get(index).is_some_and(|token| token.kind == TokenKind::Word)
}

/// The first token of the line that says something.
fn first(reader: &Reader<'_>, failure: &Failure<'_>) -> usize {
    let says = |index: &usize| reader.tokens[*index].kind != TokenKind::Doc && !reader.tokens[*index].is_comment();
    failure.tokens.clone().find(says).unwrap_or(failure.tokens.start)
}

fn field(reader: &Reader<'_>, failure: &Failure<'_>) -> Option<Words> {
    let found = failure.found;
    let text = if failure.tokens.contains(&found) { reader.text(found) } else { "" };
    if is_upper_field(reader, found) {
        let (label, why) = (format!("`{text}` is no name for a field"), "fields are in snake_case, types in CamelCase");
        return Some((label, why, format!("write `{}`", snake_case(text))));
    }
    if found > failure.tokens.start && reader.text(found - 1) == "else" {
        let (label, why) = ("expected a number", "it is what a length says where that which it measures is not there");
        return Some((label.to_owned(), why, "write `else -1`".to_owned()));
    }
    if expects(failure, Rule::range) || expects(failure, Rule::dots) || expects(failure, Rule::number) {
        let why = "a range names its first and its last value";
        return Some(("expected a range such as `1..=5`".into(), why, "write `in 1..=5`".into()));
    }
    if failure.expected == [Rule::colon] {
        return colon(reader, failure, text);
    }
    if expects(failure, Rule::ty) {
        return ty(reader, failure, text);
    }
    if expects(failure, Rule::attr) {
        return attribute(reader, found, text);
    }
    None
}

fn is_upper_field(reader: &Reader<'_>, index: usize) -> bool {
    is_word(reader, index)
        && reader.text(index).starts_with(|letter: char| letter.is_ascii_uppercase())
        && reader.is_sign(index + 1, ":")
}

/// Something else than `:` behind the name of a field.
fn colon(reader: &Reader<'_>, failure: &Failure<'_>, text: &str) -> Option<Words> {
    let why = "a field is written `name: type`";
    let name = reader.text(failure.found.checked_sub(1)?);
    if text == "=" {
        let ty = reader.text(failure.found + 1);
        let help = format!("write `{name}: {ty}`; a `=` behind the type says what the value is equal to");
        return Some(("expected `:` and a type".into(), why, help));
    }
    if !is_word(reader, failure.found) || text.is_empty() {
        return None;
    }
    if is_type_word(name) && !is_type_word(text) {
        return Some(("the name comes before the type".into(), why, format!("write `{text}: {name}`")));
    }
    Some((format!("expected `:` before `{text}`"), why, format!("write `{name}: {text}`")))
}

fn is_type_word(word: &str) -> bool {
    let number = word.strip_prefix(['u', 'i', 'f']).map(|rest| rest.trim_end_matches("le").trim_end_matches("be"));
    number.is_some_and(|digits| digits.parse::<u8>().is_ok())
        || ["bytes", "str", "ascii", "json", "varint", "dec", "hex"].contains(&word)
        || word.starts_with(|letter: char| letter.is_ascii_uppercase())
}

/// Something else than a type behind the `:`.
fn ty(reader: &Reader<'_>, failure: &Failure<'_>, text: &str) -> Option<Words> {
    match text {
        "[" => {
            let (element, count) = (reader.text(failure.found + 1), reader.text(failure.found + 3));
            let known = is_word(reader, failure.found + 1) && reader.is_sign(failure.found + 2, ";");
            let help =
                if known { format!("write `{element}[{count}]`") } else { "write `u8[4]`, or `bytes[4]`".into() };
            Some((
                "expected a type before the brackets".into(),
                "the type comes first, then how many in brackets",
                help,
            ))
        }
        "&" => {
            let why = "a schema describes bytes on the wire; that Rust borrows them goes without saying";
            Some(("there are no references".into(), why, "write `bytes[..]`, or `str until \"\\n\"`".into()))
        }
        _ => None,
    }
}

/// Something else than an attribute behind a type.
fn attribute(reader: &Reader<'_>, found: usize, text: &str) -> Option<Words> {
    if text == "<" {
        let why = "there are no generic types";
        let help = "a list is written `Item[n]`, `Item[u16]` or `Item[..]`, bytes `bytes[..]`";
        return Some(("expected a length in brackets".into(), why, help.into()));
    }
    if !is_word(reader, found) {
        return None;
    }
    let before = reader.before(found).map(|before| reader.text(before)).unwrap_or_default();
    if ATTRIBUTES.contains(&text) && before.len() == 1 && before.starts_with(|first: char| first.is_ascii_uppercase()) {
        let label = format!("`{before}` is read as a constant, for which there is no `{text}`");
        let why = "a name of one capital alone is that of a constant";
        return Some((label, why, "give the type a name with a small letter in it".into()));
    }
    if ATTRIBUTES.contains(&text) {
        let why = "its bytes say all of it; only whether it is there may depend on other fields";
        return Some((format!("a constant takes no `{text}`"), why, format!("take `{text}` out, or write `if …`")));
    }
    let label = format!("there is no attribute `{text}`");
    let why = "what follows a type says what bounds it, or what it is equal to";
    let help = match suggest::nearest(text, ATTRIBUTES) {
        Some(nearest) => format!("did you mean `{nearest}`?"),
        None => "there are `until`, `max`, `trim`, `in`, `stream` and `= …`; the next field starts with `name:`".into(),
    };
    Some((label, why, help))
}

fn case(reader: &Reader<'_>, failure: &Failure<'_>) -> Option<Words> {
    if expects(failure, Rule::equal_to) && reader.is_sign(failure.found, "=") && failure.tokens.contains(&failure.found)
    {
        let why = "`==` says that both are the same, in both directions; `=` is for equations of fields";
        return Some(("expected `==`".into(), why, "write `==`".into()));
    }
    if expects(failure, Rule::colon) {
        let name = reader.text(failure.found.checked_sub(1)?);
        let why = "in a value a field is written as in Rust: `field: value`";
        return Some((format!("expected `:` behind `{name}`"), why, format!("write `{name}: …`")));
    }
    None
}

fn header(reader: &Reader<'_>, failure: &Failure<'_>) -> Option<Words> {
    let text = reader.text(failure.found);
    if (expects(failure, Rule::protocol_name) || expects(failure, Rule::name)) && is_word(reader, failure.found) {
        let why = "a protocol gives its name to a Rust module and to a scheme: `chat://127.0.0.1:2347`";
        return Some((format!("`{text}` is no name for a protocol"), why, format!("write `{}`", snake_case(text))));
    }
    if text == "over" && failure.tokens.contains(&failure.found) {
        let why = "a protocol is one of streams, unless each of its messages is a datagram";
        return Some(("the transport is not said here".into(), why, "for UDP write `frame datagram` below".into()));
    }
    if (text == ":" || text == "=") && failure.tokens.contains(&failure.found) {
        let before = reader.text(failure.found.checked_sub(1)?);
        let value = reader.text(failure.found + 1);
        let label = format!("`{text}` behind `{before}`");
        return Some((label, "the words of this line stand next to their values", format!("write `{before} {value}`")));
    }
    None
}

fn constant(reader: &Reader<'_>, failure: &Failure<'_>) -> Option<Words> {
    let text = reader.text(failure.found);
    if expects(failure, Rule::const_name) && is_word(reader, failure.found) {
        let why = "constants are in capitals: so one can tell them from types and fields";
        let name = snake_case(text).to_ascii_uppercase();
        return Some((format!("`{text}` is no name for a constant"), why, format!("write `{name}`")));
    }
    if text == ":" && failure.tokens.contains(&failure.found) {
        let name = reader.text(failure.found.checked_sub(1)?);
        let why = "a constant is a number or bytes; the field that uses it has a type";
        return Some(("a constant has no type".into(), why, format!("write `const {name} = …`")));
    }
    None
}

fn exchange(reader: &Reader<'_>, failure: &Failure<'_>) -> Option<Words> {
    if expects(failure, Rule::arrow) {
        let why = "an exchange leads from a request to its replies";
        return Some(("expected `->`".into(), why, "write `exchange Ask -> Answer in order`".into()));
    }
    if expects(failure, Rule::pairing) {
        let why = "a reply must be paired with its request";
        let help = "add `in order` if replies come in the order of requests, or `by id` if a field says";
        return Some(("expected `in order` or `by` and a field".into(), why, help.into()));
    }
    type_name(reader, failure)
}

fn message(reader: &Reader<'_>, failure: &Failure<'_>) -> Option<Words> {
    let text = reader.text(failure.found);
    let why = "a message without a sender is sent by both sides";
    if expects(failure, Rule::side) {
        let lower = text.to_ascii_lowercase();
        let help = match lower.as_str() {
            "client" | "server" => format!("write `from {lower}`"),
            _ => "write `from client` or `from server`, or leave it out".into(),
        };
        return Some(("expected `client` or `server`".into(), why, help));
    }
    let side = ["client", "server"].contains(&text.to_ascii_lowercase().as_str());
    if side && expects(failure, Rule::kw_from) {
        return Some(("expected `from` before it".into(), why, format!("write `from {}`", text.to_ascii_lowercase())));
    }
    None
}

/// A lower-case word where a name in CamelCase must stand.
fn type_name(reader: &Reader<'_>, failure: &Failure<'_>) -> Option<Words> {
    if !expects(failure, Rule::type_name) || !is_word(reader, failure.found) || !failure.tokens.contains(&failure.found)
    {
        return None;
    }
    let text = reader.text(failure.found);
    let before = first(reader, failure);
    let what = if before + 1 == failure.found { reader.text(before) } else { "type" };
    let why = "types are in CamelCase, fields in snake_case: case alone tells `bytes[n]` from `bytes[Len]`";
    Some((format!("`{text}` is no name for a {what}"), why, format!("write `{}`", camel_case(text))))
}

/// `file_name` of `FileName`.
fn snake_case(word: &str) -> String {
    let mut snake = String::with_capacity(word.len() + 2);
    let mut after_small = false;
    for letter in word.chars() {
        if letter.is_ascii_uppercase() && after_small {
            snake.push('_');
        }
        after_small = letter.is_ascii_lowercase() || letter.is_ascii_digit();
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}

/// `FileName` of `file_name`.
fn camel_case(word: &str) -> String {
    let parts = word.split('_').filter(|part| !part.is_empty());
    parts.map(|part| part[..1].to_ascii_uppercase() + &part[1..]).collect()
}

#[cfg(test)]
mod tests {
    use super::{camel_case, snake_case};

    #[test]
    fn cases_of_names() {
        for (camel, snake) in [("FileName", "file_name"), ("Line", "line"), ("V4Address", "v4_address")] {
            assert_eq!((snake_case(camel).as_str(), camel_case(snake).as_str()), (snake, camel));
        }
        assert_eq!(snake_case("MAX_LEN"), "max_len");
    }
}
