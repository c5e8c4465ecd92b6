//! Unix sockets: what their files need that ports do not. A file outlives the process that made it, and has an owner and
//! a mode. Called in the master; in a worker for what it listens on by itself.

use super::Address;
use crate::engine::Endpoint;
use crate::error::Error;
use nix::errno::Errno;
use nix::unistd::{Gid, Group, Uid, User};
use socket2::{Domain, SockAddr, Socket, Type};
use std::ffi::OsStr;
use std::fs::{self, Permissions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt, PermissionsExt, chown};
use std::path::{Path, PathBuf};

/// Who may connect to a Unix socket that has a file. An abstract name has neither owner nor mode.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnixOptions {
    /// The permissions of the file; to connect is to write. Default `0o660`: its user and its group, and not the whole
    /// machine. The umask does not matter.
    pub mode: u32,

    /// The user that owns the file, by name or number. Default: that of the master.
    pub user: Option<String>,

    /// The group that owns the file, by name or number: often that of a proxy in front. Default: that of the master.
    pub group: Option<String>,
}

impl Default for UnixOptions {
    fn default() -> Self {
        Self { mode: 0o660, user: None, group: None }
    }
}

/// Binds a socket to a file or to an abstract name. Nobody can connect before it listens: by then mode and owner are set.
pub(super) fn bind(address: &Address, options: &UnixOptions) -> Result<Socket, Error> {
    let fault = |source: io::Error| Error::Listen { address: address.clone(), source };
    let owner = Owner::find(options)?;
    let socket = Socket::new(Domain::UNIX, Type::STREAM, None).map_err(fault)?;
    match address.endpoint() {
        Endpoint::Path(path) => {
            bind_file(&socket, path, address)?;
            owner.give(path).and_then(|()| fs::set_permissions(path, Permissions::from_mode(options.mode))).map_err(
                |source| {
                    // It is ours, and of no use: the next try shall not find it.
                    let _ = fs::remove_file(path);
                    fault(source)
                },
            )?;
        }
        Endpoint::Abstract(name) => {
            let name = [b"\0", &name[..]].concat();
            bind_name(&socket, OsStr::from_bytes(&name))
                .map_err(|source| super::listener::name_fault(address, source))?;
        }
        Endpoint::Ip(_) | Endpoint::Unnamed => return Err(fault(io::ErrorKind::InvalidInput.into())),
    }
    Ok(socket)
}

/// A file that is there already is asked whether somebody listens. If nobody does, whoever made it has died: it is
/// replaced.
fn bind_file(socket: &Socket, path: &Path, address: &Address) -> Result<(), Error> {
    let in_use = match bind_name(socket, path.as_os_str()) {
        Err(error) if error.kind() == io::ErrorKind::AddrInUse => error,
        bound => return bound.map_err(|source| super::listener::name_fault(address, source)),
    };
    let fault = |source: io::Error| Error::Listen { address: address.clone(), source };
    if fs::symlink_metadata(path).is_ok_and(|file| !file.file_type().is_socket()) {
        return Err(Error::NotASocket { address: address.clone() });
    }
    if !is_stale(path).map_err(fault)? {
        return Err(Error::AddressInUse { address: address.clone(), source: in_use });
    }
    fs::remove_file(path).or_else(ignore_missing).map_err(fault)?;
    bind_name(socket, path.as_os_str()).map_err(|source| super::listener::name_fault(address, source))
}

fn bind_name(socket: &Socket, name: &OsStr) -> io::Result<()> {
    socket.bind(&SockAddr::unix(Path::new(name))?)
}

/// Whether nobody listens on the socket of a file. A listener whose backlog is full, or that is of another type, is one.
fn is_stale(path: &Path) -> io::Result<bool> {
    let probe = Socket::new(Domain::UNIX, Type::STREAM, None)?;
    probe.set_nonblocking(true)?;
    match probe.connect(&SockAddr::unix(path)?) {
        Ok(()) => Ok(false),
        Err(error) => match Errno::from_raw(error.raw_os_error().unwrap_or_default()) {
            Errno::ECONNREFUSED | Errno::ENOENT => Ok(true),
            Errno::EAGAIN | Errno::EPROTOTYPE => Ok(false),
            _ => Err(error),
        },
    }
}

fn ignore_missing(error: io::Error) -> io::Result<()> {
    if error.kind() == io::ErrorKind::NotFound { Ok(()) } else { Err(error) }
}

/// Whom a file is given to.
struct Owner {
    user: Option<Uid>,
    group: Option<Gid>,
}

impl Owner {
    fn find(options: &UnixOptions) -> Result<Self, Error> {
        let unknown = |found: &String| Error::UnknownOwner { found: found.clone() };
        let user = options.user.as_ref().map(|user| {
            let named = || User::from_name(user).ok().flatten().map(|user| user.uid);
            user.parse().ok().map(Uid::from_raw).or_else(named).ok_or_else(|| unknown(user))
        });
        let group = options.group.as_ref().map(|group| {
            let named = || Group::from_name(group).ok().flatten().map(|group| group.gid);
            group.parse().ok().map(Gid::from_raw).or_else(named).ok_or_else(|| unknown(group))
        });
        Ok(Self { user: user.transpose()?, group: group.transpose()? })
    }

    fn give(&self, path: &Path) -> io::Result<()> {
        match (self.user, self.group) {
            (None, None) => Ok(()),
            (user, group) => chown(path, user.map(Uid::as_raw), group.map(Gid::as_raw)),
        }
    }
}

