//! The one style of a `.wm` file.
//!
//! It needs no tree, only tokens, so that it keeps every comment and knows every construct:
//!
//! * Lines stay as they are written; at most one blank line stands between two, none behind a `{` or before a `}`.
//! * A block is on one line, or its `{` ends a line and its `}` starts one. Inside, lines are four blanks further in; a
//!   line that carries on the one before it, four more.
//! * One blank between words, none inside of `[…]` and `(…)`. Fields that share a line stand two blanks apart.
//! * In lines one below the other the types of fields line up, and so do the verdicts of test cases. What stands before
//!   them and is over 48 wide is left out of it; a blank line starts anew.

use super::reader::Reader;
use super::split;
use super::token::{TokenKind, tokens};
use std::collections::BTreeSet;

/// The widest left side that others are lined up with.
const ALIGNED_MAX: usize = 48;

/// Words that stand before a parenthesis without being a function.
const NO_FUNCTIONS: [&str; 6] = ["if", "where", "at", "match", "in", "is"];

/// Writes a schema in the one style. What cannot be read stays as it is, token by token.
#[must_use]
pub fn format(source: &str) -> String {
    let mut reader = Reader::new(source);
    let item_starts = split::items(&mut reader).into_iter().map(|item| item.all.start).collect();
    let broken_blocks = broken_blocks(&reader);
    let mut writer =
        Writer { reader: &reader, item_starts, broken_blocks, lines: Vec::new(), open: Vec::new(), before: None };
    for index in 0..reader.tokens.len() {
        writer.token(index);
    }
    text(&writer.lines)
}

/// A line that is being written.
struct Line {
    indent: usize,
    text: String,
    /// Whether a blank line stands before it.
    apart: bool,
    column: Option<Column>,
}

/// The place of a line that is lined up with its neighbours'.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Column {
    kind: ColumnKind,
    /// Where it is, in bytes of the text.
    at: usize,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ColumnKind {
    /// The type of a field.
    Type,
    /// What a test case expects.
    Verdict,
}

impl Line {
    fn is_comment(&self) -> bool {
        self.text.starts_with("//")
    }

    /// The width of what stands before the column, if that is lined up.
    fn aligned(&self) -> Option<usize> {
        let width = self.text[..self.column?.at].chars().count();
        (width <= ALIGNED_MAX).then_some(width)
    }

    /// Writes the line, its column moved to `width`.
    fn write(&self, width: usize, text: &mut String) {
        if self.apart {
            text.push('\n');
        }
        let padding = self.aligned().map_or(0, |own| width - own);
        let at = self.column.map_or(0, |column| column.at);
        text.extend(std::iter::repeat_n("    ", self.indent));
        text.push_str(&self.text[..at]);
        text.extend(std::iter::repeat_n(' ', padding));
        text.push_str(&self.text[at..]);
        text.push('\n');
    }
}

struct Writer<'r, 's> {
    reader: &'r Reader<'s>,
    /// The first tokens of items.
    item_starts: BTreeSet<usize>,
    /// The `{` of blocks that take several lines, and their `}`.
    broken_blocks: BTreeSet<usize>,
    lines: Vec<Line>,
    /// The brackets that are open.
    open: Vec<usize>,
    /// The last token that is no comment.
    before: Option<usize>,
}

/// The braces of blocks with a line break in them.
fn broken_blocks(reader: &Reader<'_>) -> BTreeSet<usize> {
    let mut broken = BTreeSet::new();
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut breaks = 0;
    for (index, token) in reader.tokens.iter().enumerate() {
        breaks += token.breaks;
        if reader.is_sign(index, "{") {
            open.push((index, breaks));
        } else if reader.is_sign(index, "}")
            && let Some((start, then)) = open.pop()
            && breaks > then
        {
            broken.extend([start, index]);
        }
    }
    broken
}

