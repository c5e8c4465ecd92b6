//! A worker that is out of file descriptors. In a process of its own, because the limit is the process's.

use nix::sys::{
    resource::{Resource, UsageWho, getrlimit, getrusage, setrlimit},
    time::TimeValLike,
};
use std::{
    fs::File,
    io::{self, ErrorKind, Read, Write},
    net::TcpStream,
    time::Duration,
};
use wm_core::{Address, Launch, ListenOptions, Service, Worker, net::bind, protocol::Tcp};

/// Far longer than anything here takes; what waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// How long it is watched that nothing happens.
const WHILE: Duration = Duration::from_millis(500);

fn processor_ms() -> i64 {
    let usage = getrusage(UsageWho::RUSAGE_SELF).unwrap();
    usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds()
}

fn ask(client: &mut TcpStream, patience: Duration) -> io::Result<[u8; 5]> {
    let mut answer = [0; 5];
    client.set_read_timeout(Some(patience))?;
    client.read_exact(&mut answer)?;
    Ok(answer)
}

#[test]
fn without_descriptors_a_worker_serves_those_it_has_and_accepts_later() {
    let any: Address = "tcp://127.0.0.1:0".parse().unwrap();
    let listener = bind(&any, &ListenOptions::default()).unwrap();
    let address = listener.endpoint().unwrap().socket_addr().unwrap();
    let (stopped, stop) = io::pipe().unwrap();
    let thread = std::thread::spawn(move || {
        let worker = Worker::<Tcp>::new(&format!("tcp://{address}")).on_message(|client, bytes| client.send(bytes));
        Box::new(worker).run(Launch::new(stopped).listener(listener))
    });
    let mut first = TcpStream::connect(address).unwrap();
    first.write_all(b"first").unwrap();
    assert_eq!(&ask(&mut first, PATIENCE).unwrap(), b"first");

    // One descriptor is left, which the next client takes for its own end.
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64.min(soft), hard).unwrap();
    let mut fill: Vec<File> = std::iter::from_fn(|| File::open("/dev/null").ok()).collect();
    fill.pop();
    let mut second = TcpStream::connect(address).unwrap();
    second.write_all(b"later").unwrap();
    let before = processor_ms();
    let nothing = ask(&mut second, WHILE).unwrap_err();
    assert!(matches!(nothing.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{nothing}");
    let busy = processor_ms() - before;
    assert!(busy < 250, "{busy} ms of processor time in {WHILE:?} of waiting");
    first.write_all(b"still").unwrap();
    assert_eq!(&ask(&mut first, PATIENCE).unwrap(), b"still");

    drop(fill);
    assert_eq!(&ask(&mut second, PATIENCE).unwrap(), b"later");
    drop(stop);
    drop((first, second));
    thread.join().unwrap().unwrap();
}
