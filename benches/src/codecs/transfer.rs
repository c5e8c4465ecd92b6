//! The binary upload: a `u32` that counts all, a name with its length in front, then the file.

use super::{Codec, Format, decode_generated, encode_generated};
use bytes::{BufMut, BytesMut};
use std::hint::black_box;
use tokio_util::codec::{Decoder, LengthDelimitedCodec};

#[expect(unreachable_pub, reason = "generated for any place, and this one is private")]
mod generated {
    include!(concat!(env!("OUT_DIR"), "/binary_transfer.rs"));
}

use generated::{Done, Upload};
use wm_core::protocol::Duplex;

/// Both ends hold the file whole: what is measured is a frame.
type Server = Duplex<Upload<'static>, Done<'static>>;
type Client = Duplex<Done<'static>, Upload<'static>>;

/// The limit of the schema.
const FRAME_BYTES_MAX: usize = 2 << 30;

/// So much of a payload is the name.
const NAME_BYTES: usize = 10;

pub(super) fn format() -> Format {
    let codecs = vec![
        Codec { name: "by hand, zero-copy", frugal: true, decode: decode_by_hand, encode: encode_by_hand },
        Codec { name: "generated", frugal: true, decode: decode_ours, encode: encode_ours },
        Codec { name: "tokio LengthDelimited", frugal: false, decode: decode_tokio, encode: encode_by_hand },
    ];
    Format { name: "binary_transfer", codecs }
}

fn decode_by_hand(stream: &mut BytesMut) -> Option<usize> {
    let (mut rest, mut payload) = (&stream[..], 0);
    while let Some((head, _)) = rest.split_first_chunk() {
        let len = usize::try_from(u32::from_be_bytes(*head)).ok().filter(|len| *len <= FRAME_BYTES_MAX)?;
        let (frame, behind) = rest.split_at_checked(len)?;
        payload += take(frame.get(4..)?)?;
        rest = behind;
    }
    rest.is_empty().then_some(payload)
}

/// Reads what is behind the length.
fn take(body: &[u8]) -> Option<usize> {
    let (&name_len, body) = body.split_first()?;
    let (name, data) = body.split_at_checked(usize::from(name_len))?;
    let (name, data) = black_box((std::str::from_utf8(name).ok()?, data));
    Some(name.len() + data.len())
}

/// The name and the data of a payload. How long a name is must not be known to the compiler.
fn split(payload: &str) -> (&str, &str) {
    payload.split_at(black_box(NAME_BYTES))
}

fn encode_by_hand(payloads: &[String], out: &mut BytesMut) -> Option<()> {
    for payload in payloads {
        let (name, data) = split(payload);
        let size = payload.len().checked_add(5).filter(|size| *size <= FRAME_BYTES_MAX)?;
        out.reserve(size);
        out.put_u32(u32::try_from(size).ok()?);
        out.put_u8(u8::try_from(name.len()).ok()?);
        out.put_slice(name.as_bytes());
        out.put_slice(data.as_bytes());
    }
    Some(())
}

fn decode_ours(stream: &mut BytesMut) -> Option<usize> {
    decode_generated::<Server>(stream, |upload| {
        let (name, data) = black_box((upload.name, upload.data));
        name.len() + data.len()
    })
}

fn encode_ours(payloads: &[String], out: &mut BytesMut) -> Option<()> {
    let uploads = payloads.iter().map(|payload| {
        let (name, data) = split(payload);
        Upload { name, data: data.as_bytes() }
    });
    encode_generated::<Client>(uploads, out)
}

/// It frames; what is inside of a frame is read by hand.
fn decode_tokio(stream: &mut BytesMut) -> Option<usize> {
    let builder = LengthDelimitedCodec::builder();
    let mut codec = { builder }.max_frame_length(FRAME_BYTES_MAX).length_adjustment(-4).new_codec();
    let mut payload = 0;
    while let Some(body) = codec.decode(stream).ok()? {
        payload += take(&body)?;
    }
    stream.is_empty().then_some(payload)
}
