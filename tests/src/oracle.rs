//! The interpreter as a judge over all other engines: of the one message that a side sends, or of all of them.

use crate::engine::{Engine, Framer, Mistake, Read, Refusal};
use wm_core::protocol::Input;
use wm_schema::interp::{self, EncodeError, Error, Interpreter, Listener, Scan, Stage};
use wm_schema::ir::{Framing, Schema, Side, Value};

/// A schema, run as it is: what one side sends.
#[derive(Debug, Clone)]
pub enum Oracle {
    /// It sends one message.
    One(Interpreter<'static>),
    /// It sends several; each is a [`Value::Arm`].
    Several(Listener<'static>),
    /// It sends what is legal in a state.
    InState(Stage<'static>, Side),
}

impl Oracle {
    /// What `side` sends.
    ///
    /// # Panics
    ///
    /// It sends nothing.
    #[must_use]
    pub fn new(schema: &'static Schema, side: Side) -> Self {
        match schema.only_by(side) {
            Some(message) => Self::One(Interpreter::new(schema, message).sent_by(side)),
            None => Self::Several(Listener::new(schema, side).expect("the schema has a message of this side")),
        }
    }

    /// How the end of its frames is found, if it sends one message.
    #[must_use]
    pub fn framing(&self) -> Option<&'static Framing> {
        match self {
            Self::One(interpreter) => Some(&interpreter.message().framing),
            Self::Several(_) | Self::InState(..) => None,
        }
    }

    /// A message out of bytes; the first chooses which.
    #[must_use]
    pub fn message(&self, schema: &Schema, entropy: &[u8]) -> Value {
        match self {
            Self::One(interpreter) => {
                interp::made_up(schema, &interpreter.message().layout, interpreter.from(), entropy)
            }
            Self::Several(listener) => one_of(schema, listener, entropy),
            Self::InState(stage, side) => match stage.listener(*side) {
                Some(listener) => one_of(schema, &listener, entropy),
                None => Value::Bytes(entropy.to_vec()),
            },
        }
    }

    /// Looks for the end of the first frame.
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame.
    pub fn input(&self, scan: &mut Scan, buf: &[u8]) -> Result<interp::Input, Error> {
        match self {
            Self::One(interpreter) => interpreter.input(scan, buf),
            Self::Several(listener) => listener.input(scan, buf),
            Self::InState(stage, side) => stage.input(*side, scan, buf),
        }
    }

    /// Reads a whole frame.
    ///
    /// # Errors
    ///
    /// It breaks a rule of the schema.
    pub fn decode(&self, frame: &[u8]) -> Result<Value, Error> {
        match self {
            Self::One(interpreter) => interpreter.decode(frame),
            Self::Several(listener) => listener.decode(frame),
            Self::InState(stage, side) => stage.decode(*side, frame),
        }
    }

    /// Writes a message.
    ///
    /// # Errors
    ///
    /// A value breaks a rule of the schema.
    pub fn encode(&self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        match self {
            Self::One(interpreter) => interpreter.encode(value),
            Self::Several(listener) => listener.encode(value),
            Self::InState(stage, side) => stage.encode(*side, value),
        }
    }

    /// A message as Rust's `Debug` prints it.
    #[must_use]
    pub fn show(&self, value: &Value) -> String {
        match self {
            Self::One(interpreter) => interpreter.show(value),
            Self::Several(listener) => listener.show(value),
            Self::InState(stage, side) => stage.show(*side, value),
        }
    }
}

/// One of several messages; the first byte chooses which.
fn one_of(schema: &Schema, listener: &Listener<'_>, entropy: &[u8]) -> Value {
    let messages = listener.plan().messages();
    let (first, entropy) = entropy.split_first().unwrap_or((&0, &[]));
    let message = messages[usize::from(*first) % messages.len()];
    let from = listener.interpreter(message).from();
    Value::Arm(message, Box::new(interp::made_up(schema, &schema.messages[message].layout, from, entropy)))
}

impl Engine for Oracle {
    fn name(&self) -> &'static str {
        "interpreter"
    }

    fn is_of_datagrams(&self) -> bool {
        match self {
            Self::One(interpreter) => interpreter.message().is_datagram(),
            Self::Several(listener) => {
                listener.plan().messages().iter().any(|at| listener.interpreter(*at).message().is_datagram())
            }
            Self::InState(..) => false,
        }
    }

    fn framer(&self) -> Box<dyn Framer + '_> {
        Box::new(OracleFramer { oracle: self, scan: Scan::default() })
    }

    fn decode(&self, frame: &[u8]) -> Result<Read, Mistake> {
        let value = Self::decode(self, frame)?;
        Ok(Read { shown: self.show(&value), sent: self.encode(&value).map_err(Refusal::from) })
    }
}

struct OracleFramer<'o> {
    oracle: &'o Oracle,
    scan: Scan,
}

impl Framer for OracleFramer<'_> {
    fn input(&mut self, buf: &[u8]) -> Result<Input, Mistake> {
        Ok(match self.oracle.input(&mut self.scan, buf)? {
            interp::Input::Need(needed) => Input::Need(needed),
            interp::Input::Frame(len) => Input::Frame(len),
            interp::Input::UntilEnd => Input::UntilEnd,
        })
    }
}
