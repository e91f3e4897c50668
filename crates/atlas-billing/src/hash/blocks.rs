//! A message in blocks of 64 bytes, padded as both hashes do it.

/// Calls `each` with every block of the message: its bytes, a one bit, zeros, and its length in
/// bits as `length_bytes` writes it (RFC 1321 sections 3.1 and 3.2, RFC 6234 section 4.1).
pub(super) fn for_each(
    message: &[u8],
    length_bytes: fn(u64) -> [u8; 8],
    mut each: impl FnMut(&[u8; 64]),
) {
    let (blocks, rest) = message.as_chunks::<64>();
    blocks.iter().for_each(&mut each);
    let mut last = [0; 128];
    for (to, from) in last.iter_mut().zip(rest.iter().chain(&[0x80])) {
        *to = *from;
    }
    // The one bit and the length take nine bytes, which may not fit behind the rest.
    let end = if rest.len() < 56 { 64 } else { 128 };
    let bits = (message.len() as u64).wrapping_mul(8);
    for (to, from) in last.iter_mut().skip(end - 8).zip(length_bytes(bits)) {
        *to = from;
    }
    let (blocks, _) = last.as_chunks::<64>();
    blocks.iter().take(end / 64).for_each(each);
}

/// A block as sixteen words, each read by `word`.
pub(super) fn words(block: &[u8; 64], word: fn([u8; 4]) -> u32) -> [u32; 16] {
    let mut words = [0; 16];
    let (quads, _) = block.as_chunks::<4>();
    for (to, from) in words.iter_mut().zip(quads) {
        *to = word(*from);
    }
    words
}
