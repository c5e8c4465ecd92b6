//! Datagrams: in made-up worlds, and with the kernel's sockets.

use std::{
    cell::RefCell,
    io,
    net::{SocketAddr, UdpSocket},
    rc::Rc,
    sync::mpsc,
    thread,
    time::Duration,
};
use wm_core::{
    Address, Backoff, ConnectionError, DatagramFault, Dial, Error, Launch, Limits, ListenOptions, Sent, Service,
    Worker,
    net::bind,
    protocol::{DecodeError, Duplex, EncodeError, Input, Message, Tcp, Text},
    testing::{Count, DatagramPeer, Faults, World, for_seeds},
};

/// Far longer than anything here takes; what waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

const SECOND: Duration = Duration::from_secs(1);

type Log = Rc<RefCell<Vec<String>>>;

fn echo(log: &Log) -> Worker<Text> {
    let log = Rc::clone(log);
    Worker::<Text>::new("udp://0.0.0.0:7")
        .on_message(|peer, line| {
            assert!(
                peer.worker().is_empty() && peer.worker().ids().next().is_none(),
                "it is no connection of the worker"
            );
            let id = peer.id();
            assert!(peer.worker().get(id).is_some(), "but there as long as its callback runs");
            peer.send(line)
        })
        .on_connect(|_| panic!("nobody connects"))
        .on_close(|_| panic!("nothing is closed"))
        .on_error(move |peer, error| log.borrow_mut().push(format!("{}: {error}", peer.remote_addr())))
}

fn lines(peer: &DatagramPeer<Text>) -> Vec<String> {
    peer.received(|_, line| line.text.to_owned())
}

#[test]
fn each_datagram_is_a_message_and_its_sender_is_answered() {
    for_seeds(0..50, |seed| {
        let log = Log::default();
        let mut world = World::with_faults(echo(&log), seed, Faults::MILD);
        let (tom, ann) = (world.datagram_peer::<Text>(), world.datagram_peer::<Text>());
        for at in 0..100 {
            tom.send(&*format!("tom {at}"));
            ann.send(&*format!("ann {at}"));
        }
        world.run();
        for (peer, name) in [(tom, "tom"), (ann, "ann")] {
            let mut got = lines(&peer);
            got.sort_by_key(|line| line[4..].parse::<u32>().unwrap());
            assert_eq!(got, (0..100).map(|at| format!("{name} {at}")).collect::<Vec<_>>());
        }
        assert_eq!(*log.borrow(), [""; 0]);
        let tally = world.finish();
        assert_eq!((tally[Count::OnMessage], tally[Count::DatagramsSent]), (200, 400));
    });
}

#[test]
fn datagrams_are_lost_and_doubled_and_nothing_stands_still() {
    for_seeds(0..50, |seed| {
        let log = Log::default();
        let mut world = World::with_faults(echo(&log), seed, Faults::ALL);
        let peers: Vec<_> = (0..5).map(|_| world.datagram_peer::<Text>()).collect();
        for at in 0..50 {
            peers.iter().for_each(|peer| peer.send(&*at.to_string()));
            world.pass(SECOND);
        }
        world.run();
        let got: usize = peers.iter().map(|peer| lines(peer).len()).sum();
        let tally = world.finish();
        let failed = log.borrow().iter().filter(|line| line.contains("datagram not sent")).count() as u64;
        let came = tally[Count::DatagramsSent] + tally[Count::DatagramCopies] - tally[Count::DatagramsLost];
        assert_eq!(tally[Count::WriteFailures], failed, "what is not sent is told");
        assert_eq!(came, tally[Count::OnMessage] + got as u64);
    });
}

