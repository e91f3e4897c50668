//! The challenge that is kept, and how often each nonce was used.

use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use super::challenge::DigestChallenge;

/// The challenge that is kept. Shared by all calls of a client.
///
/// A call is signed at once under the kept challenge, whatever others do meanwhile: their counts
/// differ, but may arrive out of order, which some servers refuse. A call that was refused goes
/// out again under the challenge of its own refusal, which no other call uses until it is done,
/// so that nothing can overtake it.
#[derive(Debug, Default)]
pub(crate) struct DigestState(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    current: Option<Arc<Lane>>,
    /// What refused calls go out under, to be kept once they are done.
    apart: Vec<Weak<Lane>>,
}

/// A challenge and how many requests were signed under its nonce.
#[derive(Debug)]
struct Lane {
    challenge: DigestChallenge,
    used: AtomicU32,
    /// What session algorithms take for all requests.
    session_cnonce: String,
}

/// A request's place under a challenge: no other request has the same count.
#[derive(Debug)]
pub(crate) struct Turn {
    /// Nothing if no challenge is known yet.
    place: Option<(Arc<Lane>, u32)>,
    /// Where to keep the challenge once this request is done, if it is not kept yet.
    keep_in: Option<Arc<Mutex<Kept>>>,
}

impl Turn {
    /// The challenge to answer, with the request's count (from 1) and the client nonce to use,
    /// `cnonce` unless the session has one.
    pub(crate) fn answer<'a>(
        &'a self,
        cnonce: &'a str,
    ) -> Option<(&'a DigestChallenge, u32, &'a str)> {
        let (lane, count) = self.place.as_ref()?;
        let session = lane.challenge.algorithm.is_session();
        let cnonce = if session {
            &lane.session_cnonce
        } else {
            cnonce
        };
        Some((&lane.challenge, *count, cnonce))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let (Some(kept), Some((lane, _))) = (&self.keep_in, &self.place) {
            lock(kept).current = Some(lane.clone());
        }
    }
}

impl DigestState {
    /// The next request's turn under the kept challenge.
    pub(crate) fn turn(&self) -> Turn {
        let mut kept = lock(&self.0);
        let place = kept.current.as_ref().and_then(Lane::next);
        if place.is_none() {
            // The count has eight digits: a nonce that used them all up has to be replaced.
            kept.current = None;
        }
        Turn {
            place,
            keep_in: None,
        }
    }

    /// Takes in the `challenge` that refused the request of `turn`: the turn to send it again
    /// with, if that is worth it. `cnonce` is for a session, should this become one.
    ///
    /// It is worth it if the request was not signed, if its nonce went stale, or if its nonce had
    /// served before (some servers drop a nonce and do not call it stale). It is not if a fresh
    /// challenge was answered and the answer refused, or if the nonce still holds: then the key
    /// is wrong.
    pub(crate) fn refused(
        &self,
        turn: &Turn,
        challenge: DigestChallenge,
        cnonce: &str,
    ) -> Option<Turn> {
        if let Some((lane, count)) = &turn.place {
            let renewed = lane.challenge.nonce != challenge.nonce;
            if !renewed || !(challenge.stale || *count > 1) {
                return None;
            }
        }
        let mut kept = lock(&self.0);
        kept.apart.retain(|lane| lane.strong_count() > 0);
        let apart = kept.apart.iter().filter_map(Weak::upgrade);
        // A server may hand one nonce to many: it has one count.
        let known = apart.chain(kept.current.clone());
        let same = known
            .into_iter()
            .find(|lane| lane.challenge.nonce == challenge.nonce);
        let lane = same.unwrap_or_else(|| {
            Arc::new(Lane {
                challenge,
                used: AtomicU32::new(0),
                session_cnonce: cnonce.to_owned(),
            })
        });
        let place = Some(Lane::next(&lane)?);
        kept.apart.push(Arc::downgrade(&lane));
        Some(Turn {
            place,
            keep_in: Some(self.0.clone()),
        })
    }
}

impl Lane {
    /// The next count under this challenge, if there is one left.
    fn next(this: &Arc<Self>) -> Option<(Arc<Self>, u32)> {
        let more = |used: u32| used.checked_add(1);
        let used = this
            .used
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        Some((this.clone(), used.ok()? + 1))
    }
}

