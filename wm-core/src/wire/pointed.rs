//! Pointers: values that are read at an earlier place of their frame.
//!
//! A pointer leads in front of the value that holds it, and what it leads to ends there too: each leads further back than
//! the one before, so that a chain of them ends. How many there may be is bounded besides, and with what it leads to a value
//! is no larger than its schema says: whatever a peer sends, to read a pointer costs no more than that.
//!
//! ```text
//!     14           20                 29
//!     ├─ a name ───┤                  ├─ a name that points at 14 ─┤
//!     www example 0 ...               mail  ──> 14 (reads up to 29, no further)
//! ```

use super::{DecodeError, Element, Fault, Field, List, ListIter, Reader};
use core::fmt;

/// Where a pointer may lead to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Backward {
    /// The first byte of a frame where such a value may stand.
    pub least: usize,
    /// The most pointers in a chain.
    pub hops: u16,
}

/// What stands around a value whose bytes are counted: to be given back to [`Reader::finish`].
#[derive(Debug, Clone, Copy)]
#[must_use]
pub struct Outside {
    start: usize,
    before: usize,
    elsewhere: i64,
}

impl<'a> Reader<'a> {
    /// Begins a value that pointers lead to: those within it lead in front of it.
    #[inline]
    pub const fn begin(&mut self) -> Outside {
        let outside = self.count();
        self.before = self.at;
        outside
    }

    /// Begins a value whose bytes are counted, with those that pointers lead to.
    #[inline]
    pub const fn count(&mut self) -> Outside {
        let outside = Outside { start: self.at, before: self.before, elsewhere: self.elsewhere };
        self.elsewhere = 0;
        outside
    }

    /// Ends a value that has been begun. It takes at most `max` bytes, where those that a pointer leads to stand in the place
    /// of the pointer.
    ///
    /// # Errors
    ///
    /// It takes more.
    #[inline]
    pub fn finish(&mut self, outside: Outside, max: usize, field: &'static Field) -> Result<(), DecodeError> {
        let own = bytes(self.at.saturating_sub(outside.start));
        let found = own.saturating_add(self.elsewhere);
        if !self.checked && found > bytes(max) {
            let fault = Fault::TooLong { found: found.unsigned_abs(), limit: max as u64 };
            return Err(DecodeError::new(field, outside.start, fault));
        }
        self.before = outside.before;
        self.elsewhere = self.elsewhere.saturating_add(outside.elsewhere);
        Ok(())
    }

    /// What stands `at` an earlier place of the frame; `start` is where the struct starts that points there.
    ///
    /// # Errors
    ///
    /// The place is not in front of the value that holds the pointer, the chain is too long, or what `read` says.
    #[inline]
    pub fn follow<T>(
        &mut self,
        at: i128,
        start: usize,
        backward: Backward,
        read: Element<'a, T>,
        field: &'static Field,
    ) -> Result<Pointed<'a, T>, DecodeError> {
        let before = self.before.min(start);
        let there = usize::try_from(at).ok().filter(|at| (backward.least..before).contains(at));
        let Some(there) = there else {
            let fault = Fault::Pointer { to: at, least: backward.least as u64, before: before as u64 };
            return Err(DecodeError::new(field, start, fault));
        };
        if self.hops >= backward.hops {
            return Err(DecodeError::new(field, start, Fault::TooManyHops { limit: backward.hops.into() }));
        }
        let frame = self.frame.get(..before).unwrap_or_default();
        let hops = self.hops.saturating_add(1);
        let mut reader = Self { frame, at: there, before: there, elsewhere: 0, pointed: 0, hops, ..*self };
        let pointed = Pointed(Some(There { reader: reader.clone(), read }));
        if !self.checked {
            read(&mut reader)?;
            let found = bytes(reader.at.saturating_sub(there)).saturating_add(reader.elsewhere);
            // What stands behind one pointer is part of the next.
            let pointer = bytes(self.at.saturating_sub(start.max(self.pointed)));
            self.elsewhere = self.elsewhere.saturating_add(found).saturating_sub(pointer);
            self.pointed = self.at;
        }
        Ok(pointed)
    }

    /// The same place, of which all has been read before and found good: pointers are not followed again.
    #[inline]
    pub(super) fn again(&self) -> Self {
        Self { checked: true, ..self.clone() }
    }
}

fn bytes(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// What stands at an earlier place of the frame.
///
/// It has been checked when the message was read, and is read again by [`get`](Self::get). It is nothing that is sent: the
/// fields beside it say where it stands. So there is none in a message that is about to be sent, and all are equal.
pub struct Pointed<'a, T>(Option<There<'a, T>>);

struct There<'a, T> {
    reader: Reader<'a>,
    read: Element<'a, T>,
}

impl<'a, T> Pointed<'a, T> {
    /// Nothing: what a message holds that is about to be sent.
    #[must_use]
    pub const fn nothing() -> Self {
        Self(None)
    }

    /// What stands there; none if the message was not received, or if there is no pointer.
    #[must_use]
    pub fn get(&self) -> Option<T> {
        let There { reader, read } = self.0.as_ref()?;
        read(&mut reader.again()).ok()
    }

    /// Where it stands, in bytes from the start of the frame.
    #[must_use]
    pub fn offset(&self) -> Option<usize> {
        self.0.as_ref().map(|there| there.reader.at)
    }
}

impl<T> Default for Pointed<'_, T> {
    fn default() -> Self {
        Self::nothing()
    }
}

impl<T> Clone for Pointed<'_, T> {
    fn clone(&self) -> Self {
        Self(self.0.as_ref().map(|there| There { reader: there.reader.clone(), read: there.read }))
    }
}

