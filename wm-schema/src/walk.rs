//! The steps of a walk: how the framer of a message gets to the end of a frame, field by field.
//!
//! What has a fixed size is passed, what a number in front measures is passed unseen, and only the rest is looked at:
//! constants, numbers that measure, delimiters, and the fields of structs that vary. The steps are the same for the
//! generator, the interpreter and the explanation.
//!
//! A walk counts with least sizes, so that it can ask for no more than is missing, and refuse what no frame has room
//! for: `unit` bytes for each unit that a number says, over those that the layout takes at the least anyway.

mod sentinel;

pub use sentinel::{Look, looks, number as said_length};

use crate::ir::headers;
use crate::ir::{
    By, Bytes, Choice, Equation, Extent, Field, Formula, Framing, Layout, Measure, Message, Role, Scale, Schema, Size,
    Term, Type,
};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap};

/// How many layouts may stand in each other in a message that is walked over.
pub const LEVELS_MAX: usize = 32;
/// The same where layouts contain themselves.
pub const NESTED_LEVELS_MAX: usize = 512;

/// A step over one or more fields of a layout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Fields of fixed size that say nothing about where others end.
    Pass {
        /// The first field.
        first: usize,
        /// The last field.
        last: usize,
        /// How many bytes they take.
        bytes: u64,
    },
    /// A constant: it is compared.
    Constant {
        /// The field.
        field: usize,
    },
    /// Bytes up to a delimiter.
    Until {
        /// The field.
        field: usize,
    },
    /// All that comes up to the end of the stream.
    End {
        /// The field.
        field: usize,
    },
    /// Header lines up to an empty one.
    Headers {
        /// The field.
        field: usize,
        /// Where it is remembered what they say of a field that they frame, if they frame one: its length, or its arm and
        /// behind that its length.
        slot: Option<usize>,
    },
    /// What headers frame.
    Framed {
        /// The field.
        field: usize,
        /// Where it is remembered what they say.
        slot: usize,
    },
    /// A number of free width that measures nothing: it is read, so that its end is found.
    Free {
        /// The field.
        field: usize,
    },
    /// A number that measures other fields, or that stands in brackets.
    Number {
        /// The field that it is, or in whose brackets it stands.
        field: usize,
        /// What it measures, which follows at once if there is no slot.
        span: Span,
        /// Where it is remembered until then.
        slot: Option<usize>,
    },
    /// What a number in front has measured.
    Kept {
        /// What it is.
        span: Span,
        /// Where its length is remembered.
        slot: usize,
    },
    /// Nothing: where the next field stands is remembered for conditions.
    Mark {
        /// The field.
        field: usize,
        /// Where its place is remembered.
        slot: usize,
    },
    /// The next step is taken only if its field is there.
    If {
        /// The field that may be absent.
        field: usize,
        /// The fields that its condition reads, and where their places are remembered.
        reads: Vec<(usize, usize)>,
        /// The least bytes that it takes if it is there.
        least: u64,
    },
    /// What is as long as a formula says.
    Sized {
        /// The field.
        field: usize,
        /// What it is.
        span: Span,
        /// The fields that the formula reads, and where their places are remembered.
        reads: Vec<(usize, usize)>,
    },
    /// Elements up to the first that meets a condition.
    Elements {
        /// The list.
        field: usize,
        /// The least bytes of an element.
        least: u64,
    },
    /// A struct that varies, or a list of always so many elements that do.
    Enter {
        /// The field.
        field: usize,
        /// How many there are.
        count: u64,
        /// The fields that its arguments read, and where their places are remembered.
        reads: Vec<(usize, usize)>,
    },
}

/// Fields whose size a number says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    /// The first field.
    pub first: usize,
    /// The last field.
    pub last: usize,
    /// What the number says more than the units that are still to be counted.
    pub add: i64,
    /// The units of the number.
    pub scale: Scale,
    /// The most of these units.
    pub max: Option<u64>,
    /// How many units are counted already, as the least that the fields take.
    pub least: u64,
    /// The least bytes of a unit.
    pub unit: u64,
    /// Whether the units are elements that must be walked over, each in turn.
    pub walked: bool,
}