impl Writer<'_, '_> {
    fn token(&mut self, index: usize) {
        let token = self.reader.tokens[index];
        let text = token.text(self.reader.source).trim_end();
        let closes = token.kind == TokenKind::Sign && ["}", "]", ")"].contains(&text);
        if closes {
            self.open.pop();
        }
        if self.lines.is_empty() || self.starts_line(index) {
            self.start_line(index);
        } else {
            let blanks = if self.must_part(index) { 1 } else { self.blanks(index) };
            self.push_blanks(blanks);
        }
        self.mark_column(index);
        if let Some(line) = self.lines.last_mut() {
            line.text.push_str(text);
        }
        if token.kind == TokenKind::Sign && ["{", "[", "("].contains(&text) {
            self.open.push(index);
        }
        if !token.is_comment() {
            self.before = Some(index);
        }
    }

    fn starts_line(&self, index: usize) -> bool {
        let token = self.reader.tokens[index];
        let after = index.checked_sub(1).map(|before| self.reader.tokens[before].kind);
        if matches!(after, Some(TokenKind::LineComment | TokenKind::Doc | TokenKind::OpenString)) {
            return true;
        }
        if token.is_comment() {
            return token.breaks > 0;
        }
        if self.reader.is_sign(index, "{") {
            return false;
        }
        let after_block_start = self.before.is_some_and(|before| {
            let own_line = (before + 1..index).any(|comment| self.starts_line(comment));
            self.reader.is_sign(before, "{") && self.broken_blocks.contains(&before) && !own_line
        });
        token.breaks > 0
            || after_block_start
            || self.broken_blocks.contains(&index)
            || self.item_starts.contains(&index)
    }

    fn start_line(&mut self, index: usize) {
        let token = self.reader.tokens[index];
        let block_edge =
            self.reader.is_sign(index, "}") || self.before.is_some_and(|before| self.reader.is_sign(before, "{"));
        let comment_before = index.checked_sub(1).is_some_and(|before| self.reader.tokens[before].is_comment());
        let closing = self.reader.is_sign(index, "}");
        let apart = token.breaks > 1 && !self.lines.is_empty() && !(block_edge && (closing || !comment_before));
        let carries_on = self.before.is_some() && !closing && self.carries_on(index);
        let indent = self.open.len() + usize::from(carries_on);
        self.lines.push(Line { indent, text: String::new(), apart, column: None });
    }

    /// Whether the line that starts here belongs to the one before.
    fn carries_on(&self, index: usize) -> bool {
        let in_list = self.open.last().is_some_and(|open| !self.reader.is_sign(*open, "{"));
        let first = !self.open.is_empty() && self.before == self.open.last().copied();
        !in_list && !first && split::continues(self.reader, index)
    }

    fn push_blanks(&mut self, blanks: usize) {
        if let Some(line) = self.lines.last_mut() {
            line.text.extend(std::iter::repeat_n(' ', blanks));
        }
    }

    /// Whether this sign and the one before would be another sign without a blank between.
    fn must_part(&self, index: usize) -> bool {
        let Some(previous) = index.checked_sub(1) else { return false };
        let signs = [previous, index].iter().all(|sign| self.reader.tokens[*sign].kind == TokenKind::Sign);
        let left = self.reader.text(previous);
        let glued =
            || tokens(&[left, self.reader.text(index)].concat()).first().is_some_and(|token| token.end > left.len());
        signs && glued()
    }

    /// The blanks between this token and the one before, on one line.
    fn blanks(&self, index: usize) -> usize {
        let Some(previous) = index.checked_sub(1) else { return 0 };
        let reader = self.reader;
        if reader.tokens[index].is_comment() || reader.tokens[previous].is_comment() {
            return 1;
        }
        let (left, right) = (reader.text(previous), reader.text(index));
        let (left_kind, right_kind) = (reader.tokens[previous].kind, reader.tokens[index].kind);
        if left_kind == TokenKind::Sign
            && (["(", "[", ".", "..", "..=", "!"].contains(&left) || self.is_unary(previous))
        {
            return 0;
        }
        if right_kind == TokenKind::Sign {
            let value_before = left_kind != TokenKind::Sign || ["]", ")", "}"].contains(&left);
            return match right {
                ")" | "]" | "," | ";" | ":" | "." | ".." | "..=" => 0,
                "}" if left == "{" => 0,
                "[" if value_before => 0,
                "(" if left_kind == TokenKind::Word && !NO_FUNCTIONS.contains(&left) => 0,
                _ => 1,
            };
        }
        if self.is_next_field(index, left, left_kind) { 2 } else { 1 }
    }