impl<T> PartialEq for Pointed<'_, T> {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl<T> Eq for Pointed<'_, T> {}

impl<T> fmt::Debug for Pointed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("..")
    }
}

impl<'a, T> List<'a, T> {
    /// The elements in order; behind one that points at another list those of that list follow in its place, as `next`
    /// says.
    #[must_use]
    pub fn followed(&self, next: fn(&T) -> Option<Self>) -> Followed<'a, T> {
        Followed { items: self.iter(), next }
    }
}

/// The elements of a [`List`], and of those that it points at.
pub struct Followed<'a, T> {
    items: ListIter<'a, T>,
    next: fn(&T) -> Option<List<'a, T>>,
}

impl<T: Clone> Iterator for Followed<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        // Each list that is pointed at stands in front of the last one, so that this ends.
        loop {
            let item = self.items.next()?;
            match (self.next)(&item) {
                Some(list) => self.items = list.iter(),
                None => return Some(item),
            }
        }
    }
}

impl<T> fmt::Debug for Followed<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Followed").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("Name", "labels", 1);
    const TO: &Field = &Field::new("Pointer", "to", 2);
    const BACKWARD: Backward = Backward { least: 1, hops: 3 };

    #[derive(Debug, Clone, PartialEq)]
    enum Label<'a> {
        Text(&'a [u8]),
        Pointer(u8, Pointed<'a, Name<'a>>),
    }

    #[derive(Debug, Clone, PartialEq)]
    struct Name<'a>(List<'a, Label<'a>>);

    /// A length and text, up to one of no length; a length over 127 points.
    fn name<'a>(reader: &mut Reader<'a>) -> Result<Name<'a>, DecodeError> {
        let outside = reader.begin();
        let last = |label: &Label<'_>| matches!(label, Label::Pointer(..) | Label::Text(b""));
        let labels = List::read_until(reader, usize::MAX, label, last, F)?;
        reader.finish(outside, 8, F)?;
        Ok(Name(labels))
    }

    fn label<'a>(reader: &mut Reader<'a>) -> Result<Label<'a>, DecodeError> {
        let start = reader.offset();
        match reader.u8(F)? {
            len @ ..0x80 => Ok(Label::Text(reader.bytes(len.into(), F)?)),
            at => {
                let to = reader.follow(i128::from(at) - 128, start, BACKWARD, name, TO)?;
                Ok(Label::Pointer(at, to))
            }
        }
    }

    fn next<'a>(label: &Label<'a>) -> Option<List<'a, Label<'a>>> {
        match label {
            Label::Pointer(_, to) => to.get().map(|name| name.0),
            Label::Text(_) => None,
        }
    }

    fn at(frame: &[u8], start: usize) -> Result<Vec<&[u8]>, DecodeError> {
        let Name(labels) = name(&mut Reader::at(frame, start))?;
        let text = labels.followed(next).map(|label| match label {
            Label::Text(text) => text,
            Label::Pointer(..) => b"?",
        });
        Ok(text.collect())
    }

    #[test]
    fn what_a_pointer_leads_to_stands_in_its_place() {
        let frame = b"#\x01a\x00\x01b\x81\x01c\x84\x87\x8a";
        assert_eq!(at(frame, 1).unwrap(), [&b"a"[..], b""]);
        assert_eq!(at(frame, 4).unwrap(), [&b"b"[..], b"a", b""]);
        assert_eq!(at(frame, 7).unwrap(), [&b"c"[..], b"b", b"a", b""]);
        assert_eq!(at(frame, 10).unwrap(), at(frame, 7).unwrap());
        let long = Fault::TooManyHops { limit: 3 };
        assert_eq!(at(frame, 11).unwrap_err(), DecodeError::new(TO, 6, long));
    }

    #[test]
    fn a_pointer_leads_in_front_of_what_holds_it() {
        let refused = |frame: &'static [u8], start, from, to| {
            let before = if from < start { from } else { start } as u64;
            let fault = Fault::Pointer { to, least: 1, before };
            assert_eq!(at(frame, start).unwrap_err(), DecodeError::new(TO, from, fault), "{frame:?}");
        };
        refused(b"#\x81", 1, 1, 1);
        refused(b"#\x82\x00", 1, 1, 2);
        refused(b"#\x80", 1, 1, 0);
        // Into its own first label.
        refused(b"#\x02\x01\x00\x82", 1, 4, 2);
        // Two that lead to each other.
        refused(b"#\x82\x81", 2, 1, 2);
        // What stands there must end in front of what points there.
        assert_eq!(
            at(b"#\x03a\x81\x00", 3).unwrap_err(),
            DecodeError::new(F, 3, Fault::Truncated { needed: 2 }),
            "the text would go on behind the pointer"
        );
    }

    #[test]
    fn the_bytes_elsewhere_are_counted() {
        // 4 + 3 + 1 bytes, and in the next 4 + 4 + 1.
        let frame = b"#\x03abc\x00\x02de\x81\x03def\x81";
        assert_eq!(at(frame, 6).unwrap(), [&b"de"[..], b"abc", b""]);
        assert_eq!(at(frame, 10).unwrap_err(), DecodeError::new(F, 10, Fault::TooLong { found: 9, limit: 8 }));
    }

    #[test]
    fn what_is_to_be_sent_points_at_nothing() {
        let labels = [Label::Text(b"a"), Label::Pointer(0x81, Pointed::nothing())];
        assert_eq!(List::from(&labels).followed(next).count(), 2);
        let mut reader = Reader::at(b"#\x00\x01a\x81", 2);
        assert_eq!(name(&mut reader).unwrap(), Name(List::from(&labels)));
    }
}
