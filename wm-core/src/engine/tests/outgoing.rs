//! Connections that the worker makes itself, one after the other step; half-closes.

use super::*;
use std::{
    net::IpAddr,
    sync::{Arc, Mutex},
};

const SECOND: Duration = Duration::from_secs(1);

/// A desk whose worker has connected, to which it posts.
fn dial(desk: &mut Desk, to: &str) -> ConnectionId {
    let (to, id) = (to.to_owned(), Arc::new(Mutex::new(None)));
    let told = Arc::clone(&id);
    desk.engine.mailbox().post(move |worker| *told.lock().unwrap() = Some(worker.connect(&*to).unwrap()));
    desk.engine.collect_mail(desk.now);
    let id = id.lock().unwrap().take();
    id.unwrap()
}

fn through(desk: &mut Desk, id: ConnectionId, attempt: u32) -> bool {
    let local = SocketAddr::from(([127, 0, 0, 1], 2));
    desk.engine.connected(id, attempt, local, desk.now)
}

#[test]
fn what_is_sent_before_it_is_there_is_queued_and_the_handler_hears_of_it_when_it_is() {
    let mut desk = Desk::new(echo);
    let id = dial(&mut desk, "line://127.0.0.1:7");
    desk.engine.mailbox().post(move |worker| {
        assert_eq!((worker.len(), worker.broadcast("all")), (0, Sent::Queued), "it is not among the open ones");
        let mut server = worker.get(id).unwrap();
        assert_eq!(server.target().unwrap().to_string(), "127.0.0.1:7");
        assert_eq!(server.send("first"), Sent::Queued);
    });
    desk.engine.collect_mail(desk.now);
    desk.flush();
    assert_eq!((desk.log(), desk.written(id)), (vec!["1 attempt 1 at 127.0.0.1:7".to_owned()], String::new()));
    assert!(desk.engine.room(id).is_none());
    assert!(through(&mut desk, id, 1) && !through(&mut desk, id, 1));
    desk.feed(id, b"say hello\n");
    desk.flush();
    assert_eq!(
        (desk.log(), desk.written(id)),
        (vec!["1 connect".into(), "1 say hello".into()], "first\nsay hello\n".into())
    );
    desk.engine.check().unwrap();
    desk.end(id);
    assert_eq!((desk.flush(), desk.log()), (vec![(1, End::Drained)], vec!["1 close".to_owned()]));
    assert!(desk.engine.is_drained());
}

#[test]
fn a_failure_is_told_by_its_kind_and_then_it_is_over() {
    for (answer, told) in [(Some(io::ErrorKind::ConnectionRefused), "nobody listens there"), (None, "no answer in 10s")]
    {
        let mut desk = Desk::new(echo);
        let id = dial(&mut desk, "tcp://127.0.0.1:7");
        desk.flush();
        desk.log();
        match answer {
            Some(kind) => desk.engine.attempt_failed(id, 1, kind.into(), desk.now),
            None => desk.pass(10 * SECOND),
        }
        assert_eq!(desk.log(), [format!("1 error: cannot connect to 127.0.0.1:7: {told}"), "1 close".to_owned()]);
        assert_eq!(desk.flush(), [(1, End::Destroyed)]);
        assert!(desk.engine.is_drained() && !through(&mut desk, id, 1));
    }
}

#[test]
fn of_several_addresses_the_first_that_answers_is_taken() {
    let mut desk = Desk::new(echo);
    let id = dial(&mut desk, "line://example.com:7");
    desk.flush();
    let ips: Vec<IpAddr> = vec!["::1".parse().unwrap(), "10.0.0.1".parse().unwrap()];
    desk.engine.resolved(id, Ok(ips), desk.now);
    desk.flush();
    desk.pass(SECOND / 4);
    desk.flush();
    assert_eq!(desk.log(), ["1 resolve example.com:7", "1 attempt 1 at [::1]:7", "1 attempt 2 at 10.0.0.1:7"]);
    assert!(through(&mut desk, id, 2) && !through(&mut desk, id, 1));
    desk.engine.mailbox().post(move |worker| {
        assert_eq!(worker.get(id).unwrap().remote_addr().to_string(), "10.0.0.1:7");
    });
    desk.engine.collect_mail(desk.now);
}

#[test]
fn it_is_made_anew_under_its_name_and_with_its_session() {
    let mut desk = Desk::new(|guest, what| {
        if what == "close" && *guest.session() < 3 {
            assert!(guest.reconnect(SECOND));
        }
    });
    let id = dial(&mut desk, "line://127.0.0.1:7");
    for life in 1..=3 {
        desk.flush();
        assert!(through(&mut desk, id, life));
        desk.feed(id, b"hello\nhal");
        desk.end(id);
        desk.flush();
        assert_eq!(desk.log().last().unwrap(), "1 close");
        desk.engine.check().unwrap();
        assert_eq!(desk.engine.deadline(), (life < 3).then(|| desk.now + SECOND));
        desk.pass(SECOND);
    }
    assert!(desk.engine.is_drained());
}

