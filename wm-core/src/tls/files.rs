//! The files of certificates and keys, and what may be wrong with them: [`TlsError`].

use rustls::{
    RootCertStore,
    crypto::CryptoProvider,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{self, PemObject},
    },
    sign::CertifiedKey,
};
use std::{
    error, fmt, fs, io,
    path::{Path, PathBuf},
    time::SystemTime,
};

/// A certificate or a key cannot be used.
#[derive(Debug)]
#[non_exhaustive]
pub enum TlsError {
    /// A file cannot be read.
    Read {
        /// The file.
        path: PathBuf,
        /// The kernel's answer.
        source: io::Error,
    },
    /// A file is not PEM, or only begins so.
    Pem {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A file holds no certificate.
    NoCertificate {
        /// The file.
        path: PathBuf,
    },
    /// A file holds no private key that can be read.
    NoKey {
        /// The file.
        path: PathBuf,
        /// It holds one behind a password.
        encrypted: bool,
    },
    /// A certificate is none, or of a kind that cannot be used.
    Certificate {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// A key is none, or of a kind that cannot be used.
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The key does not belong to the certificate.
    Mismatch {
        /// The file of the certificate, which stands first in it.
        chain: PathBuf,
        /// The file of the key.
        key: PathBuf,
    },
    /// The system has no certificates that it trusts.
    NoRoots {
        /// Where they were looked for, and what was found.
        reason: String,
    },
}

impl fmt::Display for TlsError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Read { path, source } => write!(f, "{} cannot be read: {source}", path.display()),
            Self::Pem { path, reason } => write!(f, "{} is not PEM: {reason}", path.display()),
            Self::NoCertificate { path } => {
                write!(f, "{} holds no certificate: -----BEGIN CERTIFICATE----- stands nowhere in it", path.display())
            }
            Self::NoKey { path, encrypted: true } => {
                let path = path.display();
                write!(f, "the key in {path} is behind a password; take it off by openssl pkey -in {path} -out …")
            }
            Self::NoKey { path, encrypted: false } => {
                write!(f, "{} holds no private key: -----BEGIN PRIVATE KEY----- stands nowhere in it", path.display())
            }
            Self::Certificate { path, reason } => {
                write!(f, "the certificate in {} cannot be used: {reason}", path.display())
            }
            Self::Key { path, reason } => write!(f, "the key in {} cannot be used: {reason}", path.display()),
            Self::Mismatch { chain, key } => write!(
                f,
                "the key in {} does not belong to the certificate in {}, which is the first one there",
                key.display(),
                chain.display()
            ),
            Self::NoRoots { reason } => {
                write!(f, "the system has no certificates to trust: {reason}; name a file of them by TlsClient::trust")
            }
        }
    }
}

impl error::Error for TlsError {
    fn source(&self) -> Option<&(dyn error::Error + 'static)> {
        match self {
            Self::Read { source, .. } => Some(source),
            _ => None,
        }
    }
}

/// A certificate with those that lead to its authority, and its key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Identity {
    pub(super) chain: PathBuf,
    pub(super) key: PathBuf,
}

impl Identity {
    pub(super) fn load(&self, provider: &CryptoProvider) -> Result<CertifiedKey, TlsError> {
        let (chain, key) = (certificates(&self.chain)?, private_key(&self.key)?);
        let key = provider.key_provider.load_private_key(key);
        let key = key.map_err(|error| TlsError::Key { path: self.key.clone(), reason: plain(&error) })?;
        let certified = CertifiedKey::new(chain, key);
        match certified.keys_match() {
            Ok(()) | Err(rustls::Error::InconsistentKeys(rustls::InconsistentKeys::Unknown)) => Ok(certified),
            Err(rustls::Error::InconsistentKeys(_)) => {
                Err(TlsError::Mismatch { chain: self.chain.clone(), key: self.key.clone() })
            }
            Err(error) => Err(TlsError::Certificate { path: self.chain.clone(), reason: plain(&error) }),
        }
    }
}

/// The words of rustls without what it puts in front of them.
pub(super) fn plain(error: &rustls::Error) -> String {
    let text = error.to_string();
    text.strip_prefix("unexpected error: ").map_or_else(|| text.clone(), str::to_owned)
}

fn read(path: &Path) -> Result<Vec<u8>, TlsError> {
    fs::read(path).map_err(|source| TlsError::Read { path: path.to_owned(), source })
}

fn bad_pem(path: &Path, error: &pem::Error) -> TlsError {
    TlsError::Pem { path: path.to_owned(), reason: error.to_string() }
}

/// All certificates of a file; at least one.
pub(super) fn certificates(path: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    let bytes = read(path)?;
    let found: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&bytes).collect();
    let found = found.map_err(|error| bad_pem(path, &error))?;
    if found.is_empty() {
        return Err(TlsError::NoCertificate { path: path.to_owned() });
    }
    Ok(found)
}

fn private_key(path: &Path) -> Result<PrivateKeyDer<'static>, TlsError> {
    let bytes = read(path)?;
    PrivateKeyDer::from_pem_slice(&bytes).map_err(|error| match error {
        pem::Error::NoItemsFound => {
            let encrypted = memchr::memmem::find(&bytes, b"ENCRYPTED").is_some();
            TlsError::NoKey { path: path.to_owned(), encrypted }
        }
        error => bad_pem(path, &error),
    })
}

/// The authorities of a file.
pub(super) fn authorities(path: &Path) -> Result<RootCertStore, TlsError> {
    let mut store = RootCertStore::empty();
    for certificate in certificates(path)? {
        let added = store.add(certificate);
        added.map_err(|error| TlsError::Certificate { path: path.to_owned(), reason: plain(&error) })?;
    }
    Ok(store)
}

/// The authorities that the system trusts.
pub(super) fn system_authorities() -> Result<RootCertStore, TlsError> {
    let found = rustls_native_certs::load_native_certs();
    let mut store = RootCertStore::empty();
    store.add_parsable_certificates(found.certs);
    if store.is_empty() {
        let reason = found.errors.first().map_or_else(|| "none were found".to_owned(), ToString::to_string);
        return Err(TlsError::NoRoots { reason });
    }
    Ok(store)
}

/// How a file looks from outside: another one, or one that was written to, looks otherwise.
pub(super) type Look = Option<(u64, u64, SystemTime)>;

pub(super) fn look(path: &Path) -> Look {
    use std::os::unix::fs::MetadataExt;
    let metadata = fs::metadata(path).ok()?;
    Some((metadata.ino(), metadata.len(), metadata.modified().ok()?))
}
