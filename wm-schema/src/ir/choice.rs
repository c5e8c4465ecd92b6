//! What chooses the arm of a union, and what is handed to a layout.

use super::{Int, Type};

/// A value that a layout is handed.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// [`Type::Int`] or [`Type::Enum`].
    pub ty: Type,
}

/// What chooses the arm of a union.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Where the value is that chooses.
    pub by: By,
    /// The values of each arm, both ends included; of an enum those of one variant. None for `_`, all others.
    pub values: Vec<Option<(i128, i128)>>,
    /// Whether every value chooses an arm.
    pub complete: bool,
}

impl Choice {
    /// The arm that a value chooses, by index.
    #[must_use]
    pub fn arm(&self, value: i128) -> Option<usize> {
        let named = self.values.iter().position(|values| values.is_some_and(|(a, b)| (a..=b).contains(&value)));
        named.or_else(|| self.values.iter().position(Option::is_none))
    }
}

/// Where the value is that chooses the arm of a union.
#[derive(Debug, Clone)]
pub enum By {
    /// In front of the arm: a tag, one value for each arm.
    Tag(Int),
    /// In the layout around it, which hands it in: [`Type::Int`] or [`Type::Enum`].
    Given(Type),
}
