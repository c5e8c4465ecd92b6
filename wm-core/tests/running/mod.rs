//! A worker in a thread of the test, on the kernel's sockets.

use std::{
    io::{self, PipeWriter},
    net::{SocketAddr, TcpStream},
    thread::{self, JoinHandle},
    time::Duration,
};
use wm_core::{Address, Error, Launch, ListenOptions, Service, net::bind};

/// Far longer than anything here takes; what waits longer has failed.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A worker in a thread, with its stop.
pub(crate) struct Running {
    pub(crate) address: SocketAddr,
    stop: Option<PipeWriter>,
    thread: Option<JoinHandle<Result<(), Error>>>,
}

impl Running {
    /// Serves what `make` makes; its closures stay in the thread, as those of a process do.
    pub(crate) fn start<S: Service>(make: impl FnOnce() -> S + Send + 'static) -> Self {
        let any: Address = "tcp://127.0.0.1:0".parse().unwrap();
        let listener = bind(&any, &ListenOptions::default()).unwrap();
        let address = listener.endpoint().unwrap().socket_addr().unwrap();
        let (stopped, stop) = io::pipe().unwrap();
        let thread = thread::spawn(move || Box::new(make()).run(Launch::new(stopped).listener(listener)));
        Self { address, stop: Some(stop), thread: Some(thread) }
    }

    pub(crate) fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.stop = None;
        let ended = self.thread.take().unwrap().join();
        if !thread::panicking() {
            ended.unwrap().unwrap();
        }
    }
}
