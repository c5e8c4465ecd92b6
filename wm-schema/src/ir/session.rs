//! A session: who may say what, when.

use super::{Formula, Param, Side};

/// The most raw bytes that are handed out at once.
pub const RAW_BYTES_MAX: u64 = 64 << 10;

/// A session: states, and what may be said in each.
#[derive(Debug, Clone)]
pub struct Session {
    /// What it remembers: integers, bits and enums.
    pub variables: Vec<Variable>,
    /// Its states in source order.
    pub states: Vec<State>,
    /// The state in which a conversation begins, by index.
    pub start: usize,
    /// The protocols that the connection may be handed to.
    pub upgrades: Vec<Upgrade>,
    /// Its line in the schema.
    pub line: u32,
}

/// What a session remembers of what was said.
#[derive(Debug, Clone)]
pub struct Variable {
    /// Doc comments.
    pub docs: Vec<String>,
    /// Its name and its type: formulas of the session read it as a parameter of this place.
    pub param: Param,
    /// Its value at the start; 1 is a bit that is set.
    pub initial: i128,
}

/// A protocol that a connection may be handed to.
#[derive(Debug, Clone)]
pub struct Upgrade {
    /// Its name in the schema.
    pub protocol: String,
    /// The state in which this conversation then stands for good: the same name in `CamelCase`.
    pub state: String,
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
    /// What is remembered of it: the variable, by its place, and its value by those that were before.
    pub sets: Vec<(usize, Formula)>,
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
    /// To another protocol on the same connection, by its place among those of the session.
    Protocol(usize),
}

impl Session {
    /// The variables as formulas read them.
    #[must_use]
    pub fn params(&self) -> Vec<Param> {
        self.variables.iter().map(|variable| variable.param.clone()).collect()
    }

    /// The name of the state that something leads to.
    #[must_use]
    pub fn name_of(&self, target: Target) -> &str {
        match target {
            Target::State(index) => &self.states[index].name,
            Target::Close => "Closed",
            Target::Protocol(index) => &self.upgrades[index].state,
        }
    }

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
