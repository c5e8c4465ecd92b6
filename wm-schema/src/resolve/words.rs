//! The words of the language for types that need no declaration: `u32le`, `varint`, `dec`, `str` …

use crate::ir::{Content, Endian, Int};

/// What a type word means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    /// An integer of its own width.
    Int(Int),
    /// A float of 4 or 8 bytes.
    Float { bytes: u8, endian: Endian },
    /// A number in ASCII: digits that are counted, or that a delimiter ends.
    Digits { radix: u8, signed: bool },
    /// Bytes, text or JSON.
    Content(Content),
}

/// Looks a type word up.
pub(super) fn word(text: &str, endian: Endian) -> Option<Word> {
    Some(match text {
        "varint" => Word::Int(Int::Varint { signed: false }),
        "svarint" => Word::Int(Int::Varint { signed: true }),
        "dec" => Word::Digits { radix: 10, signed: false },
        "idec" => Word::Digits { radix: 10, signed: true },
        "hex" => Word::Digits { radix: 16, signed: false },
        "bytes" => Word::Content(Content::Bytes),
        "str" => Word::Content(Content::Str),
        "ascii" => Word::Content(Content::Ascii),
        "json" => Word::Content(Content::Json),
        "headers" => Word::Content(Content::Headers),
        "bit" => Word::Int(Int::Flag),
        "vlq" => Word::Int(Int::Vlq { minimal: false }),
        "quicvar" => Word::Int(Int::Quic { minimal: false }),
        _ => return fixed(text, endian).or_else(|| bits(text)),
    })
}

/// `u1` to `u63`, but for whole bytes.
fn bits(text: &str) -> Option<Word> {
    let digits = text.strip_prefix('u').filter(|digits| !digits.starts_with(['0', '+']))?;
    let bits = digits.parse().ok().filter(|bits: &u8| (1..64).contains(bits) && !bits.is_multiple_of(8))?;
    Some(Word::Int(Int::Bits { bits }))
}

/// `u8` to `u128`, `i8` to `i128`, `f32`, `f64`, with `le` or `be` behind.
fn fixed(text: &str, endian: Endian) -> Option<Word> {
    let (text, endian) = match (text.strip_suffix("le"), text.strip_suffix("be")) {
        (Some(text), _) => (text, Endian::Little),
        (_, Some(text)) => (text, Endian::Big),
        _ => (text, endian),
    };
    let bytes = match text.get(1..)? {
        "8" => 1,
        "16" => 2,
        "24" => 3,
        "32" => 4,
        "40" => 5,
        "48" => 6,
        "56" => 7,
        "64" => 8,
        "128" => 16,
        _ => return None,
    };
    match text.get(..1)? {
        "u" => Some(Word::Int(Int::Fixed { bytes, signed: false, endian })),
        "i" => Some(Word::Int(Int::Fixed { bytes, signed: true, endian })),
        "f" if matches!(bytes, 4 | 8) => Some(Word::Float { bytes, endian }),
        _ => None,
    }
}

/// All words, for suggestions.
pub(super) const WORDS: &[&str] = &[
    "u8", "u16", "u24", "u32", "u40", "u48", "u56", "u64", "u128", "i8", "i16", "i24", "i32", "i40", "i48", "i56",
    "i64", "i128", "f32", "f64", "u16le", "u24le", "u32le", "u64le", "i16le", "i32le", "i64le", "f32le", "f64le",
    "bit", "u1", "u2", "u3", "u4", "u5", "u6", "u7", "varint", "svarint", "vlq", "quicvar", "dec", "idec", "hex",
    "bytes", "str", "ascii", "json",
];

/// The words that people know from elsewhere, and ours for them.
pub(super) fn foreign(text: &str) -> Option<&'static str> {
    Some(match text.to_ascii_lowercase().as_str() {
        "string" | "text" | "utf8" => "str",
        "byte" | "uint8" | "uint8_t" | "uchar" => "u8",
        "int" | "integer" | "int32" | "int32_t" => "i32",
        "uint" | "uint32" | "uint32_t" | "dword" => "u32",
        "short" | "int16" | "int16_t" => "i16",
        "ushort" | "uint16" | "uint16_t" | "word" => "u16",
        "long" | "int64" | "int64_t" => "i64",
        "ulong" | "uint64" | "uint64_t" | "usize" => "u64",
        "float" => "f32",
        "double" => "f64",
        "bool" => "bit",
        "blob" | "binary" | "buffer" | "raw" => "bytes",
        "vint" | "varuint" | "leb128" => "varint",
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_word_is_known() {
        for text in WORDS {
            assert!(word(text, Endian::Big).is_some(), "{text}");
        }
        for text in ["u65", "u07", "u0", "u", "i4", "f16", "u", "", "ule", "uint", "é8", "Line"] {
            assert_eq!(word(text, Endian::Big), None, "{text}");
        }
    }

    #[test]
    fn the_suffix_wins_over_the_schema() {
        for (text, schema, expected) in [
            ("u32", Endian::Big, Endian::Big),
            ("u32", Endian::Little, Endian::Little),
            ("u32le", Endian::Big, Endian::Little),
            ("u32be", Endian::Little, Endian::Big),
        ] {
            let int = Int::Fixed { bytes: 4, signed: false, endian: expected };
            assert_eq!(word(text, schema), Some(Word::Int(int)), "{text}");
        }
    }
}
