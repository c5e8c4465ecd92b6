//! One side of a conversation that may send several messages: which of them has arrived.

use super::stage::side_word;
use super::{EncodeError, Error, Fault, Input, Interpreter, Onward, Scan};
use crate::apart::Plan;
use crate::ir::{Schema, Side, State, Value};

/// Reads and writes what one side sends, whichever of its messages it is. A message is [`Value::Arm`]: its index in the
/// schema, and its fields.
#[derive(Debug, Clone)]
pub struct Listener<'s> {
    pub(super) schema: &'s Schema,
    pub(super) from: Side,
    pub(super) plan: Plan,
    /// The state of the session, if there is one.
    pub(super) state: Option<&'s State>,
}

impl<'s> Listener<'s> {
    /// A listener to all messages of `from`; none if that side sends nothing.
    #[must_use]
    pub fn new(schema: &'s Schema, from: Side) -> Option<Self> {
        Some(Self { schema, from, plan: Plan::of(schema, from)?, state: None })
    }

    /// What tells the messages apart.
    #[must_use]
    pub const fn plan(&self) -> &Plan {
        &self.plan
    }

    /// The interpreter of one of the messages, by index.
    #[must_use]
    pub fn interpreter(&self, message: usize) -> Interpreter<'s> {
        Interpreter::new(self.schema, &self.schema.messages[message]).sent_by(self.from)
    }

    /// Which message `buf` starts, by index; or how many bytes are missing before that can be told.
    ///
    /// # Errors
    ///
    /// It starts none.
    pub fn tell(&self, buf: &[u8]) -> Result<Result<usize, usize>, Error> {
        let mut plan = &self.plan;
        loop {
            let (at, cases) = match plan {
                Plan::Message(index) => return Ok(Ok(*index)),
                Plan::Look { at, cases } => (usize::try_from(*at).unwrap_or(usize::MAX), cases),
            };
            let Some(&found) = buf.get(at) else { return Ok(Err(at + 1 - buf.len())) };
            let Some((_, then)) = cases.iter().find(|(set, _)| set.contains(found)) else {
                return Err(self.stranger(at, found));
            };
            plan = then;
        }
    }

    fn stranger(&self, offset: usize, found: u8) -> Error {
        let fault = match self.state {
            Some(state) => {
                let messages = state.messages(self.from).into_iter();
                let legal = messages.map(|index| self.schema.messages[index].layout.name.clone()).collect();
                Fault::Unexpected { state: state.name.clone(), legal }
            }
            None => Fault::Stranger { found },
        };
        let field = side_word(self.from);
        Error { layout: self.schema.name.as_str().into(), field: field.into(), line: 0, offset, fault }
    }

    /// Looks for the end of the first frame in `buf`, as [`Interpreter::input`] does.
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame.
    pub fn input(&self, scan: &mut Scan, buf: &[u8]) -> Result<Input, Error> {
        match self.tell(buf)? {
            Ok(message) => self.interpreter(message).input(scan, buf),
            // No more comes of a datagram: `decode` says what is missing.
            Err(_) if self.schema.is_of_datagrams() && !buf.is_empty() => Ok(Input::Frame(buf.len())),
            Err(missing) => Ok(Input::Need(missing)),
        }
    }

    /// Reads a whole frame.
    ///
    /// # Errors
    ///
    /// It breaks a rule of the schema.
    pub fn decode(&self, frame: &[u8]) -> Result<Value, Error> {
        match self.tell(frame)? {
            Ok(message) => Ok(Value::Arm(message, Box::new(self.interpreter(message).decode(frame)?))),
            Err(needed) => {
                let stranger = self.stranger(frame.len(), 0);
                Err(Error { fault: Fault::Truncated { needed }, ..stranger })
            }
        }
    }

    /// What follows a frame that was refused; see [`Interpreter::onward`].
    #[must_use]
    pub fn onward(&self, error: &Error, frame: Option<usize>, buf: &[u8]) -> Onward {
        // The messages of a side have the same rules.
        let first = self.plan.messages().first().copied();
        first.map_or(Onward::Close, |message| self.interpreter(message).onward(error, frame, buf))
    }

    /// Writes a message.
    ///
    /// # Errors
    ///
    /// A value breaks a rule of the schema.
    ///
    /// # Panics
    ///
    /// The value is no message of the schema.
    pub fn encode(&self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        let (message, value) = Self::arm(value);
        self.interpreter(message).encode(value)
    }

    /// A message as Rust's `Debug` prints the enum that is generated for it.
    ///
    /// # Panics
    ///
    /// The value is no message of the schema.
    #[must_use]
    pub fn show(&self, value: &Value) -> String {
        let (message, value) = Self::arm(value);
        let interpreter = self.interpreter(message);
        format!("{}({})", interpreter.message().layout.name, interpreter.show(value))
    }

    fn arm(value: &Value) -> (usize, &Value) {
        let Value::Arm(message, value) = value else { panic!("{value:?} does not say which message it is") };
        (*message, value)
    }
}
