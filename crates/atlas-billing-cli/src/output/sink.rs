//! Where data goes: standard output, a file that is whole or absent, or what is no such file.

use std::fs::{self, File};
use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;

use super::{FileError, WholeFile};
use crate::failure::Failure;

/// Where data goes.
pub(crate) enum Sink {
    Stdout(BufWriter<Stdout>),
    File(WholeFile),
    /// A pipe or a device: written to as it is, since nothing can take its place.
    Special(BufWriter<File>),
}

impl Sink {
    /// Standard output, or the file named.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        match file {
            None => Ok(Self::Stdout(BufWriter::with_capacity(
                1 << 16,
                io::stdout(),
            ))),
            Some(path) if is_special(path) => {
                let file = File::options().write(true).open(path);
                let file = file.map_err(|error| FileError::of(path, error))?;
                Ok(Self::Special(BufWriter::with_capacity(1 << 16, file)))
            }
            Some(path) => Ok(Self::File(WholeFile::begin(path)?)),
        }
    }

    /// Sends what is still held back; a file gets its name.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => out.flush().map_err(Failure::from),
            Self::File(file) => file.finish().map_err(Failure::from),
            Self::Special(mut file) => file.flush().map_err(Failure::from),
        }
    }
}

/// Whether `path` is there and neither a file nor a directory.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|there| !there.is_file() && !there.is_dir())
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(file) => file.write(bytes),
            Self::Special(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(file) => file.flush(),
            Self::Special(file) => file.flush(),
        }
    }
}
