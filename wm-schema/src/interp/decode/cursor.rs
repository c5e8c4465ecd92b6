//! How far a region has been read, and what is written down of it.

use super::super::trace::{Found, Recorder, Setter};
use super::super::{Error, Fault, Place, number};
use crate::ir::{Int, Layout, Pointer, Value};
use std::ops::Range;

/// How far a region has been read. Offsets count from the start of the frame in every region.
pub(in crate::interp) struct Cursor<'f> {
    /// The frame up to the end of the region.
    pub(in crate::interp) bytes: &'f [u8],
    pub(in crate::interp) at: usize,
    /// How many layouts that contain themselves stand around it.
    pub(super) depth: u64,
    pub(super) recorder: Option<&'f Recorder>,
    /// What the pointers of this region have led to.
    pub(super) trail: Trail,
}

/// Where pointers have led.
#[derive(Debug, Clone, Copy)]
pub(in crate::interp) struct Trail {
    /// How many have led here.
    hops: u64,
    /// Pointers lead in front of this place.
    before: usize,
    /// How many bytes more than its own those take that the value points at.
    elsewhere: i64,
    /// Where the last pointer ended.
    pointed: usize,
}

impl Trail {
    pub(in crate::interp) const fn new() -> Self {
        Self { hops: 0, before: usize::MAX, elsewhere: 0, pointed: 0 }
    }
}

impl<'f> Cursor<'f> {
    /// Begins a layout that pointers lead to, or whose bytes are counted.
    pub(super) fn begin(&mut self, layout: &Layout) -> (usize, Trail) {
        let outside = (self.at, self.trail);
        if layout.hops.is_some() {
            self.trail.before = self.at;
        }
        if layout.hops.is_some() || layout.max.is_some() {
            self.trail.elsewhere = 0;
        }
        outside
    }

    /// Ends it.
    pub(super) fn finish(&mut self, layout: &Layout, (start, outside): (usize, Trail)) -> Result<(), Error> {
        if layout.hops.is_none() && layout.max.is_none() {
            return Ok(());
        }
        let found = (self.at - start) as i64 + self.trail.elsewhere;
        if let Some(limit) = layout.max.filter(|max| found > 0 && found.unsigned_abs() > *max) {
            let fault = Fault::TooLong { found: found.unsigned_abs(), limit };
            return Err(Place::first(layout).error(start, fault));
        }
        self.trail.before = outside.before;
        self.trail.elsewhere += outside.elsewhere;
        Ok(())
    }

    /// What stands at an earlier place; `start` is where the struct starts that points there.
    pub(super) fn follow(
        &mut self,
        (at, start): (i128, usize),
        (pointer, hops): (&Pointer, u64),
        read: impl FnOnce(&mut Self) -> Result<Value, Error>,
        place: Place<'_>,
    ) -> Result<Value, Error> {
        let before = self.trail.before.min(start);
        let there = usize::try_from(at).ok().filter(|at| *at as u64 >= pointer.least && *at < before);
        let Some(there) = there else {
            let fault = Fault::Pointer { to: at, least: pointer.least, before: before as u64 };
            return Err(place.error(start, fault));
        };
        if self.trail.hops >= hops {
            return Err(place.error(start, Fault::TooManyHops { limit: hops }));
        }
        let trail = Trail { hops: self.trail.hops + 1, before: there, elsewhere: 0, pointed: 0 };
        let mut cursor = Cursor { bytes: &self.bytes[..before], at: there, depth: self.depth, recorder: None, trail };
        let value = read(&mut cursor)?;
        let found = (cursor.at - there) as i64 + cursor.trail.elsewhere;
        self.trail.elsewhere += found - (self.at - start.max(self.trail.pointed)) as i64;
        self.trail.pointed = self.at;
        Ok(value)
    }
}

impl<'f> Cursor<'f> {
    pub(in crate::interp) fn left(&self) -> &'f [u8] {
        &self.bytes[self.at..]
    }

    pub(in crate::interp) fn take(&mut self, len: u64, place: Place<'_>) -> Result<&'f [u8], Error> {
        let left = self.left();
        match usize::try_from(len).ok().filter(|len| *len <= left.len()) {
            Some(len) => {
                self.at += len;
                Ok(&left[..len])
            }
            None => {
                let needed = usize::try_from(len).unwrap_or(usize::MAX) - left.len();
                Err(place.error(self.bytes.len(), Fault::Truncated { needed }))
            }
        }
    }

    /// What is left of the region but for its last `tail` bytes, as a region of its own; this one steps over it.
    pub(super) fn rest(&mut self, tail: u64, place: Place<'_>) -> Result<Self, Error> {
        let left = self.left().len() as u64;
        let Some(len) = left.checked_sub(tail) else {
            let needed = usize::try_from(tail - left).unwrap_or(usize::MAX);
            return Err(place.error(self.bytes.len(), Fault::Truncated { needed }));
        };
        self.region(len, place)
    }

    /// The next `len` bytes as a region of their own; this one steps over it.
    pub(super) fn region(&mut self, len: u64, place: Place<'_>) -> Result<Self, Error> {
        let start = self.at;
        self.take(len, place)?;
        Ok(Self { bytes: &self.bytes[..self.at], at: start, ..*self })
    }

    pub(super) fn number(&mut self, int: &Int, place: Place<'_>) -> Result<Value, Error> {
        match number::read(int, self.left(), self.at, place)? {
            Some((value, width)) => {
                self.at += width;
                Ok(value)
            }
            None => {
                // A number of fixed width says how much is missing; the others only that more is.
                let fixed = int.size().fixed().and_then(|width| usize::try_from(width).ok());
                let needed = fixed.map_or(1, |width| width - self.left().len());
                Err(place.error(self.bytes.len(), Fault::Truncated { needed }))
            }
        }
    }
}

/// What is written down for a trace.
impl Cursor<'_> {
    /// A field or an element starts here.
    pub(super) fn opened(&self, name: &str, line: u32) {
        self.opened_at(self.at, name, line);
    }

    /// A field starts there: some of its bits may have been read.
    pub(super) fn opened_at(&self, at: usize, name: &str, line: u32) {
        if let Some(recorder) = self.recorder {
            recorder.open(name, line, at);
        }
    }

    /// The content of what was opened last stands here.
    pub(super) fn held(&self, content: Range<usize>) {
        if let Some(recorder) = self.recorder {
            recorder.content(content);
        }
    }

    /// What was opened last ends here.
    pub(super) fn closed(&self, found: impl FnOnce() -> (Setter, Found)) {
        self.closed_at(self.at, found);
    }

    /// What was opened last ends there.
    pub(super) fn closed_at(&self, at: usize, found: impl FnOnce() -> (Setter, Found)) {
        if let Some(recorder) = self.recorder {
            let (setter, found) = found();
            recorder.close(at, setter, found);
        }
    }
}
