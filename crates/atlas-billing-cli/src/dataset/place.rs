//! Where a data set goes: a folder, or an object store.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Write};
use std::path::{Path, PathBuf};

use ring::digest::{self, SHA256};

use super::MANIFESTS;
use crate::failure::{Failure, exit};
use crate::output::Sink;

/// A destination.
#[derive(Debug)]
pub(crate) enum Place {
    Folder(Folder),
    #[cfg(feature = "object-store")]
    Store(super::remote::Store),
}

/// A folder, and the lock that keeps other runs out of it.
#[derive(Debug)]
pub(crate) struct Folder {
    root: PathBuf,
    _lock: Option<File>,
}

/// Which version of an object was read; a folder needs none, since its lock keeps others out.
#[derive(Debug, Clone, Default)]
pub(crate) struct Version {
    #[cfg(feature = "object-store")]
    pub(super) of: Option<object_store::UpdateVersion>,
}

/// A file that has no name yet.
pub(crate) struct Draft {
    target: Target,
    hash: digest::Context,
    bytes: u64,
}

enum Target {
    Sink(Box<Sink>),
    #[cfg(feature = "object-store")]
    Temporary(io::BufWriter<File>),
}

/// What a file turned out to be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) bytes: u64,
    pub(crate) sha256: String,
}

impl Place {
    /// The destination that `to` names. Unless the run is dry, nobody else writes to a folder while
    /// this value lives, and that it can be written to is known.
    pub(crate) fn open(to: &str, endpoint: Option<&str>, dry: bool) -> Result<Self, Failure> {
        if let Some((scheme, _)) = to.split_once("://") {
            return Self::open_store(scheme, to, endpoint);
        }
        let root = PathBuf::from(to);
        let mut lock = None;
        if !dry {
            let place = root.join(MANIFESTS);
            fs::create_dir_all(&place).map_err(|error| Failure::directory(&place, &error))?;
            drop(Sink::begin_in(&root)?);
            lock = lock::take(&place)?;
        }
        Ok(Self::Folder(Folder { root, _lock: lock }))
    }

    #[cfg(feature = "object-store")]
    fn open_store(scheme: &str, to: &str, endpoint: Option<&str>) -> Result<Self, Failure> {
        super::remote::Store::open(scheme, to, endpoint).map(Self::Store)
    }

    #[cfg(not(feature = "object-store"))]
    fn open_store(scheme: &str, to: &str, _: Option<&str>) -> Result<Self, Failure> {
        let why = format!("cannot write to {to}: this build has no support for {scheme}:// URLs");
        Err(Failure::usage(why).with_help("build it with: --features object-store"))
    }

    /// Begins a file.
    pub(crate) fn begin(&self) -> Result<Draft, Failure> {
        let target = match self {
            Self::Folder(folder) => Target::Sink(Box::new(Sink::begin_in(&folder.root)?)),
            #[cfg(feature = "object-store")]
            Self::Store(_) => Target::Temporary(io::BufWriter::new(tempfile::tempfile()?)),
        };
        Ok(Draft {
            target,
            hash: digest::Context::new(&SHA256),
            bytes: 0,
        })
    }

    /// Gives a file its name, whole and at once; what had the name before is replaced.
    pub(crate) async fn put(&self, name: &str, draft: Draft) -> Result<(), Failure> {
        match (self, draft.target) {
            (Self::Folder(folder), Target::Sink(sink)) => {
                let path = folder.path(name);
                make_parent(&path)?;
                Ok(sink.finish_as(&path)?)
            }
            #[cfg(feature = "object-store")]
            (Self::Store(store), Target::Temporary(file)) => {
                let mut file = file.into_inner().map_err(io::IntoInnerError::into_error)?;
                io::Seek::rewind(&mut file)?;
                store.put(name, file).await
            }
            #[cfg(feature = "object-store")]
            _ => Err(Failure::new(exit::OTHER, "a file of another destination")),
        }
    }

