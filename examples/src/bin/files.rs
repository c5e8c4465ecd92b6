//! A server from a schema: the twelve lines of the README.
//!
//! You learn: `proto/files.wm` is all that there is of the protocol.
//!
//! ```text
//! cargo run --bin files
//! printf '\0\0\0\x0b\1ahello' | nc -N 127.0.0.1 8335
//! ```
//!
//! You see: `a has 5 bytes`.

use std::process::ExitCode;
use wm_core::{Worker, run_all};
use wm_examples::proto::files;

fn main() -> ExitCode {
    let worker = Worker::<files::Server>::new("tcp://127.0.0.1:8335").count(4).on_message(|conn, file| {
        let answer = format!("{} has {} bytes", file.name, file.data.len());
        conn.send(&answer)
    });
    run_all(worker)
}
