//! HTTP/1 that is generated from a schema, against programs that others wrote.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::{fs, net::TcpStream, process::Command};
use support::{Client, PATIENCE, Server, folder, have, run};
use wm_core::{Framed, wire::Headers};
use wm_examples::proto::http::{self, Method, Request, RequestBody, ResponseBody};

fn web() -> Server {
    Server::start(env!("CARGO_BIN_EXE_web"), &["tcp://127.0.0.1:0"])
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
        let body = RequestBody::Other(b"");
        connection.send(Request { method, target, minor: 1, headers, body }).unwrap();
        let answer = connection.receive(|answer| {
            let ResponseBody::Other(body) = answer.body else { panic!("python sends no chunks") };
            let kind = answer.headers.get("content-type").unwrap_or_default().to_owned();
            (answer.status, kind, String::from_utf8_lossy(body).into_owned())
        });
        answer.unwrap().unwrap()
    };
    assert_eq!(ask(Method::GET, "/a.txt"), (200, "text/plain".to_owned(), "from python\n".to_owned()));
    assert_eq!(ask(Method::GET, "/missing").0, 404);
    assert_eq!(ask(Method::Other("BREW"), "/a.txt").0, 501);
}