fn lock(kept: &Mutex<Kept>) -> MutexGuard<'_, Kept> {
    // Nothing panics while it is held, and each field is good by itself.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
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

    /// A state whose first call was refused with nonce `a`, sent again, and is done.
    fn begun() -> DigestState {
        let state = DigestState::default();
        let again = state
            .refused(&state.turn(), challenge("a", ""), "c")
            .unwrap();
        assert_eq!(place(&again), at("a", 1));
        state
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
        let state = begun();
        let second = state.turn();
        assert_eq!(place(&second), at("a", 2));
        let again = state
            .refused(&second, challenge("b", ", stale=true"), "c")
            .unwrap();
        assert_eq!(place(&again), at("b", 1));
        drop(again);
        assert_eq!(place(&state.turn()), at("b", 2));
        assert_eq!(place(&state.turn()), at("b", 3));
    }

    #[test]
    fn a_wrong_key_is_not_tried_for_ever() {
        let state = DigestState::default();
        let again = state
            .refused(&state.turn(), challenge("a", ""), "c")
            .unwrap();
        assert!(state.refused(&again, challenge("b", ""), "c").is_none());
        drop(again);
        // The nonce of a later call still holds, and the answer is refused all the same.
        let later = state.turn();
        assert_eq!(place(&later), at("a", 2));
        assert!(
            state
                .refused(&later, challenge("a", ", stale=true"), "c")
                .is_none()
        );
    }

    #[test]
    fn a_nonce_that_served_may_end_without_being_called_stale() {
        let state = begun();
        let again = state
            .refused(&state.turn(), challenge("b", ""), "c")
            .unwrap();
        assert_eq!(place(&again), at("b", 1));
        // Fresh but called stale: the server's clock or memory, not the key.
        let once_more = state
            .refused(&again, challenge("c", ", stale=true"), "c")
            .unwrap();
        assert_eq!(place(&once_more), at("c", 1));
    }

    #[test]
    fn what_is_sent_again_is_not_overtaken() {
        let state = begun();
        let refused = state
            .refused(&state.turn(), challenge("b", ", stale=true"), "c")
            .unwrap();
        // While it is on its way, others stay with what they have.
        assert_eq!(place(&state.turn()), at("a", 3));
        let other = state
            .refused(&state.turn(), challenge("c", ", stale=true"), "c")
            .unwrap();
        assert_eq!((place(&refused), place(&other)), (at("b", 1), at("c", 1)));
        drop(refused);
        assert_eq!(place(&state.turn()), at("b", 2));
        drop(other);
        assert_eq!(place(&state.turn()), at("c", 2));
    }

    #[test]
    fn one_nonce_for_many_has_one_count() {
        let state = DigestState::default();
        let unsigned: Vec<Turn> = (0..3).map(|_| state.turn()).collect();
        assert!(unsigned.iter().all(|turn| place(turn).is_none()));
        let again: Vec<Turn> = unsigned
            .iter()
            .map(|turn| state.refused(turn, challenge("a", ""), "c").unwrap())
            .collect();
        let places: Vec<_> = again.iter().map(place).collect();
        assert_eq!(places, [at("a", 1), at("a", 2), at("a", 3)]);
        drop(again);
        assert_eq!(place(&state.turn()), at("a", 4));
        let late = state
            .refused(&unsigned[0], challenge("a", ""), "c")
            .unwrap();
        assert_eq!(place(&late), at("a", 5));
    }

    #[test]
    fn a_session_keeps_its_client_nonce() {
        let state = DigestState::default();
        let session = challenge("a", ", algorithm=MD5-sess");
        let again = state.refused(&state.turn(), session, "kept").unwrap();
        assert_eq!(again.answer("mine").unwrap().2, "kept");
        drop(again);
        assert_eq!(state.turn().answer("mine").unwrap().2, "kept");
        let again = state
            .refused(&state.turn(), challenge("b", ""), "kept")
            .unwrap();
        assert_eq!(again.answer("mine").unwrap().2, "mine");
    }

    #[test]
    fn a_used_up_count_asks_for_a_new_challenge() {
        let state = begun();
        let lane = lock(&state.0).current.clone().unwrap();
        lane.used.store(u32::MAX - 1, Ordering::Relaxed);
        assert_eq!(place(&state.turn()), at("a", u32::MAX));
        let unsigned = state.turn();
        assert_eq!(place(&unsigned), None);
        let again = state.refused(&unsigned, challenge("b", ""), "c").unwrap();
        assert_eq!(place(&again), at("b", 1));
    }

    #[test]
    fn no_count_is_used_twice_by_threads() {
        let state = begun();
        let turns = || {
            (0..500)
                .map(|_| place(&state.turn()).unwrap().1)
                .collect::<Vec<u32>>()
        };
        let counts: Vec<u32> = std::thread::scope(|scope| {
            let threads: Vec<_> = (0..8).map(|_| scope.spawn(turns)).collect();
            threads
                .into_iter()
                .flat_map(|thread| thread.join().unwrap())
                .collect()
        });
        let distinct: BTreeSet<u32> = counts.iter().copied().collect();
        assert_eq!(distinct, (2..=4_001).collect());
        assert_eq!(counts.len(), 4_000);
    }
}
