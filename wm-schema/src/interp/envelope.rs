//! What stands around a message: where it ends, what it holds and where each byte of that came from, and how it is put
//! around a content.

use super::{EncodeError, EncodeFault, Error, Fault, Input, Interpreter, Place, Scan};
use crate::ir::{Envelope, EnvelopeKind};

const END: u8 = 0xc0;
const ESC: u8 = 0xdb;
const ESC_END: u8 = 0xdc;
const ESC_ESC: u8 = 0xdd;

/// What an envelope held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Content {
    /// The bytes, with what hid them undone.
    pub bytes: Vec<u8>,
    /// Where in the frame each of them came from, and behind them where the envelope goes on.
    pub places: Vec<usize>,
}

impl Content {
    /// The byte of the content that a place in the frame stands for.
    #[must_use]
    pub fn offset(&self, place: usize) -> usize {
        self.places.iter().position(|from| *from >= place).unwrap_or(self.bytes.len())
    }
}

/// A mistake in an envelope, and where.
type Mistake = (usize, Fault);

pub(super) fn input(
    interpreter: &Interpreter<'_>,
    envelope: Envelope,
    scan: &mut Scan,
    buf: &[u8],
) -> Result<Input, Error> {
    let limit = interpreter.message.frame_bytes_max;
    let most = usize::try_from(limit).unwrap_or(usize::MAX);
    let window = &buf[..buf.len().min(most)];
    let place = place(interpreter, envelope);
    let from = leading(envelope.kind, window).max(scan.searched);
    match end(envelope.kind, window, from).map_err(|(at, fault)| place.error(at, fault))? {
        Some(end) => {
            scan.searched = 0;
            Ok(Input::Frame(end))
        }
        None if buf.len() >= most => Err(place.error(most, Fault::TooLong { found: limit + 1, limit })),
        None => {
            // JSON is looked at from its start again: this remembers no braces.
            scan.searched = if envelope.kind == EnvelopeKind::Json { 0 } else { buf.len() };
            Ok(Input::Need(if is_empty(envelope.kind, buf) { 2 } else { 1 }))
        }
    }
}

pub(super) fn place<'s>(interpreter: &Interpreter<'s>, envelope: Envelope) -> Place<'s> {
    Place { layout: &interpreter.message.layout.name, field: Envelope::NAME, line: envelope.line }
}

/// Whether nothing of a frame has arrived that needs two bytes at the least.
fn is_empty(kind: EnvelopeKind, buf: &[u8]) -> bool {
    kind != EnvelopeKind::Line && buf.len() == leading(kind, buf)
}

/// How many bytes stand in front of a frame that mean nothing.
fn leading(kind: EnvelopeKind, bytes: &[u8]) -> usize {
    let nothing = |byte: &&u8| match kind {
        EnvelopeKind::Slip => **byte == END,
        EnvelopeKind::Cobs => **byte == 0,
        EnvelopeKind::Line => false,
        EnvelopeKind::Json => is_blank(**byte),
    };
    bytes.iter().take_while(nothing).count()
}

fn is_blank(byte: u8) -> bool {
    [b' ', b'\t', b'\r', b'\n'].contains(&byte)
}

/// Where the first frame ends, if it does; the bytes in front of `from` are known not to end it.
fn end(kind: EnvelopeKind, bytes: &[u8], from: usize) -> Result<Option<usize>, Mistake> {
    let terminator = match kind {
        EnvelopeKind::Slip => END,
        EnvelopeKind::Cobs => 0,
        EnvelopeKind::Line => b'\n',
        EnvelopeKind::Json => return braces(bytes),
    };
    Ok(bytes[from..].iter().position(|byte| *byte == terminator).map(|at| from + at + 1))
}

