//! Messages at the edges: each choice that can be made in one is made in every way, numbers and lengths around all bounds
//! of both versions, and some messages at random.

use super::Effort;
use crate::interp::{Interpreter, made_up};
use crate::ir::{Extent, Layout, Role, Schema, Type, Value};
use std::collections::BTreeSet;

/// What decides of choices: small ones, and those at the edges of what [`made_up`] does with a byte.
const TELLING: [u8; 12] = [0, 1, 2, 3, 4, 5, 7, 23, 127, 128, 200, 255];
/// How many choices of a message are varied.
const CHOICES: usize = 48;
/// The longest content that is tried.
const LONG: u64 = 70_000;

/// What can be sent of a message, each once, with its bytes.
pub(super) fn messages(interpreter: Interpreter<'_>, schemas: [&Schema; 2], effort: Effort) -> Vec<(Value, Vec<u8>)> {
    let mut found = Found { interpreter, seen: BTreeSet::new(), sent: Vec::new() };
    let make = |entropy: &[u8]| made_up(schemas[0], &interpreter.message().layout, interpreter.from(), entropy);
    let edges = Edges::of(schemas);
    let mut bases = vec![vec![], vec![1; 256], vec![255; 256]];
    for at in 0..CHOICES {
        for byte in TELLING {
            let mut entropy = vec![0; at + 1];
            entropy[at] = byte;
            bases.push(entropy);
        }
    }
    let mut random = Random(effort.seed | 1);
    bases.extend((0..effort.random).map(|_| (0..120).map(|_| random.byte()).collect()));
    let mut left = effort.variations;
    for (count, entropy) in bases.iter().enumerate() {
        let value = make(entropy);
        if found.add(value.clone()) && left > 0 && (count < 3 || found.sent.len() < 64) {
            vary(&value, &edges, &mut |variation| {
                if left > 0 {
                    left -= 1;
                    found.add(variation);
                }
            });
        }
    }
    found.sent
}

struct Found<'f> {
    interpreter: Interpreter<'f>,
    seen: BTreeSet<Vec<u8>>,
    sent: Vec<(Value, Vec<u8>)>,
}

impl Found<'_> {
    /// Keeps a message that can be sent, and says whether it is a new one.
    fn add(&mut self, value: Value) -> bool {
        let Ok(bytes) = self.interpreter.encode(&value) else { return false };
        // A list is written as Rust may hold it; what counts is what its own version reads.
        let Ok(value) = self.interpreter.decode(&bytes) else { return false };
        let is_new = self.seen.insert(bytes.clone());
        if is_new {
            self.sent.push((value, bytes));
        }
        is_new
    }
}

/// Hands out copies of a value in which one part is another.
fn vary(value: &Value, edges: &Edges, with: &mut dyn FnMut(Value)) {
    match value {
        Value::Int(_) | Value::Huge(_) => edges.numbers.iter().for_each(|number| with(Value::Int(*number))),
        Value::Float(_) => [0.0, -1.5, f64::MAX].into_iter().for_each(|number| with(Value::Float(number))),
        Value::Bool(found) => with(Value::Bool(!found)),
        Value::Bytes(found) => {
            let filler = found.first().copied().unwrap_or(b'a');
            for length in &edges.lengths {
                with(Value::Bytes(vec![filler; *length]));
            }
            for content in [&b"a"[..], b"0", b"\x80", b"\xc3\xa4", b"\0", b" "] {
                with(Value::Bytes(content.to_vec()));
            }
        }
        Value::List(items) => {
            if let Some(first) = items.first() {
                for length in edges.lengths.iter().filter(|length| **length <= 300) {
                    with(Value::List(vec![first.clone(); *length]));
                }
            }
            parts(items, edges, &mut |items| with(Value::List(items)));
        }
        Value::Json(items) => parts(items, edges, &mut |items| with(Value::Json(items))),
        Value::Struct(items) => parts(items, edges, &mut |items| with(Value::Struct(items))),
        Value::Option(None) => {}
        Value::Option(Some(inner)) => {
            with(Value::Option(None));
            vary(inner, edges, &mut |inner| with(Value::Option(Some(Box::new(inner)))));
        }
        Value::Arm(arm, inner) => vary(inner, edges, &mut |inner| with(Value::Arm(*arm, Box::new(inner)))),
    }
}

fn parts(items: &[Value], edges: &Edges, with: &mut dyn FnMut(Vec<Value>)) {
    for (at, item) in items.iter().enumerate().take(64) {
        vary(item, edges, &mut |changed| {
            let mut items = items.to_vec();
            items[at] = changed;
            with(items);
        });
    }
}

/// Numbers and lengths at which something may change in one of the versions.
struct Edges {
    numbers: BTreeSet<i128>,
    lengths: BTreeSet<usize>,
}

impl Edges {
    fn of(schemas: [&Schema; 2]) -> Self {
        let mut edges = Self { numbers: BTreeSet::new(), lengths: BTreeSet::new() };
        for bits in [7, 8, 15, 16, 31, 32, 63, 64] {
            edges.number(1 << bits);
            edges.number(-(1 << bits));
        }
        (-1..=5).for_each(|small| edges.number(small));
        [0, 128, 256].into_iter().for_each(|length| edges.length(length));
        for schema in schemas {
            let messages = schema.messages.iter().map(|message| &message.layout);
            messages.chain(&schema.structs).for_each(|layout| edges.layout(layout));
            for variant in schema.enums.iter().flat_map(|one| &one.variants) {
                edges.number(variant.least.into());
                edges.number(variant.most.into());
            }
        }
        edges
    }

    fn layout(&mut self, layout: &Layout) {
        for field in &layout.fields {
            self.ty(&field.ty);
            if let Role::Constant(value) = field.role {
                self.number(value);
            }
        }
        for (least, most) in layout.choice.iter().flat_map(|choice| choice.values.iter().flatten()) {
            self.number(*least);
            self.number(*most);
        }
    }

    fn ty(&mut self, ty: &Type) {
        match ty {
            Type::Int(_, Some((least, most))) => {
                self.number(*least);
                self.number(*most);
            }
            Type::Bytes(bytes) => {
                self.lengths_of(&bytes.extent, bytes.max);
            }
            Type::List { element, count, max } => {
                self.lengths_of(count, *max);
                self.ty(element);
            }
            _ => {}
        }
    }

    fn lengths_of(&mut self, extent: &Extent, max: Option<u64>) {
        if let Extent::Fixed(length) = extent {
            self.length(*length);
        }
        if let Some(max) = max {
            self.length(max);
        }
    }

    fn number(&mut self, number: i128) {
        self.numbers.extend([number - 1, number, number + 1]);
    }

    fn length(&mut self, length: u64) {
        if length <= LONG {
            let length = usize::try_from(length).unwrap_or(0);
            self.lengths.extend([length.saturating_sub(1), length, length + 1]);
        }
    }
}

/// Bytes from a seed (xorshift).
struct Random(u64);

impl Random {
    fn byte(&mut self) -> u8 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0.to_be_bytes()[1]
    }
}
