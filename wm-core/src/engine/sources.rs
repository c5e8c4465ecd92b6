//! [`Sources`]: descriptors of the handler's own, and what is done when they are ready. Who watches them, the driver says.

use super::Context;
use std::{
    collections::HashMap,
    fmt, io,
    os::fd::{AsFd, BorrowedFd},
};

/// The name of a descriptor that a worker watches; never given twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SourceId(u64);

/// What of a descriptor is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Interest {
    /// That it can be read, or has ended.
    Readable,
    /// That it can be written.
    Writable,
    /// Either.
    Both,
}

/// What a descriptor is ready for. One that has failed or was hung up is ready for all that is waited for: to read or to
/// write it says why.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Ready {
    /// It can be read, or has ended.
    pub readable: bool,
    /// It can be written.
    pub writable: bool,
}

/// What watches descriptors.
pub(crate) trait Registrar {
    /// Begins to watch. A source that is ready is told of by its number, once.
    fn register(&self, fd: BorrowedFd<'_>, number: usize, interest: Interest) -> io::Result<()>;

    /// Tells of a source again, if it is still ready.
    fn renew(&self, fd: BorrowedFd<'_>, number: usize, interest: Interest) -> io::Result<()>;

    /// Watches it no more.
    fn deregister(&self, fd: BorrowedFd<'_>);
}

impl Interest {
    /// What of it is waited for.
    const fn of(self, ready: Ready) -> Ready {
        let reads = matches!(self, Self::Readable | Self::Both);
        let writes = matches!(self, Self::Writable | Self::Both);
        Ready { readable: ready.readable && reads, writable: ready.writable && writes }
    }
}

/// A descriptor, and what is done with it.
pub(super) trait Task<P, S> {
    fn fd(&self) -> BorrowedFd<'_>;
    fn run(&mut self, worker: &mut Context<'_, P, S>, ready: Ready);
}

/// A source that is ready, what is done with it, and for what of that which is waited for.
type Due<P, S> = (SourceId, Box<dyn Task<P, S>>, Ready);

struct Owned<F, T> {
    source: F,
    task: T,
}

impl<P, S, F: AsFd, T: FnMut(&mut Context<'_, P, S>, &mut F, Ready)> Task<P, S> for Owned<F, T> {
    fn fd(&self) -> BorrowedFd<'_> {
        self.source.as_fd()
    }

    fn run(&mut self, worker: &mut Context<'_, P, S>, ready: Ready) {
        (self.task)(worker, &mut self.source, ready);
    }
}

struct Entry<P, S> {
    interest: Interest,
    /// Out while it runs.
    task: Option<Box<dyn Task<P, S>>>,
}

/// The descriptors that a worker watches.
pub(super) struct Sources<P, S> {
    registrar: Option<Box<dyn Registrar>>,
    entries: HashMap<SourceId, Entry<P, S>>,
    serial: u64,
}

impl<P, S> Sources<P, S> {
    pub(super) fn new() -> Self {
        Self { registrar: None, entries: HashMap::new(), serial: 0 }
    }

    /// From now on descriptors can be watched.
    pub(super) fn watch_by(&mut self, registrar: Box<dyn Registrar>) {
        self.registrar = Some(registrar);
    }

    pub(super) fn register<F: AsFd + 'static>(
        &mut self,
        source: F,
        interest: Interest,
        task: impl FnMut(&mut Context<'_, P, S>, &mut F, Ready) + 'static,
    ) -> io::Result<SourceId> {
        let Some(registrar) = &self.registrar else {
            let why = "descriptors are watched by the kernel, and nothing of it drives this worker";
            return Err(io::Error::new(io::ErrorKind::Unsupported, why));
        };
        let id = SourceId(self.serial);
        registrar.register(source.as_fd(), id.number(), interest)?;
        self.serial += 1;
        self.entries.insert(id, Entry { interest, task: Some(Box::new(Owned { source, task })) });
        Ok(id)
    }

    /// Forgets a source, also from inside its own task, and says whether it was there. The descriptor is closed.
    pub(super) fn deregister(&mut self, id: SourceId) -> bool {
        let Some(entry) = self.entries.remove(&id) else { return false };
        if let Some(task) = entry.task {
            self.let_go(task);
        }
        true
    }

    pub(super) fn deregister_all(&mut self) {
        for id in self.entries.keys().copied().collect::<Vec<_>>() {
            self.deregister(id);
        }
    }

    /// Takes out what is to be done with a source that is ready. It comes back by [`put_back`](Self::put_back).
    pub(super) fn take(&mut self, number: usize, ready: Ready) -> Option<Due<P, S>> {
        let id = SourceId(number as u64);
        let entry = self.entries.get_mut(&id)?;
        Some((id, entry.task.take()?, entry.interest.of(ready)))
    }

    /// Gives a task back that was taken out, unless it has forgotten itself. If it is ready still, that is told again.
    ///
    /// # Errors
    ///
    /// The kernel does not watch it any more: it was closed behind our back. It is forgotten.
    pub(super) fn put_back(&mut self, id: SourceId, task: Box<dyn Task<P, S>>) -> io::Result<()> {
        let (Some(entry), Some(registrar)) = (self.entries.get_mut(&id), &self.registrar) else {
            self.let_go(task);
            return Ok(());
        };
        match registrar.renew(task.fd(), id.number(), entry.interest) {
            Ok(()) => entry.task = Some(task),
            Err(error) => {
                self.entries.remove(&id);
                return Err(error);
            }
        }
        Ok(())
    }

    /// Before the descriptor is closed: a copy of it, in another process perhaps, would keep it watched.
    fn let_go(&self, task: Box<dyn Task<P, S>>) {
        if let Some(registrar) = &self.registrar {
            registrar.deregister(task.fd());
        }
    }
}

impl SourceId {
    /// What the registrar knows it by.
    fn number(self) -> usize {
        usize::try_from(self.0).unwrap_or(usize::MAX)
    }
}

impl<P, S> fmt::Debug for Sources<P, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources").field("ids", &self.entries.keys()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_watched_where_no_kernel_drives() {
        let (source, _writer) = io::pipe().unwrap();
        let refused = Sources::<(), ()>::new().register(source, Interest::Readable, |_, _, _| {});
        assert_eq!(refused.unwrap_err().kind(), io::ErrorKind::Unsupported);
    }
}
