//! TLS under a connection: bytes that come are decrypted before they are decoded, what is queued is encrypted before it is
//! sent. The state machine is rustls; it does no I/O, so that a made-up world runs it as a socket does.
//!
//! ```text
//!   received ──> feed ──plain──> inbox ──> input, decode …        send ──> outbox ──> seal ──> out ──> outgoing
//!                 └─ handshake, alerts ─────────────────────────────────────────────────────────^
//! ```
//!
//! Little is sealed ahead: what waits stays in the outbox, which has the marks and the limits. Our end is said (`close_notify`)
//! behind the last byte; a peer that ends without a word may have been cut off, and that is told.

use super::{
    ConnectError, ConnectFault, Connection, ConnectionError, ConnectionId, Endpoint, Engine, Handler, Target,
    inbox::Inbox,
    world::{Ending, Notice, Phase, Slot, World},
};
use crate::{
    protocol::Protocol,
    tls::{TlsAcceptor, TlsConnector},
    wire::stranger,
};
use bytes::{Buf, BufMut, BytesMut};
use rustls::{AlertDescription, ClientConnection, HandshakeKind, ServerConnection, pki_types::ServerName};
use std::{
    error, fmt,
    io::{Read, Write},
    time::Duration,
};

/// So much is sealed ahead, in bytes: what one write takes.
const SEALED_BYTES_MAX: usize = 64 << 10;

/// The most that one record holds (RFC 8446, section 5.1).
const RECORD_BYTES_MAX: usize = 16 << 10;

/// What is wrong with the TLS of a connection.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum TlsFault {
    /// What came is not TLS.
    NotTls {
        /// What it looks like.
        looks_like: Option<&'static str>,
    },
    /// The certificate of the peer is not accepted.
    Certificate(String),
    /// The peer has shown no certificate, and must.
    NoCertificate,
    /// The peer has given up, and said why.
    Alert(String),
    /// The two do not agree, or the peer breaks a rule.
    Broken(String),
    /// The peer has ended the connection in the middle of the handshake.
    Ended,
    /// The peer has ended the connection without saying so: somebody else may have cut it off.
    CutOff,
    /// The handshake took too long: [`Deadlines::tls`](super::Deadlines::tls).
    TimedOut {
        /// How long it was waited for.
        limit: Duration,
    },
    /// The server is called by what can be the name of none.
    Name(String),
}

impl TlsFault {
    fn of(error: &rustls::Error, bytes: &[u8]) -> Self {
        use rustls::Error as E;
        match error {
            E::InvalidMessage(_) => Self::NotTls { looks_like: stranger::guess(bytes) },
            E::InvalidCertificate(reason) => Self::Certificate(reason.to_string()),
            E::NoCertificatesPresented => Self::NoCertificate,
            E::AlertReceived(AlertDescription::CloseNotify | AlertDescription::UserCanceled) => Self::Ended,
            E::AlertReceived(alert) => Self::Alert(format!("{alert:?}")),
            error => Self::Broken(error.to_string()),
        }
    }
}

impl fmt::Display for TlsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotTls { looks_like: None } => f.write_str("what came is not TLS"),
            Self::NotTls { looks_like: Some(what) } => write!(f, "what came is not TLS: this looks like {what}"),
            Self::Certificate(reason) => write!(f, "the certificate of the peer is not accepted: {reason}"),
            Self::NoCertificate => f.write_str("the peer has shown no certificate"),
            Self::Alert(alert) => write!(f, "the peer has given up: {alert}"),
            Self::Broken(reason) => write!(f, "no agreement: {reason}"),
            Self::Ended => f.write_str("the peer has ended the connection in the middle of the handshake"),
            Self::CutOff => {
                f.write_str("the connection has ended without a word of the peer: it may have been cut off")
            }
            Self::TimedOut { limit } => write!(f, "the handshake has not ended in {limit:?}"),
            Self::Name(name) => write!(f, "{name:?} cannot be the name of a server"),
        }
    }
}

impl error::Error for TlsFault {}

/// What TLS has agreed on with the peer of a connection.
#[derive(Debug, Clone, Copy)]
pub struct Secured<'a>(&'a rustls::Connection);

