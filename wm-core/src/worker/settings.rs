//! [`Settings`]: what the master must know of a service.

use crate::error::Error;
use crate::net::{Address, ListenOptions};
use crate::tls::{TlsAcceptor, TlsServer};

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
    /// Its certificates, if it has some.
    pub tls: Option<TlsServer>,
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
        Self { name: "none".to_owned(), count: 1, address: Ok(None), listen: ListenOptions::default(), tls: None }
    }

    /// What peers are accepted with, if the address asks for TLS. The files are read.
    pub(crate) fn acceptor(&self) -> Result<Option<TlsAcceptor>, Error> {
        let address = self.address.as_ref().ok().and_then(Option::as_ref).filter(|address| address.is_tls());
        match (&self.tls, address) {
            (Some(tls), address) => {
                // Those of a worker that begins in the clear are checked, too.
                let acceptor = tls.load().map_err(Error::Tls)?;
                Ok(address.map(|_| acceptor))
            }
            (None, Some(address)) => Err(Error::NoCertificate { address: address.clone() }),
            (None, None) => Ok(None),
        }
    }
}
