//! What the builders of a draft share: the source, its tokens, the places given out and the mistakes found so far.

use super::grammar::{Grammar, Pair, Rule};
use super::literal::{self, BadLiteral};
use super::mistake;
use super::places::Places;
use super::token::{Token, tokens};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{LayoutDraft, Literal, Name, Origin, Spanned};
use pest::Parser as _;
use std::collections::BTreeSet;
use std::ops::Range;

/// A file that is being read.
pub(super) struct Reader<'s> {
    pub(super) source: &'s str,
    pub(super) tokens: Vec<Token>,
    pub(super) places: Places,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// Tokens that make their piece unreadable and have been reported.
    broken: BTreeSet<usize>,
    /// Where the piece starts that is being built: the places of pest count from there.
    base: usize,
    /// What the piece stands in: the layout, and its field whose type is being read. What has no name is called after them.
    pub(super) owners: Vec<String>,
    /// Layouts without a name of their own, found within others.
    pub(super) nameless: Vec<LayoutDraft>,
    /// The files that it imports.
    pub(super) imports: Vec<Spanned<String>>,
}

impl<'s> Reader<'s> {
    pub(super) fn new(source: &'s str) -> Self {
        Self {
            source,
            tokens: tokens(source),
            places: Places::new(source),
            diagnostics: Vec::new(),
            broken: BTreeSet::new(),
            base: 0,
            owners: Vec::new(),
            nameless: Vec::new(),
            imports: Vec::new(),
        }
    }

    /// Reads an imported file with a reader of its own, which gives out places and reports mistakes as this one does.
    pub(super) fn within(&mut self, path: &str, source: &str, read: impl FnOnce(&mut Reader<'_>)) {
        let mut inner = Reader::new(source);
        std::mem::swap(&mut inner.places, &mut self.places);
        std::mem::swap(&mut inner.diagnostics, &mut self.diagnostics);
        let outer = inner.places.enter(path, source);
        read(&mut inner);
        inner.places.leave(outer);
        std::mem::swap(&mut inner.places, &mut self.places);
        std::mem::swap(&mut inner.diagnostics, &mut self.diagnostics);
    }

    // ── Tokens ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// The spelling of a token; empty behind the last.
    pub(super) fn text(&self, index: usize) -> &'s str {
        self.tokens.get(index).map_or("", |token| token.text(self.source))
    }

    /// Whether the token is this sign.
    pub(super) fn is_sign(&self, index: usize, sign: &str) -> bool {
        self.tokens.get(index).is_some_and(|token| token.is_sign(self.source, sign))
    }

    /// The token before, comments left out.
    pub(super) fn before(&self, index: usize) -> Option<usize> {
        self.tokens[..index].iter().rposition(|token| !token.is_comment())
    }

    /// Whether the token is the first of its line that is no comment.
    pub(super) fn starts_line(&self, index: usize) -> bool {
        let from = self.before(index).map_or(0, |before| before + 1);
        from == 0 || self.tokens[from..=index].iter().any(|token| token.breaks > 0)
    }

    /// The place of a token.
    pub(super) fn token_origin(&mut self, index: usize) -> Origin {
        let end = self.source.len();
        let range = self.tokens.get(index).map_or(end..end, |token| token.start..token.end);
        self.places.add(range)
    }

    /// Reports what can be no token at all.
    pub(super) fn report_broken_tokens(&mut self) {
        for index in 0..self.tokens.len() {
            let token = self.tokens[index];
            if token.is_broken() {
                let origin = self.token_origin(index);
                self.report_broken(index, mistake::broken_token(token, token.text(self.source), origin));
            }
        }
    }

