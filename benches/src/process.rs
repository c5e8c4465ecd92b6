//! [`Server`]: a server in a process of its own, and what it has used.

use crate::{
    machine,
    servers::{Kind, LISTENS_ON, SERVED_BY},
};
use nix::{
    sys::signal::{Signal, kill},
    time::{ClockId, clock_getcpuclockid},
    unistd::Pid,
};
use std::{
    env, fs,
    io::{self, BufRead, BufReader, ErrorKind, Read},
    net::{Ipv4Addr, SocketAddr},
    process::{Child, Command, Stdio},
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

/// How long a server may take to start, and to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// A server in a process of its own. It ends when this is dropped.
pub(crate) struct Server {
    process: Child,
    /// The process that serves: a worker, or the process itself.
    worker: Pid,
    clock: ClockId,
    address: SocketAddr,
}

impl Server {
    /// Starts this program as a server, on a core.
    pub(crate) fn start(kind: Kind, core: usize) -> io::Result<Self> {
        let here = nix::sched::sched_getaffinity(Pid::this())?;
        machine::stay_on(core)?;
        let started = Command::new(env::current_exe()?)
            .args(["serve", kind.name()])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn();
        nix::sched::sched_setaffinity(Pid::this(), &here)?;
        let mut process = started?;
        let said = process.stdout.take().map_or_else(|| Err(ErrorKind::BrokenPipe.into()), announced);
        let (port, worker) = match said {
            Ok(said) => said,
            Err(error) => {
                end(&mut process);
                return Err(io::Error::new(error.kind(), format!("{} did not start: {error}", kind.name())));
            }
        };
        let clock = clock_getcpuclockid(worker)?;
        Ok(Self { process, worker, clock, address: (Ipv4Addr::LOCALHOST, port).into() })
    }

    /// Where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// The time that it has spent on a core, in user and in kernel mode.
    pub(crate) fn cpu(&self) -> io::Result<Duration> {
        Ok(self.clock.now()?.into())
    }

    /// The memory that is its own, in bytes: anonymous pages, so neither code nor what the kernel keeps for sockets.
    pub(crate) fn memory(&self) -> io::Result<u64> {
        let rollup = fs::read_to_string(format!("/proc/{}/smaps_rollup", self.worker))?;
        let line = rollup.lines().find_map(|line| line.strip_prefix("Anonymous:"));
        let kib = line.and_then(|line| line.split_whitespace().next()).and_then(|kib| kib.parse::<u64>().ok());
        kib.map(|kib| kib << 10).ok_or_else(|| io::Error::other("smaps_rollup has no line for anonymous memory"))
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        end(&mut self.process);
    }
}

/// Asks a process to end, and kills it if it does not.
fn end(process: &mut Child) {
    let pid = Pid::from_raw(process.id().cast_signed());
    // Each of these fails only if it has ended by itself.
    let _ = kill(pid, Signal::SIGTERM);
    let deadline = Instant::now() + PATIENCE;
    while let Ok(None) = process.try_wait() {
        if Instant::now() >= deadline {
            let _ = process.kill();
            let _ = process.wait();
            return;
        }
        thread::sleep(Duration::from_millis(1));
    }
}

/// Waits until a server has said where it listens and who serves. Whatever else it says is read and dropped.
fn announced(stdout: impl Read + Send + 'static) -> io::Result<(u16, Pid)> {
    let (tell, told) = mpsc::channel();
    thread::spawn(move || {
        for line in BufReader::new(stdout).lines().map_while(Result::ok) {
            // Nobody listens any more once it is up.
            let _ = tell.send(line);
        }
    });
    let deadline = Instant::now() + PATIENCE;
    let (mut port, mut worker) = (None, None);
    loop {
        if let (Some(port), Some(worker)) = (port, worker) {
            return Ok((port, Pid::from_raw(worker)));
        }
        let left = deadline.saturating_duration_since(Instant::now());
        let line = told.recv_timeout(left).map_err(io::Error::other)?;
        for word in line.split_whitespace() {
            port = port.or_else(|| word.strip_prefix(LISTENS_ON)?.parse().ok());
            worker = worker.or_else(|| word.strip_prefix(SERVED_BY)?.parse().ok());
        }
    }
}
