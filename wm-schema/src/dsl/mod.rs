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
mod choices;
mod fields;
mod format;
mod formulas;
mod grammar;
mod imports;
mod items;
mod literal;
mod mistake;
mod places;
mod reader;
mod session;
mod slip;
mod split;
mod token;

pub use format::format;
pub use places::{Imported, LineColumn, Places};

use crate::diagnostic::{Code, Diagnostic};
use crate::draft::{Draft, FieldDraft, ValueDraft};
use std::fs;
use std::path::Path;

/// A file as the parser has left it.
#[derive(Debug, Clone)]
pub struct Parsed {
    /// The schema, or what is wrong with it; never an empty list.
    pub draft: Result<Draft, Vec<Diagnostic>>,
    /// What the origins in either of them stand for.
    pub places: Places,
    /// The files that it imports, and those that they import, by their paths from its folder; those too that cannot be
    /// read.
    pub imports: Vec<String>,
}

/// Reads a schema that imports nothing.
///
/// # Errors
/// Every mistake of syntax in it.
pub fn parse(source: &str) -> Result<Draft, Vec<Diagnostic>> {
    read(source).draft
}

/// Reads a schema that imports nothing, and keeps the places of all that it has found.
#[must_use]
pub fn read(source: &str) -> Parsed {
    read_with(source, None)
}

/// Reads a schema that stands in the file at `path`, and what it imports.
#[must_use]
pub fn read_file(source: &str, path: &Path) -> Parsed {
    let own = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let folder = path.parent().unwrap_or(Path::new(""));
    read_with(source, Some(&imports::Library { own, load: &|file| fs::read_to_string(folder.join(file)) }))
}

/// Whether a file has no `protocol` line: it is no schema by itself, others import it.
#[must_use]
pub fn is_part(source: &str) -> bool {
    items::is_part(&mut reader::Reader::new(source))
}

fn read_with(source: &str, library: Option<&imports::Library<'_>>) -> Parsed {
    let mut reader = reader::Reader::new(source);
    let items::Read { draft, imports } = items::read_all(&mut reader, library);
    let reader::Reader { diagnostics, places, .. } = reader;
    let draft = match draft {
        Some(mut draft) if diagnostics.is_empty() => {
            (draft.lines, draft.files) = (places.lines(), places.starts());
            Ok(draft)
        }
        _ => Err(diagnostics),
    };
    Parsed { draft, places, imports }
}

/// A value as the parser has left it.
#[derive(Debug, Clone)]
pub struct ParsedValue {
    /// The value, or what is wrong with it; never an empty list.
    pub value: Result<ValueDraft, Vec<Diagnostic>>,
    /// What the origins in either of them stand for.
    pub places: Places,
}

/// Reads a value, such as `Line { text: "x" }`, that stands alone and in no file.
#[must_use]
pub fn read_value(source: &str) -> ParsedValue {
    let mut reader = reader::Reader::new(source);
    let value = reader.lone_value();
    let reader::Reader { diagnostics, places, .. } = reader;
    ParsedValue { value: value.filter(|_| diagnostics.is_empty()).ok_or(diagnostics), places }
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
    if let Some(nameless) = reader.nameless.first() {
        let diagnostic = Diagnostic::new(Code::NotYet, nameless.name.origin, "a type without a name")
            .why("beside a struct of yours there is no place for the type that it would become")
            .help("derive a struct for it, or describe the protocol in a `.wm` file");
        reader.report(diagnostic);
    }
    if reader.diagnostics.is_empty() { Ok(fields) } else { Err(reader.diagnostics) }
}

#[cfg(test)]
mod tests {
    use super::{parse, parse_fields};
    use crate::draft::{
        Argument, AttrKind, Draft, Endian, ExpectDraft, Expr, ExprKind, ExtentKind, FieldDraft, FieldKind, LayoutKind,
        Literal, Side, ValueKind,
    };

    fn good(source: &str) -> Draft {
        parse(source).unwrap_or_else(|mistakes| panic!("{source}: {mistakes:#?}"))
    }

