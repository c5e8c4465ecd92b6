//! What a made-up worker may connect to: servers, and the names of their machines.

use super::{
    faults::Count,
    network::{Edge, Event, Line, Network},
};
use crate::engine::{ConnectionId, Endpoint};
use std::{
    cmp::Reverse,
    collections::{BTreeMap, VecDeque},
    io,
    net::IpAddr,
    sync::Arc,
};

/// What a server does that the worker may connect to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Manner {
    Listens,
    Refuses,
    /// It is not there, and nobody says so.
    Silent,
}

/// A server that the worker may connect to.
#[derive(Debug)]
struct Server {
    endpoint: Endpoint,
    manner: Manner,
    /// The lines that have come and were not taken.
    waiting: VecDeque<usize>,
}

/// A question to the name server.
#[derive(Debug)]
struct Question {
    site: usize,
    id: ConnectionId,
    host: Arc<str>,
}

/// An answer to one.
pub(super) type Answer = (ConnectionId, io::Result<Vec<IpAddr>>);

/// All that there is outside.
#[derive(Debug, Default)]
pub(super) struct Outside {
    servers: Vec<Server>,
    /// Their addresses.
    names: BTreeMap<String, Vec<IpAddr>>,
    questions: Vec<Question>,
    answers: Vec<(usize, Answer)>,
}

impl Outside {
    /// Whether an answer waits to be taken.
    pub(super) const fn has_answers(&self) -> bool {
        !self.answers.is_empty()
    }
}

impl Network {
    /// What the worker connects with has reached its goal.
    pub(super) fn arrive(&mut self, number: usize) {
        let line = &self.lines[number];
        if line.released {
            return;
        }
        let refused = self.dice.chance(self.faults.refusals);
        let server = self.outside.servers.iter_mut().find(|server| Some(&server.endpoint) == line.remote.as_ref());
        let manner = server.as_ref().map_or(Manner::Refuses, |server| server.manner);
        match server {
            Some(server) if manner == Manner::Listens && !refused => {
                server.waiting.push_back(number);
                self.count(Count::Connects, "connected", number, 0);
                self.edges.push((number, Edge::Through));
            }
            _ if manner == Manner::Silent => self.note("no answer", number, 0),
            _ => {
                self.count(Count::Refusals, "refused", number, 0);
                self.edges.push((number, Edge::Refused));
            }
        }
    }

    pub(super) fn look_up(&mut self, question: usize) {
        let Question { site, id, ref host } = self.outside.questions[question];
        let lost = self.dice.chance(self.faults.lost_names);
        let found = self.outside.names.get(&**host).filter(|_| !lost).cloned();
        let answer = found.ok_or_else(|| io::Error::other("no such name"));
        self.count(Count::LookUps, "name looked up", question, answer.as_ref().map_or(0, Vec::len));
        self.outside.answers.push((site, (id, answer)));
    }

    /// The names that were looked up for a worker.
    pub(super) fn take_answers(&mut self, site: usize) -> Vec<Answer> {
        self.outside.answers.extract_if(.., |(of, _)| *of == site).map(|(_, answer)| answer).collect()
    }

    /// Asks the name server.
    pub(super) fn ask(&mut self, site: usize, id: ConnectionId, host: Arc<str>) {
        self.outside.questions.push(Question { site, id, host });
        self.enter(Event::Answer(self.outside.questions.len() - 1));
    }

    /// Whether an answer is on its way.
    pub(super) fn is_asked(&self, site: usize, id: ConnectionId) -> bool {
        let pending = |question: usize| {
            let Question { site: of, id: asker, .. } = self.outside.questions[question];
            (of, asker) == (site, id)
        };
        let mut agenda = self.agenda.iter();
        agenda.any(|Reverse((_, _, _, event))| matches!(*event, Event::Answer(question) if pending(question)))
    }

    /// A new line, of a worker that connects.
    pub(super) fn dial(&mut self, site: usize, remote: Endpoint) -> usize {
        let number = self.lines.len();
        self.lines.push(Line::dialled(site, remote));
        self.note("dialled", number, 0);
        self.enter(Event::Dial(number));
        number
    }

    /// The name of a machine.
    pub(super) fn name(&mut self, host: &str, addresses: Vec<IpAddr>) {
        self.outside.names.insert(host.to_owned(), addresses);
    }

    fn server(&mut self, endpoint: Endpoint) -> &mut Server {
        let place = self.outside.servers.iter().position(|server| server.endpoint == endpoint);
        let place = place.unwrap_or_else(|| {
            self.outside.servers.push(Server { endpoint, manner: Manner::Listens, waiting: VecDeque::new() });
            self.outside.servers.len() - 1
        });
        &mut self.outside.servers[place]
    }

    pub(super) fn open_port(&mut self, endpoint: Endpoint) {
        self.server(endpoint).manner = Manner::Listens;
    }

    pub(super) fn close_port(&mut self, endpoint: Endpoint) {
        self.server(endpoint).manner = Manner::Refuses;
    }

    pub(super) fn silence_port(&mut self, endpoint: Endpoint) {
        self.server(endpoint).manner = Manner::Silent;
    }

    /// The next connection that the worker has made to a server, if there is one.
    pub(super) fn take_visitor(&mut self, endpoint: Endpoint) -> Option<usize> {
        self.server(endpoint).waiting.pop_front()
    }
}
