//! A blocking client that pairs replies with its requests: for tools, tests and programs without an event loop.

use crate::framed::{Framed, FramedError};
use crate::protocol::Protocol;
use crate::protocol::exchange::{ById, Exchange, InOrder, Reply};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};
use std::{error, fmt};

/// How many requests may wait for their replies unless it is said.
const WAITING_MAX: usize = 1024;

/// A stream whose reads and writes can be given up.
pub trait TimedStream: Read + Write {
    /// No read takes longer; none is without end.
    ///
    /// # Errors
    ///
    /// The system refuses.
    fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// No write takes longer; none is without end.
    ///
    /// # Errors
    ///
    /// The system refuses.
    fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()>;

    /// Ends this side: nothing more is written, and the peer sees the end of the stream behind what has been.
    ///
    /// # Errors
    ///
    /// The system refuses.
    fn end_writing(&self) -> io::Result<()>;
}

macro_rules! timed {
    ($($stream:ty)*) => { $(
        impl TimedStream for $stream {
            fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                Self::set_read_timeout(self, timeout)
            }

            fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
                Self::set_write_timeout(self, timeout)
            }

            fn end_writing(&self) -> io::Result<()> {
                self.shutdown(Shutdown::Write)
            }
        }
    )* };
}

timed! { TcpStream UnixStream }

/// A client of a protocol with `exchange`: [`call`](Self::call) asks and waits, [`send`](Self::send) and
/// [`receive`](Self::receive) keep many requests on their way.
///
/// `E` is the type `Calls` that is generated.
#[derive(Debug)]
pub struct Client<E: Exchange, S> {
    framed: Framed<E::Protocol, Patient<S>>,
    waiting: Waiting,
    started: Instant,
    timeout: Duration,
    sent: u64,
}

/// A request on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Ticket {
    number: u64,
    exchange: usize,
}

/// What a message is that was received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Received {
    /// The reply to this request.
    Reply(Ticket),
    /// One that answers nothing.
    Message,
}

#[derive(Debug)]
enum Waiting {
    InOrder(InOrder<Ticket>),
    ById(ById<Ticket>),
}

impl<E: Exchange, S: TimedStream> Client<E, S> {
    /// A connection at its beginning, which waits for each reply so long.
    ///
    /// # Errors
    ///
    /// The stream knows no time.
    pub fn new(stream: S, timeout: Duration) -> io::Result<Self> {
        Self::with_limit(stream, timeout, WAITING_MAX)
    }

    /// The same with at most so many requests that wait for their replies.
    ///
    /// # Errors
    ///
    /// The stream knows no time.
    pub fn with_limit(stream: S, timeout: Duration, limit: usize) -> io::Result<Self> {
        stream.set_write_timeout(Some(timeout))?;
        let waiting = match E::IDS {
            Some(ids) => Waiting::ById(ById::new(limit, ids)),
            None => Waiting::InOrder(InOrder::new(limit)),
        };
        let framed = Framed::new(Patient { stream, until: Instant::now() });
        Ok(Self { framed, waiting, started: Instant::now(), timeout, sent: 0 })
    }

    /// Waits for the replies to what is sent from now on so long.
    ///
    /// # Errors
    ///
    /// The stream refuses.
    pub fn set_timeout(&mut self, timeout: Duration) -> io::Result<()> {
        self.framed.get_ref().stream.set_write_timeout(Some(timeout))?;
        self.timeout = timeout;
        Ok(())
    }

    /// How many requests wait for their replies.
    pub fn waiting(&self) -> usize {
        match &self.waiting {
            Waiting::InOrder(table) => table.waiting(),
            Waiting::ById(table) => table.waiting(),
        }
    }