    /// What a small file holds, and in which version; `None` where there is none.
    pub(crate) async fn read(&self, name: &str) -> Result<Option<(Vec<u8>, Version)>, Failure> {
        match self {
            Self::Folder(folder) => {
                let path = folder.path(name);
                match fs::read(&path) {
                    Ok(text) => Ok(Some((text, Version::default()))),
                    Err(error) if is_missing(&error) => Ok(None),
                    Err(error) => Err(failed("read", &path, &error)),
                }
            }
            #[cfg(feature = "object-store")]
            Self::Store(store) => store.read(name).await,
        }
    }

    /// Writes a small file in the place of the version that was read, or of none.
    pub(crate) async fn replace(
        &self,
        name: &str,
        text: Vec<u8>,
        read: Option<Version>,
    ) -> Result<(), Failure> {
        #[cfg(not(feature = "object-store"))]
        let _ = read;
        match self {
            Self::Folder(_) => {
                let mut draft = self.begin()?;
                draft.write_all(&text)?;
                self.put(name, draft).await
            }
            #[cfg(feature = "object-store")]
            Self::Store(store) => store.replace(name, text, read.unwrap_or_default()).await,
        }
    }

    /// Removes a file, and the folders that are empty without it. One that is not there is removed.
    pub(crate) async fn remove(&self, name: &str) -> Result<(), Failure> {
        match self {
            Self::Folder(folder) => {
                let path = folder.path(name);
                match fs::remove_file(&path) {
                    Err(error) if !is_missing(&error) => Err(failed("remove", &path, &error)),
                    _ => {
                        // That others are not empty is no error.
                        let parents = path.ancestors().skip(1);
                        let mut parents = parents.take_while(|parent| **parent != folder.root);
                        while parents
                            .next()
                            .is_some_and(|parent| fs::remove_dir(parent).is_ok())
                        {
                        }
                        Ok(())
                    }
                }
            }
            #[cfg(feature = "object-store")]
            Self::Store(store) => store.remove(name).await,
        }
    }

    /// The sizes of all files below a folder, by name.
    pub(crate) async fn sizes(&self, folder: &str) -> Result<BTreeMap<String, u64>, Failure> {
        match self {
            Self::Folder(place) => {
                let mut sizes = BTreeMap::new();
                let path = place.path(folder);
                walk(&place.root, &path, &mut sizes)
                    .map_err(|error| failed("read", &path, &error))?;
                Ok(sizes)
            }
            #[cfg(feature = "object-store")]
            Self::Store(store) => store.sizes(folder).await,
        }
    }

    /// Whether there is a file of this size.
    pub(crate) async fn has(&self, name: &str, bytes: u64) -> Result<bool, Failure> {
        match self {
            Self::Folder(folder) => {
                let there = fs::symlink_metadata(folder.path(name));
                Ok(there.is_ok_and(|there| there.is_file() && there.len() == bytes))
            }
            #[cfg(feature = "object-store")]
            Self::Store(store) => store.has(name, bytes).await,
        }
    }

    /// A file for a reader.
    pub(crate) fn shown(&self, name: &str) -> String {
        match self {
            Self::Folder(folder) => folder.path(name).display().to_string(),
            #[cfg(feature = "object-store")]
            Self::Store(store) => store.shown(name),
        }
    }
}

impl Folder {
    fn path(&self, name: &str) -> PathBuf {
        let mut path = self.root.clone();
        path.extend(name.split('/').filter(|part| !part.is_empty()));
        path
    }
}

impl Draft {
    /// What has been written.
    pub(crate) fn written(&self) -> Written {
        let digits = self.hash.clone().finish();
        let digits = digits.as_ref().iter().map(|byte| format!("{byte:02x}"));
        Written {
            bytes: self.bytes,
            sha256: digits.collect(),
        }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = match &mut self.target {
            Target::Sink(sink) => sink.write(bytes)?,
            #[cfg(feature = "object-store")]
            Target::Temporary(file) => file.write(bytes)?,
        };
        self.hash.update(&bytes[..count]);
        self.bytes += u64::try_from(count).unwrap_or_default();
        Ok(count)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Sink(sink) => sink.flush(),
            #[cfg(feature = "object-store")]
            Target::Temporary(file) => file.flush(),
        }
    }
}

