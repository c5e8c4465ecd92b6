//! A message in parts is the message: however it is cut, the same head and the same data, the same mistake at the same place.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestRunner};
use std::cell::{Cell, RefCell};
use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Waker;
use std::time::{Duration, Instant};
use wm_core::engine::Engine;
use wm_core::protocol::{Duplex, FromClient, FromServer, Input, Message, Part, Protocol, Stream, Streamed};
use wm_core::wire::EncodeFault;
use wm_core::{Connection, ConnectionError, Framed, FramedError, Handler, Limits};
use wm_schema::ir::Side;
use wm_tests::damage;
use wm_tests::derived;
use wm_tests::engine::Engine as _;
use wm_tests::oracle::Oracle;
use wm_tests::schemas::{self, binary_transfer, blocks, chunks, http1, pour, streams, upload, websocket};
use wm_tests::stream::{self, End};
use wm_tests::streamed::{Parts, run};
use wm_tests::vectors::{self, Vector};

/// Several messages from a side, of which some come in parts: what is generated is no `Message`, as the engines of all
/// other tests are.
#[expect(unreachable_pub, reason = "generated for any place, and this one is private")]
mod shelf {
    include!(concat!(env!("OUT_DIR"), "/shelf.rs"));
}

/// The same where some of them go on to the end of the stream.
#[expect(unreachable_pub, reason = "generated for any place, and this one is private")]
mod tide {
    include!(concat!(env!("OUT_DIR"), "/tide.rs"));
}

/// What `whole` shows of a message, as a head and its data.
type Split = fn(&mut [u8]) -> (String, Vec<u8>);

/// A message that comes in parts: its protocol, who sends it, and what its head and its data are if it is taken whole.
macro_rules! split {
    ($message:ty, |$whole:ident| $head:expr, $data:expr) => {
        |frame: &mut [u8]| {
            let $whole = <$message as Message>::decode(frame).expect("the schema has read it");
            let data: Vec<u8> = $data;
            (format!("{:?}", Some($head)), data)
        }
    };
}

const UPLOAD: Split = split!(
    upload::Upload<'static>,
    |whole| upload::UploadHead { name: whole.name, data_len: whole.data.len() },
    whole.data.to_vec()
);
const BINARY: Split = split!(
    binary_transfer::Upload<'static>,
    |whole| binary_transfer::UploadHead { name: whole.name, data_len: whole.data.len() },
    whole.data.to_vec()
);
const PUT: Split = split!(
    streams::Put<'static>,
    |whole| streams::PutHead {
        name: whole.name,
        tags: whole.tags,
        flags: whole.flags,
        key: whole.key,
        note: whole.note,
        lines: whole.lines,
        data_len: whole.data.len(),
    },
    whole.data.to_vec()
);
const GOT: Split = split!(
    streams::Got<'static>,
    |whole| streams::GotHead { id: whole.id, name: whole.name, data_len: whole.data.len() },
    whole.data.to_vec()
);
const FEED: Split = split!(
    chunks::Feed<'static>,
    |whole| chunks::FeedHead,
    whole.chunks.iter().flat_map(|chunk| chunk.data).copied().collect()
);
const BLOB: Split = split!(
    chunks::Blob<'static>,
    |whole| chunks::BlobHead { kind: whole.kind, data_len: whole.data.len() },
    whole.data.to_vec()
);
const BLOCK: Split = split!(
    blocks::Block<'static>,
    |whole| blocks::BlockHead { number: whole.number, data_len: whole.data.len() },
    whole.data.to_vec()
);
const PAGE: Split = split!(
    blocks::Page<'static>,
    |whole| blocks::PageHead { status: whole.status, headers: whole.headers, body_len: whole.body.len() },
    whole.body.to_vec()
);
const REQUEST: Split = split!(
    http1::Request<'static>,
    |whole| http1::RequestHead {
        method: whole.method,
        target: whole.target,
        minor: whole.minor,
        headers: whole.headers,
        body_len: match &whole.body {
            http1::RequestBody::Other(body) => Some(body.len()),
            http1::RequestBody::Chunked(_) => None,
        },
    },
    match &whole.body {
        http1::RequestBody::Other(body) => body.to_vec(),
        http1::RequestBody::Chunked(chunks) => chunks.iter().flat_map(|chunk| chunk.data).copied().collect(),
    }
);
const FRAME_OF_CLIENT: Split = split!(
    FromClient<websocket::Frame<'static>>,
    |whole| websocket::FrameHead {
        fin: whole.fin,
        opcode: whole.opcode,
        key: whole.key,
        payload_len: whole.payload.len(),
    },
    whole.payload.to_vec()
);
const FRAME_OF_SERVER: Split = split!(
    FromServer<websocket::Frame<'static>>,
    |whole| websocket::FrameHead {
        fin: whole.fin,
        opcode: whole.opcode,
        key: whole.key,
        payload_len: whole.payload.len(),
    },
    whole.payload.to_vec()
);

