//! `wm-schema serve` and `send`, the real commands, against each other and against plain sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

/// How long anything may take before it counts as hung.
const PATIENCE: Duration = Duration::from_secs(20);

fn schema(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas").join(name).with_extension("wm")
}

/// The lines of a stream, as they come.
fn lines(stream: impl Read + Send + 'static) -> Receiver<String> {
    let (sender, lines) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stream).lines().map_while(Result::ok) {
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// A server that ends with the test.
struct Server {
    child: Child,
    address: SocketAddr,
    out: Receiver<String>,
    err: Receiver<String>,
}

impl Server {
    fn start(name: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_wm-schema"))
            .arg("serve")
            .arg(schema(name))
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the command starts");
        let (out, err) = (child.stdout.take().expect("its output"), child.stderr.take().expect("its errors"));
        let (out, err) = (lines(out), lines(err));
        let first = err.recv_timeout(PATIENCE).expect("it says where it listens");
        let address = first.split(" on ").nth(1).and_then(|rest| rest.split(';').next());
        let address = address.map(|address| address.trim_start_matches("udp://"));
        let address = address.and_then(|address| address.parse().ok()).unwrap_or_else(|| panic!("no address: {first}"));
        Self { child, address, out, err }
    }

    fn connect(&self) -> TcpStream {
        let socket = TcpStream::connect_timeout(&self.address, PATIENCE).expect("it listens");
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        socket
    }

    /// The next line that it prints, without the address of the client.
    fn printed(&self) -> String {
        without_address(&self.out.recv_timeout(PATIENCE).expect("a line"))
    }

    fn said(&self) -> String {
        without_address(&self.err.recv_timeout(PATIENCE).expect("a line"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn without_address(line: &str) -> String {
    line.split_once(' ').map_or(line, |(_, rest)| rest).to_owned()
}

/// Runs `send` to its end: its exit code, what it prints, and what it says.
fn send(name: &str, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
    let output = command.arg("send").arg(schema(name)).args(arguments).stdin(Stdio::null()).output();
    let output = output.expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    (output.status.code(), text(output.stdout), text(output.stderr))
}

const UPLOAD: &str = r#"Upload { name: "a.txt", data: "hello" }"#;

#[test]
fn a_schema_is_a_server_and_a_client() {
    let server = Server::start("binary_transfer", &["127.0.0.1:0", "--reply", r#"Done { text: "saved" }"#]);
    let (code, out, err) = send("binary_transfer", &[&server.address.to_string(), UPLOAD, "--count", "3"]);
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, "Done { text: \"saved\" }\n".repeat(3));
    assert_eq!(server.said(), "connected");
    for _ in 0..3 {
        assert_eq!(server.printed(), UPLOAD);
        assert_eq!(server.printed(), r#"<- Done { text: "saved" }"#);
    }
    assert_eq!(server.said(), "closed");
}

#[test]
fn a_plain_client_is_answered_however_its_bytes_are_cut() {
    let server = Server::start("text", &["0", "--echo", "--dump"]);
    let mut socket = server.connect();
    for piece in ["he", "llo\nwor", "ld\n"] {
        socket.write_all(piece.as_bytes()).expect("it reads");
    }
    let mut echo = [0; 12];
    socket.read_exact(&mut echo).expect("it answers");
    assert_eq!(&echo, b"hello\nworld\n");
    assert_eq!(server.printed(), "Line: 6 bytes, at 0");
    let rows: Vec<String> = (0..2).map(|_| server.out.recv_timeout(PATIENCE).expect("a row")).collect();
    assert_eq!(
        rows,
        ["     0  68 65 6c 6c 6f           text  \"hello\"", "     5  0a                             ends it"]
    );
    assert_eq!(server.printed(), "Line: 6 bytes, at 6");
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn two_clients_at_once_over_ipv6() {
    let Ok(_) = TcpListener::bind("[::1]:0") else {
        eprintln!("left out: there is no IPv6 here");
        return;
    };
    let server = Server::start("text", &["[::1]:0", "--greet", r#"Line { text: "welcome" }"#, "--echo"]);
    let mut sockets = [server.connect(), server.connect()];
    for socket in &mut sockets {
        socket.write_all(b"hi\n").expect("it reads");
    }
    for socket in &mut sockets {
        let mut answer = [0; 11];
        socket.read_exact(&mut answer).expect("it answers");
        assert_eq!(&answer, b"welcome\nhi\n");
    }
    let address = server.address.to_string();
    let (code, out, _) = send("text", &[&address, r#"Line { text: "x" }"#, "--greetings", "1", "--json"]);
    assert_eq!((code, out.lines().count()), (Some(0), 2), "{out}");
}

#[test]
fn an_echo_says_that_the_server_sends_it() {
    let server = Server::start("websocket_frame", &["0", "--echo"]);
    let frame = r#"Frame { fin: true, opcode: Text, payload: "Hello" }"#;
    let (code, out, err) = send("websocket_frame", &[&server.address.to_string(), frame, "--dump"]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert!(out.contains("masked   false") || out.contains("masked   0"), "{out}");
}

#[test]
fn a_stranger_is_refused_and_named() {
    let server = Server::start("upload", &["0", "--once"]);
    let mut socket = server.connect();
    socket.write_all(b"GET / HTTP/1.1\r\n\r\n").expect("it reads");
    // Until then the next message is searched for.
    socket.shutdown(Shutdown::Write).expect("it is open");
    assert_eq!(socket.read(&mut [0; 10]).expect("it closes"), 0);
    let said: Vec<String> = std::iter::from_fn(|| server.err.recv_timeout(PATIENCE).ok()).collect();
    assert!(said.iter().any(|line| line.contains("this looks like an HTTP request")), "{said:#?}");
}

#[test]
fn once_ends_after_one_connection() {
    let mut server = Server::start("text", &["0", "--once"]);
    server.connect().write_all(b"bye\n").expect("it reads");
    assert_eq!(server.printed(), "Line { text: \"bye\" }");
    assert_eq!(server.child.wait().expect("it ends").code(), Some(0));
}

#[test]
fn silence_is_bounded() {
    let server = Server::start("text", &["0", "--timeout", "0.1"]);
    let mut socket = server.connect();
    socket.write_all(b"half a li").expect("it reads");
    assert_eq!(socket.read_to_end(&mut Vec::new()).expect("it closes"), 0);
    assert_eq!((server.said(), server.said()), ("connected".into(), "sent no whole message within 0.1 s".into()));

    let (code, out, err) = send("text", &[&server.address.to_string(), r#"Line { text: "x" }"#, "--timeout", "10"]);
    assert_eq!((code, out.as_str()), (Some(1), ""), "{err}");
    assert!(err.contains("closed without a reply"), "{err}");
    let silent = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = silent.local_addr().expect("bound").to_string();
    let (code, _, err) = send("text", &[&address, r#"Line { text: "x" }"#, "--timeout", "0.1"]);
    assert_eq!(code, Some(1), "{err}");
    assert!(err.contains("sent no whole message within 0.1 s"), "{err}");
    assert_eq!(send("text", &[&address, r#"Line { text: "x" }"#, "--replies", "0"]).0, Some(0));
}

#[test]
fn a_reply_that_is_none_is_shown() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound").to_string();
    let server = thread::spawn(move || {
        let (mut socket, _) = listener.accept().expect("a client");
        socket.read_exact(&mut [0; 15]).expect("a message");
        socket.write_all(b"\xff\n").expect("it reads");
    });
    let (code, out, err) = send("binary_transfer", &[&address, UPLOAD]);
    server.join().expect("it served");
    assert_eq!(code, Some(1));
    assert!(out.starts_with("Done from the server: refused, at 0\n"), "{out}");
    assert!(err.contains("Done.text at byte 0 is refused") && err.contains("not UTF-8"), "{err}");
}

#[test]
fn what_cannot_be_sent_is_explained() {
    for (message, said) in [
        (r#"Upload { name: "a" }"#, "`data` not given"),
        (r#"Upload { nam: "a", data: "" }"#, "did you mean `name`?"),
        (r#"Upload { name: 5, data: "" }"#, "`name` takes a string"),
        ("Uplaod {}", "Uplaod"),
        ("Upload { name", "expected"),
        ("", "expected"),
        ("\"text", "never closed"),
        (r#"Done { text: "x" }"#, "`Done` comes from the server"),
    ] {
        let (code, out, err) = send("binary_transfer", &["127.0.0.1:1", message]);
        assert_eq!((code, out.as_str()), (Some(2), ""), "{message}: {err}");
        assert!(err.contains(said), "{message}: {err}");
        assert!(!err.contains("connect"), "nothing is sent before all is checked: {err}");
    }
    let delimiter = send("text", &["127.0.0.1:1", r#"Line { text: "a\nb" }"#]);
    assert!(delimiter.2.contains("Line.text: contains its own delimiter, at byte 1"), "{}", delimiter.2);
    let free = TcpListener::bind("127.0.0.1:0").expect("a free port").local_addr().expect("bound").to_string();
    let nobody = send("text", &[&free, r#"Line { text: "x" }"#]);
    assert_eq!(nobody.0, Some(2));
    assert!(nobody.2.contains("cannot connect to 127.0.0.1:"), "{}", nobody.2);
}

#[test]
fn a_server_that_cannot_start_says_why() {
    let run = |name: &str, arguments: &[&str]| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
        let output = command.arg("serve").arg(schema(name)).args(arguments).stdin(Stdio::null()).output();
        let output = output.expect("the command starts");
        (output.status.code(), String::from_utf8_lossy(&output.stderr).into_owned())
    };
    for (name, arguments, said) in [
        ("binary_transfer", &["--echo"][..], "`Upload` has one sender: it cannot be echoed"),
        ("binary_transfer", &["--reply", UPLOAD], "`Upload` comes from the client"),
        ("text", &["nowhere:at:all"], "is no address"),
        ("text", &["--timeout", "0"], "a time from 0.001 to 86400"),
    ] {
        let (code, err) = run(name, arguments);
        assert_eq!(code, Some(2), "{arguments:?}: {err}");
        assert!(err.contains(said), "{arguments:?}: {err}");
    }
    let taken = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let (code, err) = run("text", &[&taken.local_addr().expect("bound").to_string()]);
    assert_eq!(code, Some(2));
    assert!(err.contains("cannot listen on 127.0.0.1:") && err.contains("in use"), "{err}");
}

#[test]
fn several_messages_are_told_apart() {
    let pick = ["0", "--reply", "Pick { method: 2 }", "--reply", r#"Failure { word: 240, why: "closed" }"#];
    let server = Server::start("talk", &pick);
    let messages = ["Hello { methods: [0, 2] }", "Quit {}", r#"Query { text: "why" }"#];
    let address = server.address.to_string();
    let (code, out, err) = send("talk", &[&[address.as_str()], &messages[..], &["--replies", "2"]].concat());
    assert_eq!((code, err.as_str()), (Some(0), ""));
    assert_eq!(out, "Pick { method: 2 }\nFailure { word: 240, why: \"closed\" }\n".repeat(3));
    for message in messages {
        assert_eq!(server.printed(), message);
        assert_eq!(server.printed(), "<- Pick { method: 2 }");
        assert_eq!(server.printed(), r#"<- Failure { word: 240, why: "closed" }"#);
    }
}

#[test]
fn a_server_goes_on_behind_a_bad_frame_as_the_schema_says() {
    let server = Server::start("recover", &["0"]);
    let mut socket = server.connect();
    assert_eq!(server.said(), "connected");
    for piece in [&b"--"[..], b"-*", b"*\x04\x01\x07\0\x06**\x05\x01\0\0\xff\0", b"**\x04\x01\x08\0\x09"] {
        socket.write_all(piece).expect("it reads");
    }
    drop(socket);
    let said: Vec<String> = std::iter::from_fn(|| Some(server.err.recv_timeout(PATIENCE).expect("a line")))
        .take_while(|line| !line.ends_with("closed"))
        .filter(|line| line.contains("thrown away"))
        .collect();
    assert_eq!(said.len(), 2, "{said:?}");
    assert!(said[0].contains("3 bytes are thrown away: the next frame starts at 3"), "{said:?}");
}

/// What is said up to the line that contains this.
fn said_until(server: &Server, what: &str) -> String {
    loop {
        let line = server.said();
        if line.contains(what) {
            return line;
        }
    }
}

#[test]
fn a_session_is_served_turn_by_turn() {
    let replies = [
        "Pick { method: None }",
        r#"Ask: Answer { more: true, text: "a" }"#,
        r#"Reply: Answer { more: false, text: "b" }"#,
    ];
    let mut arguments = vec!["0"];
    replies.iter().for_each(|reply| arguments.extend(["--reply", reply]));
    let server = Server::start("door", &arguments);
    let mut socket = server.connect();
    // All at once: what is early waits for its turn.
    socket.write_all(b"\x05\x01\x00ask why\nask nothing\nbye\n").expect("it reads");
    let mut told = Vec::new();
    socket.read_to_end(&mut told).expect("it closes");
    assert_eq!(told, b"\x05\x00\x81\x00\x01a\x01\x00\x01b", "{told:?}");
    assert_eq!(said_until(&server, "let go"), "is let go: the conversation is over");
}

#[test]
fn what_a_session_does_not_allow_is_told_with_what_it_does() {
    let server = Server::start("door", &["0", "--reply", "Pick { method: Password }"]);
    let mut socket = server.connect();
    socket.write_all(b"ask why\n").expect("it reads");
    assert_eq!(socket.read_to_end(&mut Vec::new()).expect("it closes"), 0);
    assert_eq!(said_until(&server, "hung up"), "is hung up on: in the state `Greet` the client may say `Hello`");

    // The state has less patience than the command.
    let mut socket = server.connect();
    socket.write_all(b"\x05\x01\x02").expect("it reads");
    let mut told = Vec::new();
    socket.read_to_end(&mut told).expect("it closes");
    assert_eq!(told, b"\x05\x02");
    assert_eq!(
        said_until(&server, "no whole message"),
        "sent no whole message within 1.5 s: in the state `Prove` the client may say `Login`"
    );

    let silent = Server::start("door", &["0"]);
    let mut socket = silent.connect();
    socket.write_all(b"\x05\x01\x02").expect("it reads");
    assert_eq!(socket.read_to_end(&mut Vec::new()).expect("it closes"), 0);
    assert_eq!(
        said_until(&silent, "waits"),
        "waits: in the state `Choose` the server may say `Pick`, and no --reply does"
    );
}

#[test]
fn a_session_is_asked_turn_by_turn() {
    let server = Server::start("socks5", &["0", "--echo", "--reply", "Pick { method: None }", "--reply", GRANTED]);
    let hello = "Hello { methods: [Method.None] }";
    let request = r#"Request { cmd: Connect, addr: Name { host: "hi" }, port: 80 }"#;
    let address = server.address.to_string();
    let (code, out, err) = send("socks5", &[&address, hello, request]);
    assert_eq!((code, err.as_str()), (Some(0), ""), "{out}");
    assert_eq!(out.lines().count(), 2, "{out}");
    let (code, out, err) = send("socks5", &[&address, request]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("is not legal: in the state `Greet` the client may say `Hello`"), "{err}");

    let mut socket = server.connect();
    socket.write_all(b"\x05\x01\x00\x05\x01\x00\x03\x02hi\x00\x50raw").expect("it reads");
    socket.shutdown(Shutdown::Write).expect("a socket");
    let mut told = Vec::new();
    socket.read_to_end(&mut told).expect("it closes");
    assert_eq!(told, b"\x05\x00\x05\x00\x00\x01\x00\x00\x00\x00\x00\x00raw");

    let (code, _, err) = {
        let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
        let command = command.arg("serve").arg(schema("door")).args(["0", "--reply", "Nowhere: Bye {}"]);
        let output = command.stdin(Stdio::null()).output().expect("the command starts");
        (output.status.code(), output.stdout, String::from_utf8(output.stderr).expect("UTF-8"))
    };
    assert_eq!(code, Some(2));
    assert!(err.contains("no state or message `Nowhere` to answer: there are `Greet`"), "{err}");
}

/// The door is open.
const GRANTED: &str = r#"Dial: Reply { code: Ok, addr: V4 { ip: hex "00 00 00 00" }, port: 0 }"#;

// ── Datagrams ─────────────────────────────────────────────────────────────────────────────────────────────────────

const SEEK: &str = r#"Seek { id: 1, hops: 1, name: "abc" }"#;
const GONE: &str = "Seek: Gone { id: 1 }";

fn datagrams(server: &Server) -> UdpSocket {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
    socket.connect(server.address).expect("an address");
    socket
}

#[test]
fn a_schema_of_datagrams_is_a_server_and_a_client() {
    let server = Server::start("beacon", &["0", "--reply", GONE]);
    for address in [server.address.to_string(), format!("udp://{}", server.address)] {
        let (code, out, err) = send("beacon", &[&address, SEEK, "--count", "2"]);
        assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "Gone { id: 1 }\nGone { id: 1 }\n", ""));
        for _ in 0..2 {
            assert_eq!(server.printed(), SEEK);
            assert_eq!(server.printed(), "<- Gone { id: 1 }");
        }
    }
    // What answers something else is shown, and waited behind.
    let (code, out, err) =
        send("beacon", &[&server.address.to_string(), &SEEK.replace("id: 1", "id: 2"), "--timeout", "0.2"]);
    assert_eq!((code, out.as_str()), (Some(1), "Gone { id: 1 }\n"));
    assert!(err.starts_with("wm-schema: `Gone` does not answer it\n"), "{err}");
    assert!(err.contains("sent no whole message within"), "{err}");
}

#[test]
fn a_bad_datagram_does_not_disturb_the_next() {
    let server = Server::start("beacon", &["udp://127.0.0.1:0", "--reply", "Gone { id: 7 }", "--dump"]);
    let socket = datagrams(&server);
    for bytes in [&b"\0\x01\x01\x03ab"[..], b"", b"\0\x07\x01\x01a"] {
        socket.send(bytes).expect("it is sent");
    }
    let mut answer = [0; 16];
    assert_eq!(socket.recv(&mut answer).map(|len| answer[..len].to_vec()).expect("an answer"), b"\x03\0\x07");
    assert_eq!(server.printed(), "Seek from the client: refused, at 0");
    assert_eq!(server.err.recv_timeout(PATIENCE).as_deref(), Ok("error: Seek.name at byte 6 is refused"));
    let (mut said, deadline) = (String::new(), std::time::Instant::now() + PATIENCE);
    while !said.ends_with("sent an empty datagram") && std::time::Instant::now() < deadline {
        said = server.err.recv_timeout(PATIENCE).expect("a line");
    }
}

#[test]
fn what_answers_with_no_message_is_refused() {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let address = socket.local_addr().expect("it has one").to_string();
    let answers = thread::spawn(move || {
        let mut room = [0; 64];
        socket.set_read_timeout(Some(PATIENCE)).expect("a socket");
        let (len, peer) = socket.recv_from(&mut room).expect("a question");
        socket.send_to(b"\x03\0", peer).expect("it is sent");
        room[..len].to_vec()
    });
    let (code, out, err) = send("beacon", &[&address, SEEK]);
    assert_eq!(answers.join().expect("it answers"), b"\0\x01\x01\x03abc");
    assert_eq!(code, Some(1), "{out}");
    assert!(err.contains("Gone.id at byte 2 is refused"), "{err}");
    // Nobody is there any more.
    let (code, out, err) = send("beacon", &[&address, SEEK]);
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.contains("Connection refused"), "{err}");
}

#[test]
fn messages_of_a_stream_may_be_datagrams() {
    let server = Server::start("binary_transfer", &["udp://127.0.0.1:0", "--reply", r#"Done { text: "saved" }"#]);
    let (code, out, err) = send("binary_transfer", &[&format!("udp://{}", server.address), UPLOAD]);
    assert_eq!((code, out.as_str(), err.as_str()), (Some(0), "Done { text: \"saved\" }\n", ""));
    assert_eq!(server.printed(), UPLOAD);
    let echo = Server::start("text", &["udp://127.0.0.1:0", "--echo"]);
    let socket = datagrams(&echo);
    let mut answer = [0; 16];
    for (sent, said) in [("one\ntwo\n", None), ("one", None), ("one\n", Some("one\n"))] {
        socket.send(sent.as_bytes()).expect("it is sent");
        if let Some(said) = said {
            assert_eq!(socket.recv(&mut answer).map(|len| &answer[..len]).expect("an echo"), said.as_bytes());
        }
    }
}

#[test]
fn what_datagrams_cannot_do_is_refused() {
    for (command, schema, arguments, said) in [
        (
            "serve",
            "beacon",
            &["tcp://127.0.0.1:0"][..],
            "beacon cannot travel by tcp://127.0.0.1:0: each of its messages is a datagram",
        ),
        ("send", "beacon", &["tcp://127.0.0.1:1", SEEK], "each of its messages is a datagram: write `udp://`"),
        ("serve", "socks5", &["udp://127.0.0.1:0"], "it has a session, which needs a connection"),
        ("serve", "beacon", &["0", "--greet", "Gone { id: 1 }"], "--greet has nobody to greet"),
    ] {
        let mut ran = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
        let output = ran.arg(command).arg(self::schema(schema)).args(arguments).stdin(Stdio::null()).output();
        let output = output.expect("the command starts");
        let err = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.code() == Some(2) && err.contains(said), "{schema} {arguments:?}: {err}");
    }
}
