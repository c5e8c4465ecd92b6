use super::{Effort, Outcome, Report, Way, compare};
use crate::draft::Side;
use crate::ir::Schema;
use crate::{dsl, resolve};

fn schema(source: &str) -> Schema {
    let draft = dsl::parse(&format!("protocol p v2\n{source}")).unwrap_or_else(|mistakes| panic!("{mistakes:#?}"));
    let resolved = resolve::resolve(&draft);
    resolved.schema.unwrap_or_else(|| panic!("{:#?}", resolved.diagnostics))
}

fn report(old: &str, new: &str) -> Report {
    compare(&schema(old), &schema(new), Effort { random: 20, variations: 20_000, seed: 1 })
}

/// The findings: who sends, the least bytes, what comes of them.
fn found(old: &str, new: &str) -> Vec<(Way, Side, Vec<u8>, String)> {
    let outcome = |outcome: Outcome| match outcome {
        Outcome::Refuses(why) => why,
        Outcome::Waits(missing) => format!("waits for {missing}"),
        Outcome::Cuts(size) => format!("cuts at {size}"),
        Outcome::Differs(what, _) => what,
    };
    let findings = report(old, new).findings.into_iter();
    findings.map(|finding| (finding.way, finding.from, finding.bytes, outcome(finding.outcome))).collect()
}

const OLD: &str =
    "enum Kind: u8 { A = 1, B = 2 } message M from client { kind: Kind  level: u8 in 0..=9  text: str[u8] }";

#[test]
fn a_schema_agrees_with_itself() {
    let report = report(OLD, OLD);
    assert!(report.is_compatible() && report.renamed.is_empty(), "{report:?}");
    assert!(report.tried.values().all(|count| *count > 50), "{:?}", report.tried);
}

#[test]
fn names_are_not_on_the_wire() {
    let new = OLD.replace("level", "height").replace("A = 1", "First = 1").replace("message M", "message N");
    let report = report(OLD, &new);
    assert!(report.is_compatible(), "{:?}", report.findings);
    let renamed: Vec<&str> = report.renamed.iter().map(String::as_str).collect();
    assert_eq!(renamed, ["`A` is `First`", "`M.level` is `N.height`", "`M` is `N`"]);
}

#[test]
fn what_one_version_refuses_is_found_at_its_edge() {
    let wider = OLD.replace("0..=9", "0..=10");
    let found = found(OLD, &wider);
    assert_eq!(found.len(), 1, "{found:?}");
    let (way, side, bytes, why) = &found[0];
    assert_eq!((way, side, bytes.as_slice()), (&Way::NewToOld, &Side::Client, &b"\x01\x0a\0"[..]), "{why}");
    assert!(why.contains("M.level at byte 1"), "{why}");
}

#[test]
fn a_new_variant_is_refused_by_the_old_version() {
    let found = found(OLD, &OLD.replace("B = 2", "B = 2, C = 3"));
    assert_eq!((found.len(), found[0].2.as_slice()), (1, &b"\x03\0\0"[..]), "{found:?}");
}

#[test]
fn bytes_that_are_read_as_something_else_are_found() {
    let swapped = found("message M from client { a: u8  b: u8 }", "message M from client { b: u8  a: u8 }");
    assert_eq!(swapped.len(), 2, "{swapped:?}");
    assert!(swapped[0].3.starts_with("`M.a` is "), "{swapped:?}");
    let order = found("message M from client { a: u16 }", "message M from client { a: u16le }");
    assert_eq!((order.len(), order[0].2.as_slice()), (2, &b"\0\x01"[..]), "{order:?}");
    let longer = found("message M from client { a: u8 }", "message M from client { a: u8  b: u8 }");
    assert_eq!((longer[0].3.as_str(), longer[1].3.as_str()), ("waits for 1", "cuts at 1"), "{longer:?}");
    let limit = found("message M from client { a: str[u8] max 8 }", "message M from client { a: str[u8] max 9 }");
    assert_eq!((limit.len(), limit[0].2.len(), limit[0].0), (1, 10, Way::NewToOld), "{limit:?}");
}

#[test]
fn what_is_absent_in_both_is_the_same() {
    let schema = "struct S { a: u8 } message M from client { flag: bit  _: u7 = 0  s: S if flag }";
    assert_eq!(found(schema, schema), []);
    let other = "struct S { a: u16 } message M from client { flag: bit  _: u7 = 0  s: S if flag }";
    let found = found(schema, other);
    assert_eq!(found.iter().map(|found| found.2[0] & 0x80).collect::<Vec<_>>(), [0x80, 0x80], "{found:?}");
}

#[test]
fn what_newer_versions_add_is_skipped() {
    let old = "message M { len: u8 = size(self)  a: u8 } extensible";
    let new = "message M { len: u8 = size(self)  a: u8  b: u8 since v2 } extensible";
    assert_eq!(found(old, new), [], "the old version reads what it knows");
}

#[test]
fn sessions_are_gone_through_together() {
    let messages = "message Hello from client { \"h\" n: u8 } message Ok from server { \"o\" }";
    let old = format!("{messages} session {{ start Open {{ client Hello -> Busy }} Busy {{ server Ok -> Open }} }}");
    let twice = format!(
        "{messages} session {{ start Open {{ client Hello -> Busy }} Busy {{ server Ok -> Last }} Last {{ server Ok -> close }} }}"
    );
    let report = report(&old, &twice);
    assert!(!report.is_compatible());
    let states: Vec<_> = report.findings.iter().filter_map(|finding| finding.states.clone()).collect();
    assert!(states.contains(&("Open".into(), "Last".into())), "{states:?}");
}

#[test]
fn what_nobody_expects_is_refused() {
    let old = "message Ask from client { a: u8 }";
    let new = "message Ask from client { a: u8 } message Told from server { b: u8 }";
    let (way, side, bytes, why) = found(old, new).pop().expect("a difference");
    assert_eq!(
        (way, side, bytes.len(), why.as_str()),
        (Way::NewToOld, Side::Server, 1, "it expects nothing of that side")
    );
    let speech = |open: &str| {
        format!(
            "message Hello from client {{ \"h\" }} session {{ start Open {{ client Hello -> Talk }} Talk {{ {open} }} }}"
        )
    };
    let found = found(&speech("client Hello -> close"), &speech("client stream"));
    let raw = found.iter().find(|found| found.2.is_empty()).expect("raw bytes");
    assert_eq!((raw.0, raw.3.as_str()), (Way::NewToOld, "in the state `Talk` it expects no raw bytes"));
    assert!(
        found.iter().any(|found| found.0 == Way::OldToNew && found.3.contains("takes them for raw bytes")),
        "{found:?}"
    );
}
