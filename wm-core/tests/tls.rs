//! TLS with the kernel's sockets, and with those who speak it elsewhere: openssl, Python, curl. What is not installed is
//! left out, and said to be.

mod certificates;
mod running;

use certificates::Authority;
use running::{PATIENCE, Running};
use std::{
    fs,
    io::{self, Read, Write},
    net::{Shutdown, TcpListener},
    path::Path,
    process::{Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};
use wm_core::{
    Dial, Launch, Service, TlsClient, TlsServer, Worker,
    protocol::{Tcp, Text},
};

/// Whether a foreign client is there; said aloud if not.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
fn have(command: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {command}")]).output().unwrap().status.success();
    if !found {
        eprintln!("LEFT OUT: {command} is not installed");
    }
    found
}

/// Sends lines back, and says what TLS is about when it is asked.
fn echo(tls: TlsServer) -> Worker<Text> {
    Worker::<Text>::new("tls://127.0.0.1:0").tls(tls).on_message(|peer, line| {
        if line.text != "?" {
            return peer.send(line);
        }
        let tls = peer.tls().unwrap();
        let alpn = tls.alpn().map(|name| String::from_utf8_lossy(name).into_owned());
        let shown = tls.peer_certificates().count();
        let told = format!("{} {:?} {alpn:?} {shown} {}", tls.version(), tls.server_name(), tls.is_resumed());
        peer.send(&told)
    })
}

/// What openssl says, and what it has got: a question, its answer, and its end.
fn openssl(server: &Running, trust: &Path, more: &[&str]) -> (bool, String) {
    let mut client = Command::new("openssl")
        .args(["s_client", "-connect", &server.address.to_string(), "-verify_return_error", "-CAfile"])
        .arg(trust)
        .args(more)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = client.stdin.take().unwrap();
    let mut output = client.stdout.take().unwrap();
    // It may have given up before it is asked.
    input.write_all(b"?\nhello\n").ok();
    let mut said = Vec::new();
    let mut room = [0; 4096];
    while !said.windows(7).any(|window| window == b"\nhello\n") {
        match output.read(&mut room).unwrap() {
            0 => break,
            count => said.extend_from_slice(&room[..count]),
        }
    }
    input.write_all(b"Q\n").ok();
    drop(input);
    let mut rest = client.wait_with_output().unwrap();
    said.append(&mut rest.stderr);
    (rest.status.success(), String::from_utf8_lossy(&said).into_owned())
}

#[test]
fn openssl_is_served_by_version_name_and_alpn() {
    if !have("openssl") {
        return;
    }
    let authority = Authority::new();
    let (first, second) = (authority.issue("a", &["a.example"]), authority.issue("b", &["b.example", "*.b.example"]));
    let tls = TlsServer::new(first.0, first.1).also(second.0, second.1).alpn(["lines/1", "lines/0"]);
    let server = Running::start(move || echo(tls));
    for (more, told, name) in [
        (&["-servername", "a.example"][..], "TLSv1_3 Some(\"a.example\") None 0 false", "a.example"),
        (&["-servername", "x.b.example", "-tls1_2"], "TLSv1_2 Some(\"x.b.example\") None 0 false", "x.b.example"),
        (&["-noservername", "-alpn", "lines/0,lines/1"], "TLSv1_3 None Some(\"lines/1\") 0 false", "a.example"),
    ] {
        let (done, said) = openssl(&server, &authority.ca(), &[more, &["-verify_hostname", name]].concat());
        assert!(done && said.contains(told) && said.contains("\nhello\n"), "{more:?}: {said}");
        assert!(said.contains("Verification: OK"), "{said}");
    }
    let (done, said) = openssl(&server, &authority.ca(), &["-alpn", "h2"]);
    assert!(!done && said.contains("no application protocol"), "{said}");
    let (done, said) = openssl(&server, &Authority::new().ca(), &[]);
    assert!(!done && said.contains("certificate"), "{said}");
}

#[test]
fn openssl_resumes_its_session_in_both_versions() {
    if !have("openssl") {
        return;
    }
    let authority = Authority::new();
    let (chain, key) = authority.issue("a", &["a.example"]);
    let tls = TlsServer::new(chain, key);
    let server = Running::start(move || echo(tls));
    for version in ["-tls1_3", "-tls1_2"] {
        let session = authority.path("session");
        let (out, ca) = (["-sess_out", session.to_str().unwrap(), version], authority.ca());
        assert!(openssl(&server, &ca, &out).1.contains(" None 0 false"));
        let (_, said) = openssl(&server, &ca, &["-sess_in", session.to_str().unwrap(), version]);
        assert!(said.contains("Reused, TLSv1.") && said.contains(" None 0 true"), "{said}");
    }
}

#[test]
fn certificates_of_clients_are_required_or_asked_for() {
    if !have("openssl") {
        return;
    }
    let (authority, theirs) = (Authority::new(), Authority::new());
    let (chain, key) = authority.issue("a", &["a.example"]);
    let (shown, shown_key) = theirs.issue("tom", &["tom.example"]);
    let strange = authority.issue("eva", &["eva.example"]);
    let show =
        |chain: &Path, key: &Path| ["-cert", chain.to_str().unwrap(), "-key", key.to_str().unwrap()].map(str::to_owned);
    for required in [true, false] {
        let tls = TlsServer::new(&chain, &key);
        let ca = theirs.ca();
        let tls = if required { tls.require_client_certificate(ca) } else { tls.ask_client_certificate(ca) };
        let server = Running::start(move || echo(tls));
        for version in ["-tls1_3", "-tls1_2"] {
            let (_, without) = openssl(&server, &authority.ca(), &[version]);
            assert_eq!(without.contains("\nhello\n"), !required, "{without}");
            let good = show(&shown, &shown_key);
            let more: Vec<_> = good.iter().map(String::as_str).chain([version]).collect();
            let (_, with) = openssl(&server, &authority.ca(), &more);
            assert!(with.contains(" None 1 false") && with.contains("\nhello\n"), "{with}");
            let bad = show(&strange.0, &strange.1);
            let more: Vec<_> = bad.iter().map(String::as_str).chain([version]).collect();
            assert!(!openssl(&server, &authority.ca(), &more).1.contains("\nhello\n"));
        }
    }
}

/// Says much and reads what comes back, in one thread as its TLS wants it; then ends its side properly.
const PYTHON: &str = r"
import select, socket, ssl, sys
port, ca = int(sys.argv[1]), sys.argv[2]
context = ssl.create_default_context(cafile=ca)
peer = context.wrap_socket(socket.create_connection(('127.0.0.1', port), 20), server_hostname='a.example')
said = b''.join(b'%d %s\n' % (at, b'x' * (at % 3000)) for at in range(2000))
rest, heard = memoryview(said), bytearray()
peer.setblocking(False)
while len(heard) < len(said):
    readable, writable, _ = select.select([peer], [peer] if rest else [], [], 20)
    assert readable or writable, 'silence'
    try:
        part = peer.recv(65536)
        assert part, 'cut off'
        heard += part
    except ssl.SSLWantReadError:
        pass
    try:
        rest = rest[peer.send(rest[:16384]):] if rest else rest
    except ssl.SSLWantWriteError:
        pass
assert heard == said
peer.settimeout(20)
plain = peer.unwrap()
print(len(heard), plain.recv(1))
";

#[test]
fn python_gets_all_back_and_ends_in_order() {
    if !have("python3") {
        return;
    }
    let authority = Authority::new();
    let (chain, key) = authority.issue("a", &["a.example"]);
    let tls = TlsServer::new(chain, key);
    let (tell, told) = mpsc::channel();
    let server = Running::start(move || echo(tls).on_error(move |_, error| tell.send(error.to_string()).unwrap()));
    let ca = authority.ca();
    let arguments = ["-c", PYTHON, &server.address.port().to_string(), ca.to_str().unwrap()];
    let ended = Command::new("python3").args(arguments).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&ended.stderr), "");
    assert!(String::from_utf8_lossy(&ended.stdout).ends_with(" b''\n"), "{ended:?}");
    drop(server);
    assert_eq!(told.try_iter().collect::<Vec<_>>(), [""; 0]);
}