#[test]
fn what_is_no_message_is_thrown_away_counted_and_told() {
    let log = Log::default();
    let limits = Limits { frame_bytes_max: 10, ..Limits::default() };
    let mut world = World::new(echo(&log).limits(limits));
    let tom = world.datagram_peer::<Text>();
    for bytes in [&b"no end"[..], b"", b"one\ntwo\n", b"\xff\n", b"much too long\n", b"good\n"] {
        tom.send_raw(bytes);
    }
    world.run();
    let address = tom.address();
    let told = [
        "it ends in the middle of a message, 6 bytes came, 1 more are needed",
        "it ends in the middle of a message, 0 bytes came, 1 more are needed",
        "4 bytes follow a message of 4, a datagram holds one message",
        "Line.text at byte 0: not UTF-8 (schema line 6)",
        "14 bytes are over the limit of 10",
    ];
    let expected: Vec<_> = told.iter().map(|what| format!("{address}: bad datagram: {what}")).collect();
    assert_eq!(*log.borrow(), expected);
    assert_eq!(lines(&tom), ["good"]);
    world.finish();
}

#[test]
fn what_does_not_fit_a_datagram_is_refused_and_the_queue_has_a_limit() {
    let log = Log::default();
    let told = Rc::clone(&log);
    let limits = Limits { send_queue_bytes_max: 100, ..Limits::default() };
    let worker = Worker::<Tcp>::new("udp://0.0.0.0:7")
        .limits(limits)
        .on_message(|peer, _| {
            assert_eq!(peer.send(&[0; 70_000][..]), Sent::Refused);
            assert_eq!(peer.send(&[][..]), Sent::Refused);
            assert_eq!(peer.send(&[1; 60][..]), Sent::Queued);
            assert_eq!((peer.send(&[2; 60][..]), peer.send(&[3; 60][..])), (Sent::Refused, Sent::Refused));
            peer.close();
            assert_eq!(peer.send(&b"x"[..]), Sent::Refused);
            assert!(peer.tunnel("tcp://127.0.0.1:1").unwrap_err().to_string().contains("only streams are joined"));
        })
        .on_error(move |_, error| told.borrow_mut().push(error.to_string()));
    let mut world = World::new(worker);
    let tom = world.datagram_peer::<Tcp>();
    tom.send_raw(b"hello");
    world.run();
    assert_eq!(tom.received(|_, bytes| bytes.to_vec()), [[1; 60]]);
    let expected = [
        "message not sent: 70000 bytes do not fit a datagram, which holds 65507",
        "message not sent: an empty datagram is no message",
        "message not sent: 60 bytes are queued already, the limit is 100",
    ];
    assert_eq!(*log.borrow(), expected);
    world.finish();
}

#[test]
fn a_worker_sends_at_any_time_and_a_panic_takes_nobody_with_it() {
    let worker = Worker::<Text>::new("udp://0.0.0.0:7").on_message(|peer, line| {
        assert!(line.text != "panic", "on purpose");
        let (to, text) = (peer.remote_addr().socket_addr().unwrap(), line.text.to_owned());
        peer.after(SECOND / 2, |_| panic!("it ends with its callback"));
        peer.worker().after(SECOND, move |worker| assert_eq!(worker.send_to(to, &*text), Sent::Queued));
    });
    let mut world = World::new(worker);
    world.allow_panics();
    let tom = world.datagram_peer::<Text>();
    for text in ["panic", "later"] {
        tom.send(text);
    }
    world.run();
    assert_eq!(lines(&tom), [""; 0]);
    world.pass(2 * SECOND);
    assert_eq!(lines(&tom), ["later"]);
    assert_eq!(world.finish()[Count::Panics], 1);

    let mut streams = World::new(Worker::<Text>::new("text://0.0.0.0:7").on_message(|guest, _| {
        assert_eq!(guest.worker().send_to(SocketAddr::from(([10, 0, 0, 1], 1)), "no"), Sent::Refused);
    }));
    let ann = streams.connect();
    ann.send("hello");
    streams.run();
    streams.finish();
}

