//! The parser that pest makes of `grammar.pest`.

#![allow(missing_docs, reason = "pest derives an undocumented public enum of the grammar's rules")]

/// The grammar of the language.
#[derive(pest_derive::Parser)]
#[grammar = "dsl/grammar.pest"]
pub(super) struct Grammar;

/// What pest has found.
pub(super) type Pair<'s> = pest::iterators::Pair<'s, Rule>;

/// Several of them.
pub(super) type Pairs<'s> = pest::iterators::Pairs<'s, Rule>;
