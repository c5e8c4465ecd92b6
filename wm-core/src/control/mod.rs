//! The control program: the start file is also what stops its service and asks about it (the manual's 启动停止).
//!
//! ```text
//!   argv ──> command.rs ──┬── start ──> instance.rs (lock) ──> daemon.rs ──> process::Master
//!                         │                                                       │ desk.rs
//!                         └── stop, status … ──> client.rs ───Unix socket─────────┘
//! ```
//!
//! What travels over the socket is in `message.rs`: a line of JSON each. Nothing here signals a process by a number that
//! was read from a file: whoever answers on the socket is the service.

mod client;
mod command;
mod daemon;
mod desk;
mod instance;
mod message;
mod status;

pub use command::Control;
pub(crate) use daemon::Herald;
pub(crate) use desk::Desk;
pub(crate) use message::{Reply, Request};
pub(crate) use status::{ProcessStatus, Status, WorkerStatus};

use crate::process::Console;
use crate::run::Server;
use command::Command;
use instance::{Instance, Lock};
use std::process::ExitCode;

/// The service was told to do something, or asked, and did or answered.
const DONE: u8 = 0;

/// It could not be started, or did not answer.
const FAILED: u8 = 1;

/// No such service runs.
const NOT_RUNNING: u8 = 4;

/// Does what the command line says. `serve` serves until the end, in a process that has one thread.
pub(crate) fn run(server: Server, control: &Control) -> ExitCode {
    let instance = match Instance::find(control) {
        Ok(instance) => instance,
        Err(problem) => return fail(&problem.to_string()),
    };
    match control.command() {
        Command::Start { daemon } => start(server, control, &instance, daemon),
        Command::Stop { graceful } => {
            ExitCode::from(client::stop(&instance, graceful).unwrap_or_else(|| client::not_running(&instance)))
        }
        Command::Restart { daemon, graceful } => match client::stop(&instance, graceful) {
            None | Some(DONE) => start(server, control, &instance, daemon),
            Some(code) => ExitCode::from(code),
        },
        Command::Status { json } => ExitCode::from(client::status(&instance, json)),
        Command::Check => check(server, control, &instance),
    }
}

fn start(mut server: Server, control: &Control, instance: &Instance, daemon: bool) -> ExitCode {
    if let Err(problem) = server.listen_on(control.listen()) {
        return fail(&problem);
    }
    let lock = match instance.lock() {
        Ok(lock) => lock,
        Err(problem) => return fail(&problem.to_string()),
    };
    if daemon {
        return daemon::start(instance, |herald| serve(server, instance, lock, Some(herald)));
    }
    serve(server, instance, lock, None)
}

/// In the process that will be the master.
fn serve(server: Server, instance: &Instance, mut lock: Lock, herald: Option<Herald>) -> ExitCode {
    let desk = lock.sign().and_then(|()| Desk::open(&instance.socket()));
    let desk = match desk {
        Ok(desk) => desk.named(instance.name()),
        Err(problem) => return fail(&problem.to_string()),
    };
    server.serve(Some(desk), herald)
}

/// Whether the service could be started: settings, and the addresses unless it is running and holds them.
fn check(mut server: Server, control: &Control, instance: &Instance) -> ExitCode {
    if let Err(problem) = server.listen_on(control.listen()) {
        return fail(&problem);
    }
    let running = instance.holder().is_some();
    match server.check(!running) {
        Err(problems) => {
            Console::new(false).refuse(&problems);
            ExitCode::from(FAILED)
        }
        Ok(()) if running => say("the settings are right; it is running, so its addresses were not tried"),
        Ok(()) => say("the settings are right, and all addresses are free"),
    }
}

fn say(line: &str) -> ExitCode {
    Console::new(false).remark(line);
    ExitCode::from(DONE)
}

fn fail(problem: &str) -> ExitCode {
    Console::new(false).fail(problem);
    ExitCode::from(FAILED)
}
