//! Unions, `match`, inline bodies and parameters: what has no name of its own becomes a layout that is called after the
//! field it stands in, `PacketBody` for the field `body` of `Packet`.

use super::fields::Within;
use super::grammar::{Pair, Rule};
use super::reader::Reader;
use super::split::Item;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{
    ArmDraft, FieldDraft, FieldKind, Formula, FormulaKind, Held, LayoutDraft, LayoutKind, Literal, Name, ParamDraft,
    PatternDraft, RustShape, TypeDraft,
};

impl Reader<'_> {
    /// `(flags: u8, kind: Kind, width: u8 in 1..=8)`.
    pub(super) fn params(&mut self, pair: Pair<'_>) -> Vec<ParamDraft> {
        let mut params = Vec::new();
        let mut name = None;
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::ty => {
                    let ty = self.ty(part, Within::Layout);
                    params.extend(name.take().zip(ty).map(|(name, ty)| ParamDraft { name, ty, range: None }));
                }
                Rule::in_range => {
                    let range = part.into_inner().find(|inner| inner.as_rule() == Rule::range);
                    let range = range.and_then(|range| self.number_range(&range));
                    if let Some(param) = params.last_mut() {
                        param.range = range;
                    }
                }
                _ => {}
            }
        }
        params
    }

    /// `(flags, 2)` behind the name of a struct.
    pub(super) fn arguments(&mut self, pair: Pair<'_>) -> Vec<Formula> {
        let parts = pair.into_inner().filter(|part| part.as_rule() == Rule::expr);
        let parts: Vec<Pair<'_>> = parts.collect();
        parts.into_iter().filter_map(|part| self.formula(part)).collect()
    }

    /// `union Name { 1 V4 { … } … }`.
    pub(super) fn union(&mut self, item: &Item) -> Option<LayoutDraft> {
        let piece = self.piece(Rule::union_piece, item.all.clone())?;
        self.no_tail_of_a_struct(&piece);
        let (depth, max) = (self.bound(&piece, Rule::depth), self.bound(&piece, Rule::layout_max));
        let docs = Self::docs(&piece);
        let (mut name, mut tag, mut fields, mut arms, mut params) = (None, None, Vec::new(), Vec::new(), Vec::new());
        for part in piece.into_inner() {
            match part.as_rule() {
                Rule::type_name => {
                    let own = self.name(&part);
                    self.owners = vec![own.text.clone()];
                    name = Some(own);
                }
                Rule::params => params = self.params(part),
                Rule::type_word => tag = Some(self.name(&part)),
                Rule::arm => {
                    if let Some((field, arm)) = self.arm(part) {
                        fields.push(field);
                        arms.push(arm);
                    }
                }
                _ => {}
            }
        }
        let kind = LayoutKind::Union { given: false, tag, arms };
        Some(LayoutDraft {
            docs,
            name: name?,
            kind,
            params,
            fields,
            depth,
            max,
            rules: Vec::new(),
            rust: RustShape::Generated,
        })
    }

    fn arm(&mut self, pair: Pair<'_>) -> Option<(FieldDraft, ArmDraft)> {
        let (origin, docs) = (self.origin(&pair), Self::docs(&pair));
        let (mut pattern, mut name, mut body, mut attrs) = (None, None, None, Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::pattern => pattern = self.tag(part.into_inner().next()?),
                Rule::type_name => name = Some(self.name(&part)),
                Rule::inline_body | Rule::ty => body = Some(part),
                Rule::attr => attrs.extend(self.attr(part)),
                _ => {}
            }
        }
        let (name, pattern) = (name?, pattern?);
        let ty = match body {
            Some(body) => {
                self.owners.push(name.text.clone());
                let ty = match body.as_rule() {
                    Rule::ty => self.ty(body, Within::Layout).and_then(|ty| self.plain(ty, Within::Layout, &mut attrs)),
                    _ => self.inline_body(body, Within::Layout),
                };
                self.owners.pop();
                ty?
            }
            // Without a body it is the struct of its name.
            None => plain_type(name.clone()),
        };
        let field = FieldDraft { docs, kind: FieldKind::Named(name, ty), attrs, held: Held::View, origin };
        Some((field, ArmDraft { pattern: Some(pattern), args: 0, origin }))
    }

    /// A number, text, or a range.
    fn tag(&mut self, pair: Pair<'_>) -> Option<PatternDraft> {
        match pair.as_rule() {
            Rule::range => {
                let range = self.number_range(&pair)?;
                Some(PatternDraft::Values(range.value.0, range.value.1))
            }
            Rule::number => self.number(pair).map(|value| PatternDraft::Values(value, value)),
            _ => {
                let bytes = self.bytes(pair)?;
                Some(match bytes[..] {
                    [byte] => PatternDraft::Values(byte.into(), byte.into()),
                    _ => PatternDraft::Text(bytes),
                })
            }
        }
    }

    /// `{ … }` as a type.
    pub(super) fn inline_body(&mut self, pair: Pair<'_>, within: Within) -> Option<TypeDraft> {
        let name = Name { text: self.owners.concat(), origin: self.origin(&pair) };
        let mut fields = Vec::new();
        for part in pair.into_inner().filter(|part| part.as_rule() == Rule::field) {
            fields.extend(self.field(part, within));
        }
        let kind = LayoutKind::Struct;
        self.nameless.push(LayoutDraft {
            docs: Vec::new(),
            name: name.clone(),
            kind,
            params: Vec::new(),
            fields,
            depth: None,
            max: None,
            rules: Vec::new(),
            rust: RustShape::Generated,
        });
        Some(plain_type(name))
    }

    /// `match kind { Hello => Hello  _ => bytes[..] }`.
    pub(super) fn choice(&mut self, pair: Pair<'_>, within: Within) -> Option<TypeDraft> {
        let name = Name { text: self.owners.concat(), origin: self.origin(&pair) };
        let (mut given, mut fields, mut arms, mut args) = (None, Vec::new(), Vec::new(), Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::expr => given = self.formula(part),
                Rule::match_arm => {
                    if let Some((field, arm, mut own)) = self.match_arm(part, within) {
                        fields.push(field);
                        arms.push(arm);
                        args.append(&mut own);
                    }
                }
                _ => {}
            }
        }
        self.nameless.push(LayoutDraft {
            docs: Vec::new(),
            name: name.clone(),
            kind: LayoutKind::Union { given: true, tag: None, arms },
            params: Vec::new(),
            fields,
            depth: None,
            max: None,
            rules: Vec::new(),
            rust: RustShape::Generated,
        });
        Some(TypeDraft { args, given: Some(given?), ..plain_type(name) })
    }

    fn match_arm(&mut self, pair: Pair<'_>, within: Within) -> Option<(FieldDraft, ArmDraft, Vec<Formula>)> {
        let origin = self.origin(&pair);
        let wild = pair.as_str().starts_with('_');
        let first = pair.clone().into_inner().next()?;
        let pattern = match first.as_rule() {
            Rule::range => {
                let range = self.number_range(&first)?;
                Some(PatternDraft::Values(range.value.0, range.value.1))
            }
            Rule::expr => Some(self.pattern(first)?),
            _ => None,
        };
        let own = match &pattern {
            Some(PatternDraft::Variant(name)) => name.text.clone(),
            Some(PatternDraft::Values(least, most)) if least == most => format!("Case{least}"),
            Some(PatternDraft::Values(least, most)) => format!("Case{least}To{most}"),
            Some(PatternDraft::Text(bytes)) => camel(bytes),
            None => "Other".to_owned(),
        };
        debug_assert!(wild == pattern.is_none(), "`_` is the only pattern without a rule");
        let name = Name { text: own.replace('-', "Minus"), origin };
        let mut attrs = Vec::new();
        self.owners.push(name.text.clone());
        let (_, ty) = self.typed(pair, within, &mut attrs);
        self.owners.pop();
        let mut ty = ty?;
        let args = std::mem::take(&mut ty.args);
        let arm = ArmDraft { pattern, args: args.len(), origin };
        let kind = FieldKind::Named(name, ty);
        Some((FieldDraft { docs: Vec::new(), kind, attrs, held: Held::View, origin }, arm, args))
    }

    /// A number, a character, or a variant.
    fn pattern(&mut self, pair: Pair<'_>) -> Option<PatternDraft> {
        let formula = self.formula(pair)?;
        let variant = |text: &str| PatternDraft::Variant(Name { text: text.to_owned(), origin: formula.origin });
        match &formula.kind {
            FormulaKind::Literal(Literal::Int(value)) => return Some(PatternDraft::Values(*value, *value)),
            FormulaKind::Literal(Literal::Bytes(bytes)) if bytes.len() == 1 => {
                return Some(PatternDraft::Values(bytes[0].into(), bytes[0].into()));
            }
            FormulaKind::Literal(Literal::Bytes(bytes)) => return Some(PatternDraft::Text(bytes.clone())),
            FormulaKind::Literal(Literal::Const(name)) => return Some(variant(name)),
            FormulaKind::Path(path) if path.len() == 1 => return Some(variant(&path[0].text)),
            FormulaKind::Variant(_, name) => return Some(variant(&name.text)),
            _ => {}
        }
        let diagnostic = Diagnostic::new(Code::Syntax, formula.origin, "no pattern")
            .why("an arm is chosen by a number, a range, a character or a variant")
            .help("write `Hello => …`, `1 => …`, `2..=5 => …` or `_ => …`");
        self.report(diagnostic);
        None
    }
}

/// `GzipChunked` of `gzip-chunked`.
fn camel(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(bytes);
    let words = text.split(|letter: char| !letter.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    let capital = |word: &str| word[..1].to_ascii_uppercase() + &word[1..];
    let name: String = words.map(capital).collect();
    if name.starts_with(|first: char| first.is_ascii_uppercase()) { name } else { format!("Text{name}") }
}

fn plain_type(name: Name) -> TypeDraft {
    TypeDraft { name, body: None, args: Vec::new(), given: None, extent: None }
}
