//! The laws, for every protocol and every engine. A failure shows the smallest input that proptest finds.
//!
//! `WM_EFFORT=100 cargo test -p wm-tests --test laws` tries a hundred times as many inputs.

use proptest::collection::vec;
use proptest::prelude::any;
use proptest::strategy::{Strategy, ValueTree};
use proptest::test_runner::{Config, TestRunner};
use std::collections::BTreeSet;
use std::fmt::Debug;
use wm_core::protocol::{Decoded, Input, Protocol, Tcp};
use wm_schema::interp::{self, Scan};
use wm_schema::ir::{Bytes, Content, Equation, Extent, Framing, Layout, Role, Scale, Schema, Type};
use wm_tests::engine::Engine as _;
use wm_tests::subject::{self, Subject};
use wm_tests::{damage, laws, stream};

/// Runs a law on many inputs for each subject.
fn for_all<S>(cases: u32, strategy: &S, law: impl Fn(&Subject, S::Value))
where
    S: Strategy,
    S::Value: Debug,
{
    let effort = std::env::var("WM_EFFORT").map_or(1, |effort| effort.parse().expect("WM_EFFORT is a number"));
    let cases = cases * effort;
    for subject in subject::all() {
        let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
        let result = runner.run(strategy, |input| {
            law(&subject, input);
            Ok(())
        });
        result.unwrap_or_else(|failure| panic!("{subject:?}: {failure}"));
    }
}

fn entropy(most: usize) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..most)
}

/// A message out of entropy, and its frame, if it keeps all rules.
fn frame(subject: &Subject, entropy: &[u8]) -> Option<Vec<u8>> {
    let value = subject.message(entropy);
    subject.oracle.encode(&value).ok()
}

#[test]
fn decode_after_encode_is_identity() {
    for_all(128, &entropy(300), |subject, entropy| {
        let value = subject.message(&entropy);
        let _ = laws::round_trip(subject, &value);
    });
}

#[test]
fn most_messages_that_are_made_up_can_be_sent() {
    for subject in subject::all() {
        let mut runner = TestRunner::deterministic();
        let strategy = entropy(300);
        let sent = (0..200).filter(|_| {
            let entropy = strategy.new_tree(&mut runner).expect("no filter rejects").current();
            frame(&subject, &entropy).is_some()
        });
        let sent = sent.count();
        let least = match subject.schema {
            // Where a pointer leads that is made up, there is mostly no such value.
            schema if schema.messages.iter().any(|message| schema.holds_pointers(&message.layout)) => 0,
            schema if works_out(schema) => 0,
            // The types of the user's refuse what they like.
            schema if names_types(schema) => 50,
            _ => 150,
        };
        assert!(sent >= least, "{subject:?}: only {sent} of 200");
    }
}

/// Whether types of the user's take the place of numbers, text or bytes.
fn names_types(schema: &Schema) -> bool {
    let layouts = schema.messages.iter().map(|message| &message.layout).chain(&schema.structs);
    layouts.flat_map(|layout| &layout.fields).any(|field| field.converted.is_some())
}

/// Whether a length is worked out of several numbers, or counts in units of its own: a list that is made up mostly has
/// another one.
fn works_out(schema: &Schema) -> bool {
    let layouts = schema.messages.iter().map(|message| &message.layout).chain(&schema.structs);
    let mut fields = layouts.flat_map(|layout| &layout.fields);
    fields.any(|field| {
        let scaled = matches!(field.role, Role::Computed(Equation { scale: Scale::Over(_) | Scale::Times(_), .. }));
        let formula = match &field.ty {
            Type::Bytes(Bytes { extent, .. }) | Type::List { count: extent, .. } => {
                matches!(extent, Extent::Formula { .. })
            }
            _ => false,
        };
        scaled || formula
    })
}

