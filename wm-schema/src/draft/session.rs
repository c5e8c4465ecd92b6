//! A session as it was written.

use super::{Formula, Name, Origin, Side, Spanned, TypeDraft};

/// `session { start Greet { client Hello -> Choose } … }`.
#[derive(Debug, Clone)]
pub struct SessionDraft {
    /// What it remembers, in source order.
    pub variables: Vec<VariableDraft>,
    /// Its states in source order.
    pub states: Vec<StateDraft>,
    /// The word `session`.
    pub origin: Origin,
}

/// `var tries: u8 = 0`.
#[derive(Debug, Clone)]
pub struct VariableDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// Its name.
    pub name: Name,
    /// Its type: an integer, a bit or an enum.
    pub ty: TypeDraft,
    /// Its value at the start; zero if none is written.
    pub initial: Option<Formula>,
}

/// `set tries = tries + 1`.
#[derive(Debug, Clone)]
pub struct SetDraft {
    /// The variable.
    pub name: Name,
    /// What it is from now on.
    pub value: Formula,
}

/// A state of a session.
#[derive(Debug, Clone)]
pub struct StateDraft {
    /// Doc comments.
    pub docs: Vec<String>,
    /// Its name.
    pub name: Name,
    /// `start`, if the conversation begins here.
    pub start: Option<Origin>,
    /// What may be said in it, in source order.
    pub edges: Vec<EdgeDraft>,
    /// `timeout 10s -> close`.
    pub timeouts: Vec<TimeoutDraft>,
}

/// `server Pick where method == Method.None -> Ready`.
#[derive(Debug, Clone)]
pub struct EdgeDraft {
    /// Who says it; both if none.
    pub from: Option<Side>,
    /// The message; none for `stream`, raw bytes.
    pub message: Option<Name>,
    /// `where`: which of these messages.
    pub guard: Option<Formula>,
    /// What is remembered of it.
    pub sets: Vec<SetDraft>,
    /// Where it leads; none if the state stays.
    pub target: Option<TargetDraft>,
    /// The whole line.
    pub origin: Origin,
}

/// Where a line of a state leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TargetDraft {
    /// To the end of the connection.
    Close(Origin),
    /// To another state.
    State(Name),
    /// To another protocol on the same connection.
    Protocol(Name),
}

/// `timeout 10s -> close`.
#[derive(Debug, Clone)]
pub struct TimeoutDraft {
    /// How long, in milliseconds.
    pub milliseconds: Spanned<u64>,
    /// What happens then; the connection closes if it is not said.
    pub target: Option<TargetDraft>,
}
