//! Checksums, bit by bit from the parameters of the catalogue: slow, and without a table of the runtime's.

use crate::ir::{Crc, Function};

/// What a function of bytes comes to.
pub(super) fn of(function: Function, bytes: &[u8]) -> u64 {
    let sum = || bytes.iter().map(|byte| u64::from(*byte)).sum::<u64>();
    match function {
        Function::Crc(how) => crc(how, bytes),
        Function::Sum(bits) => sum() & ((1 << bits) - 1),
        // It was lent, or is not known.
        Function::Extern { .. } => 0,
        Function::Xor8 => bytes.iter().fold(0, |all, byte| all ^ byte).into(),
        Function::Adler32 => {
            let step = |(low, high): (u64, u64), byte: &u8| {
                let low = (low + u64::from(*byte)) % 65521;
                (low, (high + low) % 65521)
            };
            let (low, high) = bytes.iter().fold((1, 0), step);
            high << 16 | low
        }
        Function::Internet => {
            let words = bytes.chunks(2).map(|word| u64::from(word[0]) << 8 | u64::from(*word.get(1).unwrap_or(&0)));
            // The remainder by 0xffff is the sum with its carries put back; of a sum that is not zero it is never zero.
            let sum = words.sum::<u64>();
            let folded = if sum > 0 && sum % 0xffff == 0 { 0xffff } else { sum % 0xffff };
            folded ^ 0xffff
        }
    }
}

fn crc(how: &Crc, bytes: &[u8]) -> u64 {
    let top = 1u64 << (how.width - 1);
    let all = u64::MAX >> (64 - how.width);
    let mut register = how.start;
    for byte in bytes {
        for bit in 0..8 {
            let bit = if how.reflected_in { byte >> bit & 1 } else { byte >> (7 - bit) & 1 };
            let out = (register & top != 0) != (bit == 1);
            register = register << 1 & all;
            if out {
                register ^= how.polynomial;
            }
        }
    }
    if how.reflected_out {
        register = register.reverse_bits() >> (64 - how.width);
    }
    register ^ how.end
}

#[cfg(test)]
mod tests {
    use super::of;
    use crate::ir::Function;

    #[test]
    fn every_crc_gives_what_the_catalogue_says() {
        for name in Function::names() {
            if let Some(function @ Function::Crc(how)) = Function::find(&name) {
                assert_eq!(of(function, b"123456789"), how.check, "{name}");
            }
        }
    }

    #[test]
    fn known_answers() {
        let of = |name: &str, bytes: &[u8]| of(Function::find(name).expect("a function"), bytes);
        assert_eq!((of("sum8", b"123456789"), of("sum16", b"123456789")), (0xdd, 0x1dd));
        assert_eq!((of("xor8", b"123456789"), of("adler32", b"123456789")), (0x31, 0x091e_01de));
        assert_eq!(of("internet", &[0, 1, 0xf2, 3, 0xf4, 0xf5, 0xf6, 0xf7]), 0x220d);
        assert_eq!((of("internet", &[]), of("internet", &[0xff, 0xff])), (0xffff, 0));
    }
}
