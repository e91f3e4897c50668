//! gzip, packed while it is sent.

use std::io::Write;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::answer::Pieces;

/// The pieces of the gzip form of `plain`.
pub(crate) fn compress(plain: Pieces) -> Pieces {
    let encoder = GzEncoder::new(Vec::new(), Compression::fast());
    Box::new(Packing {
        plain,
        encoder: Some(encoder),
    })
}

struct Packing {
    plain: Pieces,
    encoder: Option<GzEncoder<Vec<u8>>>,
}

impl Iterator for Packing {
    type Item = Bytes;

    fn next(&mut self) -> Option<Bytes> {
        // Writing to a Vec cannot fail; if it did, the body would just end early.
        while let Some(encoder) = &mut self.encoder {
            let Some(piece) = self.plain.next() else {
                return self.encoder.take()?.finish().ok().map(Bytes::from);
            };
            encoder.write_all(&piece).ok()?;
            let packed = encoder.get_mut();
            if !packed.is_empty() {
                return Some(std::mem::take(packed).into());
            }
        }
        None
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_unpacks() {
        let parts = vec![Bytes::from("abc".repeat(1000)), Bytes::from_static(b"end")];
        let packed: Vec<u8> = compress(Box::new(parts.into_iter())).flatten().collect();
        let mut plain = String::new();
        flate2::read::GzDecoder::new(&*packed)
            .read_to_string(&mut plain)
            .unwrap();
        assert_eq!(plain, "abc".repeat(1000) + "end");
    }
}
