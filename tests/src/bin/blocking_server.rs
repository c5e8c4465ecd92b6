//! The simplest service that a master can run: a loop that accepts, answers with its pid and number, and closes. It
//! stands on none of the engine, so that tests of processes test processes.
//!
//! ```text
//! blocking_server [--quiet] [--thread] [--subreaper] [--stop-timeout-ms N] [--attempts N] {ADDRESS COUNT MANNER}…
//! ```

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::prctl::set_child_subreaper;
use std::io::Write;
use std::os::fd::AsFd;
use std::process::{Command, ExitCode, id};
use std::time::Duration;
use std::{env, io, thread};
use wm_core::{Error, Launch, Listener, Server, Service, Settings, Supervision};

/// How a worker behaves.
#[derive(Debug, Clone, Copy)]
enum Manner {
    /// It serves until it is told to stop.
    Serve,
    /// As `Serve`, with a socket for each process.
    ServeApart,
    /// As `Serve`, and up only once it has answered.
    ServeLate,
    /// It listens nowhere, whatever the address is, and waits for its end.
    Wait,
    /// It fails at once.
    Fail,
    /// It panics at once.
    Panic,
    /// It serves, and does not care about being told to stop.
    Hang,
    /// Each answer is the pid of a process that it leaves behind as an orphan.
    Orphan,
}

struct Blocking {
    settings: Settings,
    manner: Manner,
}

impl Blocking {
    fn new(name: String, address: &str, count: &str, manner: &str) -> Self {
        let manner = match manner {
            "serve" => Manner::Serve,
            "serve_apart" => Manner::ServeApart,
            "serve_late" => Manner::ServeLate,
            "wait" => Manner::Wait,
            "fail" => Manner::Fail,
            "panic" => Manner::Panic,
            "hang" => Manner::Hang,
            "orphan" => Manner::Orphan,
            _ => panic!("no such manner: {manner}"),
        };
        let count = count.parse().expect("a count of processes");
        let settings = if matches!(manner, Manner::Wait) { Settings::detached() } else { Settings::new(address) };
        let mut settings = Settings { name, count, ..settings };
        settings.listen.reuse_port = matches!(manner, Manner::ServeApart);
        Self { settings, manner }
    }

    fn answer(&self, worker_id: usize, listener: &Listener) -> io::Result<()> {
        let mut peer: Box<dyn Write> = match listener {
            Listener::Tcp(socket) => Box::new(socket.accept()?.0),
            Listener::Unix(socket) => Box::new(socket.accept()?.0),
            Listener::Udp(_) => unreachable!("it listens for connections"),
        };
        match self.manner {
            Manner::Orphan => {
                let output = Command::new("sh").args(["-c", "true & echo $!"]).output()?;
                peer.write_all(&output.stdout)
            }
            _ => writeln!(peer, "{} {worker_id}", id()),
        }
    }
}

impl Service for Blocking {
    fn settings(&self) -> &Settings {
        &self.settings
    }

    fn listen_on(&mut self, address: &str) {
        self.settings.address = address.parse().map(Some);
    }

    fn run(self: Box<Self>, launch: Launch) -> Result<(), Error> {
        let Launch { worker_id, listener, stop, retire, ready, card: _ } = launch;
        // It has no connection that lasts: it may as well stop.
        let retire = retire.expect("a process has one");
        match self.manner {
            Manner::Fail => return Err(Error::Poll(io::Error::other("no such luck"))),
            Manner::Panic => panic!("out of luck"),
            _ => {}
        }
        let mut ready = Some(ready);
        if !matches!(self.manner, Manner::ServeLate) {
            ready.take().into_iter().for_each(|ready| ready());
        }
        let Some(listener) = listener else {
            let mut fds = [&stop, &retire].map(|fd| PollFd::new(fd.as_fd(), PollFlags::POLLIN));
            return poll(&mut fds, PollTimeout::NONE).map(drop).map_err(|errno| Error::Poll(errno.into()));
        };
        loop {
            let fds = [listener.as_fd(), stop.as_fd(), retire.as_fd()];
            let mut fds = fds.map(|fd| PollFd::new(fd, PollFlags::POLLIN));
            let watched = if matches!(self.manner, Manner::Hang) { 1 } else { 3 };
            poll(&mut fds[..watched], PollTimeout::NONE).map_err(|errno| Error::Poll(errno.into()))?;
            if fds[1..].iter().any(|fd| fd.any() == Some(true)) {
                return Ok(());
            }
            // Another process may have been quicker, or the peer may have left: the next turn is as good.
            if self.answer(worker_id, &listener).is_ok() {
                ready.take().into_iter().for_each(|ready| ready());
            }
        }
    }
}

fn main() -> ExitCode {
    let mut server = Server::new();
    let mut supervision = Supervision::default();
    let mut arguments = env::args().skip(1);
    let mut workers = 0;
    while let Some(argument) = arguments.next() {
        let mut value = || arguments.next().expect("an argument has its value");
        match argument.as_str() {
            "--quiet" => server = server.quiet(),
            "--thread" => drop(thread::spawn(thread::park)),
            "--subreaper" => set_child_subreaper(true).expect("any process may"),
            "--stop-timeout-ms" => {
                supervision.stop_timeout = Duration::from_millis(value().parse().expect("a number of milliseconds"));
            }
            "--attempts" => supervision.attempts_max = value().parse().expect("a number of attempts"),
            address => {
                workers += 1;
                let name = format!("worker{workers}");
                server = server.worker(Blocking::new(name, address, &value(), &value()));
            }
        }
    }
    server.supervision(supervision).run()
}
