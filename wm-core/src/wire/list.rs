//! Arrays of a message: checked bytes when received, a slice when sent.

use super::{DecodeError, Fault, Field, Reader};
use core::{fmt, slice};

/// The elements of an array in a message.
///
/// A received list is the bytes of its elements, checked once and read again by the iterator: decoding allocates
/// nothing. To send one, make it from a slice.
///
/// ```
/// use wm_core::wire::List;
///
/// let list = List::from(&[1, 2, 3][..]);
/// assert_eq!(list.len(), 3);
/// assert_eq!(list.iter().sum::<i32>(), 6);
/// ```
pub struct List<'a, T>(Repr<'a, T>);

enum Repr<'a, T> {
    Wire { elements: Reader<'a>, count: usize, read: Element<'a, T> },
    Slice(&'a [T]),
}

/// Reads one element of a list.
pub type Element<'a, T> = fn(&mut Reader<'a>) -> Result<T, DecodeError>;

impl<'a, T> List<'a, T> {
    /// Reads `count` elements and checks each.
    ///
    /// # Errors
    ///
    /// An element cannot be read. Nothing is allocated by `count`: the bytes end first.
    #[inline]
    pub fn read(reader: &mut Reader<'a>, count: usize, read: Element<'a, T>) -> Result<Self, DecodeError> {
        let elements = reader.clone();
        for _ in 0..count {
            read(reader)?;
        }
        Ok(Self(Repr::Wire { elements, count, read }))
    }

    /// Reads elements up to the last `tail` bytes, at most `max`, and checks each.
    ///
    /// # Errors
    ///
    /// An element cannot be read, or there are too many.
    #[inline]
    pub fn read_rest(
        reader: &mut Reader<'a>,
        tail: usize,
        max: usize,
        read: Element<'a, T>,
        field: &'static Field,
    ) -> Result<Self, DecodeError> {
        let mut region = reader.rest_region(tail, field)?;
        let elements = region.clone();
        let mut count = 0usize;
        while region.remaining() > 0 {
            if count == max {
                let fault = Fault::TooLong { found: (max as u64).saturating_add(1), limit: max as u64 };
                return Err(DecodeError::new(field, region.offset(), fault));
            }
            let before = region.offset();
            read(&mut region)?;
            if region.offset() == before {
                // An element of no bytes would never end; no schema has one.
                return Err(DecodeError::new(field, before, Fault::Trailing { extra: region.remaining() }));
            }
            count = count.saturating_add(1);
        }
        Ok(Self(Repr::Wire { elements, count, read }))
    }

    /// Reads elements up to and including the first that is the `last`, at most `max`, and checks each.
    ///
    /// # Errors
    ///
    /// An element cannot be read, or there are too many.
    #[inline]
    pub fn read_until(
        reader: &mut Reader<'a>,
        max: usize,
        read: Element<'a, T>,
        last: fn(&T) -> bool,
        field: &'static Field,
    ) -> Result<Self, DecodeError> {
        let elements = reader.clone();
        let mut count = 0usize;
        loop {
            if count == max {
                let fault = Fault::TooLong { found: (max as u64).saturating_add(1), limit: max as u64 };
                return Err(DecodeError::new(field, reader.offset(), fault));
            }
            let element = read(reader)?;
            count = count.saturating_add(1);
            if last(&element) {
                return Ok(Self(Repr::Wire { elements, count, read }));
            }
        }
    }

    /// How many elements there are.
    #[must_use]
    pub const fn len(&self) -> usize {
        match &self.0 {
            Repr::Wire { count, .. } => *count,
            Repr::Slice(items) => items.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The elements in order.
    #[must_use]
    pub fn iter(&self) -> ListIter<'a, T> {
        ListIter(match &self.0 {
            Repr::Wire { elements, count, read } => {
                IterRepr::Wire { elements: elements.again(), left: *count, read: *read }
            }
            Repr::Slice(items) => IterRepr::Slice(items.iter()),
        })
    }
}

impl<'a, T> From<&'a [T]> for List<'a, T> {
    fn from(items: &'a [T]) -> Self {
        Self(Repr::Slice(items))
    }
}

