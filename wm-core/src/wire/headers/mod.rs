//! Blocks of `Name: value` lines up to an empty line, as HTTP has them (RFC 9112, section 5).
//!
//! Strict on purpose: what two readers could take for two different messages is refused, with its place and its reason,
//! and never guessed at. A line ends with CR LF and with nothing else; a name is a token and stands directly in front of
//! its colon; a line does not go on in the next one; a value holds no control character but the tab. Headers that say
//! where the body ends are looked up by the generated code: they stand once, in one spelling, or not at all.
//!
//! It deliberately knows no header by its name: which of them frame a message, the schema says.

mod scan;

pub(super) use self::scan::{Arrived, scan};

use self::scan::{is_token, is_value};
use super::{DecodeError, EncodeError, EncodeFault, Fault, Field, Radix, Reader, Writer, text};
use core::ops::Range;
use core::{fmt, slice, str};
use memchr::memchr;

/// The most lines of a block.
pub const HEADER_LINES_MAX: usize = 128;

/// The lines of a header block: borrowed from the frame when received, a slice of pairs when sent.
///
/// What the schema computes of the rest of the message, such as `content-length`, is not among them.
///
/// ```
/// use wm_core::wire::Headers;
///
/// let headers = Headers::from(&[("Host", "example.org"), ("Accept", "text/html"), ("accept", "image/png")]);
/// assert_eq!(headers.get("host"), Some("example.org"));
/// assert_eq!(headers.get_all("Accept").collect::<Vec<_>>(), ["text/html", "image/png"]);
/// assert_eq!(headers.iter().count(), 3);
/// ```
#[derive(Clone, Copy)]
pub struct Headers<'a>(Repr<'a>);

#[derive(Clone, Copy)]
enum Repr<'a> {
    Wire(Block<'a>),
    Pairs(&'a [(&'a str, &'a str)]),
}

/// Lines that have been checked.
#[derive(Clone, Copy)]
struct Block<'a> {
    /// The lines, each with its end; the empty one is not among them.
    lines: &'a [u8],
    /// Where they start in the frame.
    start: usize,
    /// The names of those that the schema computes.
    computed: &'static [&'static str],
    field: &'static Field,
}

/// A header that the encoder writes itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HeaderLine {
    name: &'static str,
    value: LineValue,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum LineValue {
    Absent,
    Word(&'static str),
    Number(u64),
}

impl HeaderLine {
    /// A header that does not stand in this message.
    #[must_use]
    pub const fn absent(name: &'static str) -> Self {
        Self { name, value: LineValue::Absent }
    }

    /// A header whose value is a word.
    #[must_use]
    pub const fn word(name: &'static str, word: &'static str) -> Self {
        Self { name, value: LineValue::Word(word) }
    }

    /// A header whose value is a length.
    #[must_use]
    pub const fn number(name: &'static str, length: usize) -> Self {
        Self { name, value: LineValue::Number(length as u64) }
    }

    /// How many bytes the line takes.
    fn width(self) -> usize {
        let value = match self.value {
            LineValue::Absent => return 0,
            LineValue::Word(word) => word.len(),
            LineValue::Number(number) => text::width(number, Radix::Decimal),
        };
        self.name.len().saturating_add(value).saturating_add(AROUND)
    }
}

/// The line end that is the empty line.
const END: &[u8] = b"\r\n";

/// `: ` behind the name, and the end of the line.
const AROUND: usize = 4;

/// What can be wrong with a header.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum HeaderFault {
    /// A line ends with LF alone.
    LineEnd,
    /// A line starts with a blank: it would go on the one before it.
    Fold,
    /// A line has no colon.
    Colon,
    /// A line has no name.
    NoName,
    /// A character that no name has.
    Name,
    /// A blank in front of the colon.
    Blank,
    /// A control character in a value: NUL, a CR that ends no line.
    Control,
    /// A blank at an end of a value, which a reader would take off.
    Padded,
    /// A header that decides where the message ends stands twice.
    Twice,
    /// A length that another header overrules.
    Overruled,
    /// A header that the encoder writes itself.
    Computed,
}

