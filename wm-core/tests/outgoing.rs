//! Connections that a worker makes, in made-up worlds: what comes of them whatever the network and the servers do.

use std::{
    cell::RefCell,
    net::{IpAddr, SocketAddr},
    rc::Rc,
    time::Duration,
};
use wm_core::{
    Backoff, ConnectFault, ConnectionError, Dial, Limits, Mailbox, PipeEnd, Proxy, Worker,
    protocol::{Tcp, Text},
    testing::{Count, Faults, LineEnd, Peer, World, for_seeds},
};

const SECOND: Duration = Duration::from_secs(1);

fn at(address: &str) -> SocketAddr {
    address.parse().unwrap()
}

fn ip(address: &str) -> IpAddr {
    address.parse().unwrap()
}

type Log = Rc<RefCell<Vec<String>>>;

/// Says hello to a server, and writes down what it hears and what becomes of it.
fn client(to: &str, log: &Log) -> Worker<Text> {
    client_of(Dial::new(to).unwrap(), log)
}

fn client_of(to: Dial, log: &Log) -> Worker<Text> {
    let (to, heard, failed, closed) = (to, Rc::clone(log), Rc::clone(log), Rc::clone(log));
    Worker::<Text>::client()
        .on_worker_start(move |worker| worker.connect(to.clone()).map(drop).unwrap())
        .on_connect(|server| server.send("hello"))
        .on_message(move |_, line| heard.borrow_mut().push(line.text.to_owned()))
        .on_error(move |_, error| {
            let fault = match error {
                ConnectionError::Connect(error) => format!("{:?} of {}", error.fault, error.tried),
                other => other.to_string(),
            };
            failed.borrow_mut().push(fault);
        })
        .on_close(move |_| closed.borrow_mut().push("closed".to_owned()))
}

#[test]
fn a_name_is_looked_up_and_its_addresses_are_tried_until_one_answers() {
    for_seeds(0..50, |seed| {
        let log = Log::default();
        let mut world = World::with_faults(client("text://db.example:7", &log), seed, Faults::MILD);
        world.name("db.example", &[ip("2001:db8::1"), ip("10.9.9.1"), ip("2001:db8::2")]);
        world.silence_port(at("[2001:db8::1]:7"));
        world.open_port(at("[2001:db8::2]:7"));
        world.run();
        world.pass(SECOND);
        let server: Peer<Text> = world.accept(at("[2001:db8::2]:7")).expect("the third was tried");
        assert_eq!(server.lines(), ["hello"]);
        server.send("welcome");
        server.finish();
        world.run();
        assert_eq!(log.take(), ["welcome", "closed"]);
        let tally = world.finish();
        assert_eq!((tally[Count::LookUps], tally[Count::Refusals], tally[Count::Connects]), (1, 1, 1));
    });
}

#[test]
fn each_failure_has_its_kind() {
    for (to, expected) in [
        ("text://nobody.example:7", "Unresolved(Custom { kind: Other, error: \"no such name\" }) of 0"),
        ("text://empty.example:7", "NoAddress of 0"),
        ("text://two.example:7", "Refused of 2"),
        ("text://10.9.9.3:7", "Refused of 1"),
        ("text://10.9.9.4:7", "TimedOut { limit: 10s } of 1"),
    ] {
        let log = Log::default();
        let mut world = World::new(client(to, &log));
        world.name("empty.example", &[]);
        world.name("two.example", &[ip("10.9.9.1"), ip("10.9.9.2")]);
        world.silence_port(at("10.9.9.4:7"));
        world.pass(11 * SECOND);
        assert_eq!(log.take(), [expected, "closed"], "{to}");
        world.finish();
    }
}

