//! HTTP/1 from a schema: `proto/http.wm` is all that there is of the protocol.
//!
//! You learn: headers, bodies by length and in chunks, and an answer to bytes that are no request.
//!
//! ```text
//! cargo run --bin web
//! curl http://127.0.0.1:8336/hello
//! curl http://127.0.0.1:8336/echo -d 'some text'
//! curl http://127.0.0.1:8336/echo -d 'some text' -H 'Transfer-Encoding: chunked'
//! ```
//!
//! You see: `hello`, and the text twice.

use std::process::ExitCode;
use wm_core::{
    Worker, run_all,
    wire::{Headers, List},
};
use wm_examples::{
    address_or,
    proto::http::{Chunk, Method, Request, RequestBody, Response, ResponseBody, Server},
};

fn main() -> ExitCode {
    let worker =
        Worker::<Server>::new(&address_or("tcp://127.0.0.1:8336")).name("web").count(2).on_message(|conn, request| {
            let echoed = whole(&request.body);
            let chunks = [Chunk { data: b"one " }, Chunk { data: b"two\n" }, Chunk { data: b"" }];
            let (status, reason, body) = match (request.method, request.target) {
                (Method::GET, "/hello") => (200, "OK", ResponseBody::Other(b"hello\n")),
                (Method::GET, "/chunks") => (200, "OK", ResponseBody::Chunked(List::from(&chunks))),
                (Method::POST | Method::PUT, "/echo") => (200, "OK", ResponseBody::Other(&echoed)),
                _ => (404, "Not Found", ResponseBody::Other(b"nothing here\n")),
            };
            let headers = [("Content-Type", "text/plain"), ("Server", "wm")];
            conn.send(Response { minor: 1, status, reason, headers: Headers::from(&headers), body });
            if !stays(&request) {
                conn.close();
            }
        });
    run_all(worker)
}

/// The body in one piece.
fn whole(body: &RequestBody<'_>) -> Vec<u8> {
    match body {
        RequestBody::Other(bytes) => bytes.to_vec(),
        RequestBody::Chunked(chunks) => chunks.iter().flat_map(|chunk| chunk.data).copied().collect(),
    }
}

/// Whether the client asks again on this connection (RFC 9112, section 9.3).
fn stays(request: &Request<'_>) -> bool {
    let says = |word: &str| {
        let mut words = request.headers.get_all("connection").flat_map(|value| value.split(','));
        words.any(|found| found.trim().eq_ignore_ascii_case(word))
    };
    if request.minor == 0 { says("keep-alive") } else { !says("close") }
}
