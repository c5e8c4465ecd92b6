//! Connections through proxies that others wrote: microsocks and tinyproxy.

use std::{
    fs,
    io::{self, Read, Write},
    net::{SocketAddr, TcpListener, TcpStream},
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc::{self, Receiver},
    thread,
    time::{Duration, Instant},
};
use wm_core::{ConnectionError, Dial, Launch, Proxy, Service, Worker, protocol::Text};

/// Far longer than anything here takes; what waits longer has failed.
const PATIENCE: Duration = Duration::from_secs(20);

/// A foreign proxy, ended when it is dropped.
struct Foreign {
    child: Child,
    port: u16,
}

impl Foreign {
    /// Starts a proxy on a port that is free; `None`, which is said aloud, if it is not installed.
    #[expect(clippy::print_stderr, reason = "a test that is left out says so")]
    fn start(command: impl FnOnce(u16) -> Command) -> Option<Self> {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut command = command(port);
        let child = match command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn() {
            Ok(child) => child,
            Err(error) => {
                eprintln!("LEFT OUT: {}: {error}", command.get_program().display());
                return None;
            }
        };
        let (mut started, deadline) = (Self { child, port }, Instant::now() + PATIENCE);
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(started.child.try_wait().unwrap().is_none(), "{command:?} has ended");
            assert!(Instant::now() < deadline, "{command:?} does not listen");
            thread::park_timeout(Duration::from_millis(10));
        }
        Some(started)
    }
}

impl Drop for Foreign {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

fn microsocks(login: bool) -> Option<Foreign> {
    Foreign::start(|port| {
        let mut command = Command::new("microsocks");
        command.args(["-i", "127.0.0.1", "-p", &port.to_string()]);
        if login {
            command.args(["-u", "tom", "-P", "secret"]);
        }
        command
    })
}

fn tinyproxy(login: bool) -> Option<Foreign> {
    Foreign::start(|port| {
        let file = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("tinyproxy-{port}.conf"));
        let login = if login { "BasicAuth tom secret\n" } else { "" };
        fs::write(&file, format!("Port {port}\nListen 127.0.0.1\nAllow 127.0.0.1\n{login}")).unwrap();
        let mut command = Command::new("tinyproxy");
        command.arg("-d").arg("-c").arg(file);
        command
    })
}

/// A server that answers its one client with what it hears.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let (mut bytes, mut heard) = ([0; 100], 0);
        while heard < 6 {
            heard += stream.read(&mut bytes[heard..]).unwrap();
        }
        stream.write_all(&bytes[..heard]).unwrap();
    });
    address
}

/// What a client hears that says hello, or why it cannot.
fn hello(dial: Dial) -> String {
    let (stopped, stop) = io::pipe().unwrap();
    let (tell, told): (_, Receiver<String>) = mpsc::channel();
    let thread = thread::spawn(move || {
        let heard = tell.clone();
        let worker = Worker::<Text>::client()
            .on_worker_start(move |worker| worker.connect(dial.clone()).map(drop).unwrap())
            .on_connect(|server| server.send("hello"))
            .on_message(move |_, line| heard.send(line.text.to_owned()))
            .on_error(move |_, error| match error {
                ConnectionError::Connect(error) => tell.send(error.to_string()),
                other => tell.send(format!("{other:?}")),
            });
        Box::new(worker).run(Launch::new(stopped))
    });
    let answer = told.recv_timeout(PATIENCE).expect("in time");
    drop(stop);
    thread.join().unwrap().unwrap();
    answer
}

fn through(proxy: &Foreign, scheme: &str) -> Proxy {
    Proxy::new(&format!("{scheme}://127.0.0.1:{}", proxy.port)).unwrap()
}

/// To a server by its address and by a name, with and without a login, and to where nobody listens.
fn all_through(scheme: &str, start: fn(bool) -> Option<Foreign>, refusal: &str) {
    for login in [false, true] {
        let Some(foreign) = start(login) else { return };
        let (mut proxy, name) = (through(&foreign, scheme), format!("tcp://localhost:{}", echo().port()));
        if login {
            let refused = hello(Dial::to(echo()).through(proxy.clone()));
            assert!(refused.ends_with("the proxy wants a login, or another one"), "{refused}");
            proxy = proxy.login("tom", "secret");
        }
        assert_eq!(hello(Dial::to(echo()).through(proxy.clone())), "hello");
        assert_eq!(hello(Dial::new(&name).unwrap().through(proxy.clone())), "hello");
        let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let refused = hello(Dial::to(nobody).through(proxy));
        assert_eq!(refused, format!("cannot connect to {nobody}: the proxy has answered{refusal}"));
    }
}

#[test]
fn socks5_through_microsocks() {
    all_through("socks5", microsocks, ": nobody listens there (reply 5)");
}

#[test]
fn http_connect_through_tinyproxy() {
    all_through("http", tinyproxy, " with status 500");
}