#[test]
fn a_lost_server_is_found_again_with_waits_that_grow() {
    let log = Log::default();
    let heard = Rc::clone(&log);
    let worker = Worker::<Text>::client()
        .session::<u32>()
        .on_worker_start(|worker| {
            let dial = Dial::new("text://10.9.9.1:7").unwrap().reconnect(Backoff::default());
            worker.connect(dial).map(drop).unwrap();
        })
        .on_connect(|server| {
            *server.session() += 1;
            let (life, id) = (*server.session(), server.id());
            let life = format!("life {life} of {id}");
            server.send(&life)
        })
        .on_error(move |_, error| {
            assert!(matches!(error, ConnectionError::Connect(error) if matches!(error.fault, ConnectFault::Refused)));
            heard.borrow_mut().push("refused".to_owned());
        });
    let mut world = World::new(worker);
    world.open_port(at("10.9.9.1:7"));
    for life in 1..=3 {
        world.pass(61 * SECOND);
        let server: Peer<Text> = world.accept(at("10.9.9.1:7")).unwrap();
        assert_eq!(server.lines(), [format!("life {life} of 1")]);
        server.send("was good for something");
        world.run();
        world.close_port(at("10.9.9.1:7"));
        server.close();
        world.pass(100 * SECOND);
        let refused = log.take().len();
        assert!((5..=9).contains(&refused), "{refused} attempts in 100 s");
        world.open_port(at("10.9.9.1:7"));
    }
    world.finish();
}

/// Passes everything on to a made-up server, and back.
fn proxy() -> Worker<Tcp> {
    Worker::<Tcp>::new("tcp://0.0.0.0:1")
        .on_connect(|client| client.tunnel("tcp://10.9.9.1:7").map(drop).unwrap())
        .on_message(|_, _| panic!("it was to be passed on"))
}

fn bytes(count: usize, seed: u64) -> Vec<u8> {
    (0..count as u64).map(|at| (at.wrapping_add(seed).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 56) as u8).collect()
}

#[test]
fn a_tunnel_carries_both_ways_and_each_half_ends_by_itself() {
    for_seeds(0..40, |seed| {
        let limits = Limits { send_high_bytes: 40_000, send_low_bytes: 10_000, ..Limits::default() };
        let mut world = World::with_faults(proxy().limits(limits), seed, Faults::MILD);
        world.open_port(at("10.9.9.1:7"));
        let client: Peer<Tcp> = world.connect();
        let (up, down) = (bytes(100_000, seed), bytes(60_000, !seed));
        client.send_raw(&up);
        client.finish();
        world.run();
        let server: Peer<Tcp> = world.accept(at("10.9.9.1:7")).unwrap();
        assert_eq!(world.open(), 1, "the other half is not counted");
        let mut got = server.received_raw();
        assert!(server.is_finished() && server.end().is_none(), "the half-close has come through");
        assert!(got == up, "{} of {}", got.len(), up.len());
        server.send_raw(&down);
        world.run();
        assert!(client.end().is_none());
        server.finish();
        world.run();
        got = client.received_raw();
        assert!(got == down, "{} of {}", got.len(), down.len());
        assert_eq!((client.end(), server.end()), (Some(LineEnd::Closed), Some(LineEnd::Closed)));
        let tally = world.finish();
        assert_eq!((tally[Count::OnConnect], tally[Count::OnClose]), (1, 1));
    });
}

#[test]
fn a_tunnel_whose_end_does_not_read_stops_its_beginning() {
    let mut world = World::new(proxy());
    world.open_port(at("10.9.9.1:7"));
    let client: Peer<Tcp> = world.connect();
    client.send_raw(b"first");
    world.run();
    let server: Peer<Tcp> = world.accept(at("10.9.9.1:7")).unwrap();
    server.stop_reading();
    let all = bytes(4 << 20, 1);
    client.send_raw(&all);
    world.run();
    let read = world.tally()[Count::Reads];
    assert!(read < 40, "{read} reads: it was to stop at a megabyte and what is on the way");
    // The other direction is not held up by this one: it may be that the server only reads when it is read.
    server.send_raw(b"still here");
    world.run();
    assert_eq!(client.received_raw(), b"still here");
    server.read_on();
    world.run();
    assert!(server.received_raw()[5..] == all);
    world.finish();
}