/// A line of a layout, checked or about to be.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Line<'l> {
    pub(crate) role: &'l Role,
    pub(crate) ty: &'l Type,
    pub(crate) size: Size,
}

/// A number, and the fields behind it that it measures.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Measured {
    pub(crate) number: usize,
    pub(crate) first: usize,
    pub(crate) last: usize,
    /// The number says more than the bytes or elements of these fields by so much.
    add: i64,
    scale: Scale,
}

impl Measured {
    fn overlaps(self, other: Self) -> bool {
        self.first <= other.last && other.first <= self.last
    }

    fn contains(self, field: usize) -> bool {
        (self.first..=self.last).contains(&field)
    }
}

/// What a walk takes in one step because a number in front says how large it is, in the order of the wire: of two that
/// overlap the wider one.
pub(crate) fn measured(lines: &[Line<'_>]) -> Vec<Measured> {
    let mut found: Vec<Measured> = (0..lines.len()).filter_map(|number| measured_by(lines, number)).collect();
    found.sort_by_key(|one| (Reverse(one.last - one.first), one.number));
    let mut chosen: Vec<Measured> = Vec::new();
    for one in found {
        if chosen.iter().all(|other| !other.overlaps(one) && !other.contains(one.number)) {
            chosen.push(one);
        }
    }
    chosen.sort_by_key(|one| one.first);
    chosen
}

/// What the number of a line measures, if a walk can make use of it.
fn measured_by(lines: &[Line<'_>], number: usize) -> Option<Measured> {
    let (Role::Computed(Equation { measure, add, scale, .. }), Type::Int(..)) = (lines[number].role, lines[number].ty)
    else {
        return None;
    };
    let (first, last) = match *measure {
        // How many bytes a list with a count of its own takes, this number does not say.
        Measure::Elements { list } if extent(lines[list].ty) == Some(&Extent::Field(number)) => (list, list),
        Measure::Elements { .. } | Measure::Each { .. } => return None,
        Measure::Bytes { first, last } => (first, last),
    };
    if last <= number || lines[first.max(number + 1)..=last].iter().all(|line| line.size.fixed().is_some()) {
        return None;
    }
    // The fields of the span up to the number are behind when it has been read.
    let behind = lines[first.min(number + 1)..=number].iter().map(|line| line.size.fixed()).sum::<Option<u64>>();
    let behind = if first > number { 0 } else { i64::try_from(behind?).ok()? };
    let first = first.max(number + 1);
    // A number within the span may be needed behind it.
    let needed = |line: &Line<'_>| matches!(extent(line.ty), Some(Extent::Field(at)) if (first..=last).contains(at));
    if lines[last + 1..].iter().any(needed) {
        return None;
    }
    Some(Measured { number, first, last, add: add.checked_add(behind)?, scale: *scale })
}

/// Where bytes or a list end.
fn extent(ty: &Type) -> Option<&Extent> {
    match ty {
        Type::Bytes(bytes) => Some(&bytes.extent),
        Type::List { count, .. } => Some(count),
        _ => None,
    }
}

/// The steps over the fields of a layout; of a union the one step over each arm.
#[must_use]
pub fn steps(schema: &Schema, layout: &Layout) -> Vec<Step> {
    if layout.choice.is_some() {
        return (0..layout.fields.len()).flat_map(|at| arm(schema, layout, at)).collect();
    }
    let lines: Vec<Line<'_>> = layout.fields.iter().map(Line::from).collect();
    let (measured, slots) = (measured(&lines), handed(layout));
    let mut plan = Plan {
        schema,
        layout,
        measured,
        steps: Vec::new(),
        slots,
        kept: Vec::new(),
        marks: Vec::new(),
        framed: None,
        stream: schema.walked_stream(layout).map(|stream| stream.field),
    };
    let mut read = read_by_formulas(layout, &plan.measured);
    read.extend(sentinel::read_of(schema, layout));
    let mut at = 0;
    while at < layout.fields.len() {
        plan.mark(at, &read);
        at = plan.field(at);
    }
    plan.steps
}

/// The step over an arm of a union.
fn arm(schema: &Schema, layout: &Layout, at: usize) -> Vec<Step> {
    let mut steps = Vec::new();
    step(schema, &mut steps, at, &layout.fields[at], Vec::new());
    steps
}

/// How many values a layout is handed: that which chooses its arm first, and its parameters.
#[must_use]
pub fn handed(layout: &Layout) -> usize {
    layout.params.len() + usize::from(is_given(layout))
}

/// Whether the value that chooses an arm is handed in.
fn is_given(layout: &Layout) -> bool {
    matches!(layout.choice, Some(Choice { by: By::Given(_), .. }))
}

/// Where a parameter of a layout is remembered.
#[must_use]
pub fn param_slot(layout: &Layout, param: usize) -> usize {
    param + usize::from(is_given(layout))
}

/// The steps of a layout as they are found.
struct Plan<'p> {
    schema: &'p Schema,
    layout: &'p Layout,
    measured: Vec<Measured>,
    steps: Vec<Step>,
    slots: usize,
    /// What has been measured and is still to come, with its slot.
    kept: Vec<(usize, Span)>,
    /// The fields whose place is remembered, with its slot: of a run of bits that of the run.
    marks: Vec<(usize, usize)>,
    /// The slot of what headers frame.
    framed: Option<usize>,
    /// The field that is a stream: what says its size is a step of its own, so that a head ends behind it.
    stream: Option<usize>,
}

/// How much is remembered of what headers frame: which arm it is, and its length.
const FRAMED_SLOTS: usize = 2;

impl Plan<'_> {
    /// Remembers where a field stands, if it or another field of its run will be read again.
    fn mark(&mut self, at: usize, read: &BTreeSet<usize>) {
        let start = |field: usize| self.layout.fields[field].bits.map_or(field, |place| place.first);
        let here: Vec<usize> = read.iter().copied().filter(|field| start(*field) == at).collect();
        if here.is_empty() {
            return;
        }
        self.marks.extend(here.into_iter().map(|field| (field, self.slots)));
        self.steps.push(Step::Mark { field: at, slot: self.slots });
        self.slots += 1;
    }

    /// The step over a field, and the field behind it.
    fn field(&mut self, at: usize) -> usize {
        let field = &self.layout.fields[at];
        // What is pointed at stands elsewhere.
        if matches!(field.role, Role::Pointed(_)) {
            return at + 1;
        }
        if let Some((slot, span)) = self.kept.iter().find(|(_, span)| span.first == at) {
            self.steps.push(Step::Kept { span: *span, slot: *slot });
            return span.last + 1;
        }
        let framed = headers::framed(self.schema, self.layout);
        if headers::is_headers(&field.ty) {
            let slot = framed.filter(|framed| framed.headers == at).map(|_| self.slots);
            self.steps.push(Step::Headers { field: at, slot });
            self.framed = slot;
            self.slots += if slot.is_some() { FRAMED_SLOTS } else { 0 };
            return at + 1;
        }
        if let (true, Some(slot)) = (framed.is_some_and(|framed| framed.body == at), self.framed) {
            self.steps.push(Step::Framed { field: at, slot });
            return at + 1;
        }
        let Some(one) = self.measured.iter().find(|one| one.number == at) else {
            let formulas: Vec<Formula> = field.args.iter().chain(worked_out(&field.ty)).cloned().collect();
            let handed = reads(&formulas, &self.marks).unwrap_or_default();
            match present(self.schema, field, &self.marks) {
                Some((reads, there)) => {
                    self.steps.push(Step::If { field: at, reads, least: there.size.least });
                    step(self.schema, &mut self.steps, at, &there, handed);
                }
                None => step(self.schema, &mut self.steps, at, field, handed),
            }
            if let Some(Step::Number { span, slot, .. }) = self.steps.last_mut().filter(|_| self.stream == Some(at)) {
                let span = *span;
                *slot = Some(self.slots);
                self.steps.push(Step::Kept { span, slot: self.slots });
                self.slots += 1;
            }
            return at + 1;
        };
        let span = span(self.schema, &self.layout.fields, *one);
        let slot = (one.first > at + 1 || self.stream == Some(one.first)).then_some(self.slots);
        self.steps.push(Step::Number { field: at, span, slot });
        let Some(slot) = slot else { return span.last + 1 };
        self.kept.push((slot, span));
        self.slots += 1;
        at + 1
    }
}