#[test]
fn curl_comes_through_tls_to_a_server_in_the_clear() {
    if !have("curl") {
        return;
    }
    let authority = Authority::new();
    let (chain, key) = authority.issue("a", &["localhost"]);
    let tls = TlsServer::new(chain, key);
    let behind = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = behind.local_addr().unwrap();
    let body = "wm".repeat(1_000_000);
    let answer = format!("HTTP/1.0 200 OK\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let web = thread::spawn(move || {
        let (mut stream, _) = behind.accept().unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            assert_eq!(stream.read(&mut byte).unwrap(), 1);
            request.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        stream.shutdown(Shutdown::Write).unwrap();
        stream.read_to_end(&mut request).unwrap();
    });
    let server = Running::start(move || {
        Worker::<Tcp>::new("tls://127.0.0.1:0")
            .tls(tls)
            .on_connect(move |client| client.tunnel(Dial::to(address)).map(drop).unwrap())
    });
    let (url, ca) = (format!("https://localhost:{}/", server.address.port()), authority.ca());
    let fetched = Command::new("curl").args(["-sS", "--max-time", "20", &url, "--cacert"]).arg(ca).output().unwrap();
    assert_eq!(String::from_utf8_lossy(&fetched.stderr), "");
    assert!(fetched.stdout == body.as_bytes(), "{} bytes", fetched.stdout.len());
    web.join().unwrap();
}

