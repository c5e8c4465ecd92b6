//! Bytes that fill a field up: to a size of its own, or to a multiple of one.

use super::{DecodeError, Fault, Field, Reader, Writer};

/// How far a field is filled up. Sizes are in bytes, and at least 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fill {
    /// To so many bytes: the field has at most as many.
    To(usize),
    /// To the next multiple of so many bytes.
    Align(usize),
}

impl Fill {
    /// How many bytes fill a field of `size` bytes up; none if it has more than it may.
    ///
    /// ```
    /// use wm_core::wire::Fill;
    ///
    /// assert_eq!(Fill::To(16).behind(5), Some(11));
    /// assert_eq!(Fill::To(16).behind(17), None);
    /// assert_eq!(Fill::Align(4).behind(5), Some(3));
    /// assert_eq!(Fill::Align(4).behind(8), Some(0));
    /// ```
    #[must_use]
    pub const fn behind(self, size: usize) -> Option<usize> {
        match self {
            Self::To(whole) => whole.checked_sub(size),
            Self::Align(unit) => match size.checked_rem(unit) {
                None | Some(0) => Some(0),
                Some(over) => Some(unit.saturating_sub(over)),
            },
        }
    }

    /// The most bytes that the field may have.
    pub(super) const fn most(self) -> usize {
        match self {
            Self::To(whole) => whole,
            Self::Align(_) => usize::MAX,
        }
    }
}

impl Reader<'_> {
    /// Steps over what fills the bytes since `start` up, an offset of the frame. Each must be `byte`, if that is said.
    ///
    /// # Errors
    ///
    /// Since `start` there are more bytes than the field may have; those that fill it up end too early, or one is another.
    #[inline]
    pub fn fill_up(
        &mut self,
        start: usize,
        fill: Fill,
        byte: Option<&'static [u8; 1]>,
        field: &'static Field,
    ) -> Result<(), DecodeError> {
        let (at, size) = (self.offset(), self.offset().saturating_sub(start));
        let Some(len) = fill.behind(size) else {
            let limit = fill.most();
            let fault = Fault::TooLong { found: size as u64, limit: limit as u64 };
            return Err(DecodeError::new(field, start.saturating_add(limit), fault));
        };
        let filler = self.bytes(len, field)?;
        let Some(expected @ [byte]) = byte else { return Ok(()) };
        match filler.iter().position(|found| found != byte) {
            Some(other) => Err(DecodeError::new(field, at.saturating_add(other), Fault::Constant { expected })),
            None => Ok(()),
        }
    }
}

impl Writer<'_> {
    /// Fills what was written since `start` up, which is an [`offset`](Self::offset).
    #[inline]
    pub fn fill_up(&mut self, start: usize, fill: Fill, byte: u8) {
        let size = self.offset().saturating_sub(start);
        self.pad(byte, fill.behind(size).unwrap_or_default());
    }
}
