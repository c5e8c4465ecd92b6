//! Which of several messages do bytes start? Proven from the layouts: at each fixed place in front, what may stand there.
//!
//! ```text
//!   byte        0     1 …
//!   Hello       05    any      message Hello from client { ver: u8 = 5  methods: Method[u8] }
//!   Login       01    any      message Login from client { ver: u8 = 1  user: str[u8]  pass: str[u8] }
//!   told apart by byte 0
//! ```
//!
//! Two messages are apart if there is a byte that both have for sure, and that cannot be the same in both. What to look at
//! is planned once, for the generator, the interpreter and the explanation.

mod bytes;
mod heads;

pub use bytes::ByteSet;

use crate::ir::{Schema, Side, State};
use std::collections::BTreeMap;

/// More looks than these are no plan that anybody could read.
const LOOKS_MAX: usize = 512;

/// What to look at to know which message bytes start.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// It is this message, by index.
    Message(usize),
    /// A byte tells, or leaves fewer.
    Look {
        /// Where it stands; each message that is still possible has so many bytes.
        at: u64,
        /// What it may be, and what that says; everything else starts no message.
        cases: Vec<(ByteSet, Self)>,
    },
}

/// Two messages that no byte tells apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Alike {
    pub(crate) first: usize,
    pub(crate) second: usize,
    /// How many bytes at fixed places both have.
    pub(crate) common: usize,
}

impl Plan {
    /// The plan for the messages that `side` sends, if it sends any. The schema is one that was found good.
    #[must_use]
    pub fn of(schema: &Schema, side: Side) -> Option<Self> {
        let messages: Vec<usize> = schema.sent_by(side).collect();
        Self::among(schema, side, &messages)
    }

    /// The plan for these messages, by index, all sent by `side`.
    #[must_use]
    pub fn among(schema: &Schema, side: Side, messages: &[usize]) -> Option<Self> {
        plan(schema, side, messages).ok().flatten()
    }

    /// The plan for what `side` may say in a state of a session: even one message alone is looked at, so that what is not
    /// legal is told of the state, unless its first byte may be any.
    #[must_use]
    pub fn in_state(schema: &Schema, side: Side, state: &State) -> Option<Self> {
        let plan = Self::among(schema, side, &state.messages(side))?;
        let Self::Message(index) = plan else { return Some(plan) };
        let first = heads::head(schema, &schema.messages[index], side).first().copied();
        Some(match first.filter(|first| *first != ByteSet::FULL) {
            Some(first) => Self::Look { at: 0, cases: vec![(first, plan)] },
            None => plan,
        })
    }

    /// The messages that it tells apart, each once, in the order of the schema.
    #[must_use]
    pub fn messages(&self) -> Vec<usize> {
        let mut found = Vec::new();
        self.collect(&mut found);
        found.sort_unstable();
        found.dedup();
        found
    }

    fn collect(&self, found: &mut Vec<usize>) {
        match self {
            Self::Message(index) => found.push(*index),
            Self::Look { cases, .. } => cases.iter().for_each(|(_, then)| then.collect(found)),
        }
    }
}

/// The plan, or two messages that it cannot tell apart; none for no message.
pub(crate) fn plan(schema: &Schema, side: Side, messages: &[usize]) -> Result<Option<Plan>, Alike> {
    let head = |index: usize| (index, heads::head(schema, &schema.messages[index], side));
    let heads: Vec<(usize, Vec<ByteSet>)> = messages.iter().map(|index| head(*index)).collect();
    for (at, (second, behind)) in heads.iter().enumerate() {
        for (first, before) in &heads[..at] {
            let mut common = before.iter().zip(behind);
            if !common.any(|(before, behind)| before.is_apart(behind)) {
                return Err(Alike { first: *first, second: *second, common: before.len().min(behind.len()) });
            }
        }
    }
    let (mut looks, all): (usize, Vec<&(usize, Vec<ByteSet>)>) = (0, heads.iter().collect());
    if all.is_empty() {
        return Ok(None);
    }
    let too_many = || Alike { first: messages[0], second: messages[1], common: 0 };
    look(&all, &mut looks).map(Some).ok_or_else(too_many)
}

/// The plan for messages of which any two are apart.
fn look(heads: &[&(usize, Vec<ByteSet>)], looks: &mut usize) -> Option<Plan> {
    if let [(index, _)] = heads {
        return Some(Plan::Message(*index));
    }
    *looks += 1;
    if *looks > LOOKS_MAX {
        return None;
    }
    // The shortest is apart from each of the others at a place that all have.
    let common = heads.iter().map(|(_, sets)| sets.len()).min()?;
    let (at, cases) = (0..common).map(|at| (at, split(heads, at))).min_by_key(|(_, cases)| widest(cases))?;
    let cases = cases.into_iter().map(|(few, set)| {
        let few: Vec<_> = few.into_iter().map(|index| heads[index]).collect();
        Some((set, look(&few, looks)?))
    });
    let mut cases: Vec<(ByteSet, Plan)> = cases.collect::<Option<_>>()?;
    cases.sort_by_key(|(set, _)| set.ranges().first().copied());
    Some(Plan::Look { at: at as u64, cases })
}

/// What each byte at a place leaves: which of `heads`, and by which bytes.
fn split(heads: &[&(usize, Vec<ByteSet>)], at: usize) -> BTreeMap<Vec<usize>, ByteSet> {
    let mut cases: BTreeMap<Vec<usize>, ByteSet> = BTreeMap::new();
    for byte in 0..=u8::MAX {
        let fits = |index: &usize| heads[*index].1[at].contains(byte);
        let left: Vec<usize> = (0..heads.len()).filter(fits).collect();
        if !left.is_empty() {
            cases.entry(left).or_insert(ByteSet::EMPTY).insert(byte);
        }
    }
    cases
}

fn widest(cases: &BTreeMap<Vec<usize>, ByteSet>) -> usize {
    cases.keys().map(Vec::len).max().unwrap_or(usize::MAX)
}
