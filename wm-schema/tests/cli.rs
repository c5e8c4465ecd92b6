//! The real command on the real schemas: what it prints where, and how it ends.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

/// The schemas that every command works on.
const SCHEMAS: [&str; 9] =
    ["text", "frame", "jsonl", "len_json", "netstring", "xml10", "binary_transfer", "text_transfer", "upload"];

fn schema(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/schemas").join(name).with_extension("wm")
}

fn mistake(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/ui").join(name).with_extension("wm")
}

/// A path in a folder that cargo keeps for this test.
fn scratch(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

fn ran(output: Output) -> Ran {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("output is UTF-8");
    Ran { code: output.status.code(), out: text(output.stdout), err: text(output.stderr) }
}

fn run<A: AsRef<std::ffi::OsStr>>(arguments: impl IntoIterator<Item = A>) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
    ran(command.args(arguments).stdin(Stdio::null()).output().expect("the command starts"))
}

fn run_with_input(arguments: &[&str], input: &str) -> Ran {
    let mut child = Command::new(env!("CARGO_BIN_EXE_wm-schema"))
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the command starts");
    child.stdin.take().expect("its input").write_all(input.as_bytes()).expect("it reads its input");
    ran(child.wait_with_output().expect("it ends"))
}

/// The arguments as strings.
fn words<'a>(command: &'a [&'a str], path: &'a Path) -> Vec<&'a str> {
    let path = path.to_str().expect("a path in UTF-8");
    command.iter().copied().map(|word| if word == "FILE" { path } else { word }).collect()
}

#[test]
fn every_command_works_on_every_schema() {
    for name in SCHEMAS {
        let path = schema(name);
        for command in [&["check", "FILE"][..], &["explain", "FILE"], &["gen", "FILE"], &["test", "FILE"]] {
            let ran = run(words(command, &path));
            assert_eq!(ran.code, Some(0), "{command:?} {name}: {}{}", ran.out, ran.err);
            assert!(ran.out.contains(name), "{command:?} {name}: {}", ran.out);
            assert!(!ran.err.contains("error"), "{command:?} {name}: {}", ran.err);
        }
        let formatted = run_with_input(&["fmt", "-"], &fs::read_to_string(&path).expect("a schema"));
        assert_eq!(formatted.code, Some(0), "{name}: {}", formatted.err);
    }
}

#[test]
fn check_says_how_messages_are_framed() {
    let ran = run([Path::new("check"), &schema("text"), &schema("upload"), &mistake("warn_never_used")]);
    assert_eq!(ran.code, Some(0));
    let lines: Vec<&str> = ran.out.lines().collect();
    assert!(lines[0].ends_with("text: Line until(LF) up to 1048577 bytes (about 1 MiB)"), "{}", ran.out);
    assert!(lines[1].ends_with("upload: Upload prefix(8) up to 2147483648 bytes (2 GiB)"), "{}", ran.out);
    assert!(ran.err.contains("warning[WM904]: never used"), "{}", ran.err);
    assert!(ran.err.contains(" in "), "{}", ran.err);
}

#[test]
fn check_goes_through_all_files() {
    let ran = run([Path::new("check"), &mistake("syntax_missing_colon"), Path::new("/no/such.wm"), &schema("text")]);
    assert_eq!(ran.code, Some(2));
    assert!(ran.err.contains("expected `:` before `u8`"), "{}", ran.err);
    assert!(ran.err.contains("1 error in"), "{}", ran.err);
    assert!(ran.err.contains("wm-schema: cannot read /no/such.wm: No such file or directory\n"), "{}", ran.err);
    assert!(ran.out.contains("text: Line"), "{}", ran.out);
    assert_eq!(run([Path::new("check"), &mistake("syntax_missing_colon")]).code, Some(1));
}

#[test]
fn gen_prints_writes_and_compares() {
    let (upload, output) = (schema("upload"), scratch("upload.rs"));
    let _ = fs::remove_file(&output);
    let to_file = |more: &[&str]| {
        let paths = [upload.to_str().expect("UTF-8"), "-o", output.to_str().expect("UTF-8")];
        run(["gen"].iter().chain(&paths).chain(more))
    };
    let missing = to_file(&["--check"]);
    assert_eq!(missing.code, Some(1), "{}", missing.err);
    assert!(missing.err.contains("does not exist"), "{}", missing.err);

    let written = to_file(&[]);
    assert_eq!((written.code, written.out.as_str()), (Some(0), ""));
    assert!(written.err.contains("wrote "), "{}", written.err);
    let code = fs::read_to_string(&output).expect("the file was written");
    assert_eq!(run([Path::new("gen"), &upload]).out, code);
    assert_eq!(to_file(&["--check"]).code, Some(0));
    assert!(!to_file(&[]).err.contains("wrote"), "a file that is up to date is not written");

    fs::write(&output, code.replacen("Upload", "Download", 1)).expect("a writable file");
    let stale = to_file(&["--check"]);
    assert_eq!(stale.code, Some(1));
    assert!(
        stale.err.contains("is not what") && stale.err.contains("\n-") && stale.err.contains("\n+"),
        "{}",
        stale.err
    );
    assert!(fs::read_to_string(&output).expect("still there").contains("Download"), "--check writes nothing");
}

