//! Layouts: fields one behind the other, or the arms of a union.

use super::{Bytes, Checksum, Choice, Formula, Param, Pointer, Type};
use crate::draft::{Endian, Held, RustShape, Side};

/// Fields one behind the other.
#[derive(Debug, Clone)]
pub struct Layout {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name.
    pub name: String,
    /// `(flags: u8)`: values that the layout around it hands in.
    pub params: Vec<Param>,
    /// The fields in the order of the wire; of a union its arms, of which one is there.
    pub fields: Vec<Field>,
    /// What chooses the arm, if it is a union.
    pub choice: Option<Choice>,
    /// What bounds how deep it may contain itself, if it does.
    pub nesting: Option<Nesting>,
    /// `max`: the most bytes that it takes, where those that a pointer leads to stand in the place of the pointer.
    pub max: Option<u64>,
    /// The most pointers in a chain that leads to it, if there are pointers to it.
    pub hops: Option<u64>,
    /// The least and the most bytes that it takes.
    pub size: Size,
    /// Whether its last field takes all that comes up to the end of the stream.
    pub until_end: bool,
    /// Whether the Rust struct borrows, and so has a lifetime: a field of bytes, text, JSON, a list, or a struct that does.
    pub borrows: bool,
    /// How Rust holds it.
    pub rust: RustShape,
    /// The path of the file that it was imported from, seen from the schema's own.
    pub file: Option<String>,
    /// Its line in that file.
    pub line: u32,
}

/// How deep a layout may contain itself. All layouts of a circle have the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nesting {
    /// The struct or union of the circle that is counted, by index.
    pub head: usize,
    /// How many of it may stand in each other.
    pub most: u64,
}

impl Layout {
    /// The number that says by its equation whether the field `at` is there, if one does.
    #[must_use]
    pub fn presence(&self, at: usize) -> Option<usize> {
        let decides = |number: &Field| number.measured_if_there() == Some(at);
        self.fields.iter().position(decides)
    }

    /// The field whose presence a condition asks for, by the number that says it.
    #[must_use]
    pub fn asks_for(&self, condition: &Formula) -> Option<usize> {
        condition.term.fields().into_iter().find_map(|number| self.fields[number].measured_if_there())
    }

    /// The field that a user sets behind the same `if`, if that asks for what is handed in.
    #[must_use]
    pub fn beside(&self, condition: &Formula) -> Option<usize> {
        let is_same = |field: &Field| field.role == Role::Value && field.condition.as_ref() == Some(condition);
        let handed = (0..self.params.len()).any(|param| condition.term.reads_param(param));
        self.fields.iter().position(is_same).filter(|_| handed)
    }

    /// The number that says how many bytes each element of a list takes, if one does.
    #[must_use]
    pub fn each(&self, list: usize) -> Option<usize> {
        self.fields.iter().position(|field| field.role.each() == Some(list))
    }

    /// Whether the content of a field is transformed.
    #[must_use]
    pub fn is_transformed(&self, field: usize) -> bool {
        matches!(self.fields[field].ty, Type::Bytes(Bytes { via: Some(_), .. }))
    }

    /// The last field that is read before transforms are undone, if there are any: all that is transformed, and the checksums
    /// over it. What stands up to there is read twice, and what depends on transformed content only the second time.
    #[must_use]
    pub fn undone_behind(&self) -> Option<usize> {
        let last = (0..self.fields.len()).rfind(|at| self.is_transformed(*at))?;
        let covering = (0..self.fields.len()).filter_map(|at| {
            let checksum = self.checksum(at)?;
            (checksum.first..=checksum.last).any(|covered| self.is_transformed(covered)).then(|| at.max(checksum.last))
        });
        Some(covering.fold(last, usize::max))
    }

    /// Whether a formula reads a number that the encoder computes.
    #[must_use]
    pub fn computes(&self, formula: &Formula) -> bool {
        formula.term.fields().iter().any(|field| matches!(self.fields[*field].role, Role::Computed(_)))
    }
}

/// How many bytes something takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// The least.
    pub least: u64,
    /// The most; limits of the schema are counted in, so that it is always known in a message. None in a struct whose
    /// `[..]` is bounded only by what contains it.
    pub most: Option<u64>,
}

