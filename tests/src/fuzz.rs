//! What the fuzzers of `fuzz/` do with their bytes. The same is done with the committed corpus by an ordinary test.

use crate::{damage, laws, subject};
use wm_schema::codegen::{Options, rust};
use wm_schema::{dsl, explain, interp, resolve};

/// A schema: whatever is written in it, it is refused with diagnostics or becomes Rust; our style for it is
/// settled at once and says the same.
///
/// # Panics
///
/// A schema is refused without a word, or what is accepted cannot be used.
pub fn schema(data: &[u8]) {
    let Ok(source) = std::str::from_utf8(data) else { return };
    let parsed = dsl::parse(source);
    let formatted = dsl::format(source);
    assert_eq!(dsl::parse(&formatted).is_ok(), parsed.is_ok(), "{source:?} is another schema in our style");
    let draft = match parsed {
        Ok(draft) => draft,
        Err(mistakes) => return assert!(!mistakes.is_empty(), "refused without a word"),
    };
    assert_eq!(dsl::format(&formatted), formatted, "the style of {source:?} changes again");
    let resolved = resolve::resolve(&draft);
    let Some(schema) = resolved.schema else {
        return assert!(!resolved.diagnostics.is_empty(), "refused without a word");
    };
    let code = rust::generate(&schema, &Options { tests: true, ..Options::default() });
    assert!(code.contains("@generated"));
    assert!(!explain::explain(&schema).is_empty());
    let _ = interp::test(&schema).to_string();
    for message in &schema.messages {
        let interpreter = interp::Interpreter::new(&schema, message);
        let value = interp::made_up(&schema, &message.layout, interpreter.from(), data);
        let Ok(frame) = interpreter.encode(&value) else { continue };
        assert_eq!(interpreter.decode(&frame).as_ref(), Ok(&value), "{source}");
    }
}

/// The bytes as a stream of a protocol, in pieces that its first bytes say, and as the entropy of a message: all engines
/// must agree on both.
///
/// # Panics
///
/// They do not.
pub fn protocol(name: &str, data: &[u8]) {
    let (pieces, stream) = data.split_at(data.len().min(PIECES));
    for subject in subject::of(name) {
        let cuts = damage::cuts(stream.len(), pieces);
        let outcome = laws::agree(&subject, stream, &cuts);
        laws::sent_is_read_again(&subject, &outcome);
        let value = subject.message(stream);
        if let Ok(frame) = laws::round_trip(&subject, &value) {
            let damaged = damage::mutated(&frame, pieces);
            let _ = laws::agree(&subject, &damaged, &damage::cuts(damaged.len(), pieces));
        }
    }
}

/// So many bytes of the input say where the stream is cut: two for each cut.
pub const PIECES: usize = 8;
