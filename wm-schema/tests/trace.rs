//! A trace tells of every byte of a frame, and says nothing else than `decode`: for every test of every schema.

use std::fs;
use std::path::Path;
use wm_schema::interp::{Found, Input, Interpreter, Scan, Span};
use wm_schema::ir::{Expect, Schema};
use wm_schema::{dsl, resolve};

/// Calls `check` with each case of each schema that stands alone.
fn cases(mut check: impl FnMut(&str, Interpreter<'_>, &[u8], bool)) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas");
    let mut seen = 0;
    for entry in fs::read_dir(folder).expect("a folder of schemas") {
        let path = entry.expect("a readable folder").path();
        let Some(schema) = read(&path) else { continue };
        for case in schema.tests.iter().flat_map(|test| &test.cases) {
            let good = matches!(case.expect, Expect::Equals(_) | Expect::Decodes(_));
            let Some(message) = case.message else { continue };
            let interpreter = Interpreter::new(&schema, &schema.messages[message]).sent_by(case.from);
            check(&format!("{}:{}", path.display(), case.line), interpreter, &case.bytes, good);
            seen += 1;
        }
    }
    assert!(seen > 50, "{seen} cases");
}

fn read(path: &Path) -> Option<Schema> {
    let source = fs::read_to_string(path).expect("a readable file");
    resolve::resolve(&dsl::read_file(&source, path).draft.ok()?).schema
}

#[test]
fn every_byte_of_a_good_frame_belongs_to_a_field() {
    cases(|name, interpreter, frame, good| {
        if !good {
            return;
        }
        let trace = interpreter.trace(frame);
        assert_eq!(trace.end, interpreter.decode(frame), "{name}");
        let mut end = 0;
        for span in trace.spans.iter().filter(|span| span.depth == 0) {
            // Bits share their bytes with those beside them.
            assert!(span.bytes.start <= end, "{name}: {}", span.name);
            end = end.max(span.bytes.end);
        }
        let bytes = trace.content.as_ref().map_or(frame.len(), |content| content.bytes.len());
        assert_eq!(end, bytes, "{name}");
        assert!(trace.spans.iter().all(|span| span.found != Found::Broken), "{name}");
        assert!(nested(&trace.spans), "{name}: {:#?}", trace.spans);
    });
}

/// Whether each span is within the one that it stands in, and its content within it.
fn nested(spans: &[Span]) -> bool {
    let mut open: Vec<&Span> = Vec::new();
    spans.iter().all(|span| {
        open.truncate(span.depth);
        let inside =
            open.last().is_none_or(|outer| outer.bytes.start <= span.bytes.start && span.bytes.end <= outer.bytes.end);
        let held = span.bytes.start <= span.content.start && span.content.end <= span.bytes.end;
        open.push(span);
        inside && held && open.len() == span.depth + 1
    })
}

#[test]
fn a_trace_ends_as_decode_does() {
    cases(|name, interpreter, bytes, _| {
        let frame = match interpreter.input(&mut Scan::default(), bytes) {
            Ok(Input::Frame(size)) => &bytes[..size],
            _ => bytes,
        };
        assert_eq!(interpreter.trace(frame).end, interpreter.decode(frame), "{name}");
        for cut in 0..bytes.len() {
            let start = interpreter.trace_start(&bytes[..cut]);
            let within = |span: &Span| span.bytes.start <= span.bytes.end && span.bytes.end <= cut;
            assert!(start.spans.iter().all(within), "{name} cut at {cut}: {:#?}", start.spans);
        }
    });
}
