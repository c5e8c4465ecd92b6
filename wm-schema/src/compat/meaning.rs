//! Whether two versions have read the same: values at the same places, whatever they are called.
//!
//! What both versions know by a name must be the same; what one has under a name that the other has not is paired in order,
//! and called renamed.

use crate::ir::{Field, Layout, Role, Schema, Type, Value};
use std::collections::BTreeSet;

/// The sender's and the receiver's view.
pub(super) struct Meaning<'m> {
    pub(super) schemas: [&'m Schema; 2],
    /// The names of one and the other version for the same.
    pub(super) renamed: BTreeSet<(String, String)>,
}

/// The type of a value in both versions.
type Types<'m> = [&'m Type; 2];

impl<'m> Meaning<'m> {
    /// What differs in a message that was sent as `index`, if something does.
    pub(super) fn message(&mut self, index: usize, sent: &Value, read: &Value) -> Option<String> {
        let Value::Arm(found, read) = read else { return Some("the message is read as raw bytes".to_owned()) };
        let layouts = [&self.schemas[0].messages[index].layout, &self.schemas[1].messages[*found].layout];
        let taken = [0, 1].map(|at: usize| {
            self.schemas[1 - at].messages.iter().any(|message| message.layout.name == layouts[at].name)
        });
        if let Some(differs) = self.named([&layouts[0].name, &layouts[1].name], taken, "the message") {
            return Some(differs);
        }
        self.layouts(layouts, [sent, read], &layouts[0].name)
    }

    /// Whether two names are for the same: they are the same name, or both are names that the other version has not.
    fn named(&mut self, names: [&str; 2], taken: [bool; 2], what: &str) -> Option<String> {
        if names[0] == names[1] {
            return None;
        }
        if taken[0] || taken[1] {
            return Some(format!("{what} `{}` is read as `{}`", names[0], names[1]));
        }
        self.renamed.insert((names[0].to_owned(), names[1].to_owned()));
        None
    }