impl<'a> Secured<'a> {
    /// The name by which the peer has called us, if it is a client and has done so.
    #[must_use]
    pub fn server_name(&self) -> Option<&'a str> {
        match self.0 {
            rustls::Connection::Server(server) => server.server_name(),
            rustls::Connection::Client(_) => None,
        }
    }

    /// What is spoken inside, by its name in ALPN, if the two have agreed on it.
    #[must_use]
    pub fn alpn(&self) -> Option<&'a [u8]> {
        self.0.alpn_protocol()
    }

    /// The certificates that the peer has shown, in DER, its own first.
    pub fn peer_certificates(&self) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        self.0.peer_certificates().unwrap_or_default().iter().map(|certificate| &**certificate)
    }

    /// The version, as in `TLSv1_3`.
    #[must_use]
    pub fn version(&self) -> &'static str {
        self.0.protocol_version().and_then(|version| version.as_str()).unwrap_or("unknown")
    }

    /// The ciphers, as in `TLS13_AES_256_GCM_SHA384`.
    #[must_use]
    pub fn ciphers(&self) -> &'static str {
        self.0.negotiated_cipher_suite().and_then(|suite| suite.suite().as_str()).unwrap_or("unknown")
    }

    /// Whether an earlier session was resumed.
    #[must_use]
    pub fn is_resumed(&self) -> bool {
        self.0.handshake_kind() == Some(HandshakeKind::Resumed)
    }
}

/// The TLS of one connection.
#[derive(Debug)]
pub(super) struct Tls {
    connection: rustls::Connection,
    /// Sealed, or of the handshake: what is to be sent.
    pub(super) out: BytesMut,
    /// Nothing is sealed any more: our end is said, or an alert.
    ended: bool,
    /// The peer has said that it ends.
    pub(super) peer_ended: bool,
}

impl Tls {
    fn new(connection: rustls::Connection) -> Self {
        let mut tls = Self { connection, out: BytesMut::new(), ended: false, peer_ended: false };
        tls.take_out();
        tls
    }

    /// Moves what rustls has to send.
    fn take_out(&mut self) {
        while self.connection.wants_write() {
            // Writing to memory does not fail.
            if self.connection.write_tls(&mut (&mut self.out).writer()).is_err() {
                return;
            }
        }
    }

    /// Decrypts what has come; what is plain is appended to `inbox`.
    fn feed(&mut self, bytes: &[u8], inbox: &mut Inbox) -> Result<(), TlsFault> {
        let outcome = self.take_records(bytes, inbox);
        self.take_out();
        outcome
    }

    fn take_records(&mut self, bytes: &[u8], inbox: &mut Inbox) -> Result<(), TlsFault> {
        let mut rest = bytes;
        while !rest.is_empty() && !self.peer_ended {
            // It takes all that it is given, or has no room for so long a message.
            match self.connection.read_tls(&mut rest) {
                Ok(0) | Err(_) => return Err(TlsFault::Broken("a message of the handshake is too long".to_owned())),
                Ok(_) => {}
            }
            let mut state = self.connection.process_new_packets().map_err(|error| TlsFault::of(&error, bytes))?;
            while state.plaintext_bytes_to_read() > 0 {
                inbox.reserve(0);
                let Ok(count @ 1..) = self.connection.reader().read(inbox.room()) else { break };
                inbox.filled(count);
                state = self.connection.process_new_packets().map_err(|error| TlsFault::of(&error, bytes))?;
            }
            self.peer_ended = state.peer_has_closed();
        }
        Ok(())
    }

    /// Encrypts the beginning of `outbox`, and then says our end, if it is to be said.
    fn seal(&mut self, outbox: &mut BytesMut, ends: bool) {
        if self.ended {
            return outbox.clear();
        }
        while !outbox.is_empty() && self.out.len() < SEALED_BYTES_MAX {
            let some = outbox.len().min(RECORD_BYTES_MAX);
            let Ok(count @ 1..) = self.connection.writer().write(&outbox[..some]) else { break };
            if count == outbox.len() {
                // Not `advance`, which gives away the memory that it has passed.
                outbox.clear();
            } else {
                outbox.advance(count);
            }
            self.take_out();
        }
        if ends && outbox.is_empty() {
            self.connection.send_close_notify();
            self.ended = true;
            self.take_out();
        }
    }

    /// So much of what was sealed has been sent.
    pub(super) fn sent(&mut self, count: usize) {
        if count >= self.out.len() {
            self.out = BytesMut::new();
        } else {
            self.out.advance(count);
        }
    }
}

impl<P, S> Slot<P, S> {
    /// How many bytes are to be sent, sealed or not.
    pub(super) fn queued(&self) -> usize {
        self.outbox.len() + self.tls.as_ref().map_or(0, |tls| tls.out.len())
    }

