//! Sizes, equations and conditions as they were written.

use super::{Literal, Name, Origin, Spanned};

/// The right side of an equation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expr {
    /// What it says.
    pub kind: ExprKind,
    /// Where it was written.
    pub origin: Origin,
}

/// The kinds of an [`Expr`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ExprKind {
    /// A number, bytes or a constant's name.
    Literal(Literal),
    /// A field.
    Path(Name),
    /// `size(self)`, `size(a..b)`, `count(items)`.
    Call {
        /// The function.
        function: Name,
        /// What it is applied to.
        argument: Argument,
    },
    /// `size(self) - 4`.
    Binary {
        /// The operator as it is written: `+ - * /`.
        operator: char,
        /// Its left side.
        left: Box<Expr>,
        /// Its right side.
        right: Box<Expr>,
    },
    /// `size(data) else -1`; only as the whole.
    Else {
        /// What is measured.
        value: Box<Expr>,
        /// What the number is where that is not there.
        absent: Spanned<Literal>,
    },
}

/// What a function of the language is applied to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Argument {
    /// A field, `self` or `rest`.
    Name(Name),
    /// `first..last`, both included.
    Range(Name, Name),
}

/// What is worked out from values that are there already: a condition, or a number. An [`Expr`] goes the other way: it
/// measures, and is solved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Formula {
    /// What it says.
    pub kind: FormulaKind,
    /// Its spelling, on one line.
    pub text: String,
    /// Where it was written.
    pub origin: Origin,
}

/// The kinds of a [`Formula`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FormulaKind {
    /// A number, bytes or a constant's name.
    Literal(Literal),
    /// `flags`, `head.flags`, `it`, `true`.
    Path(Vec<Name>),
    /// `Method.Password`.
    Variant(Name, Name),
    /// `headers["transfer-encoding"]`.
    Header(Name),
    /// `offset(id)`: where a field starts.
    Offset(Name),
    /// `!will`.
    Not(Box<Formula>),
    /// `-x`.
    Negative(Box<Formula>),
    /// `flags & 6`.
    Binary {
        /// The operator.
        operator: Operator,
        /// Its left side.
        left: Box<Formula>,
        /// Its right side.
        right: Box<Formula>,
    },
    /// `kind is Vendor`.
    Is {
        /// What is looked at.
        value: Box<Formula>,
        /// The variant that it may be.
        variant: Name,
    },
}

/// An operator of a [`Formula`] with two sides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Operator {
    /// `||`
    Or,
    /// `&&`
    And,
    /// `==`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Less,
    /// `<=`
    LessEqual,
    /// `>`
    Greater,
    /// `>=`
    GreaterEqual,
    /// `|`
    BitOr,
    /// `^`
    BitXor,
    /// `&`
    BitAnd,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `+`
    Add,
    /// `-`
    Subtract,
    /// `*`
    Multiply,
    /// `/`
    Divide,
    /// `%`
    Remainder,
}

impl Operator {
    /// Every operator.
    pub const ALL: [Self; 18] = [
        Self::Or,
        Self::And,
        Self::Equal,
        Self::NotEqual,
        Self::Less,
        Self::LessEqual,
        Self::Greater,
        Self::GreaterEqual,
        Self::BitOr,
        Self::BitXor,
        Self::BitAnd,
        Self::ShiftLeft,
        Self::ShiftRight,
        Self::Add,
        Self::Subtract,
        Self::Multiply,
        Self::Divide,
        Self::Remainder,
    ];

    /// Its spelling, in the language as in Rust.
    #[must_use]
    pub const fn sign(self) -> &'static str {
        match self {
            Self::Or => "||",
            Self::And => "&&",
            Self::Equal => "==",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessEqual => "<=",
            Self::Greater => ">",
            Self::GreaterEqual => ">=",
            Self::BitOr => "|",
            Self::BitXor => "^",
            Self::BitAnd => "&",
            Self::ShiftLeft => "<<",
            Self::ShiftRight => ">>",
            Self::Add => "+",
            Self::Subtract => "-",
            Self::Multiply => "*",
            Self::Divide => "/",
            Self::Remainder => "%",
        }
    }

    /// How tightly it binds, as in Rust: what binds tighter is worked out first.
    #[must_use]
    pub const fn precedence(self) -> u8 {
        match self {
            Self::Or => 1,
            Self::And => 2,
            Self::Equal | Self::NotEqual | Self::Less | Self::LessEqual | Self::Greater | Self::GreaterEqual => 3,
            Self::BitOr => 4,
            Self::BitXor => 5,
            Self::BitAnd => 6,
            Self::ShiftLeft | Self::ShiftRight => 7,
            Self::Add | Self::Subtract => 8,
            Self::Multiply | Self::Divide | Self::Remainder => 9,
        }
    }

    /// Whether it compares: `a == b == c` then means nothing.
    #[must_use]
    pub const fn compares(self) -> bool {
        self.precedence() == 3
    }
}