fn make_parent(path: &Path) -> Result<(), Failure> {
    let parent = path.parent().unwrap_or(path);
    fs::create_dir_all(parent).map_err(|error| Failure::directory(parent, &error))
}

fn walk(root: &Path, path: &Path, sizes: &mut BTreeMap<String, u64>) -> io::Result<()> {
    let entries = match fs::read_dir(path) {
        Err(error) if is_missing(&error) => return Ok(()),
        entries => entries?,
    };
    for entry in entries {
        let entry = entry?;
        let (path, kind) = (entry.path(), entry.file_type()?);
        if kind.is_dir() {
            walk(root, &path, sizes)?;
        } else if let Ok(name) = path.strip_prefix(root) {
            let parts = name.iter().map(|part| part.to_string_lossy());
            let name = parts.collect::<Vec<_>>().join("/");
            sizes.insert(name, entry.metadata()?.len());
        }
    }
    Ok(())
}

fn is_missing(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory
    )
}

fn failed(what: &str, path: &Path, error: &io::Error) -> Failure {
    Failure::new(
        exit::OTHER,
        format!("cannot {what} {}: {error}", path.display()),
    )
}

/// The lock of a folder. The system lets it go with the process, however that ends.
mod lock {
    use std::time::SystemTime;

    use chrono::{DateTime, Utc};

    use super::*;

    const NAME: &str = ".lock";

    /// Locks a folder for this run. `None` where the file system has no locks.
    pub(super) fn take(place: &Path) -> Result<Option<File>, Failure> {
        let path = place.join(NAME);
        let cannot = |error: io::Error| failed("lock", &path, &error);
        let Some(mut file) = open(&path).map_err(cannot)? else {
            return Err(held(&path));
        };
        match exclusive(&file) {
            Ok(true) => {
                let now = DateTime::<Utc>::from(SystemTime::now()).format("%Y-%m-%dT%H:%M:%SZ");
                let holder = format!("process {} since {now}", std::process::id());
                let noted = file
                    .set_len(0)
                    .and_then(|()| file.write_all(holder.as_bytes()));
                noted.map_err(cannot)?;
                Ok(Some(file))
            }
            Ok(false) => Err(held(&path)),
            Err(error) if error.kind() == io::ErrorKind::Unsupported => Ok(None),
            Err(error) => Err(cannot(error)),
        }
    }

    fn held(path: &Path) -> Failure {
        let mut holder = String::new();
        // It may not have written its name yet.
        let read = File::open(path).and_then(|file| file.take(200).read_to_string(&mut holder));
        let holder = match read {
            Ok(length) if length > 0 => format!(" ({holder})"),
            _ => String::new(),
        };
        let message = format!("another run{holder} holds {}", path.display());
        Failure::new(exit::OTHER, message).with_help("run this again once it has ended")
    }

    #[cfg(unix)]
    fn open(path: &Path) -> io::Result<Option<File>> {
        File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(path)
            .map(Some)
    }

    #[cfg(unix)]
    fn exclusive(file: &File) -> io::Result<bool> {
        use rustix::fs::{FlockOperation, flock};
        match flock(file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(true),
            Err(rustix::io::Errno::WOULDBLOCK) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }

    /// Others may read the file and not write it: that is the lock.
    #[cfg(windows)]
    fn open(path: &Path) -> io::Result<Option<File>> {
        use std::os::windows::fs::OpenOptionsExt;

        const FILE_SHARE_READ: u32 = 1;
        const ERROR_SHARING_VIOLATION: i32 = 32;
        let mut options = File::options();
        options.create(true).truncate(false).write(true);
        match options.share_mode(FILE_SHARE_READ).open(path) {
            Err(error) if error.raw_os_error() == Some(ERROR_SHARING_VIOLATION) => Ok(None),
            file => file.map(Some),
        }
    }

    #[cfg(windows)]
    fn exclusive(_: &File) -> io::Result<bool> {
        Ok(true)
    }
}