    fn layouts(&mut self, layouts: [&'m Layout; 2], values: [&Value; 2], path: &str) -> Option<String> {
        match values {
            [Value::Struct(one), Value::Struct(other)] => self.fields(layouts, [one, other], path),
            [Value::Arm(one, value), Value::Arm(other, read)] => {
                let arms = [&layouts[0].fields[*one], &layouts[1].fields[*other]];
                let taken = [0, 1].map(|at: usize| layouts[1 - at].fields.iter().any(|arm| arm.name == arms[at].name));
                let differs = self.named([&arms[0].name, &arms[1].name], taken, &format!("the arm of `{path}`"));
                differs.or_else(|| self.values([&arms[0].ty, &arms[1].ty], [value, read], path))
            }
            _ => Some(format!("`{path}` is read as something of another kind")),
        }
    }

    fn fields(&mut self, layouts: [&'m Layout; 2], values: [&[Value]; 2], path: &str) -> Option<String> {
        let set = |at: usize| -> Vec<(&'m Field, &Value)> {
            let is_set = |field: &&Field| field.role == Role::Value && !matches!(field.ty, Type::Constant(_));
            layouts[at].fields.iter().filter(is_set).zip(values[at]).collect()
        };
        let (sent, read) = (set(0), set(1));
        let has = |fields: &[(&Field, &Value)], name: &str| fields.iter().any(|(field, _)| field.name == name);
        for (field, value) in &sent {
            let Some((other, found)) = read.iter().find(|(other, _)| other.name == field.name) else { continue };
            let path = format!("{path}.{}", field.name);
            let differs = self.values([&field.ty, &other.ty], [value, found], &path);
            if differs.is_some() {
                return differs;
            }
        }
        let mut gone = sent.iter().filter(|(field, _)| !has(&read, &field.name));
        let mut come = read.iter().filter(|(field, _)| !has(&sent, &field.name));
        loop {
            let ((field, value), (other, found)) = match (gone.next(), come.next()) {
                (None, None) => return None,
                (Some(gone), Some(come)) => (gone, come),
                (Some((_, Value::Option(None))), None) | (None, Some((_, Value::Option(None)))) => continue,
                // A receiver that skips what newer versions add has read what it knows.
                (Some(_), None) if layouts[1].fields.iter().any(|field| field.role == Role::Extension) => return None,
                (Some((field, _)), None) => {
                    return Some(format!("`{path}.{}` is read by the sender's version alone", field.name));
                }
                (None, Some((field, _))) => {
                    return Some(format!("`{path}.{}` is read by the receiver's version alone", field.name));
                }
            };
            let path = format!("{path}.{}", field.name);
            let differs = self.values([&field.ty, &other.ty], [value, found], &path);
            if differs.is_some() {
                return differs;
            }
            self.renamed
                .insert((format!("{}.{}", layouts[0].name, field.name), format!("{}.{}", layouts[1].name, other.name)));
        }
    }

    fn values(&mut self, types: Types<'m>, values: [&Value; 2], path: &str) -> Option<String> {
        let schemas = self.schemas;
        match (types, values) {
            (_, [Value::Option(None), Value::Option(None)]) => None,
            (_, [Value::Option(Some(value)), read]) => self.values(types, [value, read], path),
            (_, [value, Value::Option(Some(read))]) => self.values(types, [value, read], path),
            ([Type::Struct(one), Type::Struct(other)], _) => {
                self.layouts([&schemas[0].structs[*one], &schemas[1].structs[*other]], values, path)
            }
            (
                [Type::List { element: one, .. }, Type::List { element: other, .. }],
                [Value::List(sent), Value::List(read)],
            ) => {
                if sent.len() != read.len() {
                    return Some(format!("`{path}` is {} elements, and read as {}", sent.len(), read.len()));
                }
                let pairs = sent.iter().zip(read).enumerate();
                pairs
                    .map(|(at, (sent, read))| self.values([one, other], [sent, read], &format!("{path}[{at}]")))
                    .find(Option::is_some)?
            }
            ([Type::Enum(one), Type::Enum(other)], [Value::Int(sent), Value::Int(read)]) if sent == read => {
                let enums = [&schemas[0].enums[*one], &schemas[1].enums[*other]];
                let name = |at: usize| {
                    let is_it = |variant: &&crate::ir::Variant| {
                        (i128::from(variant.least)..=variant.most.into()).contains(sent)
                    };
                    enums[at].variants.iter().find(is_it).map(|variant| variant.name.as_str())
                };
                // What has no name in one of them is the number that it is.
                let names = [name(0)?, name(1)?];
                let taken =
                    [0, 1].map(|at: usize| enums[1 - at].variants.iter().any(|variant| variant.name == names[at]));
                self.named(names, taken, &format!("the variant of `{path}`"))
            }
            (_, [sent, read]) if is_same(sent, read) => None,
            _ => Some(format!("`{path}` is {}, and read as {}", brief(values[0]), brief(values[1]))),
        }
    }
}

/// Floats that are no numbers are the same.
fn is_same(sent: &Value, read: &Value) -> bool {
    match (sent, read) {
        (Value::Float(sent), Value::Float(read)) => sent == read || sent.is_nan() && read.is_nan(),
        (sent, read) => sent == read,
    }
}

/// A value in a few words.
fn brief(value: &Value) -> String {
    match value {
        Value::Int(number) => number.to_string(),
        Value::Bytes(bytes) => {
            let cut: String = bytes.iter().take(24).map(|byte| byte.escape_ascii().to_string()).collect();
            format!("\"{cut}\"{}", if bytes.len() > 24 { "…" } else { "" })
        }
        Value::Option(None) => "absent".to_owned(),
        Value::Struct(_) | Value::Arm(..) => "a struct".to_owned(),
        Value::List(items) => format!("{} elements", items.len()),
        other => format!("{other:?}"),
    }
}
