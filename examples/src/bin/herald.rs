//! A herald: reads out what is written into a pipe, and what the hour is; on a signal it says who listens.
//!
//! You learn: descriptors of your own in the loop of a worker, signals as callbacks, and times by a cron expression.
//!
//! ```text
//! cargo run --bin herald -- --news /tmp/news --at '0 * * * *'
//! nc 127.0.0.1 2349                          any number of them
//! echo 'the king is well' > /tmp/news
//! kill -USR1 PID                             of the worker, as `herald status` shows it
//! ```
//!
//! You see: each line at every `nc`, the hour when it strikes, and after the signal how many listen. Without a name no pipe
//! is made.

use clap::Parser;
use nix::{sys::stat::Mode, unistd::mkfifo};
use std::{
    fs::{File, OpenOptions},
    io::{self, Read},
    path::{Path, PathBuf},
    process::ExitCode,
};
use wm_core::{Context, Control, Cron, Interest, Server, Signal, Worker, protocol::Text};

/// Reads out what is written into a pipe, and what the hour is.
#[derive(Parser)]
struct Arguments {
    /// The pipe to read out; it is made if it is not there
    #[arg(long, global = true, value_name = "FILE")]
    news: Option<PathBuf>,
    /// When to say the hour
    #[arg(long, global = true, value_name = "CRON", default_value = "@hourly")]
    at: Cron,
    #[command(flatten)]
    control: Control,
}

fn main() -> ExitCode {
    let Arguments { news, at, control } = Arguments::parse();
    let herald = Worker::<Text>::new("text://127.0.0.1:2349").name("herald").count(1);
    let herald = herald.on_worker_start(move |herald| {
        herald.cron(&at, |herald| herald.broadcast("hear, hear: the hour has struck"));
        if let Err(error) = listen(herald, news.as_deref()) {
            panic!("{error}");
        }
    });
    Server::new().worker(herald.on_message(|listener, _| listener.send("be quiet"))).command(&control)
}

/// Begins to hear the pipe, and the signal.
fn listen(herald: &mut Context<'_, Text, ()>, news: Option<&Path>) -> io::Result<()> {
    herald.on_signal(Signal::User1, |herald| {
        let count = format!("{} listen", herald.len());
        herald.broadcast(&count)
    })?;
    let Some(news) = news else { return Ok(()) };
    let mut heard = Vec::new();
    herald.register(open(news)?, Interest::Readable, move |herald, pipe, _| {
        let mut room = [0; 4096];
        let count = pipe.read(&mut room).unwrap_or_default();
        heard.extend_from_slice(&room[..count]);
        while let Some(end) = heard.iter().position(|byte| *byte == b'\n') {
            let line = String::from_utf8_lossy(&heard[..end]).into_owned();
            heard.drain(..=end);
            herald.broadcast(&line);
        }
    })?;
    Ok(())
}

/// A pipe with a name. It is opened for both ends, so that it never ends: writers come and go.
fn open(path: &Path) -> io::Result<File> {
    match mkfifo(path, Mode::S_IRUSR | Mode::S_IWUSR) {
        Ok(()) | Err(nix::Error::EEXIST) => OpenOptions::new().read(true).write(true).open(path),
        Err(error) => Err(error.into()),
    }
}
