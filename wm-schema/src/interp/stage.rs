//! A session while it runs: what may be said now, and what follows.

use super::formula::Known;
use super::{EncodeError, EncodeFault, Error, Fault, Input, Interpreter, Listener, Scan};
use crate::apart::Plan;
use crate::ir::{Edge, Formula, Layout, RAW_BYTES_MAX, Role, Said, Schema, Session, Side, State, Target, Value};

/// Where a conversation stands. What is said is a [`Value::Arm`], the index of its message and its fields, or
/// [`Value::Bytes`] if it is raw.
#[derive(Debug, Clone)]
pub struct Stage<'s> {
    schema: &'s Schema,
    session: &'s Session,
    at: Target,
    /// The values of the variables.
    memory: Vec<Value>,
}

impl<'s> Stage<'s> {
    /// The start of a conversation; none if the schema has no session.
    #[must_use]
    pub fn start(schema: &'s Schema) -> Option<Self> {
        let session = schema.session.as_ref()?;
        let memory = session.variables.iter().map(|variable| Value::Int(variable.initial)).collect();
        Some(Self { schema, session, at: Target::State(session.start), memory })
    }

    /// The same conversation in the state of this name, if there is one.
    #[must_use]
    pub fn named(self, name: &str) -> Option<Self> {
        let state = self.session.states.iter().position(|state| state.name == name)?;
        Some(Self { at: Target::State(state), ..self })
    }

    /// The state; none if the conversation is over.
    #[must_use]
    pub fn state(&self) -> Option<&'s State> {
        match self.at {
            Target::State(index) => Some(&self.session.states[index]),
            Target::Close | Target::Protocol(_) => None,
        }
    }

    /// The protocol that the connection has been handed to.
    #[must_use]
    pub fn handed_to(&self) -> Option<&'s str> {
        match self.at {
            Target::Protocol(index) => Some(&self.session.upgrades[index].protocol),
            Target::State(_) | Target::Close => None,
        }
    }

    /// The name of the state.
    #[must_use]
    pub fn name(&self) -> &'s str {
        self.session.name_of(self.at)
    }

    /// What is remembered: the values of the variables.
    pub(crate) fn memory(&self) -> &[Value] {
        &self.memory
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
        let mut memory = self.memory.clone();
        for (variable, formula) in &edge.sets {
            memory[*variable] = self.known(value, |known| known.arguments(std::slice::from_ref(formula)))?.pop()?;
        }
        Some(Self { at: edge.to, memory, ..*self })
    }

    fn holds(&self, guard: &Formula, value: &Value) -> bool {
        self.known(value, |known| known.holds(guard)).unwrap_or(false)
    }

    /// Works something out of the fields of a message and the variables; none of raw bytes.
    fn known<R>(&self, value: &Value, work: impl FnOnce(&Known<'_>) -> R) -> Option<R> {
        let Value::Arm(message, value) = value else { return None };
        let Value::Struct(set) = value.as_ref() else { return None };
        let message = &self.schema.messages[*message].layout;
        let mut set = set.iter().cloned();
        let fields: Vec<Option<Value>> =
            message.fields.iter().map(|field| (field.role == Role::Value).then(|| set.next()).flatten()).collect();
        let layout = Layout { params: self.session.params(), ..message.clone() };
        Some(work(&Known { schema: self.schema, layout: &layout, fields: &fields, params: &self.memory }))
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
