//! The head of a message: what may stand at each of its first bytes, as far as these are at fixed places.

use super::bytes::{ByteSet, Numbers};
use crate::ir::{
    By, Bytes, Choice, Computed, Content, Endian, Enum, Extent, Field, Formula, Int, Layout, Measure, Message,
    Operator, Role, Scale, Schema, Side, Term, Type,
};

/// No protocol is told by its hundredth byte.
const HEAD_BYTES_MAX: usize = 96;
/// Numbers of so few bits are tried one by one against a condition.
const TRIED_BITS_MAX: u32 = 8;

/// The head of a message that `side` sends. Each byte of it is there in every frame.
pub(super) fn head(schema: &Schema, message: &Message, side: Side) -> Vec<ByteSet> {
    let mut head = Head { schema, side, sets: Vec::new() };
    head.layout(&message.layout);
    head.sets.truncate(HEAD_BYTES_MAX);
    head.sets
}

/// What follows stands at no fixed place, or nobody looks that far.
struct Stop;

struct Head<'s> {
    schema: &'s Schema,
    side: Side,
    sets: Vec<ByteSet>,
}

impl Head<'_> {
    fn layout(&mut self, layout: &Layout) -> Option<Stop> {
        for at in 0..layout.fields.len() {
            let stop = self.field(layout, at);
            if stop.is_some() || self.sets.len() > HEAD_BYTES_MAX {
                return Some(Stop);
            }
        }
        None
    }

    fn field(&mut self, layout: &Layout, at: usize) -> Option<Stop> {
        let field = &layout.fields[at];
        if matches!(field.role, Role::Pointed(_)) {
            return None;
        }
        if field.condition.is_some() {
            return Some(Stop);
        }
        if let Some(place) = field.bits {
            return (place.last == at).then(|| self.run(layout, at)).flatten();
        }
        match &field.ty {
            Type::Filler(_) => match field.size.fixed() {
                Some(bytes) => self.any(bytes),
                None => return Some(Stop),
            },
            Type::Constant(constant) => self.sets.extend(constant.bytes.iter().map(|&byte| match constant.nocase {
                true => ByteSet::one(byte.to_ascii_lowercase()).or(ByteSet::one(byte.to_ascii_uppercase())),
                false => ByteSet::one(byte),
            })),
            Type::Int(int, _) => return self.number(layout, at, int),
            Type::Enum(index) => return self.number(layout, at, &self.schema.enums[*index].repr),
            Type::Float { bytes, .. } => self.any((*bytes).into()),
            Type::Bytes(bytes) => return self.bytes(layout, at, bytes),
            Type::Struct(index) => return self.part(&self.schema.structs[*index], field),
            Type::List { element, count, .. } => return self.list(element, count),
        }
        None
    }

    fn any(&mut self, bytes: u64) {
        let bytes = usize::try_from(bytes).unwrap_or(usize::MAX).min(HEAD_BYTES_MAX + 1);
        self.sets.extend(std::iter::repeat_n(ByteSet::FULL, bytes));
    }

    fn number(&mut self, layout: &Layout, at: usize, int: &Int) -> Option<Stop> {
        match int {
            Int::Fixed { .. } => self.whole(int, &self.values(layout, at, int)),
            Int::Digits { radix, digits } => match layout.fields[at].role {
                Role::Constant(value) => {
                    let digits = usize::from(*digits);
                    let text = if *radix == 16 { format!("{value:0digits$x}") } else { format!("{value:0digits$}") };
                    self.sets.extend(text.bytes().map(ByteSet::one));
                }
                _ => self.sets.extend(std::iter::repeat_n(digit(*radix), (*digits).into())),
            },
            Int::Until { radix, signed, .. } => {
                self.sets.push(if *signed { digit(*radix).or(ByteSet::one(b'-')) } else { digit(*radix) });
                return Some(Stop);
            }
            Int::Escaping(how) => {
                let marks = how.escapes.iter().map(|escape| (escape.mark.into(), escape.mark.into()));
                let values = Numbers(marks.chain([(0, how.direct.into())]).collect());
                self.whole(&how.base, &values);
                return Some(Stop);
            }
            Int::Varint { .. } | Int::Vlq { .. } | Int::Quic { .. } => {
                self.sets.push(ByteSet::FULL);
                return Some(Stop);
            }
            Int::Bits { .. } | Int::Flag => {}
        }
        None
    }

    /// A number of whole bytes.
    fn whole(&mut self, int: &Int, values: &Numbers) {
        let Int::Fixed { bytes, endian, .. } = *int else { return };
        for byte in 0..bytes {
            let low = 8 * u32::from(if endian == Endian::Big { bytes - 1 - byte } else { byte });
            self.sets.push(ByteSet::of(|piece| values.show(piece.into(), low, 8)));
        }
    }

    /// What a number may be, by its type, its equation and its conditions.
    fn values(&self, layout: &Layout, at: usize, int: &Int) -> Numbers {
        let field = &layout.fields[at];
        let width = match int {
            Int::Fixed { bytes, .. } => u32::from(*bytes) * 8,
            int => int.bits().map_or(64, u32::from),
        };
        let all = u128::MAX >> (128 - width);
        let complement = |(least, most): (i128, i128)| {
            let low = |value: i128| value.cast_unsigned() & all;
            match least < 0 && most >= 0 {
                true => vec![(low(least), all), (0, low(most))],
                false => vec![(low(least), low(most))],
            }
        };
        let ranges = match (&field.role, &field.ty) {
            (Role::Constant(value), _) => complement((*value, *value)),
            (Role::Sender(by), _) => vec![(u128::from(*by == self.side), u128::from(*by == self.side))],
            (_, Type::Int(_, Some(range))) => complement(*range),
            (_, Type::Enum(index)) => variants(&self.schema.enums[*index], all),
            (Role::Computed(equation), _) if equation.scale == Scale::One => measured(layout, equation.measure)
                .map(|(least, most)| (least.saturating_add(equation.add), most.saturating_add(equation.add)))
                .filter(|(least, most)| 0 <= *least && least <= most)
                .map_or(vec![(0, all)], |(least, most)| {
                    vec![(least.unsigned_abs().into(), u128::from(most.unsigned_abs()).min(all))]
                }),
            _ => vec![(0, all)],
        };
        let conditions = conditions(layout, at);
        if conditions.is_empty() {
            return Numbers(ranges);
        }
        let signed = matches!(int, Int::Fixed { signed: true, .. });
        if width <= TRIED_BITS_MAX && !signed {
            let holds = |value: &u128| {
                let known = |_: &Term| match int {
                    Int::Flag => Some(Computed::Bool(*value == 1)),
                    _ => i128::try_from(*value).ok().map(Computed::Int),
                };
                conditions.iter().all(|formula| formula.term.evaluate(&known).is_none_or(|found| found.holds()))
            };
            let allowed = |value: &u128| ranges.iter().any(|(least, most)| (least..=most).contains(&value));
            return Numbers((0..=all).filter(allowed).filter(holds).map(|value| (value, value)).collect());
        }
        match conditions.iter().find_map(|formula| equals(&formula.term)) {
            Some(values) => Numbers(values.into_iter().flat_map(|value| complement((value, value))).collect()),
            None => Numbers(ranges),
        }
    }

    /// A run of bits, at its last field: each byte is what all fields with bits in it leave.
    fn run(&mut self, layout: &Layout, last: usize) -> Option<Stop> {
        let place = layout.fields[last].bits?;
        let escapes = |field: &Field| matches!(&field.ty, Type::Int(Int::Escaping(_), _));
        let fields: Vec<(u32, u32, Numbers)> = (place.first..=last)
            .filter_map(|at| {
                let field = &layout.fields[at];
                let place = field.bits?;
                let int = match &field.ty {
                    Type::Enum(index) => &self.schema.enums[*index].repr,
                    Type::Int(int, _) => int,
                    _ => return None,
                };
                (!escapes(field))
                    .then(|| (u32::from(place.shift), u32::from(place.width), self.values(layout, at, int)))
            })
            .collect();
        for byte in 0..place.bytes {
            let base = 8 * u32::from(if place.endian == Endian::Big { place.bytes - 1 - byte } else { byte });
            let fits = |value: u8| {
                fields.iter().all(|(shift, width, numbers)| {
                    let (first, end) = ((*shift).max(base), (shift + width).min(base + 8));
                    let Some(bits) = end.checked_sub(first).filter(|bits| *bits > 0) else { return true };
                    let piece = (u128::from(value) >> (first - base)) & ((1 << bits) - 1);
                    numbers.show(piece, first - shift, bits)
                })
            };
            self.sets.push(ByteSet::of(fits));
        }
        escapes(&layout.fields[last]).then_some(Stop)
    }

    fn bytes(&mut self, layout: &Layout, at: usize, bytes: &Bytes) -> Option<Stop> {
        match &bytes.extent {
            Extent::Fixed(count) => {
                let texts = texts(layout, at);
                let count = usize::try_from(*count).unwrap_or(usize::MAX).min(HEAD_BYTES_MAX + 1);
                for place in 0..count {
                    let said = texts.as_ref().map(|texts| {
                        let bytes = texts.iter().filter_map(|text| text.get(place)).map(|byte| ByteSet::one(*byte));
                        bytes.fold(ByteSet::EMPTY, ByteSet::or)
                    });
                    self.sets.push(said.unwrap_or_else(|| self.character(bytes, place)));
                }
                None
            }
            Extent::Until(ends) => {
                let firsts = ends.all().filter_map(|end| end.first()).map(|byte| ByteSet::one(*byte));
                self.sets.push(firsts.fold(self.character(bytes, 0), ByteSet::or));
                Some(Stop)
            }
            Extent::Prefix(int) => self.prefix(int),
            Extent::Lines => {
                self.sets.push(ByteSet::of(|byte| byte == b'\r' || byte.is_ascii_graphic()));
                Some(Stop)
            }
            Extent::Field(_) | Extent::Header(_) | Extent::Where(_) | Extent::Formula { .. } | Extent::Rest { .. } => {
                Some(Stop)
            }
        }
    }

    /// What the byte at a place of bytes or text may be.
    fn character(&self, bytes: &Bytes, place: usize) -> ByteSet {
        if let Content::Word(index) = bytes.content
            && !self.schema.words[index].open
        {
            let words = &self.schema.words[index];
            let letters = || words.words.iter().filter_map(|word| word.text.as_bytes().get(place));
            return ByteSet::of(|byte| match words.nocase {
                true => letters().any(|letter| letter.eq_ignore_ascii_case(&byte)),
                false => letters().any(|letter| *letter == byte),
            });
        }
        let (least, most) = bytes.within.unwrap_or((0, u8::MAX));
        ByteSet::of(|byte| (least..=most).contains(&byte) && (bytes.content != Content::Ascii || byte.is_ascii()))
    }

    fn prefix(&mut self, int: &Int) -> Option<Stop> {
        match int {
            Int::Fixed { bytes, .. } => self.any((*bytes).into()),
            Int::Digits { radix, digits } => {
                self.sets.extend(std::iter::repeat_n(digit(*radix), (*digits).into()));
            }
            Int::Until { radix, .. } => self.sets.push(digit(*radix)),
            _ => self.sets.push(ByteSet::FULL),
        }
        Some(Stop)
    }

    /// A struct, or a union: of that its tag.
    fn part(&mut self, layout: &Layout, field: &Field) -> Option<Stop> {
        let Some(choice) = &layout.choice else { return self.layout(layout) };
        match (&choice.by, field.size.fixed()) {
            (By::Tag(int), _) => {
                self.whole(int, &tags(choice));
                Some(Stop)
            }
            (By::Bits { .. }, _) => {
                let arms = |byte| choice.by.of_first(byte).is_some_and(|tag| choice.arm(tag).is_some());
                self.sets.push(ByteSet::of(arms));
                Some(Stop)
            }
            (By::Given(_), Some(bytes)) => {
                self.any(bytes);
                None
            }
            (By::Given(_), None) | (By::Header { .. }, _) => Some(Stop),
        }
    }

    fn list(&mut self, element: &Type, count: &Extent) -> Option<Stop> {
        match count {
            Extent::Prefix(int) => self.prefix(int),
            Extent::Fixed(count) => {
                for _ in 0..*count {
                    let stop = match element {
                        Type::Struct(index) if self.schema.structs[*index].choice.is_none() => {
                            self.layout(&self.schema.structs[*index])
                        }
                        Type::Enum(index) => {
                            let repr = &self.schema.enums[*index].repr;
                            self.whole(repr, &Numbers(variants(&self.schema.enums[*index], u128::MAX)));
                            None
                        }
                        Type::Float { bytes, .. } | Type::Int(Int::Fixed { bytes, .. }, _) => {
                            self.any((*bytes).into());
                            None
                        }
                        _ => Some(Stop),
                    };
                    if stop.is_some() || self.sets.len() > HEAD_BYTES_MAX {
                        return Some(Stop);
                    }
                }
                None
            }
            Extent::Field(_)
            | Extent::Where(_)
            | Extent::Header(_)
            | Extent::Lines
            | Extent::Formula { .. }
            | Extent::Rest { .. }
            | Extent::Until(_) => Some(Stop),
        }
    }
}

