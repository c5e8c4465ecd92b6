//! A walk over a message in parts: it stops where the head ends and where data begins, and forgets what has been handed out.
//!
//! ```text
//!   on the wire   │ head │ framing │ ── data ── │ framing │ ── data ── │ framing │
//!   the walk      └──────┴─ Head   └─ Data      └─────────┴─ Data      └─────────┴─ End
//! ```
//!
//! All places are counted from the first byte that has not been handed out; an error is moved back to the start of the frame.

use super::{Halt, Level, Place, Step, Walk, Walker};
use crate::wire::{DecodeError, Fault, Field, Input};
use core::fmt::Debug;

/// What a walk over a message in parts has come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reached {
    /// So many bytes are missing at least.
    Need(usize),
    /// The end of the head.
    Head,
    /// So many bytes of data that come next, at least one. Of data that goes on to the [end](PartWalk::is_open) of the stream
    /// so many at most, none if as many have come as may.
    Data(usize),
    /// The end of the message.
    End,
}

/// How far the parts of a message have come.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Parts {
    /// Whether the message is taken in parts at all.
    on: bool,
    /// Whether its head is behind.
    headed: bool,
    /// How many bytes of data come next; at most, if they go on to the end of the stream.
    data: usize,
    /// The most bytes of data that go on to the end of the stream, once they have begun.
    open: Option<usize>,
    /// Whether the data that came last was none.
    empty: bool,
    /// What the step has come to that halts.
    reached: Option<Reached>,
    /// How many bytes of the frame have been handed out.
    passed: usize,
    /// How large the frame is, if a number in front has said so.
    frame: Option<usize>,
}

impl Parts {
    /// Whether the step that halts is behind: it has said where data begins.
    pub(super) const fn is_behind(&self) -> bool {
        matches!(self.reached, Some(Reached::Data(_))) && self.open.is_none()
    }

    /// How many bytes of the frame have been handed out.
    pub(super) const fn passed(&self) -> usize {
        self.passed
    }
}

/// The state of a walk over a message in parts, whatever it remembers.
pub trait PartWalk: Debug + Clone + Default + 'static {
    /// Where it stands, in bytes from the first that has not been handed out.
    fn at(&self) -> usize;

    /// Goes on behind bytes of the data, which have arrived.
    fn take(&mut self, bytes: usize);

    /// Forgets so many bytes, which are handed out.
    fn hand_out(&mut self, bytes: usize);

    /// How many bytes have been handed out.
    fn passed(&self) -> usize;

    /// How many bytes are still to come, at the least: exactly so many if the head says how much data there is.
    fn least(&self) -> usize;

    /// How large the frame is, if a number in front of all else has said so.
    fn frame_bytes(&self) -> Option<usize>;

    /// Whether it stands in data that goes on to the end of the stream.
    fn is_open(&self) -> bool;
}

impl<const LEVELS: usize, const VALUES: usize> PartWalk for Walk<LEVELS, VALUES> {
    fn at(&self) -> usize {
        self.place.at
    }

    fn take(&mut self, bytes: usize) {
        self.place.at = self.place.at.saturating_add(bytes);
        self.place.seen = 0;
        self.place.parts.data = self.place.parts.data.saturating_sub(bytes);
    }

    fn hand_out(&mut self, bytes: usize) {
        let place = &mut self.place;
        place.parts.passed = place.parts.passed.saturating_add(bytes);
        for counted in [&mut place.at, &mut place.number_at, &mut place.seen, &mut place.least, &mut place.most] {
            *counted = counted.saturating_sub(bytes);
        }
    }

    fn passed(&self) -> usize {
        self.place.parts.passed
    }

    fn least(&self) -> usize {
        let Parts { frame, passed, .. } = self.place.parts;
        frame.map_or(self.place.least, |bytes| bytes.saturating_sub(passed))
    }

    fn frame_bytes(&self) -> Option<usize> {
        self.place.parts.frame
    }

    fn is_open(&self) -> bool {
        self.place.parts.open.is_some()
    }
}

