//! Formulas: conditions and numbers that are worked out from values which are there already.
//!
//! A formula cannot fail: [`crate::resolve`] knows the least and the most of each part, and refuses what could leave
//! `i128`, divide by zero, or shift too far.

pub use crate::draft::Operator;

/// A checked formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    /// What it computes.
    pub term: Term,
    /// Its spelling in the schema, on one line.
    pub text: String,
}

/// A part of a formula.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Term {
    /// A number, or a variant of an enum as its value.
    Int(i128),
    /// `true` or `false`.
    Bool(bool),
    /// Bytes or text.
    Bytes(Vec<u8>),
    /// A variant of an enum, which is no range.
    Variant {
        /// The enum, by index.
        of: usize,
        /// The variant, by index.
        variant: usize,
        /// Its value.
        value: i128,
    },
    /// A word of an enum of words.
    Word {
        /// The enum, by index.
        of: usize,
        /// How it is spelled.
        text: String,
    },
    /// A field of the layout, by index, which is always there.
    Field(usize),
    /// A field of a struct.
    Member {
        /// The value of the struct.
        of: Box<Self>,
        /// The struct, by index.
        part: usize,
        /// The field in it, by index.
        field: usize,
    },
    /// Where a field of the layout starts, by index, in bytes from the start of the frame: only of a pointer.
    Offset(usize),
    /// A parameter of the layout, by index.
    Param(usize),
    /// An element of the list that a condition is about to end.
    It,
    /// How many bytes or elements a value has, and so many more: what a computed number says of it.
    Length {
        /// The value: [`Type::Bytes`](super::Type::Bytes) or [`Type::List`](super::Type::List).
        of: Box<Self>,
        /// What the number says more.
        add: i64,
    },
    /// The number of a value of an enum.
    Number {
        /// The value of the enum.
        value: Box<Self>,
        /// The enum, by index.
        of: usize,
    },
    /// `!x`
    Not(Box<Self>),
    /// `-x`
    Negative(Box<Self>),
    /// `x & y`
    Binary {
        /// The operator.
        operator: Operator,
        /// Its left side.
        left: Box<Self>,
        /// Its right side.
        right: Box<Self>,
    },
    /// Whether an enum has a variant, which may be a range.
    Is {
        /// The value of the enum.
        value: Box<Self>,
        /// The enum, by index.
        of: usize,
        /// The variant, by index.
        variant: usize,
        /// The values of the variant, both ends included.
        within: (i128, i128),
    },
    /// Whether a union has an arm.
    IsArm {
        /// The value of the union.
        value: Box<Self>,
        /// The union, by index.
        of: usize,
        /// The arm, by index.
        arm: usize,
    },
    /// What an arm of a union holds: read only where the formula knows that it is that arm.
    Arm {
        /// The value of the union.
        value: Box<Self>,
        /// The union, by index.
        of: usize,
        /// The arm, by index.
        arm: usize,
    },
}

/// What a part of a formula comes to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Computed {
    /// A number, or the value of an enum.
    Int(i128),
    /// `true` or `false`.
    Bool(bool),
    /// Bytes or text.
    Bytes(Vec<u8>),
}

impl Computed {
    /// Whether it is `true`.
    #[must_use]
    pub fn holds(&self) -> bool {
        *self == Self::Bool(true)
    }

    fn int(&self) -> i128 {
        match self {
            Self::Int(value) => *value,
            Self::Bool(value) => i128::from(*value),
            Self::Bytes(_) => 0,
        }
    }
}

impl Term {
    /// Works the value out; `known` has the values of what is read: [`Term::Field`], [`Term::Member`],
    /// [`Term::Offset`], [`Term::Param`], [`Term::It`], [`Term::Length`], and of unions [`Term::IsArm`] and [`Term::Arm`].
    pub fn evaluate(&self, known: &impl Fn(&Self) -> Option<Computed>) -> Option<Computed> {
        Some(match self {
            Self::Int(value) | Self::Variant { value, .. } => Computed::Int(*value),
            Self::Bool(value) => Computed::Bool(*value),
            Self::Bytes(bytes) => Computed::Bytes(bytes.clone()),
            Self::Word { text, .. } => Computed::Bytes(text.clone().into_bytes()),
            Self::Field(_)
            | Self::Member { .. }
            | Self::Offset(_)
            | Self::Param(_)
            | Self::It
            | Self::Length { .. }
            | Self::IsArm { .. }
            | Self::Arm { .. } => known(self)?,
            Self::Not(inner) => Computed::Bool(!inner.evaluate(known)?.holds()),
            Self::Negative(inner) => Computed::Int(inner.evaluate(known)?.int().checked_neg()?),
            Self::Number { value, .. } => Computed::Int(value.evaluate(known)?.int()),
            Self::Is { value, within: (least, most), .. } => {
                Computed::Bool((*least..=*most).contains(&value.evaluate(known)?.int()))
            }
            Self::Binary { operator, left, right } => {
                let left = left.evaluate(known)?;
                match operator {
                    // What decides already is all that may be read.
                    Operator::Or if left.holds() => left,
                    Operator::And if !left.holds() => left,
                    _ => binary(*operator, &left, &right.evaluate(known)?)?,
                }
            }
        })
    }

