//! Two versions of a schema: which bytes does one side send that the other refuses, or reads as something else?
//!
//! ```text
//!   messages made up by the sender's schema ──encode──> bytes ──decode by the receiver's schema──> the same meaning?
//!        (search)                                                                            (meaning)
//! ```
//!
//! Nothing is proven: what was tried is told. What is found is a real example, the least of its kind.

mod meaning;
mod search;

use crate::interp::{Input, Interpreter, Listener, Scan, Stage};
use crate::ir::{Schema, Side, Value};
use meaning::Meaning;
use std::collections::{BTreeMap, BTreeSet};

/// How many times a pair of states is gone through, with other things remembered each time.
const MEMORIES_MAX: usize = 8;

/// How much is tried.
#[derive(Debug, Clone, Copy)]
pub struct Effort {
    /// How many messages of each kind are made up at random, beside those at the edges.
    pub random: usize,
    /// How often at most a value of them is put to an edge.
    pub variations: usize,
    /// What they are made up from.
    pub seed: u64,
}

/// Which version sends, and which receives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Way {
    /// An old peer sends to a new one.
    OldToNew,
    /// A new peer sends to an old one.
    NewToOld,
}

/// What the receiver makes of the bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// It refuses them: what it says, and the place of that without the offset.
    Refuses(String),
    /// It waits for so many more bytes at the least.
    Waits(usize),
    /// It takes so many of the bytes for a frame, and the rest for the next.
    Cuts(usize),
    /// It reads something else: what differs, and what it reads.
    Differs(String, String),
}

/// Bytes on which the two versions do not agree.
#[derive(Debug, Clone)]
pub struct Finding {
    /// Who sends to whom.
    pub way: Way,
    /// Which side sends.
    pub from: Side,
    /// The states of the sender's and the receiver's session, if both have one.
    pub states: Option<(String, String)>,
    /// The message, by the sender's schema.
    pub message: String,
    /// As the sender's schema shows it.
    pub sent: String,
    /// Its bytes.
    pub bytes: Vec<u8>,
    /// What becomes of them.
    pub outcome: Outcome,
    /// How many of the messages that were tried end alike.
    pub count: usize,
}

/// What was tried, and what came of it.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// The disagreements, the least example of each kind.
    pub findings: Vec<Finding>,
    /// How many messages were encoded and read, by way and name.
    pub tried: BTreeMap<(Way, String), usize>,
    /// What has another name but the same place on the wire.
    pub renamed: BTreeSet<String>,
    /// What is not compared.
    pub notes: Vec<String>,
}

impl Report {
    /// Whether no disagreement was found.
    #[must_use]
    pub fn is_compatible(&self) -> bool {
        self.findings.is_empty()
    }
}

/// Looks for bytes on which two versions of a schema do not agree.
#[must_use]
pub fn compare(old: &Schema, new: &Schema, effort: Effort) -> Report {
    let mut report = Report::default();
    let ways = [(Way::OldToNew, old, new), (Way::NewToOld, new, old)];
    if old.session.is_some() != new.session.is_some() {
        report.notes.push("who may speak when: one version has a session, the other has none".to_owned());
    }
    if [old, new].iter().any(|schema| !schema.externs.is_empty()) {
        report.notes.push("messages that need a function or a transform of Rust, which is not known here".to_owned());
    }
    let pointed = |schema: &Schema| schema.structs.iter().any(|part| schema.holds_pointers(part));
    if pointed(old) || pointed(new) {
        report.notes.push("what pointers lead to".to_owned());
    }
    for (way, sender, receiver) in ways {
        let mut run = Run { way, sender, receiver, effort, report: &mut report };
        match (Stage::start(sender), Stage::start(receiver)) {
            (Some(sender), Some(receiver)) => run.session(sender, receiver),
            _ => [Side::Client, Side::Server].into_iter().for_each(|side| run.messages(side)),
        }
    }
    report.findings.sort_by_key(|finding| (finding.way, finding.from == Side::Server, finding.bytes.len()));
    report
}

