//! The challenge that is kept, and how often it was used.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::challenge::DigestChallenge;

/// The challenge that is kept, and how often it was used. Shared by all calls of a client.
#[derive(Debug, Default)]
pub(crate) struct DigestState(Mutex<Kept>);

#[derive(Debug, Default)]
struct Kept {
    challenge: Option<Arc<DigestChallenge>>,
    /// How many requests were signed under the kept challenge.
    used: u32,
    /// What session algorithms take for all of them.
    session_cnonce: Arc<str>,
    /// How many challenges were kept so far.
    generation: u64,
}

/// A request's place under a challenge: no other request has the same count.
#[derive(Debug, Clone)]
pub(crate) struct Turn {
    challenge: Option<Arc<DigestChallenge>>,
    session_cnonce: Arc<str>,
    count: u32,
    generation: u64,
}

impl Turn {
    /// The challenge to answer, with the request's count (from 1) and the client nonce to use,
    /// `cnonce` unless the session has one. Nothing if no challenge is known yet.
    pub(crate) fn answer<'a>(
        &'a self,
        cnonce: &'a str,
    ) -> Option<(&'a DigestChallenge, u32, &'a str)> {
        let challenge = self.challenge.as_deref()?;
        let session = challenge.algorithm.is_session();
        let cnonce = if session {
            &*self.session_cnonce
        } else {
            cnonce
        };
        Some((challenge, self.count, cnonce))
    }
}

impl DigestState {
    /// The next request's turn.
    pub(crate) fn turn(&self) -> Turn {
        let mut kept = self.kept();
        match kept.used.checked_add(1) {
            Some(used) if kept.challenge.is_some() => kept.used = used,
            // The count has eight digits: a nonce that used them all up has to be replaced.
            _ => kept.challenge = None,
        }
        Turn {
            challenge: kept.challenge.clone(),
            session_cnonce: kept.session_cnonce.clone(),
            count: kept.used,
            generation: kept.generation,
        }
    }

    /// Takes in the `challenge` that refused the request of `turn`; whether the request can be
    /// sent again. `cnonce` is for a session, should this become one.
    ///
    /// Once again if the request was not signed, if its nonce went stale, or if it was signed
    /// under a challenge that has served before or has been replaced meanwhile (some servers drop
    /// a nonce and do not call it stale). Not again if a fresh challenge was answered and the
    /// answer refused: then the key is wrong.
    pub(crate) fn refused(&self, turn: &Turn, challenge: DigestChallenge, cnonce: &str) -> bool {
        let mut kept = self.kept();
        if kept.generation != turn.generation {
            // Another request brought a newer challenge; many that start together share one.
            return true;
        }
        let signed_under = turn.challenge.as_deref();
        if signed_under.is_some_and(|old| old.nonce == challenge.nonce) {
            // The nonce still holds, so it keeps its count: no count is ever used twice.
            return false;
        }
        let again = signed_under.is_none() || challenge.stale || turn.count > 1;
        kept.challenge = Some(Arc::new(challenge));
        kept.used = 0;
        kept.session_cnonce = cnonce.into();
        kept.generation += 1;
        again
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        // Nothing panics while it is held, and each field is good by itself.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::auth::challenge::Challenge;
    use crate::auth::digest::Offer;

    fn challenge(nonce: &str, more: &str) -> DigestChallenge {
        let mut headers = http::HeaderMap::new();
        let value = format!("Digest realm=r, qop=auth, nonce=\"{nonce}\"{more}");
        headers.insert("www-authenticate", value.parse().unwrap());
        match Offer::of(&Challenge::all(&headers)) {
            Offer::Digest(challenge) => challenge,
            other => panic!("{other:?}"),
        }
    }

    /// The nonce and count of a turn.
    fn place(turn: &Turn) -> Option<(String, u32)> {
        let (challenge, count, _) = turn.answer("c")?;
        Some((challenge.nonce.clone(), count))
    }

    fn at(nonce: &str, count: u32) -> Option<(String, u32)> {
        Some((nonce.to_owned(), count))
    }

    #[test]
    fn counts_from_one_under_each_nonce() {
        let state = DigestState::default();
        let unsigned = state.turn();
        assert_eq!(place(&unsigned), None);
        assert!(state.refused(&unsigned, challenge("a", ""), "c"));
        assert_eq!(place(&state.turn()), at("a", 1));
        let second = state.turn();
        assert_eq!(place(&second), at("a", 2));
        assert!(state.refused(&second, challenge("b", ", stale=true"), "c"));
        assert_eq!(place(&state.turn()), at("b", 1));
    }

    #[test]
    fn a_wrong_key_is_not_tried_for_ever() {
        let state = DigestState::default();
        state.refused(&state.turn(), challenge("a", ""), "c");
        let fresh = state.turn();
        assert!(!state.refused(&fresh, challenge("b", ""), "c"));
        // The newer challenge is kept all the same: the next call spares a request.
        let fresh = state.turn();
        assert_eq!(place(&fresh), at("b", 1));
        assert!(!state.refused(&fresh, challenge("b", ""), "c"));
        assert_eq!(place(&state.turn()), at("b", 2));
    }

    #[test]
    fn a_nonce_that_served_may_end_without_being_called_stale() {
        let state = DigestState::default();
        state.refused(&state.turn(), challenge("a", ""), "c");
        state.turn();
        assert!(state.refused(&state.turn(), challenge("b", ""), "c"));
        // Fresh but called stale: the server's clock or memory, not the key.
        assert!(state.refused(&state.turn(), challenge("c", ", stale=true"), "c"));
    }

    #[test]
    fn those_who_start_together_share_one_challenge() {
        let state = DigestState::default();
        let turns: Vec<Turn> = (0..3).map(|_| state.turn()).collect();
        for (turn, nonce) in turns.iter().zip(["a", "b", "c"]) {
            assert!(state.refused(turn, challenge(nonce, ""), "c"));
        }
        assert_eq!(place(&state.turn()), at("a", 1));
        assert_eq!(place(&state.turn()), at("a", 2));
    }

    #[test]
    fn a_session_keeps_its_client_nonce() {
        let state = DigestState::default();
        let session = challenge("a", ", algorithm=MD5-sess");
        state.refused(&state.turn(), session, "kept");
        for _ in 0..2 {
            assert_eq!(state.turn().answer("mine").unwrap().2, "kept");
        }
        state.refused(&state.turn(), challenge("b", ""), "kept");
        assert_eq!(state.turn().answer("mine").unwrap().2, "mine");
    }

    #[test]
    fn a_used_up_count_asks_for_a_new_challenge() {
        let state = DigestState::default();
        state.refused(&state.turn(), challenge("a", ""), "c");
        state.kept().used = u32::MAX - 1;
        assert_eq!(place(&state.turn()), at("a", u32::MAX));
        let unsigned = state.turn();
        assert_eq!(place(&unsigned), None);
        assert!(state.refused(&unsigned, challenge("b", ""), "c"));
        assert_eq!(place(&state.turn()), at("b", 1));
    }

    #[test]
    fn no_count_is_used_twice_by_threads() {
        let state = DigestState::default();
        state.refused(&state.turn(), challenge("a", ""), "c");
        let counts: Vec<u32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8)
                .map(|_| scope.spawn(|| (0..500).map(|_| state.turn().count).collect::<Vec<u32>>()))
                .collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        let distinct: BTreeSet<u32> = counts.iter().copied().collect();
        assert_eq!(distinct, (1..=4_000).collect());
        assert_eq!(counts.len(), 4_000);
    }
}
