//! Schemas in a build script: `wm_schema::build("proto/*.wm")`.
//!
//! ```no_run
//! // in the `main` of build.rs
//! wm_schema::build("proto/*.wm");
//! ```
//!
//! Each `proto/NAME.wm` becomes `$OUT_DIR/NAME.rs`, which a module of the crate takes in:
//!
//! ```text
//! mod upload {
//!     include!(concat!(env!("OUT_DIR"), "/upload.rs"));
//! }
//! ```
//!
//! A file is written only when it changes, and cargo runs the script again only when a schema or a file that one imports
//! has changed, or a schema has come or gone. No code is made of a file that others import and that is no protocol itself.

use crate::codegen::{Options, rust};
use crate::diagnostic::Diagnostic;
use crate::dsl;
use crate::render::{SourceFile, plain};
use crate::resolve::resolve;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{env, error, fmt, fs, io, process};

/// Generates Rust from the schemas that `pattern` names: a file, or a folder's files as `proto/*.wm`.
///
/// For a build script: if a schema is wrong, all its mistakes are shown as cargo shows them, and the process ends.
pub fn build(pattern: impl AsRef<Path>) {
    Build::new().file(pattern).run();
}

/// What [`build`] does, with choices.
///
/// ```no_run
/// wm_schema::Build::new().file("proto/upload.wm").file("proto/text.wm").tests(true).run();
/// ```
#[derive(Debug, Clone)]
pub struct Build {
    patterns: Vec<PathBuf>,
    out_dir: Option<PathBuf>,
    options: Options,
}

impl Default for Build {
    fn default() -> Self {
        Self { patterns: Vec::new(), out_dir: None, options: Options { standalone: false, ..Options::default() } }
    }
}

impl Build {
    /// Nothing to build yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Adds a file, or all files of a folder whose names fit a `*`.
    #[must_use]
    pub fn file(mut self, pattern: impl AsRef<Path>) -> Self {
        self.patterns.push(pattern.as_ref().to_owned());
        self
    }

    /// Writes to this folder instead of `$OUT_DIR`.
    #[must_use]
    pub fn out_dir(mut self, folder: impl AsRef<Path>) -> Self {
        self.out_dir = Some(folder.as_ref().to_owned());
        self
    }

    /// Makes a test module of each schema's `test` blocks.
    #[must_use]
    pub const fn tests(mut self, tests: bool) -> Self {
        self.options.tests = tests;
        self
    }

    /// The path of the runtime, if it is not `::wm_core`.
    #[must_use]
    pub fn runtime(mut self, path: impl Into<String>) -> Self {
        self.options.runtime = path.into();
        self
    }

    /// Generates, and ends the process if it cannot.
    pub fn run(self) {
        if let Err(error) = self.try_run() {
            say(&format!("{error}"));
            process::exit(1);
        }
    }

    /// Generates.
    ///
    /// # Errors
    ///
    /// A schema is wrong, there is none, or a file cannot be read or written.
    pub fn try_run(&self) -> Result<(), BuildError> {
        let out_dir = match &self.out_dir {
            Some(folder) => folder.clone(),
            None => env::var_os("OUT_DIR").map(PathBuf::from).ok_or(BuildError::NoOutDir)?,
        };
        let mut wrong = Vec::new();
        let mut schemas = Vec::new();
        for pattern in &self.patterns {
            for path in matching(pattern)? {
                tell_cargo(&format!("rerun-if-changed={}", path.display()));
                let source = fs::read_to_string(&path).map_err(|error| BuildError::io("read", &path, error))?;
                let parsed = dsl::read_file(&source, &path);
                schemas.push(Read { path, source, parsed });
            }
        }
        let imported: BTreeSet<PathBuf> = schemas.iter().flat_map(Read::imports).collect();
        for file in &imported {
            tell_cargo(&format!("rerun-if-changed={}", file.display()));
        }
        // A part has no code of its own; one that nobody imports is a schema that lacks its first line.
        let imported: BTreeSet<PathBuf> = imported.iter().filter_map(|file| file.canonicalize().ok()).collect();
        let is_imported = |file: &Path| file.canonicalize().is_ok_and(|file| imported.contains(&file));
        schemas.retain(|schema| !(is_imported(&schema.path) && dsl::is_part(&schema.source)));
        for schema in schemas {
            match self.generate(&schema) {
                Ok(code) => write(&out_dir, &schema.path, &code)?,
                Err(messages) => wrong.extend(messages),
            }
        }
        if wrong.is_empty() { Ok(()) } else { Err(BuildError::Schemas(wrong)) }
    }

