//! `session`: from what pest has found to its draft.

use super::fields::Within;
use super::grammar::{Pair, Rule};
use super::reader::Reader;
use super::split::Item;
use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{
    EdgeDraft, SessionDraft, SetDraft, Side, Spanned, StateDraft, TargetDraft, TimeoutDraft, VariableDraft,
};

/// What stands behind a state's opening brace.
enum Line {
    Edge(EdgeDraft),
    Timeout(TimeoutDraft),
}

impl Reader<'_> {
    pub(super) fn session(&mut self, item: &Item) -> Option<SessionDraft> {
        let piece = self.piece(Rule::session_piece, item.all.clone())?;
        let origin = self.token_origin(item.word);
        let (mut variables, mut states) = (Vec::new(), Vec::new());
        for part in piece.into_inner() {
            match part.as_rule() {
                Rule::state => states.extend(self.state(part)),
                Rule::session_var => variables.extend(self.variable(part)),
                _ => {}
            }
        }
        Some(SessionDraft { variables, states, origin })
    }

    fn variable(&mut self, pair: Pair<'_>) -> Option<VariableDraft> {
        let docs = Self::docs(&pair);
        let (mut name, mut ty, mut initial) = (None, None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::name => name = Some(self.name(&part)),
                Rule::ty => ty = self.ty(part, Within::Layout),
                Rule::expr => initial = self.formula(part),
                _ => {}
            }
        }
        Some(VariableDraft { docs, name: name?, ty: ty?, initial })
    }

    fn state(&mut self, pair: Pair<'_>) -> Option<StateDraft> {
        let docs = Self::docs(&pair);
        let (mut name, mut start, mut edges, mut timeouts) = (None, None, Vec::new(), Vec::new());
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_start => start = Some(self.origin(&part)),
                Rule::type_name => name = Some(self.name(&part)),
                Rule::edge => match self.edge(part) {
                    Some(Line::Edge(edge)) => edges.push(edge),
                    Some(Line::Timeout(timeout)) => timeouts.push(timeout),
                    None => {}
                },
                _ => {}
            }
        }
        Some(StateDraft { docs, name: name?, start, edges, timeouts })
    }

    fn edge(&mut self, pair: Pair<'_>) -> Option<Line> {
        let origin = self.origin(&pair);
        let (mut said, mut target) = (None, None);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::edge_message | Rule::edge_timeout => said = Some(part),
                Rule::target => target = self.target(part),
                _ => {}
            }
        }
        let said = said?;
        if said.as_rule() == Rule::edge_timeout {
            let duration = said.into_inner().find(|part| part.as_rule() == Rule::duration)?;
            let milliseconds = self.duration(&duration)?;
            return Some(Line::Timeout(TimeoutDraft { milliseconds, target }));
        }
        let (mut from, mut message, mut guard, mut sets) = (None, None, None, Vec::new());
        let mut variable = None;
        for part in said.into_inner() {
            match part.as_rule() {
                Rule::kw_client => from = Some(Side::Client),
                Rule::kw_server => from = Some(Side::Server),
                Rule::type_name => message = Some(self.name(&part)),
                Rule::name => variable = Some(self.name(&part)),
                Rule::expr => match variable.take() {
                    Some(name) => sets.extend(self.formula(part).map(|value| SetDraft { name, value })),
                    None => guard = self.formula(part),
                },
                _ => {}
            }
        }
        Some(Line::Edge(EdgeDraft { from, message, guard, sets, target, origin }))
    }

    fn target(&mut self, pair: Pair<'_>) -> Option<TargetDraft> {
        let origin = self.origin(&pair);
        for part in pair.into_inner() {
            match part.as_rule() {
                Rule::kw_close => return Some(TargetDraft::Close(origin)),
                Rule::type_name => return Some(TargetDraft::State(self.name(&part))),
                Rule::name => return Some(TargetDraft::Protocol(self.name(&part))),
                _ => {}
            }
        }
        None
    }

    /// `500ms`, `10s`, `2m`.
    fn duration(&mut self, pair: &Pair<'_>) -> Option<Spanned<u64>> {
        let text = self.spelling(pair);
        let digits = text.trim_end_matches(|letter: char| letter.is_ascii_alphabetic());
        let unit = match &text[digits.len()..] {
            "ms" => 1,
            "s" => 1000,
            _ => 60_000,
        };
        let milliseconds = digits.parse::<u64>().ok().and_then(|count| count.checked_mul(unit));
        let Some(milliseconds) = milliseconds else {
            let diagnostic = Diagnostic::new(Code::NumberTooLarge, self.origin(pair), "too long a time")
                .why("milliseconds are counted in 64 bits")
                .help("write `10s`, for example");
            self.report(diagnostic);
            return None;
        };
        Some(self.spanned(pair, milliseconds))
    }
}
