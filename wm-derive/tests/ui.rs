//! What is said about a mistake: at the attribute or field that made it, in the words of the language.

#[test]
fn mistakes() {
    trybuild::TestCases::new().compile_fail("tests/ui/*.rs");
}
