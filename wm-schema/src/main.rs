//! The `wm-schema` command.

mod cli;
mod pcap;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::run().into()
}
