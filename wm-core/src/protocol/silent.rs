//! The side that never speaks.

use super::{DecodeError, EncodeError, Input, Message};
use crate::wire::{Fault, Field};
use bytes::BytesMut;

/// The message of a side that sends none: it has no value, and bytes of that side are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Silent {}

const NOTHING: &Field = &Field::new("Silent", "nothing", 0);

impl Message for Silent {
    type View<'a> = Self;
    type Scan = ();

    const PROTOCOL: &'static str = "silent";
    const FRAME_BYTES_MAX: usize = 0;

    fn input((): &mut (), buf: &[u8]) -> Result<Input, DecodeError> {
        match buf.len() {
            0 => Ok(Input::Need(1)),
            extra => Err(DecodeError::new(NOTHING, 0, Fault::Trailing { extra })),
        }
    }

    fn decode(frame: &mut [u8]) -> Result<Self, DecodeError> {
        Err(DecodeError::new(NOTHING, 0, Fault::Trailing { extra: frame.len() }))
    }

    fn encode(view: &Self, _: &mut BytesMut) -> Result<(), EncodeError> {
        match *view {}
    }
}
