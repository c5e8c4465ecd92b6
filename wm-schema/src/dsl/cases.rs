//! `test` blocks: from what pest has found to their drafts.

use super::grammar::{Pair, Rule};
use super::reader::Reader;
use super::split::{self, Item};
use crate::draft::{CaseDraft, ExpectDraft, Name, Side, Spanned, TestDraft, ValueDraft, ValueKind};

impl Reader<'_> {
    pub(super) fn test(&mut self, item: &Item) -> Option<TestDraft> {
        let name = self.test_name(item);
        let mut cases = Vec::new();
        for line in split::lines(self, item.body()) {
            let Some(piece) = self.piece(Rule::cases, line) else { continue };
            for pair in piece.into_inner().filter(|pair| pair.as_rule() == Rule::case) {
                cases.extend(self.case(pair));
            }
        }
        self.no_tail(item);
        Some(TestDraft { name: name?, cases })
    }

    fn test_name(&mut self, item: &Item) -> Option<Spanned<String>> {
        let head = self.piece(Rule::test_head, item.head())?;
        let string = head.into_inner().find(|part| part.as_rule() == Rule::string)?;
        let bytes = self.quoted(&string)?;
        Some(self.spanned(&string, String::from_utf8_lossy(&bytes).into_owned()))
    }

    fn case(&mut self, pair: Pair<'_>) -> Option<CaseDraft> {
        let (mut side, mut bytes, mut expect) = (None, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::side => side = Some(self.side(&part)),
                Rule::literal => {
                    let origin = self.origin(&part);
                    bytes = self.bytes(part).map(|value| Spanned { value, origin });
                }
                _ => expect = self.expect(part),
            }
        }
        Some(CaseDraft { side, bytes: bytes?, expect: expect? })
    }

    pub(super) fn side(&mut self, pair: &Pair<'_>) -> Spanned<Side> {
        let client = pair.as_str().starts_with("client");
        self.spanned(pair, if client { Side::Client } else { Side::Server })
    }

    fn expect(&mut self, pair: Pair<'_>) -> Option<ExpectDraft> {
        let rule = pair.as_rule();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::value if rule == Rule::equal_to => return self.value(part).map(ExpectDraft::Equals),
                Rule::value => return self.value(part).map(ExpectDraft::Decodes),
                Rule::rejected => return Some(ExpectDraft::Rejects(self.name(&part))),
                Rule::int => return self.size(&part).map(ExpectDraft::Needs),
                _ => {}
            }
        }
        None
    }

    /// A value that is all of the source.
    pub(super) fn lone_value(&mut self) -> Option<ValueDraft> {
        self.report_broken_tokens();
        let piece = self.piece(Rule::value_piece, 0..self.tokens.len())?;
        let value = piece.into_inner().find(|pair| pair.as_rule() == Rule::value)?;
        self.value(value)
    }

    fn value(&mut self, pair: Pair<'_>) -> Option<ValueDraft> {
        let origin = self.origin(&pair);
        let part = pair.into_inner().next()?;
        let kind = match part.as_rule() {
            Rule::list => {
                let elements = part.into_inner().filter(|inner| inner.as_rule() == Rule::value);
                ValueKind::List(elements.map(|element| self.value(element)).collect::<Option<_>>()?)
            }
            Rule::object => self.object(part)?,
            Rule::chosen => {
                let mut parts = part.into_inner();
                let name = self.name(&parts.next()?);
                let value = parts.find(|inner| inner.as_rule() == Rule::value)?;
                ValueKind::Chosen(name, Box::new(self.value(value)?))
            }
            Rule::truth => ValueKind::Variant(None, self.name(&part)),
            Rule::variant_ref => {
                let mut names: Vec<Name> = part.into_inner().map(|name| self.name(&name)).collect();
                let last = names.pop()?;
                ValueKind::Variant(names.pop(), last)
            }
            _ => ValueKind::Literal(self.literal(part)?),
        };
        Some(ValueDraft { kind, origin })
    }

    /// `Name { field: value }`.
    fn object(&mut self, pair: Pair<'_>) -> Option<ValueKind> {
        let mut name = None;
        let mut members = Vec::new();
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::type_name => name = Some(self.name(&part)),
                Rule::member => {
                    let (mut member, mut value) = (None, None);
                    for inner in part.into_inner() {
                        match inner.as_rule() {
                            Rule::name => member = Some(self.name(&inner)),
                            Rule::value => value = self.value(inner),
                            _ => {}
                        }
                    }
                    members.push((member?, value?));
                }
                _ => {}
            }
        }
        Some(ValueKind::Struct(name?, members))
    }
}
