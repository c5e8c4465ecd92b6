//! Words, numbers, strings, signs and comments of a file, in order: what the splitter and the formatter stand on.
//!
//! Every byte of a file is in a token or is blank between two. The tokens know nothing of the grammar; what cannot be a
//! token at all, such as a string without its end, is one of a kind of its own, for the splitter to report.

/// A token and the room before it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Token {
    /// What it is.
    pub(super) kind: TokenKind,
    /// Its first byte.
    pub(super) start: usize,
    /// The byte behind its last.
    pub(super) end: usize,
    /// How many line breaks stand between it and the token before.
    pub(super) breaks: usize,
}

/// What a token is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TokenKind {
    /// A name or keyword.
    Word,
    /// Digits, and all letters and digits that follow.
    Number,
    /// `"…"`.
    String,
    /// `'…'`.
    Character,
    /// A sign, of one to three characters.
    Sign,
    /// `/// …`.
    Doc,
    /// `// …`.
    LineComment,
    /// `/* … */`.
    BlockComment,
    /// `"…` or `'…` that its line does not end.
    OpenString,
    /// `/* …` that nothing ends.
    OpenComment,
    /// A character that the language does not use.
    Stranger,
}

impl Token {
    /// Its spelling.
    pub(super) fn text(self, source: &str) -> &str {
        &source[self.start..self.end]
    }

    /// Whether it is a comment that says nothing to the grammar.
    pub(super) fn is_comment(self) -> bool {
        matches!(self.kind, TokenKind::LineComment | TokenKind::BlockComment)
    }

    /// Whether it makes its piece unreadable.
    pub(super) fn is_broken(self) -> bool {
        matches!(self.kind, TokenKind::OpenString | TokenKind::OpenComment | TokenKind::Stranger)
    }

    /// Whether it is this sign.
    pub(super) fn is_sign(self, source: &str, sign: &str) -> bool {
        self.kind == TokenKind::Sign && self.text(source) == sign
    }
}

/// Signs of more than one character, longest first.
const LONG_SIGNS: [&str; 12] = ["..=", "..", "=>", "->", "==", "!=", "<=", ">=", "&&", "||", "<<", ">>"];

/// All tokens of a file.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut at = 0;
    let mut breaks = 0;
    while let Some(first) = source[at..].chars().next() {
        if matches!(first, ' ' | '\t' | '\r' | '\n') {
            breaks += usize::from(first == '\n');
            at += 1;
            continue;
        }
        let (kind, bytes) = token(&source[at..], first);
        tokens.push(Token { kind, start: at, end: at + bytes, breaks });
        at += bytes;
        breaks = 0;
    }
    tokens
}

/// The kind and the length of the token that `rest` starts with.
fn token(rest: &str, first: char) -> (TokenKind, usize) {
    match first {
        'a'..='z' | 'A'..='Z' | '_' => (TokenKind::Word, word_bytes(rest)),
        '0'..='9' => (TokenKind::Number, word_bytes(rest)),
        '"' | '\'' => quoted(rest, first),
        '/' if rest.starts_with("//") => {
            let doc = rest.starts_with("///") && !rest.starts_with("////");
            let kind = if doc { TokenKind::Doc } else { TokenKind::LineComment };
            (kind, rest.find('\n').unwrap_or(rest.len()))
        }
        '/' if rest.starts_with("/*") => match rest[2..].find("*/") {
            Some(end) => (TokenKind::BlockComment, end + 4),
            None => (TokenKind::OpenComment, rest.len()),
        },
        _ => match LONG_SIGNS.iter().find(|sign| rest.starts_with(**sign)) {
            Some(sign) => (TokenKind::Sign, sign.len()),
            None if "{}[]():=|,;.+-*/%&^<>!".contains(first) => (TokenKind::Sign, 1),
            None => (TokenKind::Stranger, first.len_utf8()),
        },
    }
}

fn word_bytes(rest: &str) -> usize {
    rest.find(|letter: char| !(letter.is_ascii_alphanumeric() || letter == '_')).unwrap_or(rest.len())
}

/// A string or a character: up to its quote, or to the end of the line if there is none.
fn quoted(rest: &str, quote: char) -> (TokenKind, usize) {
    let mut escaped = false;
    for (at, letter) in rest.char_indices().skip(1) {
        match letter {
            '\n' => return (TokenKind::OpenString, rest[..at].trim_end().len()),
            _ if escaped => escaped = false,
            '\\' => escaped = true,
            _ if letter == quote => {
                let kind = if quote == '"' { TokenKind::String } else { TokenKind::Character };
                return (kind, at + 1);
            }
            _ => {}
        }
    }
    (TokenKind::OpenString, rest.trim_end().len())
}

#[cfg(test)]
mod tests {
    use super::{TokenKind, tokens};

    fn kinds(source: &str) -> Vec<(TokenKind, &str)> {
        tokens(source).into_iter().map(|token| (token.kind, token.text(source))).collect()
    }

    #[test]
    fn kinds_of_tokens() {
        use TokenKind::{
            BlockComment, Character, Doc, LineComment, Number, OpenComment, OpenString, Sign, Stranger, String, Word,
        };
        let table: [(&str, &[(TokenKind, &str)]); 10] = [
            ("len: u32", &[(Word, "len"), (Sign, ":"), (Word, "u32")]),
            ("0..=63", &[(Number, "0"), (Sign, "..="), (Number, "63")]),
            ("a..b -> 0x1F_K", &[(Word, "a"), (Sign, ".."), (Word, "b"), (Sign, "->"), (Number, "0x1F_K")]),
            (r#""a\"b"'\''"#, &[(String, r#""a\"b""#), (Character, r"'\''")]),
            ("\"ab\n\"", &[(OpenString, "\"ab"), (OpenString, "\"")]),
            ("\"ab\\\nc", &[(OpenString, "\"ab\\"), (Word, "c")]),
            ("/// d\n// c\n//// c", &[(Doc, "/// d"), (LineComment, "// c"), (LineComment, "//// c")]),
            ("/* a\n */x", &[(BlockComment, "/* a\n */"), (Word, "x")]),
            ("/* a", &[(OpenComment, "/* a")]),
            ("# é", &[(Stranger, "#"), (Stranger, "é")]),
        ];
        for (source, expected) in table {
            assert_eq!(kinds(source), expected, "{source}");
        }
    }

    #[test]
    fn breaks_are_counted() {
        let breaks: Vec<usize> = tokens("a b\nc\r\n\r\nd").into_iter().map(|token| token.breaks).collect();
        assert_eq!(breaks, [0, 0, 1, 2]);
    }
}
