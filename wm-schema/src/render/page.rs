//! A page for a terminal: each mistake above its source.

use super::{SourceFile, beside};
use crate::diagnostic::{Diagnostic, Severity};
use crate::draft::Origin;
use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
use std::ops::Range;

/// How many mistakes a page shows. Who has more has given us another kind of file.
const SHOWN_MAX: usize = 50;

/// Whether a page has colours.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Colours {
    /// For a terminal.
    Yes,
    /// For a file, or a pipe.
    No,
}

/// Each mistake above its source, in the order of the file, and how many there are; empty if there are none.
///
/// ```text
/// error[WM201]: unknown type
///  --> chat.wm:4:11
///   |
/// 4 |     text: string until "\n"
///   |           ^^^^^^ there is no type `string`
///   |
///   = why: a type is one of the language's words, or declared in this file
///   = help: did you mean `str`?
///
/// 1 error in chat.wm
/// ```
#[must_use]
pub fn page(file: SourceFile<'_>, diagnostics: &[Diagnostic], colours: Colours) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = match colours {
        Colours::Yes => Renderer::styled(),
        Colours::No => Renderer::plain(),
    };
    let mut text = String::new();
    for diagnostic in sorted(file, diagnostics).into_iter().take(SHOWN_MAX) {
        text.push_str(&renderer.render(&[group(file, diagnostic)]));
        text.push_str("\n\n");
    }
    if let Some(more @ 1..) = diagnostics.len().checked_sub(SHOWN_MAX) {
        text.push_str(&format!("and {more} more; "));
    }
    text.push_str(&summary(file.name, diagnostics));
    text.push('\n');
    text
}

fn group<'a>(file: SourceFile<'a>, diagnostic: &'a Diagnostic) -> Group<'a> {
    let level = match diagnostic.severity() {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let primary = AnnotationKind::Primary.span(span(file, diagnostic.origin)).label(diagnostic.label.as_str());
    let here = |origin: Origin| file.places.imported(origin) == file.places.imported(diagnostic.origin);
    let (near, far): (Vec<_>, Vec<_>) = diagnostic.notes.iter().partition(|(origin, _)| here(*origin));
    let notes = near.into_iter().map(|(origin, note)| context(file, *origin, note));
    let snippet = snippet(file, diagnostic.origin).annotation(primary).annotations(notes);
    let mut group = level.primary_title(diagnostic.code.title()).id(diagnostic.code.to_string()).element(snippet);
    for (origin, note) in far {
        group = group.element(self::snippet(file, *origin).annotation(context(file, *origin, note)));
    }
    for (word, said) in [("why", &diagnostic.why), ("help", &diagnostic.help)] {
        if !said.is_empty() {
            group = group.element(Level::NOTE.with_name(word).message(said.as_str()));
        }
    }
    group
}

/// The file that something is in.
fn snippet<'a>(file: SourceFile<'a>, origin: Origin) -> Snippet<'a, Annotation<'a>> {
    match file.places.imported(origin) {
        Some(imported) => Snippet::source(&imported.source).path(beside(file.name, &imported.path)),
        None => Snippet::source(file.source).path(file.name),
    }
}

fn context<'a>(file: SourceFile<'a>, origin: Origin, note: &'a str) -> Annotation<'a> {
    AnnotationKind::Context.span(span(file, origin)).label(note)
}

/// The bytes to underline, whole characters within the source.
fn span(file: SourceFile<'_>, origin: Origin) -> Range<usize> {
    let range = file.places.range(origin).unwrap_or(0..0);
    let source = file.places.imported(origin).map_or(file.source, |imported| imported.source.as_str());
    let inside = |byte: usize| (0..=byte.min(source.len())).rfind(|at| source.is_char_boundary(*at)).unwrap_or(0);
    inside(range.start)..inside(range.end)
}

/// `3 errors, 1 warning in chat.wm`.
fn summary(name: &str, diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count();
    let counts = [(errors, "error"), (diagnostics.len() - errors, "warning")];
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    format!("{} in {name}", parts.join(", "))
}

/// The mistakes in the order of their places.
fn sorted<'d>(file: SourceFile<'_>, diagnostics: &'d [Diagnostic]) -> Vec<&'d Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| (file.places.order(diagnostic.origin), diagnostic.code));
    sorted
}

#[cfg(test)]
mod tests {
    use super::{Colours, SourceFile, page};
    use crate::dsl::read;

    fn page_of(source: &str, colours: Colours) -> String {
        let parsed = read(source);
        let file = SourceFile { name: "chat.wm", source, places: &parsed.places };
        page(file, parsed.draft.as_ref().err().map_or(&[], Vec::as_slice), colours)
    }

    #[test]
    fn colours_are_only_for_terminals() {
        let source = "protocol chat\nmessage Line { text u8 }\n";
        assert!(page_of(source, Colours::Yes).contains("\u{1b}["));
        assert!(!page_of(source, Colours::No).contains('\u{1b}'));
    }

    #[test]
    fn nothing_is_said_of_a_good_file() {
        assert_eq!(page_of("protocol chat\n", Colours::No), "");
    }

    #[test]
    fn a_page_is_never_endless() {
        let page = page_of(&"?\n".repeat(1000), Colours::No);
        assert_eq!(page.matches("error[").count(), 50);
        assert!(page.ends_with("and 951 more; 1001 errors in chat.wm\n"), "{}", &page[page.len() - 60..]);
    }
}
