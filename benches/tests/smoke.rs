//! The commands run to their end, and verify what they measure. Speed is not judged.

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
    assert!(idle_bytes(&table) < 1024, "an idle connection keeps a buffer:\n{table}");
}

/// The last line of ours: what an idle connection takes.
fn idle_bytes(table: &str) -> u64 {
    let line = table.lines().rfind(|line| line.starts_with("wm, text")).expect("a line of ours");
    line.split_whitespace().nth(2).and_then(|bytes| bytes.parse().ok()).expect("a number")
}

#[test]
fn the_codecs_agree_and_are_measured() {
    let table = table(&["codecs", "--quick"]);
    assert_eq!(table.matches("generated").count(), 3, "{table}");
}

#[test]
fn masks_and_headers_come_to_the_same_and_are_measured() {
    let table = table(&["data", "--quick"]);
    assert_eq!((table.matches("GiB/s").count(), table.matches("blocks/s").count()), (4, 2), "{table}");
    assert!(!table.contains("NaN") && !table.contains("inf"), "{table}");
}

#[test]
fn timers_all_run_and_are_measured() {
    let table = table(&["timers", "--quick"]);
    assert!(table.contains("BTreeMap by hand") && table.contains("\nwm ") && !table.contains("NaN"), "{table}");
}

#[test]
fn generated_code_is_compiled_and_measured() {
    let table = table(&["compile", "--quick"]);
    let row = |name: &str| table.lines().any(|line| line.split_whitespace().next() == Some(name));
    for protocol in ["text", "http1", "mqtt", "socks5", "telemetry", "upload", "websocket"] {
        assert!(row(protocol), "{protocol}:\n{table}");
    }
    assert!(!table.contains("NaN"), "{table}");
}

#[test]
fn another_word_is_refused() {
    let output = Command::new(env!("CARGO_BIN_EXE_wm-benches")).arg("fast").output().expect("it runs");
    assert!(!output.status.success() && String::from_utf8_lossy(&output.stderr).contains("--quick"));
}
