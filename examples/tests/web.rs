//! HTTP/1 that is generated from a schema, against programs that others wrote.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::{
    fs,
    io::{BufRead, BufReader, ErrorKind, Read, Write},
    net::TcpStream,
    process::Command,
    thread,
    time::Duration,
};
use support::{Client, PATIENCE, Server, folder, have, run};
use wm_core::{Framed, wire::Headers};
use wm_examples::proto::http::{self, Method, RequestHead};

fn web() -> Server {
    Server::start(env!("CARGO_BIN_EXE_web"), "tcp://127.0.0.1:0", &[])
}

/// What curl prints with these arguments, of which `@` is the address of the server.
fn curl(server: &Server, arguments: &[&str]) -> String {
    let address = format!("http://{}", server.address);
    let given: Vec<String> = arguments.iter().map(|argument| argument.replace('@', &address)).collect();
    let mut all = vec!["--silent", "--show-error", "--max-time", "20", "--noproxy", "*"];
    all.extend(given.iter().map(String::as_str));
    let output = run("curl", &all);
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[test]
fn curl_is_served() {
    if !have("curl") {
        return;
    }
    let server = web();
    let text = "x".repeat(100_000);
    let file = folder("curl_is_served").join("text");
    fs::write(&file, &text).unwrap();
    let file = format!("@{}", file.display());
    assert_eq!(curl(&server, &["@/hello"]), "hello\n");
    assert_eq!(curl(&server, &["@/chunks"]), "one two\n");
    assert_eq!(curl(&server, &["@/hello", "--http1.0"]), "hello\n");
    assert_eq!(curl(&server, &["@/echo", "--data", "some text"]), "some text");
    // The last is one connection for three requests.
    assert_eq!(curl(&server, &["@/hello", "@/chunks", "@/hello"]), "hello\none two\nhello\n");
    let echo = format!("http://{}/echo", server.address);
    for more in [&[][..], &["-H", "Transfer-Encoding: chunked"]] {
        let arguments = ["--silent", "--max-time", "20", "--noproxy", "*", &echo, "--data-binary", &file];
        let output = run("curl", &[&arguments[..], more].concat());
        assert!(output.stdout == text.as_bytes(), "{more:?}: {} bytes", output.stdout.len());
    }
    let headers = curl(&server, &["@/nothing", "--include"]);
    assert!(headers.starts_with("HTTP/1.1 404 Not Found\r\n"), "{headers}");
    assert!(headers.contains("\r\ncontent-length: 13\r\n\r\nnothing here\n"), "{headers}");
}

/// The most memory that a server or a worker of it has had, in KiB, and the pages of its programs are counted in.
fn peak_kib(server: &Server) -> u64 {
    let master = server.pid();
    let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap();
    let processes = children.split_whitespace().map(str::to_owned).chain([master.to_string()]);
    let peak = |process: String| {
        let status = fs::read_to_string(format!("/proc/{process}/status")).unwrap();
        let line = status.lines().find(|line| line.starts_with("VmHWM:")).expect("a process has memory");
        line.split_whitespace().nth(1).unwrap().parse::<u64>().unwrap()
    };
    processes.map(peak).max().unwrap()
}

#[test]
fn a_body_of_any_size_takes_the_memory_of_one_read() {
    const BYTES: u64 = 64 << 20;
    const PEAK_KIB: u64 = 32 << 10;
    if !have("curl") {
        return;
    }
    let server = web();
    let folder = folder("a_body_of_any_size_takes_the_memory_of_one_read");
    let (file, back) = (folder.join("large"), folder.join("back"));
    let bytes: Vec<u8> = (0..BYTES / 8).flat_map(|at| (at * 0x9e37_79b9).to_le_bytes()).collect();
    fs::write(&file, &bytes).unwrap();
    let (sent, back_path) = (file.display().to_string(), back.display().to_string());
    let chunked = "Transfer-Encoding: chunked";
    let counted = format!("{BYTES} bytes\n");
    assert_eq!(curl(&server, &["@/count", "-T", &sent]), counted, "by its length");
    assert_eq!(curl(&server, &["@/count", "-T", &sent, "-H", chunked]), counted, "in chunks");
    for more in [&[][..], &["-H", chunked]] {
        curl(&server, &[&["@/echo", "-T", &sent, "-o", &back_path][..], more].concat());
        assert!(fs::read(&back).unwrap() == bytes, "what comes back is another file: {more:?}");
    }
    let poured = curl(&server, &[&format!("@/pour/{BYTES}"), "-o", "/dev/null", "-w", "%{size_download}"]);
    assert_eq!(poured, BYTES.to_string());
    let peak = peak_kib(&server);
    assert!(peak < PEAK_KIB, "{peak} KiB of memory for bodies of {} KiB", BYTES >> 10);
}

#[test]
fn a_client_that_does_not_read_stops_what_it_asks_for() {
    const BYTES: u64 = 64 << 20;
    let server = web();
    let mut stream = TcpStream::connect(&server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    stream.set_write_timeout(Some(Duration::from_millis(500))).unwrap();
    let head = format!("POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {BYTES}\r\n\r\n");
    stream.write_all(head.as_bytes()).unwrap();
    let piece = vec![b'x'; 64 << 10];
    let mut sent = 0u64;
    // Nothing of the echo is read: what the server takes is what the sockets and its queue hold.
    let stopped = loop {
        match stream.write(&piece) {
            Ok(bytes) => sent += bytes as u64,
            Err(error) => break error,
        }
        assert!(sent < BYTES, "all was taken, and nothing read");
    };
    assert!(matches!(stopped.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{stopped}");
    // Read, it goes on to the end.
    let reader = stream.try_clone().unwrap();
    let read = thread::spawn(move || {
        let mut body = Vec::new();
        let mut reader = BufReader::new(reader);
        loop {
            let mut line = String::new();
            reader.read_line(&mut line).unwrap();
            if line == "\r\n" {
                break;
            }
        }
        reader.take(BYTES).read_to_end(&mut body).unwrap();
        body
    });
    stream.set_write_timeout(Some(PATIENCE)).unwrap();
    while sent < BYTES {
        let bytes = usize::try_from(BYTES - sent).unwrap().min(piece.len());
        stream.write_all(&piece[..bytes]).unwrap();
        sent += bytes as u64;
    }
    let body = read.join().unwrap();
    assert!(body.len() as u64 == BYTES && body.iter().all(|byte| *byte == b'x'));
}

#[test]
fn what_could_be_smuggled_ends_the_connection() {
    if !have("nc") {
        return;
    }
    let server = web();
    let good = "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n";
    for bad in [
        "POST /echo HTTP/1.1\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length: 0\r\nContent-Length: 5\r\n\r\n",
        "POST /echo HTTP/1.1\r\nContent-Length : 5\r\n\r\n",
        "POST /echo HTTP/1.1\nHost: x\n\n",
    ] {
        let answers = server.ask(format!("{good}{bad}{good}"));
        assert_eq!(answers.matches("hello").count(), 1, "{bad}: {answers}");
    }
    assert_eq!(server.ask(format!("{good}{good}{good}")).matches("hello").count(), 3);
}

#[test]
fn the_server_of_python_is_asked() {
    if !have("python3") {
        return;
    }
    let root = folder("the_server_of_python_is_asked");
    fs::write(root.join("a.txt"), "from python\n").unwrap();
    let mut command = Command::new("python3");
    command.args(["-u", "-m", "http.server", "0", "--bind", "127.0.0.1", "--directory"]).arg(&root);
    let mut python = Client::start(&mut command);
    let line = python.out.wait_for("port ");
    let port = line.split("port ").nth(1).and_then(|rest| rest.split_whitespace().next()).unwrap();
    let ask = |method: Method<'static>, target: &str| {
        let stream = TcpStream::connect(format!("127.0.0.1:{port}")).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut connection = Framed::<http::Client, _>::new(stream);
        let headers = Headers::from(&[("Host", "localhost")]);
        connection.send(RequestHead { method, target, minor: 1, headers, body_len: Some(0) }).unwrap();
        let (mut status, mut kind, mut text, mut end) = (0, String::new(), Vec::new(), false);
        while !end {
            let part = connection.receive(|part| {
                if let Some(head) = part.head {
                    status = head.status;
                    kind = head.headers.get("content-type").unwrap_or_default().to_owned();
                    assert!(head.body_len.is_some(), "python sends no chunks");
                }
                text.extend_from_slice(part.data);
                end = part.end;
            });
            part.unwrap().unwrap();
        }
        (status, kind, String::from_utf8_lossy(&text).into_owned())
    };
    assert_eq!(ask(Method::GET, "/a.txt"), (200, "text/plain".to_owned(), "from python\n".to_owned()));
    assert_eq!(ask(Method::GET, "/missing").0, 404);
    assert_eq!(ask(Method::Other("BREW"), "/a.txt").0, 501);
}
