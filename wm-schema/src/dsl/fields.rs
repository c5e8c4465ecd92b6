//! Fields, types, attributes and equations: from what pest has found to their drafts.

use super::grammar::{Pair, Rule};
use super::reader::Reader;
use super::split;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{
    Argument, Attr, AttrKind, Expr, ExprKind, ExtentDraft, ExtentKind, FieldDraft, FieldKind, FillDraft, Held, Literal,
    Name, Origin, Spanned, TypeDraft,
};
use std::ops::Range;

/// How many values an equation may join: what walks over it recurses.
const TERMS_MAX: usize = 32;

/// What a field stands in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Within {
    /// A message or a struct.
    Layout,
    /// `json Name { … }`.
    Json,
    /// `frame …`.
    Envelope,
}

impl Reader<'_> {
    /// The fields of a body, line by line.
    pub(super) fn fields(&mut self, body: Range<usize>, within: Within) -> Vec<FieldDraft> {
        let mut fields = Vec::new();
        for line in split::lines(self, body) {
            let Some(piece) = self.piece(Rule::fields, line) else { continue };
            for pair in piece.into_inner().filter(|pair| pair.as_rule() == Rule::field) {
                fields.extend(self.field(pair, within));
            }
        }
        fields
    }

    pub(super) fn field(&mut self, pair: Pair<'_>, within: Within) -> Option<FieldDraft> {
        let docs = Self::docs(&pair);
        let body = pair.into_inner().find(|part| part.as_rule() != Rule::doc)?;
        let origin = self.origin(&body);
        let mut attrs = Vec::new();
        let kind = match body.as_rule() {
            Rule::constant => {
                let mut parts = body.into_inner();
                let literal = parts.next()?;
                for part in parts {
                    let origin = self.origin(&part);
                    let kind = match part.as_rule() {
                        Rule::nocase => AttrKind::Nocase,
                        _ => AttrKind::If(self.formula_of(part)?),
                    };
                    attrs.push(Attr { kind, origin });
                }
                FieldKind::Literal(self.literal(literal)?)
            }
            rule => {
                let field = body.clone().into_inner().find(|part| part.as_rule() == Rule::name);
                self.owners.push(field.map_or_else(|| "Reserved".to_owned(), |name| camel(name.as_str())));
                let (name, ty) = self.typed(body, within, &mut attrs);
                self.owners.pop();
                if rule == Rule::named { FieldKind::Named(name?, ty?) } else { FieldKind::Reserved(ty?) }
            }
        };
        Some(FieldDraft { docs, kind, attrs, held: Held::View, origin })
    }

    /// `name: type attributes`, or the same without a name.
    pub(super) fn typed(
        &mut self,
        pair: Pair<'_>,
        within: Within,
        attrs: &mut Vec<Attr>,
    ) -> (Option<Name>, Option<TypeDraft>) {
        let (mut name, mut ty) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::ty => ty = self.ty(part, within).and_then(|ty| self.plain(ty, within, attrs)),
                Rule::attr => attrs.extend(self.attr(part)),
                _ => {}
            }
        }
        (name, ty)
    }

    /// `word`, `word[…]`, `json Name`.
    pub(super) fn ty(&mut self, pair: Pair<'_>, within: Within) -> Option<TypeDraft> {
        let (mut name, mut body, mut extent, mut args, mut nameless) = (None, None, None, Vec::new(), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::type_word => name = Some(self.name(&part)),
                Rule::type_ref => {
                    for inner in part.into_inner() {
                        match inner.as_rule() {
                            Rule::type_name => name = Some(self.name(&inner)),
                            _ => args = self.arguments(inner),
                        }
                    }
                }
                Rule::json_type => {
                    for inner in part.into_inner() {
                        let word = Some(self.name(&inner));
                        if inner.as_rule() == Rule::body_name { body = word } else { name = word }
                    }
                }
                Rule::match_type => nameless = Some(self.choice(part, within)?),
                Rule::inline_body => nameless = Some(self.inline_body(part, within)?),
                Rule::extent => extent = self.extent(part),
                _ => {}
            }
        }
        match nameless {
            Some(ty) => Some(TypeDraft { extent, ..ty }),
            None => Some(TypeDraft { name: name?, body, args, given: None, extent }),
        }
    }

    /// A type whose word is short for another and an attribute: `cstr` is `str until "\0"`, `base64` is `bytes via base64`.
    pub(super) fn plain(&mut self, ty: TypeDraft, within: Within, attrs: &mut Vec<Attr>) -> Option<TypeDraft> {
        let origin = ty.name.origin;
        let (word, kind) = match ty.name.text.as_str() {
            "cstr" if within == Within::Layout => {
                let end = Spanned { value: Literal::Bytes(vec![0]), origin };
                ("str", AttrKind::Until(vec![end]))
            }
            "base64" if within == Within::Layout => {
                ("bytes", AttrKind::Via(Name { text: "base64".to_owned(), origin }, None))
            }
            _ => return Some(ty),
        };
        if let (AttrKind::Until(_), Some(extent)) = (&kind, &ty.extent) {
            let diagnostic = Diagnostic::new(Code::UnexpectedLength, extent.origin, "`cstr` says itself where it ends")
                .why("a zero byte stands behind it")
                .help("write `cstr max 64`, or `str[16] pad \"\\0\"` for text in a field of a fixed size");
            self.report(diagnostic);
            return None;
        }
        attrs.push(Attr { kind, origin });
        Some(TypeDraft { name: Name { text: word.to_owned(), origin }, ..ty })
    }

    fn extent(&mut self, pair: Pair<'_>) -> Option<ExtentDraft> {
        let origin = self.origin(&pair);
        let part = pair.into_inner().next()?;
        let kind = match part.as_rule() {
            Rule::rest => ExtentKind::Rest,
            Rule::fixed => ExtentKind::Literal(self.inner_literal(part)?),
            Rule::prefix => {
                let (mut name, mut attrs) = (None, Vec::new());
                for inner in part.into_inner() {
                    match inner.as_rule() {
                        Rule::type_name | Rule::type_word => name = Some(self.name(&inner)),
                        _ => attrs.extend(self.attr(inner)),
                    }
                }
                ExtentKind::Typed(
                    Box::new(TypeDraft { name: name?, body: None, args: Vec::new(), given: None, extent: None }),
                    attrs,
                )
            }
            _ => {
                let header = part.clone().into_inner().flatten().find(|inner| inner.as_rule() == Rule::header_ref);
                match header.filter(|header| header.as_str() == part.as_str().trim()) {
                    Some(header) => ExtentKind::Header(self.header_name(header)?),
                    None => ExtentKind::Formula(self.formula_of(part)?),
                }
            }
        };
        Some(ExtentDraft { kind, origin })
    }

    /// The one literal inside of a pair.
    fn inner_literal(&mut self, pair: Pair<'_>) -> Option<Literal> {
        let literal = pair.into_inner().find(is_literal)?;
        self.literal(literal)
    }

    // ── Attributes ──────────────────────────────────────────────────────────────────────────────────────────────────

    pub(super) fn attr(&mut self, pair: Pair<'_>) -> Option<Attr> {
        let part = pair.into_inner().next()?;
        let origin = self.origin(&part);
        let kind = match part.as_rule() {
            Rule::until => self.until(part)?,
            Rule::max => AttrKind::Max(self.spanned_literal(part.into_inner().find(is_literal)?)?),
            Rule::trim => AttrKind::Trim(self.spanned_literal(part.into_inner().find(is_literal)?)?),
            Rule::via => {
                let mut names = part.into_inner().filter(|inner| inner.as_rule() == Rule::name);
                let (name, argument) = (names.next()?, names.next());
                AttrKind::Via(self.name(&name), argument.map(|argument| self.name(&argument)))
            }
            Rule::pad => self.pad(part)?,
            Rule::in_range => {
                let range = part.into_inner().find(|inner| inner.as_rule() == Rule::range)?;
                AttrKind::In(self.number_range(&range)?)
            }
            Rule::as_attr => {
                let string = part.into_inner().find(|inner| inner.as_rule() == Rule::string)?;
                let path = String::from_utf8_lossy(&self.quoted(&string)?).into_owned();
                AttrKind::As(self.spanned(&string, path))
            }
            Rule::equals => AttrKind::Equals(self.equation(part)?),
            Rule::stream => AttrKind::Stream,
            Rule::nocase => AttrKind::Nocase,
            Rule::minimal => AttrKind::Minimal,
            Rule::where_attr => AttrKind::Where(self.formula_of(part)?),
            Rule::at => AttrKind::At(self.formula_of(part)?),
            Rule::if_attr => AttrKind::If(self.formula_of(part)?),
            Rule::since => {
                let version = part.into_inner().find(|inner| inner.as_rule() == Rule::version)?;
                AttrKind::Since(self.version(&version)?)
            }
            _ => return None,
        };
        Some(Attr { kind, origin })
    }

    /// A byte that fills content up, or the bytes behind a field.
    fn pad(&mut self, pair: Pair<'_>) -> Option<AttrKind> {
        let (mut byte, mut fill) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::fill => fill = Some(part),
                _ if is_literal(&part) => byte = Some(self.spanned_literal(part)?),
                _ => {}
            }
        }
        let Some(fill) = fill else { return byte.map(AttrKind::Pad) };
        let whole = fill.clone().into_inner().any(|word| word.as_rule() == Rule::kw_to);
        let size = self.spanned_literal(fill.into_inner().find(is_literal)?)?;
        Some(AttrKind::Fill(FillDraft { byte, whole, size }))
    }

    /// Delimiters, or what must be true of the last element of a list.
    fn until(&mut self, pair: Pair<'_>) -> Option<AttrKind> {
        let ends = pair.into_inner().filter(|inner| inner.as_rule() == Rule::delimiter);
        let mut ends: Vec<Pair<'_>> = ends.filter_map(|end| end.into_inner().next()).collect();
        let Some(word) = ends.iter().position(|end| is_sentinel(end.as_rule())) else {
            return Some(AttrKind::Until(ends.into_iter().filter_map(|end| self.spanned_literal(end)).collect()));
        };
        let sentinel = ends.swap_remove(word);
        if let Some(other) = ends.first() {
            let origin = self.origin(other);
            let diagnostic = match sentinel.as_rule() {
                Rule::delimiter_end => Diagnostic::new(Code::Syntax, origin, "the end or a delimiter, not both")
                    .why("what goes on to the end of the connection may hold any bytes")
                    .help("write `until end` alone, or name delimiters: `until LF | CRLF`"),
                _ => Diagnostic::new(Code::Syntax, origin, "a condition or a delimiter, not both")
                    .why("a list ends with an element that meets a condition, bytes end at a delimiter")
                    .help("join conditions by `||`: `until where it.size == 0 || it.last`"),
            };
            self.report(diagnostic);
            return None;
        }
        match sentinel.as_rule() {
            Rule::delimiter_end => Some(AttrKind::UntilEnd),
            Rule::delimiter_where => Some(AttrKind::UntilWhere(self.formula_of(sentinel)?)),
            _ => Some(AttrKind::UntilEmpty),
        }
    }

    // ── Equations ───────────────────────────────────────────────────────────────────────────────────────────────────

    /// What stands behind `=`: an expression, and `else` what the number is where that is not there.
    fn equation(&mut self, pair: Pair<'_>) -> Option<Expr> {
        let origin = self.origin(&pair);
        let mut parts = pair.into_inner();
        let value = self.expr(parts.next()?)?;
        let Some(absent) = parts.find(is_literal) else { return Some(value) };
        let absent = self.spanned_literal(absent)?;
        Some(Expr { kind: ExprKind::Else { value: Box::new(value), absent }, origin })
    }

    /// `+` and `-` over `*` and `/`, from left to right.
    fn expr(&mut self, pair: Pair<'_>) -> Option<Expr> {
        let all = self.origin(&pair);
        if pair.clone().into_inner().filter(|part| part.as_rule() == Rule::operator).count() >= TERMS_MAX {
            let diagnostic = Diagnostic::new(Code::Syntax, all, "too long an equation")
                .why(format!("an equation joins at most {TERMS_MAX} values"))
                .help("add its numbers up");
            self.report(diagnostic);
            return None;
        }
        let mut sum: Option<(char, Expr)> = None;
        let mut product: Option<Expr> = None;
        let mut operator = None;
        for part in pair.into_inner() {
            if part.as_rule() == Rule::operator {
                operator = Some(self.operator(&part)?);
                continue;
            }
            let right = self.unary(part)?;
            match (operator, product.take()) {
                (Some(sign @ ('*' | '/')), Some(left)) => product = Some(self.binary(sign, left, right)),
                (Some(sign), Some(left)) => {
                    let left = self.joined_sum(sum.take(), left);
                    sum = Some((sign, left));
                    product = Some(right);
                }
                _ => product = Some(right),
            }
        }
        let mut whole = self.joined_sum(sum, product?);
        whole.origin = all;
        Some(whole)
    }

    /// `sum sign right`, or `right` alone.
    fn joined_sum(&mut self, sum: Option<(char, Expr)>, right: Expr) -> Expr {
        match sum {
            Some((sign, left)) => self.binary(sign, left, right),
            None => right,
        }
    }

    fn binary(&mut self, operator: char, left: Expr, right: Expr) -> Expr {
        let origin = self.places.across(left.origin, right.origin);
        Expr { kind: ExprKind::Binary { operator, left: Box::new(left), right: Box::new(right) }, origin }
    }

    fn operator(&mut self, pair: &Pair<'_>) -> Option<char> {
        let text = pair.as_str();
        if let Some(sign) = text.chars().next().filter(|sign| text.len() == 1 && "+-*/".contains(*sign)) {
            return Some(sign);
        }
        let diagnostic = Diagnostic::new(Code::Syntax, self.origin(pair), format!("`{text}` in an equation"))
            .why("an equation must be solvable for what it measures")
            .help("the operators of an equation are `+`, `-`, `*` and `/` with numbers");
        self.report(diagnostic);
        None
    }

    fn unary(&mut self, pair: Pair<'_>) -> Option<Expr> {
        let origin = self.origin(&pair);
        let (mut signs, mut primary) = (String::new(), None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::sign => signs.push_str(part.as_str().trim_end()),
                _ => primary = Some(part.into_inner().next()?),
            }
        }
        let primary = primary?;
        if signs.is_empty() {
            return self.primary(primary, origin);
        }
        if signs == "-" && primary.as_rule() == Rule::int {
            let value = self.int(&primary)?;
            return Some(Expr { kind: ExprKind::Literal(Literal::Int(-value)), origin });
        }
        let diagnostic = Diagnostic::new(Code::Syntax, origin, format!("`{signs}` in front of a value"))
            .why("in an equation only a number can be negative")
            .help("write the constant behind it: `size(data) - 4`");
        self.report(diagnostic);
        None
    }

    fn primary(&mut self, pair: Pair<'_>, origin: Origin) -> Option<Expr> {
        let kind = match pair.as_rule() {
            Rule::int | Rule::literal | Rule::const_name => ExprKind::Literal(self.literal(pair)?),
            Rule::group => return self.expr(pair.into_inner().next()?),
            Rule::call => return self.call(pair, origin),
            Rule::variant_ref => ExprKind::Path(self.name(&pair)),
            Rule::path_ref => {
                let mut parts = pair.clone().into_inner();
                match (parts.next(), parts.next()) {
                    (Some(name), None) => ExprKind::Path(self.name(&name)),
                    _ => ExprKind::Path(self.name(&pair)),
                }
            }
            _ => {
                let diagnostic = Diagnostic::new(Code::BadEquation, origin, "a header is no part of an equation")
                    .why("a header that frames the body is computed from that body, and all others are text that the user sets")
                    .help("measure the body itself: `len: u32 = size(body)`");
                self.report(diagnostic);
                return None;
            }
        };
        Some(Expr { kind, origin })
    }

    fn call(&mut self, pair: Pair<'_>, origin: Origin) -> Option<Expr> {
        let mut function = None;
        let mut arguments = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => function = Some(self.name(&part)),
                Rule::argument => arguments.push(part.into_inner().next()?),
                _ => {}
            }
        }
        let function = function?;
        let only = if arguments.len() == 1 { arguments.pop() } else { None };
        let argument = match only {
            Some(pair) if pair.as_rule() == Rule::field_range => {
                let ends: Vec<Name> = pair.into_inner().map(|end| self.name(&end)).collect();
                <[Name; 2]>::try_from(ends).ok().map(|[first, last]| Argument::Range(first, last))
            }
            Some(pair) => match self.expr(pair)? {
                Expr { kind: ExprKind::Path(name), .. } => Some(Argument::Name(name)),
                _ => None,
            },
            None => None,
        };
        if argument.is_none() {
            let name = &function.text;
            let diagnostic = Diagnostic::new(Code::Syntax, origin, format!("`{name}` of what?"))
                .why("a function of the language takes one field, or a range of fields")
                .help(format!("write `{name}(data)`, `{name}(self)`, `{name}(rest)` or `{name}(first..last)`"));
            self.report(diagnostic);
        }
        Some(Expr { kind: ExprKind::Call { function, argument: argument? }, origin })
    }
}

/// `KeepAlive` of `keep_alive`.
fn camel(name: &str) -> String {
    let word = |word: &str| {
        let mut letters = word.chars();
        letters.next().map(|first| first.to_ascii_uppercase().to_string() + letters.as_str()).unwrap_or_default()
    };
    name.split('_').map(word).collect()
}

/// Whether what follows `until` speaks of the elements of a list.
fn is_sentinel(rule: Rule) -> bool {
    matches!(rule, Rule::delimiter_where | Rule::delimiter_empty | Rule::delimiter_end)
}

fn is_literal(pair: &Pair<'_>) -> bool {
    matches!(pair.as_rule(), Rule::int | Rule::number | Rule::literal | Rule::const_name)
}
