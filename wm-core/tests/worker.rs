//! A worker with real sockets, in a thread of this process. A pipe is its stop; every wait is bounded.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use socket2::SockRef;
use std::{
    io::{self, PipeWriter, Read, Write},
    net::{Shutdown, SocketAddr, TcpStream},
    os::{
        linux::net::SocketAddrExt,
        unix::net::{SocketAddr as UnixAddr, UnixStream},
    },
    sync::mpsc,
    thread::JoinHandle,
    time::{Duration, Instant},
};
use wm_core::{
    Address, BytesMut, Closures, Deadlines, Error, Launch, ListenOptions, Service, Worker,
    net::bind,
    protocol::{DecodeError, Decoded, EncodeError, Input, Protocol, Tcp},
};

/// Far longer than anything here takes; what waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// Four bytes of length, big-endian, then so many bytes.
#[derive(Debug, Default)]
struct Sized;

impl Protocol for Sized {
    const NAME: &'static str = "sized";
    const FRAME_BYTES_MAX: usize = 4 << 20;
    const ENCODES_ALIKE: bool = true;
    type In<'a> = &'a [u8];
    type Out<'a> = &'a [u8];

    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        let Some(head) = buf.first_chunk::<4>() else { return Ok(Input::Need(4 - buf.len())) };
        let frame = 4 + u32::from_be_bytes(*head) as usize;
        Ok(match frame.checked_sub(buf.len()) {
            None | Some(0) => Input::Frame(frame),
            Some(more) => Input::Need(more),
        })
    }

    fn decode<'a>(&mut self, frame: &'a mut [u8], _: &mut BytesMut) -> Result<Decoded<&'a [u8]>, DecodeError> {
        Ok(Decoded::Message(&frame[4..]))
    }

    fn encode(&mut self, body: &&[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        out.extend_from_slice(&sized(body));
        Ok(())
    }
}

fn sized(body: &[u8]) -> Vec<u8> {
    let len = u32::try_from(body.len()).unwrap();
    [&len.to_be_bytes(), body].concat()
}

/// A worker in a thread, with its stop.
struct Running {
    address: SocketAddr,
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Running {
    /// Serves what `make` makes; its closures stay in the thread, as those of a process do.
    fn start<P: Protocol + Default, S: Default + 'static>(
        host: &str,
        make: impl FnOnce(&str) -> Worker<P, Closures<P, S>> + Send + 'static,
    ) -> Self {
        let any: Address = format!("tcp://{host}:0").parse().unwrap();
        let listener = bind(&any, &ListenOptions::default()).unwrap();
        // More than one read takes, so that a socket can stay readable.
        SockRef::from(&listener).set_recv_buffer_size(1 << 20).unwrap();
        let address = listener.endpoint().unwrap().socket_addr().unwrap();
        let (stopped, stop) = io::pipe().unwrap();
        let thread = std::thread::spawn(move || {
            let worker = make(&format!("{}://{address}", P::NAME));
            assert!(worker.settings().address.is_ok());
            Box::new(worker).run(Launch::new(stopped).listener(listener))
        });
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.set_write_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Closes the pipe, and waits for the worker to end.
    fn stop(&mut self) {
        drop(self.stop.take());
        let thread = self.thread.take().unwrap();
        let (ended, wait) = mpsc::channel();
        std::thread::spawn(move || ended.send(thread.join()));
        wait.recv_timeout(PATIENCE).expect("the worker has not stopped").unwrap().unwrap();
    }
}

fn read(stream: &mut TcpStream, len: usize) -> Vec<u8> {
    let mut bytes = vec![0; len];
    stream.read_exact(&mut bytes).unwrap();
    bytes
}

fn read_all(stream: &mut TcpStream) -> Vec<u8> {
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).unwrap();
    bytes
}

fn echo(address: &str) -> Worker<Sized, Closures<Sized, ()>> {
    Worker::<Sized>::new(address).on_message(|client, body| client.send(body))
}

/// Bytes without a pattern that a mistake could keep.
fn noise(len: usize) -> Vec<u8> {
    let mut state = 1u32;
    let next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_be_bytes()[0]
    };
    std::iter::repeat_with(next).take(len).collect()
}

