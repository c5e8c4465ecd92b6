//! The commands that ask a running service. Called in a process of their own, which may wait.

use super::desk::visit;
use super::instance::{Holder, Instance};
use super::{FAILED, NOT_RUNNING, Reply, Request};
use crate::process::Console;
use std::io::{self, BufRead, BufReader, ErrorKind, Write};
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

/// How long the service may take to say anything at all. A stop may take longer: it is heard of.
const PATIENCE: Duration = Duration::from_secs(10);

/// How long the processes of a service may be there after its last word.
const LETTING_GO: Duration = Duration::from_secs(10);

/// Shows what the service does.
pub(super) fn status(instance: &Instance, json: bool) -> u8 {
    let Some(stream) = connect(instance) else { return not_running(instance) };
    let console = Console::new(false);
    ask(stream, &Request::Status, Some(PATIENCE), |reply| match reply {
        Reply::Status(status) if json => {
            let text = serde_json::to_string_pretty(&status).unwrap_or_default();
            console.print(&format!("{text}\n"));
        }
        Reply::Status(status) => console.print(&status.show(console.is_terminal())),
        other => tell(console, other),
    })
}

/// Ends the service, and waits until its processes are gone: another can be started at once. None if it does not run.
pub(super) fn stop(instance: &Instance, graceful: bool) -> Option<u8> {
    let before = instance.holder();
    let stream = connect(instance)?;
    let console = Console::new(false);
    let code = ask(stream, &Request::Stop { graceful }, None, |reply| tell(console, reply));
    if !matches!(code, FAILED | NOT_RUNNING) && !is_let_go(instance, before.as_ref()) {
        let seconds = LETTING_GO.as_secs();
        console.fail(&format!(
            "the service has ended, but {seconds} s later a process of it is still there and holds the lock"
        ));
        return Some(FAILED);
    }
    Some(code)
}

/// Waits until a lock is not held any more by who held it. The last word of a service comes shortly before its end.
fn is_let_go(instance: &Instance, before: Option<&Holder>) -> bool {
    let deadline = Instant::now() + LETTING_GO;
    while before.is_some() && instance.holder().as_ref() == before {
        if Instant::now() >= deadline {
            return false;
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    true
}

fn tell(console: Console, reply: Reply) {
    match reply {
        Reply::Say(line) => console.remark(&line),
        Reply::Refused(problem) => console.fail(&problem),
        Reply::Status(_) | Reply::End { .. } => {}
    }
}

/// The service, if it runs.
fn connect(instance: &Instance) -> Option<UnixStream> {
    visit(&instance.socket()).ok()
}

/// Says that there is nobody to ask.
pub(super) fn not_running(instance: &Instance) -> u8 {
    Console::new(false).fail(&format!("{} is not running", instance.name()));
    NOT_RUNNING
}

/// Asks, passes on what is answered, and says with which code to exit.
fn ask(stream: UnixStream, request: &Request, patience: Option<Duration>, mut each: impl FnMut(Reply)) -> u8 {
    let console = Console::new(false);
    let mut talk = || -> io::Result<Option<u8>> {
        stream.set_read_timeout(patience)?;
        let mut line = serde_json::to_vec(request).map_err(io::Error::other)?;
        line.push(b'\n');
        (&stream).write_all(&line)?;
        for line in BufReader::new(&stream).lines() {
            match serde_json::from_str(&line?)? {
                Reply::End { code } => return Ok(Some(code)),
                reply @ Reply::Refused(_) => {
                    each(reply);
                    return Ok(Some(FAILED));
                }
                reply => each(reply),
            }
        }
        Ok(None)
    };
    match talk() {
        Ok(Some(code)) => code,
        Ok(None) => {
            console.fail("the service has ended in the middle of its answer");
            FAILED
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
            let seconds = PATIENCE.as_secs();
            console.fail(&format!("the service has not answered for {seconds} s, though its process is there"));
            FAILED
        }
        Err(error) => {
            console.fail(&format!("the service does not answer: {error}"));
            FAILED
        }
    }
}
