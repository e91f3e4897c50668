//! A file that is whole or absent: written beside its place, moved there at the end.

use std::fs;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

/// A file in the making. Dropped before [`finish`](Self::finish) it leaves nothing behind, and
/// what stood in its place stays.
pub(crate) struct WholeFile {
    path: PathBuf,
    writer: BufWriter<NamedTempFile>,
}

impl WholeFile {
    /// Begins a file that is to be at `path`, in a directory that exists.
    pub(crate) fn begin(path: &Path) -> io::Result<Self> {
        // A link is followed, so that the file it leads to is replaced and not the link.
        let path = fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
        if path.is_dir() {
            return Err(io::Error::new(
                io::ErrorKind::IsADirectory,
                "it is a directory",
            ));
        }
        let directory = match path.parent() {
            Some(parent) if !parent.as_os_str().is_empty() => parent,
            _ => Path::new("."),
        };
        let mut builder = tempfile::Builder::new();
        builder.prefix(".atlas-billing-").suffix(".part");
        #[cfg(unix)]
        let builder = {
            use std::os::unix::fs::PermissionsExt;
            // The mode of the file that is replaced, or what the umask leaves of the usual one.
            let mode = fs::metadata(&path).map_or(0o666, |old| old.permissions().mode() & 0o777);
            builder.permissions(fs::Permissions::from_mode(mode))
        };
        #[cfg(not(unix))]
        let builder = &builder;
        let writer = BufWriter::with_capacity(1 << 16, builder.tempfile_in(directory)?);
        Ok(Self { path, writer })
    }

    /// Moves the file to its place.
    pub(crate) fn finish(self) -> io::Result<()> {
        let path = self.path.clone();
        self.finish_as(&path)
    }

    /// Moves the file to a place that was not known when it was begun, on the same file system.
    pub(crate) fn finish_as(mut self, path: &Path) -> io::Result<()> {
        self.writer.flush()?;
        let file = self
            .writer
            .into_inner()
            .map_err(|error| error.into_error())?;
        // On the disk before it has its name: after a power cut the name must not be an empty file.
        file.as_file().sync_all()?;
        file.persist(path).map_err(|error| error.error)?;
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.writer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.writer.flush()
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
    fn what_cannot_be_is_said_at_once() {
        let directory = tempfile::tempdir().unwrap();
        assert!(WholeFile::begin(directory.path()).is_err());
        assert!(WholeFile::begin(&directory.path().join("no/such.csv")).is_err());
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
