//! A message in parts is the message: however it is cut, the same head and the same data, the same mistake at the same place.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestRunner};
use std::cell::RefCell;
use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};
use wm_core::engine::Engine;
use wm_core::protocol::{Duplex, Message, Part, Protocol, Stream, Streamed};
use wm_core::wire::EncodeFault;
use wm_core::{Connection, ConnectionError, Framed, Handler, Limits};
use wm_schema::ir::Side;
use wm_tests::oracle::Oracle;
use wm_tests::schemas::{self, binary_transfer, upload};
use wm_tests::stream::{self, End};
use wm_tests::streamed::{Parts, run};
use wm_tests::values;

fn oracle(protocol: &str) -> Oracle {
    Oracle::new(schemas::load(protocol), Side::Client)
}

/// What `whole` shows of a message, as a head and its data.
type Split = fn(&mut [u8]) -> (String, Vec<u8>);

fn split_upload(frame: &mut [u8]) -> (String, Vec<u8>) {
    let whole = <upload::Upload<'_> as Message>::decode(frame).expect("the schema has read it");
    let head = upload::UploadHead { name: whole.name, data_len: whole.data.len() };
    (format!("{:?}", Some(head)), whole.data.to_vec())
}

fn split_binary(frame: &mut [u8]) -> (String, Vec<u8>) {
    let whole = <binary_transfer::Upload<'_> as Message>::decode(frame).expect("the schema has read it");
    let head = binary_transfer::UploadHead { name: whole.name, data_len: whole.data.len() };
    (format!("{:?}", Some(head)), whole.data.to_vec())
}

/// Holds the parts of a stream to what the schema says of the whole messages.
fn agreed<M: Streamed>(protocol: &str, split: Split, stream: &[u8], cuts: &[usize])
where
    for<'a> M::Head<'a>: Debug,
{
    let whole = stream::run(&oracle(protocol), stream, []);
    let mut at = 0;
    let expected: Vec<(String, Vec<u8>)> = whole
        .messages
        .iter()
        .map(|read| {
            let wire = read.sent.as_ref().expect("what was read can be sent");
            let frame = &mut stream[at..at + wire.len()].to_vec();
            at += wire.len();
            split(frame)
        })
        .collect();
    let bytewise: Vec<usize> = (0..stream.len()).collect();
    for cuts in [&[][..], cuts, &bytewise] {
        let Parts { messages, start, end, .. } = run::<M>(stream, cuts.iter().copied());
        assert_eq!((&messages, start), (&expected, whole.start), "{stream:?} cut at {cuts:?}");
        match (&whole.end, &end) {
            (End::Broken(expected), Err(found)) => assert_eq!(found, expected, "{stream:?} cut at {cuts:?}"),
            // The head is bad, and is told of before the data has come.
            (End::Open, Err(_)) => {}
            (End::Open, Ok(missing)) => assert_eq!(*missing == 0, start == stream.len(), "{stream:?} cut at {cuts:?}"),
            (End::Broken(mistake), Ok(_)) => panic!("{mistake:?} is not told of {stream:?} cut at {cuts:?}"),
        }
    }
}