impl<const LEVELS: usize, const VALUES: usize> Walk<LEVELS, VALUES> {
    /// Goes on with the steps of a message of `least` to `most` bytes that is taken in parts; `buf` starts with the first
    /// byte that has not been handed out.
    ///
    /// # Errors
    ///
    /// What a step says.
    pub fn reach(&mut self, buf: &[u8], least: usize, most: usize, step: Step<VALUES>) -> Result<Reached, DecodeError> {
        if !self.place.parts.on {
            let parts = Parts { on: true, ..Parts::default() };
            self.place = Place { least, most, parts, ..Place::default() };
            if let Some(level) = self.levels.first_mut() {
                *level = Level::new(step, 1, 0);
                self.place.depth = 1;
            }
        }
        if self.place.parts.data > 0 {
            return Ok(Reached::Data(self.place.parts.data));
        }
        match (Walker { buf, place: &mut self.place, levels: &mut self.levels }).run() {
            Ok(()) => Ok(match self.place.at.saturating_sub(buf.len()) {
                0 => Reached::End,
                missing => Reached::Need(missing),
            }),
            Err(Halt::Need(_)) => Ok(self.place.parts.reached.take().unwrap_or(Reached::Need(1))),
            Err(Halt::Bad(error)) => Err(error.behind(self.place.parts.passed)),
        }
    }
}

impl<const VALUES: usize> Walker<'_, VALUES> {
    /// The step in front of all others where a number in the first bytes says how large the frame is.
    ///
    /// # Errors
    ///
    /// What `size` says, or the number has not arrived.
    pub fn frame(&mut self, size: fn(&[u8]) -> Result<Input, DecodeError>) -> Result<(), Halt> {
        match size(self.buf)? {
            Input::Need(missing) => {
                self.place.parts.reached = Some(Reached::Need(missing));
                Err(Halt::Need(0))
            }
            Input::Frame(bytes) => {
                self.place.most = bytes;
                self.place.parts.frame = Some(bytes);
                Ok(())
            }
            // No number says so.
            Input::UntilEnd => Ok(()),
        }
    }

    /// The head ends here: a message in parts hands it out.
    ///
    /// # Errors
    ///
    /// It does so now, or the head has not arrived whole.
    #[inline]
    pub fn head(&mut self) -> Result<(), Halt> {
        if !self.place.parts.on || self.place.parts.headed {
            return Ok(());
        }
        let missing = self.place.at.saturating_sub(self.buf.len());
        self.place.parts.headed = missing == 0;
        self.place.parts.reached = Some(if missing == 0 { Reached::Head } else { Reached::Need(missing) });
        Err(Halt::Need(0))
    }

    /// Data that is a stream begins here: what is not taken in parts is passed unseen.
    ///
    /// # Errors
    ///
    /// It is taken in parts, and comes next.
    #[inline]
    pub fn stream(&mut self, bytes: usize) -> Result<(), Halt> {
        let parts = &mut self.place.parts;
        parts.empty = bytes == 0;
        if !parts.headed || parts.empty {
            return self.pass(bytes);
        }
        (parts.data, parts.reached) = (bytes, Some(Reached::Data(bytes)));
        Err(Halt::Need(0))
    }

    /// Data that takes all of the frame but for the `tail` bytes behind it; its size is known by [`frame`](Self::frame).
    ///
    /// # Errors
    ///
    /// Those of [`stream`](Self::stream), or the frame ends before.
    pub fn stream_rest(&mut self, tail: usize, field: &'static Field) -> Result<(), Halt> {
        let taken = self.place.at.saturating_add(tail);
        match self.place.most.checked_sub(taken) {
            Some(bytes) => self.stream(bytes),
            None => {
                let needed = taken.saturating_sub(self.place.most);
                Err(DecodeError::new(field, self.place.most, Fault::Truncated { needed }).into())
            }
        }
    }

    /// Data that goes on to the end of the stream, at most `max` bytes and no more than the frame has room for.
    ///
    /// # Errors
    ///
    /// Those of [`until_end`](Self::until_end); or it is taken in parts, and comes next.
    pub fn stream_until_end(&mut self, max: usize, field: &'static Field) -> Result<(), Halt> {
        if !self.place.parts.headed {
            return self.until_end(max, field);
        }
        let room = max.min(self.place.most.saturating_sub(self.place.least));
        let arrived = self.arrived().len();
        let parts = &mut self.place.parts;
        match parts.open {
            None => (parts.open, parts.data) = (Some(room), room),
            Some(limit) if arrived > 0 => return Err(self.too_long(limit, 0, field).into()),
            Some(_) => {}
        }
        parts.reached = Some(Reached::Data(parts.data));
        Err(Halt::Need(0))
    }

    /// Whether the data that came last was none.
    #[inline]
    #[must_use]
    pub const fn was_empty(&self) -> bool {
        self.place.parts.empty
    }
}