    // ── Mistakes ────────────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn report(&mut self, diagnostic: Diagnostic) {
        self.diagnostics.push(diagnostic);
    }

    /// Reports a mistake that makes the piece around the token unreadable.
    pub(super) fn report_broken(&mut self, index: usize, diagnostic: Diagnostic) {
        self.broken.insert(index);
        self.diagnostics.push(diagnostic);
    }

    /// Whether the token was reported to make its piece unreadable.
    pub(super) fn is_broken(&self, index: usize) -> bool {
        self.broken.contains(&index)
    }

    // ── Pieces ──────────────────────────────────────────────────────────────────────────────────────────────────────

    /// Parses the tokens as one piece; a mistake is reported, and nothing comes of the piece.
    pub(super) fn piece(&mut self, rule: Rule, tokens: Range<usize>) -> Option<Pair<'s>> {
        if self.broken.range(tokens.clone()).next().is_some() {
            return None;
        }
        let start = self.tokens.get(tokens.start).map_or(self.source.len(), |token| token.start);
        let end = if tokens.is_empty() { start } else { self.tokens[tokens.end - 1].end };
        self.base = start;
        match Grammar::parse(rule, &self.source[start..end]) {
            Ok(mut pairs) => pairs.next(),
            Err(error) => {
                let at = match error.location {
                    pest::error::InputLocation::Pos(at) | pest::error::InputLocation::Span((at, _)) => start + at,
                };
                let diagnostic = mistake::explain(self, rule, tokens, at, &error);
                self.report(diagnostic);
                None
            }
        }
    }

    /// The place of what pest has found, without the blanks and comments behind it.
    pub(super) fn origin(&mut self, pair: &Pair<'_>) -> Origin {
        let range = self.range(pair);
        self.places.add(range)
    }

    pub(super) fn range(&self, pair: &Pair<'_>) -> Range<usize> {
        let span = pair.as_span();
        let (start, end) = (self.base + span.start(), self.base + span.end());
        let behind = self.tokens.partition_point(|token| token.start < end);
        let last = self.tokens[..behind].iter().rfind(|token| !token.is_comment());
        start..last.map_or(end, |token| token.end.min(end)).max(start)
    }

    // ── Words and literals ──────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn name(&mut self, pair: &Pair<'_>) -> Name {
        Name { text: self.spelling(pair).to_owned(), origin: self.origin(pair) }
    }

    /// What stands in the source, without the blanks and comments behind it.
    pub(super) fn spelling(&self, pair: &Pair<'_>) -> &'s str {
        &self.source[self.range(pair)]
    }

    /// A value and its place.
    pub(super) fn spanned<T>(&mut self, pair: &Pair<'_>, value: T) -> Spanned<T> {
        Spanned { value, origin: self.origin(pair) }
    }

    /// `int`.
    pub(super) fn int(&mut self, pair: &Pair<'_>) -> Option<i128> {
        let value = literal::int(self.spelling(pair));
        self.literal_value(pair, value)
    }

    /// `int`, where it stands for a size.
    pub(super) fn size(&mut self, pair: &Pair<'_>) -> Option<Spanned<u128>> {
        let value = u128::try_from(self.int(pair)?).ok()?;
        Some(self.spanned(pair, value))
    }

    /// `number`: a whole number, perhaps negative, or a character.
    pub(super) fn number(&mut self, pair: Pair<'_>) -> Option<i128> {
        let mut negative = false;
        let mut value = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::minus => negative = true,
                Rule::int => value = Some(self.int(&part)?),
                Rule::character => value = Some(self.character(&part)?),
                _ => {}
            }
        }
        value.map(|value| if negative { -value } else { value })
    }

    /// The byte of a character that stands for a number.
    fn character(&mut self, pair: &Pair<'_>) -> Option<i128> {
        let bytes = self.quoted(pair)?;
        if let [byte] = bytes[..] {
            return Some(byte.into());
        }
        let diagnostic = Diagnostic::new(Code::BadLiteral, self.origin(pair), "not one byte")
            .why("a character that stands for a number is one byte")
            .help("write one ASCII character, such as `'A'`, or the number itself");
        self.report(diagnostic);
        None
    }

    /// `range`: both ends of it, included.
    pub(super) fn number_range(&mut self, pair: &Pair<'_>) -> Option<Spanned<(i128, i128)>> {
        let numbers = pair.clone().into_inner().filter(|part| part.as_rule() == Rule::number);
        let ends: Vec<i128> = numbers.filter_map(|end| self.number(end)).collect();
        let included = pair.as_str().contains("..=");
        match ends[..] {
            [first, last] if included => Some(self.spanned(pair, (first, last))),
            [first, behind] => Some(self.spanned(pair, (first, behind.saturating_sub(1)))),
            _ => None,
        }
    }

    /// The bytes of a `literal`.
    pub(super) fn bytes(&mut self, pair: Pair<'_>) -> Option<Vec<u8>> {
        let part = pair.into_inner().next()?;
        match part.as_rule() {
            Rule::kw_crlf => Some(b"\r\n".to_vec()),
            Rule::kw_lf => Some(b"\n".to_vec()),
            Rule::hex_string => {
                let string = part.into_inner().find(|part| part.as_rule() == Rule::string)?;
                let value = literal::hex(string.as_str());
                self.literal_value(&string, value)
            }
            _ => self.quoted(&part),
        }
    }

    /// The bytes of a `string` or `character`.
    pub(super) fn quoted(&mut self, pair: &Pair<'_>) -> Option<Vec<u8>> {
        let value = literal::quoted(pair.as_str());
        self.literal_value(pair, value)
    }

    /// `literal`, `int`, `number` or `const_name`.
    pub(super) fn literal(&mut self, pair: Pair<'_>) -> Option<Literal> {
        match pair.as_rule() {
            Rule::int => self.int(&pair).map(Literal::Int),
            Rule::number => self.number(pair).map(Literal::Int),
            Rule::const_name => Some(Literal::Const(self.spelling(&pair).to_owned())),
            _ => self.bytes(pair).map(Literal::Bytes),
        }
    }

    /// [`Self::literal`] and its place.
    pub(super) fn spanned_literal(&mut self, pair: Pair<'_>) -> Option<Spanned<Literal>> {
        let origin = self.origin(&pair);
        Some(Spanned { value: self.literal(pair)?, origin })
    }

    fn literal_value<T>(&mut self, pair: &Pair<'_>, value: Result<T, BadLiteral>) -> Option<T> {
        match value {
            Ok(value) => Some(value),
            Err(bad) => {
                let start = self.base + pair.as_span().start();
                let origin = self.places.add(start + bad.at.start..start + bad.at.end);
                self.report(Diagnostic::new(bad.code, origin, bad.label).why(bad.why).help(bad.help));
                None
            }
        }
    }

    /// The lines of the doc comments in front of something.
    pub(super) fn docs(pair: &Pair<'_>) -> Vec<String> {
        pair.clone()
            .into_inner()
            .filter(|part| part.as_rule() == Rule::doc)
            .map(|part| doc_line(part.as_str()))
            .collect()
    }
}

/// A line of a doc comment without its slashes and the first blank.
fn doc_line(text: &str) -> String {
    let text = text.strip_prefix("///").unwrap_or(text);
    text.strip_prefix(' ').unwrap_or(text).trim_end().to_owned()
}
