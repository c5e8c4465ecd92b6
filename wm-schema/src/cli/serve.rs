//! `wm-schema serve`: a schema as a server, to try a client against.

use super::datagrams::{self, Transport};
use super::frames::{Frames, Next};
use super::peer::{Event, NOTHING_BEHIND, Peer, address};
use super::play::Play;
use super::replies::{self, Reply};
use super::source::{Source, Warnings};
use super::teller::{Form, Teller, Where};
use super::terminal::{Painter, print, say, without_number};
use super::value::{self, Ready};
use super::{Outcome, seconds};
use std::io;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;
use wm_schema::draft::Side;
use wm_schema::interp::Interpreter;
use wm_schema::ir::Schema;

/// The most connections at a time; each has a thread.
const CONNECTIONS_MAX: usize = 64;

/// What can be typed behind `serve`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A schema
    schema: PathBuf,
    /// Where to listen; by default on the loopback address, at the port of the schema. With `udp://` in front each message
    /// is a datagram
    #[arg(default_value = "")]
    address: String,
    /// Answer each message with this one; may be given several times. `Ask: Answer { … }` answers only an `Ask`, and in a
    /// session `Choose: Pick { … }` is said in the state `Choose`
    #[arg(long, value_name = "MESSAGE")]
    reply: Vec<String>,
    /// Answer each message with itself; in a session, only what comes through a tunnel
    #[arg(long)]
    echo: bool,
    /// Send this message first, before the client says anything; may be given several times
    #[arg(long, value_name = "MESSAGE")]
    greet: Vec<String>,
    /// Show each field beside its bytes
    #[arg(long, conflicts_with = "json")]
    dump: bool,
    /// Print a line of JSON for each message
    #[arg(long)]
    json: bool,
    /// End after the first connection, or the first datagram
    #[arg(long)]
    once: bool,
    /// Close a connection that sends no whole message for so long
    #[arg(long, value_name = "SECONDS", default_value = "60", value_parser = seconds)]
    timeout: Duration,
}

/// Serves until it is ended.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    serve(arguments).unwrap_or_else(|outcome| outcome)
}

/// What each connection is served with.
pub(crate) struct Service<'a> {
    pub(crate) schema: &'a Schema,
    pub(crate) teller: Teller<'a>,
    pub(crate) greetings: Vec<Ready>,
    replies: Vec<Reply>,
    echo: bool,
    timeout: Duration,
}

fn serve(arguments: &Arguments) -> Result<Outcome, Outcome> {
    let source = Source::read(&arguments.schema)?;
    let (draft, schema) = source.checked(Warnings::Hide)?;
    let transport = Transport::of(&schema, &arguments.address)?;
    let ready = |texts: &[String]| -> Result<Vec<Ready>, Outcome> {
        texts.iter().map(|text| value::read(text, &draft, &schema, Side::Server)).collect()
    };
    let greetings = ready(&arguments.greet)?;
    let reply = |text: &String| Reply::read(text, &draft, &schema);
    let replies = arguments.reply.iter().map(reply).collect::<Result<Vec<Reply>, Outcome>>()?;
    // In a session what is not legal is not echoed.
    let echoes = arguments.echo && schema.session.is_none();
    if echoes && !arguments.reply.is_empty() {
        say("wm-schema: --echo and --reply both say what to answer: choose one\n");
        return Err(Outcome::Unable);
    }
    if let Some(message) = schema.messages.iter().find(|message| echoes && message.from.is_some()) {
        say(&format!("wm-schema: `{}` has one sender: it cannot be echoed\n", message.layout.name));
        return Err(Outcome::Unable);
    }
    let form = Form::of(arguments.dump, arguments.json);
    let teller = Teller { source: &source, form, painter: Painter::of_output() };
    let (echo, timeout) = (arguments.echo, arguments.timeout);
    let service = Service { schema: &schema, teller, greetings, replies, echo, timeout };

    if transport == Transport::Datagrams {
        return datagrams::serve(&service, &arguments.address, arguments.once);
    }
    let listener = listen(&arguments.address, schema.port)?;
    let place = listener.local_addr().map_or_else(|_| arguments.address.clone(), |address| address.to_string());
    say(&format!("wm-schema: serving {} on {place}; Ctrl-C ends it\n", schema.name));
    accept(&listener, &service, arguments.once).map_err(|error| {
        say(&format!("wm-schema: cannot accept connections: {}\n", without_number(&error)));
        Outcome::Unable
    })
}

