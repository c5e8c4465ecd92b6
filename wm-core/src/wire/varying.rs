//! Integers whose width varies, other than LEB128: of MIDI (`vlq`), and of QUIC (`quicvar`).
//!
//! Both can spell a number longer than it needs to be. A writer never does; whether a reader takes it, the schema says.

use super::{DecodeError, Fault, Field};

/// Which spellings of a number a reader takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Spelling {
    /// All of them.
    Any,
    /// The shortest alone.
    Shortest,
}

/// A number that has arrived whole, and how many bytes it took.
type Arrived = Option<(u64, usize)>;

/// The most bytes of a `vlq`: those that 64 bits take.
const VLQ_BYTES_MAX: usize = 10;

/// Reads a number of seven bits a byte, the highest first, from the start of `bytes`, which stand at `offset`; the top bit
/// of a byte says that more follow. `None` if they have not arrived.
pub(super) fn vlq(
    bytes: &[u8],
    offset: usize,
    spelling: Spelling,
    field: &'static Field,
) -> Result<Arrived, DecodeError> {
    if spelling == Spelling::Shortest && bytes.first() == Some(&0x80) {
        return Err(DecodeError::new(field, offset, Fault::NotMinimal));
    }
    let mut value = 0u64;
    for (at, &byte) in bytes.iter().enumerate().take(VLQ_BYTES_MAX) {
        let more = byte & 0x80 != 0;
        if value > u64::MAX >> 7 || more && at.saturating_add(1) == VLQ_BYTES_MAX {
            return Err(DecodeError::new(field, offset.saturating_add(at), Fault::Overflow));
        }
        value = value << 7 | u64::from(byte & 0x7f);
        if !more {
            return Ok(Some((value, at.saturating_add(1))));
        }
    }
    Ok(None)
}

/// Reads a number whose first two bits say how many bytes it takes, 1, 2, 4 or 8 (RFC 9000, 16), from the start of
/// `bytes`, which stand at `offset`. `None` if they have not arrived.
pub(super) fn quicvar(
    bytes: &[u8],
    offset: usize,
    spelling: Spelling,
    field: &'static Field,
) -> Result<Arrived, DecodeError> {
    let Some(first) = bytes.first() else { return Ok(None) };
    let doubled = u32::from(first >> 6);
    let width = 1usize.wrapping_shl(doubled);
    let Some(wire) = bytes.get(..width) else { return Ok(None) };
    let value = wire.iter().fold(0u64, |value, &byte| value << 8 | u64::from(byte));
    // The two bits of the width are the highest of the number.
    let unused = 66u32.saturating_sub(8u32.wrapping_shl(doubled));
    let value = value.wrapping_shl(unused).wrapping_shr(unused);
    if spelling == Spelling::Shortest && quicvar_width(value) < width {
        return Err(DecodeError::new(field, offset, Fault::NotMinimal));
    }
    Ok(Some((value, width)))
}

/// How many bytes a `quicvar` takes; over 62 bits, the most.
pub(super) const fn quicvar_width(value: u64) -> usize {
    match value {
        0..=0x3f => 1,
        0x40..=0x3fff => 2,
        0x4000..=0x3fff_ffff => 4,
        _ => 8,
    }
}

#[cfg(test)]
mod tests {
    use super::super::Writer;
    use super::*;
    use bytes::BytesMut;

    const F: &Field = &Field::new("M", "f", 1);

    fn written(write: impl FnOnce(&mut Writer<'_>)) -> BytesMut {
        let mut out = BytesMut::new();
        write(&mut Writer::new(&mut out));
        out
    }

    #[test]
    fn every_width() {
        for value in [0, 1, 0x3f, 0x40, 0x7f, 0x80, 0x3fff, 0x4000, 0x3fff_ffff, 0x4000_0000, (1 << 62) - 1] {
            let quic = written(|writer| writer.quicvar(value));
            let midi = written(|writer| writer.vlq(value));
            for spelling in [Spelling::Any, Spelling::Shortest] {
                assert_eq!(quicvar(&quic, 0, spelling, F), Ok(Some((value, quic.len()))));
                assert_eq!(vlq(&midi, 0, spelling, F), Ok(Some((value, midi.len()))));
                for cut in 0..quic.len() {
                    assert_eq!(quicvar(&quic[..cut], 0, spelling, F), Ok(None), "a prefix is never an error");
                }
                for cut in 0..midi.len() {
                    assert_eq!(vlq(&midi[..cut], 0, spelling, F), Ok(None), "a prefix is never an error");
                }
            }
        }
        let widest = written(|writer| writer.vlq(u64::MAX));
        assert_eq!(vlq(&widest, 0, Spelling::Shortest, F), Ok(Some((u64::MAX, 10))));
    }

    #[test]
    fn the_examples_of_the_documents() {
        // RFC 9000, A.1.
        for (wire, value) in [
            (&[0xc2, 0x19, 0x7c, 0x5e, 0xff, 0x14, 0xe8, 0x8c][..], 151_288_809_941_952_652),
            (&[0x9d, 0x7f, 0x3e, 0x7d], 494_878_333),
            (&[0x7b, 0xbd], 15_293),
            (&[0x25], 37),
        ] {
            assert_eq!(quicvar(wire, 0, Spelling::Shortest, F), Ok(Some((value, wire.len()))));
            assert_eq!(written(|writer| writer.quicvar(value))[..], *wire);
        }
        assert_eq!(quicvar(&[0x40, 0x25], 0, Spelling::Any, F), Ok(Some((37, 2))), "the RFC's own long form");
        // The Standard MIDI Files document, 1.1.
        for (wire, value) in [
            (&[0x7f][..], 0x7f),
            (&[0x81, 0x00], 0x80),
            (&[0xc0, 0x00], 0x2000),
            (&[0xff, 0x7f], 0x3fff),
            (&[0x81, 0x80, 0x00], 0x4000),
            (&[0xff, 0xff, 0xff, 0x7f], 0x0fff_ffff),
        ] {
            assert_eq!(vlq(wire, 0, Spelling::Shortest, F), Ok(Some((value, wire.len()))));
            assert_eq!(written(|writer| writer.vlq(value))[..], *wire);
        }
    }

    #[test]
    fn long_forms_are_refused_where_the_shortest_is_asked_for() {
        let refused = |at| Err(DecodeError::new(F, at, Fault::NotMinimal));
        assert_eq!(vlq(&[0x80], 5, Spelling::Shortest, F), refused(5));
        assert_eq!(vlq(&[0x80, 0x80, 1], 0, Spelling::Any, F), Ok(Some((1, 3))));
        assert_eq!(quicvar(&[0x40, 0x25], 5, Spelling::Shortest, F), refused(5));
    }

    #[test]
    fn what_is_over_64_bits_is_refused_at_its_byte() {
        let refused = |at| Err(DecodeError::new(F, at, Fault::Overflow));
        assert_eq!(vlq(&[0xff; 10], 0, Spelling::Any, F), refused(9));
        assert_eq!(vlq(&[0x80; 10], 0, Spelling::Any, F), refused(9), "without end");
        assert_eq!(vlq(&[0x83, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0], 0, Spelling::Any, F), refused(9));
    }
}
