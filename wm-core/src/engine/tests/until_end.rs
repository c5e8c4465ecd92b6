//! Frames that go on to the end of the stream.

use super::*;
use crate::protocol::{Duplex, Message};
use crate::wire::{Halt, Walk, Walker};

const TEXT: &Field = &Field::new("Page", "text", 0);
const PAGE_BYTES_MAX: usize = 200_000;

/// A line, and behind it all that comes.
#[derive(Debug)]
struct Page;

impl Page {
    fn walk(walk: &mut Walker<'_>, step: usize) -> Result<(), Halt> {
        match step {
            0 => walk.until(b"\n", 100, TEXT),
            1 => walk.until_end(usize::MAX, TEXT),
            _ => walk.leave(),
        }
    }
}

impl Message for Page {
    type View<'a> = &'a str;
    type Scan = Walk;
    const PROTOCOL: &'static str = "page";
    const FRAME_BYTES_MAX: usize = PAGE_BYTES_MAX;
    const UNTIL_END: bool = true;

    fn input(scan: &mut Walk, buf: &[u8]) -> Result<Input, DecodeError> {
        scan.resume(buf, 1, PAGE_BYTES_MAX, Self::walk)
    }

    fn decode(frame: &mut [u8]) -> Result<&str, DecodeError> {
        std::str::from_utf8(frame).map_err(|_| DecodeError::new(TEXT, 0, Fault::Utf8))
    }

    fn encode(text: &&str, out: &mut BytesMut) -> Result<(), EncodeError> {
        out.extend_from_slice(text.as_bytes());
        Ok(())
    }
}

type Pages = Duplex<Page>;

/// Answers each page with what was in it, once, and tries to say more.
struct Answers(Log);

impl Handler for Answers {
    type Protocol = Pages;
    type Session = ();

    fn on_message(&mut self, guest: &mut Connection<'_, Pages, ()>, text: &str) {
        let told = if text.len() < 100 { text.to_owned() } else { text.len().to_string() };
        self.0.borrow_mut().push(told);
        let sent = [guest.send("re: page\n"), guest.send("more")];
        assert_eq!(sent, [Sent::Queued, Sent::Refused], "nothing stands behind it");
    }

    fn on_close(&mut self, _: &mut Connection<'_, Pages, ()>) {
        self.0.borrow_mut().push("close".to_owned());
    }

    fn on_error(&mut self, _: &mut Connection<'_, Pages, ()>, error: &ConnectionError) {
        self.0.borrow_mut().push(format!("error: {error}"));
    }
}

struct Site {
    engine: Engine<Answers>,
    log: Log,
    id: ConnectionId,
    now: Instant,
    written: Vec<u8>,
}

impl Site {
    fn new() -> Self {
        Self::with(Limits::default())
    }

    fn with(limits: Limits) -> Self {
        let (log, now) = (Log::default(), Instant::now());
        let mut engine =
            Engine::new(Answers(Rc::clone(&log)), "pages".to_owned(), 0, limits, Waker::noop().clone(), now);
        engine.start(now);
        let at = SocketAddr::from(([127, 0, 0, 1], 1));
        let id = engine.accepted(at, at, now);
        Self { engine, log, id, now, written: Vec::new() }
    }

    fn feed(&mut self, mut bytes: &[u8]) {
        while let Some(room) = self.engine.room(self.id).filter(|_| !bytes.is_empty()) {
            let count = room.len().min(bytes.len());
            room[..count].copy_from_slice(&bytes[..count]);
            bytes = &bytes[count..];
            self.engine.received(self.id, count, self.now);
        }
        self.settle();
    }

    fn end(&mut self) {
        self.engine.end_of_stream(self.id, self.now);
        self.settle();
    }

    fn settle(&mut self) {
        while let Some(change) = self.engine.poll() {
            match change {
                Change::Update(id) => {
                    self.written.extend(self.engine.outgoing(id));
                    let count = self.engine.outgoing(id).len();
                    self.engine.sent(id, count, self.now);
                }
                Change::Closed(id, _) => self.engine.release(id),
                Change::Finish(_) => self.log.borrow_mut().push("finish".to_owned()),
                _ => {}
            }
        }
        self.engine.check().unwrap();
    }
}

#[test]
fn the_end_of_the_stream_is_the_end_of_the_frame_wherever_it_is_cut() {
    let page = b"a page\nof two lines";
    for cut in 0..=page.len() {
        let mut site = Site::new();
        site.feed(&page[..cut]);
        site.feed(&page[cut..]);
        assert_eq!(site.log.take(), [""; 0], "it may go on");
        site.end();
        assert_eq!(site.log.take(), ["a page\nof two lines", "close"]);
        assert_eq!(site.written, b"re: page\n");
    }
}

#[test]
fn an_end_in_front_of_what_may_go_on_is_one_within_a_frame() {
    for (page, needed) in [("", None), ("a pa", Some(4)), ("a page\n", None)] {
        let mut site = Site::new();
        site.feed(page.as_bytes());
        site.end();
        let told = needed.map(|have: usize| {
            format!("error: the peer closed in the middle of a frame: {have} bytes came, 1 more are needed")
        });
        let page = Some(page.to_owned()).filter(|page| page.ends_with('\n'));
        let expected: Vec<String> = told.into_iter().chain(page).chain(["close".to_owned()]).collect();
        assert_eq!(site.log.take(), expected);
    }
}

#[test]
fn it_may_be_as_long_as_the_limit_and_no_longer() {
    for piece in [usize::MAX, 70_000, 1_000] {
        for (len, is_over) in [(PAGE_BYTES_MAX - 1, false), (PAGE_BYTES_MAX, false), (PAGE_BYTES_MAX + 1, true)] {
            let (mut site, mut page) = (Site::new(), vec![b'a'; len]);
            page[3] = b'\n';
            page.chunks(piece.min(len)).for_each(|piece| site.feed(piece));
            match is_over {
                false => site.end(),
                true => assert!(site.engine.room(site.id).is_none(), "it is refused before it ends"),
            }
            let first = site.log.take().swap_remove(0);
            match is_over {
                false => assert_eq!(first, len.to_string(), "in pieces of {piece}"),
                true => assert!(first.contains("is over the limit of 200000"), "{first}"),
            }
        }
    }
    let mut site = Site::with(Limits { frame_bytes_max: 8, ..Limits::default() });
    site.feed(b"a\nbcdefg");
    site.feed(b"h");
    assert_eq!(site.log.take()[0], "error: a frame of 9 bytes is over the limit of 8");
}

#[test]
fn who_has_sent_it_ends_its_side_and_still_receives() {
    let mut site = Site::new();
    let mailbox = site.engine.mailbox();
    let id = site.id;
    assert!(mailbox.post(move |worker| _ = worker.get(id).unwrap().send("first\n")));
    site.engine.collect_mail(site.now);
    site.settle();
    assert_eq!((site.log.take(), &*site.written), (vec!["finish".to_owned()], &b"first\n"[..]));
    site.feed(b"a page\n");
    assert!(site.engine.room(site.id).is_some(), "the peer is still heard");
}

#[test]
fn a_bad_one_is_told_of_at_its_end() {
    let mut site = Site::new();
    site.feed(b"a\n\xff");
    assert_eq!(site.log.take(), [""; 0]);
    site.end();
    assert_eq!(site.log.take(), ["error: bad frame: Page.text at byte 0: not UTF-8", "close"]);
}
