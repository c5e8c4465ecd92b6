//! A worker that connects to others: it passes on what its clients and their servers say to each other, and keeps a line
//! to a server of its own that comes and goes.
//!
//! What a server has heard is a beginning of what its client has said, and the other way round. It is all of it, and both
//! see their connections end in order, unless one of them, the network or the worker has said why not.

use super::{Outcome, faults};
use std::{
    cell::RefCell,
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr, SocketAddr},
    rc::Rc,
    time::Duration,
};
use wm_core::{
    Backoff, Closures, ConnectionError, Deadlines, Dial, Limits, Worker,
    protocol::{Tcp, Text},
    testing::{Count, Dice, LineEnd, Peer, World},
};

/// Where the servers are, under a name with several addresses; not all of them answer.
const NAME: &str = "servers.example";
const PORT: u16 = 7;
const SERVERS: u32 = 4;

/// Where the worker keeps a line to.
const HOME: &str = "tcp://home.example:8";

/// The number of a client comes first, so that its server is known.
const NUMBER_BYTES: usize = 4;

/// How many rounds of so many seconds are enough for everything to end.
const ROUNDS: usize = 200;

/// The clients whose connection the worker has seen fail, by their addresses.
type Failed = Rc<RefCell<BTreeMap<String, String>>>;

/// One of the two ends of what the worker joins.
struct Side {
    peer: Peer<Tcp>,
    said: Vec<u8>,
    heard: Vec<u8>,
    /// It has ended its side in order.
    finished: bool,
    /// It has broken its connection.
    rude: bool,
}

struct Talk {
    client: Side,
    server: Option<Side>,
    /// How many things both will still do.
    patience: usize,
}

impl Side {
    const fn new(peer: Peer<Tcp>) -> Self {
        Self { peer, said: Vec::new(), heard: Vec::new(), finished: false, rude: false }
    }

    fn say(&mut self, bytes: &[u8]) {
        if !self.finished && !self.rude {
            self.said.extend_from_slice(bytes);
            self.peer.send_raw(bytes);
        }
    }

    fn listen(&mut self) {
        self.heard.extend(self.peer.received_raw());
    }

    fn finish(&mut self) {
        self.peer.read_on();
        if !self.rude {
            self.finished = true;
            self.peer.finish();
        }
    }

    fn act(&mut self, dice: &mut Dice) {
        match dice.below(40) {
            0 => {
                self.rude = true;
                self.peer.reset();
            }
            1 => {
                self.rude = true;
                self.peer.close();
            }
            2..5 => self.peer.stop_reading(),
            5..10 => self.peer.read_on(),
            10 => self.finish(),
            _ => {
                let count = *dice.pick(&[1, 100, 3_000]);
                let first = dice.roll().to_le_bytes()[0];
                let bytes: Vec<_> =
                    (0..1 + dice.below(count)).map(|at| first.wrapping_add(at.to_le_bytes()[0])).collect();
                self.say(&bytes);
            }
        }
    }
}

/// The worker: a tunnel for each client, and a line to home that is made again and again.
fn relay(failed: &Failed, limits: Limits) -> Worker<Tcp, Closures<Tcp, ()>> {
    let failed = Rc::clone(failed);
    let home_limits = limits.clone();
    Worker::<Tcp>::new("tcp://0.0.0.0:1")
        .name("relay")
        .limits(limits)
        .on_worker_start(move |clients| {
            let home = Worker::<Text>::client()
                .name("home")
                .limits(home_limits.clone())
                .on_worker_start(|worker| {
                    let dial = Dial::new(HOME).expect("a good address").reconnect(Backoff::default());
                    worker.connect(dial).map(drop).expect("a good dial");
                })
                .on_connect(|home| home.send("here I am"))
                .on_message(|home, line| home.send(line))
                .on_error(|_, _| {});
            clients.host(home).map(drop).expect("worlds host others");
        })
        .on_connect(|client| client.tunnel(&*format!("tcp://{NAME}:{PORT}")).map(drop).expect("a good address"))
        .on_message(|client, _| panic!("{client:?} was to be passed on"))
        .on_error(move |client, error| {
            match error {
                ConnectionError::Connect(_) | ConnectionError::Io(_) | ConnectionError::DrainTimedOut { .. } => {}
                _ => panic!("{client:?}: {error}"),
            }
            failed.borrow_mut().insert(client.remote_addr().to_string(), error.to_string());
        })
}

fn server(number: u32) -> IpAddr {
    Ipv4Addr::from_bits(0x0aff_0000 | number).into()
}

fn home() -> SocketAddr {
    SocketAddr::from(([10, 254, 0, 1], 8))
}

struct Scenario {
    seed: u64,
    dice: Dice,
    world: World<Closures<Tcp, ()>>,
    failed: Failed,
    talks: Vec<Talk>,
    /// Servers that do not know yet by whom they were called; of several addresses only one gets to know.
    called: Vec<Side>,
    homes: Vec<Peer<Text>>,
}

/// Runs the world of a seed from its beginning to its end.
pub(super) fn run(seed: u64, mut dice: Dice) -> Outcome {
    let send_high_bytes = *dice.pick(&[500, 4_000, 20_000]);
    let connect = Some(Duration::from_millis(500 + dice.below(10_000) as u64));
    let limits = Limits {
        send_high_bytes,
        send_low_bytes: dice.below(send_high_bytes),
        deadlines: Deadlines { connect, stop: Some(Duration::from_secs(2)), ..Deadlines::NONE },
        ..Limits::default()
    };
    let faults = faults(&mut dice);
    let failed = Failed::default();
    let world = World::with_faults(relay(&failed, limits), seed, faults);
    let mut scenario = Scenario { seed, dice, world, failed, talks: Vec::new(), called: Vec::new(), homes: Vec::new() };
    scenario.set_up();
    scenario.live();
    if scenario.dice.chance(800) {
        scenario.say_good_bye();
    }
    scenario.compare();
    let Scenario { world, talks, .. } = scenario;
    let digest = world.digest();
    Outcome { guests: talks.len(), digest, tally: world.finish() }
}

