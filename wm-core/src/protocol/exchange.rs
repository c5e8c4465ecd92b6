//! Requests and their replies: which request a reply answers, by their order or by a number that both carry.
//!
//! Pure tables: no socket, and no clock, for `now` is an argument: the time since any moment that the caller keeps to. What a
//! peer does wrong is told and never dropped in silence: a reply that nobody asked for, one that comes twice, one that
//! comes too late. No table grows beyond its limit.

use super::Protocol;
use alloc::collections::{BTreeMap, BTreeSet, VecDeque};
use core::fmt::Debug;
use core::ops::RangeInclusive;
use core::time::Duration;

/// How the messages of a protocol answer each other, as the end sees it that asks: generated from `exchange`.
pub trait Exchange: 'static {
    /// The end that asks.
    type Protocol: Protocol + Default;

    /// The numbers that pair a request with its reply; none if replies come in the order of their requests.
    const IDS: Option<RangeInclusive<u64>>;

    /// Which `exchange` of the schema a message begins; none if nothing answers it.
    fn asks(message: &<Self::Protocol as Protocol>::Out<'_>) -> Option<usize>;

    /// Gives a request its number.
    fn set_id(message: &mut <Self::Protocol as Protocol>::Out<'_>, id: u64);

    /// Whether a message may be the reply of this `exchange`.
    fn answers(message: &<Self::Protocol as Protocol>::In<'_>, exchange: usize) -> bool;

    /// Whether a message is the reply of any `exchange`.
    fn is_reply(message: &<Self::Protocol as Protocol>::In<'_>) -> bool;

    /// The number of the request that a message answers.
    fn id(message: &<Self::Protocol as Protocol>::In<'_>) -> u64;
}

/// What a reply is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reply<T> {
    /// It answers what was asked with this.
    Answers(T),
    /// It answers what is no longer waited for.
    Late,
    /// What it answers has been answered already.
    Duplicate,
    /// Nobody has asked.
    Unasked,
}

/// Requests whose replies come in their order.
///
/// One whose time is over keeps its place: its reply may still come, and is not taken for that of the next.
///
/// ```
/// use core::time::Duration;
/// use wm_core::protocol::exchange::{InOrder, Reply};
///
/// let mut waiting = InOrder::new(2);
/// waiting.ask("first", Duration::from_secs(1)).unwrap();
/// waiting.ask("second", Duration::from_secs(9)).unwrap();
/// assert_eq!(waiting.ask("third", Duration::from_secs(9)), Err("third"));
/// assert_eq!(waiting.expire(Duration::from_secs(2)), Some("first"));
/// assert_eq!(waiting.answer(), Reply::Late);
/// assert_eq!(waiting.answer(), Reply::Answers("second"));
/// assert_eq!(waiting.answer(), Reply::Unasked);
/// ```
#[derive(Debug)]
pub struct InOrder<T> {
    /// What was asked, until its time is over, and when that is.
    line: VecDeque<(Option<T>, Duration)>,
    limit: usize,
}

impl<T> InOrder<T> {
    /// With at most so many requests without a reply, at least one.
    #[must_use]
    pub fn new(limit: usize) -> Self {
        Self { line: VecDeque::new(), limit: limit.max(1) }
    }

    /// Whether no more can be asked.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.line.len() >= self.limit
    }

    /// How many are waited for.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.line.iter().filter(|(asked, _)| asked.is_some()).count()
    }

    /// Notes a request, which is waited for until `deadline`.
    ///
    /// # Errors
    ///
    /// The table is full; what was to be asked is given back.
    pub fn ask(&mut self, asked: T, deadline: Duration) -> Result<(), T> {
        if self.is_full() {
            return Err(asked);
        }
        self.line.push_back((Some(asked), deadline));
        Ok(())
    }

    /// What the next reply answers; none if that is not waited for.
    #[must_use]
    pub fn next(&self) -> Option<&T> {
        self.line.front()?.0.as_ref()
    }

    /// A reply has come.
    pub fn answer(&mut self) -> Reply<T> {
        match self.line.pop_front() {
            Some((Some(asked), _)) => Reply::Answers(asked),
            Some((None, _)) => Reply::Late,
            None => Reply::Unasked,
        }
    }

    /// When the first request will have waited for too long.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.line.iter().filter(|(asked, _)| asked.is_some()).map(|(_, deadline)| *deadline).min()
    }

    /// A request that has waited for too long; call it until there is none.
    pub fn expire(&mut self, now: Duration) -> Option<T> {
        self.line.iter_mut().find(|(asked, deadline)| asked.is_some() && *deadline <= now)?.0.take()
    }
}

