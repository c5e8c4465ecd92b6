//! The `test` blocks of every schema pass.

use wm_schema::interp;
use wm_tests::schemas;

#[test]
fn every_schema_passes_its_own_tests() {
    for (name, _) in schemas::SOURCES {
        let schema = schemas::load(name);
        let report = interp::test(schema);
        assert!(report.passed(), "{report}");
        assert!(report.cases.len() > 4, "{} is hardly tested", schema.name);
    }
}
