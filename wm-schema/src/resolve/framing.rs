//! Where does a frame end? Inferred from the layout, never written; unless an envelope around it says so.
//!
//! The first of these that is found, from the front, and that leaves nothing else of varying size outside:
//!
//! * all fields fixed: `Fixed`;
//! * a number at a fixed place whose equation measures all that varies: `Prefix`;
//! * bytes or a list with a prefix, all else fixed: `Prefix`;
//! * bytes or a number up to a delimiter, all else fixed: `Until`;
//! * every field has an end of its own, or a number in front of it measures it, or the last goes on to the end of the stream:
//!   `Walk`.

use super::layouts::{Body, Line};
use super::regions::is_open;
use super::sizes::{self, Parts};
use super::{Context, endings, envelope, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, LayoutDraft};
use crate::ir::{Equation, Extent, Framing, Int, Layout, Measure, Role, Scale, Schema, Type};
use crate::walk;

/// Infers the framing of a message, or reports what is missing.
pub(super) fn infer(cx: &mut Context<'_>, body: &Body<'_>, parts: Parts<'_>) -> Option<Framing> {
    let lines = &body.lines;
    let varying: Vec<usize> = (0..lines.len()).filter(|at| lines[*at].size.fixed().is_none()).collect();
    if varying.is_empty() {
        let bytes = sizes::sum(lines).least;
        if bytes == 0 {
            cx.report(
                Diagnostic::new(
                    Code::Empty,
                    body.draft.name.origin,
                    format!("`{}` takes no bytes", body.draft.name.text),
                )
                .why("a message of no bytes could arrive any number of times at once")
                .help("give it a field of at least a byte"),
            );
            return None;
        }
        if cx.draft.envelopes.is_empty() {
            return Some(Framing::Fixed { bytes });
        }
    }
    if !cx.draft.envelopes.is_empty() {
        return cx.envelope.as_ref().map(envelope::Written::framing);
    }
    let found = (0..lines.len()).find_map(|at| {
        // What stands behind something of varying size is at no fixed place.
        let reachable = varying.iter().all(|&other| other >= at);
        reachable.then(|| by_equation(lines, &varying, at, parts).or_else(|| by_field(lines, &varying, at, parts)))?
    });
    if found.is_some() {
        return found;
    }
    let plain: Vec<walk::Line<'_>> =
        lines.iter().map(|line| walk::Line { role: &line.role, ty: &line.ty, size: line.size }).collect();
    let measured = walk::measured(&plain);
    let unmeasured = |at: usize| measured.iter().all(|one| !(one.first..=one.last).contains(&at));
    let unbound = |at: &&usize| {
        is_open(&lines[**at], parts) && unmeasured(**at) && !endings::goes_on(&lines[**at], parts.structs)
    };
    if let Some(&rest) = varying.iter().find(unbound) {
        cx.report(unbounded(body, rest));
        return None;
    }
    if let Some(&newer) = varying.iter().find(|at| lines[**at].since.is_some()) {
        cx.report(absent_where(body, newer));
        return None;
    }
    Some(Framing::Walk)
}

