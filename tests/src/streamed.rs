//! A message in parts, put together again: so it can be held against the same message taken whole.

use crate::engine::Mistake;
use bytes::BytesMut;
use std::fmt::Debug;
use wm_core::protocol::{Decoded, Duplex, Input, Part, Protocol, Stream, Streamed};

/// What comes of a stream of messages in parts: of each its head and all its data; and how it ends.
#[derive(Debug, PartialEq, Eq)]
pub struct Parts {
    /// The `Debug` of the head, and the data.
    pub messages: Vec<(String, Vec<u8>)>,
    /// Where the frame starts that was not read to its end.
    pub start: usize,
    /// How many bytes are missing within a message, as far as is known; or the mistake.
    pub end: Result<usize, Mistake>,
    /// The most bytes that were waited for before anything was handed out.
    pub held: usize,
}

/// Gives a stream to the receiver of parts; each of `cuts`, in rising order, is how much has arrived when it looks.
///
/// # Panics
///
/// The receiver breaks its contract.
#[must_use]
pub fn run<M: Streamed>(stream: &[u8], cuts: impl IntoIterator<Item = usize>) -> Parts
where
    for<'a> M::Head<'a>: Debug,
{
    let mut receiver = Duplex::<Stream<M>>::default();
    let mut parts = Parts { messages: Vec::new(), start: 0, end: Ok(0), held: 0 };
    let (mut at, mut within, mut missing): (usize, Option<(String, Vec<u8>)>, usize) = (0, None, 0);
    // Whether the end of the stream is the end of the message.
    let mut until_end = false;
    for arrived in cuts.into_iter().chain([stream.len()]) {
        while at <= arrived {
            let said = receiver.input(&stream[at..arrived]);
            until_end = matches!(said, Ok(Input::UntilEnd));
            let len = match said {
                Ok(Input::Need(needed)) => {
                    assert!(needed > 0, "nothing is needed");
                    missing = if at < arrived { needed } else { receiver.unfinished() };
                    parts.held = parts.held.max(arrived - at);
                    break;
                }
                Ok(Input::UntilEnd) => break,
                Ok(Input::Frame(len)) => len,
                Err(error) => return Parts { end: Err(error.into()), ..parts },
            };
            assert!(len > 0 && at + len <= arrived, "{len} bytes of {}", arrived - at);
            assert!(len <= <Duplex<Stream<M>> as Protocol>::FRAME_BYTES_MAX, "{len} bytes in a part");
            let (mut frame, mut reply) = (stream[at..at + len].to_vec(), BytesMut::new());
            let part = match receiver.decode(&mut frame, &mut reply) {
                Ok(Decoded::Message(part)) => part,
                Ok(_) => panic!("a part is always for the handler"),
                Err(error) => return Parts { end: Err(error.into()), ..parts },
            };
            let Part { head, data, end } = part;
            assert_eq!(head.is_some(), within.is_none(), "a head in the first part, and there alone");
            let message = within.get_or_insert_with(|| (format!("{head:?}"), Vec::new()));
            message.1.extend_from_slice(data);
            at += len;
            if end {
                parts.messages.extend(within.take());
                parts.start = at;
            }
            assert_eq!(receiver.unfinished() == 0, end, "what is left, and the end");
        }
    }
    if until_end {
        let (mut rest, mut reply) = (stream[at..].to_vec(), BytesMut::new());
        match receiver.decode(&mut rest, &mut reply) {
            Ok(Decoded::Message(Part { head: None, data: [], end: true })) => parts.messages.extend(within.take()),
            other => panic!("the end is a part of its own: {other:?}"),
        }
        (parts.start, missing) = (stream.len(), receiver.unfinished());
    }
    parts.end = Ok(missing);
    parts
}
