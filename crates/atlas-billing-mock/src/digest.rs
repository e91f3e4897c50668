//! HTTP Digest (RFC 7616), the server's side: the response is computed and compared, the nonce is
//! one that was issued, and each of its counts comes once.

use std::collections::{BTreeSet, HashMap};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use crate::names::hex;
use crate::request::Request;
use crate::sign_in::{Refusal, SignIn};

pub(crate) const REALM: &str = "MMS Public API";

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
    pub(crate) fn challenges(&mut self, stale: bool) -> Vec<String> {
        let algorithms = self.rules.algorithms.clone();
        let algorithms = algorithms.unwrap_or(vec![DigestAlgorithm::Md5]);
        let challenges = algorithms.into_iter().map(|algorithm| {
            let (name, number) = (algorithm.name(), self.nonces.len() as u64);
            let nonce = nonce_text(self.seed, number);
            let challenge = format!(
                "Digest realm=\"{REALM}\", domain=\"\", nonce=\"{nonce}\", algorithm={name}, \
                 qop=\"auth\", stale={stale}"
            );
            let counts = BTreeSet::new();
            self.nonces.insert(nonce, Nonce { algorithm, counts });
            challenge
        });
        challenges.collect()
    }

    /// Checks what follows `Digest ` in the header.
    pub(crate) fn check(&mut self, text: &str, request: &Request) -> Result<(), Refusal> {
        let fields = fields(text);
        let get = |name: &str| fields.get(name).copied().unwrap_or_default();
        let mut keys = self.rules.api_keys.iter();
        let key = keys.find(|(public, _)| public == get("username"));
        let (Some((public, private)), Some(nonce)) = (key, self.nonces.get_mut(get("nonce")))
        else {
            return Err(Refusal::Rejected);
        };
        let algorithm = nonce.algorithm;
        let named = fields.get("algorithm").copied().unwrap_or("MD5");
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
        let count = count.filter(|_| right).ok_or(Refusal::Rejected)?;
        let worn = self.rules.nonce_uses.is_some_and(|uses| count > uses);
        match worn || !nonce.counts.insert(count) {
            true => Err(Refusal::Stale),
            false => Ok(()),
        }
    }
}

/// A nonce that looks like the service's: Base64 with `+` and `/` in it.
fn nonce_text(seed: u64, number: u64) -> String {
    BASE64_STANDARD.encode(hex(seed, number, 30)) + "+/"
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
    }

    impl Client {
        fn new(rules: &SignIn) -> Self {
            let mut digest = Digest::new(rules, 7);
            let challenge = digest.challenges(false).pop().unwrap();
            let nonce = fields(challenge.strip_prefix("Digest ").unwrap())["nonce"].to_owned();
            Self { digest, nonce }
        }

        /// Signs as (user, password, method, uri, algorithm).
        fn sign(&mut self, nc: &str, with: [&str; 5]) -> Result<(), Refusal> {
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
            self.digest.check(&header, &Request::get("/a?b=c"))
        }

        fn send(&mut self, nc: &str) -> Result<(), Refusal> {
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
                Err(Refusal::Rejected),
                "{wrong:?}"
            );
        }
        assert_eq!(client.send("3"), Err(Refusal::Rejected));
        assert_eq!(client.send("00000001"), Ok(()));
    }

    #[test]
    fn nonces_go_stale_by_count_and_by_use() {
        let mut client = Client::new(&SignIn::api_key("me", "secret").nonce_uses(9));
        assert_eq!(client.send("00000002"), Ok(()));
        assert_eq!(client.send("00000001"), Ok(()));
        assert_eq!(client.send("00000002"), Err(Refusal::Stale));
        assert_eq!(client.send("0000000a"), Err(Refusal::Stale));
    }
}
