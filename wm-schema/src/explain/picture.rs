//! A layout as a picture: rows of 32 bits, as RFCs draw them, or for text a row of boxes.

use super::words::{delimited, short_span, type_word};
use crate::ir::{Bytes, Content, Extent, Field, Int, Layout, Role, Schema, Size, Type};

/// Bits in a row.
const ROW_BITS: u64 = 32;
/// Columns of a bit.
const BIT_COLUMNS: usize = 2;
/// A part of more fixed bits is drawn over two rows.
const LONG_BITS: u64 = 64;

const RULER: &str = "   0                   1                   2                   3
   0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
";

/// Draws a layout.
pub(super) fn draw(schema: &Schema, layout: &Layout) -> String {
    let parts: Vec<Part> = layout.fields.iter().flat_map(|field| parts(schema, layout, field)).collect();
    if layout.fields.iter().all(is_text) { boxes(&parts) } else { rows(&parts) }
}

/// Something that stands on the wire: a field, its prefix or its delimiter.
pub(crate) struct Part {
    pub(crate) label: String,
    /// None if it varies.
    pub(crate) bits: Option<u64>,
}

fn part(label: impl Into<String>, bytes: Option<u64>) -> Part {
    Part { label: label.into(), bits: bytes.map(|bytes| bytes.saturating_mul(8)) }
}

/// What stands on the wire for a field: its prefix, its content, its delimiter.
pub(crate) fn parts(schema: &Schema, layout: &Layout, field: &Field) -> Vec<Part> {
    let name = &field.name;
    if matches!(field.role, Role::Pointed(_)) {
        return Vec::new();
    }
    if let Some(place) = &field.bits {
        let mut parts = vec![Part { label: name.clone(), bits: Some(place.width.into()) }];
        if let Type::Int(int @ Int::Escaping(_), _) = &field.ty {
            parts.push(part(format!("{name}, if longer ({} bytes)", short_span(int.size())), None));
        }
        return parts;
    }
    match &field.ty {
        Type::Int(int, _) => match int {
            Int::Until { .. } => number(name, int),
            Int::Digits { digits, .. } => vec![part(format!("{name} ({digits} digits)"), Some(u64::from(*digits)))],
            _ => vec![part(name, field.size.fixed())],
        },
        Type::Bytes(Bytes { extent, .. }) | Type::List { count: extent, .. } => match extent {
            Extent::Prefix(int) => {
                let unit = if matches!(field.ty, Type::List { .. }) { "count" } else { "size" };
                let mut parts = number(&format!("{unit} of {name}"), int);
                parts.push(content(field, int.size()));
                parts
            }
            Extent::Until(ends) => {
                let end = Size { least: ends.shortest(), most: Some(ends.longest()) };
                vec![content(field, end), part(delimited(ends), end.fixed())]
            }
            Extent::Fixed(_)
            | Extent::Field(_)
            | Extent::Header(_)
            | Extent::Lines
            | Extent::Where(_)
            | Extent::Formula { .. }
            | Extent::Rest { .. } => {
                vec![content(field, Size { least: 0, most: Some(0) })]
            }
        },
        Type::Struct(_) | Type::Enum(_) => {
            vec![part(format!("{name}: {}", type_word(schema, layout, &field.ty)), field.size.fixed())]
        }
        Type::Constant(_) | Type::Float { .. } => vec![part(name, field.size.fixed())],
        Type::Filler(_) => vec![part("pad", field.size.fixed())],
    }
}

/// A number, and the delimiter behind it.
fn number(label: &str, int: &Int) -> Vec<Part> {
    match int {
        Int::Until { ends, .. } => {
            let end = Size { least: ends.shortest(), most: Some(ends.longest()) };
            vec![part(format!("{label} (digits)"), None), part(delimited(ends), end.fixed())]
        }
        _ => vec![part(label, int.size().fixed())],
    }
}

/// The content of a field: its size without its prefix or delimiter.
fn content(field: &Field, around: Size) -> Part {
    let least = field.size.least.saturating_sub(around.least);
    let most = field.size.most.zip(around.most).map(|(most, around)| most.saturating_sub(around));
    let size = Size { least, most };
    let unit = if size.fixed() == Some(1) { "byte" } else { "bytes" };
    part(format!("{} ({} {unit})", field.name, short_span(size)), size.fixed())
}