#[test]
fn a_mail_client_of_openssl_starts_tls_in_mid_life() {
    if !have("openssl") {
        return;
    }
    let authority = Authority::new();
    let (chain, key) = authority.issue("mail", &["mail.example"]);
    let acceptor = TlsServer::new(chain, key).load().unwrap();
    let server = Running::start(move || {
        Worker::<Text>::new("text://127.0.0.1:0").on_connect(|peer| peer.send("220 mail.example")).on_message(
            move |peer, line| match line.text.split_whitespace().next() {
                Some("EHLO") => {
                    peer.send("250-mail.example");
                    peer.send("250 STARTTLS");
                }
                Some("STARTTLS") => {
                    peer.send("220 go ahead");
                    assert!(peer.start_tls(&acceptor) && !peer.start_tls(&acceptor));
                    assert!(peer.tls().is_none());
                }
                Some("?") => _ = peer.send(&*format!("250 {}", peer.tls().unwrap().version())),
                _ => _ = peer.send(line),
            },
        )
    });
    let (done, said) = openssl(&server, &authority.ca(), &["-starttls", "smtp", "-verify_hostname", "mail.example"]);
    assert!(done && said.contains("250 TLSv1_3") && said.contains("\nhello\n"), "{said}");

    // What is slipped in behind the word is not taken for the peer's.
    let mut stranger = server.connect();
    stranger.write_all(b"STARTTLS\nhello\nhello\n").unwrap();
    let mut said = Vec::new();
    stranger.read_to_end(&mut said).ok();
    let clear = String::from_utf8_lossy(&said);
    assert!(clear.starts_with("220 mail.example\n220 go ahead\n") && !clear.contains("hello"), "{clear:?}");
}

