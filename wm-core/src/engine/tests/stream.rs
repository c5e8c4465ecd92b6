//! Bytes in and out: frames, limits, errors, backpressure.

use super::*;
use crate::wire::EncodeFault;

#[test]
fn any_chunking_gives_the_same_messages_and_replies() {
    let stream = "say hello\nping\n\nsay a longer line, with words in it\nsay end\n";
    let messages = ["1 connect", "1 say hello", "1 ", "1 say a longer line, with words in it", "1 say end"];
    let replies = "say hello\npong\nsay a longer line, with words in it\nsay end\n";
    for first in 0..stream.len() {
        for second in first..stream.len() {
            let mut desk = Desk::new(echo);
            let id = desk.connect();
            for chunk in [&stream[..first], &stream[first..second], &stream[second..]] {
                assert_eq!(desk.feed(id, chunk.as_bytes()), chunk.len());
            }
            desk.flush();
            assert_eq!((desk.log(), desk.written(id)), (messages.map(str::to_owned).to_vec(), replies.to_owned()));
        }
    }
}

#[test]
fn an_idle_connection_owns_no_buffer_and_a_partial_frame_only_its_bytes() {
    let mut desk = Desk::new(echo);
    let id = desk.connect();
    desk.feed(id, b"say one\nsay two\n");
    desk.flush();
    let slot = &desk.engine.world.table[id.slot()];
    assert_eq!((slot.inbox.len(), slot.outbox.capacity()), (0, 0));
    desk.feed(id, b"say three\nsay fo");
    assert_eq!(desk.engine.world.table[id.slot()].inbox.unread(), b"say fo");
    let bytes = size_of::<Slot<Line, ()>>();
    assert!(bytes <= 336, "an idle connection takes {bytes} bytes");
}

#[test]
fn the_memory_of_a_queue_serves_the_next_connection_that_sends() {
    let mut desk = Desk::new(echo);
    let (tom, eva) = (desk.connect(), desk.connect());
    desk.feed(tom, b"say one\nsay two\n");
    let memory = desk.engine.outgoing(tom).as_ptr();
    desk.flush();
    desk.feed(eva, b"say one\nsay two\n");
    assert_eq!(desk.engine.outgoing(eva).as_ptr(), memory);
}

#[test]
fn a_frame_may_be_as_long_as_the_limit_and_no_longer() {
    // However it arrives: at once, which is more than one read, or in pieces of any size.
    for piece in [usize::MAX, 100_000, 1_000] {
        for (len, taken) in [(LINE_BYTES_MAX - 1, true), (LINE_BYTES_MAX, true), (LINE_BYTES_MAX + 1, false)] {
            let mut desk = Desk::new(|_, _| {});
            let id = desk.connect();
            let mut line = vec![b'a'; len];
            line[len - 1] = b'\n';
            line.chunks(piece.min(len)).for_each(|piece| {
                desk.feed(id, piece);
            });
            let log = desk.log();
            if taken {
                assert_eq!((log.len(), log[1].len()), (2, len + 1));
            } else {
                let error = format!("1 error: a frame of {len} bytes is over the limit of {LINE_BYTES_MAX}");
                assert_eq!(log[1..], [error, "1 close".to_owned()]);
            }
        }
    }
}

#[test]
fn a_lower_limit_holds_for_frames_that_have_arrived_whole_too() {
    let limits = Limits { frame_bytes_max: 8, ..Limits::default() };
    for (line, error) in [("1234567\n", None), ("12345678\n", Some(9)), ("12345678", Some(9)), ("1234567", None)] {
        let mut desk = Desk::with(limits.clone(), |_, _| {});
        let id = desk.connect();
        desk.feed(id, line.as_bytes());
        let expected = error.map(|found| format!("1 error: a frame of {found} bytes is over the limit of 8"));
        assert_eq!(desk.log().into_iter().find(|line| line.contains("error")), expected, "{line:?}");
    }
}

#[test]
fn bad_bytes_end_their_connection_after_what_was_queued_and_the_answer() {
    let cases: [(&[u8], &str); 4] = [
        (b"\xff\nsay never\n", "bad frame: Line.text at byte 0: not UTF-8"),
        (
            b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03\n",
            "bad frame: Line.text at byte 0: not UTF-8; this looks like a TLS ClientHello",
        ),
        (b"zero\n", "a bug in the protocol's `input`: it said Frame(0) of 5 bytes"),
        (b"over\n", "a bug in the protocol's `input`: it said Frame(6) of 5 bytes"),
    ];
    for (bad, error) in cases {
        let mut desk = Desk::new(|guest, what| {
            if what.starts_with("error") {
                guest.send("sorry");
            }
            echo(guest, what);
        });
        let (bystander, id) = (desk.connect(), desk.connect());
        desk.feed(id, b"say hello\n");
        desk.feed(id, bad);
        assert_eq!(desk.feed(id, b"say more\n"), 0, "nothing is wanted any more");
        assert_eq!(desk.flush(), [(2, End::Drained)]);
        assert_eq!(desk.log()[2..], ["2 say hello".to_owned(), format!("2 error: {error}"), "2 close".to_owned()]);
        assert_eq!(desk.written(id), "say hello\nsorry\n");
        desk.feed(bystander, b"say still here\n");
        assert_eq!(desk.log(), ["1 say still here"]);
    }
}

