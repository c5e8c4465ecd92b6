//! What is said about a mistake: its title, what, why, and what to type, at the attribute or field that made it.

use crate::text::Text;
use proc_macro2::Span;
use wm_schema::diagnostic::{Code, Diagnostic, Severity};
use wm_schema::dsl::Places;

/// One message: title, what, why, and what to type.
pub(crate) fn message(span: Span, code: Code, label: &str, why: &str, help: &str) -> syn::Error {
    let mut text = format!("{} [{code}]: {label}", code.title());
    for (word, what) in [("why", why), ("help", help)] {
        if !what.is_empty() {
            text.push_str(&format!("\n{word}: {what}"));
        }
    }
    syn::Error::new(span, text)
}

/// What the language has found wrong, each at the piece of Rust that its words came from.
pub(crate) fn all(text: &Text, places: &Places, diagnostics: &[Diagnostic]) -> Vec<syn::Error> {
    let wrong = diagnostics.iter().filter(|diagnostic| diagnostic.severity() == Severity::Error);
    wrong.map(|diagnostic| one(text, places, diagnostic)).collect()
}

fn one(text: &Text, places: &Places, diagnostic: &Diagnostic) -> syn::Error {
    let span = text.span(places.range(diagnostic.origin).unwrap_or(0..0));
    let hint = match diagnostic.code {
        Code::MissingLength => "\nas an attribute: `prefix = \"u16\"`, `until = \"\\n\"` or `fixed = 16`",
        Code::Unbounded => {
            "\nas an attribute: `len = \"u32\", counts = \"frame\"` on the struct, or `until = \"\\n\"` on the field"
        }
        Code::Empty if diagnostic.label.ends_with("has no message") => {
            "\nin Rust: `#[derive(Protocol)]` on a struct of the module makes it a message"
        }
        _ => "",
    };
    message(span, diagnostic.code, &diagnostic.label, &diagnostic.why, &format!("{}{hint}", diagnostic.help))
}
