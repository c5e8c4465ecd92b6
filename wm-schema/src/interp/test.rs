//! Runs the `test` blocks of a schema, each case cut at every byte, unless it is a datagram.

use super::stage::side_word;
use super::{EncodeError, EncodeFault, Error, Input, Listener, Scan, Stage, own};
use crate::ir::{Case, Expect, Schema, Value};
use std::fmt;

/// Runs the tests of a schema. With a session, each test is a conversation: what its cases say in order must be legal.
#[must_use]
pub fn test(schema: &Schema) -> TestReport {
    let mut cases = Vec::new();
    for test in &schema.tests {
        let mut stage = Stage::start(schema);
        cases.extend(test.cases.iter().map(|case| CaseReport {
            test: test.name.clone(),
            line: case.line,
            bytes: case.bytes.clone(),
            failure: one(schema, &mut stage, case).err(),
            left_open: left_open(schema, case),
        }));
    }
    TestReport { protocol: schema.name.clone(), cases, cut: !schema.is_of_datagrams() }
}

/// The paths of what is written in Rust and cannot be run here, of the message of a case, or of all that it could be.
fn left_open(schema: &Schema, case: &Case) -> Vec<String> {
    let messages = schema.messages.iter().enumerate().filter(|(at, _)| case.message.is_none_or(|own| own == *at));
    let mut paths: Vec<String> = messages.flat_map(|(_, message)| own::missing(schema, &message.layout)).collect();
    paths.sort();
    paths.dedup();
    paths
}

/// Runs a case; what is said in it leads to the next state of the session.
fn one(schema: &Schema, stage: &mut Option<Stage<'_>>, case: &Case) -> Result<(), Failure> {
    let Some(now) = stage else {
        return Listener::new(schema, case.from).map_or(Ok(()), |listener| run(&listener, case));
    };
    let who = side_word(case.from);
    let Some(listener) = now.listener(case.from) else {
        return match case.expect {
            Expect::Rejects(ref field) if field == who => Ok(()),
            _ => Err(Failure::new(format!("a message of the {who}"), format!("in `{}` it may send none", now.name()))),
        };
    };
    run(&listener, case)?;
    if let (Expect::Equals(value) | Expect::Decodes(value), Some(message)) = (&case.expect, case.message) {
        *stage = now.next(case.from, &Value::Arm(message, Box::new(value.clone())));
    }
    Ok(())
}

/// What became of the tests of a schema. Its `Display` is for a terminal.
#[derive(Debug, Clone)]
pub struct TestReport {
    /// The protocol.
    pub protocol: String,
    /// Every case, in source order.
    pub cases: Vec<CaseReport>,
    /// Whether each was cut at every byte. A datagram arrives whole.
    pub cut: bool,
}

impl TestReport {
    /// Whether every case passed.
    #[must_use]
    pub fn passed(&self) -> bool {
        self.failures() == 0
    }

    /// How many cases failed.
    #[must_use]
    pub fn failures(&self) -> usize {
        self.cases.iter().filter(|case| case.failure.is_some()).count()
    }
}

/// What became of one case.
#[derive(Debug, Clone)]
pub struct CaseReport {
    /// The test that it belongs to.
    pub test: String,
    /// Its line in the schema.
    pub line: u32,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What went wrong, if it did.
    pub failure: Option<Failure>,
    /// The paths of what is written in Rust and was not run: what that says of the bytes, the generated tests check.
    pub left_open: Vec<String>,
}

/// What a case expected, and what came instead.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    /// What was expected.
    pub expected: String,
    /// What came.
    pub found: String,
    /// The byte that it is about.
    pub offset: Option<usize>,
    /// After how many bytes the first read ended, if it was not the whole.
    pub split: Option<usize>,
    /// Whether the bytes were taken for a message, and should not have been.
    accepted: bool,
}

impl Failure {
    fn new(expected: impl Into<String>, found: impl Into<String>) -> Self {
        Self { expected: expected.into(), found: found.into(), offset: None, split: None, accepted: false }
    }

    fn refused(expected: impl Into<String>, error: &Error) -> Self {
        Self { offset: Some(error.offset), ..Self::new(expected, error.to_string()) }
    }

