//! Generated code as a page to read: one snapshot for each kind of schema.
#![cfg(feature = "dsl")]

use wm_schema::codegen::{Options, rust};

fn generated(name: &str) -> String {
    let path = format!("{}/../tests/schemas/{name}.wm", env!("CARGO_MANIFEST_DIR"));
    let source = std::fs::read_to_string(path).expect("the schema");
    let draft = wm_schema::dsl::parse(&source).expect("a schema without mistakes of syntax");
    let schema = wm_schema::resolve::resolve(&draft).schema.expect("a schema without mistakes");
    let options = Options { source_name: format!("{name}.wm"), ..Options::default() };
    rust::generate(&schema, &options)
}

#[test]
fn a_number_in_front_says_the_size() {
    insta::assert_snapshot!(generated("upload"));
}

#[test]
fn a_delimiter_ends_a_typed_body() {
    insta::assert_snapshot!(generated("text_transfer"));
}

#[test]
fn every_type() {
    insta::assert_snapshot!(generated("every_type"));
}

#[test]
fn several_messages_are_an_enum() {
    insta::assert_snapshot!(generated("talk"));
}

#[test]
fn a_session_is_a_table_of_states() {
    insta::assert_snapshot!(generated("door"));
}

#[test]
fn a_walk_reads_like_a_table() {
    insta::assert_snapshot!(generated("cache"));
}
