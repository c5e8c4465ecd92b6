//! A service in the background. The process that starts it stays until the service is ready, and then reports that it is;
//! or why it is not, with what it has said.

use super::instance::Instance;
use super::{DONE, FAILED};
use crate::error::Error;
use crate::process::Console;
use crate::process::{Fork, ProcStatus, SingleThread, fork};
use nix::fcntl::OFlag;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, pipe2, setsid};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// How much of the log is shown of a service that could not be started.
const TAIL_BYTES_MAX: u64 = 4 << 10;

/// The word for whoever waits in the foreground: the service is ready.
#[derive(Debug)]
pub(crate) struct Herald(File);

impl Herald {
    /// Called in the master, once.
    pub(crate) fn ready(mut self) {
        // Whoever had waited may have been interrupted.
        let _ = self.0.write_all(b"\n");
    }
}

/// Lets `serve` serve in a process without a terminal, whose output goes to the log, and returns when it is ready.
pub(super) fn start(instance: &Instance, serve: impl FnOnce(Herald) -> ExitCode) -> ExitCode {
    let console = Console::new(false);
    match split(instance) {
        Ok(Side::Daemon(herald)) => serve(herald),
        Ok(Side::Starter(starter)) => ExitCode::from(starter.wait(console, instance)),
        Err(error) => {
            console.fail(&error.to_string());
            ExitCode::from(FAILED)
        }
    }
}

enum Side {
    Daemon(Herald),
    Starter(Starter),
}

/// In the foreground.
struct Starter {
    pid: Pid,
    ear: File,
    log: PathBuf,
    /// Where the log ended before.
    from: u64,
}

fn split(instance: &Instance) -> Result<Side, Error> {
    let path = instance.log();
    let fault = |source| Error::Log { path: path.clone(), source };
    let log = OpenOptions::new().append(true).create(true).mode(0o640).open(&path).map_err(fault)?;
    let from = log.metadata().map_err(fault)?.len();
    let thread = SingleThread::prove(&ProcStatus::read()?)?;
    let (ear, herald) = pipe2(OFlag::O_CLOEXEC).map_err(|errno| Error::Fork(errno.into()))?;
    match fork(&thread).map_err(|errno| Error::Fork(errno.into()))? {
        Fork::Master { pid } => Ok(Side::Starter(Starter { pid, ear: ear.into(), log: path, from })),
        Fork::Worker => {
            drop(ear);
            leave_the_terminal(&log).map_err(fault)?;
            Ok(Side::Daemon(Herald(herald.into())))
        }
    }
}

/// A session of its own, so that no terminal's hang-up reaches it; its output goes to the log. Called in the daemon.
fn leave_the_terminal(log: &File) -> io::Result<()> {
    setsid()?;
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(log)?;
    dup2_stderr(log)?;
    Ok(())
}

impl Starter {
    fn wait(mut self, console: Console, instance: &Instance) -> u8 {
        let (name, log, pid) = (instance.name(), self.log.display(), self.pid);
        if matches!(self.ear.read(&mut [0]), Ok(1)) {
            console.remark(&format!("{name} is ready, process {pid}; its log is {log}"));
            return DONE;
        }
        let code = match waitpid(self.pid, None) {
            Ok(WaitStatus::Exited(_, code)) => u8::try_from(code).unwrap_or(FAILED).max(FAILED),
            _ => FAILED,
        };
        let said = tail(&self.log, self.from).unwrap_or_default();
        console.fail(&format!("{name} has not become ready; the end of {log}:"));
        said.lines().for_each(|line| console.print_trouble(&format!("  {line}\n")));
        code
    }
}

/// The last lines that were written behind `from`.
fn tail(path: &Path, from: u64) -> io::Result<String> {
    let mut file = File::open(path)?;
    let start = from.max(file.metadata()?.len().saturating_sub(TAIL_BYTES_MAX));
    file.seek(SeekFrom::Start(start))?;
    let mut bytes = Vec::new();
    file.take(TAIL_BYTES_MAX).read_to_end(&mut bytes)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}
