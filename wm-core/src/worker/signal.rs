//! [`Signal`]: what a worker process can be told by `kill`, beside what stops it.

use crate::engine::{Context, Interest, SourceId};
use crate::protocol::Protocol;
use nix::sys::signal::{self, SigSet};
use nix::sys::signalfd::{SfdFlags, SignalFd};
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

/// A signal that a worker can wait for. Those that stop a service (INT, TERM, HUP, QUIT) it obeys already.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Signal {
    /// SIGUSR1.
    User1,
    /// SIGUSR2.
    User2,
    /// SIGALRM.
    Alarm,
    /// SIGCHLD: a program that this process has started has ended.
    Child,
    /// SIGCONT: the process was stopped, and goes on.
    Continue,
    /// SIGWINCH: the terminal has another size.
    WindowChange,
}

impl Signal {
    const fn of_nix(self) -> signal::Signal {
        match self {
            Self::User1 => signal::Signal::SIGUSR1,
            Self::User2 => signal::Signal::SIGUSR2,
            Self::Alarm => signal::Signal::SIGALRM,
            Self::Child => signal::Signal::SIGCHLD,
            Self::Continue => signal::Signal::SIGCONT,
            Self::WindowChange => signal::Signal::SIGWINCH,
        }
    }
}

impl<P: Protocol, S> Context<'_, P, S> {
    /// Calls `task` when this process has been sent a signal; several that come at once may be one call. It ends by
    /// [`deregister`](Self::deregister).
    ///
    /// The signal is blocked in this thread and read from a descriptor, so that `task` runs like any other callback. A
    /// thread that was made before does not block it: call this in `on_worker_start`, before any thread is made. Each
    /// process of a worker is sent its own.
    ///
    /// # Errors
    ///
    /// The process has no descriptor left, or no kernel drives the worker, as in [`testing`](crate::testing).
    ///
    /// # Example
    ///
    /// ```
    /// # use wm_core::{Signal, Worker, protocol::Tcp};
    /// Worker::<Tcp>::new("tcp://127.0.0.1:0").on_worker_start(|worker| {
    ///     let told = worker.on_signal(Signal::User1, |worker| {
    ///         let goodbye = "there is a new version\n";
    ///         worker.each(|client| client.send(goodbye.as_bytes()));
    ///     });
    ///     told.expect("a descriptor is free");
    /// });
    /// ```
    pub fn on_signal<R>(
        &mut self,
        signal: Signal,
        mut task: impl FnMut(&mut Context<'_, P, S>) -> R + 'static,
    ) -> io::Result<SourceId> {
        self.register(Blocked::new(signal)?, Interest::Readable, move |worker, blocked, _| {
            while blocked.has_come() {
                task(worker);
            }
        })
    }
}

/// A signal that is blocked, and read from a descriptor, until this is dropped.
#[derive(Debug)]
struct Blocked {
    fd: SignalFd,
    signal: SigSet,
    /// Whether it was not blocked before.
    unblock: bool,
}

impl Blocked {
    fn new(signal: Signal) -> io::Result<Self> {
        let signal = SigSet::from(signal.of_nix());
        let fd = SignalFd::with_flags(&signal, SfdFlags::SFD_CLOEXEC | SfdFlags::SFD_NONBLOCK)?;
        let before = signal.thread_swap_mask(signal::SigmaskHow::SIG_BLOCK)?;
        let unblock = signal.iter().any(|signal| !before.contains(signal));
        Ok(Self { fd, signal, unblock })
    }

    fn has_come(&self) -> bool {
        matches!(self.fd.read_signal(), Ok(Some(_)))
    }
}

impl Drop for Blocked {
    fn drop(&mut self) {
        // What has come by now is not to end the process.
        while self.has_come() {}
        if self.unblock {
            // A mask that could be set once can be set back.
            let _ = self.signal.thread_unblock();
        }
    }
}

impl AsFd for Blocked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
