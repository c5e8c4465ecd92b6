//! The protocol of Redis, with the parts that made it: `redis-cli` and `redis-benchmark` ask the example, and the generated
//! client asks a `redis-server`.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::io::Write;
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use support::{Lines, PATIENCE, Server, folder, have};
use wm_core::wire::List;
use wm_core::{Client, Received};
use wm_examples::proto::resp2::{self, Array, Bulk, Calls, Value};

fn example() -> Server {
    Server::start(env!("CARGO_BIN_EXE_redis"), "resp2://127.0.0.1:0", &[])
}

/// What `redis-cli` prints when it reads `input`.
fn cli(server: &Server, arguments: &[&str], input: &[u8]) -> Vec<u8> {
    let mut child = Command::new("timeout")
        .args(["20", "redis-cli", "-h", "127.0.0.1", "-p", &server.port()])
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap().ok();
    assert!(output.status.success(), "redis-cli {arguments:?}: {output:?}");
    output.stdout
}

/// The same as lines, with the kinds of values shown.
fn says(server: &Server, arguments: &[&str]) -> String {
    let arguments: Vec<&str> = ["--no-raw"].iter().chain(arguments).copied().collect();
    String::from_utf8(cli(server, &arguments, b"")).unwrap().trim_end().to_owned()
}

#[test]
fn redis_cli_asks_the_example() {
    if !have("redis-cli") {
        return;
    }
    let server = example();
    assert_eq!(says(&server, &["PING"]), "PONG");
    assert_eq!(says(&server, &["ECHO", "hi there"]), "\"hi there\"");
    assert_eq!(says(&server, &["GET", "none"]), "(nil)");
    assert_eq!(says(&server, &["SET", "n", "41"]), "OK");
    assert_eq!(says(&server, &["INCR", "n"]), "(integer) 42");
    assert_eq!(says(&server, &["EXISTS", "n", "none", "n"]), "(integer) 2");
    assert_eq!(says(&server, &["SET", "text", "a"]), "OK");
    assert_eq!(says(&server, &["INCR", "text"]), "(error) ERR value is not an integer or out of range");
    assert_eq!(says(&server, &["NO", "SUCH"]), "(error) ERR unknown command or arguments of 'NO'");
    assert_eq!(says(&server, &["RPUSH", "list", "x", "y", "z"]), "(integer) 3");
    assert_eq!(says(&server, &["LRANGE", "list", "-2", "-1"]), "1) \"y\"\n2) \"z\"");
    assert_eq!(says(&server, &["LRANGE", "none", "0", "-1"]), "(empty array)");
    assert_eq!(says(&server, &["MGET", "n", "none"]), "1) \"42\"\n2) (nil)");
    assert_eq!(says(&server, &["DEL", "n", "none"]), "(integer) 1");
    assert_eq!(says(&server, &["CONFIG", "GET", "save"]), "1) \"save\"\n2) \"\"");

    let binary = b"\0\r\n$-1\r\n\xff\xfe*";
    assert_eq!(cli(&server, &["-x", "SET", "binary"], binary), b"OK\n");
    assert_eq!(cli(&server, &["GET", "binary"], b""), [&binary[..], b"\n"].concat());
}

#[test]
fn lists_stand_in_lists() {
    if !have("redis-cli") {
        return;
    }
    let server = example();
    let said = cli(&server, &["--no-raw"], b"MULTI\nRPUSH l a b\nLRANGE l 0 -1\nGET none\nEXEC\nPING\n");
    let expected = "OK\nQUEUED\nQUEUED\nQUEUED\n1) (integer) 2\n2) 1) \"a\"\n   2) \"b\"\n3) (nil)\nPONG\n";
    assert_eq!(String::from_utf8_lossy(&said), expected);
}

#[test]
fn redis_cli_sends_one_command_after_the_other() {
    if !have("redis-cli") {
        return;
    }
    let server = example();
    let commands: String = (0..500).map(|key| format!("SET {key} v{key}\nGET {key}\n")).collect();
    let expected: String = (0..500).map(|key| format!("OK\nv{key}\n")).collect();
    assert_eq!(String::from_utf8_lossy(&cli(&server, &[], commands.as_bytes())), expected);
}

#[test]
fn redis_cli_pipes_a_file_of_commands() {
    if !have("redis-cli") {
        return;
    }
    let server = example();
    let command =
        |key: u32| format!("*3\r\n$3\r\nSET\r\n$4\r\n{key:04}\r\n$2\r\n\r\n\r\n*2\r\n$4\r\nINCR\r\n$1\r\nn\r\n");
    let commands: String = (0..5000).map(command).collect();
    let said = String::from_utf8(cli(&server, &["--pipe", "--pipe-timeout", "15"], commands.as_bytes())).unwrap();
    assert!(said.ends_with("errors: 0, replies: 10000\n"), "{said}");
    assert_eq!(says(&server, &["GET", "n"]), "\"5000\"");
    assert_eq!(says(&server, &["GET", "4999"]), "\"\\r\\n\"");
}

