//! Test vectors of other people, who describe the same bytes in a language of their own.
//!
//! Those of google/pdl stand in a JSON file that is no part of this repository. A packet of theirs is an arm of a union of
//! `schemas/pdl_*.wm`, under its name without underscores; the union's tag and a length stand in front of it, because a
//! packet of theirs has no end of its own:
//!
//! ```text
//!   theirs:  80 ff ff ff ff ff ff ff
//!   ours:    09 00 | 01 | 80 ff ff ff ff ff ff ff
//! ```
//!
//! What is computed is no member of ours, a flag that says whether a field is there is none of theirs, and the members of
//! what specialises a packet stand beside those of the packet.

use crate::subject::Subject;
use serde_json::{Map, Value as Json};
use std::env;
use std::path::{Path, PathBuf};
use wm_schema::ir::{By, Computed, Field, Int, Layout, Role, Schema, Term, Type, Value};

/// The variable that says where the vectors of google/pdl are.
pub const VARIABLE: &str = "WM_PDL_VECTORS";

/// The vectors of google/pdl: where the variable says, or in a folder `data/pdl` beside the checkout.
#[must_use]
pub fn vectors() -> Option<PathBuf> {
    if let Some(named) = env::var_os(VARIABLE) {
        return Some(named.into());
    }
    let around = Path::new(env!("CARGO_MANIFEST_DIR")).parent()?.parent()?;
    let beside = around.read_dir().ok()?.flatten();
    beside.map(|entry| entry.path().join("data/pdl/le_test_vectors.json")).find(|file| file.is_file())
}

/// A packet of theirs in a schema of ours.
#[derive(Debug)]
pub struct Packet<'s> {
    /// The message that it is an arm of.
    pub subject: &'s Subject,
    /// The arm, by index.
    arm: usize,
}

impl<'s> Packet<'s> {
    /// The packet of this name, if one of our schemas has it.
    #[must_use]
    pub fn find(subjects: &'s [Subject], name: &str) -> Option<Self> {
        let name = name.replace('_', "");
        let of = |subject: &Subject| body(subject)?.fields.iter().position(|arm| arm.name == name);
        subjects.iter().find_map(|subject| Some(Self { subject, arm: of(subject)? }))
    }

    /// Their bytes as a frame of ours.
    ///
    /// # Panics
    ///
    /// Our schema is not what this module says.
    #[must_use]
    pub fn frame(&self, packed: &[u8]) -> Vec<u8> {
        let tag = tag(self.subject, self.arm).expect("a tag of a byte");
        let len = u16::try_from(packed.len() + 1).expect("a short packet");
        [&len.to_le_bytes()[..], &[tag], packed].concat()
    }

    /// Their members as a message of ours; none if it has no place for one of them.
    #[must_use]
    pub fn message(&self, members: &Map<String, Json>) -> Option<Value> {
        let schema = self.subject.schema;
        let arm = body(self.subject)?.fields.get(self.arm)?;
        let Type::Struct(index) = arm.ty else { return None };
        let value = layout(schema, &schema.structs[index], members)?;
        Some(Value::Struct(vec![Value::Arm(self.arm, Box::new(value))]))
    }
}

/// The union of a message whose last field is one.
fn body(subject: &Subject) -> Option<&'static Layout> {
    let message = subject.schema.only_by(subject.side)?;
    let Type::Struct(index) = message.layout.fields.last()?.ty else { return None };
    subject.schema.structs.get(index)
}

/// The value that chooses an arm.
fn tag(subject: &Subject, arm: usize) -> Option<u8> {
    let (value, _) = body(subject)?.choice.as_ref()?.values.get(arm).copied()??;
    u8::try_from(value).ok()
}

fn layout(schema: &Schema, layout: &Layout, members: &Map<String, Json>) -> Option<Value> {
    let names = names(schema, layout);
    if !members.keys().all(|name| names.contains(name)) {
        return None;
    }
    fields(schema, layout, members)
}

