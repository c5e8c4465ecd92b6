//! curl through a SOCKS5 server that is made of `socks5.wm`: the session says what is legal, the tunnel is raw bytes.

use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;
use wm_core::Framed;
use wm_tests::schemas::socks5::{Address, AddressV4, Code, Hello, Method, Pick, Reply, Request, server};

/// How long anything may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);
const PAGE: &str = "behind the door\n";

fn listen() -> (TcpListener, SocketAddr) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    (listener, address)
}

fn accept(listener: &TcpListener) -> TcpStream {
    let (socket, _) = listener.accept().expect("somebody connects");
    socket.set_read_timeout(Some(PATIENCE)).expect("a time that is not zero");
    socket
}

/// A page for whoever asks.
fn web(listener: &TcpListener) {
    let mut socket = accept(listener);
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n\r\n") {
        let mut byte = [0];
        socket.read_exact(&mut byte).expect("a request");
        asked.push(byte[0]);
    }
    let (length, close) = (PAGE.len(), "Connection: close");
    write!(socket, "HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n{close}\r\n\r\n{PAGE}").expect("it reads");
}

/// Where a request leads, if it is an address.
fn wanted(request: &Request<'_>) -> Option<SocketAddr> {
    let Address::V4(AddressV4 { ip }) = &request.addr else { return None };
    let ip = <[u8; 4]>::try_from(*ip).ok()?;
    Some(SocketAddr::from((Ipv4Addr::from(ip), request.port)))
}

/// Serves one client: a greeting, a request, and then what comes.
fn proxy(listener: &TcpListener) {
    let socket = accept(listener);
    let mut back = socket.try_clone().expect("a descriptor");
    let greet = server::Greet::of(Framed::new(socket)).expect("the start");
    let offered = |hello: Hello<'_>| hello.methods.iter().any(|method| method == Method::None);
    let (offered, choose) = greet.receive(offered).expect("a greeting");
    assert!(offered);
    let server::ChoosePick::Ready(ready) = choose.pick(Pick { method: Method::None }).expect("it reads") else {
        panic!("nothing is to be proved");
    };
    let (to, dial) = ready.receive(|request| wanted(&request)).expect("a request");
    let mut there = TcpStream::connect(to.expect("an IPv4 address")).expect("the page is there");
    let addr = Address::V4(AddressV4 { ip: &[127, 0, 0, 1] });
    let reply = Reply { code: Code::Ok, addr, port: 0 };
    let server::DialReply::Tunnel(mut tunnel) = dial.reply(reply).expect("it reads") else { panic!("it is open") };

    let mut answers = there.try_clone().expect("a descriptor");
    let pump = thread::spawn(move || std::io::copy(&mut answers, &mut back));
    while let Ok((bytes, next)) = tunnel.receive(<[u8]>::to_vec) {
        if there.write_all(&bytes).is_err() {
            break;
        }
        tunnel = next;
    }
    let _ = pump.join().expect("no panic");
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn curl_comes_through() {
    let ((web_socket, page), (proxy_socket, door)) = (listen(), listen());
    let curl = Command::new("curl")
        .args(["--silent", "--show-error", "--noproxy", "", "--max-time", "20", "--socks5"])
        .arg(door.to_string())
        .arg(format!("http://{page}/"))
        .stdout(std::process::Stdio::piped())
        .stderr(std::process::Stdio::piped())
        .spawn();
    let Ok(curl) = curl else {
        eprintln!("left out: there is no curl here");
        return;
    };
    let (done, wait) = mpsc::channel();
    thread::spawn(move || web(&web_socket));
    let served = thread::spawn(move || proxy(&proxy_socket));
    thread::spawn(move || done.send((curl.wait_with_output(), served.join())));
    let (output, served) = wait.recv_timeout(2 * PATIENCE).expect("it comes to an end");
    let output = output.expect("curl has run");
    assert!(served.is_ok(), "the server has panicked");
    assert_eq!(
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr)),
        (PAGE.into(), "".into())
    );
}
