//! HTTP Digest (RFC 7616), the server's side: the response is computed and compared, the nonce is
//! one that was issued, and each of its counts comes once.

use std::collections::{BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use crate::names::noise;
use crate::request::Request;
use crate::sign_in::{SignIn, Verdict, is_over};

const REALM: &str = "MMS Public API";

/// A hash of Digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum DigestAlgorithm {
    /// `MD5`, the service's own.
    Md5,
    /// `SHA-256`.
    Sha256,
}

impl DigestAlgorithm {
    fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::Sha256 => "SHA-256",
        }
    }

    /// The hash of `text` as lower-case hexadecimal digits.
    fn hash(self, text: &str) -> String {
        let bytes = match self {
            Self::Md5 => md5::compute(text).0.to_vec(),
            Self::Sha256 => hmac_sha256::Hash::hash(text.as_bytes()).to_vec(),
        };
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }
}

/// A nonce that was issued.
#[derive(Debug)]
struct Nonce {
    algorithm: DigestAlgorithm,
    issued: DateTime<Utc>,
    /// The counts seen with it. Requests of one client overtake each other, so that only a count
    /// that comes twice is a replay.
    counts: BTreeSet<u64>,
}

#[derive(Debug)]
pub(crate) struct Digest {
    rules: SignIn,
    seed: u64,
    nonces: HashMap<String, Nonce>,
}

impl Digest {
    pub(crate) fn new(rules: &SignIn, seed: u64) -> Self {
        Self {
            rules: rules.clone(),
            seed,
            nonces: HashMap::new(),
        }
    }

    /// One challenge an algorithm, each with a nonce of its own.
    pub(crate) fn challenges(&mut self, stale: bool, now: DateTime<Utc>) -> Vec<String> {
        let mut challenges = Vec::new();
        for algorithm in self.rules.algorithms.clone() {
            let nonce = nonce_text(self.seed, self.nonces.len() as u64);
            challenges.push(format!(
                "Digest realm=\"{REALM}\", domain=\"\", nonce=\"{nonce}\", algorithm={}, \
                 qop=\"auth\", stale={stale}",
                algorithm.name()
            ));
            let known = Nonce {
                algorithm,
                issued: now,
                counts: BTreeSet::new(),
            };
            self.nonces.insert(nonce, known);
        }
        challenges
    }

    /// Checks what follows `Digest ` in the header.
    pub(crate) fn check(&mut self, text: &str, request: &Request, now: DateTime<Utc>) -> Verdict {
        let fields = fields(text);
        let get = |name: &str| fields.get(name).copied().unwrap_or_default();
        let mut keys = self.rules.api_keys.iter();
        let key = keys.find(|(public, _)| public == get("username"));
        let (Some((public, private)), Some(nonce)) = (key, self.nonces.get_mut(get("nonce")))
        else {
            return Verdict::Rejected;
        };
        let algorithm = nonce.algorithm;
        let named = match get("algorithm") {
            "" => "MD5",
            named => named,
        };
        let nc = get("nc");
        let count = u64::from_str_radix(nc, 16).ok().filter(|_| nc.len() == 8);
        // RFC 7616, section 3.4.1, for qop "auth".
        let a1 = algorithm.hash(&format!("{public}:{REALM}:{private}"));
        let a2 = algorithm.hash(&format!("{}:{}", request.method, request.target));
        let (nonce_text, cnonce) = (get("nonce"), get("cnonce"));
        let wanted = algorithm.hash(&format!("{a1}:{nonce_text}:{nc}:{cnonce}:auth:{a2}"));
        let right = named == algorithm.name()
            && get("realm") == REALM
            && get("qop") == "auth"
            && get("uri") == request.target
            && !cnonce.is_empty()
            && get("response") == wanted;
        let Some(count) = count.filter(|_| right) else {
            return Verdict::Rejected;
        };
        let worn = self.rules.nonce_uses.is_some_and(|uses| count > uses);
        if worn || is_over(self.rules.nonce_life, now, nonce.issued) || !nonce.counts.insert(count)
        {
            return Verdict::Stale;
        }
        Verdict::Accepted
    }
}

/// A nonce that looks like the service's: Base64 with `+` and `/` in it.
fn nonce_text(seed: u64, number: u64) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let bits = |at: u64| noise(seed ^ number.rotate_left(32), at) as usize;
    let digit = |at: u64| char::from(DIGITS[bits(at) % DIGITS.len()]);
    (0..42).map(digit).chain(['+', '/']).collect()
}

