//! What flows in one direction of a conversation.

use super::{DecodeError, Decoded, EncodeError, Input, Message, Recovery};
use crate::wire::{EncodeFault, Field};
use bytes::BytesMut;
use core::fmt::Debug;

/// What flows in one direction: whole messages, each of them [`Message`], or messages in [parts](super::Stream). What
/// [`Duplex`](super::Duplex) is made of.
///
/// The functions are those of [`Protocol`](super::Protocol), and the state of a connection is an argument.
pub trait Flow: 'static {
    /// What is received or sent.
    type View<'a>;

    /// How far the receiver has come.
    type Receiver: Debug + Default + 'static;

    /// How far the sender has come.
    type Sender: Debug + Default + 'static;

    /// The name of the protocol.
    const PROTOCOL: &'static str;

    /// The most bytes that are held at a time.
    const FRAME_BYTES_MAX: usize;

    /// Whether the sender has no state; see [`Protocol::ENCODES_ALIKE`](super::Protocol::ENCODES_ALIKE).
    const ENCODES_ALIKE: bool;

    /// See [`Protocol::OF_DATAGRAMS`](super::Protocol::OF_DATAGRAMS).
    const OF_DATAGRAMS: bool = false;

    /// See [`Protocol::input`](super::Protocol::input).
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame.
    fn input(receiver: &mut Self::Receiver, buf: &[u8]) -> Result<Input, DecodeError>;

    /// See [`Protocol::decode`](super::Protocol::decode).
    ///
    /// # Errors
    ///
    /// The frame breaks a rule of the protocol.
    fn decode<'a>(receiver: &mut Self::Receiver, frame: &'a mut [u8]) -> Result<Decoded<Self::View<'a>>, DecodeError>;

    /// See [`Protocol::unfinished`](super::Protocol::unfinished).
    #[must_use]
    fn unfinished(receiver: &Self::Receiver) -> usize {
        let _ = receiver;
        0
    }

    /// See [`Protocol::handed_out`](super::Protocol::handed_out).
    #[must_use]
    fn handed_out(receiver: &Self::Receiver) -> usize {
        let _ = receiver;
        0
    }

    /// See [`Protocol::recover`](super::Protocol::recover).
    fn recover(receiver: &mut Self::Receiver, error: &DecodeError) -> Recovery;

    /// See [`Protocol::has_finished`](super::Protocol::has_finished).
    #[must_use]
    fn has_finished(sender: &Self::Sender) -> bool {
        let _ = sender;
        false
    }

    /// See [`Protocol::encode`](super::Protocol::encode). After an error the sender has come no further.
    ///
    /// # Errors
    ///
    /// A value cannot be put on the wire.
    fn encode(sender: &mut Self::Sender, view: &Self::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError>;
}

/// What the sender of whole messages remembers: whether it has sent one that goes on to the end of the stream.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Finished(bool);

impl Finished {
    /// Refuses what would stand behind the last message of the side that sends `M`.
    ///
    /// # Errors
    ///
    /// It has been sent.
    #[inline]
    pub fn refuse<M: Message>(self) -> Result<(), EncodeError> {
        if M::UNTIL_END && self.0 {
            let field = const { &Field::new(M::PROTOCOL, "end", 0) };
            return Err(EncodeError::new(field, EncodeFault::Finished));
        }
        Ok(())
    }

    /// Notes a message that was encoded.
    #[inline]
    pub fn note<M: Message>(&mut self, view: &M::View<'_>) {
        self.0 |= M::UNTIL_END && M::is_last(view);
    }

    /// Whether the last message has been sent.
    #[inline]
    #[must_use]
    pub const fn is_so(self) -> bool {
        self.0
    }
}

impl<M: Message> Flow for M {
    type View<'a> = M::View<'a>;
    type Receiver = M::Scan;
    type Sender = Finished;

    const PROTOCOL: &'static str = M::PROTOCOL;
    const FRAME_BYTES_MAX: usize = M::FRAME_BYTES_MAX;
    const ENCODES_ALIKE: bool = !M::UNTIL_END;
    const OF_DATAGRAMS: bool = M::OF_DATAGRAMS;

    #[inline]
    fn input(receiver: &mut M::Scan, buf: &[u8]) -> Result<Input, DecodeError> {
        M::input(receiver, buf)
    }

    #[inline]
    fn decode<'a>(_: &mut M::Scan, frame: &'a mut [u8]) -> Result<Decoded<M::View<'a>>, DecodeError> {
        M::decode(frame).map(Decoded::Message)
    }

    #[inline]
    fn recover(receiver: &mut M::Scan, error: &DecodeError) -> Recovery {
        *receiver = M::Scan::default();
        M::recover(error)
    }

    #[inline]
    fn has_finished(sender: &Finished) -> bool {
        sender.is_so()
    }

    #[inline]
    fn encode(sender: &mut Finished, view: &M::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
        sender.refuse::<M>()?;
        M::encode(view, out)?;
        sender.note::<M>(view);
        Ok(())
    }
}
