//! What chooses the arm of a union, and what is handed to a layout.

use super::{Bytes, Content, Int, Schema, Type, Value, Words};

/// A value that a layout is handed.
#[derive(Debug, Clone)]
pub struct Param {
    /// Its name.
    pub name: String,
    /// [`Type::Int`], [`Type::Enum`] or a word.
    pub ty: Type,
}

/// What chooses the arm of a union.
#[derive(Debug, Clone)]
pub struct Choice {
    /// Where the value is that chooses.
    pub by: By,
    /// The values of each arm, both ends included; of an enum those of one variant, of words the place of one among
    /// them. None for `_`, all others.
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

    /// The arm that a value chooses which is handed in, by index.
    #[must_use]
    pub fn given(&self, schema: &Schema, value: &Value) -> Option<usize> {
        match (&self.by, value) {
            (By::Given(Type::Bytes(Bytes { content: Content::Word(index), .. })), Value::Bytes(word)) => {
                let place = schema.words[*index].find(word).and_then(|place| i128::try_from(place).ok());
                self.arm(place.unwrap_or(-1))
            }
            (_, Value::Int(value)) => self.arm(*value),
            _ => self.arm(i128::MAX),
        }
    }

    /// The words that choose an arm by name.
    #[must_use]
    pub fn words<'w>(&self, words: &'w Words) -> Vec<&'w str> {
        let places = self.values.iter().flatten().filter_map(|(place, _)| usize::try_from(*place).ok());
        places.filter_map(|place| words.words.get(place)).map(|word| word.text.as_str()).collect()
    }
}

impl By {
    /// The tag in the first byte of an arm, if it is some of its bits.
    #[must_use]
    pub fn of_first(&self, byte: u8) -> Option<i128> {
        match *self {
            Self::Bits { width, shift } => Some(i128::from(byte >> shift) & ((1 << width) - 1)),
            Self::Tag(_) | Self::Header { .. } | Self::Given(_) => None,
        }
    }
}

/// Where the value is that chooses the arm of a union.
#[derive(Debug, Clone)]
pub enum By {
    /// In front of the arm: a tag, one value for each arm.
    Tag(Int),
    /// In the first byte of the arm: a tag of some of its bits. The struct of each arm has them as a constant.
    Bits {
        /// How many bits, 1 to 7.
        width: u8,
        /// How many bits of the byte stand below them.
        shift: u8,
    },
    /// In the headers of the layout around it, which hands them in: the values of the arms are places among the words.
    Header {
        /// The name of the header.
        name: String,
        /// What it may say, if it is there; the arm without a value is for when it is absent.
        words: Vec<String>,
    },
    /// In the layout around it, which hands it in: [`Type::Int`], [`Type::Enum`] or a word.
    Given(Type),
}
