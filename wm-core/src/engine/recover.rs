//! What the engine does behind a bad frame, if its protocol knows how to go on.

use super::{ConnectionError, ConnectionId, Engine, Handler, inbox::Inbox};
use crate::protocol::{Behind, DecodeError, Search};

impl<H: Handler> Engine<H> {
    /// Behind a bad frame, of so many bytes if its end was found: what is wrong, if the connection is to close for it.
    #[cold]
    pub(super) fn recover(
        &mut self,
        id: ConnectionId,
        error: DecodeError,
        frame: Option<usize>,
    ) -> Option<ConnectionError> {
        let slot = &mut self.world.table[id.slot()];
        match Behind::of(&mut slot.protocol, error, frame) {
            Behind::Tell(error, bytes) => {
                self.threw_away(id, bytes);
                self.skipped(id, error, bytes);
            }
            Behind::Search(resync) => {
                slot.resync = Some(Box::new(resync));
                self.threw_away(id, frame.unwrap_or(0));
            }
            Behind::Close(error) => return Some(ConnectionError::Decode(error)),
        }
        None
    }

    /// Searches for the next frame in what has arrived.
    #[cold]
    pub(super) fn resync(&mut self, id: ConnectionId, inbox: &mut Inbox) {
        let slot = &mut self.world.table[id.slot()];
        let Some(mut resync) = slot.resync.take() else { return };
        match resync.resume(inbox.unread()) {
            Search::Found(bytes) => {
                inbox.take_frame(bytes);
                slot.awaited = 0;
                self.threw_away(id, bytes);
                let bytes = resync.thrown_away();
                self.skipped(id, resync.into_error(), bytes);
            }
            Search::Passed(bytes) => {
                inbox.take_frame(bytes);
                slot.awaited = inbox.len() + 1;
                slot.resync = Some(resync);
                self.threw_away(id, bytes);
            }
            Search::Lost => {
                inbox.clear();
                self.refuse(id, &ConnectionError::Decode(resync.into_error()));
            }
        }
        if !self.world.notices.is_empty() {
            self.notify();
        }
    }

    fn threw_away(&mut self, id: ConnectionId, bytes: usize) {
        self.world.table[id.slot()].traffic.bytes_skipped += bytes as u64;
        self.world.totals.bytes_skipped += bytes as u64;
    }

    /// Tells of a bad frame that is behind us.
    fn skipped(&mut self, id: ConnectionId, error: DecodeError, bytes: usize) {
        self.world.table[id.slot()].traffic.frames_skipped += 1;
        self.world.totals.frames_skipped += 1;
        self.tell(id, &ConnectionError::Skipped { error, bytes });
    }
}
