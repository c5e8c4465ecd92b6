//! The command line: what can be typed, and what each command does.
//!
//! Results go to standard output, what is wrong to standard error. A command that takes several files goes through all of
//! them and ends as badly as the worst.

mod capture;
mod check;
mod compat;
mod datagrams;
mod decode;
mod dissect;
mod doc;
mod dump;
mod explain;
mod fmt;
mod frames;
mod generate;
mod hex;
mod json;
mod new;
mod peer;
mod play;
mod replies;
mod send;
mod serve;
mod source;
mod teller;
mod terminal;
mod test;
mod value;

use clap::{Parser, Subcommand};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

/// How a command ended, from good to bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Outcome {
    /// All is well.
    Good = 0,
    /// A schema has mistakes, a file is not as it should be, or a test has failed.
    Bad = 1,
    /// The command could not do its work: wrong usage, or a file that cannot be read or written.
    Unable = 2,
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        Self::from(outcome as u8)
    }
}

/// From a .wm schema to a protocol in Rust.
#[derive(Debug, Parser)]
#[command(
    name = "wm-schema",
    version,
    max_term_width = 100,
    after_help = "\
Examples:
  wm-schema check proto/*.wm              find every mistake, and see how each message is framed
  wm-schema gen upload.wm -o upload.rs    generate the Rust of a protocol
  wm-schema test upload.wm                run the tests of a schema, cut at every byte
  wm-schema decode upload.wm --hex \"05\"   show what stands in bytes, field by field

Exit codes:
  0  all is well
  1  a schema has mistakes, a file is not up to date, a test has failed, or bytes are refused
  2  wrong usage, or a file that cannot be read or written"
)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Generate the Rust of a protocol
    #[command(after_help = "\
Examples:
  wm-schema gen upload.wm                       print it
  wm-schema gen upload.wm -o src/upload.rs      write it, if it has changed
  wm-schema gen upload.wm -o src/upload.rs --check
                                                exit with 1 if the file is not up to date")]
    Gen(generate::Arguments),
    /// Find every mistake, and see how each message is framed
    #[command(after_help = "\
Example:
  wm-schema check proto/*.wm")]
    Check {
        /// Schemas; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Write schemas in the one style
    #[command(after_help = "\
Examples:
  wm-schema fmt proto/*.wm                      rewrite the files that are not in it
  wm-schema fmt --check proto/*.wm              name them, and exit with 1 if there are any
  wm-schema fmt - < upload.wm                   print the formatted schema")]
    Fmt {
        /// Schemas; `-` reads standard input and prints the result
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// Change nothing; exit with 1 if a file is not in the one style
        #[arg(long)]
        check: bool,
    },
    /// Show what was inferred: framing, sizes, memory, and a picture of the bytes
    #[command(after_help = "\
Examples:
  wm-schema explain upload.wm
  wm-schema explain binary_transfer.wm --message Upload")]
    Explain {
        /// A schema; `-` is standard input
        file: PathBuf,
        /// Only this message
        #[arg(short, long, value_name = "NAME")]
        message: Option<String>,
    },
    /// Run the tests of schemas, cut at every byte
    #[command(after_help = "\
Example:
  wm-schema test proto/*.wm")]
    Test {
        /// Schemas; `-` is standard input
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
    },
    /// Show what stands in bytes, field by field
    #[command(after_help = "\
Examples:
  wm-schema decode upload.wm --hex \"2a 2a 2a 2a 00 00 00 0e\"
  wm-schema decode upload.wm --file received.bin --client
  wm-schema decode upload.wm --pcap traffic.pcap
  nc -l 9200 | wm-schema decode upload.wm --file - --json | jq .fields

Of a frame that is refused, the dump marks the byte, and the line of the schema is shown.
Of a capture, the segments of each TCP connection are put in order; the one who connected is the client.
The exit code is 1 if a frame is refused, or the last one is not complete, or bytes are missing in a capture.")]
    Decode(decode::Arguments),
    /// Find bytes that one version of a schema sends and another refuses, or reads differently
    #[command(after_help = "\
Examples:
  wm-schema compat old.wm new.wm
  git show HEAD:proto/chat.wm > old.wm && wm-schema compat old.wm proto/chat.wm --json

Both ways are tried, of both sides. Nothing is proven: what was tried is told. The exit code is 1 if there is a difference.")]
    Compat(compat::Arguments),
    /// Make a Wireshark dissector
    #[command(after_help = "\
Examples:
  wm-schema dissect upload.wm -o upload.lua
  tshark -X lua_script:upload.lua -r traffic.pcap -V
  tshark -X lua_script:upload.lua -i lo -Y 'upload.name contains \"a\"'

The side with the port of the schema is the server; `-o upload.port:9200` says another. What Lua cannot say exactly is
named, and stands at the top of the file.")]
    Dissect(dissect::Arguments),
    /// Make an HTML page of a protocol: messages, bytes drawn, states, examples
    #[command(after_help = "\
Example:
  wm-schema doc upload.wm -o upload.html

The page is one file, and needs nothing else: no scripts, no fonts, no network.")]
    Doc(doc::Arguments),
    /// Make a project to start from
    #[command(after_help = "\
Example:
  wm-schema new chat && cd chat && cargo test")]
    New(new::Arguments),
    /// Be a server of a protocol: show what clients send, and answer it
    #[command(after_help = "\
Examples:
  wm-schema serve chat.wm --echo
  wm-schema serve upload.wm 127.0.0.1:9200 --reply 'Done { text: \"saved\" }'
  wm-schema serve upload.wm '[::1]:0' --dump --once

Messages are written as in the tests of a schema. The server listens where it is told, and at most 64 clients are
served at a time.")]
    Serve(serve::Arguments),
    /// Be a client of a protocol: send messages, and show what is answered
    #[command(after_help = "\
Examples:
  wm-schema send chat.wm 127.0.0.1:2347 'Line { text: \"hi\" }'
  wm-schema send upload.wm 9200 'Upload { name: \"a\", data: hex \"00 ff\" }' --count 10 --dump

Messages are written as in the tests of a schema. The exit code is 1 if a reply does not come or is refused, and 2 if
nothing could be sent at all.")]
    Send(send::Arguments),
}

/// Runs the command that was typed.
pub(crate) fn run() -> Outcome {
    match Arguments::parse().command {
        Command::Gen(arguments) => generate::run(&arguments),
        Command::Check { files } => each(&source::schemas(files), check::run),
        Command::Fmt { files, check } => each(&files, |file| fmt::run(file, check)),
        Command::Explain { file, message } => explain::run(&file, message.as_deref()),
        Command::Test { files } => each(&source::schemas(files), test::run),
        Command::Decode(arguments) => decode::run(&arguments),
        Command::Compat(arguments) => compat::run(&arguments),
        Command::Dissect(arguments) => dissect::run(&arguments),
        Command::Doc(arguments) => doc::run(&arguments),
        Command::New(arguments) => new::run(&arguments),
        Command::Serve(arguments) => serve::run(&arguments),
        Command::Send(arguments) => send::run(&arguments),
    }
}

/// Goes through all files, whatever comes of one.
fn each(files: &[PathBuf], run: impl Fn(&std::path::Path) -> Outcome) -> Outcome {
    files.iter().map(|file| run(file)).max().unwrap_or(Outcome::Good)
}

/// A time in seconds as it is typed; `0.5` is half a second.
fn seconds(text: &str) -> Result<Duration, String> {
    let seconds = text.parse().ok().and_then(|seconds| Duration::try_from_secs_f64(seconds).ok());
    seconds
        .filter(|time| (1..=86_400_000).contains(&time.as_millis()))
        .ok_or_else(|| "a time from 0.001 to 86400".into())
}