/// The file of a socket that this process has bound, to be removed when nobody shall connect any more.
///
/// It is known by its inode: if another program has put its own file there meanwhile, that one stays.
#[derive(Debug)]
pub(crate) struct SocketFile {
    path: PathBuf,
    inode: (u64, u64),
}

impl SocketFile {
    /// The file of an endpoint that was just bound; `None` if it has none.
    pub(crate) fn of(endpoint: &Endpoint) -> Option<Self> {
        let Endpoint::Path(path) = endpoint else { return None };
        Some(Self { path: path.to_path_buf(), inode: inode(path)? })
    }

    /// Removes it. One that cannot be removed is replaced by the next to bind it.
    pub(crate) fn remove(&self) {
        if inode(&self.path) == Some(self.inode) {
            let _ = fs::remove_file(&self.path);
        }
    }
}

fn inode(path: &Path) -> Option<(u64, u64)> {
    fs::symlink_metadata(path).ok().map(|file| (file.dev(), file.ino()))
}

#[cfg(test)]
mod tests {
    use super::super::{ListenOptions, Listener, listener::bind};
    use super::*;
    use nix::unistd::{getegid, geteuid};
    use std::os::unix::net::{UnixDatagram, UnixListener, UnixStream};
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A folder of its own, that goes with it.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            static COUNT: AtomicU32 = AtomicU32::new(0);
            let count = COUNT.fetch_add(1, Ordering::Relaxed);
            let path = std::env::temp_dir().join(format!("wm-unix-{}-{count}", std::process::id()));
            fs::create_dir_all(&path).unwrap();
            Self(path)
        }

        fn file(&self) -> PathBuf {
            self.0.join("app.sock")
        }

        fn address(&self) -> Address {
            format!("unix://{}", self.file().display()).parse().unwrap()
        }

        fn bind(&self) -> Result<Listener, Error> {
            bind(&self.address(), &ListenOptions::default())
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    #[test]
    fn a_stale_file_is_replaced_and_one_in_use_is_not() {
        let folder = Folder::new();
        drop(UnixListener::bind(folder.file()).unwrap());
        let listener = folder.bind().expect("nobody listens there");
        assert!(UnixStream::connect(folder.file()).is_ok());
        assert!(matches!(folder.bind(), Err(Error::AddressInUse { .. })));
        assert!(UnixStream::connect(folder.file()).is_ok(), "it still listens");
        drop(listener);
        assert!(folder.bind().is_ok());
    }

    #[test]
    fn a_full_backlog_and_another_type_are_in_use() {
        let folder = Folder::new();
        let options = ListenOptions { backlog: 0, ..ListenOptions::default() };
        let full = bind(&folder.address(), &options).unwrap();
        let first = UnixStream::connect(folder.file()).unwrap();
        assert!(matches!(folder.bind(), Err(Error::AddressInUse { .. })));
        drop((full, first));
        fs::remove_file(folder.file()).unwrap();
        let datagrams = UnixDatagram::bind(folder.file()).unwrap();
        assert!(matches!(folder.bind(), Err(Error::AddressInUse { .. })));
        drop(datagrams);
    }

    #[test]
    fn a_file_that_is_no_socket_is_left_alone() {
        let folder = Folder::new();
        fs::write(folder.file(), "precious").unwrap();
        assert!(matches!(folder.bind(), Err(Error::NotASocket { .. })));
        assert_eq!(fs::read(folder.file()).unwrap(), b"precious");
    }

    #[test]
    fn mode_and_owner_are_as_asked_whatever_the_umask() {
        for mode in [0o660, 0o600, 0o666] {
            let folder = Folder::new();
            // Only root may give a file away; anybody may give it to himself.
            let unix = UnixOptions {
                mode,
                user: Some(geteuid().to_string()),
                group: Group::from_gid(getegid()).unwrap().map(|group| group.name),
            };
            let _listener = bind(&folder.address(), &ListenOptions { unix, ..ListenOptions::default() }).unwrap();
            let file = fs::metadata(folder.file()).unwrap();
            assert_eq!((file.mode() & 0o7777, file.uid(), file.gid()), (mode, geteuid().as_raw(), getegid().as_raw()));
        }
    }

    #[test]
    fn an_unknown_owner_is_told_before_anything_is_made() {
        let folder = Folder::new();
        let unix = UnixOptions { user: Some("no such user".to_owned()), ..UnixOptions::default() };
        let refused = bind(&folder.address(), &ListenOptions { unix, ..ListenOptions::default() });
        assert!(matches!(refused, Err(Error::UnknownOwner { .. })));
        assert!(!folder.file().exists());
    }

    #[test]
    fn only_the_own_file_is_removed() {
        let folder = Folder::new();
        let first = folder.bind().unwrap();
        let own = SocketFile::of(folder.address().endpoint()).unwrap();
        // Renamed, not removed: the inode is not given to the next file.
        fs::rename(folder.file(), folder.0.join("old")).unwrap();
        let second = folder.bind().unwrap();
        own.remove();
        assert!(folder.file().exists());
        SocketFile::of(folder.address().endpoint()).unwrap().remove();
        assert!(!folder.file().exists());
        drop((first, second));
    }

    #[test]
    fn an_abstract_name_is_taken_once_and_has_no_file() {
        let address: Address = format!("unix://@wm-test-{}", std::process::id()).parse().unwrap();
        let listener = bind(&address, &ListenOptions::default()).unwrap();
        assert_eq!(&listener.endpoint().unwrap(), address.endpoint());
        assert!(matches!(bind(&address, &ListenOptions::default()), Err(Error::AddressInUse { .. })));
        assert!(SocketFile::of(address.endpoint()).is_none());
    }
}
