//! A schema from a file or from standard input, and the report of its mistakes.

use super::Outcome;
use super::terminal::{colours, say, say_unable};
use std::collections::BTreeSet;
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fs, io};
use wm_schema::diagnostic::Diagnostic;
use wm_schema::draft::Draft;
use wm_schema::dsl::{self, Parsed};
use wm_schema::ir::Schema;
use wm_schema::render::{SourceFile, beside, page};
use wm_schema::resolve::resolve;

/// Whether the warnings of a good schema are shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Warnings {
    /// Where a schema is looked at, or made code of.
    Show,
    /// Where they would be in the way, or are told by the result itself.
    Hide,
}

/// A schema that has been read.
pub(crate) struct Source {
    /// Where it is; `-` for standard input.
    pub(crate) path: PathBuf,
    /// What it is called in reports.
    pub(crate) name: String,
    /// What it holds.
    pub(crate) text: String,
}

impl Source {
    /// Reads it; what goes wrong is said.
    pub(crate) fn read(path: &Path) -> Result<Self, Outcome> {
        let standard = path == Path::new("-");
        let text = if standard { read_standard_input() } else { fs::read_to_string(path) };
        let name = if standard { "standard input".to_owned() } else { path.display().to_string() };
        match text {
            Ok(text) => Ok(Self { path: path.to_owned(), name, text }),
            Err(error) => {
                say_unable("read", Path::new(&name), &error);
                Err(Outcome::Unable)
            }
        }
    }

    /// The name and the text of the file that it imports by this path; its own without one.
    pub(crate) fn of(&self, imported: Option<&str>) -> (String, String) {
        let Some(path) = imported else { return (self.name.clone(), self.text.clone()) };
        let file = self.path.parent().unwrap_or(Path::new("")).join(path);
        (beside(&self.name, path), fs::read_to_string(file).unwrap_or_default())
    }

    /// Whether it came from standard input.
    pub(crate) fn is_standard(&self) -> bool {
        self.path == Path::new("-")
    }

    /// Checks it; its mistakes are shown, and its warnings if they are wanted.
    pub(crate) fn check(&self, warnings: Warnings) -> Result<Schema, Outcome> {
        self.checked(warnings).map(|(_, schema)| schema)
    }

    /// [`Self::check`], for those who need the draft too.
    pub(crate) fn checked(&self, warnings: Warnings) -> Result<(Draft, Schema), Outcome> {
        let parsed = dsl::read_file(&self.text, &self.path);
        let draft = match &parsed.draft {
            Ok(draft) => draft,
            Err(diagnostics) => {
                self.show(&parsed, diagnostics);
                return Err(Outcome::Bad);
            }
        };
        let resolved = resolve(draft);
        if warnings == Warnings::Show || resolved.schema.is_none() {
            self.show(&parsed, &resolved.diagnostics);
        }
        let schema = resolved.schema.ok_or(Outcome::Bad)?;
        Ok((draft.clone(), schema))
    }

    /// Shows mistakes above their source.
    pub(crate) fn show(&self, parsed: &Parsed, diagnostics: &[Diagnostic]) {
        let file = SourceFile { name: &self.name, source: &self.text, places: &parsed.places };
        say(&page(file, diagnostics, colours()));
    }
}

/// The files without those that others of them import and that are no schema by themselves: they are looked at with those.
pub(crate) fn schemas(mut files: Vec<PathBuf>) -> Vec<PathBuf> {
    let read = |file: &PathBuf| fs::read_to_string(file).ok().map(|text| dsl::read_file(&text, file));
    let imported: BTreeSet<PathBuf> = files
        .iter()
        .filter_map(|file| Some((file.parent()?, read(file)?.imports)))
        .flat_map(|(folder, imports)| imports.into_iter().filter_map(|path| folder.join(path).canonicalize().ok()))
        .collect();
    let is_part = |file: &PathBuf| fs::read_to_string(file).is_ok_and(|text| dsl::is_part(&text));
    let is_imported = |file: &PathBuf| file.canonicalize().is_ok_and(|file| imported.contains(&file));
    files.retain(|file| !(is_imported(file) && is_part(file)));
    files
}

fn read_standard_input() -> io::Result<String> {
    let mut text = String::new();
    io::stdin().lock().read_to_string(&mut text)?;
    Ok(text)
}
