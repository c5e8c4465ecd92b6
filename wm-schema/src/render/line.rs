//! A line of a schema, and what is wrong with bytes that it describes.

use super::Colours;
use annotate_snippets::{AnnotationKind, Level, Renderer, Snippet};
use std::ops::Range;

/// What is wrong, and where.
#[derive(Debug, Clone)]
pub struct Complaint<'a> {
    /// What the schema is called.
    pub name: &'a str,
    /// What it holds.
    pub source: &'a str,
    /// The line of the field, from 1; 0 if there is none.
    pub line: u32,
    /// What has happened.
    pub title: String,
    /// What is wrong about that line.
    pub label: String,
    /// More to know, each under a word.
    pub notes: Vec<(&'static str, String)>,
}

/// The complaint above the line that it is about.
///
/// ```text
/// error: bytes refused
///  --> upload.wm:5:5
///   |
/// 5 |     total: u32 = size(self)
///   |     ^^^^^^^^^^^^^^^^^^^^^^^ Upload.total at byte 4: 4294967295 is over the limit of 2147483648
///   |
///   = help: this looks like an HTTP request
/// ```
#[must_use]
pub fn complaint(complaint: &Complaint<'_>, colours: Colours) -> String {
    let renderer = match colours {
        Colours::Yes => Renderer::styled(),
        Colours::No => Renderer::plain(),
    };
    let mut group = match line(complaint.source, complaint.line) {
        Some(range) => {
            let annotation = AnnotationKind::Primary.span(range).label(complaint.label.as_str());
            let snippet = Snippet::source(complaint.source).path(complaint.name).annotation(annotation);
            Level::ERROR.primary_title(complaint.title.as_str()).element(snippet)
        }
        None => {
            let said = Level::NOTE.no_name().message(complaint.label.as_str());
            Level::ERROR.primary_title(complaint.title.as_str()).element(said)
        }
    };
    for (word, said) in &complaint.notes {
        group = group.element(Level::NOTE.with_name(*word).message(said.as_str()));
    }
    renderer.render(&[group]) + "\n"
}

/// The bytes of a line, without its indentation and a comment at its end.
fn line(source: &str, number: u32) -> Option<Range<usize>> {
    let index = usize::try_from(number).ok()?.checked_sub(1)?;
    let line = source.split_inclusive('\n').nth(index)?;
    let start = source.split_inclusive('\n').take(index).map(str::len).sum::<usize>();
    let code = line.split(" //").next().unwrap_or(line).trim_end();
    let indentation = code.len() - code.trim_start().len();
    Some(start + indentation..start + code.len())
}

#[cfg(test)]
mod tests {
    use super::{Colours, Complaint, complaint, line};

    const SOURCE: &str = "protocol a\n\nmessage A {\n    total: u32 // of all\n}\n";

    #[test]
    fn a_line_stands_above_what_is_wrong_with_it() {
        let notes = vec![("help", "this looks like an HTTP request".to_owned())];
        let wrong = Complaint {
            name: "a.wm",
            source: SOURCE,
            line: 4,
            title: "bytes refused".into(),
            label: "A.total at byte 4: too long".into(),
            notes,
        };
        let expected = "\
error: bytes refused
 --> a.wm:4:5
  |
4 |     total: u32 // of all
  |     ^^^^^^^^^^ A.total at byte 4: too long
  |
  = help: this looks like an HTTP request
";
        assert_eq!(complaint(&wrong, Colours::No), expected);
        assert!(complaint(&Complaint { line: 0, ..wrong }, Colours::No).contains("A.total at byte 4: too long"));
    }

    #[test]
    fn a_line_that_is_not_there() {
        assert_eq!(line(SOURCE, 0), None);
        assert_eq!(line(SOURCE, 99), None);
        assert_eq!(line(SOURCE, 1), Some(0..10));
    }
}
