//! A protocol over any blocking stream: for clients, tools and tests that need no event loop.

use crate::protocol::{
    Behind, Channel, DecodeError, Decoded, EncodeError, Input, Listen, Protocol, Resync, Search, on_a_stream,
};
use bytes::{Buf, BytesMut};
use std::{
    error, fmt,
    io::{self, ErrorKind, Read, Write},
};

/// How many bytes are asked of the stream at a time; the buffer grows by no more than that before they have arrived.
const READ_BYTES: usize = 64 << 10;

/// A blocking stream that speaks a protocol.
///
/// ```
/// use wm_core::{Framed, protocol::Tcp};
///
/// # let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
/// # let address = listener.local_addr()?;
/// # let peer = std::thread::spawn(move || std::io::copy(&mut &listener.accept().unwrap().0, &mut std::io::sink()));
/// let stream = std::net::TcpStream::connect(address)?;
/// let mut connection = Framed::<Tcp, _>::new(stream);
/// connection.send(&b"hello"[..])?;
/// # drop(connection); peer.join().unwrap()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Framed<P, S> {
    protocol: P,
    stream: S,
    /// The next frame is searched for behind a bad one.
    resync: Option<Resync>,
    /// The end of the stream was the end of a frame.
    ended: bool,
    inbox: BytesMut,
    outbox: BytesMut,
}

impl<P: Protocol + Default, S: Read + Write> Framed<P, S> {
    /// A connection at its beginning. A protocol of [datagrams](Protocol::OF_DATAGRAMS) is refused by the compiler: a stream
    /// does not tell where one ends.
    ///
    /// ```compile_fail
    /// use wm_core::Framed;
    /// # use bytes::BytesMut;
    /// # use wm_core::protocol::{DecodeError, Duplex, EncodeError, Input, Message};
    /// # struct Ask;
    /// # impl Message for Ask {
    /// #     type View<'a> = Ask;
    /// #     type Scan = ();
    /// #     const PROTOCOL: &'static str = "ask";
    /// #     const FRAME_BYTES_MAX: usize = 512;
    /// #     const OF_DATAGRAMS: bool = true;
    /// #     fn input(_: &mut (), buf: &[u8]) -> Result<Input, DecodeError> { Ok(Input::Frame(buf.len())) }
    /// #     fn decode(_: &mut [u8]) -> Result<Ask, DecodeError> { Ok(Ask) }
    /// #     fn encode(_: &Ask, _: &mut BytesMut) -> Result<(), EncodeError> { Ok(()) }
    /// # }
    ///
    /// // `frame datagram`, generated from a schema.
    /// type Client = Duplex<Ask>;
    ///
    /// let stream = std::net::TcpStream::connect("127.0.0.1:53").unwrap();
    /// let client = Framed::<Client, _>::new(stream);
    /// ```
    pub fn new(stream: S) -> Self {
        const { on_a_stream::<P>() };
        let (inbox, outbox) = (BytesMut::new(), BytesMut::new());
        Self { protocol: P::default(), stream, resync: None, ended: false, inbox, outbox }
    }
}

