//! HTTP Digest (RFC 7616), the server's side: the response is computed and compared, the nonce is
//! one that was given out, and each of its counts comes once.

use std::collections::{BTreeSet, HashMap};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::digest_parts::{DigestAlgorithm, Parts, fields};
use super::{SignIn, Verdict};
use crate::random::noise;
use crate::request::Request;

const REALM: &str = "MMS Public API";

/// A nonce that was given out.
#[derive(Debug)]
struct Nonce {
    algorithm: DigestAlgorithm,
    given: DateTime<Utc>,
    /// The counts seen with it. Requests of one client overtake each other, so that only a count
    /// that comes twice is a replay, unless the rules want them in order.
    counts: BTreeSet<u64>,
}

#[derive(Debug)]
pub(super) struct Digest {
    keys: Vec<(String, String)>,
    algorithms: Vec<DigestAlgorithm>,
    uses: Option<u64>,
    life: Option<Duration>,
    in_order: bool,
    seed: u64,
    nonces: HashMap<String, Nonce>,
}

impl Digest {
    pub(super) fn new(rules: &SignIn, seed: u64) -> Self {
        let algorithms = match rules.algorithms.as_slice() {
            [] => vec![DigestAlgorithm::Md5],
            some => some.to_vec(),
        };
        Self {
            keys: rules.api_keys.clone(),
            algorithms,
            uses: rules.nonce_uses,
            life: rules.nonce_life,
            in_order: rules.counts_in_order,
            seed,
            nonces: HashMap::new(),
        }
    }

    /// One challenge an algorithm, each with a nonce of its own.
    pub(super) fn challenges(&mut self, stale: bool, now: DateTime<Utc>) -> Vec<String> {
        let algorithms = self.algorithms.clone();
        let challenge = |algorithm: DigestAlgorithm| {
            let nonce = nonce_text(self.seed, self.nonces.len() as u64);
            let name = algorithm.name();
            let text = format!(
                "Digest realm=\"{REALM}\", domain=\"\", nonce=\"{nonce}\", algorithm={name}, \
                 qop=\"auth\", stale={stale}"
            );
            self.nonces.insert(
                nonce,
                Nonce {
                    algorithm,
                    given: now,
                    counts: BTreeSet::new(),
                },
            );
            text
        };
        algorithms.into_iter().map(challenge).collect()
    }

    /// Checks what follows `Digest ` in the header.
    pub(super) fn check(&mut self, text: &str, request: &Request, now: DateTime<Utc>) -> Verdict {
        let fields = fields(text);
        let get = |name: &str| fields.get(name).map(String::as_str).unwrap_or_default();
        let Some(nonce) = self.nonces.get_mut(get("nonce")) else {
            return Verdict::Out;
        };
        let Some((username, password)) = self.keys.iter().find(|(name, _)| name == get("username"))
        else {
            return Verdict::Out;
        };
        let named = get("algorithm");
        let right_algorithm = named == nonce.algorithm.name()
            || named.is_empty() && nonce.algorithm == DigestAlgorithm::Md5;
        let (nc, uri) = (get("nc"), get("uri"));
        let count = u64::from_str_radix(nc, 16).ok().filter(|_| nc.len() == 8);
        let parts = Parts {
            algorithm: nonce.algorithm,
            username,
            password,
            realm: REALM,
            method: request.method.as_str(),
            uri,
            nonce: get("nonce"),
            nc,
            cnonce: get("cnonce"),
        };
        let right = right_algorithm
            && get("realm") == REALM
            && get("qop") == "auth"
            && uri == request.target
            && !parts.cnonce.is_empty()
            && get("response") == parts.response();
        let Some(count) = count.filter(|_| right) else {
            return Verdict::Out;
        };
        let age = (now - nonce.given).to_std().unwrap_or_default();
        let stale = self.life.is_some_and(|life| age >= life)
            || self.uses.is_some_and(|uses| count > uses)
            || nonce.counts.contains(&count)
            || self.in_order && nonce.counts.last().is_some_and(|last| count < *last);
        if stale {
            return Verdict::Stale;
        }
        nonce.counts.insert(count);
        Verdict::In
    }
}

