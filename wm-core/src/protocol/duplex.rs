//! The simplest conversation: one message in each direction, or an enum of several, and no state but the scan.

use super::{DecodeError, Decoded, EncodeError, Input, Message, Protocol, Recovery};
use bytes::BytesMut;
use core::{fmt, marker::PhantomData};

/// The side of a conversation that receives `In` and sends `Out`; both the same message unless told otherwise.
///
/// The two ends of one protocol mirror each other: the server of an upload is `Duplex<Upload, Done>`, its client
/// `Duplex<Done, Upload>`.
pub struct Duplex<In: Message, Out: Message = In> {
    scan: In::Scan,
    out: PhantomData<fn(Out)>,
}

impl<In: Message, Out: Message> Default for Duplex<In, Out> {
    fn default() -> Self {
        Self { scan: In::Scan::default(), out: PhantomData }
    }
}

impl<In: Message, Out: Message> fmt::Debug for Duplex<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Duplex").field("protocol", &In::PROTOCOL).field("scan", &self.scan).finish()
    }
}

impl<In: Message, Out: Message> Protocol for Duplex<In, Out> {
    const NAME: &'static str = In::PROTOCOL;
    const FRAME_BYTES_MAX: usize = In::FRAME_BYTES_MAX;
    const ENCODES_ALIKE: bool = true;
    type In<'a> = In::View<'a>;
    type Out<'a> = Out::View<'a>;

    #[inline]
    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        In::input(&mut self.scan, buf)
    }

    #[inline]
    fn decode<'a>(&mut self, frame: &'a mut [u8], _: &mut BytesMut) -> Result<Decoded<In::View<'a>>, DecodeError> {
        In::decode(frame).map(Decoded::Message)
    }

    fn recover(&mut self, error: &DecodeError) -> Recovery {
        self.scan = In::Scan::default();
        In::recover(error)
    }

    #[inline]
    fn encode(&mut self, message: &Out::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
        Out::encode(message, out)
    }
}
