//! Runs a schema without generating anything: slow, plain, and written from the [`ir`](crate::ir) alone.
//!
//! It shares no code with the runtime of generated codecs, so that each can be held against the other: for the same
//! bytes both must find the same message, or the same fault at the same field and offset. Only JSON has one judge for
//! both, serde_json.
//!
//! ```
//! # #[cfg(feature = "dsl")] {
//! use wm_schema::interp::{Input, Interpreter, Scan};
//! use wm_schema::{dsl, resolve};
//!
//! let source = "protocol text\nmessage Line { text: str until \"\\n\" max 1K }\n";
//! let schema = resolve::resolve(&dsl::parse(source).unwrap()).schema.unwrap();
//! let line = Interpreter::new(&schema, &schema.messages[0]);
//!
//! let mut scan = Scan::default();
//! assert_eq!(line.input(&mut scan, b"he"), Ok(Input::Need(1)));
//! assert_eq!(line.input(&mut scan, b"hello\nyou"), Ok(Input::Frame(6)));
//! let message = line.decode(b"hello\n").unwrap();
//! assert_eq!(line.show(&message), r#"Line { text: "hello" }"#);
//! assert_eq!(line.encode(&message).unwrap(), b"hello\n");
//! # }
//! ```
//!
//! # What is checked when
//!
//! The rules that every engine keeps, so that they agree on the *first* mistake of a frame:
//!
//! 1. **`input` comes first.** It looks at the head of the frame, in the order of the wire:
//!    * Constants of the message that stand at a fixed place in front of the field that frames it (anywhere, if the
//!      frame has a fixed size) are compared as far as they have arrived.
//!    * The number that frames is read once it is complete (digits up to a delimiter: at the first wrong byte). Until then
//!      what is missing of it is needed, or one byte if its width is free. It must keep its own rules, those of 3, and
//!      then give a frame between the least size of the layout and the limit: `TooShort` or `TooLong` at the number, in
//!      the terms of the number.
//!    * A delimiter is searched for; more than `max` bytes in front of it are `TooLong`.
//!    * A message that is walked over is looked at field by field, in the steps of [`crate::walk`]: constants are compared,
//!      numbers that measure keep their own rules, delimiters stand within `max`. What has a fixed size, and what a
//!      number measures, is passed unseen. Whatever makes the frame larger than the limit at the least is `TooLong`.
//! 2. **`decode` reads field by field in the order of the wire** and checks each as it is read: constants, digits,
//!    ranges, variants, UTF-8, JSON. A field that ends behind the frame is `Truncated`; bytes behind the last field are
//!    `Trailing`, said of that last field.
//! 3. **A number keeps its own rules where it stands**, with its own offset: first the range of `in`, then, if it says
//!    how long another field is, the `max` of that one: `TooLong`, and `TooShort` if an equation adds more than the
//!    number. A prefix in brackets belongs to its field, and so does the error.
//! 4. **An equation is checked at its number's field and offset**, `Mismatch`. If it counts up to the end of the message
//!    and starts no later than right behind the number, the frame says at once what it must be: it is checked when the
//!    number has been read. If it says how long a field is, it holds by construction. Every other one is checked when
//!    the last field that it measures has been read.
//!    A checksum is checked likewise, behind the equations: `Checksum`, when the last field that it covers has been read.
//! 5. **`if` decides when the field is reached, `where` is checked when the field has been read**, after its own rules and
//!    before the equations that end with it: `Condition`, at the field and where it starts.
//! 6. **A run of bits is one number**, read when its first field is. An error about one of its fields points at the first
//!    byte that holds bits of it. Constants of bits are looked at by `decode` alone: `ConstantBits`. An integer that
//!    escapes is refused where its base stands.
//! 7. **A constant is compared as the bytes that an encoder writes**, numbers too: `Constant`, at the first byte that
//!    differs.
//! 8. **Which of several messages it is comes before all else**, by the plan of [`crate::apart`]: `Stranger`, at the byte that
//!    no message has there. In a session that is `Unexpected`, and so is the byte of a message that is not legal in the state.

mod bits;
mod checksum;
mod decode;
mod encode;
mod envelope;
mod error;
mod float;
mod formula;
mod headers;
mod input;
mod json;
mod listener;
mod made;
mod number;
mod own;
mod recover;
mod show;
mod spell;
mod stage;
mod test;
#[cfg(test)]
mod tests;
mod trace;
mod via;
mod walk;

pub use envelope::Content;
pub use error::{EncodeError, EncodeFault, Error, Fault};
pub use input::{Input, Scan};
pub use listener::Listener;
pub use made::made_up;
pub use recover::Onward;
pub use stage::Stage;
pub use test::{CaseReport, Failure, TestReport, test};
pub use trace::{Found, Setter, Span, Trace};

use crate::ir::{Field, Formula, Layout, Message, Schema, Side, Type, Value};

/// Reads and writes one message of a schema.
#[derive(Debug, Clone, Copy)]
pub struct Interpreter<'s> {
    schema: &'s Schema,
    message: &'s Message,
    from: Side,
}

impl<'s> Interpreter<'s> {
    /// An interpreter of a message of `schema`.
    #[must_use]
    pub const fn new(schema: &'s Schema, message: &'s Message) -> Self {
        let from = match message.from {
            Some(from) => from,
            None => Side::Client,
        };
        Self { schema, message, from }
    }

    /// The same for messages that `side` sends: it makes a difference where a field is `= from(client)`. Without this,
    /// the client sends what both may send.
    #[must_use]
    pub const fn sent_by(self, side: Side) -> Self {
        Self { from: side, ..self }
    }