/// Where the brace stands that closes the first, and behind it.
fn braces(bytes: &[u8]) -> Result<Option<usize>, Mistake> {
    let start = leading(EnvelopeKind::Json, bytes);
    let Some(first) = bytes.get(start) else { return Ok(None) };
    if ![b'{', b'['].contains(first) {
        return Err((start, Fault::NoBrace { found: *first }));
    }
    let mut depth = 0usize;
    let mut rest = bytes.iter().enumerate().skip(start);
    while let Some((at, byte)) = rest.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' if depth == 1 => return Ok(Some(at + 1)),
            b'}' | b']' => depth -= 1,
            b'"' => {
                // To the end of the text: what a backslash stands in front of does not end it.
                while let Some((_, within)) = rest.next() {
                    match within {
                        b'"' => break,
                        b'\\' => drop(rest.next()),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(None)
}

/// Takes the envelope off a whole frame.
pub(super) fn open(interpreter: &Interpreter<'_>, envelope: Envelope, frame: &[u8]) -> Result<Content, Error> {
    let kind = envelope.kind;
    let place = place(interpreter, envelope);
    let error = |(at, fault): Mistake| place.error(at, fault);
    let skipped = leading(kind, frame);
    let (start, end) = match kind {
        EnvelopeKind::Json => (skipped, braces(frame).map_err(error)?),
        _ => {
            // What consists of ends alone has one.
            let start = skipped.min(frame.len().saturating_sub(1));
            (start, end(kind, frame, start).map_err(error)?)
        }
    };
    let Some(end) = end else {
        return Err(error((frame.len(), Fault::Truncated { needed: 1 })));
    };
    if end < frame.len() {
        return Err(error((end, Fault::Trailing { extra: frame.len() - end })));
    }
    let (mut bytes, mut places) = match kind {
        EnvelopeKind::Slip => unescaped(frame, start, end - 1).map_err(error)?,
        EnvelopeKind::Cobs => unblocked(frame, start, end - 1).map_err(error)?,
        EnvelopeKind::Line => (frame[..end - 1].to_vec(), (0..end).collect()),
        EnvelopeKind::Json => (frame[start..].to_vec(), (start..=end).collect()),
    };
    if kind == EnvelopeKind::Line && bytes.last() == Some(&b'\r') {
        bytes.pop();
        places.pop();
    }
    Ok(Content { bytes, places })
}

fn unescaped(frame: &[u8], start: usize, end: usize) -> Result<(Vec<u8>, Vec<usize>), Mistake> {
    let (mut bytes, mut places) = (Vec::new(), Vec::new());
    let mut at = start;
    while at < end {
        places.push(at);
        if frame[at] == ESC {
            at += 1;
            // The last byte of the frame is the END behind the content.
            bytes.push(match frame[at] {
                ESC_END => END,
                ESC_ESC => ESC,
                found => return Err((at, Fault::Escape { found })),
            });
        } else {
            bytes.push(frame[at]);
        }
        at += 1;
    }
    places.push(end);
    Ok((bytes, places))
}

fn unblocked(frame: &[u8], start: usize, end: usize) -> Result<(Vec<u8>, Vec<usize>), Mistake> {
    let (mut bytes, mut places) = (Vec::new(), Vec::new());
    let mut at = start;
    while at < end {
        let code = usize::from(frame[at]);
        let next = at + code;
        if next > end {
            return Err((end, Fault::Truncated { needed: next - end }));
        }
        bytes.extend(&frame[at + 1..next]);
        places.extend(at + 1..next);
        if code < 255 && next < end {
            bytes.push(0);
            places.push(next);
        }
        at = next;
    }
    places.push(end);
    Ok((bytes, places))
}

/// Puts an envelope around a content.
pub(super) fn close(interpreter: &Interpreter<'_>, envelope: Envelope, content: &[u8]) -> Result<Vec<u8>, EncodeError> {
    let place = place(interpreter, envelope);
    let limit = interpreter.message.frame_bytes_max;
    let too_long = |found: u64, limit: u64| place.refuse(EncodeFault::TooLong { found, limit });
    let most = interpreter.message.content_bytes_max();
    if content.len() as u64 > most {
        return Err(too_long(content.len() as u64, most));
    }
    let frame = wrap(envelope.kind, content).map_err(|fault| place.refuse(fault))?;
    if frame.len() as u64 > limit {
        return Err(too_long(frame.len() as u64, limit));
    }
    Ok(frame)
}

fn wrap(kind: EnvelopeKind, content: &[u8]) -> Result<Vec<u8>, EncodeFault> {
    match kind {
        EnvelopeKind::Slip if content.is_empty() => Err(EncodeFault::Empty),
        EnvelopeKind::Slip => {
            let escaped = content.iter().flat_map(|byte| match *byte {
                END => vec![ESC, ESC_END],
                ESC => vec![ESC, ESC_ESC],
                other => vec![other],
            });
            Ok(escaped.chain([END]).collect())
        }
        EnvelopeKind::Cobs => {
            let mut frame = Vec::new();
            let mut block = Vec::new();
            let mut full = false;
            for byte in content {
                if *byte != 0 {
                    // A full block is closed when it is known that something follows it.
                    if full {
                        frame.push(255);
                        frame.append(&mut block);
                    }
                    block.push(*byte);
                    full = block.len() == 254;
                    continue;
                }
                if full {
                    frame.push(255);
                    frame.append(&mut block);
                    full = false;
                }
                frame.push(u8::try_from(block.len() + 1).unwrap_or(255));
                frame.append(&mut block);
            }
            frame.push(u8::try_from(block.len() + 1).unwrap_or(255));
            frame.append(&mut block);
            frame.push(0);
            Ok(frame)
        }
        EnvelopeKind::Line => match content.iter().position(|byte| *byte == b'\n') {
            Some(offset) => Err(EncodeFault::Delimiter { offset }),
            None if content.ends_with(b"\r") => Err(EncodeFault::Trimmed { suffix: b"\r".to_vec() }),
            None => Ok([content, b"\n"].concat()),
        },
        EnvelopeKind::Json => match (content.first(), braces(content)) {
            (Some(b'{' | b'['), Ok(Some(end))) if end == content.len() => Ok(content.to_vec()),
            _ => Err(EncodeFault::NoBraces),
        },
    }
}
