//! Every mistake as its user sees it: `ui/NAME.wm` is the mistake, `ui/NAME.txt` the page.
//!
//! `WM_BLESS=1 cargo test -p wm-schema --test ui` writes the pages anew; read them in the diff.

use std::fs;
use std::path::{Path, PathBuf};
use wm_schema::diagnostic::Code;
use wm_schema::dsl;
use wm_schema::render::{Colours, SourceFile, page};
use wm_schema::resolve::resolve;

/// What a user sees who checks the file.
fn page_of(path: &Path) -> String {
    let source = fs::read_to_string(path).expect("a readable schema");
    let name = path.file_name().and_then(|name| name.to_str()).expect("a file with a name");
    let parsed = dsl::read_file(&source, path);
    let diagnostics = match &parsed.draft {
        Ok(draft) => resolve(draft).diagnostics,
        Err(diagnostics) => diagnostics.clone(),
    };
    page(SourceFile { name, source: &source, places: &parsed.places }, &diagnostics, Colours::No)
}

#[test]
fn mistakes_are_explained() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let mut schemas: Vec<PathBuf> = fs::read_dir(&folder)
        .expect("the folder of mistakes")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "wm"))
        .collect();
    schemas.sort();
    assert!(!schemas.is_empty(), "no mistakes in {}", folder.display());
    let bless = std::env::var_os("WM_BLESS").is_some();
    let mut wrong = Vec::new();
    for schema in schemas {
        let found = page_of(&schema);
        let expected = schema.with_extension("txt");
        if bless {
            fs::write(&expected, &found).expect("a writable folder");
        } else if fs::read_to_string(&expected).unwrap_or_default() != found {
            wrong.push(format!("── {} ──\n{found}", schema.display()));
        }
        assert!(!found.is_empty(), "nothing is wrong with {}", schema.display());
    }
    assert!(wrong.is_empty(), "these pages have changed; WM_BLESS=1 accepts them:\n{}", wrong.join("\n"));
}

/// What a schema in a file cannot do wrong: the fields of a Rust type, and a message on the command line.
const ELSEWHERE: [Code; 2] = [Code::BadRustType, Code::BadValue];

#[test]
fn every_kind_of_mistake_has_a_page() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui");
    let pages: String = fs::read_dir(&folder)
        .expect("the folder of mistakes")
        .map(|entry| entry.expect("a readable folder").path())
        .filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
        .map(|path| fs::read_to_string(path).expect("a readable page"))
        .collect();
    let shown = |code: &Code| pages.contains(&format!("[{code}]: {}", code.title()));
    let missing: Vec<&Code> = Code::ALL.iter().filter(|code| !shown(code) && !ELSEWHERE.contains(code)).collect();
    assert!(missing.is_empty(), "no page of {missing:?}");
}
