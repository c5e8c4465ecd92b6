//! [`Instance`]: which service is meant, and where its files are; [`Lock`]: that there is but one of it.

use super::Control;
use crate::error::Error;
use nix::fcntl::{FcntlArg, fcntl};
use nix::libc;
use nix::unistd::{Uid, getpid};
use std::ffi::OsStr;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Read, Seek, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::{env, fmt};

/// The longest path of a Unix socket, sockaddr_un of unix(7) without its last zero.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// A service by its name, and the folder of its files: `NAME.pid`, `NAME.sock`, `NAME.log`.
#[derive(Debug, Clone)]
pub(super) struct Instance {
    name: String,
    folder: PathBuf,
}

impl Instance {
    /// The instance that a command line means. The folder is made if it is not there.
    ///
    /// # Errors
    ///
    /// The name is no name of a file, or the folder cannot be made, or is somebody else's.
    pub(super) fn find(control: &Control) -> Result<Self, Fault> {
        let name = match control.instance() {
            Some(name) => name.to_owned(),
            None => program_name(),
        };
        if name.is_empty() || name.starts_with('.') || name.contains(['/', '\0']) || name.contains(char::is_control) {
            return Err(Fault::Name { found: name });
        }
        let folder = control.run_dir().map_or_else(default_folder, Path::to_owned);
        let instance = Self { name, folder };
        instance.make_folder().map_err(|source| Fault::Folder { folder: instance.folder.clone(), source })?;
        let socket = instance.socket();
        match socket.as_os_str().len() {
            0..=SOCKET_PATH_BYTES_MAX => Ok(instance),
            found => Err(Fault::TooLong { socket, found }),
        }
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// The control socket.
    pub(super) fn socket(&self) -> PathBuf {
        self.folder.join(format!("{}.sock", self.name))
    }

    /// What a service in the background says.
    pub(super) fn log(&self) -> PathBuf {
        self.folder.join(format!("{}.log", self.name))
    }

    fn pid_file(&self) -> PathBuf {
        self.folder.join(format!("{}.pid", self.name))
    }

    fn make_folder(&self) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(0o700).create(&self.folder)?;
        // In a folder that everybody may write to, somebody else may have made it first.
        let owner = fs::metadata(&self.folder)?.uid();
        if owner != Uid::effective().as_raw() && owner != 0 {
            return Err(io::Error::new(io::ErrorKind::PermissionDenied, format!("it belongs to user {owner}")));
        }
        Ok(())
    }

    /// Takes the lock of the instance. It is this process's and its children's until the last of them has closed it.
    ///
    /// # Errors
    ///
    /// The instance is running already, or the file cannot be written.
    pub(super) fn lock(&self) -> Result<Lock, Fault> {
        let path = self.pid_file();
        let fault = |source| Fault::PidFile { path: path.clone(), source };
        let options = OpenOptions::new().read(true).write(true).create(true).truncate(false).mode(0o644).clone();
        let mut file = options.open(&path).map_err(fault)?;
        let whole = whole_file();
        // A lock of the open file, not of the process: it outlives the fork of a daemon, and ends with its last holder.
        match fcntl(&file, FcntlArg::F_OFD_SETLK(&whole)) {
            Ok(_) => Ok(Lock { file, path }),
            Err(nix::errno::Errno::EAGAIN | nix::errno::Errno::EACCES) => {
                Err(Fault::Running { name: self.name.clone(), pid: signature(&mut file) })
            }
            Err(errno) => Err(fault(errno.into())),
        }
    }

    /// Who holds the lock, without touching it. What cannot be read is held by nobody.
    pub(super) fn holder(&self) -> Option<Holder> {
        let mut file = File::open(self.pid_file()).ok()?;
        let mut found = whole_file();
        fcntl(&file, FcntlArg::F_OFD_GETLK(&mut found)).ok()?;
        let held = found.l_type != kernel_number(libc::F_UNLCK);
        held.then(|| Holder { pid: signature(&mut file) })
    }
}

/// Who holds the lock of an instance, by the pid that it has written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Holder {
    /// Empty while it is being started.
    pub(super) pid: String,
}

/// What a pid file says; it is only shown and compared.
fn signature(file: &mut File) -> String {
    let mut pid = String::new();
    let _ = file.take(64).read_to_string(&mut pid);
    pid.trim().to_owned()
}

