//! What is asked of the machine: a core for each side, and descriptors.

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    sys::resource::{Resource, getrlimit, setrlimit},
    unistd::Pid,
};
use std::io;

/// The cores of the two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Cores {
    pub(crate) server: usize,
    pub(crate) crowd: usize,
}

impl Cores {
    /// Two of the cores that this process may use; twice the same if it is the only one.
    pub(crate) fn choose() -> io::Result<Self> {
        let allowed = sched_getaffinity(Pid::this())?;
        let mut cores = (0..CpuSet::count()).filter(|&core| allowed.is_set(core).unwrap_or(false));
        let server = cores.next().ok_or_else(|| io::Error::other("no core is allowed"))?;
        Ok(Self { server, crowd: cores.next().unwrap_or(server) })
    }
}

/// Keeps this process, and what it starts from now on, on one core.
pub(crate) fn stay_on(core: usize) -> io::Result<()> {
    let mut only = CpuSet::new();
    only.set(core)?;
    Ok(sched_setaffinity(Pid::this(), &only)?)
}

/// Allows this process, and what it starts from now on, as many descriptors as it can have, and says how many that is.
pub(crate) fn raise_descriptor_limit() -> io::Result<u64> {
    let (_, most) = getrlimit(Resource::RLIMIT_NOFILE)?;
    setrlimit(Resource::RLIMIT_NOFILE, most, most)?;
    Ok(most)
}
