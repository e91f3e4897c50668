//! Which Digest challenge of a 401 to answer.

use crate::auth::challenge::Challenge;

/// A Digest challenge that can be answered here: MD5 or SHA-256, qop auth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct DigestChallenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    pub(super) algorithm: Algorithm,
    /// Whether the algorithm was named: MD5 that was implied is not named in the answer either.
    pub(super) named: bool,
    /// The refused signature was right but for its nonce (RFC 7616 section 3.3).
    pub(crate) stale: bool,
}

/// How to hash. The order is that of preference, the weakest first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Algorithm {
    Md5Session,
    Md5,
    Sha256Session,
    Sha256,
}

impl Algorithm {
    pub(super) const ALL: [Self; 4] = [
        Self::Md5Session,
        Self::Md5,
        Self::Sha256Session,
        Self::Sha256,
    ];

    /// The name on the wire (RFC 7616 section 3.3).
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Md5Session => "MD5-sess",
            Self::Md5 => "MD5",
            Self::Sha256Session => "SHA-256-sess",
            Self::Sha256 => "SHA-256",
        }
    }

    /// Whether the first hash takes in the nonces: one session key a challenge.
    pub(super) fn is_session(self) -> bool {
        matches!(self, Self::Md5Session | Self::Sha256Session)
    }
}

/// What a 401 offers to someone with an API key.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Offer {
    /// The challenge to answer.
    Digest(DigestChallenge),
    /// Digest, but in forms that are not spoken here: why, of each.
    Unsupported(Vec<String>),
    /// No Digest at all.
    Nothing,
}

impl Offer {
    /// The strongest of the challenges that can be answered. RFC 7616 section 3.7 lets a local
    /// policy overrule the server's order: a challenge for MD5 may have been put first on the way.
    pub(crate) fn of(challenges: &[Challenge]) -> Self {
        let mut best: Option<DigestChallenge> = None;
        let mut unsupported = Vec::new();
        for challenge in challenges.iter().filter(|challenge| challenge.is("Digest")) {
            match understand(challenge) {
                Ok(one) => {
                    if best
                        .as_ref()
                        .is_none_or(|best| best.algorithm < one.algorithm)
                    {
                        best = Some(one);
                    }
                }
                Err(reason) => unsupported.push(reason),
            }
        }
        match best {
            Some(best) => Self::Digest(best),
            None if unsupported.is_empty() => Self::Nothing,
            None => Self::Unsupported(unsupported),
        }
    }
}

/// The challenge, or why it cannot be answered. A quality of protection is wanted, since an answer
/// without one (RFC 2069) carries no count and can be replayed; qop auth-int would hash bodies.
fn understand(challenge: &Challenge) -> Result<DigestChallenge, String> {
    let name = challenge.parameter("algorithm");
    let algorithm = match name {
        None => Algorithm::Md5,
        Some(name) => Algorithm::ALL
            .into_iter()
            .find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))
            .ok_or_else(|| format!("algorithm {}", crate::id::shown(name)))?,
    };
    match challenge.parameter("qop") {
        None => return Err("no quality of protection (qop)".to_owned()),
        Some(list)
            if list
                .split(',')
                .any(|qop| qop.trim().eq_ignore_ascii_case("auth")) => {}
        Some(list) => return Err(format!("quality of protection {}", crate::id::shown(list))),
    }
    let Some(nonce) = challenge
        .parameter("nonce")
        .filter(|nonce| !nonce.is_empty())
    else {
        return Err("no nonce".to_owned());
    };
    let stale = challenge.parameter("stale");
    Ok(DigestChallenge {
        realm: challenge.parameter("realm").unwrap_or_default().to_owned(),
        nonce: nonce.to_owned(),
        opaque: challenge.parameter("opaque").map(str::to_owned),
        algorithm,
        named: name.is_some(),
        stale: stale.is_some_and(|stale| stale.eq_ignore_ascii_case("true")),
    })
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, HeaderValue, header::WWW_AUTHENTICATE};

    use super::*;

    fn offer(values: &[&str]) -> Offer {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        Offer::of(&Challenge::all(&headers))
    }

    fn chosen(values: &[&str]) -> DigestChallenge {
        match offer(values) {
            Offer::Digest(challenge) => challenge,
            other => panic!("{values:?}: {other:?}"),
        }
    }

    #[test]
    fn reads_the_challenge_that_atlas_sends() {
        let challenge = chosen(&[
            r#"Digest realm="MMS Public API", domain="", nonce="dGVzdA+/x", algorithm=MD5, qop="auth", stale=false"#,
        ]);
        assert_eq!(challenge.realm, "MMS Public API");
        assert_eq!(challenge.nonce, "dGVzdA+/x");
        assert_eq!(challenge.algorithm, Algorithm::Md5);
        assert_eq!(challenge.opaque, None);
        assert!(challenge.named && !challenge.stale);
    }

    #[test]
    fn takes_the_strongest_wherever_it_stands() {
        let md5 = r#"Digest realm="r", nonce="1", qop="auth", algorithm=MD5"#;
        let sha = r#"Digest realm="r", nonce="2", qop="auth, auth-int", algorithm=sha-256"#;
        let session = r#"Digest realm="r", nonce="3", qop=auth, algorithm=SHA-256-sess"#;
        let other = r#"Digest realm="r", nonce="4", qop="auth", algorithm=SHA-512-256"#;
        let (basic, bearer) = (r#"Basic realm="r""#, "Bearer");
        let in_one = [bearer, md5, other, sha, basic].join(", ");
        for (values, nonce, algorithm) in [
            (vec![md5], "1", Algorithm::Md5),
            (vec![md5, sha], "2", Algorithm::Sha256),
            (vec![sha, md5], "2", Algorithm::Sha256),
            (
                vec![basic, session, bearer, md5],
                "3",
                Algorithm::Sha256Session,
            ),
            (vec![session, sha, other], "2", Algorithm::Sha256),
            (vec![in_one.as_str()], "2", Algorithm::Sha256),
        ] {
            let challenge = chosen(&values);
            assert_eq!(
                (challenge.nonce.as_str(), challenge.algorithm),
                (nonce, algorithm)
            );
        }
    }

    #[test]
    fn reads_what_is_rarely_sent() {
        let challenge = chosen(&["digest nonce=n, QOP=Auth, stale=TRUE, opaque=o, userhash=true"]);
        assert!(challenge.stale && !challenge.named);
        assert_eq!(
            (challenge.realm.as_str(), challenge.opaque.as_deref()),
            ("", Some("o"))
        );
    }

    #[test]
    fn says_what_it_does_not_speak() {
        for (value, reason) in [
            (
                "Digest nonce=n, qop=auth, algorithm=SHA-512-256",
                "algorithm \"SHA-512-256\"",
            ),
            (
                "Digest nonce=n, qop=auth-int",
                "quality of protection \"auth-int\"",
            ),
            ("Digest nonce=n", "no quality of protection (qop)"),
            ("Digest qop=auth", "no nonce"),
            ("Digest qop=auth, nonce=\"\"", "no nonce"),
        ] {
            assert_eq!(offer(&[value]), Offer::Unsupported(vec![reason.to_owned()]));
        }
        assert_eq!(offer(&["Bearer, Basic realm=x"]), Offer::Nothing);
        assert_eq!(offer(&[]), Offer::Nothing);
    }
}
