//! What is true of every engine of every protocol, for any bytes and any message.

use crate::engine::{Engine, Refusal};
use crate::stream::{self, End, Outcome};
use crate::subject::Subject;
use wm_core::protocol::Input;
use wm_schema::ir::{Framing, Value};

/// All engines find the same in a stream, however it is cut: the same messages, and the same mistake at the same field and
/// offset.
///
/// # Panics
///
/// They do not.
pub fn agree(subject: &Subject, stream: &[u8], cuts: &[usize]) -> Outcome {
    let expected = stream::run_in_pieces(&subject.oracle, stream, cuts);
    for engine in &subject.engines {
        let found = stream::run_in_pieces(engine.as_ref(), stream, cuts);
        assert_eq!(found, expected, "{subject:?}: {} against the interpreter on {stream:?}", engine.name());
    }
    expected
}

/// The frame of a message, which every engine reads back as that message and sends as the same bytes; no prefix of it is
/// a mistake, and what an engine asks for is there. Of a datagram, all engines find the same in each prefix. Nothing if the
/// message cannot be sent.
///
/// # Panics
///
/// An engine does otherwise.
pub fn round_trip(subject: &Subject, value: &Value) -> Result<Vec<u8>, Refusal> {
    let frame = subject.oracle.encode(value).map_err(Refusal::from)?;
    let shown = subject.oracle.show(value);
    // Each look starts anew: of a long frame, some prefixes must do.
    let cuts = || (0..frame.len()).step_by(frame.len() / 512 + 1);
    let datagram = subject.oracle.is_of_datagrams();
    for cut in cuts().filter(|_| datagram) {
        let _ = agree(subject, &frame[..cut], &[]);
    }
    for engine in &subject.engines {
        let context = || format!("{subject:?}: {} of {shown} as {frame:?}", engine.name());
        for cut in cuts().filter(|_| !datagram) {
            match engine.framer().input(&frame[..cut]) {
                Ok(Input::Need(needed)) if needed <= frame.len() - cut => {}
                Ok(Input::UntilEnd) if cut > 0 => {}
                other => panic!("{}: {other:?} behind {cut} bytes", context()),
            }
        }
        let read = engine.decode(&frame).unwrap_or_else(|mistake| panic!("{}: {mistake:?}", context()));
        assert_eq!(read.shown, shown, "{}", context());
        assert_eq!(read.sent.as_ref(), Ok(&frame), "{}", context());
    }
    Ok(frame)
}

/// What is read and can be sent is the same message when it is read again.
///
/// # Panics
///
/// It is another one.
pub fn sent_is_read_again(subject: &Subject, outcome: &Outcome) {
    for message in &outcome.messages {
        let Ok(wire) = &message.sent else { continue };
        for engine in &subject.engines {
            let again = stream::run(engine.as_ref(), wire, []);
            let context = || format!("{subject:?}: {} of {message:?}", engine.name());
            assert_eq!((again.end, again.start), (End::Open, wire.len()), "{}", context());
            assert_eq!(again.messages.len(), 1, "{}", context());
            assert_eq!(again.messages[0].shown, message.shown, "{}", context());
        }
    }
}

/// Gives a frame byte by byte to a connection that walks over it, and spoils all but the last `BEHIND` of those that have
/// arrived: more than those no step looks back at. A number is read again until it is whole, a delimiter where half of it
/// has arrived.
///
/// # Panics
///
/// The engine looks at a byte long after it has passed it.
pub fn looks_ahead(subject: &Subject, engine: &dyn Engine, frame: &[u8]) {
    /// The longest number, and the longest delimiter behind it.
    const BEHIND: usize = 24;
    let (mut framer, mut buf) = (engine.framer(), Vec::with_capacity(frame.len()));
    for (at, byte) in frame.iter().enumerate() {
        buf.push(*byte);
        if let Some(done) = at.checked_sub(BEHIND) {
            buf[done] = if buf[done] == 0 { 0xff } else { 0 };
        }
        match framer.input(&buf) {
            Ok(Input::Need(needed)) => {
                assert!(needed < frame.len() - at, "{subject:?}: {} wants {needed} more", engine.name());
            }
            Ok(Input::Frame(len)) => assert_eq!((len, at + 1), (frame.len(), len), "{subject:?}: {}", engine.name()),
            Ok(Input::UntilEnd) => {}
            Err(mistake) => panic!("{subject:?}: {} has looked back: {mistake:?}", engine.name()),
        }
    }
}

/// Gives a frame in pieces of 64 bytes and spoils every byte that an engine has no reason to look at again: behind a
/// look, those in front of a half delimiter; in a frame with a number, all, once the number is there. Whoever looks twice
/// sees something else. Returns how many bytes there were to look at, over all looks.
///
/// # Panics
///
/// The engine looks at a byte twice.
pub fn looks_once(subject: &Subject, engine: &dyn Engine, frame: &[u8]) -> usize {
    const PIECE: usize = 64;
    let (head, overlap, spoiled) = match subject.oracle.framing() {
        // The fixed head in front of the delimiter may be compared again.
        Some(Framing::Until { from, ends, .. }) => {
            let longest = ends.all().map(<[u8]>::len).max().unwrap_or(1);
            (*from, longest - 1, ends.written().to_vec())
        }
        Some(Framing::Prefix { at, int, .. }) => (at + int.size().most.unwrap_or(u64::MAX), 0, vec![0xff]),
        Some(Framing::Outer(_)) => (0, 0, vec![b' ']),
        Some(Framing::Fixed { .. } | Framing::Walk | Framing::Datagram { .. }) | None => (0, 0, vec![0xff]),
    };
    let numbered = !matches!(subject.oracle.framing(), Some(Framing::Until { .. } | Framing::Outer(_)));
    let head = usize::try_from(head).unwrap_or(usize::MAX);
    let mut framer = engine.framer();
    let (mut buf, mut fresh, mut looked) = (Vec::with_capacity(frame.len()), 0, 0);
    for piece in frame.chunks(PIECE) {
        buf.extend_from_slice(piece);
        looked += buf.len() - fresh;
        match framer.input(&buf) {
            Ok(Input::Need(_)) => assert!(buf.len() < frame.len(), "{subject:?}: {} wants more", engine.name()),
            Ok(Input::UntilEnd) if buf.len() == frame.len() => return looked,
            Ok(Input::UntilEnd) => {}
            Ok(Input::Frame(len)) => {
                assert_eq!(len, frame.len(), "{subject:?}: {} has looked twice", engine.name());
                return looked;
            }
            Err(mistake) => panic!("{subject:?}: {} has looked twice: {mistake:?}", engine.name()),
        }
        let seen = buf.len() - overlap;
        if numbered && buf.len() >= head {
            // The number, too, is read once.
            let from = if fresh < head { 0 } else { fresh };
            buf[from..].fill(spoiled[0]);
        } else if let Some(done) = buf.get_mut(fresh.max(head)..seen) {
            done.iter_mut().zip(spoiled.iter().cycle()).for_each(|(byte, spoiled)| *byte = *spoiled);
        }
        fresh = seen;
    }
    panic!("{subject:?}: {} finds no end", engine.name())
}
