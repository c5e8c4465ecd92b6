//! A gopher hole: a menu, a text, and what is not there. `curl` is its client, and so is any browser of gopher.
//!
//! You learn: `until end`, an answer that goes on to the end of the connection. Nothing says how long it is: the server ends its
//! side behind it by itself.
//!
//! ```text
//! cargo run --bin gopher
//! curl gopher://127.0.0.1:7070/
//! curl gopher://127.0.0.1:7070/0/about
//! ```
//!
//! You see a menu of one line, "About this hole", and then the text that this line leads to.

use std::process::ExitCode;
use wm_core::{Worker, run_all};
use wm_examples::proto::gopher::{Ask, Server};

const ABOUT: &str = "It has a menu and this text.\r\nBoth end with the connection.\r\n.\r\n";

/// The lines of the menu: a kind and a name, what to ask for, and where.
fn menu(here: &str) -> String {
    format!("iWelcome\t\t\t0\r\n0About this hole\t/about\t{here}\r\n.\r\n")
}

fn main() -> ExitCode {
    let worker = Worker::<Server>::new("gopher://127.0.0.1:7070").name("gopher").on_message(|client, ask| {
        let Ask { selector } = ask;
        let here = client.local_addr().socket_addr();
        let here = here.map(|here| format!("{}\t{}", here.ip(), here.port())).unwrap_or_default();
        match selector {
            "" | "/" => client.send(menu(&here).as_str()),
            "/about" => client.send(ABOUT),
            other => client.send(format!("3There is no `{other}` here\t\t\t0\r\n.\r\n").as_str()),
        }
    });
    run_all(worker)
}
