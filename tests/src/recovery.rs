//! What becomes of a stream with bad frames in it, by each of those that feed a protocol, and by the schema itself.

use crate::engine::Mistake;
use std::cell::RefCell;
use std::fmt::Debug;
use std::io::{self, Read, Write};
use std::net::SocketAddr;
use std::rc::Rc;
use std::task::Waker;
use std::time::Instant;
use wm_core::engine::{Change, Engine, Traffic};
use wm_core::protocol::{Duplex, Message};
use wm_core::{Connection, ConnectionError, Framed, FramedError, Handler, Limits};
use wm_schema::interp::{Input, Interpreter, Onward, Scan};

/// What comes of a part of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Event {
    /// A message, by its `Debug`.
    Message(String),
    /// A bad frame, and how many bytes were thrown away for it.
    Skipped(Mistake, usize),
    /// A bad frame that ended the connection.
    Broken(Mistake),
    /// The stream ended within a frame.
    Truncated,
}

/// What the schema says of a whole stream.
#[must_use]
pub fn by_schema(oracle: &Interpreter<'_>, stream: &[u8]) -> Vec<Event> {
    let (mut events, mut at) = (Vec::new(), 0);
    while at < stream.len() {
        let rest = &stream[at..];
        let (error, frame) = match oracle.input(&mut Scan::default(), rest) {
            Ok(Input::Need(_)) => {
                events.push(Event::Truncated);
                break;
            }
            Ok(ended) => {
                let len = if let Input::Frame(len) = ended { len } else { rest.len() };
                match oracle.decode(&rest[..len]) {
                    Ok(value) => {
                        events.push(Event::Message(oracle.show(&value)));
                        at += len;
                        continue;
                    }
                    Err(error) => (error, Some(len)),
                }
            }
            Err(error) => (error, None),
        };
        match oracle.onward(&error, frame, rest) {
            Onward::Next(bytes) => {
                events.push(Event::Skipped(error.into(), bytes));
                at += bytes;
            }
            Onward::Close | Onward::More => {
                events.push(Event::Broken(error.into()));
                break;
            }
        }
    }
    events
}

/// A stream that arrives in pieces.
struct Pieces<'s> {
    stream: &'s [u8],
    at: usize,
    cuts: Vec<usize>,
}

impl Pieces<'_> {
    fn next(&mut self) -> &[u8] {
        let end = self.cuts.iter().copied().find(|cut| *cut > self.at).unwrap_or(self.stream.len());
        let piece = &self.stream[self.at..end];
        self.at = end;
        piece
    }
}

impl Read for Pieces<'_> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let piece = self.next();
        buf[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

impl Write for Pieces<'_> {
    fn write(&mut self, buf: &[u8]) -> io::Result<usize> {
        Ok(buf.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// What the blocking connection makes of a stream.
///
/// # Panics
///
/// It says what it cannot of a stream that is only read.
#[must_use]
pub fn blocking<M: Message>(stream: &[u8], cuts: &[usize]) -> Vec<Event>
where
    for<'a> M::View<'a>: Debug,
{
    let mut events = Vec::new();
    let mut connection = Framed::<Duplex<M>, _>::new(Pieces { stream, at: 0, cuts: cuts.to_vec() });
    loop {
        match connection.receive(|message| format!("{message:?}")) {
            Ok(Some(message)) => events.push(Event::Message(message)),
            Ok(None) => return events,
            Err(FramedError::Skipped { error, bytes }) => events.push(Event::Skipped(error.into(), bytes)),
            Err(FramedError::Decode(error)) => {
                events.push(Event::Broken(error.into()));
                return events;
            }
            Err(FramedError::Truncated { .. }) => {
                events.push(Event::Truncated);
                return events;
            }
            Err(error) => panic!("{error}"),
        }
    }
}

type Log = Rc<RefCell<(Vec<Event>, Traffic)>>;

/// Writes down what it is told.
struct Scribe<M> {
    log: Log,
    message: std::marker::PhantomData<fn(M)>,
}

impl<M: Message> Handler for Scribe<M>
where
    for<'a> M::View<'a>: Debug,
{
    type Protocol = Duplex<M>;
    type Session = ();

    fn on_message(&mut self, _: &mut Connection<'_, Duplex<M>, ()>, message: M::View<'_>) {
        self.log.borrow_mut().0.push(Event::Message(format!("{message:?}")));
    }

    fn on_error(&mut self, _: &mut Connection<'_, Duplex<M>, ()>, error: &ConnectionError) {
        self.log.borrow_mut().0.push(match error {
            ConnectionError::Skipped { error, bytes } => Event::Skipped(error.clone().into(), *bytes),
            ConnectionError::Decode(error) => Event::Broken(error.clone().into()),
            ConnectionError::Truncated { .. } => Event::Truncated,
            error => panic!("{error}"),
        });
    }

    fn on_close(&mut self, connection: &mut Connection<'_, Duplex<M>, ()>) {
        self.log.borrow_mut().1 = connection.traffic();
    }
}

/// What the engine of a worker makes of a stream, and what it has counted.
///
/// # Panics
///
/// The engine does not let the connection go when its stream has ended.
#[must_use]
pub fn worker<M: Message>(stream: &[u8], cuts: &[usize]) -> (Vec<Event>, Traffic)
where
    for<'a> M::View<'a>: Debug,
{
    let (log, now) = (Log::default(), Instant::now());
    let scribe = Scribe::<M> { log: Rc::clone(&log), message: std::marker::PhantomData };
    let mut engine = Engine::new(scribe, "recovery".into(), 0, Limits::default(), Waker::noop().clone(), now);
    engine.start(now);
    let address = SocketAddr::from(([127, 0, 0, 1], 7));
    let id = engine.accepted(address, address, now);
    let mut pieces = Pieces { stream, at: 0, cuts: cuts.to_vec() };
    loop {
        let mut piece = pieces.next();
        if piece.is_empty() {
            break;
        }
        while let Some(room) = engine.room(id).filter(|_| !piece.is_empty()) {
            let count = room.len().min(piece.len());
            room[..count].copy_from_slice(&piece[..count]);
            piece = &piece[count..];
            engine.received(id, count, now);
        }
    }
    engine.end_of_stream(id, now);
    let closed = std::iter::from_fn(|| engine.poll()).any(|change| matches!(change, Change::Closed(..)));
    assert!(closed, "the connection is let go");
    log.take()
}
