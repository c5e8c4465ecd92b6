//! The steps of walks, and how frames end, as tables.

use super::lua::{self, Table, list, number};
use super::types::{self, delimiters};
use crate::ir::{Envelope, EnvelopeKind, Field, Framing, Layout, Message, Schema, Type};
use crate::walk::{self, Span, Step};

/// The steps over a layout; of a union one for each arm.
pub(super) fn table(schema: &Schema, layout: &Layout) -> String {
    if layout.choice.is_some() {
        let arms = (0..layout.fields.len()).map(|at| step(layout, &walk::framed_arm(schema, layout, at)));
        return list(arms);
    }
    list(walk::steps(schema, layout).iter().map(|one| step(layout, one)))
}

fn step(layout: &Layout, step: &Step) -> String {
    let named = |name: &str| Table::new().text("step", name);
    let at = |table: Table, field: usize| table.set("field", field + 1);
    let fields = |reads: &[(usize, usize)]| list(reads.iter().map(|(field, _)| (field + 1).to_string()));
    match step {
        Step::Pass { bytes, .. } => named("pass").set("bytes", bytes).end(),
        Step::Constant { field } => at(named("constant"), *field).end(),
        Step::Until { field } => at(named("until"), *field).end(),
        Step::End { field } => at(named("end"), *field).end(),
        Step::Headers { field, .. } => at(named("headers"), *field).end(),
        Step::Framed { field, .. } => at(named("framed"), *field).end(),
        Step::Free { field } => at(named("free"), *field).end(),
        Step::Number { field, span: measured, slot } => {
            at(named("number"), *field).set("span", span(measured)).set_some("slot", *slot).end()
        }
        Step::Kept { span: measured, slot } => named("kept").set("span", span(measured)).set("slot", slot).end(),
        Step::Mark { field, .. } => at(named("mark"), *field).end(),
        Step::If { field, reads, least } => {
            at(named("if"), *field).set("reads", fields(reads)).set("least", least).end()
        }
        Step::Sized { field, span: measured, reads } => {
            let given = walk::handed(layout) - layout.params.len();
            let table = at(named("sized"), *field).set("span", span(measured));
            table.set("reads", fields(reads)).set("given", given).end()
        }
        Step::Elements { field, least } => at(named("elements"), *field).set("least", least).end(),
        Step::Enter { field, count, reads } => {
            let given = walk::handed(layout) - layout.params.len();
            at(named("enter"), *field).set("count", count).set("reads", fields(reads)).set("given", given).end()
        }
    }
}

fn span(span: &Span) -> String {
    let Span { first, last: _, add, scale, max, least, unit, walked } = span;
    super::tables::scaled(Table::new(), *scale)
        .set("first", first + 1)
        .set("add", add)
        .set("least", least)
        .set_some("max", max.map(|max| number(max.into())))
        .set("unit", unit)
        .flag("walked", *walked)
        .end()
}

/// How a frame of a message ends, or why the dissector cannot find that.
pub(super) fn framing(schema: &Schema, message: &Message) -> Result<String, String> {
    let layout = &message.layout;
    Ok(match &message.framing {
        Framing::Fixed { bytes } => Table::new().text("kind", "fixed").set("bytes", bytes).end(),
        Framing::Prefix { field, at, int, scale, outside, width_outside } => {
            let numbered = &layout.fields[*field];
            let limit = match &numbered.ty {
                Type::Bytes(bytes) => bytes.max,
                Type::List { max, .. } => *max,
                _ => None,
            };
            let table = Table::new()
                .text("kind", "prefix")
                .set("field", field + 1)
                .set("at", at)
                .set("int", types::int(int))
                .set("scale", scale)
                .set("outside", outside)
                .flag("width_outside", *width_outside)
                .set_some("limit", limit.map(|limit| number(limit.into())))
                .set_some("bits", numbered.bits.as_ref().map(super::tables::bit_place));
            match message.uncounted().as_slice() {
                [] => table.end(),
                uncounted => {
                    let absent = uncounted.iter().map(|(at, bytes)| absent(schema, layout, *at, *bytes));
                    let absent: Vec<String> = absent.collect::<Result<_, _>>()?;
                    table.set("uncounted", list(absent)).set("beside", beside(layout, numbered)).end()
                }
            }
        }
        Framing::Until { field, from, ends, max, tail } => Table::new()
            .text("kind", "until")
            .set("field", field + 1)
            .set("from", from)
            .set("ends", delimiters(ends))
            .set("max", number((*max).into()))
            .set("tail", tail)
            .end(),
        Framing::Walk => Table::new().text("kind", "walk").end(),
        Framing::Datagram { .. } => Table::new().text("kind", Envelope::NONE).end(),
        Framing::Outer(Envelope { kind, .. }) => {
            let word = match kind {
                EnvelopeKind::Slip => "slip",
                EnvelopeKind::Cobs => "cobs",
                EnvelopeKind::Line => "line",
                EnvelopeKind::Json => "json",
            };
            Table::new().text("kind", "outer").text("envelope", word).end()
        }
    })
}

/// A field that the number of the frame does not count and that may be absent.
fn absent(schema: &Schema, layout: &Layout, at: usize, bytes: u64) -> Result<String, String> {
    let condition = layout.fields[at].condition.as_ref().map(|one| lua::function(schema, layout, one)).transpose()?;
    Ok(Table::new().set("bytes", bytes).set_some("condition", condition).end())
}

/// The bits beside the number of a frame.
fn beside(layout: &Layout, numbered: &Field) -> String {
    let first = numbered.bits.map(|place| place.first);
    let fields = layout.fields.iter().enumerate().filter(|(_, field)| field.bits.map(|place| place.first) == first);
    list(fields.filter_map(|(at, field)| {
        let place = field.bits.as_ref()?;
        let is_flag = matches!(field.ty, Type::Int(crate::ir::Int::Flag, _));
        Some(super::tables::bit_table(place).set("field", at + 1).flag("flag", is_flag).end())
    }))
}
