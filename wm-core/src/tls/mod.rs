//! TLS as a program asks for it: which certificates, whom to trust. The files are read here; what travels over a
//! connection is the engine's (`engine/tls.rs`), by rustls.
//!
//! ```text
//!   TlsServer, TlsClient ── load: files, checked ──> TlsAcceptor, TlsConnector ──> the engine
//! ```
//!
//! Loaded is after the fork, in each process; the master loads only to say what is wrong before it forks.

mod client;
mod files;
mod renewal;
mod server;

pub use client::{TlsClient, TlsConnector};
pub use files::TlsError;
pub(crate) use renewal::Renewal;
pub use server::{TlsAcceptor, TlsServer};

use rustls::crypto::{CryptoProvider, ring};
use std::sync::Arc;

/// The ciphers: those of ring. Named, so that no other one of the program comes between.
fn provider() -> Arc<CryptoProvider> {
    Arc::new(ring::default_provider())
}
