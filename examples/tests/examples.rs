//! Every example runs, and does what its first lines say, with the clients that they name.

#[allow(dead_code, reason = "the tests of the web use the rest of it")]
mod support;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::{fs, process::Command};
use support::{Client, Server, folder, have, run};

#[test]
fn chat_room_with_netcat() {
    if !have("nc") {
        return;
    }
    let mut server = Server::start(env!("CARGO_BIN_EXE_chat_room"), "text://127.0.0.1:0", &[]);
    let mut tom = server.nc();
    tom.out.wait_for("user[1] login");
    let mut ann = server.nc();
    ann.out.wait_for("user[2] login");
    tom.out.wait_for("user[2] login");

    tom.write("hello\n");
    assert_eq!(tom.out.wait_for("hello"), "user[1] said: hello");
    assert_eq!(ann.out.wait_for("hello"), "user[1] said: hello");

    // Bytes that are no text end the connection that they came from; the other one never notices.
    let mut stranger = server.nc();
    tom.out.wait_for("user[3] login");
    stranger.write(b"\xff\xfe\n");
    stranger.end_input();
    stranger.out.rest();
    tom.out.wait_for("user[3] logout");
    let why = server.err.wait_for("Line.text");
    assert!(why.contains("Line.text at byte 0: not UTF-8"), "{why}");

    ann.end_input();
    tom.out.wait_for("user[2] logout");
    tom.write("still here\n");
    tom.out.wait_for("user[1] said: still here");
    assert_eq!(server.stop(Signal::SIGINT), Some(0));
}

#[test]
fn chat_room_with_telnet() {
    if !have("telnet") {
        return;
    }
    let server = Server::start(env!("CARGO_BIN_EXE_chat_room"), "text://127.0.0.1:0", &[]);
    let mut telnet = Client::start(Command::new("telnet").args(["127.0.0.1", &server.port()]));
    telnet.out.wait_for("user[1] login");
    // telnet ends its lines with CR LF; the CR is trimmed.
    telnet.write("hello\n");
    assert_eq!(telnet.out.wait_for("said").trim_end_matches('\r'), "user[1] said: hello");
}

#[test]
fn socks5_lets_curl_through_with_the_password() {
    if !have("curl") {
        return;
    }
    let page = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", page.local_addr().unwrap());
    std::thread::spawn(move || {
        for socket in page.incoming().flatten() {
            let mut reader = std::io::BufReader::new(socket);
            let mut line = String::new();
            while std::io::BufRead::read_line(&mut reader, &mut line).unwrap() > 2 {
                line.clear();
            }
            // More than a send queue holds: the tunnel must wait for curl.
            let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", 8 << 20);
            let mut socket = reader.into_inner();
            std::io::Write::write_all(&mut socket, &[head.into_bytes(), vec![b'w'; 8 << 20]].concat()).unwrap();
        }
    });
    let server = Server::start(env!("CARGO_BIN_EXE_socks5"), "tcp://127.0.0.1:0", &["--guest", "tom:secret"]);
    let through = |who: &str| {
        let proxy = format!("socks5h://{who}127.0.0.1:{}", server.port());
        run("curl", &["--silent", "--noproxy", "", "--max-time", "20", "--proxy", &proxy, &url])
    };
    let output = through("tom:secret@");
    assert!(output.status.success(), "{output:?}");
    assert_eq!(output.stdout, vec![b'w'; 8 << 20]);
    for stranger in ["", "tom:guess@"] {
        let output = through(stranger);
        assert!(!output.status.success() && output.stdout.is_empty(), "{output:?}");
    }
    // Nobody listens there.
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let proxy = format!("socks5h://tom:secret@127.0.0.1:{}", server.port());
    let output =
        run("curl", &["--silent", "--show-error", "--noproxy", "", "--proxy", &proxy, &format!("http://{closed}/")]);
    assert!(!output.status.success(), "{output:?}");
}

