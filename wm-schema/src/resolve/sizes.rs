//! How many bytes everything takes, least and most. Sums saturate: what would be over `u64` is bounded by the frame.

use super::envelope::{Outer, Written};
use super::layouts::{Body, Line};
use super::regions::is_open;
use super::types::useless;
use super::{Context, absent, fillers, pointers, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::Spanned;
use crate::ir::{self, By, Choice, Enum, Equation, Extent, Framing, Int, Layout, Measure, Role, Scale, Size, Type};

/// What a type may refer to.
#[derive(Debug, Clone, Copy)]
pub(super) struct Parts<'p> {
    pub(super) enums: &'p [Option<Enum>],
    pub(super) structs: &'p [Option<Layout>],
    /// Which structs go on to the end of their region.
    pub(super) open: &'p [bool],
}

/// Sets for each line the size that it has by itself: the most is none where only a frame bounds it.
pub(super) fn own(lines: &mut [Line<'_>], parts: Parts<'_>) {
    for at in 0..lines.len() {
        lines[at].size = line_size(lines, at, parts);
        if lines[at].condition.is_some() || lines[at].since.is_some() {
            lines[at].size.least = 0;
        }
    }
    for number in 0..lines.len() {
        if let Role::Computed(Equation { measure: Measure::Bytes { first, last }, add, scale, .. }) = lines[number].role
        {
            let room = clamp(scale.most(absent::sizes(&lines[number]).1).saturating_sub(add.into()));
            bound_measured(&mut lines[first..=last], room);
        }
    }
}

/// The least bytes of a layout, before its conditions are known: what may be absent takes none.
pub(super) fn least(body: &Body<'_>, parts: Parts<'_>) -> u64 {
    let line = |at: usize| match body.lines[at].condition {
        Some(_) => 0,
        None => line_size(&body.lines, at, parts).least,
    };
    let mut lines = (0..body.lines.len()).map(line);
    match &body.choice {
        Some(Choice { by: By::Tag(int), .. }) => lines.min().unwrap_or(0).saturating_add(int.size().least),
        Some(_) => lines.min().unwrap_or(0),
        None => lines.try_fold(0, u64::checked_add).unwrap_or(u64::MAX),
    }
}

/// The bytes of a run of bits are counted at its last field.
fn line_size(lines: &[Line<'_>], at: usize, parts: Parts<'_>) -> Size {
    let own = match (&lines[at].ty, &lines[at].role) {
        (_, Role::Pointed(_)) => exactly(0),
        // A number that never changes has always the same width.
        (Type::Int(int, _), Role::Constant(value)) => exactly(int.width(*value)),
        (Type::Filler(filler), _) => fillers::size(filler, lines[filler.of].size),
        (ty, _) => size(ty, lines, parts),
    };
    match &lines[at].bits {
        None => own,
        Some(bits) if bits.last != at => exactly(0),
        Some(bits) => {
            let run = u64::from(bits.bytes);
            let escapes = matches!(lines[at].ty, Type::Int(Int::Escaping(_), _));
            Size { least: run, most: own.most.filter(|_| escapes).or(Some(0)).map(|wide| run + wide) }
        }
    }
}

/// Lines that are measured together take no more than their number can say.
fn bound_measured(lines: &mut [Line<'_>], room: u64) {
    let least = sum(lines).least;
    for line in lines {
        let room = room.saturating_sub(least.saturating_sub(line.size.least));
        let most = line.size.most.map_or(room, |most| most.min(room));
        line.size.most = Some(most.max(line.size.least));
    }
}

/// The size of a type by itself; `lines` are those that its lengths refer to.
pub(super) fn size(ty: &Type, lines: &[Line<'_>], parts: Parts<'_>) -> Size {
    let unknown = Size { least: 0, most: None };
    match ty {
        Type::Constant(constant) => exactly(constant.bytes.len() as u64),
        Type::Filler(filler) => fillers::size(filler, unknown),
        Type::Int(int, _) => int.size(),
        Type::Float { bytes, .. } => exactly(u64::from(*bytes)),
        Type::Enum(index) => parts.enums[*index].as_ref().map_or(unknown, |ty| ty.repr.size()),
        Type::Struct(index) => parts.structs[*index].as_ref().map_or(unknown, |layout| layout.size),
        Type::Bytes(bytes) => extended(&bytes.extent, bytes.max, exactly(1), lines),
        Type::List { element, count, max } => extended(count, *max, size(element, lines, parts), lines),
    }
}

/// The size of something with an extent: so many units, and what says how many.
fn extended(extent: &Extent, max: Option<u64>, unit: Size, lines: &[Line<'_>]) -> Size {
    let (least, most) = units(extent, lines);
    let most = match (most, max) {
        (Some(most), Some(max)) => Some(most.min(max)),
        (most, max) => most.or(max),
    };
    let around = overhead(extent);
    let content = most.zip(unit.most).map(|(most, unit)| most.saturating_mul(unit));
    Size {
        least: least.saturating_mul(unit.least).saturating_add(around.least),
        most: content.zip(around.most).map(|(content, around)| content.saturating_add(around)),
    }
}

/// How many units an extent allows: by its number, or by nothing.
pub(super) fn units(extent: &Extent, lines: &[Line<'_>]) -> (u64, Option<u64>) {
    match extent {
        Extent::Fixed(count) => (*count, Some(*count)),
        Extent::Prefix(int) => (0, Some(clamp(int.range().1))),
        // The last element is always there.
        Extent::Where(_) => (1, None),
        Extent::Until(_) | Extent::Header(_) | Extent::Lines | Extent::Rest { .. } => (0, None),
        Extent::Formula { least, most, .. } => (*least, Some(*most)),
        Extent::Field(index) => {
            let line = &lines[*index];
            let (least, most) = absent::sizes(line);
            let (add, scale) = match &line.role {
                Role::Computed(equation) => (i128::from(equation.add), equation.scale),
                _ => (0, Scale::One),
            };
            (clamp(scale.most(least).saturating_sub(add)), Some(clamp(scale.most(most).saturating_sub(add))))
        }
    }
}

/// The prefix or the delimiter.
fn overhead(extent: &Extent) -> Size {
    match extent {
        Extent::Prefix(int) => int.size(),
        Extent::Until(ends) => Size { least: ends.shortest(), most: Some(ends.longest()) },
        Extent::Lines => exactly(2),
        Extent::Fixed(_)
        | Extent::Field(_)
        | Extent::Header(_)
        | Extent::Where(_)
        | Extent::Formula { .. }
        | Extent::Rest { .. } => exactly(0),
    }
}

/// The values that a number may have.
pub(super) fn number_range(line: &Line<'_>) -> (i128, i128) {
    match &line.ty {
        Type::Int(int, range) => range.unwrap_or_else(|| int.range()),
        _ => (0, i128::MAX),
    }
}

fn exactly(bytes: u64) -> Size {
    Size { least: bytes, most: Some(bytes) }
}

/// A number as a count of bytes.
pub(super) fn clamp(number: i128) -> u64 {
    u64::try_from(number.max(0)).unwrap_or(u64::MAX)
}

/// The sum of the sizes of some lines.
pub(super) fn sum(lines: &[Line<'_>]) -> Size {
    lines.iter().fold(exactly(0), |sum, line| Size {
        least: sum.least.saturating_add(line.size.least),
        most: sum.most.zip(line.size.most).map(|(sum, most)| sum.saturating_add(most)),
    })
}

/// Bounds a struct by the limit of the schema. What takes the rest of its region keeps no bound of its own.
pub(super) fn bound_struct(cx: &mut Context<'_>, body: &mut Body<'_>, parts: Parts<'_>) -> Size {
    useless_limits(cx, &body.lines);
    let limit = cx.limit();
    for line in &mut body.lines {
        let rest = is_open(line, parts);
        bound_content(line, limit);
        if !rest && line.size.most.is_none() {
            line.size.most = Some(limit);
        }
    }
    check_numbers(cx, &body.lines);
    let own = match &body.choice {
        Some(choice) => one_of(&body.lines, choice),
        None => sum(&body.lines),
    };
    body.max = pointers::max(cx, body, own.least);
    // A pointer takes more or less than what it leads to.
    match body.max.filter(|_| !holds_pointers(body, parts)) {
        Some(max) if own.most.is_some_and(|most| most <= max) => {
            if let Some(written) = &body.draft.max {
                let written = Spanned { value: max, origin: written.origin };
                let most = own.most.unwrap_or(max);
                cx.report(useless(&written, format!("it takes at most {}", spell::count(most, "byte"))));
            }
            own
        }
        Some(max) => Size { least: own.least, most: Some(max) },
        None => own,
    }
}

/// Whether a layout, or what stands in it, has a pointer.
pub(super) fn holds_pointers(body: &Body<'_>, parts: Parts<'_>) -> bool {
    let mut seen = vec![false; parts.structs.len()];
    let mut open: Vec<usize> = Vec::new();
    for line in &body.lines {
        match line.role {
            Role::Pointed(_) => return true,
            _ => open.extend(super::nesting::part(&line.ty)),
        }
    }
    while let Some(part) = open.pop() {
        let Some(layout) = parts.structs[part].as_ref().filter(|_| !std::mem::replace(&mut seen[part], true)) else {
            continue;
        };
        if layout.fields.iter().any(|field| matches!(field.role, Role::Pointed(_))) {
            return true;
        }
        open.extend(layout.fields.iter().filter_map(|field| super::nesting::part(&field.ty)));
    }
    false
}

/// The size of a union: that of one of its arms, and its tag.
fn one_of(lines: &[Line<'_>], choice: &Choice) -> Size {
    let tag = match &choice.by {
        By::Tag(int) => int.size().least,
        By::Bits { .. } | By::Header { .. } | By::Given(_) => 0,
    };
    let least = lines.iter().map(|line| line.size.least).min().unwrap_or(0);
    let most = lines.iter().try_fold(0u64, |most, line| Some(most.max(line.size.most?)));
    Size { least: least.saturating_add(tag), most: most.map(|most| most.saturating_add(tag)) }
}

/// Bounds a message by its framing, its limits and the limit of the schema.
pub(super) fn bound_message(cx: &mut Context<'_>, body: &mut Body<'_>, framing: &Framing, parts: Parts<'_>) -> Size {
    useless_limits(cx, &body.lines);
    let own = sum(&body.lines);
    let numbered = framing_most(&body.lines, framing);
    let limit = framing.content_bytes_max(limit(cx, &body.lines, framing));
    if own.least > limit {
        too_small(cx, body, own.least, limit);
        body.sound = false;
    }
    let most = limit.min(own.most.unwrap_or(u64::MAX)).min(numbered);
    over_the_frame(cx, &body.lines, own.least, most, parts);
    for line in &mut body.lines {
        let room = most.saturating_sub(own.least).saturating_add(line.size.least);
        line.size.most = Some(line.size.most.map_or(room, |own| own.min(room)).max(line.size.least));
        bound_content(line, room);
    }
    check_numbers(cx, &body.lines);
    Size { least: own.least, most: Some(most.max(own.least)) }
}

/// The largest frame, its envelope included.
pub(super) fn limit(cx: &Context<'_>, lines: &[Line<'_>], framing: &Framing) -> u64 {
    cx.limit_written().unwrap_or_else(|| match framing {
        Framing::Outer(envelope) => ir::FRAME_BYTES_MAX.max(envelope.kind.frame_bytes(needed(lines))),
        Framing::Datagram { .. } => ir::DATAGRAM_BYTES_MAX,
        _ => ir::FRAME_BYTES_MAX.max(needed(lines)),
    })
}

/// What fields with a `max` take: the default limit holds for what nothing else bounds, and never takes away from a `max`
/// that is written.
fn needed(lines: &[Line<'_>]) -> u64 {
    lines.iter().fold(0u64, |sum, line| {
        let size = line.max.as_ref().and(line.size.most).unwrap_or(line.size.least);
        sum.saturating_add(size)
    })
}

/// The largest frame that the number of its framing can say.
fn framing_most(lines: &[Line<'_>], framing: &Framing) -> u64 {
    let Framing::Prefix { field, int, scale, outside, width_outside, .. } = framing else { return u64::MAX };
    let number = match &lines[*field].ty {
        Type::Int(..) => clamp(number_range(&lines[*field]).1),
        _ => clamp(int.range().1),
    };
    let width = if *width_outside { int.size().most.unwrap_or(0) } else { 0 };
    let absent = lines.iter().filter(|line| line.condition.is_some()).filter_map(|line| line.ty.fixed());
    let absent = absent.fold(0, u64::saturating_add);
    number.saturating_mul(*scale).saturating_add_signed(*outside).saturating_add(width).saturating_add(absent)
}

/// Bounds the content of a field that may take `room` bytes as a whole.
fn bound_content(line: &mut Line<'_>, room: u64) {
    let Type::Bytes(bytes) = &line.ty else { return };
    let around = overhead(&bytes.extent);
    // Whichever delimiter comes, the frame holds to its limit.
    let behind = if let Extent::Until(ends) = &bytes.extent { ends.longest() } else { around.least };
    let mut most = room.saturating_sub(behind);
    if let Some(own) = line.size.most {
        most = most.min(own.saturating_sub(around.least));
    }
    let by_type = match &bytes.extent {
        Extent::Fixed(size) => Some(*size),
        Extent::Prefix(int) => Some(clamp(int.range().1)),
        Extent::Field(_)
        | Extent::Until(_)
        | Extent::Header(_)
        | Extent::Lines
        | Extent::Where(_)
        | Extent::Formula { .. }
        | Extent::Rest { .. } => None,
    };
    let most = [Some(most), bytes.max, by_type].into_iter().flatten().min();
    if let Type::Bytes(bytes) = &mut line.ty {
        bytes.max = most;
    }
}

fn too_small(cx: &mut Context<'_>, body: &Body<'_>, least: u64, limit: u64) {
    let written = cx.draft.limits.iter().find(|item| item.name.text == "frame");
    let name = &body.draft.name;
    if cx.envelope.as_ref().is_some_and(Written::is_datagram) && least > ir::DATAGRAM_BYTES_MAX {
        cx.report(
            Diagnostic::new(Code::LimitTooSmall, name.origin, format!("no `{}` fits into a datagram", name.text))
                .why(format!("the smallest one takes {}, a datagram {limit} at most", spell::count(least, "byte")))
                .help("make it of several, or let it travel in a stream: take `frame datagram` out"),
        );
        return;
    }
    if let Some((kind, max)) = cx.envelope.clone().and_then(|written| Some((written.kind, written.max?))) {
        let (word, needed) = (kind.word(), kind.frame_bytes(least));
        let more = if kind == Outer::Datagram { "" } else { ", and its envelope more" };
        cx.report(
            Diagnostic::new(Code::LimitTooSmall, max.origin, format!("no `{}` fits into this", name.text))
                .why(format!("the smallest one takes {}{more}", spell::count(least, "byte")))
                .help(format!("write `frame {word} max {needed}` or more"))
                .note(name.origin, "the message stands here"),
        );
        return;
    }
    let origin = written.map_or(body.draft.name.origin, |item| item.value.origin);
    cx.report(
        Diagnostic::new(
            Code::LimitTooSmall,
            origin,
            format!("no `{}` fits into {}", name.text, spell::count(limit, "byte")),
        )
        .why(format!("the smallest one takes {}", spell::count(least, "byte")))
        .help(format!("write `limit frame {least}` or more"))
        .note(name.origin, "the message stands here"),
    );
}

/// Warns of limits that the type of the length gives already.
fn useless_limits(cx: &mut Context<'_>, lines: &[Line<'_>]) {
    for line in lines {
        let (Some(max), Some(extent)) = (&line.max, super::layouts::extent(&line.ty)) else { continue };
        if let (false, (_, Some(most))) = (matches!(extent, Extent::Fixed(_)), units(extent, lines))
            && max.value >= most
        {
            cx.report(useless(max, format!("its length can say no more than {most}")));
        }
    }
}

/// Warns of limits that the frame does not leave room for.
fn over_the_frame(cx: &mut Context<'_>, lines: &[Line<'_>], least: u64, most: u64, parts: Parts<'_>) {
    for line in lines {
        let Some(max) = &line.max else { continue };
        // The smallest that it can be with so many units.
        let unit = if let Type::List { element, .. } = &line.ty { size(element, lines, parts).least } else { 1 };
        let around = super::layouts::extent(&line.ty).map_or(0, |extent| overhead(extent).least);
        let own = max.value.saturating_mul(unit).saturating_add(around);
        let whole = least.saturating_sub(line.size.least).saturating_add(own);
        if cx.limit_written().is_some_and(|limit| limit < whole) && most < whole {
            cx.report(
                Diagnostic::new(Code::UselessLimit, max.origin, format!("`max {}` cannot be reached", max.value))
                    .why(format!("the frame ends at {most} bytes"))
                    .help(format!("write `limit frame {whole}`, or a smaller `max`")),
            );
        }
    }
}

/// Refuses numbers that can never say what they measure.
fn check_numbers(cx: &mut Context<'_>, lines: &[Line<'_>]) {
    for line in lines {
        let Role::Computed(Equation { measure, add, scale, absent }) = &line.role else { continue };
        let (unit, measured) = match *measure {
            Measure::Bytes { first, last } => ("bytes", sum(&lines[first..=last])),
            Measure::Elements { list } => {
                let Some(extent) = super::layouts::extent(&lines[list].ty) else { continue };
                let (least, most) = units(extent, lines);
                ("elements", Size { least, most })
            }
            // Of a list without elements nothing is said, and no element takes no bytes.
            Measure::Each { .. } => ("bytes", Size { least: 1, most: None }),
        };
        let least = i128::from(measured.least) + i128::from(*add);
        let most = measured.most.map_or(i128::MAX, |most| i128::from(most) + i128::from(*add));
        let (low, high) = absent::sizes(line);
        let (low_says, high_says) = (scale.most(low), scale.most(high));
        if let (Some(always), Err(next)) = (measured.fixed(), scale.number(least)) {
            cx.report(
                Diagnostic::new(Code::Impossible, line.draft.origin, format!("`{}` can never be right", line.name))
                    .why(format!(
                        "what it measures has always {always} {unit}, and it could only say {}",
                        next - least + i128::from(always)
                    ))
                    .help("divide by what divides it"),
            );
        } else if least > high_says || most < low_says {
            let says =
                if least > high_says { format!("{least} {unit} or more") } else { format!("{most} {unit} or less") };
            cx.report(
                Diagnostic::new(Code::Impossible, line.draft.origin, format!("`{}` can never be right", line.name))
                    .why(format!("it holds {low} to {high}, but would have to say {says}"))
                    .help("give it a wider type or range"),
            );
        } else if least < 0 && absent.is_none() {
            cx.report(
                Diagnostic::new(Code::Impossible, line.draft.origin, format!("`{}` may be below zero", line.name))
                    .why(format!("for the shortest message it would be {least}"))
                    .help(format!("take {} less away", -least)),
            );
        }
    }
}

/// The number in front of something with a prefix.
pub(super) fn prefix(ty: &Type) -> Option<&Int> {
    match super::layouts::extent(ty) {
        Some(Extent::Prefix(int)) => Some(int),
        _ => None,
    }
}
