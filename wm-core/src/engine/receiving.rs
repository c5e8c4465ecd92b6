//! Receiving: bytes that have come are cut into frames, decoded and handed out; what is left over waits.

use super::{
    Connection, ConnectionError, ConnectionId, Context, Engine, Handler, TlsFault,
    inbox::Inbox,
    world::{Phase, Resuming, Running, Slot},
};
use crate::protocol::{DecodeError, Decoded, Input, Protocol};
use crate::wire::stranger::START_BYTES;

impl<H: Handler> Engine<H> {
    /// Decodes frames and hands them out, until no whole one is left or the connection does not receive any more.
    pub(super) fn decode(&mut self, id: ConnectionId, inbox: &mut Inbox) {
        let limit = self.world.limits.frame_bytes_max;
        loop {
            self.world.running = Running { callback: "the protocol", connection: Some(id) };
            let Some(slot) = self.world.slot(id).filter(|slot| slot.receives()) else { return };
            let have = inbox.len();
            if have < slot.awaited.max(1) {
                return;
            }
            if slot.is_piped() {
                self.world.pass_on(id, inbox);
                continue;
            }
            if !slot.protocol.listens() {
                return;
            }
            if slot.resync.is_some() {
                self.resync(id, inbox);
                continue;
            }
            // Never more than a frame may have: what comes in parts is then cut to it.
            let have = have.min(limit);
            let fault = match slot.protocol.input(&inbox.unread()[..have]) {
                Ok(Input::Need(more)) if more > 0 && more <= limit - have => {
                    slot.awaited = have + more;
                    return;
                }
                // As much as may have come, and no more.
                Ok(Input::UntilEnd) if inbox.len() <= limit => {
                    slot.awaited = have + 1;
                    return;
                }
                Ok(Input::UntilEnd) => Some(ConnectionError::FrameTooLong { found: inbox.len(), limit }),
                Ok(Input::Frame(found)) if found > 0 && found <= have => {
                    slot.awaited = 0;
                    match self.hand_out(id, inbox.take_frame(found)) {
                        Ok(()) => None,
                        Err(error) => self.recover(id, error, Some(found)),
                    }
                }
                Ok(Input::Need(more)) if more > 0 => {
                    Some(ConnectionError::FrameTooLong { found: have.saturating_add(more), limit })
                }
                Ok(said) => Some(ConnectionError::Misframed { said, have }),
                Err(error) => self.recover(id, error.of(inbox.unread()), None),
            };
            if let Some(fault) = fault {
                inbox.clear();
                self.refuse(id, &fault);
            }
            if !self.world.notices.is_empty() {
                self.notify();
            }
        }
    }

    /// Decodes a whole frame and hands it to the handler.
    fn hand_out(&mut self, id: ConnectionId, frame: &mut [u8]) -> Result<(), DecodeError> {
        let slot = &mut self.world.table[id.slot()];
        let (queued, bytes) = (slot.outbox.len(), frame.len());
        // A protocol may change the frame in place: who has sent it is told by how it was.
        let (mut start, known) = ([0; START_BYTES], frame.len().min(START_BYTES));
        start[..known].copy_from_slice(&frame[..known]);
        let decoded = slot.protocol.decode(frame, &mut slot.outbox);
        slot.traffic.frames_in += u64::from(decoded.is_ok());
        self.world.totals.frames_in += u64::from(decoded.is_ok());
        if decoded.is_ok() && slot.protocol.unfinished() > 0 {
            slot.in_parts += bytes;
        } else {
            (slot.frame_since, slot.in_parts) = (None, 0);
        }
        if slot.outbox.len() > queued {
            self.world.grew(id);
        }
        if let Decoded::Message(message) = decoded.map_err(|error| error.of(&start[..known]))? {
            self.world.running = Running { callback: "on_message", connection: Some(id) };
            let worker = Context { world: &mut self.world };
            self.handler.on_message(&mut Connection { worker, id }, message);
        }
        self.world.said(id);
        Ok(())
    }

