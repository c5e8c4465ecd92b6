//! The gopher hole, with `curl`, and with a client that is generated.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::net::TcpStream;
use std::process::Command;
use support::{PATIENCE, Server, have};
use wm_core::protocol::exchange::Exchange as _;
use wm_core::{Client, ClientError, Framed};
use wm_examples::proto::gopher::{self, Ask, Calls};

fn hole() -> Server {
    Server::start(env!("CARGO_BIN_EXE_gopher"), "gopher://127.0.0.1:0", &[])
}

/// What `curl` makes of an address of the hole.
fn curl(hole: &Server, path: &str) -> String {
    let address = format!("gopher://127.0.0.1:{}{path}", hole.port());
    let output =
        Command::new("curl").args(["--silent", "--show-error", "--max-time", "20", &address]).output().unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn curl_reads_to_the_end() {
    if !have("curl") {
        return;
    }
    let hole = hole();
    let menu = format!("iWelcome\t\t\t0\r\n0About this hole\t/about\t127.0.0.1\t{}\r\n.\r\n", hole.port());
    assert_eq!(curl(&hole, "/"), menu);
    assert_eq!(curl(&hole, "/0/about"), "It has a menu and this text.\r\nBoth end with the connection.\r\n.\r\n");
    assert_eq!(curl(&hole, "/0/else"), "3There is no `/else` here\t\t\t0\r\n.\r\n");
}

#[test]
fn a_generated_client_is_answered_once() {
    let hole = hole();
    let stream = TcpStream::connect(format!("127.0.0.1:{}", hole.port())).unwrap();
    let mut client = Client::<Calls, _>::new(stream, PATIENCE).unwrap();
    assert!(Calls::asks(&Ask { selector: "" }).is_some());
    let body = client.call(Ask { selector: "/about" }, |answer| answer.body.to_vec()).unwrap();
    assert!(body.ends_with(b"Both end with the connection.\r\n.\r\n"));
    assert!(matches!(client.receive(|_, _| ()), Err(ClientError::Closed)), "the connection has ended with it");
}

#[test]
fn two_requests_get_one_answer() {
    let hole = hole();
    let stream = TcpStream::connect(format!("127.0.0.1:{}", hole.port())).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut client = Framed::<gopher::Client, _>::new(stream);
    client.send("/about").unwrap();
    client.send("").unwrap();
    let body = client.receive(|answer| answer.body.len()).unwrap();
    assert_eq!(body, Some(64), "what is sent behind it is refused");
    assert_eq!(client.receive(|_| ()).unwrap(), None);
}
