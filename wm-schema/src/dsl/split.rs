//! Cuts a file into items, and the body of an item into lines, by its tokens alone.
//!
//! So the parser gets one small piece at a time, and a mistake in one piece is found beside those in all others. What
//! is wrong with brackets, quotes and the words in front of items is reported here, with the place where it began.

use super::reader::Reader;
use super::token::{Token, TokenKind};
use crate::diagnostic::{Code, Diagnostic};
use std::ops::Range;

/// How deep brackets may nest: the parser recurses over them.
const DEPTH_MAX: usize = 48;

/// The words that an item starts with.
pub(super) const ITEM_WORDS: [&str; 16] = [
    "protocol", "limit", "const", "enum", "message", "struct", "json", "exchange", "recover", "test", "import",
    "frame", "int", "extern", "union", "session",
];

/// Words that carry an item or a line on when they stand first on the next line.
const CONTINUING_WORDS: [&str; 27] = [
    "until",
    "max",
    "trim",
    "in",
    "stream",
    "pad",
    "escape",
    "via",
    "nocase",
    "minimal",
    "if",
    "else",
    "where",
    "since",
    "as",
    "at",
    "backward",
    "decodes",
    "rejects",
    "needs",
    "port",
    "endian",
    "over",
    "from",
    "by",
    "depth",
    "extensible",
];

/// A top-level item, as ranges of tokens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Item {
    /// The token that it starts with, behind its doc comments.
    pub(super) word: usize,
    /// All its tokens, doc comments included.
    pub(super) all: Range<usize>,
    /// Its first `{` and the `}` of that, if it has them.
    pub(super) braces: Option<(usize, Option<usize>)>,
}

impl Item {
    /// Its tokens up to its `{`, that included.
    pub(super) fn head(&self) -> Range<usize> {
        self.all.start..self.braces.map_or(self.all.end, |(open, _)| open + 1)
    }

    /// The tokens between its braces.
    pub(super) fn body(&self) -> Range<usize> {
        match self.braces {
            Some((open, close)) => open + 1..close.unwrap_or(self.all.end),
            None => self.all.end..self.all.end,
        }
    }

    /// The tokens behind its `}`.
    pub(super) fn tail(&self) -> Range<usize> {
        match self.braces {
            Some((_, Some(close))) => close + 1..self.all.end,
            _ => self.all.end..self.all.end,
        }
    }
}

/// Cuts the file into its items.
pub(super) fn items(reader: &mut Reader<'_>) -> Vec<Item> {
    reader.report_broken_tokens();
    let mut splitter = Splitter { reader, items: Vec::new(), open: Vec::new(), current: None };
    for index in 0..splitter.reader.tokens.len() {
        splitter.take(index);
    }
    splitter.finish()
}

/// Cuts the body of an item into lines.
pub(super) fn lines(reader: &Reader<'_>, body: Range<usize>) -> Vec<Range<usize>> {
    let mut lines: Vec<Range<usize>> = Vec::new();
    let mut depth = 0usize;
    let mut only_docs = false;
    for index in body {
        let token = reader.tokens[index];
        if token.is_comment() {
            continue;
        }
        let starts = depth == 0 && reader.starts_line(index) && !only_docs && !continues(reader, index);
        match lines.last_mut() {
            Some(line) if !starts => line.end = index + 1,
            _ => lines.push(index..index + 1),
        }
        only_docs = token.kind == TokenKind::Doc;
        match bracket(reader.source, token) {
            Some(Bracket::Open) => depth += 1,
            Some(Bracket::Close) => depth = depth.saturating_sub(1),
            None => {}
        }
    }
    lines
}

/// Whether the token cannot be the first of an item or a line.
pub(super) fn continues(reader: &Reader<'_>, index: usize) -> bool {
    let token = reader.tokens[index];
    match token.kind {
        TokenKind::Sign => true,
        TokenKind::Word => CONTINUING_WORDS.contains(&reader.text(index)) && !reader.is_sign(index + 1, ":"),
        _ => false,
    }
}

enum Bracket {
    Open,
    Close,
}

fn bracket(source: &str, token: Token) -> Option<Bracket> {
    if token.kind != TokenKind::Sign {
        return None;
    }
    match token.text(source) {
        "{" | "[" | "(" => Some(Bracket::Open),
        "}" | "]" | ")" => Some(Bracket::Close),
        _ => None,
    }
}

struct Splitter<'r, 's> {
    reader: &'r mut Reader<'s>,
    items: Vec<Item>,
    /// The brackets that are open, innermost last.
    open: Vec<usize>,
    current: Option<Item>,
}

impl Splitter<'_, '_> {
    fn take(&mut self, index: usize) {
        let token = self.reader.tokens[index];
        if token.is_comment() {
            return;
        }
        if self.starts_item(index) {
            self.close_all(index);
            self.start_item(index);
        } else if self.only_docs()
            && let Some(item) = &mut self.current
        {
            item.word = index;
        }
        match bracket(self.reader.source, token) {
            Some(Bracket::Open) => self.take_open(index),
            Some(Bracket::Close) => self.take_close(index),
            None => {}
        }
        if let Some(item) = &mut self.current {
            item.all.end = index + 1;
        }
    }

