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
        // A link is followed, so that the file it leads to is replaced and not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        let begun = match path.is_dir() {
            true => Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a directory",
            )),
            false => Draft::begin(parent(&path), mode(&path)),
        };
        let draft = begun.map_err(|error| FileError::of(&path, error))?;
        Ok(Self {
            path,
            writer: BufWriter::with_capacity(1 << 16, draft),
        })
    }

    /// Whether files can be begun in `directory`, by beginning one: permissions alone do not tell.
    pub(crate) fn try_in(directory: &Path) -> io::Result<()> {
        let begun = Draft::begin(directory, 0o666);
        begun
            .map(drop)
            .map_err(|error| FileError::of(directory, error))
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
    fn of(path: &Path, source: io::Error) -> io::Error {
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

/// The mode of the file that is replaced, or the usual one.
fn mode(path: &Path) -> u32 {
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        fs::metadata(path).map_or(0o666, |old| old.permissions().mode() & 0o777)
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        0o666
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
    fn the_mode_is_that_of_the_file_it_replaces() {
        use std::os::unix::fs::PermissionsExt;

        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("costs.csv");
        fs::write(&path, "old").unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        WholeFile::begin(&path).unwrap().finish().unwrap();
        let mode = fs::metadata(&path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o640);
    }
}
