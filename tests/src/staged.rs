//! A state of a session that does not change: what a side says in it is a message as any other.

use bytes::BytesMut;
use std::fmt;
use std::marker::PhantomData;
use wm_core::protocol::{DecodeError, EncodeError, Input, Message, Staged};

/// A side of a session, and a state.
pub trait Place: 'static {
    /// What the side says.
    type Said: Staged;
    /// The state.
    const STATE: <Self::Said as Staged>::State;
}

/// What is said in a place.
pub struct In<P>(PhantomData<fn(P)>);

impl<P> fmt::Debug for In<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("In")
    }
}

impl<P: Place> Message for In<P> {
    type View<'a> = <P::Said as Staged>::View<'a>;
    type Scan = <P::Said as Staged>::Scan;

    const PROTOCOL: &'static str = P::Said::PROTOCOL;
    const FRAME_BYTES_MAX: usize = P::Said::FRAME_BYTES_MAX;

    fn input(scan: &mut Self::Scan, buf: &[u8]) -> Result<Input, DecodeError> {
        P::Said::input(P::STATE, scan, buf)
    }

    fn decode(frame: &mut [u8]) -> Result<Self::View<'_>, DecodeError> {
        P::Said::decode(P::STATE, frame)
    }

    fn encode(view: &Self::View<'_>, out: &mut BytesMut) -> Result<(), EncodeError> {
        P::Said::encode(view, out)
    }
}

macro_rules! places {
    ($($protocol:ident of $($path:ident)::+ { $($name:ident $said:ident $state:ident;)* })*) => { $(
        #[doc = concat!("The places of `", stringify!($protocol), "`.")]
        pub mod $protocol {
            use super::Place;
            use crate::$($path::)+{ClientMessage, ServerMessage, State};
            $(
                #[doc = concat!("In the state `", stringify!($state), "`.")]
                #[derive(Debug)]
                pub struct $name;

                impl Place for $name {
                    type Said = $said<'static>;
                    const STATE: State = State::$state;
                }
            )*
        }
    )* };
}

places! {
    door of schemas::door {
        Greet ClientMessage Greet;
        Choose ServerMessage Choose;
        Prove ClientMessage Prove;
        Check ServerMessage Check;
        Asks ClientMessage Ready;
        Leaves ServerMessage Ready;
        Reply ServerMessage Reply;
    }
    mail of schemas::mail {
        Banner ServerMessage Banner;
        Ready ClientMessage Ready;
        Body ClientMessage Body;
    }
    bidding of schemas::bidding {
        Open ClientMessage Open;
        Hammer ServerMessage Hammer;
    }
    socks5 of schemas::socks5 {
        Greet ClientMessage Greet;
        Choose ServerMessage Choose;
        Auth ClientMessage Auth;
        Check ServerMessage Check;
        Ready ClientMessage Ready;
        Dial ServerMessage Dial;
    }
    socks5_derived of derived::socks5 {
        Greet ClientMessage Greet;
        Choose ServerMessage Choose;
        Auth ClientMessage Auth;
        Check ServerMessage Check;
        Ready ClientMessage Ready;
        Dial ServerMessage Dial;
    }
}
