//! SHA-256 (RFC 6234).

use super::blocks;

/// The first 32 bits of the fractional parts of the square roots of the first eight primes
/// (section 6.1).
const ROOTS: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// The first 32 bits of the fractional parts of the cube roots of the first 64 primes
/// (section 5.1).
const CUBE_ROOTS: [u32; 64] = [
    0x428a_2f98,
    0x7137_4491,
    0xb5c0_fbcf,
    0xe9b5_dba5,
    0x3956_c25b,
    0x59f1_11f1,
    0x923f_82a4,
    0xab1c_5ed5,
    0xd807_aa98,
    0x1283_5b01,
    0x2431_85be,
    0x550c_7dc3,
    0x72be_5d74,
    0x80de_b1fe,
    0x9bdc_06a7,
    0xc19b_f174,
    0xe49b_69c1,
    0xefbe_4786,
    0x0fc1_9dc6,
    0x240c_a1cc,
    0x2de9_2c6f,
    0x4a74_84aa,
    0x5cb0_a9dc,
    0x76f9_88da,
    0x983e_5152,
    0xa831_c66d,
    0xb003_27c8,
    0xbf59_7fc7,
    0xc6e0_0bf3,
    0xd5a7_9147,
    0x06ca_6351,
    0x1429_2967,
    0x27b7_0a85,
    0x2e1b_2138,
    0x4d2c_6dfc,
    0x5338_0d13,
    0x650a_7354,
    0x766a_0abb,
    0x81c2_c92e,
    0x9272_2c85,
    0xa2bf_e8a1,
    0xa81a_664b,
    0xc24b_8b70,
    0xc76c_51a3,
    0xd192_e819,
    0xd699_0624,
    0xf40e_3585,
    0x106a_a070,
    0x19a4_c116,
    0x1e37_6c08,
    0x2748_774c,
    0x34b0_bcb5,
    0x391c_0cb3,
    0x4ed8_aa4a,
    0x5b9c_ca4f,
    0x682e_6ff3,
    0x748f_82ee,
    0x78a5_636f,
    0x84c8_7814,
    0x8cc7_0208,
    0x90be_fffa,
    0xa450_6ceb,
    0xbef9_a3f7,
    0xc671_78f2,
];

/// The SHA-256 of `message`.
pub(crate) fn sha256(message: &[u8]) -> [u8; 32] {
    let mut state = ROOTS;
    blocks::for_each(message, u64::to_be_bytes, |block| mix(&mut state, block));
    let mut digest = [0; 32];
    for (to, from) in digest
        .iter_mut()
        .zip(state.iter().flat_map(|word| word.to_be_bytes()))
    {
        *to = from;
    }
    digest
}

fn mix(state: &mut [u32; 8], block: &[u8; 64]) {
    let mut schedule = blocks::words(block, u32::from_be_bytes);
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *state;
    for (step, root) in CUBE_ROOTS.iter().enumerate() {
        // Sixteen words are kept at a time; from the seventeenth on each takes the place of one
        // that is no longer needed.
        let at = |before: usize| schedule[(step + 16 - before) % 16];
        if step >= 16 {
            let next = small(at(2), 17, 19, 10)
                .wrapping_add(at(7))
                .wrapping_add(small(at(15), 7, 18, 3))
                .wrapping_add(at(16));
            schedule[step % 16] = next;
        }
        let choice = (e & f) ^ (!e & g);
        let first = h
            .wrapping_add(big(e, 6, 11, 25))
            .wrapping_add(choice)
            .wrapping_add(*root)
            .wrapping_add(schedule[step % 16]);
        let majority = (a & b) ^ (a & c) ^ (b & c);
        let second = big(a, 2, 13, 22).wrapping_add(majority);
        (h, g, f, e) = (g, f, e, d.wrapping_add(first));
        (d, c, b, a) = (c, b, a, first.wrapping_add(second));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d, e, f, g, h]) {
        *word = word.wrapping_add(add);
    }
}

fn big(word: u32, one: u32, two: u32, three: u32) -> u32 {
    word.rotate_right(one) ^ word.rotate_right(two) ^ word.rotate_right(three)
}

fn small(word: u32, one: u32, two: u32, shift: u32) -> u32 {
    word.rotate_right(one) ^ word.rotate_right(two) ^ (word >> shift)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use sha2::Digest as _;

    use super::*;

    #[test]
    fn agrees_with_the_first_test_of_rfc_6234() {
        // Section 8.5, test 1.
        let digest: String = sha256(b"abc")
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        assert_eq!(
            digest,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
    }

    proptest! {
        #[test]
        fn agrees_with_another_implementation(message in proptest::collection::vec(any::<u8>(), 0..300)) {
            prop_assert_eq!(&sha256(&message)[..], &sha2::Sha256::digest(&message)[..]);
        }
    }
}
