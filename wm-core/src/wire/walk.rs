//! The scan of a message whose end is found field by field: several parts of free size in a row, lists of structs.
//!
//! Where it stands is plain data: how far it has come, and for each layout that it is inside of the next step and how
//! many elements are left. Generated code says the steps, a line each; a step that lacks bytes halts the walk, and is
//! taken again when more have arrived. Bytes whose length a number says are stepped over unseen, and each byte of the
//! rest is looked at once, however the stream is cut.
//!
//! What is still to come is always known at the least: [`Walk`] asks for exactly that, and a number that makes it more
//! than the largest frame is refused when it has been read. Nothing is allocated.

mod numbers;
mod parts;

use parts::Parts;
pub use parts::{PartWalk, Reached};

use super::scan::{Input, fixed};
use super::{DecodeError, Ends, Fault, Field, Headers, Reader, headers};

/// How far a walk has come: in the frame, and in the layouts of which one stands in the other.
///
/// `LEVELS` is how deep they stand in each other, the message included, `VALUES` how many numbers a layout has to
/// remember until what they measure comes.
#[derive(Debug, Clone)]
pub struct Walk<const LEVELS: usize = 1, const VALUES: usize = 0> {
    place: Place,
    levels: [Level<VALUES>; LEVELS],
}

/// One step of a walk: the number of the step within its layout says which.
pub type Step<const VALUES: usize> = fn(&mut Walker<'_, VALUES>, usize) -> Result<(), Halt>;

/// Why a walk does not go on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Halt {
    /// The bytes of the step have not arrived whole; so many of them are there that have not been counted.
    Need(usize),
    /// The bytes cannot be the start of a frame.
    Bad(DecodeError),
}

impl From<DecodeError> for Halt {
    fn from(error: DecodeError) -> Self {
        Self::Bad(error)
    }
}

/// Where a walk stands in the frame.
#[derive(Debug, Clone, Default)]
struct Place {
    /// Where the next step starts; behind what has arrived, if that is passed unseen.
    at: usize,
    /// Where the number that was read last starts.
    number_at: usize,
    /// How far the next step has already looked.
    seen: usize,
    /// The least size of the frame by all that is known of it.
    least: usize,
    /// The largest size of a frame.
    most: usize,
    /// How many levels are in use; none before the first step, and behind the last.
    depth: usize,
    /// Whether the step takes all that comes up to the end of the stream.
    until_end: bool,
    /// How far its parts have come, if it is handed out in parts.
    parts: Parts,
}

/// A layout that is being walked over.
#[derive(Debug, Clone, Copy)]
struct Level<const VALUES: usize> {
    step: Step<VALUES>,
    /// The number of the next step.
    next: u16,
    /// How many layouts that contain themselves stand around this one, itself included.
    depth: u16,
    /// How many of this layout stand one behind the other, this one included.
    left: usize,
    values: [u64; VALUES],
}

impl<const VALUES: usize> Level<VALUES> {
    fn new(step: Step<VALUES>, left: usize, depth: u16) -> Self {
        Self { step, next: 0, depth, left, values: [0; VALUES] }
    }
}

impl<const LEVELS: usize, const VALUES: usize> Default for Walk<LEVELS, VALUES> {
    fn default() -> Self {
        Self { place: Place::default(), levels: [Level::new(|walk, _| walk.leave(), 1, 0); LEVELS] }
    }
}

impl<const LEVELS: usize, const VALUES: usize> Walk<LEVELS, VALUES> {
    /// Goes on with the steps of a message of `least` to `most` bytes, as far as the bytes that have arrived.
    ///
    /// # Errors
    ///
    /// What a step says.
    #[inline]
    pub fn resume(&mut self, buf: &[u8], least: usize, most: usize, step: Step<VALUES>) -> Result<Input, DecodeError> {
        let mut walker = Walker { buf, place: &mut self.place, levels: &mut self.levels };
        // A frame has bytes: whoever has passed none has not begun.
        if walker.place.at == 0 && walker.place.depth == 0 {
            *walker.place = Place { least, most, ..Place::default() };
            walker.begin(step);
        }
        match walker.run() {
            Ok(()) => {
                let input = fixed(buf, self.place.at);
                if matches!(input, Input::Frame(_)) {
                    self.place = Place::default();
                }
                Ok(input)
            }
            Err(Halt::Need(_)) if self.place.until_end => Ok(Input::UntilEnd),
            Err(Halt::Need(known)) => {
                let least = self.place.least.saturating_add(known);
                Ok(Input::Need(least.saturating_sub(buf.len()).max(1)))
            }
            Err(Halt::Bad(error)) => Err(error),
        }
    }
}

