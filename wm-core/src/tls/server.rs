//! [`TlsServer`]: what a worker shows its peers.

use super::{
    TlsError,
    files::{Identity, Look, authorities, look, plain},
    provider,
};
use rustls::{
    ServerConfig,
    client::verify_server_name,
    crypto::ring,
    pki_types::{CertificateDer, ServerName},
    server::{ClientHello, ParsedCertificate, ResolvesServerCert, WebPkiClientVerifier},
    sign::CertifiedKey,
};
use std::{
    fmt,
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

/// How often a process looks whether its certificates are others by now.
const CHECK_INTERVAL: Duration = Duration::from_secs(60);

/// The certificates that a worker shows, and whom it lets in. [`Worker::tls`](crate::Worker::tls) takes it.
///
/// TLS 1.3 and 1.2 are spoken. A peer that comes back resumes its session, if it meets the same process.
///
/// The files are looked at again each minute, and read when they are others: a renewed certificate needs no restart. A
/// renewal that cannot be used is told, and the one before stays.
///
/// # Example
///
/// ```
/// use wm_core::{TlsServer, Worker, protocol::Text};
///
/// let tls = TlsServer::new("/etc/ssl/example.com.pem", "/etc/ssl/example.com.key")
///     .also("/etc/ssl/example.org.pem", "/etc/ssl/example.org.key");
/// let worker = Worker::<Text>::new("tls://0.0.0.0:2347").tls(tls).on_message(|peer, line| peer.send(line));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TlsServer {
    identities: Vec<Identity>,
    alpn: Vec<Vec<u8>>,
    clients: Clients,
    pub(crate) check_interval: Duration,
}

/// Who may come.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Clients {
    Anybody,
    /// Whoever has a certificate of one of these authorities; if not required, also who has none.
    Known {
        authorities: PathBuf,
        required: bool,
    },
}

impl TlsServer {
    /// A certificate and its key: two files of PEM, which may be one and the same. Behind the certificate stand those that
    /// lead to its authority, as authorities hand them out (`fullchain.pem`).
    #[must_use]
    pub fn new(chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        let identities = vec![Identity { chain: chain.into(), key: key.into() }];
        Self { identities, alpn: Vec::new(), clients: Clients::Anybody, check_interval: CHECK_INTERVAL }
    }

    /// Another certificate, for peers who ask for one of its names (SNI). Who asks for no name, or for one of none, sees the
    /// first.
    #[must_use]
    pub fn also(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identities.push(Identity { chain: chain.into(), key: key.into() });
        self
    }

    /// What is spoken inside, by its names in ALPN, the preferred first. A peer that offers only others is refused.
    #[must_use]
    pub fn alpn(mut self, names: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.alpn = names.into_iter().map(Into::into).collect();
        self
    }

    /// Lets in only peers with a certificate of one of the authorities in a file of PEM.
    #[must_use]
    pub fn require_client_certificate(mut self, authorities: impl Into<PathBuf>) -> Self {
        self.clients = Clients::Known { authorities: authorities.into(), required: true };
        self
    }

    /// Asks peers for a certificate of one of the authorities in a file of PEM; who has none is let in too. What it is, says
    /// [`Connection::tls`](crate::Connection::tls).
    #[must_use]
    pub fn ask_client_certificate(mut self, authorities: impl Into<PathBuf>) -> Self {
        self.clients = Clients::Known { authorities: authorities.into(), required: false };
        self
    }

    /// How often a process looks whether the files are others by now. Default a minute.
    #[must_use]
    pub const fn check_interval(mut self, interval: Duration) -> Self {
        self.check_interval = interval;
        self
    }

    /// Reads and checks the files.
    ///
    /// # Errors
    ///
    /// What is wrong with which file.
    pub fn load(&self) -> Result<TlsAcceptor, TlsError> {
        self.load_with(None)
    }

    /// As [`load`](Self::load), with the tickets of the one before: sessions can still be resumed.
    pub(crate) fn load_with(&self, before: Option<&TlsAcceptor>) -> Result<TlsAcceptor, TlsError> {
        let provider = provider();
        let keys = self.identities.iter().map(|identity| identity.load(&provider).map(Arc::new));
        let names = Names { keys: keys.collect::<Result<_, _>>()? };
        let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().expect("ring has the ciphers of both");
        let builder = match &self.clients {
            Clients::Anybody => builder.with_no_client_auth(),
            Clients::Known { authorities: path, required } => {
                let roots = Arc::new(authorities(path)?);
                let verifier = WebPkiClientVerifier::builder_with_provider(roots, provider);
                let verifier = if *required { verifier } else { verifier.allow_unauthenticated() };
                let fault = |error: rustls::client::VerifierBuilderError| TlsError::Certificate {
                    path: path.clone(),
                    reason: error.to_string(),
                };
                builder.with_client_cert_verifier(verifier.build().map_err(fault)?)
            }
        };
        let mut config = builder.with_cert_resolver(Arc::new(names));
        config.alpn_protocols.clone_from(&self.alpn);
        let tickets = before.map(|before| Ok(Arc::clone(&before.0.ticketer)));
        config.ticketer = tickets
            .unwrap_or_else(ring::Ticketer::new)
            .map_err(|error| TlsError::Key { path: PathBuf::from("/dev/urandom"), reason: plain(&error) })?;
        Ok(TlsAcceptor(Arc::new(config)))
    }

    /// The files, and how they look.
    pub(crate) fn looks(&self) -> Vec<Look> {
        self.paths().map(look).collect()
    }

    fn paths(&self) -> impl Iterator<Item = &Path> {
        let identities = self.identities.iter().flat_map(|identity| [&*identity.chain, &*identity.key]);
        let authorities = match &self.clients {
            Clients::Anybody => None,
            Clients::Known { authorities, .. } => Some(&**authorities),
        };
        identities.chain(authorities)
    }
}

/// A [`TlsServer`] whose files were read: what [`Connection::start_tls`](crate::Connection::start_tls) needs.
#[derive(Clone)]
pub struct TlsAcceptor(pub(crate) Arc<ServerConfig>);

impl fmt::Debug for TlsAcceptor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsAcceptor").finish_non_exhaustive()
    }
}

/// Certificates by the names that they are for.
#[derive(Debug)]
struct Names {
    keys: Vec<Arc<CertifiedKey>>,
}

impl ResolvesServerCert for Names {
    fn resolve(&self, hello: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        let name = hello.server_name().and_then(|name| ServerName::try_from(name).ok());
        let fits = |key: &&Arc<CertifiedKey>| name.as_ref().is_some_and(|name| is_for(&key.cert[0], name));
        self.keys.iter().find(fits).or_else(|| self.keys.first()).cloned()
    }
}

fn is_for(certificate: &CertificateDer<'_>, name: &ServerName<'_>) -> bool {
    ParsedCertificate::try_from(certificate).is_ok_and(|parsed| verify_server_name(&parsed, name).is_ok())
}
