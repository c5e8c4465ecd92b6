//! The schemas of the examples: each has no mistake, is in the one style, and passes its `test` blocks at every split point.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use support::{run, wm_schema};

fn all() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("proto");
    let files = fs::read_dir(folder).unwrap().map(|file| file.unwrap().path());
    // What they import is checked with them.
    let mut schemas: Vec<PathBuf> = files.filter(|path| path.is_file()).collect();
    schemas.sort();
    schemas
}

#[test]
fn every_schema_passes_its_own_tests() {
    let Some(wm_schema) = wm_schema() else { return };
    for schema in all() {
        let path = schema.display().to_string();
        for arguments in [&["check"][..], &["fmt", "--check"], &["test"]] {
            let output = run(&wm_schema, &[arguments, &[&path]].concat());
            assert!(output.status.success(), "{arguments:?} {path}: {output:?}");
            assert!(output.stderr.is_empty(), "{arguments:?} {path}: {output:?}");
        }
    }
}
