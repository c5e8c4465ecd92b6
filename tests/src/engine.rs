//! One implementation of a message's codec, whatever made it.

use bytes::BytesMut;
use std::{fmt, marker::PhantomData};
use wm_core::protocol::{DecodeError, Decoded, Duplex, EncodeError, Input, Message, Protocol};
use wm_schema::interp;
use wm_schema::ir::{Envelope, Schema};

/// Reads and writes one message.
pub trait Engine {
    /// What it is, for the report of a failure.
    fn name(&self) -> &'static str;

    /// Whether each frame is a datagram.
    fn is_of_datagrams(&self) -> bool;

    /// A connection that has received nothing yet.
    fn framer(&self) -> Box<dyn Framer + '_>;

    /// Reads a frame and writes its message again.
    ///
    /// # Errors
    ///
    /// The frame breaks a rule of the schema.
    fn decode(&self, frame: &[u8]) -> Result<Read, Mistake>;
}

/// How far a connection has looked for the end of its frame.
pub trait Framer {
    /// Looks for the end of the first frame, as [`Protocol::input`] does.
    ///
    /// # Errors
    ///
    /// The bytes cannot be the start of a frame.
    fn input(&mut self, buf: &[u8]) -> Result<Input, Mistake>;
}

/// A message that has been read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Read {
    /// Its `Debug`.
    pub shown: String,
    /// What is sent for it.
    pub sent: Result<Vec<u8>, Refusal>,
}

/// What was wrong with received bytes, and where: what all engines agree on. The numbers in it depend on how much had
/// arrived when it was found.
#[derive(Clone, PartialEq, Eq)]
pub struct Mistake {
    /// `Message.field`.
    pub field: String,
    /// The line of the field in the schema.
    pub line: u32,
    /// In bytes from the start of the frame.
    pub offset: usize,
    /// The name of the fault.
    pub fault: String,
}

impl fmt::Debug for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} at {}: {} (line {})", self.field, self.offset, self.fault, self.line)
    }
}

impl From<DecodeError> for Mistake {
    fn from(error: DecodeError) -> Self {
        let fault = variant(&error.fault);
        assert!(!error.to_string().is_empty());
        Self { field: error.field.to_string(), line: error.field.line, offset: error.offset, fault }
    }
}

impl From<interp::Error> for Mistake {
    fn from(error: interp::Error) -> Self {
        let field = format!("{}.{}", error.layout, error.field);
        Self { field, line: error.line, offset: error.offset, fault: error.fault.name().to_owned() }
    }
}

/// Why a message that was read cannot be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// `Message.field`.
    pub field: String,
    /// The name of the fault.
    pub fault: String,
}

impl From<EncodeError> for Refusal {
    fn from(error: EncodeError) -> Self {
        Self { field: error.field.to_string(), fault: variant(&error.fault) }
    }
}

impl From<interp::EncodeError> for Refusal {
    fn from(error: interp::EncodeError) -> Self {
        Self { field: format!("{}.{}", error.layout, error.field), fault: error.fault.name().to_owned() }
    }
}

/// The name of the variant of an enum.
fn variant(value: &impl fmt::Debug) -> String {
    let shown = format!("{value:?}");
    let end = shown.find(|character: char| !character.is_alphanumeric()).unwrap_or(shown.len());
    shown[..end].to_owned()
}

/// What `encode` appends; it must leave alone what is there, and append nothing when it fails.
fn appended(encode: impl FnOnce(&mut BytesMut) -> Result<(), EncodeError>) -> Result<Vec<u8>, Refusal> {
    const BEFORE: &[u8] = b"before";
    let mut out = BytesMut::from(BEFORE);
    let result = encode(&mut out);
    let appended = out.strip_prefix(BEFORE).expect("what stood in the buffer is still there").to_vec();
    match result {
        Ok(()) => Ok(appended),
        Err(error) => {
            assert!(appended.is_empty(), "{error}, but {appended:?} was written");
            Err(error.into())
        }
    }
}

/// A message in Rust: generated or derived.
pub struct Rust<M> {
    name: &'static str,
    /// Where the lines of a derived message's fields stand: it knows of no file.
    twin: Option<&'static Schema>,
    message: PhantomData<fn(M)>,
}

