//! A TCP proxy, the manual's example of `pipe`: what clients say goes to a server, and what it says comes back.
//!
//! You learn: a tunnel to another server, with backpressure and half-closes, and what happens when the server is away.
//!
//! ```text
//! python3 -m http.server 8000        the server
//! cargo run --bin tcp_proxy
//! curl http://127.0.0.1:8483/        the client
//! ```
//!
//! You see: the files of the server's folder. Without the server, the proxy says that nobody listens there. It is for
//! any service, as in `tcp_proxy --server tcp://example.com:80`; names are looked up for each client, and all of their
//! addresses are tried.

use clap::Parser;
use std::process::ExitCode;
use wm_core::{Control, Server, Worker, protocol::Tcp};

/// What clients say goes to a server, and what it says comes back.
#[derive(Parser)]
struct Arguments {
    /// Where the server is
    #[arg(long, global = true, value_name = "ADDRESS", default_value = "tcp://127.0.0.1:8000")]
    server: String,
    #[command(flatten)]
    control: Control,
}

fn main() -> ExitCode {
    let Arguments { server, control } = Arguments::parse();
    let proxy = Worker::<Tcp>::new("tcp://0.0.0.0:8483").name("tcp_proxy").count(2).on_connect(move |client| {
        if let Err(error) = client.tunnel(&*server) {
            panic!("{error}");
        }
    });
    Server::new().worker(proxy).command(&control)
}
