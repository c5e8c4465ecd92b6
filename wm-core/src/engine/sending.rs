//! Sending: messages are appended to the queue of a connection, which its driver empties; past its marks it is full, and
//! past its limit it refuses.

use super::{
    ConnectionError, ConnectionId, Overflow, Sent,
    world::{Change, End, Ending, Notice, Phase, Resuming, Slot, World},
};
use crate::{protocol::Protocol, wire::EncodeError};
use bytes::BytesMut;

impl<P, S> Slot<P, S> {
    /// The kernel has taken so much of what is not sealed.
    fn take_out(&mut self, count: usize) {
        if let Some(lengths) = self.lengths() {
            lengths.pop_front();
        }
        if count >= self.outbox.len() {
            // Not `advance`, which gives away the memory that it has passed.
            self.outbox.clear();
        } else {
            bytes::Buf::advance(&mut self.outbox, count);
        }
    }
}

impl<P: Protocol, S> World<P, S> {
    pub(super) fn send(&mut self, id: ConnectionId, message: &P::Out<'_>) -> Sent {
        self.queue(id, 1, |protocol, out| protocol.encode(message, out))
    }

    pub(super) fn send_raw(&mut self, id: ConnectionId, bytes: &[u8]) -> Sent {
        self.queue_bytes(id, 0, bytes)
    }

    /// Sends to every open connection, and says the worst that came of it. A message that is the same for all is encoded
    /// once, by the first of them.
    pub(super) fn broadcast(&mut self, sender: Option<ConnectionId>, message: &P::Out<'_>) -> Sent {
        let mut worst = Sent::Queued;
        let mut encoded: Option<BytesMut> = None;
        for index in 0..self.table.capacity() {
            let Some(id) = self.open_at(index) else { continue };
            if P::ENCODES_ALIKE && encoded.is_none() {
                let mut bytes = BytesMut::new();
                if let Err(error) = self.table[index].protocol.encode(message, &mut bytes) {
                    self.report(sender.unwrap_or(id), ConnectionError::Encode(error));
                    return Sent::Refused;
                }
                encoded = Some(bytes);
            }
            let sent = match &encoded {
                None => self.send(id, message),
                Some(bytes) => self.queue_bytes(id, 1, bytes),
            };
            worst = worst.max(sent);
        }
        worst
    }

    fn queue_bytes(&mut self, id: ConnectionId, frames: u64, bytes: &[u8]) -> Sent {
        self.queue(id, frames, |_, out| {
            out.extend_from_slice(bytes);
            Ok(())
        })
    }

    /// Lets `write` append so many frames to the send queue, within its limit.
    fn queue(
        &mut self,
        id: ConnectionId,
        frames: u64,
        write: impl FnOnce(&mut P, &mut BytesMut) -> Result<(), EncodeError>,
    ) -> Sent {
        let limit = self.limits.send_queue_bytes_max;
        let Some(slot) = self.table.get_mut(id.slot()) else { return Sent::Refused };
        if slot.serial != id.serial || !slot.sends() {
            return Sent::Refused;
        }
        if !slot.is_stream() {
            return self.queue_datagram(id, frames, write);
        }
        // An encoder with a state could not take back what it has encoded: it is asked only if there is room, and its
        // message may pass the limit.
        if !P::ENCODES_ALIKE && slot.outbox.len() >= limit {
            return self.refuse_full(id);
        }
        if slot.outbox.capacity() == 0 {
            slot.outbox = self.spares.pop().unwrap_or_default();
        }
        let draft = Draft::new(&mut slot.outbox);
        if let Err(error) = write(&mut slot.protocol, draft.out) {
            drop(draft);
            self.touch(id);
            self.report(id, ConnectionError::Encode(error));
            return Sent::Refused;
        }
        if P::ENCODES_ALIKE && draft.out.len() > limit {
            drop(draft);
            return self.refuse_full(id);
        }
        draft.keep();
        slot.traffic.frames_out += frames;
        self.totals.frames_out += frames;
        let last = slot.protocol.has_finished();
        let sent = self.grew(id);
        self.said(id);
        if last {
            self.finish(id);
        }
        sent
    }

    /// A message has been received or sent: something else may be expected of the peer now, or nothing more.
    pub(super) fn said(&mut self, id: ConnectionId) {
        let now = self.now;
        let Some(slot) = self.slot(id).filter(|slot| slot.phase == Phase::Open && !slot.is_guest()) else { return };
        slot.said = now;
        if slot.is_piped() {
            // What the protocol has to say is said.
            return;
        }
        if slot.protocol.is_over() {
            return self.close(id);
        }
        if P::TAKES_TURNS && slot.ended && slot.protocol.listens() {
            // The turn is over: what waits is read, and then the end.
            slot.awaited = 0;
            return self.resume(id);
        }
        let patient = slot.protocol.patience().is_some();
        if P::TAKES_TURNS && slot.inbox.len() > 0 {
            // What has arrived may be something else in the state that is now, or must wait.
            slot.awaited = 0;
            match slot.protocol.listens() {
                true if slot.frame_since.is_some() => self.go_on(id, Resuming::LooksAgain),
                true => self.resume(id),
                false => slot.frame_since = None,
            }
        }
        if patient {
            self.watch(id);
        }
    }

