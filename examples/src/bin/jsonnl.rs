//! A JSON object on each line: the manual's chapter on custom protocols, typed.
//!
//! You learn: `#[derive(Protocol)]` on two structs makes a protocol; serde reads and writes the JSON.
//!
//! ```text
//! cargo run --bin jsonnl
//! printf '{"type":"message","content":"hello"}\n' | nc -N 127.0.0.1 1234
//! ```
//!
//! You see: `{"code":0,"msg":"5 bytes of message"}`. A line that is no such object ends its connection, and the server
//! says why.

use serde::{Deserialize, Serialize};
use std::process::ExitCode;
use wm_core::{Worker, protocol::Duplex, run_all};
use wm_derive::Protocol;

#[derive(Debug, Protocol)]
#[wm(name = "jsonnl")]
struct Call {
    #[wm(json, until = "\n", max = "1M")]
    call: Say,
}

#[derive(Debug, Protocol)]
#[wm(name = "jsonnl")]
struct Answer {
    #[wm(json, until = "\n", max = "1M")]
    answer: Said,
}

#[derive(Debug, Serialize, Deserialize)]
struct Say {
    #[serde(rename = "type")]
    kind: String,
    content: String,
}

#[derive(Debug, Serialize, Deserialize)]
struct Said {
    code: u32,
    msg: String,
}

fn main() -> ExitCode {
    let worker = Worker::<Duplex<Call, Answer>>::new("jsonnl://127.0.0.1:1234").name("jsonnl").count(2).on_message(
        |conn, Call { call }| {
            let msg = format!("{} bytes of {}", call.content.len(), call.kind);
            conn.send(Answer { answer: Said { code: 0, msg } })
        },
    );
    run_all(worker)
}
