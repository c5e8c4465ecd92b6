//! [`Desk`]: where a running service is asked and told. Called in the master, which must not be made to wait: all
//! sockets are non-blocking, the visitors few, and what they may say or leave unread is bounded.

use super::instance::Fault;
use super::{Reply, Request};
use crate::engine::Endpoint;
use crate::net::{Address, ListenOptions, Listener, SocketFile, UNIX, UnixOptions, bind};
use nix::poll::{PollFd, PollFlags};
use nix::unistd::{Pid, getpid};
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::time::{Duration, Instant};

/// How many visitors are heard at once; the others wait in the kernel's queue.
const VISITORS_MAX: usize = 16;

/// The longest request.
const REQUEST_BYTES_MAX: usize = 4 << 10;

/// What a visitor may leave unread before it is shown out.
const UNREAD_BYTES_MAX: usize = 1 << 20;

/// How long a visitor may take to say what it wants.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long the last words may take, when the service ends.
const LAST_WORDS: Duration = Duration::from_millis(500);

/// Who has asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Visitor(u64);

/// The control socket of a service, and who is there.
#[derive(Debug)]
pub(crate) struct Desk {
    /// The name of the instance.
    name: String,
    listener: UnixListener,
    file: Option<SocketFile>,
    /// The master: in a worker, the desk that it was born with is only closed.
    owner: Pid,
    guests: Vec<Guest>,
    seen: u64,
}

#[derive(Debug)]
struct Guest {
    visitor: Visitor,
    stream: UnixStream,
    since: Instant,
    inbox: Vec<u8>,
    outbox: Vec<u8>,
    /// It has asked, and waits for the end.
    asked: bool,
    /// Nothing follows what is in its outbox.
    answered: bool,
    gone: bool,
}

impl Desk {
    /// Opens the desk: a socket that only the user can connect to. Called with the lock of the instance: a file that is
    /// there is of a service that has died.
    ///
    /// # Errors
    ///
    /// The socket cannot be bound.
    pub(super) fn open(path: &Path) -> Result<Self, Fault> {
        let address = Address { scheme: UNIX.to_owned(), endpoint: Endpoint::Path(path.into()) };
        let unix = UnixOptions { mode: 0o600, ..UnixOptions::default() };
        let options = ListenOptions { backlog: 64, unix, ..ListenOptions::default() };
        let Listener::Unix(listener) = bind(&address, &options).map_err(Fault::Socket)? else {
            unreachable!("a path is a Unix socket")
        };
        let file = SocketFile::of(address.endpoint());
        Ok(Self { name: String::new(), listener, file, owner: getpid(), guests: Vec::new(), seen: 0 })
    }

    /// The desk of an instance of that name.
    pub(super) fn named(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What the master is to wait for.
    pub(crate) fn watch<'d>(&'d self, fds: &mut Vec<PollFd<'d>>) {
        if self.guests.len() < VISITORS_MAX {
            fds.push(PollFd::new(self.listener.as_fd(), PollFlags::POLLIN));
        }
        for guest in &self.guests {
            let events = if guest.outbox.is_empty() { PollFlags::POLLIN } else { PollFlags::POLLOUT };
            fds.push(PollFd::new(guest.stream.as_fd(), events));
        }
    }