fn listen(text: &str, port: Option<u16>) -> Result<TcpListener, Outcome> {
    let address = address(text, port).map_err(|mistake| {
        say(&format!("wm-schema: {mistake}\n"));
        Outcome::Unable
    })?;
    TcpListener::bind(address).map_err(|error| {
        say(&format!("wm-schema: cannot listen on {address}: {}\n", without_number(&error)));
        Outcome::Unable
    })
}

fn accept(listener: &TcpListener, service: &Service<'_>, once: bool) -> io::Result<Outcome> {
    let open = AtomicUsize::new(0);
    thread::scope(|scope| {
        loop {
            let (socket, address) = match listener.accept() {
                Ok(accepted) => accepted,
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                    continue;
                }
                Err(error) => return Err(error),
            };
            if once {
                return Ok(service.connection(socket, address));
            }
            if open.fetch_add(1, Ordering::Relaxed) >= CONNECTIONS_MAX {
                open.fetch_sub(1, Ordering::Relaxed);
                say(&format!("{address} turned away: there are {CONNECTIONS_MAX} connections\n"));
                continue;
            }
            let open = &open;
            scope.spawn(move || {
                service.connection(socket, address);
                open.fetch_sub(1, Ordering::Relaxed);
            });
        }
    })
}

impl Service<'_> {
    /// Serves a connection to its end.
    fn connection(&self, socket: TcpStream, address: SocketAddr) -> Outcome {
        say(&format!("{address} connected\n"));
        let frames = Frames::any(self.schema).sent_by(Side::Client);
        let served =
            Peer::new(socket, frames, self.timeout).and_then(|mut peer| match Play::start(self.schema, Side::Server) {
                Some(play) => self.play(&mut peer, play, address),
                None => self.converse(&mut peer, address),
            });
        served.unwrap_or_else(|error| {
            say(&format!("{address} {}\n", without_number(&error)));
            Outcome::Bad
        })
    }

    fn converse(&self, peer: &mut Peer<'_>, address: SocketAddr) -> io::Result<Outcome> {
        let who = address.to_string();
        let mut outcome = Outcome::Good;
        self.send(peer, &self.greetings, &who)?;
        loop {
            match peer.next(self.timeout) {
                Event::Message(interpreter, at, frame) => {
                    self.teller.frame(interpreter, Where { stream: &who, at, time: None }, &frame);
                    if self.echo {
                        peer.send(&echo(interpreter, frame))?;
                        if interpreter.message().layout.until_end {
                            peer.finish()?;
                        }
                    }
                    self.send(peer, self.answers(interpreter), &who)?;
                }
                Event::Raw(..) => {}
                Event::Bad(refused) => {
                    let (frame, place) = (&refused.frame, Where { stream: &who, at: refused.at, time: None });
                    self.teller.bad(refused.interpreter, place, frame, &refused.error, frame);
                    if !refused.goes_on {
                        return Ok(Outcome::Bad);
                    }
                    outcome = Outcome::Bad;
                }
                Event::Skipped(at, bytes) => {
                    self.teller.skipped(Where { stream: &who, at, time: None }, bytes);
                }
                Event::Over(how, within) => {
                    say(&format!("{who} {how}\n"));
                    return Ok(if within { Outcome::Bad } else { outcome });
                }
                Event::Closed => {
                    say(&format!("{who} closed\n"));
                    return Ok(outcome);
                }
            }
        }
    }

    /// Serves a connection as the session says.
    fn play<'s>(&self, peer: &mut Peer<'s>, mut play: Play<'s>, address: SocketAddr) -> io::Result<Outcome> {
        let who = address.to_string();
        let place = |at| Where { stream: &who, at, time: None };
        for greeting in &self.greetings {
            if let Err(why) = play.say(greeting) {
                say(&format!("{who} is not greeted: {why}\n"));
                return Ok(Outcome::Bad);
            }
            self.send(peer, [greeting], &who)?;
        }
        let mut heard: Option<&str> = None;
        loop {
            let mut said = vec![false; self.replies.len()];
            while let Some(at) = replies::next(&self.replies, &said, &play, heard) {
                said[at] = true;
                let reply = &self.replies[at].ready;
                if play.say(reply).is_ok() {
                    self.send(peer, [reply], &who)?;
                }
            }
            if let Some(how) = play.over() {
                say(&format!("{who} is let go: {how}\n"));
                return Ok(Outcome::Good);
            }
            if !play.hears() {
                say(&format!("{who} waits: {}, and no --reply does\n", play.legal(Side::Server)));
                return Ok(Outcome::Bad);
            }
            play.listen(peer);
            match peer.next(play.patience(self.timeout)) {
                Event::Message(interpreter, at, frame) => {
                    self.teller.frame(interpreter, place(at), &frame);
                    play.hear(interpreter, &frame);
                    heard = Some(&interpreter.message().layout.name);
                }
                Event::Raw(at, bytes) => {
                    self.teller.raw(place(at), &bytes);
                    if self.echo {
                        peer.send(&bytes)?;
                    }
                }
                Event::Bad(refused) => {
                    let frame = &refused.frame;
                    self.teller.bad(refused.interpreter, place(refused.at), frame, &refused.error, frame);
                    say(&format!("{who} is hung up on: {}\n", play.legal(Side::Client)));
                    return Ok(Outcome::Bad);
                }
                Event::Skipped(at, bytes) => self.teller.skipped(place(at), bytes),
                Event::Over(how, _) => {
                    say(&format!("{who} {how}: {}\n", play.legal(Side::Client)));
                    return Ok(Outcome::Bad);
                }
                Event::Closed => {
                    say(&format!("{who} closed in the state `{}`\n", play.state()));
                    return Ok(Outcome::Good);
                }
            }
        }
    }

    fn send<'m>(
        &self,
        peer: &mut Peer<'_>,
        messages: impl IntoIterator<Item = &'m Ready>,
        who: &str,
    ) -> io::Result<()> {
        for message in messages {
            if peer.has_finished() {
                say(&format!("{who} is not sent {}: {NOTHING_BEHIND}\n", message.text));
                continue;
            }
            peer.send(&message.wire)?;
            if self.schema.messages[message.message].layout.until_end {
                peer.finish()?;
            }
            self.sent(message, who);
        }
        Ok(())
    }

    /// The replies to a message, without a session.
    fn answers(&self, interpreter: Interpreter<'_>) -> impl Iterator<Item = &Ready> {
        let heard = &interpreter.message().layout.name;
        self.replies.iter().filter(move |reply| reply.answers(heard)).map(|reply| &reply.ready)
    }

    /// Tells of a message that was sent.
    fn sent(&self, message: &Ready, who: &str) {
        if self.teller.form == Form::Line {
            print(&format!("{who} <- {}\n", message.text));
        }
    }

    /// Tells of a datagram, and hands what answers it to `send`.
    pub(crate) fn datagram(
        &self,
        datagram: Vec<u8>,
        who: &str,
        mut send: impl FnMut(&[u8]) -> io::Result<()>,
    ) -> io::Result<Outcome> {
        let place = Where { stream: who, at: 0, time: None };
        let frames = Frames::any(self.schema).sent_by(Side::Client);
        match frames.datagram(&datagram) {
            Some(Next::Frame(interpreter, _)) => {
                self.teller.frame(interpreter, place, &datagram);
                for message in self.answers(interpreter) {
                    send(&message.wire)?;
                    self.sent(message, who);
                }
                if self.echo {
                    send(&echo(interpreter, datagram))?;
                }
                Ok(Outcome::Good)
            }
            Some(Next::Bad(interpreter, error, _)) => {
                self.teller.bad(interpreter, place, &datagram, &error, &datagram);
                Ok(Outcome::Bad)
            }
            Some(Next::Need(..) | Next::Open(_)) | None => {
                say(&format!("{who} sent an empty datagram\n"));
                Ok(Outcome::Bad)
            }
        }
    }
}

/// The message as the server sends it: a bit may say who does.
fn echo(interpreter: Interpreter<'_>, frame: Vec<u8>) -> Vec<u8> {
    let value = interpreter.decode(&frame).ok();
    value.and_then(|value| interpreter.sent_by(Side::Server).encode(&value).ok()).unwrap_or(frame)
}
