//! The vectors of google/pdl, where they are found beside this repository: every engine reads theirs as the message that
//! they say, sends that message as their bytes, and refuses what they refuse. What we do otherwise stands in
//! `pdl_deviations.txt` with its reason, a line each, and may only become less.

#![expect(clippy::print_stdout, reason = "what is left out is said aloud")]

use serde_json::{Map, Value as Json};
use std::collections::BTreeMap;
use std::fs;
use wm_tests::engine::Refusal;
use wm_tests::foreign::{self, Packet};
use wm_tests::stream::{self, End};
use wm_tests::subject::{self, Subject};

#[test]
fn every_engine_runs_the_vectors_of_google_pdl() {
    let Some(file) = foreign::vectors() else {
        println!("left out: the vectors of google/pdl are not here; {} says where they are", foreign::VARIABLE);
        return;
    };
    let text = fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let packets: Vec<Json> = serde_json::from_str(&text).expect("a list of packets");
    let subjects: Vec<Subject> =
        subject::all().into_iter().filter(|subject| subject.protocol.starts_with("pdl_")).collect();
    let mut failures: BTreeMap<&str, String> = BTreeMap::new();
    let mut vectors = 0;
    for packet in &packets {
        let name = packet["packet"].as_str().expect("a packet has a name");
        for test in packet["tests"].as_array().expect("a packet has tests") {
            vectors += 1;
            if let Err(what) = run(&subjects, name, test) {
                failures.entry(name).or_insert(format!("{test}: {what}"));
            }
        }
    }
    println!("{vectors} vectors of {} packets, {} of which deviate", packets.len(), failures.len());
    assert!(packets.len() >= 95 && vectors >= 410, "only {vectors} vectors of {} packets", packets.len());
    let known = deviations();
    let new: Vec<_> = failures.iter().filter(|(name, _)| !known.contains_key(**name)).collect();
    assert!(new.is_empty(), "these deviate without a reason: {new:#?}");
    let gone: Vec<_> = known.keys().filter(|name| !failures.contains_key(name.as_str())).collect();
    assert!(gone.is_empty(), "these deviate no longer, take them out of pdl_deviations.txt: {gone:?}");
}

/// The packets that we read or write otherwise, and why.
fn deviations() -> BTreeMap<String, String> {
    let lines = include_str!("pdl_deviations.txt").lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
    let known = lines.map(|line| line.split_once(": ").unwrap_or_else(|| panic!("{line}: a name, and a reason")));
    known.map(|(name, reason)| (name.to_owned(), reason.to_owned())).collect()
}

fn run(subjects: &[Subject], name: &str, test: &Json) -> Result<(), String> {
    let packet = Packet::find(subjects, name).ok_or("no schema has it")?;
    let frame = packet.frame(&bytes(test["packed"].as_str().ok_or("no bytes")?).ok_or("no hexadecimal digits")?);
    match (test["unpacked"].as_object(), test["expected_error"].as_str()) {
        (Some(members), None) => good(&packet, members, &frame),
        (None, Some(error)) => bad(&packet, error, &frame),
        _ => Err("neither members nor an error".into()),
    }
}

fn good(packet: &Packet<'_>, members: &Map<String, Json>, frame: &[u8]) -> Result<(), String> {
    let value = packet.message(members).ok_or("the schema has no place for its members")?;
    let oracle = &packet.subject.oracle;
    let sent = oracle.encode(&value).map_err(|error| format!("{:?}", Refusal::from(error)))?;
    if sent != frame {
        return Err(format!("is sent as {sent:02x?}"));
    }
    let shown = oracle.show(&value);
    for engine in &packet.subject.engines {
        let outcome = stream::run_in_any_pieces(engine.as_ref(), frame, &[1, 3]);
        match outcome.messages.as_slice() {
            [read] if read.shown == shown && read.sent.as_deref() == Ok(frame) && outcome.end == End::Open => {}
            _ => return Err(format!("{}: {outcome:?}", engine.name())),
        }
    }
    Ok(())
}

fn bad(packet: &Packet<'_>, error: &str, frame: &[u8]) -> Result<(), String> {
    let faults: &[&str] = match error {
        "LengthError" | "ArraySizeError" => &["Truncated", "TooShort"],
        "TrailingBytesError" => &["Trailing"],
        "EnumValueError" => &["Variant"],
        "FixedValueError" => &["Constant", "ConstantBits"],
        _ => return Err(format!("no error of ours is `{error}`")),
    };
    for engine in &packet.subject.engines {
        let outcome = stream::run_in_any_pieces(engine.as_ref(), frame, &[1, 3]);
        match &outcome.end {
            End::Broken(mistake) if outcome.messages.is_empty() && faults.contains(&mistake.fault.as_str()) => {}
            _ => return Err(format!("{}: {outcome:?}", engine.name())),
        }
    }
    Ok(())
}

fn bytes(hex: &str) -> Option<Vec<u8>> {
    let digits = hex.as_bytes().chunks(2).map(|pair| std::str::from_utf8(pair).ok());
    digits.map(|pair| u8::from_str_radix(pair?, 16).ok()).collect()
}
