//! Workers that let in only so many. In a process of its own, because its processor time is measured.

use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use std::{
    io::{self, ErrorKind, PipeWriter, Read, Write},
    net::{SocketAddr, TcpStream},
    thread::JoinHandle,
    time::Duration,
};
use wm_core::{Address, Error, Launch, ListenOptions, Service, Worker, net::bind, protocol::Tcp};

/// Far longer than anything here takes; what waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it is watched that nothing happens.
const WHILE: Duration = Duration::from_millis(300);

/// An echo in a thread, with its stop.
struct Running {
    address: SocketAddr,
    stop: PipeWriter,
    thread: JoinHandle<Result<(), Error>>,
}

impl Running {
    fn start(change: impl FnOnce(Worker<Tcp>) -> Worker<Tcp> + Send + 'static) -> Self {
        let any: Address = "tcp://127.0.0.1:0".parse().unwrap();
        let listener = bind(&any, &ListenOptions::default()).unwrap();
        let address = listener.endpoint().unwrap().socket_addr().unwrap();
        let (stopped, stop) = io::pipe().unwrap();
        let thread = std::thread::spawn(move || {
            let worker = Worker::<Tcp>::new("tcp://127.0.0.1:0").on_message(|client, bytes| match bytes {
                b"pause" => {
                    client.worker().pause_accept();
                    client.worker().after(WHILE, |worker| worker.resume_accept());
                    client.send(bytes)
                }
                b"close" => {
                    client.worker().unlisten();
                    client.send(bytes)
                }
                _ => client.send(bytes),
            });
            Box::new(change(worker)).run(Launch::new(stopped).listener(listener))
        });
        Self { address, stop, thread }
    }

    fn connect(&self) -> TcpStream {
        TcpStream::connect(self.address).unwrap()
    }

    fn stop(self) {
        drop(self.stop);
        self.thread.join().unwrap().unwrap();
    }
}

/// Sends `question`, and reads as much back.
fn ask(client: &mut TcpStream, question: &[u8], patience: Duration) -> io::Result<Vec<u8>> {
    client.write_all(question)?;
    client.set_read_timeout(Some(patience))?;
    let mut answer = vec![0; question.len()];
    client.read_exact(&mut answer).map(|()| answer)
}

fn processor_ms() -> i64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds()
}

/// Nothing comes for a while, and nobody is busy with that.
fn assert_waits(client: &mut TcpStream) {
    let before = processor_ms();
    let nothing = ask(client, b"anybody?", WHILE).unwrap_err();
    assert!(matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
    let busy = processor_ms() - before;
    assert!(busy < 150, "{busy} ms of processor time in {WHILE:?} of waiting");
}

// One after the other: they measure the processor time of their process.
#[test]
fn so_many_are_let_in_and_waiting_costs_nothing() {
    a_full_worker_lets_the_next_in_when_one_leaves();
    a_pause_ends_and_an_unlistened_port_is_closed();
    too_many_from_one_address_are_turned_away_at_once();
}

fn a_full_worker_lets_the_next_in_when_one_leaves() {
    let worker = Running::start(|worker| worker.max_connections(2));
    let mut clients = [worker.connect(), worker.connect()];
    for client in &mut clients {
        assert_eq!(ask(client, b"hello", PATIENCE).unwrap(), b"hello");
    }
    let mut third = worker.connect();
    assert_waits(&mut third);
    let [first, mut second] = clients;
    drop(first);
    assert_eq!(ask(&mut third, b"", PATIENCE).unwrap(), b"");
    third.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut answer = [0; 8];
    third.read_exact(&mut answer).unwrap();
    assert_eq!(&answer, b"anybody?");
    assert_eq!(ask(&mut second, b"still", PATIENCE).unwrap(), b"still");
    drop((second, third));
    worker.stop();
}

fn a_pause_ends_and_an_unlistened_port_is_closed() {
    let worker = Running::start(|worker| worker);
    let mut client = worker.connect();
    assert_eq!(ask(&mut client, b"pause", PATIENCE).unwrap(), b"pause");
    let mut patient = worker.connect();
    assert_eq!(ask(&mut patient, b"hello", PATIENCE).unwrap(), b"hello");
    assert_eq!(ask(&mut client, b"close", PATIENCE).unwrap(), b"close");
    assert_eq!(ask(&mut patient, b"hello", PATIENCE).unwrap(), b"hello", "connections stay");
    assert_eq!(TcpStream::connect(worker.address).unwrap_err().kind(), ErrorKind::ConnectionRefused);
    drop((client, patient));
    worker.stop();
}

fn too_many_from_one_address_are_turned_away_at_once() {
    let worker = Running::start(|worker| worker.max_connections_per_ip(1));
    let mut first = worker.connect();
    assert_eq!(ask(&mut first, b"hello", PATIENCE).unwrap(), b"hello");
    let mut second = worker.connect();
    second.set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(second.read(&mut [0]).unwrap(), 0, "closed");
    assert_eq!(ask(&mut first, b"hello", PATIENCE).unwrap(), b"hello");
    drop(first);
    worker.stop();
}
