//! Ours, as a user writes it: a worker of closures in one process, with its master beside it.

use super::announce_process;
use std::process::ExitCode;
use wm_core::{Server, Worker, protocol::Text};

pub(super) fn serve() -> ExitCode {
    let echo = Worker::<Text>::new("tcp://127.0.0.1:0")
        .name("echo")
        .count(1)
        .on_worker_start(|_| announce_process())
        .on_message(|client, line| client.send(line));
    Server::new().worker(echo).run()
}
