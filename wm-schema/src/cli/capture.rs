//! `wm-schema decode --pcap`: the messages of each connection, or the datagrams between two ends, in the order in which they
//! arrived.

use super::Outcome;
use super::datagrams::Transport;
use super::frames::{Frames, Next, Part, side_word};
use super::teller::{Form, Teller, Where};
use super::terminal::{print, say};
use crate::pcap::{self, Capture, Conversation, Stream, Talk};
use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;
use wm_schema::draft::Side;

/// Which connections are shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Ports {
    /// To this port, if it was said.
    pub(crate) wanted: Option<u16>,
    /// Else to this one, that of the schema, if there are any.
    pub(crate) usual: Option<u16>,
}

/// Shows the messages of a capture, those of one side or of both.
pub(crate) fn run(
    path: &Path,
    teller: &Teller<'_>,
    frames: &Frames<'_>,
    side: Option<Side>,
    ports: Ports,
    transport: Transport,
) -> Result<Outcome, Outcome> {
    let capture = pcap::read(path).map_err(|why| {
        say(&format!("wm-schema: cannot read {}: {}\n", path.display(), why.0));
        Outcome::Unable
    })?;
    mention(&capture);
    let port = ports.wanted.or(ports.usual);
    let outcomes: Vec<Outcome> = match transport {
        Transport::Stream => {
            let start = capture.segments.iter().map(|segment| segment.time).min().unwrap_or_default();
            let all = pcap::conversations(capture.segments, port);
            let chosen = choose(&all, |conversation| conversation.server.port(), ports);
            let told = chosen.map_err(|known| none(path, "TCP connection", &known))?.into_iter().map(|conversation| {
                let sides = [Side::Client, Side::Server].into_iter();
                let sides = sides.filter(|sender| side.is_none_or(|side| side == *sender));
                let directions = sides.map(|sender| Direction::new(conversation, sender, frames)).collect::<Vec<_>>();
                tell(conversation, &directions, teller, start)
            });
            told.collect()
        }
        Transport::Datagrams => {
            let start = capture.datagrams.iter().map(|datagram| datagram.time).min().unwrap_or_default();
            let all = pcap::talks(capture.datagrams, port);
            let chosen = choose(&all, |talk| talk.server.port(), ports);
            let chosen = chosen.map_err(|known| none(path, "UDP datagram", &known))?;
            chosen.into_iter().map(|talk| tell_talk(talk, side, frames, teller, start)).collect()
        }
    };
    Ok(outcomes.into_iter().max().unwrap_or(Outcome::Good))
}

/// Says that nothing goes to the ports that are asked for.
fn none(path: &Path, what: &str, known: &[u16]) -> Outcome {
    let ports: Vec<String> = known.iter().take(10).map(u16::to_string).collect();
    let known = if ports.is_empty() { String::new() } else { format!("; there are some to {}", ports.join(", ")) };
    say(&format!("wm-schema: no such {what} in {}{known}\n", path.display()));
    Outcome::Unable
}

/// Says what of the file could not be used.
fn mention(capture: &Capture) {
    for (count, what) in [
        (capture.cut, "packets were captured only in part: capture with a larger snaplen"),
        (capture.fragments, "IP fragments were left out"),
        (capture.unknown, "packets of an unknown link type were left out"),
        (usize::from(capture.torn), "packet at the end of the file is torn"),
    ] {
        if count > 0 {
            say(&format!("wm-schema: {count} {what}\n"));
        }
    }
}

/// The connections that are asked for: to the port that was said, or else to that of the schema, or else all. If there is
/// none, the ports that there are.
fn choose<T>(all: &[T], port_of: fn(&T) -> u16, ports: Ports) -> Result<Vec<&T>, Vec<u16>> {
    let to = |port: u16| all.iter().filter(|one| port_of(one) == port).collect::<Vec<_>>();
    let chosen = match (ports.wanted, ports.usual.map(to)) {
        (Some(port), _) => to(port),
        (None, Some(usual)) if !usual.is_empty() => usual,
        _ => all.iter().collect(),
    };
    if chosen.is_empty() {
        return Err(all.iter().map(port_of).collect::<BTreeSet<_>>().into_iter().collect());
    }
    Ok(chosen)
}

/// What one side of a connection has sent.
struct Direction<'c, 's> {
    sender: Side,
    /// `127.0.0.1:50412 > 127.0.0.1:8333`.
    name: String,
    stream: &'c Stream,
    parts: Vec<Part<'s>>,
    /// Whether the schema has messages of this side at all.
    known: bool,
}

