//! Requests and replies over a stream: in order, by a number, late, twice, and of nobody.

use std::io::{Read as _, Write as _};
use std::os::unix::net::UnixStream;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use wm_core::{Client, ClientError, Received, ReplyFault};
use wm_derive::protocol;

/// Pairs by a number, with a message that answers nothing beside them.
#[protocol(limit = "4K", schema = "exchange Ask -> Answer | Refusal by id")]
mod numbered {
    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "client", magic = "?")]
    pub(crate) struct Ask<'a> {
        #[wm(in = "1..=3")]
        pub(crate) id: u8,
        #[wm(prefix = "u8")]
        pub(crate) text: &'a str,
    }

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "client", magic = "!")]
    pub(crate) struct Bye {}

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "server", magic = "+")]
    pub(crate) struct Answer {
        pub(crate) id: u16,
    }

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "server", magic = "-")]
    pub(crate) struct Refusal {
        #[wm(as = "varint")]
        pub(crate) id: u64,
    }

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "server", magic = "*")]
    pub(crate) struct News {
        pub(crate) level: u8,
    }
}

/// Pairs by their order.
#[protocol(limit = "4K", schema = "exchange Get -> Got in order", schema = "exchange Put -> Done in order")]
mod ordered {
    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "client", magic = "g")]
    pub(crate) struct Get {
        pub(crate) key: u8,
    }

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "client", magic = "p")]
    pub(crate) struct Put {
        pub(crate) key: u8,
    }

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "server", magic = "G")]
    pub(crate) struct Got {
        pub(crate) value: u8,
    }

    #[derive(Debug, PartialEq, Protocol)]
    #[wm(from = "server", magic = "P")]
    pub(crate) struct Done {}
}

use numbered::{Ask, ClientMessage, ServerMessage};

const LONG: Duration = Duration::from_secs(20);
const SHORT: Duration = Duration::from_millis(20);

/// A client, and the other end of its stream.
fn numbered(timeout: Duration) -> (Client<numbered::Calls, UnixStream>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    far.set_read_timeout(Some(LONG)).unwrap();
    (Client::new(near, timeout).unwrap(), far)
}

fn ordered(timeout: Duration, limit: usize) -> (Client<ordered::Calls, UnixStream>, UnixStream) {
    let (near, far) = UnixStream::pair().unwrap();
    far.set_read_timeout(Some(LONG)).unwrap();
    (Client::with_limit(near, timeout, limit).unwrap(), far)
}

fn ask(text: &str) -> ClientMessage<'_> {
    // The client chooses the number.
    ClientMessage::Ask(Ask { id: 1, text })
}

fn read(far: &mut UnixStream, bytes: usize) -> Vec<u8> {
    let mut found = vec![0; bytes];
    far.read_exact(&mut found).unwrap();
    found
}

#[test]
fn replies_are_paired_by_their_number() {
    let (mut client, mut far) = numbered(LONG);
    let first = client.send(ask("a")).unwrap();
    let second = client.send(ask("b")).unwrap();
    assert_eq!(read(&mut far, 8), b"?\x01\x01a?\x02\x01b");
    assert_eq!(client.waiting(), 2);
    assert!(matches!(client.call(ask("c"), |_| ()), Err(ClientError::Busy)));
    far.write_all(b"*\x07-\x02+\0\x01").unwrap();
    let mut next = || client.receive(|received, message| (received, format!("{message:?}"))).unwrap();
    assert_eq!(next(), (Received::Message, "News(News { level: 7 })".into()));
    assert_eq!(next(), (Received::Reply(second), "Refusal(Refusal { id: 2 })".into()));
    assert_eq!(next(), (Received::Reply(first), "Answer(Answer { id: 1 })".into()));
}

#[test]
fn replies_of_nobody_are_told() {
    let (mut client, mut far) = numbered(LONG);
    client.send(ask("a")).unwrap();
    far.write_all(b"+\0\x09+\0\x01+\0\x01*\x01").unwrap();
    let mut next = || client.receive(|received, _| received);
    assert!(matches!(next(), Err(ClientError::Reply(ReplyFault::Unasked))));
    assert!(matches!(next(), Ok(Received::Reply(_))));
    assert!(matches!(next(), Err(ClientError::Reply(ReplyFault::Duplicate))));
    assert!(matches!(next(), Ok(Received::Message)));
}

