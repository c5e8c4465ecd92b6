//! Generates the Rust of every schema in `schemas/`, with the tests that stand in it.

fn main() {
    wm_schema::Build::new().file("schemas/*.wm").tests(true).run();
}
