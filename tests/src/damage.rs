//! What a network, or somebody with bad intent, does to a stream: it is cut, and it is changed.

/// A copy of `stream` with a few bytes changed, taken out, doubled or put in, as `entropy` says.
#[must_use]
pub fn mutated(stream: &[u8], entropy: &[u8]) -> Vec<u8> {
    /// Bytes that mean something to some protocol.
    const TELLING: &[u8] = b"\0\x01\x7f\x80\xff\n\r:,;{}[]\"\\0919 -+*!aA";
    let mut bytes = stream.to_vec();
    for step in entropy.chunks_exact(4) {
        let place = usize::from(step[1]) << 8 | usize::from(step[2]);
        let (place, value) = (place % (bytes.len() + 1), step[3]);
        match (step[0] % 6, bytes.get_mut(place)) {
            (0, Some(byte)) => *byte = value,
            (1, Some(byte)) => *byte = TELLING[usize::from(value) % TELLING.len()],
            (2, Some(byte)) => *byte ^= 1 << (value % 8),
            (3, Some(_)) => drop(bytes.remove(place)),
            (4, _) => bytes.truncate(place),
            _ => bytes.insert(place, TELLING[usize::from(value) % TELLING.len()]),
        }
    }
    bytes
}

/// Places to cut a stream of `len` bytes, in rising order, as `entropy` says.
#[must_use]
pub fn cuts(len: usize, entropy: &[u8]) -> Vec<usize> {
    let mut cuts: Vec<usize> =
        entropy.chunks_exact(2).map(|pair| (usize::from(pair[0]) << 8 | usize::from(pair[1])) % (len + 1)).collect();
    cuts.sort_unstable();
    cuts
}