/// To write all of a file, whatever its length.
fn whole_file() -> libc::flock {
    let (l_type, l_whence) = (kernel_number(libc::F_WRLCK), kernel_number(libc::SEEK_SET));
    libc::flock { l_type, l_whence, l_start: 0, l_len: 0, l_pid: 0 }
}

fn kernel_number(number: i32) -> libc::c_short {
    libc::c_short::try_from(number).expect("the kernel's constants fit its own field")
}

/// That there is but one process that serves the instance. The kernel gives it back when the master and all of its
/// workers are gone: what is left of a service that was killed cannot meet its successor.
#[derive(Debug)]
pub(super) struct Lock {
    file: File,
    path: PathBuf,
}

impl Lock {
    /// Writes the pid of this process into the file: for people, and for tools that want one. Called in the master.
    pub(super) fn sign(&mut self) -> Result<(), Fault> {
        let write = |file: &mut File| {
            file.set_len(0)?;
            file.rewind()?;
            writeln!(file, "{}", getpid())
        };
        write(&mut self.file).map_err(|source| Fault::PidFile { path: self.path.clone(), source })
    }
}

/// The file of the program, without its folder and extension.
fn program_name() -> String {
    let path = env::current_exe().ok().or_else(|| env::args_os().next().map(PathBuf::from));
    let name = path.as_deref().and_then(Path::file_stem).unwrap_or(OsStr::new("wm"));
    name.to_string_lossy().into_owned()
}

/// `$WM_RUN_DIR`, what systemd has made for the service, `/run/wm` for root, or the user's own.
fn default_folder() -> PathBuf {
    let named = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    if let Some(folder) = named("WM_RUN_DIR").or_else(|| named("RUNTIME_DIRECTORY")) {
        return folder;
    }
    let user = Uid::effective();
    match named("XDG_RUNTIME_DIR") {
        _ if user.is_root() => PathBuf::from("/run/wm"),
        Some(folder) => folder.join("wm"),
        None => env::temp_dir().join(format!("wm-{user}")),
    }
}

/// Why an instance cannot be started or asked.
#[derive(Debug)]
pub(crate) enum Fault {
    /// What was given as its name can name no file.
    Name { found: String },
    /// Its folder cannot be made, or is somebody else's.
    Folder { folder: PathBuf, source: io::Error },
    /// The path of its control socket is longer than the kernel takes.
    TooLong { socket: PathBuf, found: usize },
    /// Its pid file cannot be locked or written.
    PidFile { path: PathBuf, source: io::Error },
    /// It runs already.
    Running { name: String, pid: String },
    /// Its control socket cannot be bound.
    Socket(Error),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name { found } => {
                write!(f, "{found:?} cannot name an instance: its files are called by it; choose a word such as blue")
            }
            Self::Folder { folder, source } => {
                write!(f, "{} cannot be the folder of the service: {source}; choose one by --run-dir", folder.display())
            }
            Self::TooLong { socket, found } => write!(
                f,
                "the path of the control socket has {found} bytes, {SOCKET_PATH_BYTES_MAX} are possible: {}; choose a \
                 shorter --run-dir",
                socket.display()
            ),
            Self::PidFile { path, source } => write!(f, "{} cannot be locked: {source}", path.display()),
            Self::Running { name, pid } if pid.is_empty() => write!(f, "{name} is being started already"),
            Self::Running { name, pid } => {
                write!(
                    f,
                    "{name} is running already, as process {pid}; `restart` replaces it, --instance starts another"
                )
            }
            Self::Socket(error) => write!(f, "the control socket: {error}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_one_lock_and_it_ends_with_its_holder() {
        let folder = env::temp_dir().join(format!("wm-instance-{}", getpid()));
        let instance = Instance { name: "chat".to_owned(), folder: folder.clone() };
        instance.make_folder().unwrap();
        let mut lock = instance.lock().unwrap();
        assert_eq!(instance.lock().unwrap_err().to_string(), "chat is being started already");
        lock.sign().unwrap();
        let told = instance.lock().unwrap_err().to_string();
        assert!(told.starts_with(&format!("chat is running already, as process {}; ", getpid())), "{told}");
        assert_eq!(instance.holder(), Some(Holder { pid: getpid().to_string() }));
        drop(lock);
        assert_eq!(instance.holder(), None);
        instance.lock().unwrap();
        fs::remove_dir_all(folder).unwrap();
    }
}
