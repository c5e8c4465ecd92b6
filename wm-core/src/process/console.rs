//! What the operator sees: a table of the workers and the few lines of a service's life on stdout, trouble on stderr.
//!
//! Bold on a terminal, plain in a pipe. A console that is gone is no reason to stop serving: errors of writing are
//! dropped. All of it is called in the master.

use super::supervisor::{Exit, Losses, Next, Notice, Outcome, Seat};
use crate::control::WorkerStatus;
use crate::error::Error;
use crate::table::{Align, Column, span, table};
use nix::sys::signal::Signal;
use nix::unistd::Pid;
use std::fmt::Write as _;
use std::io::{self, IsTerminal, Write};
use std::os::unix::process::ExitStatusExt;

/// Where the operator reads.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Console {
    quiet: bool,
    terminal: bool,
}

/// One line of the table of workers.
#[derive(Debug)]
pub(super) struct Row {
    pub(super) name: String,
    pub(super) listen: String,
    pub(super) processes: usize,
}

impl Row {
    /// What is known of its worker, but for its processes.
    pub(super) fn status((row, losses): (&Self, &Losses)) -> WorkerStatus {
        let Losses { left, failed, killed } = *losses;
        let (name, listen) = (row.name.clone(), row.listen.clone());
        WorkerStatus { name, listen, left, failed, killed, processes: Vec::new() }
    }
}

impl Console {
    /// The console of this process. A quiet one tells trouble only.
    pub(crate) fn new(quiet: bool) -> Self {
        Self { quiet, terminal: io::stdout().is_terminal() }
    }

    /// Why the service does not start.
    pub(crate) fn refuse(self, problems: &[String]) {
        for problem in problems {
            trouble(problem);
        }
        trouble("nothing was started");
    }

    /// What broke the service.
    pub(crate) fn fail(self, problem: &str) {
        trouble(problem);
    }

    /// A line for the operator.
    pub(crate) fn remark(self, line: &str) {
        self.say(&format!("wm: {line}\n"));
    }

    /// Text that was asked for, as it is.
    pub(crate) fn print(self, text: &str) {
        self.say(text);
    }

    /// Text that belongs to trouble, as it is.
    pub(crate) fn print_trouble(self, text: &str) {
        let _ = io::stderr().lock().write_all(text.as_bytes());
    }

    /// Whether a person reads it.
    pub(crate) const fn is_terminal(self) -> bool {
        self.terminal
    }

    /// Shows what is about to be started.
    pub(super) fn banner(self, master: Pid, rows: &[Row]) {
        self.say(&banner(master, rows, self.terminal));
    }

    /// Tells what the supervisor has to tell, and returns the line.
    pub(super) fn tell(self, notice: &Notice, rows: &[Row]) -> String {
        let line = describe(notice, rows, self.terminal);
        match notice {
            Notice::Ready { .. } | Notice::Stopping { .. } | Notice::Retiring { .. } => {
                self.say(&format!("wm: {line}\n"))
            }
            Notice::Lost { .. } | Notice::NotStarted { .. } | Notice::Killing { .. } => trouble(&line),
        }
        line
    }

    /// The last line.
    pub(super) fn end(self, outcome: Outcome, losses: &[Losses], rows: &[Row]) -> String {
        let line = farewell(outcome, losses, rows);
        self.remark(&line);
        line
    }

    fn say(self, text: &str) {
        if !self.quiet {
            let mut out = io::stdout().lock();
            let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
        }
    }
}

fn trouble(line: &str) {
    // One write: lines of workers do not come between.
    let _ = io::stderr().lock().write_all(format!("wm: {line}\n").as_bytes());
}

fn banner(master: Pid, rows: &[Row], bold: bool) -> String {
    let columns = [Column("worker", Align::Left), Column("listen", Align::Left), Column("processes", Align::Right)];
    let cells = |row: &Row| vec![row.name.clone(), row.listen.clone(), row.processes.to_string()];
    let workers = table(&columns, &rows.iter().map(cells).collect::<Vec<_>>(), bold);
    format!("wm {}, master process {master}\n\n{workers}\n", env!("CARGO_PKG_VERSION"))
}

fn describe(notice: &Notice, rows: &[Row], terminal: bool) -> String {
    match notice {
        Notice::Ready { processes } => {
            let hint = if terminal { " Press Ctrl-C to stop." } else { "" };
            format!("ready, {}.{hint}", count(*processes))
        }
        Notice::Lost { seat, pid, exit, lived, next } => {
            let (place, lived) = (place(*seat, rows), span(*lived));
            format!("{place} (pid {pid}) ended after {lived} by {}; {}", manner(exit), sequel(next))
        }
        Notice::NotStarted { seat, errno, next } => {
            format!("{}: {}; {}", place(*seat, rows), Error::Fork((*errno).into()), sequel(next))
        }
        Notice::Stopping { processes, timeout } => {
            let hint = if terminal { "; Ctrl-C again ends them at once" } else { "" };
            format!("stopping, {} may drain for {}{hint}", count(*processes), span(*timeout))
        }
        Notice::Retiring { processes } => {
            let hint = if terminal { "; Ctrl-C does not wait for them" } else { "" };
            format!("stopping, {} end when their peers have left{hint}", count(*processes))
        }
        Notice::Killing { processes } => format!("killing {} before the end of their work", count(*processes)),
    }
}

