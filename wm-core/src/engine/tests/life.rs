//! The life of connections, timers and the worker; what a handler may do to them, and what its panics do.

use super::*;

#[test]
fn on_close_comes_once_and_last_and_sends_are_refused_by_then() {
    type Way = fn(&mut Desk, ConnectionId);
    let ways: [Way; 6] = [
        |desk, id| desk.end(id),
        |desk, id| desk.engine.failed(id, io::ErrorKind::ConnectionReset.into(), desk.now),
        |desk, id| _ = desk.feed(id, b"quit\nsay never\n"),
        |desk, id| _ = desk.feed(id, b"destroy\nsay never\n"),
        |desk, id| _ = desk.feed(id, b"panic\nsay never\n"),
        |desk, _| desk.engine.stop(desk.now),
    ];
    for (way, run) in ways.iter().enumerate() {
        let mut desk = Desk::new(|guest, what| match what {
            "quit" => guest.close(),
            "destroy" => guest.destroy(),
            "panic" => panic!("on purpose"),
            _ => {}
        });
        let id = desk.connect();
        desk.feed(id, b"hello\n");
        run(&mut desk, id);
        // All that could go wrong afterwards.
        desk.end(id);
        desk.engine.failed(id, io::ErrorKind::BrokenPipe.into(), desk.now);
        desk.engine.stop(desk.now);
        desk.pass(Duration::from_secs(60));
        desk.flush();
        desk.end(id);
        let log = desk.log();
        let closes = log.iter().filter(|line| *line == "1 close").count();
        assert_eq!(closes, 1, "way {way}: {log:?}");
        assert!(!log.iter().any(|line| line.contains("never")), "{log:?}");
        let last = log.iter().rposition(|line| line.starts_with("1 ")).unwrap();
        assert_eq!(log[last], "1 close", "{log:?}");
        assert!(desk.engine.is_drained());
    }
}

#[test]
fn at_on_close_the_connection_can_be_read_but_not_sent_to() {
    let mut desk = Desk::new(|guest, what| {
        if what == "close" {
            assert_eq!((*guest.session(), guest.traffic().frames_in, guest.worker().len()), (2, 2, 1));
            assert_eq!(guest.send("late"), Sent::Refused);
            let id = guest.id();
            assert!(guest.worker().get(id).is_none());
            guest.broadcast("one left");
        }
    });
    let (stays, id) = (desk.connect(), desk.connect());
    desk.feed(id, b"a\nb\n");
    desk.end(id);
    desk.flush();
    assert_eq!((desk.written(stays), desk.written(id)), ("one left\n".to_owned(), String::new()));
    assert_eq!(desk.engine.panics(), 0);
}

#[test]
fn a_handler_reaches_every_connection() {
    let mut desk = Desk::new(|guest, what| match what.split_once(' ') {
        Some(("to", serial)) => {
            let worker = guest.worker();
            let id = worker.ids().find(|id| id.to_string() == serial).unwrap();
            assert_eq!(worker.get(id).unwrap().send("psst"), Sent::Queued);
        }
        Some(("kill", _)) => {
            let me = guest.id();
            guest.worker().each(|other| {
                if other.id() != me {
                    other.destroy()
                }
            });
        }
        Some(("all", text)) => {
            assert_eq!(guest.broadcast(text), Sent::Queued);
        }
        _ => {}
    });
    let ids = [desk.connect(), desk.connect(), desk.connect()];
    desk.feed(ids[0], b"to 3\nall hey\n");
    desk.flush();
    assert_eq!(ids.map(|id| desk.written(id)), ["hey\n", "hey\n", "psst\nhey\n"]);
    desk.log();
    desk.feed(ids[1], b"kill them\n");
    assert_eq!(desk.log(), ["2 kill them", "1 close", "3 close"], "after the callback that did it");
    assert_eq!(desk.flush(), [(1, End::Destroyed), (3, End::Destroyed)]);
}

#[test]
fn a_name_is_not_given_twice() {
    let mut desk = Desk::new(|_, _| {});
    let old = desk.connect();
    desk.end(old);
    desk.flush();
    let new = desk.connect();
    assert_eq!(old.slot(), new.slot());
    assert!(old < new && desk.engine.outgoing(old).is_empty());
    desk.feed(old, b"to nobody\n");
    desk.end(old);
    assert_eq!(desk.log(), ["1 connect", "1 close", "2 connect"]);
}

