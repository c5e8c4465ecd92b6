//! [`Network`]: the lines between made-up peers and the worker, the kernels at their ends, and what goes wrong there.
//!
//! ```text
//!   peer ── send ──> flying ── carried ──> arrived ── read ──> driver        up
//!   peer <── received <── carried ── flying <── write ──────── driver        down
//! ```
//!
//! What is to happen stands on an agenda: by time, and for the same time in the order of its entry or, with faults, in
//! any. Nothing here knows the engine: the driver sees what a socket would show it. A line is made by a peer that knocks, or
//! by a worker that dials; afterwards there is no difference.

use super::{
    datagrams::Datagrams,
    faults::{Count, Faults, Tally},
    outside::Outside,
};
use crate::{dice::Dice, engine::Endpoint};
use std::{
    cmp::Reverse,
    collections::{BinaryHeap, VecDeque},
    io::{self, ErrorKind, Read},
    net::{IpAddr, Ipv4Addr, SocketAddr},
    time::Duration,
};

/// How many bytes the worker's kernel keeps for it, unread, of one line.
const RECEIVE_WINDOW: usize = 64 << 10;

/// How many bytes the worker's kernel takes from it that the peer has not read, of one line; with splits, one of these.
const SEND_WINDOWS: [usize; 3] = [64 << 10, 8 << 10, 1 << 10];

/// The ports of the peers, one after the other.
const PORT_MIN: u16 = 1024;
const PORTS: usize = 60_000;

/// How long accepting waits when there are no descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How many of the last events are told when something is wrong.
const EVENTS_TOLD: usize = 40;

/// How a line ended, as its peer sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LineEnd {
    /// The worker has closed it, and everything that it had sent was received.
    Closed,
    /// It was cut: something may be lost.
    Reset,
}

/// What a driver is told of a socket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Edge {
    /// It has connected.
    Through,
    /// Nobody listens there.
    Refused,
    /// There may be something to read.
    Readable,
    /// There may be room to write.
    Writable,
    /// The line is lost.
    Lost,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Event {
    /// A peer reaches the listener.
    Knock(usize),
    /// A piece of what the peer has sent arrives.
    CarryUp(usize),
    /// A piece of what the worker has sent arrives.
    CarryDown(usize),
    /// The peer's reset arrives.
    Reset(usize),
    /// What the worker connects with reaches its goal.
    Dial(usize),
    /// A name server answers.
    Answer(usize),
    /// A datagram arrives.
    Datagram(usize),
}

/// When, then in which order, then what.
pub(super) type Entry = (Duration, u64, u64, Event);

/// A connection, both ends.
#[derive(Debug, Default)]
pub(super) struct Line {
    /// Where the peer is, if somebody cares.
    ip: Option<IpAddr>,
    /// Sent by the peer, on its way.
    flying_up: VecDeque<u8>,
    /// Arrived, not yet read by the worker.
    arrived: VecDeque<u8>,
    /// Taken from the worker, on its way.
    flying_down: VecDeque<u8>,
    /// What the peer has received and its owner not yet taken.
    received: Vec<u8>,
    /// How much was sent up, ever.
    sent: u64,
    /// The peer has ended its side; so will the worker see it, behind the last byte.
    ended_up: bool,
    end_arrived: bool,
    /// The worker has ended its side.
    ended_down: bool,
    /// The same, but with a reset.
    cut_down: bool,
    carrying_up: bool,
    carrying_down: bool,
    /// The worker was refused room, and is to be told when there is some.
    room_wanted: bool,
    /// The line is lost; what the worker does with it fails.
    lost: bool,
    /// The worker has let its end go.
    pub(super) released: bool,
    /// The worker has ended its side, and goes on receiving.
    half: bool,
    /// The peer has seen that.
    half_seen: bool,
    /// The worker of the process that it belongs to.
    pub(super) site: usize,
    /// Where it leads, if the worker has made it.
    pub(super) remote: Option<Endpoint>,
    /// The peer does not read.
    deaf: bool,
    /// The peer reacts to nothing any more.
    vanished: bool,
    /// The peer has let its end go: what arrives there is answered with a reset.
    hung_up: bool,
    end: Option<LineEnd>,
}

impl Line {
    /// Of a worker that connects.
    pub(super) fn dialled(site: usize, remote: Endpoint) -> Self {
        Self { site, remote: Some(remote), ..Self::default() }
    }
}