fn digit(radix: u8) -> ByteSet {
    ByteSet::of(|byte| if radix == 16 { byte.is_ascii_hexdigit() } else { byte.is_ascii_digit() })
}

fn variants(kind: &Enum, all: u128) -> Vec<(u128, u128)> {
    match kind.open {
        true => vec![(0, all)],
        false => kind.variants.iter().map(|variant| (variant.least.into(), variant.most.into())).collect(),
    }
}

fn tags(choice: &Choice) -> Numbers {
    let number = |value: i128| u128::try_from(value).unwrap_or_default();
    let tags = choice.values.iter().map(|values| values.map_or((0, u128::MAX), |(a, b)| (number(a), number(b))));
    Numbers(tags.collect())
}

/// The least and the most bytes that an equation measures.
fn measured(layout: &Layout, measure: Measure) -> Option<(i64, i64)> {
    let Measure::Bytes { first, last } = measure else { return None };
    let fields = &layout.fields[first..=last];
    let least = fields.iter().map(|field| field.size.least).fold(0, u64::saturating_add);
    let most = fields.iter().map(|field| field.size.most).try_fold(0, |sum: u64, most| Some(sum.saturating_add(most?)));
    Some((i64::try_from(least).ok()?, i64::try_from(most.unwrap_or(u64::MAX)).unwrap_or(i64::MAX)))
}

