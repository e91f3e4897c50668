//! Repeatable noise: the same seed and position give the same number on every machine.

/// SplitMix64's finaliser over `seed` and `position`, so that item number n can be had without
/// making the ones before it.
pub(crate) fn noise(seed: u64, position: u64) -> u64 {
    let mut z = seed ^ position.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

/// `count` hexadecimal digits in lower case out of `seed` and `position`.
pub(crate) fn hex(seed: u64, position: u64, count: usize) -> String {
    let mut text = String::with_capacity(count + 16);
    let mut block = 0;
    while text.len() < count {
        let part = noise(seed.rotate_left(17) ^ position, block);
        text.push_str(&format!("{part:016x}"));
        block += 1;
    }
    text.truncate(count);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_place_gives_the_same_noise() {
        assert_eq!(noise(7, 41), noise(7, 41));
        assert_ne!(noise(7, 41), noise(7, 42));
        assert_ne!(noise(7, 41), noise(8, 41));
    }

    #[test]
    fn hex_has_the_length_asked_for() {
        assert_eq!(hex(1, 2, 64).len(), 64);
        assert_eq!(hex(1, 2, 24), hex(1, 2, 24));
        assert!(hex(1, 2, 24).bytes().all(|b| b.is_ascii_hexdigit()));
        assert_ne!(hex(1, 2, 24), hex(1, 3, 24));
    }
}
