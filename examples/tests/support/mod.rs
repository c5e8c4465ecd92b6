//! Starts an example as its user would, and talks to it through real clients.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    io::{BufRead, BufReader, Read, Write},
    net::SocketAddr,
    path::PathBuf,
    process::{Child, ChildStdin, Command, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    sync::mpsc::{self, Receiver, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

/// How long anything may take before it counts as hung.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// The lines of a process, read by a thread so that every wait is bounded.
pub(crate) struct Lines {
    lines: Receiver<String>,
    seen: Vec<String>,
}

impl Lines {
    pub(crate) fn of(stream: impl Read + Send + 'static) -> Self {
        let (sender, lines) = mpsc::channel();
        thread::spawn(move || {
            for line in BufReader::new(stream).split(b'\n').map_while(Result::ok) {
                if sender.send(String::from_utf8_lossy(&line).into_owned()).is_err() {
                    return;
                }
            }
        });
        Self { lines, seen: Vec::new() }
    }

    /// Waits for a line with `what` in it and returns it.
    #[track_caller]
    pub(crate) fn wait_for(&mut self, what: &str) -> String {
        self.wait_for_any(&[what])
    }

    /// Waits for a line with one of these in it and returns it.
    #[track_caller]
    pub(crate) fn wait_for_any(&mut self, what: &[&str]) -> String {
        let deadline = Instant::now() + PATIENCE;
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    self.seen.push(line.clone());
                    if what.iter().any(|what| line.contains(what)) {
                        return line;
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    panic!("no line with {what:?} in {PATIENCE:?}; seen: {:#?}", self.seen)
                }
                Err(RecvTimeoutError::Disconnected) => panic!("ended without {what:?}; seen: {:#?}", self.seen),
            }
        }
    }

    /// Waits for the end and returns all lines that were not waited for.
    #[track_caller]
    pub(crate) fn rest(&mut self) -> Vec<String> {
        let deadline = Instant::now() + PATIENCE;
        let mut rest = Vec::new();
        loop {
            match self.lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => rest.push(line),
                Err(RecvTimeoutError::Disconnected) => return rest,
                Err(RecvTimeoutError::Timeout) => panic!("no end in {PATIENCE:?}; seen: {rest:#?}"),
            }
        }
    }
}

/// A process with its input and its output at hand. Dropped, it is ended.
pub(crate) struct Client {
    child: Child,
    stdin: Option<ChildStdin>,
    pub(crate) out: Lines,
}

impl Client {
    pub(crate) fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let out = Lines::of(child.stdout.take().unwrap());
        let stdin = child.stdin.take();
        Self { child, stdin, out }
    }

    pub(crate) fn write(&mut self, bytes: impl AsRef<[u8]>) {
        self.stdin.as_mut().unwrap().write_all(bytes.as_ref()).unwrap();
    }

    /// Closes the input, as Ctrl-D does.
    pub(crate) fn end_input(&mut self) {
        self.stdin = None;
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        self.child.kill().ok();
        self.child.wait().ok();
    }
}

/// A running example. Dropped, it is asked to stop, and must.
pub(crate) struct Server {
    child: Child,
    pub(crate) address: SocketAddr,
    pub(crate) err: Lines,
    _out: Lines,
}

impl Server {
    /// Starts an example at an address, under a name of its own, and waits until it says that it is ready.
    pub(crate) fn start(program: &str, address: &str, more: &[&str]) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let instance = format!("test{}-{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        Self::spawn(program, &[&["--listen", address, "--instance", &instance], more].concat())
    }

    /// Starts a program that serves, and waits until it says that it is ready.
    pub(crate) fn spawn(program: &str, arguments: &[&str]) -> Self {
        let mut child = Command::new(program)
            .args(arguments)
            .env("WM_RUN_DIR", env!("CARGO_TARGET_TMPDIR"))
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let mut out = Lines::of(child.stdout.take().unwrap());
        let err = Lines::of(child.stderr.take().unwrap());
        let table = out.wait_for("127.0.0.1:");
        let address = table.split_whitespace().find_map(|word| word.rsplit("://").next()?.parse().ok());
        out.wait_for("ready");
        Self { child, address: address.unwrap_or_else(|| panic!("no address in {table:?}")), err, _out: out }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    pub(crate) fn port(&self) -> String {
        self.address.port().to_string()
    }

    /// A netcat at this server: it ends when its input does and the server has answered.
    pub(crate) fn nc(&self) -> Client {
        Client::start(Command::new("nc").args(["-N", "127.0.0.1", &self.port()]))
    }

    /// Sends bytes with netcat and returns what comes back until the server closes.
    pub(crate) fn ask(&self, bytes: impl AsRef<[u8]>) -> String {
        let mut nc = self.nc();
        nc.write(bytes);
        nc.end_input();
        nc.out.rest().join("\n")
    }

    /// Asks it to stop as a terminal's Ctrl-C or an init system would, and returns its exit code.
    pub(crate) fn stop(&mut self, signal: Signal) -> Option<i32> {
        send(&self.child, signal);
        let deadline = Instant::now() + PATIENCE;
        while Instant::now() < deadline {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            thread::park_timeout(Duration::from_millis(2));
        }
        panic!("does not stop within {PATIENCE:?}");
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            send(&self.child, Signal::SIGTERM);
            self.child.wait().ok();
        }
    }
}

/// Signals a process that was started here and has not been waited for.
fn send(child: &Child, signal: Signal) {
    kill(Pid::from_raw(i32::try_from(child.id()).unwrap()), signal).unwrap();
}

/// Runs a program to its end.
pub(crate) fn run(program: &str, arguments: &[&str]) -> Output {
    let folder = env!("CARGO_TARGET_TMPDIR");
    Command::new(program).args(arguments).env("WM_RUN_DIR", folder).stdin(Stdio::null()).output().unwrap()
}

/// Whether a foreign client is there; said aloud if not.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub(crate) fn have(command: &str) -> bool {
    let found = Command::new("sh").args(["-c", &format!("command -v {command}")]).output().unwrap().status.success();
    if !found {
        eprintln!("LEFT OUT: {command} is not installed");
    }
    found
}

/// The `wm-schema` command, which stands beside the examples once the workspace was built; said aloud if it does not.
#[expect(clippy::print_stderr, reason = "a test that is left out says so")]
pub(crate) fn wm_schema() -> Option<String> {
    let path = PathBuf::from(env!("CARGO_BIN_EXE_files")).with_file_name("wm-schema");
    if !path.exists() {
        eprintln!("LEFT OUT: wm-schema is not built: cargo build -p wm-schema");
        return None;
    }
    Some(path.display().to_string())
}

/// An empty folder for one test.
pub(crate) fn folder(test: &str) -> PathBuf {
    let folder = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(test);
    std::fs::remove_dir_all(&folder).ok();
    std::fs::create_dir_all(&folder).unwrap();
    folder
}