impl<'c, 's> Direction<'c, 's> {
    fn new(conversation: &'c Conversation, sender: Side, frames: &Frames<'s>) -> Self {
        let Conversation { client, server, from_client, from_server, .. } = conversation;
        let (from, to, stream) = match sender {
            Side::Client => (client, server, from_client),
            Side::Server => (server, client, from_server),
        };
        let frames = frames.clone().sent_by(sender);
        let known = !frames.names().is_empty();
        Self { sender, name: format!("{from} > {to}"), stream, parts: frames.split(&stream.bytes, stream.ended), known }
    }
}

fn tell(
    conversation: &Conversation,
    directions: &[Direction<'_, '_>],
    teller: &Teller<'_>,
    start: Duration,
) -> Outcome {
    let (client, server) = (conversation.client, conversation.server);
    let time = conversation.start.saturating_sub(start);
    title(teller, &format!("{client} > {server}"), time, !conversation.seen_opening);
    let all = directions.iter().flat_map(|direction| direction.parts.iter().map(move |part| (direction, part)));
    let mut all: Vec<_> = all.map(|(direction, part)| (direction.stream.time(part.end), direction, part)).collect();
    // What arrived at the same time was asked before it was answered.
    all.sort_by_key(|(time, ..)| *time);
    let mut outcome = Outcome::Good;
    for (time, direction, part) in all {
        let time = Some(time.saturating_sub(start));
        let told = teller.part(part, Where { stream: &direction.name, time, at: part.at }, &direction.stream.bytes);
        // A capture ends where it ends.
        if !matches!(part.what, Next::Need(..) | Next::Open(_)) {
            outcome = outcome.max(told);
        }
    }
    directions.iter().map(mention_stream).fold(outcome, Outcome::max)
}

/// The line above what two ends have said.
fn title(teller: &Teller<'_>, ends: &str, time: Duration, guessed: bool) {
    if teller.form != Form::Json {
        let guessed = if guessed { " (who is the client is guessed)" } else { "" };
        let title = format!("── {ends}, at {:.6} s{guessed}", time.as_secs_f64());
        print(&format!("{}\n", teller.painter.title(&title)));
    }
}

/// Tells of the datagrams between two ends, those of one side or of both: each is a message.
fn tell_talk(talk: &Talk, side: Option<Side>, frames: &Frames<'_>, teller: &Teller<'_>, start: Duration) -> Outcome {
    let (client, server) = (talk.client, talk.server);
    let since = |time: Duration| time.saturating_sub(start);
    let first = talk.datagrams.first().map_or(Duration::ZERO, |datagram| since(datagram.time));
    title(teller, &format!("{client} > {server}"), first, talk.guessed);
    let mut outcome = Outcome::Good;
    for datagram in &talk.datagrams {
        let from_client = datagram.from == client;
        let sender = if from_client { Side::Client } else { Side::Server };
        if side.is_some_and(|side| side != sender) {
            continue;
        }
        let name = if from_client { format!("{client} > {server}") } else { format!("{server} > {client}") };
        let (data, time) = (&datagram.data, since(datagram.time));
        let frames = frames.clone().sent_by(sender);
        let why = match frames.datagram(data) {
            _ if datagram.missing > 0 => format!("{} bytes of it are missing in the capture", datagram.missing),
            Some(what) => {
                let part = Part { at: 0, end: data.len(), what, skipped: false };
                outcome = outcome.max(teller.part(&part, Where { stream: &name, time: Some(time), at: 0 }, data));
                continue;
            }
            None if data.is_empty() => "it is empty".to_owned(),
            None => format!("no message from the {} is asked for", side_word(sender)),
        };
        say(&format!("{name}: a datagram at {:.6} s is left out: {why}\n", time.as_secs_f64()));
        if !frames.names().is_empty() {
            outcome = Outcome::Bad;
        }
    }
    outcome
}

/// Says what is not as it should be with a direction.
fn mention_stream(direction: &Direction<'_, '_>) -> Outcome {
    let (stream, name) = (direction.stream, &direction.name);
    if !direction.known && !stream.bytes.is_empty() {
        let sender = side_word(direction.sender);
        say(&format!("{name}: {} bytes left out: no message from the {sender} is asked for\n", stream.bytes.len()));
    }
    if !stream.from_start && !stream.bytes.is_empty() {
        say(&format!("{name}: the capture began within this stream\n"));
    }
    let Some(missing) = stream.gap else { return Outcome::Good };
    say(&format!(
        "{name}: {missing} bytes are missing in the capture at byte {}; what follows is left out\n",
        stream.bytes.len()
    ));
    Outcome::Bad
}
