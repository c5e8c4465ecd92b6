//! The system calls that have no safe form. All `unsafe` of the workspace is in this file: one operation a block.
#![allow(
    unsafe_code,
    reason = "fork, waitpid, sigaction, mmap and two options of TCP have no safe form; they stand here and nowhere else"
)]

use super::proc_status::ProcStatus;
use crate::error::Error;
use nix::errno::Errno;
use nix::libc;
use nix::sys::mman::{MapFlags, ProtFlags, mmap};
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction};
use nix::unistd::{ForkResult, Pid, ftruncate};
use std::io;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::os::fd::{AsRawFd, BorrowedFd, OwnedFd};
use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::atomic::AtomicU64;

/// The proof that the process had a single thread when it was asked, which forking rests on. It stays on that thread,
/// and whoever keeps it starts no other.
#[derive(Debug)]
pub(crate) struct SingleThread(PhantomData<*const ()>);

impl SingleThread {
    /// Counts the threads of this process. Called in the master, before its first fork.
    pub(crate) fn prove(status: &ProcStatus) -> Result<Self, Error> {
        match status.threads {
            1 => Ok(Self(PhantomData)),
            found => Err(Error::Threads { found }),
        }
    }
}

/// On which side of a fork we are.
pub(crate) enum Fork {
    /// In the master.
    Master {
        /// The new worker's.
        pid: Pid,
    },
    /// In the new worker.
    Worker,
}

/// Forks. Called in the master.
pub(crate) fn fork(_: &SingleThread) -> Result<Fork, Errno> {
    // SAFETY: the process has one thread, so no lock is held by a thread that the child would lack: the child may go
    // on as freely as the parent.
    let side = unsafe { nix::unistd::fork() }?;
    Ok(match side {
        ForkResult::Parent { child } => Fork::Master { pid: child },
        ForkResult::Child => Fork::Worker,
    })
}

/// The next child that has ended, if there is one. Called in the master.
///
/// nix's own `waitpid` loses the pid of a child that a real-time signal has ended: it has no name for the signal.
pub(super) fn reap() -> Option<(Pid, ExitStatus)> {
    let mut status = 0;
    // SAFETY: `status` is a valid place for an int as long as the call lasts.
    let pid = unsafe { libc::waitpid(-1, &raw mut status, libc::WNOHANG) };
    // 0: children live, but none has ended. -1: there is no child; WNOHANG is never interrupted.
    (pid > 0).then(|| (Pid::from_raw(pid), ExitStatus::from_raw(status)))
}

/// Takes SIGCHLD back from a parent that ignored it: its children would vanish unseen. Called in the master.
pub(super) fn see_children_end() -> Result<(), Errno> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default action runs no code of ours, so there is nothing that could be unsafe in a signal handler.
    unsafe { sigaction(Signal::SIGCHLD, &default) }.map(drop)
}

/// Numbers in memory that this process and all that it forks share, all zero at first. It is never unmapped. Called in
/// the master, before its first fork.
pub(super) fn share(memory: OwnedFd, count: usize) -> io::Result<&'static [AtomicU64]> {
    let Some(bytes) = NonZeroUsize::new(count * size_of::<AtomicU64>()) else { return Ok(&[]) };
    ftruncate(&memory, i64::try_from(bytes.get()).map_err(io::Error::other)?)?;
    let access = ProtFlags::PROT_READ | ProtFlags::PROT_WRITE;
    // SAFETY: the kernel chooses the place, so nothing that is mapped already is replaced.
    let place = unsafe { mmap(None, bytes, access, MapFlags::MAP_SHARED, &memory, 0) }?;
    // SAFETY: the mapping is as long as `count` numbers, zeroed, aligned to a page, and stays for the life of the process;
    // nobody can shorten the file, whose descriptor is closed here. Whoever else maps it writes whole numbers, too.
    Ok(unsafe { std::slice::from_raw_parts(place.cast().as_ptr(), count) })
}

/// Sets an option of TCP that is a number, one of tcp(7). Called in master and workers.
pub(crate) fn set_tcp_option(socket: BorrowedFd<'_>, option: i32, value: i32) -> io::Result<()> {
    let fd = socket.as_raw_fd();
    let len = libc::socklen_t::try_from(size_of_val(&value)).map_err(io::Error::other)?;
    // SAFETY: the descriptor is open as long as it is borrowed, and `value` is an int as long as the call lasts.
    let done = unsafe { libc::setsockopt(fd, libc::IPPROTO_TCP, option, (&raw const value).cast(), len) };
    Errno::result(done).map(drop).map_err(io::Error::from)
}

/// What the kernel says about an option of TCP that is a number.
#[cfg(test)]
pub(crate) fn tcp_option(socket: BorrowedFd<'_>, option: i32) -> io::Result<i32> {
    let mut value = [0; size_of::<i32>()];
    read_tcp_option(socket, option, &mut value)?;
    Ok(i32::from_ne_bytes(value))
}

/// What the kernel says about a TCP socket: `struct tcp_info`, as far as 104 bytes go.
#[cfg(test)]
pub(crate) fn tcp_info(socket: BorrowedFd<'_>) -> io::Result<[u8; 104]> {
    let mut info = [0; 104];
    read_tcp_option(socket, libc::TCP_INFO, &mut info)?;
    Ok(info)
}

#[cfg(test)]
fn read_tcp_option(socket: BorrowedFd<'_>, option: i32, value: &mut [u8]) -> io::Result<()> {
    let mut len = libc::socklen_t::try_from(value.len()).map_err(io::Error::other)?;
    let (fd, place) = (socket.as_raw_fd(), value.as_mut_ptr().cast());
    // SAFETY: the kernel writes no more than `len` bytes to `value`, which is so long, and both outlive the call.
    let done = unsafe { libc::getsockopt(fd, libc::IPPROTO_TCP, option, place, &raw mut len) };
    Errno::result(done).map(drop).map_err(io::Error::from)
}
