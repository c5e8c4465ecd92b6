//! Messages out of bytes: whoever gives the bytes, proptest or a fuzzer, can make them smaller and so the message.
//!
//! Zeros give the simplest message. Most messages keep every rule of the schema, but not all: the numbers that measure
//! are not looked at, and so a few are too long.

use super::{Known, ends_list, takes};
use crate::ir::{
    By, Bytes, Choice, Content, Equation, Extent, Field, Formula, Held, Int, JsonBody, JsonType, Layout, Role, Schema,
    Side, Type, Value,
};

/// A message of a side from `entropy`.
#[must_use]
pub fn made_up(schema: &Schema, layout: &Layout, from: Side, entropy: &[u8]) -> Value {
    Source { schema, from, entropy: entropy.iter(), depth: 0 }.layout(layout, &[])
}

struct Source<'s> {
    schema: &'s Schema,
    from: Side,
    entropy: std::slice::Iter<'s, u8>,
    /// How many layouts that contain themselves stand around what is made up.
    depth: u64,
}

impl Source<'_> {
    /// The next byte; zeros when they have run out.
    fn byte(&mut self) -> u8 {
        self.entropy.next().copied().unwrap_or(0)
    }

    fn bits(&mut self, bytes: u32) -> u128 {
        (0..bytes).fold(0, |value, _| value << 8 | u128::from(self.byte()))
    }

    /// A number in a range: its ends and small ones more often than the rest.
    fn within(&mut self, least: i128, most: i128) -> i128 {
        let small = i128::from(self.byte());
        match self.byte() % 8 {
            0..4 => small.clamp(least, most),
            4 => least.saturating_add(small % 4).min(most),
            5 => most.saturating_sub(small % 4).max(least),
            _ => {
                let any = self.bits(16);
                match most.abs_diff(least).checked_add(1) {
                    Some(width) => least.wrapping_add_unsigned(any % width),
                    None => any.cast_signed(),
                }
            }
        }
    }

    /// How many bytes or elements: few, and seldom the most.
    fn length(&mut self, max: Option<u64>) -> u64 {
        let most = max.unwrap_or(LONG).min(LONG);
        match self.byte() {
            255 => most,
            byte => u64::from(byte % 24).min(most),
        }
    }

    fn layout(&mut self, layout: &Layout, params: &[Value]) -> Value {
        let counted = u64::from(self.schema.counted(layout).is_some());
        self.depth += counted;
        let value = self.inside(layout, params);
        self.depth -= counted;
        value
    }

    fn inside(&mut self, layout: &Layout, params: &[Value]) -> Value {
        if let Some(choice) = &layout.choice {
            return self.arm(layout, choice, params);
        }
        let (mut known, mut values): (Vec<Option<Value>>, Vec<Value>) = Default::default();
        for field in &layout.fields {
            let set = field.role == Role::Value && !matches!(field.ty, Type::Constant(_));
            let value = set.then(|| {
                let known = Known { schema: self.schema, layout, fields: &known, params };
                self.field(known, field)
            });
            values.extend(value.clone());
            known.push(match field.role {
                Role::Sender(side) => Some(Value::Int((side == self.from).into())),
                Role::Computed(Equation { absent: Some(absent), .. }) => Some(Value::Int(self.presence(field, absent))),
                _ => value,
            });
        }
        Value::Struct(values)
    }

    /// A value that is there if it must be.
    fn field(&mut self, known: Known<'_>, field: &Field) -> Value {
        if !self.is_there(known, field) {
            return Value::Option(None);
        }
        let value = match &field.ty {
            Type::Struct(index) => self.layout(&self.schema.structs[*index], &known.arguments(&field.args)),
            ty if field.held == Held::Converted => self.converted(field, &as_worked_out(&known, ty)),
            ty => {
                let made = self.handed(&as_worked_out(&known, ty), &known.arguments(&field.args));
                let each = known.layout.fields.iter().position(|other| std::ptr::eq(other, field));
                match (each.and_then(|at| known.layout.each(at)), made) {
                    (Some(_), Value::List(items)) => alike(items),
                    (_, made) => made,
                }
            }
        };
        if field.is_optional() { Value::Option(Some(Box::new(value))) } else { value }
    }

    /// What a number says that tells whether a field is there, which it mostly is: some size, or that it is absent.
    fn presence(&mut self, number: &Field, absent: i128) -> i128 {
        let Type::Int(int, range) = &number.ty else { return absent };
        let (least, most) = range.unwrap_or_else(|| int.range());
        match self.byte() < 200 {
            true if absent == least => most,
            true => least,
            false => absent,
        }
    }

    /// A value that a type of Rust takes, if one is found soon.
    fn converted(&mut self, field: &Field, ty: &Type) -> Value {
        /// Text that means something to some type.
        const TELLING: [&[u8]; 3] = [b"127.0.0.1", b"::1", b"tag"];
        let numbers = (0..4).map(|_| self.value(ty)).collect::<Vec<_>>();
        let texts = TELLING.map(|text| Value::Bytes(text.to_vec()));
        let mut all = numbers.iter().cloned().chain(texts);
        all.find(|value| takes(self.schema, field, value)).unwrap_or_else(|| numbers[0].clone())
    }

    /// Whether a field may be there; what newer peers send, mostly is.
    fn is_there(&mut self, known: Known<'_>, field: &Field) -> bool {
        let Some(since) = field.since else {
            return field.condition.as_ref().is_none_or(|condition| known.holds(condition));
        };
        let before = since.behind.is_none_or(|before| known.fields[before] != Some(Value::Option(None)));
        before && (since.joined || self.byte() < 200)
    }

    /// An arm of a union: the one that the value which is given chooses, or any.
    fn arm(&mut self, layout: &Layout, choice: &Choice, params: &[Value]) -> Value {
        let (index, params) = match (&choice.by, params) {
            (By::Header { .. }, [_, params @ ..]) => (usize::from(self.byte()) % layout.fields.len(), params),
            (By::Given(_), [given, params @ ..]) => (choice.given(self.schema, given).unwrap_or(0), params),
            (_, params) => (self.tagged(layout), params),
        };
        let known = Known { schema: self.schema, layout, fields: &[], params };
        Value::Arm(index, Box::new(self.field(known, &layout.fields[index])))
    }

    /// Any arm, but seldom one that points at something: it would have to stand there.
    fn tagged(&mut self, layout: &Layout) -> usize {
        let points = |at: &usize| match layout.fields[*at].ty {
            Type::Struct(part) => self.schema.holds_pointers(&self.schema.structs[part]),
            _ => false,
        };
        let plain: Vec<usize> = (0..layout.fields.len()).filter(|at| !points(at)).collect();
        let (all, seldom) = (usize::from(self.byte()), self.byte() == 0xff);
        if seldom || plain.is_empty() { all % layout.fields.len() } else { plain[all % plain.len()] }
    }

    fn value(&mut self, ty: &Type) -> Value {
        self.handed(ty, &[])
    }

    /// A value, or a list each of whose elements is handed the same.
    fn handed(&mut self, ty: &Type, args: &[Value]) -> Value {
        match ty {
            Type::Constant(constant) => Value::Bytes(constant.bytes.clone()),
            // Nobody sets it.
            Type::Filler(_) => Value::Bytes(Vec::new()),
            Type::Int(Int::Fixed { bytes: 16, signed: false, .. }, None) => {
                let any = self.bits(16);
                i128::try_from(any).map_or(Value::Huge(any), Value::Int)
            }
            Type::Int(int, range) => {
                let (least, most) = range.unwrap_or_else(|| int.range());
                Value::Int(self.within(least, most))
            }
            Type::Float { bytes, .. } => Value::Float(self.float(*bytes)),
            Type::Enum(index) => Value::Int(self.variant(*index)),
            Type::Bytes(bytes) => self.bytes(bytes),
            Type::Struct(index) => self.layout(&self.schema.structs[*index], args),
            Type::List { element, count: Extent::Where(condition), max } => {
                self.ending((element, args), condition, *max)
            }
            Type::List { element, count, max } => {
                let count = match count {
                    Extent::Fixed(count) => *count,
                    _ if self.is_deepest(element) => 0,
                    _ => self.length(*max) % 8,
                };
                Value::List((0..count).map(|_| self.handed(element, args)).collect())
            }
        }
    }

    /// Elements of which the last, and no other, meets a condition; if one can be found.
    fn ending(&mut self, (element, args): (&Type, &[Value]), condition: &Formula, max: Option<u64>) -> Value {
        let count = self.byte() % 4;
        let mut items: Vec<Value> = (0..count).map(|_| self.handed(element, args)).collect();
        items.retain(|item| !ends_list(self.schema, condition, element, item));
        items.truncate(usize::try_from(max.unwrap_or(LONG) - 1).unwrap_or(usize::MAX));
        let first = u64::from(self.byte() % 2);
        let tries = (first..200).map(|seed| {
            // The simplest one is what zeros make; the others come from what looks random.
            let scattered = |at: u64| (seed * 64 + at).wrapping_mul(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
            let entropy: Vec<u8> = (1..33).map(|at| scattered(at).to_be_bytes()[1]).collect();
            Source { schema: self.schema, from: self.from, entropy: entropy.iter(), depth: self.depth }
                .handed(element, args)
        });
        items.extend(tries.into_iter().find(|item| ends_list(self.schema, condition, element, item)));
        Value::List(items)
    }

    /// Whether no more of what contains itself may stand here.
    fn is_deepest(&self, element: &Type) -> bool {
        let Type::Struct(part) = element else { return false };
        self.schema.structs[*part].nesting.is_some_and(|nesting| self.depth >= nesting.most)
    }

    /// Never NaN, which is not equal to itself.
    fn float(&mut self, bytes: u8) -> f64 {
        let found = match bytes {
            4 => f64::from(f32::from_bits(u32::try_from(self.bits(4)).unwrap_or_default())),
            _ => f64::from_bits(u64::try_from(self.bits(8)).unwrap_or_default()),
        };
        if found.is_nan() { 0.0 } else { found }
    }

    fn variant(&mut self, index: usize) -> i128 {
        let declared = &self.schema.enums[index];
        if declared.open && self.byte() > 200 {
            let (least, most) = declared.repr.range();
            return self.within(least, most);
        }
        let variant = &declared.variants[usize::from(self.byte()) % declared.variants.len()];
        self.within(variant.least.into(), variant.most.into())
    }

    fn bytes(&mut self, bytes: &Bytes) -> Value {
        let length = match bytes.extent {
            Extent::Fixed(length) if bytes.pad.is_none() => length,
            Extent::Fixed(length) => self.length(Some(length)),
            _ => self.length(bytes.max),
        };
        let mut content = match bytes.content {
            Content::Bytes => (0..length).map(|_| self.byte()).collect(),
            Content::Str => self.text(length).into_bytes(),
            Content::Ascii => (0..length).map(|_| self.byte() & 0x7f).collect(),
            Content::Headers => return self.headers(),
            Content::Word(index) => return Value::Bytes(self.word(index, length)),
            Content::Json => return Value::Bytes(self.json(3).into_bytes()),
            Content::JsonBody(index) => return self.json_body(&self.schema.json_bodies[index]),
        };
        if let Some((least, most)) = bytes.within {
            content.retain(|byte| (least..=most).contains(byte));
        }
        if let Extent::Until(ends) = &bytes.extent {
            content.retain(|byte| !ends.all().any(|end| end.contains(byte)));
        }
        while let Some(suffix) = bytes.trim.as_ref().filter(|suffix| content.ends_with(suffix)) {
            content.truncate(content.len() - suffix.len());
        }
        while bytes.pad.is_some() && content.last() == bytes.pad.as_ref() {
            content.pop();
        }
        Value::Bytes(content)
    }

    /// A few headers.
    fn headers(&mut self) -> Value {
        let lines = (0..self.byte() % 5).map(|_| {
            let name: Vec<u8> = (0..=self.byte() % 9).map(|_| b"aZ-_.7!"[usize::from(self.byte() % 7)]).collect();
            let length = self.length(Some(40));
            let value: String = self.text(length).chars().filter(|letter| !letter.is_control()).collect();
            Value::Struct(vec![Value::Bytes(name), Value::Bytes(value.trim_matches(' ').into())])
        });
        Value::List(lines.collect())
    }

    /// A word that has a name, or seldom another one.
    fn word(&mut self, index: usize, length: u64) -> Vec<u8> {
        let words = &self.schema.words[index];
        if words.open && self.byte() > 200 {
            return (0..length).map(|_| b'!' + self.byte() % 94).collect();
        }
        words.words[usize::from(self.byte()) % words.words.len()].text.clone().into_bytes()
    }

    /// At most `length` bytes of UTF-8; exactly so many if only ASCII comes.
    fn text(&mut self, length: u64) -> String {
        let mut text = String::new();
        while (text.len() as u64) < length {
            let next = match self.byte() {
                byte @ 0..0xc0 => char::from(byte & 0x7f),
                byte => ['ß', '→', '😀', '\u{2028}'][usize::from(byte % 4)],
            };
            let fits = (text.len() + next.len_utf8()) as u64 <= length;
            text.push(if fits { next } else { ' ' });
        }
        text
    }

    /// A JSON value on one line.
    fn json(&mut self, depth: u8) -> String {
        let kind = self.byte() % if depth == 0 { 4 } else { 6 };
        let count = if kind >= 4 { self.byte() % 4 } else { 0 };
        match kind {
            0 => "null".into(),
            1 => self.within(i64::MIN.into(), i64::MAX.into()).to_string(),
            2 => "-1.5e3".into(),
            3 => {
                let plain = |character: &char| !character.is_control() && !['"', '\\'].contains(character);
                format!("\"{}\"", self.text(5).chars().filter(plain).collect::<String>())
            }
            4 => format!("[{}]", (0..count).map(|_| self.json(depth - 1)).collect::<Vec<_>>().join(", ")),
            _ => {
                let members = (0..count).map(|at| format!("\"{at}\": {}", self.json(depth - 1)));
                format!("{{{}}}", members.collect::<Vec<_>>().join(","))
            }
        }
    }

    fn json_body(&mut self, body: &JsonBody) -> Value {
        Value::Json(body.members.iter().map(|member| self.json_member(member.ty)).collect())
    }

    fn json_member(&mut self, ty: JsonType) -> Value {
        match ty {
            JsonType::Str => {
                let length = self.length(None);
                Value::Bytes(self.text(length).into_bytes())
            }
            JsonType::Base64 => {
                let length = self.length(None);
                Value::Bytes((0..length).map(|_| self.byte()).collect())
            }
            JsonType::Bool => Value::Bool(self.byte() % 2 == 1),
            JsonType::Int { bits, signed } => {
                let top = 1i128 << (bits - u8::from(signed));
                Value::Int(self.within(if signed { -top } else { 0 }, top - 1))
            }
            JsonType::Float => {
                let found = self.float(8);
                Value::Float(if found.is_finite() { found } else { 1.0 })
            }
            JsonType::Body(index) => self.json_body(&self.schema.json_bodies[index]),
        }
    }
}

/// The longest bytes in a message that is made up.
const LONG: u64 = 2000;

/// As many elements that take as many bytes each.
fn alike(mut items: Vec<Value>) -> Value {
    let first = items.first().cloned();
    items.iter_mut().zip(first.iter().cycle()).for_each(|(item, first)| item.clone_from(first));
    Value::List(items)
}

/// A type whose length a formula says, with that length.
fn as_worked_out(known: &Known<'_>, ty: &Type) -> Type {
    let mut ty = ty.clone();
    if let Type::Bytes(Bytes { extent, .. }) | Type::List { count: extent, .. } = &mut ty
        && let Extent::Formula { formula, .. } = extent
    {
        *extent = Extent::Fixed(known.length(formula));
    }
    ty
}
