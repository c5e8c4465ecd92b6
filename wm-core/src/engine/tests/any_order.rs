//! A made-up world that does anything at any time: what must hold in all of them.

use super::*;
use proptest::{collection::vec, prelude::*};

/// What may happen to a connection.
#[derive(Debug, Clone)]
enum Happening {
    /// So many of the bytes that the peer has sent arrive.
    Arrive(usize),
    /// So many of the bytes that were queued for it are taken.
    Take(usize),
    /// The handler is told to receive no more, or again.
    Pause(bool),
    /// Time passes.
    Pass(u64),
    /// The others are sent something.
    Broadcast,
}

fn happening() -> impl Strategy<Value = Happening> {
    prop_oneof![
        4 => (1usize..120).prop_map(Happening::Arrive),
        3 => (0usize..60).prop_map(Happening::Take),
        1 => any::<bool>().prop_map(Happening::Pause),
        1 => (0u64..3).prop_map(Happening::Pass),
        1 => Just(Happening::Broadcast),
    ]
}

/// A peer that says numbered lines, and what is known of it.
struct Peer {
    id: ConnectionId,
    stream: String,
    arrived: usize,
}

const LINES: usize = 30;

proptest! {
    #[test]
    fn each_byte_comes_back_once_and_in_order(happenings in vec((0usize..3, happening()), 0..200)) {
        let limits = Limits { send_high_bytes: 64, send_low_bytes: 16, ..Limits::default() };
        let mut desk = Desk::with(limits.clone(), echo);
        let mut peers = [0, 1, 2].map(|peer| Peer {
            id: desk.connect(),
            stream: (0..LINES).map(|line| format!("say {peer} {line}\n")).collect(),
            arrived: 0,
        });
        for (peer, happening) in happenings {
            happen(&mut desk, &mut peers[peer], &happening);
            for peer in &peers {
                let slot = &desk.engine.world.table[peer.id.slot()];
                let longest = "heard\n".len() * 200 + limits.send_high_bytes + 64;
                prop_assert!(slot.outbox.len() <= longest, "backpressure holds");
                prop_assert!(slot.receives() || !desk.engine.wants_more(peer.id));
            }
        }
        for peer in &mut peers {
            happen(&mut desk, peer, &Happening::Pause(false));
            while peer.arrived < peer.stream.len() {
                happen(&mut desk, peer, &Happening::Arrive(usize::MAX));
                desk.take(peer.id, usize::MAX);
            }
            desk.end(peer.id);
        }
        prop_assert_eq!(desk.flush().len(), 3);
        prop_assert!(desk.engine.is_drained());
        for peer in &peers {
            let back = desk.written(peer.id).replace("heard\n", "");
            prop_assert_eq!(&back, &peer.stream);
            let closes = format!("{} close", peer.id);
            prop_assert_eq!(desk.log.borrow().iter().filter(|line| **line == closes).count(), 1);
        }
    }
}

fn happen(desk: &mut Desk, peer: &mut Peer, happening: &Happening) {
    match *happening {
        Happening::Arrive(count) => {
            let end = peer.arrived.saturating_add(count).min(peer.stream.len());
            peer.arrived += desk.feed(peer.id, &peer.stream.as_bytes()[peer.arrived..end]);
        }
        Happening::Take(count) => desk.take(peer.id, count),
        Happening::Pause(pause) => in_worker(
            desk,
            move |worker, id| {
                if let Some(mut guest) = worker.get(id) {
                    if pause { guest.pause_recv() } else { guest.resume_recv() }
                }
            },
            peer.id,
        ),
        Happening::Pass(seconds) => desk.pass(Duration::from_secs(seconds)),
        Happening::Broadcast => in_worker(desk, |worker, _| _ = worker.broadcast("heard"), peer.id),
    }
}

/// Does something as another thread would have it done.
fn in_worker(
    desk: &mut Desk,
    task: impl FnOnce(&mut Context<'_, Line, u64>, ConnectionId) + Send + 'static,
    id: ConnectionId,
) {
    desk.engine.world.mailbox.post(move |worker| task(worker, id));
    desk.engine.collect_mail(desk.now);
}
