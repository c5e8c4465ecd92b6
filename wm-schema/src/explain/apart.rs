//! How the messages of a side are told apart, as lines of text.

use crate::apart::{ByteSet, Plan};
use crate::ir::{Schema, Side};
use std::fmt::Write;

/// The plans of the sides that send several messages.
pub(super) fn plans(schema: &Schema) -> String {
    let mut page = String::new();
    for (word, side) in [("client", Side::Client), ("server", Side::Server)] {
        if let Some(plan @ Plan::Look { .. }) = Plan::of(schema, side) {
            let _ = writeln!(page, "\nwhat the {word} sends is told apart by its first bytes");
            looks(&mut page, schema, &plan, 1);
        }
    }
    page
}

fn looks(page: &mut String, schema: &Schema, plan: &Plan, depth: usize) {
    let Plan::Look { at, cases } = plan else { return };
    let width = cases.iter().map(|(set, _)| spelled(*set).len()).max().unwrap_or_default();
    for (set, then) in cases {
        let (margin, set) = ("  ".repeat(depth), spelled(*set));
        match then {
            Plan::Message(index) => {
                let name = &schema.messages[*index].layout.name;
                let _ = writeln!(page, "{margin}byte {at}  {set:width$}  {name}");
            }
            Plan::Look { .. } => {
                let _ = writeln!(page, "{margin}byte {at}  {set}");
                looks(page, schema, then, depth + 1);
            }
        }
    }
}

/// `05`, `'G'`, `'0'..='9'`, `01 | 03..=04`.
pub(super) fn spelled(set: ByteSet) -> String {
    let byte = |byte: u8| match byte {
        b'!'..=b'~' => format!("'{}'", byte.escape_ascii()),
        _ => format!("{byte:02x}"),
    };
    let range = |(least, most): (u8, u8)| {
        let letters = least.is_ascii_graphic() && most.is_ascii_graphic();
        match (least == most, letters) {
            (true, _) => byte(least),
            (false, true) => format!("{}..={}", byte(least), byte(most)),
            (false, false) => format!("{least:02x}..={most:02x}"),
        }
    };
    set.ranges().into_iter().map(range).collect::<Vec<_>>().join(" | ")
}