#[test]
fn both_families_are_served() {
    for host in ["127.0.0.1", "[::1]"] {
        let mut worker = Running::start(host, |address| {
            Worker::<Sized>::new(address).on_message(|client, _| {
                let seen = format!("{} at {}", client.remote_addr(), client.local_addr());
                client.send(seen.as_bytes())
            })
        });
        let mut client = worker.connect();
        client.write_all(&sized(b"who am I?")).unwrap();
        let answer = sized(format!("{} at {}", client.local_addr().unwrap(), worker.address).as_bytes());
        assert_eq!(read(&mut client, answer.len()), answer);
        worker.stop();
        assert_eq!(read_all(&mut client), b"");
    }
}

#[test]
fn a_megabyte_comes_back_to_a_slow_reader() {
    let mut worker = Running::start("127.0.0.1", |address| echo(address).max_send_buffer(64 << 10));
    let mut client = worker.connect();
    let mut other = worker.connect();
    let body = noise(1 << 20);
    let frame = sized(&body);
    let mut writer = client.try_clone().unwrap();
    let sent = frame.clone();
    let writing = std::thread::spawn(move || (0..4).for_each(|_| writer.write_all(&sent).unwrap()));
    for _ in 0..4 {
        for piece in frame.chunks(8 << 10) {
            assert!(read(&mut client, piece.len()) == piece);
        }
        // Meanwhile others are served.
        other.write_all(&sized(b"hello")).unwrap();
        assert_eq!(read(&mut other, 9), sized(b"hello"));
    }
    writing.join().unwrap();
    worker.stop();
}

#[test]
fn a_thousand_connections_at_once() {
    // Both ends of each are in this process.
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, most.min(1 << 16), most).unwrap();
    let mut worker = Running::start("127.0.0.1", |address| {
        Worker::<Sized>::new(address).on_message(|client, body| match body {
            b"all" => client.broadcast(&b"hello, all"[..]),
            _ => client.send(body),
        })
    });
    let mut clients: Vec<_> = (0..1000).map(|_| worker.connect()).collect();
    for (number, client) in clients.iter_mut().enumerate() {
        client.write_all(&sized(format!("number {number}").as_bytes())).unwrap();
    }
    for (number, client) in clients.iter_mut().enumerate() {
        let answer = sized(format!("number {number}").as_bytes());
        assert_eq!(read(client, answer.len()), answer);
    }
    clients[500].write_all(&sized(b"all")).unwrap();
    for client in &mut clients {
        assert_eq!(read(client, 14), sized(b"hello, all"));
    }
    worker.stop();
}

#[test]
fn a_client_that_has_said_everything_still_gets_its_replies() {
    let mut worker = Running::start("127.0.0.1", |address| echo(address).max_send_buffer(4 << 10));
    let mut client = worker.connect();
    let frames: Vec<u8> = (0..2000).flat_map(|number| sized(format!("request {number}").as_bytes())).collect();
    client.write_all(&frames).unwrap();
    client.shutdown(Shutdown::Write).unwrap();
    assert!(read_all(&mut client) == frames);
    worker.stop();
}

#[test]
fn the_last_words_to_a_client_that_is_cut_off_arrive() {
    let mut worker = Running::start("127.0.0.1", |address| {
        Worker::<Sized>::new(address)
            .max_frame(100)
            .on_message(|client, body| client.close_with(body))
            .on_error(|client, error| client.send(error.to_string().as_bytes()))
    });
    // Both write on behind the frame that ends them: a close with bytes unread would reset the connection.
    let mut polite = worker.connect();
    polite.write_all(&[sized(b"bye"), noise(100_000)].concat()).unwrap();
    assert_eq!(read_all(&mut polite), sized(b"bye"));
    let mut rude = worker.connect();
    rude.write_all(&[sized(&noise(101)), noise(100_000)].concat()).unwrap();
    assert_eq!(read_all(&mut rude), sized(b"a frame of 105 bytes is over the limit of 100"));
    worker.stop();
}

#[test]
fn sends_from_timers_and_other_threads_arrive_by_themselves() {
    let mut worker = Running::start("127.0.0.1", |address| {
        Worker::<Tcp>::new(address)
            .on_worker_start(|worker| worker.every(Duration::from_millis(5), |worker| worker.broadcast(&b"t"[..])))
            .on_message(|client, _| {
                let (mailbox, id) = (client.worker().mailbox(), client.id());
                std::thread::spawn(move || mailbox.post(move |worker| worker.get(id).map(|mut to| to.send(&b"m"[..]))));
            })
    });
    let mut client = worker.connect();
    assert_eq!(read(&mut client, 3), b"ttt");
    client.write_all(b"?").unwrap();
    let until = Instant::now() + PATIENCE;
    while read(&mut client, 1) != b"m" {
        assert!(Instant::now() < until, "nothing was posted");
    }
    worker.stop();
}

