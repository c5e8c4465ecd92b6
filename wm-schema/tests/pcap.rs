//! `wm-schema decode --pcap`: real captures, and files that are made here of what a network does to segments.
//!
//! The captures were made by tcpdump, of `serve` and `send` on the loopback interface.

mod captures;

use captures::{ACK, SYN, SYN_ACK, datagram, pcap, segment};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn decode(file: &Path, more: &[&str]) -> Ran {
    decode_as("binary_transfer", file, more)
}

fn decode_as(schema: &str, file: &Path, more: &[&str]) -> Ran {
    let schema = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas").join(schema).with_extension("wm");
    let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
    command.arg("decode").arg(schema).arg("--pcap").arg(file).args(more);
    let output = command.stdin(Stdio::null()).output().expect("the command starts");
    let text = |bytes| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn real(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/captures").join(name).with_extension("pcap")
}

/// A file that is made here.
fn made(name: &str, bytes: &[u8]) -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    fs::write(&path, bytes).expect("a writable folder");
    path
}

#[test]
fn a_real_capture_is_a_conversation() {
    let ran = decode(&real("ipv4"), &[]);
    assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""));
    let expected = r#"── 127.0.0.1:44512 > 127.0.0.1:8333, at 0.000000 s
0.009482 s  Upload from the client: 21 bytes, at 0
     0  00 00 00 15              total     21
     4  05                       name_len  5
     5  61 2e 74 78 74           name      "a.txt"
    10  68 65 6c 6c 6f 20 77 6f  data      "hello world"
    18  72 6c 64
0.010068 s  Done from the server: 6 bytes, at 0
     0  73 61 76 65 64           text  "saved"
     5  0a                             ends it
0.010225 s  Upload from the client: 8 bytes, at 21
     0  00 00 00 08              total     8
     4  01                       name_len  1
     5  62                       name      "b"
     6  00 ff                    data      "\x00\xff"
0.010328 s  Done from the server: 6 bytes, at 6
     0  73 61 76 65 64           text  "saved"
     5  0a                             ends it
"#;
    assert_eq!(ran.out, expected);
}

