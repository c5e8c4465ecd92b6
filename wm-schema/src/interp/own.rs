//! What is written in Rust. The interpreter runs what it was lent (`Schema::lend_function`, `lend_via`, `lend_type`); of all
//! else it sees what stands on the wire: a checksum is not compared, a transform not undone, a type not asked.

use super::{EncodeFault, Fault, checksum, via};
use crate::ir::{
    Bytes, Content, ExternFunction, ExternVia, Field, Function, Held, Layout, Meant, Role, Schema, Type, Value, Via,
    Way,
};

/// What a function of bytes comes to, if it is known.
pub(super) fn checksum(schema: &Schema, function: Function, bytes: &[u8]) -> Option<u64> {
    match function {
        Function::Extern { index, .. } => schema.externs.functions[index].lent.as_ref().map(|lent| (lent.0)(bytes)),
        known => Some(checksum::of(known, bytes)),
    }
}

/// Why a message cannot be written: it needs a function that was not lent.
pub(super) fn missing_function(schema: &Schema, function: Function) -> EncodeFault {
    let path = match function {
        Function::Extern { index, .. } => schema.externs.functions[index].path.clone(),
        known => known.name(),
    };
    EncodeFault::NotLent { path }
}

/// What content stands for.
pub(super) fn undo(schema: &Schema, via: Via, key: &[u8], wire: &[u8]) -> Result<Vec<u8>, Fault> {
    match via {
        Via::Extern(index) => match &schema.externs.vias[index].lent {
            Some(lent) => (lent.0)(wire, Way::Undo).map_err(|reason| Fault::Refused { reason }),
            None => Ok(wire.to_vec()),
        },
        known => via::undo(known, key, wire),
    }
}

/// What stands on the wire for content.
pub(super) fn apply(schema: &Schema, via: Via, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, EncodeFault> {
    match via {
        Via::Extern(index) => {
            let known = &schema.externs.vias[index];
            match &known.lent {
                Some(lent) => (lent.0)(plain, Way::Apply).map_err(|reason| EncodeFault::Refused { reason }),
                None => Err(EncodeFault::NotLent { path: known.path.clone() }),
            }
        }
        known => Ok(via::apply(known, key, plain)),
    }
}

/// Content as it is read: where its transform is not known, as it stands on the wire.
pub(super) fn readable(schema: &Schema, bytes: &Bytes, on_wire: bool) -> Option<Bytes> {
    let unknown = matches!(bytes.via, Some(Via::Extern(index)) if schema.externs.vias[index].lent.is_none());
    (bytes.via.is_some() && (on_wire || unknown)).then(|| Bytes { via: None, content: Content::Bytes, ..bytes.clone() })
}

/// Whether a formula may not be asked of a field yet: what it means is not known.
pub(super) fn is_unknown(schema: &Schema, field: &Field, on_wire: bool) -> bool {
    matches!(&field.ty, Type::Bytes(bytes) if readable(schema, bytes, on_wire).is_some())
}

/// What a type of the user's makes of a value; none if it is no such field, or was not lent.
pub(super) fn meant(schema: &Schema, field: &Field, value: &Value) -> Option<Result<Meant, String>> {
    let path = field.converted.as_ref().filter(|_| field.held == Held::Converted)?;
    schema.externs.types.get(path).map(|lent| (lent.0)(value))
}

/// The paths of what a layout needs of Rust and was not lent, of all that it contains too.
pub(super) fn missing(schema: &Schema, layout: &Layout) -> Vec<String> {
    let mut found = Vec::new();
    let mut seen: Vec<&str> = vec![&layout.name];
    let mut open = vec![layout];
    while let Some(layout) = open.pop() {
        for field in &layout.fields {
            let path = match (&field.ty, &field.role) {
                (_, Role::Checksum(sum)) => match sum.function {
                    Function::Extern { index, .. } => of_function(&schema.externs.functions[index]),
                    _ => None,
                },
                (Type::Bytes(Bytes { via: Some(Via::Extern(index)), .. }), _) => of_via(&schema.externs.vias[*index]),
                _ => field.converted.clone().filter(|path| !schema.externs.types.contains_key(path)),
            };
            found.extend(path.filter(|path| !found.contains(path)));
            let part = match &field.ty {
                Type::Struct(index) => Some(*index),
                Type::List { element, .. } => match **element {
                    Type::Struct(index) => Some(index),
                    _ => None,
                },
                _ => None,
            };
            let part = part.map(|index| &schema.structs[index]).filter(|part| !seen.contains(&part.name.as_str()));
            if let Some(part) = part {
                seen.push(&part.name);
                open.push(part);
            }
        }
    }
    found
}

fn of_function(function: &ExternFunction) -> Option<String> {
    function.lent.is_none().then(|| function.path.clone())
}

fn of_via(via: &ExternVia) -> Option<String> {
    via.lent.is_none().then(|| via.path.clone())
}
