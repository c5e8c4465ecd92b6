//! Mistakes as a reader sees them: above their source in a terminal, or a line each in the output of a build.
//!
//! ```text
//! error[WM201]: unknown type
//!   --> chat.wm:4:11
//!    |
//!  4 |     text: string until "\n"
//!    |           ^^^^^^ there is no type `string`
//!    |
//!    = why: a type is one of the language's words, or declared in this file
//!    = help: did you mean `str`?
//! ```

use crate::diagnostic::{Diagnostic, Severity};
use crate::draft::Origin;
use crate::dsl::Places;
use std::fmt::Write as _;

/// A file that mistakes are in.
#[derive(Debug, Clone, Copy)]
pub struct SourceFile<'a> {
    /// What it is called in the report.
    pub name: &'a str,
    /// What it holds.
    pub source: &'a str,
    /// Where the origins of the mistakes are.
    pub places: &'a Places,
}

/// One line for each mistake, in the order of the file: `chat.wm:4:11: error[WM201]: unknown type: …`.
#[must_use]
pub fn lines(file: SourceFile<'_>, diagnostics: &[Diagnostic]) -> String {
    let mut text = String::new();
    for diagnostic in sorted(file, diagnostics) {
        let at = file.places.line_column(file.source, start(file, diagnostic.origin));
        let (name, code, title) = (file.name, diagnostic.code, diagnostic.code.title());
        let severity = severity_word(diagnostic.severity());
        let _ = write!(text, "{name}:{}:{}: {severity}[{code}]: {title}: {}", at.line, at.column, diagnostic.label);
        for (word, said) in [("why", &diagnostic.why), ("help", &diagnostic.help)] {
            if !said.is_empty() {
                let _ = write!(text, "; {word}: {}", said.replace('\n', " "));
            }
        }
        text.push('\n');
    }
    text
}

/// `3 errors, 1 warning in chat.wm`.
#[must_use]
pub fn summary(name: &str, diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error).count();
    let counts = [(errors, "error"), (diagnostics.len() - errors, "warning")];
    let parts: Vec<String> = counts
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, word)| format!("{count} {word}{}", if count == 1 { "" } else { "s" }))
        .collect();
    format!("{} in {name}", parts.join(", "))
}

fn severity_word(severity: Severity) -> &'static str {
    match severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
    }
}

/// The mistakes in the order of their places.
fn sorted<'d>(file: SourceFile<'_>, diagnostics: &'d [Diagnostic]) -> Vec<&'d Diagnostic> {
    let mut sorted: Vec<&Diagnostic> = diagnostics.iter().collect();
    sorted.sort_by_key(|diagnostic| (start(file, diagnostic.origin), diagnostic.code));
    sorted
}

fn start(file: SourceFile<'_>, origin: Origin) -> usize {
    file.places.range(origin).map_or(0, |range| range.start)
}

#[cfg(feature = "cli")]
mod page {
    use super::{SourceFile, sorted, summary};
    use crate::diagnostic::{Diagnostic, Severity};
    use crate::draft::Origin;
    use annotate_snippets::{Annotation, AnnotationKind, Group, Level, Renderer, Snippet};
    use std::ops::Range;

    /// Whether a page has colours.
    #[derive(Debug, Clone, Copy, PartialEq, Eq)]
    pub enum Colours {
        /// For a terminal.
        Yes,
        /// For a file, or a pipe.
        No,
    }

    /// Each mistake above its source, in the order of the file, and how many there are; empty if there are none.
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
        for diagnostic in sorted(file, diagnostics) {
            text.push_str(&renderer.render(&[group(file, diagnostic)]));
            text.push_str("\n\n");
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
        let notes = diagnostic.notes.iter().map(|(origin, note)| context(file, *origin, note));
        let snippet = Snippet::source(file.source).path(file.name).annotation(primary).annotations(notes);
        let mut group = level.primary_title(diagnostic.code.title()).id(diagnostic.code.to_string()).element(snippet);
        for (word, said) in [("why", &diagnostic.why), ("help", &diagnostic.help)] {
            if !said.is_empty() {
                group = group.element(Level::NOTE.with_name(word).message(said.as_str()));
            }
        }
        group
    }

    fn context<'a>(file: SourceFile<'a>, origin: Origin, note: &'a str) -> Annotation<'a> {
        AnnotationKind::Context.span(span(file, origin)).label(note)
    }

    /// The bytes to underline, whole characters within the source.
    fn span(file: SourceFile<'_>, origin: Origin) -> Range<usize> {
        let range = file.places.range(origin).unwrap_or(0..0);
        let inside =
            |byte: usize| (0..=byte.min(file.source.len())).rfind(|at| file.source.is_char_boundary(*at)).unwrap_or(0);
        inside(range.start)..inside(range.end)
    }
}

#[cfg(feature = "cli")]
pub use page::{Colours, page};