    /// The send queue has no room: that is reported once until it has drained.
    pub(super) fn refuse_full(&mut self, id: ConnectionId) -> Sent {
        let (limit, low) = (self.limits.send_queue_bytes_max, self.limits.send_low_bytes);
        // A queue that is empty goes back when the driver looks.
        self.touch(id);
        if let Some(slot) = self.slot(id).filter(|slot| !slot.refused) {
            let queued = slot.outbox.len();
            let overflows = queued > low;
            slot.refused = overflows;
            let full = ConnectionError::SendQueueFull { queued, limit };
            if overflows && self.limits.overflow == Overflow::Close {
                // Also from inside of an `on_error`: it comes once, as the connection ends by it.
                self.notices.push_back(Notice::Error(id, full));
                self.end(id, End::Destroyed);
            } else {
                self.report(id, full);
            }
        }
        Sent::Refused
    }

    /// The send queue of a connection has grown.
    pub(super) fn grew(&mut self, id: ConnectionId) -> Sent {
        let (high, now) = (self.limits.send_high_bytes, self.now);
        let Some(slot) = self.slot(id) else { return Sent::Refused };
        let full = slot.queued() >= high;
        let filled = full && !std::mem::replace(&mut slot.full, true);
        if filled {
            slot.alive = now;
        }
        let dialing = slot.phase == Phase::Dialing || slot.is_coming();
        if !dialing && !std::mem::replace(&mut slot.touched, true) {
            self.changes.push_back(Change::Update(id));
        }
        // Before `on_connect` there is no other callback.
        if filled && !dialing {
            self.notices.push_back(Notice::Full(id));
            self.watch(id);
        }
        if full { Sent::Full } else { Sent::Queued }
    }

    /// The kernel has taken `count` bytes of the send queue.
    pub(super) fn sent(&mut self, id: ConnectionId, count: usize) {
        let (low, now) = (self.limits.send_low_bytes, self.now);
        let Some(slot) = self.table.get_mut(id.slot()).filter(|slot| slot.serial == id.serial) else { return };
        if let Some(handshake) = slot.handshake() {
            handshake.sent(count);
            slot.traffic.bytes_out += count as u64;
            self.totals.bytes_out += count as u64;
            return;
        }
        slot.traffic.bytes_out += count as u64;
        self.totals.bytes_out += count as u64;
        match &mut slot.tls {
            Some(tls) => {
                tls.sent(count);
                self.seal(id);
            }
            None => slot.take_out(count),
        }
        let Some(slot) = self.slot(id) else { return };
        let (left, closing) = (slot.queued(), slot.phase == Phase::Closing);
        let ending = slot.ending == Ending::Asked && slot.phase == Phase::Open;
        if count > 0 && (closing || ending || slot.full) {
            slot.alive = now;
        }
        // Of datagrams a driver sends one at a time, and of what is to be sealed a part: it is to come again.
        let comes_again = left > 0 && (!slot.is_stream() || slot.tls.is_some());
        if left <= low {
            slot.refused = false;
            if std::mem::take(&mut slot.full) && !closing {
                if let Some(pipe) = &slot.pipe {
                    pipe.drained();
                }
                self.notices.push_back(Notice::Drain(id));
                self.resume(id);
            }
        }
        if comes_again {
            self.touch(id);
        }
        if left == 0 {
            self.recycle(id);
            if closing {
                self.end(id, End::Drained);
            } else if ending {
                self.end_our_side(id);
            }
        }
    }
}

/// A message that is being appended to a send queue. Unless it is kept, also when its encoder panics, it is cut off
/// again: the peer never sees half of a message.
pub(super) struct Draft<'o> {
    pub(super) out: &'o mut BytesMut,
    kept: usize,
}

impl<'o> Draft<'o> {
    #[inline]
    pub(super) fn new(out: &'o mut BytesMut) -> Self {
        let kept = out.len();
        Self { out, kept }
    }

    #[inline]
    pub(super) fn keep(mut self) {
        self.kept = self.out.len();
    }
}

impl Drop for Draft<'_> {
    #[inline]
    fn drop(&mut self) {
        self.out.truncate(self.kept);
    }
}