/// The fields that conditions and arguments of fields read which are not passed unseen.
fn read_by_formulas(layout: &Layout, measured: &[Measured]) -> BTreeSet<usize> {
    let fields = layout.fields.iter().enumerate();
    // Elements that are counted are walked over if they vary.
    let counted = |at: usize, one: &Measured| {
        one.first == at && matches!(extent(&layout.fields[at].ty), Some(Extent::Field(number)) if *number == one.number)
    };
    let walked = fields.filter(|(at, _)| measured.iter().all(|one| !one.contains(*at) || counted(*at, one)));
    let formulas = walked.flat_map(|(_, field)| field.condition.iter().chain(&field.args).chain(worked_out(&field.ty)));
    let read = formulas.flat_map(|formula| formula.term.fields());
    read.filter(|field| matches!(layout.fields[*field].ty, Type::Int(..) | Type::Enum(_))).collect()
}

/// The formula that says how long a field is.
#[must_use]
pub fn worked_out(ty: &Type) -> Option<&Formula> {
    match extent(ty) {
        Some(Extent::Formula { formula, .. }) => Some(formula),
        _ => None,
    }
}

/// Where the fields are remembered that formulas read; none if a walk cannot see all of them.
fn reads(formulas: &[Formula], marks: &[(usize, usize)]) -> Option<Vec<(usize, usize)>> {
    let fields: BTreeSet<usize> = formulas.iter().flat_map(|formula| formula.term.fields()).collect();
    let mark = |field: usize| marks.iter().find(|(marked, _)| *marked == field).copied();
    fields.into_iter().map(mark).collect()
}