/// All lines, and what is to happen on them.
#[derive(Debug)]
pub(super) struct Network {
    pub(super) dice: Dice,
    pub(super) faults: Faults,
    pub(super) tally: Tally,
    /// How long the world has been there.
    pub(super) clock: Duration,
    pub(super) agenda: BinaryHeap<Reverse<Entry>>,
    entries: u64,
    pub(super) lines: Vec<Line>,
    /// The peers that wait, and for whom: one for each worker of the process.
    backlogs: Vec<VecDeque<usize>>,
    /// Where each worker listens.
    listeners: Vec<Option<Endpoint>>,
    pub(super) edges: Vec<(usize, Edge)>,
    pub(super) outside: Outside,
    pub(super) datagrams: Datagrams,
    events: VecDeque<(Duration, &'static str, usize, usize)>,
    digest: u64,
    send_window: usize,
}

impl Network {
    pub(super) fn new(seed: u64, faults: Faults) -> Self {
        let mut dice = Dice::new(seed);
        let send_window = if faults.splits { *dice.pick(&SEND_WINDOWS) } else { SEND_WINDOWS[0] };
        Self {
            dice,
            faults,
            tally: Tally::default(),
            clock: Duration::ZERO,
            agenda: BinaryHeap::new(),
            entries: 0,
            lines: Vec::new(),
            backlogs: Vec::new(),
            listeners: Vec::new(),
            edges: Vec::new(),
            outside: Outside::default(),
            datagrams: Datagrams::default(),
            events: VecDeque::new(),
            digest: 0,
            send_window,
        }
    }

    /// Counts something, and remembers it for [`told`](Self::told) and [`digest`](Self::digest).
    pub(super) fn note(&mut self, what: &'static str, line: usize, size: usize) {
        if self.events.len() == EVENTS_TOLD {
            self.events.pop_front();
        }
        self.events.push_back((self.clock, what, line, size));
        for part in [self.clock.as_nanos(), what.len() as u128, line as u128, size as u128] {
            let mixed = self.digest ^ u64::try_from(part & u128::from(u64::MAX)).unwrap_or_default();
            self.digest = Dice::new(mixed).roll();
        }
    }

    /// A number that is the same for the same events, and hardly for others.
    pub(super) const fn digest(&self) -> u64 {
        self.digest
    }

    /// The last events, a line for each.
    pub(super) fn told(&self) -> String {
        let lines =
            self.events.iter().map(|(at, what, line, size)| format!("  {at:>12.3?}  peer {line}: {what} {size}\n"));
        lines.collect()
    }

    /// When the next event is due.
    pub(super) fn due(&self) -> Option<Duration> {
        self.agenda.peek().map(|Reverse((at, ..))| *at)
    }

    /// Whether the driver has something to look at.
    pub(super) fn has_edges(&self) -> bool {
        !self.edges.is_empty() || self.outside.has_answers()
    }

    /// Whether a peer waits to be accepted.
    pub(super) fn has_backlog(&self, site: usize) -> bool {
        !self.backlogs[site].is_empty()
    }

    /// Another worker of the process, which may listen somewhere; the first listens wherever it is asked for.
    pub(super) fn settle(&mut self, listens: Option<Endpoint>) -> usize {
        self.backlogs.push(VecDeque::new());
        self.listeners.push(listens);
        self.backlogs.len() - 1
    }

    /// Who listens at an address.
    pub(super) fn listener(&self, endpoint: &Endpoint) -> Option<usize> {
        self.listeners.iter().position(|listens| listens.as_ref() == Some(endpoint))
    }

    /// Lets the events happen that are due; with faults perhaps not all of them at once.
    pub(super) fn happen(&mut self) {
        let mut left = if self.faults.reorders { 1 + self.dice.below(16) } else { usize::MAX };
        while left > 0 && self.due().is_some_and(|due| due <= self.clock) {
            let Some(Reverse((_, _, _, event))) = self.agenda.pop() else { return };
            left -= 1;
            match event {
                Event::Knock(line) => self.knock(line),
                Event::CarryUp(line) => self.carry_up(line),
                Event::CarryDown(line) => self.carry_down(line),
                Event::Reset(line) => self.lose(line),
                Event::Dial(line) => self.arrive(line),
                Event::Answer(question) => self.look_up(question),
                Event::Datagram(number) => self.deliver(number),
            }
        }
        if !self.lines.is_empty() && self.dice.chance(self.faults.false_alarms) {
            let line = self.dice.below(self.lines.len());
            self.count(Count::FalseAlarms, "false alarm", line, 0);
            let edge = *self.dice.pick(&[Edge::Readable, Edge::Writable]);
            self.edges.push((line, edge));
        }
    }

