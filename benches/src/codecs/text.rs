//! Lines of UTF-8.

use super::{Codec, Format, decode_generated, encode_generated};
use bytes::{BufMut, BytesMut};
use std::hint::black_box;
use tokio_util::codec::{Decoder, Encoder, LinesCodec};
use wm_core::protocol::{Text, text::Line};

/// The limit of the schema.
const LINE_BYTES_MAX: usize = 1 << 20;

pub(super) fn format() -> Format {
    let codecs = vec![
        Codec { name: "by hand, zero-copy", frugal: true, decode: decode_by_hand, encode: encode_by_hand },
        Codec { name: "generated", frugal: true, decode: decode_ours, encode: encode_ours },
        Codec { name: "tokio LinesCodec", frugal: false, decode: decode_tokio, encode: encode_tokio },
    ];
    Format { name: "text", codecs }
}

fn decode_by_hand(stream: &mut BytesMut) -> Option<usize> {
    let (mut rest, mut payload) = (&stream[..], 0);
    while let Some(len) = memchr::memchr(b'\n', rest) {
        if len > LINE_BYTES_MAX {
            return None;
        }
        let (line, behind) = (&rest[..len], &rest[len + 1..]);
        let line = line.strip_suffix(b"\r").unwrap_or(line);
        payload += black_box(std::str::from_utf8(line).ok()?).len();
        rest = behind;
    }
    rest.is_empty().then_some(payload)
}

/// It checks what the schema asks for, as the generated one does: no line feed inside, no carriage return at the end.
fn encode_by_hand(payloads: &[String], out: &mut BytesMut) -> Option<()> {
    for payload in payloads {
        let bytes = payload.as_bytes();
        if bytes.len() > LINE_BYTES_MAX || memchr::memchr(b'\n', bytes).is_some() || bytes.ends_with(b"\r") {
            return None;
        }
        out.reserve(bytes.len() + 1);
        out.put_slice(bytes);
        out.put_u8(b'\n');
    }
    Some(())
}

fn decode_ours(stream: &mut BytesMut) -> Option<usize> {
    decode_generated::<Text>(stream, |line| black_box(line.text).len())
}

fn encode_ours(payloads: &[String], out: &mut BytesMut) -> Option<()> {
    encode_generated::<Text>(payloads.iter().map(|text| Line { text }), out)
}

fn decode_tokio(stream: &mut BytesMut) -> Option<usize> {
    let (mut codec, mut payload) = (LinesCodec::new_with_max_length(LINE_BYTES_MAX), 0);
    while let Some(line) = codec.decode(stream).ok()? {
        payload += black_box(line).len();
    }
    stream.is_empty().then_some(payload)
}

fn encode_tokio(payloads: &[String], out: &mut BytesMut) -> Option<()> {
    let mut codec = LinesCodec::new_with_max_length(LINE_BYTES_MAX);
    payloads.iter().try_for_each(|payload| codec.encode(payload, out)).ok()
}