#[test]
fn the_end_of_a_stream_sends_the_replies_and_tells_of_a_frame_cut_short() {
    let mut desk = Desk::new(echo);
    let id = desk.connect();
    desk.feed(id, b"say one\n");
    desk.end(id);
    assert_eq!(desk.log()[2..], [""; 0], "not closed before the reply is taken");
    assert_eq!(desk.flush(), [(1, End::Drained)]);
    assert_eq!((desk.log(), desk.written(id)), (vec!["1 close".to_owned()], "say one\n".to_owned()));

    let id = desk.connect();
    desk.feed(id, b"say tw");
    desk.end(id);
    let error = "2 error: the peer closed in the middle of a frame: 6 bytes came, 1 more are needed";
    assert_eq!(desk.log(), ["2 connect", error, "2 close"]);
}

#[test]
fn past_the_high_mark_the_peer_waits_and_nothing_is_lost() {
    let limits = Limits { send_high_bytes: 100, send_low_bytes: 40, ..Limits::default() };
    let mut desk = Desk::with(limits, |guest, what| {
        if what.starts_with("say") {
            let sent = guest.send(what);
            assert_eq!(sent == Sent::Full, guest.queued_bytes() >= 100);
        }
    });
    let id = desk.connect();
    let stream: String = (0..40).map(|number| format!("say {number:05}\n")).collect();
    assert_eq!(desk.feed(id, stream.as_bytes()), stream.len(), "one read");
    assert_eq!(desk.engine.outgoing(id).len(), 100);
    assert_eq!(desk.log().last().unwrap(), "1 full");
    assert!(!desk.engine.wants_more(id) && desk.feed(id, b"more") == 0);
    desk.take(id, 59);
    assert_eq!(desk.log(), [""; 0], "above the low mark");
    desk.take(id, 1);
    assert_eq!(desk.log()[..2], ["1 drain", "1 say 00010"]);
    assert_eq!(desk.engine.outgoing(id).len(), 100, "full again");
    desk.end(id);
    desk.flush();
    assert_eq!(desk.written(id), stream);
    assert_eq!(desk.log().last().unwrap(), "1 close", "the end waited for the frames before it");
}

#[test]
fn a_reader_that_is_too_slow_for_others_is_refused_and_told_of_once() {
    let limits = Limits { send_high_bytes: 10, send_low_bytes: 5, send_queue_bytes_max: 20, ..Limits::default() };
    let mut desk = Desk::with(limits, |guest, what| {
        if what == "all" {
            guest.broadcast("1234567");
        }
    });
    let (slow, id) = (desk.connect(), desk.connect());
    for _ in 0..4 {
        desk.feed(id, b"all\n");
        desk.take(id, usize::MAX);
    }
    let log = desk.log();
    let errors: Vec<_> = log.iter().filter(|line| line.contains("error")).collect();
    assert_eq!(errors, ["1 error: message not sent: 16 bytes are queued already, the limit is 20"]);
    assert_eq!(desk.written(id), "1234567\n".repeat(4));
    desk.flush();
    assert_eq!(desk.written(slow), "1234567\n".repeat(2), "whole messages only");
}

#[test]
fn a_reader_that_is_too_slow_for_others_may_be_let_go_instead() {
    let limits = Limits { send_high_bytes: 10, send_low_bytes: 5, send_queue_bytes_max: 20, ..Limits::default() };
    let mut desk = Desk::with(Limits { overflow: Overflow::Close, ..limits }, |guest, what| match what {
        "all" => _ = guest.broadcast("1234567"),
        // The peer has nothing to do with it.
        "long" => assert_eq!(guest.send("123456789012345678901234567890"), Sent::Refused),
        _ => {}
    });
    let (slow, id) = (desk.connect(), desk.connect());
    for _ in 0..4 {
        desk.feed(id, b"all\n");
        desk.take(id, usize::MAX);
    }
    desk.feed(id, b"long\n");
    let log = desk.log();
    let of_slow: Vec<_> = log.iter().filter(|line| line.starts_with("1 ")).skip(1).collect();
    let told = "1 error: message not sent: 16 bytes are queued already, the limit is 20";
    assert_eq!(of_slow, ["1 full", told, "1 close"]);
    assert!(log.contains(&"2 error: message not sent: 0 bytes are queued already, the limit is 20".to_owned()));
    assert_eq!(desk.flush(), [(slow.serial(), End::Destroyed)]);
    assert_eq!((desk.written(id), desk.written(slow)), ("1234567\n".repeat(4), String::new()));
    desk.engine.check().unwrap();
}

