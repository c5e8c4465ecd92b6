//! The servers that are measured. Each echoes lines, in one process of one thread.

mod bare;
mod text;
mod tokio;

use nix::sys::{prctl, signal::Signal};
use std::{
    io::{self, Write},
    net::{Ipv4Addr, TcpListener},
    process::{self, ExitCode},
};

/// A server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The reference: epoll, read, write, and nothing else.
    Bare,
    /// Ours: a worker that speaks `text`.
    Text,
    /// The codec that everybody knows: tokio-util's `LinesCodec`.
    Tokio,
}

impl Kind {
    /// All of them, the reference first.
    pub const ALL: [Self; 3] = [Self::Bare, Self::Text, Self::Tokio];

    /// Its name on the command line.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Bare => "bare",
            Self::Text => "text",
            Self::Tokio => "tokio",
        }
    }

    /// What it is, for a table.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Bare => "bare epoll",
            Self::Text => "wm, text",
            Self::Tokio => "tokio LinesCodec",
        }
    }

    /// The server of a name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }

    /// Serves on a port of the kernel's choice until this process is ended; it ends with the one that has started it.
    /// Says on stdout where it listens, and which process serves.
    #[must_use]
    pub fn serve(self) -> ExitCode {
        let ended = prctl::set_pdeathsig(Signal::SIGTERM).map_err(io::Error::from).and_then(|()| match self {
            Self::Text => Ok(text::serve()),
            Self::Bare => listen().and_then(bare::serve),
            Self::Tokio => listen().and_then(tokio::serve),
        });
        ended.unwrap_or(ExitCode::FAILURE)
    }
}

/// What stands before the number of the process that serves.
pub(crate) const SERVED_BY: &str = "served-by:";

/// What stands before the port that is listened on.
pub(crate) const LISTENS_ON: &str = "tcp://127.0.0.1:";

fn listen() -> io::Result<TcpListener> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    listener.set_nonblocking(true)?;
    announce(&format!("{LISTENS_ON}{}", listener.local_addr()?.port()))?;
    announce_process()?;
    Ok(listener)
}

fn announce_process() -> io::Result<()> {
    announce(&format!("{SERVED_BY}{}", process::id()))
}

fn announce(line: &str) -> io::Result<()> {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{line}")?;
    stdout.flush()
}
