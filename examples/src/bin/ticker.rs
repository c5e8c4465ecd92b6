//! A ticker: every connection is told the time, whether it says something or not.
//!
//! You learn: the `Handler` trait with state of the worker (`self`) and of each connection (`Session`), timers, and sends
//! that come from outside of any connection's callback.
//!
//! ```text
//! cargo run --bin ticker
//! nc 127.0.0.1 2348
//! ```
//!
//! You see: a line every second. Type `mute` and they stop for you alone; `tick` and they go on.

use std::{process::ExitCode, time::Duration};
use wm_core::{Connection, Context, Handler, TimerId, Worker, protocol::Text, protocol::text::Line, run_all};

/// The worker's own state: how often it has ticked.
#[derive(Default)]
struct Ticker {
    ticks: u64,
}

/// The state of one connection.
#[derive(Default)]
struct Listener {
    muted: bool,
}

impl Handler for Ticker {
    type Protocol = Text;
    type Session = Listener;

    fn on_worker_start(&mut self, worker: &mut Context<'_, Text, Listener>) {
        worker.timer_every(Duration::from_secs(1));
    }

    fn on_timer(&mut self, worker: &mut Context<'_, Text, Listener>, _: TimerId) {
        self.ticks += 1;
        let tick = format!("tick {}", self.ticks);
        worker.each(|listener| {
            if !listener.session().muted {
                listener.send(&tick);
            }
        });
    }

    fn on_message(&mut self, listener: &mut Connection<'_, Text, Listener>, line: Line<'_>) {
        match line.text {
            "mute" => listener.session().muted = true,
            "tick" => listener.session().muted = false,
            _ => drop(listener.send("say mute or tick")),
        }
    }
}

fn main() -> ExitCode {
    run_all(Worker::serve("text://127.0.0.1:2348", Ticker::default()).name("ticker").count(1))
}