#[test]
fn a_panic_ends_the_connection_that_it_was_called_for_and_no_other() {
    let mut desk = Desk::new(|guest, what| match what {
        "panic" => panic!("on purpose"),
        "drop the other" => {
            let me = guest.id();
            guest.worker().each(|other| {
                if other.id() != me {
                    other.destroy()
                }
            });
        }
        "close" => panic!("at the end"),
        _ => echo(guest, what),
    });
    let (first, second) = (desk.connect(), desk.connect());
    desk.feed(first, b"say a\npanic\nsay never\n");
    assert_eq!(desk.flush(), [(1, End::Destroyed)]);
    desk.log();
    let third = desk.connect();
    // The panic is in another's on_close: the frames behind it are not lost.
    desk.feed(second, b"drop the other\nsay b\nsay c");
    assert_eq!(desk.log(), ["3 connect", "2 drop the other", "3 close", "2 say b"]);
    desk.feed(second, b"d\n");
    desk.flush();
    assert_eq!((desk.written(second), desk.written(third)), ("say b\nsay cd\n".to_owned(), String::new()));
    assert_eq!(desk.engine.panics(), 3);
}

#[test]
fn timers_reach_the_connections_and_can_cancel_themselves() {
    let limits = Limits { deadlines: Deadlines::NONE, ..Limits::default() };
    let mut desk = Desk::with(limits, |guest, what| {
        if what == "connect" {
            let mut left = 2;
            let name = Rc::new(RefCell::new(None));
            let own = Rc::clone(&name);
            let id = guest.worker().every(Duration::from_secs(1), move |worker| {
                left -= 1;
                worker.broadcast("beat");
                if left == 0 {
                    assert!(worker.cancel(own.borrow().unwrap()));
                }
            });
            *name.borrow_mut() = Some(id);
            guest.worker().timer_after(Duration::from_secs(10));
        }
    });
    let id = desk.connect();
    for _ in 0..20 {
        desk.pass(Duration::from_millis(500));
    }
    desk.flush();
    assert_eq!(desk.written(id), "beat\nbeat\ntick\n");
    assert_eq!(desk.log(), ["1 connect", "timer 2"]);
    assert_eq!(desk.engine.deadline(), None);
}

#[test]
fn a_panic_in_a_timer_leaves_the_worker_and_the_timer() {
    let mut desk = Desk::new(|guest, what| {
        if what == "connect" {
            guest.worker().every(Duration::from_secs(1), |worker| {
                worker.broadcast("beat");
                panic!("on purpose");
            });
        }
    });
    let id = desk.connect();
    desk.pass(Duration::from_secs(1));
    desk.pass(Duration::from_secs(1));
    desk.flush();
    assert_eq!((desk.written(id).as_str(), desk.engine.panics()), ("beat\nbeat\n", 2));
}

#[test]
fn other_threads_post_to_the_worker() {
    let mailbox = Rc::new(RefCell::new(None));
    let taken = Rc::clone(&mailbox);
    let mut desk = Desk::new(move |guest, _| *taken.borrow_mut() = Some(guest.worker().mailbox()));
    let id = desk.connect();
    let mailbox = mailbox.take().unwrap();
    let posts = |text: &'static str| {
        let mailbox = mailbox.clone();
        std::thread::spawn(move || mailbox.post(move |worker| worker.broadcast(text))).join().unwrap()
    };
    assert!(posts("from afar") && posts("again"));
    desk.engine.collect_mail(desk.now);
    desk.flush();
    assert_eq!(desk.written(id), "from afar\nagain\n");
    drop(desk);
    assert!(!posts("too late"));
}

#[test]
fn a_stop_says_its_last_word_drains_and_then_cuts_off() {
    let mut desk = Desk::new(|guest, what| {
        if what == "connect" {
            guest.worker().timer_every(Duration::from_secs(1));
        }
    });
    let (reads, stuck) = (desk.connect(), desk.connect());
    desk.log();
    desk.engine.stop(desk.now);
    assert!(desk.engine.is_stopping() && !desk.engine.is_drained());
    assert_eq!((desk.log(), desk.feed(reads, b"say more\n")), (vec!["stop with 2".to_owned()], 0));
    desk.take(reads, usize::MAX);
    assert_eq!(desk.written(reads), "bye\n");
    desk.pass(Duration::from_secs(4));
    assert_eq!(desk.log(), ["1 close"], "no timer runs any more");
    desk.pass(Duration::from_secs(1));
    let error = "2 error: the peer stopped reading: 4 queued bytes are dropped";
    assert_eq!(desk.log(), [error, "2 close"]);
    assert!(desk.written(stuck).is_empty());
    while let Some(change) = desk.engine.poll() {
        let Change::Closed(id, _) = change else { panic!("{change:?}") };
        desk.engine.release(id);
    }
    assert!(desk.engine.is_drained());
    assert_eq!(desk.engine.deadline(), None);
}

#[test]
fn a_worker_can_stop_itself() {
    let mut desk = Desk::new(|guest, what| {
        if what == "enough" {
            guest.worker().stop();
        }
    });
    let id = desk.connect();
    desk.feed(id, b"enough\nmore\n");
    assert!(desk.engine.is_stopping());
    desk.flush();
    assert_eq!(desk.log(), ["1 connect", "1 enough", "1 more", "stop with 1", "1 close"]);
}
