//! The command line that both upload examples share: `serve ADDRESS FOLDER` and `send HOST:PORT FILE`.

use std::{
    env, fs, io,
    net::TcpStream,
    path::{Path, PathBuf},
    process::ExitCode,
};
use wm_core::FramedError;

/// Runs `serve` or `send`, whichever the command line asks for.
pub fn main(
    serve: impl FnOnce(&str, PathBuf) -> ExitCode,
    send: impl FnOnce(TcpStream, &str, &[u8]) -> Result<Option<String>, FramedError>,
) -> ExitCode {
    let arguments: Vec<String> = env::args().skip(1).collect();
    match arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["serve", address, folder] => serve(address, folder.into()),
        ["send", host, file] => match upload(host, Path::new(file), send) {
            Ok(answer) => say(&answer),
            Err(error) => complain(&format!("{file}: {error}")),
        },
        _ => complain("say: serve tcp://HOST:PORT FOLDER, or: send HOST:PORT FILE"),
    }
}

/// What the server answers.
#[must_use]
pub fn saved(result: io::Result<PathBuf>, bytes: usize) -> String {
    match result {
        Ok(path) => format!("saved {bytes} bytes as {}", path.display()),
        Err(error) => format!("not saved: {error}"),
    }
}

fn upload(
    host: &str,
    file: &Path,
    send: impl FnOnce(TcpStream, &str, &[u8]) -> Result<Option<String>, FramedError>,
) -> Result<String, FramedError> {
    let data = fs::read(file)?;
    let name = file.file_name().unwrap_or_default().to_string_lossy();
    let answer = send(TcpStream::connect(host)?, &name, &data)?;
    answer.ok_or_else(|| io::Error::new(io::ErrorKind::UnexpectedEof, "the server closed without an answer").into())
}

#[expect(clippy::print_stdout, reason = "what a command line program is for")]
fn say(answer: &str) -> ExitCode {
    println!("{answer}");
    ExitCode::SUCCESS
}

#[expect(clippy::print_stderr, reason = "what a command line program is for")]
fn complain(what: &str) -> ExitCode {
    eprintln!("{what}");
    ExitCode::FAILURE
}
