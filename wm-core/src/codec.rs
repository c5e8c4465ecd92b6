//! A protocol as a codec of tokio-util: for programs that bring their own runtime, and need no worker.

use crate::FramedError;
use crate::protocol::{Behind, DecodeError, Decoded, Input, Protocol, Resync, Search, on_a_stream};
use bytes::{Buf, BytesMut};
use std::{fmt, marker::PhantomData};
use tokio_util::codec::{Decoder, Encoder};

/// How much room is made at a time: however large a frame says it is, memory grows only by what has arrived.
const ROOM_BYTES: usize = 64 << 10;

/// Who is told of bad frames that were thrown away.
type Tell = Box<dyn FnMut(&DecodeError, usize) + Send>;

/// A protocol as a [`Decoder`] and an [`Encoder`]: `tokio_util::codec::Framed::new(stream, Codec::<Server, _, _>::new(take))`.
///
/// A message borrows from its frame, and what a `Decoder` gives away must not: `take` makes of a message what is kept of
/// it. What is sent may borrow, and is any message that the protocol's side sends.
///
/// What a protocol answers by itself, as to a handshake, travels in front of the next message that is sent. What is
/// generated from a schema answers nothing by itself. Behind a message that goes on to the end of the stream, close the sink.
///
/// A task that may move between threads names the codec by what it does, and not by its messages, whose lifetimes the compiler
/// loses there: a function returns it as `impl Decoder<Item = …> + for<'a> Encoder<…> + Send +
/// Unpin`, as `examples/src/bin/on_tokio.rs` does.
///
/// # Example
///
/// ```
/// use bytes::BytesMut;
/// use tokio_util::codec::{Decoder, Encoder};
/// use wm_core::{Codec, protocol::Text};
///
/// let mut codec = Codec::<Text, _, _>::new(|line| line.text.to_owned());
/// let mut arrived = BytesMut::from("hello\nwor");
/// assert_eq!(codec.decode(&mut arrived)?, Some("hello".to_owned()));
/// assert_eq!(codec.decode(&mut arrived)?, None);
/// let mut sent = BytesMut::new();
/// codec.encode("hi", &mut sent)?;
/// assert_eq!(sent, "hi\n");
/// # Ok::<(), wm_core::FramedError>(())
/// ```
pub struct Codec<P, F, R> {
    protocol: P,
    take: F,
    /// The next frame is searched for behind a bad one.
    resync: Option<Resync>,
    /// The end of the stream was the end of a frame.
    ended: bool,
    replies: BytesMut,
    tell: Option<Tell>,
    kept: PhantomData<fn() -> R>,
}

impl<P: Protocol + Default, F: FnMut(P::In<'_>) -> R, R> Codec<P, F, R> {
    /// A connection at its beginning; `take` makes of each message what is kept of it. A protocol of
    /// [datagrams](Protocol::OF_DATAGRAMS) is refused by the compiler, as it is by [`Framed`](crate::Framed::new).
    pub fn new(take: F) -> Self {
        const { on_a_stream::<P>() };
        let (protocol, replies) = (P::default(), BytesMut::new());
        Self { protocol, take, resync: None, ended: false, replies, tell: None, kept: PhantomData }
    }
}

impl<P: Protocol, F, R> Codec<P, F, R> {
    /// Is told of each bad frame that the protocol throws away (`recover`), with the count of its bytes. The stream of
    /// messages goes on behind it.
    #[must_use]
    pub fn on_skipped(mut self, tell: impl FnMut(&DecodeError, usize) + Send + 'static) -> Self {
        self.tell = Some(Box::new(tell));
        self
    }

    /// The protocol: of a session its state.
    pub const fn protocol(&self) -> &P {
        &self.protocol
    }

    fn skipped(&mut self, error: &DecodeError, bytes: usize) {
        if let Some(tell) = &mut self.tell {
            tell(error, bytes);
        }
    }

