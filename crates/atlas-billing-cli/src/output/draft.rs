//! A file before it has its name.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use tempfile::{Builder, NamedTempFile};

/// A file in the making, dropped without a trace.
///
/// On Linux it has no name until it is whole (`O_TMPFILE` of open(2)), so that the system takes it
/// away even if the process is killed. Elsewhere, and on file systems that cannot do so, it is
/// `.atlas-billing-*.part` beside its place: a kill that cannot be heard leaves that behind.
pub(super) enum Draft {
    #[cfg(target_os = "linux")]
    Nameless(fs::File),
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
            use std::os::unix::fs::PermissionsExt;
            let mut builder = builder;
            builder.permissions(fs::Permissions::from_mode(mode));
            builder
        };
        #[cfg(not(unix))]
        let _ = mode;
        Ok(Self::Named(builder.tempfile_in(directory)?))
    }

    /// Gives it the name `path`, in place of what has it.
    pub(super) fn persist(self, path: &Path) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => {
                file.sync_all()?;
                // A link never replaces, a move does: hence two steps.
                let named = part().make_in(parent(path), |part| nameless::link(&file, part))?;
                named.persist(path).map_err(|error| error.error)?;
            }
            Self::Named(file) => {
                file.as_file().sync_all()?;
                file.persist(path).map_err(|error| error.error)?;
            }
        }
        Ok(())
    }
}

impl Write for Draft {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file.write(bytes),
            Self::Named(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            #[cfg(target_os = "linux")]
            Self::Nameless(file) => file.flush(),
            Self::Named(file) => file.flush(),
        }
    }
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
    use std::io;
    use std::os::fd::AsRawFd;
    use std::path::{Path, PathBuf};

    use rustix::fs::{AtFlags, CWD, Mode, OFlags, linkat};

    /// `None` where the file system has no files without a name, or where such a file could not
    /// be given one later.
    pub(super) fn open(directory: &Path, mode: u32) -> Option<File> {
        let flags = OFlags::TMPFILE | OFlags::WRONLY | OFlags::CLOEXEC;
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

    fn names(directory: &Path) -> Vec<String> {
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
