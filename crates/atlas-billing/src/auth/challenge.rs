//! The challenges of a 401, and which of them an API key responds to.

use http::{HeaderMap, header};

use crate::error::{Error, ErrorKind, Result};

/// One challenge: a scheme and its parameters, names in lower case, values unquoted.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Challenge {
    scheme: String,
    parameters: Vec<(String, String)>,
}

impl Challenge {
    /// All challenges of all `WWW-Authenticate` headers, in order.
    fn all(headers: &HeaderMap) -> Vec<Self> {
        let mut challenges = Vec::new();
        for value in headers.get_all(header::WWW_AUTHENTICATE) {
            read(&String::from_utf8_lossy(value.as_bytes()), &mut challenges);
        }
        challenges
    }

    /// Whether the scheme is `name`; schemes have no case (RFC 9110 section 11.1).
    fn is(&self, name: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(name)
    }

    /// The first parameter of that name, given in lower case.
    fn parameter(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter();
        all.find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// Reads one header value (RFC 9110 section 11.6.1). A comma separates challenges and parameters
/// alike, so only what follows a word shows what it is: `=` makes it a parameter's name. What fits
/// nowhere is skipped up to the next comma, and one odd challenge hides no other. The blob that
/// some schemes have in place of parameters is read as one of these; none of them is used here.
fn read(value: &str, challenges: &mut Vec<Challenge>) {
    let mut text = Cursor(value);
    let first_of_value = challenges.len();
    loop {
        text.skip(|c| c == ',' || is_space(c));
        if text.0.is_empty() {
            return;
        }
        let word = text.take(is_token);
        if word.is_empty() {
            text.skip(|c| c != ',');
            continue;
        }
        text.skip(is_space);
        let own = challenges.get_mut(first_of_value..);
        let current = own.and_then(<[_]>::last_mut);
        match (text.0.strip_prefix('='), current) {
            (Some(rest), Some(current)) => {
                text.0 = rest;
                text.skip(is_space);
                let value = match text.0.strip_prefix('"') {
                    Some(quoted) => {
                        text.0 = quoted;
                        text.quoted()
                    }
                    None => text.take(|c| !is_space(c) && c != ',').to_owned(),
                };
                current.parameters.push((word.to_ascii_lowercase(), value));
            }
            _ => {
                let (scheme, parameters) = (word.to_owned(), Vec::new());
                challenges.push(Challenge { scheme, parameters });
            }
        }
    }
}

fn is_space(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// A character of a token (RFC 9110 section 5.6.2).
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

/// What is left to read.
struct Cursor<'a>(&'a str);

impl<'a> Cursor<'a> {
    fn take(&mut self, wanted: impl Fn(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !wanted(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip(&mut self, unwanted: impl Fn(char) -> bool) {
        self.take(unwanted);
    }

    /// The rest of a quoted string whose opening quote is read (RFC 9110 section 5.6.4); one that
    /// is never closed ends where the text does.
    fn quoted(&mut self) -> String {
        let mut value = String::new();
        let mut chars = self.0.chars();
        while let Some(c) = chars.next() {
            match c {
                '"' => break,
                '\\' => value.extend(chars.next()),
                c => value.push(c),
            }
        }
        self.0 = chars.as_str();
        value
    }
}

/// A Digest challenge that this crate supports: MD5 or SHA-256, qop auth.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct DigestChallenge {
    pub(super) realm: String,
    pub(super) nonce: String,
    pub(super) opaque: Option<String>,
    pub(super) algorithm: Algorithm,
    /// Whether the algorithm was named: an implied MD5 is not named in the response either.
    pub(super) named: bool,
    /// The rejected signature was right but for its nonce (RFC 7616 section 3.3).
    pub(super) stale: bool,
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
    const ALL: [Self; 4] = [
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

    /// Whether the first hash includes the nonces: one session key per challenge.
    pub(super) fn is_session(self) -> bool {
        matches!(self, Self::Md5Session | Self::Sha256Session)
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
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;
    use http::header::WWW_AUTHENTICATE;
    use proptest::prelude::*;

    use super::*;

    fn all(values: &[&[u8]]) -> Vec<Challenge> {
        let mut headers = HeaderMap::new();
        for value in values {
            if let Ok(value) = HeaderValue::from_bytes(value) {
                headers.append(WWW_AUTHENTICATE, value);
            }
        }
        Challenge::all(&headers)
    }

    /// `Scheme name=value; name=value` of each challenge.
    fn shown(value: &str) -> Vec<String> {
        all(&[value.as_bytes()])
            .iter()
            .map(|challenge| {
                let mut text = challenge.scheme.clone();
                for (name, value) in &challenge.parameters {
                    text.push_str(&format!(" {name}={value};"));
                }
                text
            })
            .collect()
    }

    #[test]
    fn headers_that_servers_send_are_read() {
        for (value, expected) in [
            ("", vec![]),
            ("Bearer", vec!["Bearer"]),
            (
                r#"Digest realm="MMS Public API", domain="", nonce="a+/b==", algorithm=MD5, qop="auth", stale=false"#,
                vec![
                    "Digest realm=MMS Public API; domain=; nonce=a+/b==; algorithm=MD5; qop=auth; stale=false;",
                ],
            ),
            (
                r#"Basic realm="x, y", Digest realm="a \"b\" \\", nonce=n , Bearer"#,
                vec![
                    "Basic realm=x, y;",
                    r#"Digest realm=a "b" \; nonce=n;"#,
                    "Bearer",
                ],
            ),
            (
                r#"Bearer, Digest nonce="1", qop="auth,auth-int", Digest nonce="2""#,
                vec![
                    "Bearer",
                    "Digest nonce=1; qop=auth,auth-int;",
                    "Digest nonce=2;",
                ],
            ),
            (
                "Negotiate dG9rZW4=, Basic realm=x",
                vec!["Negotiate dg9rzw4=;", "Basic realm=x;"],
            ),
            (
                "Negotiate dG9r/W4=, Digest nonce=n",
                vec!["Negotiate", "dG9r", "Digest nonce=n;"],
            ),
            (
                "digest NONCE = \"n\" ,, Qop=auth",
                vec!["digest nonce=n; qop=auth;"],
            ),
            (
                "Digest nonce=a/b==, qop=auth",
                vec!["Digest nonce=a/b==; qop=auth;"],
            ),
            (
                "Digest nonce=\"never closed, qop=auth",
                vec!["Digest nonce=never closed, qop=auth;"],
            ),
            ("Digest nonce=", vec!["Digest nonce=;"]),
            ("/?, \"x\", Digest nonce=n", vec!["Digest nonce=n;"]),
            ("=x, Basic realm=r", vec!["Basic realm=r;"]),
        ] {
            assert_eq!(shown(value), expected, "{value}");
        }
    }

    #[test]
    fn several_headers_are_read_apart() {
        let challenges = all(&[b"Digest nonce=1", b"realm=x, Basic", b"Digest nonce=\xff"]);
        let schemes: Vec<&str> = challenges.iter().map(|c| c.scheme.as_str()).collect();
        assert_eq!(schemes, ["Digest", "realm", "Basic", "Digest"]);
        assert_eq!(challenges[0].parameter("realm"), None);
        assert_eq!(challenges[3].parameter("nonce"), Some("\u{fffd}"));
        assert!(challenges[0].is("DIGEST"));
    }

    fn choose(values: &[&str]) -> Result<Option<DigestChallenge>> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(WWW_AUTHENTICATE, HeaderValue::from_str(value).unwrap());
        }
        DigestChallenge::choose(&headers)
    }

    fn chosen(values: &[&str]) -> DigestChallenge {
        choose(values).unwrap().unwrap()
    }

    #[test]
    fn the_challenge_that_atlas_sends_is_read() {
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
    fn the_strongest_is_chosen_wherever_it_stands() {
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
    fn rare_spellings_are_read() {
        let challenge = chosen(&["digest nonce=n, QOP=Auth, stale=TRUE, opaque=o, userhash=true"]);
        assert!(challenge.stale && !challenge.named);
        assert_eq!(
            (challenge.realm.as_str(), challenge.opaque.as_deref()),
            ("", Some("o"))
        );
    }

    #[test]
    fn an_unsupported_form_is_named() {
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
            let error = choose(&[value]).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unauthorized);
            assert!(error.message().ends_with(&format!("({reason})")), "{error}");
        }
        for none in [&["Bearer, Basic realm=x"][..], &[]] {
            assert_eq!(choose(none).unwrap(), None);
        }
    }

    proptest! {
        #[test]
        fn never_panics(bytes in proptest::collection::vec(any::<u8>(), 0..80)) {
            let _ = all(&[&bytes]);
        }

        #[test]
        fn never_panics_on_what_looks_like_a_challenge(
            text in "((Digest|Basic|é)? ?(nonce|realm)?[ =]{0,3}[\"\\\\a/é=]{0,6},? ?){0,6}"
        ) {
            let _ = all(&[text.as_bytes()]);
        }

        #[test]
        fn any_quoted_value_comes_back(value in "[ -~]{0,30}") {
            let escaped = value.replace('\\', "\\\\").replace('"', "\\\"");
            let header = format!("Digest a=1, realm=\"{escaped}\", b=2, Basic realm=x");
            let challenges = all(&[header.as_bytes()]);
            prop_assert_eq!(challenges.len(), 2);
            prop_assert_eq!(challenges[0].parameter("realm"), Some(value.as_str()));
            prop_assert_eq!(challenges[0].parameter("b"), Some("2"));
        }
    }
}
