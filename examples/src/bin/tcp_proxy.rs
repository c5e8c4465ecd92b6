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
//! You see: the files of the server's folder. Without the server, the proxy says that nobody listens there. With two
//! arguments it is for any service, as in `tcp_proxy tcp://0.0.0.0:8483 tcp://example.com:80`; names are looked up for each
//! client, and all of their addresses are tried.

use std::{env, process::ExitCode};
use wm_core::{Worker, protocol::Tcp, run_all};
use wm_examples::address_or;

fn main() -> ExitCode {
    let server = env::args().nth(2).unwrap_or_else(|| "tcp://127.0.0.1:8000".to_owned());
    let proxy =
        Worker::<Tcp>::new(&address_or("tcp://0.0.0.0:8483")).name("tcp_proxy").count(2).on_connect(move |client| {
            if let Err(error) = client.tunnel(&*server) {
                panic!("{error}");
            }
        });
    run_all(proxy)
}
