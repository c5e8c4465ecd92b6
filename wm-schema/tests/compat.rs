//! `wm-schema compat`: every schema agrees with itself, in both ways, with messages made up for all that it can say.
#![cfg(all(feature = "dsl", feature = "interp"))]

mod schemas;

use wm_schema::compat::{Effort, compare};

#[test]
fn every_schema_agrees_with_itself() {
    for (path, schema) in schemas::all() {
        let report = compare(&schema, &schema, Effort { random: 10, variations: 1000, seed: 1 });
        let name = path.display();
        assert!(report.is_compatible(), "{name}: {:#?}", report.findings);
        assert!(report.renamed.is_empty(), "{name}: {:?}", report.renamed);
        // What is written in Rust is not known to tools, and so nothing is sent.
        if !schema.externs.functions.is_empty() {
            assert_eq!(report.notes.len(), 1, "{name}: {:?}", report.notes);
            continue;
        }
        for message in &schema.messages {
            let tried = report.tried.iter().filter(|((_, name), _)| *name == message.layout.name);
            assert!(tried.count() == 2, "{name}: no {} was tried: {:?}", message.layout.name, report.tried);
        }
    }
}
