//! Runs of bits: fields of bits that fill whole bytes together are one number on the wire.
//!
//! A run starts at a field of bits and ends where its fields fill whole bytes. `bits msb` gives the first field the
//! highest bits of the number, `bits lsb` the lowest; the order of its bytes is that of the schema.

use super::layouts::{Body, Line};
use super::types::bits_alone;
use super::{Context, spell};
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{BitOrder, FieldKind, LayoutKind};
use crate::ir::{BitPlace, Endian, Enum, Equation, Int, Measure, Role, Type};

/// The most bits of a run: they are one number.
const RUN_BITS: u32 = 64;

/// Finds the runs of a layout, and says whether all is well with them.
pub(super) fn resolve(cx: &mut Context<'_>, body: &mut Body<'_>, enums: &[Option<Enum>]) {
    for line in &mut body.lines {
        body.sound &= sender(cx, line, &body.draft.kind) && element(cx, line, enums);
    }
    let mut at = 0;
    while at < body.lines.len() {
        if !needs_run(&body.lines[at].ty, enums) {
            at += 1;
            continue;
        }
        let Some(end) = run(cx, &mut body.lines, at, enums) else {
            body.sound = false;
            return;
        };
        at = end;
    }
    for number in 0..body.lines.len() {
        if let Some(diagnostic) = cut_measure(&body.lines, number) {
            cx.report(diagnostic);
            body.sound = false;
        }
    }
}

/// The elements of a list are whole bytes.
fn element(cx: &mut Context<'_>, line: &Line<'_>, enums: &[Option<Enum>]) -> bool {
    let (Type::List { element, .. }, FieldKind::Named(_, ty)) = (&line.ty, &line.draft.kind) else { return true };
    let whole = !needs_run(element, enums);
    if !whole {
        cx.report(bits_alone(ty, "the elements of a list do not", "an enum of whole bytes: `enum Kind: u8`"));
    }
    whole
}

/// Whether a type is nothing without a run around it.
fn needs_run(ty: &Type, enums: &[Option<Enum>]) -> bool {
    match ty {
        Type::Int(int, _) => int.needs_run(),
        Type::Enum(index) => enums[*index].as_ref().is_some_and(|declared| declared.repr.needs_run()),
        _ => false,
    }
}

/// How many bits a type takes in a run, if it can be part of one.
fn width(ty: &Type, enums: &[Option<Enum>]) -> Option<u8> {
    match ty {
        Type::Int(int, _) => int.bits(),
        Type::Enum(index) => enums[*index].as_ref()?.repr.bits(),
        _ => None,
    }
}

/// The run that starts at `first`: gives its fields their places, and says where the next field stands.
fn run(cx: &mut Context<'_>, lines: &mut [Line<'_>], first: usize, enums: &[Option<Enum>]) -> Option<usize> {
    let mut bits = 0u32;
    let mut widths: Vec<u8> = Vec::new();
    for line in &lines[first..] {
        let Some(width) = width(&line.ty, enums) else { break };
        bits += u32::from(width);
        widths.push(width);
        if bits.is_multiple_of(8) || bits > RUN_BITS {
            break;
        }
    }
    let last = first + widths.len() - 1;
    let problem = if bits > RUN_BITS {
        Some(too_long(&lines[first], &lines[last]))
    } else if !bits.is_multiple_of(8) {
        Some(unfilled(&lines[first], &lines[last], bits))
    } else {
        lines[first..=last].iter().find_map(|line| misplaced(cx, line, &lines[last]))
    };
    if let Some(diagnostic) = problem {
        cx.report(diagnostic);
        return None;
    }
    let (endian, order) = (cx.endian(), cx.bit_order());
    let mut before = 0u8;
    let whole = u8::try_from(bits).ok()?;
    for (line, width) in lines[first..=last].iter_mut().zip(widths) {
        let shift = if order == BitOrder::Highest { whole - before - width } else { before };
        line.bits = Some(BitPlace { first, last, bytes: whole / 8, endian, shift, width });
        before += width;
        if let Type::Int(int @ Int::Fixed { .. }, _) = &mut line.ty {
            *int = Int::Bits { bits: width };
        }
    }
    Some(last + 1)
}