/// The fields that the arguments of a field read, and where their places are remembered.
#[must_use]
pub fn read_by_arguments(schema: &Schema, layout: &Layout, field: usize) -> Vec<(usize, usize)> {
    let fields: BTreeSet<usize> = layout.fields[field].args.iter().flat_map(|arg| arg.term.fields()).collect();
    let steps = if fields.is_empty() { Vec::new() } else { steps(schema, layout) };
    let slot = |read: usize| {
        let start = layout.fields[read].bits.map_or(read, |place| place.first);
        steps.iter().find_map(|step| match step {
            Step::Mark { field, slot } if *field == start => Some(*slot),
            _ => None,
        })
    };
    fields.into_iter().filter_map(|read| Some((read, slot(read)?))).collect()
}

/// Whether a walk can work out what is handed to a field, or whether it is there: numbers and enums of the same layout,
/// and numbers that are handed in.
#[must_use]
pub fn in_reach(layout: &Layout, formula: &Formula, is_argument: bool) -> bool {
    let plain = |ty: &Type| matches!(ty, Type::Int(..) | Type::Enum(_));
    let seen = |term: &Term| match term {
        Term::Field(field) => plain(&layout.fields[*field].ty),
        Term::Param(param) => match &layout.params[*param].ty {
            Type::Int(int, _) => is_argument || int.range().0 == 0,
            ty => is_argument && plain(ty),
        },
        Term::Member { .. }
        | Term::Offset(_)
        | Term::Length { .. }
        | Term::It
        | Term::IsArm { .. }
        | Term::Arm { .. } => false,
        _ => true,
    };
    formula.term.all(&seen)
}

/// What the condition of a field reads, and the field as it is if it is there; none if it is always there, or a walk
/// cannot tell.
fn present(schema: &Schema, field: &Field, marks: &[(usize, usize)]) -> Option<(Vec<(usize, usize)>, Field)> {
    let condition = field.condition.as_ref().filter(|_| field.bits.is_none())?;
    let reads = reads(std::slice::from_ref(condition), marks)?;
    let size = match &field.ty {
        Type::Bytes(Bytes { extent, .. }) => extent_size(extent, Size { least: 1, most: Some(1) })?,
        Type::List { element, count, .. } => extent_size(count, element_size(schema, element))?,
        Type::Constant(constant) => exactly(constant.bytes.len() as u64),
        Type::Filler(_) => return None,
        single => match (single, &field.role) {
            (Type::Int(int, _), Role::Constant(value)) => exactly(int.width(*value)),
            _ => element_size(schema, single),
        },
    };
    let there = Field { condition: None, size, ..field.clone() };
    Some((reads, there))
}