impl fmt::Display for HeaderFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LineEnd => "a header line that ends without CR",
            Self::Fold => "a header line that starts with a blank",
            Self::Colon => "a header line without a colon",
            Self::NoName => "a header without a name",
            Self::Name => "a character that no header name has",
            Self::Blank => "a blank between the name of a header and its colon",
            Self::Control => "a control character in the value of a header",
            Self::Padded => "a blank at an end of the value of a header",
            Self::Twice => "a header that must stand once stands twice",
            Self::Overruled => "a length that another header overrules",
            Self::Computed => "a header that the encoder writes itself",
        })
    }
}

impl<'a> Headers<'a> {
    /// The value of the first header of this name, in capital or small letters.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&'a str> {
        match self.0 {
            Repr::Wire(block) if block.computes(name) => None,
            Repr::Wire(block) => {
                let value = lines(block.lines).find_map(|line| value_of(line, name))?;
                str::from_utf8(value).ok()
            }
            Repr::Pairs(pairs) => {
                pairs.iter().find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| *value)
            }
        }
    }

    /// The values of all headers of this name, in order.
    pub fn get_all<'n>(&self, name: &'n str) -> impl Iterator<Item = &'a str> + use<'a, 'n> {
        self.iter().filter(move |(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.iter().next().is_none()
    }

    /// The headers in order: name and value.
    #[must_use]
    pub fn iter(&self) -> HeadersIter<'a> {
        HeadersIter(match self.0 {
            Repr::Wire(block) => IterRepr::Wire { left: block.text(), computed: block.computed },
            Repr::Pairs(pairs) => IterRepr::Pairs(pairs.iter()),
        })
    }

    /// The value of a header that says a length, at most `max`; 0 if it is absent.
    ///
    /// # Errors
    ///
    /// It stands twice, is no number in its shortest spelling, or over `max`.
    pub fn number(&self, name: &str, max: usize) -> Result<usize, DecodeError> {
        let Some((block, value)) = self.single(name)? else { return Ok(0) };
        let offset = block.offset_of(value);
        let number = text::unpadded(value, Radix::Decimal, offset, block.field)?;
        match usize::try_from(number) {
            Ok(number) if number <= max => Ok(number),
            _ => {
                let fault = Fault::TooLong { found: number, limit: max as u64 };
                Err(DecodeError::new(block.field, offset, fault))
            }
        }
    }

    /// Which of `words` the value of a header is, in capital or small letters; none if the header is absent.
    ///
    /// # Errors
    ///
    /// It stands twice, or is none of them.
    pub fn word(&self, name: &str, words: &'static [&'static str]) -> Result<Option<usize>, DecodeError> {
        let Some((block, value)) = self.single(name)? else { return Ok(None) };
        match words.iter().position(|word| word.as_bytes().eq_ignore_ascii_case(value)) {
            Some(found) => Ok(Some(found)),
            None => Err(DecodeError::new(block.field, block.offset_of(value), Fault::Word { expected: words })),
        }
    }

    /// Checks that a header which says a length is absent, because another one says it.
    ///
    /// # Errors
    ///
    /// It is there.
    pub fn overruled(&self, name: &str) -> Result<(), DecodeError> {
        match self.single(name)? {
            None => Ok(()),
            Some((block, value)) => {
                let fault = Fault::Header(HeaderFault::Overruled);
                Err(DecodeError::new(block.field, block.offset_of(value), fault))
            }
        }
    }

    /// The value of a received header that must stand at most once.
    fn single(&self, name: &str) -> Result<Option<(Block<'a>, &'a [u8])>, DecodeError> {
        let Repr::Wire(block) = self.0 else { return Ok(None) };
        let mut named = lines(block.lines).filter_map(|line| Some((line, value_of(line, name)?)));
        let first = named.next().map(|(_, value)| (block, value));
        match named.next() {
            None => Ok(first),
            Some((line, _)) => {
                let offset = block.offset_of(line);
                Err(DecodeError::new(block.field, offset, Fault::Header(HeaderFault::Twice)))
            }
        }
    }

    /// Checks what is to be sent, and says how many bytes it takes with the lines that are `computed` and the empty one.
    ///
    /// # Errors
    ///
    /// A name or a value cannot stand in a line or would come back as something else, is one of those that are computed,
    /// or all of them are over `max` bytes or [`HEADER_LINES_MAX`] lines.
    pub fn measure(&self, max: usize, computed: &[HeaderLine], field: &'static Field) -> Result<usize, EncodeError> {
        let refuse = |fault| Err(EncodeError::new(field, fault));
        let mut size = computed.iter().fold(0usize, |sum, line| sum.saturating_add(line.width()));
        let mut count = computed.iter().filter(|line| line.value != LineValue::Absent).count();
        for (name, value) in self.iter() {
            if let Some(fault) = unsendable(name, value) {
                return refuse(EncodeFault::Header(fault));
            }
            if computed.iter().any(|line| line.name.eq_ignore_ascii_case(name)) {
                return refuse(EncodeFault::Header(HeaderFault::Computed));
            }
            size = size.saturating_add(name.len()).saturating_add(value.len()).saturating_add(AROUND);
            count = count.saturating_add(1);
        }
        if count > HEADER_LINES_MAX {
            return refuse(EncodeFault::TooLong { found: count as u64, limit: HEADER_LINES_MAX as u64 });
        }
        if size > max {
            return refuse(EncodeFault::TooLong { found: size as u64, limit: max as u64 });
        }
        Ok(size.saturating_add(END.len()))
    }
}