#[test]
fn ticker_ticks_for_all_but_the_muted() {
    if !have("nc") {
        return;
    }
    let server = Server::start(env!("CARGO_BIN_EXE_ticker"), "text://127.0.0.1:0", &[]);
    let (mut loud, mut quiet) = (server.nc(), server.nc());
    quiet.out.wait_for("tick ");
    quiet.write("mute\n");
    quiet.write("what?\n");
    quiet.out.wait_for("say mute or tick");
    let next: u64 = loud.out.wait_for("tick ").split(' ').nth(1).unwrap().parse().unwrap();
    loud.out.wait_for(&format!("tick {}", next + 2));
    quiet.end_input();
    assert_eq!(quiet.out.rest(), Vec::<String>::new(), "muted after what it said");
}

#[test]
fn herald_reads_out_a_pipe_tells_the_hour_and_counts_on_a_signal() {
    if !have("nc") {
        return;
    }
    let news = folder("herald").join("news");
    let path = news.display().to_string();
    // The hour strikes each second here.
    let arguments = ["--news", &path, "--at", "* * * * * *"];
    let mut server = Server::start(env!("CARGO_BIN_EXE_herald"), "text://127.0.0.1:0", &arguments);
    let (mut ann, mut bob) = (server.nc(), server.nc());
    for client in [&mut ann, &mut bob] {
        client.write("hm\n");
        client.out.wait_for("be quiet");
        client.out.wait_for("the hour has struck");
    }
    // Writers come and go.
    for line in ["the king is well", "long live the king"] {
        fs::write(&news, format!("{line}\n")).unwrap();
        assert_eq!([ann.out.wait_for("king"), bob.out.wait_for("king")], [line, line]);
    }
    let master = Pid::from_raw(server.pid().try_into().unwrap());
    let children = fs::read_to_string(format!("/proc/{master}/task/{master}/children")).unwrap();
    let worker = Pid::from_raw(children.trim().parse().expect("one worker"));
    kill(worker, Signal::SIGUSR1).unwrap();
    assert_eq!([ann.out.wait_for("listen"), bob.out.wait_for("listen")], ["2 listen", "2 listen"]);
    assert_eq!(server.stop(Signal::SIGINT), Some(0));
}

#[test]
fn push_reaches_the_clients_of_a_name_and_no_others() {
    if !have("nc") {
        return;
    }
    let socket = folder("push").join("back_end.sock");
    let inner = format!("unix://{}", socket.display());
    let mut server = Server::start(env!("CARGO_BIN_EXE_push"), "text://127.0.0.1:0", &["--back-end", &inner]);
    let (mut ann, mut bob) = (server.nc(), server.nc());
    let mut back_end = Client::start(Command::new("nc").args(["-N", "-U"]).arg(&socket));
    ann.write("ann\n");
    bob.write("bob\n");
    // Until both have been heard.
    for name in ["ann", "bob"] {
        let asked = std::time::Instant::now();
        loop {
            back_end.write(format!("{name} hello, {name}\n"));
            if back_end.out.wait_for("") == "ok" {
                break;
            }
            assert!(asked.elapsed() < support::PATIENCE, "{name} is not heard");
        }
    }
    assert_eq!(ann.out.wait_for("hello"), "hello, ann");
    assert_eq!(bob.out.wait_for("hello"), "hello, bob");
    back_end.write("carol hello\n");
    assert_eq!(back_end.out.wait_for(""), "fail");
    for mut client in [ann, bob] {
        client.end_input();
        assert_eq!(client.out.rest(), Vec::<String>::new());
    }
    drop(back_end);
    assert_eq!(server.stop(Signal::SIGTERM), Some(0));
    assert!(!socket.exists());
}

#[test]
fn files_counts_bytes() {
    if !have("nc") {
        return;
    }
    let server = Server::start(env!("CARGO_BIN_EXE_files"), "tcp://127.0.0.1:0", &[]);
    assert_eq!(server.ask(b"\0\0\0\x0b\x01ahello"), "a has 5 bytes");
    assert_eq!(server.ask(b"\0\0\0\x06\x01b\0\0\0\x07\x01cx"), "b has 0 bytes\nc has 1 bytes");
}

