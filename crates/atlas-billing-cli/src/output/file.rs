//! Where data goes: standard output, a pipe or device, or a file that is whole or absent.

use std::fs::{self, File};
use std::io::{self, BufWriter, Seek, Stdout, Write};
use std::path::{Path, PathBuf};

use tempfile::{Builder, NamedTempFile};

/// Where data goes. A file gets its name in [`finish`](Self::finish): dropped before that it leaves
/// nothing behind, and what stood in its place stays. Errors of a file name it.
pub(crate) struct Sink {
    path: Option<PathBuf>,
    out: BufWriter<Target>,
}

/// What is written to. On Linux a file has no name until it is whole (`O_TMPFILE` of open(2)), so
/// that the system removes it even if the process is killed. Elsewhere, on file systems without
/// such files, and in the moment in which a whole file replaces another, it is
/// `.atlas-billing-*.part` beside its place: SIGKILL leaves that behind.
enum Target {
    Stdout(Stdout),
    /// A pipe or a device: written to as it is, since nothing can take its place.
    Special(File),
    #[cfg(target_os = "linux")]
    Nameless(File),
    Named(NamedTempFile),
}

impl Sink {
    /// Standard output, or the file named, in a directory that exists.
    pub(crate) fn open(file: Option<&Path>) -> io::Result<Self> {
        let Some(path) = file else {
            return Ok(Self::new(None, Target::Stdout(io::stdout())));
        };
        let path = followed(path);
        let directory = parent(&path);
        let there = fs::metadata(&path);
        let special = there
            .as_ref()
            .is_ok_and(|there| !there.is_file() && !there.is_dir());
        let refused = |kind, why: String| Err(io::Error::new(kind, why));
        let target = if special {
            File::options().write(true).open(&path).map(Target::Special)
        } else if path.is_dir() {
            refused(io::ErrorKind::IsADirectory, "it is a directory".to_owned())
        } else if !directory.exists() {
            let why = format!("the directory {} does not exist", directory.display());
            refused(io::ErrorKind::NotFound, why)
        } else {
            Target::begin(directory, mode(&path))
        };
        let target = named(Some(&path), target)?;
        Ok(Self::new(Some(path), target))
    }

    /// A file in `directory` that is given its name by [`finish_as`](Self::finish_as).
    pub(crate) fn begin_in(directory: &Path) -> io::Result<Self> {
        let target = Target::begin(directory, USUAL_MODE);
        let target = named(Some(directory), target)?;
        Ok(Self::new(Some(directory.to_owned()), target))
    }

    fn new(path: Option<PathBuf>, target: Target) -> Self {
        Self {
            path,
            out: BufWriter::with_capacity(1 << 16, target),
        }
    }

    /// Writes what is still buffered; a file gets its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        let path = self.path.as_deref();
        let target = self
            .out
            .into_inner()
            .map_err(io::IntoInnerError::into_error);
        let ended = target.and_then(|mut target| match path {
            Some(path) => target.persist(path),
            None => target.flush(),
        });
        named(path, ended)
    }

    /// The same with a name that was not known when the file was begun, on the same file system.
    pub(crate) fn finish_as(mut self, path: &Path) -> io::Result<()> {
        self.path = Some(path.to_owned());
        self.finish()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        named(self.path.as_deref(), self.out.write(bytes))
    }

    fn flush(&mut self) -> io::Result<()> {
        named(self.path.as_deref(), self.out.flush())
    }
}

impl Target {
    /// Begins a file on the file system of `directory`, with the bits of `mode` that the umask
    /// leaves.
    fn begin(directory: &Path, mode: u32) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless::open(directory, mode) {
            return Ok(Self::Nameless(file));
        }
        Self::begin_named(directory, mode)
    }

    fn begin_named(directory: &Path, mode: u32) -> io::Result<Self> {
        let mut builder = part();
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            builder.permissions(fs::Permissions::from_mode(mode));
        }
        #[cfg(not(unix))]
        let _ = mode;
        // tempfile names its file in each error: ours name the one that was asked for.
        let without_path = |error: io::Error| {
            let text = error.to_string();
            io::Error::new(
                error.kind(),
                text.split(" at path ").next().unwrap_or_default(),
            )
        };
        Ok(Self::Named(
            builder.tempfile_in(directory).map_err(without_path)?,
        ))
    }

    /// On the disk before it has its name: after a power cut the name must not be an empty file.
    fn persist(self, path: &Path) -> io::Result<()> {
        match self {
            Self::Stdout(mut out) => out.flush(),
            Self::Special(mut file) => file.flush(),
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => {
                like(&file, path)?;
                file.sync_all()?;
                let linked = match nameless::link(&file, path) {
                    Ok(()) => return Ok(()),
                    // A link never replaces, a move does: hence two steps.
                    Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                        part().make_in(parent(path), |part| nameless::link(&file, part))
                    }
                    Err(error) => Err(error),
                };
                match linked {
                    Ok(part) => part.persist(path).map(drop).map_err(|error| error.error),
                    // Some systems forbid such links: better copied than lost.
                    Err(_) => copied(file, parent(path))?.persist(path),
                }
            }
            Self::Named(file) => {
                like(file.as_file(), path)?;
                file.as_file().sync_all()?;
                file.persist(path).map(drop).map_err(|error| error.error)
            }
        }
    }

    fn writer(&mut self) -> &mut dyn Write {
        match self {
            Self::Stdout(out) => out,
            Self::Special(file) => file,
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file,
            Self::Named(file) => file,
        }
    }
}

