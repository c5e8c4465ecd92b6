//! `wm-schema decode`: bytes, explained by a schema.

use super::capture::{self, Ports};
use super::datagrams::Transport;
use super::frames::{Frames, side_word};
use super::source::{Source, Warnings};
use super::teller::{Form, Teller, Where};
use super::terminal::{Painter, say, say_unable};
use super::{Outcome, hex};
use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::{fs, io};
use wm_schema::draft::Side;
use wm_schema::ir::Schema;

/// What can be typed behind `decode`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A schema; `-` is standard input
    schema: PathBuf,
    #[command(flatten)]
    input: Bytes,
    #[command(flatten)]
    sender: Sender,
    /// Only this message
    #[arg(short, long, value_name = "NAME")]
    message: Option<String>,
    /// Of a capture, only what goes to this port and back; by default to that of the schema
    #[arg(long, requires = "pcap")]
    port: Option<u16>,
    /// Of a capture, the UDP datagrams, each of which is a message; by default the TCP connections, unless the schema is of
    /// datagrams
    #[arg(long, requires = "pcap")]
    udp: bool,
    /// Print a line for each frame: the message as it is written in the tests of a schema
    #[arg(long, conflicts_with = "json")]
    brief: bool,
    /// Print a line of JSON for each frame
    #[arg(long)]
    json: bool,
}

/// Where the bytes are.
#[derive(Debug, clap::Args)]
#[group(required = true, multiple = false)]
struct Bytes {
    /// The bytes: `05 01`, `0501`, `05:01`, `0x05, 0x01`
    #[arg(long, value_name = "BYTES", num_args = 1..)]
    hex: Option<Vec<String>>,
    /// A file of bytes; `-` is standard input
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// A capture of a network: pcap or pcapng
    #[arg(long, value_name = "FILE")]
    pcap: Option<PathBuf>,
}

/// Who sends them.
#[derive(Debug, clap::Args)]
#[group(multiple = false)]
struct Sender {
    /// The client sends the bytes
    #[arg(long)]
    client: bool,
    /// The server sends the bytes
    #[arg(long)]
    server: bool,
}

impl Sender {
    fn side(&self) -> Option<Side> {
        match (self.client, self.server) {
            (true, _) => Some(Side::Client),
            (_, true) => Some(Side::Server),
            _ => None,
        }
    }
}

/// Decodes all frames of the bytes.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    decode(arguments).unwrap_or_else(|outcome| outcome)
}

fn decode(arguments: &Arguments) -> Result<Outcome, Outcome> {
    let source = Source::read(&arguments.schema)?;
    let schema = source.check(Warnings::Hide)?;
    let frames = frames(arguments, &schema, &source)?;
    let form = Form::of(!arguments.brief, arguments.json);
    let teller = Teller { source: &source, form, painter: Painter::of_output() };
    if let Some(path) = &arguments.input.pcap {
        let port = Ports { wanted: arguments.port, usual: schema.port };
        let datagrams = arguments.udp || schema.is_of_datagrams();
        let transport = if datagrams { Transport::Datagrams } else { Transport::Stream };
        return capture::run(path, &teller, &frames, arguments.sender.side(), port, transport);
    }
    let bytes = bytes(&arguments.input)?;
    if bytes.is_empty() {
        say("wm-schema: there are no bytes to decode\n");
        return Err(Outcome::Unable);
    }
    Ok(stream(&teller, frames, &bytes))
}

/// The messages that may stand in the bytes.
fn frames<'s>(arguments: &Arguments, schema: &'s Schema, source: &Source) -> Result<Frames<'s>, Outcome> {
    let mut frames = Frames::any(schema);
    if let Some(side) = arguments.sender.side() {
        frames = frames.sent_by(side);
        if frames.names().is_empty() {
            say(&format!("wm-schema: the {} sends nothing in {}\n", side_word(side), source.name));
            return Err(Outcome::Unable);
        }
    }
    if let Some(name) = &arguments.message {
        let known = frames.names().iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(" and ");
        frames = frames.named(name);
        if frames.names().is_empty() {
            say(&format!("wm-schema: there is no message `{name}` in {}; there is {known}\n", source.name));
            return Err(Outcome::Unable);
        }
    }
    if frames.names().is_empty() {
        say(&format!("wm-schema: there is no message in {}\n", source.name));
        return Err(Outcome::Unable);
    }
    Ok(frames)
}

fn bytes(input: &Bytes) -> Result<Vec<u8>, Outcome> {
    if let Some(words) = &input.hex {
        return hex::parse(&words.join(" ")).map_err(|mistake| {
            say(&format!("wm-schema: {mistake}\n"));
            Outcome::Unable
        });
    }
    let path = input.file.as_deref().unwrap_or(Path::new("-"));
    let read = if path == Path::new("-") { standard_input() } else { fs::read(path) };
    read.map_err(|error| {
        say_unable("read", path, &error);
        Outcome::Unable
    })
}

fn standard_input() -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    io::stdin().lock().read_to_end(&mut bytes)?;
    Ok(bytes)
}

/// Tells of all frames of a stream.
fn stream(teller: &Teller<'_>, frames: Frames<'_>, bytes: &[u8]) -> Outcome {
    let fitting = frames.fitting(bytes);
    if let [first, others @ ..] = fitting.as_slice()
        && !others.is_empty()
    {
        let others = others.join(" and ");
        say(&format!("wm-schema: these bytes may be {first} or {others}: read as {first}, unless --message says\n"));
    }
    let parts = frames.split(bytes, true);
    parts
        .iter()
        .map(|part| teller.part(part, Where { at: part.at, ..Where::default() }, bytes))
        .max()
        .unwrap_or(Outcome::Good)
}
