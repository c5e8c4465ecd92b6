//! The `test` blocks of every schema pass.

use wm_schema::interp;
use wm_tests::schemas;

#[test]
fn every_schema_passes_its_own_tests() {
    for (name, _) in schemas::SOURCES {
        let report = interp::test(schemas::load(name));
        assert!(report.passed(), "{report}");
    }
}
