//! [`Watch`]: the poll of the reactor, for descriptors of the handler's own.

use super::reactor::token;
use super::site::source_place;
use crate::engine::{Interest, Registrar};
use mio::{Registry, unix::SourceFd};
use std::{
    io,
    os::fd::{AsRawFd, BorrowedFd},
};

/// Watches descriptors for a site. The kernel reports edges; what is [renewed](Registrar::renew) is reported again while it
/// is ready, so that nobody must read until it would block.
#[derive(Debug)]
pub(super) struct Watch {
    registry: Registry,
    site: usize,
}

impl Watch {
    pub(super) fn new(registry: &Registry, site: usize) -> io::Result<Self> {
        Ok(Self { registry: registry.try_clone()?, site })
    }
}

impl Registrar for Watch {
    fn register(&self, fd: BorrowedFd<'_>, number: usize, interest: Interest) -> io::Result<()> {
        let token = token(self.site, source_place(number));
        self.registry.register(&mut SourceFd(&fd.as_raw_fd()), token, of_mio(interest))
    }

    fn renew(&self, fd: BorrowedFd<'_>, number: usize, interest: Interest) -> io::Result<()> {
        let token = token(self.site, source_place(number));
        self.registry.reregister(&mut SourceFd(&fd.as_raw_fd()), token, of_mio(interest))
    }

    fn deregister(&self, fd: BorrowedFd<'_>) {
        // It fails if it is not watched any more, and then all is done.
        let _ = self.registry.deregister(&mut SourceFd(&fd.as_raw_fd()));
    }
}

const fn of_mio(interest: Interest) -> mio::Interest {
    match interest {
        Interest::Readable => mio::Interest::READABLE,
        Interest::Writable => mio::Interest::WRITABLE,
        Interest::Both => mio::Interest::READABLE.add(mio::Interest::WRITABLE),
    }
}
