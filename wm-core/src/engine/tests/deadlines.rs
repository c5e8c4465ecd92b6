//! How long a worker waits for whom, and what that costs.

use super::*;

const SECOND: Duration = Duration::from_secs(1);

/// A worker that waits for nobody but as `deadlines` says.
fn desk(deadlines: Deadlines, act: impl FnMut(&mut Guest<'_>, &str) + 'static) -> Desk {
    Desk::with(Limits { deadlines, send_high_bytes: 100, send_low_bytes: 40, ..Limits::default() }, act)
}

#[test]
fn who_connects_says_something_or_is_told_something() {
    let mut desk = desk(Deadlines::default(), |guest, what| {
        if what == "connect" && guest.id().serial() == 3 {
            guest.send("hello");
        }
    });
    let [_silent, spoke, told] = [desk.connect(), desk.connect(), desk.connect()];
    desk.take(told, usize::MAX);
    desk.pass(59 * SECOND);
    desk.feed(spoke, b"hi\n");
    desk.log();
    desk.pass(SECOND);
    assert_eq!(desk.log(), ["1 error: the peer has said nothing for 60s", "1 close"]);
    desk.pass(1_000_000 * SECOND);
    assert_eq!(desk.log(), [""; 0], "long connections are what it is for");
    assert_eq!((desk.engine.deadline(), desk.engine.world.watch_len()), (None, 0));
}

#[test]
fn a_frame_comes_whole_in_time_however_often_a_byte_comes() {
    let mut desk = desk(Deadlines::default(), echo);
    let id = desk.connect();
    desk.feed(id, b"say one\nsay ");
    for _ in 0..29 {
        desk.pass(SECOND);
        desk.feed(id, b"x");
    }
    desk.log();
    desk.pass(SECOND);
    let error = "1 error: a frame has not come whole in 30s and the time it has earned: 33 bytes came";
    assert_eq!(desk.log(), [error]);
    desk.flush();
    assert_eq!(desk.written(id), "say one\n", "what was queued still goes out");

    // The time of a frame begins with its own first byte.
    let id = desk.connect();
    for _ in 0..10 {
        desk.feed(id, b"say a");
        desk.pass(29 * SECOND);
        desk.feed(id, b"b\n");
        desk.flush();
    }
    assert_eq!(desk.written(id), "say ab\n".repeat(10));
}

#[test]
fn a_large_frame_earns_its_time() {
    let deadlines = Deadlines { frame_bytes_per_second_min: 1000, ..Deadlines::default() };
    for (bytes_a_second, whole) in [(1100, true), (800, false)] {
        let mut desk = desk(deadlines.clone(), |_, _| {});
        let id = desk.connect();
        let mut seconds = 0;
        while desk.feed(id, &vec![b'a'; bytes_a_second]) > 0 && seconds < 200 {
            desk.pass(SECOND);
            seconds += 1;
        }
        desk.feed(id, b"\n");
        assert_eq!(desk.log().iter().any(|line| line.contains("error")), !whole, "{bytes_a_second} bytes a second");
        assert_eq!(seconds == 200, whole);
    }
}

#[test]
fn a_peer_that_must_be_heard_is_not_kept_when_it_is_silent() {
    let mut desk = desk(Deadlines { idle: Some(55 * SECOND), ..Deadlines::NONE }, |guest, what| {
        if what == "connect" {
            guest.worker().every(10 * SECOND, |worker| worker.broadcast("tick"));
        }
    });
    let (alive, silent) = (desk.connect(), desk.connect());
    desk.log();
    for _ in 0..10 {
        desk.pass(25 * SECOND);
        desk.feed(alive, b"ping\n");
        desk.flush();
    }
    assert_eq!(desk.log(), ["2 error: the peer was silent for 55s", "2 close"], "what it is sent does not count");
    assert!(desk.written(alive).contains("pong\n"));
    desk.written(silent);
}

#[test]
fn a_peer_that_does_not_read_loses_its_queue() {
    let mut desk = desk(Deadlines::default(), |guest, what| {
        if what == "much" {
            guest.send("x".repeat(199).as_str());
        }
    });
    let (slow, stuck) = (desk.connect(), desk.connect());
    for id in [slow, stuck] {
        desk.feed(id, b"much\nsay later");
    }
    desk.log();
    for _ in 0..5 {
        desk.pass(59 * SECOND);
        desk.take(slow, 1);
    }
    let error = "2 error: the peer does not read: 200 queued bytes are dropped";
    assert_eq!(desk.log(), [error, "2 close"]);
    assert_eq!(desk.written(stuck), "");
    // It could not be heard so long: now it has its time again.
    desk.take(slow, usize::MAX);
    desk.pass(29 * SECOND);
    desk.feed(slow, b"!\n");
    assert_eq!(desk.log(), ["1 drain", "1 say later!"]);
}

#[test]
fn nothing_is_expected_of_a_peer_that_is_not_heard() {
    let mut desk = desk(Deadlines { idle: Some(10 * SECOND), ..Deadlines::default() }, |guest, what| {
        if what == "connect" {
            guest.pause_recv();
        }
    });
    let id = desk.connect();
    desk.pass(1000 * SECOND);
    assert_eq!((desk.log(), desk.engine.deadline()), (vec!["1 connect".to_owned()], None));
    desk.engine.world.mailbox.post(move |worker| worker.get(id).map(|mut guest| guest.resume_recv()));
    desk.engine.collect_mail(desk.now);
    desk.pass(9 * SECOND);
    assert_eq!(desk.log(), [""; 0]);
    desk.pass(SECOND);
    assert_eq!(desk.log(), ["1 error: the peer was silent for 10s", "1 close"]);
}

#[test]
fn messages_cost_no_entries() {
    let mut desk = desk(Deadlines { idle: Some(3600 * SECOND), ..Deadlines::default() }, |_, _| {});
    let ids: Vec<_> = (0..100).map(|_| desk.connect()).collect();
    let mut most = 0;
    for turn in 0..2000 {
        for id in &ids {
            // Each read ends in the middle of a frame, of which each has a deadline.
            desk.feed(*id, if turn == 0 { b"hal" } else { b"f\nhal" });
        }
        desk.pass(Duration::from_millis(700));
        most = most.max(desk.engine.world.watch_len());
    }
    assert!(most <= 2 * ids.len() + 64, "{most} entries for {} connections", ids.len());
    assert!(!desk.log().iter().any(|line| line.contains("error")));
}

#[test]
fn connections_that_are_gone_leave_no_entries() {
    let mut desk = desk(Deadlines::default(), |_, _| {});
    for _ in 0..10_000 {
        let id = desk.connect();
        desk.end(id);
        desk.flush();
    }
    assert!(desk.engine.world.watch_len() <= 64, "{}", desk.engine.world.watch_len());
    assert_eq!(desk.engine.deadline(), None);
}

#[test]
fn the_protocol_says_how_long_its_peer_may_take() {
    let mut desk = desk(Deadlines::NONE, echo);
    let id = desk.connect();
    desk.feed(id, b"hurry\n");
    desk.log();
    desk.pass(4 * SECOND);
    // A part of a message is none, and what is sent counts as what is received.
    desk.feed(id, b"say");
    desk.pass(SECOND);
    assert_eq!(desk.log(), ["1 error: the peer had 5s for its next message", "1 close"]);

    let id = desk.connect();
    desk.feed(id, b"hurry\n");
    for _ in 0..5 {
        desk.pass(4 * SECOND);
        desk.feed(id, b"say a\n");
    }
    desk.feed(id, b"rest\n");
    desk.log();
    desk.pass(1_000_000 * SECOND);
    assert_eq!(desk.log(), [""; 0], "in this state nothing is expected");
    assert_eq!((desk.engine.deadline(), desk.engine.world.watch_len()), (None, 0));
}

#[test]
fn a_conversation_that_is_over_is_closed() {
    let mut desk = desk(Deadlines::NONE, |guest, what| {
        if what == "amen" {
            guest.send("you too");
        } else if what == "end" {
            guest.send("amen");
            assert_eq!(guest.send("more"), Sent::Refused);
        }
    });
    let [heard, said] = [desk.connect(), desk.connect()];
    desk.feed(heard, b"amen\nmore\n");
    desk.feed(said, b"end\nmore\n");
    desk.flush();
    assert_eq!([desk.written(heard), desk.written(said)], ["you too\n", "amen\n"]);
    desk.log().iter().for_each(|line| assert!(!line.contains("more"), "{line}"));
}
