//! What follows a bad frame is the same for the schema, the blocking connection and the worker, however the stream is cut.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestRunner};
use std::cell::Cell;
use std::fmt::Debug;
use wm_core::protocol::Message;
use wm_schema::interp::{self, Interpreter};
use wm_tests::damage;
use wm_tests::recovery::{Event, blocking, by_schema, worker};
use wm_tests::schemas::{self, recover::Sample, upload::Upload};

fn oracle(protocol: &str) -> Interpreter<'static> {
    let schema = schemas::load(protocol);
    Interpreter::new(schema, &schema.messages[0])
}

/// Holds everybody to the schema, and says what it says.
fn agreed<M: Message>(protocol: &str, stream: &[u8], cuts: &[usize]) -> Vec<Event>
where
    for<'a> M::View<'a>: Debug,
{
    let expected = by_schema(&oracle(protocol), stream);
    let bytewise: Vec<usize> = (0..stream.len()).collect();
    for cuts in [&[], cuts, &bytewise] {
        assert_eq!(blocking::<M>(stream, cuts), expected, "{stream:?} cut at {cuts:?}");
        let (events, traffic) = worker::<M>(stream, cuts);
        assert_eq!(events, expected, "{stream:?} cut at {cuts:?}");
        let skipped: Vec<usize> = events
            .iter()
            .filter_map(|event| match event {
                Event::Skipped(_, bytes) => Some(*bytes),
                _ => None,
            })
            .collect();
        assert_eq!(traffic.frames_skipped, skipped.len() as u64, "{stream:?}");
        let broken = matches!(events.last(), Some(Event::Broken(_)));
        let told = skipped.iter().sum::<usize>() as u64;
        assert!(if broken { traffic.bytes_skipped >= told } else { traffic.bytes_skipped == told }, "{stream:?}");
        let messages = events.iter().filter(|event| matches!(event, Event::Message(_))).count();
        assert_eq!(traffic.frames_in, messages as u64, "{stream:?}");
    }
    expected
}

/// The events in short: messages, skipped bytes with the fault, and the end.
fn told(stream: &[u8]) -> String {
    let events = agreed::<Sample<'static>>("recover", stream, &[]);
    let one = |event: Event| match event {
        Event::Message(_) => "message".to_owned(),
        Event::Skipped(mistake, bytes) => format!("{} {bytes}", mistake.fault),
        Event::Broken(mistake) => format!("{}!", mistake.fault),
        Event::Truncated => "truncated".to_owned(),
    };
    events.into_iter().map(one).collect::<Vec<_>>().join(", ")
}

const GOOD: &[u8] = b"**\x06\x01\x07\x01ab\x04";

#[test]
fn the_rules_of_the_schema_hold() {
    for (bad, expected) in [
        // Searched for, from where it went wrong.
        (&b"x"[..], "Constant 1, message"),
        (b"*x*y", "Constant 4, message"),
        (b"*x", "Constant 2, message"),
        (&[b'-'; 33], "Constant 33, message"),
        (&[b'-'; 34], "Constant!"),
        // The end is known: a mark within is none.
        (b"**\x07\x01\x07\x01\xff**\0", "Ascii 10, message"),
        (b"**\x07\x01\x07\0\xff**\0", "Utf8 10, message"),
        (b"**\x04\x01\x07\0\0", "Checksum 7, message"),
        (b"**\x04\x02\x07\0\0", "Constant 7, message"),
        (b"**\x06\x01\xff\0**\0", "OutOfRange 9, message"),
        (b"**\x04\x01\xff\0\0--------", "OutOfRange 15, message"),
        (b"**\x04\x01\xff\0\0---------", "OutOfRange!"),
        // `_`
        (b"**\x02", "TooShort!"),
        (b"**\x04\x01\x07\x09\0", "Truncated!"),
    ] {
        assert_eq!(told(&[bad, GOOD].concat()), expected, "{bad:?}");
        assert_eq!(told(&[GOOD, bad, GOOD].concat()), format!("message, {expected}"), "{bad:?}");
    }
}

#[test]
fn a_stream_that_ends_while_the_next_frame_is_searched_for_tells_the_mistake() {
    assert_eq!(told(b"--"), "Constant!");
    assert_eq!(told(b"--*"), "Constant!");
    assert_eq!(told(b"--**"), "Constant 2, truncated");
}

fn agree_on_damaged<M: Message>(protocol: &str)
where
    for<'a> M::View<'a>: Debug,
{
    let oracle = oracle(protocol);
    let strategy = (vec(vec(any::<u8>(), 0..60), 1..5), vec(any::<u8>(), 0..16), vec(any::<u8>(), 0..16));
    let skipped = Cell::new(0);
    let mut runner = TestRunner::new(Config { cases: 256, failure_persistence: None, ..Config::default() });
    let law = runner.run(&strategy, |(entropies, damage, cuts)| {
        let frames = entropies.iter().filter_map(|entropy| {
            let value = interp::made_up(schemas::load(protocol), &oracle.message().layout, oracle.from(), entropy);
            oracle.encode(&value).ok()
        });
        let stream = damage::mutated(&frames.flatten().collect::<Vec<u8>>(), &damage);
        let events = agreed::<M>(protocol, &stream, &damage::cuts(stream.len(), &cuts));
        skipped.set(skipped.get() + events.iter().filter(|event| matches!(event, Event::Skipped(..))).count());
        Ok(())
    });
    law.unwrap();
    assert!(skipped.get() > 20, "only {} frames of {protocol} were skipped", skipped.get());
}

#[test]
fn damaged_streams_are_recovered_alike() {
    agree_on_damaged::<Sample<'static>>("recover");
    agree_on_damaged::<Upload<'static>>("upload");
}

#[test]
fn garbage_that_looks_like_frames_takes_linear_work() {
    // Every two bytes may be the start of a frame, and each is none.
    let stream = b"**\0".repeat(200_000);
    let events = worker::<Upload<'static>>(&b"****\0\0\0\0".repeat(50_000), &[]).0;
    assert!(events.len() <= 50_000, "{}", events.len());
    let (events, traffic) = worker::<Sample<'static>>(&stream, &[]);
    assert_eq!((events.len(), traffic.frames_skipped), (1, 0), "`_` closes");
}
