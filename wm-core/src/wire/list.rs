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
/// let list: List<'_, i32> = List::from(&[1, 2, 3][..]);
/// assert_eq!(list.len(), 3);
/// assert_eq!(list.iter().sum::<i32>(), 6);
/// ```
pub struct List<'a, T, R = Element<'a, T>>(Repr<'a, T, R>);

enum Repr<'a, T, R> {
    Wire { elements: Reader<'a>, count: usize, read: R },
    Slice(&'a [T]),
}

/// Reads one element of a list.
pub type Element<'a, T> = fn(&mut Reader<'a>) -> Result<T, DecodeError>;

/// A list whose elements are handed values by the layout that it stands in, which it keeps: one value, or a tuple of
/// several. To send one, make it from a slice like any other.
pub type HandedList<'a, T, H> = List<'a, T, Handed<'a, T, H>>;

/// Reads one element of a list, to which it hands values.
pub struct Handed<'a, T, H> {
    values: H,
    read: fn(&mut Reader<'a>, H) -> Result<T, DecodeError>,
}

/// How the elements of a list are read.
pub trait ReadElement<'a, T>: Copy {
    /// Reads one of them.
    ///
    /// # Errors
    ///
    /// It cannot be read.
    fn read_element(self, reader: &mut Reader<'a>) -> Result<T, DecodeError>;
}

impl<'a, T> ReadElement<'a, T> for Element<'a, T> {
    #[inline]
    fn read_element(self, reader: &mut Reader<'a>) -> Result<T, DecodeError> {
        self(reader)
    }
}

impl<'a, T, H: Copy> ReadElement<'a, T> for Handed<'a, T, H> {
    #[inline]
    fn read_element(self, reader: &mut Reader<'a>) -> Result<T, DecodeError> {
        (self.read)(reader, self.values)
    }
}

impl<T, H: Copy> Copy for Handed<'_, T, H> {}

impl<T, H: Copy> Clone for Handed<'_, T, H> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, H: fmt::Debug> fmt::Debug for Handed<'_, T, H> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Handed").field(&self.values).finish()
    }
}

impl<'a, T, H: Copy> Handed<'a, T, H> {
    /// Hands `values` to each element.
    #[inline]
    #[must_use]
    pub const fn new(values: H, read: fn(&mut Reader<'a>, H) -> Result<T, DecodeError>) -> Self {
        Self { values, read }
    }

    /// As [`List::read`].
    ///
    /// # Errors
    ///
    /// Those of [`List::read`].
    #[inline]
    pub fn list(self, reader: &mut Reader<'a>, count: usize) -> Result<HandedList<'a, T, H>, DecodeError> {
        List::counted(reader, count, self)
    }

    /// As [`List::read_rest`].
    ///
    /// # Errors
    ///
    /// Those of [`List::read_rest`].
    #[inline]
    pub fn rest(
        self,
        reader: &mut Reader<'a>,
        tail: usize,
        max: usize,
        field: &'static Field,
    ) -> Result<HandedList<'a, T, H>, DecodeError> {
        List::up_to(reader, tail, max, self, field)
    }

    /// As [`List::read_until`].
    ///
    /// # Errors
    ///
    /// Those of [`List::read_until`].
    #[inline]
    pub fn until(
        self,
        reader: &mut Reader<'a>,
        max: usize,
        last: fn(&T) -> bool,
        field: &'static Field,
    ) -> Result<HandedList<'a, T, H>, DecodeError> {
        List::ended(reader, max, self, last, field)
    }
}

impl<'a, T> List<'a, T> {
    /// Reads `count` elements and checks each.
    ///
    /// # Errors
    ///
    /// An element cannot be read. Nothing is allocated by `count`: the bytes end first.
    #[inline]
    pub fn read(reader: &mut Reader<'a>, count: usize, read: Element<'a, T>) -> Result<Self, DecodeError> {
        Self::counted(reader, count, read)
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
        Self::up_to(reader, tail, max, read, field)
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
        Self::ended(reader, max, read, last, field)
    }
}

