//! A chat room, the manual's first example: what one guest says, all of them read.
//!
//! You learn: a worker on the built-in `text` protocol, its callbacks, and how a handler reaches the other connections.
//!
//! ```text
//! cargo run --bin chat_room
//! nc 127.0.0.1 2347              in two other terminals (or telnet)
//! ```
//!
//! You see: what you type in one terminal appears in both, as `user[1] said: …`.

use std::process::ExitCode;
use wm_core::{Worker, protocol::Text, run_all};

fn main() -> ExitCode {
    let room = Worker::<Text>::new("text://127.0.0.1:2347")
        .name("chat_room")
        // One process, so that every guest is in the same room.
        .count(1)
        .on_connect(|guest| {
            let login = format!("user[{}] login", guest.id());
            guest.broadcast(&login)
        })
        .on_message(|guest, line| {
            let said = format!("user[{}] said: {}", guest.id(), line.text);
            guest.broadcast(&said)
        })
        .on_close(|guest| {
            let logout = format!("user[{}] logout", guest.id());
            guest.broadcast(&logout)
        });
    run_all(room)
}
