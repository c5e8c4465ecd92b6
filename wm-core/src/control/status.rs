//! [`Status`]: what a service says about itself, and how it looks.

use crate::engine::Tally;
use crate::table::{Align, Column, bytes, span, table};
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// What a service says about itself.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Status {
    /// The name of the instance.
    pub(crate) instance: String,
    /// The version of wm that it runs on.
    pub(crate) version: String,
    /// The master's.
    pub(crate) pid: i32,
    /// How long the master has run.
    pub(crate) up_ms: u64,
    /// `starting`, `ready`, or how far its end is.
    pub(crate) state: String,
    /// In the order in which they were given.
    pub(crate) workers: Vec<WorkerStatus>,
}

/// What it says about a worker.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct WorkerStatus {
    /// Its name.
    pub(crate) name: String,
    /// Where it listens.
    pub(crate) listen: String,
    /// How many of its processes have left by themselves, that is with exit code 0.
    pub(crate) left: u64,
    /// How many ended by another exit code.
    pub(crate) failed: u64,
    /// How many ended by a signal.
    pub(crate) killed: u64,
    /// Its processes, by number.
    pub(crate) processes: Vec<ProcessStatus>,
}

/// What it says about a process.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct ProcessStatus {
    /// Its number among those of its worker.
    pub(crate) worker_id: usize,
    /// None while there is no process.
    pub(crate) pid: Option<i32>,
    /// `starting`, `ready`, `waiting` for its next start, or `gone`.
    pub(crate) state: String,
    /// How long it has run.
    pub(crate) up_ms: u64,
    /// How long it has been in one turn of its loop; none while it waits for something to do.
    pub(crate) busy_ms: Option<u64>,
    pub(crate) connections: u64,
    pub(crate) accepted: u64,
    pub(crate) turned_away: u64,
    pub(crate) frames_in: u64,
    pub(crate) frames_out: u64,
    pub(crate) frames_skipped: u64,
    pub(crate) bytes_in: u64,
    pub(crate) bytes_out: u64,
    pub(crate) bytes_skipped: u64,
    pub(crate) errors: u64,
    pub(crate) panics: u64,
}

/// A turn of the loop that takes longer is shown as busy: below, it is only work.
const BUSY_SHOWN: Duration = Duration::from_millis(100);

impl ProcessStatus {
    /// A seat without a process.
    pub(crate) fn new(worker_id: usize, state: &str, tally: &Tally) -> Self {
        Self {
            worker_id,
            pid: None,
            state: state.to_owned(),
            up_ms: 0,
            busy_ms: None,
            connections: tally.connections,
            accepted: tally.accepted,
            turned_away: tally.turned_away,
            frames_in: tally.traffic.frames_in,
            frames_out: tally.traffic.frames_out,
            frames_skipped: tally.traffic.frames_skipped,
            bytes_in: tally.traffic.bytes_in,
            bytes_out: tally.traffic.bytes_out,
            bytes_skipped: tally.traffic.bytes_skipped,
            errors: tally.errors,
            panics: tally.panics,
        }
    }

    fn cells(&self, worker: &WorkerStatus) -> Vec<String> {
        let busy = self.busy_ms.map(Duration::from_millis).filter(|&busy| busy >= BUSY_SHOWN);
        let state = busy.map_or_else(|| self.state.clone(), |busy| format!("busy for {}", span(busy)));
        vec![
            format!("{}[{}]", worker.name, self.worker_id),
            self.pid.map_or_else(String::new, |pid| pid.to_string()),
            state,
            span(Duration::from_millis(self.up_ms)),
            self.connections.to_string(),
            self.accepted.to_string(),
            self.frames_in.to_string(),
            self.frames_out.to_string(),
            bytes(self.bytes_in),
            bytes(self.bytes_out),
            self.errors.to_string(),
        ]
    }
}

impl Status {
    /// Two tables: the workers, and their processes.
    pub(super) fn show(&self, bold: bool) -> String {
        let Self { instance, version, pid, up_ms, state, workers } = self;
        let up = span(Duration::from_millis(*up_ms));
        let mut text = format!("{instance}: {state}, up {up}, master process {pid}, wm {version}\n\n");
        let columns = [
            Column("worker", Align::Left),
            Column("listen", Align::Left),
            Column("processes", Align::Right),
            Column("connections", Align::Right),
            Column("lost", Align::Right),
        ];
        let cells = |worker: &WorkerStatus| {
            let connections: u64 = worker.processes.iter().map(|process| process.connections).sum();
            vec![
                worker.name.clone(),
                worker.listen.clone(),
                worker.processes.len().to_string(),
                connections.to_string(),
                (worker.left + worker.failed + worker.killed).to_string(),
            ]
        };
        text.push_str(&table(&columns, &workers.iter().map(cells).collect::<Vec<_>>(), bold));
        text.push('\n');
        let right = ["up", "connections", "accepted", "frames in", "frames out", "bytes in", "bytes out", "errors"];
        let left = [Column("process", Align::Left), Column("pid", Align::Right), Column("state", Align::Left)];
        let columns: Vec<_> = left.into_iter().chain(right.map(|title| Column(title, Align::Right))).collect();
        let processes = workers.iter().flat_map(|worker| worker.processes.iter().map(|process| process.cells(worker)));
        text.push_str(&table(&columns, &processes.collect::<Vec<_>>(), bold));
        text
    }
}
