//! Signals are blocked and read from a descriptor: nothing here runs inside a signal handler.

use super::proc_status::ProcStatus;
use super::sys;
use crate::error::Error;
use nix::errno::Errno;
use nix::sys::signal::{SigSet, SigmaskHow, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

/// The signals of the master: those that end it, and SIGCHLD.
#[derive(Debug)]
pub(super) struct Signals {
    fd: SignalFd,
    /// Those that ask to stop. A worker reads the same: a terminal sends Ctrl-C and its hang-up to the whole group.
    stop: SigSet,
    /// The one that asks to end when the peers have left, nginx's and the terminal's Ctrl-\\: a worker reads it too.
    retire: SigSet,
    /// What was blocked before.
    before: SigSet,
}

impl Signals {
    /// Blocks SIGINT, SIGTERM, SIGHUP, SIGQUIT and SIGCHLD. Called in the master, before its first fork, so that a worker is
    /// born with them blocked and none is lost before it reads them.
    ///
    /// A SIGHUP that is ignored stays so: that is what `nohup` asks for.
    pub(super) fn block(status: &ProcStatus) -> Result<Self, Error> {
        let mut stop: SigSet = [Signal::SIGINT, Signal::SIGTERM].into_iter().collect();
        if !status.ignores(Signal::SIGHUP) {
            stop.add(Signal::SIGHUP);
        }
        Self::read_from(stop).map_err(|errno| Error::Signals(errno.into()))
    }

    fn read_from(stop: SigSet) -> Result<Self, Errno> {
        sys::see_children_end()?;
        let retire = SigSet::from(Signal::SIGQUIT);
        let all: SigSet = stop.iter().chain(retire.iter()).chain([Signal::SIGCHLD]).collect();
        let fd = descriptor(&all)?;
        let before = all.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { fd, stop, retire, before })
    }

    /// The next signal that asks to end. SIGCHLD only ends the wait: who has ended, the kernel is asked anyway.
    /// Called in the master.
    pub(super) fn next_order(&self) -> Option<Signal> {
        loop {
            let signal = self.fd.read_signal().ok()??.ssi_signo;
            let signal = i32::try_from(signal).ok().and_then(|signal| Signal::try_from(signal).ok());
            if let Some(order) = signal.filter(|&signal| signal != Signal::SIGCHLD) {
                return Some(order);
            }
        }
    }

    /// Unblocks what the master has blocked; what is pending by then has been obeyed. Called in the master, at its end.
    pub(super) fn restore(self) {
        while self.next_order().is_some() {}
        // A mask that could be set once can be set back.
        let _ = self.before.thread_set_mask();
    }

    /// A worker's own. All else is as it was before the master. Called in the child.
    ///
    /// The descriptor of the master is closed here: it would read the worker's signals, but wake for the master's.
    pub(super) fn into_orders(self) -> Result<Orders, Error> {
        let blocked: SigSet = self.before.iter().chain(self.stop.iter()).chain(self.retire.iter()).collect();
        let descriptors = || -> Result<Orders, Errno> {
            let (stop, retire) = (descriptor(&self.stop)?.into(), descriptor(&self.retire)?.into());
            blocked.thread_set_mask().map(|()| Orders { stop, retire })
        };
        descriptors().map_err(|errno| Error::Signals(errno.into()))
    }
}

/// What a worker is told: each is readable when it has been said.
#[derive(Debug)]
pub(super) struct Orders {
    /// To stop.
    pub(super) stop: OwnedFd,
    /// To end when the peers have left.
    pub(super) retire: OwnedFd,
}

impl AsFd for Signals {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}

fn descriptor(signals: &SigSet) -> Result<SignalFd, Errno> {
    SignalFd::with_flags(signals, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)
}