impl<'a, T, const N: usize> From<&'a [T; N]> for List<'a, T> {
    fn from(items: &'a [T; N]) -> Self {
        Self(Repr::Slice(items))
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Repr::Wire { elements, count, read } => {
                Repr::Wire { elements: elements.clone(), count: *count, read: *read }
            }
            Repr::Slice(items) => Repr::Slice(items),
        })
    }
}

impl<T: Clone + PartialEq> PartialEq for List<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<T: Clone + Eq> Eq for List<'_, T> {}

impl<T: Clone + fmt::Debug> fmt::Debug for List<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Clone> IntoIterator for &List<'a, T> {
    type Item = T;
    type IntoIter = ListIter<'a, T>;

    fn into_iter(self) -> ListIter<'a, T> {
        self.iter()
    }
}

/// The elements of a [`List`].
pub struct ListIter<'a, T>(IterRepr<'a, T>);

enum IterRepr<'a, T> {
    Wire { elements: Reader<'a>, left: usize, read: Element<'a, T> },
    Slice(slice::Iter<'a, T>),
}

impl<T: Clone> Iterator for ListIter<'_, T> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            IterRepr::Wire { elements, left, read } => {
                *left = left.checked_sub(1)?;
                // Each was checked when the list was read.
                read(elements).ok()
            }
            IterRepr::Slice(items) => items.next().cloned(),
        }
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = match &self.0 {
            IterRepr::Wire { left, .. } => *left,
            IterRepr::Slice(items) => items.len(),
        };
        (left, Some(left))
    }
}

impl<T: Clone> ExactSizeIterator for ListIter<'_, T> {}

impl<T> fmt::Debug for ListIter<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ListIter").finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const F: &Field = &Field::new("M", "f", 1);

    #[test]
    fn a_received_list_equals_the_one_that_was_sent() {
        let mut reader = Reader::new(&[0, 1, 0, 2, 9]);
        let list = List::read(&mut reader, 2, |reader| reader.u16_be(F)).unwrap();
        assert_eq!(list, List::from(&[1, 2]));
        assert_eq!(reader.remaining(), 1);
    }

    #[test]
    fn the_rest_is_read_to_its_last_byte_and_no_further() {
        let read = |max| List::read_rest(&mut Reader::new(&[0, 1, 0, 2, 9]), 1, max, |reader| reader.u16_be(F), F);
        assert_eq!(read(2).unwrap(), List::from(&[1, 2]));
        assert_eq!(read(1).unwrap_err(), DecodeError::new(F, 2, Fault::TooLong { found: 2, limit: 1 }));
    }

    #[test]
    fn a_list_ends_with_its_last_element() {
        let read = |max| {
            let mut reader = Reader::new(&[1, 2, 0, 3]);
            List::read_until(&mut reader, max, |reader| reader.u8(F), |item| *item == 0, F)
        };
        assert_eq!(read(3).unwrap(), List::from(&[1, 2, 0]));
        assert_eq!(read(2).unwrap_err(), DecodeError::new(F, 2, Fault::TooLong { found: 3, limit: 2 }));
        let endless = List::read_until(&mut Reader::new(&[1, 2]), 9, |reader| reader.u8(F), |item| *item == 0, F);
        assert_eq!(endless.unwrap_err(), DecodeError::new(F, 2, Fault::Truncated { needed: 1 }));
    }

    #[test]
    fn a_count_beyond_the_bytes_is_an_error_at_once() {
        let mut reader = Reader::new(&[0, 1]);
        assert!(List::read(&mut reader, usize::MAX, |reader| reader.u16_be(F)).is_err());
    }
}