#[test]
fn a_connection_of_datagrams_has_a_life_of_its_own() {
    for_seeds(0..20, |seed| {
        let (log, far) = (Log::default(), SocketAddr::from(([10, 9, 9, 1], 53)));
        let (heard, closed) = (Rc::clone(&log), Rc::clone(&log));
        let worker = Worker::<Text>::client()
            .session::<u32>()
            .on_worker_start(move |worker| {
                let id = worker.connect("udp://dns.example:53").unwrap();
                let mut server = worker.get(id).unwrap();
                assert_eq!((server.send("first"), server.send("second")), (Sent::Queued, Sent::Queued));
            })
            .on_connect(|server| server.send("third"))
            .on_message(move |server, line| {
                *server.session() += 1;
                heard.borrow_mut().push(format!("{} {}", server.session(), line.text));
                if line.text == "bye" {
                    server.close_with("closing");
                }
            })
            .on_close(move |_| closed.borrow_mut().push("closed".to_owned()));
        let mut world =
            World::with_faults(worker, seed, Faults { reorders: false, delay_max: Duration::ZERO, ..Faults::MILD });
        world.name("dns.example", &[far.ip()]);
        let server = world.datagram_peer_at::<Text>(far);
        world.run();
        let got = server.received(|from, line| (from, line.text.to_owned()));
        let from = got[0].0;
        assert_eq!(got.iter().map(|(_, line)| &**line).collect::<Vec<_>>(), ["first", "second", "third"]);
        for text in ["one", "two", "bye", "too late"] {
            server.send_to(from, text);
        }
        world.run();
        assert_eq!(*log.borrow(), ["1 one", "2 two", "3 bye", "closed"]);
        assert_eq!(lines(&server), ["closing"]);
        world.finish();
    });
}

/// A worker in a thread, with the kernel's sockets.
fn serve(make: impl FnOnce() -> Worker<Text> + Send + 'static, test: impl FnOnce(SocketAddr)) {
    let any: Address = "udp://127.0.0.1:0".parse().unwrap();
    let listener = bind(&any, &ListenOptions::default()).unwrap();
    let address = listener.endpoint().unwrap().socket_addr().unwrap();
    let (stopped, stop) = io::pipe().unwrap();
    let thread = thread::spawn(move || Box::new(make()).run(Launch::new(stopped).listener(listener)));
    test(address);
    drop(stop);
    let ended: Result<(), Error> = thread.join().unwrap();
    ended.unwrap();
}

fn socket() -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    socket
}

#[test]
fn through_the_kernel_in_batches_and_in_order() {
    let (tell, told) = mpsc::channel();
    let make = move || {
        Worker::<Text>::new("udp://127.0.0.1:0").on_message(|peer, line| peer.send(line)).on_error(move |_, error| {
            let ConnectionError::Datagram(fault) = error else { panic!("{error}") };
            tell.send(format!("{fault:?}")).unwrap();
        })
    };
    serve(make, |address| {
        let peer = socket();
        for round in 0..20 {
            let texts: Vec<_> = (0..100).map(|at| format!("{round} {at}")).collect();
            for text in &texts {
                peer.send_to(format!("{text}\n").as_bytes(), address).unwrap();
            }
            for text in &texts {
                let mut room = [0; 100];
                let (count, from) = peer.recv_from(&mut room).unwrap();
                assert_eq!((&room[..count], from), (format!("{text}\n").as_bytes(), address));
            }
        }
        let long = [&[b'x'; 65_506][..], b"\n"].concat();
        peer.send_to(&long, address).unwrap();
        let mut room = vec![0; 70_000];
        assert_eq!(peer.recv_from(&mut room).unwrap().0, long.len());
        peer.send_to(b"", address).unwrap();
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "Truncated { have: 0, needed: 1 }");
    });
}

#[test]
fn a_client_hears_that_nobody_listens_and_tries_again() {
    let server = socket();
    let address = server.local_addr().unwrap();
    drop(server);
    let (tell, told) = mpsc::channel();
    let told_of_message = tell.clone();
    let make = move || {
        let dial = Dial::to(address).udp().reconnect(Backoff::default());
        Worker::<Text>::client()
            .on_worker_start(move |worker| _ = worker.connect(dial.clone()).unwrap())
            .on_connect(|server| server.every(Duration::from_millis(20), |server| server.send("hello")))
            .on_message(move |_, line| told_of_message.send(line.text.to_owned()).unwrap())
            .on_error(move |_, error| tell.send(error.to_string()).unwrap())
    };
    let (stopped, stop) = io::pipe().unwrap();
    let thread = thread::spawn(move || Box::new(make()).run(Launch::new(stopped)));
    let refused = told.recv_timeout(PATIENCE).unwrap();
    assert!(refused.starts_with("connection lost: Connection refused"), "{refused}");
    let server = UdpSocket::bind(address).unwrap();
    server.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut room = [0; 100];
    let (count, from) = server.recv_from(&mut room).unwrap();
    assert_eq!(&room[..count], b"hello\n");
    server.send_to(b"welcome\n", from).unwrap();
    while told.recv_timeout(PATIENCE).unwrap() != "welcome" {}
    drop(stop);
    thread.join().unwrap().unwrap();
}

