//! Workers that connect, with the kernel's sockets. Servers are threads of this process; every wait is bounded.

mod running;

use running::{PATIENCE, Running};
use std::{
    fs,
    io::{self, Read, Write},
    net::{Shutdown, SocketAddr, TcpListener, TcpStream},
    os::unix::net::UnixListener,
    sync::mpsc::{self, Receiver, Sender},
    thread::{self, JoinHandle},
    time::Duration,
};
use wm_core::{
    Backoff, ConnectFault, ConnectionError, Dial, Worker,
    protocol::{Tcp, Text},
};

/// A server that sends everything back, and ends its side when its client does. It serves so many clients.
fn echo(clients: usize) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let thread = thread::spawn(move || {
        for _ in 0..clients {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            let mut back = stream.try_clone().unwrap();
            io::copy(&mut stream, &mut back).unwrap();
            stream.shutdown(Shutdown::Write).unwrap();
        }
    });
    (address, thread)
}

fn bytes(count: u32) -> Vec<u8> {
    (0..count).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

#[test]
fn a_tunnel_carries_megabytes_both_ways_and_the_ends_of_both_sides() {
    let (server, serving) = echo(2);
    let proxy = Running::start(move || {
        Worker::<Tcp>::new("tcp://127.0.0.1:0")
            .on_connect(move |client| client.tunnel(Dial::to(server)).map(drop).unwrap())
    });
    let clients: Vec<_> = (0..2)
        .map(|_| {
            let mut client = proxy.connect();
            thread::spawn(move || {
                let (all, mut back) = (bytes(8 << 20), Vec::new());
                let mut writing = client.try_clone().unwrap();
                let writer = thread::spawn(move || {
                    writing.write_all(&all).unwrap();
                    writing.shutdown(Shutdown::Write).unwrap();
                    all
                });
                client.read_to_end(&mut back).unwrap();
                assert!(back == writer.join().unwrap(), "{} bytes came back", back.len());
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    serving.join().unwrap();
}

/// What a client tells of its course.
fn client(to: Dial, tell: &Sender<String>) -> Worker<Text, wm_core::Closures<Text, ()>> {
    let (heard, failed, closed) = (tell.clone(), tell.clone(), tell.clone());
    Worker::<Text>::client()
        .on_worker_start(move |worker| worker.connect(to.clone()).map(drop).unwrap())
        .on_connect(|server| {
            let from = format!("from {}", server.local_addr());
            server.send(&from)
        })
        .on_message(move |_, line| heard.send(line.text.to_owned()))
        .on_error(move |_, error| match error {
            ConnectionError::Connect(error) => failed.send(match &error.fault {
                ConnectFault::Io(error) => error.to_string(),
                fault => format!("{fault:?} after {}", error.tried),
            }),
            other => failed.send(other.to_string()),
        })
        .on_close(move |_| closed.send("closed".to_owned()))
}

fn next(told: &Receiver<String>) -> String {
    told.recv_timeout(PATIENCE).expect("in time")
}

/// Runs a client without a listener of its own.
fn run(to: Dial, test: impl FnOnce(&Receiver<String>)) {
    let (tell, told) = mpsc::channel();
    let running = Running::start(move || client(to, &tell));
    test(&told);
    drop(running);
}

#[test]
fn a_name_is_looked_up_and_the_family_that_answers_is_taken() {
    // On IPv4 alone, while localhost usually is [::1] first.
    let (server, serving) = echo(1);
    let dial = Dial::new(&format!("text://localhost:{}", server.port())).unwrap();
    run(dial, |told| {
        assert!(next(told).starts_with("from 127.0.0.1:"));
    });
    serving.join().unwrap();
}

#[test]
fn it_connects_from_where_it_is_told_to() {
    let (server, serving) = echo(1);
    run(Dial::to(server).bind(([127, 0, 0, 7], 0)), |told| {
        assert!(next(told).starts_with("from 127.0.0.7:"));
    });
    serving.join().unwrap();
    let elsewhere = Dial::to(server).bind(([192, 0, 2, 1], 0));
    run(elsewhere, |told| {
        assert!(next(told).starts_with("Cannot assign requested address"));
        assert_eq!(next(told), "closed");
    });
}

#[test]
fn unix_sockets_are_connected_to_and_missed() {
    let path = std::env::temp_dir().join(format!("wm-connecting-{}.sock", std::process::id()));
    let listener = UnixListener::bind(&path).unwrap();
    let dial = Dial::new(&format!("unix://{}", path.display())).unwrap();
    run(dial.clone(), |told| {
        let (mut stream, _) = listener.accept().unwrap();
        stream.write_all(b"hello\n").unwrap();
        assert_eq!(next(told), "hello");
        drop(stream);
        assert_eq!(next(told), "connection lost: Connection reset by peer (os error 104)");
        assert_eq!(next(told), "closed");
    });
    drop(listener);
    run(dial.clone(), |told| assert_eq!(next(told), "Refused after 1"));
    fs::remove_file(&path).unwrap();
    run(dial, |told| assert!(next(told).starts_with("No such file")));
}

#[test]
fn a_refusal_is_told_and_a_server_that_comes_back_is_found() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let soon = Duration::from_millis(5);
    let dial = Dial::to(address).reconnect(Backoff { first: soon, most: soon });
    run(dial, |told| {
        for _ in 0..3 {
            assert_eq!((next(told), next(told)), ("Refused after 1".to_owned(), "closed".to_owned()));
        }
        let listener = TcpListener::bind(address).unwrap();
        for _ in 0..2 {
            let (mut stream, _) = listener.accept().unwrap();
            stream.set_read_timeout(Some(PATIENCE)).unwrap();
            stream.write_all(b"welcome\n").unwrap();
            while next(told) != "welcome" {}
            // Its line is read, so that the end is no reset.
            stream.read_exact(&mut [0; 4]).unwrap();
            drop(stream);
            assert_ne!(next(told), "welcome");
        }
    });
}

#[test]
fn nobody_answers_in_time() {
    // A backlog that is full drops what comes.
    let socket = socket2::Socket::new(socket2::Domain::IPV4, socket2::Type::STREAM, None).unwrap();
    socket.bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into()).unwrap();
    socket.listen(0).unwrap();
    let address = socket.local_addr().unwrap().as_socket().unwrap();
    let mut filling = Vec::new();
    while let Ok(stream) = TcpStream::connect_timeout(&address, Duration::from_millis(100)) {
        filling.push(stream);
        assert!(filling.len() < 100, "the backlog is never full");
    }
    run(Dial::to(address).within(Duration::from_millis(50)), |told| {
        assert_eq!((next(told), next(told)), ("TimedOut { limit: 50ms } after 1".to_owned(), "closed".to_owned()));
    });
}

#[test]
fn an_address_that_cannot_be_meant_is_refused_before_anything_is_done() {
    let (tell, told) = mpsc::channel();
    let running = Running::start(move || {
        Worker::<Text>::client().on_worker_start(move |worker| {
            for bad in ["frame://127.0.0.1:7", "127.0.0.1:7", "text://a b:7"] {
                tell.send(worker.connect(bad).unwrap_err().to_string()).unwrap();
            }
        })
    });
    let wrong = "frame://127.0.0.1:7 asks for the protocol \"frame\", but this worker speaks \"text\"; write text://127.0.0.1:7";
    assert_eq!(next(&told), wrong);
    assert!(next(&told).contains("no scheme"));
    assert!(next(&told).contains("\"a b\" is no host"));
    drop(running);
}