    /// Who sends the messages.
    #[must_use]
    pub const fn from(&self) -> Side {
        self.from
    }

    /// The message that it reads and writes.
    #[must_use]
    pub const fn message(&self) -> &'s Message {
        self.message
    }

    /// The path of the file that a layout of this name was imported from; none if it stands in the schema's own file.
    #[must_use]
    pub fn file(&self, layout: &str) -> Option<&'s str> {
        self.schema.structs.iter().find(|part| part.name == layout)?.file.as_deref()
    }

    /// Looks for the end of the first frame in `buf`, which starts where that frame does. What it has looked at is
    /// kept in `scan`: with more bytes behind the same ones, it goes on where it stopped.
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame.
    pub fn input(&self, scan: &mut Scan, buf: &[u8]) -> Result<Input, Error> {
        input::input(self, scan, buf)
    }

    /// Reads a whole frame.
    ///
    /// # Errors
    ///
    /// It breaks a rule of the schema.
    pub fn decode(&self, frame: &[u8]) -> Result<Value, Error> {
        decode::message(self, frame)
    }

    /// What follows a frame that [`input`](Self::input) or [`decode`](Self::decode) has refused, as `recover` says. `buf`
    /// starts where that frame does, which has so many bytes, if its end was found.
    #[must_use]
    pub fn onward(&self, error: &Error, frame: Option<usize>, buf: &[u8]) -> Onward {
        recover::onward(self, error, frame, buf)
    }

    /// Reads a whole frame as [`decode`](Self::decode) does, and tells what stands where in it; of a bad one, up to the
    /// mistake.
    #[must_use]
    pub fn trace(&self, frame: &[u8]) -> Trace {
        trace::Recorder::default().record(|recorder| decode::recorded(self, frame, true, Some(recorder)))
    }

    /// Tells what stands where in a frame that has not arrived whole; what its end would say of it is not checked.
    #[must_use]
    pub fn trace_start(&self, start: &[u8]) -> Trace {
        trace::Recorder::default().record(|recorder| decode::recorded(self, start, false, Some(recorder)))
    }

    /// Writes a message.
    ///
    /// # Errors
    ///
    /// A value breaks a rule of the schema, or is none of this message.
    pub fn encode(&self, value: &Value) -> Result<Vec<u8>, EncodeError> {
        encode::message(self, value)
    }

    /// A message as Rust's `Debug` prints the struct that is generated for it.
    #[must_use]
    pub fn show(&self, value: &Value) -> String {
        show::message(self, value)
    }
}

/// Whether an element of a list is the one that its condition takes for the last: for tests that need a legal value.
#[must_use]
pub fn ends_list(schema: &Schema, condition: &Formula, element: &Type, item: &Value) -> bool {
    formula::meets(schema, condition, (item, element))
}

/// The bytes of a field that the schema fixes.
pub(crate) fn constant(schema: &Schema, field: &Field) -> Vec<u8> {
    encode::constant(schema, field)
}

/// Whether the type of the user's that a field is held as takes a value, as far as it was lent: for tests that need a legal
/// value.
#[must_use]
pub fn takes(schema: &Schema, field: &Field, value: &Value) -> bool {
    !matches!(own::meant(schema, field, value), Some(Err(_)))
}

/// What is known of a layout while it is made up: for tests that need a legal value.
#[derive(Debug, Clone, Copy)]
pub struct Known<'k> {
    /// The schema.
    pub schema: &'k Schema,
    /// The layout.
    pub layout: &'k Layout,
    /// The values of its fields by index, as far as there are any.
    pub fields: &'k [Option<Value>],
    /// The values of its parameters.
    pub params: &'k [Value],
}

impl Known<'_> {
    /// Whether a condition holds.
    #[must_use]
    pub fn holds(&self, condition: &Formula) -> bool {
        self.inner().holds(condition)
    }

    /// What is handed to the struct of a field; of a union that is given its value, that first.
    #[must_use]
    pub fn arguments(&self, args: &[Formula]) -> Vec<Value> {
        self.inner().arguments(args)
    }

    /// How long something is, as a formula says.
    #[must_use]
    pub fn length(&self, formula: &Formula) -> u64 {
        self.inner().length(formula).unwrap_or_default()
    }

    const fn inner(&self) -> formula::Known<'_> {
        formula::Known { schema: self.schema, layout: self.layout, fields: self.fields, params: self.params }
    }
}

/// A line of a schema: what an error is about.
#[derive(Debug, Clone, Copy)]
struct Place<'s> {
    layout: &'s str,
    field: &'s str,
    line: u32,
}

impl<'s> Place<'s> {
    fn new(layout: &'s Layout, field: &'s Field) -> Self {
        Self { layout: &layout.name, field: &field.name, line: field.line }
    }

    /// What an error is about that concerns a layout as a whole: its tag, or its first field.
    fn first(layout: &'s Layout) -> Self {
        match (&layout.choice, layout.fields.first()) {
            (None, Some(field)) => Self::new(layout, field),
            _ => Self { layout: &layout.name, field: "tag", line: layout.line },
        }
    }

    fn error(self, offset: usize, fault: Fault) -> Error {
        Error { layout: self.layout.into(), field: self.field.into(), line: self.line, offset, fault }
    }

    fn refuse(self, fault: EncodeFault) -> EncodeError {
        EncodeError { layout: self.layout.into(), field: self.field.into(), fault }
    }
}
