//! The `test` blocks of every schema pass.

use wm_schema::interp;
use wm_tests::schemas;

#[test]
fn every_schema_passes_its_own_tests() {
    let ours = schemas::SOURCES.iter().map(|(name, _)| schemas::load(name));
    for schema in ours.chain(schemas::BUILT_IN.iter().map(|(name, _)| schemas::built_in(name))) {
        let report = interp::test(schema);
        assert!(report.passed(), "{report}");
        assert!(report.cases.len() > 4, "{} is hardly tested", schema.name);
    }
}
