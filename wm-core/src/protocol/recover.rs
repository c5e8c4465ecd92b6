//! What follows a bad frame: the connection closes, or goes on with the next frame.
//!
//! ```text
//!   Skip      the end of the frame is known        ████ bad frame ████│ next frame
//!   Resync    the next frame is searched for       ██ bad █│ … │ ****next frame
//!                                                          └─ at most `within` bytes
//! ```
//!
//! A [`Protocol`](super::Protocol) says which; whoever feeds it does it, and tells what was thrown away.

use super::DecodeError;
#[cfg(feature = "std")]
use super::Protocol;
use memchr::memmem;

/// What becomes of a connection after a bad frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovery {
    /// It closes: where the next frame starts is not known.
    Close,
    /// The frame is thrown away. Where its end was not found either, the connection closes.
    Skip,
    /// Bytes are thrown away up to those that every frame starts with. The search begins behind the bad frame, or, if its
    /// end was not found, where it went wrong.
    Resync {
        /// What every frame starts with; never empty.
        mark: &'static [u8],
        /// How many bytes the search may pass; then the connection closes.
        within: usize,
    },
}

/// What whoever feeds a protocol is to do behind a bad frame.
#[cfg(feature = "std")]
pub(crate) enum Behind {
    /// To tell that so many bytes are thrown away, and go on.
    Tell(DecodeError, usize),
    /// To search for the next frame.
    Search(Resync),
    /// To close.
    Close(DecodeError),
}

#[cfg(feature = "std")]
impl Behind {
    /// Behind a bad frame, of so many bytes if its end was found.
    pub(crate) fn of<P: Protocol>(protocol: &mut P, error: DecodeError, frame: Option<usize>) -> Self {
        let handed_out = protocol.handed_out();
        match (protocol.recover(&error), frame) {
            // The rest of a message in parts is thrown away as it comes.
            (Recovery::Skip, Some(bytes)) => Self::Tell(error, bytes.saturating_add(protocol.unfinished())),
            (Recovery::Resync { mark, within }, _) => Self::Search(Resync::new(error, frame, handed_out, mark, within)),
            (Recovery::Close | Recovery::Skip, _) => Self::Close(error),
        }
    }
}

/// The search for the next frame behind a bad one: plain data, and each byte is looked at about once.
#[derive(Debug)]
pub struct Resync {
    error: DecodeError,
    mark: &'static [u8],
    /// How many bytes may still be passed.
    within: usize,
    /// How many bytes are not worth a look.
    ahead: usize,
    thrown_away: usize,
}

/// What a [`Resync`] says of the bytes that have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    /// The next frame starts behind so many bytes, which are to be thrown away.
    Found(usize),
    /// So many bytes are to be thrown away, and at least one more is needed behind the others.
    Passed(usize),
    /// There is no frame within the bound.
    Lost,
}

impl Resync {
    /// A search because of `error`: behind its frame of so many bytes, which are thrown away already; or else in bytes
    /// that start where the bad frame does, or behind as many of it as have been handed out.
    #[must_use]
    pub fn new(
        error: DecodeError,
        frame: Option<usize>,
        handed_out: usize,
        mark: &'static [u8],
        within: usize,
    ) -> Self {
        // The mark may have begun in what still looked right.
        let wrong_at = error.offset.saturating_sub(handed_out);
        let ahead = match frame {
            Some(_) => 0,
            None => wrong_at.saturating_sub(mark.len().saturating_sub(1)).max(1),
        };
        Self { error, mark, within, ahead, thrown_away: frame.unwrap_or(0) }
    }

