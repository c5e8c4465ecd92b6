//! Upload files in one binary frame each: server and client of `proto/binary_transfer.wm`.
//!
//! You learn: a protocol whose two sides differ, the generated `Server` and `Client`, `Framed`, a client without an event
//! loop; and a `stream`: a file of any size takes no more memory than one read.
//!
//! ```text
//! cargo run --bin binary_upload -- serve tcp://127.0.0.1:8333 /tmp/uploads
//! cargo run --bin binary_upload -- send 127.0.0.1:8333 README.md
//! ```
//!
//! You see: `saved 5210 bytes as /tmp/uploads/README.md`.

use std::process::ExitCode;
use wm_core::{Framed, Worker};
use wm_examples::{
    proto::binary_transfer::{Client, Done, Server},
    transfer::{self, Receiving},
};

fn main() -> ExitCode {
    transfer::main(
        |address, folder| {
            let worker = Worker::<Server>::new(address).name("binary_upload").count(2).session::<Receiving>();
            let worker = worker.on_message(move |conn, part| {
                if let Some(answer) = conn.session().take(&folder, &part) {
                    conn.send(Done { text: &answer });
                }
            });
            wm_core::Server::new().worker(worker).run()
        },
        |stream, file| {
            let mut server = Framed::<Client, _>::new(stream);
            transfer::send_file(&mut server, file)?;
            server.receive(|done| done.text.to_owned())
        },
    )
}
