//! Upload files as a line of JSON each: server and client of `proto/text_transfer.wm`.
//!
//! You learn: a typed JSON body with base64 in it. A line is held whole: for files of any size there is `binary_upload`.
//!
//! ```text
//! cargo run --bin text_upload -- serve tcp://127.0.0.1:8334 /tmp/uploads
//! cargo run --bin text_upload -- send 127.0.0.1:8334 README.md
//! ```
//!
//! You see: `saved 5210 bytes as /tmp/uploads/README.md`.

use std::{fs, process::ExitCode};
use wm_core::{Framed, Worker};
use wm_examples::{
    proto::text_transfer::{Client, Done, File, Server, Upload},
    save, transfer,
};

fn main() -> ExitCode {
    transfer::main(
        |address, folder| {
            let worker = Worker::<Server>::new(address).name("text_upload").count(2).on_message(move |conn, upload| {
                let file = upload.file;
                let answer = transfer::saved(save(&folder, &file.file_name, &file.file_data), file.file_data.len());
                conn.send(Done { text: &answer })
            });
            wm_core::Server::new().worker(worker).run()
        },
        |stream, file| {
            let (name, data) = (transfer::name(file), fs::read(file)?);
            let mut server = Framed::<Client, _>::new(stream);
            server.send(Upload { file: File { file_name: name.into(), file_data: data.into() } })?;
            server.receive(|done| done.text.to_owned())
        },
    )
}