const POURED: Split = split!(pour::Feed<'static>, |whole| pour::FeedHead, whole.data.to_vec());
const POURED_PAGE: Split =
    split!(pour::Page<'static>, |whole| pour::PageHead { key: whole.key, name: whole.name }, whole.data.to_vec());

/// The head of a derived message has no name of its own.
type DerivedHead<'a> = <derived::upload::Upload<'static> as Streamed>::Head<'a>;

const DERIVED: Split = split!(
    derived::upload::Upload<'static>,
    |whole| DerivedHead { name: whole.name, data_len: whole.data.len() },
    whole.data.to_vec()
);

/// Holds the parts of a stream to what the schema says of the whole messages, and says how many there were.
fn agreed<M: Streamed>(oracle: &Oracle, split: Split, stream: &[u8], cuts: &[usize]) -> usize
where
    for<'a> M::Head<'a>: Debug,
{
    let whole = stream::run(oracle, stream, []);
    let (mut framer, mut at) = (oracle.framer(), 0);
    let expected: Vec<(String, Vec<u8>)> = whole
        .messages
        .iter()
        .map(|_| {
            let len = match framer.input(&stream[at..]) {
                Ok(Input::Frame(len)) => len,
                Ok(Input::UntilEnd) => stream.len() - at,
                gone => panic!("a frame that was there is gone: {gone:?}"),
            };
            let frame = &mut stream[at..at + len].to_vec();
            at += len;
            split(frame)
        })
        .collect();
    let bytewise: Vec<usize> = (0..stream.len()).collect();
    for cuts in [&[][..], cuts, &bytewise] {
        let Parts { messages, start, end, .. } = run::<M>(stream, cuts.iter().copied());
        assert_eq!((&messages, start), (&expected, whole.start), "{stream:?} cut at {cuts:?}");
        match (&whole.end, &end) {
            // Of a message that is walked over, what is wrong behind the head is told of first if it is taken whole.
            (End::Broken(expected), Err(found)) if found.offset < expected.offset => {}
            // A head is searched for the end of a text before its content is looked at; the field is the same.
            (End::Broken(expected), Err(found)) if found.field == expected.field && found.fault == "TooLong" => {}
            (End::Broken(expected), Err(found)) => assert_eq!(found, expected, "{stream:?} cut at {cuts:?}"),
            // The head is bad, and is told of before the data has come.
            (End::Open, Err(_)) => {}
            (End::Open, Ok(missing)) => assert_eq!(*missing == 0, start == stream.len(), "{stream:?} cut at {cuts:?}"),
            (End::Broken(mistake), Ok(_)) => panic!("{mistake:?} is not told of {stream:?} cut at {cuts:?}"),
        }
    }
    expected.len()
}

fn law<M: Streamed>(protocol: &'static str, side: Side, split: Split, damaged: bool)
where
    for<'a> M::Head<'a>: Debug,
{
    let oracle = Oracle::new(schemas::load(protocol), side);
    let strategy = (vec(vec(any::<u8>(), 0..200), 1..4), vec(any::<u8>(), 0..16), vec(any::<u8>(), 0..16));
    let mut runner = TestRunner::new(Config { cases: 128, failure_persistence: None, ..Config::default() });
    let whole = Cell::new(0);
    let held = runner.run(&strategy, |(entropies, damage, cuts)| {
        let frames = entropies.iter().filter_map(|entropy| {
            let value = oracle.message(schemas::load(protocol), entropy);
            oracle.encode(&value).ok()
        });
        let good: Vec<u8> = frames.flatten().collect();
        let stream = if damaged { damage::mutated(&good, &damage) } else { good };
        whole.set(whole.get() + agreed::<M>(&oracle, split, &stream, &damage::cuts(stream.len(), &cuts)));
        Ok(())
    });
    held.unwrap();
    assert!(damaged || whole.get() > 0, "{protocol}: no message was ever read");
}

/// The vectors of a side, in parts.
fn vectors_agree<M: Streamed>(protocol: &str, side: Side, split: Split)
where
    for<'a> M::Head<'a>: Debug,
{
    let oracle = Oracle::new(schemas::load(protocol), side);
    let own = |vector: &Vector| vector.protocol == protocol && vector.side == side;
    let mut seen = 0;
    for vector in vectors::all().into_iter().filter(own) {
        agreed::<M>(&oracle, split, &vector.bytes, &[]);
        seen += 1;
    }
    assert!(seen > 0, "no vector of {protocol} from this side");
}

macro_rules! laws {
    ($($name:ident: $message:ty, $protocol:literal, $side:ident, $split:ident;)*) => { $(
        mod $name {
            use super::*;

            #[test]
            fn any_pieces_give_the_same_messages() {
                law::<$message>($protocol, Side::$side, $split, false);
            }

            #[test]
            fn what_is_damaged_is_refused_at_the_same_place() {
                law::<$message>($protocol, Side::$side, $split, true);
            }

            #[test]
            fn vectors_are_the_same_in_parts() {
                vectors_agree::<$message>($protocol, Side::$side, $split);
            }
        }
    )* };
}

laws! {
    of_upload: upload::Upload<'static>, "upload", Client, UPLOAD;
    of_binary_transfer: binary_transfer::Upload<'static>, "binary_transfer", Client, BINARY;
    of_put: streams::Put<'static>, "streams", Client, PUT;
    of_got: streams::Got<'static>, "streams", Server, GOT;
    of_feed: chunks::Feed<'static>, "chunks", Client, FEED;
    of_blob: chunks::Blob<'static>, "chunks", Server, BLOB;
    of_block: blocks::Block<'static>, "blocks", Client, BLOCK;
    of_page: blocks::Page<'static>, "blocks", Server, PAGE;
    of_poured: pour::Feed<'static>, "pour", Client, POURED;
    of_poured_page: pour::Page<'static>, "pour", Server, POURED_PAGE;
    of_request: http1::Request<'static>, "http1", Client, REQUEST;
    of_masked_frame: FromClient<websocket::Frame<'static>>, "websocket", Client, FRAME_OF_CLIENT;
    of_plain_frame: FromServer<websocket::Frame<'static>>, "websocket", Server, FRAME_OF_SERVER;
}

#[test]
fn any_pieces_of_a_derived_message_give_the_same() {
    law::<derived::upload::Upload<'static>>("upload", Side::Client, DERIVED, false);
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

/// What a sender of parts writes.
fn sent<'a, M: Streamed>(parts: &[Part<'a, M::Head<'a>>]) -> Result<BytesMut, EncodeFault> {
    let (mut sender, mut wire) = (Duplex::<Stream<M>>::default(), BytesMut::new());
    for part in parts {
        sender.encode(part, &mut wire).map_err(|error| error.fault)?;
    }
    Ok(wire)
}

#[test]
fn what_goes_on_to_the_end_is_the_last() {
    type Sender = Duplex<Stream<pour::Page<'static>>>;
    let (mut sender, mut wire) = (Sender::default(), BytesMut::new());
    let head = pour::PageHead { key: b"\x01\x02\x03\x04", name: "a" };
    sender.encode(&head.into(), &mut wire).expect("the first");
    sender.encode(&b"he"[..].into(), &mut wire).expect("within the limit");
    sender.encode(&b"llo"[..].into(), &mut wire).expect("within the limit");
    let long = sender.encode(&[0; 996][..].into(), &mut BytesMut::new()).map_err(|error| error.fault);
    assert_eq!(long, Err(EncodeFault::TooLong { found: 996, limit: 995 }));
    assert!(!sender.has_finished());
    sender.encode(&Part::END, &mut wire).expect("the end");
    assert!(sender.has_finished());
    for part in [head.into(), Part::from(&b"x"[..]), Part::END] {
        assert_eq!(sender.encode(&part, &mut wire).map_err(|error| error.fault), Err(EncodeFault::Finished));
    }
    let mut whole = BytesMut::new();
    pour::Page { key: b"\x01\x02\x03\x04", name: "a", data: b"hello" }.encode(&mut whole).expect("it can be sent");
    assert_eq!(wire, whole, "in parts or whole, the wire is the same");
    let nothing = sent::<pour::Feed<'static>>(&[pour::FeedHead.into(), Part::END]);
    assert_eq!(nothing, Err(EncodeFault::Empty), "of no bytes nobody would know");
    assert_eq!(sent::<pour::Page<'static>>(&[head.into(), Part::END]).map(|wire| wire.len()), Ok(7));
}

#[test]
fn several_messages_of_which_some_go_on_to_the_end() {
    use tide::{Pour, PourHead, ServerMessage, Short, Words};
    let mut server = tide::Server::default();
    let mut wire = BytesMut::new();
    let mut send = |message: ServerMessage<'_>| server.encode(&message, &mut wire).map_err(|error| error.fault);
    assert_eq!(send(Short { text: "hi" }.into()), Ok(()));
    assert_eq!(send(ServerMessage::Pour(PourHead { name: "a" }.into())), Ok(()));
    assert_eq!(send(Short { text: "hi" }.into()), Err(EncodeFault::Unfinished { left: 1 }));
    assert_eq!(send(ServerMessage::Pour(b"data".into())), Ok(()));
    assert_eq!(send(ServerMessage::Pour(Part::END)), Ok(()));
    assert_eq!(send(Words { text: "more" }.into()), Err(EncodeFault::Finished));
    assert!(server.has_finished());
    let read = |wire: &[u8], step| {
        let mut client = Framed::<tide::Client, _>::new(Trickle { wire, step });
        let mut seen = Vec::new();
        while let Some(message) = client
            .receive(|message| match message {
                ServerMessage::Pour(part) => {
                    let head = part.head.map(|head| head.name).unwrap_or_default();
                    format!("{head}{}{}", String::from_utf8_lossy(part.data), if part.end { "." } else { "" })
                }
                ServerMessage::Words(words) => words.text.to_owned(),
                ServerMessage::Short(short) => short.text.to_owned(),
            })
            .expect("a good stream")
        {
            seen.push(message);
        }
        seen.concat()
    };
    let mut last = BytesMut::new();
    Pour { name: "", data: b"" }.encode(&mut last).expect("a head alone");
    assert_eq!(&last[..], b"\x01\0");
    let mut server = tide::Server::default();
    let mut words = BytesMut::new();
    server.encode(&Short { text: "hi" }.into(), &mut words).expect("it can be sent");
    assert!(!server.has_finished());
    server.encode(&Words { text: "words" }.into(), &mut words).expect("it can be sent");
    assert!(server.has_finished());
    for step in 1..12 {
        assert_eq!(read(&wire, step), "hiadata.", "{step} bytes at a time");
        assert_eq!(read(&last, step), ".", "{step} bytes at a time");
        assert_eq!(read(&words, step), "hiwords", "{step} bytes at a time");
    }
}

#[test]
fn what_stands_behind_the_data_is_sent_with_its_last_byte() {
    let head = streams::GotHead { id: 7, name: "n", data_len: 5 };
    let parts = [Part { head: Some(head), data: b"he", end: false }, (b"llo").into()];
    let mut whole = BytesMut::new();
    streams::Got { id: 7, name: "n", data: b"hello" }.encode(&mut whole).expect("it can be sent");
    assert_eq!(sent::<streams::Got<'static>>(&parts), Ok(whole), "the checksum has counted along");
    let head = streams::GotHead { id: 7, name: "n", data_len: 0 };
    let mut whole = BytesMut::new();
    streams::Got { id: 7, name: "n", data: b"" }.encode(&mut whole).expect("it can be sent");
    assert_eq!(sent::<streams::Got<'static>>(&[head.into()]), Ok(whole), "of no data the tail comes with the head");
}

#[test]
fn a_mask_goes_on_from_part_to_part() {
    type Frame = FromClient<websocket::Frame<'static>>;
    let (key, payload) = (Some(&b"\x37\xfa\x21\x3d"[..]), &b"hello, and so on"[..]);
    let opcode = websocket::Opcode::Binary;
    let frame = websocket::Frame { fin: true, opcode, key, payload };
    let mut whole = BytesMut::new();
    Frame::encode(&frame, &mut whole).expect("it can be sent");
    let head = websocket::FrameHead { fin: true, opcode, key, payload_len: payload.len() };
    for cut in 0..payload.len() {
        let (first, rest) = payload.split_at(cut);
        let parts = [head.into(), first.into(), rest.into()];
        assert_eq!(sent::<Frame>(&parts), Ok(whole.clone()), "cut at {cut}");
    }
}

fn request(body_len: Option<usize>) -> http1::RequestHead<'static> {
    let headers = wm_core::wire::Headers::from(&[("Host", "a")]);
    http1::RequestHead { method: http1::Method::PUT, target: "/a", minor: 1, headers, body_len }
}

#[test]
fn a_body_is_sent_by_its_length_or_in_chunks() {
    type Request = http1::Request<'static>;
    let by_length = sent::<Request>(&[request(Some(5)).into(), b"he".into(), b"llo".into()]).expect("as announced");
    assert_eq!(by_length, b"PUT /a HTTP/1.1\r\nHost: a\r\ncontent-length: 5\r\n\r\nhello"[..]);
    let in_chunks = sent::<Request>(&[request(None).into(), b"he".into(), b"".into(), b"llo".into(), Part::END]);
    let expected = b"PUT /a HTTP/1.1\r\nHost: a\r\ntransfer-encoding: chunked\r\n\r\n2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n";
    assert_eq!(in_chunks, Ok(BytesMut::from(&expected[..])), "a piece of no bytes is no chunk: that would be the last");
    let again = sent::<Request>(&[request(None).into(), request(None).into()]);
    assert_eq!(again, Err(EncodeFault::Unfinished { left: 1 }), "the end of the first was not said");
    let over = sent::<Request>(&[request(Some((2 << 30) - 10)).into()]);
    assert!(matches!(over, Err(EncodeFault::TooLong { .. })), "{over:?}");
}

#[test]
fn chunks_keep_the_limit_of_the_frame() {
    type Feed = chunks::Feed<'static>;
    let piece = [7; 255];
    let mut parts: Vec<Part<'_, chunks::FeedHead>> = vec![chunks::FeedHead.into()];
    parts.extend((0..253).map(|_| Part::from(&piece)));
    parts.extend([Part::from(&piece[..250]), Part::from(&piece[..3])]);
    let wire = sent::<Feed>(&[&parts[..], &[Part::END]].concat()).expect("as large as it may be");
    assert_eq!(wire.len(), 64 << 10);
    let read = run::<Feed>(&wire, (0..wire.len()).step_by(7));
    assert_eq!((read.end, read.messages.len()), (Ok(0), 1));
    parts.push(b"x".into());
    assert_eq!(sent::<Feed>(&parts), Err(EncodeFault::TooLong { found: 4, limit: 0 }));
    let longer = [7; 256];
    let refused = sent::<Feed>(&[chunks::FeedHead.into(), (&longer).into()]);
    assert_eq!(refused, Err(EncodeFault::TooLong { found: 256, limit: 255 }), "a chunk has a size of one byte");
    // A peer that sends one more is refused where that says its size.
    let mut wire = wire.to_vec();
    wire.truncate(wire.len() - 3);
    wire.extend(b"+\x01x;+\0;");
    let error = run::<Feed>(&wire, []).end.expect_err("over the limit");
    assert_eq!((error.offset, error.fault.as_str()), ((64 << 10) - 2, "TooLong"), "{error:?}");
}

#[test]
fn no_more_is_held_of_chunks_than_what_frames_them() {
    let mut wire = b"PUT /a HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n".to_vec();
    let head = wire.len();
    for _ in 0..20 {
        wire.extend(b"10000\r\n");
        wire.resize(wire.len() + 0x10000, b'x');
        wire.extend(b"\r\n");
    }
    let parts = run::<http1::Request<'static>>(&wire, 0..wire.len());
    assert_eq!(parts.end, Ok(1), "the last chunk is missing");
    assert!(parts.held <= head.max(16), "{} bytes were held", parts.held);
    let most = <Duplex<Stream<http1::Request<'static>>> as Protocol>::FRAME_BYTES_MAX;
    assert!(most < 200_000, "a connection takes up to {most} bytes");
}

#[test]
fn what_comes_behind_a_bad_head_is_thrown_away_as_it_comes() {
    let put = |name: &[u8], data: &[u8]| {
        let len = u32::try_from(data.len()).expect("small").to_be_bytes();
        [b"PUT ", name, b" \0\0", &len, b"\0", data, b"\r\nend"].concat()
    };
    let wire = [put(b"a", b"one"), put(b"\xff", &[b'x'; 5000]), put(b"b", b"two")].concat();
    let bad = put(b"\xff", &[b'x'; 5000]).len();
    for step in [1, 7, 100, wire.len()] {
        let mut peer = Framed::<Duplex<Stream<streams::Put<'static>>>, _>::new(Trickle { wire: &wire, step });
        let (mut data, mut heads, mut skipped) = (Vec::new(), Vec::new(), Vec::new());
        loop {
            let received = peer.receive(|part| {
                heads.extend(part.head.map(|head| head.name.to_owned()));
                data.extend_from_slice(part.data);
            });
            match received {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(FramedError::Skipped { bytes, .. }) => skipped.push(bytes),
                Err(error) => panic!("{error}"),
            }
        }
        assert_eq!((heads, &data[..]), (vec!["a".to_owned(), "b".to_owned()], &b"onetwo"[..]));
        assert_eq!(skipped, [bad], "{step} bytes at a time");
    }
}

#[test]
fn a_checksum_is_told_at_the_end() {
    let mut wire =
        sent::<streams::Got<'static>>(&[streams::GotHead { id: 7, name: "n", data_len: 5 }.into(), b"hello".into()])
            .expect("it can be sent");
    let crc = wire.len() - 5;
    wire[crc] ^= 1;
    let good = wire.len();
    wire.extend_from_slice(
        &sent::<streams::Got<'static>>(&[streams::GotHead { id: 8, name: "m", data_len: 0 }.into()]).unwrap(),
    );
    let mut peer = Framed::<Duplex<Stream<streams::Got<'static>>>, _>::new(Trickle { wire: &wire, step: 1 });
    let mut told = Vec::new();
    loop {
        match peer.receive(|part| (part.head.map(|head| head.id), part.data.to_vec(), part.end)) {
            Ok(Some(part)) => told.push(part),
            Ok(None) => break,
            Err(FramedError::Skipped { error, bytes }) => {
                assert_eq!((error.offset, bytes), (crc, 6), "the rest of the frame: {error}");
                assert!(error.to_string().contains("Got.crc at byte"), "{error}");
                told.push((None, b"bad".to_vec(), true));
            }
            Err(error) => panic!("{error}"),
        }
    }
    let data: Vec<u8> = told.iter().flat_map(|(_, data, _)| data).copied().collect();
    assert_eq!(data, b"hellobad", "the data was handed out, its end was not: {good}");
    let heads: Vec<u16> = told.iter().filter_map(|(head, ..)| *head).collect();
    assert_eq!((heads, told.last().map(|(.., end)| *end)), (vec![7, 8], Some(true)));
}

#[test]
fn some_of_several_messages_come_in_parts() {
    use shelf::{ClientMessage, Feed, FeedHead, Hello, Put, PutHead, Quit};
    let (mut client, mut wire) = (shelf::Client::default(), BytesMut::new());
    let mut send = |message: ClientMessage<'_>| {
        let before = wire.len();
        let sent = client.encode(&message, &mut wire);
        if sent.is_err() {
            wire.truncate(before);
        }
        sent.map_err(|error| (error.field.message, error.fault))
    };
    let unfinished = |left| EncodeFault::Unfinished { left };
    assert_eq!(send(Hello { name: "x" }.into()), Ok(()));
    assert_eq!(send(ClientMessage::Put(b"x".into())), Err(("Put", EncodeFault::TooLong { found: 1, limit: 0 })));
    assert_eq!(send(PutHead { name: "a", data_len: 5 }.into()), Ok(()));
    assert_eq!(send(Quit.into()), Err(("Put", unfinished(5))), "it would stand amid the data");
    assert_eq!(send(ClientMessage::Put(b"he".into())), Ok(()));
    assert_eq!(send(FeedHead.into()), Err(("Feed", unfinished(3))));
    assert_eq!(send(ClientMessage::Feed(b"x".into())), Err(("Feed", unfinished(3))));
    assert_eq!(send(ClientMessage::Put(b"llo".into())), Ok(()));
    assert_eq!(send(FeedHead.into()), Ok(()));
    assert_eq!(send(ClientMessage::Feed(b"one".into())), Ok(()));
    assert_eq!(send(Quit.into()), Err(("Feed", unfinished(1))));
    assert_eq!(send(ClientMessage::Feed(Part::END)), Ok(()));
    assert_eq!(send(Quit.into()), Ok(()));

    let mut whole = BytesMut::new();
    let parts = [shelf::Chunk { data: b"one" }, shelf::Chunk { data: b"" }];
    Hello { name: "x" }.encode(&mut whole).expect("it can be sent");
    Put { name: "a", data: b"hello" }.encode(&mut whole).expect("it can be sent");
    Feed { chunks: wm_core::wire::List::from(&parts) }.encode(&mut whole).expect("it can be sent");
    Quit.encode(&mut whole).expect("it can be sent");
    assert_eq!(wire, whole, "in parts or whole, the wire is the same");

    let bad = [&b"\x02\x01\xff\0\0\x13\x88"[..], &[b'x'; 5000]].concat();
    let wire = [&wire[..], &bad, &wire].concat();
    for step in [1, 3, 100, wire.len()] {
        let mut server = Framed::<shelf::Server, _>::new(Trickle { wire: &wire, step });
        let (mut told, mut data) = (String::new(), String::new());
        loop {
            let received = server.receive(|message| {
                let (head, part, end) = match message {
                    ClientMessage::Hello(hello) => (format!("hello {}", hello.name), &b""[..], true),
                    ClientMessage::Quit(Quit) => ("quit".to_owned(), &b""[..], true),
                    ClientMessage::Put(part) => {
                        (part.head.map_or(String::new(), |head| format!("put {} ", head.name)), part.data, part.end)
                    }
                    ClientMessage::Feed(part) => {
                        (part.head.map_or(String::new(), |_| "feed ".to_owned()), part.data, part.end)
                    }
                };
                told += &head;
                data += std::str::from_utf8(part).expect("text");
                if end {
                    told += &std::mem::take(&mut data);
                    told += "\n";
                }
            });
            match received {
                Ok(Some(())) => {}
                Ok(None) => break,
                Err(FramedError::Skipped { bytes, .. }) => {
                    assert_eq!(bytes, bad.len(), "{step} bytes at a time");
                    told += "skipped\n";
                }
                Err(error) => panic!("{error}"),
            }
        }
        let once = "hello x\nput a hello\nfeed one\nquit\n";
        assert_eq!(told, format!("{once}skipped\n{once}"), "{step} bytes at a time");
    }
}

/// A peer whose bytes come a few at a time.
struct Trickle<'b> {
    wire: &'b [u8],
    step: usize,
}

impl Read for Trickle<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let bytes = buf.len().min(self.step).min(self.wire.len());
        let (now, later) = self.wire.split_at(bytes);
        buf[..bytes].copy_from_slice(now);
        self.wire = later;
        Ok(bytes)
    }
}

impl Write for Trickle<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
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
