//! [`Worker`]: an address, a protocol, and what is done with the connections.

mod closures;
mod listen;
mod service;
mod settings;
mod signal;

pub use closures::Closures;
pub use listen::Neighbor;
pub(crate) use listen::Newcomer;
pub use service::{Launch, Service};
pub use settings::Settings;
pub use signal::Signal;

use crate::{
    engine::{Connection, ConnectionError, Context, Deadlines, Engine, Handler, Limits, Overflow, TLS, UDP},
    error::Error,
    net::{Address, ListenOptions, Listener, Reactor, Site, UNIX},
    protocol::{Duplex, Protocol, Silent, Tcp},
    tls::{Renewal, TlsServer},
};
use std::{
    marker::PhantomData,
    time::{Duration, Instant},
};

/// A service: where it listens, what it speaks (`P`), and what it does with its connections (`H`): closures, or a
/// [`Handler`] with state. [`run_all`](crate::run_all) serves it.
///
/// # Example
///
/// Everybody hears what anybody says. `guest.worker()` knows the others too.
///
/// ```
/// use wm_core::{Worker, protocol::Tcp};
///
/// let chat = Worker::<Tcp>::new("tcp://127.0.0.1:2347")
///     .name("chat")
///     .on_connect(|guest| {
///         let hello = format!("user[{}] login\n", guest.id());
///         guest.broadcast(hello.as_bytes())
///     })
///     .on_message(|guest, words| {
///         let said = [format!("user[{}] said: ", guest.id()).as_bytes(), words].concat();
///         guest.broadcast(&said[..])
///     });
/// ```
#[derive(Debug)]
pub struct Worker<P: Protocol, H = Closures<P, ()>> {
    settings: Settings,
    limits: Limits,
    handler: H,
    protocol: PhantomData<fn(P)>,
}

impl<P: Protocol + Default> Worker<P, Closures<P, ()>> {
    /// A worker that listens on `address`, see [`Address`]: `scheme://host:port`, where the scheme is the name of the
    /// protocol, or `tcp`; or a Unix socket, `unix:///path`. With `udp` each datagram is a message, and whoever has sent it is
    /// a connection as long as the callback runs: there is no `on_connect` and no `on_close`, and
    /// [`Context::send_to`] sends at other times.
    ///
    /// A bad address is reported by [`run_all`](crate::run_all), together with whatever else is wrong, before anything
    /// is started.
    #[must_use]
    pub fn new(address: &str) -> Self {
        Self::serve(address, Closures::default())
    }

    /// A worker whose connections are served by `handler`; see [`new`](Self::new) for the address.
    #[must_use]
    pub fn serve<H: Handler<Protocol = P>>(address: &str, handler: H) -> Worker<P, H> {
        let mut settings = Settings::new(address);
        settings.address = settings.address.and_then(|address| address.map(speaks::<P>).transpose());
        Worker { settings, limits: Limits::default(), handler, protocol: PhantomData }
    }

    /// A worker that listens nowhere, and makes connections: see [`Context::connect`]. As a service of its own it connects
    /// from `on_worker_start`; [`Context::host`] lets it share the process of another worker.
    #[must_use]
    pub fn client() -> Self {
        Self::serve_detached(Closures::default())
    }

    /// A worker that listens nowhere and is served by `handler`: see [`detached`](Worker::detached).
    #[must_use]
    pub fn serve_detached<H: Handler<Protocol = P>>(handler: H) -> Worker<P, H> {
        Worker { settings: Settings::detached(), limits: Limits::default(), handler, protocol: PhantomData }
    }

    /// Gives each connection data of its own, which callbacks reach by [`Connection::session`]. Stands before the
    /// callbacks.
    ///
    /// # Panics
    ///
    /// A callback was given already: it was made for connections without data.
    #[must_use]
    pub fn session<S: Default + 'static>(self) -> Worker<P, Closures<P, S>> {
        let given = self.handler.names();
        assert!(given.is_empty(), "`session` must stand before {}", given.join(", "));
        let Self { settings, limits, .. } = self;
        Worker { settings, limits, handler: Closures::default(), protocol: PhantomData }
    }
}