impl<'a, T, R: ReadElement<'a, T>> List<'a, T, R> {
    #[inline]
    fn counted(reader: &mut Reader<'a>, count: usize, read: R) -> Result<Self, DecodeError> {
        let elements = reader.clone();
        for _ in 0..count {
            read.read_element(reader)?;
        }
        Ok(Self(Repr::Wire { elements, count, read }))
    }

    #[inline]
    fn up_to(
        reader: &mut Reader<'a>,
        tail: usize,
        max: usize,
        read: R,
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
            read.read_element(&mut region)?;
            if region.offset() == before {
                // An element of no bytes would never end; no schema has one.
                return Err(DecodeError::new(field, before, Fault::Trailing { extra: region.remaining() }));
            }
            count = count.saturating_add(1);
        }
        Ok(Self(Repr::Wire { elements, count, read }))
    }

    #[inline]
    fn ended(
        reader: &mut Reader<'a>,
        max: usize,
        read: R,
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
            let element = read.read_element(reader)?;
            count = count.saturating_add(1);
            if last(&element) {
                return Ok(Self(Repr::Wire { elements, count, read }));
            }
        }
    }
}

impl<'a, T, R> List<'a, T, R> {
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
    pub fn iter(&self) -> ListIter<'a, T, R>
    where
        R: Copy,
    {
        ListIter(match &self.0 {
            Repr::Wire { elements, count, read } => {
                IterRepr::Wire { elements: elements.again(), left: *count, read: *read }
            }
            Repr::Slice(items) => IterRepr::Slice(items.iter()),
        })
    }
}

impl<'a, T, R> From<&'a [T]> for List<'a, T, R> {
    fn from(items: &'a [T]) -> Self {
        Self(Repr::Slice(items))
    }
}

impl<'a, T, R, const N: usize> From<&'a [T; N]> for List<'a, T, R> {
    fn from(items: &'a [T; N]) -> Self {
        Self(Repr::Slice(items))
    }
}

impl<T, R: Copy> Clone for List<'_, T, R> {
    fn clone(&self) -> Self {
        Self(match &self.0 {
            Repr::Wire { elements, count, read } => {
                Repr::Wire { elements: elements.clone(), count: *count, read: *read }
            }
            Repr::Slice(items) => Repr::Slice(items),
        })
    }
}

impl<'a, T: Clone + PartialEq, R: ReadElement<'a, T>> PartialEq for List<'a, T, R> {
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.iter().eq(other.iter())
    }
}

impl<'a, T: Clone + Eq, R: ReadElement<'a, T>> Eq for List<'a, T, R> {}

impl<'a, T: Clone + fmt::Debug, R: ReadElement<'a, T>> fmt::Debug for List<'a, T, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}

impl<'a, T: Clone, R: ReadElement<'a, T>> IntoIterator for &List<'a, T, R> {
    type Item = T;
    type IntoIter = ListIter<'a, T, R>;

    fn into_iter(self) -> ListIter<'a, T, R> {
        self.iter()
    }
}

/// The elements of a [`List`].
pub struct ListIter<'a, T, R = Element<'a, T>>(IterRepr<'a, T, R>);

enum IterRepr<'a, T, R> {
    Wire { elements: Reader<'a>, left: usize, read: R },
    Slice(slice::Iter<'a, T>),
}

impl<'a, T: Clone, R: ReadElement<'a, T>> Iterator for ListIter<'a, T, R> {
    type Item = T;

    fn next(&mut self) -> Option<T> {
        match &mut self.0 {
            IterRepr::Wire { elements, left, read } => {
                *left = left.checked_sub(1)?;
                // Each was checked when the list was read.
                read.read_element(elements).ok()
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

impl<'a, T: Clone, R: ReadElement<'a, T>> ExactSizeIterator for ListIter<'a, T, R> {}

impl<T, R> fmt::Debug for ListIter<'_, T, R> {
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
    fn what_is_handed_to_the_elements_is_handed_again_when_they_are_gone_through() {
        let read = |reader: &mut Reader<'_>, (add, by): (u8, u8)| Ok((reader.u8(F)? + add) * by);
        let list = Handed::new((1, 10), read).list(&mut Reader::new(&[1, 2, 9]), 2).unwrap();
        assert_eq!((list.len(), &list), (2, &HandedList::from(&[20, 30])));
        assert_eq!(list.clone().iter().sum::<u8>(), 50);
        let rest = Handed::new((0, 2), read).rest(&mut Reader::new(&[1, 2, 9]), 1, 2, F).unwrap();
        assert_eq!(rest, HandedList::from(&[2, 4]));
        let until = Handed::new((0, 2), read).until(&mut Reader::new(&[1, 2, 9]), 9, |item| *item == 4, F).unwrap();
        assert_eq!(until, HandedList::from(&[2, 4]));
    }

    #[test]
    fn a_count_beyond_the_bytes_is_an_error_at_once() {
        let mut reader = Reader::new(&[0, 1]);
        assert!(List::read(&mut reader, usize::MAX, |reader| reader.u16_be(F)).is_err());
    }
}
