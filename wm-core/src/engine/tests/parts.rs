//! Messages in parts.

use super::*;

/// Digits: the first says how many follow, which are handed out as they come.
#[derive(Debug, Default)]
struct Parts {
    left: usize,
}

impl Protocol for Parts {
    const NAME: &'static str = "parts";
    const FRAME_BYTES_MAX: usize = 4;
    const ENCODES_ALIKE: bool = true;
    type In<'a> = &'a [u8];
    type Out<'a> = &'a [u8];

    fn input(&mut self, buf: &[u8]) -> Result<Input, DecodeError> {
        Ok(match buf.len().min(if self.left > 0 { self.left } else { 1 }) {
            0 => Input::Need(1),
            bytes => Input::Frame(bytes),
        })
    }

    fn decode<'a>(&mut self, frame: &'a mut [u8], _: &mut BytesMut) -> Result<Decoded<&'a [u8]>, DecodeError> {
        self.left = if self.left > 0 { self.left - frame.len() } else { usize::from(frame[0] - b'0') };
        Ok(Decoded::Message(frame))
    }

    fn unfinished(&self) -> usize {
        self.left
    }

    fn encode(&mut self, bytes: &&[u8], out: &mut BytesMut) -> Result<(), EncodeError> {
        out.extend_from_slice(bytes);
        Ok(())
    }
}

struct Told(Log);

impl Handler for Told {
    type Protocol = Parts;
    type Session = ();

    fn on_message(&mut self, _: &mut Connection<'_, Parts, ()>, part: &[u8]) {
        self.0.borrow_mut().push(String::from_utf8_lossy(part).into_owned());
    }

    fn on_error(&mut self, _: &mut Connection<'_, Parts, ()>, error: &ConnectionError) {
        self.0.borrow_mut().push(error.to_string());
    }
}

fn engine() -> (Engine<Told>, Log, ConnectionId, Instant) {
    let (log, now) = (Log::default(), Instant::now());
    let mut engine =
        Engine::new(Told(Rc::clone(&log)), "parts".to_owned(), 0, Limits::default(), Waker::noop().clone(), now);
    engine.start(now);
    let at = SocketAddr::from(([127, 0, 0, 1], 1));
    let id = engine.accepted(at, at, now);
    (engine, log, id, now)
}

fn feed(engine: &mut Engine<Told>, id: ConnectionId, bytes: &[u8], now: Instant) {
    engine.room(id).expect("it receives")[..bytes.len()].copy_from_slice(bytes);
    engine.received(id, bytes.len(), now);
    while engine.poll().is_some() {}
    engine.check().unwrap();
}

#[test]
fn a_part_is_never_larger_than_a_frame_may_be() {
    let (mut engine, log, id, now) = engine();
    feed(&mut engine, id, b"9123456789", now);
    assert_eq!(log.take(), ["9", "1234", "5678", "9"]);
    engine.end_of_stream(id, now);
    assert_eq!(log.take(), Vec::<String>::new(), "between two messages the end is none of a mistake");
}

#[test]
fn the_end_of_the_stream_within_a_message_is_a_mistake() {
    let (mut engine, log, id, now) = engine();
    feed(&mut engine, id, b"912", now);
    log.take();
    engine.end_of_stream(id, now);
    assert_eq!(log.take(), ["the peer closed in the middle of a frame: 0 bytes came, 7 more are needed"]);
}

#[test]
fn a_message_in_parts_has_the_time_of_a_frame() {
    let (mut engine, log, id, mut now) = engine();
    for digit in 0..3 {
        feed(&mut engine, id, if digit == 0 { b"9" } else { b"1" }, now);
        now += Duration::from_secs(9);
        engine.expire(now);
    }
    assert_eq!(log.take(), ["9", "1", "1"], "a second more for each KiB, and none for a byte");
    now += Duration::from_secs(4);
    engine.expire(now);
    let late = log.take();
    assert!(late.len() == 1 && late[0].contains("3 bytes came"), "{late:?}");
}