#[test]
fn the_numbers_run_out_and_come_back() {
    let (mut client, mut far) = numbered(SHORT);
    let tickets: Vec<_> = (0..3).map(|_| client.send(ask("x")).unwrap()).collect();
    assert!(matches!(client.send(ask("x")), Err(ClientError::Full)));
    for expected in &tickets {
        let over = client.receive(|_, _| ());
        assert!(
            matches!(&over, Err(ClientError::TimedOut { request: Some(ticket) }) if ticket == expected),
            "{over:?}"
        );
    }
    // Their replies may still come: the first is told, and gives its number back.
    client.set_timeout(LONG).unwrap();
    far.write_all(b"+\0\x02").unwrap();
    assert!(matches!(client.receive(|_, _| ()), Err(ClientError::Reply(ReplyFault::Late))));
    let again = client.send(ask("y")).unwrap();
    assert_eq!(read(&mut far, 16)[12..], *b"?\x02\x01y");
    far.write_all(b"+\0\x02").unwrap();
    assert_eq!(client.receive(|received, _| received).unwrap(), Received::Reply(again));
}

#[test]
fn a_call_and_a_word_without_an_answer() {
    let (mut client, mut far) = numbered(LONG);
    let (tell, told) = mpsc::channel();
    let server = thread::spawn(move || {
        tell.send(read(&mut far, 4)).unwrap();
        far.write_all(b"+\0\x01").unwrap();
        tell.send(read(&mut far, 1)).unwrap();
    });
    let id = client.call(ask("a"), |message| match message {
        ServerMessage::Answer(answer) => answer.id,
        other => panic!("{other:?}"),
    });
    assert_eq!(id.unwrap(), 1);
    assert!(matches!(client.tell(ask("a")), Err(ClientError::Asks)));
    assert!(matches!(client.send(ClientMessage::Bye(numbered::Bye {})), Err(ClientError::AsksNothing)));
    client.tell(ClientMessage::Bye(numbered::Bye {})).unwrap();
    assert_eq!((told.recv().unwrap(), told.recv().unwrap()), (b"?\x01\x01a".to_vec(), b"!".to_vec()));
    server.join().unwrap();
    assert!(matches!(client.receive(|_, _| ()), Err(ClientError::Closed)));
}

#[test]
fn what_cannot_be_sent_is_not_waited_for() {
    let (mut client, _far) = numbered(LONG);
    let long = "x".repeat(300);
    assert!(matches!(client.send(ask(&long)), Err(ClientError::Framed(_))));
    assert_eq!(client.waiting(), 0);
}

#[test]
fn replies_come_in_order() {
    use ordered::{ClientMessage, Get, Put, ServerMessage};
    let (mut client, mut far) = ordered(LONG, 2);
    let get = client.send(ClientMessage::Get(Get { key: 1 })).unwrap();
    let put = client.send(ClientMessage::Put(Put { key: 2 })).unwrap();
    assert!(matches!(client.send(ClientMessage::Put(Put { key: 3 })), Err(ClientError::Full)));
    assert_eq!(read(&mut far, 4), b"g\x01p\x02");
    // A reply that is not the first request's is told; the order stands.
    far.write_all(b"PG\x05PP").unwrap();
    let other = client.receive(|_, _| ());
    assert!(matches!(&other, Err(ClientError::Reply(ReplyFault::Other { request })) if *request == get), "{other:?}");
    let got = client.receive(|received, message| match message {
        ServerMessage::Got(got) => (received, got.value),
        other => panic!("{other:?}"),
    });
    assert_eq!(got.unwrap(), (Received::Reply(get), 5));
    assert_eq!(client.receive(|received, _| received).unwrap(), Received::Reply(put));
    assert!(matches!(client.receive(|_, _| ()), Err(ClientError::Reply(ReplyFault::Unasked))));
}

#[test]
fn a_late_reply_is_not_the_next_one() {
    use ordered::{ClientMessage, Get};
    let (mut client, mut far) = ordered(SHORT, 4);
    client.send(ClientMessage::Get(Get { key: 1 })).unwrap();
    assert!(matches!(client.receive(|_, _| ()), Err(ClientError::TimedOut { request: Some(_) })));
    client.set_timeout(LONG).unwrap();
    let second = client.send(ClientMessage::Get(Get { key: 2 })).unwrap();
    far.write_all(b"G\x01G\x02").unwrap();
    assert!(matches!(client.receive(|_, _| ()), Err(ClientError::Reply(ReplyFault::Late))));
    assert_eq!(client.receive(|received, _| received).unwrap(), Received::Reply(second));
}

#[test]
fn bytes_that_trickle_do_not_prolong_the_wait() {
    let (mut client, mut far) = numbered(Duration::from_millis(200));
    client.send(ask("a")).unwrap();
    let (stop, stopped) = mpsc::channel::<()>();
    let server = thread::spawn(move || {
        // Never a whole message: the number of a refusal that goes on.
        let _ = far.write_all(b"-");
        while stopped.recv_timeout(Duration::from_millis(100)) == Err(mpsc::RecvTimeoutError::Timeout) {
            if far.write_all(b"\x80").is_err() {
                break;
            }
        }
    });
    assert!(matches!(client.receive(|_, _| ()), Err(ClientError::TimedOut { request: Some(_) })));
    drop(stop);
    server.join().unwrap();
}
