//! Floats of four bytes, held as eight: the very bits come back, those of a NaN too. A cast would set the bit that makes a
//! signalling NaN a quiet one.

/// How many more bits of fraction eight bytes have.
const SHIFT: u32 = 29;

/// The value of four bytes.
pub(super) fn widen(bits: u32) -> f64 {
    let narrow = f32::from_bits(bits);
    if !narrow.is_nan() {
        return narrow.into();
    }
    let (sign, fraction) = (u64::from(bits >> 31), u64::from(bits & 0x007f_ffff));
    f64::from_bits(sign << 63 | 0x7ff << 52 | fraction << SHIFT)
}

/// The four bytes of a value; the nearest, if four bytes cannot hold it.
#[expect(clippy::cast_possible_truncation, reason = "the field is an f32: Rust holds no more of it")]
pub(super) fn narrow(value: f64) -> u32 {
    if !value.is_nan() {
        return (value as f32).to_bits();
    }
    let bits = value.to_bits();
    let fraction = (bits >> SHIFT) as u32 & 0x007f_ffff;
    let sign = (bits >> 32) as u32 & 1 << 31;
    // A NaN whose fraction lies in the bits that four bytes do not have must not become an infinity.
    sign | 0xff << 23 | if fraction == 0 { 1 << 22 } else { fraction }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_very_bits_come_back() {
        let kinds = [0, 0x8000_0000, 1, 0x3f80_0000, 0x7f80_0000, 0xff80_0000, 0x7fc0_0000, 0xff81_0000, 0x7f80_0001];
        for bits in kinds {
            assert_eq!(narrow(widen(bits)), bits, "{bits:#x}");
        }
        assert!(f32::from_bits(narrow(f64::from_bits(0x7ff0_0000_0000_0001))).is_nan());
    }
}
