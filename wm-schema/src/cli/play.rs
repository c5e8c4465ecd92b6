//! A session as `serve` and `send` play it: where it stands, what may be said, and how long that may take.

use super::frames::{Frames, side_word};
use super::peer::Peer;
use super::value::Ready;
use std::time::Duration;
use wm_schema::draft::Side;
use wm_schema::interp::{Interpreter, Stage};
use wm_schema::ir::{Schema, State, Value};

/// One side of a session.
pub(crate) struct Play<'s> {
    schema: &'s Schema,
    side: Side,
    stage: Stage<'s>,
}

impl<'s> Play<'s> {
    /// The start; none if the schema has no session.
    pub(crate) fn start(schema: &'s Schema, side: Side) -> Option<Self> {
        Some(Self { schema, side, stage: Stage::start(schema)? })
    }

    /// The name of the state.
    pub(crate) fn state(&self) -> &'s str {
        self.stage.name()
    }

    /// Whether this side may speak.
    pub(crate) fn speaks(&self) -> bool {
        self.stage.state().is_some_and(|state| state.speaks(self.side))
    }

    /// Whether the peer may.
    pub(crate) fn hears(&self) -> bool {
        self.stage.state().is_some_and(|state| state.speaks(self.side.other()))
    }

    /// How the conversation has ended; none if it goes on.
    pub(crate) fn over(&self) -> Option<String> {
        match (self.stage.state(), self.stage.handed_to()) {
            (Some(_), _) => None,
            (None, Some(protocol)) => {
                Some(format!("the conversation is over: the connection goes on with `{protocol}`"))
            }
            (None, None) => Some("the conversation is over".to_owned()),
        }
    }

    /// Has the peer read as what it may say now.
    pub(crate) fn listen(&self, peer: &mut Peer<'s>) {
        let other = self.side.other();
        let messages = self.stage.state().map(|state| state.messages(other)).unwrap_or_default();
        peer.expect(Frames::these(self.schema, other, &messages), self.stage.streams(other));
    }

    /// How long the peer may take to speak, at most so long.
    pub(crate) fn patience(&self, most: Duration) -> Duration {
        let own = |state: &State| state.timeout_ms.filter(|_| state.speaks(self.side.other()));
        self.stage.state().and_then(own).map_or(most, |own| most.min(Duration::from_millis(own)))
    }

    /// Whether this side may say it now.
    pub(crate) fn may(&self, ready: &Ready) -> bool {
        self.stage.next(self.side, &ready.value).is_some()
    }

    /// Notes that this side says it.
    ///
    /// # Errors
    ///
    /// It is not legal, in words.
    pub(crate) fn say(&mut self, ready: &Ready) -> Result<(), String> {
        match self.stage.next(self.side, &ready.value) {
            Some(next) => {
                self.stage = next;
                Ok(())
            }
            None => Err(format!("`{}` is not legal: {}", ready.text, self.legal(self.side))),
        }
    }

    /// Notes what the peer has said.
    pub(crate) fn hear(&mut self, interpreter: Interpreter<'s>, frame: &[u8]) {
        let message = self.schema.messages.iter().position(|message| std::ptr::eq(message, interpreter.message()));
        let value = message.zip(interpreter.decode(frame).ok());
        let next = value
            .and_then(|(message, value)| self.stage.next(self.side.other(), &Value::Arm(message, Box::new(value))));
        if let Some(next) = next {
            self.stage = next;
        }
    }

    /// What a side may say now, in words.
    pub(crate) fn legal(&self, side: Side) -> String {
        let (state, who) = (self.stage.name(), side_word(side));
        match self.stage.legal(side).as_slice() {
            [] => format!("in the state `{state}` the {who} may say nothing"),
            ["stream"] => format!("in the state `{state}` the {who} sends raw bytes"),
            names => {
                let names: Vec<String> = names.iter().map(|name| format!("`{name}`")).collect();
                format!("in the state `{state}` the {who} may say {}", names.join(" or "))
            }
        }
    }

    /// The side that it plays.
    pub(crate) const fn side(&self) -> Side {
        self.side
    }
}
