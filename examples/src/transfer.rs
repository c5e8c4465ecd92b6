//! What the upload examples share: their command line, `serve ADDRESS FOLDER` and `send HOST:PORT FILE`; and a file that is
//! sent and saved in pieces.

use crate::{
    Saving,
    proto::binary_transfer::{Client, UploadHead, UploadPart},
};
use std::{
    env,
    fs::File,
    io::{self, Read, Write},
    net::TcpStream,
    path::{Path, PathBuf},
    process::ExitCode,
};
use wm_core::{Framed, FramedError};

/// Runs `serve` or `send`, whichever the command line asks for.
pub fn main(
    serve: impl FnOnce(&str, PathBuf) -> ExitCode,
    send: impl FnOnce(TcpStream, &Path) -> Result<Option<String>, FramedError>,
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

/// The last part of the name of a file.
#[must_use]
pub fn name(file: &Path) -> String {
    file.file_name().unwrap_or_default().to_string_lossy().into_owned()
}

/// Sends a file, however large, with a buffer of 64 KiB.
///
/// # Errors
///
/// The file cannot be read, is no longer what it was when its size was asked for, or the connection fails.
pub fn send_file<S: Read + Write>(server: &mut Framed<Client, S>, path: &Path) -> Result<(), FramedError> {
    let mut file = File::open(path)?;
    let data_len = usize::try_from(file.metadata()?.len()).unwrap_or(usize::MAX);
    server.send(UploadHead { name: &name(path), data_len })?;
    let mut piece = vec![0; 64 << 10];
    loop {
        let count = file.read(&mut piece)?;
        // The last one says so, and is refused if the file has become shorter.
        server.send(UploadPart { head: None, data: &piece[..count], end: count == 0 })?;
        if count == 0 {
            return Ok(());
        }
    }
}

/// An upload that a connection receives; at first, none.
#[derive(Debug, Default)]
pub struct Receiving {
    saving: Option<io::Result<Saving>>,
    bytes: usize,
}

impl Receiving {
    /// Takes a part of an upload. Once all of it has come, this is what to answer.
    pub fn take(&mut self, folder: &Path, part: &UploadPart<'_>) -> Option<String> {
        if let Some(head) = part.head {
            *self = Self { saving: Some(Saving::begin(folder, head.name)), bytes: head.data_len };
        }
        if let Some(Ok(saving)) = &mut self.saving
            && let Err(error) = saving.write(part.data)
        {
            self.saving = Some(Err(error));
        }
        let saving = part.end.then(|| self.saving.take())??;
        Some(saved(saving.and_then(Saving::finish), self.bytes))
    }
}

fn upload(
    host: &str,
    file: &Path,
    send: impl FnOnce(TcpStream, &Path) -> Result<Option<String>, FramedError>,
) -> Result<String, FramedError> {
    let answer = send(TcpStream::connect(host)?, file)?;
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