    /// When a visitor has taken too long.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.guests.iter().filter(|guest| !guest.asked).map(|guest| guest.since + PATIENCE).min()
    }

    /// Does what can be done without waiting; says what is asked.
    pub(crate) fn turn(&mut self, now: Instant) -> Vec<(Visitor, Request)> {
        while self.guests.len() < VISITORS_MAX
            && let Ok((stream, _)) = self.listener.accept()
        {
            self.welcome(stream, now);
        }
        let mut requests = Vec::new();
        for guest in &mut self.guests {
            match guest.listen(now) {
                Some(Ok(request)) => requests.push((guest.visitor, request)),
                Some(Err(problem)) => guest.end(&Reply::Refused(problem)),
                None => {}
            }
            guest.flush();
        }
        self.guests.retain(|guest| !guest.is_done());
        requests
    }

    fn welcome(&mut self, stream: UnixStream, now: Instant) {
        // A socket that cannot be made so would make the master wait.
        if stream.set_nonblocking(true).is_ok() {
            self.seen += 1;
            self.guests.push(Guest {
                visitor: Visitor(self.seen),
                stream,
                since: now,
                inbox: Vec::new(),
                outbox: Vec::new(),
                asked: false,
                answered: false,
                gone: false,
            });
        }
    }

    /// Answers, and ends the visit.
    pub(crate) fn answer(&mut self, visitor: Visitor, replies: &[Reply], code: u8) {
        if let Some(guest) = self.guests.iter_mut().find(|guest| guest.visitor == visitor) {
            replies.iter().for_each(|reply| guest.queue(reply));
            guest.end(&Reply::End { code });
        }
        // Now: nothing may come that would end the wait.
        self.guests.retain(|guest| !guest.is_done());
    }

    /// Says something to all who wait.
    pub(crate) fn say(&mut self, line: &str) {
        let reply = Reply::Say(line.to_owned());
        for guest in self.guests.iter_mut().filter(|guest| guest.asked && !guest.answered) {
            guest.queue(&reply);
            guest.flush();
        }
    }

    /// The service has ended: whoever waits is told, for a bounded time.
    pub(crate) fn close(mut self, code: u8) {
        let guests = std::mem::take(&mut self.guests);
        drop(self);
        for mut guest in guests {
            if guest.asked && !guest.answered {
                guest.queue(&Reply::End { code });
            }
            let patient = guest.stream.set_nonblocking(false);
            if patient.and_then(|()| guest.stream.set_write_timeout(Some(LAST_WORDS))).is_ok() {
                // Whoever does not read does not learn it.
                let _ = guest.stream.write_all(&guest.outbox);
            }
        }
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        if let Some(file) = self.file.take_if(|_| self.owner == getpid()) {
            file.remove();
        }
    }
}

impl Guest {
    /// What the visitor wants, once it has said so.
    fn listen(&mut self, now: Instant) -> Option<Result<Request, String>> {
        let mut room = [0; 1024];
        loop {
            match self.stream.read(&mut room) {
                Ok(0) => {
                    self.gone = true;
                    return None;
                }
                // Whatever follows a request means nothing.
                Ok(_) if self.asked => {}
                Ok(count) => {
                    self.inbox.extend_from_slice(&room[..count]);
                    if let Some(end) = self.inbox.iter().position(|&byte| byte == b'\n') {
                        self.asked = true;
                        return Some(understand(&self.inbox[..end]));
                    }
                    if self.inbox.len() > REQUEST_BYTES_MAX {
                        self.asked = true;
                        return Some(Err(format!("a request has at most {REQUEST_BYTES_MAX} bytes")));
                    }
                }
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    let late = !self.asked && now.saturating_duration_since(self.since) >= PATIENCE;
                    self.gone |= error.kind() != ErrorKind::WouldBlock || late;
                    return None;
                }
            }
        }
    }

    fn queue(&mut self, reply: &Reply) {
        self.outbox.extend_from_slice(&reply.line());
        self.gone |= self.outbox.len() > UNREAD_BYTES_MAX;
    }

    fn end(&mut self, reply: &Reply) {
        self.queue(reply);
        self.answered = true;
        self.flush();
    }

    fn flush(&mut self) {
        while !self.outbox.is_empty() {
            match self.stream.write(&self.outbox) {
                Ok(count) => drop(self.outbox.drain(..count)),
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                Err(error) => {
                    self.gone |= error.kind() != ErrorKind::WouldBlock;
                    return;
                }
            }
        }
    }

    const fn is_done(&self) -> bool {
        self.gone || self.answered && self.outbox.is_empty()
    }
}

fn understand(line: &[u8]) -> Result<Request, String> {
    serde_json::from_slice(line).map_err(|error| format!("this version does not understand the request: {error}"))
}

/// Connects to the desk of a service. Called in the program that asks.
pub(super) fn visit(path: &Path) -> io::Result<UnixStream> {
    UnixStream::connect(path)
}
