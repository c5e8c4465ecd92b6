//! The name server with `dig`, and the generated codecs with `dnsmasq`, over UDP and TCP.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU16, Ordering};
use support::{Lines, PATIENCE, Server, have};
use wm_core::{BytesMut, Client};
use wm_examples::proto::dns_tcp::Calls;

/// A port that is free for UDP and for TCP, below those that the kernel hands out.
fn port() -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let start = u16::try_from(std::process::id() % 10_000).unwrap();
    let free = |port: &u16| {
        UdpSocket::bind((Ipv4Addr::LOCALHOST, *port)).is_ok() && TcpListener::bind((Ipv4Addr::LOCALHOST, *port)).is_ok()
    };
    let mut ports = (0..1000).map(|_| 20_000 + (start + NEXT.fetch_add(1, Ordering::Relaxed)) % 10_000);
    ports.find(free).expect("a port is free")
}

/// The example, with these records; with those that it brings if there are none.
fn example(records: &[&str]) -> Option<Server> {
    let port = have("dig").then(port)?;
    let over_tcp = format!("tcp://127.0.0.1:{port}");
    let records = records.iter().flat_map(|record| ["--record", record]);
    let more: Vec<&str> = ["--listen", &over_tcp].into_iter().chain(records).collect();
    Some(Server::start(env!("CARGO_BIN_EXE_dns"), &format!("udp://127.0.0.1:{port}"), &more))
}