#[test]
fn gen_writes_nothing_of_a_bad_schema() {
    let output = scratch("bad.rs");
    let _ = fs::remove_file(&output);
    let ran = run([Path::new("gen"), &mistake("syntax_many"), Path::new("-o"), &output]);
    assert_eq!((ran.code, ran.out.as_str(), output.exists()), (Some(1), "", false));
    assert!(ran.err.contains("9 errors in"), "{}", ran.err);
}

#[test]
fn gen_says_where_it_cannot_write() {
    let ran = run([Path::new("gen"), &schema("text"), Path::new("-o"), Path::new("/no/such/folder/text.rs")]);
    assert_eq!(ran.code, Some(2));
    assert!(
        ran.err.ends_with("wm-schema: cannot write /no/such/folder/text.rs: No such file or directory\n"),
        "{}",
        ran.err
    );
}

#[test]
fn our_own_schemas_are_in_the_one_style() {
    let folder = |name: &str| Path::new(env!("CARGO_MANIFEST_DIR")).join("..").join(name);
    let mut files = Vec::new();
    for name in ["tests/schemas", "tests/shared", "wm-core/src/protocol"] {
        let entries = fs::read_dir(folder(name)).expect("a folder of schemas");
        let paths = entries.map(|entry| entry.expect("a readable folder").path());
        files.extend(paths.filter(|path| path.extension().is_some_and(|extension| extension == "wm")));
    }
    assert!(files.len() > SCHEMAS.len(), "{files:?}");
    let ran = run([PathBuf::from("fmt"), PathBuf::from("--check")].iter().chain(&files));
    assert_eq!((ran.code, ran.out.as_str()), (Some(0), ""), "{}", ran.err);
}

#[test]
fn fmt_rewrites_what_is_not_formatted() {
    let path = scratch("unformatted.wm");
    fs::write(&path, "protocol a\nmessage  A{a:u8\nlonger:u16}\n").expect("a writable file");
    let check = run(words(&["fmt", "--check", "FILE"], &path));
    assert_eq!(check.code, Some(1));
    assert!(check.out.ends_with("is not formatted\n"), "{}", check.out);
    assert_eq!(run(words(&["fmt", "FILE"], &path)).code, Some(0));
    let formatted = "protocol a\nmessage A {\n    a:      u8\n    longer: u16\n}\n";
    assert_eq!(fs::read_to_string(&path).expect("still there"), formatted);
    assert_eq!(run(words(&["fmt", "--check", "FILE"], &path)).code, Some(0));
    assert_eq!(run_with_input(&["fmt", "-"], "protocol   a").out, "protocol a\n");
}

#[test]
fn fmt_leaves_what_it_cannot_read() {
    let path = scratch("unreadable.wm");
    let source = "protocol a\nmessage A {  a u8 }\n";
    fs::write(&path, source).expect("a writable file");
    let ran = run(words(&["fmt", "FILE"], &path));
    assert_eq!(ran.code, Some(1));
    assert!(ran.err.contains("expected `:` before `u8`"), "{}", ran.err);
    assert_eq!(fs::read_to_string(&path).expect("still there"), source);
    let not_yet = run(words(&["fmt", "--check", "FILE"], &mistake("not_yet_socks5")));
    assert!(!not_yet.err.contains("error"), "what is not implemented can be formatted: {}", not_yet.err);
}

#[test]
fn explain_can_show_one_message() {
    let path = schema("binary_transfer");
    let all = run(words(&["explain", "FILE"], &path));
    assert!(all.out.contains("message Upload") && all.out.contains("message Done"), "{}", all.out);
    let one = run(words(&["explain", "FILE", "--message", "Done"], &path));
    assert!(!one.out.contains("message Upload") && one.out.contains("message Done"), "{}", one.out);
    let none = run(words(&["explain", "FILE", "--message", "Gone"], &path));
    assert_eq!(none.code, Some(2));
    assert!(
        none.err.contains("there is no message `Gone`") && none.err.contains("`Upload` and `Done`"),
        "{}",
        none.err
    );
}

#[test]
fn a_test_that_fails_is_shown() {
    let source = "protocol a\n\nmessage A { a: u8 }\n\ntest \"wrong\" {\n    hex \"01\" == A { a: 2 }\n}\n";
    let ran = run_with_input(&["test", "-"], source);
    assert_eq!(ran.code, Some(1));
    assert!(ran.out.contains("test \"wrong\": FAILED") && ran.out.contains("line 6"), "{}", ran.out);
    let none = run_with_input(&["test", "-"], "protocol a\nmessage A { a: u8 }\n");
    assert_eq!((none.code, none.out.as_str()), (Some(0), "standard input: no tests\n"));
}

#[test]
fn wrong_usage_ends_with_2() {
    for arguments in [&["check"][..], &["gen", "a.wm", "--check"], &["unknown"], &[]] {
        let ran = run(arguments);
        assert_eq!((ran.code, ran.out.as_str()), (Some(2), ""), "{arguments:?}");
        assert!(ran.err.contains("Usage"), "{arguments:?}: {}", ran.err);
    }
}

#[test]
fn help_shows_examples_and_exit_codes() {
    let ran = run(["--help"]);
    assert_eq!(ran.code, Some(0));
    assert!(ran.out.contains("Examples:") && ran.out.contains("Exit codes:"), "{}", ran.out);
}