    /// Whether something is true of the whole term and of each of its parts.
    pub fn all(&self, is_so: &impl Fn(&Self) -> bool) -> bool {
        is_so(self)
            && match self {
                Self::Member { of: inner, .. }
                | Self::Length { of: inner, .. }
                | Self::Not(inner)
                | Self::Negative(inner)
                | Self::Number { value: inner, .. }
                | Self::IsArm { value: inner, .. }
                | Self::Arm { value: inner, .. }
                | Self::Is { value: inner, .. } => inner.all(is_so),
                Self::Binary { left, right, .. } => left.all(is_so) && right.all(is_so),
                _ => true,
            }
    }

    /// Whether it reads this field of the layout, and nothing else.
    #[must_use]
    pub fn reads_only(&self, field: usize) -> bool {
        match self {
            Self::Field(index) => *index == field,
            Self::Member { .. }
            | Self::Offset(_)
            | Self::Param(_)
            | Self::It
            | Self::Length { .. }
            | Self::IsArm { .. }
            | Self::Arm { .. } => false,
            Self::Not(inner)
            | Self::Negative(inner)
            | Self::Number { value: inner, .. }
            | Self::Is { value: inner, .. } => inner.reads_only(field),
            Self::Binary { left, right, .. } => left.reads_only(field) && right.reads_only(field),
            Self::Int(_) | Self::Bool(_) | Self::Bytes(_) | Self::Word { .. } | Self::Variant { .. } => true,
        }
    }

    /// Whether it reads this parameter.
    #[must_use]
    pub fn reads_param(&self, param: usize) -> bool {
        !self.all(&|term| !matches!(term, Self::Param(index) if *index == param))
    }

    /// The fields of the layout that it reads.
    #[must_use]
    pub fn fields(&self) -> Vec<usize> {
        match self {
            Self::Field(index) => vec![*index],
            Self::Member { of: inner, .. }
            | Self::Length { of: inner, .. }
            | Self::Not(inner)
            | Self::Negative(inner)
            | Self::Number { value: inner, .. }
            | Self::IsArm { value: inner, .. }
            | Self::Arm { value: inner, .. }
            | Self::Is { value: inner, .. } => inner.fields(),
            Self::Binary { left, right, .. } => [left.fields(), right.fields()].concat(),
            Self::Int(_)
            | Self::Bool(_)
            | Self::Bytes(_)
            | Self::Word { .. }
            | Self::Variant { .. }
            | Self::Offset(_)
            | Self::Param(_)
            | Self::It => Vec::new(),
        }
    }
}

fn binary(operator: Operator, left: &Computed, right: &Computed) -> Option<Computed> {
    let (a, b) = (left.int(), right.int());
    let shift = || u32::try_from(b).ok();
    Some(match operator {
        Operator::Or => Computed::Bool(left.holds() || right.holds()),
        Operator::And => Computed::Bool(left.holds() && right.holds()),
        Operator::Equal => Computed::Bool(left == right),
        Operator::NotEqual => Computed::Bool(left != right),
        Operator::Less => Computed::Bool(a < b),
        Operator::LessEqual => Computed::Bool(a <= b),
        Operator::Greater => Computed::Bool(a > b),
        Operator::GreaterEqual => Computed::Bool(a >= b),
        Operator::BitOr => Computed::Int(a | b),
        Operator::BitXor => Computed::Int(a ^ b),
        Operator::BitAnd => Computed::Int(a & b),
        Operator::ShiftLeft => Computed::Int(a.checked_mul(1i128.checked_shl(shift()?)?)?),
        Operator::ShiftRight => Computed::Int(a.checked_shr(shift()?)?),
        Operator::Add => Computed::Int(a.checked_add(b)?),
        Operator::Subtract => Computed::Int(a.checked_sub(b)?),
        Operator::Multiply => Computed::Int(a.checked_mul(b)?),
        Operator::Divide => Computed::Int(a.checked_div(b)?),
        Operator::Remainder => Computed::Int(a.checked_rem(b)?),
    })
}