impl Worker<Duplex<Silent>> {
    /// A worker that listens nowhere: for timers, for what other threads post, and for what it listens on or connects to
    /// by itself.
    ///
    /// # Example
    ///
    /// ```
    /// use std::time::Duration;
    /// use wm_core::Worker;
    ///
    /// let janitor = Worker::detached().name("janitor").on_worker_start(|worker| {
    ///     worker.every(Duration::from_secs(3600), |_| _ = std::fs::remove_dir_all("/tmp/uploads"));
    /// });
    /// ```
    #[must_use]
    pub fn detached() -> Self {
        Self::serve_detached(Closures::default())
    }
}

/// The address of a worker that speaks `P`.
fn speaks<P: Protocol>(address: Address) -> Result<Address, Error> {
    if P::OF_DATAGRAMS && !address.is_udp() {
        return Err(Error::OnlyDatagrams { address: address.to_string(), speaks: P::NAME });
    }
    if [P::NAME, Tcp::NAME, UNIX, UDP, TLS].contains(&address.scheme()) {
        return Ok(address);
    }
    Err(Error::WrongScheme { address, speaks: P::NAME })
}

/// What a worker is, whatever it does.
impl<P: Protocol, H> Worker<P, H> {
    /// The name that stands in tables and logs. Default `none`, the manual's.
    #[must_use]
    pub fn name(mut self, name: impl Into<String>) -> Self {
        self.settings.name = name.into();
        self
    }

    /// How many processes serve it. Default 1. Each has its own connections and state.
    #[must_use]
    pub const fn count(mut self, processes: usize) -> Self {
        self.settings.count = processes;
        self
    }

    /// Its certificates, for an address of `tls://`. They are read when a process starts, and again when they are others.
    #[must_use]
    pub fn tls(mut self, tls: TlsServer) -> Self {
        self.settings.tls = Some(tls);
        self
    }

    /// How it listens.
    #[must_use]
    pub fn listen_options(mut self, options: ListenOptions) -> Self {
        self.settings.listen = options;
        self
    }

    /// A socket for each process instead of one for all: [`ListenOptions::reuse_port`], the manual's `reusePort`.
    #[must_use]
    pub const fn reuse_port(mut self) -> Self {
        self.settings.listen.reuse_port = true;
        self
    }

    /// What connections may take, and how many there may be.
    #[must_use]
    pub const fn limits(mut self, limits: Limits) -> Self {
        self.limits = limits;
        self
    }

    /// How long is waited for a peer: [`Limits::deadlines`].
    #[must_use]
    pub const fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.limits.deadlines = deadlines;
        self
    }

    /// Expects to hear from each peer at least so often, and closes its connection otherwise: [`Deadlines::idle`], the
    /// manual's heartbeat. Clients should say something twice as often, since a message may be late.
    #[must_use]
    pub const fn heartbeat(mut self, silence_max: Duration) -> Self {
        self.limits.deadlines.idle = Some(silence_max);
        self
    }

    /// How many connections one process has at most: [`Limits::connections_max`].
    #[must_use]
    pub const fn max_connections(mut self, connections: usize) -> Self {
        self.limits.connections_max = connections;
        self
    }

    /// How many of them may come from one IP address: [`Limits::connections_per_ip_max`].
    #[must_use]
    pub const fn max_connections_per_ip(mut self, connections: usize) -> Self {
        self.limits.connections_per_ip_max = connections;
        self
    }

    /// Closes connections whose peers do not take what others send them, instead of refusing the messages:
    /// [`Overflow::Close`].
    #[must_use]
    pub const fn close_on_overflow(mut self) -> Self {
        self.limits.overflow = Overflow::Close;
        self
    }

    /// The longest frame that is taken, in bytes: [`Limits::frame_bytes_max`].
    #[must_use]
    pub const fn max_frame(mut self, bytes: usize) -> Self {
        self.limits.frame_bytes_max = bytes;
        self
    }

    /// How much may be queued before the peer is not read any more, in bytes: [`Limits::send_high_bytes`]. It reads
    /// again at a quarter of that.
    #[must_use]
    pub const fn max_send_buffer(mut self, bytes: usize) -> Self {
        self.limits.send_high_bytes = bytes;
        self.limits.send_low_bytes = bytes / 4;
        self
    }
}

impl<P: Protocol, H: Handler<Protocol = P>> Worker<P, H> {
    /// What a made-up world needs of it.
    pub(crate) fn into_parts(self) -> (Settings, Limits, H) {
        (self.settings, self.limits, self.handler)
    }
}

