//! The next message of a stream of bytes, of those that may stand there.

use wm_schema::draft::Side;
use wm_schema::interp::{Error, Input, Interpreter, Onward, Scan};
use wm_schema::ir::Schema;

/// The messages that may stand in a stream.
#[derive(Debug, Clone)]
pub(crate) struct Frames<'s> {
    candidates: Vec<Candidate<'s>>,
}

/// A message from a side: one that both send may tell them apart.
#[derive(Debug, Clone)]
struct Candidate<'s> {
    interpreter: Interpreter<'s>,
    from: Side,
    scan: Scan,
}

impl<'s> Candidate<'s> {
    fn name(&self) -> &'s str {
        &self.interpreter.message().layout.name
    }
}

/// What stands at the start of bytes.
#[derive(Debug)]
pub(crate) enum Next<'s> {
    /// A good frame of this message and size.
    Frame(Interpreter<'s>, usize),
    /// The start of this message; at least so many bytes are missing.
    Need(Interpreter<'s>, usize),
    /// This message, if the stream ends here; whether it does is not known.
    Open(Interpreter<'s>),
    /// None of this message, and the size of its frame if its end was found.
    Bad(Interpreter<'s>, Error, Option<usize>),
}

/// A frame of a stream, or what stands where one should.
#[derive(Debug)]
pub(crate) struct Part<'s> {
    /// Where it starts in the stream.
    pub(crate) at: usize,
    /// Where it ends.
    pub(crate) end: usize,
    /// What it is.
    pub(crate) what: Next<'s>,
    /// Whether it is a bad frame that is thrown away: the next one is found.
    pub(crate) skipped: bool,
}

impl<'s> Frames<'s> {
    /// Any message of the schema.
    pub(crate) fn any(schema: &'s Schema) -> Self {
        let sent = |from: Side| {
            let messages = schema.messages.iter().filter(move |message| message.from.is_none_or(|by| by == from));
            messages.map(move |message| Candidate {
                interpreter: Interpreter::new(schema, message).sent_by(from),
                from,
                scan: Scan::default(),
            })
        };
        Self { candidates: sent(Side::Client).chain(sent(Side::Server)).collect() }
    }

    /// These messages of a side, by their places.
    pub(crate) fn these(schema: &'s Schema, from: Side, messages: &[usize]) -> Self {
        let candidate = |index: &usize| Candidate {
            interpreter: Interpreter::new(schema, &schema.messages[*index]).sent_by(from),
            from,
            scan: Scan::default(),
        };
        Self { candidates: messages.iter().map(candidate).collect() }
    }

    /// Only those that `side` sends.
    pub(crate) fn sent_by(mut self, side: Side) -> Self {
        self.candidates.retain(|candidate| candidate.from == side);
        self
    }

    /// Only those of this name.
    pub(crate) fn named(mut self, name: &str) -> Self {
        self.candidates.retain(|candidate| candidate.name() == name);
        self
    }

    /// The names of the messages.
    pub(crate) fn names(&self) -> Vec<&'s str> {
        distinct(self.candidates.iter().map(Candidate::name))
    }

    /// What stands at the start of `bytes`: a good frame before one that is not complete, and that before the mistake
    /// that comes last. None if no message may stand here, or nothing is left. With more bytes behind the same ones it
    /// goes on where it stopped. `ended` says that none will come.
    pub(crate) fn next(&mut self, bytes: &[u8], ended: bool) -> Option<Next<'s>> {
        if bytes.is_empty() {
            return None;
        }
        let read = |candidate: &mut Candidate<'s>| look(candidate.interpreter, &mut candidate.scan, bytes, ended);
        let all = self.candidates.iter_mut().map(read);
        let next = all.min_by_key(|next| match next {
            Next::Frame(..) => (0, 0),
            Next::Need(..) | Next::Open(_) => (1, 0),
            Next::Bad(_, error, _) => (2, usize::MAX - error.offset),
        });
        if !matches!(next, Some(Next::Need(..) | Next::Open(_))) {
            self.candidates.iter_mut().for_each(|candidate| candidate.scan = Scan::default());
        }
        next
    }

    /// What a datagram holds, which is one message; none if no message may come, or the datagram is empty.
    pub(crate) fn datagram(&self, bytes: &[u8]) -> Option<Next<'s>> {
        let all = self.candidates.iter().filter(|_| !bytes.is_empty());
        let all = all.map(|candidate| whole(candidate.interpreter, bytes));
        all.min_by_key(|next| match next {
            Next::Bad(_, error, _) => (1, usize::MAX - error.offset),
            Next::Frame(..) | Next::Need(..) | Next::Open(_) => (0, 0),
        })
    }

    /// All frames of a stream of which no more is known, and what is left behind the last; `ended` says that there is no more.
    pub(crate) fn split(mut self, bytes: &[u8], ended: bool) -> Vec<Part<'s>> {
        let mut parts = Vec::new();
        let mut at = 0;
        while let Some(what) = self.next(&bytes[at..], ended) {
            let (end, good, goes_on) = match &what {
                Next::Frame(interpreter, size) => (at + size, interpreter.message().from, true),
                Next::Need(..) | Next::Open(_) => (bytes.len(), None, false),
                Next::Bad(interpreter, error, size) => match interpreter.onward(error, *size, &bytes[at..]) {
                    Onward::Next(skipped) => (at + skipped, None, true),
                    Onward::Close | Onward::More => (size.map_or(bytes.len(), |size| at + size), None, false),
                },
            };
            let skipped = goes_on && matches!(what, Next::Bad(..));
            parts.push(Part { at, end, what, skipped });
            if !goes_on {
                break;
            }
            // A stream has one sender.
            if let Some(side) = good {
                self = self.sent_by(side);
            }
            at = end;
        }
        parts
    }

    /// Of which messages `bytes` starts with a good frame.
    pub(crate) fn fitting(&self, bytes: &[u8]) -> Vec<&'s str> {
        let fits = |candidate: &&Candidate<'s>| {
            matches!(look(candidate.interpreter, &mut Scan::default(), bytes, true), Next::Frame(..))
        };
        distinct(self.candidates.iter().filter(fits).map(Candidate::name))
    }
}

