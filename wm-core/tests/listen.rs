//! Workers that share a process: what one of them listens on at run time.

use std::{
    fs,
    io::{self, BufRead, BufReader, ErrorKind, Write},
    net::{SocketAddr, TcpStream},
    os::unix::net::UnixStream,
    path::PathBuf,
    sync::mpsc,
    task::Waker,
    time::{Duration, Instant},
};
use wm_core::{
    Address, Connection, Context, Endpoint, Error, Handler, Launch, Limits, ListenOptions, Service, Worker,
    engine::Engine,
    net::bind,
    protocol::{Frame, Text, text::Line},
};

/// Far longer than anything here takes; what waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

fn connect(address: SocketAddr) -> BufReader<TcpStream> {
    let stream = TcpStream::connect(address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    BufReader::new(stream)
}

fn say(client: &mut BufReader<TcpStream>, line: &str) {
    client.get_mut().write_all(format!("{line}\n").as_bytes()).unwrap();
}

fn hear(client: &mut BufReader<TcpStream>) -> String {
    let mut line = String::new();
    client.read_line(&mut line).unwrap();
    line.trim_end().to_owned()
}

/// The manual's push example, on ports of which it tells.
fn push(tell: mpsc::Sender<Endpoint>) -> impl Service {
    Worker::<Text>::new("text://127.0.0.1:0")
        .session::<String>()
        .on_worker_start(move |clients| {
            let mailbox = clients.mailbox();
            let back_end = Worker::<Text>::new("text://127.0.0.1:0").on_message(move |back_end, line| {
                let (name, text) = line.text.split_once(' ').unwrap_or((line.text, ""));
                let (name, text) = (name.to_owned(), text.to_owned());
                let (answers, asked_by) = (back_end.worker().mailbox(), back_end.id());
                mailbox.post(move |clients| {
                    let mut told = 0;
                    clients.each(|client| {
                        if *client.session() == name {
                            client.send(&text);
                            told += 1;
                        }
                    });
                    let answer = if told > 0 { "ok" } else { "fail" };
                    answers.post(move |back_end| back_end.get(asked_by).map(|mut asker| asker.send(answer)));
                });
            });
            let neighbor = clients.listen(back_end).expect("the port is free");
            tell.send(neighbor.endpoint.expect("it listens")).unwrap();
        })
        .on_message(|client, line| {
            *client.session() = line.text.to_owned();
            client.send("welcome")
        })
}

#[test]
fn a_back_end_pushes_to_clients_of_another_port() {
    let any: Address = "tcp://127.0.0.1:0".parse().unwrap();
    let listener = bind(&any, &ListenOptions::default()).unwrap();
    let clients = listener.endpoint().unwrap().socket_addr().unwrap();
    let (stopped, stop) = io::pipe().unwrap();
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || Box::new(push(tell)).run(Launch::new(stopped).listener(listener)));
    let inner = told.recv_timeout(PATIENCE).unwrap().socket_addr().unwrap();

    let (mut ann, mut bob, mut back_end) = (connect(clients), connect(clients), connect(inner));
    for (client, name) in [(&mut ann, "ann"), (&mut bob, "bob")] {
        say(client, name);
        assert_eq!(hear(client), "welcome");
    }
    for number in 0..50 {
        say(&mut back_end, &format!("bob message {number}"));
        assert_eq!((hear(&mut back_end), hear(&mut bob)), ("ok".to_owned(), format!("message {number}")));
    }
    say(&mut back_end, "carol hello");
    assert_eq!(hear(&mut back_end), "fail");

    drop(stop);
    for mut client in [ann, bob, back_end] {
        assert_eq!(hear(&mut client), "", "all of them are closed");
    }
    thread.join().unwrap().unwrap();
}

