//! [`Control`]: the command line of a service.

use clap::{Args, Parser, Subcommand};
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

/// The command line of a service, for a program that has no other; a program with options of its own flattens
/// [`Control`] into them.
#[derive(Debug, Parser)]
#[command(version, about = "A wm service, and what controls it", disable_help_subcommand = true)]
struct Program {
    #[command(flatten)]
    control: Control,
}

/// What the command line says about the service: to start it, to stop it, to ask about it.
///
/// # Example
///
/// A program with an option of its own. `chat --greeting hi start -d` starts it, `chat status` asks about it.
///
/// ```no_run
/// use clap::Parser;
/// use std::process::ExitCode;
/// use wm_core::{Control, Server, Worker, protocol::Text};
///
/// /// A chat.
/// #[derive(Parser)]
/// struct Arguments {
///     #[arg(long, default_value = "welcome")]
///     greeting: String,
///     #[command(flatten)]
///     control: Control,
/// }
///
/// fn main() -> ExitCode {
///     let Arguments { greeting, control } = Arguments::parse();
///     let chat = Worker::<Text>::new("text://127.0.0.1:2347").on_connect(move |guest| guest.send(&greeting));
///     Server::new().worker(chat).command(&control)
/// }
/// ```
#[derive(Debug, Clone, Default, Args)]
pub struct Control {
    #[command(subcommand)]
    command: Option<Command>,

    /// Listen on this address instead of the program's own; once for each worker, in their order
    #[arg(long, global = true, value_name = "ADDRESS")]
    listen: Vec<String>,

    /// Which service of this program is meant, where several run [default: the program's name]
    #[arg(long, global = true, value_name = "NAME")]
    instance: Option<String>,

    /// Where the lock, the control socket and the log are [default: $WM_RUN_DIR, or /run/wm, or what is the user's]
    #[arg(long, global = true, value_name = "DIR")]
    run_dir: Option<PathBuf>,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Subcommand)]
pub(super) enum Command {
    /// Serve; without a command, this
    Start {
        /// In the background: returns when the service is ready, or says why it is not
        #[arg(short, long)]
        daemon: bool,
    },
    /// End the service: what is queued is sent, then its connections are closed
    Stop {
        /// Wait until the peers have left; nobody new is let in
        #[arg(short, long)]
        graceful: bool,
    },
    /// Stop it if it is running, then start it
    Restart {
        /// In the background
        #[arg(short, long)]
        daemon: bool,
        /// Wait until the peers of the old one have left
        #[arg(short, long)]
        graceful: bool,
    },
    /// Show what the service does: its workers, their processes, and what has passed over them
    Status {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
    /// Say whether the service could be started; nothing is
    Check,
}

impl Control {
    /// Reads the command line of a program that has no options of its own. Where that asks for help, or is wrong, it is
    /// answered, and the exit code returned: 0, or 64 (`EX_USAGE` of sysexits(3)).
    ///
    /// # Errors
    ///
    /// There is nothing to be done but to exit with the code.
    pub fn parse() -> Result<Self, ExitCode> {
        Self::parse_from(std::env::args_os())
    }

    fn parse_from(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, ExitCode> {
        Program::try_parse_from(arguments).map(|program| program.control).map_err(|error| {
            // When the terminal is gone there is nobody left to tell.
            let _ = error.print();
            ExitCode::from(if error.use_stderr() { 64 } else { 0 })
        })
    }

    pub(super) fn command(&self) -> Command {
        self.command.unwrap_or(Command::Start { daemon: false })
    }

    pub(super) fn listen(&self) -> &[String] {
        &self.listen
    }

    pub(super) fn instance(&self) -> Option<&str> {
        self.instance.as_deref()
    }

    pub(super) fn run_dir(&self) -> Option<&Path> {
        self.run_dir.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    fn parse(line: &str) -> Option<Control> {
        Control::parse_from(line.split(' ').map(OsString::from)).ok()
    }

    #[test]
    fn the_definition_is_sound() {
        Program::command().debug_assert();
    }

    #[test]
    fn a_line_says_what_to_do_and_options_may_stand_anywhere() {
        let plain = parse("chat").unwrap();
        assert_eq!(plain.command(), Command::Start { daemon: false });
        let line = parse("chat --listen tcp://[::]:1 start -d --listen tcp://[::]:2 --instance b").unwrap();
        assert_eq!(line.command(), Command::Start { daemon: true });
        assert_eq!(line.instance(), Some("b"));
        assert_eq!(parse("chat stop -g").unwrap().command(), Command::Stop { graceful: true });
        let restart = Command::Restart { daemon: true, graceful: true };
        assert_eq!(parse("chat restart -dg --run-dir /x").unwrap().command(), restart);
        assert!(parse("chat text://127.0.0.1:1").is_none());
        assert!(parse("chat stop --json").is_none());
    }
}