#[test]
fn a_worker_is_a_client_too_and_trusts_whom_it_should() {
    let (authority, other) = (Authority::new(), Authority::new());
    let (chain, key) = authority.issue("a", &["localhost", "127.0.0.1"]);
    let (shown, shown_key) = other.issue("tom", &["tom.example"]);
    let tls = TlsServer::new(&chain, &key).ask_client_certificate(other.ca()).alpn(["lines"]);
    let server = Running::start(move || echo(tls));
    let port = server.address.port();
    let ours = TlsClient::new().trust(authority.ca());
    let sure = "TLSv1_3 Some(\"localhost\")";
    for (client, host, expected) in [
        (ours.clone(), "localhost", format!("{sure} None 0 false")),
        (
            ours.clone().certificate(&shown, &shown_key).alpn(["lines"]),
            "localhost",
            format!("{sure} Some(\"lines\") 1 false"),
        ),
        (ours.clone(), "127.0.0.1", "TLSv1_3 None None 0 false".to_owned()),
        (ours.clone().server_name("b.example"), "localhost", "not accepted: certificate not valid for name".to_owned()),
        (TlsClient::new().trust(other.ca()), "localhost", "not accepted: UnknownIssuer".to_owned()),
        (TlsClient::new().dangerously_trust_anybody(), "localhost", format!("{sure} None 0 false")),
        (ours.clone().alpn(["h2"]), "localhost", "the peer has given up: NoApplicationProtocol".to_owned()),
    ] {
        let connector = client.load().unwrap();
        let dial = Dial::new(&format!("tls://{host}:{port}")).unwrap().tls(connector);
        let (tell, told) = mpsc::channel();
        let tell_error = tell.clone();
        let _client = Running::start(move || {
            Worker::<Text>::client()
                .on_worker_start(move |worker| _ = worker.connect(dial.clone()).unwrap())
                .on_connect(|server| server.send("?"))
                .on_message(move |_, line| tell.send(line.text.to_owned()).unwrap())
                .on_error(move |_, error| tell_error.send(error.to_string()).unwrap())
        });
        let said = told.recv_timeout(PATIENCE).unwrap();
        assert!(said.contains(&expected), "{expected}: {said}");
    }
}

#[test]
fn a_renewed_certificate_needs_no_restart_and_a_bad_one_is_told() {
    if !have("openssl") {
        return;
    }
    let authority = Authority::new();
    let (chain, key) = authority.issue("a", &["old.example"]);
    let tls = TlsServer::new(&chain, &key).check_interval(Duration::from_millis(20));
    let server = Running::start(move || echo(tls));
    let shows = |name: &str| openssl(&server, &authority.ca(), &["-verify_hostname", name]).0;
    assert!(shows("old.example") && !shows("new.example"));
    // Half of a renewal: the one before stays.
    fs::write(&key, "no key").unwrap();
    // Each takes longer than the interval.
    (0..5).for_each(|_| assert!(shows("old.example")));
    authority.issue("a", &["new.example"]);
    let deadline = Instant::now() + PATIENCE;
    while !shows("new.example") {
        assert!(Instant::now() < deadline, "it is not renewed");
    }
    assert!(!shows("old.example"));
}

#[test]
fn what_is_wrong_with_a_file_is_told_with_its_path() {
    let authority = Authority::new();
    let (chain, key) = authority.issue("a", &["a.example"]);
    let (_, other_key) = authority.issue("b", &["b.example"]);
    let write = |name: &str, text: &str| {
        let path = authority.path(name);
        fs::write(&path, text).unwrap();
        path
    };
    let half = fs::read_to_string(&chain).unwrap();
    let half = write("half.pem", &half[..half.len() / 2]);
    let broken = write("broken.pem", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
    let locked =
        write("locked.key", "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n-----END ENCRYPTED PRIVATE KEY-----\n");
    let absent = authority.path("absent.pem");
    let told = |chain: &Path, key: &Path| TlsServer::new(chain, key).load().unwrap_err().to_string();
    for (said, path, expected) in [
        (told(&absent, &key), &absent, " cannot be read: No such file or directory"),
        (told(&key, &key), &key, " holds no certificate: -----BEGIN CERTIFICATE----- stands nowhere in it"),
        (told(&half, &key), &half, " is not PEM: "),
        (told(&broken, &key), &broken, " cannot be used: "),
        (told(&chain, &chain), &chain, " holds no private key: "),
        (told(&chain, &locked), &locked, " is behind a password; take it off by openssl pkey"),
        (told(&chain, &other_key), &other_key, " does not belong to the certificate in "),
        (TlsClient::new().trust(&absent).load().unwrap_err().to_string(), &absent, " cannot be read: "),
    ] {
        assert!(said.contains(path.to_str().unwrap()) && said.contains(expected), "{said}");
    }
    let missing = Worker::<Text>::new("tls://127.0.0.1:0");
    let (stopped, _stop) = io::pipe().unwrap();
    let refused = Box::new(missing).run(Launch::new(stopped)).unwrap_err().to_string();
    assert!(refused.contains("tls://127.0.0.1:0 asks for TLS, but the worker has no certificate"), "{refused}");
}