fn unfilled(first: &Line<'_>, last: &Line<'_>, bits: u32) -> Diagnostic {
    let missing = 8 - bits % 8;
    let fill = if missing == 1 { "_: bit = 0".to_owned() } else { format!("_: u{missing} = 0") };
    let what = if first.name == last.name {
        format!("`{}` takes", first.name)
    } else {
        format!("the fields from `{}` to `{}` take", first.name, last.name)
    };
    let are = if missing == 1 { "is" } else { "are" };
    Diagnostic::new(Code::BadBits, last.draft.origin, format!("{} {are} missing", spell::count(missing.into(), "bit")))
        .why(format!("{what} {}, and what follows starts at a whole byte", spell::count(bits.into(), "bit")))
        .help(format!("add `{fill}` behind it, or another field of {}", spell::count(missing.into(), "bit")))
}

fn too_long(first: &Line<'_>, last: &Line<'_>) -> Diagnostic {
    Diagnostic::new(Code::BadBits, last.draft.origin, format!("more than {RUN_BITS} bits in a row"))
        .why("bits up to a whole byte are one number, which Rust must hold")
        .help("order the fields so that some of them fill whole bytes together")
        .note(first.draft.origin, "the bits start here")
}

/// A field that cannot be where it is in its run.
fn misplaced(cx: &Context<'_>, line: &Line<'_>, last: &Line<'_>) -> Option<Diagnostic> {
    if let Some(condition) = line.condition {
        return Some(
            Diagnostic::new(Code::BadBits, condition.origin, format!("`{}` cannot be absent", line.name))
                .why("the bits beside it would not fill whole bytes without it")
                .help("put all of them into a struct, and that behind `if`"),
        );
    }
    let Type::Int(int, _) = &line.ty else { return None };
    let escapes = matches!(int, Int::Escaping(_));
    if escapes && matches!(line.role, Role::Constant(_)) {
        return Some(
            Diagnostic::new(Code::BadBits, line.draft.origin, format!("`{}` never changes", line.name))
                .why("a number that never changes needs no escape")
                .help("write its base as a constant, and what follows as another: `_: u7 = 126`, `_: u16 = 300`"),
        );
    }
    let other_order = matches!(int, Int::Fixed { bytes: 2.., endian, .. } if *endian != cx.endian());
    if escapes && !std::ptr::eq(line, last) {
        return Some(
            Diagnostic::new(Code::BadBits, line.draft.origin, format!("`{}` stands amid other bits", line.name))
                .why("what an escape adds to it would cut the byte in two")
                .help("let it end a whole byte")
                .note(last.draft.origin, "these bits follow it in its last byte"),
        );
    }
    other_order.then(|| {
        let order = if cx.endian() == Endian::Big { "big" } else { "little" };
        Diagnostic::new(Code::BadBits, line.draft.origin, format!("`{}` is part of a run of bits", line.name))
            .why(format!("all bits up to a whole byte are one number, and the schema is {order}-endian"))
            .help("take the suffix off its type, or let the bits before it fill whole bytes")
    })
}

/// A size that would start or end within a byte.
fn cut_measure(lines: &[Line<'_>], number: usize) -> Option<Diagnostic> {
    let Role::Computed(Equation { measure: Measure::Bytes { first, last }, .. }) = lines[number].role else {
        return None;
    };
    let starts = lines[first].bits.filter(|bits| bits.first != first).map(|_| first);
    let ends = lines[last].bits.filter(|bits| bits.last != last).map(|_| last);
    let cut = &lines[starts.or(ends)?];
    let where_ = if starts.is_some() { "start" } else { "end" };
    let line = lines[number].draft;
    Some(
        Diagnostic::new(Code::BadEquation, line.origin, format!("its size would {where_} at `{}`", cut.name))
            .why("a size counts whole bytes, and this field is within one")
            .help("measure from a field that starts a byte to one that ends a byte: `size(first..last)`")
            .note(cut.draft.origin, "it shares its byte with other fields"),
    )
}

/// A flag that says who sends: where only one side sends, it is a constant. A part of messages does not know.
fn sender(cx: &mut Context<'_>, line: &mut Line<'_>, kind: &LayoutKind) -> bool {
    let Role::Sender(side) = line.role else { return true };
    match kind {
        LayoutKind::Message { from: None } => true,
        LayoutKind::Message { from: Some(from) } => {
            line.role = Role::Constant((from.value == side).into());
            true
        }
        LayoutKind::Struct | LayoutKind::Union { .. } => {
            cx.report(
                Diagnostic::new(Code::BadEquation, line.draft.origin, "a struct does not know who sends it")
                    .why("it may be part of any message")
                    .help("move the field into the message"),
            );
            false
        }
    }
}
