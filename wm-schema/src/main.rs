//! The `wm-schema` command.
fn main() {}
