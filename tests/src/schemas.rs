//! The schemas of `schemas/`: checked, and as the Rust that is generated from them. Those of the examples and of the core
//! are links to where they live.

use std::path::Path;
use std::sync::OnceLock;
use wm_schema::ir::Schema;
use wm_schema::{dsl, resolve};

macro_rules! schemas {
    ($($name:ident)*) => {
        $(
            #[doc = concat!("Generated from `", stringify!($name), ".wm`.")]
            #[allow(clippy::too_many_lines, reason = "a message may have any number of fields")]
            pub mod $name {
                include!(concat!(env!("OUT_DIR"), "/", stringify!($name), ".rs"));
            }
        )*

        /// The protocols and their sources, by name.
        pub const SOURCES: &[(&str, &str)] =
            &[$((stringify!($name), include_str!(concat!("../schemas/", stringify!($name), ".wm")))),*];
    };
}

schemas! {
    absent
    beacon
    bidding
    binary_transfer
    bits
    bits_lsb
    blocks
    braces
    cache
    checksums
    choices
    chunks
    cobs
    conditions
    connect
    delimiters
    dns_tcp
    door
    elements
    endings
    every_type
    externs
    finger
    frame
    http1
    imports
    jsonl
    len_json
    lengths
    lines
    mail
    mqtt
    names
    nested
    netstring
    pdl_arrays
    pdl_bits
    pdl_payloads
    pointers
    pour
    recover
    regions
    resp2
    sections
    sentinels
    slip
    socks5
    spellings
    streams
    attributes
    tags
    talk
    telemetry
    text
    text_transfer
    transforms
    turns
    upload
    versions
    websocket
    websocket_frame
    words
    xml10
}

/// The checked schema of a protocol of `schemas/`; each is read once.
///
/// # Panics
///
/// There is none of this name, or it has mistakes.
#[must_use]
pub fn load(protocol: &str) -> &'static Schema {
    static SCHEMAS: OnceLock<Vec<Schema>> = OnceLock::new();
    find(SCHEMAS.get_or_init(|| check_all(SOURCES)), protocol)
}

fn find(schemas: &'static [Schema], protocol: &str) -> &'static Schema {
    let found = schemas.iter().find(|schema| schema.name == protocol);
    found.unwrap_or_else(|| panic!("no schema {protocol}"))
}

fn check_all(sources: &[(&str, &str)]) -> Vec<Schema> {
    sources.iter().map(|(name, source)| check(name, source)).collect()
}

fn check(name: &str, source: &str) -> Schema {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("schemas").join(name).with_extension("wm");
    let draft = dsl::read_file(source, &file).draft.unwrap_or_else(|mistakes| panic!("{name}: {mistakes:#?}"));
    let resolved = resolve::resolve(&draft);
    let mut schema = resolved.schema.unwrap_or_else(|| panic!("{name}: {:#?}", resolved.diagnostics));
    if name == "externs" {
        crate::own::lend(&mut schema);
    }
    schema
}
