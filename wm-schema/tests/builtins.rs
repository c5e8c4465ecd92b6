//! The built-in protocols of wm-core are generated from the schemas beside them, and committed: they must be fresh.
//!
//! After a change of a schema or of the generator, write them anew with `WM_BLESS=1 cargo test -p wm-schema --test builtins`.
#![cfg(feature = "dsl")]

use std::path::Path;
use std::{env, fs};
use wm_schema::codegen::{Options, rust};

fn check(name: &str) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../wm-core/src/protocol");
    let source = fs::read_to_string(folder.join(name).with_extension("wm")).expect("the schema");
    let draft = wm_schema::dsl::parse(&source).expect("a schema without mistakes of syntax");
    let resolved = wm_schema::resolve::resolve(&draft);
    assert_eq!(resolved.diagnostics, [], "{name}.wm");
    let schema = resolved.schema.expect("a schema without mistakes");
    let options =
        Options { source_name: format!("{name}.wm"), runtime: "crate".into(), tests: true, ..Options::default() };
    let fresh = rust::generate(&schema, &options);
    let path = folder.join(name).with_extension("rs");
    if env::var_os("WM_BLESS").is_some() {
        fs::write(&path, &fresh).expect("the generated file");
    }
    let committed = fs::read_to_string(&path).unwrap_or_default();
    assert!(committed == fresh, "{name}.rs is stale: WM_BLESS=1 cargo test -p wm-schema --test builtins");
}

#[test]
fn text_is_fresh() {
    check("text");
}

#[test]
fn frame_is_fresh() {
    check("frame");
}

#[test]
fn jsonl_is_fresh() {
    check("jsonl");
}