/// The fields that a user sets; members of others are passed over.
fn fields(schema: &Schema, layout: &Layout, members: &Map<String, Json>) -> Option<Value> {
    let fields = layout.fields.iter().filter(|field| field.role == Role::Value);
    fields.map(|field| self::field(schema, layout, field, members)).collect::<Option<_>>().map(Value::Struct)
}

/// The names of the fields of a layout, and of the layouts that it is specialised to.
fn names(schema: &Schema, layout: &Layout) -> Vec<String> {
    let inner = layout.fields.iter().filter_map(|field| match field.ty {
        Type::Struct(index) => schema.structs.get(index).filter(|inner| inner.choice.is_some()),
        _ => None,
    });
    let arms = inner.flat_map(|union| &union.fields).filter_map(|arm| match arm.ty {
        Type::Struct(index) => schema.structs.get(index),
        _ => None,
    });
    arms.chain([layout]).flat_map(|layout| &layout.fields).map(|field| field.name.clone()).collect()
}

fn field(schema: &Schema, layout: &Layout, field: &Field, members: &Map<String, Json>) -> Option<Value> {
    let Some(member) = members.get(&field.name) else {
        return match field.ty {
            Type::Int(Int::Flag, _) => flag(layout, field, members),
            Type::Struct(index) => specialised(schema, layout, (field, &schema.structs[index]), members),
            _ => None,
        };
    };
    if field.condition.is_none() {
        return value(schema, &field.ty, member);
    }
    let inner = if member.is_null() { None } else { Some(Box::new(value(schema, &field.ty, member)?)) };
    Some(Value::Option(inner))
}

fn value(schema: &Schema, ty: &Type, member: &Json) -> Option<Value> {
    Some(match (ty, member) {
        (Type::Bytes(_), Json::Array(bytes)) => {
            Value::Bytes(bytes.iter().map(|byte| u8::try_from(byte.as_u64()?).ok()).collect::<Option<_>>()?)
        }
        (Type::List { element, .. }, Json::Array(items)) => {
            Value::List(items.iter().map(|item| value(schema, element, item)).collect::<Option<_>>()?)
        }
        (Type::Struct(index), Json::Object(members)) => layout(schema, &schema.structs[*index], members)?,
        (Type::Int(..) | Type::Enum(_), Json::Number(number)) => Value::Int(number.as_u64()?.into()),
        _ => return None,
    })
}

/// The flag by which the fields are there that their packet has.
fn flag(layout: &Layout, flag: &Field, members: &Map<String, Json>) -> Option<Value> {
    let at = layout.fields.iter().position(|field| field.name == flag.name)?;
    let fits = |value: &bool| {
        layout.fields.iter().all(|field| {
            let Some(condition) = field.condition.as_ref().filter(|one| one.term.fields() == [at]) else { return true };
            let known = |term: &Term| matches!(term, Term::Field(_)).then_some(Computed::Bool(*value));
            let there = members.get(&field.name).is_some_and(|member| !member.is_null());
            condition.term.evaluate(&known) == Some(Computed::Bool(there))
        })
    };
    [false, true].into_iter().find(fits).map(|value| Value::Int(value.into()))
}

/// The arm that a member chooses, whose members stand beside it.
fn specialised(
    schema: &Schema,
    layout: &Layout,
    (field, union): (&Field, &Layout),
    members: &Map<String, Json>,
) -> Option<Value> {
    let choice = union.choice.as_ref().filter(|choice| matches!(choice.by, By::Given(_)))?;
    let by = field.args.last()?.term.fields();
    let chosen = members.get(&layout.fields.get(*by.first()?)?.name)?.as_u64()?;
    let arm = choice.arm(chosen.into())?;
    let Type::Struct(index) = union.fields[arm].ty else { return None };
    let value = fields(schema, &schema.structs[index], members)?;
    Some(Value::Arm(arm, Box::new(value)))
}
