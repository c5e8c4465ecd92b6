//! Every vector, by every engine, in any pieces.

use wm_schema::ir::Framing;
use wm_tests::engine::{Engine, Mistake};
use wm_tests::stream::{self, End};
use wm_tests::subject;
use wm_tests::vectors::{self, Expect, Vector};

#[test]
fn every_engine_runs_every_vector() {
    let subjects = subject::all();
    let mut failures = Vec::new();
    for vector in vectors::all() {
        let engines: Vec<_> =
            subjects.iter().filter(|subject| subject.is_of(&vector)).flat_map(|subject| &subject.engines).collect();
        assert!(!engines.is_empty(), "nobody sends {vector:?}");
        for engine in engines {
            if let Err(what) = run(engine.as_ref(), &vector) {
                let Vector { protocol, line, name, .. } = &vector;
                failures.push(format!("{protocol}.txt line {line}, {name}, {}: {what}", engine.name()));
            }
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

#[test]
fn every_subject_has_good_bad_and_cut_vectors() {
    let vectors = vectors::all();
    let mut missing = Vec::new();
    for subject in subject::all() {
        let of_it = || vectors.iter().filter(|vector| subject.is_of(vector));
        let has = |kind: fn(&Expect) -> bool| of_it().any(|vector| kind(&vector.expect));
        // How long a line may be is a law of its own: some are too long for a file.
        let line = matches!(subject.oracle.framing(), Some(Framing::Until { .. }));
        // Nothing in it says how long it is.
        let fixed = matches!(subject.oracle.framing(), Some(Framing::Fixed { .. }));
        let limited = has(|expect| matches!(expect, Expect::Rejects { fault, .. } if fault == "TooLong"));
        // That chunks keep the limit of the frame is tested where they are taken in parts.
        let mut messages = subject.schema.sent_by(subject.side).map(|index| &subject.schema.messages[index]);
        let streams = messages.any(|message| message.streams.is_some());
        // What is cut of a stream may still come; a datagram has arrived whole.
        let cut: fn(&Expect) -> bool = match subject.oracle.is_of_datagrams() {
            true => |expect| matches!(expect, Expect::Rejects { fault, .. } if fault == "Truncated"),
            false => |expect| matches!(expect, Expect::Needs(_)),
        };
        for (kind, there) in [
            ("good", has(|expect| matches!(expect, Expect::Equals(_) | Expect::Frame))),
            ("bad", has(|expect| matches!(expect, Expect::Rejects { .. }))),
            ("cut", has(cut)),
            // In a session it is the state that bounds what may come; not each message of it can be too long.
            ("too long", line || fixed || streams || limited || subject.state.is_some()),
        ] {
            missing.extend((!there).then(|| format!("{subject:?}: no vector that is {kind}")));
        }
    }
    assert!(missing.is_empty(), "\n{}\n", missing.join("\n"));
}

fn run(engine: &dyn Engine, vector: &Vector) -> Result<(), String> {
    let bytes = &vector.bytes;
    let cuts: Vec<usize> = (1..4).map(|quarter| bytes.len() * quarter / 4).collect();
    let outcome = stream::run_in_any_pieces(engine, bytes, &cuts);
    let expect = |good: bool, found: &dyn std::fmt::Debug| if good { Ok(()) } else { Err(format!("{found:?}")) };
    match (&vector.expect, outcome.messages.as_slice(), &outcome.end) {
        (Expect::Equals(shown), [read], End::Open) => {
            expect(read.shown == *shown && read.sent.as_ref() == Ok(bytes), read)
        }
        (Expect::Decodes(shown), [read], End::Open) => {
            expect(read.shown == *shown && read.sent.as_ref() != Ok(bytes), read)
        }
        (Expect::Frame, [read], End::Open) => expect(read.sent.as_ref() == Ok(bytes), &"sent as other bytes"),
        (Expect::Rejects { field, offset, fault }, [], End::Broken(mistake)) => {
            let Mistake { field: named, offset: at, fault: kind, .. } = mistake;
            let same_field = named.split_once('.').is_some_and(|(_, name)| name == field);
            expect(same_field && at == offset && kind == fault, mistake)
        }
        (Expect::Needs(missing), [], End::Open) => {
            let input = engine.framer().input(bytes);
            expect(input == Ok(wm_core::protocol::Input::Need(*missing)), &input)
        }
        (_, messages, End::Broken(mistake)) => Err(format!("{} messages, then {mistake:?}", messages.len())),
        (_, messages, End::Open) => {
            Err(format!("{} messages up to {} of {}", messages.len(), outcome.start, bytes.len()))
        }
    }
}