impl Size {
    /// The size, if it is always the same.
    #[must_use]
    pub fn fixed(self) -> Option<u64> {
        (self.most == Some(self.least)).then_some(self.least)
    }
}

/// A line of a layout.
#[derive(Debug, Clone)]
pub struct Field {
    /// Doc comments.
    pub docs: Vec<String>,
    /// The name; for a constant its spelling in the schema, `_` for a reserved field.
    pub name: String,
    /// Whether a user sets it.
    pub role: Role,
    /// What stands on the wire.
    pub ty: Type,
    /// `if`: when it is there. Rust holds it as an `Option`, and its least size is 0.
    pub condition: Option<Formula>,
    /// `since`: it is there if its region does not end in front of it. Rust holds it as an `Option`, and its least size is 0.
    pub since: Option<Since>,
    /// What is handed to the struct that it is; of a union that is given its value, behind that.
    pub args: Vec<Formula>,
    /// `where`: what must be true once it has been read, in source order.
    pub rules: Vec<Formula>,
    /// The earlier field that says how many bytes are its region, which it must use up: a list or a struct that takes all
    /// that is left, [`Role::Computed`] by an equation that measures it. Size of the region = value of that field - `add`
    /// of its equation.
    pub region: Option<usize>,
    /// How many bytes the fields behind it take, which it leaves: of a struct that takes all else that is left, and has
    /// something behind it.
    pub leaves: Option<u64>,
    /// How Rust holds it.
    pub held: Held,
    /// The path of the type that it is [`Held::Converted`] to, if the schema says it.
    pub converted: Option<String>,
    /// Where its bits stand, if it is part of a run of bits.
    pub bits: Option<BitPlace>,
    /// The least and the most bytes that it takes, its prefix and delimiter included. The bytes of a run of bits are
    /// those of its last field, the others take none.
    pub size: Size,
    /// `stream`: it may be too large to be held whole.
    pub stream: bool,
    /// Its line in the schema.
    pub line: u32,
}

impl Field {
    /// The field that it measures, and of which it says whether it is there.
    fn measured_if_there(&self) -> Option<usize> {
        match self.role {
            Role::Computed(Equation { measure, absent: Some(_), .. }) => Some(measure.last()),
            _ => None,
        }
    }

    /// Whether it may be absent; what a user sets Rust then holds as an `Option`.
    #[must_use]
    pub const fn is_optional(&self) -> bool {
        !matches!(self.role, Role::Pointed(_)) && (self.condition.is_some() || self.since.is_some())
    }

    /// How many bytes an encoder writes for it.
    #[must_use]
    pub fn written(&self) -> Size {
        if self.role == Role::Extension { Size { least: 0, most: Some(0) } } else { self.size }
    }
}

/// Which version brought a field, and those behind it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Since {
    /// The version.
    pub version: u32,
    /// The field in front that some version brought, too: it is there where this one is.
    pub behind: Option<usize>,
    /// Whether the same version brought both: then this one is there where that one is.
    pub joined: bool,
}

/// The bits of a field in its run: fields of bits that fill whole bytes together are one number on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BitPlace {
    /// The index of the first field of the run.
    pub first: usize,
    /// The index of its last field.
    pub last: usize,
    /// How many bytes the run takes, 1 to 8.
    pub bytes: u8,
    /// The order of these bytes.
    pub endian: Endian,
    /// How many bits of the number stand below those of the field.
    pub shift: u8,
    /// How many bits the field takes, 1 to 64.
    pub width: u8,
}

impl BitPlace {
    /// The first byte of the run that holds bits of the field.
    #[must_use]
    pub fn byte(&self) -> u64 {
        let highest = self.shift + self.width - 1;
        u64::from(match self.endian {
            Endian::Big => self.bytes - 1 - highest / 8,
            Endian::Little => self.shift / 8,
        })
    }

    /// How many bytes of the run hold bits of the field.
    #[must_use]
    pub fn spread(&self) -> u8 {
        let highest = self.shift + self.width - 1;
        highest / 8 - self.shift / 8 + 1
    }