#[test]
fn any_pieces_give_the_same_messages() {
    for_all(24, &(vec(entropy(80), 1..4), entropy(16)), |subject, (entropies, cuts)| {
        let frames: Vec<Vec<u8>> = entropies.iter().filter_map(|entropy| frame(subject, entropy)).collect();
        if subject.oracle.is_of_datagrams() {
            for frame in &frames {
                let outcome = laws::agree(subject, frame, &[]);
                assert_eq!((outcome.messages.len(), outcome.start), (1, frame.len()));
            }
            return;
        }
        // Behind one that goes on to the end nothing follows.
        let ends = |frame: &Vec<u8>| subject.oracle.input(&mut Scan::default(), frame) == Ok(interp::Input::UntilEnd);
        let count = frames.iter().position(ends).map_or(frames.len(), |last| last + 1);
        let whole = frames[..count].concat();
        let cuts = damage::cuts(whole.len(), &cuts);
        let outcome = laws::agree(subject, &whole, &cuts);
        for engine in &subject.engines {
            assert_eq!(stream::run_in_any_pieces(engine.as_ref(), &whole, &cuts), outcome);
        }
        assert_eq!((outcome.messages.len(), outcome.end), (count, stream::End::Open));
    });
}

#[test]
fn garbage_is_refused_alike_and_never_panics() {
    for_all(256, &(entropy(64), entropy(16)), |subject, (garbage, cuts)| {
        let outcome = laws::agree(subject, &garbage, &damage::cuts(garbage.len(), &cuts));
        laws::sent_is_read_again(subject, &outcome);
    });
}

#[test]
fn damaged_messages_are_refused_alike_and_never_panic() {
    for_all(256, &(entropy(120), entropy(24), entropy(16)), |subject, (entropy, damage, cuts)| {
        let Some(frame) = frame(subject, &entropy) else { return };
        let damaged = damage::mutated(&frame.repeat(2), &damage);
        let outcome = laws::agree(subject, &damaged, &damage::cuts(damaged.len(), &cuts));
        laws::sent_is_read_again(subject, &outcome);
    });
}

#[test]
fn each_byte_is_looked_at_once() {
    const LINE: usize = 1 << 20;
    let mut delimited = 0;
    for subject in subject::all() {
        let Some(Framing::Until { max, ends, .. }) = subject.oracle.framing() else { continue };
        let content = usize::try_from(*max).unwrap_or(LINE).min(LINE);
        let line = [&vec![b'x'; content][..], ends.written()].concat();
        for engine in &subject.engines {
            let looked = laws::looks_once(&subject, engine.as_ref(), &line);
            let longest = usize::try_from(ends.longest()).expect("a few bytes");
            let twice = line.len() / 64 * (longest - 1);
            assert!(looked <= line.len() + twice, "{subject:?}: {} looks at {looked} bytes", engine.name());
        }
        delimited += usize::from(content == LINE);
    }
    assert!(delimited >= 4, "text, jsonl, text_transfer and delimiters have lines of 1 MiB");
}

#[test]
fn a_number_is_read_once() {
    let mut numbered = 0;
    for subject in subject::all() {
        if !matches!(subject.oracle.framing(), Some(Framing::Prefix { .. })) {
            continue;
        }
        let mut runner = TestRunner::deterministic();
        let strategy = vec(any::<u8>(), 300..600);
        let frames = (0..40).filter_map(|_| frame(&subject, &strategy.new_tree(&mut runner).ok()?.current()));
        for frame in frames.filter(|frame| frame.len() > 128) {
            for engine in &subject.engines {
                assert_eq!(laws::looks_once(&subject, engine.as_ref(), &frame), frame.len());
            }
            numbered += 1;
        }
    }
    assert!(numbered > 10, "only {numbered} frames of more than two pieces");
}

#[test]
fn an_envelope_is_looked_at_once() {
    let mut enveloped = 0;
    let outer = |subject: &&Subject| matches!(subject.oracle.framing(), Some(Framing::Outer(_)));
    for subject in subject::all().iter().filter(outer) {
        let mut runner = TestRunner::deterministic();
        let strategy = vec(any::<u8>(), 300..600);
        let frames = (0..200).filter_map(|_| frame(subject, &strategy.new_tree(&mut runner).ok()?.current()));
        for frame in frames.filter(|frame| frame.len() > 70) {
            // The interpreter looks at JSON from its start again.
            for engine in subject.engines.iter().filter(|engine| engine.name() != "interpreter") {
                assert_eq!(laws::looks_once(subject, engine.as_ref(), &frame), frame.len());
            }
            enveloped += 1;
        }
    }
    assert!(enveloped > 8, "only {enveloped} frames of more than one piece");
}

