//! [`Context::listen`]: a worker process listens on more than one address.

use super::Worker;
use crate::{
    engine::{Context, Endpoint, Engine, Ground, Handler, Mailbox},
    error::Error,
    net::{Address, Drive, Listener, Site, SocketFile, StreamOptions, bind},
    protocol::Protocol,
    testing::{Actor, Stage},
    tls::Renewal,
};
use std::task::Waker;

/// A worker that shares the process of the one that has made it by [`Context::listen`].
#[derive(Debug)]
pub struct Neighbor<P, S> {
    /// How it is reached.
    pub mailbox: Mailbox<P, S>,
    /// Where it listens, if it does: port 0 has become the port that it got.
    pub endpoint: Option<Endpoint>,
}

impl<P: Protocol, S> Context<'_, P, S> {
    /// Serves another worker in this process too, on the same thread: the manual's `listen`, several protocols on several
    /// ports that share what they know. It may be called at any time, best from `on_worker_start`: then the service is
    /// ready only when this one listens too.
    ///
    /// Each worker has its own connections, timers and handler, and no callback of one runs inside of another's. What they
    /// say to each other goes through their mailboxes, which are typed and, on the same thread, need no system call. What
    /// they both know may be an `Rc<RefCell<…>>` that both handlers hold.
    ///
    /// Each process that calls this binds the address: with a `count` of more than one,
    /// [`ListenOptions::reuse_port`](crate::ListenOptions::reuse_port) lets them share it. The `count` of the worker
    /// itself means nothing here. [`unlisten`](Context::unlisten) ends the listening; when one of the workers
    /// [stops](Context::stop), the process does.
    ///
    /// # Errors
    ///
    /// The address is bad or cannot be bound, as for [`bind`]; [`Error::NoSockets`] where an engine is fed by hand.
    ///
    /// # Example
    ///
    /// Clients say who they are and then listen; a back end says `name text` on another port, and is told whether the
    /// client of that name has got the text. It is the manual's push example.
    ///
    /// ```
    /// use wm_core::{Worker, protocol::Text};
    ///
    /// let push = Worker::<Text>::new("text://0.0.0.0:1234")
    ///     .session::<String>()
    ///     .on_worker_start(|clients| {
    ///         let mailbox = clients.mailbox();
    ///         let back_end = Worker::<Text>::new("text://127.0.0.1:5678").on_message(move |back_end, line| {
    ///             let (name, text) = line.text.split_once(' ').unwrap_or((line.text, ""));
    ///             let (name, text) = (name.to_owned(), text.to_owned());
    ///             let (answers, asked_by) = (back_end.worker().mailbox(), back_end.id());
    ///             mailbox.post(move |clients| {
    ///                 let mut told = 0;
    ///                 clients.each(|client| {
    ///                     if *client.session() == name {
    ///                         client.send(&text);
    ///                         told += 1;
    ///                     }
    ///                 });
    ///                 let answer = if told > 0 { "ok" } else { "fail" };
    ///                 answers.post(move |back_end| back_end.get(asked_by).map(|mut asker| asker.send(answer)));
    ///             });
    ///         });
    ///         clients.listen(back_end).expect("the port is free");
    ///     })
    ///     .on_message(|client, line| *client.session() = line.text.to_owned());
    /// ```
    pub fn listen<Q, H>(&mut self, worker: Worker<Q, H>) -> Result<Neighbor<Q, H::Session>, Error>
    where
        Q: Protocol,
        H: Handler<Protocol = Q>,
    {
        self.host(worker)
    }

    /// As [`listen`](Self::listen), by the name for a worker that does not: one that only connects, or is only posted to.
    ///
    /// # Errors
    ///
    /// Those of [`listen`](Self::listen).
    pub fn host<Q, H>(&mut self, worker: Worker<Q, H>) -> Result<Neighbor<Q, H::Session>, Error>
    where
        Q: Protocol,
        H: Handler<Protocol = Q>,
    {
        let Worker { settings, limits, handler, .. } = worker;
        let acceptor = settings.acceptor()?;
        let address = settings.address?;
        let (mut place, mut listener) = (address.clone(), None);
        match self.ground() {
            Ground::Bare => return Err(Error::NoSockets),
            Ground::MadeUp => {}
            Ground::Kernel => {
                if let Some(address) = address {
                    let bound = bind(&address, &settings.listen)?;
                    let found = bound.endpoint();
                    let endpoint = found.map_err(|source| Error::Listen { address: address.clone(), source })?;
                    place = Some(address.with_endpoint(endpoint));
                    listener = Some(bound);
                }
            }
        }
        let endpoint = place.as_ref().map(|address| address.endpoint().clone());
        let waker = self.waker();
        let mut engine = Engine::new(handler, settings.name, self.worker_id(), limits, waker.clone(), self.now());
        let renewal = settings.tls.filter(|_| acceptor.is_some()).map(Renewal::new);
        if let Some(acceptor) = acceptor {
            engine.serve_tls(acceptor);
        }
        let mailbox = engine.mailbox();
        let recruit = Recruit { engine, waker, listener, address: place, stream: settings.listen.stream, renewal };
        let newcomer: Box<dyn Newcomer> = Box::new(recruit);
        self.send_driver(Box::new(newcomer));
        Ok(Neighbor { mailbox, endpoint })
    }
}

/// A worker that comes to those of a process, whatever it speaks.
pub(crate) trait Newcomer {
    /// With the kernel's sockets.
    fn into_site(self: Box<Self>) -> Box<dyn Drive>;

    /// With made-up ones.
    fn into_actor(self: Box<Self>, stage: &Stage) -> Box<dyn Actor>;
}

struct Recruit<H: Handler> {
    engine: Engine<H>,
    waker: Waker,
    listener: Option<Listener>,
    address: Option<Address>,
    stream: StreamOptions,
    renewal: Option<Renewal>,
}

impl<H: Handler> Newcomer for Recruit<H> {
    fn into_site(self: Box<Self>) -> Box<dyn Drive> {
        let listens = self.address.as_ref().filter(|_| self.listener.is_some());
        let file = listens.and_then(|address| SocketFile::of(address.endpoint()));
        Box::new(
            Site::new(self.engine, self.waker, self.listener, self.stream).with_file(file).with_renewal(self.renewal),
        )
    }

    fn into_actor(self: Box<Self>, stage: &Stage) -> Box<dyn Actor> {
        Box::new(stage.actor(self.engine, self.address))
    }
}