#[test]
fn a_loud_peer_starves_nobody() {
    // To handle a shout takes longer than to send it: there is always another one to read.
    let work = |body: &[u8]| {
        (0..20).fold(1u32, |sum, _| body.iter().fold(sum, |sum, &byte| sum * 31 % 65521 + u32::from(byte)))
    };
    let mut worker = Running::start("127.0.0.1", move |address| {
        Worker::<Sized>::new(address).on_message(move |client, body| match body.len() {
            4 => _ = client.send(body),
            _ => _ = std::hint::black_box(work(body)),
        })
    });
    let mut loud = worker.connect();
    let (shut_up, quiet) = mpsc::channel::<()>();
    let shouting = std::thread::spawn(move || {
        let frames = sized(&noise(1000)).repeat(1000);
        while quiet.try_recv().is_err() {
            loud.write_all(&frames).unwrap();
        }
    });
    let mut client = worker.connect();
    let until = Instant::now() + PATIENCE;
    for number in 0..20u32 {
        let frame = sized(&number.to_be_bytes());
        client.write_all(&frame).unwrap();
        assert_eq!(read(&mut client, 8), frame);
        assert!(Instant::now() < until, "starved");
    }
    shut_up.send(()).unwrap();
    shouting.join().unwrap();
    worker.stop();
}

#[test]
fn a_reset_is_noticed_by_a_connection_that_does_not_read() {
    let (tell, told) = mpsc::channel();
    let mut worker = Running::start("127.0.0.1", move |address| {
        let closed = tell.clone();
        Worker::<Sized>::new(address)
            .on_message(|client, body| {
                client.pause_recv();
                client.send(body)
            })
            .on_error(move |_, error| tell.send(error.to_string()))
            .on_close(move |_| closed.send("closed".to_owned()))
    });
    let mut client = worker.connect();
    client.write_all(&sized(b"wait")).unwrap();
    read(&mut client, 8);
    SockRef::from(&client).set_linger(Some(Duration::ZERO)).unwrap();
    drop(client);
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "connection lost: Connection reset by peer (os error 104)");
    assert_eq!(told.recv_timeout(PATIENCE).unwrap(), "closed");
    worker.stop();
}

#[test]
fn a_stop_drains_what_is_queued() {
    let mut worker = Running::start("127.0.0.1", |address| echo(address).max_send_buffer(16 << 20));
    let mut client = worker.connect();
    let frame = sized(&noise(3 << 20));
    client.write_all(&frame).unwrap();
    let head = read(&mut client, 1000);
    // The rest of the reply is in the worker, as the kernel does not hold so much.
    let reading = std::thread::spawn(move || read_all(&mut client));
    worker.stop();
    let rest = reading.join().unwrap();
    assert!([head, rest].concat() == frame);
}

#[test]
fn a_unix_socket_is_served_as_a_port_is() {
    let name = format!("wm-worker-{}", std::process::id());
    let address: Address = format!("unix://@{name}").parse().unwrap();
    let listener = bind(&address, &ListenOptions::default()).unwrap();
    let (stopped, stop) = io::pipe().unwrap();
    let thread = std::thread::spawn(move || {
        let worker = Worker::<Sized>::new(&address.to_string()).max_send_buffer(64 << 10).on_message(|client, body| {
            let places = format!("{} at {}", client.remote_addr(), client.local_addr());
            client.send(if body == b"where?" { places.as_bytes() } else { body })
        });
        assert!(worker.settings().address.is_ok(), "unix:// serves any protocol");
        Box::new(worker).run(Launch::new(stopped).listener(listener))
    });
    let place = UnixAddr::from_abstract_name(&name).unwrap();
    let mut client = UnixStream::connect_addr(&place).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    let frames = [sized(&noise(1 << 20)), sized(b"where?")].concat();
    let mut writer = client.try_clone().unwrap();
    let sent = frames.clone();
    let writing = std::thread::spawn(move || writer.write_all(&sent).unwrap());
    let expected = [sized(&noise(1 << 20)), sized(format!("unnamed at @{name}").as_bytes())].concat();
    let mut came = vec![0; expected.len()];
    client.read_exact(&mut came).unwrap();
    assert!(came == expected);
    writing.join().unwrap();
    drop(stop);
    assert_eq!(client.read(&mut [0]).unwrap(), 0);
    thread.join().unwrap().unwrap();
}

