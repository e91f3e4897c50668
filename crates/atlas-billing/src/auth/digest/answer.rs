//! The answer to a Digest challenge: an `Authorization` header.

use super::ApiKey;
use super::challenge::{Algorithm, DigestChallenge};

impl DigestChallenge {
    /// The value of `Authorization` for one request, the `count`th under this challenge's nonce
    /// (RFC 7616 section 3.4). `uri` is path and query, byte by byte as they are sent; `cnonce`
    /// is ours. Under a session algorithm every request of a challenge takes the same `cnonce`.
    pub(crate) fn answer(
        &self,
        key: &ApiKey,
        method: &str,
        uri: &str,
        count: u32,
        cnonce: &str,
    ) -> String {
        let hash = |text: String| self.algorithm.hash(&text);
        let Self { realm, nonce, .. } = self;
        let mut secret = hash(format!("{}:{realm}:{}", key.public, key.private.expose()));
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

impl Algorithm {
    /// The hash of `text` in lower-case hexadecimal.
    fn hash(self, text: &str) -> String {
        match self {
            Self::Md5 | Self::Md5Session => hex(&md5::compute(text).0),
            Self::Sha256 | Self::Sha256Session => hex(&hmac_sha256::Hash::hash(text.as_bytes())),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A quoted string (RFC 9110 section 5.6.4).
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(private: &str) -> ApiKey {
        ApiKey {
            public: "Mufasa".to_owned(),
            private: private.into(),
        }
    }

    fn challenge(algorithm: Algorithm) -> DigestChallenge {
        DigestChallenge {
            realm: "http-auth@example.org".to_owned(),
            nonce: "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v".to_owned(),
            opaque: Some("FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS".to_owned()),
            algorithm,
            named: true,
            stale: false,
        }
    }

    const CNONCE: &str = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ";

    #[test]
    fn agrees_with_rfc_7616() {
        // Section 3.9.1: the same request by both algorithms.
        for (algorithm, response) in [
            (Algorithm::Md5, "8ca523f5e9506fed4657c9700eebdbec"),
            (
                Algorithm::Sha256,
                "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1",
            ),
        ] {
            let key = key("Circle of Life");
            let answer = challenge(algorithm).answer(&key, "GET", "/dir/index.html", 1, CNONCE);
            assert_eq!(
                answer,
                format!(
                    "Digest username=\"Mufasa\", realm=\"http-auth@example.org\", \
                     nonce=\"7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v\", \
                     uri=\"/dir/index.html\", algorithm={}, qop=auth, nc=00000001, \
                     cnonce=\"{CNONCE}\", response=\"{response}\", \
                     opaque=\"FQhe/qaU925kfnzjCev0ciny7QMkPqMAFRtzCUYo5tdS\"",
                    algorithm.name()
                )
            );
        }
    }

    #[test]
    fn agrees_with_rfc_2617() {
        // Section 3.5, whose challenge names no algorithm.
        let challenge = DigestChallenge {
            realm: "testrealm@host.com".to_owned(),
            nonce: "dcd98b7102dd2f0e8b11d0f600bfb0c093".to_owned(),
            opaque: None,
            algorithm: Algorithm::Md5,
            named: false,
            stale: false,
        };
        let key = key("Circle Of Life");
        let answer = challenge.answer(&key, "GET", "/dir/index.html", 1, "0a4f113b");
        assert!(
            answer.contains("response=\"6629fae49393a05397450978507c4ef1\""),
            "{answer}"
        );
        assert!(
            !answer.contains("algorithm") && !answer.contains("opaque"),
            "{answer}"
        );
    }

    #[test]
    fn a_session_hashes_the_nonces_into_the_secret() {
        for (algorithm, plain) in [
            (Algorithm::Md5Session, Algorithm::Md5),
            (Algorithm::Sha256Session, Algorithm::Sha256),
        ] {
            let challenge = challenge(algorithm);
            let answer = challenge.answer(&key("secret"), "GET", "/x?y=1", 0x1f, CNONCE);
            let hash = |text: &str| plain.hash(text);
            let first = hash("Mufasa:http-auth@example.org:secret");
            let session = hash(&format!("{first}:{}:{CNONCE}", challenge.nonce));
            let request = hash("GET:/x?y=1");
            let nonce = &challenge.nonce;
            let response = hash(&format!(
                "{session}:{nonce}:0000001f:{CNONCE}:auth:{request}"
            ));
            assert!(
                answer.contains(&format!("response=\"{response}\"")),
                "{answer}"
            );
            assert!(answer.contains("nc=0000001f"), "{answer}");
            assert!(!answer.contains("secret"), "{answer}");
        }
    }

    #[test]
    fn quotes_are_escaped() {
        let mut challenge = challenge(Algorithm::Md5);
        challenge.realm = r#"a "b" \"#.to_owned();
        let answer = challenge.answer(&key("x"), "GET", "/", 1, "c");
        assert!(answer.contains(r#"realm="a \"b\" \\", nonce="#), "{answer}");
    }
}
