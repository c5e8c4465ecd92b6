//! A connection, of which messages are read, and to which they are sent: blocking, and bounded in time and memory.

use super::frames::{Frames, Next};
use super::terminal::without_number;
use std::io::{self, Read as _, Write as _};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs as _, UdpSocket};
use std::time::{Duration, Instant};
use wm_schema::interp::{Error, Interpreter, Onward};

/// The most bytes that are held of one frame. Schemas may allow more; these commands are for looking at messages.
const FRAME_BYTES_MAX: usize = 64 << 20;
/// Why nothing more is sent.
pub(crate) const NOTHING_BEHIND: &str = "nothing can follow what goes on to the end of the connection";
/// How much is read at once.
const READ_BYTES: usize = 64 << 10;

/// What bytes travel by.
enum Socket {
    Stream(TcpStream),
    /// Each holds a message.
    Datagrams(UdpSocket),
}

/// A connection.
pub(crate) struct Peer<'s> {
    socket: Socket,
    frames: Frames<'s>,
    /// Its bytes are no messages.
    raw: bool,
    /// What has arrived and is not forgotten: from `start` on it is not read as a message yet.
    inbox: Vec<u8>,
    start: usize,
    /// How many bytes of the stream stand in front of the inbox.
    before: usize,
    /// The bad message behind which the next one is searched for, and the size of its frame if its end was found.
    bad: Option<(Interpreter<'s>, Error, Option<usize>)>,
    /// It has closed its side.
    ended: bool,
    /// We have closed ours.
    finished: bool,
}

/// What a peer does.
pub(crate) enum Event<'s> {
    /// It sent a message; the frame started at this byte of its stream.
    Message(Interpreter<'s>, usize, Vec<u8>),
    /// It sent bytes that are no messages; they start at this byte of its stream.
    Raw(usize, Vec<u8>),
    /// It sent what is none.
    Bad(Box<Refused<'s>>),
    /// A message follows behind what was none: where that started, and how many bytes it was.
    Skipped(usize, usize),
    /// It has closed, or said nothing for too long, or cannot be reached any more: what it is, and whether it is within
    /// a message.
    Over(String, bool),
    /// It has closed between two messages.
    Closed,
}

/// Bytes that are no message.
pub(crate) struct Refused<'s> {
    /// What they were read as.
    pub(crate) interpreter: Interpreter<'s>,
    /// Where they start in the stream.
    pub(crate) at: usize,
    /// The bytes.
    pub(crate) frame: Vec<u8>,
    /// What is wrong with them.
    pub(crate) error: Error,
    /// Whether the connection goes on with the next message, if there is one.
    pub(crate) goes_on: bool,
}

impl<'s> Peer<'s> {
    /// The peer at the other end of `socket`, of which `frames` are expected. No write to it takes longer than
    /// `patience`.
    pub(crate) fn new(socket: TcpStream, frames: Frames<'s>, patience: Duration) -> io::Result<Self> {
        socket.set_write_timeout(Some(patience))?;
        socket.set_nodelay(true)?;
        Ok(Self::over(Socket::Stream(socket), frames))
    }

    /// The same of a peer that is sent datagrams, and sends some: `socket` is connected to it.
    pub(crate) fn of_datagrams(socket: UdpSocket, frames: Frames<'s>, patience: Duration) -> io::Result<Self> {
        socket.set_write_timeout(Some(patience))?;
        Ok(Self::over(Socket::Datagrams(socket), frames))
    }

    const fn over(socket: Socket, frames: Frames<'s>) -> Self {
        let (ended, finished) = (false, false);
        Self { socket, frames, raw: false, inbox: Vec::new(), start: 0, before: 0, bad: None, ended, finished }
    }

    /// What is expected from now on: these messages, or raw bytes.
    pub(crate) fn expect(&mut self, frames: Frames<'s>, raw: bool) {
        (self.frames, self.raw) = (frames, raw);
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        match &mut self.socket {
            Socket::Stream(socket) => socket.write_all(bytes),
            Socket::Datagrams(socket) => socket.send(bytes).map(drop),
        }
    }

