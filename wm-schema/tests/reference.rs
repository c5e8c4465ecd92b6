//! Every schema in the language reference is checked: the good ones pass, their tests too, and those that are refused
//! are refused with the code that stands beside them.

use wm_schema::{diagnostic::Severity, dsl, interp, resolve};

/// The `wm` blocks of the reference: the line they start on, the code that is expected, and the schema.
fn blocks(markdown: &str) -> Vec<(usize, Option<&str>, String)> {
    let mut blocks = Vec::new();
    let mut open: Option<(usize, Option<&str>, String)> = None;
    for (number, line) in markdown.lines().enumerate() {
        match (&mut open, line.strip_prefix("```")) {
            (None, Some(info)) if info == "wm" || info.starts_with("wm ") => {
                open = Some((number + 1, info.strip_prefix("wm error="), String::new()));
            }
            (Some(_), Some(_)) => blocks.extend(open.take()),
            (Some((_, _, schema)), None) => {
                schema.push_str(line);
                schema.push('\n');
            }
            _ => {}
        }
    }
    blocks
}

/// The codes of the mistakes of a schema; empty if it is good and its tests pass.
fn mistakes(schema: &str) -> Vec<String> {
    let (schema, diagnostics) = match dsl::parse(schema) {
        Ok(draft) => {
            let resolved = resolve::resolve(&draft);
            (resolved.schema, resolved.diagnostics)
        }
        Err(diagnostics) => (None, diagnostics),
    };
    let errors = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error);
    let mut mistakes: Vec<String> = errors.map(|error| error.code.to_string()).collect();
    if let Some(report) = schema.as_ref().map(interp::test).filter(|report| !report.passed()) {
        mistakes.push(report.to_string());
    }
    mistakes
}

#[test]
fn every_schema_of_the_reference_is_what_it_says() {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/language.md");
    let reference = std::fs::read_to_string(path).unwrap();
    let blocks = blocks(&reference);
    assert!(blocks.len() >= 8, "{} schemas", blocks.len());
    for (line, code, schema) in blocks {
        let expected: Vec<&str> = code.into_iter().collect();
        assert_eq!(mistakes(&schema), expected, "docs/language.md:{line}");
    }
}