/// Whether a field is something to be read by people: its numbers are digits, its delimiters are lines.
fn is_text(field: &Field) -> bool {
    let digits = |int: &Int| matches!(int, Int::Digits { .. } | Int::Until { .. });
    match &field.ty {
        Type::Constant(constant) => {
            constant.bytes.iter().all(|byte| byte.is_ascii_graphic() || byte.is_ascii_whitespace())
        }
        Type::Int(int, _) => digits(int),
        Type::Bytes(bytes) => match &bytes.extent {
            Extent::Prefix(int) => digits(int),
            Extent::Until(_) => true,
            Extent::Fixed(_)
            | Extent::Field(_)
            | Extent::Header(_)
            | Extent::Lines
            | Extent::Where(_)
            | Extent::Formula { .. }
            | Extent::Rest { .. } => bytes.content != Content::Bytes,
        },
        Type::Filler(_) | Type::Float { .. } | Type::Enum(_) | Type::Struct(_) | Type::List { .. } => false,
    }
}

/// Boxes side by side.
fn boxes(parts: &[Part]) -> String {
    let widths: Vec<usize> = parts.iter().map(|part| part.label.chars().count() + 2).collect();
    let edge: String = widths.iter().map(|width| format!("+{}", "-".repeat(*width))).collect();
    let middle: String = parts.iter().map(|part| format!("| {} ", part.label)).collect();
    format!("  {edge}+\n  {middle}|\n  {edge}+\n")
}

/// A piece of a row: so many bits of a part.
struct Cell {
    label: String,
    bits: u64,
    /// Whether the same part goes on in the next row, from edge to edge.
    goes_on: bool,
}

/// Rows of 32 bits.
fn rows(parts: &[Part]) -> String {
    let mut rows: Vec<Vec<Cell>> = vec![Vec::new()];
    for part in parts {
        place(&mut rows, part);
    }
    let edge = format!("  +{}\n", "-+".repeat(32));
    let mut text = format!("{RULER}{edge}");
    for row in rows.iter().filter(|row| !row.is_empty()) {
        text.push_str("  ");
        for cell in row {
            let width = usize::try_from(cell.bits).unwrap_or(0) * BIT_COLUMNS - 1;
            text.push_str(&format!("|{:^width$}", shortened(&cell.label, width)));
        }
        let used: u64 = row.iter().map(|cell| cell.bits).sum();
        text.push_str("|\n");
        match row.as_slice() {
            [cell] if cell.goes_on => text.push_str(&format!("  +{}+\n", " ".repeat(BIT_COLUMNS * 32 - 1))),
            _ if used < ROW_BITS => {
                text.push_str(&format!("  +{}\n", "-+".repeat(usize::try_from(used).unwrap_or(0))));
            }
            _ => text.push_str(&edge),
        }
    }
    text
}

/// Puts a part behind what is there. One that varies fills its row, and the next starts on a new one.
fn place(rows: &mut Vec<Vec<Cell>>, part: &Part) {
    let used: u64 = rows.last().map_or(0, |row| row.iter().map(|cell| cell.bits).sum());
    let room = ROW_BITS - used % ROW_BITS;
    if used == ROW_BITS {
        rows.push(Vec::new());
    }
    let long = part.bits.is_none_or(|bits| bits > LONG_BITS);
    let fits = |room: u64| part.label.chars().count() < usize::try_from(room).unwrap_or(0) * BIT_COLUMNS - 1;
    let pieces: Vec<u64> = match part.bits {
        Some(0) => return,
        Some(bits) if !long => {
            let first = bits.min(room);
            let mut pieces = vec![first];
            let mut left = bits - first;
            while left > 0 {
                pieces.push(left.min(ROW_BITS));
                left -= left.min(ROW_BITS);
            }
            pieces
        }
        _ if fits(room) => vec![room],
        _ => vec![room, ROW_BITS],
    };
    let widest = pieces.iter().copied().max().unwrap_or(0);
    let labelled = pieces.iter().position(|piece| *piece == widest).unwrap_or(0);
    let last = pieces.len() - 1;
    for (index, bits) in pieces.into_iter().enumerate() {
        if index > 0 {
            rows.push(Vec::new());
        }
        let dots = if long { " ..." } else { "" };
        let label = if index == labelled { format!("{}{dots}", part.label) } else { String::new() };
        if let Some(row) = rows.last_mut() {
            row.push(Cell { label, bits, goes_on: index < last && bits == ROW_BITS });
        }
    }
}

/// A label cut to what its cell can show.
fn shortened(label: &str, width: usize) -> String {
    if label.chars().count() <= width {
        return label.to_owned();
    }
    if width == 1 {
        return label.chars().take(1).collect();
    }
    let cut: String = label.chars().take(width.saturating_sub(1)).collect();
    cut + "~"
}