impl<'a> Block<'a> {
    /// The lines as text, which they have been seen to be.
    fn text(&self) -> &'a str {
        str::from_utf8(self.lines).unwrap_or_default()
    }

    /// Whether the schema computes the header of this name.
    fn computes(&self, name: &str) -> bool {
        self.computed.iter().any(|computed| computed.eq_ignore_ascii_case(name))
    }

    /// Where a part of the lines stands in the frame.
    fn offset_of(&self, part: &[u8]) -> usize {
        let within = (part.as_ptr() as usize).saturating_sub(self.lines.as_ptr() as usize);
        self.start.saturating_add(within)
    }
}

/// Why a header cannot be sent.
fn unsendable(name: &str, value: &str) -> Option<HeaderFault> {
    let blank = |byte: Option<u8>| matches!(byte, Some(b' ' | b'\t'));
    if name.is_empty() {
        Some(HeaderFault::NoName)
    } else if !name.bytes().all(is_token) {
        Some(HeaderFault::Name)
    } else if !value.bytes().all(is_value) {
        Some(HeaderFault::Control)
    } else if blank(value.bytes().next()) || blank(value.bytes().next_back()) {
        Some(HeaderFault::Padded)
    } else {
        None
    }
}

/// The lines of a block that has been checked, without their ends.
fn lines(mut left: &[u8]) -> impl Iterator<Item = &[u8]> {
    core::iter::from_fn(move || {
        let end = memchr(b'\n', left)?;
        let line = left.get(..end.saturating_sub(1))?;
        left = left.get(end.saturating_add(1)..)?;
        Some(line)
    })
}

/// The value of a line, if its name is this one.
fn value_of<'a>(line: &'a [u8], name: &str) -> Option<&'a [u8]> {
    let (found, rest) = line.split_at_checked(name.len())?;
    let is_named = rest.first() == Some(&b':') && found.eq_ignore_ascii_case(name.as_bytes());
    if is_named { line.get(value_within(line, name.len())) } else { None }
}

/// Where the value of a line stands: behind the colon, without the blanks around it.
fn value_within(line: &[u8], colon: usize) -> Range<usize> {
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let (_, value) = line.split_at_checked(colon.saturating_add(1)).unwrap_or_default();
    let (_, value) = value.split_at_checked(value.iter().take_while(is_blank).count()).unwrap_or_default();
    let start = line.len().saturating_sub(value.len());
    start..line.len().saturating_sub(value.iter().rev().take_while(is_blank).count())
}

