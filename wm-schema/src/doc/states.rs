//! A session as a drawing: states from top to bottom by how far they are from the start, and between them what is said.
//!
//! What leads to the next row goes down, everything else goes round on the right.

use super::html::escaped;
use crate::ir::{Said, Schema, Session, Side, State, Target};
use std::collections::BTreeMap;
use std::fmt::Write as _;

const LETTER: usize = 8;
const LINE: usize = 16;
const GAP: usize = 26;
const BETWEEN: usize = 34;
const LANE: usize = 12;

/// A box of the drawing: a state, or what is said on the way to one.
struct Item {
    /// Lines with their classes.
    lines: Vec<(String, &'static str)>,
    class: &'static str,
    layer: usize,
    x: usize,
    y: usize,
    width: usize,
    height: usize,
}

/// Draws a session.
pub(super) fn draw(schema: &Schema, session: &Session) -> String {
    let mut items = states(session);
    let mut ways: Vec<(usize, usize)> = Vec::new();
    for (at, state) in session.states.iter().enumerate() {
        for (to, mut lines) in said(schema, state) {
            let label = items.len();
            // Where the connection closes, that is a word: its lines would cross all others.
            if to == Target::Close {
                lines.push(("closes".to_owned(), "state-name"));
            }
            items.push(item(lines, "said", items[at].layer + 1));
            ways.push((at, label));
            if let Target::State(to) = to {
                ways.push((label, to));
            }
        }
    }
    let size = arrange(&mut items, &ways);
    paint(&items, &ways, size)
}

/// The states, each as far down as it is from the start.
fn states(session: &Session) -> Vec<Item> {
    let mut depths: BTreeMap<usize, usize> = BTreeMap::from([(session.start, 0)]);
    let mut open = vec![session.start];
    while !open.is_empty() {
        let mut next = Vec::new();
        for at in open {
            for edge in &session.states[at].edges {
                if let Target::State(to) = edge.to
                    && !depths.contains_key(&to)
                {
                    depths.insert(to, depths[&at] + 1);
                    next.push(to);
                }
            }
        }
        open = next;
    }
    let state = |(at, state): (usize, &State)| {
        item(vec![(state.name.clone(), "state-name")], "state", 2 * depths.get(&at).copied().unwrap_or(0))
    };
    session.states.iter().enumerate().map(state).collect()
}

fn item(lines: Vec<(String, &'static str)>, class: &'static str, layer: usize) -> Item {
    let letters = lines.iter().map(|(line, _)| line.chars().count()).max().unwrap_or(0);
    let (width, height) = (letters * LETTER + 20, lines.len() * LINE + 12);
    Item { lines, class, layer, x: 0, y: 0, width, height }
}

/// What is said in a state, by where it leads.
fn said(schema: &Schema, state: &State) -> Vec<(Target, Vec<(String, &'static str)>)> {
    let mut found: Vec<(Target, Vec<(String, &'static str)>)> = Vec::new();
    let mut add = |to: Target, line: (String, &'static str)| match found.iter_mut().find(|(known, _)| *known == to) {
        Some((_, lines)) => lines.push(line),
        None => found.push((to, vec![line])),
    };
    for edge in &state.edges {
        let what = match edge.said {
            Said::Message(index) => schema.messages[index].layout.name.as_str(),
            Said::Stream => "raw bytes",
        };
        let (word, class) = match edge.from {
            Side::Client => ("client", "client"),
            Side::Server => ("server", "server"),
        };
        add(edge.to, (format!("{word} {what}"), class));
        if let Some(guard) = &edge.guard {
            add(edge.to, (format!("where {}", guard.text), "late"));
        }
    }
    if let Some(late) = state.timeout_ms {
        let time = if late % 1000 == 0 { format!("{} s", late / 1000) } else { format!("{late} ms") };
        add(Target::Close, (format!("nothing for {time}"), "late"));
    }
    found
}

/// Gives each box its place; says how large the drawing is.
fn arrange(items: &mut [Item], ways: &[(usize, usize)]) -> (usize, usize) {
    let layers = items.iter().map(|item| item.layer).max().unwrap_or(0) + 1;
    let mut rows: Vec<Vec<usize>> = vec![Vec::new(); layers];
    (0..items.len()).for_each(|at| rows[items[at].layer].push(at));
    let round = ways.iter().filter(|(from, to)| is_round(items, *from, *to)).count();
    let margin = (round + 1) * LANE;
    let width_of = |items: &[Item], row: &[usize]| {
        row.iter().map(|at| items[*at].width).sum::<usize>() + row.len().saturating_sub(1) * GAP
    };
    let widest = rows.iter().map(|row| width_of(items, row)).max().unwrap_or(0);
    let mut y = BETWEEN;
    for row in &mut rows {
        // Each stands below what leads to it.
        row.sort_by_key(|at| {
            let leads = |(from, to): &&(usize, usize)| to == at && items[*from].layer < items[*at].layer;
            let above: Vec<usize> =
                ways.iter().filter(leads).map(|(from, _)| items[*from].x + items[*from].width / 2).collect();
            above.iter().sum::<usize>() / above.len().max(1)
        });
        let mut x = margin + (widest - width_of(items, row)) / 2;
        let height = row.iter().map(|at| items[*at].height).max().unwrap_or(0);
        for at in row.iter() {
            (items[*at].x, items[*at].y) = (x, y + (height - items[*at].height) / 2);
            x += items[*at].width + GAP;
        }
        if height > 0 {
            y += height + BETWEEN;
        }
    }
    (widest + 2 * margin, y)
}

/// Whether a way does not go to the next row.
fn is_round(items: &[Item], from: usize, to: usize) -> bool {
    items[to].layer != items[from].layer + 1
}

fn paint(items: &[Item], ways: &[(usize, usize)], (width, height): (usize, usize)) -> String {
    let mut body = String::from(
        r#"<defs><marker id="tip" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path class="tip" d="M0 0L8 4L0 8z"/></marker></defs>"#,
    );
    let mut lanes = 0;
    for (from, to) in ways {
        let (start, end) = (&items[*from], &items[*to]);
        let marker = if end.class == "said" { "" } else { r#" marker-end="url(#tip)""# };
        let (x, y) = (start.x + start.width / 2, start.y + start.height);
        let (to_x, to_y) = (end.x + end.width / 2, end.y);
        let path = if is_round(items, *from, *to) {
            // Between the rows to the edge, along it, and back between the rows.
            lanes += 1;
            let (out, apart) = (width - lanes * LANE, 6 + lanes * 4 % (BETWEEN - 16));
            format!("M{x} {y}V{}H{out}V{}H{to_x}V{to_y}", y + apart, to_y - 8 - apart / 2)
        } else {
            let half = (to_y - y) / 2;
            format!("M{x} {y}C{x} {} {to_x} {} {to_x} {to_y}", y + half, to_y - half)
        };
        let _ = write!(body, r#"<path class="edge" d="{path}"{marker}/>"#);
    }
    for item in items {
        let Item { x, y, width, height, class, .. } = item;
        let round = if *class == "state" { height / 2 } else { 5 };
        let _ = write!(
            body,
            r#"<g><rect class="{class}" x="{x}" y="{y}" width="{width}" height="{height}" rx="{round}"/>"#
        );
        for (line, (text, class)) in item.lines.iter().enumerate() {
            let (x, y) = (x + width / 2, y + 18 + line * LINE);
            let text = escaped(text);
            let _ = write!(body, r#"<text class="{class}" x="{x}" y="{y}" text-anchor="middle">{text}</text>"#);
        }
        body.push_str("</g>");
    }
    format!(
        r#"<svg width="{width}" height="{height}" viewBox="0 0 {width} {height}" role="img" aria-label="the states of the session">{body}</svg>"#
    )
}
