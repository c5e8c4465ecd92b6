//! [`Settings`]: what the master must know of a service.

use crate::error::Error;
use crate::net::{Address, ListenOptions};

/// What the master must know of a service.
#[derive(Debug)]
pub struct Settings {
    /// The name that stands in tables and logs.
    pub name: String,
    /// How many processes serve it.
    pub count: usize,
    /// Where it listens; `None` if it does not. A bad address is kept, and reported before anything is forked.
    pub address: Result<Option<Address>, Error>,
    /// How it listens.
    pub listen: ListenOptions,
}

impl Settings {
    /// One process named `none`, as the manual has it, that listens on an address.
    #[must_use]
    pub fn new(address: &str) -> Self {
        Self { address: address.parse().map(Some), ..Self::detached() }
    }

    /// One process that listens nowhere.
    #[must_use]
    pub fn detached() -> Self {
        Self { name: "none".to_owned(), count: 1, address: Ok(None), listen: ListenOptions::default() }
    }
}