#[test]
fn a_worker_that_listens_nowhere_opens_and_closes_a_socket_of_its_own() {
    let path: PathBuf = std::env::temp_dir().join(format!("wm-listen-{}.sock", std::process::id()));
    let (stopped, stop) = io::pipe().unwrap();
    let (tell, told) = mpsc::channel();
    let place = path.clone();
    let thread = std::thread::spawn(move || {
        let worker = Worker::detached().on_worker_start(move |worker| {
            let echo = Worker::<Frame>::new(&format!("frame://{}", place.display())).on_message(|client, frame| {
                if frame.body == b"close" {
                    client.worker().unlisten();
                }
                client.send(frame.body)
            });
            let neighbor = worker.listen(echo).unwrap();
            tell.send(neighbor.endpoint).unwrap();
            let again = worker.listen(Worker::<Frame>::new(&format!("unix://{}", place.display())));
            assert!(matches!(again, Err(Error::AddressInUse { .. })));
            assert!(matches!(worker.listen(Worker::<Frame>::new("frame://")), Err(Error::Address { .. })));
        });
        Box::new(worker).run(Launch::new(stopped))
    });
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), Some(Endpoint::Path(path.as_path().into())));
    let mut client = wm_core::Framed::<Frame, _>::new(UnixStream::connect(&path).unwrap());
    for body in ["hello", "close", "still here"] {
        client.get_ref().set_read_timeout(Some(PATIENCE)).unwrap();
        client.send(body.as_bytes()).unwrap();
        let came = client.receive(|frame| frame.body.to_vec()).unwrap();
        assert_eq!(came.as_deref(), Some(body.as_bytes()));
    }
    assert_eq!(UnixStream::connect(&path).unwrap_err().kind(), ErrorKind::NotFound);
    assert!(fs::symlink_metadata(&path).is_err(), "its file is gone with it");
    drop(stop);
    thread.join().unwrap().unwrap();
}

#[test]
fn when_one_worker_stops_its_process_does() {
    let (stopped, _stop) = io::pipe().unwrap();
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let outer = tell.clone();
        let worker = Worker::detached()
            .on_worker_start(move |worker| {
                let inner = tell.clone();
                let stops = Worker::detached()
                    .on_worker_start(|worker| worker.after(Duration::from_millis(1), |worker| worker.stop()))
                    .on_worker_stop(move |_| inner.send("inner"));
                worker.listen(stops).unwrap();
            })
            .on_worker_stop(move |_| outer.send("outer"));
        Box::new(worker).run(Launch::new(stopped))
    });
    let mut order = [told.recv_timeout(PATIENCE).unwrap(), told.recv_timeout(PATIENCE).unwrap()];
    order.sort_unstable();
    assert_eq!(order, ["inner", "outer"]);
    thread.join().unwrap().unwrap();
}

/// A ball that two workers of one process post to each other.
#[test]
fn workers_of_a_process_post_to_each_other() {
    const ROUNDS: u32 = 10_000;
    let (stopped, stop) = io::pipe().unwrap();
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let worker = Worker::detached().on_worker_start(move |worker| {
            let one = worker.mailbox();
            let other = worker.listen(Worker::detached()).unwrap().mailbox;
            let tell = tell.clone();
            pass(one, other, ROUNDS, tell);
        });
        Box::new(worker).run(Launch::new(stopped))
    });
    told.recv_timeout(PATIENCE).expect("each post is found without an event to wait for");
    drop(stop);
    thread.join().unwrap().unwrap();
}

type Detached = wm_core::Mailbox<wm_core::protocol::Duplex<wm_core::protocol::Silent>, ()>;

fn pass(to: Detached, from: Detached, left: u32, tell: mpsc::Sender<()>) {
    if left == 0 {
        return tell.send(()).unwrap();
    }
    to.clone().post(move |_| pass(from, to, left - 1, tell));
}

#[test]
fn an_engine_that_is_fed_by_hand_hosts_nobody() {
    struct Hosts;

    impl Handler for Hosts {
        type Protocol = Text;
        type Session = ();

        fn on_worker_start(&mut self, worker: &mut Context<'_, Text, ()>) {
            let refused = worker.listen(Worker::<Text>::new("text://127.0.0.1:0"));
            assert!(matches!(refused, Err(Error::NoSockets)));
        }

        fn on_message(&mut self, _: &mut Connection<'_, Text, ()>, _: Line<'_>) {}
    }

    let now = Instant::now();
    Engine::new(Hosts, "hosts".to_owned(), 0, Limits::default(), Waker::noop().clone(), now).start(now);
}
