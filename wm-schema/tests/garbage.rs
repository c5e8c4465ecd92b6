//! No schema makes the checks panic: those of `tests/schemas` and of `tests/ui`, with words taken out, doubled and
//! exchanged. What is refused has an error, and what is accepted can be explained.
#![cfg(feature = "dsl")]

use proptest::prelude::*;
use std::{fs, path::Path};
use wm_schema::diagnostic::Severity;

/// All schemas, in pieces: words, marks and blanks.
fn pieces() -> Vec<Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for folder in ["../tests/schemas", "tests/ui"] {
        for entry in fs::read_dir(root.join(folder)).expect("a folder of schemas") {
            let path = entry.expect("a readable folder").path();
            if path.extension().is_some_and(|extension| extension == "wm") {
                found.push(split(&fs::read_to_string(path).expect("a readable schema")));
            }
        }
    }
    assert!(found.len() > 9, "the schemas are there");
    found
}

fn split(source: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let word = |letter: char| letter.is_alphanumeric() || letter == '_';
    for letter in source.chars() {
        match pieces.last_mut() {
            Some(last) if word(letter) && last.chars().all(word) => last.push(letter),
            _ => pieces.push(letter.to_string()),
        }
    }
    pieces
}

/// What to do to a piece, and which: indices are taken modulo what is there.
type Change = (u8, usize, usize, usize);

fn changed(schemas: &[Vec<String>], which: usize, changes: &[Change]) -> String {
    let mut pieces = schemas[which % schemas.len()].clone();
    for &(kind, at, from, piece) in changes {
        let at = at % pieces.len();
        let other = &schemas[from % schemas.len()];
        match kind % 3 {
            0 => pieces[at] = other[piece % other.len()].clone(),
            1 => pieces.insert(at, other[piece % other.len()].clone()),
            _ if pieces.len() > 1 => drop(pieces.remove(at)),
            _ => {}
        }
    }
    pieces.concat()
}

fn check(source: &str) {
    let Ok(draft) = wm_schema::dsl::parse(source) else { return };
    let resolved = wm_schema::resolve::resolve(&draft);
    let failed = resolved.diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
    assert_eq!(resolved.schema.is_none(), failed, "{source}\n{:#?}", resolved.diagnostics);
    for diagnostic in &resolved.diagnostics {
        assert!(!diagnostic.label.is_empty() && !diagnostic.help.is_empty(), "{source}\n{diagnostic:#?}");
    }
    let Some(schema) = resolved.schema else { return };
    for message in &schema.messages {
        let size = message.layout.size;
        // An envelope takes bytes of its own; one to the end of the connection of which nothing comes is none.
        let bytes = size.least > 0 || message.envelope().is_some() || message.layout.until_end;
        assert!(bytes && size.most >= Some(size.least), "{source}\n{message:#?}");
    }
    assert!(!wm_schema::explain::explain(&schema).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn changed_schemas_are_judged(
        which in any::<usize>(),
        changes in prop::collection::vec(any::<Change>(), 0..6),
    ) {
        use std::sync::OnceLock;
        static SCHEMAS: OnceLock<Vec<Vec<String>>> = OnceLock::new();
        check(&changed(SCHEMAS.get_or_init(pieces), which, &changes));
    }
}
