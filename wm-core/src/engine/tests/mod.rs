//! The engine, driven by hand: no socket, a made-up clock.

mod accepts;
mod any_order;
mod deadlines;
mod life;
mod outgoing;
mod parts;
mod recover;
mod stream;
mod until_end;

use super::*;
use crate::{
    protocol::{DecodeError, Decoded, EncodeError, Input},
    wire::{Fault, Field, check},
};
use bytes::BytesMut;
use std::{cell::RefCell, collections::BTreeMap, net::SocketAddr, rc::Rc, time::Duration};

const LINE: &Field = &Field::new("Line", "text", 0);
const LINE_BYTES_MAX: usize = 300_000;

/// Text that ends with a line feed. `ping` is answered by the protocol itself; `zero` and `over` make its `input` lie.
/// From `hurry` to `rest` each message has 5 s; `amen`, from either side, is the last.
#[derive(Debug, Default)]
struct Line {
    scanned: usize,
    hurried: bool,
    over: bool,
}

impl Protocol for Line {
    const NAME: &'static str = "line";
    const FRAME_BYTES_MAX: usize = LINE_BYTES_MAX;
    const ENCODES_ALIKE: bool = true;
    type In<'a> = &'a str;
    type Out<'a> = &'a str;

    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        match buf {
            b"zero\n" => return Ok(Input::Frame(0)),
            b"over\n" => return Ok(Input::Frame(6)),
            _ => {}
        }
        let found = buf[self.scanned..].iter().position(|&byte| byte == b'\n');
        let frame = found.map(|at| self.scanned + at + 1);
        self.scanned = if frame.is_some() { 0 } else { buf.len() };
        Ok(frame.map_or(Input::Need(1), Input::Frame))
    }

    fn decode<'a>(&mut self, frame: &'a mut [u8], reply: &mut BytesMut) -> Result<Decoded<&'a str>, DecodeError> {
        if frame == b"ping\n" {
            reply.extend_from_slice(b"pong\n");
            return Ok(Decoded::Handled);
        }
        match &*frame {
            b"hurry\n" => self.hurried = true,
            b"rest\n" => self.hurried = false,
            b"amen\n" => self.over = true,
            _ => {}
        }
        let text = std::str::from_utf8(&frame[..frame.len() - 1]);
        text.map(Decoded::Message).map_err(|_| DecodeError::new(LINE, 0, Fault::Utf8))
    }

    fn encode(&mut self, text: &&str, out: &mut BytesMut) -> Result<(), EncodeError> {
        out.extend_from_slice(text.as_bytes());
        out.extend_from_slice(b"\n");
        assert!(!text.contains('!'), "the encoder panics");
        self.over |= *text == "amen";
        check::free_of(text.as_bytes(), b"\n", LINE)
    }

    fn patience(&self) -> Option<Duration> {
        self.hurried.then_some(Duration::from_secs(5))
    }

    fn is_over(&self) -> bool {
        self.over
    }
}