/// Requests that are paired with their replies by a number.
///
/// The numbers are chosen here, in a circle, and only free ones: none that is waited for, nor one whose reply may still come
/// late. As many as the limit are remembered of those that are over.
///
/// ```
/// use core::time::Duration;
/// use wm_core::protocol::exchange::{ById, Reply};
///
/// let mut waiting = ById::new(8, 0..=0xffff);
/// let first = waiting.ask("first", Duration::from_secs(1)).unwrap();
/// let second = waiting.ask("second", Duration::from_secs(9)).unwrap();
/// assert_eq!(waiting.answer(second), Reply::Answers("second"));
/// assert_eq!(waiting.answer(second), Reply::Duplicate);
/// assert_eq!(waiting.expire(Duration::from_secs(2)), Some((first, "first")));
/// assert_eq!(waiting.answer(first), Reply::Late);
/// assert_eq!(waiting.answer(77), Reply::Unasked);
/// ```
#[derive(Debug)]
pub struct ById<T> {
    waiting: BTreeMap<u64, (T, Duration)>,
    deadlines: BTreeSet<(Duration, u64)>,
    /// What is over, and whether its reply has come.
    over: BTreeMap<u64, bool>,
    /// The numbers of these, the oldest in front.
    order: VecDeque<u64>,
    next: u64,
    ids: RangeInclusive<u64>,
    limit: usize,
}

impl<T> ById<T> {
    /// With at most so many requests without a reply, at least one, of these numbers.
    #[must_use]
    pub fn new(limit: usize, ids: RangeInclusive<u64>) -> Self {
        let count = usize::try_from(ids.end().saturating_sub(*ids.start()).saturating_add(1)).unwrap_or(usize::MAX);
        // 0 often stands for none: it comes last.
        let next = if *ids.start() == 0 && *ids.end() > 0 { 1 } else { *ids.start() };
        let limit = limit.clamp(1, count);
        let (waiting, deadlines, over, order) = (BTreeMap::new(), BTreeSet::new(), BTreeMap::new(), VecDeque::new());
        Self { waiting, deadlines, over, order, next, ids, limit }
    }

    /// Whether no more can be asked.
    #[must_use]
    pub fn is_full(&self) -> bool {
        self.waiting.len() >= self.limit
    }

    /// How many are waited for.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// Notes a request, which is waited for until `deadline`, and says its number.
    ///
    /// # Errors
    ///
    /// The table is full; what was to be asked is given back.
    pub fn ask(&mut self, asked: T, deadline: Duration) -> Result<u64, T> {
        if self.is_full() {
            return Err(asked);
        }
        let id = self.free();
        self.waiting.insert(id, (asked, deadline));
        self.deadlines.insert((deadline, id));
        Ok(id)
    }

    /// What the reply of this number answers.
    #[must_use]
    pub fn get(&self, id: u64) -> Option<&T> {
        self.waiting.get(&id).map(|(asked, _)| asked)
    }

    /// A reply with this number has come.
    pub fn answer(&mut self, id: u64) -> Reply<T> {
        if let Some((asked, deadline)) = self.waiting.remove(&id) {
            self.deadlines.remove(&(deadline, id));
            self.remember(id, true);
            return Reply::Answers(asked);
        }
        match self.over.insert(id, true) {
            Some(true) => Reply::Duplicate,
            Some(false) => Reply::Late,
            None => {
                self.over.remove(&id);
                Reply::Unasked
            }
        }
    }

    /// When the first request will have waited for too long.
    #[must_use]
    pub fn deadline(&self) -> Option<Duration> {
        self.deadlines.first().map(|(deadline, _)| *deadline)
    }

    /// A request that has waited for too long, and its number; call it until there is none.
    pub fn expire(&mut self, now: Duration) -> Option<(u64, T)> {
        let (deadline, id) = *self.deadlines.first().filter(|(deadline, _)| *deadline <= now)?;
        self.deadlines.remove(&(deadline, id));
        let (asked, _) = self.waiting.remove(&id)?;
        self.remember(id, false);
        Some((id, asked))
    }

    fn remember(&mut self, id: u64, answered: bool) {
        if self.order.len() >= self.limit {
            self.forget();
        }
        self.over.insert(id, answered);
        self.order.push_back(id);
    }

    fn forget(&mut self) {
        if let Some(oldest) = self.order.pop_front() {
            self.over.remove(&oldest);
        }
    }

