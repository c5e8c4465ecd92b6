//! Made-up worlds: what a test may do in them, and what they find. No socket is opened.

use std::{
    cell::RefCell,
    net::IpAddr,
    panic::{AssertUnwindSafe, catch_unwind, resume_unwind},
    rc::Rc,
    time::Duration,
};
use wm_core::{
    BytesMut, Connection, ConnectionError, Context, Handler, Limits, Sent, TimerId, Worker,
    protocol::{DecodeError, Decoded, Duplex, EncodeError, Input, Protocol, Tcp, Text, frame, text},
    testing::{Count, Faults, LineEnd, World, at_every_split, for_seeds},
};

const SECOND: Duration = Duration::from_secs(1);

fn echo() -> Worker<Text> {
    Worker::<Text>::new("text://0.0.0.0:1").on_message(|guest, line| guest.send(line))
}

#[test]
fn a_peer_gets_the_same_answers_on_any_network() {
    for_seeds(0..200, |seed| {
        let mut world = World::with_faults(echo(), seed, Faults::MILD);
        let tom = world.connect();
        let lines: Vec<String> = (0..20).map(|number| "x".repeat(number * 7)).collect();
        lines.iter().for_each(|line| tom.send(line));
        tom.finish();
        world.run();
        assert_eq!(tom.lines(), lines);
        assert_eq!(tom.end(), Some(LineEnd::Closed));
        assert_eq!(world.finish()[Count::OnMessage], 20);
    });
}

#[test]
fn a_peer_gets_the_same_answers_at_every_split() {
    at_every_split("héllo\r\n\nworld\n".as_bytes(), |first, second| {
        let mut world = World::new(echo());
        let tom = world.connect();
        tom.send_raw(first);
        world.run();
        tom.send_raw(second);
        world.run();
        assert_eq!(tom.received_raw(), "héllo\n\nworld\n".as_bytes());
    });
}

#[test]
fn time_passes_when_the_test_says_so() {
    let log = Rc::<RefCell<Vec<Duration>>>::default();
    let ticks = Rc::clone(&log);
    let worker = Worker::<Tcp>::new("tcp://0.0.0.0:1").on_worker_start(move |worker| {
        let (ticks, start) = (Rc::clone(&ticks), worker.now());
        worker.every(SECOND, move |worker| ticks.borrow_mut().push(worker.now() - start));
    });
    let mut world = World::new(worker);
    world.run();
    assert_eq!(world.elapsed(), Duration::ZERO, "timers are not waited for");
    world.pass(SECOND * 5 / 2);
    assert_eq!((world.elapsed(), log.take()), (SECOND * 5 / 2, vec![SECOND, SECOND * 2]));
    world.pass(SECOND * 86_400);
    assert_eq!(log.borrow().len(), 86_400);
}

/// Keeps what it is told.
#[derive(Debug, Default)]
struct Diary {
    errors: Vec<String>,
    full: usize,
    drained: usize,
    ticks: usize,
}

impl Handler for Diary {
    type Protocol = Text;
    type Session = ();

    fn on_message(&mut self, guest: &mut Connection<'_, Text, ()>, line: text::Line<'_>) {
        match line.text {
            "panic" => resume_unwind(Box::new("on purpose")),
            "flood" => (0..100).for_each(|_| _ = guest.send(&"x".repeat(999))),
            "too long" => (0..2).for_each(|_| assert_eq!(guest.send(&"x".repeat(1 << 20)), Sent::Refused)),
            "tick" => _ = guest.worker().timer_after(SECOND),
            _ => _ = guest.close_with("bye"),
        }
    }

    fn on_error(&mut self, _: &mut Connection<'_, Text, ()>, error: &ConnectionError) {
        self.errors.push(error.to_string());
    }

    fn on_buffer_full(&mut self, _: &mut Connection<'_, Text, ()>) {
        self.full += 1;
    }

    fn on_buffer_drain(&mut self, _: &mut Connection<'_, Text, ()>) {
        self.drained += 1;
    }

    fn on_timer(&mut self, _: &mut Context<'_, Text, ()>, _: TimerId) {
        self.ticks += 1;
    }
}

fn diary() -> World<Diary> {
    let limits =
        Limits { send_high_bytes: 10_000, send_low_bytes: 1000, send_queue_bytes_max: 200_000, ..Limits::default() };
    World::new(Worker::serve("text://0.0.0.0:1", Diary::default()).limits(limits))
}

#[test]
fn a_peer_that_does_not_read_backs_up_until_it_reads_on() {
    let mut world = diary();
    let tom = world.connect();
    tom.stop_reading();
    tom.send("flood");
    world.run();
    assert_eq!((world.handler().full, world.handler().drained, tom.received_raw().len()), (1, 0, 0));
    tom.read_on();
    world.run();
    assert_eq!((world.handler().full, world.handler().drained, tom.lines().len()), (1, 1, 100));
    assert!(world.finish()[Count::ShortWrites] > 0);
}