    /// Whether a `-` stands before a number, and not between two values.
    fn is_unary(&self, index: usize) -> bool {
        let before = index.checked_sub(1).map(|before| (self.reader.tokens[before].kind, self.reader.text(before)));
        self.reader.text(index) == "-"
            && before.is_none_or(|(kind, text)| match kind {
                TokenKind::Sign => ![")", "]"].contains(&text),
                TokenKind::Word => ["in", "else"].contains(&text),
                _ => false,
            })
    }

    /// Whether a field starts here, behind another on the same line.
    fn is_next_field(&self, index: usize, left: &str, left_kind: TokenKind) -> bool {
        let small = !self.reader.text(index).starts_with(|letter: char| letter.is_ascii_uppercase());
        let in_block = self.open.last().is_some_and(|open| self.reader.is_sign(*open, "{"));
        let separated = left_kind == TokenKind::Sign && ["{", ",", ";"].contains(&left);
        in_block && small && !separated && left != "var" && self.is_field(index)
    }

    fn is_field(&self, index: usize) -> bool {
        self.reader.tokens[index].kind == TokenKind::Word && self.reader.is_sign(index + 1, ":")
    }

    /// Marks the place of the line that is lined up with its neighbours'.
    fn mark_column(&mut self, index: usize) {
        let reader = self.reader;
        let Some(line) = self.lines.last_mut() else { return };
        if line.column.is_some() || line.text.is_empty() {
            return;
        }
        let at = line.text.len();
        let before = index.saturating_sub(1);
        let text = reader.text(index);
        let in_block = self.open.last().is_some_and(|open| self.broken_blocks.contains(open));
        let is_type = reader.is_sign(before, ":") && !line.text.trim_end().contains(' ');
        let starts_case = ["\"", "'", "hex ", "client ", "server "].iter().any(|start| line.text.starts_with(start));
        let is_verdict = ["==", "decodes", "rejects", "needs"].contains(&text) && starts_case;
        line.column = match (in_block, is_type, is_verdict) {
            (true, true, _) => Some(Column { kind: ColumnKind::Type, at }),
            (true, _, true) => Some(Column { kind: ColumnKind::Verdict, at }),
            _ => None,
        };
    }
}

/// The lines as one text, their columns lined up.
fn text(lines: &[Line]) -> String {
    let mut text = String::new();
    let mut from = 0;
    while from < lines.len() {
        let run = run(&lines[from..]);
        let width = run.iter().filter_map(Line::aligned).max().unwrap_or(0);
        for line in run {
            line.write(width, &mut text);
        }
        from += run.len();
    }
    text
}

/// The lines from the first on that are lined up together: at one depth, of one kind, without a blank line between.
/// Comments on lines of their own are among them.
fn run(lines: &[Line]) -> &[Line] {
    let Some(first) = lines.first() else { return lines };
    let mut kind = first.column.map(|column| column.kind);
    let mut belongs = |line: &Line| {
        let own = line.column.map(|column| column.kind);
        let fits = line.is_comment() || (own.is_some() && (kind.is_none() || kind == own));
        kind = kind.or(own);
        !line.apart && line.indent == first.indent && fits
    };
    if first.column.is_none() && !first.is_comment() {
        return &lines[..1];
    }
    let rest = lines.iter().skip(1).take_while(|line| belongs(line)).count();
    &lines[..1 + rest]
}

#[cfg(test)]
mod tests {
    use super::format;
    use crate::dsl::parse;
    use proptest::prelude::{Just, Strategy, prop, prop_assert_eq, prop_oneof, proptest};

    /// The schemas of this version, and files that use everything that the language has.
    const SCHEMAS: [&str; 12] = [
        include_str!("../../../tests/schemas/binary_transfer.wm"),
        include_str!("../../../tests/schemas/every_type.wm"),
        include_str!("../../../tests/schemas/netstring.wm"),
        include_str!("../../../tests/schemas/text.wm"),
        include_str!("../../../tests/schemas/text_transfer.wm"),
        include_str!("../../../tests/schemas/upload.wm"),
        include_str!("../../../tests/schemas/dns_tcp.wm"),
        include_str!("../../../tests/schemas/http1.wm"),
        include_str!("../../../tests/schemas/mqtt.wm"),
        include_str!("../../tests/ui/absent.wm"),
        include_str!("../../../tests/schemas/door.wm"),
        include_str!("../../../examples/proto/websocket.wm"),
    ];

