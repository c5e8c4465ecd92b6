//! The README shows real files.

use std::fs;

fn blocks(markdown: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    markdown.split(&opening).skip(1).map(|rest| rest.split("```").next().unwrap_or_default().to_owned()).collect()
}

fn read(path: &str) -> String {
    let path = format!("{}/../{path}", env!("CARGO_MANIFEST_DIR"));
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

#[test]
fn its_first_screen_is_an_example() {
    let readme = read("README.md");
    assert_eq!(blocks(&readme, "wm"), [read("examples/proto/files.wm")]);
    let program = read("examples/src/bin/files.rs");
    let [ref shown] = blocks(&readme, "rust")[..] else { panic!("one program") };
    assert!(program.contains(shown), "README's program is examples/src/bin/files.rs");
}

#[test]
fn its_derive_is_an_example() {
    let program = read("examples/src/bin/twice.rs");
    let readme = read("README.md");
    let blocks = blocks(&readme, "rust,ignore");
    assert!(blocks.iter().any(|block| block.starts_with("#[derive(Protocol)]")
        && program.contains(block.trim_start_matches("#[derive(Protocol)]\n"))));
    let build = read("examples/build.rs");
    assert!(blocks.iter().any(|block| build.contains(block)));
}

#[test]
fn every_file_that_it_links_is_there() {
    for page in ["README.md", "ARCHITECTURE.md", "CONTRIBUTING.md", "docs/language.md"] {
        let text = read(page);
        for link in text.split("](").skip(1).filter_map(|rest| rest.split(')').next()) {
            if let Some(section) = link.strip_prefix('#') {
                let heading = |line: &str| line.trim_start_matches('#').trim().to_lowercase().replace(' ', "-");
                let mut headings = text.lines().filter(|line| line.starts_with('#')).map(heading);
                assert!(headings.any(|heading| heading == section), "{page} has no section {section}");
            } else if !link.starts_with("http") {
                let folder = if page.starts_with("docs/") { "docs/" } else { "" };
                read(&format!("{folder}{link}"));
            }
        }
    }
}

#[test]
fn its_commands_are_the_ones_that_ci_runs() {
    assert!(read("README.md").contains("\n./test "));
    assert!(read(".ci/run").contains("\nexec ./test\n"));
}
