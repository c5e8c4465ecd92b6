//! One protocol said twice: as a schema and as a Rust struct.
//!
//! You learn: `proto/upload.wm` and `#[derive(Protocol)]` below say the same; magic bytes and the length are no fields
//! that you set, in either.
//!
//! ```text
//! cargo run --bin twice
//! ```
//!
//! You see: both encode a message to the same bytes, read each other's, and refuse the same bad byte in the same words.

use std::process::ExitCode;
use wm_core::BytesMut;
use wm_derive::Protocol;
use wm_examples::proto::upload;

/// The same as `message Upload` in `proto/upload.wm`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Protocol)]
#[wm(name = "upload", limit = "2G", magic = "****", len = "u32", counts = "frame")]
struct Upload<'a> {
    #[wm(prefix = "u8")]
    name: &'a str,
    #[wm(rest, stream)]
    data: &'a [u8],
}

#[expect(clippy::print_stdout, reason = "what a command line program is for")]
fn main() -> ExitCode {
    let (name, data) = ("hello.txt", &b"Hello"[..]);
    let (mut by_schema, mut by_derive) = (BytesMut::new(), BytesMut::new());
    let encoded = (upload::Upload { name, data }.encode(&mut by_schema), Upload { name, data }.encode(&mut by_derive));
    println!("encoded   {encoded:?}");
    println!("by schema {:02x}", Hex(&by_schema));
    println!("by derive {:02x}", Hex(&by_derive));

    let by_schema_read = upload::Upload::decode(&by_derive);
    let by_derive_read = Upload::decode(&by_schema);
    println!("the schema's reads   {by_schema_read:?}");
    println!("the derived one reads {by_derive_read:?}");

    let mut broken = by_schema.clone();
    broken[2] = b'+';
    let refusals = (upload::Upload::decode(&broken).map(drop), Upload::decode(&broken).map(drop));
    if let (Err(by_schema), Err(by_derive)) = &refusals {
        println!("the schema's refuses    {by_schema}");
        println!("the derived one refuses {by_derive}");
    }
    let alike = by_schema == by_derive && by_schema_read.is_ok() && by_derive_read.is_ok() && refusals.0.is_err();
    if alike { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Bytes as hexadecimal.
struct Hex<'a>(&'a [u8]);

impl std::fmt::LowerHex for Hex<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x} "))
    }
}
