//! `wm-schema send`: a schema as a client, to try a server with.

use super::datagrams::{self, Transport};
use super::frames::Frames;
use super::peer::{Event, NOTHING_BEHIND, Peer, address};
use super::play::Play;
use super::source::{Source, Warnings};
use super::teller::{Form, Teller, Where};
use super::terminal::{Painter, say, without_number};
use super::value::{self, Ready};
use super::{Outcome, seconds};
use std::net::{SocketAddr, TcpStream};
use std::path::PathBuf;
use std::time::{Duration, Instant};
use wm_schema::draft::Side;
use wm_schema::interp::Interpreter;
use wm_schema::ir::{Exchange, Role, Schema, Value};

/// What can be typed behind `send`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A schema
    schema: PathBuf,
    /// The server: `127.0.0.1:8335`, `[::1]:8335`, `8335`; with `udp://` in front each message is a datagram
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
    let transport = Transport::of(&schema, &arguments.address)?;
    let read = |text: &String| value::read(text, &draft, &schema, Side::Client);
    let messages: Vec<Ready> = arguments.messages.iter().map(read).collect::<Result<_, _>>()?;
    let address = address(&arguments.address, schema.port).map_err(|mistake| {
        say(&format!("wm-schema: {mistake}\n"));
        Outcome::Unable
    })?;
    let teller =
        Teller { source: &source, form: Form::of(arguments.dump, arguments.json), painter: Painter::of_output() };
    let mut client = connect((transport, address), &schema, teller, arguments.timeout)?;

    client.replies(arguments.greetings, None)?;
    for _ in 0..arguments.count {
        for message in &messages {
            client.turn(message)?;
            client.say(message)?;
            match arguments.replies {
                Some(count) => client.replies(count, None)?,
                None => client.answer(message)?,
            }
        }
    }
    client.bye();
    Ok(Outcome::Good)
}

/// What answers a message, as far as the schema says.
#[derive(Clone, Copy)]
struct Asked<'m> {
    exchange: &'m Exchange,
    message: &'m Ready,
}

impl Asked<'_> {
    /// Whether a frame is the answer.
    fn is_answered_by(&self, schema: &Schema, interpreter: Interpreter<'_>, frame: &[u8]) -> bool {
        let found = schema.messages.iter().position(|message| std::ptr::eq(message, interpreter.message()));
        let Some(reply) = found.filter(|reply| self.exchange.replies.contains(reply)) else { return false };
        let Some(pairing) = &self.exchange.pairing else { return true };
        let id = |message: usize, value: &Value| {
            let Value::Struct(values) = value else { return None };
            let mut set = schema.messages[message].layout.fields.iter().filter(|field| field.role == Role::Value);
            values.get(set.position(|field| field.name == pairing.field)?).cloned()
        };
        let (Value::Arm(request, asked), Ok(answer)) = (&self.message.value, interpreter.decode(frame)) else {
            return false;
        };
        id(*request, asked) == id(reply, &answer)
    }
}

struct Client<'a> {
    schema: &'a Schema,
    /// Where the session stands, if there is one.
    play: Option<Play<'a>>,
    peer: Peer<'a>,
    teller: Teller<'a>,
    address: SocketAddr,
    timeout: Duration,
}

fn connect<'a>(
    (transport, address): (Transport, SocketAddr),
    schema: &'a Schema,
    teller: Teller<'a>,
    timeout: Duration,
) -> Result<Client<'a>, Outcome> {
    let frames = Frames::any(schema).sent_by(Side::Server);
    let peer = match transport {
        Transport::Stream => {
            TcpStream::connect_timeout(&address, timeout).and_then(|socket| Peer::new(socket, frames, timeout))
        }
        Transport::Datagrams => {
            datagrams::connect(address).and_then(|socket| Peer::of_datagrams(socket, frames, timeout))
        }
    };
    let peer = peer.map_err(|error| {
        say(&format!("wm-schema: cannot connect to {address}: {}\n", without_number(&error)));
        Outcome::Unable
    })?;
    let play = Play::start(schema, Side::Client);
    Ok(Client { schema, play, peer, teller, address, timeout })
}

