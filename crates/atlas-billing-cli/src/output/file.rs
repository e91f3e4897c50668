//! A file that is whole or absent: written without its name, which it gets at the end.

use std::error::Error;
use std::fmt;
use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use super::draft::{Draft, parent};

/// A file in the making. Dropped before [`finish`](Self::finish) it leaves nothing behind, and
/// what stood in its place stays. What goes wrong is a [`FileError`].
pub(crate) struct WholeFile {
    path: PathBuf,
    writer: BufWriter<Draft>,
}

impl WholeFile {
    /// Begins a file that is to be at `path`, in a directory that exists.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        let path = followed(path);
        let directory = parent(&path);
        let refused = |kind, why: String| Err(io::Error::new(kind, why));
        let begun = if path.is_dir() {
            refused(io::ErrorKind::IsADirectory, "it is a directory".to_owned())
        } else if !directory.exists() {
            let directory = directory.display();
            let why = format!("there is no directory {directory}; make it, or name another");
            refused(io::ErrorKind::NotFound, why)
        } else {
            Draft::begin(directory, mode(&path))
        };
        Self::of(path, begun)
    }

    /// Begins a file in `directory` that is given its name by [`finish_as`](Self::finish_as).
    pub(crate) fn begin_in(directory: &Path) -> io::Result<Self> {
        Self::of(directory.to_owned(), Draft::begin(directory, USUAL_MODE))
    }

    fn of(path: PathBuf, begun: io::Result<Draft>) -> io::Result<Self> {
        match begun {
            Ok(draft) => Ok(Self {
                path,
                writer: BufWriter::with_capacity(1 << 16, draft),
            }),
            Err(error) => Err(FileError::of(&path, error)),
        }
    }

    /// Gives the file its name.
    pub(crate) fn finish(self) -> io::Result<()> {
        let path = self.path.clone();
        self.finish_as(&path)
    }

    /// Gives the file a name that was not known when it was begun, on the same file system.
    pub(crate) fn finish_as(self, path: &Path) -> io::Result<()> {
        // On the disk before it has its name: after a power cut the name must not be an empty file.
        let written = self.writer.into_inner();
        written
            .map_err(io::IntoInnerError::into_error)
            .and_then(|draft| draft.persist(path))
            .map_err(|error| FileError::of(path, error))
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = self.writer.write(bytes);
        written.map_err(|error| FileError::of(&self.path, error))
    }

    fn flush(&mut self) -> io::Result<()> {
        let flushed = self.writer.flush();
        flushed.map_err(|error| FileError::of(&self.path, error))
    }
}

/// A file that could not be written, inside the [`io::Error`] of the system.
#[derive(Debug)]
pub(crate) struct FileError {
    path: PathBuf,
    source: io::Error,
}

impl FileError {
    pub(super) fn of(path: &Path, source: io::Error) -> io::Error {
        // A write that was interrupted is begun again by whoever asked for it.
        if source.kind() == io::ErrorKind::Interrupted {
            return source;
        }
        let path = path.to_owned();
        io::Error::new(source.kind(), Self { path, source })
    }
}

impl fmt::Display for FileError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "cannot write {}: {}. Nothing of it is left behind; what was there before is as it was.",
            self.path.display(),
            self.source
        )
    }
}

impl Error for FileError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(&self.source)
    }
}

/// What the umask takes its bits from.
const USUAL_MODE: u32 = 0o666;

/// Where a link leads, so that the file there is replaced and not the link.
fn followed(path: &Path) -> PathBuf {
    if let Ok(there) = fs::canonicalize(path) {
        return there;
    }
    // What a link leads to need not be there yet.
    match fs::read_link(path) {
        Ok(target) => parent(path).join(target),
        Err(_) => path.to_owned(),
    }
}

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

#[cfg(test)]
mod tests {
    use super::super::draft::tests::names;
    use super::*;

    #[test]
    fn it_is_there_once_it_is_whole() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        fs::write(&path, "old").unwrap();
        let mut file = WholeFile::begin(&path).unwrap();
        file.write_all(b"new").unwrap();
        file.flush().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "old");
        file.finish().unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "new");
        assert_eq!(names(directory.path()), ["costs.csv"]);
    }

    #[test]
    fn given_up_it_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        let mut file = WholeFile::begin(&path).unwrap();
        file.write_all(&[b'x'; 1 << 17]).unwrap();
        drop(file);
        assert!(names(directory.path()).is_empty());
    }

    #[test]
    fn what_cannot_be_is_said_at_once_and_names_the_file() {
        let directory = tempfile::tempdir().unwrap();
        for path in [
            directory.path().to_owned(),
            directory.path().join("no/such.csv"),
        ] {
            let error = WholeFile::begin(&path).err().unwrap();
            let said = error.to_string();
            assert!(
                said.starts_with("cannot write ") && said.contains("such.csv")
                    || error.kind() == io::ErrorKind::IsADirectory,
                "{said}"
            );
        }
    }

    #[cfg(unix)]
    #[test]
    fn a_link_stays_and_what_it_leads_to_is_written() {
        let directory = tempfile::tempdir().unwrap();
        let (link, target) = (
            directory.path().join("link"),
            directory.path().join("target"),
        );
        std::os::unix::fs::symlink("target", &link).unwrap();
        for text in ["new", "newer"] {
            let mut file = WholeFile::begin(&link).unwrap();
            file.write_all(text.as_bytes()).unwrap();
            file.finish().unwrap();
            assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
            assert_eq!(fs::read_to_string(&target).unwrap(), text);
        }
    }
}
