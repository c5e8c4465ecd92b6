//! [`Inbox`]: bytes that have arrived and are not decoded yet.
//!
//! Where the next read of a connection goes, and why:
//!
//! ```text
//!   nothing is left over      ┌──────────── scratch ───────────┐   one for all connections; an idle one owns no memory
//!   a little is left over     [left over][──── scratch ────────]   copied to the front: cheaper than a short read
//!   a large frame is coming   [─── its own memory ───][  room  ]   read in place; grows with what has arrived
//! ```
//!
//! The functions that every read calls are inlined: this code is compiled here, what calls it in the crate of a handler.

use std::ops::Range;

/// The size of the scratch inbox, in bytes: what one read takes at most from a peer that sends small frames.
pub(super) const SCRATCH_BYTES: usize = 64 << 10;

/// Up to so many left-over bytes are copied in front of the next read.
const COPIED_BYTES_MAX: usize = 4 << 10;

/// Memory with unread bytes in its middle. All of it is initialised, so that a read can be made into the rest of it.
#[derive(Debug, Default)]
pub(super) struct Inbox {
    memory: Vec<u8>,
    start: usize,
    end: usize,
}

impl Inbox {
    /// The scratch inbox of a worker.
    pub(super) fn scratch() -> Self {
        Self { memory: vec![0; SCRATCH_BYTES], start: 0, end: 0 }
    }

    /// How many bytes wait to be decoded.
    #[inline]
    pub(super) const fn len(&self) -> usize {
        self.end - self.start
    }

    /// How much memory it has.
    pub(super) const fn owns(&self) -> usize {
        self.memory.capacity()
    }

    /// Whether the next read, of a frame of `frame` bytes in all, belongs into the scratch inbox.
    #[inline]
    pub(super) const fn fits_scratch(&self, frame: usize) -> bool {
        self.len() <= COPIED_BYTES_MAX && frame <= SCRATCH_BYTES
    }

    /// What waits to be decoded.
    #[inline]
    pub(super) fn unread(&self) -> &[u8] {
        &self.memory[self.start..self.end]
    }

    /// Takes the first frame, of `len` bytes that are there.
    #[inline]
    pub(super) fn take_frame(&mut self, len: usize) -> &mut [u8] {
        let frame = self.start..self.start + len;
        self.start = frame.end;
        &mut self.memory[frame]
    }

    /// Starts over with a copy of `bytes`, in the memory that is there.
    #[inline]
    pub(super) fn refill(&mut self, bytes: &[u8]) {
        self.memory[..bytes.len()].copy_from_slice(bytes);
        (self.start, self.end) = (0, bytes.len());
    }

    /// Room for the next bytes, behind those that wait.
    #[inline]
    pub(super) fn room(&mut self) -> &mut [u8] {
        let room = self.free();
        &mut self.memory[room]
    }

    /// Makes room for a read of a frame of `frame` bytes in all. The memory at most doubles, or grows to the size of the
    /// scratch inbox: what the peer announces is allocated only as it arrives.
    pub(super) fn reserve(&mut self, frame: usize) {
        if self.start > 0 {
            self.memory.copy_within(self.start..self.end, 0);
            (self.start, self.end) = (0, self.len());
        }
        let frame = frame.max(self.end + 1);
        let wanted = (frame - self.end).min(COPIED_BYTES_MAX);
        if self.free().len() < wanted {
            let size = frame.min(SCRATCH_BYTES).max(2 * self.end);
            // So much more is needed only of a frame whose size is known: no byte of memory is wasted on it.
            let size = if wanted == COPIED_BYTES_MAX { size.min(frame) } else { size };
            self.memory.reserve_exact(size.saturating_sub(self.memory.len()));
            self.memory.resize(size, 0);
        }
    }

    /// Gives memory back that is much larger than what waits in it.
    pub(super) fn shrink(&mut self) {
        if self.len() < self.memory.len().div_ceil(4) {
            *self = self.left_over();
        }
    }

    /// `count` bytes were read into [`room`](Self::room).
    #[inline]
    pub(super) fn filled(&mut self, count: usize) {
        self.end += count.min(self.free().len());
    }

    /// What waits, in memory of its own; none if nothing does.
    #[inline]
    pub(super) fn left_over(&self) -> Self {
        let memory = self.unread().to_vec();
        Self { start: 0, end: memory.len(), memory }
    }

    #[inline]
    pub(super) const fn clear(&mut self) {
        (self.start, self.end) = (0, 0);
    }

    #[inline]
    const fn free(&self) -> Range<usize> {
        self.end..self.memory.len()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_grows_with_what_arrives_not_with_what_is_announced() {
        let mut inbox = Inbox::default();
        let announced = 1 << 30;
        for _ in 0..200 {
            inbox.reserve(announced);
            assert!(inbox.memory.len() <= (2 * inbox.len()).max(SCRATCH_BYTES));
            let room = inbox.room().len();
            assert!(room > 0);
            inbox.filled(room.min(1000));
        }
        assert_eq!(inbox.len(), 200_000);
    }

    #[test]
    fn a_frame_whose_size_is_known_takes_just_that() {
        let mut inbox = Inbox::default();
        while inbox.len() < 1_000_001 {
            inbox.reserve(1_000_001);
            inbox.filled(usize::MAX);
        }
        assert_eq!((inbox.len(), inbox.memory.capacity()), (1_000_001, 1_000_001));
    }

    #[test]
    fn a_frame_that_is_announced_small_gets_no_more() {
        let mut inbox = Inbox::default();
        inbox.reserve(10_000);
        assert_eq!(inbox.room().len(), 10_000);
    }

    #[test]
    fn frames_are_taken_from_the_front_and_the_rest_is_kept() {
        let mut inbox = Inbox::scratch();
        inbox.refill(b"abcdef");
        assert_eq!(inbox.take_frame(2), b"ab");
        inbox.room()[..2].copy_from_slice(b"gh");
        inbox.filled(2);
        let mut rest = inbox.left_over();
        assert_eq!((rest.unread(), rest.memory.len()), (&b"cdefgh"[..], 6));
        rest.take_frame(1);
        rest.reserve(8);
        assert_eq!(rest.unread(), b"defgh");
        assert!(rest.room().len() >= 3, "the frame of 8 fits");
        inbox.clear();
        assert_eq!((inbox.len(), inbox.left_over().memory.capacity()), (0, 0));
    }
}
