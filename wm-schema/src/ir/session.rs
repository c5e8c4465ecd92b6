//! A session: who may say what, when.

use super::{Formula, Side};

/// The most raw bytes that are handed out at once.
pub const RAW_BYTES_MAX: u64 = 64 << 10;

/// A session: states, and what may be said in each.
#[derive(Debug, Clone)]
pub struct Session {
    /// Its states in source order.
    pub states: Vec<State>,
    /// The state in which a conversation begins, by index.
    pub start: usize,
    /// Its line in the schema.
    pub line: u32,
}

/// A state of a session.
#[derive(Debug, Clone)]
pub struct State {
    /// Doc comments.
    pub docs: Vec<String>,
    /// Its name.
    pub name: String,
    /// What may be said in it; of those for one message of one side, the first whose guard holds is taken.
    pub edges: Vec<Edge>,
    /// How long whoever is to speak may take, in milliseconds.
    pub timeout_ms: Option<u64>,
    /// Its line in the schema.
    pub line: u32,
}

/// What one side may say in a state.
#[derive(Debug, Clone)]
pub struct Edge {
    /// Who says it.
    pub from: Side,
    /// What.
    pub said: Said,
    /// A condition on the fields of the message; without one it is taken always.
    pub guard: Option<Formula>,
    /// Where it leads.
    pub to: Target,
}

/// What is said.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said {
    /// A message, by index.
    Message(usize),
    /// Raw bytes.
    Stream,
}

/// Where an edge leads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Target {
    /// To a state, by index.
    State(usize),
    /// To the end of the connection.
    Close,
}

impl Session {
    /// The messages that `side` may send in some state, in the order of the schema.
    #[must_use]
    pub fn messages(&self, side: Side) -> Vec<usize> {
        let mut messages: Vec<usize> = self.states.iter().flat_map(|state| state.messages(side)).collect();
        messages.sort_unstable();
        messages.dedup();
        messages
    }

    /// Whether `side` may send raw bytes in some state.
    #[must_use]
    pub fn streams(&self, side: Side) -> bool {
        self.states.iter().any(|state| state.streams(side))
    }
}

impl State {
    /// The messages that `side` may send in this state, each once, by index.
    #[must_use]
    pub fn messages(&self, side: Side) -> Vec<usize> {
        let mut messages: Vec<usize> = Vec::new();
        for edge in self.edges.iter().filter(|edge| edge.from == side) {
            if let Said::Message(index) = edge.said
                && !messages.contains(&index)
            {
                messages.push(index);
            }
        }
        messages
    }

    /// Whether `side` may send raw bytes in this state.
    #[must_use]
    pub fn streams(&self, side: Side) -> bool {
        self.edges.iter().any(|edge| edge.from == side && edge.said == Said::Stream)
    }

    /// Whether `side` may say anything in this state.
    #[must_use]
    pub fn speaks(&self, side: Side) -> bool {
        self.edges.iter().any(|edge| edge.from == side)
    }
}