/// The headers in `lines`, which have been checked and stand at `start`.
pub(super) const fn checked<'a>(
    lines: &'a [u8],
    start: usize,
    computed: &'static [&'static str],
    field: &'static Field,
) -> Headers<'a> {
    Headers(Repr::Wire(Block { lines, start, computed, field }))
}

impl<'a> Reader<'a> {
    /// Reads lines of at most `max` bytes, and the empty line behind them. Those of `computed` are not among the headers,
    /// but can be looked up by [`Headers::number`] and [`Headers::word`].
    ///
    /// # Errors
    ///
    /// A line breaks a rule, there are too many, or the frame ends first.
    #[inline]
    pub fn headers(
        &mut self,
        max: usize,
        computed: &'static [&'static str],
        field: &'static Field,
    ) -> Result<Headers<'a>, DecodeError> {
        let start = self.offset();
        match scan(self.peek(), 0, max, start, field)? {
            Arrived::Whole(len) => {
                let lines = self.bytes(len, field)?;
                self.bytes(END.len(), field)?;
                Ok(checked(lines, start, computed, field))
            }
            Arrived::Part(_) => {
                let end = start.saturating_add(self.remaining());
                Err(DecodeError::new(field, end, Fault::Truncated { needed: 1 }))
            }
        }
    }
}

impl Writer<'_> {
    /// Appends the headers, those that are computed, and the empty line.
    pub fn headers(&mut self, headers: &Headers<'_>, computed: &[HeaderLine]) {
        for (name, value) in headers.iter() {
            self.line(name, value);
        }
        for HeaderLine { name, value } in computed {
            match value {
                LineValue::Absent => {}
                LineValue::Word(word) => self.line(name, word),
                LineValue::Number(number) => {
                    self.bytes(name.as_bytes());
                    self.bytes(b": ");
                    self.number(*number, Radix::Decimal);
                    self.bytes(END);
                }
            }
        }
        self.bytes(END);
    }

    fn line(&mut self, name: &str, value: &str) {
        for part in [name.as_bytes(), b": ", value.as_bytes(), END] {
            self.bytes(part);
        }
    }
}

impl Default for Headers<'_> {
    fn default() -> Self {
        Self(Repr::Pairs(&[]))
    }
}

impl<'a> From<&'a [(&'a str, &'a str)]> for Headers<'a> {
    fn from(pairs: &'a [(&'a str, &'a str)]) -> Self {
        Self(Repr::Pairs(pairs))
    }
}

impl<'a, const N: usize> From<&'a [(&'a str, &'a str); N]> for Headers<'a> {
    fn from(pairs: &'a [(&'a str, &'a str); N]) -> Self {
        Self(Repr::Pairs(pairs))
    }
}

impl PartialEq for Headers<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.iter().eq(other.iter())
    }
}

impl Eq for Headers<'_> {}

impl fmt::Debug for Headers<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a> IntoIterator for &Headers<'a> {
    type Item = (&'a str, &'a str);
    type IntoIter = HeadersIter<'a>;

    fn into_iter(self) -> HeadersIter<'a> {
        self.iter()
    }
}

/// The headers of a block in order: name and value.
#[derive(Clone)]
pub struct HeadersIter<'a>(IterRepr<'a>);

