//! A message with a bit that says who sends it, such as the mask bit of WebSocket: its codec depends on the side.

use super::{DecodeError, EncodeError, Input, Message, Recovery};
use bytes::BytesMut;
use core::{fmt, marker::PhantomData};

/// One end of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// The end that connects.
    Client,
    /// The end that listens.
    Server,
}

/// One layout on the wire that tells who sends it: what `wm-schema` generates where a field is `= from(client)`.
///
/// The functions are those of [`Message`], and are told who sends. [`FromClient`] and [`FromServer`] make messages of it:
/// the server of such a protocol is `Duplex<FromClient<Frame>, FromServer<Frame>>`.
pub trait Sided: 'static {
    /// The message as Rust sees it; see [`Message::View`].
    type View<'a>;

    /// How far `input` has come in an incomplete frame.
    type Scan: fmt::Debug + Default + 'static;

    /// The name of the protocol that the message belongs to.
    const PROTOCOL: &'static str;

    /// The largest frame in bytes.
    const FRAME_BYTES_MAX: usize;

    /// See [`Protocol::OF_DATAGRAMS`](super::Protocol::OF_DATAGRAMS).
    const OF_DATAGRAMS: bool = false;

    /// See [`Message::UNTIL_END`].
    const UNTIL_END: bool = false;

    /// Looks for the end of the first frame; see [`Message::input`].
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame.
    fn input(scan: &mut Self::Scan, buf: &[u8]) -> Result<Input, DecodeError>;

    /// Reads a whole frame that `from` has sent; see [`Message::decode`].
    ///
    /// # Errors
    ///
    /// The frame breaks a rule of the schema, or says that the other side has sent it.
    fn decode(frame: &mut [u8], from: Side) -> Result<Self::View<'_>, DecodeError>;

    /// What becomes of a connection after a bad frame; see [`Message::recover`].
    #[must_use]
    fn recover(error: &DecodeError) -> Recovery {
        let _ = error;
        Recovery::Close
    }

    /// See [`Message::is_last`].
    #[must_use]
    fn is_last(view: &Self::View<'_>) -> bool {
        let _ = view;
        Self::UNTIL_END
    }

    /// Appends a message that `from` sends to `out`, or nothing if it fails.
    ///
    /// # Errors
    ///
    /// A value cannot be put on the wire.
    fn encode(view: &Self::View<'_>, from: Side, out: &mut BytesMut) -> Result<(), EncodeError>;
}

macro_rules! sides {
    ($($name:ident $side:ident $word:literal;)*) => { $(
        #[doc = concat!("The message `M` as the ", $word, " sends it.")]
        pub struct $name<M>(PhantomData<fn(M)>);

        impl<M> fmt::Debug for $name<M> {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(stringify!($name))
            }
        }

        impl<M: Sided> Message for $name<M> {
            type View<'a> = M::View<'a>;
            type Scan = M::Scan;

            const PROTOCOL: &'static str = M::PROTOCOL;
            const FRAME_BYTES_MAX: usize = M::FRAME_BYTES_MAX;
            const OF_DATAGRAMS: bool = M::OF_DATAGRAMS;
            const UNTIL_END: bool = M::UNTIL_END;

            #[inline]
            fn input(scan: &mut M::Scan, buf: &[u8]) -> Result<Input, DecodeError> {
                M::input(scan, buf)
            }

            #[inline]
            fn decode(frame: &mut [u8]) -> Result<M::View<'_>, DecodeError> {
                M::decode(frame, Side::$side)
            }

            #[inline]
            fn recover(error: &DecodeError) -> Recovery {
                M::recover(error)
            }

            #[inline]
            fn is_last(view: &M::View<'_>) -> bool {
                M::is_last(view)
            }

            #[inline]
            fn encode(view: &M::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
                M::encode(view, Side::$side, out)
            }
        }
    )* };
}

sides! {
    FromClient Client "client";
    FromServer Server "server";
}
