//! Formulas: conditions and computed values, from what pest has found to their drafts.
//!
//! pest finds values and operators in a row; which binds tighter is settled here, as Rust does it.

use super::grammar::{Pair, Rule};
use super::reader::Reader;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Formula, FormulaKind, Literal, Name, Operator, Origin};

/// How many values a formula may join: what walks over it recurses.
const TERMS_MAX: usize = 32;

/// What stands between two values of a formula.
#[derive(Clone, Copy)]
enum Joint {
    Operator(Operator),
    Is,
}

impl Joint {
    fn precedence(self) -> u8 {
        match self {
            Self::Operator(operator) => operator.precedence(),
            Self::Is => Operator::Equal.precedence(),
        }
    }

    fn compares(self) -> bool {
        self.precedence() == Operator::Equal.precedence()
    }
}

impl Reader<'_> {
    /// The formula that stands in a pair behind its keyword.
    pub(super) fn formula_of(&mut self, pair: Pair<'_>) -> Option<Formula> {
        let inner = pair.into_inner().find(|part| part.as_rule() == Rule::expr)?;
        self.formula(inner)
    }

    /// `expr`, as a formula.
    pub(super) fn formula(&mut self, pair: Pair<'_>) -> Option<Formula> {
        let origin = self.origin(&pair);
        let text = self.one_line(&pair);
        let mut joints = Vec::new();
        let mut values = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::operator => joints.push((joint(part.as_str()), self.origin(&part))),
                _ => values.push(self.value_of(part)),
            }
        }
        if joints.len() >= TERMS_MAX {
            let diagnostic = Diagnostic::new(Code::Syntax, origin, "too long a formula")
                .why(format!("a formula joins at most {TERMS_MAX} values"))
                .help("check a part of it at another field");
            self.report(diagnostic);
            return None;
        }
        let mut values = values.into_iter().collect::<Option<Vec<_>>>()?.into_iter();
        let mut joints = joints.into_iter().peekable();
        let first = values.next()?;
        let mut whole = self.joined(first, &mut values, &mut joints, 0)?;
        (whole.text, whole.origin) = (text, origin);
        Some(whole)
    }

    /// Joins `left` with what follows, as long as that binds at least as tightly as `least`.
    fn joined(
        &mut self,
        mut left: Formula,
        values: &mut std::vec::IntoIter<Formula>,
        joints: &mut std::iter::Peekable<std::vec::IntoIter<(Joint, Origin)>>,
        least: u8,
    ) -> Option<Formula> {
        let mut compared = false;
        while let Some((joint, at)) = joints.next_if(|(joint, _)| joint.precedence() >= least) {
            if joint.compares() && std::mem::replace(&mut compared, true) {
                let diagnostic = Diagnostic::new(Code::Syntax, at, "a second comparison in a row")
                    .why("a comparison is true or false, and not compared again")
                    .help("join them: `a < b && b < c`");
                self.report(diagnostic);
                return None;
            }
            let mut right = values.next()?;
            let tighter = joint.precedence() + 1;
            if joints.peek().is_some_and(|(next, _)| next.precedence() >= tighter) {
                right = self.joined(right, values, joints, tighter)?;
            }
            left = self.pair_up(left, joint, right)?;
        }
        Some(left)
    }

    fn pair_up(&mut self, left: Formula, joint: Joint, right: Formula) -> Option<Formula> {
        let origin = self.places.across(left.origin, right.origin);
        let sign = if let Joint::Operator(operator) = joint { operator.sign() } else { "is" };
        let text = format!("{} {sign} {}", left.text, right.text);
        let kind = match joint {
            Joint::Operator(operator) => FormulaKind::Binary { operator, left: Box::new(left), right: Box::new(right) },
            Joint::Is => {
                let variant = match right.kind {
                    FormulaKind::Path(mut names) if names.len() == 1 => names.pop(),
                    FormulaKind::Literal(Literal::Const(text)) => Some(Name { text, origin: right.origin }),
                    FormulaKind::Variant(_, name) => Some(name),
                    _ => None,
                };
                let Some(variant) = variant else {
                    let diagnostic = Diagnostic::new(Code::Syntax, right.origin, "no variant")
                        .why("`is` asks which variant a value is")
                        .help("write `kind is Vendor`, or compare by `==`");
                    self.report(diagnostic);
                    return None;
                };
                FormulaKind::Is { value: Box::new(left), variant }
            }
        };
        Some(Formula { kind, text, origin })
    }

    /// `unary`: a value with the signs in front of it.
    fn value_of(&mut self, pair: Pair<'_>) -> Option<Formula> {
        let (origin, text) = (self.origin(&pair), self.one_line(&pair));
        let (mut signs, mut primary) = (Vec::new(), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::sign => signs.push(part.as_str().starts_with('!')),
                _ => primary = part.into_inner().next(),
            }
        }
        let mut value = self.plain_value(primary?, origin)?;
        for negates in signs.into_iter().rev() {
            let kind = match (negates, value.kind) {
                (true, kind) => FormulaKind::Not(Box::new(Formula { kind, text: value.text, origin })),
                (false, FormulaKind::Literal(Literal::Int(number))) => FormulaKind::Literal(Literal::Int(-number)),
                (false, kind) => FormulaKind::Negative(Box::new(Formula { kind, text: value.text, origin })),
            };
            value = Formula { kind, text: text.clone(), origin };
        }
        Some(value)
    }

    fn plain_value(&mut self, pair: Pair<'_>, origin: Origin) -> Option<Formula> {
        let text = self.one_line(&pair);
        let kind = match pair.as_rule() {
            Rule::int | Rule::literal | Rule::const_name => FormulaKind::Literal(self.literal(pair)?),
            Rule::group => {
                let inner = self.formula(pair.into_inner().next()?)?;
                return Some(Formula { text, origin, ..inner });
            }
            Rule::path_ref => FormulaKind::Path(pair.into_inner().map(|name| self.name(&name)).collect()),
            Rule::variant_ref => {
                let mut names = pair.into_inner().map(|name| self.name(&name));
                match (names.next()?, names.next()) {
                    (of, Some(variant)) => FormulaKind::Variant(of, variant),
                    (variant, None) => FormulaKind::Path(vec![variant]),
                }
            }
            Rule::call if pair.as_str().starts_with("offset") => FormulaKind::Offset(self.offset(pair, origin)?),
            Rule::call => {
                let diagnostic = Diagnostic::new(Code::Syntax, origin, "a function in a formula")
                    .why("a formula computes with the values of fields; sizes and counts stand in equations")
                    .help("compare the field that holds the size: `len: u16 = size(data)`, then `len > 4`");
                self.report(diagnostic);
                return None;
            }
            _ => FormulaKind::Header(self.header_name(pair)?),
        };
        Some(Formula { kind, text, origin })
    }

    /// The name in `offset(id)`.
    fn offset(&mut self, pair: Pair<'_>, origin: Origin) -> Option<Name> {
        let inside = pair.into_inner().filter(|part| part.as_rule() == Rule::argument);
        let names: Vec<Name> = inside.map(|argument| self.name(&argument)).collect();
        if let [name] = names.as_slice()
            && name.text.chars().all(|letter| letter.is_ascii_alphanumeric() || letter == '_')
        {
            return Some(name.clone());
        }
        let diagnostic = Diagnostic::new(Code::Syntax, origin, "`offset` of what?")
            .why("it says where a field starts, in bytes from the start of the frame")
            .help("write `offset(id)` with the name of a field");
        self.report(diagnostic);
        None
    }

    /// The name in `headers["…"]`.
    pub(super) fn header_name(&mut self, pair: Pair<'_>) -> Option<Name> {
        let literal = pair.into_inner().find(|part| part.as_rule() == Rule::literal)?;
        let origin = self.origin(&literal);
        let text = String::from_utf8_lossy(&self.bytes(literal)?).into_owned();
        Some(Name { text, origin })
    }

    /// The spelling of a pair on one line, without comments; blanks stay where some were.
    fn one_line(&mut self, pair: &Pair<'_>) -> String {
        let range = self.range(pair);
        let mut text = String::new();
        let mut end = range.start;
        for token in self.tokens.iter().filter(|token| range.contains(&token.start) && !token.is_comment()) {
            if token.start > end && !text.is_empty() {
                text.push(' ');
            }
            text.push_str(token.text(self.source));
            end = token.end;
        }
        text
    }
}

fn joint(text: &str) -> Joint {
    Operator::ALL.into_iter().find(|operator| operator.sign() == text).map_or(Joint::Is, Joint::Operator)
}