fn exactly(bytes: u64) -> Size {
    Size { least: bytes, most: Some(bytes) }
}

/// The size of what says itself where it ends.
fn extent_size(extent: &Extent, unit: Size) -> Option<Size> {
    match extent {
        Extent::Fixed(count) => Some(Size {
            least: unit.least.saturating_mul(*count),
            most: unit.fixed().map(|unit| unit.saturating_mul(*count)),
        }),
        Extent::Prefix(int) => Some(Size { least: int.size().least, most: None }),
        Extent::Until(ends) => Some(Size { least: ends.shortest(), most: None }),
        Extent::Where(_) => Some(Size { least: unit.least, most: None }),
        Extent::Formula { least, .. } => Some(Size { least: unit.least.saturating_mul(*least), most: None }),
        Extent::Field(_) | Extent::Header(_) | Extent::Lines | Extent::Rest { .. } => None,
    }
}

impl<'l> From<&'l Field> for Line<'l> {
    fn from(field: &'l Field) -> Self {
        Self { role: &field.role, ty: &field.ty, size: field.size }
    }
}

/// The fields that a number measures, in the terms of a walk.
fn span(schema: &Schema, fields: &[Field], one: Measured) -> Span {
    let Measured { number, first, last, add, scale } = one;
    let own = matches!(extent(&fields[first].ty), Some(Extent::Field(at)) if *at == number);
    let least = fields[first..=last].iter().fold(0u64, |sum, field| sum.saturating_add(field.size.least));
    let span = match &fields[first].ty {
        Type::List { element, max, .. } if own => {
            let size = element_size(schema, element);
            let unit = size.least.max(1);
            Span { first, last, add, scale, max: *max, least: least / unit, unit, walked: size.fixed().is_none() }
        }
        Type::Bytes(bytes) if own => Span { first, last, add, scale, max: bytes.max, least, unit: 1, walked: false },
        _ => Span { first, last, add, scale, max: None, least, unit: 1, walked: false },
    };
    // What is counted already is taken off the number and its limit.
    let add = span.add.saturating_add_unsigned(span.least);
    Span { add, max: span.max.map(|max| max.saturating_sub(span.least)), ..span }
}

/// The step over a field that no number in front measures.
fn step(schema: &Schema, steps: &mut Vec<Step>, at: usize, field: &Field, reads: Vec<(usize, usize)>) {
    let constant = matches!(field.ty, Type::Constant(_)) || matches!(field.role, Role::Constant(_));
    // Constants of bits are looked at by the decoder.
    if constant && field.bits.is_none() && !matches!(field.ty, Type::Filler(_)) {
        steps.push(Step::Constant { field: at });
        return;
    }
    if let Some(bytes) = field.size.fixed() {
        match steps.as_mut_slice() {
            // What is passed only if it is there is a step of its own.
            [.., Step::If { .. }, Step::Pass { .. }] => steps.push(Step::Pass { first: at, last: at, bytes }),
            [.., Step::Pass { last, bytes: before, .. }] => (*last, *before) = (at, before.saturating_add(bytes)),
            _ => steps.push(Step::Pass { first: at, last: at, bytes }),
        }
        return;
    }
    steps.push(match &field.ty {
        Type::Bytes(Bytes { extent: Extent::Until(_), .. }) => Step::Until { field: at },
        Type::Bytes(Bytes { extent: Extent::Rest { until_end: true, .. }, .. })
        | Type::List { count: Extent::Rest { until_end: true, .. }, .. } => Step::End { field: at },
        Type::Int(..) => Step::Free { field: at },
        Type::List { element, count: Extent::Prefix(_), max } => {
            let size = element_size(schema, element);
            let (unit, walked) = (size.least.max(1), size.fixed().is_none());
            let span = Span { first: at, last: at, add: 0, scale: Scale::One, max: *max, least: 0, unit, walked };
            Step::Number { field: at, span, slot: None }
        }
        Type::Bytes(Bytes { extent: Extent::Prefix(_), max, .. }) => {
            let span =
                Span { first: at, last: at, add: 0, scale: Scale::One, max: *max, least: 0, unit: 1, walked: false };
            Step::Number { field: at, span, slot: None }
        }
        Type::Bytes(Bytes { extent: Extent::Formula { least, .. }, max, .. }) => {
            Step::Sized { field: at, span: sized(at, *least, *max, Size { least: 1, most: Some(1) }), reads }
        }
        Type::List { element, count: Extent::Formula { least, .. }, max } => {
            Step::Sized { field: at, span: sized(at, *least, *max, element_size(schema, element)), reads }
        }
        Type::List { element, count: Extent::Where(_), .. } => {
            Step::Elements { field: at, least: element_size(schema, element).least }
        }
        Type::List { count: Extent::Fixed(count), .. } => Step::Enter { field: at, count: *count, reads },
        // What else varies is a struct: a `[..]` is measured by a number in front, or the message is not framed.
        _ => Step::Enter { field: at, count: 1, reads },
    });
}