    /// The code of a schema, or all that is wrong with it.
    fn generate(&self, Read { path, source, parsed }: &Read) -> Result<String, Vec<String>> {
        let file = SourceFile { name: &path.display().to_string(), source, places: &parsed.places };
        let all = |diagnostics: &[Diagnostic]| -> Vec<String> {
            diagnostics.iter().map(|diagnostic| plain(file, diagnostic)).collect()
        };
        let draft = parsed.draft.as_ref().map_err(|diagnostics| all(diagnostics))?;
        let resolved = resolve(draft);
        let Some(schema) = resolved.schema else { return Err(all(&resolved.diagnostics)) };
        for warning in all(&resolved.diagnostics) {
            for line in warning.lines() {
                tell_cargo(&format!("warning={line}"));
            }
        }
        let source_name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Ok(rust::generate(&schema, &Options { source_name, ..self.options.clone() }))
    }
}

/// A file that has been read.
struct Read {
    path: PathBuf,
    source: String,
    parsed: dsl::Parsed,
}

impl Read {
    /// The files that it imports.
    fn imports(&self) -> impl Iterator<Item = PathBuf> + '_ {
        let folder = self.path.parent().unwrap_or(Path::new(""));
        self.parsed.imports.iter().map(|path| folder.join(path))
    }
}

/// Why nothing was generated.
#[derive(Debug)]
#[non_exhaustive]
pub enum BuildError {
    /// There is no `OUT_DIR`: this is no build script.
    NoOutDir,
    /// Nothing fits a pattern.
    NoFile(PathBuf),
    /// A file or folder cannot be read or written.
    Io {
        /// What was tried: `read` or `write`.
        doing: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system says.
        error: io::Error,
    },
    /// Schemas are wrong: a message for each mistake.
    Schemas(Vec<String>),
}

impl BuildError {
    fn io(doing: &'static str, path: &Path, error: io::Error) -> Self {
        Self::Io { doing, path: path.to_owned(), error }
    }
}

impl fmt::Display for BuildError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoOutDir => write!(f, "OUT_DIR is not set: is this a build script? If not, say `.out_dir(…)`"),
            Self::NoFile(pattern) => write!(f, "no schema at {}", pattern.display()),
            Self::Io { doing, path, error } => write!(f, "cannot {doing} {}: {error}", path.display()),
            Self::Schemas(messages) => write!(f, "{}", messages.join("\n")),
        }
    }
}

impl error::Error for BuildError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            Self::NoOutDir | Self::NoFile(_) | Self::Schemas(_) => None,
        }
    }
}

/// The files that a pattern names, in the order of their names.
fn matching(pattern: &Path) -> Result<Vec<PathBuf>, BuildError> {
    let name = pattern.file_name().unwrap_or_default().to_string_lossy();
    let Some((head, tail)) = name.split_once('*') else { return Ok(vec![pattern.to_owned()]) };
    let folder = pattern.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // A schema that comes or goes changes the folder.
    tell_cargo(&format!("rerun-if-changed={}", folder.display()));
    let entries = fs::read_dir(folder).map_err(|error| BuildError::io("read", folder, error))?;
    let mut found = Vec::new();
    for entry in entries {
        let path = entry.map_err(|error| BuildError::io("read", folder, error))?.path();
        let name = path.file_name().unwrap_or_default().to_string_lossy();
        let long_enough = name.len() >= head.len() + tail.len();
        if long_enough && name.starts_with(head) && name.ends_with(tail) && path.is_file() {
            found.push(path);
        }
    }
    found.sort();
    if found.is_empty() { Err(BuildError::NoFile(pattern.to_owned())) } else { Ok(found) }
}

/// Writes `NAME.rs` for `NAME.wm`, unless it is there already.
fn write(out_dir: &Path, schema: &Path, code: &str) -> Result<(), BuildError> {
    let path = out_dir.join(schema.file_stem().unwrap_or_default()).with_extension("rs");
    if fs::read_to_string(&path).is_ok_and(|old| old == code) {
        return Ok(());
    }
    fs::write(&path, code).map_err(|error| BuildError::io("write", &path, error))
}

#[expect(clippy::print_stdout, reason = "a build script speaks to cargo this way")]
fn tell_cargo(line: &str) {
    println!("cargo:{line}");
}

#[expect(clippy::print_stderr, reason = "cargo shows what a failed build script says here")]
fn say(message: &str) {
    eprintln!("{message}");
}
