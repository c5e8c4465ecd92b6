//! Worlds of datagrams: a worker that answers them, and keeps a connection to a server that does the same. The network loses
//! them, doubles them and changes their order; each that arrives is handed out whole or told as a bad one, and none is made up.

use super::{Outcome, faults};
use std::{
    cell::Cell,
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};
use wm_core::{
    Backoff, ConnectionError, Dial, Limits, Worker,
    protocol::Text,
    testing::{Count, DatagramPeer, Dice, Faults, World},
};

/// The longest line.
const TEXT_BYTES_MAX: usize = 2_000;

/// How many rounds of up to a second there are.
const ROUNDS: usize = 40;

/// What the worker has seen.
#[derive(Debug, Default)]
struct Seen {
    bad: Cell<u64>,
    unsent: Cell<u64>,
}

fn add(cell: &Cell<u64>) {
    cell.set(cell.get() + 1);
}

/// Answers each line with itself: at once, later, or from a timer of the worker.
fn worker(seen: &Rc<Seen>, server: SocketAddr) -> Worker<Text> {
    let (seen, of_client) = (Rc::clone(seen), Rc::clone(seen));
    let fault = |seen: &Seen, error: &ConnectionError| match error {
        ConnectionError::Datagram(wm_core::DatagramFault::Unsent(_)) => add(&seen.unsent),
        ConnectionError::Datagram(_) => add(&seen.bad),
        // Of the connection only: the network has failed.
        _ => {}
    };
    Worker::<Text>::new("udp://0.0.0.0:7")
        .name("swarm")
        .on_worker_start(move |worker| {
            let seen = Rc::clone(&of_client);
            let client = Worker::<Text>::client()
                .on_worker_start(move |worker| {
                    let dial = Dial::to(server).udp().reconnect(Backoff::default());
                    worker.connect(dial).expect("the worker does not stop");
                })
                .on_connect(|server| server.every(Duration::from_millis(700), |server| server.send("hello")))
                .on_error(move |_, error| fault(&seen, error));
            worker.host(client).expect("there is a driver");
        })
        .on_message(|peer, line| {
            let (to, text) = (peer.remote_addr().socket_addr().expect("an address"), line.text.to_owned());
            match text.len() % 3 {
                0 => _ = peer.send(line),
                1 => _ = peer.worker().after(Duration::from_millis(300), move |worker| worker.send_to(to, &text)),
                _ => _ = peer.worker().send_to(to, &text),
            }
        })
        .on_error(move |_, error| fault(&seen, error))
}

/// What a peer has said, and how often it has heard it again.
struct Talker {
    peer: DatagramPeer<Text>,
    said: BTreeMap<String, u64>,
    heard: u64,
}

impl Talker {
    fn act(&mut self, dice: &mut Dice) {
        if dice.chance(150) {
            let bad: [&[u8]; 5] = [b"no end", b"", b"one\ntwo\n", b"\xff\n", &[b'x'; 2 * TEXT_BYTES_MAX]];
            self.peer.send_raw(bad[dice.below(bad.len())]);
        }
        let text = format!("{} {}", self.said.len(), "x".repeat(dice.below(TEXT_BYTES_MAX - 20)));
        self.peer.send(&text);
        self.said.insert(text, 0);
    }

    fn listen(&mut self, seed: u64) {
        for text in self.peer.received(|_, line| line.text.to_owned()) {
            self.heard += 1;
            let times = self.said.get_mut(&text);
            let times = times.unwrap_or_else(|| panic!("in the world of seed {seed}: nobody has said {text:?}"));
            *times += 1;
            // The network doubles a question, and each of the two answers.
            assert!(*times <= 4, "in the world of seed {seed}: {text:?} has come {times} times");
        }
    }
}

pub(super) fn run(seed: u64, mut dice: Dice) -> Outcome {
    let (seen, server) = (Rc::<Seen>::default(), SocketAddr::from((Ipv4Addr::new(10, 9, 9, 1), 53)));
    let mut some = |most: usize| u32::try_from(dice.below(2) * dice.below(most + 1)).unwrap_or_default();
    let (losses, copies) = (some(300), some(300));
    let faults = Faults { losses, copies, ..faults(&mut dice) };
    let limits = Limits { frame_bytes_max: TEXT_BYTES_MAX, ..Limits::default() };
    let mut world = World::with_faults(worker(&seen, server).limits(limits), seed, faults);
    let far = world.datagram_peer_at::<Text>(server);
    let guests = 1 + dice.below(8);
    let mut talkers: Vec<_> =
        (0..guests).map(|_| Talker { peer: world.datagram_peer(), said: BTreeMap::new(), heard: 0 }).collect();
    let mut far_heard = 0;
    for _ in 0..ROUNDS {
        for talker in &mut talkers {
            if dice.chance(700) {
                talker.act(&mut dice);
            }
            talker.listen(seed);
        }
        for (from, text) in far.received(|from, line| (from, line.text.to_owned())) {
            far_heard += 1;
            far.send_to(from, &text);
        }
        world.pass(Duration::from_millis(dice.below(1_000) as u64));
    }
    // Whatever is on its way arrives, unless it is stopped there.
    world.pass(2 * Faults::STALL_MAX);
    talkers.iter_mut().for_each(|talker| talker.listen(seed));
    far_heard += far.received(|_, _| ()).len() as u64;
    let digest = world.digest();
    let tally = world.finish();
    talkers.iter_mut().for_each(|talker| talker.listen(seed));
    far_heard += far.received(|_, _| ()).len() as u64;
    let heard = far_heard + talkers.iter().map(|talker| talker.heard).sum::<u64>();
    let sent = tally[Count::DatagramsSent] + tally[Count::DatagramCopies];
    let came = tally[Count::OnMessage] + seen.bad.get() + heard + tally[Count::DatagramsLost];
    assert_eq!(sent, came, "in the world of seed {seed}: {tally}");
    assert!(tally[Count::WriteFailures] >= seen.unsent.get(), "in the world of seed {seed}");
    Outcome { tally, digest, guests }
}
