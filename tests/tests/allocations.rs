//! Decoding allocates nothing, and neither does looking for the end of a frame: of no schema without JSON, and of no
//! bytes.

use wm_schema::ir::{Content, Schema, Type};
use wm_tests::subject;
use wm_tests::vectors::{self, Expect, Vector};

#[test]
fn nothing_is_allocated_for_a_frame_good_or_bad() {
    let vectors = vectors::all();
    let (mut good, mut bad) = (0, 0);
    for subject in subject::all().iter().filter(|subject| !holds_json(subject.schema)) {
        for vector in &vectors {
            if !subject.is_of(vector) || is_made_by_a_type_of_the_users(vector) {
                continue;
            }
            let mut frame = vector.bytes.clone();
            let mut is_good = false;
            let counted = allocation_counter::measure(|| is_good = (subject.read)(&mut frame));
            assert_eq!(counted.count_total, 0, "{subject:?}: {} allocates {counted:?}", vector.name);
            match &vector.expect {
                Expect::Equals(_) | Expect::Decodes(_) | Expect::Frame => {
                    assert!(is_good, "{subject:?}: {}", vector.name);
                    good += 1;
                }
                Expect::Rejects { .. } => bad += 1,
                Expect::Needs(_) => {}
            }
        }
    }
    assert!(good > 80 && bad > 80, "only {good} good frames and {bad} bad ones");
}

/// Whether a type of the user's has something to say: why it refuses, or a name that it has spelled anew.
fn is_made_by_a_type_of_the_users(vector: &Vector) -> bool {
    let refused = matches!(&vector.expect, Expect::Rejects { fault, .. } if fault == "Refused");
    refused || vector.name == "a tag in capitals"
}

/// Whether JSON is read: serde_json keeps the brackets that are open, and text with escapes or base64 is not in the frame as
/// it is.
fn holds_json(schema: &Schema) -> bool {
    let json = |ty: &Type| match ty {
        Type::Bytes(bytes) => matches!(bytes.content, Content::Json | Content::JsonBody(_)),
        _ => false,
    };
    let layouts = schema.messages.iter().map(|message| &message.layout).chain(&schema.structs);
    layouts.flat_map(|layout| &layout.fields).any(|field| json(&field.ty))
}