impl Write for Target {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer().flush()
    }
}

/// The same with the file in the message of an error, which then has a source of its own.
fn named<T>(path: Option<&Path>, done: io::Result<T>) -> io::Result<T> {
    done.map_err(|error| match (path, error.kind()) {
        // Whoever asked for an interrupted write repeats it.
        (None, _) | (_, io::ErrorKind::Interrupted) => error,
        (Some(path), kind) => {
            io::Error::new(kind, format!("cannot write {}: {error}", path.display()))
        }
    })
}

/// What the umask takes its bits from.
const USUAL_MODE: u32 = 0o666;

/// The mode of the file that is replaced, or the usual one.
fn mode(path: &Path) -> u32 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).map_or(USUAL_MODE, |old| old.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        USUAL_MODE
    }
}

/// Gives `file` the mode of the one it is to replace.
fn like(file: &File, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Ok(old) = fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    #[cfg(not(unix))]
    let _ = (file, path);
    Ok(())
}

/// Where a link leads, so that the file there is replaced and not the link.
fn followed(path: &Path) -> PathBuf {
    if let Ok(there) = fs::canonicalize(path) {
        return there;
    }
    // What a link leads to need not exist yet.
    match fs::read_link(path) {
        Ok(target) => parent(path).join(target),
        Err(_) => path.to_owned(),
    }
}

/// The directory that `path` is in.
fn parent(path: &Path) -> &Path {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    }
}

fn part() -> Builder<'static, 'static> {
    let mut builder = Builder::new();
    builder.prefix(".atlas-billing-").suffix(".part");
    builder
}

/// The same bytes in a file that has a name.
#[cfg(target_os = "linux")]
fn copied(mut file: File, directory: &Path) -> io::Result<Target> {
    use std::os::unix::fs::MetadataExt;

    let mut target = Target::begin_named(directory, file.metadata()?.mode() & 0o777)?;
    file.rewind()?;
    io::copy(&mut file, &mut target)?;
    Ok(target)
}

#[cfg(target_os = "linux")]
mod nameless {
    use std::fs::File;
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat};

    /// `None` where the file system has no files without a name, or where such a file could not
    /// be given one later.
    pub(super) fn open(directory: &Path, mode: u32) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::RDWR | OFlags::CLOEXEC;
        let file = File::from(rustix::fs::open(directory, flags, Mode::from_raw_mode(mode)).ok()?);
        through_proc(&file).exists().then_some(file)
    }

    /// Gives the file its name: the way of open(2) for a process without privileges.
    pub(super) fn link(file: &File, path: &Path) -> io::Result<()> {
        linkat(CWD, through_proc(file), CWD, path, AtFlags::SYMLINK_FOLLOW)?;
        Ok(())
    }

    fn through_proc(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is in `directory`.
    fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// A target of each kind that there can be here.
    fn targets(directory: &Path) -> Vec<Target> {
        vec![
            Target::begin(directory, 0o666).unwrap(),
            Target::begin_named(directory, 0o666).unwrap(),
        ]
    }

    #[test]
    fn each_kind_takes_its_name_and_the_place_of_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        for (mut target, text) in targets(directory.path()).into_iter().zip(["one", "two"]) {
            target.write_all(text.as_bytes()).unwrap();
            target.persist(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(names(directory.path()), ["costs.csv"]);
    }

    #[test]
    fn each_kind_goes_without_a_trace() {
        let directory = tempfile::tempdir().unwrap();
        for mut target in targets(directory.path()) {
            target.write_all(&[b'x'; 1 << 17]).unwrap();
        }
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn a_place_that_was_taken_in_the_meantime_leaves_no_part() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        let targets = targets(directory.path());
        fs::create_dir(&path).unwrap();
        for target in targets {
            assert!(target.persist(&path).is_err());
        }
        assert_eq!(names(directory.path()), ["costs.csv"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_linked_is_copied() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"whole").unwrap();
        copied(file, directory.path())
            .unwrap()
            .persist(&path)
            .unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    }

    #[test]
    fn a_file_is_replaced_once_it_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        fs::write(&path, "old").unwrap();
        let mut sink = Sink::open(Some(&path)).unwrap();
        sink.write_all(b"new").unwrap();
        sink.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        sink.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(directory.path()), ["costs.csv"]);
    }

    #[test]
    fn what_cannot_be_is_said_at_once_and_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("no/such.csv");
        for path in [directory.path(), &missing] {
            let error = Sink::open(Some(path)).err().unwrap().to_string();
            assert!(
                error.starts_with("cannot write ") && !error.contains(".part"),
                "{error}"
            );
        }
        let error = Target::begin(&missing, 0o666).err().unwrap();
        assert!(!error.to_string().contains("part"), "{error}");
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_stays_and_a_link_stays_a_link() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let (link, target) = (
            directory.path().join("link"),
            directory.path().join("target"),
        );
        std::os::unix::fs::symlink("target", &link).unwrap();
        for text in ["new", "newer"] {
            let mut sink = Sink::open(Some(&link)).unwrap();
            sink.write_all(text.as_bytes()).unwrap();
            sink.finish().unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
        }
        for draft in targets(directory.path()) {
            fs::set_permissions(&target, fs::Permissions::from_mode(0o640)).unwrap();
            draft.persist(&target).unwrap();
            let mode = fs::metadata(&target).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o640);
        }
    }
}