    fn at(mut self, offset: usize) -> Self {
        self.offset = Some(offset);
        self
    }

    fn split(mut self, split: usize, whole: usize) -> Self {
        self.split = (split < whole).then_some(split);
        self
    }
}

fn run(listener: &Listener<'_>, case: &Case) -> Result<(), Failure> {
    let bytes = &case.bytes;
    // Whole first: a mistake that has nothing to do with a cut is not told of one.
    let least = if listener.schema.is_of_datagrams() { bytes.len() } else { 0 };
    for split in (least..=bytes.len()).rev() {
        let result = match &case.expect {
            Expect::Equals(_) | Expect::Decodes(_) => whole(listener, bytes, split),
            Expect::Rejects(field) => match rejected(listener, bytes, split, field) {
                // What is written in Rust may refuse it.
                Err(failure) if failure.accepted && !left_open(listener.schema, case).is_empty() => Ok(()),
                judged => judged,
            },
            Expect::Needs(missing) => cut(listener, bytes, split, *missing),
        };
        result.map_err(|failure| failure.split(split, bytes.len()))?;
    }
    let (Expect::Equals(expected) | Expect::Decodes(expected)) = &case.expect else { return Ok(()) };
    let expected = Value::Arm(case.message.unwrap_or_default(), Box::new(expected.clone()));
    let shown = show(listener, &expected);
    let value = listener.decode(bytes).map_err(|error| Failure::refused(&shown, &error))?;
    let open = case.message.map(|at| own::missing(listener.schema, &listener.schema.messages[at].layout));
    let open = open.is_some_and(|paths| !paths.is_empty());
    // What is transformed by Rust is seen as it stands on the wire.
    if value != expected && !open {
        return Err(Failure::new(shown, show(listener, &value)));
    }
    if matches!(case.expect, Expect::Decodes(_)) {
        return Ok(());
    }
    let wire = match listener.encode(&expected) {
        Err(EncodeError { fault: EncodeFault::NotLent { .. }, .. }) => return Ok(()),
        wire => wire.map_err(|error| Failure::new(hex(bytes), format!("{shown}: {error}")))?,
    };
    if wire == *bytes {
        return Ok(());
    }
    let same = wire.iter().zip(bytes).take_while(|(found, expected)| found == expected).count();
    Err(Failure::new(format!("{shown} is sent as {}", hex(bytes)), hex(&wire)).at(same))
}

/// The message, without the word which of several it is.
fn show(listener: &Listener<'_>, value: &Value) -> String {
    match value {
        Value::Arm(message, value) => listener.interpreter(*message).show(value),
        value => listener.show(value),
    }
}

/// Gives the bytes in two reads and says what came of the second.
fn two_reads(listener: &Listener<'_>, bytes: &[u8], split: usize) -> Result<Input, Error> {
    let mut scan = Scan::default();
    match listener.input(&mut scan, &bytes[..split])? {
        Input::Need(_) | Input::UntilEnd => listener.input(&mut scan, bytes),
        frame @ Input::Frame(_) => Ok(frame),
    }
}

/// The bytes must be one frame.
fn whole(listener: &Listener<'_>, bytes: &[u8], split: usize) -> Result<(), Failure> {
    let expected = format!("a frame of {} bytes", bytes.len());
    match two_reads(listener, bytes, split) {
        Ok(Input::UntilEnd) => Ok(()),
        Ok(Input::Frame(len)) if len == bytes.len() => Ok(()),
        Ok(Input::Frame(len)) => Err(Failure::new(expected, format!("a frame of {len} bytes")).at(len)),
        Ok(Input::Need(missing)) => Err(Failure::new(expected, needs(missing)).at(bytes.len())),
        Err(error) => Err(Failure::refused(expected, &error)),
    }
}

/// The bytes must be refused, wherever they are cut, at the field.
fn rejected(listener: &Listener<'_>, bytes: &[u8], split: usize, field: &str) -> Result<(), Failure> {
    let expected = format!("refused at `{field}`");
    let error = match two_reads(listener, bytes, split) {
        Err(error) => error,
        Ok(Input::Need(missing)) => return Err(Failure::new(expected, needs(missing)).at(bytes.len())),
        Ok(ended) => {
            let len = if let Input::Frame(len) = ended { len } else { bytes.len() };
            match listener.decode(&bytes[..len]) {
                Err(error) => error,
                Ok(value) => return Err(Failure { accepted: true, ..Failure::new(expected, show(listener, &value)) }),
            }
        }
    };
    if *error.field == *field { Ok(()) } else { Err(Failure::refused(expected, &error)) }
}