/// The number at `at` measures all that varies.
fn by_equation(lines: &[Line<'_>], varying: &[usize], at: usize, parts: Parts<'_>) -> Option<Framing> {
    let Role::Computed(Equation { measure, add, scale: units, absent: None }) = lines[at].role else { return None };
    let Type::Int(int, _) = &lines[at].ty else { return None };
    let (first, last, scale) = match measure {
        Measure::Bytes { first, last } => (first, last, 1),
        Measure::Elements { list } => (list, list, scale(&lines[list].ty, parts)?),
        Measure::Each { .. } => return None,
    };
    let varies = int.size().fixed().is_none();
    let counted = |other: usize| (first..=last).contains(&other) || other == at;
    if varying.iter().any(|&other| !counted(other) && !told_beside(lines, other, at)) {
        return None;
    }
    let told = |other: usize| !counted(other) && told_beside(lines, other, at);
    let outside = fixed(lines, |other| !((first..=last).contains(&other) || varies && other == at || told(other)))?;
    // The width of an escaping number does not count its base among bits: that is always there.
    let base = lines[at].bits.filter(|_| varies).map_or(0, |bits| i64::from(bits.bytes));
    let outside = outside.checked_add(base)?.checked_sub(add.checked_mul(i64::try_from(scale).ok()?)?)?;
    let scale = match units {
        Scale::One => scale,
        Scale::Over(by) => scale.checked_mul(by)?,
        // A number of parts of a byte is divided first.
        Scale::Times(_) => return None,
    };
    let int = int.clone();
    Some(Framing::Prefix { field: at, at: before(lines, at), int, scale, outside, width_outside: varies })
}

/// Whether bits beside the number at `at` tell if a field of a size of its own is there.
fn told_beside(lines: &[Line<'_>], field: usize, at: usize) -> bool {
    let (Some(condition), Some(run)) = (&lines[field].present_if, lines[at].bits) else { return false };
    let plain = |read: usize| matches!(lines[read].ty, Type::Int(Int::Flag | Int::Bits { .. }, _));
    let beside = |read: &usize| (run.first..=run.last).contains(read) && *read != at && plain(*read);
    lines[field].ty.fixed().is_some() && condition.term.fields().iter().all(beside)
}

/// The field at `at` is all that varies, and says itself where it ends.
fn by_field(lines: &[Line<'_>], varying: &[usize], at: usize, parts: Parts<'_>) -> Option<Framing> {
    let line = &lines[at];
    if varying != [at] || line.condition.is_some() || line.since.is_some() {
        return None;
    }
    if let Some(int) = sizes::prefix(&line.ty) {
        let scale = match &line.ty {
            Type::List { element, .. } => fixed_element(element, parts)?,
            _ => 1,
        };
        let width = int.size().fixed();
        let outside = fixed(lines, |other| other != at)?.checked_add_unsigned(width.unwrap_or(0))?;
        let (at_byte, int) = (before(lines, at), int.clone());
        return Some(Framing::Prefix { field: at, at: at_byte, int, scale, outside, width_outside: width.is_none() });
    }
    let (ends, max) = match &line.ty {
        Type::Int(Int::Until { ends, max, .. }, _) => (ends, u64::from(*max)),
        // Its limit comes later, in `bound`.
        Type::Bytes(bytes) => match &bytes.extent {
            Extent::Until(ends) => (ends, u64::MAX),
            _ => return None,
        },
        _ => return None,
    };
    let tail = fixed(lines, |other| other > at)?.unsigned_abs();
    Some(Framing::Until { field: at, from: before(lines, at), ends: ends.clone(), max, tail })
}

/// The fixed size of the elements of a list that no prefix counts.
fn scale(list: &Type, parts: Parts<'_>) -> Option<u64> {
    match list {
        Type::List { element, count: Extent::Field(_) | Extent::Rest { .. }, .. } => fixed_element(element, parts),
        _ => None,
    }
}

fn fixed_element(element: &Type, parts: Parts<'_>) -> Option<u64> {
    sizes::size(element, &[], parts).fixed()
}

/// Tells the framing the limit of its field, once that is known.
pub(super) fn bound(framing: &mut Framing, lines: &[Line<'_>]) {
    if let Framing::Until { field, max, .. } = framing
        && let Type::Bytes(bytes) = &lines[*field].ty
    {
        *max = bytes.max.unwrap_or(*max);
    }
}

/// The bytes in front of a field, which are all fixed.
fn before(lines: &[Line<'_>], at: usize) -> u64 {
    sizes::sum(&lines[..at]).least
}

/// The sum of the fixed sizes of the fields that `wanted` takes.
fn fixed(lines: &[Line<'_>], wanted: impl Fn(usize) -> bool) -> Option<i64> {
    let sum = (0..lines.len()).filter(|at| wanted(*at)).map(|at| lines[at].size.fixed()).sum::<Option<u64>>()?;
    i64::try_from(sum).ok()
}

const CONDITIONS: &str = "works out conditions of numbers and enums of the same layout alone";
const LENGTHS: &str = "works out lengths of numbers and enums of the same layout alone";
const FILLED: &str = "does not keep where the field in front of it began";
const WHOLE: &str = "passes elements that all end where their type says, or none of them";
const HANDED: &str = "hands values to the elements of a list that is counted and stands in a struct or a message";
const SEEN: &str = "hands on numbers and enums of the same layout alone";

/// Refuses messages that a walk cannot go through: too many layouts in each other, or fields that may be absent.
pub(super) fn walkable(cx: &mut Context<'_>, schema: &Schema) {
    let draft: &Draft = cx.draft;
    let drafted = |layout: &Layout| draft.layouts.iter().find(|draft| draft.name.text == layout.name);
    for layout in schema.messages.iter().filter_map(walk::of_message) {
        let levels = walk::levels(schema, layout);
        let nests = walk::structs(schema).into_iter().any(|index| schema.structs[index].nesting.is_some());
        let most = if nests { walk::NESTED_LEVELS_MAX } else { walk::LEVELS_MAX };
        if levels > most
            && let Some(draft) = drafted(layout)
        {
            cx.report(too_deep(draft, levels, most));
        }
    }
    for layout in walk::layouts(schema) {
        let Some(draft) = drafted(layout) else { continue };
        // Of what stands in front of a stream the size of the frame is known.
        let is_head = schema
            .messages
            .iter()
            .any(|message| message.layout.name == layout.name && message.framing != Framing::Walk);
        let mut conditional = None;
        for (of, step) in walk::all_steps(schema, layout) {
            // The arms of what headers frame.
            let is_arm = of.name != layout.name;
            let (layout, draft) = if is_arm { (of, drafted(of).unwrap_or(draft)) } else { (layout, draft) };
            if let walk::Step::If { field, .. } = step {
                conditional = Some(field);
                if layout.fields[field].condition.iter().any(|formula| !walk::in_reach(layout, formula, false)) {
                    cx.report(not_in_reach(draft, field, "may be absent", CONDITIONS));
                }
            }
            let Some(field) = walk::looked_at(&step) else { continue };
            if let (walk::Step::Sized { .. }, Some(formula)) = (&step, walk::worked_out(&layout.fields[field].ty))
                && !walk::in_reach(layout, formula, false)
            {
                cx.report(not_in_reach(draft, field, "is as long as the framer cannot see", LENGTHS));
            }
            if layout.each(field).is_some() {
                cx.report(not_in_reach(draft, field, "has elements as large as a number says", WHOLE));
                continue;
            }
            let unseen = layout.fields[field].args.iter().any(|arg| is_arm || !walk::in_reach(layout, arg, true));
            let listed = matches!(layout.fields[field].ty, Type::List { .. }) && !layout.fields[field].args.is_empty();
            let alone = matches!(step, walk::Step::Elements { .. }) || layout.choice.is_some();
            if listed && alone {
                cx.report(not_in_reach(draft, field, "has elements that are handed values", HANDED));
            } else if unseen && (listed || matches!(step, walk::Step::Enter { .. })) {
                cx.report(not_in_reach(draft, field, "is handed what the framer has not read", SEEN));
            } else if layout.fields[field].condition.is_some()
                && conditional != Some(field)
                && layout.presence(field).is_none()
            {
                cx.report(not_in_reach(draft, field, "may be absent", CONDITIONS));
            } else if layout.fields[field].bits.is_some() && !(is_head && matches!(step, walk::Step::Free { .. })) {
                cx.report(not_in_reach(draft, field, "is part of a byte", "reads whole bytes on the way"));
            } else if let (walk::Step::Elements { .. }, Type::List { element, count: Extent::Where(condition), .. }) =
                (&step, &layout.fields[field].ty)
            {
                if walk::looks(schema, element, condition).is_none() {
                    cx.report(not_in_reach(
                        draft,
                        field,
                        "ends where the framer cannot see it",
                        "looks at numbers, enums and lengths of whole bytes of the element",
                    ));
                }
            } else if matches!(layout.fields[field].ty, Type::Filler(_)) && matches!(step, walk::Step::Enter { .. }) {
                cx.report(not_in_reach(draft, field, "fills up what the framer passes", FILLED));
            } else if let Some(inner) = walk::inner(layout, &step)
                && !matches!(inner, Type::Struct(_) | Type::Int(..))
            {
                cx.report(not_in_reach(draft, field, "has no end in reach", "goes into structs and lists alone"));
            }
        }
    }
}

fn too_deep(draft: &LayoutDraft, levels: usize, most: usize) -> Diagnostic {
    let name = &draft.name;
    Diagnostic::new(Code::NoFraming, name.origin, format!("`{}` is {levels} layouts deep", name.text))
        .why(format!("the framer goes through it field by field, and keeps track of {most} layouts in each other"))
        .help(format!("say the size once for all: add `len: u32 = size(self)` as the first line of `{}`", name.text))
}

fn not_in_reach(draft: &LayoutDraft, field: usize, label: &str, why: &str) -> Diagnostic {
    let line = &draft.fields[field];
    Diagnostic::new(Code::NoFraming, line.origin, format!("`{}` {label}", spell::name(line)))
        .why(format!("the end of the frame is found field by field, and this version {why}"))
        .help("say the size of the message in front: `len: u32 = size(self)`, or `len: u32 = size(rest)`")
        .note(draft.name.origin, "the layout stands here")
}

/// Something goes on to the end of the frame, and nothing says where that is.
fn unbounded(body: &Body<'_>, rest: usize) -> Diagnostic {
    let (line, name) = (&body.lines[rest], &body.draft.name);
    let mut help = format!("add `{}` as the first line of `{}`", length_line(body), name.text);
    if let (Type::Bytes(_), Role::Value) = (&line.ty, &line.role) {
        let word = spell::word(line.draft);
        let field = &line.name;
        help += &format!(", or give the field an end: `{field}: {word}[u32]`, `{field}: {word} until \"\\n\"`");
    }
    Diagnostic::new(Code::Unbounded, line.draft.origin, format!("nothing says where `{}` ends", line.name))
        .why(format!("it takes all that is left of `{}`, and a stream of bytes has no end of its own", name.text))
        .help(help)
        .note(name.origin, "the message stands here")
}

/// A field that is there if the frame goes on, and nothing says where that ends.
fn absent_where(body: &Body<'_>, newer: usize) -> Diagnostic {
    let (line, name) = (&body.lines[newer], &body.draft.name);
    Diagnostic::new(Code::Unbounded, line.draft.origin, format!("nothing says whether `{}` is there", line.name))
        .why("it is absent if the frame ends in front of it, and a stream of bytes has no end of its own")
        .help(format!("add `{}` as the first line of `{}`", length_line(body), name.text))
        .note(name.origin, "the message stands here")
}

/// A length for the whole message, under a name that is free.
fn length_line(body: &Body<'_>) -> String {
    let free = ["len", "total", "frame_len", "frame_bytes"]
        .into_iter()
        .find(|name| body.lines.iter().all(|line| line.name != *name));
    format!("{}: u32 = size(self)", free.unwrap_or("message_bytes"))
}