/// One way: a version sends, the other receives.
struct Run<'r> {
    way: Way,
    sender: &'r Schema,
    receiver: &'r Schema,
    effort: Effort,
    report: &'r mut Report,
}

impl Run<'_> {
    /// Every message of a side that may send any at any time.
    fn messages(&mut self, side: Side) {
        let listener = Listener::new(self.receiver, side);
        for index in self.sender.sent_by(side) {
            let ends = self.sender.messages[index].layout.until_end;
            for (value, bytes) in self.made(side, index) {
                let read = match &listener {
                    Some(listener) => read(listener, &bytes, ends),
                    None => Err(Outcome::Refuses("it expects nothing of that side".to_owned())),
                };
                self.judge(side, None, (index, &value, &bytes), read);
            }
        }
    }

    /// What a conversation may come to, from its start on, in both versions at once.
    fn session(&mut self, sender: Stage<'_>, receiver: Stage<'_>) {
        let mut seen: BTreeMap<_, Vec<(Vec<Value>, Vec<Value>)>> = BTreeMap::new();
        // A message that leads on may be too special to be made up: what both call the same is looked at too.
        let states = self.sender.session.iter().flat_map(|session| &session.states);
        let both = |name: &str| Some((sender.clone().named(name)?, receiver.clone().named(name)?));
        let mut open: Vec<_> = states.filter_map(|state| both(&state.name)).collect();
        open.push((sender, receiver));
        while let Some((sender, receiver)) = open.pop() {
            let (names, memories) = ((sender.name(), receiver.name()), (sender.memory(), receiver.memory()));
            let before = seen.entry(names).or_default();
            let known = before.iter().any(|(one, other)| (one.as_slice(), other.as_slice()) == memories);
            if sender.state().is_none() || known || before.len() == MEMORIES_MAX {
                continue;
            }
            before.push((memories.0.to_vec(), memories.1.to_vec()));
            for side in [Side::Client, Side::Server] {
                let states = (sender.name().to_owned(), receiver.name().to_owned());
                if sender.streams(side) && !receiver.streams(side) {
                    self.raw_bytes(side, &states);
                }
                let Some(state) = sender.state() else { continue };
                for index in state.messages(side) {
                    let ends = self.sender.messages[index].layout.until_end;
                    for (value, bytes) in self.made(side, index) {
                        let sent = Value::Arm(index, Box::new(value.clone()));
                        let Some(next) = sender.next(side, &sent) else { continue };
                        let read = match receiver.listener(side) {
                            Some(listener) => read(&listener, &bytes, ends),
                            None if receiver.streams(side) => Err(Outcome::Differs(
                                format!("in the state `{}` it takes them for raw bytes", states.1),
                                "raw bytes".to_owned(),
                            )),
                            None => Err(Outcome::Refuses(format!(
                                "in the state `{}` it expects nothing of that side",
                                states.1
                            ))),
                        };
                        if let Ok(found) = &read
                            && let Some(then) = receiver.next(side, found)
                        {
                            open.push((next, then));
                        }
                        self.judge(side, Some(&states), (index, &value, &bytes), read);
                    }
                }
            }
        }
    }

    /// Raw bytes that one version sends in a state, where the other expects none.
    fn raw_bytes(&mut self, from: Side, states: &(String, String)) {
        self.keep(Finding {
            way: self.way,
            from,
            states: Some(states.clone()),
            message: "raw bytes".to_owned(),
            sent: "whatever it likes".to_owned(),
            bytes: Vec::new(),
            outcome: Outcome::Refuses(format!("in the state `{}` it expects no raw bytes", states.1)),
            count: 1,
        });
    }

    /// Messages that the sender can send.
    fn made(&self, side: Side, index: usize) -> Vec<(Value, Vec<u8>)> {
        let interpreter = Interpreter::new(self.sender, &self.sender.messages[index]).sent_by(side);
        search::messages(interpreter, [self.sender, self.receiver], self.effort)
    }

    fn judge(
        &mut self,
        from: Side,
        states: Option<&(String, String)>,
        (index, value, bytes): (usize, &Value, &[u8]),
        read: Result<Value, Outcome>,
    ) {
        let message = &self.sender.messages[index];
        let name = message.layout.name.clone();
        *self.report.tried.entry((self.way, name.clone())).or_default() += 1;
        let outcome = match read {
            Err(outcome) => outcome,
            Ok(found) => {
                let mut meaning = Meaning { schemas: [self.sender, self.receiver], renamed: BTreeSet::new() };
                let differs = meaning.message(index, value, &found);
                match differs {
                    None => {
                        let old_first = |(one, other): (String, String)| match self.way {
                            Way::OldToNew => format!("`{one}` is `{other}`"),
                            Way::NewToOld => format!("`{other}` is `{one}`"),
                        };
                        self.report.renamed.extend(meaning.renamed.into_iter().map(old_first));
                        return;
                    }
                    Some(what) => Outcome::Differs(what, shown(self.receiver, from, &found)),
                }
            }
        };
        let interpreter = Interpreter::new(self.sender, message).sent_by(from);
        let finding = Finding {
            way: self.way,
            from,
            states: states.cloned(),
            message: name,
            sent: interpreter.show(value),
            bytes: bytes.to_vec(),
            outcome,
            count: 1,
        };
        self.keep(finding);
    }

    /// Keeps the least example of each kind.
    fn keep(&mut self, finding: Finding) {
        let same = |other: &&mut Finding| {
            (other.way, other.from, &other.message, kind(&other.outcome))
                == (finding.way, finding.from, &finding.message, kind(&finding.outcome))
        };
        match self.report.findings.iter_mut().find(same) {
            Some(known) => {
                let count = known.count + 1;
                if (finding.bytes.len(), &finding.bytes) < (known.bytes.len(), &known.bytes) {
                    *known = finding;
                }
                known.count = count;
            }
            None => self.report.findings.push(finding),
        }
    }
}