/// What is as long as a formula says, at least `least` units of `size`.
fn sized(at: usize, least: u64, max: Option<u64>, size: Size) -> Span {
    let (add, max) = (i64::try_from(least).unwrap_or(i64::MAX), max.map(|max| max.saturating_sub(least)));
    let (unit, walked) = (size.least.max(1), size.fixed().is_none());
    Span { first: at, last: at, add, scale: Scale::One, max, least, unit, walked }
}

/// The size of an element of a list.
fn element_size(schema: &Schema, element: &Type) -> Size {
    match element {
        Type::Int(int, _) => int.size(),
        Type::Enum(index) => schema.enums[*index].repr.size(),
        Type::Struct(index) => schema.structs[*index].size,
        Type::Float { bytes, .. } => Size { least: u64::from(*bytes), most: Some(u64::from(*bytes)) },
        Type::Constant(_) | Type::Filler(_) | Type::Bytes(_) | Type::List { .. } => Size { least: 1, most: None },
    }
}

/// The type that a step walks over by steps of its own, if it does.
#[must_use]
pub fn inner<'s>(layout: &'s Layout, step: &Step) -> Option<&'s Type> {
    let field = match step {
        Step::Enter { field, .. } | Step::Elements { field, .. } => *field,
        Step::Number { span, slot: None, .. } | Step::Sized { span, .. } | Step::Kept { span, .. } if span.walked => {
            span.first
        }
        _ => return None,
    };
    // What is as large as a number says is passed, or not walked over at all.
    if layout.each(field).is_some() {
        return None;
    }
    Some(match &layout.fields[field].ty {
        Type::List { element, .. } => element,
        ty => ty,
    })
}

/// The step over an arm of a union that headers frame, if they do not say its length.
#[must_use]
pub fn framed_arm(schema: &Schema, union: &Layout, at: usize) -> Step {
    arm(schema, union, at).pop().unwrap_or(Step::Pass { first: at, last: at, bytes: 0 })
}

/// The layouts whose steps a step takes: its own, or the arms of the union that headers frame.
fn taken<'s>(schema: &'s Schema, layout: &'s Layout, step: Step) -> Vec<(&'s Layout, Step)> {
    let Step::Framed { .. } = step else { return vec![(layout, step)] };
    match headers::framed(schema, layout).map(|framed| framed.how) {
        Some(headers::FramedBy::Choice(union, ..)) => (0..union.fields.len())
            .filter(|at| headers::length_header(&union.fields[*at].ty).is_none())
            .map(|at| (union, framed_arm(schema, union, at)))
            .collect(),
        _ => Vec::new(),
    }
}

/// The steps over a layout, those over the arms of a union that its headers frame among them.
pub(crate) fn all_steps<'s>(schema: &'s Schema, layout: &'s Layout) -> Vec<(&'s Layout, Step)> {
    steps(schema, layout).into_iter().flat_map(|step| taken(schema, layout, step)).collect()
}

/// What of a message is walked over: all of it, or what stands in front of its stream.
#[must_use]
pub fn of_message(message: &Message) -> Option<&Layout> {
    match message.framing {
        Framing::Walk => Some(&message.layout),
        _ => message.streams.as_ref()?.head.as_ref(),
    }
}

