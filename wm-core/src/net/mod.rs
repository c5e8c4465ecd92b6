//! Sockets: what an address is, and how it is listened on.

mod address;
mod listener;

pub use address::Address;
pub use listener::{ListenOptions, bind};
