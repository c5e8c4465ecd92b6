//! Generates a module for each schema in `proto/`.

fn main() {
    wm_schema::build("proto/*.wm");
}
