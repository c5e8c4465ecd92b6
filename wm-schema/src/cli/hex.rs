//! Bytes as people paste them.

/// The bytes of `05 01`, `0501`, `05:01`, `0x05, 0x01`.
///
/// # Errors
/// What is no hexadecimal digit, or half a byte, in a sentence.
pub(crate) fn parse(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    for word in text.split(|letter: char| letter.is_whitespace() || matches!(letter, ',' | ':' | '-')) {
        let digits = word.strip_prefix("0x").or_else(|| word.strip_prefix("0X")).unwrap_or(word);
        if let Some(wrong) = digits.chars().find(|letter| !letter.is_ascii_hexdigit()) {
            return Err(format!("`{wrong}` in `{word}` is no hexadecimal digit"));
        }
        if digits.len() % 2 == 1 {
            return Err(format!("`{word}` ends with half a byte: each byte is two digits"));
        }
        for at in (0..digits.len()).step_by(2) {
            bytes.extend(u8::from_str_radix(&digits[at..at + 2], 16));
        }
    }
    Ok(bytes)
}

/// `05 01`.
pub(crate) fn spaced(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn hex_is_read_as_it_is_pasted() {
        for text in ["0501ff", "05 01 FF", "05:01:ff", "0x05, 0x01, 0xff", " 0501\n\tff ", "05-01-ff", "0x0501ff"] {
            assert_eq!(parse(text), Ok(vec![5, 1, 255]), "{text}");
        }
        assert_eq!(parse(""), Ok(Vec::new()));
        assert_eq!(parse("05 0g"), Err("`g` in `0g` is no hexadecimal digit".into()));
        assert_eq!(parse("05 1"), Err("`1` ends with half a byte: each byte is two digits".into()));
        assert_eq!(parse("0é"), Err("`é` in `0é` is no hexadecimal digit".into()));
    }
}