    /// Goes on in `buf`, which starts behind all that was thrown away so far.
    pub fn resume(&mut self, buf: &[u8]) -> Search {
        let ahead = self.ahead.min(buf.len());
        let rest = buf.get(ahead..).unwrap_or_default();
        let reach = self.within.saturating_add(self.mark.len()).min(rest.len());
        if let Some(at) = rest.get(..reach).and_then(|reach| memmem::find(reach, self.mark)) {
            self.ahead = 0;
            self.thrown_away = self.thrown_away.saturating_add(ahead).saturating_add(at);
            return Search::Found(ahead.saturating_add(at));
        }
        // Its first bytes may have come.
        let passed = rest.len().saturating_sub(self.mark.len().saturating_sub(1));
        if passed > self.within {
            return Search::Lost;
        }
        self.within = self.within.saturating_sub(passed);
        self.ahead = self.ahead.saturating_sub(ahead);
        let passed = ahead.saturating_add(passed);
        self.thrown_away = self.thrown_away.saturating_add(passed);
        Search::Passed(passed)
    }

    /// How many bytes have been thrown away so far.
    #[must_use]
    pub const fn thrown_away(&self) -> usize {
        self.thrown_away
    }

    /// What was wrong.
    #[must_use]
    pub fn into_error(self) -> DecodeError {
        self.error
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Fault, Field};

    const F: &Field = &Field::new("M", "f", 1);

    fn resync(offset: usize, frame: Option<usize>, within: usize) -> Resync {
        Resync::new(DecodeError::new(F, offset, Fault::Utf8), frame, 0, b"*!", within)
    }

    /// Searches as bytes arrive, and says where the mark is, and how much was looked at.
    fn search(mut resync: Resync, stream: &[u8], cuts: impl IntoIterator<Item = usize>) -> (Option<usize>, usize) {
        let (mut start, mut looked) = (0, 0);
        for arrived in cuts.into_iter().chain([stream.len()]) {
            looked += arrived.saturating_sub(start);
            match resync.resume(&stream[start.min(arrived)..arrived]) {
                Search::Found(at) => return (Some(start + at), looked),
                Search::Passed(passed) => start += passed,
                Search::Lost => return (None, looked),
            }
        }
        (None, looked)
    }

    #[test]
    fn the_mark_is_found_wherever_the_network_cuts() {
        let stream = b"*!xx*x*!next";
        for cut in 0..stream.len() {
            assert_eq!(search(resync(0, None, 100), stream, [cut]).0, Some(6), "cut at {cut}");
            assert_eq!(search(resync(3, None, 100), stream, [cut]).0, Some(6), "cut at {cut}");
            assert_eq!(search(resync(3, Some(9), 100), stream, [cut]).0, Some(0), "behind the frame; cut at {cut}");
        }
    }

    #[test]
    fn a_mark_that_began_in_good_bytes_is_found() {
        assert_eq!(search(resync(1, None, 100), b"**!next", []).0, Some(1));
    }

    #[test]
    fn the_search_ends_at_its_bound_and_not_before() {
        let mut stream = vec![b'x'; 100];
        stream.extend(b"*!");
        for cut in 0..stream.len() {
            // The first byte is known to be none of the mark.
            assert_eq!(search(resync(0, None, 99), &stream, [cut]).0, Some(100), "cut at {cut}");
            assert_eq!(search(resync(0, None, 98), &stream, [cut]).0, None, "cut at {cut}");
        }
    }

    #[test]
    fn each_byte_is_looked_at_about_once() {
        let mut stream = vec![b'x'; 10_000];
        stream.extend(b"*!");
        let (found, looked) = search(resync(0, None, 20_000), &stream, 0..10_000);
        assert_eq!(found, Some(10_000));
        assert!(looked <= 2 * stream.len(), "{looked}");
    }

    #[test]
    fn what_is_thrown_away_is_counted() {
        let mut all = resync(0, Some(7), 100);
        assert_eq!((all.resume(b"xx*"), all.thrown_away()), (Search::Passed(2), 9));
        assert_eq!((all.resume(b"*x"), all.thrown_away()), (Search::Passed(1), 10));
        assert_eq!((all.resume(b"x*!"), all.thrown_away()), (Search::Found(1), 11));
        assert_eq!(all.into_error().fault, Fault::Utf8);
    }
}