    /// Sends a request and gives its reply to `take`. Where a number pairs them, the request gets one.
    ///
    /// # Errors
    ///
    /// Those of [`send`](Self::send) and [`receive`](Self::receive). Another request is on its way: what comes may be its reply.
    pub fn call<'m, R>(
        &mut self,
        request: impl Into<<E::Protocol as Protocol>::Out<'m>>,
        take: impl FnOnce(<E::Protocol as Protocol>::In<'_>) -> R,
    ) -> Result<R, ClientError> {
        if self.waiting() > 0 {
            return Err(ClientError::Busy);
        }
        let ticket = self.send(request)?;
        let taken = self.receive(|received, message| (received == Received::Reply(ticket)).then(|| take(message)))?;
        taken.ok_or(ClientError::Interrupted)
    }

    /// Sends a request, and says what its reply will be known by.
    ///
    /// # Errors
    ///
    /// The message asks nothing, too many wait for their replies already, it cannot be put on the wire, or the stream fails.
    /// Nothing waits for a reply then.
    pub fn send<'m>(&mut self, request: impl Into<<E::Protocol as Protocol>::Out<'m>>) -> Result<Ticket, ClientError> {
        let mut request = request.into();
        let exchange = E::asks(&request).ok_or(ClientError::AsksNothing)?;
        let ticket = Ticket { number: self.sent, exchange };
        let deadline = self.started.elapsed().saturating_add(self.timeout);
        // Encoded before it is noted: one that cannot be sent is never waited for.
        match &mut self.waiting {
            Waiting::InOrder(table) => {
                if table.is_full() {
                    return Err(ClientError::Full);
                }
                self.framed.send(request)?;
                let _ = table.ask(ticket, deadline);
            }
            Waiting::ById(table) => {
                let id = table.ask(ticket, deadline).map_err(|_| ClientError::Full)?;
                E::set_id(&mut request, id);
                if let Err(error) = self.framed.send(request) {
                    table.answer(id);
                    return Err(error.into());
                }
            }
        }
        self.sent = self.sent.saturating_add(1);
        self.end_if_finished()?;
        Ok(ticket)
    }

    /// Sends a message that asks nothing.
    ///
    /// # Errors
    ///
    /// It asks for a reply, cannot be put on the wire, or the stream fails.
    pub fn tell<'m>(&mut self, message: impl Into<<E::Protocol as Protocol>::Out<'m>>) -> Result<(), ClientError> {
        let message = message.into();
        if E::asks(&message).is_some() {
            return Err(ClientError::Asks);
        }
        self.framed.send(message)?;
        self.end_if_finished()
    }

    /// Behind what goes on to the end of the stream, the peer waits for that end.
    fn end_if_finished(&mut self) -> Result<(), ClientError> {
        if self.framed.protocol().has_finished() {
            self.framed.get_ref().stream.end_writing().map_err(FramedError::Io)?;
        }
        Ok(())
    }

    /// Waits for the next message, and gives it to `take` with what it is.
    ///
    /// # Errors
    ///
    /// A request has waited for too long, a reply answers nothing that is waited for, the peer has closed, its bytes break
    /// the protocol, or the stream fails. After the first two the connection goes on.
    pub fn receive<R>(
        &mut self,
        take: impl FnOnce(Received, <E::Protocol as Protocol>::In<'_>) -> R,
    ) -> Result<R, ClientError> {
        let deadline = match &self.waiting {
            Waiting::InOrder(table) => table.deadline(),
            Waiting::ById(table) => table.deadline(),
        };
        let until = deadline.unwrap_or_else(|| self.started.elapsed().saturating_add(self.timeout));
        self.framed.get_mut().until = self.started + until;
        let waiting = &mut self.waiting;
        let received = self.framed.receive(|message| match pair::<E>(waiting, &message) {
            Ok(received) => Ok(take(received, message)),
            Err(fault) => Err(fault),
        });
        match received {
            Ok(Some(taken)) => taken.map_err(ClientError::Reply),
            Ok(None) => Err(ClientError::Closed),
            Err(FramedError::Io(error)) if [ErrorKind::WouldBlock, ErrorKind::TimedOut].contains(&error.kind()) => {
                let now = self.started.elapsed();
                let over = match &mut self.waiting {
                    Waiting::InOrder(table) => table.expire(now),
                    Waiting::ById(table) => table.expire(now).map(|(_, ticket)| ticket),
                };
                Err(ClientError::TimedOut { request: over })
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What a message answers, which is then no longer waited for.
fn pair<E: Exchange>(
    waiting: &mut Waiting,
    message: &<E::Protocol as Protocol>::In<'_>,
) -> Result<Received, ReplyFault> {
    let asked = match waiting {
        Waiting::InOrder(table) => table.next().copied(),
        Waiting::ById(table) => table.get(E::id(message)).copied(),
    };
    match asked {
        Some(ticket) if E::answers(message, ticket.exchange) => {}
        // What answers nothing at all is the peer's own.
        _ if !E::is_reply(message) => return Ok(Received::Message),
        Some(request) => return Err(ReplyFault::Other { request }),
        None => {}
    }
    let reply = match waiting {
        Waiting::InOrder(table) => table.answer(),
        Waiting::ById(table) => table.answer(E::id(message)),
    };
    match reply {
        Reply::Answers(ticket) => Ok(Received::Reply(ticket)),
        Reply::Late => Err(ReplyFault::Late),
        Reply::Duplicate => Err(ReplyFault::Duplicate),
        Reply::Unasked => Err(ReplyFault::Unasked),
    }
}

/// A stream of which no read goes on beyond a moment, however little arrives at a time.
#[derive(Debug)]
struct Patient<S> {
    stream: S,
    until: Instant,
}

impl<S: TimedStream> Read for Patient<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let left = self.until.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(ErrorKind::TimedOut.into());
        }
        self.stream.set_read_timeout(Some(left))?;
        self.stream.read(buf)
    }
}

impl<S: Write> Write for Patient<S> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        self.stream.write(buf)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.stream.flush()
    }
}

