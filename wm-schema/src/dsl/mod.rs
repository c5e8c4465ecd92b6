//! The `.wm` front end: from the text of a schema to a [`Draft`], and the one style of writing it.
//!
//! ```text
//!   source ──token──> tokens ──split──> items, lines ──grammar.pest──> pairs ──build──> Draft
//!                        └──format──> source
//! ```
//!
//! Nothing is looked up here: whether a type exists, and whether a message has an end, is the business of
//! [`crate::resolve`]. All mistakes of spelling and syntax are found at once, each with its place, and what the language
//! has but this version does not implement is named as such.

mod cases;
mod fields;
mod format;
mod grammar;
mod items;
mod literal;
mod mistake;
mod not_yet;
mod places;
mod reader;
mod slip;
mod split;
mod token;

pub use format::format;
pub use places::{LineColumn, Places};

use crate::diagnostic::Diagnostic;
use crate::draft::{Draft, FieldDraft};

/// A file as the parser has left it.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The schema, or what is wrong with it; never an empty list.
    pub draft: Result<Draft, Vec<Diagnostic>>,
    /// What the origins in either of them stand for.
    pub places: Places,
}

/// Reads a schema.
///
/// # Errors
/// Every mistake of syntax in it.
pub fn parse(source: &str) -> Result<Draft, Vec<Diagnostic>> {
    read(source).draft
}

/// Reads a schema and keeps the places of all that it has found.
#[must_use]
pub fn read(source: &str) -> Parsed {
    let mut reader = reader::Reader::new(source);
    let draft = items::read_all(&mut reader);
    let reader::Reader { diagnostics, places, .. } = reader;
    let draft = match draft {
        Some(mut draft) if diagnostics.is_empty() => {
            draft.lines = places.lines();
            Ok(draft)
        }
        _ => Err(diagnostics),
    };
    Parsed { draft, places }
}

/// Reads lines of a layout, such as `len: u32 = size(self)`, that stand alone and in no file.
///
/// # Errors
/// Every mistake of syntax in them.
pub fn parse_fields(source: &str) -> Result<Vec<FieldDraft>, Vec<Diagnostic>> {
    let mut reader = reader::Reader::new(source);
    reader.report_broken_tokens();
    let all = 0..reader.tokens.len();
    let fields = reader.fields(all, fields::Within::Layout);
    if reader.diagnostics.is_empty() { Ok(fields) } else { Err(reader.diagnostics) }
}

#[cfg(test)]
mod tests {
    use super::parse;
    use crate::draft::{AttrKind, ExtentKind, FieldKind};

    #[test]
    fn upload_is_read() {
        let source = include_str!("../../../tests/schemas/upload.wm");
        let draft = parse(source).expect("the schema is good");
        assert_eq!((draft.name.text.as_str(), draft.port.as_ref().map(|port| port.value)), ("upload", Some(9200)));
        assert_eq!(draft.limits[0].value.value, 2 << 30);
        let fields = &draft.layouts[0].fields;
        assert!(matches!(&fields[1].kind, FieldKind::Named(name, ty) if name.text == "total" && ty.name.text == "u32"));
        assert!(matches!(fields[1].attrs[0].kind, AttrKind::Equals(_)));
        let FieldKind::Named(_, data) = &fields[3].kind else { panic!("{:?}", fields[3]) };
        assert!(matches!(data.extent.as_ref().map(|extent| &extent.kind), Some(ExtentKind::Rest)));
        assert!(matches!(fields[3].attrs[0].kind, AttrKind::Stream));
        assert_eq!(draft.recovers[0].action.text, "resync");
        assert_eq!(draft.line(fields[3].origin), 9);
    }
}