#[test]
fn what_happens_to_the_far_half_is_told_to_the_near_one() {
    let log = Log::default();
    let told = Rc::clone(&log);
    let worker = proxy().on_error(move |client, error| {
        told.borrow_mut().push(format!("{}: {error}", client.id()));
        client.send(&b"sorry"[..])
    });
    let mut world = World::new(worker);
    let client: Peer<Tcp> = world.connect();
    client.send_raw(b"hello");
    world.run();
    assert_eq!(log.take(), ["1: cannot connect to 10.9.9.1:7: nobody listens there"]);
    assert_eq!((client.received_raw(), client.end()), (b"sorry".to_vec(), Some(LineEnd::Closed)));

    world.open_port(at("10.9.9.1:7"));
    let client: Peer<Tcp> = world.connect();
    world.run();
    let server: Peer<Tcp> = world.accept(at("10.9.9.1:7")).unwrap();
    server.reset();
    world.run();
    assert!(log.take()[0].starts_with("3: connection lost: "));
    assert_eq!(client.end(), Some(LineEnd::Closed));

    let client: Peer<Tcp> = world.connect();
    world.run();
    let server: Peer<Tcp> = world.accept(at("10.9.9.1:7")).unwrap();
    client.reset();
    world.run();
    assert_eq!(server.end(), Some(LineEnd::Closed), "and the other way round");
    world.finish();
}

/// A server whose first line says where to: what follows it is passed on, past the protocol. The far half is of another
/// worker, which speaks another protocol and answers for itself.
fn switchboard() -> Worker<Text> {
    let servers = Rc::<RefCell<Option<Mailbox<Tcp, Option<PipeEnd>>>>>::default();
    let known = Rc::clone(&servers);
    Worker::<Text>::new("text://0.0.0.0:1")
        .on_worker_start(move |clients| {
            let mailbox = clients.mailbox();
            let far = Worker::<Tcp>::client().session::<Option<PipeEnd>>().on_connect(move |server| {
                let (near, far) = (server.session().take().unwrap(), server.pipe_end());
                server.pause_recv();
                mailbox.post(move |clients| {
                    let mut client = clients.get(near.id()).unwrap();
                    client.send("through");
                    client.join(&far);
                });
            });
            *known.borrow_mut() = Some(clients.host(far).unwrap().mailbox);
        })
        .on_message(move |client, line| {
            let (to, near) = (format!("tcp://{}", line.text), client.pipe_end());
            client.pause_recv();
            let servers = servers.borrow().clone().unwrap();
            servers.post(move |servers| servers.connect_as(&*to, Some(near)).map(drop).unwrap());
        })
}

#[test]
fn connections_of_two_workers_are_joined_and_what_came_behind_the_request_is_passed_on() {
    for_seeds(0..50, |seed| {
        let mut world = World::with_faults(switchboard(), seed, Faults::MILD);
        world.open_port(at("10.9.9.1:7"));
        let client: Peer<Tcp> = world.connect_as();
        client.send_raw(b"10.9.9.1:7\nand what \xff\n follows");
        world.run();
        let server: Peer<Tcp> = world.accept(at("10.9.9.1:7")).unwrap();
        assert_eq!(server.received_raw(), b"and what \xff\n follows");
        server.send_raw(b"\xfe answer");
        server.finish();
        world.run();
        assert_eq!(client.received_raw(), b"through\n\xfe answer");
        assert!(client.is_finished());
        client.finish();
        world.run();
        assert_eq!((client.end(), server.end()), (Some(LineEnd::Closed), Some(LineEnd::Closed)));
        world.finish();
    });
}

#[test]
fn workers_of_a_world_listen_where_they_are_asked_to() {
    let worker = Worker::<Text>::new("text://0.0.0.0:1").on_worker_start(|worker| {
        let other = Worker::<Text>::new("text://10.0.0.1:2").on_message(|guest, line| guest.send(line));
        let neighbor = worker.listen(other).unwrap();
        assert_eq!(neighbor.endpoint.unwrap().port(), Some(2));
    });
    let mut world = World::new(worker);
    let peer: Peer<Text> = world.connect_to(at("10.0.0.1:2"));
    peer.send("hello");
    world.run();
    assert_eq!(peer.lines(), ["hello"]);
    assert_eq!(world.finish()[Count::OnMessage], 1);
}

/// The proxy that a worker has reached, and what it has asked so far.
fn reached(world: &mut World<wm_core::Closures<Text, ()>>) -> Peer<Tcp> {
    world.run();
    world.accept(at("10.9.9.9:1080")).expect("the proxy is reached")
}

