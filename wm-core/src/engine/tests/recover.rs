//! Behind a bad frame.

use super::*;
use crate::protocol::Recovery;

/// Lines, of which a bad one is skipped, and one that starts with `?` has the next `>` searched for.
#[derive(Debug, Default)]
struct Tolerant(Line);

impl Protocol for Tolerant {
    const NAME: &'static str = "tolerant";
    const FRAME_BYTES_MAX: usize = 64;
    const ENCODES_ALIKE: bool = true;
    type In<'a> = &'a str;
    type Out<'a> = &'a str;

    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        if buf.first() == Some(&b'?') {
            return Err(DecodeError::new(LINE, 0, Fault::NoDigits));
        }
        self.0.input(buf)
    }

    fn decode<'a>(&mut self, frame: &'a mut [u8], reply: &mut BytesMut) -> Result<Decoded<&'a str>, DecodeError> {
        self.0.decode(frame, reply)
    }

    fn encode(&mut self, text: &&str, out: &mut BytesMut) -> Result<(), EncodeError> {
        self.0.encode(text, out)
    }

    fn recover(&mut self, error: &DecodeError) -> Recovery {
        self.0 = Line::default();
        match error.fault {
            Fault::Utf8 => Recovery::Skip,
            _ => Recovery::Resync { mark: b">", within: 100 },
        }
    }
}

struct Told(Log);

impl Handler for Told {
    type Protocol = Tolerant;
    type Session = ();

    fn on_message(&mut self, guest: &mut Connection<'_, Tolerant, ()>, text: &str) {
        self.0.borrow_mut().push(text.to_owned());
        if text == ">pause" {
            guest.pause_recv();
        }
    }

    fn on_error(&mut self, guest: &mut Connection<'_, Tolerant, ()>, error: &ConnectionError) {
        let Traffic { frames_in, frames_skipped, bytes_skipped, .. } = guest.traffic();
        self.0.borrow_mut().push(format!("{error} [{frames_in} in, {frames_skipped} skipped, {bytes_skipped} bytes]"));
        guest.send("sorry");
    }
}

struct Bench {
    engine: Engine<Told>,
    log: Log,
    now: Instant,
    id: ConnectionId,
}

impl Bench {
    fn new() -> Self {
        let (log, now) = (Log::default(), Instant::now());
        let told = Told(Rc::clone(&log));
        let mut engine = Engine::new(told, "bench".to_owned(), 0, Limits::default(), Waker::noop().clone(), now);
        engine.start(now);
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        let id = engine.accepted(at, at, now);
        Self { engine, log, now, id }
    }

    fn feed(&mut self, bytes: &[u8]) {
        let room = self.engine.room(self.id).expect("it receives");
        room[..bytes.len()].copy_from_slice(bytes);
        self.engine.received(self.id, bytes.len(), self.now);
    }

    fn told(&mut self) -> Vec<String> {
        while self.engine.poll().is_some() {}
        self.engine.check().unwrap();
        self.log.take()
    }
}

#[test]
fn what_is_thrown_away_is_told_and_counted_and_the_next_frame_is_read() {
    let mut bench = Bench::new();
    bench.feed(b">one\n\xff\xff\n>two\n");
    let skipped = "bad frame: Line.text at byte 0: not UTF-8; 3 bytes are thrown away [1 in, 1 skipped, 3 bytes]";
    assert_eq!(bench.told(), [">one", skipped, ">two"]);
    bench.feed(b"?xx");
    bench.feed(b"xx");
    assert_eq!(bench.told(), Vec::<String>::new(), "the search goes on");
    assert_eq!(bench.engine.outgoing(bench.id), b"sorry\n");
    bench.feed(b"x>three\n");
    let found =
        "bad frame: Line.text at byte 0: a number without digits; 6 bytes are thrown away [2 in, 2 skipped, 9 bytes]";
    assert_eq!(bench.told(), [found, ">three"]);
}

#[test]
fn a_search_that_fails_tells_the_mistake_and_closes() {
    let mistake = |counted| vec![format!("bad frame: Line.text at byte 0: a number without digits [{counted}]")];
    let mut bench = Bench::new();
    bench.feed(&[b'?'; 102]);
    assert_eq!(bench.told(), mistake("0 in, 0 skipped, 0 bytes"), "over the bound");
    assert!(!bench.engine.wants_more(bench.id));

    let mut bench = Bench::new();
    bench.feed(&[b'?'; 50]);
    assert_eq!(bench.told(), Vec::<String>::new());
    bench.engine.end_of_stream(bench.id, bench.now);
    assert_eq!(bench.told(), mistake("0 in, 0 skipped, 50 bytes"), "the stream has ended");

    let mut bench = Bench::new();
    bench.feed(b"\xff\n?");
    bench.told();
    bench.now += Duration::from_secs(31);
    bench.engine.expire(bench.now);
    assert_eq!(bench.told(), mistake("0 in, 1 skipped, 3 bytes"), "time is over");
    assert!(!bench.engine.wants_more(bench.id));
}

#[test]
fn a_paused_connection_searches_when_it_receives_again() {
    let mut bench = Bench::new();
    bench.feed(b">pause\n?--->four\n");
    assert_eq!(bench.told(), [">pause"]);
    let mut worker = Context { world: &mut bench.engine.world };
    worker.get(bench.id).expect("it is open").resume_recv();
    bench.engine.settle();
    assert_eq!(bench.told().last().map(String::as_str), Some(">four"));
}
