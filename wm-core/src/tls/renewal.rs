//! [`Renewal`]: certificates are read again when their files are others.

use super::{TlsAcceptor, TlsServer, files::Look};
use std::time::Instant;

/// Whether the files of a worker are others by now.
#[derive(Debug)]
pub(crate) struct Renewal {
    tls: TlsServer,
    looks: Vec<Look>,
    /// When they are looked at next.
    due: Option<Instant>,
}

impl Renewal {
    pub(crate) fn new(tls: TlsServer) -> Self {
        Self { looks: tls.looks(), tls, due: None }
    }

    pub(crate) const fn due(&self) -> Option<Instant> {
        self.due
    }

    /// Looks at the files, if it is time to. Says what they are by now; or why they cannot be used, once for each time that
    /// they are written.
    pub(crate) fn look(&mut self, before: Option<&TlsAcceptor>, now: Instant) -> Option<Result<TlsAcceptor, String>> {
        let due = self.due;
        if due.is_some_and(|due| due > now) {
            return None;
        }
        self.due = now.checked_add(self.tls.check_interval);
        due?;
        let looks = self.tls.looks();
        if looks == self.looks {
            return None;
        }
        self.looks = looks;
        Some(self.tls.load_with(before).map_err(|error| error.to_string()))
    }
}
