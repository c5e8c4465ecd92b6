//! Pointers: values that are read at an earlier place of their frame.

use super::{Formula, Layout, Role, Schema, Type};

/// The most pointers in a chain, if the schema does not say: following them goes as deep in the stack.
pub const HOPS_MAX: u64 = 16;

/// The most bytes that one pointer may lead to: each of them is followed when a message is read.
pub const POINTED_BYTES_MAX: u64 = 4 << 10;

/// `at (offset(id) + off) backward`: where a value stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pointer {
    /// The place, in bytes from the start of the frame.
    pub place: Formula,
    /// The first byte where such a value may stand.
    pub least: u64,
}

impl Schema {
    /// Whether a layout, or what stands in it, has a pointer.
    #[must_use]
    pub fn holds_pointers(&self, layout: &Layout) -> bool {
        let mut seen = vec![false; self.structs.len()];
        let mut open = vec![layout];
        while let Some(layout) = open.pop() {
            for field in &layout.fields {
                if matches!(field.role, Role::Pointed(_)) {
                    return true;
                }
                if let Some(part) = part(&field.ty).filter(|part| !std::mem::replace(&mut seen[*part], true)) {
                    open.push(&self.structs[part]);
                }
            }
        }
        false
    }

    /// The arms of the list `field` of a layout that point at another such layout, by the union, the arm, and the field of
    /// the arm's struct: elements may go on there.
    #[must_use]
    pub fn chain(&self, layout: &Layout, field: usize) -> Vec<(usize, usize, usize)> {
        let Type::List { element, .. } = &layout.fields[field].ty else { return Vec::new() };
        let Type::Struct(union) = **element else { return Vec::new() };
        let arms = self.structs[union].fields.iter().enumerate();
        let pointers = arms.flat_map(|(arm, held)| {
            let Type::Struct(part) = held.ty else { return Vec::new() };
            let fields = self.structs[part].fields.iter().enumerate();
            let back = fields.filter(|(_, field)| {
                let there = matches!(field.ty, Type::Struct(there) if self.structs[there].name == layout.name);
                matches!(field.role, Role::Pointed(_)) && there
            });
            back.map(|(field, _)| (union, arm, field)).collect()
        });
        if self.structs[union].choice.is_some() { pointers.collect() } else { Vec::new() }
    }
}

/// The struct that a type is, or that its elements are.
fn part(ty: &Type) -> Option<usize> {
    match ty {
        Type::Struct(part) => Some(*part),
        Type::List { element, .. } => part(element),
        _ => None,
    }
}