fn law<M: Streamed>(protocol: &'static str, split: Split, damaged: bool)
where
    for<'a> M::Head<'a>: Debug,
{
    let oracle = oracle(protocol);
    let strategy = (vec(vec(any::<u8>(), 0..200), 1..4), vec(any::<u8>(), 0..16), vec(any::<u8>(), 0..16));
    let mut runner = TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    let held = runner.run(&strategy, |(entropies, damage, cuts)| {
        let frames = entropies.iter().filter_map(|entropy| {
            let value = oracle.message(schemas::load(protocol), entropy);
            oracle.encode(&value).ok()
        });
        let good: Vec<u8> = frames.flatten().collect();
        let stream = if damaged { values::mutated(&good, &damage) } else { good };
        agreed::<M>(protocol, split, &stream, &values::cuts(stream.len(), &cuts));
        Ok(())
    });
    held.unwrap();
}

#[test]
fn any_pieces_give_the_same_messages() {
    law::<upload::Upload<'static>>("upload", split_upload, false);
    law::<binary_transfer::Upload<'static>>("binary_transfer", split_binary, false);
}

#[test]
fn damaged_streams_are_refused_at_the_same_place() {
    law::<upload::Upload<'static>>("upload", split_upload, true);
    law::<binary_transfer::Upload<'static>>("binary_transfer", split_binary, true);
}

#[test]
fn no_more_is_held_than_a_head() {
    let data_len = (1 << 30) - 9;
    let mut wire = BytesMut::new();
    upload::UploadHead { name: "", data_len }.encode(&mut wire).expect("within the limit");
    assert_eq!(wire.len(), 9, "no room is made for the data");
    wire.resize(1 << 20, 7);
    let parts = run::<upload::Upload<'static>>(&wire, (0..wire.len()).step_by(1000));
    assert_eq!(parts.end, Ok(data_len + 9 - wire.len()), "a stream that is cut knows what is missing");
    assert!(parts.held <= 9, "{} bytes were held", parts.held);
    let most = <Duplex<Stream<upload::Upload<'static>>> as Protocol>::FRAME_BYTES_MAX;
    assert!(most < 70_000, "a connection takes up to {most} bytes");
}

#[test]
fn the_limit_of_the_frame_holds() {
    let head = |data_len| upload::UploadHead { name: "a", data_len }.measure();
    assert!(head((2 << 30) - 10).is_ok() && head((2 << 30) - 9).is_err());
    let wire = |total: u32| [&b"****"[..], &total.to_be_bytes(), b"\0"].concat();
    assert_eq!(run::<upload::Upload<'static>>(&wire(2 << 30), []).end, Ok((2 << 30) - 9));
    let error = run::<upload::Upload<'static>>(&wire((2 << 30) + 1), []).end.expect_err("over the limit");
    assert_eq!((error.offset, error.fault.as_str()), (4, "TooLong"));
}

#[test]
fn what_is_sent_is_what_was_announced() {
    type Sender = Duplex<Stream<binary_transfer::Upload<'static>>>;
    let (mut sender, mut wire) = (Sender::default(), BytesMut::new());
    let mut send = |part: Part<'_, binary_transfer::UploadHead<'_>>| {
        let before = wire.len();
        let sent = sender.encode(&part, &mut wire);
        if sent.is_err() {
            wire.truncate(before);
        }
        sent.map_err(|error| error.fault)
    };
    assert_eq!(send(b"x".into()), Err(EncodeFault::TooLong { found: 1, limit: 0 }), "nothing was announced");
    let head = binary_transfer::UploadHead { name: "a", data_len: 5 };
    assert_eq!(send(head.into()), Ok(()));
    assert_eq!(send(head.into()), Err(EncodeFault::Unfinished { left: 5 }), "the first is not finished");
    assert_eq!(send(b"hel".into()), Ok(()));
    assert_eq!(send(b"lo!".into()), Err(EncodeFault::TooLong { found: 3, limit: 2 }));
    assert_eq!(send(Part { head: None, data: b"l", end: true }), Err(EncodeFault::Unfinished { left: 1 }));
    assert_eq!(send(Part { head: None, data: b"lo", end: true }), Ok(()));
    assert_eq!(send(Part { head: Some(head), data: b"again", end: true }), Ok(()));
    let mut whole = BytesMut::new();
    binary_transfer::Upload { name: "a", data: b"hello" }.encode(&mut whole).expect("it can be sent");
    binary_transfer::Upload { name: "a", data: b"again" }.encode(&mut whole).expect("it can be sent");
    assert_eq!(wire, whole, "in parts or whole, the wire is the same");
}

#[test]
fn an_upload_that_is_cut_is_a_mistake_at_the_end_of_the_stream() {
    let mut wire = BytesMut::new();
    binary_transfer::Upload { name: "a", data: b"hello" }.encode(&mut wire).expect("it can be sent");
    for cut in 0..wire.len() {
        let mut log = Vec::new();
        let mut peer = Framed::<Duplex<Stream<binary_transfer::Upload<'static>>>, _>::new(Cursor::new(&wire[..cut]));
        let end = loop {
            match peer.receive(|part| part.data.to_vec()) {
                Ok(Some(data)) => log.extend(data),
                end => break end,
            }
        };
        match end {
            Ok(_) => assert_eq!(cut, 0, "only between two messages it is none"),
            Err(error) => assert!(error.to_string().contains("in the middle of a frame"), "cut at {cut}: {error}"),
        }
        assert!(b"hello".starts_with(&log));
    }
}

struct Cursor<'b>(&'b [u8]);

impl<'b> Cursor<'b> {
    const fn new(bytes: &'b [u8]) -> Self {
        Self(bytes)
    }
}

impl Read for Cursor<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        self.0.read(buf)
    }
}

impl Write for Cursor<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What a worker saves, and what it is told.
#[derive(Default)]
struct Saver(Rc<RefCell<(Vec<u8>, Vec<String>)>>);

type Uploads = Duplex<Stream<upload::Upload<'static>>>;

impl Handler for Saver {
    type Protocol = Uploads;
    type Session = ();

    fn on_message(&mut self, peer: &mut Connection<'_, Uploads, ()>, part: upload::UploadPart<'_>) {
        self.0.borrow_mut().0.extend_from_slice(part.data);
        // Each part is all that it can take for now.
        peer.pause_recv();
    }

    fn on_error(&mut self, _: &mut Connection<'_, Uploads, ()>, error: &ConnectionError) {
        self.0.borrow_mut().1.push(error.to_string());
    }
}

#[test]
fn a_worker_pauses_within_a_stream() {
    let (saver, mut now) = (Saver::default(), Instant::now());
    let saved = Rc::clone(&saver.0);
    let mut engine = Engine::new(saver, "saver".into(), 0, Limits::default(), Waker::noop().clone(), now);
    engine.start(now);
    let address = SocketAddr::from(([127, 0, 0, 1], 7));
    let id = engine.accepted(address, address, now);
    let mut wire = BytesMut::new();
    upload::UploadHead { name: "a", data_len: 10 }.encode(&mut wire).expect("within the limit");
    wire.extend_from_slice(b"hello");
    let room = engine.room(id).expect("it receives");
    room[..wire.len()].copy_from_slice(&wire);
    engine.received(id, wire.len(), now);
    assert_eq!(saved.borrow().0, b"hello");
    assert!(engine.room(id).is_none(), "paused: the peer is not read");
    engine.end_of_stream(id, now);
    assert!(saved.borrow().1.is_empty(), "what comes behind the pause waits");
    now += Duration::from_secs(3600);
    engine.expire(now);
    assert!(saved.borrow().1.is_empty(), "nothing is expected of a peer that is not heard");
}