fn farewell(outcome: Outcome, losses: &[Losses], rows: &[Row]) -> String {
    let mut text = match outcome {
        Outcome::Stopped => "stopped",
        Outcome::Cut => "stopped, but not every process could finish its work",
        Outcome::GaveUp => "gave up",
    }
    .to_owned();
    for (losses, row) in losses.iter().zip(rows).filter(|(losses, _)| **losses != Losses::default()) {
        let Losses { left, failed, killed } = losses;
        // Writing to a string does not fail.
        let _ = write!(text, "; {} lost {} to exit codes, {killed} to signals", row.name, left + failed);
    }
    text
}

fn place(seat: Seat, rows: &[Row]) -> String {
    let name = rows.get(seat.worker).map_or("worker", |row| &row.name);
    format!("{name}[{}]", seat.index)
}

fn manner(exit: &Exit) -> String {
    let mut text = match (exit.status.code(), exit.status.signal()) {
        (Some(code), _) => format!("exit code {code}"),
        (None, Some(signal)) => match Signal::try_from(signal) {
            Ok(signal) => format!("signal {}", signal.as_str()),
            Err(_) => format!("signal {signal}"),
        },
        (None, None) => exit.status.to_string(),
    };
    if let Some(reason) = &exit.reason {
        let _ = write!(text, " ({reason})");
    }
    text
}

fn sequel(next: &Next) -> String {
    match next {
        Next::Replace => "replaced at once".to_owned(),
        Next::Retry { after, crashes } => format!("{crashes} crashes in a row, next try in {}", span(*after)),
        Next::GiveUp { crashes } => format!("{crashes} crashes in a row and it has not worked once: giving up"),
        Next::Stop => "it was to stop anyway".to_owned(),
    }
}

fn count(processes: usize) -> String {
    format!("{processes} {}", if processes == 1 { "process" } else { "processes" })
}

#[cfg(test)]
mod tests {
    use super::*;
    use nix::errno::Errno;
    use std::process::ExitStatus;
    use std::time::Duration;

    fn rows() -> Vec<Row> {
        let row =
            |name: &str, listen: &str, processes| Row { name: name.to_owned(), listen: listen.to_owned(), processes };
        vec![row("chat", "text://127.0.0.1:2347", 4), row("übertragung", "frame://[::]:9", 12)]
    }

    #[test]
    fn the_table_is_straight_and_plain_in_a_pipe() {
        let expected = [
            concat!("wm ", env!("CARGO_PKG_VERSION"), ", master process 7"),
            "",
            "  worker       listen                 processes",
            "  chat         text://127.0.0.1:2347          4",
            "  übertragung  frame://[::]:9                12",
            "\n",
        ];
        let plain = banner(Pid::from_raw(7), &rows(), false);
        assert_eq!(plain, expected.join("\n"));
        let bold = banner(Pid::from_raw(7), &rows(), true);
        assert_eq!(bold.replace("\x1b[1m", "").replace("\x1b[0m", ""), plain);
        assert_ne!(bold, plain);
    }

    #[test]
    fn notices_are_one_line_each() {
        let lost = |raw, reason: Option<&str>, ms, next| Notice::Lost {
            seat: Seat { worker: 0, index: 3 },
            pid: Pid::from_raw(11),
            exit: Exit { status: ExitStatus::from_raw(raw), reason: reason.map(str::to_owned) },
            lived: Duration::from_millis(ms),
            next,
        };
        let retry = Next::Retry { after: Duration::from_millis(200), crashes: 3 };
        let not_started = Notice::NotStarted { seat: Seat { worker: 1, index: 0 }, errno: Errno::EAGAIN, next: retry };
        for (notice, line) in [
            (Notice::Ready { processes: 1 }, "ready, 1 process."),
            (Notice::Ready { processes: 16 }, "ready, 16 processes."),
            (
                lost(9, None, 3_200, Next::Replace),
                "chat[3] (pid 11) ended after 3.2 s by signal SIGKILL; replaced at once",
            ),
            (
                lost(101 << 8, Some("panicked: no"), 61_500, Next::Stop),
                "chat[3] (pid 11) ended after 61 s by exit code 101 (panicked: no); it was to stop anyway",
            ),
            (
                lost(34, None, 0, Next::GiveUp { crashes: 10 }),
                "chat[3] (pid 11) ended after 0 ms by signal 34; 10 crashes in a row and it has not worked once: giving up",
            ),
            (
                not_started,
                "übertragung[0]: forking a worker failed: Resource temporarily unavailable (os error 11); 3 crashes in a row, next try in 200 ms",
            ),
            (
                Notice::Stopping { processes: 16, timeout: Duration::from_secs(10) },
                "stopping, 16 processes may drain for 10 s",
            ),
            (Notice::Retiring { processes: 16 }, "stopping, 16 processes end when their peers have left"),
            (Notice::Killing { processes: 2 }, "killing 2 processes before the end of their work"),
        ] {
            assert_eq!(describe(&notice, &rows(), false), line);
        }
        assert_eq!(describe(&Notice::Ready { processes: 1 }, &[], true), "ready, 1 process. Press Ctrl-C to stop.");
    }

    #[test]
    fn the_last_line_counts_what_was_lost() {
        let lost = [Losses::default(), Losses { left: 1, failed: 2, killed: 5 }];
        assert_eq!(
            farewell(Outcome::Stopped, &lost, &rows()),
            "stopped; übertragung lost 3 to exit codes, 5 to signals"
        );
        assert_eq!(farewell(Outcome::GaveUp, &lost[..1], &rows()), "gave up");
    }
}
