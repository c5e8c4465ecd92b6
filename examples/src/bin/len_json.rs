//! A `u32` of total length, then JSON: the manual's second example of a custom protocol.
//!
//! You learn: `proto/len_json.wm`, and JSON that is checked on receipt and read into a type only where one wants to.
//!
//! ```text
//! cargo run --bin len_json
//! printf '\0\0\0\x14{"name":"tom"  }' | nc -N 127.0.0.1 9100 | tail -c +5
//! ```
//!
//! You see: `{"hello":"tom"}`.

use serde::Deserialize;
use std::process::ExitCode;
use wm_core::{Worker, run_all, wire::json::JsonBuf};
use wm_examples::proto::len_json;

#[derive(Deserialize)]
struct Greet<'a> {
    name: &'a str,
}

#[derive(serde::Serialize)]
struct Greeting<'a> {
    hello: &'a str,
}

fn main() -> ExitCode {
    let worker = Worker::<len_json::Server>::new("len_json://127.0.0.1:9100").name("len_json").count(2).on_message(
        |conn, packet| match packet.body.parse::<Greet<'_>>() {
            Ok(greet) => {
                if let Ok(greeting) = JsonBuf::of(&Greeting { hello: greet.name }) {
                    conn.send(greeting.as_json());
                }
            }
            Err(_) => conn.close(),
        },
    );
    run_all(worker)
}
