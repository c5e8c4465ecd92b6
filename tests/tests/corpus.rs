//! The corpus of the fuzzers, on a stable compiler: every input that is committed does no harm, and every vector and every
//! schema is among them. `WM_BLESS=1` adds those that are not.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use wm_tests::{fuzz, schemas, vectors};

fn corpus(target: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/corpus").join(target)
}

/// A long input would be cut at too many places.
const LONG: usize = 1024;

/// What must be in the corpus: its target, its name and its bytes.
fn seeds() -> Vec<(String, String, Vec<u8>)> {
    let schemas = schemas::SOURCES
        .iter()
        .map(|(name, source)| ("schema".to_owned(), (*name).to_owned(), source.as_bytes().to_vec()));
    let vectors = vectors::all().into_iter().filter(|vector| vector.bytes.len() <= LONG).map(|vector| {
        let name: String =
            vector.name.chars().map(|character| if character.is_alphanumeric() { character } else { '-' }).collect();
        let input = [&[0; fuzz::PIECES], &vector.bytes[..]].concat();
        (vector.protocol, format!("{:?}-{name}", vector.side).to_lowercase(), input)
    });
    schemas.chain(vectors).collect()
}

#[test]
fn every_vector_and_every_schema_seeds_a_fuzzer() {
    let bless = std::env::var_os("WM_BLESS").is_some();
    let mut files = BTreeSet::new();
    for (target, name, input) in seeds() {
        let file = corpus(&target).join(name);
        assert!(files.insert(file.clone()), "two vectors are called {}: give one another name", file.display());
        if bless {
            fs::create_dir_all(corpus(&target)).unwrap();
            fs::write(&file, &input).unwrap();
        }
        let found = fs::read(&file).unwrap_or_default();
        assert!(found == input, "{} is not what the vector says: run again with WM_BLESS=1", file.display());
    }
}

#[test]
fn the_corpus_does_no_harm() {
    let targets = schemas::SOURCES.iter().map(|(name, _)| *name).chain(["schema"]);
    for target in targets {
        let inputs = fs::read_dir(corpus(target)).unwrap_or_else(|error| panic!("{target}: {error}"));
        let mut count = 0;
        for input in inputs {
            let data = fs::read(input.unwrap().path()).unwrap();
            match target {
                "schema" => fuzz::schema(&data),
                protocol => fuzz::protocol(protocol, &data),
            }
            count += 1;
        }
        assert!(count > 5, "{target}: only {count} inputs");
    }
}
