//! Where does the first frame end? What the `input` of a generated codec remembers between two reads, so that no byte
//! is looked at twice.

use super::{DecodeError, Ends, Fault, Field, Radix, Spelling, text, varint, varying};
use memchr::memchr;

/// What `input` says of the bytes that have arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Input {
    /// The frame goes on: at least this many more bytes are needed, never 0.
    Need(usize),
    /// The first frame is this many bytes long and has arrived whole.
    Frame(usize),
    /// What has arrived is the first frame if the stream ends here; else that goes on. At least a byte has arrived of it, now
    /// or in parts that were handed out.
    UntilEnd,
}

/// The scan of a message of fixed size.
#[inline]
#[must_use]
pub const fn fixed(buf: &[u8], len: usize) -> Input {
    match len.checked_sub(buf.len()) {
        None | Some(0) => Input::Frame(len),
        Some(needed) => Input::Need(needed),
    }
}

/// The scan of a datagram, which has arrived whole: it is the frame.
///
/// # Errors
///
/// It has more than `max` bytes.
#[inline]
pub const fn datagram(buf: &[u8], max: usize, field: &'static Field) -> Result<Input, DecodeError> {
    match buf.len() {
        0 => Ok(Input::Need(1)),
        found if found > max => {
            Err(DecodeError::new(field, max, Fault::TooLong { found: found as u64, limit: max as u64 }))
        }
        found => Ok(Input::Frame(found)),
    }
}

/// Checks as much of a constant as has arrived, so that a stranger is refused at its first wrong byte.
///
/// # Errors
///
/// A byte differs.
#[inline]
pub fn starts_with(buf: &[u8], at: usize, expected: &'static [u8], field: &'static Field) -> Result<(), DecodeError> {
    let found = buf.get(at..).unwrap_or_default();
    match found.iter().zip(expected).position(|(found, expected)| found != expected) {
        None => Ok(()),
        Some(same) => Err(DecodeError::new(field, at.saturating_add(same), Fault::Constant { expected })),
    }
}

/// As [`starts_with`], in capital or small letters.
///
/// # Errors
///
/// A byte differs.
#[inline]
pub fn starts_with_nocase(
    buf: &[u8],
    at: usize,
    expected: &'static [u8],
    field: &'static Field,
) -> Result<(), DecodeError> {
    let found = buf.get(at..).unwrap_or_default();
    match found.iter().zip(expected).position(|(found, expected)| !found.eq_ignore_ascii_case(expected)) {
        None => Ok(()),
        Some(same) => Err(DecodeError::new(field, at.saturating_add(same), Fault::Constant { expected })),
    }
}

/// The scan of a message whose size stands in its first bytes: read once, then remembered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Prefix {
    /// The size of the frame; 0 while it is not known.
    total: usize,
}

impl Prefix {
    /// Compares what has arrived with the size of the frame, which `head` reads from the first bytes: it says
    /// [`Input::Frame`] with the whole size as soon as it can, whether so much has arrived or not.
    ///
    /// # Errors
    ///
    /// What `head` says.
    #[inline]
    pub fn resume<'a>(
        &mut self,
        buf: &'a [u8],
        head: impl FnOnce(&'a [u8]) -> Result<Input, DecodeError>,
    ) -> Result<Input, DecodeError> {
        if self.total == 0 {
            match head(buf)? {
                Input::Need(needed) => return Ok(Input::Need(needed)),
                Input::Frame(total) => self.total = total,
                Input::UntilEnd => return Ok(Input::UntilEnd),
            }
        }
        let input = fixed(buf, self.total);
        if matches!(input, Input::Frame(_)) {
            self.total = 0;
        }
        Ok(input)
    }

