//! Generates the Rust of every schema in `schemas/`.

use std::{env, fs, path::Path};
use wm_schema::{codegen, dsl, resolve};

fn main() {
    println!("cargo:rerun-if-changed=schemas");
    let out = env::var("OUT_DIR").unwrap();
    for entry in fs::read_dir("schemas").unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap().to_owned();
        let draft = dsl::parse(&fs::read_to_string(&path).unwrap()).unwrap_or_else(|e| panic!("{name}: {e:#?}"));
        let resolved = resolve::resolve(&draft);
        let Some(schema) = resolved.schema else { panic!("{name}: {:#?}", resolved.diagnostics) };
        let options = codegen::Options { source_name: name, standalone: false, ..Default::default() };
        let code = codegen::rust::generate(&schema, &options);
        fs::write(Path::new(&out).join(path.with_extension("rs").file_name().unwrap()), code).unwrap();
    }
}
