//! Whole conversations: the generated server and client and the interpreter go from state to state together, whatever is
//! said, and refuse the same in each.

use bytes::BytesMut;
use proptest::collection::vec;
use proptest::prelude::any;
use proptest::test_runner::{Config, TestRunner};
use std::fmt::Debug;
use wm_core::protocol::{Decoded, Input, Protocol, Session, Staged};
use wm_schema::interp::{self, Scan, Stage};
use wm_schema::ir::{Schema, Side, Value};
use wm_tests::engine::{Mistake, Refusal};
use wm_tests::schemas::{self, bidding, door, socks5};

/// The end that receives what `Said` says, and the one that sends it.
struct Ends<Said: Staged, Heard: Staged<State = Said::State, Memory = Said::Memory>> {
    sender: Session<Heard, Said>,
    receiver: Session<Said, Heard>,
}

/// What somebody says, out of bytes: of any message of the schema, legal or not, or raw.
fn anything(schema: &Schema, stage: &Stage<'_>, side: Side, entropy: &[u8]) -> Value {
    let (first, entropy) = entropy.split_first().unwrap_or((&0, &[]));
    let legal = stage.state().map(|state| state.messages(side)).unwrap_or_default();
    let all: Vec<usize> = schema.sent_by(side).collect();
    // Mostly what may be said.
    let messages = if legal.is_empty() || first % 8 == 0 { &all } else { &legal };
    if stage.streams(side) && first % 8 != 0 {
        return Value::Bytes([b"raw", entropy].concat());
    }
    let message = messages[usize::from(*first) / 8 % messages.len()];
    Value::Arm(message, Box::new(interp::made_up(schema, &schema.messages[message].layout, side, entropy)))
}

