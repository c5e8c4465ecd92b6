//! Content that does not stand on the wire as it is, character by character: what the runtime's transforms are held against.

use super::Fault;
use crate::ir::{Value, Via};

const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// What stands on the wire for `plain`.
pub(super) fn apply(via: Via, key: &[u8], plain: &[u8]) -> Vec<u8> {
    match via {
        Via::Xor { .. } => joined(plain, key),
        // It was lent, or is not known.
        Via::Extern(_) => plain.to_vec(),
        Via::Hex => plain.iter().flat_map(|byte| format!("{byte:02x}").into_bytes()).collect(),
        Via::Base64 => plain.chunks(3).flat_map(four).collect(),
    }
}

/// What `wire` stands for.
pub(super) fn undo(via: Via, key: &[u8], wire: &[u8]) -> Result<Vec<u8>, Fault> {
    match via {
        Via::Xor { .. } => Ok(joined(wire, key)),
        Via::Extern(_) => Ok(wire.to_vec()),
        Via::Hex => {
            let digit = |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let byte = |pair: &[u8]| Some(digit(pair.first()?)? << 4 | digit(pair.get(1)?)?);
            wire.chunks(2).map(byte).collect::<Option<_>>().ok_or(Fault::Hex)
        }
        Via::Base64 => {
            let groups = wire.chunks(4).map(|group| three(group).ok_or(Fault::Base64));
            let plain: Vec<Vec<u8>> = groups.collect::<Result<_, _>>()?;
            let early = plain.iter().rev().skip(1).any(|group| group.len() < 3);
            if early { Err(Fault::Base64) } else { Ok(plain.concat()) }
        }
    }
}

fn joined(bytes: &[u8], key: &[u8]) -> Vec<u8> {
    let at = |at: usize| if key.is_empty() { 0 } else { key[at % key.len()] };
    bytes.iter().enumerate().map(|(index, byte)| byte ^ at(index)).collect()
}

fn four(bytes: &[u8]) -> [u8; 4] {
    let at = |at: usize| u32::from(bytes.get(at).copied().unwrap_or(0));
    let bits = at(0) << 16 | at(1) << 8 | at(2);
    let character = |place: usize| ALPHABET[(bits >> (18 - 6 * place)) as usize & 63];
    std::array::from_fn(|place| if place > bytes.len() { b'=' } else { character(place) })
}

/// The bytes of four characters, if they are what three, two or one byte are written as.
fn three(group: &[u8]) -> Option<Vec<u8>> {
    let pads = group.iter().rev().take_while(|character| **character == b'=').count();
    let len = 3usize.checked_sub(pads).filter(|len| *len > 0)?;
    let value = |character: &u8| ALPHABET.iter().position(|known| known == character);
    let digits = group[..group.len() - pads].iter().map(value).collect::<Option<Vec<usize>>>()?;
    let bits = digits.iter().enumerate().fold(0, |bits, (place, digit)| bits | digit << (18 - 6 * place));
    let bytes = [bits >> 16, bits >> 8 & 0xff, bits & 0xff].map(|byte| u8::try_from(byte).unwrap_or(0));
    (four(&bytes[..len]) == group).then(|| bytes[..len].to_vec())
}

/// The key of a transform among the values that are known; empty if it is absent, or there is none.
pub(super) fn key(via: Via, fields: &[Option<Value>]) -> Vec<u8> {
    let Via::Xor { key } = via else { return Vec::new() };
    match fields.get(key) {
        Some(Some(Value::Bytes(key))) => key.clone(),
        Some(Some(Value::Option(Some(key)))) => match &**key {
            Value::Bytes(key) => key.clone(),
            _ => Vec::new(),
        },
        _ => Vec::new(),
    }
}