#[test]
fn jsonnl_answers_each_line() {
    if !have("nc") {
        return;
    }
    let mut server = Server::start(env!("CARGO_BIN_EXE_jsonnl"), "jsonnl://127.0.0.1:0", &[]);
    let answer = server.ask("{\"type\":\"message\",\"content\":\"hello\"}\n");
    assert_eq!(answer, r#"{"code":0,"msg":"5 bytes of message"}"#);
    assert_eq!(server.ask("{\"type\":1}\n"), "", "no such object: closed");
    let why = server.err.wait_for("Call.call");
    assert!(why.contains("invalid type: integer `1`, expected a string"), "{why}");
}

#[test]
fn xml10_counts_and_refuses() {
    if !have("nc") {
        return;
    }
    let mut server = Server::start(env!("CARGO_BIN_EXE_xml10"), "xml10://127.0.0.1:0", &[]);
    assert_eq!(server.ask("0000000014<a/>"), "0000000035<ok><bytes>4</bytes></ok>");
    assert_eq!(server.ask("000000001x<a/>"), "");
    let why = server.err.wait_for("Packet.len");
    assert!(why.contains("Packet.len at byte 9: 'x' is no decimal digit"), "{why}");
}

#[test]
fn len_json_greets() {
    if !have("nc") {
        return;
    }
    let server = Server::start(env!("CARGO_BIN_EXE_len_json"), "len_json://127.0.0.1:0", &[]);
    let answer = server.ask(b"\0\0\0\x14{\"name\":\"tom\"  }".as_slice());
    assert!(answer.ends_with("{\"hello\":\"tom\"}"), "{answer:?}");
    assert_eq!(server.ask(b"\0\0\0\x03\0".as_slice()), "", "shorter than its own length");
}

#[test]
fn on_tokio_echoes() {
    if !have("nc") {
        return;
    }
    let mut server = Server::spawn(env!("CARGO_BIN_EXE_on_tokio"), &["127.0.0.1:0"]);
    assert_eq!(server.ask("5:hello,0:,"), "5:hello,0:,");
    let long = format!("200000:{},", "x".repeat(200_000));
    assert!(server.ask(&long) == long, "more than one read");
    // What is none ends its connection alone, and is told with its place.
    assert_eq!(server.ask("1:a,2;"), "1:a,");
    let why = server.err.wait_for("at byte");
    assert!(why.contains("at byte 1"), "{why}");
    assert_eq!(server.ask("3:abc"), "", "cut");
    server.err.wait_for("closed in the middle of a frame");
    assert_eq!(server.ask("1:b,"), "1:b,");
}

/// Bytes of every value, more than one read.
fn picture() -> Vec<u8> {
    (0..300_000u32).map(|at| (at.wrapping_mul(2_654_435_761) >> 24) as u8).collect()
}

fn uploads(program: &str, test: &str) {
    let folder = folder(test);
    let saved = folder.join("saved");
    fs::write(folder.join("picture.png"), picture()).unwrap();
    let server = Server::spawn(program, &["serve", "tcp://127.0.0.1:0", saved.to_str().unwrap()]);
    let file = folder.join("picture.png");
    let output = run(program, &["send", &server.address.to_string(), file.to_str().unwrap()]);
    let answer = String::from_utf8(output.stdout).unwrap();
    assert_eq!(answer, format!("saved 300000 bytes as {}\n", saved.join("picture.png").display()));
    assert!(fs::read(saved.join("picture.png")).unwrap() == picture());

    let missing = run(program, &["send", &server.address.to_string(), "/nonexistent"]);
    assert!(!missing.status.success());
}

#[test]
fn binary_upload_saves_the_file() {
    uploads(env!("CARGO_BIN_EXE_binary_upload"), "binary_upload");
}

#[test]
fn text_upload_saves_the_file() {
    uploads(env!("CARGO_BIN_EXE_text_upload"), "text_upload");
}

#[test]
fn twice_says_the_same() {
    let output = run(env!("CARGO_BIN_EXE_twice"), &[]);
    let said = String::from_utf8(output.stdout).unwrap();
    assert!(output.status.success(), "{said}");
    let after = |label: &str| said.lines().find_map(|line| line.strip_prefix(label)).unwrap().trim().to_owned();
    assert_eq!(after("by schema"), after("by derive"));
    assert!(after("the derived one refuses").contains("at byte 2: expected \"****\""), "{said}");
}

#[test]
fn quickstart_uploads_compares_and_stops() {
    let folder = folder("quickstart");
    let file = folder.join("a file.bin");
    fs::write(&file, picture()).unwrap();
    for arguments in [&[][..], &[file.to_str().unwrap()]] {
        let output = run(env!("CARGO_BIN_EXE_quickstart"), arguments);
        let said = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{said}\n{}", String::from_utf8_lossy(&output.stderr));
        for expected in [
            "message Upload from client {",
            "prefix(4): `total`",
            "ready",
            "answer  saved",
            "equal   all",
            "exit status: 0",
        ] {
            assert!(said.contains(expected), "no {expected:?} in:\n{said}");
        }
    }
    let output = run(env!("CARGO_BIN_EXE_quickstart"), &["/nonexistent"]);
    assert!(!output.status.success());
    assert!(String::from_utf8_lossy(&output.stderr).contains("/nonexistent: No such file"));
}

/// Bytes in a size that the quickstart prints, such as `5.1 MiB`.
fn bytes(size: &str) -> f64 {
    let (number, unit) = size.split_once(' ').unwrap();
    let scale = ["B", "KiB", "MiB", "GiB"].iter().position(|name| *name == unit).unwrap();
    number.parse::<f64>().unwrap() * 1024f64.powi(scale.try_into().unwrap())
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn a_large_upload_takes_flat_memory() {
    const LARGE: u64 = 64 << 20;
    let file = folder("flat").join("large.bin");
    fs::File::create(&file).unwrap().set_len(LARGE).unwrap();
    let output = run(env!("CARGO_BIN_EXE_quickstart"), &[file.to_str().unwrap()]);
    let said = String::from_utf8(output.stdout).unwrap();
    fs::remove_file(file).unwrap();
    assert!(said.contains(&format!("equal   all {LARGE} bytes")), "{said}");
    let Some(memory) = said.lines().find_map(|line| line.trim().strip_prefix("memory  ")) else {
        return eprintln!("LEFT OUT: the kernel does not tell how much memory a process has held");
    };
    for part in memory.split(", ").filter(|part| *part != "at most") {
        let (who, size) = part.split_once(' ').unwrap();
        assert!(bytes(size) < LARGE as f64 / 2.0, "the {who} has held {size}: {memory}");
    }
}

#[test]
fn a_bad_start_is_one_clear_line_and_no_process() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let taken = format!("text://{}", taken.local_addr().unwrap());
    let chat_room = env!("CARGO_BIN_EXE_chat_room");
    for (address, expected) in [
        (&*taken, "in use"),
        ("text://127.0.0.1:x", "127.0.0.1:x"),
        ("frame://127.0.0.1:0", "speaks \"text\""),
        ("nothing://127.0.0.1:0", "nothing"),
        ("text://192.0.2.1:4000", "192.0.2.1"),
    ] {
        let output = run(chat_room, &["--instance", "bad_start", "--listen", address]);
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(1), "{address}: {said}");
        assert!(said.contains(expected), "{address}: {said}");
    }
}

