//! A MySQL proxy, the manual's example of `AsyncTcpConnection`: clients reach the database through it.
//!
//! You learn: a tunnel, what its ends have sent when they are gone, and a last word to a client in its own protocol.
//!
//! ```text
//! cargo run --bin mysql_proxy
//! mariadb --host 127.0.0.1 --port 4406 --user root --password
//! ```
//!
//! You see: the client works as if it were connected to the server itself. Without the server it says
//! `ERROR 1429 (HY000): cannot connect to …`. The server may be anywhere, as in
//! `mysql_proxy --server unix:///run/mysqld/mysqld.sock`.

use clap::Parser;
use std::process::ExitCode;
use wm_core::{ConnectionError, Control, Server, Worker, protocol::Tcp};

/// `ER_CONNECT_TO_FOREIGN_DATA_SOURCE`. Clients do not take their own "cannot connect", 2003, from a server.
const CANNOT_CONNECT: u16 = 1429;

/// Clients reach the database through it.
#[derive(Parser)]
struct Arguments {
    /// Where the server is
    #[arg(long, global = true, value_name = "ADDRESS", default_value = "tcp://127.0.0.1:3306")]
    server: String,
    #[command(flatten)]
    control: Control,
}

fn main() -> ExitCode {
    let Arguments { server, control } = Arguments::parse();
    let proxy = Worker::<Tcp>::new("tcp://0.0.0.0:4406")
        .name("mysql_proxy")
        .on_connect(move |client| {
            if let Err(error) = client.tunnel(&*server) {
                panic!("{error}");
            }
        })
        .on_error(|client, error| {
            client.log_error(error);
            if let ConnectionError::Connect(error) = error {
                client.send_raw(&refusal(&error.to_string()));
            }
        })
        .on_close(|client| {
            let traffic = client.traffic();
            log(&format!("{}: {} bytes asked, {} answered", client.remote_addr(), traffic.bytes_in, traffic.bytes_out));
        });
    Server::new().worker(proxy).command(&control)
}

#[expect(clippy::print_stderr, reason = "what a server has to say")]
fn log(line: &str) {
    eprintln!("{line}");
}

/// The packet with which a server refuses a client (`ERR_Packet`): a length of three bytes, a number, 0xff, the code, text.
fn refusal(why: &str) -> Vec<u8> {
    let why = &why.as_bytes()[..why.len().min(512)];
    let len = u32::try_from(3 + why.len()).unwrap_or_default().to_le_bytes();
    [&len[..3], &[0, 0xff], &CANNOT_CONNECT.to_le_bytes(), why].concat()
}
