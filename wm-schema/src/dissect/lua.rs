//! Lua as text: values, tables, and formulas as expressions.

use crate::ir::{Formula, Int, Layout, Operator, Schema, Term, Type};
use std::fmt::Write as _;

/// Up to here Lua's numbers are exact, and what is larger stays so when it is rounded.
pub(super) const EXACT: i128 = (1 << 53) - 1;

/// Bytes in quotes.
pub(super) fn quoted(bytes: &[u8]) -> String {
    let mut text = String::from("\"");
    for byte in bytes {
        match byte {
            b'"' => text.push_str("\\\""),
            b'\\' => text.push_str("\\\\"),
            b' '..=b'~' => text.push(char::from(*byte)),
            _ => drop(write!(text, "\\x{byte:02x}")),
        }
    }
    text + "\""
}

/// A number; one that Lua would round says so by its form.
pub(super) fn number(value: i128) -> String {
    if value.abs() <= EXACT {
        return value.to_string();
    }
    let rounded = value as f64;
    format!("{rounded:e}")
}

/// A table that is written one entry behind the other.
#[derive(Default)]
pub(super) struct Table(Vec<String>);

impl Table {
    pub(super) fn new() -> Self {
        Self::default()
    }

    pub(super) fn set(mut self, key: &str, value: impl std::fmt::Display) -> Self {
        let key = if matches!(key, "if" | "until" | "end") { format!("[\"{key}\"]") } else { key.to_owned() };
        self.0.push(format!("{key} = {value}"));
        self
    }

    pub(super) fn text(self, key: &str, value: &str) -> Self {
        self.set(key, quoted(value.as_bytes()))
    }

    pub(super) fn set_some(self, key: &str, value: Option<impl std::fmt::Display>) -> Self {
        match value {
            Some(value) => self.set(key, value),
            None => self,
        }
    }

    pub(super) fn flag(self, key: &str, is_so: bool) -> Self {
        if is_so { self.set(key, true) } else { self }
    }

    pub(super) fn end(self) -> String {
        if self.0.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", self.0.join(", ")) }
    }

    /// An entry a line.
    pub(super) fn lines(self, margin: &str) -> String {
        let lines: String = self.0.iter().map(|entry| format!("{margin}  {entry},\n")).collect();
        format!("{{\n{lines}{margin}}}")
    }
}

/// A list in braces.
pub(super) fn list(items: impl IntoIterator<Item = String>) -> String {
    let items: Vec<String> = items.into_iter().collect();
    if items.is_empty() { "{}".to_owned() } else { format!("{{ {} }}", items.join(", ")) }
}

/// A formula as a function of the values of a layout and of its parameters; or why Lua's numbers cannot work it out.
pub(super) fn function(schema: &Schema, layout: &Layout, formula: &Formula) -> Result<String, String> {
    let (term, _) = Writer { schema, layout: Some(layout), it: None }.term(&formula.term)?;
    Ok(format!("function(v, p) return {term} end"))
}

/// Where a pointer leads, as a function that is told where fields start too.
pub(super) fn place(schema: &Schema, layout: &Layout, formula: &Formula) -> Result<String, String> {
    let (term, _) = Writer { schema, layout: Some(layout), it: None }.term(&formula.term)?;
    Ok(format!("function(v, p, starts) return {term} end"))
}

/// The condition that ends a list as a function of an element.
pub(super) fn of_element(schema: &Schema, element: &Type, formula: &Formula) -> Result<String, String> {
    let (term, _) = Writer { schema, layout: None, it: Some(element) }.term(&formula.term)?;
    Ok(format!("function(it) return {term} end"))
}

/// The least and the most that a term comes to, if it is a number.
type Range = Option<(i128, i128)>;

struct Writer<'w> {
    schema: &'w Schema,
    layout: Option<&'w Layout>,
    it: Option<&'w Type>,
}