/// The conditions that read this field of the layout, and nothing else.
fn conditions(layout: &Layout, at: usize) -> Vec<&Formula> {
    let rules = layout.fields.iter().filter(|field| field.condition.is_none()).flat_map(|field| &field.rules);
    rules.filter(|formula| formula.term.reads_only(at)).collect()
}

/// The values of `it == 1 || it == 2`.
fn equals(term: &Term) -> Option<Vec<i128>> {
    let Term::Binary { operator, left, right } = term else { return None };
    match (operator, left.as_ref(), right.as_ref()) {
        (Operator::Or, left, right) => Some([equals(left)?, equals(right)?].concat()),
        (Operator::Equal, Term::Field(_), Term::Int(value) | Term::Variant { value, .. })
        | (Operator::Equal, Term::Int(value) | Term::Variant { value, .. }, Term::Field(_)) => Some(vec![*value]),
        _ => None,
    }
}

/// The texts that a field may be, if its conditions name them.
fn texts(layout: &Layout, at: usize) -> Option<Vec<&[u8]>> {
    fn named(term: &Term) -> Option<Vec<&[u8]>> {
        let Term::Binary { operator, left, right } = term else { return None };
        match (operator, left.as_ref(), right.as_ref()) {
            (Operator::Or, left, right) => Some([named(left)?, named(right)?].concat()),
            (Operator::Equal, Term::Field(_), Term::Bytes(text))
            | (Operator::Equal, Term::Bytes(text), Term::Field(_)) => Some(vec![text]),
            _ => None,
        }
    }
    conditions(layout, at).into_iter().find_map(|formula| named(&formula.term))
}
