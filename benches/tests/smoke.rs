//! Both commands run to their end, and verify what they measure. Speed is not judged.

use std::process::Command;

fn table(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_wm-benches")).args(arguments).output().expect("it runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("text")
}

#[test]
fn the_servers_echo_and_are_measured() {
    let table = table(&["--quick"]);
    for server in ["bare epoll", "wm, text", "tokio LinesCodec"] {
        assert_eq!(table.matches(server).count(), 3, "{table}");
    }
    assert!(!table.contains("NaN") && !table.contains("inf"), "{table}");
}

#[test]
fn the_codecs_agree_and_are_measured() {
    let table = table(&["codecs", "--quick"]);
    assert_eq!(table.matches("generated").count(), 3, "{table}");
}

#[test]
fn another_word_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_wm-benches")).arg("fast").output().expect("it runs");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("--quick"));
}