impl Writer<'_> {
    fn term(&self, term: &Term) -> Result<(String, Range), String> {
        let (text, range) = self.rounded(term)?;
        in_reach(range)?;
        Ok((text, range))
    }

    /// A term of which the value that is read may be wider than Lua's numbers.
    fn rounded(&self, term: &Term) -> Result<(String, Range), String> {
        let (text, range) = match term {
            Term::Int(value) | Term::Variant { value, .. } => (number(*value), Some((*value, *value))),
            Term::Bool(value) => (value.to_string(), None),
            Term::Bytes(bytes) => (quoted(bytes), None),
            Term::Word { text, .. } => (quoted(text.as_bytes()), None),
            Term::Field(field) => (format!("v[{}]", field + 1), self.range(self.layout.map(|l| &l.fields[*field].ty))),
            Term::Param(param) => (format!("p[{}]", param + 1), self.range(self.layout.map(|l| &l.params[*param].ty))),
            Term::It => ("it".to_owned(), self.range(self.it)),
            Term::Member { of, part, field } => {
                let ty = &self.schema.structs[*part].fields[*field].ty;
                (format!("{}[{}]", self.term(of)?.0, field + 1), self.range(Some(ty)))
            }
            Term::Length { of, add } => (format!("(length({}) + {add})", self.term(of)?.0), Some((0, 1 << 40))),
            Term::Number { value, .. } => self.term(value)?,
            Term::Not(inner) => (format!("(not {})", self.term(inner)?.0), None),
            Term::Negative(inner) => {
                let (text, range) = self.term(inner)?;
                (format!("(-{text})"), range.map(|(least, most)| (-most, -least)))
            }
            Term::Is { value, within: (least, most), .. } => {
                (format!("within({}, {}, {})", self.term(value)?.0, number(*least), number(*most)), None)
            }
            Term::IsArm { value, arm, .. } => (format!("({}.arm == {})", self.term(value)?.0, arm + 1), None),
            Term::Arm { value, of, arm } => {
                let ty = &self.schema.structs[*of].fields[*arm].ty;
                (format!("{}.value", self.term(value)?.0), self.range(Some(ty)))
            }
            Term::Offset(field) => (format!("starts[{}]", field + 1), Some((0, 1 << 40))),
            Term::Binary { operator, left, right } => return self.binary(*operator, left, right),
        };
        Ok((text, range))
    }

    fn binary(&self, operator: Operator, left: &Term, right: &Term) -> Result<(String, Range), String> {
        let ((a, a_range), (b, b_range)) = (self.rounded(left)?, self.rounded(right)?);
        let compares = matches!(
            operator,
            Operator::Equal
                | Operator::NotEqual
                | Operator::Less
                | Operator::LessEqual
                | Operator::Greater
                | Operator::GreaterEqual
        );
        // A wide number is compared well with one that is exact.
        if !compares || in_reach(a_range).is_err() {
            in_reach(b_range)?;
        }
        if !compares {
            in_reach(a_range)?;
        }
        let plain = |sign: &str| Ok((format!("({a} {sign} {b})"), None));
        let ((al, am), (bl, bm)) = (a_range.unwrap_or((0, 1)), b_range.unwrap_or((0, 1)));
        let bits = |name: &str| {
            if al < 0 || bl < 0 {
                return Err("it joins the bits of a number that may be negative".to_owned());
            }
            Ok((format!("{name}({a}, {b})"), Some((0, joined(am, bm)))))
        };
        let (text, range) = match operator {
            Operator::Or => return plain("or"),
            Operator::And => return plain("and"),
            Operator::Equal => return plain("=="),
            Operator::NotEqual => return plain("~="),
            Operator::Less => return plain("<"),
            Operator::LessEqual => return plain("<="),
            Operator::Greater => return plain(">"),
            Operator::GreaterEqual => return plain(">="),
            Operator::BitOr => bits("bor")?,
            Operator::BitXor => bits("bxor")?,
            Operator::BitAnd => bits("band")?,
            Operator::ShiftLeft => {
                let most =
                    u32::try_from(bm).ok().filter(|by| *by < 64).map_or(i128::MAX, |by| am.abs().max(al.abs()) << by);
                (format!("({a} * 2 ^ {b})"), Some((if al < 0 { -most } else { 0 }, most)))
            }
            Operator::ShiftRight => (format!("math.floor({a} / 2 ^ {b})"), Some((al.min(0), am.max(0)))),
            Operator::Add => (format!("({a} + {b})"), Some((al + bl, am + bm))),
            Operator::Subtract => (format!("({a} - {b})"), Some((al - bm, am - bl))),
            Operator::Multiply => {
                let most = am.abs().max(al.abs()) * bm.abs().max(bl.abs());
                (format!("({a} * {b})"), Some((if al < 0 || bl < 0 { -most } else { 0 }, most)))
            }
            Operator::Divide => {
                let most = am.abs().max(al.abs());
                (format!("quotient({a}, {b})"), Some((-most, most)))
            }
            Operator::Remainder => {
                let most = am.abs().max(al.abs());
                (format!("remainder({a}, {b})"), Some((-most, most)))
            }
        };
        in_reach(range)?;
        Ok((text, range))
    }

    fn range(&self, ty: Option<&Type>) -> Range {
        match ty? {
            Type::Int(Int::Flag, _) => None,
            Type::Int(int, range) => Some(range.unwrap_or_else(|| int.range())),
            Type::Enum(index) => Some(self.schema.enums[*index].repr.range()),
            _ => None,
        }
    }
}

/// The most that bits of two numbers can be together.
fn joined(a: i128, b: i128) -> i128 {
    let bits = 127 - (a | b | 1).leading_zeros();
    (1 << bits << 1) - 1
}

fn in_reach(range: Range) -> Result<(), String> {
    match range {
        Some((least, most)) if least < -EXACT || most > EXACT => {
            Err("Lua's numbers are exact up to 2^53 alone".to_owned())
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::{Table, list, number, quoted};

    #[test]
    fn values_are_written() {
        assert_eq!(quoted(b"a\"\\\n\xff"), r#""a\"\\\x0a\xff""#);
        assert_eq!((number(-5), number(i128::from(u64::MAX))), ("-5".into(), "1.8446744073709552e19".into()));
        assert_eq!(Table::new().set("a", 1).text("b", "x").flag("c", false).end(), "{ a = 1, b = \"x\" }");
        assert_eq!(list([]), "{}");
    }
}
