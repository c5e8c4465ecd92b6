//! The chat room is its own control program: each command, as an operator types it, on real processes.

#[allow(dead_code, reason = "the tests of the other examples use the rest of it")]
mod support;

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use serde_json::Value;
use std::{
    fs,
    io::{ErrorKind, Read, Write},
    net::{TcpListener, TcpStream},
    os::unix::net::UnixStream,
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};
use support::{PATIENCE, folder};

/// A chat room with a folder of its own. Dropped, it is stopped.
struct Room {
    folder: PathBuf,
}

impl Room {
    fn new(test: &str) -> Self {
        Self { folder: folder(&format!("control-{test}")) }
    }

    fn command(&self, line: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_chat_room"));
        command.args(line.split_whitespace()).env("WM_RUN_DIR", &self.folder).stdin(Stdio::null());
        command
    }

    /// Runs a command to its end; says its code, stdout and stderr.
    fn run(&self, line: &str) -> (Option<i32>, String, String) {
        let Output { status, stdout, stderr } = self.command(line).output().unwrap();
        let text = |bytes| String::from_utf8(bytes).unwrap();
        (status.code(), text(stdout), text(stderr))
    }

    /// As [`run`](Self::run), which must succeed; says its stdout.
    #[track_caller]
    fn must(&self, line: &str) -> String {
        let (code, out, err) = self.run(line);
        assert_eq!((code, err.as_str()), (Some(0), ""), "{line}: {out}");
        out
    }

    fn start(&self) {
        self.must("start -d --listen text://127.0.0.1:0");
    }

    fn status(&self) -> Value {
        serde_json::from_str(&self.must("status --json")).unwrap()
    }

    fn connect(&self) -> TcpStream {
        let status = self.status();
        let address = status["workers"][0]["listen"].as_str().unwrap().strip_prefix("text://").unwrap().to_owned();
        let peer = TcpStream::connect(address).unwrap();
        peer.set_read_timeout(Some(PATIENCE)).unwrap();
        peer
    }

    fn master(&self) -> i32 {
        i32::try_from(self.status()["pid"].as_i64().unwrap()).unwrap()
    }
}

impl Drop for Room {
    fn drop(&mut self) {
        self.run("stop");
    }
}

/// Reads up to a text.
fn read_until(peer: &mut TcpStream, text: &str) {
    let mut read = String::new();
    let mut byte = [0];
    while !read.ends_with(text) {
        assert_eq!(peer.read(&mut byte).unwrap(), 1, "{read}");
        read.push(byte[0].into());
    }
}

/// Tries until there is an answer. The pause is no wait for the thing: it only leaves the processor to others.
fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = attempt() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        thread::park_timeout(Duration::from_millis(2));
    }
}

fn lives(pid: i32) -> bool {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    stat.rsplit_once(") ").is_some_and(|(_, state)| !state.starts_with(['Z', 'X']))
}

#[test]
fn it_is_started_in_the_background_asked_and_stopped() {
    let room = Room::new("life");
    let said = room.must("start -d --listen text://127.0.0.1:0");
    assert!(said.starts_with("wm: chat_room is ready, process "), "{said}");
    let mut tom = room.connect();
    read_until(&mut tom, "user[1] login\n");
    tom.write_all(b"hello\n").unwrap();
    read_until(&mut tom, "user[1] said: hello\n");

    // The card is written at the end of the turn in which the answer was sent.
    let process = eventually("the frame to be counted", || {
        let process = room.status()["workers"][0]["processes"][0].clone();
        (process["frames_in"] == 1).then_some(process)
    });
    let expected = [("connections", 1), ("accepted", 1), ("frames_out", 2), ("bytes_in", 6), ("bytes_out", 34)];
    for (name, count) in expected {
        assert_eq!(process[name], count, "{name}: {process}");
    }
    assert_eq!(process["state"], "ready");

    let status = room.must("status");
    let lines: Vec<_> = status.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    assert!(lines[0].starts_with("chat_room: ready, up "), "{status}");
    assert_eq!(lines[2], "worker listen processes connections lost", "{status}");
    assert!(lines[3].starts_with("chat_room text://127.0.0.1:") && lines[3].ends_with(" 1 1 0"), "{status}");
    assert!(lines[6].starts_with("chat_room[0] ") && lines[6].ends_with(" 1 1 1 2 6 B 34 B 0"), "{status}");

    let (master, log) = (room.master(), room.folder.join("chat_room.log"));
    let pid = fs::read_to_string(room.folder.join("chat_room.pid")).unwrap();
    assert_eq!(pid.trim(), master.to_string());
    let said = room.must("stop");
    assert_eq!(said, "wm: stopping, 1 process may drain for 10 s\nwm: stopped\n");
    eventually("the end of the process", || (!lives(master)).then_some(()));
    assert_eq!(tom.read(&mut [0]).unwrap(), 0, "the peer is told, too");
    assert!(fs::read_to_string(log).unwrap().ends_with("wm: stopped\n"));
    for command in ["stop", "status", "stop -g"] {
        let (code, out, err) = room.run(command);
        assert_eq!((code, out.as_str(), err.as_str()), (Some(4), "", "wm: chat_room is not running\n"));
    }
}

