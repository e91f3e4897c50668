//! HTTP Digest (RFC 7616), by which API keys sign: the response to a challenge, and the challenge
//! that is kept and counted. The first call learns it from a 401, every later one is signed at
//! once.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};

use http::HeaderMap;

use super::challenge::Challenge;
use crate::error::{Error, ErrorKind, Result};
use crate::secret::Secret;

/// An API key: what Digest calls user name and password.
#[derive(Debug, Clone)]
pub(crate) struct ApiKey {
    pub(crate) public: String,
    pub(crate) private: Secret,
}

/// A Digest challenge that this crate supports: MD5 or SHA-256, qop auth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DigestChallenge {
    realm: String,
    nonce: String,
    opaque: Option<String>,
    algorithm: Algorithm,
    /// Whether the algorithm was named: an implied MD5 is not named in the response either.
    named: bool,
    /// The rejected signature was right but for its nonce (RFC 7616 section 3.3).
    pub(super) stale: bool,
}

/// How to hash. The order is that of preference, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Algorithm {
    Md5Session,
    Md5,
    Sha256Session,
    Sha256,
}

impl Algorithm {
    const ALL: [Self; 4] = [
        Self::Md5Session,
        Self::Md5,
        Self::Sha256Session,
        Self::Sha256,
    ];

    /// The name on the wire (RFC 7616 section 3.3).
    fn name(self) -> &'static str {
        match self {
            Self::Md5Session => "MD5-sess",
            Self::Md5 => "MD5",
            Self::Sha256Session => "SHA-256-sess",
            Self::Sha256 => "SHA-256",
        }
    }

    /// Whether the first hash includes the nonces: one session key per challenge.
    fn is_session(self) -> bool {
        matches!(self, Self::Md5Session | Self::Sha256Session)
    }

    /// The hash of `text` in lower-case hexadecimal.
    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 | Self::Md5Session => hex(&md5::compute(text).0),
            Self::Sha256 | Self::Sha256Session => hex(&hmac_sha256::Hash::hash(text.as_bytes())),
        }
    }
}

impl DigestChallenge {
    /// The strongest supported challenge of a 401; `None` if it has no Digest challenge at all.
    /// RFC 7616 section 3.7 lets a local policy overrule the server's order: a challenge for MD5
    /// may have been put first on the way.
    ///
    /// # Errors
    /// `Unauthorized` when all Digest challenges are of unsupported kinds.
    pub(super) fn choose(headers: &HeaderMap) -> Result<Option<Self>> {
        let all = Challenge::all(headers);
        let digests = all.iter().filter(|challenge| challenge.is("Digest"));
        let (supported, unsupported): (Vec<_>, Vec<_>) =
            digests.map(Self::new).partition(|read| read.is_ok());
        // The first of the strongest.
        let strongest = supported.into_iter().flatten().rev();
        let strongest = strongest.max_by_key(|challenge| challenge.algorithm);
        let reasons: Vec<String> = unsupported.into_iter().filter_map(Result::err).collect();
        if strongest.is_some() || reasons.is_empty() {
            return Ok(strongest);
        }
        Err(Error::new(
            ErrorKind::Unauthorized,
            format!(
                "the service requests HTTP Digest in an unsupported form ({})",
                reasons.join("; ")
            ),
        ))
    }

    /// The challenge, or why it is unsupported. A quality of protection is required, since a
    /// response without one (RFC 2069) has no count and can be replayed; qop auth-int would hash
    /// bodies.
    fn new(challenge: &Challenge) -> Result<Self, String> {
        let name = challenge.parameter("algorithm");
        let wanted = name.unwrap_or("MD5");
        let mut all = Algorithm::ALL.into_iter();
        let algorithm = all
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(wanted))
            .ok_or_else(|| format!("algorithm {wanted:?}"))?;
        let qop = challenge
            .parameter("qop")
            .ok_or("no quality of protection (qop)")?;
        if !qop
            .split(',')
            .any(|qop| qop.trim().eq_ignore_ascii_case("auth"))
        {
            return Err(format!("quality of protection {qop:?}"));
        }
        let nonce = challenge.parameter("nonce").unwrap_or_default();
        if nonce.is_empty() {
            return Err("no nonce".to_owned());
        }
        let stale = challenge.parameter("stale");
        Ok(Self {
            realm: challenge.parameter("realm").unwrap_or_default().to_owned(),
            nonce: nonce.to_owned(),
            opaque: challenge.parameter("opaque").map(str::to_owned),
            algorithm,
            named: name.is_some(),
            stale: stale.is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
        })
    }

    /// The value of `Authorization` for one request, the `count`th under this challenge's nonce
    /// (RFC 7616 section 3.4). `uri` is path and query, byte by byte as they are sent; `cnonce`
    /// is the client's. Under a session algorithm all requests of a challenge share one `cnonce`.
    fn authorization(
        &self,
        key: &ApiKey,
        method: &str,
        uri: &str,
        count: u32,
        cnonce: &str,
    ) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let Self { realm, nonce, .. } = self;
        let private = key.private.expose_secret();
        let mut secret = hash(format!("{}:{realm}:{private}", key.public));
        if self.algorithm.is_session() {
            secret = hash(format!("{secret}:{nonce}:{cnonce}"));
        }
        let request = hash(format!("{method}:{uri}"));
        let response = hash(format!(
            "{secret}:{nonce}:{count:08x}:{cnonce}:auth:{request}"
        ));
        let mut header = format!(
            "Digest username={}, realm={}, nonce={}, uri={}, ",
            quoted(&key.public),
            quoted(realm),
            quoted(nonce),
            quoted(uri),
        );
        if self.named {
            header.push_str(&format!("algorithm={}, ", self.algorithm.name()));
        }
        // Neither qop, nc nor algorithm is quoted in this direction.
        header.push_str(&format!(
            "qop=auth, nc={count:08x}, cnonce={}, response=\"{response}\"",
            quoted(cnonce)
        ));
        if let Some(opaque) = &self.opaque {
            header.push_str(&format!(", opaque={}", quoted(opaque)));
        }
        header
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A quoted string (RFC 9110 section 5.6.4).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