/// The bytes must be incomplete, and so must every prefix of them be.
fn cut(listener: &Listener<'_>, bytes: &[u8], split: usize, missing: u64) -> Result<(), Failure> {
    let expected = needs(usize::try_from(missing).unwrap_or(usize::MAX));
    match two_reads(listener, bytes, split) {
        Ok(Input::Need(found)) if found as u64 == missing => Ok(()),
        Ok(Input::Need(found)) => Err(Failure::new(expected, needs(found))),
        Ok(Input::UntilEnd) => Err(Failure::new(expected, "a message, if the connection ends here").at(bytes.len())),
        Ok(Input::Frame(len)) => Err(Failure::new(expected, format!("a frame of {len} bytes")).at(len)),
        Err(error) => Err(Failure::refused(expected, &error)),
    }
}

fn needs(missing: usize) -> String {
    format!("needs {missing}")
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

impl fmt::Display for TestReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for cases in self.cases.chunk_by(|one, next| one.test == next.test) {
            let failed = cases.iter().any(|case| case.failure.is_some());
            let verdict = if failed { "FAILED" } else { "ok" };
            let test = cases.first().map_or("", |case| &case.test);
            let splits: usize = cases.iter().map(|case| case.bytes.len() + 1).sum();
            let plural = if cases.len() == 1 { "" } else { "s" };
            let cut = if self.cut { format!(", cut at {splits} places") } else { String::new() };
            writeln!(f, "test {test:?}: {verdict} ({} case{plural}{cut})", cases.len())?;
            cases.iter().try_for_each(|case| case.fmt(f))?;
        }
        let (cases, failures) = (self.cases.len(), self.failures());
        writeln!(f, "{}: {} passed, {failures} failed", self.protocol, cases - failures)?;
        let mut open: Vec<String> = self.cases.iter().flat_map(|case| &case.left_open).cloned().collect();
        open.sort();
        open.dedup();
        let open: Vec<String> = open.iter().map(|path| format!("`{path}`")).collect();
        match open.is_empty() {
            true => Ok(()),
            false => writeln!(f, "left to the generated tests, because it is written in Rust: {}", open.join(", ")),
        }
    }
}

impl fmt::Display for CaseReport {
    /// Says what went wrong; nothing if the case passed.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(failure) = &self.failure else { return Ok(()) };
        write!(f, "  line {}", self.line)?;
        match failure.split {
            Some(split) => writeln!(f, ", when the first read ends after {split} bytes:")?,
            None => writeln!(f, ":")?,
        }
        writeln!(f, "    expected  {}", failure.expected)?;
        writeln!(f, "    found     {}", failure.found)?;
        dump(f, &self.bytes, failure.offset)
    }
}

/// Sixteen bytes a line; of a long input only the lines around the mark.
fn dump(f: &mut fmt::Formatter<'_>, bytes: &[u8], mark: Option<usize>) -> fmt::Result {
    const LINES: usize = 8;
    let marked = mark.map(|mark| mark / 16);
    let from = marked.unwrap_or(0).saturating_sub(LINES / 2);
    // A mark right behind the last byte has a line even if that is empty.
    let lines = bytes.len().div_ceil(16).max(marked.map_or(1, |line| line + 1));
    for line in from..lines.min(from + LINES) {
        let chunk = bytes.get(line * 16..).map_or(&[][..], |rest| &rest[..rest.len().min(16)]);
        let text: String =
            chunk.iter().map(|byte| if byte.is_ascii_graphic() { char::from(*byte) } else { '.' }).collect();
        writeln!(f, "    {:08x}  {:<47}  {text}", line * 16, hex(chunk))?;
        if let Some(mark) = mark.filter(|_| marked == Some(line)) {
            writeln!(f, "    {:>8}  {:>width$}", "", "^^", width = (mark % 16) * 3 + 2)?;
        }
    }
    Ok(())
}