#[derive(Clone)]
enum IterRepr<'a> {
    Wire { left: &'a str, computed: &'static [&'static str] },
    Pairs(slice::Iter<'a, (&'a str, &'a str)>),
}

impl<'a> Iterator for HeadersIter<'a> {
    type Item = (&'a str, &'a str);

    #[inline]
    fn next(&mut self) -> Option<(&'a str, &'a str)> {
        let (left, computed) = match &mut self.0 {
            IterRepr::Pairs(pairs) => return pairs.next().copied(),
            IterRepr::Wire { left, computed } => (left, computed),
        };
        loop {
            let end = memchr(b'\n', left.as_bytes())?;
            let line = left.get(..end.saturating_sub(1))?;
            *left = left.get(end.saturating_add(1)..)?;
            let colon = memchr(b':', line.as_bytes())?;
            let name = line.get(..colon)?;
            if !computed.iter().any(|computed| computed.eq_ignore_ascii_case(name)) {
                return Some((name, line.get(value_within(line.as_bytes(), colon))?));
            }
        }
    }
}

impl fmt::Debug for HeadersIter<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.clone()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::BytesMut;

    const F: &Field = &Field::new("M", "headers", 1);
    const COMPUTED: &[&str] = &["content-length", "transfer-encoding"];

    fn read(block: &[u8]) -> Result<Headers<'_>, DecodeError> {
        Reader::new(block).headers(200, COMPUTED, F)
    }

    #[test]
    fn lines_are_read_in_order() {
        let block = b"Host: example.org\r\nContent-Length:5\r\nX:\t a  b \t\r\nEmpty:\r\n\r\nbody";
        let mut reader = Reader::new(block);
        let headers = reader.headers(200, COMPUTED, F).unwrap();
        assert_eq!(reader.remaining(), 4);
        assert_eq!(format!("{headers:?}"), r#"[("Host", "example.org"), ("X", "a  b"), ("Empty", "")]"#);
        assert_eq!((headers.get("HOST"), headers.get("content-length")), (Some("example.org"), None));
        assert_eq!((headers.number("content-length", 5), headers.number("other", 5)), (Ok(5), Ok(0)));
        assert_eq!(headers.number("content-length", 4).unwrap_err().offset, 34);
        assert!(read(b"\r\n").unwrap().is_empty());
    }

    #[test]
    fn what_is_ambiguous_is_refused_at_its_byte() {
        let cases: [(&[u8], usize, HeaderFault); 14] = [
            (b"A: b\n\r\n", 4, HeaderFault::LineEnd),
            (b"A: b\r\nC: d\n\n", 10, HeaderFault::LineEnd),
            (b"A: b\r\n c\r\n\r\n", 6, HeaderFault::Fold),
            (b"\tA: b\r\n\r\n", 0, HeaderFault::Fold),
            (b"A\r\n\r\n", 1, HeaderFault::Colon),
            (b": b\r\n\r\n", 0, HeaderFault::NoName),
            (b"A : b\r\n\r\n", 1, HeaderFault::Blank),
            (b"A\t: b\r\n\r\n", 1, HeaderFault::Blank),
            (b"A b: c\r\n\r\n", 1, HeaderFault::Name),
            (b"A\x00: b\r\n\r\n", 1, HeaderFault::Name),
            (b"\xc3\xa4: b\r\n\r\n", 0, HeaderFault::Name),
            (b"A: b\x00\r\n\r\n", 4, HeaderFault::Control),
            (b"A: b\rC: d\r\n\r\n", 4, HeaderFault::Control),
            (b"A: \x7f\r\n\r\n", 3, HeaderFault::Control),
        ];
        for (block, offset, fault) in cases {
            let expected = DecodeError::new(F, offset, Fault::Header(fault));
            assert_eq!(read(block), Err(expected), "{}", block.escape_ascii());
        }
        assert_eq!(read(b"A: \xff\r\n\r\n"), Err(DecodeError::new(F, 3, Fault::Utf8)));
        assert_eq!(read(b"A: b\r\n").unwrap_err().fault, Fault::Truncated { needed: 1 });
    }

    #[test]
    fn headers_that_frame_stand_once_and_in_one_spelling() {
        for (block, offset, fault) in [
            (&b"content-length: 5\r\nContent-Length: 5\r\n\r\n"[..], 19, Fault::Header(HeaderFault::Twice)),
            (b"Content-Length: +5\r\n\r\n", 16, Fault::Digit { found: b'+', radix: Radix::Decimal }),
            (b"Content-Length: 5, 5\r\n\r\n", 17, Fault::Digit { found: b',', radix: Radix::Decimal }),
            (b"Content-Length: 05\r\n\r\n", 16, Fault::NotMinimal),
            (b"Content-Length: \r\n\r\n", 16, Fault::NoDigits),
            (b"Content-Length: 99999999999999999999\r\n\r\n", 35, Fault::Overflow),
            (b"Content-Length: 11\r\n\r\n", 16, Fault::TooLong { found: 11, limit: 10 }),
        ] {
            let found = read(block).unwrap().number("content-length", 10);
            assert_eq!(found, Err(DecodeError::new(F, offset, fault)), "{}", block.escape_ascii());
        }
        let chunked = |block| read(block).unwrap().word("transfer-encoding", &["chunked"]);
        assert_eq!(chunked(b"Transfer-Encoding: Chunked\r\n\r\n"), Ok(Some(0)));
        assert_eq!(chunked(b"Host: x\r\n\r\n"), Ok(None));
        let fault = Fault::Word { expected: &["chunked"] };
        assert_eq!(chunked(b"Transfer-Encoding: gzip, chunked\r\n\r\n"), Err(DecodeError::new(F, 19, fault)));
        let overruled = read(b"content-length: 5\r\n\r\n").unwrap().overruled("Content-Length");
        assert_eq!(overruled, Err(DecodeError::new(F, 16, Fault::Header(HeaderFault::Overruled))));
    }

    #[test]
    fn limits_hold() {
        let block = |bytes: usize| [&vec![b'a'; bytes - 4][..], b": \r\n\r\n"].concat();
        assert!(read(&block(200)).is_ok());
        let over = DecodeError::new(F, 200, Fault::TooLong { found: 203, limit: 200 });
        assert_eq!(read(&block(201)), Err(over));
        let lines = |count: usize| [&b"a:\r\n".repeat(count)[..], b"\r\n"].concat();
        let most = |block: &[u8]| Reader::new(block).headers(10_000, &[], F).map(|headers| headers.iter().count());
        assert_eq!(most(&lines(128)), Ok(128));
        let over = DecodeError::new(F, 128 * 4, Fault::TooLong { found: 129, limit: 128 });
        assert_eq!(most(&lines(129)), Err(over));
    }

    #[test]
    fn what_is_sent_is_read_again() {
        let headers = Headers::from(&[("Host", "x"), ("Empty", "")]);
        let lines = [HeaderLine::number("content-length", 12), HeaderLine::absent("transfer-encoding")];
        let size = headers.measure(200, &lines, F).unwrap();
        let mut out = BytesMut::new();
        Writer::new(&mut out).headers(&headers, &lines);
        assert_eq!(&out[..], b"Host: x\r\nEmpty: \r\ncontent-length: 12\r\n\r\n");
        assert_eq!((out.len(), read(&out)), (size, Ok(headers)));
        assert_eq!(read(&out).unwrap().number("content-length", 100), Ok(12));
    }

    #[test]
    fn what_would_be_read_as_something_else_is_not_sent() {
        let lines = [HeaderLine::absent("content-length")];
        for (name, value, fault) in [
            ("A", "b\r\nC: d", HeaderFault::Control),
            ("A", "b\n", HeaderFault::Control),
            ("A", "\0", HeaderFault::Control),
            ("A\r\nB", "c", HeaderFault::Name),
            ("A:", "b", HeaderFault::Name),
            ("", "b", HeaderFault::NoName),
            ("A", " b", HeaderFault::Padded),
            ("A", "b\t", HeaderFault::Padded),
            ("Content-Length", "5", HeaderFault::Computed),
        ] {
            let pairs = [(name, value)];
            let found = Headers::from(&pairs).measure(200, &lines, F);
            assert_eq!(found, Err(EncodeError::new(F, EncodeFault::Header(fault))), "{name}: {value}");
        }
        let pairs = [("name", "value"); 129];
        assert!(Headers::from(&pairs[..]).measure(10_000, &[], F).is_err());
    }
}