impl<P: Protocol, S: Read + Write> Framed<P, S> {
    /// Sends a message and returns when the stream has taken all of it. Behind one that goes on to the end of the stream
    /// ([`Protocol::has_finished`]) the peer waits for that end: shut the stream down for writing, or drop it.
    ///
    /// # Errors
    ///
    /// The message cannot be put on the wire, or the stream fails.
    pub fn send<'m>(&mut self, message: impl Into<P::Out<'m>>) -> Result<(), FramedError> {
        self.outbox.clear();
        self.protocol.encode(&message.into(), &mut self.outbox)?;
        self.stream.write_all(&self.outbox)?;
        Ok(())
    }

    /// Waits for the next message and gives it to `take`; `None` if the peer has closed between two messages, or the
    /// conversation is over. Where the end of the stream is the end of a frame, a peer that closes has sent it whole: the
    /// stream must tell that end from a failure, as TCP does, and TLS if its library says of a cut as an error.
    ///
    /// # Errors
    ///
    /// The peer's bytes break the protocol, it closes in the middle of a frame, the stream fails, or it is this side's turn
    /// to speak. After [`FramedError::Skipped`] the next message can be waited for.
    pub fn receive<R>(&mut self, take: impl FnOnce(P::In<'_>) -> R) -> Result<Option<R>, FramedError> {
        if let Some(resync) = self.resync.take() {
            return Err(self.resync(resync));
        }
        loop {
            if self.ended || self.protocol.is_over() {
                return Ok(None);
            }
            if !self.protocol.listens() {
                return Err(FramedError::OurTurn);
            }
            let said = self.protocol.input(&self.inbox).map_err(|error| self.recover(error.of(&self.inbox), None))?;
            let len = match said {
                Input::Frame(len) => len,
                Input::Need(_) | Input::UntilEnd if self.fill()? > 0 => continue,
                Input::UntilEnd => {
                    self.ended = true;
                    self.inbox.len()
                }
                Input::Need(needed) => return self.end(needed).map(|()| None),
            };
            let mut frame = self.inbox.split_to(len);
            self.outbox.clear();
            let decoded = match self.protocol.decode(&mut frame, &mut self.outbox) {
                Ok(decoded) => decoded,
                Err(error) => return Err(self.recover(error, Some(len))),
            };
            self.stream.write_all(&self.outbox)?;
            if let Decoded::Message(message) = decoded {
                return Ok(Some(take(message)));
            }
        }
    }

    /// The stream ends where `needed` bytes were: between two messages, or within one.
    fn end(&self, needed: usize) -> Result<(), FramedError> {
        let (have, unfinished) = (self.inbox.len(), self.protocol.unfinished());
        if have == 0 && unfinished == 0 {
            return Ok(());
        }
        Err(FramedError::Truncated { have, needed: needed.max(unfinished) })
    }

    /// Behind a bad frame, of so many bytes if its end was found: does as the protocol says, and tells of it.
    fn recover(&mut self, error: DecodeError, frame: Option<usize>) -> FramedError {
        match Behind::of(&mut self.protocol, error, frame) {
            Behind::Tell(error, bytes) => FramedError::Skipped { error, bytes },
            Behind::Search(resync) => self.resync(resync),
            Behind::Close(error) => FramedError::Decode(error),
        }
    }

    /// Searches for the next frame, and tells what was thrown away.
    fn resync(&mut self, mut resync: Resync) -> FramedError {
        loop {
            match resync.resume(&self.inbox) {
                Search::Found(bytes) => {
                    self.inbox.advance(bytes);
                    let bytes = resync.thrown_away();
                    return FramedError::Skipped { error: resync.into_error(), bytes };
                }
                Search::Passed(bytes) => self.inbox.advance(bytes),
                Search::Lost => return FramedError::Decode(resync.into_error()),
            }
            match self.fill() {
                Ok(0) => return FramedError::Decode(resync.into_error()),
                Ok(_) => {}
                Err(error) => {
                    // A read that times out may be tried again.
                    self.resync = Some(resync);
                    return error.into();
                }
            }
        }
    }

    /// The stream goes on with another protocol, as `-> protocol` of a session says: what has arrived already is read as
    /// that one.
    pub fn upgrade<Q: Protocol + Default>(self) -> Framed<Q, S> {
        const { on_a_stream::<Q>() };
        let Self { stream, ended, inbox, outbox, .. } = self;
        Framed { protocol: Q::default(), stream, resync: None, ended, inbox, outbox }
    }

    /// The stream and the bytes that have arrived and are not read: for whoever goes on with something that is no
    /// [`Protocol`], such as TLS.
    pub fn into_parts(self) -> (S, BytesMut) {
        (self.stream, self.inbox)
    }

    /// The protocol: of a session its state.
    pub const fn protocol(&self) -> &P {
        &self.protocol
    }

    /// The stream beneath.
    pub const fn get_ref(&self) -> &S {
        &self.stream
    }

    /// The stream beneath, to change what it does; its bytes are the protocol's.
    pub const fn get_mut(&mut self) -> &mut S {
        &mut self.stream
    }

    /// Reads once. However large the frame says it is, memory grows only by what has arrived.
    fn fill(&mut self) -> io::Result<usize> {
        let start = self.inbox.len();
        self.inbox.resize(start + READ_BYTES, 0);
        let read = loop {
            match self.stream.read(&mut self.inbox[start..]) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => break read,
            }
        };
        self.inbox.truncate(start + read.as_ref().copied().unwrap_or(0));
        read
    }
}

