//! HTTP/1 from a schema: `proto/http.wm` is all that there is of the protocol.
//!
//! You learn: headers; bodies of any size, by length and in chunks, in both directions, in the memory of one read; and an
//! answer to bytes that are no request.
//!
//! ```text
//! cargo run --bin web
//! curl http://127.0.0.1:8336/hello
//! curl http://127.0.0.1:8336/echo -d 'some text'
//! head -c 1G /dev/zero | curl -T - http://127.0.0.1:8336/count
//! curl http://127.0.0.1:8336/pour/1073741824 | wc -c
//! ```
//!
//! You see: `hello`, the text again, and the size of the gigabyte twice.

use std::process::ExitCode;
use wm_core::{Connection, Worker, run_all, wire::Headers};
use wm_examples::proto::http::{Method, RequestHead, RequestPart, ResponseHead, ResponsePart, Server};

/// With so much on its way to a client, the next piece waits until that has been taken.
const QUEUED_BYTES: usize = 1 << 20;

/// What a connection is about.
#[derive(Default)]
struct Visit {
    answer: Answer,
    stays: bool,
}

/// What comes of a request.
#[derive(Default)]
enum Answer {
    #[default]
    Missing,
    Hello,
    Chunks,
    /// Its own body, as it comes.
    Echo,
    /// How many bytes its body has.
    Count(u64),
    /// So many bytes.
    Pour(u64),
}

type Client<'c> = Connection<'c, Server, Visit>;

fn main() -> ExitCode {
    let worker = Worker::<Server>::new("tcp://127.0.0.1:8336").name("web").count(2).session::<Visit>();
    run_all(worker.on_message(serve).on_buffer_drain(pour))
}

/// Takes a part of a request: its head, bytes of its body, its end.
fn serve(client: &mut Client<'_>, part: RequestPart<'_>) {
    if let Some(head) = part.head {
        let answer = Answer::to(&head);
        if let Answer::Echo = answer {
            client.send(ok(head.body_len));
        }
        *client.session() = Visit { answer, stays: stays(&head) };
    }
    match &mut client.session().answer {
        Answer::Count(bytes) => *bytes += part.data.len() as u64,
        // A client that does not read its answer is not read any more: what is on its way is bounded.
        Answer::Echo => {
            client.send(ResponsePart { head: None, data: part.data, end: part.end });
        }
        _ => {}
    }
    if part.end {
        finish(client);
    }
}

/// Answers a request whose body has come.
fn finish(client: &mut Client<'_>) {
    match client.session().answer {
        Answer::Missing => text(client, 404, "Not Found", "nothing here\n"),
        Answer::Hello => text(client, 200, "OK", "hello\n"),
        Answer::Count(bytes) => text(client, 200, "OK", &format!("{bytes} bytes\n")),
        Answer::Chunks => {
            client.send(ok(None));
            client.send(b"one ");
            client.send(ResponsePart { head: None, data: b"two\n", end: true });
        }
        Answer::Echo => {}
        Answer::Pour(_) => {
            // Its next request waits for the end of this answer.
            client.pause_recv();
            client.send(ok(None));
            return pour(client);
        }
    }
    if !client.session().stays {
        client.close();
    }
}

/// Sends more of an answer of many bytes, as fast as the client takes it.
fn pour(client: &mut Client<'_>) {
    const PIECE: [u8; 16 << 10] = [b'.'; 16 << 10];
    loop {
        let Answer::Pour(left) = client.session().answer else { return };
        if left == 0 {
            break;
        }
        if client.queued_bytes() > QUEUED_BYTES {
            return;
        }
        let bytes = usize::try_from(left).unwrap_or(usize::MAX).min(PIECE.len());
        client.send(&PIECE[..bytes]);
        client.session().answer = Answer::Pour(left - bytes as u64);
    }
    client.send(ResponsePart::END);
    client.session().answer = Answer::Missing;
    client.resume_recv();
    if !client.session().stays {
        client.close();
    }
}

fn text(client: &mut Client<'_>, status: u64, reason: &str, text: &str) {
    client.send(ResponseHead { status, reason, ..ok(Some(text.len())) });
    client.send(text.as_bytes());
}

/// The head of an answer with so many bytes behind it, or with as many as there will be.
fn ok(body_len: Option<usize>) -> ResponseHead<'static> {
    const HEADERS: [(&str, &str); 2] = [("Content-Type", "text/plain"), ("Server", "wm")];
    ResponseHead { minor: 1, status: 200, reason: "OK", headers: Headers::from(&HEADERS), body_len }
}

impl Answer {
    fn to(request: &RequestHead<'_>) -> Self {
        match (request.method, request.target) {
            (Method::GET, "/hello") => Self::Hello,
            (Method::GET, "/chunks") => Self::Chunks,
            (Method::POST | Method::PUT, "/echo") => Self::Echo,
            (Method::POST | Method::PUT, "/count") => Self::Count(0),
            (Method::GET, target) => match target.strip_prefix("/pour/").map(str::parse) {
                Some(Ok(bytes)) => Self::Pour(bytes),
                _ => Self::Missing,
            },
            _ => Self::Missing,
        }
    }
}

/// Whether the client asks again on this connection (RFC 9112, section 9.3).
fn stays(request: &RequestHead<'_>) -> bool {
    let says = |word: &str| {
        let mut words = request.headers.get_all("connection").flat_map(|value| value.split(','));
        words.any(|found| found.trim().eq_ignore_ascii_case(word))
    };
    if request.minor == 0 { says("keep-alive") } else { !says("close") }
}
