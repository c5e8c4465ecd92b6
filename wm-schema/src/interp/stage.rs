//! A session while it runs: what may be said now, and what follows.

use super::formula::Known;
use super::{EncodeError, EncodeFault, Error, Fault, Input, Interpreter, Listener, Scan};
use crate::apart::Plan;
use crate::ir::{Edge, Formula, RAW_BYTES_MAX, Role, Said, Schema, Session, Side, State, Target, Value};

/// Where a conversation stands. What is said is a [`Value::Arm`], the index of its message and its fields, or
/// [`Value::Bytes`] if it is raw.
#[derive(Debug, Clone, Copy)]
pub struct Stage<'s> {
    schema: &'s Schema,
    session: &'s Session,
    /// None behind `-> close`.
    state: Option<usize>,
}

impl<'s> Stage<'s> {
    /// The start of a conversation; none if the schema has no session.
    #[must_use]
    pub fn start(schema: &'s Schema) -> Option<Self> {
        let session = schema.session.as_ref()?;
        Some(Self { schema, session, state: Some(session.start) })
    }

    /// The same conversation in the state of this name, if there is one.
    #[must_use]
    pub fn named(self, name: &str) -> Option<Self> {
        let state = self.session.states.iter().position(|state| state.name == name)?;
        Some(Self { state: Some(state), ..self })
    }

    /// The state; none if the conversation is over.
    #[must_use]
    pub fn state(&self) -> Option<&'s State> {
        self.state.map(|index| &self.session.states[index])
    }

    /// The name of the state.
    #[must_use]
    pub fn name(&self) -> &'s str {
        self.state().map_or("Closed", |state| &state.name)
    }

    /// What `side` may say now, by the names of the schema.
    #[must_use]
    pub fn legal(&self, side: Side) -> Vec<&'s str> {
        match self.state() {
            Some(state) if state.streams(side) => vec!["stream"],
            Some(state) => {
                let messages = state.messages(side).into_iter();
                messages.map(|index| self.schema.messages[index].layout.name.as_str()).collect()
            }
            None => Vec::new(),
        }
    }

    /// Reads what `side` may say now; none if it may say nothing, or raw bytes.
    #[must_use]
    pub fn listener(&self, side: Side) -> Option<Listener<'s>> {
        Listener::in_state(self.schema, side, self.state()?)
    }

    /// Whether `side` sends raw bytes now.
    #[must_use]
    pub fn streams(&self, side: Side) -> bool {
        self.state().is_some_and(|state| state.streams(side))
    }

    /// Looks for the end of the first frame that `side` sends.
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame that is legal now.
    pub fn input(&self, side: Side, scan: &mut Scan, buf: &[u8]) -> Result<Input, Error> {
        let raw_bytes_max = usize::try_from(RAW_BYTES_MAX).unwrap_or(usize::MAX);
        match self.listener(side) {
            Some(listener) => listener.input(scan, buf),
            None if buf.is_empty() => Ok(Input::Need(1)),
            None if self.streams(side) => Ok(Input::Frame(buf.len().min(raw_bytes_max))),
            None => Err(self.unexpected(side)),
        }
    }

    /// Reads a whole frame of `side`.
    ///
    /// # Errors
    ///
    /// It breaks a rule of the schema, or is not legal now.
    pub fn decode(&self, side: Side, frame: &[u8]) -> Result<Value, Error> {
        match self.listener(side) {
            Some(listener) => listener.decode(frame),
            None if self.streams(side) => Ok(Value::Bytes(frame.to_vec())),
            None => Err(self.unexpected(side)),
        }
    }

    /// Writes what `side` says.
    ///
    /// # Errors
    ///
    /// A value breaks a rule of the schema, or it is not legal now.
    pub fn encode(&self, side: Side, value: &Value) -> Result<Vec<u8>, EncodeError> {
        if self.next(side, value).is_none() {
            let field = match value {
                Value::Arm(message, _) => self.schema.messages[*message].layout.name.as_str(),
                _ => "stream",
            };
            let legal = self.legal(side).into_iter().map(str::to_owned).collect();
            let fault = EncodeFault::Unexpected { state: self.name().to_owned(), legal };
            return Err(EncodeError { layout: self.schema.name.as_str().into(), field: field.into(), fault });
        }
        match (value, self.listener(side)) {
            (Value::Bytes(bytes), _) => Ok(bytes.clone()),
            (value, Some(listener)) => listener.encode(value),
            (_, None) => Ok(Vec::new()),
        }
    }

    /// What is said as Rust's `Debug` prints it.
    #[must_use]
    pub fn show(&self, side: Side, value: &Value) -> String {
        match value {
            Value::Arm(message, value) => {
                let interpreter = Interpreter::new(self.schema, &self.schema.messages[*message]).sent_by(side);
                format!("{}({})", interpreter.message().layout.name, interpreter.show(value))
            }
            Value::Bytes(bytes) => format!("Raw({bytes:?})"),
            value => format!("{value:?}"),
        }
    }

    /// Where it leads when `side` says this; none if it is not legal now.
    #[must_use]
    pub fn next(&self, side: Side, value: &Value) -> Option<Self> {
        let said = match value {
            Value::Arm(message, _) => Said::Message(*message),
            _ => Said::Stream,
        };
        let fits = |edge: &&Edge| {
            edge.from == side && edge.said == said && edge.guard.as_ref().is_none_or(|guard| self.holds(guard, value))
        };
        let edge = self.state()?.edges.iter().find(fits)?;
        let state = match edge.to {
            Target::State(index) => Some(index),
            Target::Close => None,
        };
        Some(Self { state, ..*self })
    }

    fn holds(&self, guard: &Formula, value: &Value) -> bool {
        let Value::Arm(message, value) = value else { return false };
        let (layout, Value::Struct(set)) = (&self.schema.messages[*message].layout, value.as_ref()) else {
            return false;
        };
        let mut set = set.iter().cloned();
        let fields: Vec<Option<Value>> =
            layout.fields.iter().map(|field| (field.role == Role::Value).then(|| set.next()).flatten()).collect();
        Known { schema: self.schema, layout, fields: &fields, params: &[] }.holds(guard)
    }

    fn unexpected(&self, side: Side) -> Error {
        let fault = Fault::Unexpected { state: self.name().to_owned(), legal: Vec::new() };
        Error { layout: self.schema.name.as_str().into(), field: side_word(side).into(), line: 0, offset: 0, fault }
    }
}

/// The word for a side.
pub(super) const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}

impl<'s> Listener<'s> {
    /// A listener to what `from` may say in a state; none if that is nothing, or raw bytes.
    #[must_use]
    pub fn in_state(schema: &'s Schema, from: Side, state: &'s State) -> Option<Self> {
        Some(Self { schema, from, plan: Plan::in_state(schema, from, state)?, state: Some(state) })
    }
}
