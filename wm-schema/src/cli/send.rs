//! `wm-schema send`: a schema as a client, to try a server with.

use super::frames::Frames;
use super::peer::{Event, Peer, address};
use super::source::{Source, Warnings};
use super::teller::{Form, Teller, Where};
use super::terminal::{Painter, say, without_number};
use super::value::{self, Ready};
use super::{Outcome, seconds};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::Duration;
use wm_schema::draft::Side;
use wm_schema::ir::Schema;

/// What can be typed behind `send`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A schema
    schema: PathBuf,
    /// The server: `127.0.0.1:8335`, `[::1]:8335`, `8335`
    address: String,
    /// What to send, one behind the other: `'Line { text: "hi" }'`
    #[arg(required = true)]
    messages: Vec<String>,
    /// Send all messages so many times
    #[arg(short, long, default_value = "1", value_parser = clap::value_parser!(u32).range(1..))]
    count: u32,
    /// How many messages answer each; by default one, if the server answers it at all
    #[arg(short, long, value_name = "COUNT")]
    replies: Option<u32>,
    /// How many messages the server sends before it is asked
    #[arg(long, value_name = "COUNT", default_value = "0")]
    greetings: u32,
    /// Show each field beside its bytes
    #[arg(long, conflicts_with = "json")]
    dump: bool,
    /// Print a line of JSON for each reply
    #[arg(long)]
    json: bool,
    /// How long to wait for the connection, and for each reply
    #[arg(long, value_name = "SECONDS", default_value = "5", value_parser = seconds)]
    timeout: Duration,
}

/// Sends all messages, and shows what is answered.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    send(arguments).unwrap_or_else(|outcome| outcome)
}

fn send(arguments: &Arguments) -> Result<Outcome, Outcome> {
    let source = Source::read(&arguments.schema)?;
    let (draft, schema) = source.checked(Warnings::Hide)?;
    let read = |text: &String| value::read(text, &draft, &schema, Side::Client);
    let messages: Vec<Ready> = arguments.messages.iter().map(read).collect::<Result<_, _>>()?;
    let address = address(&arguments.address, schema.port).map_err(|mistake| {
        say(&format!("wm-schema: {mistake}\n"));
        Outcome::Unable
    })?;
    let teller =
        Teller { source: &source, form: Form::of(arguments.dump, arguments.json), painter: Painter::of_output() };
    let mut client = connect(address, &schema, teller, arguments.timeout)?;

    client.replies(arguments.greetings)?;
    for _ in 0..arguments.count {
        for message in &messages {
            client.peer.send(&message.wire).map_err(|error| {
                say(&format!("wm-schema: cannot send to {address}: {}\n", without_number(&error)));
                Outcome::Bad
            })?;
            client.replies(arguments.replies.unwrap_or_else(|| answers(&schema, message.message)))?;
        }
    }
    Ok(Outcome::Good)
}

/// How many replies a message has, as far as the schema says.
fn answers(schema: &Schema, message: usize) -> u32 {
    let asked = schema.exchanges.is_empty() || schema.exchanges.iter().any(|exchange| exchange.request == message);
    let answered = schema.messages.iter().any(|message| message.from != Some(Side::Client));
    u32::from(asked && answered)
}

struct Client<'a> {
    peer: Peer<'a>,
    teller: Teller<'a>,
    address: SocketAddr,
    timeout: Duration,
}

fn connect<'a>(
    address: SocketAddr,
    schema: &'a Schema,
    teller: Teller<'a>,
    timeout: Duration,
) -> Result<Client<'a>, Outcome> {
    let frames = Frames::any(schema).sent_by(Side::Server);
    let peer = TcpStream::connect_timeout(&address, timeout).and_then(|socket| Peer::new(socket, frames, timeout));
    let peer = peer.map_err(|error| {
        say(&format!("wm-schema: cannot connect to {address}: {}\n", without_number(&error)));
        Outcome::Unable
    })?;
    Ok(Client { peer, teller, address, timeout })
}

impl Client<'_> {
    /// Waits for so many messages, and shows them.
    fn replies(&mut self, count: u32) -> Result<(), Outcome> {
        let (mut left, mut outcome) = (count, Ok(()));
        while left > 0 {
            match self.peer.next(self.timeout) {
                Event::Message(interpreter, at, frame) => {
                    self.teller.frame(interpreter, Where { at, ..Where::default() }, &frame);
                    left -= 1;
                }
                Event::Bad(refused) => {
                    let (frame, place) = (&refused.frame, Where { at: refused.at, ..Where::default() });
                    self.teller.bad(refused.interpreter, place, frame, &refused.error, frame);
                    outcome = Err(Outcome::Bad);
                    if !refused.goes_on {
                        return outcome;
                    }
                }
                Event::Skipped(at, bytes) => self.teller.skipped(Where { at, ..Where::default() }, bytes),
                Event::Over(how, _) => {
                    say(&format!("wm-schema: {} {how}\n", self.address));
                    return Err(Outcome::Bad);
                }
                Event::Closed => {
                    say(&format!("wm-schema: {} closed without a reply\n", self.address));
                    return Err(Outcome::Bad);
                }
            }
        }
        outcome
    }
}
