//! The commands of `docs/tools.md` are run, and print what stands below them. `WM_BLESS=1` writes it anew.
//!
//! A `serve` runs until the `send` behind it has talked to it; what it has printed stands below it all the same.

mod captures;

use captures::{datagram, pcap};
use std::fs;
use std::io::{BufRead, BufReader, Read as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

/// How long a server may take to say where it listens.
const PATIENCE: Duration = Duration::from_secs(20);
/// The ports of the page, in place of those that were free: of the server, and of its client.
const PORTS: [&str; 2] = ["8333", "50412"];

/// A folder with the files that the page names.
fn folder() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("tools");
    fs::create_dir_all(&folder).expect("a writable folder");
    for name in ["binary_transfer.wm", "upload.wm", "socks5.wm", "beacon.wm"] {
        fs::copy(root.join("../tests/schemas").join(name), folder.join(name)).expect("a schema");
    }
    fs::copy(root.join("../tests/schemas/door.wm"), folder.join("door.wm")).expect("a schema");
    fs::write(folder.join("beacons.pcap"), beacons()).expect("a capture");
    fs::copy(root.join("tests/captures/ipv4.pcap"), folder.join("traffic.pcap")).expect("a capture");
    for (name, version) in [("old.wm", OLD), ("new.wm", NEW)] {
        fs::write(folder.join(name), version).expect("a schema");
    }
    folder
}

/// A client that looks for two services; the second question is cut.
fn beacons() -> Vec<u8> {
    let asks = |bytes: &[u8]| datagram([50412, 9301], true, bytes);
    let packets = [
        asks(b"\0\x01\x01\x07printer"),
        datagram([9301, 50412], false, b"\x02\0\x01\x0a\0\0\x02\x02\x77"),
        asks(b"\0\x02\x01\x05cloc"),
    ];
    // Plain IP packets.
    pcap(101, &packets)
}

/// The two versions that the page compares.
const OLD: &str = "protocol chat\n\nmessage Say from client { level: u8 in 0..=9  text: str[u8] max 99 }\n";
const NEW: &str = "protocol chat\n\nmessage Say from client { level: u8 in 0..=10  words: str[u8] max 99 }\n";

/// What the commands of the page make must not be there already.
fn clean() {
    let folder = folder();
    for made in ["transfer.lua", "door.html"] {
        let _ = fs::remove_file(folder.join(made));
    }
    let _ = fs::remove_dir_all(folder.join("parrot"));
}

/// The words of a command line; single quotes hold them together.
fn words(line: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (index, piece) in line.split('\'').enumerate() {
        if index % 2 == 1 {
            words.push(piece.to_owned());
        } else {
            words.extend(piece.split_whitespace().map(str::to_owned));
        }
    }
    words
}

fn command(line: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
    command.args(&words(line)[1..]).current_dir(folder()).stdin(Stdio::null());
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command
}

/// What a command prints, and then what it says.
fn printed(line: &str) -> String {
    let output = command(line).output().expect("the command starts");
    let text = [output.stdout, output.stderr].concat();
    String::from_utf8(text).expect("output is UTF-8")
}

/// A server that is running.
struct Server {
    child: Child,
    port: String,
    /// What it said first.
    said: String,
    /// The rest of it, once it has ended.
    rest: mpsc::Receiver<String>,
}

impl Server {
    fn start(line: &str) -> Self {
        let mut child = command(&format!("{line} 127.0.0.1:0")).spawn().expect("the command starts");
        let mut err = BufReader::new(child.stderr.take().expect("its errors"));
        let (sender, rest) = mpsc::channel();
        std::thread::spawn(move || {
            let (mut first, mut more) = (String::new(), String::new());
            let _ = err.read_line(&mut first);
            let _ = sender.send(first);
            let _ = err.read_to_string(&mut more);
            let _ = sender.send(more);
        });
        let said = rest.recv_timeout(PATIENCE).expect("it says where it listens");
        let port = said.split("127.0.0.1:").nth(1).and_then(|rest| rest.split(';').next()).expect("a port").to_owned();
        Self { child, port, said, rest }
    }

    /// All that it has printed and said, with the ports of the page.
    fn end(mut self) -> String {
        let more = self.rest.recv_timeout(PATIENCE).expect("it ends with its only connection");
        let mut out = String::new();
        self.child.stdout.take().expect("its output").read_to_string(&mut out).expect("UTF-8");
        self.child.wait().expect("it ends");
        let client =
            out.split(' ').next().and_then(|address| address.rsplit(':').next()).unwrap_or_default().to_owned();
        // Of a connection it is said that it has come and gone.
        let (opened, closed) = more.split_at(more.find('\n').map_or(0, |end| end + 1));
        let text = format!("{}{opened}{out}{closed}", self.said);
        let port = |port: &str| format!("127.0.0.1:{port}");
        text.replace(&port(&self.port), &port(PORTS[0])).replace(&port(&client), &port(PORTS[1]))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The page with what its commands print.
fn fresh(page: &str) -> String {
    let mut text = String::new();
    let mut serving: Option<(Server, usize)> = None;
    let mut in_output = false;
    for line in page.lines() {
        if let Some(command) = line.strip_prefix("$ ") {
            text.push_str(&format!("{line}\n"));
            in_output = true;
            if command.contains(" serve ") {
                serving = Some((Server::start(command), text.len()));
            } else if let Some((server, at)) = serving.take_if(|_| command.contains(" send ")) {
                text.push_str(&printed(&command.replace(PORTS[0], &server.port)));
                text.insert_str(at, &server.end());
            } else {
                text.push_str(&printed(command));
            }
        } else if line == "```" || !in_output {
            in_output = false;
            text.push_str(&format!("{line}\n"));
        }
    }
    text
}

#[test]
fn the_page_shows_what_is_printed() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/tools.md");
    let page = fs::read_to_string(&path).expect("the page");
    clean();
    let fresh = fresh(&page);
    assert!(fresh.matches("\n$ wm-schema ").count() >= 8, "{fresh}");
    if std::env::var_os("WM_BLESS").is_some() {
        fs::write(&path, fresh).expect("a writable page");
    } else {
        assert_eq!(page, fresh, "docs/tools.md is not fresh: WM_BLESS=1 cargo test -p wm-schema --test tools");
    }
}
