//! [`Engine::check`]: what must hold between any two inputs, whatever they are. A simulator asks after each.

use super::{
    ConnectionId, Engine, Handler,
    inbox::SCRATCH_BYTES,
    world::{Change, Ending, Phase, Resuming, Slot},
};
use crate::protocol::Protocol;
use std::collections::BTreeSet;

impl<H: Handler> Engine<H> {
    /// Whether everything that must hold between two inputs does.
    ///
    /// # Errors
    ///
    /// What does not hold, in a line: a bug of the engine.
    pub(crate) fn check(&self) -> Result<(), String> {
        let world = &self.world;
        if !(world.notices.is_empty() && world.resumes.is_empty()) {
            return Err(format!("{} callbacks, {} resumes are due", world.notices.len(), world.resumes.len()));
        }
        let open = world.ids().count();
        if open != world.open {
            return Err(format!("{open} connections are open, {} were counted", world.open));
        }
        let mut updates = BTreeSet::new();
        let mut closes = BTreeSet::new();
        for change in &world.changes {
            let first = match *change {
                Change::Update(id) => updates.insert(id),
                Change::Closed(id, _) => closes.insert(id),
                Change::Finish(_) | Change::Resolve(_) | Change::Connect(..) | Change::Datagrams => true,
            };
            if !first {
                return Err(format!("the driver would be told twice: {change:?}"));
            }
        }
        for (index, slot) in &world.table {
            let id = ConnectionId::new(slot.serial, index);
            if slot.touched != updates.contains(&id) {
                return Err(format!("connection {id}: touched is {}, but not so the changes", slot.touched));
            }
            if closes.contains(&id) && !matches!(slot.phase, Phase::Over(_)) {
                return Err(format!("connection {id} is to be let go, but {:?}", slot.phase));
            }
            self.check_slot(slot).map_err(|wrong| format!("connection {id}: {wrong}"))?;
        }
        Ok(())
    }

    fn check_slot(&self, slot: &Slot<H::Protocol, H::Session>) -> Result<(), String> {
        let limits = &self.world.limits;
        let (queued, waiting) = (slot.queued(), slot.inbox.len());
        // A protocol's own replies are bounded only by the backpressure that they cause; an encoder with a state passes
        // the limit with its last message.
        let passed = if H::Protocol::ENCODES_ALIKE { 0 } else { H::Protocol::FRAME_BYTES_MAX };
        let replied = limits.send_high_bytes.saturating_add(limits.frame_bytes_max);
        let piped = slot.pipe.as_ref().map_or(0, |pipe| pipe.passed_bytes_max(limits.frame_bytes_max));
        let queue_bytes_max = limits.send_queue_bytes_max.saturating_add(passed).max(replied).saturating_add(piped);
        let inbox_bytes_max = limits.frame_bytes_max.saturating_add(SCRATCH_BYTES);
        let awaited = slot.awaited.max(1);
        let over = matches!(slot.phase, Phase::Over(_));
        let (dialing, ending) = (slot.phase == Phase::Dialing, slot.ending == Ending::Asked);
        let coming = dialing || slot.phase == Phase::Shaking;
        // What is sealed ahead, and what sealing adds.
        let queue_bytes_max = queue_bytes_max.saturating_add(if slot.tls.is_some() { 128 << 10 } else { 0 });
        let idle = slot.phase == Phase::Open && queued == 0 && !slot.touched;
        let rules = [
            (slot.resuming == Resuming::No, "it was to go on decoding"),
            (!over || queued + waiting == 0, "it is over and keeps bytes"),
            (over || coming || slot.phase == Phase::Open || queued > 0, "it has sent everything and is not let go"),
            (over || coming || !ending || queued > 0, "its side was to end, and has not"),
            (!dialing || slot.outgoing.is_some(), "it is being made, but not by us"),
            (!dialing || waiting == 0 || slot.is_heard(), "it is being made, and has received something"),
            (self.world.is_watched(slot), "a deadline would pass unseen"),
            (queued <= queue_bytes_max, "the send queue is over its limit"),
            (waiting <= inbox_bytes_max, "the inbox is over its limit"),
            (over || !slot.full || queued > limits.send_low_bytes, "it has drained, and was not told"),
            (slot.phase != Phase::Open || slot.full || queued < limits.send_high_bytes, "it is full, and was not told"),
            (!slot.receives() || slot.waits_its_turn() || waiting < awaited, "it holds a frame back"),
            (!slot.receives() || slot.waits_its_turn() || !slot.ended, "its end was read, and it is not closed"),
            (!idle || slot.outbox.capacity() == 0, "it has nothing to send and owns a send queue"),
            (waiting > 0 || slot.inbox.owns() == 0, "it has nothing to decode and owns an inbox"),
        ];
        match rules.iter().find(|(holds, _)| !holds) {
            Some((_, wrong)) => Err(format!("{wrong}; {queued} bytes queued, {waiting} waiting, {:?}", slot.phase)),
            None => Ok(()),
        }
    }
}