/// A nonce as the service's look: Base64 with `+` and `/` in it.
fn nonce_text(seed: u64, number: u64) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let digit = |at: u64| {
        let bits = noise(seed ^ number.rotate_left(32), at) as usize;
        char::from(DIGITS[bits % DIGITS.len()])
    };
    let text: String = (0..42).map(digit).collect();
    format!("{text}+/")
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Client {
        digest: Digest,
        nonce: String,
        now: DateTime<Utc>,
    }

    impl Client {
        fn new(rules: SignIn) -> Self {
            let now = "2025-03-01T00:00:00Z".parse().unwrap();
            let mut digest = Digest::new(&rules, 7);
            let challenge = digest.challenges(false, now).pop().unwrap();
            let nonce = fields(challenge.strip_prefix("Digest ").unwrap())["nonce"].clone();
            Self { digest, nonce, now }
        }

        fn send(&mut self, nc: &str, change: impl Fn(&mut Parts<'_>)) -> Verdict {
            let (nonce, request) = (self.nonce.clone(), Request::get("/a?b=c"));
            let mut parts = Parts {
                algorithm: DigestAlgorithm::Md5,
                username: "me",
                password: "secret",
                realm: REALM,
                method: "GET",
                uri: "/a?b=c",
                nonce: &nonce,
                nc,
                cnonce: "xyz",
            };
            change(&mut parts);
            let header = format!(
                "username=\"{}\", realm=\"{}\", nonce=\"{}\", uri=\"{}\", algorithm={}, qop=auth, \
                 nc={}, cnonce=\"{}\", response=\"{}\"",
                parts.username,
                parts.realm,
                parts.nonce,
                parts.uri,
                parts.algorithm.name(),
                parts.nc,
                parts.cnonce,
                parts.response()
            );
            self.digest.check(&header, &request, self.now)
        }
    }

    #[test]
    fn a_count_is_good_once() {
        let mut client = Client::new(SignIn::api_key("me", "secret"));
        assert_eq!(client.send("00000001", |_| ()), Verdict::In);
        assert_eq!(client.send("0000000a", |_| ()), Verdict::In);
        assert_eq!(client.send("00000002", |_| ()), Verdict::In);
        assert_eq!(client.send("00000002", |_| ()), Verdict::Stale);
        assert_eq!(client.send("3", |_| ()), Verdict::Out);
    }

    #[test]
    fn counts_have_to_rise_where_the_rules_say_so() {
        let mut client = Client::new(SignIn::api_key("me", "secret").counts_in_order());
        assert_eq!(client.send("00000002", |_| ()), Verdict::In);
        assert_eq!(client.send("0000000a", |_| ()), Verdict::In);
        assert_eq!(client.send("00000003", |_| ()), Verdict::Stale);
    }

    #[test]
    fn every_part_is_checked() {
        let mut client = Client::new(SignIn::api_key("me", "secret"));
        assert_eq!(
            client.send("00000001", |parts| parts.password = "wrong"),
            Verdict::Out
        );
        assert_eq!(
            client.send("00000001", |parts| parts.username = "you"),
            Verdict::Out
        );
        assert_eq!(
            client.send("00000001", |parts| parts.uri = "/a"),
            Verdict::Out
        );
        assert_eq!(
            client.send("00000001", |parts| parts.method = "POST"),
            Verdict::Out
        );
        assert_eq!(
            client.send("00000001", |parts| parts.nonce = "made up"),
            Verdict::Out
        );
        assert_eq!(
            client.send("00000001", |parts| parts.realm = "other"),
            Verdict::Out
        );
        let sha = DigestAlgorithm::Sha256;
        assert_eq!(
            client.send("00000001", |parts| parts.algorithm = sha),
            Verdict::Out
        );
        assert_eq!(client.send("00000001", |_| ()), Verdict::In);
    }

    #[test]
    fn nonces_go_stale_by_use_and_by_age() {
        let mut client = Client::new(SignIn::api_key("me", "secret").nonce_uses(1));
        assert_eq!(client.send("00000001", |_| ()), Verdict::In);
        assert_eq!(client.send("00000002", |_| ()), Verdict::Stale);
        let life = Duration::from_secs(60);
        let mut client = Client::new(SignIn::api_key("me", "secret").nonce_life(life));
        assert_eq!(client.send("00000001", |_| ()), Verdict::In);
        client.now += life;
        assert_eq!(client.send("00000002", |_| ()), Verdict::Stale);
        assert_eq!(
            client.send("00000003", |parts| parts.password = "wrong"),
            Verdict::Out
        );
    }
}
