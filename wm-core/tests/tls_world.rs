//! TLS in made-up worlds: a client and a server of one process, with a network between them that cuts, delays and breaks.

#[allow(dead_code, reason = "the tests with sockets use the rest of it")]
mod certificates;

use certificates::Authority;
use std::{cell::RefCell, net::SocketAddr, rc::Rc, time::Duration};
use wm_core::{
    Deadlines, Dial, TlsClient, TlsConnector, TlsServer, Worker,
    protocol::{Tcp, Text},
    testing::{Count, Faults, Peer, World, for_seeds},
};

const SECOND: Duration = Duration::from_secs(1);

type Log = Rc<RefCell<Vec<String>>>;

fn far() -> SocketAddr {
    SocketAddr::from(([10, 9, 9, 1], 443))
}

/// Sends back what it gets, and hosts a client that says `lines` lines, then half-closes.
fn both(tls: &TlsServer, trusts: TlsConnector, log: &Log, lines: usize) -> Worker<Text> {
    let (heard, closed, failed, served) = (Rc::clone(log), Rc::clone(log), Rc::clone(log), Rc::clone(log));
    let server_failed = Rc::clone(log);
    let client = move || {
        let (trusts, heard, closed, failed) =
            (trusts.clone(), Rc::clone(&heard), Rc::clone(&closed), Rc::clone(&failed));
        Worker::<Text>::client()
            .on_worker_start(move |worker| {
                let id = worker.connect(Dial::to(far()).tls(trusts.clone())).unwrap();
                worker.get(id).unwrap().send("early");
            })
            .on_connect(move |server| {
                assert!(server.tls().is_some());
                for at in 0..lines {
                    server.send(&*format!("{at} {}", "x".repeat(at * 37 % 5000)));
                }
                server.finish();
            })
            .on_message(move |_, line| heard.borrow_mut().push(line.text.split(' ').next().unwrap().to_owned()))
            .on_error(move |_, error| failed.borrow_mut().push(format!("client: {error}")))
            .on_close(move |_| closed.borrow_mut().push("closed".to_owned()))
    };
    Worker::<Text>::new("tls://0.0.0.0:443")
        .tls(tls.clone())
        .max_send_buffer(20_000)
        .on_worker_start(move |worker| _ = worker.host(client()).unwrap())
        .on_connect(move |peer| {
            let tls = peer.tls().unwrap();
            served.borrow_mut().push(format!("{} {:?}", tls.version(), tls.server_name()));
        })
        .on_message(|peer, line| peer.send(line))
        .on_error(move |_, error| server_failed.borrow_mut().push(format!("server: {error}")))
}

/// Carries what the client says to the server, and what the server says to the client, until nothing comes any more.
fn carry<H: wm_core::Handler<Protocol = Text>>(world: &mut World<H>, client: &Peer<Tcp>, server: &Peer<Tcp>) {
    let mut ended = (false, false);
    loop {
        world.run();
        let (up, down) = (client.received_raw(), server.received_raw());
        server.send_raw(&up);
        client.send_raw(&down);
        let ends = (client.is_finished() && up.is_empty(), server.is_finished() && down.is_empty());
        if ends.0 && !ended.0 {
            server.finish();
        }
        if ends.1 && !ended.1 {
            client.finish();
        }
        if up.is_empty() && down.is_empty() && ends == ended {
            return;
        }
        ended = ends;
    }
}

/// The client and the server of a world, behind their handshake.
fn secured<H: wm_core::Handler>(world: &mut World<H>) -> (Peer<Tcp>, Peer<Tcp>) {
    world.open_port(far());
    world.run();
    let (client, server) = (world.accept::<Tcp>(far()).unwrap(), world.connect_as::<Tcp>());
    for _ in 0..3 {
        world.run();
        server.send_raw(&client.received_raw());
        client.send_raw(&server.received_raw());
    }
    (client, server)
}

#[test]
fn what_is_said_comes_through_in_order_and_the_ends_of_both_sides_too() {
    let authority = Authority::new();
    let (chain, key) = authority.issue("server", &["10.9.9.1"]);
    let tls = TlsServer::new(chain, key);
    let trusts = TlsClient::new().trust(authority.ca()).load().unwrap();
    for_seeds(0..20, |seed| {
        let log = Log::default();
        let mut world = World::with_faults(both(&tls, trusts.clone(), &log, 100), seed, Faults::MILD);
        world.open_port(far());
        world.run();
        let client = world.accept::<Tcp>(far()).expect("the client connects");
        let server = world.connect_as::<Tcp>();
        carry(&mut world, &client, &server);
        world.pass(SECOND);
        let expected = ["TLSv1_3 None".to_owned(), "early".to_owned()].into_iter();
        let expected: Vec<_> = expected.chain((0..100).map(|at| at.to_string())).chain(["closed".to_owned()]).collect();
        assert_eq!(*log.borrow(), expected);
        let tally = world.finish();
        assert_eq!((tally[Count::OnConnect], tally[Count::OnClose]), (2, 2));
    });
}