#[test]
fn a_peer_may_vanish_cut_or_hang_up() {
    let mut world = diary();
    let (tom, ann, joe, sue) = (world.connect(), world.connect(), world.connect(), world.connect());
    world.run();
    assert_eq!(world.open(), 4);
    tom.vanish();
    ann.reset();
    joe.send("flood");
    joe.close();
    sue.send("anything");
    world.run();
    assert_eq!((sue.lines(), sue.end()), (vec!["bye".to_owned()], Some(LineEnd::Closed)));
    assert_eq!([&tom, &ann, &joe].map(|peer| peer.end()), [None, Some(LineEnd::Reset), Some(LineEnd::Reset)]);
    assert_eq!((world.open(), world.handler().errors.len()), (1, 2), "{:?}", world.handler());
    world.pass(SECOND * 3600);
    assert_eq!(world.open(), 0, "nobody waits for tom for ever");
    let tally = world.finish();
    assert_eq!((tally[Count::OnConnect], tally[Count::OnClose], tally[Count::PeerResets]), (4, 4, 2));
}

#[test]
fn a_message_over_the_limit_of_the_queue_is_reported_each_time_and_leaves_no_memory() {
    let mut world = diary();
    let tom = world.connect();
    tom.send("too long");
    world.run();
    let error = "message not sent: 0 bytes are queued already, the limit is 200000";
    assert_eq!(world.handler().errors, [error, error]);
    world.finish();
}

#[test]
fn timers_of_the_handler_run() {
    let mut world = diary();
    world.connect().send("tick");
    world.run();
    world.pass(SECOND);
    assert_eq!(world.handler().ticks, 1);
}

#[test]
fn a_panic_of_the_handler_fails_the_test_unless_it_is_allowed() {
    let mut world = diary();
    world.connect().send("panic");
    let panic = catch_unwind(AssertUnwindSafe(|| world.run())).expect_err("the handler panics");
    let told = panic.downcast_ref::<String>().expect("a text");
    assert!(told.starts_with("on_message panicked: on purpose\nin the world of seed 0"), "{told}");

    let mut world = diary();
    world.allow_panics();
    let tom = world.connect();
    tom.send("panic");
    world.run();
    assert!(tom.end().is_some());
    assert_eq!(world.finish()[Count::Panics], 1);
}

#[test]
fn a_test_posts_to_the_worker() {
    let mut world = World::new(echo());
    let tom = world.connect();
    world.run();
    assert!(world.mailbox().post(|worker| worker.broadcast("from outside")));
    world.run();
    assert_eq!(tom.lines(), ["from outside"]);
}

#[test]
fn the_sides_of_a_protocol_may_differ() {
    type Server = Duplex<text::Line<'static>, frame::Frame<'static>>;
    type Client = Duplex<frame::Frame<'static>, text::Line<'static>>;
    let worker = Worker::<Server>::new("tcp://0.0.0.0:1").on_message(|client, line| client.send(line.text.as_bytes()));
    let mut world = World::new(worker);
    let tom = world.connect_as::<Client>();
    tom.send("hello");
    world.run();
    assert_eq!(tom.received(|frame| frame.body.to_vec()), [b"hello"]);
}

#[test]
fn too_many_from_one_address_are_sent_away() {
    let mut world = World::new(echo().limits(Limits { connections_per_ip_max: 2, ..Limits::default() }));
    let here = IpAddr::from([192, 0, 2, 1]);
    let peers = [(); 3].map(|()| world.connect_from::<Text>(here));
    let other = world.connect();
    world.run();
    assert_eq!(peers.each_ref().map(|peer| peer.end()), [None, None, Some(LineEnd::Closed)]);
    assert!(other.end().is_none() && peers[0].address() != peers[1].address());
    assert_eq!(world.finish()[Count::TurnedAway], 1);
}

/// Each byte is a message, and one more than the last.
#[derive(Debug, Default)]
struct Counted {
    next_in: u8,
    next_out: u8,
}

impl Protocol for Counted {
    const NAME: &'static str = "counted";
    const FRAME_BYTES_MAX: usize = 1;
    type In<'a> = u8;
    type Out<'a> = ();

    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        Ok(if buf.is_empty() { Input::Need(1) } else { Input::Frame(1) })
    }

    fn decode(&mut self, frame: &mut [u8], _: &mut BytesMut) -> Result<Decoded<u8>, DecodeError> {
        assert_eq!(frame, [self.next_in], "a message was lost on the way");
        self.next_in = self.next_in.wrapping_add(1);
        Ok(Decoded::Message(frame[0]))
    }

    fn encode(&mut self, (): &(), out: &mut BytesMut) -> Result<(), EncodeError> {
        out.extend_from_slice(&[self.next_out]);
        self.next_out = self.next_out.wrapping_add(1);
        Ok(())
    }
}

#[test]
fn an_encoder_with_a_state_is_not_asked_for_what_is_refused() {
    let limits = Limits { send_high_bytes: 4, send_low_bytes: 2, send_queue_bytes_max: 8, ..Limits::default() };
    let worker = Worker::<Counted>::new("tcp://0.0.0.0:1")
        .limits(limits)
        .on_message(|client, _| (0..20).for_each(|_| _ = client.send(())))
        .on_error(|_, error| assert!(matches!(error, ConnectionError::SendQueueFull { queued: 8, limit: 8 })));
    let mut world = World::new(worker);
    let tom = world.connect();
    for round in 1..=3 {
        tom.send(());
        world.run();
        assert_eq!(tom.received(|number| number).len(), 8, "round {round}");
    }
    world.finish();
}