/// Takes the steps of a walk over the bytes that have arrived.
#[derive(Debug)]
pub struct Walker<'w, const VALUES: usize = 0> {
    buf: &'w [u8],
    place: &'w mut Place,
    levels: &'w mut [Level<VALUES>],
}

/// A place that was remembered.
fn place(value: u64) -> usize {
    usize::try_from(value).unwrap_or(usize::MAX)
}

impl<'w, const VALUES: usize> Walker<'w, VALUES> {
    /// Takes step after step, until the message is behind.
    fn run(&mut self) -> Result<(), Halt> {
        while let Some(level) = self.level() {
            let (step, number) = (level.step, level.next);
            level.next = number.saturating_add(1);
            if let Err(halt) = step(self, number.into()) {
                // A step that halts has entered nothing: it is taken again, unless data comes next.
                let behind = self.place.parts.is_behind();
                if let Some(level) = self.level().filter(|_| !behind) {
                    level.next = number;
                }
                return Err(halt);
            }
        }
        Ok(())
    }

    fn level(&mut self) -> Option<&mut Level<VALUES>> {
        self.levels.get_mut(self.place.depth.checked_sub(1)?)
    }

    /// Enters the message.
    fn begin(&mut self, step: Step<VALUES>) {
        if let Some(level) = self.levels.first_mut() {
            *level = Level::new(step, 1, 0);
            self.place.depth = 1;
        }
    }

    /// Goes on behind the step.
    fn advance(&mut self, bytes: usize) {
        self.place.at = self.place.at.saturating_add(bytes);
        self.place.seen = 0;
    }

