//! `wm-schema new`: the project builds and passes its tests, and nothing is written over.
#![cfg(feature = "cli")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

fn made(folder: &Path) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
    command.args(["new", "parrot", "--dir"]).arg(folder).stdin(Stdio::null());
    command.output().expect("the command starts")
}

fn folder(name: &str) -> PathBuf {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    let _ = fs::remove_dir_all(&folder);
    folder
}

#[test]
fn a_new_project_passes_its_tests() {
    let folder = folder("new-parrot");
    let output = made(&folder);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the workspace");
    // What the registry will give is taken from here, with the versions that this workspace has locked.
    let mut manifest = fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
    manifest.push_str("\n[patch.crates-io]\n");
    for name in ["wm-core", "wm-schema"] {
        manifest.push_str(&format!("{name} = {{ path = {:?} }}\n", root.join(name)));
    }
    fs::write(folder.join("Cargo.toml"), manifest).expect("a manifest");
    fs::copy(root.join("Cargo.lock"), folder.join("Cargo.lock")).expect("a lock file");
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["test", "--offline", "--quiet"]).current_dir(&folder).stdin(Stdio::null());
    cargo.env("CARGO_TARGET_DIR", Path::new(env!("CARGO_TARGET_TMPDIR")).join("new-target"));
    let output = cargo.output().expect("cargo starts");
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{said}");
    // The two of the project, and those that are made of the schema's.
    let passed = said.matches("test result: ok. ").count();
    assert!(passed >= 1 && !said.contains(" 0 passed"), "{said}");
    let folders = ["proto/parrot.wm", "src/main.rs", "src/tests.rs", "build.rs", ".gitignore"];
    assert!(folders.iter().all(|file| folder.join(file).is_file()));
}

#[test]
fn nothing_is_written_over() {
    let folder = folder("new-full");
    fs::create_dir_all(&folder).expect("a folder");
    fs::write(folder.join("mine"), "mine").expect("a file");
    let output = made(&folder);
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).ends_with("is not empty\n"));
    assert_eq!(fs::read_dir(&folder).expect("the folder").count(), 1);
}

#[test]
fn the_schema_is_in_the_one_style() {
    let folder = folder("new-style");
    assert!(made(&folder).status.success());
    let mut command = Command::new(env!("CARGO_BIN_EXE_wm-schema"));
    let output = command.args(["fmt", "--check"]).arg(folder.join("proto/parrot.wm")).output().expect("it starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}