#[test]
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn a_privileged_port_is_refused_with_the_reason() {
    use std::os::unix::{fs::MetadataExt, process::CommandExt};

    let first_free = fs::read_to_string("/proc/sys/net/ipv4/ip_unprivileged_port_start").unwrap();
    if first_free.trim().parse::<u16>().unwrap() <= 80 {
        return eprintln!("LEFT OUT: everybody may bind port 80 on this machine");
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_chat_room"));
    command.args(["--instance", "privileged", "--listen", "text://127.0.0.1:80"]);
    if fs::metadata("/proc/self").unwrap().uid() == 0 {
        // Root may bind it: start as nobody.
        command.uid(65_534).gid(65_534);
    }
    let output = match command.output() {
        Ok(output) => output,
        Err(error) => return eprintln!("LEFT OUT: nobody cannot start the program: {error}"),
    };
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("127.0.0.1:80") && said.contains("CAP_NET_BIND_SERVICE"), "{said}");
}

#[test]
fn files_with_the_schema_alone_as_client() {
    let Some(wm_schema) = support::wm_schema() else { return };
    let server = Server::start(env!("CARGO_BIN_EXE_files"), "tcp://127.0.0.1:0", &[]);
    let schema = concat!(env!("CARGO_MANIFEST_DIR"), "/proto/files.wm");
    let message = r#"File { name: "a", data: "hello" }"#;
    let sent = run(&wm_schema, &["send", schema, &server.address.to_string(), message, "--count", "2"]);
    assert_eq!(String::from_utf8_lossy(&sent.stderr), "");
    assert_eq!(String::from_utf8_lossy(&sent.stdout), "Answer { text: \"a has 5 bytes\" }\n".repeat(2));
}

