//! Text in HTML.

/// Text that means itself.
pub(super) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            letter => safe.push(letter),
        }
    }
    safe
}

/// Doc comments as paragraphs: an empty line ends one, what stands in back quotes is code.
pub(super) fn paragraphs(docs: &[String], class: &str) -> String {
    let class = if class.is_empty() { String::new() } else { format!(" class=\"{class}\"") };
    let text = docs.join("\n");
    let some = text.split("\n\n").map(str::trim).filter(|part| !part.is_empty());
    some.map(|part| format!("<p{class}>{}</p>\n", with_code(part))).collect()
}

/// What stands in back quotes is code.
pub(super) fn with_code(text: &str) -> String {
    let pieces: Vec<&str> = text.split('`').collect();
    // An odd quote is one.
    if pieces.len().is_multiple_of(2) {
        return escaped(text);
    }
    let piece = |(at, piece): (usize, &&str)| {
        if at % 2 == 1 { format!("<code>{}</code>", escaped(piece)) } else { escaped(piece) }
    };
    pieces.iter().enumerate().map(piece).collect()
}

#[cfg(test)]
mod tests {
    use super::{escaped, paragraphs};

    #[test]
    fn text_means_itself() {
        assert_eq!(escaped("a<b & \"c\">"), "a&lt;b &amp; &quot;c&quot;&gt;");
        let docs = ["One `a<b`".to_owned(), "line.".to_owned(), String::new(), "Odd ` quote.".to_owned()];
        assert_eq!(paragraphs(&docs, ""), "<p>One <code>a&lt;b</code>\nline.</p>\n<p>Odd ` quote.</p>\n");
    }
}