#[test]
fn a_connection_is_made_through_a_proxy_and_nothing_is_said_before() {
    for_seeds(0..50, |seed| {
        let log = Log::default();
        let dial = Dial::new("text://far.example:7").unwrap().through(Proxy::new("socks5://10.9.9.9:1080").unwrap());
        let mut world = World::with_faults(client_of(dial, &log), seed, Faults::MILD);
        world.open_port(at("10.9.9.9:1080"));
        let proxy = reached(&mut world);
        assert_eq!(proxy.received_raw(), b"\x05\x01\0");
        proxy.send_raw(b"\x05\0");
        world.run();
        assert_eq!(proxy.received_raw(), b"\x05\x01\0\x03\x0bfar.example\0\x07");
        assert_eq!(world.open(), 0, "it is not there yet");
        proxy.send_raw(b"\x05\0\0\x01\0\0\0\0\0\0welcome\nand");
        world.run();
        assert_eq!((log.take(), proxy.received_raw()), (vec!["welcome".to_owned()], b"hello\n".to_vec()));
        proxy.send_raw(b" more\n");
        proxy.finish();
        world.run();
        assert_eq!(log.take(), ["and more", "closed"]);
        world.finish();
    });
}

#[test]
fn a_proxy_that_refuses_breaks_off_or_says_nothing() {
    for (answer, expected) in [
        (Some("HTTP/1.1 403 Forbidden\r\n\r\n"), "Proxy(Refused(403)) of 1"),
        (Some("220 mail.example ESMTP\r\n"), "Proxy(Garbled) of 1"),
        (Some(""), "Proxy(Silent) of 1"),
        (None, "TimedOut { limit: 10s } of 1"),
    ] {
        let log = Log::default();
        let dial = Dial::new("text://10.0.0.1:7").unwrap().through(Proxy::new("http://10.9.9.9:1080").unwrap());
        let mut world = World::new(client_of(dial, &log));
        world.open_port(at("10.9.9.9:1080"));
        let proxy = reached(&mut world);
        assert_eq!(proxy.received_raw(), b"CONNECT 10.0.0.1:7 HTTP/1.1\r\nHost: 10.0.0.1:7\r\n\r\n");
        match answer {
            Some("") => proxy.finish(),
            Some(answer) => proxy.send_raw(answer.as_bytes()),
            None => world.pass(11 * SECOND),
        }
        world.run();
        assert_eq!(log.take(), [expected, "closed"]);
        world.finish();
    }
    let unix = Dial::new("unix:///run/a").unwrap().through(Proxy::new("socks5://10.9.9.9:1080").unwrap());
    let log = Log::default();
    let mut world = World::new(client_of(unix, &log));
    world.open_port(at("10.9.9.9:1080"));
    world.run();
    assert_eq!(log.take(), ["Proxy(Unspeakable) of 1", "closed"]);
    world.finish();
    assert!(
        Proxy::new("ftp://10.9.9.9:1080")
            .unwrap_err()
            .to_string()
            .contains("ftp:// is no proxy; write it as socks5://")
    );
}

#[test]
fn a_timer_ends_with_its_connection() {
    let worker = Worker::<Text>::new("text://0.0.0.0:1")
        .on_connect(|guest| {
            guest.every(SECOND, |guest| guest.send("tick"));
            guest.after(3 * SECOND, |guest| guest.send("late"));
        })
        .on_message(|guest, line| match line.text {
            "panic" => _ = guest.after(SECOND, |_| panic!("on purpose")),
            _ => guest.close(),
        });
    let mut world = World::new(worker);
    world.allow_panics();
    let (tom, ann, eve) = (world.connect(), world.connect(), world.connect());
    world.pass(SECOND * 3 / 2);
    ann.send("bye");
    eve.send("panic");
    world.pass(2 * SECOND);
    assert_eq!(
        (tom.lines(), ann.lines()),
        (vec!["tick", "tick", "tick", "late"].into_iter().map(str::to_owned).collect(), vec!["tick".to_owned()])
    );
    assert_eq!((eve.lines().len(), eve.end(), tom.end()), (2, Some(LineEnd::Closed), None));
    let tally = world.finish();
    assert_eq!(tally[Count::Panics], 1);
}