/// The challenge that is kept. Shared by all calls of a client.
///
/// A call is signed at once under the kept challenge, whatever others do meanwhile: their counts
/// differ, but may arrive out of order, which some servers reject. A call that got a 401 is sent
/// again under the challenge of that 401, which no other call uses until it is done, so that
/// nothing can overtake it.
#[derive(Debug, Default)]
pub(super) struct DigestState(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    current: Option<Arc<Lane>>,
    /// The challenges of requests that are sent again, to be kept once these are done.
    apart: Vec<Weak<Lane>>,
}

/// A challenge and how many requests were signed under its nonce.
#[derive(Debug)]
struct Lane {
    challenge: DigestChallenge,
    used: AtomicU32,
    /// The service has replaced it: it is not to be kept.
    replaced: AtomicBool,
    /// The client nonce of all requests under a session algorithm.
    session_cnonce: String,
}

/// A request's place under a challenge: no other request has the same count.
#[derive(Debug)]
pub(crate) struct Turn {
    /// `None` if no challenge is known yet.
    place: Option<(Arc<Lane>, u32)>,
    /// Where to keep the challenge once this request is done, if it is not kept yet.
    keep_in: Option<Arc<Mutex<Kept>>>,
}

impl Turn {
    /// The value of `Authorization` for a request; `None` if no challenge is known yet. `cnonce`
    /// is fresh, for algorithms without a session.
    pub(super) fn authorization(
        &self,
        key: &ApiKey,
        method: &str,
        uri: &str,
        cnonce: &str,
    ) -> Option<String> {
        let (lane, count) = self.place.as_ref()?;
        let challenge = &lane.challenge;
        let cnonce = match challenge.algorithm.is_session() {
            true => &lane.session_cnonce,
            false => cnonce,
        };
        Some(challenge.authorization(key, method, uri, *count, cnonce))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        if let (Some(kept), Some((lane, _))) = (&self.keep_in, &self.place)
            && !lane.replaced.load(Ordering::Relaxed)
        {
            lock(kept).current = Some(lane.clone());
        }
    }
}

impl DigestState {
    /// The next request's turn under the kept challenge.
    pub(super) fn turn(&self) -> Turn {
        let mut kept = lock(&self.0);
        let place = kept.current.as_ref().and_then(Lane::next);
        if place.is_none() {
            // The count has eight digits: a nonce that used them all has to be replaced.
            kept.current = None;
        }
        Turn {
            place,
            keep_in: None,
        }
    }

    /// The turn to send the request of `turn` again with, after a 401 with `challenge`; `None` if
    /// that is final. `cnonce` is for a session algorithm.
    ///
    /// The request is worth sending again if it was not signed, if the service calls its nonce
    /// stale (however often: the caller sets the bound), or if its nonce was replaced and had been
    /// used before: some servers forget a nonce and do not call it stale. Otherwise the key is wrong.
    /// A challenge that is replaced is not kept.
    pub(super) fn rejected(
        &self,
        turn: &Turn,
        challenge: DigestChallenge,
        cnonce: &str,
    ) -> Option<Turn> {
        if let Some((lane, count)) = &turn.place {
            let forgotten = lane.challenge.nonce != challenge.nonce && *count > 1;
            if !challenge.stale && !forgotten {
                return None;
            }
        }
        let mut kept = lock(&self.0);
        kept.apart.retain(|lane| lane.strong_count() > 0);
        let apart = kept.apart.iter().filter_map(Weak::upgrade);
        // A server may hand one nonce to many requests: it has one count.
        let mut known = apart.chain(kept.current.clone());
        let lane = known
            .find(|lane| lane.challenge.nonce == challenge.nonce)
            .unwrap_or_else(|| {
                Arc::new(Lane {
                    challenge,
                    used: AtomicU32::new(0),
                    replaced: AtomicBool::new(false),
                    session_cnonce: cnonce.to_owned(),
                })
            });
        let place = Some(Lane::next(&lane)?);
        if let Some((refused, _)) = &turn.place {
            refused.replaced.store(true, Ordering::Relaxed);
        }
        lane.replaced.store(false, Ordering::Relaxed);
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
    // Nothing panics while it is held, and each field is valid by itself.
    kept.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests;
