//! A layout as a drawing: rows of 32 bits, each as wide as it is on the wire; what varies goes to the edge of its row.

use super::html::escaped;
use crate::explain::picture::{Part, parts};
use crate::ir::{Layout, Schema};
use crate::resolve::spell::count;
use std::fmt::Write as _;

/// Pixels of a bit, and of a row at the least.
const BIT: u64 = 20;
const ROW: u64 = 34;
const ROW_BITS: u64 = 32;
/// A fixed part of more bits is cut: its rows say nothing that two do not say.
const LONG_BITS: u64 = 96;
/// Pixels of a letter.
const LETTER: u64 = 8;

/// A piece of a row.
struct Cell {
    label: String,
    title: String,
    from: u64,
    bits: u64,
    varies: bool,
}

/// Draws a layout, or the arms of a union one below the other.
pub(super) fn draw(schema: &Schema, layout: &Layout) -> String {
    let mut rows: Vec<Vec<Cell>> = vec![Vec::new()];
    for field in &layout.fields {
        for part in parts(schema, layout, field) {
            place(&mut rows, &part, layout.choice.is_some());
        }
    }
    rows.retain(|row| !row.is_empty());
    let mut body = String::new();
    let mut y = 18;
    for bit in (0..ROW_BITS).filter(|bit| bit % 8 == 0 || bit % 8 == 7) {
        let x = bit * BIT + BIT / 2 + 1;
        let _ = write!(body, r#"<text class="ruler" x="{x}" y="11" text-anchor="middle">{bit}</text>"#);
    }
    for row in &rows {
        let tallest =
            row.iter().filter(|cell| is_upright(cell)).map(|cell| cell.label.chars().count() as u64 * LETTER + 10);
        let height = tallest.max().unwrap_or(ROW).max(ROW);
        row.iter().for_each(|cell| body.push_str(&drawn(cell, y, height)));
        y += height;
    }
    let (width, height) = (ROW_BITS * BIT + 2, y + 2);
    let name = escaped(&layout.name);
    format!(
        r#"<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="{name} on the wire">{body}</svg>"#
    )
}

fn drawn(cell: &Cell, y: u64, height: u64) -> String {
    let (x, width) = (cell.from * BIT + 1, cell.bits * BIT);
    let class = if cell.varies { "cell vary" } else { "cell" };
    let (middle, centre) = (x + width / 2, y + height / 2);
    let room = usize::try_from(if is_upright(cell) { height } else { width } / LETTER).unwrap_or(1).max(2) - 1;
    let label = if cell.label.chars().count() > room {
        let kept: String = cell.label.chars().take(room.saturating_sub(1).max(1)).collect();
        format!("{kept}…")
    } else {
        cell.label.clone()
    };
    let turn = if is_upright(cell) { format!(r#" transform="rotate(-90 {middle} {centre})""#) } else { String::new() };
    let (label, title) = (escaped(&label), escaped(&cell.title));
    let waves = if cell.varies { wave(x + width, y, height) } else { String::new() };
    format!(
        r#"<g><title>{title}</title><rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}"/>{waves}<text x="{middle}" y="{}" text-anchor="middle"{turn}>{label}</text></g>"#,
        centre + 4
    )
}

/// Two strokes over the right edge: it goes on.
fn wave(x: u64, y: u64, height: u64) -> String {
    let (a, b) = (x - 14, x - 8);
    format!(r#"<path class="edge" d="M{a} {} l4 {height} M{b} {y} l4 {height}"/>"#, y)
}

/// Whether a label is written from bottom to top.
fn is_upright(cell: &Cell) -> bool {
    !cell.varies && cell.label.chars().count() as u64 * LETTER + 4 > cell.bits * BIT && cell.bits <= 3
}

/// Puts a part behind what is there; of a union each starts a row.
fn place(rows: &mut Vec<Vec<Cell>>, part: &Part, alone: bool) {
    let last = rows.len() - 1;
    let used: u64 = rows[last].iter().map(|cell| cell.bits).sum();
    let (title, label) = (title(part), part.label.clone());
    let Some(bits) = part.bits.filter(|bits| *bits > 0) else {
        if part.bits == Some(0) {
            return;
        }
        // What varies has at least half a row for its name.
        let starts = if alone || used > ROW_BITS / 2 { new_row(rows) } else { used };
        let cell = Cell { label, title, from: starts, bits: ROW_BITS - starts, varies: true };
        push(rows, cell);
        rows.push(Vec::new());
        return;
    };
    let mut used = if alone { new_row(rows) } else { used };
    let mut left = bits.min(LONG_BITS);
    let mut first = true;
    while left > 0 {
        if used == ROW_BITS {
            used = new_row(rows);
        }
        let here = left.min(ROW_BITS - used);
        // A name that goes over two rows stands in the larger.
        let label = if first && here * 2 >= left.min(ROW_BITS) || bits <= ROW_BITS && !first {
            label.clone()
        } else {
            String::new()
        };
        let label = if first || !label.is_empty() { label } else { "…".to_owned() };
        push(rows, Cell { label, title: title.clone(), from: used, bits: here, varies: false });
        (used, left, first) = (used + here, left - here, false);
    }
}

/// The label of a part, and how large it is.
fn title(part: &Part) -> String {
    match part.bits {
        Some(bits) if bits % 8 == 0 => format!("{}: {}", part.label, count(bits / 8, "byte")),
        Some(bits) => format!("{}: {}", part.label, count(bits, "bit")),
        None => format!("{}, of any length", part.label),
    }
}

fn push(rows: &mut [Vec<Cell>], cell: Cell) {
    if let Some(row) = rows.last_mut() {
        row.push(cell);
    }
}

fn new_row(rows: &mut Vec<Vec<Cell>>) -> u64 {
    if rows.last().is_none_or(|row| !row.is_empty()) {
        rows.push(Vec::new());
    }
    0
}