impl<M> Rust<M> {
    /// The codec of `M`.
    #[must_use]
    pub const fn new(name: &'static str) -> Self {
        Self { name, twin: None, message: PhantomData }
    }

    /// The codec of `M`, derived to be the twin of a schema's message.
    #[must_use]
    pub const fn derived(twin: &'static Schema) -> Self {
        Self { name: "derived", twin: Some(twin), message: PhantomData }
    }
}

/// A mistake, with the line that its field has in the schema of which its message is the twin.
fn mistake(error: DecodeError, twin: Option<&'static Schema>) -> Mistake {
    let line = twin.and_then(|schema| {
        let message = schema.messages.iter().find(|message| message.layout.name == error.field.message);
        let outer = message.and_then(|message| message.frame_line()).filter(|_| error.field.name == Envelope::NAME);
        if outer.is_some() {
            return outer;
        }
        let layouts = schema.messages.iter().map(|message| &message.layout).chain(&schema.structs);
        let layout = layouts.into_iter().find(|layout| layout.name == error.field.message)?;
        // Reserved fields have one name: it is the last that can stand so far in front.
        let start = |at: usize| layout.fields[..at].iter().map(|field| field.size.least).sum::<u64>();
        let named = (0..layout.fields.len()).filter(|&at| layout.fields[at].name == error.field.name);
        let found: Vec<usize> = named.collect();
        let at = found.iter().rev().find(|&&at| start(at) <= error.offset as u64).or(found.first());
        let field = at.map(|&at| &layout.fields[at]);
        Some(field.map_or(layout.line, |field| field.line))
    });
    let mistake = Mistake::from(error);
    Mistake { line: line.unwrap_or(mistake.line), ..mistake }
}

impl<M> fmt::Debug for Rust<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name)
    }
}

impl<M: Message> Engine for Rust<M>
where
    for<'a> M::View<'a>: fmt::Debug,
{
    fn name(&self) -> &'static str {
        self.name
    }

    fn is_of_datagrams(&self) -> bool {
        M::OF_DATAGRAMS
    }

    fn framer(&self) -> Box<dyn Framer + '_> {
        Box::new(RustFramer::<M>(M::Scan::default(), self.twin))
    }

    fn decode(&self, frame: &[u8]) -> Result<Read, Mistake> {
        let mut frame = frame.to_vec();
        let view = M::decode(&mut frame).map_err(|error| mistake(error, self.twin))?;
        Ok(Read { shown: format!("{view:?}"), sent: appended(|out| M::encode(&view, out)) })
    }
}

struct RustFramer<M: Message>(M::Scan, Option<&'static Schema>);

impl<M: Message> Framer for RustFramer<M> {
    fn input(&mut self, buf: &[u8]) -> Result<Input, Mistake> {
        M::input(&mut self.0, buf).map_err(|error| mistake(error, self.1))
    }
}

/// The same through [`Duplex`]: a protocol whose sides send each other `M`.
pub struct Conversation<M>(PhantomData<fn(M)>);

impl<M> Default for Conversation<M> {
    fn default() -> Self {
        Self(PhantomData)
    }
}

impl<M> fmt::Debug for Conversation<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("duplex")
    }
}

impl<M: Message> Engine for Conversation<M>
where
    for<'a> M::View<'a>: fmt::Debug,
{
    fn name(&self) -> &'static str {
        "duplex"
    }

    fn is_of_datagrams(&self) -> bool {
        Duplex::<M>::OF_DATAGRAMS
    }

    fn framer(&self) -> Box<dyn Framer + '_> {
        Box::new(Duplex::<M>::default())
    }

    fn decode(&self, frame: &[u8]) -> Result<Read, Mistake> {
        let (mut frame, mut reply, mut sender) = (frame.to_vec(), BytesMut::new(), Duplex::<M>::default());
        let Decoded::Message(view) = Duplex::<M>::default().decode(&mut frame, &mut reply)? else {
            panic!("a message without a session is always for the handler");
        };
        assert!(reply.is_empty(), "nothing is answered without the handler");
        Ok(Read { shown: format!("{view:?}"), sent: appended(|out| sender.encode(&view, out)) })
    }
}

impl<M: Message> Framer for Duplex<M> {
    fn input(&mut self, buf: &[u8]) -> Result<Input, Mistake> {
        Ok(Protocol::input(self, buf)?)
    }
}
