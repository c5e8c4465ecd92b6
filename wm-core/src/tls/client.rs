//! [`TlsClient`]: whom a connection trusts, and what it shows.

use super::{
    TlsError,
    files::{Identity, authorities, system_authorities},
    provider,
};
use rustls::{
    ClientConfig, DigitallySignedStruct, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, verify_tls12_signature, verify_tls13_signature},
    pki_types::{CertificateDer, ServerName, UnixTime},
};
use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, OnceLock},
};

/// Whom a connection trusts, and what it shows. [`Dial::tls`](crate::Dial::tls) takes it loaded.
///
/// By default a server must have a certificate for the name by which it is called, of an authority that the system trusts.
///
/// # Example
///
/// ```no_run
/// use wm_core::{Dial, TlsClient};
///
/// let ours = TlsClient::new().trust("/etc/ssl/our-authority.pem").load()?;
/// let dial = Dial::new("text://db.example.com:2347")?.tls(ours);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TlsClient {
    trust: Option<PathBuf>,
    identity: Option<Identity>,
    alpn: Vec<Vec<u8>>,
    name: Option<String>,
    blind: bool,
}

impl TlsClient {
    /// A client that trusts whom the system trusts.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Trusts the authorities in a file of PEM, and nobody else.
    #[must_use]
    pub fn trust(mut self, authorities: impl Into<PathBuf>) -> Self {
        self.trust = Some(authorities.into());
        self
    }

    /// Shows a certificate to servers that ask for one.
    #[must_use]
    pub fn certificate(mut self, chain: impl Into<PathBuf>, key: impl Into<PathBuf>) -> Self {
        self.identity = Some(Identity { chain: chain.into(), key: key.into() });
        self
    }

    /// What is to be spoken inside, by its names in ALPN, the preferred first.
    #[must_use]
    pub fn alpn(mut self, names: impl IntoIterator<Item = impl Into<Vec<u8>>>) -> Self {
        self.alpn = names.into_iter().map(Into::into).collect();
        self
    }

    /// The name that the server must have, instead of the one in the address.
    #[must_use]
    pub fn server_name(mut self, name: impl Into<String>) -> Self {
        self.name = Some(name.into());
        self
    }

    /// Takes any certificate of anybody: whoever stands between the two can read and change everything. For tests.
    #[must_use]
    pub const fn dangerously_trust_anybody(mut self) -> Self {
        self.blind = true;
        self
    }

    /// Reads and checks the files.
    ///
    /// # Errors
    ///
    /// What is wrong with which file, or the system trusts nobody.
    pub fn load(&self) -> Result<TlsConnector, TlsError> {
        let provider = provider();
        let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
        let builder = builder.with_safe_default_protocol_versions().expect("ring has the ciphers of both");
        let builder = if self.blind {
            builder.dangerous().with_custom_certificate_verifier(Arc::new(Blind(Arc::clone(&provider))))
        } else {
            let roots = self.trust.as_deref().map_or_else(system_authorities, authorities)?;
            builder.with_root_certificates(roots)
        };
        let mut config = match &self.identity {
            None => builder.with_no_client_auth(),
            Some(identity) => {
                let key = Arc::new(identity.load(&provider)?);
                builder.with_client_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(key)))
            }
        };
        config.alpn_protocols.clone_from(&self.alpn);
        Ok(TlsConnector { config: Arc::new(config), name: self.name.as_deref().map(Arc::from) })
    }
}

/// A [`TlsClient`] whose files were read. Sessions are resumed by the connections that share it.
#[derive(Clone)]
pub struct TlsConnector {
    pub(crate) config: Arc<ClientConfig>,
    /// The name that the server must have, if it is not that of the address.
    pub(crate) name: Option<Arc<str>>,
}

impl TlsConnector {
    /// One that trusts whom the system trusts, loaded when it is first asked for.
    ///
    /// # Errors
    ///
    /// The system trusts nobody.
    pub fn system() -> Result<Self, TlsError> {
        static SYSTEM: OnceLock<TlsConnector> = OnceLock::new();
        if let Some(system) = SYSTEM.get() {
            return Ok(system.clone());
        }
        let loaded = TlsClient::new().load()?;
        Ok(SYSTEM.get_or_init(|| loaded).clone())
    }
}

/// One and the same.
impl PartialEq for TlsConnector {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.config, &other.config) && self.name == other.name
    }
}

impl Eq for TlsConnector {}

impl fmt::Debug for TlsConnector {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TlsConnector").field("name", &self.name).finish_non_exhaustive()
    }
}

/// Believes everybody, but that they have the key of what they show.
#[derive(Debug)]
struct Blind(Arc<CryptoProvider>);

impl ServerCertVerifier for Blind {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls12_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        verify_tls13_signature(message, certificate, signed, &self.0.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.0.signature_verification_algorithms.supported_schemes()
    }
}
