//! Numbers and bytes as a person would write them.

use crate::ir::Delimiters;
use proc_macro2::{Literal, TokenStream};
use quote::quote;

/// A number with its digits in groups: `16_777_215`.
pub(super) fn number(value: u128) -> TokenStream {
    let digits = value.to_string();
    if digits.len() < 5 {
        let literal = Literal::u128_unsuffixed(value);
        return quote!(#literal);
    }
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped.parse().unwrap_or_default()
}

/// A number that may be negative.
pub(super) fn signed(value: i128) -> TokenStream {
    let magnitude = number(value.unsigned_abs());
    if value < 0 { quote!(-#magnitude) } else { magnitude }
}

/// A mask: `0x7fff_ffff`.
pub(super) fn hex(value: u64) -> TokenStream {
    let digits = format!("{value:x}");
    let mut grouped = String::from("0x");
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(4) {
            grouped.push('_');
        }
        grouped.push(digit);
    }
    grouped.parse().unwrap_or_default()
}

/// A count of bytes, as `usize`: `64 << 20` where it is even.
pub(super) fn size(value: u64, runtime_check: &TokenStream) -> TokenStream {
    if value > u64::from(u32::MAX) {
        let value = number(value.into());
        // The literal alone would not compile where usize has 32 bits.
        return quote!(#runtime_check::bytes_max(#value));
    }
    for (shift, unit) in [(30u32, 1u64 << 30), (20, 1 << 20), (10, 1 << 10)] {
        if value > 0 && value.is_multiple_of(unit) {
            let (count, shift) = (number((value >> shift).into()), Literal::u32_unsuffixed(shift));
            return quote!(#count << #shift);
        }
    }
    number(value.into())
}

/// A byte: a letter, or `0x05`.
pub(super) fn byte(value: u8) -> TokenStream {
    if value.is_ascii_graphic() {
        let literal = Literal::byte_character(value);
        return quote!(#literal);
    }
    hex_byte(value)
}

/// A byte as a number: `0x05`.
pub(super) fn hex_byte(value: u8) -> TokenStream {
    format!("0x{value:02x}").parse().unwrap_or_default()
}

/// `b"…"`.
pub(super) fn bytes(bytes: &[u8]) -> Literal {
    Literal::byte_string(bytes)
}

/// What ends a value: `b"\r\n"`, or `AnyOf(&[b";", b"\r\n"])`.
pub(super) fn ends(ends: &Delimiters) -> TokenStream {
    let all = ends.all().map(bytes);
    if ends.is_one() { quote!(#(#all)*) } else { quote!(AnyOf(&[#(#all),*])) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_grouped() {
        for (value, text) in [(0, "0"), (9999, "9999"), (16_777_215, "16_777_215"), (100_000, "100_000")] {
            assert_eq!(number(value).to_string(), text);
        }
        assert_eq!(signed(-5).to_string(), "- 5");
        assert_eq!(size(2 << 30, &quote!(check)).to_string(), "2 << 30");
        assert_eq!(size(1_000_000, &quote!(check)).to_string(), "1_000_000");
    }
}