    /// The size of a frame from a number in it: `value` plus the `outside` bytes that the number does not count.
    ///
    /// # Errors
    ///
    /// The sum is below `least` or over `most`: the error carries `value` and the limits in its own terms.
    #[inline]
    pub fn total(
        value: u64,
        outside: i64,
        least: usize,
        most: usize,
        offset: usize,
        field: &'static Field,
    ) -> Result<Input, DecodeError> {
        let total = value.checked_add_signed(outside).and_then(|total| usize::try_from(total).ok());
        // A sum below zero: the number is smaller than what it is said to count.
        let below_zero = outside < 0 && value < outside.unsigned_abs();
        match total {
            Some(total) if (least..=most).contains(&total) => Ok(Input::Frame(total)),
            _ if total.map_or(below_zero, |total| total < least) => {
                let least = (least as u64).saturating_add_signed(outside.saturating_neg());
                Err(DecodeError::new(field, offset, Fault::TooShort { found: value, least }))
            }
            _ => {
                let limit = (most as u64).saturating_add_signed(outside.saturating_neg());
                Err(DecodeError::new(field, offset, Fault::TooLong { found: value, limit }))
            }
        }
    }

    /// The size of a frame from a count in it: `count` elements of `scale` bytes, and `outside` bytes around them.
    ///
    /// # Errors
    ///
    /// As [`total`](Self::total), in terms of the count.
    #[inline]
    pub fn elements(
        count: u64,
        scale: u64,
        outside: i64,
        least: usize,
        most: usize,
        offset: usize,
        field: &'static Field,
    ) -> Result<Input, DecodeError> {
        let scale = scale.max(1);
        let counted = |bytes: u64| bytes.checked_div(scale).unwrap_or_default();
        Self::total(count.saturating_mul(scale), outside, least, most, offset, field).map_err(|mut error| {
            match &mut error.fault {
                Fault::TooLong { found, limit } => (*found, *limit) = (count, counted(*limit)),
                Fault::TooShort { found, least } => (*found, *least) = (count, counted(*least)),
                _ => {}
            }
            error
        })
    }

    /// The bytes that a number does not count, its own `width` among them.
    #[inline]
    #[must_use]
    pub const fn outside(fixed: i64, width: usize) -> i64 {
        fixed.saturating_add_unsigned(width as u64)
    }

    /// Reads a varint at `at` and its width; `None` if it has not arrived whole.
    ///
    /// # Errors
    ///
    /// It is over `u64`, or its last byte adds nothing.
    #[inline]
    pub fn varint(buf: &[u8], at: usize, field: &'static Field) -> Result<Option<(u64, usize)>, DecodeError> {
        varint::read(buf.get(at..).unwrap_or_default(), at, field)
    }

    /// Reads an integer of MIDI at `at` and its width; `None` if it has not arrived whole.
    ///
    /// # Errors
    ///
    /// It is over `u64`, or longer than it may be.
    #[inline]
    pub fn vlq(
        buf: &[u8],
        at: usize,
        spelling: Spelling,
        field: &'static Field,
    ) -> Result<Option<(u64, usize)>, DecodeError> {
        varying::vlq(buf.get(at..).unwrap_or_default(), at, spelling, field)
    }

    /// Reads an integer of QUIC at `at` and its width; `None` if it has not arrived whole.
    ///
    /// # Errors
    ///
    /// It is longer than it may be.
    #[inline]
    pub fn quicvar(
        buf: &[u8],
        at: usize,
        spelling: Spelling,
        field: &'static Field,
    ) -> Result<Option<(u64, usize)>, DecodeError> {
        varying::quicvar(buf.get(at..).unwrap_or_default(), at, spelling, field)
    }

