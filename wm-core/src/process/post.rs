//! A service becomes a [`Post`]: checked, and with its sockets bound. Called in the master, before its first fork.

use super::console::Row;
use crate::error::Error;
use crate::net::{Address, Listener, SocketFile, bind};
use crate::worker::{Service, Settings};
use std::{io, mem};

/// The most processes of one worker. A count is meant to be near the number of cores; a slip of the finger shall not
/// take the machine down.
const COUNT_MAX: usize = 1024;

/// A service and what it listens on: one socket that its processes share, or one for each (`SO_REUSEPORT`).
///
/// The master keeps the sockets open: what a lost process had not accepted yet, its replacement finds.
pub(super) struct Post {
    service: Box<dyn Service>,
    /// Where it listens, if it does: port 0 is replaced by the port that it got.
    address: Option<Address>,
    listeners: Vec<Listener>,
    file: Option<SocketFile>,
}

impl Post {
    /// Checks the settings of a service and binds its sockets. The error is a line that names the worker.
    pub(super) fn bind(service: Box<dyn Service>) -> Result<Self, String> {
        let settings = service.settings();
        let named = |problem| format!("worker {}: {problem}", settings.name);
        Self::check(&*service)?;
        let Ok(Some(address)) = &settings.address else {
            return Ok(Self { service, address: None, listeners: Vec::new(), file: None });
        };
        let (address, listeners) = listen(address, settings).map_err(|error| named(error.to_string()))?;
        let file = SocketFile::of(address.endpoint());
        Ok(Self { service, address: Some(address), listeners, file })
    }

    /// Checks the settings of a service without binding anything.
    pub(super) fn check(service: &dyn Service) -> Result<(), String> {
        let settings = service.settings();
        let named = |problem| format!("worker {}: {problem}", settings.name);
        settings.address.as_ref().map_err(|error| named(error.to_string()))?;
        settings.acceptor().map_err(|error| named(error.to_string()))?;
        check_count(settings.count).map_err(|error| named(error.to_string()))
    }

    /// How many processes it shall have.
    pub(super) fn count(&self) -> usize {
        self.service.settings().count
    }

    /// Its line in the table of workers.
    pub(super) fn row(&self) -> Row {
        let name = self.service.settings().name.clone();
        let listen = self.address.as_ref().map_or("none".to_owned(), Address::to_string);
        Row { name, listen, processes: self.count() }
    }

    /// What the process of so high an index serves. Called in the child: the other sockets are closed in it.
    pub(super) fn take(mut self, index: usize) -> (Box<dyn Service>, Option<Listener>) {
        let own = index.checked_rem(self.listeners.len());
        (self.service, own.map(|own| self.listeners.swap_remove(own)))
    }

    /// Closes its sockets: as soon as the workers have, peers are refused, and need not wait for what will not come.
    /// Called in the master, when no process follows.
    pub(super) fn close(&mut self) {
        self.listeners.clear();
    }

    /// Removes the file of a Unix socket. Called in the master, at the end.
    pub(super) fn remove_file(&self) {
        if let Some(file) = &self.file {
            file.remove();
        }
    }

    /// Closes the sockets of a service that is not served here. Called in the child. What the service itself holds is
    /// left alone: its destructors may reach beyond the process, and are the master's to run.
    pub(super) fn leave(self) {
        mem::forget(self.service);
    }
}

fn check_count(found: usize) -> Result<(), Error> {
    match found {
        1..=COUNT_MAX => Ok(()),
        _ => Err(Error::Count { found, limit: COUNT_MAX }),
    }
}

fn listen(address: &Address, settings: &Settings) -> Result<(Address, Vec<Listener>), Error> {
    let first = bind(address, &settings.listen)?;
    let fault = |source: io::Error| Error::Listen { address: address.clone(), source };
    let address = address.with_endpoint(first.endpoint().map_err(fault)?);
    let apart = settings.listen.reuse_port && !address.endpoint().is_unix();
    let others = if apart { settings.count - 1 } else { 0 };
    let mut listeners = vec![first];
    for _ in 0..others {
        listeners.push(bind(&address, &settings.listen)?);
    }
    Ok((address, listeners))
}