#[test]
fn a_walk_never_looks_back() {
    let mut walked = 0;
    for subject in subject::all() {
        let mut sent = subject.schema.sent_by(subject.side).map(|index| &subject.schema.messages[index]);
        let again = sent.any(|message| looks_again(subject.schema, &message.layout));
        if subject.oracle.framing() != Some(&Framing::Walk) || again {
            continue;
        }
        let mut runner = TestRunner::deterministic();
        let strategy = vec(any::<u8>(), 300..600);
        let frames = (0..40).filter_map(|_| frame(&subject, &strategy.new_tree(&mut runner).ok()?.current()));
        for frame in frames.filter(|frame| frame.len() > 60) {
            // The interpreter remembers nothing: it walks from the start.
            for engine in subject.engines.iter().filter(|engine| engine.name() != "interpreter") {
                laws::looks_ahead(&subject, engine.as_ref(), &frame);
            }
            walked += 1;
        }
    }
    assert!(walked > 20, "only {walked} frames that are walked over");
}

/// Whether a walk over a layout has a reason to look at a byte again: what a condition reads is read where it stands.
fn looks_again(schema: &Schema, layout: &Layout) -> bool {
    let (mut open, mut seen) = (vec![layout], BTreeSet::new());
    while let Some(layout) = open.pop() {
        let fields = if seen.insert(layout.name.as_str()) { layout.fields.as_slice() } else { &[] };
        for field in fields {
            let part = match &field.ty {
                _ if field.condition.is_some() => return true,
                Type::List { count: Extent::Where(_), .. } => return true,
                // What headers say of a body is read where they end: once more, and once only.
                Type::Bytes(Bytes { content: Content::Headers, .. }) => return true,
                Type::List { element, .. } => element,
                ty => ty,
            };
            if let Type::Struct(part) = part {
                open.push(&schema.structs[*part]);
            }
        }
    }
    false
}

#[test]
fn tcp_hands_out_what_arrives() {
    let mut runner = TestRunner::new(Config { failure_persistence: None, ..Config::default() });
    let chunks = vec(vec(any::<u8>(), 1..50), 0..20);
    let law = runner.run(&chunks, |chunks| {
        let (mut tcp, mut received, mut sent) = (Tcp, Vec::new(), bytes::BytesMut::new());
        assert_eq!(tcp.input(&[]), Ok(Input::Need(1)));
        for chunk in &chunks {
            assert_eq!(tcp.input(chunk), Ok(Input::Frame(chunk.len())));
            let (mut frame, mut reply) = (chunk.clone(), bytes::BytesMut::new());
            let Ok(Decoded::Message(message)) = tcp.decode(&mut frame, &mut reply) else { panic!("raw bytes") };
            received.extend_from_slice(message);
            tcp.encode(&message, &mut sent).expect("raw bytes can be sent");
            assert!(reply.is_empty());
        }
        assert_eq!(received, chunks.concat());
        assert_eq!(sent, received);
        Ok(())
    });
    law.unwrap();
}

#[test]
fn a_line_may_be_as_long_as_its_limit_and_no_longer() {
    for subject in subject::all() {
        let Some(Framing::Until { from: 0, max, ends, tail: 0, .. }) = subject.oracle.framing() else {
            continue;
        };
        let max = usize::try_from(*max).expect("a line of this size fits");
        let longest = usize::try_from(ends.longest()).expect("a few bytes");
        for engine in &subject.engines {
            if max > 4 << 20 && engine.name() == "interpreter" {
                // It looks at each byte once, but takes its time.
                continue;
            }
            let input = |content: usize, end: &[u8]| {
                let line = [&vec![b'x'; content][..], end].concat();
                engine.framer().input(&line)
            };
            for end in ends.all() {
                let whole = max + end.len();
                assert_eq!(input(max - 1, end), Ok(Input::Frame(whole - 1)), "{subject:?}: {}", engine.name());
                assert_eq!(input(max, end), Ok(Input::Frame(whole)), "{subject:?}: {}", engine.name());
            }
            assert_eq!(input(max, &[]), Ok(Input::Need(1)), "{subject:?}: {}", engine.name());
            for over in [input(max + 1, ends.written()), input(max + longest, &[])] {
                let mistake = over.expect_err("over the limit");
                assert_eq!(
                    (mistake.offset, mistake.fault.as_str()),
                    (max, "TooLong"),
                    "{subject:?}: {}",
                    engine.name()
                );
            }
        }
    }
}
