//! A worker process from its fork to its end. All of it is called in the child.

use super::board::Scorecard;
use super::signals::{Orders, Signals};
use super::voice::Voice;
use crate::error::Error;
use crate::net::Listener;
use crate::worker::{Launch, Service};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};
use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::exit;
use std::rc::Rc;

/// How a worker ends that was not asked to.
const FAILED: i32 = 1;

/// The code of any Rust program that panics.
const PANICKED: i32 = 101;

/// What a worker has of its own.
pub(super) struct Child {
    pub(super) service: Box<dyn Service>,
    pub(super) worker_id: usize,
    pub(super) listener: Option<Listener>,
    pub(super) card: Option<Scorecard>,
    pub(super) signals: Signals,
    pub(super) voice: Voice,
    pub(super) master: Pid,
}

impl Child {
    /// Serves until it is told to stop, and ends the process.
    ///
    /// A panic must not pass: above are the frames of the master, of which this process is but a copy.
    pub(super) fn live(self) -> ! {
        let Self { service, worker_id, listener, card, signals, voice, master } = self;
        let voice = Rc::new(voice);
        die_with(master);
        let serve = || -> Result<(), Error> {
            let Orders { stop, retire } = signals.into_orders()?;
            let up = Rc::clone(&voice);
            let (retire, ready) = (Some(retire), Box::new(move || up.ready()));
            service.run(Launch { worker_id, listener, stop, retire, card, ready })
        };
        let (code, reason) = match catch_unwind(AssertUnwindSafe(serve)) {
            Ok(Ok(())) => exit(0),
            Ok(Err(error)) => (FAILED, error.to_string()),
            Err(panic) => (PANICKED, format!("panicked: {}", panic_text(&*panic))),
        };
        voice.reason(&reason);
        exit(code)
    }
}

/// Has the kernel kill this process when its master dies. An orphan that drained would be kinder, but one that hangs
/// would keep the port for ever, with nobody left to end it.
///
/// The setting is lost when a process changes its user: then it must be made again.
fn die_with(master: Pid) {
    // It fails for no signal that exists.
    let _ = set_pdeathsig(Signal::SIGKILL);
    // The master may have died before the setting was made: then the parent is another.
    if getppid() != master {
        exit(FAILED);
    }
}

fn panic_text(panic: &(dyn Any + Send)) -> &str {
    let owned = || panic.downcast_ref::<String>().map(String::as_str);
    panic.downcast_ref::<&str>().copied().or_else(owned).unwrap_or("with no text")
}
