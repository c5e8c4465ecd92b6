//! Raw TCP, the manual's `tcp://`: no frames, what has arrived is handed out as it is.

use super::{DecodeError, Decoded, EncodeError, Input, Protocol};
use bytes::BytesMut;

/// No protocol: each read is a message, cut where the network cut it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Tcp;

impl Protocol for Tcp {
    const NAME: &'static str = "tcp";
    const FRAME_BYTES_MAX: usize = usize::MAX;
    const ENCODES_ALIKE: bool = true;
    type In<'a> = &'a [u8];
    type Out<'a> = &'a [u8];

    #[inline]
    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        Ok(match buf.len() {
            0 => Input::Need(1),
            len => Input::Frame(len),
        })
    }

    #[inline]
    fn decode<'a>(&mut self, frame: &'a mut [u8], _: &mut BytesMut) -> Result<Decoded<&'a [u8]>, DecodeError> {
        Ok(Decoded::Message(frame))
    }

    #[inline]
    fn encode(&mut self, bytes: &&[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        out.extend_from_slice(bytes);
        Ok(())
    }
}