#[test]
fn there_is_one_of_each_instance() {
    let room = Room::new("once");
    let start = |_| room.command("start -d --listen text://127.0.0.1:0").stderr(Stdio::piped()).spawn().unwrap();
    let both: Vec<Child> = (0..2).map(start).collect();
    let ends: Vec<Output> = both.into_iter().map(|child| child.wait_with_output().unwrap()).collect();
    let mut codes: Vec<_> = ends.iter().map(|end| end.status.code()).collect();
    codes.sort_unstable();
    assert_eq!(codes, [Some(0), Some(1)]);
    let (code, _, err) = room.run("start --listen text://127.0.0.1:0");
    let told = format!("wm: chat_room is running already, as process {}; `restart` replaces it", room.master());
    assert!(code == Some(1) && err.starts_with(&told), "{err}");

    room.must("start -d --listen text://127.0.0.1:0 --instance second");
    assert!(room.must("status --instance second").starts_with("second: ready"));
    room.must("stop --instance second");
}

#[test]
fn why_it_does_not_become_ready_is_told() {
    let room = Room::new("refused");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = format!("text://{}", other.local_addr().unwrap());
    let (code, out, err) = room.run(&format!("start -d --listen {address}"));
    assert_eq!((code, out.as_str()), (Some(1), ""));
    assert!(err.starts_with("wm: chat_room has not become ready; the end of "), "{err}");
    assert!(err.contains(&format!("\n  wm: worker chat_room: {address} is in use: ")), "{err}");
    assert!(err.ends_with("\n  wm: nothing was started\n"), "{err}");
    assert_eq!(fs::read_dir(&room.folder).unwrap().count(), 2, "its log and its pid file, but no socket");

    let (code, _, err) = room.run("start --listen text://127.0.0.1:0 --listen text://127.0.0.1:0");
    assert!(code == Some(1) && err.contains("only 1 of its workers listen"), "{err}");
    let long = "x".repeat(100);
    for (line, expected) in [
        ("start --instance ../x", "\"../x\" cannot name an instance"),
        ("start --run-dir /proc/x", "/proc/x cannot be the folder of the service"),
        (&*format!("start --instance {long}"), "the path of the control socket has "),
    ] {
        let (code, _, err) = room.run(line);
        assert!(code == Some(1) && err.contains(expected) && err.lines().count() == 1, "{line}: {err}");
    }
    let (code, _, err) = room.run("strat");
    assert!(code == Some(64) && err.contains("start"), "{err}");
}

#[test]
fn it_is_checked_without_being_started() {
    let room = Room::new("check");
    let free = room.must("check --listen text://127.0.0.1:0");
    assert_eq!(free, "wm: the settings are right, and all addresses are free\n");
    let other = TcpListener::bind("127.0.0.1:0").unwrap();
    let (code, _, err) = room.run(&format!("check --listen text://{}", other.local_addr().unwrap()));
    assert!(code == Some(1) && err.contains("is in use"), "{err}");
    let (code, _, err) = room.run("check --listen frame://127.0.0.1:0");
    assert!(code == Some(1) && err.contains("speaks \"text\""), "{err}");
    room.start();
    assert!(room.must("check").contains("it is running"));
}

