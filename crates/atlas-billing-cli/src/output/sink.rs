//! Where data goes: standard output, or a file that is whole or absent.

use std::io::{self, BufWriter, Stdout, Write};
use std::path::Path;

use super::WholeFile;
use crate::failure::Failure;

/// Where data goes.
pub(crate) enum Sink {
    Stdout(BufWriter<Stdout>),
    File(WholeFile),
}

impl Sink {
    /// Standard output, or the file named.
    pub(crate) fn open(file: Option<&Path>) -> Result<Self, Failure> {
        match file {
            None => Ok(Self::Stdout(BufWriter::with_capacity(
                1 << 16,
                io::stdout(),
            ))),
            Some(path) => Ok(Self::File(WholeFile::begin(path)?)),
        }
    }

    /// Sends what is still held back; a file gets its name.
    pub(crate) fn finish(self) -> Result<(), Failure> {
        match self {
            Self::Stdout(mut out) => out.flush().map_err(Failure::from),
            Self::File(file) => file.finish().map_err(Failure::from),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Self::Stdout(out) => out.write(bytes),
            Self::File(file) => file.write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        match self {
            Self::Stdout(out) => out.flush(),
            Self::File(file) => file.flush(),
        }
    }
}
