//! What `/proc/self/status` says about this process (proc(5)): the two lines that concern the master.

use crate::error::Error;
use nix::sys::signal::Signal;
use std::{fs, io};

/// This process as the kernel describes it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct ProcStatus {
    /// How many threads it has.
    pub(crate) threads: usize,
    /// The signals that it ignores; bit 0 is signal 1.
    ignored: u64,
}

impl ProcStatus {
    /// Called in the master, before its first fork.
    pub(crate) fn read() -> Result<Self, Error> {
        let text = fs::read_to_string("/proc/self/status").map_err(Error::ProcStatus)?;
        Self::parse(&text).ok_or_else(|| Error::ProcStatus(io::ErrorKind::InvalidData.into()))
    }

    /// Whether a signal is ignored.
    pub(super) const fn ignores(&self, signal: Signal) -> bool {
        self.ignored >> (signal as u32 - 1) & 1 == 1
    }

    fn parse(text: &str) -> Option<Self> {
        let line = |name: &str| text.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
        Some(Self {
            threads: line("Threads:")?.parse().ok()?,
            ignored: u64::from_str_radix(line("SigIgn:")?, 16).ok()?,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_and_ignored_signals_are_found() {
        let status = ProcStatus::parse("Name:\tx\nThreads:\t3\nSigQ:\t0/9\nSigIgn:\t0000000000001001\n").unwrap();
        assert_eq!(status.threads, 3);
        for (signal, ignored) in [(Signal::SIGHUP, true), (Signal::SIGPIPE, true), (Signal::SIGTERM, false)] {
            assert_eq!(status.ignores(signal), ignored, "{signal}");
        }
        for cut in ["", "Threads:\t3\n", "Threads:\tx\nSigIgn:\t0\n", "Threads:\t1\nSigIgn:\tg\n"] {
            assert_eq!(ProcStatus::parse(cut), None);
        }
    }

    #[test]
    fn this_process_has_more_than_the_test_thread() {
        assert!(ProcStatus::read().unwrap().threads > 1, "the harness and this test");
    }
}