/// Why a reply is none that is waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum ReplyFault {
    /// Its request had waited for too long.
    Late,
    /// Its request has been answered already.
    Duplicate,
    /// Nobody has asked.
    Unasked,
    /// It answers another message than this request was.
    Other {
        /// The request.
        request: Ticket,
    },
}

impl fmt::Display for ReplyFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Late => "a reply came after its request had been given up",
            Self::Duplicate => "a request was answered twice",
            Self::Unasked => "a reply came that nobody had asked for",
            Self::Other { .. } => "a reply came that does not answer its request",
        })
    }
}

/// Why a request has no reply.
#[derive(Debug)]
#[non_exhaustive]
pub enum ClientError {
    /// The connection failed.
    Framed(FramedError),
    /// A reply that is not waited for; the connection goes on.
    Reply(ReplyFault),
    /// Nothing came in time; the connection goes on.
    TimedOut {
        /// The request that is no longer waited for; none if none was.
        request: Option<Ticket>,
    },
    /// The peer has closed.
    Closed,
    /// As many requests as may wait for their replies already.
    Full,
    /// Other requests are on their way.
    Busy,
    /// A message that is no reply came before the reply of a call.
    Interrupted,
    /// The message asks nothing: `tell` sends it.
    AsksNothing,
    /// The message asks for a reply: `send` sends it.
    Asks,
}

impl fmt::Display for ClientError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Framed(error) => error.fmt(f),
            Self::Reply(fault) => fault.fmt(f),
            Self::TimedOut { .. } => f.write_str("no reply came in time"),
            Self::Closed => f.write_str("the peer has closed"),
            Self::Full => f.write_str("too many requests wait for their replies"),
            Self::Busy => f.write_str("other requests are on their way"),
            Self::Interrupted => f.write_str("a message came that is no reply"),
            Self::AsksNothing => f.write_str("nothing answers this message"),
            Self::Asks => f.write_str("this message asks for a reply"),
        }
    }
}

impl error::Error for ClientError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Framed(error) => Some(error),
            _ => None,
        }
    }
}

impl From<FramedError> for ClientError {
    fn from(error: FramedError) -> Self {
        Self::Framed(error)
    }
}
