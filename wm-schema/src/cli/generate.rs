//! `wm-schema gen`: the Rust of a protocol.

use super::Outcome;
use super::source::{Source, Warnings};
use super::terminal::{print, say, say_unable};
use std::path::{Path, PathBuf};
use std::{fs, io};
use wm_schema::codegen::{Options, rust};

/// What can be typed behind `gen`.
#[derive(Debug, clap::Args)]
pub(crate) struct Arguments {
    /// A schema; `-` is standard input
    file: PathBuf,
    /// Write to this file, if it changes; without it the code is printed
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write nothing; exit with 1 if the file is not up to date
    #[arg(long, requires = "output")]
    check: bool,
    /// Make a test module of the schema's `test` blocks
    #[arg(long)]
    tests: bool,
    /// The path of the runtime crate in the code
    #[arg(long, value_name = "PATH", default_value = "::wm_core")]
    runtime: String,
}

/// Generates, and prints, writes or compares.
pub(crate) fn run(arguments: &Arguments) -> Outcome {
    let checked = Source::read(&arguments.file).and_then(|source| Ok((source.check(Warnings::Show)?, source.name)));
    let (schema, name) = match checked {
        Ok(checked) => checked,
        Err(outcome) => return outcome,
    };
    let file_name = arguments.file.file_name().map(|name| name.to_string_lossy().into_owned());
    let options = Options {
        source_name: file_name.filter(|name| name != "-").unwrap_or_else(|| format!("{}.wm", schema.name)),
        runtime: arguments.runtime.clone(),
        standalone: true,
        tests: arguments.tests,
    };
    let code = rust::generate(&schema, &options);
    match &arguments.output {
        Some(output) if arguments.check => compare(arguments, &name, output, &code),
        Some(output) => write(output, &code, &format!(" ({} lines)", code.lines().count())),
        None => deliver(None, &code),
    }
}

/// Writes what was made to a file, or prints it.
pub(crate) fn deliver(output: Option<&Path>, made: &str) -> Outcome {
    match output {
        Some(output) => write(output, made, ""),
        None => {
            print(made);
            Outcome::Good
        }
    }
}

/// Writes the file, if it is not the same already.
fn write(output: &Path, code: &str, size: &str) -> Outcome {
    if fs::read_to_string(output).is_ok_and(|old| old == code) {
        return Outcome::Good;
    }
    match fs::write(output, code) {
        Ok(()) => {
            say(&format!("wrote {}{size}\n", output.display()));
            Outcome::Good
        }
        Err(error) => {
            say_unable("write", output, &error);
            Outcome::Unable
        }
    }
}

/// Compares the file with what the schema gives.
fn compare(arguments: &Arguments, name: &str, output: &Path, code: &str) -> Outcome {
    let tests = if arguments.tests { " --tests" } else { "" };
    let how = format!(
        "run this command without --check: wm-schema gen {} -o {}{tests}\n",
        arguments.file.display(),
        output.display()
    );
    match fs::read_to_string(output) {
        Ok(old) if old == code => Outcome::Good,
        Ok(old) => {
            say(&format!("{} is not what {name} gives:\n{}{how}", output.display(), first_difference(&old, code)));
            Outcome::Bad
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            say(&format!("{} does not exist\n{how}", output.display()));
            Outcome::Bad
        }
        Err(error) => {
            say_unable("read", output, &error);
            Outcome::Unable
        }
    }
}

/// The first line in which two texts differ, as a diff shows it.
fn first_difference(old: &str, new: &str) -> String {
    let (mut old, mut new) = (old.split('\n'), new.split('\n'));
    let mut line = 1;
    loop {
        match (old.next(), new.next()) {
            (Some(was), Some(is)) if was == is => line += 1,
            (None, None) => return String::new(),
            (was, is) => {
                let show = |sign, text: Option<&str>| text.map(|text| format!("{sign}{text}\n")).unwrap_or_default();
                return format!("@@ line {line} @@\n{}{}", show('-', was), show('+', is));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::first_difference;

    #[test]
    fn the_first_difference_is_shown() {
        let table = [
            ("a\nb\nc\n", "a\nx\nc\n", "@@ line 2 @@\n-b\n+x\n"),
            ("a\n", "a\nb\n", "@@ line 2 @@\n-\n+b\n"),
            ("a", "a\nb", "@@ line 2 @@\n+b\n"),
            ("a\n", "a\n", ""),
        ];
        for (old, new, expected) in table {
            assert_eq!(first_difference(old, new), expected, "{old:?} {new:?}");
        }
    }
}
