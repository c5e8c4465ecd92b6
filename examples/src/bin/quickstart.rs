//! The main job, end to end: a schema becomes a running server, and a real file goes through it.
//!
//! You learn: what one page of schema gives.
//!
//! ```text
//! cargo run --release --bin quickstart [FILE]
//! ```
//!
//! You see: the schema and what was inferred from it; prefork workers that start; FILE (this program itself, if none is
//! named) uploaded; the saved copy compared byte by byte; the server stopped.

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use std::{
    env, fmt,
    fs::{self, File},
    io::{self, BufRead, BufReader, IsTerminal},
    net::{SocketAddr, TcpStream},
    path::{Path, PathBuf},
    process::{Child, ChildStdout, Command, ExitCode, Stdio},
    time::{Duration, Instant},
};
use wm_core::{Framed, Worker};
use wm_examples::{
    proto::binary_transfer::{Client, Done, Server},
    transfer::{self, Receiving},
};

const SCHEMA: &str = include_str!("../../proto/binary_transfer.wm");
const WORKERS: usize = 2;

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        // The server is a process of its own: this program again.
        ["--serve", folder] => serve(folder.into()),
        [] => tour(env::current_exe()),
        ["-h" | "--help"] => usage(ExitCode::SUCCESS),
        [flag] if flag.starts_with('-') => usage(ExitCode::FAILURE),
        [file] => tour(Ok(file.into())),
        _ => usage(ExitCode::FAILURE),
    }
}

/// The whole server.
fn serve(folder: PathBuf) -> ExitCode {
    let worker = Worker::<Server>::new("tcp://127.0.0.1:0").name("upload").count(WORKERS).session::<Receiving>();
    let worker = worker.on_message(move |conn, part| {
        if let Some(answer) = conn.session().take(&folder, &part) {
            conn.send(Done { text: &answer });
        }
    });
    wm_core::Server::new().worker(worker).run()
}

fn tour(file: io::Result<PathBuf>) -> ExitCode {
    let show = Show::new();
    let folder = env::temp_dir().join(format!("wm-quickstart-{}", std::process::id()));
    let outcome = file.map_err(Trouble::from).and_then(|file| walk(&show, &file, &folder));
    // The copy is only there to be compared; a folder that was never made need not be removed.
    fs::remove_dir_all(&folder).ok();
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => show.failed(&trouble),
    }
}

fn walk(show: &Show, file: &Path, folder: &Path) -> Result<(), Trouble> {
    let bytes = fs::metadata(file).map_err(|error| Trouble(format!("{}: {error}", file.display())))?.len();
    let name = transfer::name(file);

    show.step(1, "the schema, examples/proto/binary_transfer.wm");
    let (schema, _tests) = SCHEMA.split_once("\ntest ").unwrap_or((SCHEMA, ""));
    show.lines(schema.trim_end().lines());

    show.step(2, "what was inferred from it");
    show.lines(inferred()?.lines());

    show.step(3, "the server: a master and its workers");
    let mut server = Running::start(folder, show)?;

    show.step(4, "the upload");
    show.fact("sending", &format!("{name}, {}", Size(bytes)));
    let begun = Instant::now();
    let mut connection = Framed::<Client, _>::new(TcpStream::connect(server.address)?);
    transfer::send_file(&mut connection, file).map_err(|error| Trouble(error.to_string()))?;
    let answer = connection.receive(|done| done.text.to_owned()).map_err(|error| Trouble(error.to_string()))?;
    let took = begun.elapsed();
    let answer = answer.ok_or_else(|| Trouble("the server closed without an answer".into()))?;
    show.fact("took", &format!("{took:.1?}, {}/s", Size(rate(bytes, took))));
    if let (Some(client), Some(worker)) = (memory_peak("self"), server.memory_peak()) {
        show.fact("memory", &format!("client {}, worker {}, at most", Size(client), Size(worker)));
    }
    show.fact("answer", &answer);

    show.step(5, "the saved copy against the file");
    let same = compare(file, &folder.join(&name))?;
    show.fact("equal", &format!("all {same} bytes"));

    show.step(6, "the server stops");
    show.fact("exit", &server.stop()?.to_string());
    Ok(())
}

/// The class of framing of each message and its sizes.
fn inferred() -> Result<String, Trouble> {
    let complain = |mistakes: &[wm_schema::diagnostic::Diagnostic]| {
        Trouble(mistakes.iter().map(|mistake| mistake.label.clone()).collect::<Vec<_>>().join("; "))
    };
    let draft = wm_schema::dsl::parse(SCHEMA).map_err(|mistakes| complain(&mistakes))?;
    let resolved = wm_schema::resolve::resolve(&draft);
    let schema = resolved.schema.ok_or_else(|| complain(&resolved.diagnostics))?;
    Ok(wm_schema::explain::explain(&schema))
}

fn rate(bytes: u64, took: Duration) -> u64 {
    let per_second = u128::from(bytes) * 1_000_000 / took.as_micros().max(1);
    u64::try_from(per_second).unwrap_or(u64::MAX)
}