/// Lets one side say something that is legal by the interpreter: the other end hears it, in two pieces.
fn says<Said, Heard>(
    ends: Ends<Said, Heard>,
    stage: Stage<'static>,
    side: Side,
    value: &Value,
    cut: usize,
) -> (Ends<Said, Heard>, Stage<'static>)
where
    Said: Staged,
    Heard: Staged<State = Said::State, Memory = Said::Memory>,
    for<'a> Said::View<'a>: Debug,
{
    let Ends { mut sender, mut receiver } = ends;
    let state = |state: Said::State| format!("{state:?}");
    let Ok(frame) = stage.encode(side, value) else { return (Ends { sender, receiver }, stage) };
    let next = stage.next(side, value).expect("what can be sent is legal");
    let cut = cut % frame.len();
    if !stage.streams(side) {
        assert!(matches!(receiver.input(&frame[..cut]), Ok(Input::Need(needed)) if needed <= frame.len() - cut));
    }
    assert_eq!(receiver.input(&frame), Ok(Input::Frame(frame.len())), "{value:?}");
    let (mut bytes, mut reply) = (frame.clone(), BytesMut::new());
    let heard = receiver.decode(&mut bytes, &mut reply).unwrap_or_else(|error| panic!("{error}: {frame:?}"));
    let Decoded::Message(view) = heard else { panic!("a message is for the handler") };
    assert_eq!(format!("{view:?}"), stage.show(side, value));
    let mut out = BytesMut::new();
    sender.encode(&view, &mut out).unwrap_or_else(|error| panic!("{error}: {view:?}"));
    assert_eq!(out, frame[..]);
    assert_eq!([state(sender.state()), state(receiver.state())], [next.name(), next.name()]);
    assert_eq!(receiver.is_over(), next.state().is_none());
    assert_eq!(receiver.hands_over(), next.handed_to());
    assert_eq!(receiver.listens(), next.state().is_some_and(|state| state.speaks(side)));
    assert_eq!(format!("{:?}", sender.memory()), format!("{:?}", receiver.memory()));
    let patience = next.state().filter(|state| state.speaks(side)).and_then(|state| state.timeout_ms);
    assert_eq!(receiver.patience().map(|time| time.as_millis()), patience.map(u128::from));
    assert_eq!(receiver.input(&[]), Ok(Input::Need(1)), "nothing has come");
    (Ends { sender, receiver }, next)
}

/// What is not legal is refused alike, and changes nothing: bytes of the other end, and messages of one's own.
fn refused<Said, Heard>(
    ends: &mut Ends<Said, Heard>,
    stage: &Stage<'static>,
    side: Side,
    schema: &'static Schema,
    value: &Value,
) where
    Said: Staged,
    Heard: Staged<State = Said::State, Memory = Said::Memory>,
{
    let Value::Arm(message, fields) = value else { return };
    let interpreter = interp::Interpreter::new(schema, &schema.messages[*message]).sent_by(side);
    let Ok(frame) = interpreter.encode(fields) else { return };
    let before = ends.receiver.state();
    let by_oracle = stage.input(side, &mut Scan::default(), &frame).map_err(Mistake::from);
    let state = ends.receiver.state();
    let mut scan = Said::Scan::default();
    let found = Said::input(state, &mut scan, &frame).map_err(Mistake::from);
    match (&found, &by_oracle) {
        (Ok(Input::Frame(len)), Ok(interp::Input::Frame(expected))) => assert_eq!(len, expected),
        (Ok(Input::Need(_)), Ok(interp::Input::Need(_))) => {}
        _ => assert_eq!(found.as_ref().err(), by_oracle.as_ref().err(), "{frame:?} in {before:?}"),
    }
    if stage.encode(side, value).map_err(Refusal::from).is_err_and(|refusal| refusal.fault == "Unexpected") {
        assert!(!stage.legal(side).contains(&schema.messages[*message].layout.name.as_str()));
    }
    assert_eq!(ends.receiver.state(), before);
}

fn conversations<Client, Server>(name: &str)
where
    Client: Staged,
    Server: Staged<State = Client::State, Memory = Client::Memory>,
    for<'a> Client::View<'a>: Debug,
    for<'a> Server::View<'a>: Debug,
{
    let schema = schemas::load(name);
    let mut seen = std::cell::RefCell::new(std::collections::BTreeSet::new());
    let mut runner = TestRunner::new(Config { cases: 300, failure_persistence: None, ..Config::default() });
    let said = vec((any::<bool>(), vec(any::<u8>(), 0..60), any::<usize>()), 1..40);
    let result = runner.run(&said, |said| {
        let mut stage = Stage::start(schema).expect("a session");
        let mut up = Ends::<Client, Server> { sender: Session::default(), receiver: Session::default() };
        for (client, entropy, cut) in said {
            let speaks = |side| stage.state().is_some_and(|state| state.speaks(side));
            // Who may speak does, most often.
            let client = if speaks(Side::Client) != speaks(Side::Server) && cut % 8 != 0 {
                speaks(Side::Client)
            } else {
                client
            };
            let side = if client { Side::Client } else { Side::Server };
            let value = anything(schema, &stage, side, &entropy);
            seen.borrow_mut().insert(stage.name());
            if client {
                refused(&mut up, &stage, side, schema, &value);
                (up, stage) = says(up, stage, side, &value, cut);
            } else {
                let Ends { sender, receiver } = up;
                let mut down = Ends::<Server, Client> { sender: receiver, receiver: sender };
                refused(&mut down, &stage, side, schema, &value);
                (down, stage) = says(down, stage, side, &value, cut);
                up = Ends { sender: down.receiver, receiver: down.sender };
            }
        }
        Ok(())
    });
    result.unwrap_or_else(|failure| panic!("{name}: {failure}"));
    let states = schema.session.as_ref().expect("a session").states.len();
    assert!(seen.get_mut().len() >= states, "{name}: only {seen:?}");
}

#[test]
fn both_ends_and_the_interpreter_go_from_state_to_state_together() {
    conversations::<door::ClientMessage<'static>, door::ServerMessage<'static>>("door");
    conversations::<socks5::ClientMessage<'static>, socks5::ServerMessage<'static>>("socks5");
    conversations::<bidding::ClientMessage<'static>, bidding::ServerMessage<'static>>("bidding");
}

#[test]
fn what_is_not_legal_says_where_one_is_and_what_is() {
    let mut server = door::Server::default();
    let error = server.input(b"ask why\n").unwrap_err();
    assert_eq!(error.to_string(), "door.client at byte 0: in the state `Greet` only `Hello` is legal");
    let mut out = BytesMut::new();
    let verdict = door::Verdict { status: 0 };
    let error = server.encode(&verdict.into(), &mut out).unwrap_err();
    assert_eq!(error.to_string(), "door.Verdict: in the state `Greet` it is not this side's turn");
    assert!(out.is_empty());

    let mut reply = BytesMut::new();
    assert_eq!(server.input(&[5, 0]), Ok(Input::Frame(2)));
    server.decode(&mut [5, 0], &mut reply).expect("a good frame");
    assert_eq!(server.state(), door::State::Choose);
    // The client does not wait for its turn.
    let error = server.input(&[5, 0]).unwrap_err();
    assert_eq!(error.to_string(), "door.client at byte 0: in the state `Choose` it is not this side's turn");
    let error = server.encode(&verdict.into(), &mut out).unwrap_err();
    assert_eq!(error.to_string(), "door.Verdict: in the state `Choose` only `Pick` is legal");
    server.encode(&door::Pick { method: door::Method::Refused }.into(), &mut out).expect("it is its turn");
    assert!(server.is_over() && out == [5, 0xff][..]);
}

#[test]
fn a_frame_that_has_begun_is_read_anew_when_the_state_changes() {
    let mut server = door::Server::default();
    let (mut out, mut reply) = (BytesMut::new(), BytesMut::new());
    server.decode(&mut [5, 0], &mut reply).expect("a good frame");
    server.encode(&door::Pick { method: door::Method::None }.into(), &mut out).expect("it is its turn");
    assert_eq!(server.input(b"ask wh"), Ok(Input::Need(1)));
    server.encode(&door::Bye.into(), &mut out).expect("both may say it");
    let error = server.input(b"ask why\n").unwrap_err();
    assert_eq!(error.to_string(), "door.client at byte 0: in the state `Closed` it is not this side's turn");
}