#[test]
fn waits_between_attempts_grow_until_it_was_good_for_something_and_our_own_close_ends_it() {
    let mut desk = Desk::new(echo);
    let id = Arc::new(Mutex::new(None));
    let told = Arc::clone(&id);
    desk.engine.mailbox().post(move |worker| {
        let dial = Dial::new("line://127.0.0.1:7").unwrap().reconnect(Backoff::default());
        *told.lock().unwrap() = Some(worker.connect(dial).unwrap());
    });
    desk.engine.collect_mail(desk.now);
    let id = id.lock().unwrap().take().unwrap();
    let mut waits = Vec::new();
    for attempt in 1..=7 {
        desk.flush();
        desk.engine.attempt_failed(id, attempt, io::ErrorKind::ConnectionRefused.into(), desk.now);
        desk.flush();
        let wait = desk.engine.deadline().unwrap() - desk.now;
        waits.push(wait.as_secs_f32());
        desk.pass(wait);
    }
    for (wait, most) in waits.iter().zip([1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0]) {
        assert!((most / 2.0..=most).contains(wait), "{waits:?}");
    }
    desk.flush();
    through(&mut desk, id, 8);
    desk.feed(id, b"hello\n");
    desk.engine.failed(id, io::ErrorKind::ConnectionReset.into(), desk.now);
    desk.flush();
    assert!(desk.engine.deadline().unwrap() - desk.now <= SECOND, "it was good for something");
    desk.pass(SECOND);
    desk.flush();
    through(&mut desk, id, 9);
    desk.engine.mailbox().post(move |worker| worker.get(id).unwrap().close());
    desk.engine.collect_mail(desk.now);
    desk.flush();
    assert!(desk.engine.is_drained());
}

#[test]
fn a_stop_ends_what_is_being_made() {
    let mut desk = Desk::new(|guest, what| {
        if what == "close" {
            guest.reconnect(SECOND);
            assert!(matches!(guest.worker().connect("line://127.0.0.1:7"), Err(crate::Error::Stopping)));
        }
    });
    dial(&mut desk, "line://127.0.0.1:7");
    desk.flush();
    desk.engine.stop(desk.now);
    desk.flush();
    assert!(desk.engine.is_drained());
}

#[test]
fn a_half_close_is_told_when_everything_is_sent_and_the_peer_is_still_heard() {
    let mut desk = Desk::new(|guest, what| {
        if what == "end" {
            guest.send("last");
            guest.finish();
            assert_eq!(guest.send("too late"), Sent::Refused);
        }
    });
    let id = desk.connect();
    desk.feed(id, b"end\n");
    assert!(desk.flush().is_empty());
    desk.feed(id, b"hello\n");
    assert_eq!(desk.written(id), "last\n");
    assert_eq!(desk.log(), ["1 connect", "1 end", "1 finish", "1 hello"]);
    desk.engine.check().unwrap();
    desk.end(id);
    assert_eq!((desk.flush(), desk.log()), (vec![(1, End::Drained)], vec!["1 close".to_owned()]));
}

#[test]
fn a_peer_that_does_not_take_the_last_word_is_cut_off() {
    let mut desk = Desk::new(|guest, what| {
        if what == "connect" {
            guest.send("last");
            guest.finish();
        }
    });
    desk.connect();
    desk.pass(30 * SECOND);
    assert!(desk.log()[1].contains("5 queued bytes are dropped"));
}

#[test]
fn a_tunnel_passes_on_what_its_far_end_says_as_soon_as_it_is_there() {
    let mut desk = Desk::new(|guest, what| {
        if what == "connect" {
            let dial = Dial::new("unix:///run/server").unwrap().reconnect(Backoff::default());
            guest.tunnel(dial).unwrap();
        }
    });
    let near = desk.connect();
    let far = match desk.engine.poll() {
        Some(Change::Connect(far, 1)) => far,
        other => panic!("{other:?}"),
    };
    // Through at once, as Unix sockets are, and the server speaks before the worker has looked at its mail.
    assert!(through(&mut desk, far, 1));
    assert_eq!(desk.feed(far, b"welcome\n"), 8);
    desk.engine.collect_mail(desk.now);
    desk.flush();
    assert_eq!((desk.written(near), desk.log()), ("welcome\n".to_owned(), vec!["1 connect".to_owned()]));
    desk.engine.failed(far, io::ErrorKind::ConnectionReset.into(), desk.now);
    for _ in 0..3 {
        desk.flush();
        desk.engine.collect_mail(desk.now);
    }
    assert_eq!(desk.log(), ["1 error: connection lost: connection reset", "1 close"]);
    assert!(desk.engine.is_drained(), "it is not made anew");
}