/// A number: how many messages the connection has had.
type Guest<'w> = Connection<'w, Line, u64>;
type Log = Rc<RefCell<Vec<String>>>;
type Act = dyn FnMut(&mut Guest<'_>, &str);

/// Writes down each callback, and then does what the test wants.
struct Probe {
    log: Log,
    act: Box<Act>,
}

impl Probe {
    fn saw(&mut self, guest: &mut Guest<'_>, what: &str) {
        self.log.borrow_mut().push(format!("{} {what}", guest.id()));
        (self.act)(guest, what);
    }
}

impl Handler for Probe {
    type Protocol = Line;
    type Session = u64;

    fn on_worker_stop(&mut self, worker: &mut Context<'_, Line, u64>) {
        self.log.borrow_mut().push(format!("stop with {}", worker.len()));
        worker.broadcast("bye");
    }

    fn on_connect(&mut self, guest: &mut Guest<'_>) {
        self.saw(guest, "connect");
    }

    fn on_message(&mut self, guest: &mut Guest<'_>, text: &str) {
        *guest.session() += 1;
        self.saw(guest, text);
    }

    fn on_close(&mut self, guest: &mut Guest<'_>) {
        self.saw(guest, "close");
    }

    fn on_error(&mut self, guest: &mut Guest<'_>, error: &ConnectionError) {
        self.saw(guest, &format!("error: {error}"));
    }

    fn on_buffer_full(&mut self, guest: &mut Guest<'_>) {
        self.saw(guest, "full");
    }

    fn on_buffer_drain(&mut self, guest: &mut Guest<'_>) {
        self.saw(guest, "drain");
    }

    fn on_timer(&mut self, worker: &mut Context<'_, Line, u64>, timer: TimerId) {
        self.log.borrow_mut().push(format!("timer {timer}"));
        worker.broadcast("tick");
    }
}

/// A driver whose network is a table of what was sent.
struct Desk {
    engine: Engine<Probe>,
    log: Log,
    now: Instant,
    written: BTreeMap<ConnectionId, Vec<u8>>,
}

impl Desk {
    fn new(act: impl FnMut(&mut Guest<'_>, &str) + 'static) -> Self {
        Self::with(Limits::default(), act)
    }

    fn with(limits: Limits, act: impl FnMut(&mut Guest<'_>, &str) + 'static) -> Self {
        let (log, now) = (Log::default(), Instant::now());
        let probe = Probe { log: Rc::clone(&log), act: Box::new(act) };
        let mut engine = Engine::new(probe, "desk".to_owned(), 0, limits, Waker::noop().clone(), now);
        engine.start(now);
        Self { engine, log, now, written: BTreeMap::new() }
    }

    fn connect(&mut self) -> ConnectionId {
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        self.engine.accepted(at, at, self.now)
    }

    /// Delivers as much as the connection wants, and says how much that was.
    fn feed(&mut self, id: ConnectionId, mut bytes: &[u8]) -> usize {
        let all = bytes.len();
        while let Some(room) = self.engine.room(id).filter(|_| !bytes.is_empty()) {
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            self.engine.received(id, count, self.now);
        }
        all - bytes.len()
    }

    fn end(&mut self, id: ConnectionId) {
        self.engine.end_of_stream(id, self.now);
    }

    /// Lets the network take at most `count` bytes of a connection.
    fn take(&mut self, id: ConnectionId, count: usize) {
        let bytes = self.engine.outgoing(id);
        let taken = bytes[..count.min(bytes.len())].to_vec();
        self.engine.sent(id, taken.len(), self.now);
        self.written.entry(id).or_default().extend(taken);
    }

    /// Does everything that the engine wants; says which connections were let go, and how.
    fn flush(&mut self) -> Vec<(u64, End)> {
        let mut closed = Vec::new();
        while let Some(change) = self.engine.poll() {
            match change {
                Change::Update(id) => self.take(id, usize::MAX),
                Change::Closed(id, how) => {
                    self.engine.release(id);
                    closed.push((id.serial(), how));
                }
                Change::Datagrams => self.log.borrow_mut().push("datagrams".to_owned()),
                Change::Finish(id) => self.log.borrow_mut().push(format!("{id} finish")),
                Change::Resolve(id) => {
                    let (host, port) = self.engine.unresolved(id).unwrap();
                    self.log.borrow_mut().push(format!("{id} resolve {host}:{port}"));
                }
                Change::Connect(id, attempt) => {
                    let place = self.engine.attempt(id, attempt).map(|(endpoint, _)| endpoint.to_string());
                    self.log.borrow_mut().push(format!("{id} attempt {attempt} at {}", place.unwrap()));
                }
            }
        }
        closed
    }

    fn pass(&mut self, time: Duration) {
        self.now += time;
        self.engine.expire(self.now);
    }

    fn written(&mut self, id: ConnectionId) -> String {
        String::from_utf8(self.written.remove(&id).unwrap_or_default()).unwrap()
    }

    /// What was called since the last time.
    fn log(&mut self) -> Vec<String> {
        self.log.take()
    }
}

fn echo(guest: &mut Guest<'_>, what: &str) {
    if what.starts_with("say ") {
        guest.send(what);
    }
}