    /// Reads an ASCII number at `at` that `ends` end, and its width with the delimiter; `None` if it has not
    /// arrived whole. What has arrived must be digits.
    ///
    /// # Errors
    ///
    /// A byte is no digit, there is none or there are more than `max`, a zero leads, or the number is over `u64`.
    #[inline]
    pub fn number_until(
        buf: &[u8],
        at: usize,
        ends: impl Ends,
        max: usize,
        radix: Radix,
        field: &'static Field,
    ) -> Result<Option<(u64, usize)>, DecodeError> {
        let arrived = buf.get(at..).unwrap_or_default();
        let arrived = arrived.get(..max.saturating_add(ends.longest())).unwrap_or(arrived);
        if let Some((len, end)) = ends.find(arrived, 0).filter(|(len, _)| *len <= max) {
            let digits = arrived.get(..len).unwrap_or_default();
            let value = text::unpadded(digits, radix, at, field)?;
            return Ok(Some((value, len.saturating_add(end))));
        }
        let digits = arrived.iter().take_while(|&&byte| radix.digit(byte).is_some()).count();
        let (number, rest) = arrived.split_at(digits.min(max));
        if !number.is_empty() {
            text::unpadded(number, radix, at, field)?;
        }
        // Behind the digits only the start of a delimiter may stand.
        if ends.may_start(rest) {
            return Ok(None);
        }
        let fault = match rest.first() {
            Some(&found) if radix.digit(found).is_none() => Fault::Digit { found, radix },
            _ => Fault::TooLong { found: digits as u64, limit: max as u64 },
        };
        Err(DecodeError::new(field, at.saturating_add(number.len()), fault))
    }
}

/// The scan of a message that ends at a delimiter: how many bytes have been searched.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Delimiter {
    seen: usize,
}

impl Delimiter {
    /// Searches for the first of `ends` behind the first `from` bytes and says where the frame ends: behind the delimiter and
    /// the `tail` bytes that follow it.
    ///
    /// # Errors
    ///
    /// More than `max` bytes stand before the delimiter.
    #[inline]
    pub fn resume(
        &mut self,
        buf: &[u8],
        from: usize,
        ends: impl Ends,
        max: usize,
        tail: usize,
        field: &'static Field,
    ) -> Result<Input, DecodeError> {
        // The delimiter may have started in the last bytes of the previous read.
        let overlap = ends.longest().saturating_sub(1);
        let start = self.seen.saturating_sub(overlap).max(from);
        match ends.find(buf, start) {
            Some((at, end)) if at.saturating_sub(from) <= max => {
                let end = at.saturating_add(end).saturating_add(tail);
                let input = fixed(buf, end);
                self.seen = if matches!(input, Input::Frame(_)) { 0 } else { at };
                Ok(input)
            }
            found => {
                let end = found.map_or_else(|| buf.len().saturating_sub(overlap), |(at, _)| at);
                let content = end.saturating_sub(from);
                if content > max {
                    let fault = Fault::TooLong { found: content as u64, limit: max as u64 };
                    return Err(DecodeError::new(field, from.saturating_add(max), fault));
                }
                self.seen = buf.len();
                let least = from.saturating_add(ends.shortest()).saturating_add(tail);
                Ok(Input::Need(least.saturating_sub(buf.len()).max(1)))
            }
        }
    }
}

