//! From items of Rust to a checked schema, or to all that is wrong with them.

use crate::attributes::ProtocolAttributes;
use crate::fields::Scribe;
use crate::fit::Fit;
use crate::items::{EnumKind, RustEnum, RustStruct};
use crate::{adopt, report};
use proc_macro2::Span;
use wm_schema::diagnostic::{Code, Diagnostic};
use wm_schema::ir::Schema;
use wm_schema::{dsl, resolve};

/// The items of one protocol.
#[derive(Debug)]
pub(crate) struct Items {
    /// What its protocol is called after if it has no name, and where.
    pub(crate) ident: String,
    pub(crate) span: Span,
    pub(crate) structs: Vec<RustStruct>,
    pub(crate) enums: Vec<RustEnum>,
    /// Whether they are all that belong together, as those of a module are.
    pub(crate) sees_all: bool,
}

impl Items {
    /// The schema that the items say.
    pub(crate) fn compile(
        &self,
        said: &ProtocolAttributes,
        errors: Vec<syn::Error>,
    ) -> Result<Schema, Vec<syn::Error>> {
        let mut scribe = Scribe::new(self.sees_all, errors);
        let chosen = |item: &&RustEnum| matches!(item.kind, EnumKind::Chosen);
        scribe.chosen = self.enums.iter().filter(chosen).map(|item| (item, None)).collect();
        scribe.head(said, &self.ident, self.span);
        self.structs.iter().for_each(|item| scribe.layout(item));
        self.enums.iter().for_each(|item| scribe.enumeration(item));
        let lost: Vec<&RustEnum> =
            scribe.chosen.iter().filter(|(_, place)| place.is_none()).map(|(item, _)| *item).collect();
        for item in lost {
            let why = "an enum is an integer, a union behind a tag, or what an earlier field chooses";
            let help = "write `#[wm(as = \"u8\")]`, or `#[wm(tag = \"u8\")]`, or `#[wm(match = \"kind\")]` at the field \
                        that holds it";
            let label = format!("it is not said what `{}` is on the wire", item.name);
            scribe.errors.push(report::message(item.span, Code::BadAttribute, &label, why, help));
        }
        if !scribe.errors.is_empty() {
            return Err(scribe.errors);
        }
        let parsed = dsl::read(&scribe.text.source);
        let to_errors =
            |diagnostics: &[Diagnostic]| -> Vec<syn::Error> { report::all(&scribe.text, &parsed.places, diagnostics) };
        let mut draft = parsed.draft.as_ref().map_err(|diagnostics| to_errors(diagnostics))?.clone();
        let tests = draft.tests.iter().map(|test| {
            let span = scribe.text.span(parsed.places.range(test.name.origin).unwrap_or_default());
            let help = "write a test in Rust, or describe the protocol in a `.wm` file";
            let why = "its values would have to be written in Rust, and so can the whole test";
            report::message(span, Code::BadTest, "a `test` block beside items of Rust", why, help)
        });
        let tests: Vec<syn::Error> = tests.collect();
        if !tests.is_empty() {
            return Err(tests);
        }
        adopt::adopt(&mut draft, &self.structs, &self.enums, &scribe);
        let resolved = resolve::resolve(&draft);
        let Some(schema) = resolved.schema else { return Err(to_errors(&resolved.diagnostics)) };
        let (text, places, sees_all) = (&scribe.text, &parsed.places, self.sees_all);
        let misfits =
            Fit { schema: &schema, draft: &draft, text, places, sees_all }.misfits(&self.structs, &self.enums);
        if misfits.is_empty() { Ok(schema) } else { Err(misfits) }
    }
}