    fn fields(source: &str) -> Vec<FieldDraft> {
        parse_fields(source).unwrap_or_else(|mistakes| panic!("{source}: {mistakes:#?}"))
    }

    /// An equation with all its parentheses.
    fn spell(expr: &Expr) -> String {
        match &expr.kind {
            ExprKind::Literal(Literal::Int(value)) => value.to_string(),
            ExprKind::Literal(other) => format!("{other:?}"),
            ExprKind::Path(name) => name.text.clone(),
            ExprKind::Call { function, argument: Argument::Name(name) } => format!("{}({})", function.text, name.text),
            ExprKind::Call { function, argument: Argument::Range(first, last) } => {
                format!("{}({}..{})", function.text, first.text, last.text)
            }
            ExprKind::Else { value, absent } => format!("{} else {:?}", spell(value), absent.value),
            ExprKind::Binary { operator, left, right } => format!("({} {operator} {})", spell(left), spell(right)),
        }
    }

    #[test]
    fn upload_is_read() {
        let draft = good(include_str!("../../../tests/schemas/upload.wm"));
        assert_eq!((draft.name.text.as_str(), draft.port.as_ref().map(|port| port.value)), ("upload", Some(9200)));
        assert_eq!(draft.limits[0].value.value, 2 << 30);
        let fields = &draft.layouts[0].fields;
        assert!(matches!(&fields[0].kind, FieldKind::Literal(Literal::Bytes(bytes)) if bytes == b"****"));
        assert!(matches!(&fields[1].kind, FieldKind::Named(name, ty) if name.text == "total" && ty.name.text == "u32"));
        let FieldKind::Named(_, data) = &fields[3].kind else { panic!("{:?}", fields[3]) };
        assert!(matches!(data.extent.as_ref().map(|extent| &extent.kind), Some(ExtentKind::Rest)));
        assert!(matches!(fields[3].attrs[0].kind, AttrKind::Stream));
        assert_eq!(draft.recovers[0].action.text, "resync");
        assert_eq!(draft.line(fields[3].origin), 9);
    }

    #[test]
    fn the_first_line() {
        let draft = good("/// One.\n///\n///  Two.\nprotocol a v2 port 0x50 endian little");
        assert_eq!(draft.docs, ["One.", "", " Two."]);
        assert_eq!(draft.version.map(|version| version.value), Some(2));
        assert_eq!(draft.port.map(|port| port.value), Some(80));
        assert_eq!(draft.endian.map(|endian| endian.value), Some(Endian::Little));
    }

    #[test]
    fn an_item_may_stand_behind_a_brace() {
        let draft = good("protocol a\nlimit frame 1K\nstruct B { b: u8 } message A from client { a: B } const MAX = 5");
        let kinds: Vec<bool> = draft.layouts.iter().map(|layout| layout.kind == LayoutKind::Struct).collect();
        assert_eq!(kinds, [true, false]);
        let LayoutKind::Message { from: Some(from) } = &draft.layouts[1].kind else { panic!("no sender") };
        assert_eq!(from.value, Side::Client);
        assert_eq!(draft.consts[0].value.value, Literal::Int(5));
    }

    #[test]
    fn fields_are_named_as_one_likes() {
        let words = ["message", "stream", "until", "max", "in", "hex", "json", "type", "if", "limit", "true", "v2"];
        let source: String = words.iter().map(|word| format!("{word}: u8 ")).collect();
        let names: Vec<String> = fields(&source)
            .into_iter()
            .map(|field| match field.kind {
                FieldKind::Named(name, _) => name.text,
                other => panic!("{other:?}"),
            })
            .collect();
        assert_eq!(names, words);
    }

    #[test]
    fn lines_may_be_separated_and_carried_on() {
        for source in ["a: u8, b: u8", "a: u8; b: u8;", "a: u8 b: u8", "a: u8\nb\n: u8", "a: u8 /* b */\n// c\nb: u8"] {
            assert_eq!(fields(source).len(), 2, "{source}");
        }
        assert_eq!(fields("a: str\n    until \"x\"\n    max 5\nb: u8")[0].attrs.len(), 2);
    }