impl Scenario {
    fn set_up(&mut self) {
        let mut addresses: Vec<_> = (0..SERVERS).map(server).collect();
        self.dice.shuffle(&mut addresses);
        for &address in &addresses {
            match self.dice.below(4) {
                0 => self.world.silence_port(SocketAddr::new(address, PORT)),
                1 => {}
                _ => self.world.open_port(SocketAddr::new(address, PORT)),
            }
        }
        self.world.name(NAME, &addresses);
        self.world.name("home.example", &[home().ip()]);
        self.world.open_port(home());
    }

    fn live(&mut self) {
        let expected = 1 + self.dice.below(12);
        let mut patience = expected;
        while patience > 0 || self.talks.iter().any(|talk| talk.patience > 0) {
            if patience > 0 && (self.talks.is_empty() || self.dice.chance(300)) {
                patience -= 1;
                self.welcome();
            }
            let place = self.dice.below(self.talks.len());
            let talk = &mut self.talks[place];
            if talk.patience > 0 {
                talk.patience -= 1;
                let server = talk.server.as_mut().filter(|_| self.dice.chance(500));
                server.unwrap_or(&mut talk.client).act(&mut self.dice);
            }
            if self.dice.chance(50) {
                self.move_house();
            }
            self.let_time_pass();
        }
    }

    fn welcome(&mut self) {
        let mut client = Side::new(self.world.connect_as());
        let number = u32::try_from(self.talks.len()).unwrap_or_default();
        client.say(&number.to_be_bytes());
        let patience = 1 + self.dice.below(40);
        self.talks.push(Talk { client, server: None, patience });
    }

    /// Whoever waits for a call of the worker goes away, and comes back.
    fn move_house(&mut self) {
        if self.dice.chance(500) {
            self.world.close_port(home());
        } else {
            self.world.open_port(home());
        }
        if let Some(home) = self.homes.pop() {
            if self.dice.chance(500) { home.reset() } else { home.finish() }
        }
    }

    fn let_time_pass(&mut self) {
        for _ in 0..self.dice.below(8) {
            let soon = self.world.elapsed() + Duration::from_millis(20);
            self.world.step(soon);
        }
        if self.dice.chance(20) {
            self.world.pass(Duration::from_millis(self.dice.below(5000) as u64));
        }
        self.look_around();
    }

    /// Finds out whose server has been called, and hears what has come.
    fn look_around(&mut self) {
        while let Some(home) = self.world.accept::<Text>(home()) {
            home.send("are you there?");
            self.homes.push(home);
        }
        for home in &self.homes {
            for line in home.lines() {
                assert!(
                    ["here I am", "are you there?"].contains(&&*line),
                    "{line:?} in the world of seed {}",
                    self.seed
                );
            }
        }
        for address in (0..SERVERS).map(server) {
            while let Some(peer) = self.world.accept::<Tcp>(SocketAddr::new(address, PORT)) {
                self.called.push(Side::new(peer));
            }
        }
        for mut side in std::mem::take(&mut self.called) {
            side.listen();
            match side.heard.first_chunk::<NUMBER_BYTES>() {
                None => self.called.push(side),
                Some(number) => {
                    let talk = &mut self.talks[u32::from_be_bytes(*number) as usize];
                    assert!(talk.server.is_none(), "called twice in the world of seed {}", self.seed);
                    talk.server = Some(side);
                }
            }
        }
        for talk in &mut self.talks {
            talk.client.listen();
            talk.server.iter_mut().for_each(Side::listen);
        }
    }

    /// All end in order, and have the time to.
    fn say_good_bye(&mut self) {
        for _ in 0..ROUNDS {
            for talk in &mut self.talks {
                talk.client.finish();
                talk.server.iter_mut().for_each(Side::finish);
            }
            self.world.pass(Duration::from_secs(2));
            self.look_around();
            if self.talks.iter().all(|talk| talk.client.peer.end().is_some()) {
                break;
            }
        }
        // What was said last, and the ends.
        self.world.pass(Duration::from_secs(5));
        self.look_around();
        // When one half of a tunnel is over in order, nobody hears what happens to the other.
        let tally = self.world.tally();
        let unheard = tally[Count::WriteFailures] + tally[Count::Resets] > 0;
        for (number, talk) in self.talks.iter().enumerate() {
            let Talk { client, server, .. } = talk;
            if client.peer.end().is_none() {
                self.fail(&format!("client {number} is still there"));
            }
            let broken = |side: &Side| side.rude || side.peer.end() != Some(LineEnd::Closed);
            let failed = self.failed.borrow().contains_key(&client.peer.address().to_string());
            let Some(server) =
                server.as_ref().filter(|server| !(unheard || failed || broken(client) || broken(server)))
            else {
                continue;
            };
            if (client.heard.len(), server.heard.len()) != (server.said.len(), client.said.len()) {
                self.fail(&format!("client {number} and its server have not heard all that was said"));
            }
        }
    }

    fn compare(&mut self) {
        self.look_around();
        for (number, Talk { client, server, .. }) in self.talks.iter().enumerate() {
            let Some(server) = server else { continue };
            if !(client.said.starts_with(&server.heard) && server.said.starts_with(&client.heard)) {
                self.fail(&format!("client {number} and its server have not heard what was said"));
            }
        }
    }

    fn fail(&self, wrong: &str) -> ! {
        panic!("{wrong}, in the world of seed {}; before that:\n{}", self.seed, self.world.history());
    }
}