#[test]
fn redis_benchmark_asks_the_example() {
    if !have("redis-benchmark") {
        return;
    }
    let server = example();
    // Without the inline commands of `-t ping`, which are no RESP.
    let output = Command::new("timeout")
        .args(["60", "redis-benchmark", "-h", "127.0.0.1", "-p", &server.port()])
        .args(["-n", "2000", "-c", "8", "-P", "8", "-t", "ping_mbulk,set,get", "-q"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).replace('\r', "\n");
    assert!(output.status.success(), "{output:?}");
    for test in ["PING_MBULK: ", "SET: ", "GET: "] {
        let done = |line: &&str| line.starts_with(test) && line.contains("requests per second");
        assert!(said.lines().any(|line| done(&line)), "no {test} in {said}");
    }
}

/// A Redis that is ended when it is dropped.
struct Redis {
    child: Child,
    port: u16,
}

impl Redis {
    /// Starts one on a free port. Another program may take it in between: then it is another port.
    fn start(test: &str) -> Self {
        for _ in 0..8 {
            let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
            let mut child = Command::new("redis-server")
                .args(["--bind", "127.0.0.1", "--port", &port.to_string(), "--save", "", "--daemonize", "no"])
                .current_dir(folder(test))
                .stdin(Stdio::null())
                .stdout(Stdio::piped())
                .stderr(Stdio::null())
                .spawn()
                .unwrap();
            let mut out = Lines::of(child.stdout.take().unwrap());
            let mut redis = Self { child, port };
            if out.wait_for_any(&["Ready to accept connections", "Address already in use"]).contains("Ready") {
                return redis;
            }
            redis.child.wait().unwrap();
        }
        panic!("no port is free");
    }

    fn client(&self) -> Client<Calls, TcpStream> {
        let stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).unwrap();
        Client::new(stream, PATIENCE).unwrap()
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// The words of a command as values.
fn bulks<'a>(words: &'a [&'a [u8]]) -> Vec<Value<'a>> {
    words.iter().map(|word| Value::Bulk(Bulk { data: Some(word) })).collect()
}

fn command<'a>(words: &'a [Value<'a>]) -> resp2::Command<'a> {
    resp2::Command { value: Value::Array(Array { items: Some(List::from(words)) }) }
}

/// What a Redis replies, as it is shown.
fn ask(client: &mut Client<Calls, TcpStream>, words: &[&[u8]]) -> String {
    let words = bulks(words);
    client.call(command(&words), |reply| format!("{:?}", reply.value)).unwrap()
}

#[test]
fn the_generated_client_asks_redis() {
    if !have("redis-server") {
        return;
    }
    let redis = Redis::start("asks_redis");
    let client = &mut redis.client();
    assert_eq!(ask(client, &[b"PING"]), "Simple(\"PONG\")");
    assert_eq!(ask(client, &[b"GET", b"none"]), "Bulk(Bulk { data: None })");
    assert_eq!(ask(client, &[b"SET", b"k", b"\r\n\0\xff"]), "Simple(\"OK\")");
    assert_eq!(ask(client, &[b"GET", b"k"]), "Bulk(Bulk { data: Some([13, 10, 0, 255]) })");
    assert_eq!(ask(client, &[b"SET", b"empty", b""]), "Simple(\"OK\")");
    assert_eq!(ask(client, &[b"GET", b"empty"]), "Bulk(Bulk { data: Some([]) })");
    assert_eq!(ask(client, &[b"DECRBY", b"n", b"5"]), "Int(-5)");
    assert_eq!(ask(client, &[b"INCR", b"k"]), "Error(\"ERR value is not an integer or out of range\")");
    assert_eq!(ask(client, &[b"RPUSH", b"l", b"a", b""]), "Int(2)");
    let list = "Array(Array { items: Some([Bulk(Bulk { data: Some([97]) }), Bulk(Bulk { data: Some([]) })]) })";
    assert_eq!(ask(client, &[b"LRANGE", b"l", b"0", b"-1"]), list);
    assert_eq!(ask(client, &[b"LRANGE", b"none", b"0", b"-1"]), "Array(Array { items: Some([]) })");
    assert_eq!(ask(client, &[b"BLPOP", b"none", b"0.01"]), "Array(Array { items: None })");
    let nested = "Array(Array { items: Some([Int(1), Array(Array { items: Some([Bulk(Bulk { data: Some([120]) }), \
                  Bulk(Bulk { data: None })]) }), Simple(\"s\")]) })";
    assert_eq!(ask(client, &[b"EVAL", b"return {1, {'x', false}, {ok = 's'}}", b"0"]), nested);
}

/// A script whose reply is lists in each other, so many.
fn nested(lists: usize) -> String {
    format!("local t = {{}} for i = 2, {lists} do t = {{t}} end return t")
}

#[test]
fn lists_of_redis_nest_as_deep_as_they_may() {
    if !have("redis-server") {
        return;
    }
    let redis = Redis::start("nests");
    let deepest = ask(&mut redis.client(), &[b"EVAL", nested(32).as_bytes(), b"0"]);
    assert_eq!(deepest.matches("Array(Array { items: Some([").count(), 32, "{deepest}");
    let script = nested(33);
    let words: [&[u8]; 3] = [b"EVAL", script.as_bytes(), b"0"];
    let words = bulks(&words);
    let refused = redis.client().call(command(&words), |_| ()).unwrap_err().to_string();
    assert!(refused.contains("Value.tag at byte 128"), "{refused}");
}

#[test]
fn many_requests_are_on_their_way_to_redis() {
    if !have("redis-server") {
        return;
    }
    let redis = Redis::start("pipelines");
    let mut client = redis.client();
    let (words, big) = (bulks(&[b"INCR", b"n"]), vec![b'x'; 1 << 20]);
    let tickets: Vec<_> = (0..500).map(|_| client.send(command(&words)).unwrap()).collect();
    for (at, ticket) in (1..).zip(tickets) {
        let took = client.receive(|received, reply| (received, reply.value == Value::Int(at))).unwrap();
        assert_eq!(took, (Received::Reply(ticket), true));
    }
    let words: [&[u8]; 3] = [b"SET", b"big", &big];
    assert_eq!(ask(&mut client, &words), "Simple(\"OK\")");
    let words = bulks(&[b"GET", b"big"]);
    let is_big = |reply: resp2::Reply<'_>| matches!(reply.value, Value::Bulk(Bulk { data }) if data == Some(&big[..]));
    assert!(client.call(command(&words), is_big).unwrap());
}