/// All that `dig` prints.
fn dig(server: &Server, arguments: &[&str]) -> String {
    let output = Command::new("dig")
        .args(["-r", "@127.0.0.1", "-p", &server.port(), "+time=5", "+tries=2", "+nocookie"])
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(output.status.success(), "dig {arguments:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// The records that `dig` found, a line each, with single blanks.
fn found(server: &Server, arguments: &[&str]) -> String {
    let said = dig(server, &[&["+noall", "+answer"], arguments].concat());
    let lines = said.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn dig_asks_for_all_kinds_of_records() {
    let Some(server) = example(&[]) else { return };
    assert_eq!(found(&server, &["www.example.test"]), "www.example.test. 300 IN A 127.0.0.1");
    assert_eq!(found(&server, &["www.example.test", "AAAA"]), "www.example.test. 300 IN AAAA ::1");
    assert_eq!(found(&server, &["example.test", "TXT"]), "example.test. 300 IN TXT \"a little zone\"");
    assert_eq!(found(&server, &["example.test", "NS"]), "example.test. 300 IN NS ns.example.test.");
    assert_eq!(found(&server, &["example.test", "MX"]), "example.test. 300 IN MX 10 mail.example.test.");
    assert_eq!(found(&server, &["WWW.Example.TEST"]), "WWW.Example.TEST. 300 IN A 127.0.0.1");
    assert_eq!(found(&server, &["example.test", "ANY", "+notcp"]).lines().count(), 3);
    let alias = "web.example.test. 300 IN CNAME www.example.test.";
    assert_eq!(found(&server, &["web.example.test", "CNAME"]), alias);
    let followed = format!("{alias}\nwww.example.test. 300 IN A 127.0.0.1");
    assert_eq!(found(&server, &["web.example.test"]), followed);
    assert_eq!(found(&server, &["+tcp", "web.example.test"]), followed);
}

#[test]
fn names_are_pointers() {
    let Some(server) = example(&[]) else { return };
    // Whatever can be is a pointer to the question: a head of 12 bytes, the question of 22, a record of 16.
    let said = dig(&server, &["+noedns", "www.example.test"]);
    assert!(said.contains(";; MSG SIZE  rcvd: 50"), "{said}");
    // In the data, too: behind 18 bytes of a question, records of 12, with `ns` and a pointer.
    let said = dig(&server, &["+noedns", "example.test", "NS"]);
    assert!(said.contains(";; MSG SIZE  rcvd: 47"), "{said}");
}

#[test]
fn what_nobody_has_is_said_so() {
    let Some(server) = example(&["a.b.test A 192.0.2.1", "c.test CNAME c.test"]) else { return };
    let head = |arguments: &[&str]| {
        let said = dig(&server, &[&["+noall", "+comments"], arguments].concat());
        let status = said.split("status: ").nth(1).and_then(|rest| rest.split(',').next()).unwrap().to_owned();
        let flags = said.split("flags: ").nth(1).and_then(|rest| rest.split(',').take(2).last()).unwrap();
        format!("{status}{flags}")
    };
    assert_eq!(head(&["a.b.test"]), "NOERROR ANSWER: 1");
    assert_eq!(head(&["b.a.test"]), "NXDOMAIN ANSWER: 0");
    assert_eq!(head(&["+tcp", "www.example.test"]), "NXDOMAIN ANSWER: 0");
    assert_eq!(head(&["a.b.test", "AAAA"]), "NOERROR ANSWER: 0");
    assert_eq!(head(&["b.test"]), "NOERROR ANSWER: 0");
    assert_eq!(head(&["c.test"]), "NOERROR ANSWER: 8");
    assert_eq!(head(&["+opcode=status", "a.b.test"]), "NOTIMP ANSWER: 0");
}

#[test]
fn what_does_not_fit_a_datagram_comes_over_tcp() {
    let Some(server) = example(&[]) else { return };
    let cut = dig(&server, &["+ignore", "poem.example.test", "TXT"]);
    assert!(cut.contains(";; flags: qr aa tc rd;") && cut.contains("ANSWER: 0"), "{cut}");
    let whole = dig(&server, &["poem.example.test", "TXT"]);
    assert!(whole.contains(";; Truncated, retrying in TCP mode."), "{whole}");
    assert!(whole.contains("The owl and the pussy-cat") && whole.contains("what shall we do for a ring?"), "{whole}");
    // Two questions on one connection.
    let both = found(&server, &["+tcp", "+keepopen", "www.example.test", "+tcp", "+keepopen", "ns.example.test"]);
    assert_eq!(both, "www.example.test. 300 IN A 127.0.0.1\nns.example.test. 300 IN A 127.0.0.1");
}

#[test]
fn what_is_no_question_is_thrown_away() {
    let Some(mut server) = example(&[]) else { return };
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    // A name that points at itself.
    let around = b"\x12\x34\x01\0\0\x01\0\0\0\0\0\0\xc0\x0c\0\x01\0\x01";
    socket.send_to(around, server.address).unwrap();
    let why = server.err.wait_for("bad datagram");
    assert!(why.contains("LabelPointer.to at byte 12"), "{why}");
    socket.send_to(&around[..9], server.address).unwrap();
    let why = server.err.wait_for("bad datagram");
    assert!(why.contains("Body.ns at byte 9"), "{why}");
    assert_eq!(found(&server, &["ns.example.test"]), "ns.example.test. 300 IN A 127.0.0.1");
}

/// A `dnsmasq` that is ended when it is dropped.
struct Dnsmasq {
    child: Child,
    address: SocketAddr,
}

impl Dnsmasq {
    fn start() -> Option<Self> {
        let address = SocketAddr::from((Ipv4Addr::LOCALHOST, have("dnsmasq").then(port)?));
        let user = Command::new("id").arg("-un").output().unwrap().stdout;
        let mut child = Command::new("dnsmasq")
            .args([
                "--no-daemon",
                "--conf-file=/dev/null",
                "--pid-file=",
                "--log-facility=-",
                "--no-resolv",
                "--no-hosts",
            ])
            .args(["--listen-address=127.0.0.1", "--bind-interfaces", &format!("--port={}", address.port())])
            .arg(format!("--user={}", String::from_utf8(user).unwrap().trim()))
            .args(["--host-record=host.test,192.0.2.7,2001:db8::7", "--cname=alias.test,host.test"])
            .args(["--txt-record=host.test,hello,world", "--mx-host=host.test,mail.test,20"])
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        Lines::of(child.stderr.take().unwrap()).wait_for("started");
        Some(Self { child, address })
    }
}

impl Drop for Dnsmasq {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// Questions and answers in the types of one of the protocols.
macro_rules! words {
    ($protocol:ident) => {
        mod $protocol {
            use std::net::{Ipv4Addr, Ipv6Addr};
            use wm_core::wire::List;
            use wm_examples::proto::$protocol::*;

            /// Hands over the question for the records of a kind.
            pub(super) fn question<R>(name: &str, kind: u16, ask: impl FnOnce(Message<'_>) -> R) -> R {
                let text = |text| Label::Text(LabelText { text });
                let labels: Vec<Label<'_>> = name.split('.').map(str::as_bytes).chain([&b""[..]]).map(text).collect();
                let name = Name { labels: List::from(&labels[..]) };
                let questions = [Question { name, kind: Kind::from_wire(kind), class: 1 }];
                let none = || List::from(&[][..]);
                ask(Message {
                    id: 7,
                    body: Body {
                        qr: false,
                        opcode: Opcode::Query,
                        aa: false,
                        tc: false,
                        rd: true,
                        ra: false,
                        ad: false,
                        cd: false,
                        rcode: Rcode::NoError,
                        questions: List::from(&questions[..]),
                        answers: none(),
                        authority: none(),
                        extra: none(),
                    },
                })
            }

            /// What is answered, in words.
            pub(super) fn answer(message: &Message<'_>) -> String {
                let body = &message.body;
                let answers = body.answers.iter().map(|record| {
                    let data = match &record.data {
                        RecordData::A(ip) => Ipv4Addr::from(*ip).to_string(),
                        RecordData::Aaaa(ip) => Ipv6Addr::from(*ip).to_string(),
                        RecordData::Cname(name) => dotted(name),
                        RecordData::Mx(mail) => format!("{} {}", mail.preference, dotted(&mail.exchange)),
                        RecordData::Txt(texts) => {
                            let texts = texts.texts.iter().map(|piece| piece.text.escape_ascii().to_string());
                            texts.collect::<Vec<_>>().join(" ")
                        }
                        other => format!("{other:?}"),
                    };
                    format!("; {} {data}", dotted(&record.name))
                });
                format!("{:?}{}", body.rcode, answers.collect::<String>())
            }

            fn dotted(name: &Name<'_>) -> String {
                let label = |label| match label {
                    Label::Text(LabelText { text }) => Some(text.escape_ascii().to_string()),
                    Label::Pointer(_) => None,
                };
                name.all_labels().filter_map(label).collect::<Vec<_>>().join(".")
            }
        }
    };
}

words!(dns_udp);
words!(dns_tcp);

impl Dnsmasq {
    fn ask_over_udp(&self, name: &str, kind: u16) -> String {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        socket.connect(self.address).unwrap();
        let mut question = BytesMut::new();
        dns_udp::question(name, kind, |message| message.encode(&mut question)).unwrap();
        socket.send(&question).unwrap();
        let mut room = [0; 512];
        let len = socket.recv(&mut room).unwrap();
        dns_udp::answer(&wm_examples::proto::dns_udp::Message::decode(&room[..len]).unwrap())
    }

    fn ask_over_tcp(&self, name: &str, kind: u16) -> String {
        let stream = TcpStream::connect(self.address).unwrap();
        let mut client = Client::<Calls, _>::new(stream, PATIENCE).unwrap();
        dns_tcp::question(name, kind, |message| client.call(message, |reply| dns_tcp::answer(&reply)).unwrap())
    }
}

#[test]
fn the_generated_codecs_ask_dnsmasq() {
    let Some(dnsmasq) = Dnsmasq::start() else { return };
    let ask = |name: &str, kind: u16| {
        let answer = dnsmasq.ask_over_udp(name, kind);
        assert_eq!(dnsmasq.ask_over_tcp(name, kind), answer, "{name} {kind}");
        answer
    };
    assert_eq!(ask("host.test", 1), "NoError; host.test. 192.0.2.7");
    assert_eq!(ask("host.test", 28), "NoError; host.test. 2001:db8::7");
    assert_eq!(ask("host.test", 16), "NoError; host.test. hello world");
    assert_eq!(ask("host.test", 15), "NoError; host.test. 20 mail.test.");
    assert_eq!(ask("alias.test", 1), "NoError; alias.test. host.test.; host.test. 192.0.2.7");
    assert_eq!(ask("nobody.example", 1), "Refused");
}