#[test]
fn the_faults_say_what_they_are() {
    let unsent = DatagramFault::Unsent(io::Error::from_raw_os_error(101));
    assert_eq!(unsent.to_string(), "datagram not sent: Network is unreachable (os error 101)");
}

/// A message that is a datagram, as `frame datagram` of a schema makes it.
#[derive(Debug)]
struct Ask;

impl Message for Ask {
    type View<'a> = &'a [u8];
    type Scan = ();

    const PROTOCOL: &'static str = "ask";
    const FRAME_BYTES_MAX: usize = 512;
    const OF_DATAGRAMS: bool = true;

    fn input((): &mut (), buf: &[u8]) -> Result<Input, DecodeError> {
        Ok(Input::Frame(buf.len()))
    }

    fn decode(frame: &mut [u8]) -> Result<&[u8], DecodeError> {
        Ok(frame)
    }

    fn encode(view: &&[u8], out: &mut bytes::BytesMut) -> Result<(), EncodeError> {
        out.extend_from_slice(view);
        Ok(())
    }
}

#[test]
fn a_protocol_of_datagrams_is_served_by_datagrams_alone() {
    let refused = |worker: &Worker<Duplex<Ask>>| match &Service::settings(worker).address {
        Err(error) => error.to_string(),
        Ok(address) => panic!("{address:?}"),
    };
    for (address, why) in [
        (
            "tcp://127.0.0.1:53",
            "tcp://127.0.0.1:53 is a stream, but each message of \"ask\" is a datagram; write udp://127.0.0.1:53",
        ),
        (
            "ask://[::1]:53",
            "ask://[::1]:53 is a stream, but each message of \"ask\" is a datagram; write udp://[::1]:53",
        ),
        (
            "unix:///run/ask",
            "unix:///run/ask is a stream, but each message of \"ask\" is a datagram; write udp://HOST:PORT",
        ),
    ] {
        let mut worker = Worker::<Duplex<Ask>>::new(address);
        assert_eq!(refused(&worker), why);
        worker.listen_on("udp://127.0.0.1:0");
        assert!(Service::settings(&worker).address.is_ok());
        worker.listen_on(address);
        assert_eq!(refused(&worker), why);
    }
    // A socket that was bound by somebody else.
    let (_running, stop) = io::pipe().map(|(stop, running)| (running, stop)).expect("a pipe");
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    let worker = Box::new(Worker::<Duplex<Ask>>::new("udp://127.0.0.1:0"));
    let error = Service::run(worker, Launch::new(stop).listener(listener)).expect_err("it is one of streams");
    assert!(matches!(error, Error::OnlyDatagrams { speaks: "ask", .. }), "{error}");
}

#[test]
fn a_protocol_of_datagrams_connects_by_datagrams_alone() {
    let log = Log::default();
    let told = Rc::clone(&log);
    let worker = Worker::<Duplex<Ask>>::client().on_worker_start(move |worker| {
        let at: SocketAddr = "127.0.0.1:53".parse().unwrap();
        told.borrow_mut().extend(worker.connect("tcp://ask.example:53").err().map(|error| error.to_string()));
        told.borrow_mut().extend(worker.connect(Dial::to(at)).err().map(|error| error.to_string()));
        worker.connect(Dial::to(at).udp()).expect("it is one of datagrams");
        worker.connect("udp://127.0.0.1:53").expect("it is one of datagrams");
    });
    let mut world = World::new(worker);
    world.run();
    let expected = [
        "tcp://ask.example:53 is a stream, but each message of \"ask\" is a datagram; write udp://ask.example:53",
        "127.0.0.1:53 is a stream, but each message of \"ask\" is a datagram; say `udp()` of the `Dial`",
    ];
    assert_eq!(*log.borrow(), expected);
}
