//! What the laws are about: each message of each protocol, with all engines that speak it.

use crate::engine::{Conversation, Engine, Read, Rust};
use crate::oracle::Oracle;
use crate::staged::{self, In, Place};
use crate::vectors::Vector;
use crate::{derived, loopback, schemas};
use std::fmt;
use wm_core::protocol::{self, FromClient, FromServer, Input, Message, Staged};
use wm_schema::interp::Stage;
use wm_schema::ir::{Schema, Side, Value};

/// One direction of a protocol.
pub struct Subject {
    /// The name of the protocol.
    pub protocol: &'static str,
    /// Who sends what is tested.
    pub side: Side,
    /// In which state of its session, if it has one.
    pub state: Option<String>,
    /// Its schema.
    pub schema: &'static Schema,
    /// The schema, run as it is.
    pub oracle: Oracle,
    /// All engines, the oracle among them.
    pub engines: Vec<Box<dyn Engine>>,
    /// Sends the messages of good frames from a generated client to a generated server and back: what came.
    pub echoed: fn(&[Vec<u8>]) -> Vec<Read>,
    /// Looks for the end of a frame and reads it in Rust, and nothing else; whether it is a good one.
    pub read: fn(&mut [u8]) -> bool,
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} from {:?}", self.protocol, self.side)?;
        self.state.iter().try_for_each(|state| write!(f, " in {state}"))
    }
}

/// A subject with the engines of a message in Rust, or of an enum of several, made from `schema`.
fn subject<M: Message>(protocol: &'static str, schema: &'static Schema, side: Side) -> Subject
where
    for<'a> M::View<'a>: fmt::Debug,
{
    with::<M>(protocol, schema, side, Oracle::new(schema, side), loopback::echoed::<M>)
}

/// A subject with this oracle.
fn with<M: Message>(
    protocol: &'static str,
    schema: &'static Schema,
    side: Side,
    oracle: Oracle,
    echoed: fn(&[Vec<u8>]) -> Vec<Read>,
) -> Subject
where
    for<'a> M::View<'a>: fmt::Debug,
{
    let engines: Vec<Box<dyn Engine>> =
        vec![Box::new(oracle.clone()), Box::new(Rust::<M>::new("generated")), Box::new(Conversation::<M>::default())];
    Subject { protocol, side, state: None, schema, oracle, engines, echoed, read: read::<M> }
}

fn read<M: Message>(frame: &mut [u8]) -> bool {
    let whole = match M::input(&mut M::Scan::default(), frame) {
        Ok(Input::Frame(len)) => len == frame.len(),
        Ok(Input::UntilEnd) => true,
        Ok(Input::Need(_)) | Err(_) => false,
    };
    whole && M::decode(frame).is_ok()
}

impl Subject {
    /// Whether a vector is about it.
    #[must_use]
    pub fn is_of(&self, vector: &Vector) -> bool {
        (self.protocol, self.side, &self.state) == (vector.protocol.as_str(), vector.side, &vector.state)
    }

    /// A message out of bytes.
    #[must_use]
    pub fn message(&self, entropy: &[u8]) -> Value {
        self.oracle.message(self.schema, entropy)
    }
}

