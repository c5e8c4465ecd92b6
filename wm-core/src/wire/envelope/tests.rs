use super::*;
use crate::wire::Reader;

const F: &Field = &Field::new("M", "frame", 1);

type Scan = fn(&[u8]) -> Result<Input, DecodeError>;
type Open = for<'f> fn(&'f mut [u8], &'static Field) -> Result<Opened<'f>, DecodeError>;
type Close = fn(&mut BytesMut, usize, usize, &'static Field) -> Result<(), EncodeError>;

const SLIP: (Open, Close) = (Slip::open, Slip::close);
const COBS: (Open, Close) = (Cobs::open, Cobs::close);

fn opened(open: Open, frame: &[u8]) -> Result<Vec<u8>, DecodeError> {
    open(&mut frame.to_vec(), F).map(|opened| opened.content().to_vec())
}

fn closed(close: Close, content: &[u8], max: usize) -> Result<Vec<u8>, EncodeFault> {
    let mut out = BytesMut::from(&b"before"[..]);
    out.extend_from_slice(content);
    match close(&mut out, 6, max, F) {
        Ok(()) => Ok(out.strip_prefix(b"before").expect("what stood there").to_vec()),
        Err(error) => {
            assert_eq!(out[..], b"before"[..], "{error}");
            Err(error.fault)
        }
    }
}

fn fault<T: core::fmt::Debug>(found: Result<T, DecodeError>) -> (usize, Fault) {
    let error = found.expect_err("a mistake");
    (error.offset, error.fault)
}

#[test]
fn packets_of_the_rfc() {
    let (open, close) = SLIP;
    for (content, wire) in [
        (&b"ab"[..], &b"ab\xc0"[..]),
        (b"\xc0", b"\xdb\xdc\xc0"),
        (b"\xdb", b"\xdb\xdd\xc0"),
        (b"a\xc0\xdbb\xdc\xdd", b"a\xdb\xdc\xdb\xddb\xdc\xdd\xc0"),
        (b"\xc0\xc0", b"\xdb\xdc\xdb\xdc\xc0"),
    ] {
        assert_eq!(closed(close, content, 100).as_deref(), Ok(wire));
        assert_eq!(opened(open, wire).as_deref(), Ok(content));
        assert_eq!(opened(open, &[b"\xc0\xc0", wire].concat()).as_deref(), Ok(content), "empty packets in front");
    }
    assert_eq!(closed(close, b"", 100), Err(EncodeFault::Empty));
    assert_eq!(fault(opened(open, b"\xc0a\xdbb\xc0")), (3, Fault::Escape { found: b'b' }));
    assert_eq!(fault(opened(open, b"a\xdb\xc0")), (2, Fault::Escape { found: 0xc0 }));
    assert_eq!(fault(opened(open, b"a")), (1, Fault::Truncated { needed: 1 }));
    assert_eq!(fault(opened(open, b"a\xc0b\xc0")), (2, Fault::Trailing { extra: 2 }));
}

/// The examples of the paper's own table, and lengths around a full block.
#[test]
fn zeros_are_taken_out_and_put_back() {
    let (open, close) = COBS;
    let counting: Vec<u8> = (1..=254).collect();
    let full = [&[0xff][..], &counting].concat();
    for (content, blocks) in [
        (vec![], vec![1]),
        (vec![0], vec![1, 1]),
        (vec![0, 0], vec![1, 1, 1]),
        (vec![0x11, 0x22, 0, 0x33], vec![3, 0x11, 0x22, 2, 0x33]),
        (vec![0x11, 0, 0, 0], vec![2, 0x11, 1, 1, 1]),
        (counting.clone(), full.clone()),
        ([&counting[..], &[0]].concat(), [&full[..], &[1, 1]].concat()),
        ([&[0][..], &counting].concat(), [&[1][..], &full].concat()),
        ([&counting[..], &[0xff]].concat(), [&full[..], &[2, 0xff]].concat()),
        ([&counting[..], &counting].concat(), full.repeat(2)),
    ] {
        let wire = [&blocks[..], &[0]].concat();
        assert_eq!(closed(close, &content, 1000), Ok(wire.clone()));
        assert_eq!(opened(open, &wire), Ok(content.clone()));
        assert_eq!(opened(open, &[&[0, 0][..], &wire].concat()), Ok(content));
    }
    let longer = [&full[..], &[1, 0]].concat();
    assert_eq!(opened(open, &longer), Ok(counting), "an empty block behind a full one");
    assert_eq!(fault(opened(open, b"\x05ab\0")), (3, Fault::Truncated { needed: 2 }));
}

#[test]
fn a_frame_is_as_large_as_its_limit_and_no_larger() {
    for (close, content, whole) in
        [(SLIP.1, &b"a\xc0b"[..], 5), (COBS.1, b"a\0b", 5), (Lines::close, b"abc", 4), (Braces::close, b"[{}]", 4)]
    {
        assert_eq!(closed(close, content, whole).map(|frame| frame.len()), Ok(whole));
        let refused = EncodeFault::TooLong { found: whole as u64, limit: whole as u64 - 1 };
        assert_eq!(closed(close, content, whole - 1), Err(refused));
    }
    let scans: [(Scan, &[u8]); 4] = [
        (|buf| Slip::default().resume(buf, 6, F), b"abcde\xc0"),
        (|buf| Cobs::default().resume(buf, 6, F), b"\x05abcd\0"),
        (|buf| Lines::default().resume(buf, 6, F), b"abcde\n"),
        (|buf| Braces::default().resume(buf, 6, F), b"[1, 2]"),
    ];
    for (scan, frame) in scans {
        assert_eq!(scan(frame), Ok(Input::Frame(6)));
        assert_eq!(scan(&frame[..5]), Ok(Input::Need(1)));
        let over = [&frame[..5], b" ", &frame[5..]].concat();
        let too_long = (6, Fault::TooLong { found: 7, limit: 6 });
        assert_eq!(fault(scan(&over)), too_long);
        assert_eq!(fault(scan(&over[..6])), too_long, "as soon as it is sure");
    }
    let ends = [0xc0; 6];
    assert_eq!(fault(Slip::default().resume(&ends, 6, F)), (6, Fault::TooLong { found: 7, limit: 6 }));
}

#[test]
fn a_scan_may_be_cut_anywhere_and_is_ready_for_the_next_frame() {
    fn cut<S: Default>(frame: &[u8], resume: impl Fn(&mut S, &[u8]) -> Result<Input, DecodeError>) {
        for first in 0..frame.len() {
            let mut scan = S::default();
            for end in first..frame.len() {
                let found = resume(&mut scan, &frame[..end]);
                assert!(matches!(found, Ok(Input::Need(needed)) if needed <= frame.len() - end), "{found:?} at {end}");
            }
            assert_eq!(resume(&mut scan, &[frame, frame].concat()), Ok(Input::Frame(frame.len())));
            assert_eq!(resume(&mut scan, frame), Ok(Input::Frame(frame.len())));
        }
    }
    cut::<Slip>(b"\xc0\xc0a\xdb\xdcb\xc0", |scan, buf| scan.resume(buf, 99, F));
    cut::<Cobs>(b"\0\x02a\x01\0", |scan, buf| scan.resume(buf, 99, F));
    cut::<Lines>(b"ab\r\n", |scan, buf| scan.resume(buf, 99, F));
    cut::<Braces>(b"\n {\"}\\\"]\": [1, {}]}", |scan, buf| scan.resume(buf, 99, F));
}

#[test]
fn lines_end_by_one_line_feed() {
    assert_eq!(opened(Lines::open, b"a\r\r\n").as_deref(), Ok(&b"a\r"[..]));
    assert_eq!(opened(Lines::open, b"\n").as_deref(), Ok(&b""[..]));
    assert_eq!(closed(Lines::close, b"a\nb", 9), Err(EncodeFault::Delimiter { offset: 1 }));
    assert_eq!(closed(Lines::close, b"a\r", 9), Err(EncodeFault::Trimmed { suffix: b"\r" }));
}

#[test]
fn json_ends_at_its_last_brace() {
    let scan = |bytes: &[u8]| Braces::default().resume(bytes, 99, F);
    assert_eq!(scan(b"{\"a\": \"}\"} {"), Ok(Input::Frame(10)));
    assert_eq!(fault(scan(b" 1")), (1, Fault::NoBrace { found: b'1' }));
    assert_eq!(fault(scan(b"}")), (0, Fault::NoBrace { found: b'}' }));
    assert_eq!(opened(Braces::open, b" \n[1]").as_deref(), Ok(&b"[1]"[..]));
    for content in [&b"1"[..], b" {}", b"{} ", b"{}{}", b"{", b""] {
        assert_eq!(closed(Braces::close, content, 99), Err(EncodeFault::NoBraces), "{content:?}");
    }
}

#[test]
fn errors_point_into_the_frame_as_it_was_received() {
    let at = |open: Open, frame: &[u8], offset: usize| {
        let mut frame = frame.to_vec();
        let opened = open(&mut frame, F).expect("a good envelope");
        let mut reader = Reader::new(opened.content());
        reader.bytes(offset, F).expect("within the content");
        opened.as_received(DecodeError::new(F, reader.offset(), Fault::Utf8)).offset
    };
    let slip = b"\xc0a\xdb\xdcb\xdb\xdd\xc0";
    let places: Vec<usize> = (0..=4).map(|offset| at(Slip::open, slip, offset)).collect();
    assert_eq!(places, [1, 2, 4, 5, 7]);
    let places: Vec<usize> = (0..=4).map(|offset| at(Cobs::open, b"\0\x02a\x01\x02b\0", offset)).collect();
    assert_eq!(places, [2, 3, 4, 5, 6]);
    let full = [&[0xff][..], &[7; 254], &[2, 8, 0]].concat();
    let places: Vec<usize> = [0, 253, 254, 255].map(|offset| at(Cobs::open, &full, offset)).to_vec();
    assert_eq!(places, [1, 254, 256, 257]);
    assert_eq!(at(Braces::open, b"  {}", 1), 3);
}