#[test]
fn a_detached_worker_has_its_timers_and_is_ready_when_it_has_started() {
    let (stopped, stop) = io::pipe().unwrap();
    let (tell, told) = mpsc::channel();
    let thread = std::thread::spawn(move || {
        let (ready, tick) = (tell.clone(), tell.clone());
        let worker = Worker::detached().on_worker_start(move |worker| {
            tell.send("started").unwrap();
            let tick = tick.clone();
            worker.after(Duration::from_millis(1), move |_| tick.send("tick"));
        });
        let launch = Launch { ready: Box::new(move || ready.send("ready").unwrap()), ..Launch::new(stopped) };
        Box::new(worker).run(launch)
    });
    for expected in ["started", "ready", "tick"] {
        assert_eq!(told.recv_timeout(PATIENCE).unwrap(), expected);
    }
    drop(stop);
    thread.join().unwrap().unwrap();
}

#[test]
fn clients_that_keep_a_worker_waiting_are_let_go_and_the_others_stay() {
    let soon = Some(Duration::from_millis(30));
    let mut worker = Running::start("127.0.0.1", move |address| {
        let deadlines = Deadlines { first_byte: soon, frame: soon, ..Deadlines::default() };
        echo(address).deadlines(deadlines).on_error(|client, error| client.send(error.to_string().as_bytes()))
    });
    let mut alive = worker.connect();
    alive.write_all(&sized(b"hello")).unwrap();
    assert_eq!(read(&mut alive, 9), sized(b"hello"));
    let mut silent = worker.connect();
    let mut slow = worker.connect();
    slow.write_all(&sized(b"hello")[..5]).unwrap();
    assert_eq!(read_all(&mut silent), sized(b"the peer has said nothing for 30ms"));
    let late = "a frame has not come whole in 30ms and the time it has earned: 5 bytes came";
    assert_eq!(read_all(&mut slow), sized(late.as_bytes()));
    alive.write_all(&sized(b"still here")).unwrap();
    assert_eq!(read(&mut alive, 14), sized(b"still here"), "nothing is expected of it");
    drop((silent, slow));
    worker.stop();
}

#[test]
fn one_that_retires_accepts_nobody_and_stays_for_those_that_it_has() {
    let listener = bind(&"tcp://127.0.0.1:0".parse().unwrap(), &ListenOptions::default()).unwrap();
    let address = listener.endpoint().unwrap().socket_addr().unwrap();
    let ((stopped, _stop), (retires, retire)) = (io::pipe().unwrap(), io::pipe().unwrap());
    let thread = std::thread::spawn(move || {
        let launch = Launch { retire: Some(retires.into()), ..Launch::new(stopped) };
        Box::new(echo(&format!("sized://{address}"))).run(launch.listener(listener))
    });
    let mut guest = TcpStream::connect(address).unwrap();
    guest.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut ask = |words: &[u8]| {
        guest.write_all(&sized(words)).unwrap();
        assert_eq!(read(&mut guest, 4 + words.len()), sized(words));
    };
    ask(b"hello");
    drop(retire);
    let deadline = Instant::now() + PATIENCE;
    while TcpStream::connect(address).is_ok() {
        assert!(Instant::now() < deadline, "the door is still open");
        std::thread::yield_now();
    }
    ask(b"still here");
    assert!(!thread.is_finished());
    drop(guest);
    thread.join().unwrap().unwrap();
}

#[test]
fn a_bad_address_waits_to_be_reported() {
    let told = |worker: &dyn Service| worker.settings().address.as_ref().unwrap_err().to_string();
    assert!(told(&Worker::<Sized>::new("sized://nowhere")).starts_with("bad address \"sized://nowhere\": no port"));
    let wrong = told(&Worker::<Sized>::new("frame://[::1]:9"));
    assert!(wrong.contains("this worker speaks \"sized\""), "{wrong}");
    assert!(Worker::<Sized>::new("tcp://[::1]:9").settings().address.is_ok(), "tcp:// serves any protocol");
}

#[test]
#[should_panic(expected = "`session` must stand before on_connect")]
fn a_session_stands_before_the_callbacks() {
    let _ = Worker::<Tcp>::new("tcp://127.0.0.1:0").on_connect(|_| ()).session::<u8>();
}
