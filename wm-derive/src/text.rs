//! The schema that Rust items and their attributes say, in the language's own text. Each piece of it knows the span that it
//! came from, so that a mistake finds its way back.

use proc_macro2::Span;
use std::fmt::Write as _;
use std::ops::Range;

/// A schema's text, and where its pieces came from.
#[derive(Debug, Default)]
pub(crate) struct Text {
    pub(crate) source: String,
    pieces: Vec<(Range<usize>, Span)>,
}

impl Text {
    /// Appends a piece that `span` says.
    pub(crate) fn push(&mut self, text: &str, span: Span) {
        let start = self.source.len();
        self.source.push_str(text);
        self.pieces.push((start..self.source.len(), span));
    }

    /// Appends a line of a layout.
    pub(crate) fn line(&mut self, text: &str, span: Span) {
        self.push(&format!("    {text}\n"), span);
    }

    /// The span of what stands at `range`.
    pub(crate) fn span(&self, range: Range<usize>) -> Span {
        let hit = self.pieces.iter().find(|(piece, _)| piece.start <= range.start && range.start < piece.end);
        let near = || self.pieces.iter().rev().find(|(piece, _)| piece.start <= range.start);
        hit.or_else(near).map_or_else(Span::call_site, |(_, span)| *span)
    }
}

/// Bytes as a literal of the language.
pub(crate) fn literal(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for &byte in bytes {
        match byte {
            b'\n' => text.push_str("\\n"),
            b'\r' => text.push_str("\\r"),
            b'\t' => text.push_str("\\t"),
            0 => text.push_str("\\0"),
            b'"' | b'\\' => {
                text.push('\\');
                text.push(char::from(byte));
            }
            b' '..=b'~' => text.push(char::from(byte)),
            _ => {
                let _ = write!(text, "\\x{byte:02x}");
            }
        }
    }
    text.push('"');
    text
}

/// `HttpUpload` as `http_upload`.
pub(crate) fn snake_case(name: &str) -> String {
    let mut snake = String::new();
    for (at, letter) in name.chars().enumerate() {
        if letter.is_ascii_uppercase() && at > 0 {
            snake.push('_');
        }
        snake.push(letter.to_ascii_lowercase());
    }
    snake
}