    /// The next number that may be used.
    fn free(&mut self) -> u64 {
        loop {
            // Each turn either finds one, or passes one of those that are taken, of which there are at most two limits.
            for _ in 0..=self.waiting.len().saturating_add(self.order.len()) {
                let id = self.next;
                self.next = if id >= *self.ids.end() { *self.ids.start() } else { id.saturating_add(1) };
                let late = self.over.get(&id) == Some(&false);
                if !late && !self.waiting.contains_key(&id) {
                    if self.over.remove(&id).is_some() {
                        self.order.retain(|over| *over != id);
                    }
                    return id;
                }
            }
            // All that are not waited for may still be answered late: the oldest is given up.
            self.forget();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ById, InOrder, Reply};
    use core::time::Duration;
    use std::collections::{HashMap, HashSet};

    const fn at(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    /// A made-up choice, the same each time.
    struct Dice(u64);

    impl Dice {
        fn roll(&mut self, sides: u64) -> u64 {
            self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            (self.0 >> 33) % sides
        }
    }

    #[test]
    fn numbers_go_round_and_pass_those_that_are_taken() {
        let mut table = ById::new(3, 0..=3);
        let ids: Vec<u64> = (0..3).map(|asked| table.ask(asked, at(9)).unwrap()).collect();
        assert_eq!(ids, [1, 2, 3]);
        assert_eq!(table.ask(3, at(9)), Err(3));
        assert_eq!(table.answer(2), Reply::Answers(1));
        assert_eq!(table.ask(4, at(9)), Ok(0));
        assert_eq!(table.answer(0), Reply::Answers(4));
        assert_eq!(table.ask(5, at(9)), Ok(2));
    }

    #[test]
    fn a_number_that_may_be_answered_late_is_used_last() {
        let mut table = ById::new(1, 1..=2);
        assert_eq!(table.ask('a', at(1)), Ok(1));
        assert_eq!(table.expire(at(1)), Some((1, 'a')));
        assert_eq!(table.ask('b', at(9)), Ok(2));
        assert_eq!(table.answer(1), Reply::Late);
        assert_eq!(table.answer(2), Reply::Answers('b'));
        let mut narrow = ById::new(1, 7..=7);
        assert_eq!(narrow.ask('a', at(1)), Ok(7));
        assert_eq!(narrow.expire(at(2)), Some((7, 'a')));
        assert_eq!(narrow.ask('b', at(9)), Ok(7));
        assert_eq!(narrow.answer(7), Reply::Answers('b'));
    }

    #[test]
    fn by_id_against_a_model() {
        for seed in 0..200 {
            let mut dice = Dice(seed);
            let (limit, ids) = (1 + dice.roll(6), dice.roll(12));
            let mut table = ById::new(usize::try_from(limit).unwrap(), 0..=ids);
            let limit = limit.min(ids + 1);
            let (mut model, mut now, mut asked) = (HashMap::new(), 0, 0);
            for _ in 0..300 {
                match dice.roll(4) {
                    0 | 1 => {
                        let deadline = now + 1 + dice.roll(5);
                        match table.ask(asked, at(deadline)) {
                            Ok(id) => {
                                assert!(id <= ids && (model.len() as u64) < limit, "seed {seed}");
                                assert_eq!(model.insert(id, (asked, deadline)), None, "seed {seed}: {id} is taken");
                            }
                            Err(back) => assert_eq!((back, model.len() as u64), (asked, limit), "seed {seed}"),
                        }
                        asked += 1;
                    }
                    2 => {
                        let id = dice.roll(ids + 2);
                        match (table.answer(id), model.remove(&id)) {
                            (Reply::Answers(found), Some((expected, _))) => assert_eq!(found, expected),
                            (Reply::Late | Reply::Duplicate | Reply::Unasked, None) => {}
                            (found, expected) => panic!("seed {seed}: {found:?} for {expected:?}"),
                        }
                    }
                    _ => {
                        now += 1;
                        let mut over = HashSet::new();
                        while let Some((id, _)) = table.expire(at(now)) {
                            over.insert(id);
                        }
                        let expected: HashSet<u64> =
                            model.iter().filter(|(_, (_, deadline))| *deadline <= now).map(|(id, _)| *id).collect();
                        assert_eq!(over, expected, "seed {seed}");
                        model.retain(|_, (_, deadline)| *deadline > now);
                    }
                }
                let first = model.values().map(|(_, deadline)| at(*deadline)).min();
                assert_eq!((table.waiting(), table.deadline()), (model.len(), first), "seed {seed}");
                assert!(table.order.len() == table.over.len() && table.order.len() <= table.limit, "seed {seed}");
            }
        }
    }

    #[test]
    fn in_order_against_a_model() {
        for seed in 0..200 {
            let mut dice = Dice(seed);
            let limit = 1 + dice.roll(6);
            let mut table = InOrder::new(usize::try_from(limit).unwrap());
            let (mut model, mut now) = (Vec::<(u64, u64, bool)>::new(), 0);
            for asked in 0..300 {
                match dice.roll(3) {
                    0 => {
                        let deadline = now + 1 + dice.roll(5);
                        let room = (model.len() as u64) < limit;
                        assert_eq!(table.ask(asked, at(deadline)).is_ok(), room, "seed {seed}");
                        if room {
                            model.push((asked, deadline, false));
                        }
                    }
                    1 => {
                        let expected = match model.first() {
                            Some((asked, _, false)) => Reply::Answers(*asked),
                            Some(_) => Reply::Late,
                            None => Reply::Unasked,
                        };
                        assert_eq!(table.answer(), expected, "seed {seed}");
                        model.drain(..model.len().min(1));
                    }
                    _ => {
                        now += 1;
                        for one in model.iter_mut().filter(|(_, deadline, over)| !over && *deadline <= now) {
                            assert_eq!(table.expire(at(now)), Some(one.0), "seed {seed}");
                            one.2 = true;
                        }
                        assert_eq!(table.expire(at(now)), None, "seed {seed}");
                    }
                }
                let open = || model.iter().filter(|(.., over)| !over);
                let first = open().map(|(_, deadline, _)| at(*deadline)).min();
                assert_eq!((table.waiting(), table.deadline()), (open().count(), first), "seed {seed}");
            }
        }
    }
}