/// Each name once.
fn distinct<'s>(names: impl Iterator<Item = &'s str>) -> Vec<&'s str> {
    let mut distinct = Vec::new();
    for name in names {
        if !distinct.contains(&name) {
            distinct.push(name);
        }
    }
    distinct
}

fn look<'s>(interpreter: Interpreter<'s>, scan: &mut Scan, bytes: &[u8], ended: bool) -> Next<'s> {
    let size = match interpreter.input(scan, bytes) {
        Err(error) => return Next::Bad(interpreter, error, None),
        Ok(Input::Need(missing)) => return Next::Need(interpreter, missing),
        Ok(Input::UntilEnd) if !ended => return Next::Open(interpreter),
        Ok(Input::UntilEnd) => bytes.len(),
        Ok(Input::Frame(size)) => size,
    };
    match interpreter.decode(&bytes[..size]) {
        Ok(_) => Next::Frame(interpreter, size),
        Err(error) => Next::Bad(interpreter, error, Some(size)),
    }
}

/// The same of a datagram: nothing comes behind it, and nothing may be left of it.
fn whole<'s>(interpreter: Interpreter<'s>, bytes: &[u8]) -> Next<'s> {
    let limited = interpreter.input(&mut Scan::default(), bytes);
    match limited.and_then(|_| interpreter.decode(bytes)) {
        Ok(_) => Next::Frame(interpreter, bytes.len()),
        Err(error) => Next::Bad(interpreter, error, Some(bytes.len())),
    }
}

/// The word for a side.
pub(crate) const fn side_word(side: Side) -> &'static str {
    match side {
        Side::Client => "client",
        Side::Server => "server",
    }
}
