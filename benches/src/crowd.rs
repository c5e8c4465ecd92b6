//! The load: a crowd of connections, each of which sends a burst of lines, waits for all replies, compares every byte,
//! and goes on with the next burst. No line is sent twice, so that an old reply is a wrong one.

use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use std::{
    io::{self, ErrorKind, Read, Write},
    net::{SocketAddr, TcpStream},
    time::{Duration, Instant},
};

/// The size of a line with its line feed, in bytes.
pub(crate) const LINE_BYTES: usize = 64;

/// How long a reply may take.
const PATIENCE_MS: u16 = 5000;

/// A crowd of connections to one server.
pub(crate) struct Crowd {
    epoll: Epoll,
    talkers: Vec<Talker>,
    buffer: Vec<u8>,
}

/// What a crowd has said and heard.
pub(crate) struct Talk {
    /// How many replies have come. All were right.
    pub(crate) messages: u64,
    /// How long it took.
    pub(crate) time: Duration,
}

impl Crowd {
    /// Connects `count` times. A burst is of `depth` lines.
    pub(crate) fn connect(server: SocketAddr, count: usize, depth: usize) -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let mut talkers = Vec::with_capacity(count);
        for number in 0..count {
            let talker = Talker::connect(server, number, depth)?;
            epoll.add(&talker.stream, EpollEvent::new(EpollFlags::EPOLLIN, number as u64))?;
            talkers.push(talker);
        }
        // More than a burst, so that bytes that nobody asked for are seen.
        let buffer = vec![0; depth * LINE_BYTES + 1];
        Ok(Self { epoll, talkers, buffer })
    }

    /// Talks for so long, or until each connection has had its burst answered once.
    pub(crate) fn talk(&mut self, time: Duration) -> io::Result<Talk> {
        let mut events = [EpollEvent::empty(); 1024];
        let mut messages = 0;
        let begin = Instant::now();
        for talker in &mut self.talkers {
            talker.say()?;
        }
        let mut waiting = self.talkers.len();
        while waiting > 0 {
            let count = self.epoll.wait(&mut events, EpollTimeout::from(PATIENCE_MS))?;
            if count == 0 {
                let what = format!("{waiting} connections got no reply within {PATIENCE_MS} ms");
                return Err(io::Error::new(ErrorKind::TimedOut, what));
            }
            let goes_on = begin.elapsed() < time;
            for event in &events[..count] {
                let number = usize::try_from(event.data()).map_err(io::Error::other)?;
                let talker = &mut self.talkers[number];
                if !talker.hear(&mut self.buffer)? {
                    continue;
                }
                messages += (talker.burst.len() / LINE_BYTES) as u64;
                if goes_on {
                    talker.say()?;
                } else {
                    waiting -= 1;
                }
            }
        }
        Ok(Talk { messages, time: begin.elapsed() })
    }
}

/// One connection.
struct Talker {
    number: usize,
    stream: TcpStream,
    /// The lines that were sent last, so the replies that are expected.
    burst: Vec<u8>,
    /// How many bytes of the replies have come.
    heard: usize,
    /// How many lines were sent.
    said: u64,
}

impl Talker {
    fn connect(server: SocketAddr, number: usize, depth: usize) -> io::Result<Self> {
        let stream = TcpStream::connect(server)?;
        stream.set_nodelay(true)?;
        stream.set_nonblocking(true)?;
        let line = format!("{:016x} connection {number:<1$}\n", 0, LINE_BYTES - 29);
        debug_assert_eq!(line.len(), LINE_BYTES);
        Ok(Self { number, stream, burst: line.repeat(depth).into_bytes(), heard: 0, said: 0 })
    }

    /// Sends the next burst, which fits into the socket's buffer as nothing else is on the way.
    fn say(&mut self) -> io::Result<()> {
        for line in self.burst.chunks_exact_mut(LINE_BYTES) {
            self.said += 1;
            for (digit, shift) in line.iter_mut().zip((0..64).step_by(4).rev()) {
                *digit = b"0123456789abcdef"[(self.said >> shift & 15) as usize];
            }
        }
        self.heard = 0;
        let taken = self.stream.write(&self.burst)?;
        if taken < self.burst.len() {
            return Err(self.fault(&format!("only {taken} of {} bytes could be sent", self.burst.len())));
        }
        Ok(())
    }

    /// Reads and verifies. Says whether the last reply is complete.
    fn hear(&mut self, buffer: &mut [u8]) -> io::Result<bool> {
        let count = match self.stream.read(buffer) {
            Ok(0) => return Err(self.fault("the server has closed it")),
            Ok(count) => count,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(false),
            Err(error) => return Err(error),
        };
        let expected = &self.burst[self.heard..];
        if count > expected.len() || buffer[..count] != expected[..count] {
            return Err(self.fault(&format!("a wrong reply {:?}", String::from_utf8_lossy(&buffer[..count]))));
        }
        self.heard += count;
        Ok(self.heard == self.burst.len())
    }

    fn fault(&self, what: &str) -> io::Error {
        io::Error::other(format!("connection {} after {} lines: {what}", self.number, self.said))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::{net::TcpListener, thread};

    /// A crowd of one and a server that answers its first burst by what `change` makes of it.
    fn talk_to(change: fn(&mut Vec<u8>)) -> io::Result<Talk> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let server = thread::spawn(move || -> io::Result<()> {
            let (mut peer, _) = listener.accept()?;
            let mut burst = vec![0; 2 * LINE_BYTES];
            peer.read_exact(&mut burst)?;
            change(&mut burst);
            peer.write_all(&burst)
        });
        let talk = Crowd::connect(address, 1, 2).and_then(|mut crowd| crowd.talk(Duration::ZERO));
        server.join().expect("no panic")?;
        talk
    }

    #[test]
    fn a_right_reply_counts() {
        assert_eq!(talk_to(|_| {}).expect("right").messages, 2);
    }

    #[test]
    fn a_wrong_reply_does_not() {
        let wrong: [fn(&mut Vec<u8>); 4] = [
            |burst| burst[LINE_BYTES + 3] ^= 1,
            |burst| burst.push(b'\n'),
            |burst| burst.truncate(LINE_BYTES),
            |burst| burst.rotate_left(LINE_BYTES),
        ];
        for change in wrong {
            assert!(talk_to(change).is_err());
        }
    }
}