    /// What has arrived of the step.
    fn arrived(&self) -> &'w [u8] {
        self.buf.get(self.place.at..).unwrap_or_default()
    }

    /// Counts `more` bytes of the step, which start where it does, into the frame.
    fn grow(&mut self, more: usize, field: &'static Field) -> Result<(), DecodeError> {
        let least = self.place.least.saturating_add(more);
        if least > self.place.most {
            let whole = |bytes: usize| bytes.saturating_add(self.place.parts.passed()) as u64;
            let fault = Fault::TooLong { found: whole(least), limit: whole(self.place.most) };
            return Err(DecodeError::new(field, self.place.at, fault));
        }
        self.place.least = least;
        Ok(())
    }

    /// Where the number that was read last starts.
    #[inline]
    #[must_use]
    pub const fn number_at(&self) -> usize {
        self.place.number_at
    }

    /// Passes bytes unseen that have been counted.
    ///
    /// # Errors
    ///
    /// None: they need not have arrived.
    #[inline]
    pub fn pass(&mut self, bytes: usize) -> Result<(), Halt> {
        self.advance(bytes);
        Ok(())
    }

    /// Compares a constant, as far as it has arrived.
    ///
    /// # Errors
    ///
    /// A byte differs, or not all have arrived.
    #[inline]
    pub fn constant(&mut self, expected: &'static [u8], field: &'static Field) -> Result<(), Halt> {
        self.same(expected, |found, expected| found == expected, field)
    }

    /// Compares a constant in capital or small letters, as far as it has arrived.
    ///
    /// # Errors
    ///
    /// A byte differs, or not all have arrived.
    #[inline]
    pub fn constant_nocase(&mut self, expected: &'static [u8], field: &'static Field) -> Result<(), Halt> {
        self.same(expected, u8::eq_ignore_ascii_case, field)
    }

    /// Compares a constant by its bytes.
    fn same(
        &mut self,
        expected: &'static [u8],
        is_same: fn(&u8, &u8) -> bool,
        field: &'static Field,
    ) -> Result<(), Halt> {
        let (arrived, looked) = (self.arrived(), self.place.seen.saturating_sub(self.place.at));
        let fresh = arrived.iter().zip(expected).skip(looked);
        if let Some(same) = fresh.clone().position(|(found, expected)| !is_same(found, expected)) {
            let at = self.place.at.saturating_add(looked).saturating_add(same);
            return Err(DecodeError::new(field, at, Fault::Constant { expected }).into());
        }
        if arrived.len() < expected.len() {
            self.place.seen = self.buf.len();
            return Err(Halt::Need(0));
        }
        self.pass(expected.len())
    }

    /// Steps over bytes that one of `ends` ends, at most `max` of them and no more than the frame has room for.
    ///
    /// # Errors
    ///
    /// There are more in front of it, or it has not arrived.
    #[inline]
    pub fn until(&mut self, ends: impl Ends, max: usize, field: &'static Field) -> Result<(), Halt> {
        // The shortest delimiter has been counted, and the longest may come.
        let behind = ends.longest().saturating_sub(ends.shortest());
        let room = self.place.most.saturating_sub(self.place.least).saturating_sub(behind);
        let (content, end) = self.up_to(ends, max.min(room), 0, field)?;
        let whole = content.len().saturating_add(end);
        self.grow(whole.saturating_sub(ends.shortest()), field)?;
        self.pass(whole)
    }

    /// Takes all that comes up to the end of the stream, at most `max` bytes and no more than the frame has room for. Of no
    /// bytes at all no frame has begun.
    ///
    /// # Errors
    ///
    /// More have arrived; else it halts here until the stream ends.
    #[inline]
    pub fn until_end(&mut self, max: usize, field: &'static Field) -> Result<(), Halt> {
        let limit = max.min(self.place.most.saturating_sub(self.place.least));
        let missing = self.place.at.saturating_sub(self.buf.len());
        if self.arrived().len() > limit {
            return Err(self.too_long(limit, limit, field).into());
        }
        self.place.until_end = missing == 0 && !self.buf.is_empty();
        Err(Halt::Need(0))
    }

    /// More than `limit` bytes come without an end, of which `left` may still come behind the place of the step.
    #[cold]
    fn too_long(&self, limit: usize, left: usize, field: &'static Field) -> DecodeError {
        let fault = Fault::TooLong { found: (limit as u64).saturating_add(1), limit: limit as u64 };
        DecodeError::new(field, self.place.at.saturating_add(left), fault)
    }

    /// What stands in front of the first of `ends`, of which `counted` bytes have been, and how many bytes that has.
    fn up_to(
        &mut self,
        ends: impl Ends,
        max: usize,
        counted: usize,
        field: &'static Field,
    ) -> Result<(&'w [u8], usize), Halt> {
        let whole = max.saturating_add(ends.longest());
        let arrived = self.arrived();
        let window = arrived.get(..whole).unwrap_or(arrived);
        // The delimiter may have started in the last bytes of the previous look.
        let overlap = ends.longest().saturating_sub(1);
        let looked = self.place.seen.saturating_sub(self.place.at).saturating_sub(overlap);
        let found = ends.find(window, looked);
        if let Some((len, end)) = found.filter(|(len, _)| *len <= max) {
            return Ok((window.get(..len).unwrap_or_default(), end));
        }
        if found.is_some() || window.len() == whole {
            let found = found.map_or_else(|| arrived.len().saturating_sub(overlap), |(len, _)| len);
            let fault = Fault::TooLong { found: found as u64, limit: max as u64 };
            return Err(DecodeError::new(field, self.place.at.saturating_add(max), fault).into());
        }
        self.place.seen = self.buf.len();
        Err(Halt::Need(window.len().saturating_sub(overlap).saturating_sub(counted)))
    }

    /// Steps over lines of at most `max` bytes and the empty line behind them, each checked as it arrives. Those of
    /// `computed` can be looked up in what is returned.
    ///
    /// # Errors
    ///
    /// A line breaks a rule, there are too many of them, or they have not arrived whole.
    #[inline]
    pub fn headers(
        &mut self,
        max: usize,
        computed: &'static [&'static str],
        field: &'static Field,
    ) -> Result<Headers<'w>, Halt> {
        let (arrived, start) = (self.arrived(), self.place.at);
        let room = self.place.most.saturating_sub(self.place.least);
        let looked = self.place.seen.saturating_sub(start);
        match headers::scan(arrived, looked, max.min(room), start, field)? {
            headers::Arrived::Whole(len) => {
                let lines = arrived.get(..len).unwrap_or_default();
                self.grow(len, field)?;
                self.pass(len.saturating_add(2))?;
                Ok(headers::checked(lines, start, computed, field))
            }
            headers::Arrived::Part(known) => {
                self.place.seen = self.buf.len();
                Err(Halt::Need(known))
            }
        }
    }

    /// Enters a struct.
    ///
    /// # Errors
    ///
    /// It stands deeper than the walk has levels.
    #[inline]
    pub fn part(&mut self, step: Step<VALUES>, field: &'static Field) -> Result<(), Halt> {
        self.repeat(1, step, field)
    }

    /// Enters `count` elements of a list, one behind the other.
    ///
    /// # Errors
    ///
    /// They stand deeper than the walk has levels.
    #[inline]
    pub fn repeat(&mut self, count: usize, step: Step<VALUES>, field: &'static Field) -> Result<(), Halt> {
        if count == 0 {
            return Ok(());
        }
        let (depth, levels) = (self.place.depth, self.levels.len());
        let around = self.level().map_or(0, |level| level.depth);
        let Some(level) = self.levels.get_mut(depth) else {
            let fault = Fault::TooLong { found: depth.saturating_add(1) as u64, limit: levels as u64 };
            return Err(DecodeError::new(field, self.place.at, fault).into());
        };
        *level = Level::new(step, count, around);
        self.place.depth = depth.saturating_add(1);
        Ok(())
    }

    /// The same, each handed `values`.
    ///
    /// # Errors
    ///
    /// They stand deeper than the walk has levels.
    #[inline]
    pub fn repeat_with(
        &mut self,
        count: usize,
        step: Step<VALUES>,
        values: &[u64],
        field: &'static Field,
    ) -> Result<(), Halt> {
        self.repeat(count, step, field)?;
        // Of no elements none has been entered.
        if let Some(level) = self.level().filter(|_| count > 0) {
            level.values.iter_mut().zip(values).for_each(|(held, value)| *held = *value);
        }
        Ok(())
    }

    /// The first step of a layout that may contain itself: at most `most` of it stand in each other.
    ///
    /// # Errors
    ///
    /// `TooDeep`, if it stands deeper.
    #[inline]
    pub fn nested(&mut self, most: u16, field: &'static Field) -> Result<(), Halt> {
        let around = self.place.depth.checked_sub(2).and_then(|at| self.levels.get(at));
        let around = around.map_or(0, |level| level.depth);
        if around >= most {
            return Err(DecodeError::new(field, self.place.at, Fault::TooDeep { limit: most.into() }).into());
        }
        if let Some(level) = self.level() {
            level.depth = around.saturating_add(1);
        }
        Ok(())
    }

    /// Goes on behind the last step of a layout: with the next element, or with what stands behind the layout.
    ///
    /// # Errors
    ///
    /// None.
    #[inline]
    pub fn leave(&mut self) -> Result<(), Halt> {
        match self.level() {
            Some(level) if level.left > 1 => {
                level.left = level.left.saturating_sub(1);
                level.next = 0;
            }
            _ => self.place.depth = self.place.depth.saturating_sub(1),
        }
        Ok(())
    }

    /// A number, read last, that says how many units of at least `unit` bytes come: it is that count plus `add`. They
    /// are counted into the frame.
    ///
    /// # Errors
    ///
    /// As [`Reader::length`], and `TooLong` too if the frame would be too large.
    #[inline]
    pub fn length(
        &mut self,
        value: u64,
        add: i64,
        max: usize,
        unit: usize,
        field: &'static Field,
    ) -> Result<usize, Halt> {
        let (place, unit) = (&mut *self.place, unit.max(1));
        let count = Reader::length(value, add, max, place.number_at, field)?;
        let room = place.most.saturating_sub(place.least).checked_div(unit).unwrap_or_default();
        if count > room {
            let limit = (room as u64).saturating_add_signed(add);
            return Err(DecodeError::new(field, place.number_at, Fault::TooLong { found: value, limit }).into());
        }
        place.least = place.least.saturating_add(count.saturating_mul(unit));
        Ok(count)
    }

    /// How many units of at least `unit` bytes come, as has been worked out; `counted` of them have been counted into the
    /// frame, and the others are.
    ///
    /// # Errors
    ///
    /// There are more than `max`, or the frame would be too large.
    #[inline]
    pub fn worked_out(
        &mut self,
        value: i128,
        counted: i64,
        max: usize,
        unit: usize,
        field: &'static Field,
    ) -> Result<usize, Halt> {
        self.place.number_at = self.place.at;
        self.length(u64::try_from(value).unwrap_or(u64::MAX), counted, max, unit, field)
    }

    /// Remembers a length until what it measures comes.
    ///
    /// # Errors
    ///
    /// None.
    #[inline]
    pub fn keep(&mut self, slot: usize, length: usize) -> Result<(), Halt> {
        self.hand(slot, length as u64)
    }

    /// The length that [`keep`](Self::keep) has remembered.
    #[inline]
    #[must_use]
    pub fn kept(&self, slot: usize) -> usize {
        place(self.handed(slot))
    }

    /// Hands a value to the layout that has just been entered.
    ///
    /// # Errors
    ///
    /// None.
    #[inline]
    pub fn hand(&mut self, slot: usize, value: u64) -> Result<(), Halt> {
        if let Some(held) = self.level().and_then(|level| level.values.get_mut(slot)) {
            *held = value;
        }
        Ok(())
    }

    /// The value that [`hand`](Self::hand) has handed to this layout.
    #[inline]
    #[must_use]
    pub fn handed(&self, slot: usize) -> u64 {
        let level = self.place.depth.checked_sub(1).and_then(|at| self.levels.get(at));
        level.and_then(|level| level.values.get(slot).copied()).unwrap_or_default()
    }

    /// Where the step starts.
    #[inline]
    #[must_use]
    pub const fn offset(&self) -> usize {
        self.place.at
    }

    /// Counts bytes that are known to come: a header has said so, or the arm that is chosen takes more than the least.
    ///
    /// # Errors
    ///
    /// `TooLong`, if the frame would be too large.
    #[inline]
    pub fn more(&mut self, bytes: usize, field: &'static Field) -> Result<(), Halt> {
        Ok(self.grow(bytes, field)?)
    }

    /// Remembers where the next field stands, so that it can be looked at again.
    ///
    /// # Errors
    ///
    /// None.
    #[inline]
    pub fn mark(&mut self, slot: usize) -> Result<(), Halt> {
        self.keep(slot, self.place.at)
    }

    /// Looks at a field of at least `bytes` bytes where [`mark`](Self::mark) has remembered it: a condition asks for it.
    ///
    /// # Errors
    ///
    /// It has not arrived whole, or what `read` says.
    #[inline]
    pub fn look<T>(
        &mut self,
        slot: usize,
        bytes: usize,
        read: impl FnOnce(&mut Reader<'w>) -> Result<T, DecodeError>,
    ) -> Result<T, Halt> {
        let at = self.kept(slot);
        self.look_at(at, bytes, read)
    }

    /// The next byte, which is not stepped over.
    ///
    /// # Errors
    ///
    /// It has not arrived.
    #[inline]
    pub fn first_byte(&self, field: &'static Field) -> Result<u8, Halt> {
        self.look_at(self.place.at, 1, |reader| reader.first_byte(field))
    }

    /// Looks again at what stands `at` a place of the frame, at least `bytes` bytes.
    ///
    /// # Errors
    ///
    /// It has not arrived whole, or what `read` says.
    #[inline]
    pub fn look_at<T>(
        &self,
        at: usize,
        bytes: usize,
        read: impl FnOnce(&mut Reader<'w>) -> Result<T, DecodeError>,
    ) -> Result<T, Halt> {
        if self.buf.len() < at.saturating_add(bytes) {
            return Err(Halt::Need(0));
        }
        Ok(read(&mut Reader::at(self.buf, at))?)
    }

    /// What the layout that was left last has remembered.
    #[inline]
    #[must_use]
    pub fn inside(&self, slot: usize) -> usize {
        let left = self.levels.get(self.place.depth);
        left.and_then(|level| level.values.get(slot).copied()).map_or(0, place)
    }

    /// Goes on behind an element of a list of at most `max`: behind the list if it was the `last`, or with the next
    /// element, which takes at least `least` bytes.
    ///
    /// # Errors
    ///
    /// `TooLong`, if there are too many elements, or if the frame would be too large.
    #[inline]
    pub fn again(&mut self, last: bool, max: usize, least: usize, field: &'static Field) -> Result<(), Halt> {
        let only = self.level().is_none_or(|level| level.left <= 1);
        if !last && only {
            let fault = Fault::TooLong { found: (max as u64).saturating_add(1), limit: max as u64 };
            return Err(DecodeError::new(field, self.place.at, fault).into());
        }
        if !last {
            self.grow(least, field)?;
        } else if let Some(level) = self.level() {
            level.left = 1;
        }
        self.leave()
    }

    /// Takes the next step only if its field is there, and counts the `least` bytes of it then.
    ///
    /// # Errors
    ///
    /// `TooLong`, if the frame would be too large.
    #[inline]
    pub fn only_if(&mut self, present: bool, least: usize, field: &'static Field) -> Result<(), Halt> {
        if present {
            self.grow(least, field)?;
        } else if let Some(level) = self.level() {
            level.next = level.next.saturating_add(1);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);
    const SHORT: usize = 40;

    /// `SET key value<LF>`, then a count of pairs of prefixed bytes.
    fn message(walk: &mut Walker<'_, 1>, step: usize) -> Result<(), Halt> {
        match step {
            0 => walk.constant(b"SET ", F),
            1 => walk.until(b" ", 8, F),
            2 => {
                let count = walk.u8(F)?;
                let count = walk.length(count.into(), 1, usize::MAX, 2, F)?;
                walk.keep(0, count)
            }
            3 => walk.until(b"\r\n", 8, F),
            4 => {
                let count = walk.kept(0);
                walk.repeat(count, pair, F)
            }
            _ => walk.leave(),
        }
    }

    fn pair(walk: &mut Walker<'_, 1>, step: usize) -> Result<(), Halt> {
        match step {
            0 | 1 => {
                let len = walk.varint(F)?;
                let len = walk.length(len, 0, 100, 1, F)?;
                walk.pass(len)
            }
            _ => walk.leave(),
        }
    }

    fn resume(walk: &mut Walk<2, 1>, buf: &[u8]) -> Result<Input, DecodeError> {
        walk.resume(buf, 4 + 1 + 1 + 2, SHORT, message)
    }

    const WHOLE: &[u8] = b"SET key \x03value\r\n\x01a\x02bc\x00\x00";

    #[test]
    fn a_walk_may_be_cut_anywhere() {
        for first in 0..=WHOLE.len() {
            for second in first..WHOLE.len() {
                let mut walk = Walk::default();
                for cut in [first, second] {
                    match resume(&mut walk, &WHOLE[..cut]) {
                        Ok(Input::Need(needed)) => assert!(needed <= WHOLE.len() - cut, "{needed} behind {cut}"),
                        Ok(Input::Frame(len)) => assert_eq!((cut, len), (WHOLE.len(), len)),
                        other => panic!("{other:?} at {cut}"),
                    }
                }
                assert_eq!(resume(&mut walk, WHOLE), Ok(Input::Frame(WHOLE.len())));
                assert_eq!(resume(&mut walk, b""), Ok(Input::Need(8)), "ready for the next frame");
            }
        }
    }

    #[test]
    fn what_is_needed_is_known_from_what_has_been_read() {
        let need = |bytes: &[u8]| resume(&mut Walk::default(), bytes);
        assert_eq!(need(b"SE"), Ok(Input::Need(6)));
        assert_eq!(need(b"SET ke"), Ok(Input::Need(4)), "two bytes of the key, its end, the count, the line end");
        assert_eq!(need(b"SET key \x03"), Ok(Input::Need(2 + 2 * 2)));
        assert_eq!(need(b"SET key \x02\r\n\x05"), Ok(Input::Need(5 + 1)), "passed unseen");
    }

    #[test]
    fn a_count_over_the_frame_is_refused_at_once() {
        let found = resume(&mut Walk::default(), b"SET key \xff");
        // 40 bytes, of which 4 + 3 + 1 + 1 + 2 are other, are room for 14 pairs; the number says one more.
        assert_eq!(found, Err(DecodeError::new(F, 8, Fault::TooLong { found: 255, limit: 15 })));
        let found = resume(&mut Walk::default(), b"SET key \x02\r\n\x64");
        assert_eq!(found, Err(DecodeError::new(F, 11, Fault::TooLong { found: 100, limit: 27 })));
    }

    /// A key up to a blank, and all that comes.
    fn endless(walk: &mut Walker<'_, 1>, step: usize) -> Result<(), Halt> {
        match step {
            0 => walk.until(b" ", 8, F),
            1 => walk.until_end(10, F),
            _ => walk.leave(),
        }
    }

    #[test]
    fn what_goes_on_to_the_end_is_whole_behind_each_of_its_bytes() {
        let whole = b"key 0123456789";
        for cut in 0..=whole.len() {
            let mut walk = Walk::<2, 1>::default();
            for arrived in cut..=whole.len() {
                let said = walk.resume(&whole[..arrived], 1, SHORT, endless);
                let expected = if arrived < 4 { Input::Need(1) } else { Input::UntilEnd };
                assert_eq!(said, Ok(expected), "{arrived} bytes, first seen at {cut}");
            }
            let long = DecodeError::new(F, whole.len(), Fault::TooLong { found: 11, limit: 10 });
            assert_eq!(walk.resume(b"key 0123456789more", 1, SHORT, endless), Err(long));
        }
        let long = DecodeError::new(F, 9, Fault::TooLong { found: 6, limit: 5 });
        assert_eq!(Walk::<2, 1>::default().resume(b"key 012345", 1, 9, endless), Err(long), "no frame is longer");
    }

    #[test]
    fn of_no_bytes_no_frame_has_begun() {
        let all = |walk: &mut Walker<'_>, step: usize| if step == 0 { walk.until_end(10, F) } else { walk.leave() };
        let mut walk = Walk::<1>::default();
        assert_eq!(walk.resume(b"", 0, SHORT, all), Ok(Input::Need(1)));
        assert_eq!(walk.resume(b"a", 0, SHORT, all), Ok(Input::UntilEnd));
    }

    #[test]
    fn a_stranger_is_refused_at_its_first_wrong_byte() {
        let mut walk = Walk::default();
        assert_eq!(resume(&mut walk, b"S"), Ok(Input::Need(7)));
        let error = DecodeError::new(F, 2, Fault::Constant { expected: b"SET " });
        assert_eq!(resume(&mut walk, b"SEX"), Err(error));
        let long = resume(&mut Walk::default(), b"SET muchtoolong ");
        assert_eq!(long, Err(DecodeError::new(F, 12, Fault::TooLong { found: 12, limit: 8 })));
    }
}