/// What a side says in a state of a session.
fn in_state<P: Place>(protocol: &'static str, side: Side) -> Subject
where
    for<'a> <P::Said as Staged>::View<'a>: fmt::Debug,
{
    let (schema, name) = (schemas::load(protocol), format!("{:?}", P::STATE));
    let stage = Stage::start(schema).and_then(|stage| stage.named(&name)).expect("a state of the schema");
    let oracle = Oracle::InState(stage, side);
    Subject { state: Some(name), ..with::<In<P>>(protocol, schema, side, oracle, loopback::echoed::<In<P>>) }
}

/// One of `schemas/`, with its generated code: made by this crate, or the one that the core comes with.
fn generated<M: Message>(protocol: &'static str, side: Side) -> Subject
where
    for<'a> M::View<'a>: fmt::Debug,
{
    subject::<M>(protocol, schemas::load(protocol), side)
}

/// One of `schemas/` whose messages are datagrams, with its generated code.
fn in_datagrams<M: Message>(protocol: &'static str, side: Side) -> Subject
where
    for<'a> M::View<'a>: fmt::Debug,
{
    let schema = schemas::load(protocol);
    with::<M>(protocol, schema, side, Oracle::new(schema, side), loopback::echoed_in_datagrams::<M>)
}

/// Every message of every protocol.
#[must_use]
pub fn all() -> Vec<Subject> {
    use Side::{Client, Server};
    use schemas::*;
    let subjects = vec![
        generated::<text::Line<'static>>("text", Client),
        generated::<frame::Frame<'static>>("frame", Client),
        generated::<jsonl::Line<'static>>("jsonl", Client),
        generated::<len_json::Packet<'static>>("len_json", Client),
        generated::<netstring::Netstring<'static>>("netstring", Client),
        generated::<xml10::Packet<'static>>("xml10", Client),
        generated::<cache::Set<'static>>("cache", Client),
        generated::<cache::Found<'static>>("cache", Server),
        generated::<checksums::Packet<'static>>("checksums", Client),
        generated::<checksums::Line<'static>>("checksums", Server),
        generated::<sections::Book<'static>>("sections", Client),
        generated::<sections::Index<'static>>("sections", Server),
        generated::<absent::Request<'static>>("absent", Client),
        generated::<absent::Row<'static>>("absent", Server),
        generated::<resp2::Command<'static>>("resp2", Client),
        generated::<resp2::Reply<'static>>("resp2", Server),
        generated::<nested::Say<'static>>("nested", Client),
        generated::<nested::Tree<'static>>("nested", Server),
        generated::<turns::Request<'static>>("turns", Client),
        generated::<turns::Reply<'static>>("turns", Server),
        generated::<sentinels::Upload<'static>>("sentinels", Client),
        generated::<sentinels::Reply<'static>>("sentinels", Server),
        generated::<binary_transfer::Upload<'static>>("binary_transfer", Client),
        generated::<binary_transfer::Done<'static>>("binary_transfer", Server),
        generated::<text_transfer::Upload<'static>>("text_transfer", Client),
        generated::<text_transfer::Done<'static>>("text_transfer", Server),
        generated::<upload::Upload<'static>>("upload", Client),
        generated::<choices::Packet<'static>>("choices", Client),
        generated::<choices::Reply<'static>>("choices", Server),
        generated::<mqtt::Packet<'static>>("mqtt", Client),
        generated::<http1::Request<'static>>("http1", Client),
        generated::<http1::Response<'static>>("http1", Server),
        generated::<words::Ask<'static>>("words", Client),
        generated::<words::Told<'static>>("words", Server),
        generated::<conditions::Packet<'static>>("conditions", Client),
        generated::<conditions::Done<'static>>("conditions", Server),
        generated::<every_type::Numbers>("every_type", Client),
        generated::<every_type::Shapes<'static>>("every_type", Server),
        generated::<externs::Visit<'static>>("externs", Client),
        generated::<externs::Packed<'static>>("externs", Server),
        generated::<names::Result<'static>>("names", Client),
        generated::<names::Message<'static>>("names", Server),
        generated::<recover::Sample<'static>>("recover", Client),
        generated::<delimiters::ClientMessage<'static>>("delimiters", Client),
        generated::<delimiters::Line<'static>>("delimiters", Server),
        generated::<connect::Connect<'static>>("connect", Client),
        generated::<connect::Row<'static>>("connect", Server),
        generated::<bits::Sizes<'static>>("bits", Client),
        generated::<bits::Counted<'static>>("bits", Server),
        generated::<bits_lsb::Packed<'static>>("bits_lsb", Client),
        generated::<bits_lsb::Counted<'static>>("bits_lsb", Server),
        generated::<dns_tcp::Message<'static>>("dns_tcp", Client),
        generated::<pointers::Table<'static>>("pointers", Client),
        generated::<pointers::Tree<'static>>("pointers", Server),
        generated::<attributes::Ask<'static>>("attributes", Client),
        generated::<attributes::Reply<'static>>("attributes", Server),
        generated::<tags::Ask<'static>>("tags", Client),
        generated::<tags::Reply<'static>>("tags", Server),
        generated::<talk::ClientMessage<'static>>("talk", Client),
        generated::<talk::ServerMessage<'static>>("talk", Server),
        generated::<imports::Hello<'static>>("imports", Client),
        generated::<regions::Record<'static>>("regions", Client),
        generated::<regions::Batch<'static>>("regions", Server),
        generated::<elements::Table<'static>>("elements", Client),
        generated::<elements::Sheet<'static>>("elements", Server),
        generated::<pdl_bits::Packet<'static>>("pdl_bits", Client),
        generated::<pdl_arrays::Packet<'static>>("pdl_arrays", Client),
        generated::<pdl_payloads::Packet<'static>>("pdl_payloads", Client),
        generated::<FromClient<websocket_frame::Frame<'static>>>("websocket_frame", Client),
        generated::<FromServer<websocket_frame::Frame<'static>>>("websocket_frame", Server),
        generated::<telemetry::Packet<'static>>("telemetry", Client),
        generated::<versions::Report<'static>>("versions", Client),
        generated::<versions::Answer<'static>>("versions", Server),
    ];
    subjects.into_iter().chain(framed_otherwise()).chain(built_in()).chain(in_sessions()).map(with_twin).collect()
}

/// Messages in envelopes, in streams, and to the end of the connection; and what came to the language with them.
fn framed_otherwise() -> Vec<Subject> {
    use Side::{Client, Server};
    use schemas::*;
    vec![
        in_datagrams::<beacon::Seek<'static>>("beacon", Client),
        in_datagrams::<beacon::ServerMessage<'static>>("beacon", Server),
        generated::<slip::Packet<'static>>("slip", Client),
        generated::<slip::Done<'static>>("slip", Server),
        generated::<cobs::Sample<'static>>("cobs", Client),
        generated::<cobs::Blob<'static>>("cobs", Server),
        generated::<lines::Command<'static>>("lines", Client),
        generated::<lines::Answer<'static>>("lines", Server),
        generated::<braces::Request<'static>>("braces", Client),
        generated::<braces::Reply<'static>>("braces", Server),
        generated::<FromClient<websocket::Frame<'static>>>("websocket", Client),
        generated::<FromServer<websocket::Frame<'static>>>("websocket", Server),
        generated::<spellings::ClientMessage<'static>>("spellings", Client),
        generated::<spellings::Reply<'static>>("spellings", Server),
        generated::<lengths::Parts<'static>>("lengths", Client),
        generated::<lengths::Packet<'static>>("lengths", Server),
        generated::<transforms::Secret<'static>>("transforms", Client),
        generated::<transforms::ServerMessage<'static>>("transforms", Server),
        generated::<streams::Put<'static>>("streams", Client),
        generated::<streams::Got<'static>>("streams", Server),
        generated::<chunks::Feed<'static>>("chunks", Client),
        generated::<chunks::Blob<'static>>("chunks", Server),
        generated::<endings::Put<'static>>("endings", Client),
        generated::<endings::ServerMessage<'static>>("endings", Server),
        generated::<finger::Ask<'static>>("finger", Client),
        generated::<finger::Answer<'static>>("finger", Server),
        generated::<pour::Feed<'static>>("pour", Client),
        generated::<pour::Page<'static>>("pour", Server),
        generated::<blocks::Block<'static>>("blocks", Client),
        generated::<blocks::Page<'static>>("blocks", Server),
    ]
}

/// The protocols that the runtime brings.
fn built_in() -> Vec<Subject> {
    vec![
        generated::<protocol::text::Line<'static>>("text", Side::Client),
        generated::<protocol::frame::Frame<'static>>("frame", Side::Client),
        generated::<protocol::jsonl::Line<'static>>("jsonl", Side::Client),
    ]
}

/// What is said in the states of sessions.
fn in_sessions() -> Vec<Subject> {
    use Side::{Client, Server};
    vec![
        in_state::<staged::door::Greet>("door", Client),
        in_state::<staged::door::Choose>("door", Server),
        in_state::<staged::door::Prove>("door", Client),
        in_state::<staged::door::Check>("door", Server),
        in_state::<staged::door::Asks>("door", Client),
        in_state::<staged::door::Leaves>("door", Server),
        in_state::<staged::door::Reply>("door", Server),
        in_state::<staged::mail::Banner>("mail", Server),
        in_state::<staged::mail::Ready>("mail", Client),
        in_state::<staged::mail::Body>("mail", Client),
        in_state::<staged::bidding::Open>("bidding", Client),
        in_state::<staged::bidding::Hammer>("bidding", Server),
        in_state::<staged::socks5::Greet>("socks5", Client),
        in_state::<staged::socks5::Choose>("socks5", Server),
        in_state::<staged::socks5::Auth>("socks5", Client),
        in_state::<staged::socks5::Check>("socks5", Server),
        in_state::<staged::socks5::Ready>("socks5", Client),
        in_state::<staged::socks5::Dial>("socks5", Server),
    ]
}

/// With the derived message that must be its twin, where there is one.
fn with_twin(mut subject: Subject) -> Subject {
    let state = subject.state.as_deref();
    subject.engines.extend(derived::twin(subject.protocol, subject.side, state, subject.schema));
    subject
}

/// The messages of one protocol.
#[must_use]
pub fn of(protocol: &str) -> Vec<Subject> {
    all().into_iter().filter(|subject| subject.protocol == protocol).collect()
}