#[test]
fn whatever_breaks_is_told_and_nothing_stands_still() {
    let authority = Authority::new();
    let (chain, key) = authority.issue("server", &["10.9.9.1"]);
    let tls = TlsServer::new(chain, key);
    let trusts = TlsClient::new().trust(authority.ca()).load().unwrap();
    for_seeds(0..60, |seed| {
        let log = Log::default();
        let faults = Faults { resets: 20, refusals: 0, ..Faults::ALL };
        let mut world = World::with_faults(both(&tls, trusts.clone(), &log, 30), seed, faults);
        world.open_port(far());
        world.run();
        if let Some(client) = world.accept::<Tcp>(far()) {
            let server = world.connect_as::<Tcp>();
            carry(&mut world, &client, &server);
        }
        world.pass(100 * SECOND);
        let tally = world.finish();
        let log = log.borrow();
        let served = log.iter().filter(|line| line.starts_with("TLSv1_3")).count() as u64;
        assert_eq!(log.iter().filter(|line| *line == "closed").count(), 1, "{log:?}");
        assert!(tally[Count::OnClose] == 1 + served, "{log:?}");
        let heard: Vec<_> = log.iter().filter_map(|line| line.parse::<usize>().ok()).collect();
        assert!(heard.iter().copied().eq(0..heard.len()), "{log:?}");
    });
}

#[test]
fn a_stranger_a_silent_peer_and_one_that_is_cut_off() {
    let authority = Authority::new();
    let (chain, key) = authority.issue("server", &["10.9.9.1"]);
    let tls = TlsServer::new(chain, key);
    let untrusting = TlsClient::new().trust(Authority::new().ca()).load().unwrap();
    let trusts = TlsClient::new().trust(authority.ca()).load().unwrap();

    let log = Log::default();
    let mut world = World::new(both(&tls, untrusting, &log, 1));
    world.open_port(far());
    world.run();
    let (client, server) = (world.accept::<Tcp>(far()).unwrap(), world.connect_as::<Tcp>());
    carry(&mut world, &client, &server);
    let stranger = world.connect_as::<Tcp>();
    stranger.send_raw(b"GET / HTTP/1.1\r\n\r\n");
    world.run();
    assert_eq!(stranger.received_raw()[..2], [21, 3], "an alert");
    let silent = world.connect_as::<Tcp>();
    world.pass(9 * SECOND);
    assert!(silent.end().is_none());
    world.pass(2 * SECOND);
    assert!(silent.end().is_some());
    let expected = [
        "client: cannot connect to 10.9.9.1:443: the certificate of the peer is not accepted: ",
        "closed",
        "server: TLS: the peer has given up: UnknownCA",
        "server: TLS: what came is not TLS: this looks like an HTTP request",
        "server: TLS: the handshake has not ended in 10s",
    ];
    let log = log.borrow();
    assert_eq!(log.len(), expected.len(), "{log:?}");
    for (line, expected) in log.iter().zip(expected) {
        assert!(line.starts_with(expected), "{line}");
    }
    let tally = world.finish();
    assert_eq!((tally[Count::OnConnect], tally[Count::OnClose]), (0, 1), "only of what we were making");

    // The connection of a client that does not say that it ends.
    let log = Log::default();
    let mut world = World::new(both(&tls, trusts, &log, 1));
    let (client, server) = secured(&mut world);
    client.finish();
    world.run();
    assert_eq!(log.borrow()[0], "TLSv1_3 None");
    let cut = "client: TLS: the connection has ended without a word of the peer: it may have been cut off";
    assert!(log.borrow().iter().any(|line| line == cut), "{:?}", log.borrow());
    drop((client, server));
    world.finish();
}

#[test]
fn a_reader_that_never_reads_holds_no_more_than_the_limits() {
    let authority = Authority::new();
    let (chain, key) = authority.issue("server", &["10.9.9.1"]);
    let trusts = TlsClient::new().trust(authority.ca()).load().unwrap();
    let worker = Worker::<Tcp>::new("tls://0.0.0.0:443")
        .tls(TlsServer::new(chain, key))
        .max_send_buffer(100_000)
        .deadlines(Deadlines { stall: Some(5 * SECOND), ..Deadlines::default() })
        .on_worker_start(move |worker| {
            let trusts = trusts.clone();
            let client = Worker::<Tcp>::client()
                .on_worker_start(move |worker| _ = worker.connect(Dial::to(far()).tls(trusts.clone())).unwrap())
                .on_connect(|server| server.send(&b"go"[..]));
            worker.host(client).unwrap()
        })
        .on_message(|peer, _| peer.send(&vec![7; 5_000_000][..]));
    let mut world = World::new(worker);
    let (_client, server) = secured(&mut world);
    server.stop_reading();
    world.pass(60 * SECOND);
    assert_eq!(world.tally()[Count::OnBufferFull], 1);
    assert_eq!(world.open(), 0, "who takes nothing is let go");
    world.finish();
}
