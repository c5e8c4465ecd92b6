//! `wm-schema new`: a project to start from.

use super::Outcome;
use super::terminal::{say, say_unable};
use std::fs;
use std::path::{Path, PathBuf};

/// The files of a project; `NAME` stands for what it is called.
const FILES: [(&str, &str); 6] = [
    ("Cargo.toml", include_str!("new/Cargo.toml.in")),
    (".gitignore", "/target\n"),
    ("build.rs", include_str!("new/build.rs.in")),
    ("proto/NAME.wm", include_str!("new/protocol.wm.in")),
    ("src/main.rs", include_str!("new/main.rs.in")),
    ("src/tests.rs", include_str!("new/tests.rs.in")),
];

/// What can be typed behind `new`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// What the protocol and its crate are called: `chat`, `file_transfer`
    #[arg(value_parser = name)]
    name: String,
    /// The folder to make; by default one of that name
    #[arg(long, value_name = "FOLDER")]
    dir: Option<PathBuf>,
}

/// A name that is one of a protocol, of a module and of a crate.
fn name(text: &str) -> Result<String, String> {
    let starts = text.starts_with(|letter: char| letter.is_ascii_lowercase());
    let fits = text.chars().all(|letter| letter.is_ascii_lowercase() || letter.is_ascii_digit() || letter == '_');
    let taken = ["test", "core", "std", "alloc", "self", "super", "crate", "proc_macro"].contains(&text);
    match (starts && fits, taken || syn::parse_str::<syn::Ident>(text).is_err()) {
        (false, _) => Err("a name of small letters, digits and `_`, a letter first: `file_transfer`".to_owned()),
        (true, true) => Err(format!("`{text}` means something else in Rust")),
        (true, false) => Ok(text.to_owned()),
    }
}

/// Makes the project, and nothing if its folder holds something already.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let Arguments { name, dir } = arguments;
    let folder = dir.clone().unwrap_or_else(|| PathBuf::from(name));
    if fs::read_dir(&folder).is_ok_and(|mut files| files.next().is_some()) {
        say(&format!("wm-schema: {} is not empty\n", folder.display()));
        return Outcome::Unable;
    }
    for (path, text) in FILES {
        let path = folder.join(path.replace("NAME", name));
        let text = text.replace("NAME", name).replace("VERSION", env!("CARGO_PKG_VERSION"));
        let parent = path.parent().unwrap_or(Path::new("."));
        if let Err(error) = fs::create_dir_all(parent).and_then(|()| fs::write(&path, text)) {
            say_unable("write", &path, &error);
            return Outcome::Unable;
        }
    }
    let shown = folder.display();
    say(&format!("made {shown}: `cd {shown}`, then `cargo test`, or `cargo run` and `nc 127.0.0.1 9200`\n"));
    Outcome::Good
}

#[cfg(test)]
mod tests {
    use super::name;

    #[test]
    fn a_name_is_one_in_rust_too() {
        assert_eq!(name("file_transfer2"), Ok("file_transfer2".to_owned()));
        for bad in ["", "Chat", "2chat", "a-b", "match", "test", "self", "_a"] {
            assert!(name(bad).is_err(), "{bad}");
        }
    }
}