    pub(super) fn count(&mut self, count: Count, what: &'static str, line: usize, size: usize) {
        self.tally[count] += 1;
        self.note(what, line, size);
    }

    pub(super) fn enter(&mut self, event: Event) {
        let mut delay = Duration::ZERO;
        if !self.faults.delay_max.is_zero() && self.dice.chance(500) {
            self.tally[Count::Delays] += 1;
            delay = self.up_to(self.faults.delay_max);
        }
        if self.dice.chance(self.faults.stalls) {
            self.tally[Count::Stalls] += 1;
            delay += self.up_to(Faults::STALL_MAX);
        }
        self.enter_after(delay, event);
    }

    fn enter_after(&mut self, delay: Duration, event: Event) {
        self.entries += 1;
        let tie = if self.faults.reorders { self.dice.roll() } else { 0 };
        self.agenda.push(Reverse((self.clock + delay, tie, self.entries, event)));
    }

    /// A time of up to `most`, in whole microseconds.
    pub(super) fn up_to(&mut self, most: Duration) -> Duration {
        let micros = usize::try_from(most.as_micros()).unwrap_or(usize::MAX);
        Duration::from_micros(self.dice.below(micros.saturating_add(1)) as u64)
    }

    /// How many of `all` bytes go in one piece; at least one, if there is any.
    fn portion(&mut self, all: usize) -> usize {
        if !self.faults.splits || all < 2 || self.dice.chance(400) {
            return all;
        }
        // Small pieces cut inside of heads and numbers, any pieces elsewhere.
        let most = *self.dice.pick(&[2, 16, all]);
        1 + self.dice.below(most.min(all))
    }

    fn knock(&mut self, line: usize) {
        if self.dice.chance(self.faults.accept_pauses) {
            self.count(Count::AcceptPauses, "no descriptor", line, 0);
            return self.enter_after(ACCEPT_PAUSE, Event::Knock(line));
        }
        let site = self.lines[line].site;
        self.backlogs[site].push_back(line);
    }

    fn plan_up(&mut self, number: usize) {
        let line = &mut self.lines[number];
        let more = !line.flying_up.is_empty() || (line.ended_up && !line.end_arrived);
        if more && line.arrived.len() < RECEIVE_WINDOW && !line.lost && !std::mem::replace(&mut line.carrying_up, true)
        {
            self.enter(Event::CarryUp(number));
        }
    }

    fn carry_up(&mut self, number: usize) {
        self.lines[number].carrying_up = false;
        if self.lines[number].lost {
            return;
        }
        if self.dice.chance(self.faults.resets) {
            self.count(Count::Resets, "reset", number, 0);
            return self.lose(number);
        }
        let line = &self.lines[number];
        let count = self.portion(line.flying_up.len().min(RECEIVE_WINDOW - line.arrived.len()));
        self.note("arrives", number, count);
        let line = &mut self.lines[number];
        if line.released {
            // Nobody is there to read it: that is answered with a reset.
            if count > 0 {
                self.count(Count::PeerResets, "sent too late", number, count);
                self.lose(number);
            }
            return;
        }
        line.arrived.extend(line.flying_up.drain(..count));
        if line.flying_up.is_empty() && line.ended_up {
            line.end_arrived = true;
        }
        self.edges.push((number, Edge::Readable));
        self.plan_up(number);
    }

    fn plan_down(&mut self, number: usize) {
        let line = &mut self.lines[number];
        let more = !line.flying_down.is_empty() || (line.ended_down && !line.half_seen);
        let open = line.end.is_none() && !line.deaf && !line.lost;
        if more && open && !std::mem::replace(&mut line.carrying_down, true) {
            self.enter(Event::CarryDown(number));
        }
    }

