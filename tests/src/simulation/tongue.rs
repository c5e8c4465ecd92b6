//! [`Tongue`]: what can be spoken in the simulation. One language has delimiters and no state, the other has lengths, a
//! state in each direction, and answers by itself.

use wm_core::BytesMut;
use wm_core::protocol::{DecodeError, Decoded, EncodeError, Input, Protocol, Text, text::Line};
use wm_core::wire::{EncodeFault, Fault, Field};

/// A protocol whose messages are text.
pub(super) trait Tongue: Protocol + Default {
    /// Bytes that break its rules.
    const GARBAGE: &'static [u8];

    /// A text that cannot be sent.
    const UNSPEAKABLE: &'static str;

    /// A text that the other end answers without asking its handler, if there is one.
    const PING: Option<&'static str>;

    /// What a message says.
    fn text(message: Self::In<'_>) -> String;

    /// The message that says so.
    fn message(text: &str) -> Self::Out<'_>;
}

impl Tongue for Text {
    const GARBAGE: &'static [u8] = b"\xff\n";
    const UNSPEAKABLE: &'static str = "two\nlines";
    const PING: Option<&'static str> = None;

    fn text(message: Line<'_>) -> String {
        message.text.to_owned()
    }

    fn message(text: &str) -> Line<'_> {
        Line { text }
    }
}

/// Three bytes of length, big-endian, one that counts the frames of this direction, then the text. A frame that is lost,
/// doubled or out of order breaks the count. `ping` is answered with `pong` by the protocol itself.
#[derive(Debug, Default)]
pub(super) struct Parcel {
    received: u8,
    sent: u8,
}

const HEAD: usize = 4;
const COUNT: &Field = &Field::new("Parcel", "count", 0);
const TEXT: &Field = &Field::new("Parcel", "text", 0);
const PING: &str = "ping";
const PONG: &str = "pong";

impl Parcel {
    fn put(&mut self, text: &str, out: &mut BytesMut) -> Result<(), EncodeError> {
        let found = text.len() as u64;
        let limit = (Self::FRAME_BYTES_MAX - HEAD) as u64;
        let fits = u32::try_from(found).ok().filter(|_| found <= limit && text != Self::UNSPEAKABLE);
        let len = fits.ok_or(EncodeError::new(TEXT, EncodeFault::TooLong { found, limit }))?;
        out.extend_from_slice(&len.to_be_bytes()[1..]);
        out.extend_from_slice(&[self.sent]);
        out.extend_from_slice(text.as_bytes());
        self.sent = self.sent.wrapping_add(1);
        Ok(())
    }
}

impl Protocol for Parcel {
    const NAME: &'static str = "parcel";
    const FRAME_BYTES_MAX: usize = 1 << 20;
    type In<'a> = &'a str;
    type Out<'a> = &'a str;

    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        let &[high, middle, low, count, ..] = buf else { return Ok(Input::Need(HEAD - buf.len())) };
        if count != self.received {
            return Err(DecodeError::new(COUNT, HEAD - 1, Fault::Overflow));
        }
        let frame = HEAD + u32::from_be_bytes([0, high, middle, low]) as usize;
        Ok(match frame.checked_sub(buf.len()) {
            None | Some(0) => Input::Frame(frame),
            Some(more) => Input::Need(more),
        })
    }

    fn decode<'a>(&mut self, frame: &'a mut [u8], reply: &mut BytesMut) -> Result<Decoded<&'a str>, DecodeError> {
        self.received = self.received.wrapping_add(1);
        match std::str::from_utf8(&frame[HEAD..]) {
            Ok(PING) => {
                self.put(PONG, reply).map_err(|_| DecodeError::new(TEXT, HEAD, Fault::Overflow))?;
                Ok(Decoded::Handled)
            }
            Ok(PONG) => Ok(Decoded::Handled),
            Ok(text) => Ok(Decoded::Message(text)),
            Err(_) => Err(DecodeError::new(TEXT, HEAD, Fault::Utf8)),
        }
    }

    fn encode(&mut self, text: &&str, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.put(text, out)
    }
}

impl Tongue for Parcel {
    // An empty frame is far out of count before there are so many.
    const GARBAGE: &'static [u8] = b"\0\0\0\xff\0\0\0\xff";
    const UNSPEAKABLE: &'static str = "unspeakable";
    const PING: Option<&'static str> = Some(PING);

    fn text(message: &str) -> String {
        message.to_owned()
    }

    fn message(text: &str) -> &str {
        text
    }
}
