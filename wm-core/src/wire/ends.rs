//! What ends a value: one delimiter, or any of a few.

use memchr::{memchr, memchr2, memchr3, memmem};

/// What ends a value. A value ends in front of the delimiter that begins first.
pub trait Ends: Copy {
    /// Where the first delimiter at or behind `from` begins, and how many bytes it has.
    fn find(self, buf: &[u8], from: usize) -> Option<(usize, usize)>;

    /// The one that is written.
    fn written(self) -> &'static [u8];

    /// How many bytes the shortest has.
    #[inline]
    fn shortest(self) -> usize {
        self.written().len()
    }

    /// How many bytes the longest has.
    #[inline]
    fn longest(self) -> usize {
        self.written().len()
    }

    /// Whether what has arrived may be the start of one.
    #[inline]
    fn may_start(self, arrived: &[u8]) -> bool {
        self.written().starts_with(arrived)
    }

    /// Where a delimiter would be found that begins in the content, if [`written`](Self::written) stood behind that.
    fn stray(self, content: &[u8]) -> Option<usize>;
}

impl Ends for &'static [u8] {
    #[inline]
    fn find(self, buf: &[u8], from: usize) -> Option<(usize, usize)> {
        let rest = buf.get(from..)?;
        let at = match self {
            [byte] => memchr(*byte, rest),
            _ => memmem::find(rest, self),
        }?;
        Some((from.saturating_add(at), self.len()))
    }

    #[inline]
    fn written(self) -> &'static [u8] {
        self
    }

    #[inline]
    fn stray(self, content: &[u8]) -> Option<usize> {
        self.find(content, 0).map(|(at, _)| at).or_else(|| straddling(content, self, self))
    }
}

impl<const BYTES: usize> Ends for &'static [u8; BYTES] {
    #[inline]
    fn find(self, buf: &[u8], from: usize) -> Option<(usize, usize)> {
        self.as_slice().find(buf, from)
    }

    #[inline]
    fn written(self) -> &'static [u8] {
        self
    }

    #[inline]
    fn stray(self, content: &[u8]) -> Option<usize> {
        self.as_slice().stray(content)
    }
}

/// Any of two or three delimiters, of which the first is written. None stands in another one, unless as its end: so the one
/// that begins first is known when the first has ended, and of several that end there it is the longest.
#[derive(Debug, Clone, Copy)]
pub struct AnyOf(pub &'static [&'static [u8]]);

impl AnyOf {
    /// The place behind the next byte that may be the last of a delimiter. It is the one search of the buffer for all of
    /// them: one that never comes must not be looked for up to its end again and again.
    #[inline]
    fn candidate(self, rest: &[u8]) -> Option<usize> {
        let mut last = self.0.iter().filter_map(|one| one.last().copied());
        let at = match (last.next()?, last.next(), last.next()) {
            (first, None, _) => memchr(first, rest),
            (first, Some(second), None) if first == second => memchr(first, rest),
            (first, Some(second), None) => memchr2(first, second, rest),
            (first, Some(second), Some(third)) => memchr3(first, second, third, rest),
        }?;
        Some(at.saturating_add(1))
    }
}

impl Ends for AnyOf {
    #[inline]
    fn find(self, buf: &[u8], from: usize) -> Option<(usize, usize)> {
        let mut behind = from;
        loop {
            behind = behind.saturating_add(self.candidate(buf.get(behind..)?)?);
            let seen = buf.get(from..behind)?;
            let ending = self.0.iter().filter(|one| seen.ends_with(one));
            if let Some(longest) = ending.map(|one| one.len()).max() {
                return Some((behind.saturating_sub(longest), longest));
            }
        }
    }

    #[inline]
    fn shortest(self) -> usize {
        self.0.iter().map(|one| one.len()).min().unwrap_or_default()
    }

    #[inline]
    fn longest(self) -> usize {
        self.0.iter().map(|one| one.len()).max().unwrap_or_default()
    }

    #[inline]
    fn written(self) -> &'static [u8] {
        self.0.first().copied().unwrap_or_default()
    }

    #[inline]
    fn may_start(self, arrived: &[u8]) -> bool {
        self.0.iter().any(|one| one.starts_with(arrived))
    }

    #[inline]
    fn stray(self, content: &[u8]) -> Option<usize> {
        let across = || self.0.iter().filter_map(|one| straddling(content, one, self.written())).min();
        self.find(content, 0).map(|(at, _)| at).or_else(across)
    }
}

/// A delimiter such as `aa` may start in the end of the content and end in what is written behind it.
fn straddling(content: &[u8], delimiter: &[u8], written: &[u8]) -> Option<usize> {
    (1..delimiter.len()).rev().find_map(|inside| {
        let (head, tail) = delimiter.split_at(inside);
        let early = content.ends_with(head) && written.starts_with(tail);
        early.then(|| content.len().saturating_sub(inside))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const LINE: AnyOf = AnyOf(&[b"\n", b"\r\n"]);
    const THREE: AnyOf = AnyOf(&[b";", b"--", b"\r\n"]);

    #[test]
    fn the_delimiter_that_begins_first_ends_the_value() {
        assert_eq!(LINE.find(b"ab\r\nc\n", 0), Some((2, 2)));
        assert_eq!(LINE.find(b"ab\nc\r\n", 0), Some((2, 1)));
        assert_eq!(LINE.find(b"a\rb\r\r\n", 0), Some((4, 2)));
        assert_eq!(LINE.find(b"ab\r\n", 3), Some((3, 1)), "what stands in front is behind");
        assert_eq!(LINE.find(b"ab\r", 0), None);
        assert_eq!(THREE.find(b"a-b\n--;", 0), Some((4, 2)));
        assert_eq!(THREE.find(b"a---;", 0), Some((1, 2)));
        assert_eq!(THREE.find(b"", 0), None);
        assert_eq!(THREE.find(b"a", 9), None);
    }

    #[test]
    fn what_is_found_does_not_depend_on_where_the_stream_is_cut() {
        let bytes = b"x-\r-\r\n--;";
        let by_hand = |bytes: &[u8]| {
            (0..bytes.len()).find_map(|at| {
                let one = THREE.0.iter().find(|one| bytes[at..].starts_with(one))?;
                Some((at, one.len()))
            })
        };
        for from in 0..bytes.len() {
            for to in from..=bytes.len() {
                let expected = by_hand(&bytes[from..to]).map(|(at, len)| (at + from, len));
                assert_eq!(THREE.find(&bytes[..to], from), expected, "{from}..{to}");
            }
        }
    }

    #[test]
    fn a_delimiter_in_or_across_the_content_is_stray() {
        assert_eq!(LINE.stray(b"abc"), None);
        assert_eq!(LINE.stray(b"a\nb"), Some(1));
        assert_eq!(LINE.stray(b"abc\r"), Some(3), "with the \\n behind it this would be one");
        assert_eq!(THREE.stray(b"abc\r"), None);
        assert_eq!(THREE.stray(b"abc-"), None);
        assert_eq!((b"--").stray(b"x-"), Some(1));
        assert_eq!((b"aa").stray(b"xa"), Some(1), "xa + aa would be read as x, then a");
    }

    #[test]
    fn the_start_of_any_may_stand_at_the_end() {
        for start in [&b""[..], b";", b"-", b"\r"] {
            assert!(THREE.may_start(start), "{start:?}");
        }
        assert!(!THREE.may_start(b"-\r"));
    }
}