    /// What a file says, without its places.
    fn said(source: &str) -> String {
        match parse(source) {
            Ok(mut draft) => {
                draft.lines.clear();
                format!("{draft:?}")
            }
            Err(mistakes) => format!("{:?}", mistakes.iter().map(|mistake| &mistake.label).collect::<Vec<_>>()),
        }
    }

    #[test]
    fn one_style() {
        let table = [
            ("", ""),
            ("protocol   chat\n\n\n\nlimit frame 2G", "protocol chat\n\nlimit frame 2G\n"),
            ("message A{a:u8}", "message A { a: u8 }\n"),
            ("message A { }", "message A {}\n"),
            ("message A{a:u8 bc :u16}", "message A { a: u8  bc: u16 }\n"),
            ("message A\n{\n\na:u8\nlong :u16 // c\n\n}", "message A {\n    a:    u8\n    long: u16 // c\n}\n"),
            ("message A { a: u8\n}", "message A {\n    a: u8\n}\n"),
            ("message A { a: u8 } message B { b: u8 }", "message A { a: u8 }\nmessage B { b: u8 }\n"),
            ("message A { // first\n/* c */ a: u8\n}", "message A { // first\n    /* c */ a: u8\n}\n"),
            ("message A {\na: str [ n ]\nuntil \"x\"\n}", "message A {\n    a: str[n]\n        until \"x\"\n}\n"),
            (
                "message A {\n a: u8 = size( b )-4\n b: u8 in -1 ..= 5\n}",
                "message A {\n    a: u8 = size(b) - 4\n    b: u8 in -1..=5\n}\n",
            ),
            (
                "test \"t\" {\n\"a\" == A{ a:[ 1,2 ],b:\"x\" }\nhex \"00\" rejects a\n}",
                "test \"t\" {\n    \"a\"      == A { a: [1, 2], b: \"x\" }\n    hex \"00\" rejects a\n}\n",
            ),
        ];
        for (source, expected) in table {
            assert_eq!(format(source), expected, "{source}");
            assert_eq!(format(expected), expected, "{source}");
        }
    }

    #[test]
    fn the_meaning_stays() {
        for source in SCHEMAS {
            let formatted = format(source);
            assert_eq!(format(&formatted), formatted);
            assert_eq!(said(&formatted), said(source));
        }
    }

    /// A schema with blanks, line breaks and comments where none were; strings stay whole.
    fn disturbed() -> impl Strategy<Value = String> {
        let room = prop_oneof![
            8 => Just(" "), 1 => Just("  "), 1 => Just("\n"), 1 => Just(" /* c */ "), 1 => Just(" // c\n"), 1 => Just("\r\n\n\n"),
        ];
        (prop::sample::select(&SCHEMAS[..]), prop::collection::vec(room, 400)).prop_map(|(source, rooms)| {
            let tokens = crate::dsl::token::tokens(source);
            let mut text = String::new();
            for (token, room) in tokens.iter().zip(rooms.into_iter().cycle()) {
                text.push_str(if token.breaks > 0 { "\n" } else { "" });
                text.push_str(token.text(source));
                let ends_line = matches!(token.kind, crate::dsl::token::TokenKind::Doc);
                text.push_str(if ends_line { "\n" } else { room });
            }
            text
        })
    }

    proptest! {
        #[test]
        fn formatting_twice_changes_nothing(source in disturbed()) {
            let formatted = format(&source);
            prop_assert_eq!(format(&formatted), formatted.clone());
            prop_assert_eq!(said(&formatted), said(&source));
        }

        #[test]
        fn garbage_is_formatted_too(source in "[a-z{}\\[\\]():=\"/* \n#é,.-]{0,200}") {
            let formatted = format(&source);
            prop_assert_eq!(format(&formatted), formatted);
        }
    }
}