#[test]
fn ipv6_and_the_interface_any_are_read_too() {
    let ipv6 = decode(&real("ipv6"), &["--json"]);
    assert_eq!((ipv6.code, ipv6.err.as_str()), (Some(0), ""));
    assert_eq!(ipv6.out.matches(r#""message":"Upload","from":"client""#).count(), 2, "{}", ipv6.out);
    assert_eq!(ipv6.out.matches(r#""stream":"[::1]:8333 > [::1]:"#).count(), 2, "{}", ipv6.out);
    let any = decode(&real("any"), &["--client"]);
    assert_eq!(any.code, Some(0), "{}", any.err);
    assert!(any.out.contains("Upload from the client: 21 bytes, at 0\n"), "{}", any.out);
    assert!(!any.out.contains("Done"), "{}", any.out);
}

// ── Files that are made here ──────────────────────────────────────────────────────────────────────────────────────

/// A TCP segment between 10.0.0.1:50000 and 10.0.0.2:8333, as an IPv4 packet.
fn packet(from_client: bool, flags: u8, sequence: u32, data: &[u8]) -> Vec<u8> {
    let ports = if from_client { [50000, 8333] } else { [8333, 50000] };
    segment(ports, from_client, flags, (sequence, 0), data)
}

/// A pcapng file of one section and one interface.
fn pcapng(link: u16, packets: &[Vec<u8>]) -> Vec<u8> {
    fn block(kind: u32, body: &[u8]) -> Vec<u8> {
        let padded = body.len().next_multiple_of(4);
        let length = u32::try_from(12 + padded).expect("small").to_le_bytes();
        let mut block = [&kind.to_le_bytes()[..], &length, body].concat();
        block.resize(8 + padded, 0);
        block.extend(length);
        block
    }
    let mut file = block(0x0a0d_0d0a, b"\x4d\x3c\x2b\x1a\x01\0\0\0\xff\xff\xff\xff\xff\xff\xff\xff");
    file.extend(block(1, &[link.to_le_bytes(), [0, 0], [0xff, 0xff], [0, 0]].concat()));
    for (index, packet) in packets.iter().enumerate() {
        let length = u32::try_from(packet.len()).expect("small");
        let words = [0, 0, u32::try_from(index).expect("few") * 1000, length, length];
        let head: Vec<u8> = words.into_iter().flat_map(u32::to_le_bytes).collect();
        file.extend(block(6, &[head, packet.clone()].concat()));
    }
    file
}

const RAW: u16 = 101;

/// Three uploads, whose segments come late, twice and overlapping, and their answers.
fn disorderly() -> Vec<Vec<u8>> {
    let up = |at: u32, data: &[u8]| packet(true, ACK, 1001 + at, data);
    vec![
        packet(true, SYN, 1000, b""),
        packet(false, SYN_ACK, u32::MAX - 2, b""),
        up(4, b"\x01abc"),
        up(0, b"\0\0\0\x08"),
        up(0, b"\0\0\0\x08"),
        packet(false, ACK, u32::MAX - 1, b"one\ntwo"),
        up(8, b"\0\0\0\x06\x01x\0\0"),
        up(12, b"\x01x\0\0\0\x05\0"),
        packet(false, ACK, 5, b"\nthree\n"),
    ]
}

const ORDERLY: [&str; 6] = [
    "0.003000 s  Upload from the client: 8 bytes, at 0",
    "0.005000 s  Done from the server: 4 bytes, at 0",
    "0.006000 s  Upload from the client: 6 bytes, at 8",
    "0.007000 s  Upload from the client: 5 bytes, at 14",
    "0.008000 s  Done from the server: 4 bytes, at 4",
    "0.008000 s  Done from the server: 6 bytes, at 8",
];

fn titles(out: &str) -> Vec<&str> {
    out.lines().filter(|line| line.contains(" from the ")).collect()
}

#[test]
fn segments_are_put_in_order() {
    let packets = disorderly();
    let null: Vec<Vec<u8>> = packets.iter().map(|packet| [&[2, 0, 0, 0][..], packet].concat()).collect();
    let cooked: Vec<Vec<u8>> = packets.iter().map(|packet| [&[0; 14][..], &[8, 0], packet].concat()).collect();
    for (name, file) in [
        ("raw.pcap", pcap(RAW.into(), &packets)),
        ("raw.pcapng", pcapng(RAW, &packets)),
        ("null.pcap", pcap(0, &null)),
        ("cooked.pcap", pcap(113, &cooked)),
    ] {
        let ran = decode(&made(name, &file), &[]);
        assert_eq!((ran.code, ran.err.as_str()), (Some(0), ""), "{name}: {}", ran.out);
        assert_eq!(titles(&ran.out), ORDERLY, "{name}");
    }
}

#[test]
fn what_is_missing_is_said() {
    let mut packets = disorderly();
    packets.remove(6);
    let ran = decode(&made("gap.pcap", &pcap(RAW.into(), &packets)), &[]);
    assert_eq!(ran.code, Some(1));
    let said =
        "10.0.0.1:50000 > 10.0.0.2:8333: 4 bytes are missing in the capture at byte 8; what follows is left out\n";
    assert_eq!(ran.err, said);
    assert_eq!(titles(&ran.out).len(), 4, "{}", ran.out);
}

#[test]
fn a_capture_may_begin_and_end_anywhere() {
    let midway = decode(&made("midway.pcap", &pcap(RAW.into(), &disorderly()[2..4])), &[]);
    assert_eq!(midway.code, Some(0));
    assert!(
        midway.out.starts_with("── 10.0.0.1:50000 > 10.0.0.2:8333, at 0.000000 s (who is the client is guessed)\n")
    );
    assert_eq!(midway.err, "10.0.0.1:50000 > 10.0.0.2:8333: the capture began within this stream\n");

    let whole = pcap(RAW.into(), &disorderly());
    for cut in (24..whole.len()).step_by(7) {
        let cut = decode(&made("cut.pcap", &whole[..cut]), &["--json"]);
        assert!(matches!(cut.code, Some(0..=2)), "{:?} {}", cut.code, cut.err);
    }
    let torn = decode(&made("torn.pcap", &whole[..whole.len() - 1]), &[]);
    assert!(torn.err.starts_with("wm-schema: 1 packet at the end of the file is torn\n"), "{}", torn.err);
}

#[test]
fn a_stranger_in_a_capture_is_named() {
    let packets = vec![packet(true, SYN, 0, b""), packet(true, ACK, 1, b"\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03")];
    let ran = decode(&made("tls.pcap", &pcap(RAW.into(), &packets)), &["--server"]);
    assert_eq!((ran.code, ran.out.lines().count()), (Some(0), 1), "the server has sent nothing: {}", ran.out);
    let ran = decode(&made("tls.pcap", &pcap(RAW.into(), &packets)), &[]);
    assert!(ran.err.contains("this looks like a TLS ClientHello"), "{}", ran.err);
}

#[test]
fn ports_choose_connections() {
    let file = made("ports.pcap", &pcap(RAW.into(), &disorderly()));
    assert_eq!(titles(&decode(&file, &["--port", "8333"]).out), ORDERLY);
    let none = decode(&file, &["--port", "99"]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.ends_with("; there are some to 8333\n"), "{}", none.err);
}

// ── Datagrams ─────────────────────────────────────────────────────────────────────────────────────────────────────

const BEACON: u16 = 9301;

/// Two clients ask; one is answered, one sends what is cut, and what is none.
fn beacons() -> Vec<Vec<u8>> {
    let asks = |port: u16, data: &[u8]| datagram([port, BEACON], true, data);
    vec![
        asks(50000, b"\0\x01\x01\x03abc"),
        datagram([BEACON, 50000], false, b"\x02\0\x01\x7f\0\0\x01\0\x50"),
        asks(50001, b"\0\x02\x01\x05abc"),
        asks(50001, b"\0\x03\x11\x01a"),
        asks(50000, b"\0\x04\x01\x01b\0\x07"),
        asks(50001, b""),
    ]
}

#[test]
fn datagrams_are_messages() {
    let file = made("beacons.pcap", &pcap(RAW.into(), &beacons()));
    let ran = decode_as("beacon", &file, &[]);
    assert_eq!(ran.code, Some(1));
    let expected = r#"── 10.0.0.1:50000 > 10.0.0.2:9301, at 0.000000 s
0.000000 s  Seek from the client: 7 bytes, at 0
     0  00 01                    id    1
     2  01                       hops  1
     3  03                       name  3 bytes follow
     4  61 62 63                       "abc"
0.001000 s  Moved from the server: 9 bytes, at 0
     0  02                       kind      2
     1  00 01                    id        1
     3                           places    1 element
     3                             [0]     Place
     3  7f 00 00 01                  ip    "\x7f\x00\x00\x01"
     7  00 50                        port  80
0.004000 s  Seek from the client: 7 bytes, at 0
     0  00 04                    id    4
     2  01                       hops  1
     3  01                       name  1 byte follows
     4  62                             "b"
     5  00 07                    zone  7
── 10.0.0.1:50001 > 10.0.0.2:9301, at 0.002000 s
0.002000 s  Seek from the client: refused, at 0
     0  00 02                    id    2
     2  01                       hops  1
     3  05 61 62 63              name
     7  ^^ the bytes end here
0.003000 s  Seek from the client: refused, at 0
     0  00 03                    id    3
     2  11 01 61                 hops
        ^^
"#;
    assert_eq!(ran.out, expected);
    for said in [
        "Seek.name at byte 7 is refused",
        "the bytes end here, 2 more are needed",
        "Seek.hops at byte 2 is refused",
        "10.0.0.1:50001 > 10.0.0.2:9301: a datagram at 0.005000 s is left out: it is empty\n",
    ] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
}

#[test]
fn datagrams_are_chosen_by_side_and_port() {
    let file = made("chosen.pcap", &pcap(RAW.into(), &beacons()));
    let server = decode_as("beacon", &file, &["--server", "--brief"]);
    assert_eq!((server.code, server.err.as_str()), (Some(0), ""));
    let (talks, messages): (Vec<&str>, Vec<&str>) = server.out.lines().partition(|line| line.starts_with("──"));
    assert_eq!(talks.len(), 2);
    assert_eq!(messages.len(), 1, "{}", server.out);
    assert!(messages[0].ends_with("Moved { id: 1, places: [Place { ip: \"\\x7f\\x00\\x00\\x01\", port: 80 }] }"));
    let json = decode_as("beacon", &file, &["--client", "--json"]);
    let stream = r#""stream":"10.0.0.1:50000 > 10.0.0.2:9301","time":0.004"#;
    assert!(json.out.lines().any(|line| line.contains(stream) && line.contains(r#""message":"Seek""#)), "{}", json.out);
    assert_eq!(json.out.lines().count(), 4, "{}", json.out);
    let none = decode_as("beacon", &file, &["--port", "99"]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.ends_with("; there are some to 9301\n"), "{}", none.err);
    // Segments are no datagrams.
    let segments = made("segments.pcap", &pcap(RAW.into(), &disorderly()));
    let none = decode_as("beacon", &segments, &[]);
    assert_eq!(none.code, Some(2));
    assert!(none.err.starts_with("wm-schema: no such UDP datagram in "), "{}", none.err);
}

#[test]
fn a_datagram_that_was_not_captured_whole_is_left_out() {
    let mut packets = beacons();
    packets[4].truncate(28 + 5);
    let ran = decode_as("beacon", &made("snapped.pcap", &pcap(RAW.into(), &packets[..5])), &["--brief"]);
    let said = "10.0.0.1:50000 > 10.0.0.2:9301: a datagram at 0.004000 s is left out: 2 bytes of it are missing in the capture\n";
    assert!(ran.code == Some(1) && ran.err.contains(said), "{}", ran.err);
}

/// A protocol of streams may travel by datagrams, too: one holds a message, and no more.
#[test]
fn a_message_of_a_stream_may_be_a_datagram() {
    let upload = b"\0\0\0\x08\x01abc";
    let more = [&upload[..], b"\0\0\0\x06"].concat();
    let packets = [&upload[..], &upload[..6], &more].map(|data| datagram([50000, 8333], true, data));
    let file = made("datagrams.pcap", &pcap(RAW.into(), &packets));
    let ran = decode(&file, &["--udp"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(
        titles(&ran.out),
        [
            "0.000000 s  Upload from the client: 8 bytes, at 0",
            "0.001000 s  Upload from the client: refused, at 0",
            "0.002000 s  Upload from the client: refused, at 0",
        ]
    );
    for said in ["found 8, but the message says 6", "found 8, but the message says 12"] {
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    let streams = decode(&file, &[]);
    assert_eq!(streams.code, Some(2), "{}", streams.out);
}

#[test]
fn what_is_no_capture_is_refused() {
    for (bytes, said) in [
        (&b""[..], "it is empty"),
        (b"no capture at all, but text", "it is neither pcap nor pcapng"),
        (b"\xd4\xc3\xb2\xa1", "it is neither pcap nor pcapng"),
    ] {
        let ran = decode(&made("none.pcap", bytes), &[]);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{said}");
        assert!(ran.err.contains(said), "{said}: {}", ran.err);
    }
    assert_eq!(decode(Path::new("/no/such.pcap"), &[]).code, Some(2));
    let unknown = decode(&made("unknown.pcap", &pcap(9999, &disorderly())), &[]);
    assert!(unknown.err.starts_with("wm-schema: 9 packets of an unknown link type were left out\n"), "{}", unknown.err);
}

#[test]
fn captures_of_anything_end_well() {
    let files = [pcap(RAW.into(), &disorderly()), pcapng(RAW, &disorderly()), pcap(1, &disorderly())];
    let mut state = 1u64;
    let mut random = |below: usize| {
        // xorshift64: any bytes will do, and always the same ones.
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % below as u64).expect("less than a usize")
    };
    for round in 0..60 {
        let mut file = files[round % files.len()].clone();
        for _ in 0..=random(6) {
            let at = random(file.len());
            file[at] = [0, 0xff, 0x7f, 1, 0x80][random(5)];
        }
        let ran = decode(&made("mutated.pcap", &file), &["--json"]);
        assert!(matches!(ran.code, Some(0..=2)), "round {round}: {:?} {}", ran.code, ran.err);
        assert!(!ran.err.contains("panicked"), "round {round}: {}", ran.err);
    }
}
