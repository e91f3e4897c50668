//! A file before it has its name.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// A file in the making, dropped without a trace.
///
/// On Linux it has no name until it is whole (`O_TMPFILE` of open(2)), so that the system takes it
/// away even if the process is killed. Elsewhere, on file systems that cannot do so, and in the
/// moment in which a whole file replaces another, it is `.atlas-billing-*.part` beside its place: a
/// kill that cannot be heard leaves that behind.
pub(super) enum Draft {
    #[cfg(target_os = "linux")]
    Nameless(File),
    Named(NamedTempFile),
}

impl Draft {
    /// Begins a file on the file system of `directory`, with the bits of `mode` that the umask
    /// leaves.
    pub(super) fn begin(directory: &Path, mode: u32) -> io::Result<Self> {
        #[cfg(target_os = "linux")]
        if let Some(file) = nameless::open(directory, mode) {
            return Ok(Self::Nameless(file));
        }
        Self::begin_named(directory, mode)
    }

    fn begin_named(directory: &Path, mode: u32) -> io::Result<Self> {
        let builder = part();
        #[cfg(unix)]
        let builder = {
            use std::fs::Permissions;
            use std::os::unix::fs::PermissionsExt;
            let mut builder = builder;
            builder.permissions(Permissions::from_mode(mode));
            builder
        };
        #[cfg(not(unix))]
        let _ = mode;
        let file = builder.tempfile_in(directory).map_err(without_path)?;
        Ok(Self::Named(file))
    }

    /// Gives it the name `path`, in place of what has it.
    pub(super) fn persist(self, path: &Path) -> io::Result<()> {
        match self {
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
                    Err(_) => nameless::copied(file, parent(path))?.persist(path),
                }
            }
            Self::Named(file) => {
                like(file.as_file(), path)?;
                file.as_file().sync_all()?;
                file.persist(path).map(drop).map_err(|error| error.error)
            }
        }
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file.write(bytes),
            Self::Named(file) => file.as_file_mut().write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file.flush(),
            Self::Named(file) => file.as_file_mut().flush(),
        }
    }
}

/// Gives `file` the mode of the one it is to replace.
fn like(file: &File, path: &Path) -> io::Result<()> {
    #[cfg(unix)]
    if let Ok(old) = std::fs::metadata(path) {
        file.set_permissions(old.permissions())?;
    }
    #[cfg(not(unix))]
    let _ = (file, path);
    Ok(())
}

/// tempfile names its file in each error: ours name the one that was asked for.
fn without_path(error: io::Error) -> io::Error {
    let text = error.to_string();
    let said = text.split(" at path ").next().unwrap_or_default();
    io::Error::new(error.kind(), said)
}

/// The directory that `path` is in.
pub(super) fn parent(path: &Path) -> &Path {
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

#[cfg(target_os = "linux")]
mod nameless {
    use std::fs::File;
    use std::io::{self, Seek};
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::MetadataExt;
    use std::path::{Path, PathBuf};

    use super::Draft;
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

    /// The same bytes in a file that has a name.
    pub(super) fn copied(mut file: File, directory: &Path) -> io::Result<Draft> {
        let mut draft = Draft::begin_named(directory, file.metadata()?.mode() & 0o777)?;
        file.rewind()?;
        io::copy(&mut file, &mut draft)?;
        Ok(draft)
    }

    fn through_proc(file: &File) -> PathBuf {
        format!("/proc/self/fd/{}", file.as_raw_fd()).into()
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::fs;

    use super::*;

    /// What is in `directory`.
    pub(in super::super) fn names(directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(directory).unwrap();
        entries
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect()
    }

    /// A draft of each kind that there can be here.
    fn drafts(directory: &Path) -> Vec<Draft> {
        vec![
            Draft::begin(directory, 0o666).unwrap(),
            Draft::begin_named(directory, 0o666).unwrap(),
        ]
    }

    #[test]
    fn each_kind_takes_its_name_and_the_place_of_another() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        for (mut draft, text) in drafts(directory.path()).into_iter().zip(["one", "two"]) {
            draft.write_all(text.as_bytes()).unwrap();
            draft.persist(&path).unwrap();
            assert_eq!(fs::read_to_string(&path).unwrap(), text);
        }
        assert_eq!(names(directory.path()), ["costs.csv"]);
    }

    #[test]
    fn each_kind_goes_without_a_trace() {
        let directory = tempfile::tempdir().unwrap();
        for mut draft in drafts(directory.path()) {
            draft.write_all(&[b'x'; 1 << 17]).unwrap();
        }
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn a_place_that_was_taken_in_the_meantime_leaves_no_part() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        let drafts = drafts(directory.path());
        fs::create_dir(&path).unwrap();
        for draft in drafts {
            assert!(draft.persist(&path).is_err());
        }
        assert_eq!(names(directory.path()), ["costs.csv"]);
    }

    #[cfg(unix)]
    #[test]
    fn the_mode_is_that_of_the_file_it_replaces() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        for draft in drafts(directory.path()) {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
            draft.persist(&path).unwrap();
            let mode = fs::metadata(&path).unwrap().permissions().mode();
            assert_eq!(mode & 0o777, 0o640);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_cannot_be_linked_is_copied() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        let mut file = tempfile::tempfile().unwrap();
        file.write_all(b"whole").unwrap();
        let draft = nameless::copied(file, directory.path()).unwrap();
        draft.persist(&path).unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "whole");
    }

    #[test]
    fn an_error_names_no_file_that_nobody_knows() {
        let directory = tempfile::tempdir().unwrap();
        let missing = directory.path().join("missing");
        let error = Draft::begin(&missing, 0o666).err().unwrap();
        assert_eq!(error.kind(), io::ErrorKind::NotFound);
        assert!(!error.to_string().contains("part"), "{error}");
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn without_a_name_it_is_seen_by_nobody() {
        let directory = tempfile::tempdir().unwrap();
        let mut draft = Draft::begin(directory.path(), 0o666).unwrap();
        draft.write_all(b"half").unwrap();
        match draft {
            Draft::Nameless(_) => assert!(names(directory.path()).is_empty()),
            Draft::Named(_) => assert_eq!(names(directory.path()).len(), 1),
        }
    }
}
