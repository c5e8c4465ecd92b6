//! `Calls` where there is more than requests and replies: a session around them, or messages that could come in parts.

use std::os::unix::net::UnixStream;
use std::thread;
use std::time::Duration;
use wm_core::{Client, ClientError, Framed, FramedError};
use wm_tests::schemas::{bidding, binary_transfer};

/// How long anything may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

fn pair() -> (UnixStream, UnixStream) {
    let (here, there) = UnixStream::pair().expect("two sockets");
    there.set_read_timeout(Some(PATIENCE)).expect("a time that is not zero");
    (here, there)
}

#[test]
fn requests_are_asked_within_a_session() {
    use bidding::{Bid, ClientMessage, Pass, Raised, Refused, ServerMessage, Sold, Suit};
    let (here, there) = pair();
    let auction = thread::spawn(move || {
        let mut framed = Framed::<bidding::Server, _>::new(there);
        for answer in [ServerMessage::Raised(Raised { by: 1 }), ServerMessage::Refused(Refused { why: "low" })] {
            let bid = framed.receive(|message| matches!(message, ClientMessage::Bid(_))).expect("a bid");
            assert_eq!(bid, Some(true));
            framed.send(answer).expect("it reads");
        }
        for _ in 0..2 {
            framed.receive(|message| assert_eq!(message, ClientMessage::Pass(Pass))).expect("a pass").expect("no end");
        }
        framed.send(Sold { level: 2, suit: Suit::Hearts }).expect("it reads");
    });
    let mut bidder = Client::<bidding::Calls, _>::new(here, PATIENCE).expect("a socket");
    let raised = |message: ServerMessage<'_>| matches!(message, ServerMessage::Raised(_));
    assert!(bidder.call(Bid { level: 2, suit: Suit::Hearts, who: "me" }, raised).expect("a reply"));
    assert!(!bidder.call(Bid { level: 1, suit: Suit::Clubs, who: "" }, raised).expect("a reply"));
    // What the state does not allow is not sent, and nobody is waited for where nobody may speak.
    let silence = bidder.receive(|_, _| ());
    assert!(matches!(silence, Err(ClientError::Framed(FramedError::OurTurn))), "{silence:?}");
    bidder.tell(Pass).expect("it reads");
    bidder.tell(Pass).expect("it reads");
    let refused = bidder.send(Bid { level: 7, suit: Suit::Spades, who: "" });
    assert!(matches!(refused, Err(ClientError::Framed(FramedError::Encode(_)))), "{refused:?}");
    assert_eq!(bidder.waiting(), 0, "what was not sent is not waited for");
    let sold = |message: ServerMessage<'_>| message == ServerMessage::Sold(Sold { level: 2, suit: Suit::Hearts });
    assert!(bidder.receive(|_, message| sold(message)).expect("the end"));
    auction.join().expect("no panic");
}

#[test]
fn what_comes_in_parts_is_called_whole() {
    use binary_transfer::{Done, Upload};
    let (here, there) = pair();
    let server = thread::spawn(move || {
        let mut framed = Framed::<binary_transfer::Server, _>::new(there);
        let mut size = 0;
        while let Some(end) = framed.receive(|part| (part.data.len(), part.end)).expect("a part") {
            size += end.0;
            if end.1 {
                framed.send(Done { text: &size.to_string() }).expect("it reads");
                size = 0;
            }
        }
    });
    let mut client = Client::<binary_transfer::Calls, _>::new(here, PATIENCE).expect("a socket");
    for size in [0, 5, 300_000] {
        let upload = Upload { name: "a", data: &vec![7; size] };
        let text = client.call(upload, |done| done.text.to_owned()).expect("a reply");
        assert_eq!(text, size.to_string());
    }
    drop(client);
    server.join().expect("no panic");
}