    /// What a fault is told as: of a connection that we were making, it has not come about.
    pub(super) fn tls_error(&self, fault: TlsFault) -> ConnectionError {
        match self.outgoing.as_deref().filter(|_| !self.greeted) {
            Some(outgoing) => ConnectionError::Connect(ConnectError {
                target: outgoing.target().clone(),
                tried: outgoing.dialing.tried(),
                fault: ConnectFault::Tls(fault),
            }),
            None => ConnectionError::Tls(fault),
        }
    }

    /// Whether the handshake is under way, of a connection that its handler does not know yet.
    pub(super) fn is_coming(&self) -> bool {
        self.phase == Phase::Shaking && !self.greeted
    }
}

impl<P: Protocol, S> World<P, S> {
    /// Seals what is to be sent next.
    pub(super) fn seal(&mut self, id: ConnectionId) {
        let Some(slot) = self.slot(id) else { return };
        let ends = slot.phase == Phase::Closing || slot.ending == Ending::Asked;
        if matches!(slot.phase, Phase::Open | Phase::Closing)
            && let Some(tls) = &mut slot.tls
        {
            tls.seal(&mut slot.outbox, ends);
        }
    }

    /// The handshake begins. What is queued so far goes out in the clear, before it.
    fn shake(&mut self, id: ConnectionId, connection: rustls::Connection) {
        let now = self.now;
        let Some(slot) = self.slot(id) else { return };
        let counts = usize::from(slot.is_listed());
        let mut tls = Tls::new(connection);
        if slot.phase == Phase::Open {
            let mut clear = std::mem::take(&mut slot.outbox);
            clear.extend_from_slice(&tls.out);
            tls.out = clear;
        }
        slot.tls = Some(Box::new(tls));
        (slot.phase, slot.said, slot.alive) = (Phase::Shaking, now, now);
        (slot.frame_since, slot.awaited, slot.resync) = (None, 0, None);
        self.open -= counts;
        self.watch(id);
        self.touch(id);
    }

    /// Begins the handshake as a server.
    pub(super) fn shake_as_server(&mut self, id: ConnectionId, acceptor: &TlsAcceptor) {
        match ServerConnection::new(acceptor.0.clone()) {
            Ok(server) => self.shake(id, server.into()),
            Err(error) => self.fail_tls(id, TlsFault::Broken(error.to_string())),
        }
    }

    /// Begins the handshake as a client of a server that must have a name.
    pub(super) fn shake_as_client(&mut self, id: ConnectionId, connector: &TlsConnector, target: Option<&Target>) {
        let remote = self.slot(id).and_then(|slot| slot.remote.ip()).map(|ip| ip.to_string());
        let name = connector.name.as_deref().map(str::to_owned).or_else(|| target.and_then(host)).or(remote);
        let name = name.unwrap_or_default();
        let Ok(server) = ServerName::try_from(name.clone()) else {
            return self.fail_tls(id, TlsFault::Name(name));
        };
        match ClientConnection::new(connector.config.clone(), server) {
            Ok(client) => self.shake(id, client.into()),
            Err(error) => self.fail_tls(id, TlsFault::Broken(error.to_string())),
        }
    }

    /// The handshake or the connection is over. What rustls has to say about it is still sent.
    pub(super) fn fail_tls(&mut self, id: ConnectionId, fault: TlsFault) {
        let now = self.now;
        let Some(slot) = self.slot(id).filter(|slot| !matches!(slot.phase, Phase::Over(_))) else { return };
        let counts = usize::from(slot.is_listed());
        let error = slot.tls_error(fault);
        slot.outbox.clear();
        slot.inbox = Inbox::default();
        let left = match &mut slot.tls {
            Some(tls) => {
                tls.ended = true;
                tls.out.len()
            }
            None => 0,
        };
        (slot.phase, slot.alive) = (Phase::Closing, now);
        self.open -= counts;
        self.notices.push_back(Notice::Error(id, error));
        if left == 0 {
            return self.end(id, super::End::Drained);
        }
        self.watch(id);
        self.touch(id);
    }
}

/// The name by which a server is called.
fn host(target: &Target) -> Option<String> {
    match target {
        Target::Named { host, .. } => Some(host.trim_end_matches('.').to_owned()),
        Target::At(Endpoint::Ip(address)) => Some(address.ip().to_string()),
        Target::At(_) => None,
    }
}

