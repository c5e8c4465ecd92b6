//! `wm-schema fmt`: schemas in the one style.

use super::Outcome;
use super::source::Source;
use super::terminal::{print, say, say_unable};
use std::fs;
use std::path::Path;
use wm_schema::diagnostic::{Code, Diagnostic};
use wm_schema::dsl;

/// Formats one file, or says that it is not formatted. A file that cannot be read is left as it is.
pub(crate) fn run(path: &Path, check: bool) -> Outcome {
    let source = match Source::read(path) {
        Ok(source) => source,
        Err(outcome) => return outcome,
    };
    if !is_readable(&source) {
        return Outcome::Bad;
    }
    let formatted = dsl::format(&source.text);
    if check {
        if formatted == source.text {
            return Outcome::Good;
        }
        print(&format!("{} is not formatted\n", source.name));
        return Outcome::Bad;
    }
    if source.is_standard() {
        print(&formatted);
        return Outcome::Good;
    }
    if formatted == source.text {
        return Outcome::Good;
    }
    match fs::write(path, formatted) {
        Ok(()) => {
            say(&format!("formatted {}\n", source.name));
            Outcome::Good
        }
        Err(error) => {
            say_unable("write", path, &error);
            Outcome::Unable
        }
    }
}

/// Whether the file has no mistake of syntax; those are shown. What is not implemented yet can be formatted all the same, and
/// so can a part, or a file whose imports are not there.
fn is_readable(source: &Source) -> bool {
    let parsed = dsl::read(&source.text);
    let Err(mistakes) = &parsed.draft else { return true };
    let of_syntax = |code: Code| !matches!(code, Code::NotYet | Code::NoProtocol | Code::BadImport);
    let mistakes: Vec<Diagnostic> = mistakes.iter().filter(|mistake| of_syntax(mistake.code)).cloned().collect();
    source.show(&parsed, &mistakes);
    mistakes.is_empty()
}
