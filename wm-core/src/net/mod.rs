//! Sockets: what an address is, how it is listened on, and the loop that serves it.

mod address;
mod listener;
mod reactor;
mod site;

pub use address::Address;
pub use listener::{ListenOptions, bind};
pub(crate) use reactor::Reactor;
pub(crate) use site::Site;