    fn carry_down(&mut self, number: usize) {
        let line = &mut self.lines[number];
        line.carrying_down = false;
        if line.deaf || line.lost || line.end.is_some() {
            return;
        }
        let (flying, hung_up) = (line.flying_down.len(), line.hung_up);
        if flying > 0 && hung_up {
            self.count(Count::PeerResets, "sent to a closed peer", number, flying);
            return self.lose(number);
        }
        let count = self.portion(flying);
        self.note("received", number, count);
        let line = &mut self.lines[number];
        line.received.extend(line.flying_down.drain(..count));
        if count > 0 && std::mem::take(&mut line.room_wanted) {
            self.edges.push((number, Edge::Writable));
        }
        if line.flying_down.is_empty() && line.ended_down && line.half {
            line.half_seen = true;
            return;
        }
        if line.flying_down.is_empty() && line.ended_down {
            line.end = Some(if line.cut_down { LineEnd::Reset } else { LineEnd::Closed });
            if !line.vanished {
                line.ended_up = true;
                self.plan_up(number);
            }
            return;
        }
        self.plan_down(number);
    }

    /// A reset: what is on its way is lost, and both ends find out.
    fn lose(&mut self, number: usize) {
        let line = &mut self.lines[number];
        if std::mem::replace(&mut line.lost, true) {
            return;
        }
        line.flying_up.clear();
        line.flying_down.clear();
        line.end.get_or_insert(LineEnd::Reset);
        // A kernel may or may not still give what had arrived before.
        if self.faults.reorders && self.dice.chance(500) {
            self.lines[number].arrived.clear();
        }
        self.edges.push((number, Edge::Lost));
    }
}

/// What the driver does with its end of a line, as with a socket.
impl Network {
    /// What has become ready for a worker since the last call.
    pub(super) fn take_edges(&mut self, site: usize) -> Vec<(usize, Edge)> {
        let lines = &self.lines;
        let mut edges: Vec<_> = self.edges.extract_if(.., |(line, _)| lines[*line].site == site).collect();
        if self.faults.reorders && edges.len() > 1 {
            self.tally[Count::Reorders] += 1;
            self.dice.shuffle(&mut edges);
        }
        edges
    }

    /// The next peer that waits; what it has already sent is an edge of its own.
    pub(super) fn accept(&mut self, site: usize) -> Option<usize> {
        let line = self.backlogs[site].pop_front()?;
        if self.is_readable(line) {
            self.edges.push((line, Edge::Readable));
        }
        Some(line)
    }

    /// The worker keeps a peer.
    pub(super) fn keep(&mut self, line: usize) {
        self.count(Count::Accepts, "accepted", line, 0);
    }

    /// The worker does not keep a peer.
    pub(super) fn turn_away(&mut self, line: usize) {
        self.count(Count::TurnedAway, "turned away", line, 0);
        self.release(line);
    }

    /// Whether a read would not block.
    pub(super) fn is_readable(&self, line: usize) -> bool {
        let line = &self.lines[line];
        !line.arrived.is_empty() || line.end_arrived || line.lost
    }

    pub(super) fn read(&mut self, number: usize, room: &mut [u8]) -> io::Result<usize> {
        let there = self.lines[number].arrived.len().min(room.len());
        let count = self.portion(there);
        let line = &mut self.lines[number];
        if count == 0 {
            return match (line.lost, line.end_arrived) {
                (true, _) => Err(ErrorKind::ConnectionReset.into()),
                (_, true) => {
                    self.count(Count::Ends, "end read", number, 0);
                    Ok(0)
                }
                _ => Err(ErrorKind::WouldBlock.into()),
            };
        }
        line.arrived.read_exact(&mut room[..count])?;
        self.tally[Count::ShortReads] += u64::from(count < there);
        self.count(Count::Reads, "read", number, count);
        self.plan_up(number);
        Ok(count)
    }

    pub(super) fn write(&mut self, number: usize, bytes: &[u8]) -> io::Result<usize> {
        let line = &mut self.lines[number];
        if line.lost {
            return Err(ErrorKind::BrokenPipe.into());
        }
        let free = self.send_window.saturating_sub(line.flying_down.len()).min(bytes.len());
        if free == 0 {
            line.room_wanted = true;
            self.count(Count::BlockedWrites, "write blocked", number, bytes.len());
            return Err(ErrorKind::WouldBlock.into());
        }
        if self.dice.chance(self.faults.write_failures) {
            self.count(Count::WriteFailures, "write failed", number, bytes.len());
            return Err(io::Error::other("no buffer space available"));
        }
        let count = self.portion(free);
        self.count(Count::Writes, "written", number, count);
        let short = count < bytes.len();
        self.tally[Count::ShortWrites] += u64::from(short);
        let line = &mut self.lines[number];
        line.room_wanted = short;
        line.flying_down.extend(&bytes[..count]);
        self.plan_down(number);
        Ok(count)
    }

