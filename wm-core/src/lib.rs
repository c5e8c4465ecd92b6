//! The runtime of wm: what generated codecs stand on, and the server core that they plug into.
//!
//! Layers, each usable without the one above it:
//!
//! * [`wire`]: cursors, numbers, delimiters, errors. Pure functions over bytes.
//! * [`protocol`]: the [`Protocol`](protocol::Protocol) and [`Message`](protocol::Message) traits, and the built-in
//!   protocols `text`, `frame`, `jsonl` and `tcp`. Pure state, no socket, no clock.
//! * the server (feature `server`, on by default): engine, reactor, prefork workers and their master. Its programs are
//!   tested without a socket in the made-up worlds of [`testing`];
//! * beside it, [`Framed`] for any blocking stream (feature `std`), and `Codec` for tokio-util (feature `codec`).
//!
//! With `default-features = false` only the first two are compiled: `no_std` with `alloc`.
#![cfg_attr(not(feature = "std"), no_std)]

extern crate alloc;

pub mod protocol;
pub mod wire;

#[cfg(feature = "server")]
mod client;
#[cfg(feature = "codec")]
mod codec;
#[cfg(feature = "server")]
mod control;
#[cfg(feature = "cron")]
mod cron;
#[cfg(feature = "server")]
mod dice;
#[cfg(feature = "server")]
pub mod engine;
#[cfg(feature = "server")]
mod error;
#[cfg(feature = "std")]
mod framed;
#[cfg(feature = "server")]
mod log;
#[cfg(feature = "server")]
pub mod net;
#[cfg(feature = "server")]
mod process;
#[cfg(feature = "server")]
mod run;
#[cfg(feature = "server")]
mod table;
#[cfg(feature = "server")]
pub mod testing;
#[cfg(feature = "server")]
mod tls;
#[cfg(feature = "server")]
mod worker;

#[cfg(feature = "server")]
pub use self::{
    client::{Client, ClientError, Received, ReplyFault, Ticket, TimedStream},
    control::Control,
    engine::{
        Backoff, ConnectError, ConnectFault, Connection, ConnectionError, ConnectionId, Context, DatagramFault,
        Deadlines, Dial, Endpoint, Handler, Interest, Later, Limits, Mailbox, Overflow, PipeEnd, Proxy, ProxyFault,
        Ready, Secured, Sent, SourceId, Target, TimerId, TlsFault, Visits,
    },
    error::{AddressFault, Error},
    net::{Address, Keepalive, ListenOptions, Listener, StreamOptions, UnixOptions},
    process::{Scorecard, Supervision},
    run::{Server, Workers, run_all},
    tls::{TlsAcceptor, TlsClient, TlsConnector, TlsError, TlsServer},
    worker::{Closures, Launch, Neighbor, Service, Settings, Signal, Worker},
};

#[cfg(feature = "codec")]
pub use self::codec::Codec;
#[cfg(feature = "cron")]
pub use self::cron::{Cron, CronError};
#[cfg(feature = "std")]
pub use self::framed::{Framed, FramedError};

#[doc(no_inline)]
pub use bytes::BytesMut;