    fn starts_item(&self, index: usize) -> bool {
        let reader = &self.reader;
        let token = reader.tokens[index];
        if token.kind == TokenKind::Doc {
            return self.open.is_empty() && !self.only_docs();
        }
        let first_on_line = reader.starts_line(index);
        let behind_brace = reader.before(index).is_some_and(|before| reader.is_sign(before, "}"));
        if self.current.is_none() {
            return true;
        }
        if token.kind != TokenKind::Word || !(first_on_line || behind_brace) || self.only_docs() {
            return false;
        }
        if !self.open.is_empty() {
            return first_on_line && self.is_surely_an_item(index);
        }
        let keyword = ITEM_WORDS.contains(&reader.text(index));
        let of_limit = reader.before(index).is_some_and(|before| reader.text(before) == "limit");
        let version = reader.text(index).strip_prefix('v').is_some_and(|rest| rest.parse::<u32>().is_ok());
        !of_limit && !version && !continues(reader, index) && (keyword || first_on_line)
    }

    /// Whether the current item consists of doc comments only: what follows belongs to it.
    fn only_docs(&self) -> bool {
        self.current.as_ref().is_some_and(|item| self.reader.tokens[item.word].kind == TokenKind::Doc)
    }

    /// Whether a word inside of open braces is an item all the same: then a `}` is missing before it.
    fn is_surely_an_item(&self, index: usize) -> bool {
        let reader = &self.reader;
        let next = reader.tokens.get(index + 1).map(|token| token.kind);
        match reader.text(index) {
            "protocol" | "limit" | "const" | "enum" | "message" | "struct" | "exchange" | "union" => {
                next == Some(TokenKind::Word)
            }
            "recover" | "session" => reader.is_sign(index + 1, "{"),
            "test" => next == Some(TokenKind::String),
            _ => false,
        }
    }

    fn start_item(&mut self, index: usize) {
        self.items.extend(self.current.take());
        self.current = Some(Item { word: index, all: index..index + 1, braces: None });
    }

    fn take_open(&mut self, index: usize) {
        let reader = &mut *self.reader;
        if self.open.len() == DEPTH_MAX {
            let diagnostic = Diagnostic::new(Code::Syntax, reader.token_origin(index), "nested too deeply")
                .why(format!("brackets may stand in one another {DEPTH_MAX} times"))
                .help("give the inner part a name of its own: a `struct`");
            reader.report_broken(index, diagnostic);
        }
        if let Some(item) = &mut self.current
            && item.braces.is_none()
            && self.open.is_empty()
            && reader.is_sign(index, "{")
        {
            item.braces = Some((index, None));
        }
        self.open.push(index);
    }

    fn take_close(&mut self, index: usize) {
        let opening = match self.reader.text(index) {
            "}" => "{",
            "]" => "[",
            _ => "(",
        };
        let Some(depth) = self.open.iter().rposition(|open| self.reader.text(*open) == opening) else {
            let text = self.reader.text(index);
            let diagnostic =
                Diagnostic::new(Code::Syntax, self.reader.token_origin(index), format!("this `{text}` closes nothing"))
                    .why(format!("no `{opening}` is open here"))
                    .help(format!("take it away, or add the `{opening}` that belongs to it"));
            self.reader.report_broken(index, diagnostic);
            return;
        };
        let unclosed = self.open.split_off(depth + 1);
        self.report_unclosed(&unclosed, index);
        self.open.pop();
        if let Some(item) = &mut self.current
            && self.open.is_empty()
            && let Some((open, close @ None)) = &mut item.braces
            && *open < index
        {
            *close = Some(index);
        }
    }

    /// Reports every bracket that is still open before the token at `index`.
    fn close_all(&mut self, index: usize) {
        let unclosed = std::mem::take(&mut self.open);
        self.report_unclosed(&unclosed, index);
    }

    /// Reports the outermost of the brackets that nothing closes before the token at `found`: one mistake, one message.
    fn report_unclosed(&mut self, unclosed: &[usize], found: usize) {
        let Some(&open) = unclosed.first() else { return };
        let reader = &mut *self.reader;
        let (opening, closing) = match reader.text(open) {
            "{" => ("{", "}"),
            "[" => ("[", "]"),
            _ => ("(", ")"),
        };
        let mut diagnostic =
            Diagnostic::new(Code::Syntax, reader.token_origin(open), format!("this `{opening}` is never closed"))
                .why(format!("its `{closing}` is missing"))
                .help(format!("add a `{closing}`"));
        if found < reader.tokens.len() {
            diagnostic = diagnostic.note(reader.token_origin(found), format!("expected the `{closing}` before this"));
        }
        // A missing brace leaves the lines in it readable; an open `[` or `(` spoils its line.
        if opening == "{" { reader.report(diagnostic) } else { reader.report_broken(open, diagnostic) }
    }

    fn finish(mut self) -> Vec<Item> {
        self.close_all(self.reader.tokens.len());
        self.items.extend(self.current.take());
        self.items
    }
}