impl<P: Protocol, S> Connection<'_, P, S> {
    /// What TLS has agreed on; `None` if the connection is in the clear, or not yet secured.
    #[must_use]
    pub fn tls(&self) -> Option<Secured<'_>> {
        let tls = self.slot().tls.as_deref().filter(|tls| !tls.connection.is_handshaking())?;
        Some(Secured(&tls.connection))
    }

    /// Goes on in TLS, as its server: the STARTTLS of protocols that begin in the clear. What has been sent so far goes out in
    /// the clear, what is sent from now on when the peer is secured. What the peer has sent behind the present message must be
    /// TLS: nothing that somebody has slipped in is taken for the peer's.
    ///
    /// `on_connect` is not called again; [`tls`](Self::tls) says whether it is done. If it cannot be, `on_error` is told and
    /// the connection closes. Says whether it has begun: not on datagrams, on a connection that closes, or twice.
    ///
    /// # Example
    ///
    /// ```no_run
    /// use wm_core::{TlsServer, Worker, protocol::Text};
    ///
    /// let tls = TlsServer::new("/etc/ssl/mail.pem", "/etc/ssl/mail.key").load()?;
    /// let mail = Worker::<Text>::new("text://0.0.0.0:2525").on_message(move |peer, line| match line.text {
    ///     "STARTTLS" => {
    ///         peer.send("220 go ahead");
    ///         peer.start_tls(&tls);
    ///     }
    ///     "WHO" => _ = peer.send(if peer.tls().is_some() { "250 secured" } else { "250 in the clear" }),
    ///     _ => _ = peer.send("500 what?"),
    /// });
    /// # Ok::<(), wm_core::TlsError>(())
    /// ```
    pub fn start_tls(&mut self, acceptor: &TlsAcceptor) -> bool {
        let may = self.may_start_tls();
        if may {
            self.worker.world.shake_as_server(self.id, acceptor);
        }
        may
    }

    /// As [`start_tls`](Self::start_tls), as the client: best called when the server has agreed. The server must have the name
    /// by which it was [called](super::Dial), or that of the [`TlsConnector`].
    pub fn start_tls_client(&mut self, connector: &TlsConnector) -> bool {
        let may = self.may_start_tls();
        if may {
            let target = self.target().cloned();
            self.worker.world.shake_as_client(self.id, connector, target.as_ref());
        }
        may
    }

    fn may_start_tls(&self) -> bool {
        let slot = self.slot();
        slot.phase == Phase::Open && slot.is_stream() && slot.tls.is_none() && slot.ending == Ending::No
    }
}

impl<H: Handler> Engine<H> {
    /// Peers are accepted in TLS from now on. Those that are there stay as they are.
    pub fn serve_tls(&mut self, acceptor: TlsAcceptor) {
        self.world.acceptor = Some(acceptor);
    }

    /// What it accepts peers with.
    pub(crate) const fn acceptor(&self) -> Option<&TlsAcceptor> {
        self.world.acceptor.as_ref()
    }

    /// Bytes have come over TLS.
    pub(super) fn take_sealed(&mut self, id: ConnectionId, bytes: &[u8]) {
        let Some(slot) = self.world.slot(id) else { return };
        let Some(tls) = slot.tls.as_deref_mut() else { return };
        let fed = tls.feed(bytes, &mut slot.inbox);
        let shaken = slot.phase == Phase::Shaking && !tls.connection.is_handshaking();
        let (peer_ended, answers) = (tls.peer_ended, !tls.out.is_empty());
        if let Err(fault) = fed {
            return self.world.fail_tls(id, fault);
        }
        if answers {
            self.world.touch(id);
        }
        if shaken {
            self.secured(id);
        }
        let Some(slot) = self.world.slot(id) else { return };
        if peer_ended && slot.phase == Phase::Shaking {
            return self.world.fail_tls(id, TlsFault::Ended);
        }
        if peer_ended && !slot.ended {
            (slot.ended, slot.awaited) = (true, 0);
            self.world.resume(id);
        } else if slot.inbox.len() > 0 && slot.receives() {
            self.decode_inbox(id);
        }
    }

    /// The handshake is done.
    fn secured(&mut self, id: ConnectionId) {
        let Some(slot) = self.world.slot(id) else { return };
        slot.said = slot.alive;
        if slot.greeted {
            slot.phase = Phase::Open;
            let counts = usize::from(slot.is_listed());
            self.world.open += counts;
            self.world.watch(id);
            self.world.touch(id);
        } else {
            self.arrive(id);
        }
    }
}