/// The structs that a schema's messages walk over, by index.
#[must_use]
pub fn structs(schema: &Schema) -> BTreeSet<usize> {
    let mut found = BTreeSet::new();
    let mut layouts: Vec<&Layout> = schema.messages.iter().filter_map(of_message).collect();
    while let Some(layout) = layouts.pop() {
        for (layout, step) in all_steps(schema, layout) {
            if let Some(Type::Struct(index)) = inner(layout, &step)
                && !(matches!(step, Step::Elements { .. }) && schema.structs[*index].size.fixed().is_some())
                && found.insert(*index)
            {
                layouts.push(&schema.structs[*index]);
            }
        }
    }
    found
}

/// The layouts that are walked over: messages, and the structs that stand in them.
pub fn layouts(schema: &Schema) -> impl Iterator<Item = &Layout> {
    let messages = schema.messages.iter().filter_map(of_message);
    messages.chain(structs(schema).into_iter().map(|at| &schema.structs[at]))
}

/// The field that a step looks at or enters, if it is not just passed.
#[must_use]
pub fn looked_at(step: &Step) -> Option<usize> {
    match step {
        Step::Pass { .. } | Step::Mark { .. } | Step::If { .. } | Step::Headers { .. } | Step::Framed { .. } => None,
        Step::Kept { span, .. } => span.walked.then_some(span.first),
        Step::Constant { field }
        | Step::Until { field }
        | Step::End { field }
        | Step::Free { field }
        | Step::Number { field, .. }
        | Step::Sized { field, .. }
        | Step::Elements { field, .. }
        | Step::Enter { field, .. } => Some(*field),
    }
}

/// How many numbers a layout of the schema has to remember in a walk.
#[must_use]
pub fn slots(schema: &Schema) -> usize {
    let slots = |layout| {
        let steps = steps(schema, layout);
        let slots = |step: &Step| match step {
            Step::Kept { .. } | Step::Mark { .. } => 1,
            Step::Headers { slot: Some(_), .. } => FRAMED_SLOTS,
            _ => 0,
        };
        let kept: usize = steps.iter().map(slots).sum();
        // The elements of a list that a condition ends are a layout of their own, which remembers where each starts.
        let all = all_steps(schema, layout);
        let starts = all.iter().any(|(layout, step)| sentinel::remembers_start(schema, layout, step));
        (handed(layout) + kept).max(usize::from(starts))
    };
    layouts(schema).map(slots).max().unwrap_or(0)
}

/// How many layouts stand in each other, `layout` included.
#[must_use]
pub fn levels(schema: &Schema, layout: &Layout) -> usize {
    Levels { schema, found: HashMap::new() }.of(layout, None)
}

/// Counts levels; what contains itself does so as often as it may.
struct Levels<'l> {
    schema: &'l Schema,
    /// What has been counted, by name and by how often it may still contain itself.
    found: HashMap<(&'l str, Option<u64>), usize>,
}

impl<'l> Levels<'l> {
    fn of(&mut self, layout: &'l Layout, left: Option<u64>) -> usize {
        let left = layout.nesting.map(|nesting| left.unwrap_or(nesting.most));
        let left = match (self.schema.counted(layout), left) {
            (Some(_), Some(0)) => return 1,
            (Some(_), Some(left)) => Some(left - 1),
            (_, left) => left,
        };
        if let Some(found) = self.found.get(&(layout.name.as_str(), left)) {
            return *found;
        }
        let union = layout.choice.is_some();
        let mut most = 0;
        for (layout, step) in all_steps(self.schema, layout) {
            let own = usize::from(matches!(step, Step::Elements { .. }));
            most = most.max(match inner(layout, &step) {
                Some(Type::Struct(index)) if self.schema.structs[*index].size.fixed().is_some() => own,
                Some(Type::Struct(index)) => own + self.of(&self.schema.structs[*index], left),
                Some(_) => 1 + usize::from(union),
                // What an arm is that is no struct is a layout of one step.
                None => usize::from(union && !matches!(step, Step::Pass { .. })),
            });
        }
        self.found.insert((layout.name.as_str(), left), 1 + most);
        1 + most
    }
}