    /// The most that the bits can say.
    #[must_use]
    pub fn most(&self) -> u64 {
        u64::MAX >> (64 - u32::from(self.width))
    }
}

/// Where the value of a field comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Role {
    /// The user sets it: it is a field of the Rust struct.
    Value,
    /// The schema fixes it: `"****"`, `ver: u8 = 5`. Numbers carry their value; [`Type::Constant`] its bytes.
    Constant(i128),
    /// The encoder computes it, the decoder checks it, the framer may solve it.
    Computed(Equation),
    /// The encoder computes it from the bytes of other fields, the decoder checks it.
    Checksum(Checksum),
    /// Nobody sets it, and the encoder writes nothing: what newer peers add behind the last field, which the decoder skips.
    Extension,
    /// It takes no bytes: it is read at an earlier place of the frame, and nobody sets it. Rust holds it beside what users
    /// set. Its type is [`Type::Struct`].
    Pointed(Pointer),
    /// True exactly if this side sends the message, which both may send: an [`Int::Flag`](super::Int::Flag).
    Sender(Side),
}

impl Role {
    /// The list of which it says how many bytes each element takes.
    #[must_use]
    pub const fn each(&self) -> Option<usize> {
        match self {
            Self::Computed(Equation { measure: Measure::Each { list }, .. }) => Some(*list),
            _ => None,
        }
    }
}

/// `value = measure + add`, in units of its own; or `absent`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Equation {
    /// What is measured.
    pub measure: Measure,
    /// What is added to it.
    pub add: i64,
    /// The units in which the number counts that.
    pub scale: Scale,
    /// `else -1`: what the number is where the one field that is measured is not there. No size comes to it, and the
    /// `if` of that field says just this.
    pub absent: Option<i128>,
}

/// The units of a number, against bytes or elements.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// The same.
    One,
    /// So many of them each, at least 2: `size(x) / 4`.
    Over(u64),
    /// One of them is so many, at least 2: `size(x) * 8`.
    Times(u64),
}

impl Scale {
    /// What a number says in bytes or elements; none if that is no whole number of them.
    #[must_use]
    pub fn said(self, number: i128) -> Option<i128> {
        match self {
            Self::One => Some(number),
            Self::Over(by) => number.checked_mul(by.into()),
            Self::Times(by) => (number % i128::from(by) == 0).then(|| number / i128::from(by)),
        }
    }

    /// What the most that a number can be says, cut to whole bytes or elements.
    #[must_use]
    pub fn most(self, number: i128) -> i128 {
        match self {
            Self::One => number,
            Self::Over(by) => number.saturating_mul(by.into()),
            Self::Times(by) => number / i128::from(by),
        }
    }

    /// The number that says so many bytes or elements; else the next count of them that a number could say.
    ///
    /// # Errors
    ///
    /// No number says just so many.
    pub fn number(self, said: i128) -> Result<i128, i128> {
        match self {
            Self::One => Ok(said),
            Self::Times(by) => Ok(said.saturating_mul(by.into())),
            Self::Over(by) => {
                let by = i128::from(by);
                let over = said.rem_euclid(by);
                if over == 0 { Ok(said / by) } else { Err(said - over + by) }
            }
        }
    }
}

/// What an equation measures, within its layout.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Measure {
    /// The bytes of the fields `first..=last`, prefixes and delimiters included: `size(self)` is all fields, `size(rest)`
    /// those behind this one. `size(x)` of bytes with a prefix or a delimiter of their own counts these too.
    Bytes {
        /// The index of the first field.
        first: usize,
        /// The index of the last field.
        last: usize,
    },
    /// The count of the elements of a list.
    Elements {
        /// The index of the list.
        list: usize,
    },
    /// The bytes of each element of a list, which all have the same, and are regions of their own; 0 if there are none.
    Each {
        /// The index of the list.
        list: usize,
    },
}

impl Measure {
    /// The index of the last field that is measured.
    #[must_use]
    pub const fn last(self) -> usize {
        match self {
            Self::Bytes { last, .. } => last,
            Self::Elements { list } | Self::Each { list } => list,
        }
    }
}
