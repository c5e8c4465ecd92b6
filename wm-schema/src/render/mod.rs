//! Mistakes as a reader sees them: above their source in a terminal, or as text alone in the output of a build.

#[cfg(feature = "cli")]
mod line;
#[cfg(feature = "cli")]
mod page;

#[cfg(feature = "cli")]
pub use line::{Complaint, complaint};
#[cfg(feature = "cli")]
pub use page::{Colours, page};

use crate::diagnostic::{Diagnostic, Severity};
use crate::dsl::Places;

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

/// A mistake as text alone: where, what, why, and what to type.
///
/// ```text
/// chat.wm:4:11: error[WM201]: unknown type: there is no type `string`
///   why: a type is one of the language's words, or declared in this file
///   help: did you mean `str`?
/// ```
#[must_use]
pub fn plain(file: SourceFile<'_>, diagnostic: &Diagnostic) -> String {
    let place = file.places.line_column(file.source, diagnostic.origin);
    let severity = match diagnostic.severity() {
        Severity::Error => "error",
        Severity::Warning => "warning",
    };
    let (code, title) = (diagnostic.code, diagnostic.code.title());
    let name =
        file.places.imported(diagnostic.origin).map_or(file.name.into(), |imported| beside(file.name, &imported.path));
    let mut text = format!("{name}:{}:{}: {severity}[{code}]: {title}", place.line, place.column);
    for (word, said) in [(": ", &diagnostic.label), ("\n  why: ", &diagnostic.why), ("\n  help: ", &diagnostic.help)] {
        if !said.is_empty() {
            text.push_str(word);
            text.push_str(said);
        }
    }
    text
}

/// What a file is called that is seen from the folder of another: `proto/common.wm` beside `proto/chat.wm`.
#[must_use]
pub fn beside(name: &str, path: &str) -> String {
    match name.rsplit_once('/') {
        Some((folder, _)) => format!("{folder}/{path}"),
        None => path.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{SourceFile, plain};
    use crate::dsl::read;

    #[test]
    fn a_mistake_as_text_alone() {
        let source = "protocol chat\n\nmessage Line {\n    tëxt u8\n}\n";
        let parsed = read(source);
        let mistakes = parsed.draft.as_ref().expect_err("it has mistakes");
        let file = SourceFile { name: "chat.wm", source, places: &parsed.places };
        let expected = "\
chat.wm:4:6: error[WM101]: unexpected syntax: `ë` is no sign of the language
  why: outside of strings and comments there are words, numbers and a few signs
  help: take it away, or put it into quotes";
        assert_eq!(mistakes.iter().map(|mistake| plain(file, mistake)).collect::<Vec<_>>(), [expected]);
    }
}
