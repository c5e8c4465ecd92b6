//! [`Target`]: where a connection is to lead; [`Dial`]: how to get there.

use super::{Backoff, Endpoint, Proxy};
use crate::{Error, TlsConnector};
use std::{fmt, net::SocketAddr, sync::Arc, time::Duration};

/// Where a connection is to lead: a place, or the name of a machine and a port there.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Target {
    /// An IP address and a port, or a Unix socket.
    At(Endpoint),
    /// A name that is to be looked up.
    Named {
        /// The name of the machine.
        host: Arc<str>,
        /// The port.
        port: u16,
    },
}

/// As in an address: `127.0.0.1:80`, `[::1]:80`, `example.com:80`, `/run/app.sock`, `@name`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::At(endpoint) => endpoint.fmt(f),
            Self::Named { host, port } => write!(f, "{host}:{port}"),
        }
    }
}

impl From<Endpoint> for Target {
    fn from(endpoint: Endpoint) -> Self {
        Self::At(endpoint)
    }
}

impl From<SocketAddr> for Target {
    fn from(address: SocketAddr) -> Self {
        Self::At(address.into())
    }
}

/// A connection that is to be made: where to, from where, and what to do when it is lost. It is given to
/// [`Context::connect`](super::Context::connect), which takes an address as text too.
///
/// A name is looked up each time, beside the worker's loop. If it has several addresses, they are tried in turn, of both
/// families, a quarter of a second apart, until one answers (RFC 8305).
///
/// # Example
///
/// ```
/// use std::time::Duration;
/// use wm_core::{Backoff, Dial};
///
/// let dial = Dial::new("text://example.com:2347")?
///     .bind(([192, 0, 2, 7], 0))
///     .within(Duration::from_secs(3))
///     .reconnect(Backoff::default());
/// assert_eq!(dial.target().to_string(), "example.com:2347");
/// # Ok::<(), wm_core::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dial {
    pub(crate) scheme: Option<String>,
    pub(super) target: Target,
    pub(super) bind: Option<SocketAddr>,
    pub(super) within: Option<Duration>,
    pub(super) reconnect: Option<Backoff>,
    pub(super) proxy: Option<Proxy>,
    pub(super) tls: Option<TlsConnector>,
}

/// The scheme of a stream in TLS in which anything may be spoken.
pub(crate) const TLS: &str = "tls";

/// The scheme of datagrams of which anything may be a message.
pub(crate) const UDP: &str = "udp";

impl Dial {
    /// To a place, whatever is spoken there.
    #[must_use]
    pub fn to(target: impl Into<Target>) -> Self {
        Self { scheme: None, target: target.into(), bind: None, within: None, reconnect: None, proxy: None, tls: None }
    }

    /// By datagrams instead of a stream, as an address of `udp://`: the manual's `AsyncUdpConnection`. It is there as soon as
    /// its name is found, whether somebody listens or not; if the peer's machine says that nobody does, the connection is
    /// lost.
    #[must_use]
    pub fn udp(mut self) -> Self {
        self.scheme = Some(UDP.to_owned());
        self
    }

    /// In TLS, as an address of `tls://`, whose certificate must be of an authority that the system trusts; here it is said
    /// whom to trust.
    #[must_use]
    pub fn tls(mut self, connector: TlsConnector) -> Self {
        self.tls = Some(connector);
        self
    }

    /// With the connector of the system, if it is to be in TLS and none was given.
    pub(super) fn with_connector(mut self) -> Result<Self, Error> {
        if self.tls.is_none() && self.scheme.as_deref() == Some(TLS) {
            self.tls = Some(TlsConnector::system().map_err(Error::Tls)?);
        }
        Ok(self)
    }

    /// Whether it sends datagrams.
    pub(crate) fn is_udp(&self) -> bool {
        self.scheme.as_deref() == Some(UDP)
    }

    /// From a local address: the manual's `bindto`. Port 0 is any. Addresses of the other family are not tried.
    #[must_use]
    pub fn bind(mut self, local: impl Into<SocketAddr>) -> Self {
        self.bind = Some(local.into());
        self
    }

    /// How long it may take, the look-up of the name included, instead of [`Deadlines::connect`](super::Deadlines::connect).
    #[must_use]
    pub const fn within(mut self, time: Duration) -> Self {
        self.within = Some(time);
        self
    }

    /// Connects again whenever the connection could not be made, or was lost: all but when we have closed it ourselves.
    /// The manual's `reConnect` in `onClose`, with waits that grow.
    #[must_use]
    pub const fn reconnect(mut self, backoff: Backoff) -> Self {
        self.reconnect = Some(backoff);
        self
    }

    /// Through a proxy: the connection is made to that, and it is asked to go on from there. It looks the name up, too.
    #[must_use]
    pub fn through(mut self, proxy: Proxy) -> Self {
        self.proxy = Some(proxy);
        self
    }

    /// Where the first connection goes.
    pub(super) fn route(&self) -> &Target {
        self.proxy.as_ref().map_or(&self.target, |proxy| &proxy.target)
    }

    /// Where it leads.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }
}
