//! One direction of a connection: from segments in any order to the bytes that were sent.

use std::time::Duration;

/// The segments of one direction, as they were seen.
#[derive(Debug, Default)]
pub(super) struct Half {
    /// The number of the first byte, if its SYN was seen.
    first: Option<u32>,
    /// The number behind the last byte, if its FIN was seen.
    last: Option<u32>,
    /// Numbers, times and bytes.
    pieces: Vec<(u32, Duration, Vec<u8>)>,
}

/// What one side has sent.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Stream {
    /// The bytes, up to the first gap.
    pub(crate) bytes: Vec<u8>,
    /// How many bytes are missing behind them, if others follow.
    pub(crate) gap: Option<usize>,
    /// Whether the first bytes are those that the connection began with.
    pub(crate) from_start: bool,
    /// Whether its end was seen, and all bytes in front of that.
    pub(crate) ended: bool,
    /// Up to which byte the stream was known when.
    known: Vec<(usize, Duration)>,
}

impl Half {
    /// A SYN with this number was seen: the next is that of the first byte.
    pub(super) fn synchronised(&mut self, sequence: u32) {
        self.first = Some(sequence.wrapping_add(1));
    }

    /// A FIN was seen behind `bytes` from this number on.
    pub(super) fn finished(&mut self, sequence: u32, bytes: usize) {
        let bytes = u32::try_from(bytes).unwrap_or_default();
        self.last = Some(sequence.wrapping_add(bytes));
    }

    /// The number of the SYN that was seen.
    pub(super) fn syn(&self) -> Option<u32> {
        self.first.map(|first| first.wrapping_sub(1))
    }

    pub(super) fn push(&mut self, sequence: u32, time: Duration, data: Vec<u8>) {
        if !data.is_empty() {
            self.pieces.push((sequence, time, data));
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.pieces.is_empty()
    }

    /// The bytes in order; what came twice is taken once.
    pub(super) fn assemble(self) -> Stream {
        let Some(start) = self.first.or_else(|| self.pieces.first().map(|(sequence, ..)| *sequence)) else {
            return Stream::default();
        };
        let ends = self.last;
        // Numbers wrap at 2^32. One stands within 2^31 of the one that was seen before it.
        let mut last = i64::from(start);
        let mut pieces = Vec::new();
        for (sequence, time, data) in self.pieces {
            let wrapped = u32::try_from(last.rem_euclid(1 << 32)).unwrap_or(0);
            last += i64::from(sequence.wrapping_sub(wrapped).cast_signed());
            pieces.push((last, time, data));
        }
        pieces.sort_by_key(|(at, ..)| *at);
        let first = pieces.first().map_or(i64::from(start), |(at, ..)| *at);
        let begin = if self.first.is_some() { i64::from(start) } else { first };
        let mut stream = Stream { from_start: self.first.is_some(), ..Stream::default() };
        for (at, time, data) in pieces {
            let end = begin + stream.bytes.len() as i64;
            if at > end {
                stream.gap = usize::try_from(at - end).ok();
                break;
            }
            let seen = usize::try_from(end - at).unwrap_or(usize::MAX);
            if let Some(new) = data.get(seen..).filter(|new| !new.is_empty()) {
                stream.bytes.extend_from_slice(new);
                let known = stream.known.last().map_or(time, |(_, before)| time.max(*before));
                stream.known.push((stream.bytes.len(), known));
            }
        }
        let end = u32::try_from((begin + stream.bytes.len() as i64).rem_euclid(1 << 32)).ok();
        stream.ended = ends.is_some() && ends == end;
        stream
    }
}

impl Stream {
    /// When all bytes up to `end` had been seen.
    pub(crate) fn time(&self, end: usize) -> Duration {
        let index = self.known.partition_point(|(known, _)| *known < end);
        self.known.get(index).or(self.known.last()).map_or(Duration::ZERO, |(_, time)| *time)
    }
}

#[cfg(test)]
mod tests {
    use super::{Half, Stream};
    use std::time::Duration;

    fn stream(syn: Option<u32>, pieces: &[(u32, &str)]) -> Stream {
        let mut half = Half::default();
        if let Some(syn) = syn {
            half.synchronised(syn);
        }
        for (number, (sequence, data)) in pieces.iter().enumerate() {
            half.push(*sequence, Duration::from_secs(number as u64), data.as_bytes().to_vec());
        }
        half.assemble()
    }

    #[test]
    fn segments_come_in_any_order_and_more_than_once() {
        for pieces in [
            &[(101, "hello "), (107, "world")][..],
            &[(107, "world"), (101, "hello ")],
            &[(101, "hello "), (101, "hello "), (107, "world"), (107, "world")],
            &[(101, "hel"), (103, "llo wo"), (107, "world"), (100, "?h")],
            &[(107, "wo"), (109, "rld"), (101, "hello world")],
        ] {
            let stream = stream(Some(100), pieces);
            assert_eq!((stream.bytes.as_slice(), stream.gap), (&b"hello world"[..], None), "{pieces:?}");
            assert!(stream.from_start);
        }
    }

    #[test]
    fn numbers_wrap() {
        let syn = u32::MAX - 3;
        let stream = stream(Some(syn), &[(2, "world"), (u32::MAX - 2, "hello")]);
        assert_eq!(stream.bytes, b"helloworld");
    }

    #[test]
    fn a_stream_ends_at_a_gap() {
        let cut = stream(Some(0), &[(1, "hello"), (9, "world")]);
        assert_eq!((cut.bytes.as_slice(), cut.gap), (&b"hello"[..], Some(3)));
        let headless = stream(Some(0), &[(4, "lo")]);
        assert_eq!((headless.bytes.as_slice(), headless.gap), (&b""[..], Some(3)));
    }

    #[test]
    fn a_stream_may_be_joined_midway() {
        let joined = stream(None, &[(50, "world"), (44, "hello ")]);
        assert_eq!((joined.bytes.as_slice(), joined.from_start), (&b"hello world"[..], false));
        assert_eq!(stream(None, &[]), Stream::default());
    }

    #[test]
    fn bytes_are_known_when_those_before_them_are() {
        let stream = stream(Some(0), &[(6, "world"), (1, "hello"), (11, "!")]);
        let times: Vec<u64> = [5, 6, 10, 11, 99].into_iter().map(|end| stream.time(end).as_secs()).collect();
        assert_eq!(times, [1, 1, 1, 2, 2]);
    }
}