/// The first `byte` in `buf` at or behind `from`.
#[inline]
pub(super) fn find_byte(buf: &[u8], from: usize, byte: u8) -> Option<usize> {
    Some(from.saturating_add(memchr(byte, buf.get(from..)?)?))
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn a_delimiter_split_over_two_reads_is_found() {
        let mut scan = Delimiter::default();
        assert_eq!(scan.resume(b"ab\r", 0, b"\r\n", 10, 0, F), Ok(Input::Need(1)));
        assert_eq!(scan.resume(b"ab\r\ncd", 0, b"\r\n", 10, 0, F), Ok(Input::Frame(4)));
        assert_eq!(scan, Delimiter::default(), "ready for the next frame");
    }

    #[test]
    fn the_end_of_another_delimiter_is_no_end_by_itself() {
        let ends = crate::wire::AnyOf(&[b"\n", b"\r\n"]);
        let mut scan = Delimiter::default();
        assert_eq!(scan.resume(b"ab\r", 0, ends, 2, 1, F), Ok(Input::Need(1)));
        assert_eq!(scan.resume(b"ab\r\n", 0, ends, 2, 1, F), Ok(Input::Need(1)), "one more byte follows");
        assert_eq!(scan.resume(b"ab\r\nc", 0, ends, 2, 1, F), Ok(Input::Frame(5)), "two bytes, not three");
        assert_eq!(scan.resume(b"abc\n", 0, ends, 2, 1, F).map_err(|error| error.offset), Err(2));
    }

    #[test]
    fn a_line_may_be_as_long_as_the_limit_and_no_longer() {
        let scan = |bytes: &[u8]| Delimiter::default().resume(bytes, 0, b"\r\n", 3, 0, F);
        assert_eq!(scan(b"abc\r\n"), Ok(Input::Frame(5)));
        assert_eq!(scan(b"abc\r"), Ok(Input::Need(1)));
        let over = Err(DecodeError::new(F, 3, Fault::TooLong { found: 4, limit: 3 }));
        assert_eq!(scan(b"abcd\r\n"), over);
        assert_eq!(scan(b"abcd\r"), over, "as soon as it is sure");
        assert_eq!(scan(b"abcd"), Ok(Input::Need(1)), "the last byte may yet be the delimiter's first");
    }

    #[test]
    fn a_prefix_is_read_once() {
        let mut scan = Prefix::default();
        let head = |_: &[u8]| Ok(Input::Frame(4));
        assert_eq!(scan.resume(b"a", head), Ok(Input::Need(3)));
        assert_eq!(scan.resume(b"abc", |_| unreachable!("already known")), Ok(Input::Need(1)));
        assert_eq!(scan.resume(b"abcd", |_| unreachable!("already known")), Ok(Input::Frame(4)));
    }

    #[test]
    fn totals_are_refused_in_the_terms_of_their_number() {
        let total = |value| Prefix::total(value, -2, 4, 10, 0, F);
        assert_eq!(total(6), Ok(Input::Frame(4)));
        assert_eq!(total(12), Ok(Input::Frame(10)));
        for (value, fault) in [
            (13, Fault::TooLong { found: 13, limit: 12 }),
            (5, Fault::TooShort { found: 5, least: 6 }),
            (1, Fault::TooShort { found: 1, least: 6 }),
            (u64::MAX, Fault::TooLong { found: u64::MAX, limit: 12 }),
        ] {
            assert_eq!(total(value), Err(DecodeError::new(F, 0, fault)));
        }
    }

    #[test]
    fn counts_of_elements_are_refused_as_counts() {
        let elements = |count| Prefix::elements(count, 4, 2, 6, 10, 0, F);
        assert_eq!(elements(2), Ok(Input::Frame(10)));
        assert_eq!(elements(3), Err(DecodeError::new(F, 0, Fault::TooLong { found: 3, limit: 2 })));
        assert_eq!(elements(0), Err(DecodeError::new(F, 0, Fault::TooShort { found: 0, least: 1 })));
        assert!(elements(u64::MAX).is_err());
    }

    #[test]
    fn a_number_is_refused_at_its_first_wrong_byte() {
        let number = |bytes: &[u8]| Prefix::number_until(bytes, 0, b":", 3, Radix::Decimal, F);
        assert_eq!(number(b"12:"), Ok(Some((12, 3))));
        assert_eq!(number(b""), Ok(None));
        assert_eq!(number(b"123"), Ok(None));
        let error = |at, fault| Err(DecodeError::new(F, at, fault));
        assert_eq!(number(b"1234"), error(3, Fault::TooLong { found: 4, limit: 3 }));
        assert_eq!(number(b"1x"), error(1, Fault::Digit { found: b'x', radix: Radix::Decimal }));
        assert_eq!(number(b"01"), error(0, Fault::NotMinimal));
        assert_eq!(number(b":"), error(0, Fault::NoDigits));
        let line = |bytes: &[u8]| Prefix::number_until(bytes, 0, b"\r\n", 3, Radix::Decimal, F);
        assert_eq!(line(b"\r"), Ok(None), "what is wrong with it, the next byte tells");
        assert_eq!(line(b"\r\n"), error(0, Fault::NoDigits));
        assert_eq!(line(b"\rx"), error(0, Fault::Digit { found: b'\r', radix: Radix::Decimal }));
    }
}
