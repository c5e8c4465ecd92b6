//! Sockets: what an address is, how it is listened on, and the loop that serves it.

mod address;
mod datagrams;
mod dialing;
mod listener;
mod reactor;
mod registrar;
mod resolver;
mod site;
mod stream;
mod unix;

pub use address::Address;
pub(crate) use address::UNIX;
pub use listener::{ListenOptions, Listener, bind};
pub(crate) use reactor::{Drive, Reactor};
pub(crate) use site::Site;
pub use stream::{Keepalive, StreamOptions};
pub(crate) use unix::SocketFile;
pub use unix::UnixOptions;
