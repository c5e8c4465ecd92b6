//! Generates the Rust of every schema in `schemas/`.

fn main() {
    wm_schema::build("schemas/*.wm");
}