/// Asks a clock as an SNTP client does, and shows mode, stratum, and the difference of the clocks.
const SNTP: &str = r"
import socket, struct, sys, time
asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
asker.settimeout(20)
sent = int((time.time() + 2208988800) * 2**32)
asker.sendto(bytes([0x23]) + bytes(39) + struct.pack('>Q', sent), ('127.0.0.1', int(sys.argv[1])))
answer = asker.recv(100)
first, stratum, _, _, _, _, reference, _, originate, receive, transmit = struct.unpack('>BBbbII4sQQQQ', answer)
assert len(answer) == 48 and originate == sent and first >> 3 == 4, answer
offset = ((receive - sent) + (transmit - int((time.time() + 2208988800) * 2**32))) / 2**33
print(first & 7, stratum, abs(offset) < 5)
";

#[test]
fn clock_is_asked_and_followed() {
    if !(have("python3") && have("nc")) {
        return;
    }
    let ask = |port: &str| String::from_utf8(run("python3", &["-c", SNTP, port]).stdout).unwrap();
    let mut clock = Server::start(env!("CARGO_BIN_EXE_clock"), "udp://127.0.0.1:0", &[]);
    assert_eq!(ask(&clock.port()), "4 10 True\n");

    let say = |datagram: &[u8]| {
        let mut nc = Client::start(Command::new("nc").args(["-u", "-w1", "127.0.0.1", &clock.port()]));
        nc.write(datagram);
        nc.end_input();
        nc.out.rest().join("\n")
    };
    let question = [&[0x1b][..], &[0; 47]].concat();
    let answer = say(&question);
    assert!(answer.starts_with("\u{1c}\n") && answer.contains("LOCL"), "{answer:?}");
    assert_eq!(say(&[&[0x1c][..], &[0; 47]].concat()), "", "an answer is not answered");
    assert_eq!(say(b"what time is it?"), "");
    let why = clock.err.wait_for("bad datagram");
    assert!(why.contains("it ends in the middle of a message, 16 bytes came, 32 more are needed"), "{why}");

    let to = format!("udp://{}", clock.address);
    let follower = Server::start(env!("CARGO_BIN_EXE_clock"), "udp://127.0.0.1:0", &["--follow", &to]);
    let deadline = std::time::Instant::now() + support::PATIENCE;
    while ask(&follower.port()) != "4 11 True\n" {
        assert!(std::time::Instant::now() < deadline, "it does not follow");
    }
    assert_eq!(clock.stop(Signal::SIGTERM), Some(0));
}