    /// Behind a bad frame, of so many bytes if its end was found: goes on, if the protocol says how.
    fn recover(&mut self, error: DecodeError, frame: Option<usize>) -> Result<(), FramedError> {
        match Behind::of(&mut self.protocol, error, frame) {
            Behind::Tell(error, bytes) => self.skipped(&error, bytes),
            Behind::Search(resync) => self.resync = Some(resync),
            Behind::Close(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Searches for the next frame; whether it is there.
    fn search(&mut self, arrived: &mut BytesMut) -> Result<bool, FramedError> {
        let Some(mut resync) = self.resync.take() else { return Ok(true) };
        match resync.resume(arrived) {
            Search::Found(bytes) => {
                arrived.advance(bytes);
                let bytes = resync.thrown_away();
                self.skipped(&resync.into_error(), bytes);
                Ok(true)
            }
            Search::Passed(bytes) => {
                arrived.advance(bytes);
                self.resync = Some(resync);
                Ok(false)
            }
            Search::Lost => Err(resync.into_error().into()),
        }
    }
}

impl<P: Protocol, F: FnMut(P::In<'_>) -> R, R> Codec<P, F, R> {
    /// Reads a whole frame, of so many bytes: what is kept of its message, if it has one.
    fn read(&mut self, arrived: &mut BytesMut, len: usize) -> Result<Option<R>, FramedError> {
        let mut frame = arrived.split_to(len);
        match self.protocol.decode(&mut frame, &mut self.replies) {
            Ok(Decoded::Message(message)) => Ok(Some((self.take)(message))),
            Ok(Decoded::Handled) => Ok(None),
            Err(error) => self.recover(error, Some(len)).map(|()| None),
        }
    }
}

impl<P: Protocol, F: FnMut(P::In<'_>) -> R, R> Decoder for Codec<P, F, R> {
    type Item = R;
    type Error = FramedError;

    fn decode(&mut self, arrived: &mut BytesMut) -> Result<Option<R>, FramedError> {
        loop {
            if !self.search(arrived)? {
                return Ok(None);
            }
            match self.protocol.input(arrived) {
                Ok(Input::Need(needed)) => {
                    arrived.reserve(needed.min(ROOM_BYTES));
                    return Ok(None);
                }
                Ok(Input::UntilEnd) => {
                    arrived.reserve(ROOM_BYTES);
                    return Ok(None);
                }
                Ok(Input::Frame(len)) => {
                    if let Some(message) = self.read(arrived, len)? {
                        return Ok(Some(message));
                    }
                }
                Err(error) => self.recover(error.of(arrived), None)?,
            }
        }
    }

    fn decode_eof(&mut self, arrived: &mut BytesMut) -> Result<Option<R>, FramedError> {
        if self.ended {
            return Ok(None);
        }
        if let Some(message) = self.decode(arrived)? {
            return Ok(Some(message));
        }
        if let Some(resync) = self.resync.take() {
            return Err(resync.into_error().into());
        }
        let (have, unfinished) = (arrived.len(), self.protocol.unfinished());
        match self.protocol.input(arrived) {
            _ if have == 0 && unfinished == 0 => Ok(None),
            Ok(Input::UntilEnd) => {
                self.ended = true;
                let message = self.read(arrived, have)?;
                self.resync.take().map_or(Ok(message), |resync| Err(resync.into_error().into()))
            }
            Ok(Input::Need(needed)) => Err(FramedError::Truncated { have, needed: needed.max(unfinished) }),
            Ok(Input::Frame(_)) | Err(_) => Err(FramedError::Truncated { have, needed: unfinished.max(1) }),
        }
    }
}

impl<'m, P: Protocol, F, R, M: Into<P::Out<'m>>> Encoder<M> for Codec<P, F, R> {
    type Error = FramedError;

    fn encode(&mut self, message: M, out: &mut BytesMut) -> Result<(), FramedError> {
        let start = out.len();
        out.extend_from_slice(&self.replies);
        match self.protocol.encode(&message.into(), out) {
            Ok(()) => {
                self.replies.clear();
                Ok(())
            }
            Err(error) => {
                out.truncate(start);
                Err(error.into())
            }
        }
    }
}

impl<P: Protocol, F, R> fmt::Debug for Codec<P, F, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Codec").field("protocol", &self.protocol).field("resync", &self.resync).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::{Frame, Jsonl, Recovery, Text};

    /// All that comes out of bytes that arrive in pieces of `size`, and then end.
    fn decoded<P: Protocol, F: FnMut(P::In<'_>) -> R, R>(
        codec: &mut Codec<P, F, R>,
        stream: &[u8],
        size: usize,
    ) -> (Vec<R>, Result<(), FramedError>) {
        let (mut arrived, mut taken) = (BytesMut::new(), Vec::new());
        for piece in stream.chunks(size) {
            arrived.extend_from_slice(piece);
            loop {
                match codec.decode(&mut arrived) {
                    Ok(Some(message)) => taken.push(message),
                    Ok(None) => break,
                    Err(error) => return (taken, Err(error)),
                }
            }
        }
        loop {
            match codec.decode_eof(&mut arrived) {
                Ok(Some(message)) => taken.push(message),
                Ok(None) => return (taken, Ok(())),
                Err(error) => return (taken, Err(error)),
            }
        }
    }

    #[test]
    fn any_chunking_gives_the_same_messages() {
        for size in 1..13 {
            let mut codec = Codec::<Text, _, _>::new(|line| line.text.to_owned());
            let (lines, end) = decoded(&mut codec, b"one\ntwo\r\n\nthree\n", size);
            assert_eq!(lines, ["one", "two", "", "three"], "in pieces of {size}");
            assert!(end.is_ok(), "in pieces of {size}: {end:?}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded() {
        let mut codec = Codec::<Frame, _, _>::new(|frame| frame.body.to_vec());
        let mut sent = BytesMut::new();
        for message in [&b"a"[..], b"", b"\0\xff"] {
            codec.encode(message, &mut sent).unwrap();
        }
        let (frames, end) = decoded(&mut codec, &sent, 2);
        assert_eq!(frames, [&b"a"[..], b"", b"\0\xff"]);
        end.unwrap();
    }

    #[test]
    fn an_end_within_a_frame_is_told_with_what_is_missing() {
        let mut codec = Codec::<Frame, _, _>::new(|frame| frame.body.to_vec());
        let (frames, end) = decoded(&mut codec, b"\0\0\0\x06ab\0\0\0\x09a", 3);
        assert_eq!(frames, [b"ab"]);
        assert!(matches!(end, Err(FramedError::Truncated { have: 5, needed: 4 })), "{end:?}");
    }

    #[test]
    fn a_large_frame_takes_no_room_before_it_comes() {
        let mut codec = Codec::<Frame, _, _>::new(|frame| frame.body.len());
        let mut arrived = BytesMut::from(&b"\0\x90\0\0"[..]);
        assert!(codec.decode(&mut arrived).unwrap().is_none());
        assert!(arrived.capacity() <= 2 * ROOM_BYTES, "{}", arrived.capacity());
    }

    /// Lines that are no text are no end: they are skipped, or all up to the next `*` is.
    #[derive(Debug, Default)]
    struct Lenient<const SEARCHES: bool>(Text);

    impl<const SEARCHES: bool> Protocol for Lenient<SEARCHES> {
        const NAME: &'static str = "lenient";
        const FRAME_BYTES_MAX: usize = Text::FRAME_BYTES_MAX;
        type In<'a> = <Text as Protocol>::In<'a>;
        type Out<'a> = <Text as Protocol>::Out<'a>;

        fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
            self.0.input(buf)
        }

        fn decode<'a>(
            &mut self,
            frame: &'a mut [u8],
            reply: &mut BytesMut,
        ) -> Result<Decoded<Self::In<'a>>, DecodeError> {
            self.0.decode(frame, reply)
        }

        fn encode(&mut self, message: &Self::Out<'_>, out: &mut BytesMut) -> Result<(), crate::protocol::EncodeError> {
            self.0.encode(message, out)
        }

        fn recover(&mut self, _: &DecodeError) -> Recovery {
            if SEARCHES { Recovery::Resync { mark: b"*", within: 8 } } else { Recovery::Skip }
        }
    }

    /// What is kept of a stream, and how many bytes are thrown away at a time.
    fn lenient<const SEARCHES: bool>(stream: &[u8], size: usize) -> (Vec<String>, bool, Vec<usize>) {
        let (told, skipped) = std::sync::mpsc::channel();
        let mut codec = Codec::<Lenient<SEARCHES>, _, _>::new(|line| line.text.to_owned())
            .on_skipped(move |_, bytes| told.send(bytes).unwrap());
        let (lines, end) = decoded(&mut codec, stream, size);
        (lines, end.is_ok(), skipped.try_iter().collect())
    }

    #[test]
    fn behind_a_bad_frame_it_goes_on_as_the_protocol_says() {
        for size in 1..12 {
            let (lines, good, thrown_away) = lenient::<false>(b"one\n\xff\xff\n*two\n", size);
            assert_eq!(
                (lines.join(" ").as_str(), good, thrown_away.as_slice()),
                ("one *two", true, &[3][..]),
                "{size}"
            );
            let (lines, good, thrown_away) = lenient::<true>(b"one\n\xff\nxy\n*two\n", size);
            assert_eq!(
                (lines.join(" ").as_str(), good, thrown_away.as_slice()),
                ("one *two", true, &[5][..]),
                "{size}"
            );
            let (lines, good, thrown_away) = lenient::<true>(b"one\n\xff\nmore than eight\n*two\n", size);
            assert_eq!((lines.join(" ").as_str(), good, thrown_away.len()), ("one", false, 0), "{size}");
        }
    }

    /// All that comes, up to the end of the stream: at least `LEAST` bytes.
    #[derive(Debug, Default)]
    struct All<const LEAST: usize>;

    impl<const LEAST: usize> Protocol for All<LEAST> {
        const NAME: &'static str = "all";
        const FRAME_BYTES_MAX: usize = 100;
        type In<'a> = &'a [u8];
        type Out<'a> = &'a [u8];

        fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
            Ok(if buf.len() < LEAST { Input::Need(LEAST - buf.len()) } else { Input::UntilEnd })
        }

        fn decode<'a>(&mut self, frame: &'a mut [u8], _: &mut BytesMut) -> Result<Decoded<&'a [u8]>, DecodeError> {
            Ok(Decoded::Message(frame))
        }

        fn encode(&mut self, bytes: &&[u8], out: &mut BytesMut) -> Result<(), crate::protocol::EncodeError> {
            out.extend_from_slice(bytes);
            Ok(())
        }
    }

    #[test]
    fn the_end_of_the_stream_ends_a_frame_that_goes_on_to_it() {
        for size in 1..6 {
            let mut codec = Codec::<All<2>, _, _>::new(|bytes| bytes.to_vec());
            let (frames, end) = decoded(&mut codec, b"abcd", size);
            assert_eq!((frames, end.is_ok()), (vec![b"abcd".to_vec()], true), "in pieces of {size}");
        }
        let mut codec = Codec::<All<6>, _, _>::new(|bytes| bytes.to_vec());
        let (frames, end) = decoded(&mut codec, b"abcd", 3);
        assert!(frames.is_empty() && matches!(end, Err(FramedError::Truncated { have: 4, needed: 2 })), "{end:?}");
        let mut codec = Codec::<All<2>, _, _>::new(|bytes| bytes.to_vec());
        let (frames, end) = decoded(&mut codec, b"", 1);
        assert!(frames.is_empty() && end.is_ok(), "no bytes are no frame");
    }

    #[test]
    fn bad_bytes_and_bad_messages_are_errors() {
        let mut codec = Codec::<Jsonl, _, _>::new(|line| line.value.as_str().to_owned());
        let (lines, end) = decoded(&mut codec, b"{}\n}\n", 1);
        assert_eq!((lines.as_slice(), end.is_err()), (&["{}".to_owned()][..], true));
        let mut codec = Codec::<Text, _, _>::new(|line| line.text.to_owned());
        let mut sent = BytesMut::from("kept");
        assert!(codec.encode("a\nb", &mut sent).is_err());
        assert_eq!(sent, "kept");
    }
}
