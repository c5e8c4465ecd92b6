//! A stream of bytes that arrives in pieces, as a connection sees it; or a datagram, which arrives whole.

use crate::engine::{Engine, Mistake, Read};
use wm_core::protocol::Input;

/// What came of a stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// The messages in it.
    pub messages: Vec<Read>,
    /// Where the frame starts that was not read to its end.
    pub start: usize,
    /// What became of that one.
    pub end: End,
}

/// How a stream ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum End {
    /// Behind a frame, or inside of one: what has arrived is no mistake.
    Open,
    /// With a mistake; the connection is closed.
    Broken(Mistake),
}

/// Gives a stream to an engine; each of `cuts`, in rising order, is how much has arrived when it looks.
///
/// On the way it holds the engine to its contract: a frame lies in what has arrived, something is always needed, and no
/// more than the frame turns out to be.
///
/// # Panics
///
/// The engine breaks its contract.
#[must_use]
pub fn run(engine: &dyn Engine, stream: &[u8], cuts: impl IntoIterator<Item = usize>) -> Outcome {
    let mut framer = engine.framer();
    let mut outcome = Outcome { messages: Vec::new(), start: 0, end: End::Open };
    // The least size of the frame, by what was said to be needed.
    let mut promised = 0;
    // Whether the end of the stream is the end of the frame.
    let mut until_end = false;
    for arrived in cuts.into_iter().chain([stream.len()]) {
        loop {
            let buf = &stream[outcome.start.min(arrived)..arrived];
            let said = framer.input(buf);
            until_end = matches!(said, Ok(Input::UntilEnd));
            match said {
                Ok(Input::Need(needed)) => {
                    assert!(needed > 0, "{}: nothing is needed behind {buf:?}", engine.name());
                    promised = promised.max(buf.len() + needed);
                    break;
                }
                Ok(Input::UntilEnd) => {
                    assert!(!buf.is_empty(), "{}: of a frame nothing has arrived", engine.name());
                    break;
                }
                Ok(Input::Frame(len)) => {
                    let name = engine.name();
                    assert!(len > 0 && len <= buf.len(), "{name}: a frame of {len} in {} bytes", buf.len());
                    assert!(promised <= len, "{name}: {promised} bytes were asked for, but the frame has {len}");
                    promised = 0;
                    match engine.decode(&buf[..len]) {
                        Ok(read) => outcome.messages.push(read),
                        Err(mistake) => return Outcome { end: End::Broken(mistake), ..outcome },
                    }
                    outcome.start += len;
                }
                Err(mistake) => return Outcome { end: End::Broken(mistake), ..outcome },
            }
        }
    }
    if until_end {
        let frame = &stream[outcome.start..];
        assert!(promised <= frame.len(), "{}: {promised} bytes were asked for of {}", engine.name(), frame.len());
        match engine.decode(frame) {
            Ok(read) => outcome.messages.push(read),
            Err(mistake) => return Outcome { end: End::Broken(mistake), ..outcome },
        }
        outcome.start = stream.len();
    }
    outcome
}

/// Gives the stream whole, byte by byte, and cut at `cuts`. All must come to the same, which is returned. A datagram is only
/// given whole: all of it is the frame.
///
/// # Panics
///
/// They do not, or the engine breaks its contract.
#[must_use]
pub fn run_in_pieces(engine: &dyn Engine, stream: &[u8], cuts: &[usize]) -> Outcome {
    let whole = run(engine, stream, []);
    if engine.is_of_datagrams() {
        assert!(matches!(whole.start, 0) || whole.start == stream.len(), "{}: a part of a datagram", engine.name());
        return whole;
    }
    let every = if stream.len() <= SHORT { stream.len() } else { 0 };
    assert_eq!(run(engine, stream, 0..every), whole, "{}, byte by byte", engine.name());
    assert_eq!(run(engine, stream, cuts.iter().copied()), whole, "{}, cut at {cuts:?}", engine.name());
    whole
}

/// As [`run_in_pieces`], and also cut in two at every place, if the stream is short.
///
/// # Panics
///
/// They do not, or the engine breaks its contract.
#[must_use]
pub fn run_in_any_pieces(engine: &dyn Engine, stream: &[u8], cuts: &[usize]) -> Outcome {
    let whole = run_in_pieces(engine, stream, cuts);
    let cuts = stream.len() <= SHORT && !engine.is_of_datagrams();
    let places = if cuts { stream.len() } else { 0 };
    for cut in 0..places {
        assert_eq!(run(engine, stream, [cut]), whole, "{}, cut at {cut}", engine.name());
    }
    whole
}

/// Up to so many bytes, a stream is cut at each of them.
const SHORT: usize = 512;