/// The callbacks, in the order of a connection's life. Whatever a closure returns is dropped, so that
/// `|client, line| client.send(line)` is one.
impl<P: Protocol, S> Worker<P, Closures<P, S>> {
    /// See [`Handler::on_worker_start`].
    #[must_use]
    pub fn on_worker_start<R>(mut self, mut call: impl FnMut(&mut Context<'_, P, S>) -> R + 'static) -> Self {
        self.handler.on_worker_start = Some(Box::new(move |worker| {
            call(worker);
        }));
        self
    }

    /// See [`Handler::on_worker_stop`].
    #[must_use]
    pub fn on_worker_stop<R>(mut self, mut call: impl FnMut(&mut Context<'_, P, S>) -> R + 'static) -> Self {
        self.handler.on_worker_stop = Some(Box::new(move |worker| {
            call(worker);
        }));
        self
    }

    /// See [`Handler::on_connect`].
    #[must_use]
    pub fn on_connect<R>(mut self, mut call: impl FnMut(&mut Connection<'_, P, S>) -> R + 'static) -> Self {
        self.handler.on_connect = Some(Box::new(move |connection| {
            call(connection);
        }));
        self
    }

    /// See [`Handler::on_message`].
    #[must_use]
    pub fn on_message<R>(mut self, mut call: impl FnMut(&mut Connection<'_, P, S>, P::In<'_>) -> R + 'static) -> Self {
        self.handler.on_message = Some(Box::new(move |connection, message| {
            call(connection, message);
        }));
        self
    }

    /// See [`Handler::on_error`].
    #[must_use]
    pub fn on_error<R>(
        mut self,
        mut call: impl FnMut(&mut Connection<'_, P, S>, &ConnectionError) -> R + 'static,
    ) -> Self {
        self.handler.on_error = Some(Box::new(move |connection, error| {
            call(connection, error);
        }));
        self
    }

    /// See [`Handler::on_buffer_full`].
    #[must_use]
    pub fn on_buffer_full<R>(mut self, mut call: impl FnMut(&mut Connection<'_, P, S>) -> R + 'static) -> Self {
        self.handler.on_buffer_full = Some(Box::new(move |connection| {
            call(connection);
        }));
        self
    }

    /// See [`Handler::on_buffer_drain`].
    #[must_use]
    pub fn on_buffer_drain<R>(mut self, mut call: impl FnMut(&mut Connection<'_, P, S>) -> R + 'static) -> Self {
        self.handler.on_buffer_drain = Some(Box::new(move |connection| {
            call(connection);
        }));
        self
    }

    /// See [`Handler::on_tunnel`].
    #[must_use]
    pub fn on_tunnel<R>(mut self, mut call: impl FnMut(&mut Connection<'_, P, S>) -> R + 'static) -> Self {
        self.handler.on_tunnel = Some(Box::new(move |connection| {
            call(connection);
        }));
        self
    }

    /// See [`Handler::on_close`].
    #[must_use]
    pub fn on_close<R>(mut self, mut call: impl FnMut(&mut Connection<'_, P, S>) -> R + 'static) -> Self {
        self.handler.on_close = Some(Box::new(move |connection| {
            call(connection);
        }));
        self
    }
}

impl<P: Protocol, H: Handler<Protocol = P>> Service for Worker<P, H> {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn listen_on(&mut self, address: &str) {
        self.settings.address = address.parse().and_then(speaks::<P>).map(Some);
    }

    fn run(self: Box<Self>, launch: Launch) -> Result<(), Error> {
        let Self { settings, limits, handler, .. } = *self;
        let Launch { worker_id, listener, stop, retire, card, ready } = launch;
        if let (true, Some(stream)) = (P::OF_DATAGRAMS, listener.as_ref().and_then(Listener::stream_address)) {
            return Err(Error::OnlyDatagrams { address: stream, speaks: P::NAME });
        }
        let mut reactor = Reactor::new(stop, retire, card).map_err(Error::Poll)?;
        let acceptor = settings.acceptor()?;
        let mut engine = Engine::new(handler, settings.name, worker_id, limits, reactor.waker(), Instant::now());
        let renewal = settings.tls.filter(|_| acceptor.is_some()).map(Renewal::new);
        if let Some(acceptor) = acceptor {
            engine.serve_tls(acceptor);
        }
        let site = Site::new(engine, reactor.waker(), listener, settings.listen.stream).with_renewal(renewal);
        reactor.add(Box::new(site)).map_err(Error::Poll)?;
        ready();
        reactor.run().map_err(Error::Poll)
    }
}
