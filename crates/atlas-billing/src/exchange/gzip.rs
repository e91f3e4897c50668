//! gzip (RFC 1952) taken off while it arrives.

use std::io::Write as _;

use bytes::Bytes;
use flate2::write::MultiGzDecoder;

use crate::error::{Error, ErrorKind, Result};

/// How much of a compressed piece is decompressed at once: it grows a thousand times at most.
const COMPRESSED: usize = 4 * 1024;

/// The bytes that gzip begins with (RFC 1952 section 2.3.1).
pub(crate) const GZIP_MAGIC: &[u8] = b"\x1f\x8b";

/// Decompresses what is pushed, in pieces of bounded size.
pub(crate) struct Gunzip {
    decoder: MultiGzDecoder<Vec<u8>>,
    /// What was pushed and is still to be decompressed.
    compressed: Bytes,
}

impl Gunzip {
    pub(crate) fn new() -> Self {
        Self {
            decoder: MultiGzDecoder::new(Vec::new()),
            compressed: Bytes::new(),
        }
    }

    /// Adds a compressed piece, once [`next`](Self::next) has used up the last.
    pub(crate) fn push(&mut self, piece: Bytes) {
        self.compressed = piece;
    }

    /// What the next part of the piece decompresses to, perhaps nothing; `None` where the piece is
    /// used up.
    pub(crate) fn next(&mut self) -> Result<Option<Bytes>> {
        if self.compressed.is_empty() {
            return Ok(None);
        }
        let length = self.compressed.len().min(COMPRESSED);
        let part = self.compressed.split_to(length);
        let written = self.decoder.write_all(&part);
        written
            .and_then(|()| self.decoder.flush())
            .map_err(|_| Error::decode("the body is not valid gzip"))?;
        Ok(Some(self.take()))
    }

    /// The rest, once all pieces have been pushed and decompressed.
    ///
    /// # Errors
    /// [`ErrorKind::Truncated`] where the last member is not complete.
    pub(crate) fn finish(&mut self) -> Result<Bytes> {
        match self.decoder.try_finish() {
            Ok(()) => Ok(self.take()),
            Err(_) => Err(Error::new(
                ErrorKind::Truncated,
                "the compressed body ends early",
            )),
        }
    }

    fn take(&mut self) -> Bytes {
        std::mem::take(self.decoder.get_mut()).into()
    }
}