    #[test]
    fn extents() {
        let extent = |source: &str| match fields(source).remove(0).kind {
            FieldKind::Named(_, ty) => ty.extent.map(|extent| extent.kind),
            other => panic!("{other:?}"),
        };
        assert!(matches!(extent("a: bytes[16]"), Some(ExtentKind::Literal(Literal::Int(16)))));
        assert!(matches!(extent("a: bytes[KEY]"), Some(ExtentKind::Literal(Literal::Const(name))) if name == "KEY"));
        assert!(matches!(extent("a: bytes[..]"), Some(ExtentKind::Rest)));
        assert!(
            matches!(extent("a: bytes[n]"), Some(ExtentKind::Typed(ty, attrs)) if ty.name.text == "n" && attrs.is_empty())
        );
        assert!(matches!(extent("a: B[dec until \":\" max 9]"), Some(ExtentKind::Typed(_, attrs)) if attrs.len() == 2));
        assert!(extent("a: json").is_none());
    }

    #[test]
    fn equations() {
        let table = [
            ("size(self)", "size(self)"),
            ("size(a..b) - 4", "(size(a..b) - 4)"),
            ("1 + 2 * 3 - 4 / 2", "((1 + (2 * 3)) - (4 / 2))"),
            ("(1 + 2) * count(x)", "((1 + 2) * count(x))"),
            ("-5", "-5"),
            ("n", "n"),
        ];
        for (source, expected) in table {
            let field = fields(&format!("a: u8 = {source}")).remove(0);
            let AttrKind::Equals(expr) = &field.attrs[0].kind else { panic!("{field:?}") };
            assert_eq!(spell(expr), expected, "{source}");
        }
    }

    #[test]
    fn variants_count_on() {
        let draft = good("protocol a\nenum K: u8 { A, B, C = 5, D = 0x10..=0x1f\n E F = 'f', _ }");
        let values: Vec<_> =
            draft.enums[0].variants.iter().map(|variant| variant.values.as_ref().map(|at| at.value)).collect();
        let expected =
            [Some((0, 0)), Some((1, 1)), Some((5, 5)), Some((16, 31)), Some((32, 32)), Some((102, 102)), None];
        assert_eq!(values, expected);
    }

    #[test]
    fn tests_are_read() {
        let source = r#"protocol a
            test "t" {
                client hex "00 01" == A { b: [1, -2, 'x'], c: K.Text, d: V4 { ip: "\x7f" }, e: true }
                "x" decodes A {}  "y" rejects _
                "z" needs 3
            }"#;
        let cases = good(source).tests.remove(0).cases;
        assert_eq!(cases.len(), 4);
        assert_eq!(
            (cases[0].side.as_ref().map(|side| side.value), &cases[0].bytes.value[..]),
            (Some(Side::Client), &[0, 1][..])
        );
        let ExpectDraft::Equals(value) = &cases[0].expect else { panic!("{:?}", cases[0]) };
        let ValueKind::Struct(_, members) = &value.kind else { panic!("{value:?}") };
        assert!(matches!(&members[0].1.kind, ValueKind::List(list) if list.len() == 3));
        assert!(
            matches!(&members[1].1.kind, ValueKind::Variant(Some(kind), name) if kind.text == "K" && name.text == "Text")
        );
        assert!(matches!(&cases[1].expect, ExpectDraft::Decodes(_)));
        assert!(matches!(&cases[2].expect, ExpectDraft::Rejects(name) if name.text == "_"));
        assert!(matches!(&cases[3].expect, ExpectDraft::Needs(count) if count.value == 3));
    }

    #[test]
    fn a_long_file_is_read_in_pieces() {
        let source = format!("protocol a\nmessage A {{\n{}}}\n", "    a: u8\n".repeat(2000));
        assert_eq!(good(&source).layouts[0].fields.len(), 2000);
    }
}
