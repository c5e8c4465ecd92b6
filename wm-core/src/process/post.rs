//! A service becomes a [`Post`]: checked, and with its sockets bound. Called in the master, before its first fork.

use super::console::Row;
use crate::error::Error;
use crate::net::{Address, bind};
use crate::worker::{Service, Settings};
use std::net::TcpListener;
use std::{io, mem};

/// The most processes of one worker. A count is meant to be near the number of cores; a slip of the finger shall not
/// take the machine down.
const COUNT_MAX: usize = 1024;

/// A service and what it listens on: one socket that its processes share, or one for each (`SO_REUSEPORT`).
///
/// The master keeps the sockets open: what a lost process had not accepted yet, its replacement finds.
pub(super) struct Post {
    service: Box<dyn Service>,
    /// Where it listens: port 0 is replaced by the port that it got.
    address: Address,
    listeners: Vec<TcpListener>,
}

impl Post {
    /// Checks the settings of a service and binds its sockets. The error is a line that names the worker.
    pub(super) fn bind(service: Box<dyn Service>) -> Result<Self, String> {
        let settings = service.settings();
        let named = |problem| format!("worker {}: {problem}", settings.name);
        let address = settings.address.as_ref().map_err(|error| named(error.to_string()))?;
        let (address, listeners) = listen(address, settings).map_err(|error| named(error.to_string()))?;
        Ok(Self { service, address, listeners })
    }

    /// How many processes it shall have.
    pub(super) fn count(&self) -> usize {
        self.service.settings().count
    }

    /// Its line in the table of workers.
    pub(super) fn row(&self) -> Row {
        let name = self.service.settings().name.clone();
        Row { name, listen: self.address.to_string(), processes: self.count() }
    }

    /// What the process of so high an index serves. Called in the child: the other sockets are closed in it.
    pub(super) fn take(mut self, index: usize) -> (Box<dyn Service>, TcpListener) {
        let own = index % self.listeners.len();
        (self.service, self.listeners.swap_remove(own))
    }

    /// Closes the sockets of a service that is not served here. Called in the child. What the service itself holds is
    /// left alone: its destructors may reach beyond the process, and are the master's to run.
    pub(super) fn leave(self) {
        mem::forget(self.service);
    }
}

fn listen(address: &Address, settings: &Settings) -> Result<(Address, Vec<TcpListener>), Error> {
    let count = settings.count;
    if count == 0 || count > COUNT_MAX {
        return Err(Error::Count { found: count, limit: COUNT_MAX });
    }
    let first = bind(address, &settings.listen)?;
    let fault = |source: io::Error| Error::Listen { address: address.clone(), source };
    let address = address.with_socket(first.local_addr().map_err(fault)?);
    let others = if settings.listen.reuse_port { count - 1 } else { 0 };
    let mut listeners = vec![first];
    for _ in 0..others {
        listeners.push(bind(&address, &settings.listen)?);
    }
    Ok((address, listeners))
}
