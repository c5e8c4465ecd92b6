//! From a draft to a checked schema: every rule of the language is kept here and nowhere else.
//!
//! All mistakes are collected, none stops the others from being found. What depends on something that is already reported
//! is passed over in silence, so that one mistake gives one message.
//!
//! ```text
//!   names ──> declared (enums, JSON bodies) ──> layouts (types, equations) ──> regions ──> sizes ──> framing ──> cases
//! ```
//!
//! What a layout may say about lengths:
//!
//! * A length field is `n: u16 = size(x)`, and `x` is `bytes[n]`. A list is `n: u16 = count(x)` and `x: Item[n]`.
//! * `[..]`, and a struct that ends with one, takes what its region has left; what stands behind it must be of fixed size.
//!   A region is the frame, or the bytes that an earlier size equation measures, if all else that it measures is of fixed
//!   size.
//! * A frame ends by a fixed size, by a number at a fixed place, or by a delimiter; all bytes that these do not span are
//!   of fixed size.
//! * Each size has a bound: its type, the number that measures it, `max`, and `limit frame`. The default of the last holds
//!   only for what nothing else bounds; it never takes away from a `max` that is written.

mod absent;
mod apart;
mod arms;
mod attrs;
mod bits;
mod cases;
mod checksums;
mod choices;
mod declared;
mod delimiters;
mod endings;
mod envelope;
mod equations;
mod exchanges;
mod externs;
mod fillers;
mod formulas;
mod framing;
mod guards;
mod headers;
mod ints;
mod layouts;
mod lengths;
mod names;
mod nesting;
mod pointers;
mod recovers;
mod regions;
mod schema;
mod sentinels;
mod session;
mod sizes;
pub(crate) mod spell;
mod streams;
pub(crate) mod suggest;
mod tags;
mod types;
mod unused;
mod variables;
mod variants;
mod versions;
mod via;
mod vocabulary;
mod words;

use crate::diagnostic::{Code, Diagnostic, Severity};
use crate::draft::{
    BitOrder, CaseDraft, Draft, Endian, ExpectDraft, LayoutDraft, LayoutKind, Side, Spanned, TestDraft, ValueDraft,
    ValueKind,
};
use crate::ir;
use std::sync::Arc;

/// What came of a draft.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The checked schema; none exactly if one of the diagnostics is an error.
    pub schema: Option<ir::Schema>,
    /// All mistakes and warnings, in source order.
    pub diagnostics: Vec<Diagnostic>,
}

/// Checks a draft.
///
/// ```
/// # #[cfg(feature = "dsl")] {
/// let source = "protocol frame\n\nmessage Frame {\n    len: u32 = size(self)\n    body: bytes[..]\n}\n";
/// let draft = wm_schema::dsl::parse(source).unwrap();
/// let resolved = wm_schema::resolve::resolve(&draft);
/// assert_eq!(resolved.schema.unwrap().messages[0].layout.size.least, 4);
/// # }
/// ```
#[must_use]
pub fn resolve(draft: &Draft) -> Resolved {
    let expanded = externs::expand(draft);
    let draft = fillers::placed(tags::placed(&expanded));
    let mut cx = Context {
        draft: &draft,
        names: names::Names::default(),
        ints: Vec::new(),
        words: Vec::new(),
        envelope: None,
        externs: ir::Externs::default(),
        found: Vec::new(),
    };
    let schema = schema::resolve(&mut cx);
    let mut diagnostics = cx.found;
    diagnostics.sort_by_key(|diagnostic| diagnostic.origin);
    // What is wrong with an `extern type` is found wherever that stands.
    diagnostics.dedup();
    let failed = diagnostics.iter().any(|diagnostic| diagnostic.severity() == Severity::Error);
    debug_assert!(failed || schema.is_some(), "a schema that is refused without a word");
    Resolved { schema: schema.filter(|_| !failed), diagnostics }
}

/// Checks a value that stands alone, and that `side` sends if both sides may: which message of the schema it is, by index,
/// and what its fields hold. The schema is one that [`resolve`] has found good.
///
/// # Errors
/// Every mistake in the value; never an empty list.
pub fn value(draft: &Draft, value: &ValueDraft, side: Side) -> Result<(usize, ir::Value), Vec<Diagnostic>> {
    // Values stand in tests: it is checked as the only one.
    let (origin, expect) = (value.origin, ExpectDraft::Decodes(value.clone()));
    let named =
        |layout: &&LayoutDraft| matches!(&value.kind, ValueKind::Struct(name, _) if name.text == layout.name.text);
    let by_both = |layout: &LayoutDraft| matches!(layout.kind, LayoutKind::Message { from: None });
    let either = draft.layouts.iter().find(named).is_some_and(by_both);
    let side = either.then_some(Spanned { value: side, origin });
    let case = CaseDraft { side, bytes: Spanned { value: Vec::new(), origin }, expect };
    let test = TestDraft { name: Spanned { value: String::new(), origin }, cases: vec![case] };
    let mut resolved = resolve(&Draft { tests: vec![test], ..draft.clone() });
    let case = resolved.schema.and_then(|mut schema| schema.tests.pop()?.cases.pop());
    if let Some(ir::Case { message: Some(message), expect: ir::Expect::Decodes(value), .. }) = case {
        return Ok((message, value));
    }
    resolved.diagnostics.retain(|diagnostic| diagnostic.severity() == Severity::Error);
    for diagnostic in resolved.diagnostics.iter_mut().filter(|diagnostic| diagnostic.code == Code::BadTest) {
        diagnostic.code = Code::BadValue;
    }
    Err(resolved.diagnostics)
}

/// What all checks share.
struct Context<'d> {
    draft: &'d Draft,
    names: names::Names<'d>,
    /// Integers that escape; none where one could not be understood.
    ints: Vec<Option<Arc<ir::Escaping>>>,
    /// Enums of words; none where one could not be understood.
    words: Vec<Option<ir::Words>>,
    /// What stands around every message.
    envelope: Option<envelope::Written>,
    /// What is written in Rust.
    externs: ir::Externs,
    found: Vec<Diagnostic>,
}

impl Context<'_> {
    fn report(&mut self, diagnostic: Diagnostic) {
        self.found.push(diagnostic);
    }

    /// The order of bytes where no suffix says it.
    fn endian(&self) -> Endian {
        self.draft.endian.as_ref().map_or(Endian::Big, |endian| endian.value)
    }

    /// Which bits of a run its first field takes.
    fn bit_order(&self) -> BitOrder {
        self.draft.bits.as_ref().map_or(BitOrder::Highest, |order| order.value)
    }

    /// The largest frame, if the schema says it; 0 is reported, and passed over.
    fn limit_written(&self) -> Option<u64> {
        if let Some(max) = self.envelope.as_ref().and_then(|envelope| envelope.max.as_ref()) {
            return Some(max.value);
        }
        let limit = self.draft.limits.iter().find(|limit| limit.name.text == "frame" && limit.value.value > 0)?;
        Some(u64::try_from(limit.value.value).unwrap_or(u64::MAX))
    }

    /// The largest frame.
    fn limit(&self) -> u64 {
        self.limit_written().unwrap_or(ir::FRAME_BYTES_MAX)
    }
}
