//! `wm-benches [--quick]`: the servers. `wm-benches codecs [--quick]`: the codecs. `wm-benches data [--quick]`: masks and
//! headers. `wm-benches timers [--quick]`: a million timers. `wm-benches compile [--quick]`: the compiler.

use std::{env, io, process::ExitCode};
use wm_benches::{codecs, compile, data, echo, servers::Kind, timers};

const USAGE: &str = "say: wm-benches [--quick], or with codecs, data, timers or compile in front of --quick";

fn main() -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let done = match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        [] => echo::run(&echo::Plan::full()),
        ["--quick"] => echo::run(&echo::Plan::quick()),
        ["codecs"] => codecs::run(&codecs::Plan::full()),
        ["codecs", "--quick"] => codecs::run(&codecs::Plan::quick()),
        ["data"] => data::run(&data::Plan::full()),
        ["data", "--quick"] => data::run(&data::Plan::quick()),
        ["timers"] => timers::run(&timers::Plan::full()),
        ["timers", "--quick"] => timers::run(&timers::Plan::quick()),
        ["compile"] => compile::run(&compile::Plan::full()),
        ["compile", "--quick"] => compile::run(&compile::Plan::quick()),
        // What this program starts itself with.
        ["serve", kind] => match Kind::named(kind) {
            Some(kind) => return kind.serve(),
            None => Err(io::Error::other(USAGE)),
        },
        _ => Err(io::Error::other(USAGE)),
    };
    match done {
        Ok(table) => say(&table),
        Err(error) => complain(&error),
    }
}

#[expect(clippy::print_stdout, reason = "what a command line program is for")]
fn say(table: &str) -> ExitCode {
    print!("{table}");
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "what a command line program is for")]
fn complain(error: &io::Error) -> ExitCode {
    eprintln!("wm-benches: {error}");
    ExitCode::FAILURE
}