    /// Closes our side: nothing more is sent. A datagram has an end of its own.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        let Socket::Stream(socket) = &self.socket else { return Ok(()) };
        self.finished = true;
        socket.shutdown(Shutdown::Write)
    }

    /// Whether our side is closed.
    pub(crate) const fn has_finished(&self) -> bool {
        self.finished
    }

    /// The next that the peer does, within `patience`.
    pub(crate) fn next(&mut self, patience: Duration) -> Event<'s> {
        let deadline = Instant::now() + patience;
        loop {
            if let Some(event) = self.arrived() {
                return event;
            }
            let within = self.start < self.inbox.len();
            if self.inbox.len() - self.start > FRAME_BYTES_MAX {
                return Event::Over(format!("sends a message of over {FRAME_BYTES_MAX} bytes"), within);
            }
            let read = self.read(deadline);
            if let (Socket::Datagrams(_), Ok(_)) = (&self.socket, &read) {
                return self.datagram();
            }
            match read {
                // What goes on to the end is whole now.
                Ok(0) if !self.ended => self.ended = true,
                Ok(0) if within => return Event::Over("closed within a message".into(), within),
                Ok(0) => return Event::Closed,
                Ok(_) => {}
                Err(error) if is_timeout(&error) => {
                    return Event::Over(format!("sent no whole message within {} s", patience.as_secs_f32()), within);
                }
                Err(error) => return Event::Over(without_number(&error), within),
            }
        }
    }

    /// The message that has arrived, or the mistake.
    fn arrived(&mut self) -> Option<Event<'s>> {
        let at = self.before + self.start;
        if let Some((interpreter, error, size)) = &self.bad {
            return match interpreter.onward(error, *size, &self.inbox[self.start..]) {
                Onward::Next(bytes) => {
                    self.bad = None;
                    self.start += bytes;
                    Some(Event::Skipped(at, bytes))
                }
                Onward::More => None,
                Onward::Close => Some(Event::Over("sent no message behind it".into(), true)),
            };
        }
        if self.raw {
            let bytes = self.inbox.split_off(self.start);
            self.before += bytes.len();
            return (!bytes.is_empty()).then_some(Event::Raw(at, bytes));
        }
        match self.frames.next(&self.inbox[self.start..], self.ended)? {
            Next::Need(..) | Next::Open(_) => None,
            Next::Frame(interpreter, size) => {
                let frame = self.inbox[self.start..self.start + size].to_vec();
                self.start += size;
                Some(Event::Message(interpreter, at, frame))
            }
            Next::Bad(interpreter, error, size) => {
                let rest = &self.inbox[self.start..];
                let goes_on = interpreter.onward(&error, size, rest) != Onward::Close;
                let frame = rest[..size.unwrap_or(rest.len())].to_vec();
                self.bad = goes_on.then(|| (interpreter, error.clone(), size));
                Some(Event::Bad(Box::new(Refused { interpreter, at, frame, error, goes_on })))
            }
        }
    }

    /// The datagram that has arrived. It is no part of what comes next.
    fn datagram(&mut self) -> Event<'s> {
        let (at, frame) = (0, std::mem::take(&mut self.inbox));
        match self.frames.datagram(&frame) {
            Some(Next::Frame(interpreter, _)) => Event::Message(interpreter, at, frame),
            Some(Next::Bad(interpreter, error, _)) => {
                Event::Bad(Box::new(Refused { interpreter, at, frame, error, goes_on: false }))
            }
            Some(Next::Need(..) | Next::Open(_)) | None => Event::Over("sent an empty datagram".into(), true),
        }
    }

    fn read(&mut self, deadline: Instant) -> io::Result<usize> {
        self.inbox.drain(..self.start);
        self.before += std::mem::take(&mut self.start);
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        match &self.socket {
            Socket::Stream(socket) => socket.set_read_timeout(Some(left))?,
            Socket::Datagrams(socket) => socket.set_read_timeout(Some(left))?,
        }
        let mut chunk = [0; READ_BYTES];
        loop {
            let read = match &mut self.socket {
                Socket::Stream(socket) => socket.read(&mut chunk),
                Socket::Datagrams(socket) => socket.recv(&mut chunk),
            };
            match read {
                Ok(count) => {
                    self.inbox.extend_from_slice(&chunk[..count]);
                    return Ok(count);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }
}

fn is_timeout(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// The socket address of `127.0.0.1:8335`, `[::1]:8335`, `localhost:8335`, `8335`, `127.0.0.1`, with a scheme in front or
/// not; what is left out is the loopback address and the port of the schema.
///
/// # Errors
/// It is none, in a sentence.
pub(crate) fn address(text: &str, port: Option<u16>) -> Result<SocketAddr, String> {
    let place = text.split_once("://").map_or(text, |(_, place)| place);
    let whole = match place.rsplit_once(':') {
        _ if place.is_empty() => format!("127.0.0.1{}", behind(port)?),
        _ if place.bytes().all(|byte| byte.is_ascii_digit()) => format!("127.0.0.1:{place}"),
        Some(("", port)) => format!("127.0.0.1:{port}"),
        Some((host, _)) if !host.contains(':') || host.ends_with(']') => place.to_owned(),
        Some(_) if !place.starts_with('[') => format!("[{place}]{}", behind(port)?),
        _ => format!("{place}{}", behind(port)?),
    };
    let found = whole.to_socket_addrs().map(|mut found| found.next());
    found
        .ok()
        .flatten()
        .ok_or_else(|| format!("`{text}` is no address: write `127.0.0.1:8335`, `[::1]:8335` or `8335`"))
}

fn behind(port: Option<u16>) -> Result<String, String> {
    port.map(|port| format!(":{port}")).ok_or_else(|| "the schema names no port: add one to the address".to_owned())
}

#[cfg(test)]
mod tests {
    use super::address;

    #[test]
    fn addresses_are_completed() {
        for (text, expected) in [
            ("", "127.0.0.1:9"),
            ("8335", "127.0.0.1:8335"),
            (":8335", "127.0.0.1:8335"),
            ("127.0.0.2", "127.0.0.2:9"),
            ("127.0.0.2:80", "127.0.0.2:80"),
            ("tcp://127.0.0.2:80", "127.0.0.2:80"),
            ("udp://", "127.0.0.1:9"),
            ("::1", "[::1]:9"),
            ("[::1]", "[::1]:9"),
            ("[::1]:80", "[::1]:80"),
        ] {
            assert_eq!(address(text, Some(9)).map(|address| address.to_string()), Ok(expected.to_owned()), "{text}");
        }
        for text in ["127.0.0.1:99999", "127.0.0.1:", "[::1", "1:2:3", "a b"] {
            assert!(address(text, Some(9)).is_err(), "{text}");
        }
        assert!(address("127.0.0.1", None).is_err_and(|said| said.contains("names no port")));
    }
}
