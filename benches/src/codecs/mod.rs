//! Codecs beside each other: generated from a schema, written by hand, and tokio-util's. No socket.
//!
//! Each decodes the same stream of frames, which lies whole in memory, and encodes the same messages.

mod frame;
mod text;
mod transfer;

use crate::statistics::Spread;
use bytes::BytesMut;
use std::{
    fmt::Write,
    io,
    time::{Duration, Instant},
};

/// How much is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Plan {
    /// How many messages are in a stream.
    pub messages: usize,
    /// How often it is decoded, and encoded, by each codec.
    pub passes: usize,
}

impl Plan {
    /// What a figure to be quoted comes from: some seconds.
    #[must_use]
    pub const fn full() -> Self {
        Self { messages: 1000, passes: 2000 }
    }

    /// Enough to see that everything works.
    #[must_use]
    pub const fn quick() -> Self {
        Self { messages: 1000, passes: 20 }
    }
}

/// A format, and who speaks it.
#[derive(Debug, Clone)]
pub struct Format {
    /// What it is.
    pub name: &'static str,
    /// Those who speak it, the one written by hand first.
    pub codecs: Vec<Codec>,
}

/// Who speaks a format. Each function does a whole stream, so that its call costs nothing.
#[derive(Debug, Clone, Copy)]
pub struct Codec {
    /// Whose it is.
    pub name: &'static str,
    /// Whether it decodes without an allocation.
    pub frugal: bool,
    /// Decodes all frames, and says how many bytes of payload were in them; `None` if a frame is bad.
    pub decode: fn(&mut BytesMut) -> Option<usize>,
    /// Appends a frame for each payload; `None` if one cannot be sent.
    pub encode: fn(&[String], &mut BytesMut) -> Option<()>,
}

/// The formats that are measured.
#[must_use]
pub fn formats() -> Vec<Format> {
    vec![text::format(), frame::format(), transfer::format()]
}

/// As many payloads: no two of them alike, each with its line feed as long as a line of the echo servers' table.
#[must_use]
pub fn payloads(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("message {number:<55}")).collect()
}

/// Measures, and gives the table.
///
/// # Errors
///
/// A codec is wrong: two of a format do not write the same, or do not read what they have written.
pub fn run(plan: &Plan) -> io::Result<String> {
    let payloads = payloads(plan.messages);
    let mut table = format!(
        "Codecs: 63 bytes of payload, {} frames in memory; the median of {} passes, in turns.\n\n\
         {:<18} {:<26} {:>10} {:>8} {:>10} {:>8}\n",
        plan.messages, plan.passes, "", "", "decode ns", "to hand", "encode ns", "to hand",
    );
    for format in formats() {
        let times = contest(&format, &payloads, plan.passes)?;
        for (codec, [decode, encode]) in format.codecs.iter().zip(&times) {
            let _ = writeln!(
                table,
                "{:<18} {:<26} {decode:>10.1} {:>8.2} {encode:>10.1} {:>8.2}",
                format.name,
                codec.name,
                decode / times[0][0],
                encode / times[0][1],
            );
        }
    }
    Ok(table)
}

/// Nanoseconds for a message, decoded and encoded, of each codec.
fn contest(format: &Format, payloads: &[String], passes: usize) -> io::Result<Vec<[f64; 2]>> {
    let fault = |codec: &Codec, what| io::Error::other(format!("{}, {}: {what}", format.name, codec.name));
    let expected: usize = payloads.iter().map(String::len).sum();
    let mut stream = BytesMut::new();
    let mut times = vec![[const { Vec::new() }; 2]; format.codecs.len()];
    for pass in 0..=passes {
        for (codec, [decodes, encodes]) in format.codecs.iter().zip(&mut times) {
            let mut out = BytesMut::with_capacity(2 * expected);
            let begin = Instant::now();
            let encoded = (codec.encode)(payloads, &mut out);
            encodes.push(each(begin.elapsed(), payloads.len()));
            if pass == 0 && stream.is_empty() {
                stream.clone_from(&out);
            }
            if encoded.is_none() || out != stream {
                return Err(fault(codec, "wrote something else than the one by hand"));
            }
            let begin = Instant::now();
            let decoded = (codec.decode)(&mut out);
            decodes.push(each(begin.elapsed(), payloads.len()));
            if decoded != Some(expected) {
                return Err(fault(codec, "did not read what was written"));
            }
        }
    }
    // The first pass was to warm up.
    Ok(times.into_iter().map(|pair| pair.map(|times| Spread::of(times.into_iter().skip(1)).median)).collect())
}

fn each(time: Duration, count: usize) -> f64 {
    time.as_secs_f64() * 1e9 / f64::from(u32::try_from(count).unwrap_or(u32::MAX))
}

/// Decodes all frames of a stream as the engine of a worker does: a message borrows from its frame.
fn decode_generated<P: wm_core::protocol::Protocol + Default>(
    stream: &mut [u8],
    mut take: impl FnMut(P::In<'_>) -> usize,
) -> Option<usize> {
    use wm_core::protocol::{Decoded, Input};
    let (mut protocol, mut rest, mut payload) = (P::default(), stream, 0);
    let mut reply = BytesMut::new();
    while !rest.is_empty() {
        let Ok(Input::Frame(len)) = protocol.input(rest) else { return None };
        let (frame, behind) = rest.split_at_mut_checked(len)?;
        let Ok(Decoded::Message(message)) = protocol.decode(frame, &mut reply) else { return None };
        payload += take(message);
        rest = behind;
    }
    Some(payload)
}

/// Appends a frame for each message.
fn encode_generated<'a, P: wm_core::protocol::Protocol + Default>(
    messages: impl Iterator<Item = P::Out<'a>>,
    out: &mut BytesMut,
) -> Option<()> {
    let mut protocol = P::default();
    for message in messages {
        protocol.encode(&message, out).ok()?;
    }
    Some(())
}