    /// Whether the worker will be told that there may be something to read.
    pub(super) fn will_tell(&self, line: usize) -> bool {
        self.edges.iter().any(|&(told, edge)| told == line && edge != Edge::Writable)
    }

    /// Whether the worker will be told that there is room.
    pub(super) fn will_tell_room(&self, line: usize) -> bool {
        let line = &self.lines[line];
        line.room_wanted || line.lost
    }

    /// The worker ends its side; of half a line it goes on receiving.
    pub(super) fn end_down(&mut self, number: usize, half: bool) -> io::Result<()> {
        if self.lines[number].lost {
            return Err(ErrorKind::NotConnected.into());
        }
        self.note("ended by the worker", number, usize::from(half));
        let line = &mut self.lines[number];
        (line.ended_down, line.half, line.half_seen) = (true, half, false);
        self.plan_down(number);
        Ok(())
    }

    /// The worker lets its end go. If it has not read everything, the peer gets a reset.
    pub(super) fn release(&mut self, number: usize) {
        self.note("released by the worker", number, 0);
        let unread = self.lines[number].arrived.len();
        let kept = if unread > 0 { self.portion(self.lines[number].flying_down.len()) } else { usize::MAX };
        let line = &mut self.lines[number];
        line.released = true;
        line.arrived.clear();
        line.cut_down |= unread > 0;
        (line.ended_down, line.half, line.half_seen) = (true, false, false);
        line.flying_down.truncate(kept);
        self.plan_down(number);
    }

    /// How many bytes the peer has sent, ever.
    pub(super) fn sent(&self, line: usize) -> u64 {
        self.lines[line].sent
    }
}

/// What a peer does with its end of a line.
impl Network {
    /// A new line, of a peer at an address of its own or at `ip`.
    pub(super) fn connect(&mut self, site: usize, ip: Option<IpAddr>) -> usize {
        let number = self.lines.len();
        self.lines.push(Line { site, ip, ..Line::default() });
        self.enter(Event::Knock(number));
        number
    }

    /// Where the worker sees the peer; its own address is one of 10.0.0.0/8.
    pub(super) fn address(&self, number: usize) -> SocketAddr {
        let host = u32::try_from(number + 1).unwrap_or_default() & 0x00ff_ffff;
        let port = u16::try_from(number % PORTS).unwrap_or_default();
        let own = IpAddr::from(Ipv4Addr::from_bits(0x0a00_0000 | host));
        SocketAddr::from((self.lines[number].ip.unwrap_or(own), PORT_MIN + port))
    }

    pub(super) fn send(&mut self, number: usize, bytes: &[u8]) {
        let line = &mut self.lines[number];
        if line.ended_up || line.vanished || line.lost {
            return;
        }
        line.sent += bytes.len() as u64;
        line.flying_up.extend(bytes);
        self.plan_up(number);
    }

    /// The peer will send nothing more.
    pub(super) fn end_up(&mut self, number: usize) {
        if !self.lines[number].vanished {
            self.lines[number].ended_up = true;
            self.plan_up(number);
        }
    }

    /// The peer lets its end go.
    pub(super) fn hang_up(&mut self, number: usize) {
        self.end_up(number);
        self.lines[number].hung_up = true;
        self.lines[number].deaf = false;
        self.plan_down(number);
    }

    pub(super) fn reset(&mut self, number: usize) {
        if !self.lines[number].lost {
            self.count(Count::PeerResets, "reset by the peer", number, 0);
            self.enter(Event::Reset(number));
        }
    }

    pub(super) fn set_deaf(&mut self, number: usize, deaf: bool) {
        let line = &mut self.lines[number];
        line.deaf = deaf || line.vanished;
        self.plan_down(number);
    }

    pub(super) fn vanish(&mut self, number: usize) {
        let line = &mut self.lines[number];
        (line.vanished, line.deaf) = (true, true);
    }

    /// Whether the peer sees that the worker has ended its side.
    pub(super) fn is_half(&self, line: usize) -> bool {
        let line = &self.lines[line];
        line.half_seen || line.end.is_some()
    }

    pub(super) fn take_received(&mut self, line: usize) -> Vec<u8> {
        std::mem::take(&mut self.lines[line].received)
    }

    pub(super) fn line_end(&self, line: usize) -> Option<LineEnd> {
        self.lines[line].end
    }
}
