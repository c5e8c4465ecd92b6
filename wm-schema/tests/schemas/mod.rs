//! Every schema that there is: those of the tests, of the examples, and the built-in ones.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use wm_schema::ir::Schema;
use wm_schema::{dsl, resolve};

/// The folders that hold them.
const FOLDERS: [&str; 3] = ["tests/schemas", "examples/proto", "wm-core/src/protocol"];

/// Every schema, with its file.
pub(crate) fn all() -> Vec<(PathBuf, Schema)> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let files = FOLDERS.iter().flat_map(|folder| fs::read_dir(root.join(folder)).expect("a folder of schemas"));
    let paths = files.map(|file| file.expect("a file").path());
    let mut paths: Vec<PathBuf> = paths.filter(|path| path.extension().is_some_and(|kind| kind == "wm")).collect();
    paths.sort();
    // What the examples share with the tests is there once.
    let mut seen = BTreeSet::new();
    paths.retain(|path| seen.insert(fs::read_to_string(path).expect("a schema")));
    assert!(paths.len() > 50, "{} schemas", paths.len());
    paths.into_iter().map(|path| (path.clone(), load(&path))).collect()
}

/// A schema that has no mistake.
pub(crate) fn load(path: &Path) -> Schema {
    let source = fs::read_to_string(path).expect("a schema");
    let draft = dsl::read_file(&source, path).draft.unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let resolved = resolve::resolve(&draft);
    resolved.schema.unwrap_or_else(|| panic!("{}: {:#?}", path.display(), resolved.diagnostics))
}