/// The fields of a header value: `name=token` or `name="quoted"`, names in lower case. A quoted
/// text may have commas in it, and no quotes.
fn fields(text: &str) -> HashMap<String, &str> {
    let mut quoted = false;
    let parts = text.split(move |character| {
        quoted ^= character == '"';
        character == ',' && !quoted
    });
    let pairs = parts.filter_map(|part| part.split_once('='));
    pairs
        .map(|(name, value)| (name.trim(), value.trim().trim_matches('"')))
        .map(|(name, value)| (name.to_ascii_lowercase(), value))
        .collect()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    /// RFC 7616, section 3.9.1: the parts of its example, and the responses it gives.
    #[test]
    fn vectors_of_the_rfc() {
        for (algorithm, response) in [
            (DigestAlgorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                DigestAlgorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let a1 = algorithm.hash("Mufasa:http-auth@example.org:Circle of Life");
            let a2 = algorithm.hash("GET:/dir/index.html");
            let nonce = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v";
            let cnonce = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";
            let text = format!("{a1}:{nonce}:00000001:{cnonce}:auth:{a2}");
            assert_eq!(algorithm.hash(&text), response);
        }
    }

    #[test]
    fn fields_are_read_with_and_without_quotes() {
        let read = fields(r#"Username="a, b", nc=00000001,qop=auth , uri="/x?y=1,2""#);
        assert_eq!(read["username"], "a, b");
        assert_eq!(read["nc"], "00000001");
        assert_eq!(read["qop"], "auth");
        assert_eq!(read["uri"], "/x?y=1,2");
        assert!(fields("").is_empty());
    }

    struct Client {
        digest: Digest,
        nonce: String,
        now: DateTime<Utc>,
    }

    impl Client {
        fn new(rules: &SignIn) -> Self {
            let now = "2025-03-01T00:00:00Z".parse().unwrap();
            let mut digest = Digest::new(rules, 7);
            let challenge = digest.challenges(false, now).pop().unwrap();
            let nonce = fields(challenge.strip_prefix("Digest ").unwrap())["nonce"].to_owned();
            Self { digest, nonce, now }
        }

        /// Signs as (user, password, method, uri, algorithm).
        fn sign(&mut self, nc: &str, with: [&str; 5]) -> Verdict {
            let [user, password, method, uri, algorithm] = with;
            let hash = |text: String| DigestAlgorithm::Md5.hash(&text);
            let a1 = hash(format!("{user}:{REALM}:{password}"));
            let a2 = hash(format!("{method}:{uri}"));
            let nonce = &self.nonce;
            let response = hash(format!("{a1}:{nonce}:{nc}:xyz:auth:{a2}"));
            let header = format!(
                "username=\"{user}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{uri}\", \
                 algorithm={algorithm}, qop=auth, nc={nc}, cnonce=\"xyz\", response=\"{response}\""
            );
            self.digest
                .check(&header, &Request::get("/a?b=c"), self.now)
        }

        fn send(&mut self, nc: &str) -> Verdict {
            self.sign(nc, ["me", "secret", "GET", "/a?b=c", "MD5"])
        }
    }

    #[test]
    fn every_part_is_checked() {
        let mut client = Client::new(&SignIn::api_key("me", "secret"));
        for wrong in [
            ["me", "wrong", "GET", "/a?b=c", "MD5"],
            ["you", "secret", "GET", "/a?b=c", "MD5"],
            ["me", "secret", "POST", "/a?b=c", "MD5"],
            ["me", "secret", "GET", "/a", "MD5"],
            ["me", "secret", "GET", "/a?b=c", "SHA-256"],
        ] {
            assert_eq!(
                client.sign("00000001", wrong),
                Verdict::Rejected,
                "{wrong:?}"
            );
        }
        assert_eq!(client.send("3"), Verdict::Rejected);
        assert_eq!(client.send("00000001"), Verdict::Accepted);
    }

    #[test]
    fn nonces_go_stale_by_count_by_use_and_by_age() {
        let mut client = Client::new(&SignIn::api_key("me", "secret").nonce_uses(9));
        assert_eq!(client.send("00000002"), Verdict::Accepted);
        assert_eq!(client.send("00000001"), Verdict::Accepted);
        assert_eq!(client.send("00000002"), Verdict::Stale);
        assert_eq!(client.send("0000000a"), Verdict::Stale);
        let life = Duration::from_secs(60);
        let mut client = Client::new(&SignIn::api_key("me", "secret").nonce_life(life));
        assert_eq!(client.send("00000001"), Verdict::Accepted);
        client.now += life;
        assert_eq!(client.send("00000002"), Verdict::Stale);
    }
}
