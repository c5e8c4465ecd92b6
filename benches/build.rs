//! Generates the Rust of the upload protocol, the one of the codecs' table that is not built in.

fn main() {
    wm_schema::build("../tests/schemas/binary_transfer.wm");
}
