//! Parts of a draft as one would type them: for the lines that a diagnostic says to type.

use crate::draft::{Attr, AttrKind, ExtentKind, FieldDraft, FieldKind, Literal, TypeDraft};

/// Bytes as a string or, where that would not be readable, as `hex "…"`.
pub(crate) fn bytes(bytes: &[u8]) -> String {
    match bytes {
        b"\r\n" => return "CRLF".to_owned(),
        b"\n" => return "LF".to_owned(),
        _ => {}
    }
    if bytes.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\r' | b'\t')) {
        return format!("\"{}\"", bytes.escape_ascii().to_string().replace("\\'", "'"));
    }
    let digits: Vec<String> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("hex \"{}\"", digits.join(" "))
}

/// A literal.
pub(super) fn literal(literal: &Literal) -> String {
    match literal {
        Literal::Int(value) => value.to_string(),
        Literal::Bytes(value) => bytes(value),
        Literal::Const(name) => name.clone(),
    }
}

/// A type with its brackets.
pub(super) fn ty(draft: &TypeDraft) -> String {
    let body = draft.body.as_ref().map(|body| format!(" {}", body.text)).unwrap_or_default();
    let extent = match draft.extent.as_ref().map(|extent| &extent.kind) {
        None => String::new(),
        Some(ExtentKind::Rest) => "[..]".to_owned(),
        Some(ExtentKind::Header(name)) => format!("[headers[{:?}]]", name.text),
        Some(ExtentKind::Literal(value)) => format!("[{}]", literal(value)),
        Some(ExtentKind::Formula(formula)) => format!("[{}]", formula.text),
        Some(ExtentKind::Typed(inner, attrs)) => format!("[{}{}]", ty(inner), self::attrs(attrs)),
    };
    format!("{}{body}{extent}", draft.name.text)
}

/// Attributes that can be said in short, each with a blank in front; equations and what ends a list are left out.
fn attrs(attrs: &[Attr]) -> String {
    let spell = |attr: &Attr| match &attr.kind {
        AttrKind::Until(ends) => {
            let ends: Vec<String> = ends.iter().map(|end| literal(&end.value)).collect();
            format!(" until {}", ends.join(" | "))
        }
        AttrKind::Max(max) => format!(" max {}", literal(&max.value)),
        AttrKind::Trim(trim) => format!(" trim {}", literal(&trim.value)),
        AttrKind::Via(name, argument) => super::via::spelled(name, argument.as_ref()),
        AttrKind::Pad(pad) => format!(" pad {}", literal(&pad.value)),
        AttrKind::Fill(fill) => {
            let byte = fill.byte.iter().map(|byte| format!(" {}", literal(&byte.value))).collect::<String>();
            format!(" pad{byte} {} {}", if fill.whole { "to" } else { "align" }, literal(&fill.size.value))
        }
        AttrKind::In(range) => format!(" in {}..={}", range.value.0, range.value.1),
        AttrKind::Nocase => " nocase".to_owned(),
        AttrKind::Minimal => " minimal".to_owned(),
        AttrKind::Stream => " stream".to_owned(),
        AttrKind::Where(formula) => format!(" where {}", formula.text),
        AttrKind::If(formula) => format!(" if {}", formula.text),
        AttrKind::At(place) => format!(" at {} backward", place.text),
        AttrKind::Since(version) => format!(" since v{}", version.value),
        AttrKind::As(path) => format!(" as {:?}", path.value),
        AttrKind::UntilEnd => " until end".to_owned(),
        AttrKind::UntilWhere(_) | AttrKind::UntilEmpty | AttrKind::Equals(_) => String::new(),
    };
    attrs.iter().map(spell).collect()
}

/// What a diagnostic calls a field: its name, or its constant.
pub(super) fn name(field: &FieldDraft) -> String {
    match &field.kind {
        FieldKind::Named(name, _) => name.text.clone(),
        FieldKind::Literal(value) => literal(value),
        FieldKind::Reserved(_) | FieldKind::Filler(_) => "_".to_owned(),
        FieldKind::Extension => "extensible".to_owned(),
        FieldKind::Tag { value, bits } => format!("{value:#0width$b}", width = usize::from(*bits) + 2),
    }
}

/// The word in front of the type of a field.
pub(super) fn word(field: &FieldDraft) -> &str {
    match &field.kind {
        FieldKind::Named(_, ty) | FieldKind::Reserved(ty) => &ty.name.text,
        FieldKind::Literal(_) | FieldKind::Extension | FieldKind::Filler(_) | FieldKind::Tag { .. } => "bytes",
    }
}

/// A field with another type text: the corrected line.
pub(super) fn line_with(field: &FieldDraft, ty: &str) -> String {
    format!("{}: {ty}{}", name(field), attrs(&field.attrs))
}

/// A field as it is written, its equation left out.
pub(super) fn line(field: &FieldDraft) -> String {
    match &field.kind {
        FieldKind::Named(_, draft) | FieldKind::Reserved(draft) => line_with(field, &ty(draft)),
        FieldKind::Literal(_) | FieldKind::Extension | FieldKind::Filler(_) | FieldKind::Tag { .. } => name(field),
    }
}

/// `1 byte`, `2 bytes`.
pub(crate) fn count(number: u64, unit: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {unit}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_readable_or_hex() {
        for (value, expected) in [
            (&b"****"[..], "\"****\""),
            (b"it's \"\t\\", "\"it's \\\"\\t\\\\\""),
            (b"\n", "LF"),
            (b"\r\n", "CRLF"),
            (b"\0\xff", "hex \"00 ff\""),
        ] {
            assert_eq!(bytes(value), expected);
        }
    }

    #[test]
    fn counts() {
        assert_eq!((count(1, "byte"), count(0, "byte")), ("1 byte".to_owned(), "0 bytes".to_owned()));
    }
}