#[test]
fn a_graceful_stop_waits_for_the_peers() {
    let room = Room::new("graceful");
    room.start();
    let mut tom = room.connect();
    read_until(&mut tom, "login\n");
    let mut stop = room.command("stop -g").stdout(Stdio::piped()).spawn().unwrap();
    eventually("the door to be closed", || TcpStream::connect(tom.peer_addr().unwrap()).err());
    tom.write_all(b"still here\n").unwrap();
    read_until(&mut tom, "user[1] said: still here\n");
    assert_eq!(room.status()["state"], "waiting for its peers to leave");
    assert!(stop.try_wait().unwrap().is_none());
    drop(tom);
    let end = stop.wait_with_output().unwrap();
    let said = String::from_utf8(end.stdout).unwrap();
    assert_eq!(said, "wm: stopping, 1 process end when their peers have left\nwm: stopped\n");
    assert_eq!(end.status.code(), Some(0));
}

#[test]
fn a_restart_is_another_process() {
    let room = Room::new("restart");
    room.must("restart -d --listen text://127.0.0.1:0");
    let first = room.master();
    let address = room.status()["workers"][0]["listen"].as_str().unwrap().to_owned();
    room.must(&format!("restart -d --listen {address}"));
    assert_ne!(room.master(), first);
    eventually("the end of the process", || (!lives(first)).then_some(()));
    assert_eq!(room.status()["workers"][0]["listen"], *address);
}

/// Whatever is started behind a stop finds the lock free and the socket gone.
#[test]
fn a_stop_is_over_when_it_returns() {
    let room = Room::new("again");
    room.start();
    for _ in 0..20 {
        room.must("restart -d --listen text://127.0.0.1:0");
        room.must("stop");
        room.start();
    }
}

#[test]
fn a_master_that_is_killed_leaves_nothing_in_the_way() {
    let room = Room::new("killed");
    for _ in 0..10 {
        room.start();
        let status = room.status();
        let pids = [&status["pid"], &status["workers"][0]["processes"][0]["pid"]];
        let [master, worker] = pids.map(|pid| i32::try_from(pid.as_i64().unwrap()).unwrap());
        kill(Pid::from_raw(master), Signal::SIGKILL).unwrap();
        assert_eq!(room.run("status").0.filter(|&code| code == 0), None);
        // The lock is free when the last of its processes is gone.
        eventually("its end", || (!lives(master) && !lives(worker)).then_some(()));
    }
    room.start();
}

#[test]
fn whatever_is_said_to_the_control_socket_it_serves() {
    let room = Room::new("garbage");
    room.start();
    let socket = room.folder.join("chat_room.sock");
    let mode = std::os::unix::fs::MetadataExt::mode(&fs::metadata(&socket).unwrap());
    assert_eq!(mode & 0o777, 0o600);
    let visit = |words: &[u8]| {
        let mut visitor = UnixStream::connect(&socket).unwrap();
        visitor.set_read_timeout(Some(PATIENCE)).unwrap();
        // It may be shown out before it has said all.
        let _ = visitor.write_all(words);
        let mut answer = String::new();
        // What it had not said by then is answered by a reset, but it never waits in vain.
        let end = visitor.read_to_string(&mut answer);
        assert!(!end.is_err_and(|error| error.kind() == ErrorKind::WouldBlock), "no end behind {answer:?}");
        answer
    };
    let understood = visit(b"\"status\"\n\"stop\"\n");
    assert!(
        understood.starts_with("{\"status\":{") && understood.ends_with("{\"end\":{\"code\":0}}\n"),
        "{understood}"
    );
    for words in [&b"\n"[..], b"GET / HTTP/1.0\r\n\r\n", b"\xff\0\xff\n", b"{\"stop\":{\"graceful\":7}}\n"] {
        assert!(visit(words).starts_with("{\"refused\":\"this version does not understand the request"));
    }
    let long = visit(&[b'x'; 1 << 20]);
    assert!(long.is_empty() || long.contains("at most 4096 bytes"), "{long}");
    // More than it hears at once; all of them are silent.
    let silent: Vec<_> = (0..20).map(|_| UnixStream::connect(&socket).unwrap()).collect();
    drop(silent);
    let mut tom = room.connect();
    read_until(&mut tom, "user[1] login\n");
}

/// What a person sees who asks for help.
#[test]
fn its_help_names_every_command() {
    let help = Room::new("help").must("--help");
    for command in ["start", "stop", "restart", "status", "check", "--listen", "--instance", "--run-dir"] {
        assert!(help.contains(command), "{help}");
    }
    assert!(Path::new(env!("CARGO_BIN_EXE_chat_room")).exists());
}
