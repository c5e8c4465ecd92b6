//! A `u32` that counts itself, then bytes.

use super::{Codec, Format, decode_generated, encode_generated};
use bytes::{BufMut, Bytes, BytesMut};
use std::hint::black_box;
use tokio_util::codec::{Decoder, Encoder, LengthDelimitedCodec};
use wm_core::protocol::{self, Frame};

/// The limit of the schema.
const FRAME_BYTES_MAX: usize = 10 << 20;

pub(super) fn format() -> Format {
    let codecs = vec![
        Codec { name: "by hand, zero-copy", frugal: true, decode: decode_by_hand, encode: encode_by_hand },
        Codec { name: "generated", frugal: true, decode: decode_ours, encode: encode_ours },
        Codec { name: "tokio LengthDelimited", frugal: false, decode: decode_tokio, encode: encode_tokio },
    ];
    Format { name: "frame", codecs }
}

fn decode_by_hand(stream: &mut BytesMut) -> Option<usize> {
    let (mut rest, mut payload) = (&stream[..], 0);
    while let Some((head, _)) = rest.split_first_chunk() {
        let len = usize::try_from(u32::from_be_bytes(*head)).ok().filter(|len| *len <= FRAME_BYTES_MAX)?;
        let (frame, behind) = rest.split_at_checked(len)?;
        payload += black_box(frame.get(4..)?).len();
        rest = behind;
    }
    rest.is_empty().then_some(payload)
}

fn encode_by_hand(payloads: &[String], out: &mut BytesMut) -> Option<()> {
    for payload in payloads {
        let size = payload.len().checked_add(4).filter(|size| *size <= FRAME_BYTES_MAX)?;
        out.reserve(size);
        out.put_u32(u32::try_from(size).ok()?);
        out.put_slice(payload.as_bytes());
    }
    Some(())
}

fn decode_ours(stream: &mut BytesMut) -> Option<usize> {
    decode_generated::<Frame>(stream, |frame| black_box(frame.body).len())
}

fn encode_ours(payloads: &[String], out: &mut BytesMut) -> Option<()> {
    encode_generated::<Frame>(payloads.iter().map(|body| protocol::frame::Frame { body: body.as_bytes() }), out)
}

fn codec() -> LengthDelimitedCodec {
    LengthDelimitedCodec::builder().max_frame_length(FRAME_BYTES_MAX).length_adjustment(-4).new_codec()
}

fn decode_tokio(stream: &mut BytesMut) -> Option<usize> {
    let (mut codec, mut payload) = (codec(), 0);
    while let Some(body) = codec.decode(stream).ok()? {
        payload += black_box(body).len();
    }
    stream.is_empty().then_some(payload)
}

/// It takes a [`Bytes`], so what is borrowed has to be copied first.
fn encode_tokio(payloads: &[String], out: &mut BytesMut) -> Option<()> {
    let mut codec = codec();
    payloads.iter().try_for_each(|payload| codec.encode(Bytes::copy_from_slice(payload.as_bytes()), out)).ok()
}