#[test]
fn a_peer_that_is_let_go_by_an_on_error_is_told_of_too() {
    let limits = Limits { send_high_bytes: 10, send_low_bytes: 5, send_queue_bytes_max: 20, ..Limits::default() };
    let mut desk = Desk::with(Limits { overflow: Overflow::Close, ..limits }, |guest, what| {
        if what == "all" || what.starts_with("error: bad frame") {
            guest.broadcast("1234567");
        }
    });
    let (_slow, id) = (desk.connect(), desk.connect());
    for line in [&b"all\n"[..], b"all\n", b"\xff\n"] {
        desk.feed(id, line);
        desk.take(id, usize::MAX);
    }
    let log = desk.log();
    let of_slow: Vec<_> = log.iter().filter(|line| line.starts_with("1 ")).skip(2).collect();
    assert_eq!(of_slow, ["1 error: message not sent: 16 bytes are queued already, the limit is 20", "1 close"]);
}

#[test]
fn a_message_that_cannot_be_encoded_is_refused_whole_and_reported() {
    let mut desk = Desk::new(|guest, what| match what {
        "bad" => assert_eq!((guest.send("a\nb"), guest.send("good")), (Sent::Refused, Sent::Queued)),
        "bad for all" => assert_eq!(guest.broadcast("a\nb"), Sent::Refused),
        // Would go on for ever if it were reported again.
        _ if what.starts_with("error") => assert_eq!(guest.send("c\nd"), Sent::Refused),
        _ => {}
    });
    let (other, id) = (desk.connect(), desk.connect());
    desk.log();
    let error = EncodeError::new(LINE, EncodeFault::Delimiter { offset: 1 });
    for line in ["bad", "bad for all"] {
        desk.feed(id, format!("{line}\n").as_bytes());
        assert_eq!(desk.log(), [format!("2 {line}"), format!("2 error: message not sent: {error}")]);
    }
    desk.flush();
    assert_eq!((desk.written(other), desk.written(id)), (String::new(), "good\n".to_owned()));
}

#[test]
fn a_panic_in_an_encoder_leaves_no_half_message() {
    let mut desk = Desk::new(|guest, what| {
        if what == "shout" {
            let me = guest.id();
            guest.worker().each(|other| {
                if other.id() != me {
                    other.send("half!");
                }
            });
        }
    });
    let (victim, id) = (desk.connect(), desk.connect());
    desk.feed(id, b"shout\n");
    assert!(desk.engine.outgoing(victim).is_empty());
    assert_eq!(desk.log()[3..], ["2 error: on_message panicked: the encoder panics", "2 close"]);
}

#[test]
fn close_drains_and_then_gives_up() {
    let mut desk = Desk::new(|guest, what| {
        if what == "quit" {
            assert_eq!(guest.close_with("good bye"), Sent::Queued);
            assert_eq!(guest.send("more"), Sent::Refused);
        }
    });
    let (patient, gone) = (desk.connect(), desk.connect());
    for id in [patient, gone] {
        desk.feed(id, b"quit\nignored\n");
    }
    desk.pass(Duration::from_secs(29));
    desk.take(patient, 4);
    desk.log();
    desk.pass(Duration::from_secs(1));
    let error = "2 error: the peer stopped reading: 9 queued bytes are dropped";
    assert_eq!(desk.log(), [error, "2 close"]);
    desk.take(patient, 5);
    assert_eq!(desk.log(), ["1 close"]);
    assert_eq!(desk.written(patient), "good bye\n");
    assert_eq!(desk.engine.deadline(), None, "its timer is gone too");
}

#[test]
fn receiving_can_be_paused_and_resumed() {
    let mut desk = Desk::new(|guest, what| match what {
        "pause" => {
            guest.pause_recv();
            let id = guest.id();
            let wake = move |worker: &mut Context<'_, Line, u64>| worker.get(id).map(|mut guest| guest.resume_recv());
            guest.worker().after(Duration::from_secs(1), wake);
        }
        _ => echo(guest, what),
    });
    let id = desk.connect();
    desk.feed(id, b"pause\nsay a\npause\nsay b\nsa");
    assert_eq!(desk.log(), ["1 connect", "1 pause"]);
    assert_eq!(desk.feed(id, b"y c\n"), 0);
    desk.pass(Duration::from_secs(1));
    assert_eq!(desk.log(), ["1 say a", "1 pause"]);
    desk.end(id);
    desk.pass(Duration::from_secs(1));
    let error = "1 error: the peer closed in the middle of a frame: 2 bytes came, 1 more are needed";
    assert_eq!(desk.log(), ["1 say b", error]);
    assert_eq!(desk.flush(), [(1, End::Drained)]);
    assert_eq!(desk.written(id), "say a\nsay b\n");
}
