//! Upload files in one binary frame each: server and client of `proto/binary_transfer.wm`.
//!
//! You learn: a protocol whose two sides differ, the generated `Server` and `Client`, and `Framed`, a client without an
//! event loop.
//!
//! ```text
//! cargo run --bin binary_upload -- serve tcp://127.0.0.1:8333 /tmp/uploads
//! cargo run --bin binary_upload -- send 127.0.0.1:8333 README.md
//! ```
//!
//! You see: `saved 5210 bytes as /tmp/uploads/README.md`.

use std::process::ExitCode;
use wm_core::{Framed, Worker, run_all};
use wm_examples::{
    proto::binary_transfer::{Client, Done, Server, Upload},
    save, transfer,
};

fn main() -> ExitCode {
    transfer::main(
        |address, folder| {
            run_all(Worker::<Server>::new(address).name("binary_upload").count(2).on_message(move |conn, file| {
                let answer = transfer::saved(save(&folder, file.name, file.data), file.data.len());
                conn.send(Done { text: &answer })
            }))
        },
        |stream, name, data| {
            let mut server = Framed::<Client, _>::new(stream);
            server.send(Upload { name, data })?;
            server.receive(|done| done.text.to_owned())
        },
    )
}
