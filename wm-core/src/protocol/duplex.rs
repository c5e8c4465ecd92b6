//! The simplest conversation: one message in each direction, or an enum of several, and no state but the scan.

use super::{DecodeError, Decoded, EncodeError, Flow, Input, Protocol, Recovery};
use bytes::BytesMut;
use core::fmt;

/// The side of a conversation that receives `In` and sends `Out`; both the same message unless told otherwise.
///
/// The two ends of one protocol mirror each other: the server of an upload is `Duplex<Upload, Done>`, its client
/// `Duplex<Done, Upload>`.
pub struct Duplex<In: Flow, Out: Flow = In> {
    receiver: In::Receiver,
    sender: Out::Sender,
}

impl<In: Flow, Out: Flow> Default for Duplex<In, Out> {
    fn default() -> Self {
        Self { receiver: In::Receiver::default(), sender: Out::Sender::default() }
    }
}

impl<In: Flow, Out: Flow> fmt::Debug for Duplex<In, Out> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Duplex");
        debug.field("protocol", &In::PROTOCOL).field("receiver", &self.receiver).field("sender", &self.sender).finish()
    }
}

impl<In: Flow, Out: Flow> Protocol for Duplex<In, Out> {
    const NAME: &'static str = In::PROTOCOL;
    const FRAME_BYTES_MAX: usize = In::FRAME_BYTES_MAX;
    const ENCODES_ALIKE: bool = Out::ENCODES_ALIKE;
    const OF_DATAGRAMS: bool = In::OF_DATAGRAMS || Out::OF_DATAGRAMS;
    type In<'a> = In::View<'a>;
    type Out<'a> = Out::View<'a>;

    #[inline]
    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        In::input(&mut self.receiver, buf)
    }

    #[inline]
    fn decode<'a>(&mut self, frame: &'a mut [u8], _: &mut BytesMut) -> Result<Decoded<In::View<'a>>, DecodeError> {
        In::decode(&mut self.receiver, frame)
    }

    #[inline]
    fn unfinished(&self) -> usize {
        In::unfinished(&self.receiver)
    }

    #[inline]
    fn handed_out(&self) -> usize {
        In::handed_out(&self.receiver)
    }

    fn recover(&mut self, error: &DecodeError) -> Recovery {
        In::recover(&mut self.receiver, error)
    }

    #[inline]
    fn has_finished(&self) -> bool {
        Out::has_finished(&self.sender)
    }

    #[inline]
    fn encode(&mut self, message: &Out::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
        Out::encode(&mut self.sender, message, out)
    }
}