/// How many bytes two files have in common, which must be all of them. Neither is held whole.
fn compare(file: &Path, copy: &Path) -> Result<u64, Trouble> {
    let (mut left, mut right) = (BufReader::new(File::open(file)?), BufReader::new(File::open(copy)?));
    let mut at = 0;
    loop {
        let (here, there) = (left.fill_buf()?, right.fill_buf()?);
        let count = here.len().min(there.len());
        if here[..count] != there[..count] {
            return Err(Trouble(format!("the copy differs behind byte {at}")));
        }
        if count == 0 {
            return if here.len() == there.len() { Ok(at) } else { Err(Trouble(format!("only {at} bytes in both"))) };
        }
        left.consume(count);
        right.consume(count);
        at += count as u64;
    }
}

/// The most memory that a process has held so far, in bytes, if the kernel tells.
fn memory_peak(pid: &str) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    Some(line.split_whitespace().next()?.parse::<u64>().ok()? << 10)
}

/// The server process. Dropped, it is told to stop.
struct Running {
    child: Child,
    address: SocketAddr,
    /// Held open, so that the server never writes into a closed pipe.
    _banner: BufReader<ChildStdout>,
}

impl Running {
    fn start(folder: &Path, show: &Show) -> Result<Self, Trouble> {
        let mut child = Command::new(env::current_exe()?).arg("--serve").arg(folder).stdout(Stdio::piped()).spawn()?;
        let mut banner = BufReader::new(child.stdout.take().ok_or_else(|| Trouble("no output".into()))?);
        let mut address = None;
        loop {
            let mut line = String::new();
            if banner.read_line(&mut line)? == 0 {
                return Err(Trouble(format!("the server ended: {}", child.wait()?)));
            }
            let line = line.trim_end();
            if !line.is_empty() {
                show.lines([line].into_iter());
            }
            address = address.or_else(|| line.split_whitespace().find_map(listening));
            match address {
                Some(address) if line.contains("ready") => return Ok(Self { child, address, _banner: banner }),
                _ => {}
            }
        }
    }

    /// The most memory that one of the workers has held.
    fn memory_peak(&self) -> Option<u64> {
        let pid = self.child.id();
        let workers = fs::read_to_string(format!("/proc/{pid}/task/{pid}/children")).ok()?;
        workers.split_whitespace().filter_map(memory_peak).max()
    }

    fn stop(&mut self) -> Result<std::process::ExitStatus, Trouble> {
        terminate(&self.child)?;
        Ok(self.child.wait()?)
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Ok(None) = self.child.try_wait() {
            terminate(&self.child).ok();
            self.child.wait().ok();
        }
    }
}

/// The address in a word of the server's table.
fn listening(word: &str) -> Option<SocketAddr> {
    word.rsplit("://").next()?.parse().ok()
}

/// Asks a process to stop, as an init system would.
fn terminate(child: &Child) -> io::Result<()> {
    let pid = i32::try_from(child.id()).map_err(io::Error::other)?;
    Ok(kill(Pid::from_raw(pid), Signal::SIGTERM)?)
}

/// Prints the tour: coloured in a terminal, plain in a pipe.
struct Show {
    colours: bool,
}

#[expect(clippy::print_stdout, clippy::print_stderr, reason = "what a command line program is for")]
impl Show {
    fn new() -> Self {
        Self { colours: io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none() }
    }

    fn step(&self, number: usize, title: &str) {
        let (bold, plain) = if self.colours { ("\x1b[1;36m", "\x1b[0m") } else { ("", "") };
        println!("\n{bold}{number}. {title}{plain}");
    }

    fn lines<'a>(&self, lines: impl Iterator<Item = &'a str>) {
        for line in lines {
            println!("   {line}");
        }
    }

    fn fact(&self, what: &str, fact: &str) {
        let (green, plain) = if self.colours { ("\x1b[32m", "\x1b[0m") } else { ("", "") };
        println!("   {green}{what:<8}{plain}{fact}");
    }

    fn failed(&self, trouble: &Trouble) -> ExitCode {
        let (red, plain) = if self.colours { ("\x1b[1;31m", "\x1b[0m") } else { ("", "") };
        eprintln!("{red}quickstart:{plain} {trouble}");
        ExitCode::FAILURE
    }
}

#[expect(clippy::print_stdout, reason = "what a command line program is for")]
fn usage(code: ExitCode) -> ExitCode {
    println!("usage: quickstart [FILE]\n\nUploads FILE, or this program itself, through a server made from a schema.");
    code
}

/// A count of bytes, as a person reads it.
struct Size(u64);

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            bytes @ ..1_024 => write!(f, "{bytes} B"),
            bytes @ ..1_048_576 => write!(f, "{:.1} KiB", bytes as f64 / 1_024.0),
            bytes @ ..1_073_741_824 => write!(f, "{:.1} MiB", bytes as f64 / 1_048_576.0),
            bytes => write!(f, "{:.2} GiB", bytes as f64 / 1_073_741_824.0),
        }
    }
}

/// Why the tour ended early, in a line.
#[derive(Debug)]
struct Trouble(String);

impl fmt::Display for Trouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl From<io::Error> for Trouble {
    fn from(error: io::Error) -> Self {
        Self(error.to_string())
    }
}
