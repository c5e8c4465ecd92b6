//! A pipe from each worker to the master: one byte when it is up, and a line when it ends for a reason of its own.
//!
//! The master reads with a limit and without waiting, whatever the worker does with its end.

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::unistd::pipe2;
use std::fs::File;
use std::io::{ErrorKind, Read, Write};
use std::os::fd::{AsFd, BorrowedFd};

/// The most that the master reads of a reason: a few lines of a terminal. A pipe holds more, so the worker never waits.
const REASON_BYTES_MAX: usize = 512;

/// The byte that says that a worker is up.
const READY: u8 = b'\n';

/// The byte in front of a reason, which [`Ear::listen`] may take off: a worker may end before it is up.
const REASON: u8 = b' ';

/// The worker's end.
#[derive(Debug)]
pub(super) struct Voice(File);

/// The master's end.
#[derive(Debug)]
pub(super) struct Ear(File);

/// What the master hears while a worker starts.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Heard {
    /// Nothing yet.
    Nothing,
    /// The worker is up.
    Ready,
    /// The worker has closed its end; what has become of it, its exit will tell.
    End,
}

/// A new pipe, closed on exec. Called in the master, before a fork.
pub(super) fn pipe() -> Result<(Voice, Ear), Errno> {
    let (ear, voice) = pipe2(OFlag::O_CLOEXEC | OFlag::O_NONBLOCK)?;
    Ok((Voice(voice.into()), Ear(ear.into())))
}

impl Voice {
    /// Says that the worker is up. Called in the child.
    pub(super) fn ready(&self) {
        self.write(&[READY]);
    }

    /// Says why the worker ends. Called in the child.
    pub(super) fn reason(&self, reason: &str) {
        self.write(&[&[REASON], reason.as_bytes()].concat());
    }

    /// It fails only when the master is gone, and then so is the worker, by the signal of its parent's death.
    fn write(&self, bytes: &[u8]) {
        let _ = (&self.0).write_all(bytes);
    }
}

impl Ear {
    /// Whether the worker is up. Called in the master.
    pub(super) fn listen(&mut self) -> Heard {
        let mut byte = [0];
        match self.0.read(&mut byte) {
            Ok(1) if byte == [READY] => Heard::Ready,
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted) => Heard::Nothing,
            Ok(_) | Err(_) => Heard::End,
        }
    }

    /// Why the worker ended, on one line, if it said so. Called in the master, once the worker is gone.
    pub(super) fn reason(self) -> Option<String> {
        let mut bytes = Vec::new();
        // An error is the end of what can be read.
        let _ = self.0.take(REASON_BYTES_MAX as u64).read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes);
        let line = text.split(char::is_control).map(str::trim).filter(|part| !part.is_empty()).collect::<Vec<_>>();
        (!line.is_empty()).then(|| line.join(" "))
    }
}

impl AsFd for Ear {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_worker_is_heard_when_it_is_up_and_when_it_ends() {
        let (voice, mut ear) = pipe().unwrap();
        assert_eq!(ear.listen(), Heard::Nothing);
        voice.ready();
        assert_eq!(ear.listen(), Heard::Ready);
        voice.reason("two\r\nlines\x1b[2J ");
        assert_eq!(ear.reason().as_deref(), Some("two lines [2J"), "nothing that would move a terminal's cursor");
    }

    #[test]
    fn a_worker_that_ends_before_it_is_up_is_understood() {
        for listens in [true, false] {
            let (voice, mut ear) = pipe().unwrap();
            voice.reason("no luck");
            assert!(!listens || ear.listen() == Heard::End);
            assert_eq!(ear.reason().as_deref(), Some("no luck"));
        }
    }

    #[test]
    fn silence_and_a_flood_are_no_trouble() {
        let (voice, mut ear) = pipe().unwrap();
        drop(voice);
        assert_eq!(ear.listen(), Heard::End);
        assert_eq!(ear.reason(), None);

        let (voice, ear) = pipe().unwrap();
        voice.reason(&"x".repeat(1 << 20));
        assert_eq!(
            ear.reason().map(|reason| reason.len()),
            Some(REASON_BYTES_MAX - 1),
            "the worker lives and has not waited; the first byte is a blank"
        );
    }
}
