//! What flows in one direction of a conversation.

use super::{DecodeError, Decoded, EncodeError, Input, Message, Recovery};
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

    /// See [`Protocol::encode`](super::Protocol::encode). After an error the sender has come no further.
    ///
    /// # Errors
    ///
    /// A value cannot be put on the wire.
    fn encode(sender: &mut Self::Sender, view: &Self::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError>;
}

impl<M: Message> Flow for M {
    type View<'a> = M::View<'a>;
    type Receiver = M::Scan;
    type Sender = ();

    const PROTOCOL: &'static str = M::PROTOCOL;
    const FRAME_BYTES_MAX: usize = M::FRAME_BYTES_MAX;
    const ENCODES_ALIKE: bool = true;
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
    fn encode((): &mut (), view: &M::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
        M::encode(view, out)
    }
}
