//! Random numbers from the operating system.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{SystemTime, UNIX_EPOCH};

use super::Random;

/// Random numbers from the operating system.
///
/// Where the system has none to give (a sandbox without the call or the device), the numbers are a
/// SHA-256 of the time of day, the process id and a counter. They still differ from call to call,
/// which is what jitter needs; they can be guessed, which weakens a client nonce's guard against a
/// server that chooses its own nonces (chosen plaintext, RFC 7616 section 5) and nothing else. No
/// call fails for it.
#[derive(Default)]
pub struct OsRandom {
    calls: AtomicU64,
}

impl OsRandom {
    /// A source of random numbers.
    pub fn new() -> Self {
        Self::default()
    }
}

impl fmt::Debug for OsRandom {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The counter takes part in the numbers of last resort.
        f.write_str("OsRandom")
    }
}

impl Random for OsRandom {
    fn bits(&self) -> u128 {
        let mut bits = [0; 16];
        if getrandom::fill(&mut bits).is_err() {
            let time = SystemTime::now()
                .duration_since(UNIX_EPOCH)
                .map_or(0, |since| since.as_nanos());
            let call = self.calls.fetch_add(1, Ordering::Relaxed);
            let seed = format!("{time} {} {call}", std::process::id());
            let hash = hmac_sha256::Hash::hash(seed.as_bytes());
            for (to, from) in bits.iter_mut().zip(hash) {
                *to = from;
            }
        }
        u128::from_ne_bytes(bits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_differ_and_a_unit_is_below_one() {
        let random = OsRandom::new();
        assert_ne!(random.bits(), random.bits());
        for _ in 0..1000 {
            assert!((0.0..1.0).contains(&random.unit()));
        }
    }

    #[test]
    fn the_extremes_of_bits_stay_a_unit() {
        #[derive(Debug)]
        struct Fixed(u128);
        impl Random for Fixed {
            fn bits(&self) -> u128 {
                self.0
            }
        }
        assert_eq!(Fixed(0).unit(), 0.0);
        assert!(Fixed(u128::MAX).unit() < 1.0);
    }
}