/// What makes two outcomes of one kind: the field that is blamed, not where it stands and what it holds.
fn kind(outcome: &Outcome) -> String {
    match outcome {
        Outcome::Refuses(why) => {
            let field = why.split(" at byte ").next().unwrap_or_default();
            let words = why.split(": ").nth(1).unwrap_or_default();
            format!("refuses {field} {}", words.replace(|letter: char| letter.is_ascii_digit(), ""))
        }
        Outcome::Waits(_) => "waits".to_owned(),
        Outcome::Cuts(_) => "cuts".to_owned(),
        Outcome::Differs(what, _) => what.split(" is ").next().unwrap_or_default().to_owned(),
    }
}

/// What a receiver makes of the bytes of one frame, behind which the sender's side `ends` or not.
fn read(listener: &Listener<'_>, bytes: &[u8], ends: bool) -> Result<Value, Outcome> {
    let refused = |error: crate::interp::Error| Outcome::Refuses(error.to_string());
    match listener.input(&mut Scan::default(), bytes).map_err(refused)? {
        Input::Need(missing) => Err(Outcome::Waits(missing)),
        Input::Frame(size) if size < bytes.len() => Err(Outcome::Cuts(size)),
        // Who does not end its side behind it is waited for.
        Input::UntilEnd if !ends => Err(Outcome::Waits(1)),
        Input::Frame(_) | Input::UntilEnd => listener.decode(bytes).map_err(refused),
    }
}

fn shown(schema: &Schema, from: Side, value: &Value) -> String {
    match value {
        Value::Arm(index, value) => Interpreter::new(schema, &schema.messages[*index]).sent_by(from).show(value),
        other => format!("{other:?}"),
    }
}

#[cfg(all(test, feature = "dsl"))]
mod tests;