impl<P: Protocol, S: Read + Write> Channel for Framed<P, S> {
    type Protocol = P;
    type Said<T> = Result<T, FramedError>;

    fn protocol(&self) -> &P {
        &self.protocol
    }

    fn say<T>(mut self, message: P::Out<'_>, then: impl FnOnce(Self) -> T) -> Result<T, FramedError> {
        self.send(message)?;
        Ok(then(self))
    }
}

impl<P: Protocol, S: Read + Write> Channel for &mut Framed<P, S> {
    type Protocol = P;
    type Said<T> = Result<T, FramedError>;

    fn protocol(&self) -> &P {
        &self.protocol
    }

    fn say<T>(self, message: P::Out<'_>, then: impl FnOnce(Self) -> T) -> Result<T, FramedError> {
        self.send(message)?;
        Ok(then(self))
    }
}

impl<P: Protocol, S: Read + Write> Listen for Framed<P, S> {
    type Error = FramedError;

    fn listen<R>(&mut self, mut take: impl FnMut(P::In<'_>) -> Option<R>) -> Result<R, FramedError> {
        loop {
            if let Some(taken) = self.receive(&mut take)?.ok_or(FramedError::Closed)? {
                return Ok(taken);
            }
        }
    }
}

impl<P: Protocol, S: Read + Write> Listen for &mut Framed<P, S> {
    type Error = FramedError;

    fn listen<R>(&mut self, take: impl FnMut(P::In<'_>) -> Option<R>) -> Result<R, FramedError> {
        Listen::listen(&mut **self, take)
    }
}

/// Why a message could not be sent or received.
#[derive(Debug)]
#[non_exhaustive]
pub enum FramedError {
    /// The peer's bytes break the protocol.
    Decode(DecodeError),
    /// A bad frame was thrown away, as the protocol says of what was wrong. The connection goes on: the next message can
    /// be waited for.
    Skipped {
        /// What was wrong.
        error: DecodeError,
        /// How many bytes were thrown away.
        bytes: usize,
    },
    /// The message cannot be put on the wire.
    Encode(EncodeError),
    /// The peer closed in the middle of a frame.
    Truncated {
        /// How many bytes of the frame have arrived.
        have: usize,
        /// How many more were needed at least.
        needed: usize,
    },
    /// The conversation goes on, and the peer has closed.
    Closed,
    /// Nothing is to be waited for: it is this side's turn to speak.
    OurTurn,
    /// The stream failed.
    Io(io::Error),
}

impl fmt::Display for FramedError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Decode(error) => error.fmt(f),
            Self::Skipped { error, bytes } => write!(f, "{error}; {bytes} bytes are thrown away"),
            Self::Encode(error) => error.fmt(f),
            Self::Truncated { have, needed } => {
                write!(
                    f,
                    "the peer closed in the middle of a frame: {have} bytes have arrived, {needed} more were needed"
                )
            }
            Self::Closed => f.write_str("the peer has closed, and the conversation is not over"),
            Self::OurTurn => f.write_str("the peer waits: it is this side's turn to speak"),
            Self::Io(error) => error.fmt(f),
        }
    }
}

impl error::Error for FramedError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Decode(error) | Self::Skipped { error, .. } => Some(error),
            Self::Encode(error) => Some(error),
            Self::Truncated { .. } | Self::Closed | Self::OurTurn => None,
            Self::Io(error) => Some(error),
        }
    }
}

impl From<DecodeError> for FramedError {
    fn from(error: DecodeError) -> Self {
        Self::Decode(error)
    }
}

impl From<EncodeError> for FramedError {
    fn from(error: EncodeError) -> Self {
        Self::Encode(error)
    }
}

impl From<io::Error> for FramedError {
    fn from(error: io::Error) -> Self {
        Self::Io(error)
    }
}
