//! A program under test: its output, line by line, its children, its end. Every wait is bounded.

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;
use std::fs;
use std::io::{BufRead, BufReader, Read};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes on a slow machine, shorter than the patience of whoever runs the tests.
const PATIENCE: Duration = Duration::from_secs(20);

/// A running program, in a process group of its own. Dropped, it is killed, and its workers with it.
pub(crate) struct Program {
    child: Child,
    out: Arc<Lines>,
    err: Arc<Lines>,
}

/// What came out of a pipe.
#[derive(Default)]
struct Lines {
    state: Mutex<(Vec<String>, bool)>,
    changed: Condvar,
}

impl Program {
    /// Starts the server with arguments separated by blanks.
    pub(crate) fn start(arguments: &str) -> Self {
        Self::spawn(Command::new(env!("CARGO_BIN_EXE_blocking_server")).args(arguments.split_whitespace()))
    }

    /// Starts the server as a parent does that ignores a signal. (A shell is no help: dash cannot ignore SIGCHLD.)
    pub(crate) fn start_ignoring(signal: &str, arguments: &str) -> Self {
        let mut command = Command::new("env");
        command.arg(format!("--ignore-signal={signal}")).arg(env!("CARGO_BIN_EXE_blocking_server"));
        Self::spawn(command.args(arguments.split_whitespace()))
    }

    fn spawn(command: &mut Command) -> Self {
        let command = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
        let mut child = command.spawn().expect("the server starts");
        let out = Lines::collect(child.stdout.take().expect("piped"));
        let err = Lines::collect(child.stderr.take().expect("piped"));
        Self { child, out, err }
    }

    /// Starts the server and waits until it says that it is ready.
    pub(crate) fn ready(arguments: &str) -> Self {
        let program = Self::start(arguments);
        program.said("wm: ready");
        program
    }

    pub(crate) fn pid(&self) -> i32 {
        i32::try_from(self.child.id()).expect("pids are small")
    }

    /// Waits for a line on stdout that contains a text.
    pub(crate) fn said(&self, text: &str) -> String {
        self.out.wait_for(text)
    }

    /// Whether stdout has had a line by now that contains a text.
    pub(crate) fn has_said(&self, text: &str) -> bool {
        self.out.state.lock().unwrap().0.iter().any(|line| line.contains(text))
    }

    /// Waits for a line on stderr that contains a text.
    pub(crate) fn warned(&self, text: &str) -> String {
        self.err.wait_for(text)
    }

    /// The port of the worker in a line of the table.
    pub(crate) fn port(&self, worker: &str) -> u16 {
        let row = self.said(worker);
        let listen = row.split_whitespace().nth(1).expect("a column `listen`");
        listen.rsplit(':').next().and_then(|port| port.parse().ok()).expect("a port")
    }

    pub(crate) fn signal(&self, signal: Signal) {
        send(self.pid(), signal);
    }

    /// What a terminal does on Ctrl-C.
    pub(crate) fn signal_group(&self, signal: Signal) {
        killpg(Pid::from_raw(self.pid()), signal).expect("the group is there");
    }

    /// The pids of its workers, once there are so many.
    pub(crate) fn workers(&self, count: usize) -> Vec<i32> {
        eventually("so many workers", || Some(children(self.pid())).filter(|pids| pids.len() == count))
    }

    /// Waits for the end: exit code, stdout, stderr.
    pub(crate) fn end(mut self) -> (Option<i32>, String, String) {
        let status = eventually("the end", || self.child.try_wait().expect("it is our child"));
        (status.code(), self.out.all(), self.err.all())
    }

    /// Ends it with SIGTERM, which it must obey.
    pub(crate) fn stop(self) -> (String, String) {
        self.signal(Signal::SIGTERM);
        let (code, out, err) = self.end();
        assert_eq!(code, Some(0), "stdout: {out}\nstderr: {err}");
        (out, err)
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already, and then both fail.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Lines {
    fn collect(pipe: impl Read + Send + 'static) -> Arc<Self> {
        let lines = Arc::new(Self::default());
        let shared = Arc::clone(&lines);
        thread::spawn(move || {
            for line in BufReader::new(pipe).lines().map_while(Result::ok) {
                shared.state.lock().unwrap().0.push(line);
                shared.changed.notify_all();
            }
            shared.state.lock().unwrap().1 = true;
            shared.changed.notify_all();
        });
        lines
    }

    fn wait_for(&self, text: &str) -> String {
        let found = |lines: &[String]| lines.iter().find(|line| line.contains(text)).cloned();
        let waiting = |state: &mut (Vec<String>, bool)| found(&state.0).is_none() && !state.1;
        let state = self.state.lock().unwrap();
        let (state, _) = self.changed.wait_timeout_while(state, PATIENCE, waiting).unwrap();
        found(&state.0).unwrap_or_else(|| panic!("no line with {text:?} in {:#?}", state.0))
    }

    /// All of it, once the pipe is closed at the other end.
    fn all(&self) -> String {
        let state = self.state.lock().unwrap();
        let (state, _) = self.changed.wait_timeout_while(state, PATIENCE, |state| !state.1).unwrap();
        assert!(state.1, "somebody keeps the pipe open");
        state.0.join("\n")
    }
}

/// Tries until there is an answer. The pause is no wait for the thing: it only leaves the processor to others.
pub(crate) fn eventually<T>(what: &str, mut attempt: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(answer) = attempt() {
            return answer;
        }
        assert!(Instant::now() < deadline, "waited {PATIENCE:?} in vain for {what}");
        thread::sleep(Duration::from_millis(2));
    }
}

/// What the server answers: two numbers, or one.
pub(crate) fn ask(port: u16) -> Option<Vec<i32>> {
    let mut peer = TcpStream::connect(("127.0.0.1", port)).ok()?;
    peer.set_read_timeout(Some(PATIENCE)).ok()?;
    let mut answer = String::new();
    peer.read_to_string(&mut answer).ok()?;
    answer.split_whitespace().map(|number| number.parse().ok()).collect()
}

pub(crate) fn send(pid: i32, signal: Signal) {
    kill(Pid::from_raw(pid), signal).expect("it is there");
}

/// Whether a process is there and not only a name in its parent's list.
pub(crate) fn lives(pid: i32) -> bool {
    stat(pid).is_some_and(|(state, _)| state != "Z" && state != "X")
}

/// Whether a process has been reaped.
pub(crate) fn is_gone(pid: i32) -> bool {
    stat(pid).is_none()
}

/// The living children of a process.
fn children(parent: i32) -> Vec<i32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted");
    let pids = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    let mut children: Vec<i32> =
        pids.filter(|&pid| stat(pid).is_some_and(|(state, of)| of == parent && state != "Z")).collect();
    children.sort_unstable();
    children
}

/// State and parent, the third and fourth column of `/proc/PID/stat` (proc(5)).
fn stat(pid: i32) -> Option<(String, i32)> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // The second column is a name in parentheses, which may hold anything.
    let mut columns = text.rsplit_once(')')?.1.split_whitespace();
    Some((columns.next()?.to_owned(), columns.next()?.parse().ok()?))
}