impl<'a> Client<'a> {
    /// Waits until a message may be said, and notes that it is.
    fn turn(&mut self, message: &Ready) -> Result<(), Outcome> {
        while self.play.as_ref().is_some_and(|play| !play.speaks() && play.hears()) {
            self.replies(1, None)?;
        }
        let Some(play) = &mut self.play else { return Ok(()) };
        if let Some(how) = play.over() {
            say(&format!("wm-schema: not sent: {}: {how}\n", message.text));
            return Err(Outcome::Bad);
        }
        play.say(message).map_err(|why| {
            say(&format!("wm-schema: {why}\n"));
            Outcome::Bad
        })
    }

    /// Sends a message, and closes our side behind one that goes on to its end.
    fn say(&mut self, message: &Ready) -> Result<(), Outcome> {
        if self.peer.has_finished() {
            say(&format!("wm-schema: not sent: {}: {NOTHING_BEHIND}\n", message.text));
            return Err(Outcome::Bad);
        }
        let sent =
            self.peer.send(&message.wire).and_then(|()| match self.schema.messages[message.message].layout.until_end {
                true => self.peer.finish(),
                false => Ok(()),
            });
        sent.map_err(|error| {
            say(&format!("wm-schema: cannot send to {}: {}\n", self.address, without_number(&error)));
            Outcome::Bad
        })
    }

    /// Waits for what answers a message, as far as the schema says: without a session and an `exchange`, the next one.
    fn answer(&mut self, message: &Ready) -> Result<(), Outcome> {
        let schema = self.schema;
        let exchange = schema.exchanges.iter().find(|exchange| exchange.request == message.message);
        let asked = exchange.map(|exchange| Asked { exchange, message });
        if self.play.is_none() {
            let answered = schema.messages.iter().any(|message| message.from != Some(Side::Client));
            let count = u32::from(answered && (exchange.is_some() || schema.exchanges.is_empty()));
            return self.replies(count, asked);
        }
        let mut waits = u32::from(asked.is_some());
        while self.play.as_ref().is_some_and(|play| play.hears() && (waits > 0 || !play.speaks())) {
            self.replies(1, asked.filter(|_| waits > 0))?;
            waits = 0;
        }
        Ok(())
    }

    /// Says how the conversation has ended.
    fn bye(&self) {
        if let Some(how) = self.play.as_ref().and_then(Play::over) {
            say(&format!("wm-schema: {how}\n"));
        }
    }

    /// Waits for so many messages, and shows them; those that do not answer what was asked do not count.
    fn replies(&mut self, count: u32, asked: Option<Asked<'_>>) -> Result<(), Outcome> {
        let (mut left, mut outcome) = (count, Ok(()));
        let (mut until, mut patience) = (Instant::now() + self.timeout, self.timeout);
        while left > 0 {
            if let Some(play) = &self.play {
                play.listen(&mut self.peer);
                patience = play.patience(patience);
            }
            match self.peer.next(patience) {
                Event::Message(interpreter, at, frame) => {
                    self.teller.frame(interpreter, Where { at, ..Where::default() }, &frame);
                    if let Some(play) = &mut self.play {
                        play.hear(interpreter, &frame);
                    }
                    if asked.is_none_or(|asked| asked.is_answered_by(self.schema, interpreter, &frame)) {
                        left -= 1;
                        (until, patience) = (Instant::now() + self.timeout, self.timeout);
                    } else {
                        say(&format!("wm-schema: `{}` does not answer it\n", interpreter.message().layout.name));
                        // Whoever sends much that answers nothing is not waited for longer.
                        patience = until.saturating_duration_since(Instant::now());
                    }
                }
                Event::Raw(at, bytes) => {
                    self.teller.raw(Where { at, ..Where::default() }, &bytes);
                    left -= 1;
                }
                Event::Bad(refused) => {
                    let (frame, place) = (&refused.frame, Where { at: refused.at, ..Where::default() });
                    self.teller.bad(refused.interpreter, place, frame, &refused.error, frame);
                    if let Some(play) = &self.play {
                        say(&format!("wm-schema: {}\n", play.legal(play.side().other())));
                    }
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
            if self.play.as_ref().is_some_and(|play| !play.hears()) {
                break;
            }
        }
        outcome
    }
}