    /// Decodes what a connection holds itself.
    pub(super) fn decode_inbox(&mut self, id: ConnectionId) {
        let Some(slot) = self.world.slot(id) else { return };
        let mut inbox = std::mem::take(&mut slot.inbox);
        let whole = self.guard(|engine| engine.decode(id, &mut inbox));
        inbox.shrink();
        self.keep(id, inbox, whole);
    }

    /// Gives a connection the bytes that are left over. If decoding was cut short by a panic, which was another's or
    /// else the connection is over, it goes on.
    pub(super) fn keep(&mut self, id: ConnectionId, inbox: Inbox, whole: bool) {
        let now = self.world.now;
        if let Some(slot) = self.world.slot(id).filter(|slot| slot.phase == Phase::Shaking) {
            // What follows a STARTTLS is TLS.
            slot.inbox = inbox;
            return self.world.resume(id);
        }
        if let Some(slot) = self.world.slot(id).filter(|slot| slot.phase == Phase::Open) {
            let waits = inbox.len() > 0 || slot.resync.is_some() || slot.protocol.unfinished() > 0;
            let waits = waits && !slot.is_piped();
            slot.inbox = inbox;
            if waits && slot.protocol.listens() {
                slot.frame_since.get_or_insert(now);
                self.world.watch(id);
            }
            if !whole {
                self.world.resume(id);
            }
        }
    }

    /// A connection receives again: first what it has, then the end of the stream if that has come.
    pub(super) fn go_on(&mut self, id: ConnectionId) {
        let now = self.world.now;
        let Some(slot) = self.world.slot(id) else { return };
        let why = std::mem::replace(&mut slot.resuming, Resuming::No);
        if slot.phase == Phase::Shaking {
            let inbox = std::mem::take(&mut slot.inbox);
            return self.take_sealed(id, inbox.unread());
        }
        // The peer could not be heard: its time begins now.
        if why == Resuming::Unheard {
            (slot.alive, slot.said, slot.frame_since, slot.in_parts) = (now, now, None, 0);
        }
        self.decode_inbox(id);
        self.world.watch(id);
        // What waits for this side to speak is read then, also behind the end.
        let over = |slot: &&mut Slot<_, _>| slot.ended && slot.receives() && !slot.waits_its_turn();
        let Some(slot) = self.world.slot(id).filter(over) else { return };
        if slot.is_piped() {
            return self.world.pass_on_end(id);
        }
        let have = slot.inbox.len();
        if let Some(error) = slot.end_search() {
            self.guard(|engine| engine.refuse(id, &error));
            return;
        }
        let unfinished = slot.protocol.unfinished();
        let between = have == 0 && unfinished == 0;
        let ends = !between && slot.protocol.input(slot.inbox.unread()) == Ok(Input::UntilEnd);
        if !between && !ends {
            let needed = slot.awaited.saturating_sub(have).max(unfinished).max(1);
            let truncated = ConnectionError::Truncated { have, needed };
            self.guard(|engine| engine.refuse(id, &truncated));
            return;
        }
        // Of a peer in TLS it must be known that this is its end.
        if slot.tls.as_ref().is_some_and(|tls| !tls.peer_ended) {
            self.guard(|engine| engine.refuse(id, &ConnectionError::Tls(TlsFault::CutOff)));
            return;
        }
        if ends {
            return self.end_frame(id);
        }
        self.world.close(id);
    }

    /// The end of the stream is the end of the frame that is all that has come. Whose turn it is then still speaks.
    fn end_frame(&mut self, id: ConnectionId) {
        let Some(slot) = self.world.slot(id) else { return };
        let mut inbox = std::mem::take(&mut slot.inbox);
        slot.awaited = 0;
        self.guard(|engine| {
            let found = inbox.len();
            if let Err(error) = engine.hand_out(id, inbox.take_frame(found))
                && let Some(fault) = engine.recover(id, error, Some(found))
            {
                engine.refuse(id, &fault);
            }
        });
        let Some(slot) = self.world.slot(id).filter(|slot| slot.phase == Phase::Open) else { return };
        if let Some(error) = slot.end_search() {
            self.guard(|engine| engine.refuse(id, &error));
        } else if slot.protocol.listens() {
            self.world.close(id);
        }
    }
}
